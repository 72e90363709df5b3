"""`manage.py export_layer LAYER FILE`: one layer as a data file; the suffix says the format."""

import math
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.contrib.gis.geos import Polygon
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.catalog import BACKDROP, LAYERS, layer_named
from gridmgr.core.accounts.audience import EVERYTHING
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.layers.files import FORMATS, export_layer
from gridmgr.data_files import of_branch


class Command(BaseCommand):
    # They look at every page of the site, which takes longer than most files.
    requires_system_checks: list[str] = []
    help = (
        "把一个图层导出为数据文件,格式由后缀决定:"
        + "、".join(form.suffix for form in FORMATS)
        + "。 / Write one layer as a data file; the suffix says the format."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = "、".join(layer.name for layer in [*LAYERS, *BACKDROP])
        parser.add_argument("layer", help=f"图层 / layer: {names}")
        parser.add_argument("file", help="文件 / the file to write")
        parser.add_argument(
            "--date", default="", help="截至哪一天,默认今天 / as of which day, e.g. 2026-11-22"
        )
        parser.add_argument(
            "--datum",
            default="wgs84",
            help="坐标基准 / datum: wgs84, cgcs2000, gcj02, bd09, EPSG:4547 …",
        )
        parser.add_argument(
            "--bbox", default="", help="西,南,东,北(WGS 84 度)/ west,south,east,north in degrees"
        )
        parser.add_argument(
            "--branch", default="", help="只要这个支部的 / only what is this branch's, e.g. 03"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            on = day_from(options["date"])
            layer = layer_named(options["layer"])
            done = export_layer(
                layer,
                options["file"],
                audience=EVERYTHING,
                on=on,
                datum=options["datum"],
                box=box_from(options["bbox"]),
                filters=of_branch(layer, options["branch"], on) if options["branch"] else None,
                restricted=restriction(options["branch"], options["bbox"]),
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("已写入 %(path)s:图层 %(layer)s,%(count)s 个要素,截至 %(on)s。")
            % {"path": done.path, "layer": layer.title, "count": done.features, "on": on}
        )
        if done.note:
            self.stdout.write(_("来源和坐标基准的说明写在 %s。") % done.note)


def restriction(branch: str, box: str) -> str:
    """What the file is restricted to, in words for it to tell."""
    said = [_("支部 %s") % branch] if branch else []
    return _(";").join([*said, *([_("范围框 %s") % box] if box else [])])


def day_from(text: str) -> date:
    """The day written as 2026-11-22; today when '' is given."""
    try:
        return date.fromisoformat(text) if text else timezone.localdate()
    except ValueError:
        raise Invalid(
            _("日期“%(text)s”无法识别,请写成 2026-11-22 这样的形式。") % {"text": text[:40]}
        ) from None


def box_from(text: str) -> Polygon | None:
    """The box written as west,south,east,north in degrees of WGS 84; None when '' is given."""
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid(_("bbox 须为四个数:西,南,东,北(经纬度)。")) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90 and math.isfinite(west)):
        raise Invalid(_("bbox 须满足 西<东、南<北,且在经纬度范围内。"))
    box = Polygon.from_bbox((west, south, east, north))
    box.srid = WGS84
    return box
