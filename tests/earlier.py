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
    """Knows no squashed migrations, and nothing that came after them."""

    def load_disk(self) -> None:
        super().load_disk()
        squashed = {key: migration for key, migration in self.disk_migrations.items() if migration.replaces}
        replaced = {key for migration in squashed.values() for key in migration.replaces}
        apps = {app for app, _name in squashed}
        later = {key for key in self.disk_migrations if key[0] in apps and key not in replaced}
        while later:
            for key in later:
                del self.disk_migrations[key]
            later = {
                key
                for key, migration in self.disk_migrations.items()
                if not set(migration.dependencies).isdisjoint(later)
            }


def migrate(*targets: Key) -> None:
    executor = MigrationExecutor(connection)
    executor.loader = EarlierLoader(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "gridmgr.settings"
    django.setup()
    migrate(*((app, name) for app, name in (each.split(".") for each in sys.argv[1:])))
