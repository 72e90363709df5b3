"""manage.py clear_jobs: what the worker does by itself now and then, at once and with numbers."""

from typing import Any

from django.core.management.base import BaseCommand

from gridmgr.core.jobs.tidy import tidy


class Command(BaseCommand):
    help = "Removes files and jobs whose time is over, and puts on again the jobs that a dead worker left."

    def handle(self, *args: Any, **options: Any) -> None:
        done = tidy()
        self.stdout.write(
            f"{done.expired} file(s) expired, {done.removed} job(s) removed, {done.revived} job(s) put on again"
        )
