"""What a worker does between jobs: jobs whose worker died go on, files whose time is over go."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop as _
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from gridmgr.core.jobs import queue, store
from gridmgr.core.jobs.models import ACTIVE, Job, State
from gridmgr.core.jobs.tasks import run_job
from gridmgr.core.jobs.words import keep

logger = logging.getLogger("gridmgr.jobs")

# As many files are kept for one person; of more, which nobody looks through, the oldest go.
MOST_FILES = 40
# Without a heartbeat for this long, a running job's worker is dead.
STALE_S = 15.0


@dataclass(frozen=True)
class Tidied:
    """How many jobs were put on again, files expired, jobs and stray folders removed."""

    revived: int
    expired: int
    removed: int


def tidy() -> Tidied:
    """Everything that may be due, all at once; any number of workers may do it at the same time."""
    tidied = Tidied(revive(), expire(), remove())
    keep_house()
    return tidied


def keep_house() -> None:
    """What the settings name besides (GRIDMGR_HOUSEKEEPING). One that fails is logged and keeps no other from its turn."""
    for name in settings.GRIDMGR_HOUSEKEEPING:
        try:
            import_string(name)()
        except (OperationalError, InterfaceError):
            raise  # the worker waits for the database
        except Exception:
            logger.exception("housekeeping: %s failed", name)


def revive() -> int:
    """Puts on again what a dead worker left: running without a heartbeat, or waiting without a row in the queue."""
    cut = timezone.now() - timedelta(seconds=STALE_S)
    dead = list(Job.objects.filter(state=State.RUNNING, heartbeat__lt=cut))
    for job in dead:
        queue.lost(job, keep(_("处理过程两次意外中断(后台程序被终止或服务器重启),没有完成。请重新提交。")))
    alive = Q(status=TaskResultStatus.READY) | Q(started_at__gte=cut)
    rows = DBTaskResult.objects.filter(alive).values("pk")
    stranded = list(Job.objects.filter(state=State.WAITING, created__lt=cut).exclude(task__in=rows))
    for job in stranded:
        queue.put_on(job)
    return len(dead) + len(stranded)


def expire() -> int:
    """Removes the files whose time is over, and each person's beyond MOST_FILES; their jobs still say so for as long
    again."""
    now = timezone.now()
    done = Job.objects.filter(state=State.DONE)
    newest = Window(RowNumber(), partition_by="owner", order_by="-finished")
    surplus = done.exclude(file_name="").annotate(place=newest).filter(place__gt=MOST_FILES)
    over = {job.pk: job for job in [*done.filter(expires__lte=now), *surplus]}.values()
    for job in over:
        Job.objects.filter(pk=job.pk).update(
            state=State.EXPIRED, expires=now + timedelta(days=settings.GRIDMGR_JOB_DAYS)
        )
        store.remove(job.pk)
    return len(over)


def remove() -> int:
    """Removes jobs without a file whose time is over, folders that no job knows, and the queue's old rows."""
    now = timezone.now()
    ended = Job.objects.exclude(state__in=[*ACTIVE, State.DONE]).filter(expires__lte=now)
    count = sum(queue.discard(job) for job in ended)
    folders = set(store.held())
    stray = folders - set(Job.objects.filter(pk__in=folders).values_list("pk", flat=True))
    for each in stray:
        store.remove(each)
    DBTaskResult.objects.filter(
        task_path=run_job.module_path, enqueued_at__lt=now - timedelta(days=settings.GRIDMGR_JOB_DAYS)
    ).exclude(pk__in=Job.objects.active().values("task")).delete()
    return count + len(stray)
