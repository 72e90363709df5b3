"""manage.py run_jobs: the worker. Runs the jobs that people asked for, one after the other."""

import logging
import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connections
from django.utils.crypto import get_random_string
from django_tasks import DEFAULT_TASK_BACKEND_ALIAS, DEFAULT_TASK_QUEUE_NAME
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from gridmgr.core.jobs import store
from gridmgr.core.jobs.supervise import stopping
from gridmgr.core.jobs.tidy import tidy
from gridmgr.core.patience import take_time

logger = logging.getLogger("gridmgr.jobs")

LOOK_EVERY_S = 0.5
TIDY_EVERY_S = 5.0
DATABASE_AWAY_S = 3.0


class Command(BaseCommand):
    help = "Runs the jobs people ask for (briefings, large exports and imports); removes files whose time is over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run what waits now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, lambda *_: stopping.set())
        take_time(minutes=settings.GRIDMGR_JOB_MINUTES)
        connections.close_all()  # the next one is made with that time
        tidied = -TIDY_EVERY_S
        while not stopping.is_set():
            store.live()
            try:
                if time.monotonic() - tidied >= TIDY_EVERY_S:
                    tidy()
                    tidied = time.monotonic()
                worked = work_once()
            except (OperationalError, InterfaceError) as error:
                logger.error("the database is away, looking again in %.0f s: %s", DATABASE_AWAY_S, error)
                connections.close_all()
                stopping.wait(DATABASE_AWAY_S)
                continue
            if not worked:
                if options["once"]:
                    return
                stopping.wait(LOOK_EVERY_S)


def work_once() -> bool:
    """Runs the next job of the queue the way django-tasks' own worker does; False when there is none."""
    if not DBTaskResult.objects.ready().exists():
        return False
    Worker(
        queue_names=[DEFAULT_TASK_QUEUE_NAME],
        interval=0,
        batch=True,
        backend_name=DEFAULT_TASK_BACKEND_ALIAS,
        startup_delay=False,
        max_tasks=1,
        worker_id=get_random_string(32),
        excluded_queue_names=[],
    ).run()
    return True
