"""Junctions and pedestrian crossings, derived from the drawn ways.

A junction is where three or more arms of named or classed ways meet. The several spots at which the carriageways of
dual roads cross are one junction, with one arm a direction; ways that pass over one another share no spot and make
none. Ramps and slip roads are no arms, nor are unnamed lanes that only lead to houses and yards. Geometry is shapely,
in metres of the city's metric CRS.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
import shapely.ops
from django.contrib.gis.geos import GEOSGeometry
from django.db import transaction
from shapely import Geometry

from gridmgr.core.importing.base import Plan, plan, save
from grids.domain.chains import Chain, StreetWay, Vertex, chains_of, degrees_of, with_meetings
from grids.enums import FacilityKind, Oneway
from grids.models import SRID, Carriageway, Facility

ONE_SPOT_M = 15.0  # spots nearer to each other along a way than this are one junction, whatever meets there
CROSSING_M = 60.0  # carriageways of one dual road are not farther apart than this
STUB_M = 10.0  # a dead end shorter than this is no arm
BEARING_AT_M = 40.0
SAME_ARM_DEGREES = 45.0
REACH_M = 60.0
# A pedestrian crossing lies on the carriageway from 1 m to 5 m beyond the junction (GB 51038: 3 m wide at least).
ZEBRA_M = (1.0, 5.0)

FIELDS = ("kind", "name", "shape", "width_m", "source", "is_demo")
SOURCE = "derived from the road network"


@dataclass(frozen=True)
class Junction:
    """Where streets meet: names of the streets, the larger first; the ground on which they do; pedestrian crossings there."""

    names: tuple[str, ...]
    shape: Geometry
    arms: int
    crossings: tuple[Geometry, ...] = field(default=())

    @property
    def source_id(self) -> str:
        """The same as long as the ways that meet here are."""
        middle = self.shape.centroid
        return f"junction:{middle.x:.0f}:{middle.y:.0f}"

    @property
    def name(self) -> str:
        """ "新建路 × 府东街"; one name alone when the others have none."""
        return " × ".join(self.names[:3])


def derive_junctions(ways: Iterable[StreetWay]) -> list[Junction]:
    """The junctions of these ways, in order of place; independent of the order in which the ways come."""
    network = _Network([way for way in ways if way.counts])
    found = [junction for cluster in network.clusters() if (junction := network.junction(cluster))]
    return sorted(found, key=lambda junction: junction.source_id)


# ── The network as a graph ────────────────────────────────────────────────────────────────────────────────


class _Network:
    """Spots where three or more ends of ways meet, and the chains between them."""

    def __init__(self, ways: Sequence[StreetWay]) -> None:
        lines = with_meetings(ways)
        self.degree = degrees_of(lines)
        self.spots = {vertex for vertex, count in self.degree.items() if count >= 3}
        self.leaving: dict[Vertex, list[Chain]] = defaultdict(list)
        for chain in chains_of(ways, lines, self.spots):
            self.leaving[chain.start].append(chain)
        self.rings = [
            {vertex for vertex in line if vertex in self.spots}
            for way, line in zip(ways, lines, strict=True)
            if line[0] == line[-1] and way.line.length < 5 * CROSSING_M
        ]

    def clusters(self) -> list[list[Vertex]]:
        """Spots that are one junction."""
        joined = {spot: spot for spot in self.spots}
        for chains in self.leaving.values():
            for chain in chains:
                if chain.end is not None and self._is_inside(chain, chain.end):
                    _join(joined, chain.start, chain.end)
        for ring in self.rings:
            for spot in ring:
                _join(joined, spot, next(iter(sorted(ring))))
        grouped: dict[Vertex, list[Vertex]] = defaultdict(list)
        for spot in sorted(self.spots):
            grouped[_root(joined, spot)].append(spot)
        return list(grouped.values())

    def _is_inside(self, chain: Chain, end: Vertex) -> bool:
        """Whether a chain runs within one junction: very short, or across, from one carriageway of a road to its other."""
        length = chain.line.length
        if length > CROSSING_M or chain.start == end:
            return False
        dual = self._dual_keys(chain.start) & self._dual_keys(end)
        return length <= ONE_SPOT_M or bool(dual - chain.keys)

    def _dual_keys(self, spot: Vertex) -> set[str]:
        """The roads whose one-way carriageways pass the spot."""
        return {chain.first.key for chain in self.leaving[spot] if chain.first.one_way}

    def junction(self, cluster: Sequence[Vertex]) -> Junction | None:
        """The junction that these spots are; None with fewer than three arms."""
        inside = set(cluster)
        chains = [chain for spot in cluster for chain in self.leaving[spot]]
        outer = [chain for chain in chains if self._is_arm(chain, inside)]
        arms = _arms(outer)
        if len(arms) < 3:
            return None
        shape = _ground(cluster, chains)
        crossings = tuple(
            zebra for chain in outer if chain.first.rank in (1, 2) for zebra in _zebra(chain, shape)
        )
        return Junction(_names(outer), shape, len(arms), crossings)

    def _is_arm(self, chain: Chain, inside: set[Vertex]) -> bool:
        if chain.end is None:
            return chain.line.length >= STUB_M
        return chain.end not in inside or chain.line.length > CROSSING_M


def _root(joined: dict[Vertex, Vertex], spot: Vertex) -> Vertex:
    while joined[spot] != spot:
        joined[spot] = joined[joined[spot]]
        spot = joined[spot]
    return spot


def _join(joined: dict[Vertex, Vertex], a: Vertex, b: Vertex) -> None:
    first, second = sorted((_root(joined, a), _root(joined, b)))
    joined[second] = first


# ── One junction ──────────────────────────────────────────────────────────────────────────────────────────


def _arms(outer: Sequence[Chain]) -> list[tuple[str, float]]:
    """Each arm's road and bearing; the carriageways of a dual road that leave in one direction are one arm."""
    arms: list[tuple[str, float, bool]] = []
    for chain in outer:
        ahead = np.array(chain.line.interpolate(BEARING_AT_M).coords[0]) - chain.points[0]
        bearing = float(np.degrees(np.arctan2(ahead[0], ahead[1])))
        one_way = chain.first.one_way
        beside = any(
            key == chain.first.key and (one_way or other) and _apart(bearing, angle) <= SAME_ARM_DEGREES
            for key, angle, other in arms
        )
        if not beside:
            arms.append((chain.first.key, bearing, one_way))
    return [(key, bearing) for key, bearing, _one_way in arms]


def _apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def _names(outer: Sequence[Chain]) -> tuple[str, ...]:
    ranks: dict[str, int] = {}
    for chain in outer:
        if chain.first.name:
            key = chain.first.key
            ranks[key] = min(ranks.get(key, 9), chain.first.rank)
    return tuple(sorted(ranks, key=lambda name: (ranks[name], name)))


def _ground(cluster: Sequence[Vertex], chains: Sequence[Chain]) -> Geometry:
    """The ground on which the carriageways of different roads lie on one another, with all between its parts."""
    spots = shapely.multipoints(np.array(cluster, dtype=float) / 1000)
    surfaces: dict[str, Geometry] = {}
    for key in sorted({chain.first.key for chain in chains}):
        parts = [
            shapely.intersection(chain.line, spots.buffer(REACH_M)).buffer(
                chain.first.width_m / 2, cap_style="flat"
            )
            for chain in chains
            if chain.first.key == key
        ]
        surfaces[key] = shapely.union_all(parts)
    shared = [shapely.intersection(surfaces[a], surfaces[b]) for a in surfaces for b in surfaces if a < b]
    widest = max(chain.first.width_m for chain in chains)
    ground = shapely.intersection(shapely.union_all(shared), spots.convex_hull.buffer(0.75 * widest))
    if ground.area < 1.0:
        narrowest = min(chain.first.width_m for chain in chains)
        ground = spots.buffer(narrowest / 2)
    return shapely.union(ground, spots).convex_hull


def _zebra(chain: Chain, ground: Geometry) -> Iterator[Geometry]:
    """The crossing over one carriageway, just beyond the junction; none where the chain is too short for it."""
    beyond = shapely.difference(chain.line, ground)
    parts = [part for part in shapely.get_parts(beyond) if part.length > ZEBRA_M[1] + STUB_M]
    if not parts:
        return
    start = chain.line.project(shapely.get_point(parts[0], 0))
    across = shapely.ops.substring(chain.line, start + ZEBRA_M[0], start + ZEBRA_M[1])
    zebra = across.buffer(chain.first.width_m / 2, cap_style="flat")
    if zebra.geom_type == "Polygon" and zebra.is_valid and not zebra.is_empty:
        yield zebra


# ── What is stored ────────────────────────────────────────────────────────────────────────────────────────


def street_ways() -> list[StreetWay]:
    """The drawn ways as they are stored."""
    fields = ("source_id", "name", "highway", "line", "width_m", "oneway", "is_link", "level")
    rows = Carriageway.objects.order_by("source_id").values_list(*fields)
    return [
        StreetWay(
            name=name,
            highway=highway,
            line=shapely.from_wkb(bytes(line.wkb)),
            width_m=width,
            one_way=oneway != Oneway.NO,
            is_link=is_link,
            level=level,
            from_osm=source_id.startswith("osm:"),
        )
        for source_id, name, highway, line, width, oneway, is_link, level in rows
    ]


@transaction.atomic
def refresh_junctions(*, crossings: bool = False) -> dict[str, dict[str, int]]:
    """Derives the junctions anew and stores what changed; returns counts by kind.

    With `crossings`, pedestrian crossings at arms of arterial and secondary roads are simulated too (marked as demo
    data), unless the city has real ones. Running it again changes nothing.
    """
    junctions = derive_junctions(street_ways())
    counts = {"junctions": _store(FacilityKind.JUNCTION, [_facility(each) for each in junctions])}
    if crossings and not Facility.objects.filter(kind=FacilityKind.CROSSING, is_demo=False).exists():
        laid = [row for each in junctions for row in _crossing_rows(each)]
        counts |= {"crossings": _store(FacilityKind.CROSSING, laid)}
    return counts


def _store(kind: FacilityKind, wanted: Sequence[Facility]) -> dict[str, int]:
    """Creates, updates and removes derived facilities of one kind; those from elsewhere stay."""
    existing = {
        row.source_id: row
        for row in Facility.objects.filter(kind=kind, source_id__startswith=f"{kind.value}:")
    }
    made: Plan[Facility] = plan(wanted, existing=existing, key=lambda row: row.source_id, fields=FIELDS)
    save(made, fields=FIELDS)
    gone = existing.keys() - {row.source_id for row in wanted}
    Facility.objects.filter(source_id__in=gone).delete()
    return {**made.counts(), "removed": len(gone)}


def _facility(junction: Junction) -> Facility:
    return Facility(
        source_id=junction.source_id,
        kind=FacilityKind.JUNCTION,
        name=junction.name[:120],
        shape=_stored(junction.shape),
        source=SOURCE,
    )


def _crossing_rows(junction: Junction) -> Iterator[Facility]:
    for number, zebra in enumerate(junction.crossings, 1):
        yield Facility(
            source_id=f"crossing:{junction.source_id}:{number}",
            kind=FacilityKind.CROSSING,
            name=junction.name[:120],
            shape=_stored(zebra),
            source=SOURCE,
            is_demo=True,
        )


def _stored(shape: Geometry) -> GEOSGeometry:
    """Rounded to the millimetre, as Django keeps it."""
    rounded = shapely.make_valid(shapely.transform(shape, lambda xy: np.round(xy, 3)))
    return GEOSGeometry(memoryview(shapely.to_wkb(rounded)), srid=SRID)
