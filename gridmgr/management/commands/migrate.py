"""manage.py migrate: Django's own, but a database that this version can't upgrade is left alone and told why.

What a migration writes into rows is on record as the upgrade's, not as anybody's SQL.
"""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS

from gridmgr.core.history import session_context
from gridmgr.core.language import twice
from gridmgr.core.promises.steps import refusal, steps
from grids.importers.roads import os_user


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        found = steps()
        if options["database"] == DEFAULT_DB_ALIAS and refusal(found):
            raise CommandError(twice(lambda: refusal(found)))
        with session_context(options["database"], command="migrate", os_user=os_user()):
            super().handle(*args, **options)
