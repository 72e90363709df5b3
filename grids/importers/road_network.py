"""The network that a file of ways makes together with the ways that are there: each road derived anew from its ways."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Refusal
from gridmgr.core.importing.report import Report
from grids.domain.network import DerivedRoad, DrawnWay, by_name, derive_road
from grids.domain.remeasure import Change, Moves, would_move
from grids.importers.fields import Reading
from grids.models import Carriageway, Road

Progress = Callable[[int, int], None]


@dataclass
class Network:
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


def settled(
    report: Report, reading: Reading, *, remeasure: bool, progress: Progress | None
) -> tuple[Network, Moves]:
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
) -> Network:
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
    return Network(ways, stored, len(twins), roads, stored_roads, failed)


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


def _refusals(wanted: Network, moves: Moves, reading: Reading, *, remeasure: bool) -> dict[str, Refusal]:
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
