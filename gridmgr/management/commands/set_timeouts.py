"""manage.py set_timeouts: how long pages wait for the database, written into its role. Run it after each migrate."""

from typing import Any

from django.core.management.base import BaseCommand

from gridmgr.core.patience import settle_role, wanted


class Command(BaseCommand):
    help = "Writes the time limits of pages (GRIDMGR_STATEMENT_SECONDS …) into the database role, for this database."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = settle_role()
        if options["verbosity"]:
            for name in changed:
                self.stdout.write(f"{name} = {wanted()[name]}")
