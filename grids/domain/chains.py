"""Drawn ways as chains of vertices from one place where they meet to the next.

Geometry is shapely, in metres of the city's metric CRS.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
import shapely.ops
from shapely import Geometry, LineString

from grids.domain.network import ROAD_CLASSES, TOUCH_M
from grids.enums import RoadClass

# Unnamed ways of these kinds only lead to houses and yards: where they meet a street is an entrance.
ENTRANCES = frozenset(["service", "pedestrian", "track", "living_street"])
SIDE_ROADS = ("辅路", "辅道", "主路", "主道")  # what a road's parallel carriageways may be called

Vertex = tuple[int, int]  # millimetres


@dataclass(frozen=True)
class StreetWay:
    """What matters of a drawn way: `name` '' when it has none; `from_osm`: its vertices say where it meets others."""

    name: str
    highway: str
    line: LineString
    width_m: float = 7.0
    one_way: bool = False
    is_link: bool = False
    level: int = 0
    from_osm: bool = True

    @property
    def counts(self) -> bool:
        """Whether it is an arm where it meets others."""
        return not self.is_link and bool(self.name or self.highway not in ENTRANCES)

    @property
    def key(self) -> str:
        """What carriageways of one road have in common: the name, else the class."""
        base = self.name
        for suffix in SIDE_ROADS:
            base = base.removesuffix(suffix)
        return base or f"~{self.highway}"

    @property
    def rank(self) -> int:
        """0 for an expressway to 3 for a local street."""
        return list(RoadClass).index(ROAD_CLASSES[self.highway])


@dataclass(frozen=True)
class Chain:
    """The way from one spot to the next, or to a dead end (`end` None), through vertices at which nothing else meets."""

    start: Vertex
    end: Vertex | None
    points: np.ndarray
    ways: tuple[StreetWay, ...]

    @cached_property
    def line(self) -> LineString:
        return LineString(self.points)

    @property
    def first(self) -> StreetWay:
        """The way by which it leaves its start."""
        return self.ways[0]

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(way.key for way in self.ways)


def with_meetings(ways: Sequence[StreetWay]) -> list[list[Vertex]]:
    """The vertices of each way in millimetres, with those added at which it meets another without sharing a vertex.

    An end within TOUCH_M of another way on the same level meets it; ways that no OSM topology stands behind meet where
    they cross on the same level too.
    """
    lines = np.array([way.line for way in ways], dtype=object)
    added: dict[int, list[Geometry]] = defaultdict(list)
    for way, at in [*_touching(ways, lines), *_crossing(ways, lines)]:
        added[way].append(at)
    return [_vertices(line, added.get(index, ())) for index, line in enumerate(lines)]


def _touching(ways: Sequence[StreetWay], lines: np.ndarray) -> Iterator[tuple[int, Geometry]]:
    if not len(lines):
        return
    ends = np.concatenate((shapely.get_point(lines, 0), shapely.get_point(lines, -1)))
    end, other = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=TOUCH_M)
    for index, way in zip(end, other, strict=True):
        own = int(index) % len(lines)
        if own != way and ways[own].level == ways[way].level:
            yield int(way), ends[index]


def _crossing(ways: Sequence[StreetWay], lines: np.ndarray) -> Iterator[tuple[int, Geometry]]:
    plain = [index for index, way in enumerate(ways) if not way.from_osm]
    if not plain:
        return
    own = lines[plain]
    for i, j in zip(*shapely.STRtree(own).query(own, predicate="crosses"), strict=True):
        if i < j and ways[plain[i]].level == ways[plain[j]].level:
            for point in shapely.get_parts(shapely.intersection(own[i], own[j])):
                yield plain[i], point.centroid
                yield plain[j], point.centroid


def _vertices(line: LineString, added: Sequence[Geometry]) -> list[Vertex]:
    """The line's vertices, with the added points in their order along it; a vertex near an added point becomes it."""
    xy = shapely.get_coordinates(line)
    new = np.array([[point.x, point.y] for point in added]).reshape(-1, 2)
    apart = np.hypot(*(xy[:, None, :] - new[None, :, :]).transpose(2, 0, 1))
    fresh = apart.min(axis=0) > 0.0005 if len(new) else np.zeros(0, dtype=bool)
    if fresh.any():
        arc = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
        far = apart[:, fresh].min(axis=1) > TOUCH_M
        at = np.concatenate((arc[far], shapely.line_locate_point(line, shapely.points(new[fresh]))))
        xy = np.concatenate((xy[far], new[fresh]))[np.argsort(at, kind="stable")]
    rounded = [(int(x), int(y)) for x, y in np.round(xy * 1000)]
    return [vertex for index, vertex in enumerate(rounded) if index == 0 or vertex != rounded[index - 1]]


def degrees_of(lines: Sequence[Sequence[Vertex]]) -> Counter[Vertex]:
    """How many ends of ways meet at each vertex; a way that passes through has two there."""
    ends: Counter[Vertex] = Counter()
    for line in lines:
        ends.update([line[0], line[-1]])
        for vertex in line[1:-1]:
            ends[vertex] += 2
    return ends


def chains_of(
    ways: Sequence[StreetWay], lines: Sequence[Sequence[Vertex]], spots: set[Vertex]
) -> Iterator[Chain]:
    """Every chain, once from each of its ends that is a spot."""
    pieces = [(way, piece) for way, line in zip(ways, lines, strict=True) for piece in _split(line, spots)]
    at: dict[Vertex, list[int]] = defaultdict(list)
    for index, (_way, piece) in enumerate(pieces):
        at[piece[0]].append(index)
        if piece[-1] != piece[0]:
            at[piece[-1]].append(index)
    for spot in sorted(spots):
        for index in at[spot]:
            yield _follow(spot, index, pieces, at, spots)
            if pieces[index][1][0] == pieces[index][1][-1]:  # a loop leaves its spot twice
                yield _follow(spot, index, [*pieces], at, spots, backwards=True)


def _split(line: Sequence[Vertex], spots: set[Vertex]) -> Iterator[list[Vertex]]:
    piece = [line[0]]
    for vertex in line[1:]:
        piece.append(vertex)
        if vertex in spots:
            yield piece
            piece = [vertex]
    if len(piece) > 1:
        yield piece


def _follow(
    spot: Vertex,
    index: int,
    pieces: Sequence[tuple[StreetWay, Sequence[Vertex]]],
    at: dict[Vertex, list[int]],
    spots: set[Vertex],
    *,
    backwards: bool = False,
) -> Chain:
    """From a spot along a piece, and on through vertices where just one other piece goes on."""
    ways: list[StreetWay] = []
    points: list[Vertex] = [spot]
    here = spot
    seen: set[int] = set()
    while True:
        way, piece = pieces[index]
        ways.append(way)
        seen.add(index)
        forward = piece[0] == here and not (backwards and not seen - {index})
        points += list(piece[1:]) if forward else list(piece[-2::-1])
        here = points[-1]
        onward = [other for other in at[here] if other not in seen]
        if here in spots or len(onward) != 1:
            break
        index = onward[0]
    return Chain(spot, here if here in spots else None, np.array(points, dtype=float) / 1000, tuple(ways))
