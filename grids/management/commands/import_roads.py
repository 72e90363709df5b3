"""manage.py import_roads FILE: the road network from GeoJSON, GeoPackage, Shapefile or OpenStreetMap data."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gridmgr.core.environment import var_dir
from gridmgr.core.errors import DomainError
from gridmgr.core.importing.report import Report, lines
from grids.importers import import_roads
from grids.models import Branch


class Command(BaseCommand):
    help = (
        "导入道路:GeoJSON、GeoPackage、Shapefile、OSM(.osm、.osm.pbf)。整个文件要么全部写入,要么都不写。"
        "已入库而文件里没有的路线和道路保持不变。重复导入同一文件不产生任何改动。 / "
        "Import roads; all of the file is written or nothing. Ways and roads that are in the database and not in the "
        "file stay as they are. Importing the same file again changes nothing."
    )

    requires_system_checks = ()  # handle() runs those that matter to an import: the stored CRS, the metric CRS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="文件 / the file")
        parser.add_argument(
            "--crs", default="", help="文件未写明坐标系时指明,如 EPSG:4490 / CRS when the file names none"
        )
        parser.add_argument("--layer", default="", help="GeoPackage 的图层名 / layer of a GeoPackage")
        parser.add_argument("--name-field", default="", help="道路名称字段 / field with the road's name")
        parser.add_argument("--class-field", default="", help="道路等级字段 / field with the road's class")
        parser.add_argument(
            "--source", default="", help="数据来源,记在每条道路上 / source, kept on each road"
        )
        parser.add_argument("--dry-run", action="store_true", help="只报告,不写入 / report, write nothing")
        parser.add_argument(
            "--skip-refused",
            action="store_true",
            help="跳过被拒绝的行,写入其余 / write the good rows all the same",
        )
        parser.add_argument(
            "--remeasure",
            action="store_true",
            help="参考线改变时,路上的责任段、泊位、摊点留在原地并改写里程 / "
            "when a reference line changes, keep what stands on the road in place and rewrite its measures",
        )
        parser.add_argument(
            "--into-demo",
            action="store_true",
            help="也写入演示城市,不再询问 / write into the demo city without asking",
        )
        parser.add_argument(
            "--json", metavar="FILE", default="", help="把报告写成 JSON / write the report as JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and print the report; exit status 1 when anything was refused."""
        self.check(tags=[Tags.compatibility, Tags.database], databases=["default"])
        json_file = options["json"]
        if not (options["into_demo"] or options["dry_run"]):
            self._ask_before_the_demo()
        try:
            report = import_roads(
                options["file"],
                **{name: options[name] for name in ("crs", "layer", "name_field", "class_field", "source")},
                **{name: options[name] for name in ("dry_run", "skip_refused", "remeasure")},
                progress=self._progress if options["verbosity"] else None,
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write("\n".join(lines(report, words())))
        if json_file:
            self._write_json(report, Path(json_file))
        if report.refused and not report.written:
            sys.exit(1)

    def _ask_before_the_demo(self) -> None:
        """Roads of another city among the demo's are hard to take out again."""
        if not Branch.objects.filter(is_demo=True).exists():
            return
        said = (
            _("这是演示城市(%s)。要建自己的城市,请另用一个目录:script/new-city 文件 --var 目录。") % var_dir()
        )
        if not sys.stdin.isatty():
            raise CommandError(said + _("确要导入演示城市,请加 --into-demo。"))
        self.stderr.write(said)
        if input(_("仍要导入演示城市?输入 yes:")).strip().lower() != "yes":
            raise CommandError(_("没有确认,什么也没写。"))

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty() and (done % 10 == 0 or done == total):
            self.stderr.write(
                _("推算参考线 %(done)s/%(total)s") % {"done": done, "total": total}, ending="\r"
            )
            if done == total:
                self.stderr.write("")

    def _write_json(self, report: Report, path: Path) -> None:
        try:
            report.write_json(path)
        except OSError as error:
            raise CommandError(
                _("报告写不进 %(path)s(%(why)s)。导入本身不受影响。") % {"path": path, "why": error.strerror}
            ) from error


def words() -> dict[str, str]:
    """What the report's keys are called on screen."""
    return {
        "roads": _("道路"),
        "ways": _("路线"),
        "gaps": _("断档"),
        "kerbs": _("路缘"),
        "crossings": _("交叉口"),
        "class": _("等级"),
        "length_m": _("长度(米)"),
        "gap_m": _("断档长度(米)"),
        "covered_share": _("覆盖率"),
        "beside_itself_m": _("自身并行(米)"),
        "right": _("参考线合格"),
        "left_out": _("未采用"),
        "secondary_and_above": _("次干路及以上"),
        "secondary_and_above_right": _("其中参考线合格"),
        "moved": _("随参考线改写里程"),
    }
