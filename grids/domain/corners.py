"""The corners of a junction: where the kerbs of two neighbouring arms meet, by compass.

Metric geometry throughout: an arm is a road leaving the junction one way, a corner is the sector between two
neighbouring arms, and its point is where their kerbs on that side cross.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Point

from grids.domain.atlas import Atlas, Street, apart, bearing_of
from grids.enums import Side

LEAST_ARM_M = 25.0  # a road that ends sooner beyond the junction has no arm there
SAME_ARM_DEGREES = 30.0
AROUND_M = 45.0  # crossings so near to a junction's middle are part of it
SECTOR_DEGREES = (45.0, 135.0)  # narrower or wider than this, two kerbs make no corner
CORNER_REACH_M = 80.0
KERBS_APART_M = 12.0  # kerbs that come so near to one another still make a corner
DRAWN_ON_M = 30.0  # a kerb that ends in a junction goes on straight so far, to where it would meet the other
# A point so far off the middle between its arms is not their corner, unless it is hardly off the junction's middle.
ASIDE_DEGREES, FAR_ASIDE_DEGREES, FAR_M = 60.0, 50.0, 20.0
NEAR_M = 12.0  # of a corner so near to the junction's middle the bearing says little
# A kerb that lies there much nearer to its road's line or farther from it than usual is drawn badly: no sure corner.
USUAL_OFFSET = (0.5, 1.8)
USUAL_WITHIN_M = (30, 60, 90, 120)
CORNER_SLACK_M = 5.0
AIM_DEGREES = 40.0  # how far off its compass point a corner may lie


@dataclass(frozen=True)
class Arm:
    """A road leaving a junction: `toward` 1 with its metres, -1 against them, in that direction (degrees from north)."""

    road: int
    toward: int
    bearing: float

    def side(self, *, clockwise: bool) -> str:
        """The kerb that lies clockwise of the arm (to the right of who walks out), by the side of its road."""
        return Side.RIGHT if clockwise == (self.toward == 1) else Side.LEFT


@dataclass(frozen=True)
class Edge:
    """One of the two kerbs that make a corner: from its metre on, along `arm`, it leads away from the junction."""

    arm: Arm
    side: str
    metre: float


@dataclass(frozen=True)
class Corner:
    """A corner: its point, the middle direction between its two arms, and the kerbs that meet there."""

    point: Point
    bearing: float
    edges: tuple[Edge, Edge]

    def edge_on(self, roads: Sequence[int]) -> Edge | None:
        """The kerb of the first of these roads that has one here."""
        return next((edge for road in roads for edge in self.edges if edge.arm.road == road), None)


@dataclass(frozen=True)
class Meeting:
    """Where two roads meet: the middle, the arms clockwise from north, and the corners between them."""

    centre: Point
    arms: tuple[Arm, ...]
    corners: tuple[Corner, ...]

    def corner(self, degrees: float) -> Corner | None:
        """The one corner in this direction, by its arms and as it lies; None without one, or when two are nearly as good."""
        near = sorted((apart(each.bearing, degrees), index) for index, each in enumerate(self.corners))
        if not near or near[0][0] > AIM_DEGREES or (len(near) > 1 and near[1][0] < near[0][0] + 25.0):
            return None
        found = self.corners[near[0][1]]
        lies = bearing_of(found.point.x - self.centre.x, found.point.y - self.centre.y)
        off = apart(lies, degrees)
        return found if off <= ASIDE_DEGREES or found.point.distance(self.centre) <= NEAR_M else None

    def arms_towards(self, degrees: float) -> list[Arm]:
        return [arm for arm in self.arms if apart(arm.bearing, degrees) <= AIM_DEGREES]


def meetings(atlas: Atlas, road: int, other: int) -> list[Meeting]:
    """Every junction of two roads, in order of the first one's metres."""
    if (road, other) not in atlas.worked_out:
        atlas.worked_out[road, other] = list(_meetings(atlas, road, other))
    found: list[Meeting] = atlas.worked_out[road, other]
    return found


def _meetings(atlas: Atlas, road: int, other: int) -> Iterator[Meeting]:
    for metre in atlas.meetings(road, other):
        centre = _middle(atlas.streets[road], atlas.streets[other], metre)
        arms = _arms(atlas, centre, _roads_at(atlas, road, other, metre, centre))
        yield Meeting(centre, arms, tuple(_corners(atlas, centre, arms)))


def _middle(road: Street, other: Street, metre: float) -> Point:
    """Where the lines meet; of a road that ends there the other's line, which runs on through the middle."""
    here = road.at(metre)
    there = other.at(other.line.project(here))
    ends = min(metre, road.line.length - metre) < AROUND_M
    return there if ends else here


def _roads_at(atlas: Atlas, road: int, other: int, metre: float, centre: Point) -> list[int]:
    """The two roads first, then others that meet one of them here."""
    theirs = atlas.streets[other].line.project(centre)
    around = [
        *atlas.crossing_roads(road, metre, AROUND_M),
        *atlas.crossing_roads(other, theirs, AROUND_M),
    ]
    near = [each for each in around if atlas.streets[each].line.distance(centre) <= AROUND_M]
    return list(dict.fromkeys((road, other, *sorted(near))))


def _arms(atlas: Atlas, centre: Point, roads: Sequence[int]) -> tuple[Arm, ...]:
    """One arm a direction; where two roads leave side by side, that of the road named first."""
    arms: list[Arm] = []
    for road in roads:
        street = atlas.streets[road]
        at = street.line.project(centre)
        for toward, left in ((1, street.line.length - at), (-1, at)):
            arm = Arm(road, toward, street.bearing(at, toward=toward))
            if left >= LEAST_ARM_M and all(
                apart(arm.bearing, each.bearing) > SAME_ARM_DEGREES for each in arms
            ):
                arms.append(arm)
    return tuple(sorted(arms, key=lambda arm: arm.bearing))


def _corners(atlas: Atlas, centre: Point, arms: Sequence[Arm]) -> list[Corner]:
    found = []
    for index, first in enumerate(arms):
        second = arms[(index + 1) % len(arms)]
        width = (second.bearing - first.bearing) % 360
        if not SECTOR_DEGREES[0] <= width <= SECTOR_DEGREES[1]:
            continue
        if corner := _corner(atlas, centre, first, second):
            found.append(corner)
    return found


def _corner(atlas: Atlas, centre: Point, first: Arm, second: Arm) -> Corner | None:
    sides = first.side(clockwise=True), second.side(clockwise=False)
    point = _where_kerbs_meet(atlas, centre, (first.road, sides[0]), (second.road, sides[1]))
    if point is None:
        return None
    edges = tuple(
        Edge(arm, side, metre)
        for arm, side in zip((first, second), sides, strict=True)
        if (metre := _metre(atlas, arm.road, side, point)) is not None
    )
    middle = (first.bearing + (second.bearing - first.bearing) % 360 / 2) % 360
    lies = bearing_of(point.x - centre.x, point.y - centre.y)
    most_aside = FAR_ASIDE_DEGREES if point.distance(centre) > FAR_M else ASIDE_DEGREES
    if len(edges) != 2 or apart(lies, middle) > most_aside:
        return None
    if not all(_is_usual(atlas, edge, point) for edge in edges):
        return None
    return Corner(point, middle, (edges[0], edges[1]))


def _is_usual(atlas: Atlas, edge: Edge, point: Point) -> bool:
    """Whether a corner is as far from its road's line as that kerb is along the arm, give or take."""
    street = atlas.streets[edge.arm.road]
    along = (edge.metre + edge.arm.toward * step for step in USUAL_WITHIN_M)
    kerb = [found for metre in along if (found := atlas.kerb_point(street.id, edge.side, metre))]
    if not kerb:
        return True
    usual = float(np.median([street.line.distance(each) for each in kerb]))
    least, most = USUAL_OFFSET
    return least * usual <= street.line.distance(point) <= most * usual + CORNER_SLACK_M


def _where_kerbs_meet(
    atlas: Atlas, centre: Point, first: tuple[int, str], second: tuple[int, str]
) -> Point | None:
    """The crossing of two kerbs that is nearest to the junction's middle, or the place between two that nearly meet."""
    points: list[tuple[float, float, Point]] = []
    for one in atlas.runs.get(first, ()):
        for two in atlas.runs.get(second, ()):
            lines = _drawn_on(one.line), _drawn_on(two.line)
            line = shapely.shortest_line(*lines)
            if line.length > KERBS_APART_M:
                continue
            crossing = shapely.intersection(*lines)
            parts = (
                [line.centroid] if crossing.is_empty else [p.centroid for p in shapely.get_parts(crossing)]
            )
            points += [(round(line.length, 2), part.distance(centre), part) for part in parts]
    near = [each for each in points if each[1] <= CORNER_REACH_M]
    return min(near, key=lambda each: each[:2])[2] if near else None


def _drawn_on(line: LineString) -> LineString:
    """The line with both its ends drawn on straight."""
    xy = shapely.get_coordinates(line)
    first, last = xy[0] - xy[1], xy[-1] - xy[-2]
    before = xy[0] + first / max(np.hypot(*first), 1e-9) * DRAWN_ON_M
    after = xy[-1] + last / max(np.hypot(*last), 1e-9) * DRAWN_ON_M
    return LineString(np.concatenate(([before], xy, [after])))


def _metre(atlas: Atlas, road: int, side: str, point: Point) -> float | None:
    near = [(run.line.distance(point), run.metre(point)) for run in atlas.runs.get((road, side), ())]
    return min(near)[1] if near and min(near)[0] <= DRAWN_ON_M else None
