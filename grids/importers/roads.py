"""Ways of a file → carriageways, and the roads, kerbs, gaps and crossings derived from them."""

import getpass
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pghistory
import shapely
from django.db import DatabaseError, IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import Model
from django.utils.translation import gettext as _

from gridmgr.core.errors import Conflict, Invalid, constraint_of
from gridmgr.core.importing.base import Plan, Refusal, Unreadable, plan, save
from gridmgr.core.importing.readers import LINES, read_table
from gridmgr.core.importing.report import Item, Report
from grids.domain.colours import recolour_once_committed
from grids.domain.junctions import refresh_junctions
from grids.domain.network import CrossingWay, DerivedRoad, DrawnWay, by_name, derive_crossings, derive_road
from grids.domain.remeasure import Change, Moves, measured, move_along, would_move
from grids.enums import RoadClass
from grids.importers.fields import Reading, as_geos, read_ways
from grids.models import Carriageway, Crossing, Kerb, Road, RoadGap

# Layers to take when a file has several layers of lines.
LAYERS = ("roads_all", "roads", "road", "道路", "lines")
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
Progress = Callable[[int, int], None]


@dataclass
class Derived:
    """Derived rows: written anew, taken away, left untouched."""

    created: list[Any]
    removed: list[Any]
    unchanged: list[Any]

    @property
    def rows(self) -> list[Any]:
        """Rows that came or went."""
        return [*self.created, *self.removed]

    def counts(self) -> dict[str, int]:
        return {
            "created": len(self.created),
            "updated": 0,
            "unchanged": len(self.unchanged),
            "removed": len(self.removed),
        }


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


# ── What is wanted ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Network:
    """The ways to be, and the roads that they make, beside what is stored of them.

    `stored_ways` has the id that a way is to have → the way as it is stored.
    """

    ways: list[Carriageway]
    stored_ways: dict[str, Carriageway]
    twins: int
    roads: dict[str, DerivedRoad]
    stored_roads: dict[str, Road]
    failed: dict[str, str]

    def changes(self) -> list[Change]:
        """The stored roads whose reference line becomes another."""
        found = []
        for name, stored in self.stored_roads.items():
            old, new = as_shapely(stored.reference_line), self.roads[name].reference.line
            if not shapely.equals_identical(old, new):
                found.append(Change(stored.pk, name, old, new))
        return found


def _settled(
    report: Report, reading: Reading, *, remeasure: bool, progress: Progress | None
) -> tuple[_Network, Moves]:
    """The network without the roads that can't change under what stands on them; those are added to the refused."""
    refused: dict[str, Refusal] = {}
    wanted = _wanted(reading, set(), {}, progress)
    moves = would_move(wanted.changes())
    while more := _refusals(wanted, moves, reading, remeasure=remeasure):
        refused |= more
        wanted = _wanted(reading, set(refused), {road.name: road for road in wanted.roads.values()}, None)
        moves = would_move(wanted.changes())
    report.refused += refused.values()
    return wanted, moves


def _wanted(
    reading: Reading, without: set[str], known: dict[str, DerivedRoad], progress: Progress | None
) -> _Network:
    """Stored ways overlaid by the file's; every road with a way of the file, now or before, is derived anew."""
    stored = _stored(reading.ways)
    twins = {id_ for id_, old in stored.items() if id_.startswith("sha:") and old.source_id != id_}
    ways = [way for way in reading.ways if way.source_id not in twins]
    ways = [way for way in ways if not without & {way.name, _name_of(stored.get(way.source_id))}]
    old = [stored[way.source_id] for way in ways if way.source_id in stored]
    names = {way.name for way in [*ways, *old]} - {""}
    others = Carriageway.objects.filter(name__in=names).exclude(pk__in=[way.pk for way in old])
    drawn = by_name(_drawn(way, reading) for way in [*ways, *others])
    roads: dict[str, DerivedRoad] = {}
    failed: dict[str, str] = {}
    for done, (name, own) in enumerate(sorted(drawn.items()), 1):
        try:
            roads[name] = known[name] if name in known and known[name].ways == own else derive_road(name, own)
        except (ValueError, RuntimeError, IndexError, shapely.errors.ShapelyError) as error:
            # Ways so tangled that geometry fails (Qhull raises RuntimeErrors): that road is refused, not the import.
            failed[name] = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        if progress:
            progress(done, len(drawn))
    stored_roads = {road.name: road for road in Road.objects.filter(name__in=list(roads))}
    return _Network(ways, stored, len(twins), roads, stored_roads, failed)


def _stored(ways: Sequence[Carriageway]) -> dict[str, Carriageway]:
    """The stored way for each way: of the same id, else one that only its name and line identify, if both agree.

    So the same street from a file with OSM ids and from one without is one way, with its id as soon as one is known.
    """
    stored = {
        way.source_id: way
        for way in Carriageway.objects.filter(source_id__in=[way.source_id for way in ways])
    }
    rest = Carriageway.objects.filter(name__in={way.name for way in ways} - {""}).exclude(
        source_id__in=list(stored)
    )
    lying = {(way.name, bytes(way.line.wkb)): way for way in rest}
    for way in ways:
        twin = lying.get((way.name, bytes(way.line.wkb))) if way.source_id not in stored else None
        if twin and (way.osm_id is None or twin.osm_id is None):
            stored[way.source_id] = lying.pop((way.name, bytes(way.line.wkb)))
    return stored


def _name_of(way: Carriageway | None) -> str:
    return way.name if way else ""


def _drawn(way: Carriageway, reading: Reading) -> DrawnWay:
    return DrawnWay(
        source_id=way.source_id,
        name=way.name,
        name_en=reading.names_en.get(way.source_id, ""),
        highway=way.highway,
        is_link=way.is_link,
        oneway=way.oneway,
        width_m=way.width_m,
        width_origin=way.width_origin,
        line=as_shapely(way.line),
    )


def as_shapely(geometry: Any) -> Any:
    """The shapely geometry of a model field's value."""
    return shapely.from_wkb(bytes(geometry.wkb))


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


def _write(
    report: Report, reading: Reading, *, source: str, remeasure: bool, progress: Progress | None
) -> None:
    """Write all, inside the caller's transaction, and account for it in the report."""
    wanted, moves = _settled(report, reading, remeasure=remeasure, progress=progress)
    roads = _save_roads(wanted, source or Path(report.path).name, explicit=bool(source))
    ids = {road.name: road.pk for road in roads.rows}
    ways = _save_ways(wanted, ids)
    moved = move_along(move for own in moves.by_road.values() for move in own)
    gaps = _replace(RoadGap, list(_gap_rows(wanted, ids)), set(ids.values()))
    kerbs = _replace(Kerb, list(_kerb_rows(wanted, ids)), set(ids.values()))
    crossings = _replace(Crossing, list(_crossing_rows()), None)
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


def _refusals(wanted: _Network, moves: Moves, reading: Reading, *, remeasure: bool) -> dict[str, Refusal]:
    """Roads without a reference line, and roads that can't change under what stands on them, by name."""
    refused = {}
    for name, why in wanted.failed.items():
        reason = _("推算不出参考线(%s)。请检查这一名称下各条线是否重叠或打结。") % why
        refused[name] = Refusal(*_first_row(name, reading), _("参考线"), name, reason)
    for change in wanted.changes():
        count = len(moves.by_road.get(change.road_id, []))
        stuck = moves.stuck.get(change.road_id, "")
        if not stuck and (remeasure or not count):
            continue
        reason = stuck or _("参考线变了,路上有 %s 处责任路段、泊位或摊点要跟着重新量算") % count
        way_out = _("请先移走或改正它们。") if stuck else _("请加 --remeasure,让它们留在原地、改写里程。")
        row, ref = _first_row(change.name, reading)
        refused[change.name] = Refusal(
            row,
            ref,
            _("参考线"),
            change.name,
            _("%(reason)s。%(way_out)s") % {"reason": reason, "way_out": way_out},
        )
    return refused


def _first_row(name: str, reading: Reading) -> tuple[int, str]:
    row = next((reading.row_of[way.source_id] for way in reading.ways if way.name == name), None)
    return (row.number, row.ref) if row else (0, "")


def _save_roads(wanted: _Network, source: str, *, explicit: bool) -> Plan[Road]:
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


def _save_ways(wanted: _Network, ids: dict[str, int]) -> Plan[Carriageway]:
    for way in wanted.ways:
        way.road_id = ids[way.name] if way.name else None
    made = plan(
        wanted.ways, existing=wanted.stored_ways, key=lambda way: way.source_id, fields=CARRIAGEWAY_FIELDS
    )
    save(made, fields=CARRIAGEWAY_FIELDS)
    return made


# ── Derived rows ──────────────────────────────────────────────────────────────────────────────────────────


def _gap_rows(wanted: _Network, ids: dict[str, int]) -> Iterator[RoadGap]:
    for name, road in wanted.roads.items():
        for low, high in road.reference.gaps:
            yield RoadGap(
                road_id=ids[name], stretch=NumericRange(Decimal(f"{low:.2f}"), Decimal(f"{high:.2f}"))
            )


def _kerb_rows(wanted: _Network, ids: dict[str, int]) -> Iterator[Kerb]:
    for name, road in wanted.roads.items():
        for side, run in road.kerb_runs():
            yield Kerb(road_id=ids[name], side=side, line=as_geos(run.line), measures=run.measures.tolist())


def _crossing_rows() -> Iterator[Crossing]:
    """Crossings of all roads in the database: a new road also meets roads that are not in the file."""
    roads = {road.name: road for road in Road.objects.only("name", "reference_line")}
    fields = ("source_id", "name", "level", "osm_id", "line")
    ways = [_for_crossings(way) for way in Carriageway.objects.filter(road__isnull=False).only(*fields)]
    lines = {name: as_shapely(road.reference_line) for name, road in roads.items()}
    for name, met in derive_crossings(ways, lines).items():
        for other, metre in met:
            yield Crossing(road_id=roads[name].pk, other_id=roads[other].pk, at_m=metre)


def _for_crossings(way: Carriageway) -> CrossingWay:
    return CrossingWay(way.name, way.level, way.osm_id is not None, as_shapely(way.line))


def _replace(model: type[Model], rows: list[Any], roads: set[int] | None) -> Derived:
    """Replace the derived rows of those roads (None: of all) whose set of rows differs; leave the others untouched."""
    stored = model._default_manager.all() if roads is None else model._default_manager.filter(road__in=roads)
    old, new = _per_road(stored), _per_road(rows)
    differ = {road for road in old.keys() | new.keys() if _contents(old[road]) != _contents(new[road])}
    if differ:
        model._default_manager.filter(road__in=differ).delete()
        model._default_manager.bulk_create([row for row in rows if row.road_id in differ], batch_size=1000)
    return Derived(
        created=[row for row in rows if row.road_id in differ],
        removed=[row for road in differ for row in old[road]],
        unchanged=[row for row in rows if row.road_id not in differ],
    )


def _per_road(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.road_id].append(row)
    return grouped


def _contents(rows: Sequence[Any]) -> list[Any]:
    """What the rows say, comparable whether they are stored or new."""
    return sorted(_content(row) for row in rows)


def _content(row: Any) -> tuple[Any, ...]:
    if isinstance(row, RoadGap):
        return (row.stretch.lower, row.stretch.upper)
    if isinstance(row, Kerb):
        return (row.side, bytes(row.line.wkb), tuple(row.measures))
    return (row.other_id, row.at_m)


# ── The account ───────────────────────────────────────────────────────────────────────────────────────────


def _items(wanted: _Network, roads: Plan[Road], ways: Plan[Carriageway], rebuilt: set[int]) -> Iterator[Item]:
    touched = {way.name for way in [*ways.created, *ways.updated]}
    outcome = {road.name: "created" for road in roads.created} | {
        road.name: "updated" for road in roads.updated
    }
    for road in sorted(roads.rows, key=lambda road: road.name):
        changed = road.name in touched or road.pk in rebuilt
        yield Item(
            road.name, outcome.get(road.name, "updated" if changed else "unchanged"), _figures(wanted, road)
        )


def _figures(wanted: _Network, road: Road) -> dict[str, Any]:
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
