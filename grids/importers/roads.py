"""Ways of a file → carriageways, and the roads, kerbs, gaps and crossings derived from them."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pghistory
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _

from gridmgr.core.errors import Conflict, Invalid, constraint_of
from gridmgr.core.importing.base import Plan, Unreadable, plan, save
from gridmgr.core.importing.report import Item, Report
from gridmgr.core.importing.rows import LINES, read_table
from grids import layers
from grids.domain.colours import recolour_once_committed
from grids.domain.junctions import refresh_junctions
from grids.domain.network import DerivedRoad
from grids.domain.remeasure import measured, move_along
from grids.enums import RoadClass
from grids.importers.derived_rows import crossing_rows, gap_rows, kerb_rows, replace_derived
from grids.importers.fields import Reading, as_geos, read_ways
from grids.importers.road_network import Network, Progress, settled
from grids.models import Carriageway, Crossing, Kerb, Road, RoadGap

# Layers to take when a file has several layers of lines.
LAYERS = ("roads_all", layers.ROADS.name, "road", "道路", "lines")
CARRIAGEWAY_FIELDS = (
    *(
        "source_id",
        "road_id",
        "osm_id",
        "name",
        "highway",
        "is_link",
        "oneway",
        "lanes",
        "width_m",
        "width_origin",
    ),
    *("bridge", "tunnel", "level", "level_known", "line"),
)
ROAD_FIELDS = (
    *("name_en", "road_class", "carriageway_kind", "width_m", "width_origin", "reference_line"),
    *("covered_share", "beside_itself_m", "ways_used", "ways_left_out"),
)


def import_roads(
    path: str | Path,
    *,
    crs: str = "",
    layer: str = "",
    name_field: str = "",
    class_field: str = "",
    source: str = "",
    dry_run: bool = False,
    skip_refused: bool = False,
    remeasure: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Read a file of ways; create and update carriageways and the named roads derived from them, or nothing at all.

    When a row is refused, nothing is written unless `skip_refused`; `Report.written` tells. What is in the database
    and not in the file stays as it is. `remeasure` moves what stands on a road along when its reference line
    changes; without it such a road is refused. `progress` hears (done, all) roads. Raises Unreadable when the file
    as a whole can't be taken, Conflict or Invalid when the database refuses a row.
    """
    table = read_table(path, kinds=LINES, crs=crs, layer=layer, favourites=LAYERS)
    reading = read_ways(table, name_field=name_field, class_field=class_field)
    report = Report(
        path=table.path,
        layer=table.layer,
        crs=table.crs,
        rows_read=table.rows_read,
        dry_run=dry_run,
        refused=sorted([*table.refused, *reading.refused], key=lambda refusal: refusal.row),
        left_out={**table.left_out, **reading.left_out},
        notes=[*table.notes, *reading.notes()],
    )
    if not reading.ways and not report.refused:
        raise Unreadable(_("%s 里没有机动车道路。请检查图层和等级字段。") % path)
    if report.refused and not skip_refused:
        return report
    with in_words(), transaction.atomic(), pghistory.context(**_who(path)):
        _write(report, reading, source=source, remeasure=remeasure, progress=progress)
        report.written = not dry_run and (skip_refused or not report.refused)
        if report.written:
            refresh_junctions()  # placement rules measure to them
            recolour_once_committed()
            measured.send(sender=Road, roads=list(Road.objects.values_list("pk", flat=True)))
        transaction.set_rollback(not report.written)
    return report


def _who(path: str | Path) -> dict[str, str]:
    """What the history keeps beside every change of this import."""
    return {"command": "import_roads", "file": Path(path).name, "os_user": os_user()}


def os_user() -> str:
    """The operating system's name of whoever runs this, '' when there is none (a bare number in a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@contextmanager
def in_words() -> Iterator[None]:
    """Turn a refusal by the database into a domain error that names the constraint."""
    try:
        yield
    except DatabaseError as error:
        name = constraint_of(error) if isinstance(error, IntegrityError) else ""
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        kind = Conflict if isinstance(error, IntegrityError) else Invalid
        raise kind(
            _("数据库拒绝了这次导入,什么都没有写入(约束 %(name)s:%(why)s)。请改正文件后重试。")
            % {"name": name or "—", "why": first}
        ) from error


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


def _write(
    report: Report, reading: Reading, *, source: str, remeasure: bool, progress: Progress | None
) -> None:
    """Write all, inside the caller's transaction, and account for it in the report."""
    wanted, moves = settled(report, reading, remeasure=remeasure, progress=progress)
    roads = _save_roads(wanted, source or Path(report.path).name, explicit=bool(source))
    ids = {road.name: road.pk for road in roads.rows}
    ways = _save_ways(wanted, ids)
    moved = move_along(move for own in moves.by_road.values() for move in own)
    gaps = replace_derived(RoadGap, list(gap_rows(wanted, ids)), set(ids.values()))
    kerbs = replace_derived(Kerb, list(kerb_rows(wanted, ids)), set(ids.values()))
    crossings = replace_derived(Crossing, list(crossing_rows()), None)
    if wanted.twins:
        report.notes.append(_("%s 条无编号的路线与库中同名路线完全重合,不重复写入") % wanted.twins)
    report.counts = {
        "roads": roads.counts(),
        "ways": ways.counts(),
        "gaps": gaps.counts(),
        "kerbs": kerbs.counts(),
        "crossings": crossings.counts(),
    }
    report.items = list(_items(wanted, roads, ways, {row.road_id for row in [*gaps.rows, *kerbs.rows]}))
    report.totals = {**_totals(report), "moved": moved}


def _save_roads(wanted: Network, source: str, *, explicit: bool) -> Plan[Road]:
    roads = [_road(derived, wanted.stored_roads.get(name), source) for name, derived in wanted.roads.items()]
    compared = (*ROAD_FIELDS, "source") if explicit else ROAD_FIELDS
    made = plan(roads, existing=wanted.stored_roads, key=lambda road: road.name, fields=compared)
    save(made, fields=[*ROAD_FIELDS, "source"])
    return made


def _road(derived: DerivedRoad, stored: Road | None, source: str) -> Road:
    reference = derived.reference
    return Road(
        name=derived.name,
        name_en=derived.name_en or (stored.name_en if stored else ""),
        road_class=str(derived.road_class),
        carriageway_kind=str(derived.carriageway_kind),
        width_m=derived.width_m,
        width_origin=str(derived.width_origin),
        reference_line=as_geos(reference.line),
        covered_share=round(reference.covered_share, 4),
        beside_itself_m=round(reference.beside_itself_m, 1),
        ways_used=len(reference.used),
        ways_left_out=[{"source_id": str(key), "far_m": far_m} for key, far_m in reference.left_out],
        source=source[:200],
    )


def _save_ways(wanted: Network, ids: dict[str, int]) -> Plan[Carriageway]:
    for way in wanted.ways:
        way.road_id = ids[way.name] if way.name else None
    made = plan(
        wanted.ways, existing=wanted.stored_ways, key=lambda way: way.source_id, fields=CARRIAGEWAY_FIELDS
    )
    save(made, fields=CARRIAGEWAY_FIELDS)
    return made


# ── The account ───────────────────────────────────────────────────────────────────────────────────────────


def _items(wanted: Network, roads: Plan[Road], ways: Plan[Carriageway], rebuilt: set[int]) -> Iterator[Item]:
    touched = {way.name for way in [*ways.created, *ways.updated]}
    outcome = {road.name: "created" for road in roads.created} | {
        road.name: "updated" for road in roads.updated
    }
    for road in sorted(roads.rows, key=lambda road: road.name):
        changed = road.name in touched or road.pk in rebuilt
        yield Item(
            road.name, outcome.get(road.name, "updated" if changed else "unchanged"), _figures(wanted, road)
        )


def _figures(wanted: Network, road: Road) -> dict[str, Any]:
    derived = wanted.roads[road.name]
    reference = derived.reference
    return {
        "class": road.road_class,
        "ways": len(reference.used),
        "length_m": round(reference.line.length, 1),
        "gaps": len(reference.gaps),
        "gap_m": round(reference.gap_m, 1),
        "covered_share": road.covered_share,
        "beside_itself_m": road.beside_itself_m,
        "right": reference.is_right,
        "left_out": [f"{one['source_id']} ({one['far_m']:.0f} m)" for one in road.ways_left_out],
    }


def _totals(report: Report) -> dict[str, Any]:
    shared = [item.figures for item in report.items if item.figures["class"] != RoadClass.LOCAL]
    return {
        "roads": len(report.items),
        "length_m": round(sum(item.figures["length_m"] for item in report.items), 1),
        "right": sum(item.figures["right"] for item in report.items),
        "secondary_and_above": len(shared),
        "secondary_and_above_right": sum(figures["right"] for figures in shared),
    }
