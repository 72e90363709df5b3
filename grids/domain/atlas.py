"""The city's streets as a person who reads place names needs them: names, crossings, kerbs and landmarks, in memory.

Read once for a whole list of places. Geometry is shapely and numpy, in metres of the city's metric CRS; bearings are
degrees from north, clockwise.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.db.models import Q
from django.utils.translation import gettext as _
from shapely import LineString, Point

from grids.domain.likeness import alike, name_likeness, road_likeness
from grids.domain.place_text import key_of
from grids.enums import Oneway
from grids.models import Carriageway, Crossing, Kerb, Road

ONE_JUNCTION_M = 60.0  # crossings of the same two roads nearer to each other than this are one
MOST_ALIKE = 4
CHORD_M = 40.0
# A road that ends so near to another meets it there: drawn lines stop at one carriageway of a wide street.
END_GAP_M = 45.0
# Roads no farther apart than this may be meant to meet; a person has to say so.
NEAR_MISS_M = 150.0
# A kerb that begins or ends so near to a metre still lies abreast of it.
KERB_SLACK_M = 3.0


# A one-way way so near beyond a kerb, along the street give or take so much, is likely its other carriageway.
BESIDE_M, ALONG_DEGREES = 25.0, 20.0


Floats = np.ndarray
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True)
class Street:
    """A road: its reference line and the names it is known by."""

    id: int
    name: str
    line: LineString

    def at(self, metre: float) -> Point:
        return self.line.interpolate(min(max(metre, 0.0), self.line.length))

    def bearing(self, metre: float, *, toward: int = 1, over: float = CHORD_M) -> float:
        """The direction in which the street runs from a metre on, `toward` 1 with its metres and -1 against them."""
        here, there = self.at(metre), self.at(metre + toward * over)
        return bearing_of(there.x - here.x, there.y - here.y)

    def course(self, metre: float) -> float:
        """The direction of its metres around a metre."""
        before, after = self.at(metre - CHORD_M / 2), self.at(metre + CHORD_M / 2)
        return bearing_of(after.x - before.x, after.y - before.y)


@dataclass(frozen=True)
class Run:
    """One unbroken run of kerb with the metres of the road abreast of its vertices."""

    line: LineString
    measures: Floats

    @cached_property
    def arc(self) -> Floats:
        steps = np.diff(shapely.get_coordinates(self.line), axis=0)
        return np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))

    def point(self, metre: float) -> Point | None:
        """The kerb abreast of a metre; None when it does not reach there."""
        if not self.measures[0] - KERB_SLACK_M <= metre <= self.measures[-1] + KERB_SLACK_M:
            return None
        return self.line.interpolate(float(np.interp(metre, self.measures, self.arc)))

    def metre(self, point: Point) -> float:
        """The metre of the road abreast of the kerb's nearest place to a point."""
        return float(np.interp(self.line.project(point), self.arc, self.measures))


@dataclass(frozen=True)
class Landmark:
    """Something with a name that people point to. `gates` by name; `stands` is (road, side, metre) of what is at a kerb."""

    kind: str
    name: str
    shape: shapely.Geometry
    gates: Sequence[tuple[str, Point]] = ()
    stands: tuple[int, str, float] | None = None
    key: str = ""
    short: str = ""  # what it may be called for short, where that is known


@dataclass
class Atlas:
    """Streets by id, crossings as metres on the first road, runs of kerb by road and side, landmarks.

    `shorten` makes of a landmark's name what its `short` would be. `strays` are the one-way ways from which no kerb
    was derived, with the roads that they may be part of: nameless ones of their class, or the one whose ramp they are.
    """

    streets: dict[int, Street]
    crossings: dict[tuple[int, int], list[float]]
    runs: dict[tuple[int, str], list[Run]]
    landmarks: Sequence[Landmark] = ()
    shorten: Callable[[str], str] = key_of
    strays: Sequence[tuple[Collection[int], LineString]] = ()
    # By road the ways that run in a tunnel or above the ground, and those on it, of roads that have the former.
    levels: Mapping[int, tuple[shapely.Geometry, shapely.Geometry]] = field(default_factory=dict)
    # What others have worked out of the atlas, so that it is worked out once: grids.domain.corners' junctions.
    worked_out: dict[tuple[int, int], Any] = field(default_factory=dict)
    _like: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    _landmarks_like: dict[str, list[tuple[Landmark, str]]] = field(default_factory=dict)

    @classmethod
    def load(cls, landmarks: Iterable[Landmark] = (), *, shorten: Callable[[str], str] = key_of) -> "Atlas":
        """The whole city as it is stored. Six queries."""
        roads = Road.objects.order_by("pk").values_list("pk", "name", AsWKB("reference_line"))
        streets = {pk: Street(pk, name, _from_wkb(line)) for pk, name, line in roads}
        crossings: dict[tuple[int, int], list[float]] = defaultdict(list)
        for road, other, at_m in Crossing.objects.values_list("road", "other", "at_m"):
            crossings[road, other].append(at_m)
        runs: dict[tuple[int, str], list[Run]] = defaultdict(list)
        rows = Kerb.objects.order_by("pk").values_list("road", "side", AsWKB("line"), "measures")
        for road, side, line, measures in rows:
            runs[road, side].append(Run(_from_wkb(line), np.asarray(measures)))
        return cls(streets, dict(crossings), dict(runs), tuple(landmarks), shorten, _strays(), _levels())

    # ── Names ──

    @cached_property
    def _by_key(self) -> dict[str, list[int]]:
        return _grouped((key_of(street.name), pk) for pk, street in self.streets.items())

    @cached_property
    def _landmarks_by_key(self) -> dict[str, list[Landmark]]:
        return _grouped((each.key or key_of(each.name), each) for each in self.landmarks)

    def called(self, name: str) -> list[int]:
        """The roads of exactly this name, however it is written."""
        return self._by_key.get(key_of(name), [])

    def landmarks_called(self, name: str) -> list[Landmark]:
        return self._landmarks_by_key.get(key_of(name), [])

    def like(self, name: str) -> list[tuple[int, str]]:
        """Roads whose name looks like this one, the likest first, each with the reason."""
        key = key_of(name)
        if key not in self._like:
            ranked = alike(key, self._by_key, road_likeness)
            self._like[key] = [(pk, why) for pks, why in ranked for pk in pks][:MOST_ALIKE]
        return self._like[key]

    def landmarks_like(self, name: str) -> list[tuple[Landmark, str]]:
        """Landmarks whose name looks like this one or that may be called so for short."""
        key = key_of(name)
        if key not in self._landmarks_like:
            short = self.shorten(name)
            words = _("“%(name)s”可能就是“%(full)s”")
            found = [
                (mark, words % {"name": name, "full": mark.name})
                for mark in self.landmarks
                if mark.short and mark.short == short and mark.key != key
            ]
            if not found:
                ranked = alike(key, self._landmarks_by_key, name_likeness)
                found = [(mark, why) for marks, why in ranked for mark in marks]
            self._landmarks_like[key] = found[:MOST_ALIKE]
        return self._landmarks_like[key]

    # ── Places ──

    def meetings(self, road: int, other: int) -> list[float]:
        """The metres of `road` at which it meets `other`, each junction once."""
        metres = self.crossings.get((road, other)) or []
        if not metres:
            street, theirs = self.streets[road], self.crossings.get((other, road)) or []
            metres = [street.line.project(self.streets[other].at(metre)) for metre in theirs]
        return _each_once(metres) or self._where_one_ends(road, other)

    def _where_one_ends(self, road: int, other: int) -> list[float]:
        """The same for roads of which one is drawn to its end just before the other."""
        one, two = self.streets[road], self.streets[other]
        for ending, through in ((one, two), (two, one)):
            for end in (ending.at(0.0), ending.at(ending.line.length)):
                if 1.0 < through.line.distance(end) <= END_GAP_M:
                    return [one.line.project(end)]
        return []

    def near_miss(self, road: int, other: int) -> float | None:
        """The metre of `road` that is nearest to `other`, when they come near but do not meet."""
        line = shapely.shortest_line(self.streets[road].line, self.streets[other].line)
        if line.length > NEAR_MISS_M:
            return None
        return float(self.streets[road].line.project(shapely.get_point(line, 0)))

    def crossing_roads(self, road: int, metre: float, within: float) -> list[int]:
        """The roads that meet `road` around a metre."""
        return [
            other
            for other in self._crossed_by.get(road, ())
            if any(abs(each - metre) <= within for each in self.crossings[road, other])
        ]

    @cached_property
    def _crossed_by(self) -> dict[int, list[int]]:
        return _grouped(self.crossings)

    def kerb_point(self, road: int, side: str, metre: float) -> Point | None:
        """The kerb of that side abreast of a metre; None where there is none."""
        points = (run.point(metre) for run in self.runs.get((road, side), ()))
        return next((point for point in points if point is not None), None)

    def runs_beyond(self, road: int, point: Point) -> bool:
        """Whether a way that may be the street's own runs along it outside of this point of its kerb."""
        street = self.streets[road]
        here = street.line.interpolate(at := street.line.project(point))
        out = np.array([point.x - here.x, point.y - here.y])
        for index in self._stray_tree.query(point, predicate="dwithin", distance=BESIDE_M).tolist():
            roads, line = self.strays[index]
            metre = line.project(point)
            near, ahead = line.interpolate(metre), line.interpolate(min(metre + 1.0, line.length))
            before = line.interpolate(max(metre - 1.0, 0.0))
            turned = apart(bearing_of(ahead.x - before.x, ahead.y - before.y), street.course(at))
            beyond = np.dot(out, [near.x - point.x, near.y - point.y]) > 0
            if road in roads and beyond and min(turned, 180 - turned) <= ALONG_DEGREES:
                return True
        return False

    @cached_property
    def _stray_tree(self) -> shapely.STRtree:
        return shapely.STRtree([line for _road, line in self.strays])

    @cached_property
    def _kerb_tree(self) -> tuple[shapely.STRtree, list[tuple[int, str, Run]]]:
        rows = [(road, side, run) for (road, side), runs in self.runs.items() for run in runs]
        return shapely.STRtree([run.line for _road, _side, run in rows]), rows

    def nearest_kerbs(self, shape: shapely.Geometry, within: float) -> list[tuple[float, int, str, float]]:
        """The nearest kerb of each road around a shape: (metres away, road, side, metre of the road).

        Where one of them is on the ground, those of tunnels and of bridges above it are left out.
        """
        tree, rows = self._kerb_tree
        best: dict[int, tuple[float, int, str, float]] = {}
        raised: set[int] = set()
        for index in tree.query(shape, predicate="dwithin", distance=within).tolist():
            road, side, run = rows[index]
            away = run.line.distance(shape)
            if road not in best or away < best[road][0]:
                at = shapely.get_point(shapely.shortest_line(run.line, shape), 0)
                best[road] = (away, road, side, run.metre(at))
                raised = raised | {road} if self._is_raised(road, at) else raised - {road}
        if len(raised) < len(best):
            best = {road: found for road, found in best.items() if road not in raised}
        return sorted(best.values())

    def _is_raised(self, road: int, kerb: Point) -> bool:
        """Whether the way of a road that is nearest to a point of its kerb runs above or below the ground."""
        if road not in self.levels:
            return False
        raised, on_ground = self.levels[road]
        return bool(on_ground.is_empty or raised.distance(kerb) < on_ground.distance(kerb))


def _strays() -> list[tuple[Collection[int], LineString]]:
    by_class: Mapping[str, Collection[int]] = _grouped(
        Carriageway.objects.filter(road__isnull=False).order_by().values_list("highway", "road").distinct()
    )
    ways = Carriageway.objects.filter(Q(road=None, is_link=False) | Q(road__isnull=False, is_link=True))
    ways = ways.filter(level=0, tunnel=False).exclude(oneway=Oneway.NO).order_by("pk")
    rows = ways.values_list("road", "highway", AsWKB("line"))
    return [([road] if road else by_class.get(highway, ()), _from_wkb(line)) for road, highway, line in rows]


def _levels() -> dict[int, tuple[shapely.Geometry, shapely.Geometry]]:
    """Of each road that runs above or below the ground somewhere, those ways, and those on the ground."""
    off = Q(tunnel=True) | ~Q(level=0)
    raised = Carriageway.objects.filter(off, road__isnull=False).values("road")
    rows = Carriageway.objects.filter(road__in=raised).order_by("pk")
    ways: dict[int, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for road, level, tunnel, line in rows.values_list("road", "level", "tunnel", AsWKB("line")):
        ways[road][0 if level or tunnel else 1].append(_from_wkb(line))
    return {
        road: (shapely.MultiLineString(up), shapely.MultiLineString(down))
        for road, (up, down) in ways.items()
    }


def _each_once(metres: Sequence[float]) -> list[float]:
    """Metres in order, those that belong to one junction as one."""
    groups: list[list[float]] = []
    for metre in sorted(metres):
        if groups and metre - groups[-1][-1] <= ONE_JUNCTION_M:
            groups[-1].append(metre)
        else:
            groups.append([metre])
    return [sum(group) / len(group) for group in groups]


def _from_wkb(value: Any) -> Any:
    return shapely.from_wkb(bytes(value))


def _grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)


def bearing_of(east: float, north: float) -> float:
    """The bearing of a direction given by metres east and north."""
    return float(np.degrees(np.arctan2(east, north)) % 360)


def apart(a: float, b: float) -> float:
    """Degrees between two bearings, 0 to 180."""
    return abs((a - b + 180) % 360 - 180)
