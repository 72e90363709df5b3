"""manage.py propose_crs FILE: which metric CRS a city of these roads should have; needs no database."""

from argparse import ArgumentParser
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gridmgr.core.errors import DomainError
from gridmgr.core.geo.crs import why_not_metric
from gridmgr.core.geo.zones import measure_zone, propose_zone
from gridmgr.core.importing.rows import read_degrees
from grids.importers.roads import LAYERS


class Command(BaseCommand):
    help = (
        "按道路所在位置建议城市的平面坐标系:EPSG 编号写到标准输出,理由写到标准错误。 / "
        "Propose the metric CRS from where the roads lie: the EPSG code on standard output, the reasons on standard error."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="道路文件 / the file of roads")
        parser.add_argument("--crs", default="", help="文件未写明坐标系时指明 / CRS when the file names none")
        parser.add_argument("--layer", default="", help="GeoPackage 的图层名 / layer of a GeoPackage")
        parser.add_argument(
            "--srid", type=int, help="已选定的坐标系,只报告变形 / a CRS chosen already: its distortion"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            points = read_degrees(
                options["file"], crs=options["crs"], layer=options["layer"], favourites=LAYERS
            )
            if options["srid"]:
                srid = self._report(options["srid"], points)
            else:
                proposal = propose_zone(points)
                srid = proposal.best.srid
                self.stderr.write(proposal.reasons())
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(srid))

    def _report(self, srid: int, points: np.ndarray) -> int:
        if why := why_not_metric(srid):
            raise CommandError(_("EPSG:%(srid)s 不能用:%(why)s。") % {"srid": srid, "why": why})
        zone = measure_zone(srid, points)
        if not zone.holds_all:
            raise CommandError(_("道路超出 EPSG:%s 的适用范围。请检查编号,或不写 --srid,由程序建议。") % srid)
        self.stderr.write(
            _("采用指定的 EPSG:%(srid)s,长度变形至多百万分之 %(ppm)s。")
            % {"srid": srid, "ppm": f"{zone.distortion_ppm:.0f}"}
        )
        return srid
