"""Polygons of water, parks and markets for the basemap."""

import hashlib
from pathlib import Path
from typing import Any

import pghistory
import shapely
from django.db import transaction
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from gridmgr.core.importing.base import Plan, Refusal, Row, Table, plan, save
from gridmgr.core.importing.report import Report
from gridmgr.core.importing.rows import POLYGONS, read_table
from grids.enums import BackdropKind
from grids.importers.field_values import Refused, as_name, shown
from grids.importers.fields import as_geos
from grids.importers.roads import in_words, os_user
from grids.models import Backdrop

FIELDS = ("kind", "name", "area")


def import_backdrop(
    path: str | Path,
    *,
    kind: str,
    source: str = "",
    crs: str = "",
    layer: str = "",
    skip_refused: bool = False,
) -> Report:
    """Create and update basemap polygons of one `kind` (water, park, market) from a file.

    Polygons that cross themselves are mended (shapely.make_valid); one of which no area is left is refused. When a
    row is refused, nothing is written unless `skip_refused`. Raises Unreadable when the file can't be taken.
    """
    if kind not in BackdropKind.values:
        raise Invalid(
            _("不认识底图类别 %(kind)s。可用:%(all)s。")
            % {"kind": kind, "all": _("、").join(BackdropKind.values)}
        )
    table = read_table(path, kinds=POLYGONS, crs=crs, layer=layer)
    areas, refused = _areas(table, kind, source or Path(path).name)
    report = Report(
        str(path),
        table.layer,
        table.crs,
        table.rows_read,
        refused=[*table.refused, *refused],
        notes=table.notes,
    )
    if report.refused and not skip_refused:
        return report
    with (
        in_words(),
        transaction.atomic(),
        pghistory.context(command="import_backdrop", file=Path(path).name, os_user=os_user()),
    ):
        existing = {
            area.source_id: area
            for area in Backdrop.objects.filter(source_id__in=[a.source_id for a in areas])
        }
        made: Plan[Backdrop] = plan(areas, existing=existing, key=lambda area: area.source_id, fields=FIELDS)
        save(made, fields=[*FIELDS, "source"])
    report.counts["backdrop"] = made.counts()
    report.written = True
    return report


def _areas(table: Table, kind: str, source: str) -> tuple[list[Backdrop], list[Refusal]]:
    areas: dict[str, Backdrop] = {}
    refused: list[Refusal] = []
    for row in table.rows:
        try:
            area = _area(row, kind, source)
            if area.source_id in areas:
                raise Refused(_("编号"), area.source_id, _("编号重复。请改正或删除这一行。"))
            areas[area.source_id] = area
        except Refused as no:
            refused.append(Refusal(row.number, _identity(row, kind), no.field, no.value, no.reason))
    return list(areas.values()), refused


def _area(row: Row, kind: str, source: str) -> Backdrop:
    polygons = polygonal(row.geometry)
    if polygons.is_empty:
        raise Refused(_("几何"), shown(row.geometry), _("修复后没有面积。请改正或删除这一行。"))
    name = as_name(row.attributes.get("name"), "name")
    return Backdrop(
        source_id=_identity(row, kind), kind=kind, name=name, area=as_geos(polygons), source=source
    )


def polygonal(geometry: Any) -> shapely.MultiPolygon:
    """The areas of a geometry, made valid; lines and points that mending leaves over are dropped."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(geometry)))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > 0])


def _identity(row: Row, kind: str) -> str:
    """The OSM element when there is one, else a digest of the shape."""
    osm_id, osm_type = row.attributes.get("osm_id"), row.attributes.get("osm_type") or "way"
    if osm_id not in (None, ""):
        return f"{kind}:{osm_type}:{shown(osm_id)}"[:80]
    return f"{kind}:sha:{hashlib.sha256(shapely.to_wkb(row.geometry, byte_order=1)).hexdigest()[:40]}"
