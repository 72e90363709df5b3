"""Databases of earlier versions: migrated by the files that squashed migrations replace, as those versions did.

`python -m tests.earlier APP.NAME …` brings the database of the environment that far, without names as far as it goes.
"""

import os
import sys

import django
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

Key = tuple[str, str]


class EarlierLoader(MigrationLoader):
    """Knows no squashed migrations."""

    def load_disk(self) -> None:
        super().load_disk()
        for key in [key for key in self.disk_migrations if "_squashed_" in key[1]]:
            del self.disk_migrations[key]


def migrate(*targets: Key) -> None:
    executor = MigrationExecutor(connection)
    executor.loader = EarlierLoader(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "gridmgr.settings"
    django.setup()
    migrate(*((app, name) for app, name in (each.split(".") for each in sys.argv[1:])))
