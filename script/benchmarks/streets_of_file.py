"""Streets and junctions as a file of ways alone has them: a junction is where ways of two names share vertices."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point

from gridmgr.core.importing.rows import LINES, read_table
from grids.importers.fields import read_ways

ONE_JUNCTION_M = (
    80.0  # shared vertices spread wider than this are several junctions: their pair is not asked about
)
ARM_M = 60.0  # how far from a junction the direction of its arms is taken
MOST_ARMS = 4  # a street that leaves a junction in more ways is too wide to say where its middle is
WAYS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}


@dataclass(frozen=True)
class Junction:
    """Where ways of two names share vertices: the middle, and the bearings at which each name's ways leave it."""

    names: tuple[str, str]
    x: float
    y: float
    arms: tuple[tuple[float, ...], tuple[float, ...]]

    @property
    def all_arms(self) -> tuple[float, ...]:
        return self.arms[0] + self.arms[1]

    def leads(self, way: str, *, on: Sequence[int] = (0, 1)) -> bool:
        return any(apart(arm, WAYS[way]) <= 30 for name in on for arm in self.arms[name])

    def has_corner(self, way: str) -> bool:
        flanks = (WAYS[way] - 45) % 360, (WAYS[way] + 45) % 360
        return all(any(apart(arm, flank) <= 30 for arm in self.all_arms) for flank in flanks)


# ── The raw ways ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Streets:
    """What bears a name in a file, ramps too, and where two names meet on their through ways, when they do so once."""

    lines: dict[str, MultiLineString]
    junctions: list[Junction]

    @classmethod
    def of(cls, path: Path, known: set[str]) -> "Streets":
        """The file's streets; junctions only of names that the city knows as roads."""
        ways = [way for way in read_ways(read_table(path, kinds=LINES)).ways if way.name]
        drawn = [(way.name, way.is_link, shapely.from_wkb(bytes(way.line.wkb))) for way in ways]
        through, whole = (
            _by_name((name, line) for name, is_link, line in drawn if links or not is_link)
            for links in (False, True)
        )
        names_at: dict[tuple[float, float], set[str]] = defaultdict(set)
        for name, is_link, line in drawn:
            for x, y in shapely.get_coordinates(line) if not is_link else ():
                names_at[round(x, 3), round(y, 3)].add(name)
        shared: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        for vertex, names in names_at.items():
            for pair in combinations(sorted(names & known), 2):
                shared[pair].append(vertex)
        places = [_junction(through, *each) for each in sorted(shared.items()) if _is_one(each[1])]
        return cls(whole, [each for each in places if max(map(len, each.arms)) <= MOST_ARMS])


def _by_name(lines: Iterable[tuple[str, LineString]]) -> dict[str, MultiLineString]:
    found: dict[str, list[LineString]] = defaultdict(list)
    for name, line in lines:
        found[name].append(line)
    return {name: shapely.union_all(parts) for name, parts in found.items()}


def _is_one(vertices: list[tuple[float, float]]) -> bool:
    return bool(np.hypot(*np.ptp(vertices, axis=0)) <= ONE_JUNCTION_M)


def _junction(
    through: dict[str, MultiLineString], names: tuple[str, str], shared: list[tuple[float, float]]
) -> Junction:
    x, y = np.mean(shared, axis=0)
    ring = shapely.Point(x, y).buffer(ARM_M).exterior
    arms = tuple(
        tuple(
            bearing(at.x - x, at.y - y)
            for part in shapely.get_parts(through[name].intersection(ring))
            if not (at := part.centroid).is_empty
        )
        for name in names
    )
    return Junction(names, float(x), float(y), (arms[0], arms[1]))


def bearing(east: float, north: float) -> float:
    return math.degrees(math.atan2(east, north)) % 360


def apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def beyond(lines: MultiLineString, at: Point, way: str) -> float:
    """How many metres a point lies to that side of the middle of a street's ways abreast of it."""
    east, north = math.sin(math.radians(WAYS[way])), math.cos(math.radians(WAYS[way]))
    across = LineString(
        [(at.x - 90 * east, at.y - 90 * north), (at.x + 90 * east, at.y + 90 * north)]
    ).buffer(3)
    hits = [part.centroid for part in shapely.get_parts(lines.intersection(across)) if not part.is_empty]
    hits = hits or [shapely.ops.nearest_points(lines, at)[0]]
    x, y = np.mean([(hit.x, hit.y) for hit in hits], axis=0)
    return float((at.x - x) * east + (at.y - y) * north)
