"""manage.py backup FILE: everything a city comes back from, in one file. script/backup calls it."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from gridmgr.backup.archive import Unusable
from gridmgr.backup.taking import take

PASSPHRASE = "GRIDMGR_BACKUP_PASSPHRASE"  # noqa: S105  (a variable's name)


class Command(BaseCommand):
    help = f"Writes a backup: database, files and keys in one file. A passphrase stands in {PASSPHRASE}."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["file"].absolute()
        if target.exists():
            raise CommandError(f"{target} 已存在,没有覆盖 / exists and is left as it is")
        if not target.parent.is_dir():
            raise CommandError(f"没有目录 {target.parent} / no such folder")
        try:
            manifest = take(target, os.environ.get(PASSPHRASE, ""), self._say)
        except (Unusable, DatabaseError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"备份没有写成 / the backup was not written: {error}") from error
        size = target.stat().st_size / 1e6
        self._say(
            f"备份完成 / done: {target}, {size:.1f} MB, {sum(manifest.rows.values())} rows, "
            f"{len(manifest.members)} members"
        )

    def _say(self, words: str) -> None:
        self.stdout.write(f"    {words}")
        self.stdout.flush()
