"""`manage.py import_layer LAYER FILE`: the rows of a data file into a layer."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gridmgr.catalog import layer_named
from gridmgr.core import environment
from gridmgr.core.errors import DomainError
from gridmgr.core.importing.layers import import_layer
from gridmgr.core.importing.report import Report, lines
from gridmgr.data_files import IMPORTERS, importer_named, labels_of_layer
from gridmgr.intake.record import counts_of, digest_of, kept_of, recorded


class Command(BaseCommand):
    # They look at every page of the site, which takes longer than most files.
    requires_system_checks: list[str] = []
    help = (
        "把数据文件导入一个图层:整个文件要么全部写入,要么都不写;按编号认出已有的对象,文件里没有的保持不变;"
        "重复导入同一文件不产生任何改动。 / Import a data file into a layer: all of it or nothing. What is in the "
        "database and not in the file stays. Importing the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("layer", help="图层 / layer: " + "、".join(IMPORTERS))
        parser.add_argument("file", help="文件 / the file")
        parser.add_argument(
            "--datum",
            "--crs",
            default="",
            help="文件未写明坐标基准时指明 / when the file names none: wgs84, cgcs2000, gcj02, bd09, EPSG:4547 …",
        )
        parser.add_argument(
            "--layer", dest="inner", default="", help="文件里的图层或工作表 / layer or sheet in the file"
        )
        parser.add_argument("--dry-run", action="store_true", help="只报告,不写入 / report, write nothing")
        parser.add_argument(
            "--skip-refused",
            action="store_true",
            help="跳过被拒绝的行,写入其余 / write the good rows all the same",
        )
        parser.add_argument(
            "--json", metavar="FILE", default="", help="把报告写成 JSON / write the report as JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and print the report; exit status 1 when anything was refused and so nothing written."""
        name = options["layer"]
        try:
            report, number = self._import(name, Path(options["file"]), options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            words = {name: str(layer_named(name).title), "changed": _("改动的列")}
            self.stdout.write("\n".join(lines(report, words)))
            if number:
                self.stdout.write(_("可用 %s 撤销整个导入。") % environment.manage(f"undo_import {number}"))
        if options["json"]:
            self._write_json(report, Path(options["json"]))
        if report.refused and not report.written:
            sys.exit(1)

    def _import(self, name: str, path: Path, options: dict[str, Any]) -> tuple[Report, str]:
        """The report, and the number under which what was written can be taken back ('' when nothing was)."""
        with recorded(layer=name, file_name=path.name) as account:
            report = import_layer(
                path,
                importer_named(name),
                labels=labels_of_layer(name),
                datum=options["datum"],
                layer=options["inner"],
                dry_run=options["dry_run"],
                skip_refused=options["skip_refused"],
            )
            if not (report.written and report.changes):
                return report, ""
            record = account.record
            record.sha256, record.rows = digest_of(path), report.rows_read
            record.datum, record.datum_stated = options["datum"][:20], not options["datum"]
            account.close(counts_of(report), kept_of(report))
        return report, str(record.pk)

    def _write_json(self, report: Report, path: Path) -> None:
        try:
            report.write_json(path)
        except OSError as error:
            raise CommandError(
                _("报告写不进 %(path)s(%(why)s)。导入本身不受影响。") % {"path": path, "why": error.strerror}
            ) from error
