"""From drawn ways to the network: roads with class, width, reference line, gaps and kerbs, and where they cross.

Geometry is shapely, in metres of the city's projected CRS. Nothing here reads or writes the database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString

from grids.domain.kerbs import KerbRun, Kerbs, derive_kerbs
from grids.domain.line_quality import Way
from grids.domain.reference_line import ReferenceLine, derive_reference_line
from grids.enums import CarriagewayKind, Oneway, RoadClass, WidthOrigin

# Class words and the road class they stand for: OpenStreetMap's highway values, and the words of Chinese standards
# (GB/T 51328: 快速路、主干路、次干路、支路) with their colloquial forms and those of highway classes.
ROAD_CLASSES: dict[str, RoadClass] = {
    **dict.fromkeys(
        ["motorway", "trunk", "快速路", "城市快速路", "快速干道", "高速公路", "高速"], RoadClass.EXPRESSWAY
    ),
    **dict.fromkeys(["expressway"], RoadClass.EXPRESSWAY),
    **dict.fromkeys(
        ["primary", "arterial", "主干路", "主干道", "城市主干路", "城市主干道"], RoadClass.ARTERIAL
    ),
    **dict.fromkeys(["secondary", "次干路", "次干道", "城市次干路", "城市次干道"], RoadClass.SECONDARY),
    **dict.fromkeys(
        ["tertiary", "local", "支路", "城市支路", "支道", "街巷", "街坊路", "巷道", "小区路"], RoadClass.LOCAL
    ),
    **dict.fromkeys(
        ["unclassified", "residential", "living_street", "service", "pedestrian", "road", "track"],
        RoadClass.LOCAL,
    ),
}

# Width of one motor lane in metres. CJJ 37-2012 (2016), 5.3.1: 3.50 m for mixed traffic or above 60 km/h (3.75 m),
# 3.25 m for cars at 60 km/h and below [confirm].
LANE_M = {
    RoadClass.EXPRESSWAY: 3.5,
    RoadClass.ARTERIAL: 3.5,
    RoadClass.SECONDARY: 3.25,
    RoadClass.LOCAL: 3.25,
}
# Carriageway width in metres (two-way, one-way) when the source has neither width nor lanes: the usual number of
# lanes of that class times LANE_M; for a local street two lanes of 3.5 m and a metre for bicycles at each kerb.
# Assumptions of ours, marked class_default wherever they are used [confirm].
CLASS_WIDTH_M = {
    RoadClass.EXPRESSWAY: (14.0, 10.5),
    RoadClass.ARTERIAL: (14.0, 10.5),
    RoadClass.SECONDARY: (13.0, 6.5),
    RoadClass.LOCAL: (9.0, 6.5),
}
NARROW_WIDTH_M = {"residential": 7.0, "living_street": 6.0, "service": 5.0, "pedestrian": 6.0, "track": 4.0}
LINK_WIDTH_M = 6.5

CLUSTER_M = (
    60.0  # meetings with one other road nearer to each other than this along the road are one junction
)
TOUCH_M = 0.5  # an end of a way this near to another way, on the same level, meets it
ASIDE_M = 60.0  # a meeting farther than this from the reference line has no measure on it


@dataclass(frozen=True)
class DrawnWay:
    """A way as its source draws it. `source_id` is its identity; `name` is '' for a way of no named road."""

    source_id: str
    name: str
    name_en: str
    highway: str
    is_link: bool
    oneway: str
    width_m: float
    width_origin: str
    line: LineString


@dataclass(frozen=True)
class CrossingWay:
    """What matters of a way where roads meet: its road's name, its level, whether OSM's topology stands behind it."""

    name: str
    level: int
    from_osm: bool
    line: LineString


@dataclass(frozen=True)
class DerivedRoad:
    """All that is derived of one named road from its ways."""

    name: str
    name_en: str
    road_class: str
    carriageway_kind: str
    width_m: float
    width_origin: str
    reference: ReferenceLine
    kerbs: Kerbs
    ways: Sequence[DrawnWay]

    def kerb_runs(self) -> Iterator[tuple[str, KerbRun]]:
        """Side and run, left ones first, each side in order of measure."""
        yield from (("left", run) for run in self.kerbs.left)
        yield from (("right", run) for run in self.kerbs.right)


def road_class(highway: str) -> RoadClass:
    """The road class that a class word stands for; raises KeyError for a word nobody knows."""
    return ROAD_CLASSES[highway.removesuffix("_link")]


def width_of_way(
    *, highway: str, is_link: bool, oneway: str, lanes: int | None, width_m: float | None
) -> tuple[float, str]:
    """Carriageway width in metres and where it comes from: measured, else lanes, else the class default."""
    if width_m is not None:
        return round(width_m, 2), WidthOrigin.MEASURED
    if lanes is not None:
        return lanes * LANE_M[road_class(highway)], WidthOrigin.LANES
    if is_link:
        return LINK_WIDTH_M, WidthOrigin.CLASS_DEFAULT
    two_way, one_way = CLASS_WIDTH_M[road_class(highway)]
    default = two_way if oneway == Oneway.NO else one_way
    return min(default, NARROW_WIDTH_M.get(highway, default)), WidthOrigin.CLASS_DEFAULT


# ── One road ──────────────────────────────────────────────────────────────────────────────────────────────


def derive_road(name: str, ways: Sequence[DrawnWay]) -> DerivedRoad:
    """Return the road that these ways of one name make; the result does not depend on their order."""
    given, ways = ways, sorted(ways, key=lambda way: way.source_id)
    drawn = [as_way(way) for way in ways]
    reference = derive_reference_line(drawn)
    kerbs = derive_kerbs(reference, drawn)
    through = _through(ways)
    width, origin = _typical_width(through, kerbs.carriageway)
    return DerivedRoad(
        name=name,
        name_en=_most_by_length((way.name_en, way) for way in ways),
        road_class=_most_by_length((road_class(way.highway), way) for way in through),
        carriageway_kind=CarriagewayKind(kerbs.carriageway),
        width_m=width,
        width_origin=origin,
        reference=reference,
        kerbs=kerbs,
        ways=given,
    )


def as_way(way: DrawnWay) -> Way:
    """The way for the reference line: drawn in driving direction when it is one-way."""
    line = way.line.reverse() if way.oneway == Oneway.BACKWARD else way.line
    return Way(line, way.source_id, way.oneway != Oneway.NO, way.width_m, way.is_link)


def _through(ways: Sequence[DrawnWay]) -> Sequence[DrawnWay]:
    """The ways without ramps, unless the road is nothing but ramps."""
    return [way for way in ways if not way.is_link] or ways


def _most_by_length(values: Iterable[tuple[str, DrawnWay]]) -> str:
    """The value that most metres bear; '' counts only when there is no other; ties go to the first in order."""
    metres: dict[str, float] = defaultdict(float)
    for value, way in values:
        metres[value] += way.line.length
    known = {value: length for value, length in metres.items() if value} or metres
    return max(sorted(known), key=lambda value: known[value])


def _typical_width(ways: Sequence[DrawnWay], kind: str) -> tuple[float, str]:
    """Width of the whole carriageway, mean by length; of a dual carriageway both halves together."""
    halves = [way for way in ways if way.oneway != Oneway.NO]
    chosen = halves if kind == CarriagewayKind.DUAL and halves else ways
    lengths = np.array([way.line.length for way in chosen])
    width = float(np.average([way.width_m for way in chosen], weights=lengths))
    factor = 2 if kind == CarriagewayKind.DUAL else 1
    return round(min(width * factor, 199.0), 1), _most_by_length((way.width_origin, way) for way in chosen)


def by_name(ways: Iterable[DrawnWay]) -> dict[str, list[DrawnWay]]:
    named: dict[str, list[DrawnWay]] = defaultdict(list)
    for way in ways:
        if way.name:
            named[way.name].append(way)
    return dict(named)


# ── Where roads meet ──────────────────────────────────────────────────────────────────────────────────────


def derive_crossings(
    ways: Iterable[CrossingWay], lines: Mapping[str, LineString]
) -> dict[str, list[tuple[str, float]]]:
    """For each road of `lines`: (other road, metre) wherever their ways meet, in order of measure.

    Ways meet where they share a vertex, and where one ends on the other on the same level; ways that no OSM
    topology stands behind also where they cross on the same level. A flyover above a road meets it nowhere.
    """
    named = [way for way in ways if way.name in lines]
    if not named:
        return {}
    points, a, b = _meetings(named)
    names = np.array([way.name for way in named])
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for own, other in ((a, b), (b, a)):
        at, near = _measures(points, names[own], lines)
        for here, met, metre in zip(names[own][near], names[other][near], at[near], strict=True):
            found[str(here), str(met)].append(float(metre))
    crossings: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for (road, met_road), metres in found.items():
        crossings[road] += [(met_road, metre) for metre in _clustered(metres)]
    return {road: sorted(met, key=lambda pair: (pair[1], pair[0])) for road, met in crossings.items()}


Meetings = tuple[np.ndarray, np.ndarray, np.ndarray]


def _meetings(ways: Sequence[CrossingWay]) -> Meetings:
    """Points, and the indices of the two ways of different roads that meet there."""
    found = [_shared_vertices(ways), _ends_on(ways), _plain_crossings(ways)]
    points, a, b = (np.concatenate(parts) for parts in zip(*found, strict=True))
    names = np.unique([way.name for way in ways], return_inverse=True)[1]
    differ = names[a] != names[b]
    return points[differ], a[differ], b[differ]


def _shared_vertices(ways: Sequence[CrossingWay]) -> Meetings:
    xy, owner = shapely.get_coordinates([way.line for way in ways], return_index=True)
    place = np.unique(np.round(xy * 1000).astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(place, kind="stable")
    bounds = np.flatnonzero(np.diff(place[order])) + 1
    pairs: set[tuple[int, int, int]] = set()
    for group in np.split(order, bounds):
        if len(group) > 1:
            at = int(group[0])
            pairs.update((at, int(i), int(j)) for i in owner[group] for j in owner[group] if i < j)
    if not pairs:
        return _none()
    at, a, b = np.array(sorted(pairs)).T
    return shapely.points(xy[at]), a, b


def _ends_on(ways: Sequence[CrossingWay]) -> Meetings:
    lines = np.array([way.line for way in ways], dtype=object)
    levels = np.array([way.level for way in ways])
    ends = np.concatenate((shapely.get_point(lines, 0), shapely.get_point(lines, -1)))
    owner = np.tile(np.arange(len(lines)), 2)
    end, other = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=TOUCH_M)
    same = (owner[end] != other) & (levels[owner[end]] == levels[other])
    return ends[end[same]], owner[end[same]], other[same]


def _plain_crossings(ways: Sequence[CrossingWay]) -> Meetings:
    plain = np.array([index for index, way in enumerate(ways) if not way.from_osm], dtype=np.intp)
    if not len(plain):
        return _none()
    lines = np.array([ways[index].line for index in plain], dtype=object)
    levels = np.array([ways[index].level for index in plain])
    a, b = shapely.STRtree(lines).query(lines, predicate="crosses")
    once = (a < b) & (levels[a] == levels[b])
    a, b = a[once], b[once]
    points, pair = shapely.get_parts(
        shapely.centroid(shapely.intersection(lines[a], lines[b])), return_index=True
    )
    return points, plain[a[pair]], plain[b[pair]]


def _none() -> Meetings:
    return np.empty(0, dtype=object), np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)


def _measures(
    points: np.ndarray, names: np.ndarray, lines: Mapping[str, LineString]
) -> tuple[np.ndarray, np.ndarray]:
    """The metre of each point on its road's reference line, and whether the point lies beside that line at all."""
    own = np.array([lines[name] for name in names], dtype=object)
    if not len(own):
        return np.empty(0), np.empty(0, dtype=bool)
    return shapely.line_locate_point(own, points), shapely.distance(own, points) <= ASIDE_M


def _clustered(metres: Sequence[float]) -> list[float]:
    """The middle of each run of metres that follow each other within CLUSTER_M, to the decimetre."""
    ordered = np.sort(np.array(metres))
    groups = np.split(ordered, np.flatnonzero(np.diff(ordered) > CLUSTER_M) + 1)
    return [round(float(group[0] + group[-1]) / 2, 1) for group in groups]
