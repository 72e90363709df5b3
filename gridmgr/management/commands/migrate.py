"""manage.py migrate: Django's own; what a migration writes into rows is on record as the upgrade's, not as anybody's SQL."""

from typing import Any

from django.core.management.commands import migrate

from gridmgr.core.history import session_context
from grids.importers.roads import os_user


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with session_context(options["database"], command="migrate", os_user=os_user()):
            super().handle(*args, **options)
