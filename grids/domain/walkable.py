"""The streets that people walk on, cut into edges at the spots where they meet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString

from grids.domain.network import ROAD_CLASSES, TOUCH_M
from grids.enums import RoadClass

SAME_M = 0.001  # vertices nearer than this are one and the same, on whatever level
ALONGSIDE_M = 45.0  # a raised or sunk expressway with a street this near beside it: walkers take the street


@dataclass(frozen=True)
class WalkableWay:
    """What matters to a walker of a drawn way.

    `off_ground`: on a bridge or in a tunnel. `from_osm`: its vertices say where it meets others.
    """

    line: LineString
    highway: str
    is_link: bool = False
    level: int = 0
    off_ground: bool = False
    from_osm: bool = True


@dataclass(frozen=True, eq=False)
class Edges:
    """Lines between the nodes where ways meet. `ends[e]` are the nodes at the start and end of `lines[e]`."""

    lines: np.ndarray
    ends: np.ndarray
    nodes: int


def edges_of(ways: Sequence[WalkableWay]) -> Edges:
    """The edges of these ways, without motorways, and without raised expressways beside a street."""
    return _build(_walkable(ways))


# ── Which ways people walk on ─────────────────────────────────────────────────────────────────────────────


def _walkable(ways: Sequence[WalkableWay]) -> list[WalkableWay]:
    """The ways without motorways, and without raised or sunk expressways beside a street; all if none were left."""
    open_to_all = [way for way in ways if not _is_motorway(way)] or list(ways)
    streets = [way.line for way in open_to_all if not _is_raised_expressway(way)]
    if not streets:
        return open_to_all
    tree = shapely.STRtree(streets)
    return [way for way in open_to_all if not (_is_raised_expressway(way) and _runs_beside(way, tree))]


def _is_motorway(way: WalkableWay) -> bool:
    return way.highway.removesuffix("_link") in {"motorway", "高速公路", "高速"}


def _is_raised_expressway(way: WalkableWay) -> bool:
    """The main line of an expressway off the ground; on the ground pavements and frontage go with it."""
    if not way.off_ground or way.is_link or way.highway.endswith("_link"):
        return False
    return ROAD_CLASSES.get(way.highway) == RoadClass.EXPRESSWAY


def _runs_beside(way: WalkableWay, streets: shapely.STRtree) -> bool:
    """Whether a street lies within ALONGSIDE_M of half of the way or more. A bridge over a river has none."""
    shares = np.linspace(0, 1, max(3, int(way.line.length / 10)))
    spots = shapely.line_interpolate_point(way.line, shares, normalized=True)
    near = np.unique(streets.query(spots, predicate="dwithin", distance=ALONGSIDE_M)[0])
    return len(near) * 2 >= len(spots)


# ── From ways to edges ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Spots:
    """Spots on ways in order of way and metre: where the ways may meet others."""

    xy: np.ndarray
    way: np.ndarray
    metre: np.ndarray
    is_end: np.ndarray


def _build(ways: Sequence[WalkableWay]) -> Edges:
    ways = [way for way in ways if way.line.length > 0]
    if not ways:
        return Edges(np.empty(0, dtype=object), np.empty((0, 2), dtype=np.intp), 0)
    spots = _spots(ways)
    node = _nodes(spots, np.array([way.level for way in ways])[spots.way])
    meets = spots.is_end | (np.bincount(node)[node] > 1)
    lines, first, last = _cut(spots, meets)
    ends = np.column_stack((node[first], node[last]))
    lengths = shapely.length(lines)
    real = (lengths > SAME_M) & ((ends[:, 0] != ends[:, 1]) | (lengths > 2 * TOUCH_M))
    used, ends = np.unique(ends[real], return_inverse=True)
    return Edges(lines[real], ends.reshape(-1, 2), len(used))


def _spots(ways: Sequence[WalkableWay]) -> _Spots:
    """All vertices, and where another way ends on a way or crosses it without a vertex there."""
    lines = np.array([way.line for way in ways], dtype=object)
    xy, way = shapely.get_coordinates(lines, return_index=True)
    changes = np.flatnonzero(np.diff(way)) + 1
    starts, stops = np.append(0, changes), np.append(changes, len(way)) - 1
    steps = np.append(0.0, np.hypot(*np.diff(xy, axis=0).T))
    steps[starts] = 0.0
    walked = np.cumsum(steps)
    metre = walked - walked[starts][way]
    is_end = np.zeros(len(way), dtype=bool)
    is_end[starts] = is_end[stops] = True
    touched = [_touches(ways, lines), _crossings(ways, lines)]
    more_way = np.concatenate([found for found, _xy in touched])
    more_xy = np.concatenate([found for _way, found in touched])
    more_metre = shapely.line_locate_point(lines[more_way], shapely.points(more_xy))
    way, xy = np.append(way, more_way), np.concatenate((xy, more_xy))
    metre, is_end = np.append(metre, more_metre), np.append(is_end, np.zeros(len(more_way), dtype=bool))
    # A way's own ends stay its first and last spot, where another way meets it just there.
    place = np.ones(len(way), dtype=np.int8)
    place[starts], place[stops] = 0, 2
    order = np.lexsort((metre, place, way))
    return _Spots(xy[order], way[order], metre[order], is_end[order])


def _touches(ways: Sequence[WalkableWay], lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ways, and the ends of other ways of their level that lie on them, within TOUCH_M, away from any vertex."""
    level = np.array([way.level for way in ways])
    ends = np.concatenate((shapely.get_point(lines, 0), shapely.get_point(lines, -1)))
    owner = np.tile(np.arange(len(lines)), 2)
    end, way = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=TOUCH_M)
    own = (owner[end] != way) & (level[owner[end]] == level[way])
    end, way = end[own], way[own]
    apart = shapely.distance(_multipoints(lines[way]), ends[end]) if len(way) else np.empty(0)
    bare = apart > TOUCH_M
    return way[bare], shapely.get_coordinates(ends[end[bare]])


def _multipoints(lines: np.ndarray) -> np.ndarray:
    """The vertices of each line, as one multipoint."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    return shapely.multipoints(shapely.points(xy), indices=owner)


def _crossings(ways: Sequence[WalkableWay], lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ways that no OSM topology stands behind, and where they cross each other on one level."""
    plain = np.array([index for index, way in enumerate(ways) if not way.from_osm], dtype=np.intp)
    if not len(plain):
        return np.empty(0, dtype=np.intp), np.empty((0, 2))
    level = np.array([ways[index].level for index in plain])
    a, b = shapely.STRtree(lines[plain]).query(lines[plain], predicate="crosses")
    once = (a < b) & (level[a] == level[b])
    a, b = plain[a[once]], plain[b[once]]
    shared, pair = shapely.get_parts(shapely.intersection(lines[a], lines[b]), return_index=True)
    xy = shapely.get_coordinates(shapely.centroid(shared)).reshape(-1, 2)
    return np.concatenate((a[pair], b[pair])), np.concatenate((xy, xy))


def _nodes(spots: _Spots, level: np.ndarray) -> np.ndarray:
    """A number per spot; the same for spots that are one place to a walker.

    The very same coordinates are one place on any level (a bridge's end is its ramp's start); within TOUCH_M the
    end of a way is one place with a vertex of its level, or with another end.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    a, b = cKDTree(spots.xy).query_pairs(TOUCH_M, output_type="ndarray").T
    same = np.hypot(*(spots.xy[a] - spots.xy[b]).T) <= SAME_M
    end_on = (spots.is_end[a] | spots.is_end[b]) & (level[a] == level[b]) & (spots.way[a] != spots.way[b])
    one = same | end_on | (spots.is_end[a] & spots.is_end[b])
    links = coo_array((np.ones(one.sum()), (a[one], b[one])), shape=(len(level), len(level)))
    return connected_components(links, directed=False)[1].astype(np.intp)


def _cut(spots: _Spots, meets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ways cut at the spots where they meet: lines, and the spots at the start and end of each."""
    inner = meets & ~spots.is_end
    twice = np.repeat(np.arange(len(meets)), np.where(inner, 2, 1))
    opens = np.append(True, spots.way[twice][1:] != spots.way[twice][:-1])  # the start of a way
    opens[1:] |= twice[1:] == twice[:-1]  # or the second of a doubled spot
    edge = np.cumsum(opens) - 1
    lines = shapely.linestrings(spots.xy[twice], indices=edge)
    first = np.flatnonzero(opens)
    last = np.append(first[1:], len(twice)) - 1
    return lines, twice[first], twice[last]
