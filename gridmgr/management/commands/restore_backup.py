"""manage.py restore_backup FILE: into the empty database and folder of the settings. script/restore calls it."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from gridmgr.backup import archive, bringing
from gridmgr.management.commands.backup import PASSPHRASE


class Command(BaseCommand):
    help = f"Restores a backup, or a dump by pg_dump. A backup's passphrase stands in {PASSPHRASE}."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="read it, write nothing")
        parser.add_argument(
            "--secret-key", type=Path, help="for a dump by pg_dump: the secret key that goes with it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].absolute()
        try:
            if _is_dump(path):
                self._dump(path, check=options["check"], secret_key=options["secret_key"])
            else:
                self._backup(path, os.environ.get(PASSPHRASE, ""), check=options["check"])
        except (archive.Unusable, DatabaseError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"没有恢复 / not restored: {error}") from error

    def _backup(self, path: Path, passphrase: str, *, check: bool) -> None:
        self._say("核对备份 / checking the backup")
        if check:
            manifest = archive.check(path, passphrase)
            bringing.refuse_strangers(manifest)
        else:
            manifest = bringing.bring_back(path, passphrase, self._say)
        self._say(
            f"备份制于 / made {manifest.made}, gridmgr {manifest.version}, {manifest.server}, EPSG:{manifest.srid}, "
            f"{sum(manifest.rows.values())} rows, {len(manifest.members)} members"
        )
        if manifest.gone:
            self._say(f"备份时已到期清除的文件 / files whose time was over by then: {len(manifest.gone)}")

    def _dump(self, path: Path, *, check: bool, secret_key: Path | None) -> None:
        if check:
            self._say(f"pg_dump, EPSG:{bringing.srid_of(path)}")
        else:
            bringing.bring_dump(path, secret_key, self._say)

    def _say(self, words: str) -> None:
        self.stdout.write(f"    {words}")
        self.stdout.flush()


def _is_dump(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(5) == b"PGDMP"
