"""Schools as mapped, and simulated: gates, Panda lanes with their drop-off points, and the school calendar."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import shapely
from django.contrib.gis.geos import LineString as StoredLine
from django.contrib.gis.geos import MultiPolygon as StoredMultiPolygon
from django.contrib.gis.geos import Point as StoredPoint
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry import shape

from gridmgr.core.geo.crs import WGS84, project
from gridmgr.demo import names
from gridmgr.demo.branches import stored
from gridmgr.demo.ground import Ground, as_shapely, no_expressway
from gridmgr.demo.kerbside import KerbSamples, Taken, all_samples, strip
from grids.domain.assign import stretch_of
from grids.models import SRID
from parking.domain.lay import JUNCTION_CLEAR_M, kerbs_for_bays
from parking.enums import SchoolKind
from parking.models import CalendarDay, DropOffHours, DropOffPoint, PandaLane, School, SchoolGate

LANES = 24
KINDS = {
    "kindergarten": SchoolKind.KINDERGARTEN,
    "school": SchoolKind.SCHOOL,
    "college": SchoolKind.COLLEGE,
    "university": SchoolKind.COLLEGE,
}
GATE_REACH_M = 150.0  # drop-off point from the school gate it serves, domain default [confirm]
FRONT_M = 60.0  # a school nearer than this to a shared-out road has its gate there
SHARED_BONUS_M = 100.0
LANE_M = 60.0
SPACE_M = 6.0  # one car at a drop-off point
POINT_WIDTH_M = 2.5
LANE_WIDTH_M = 3.0
HOURS = (
    ((time(7, 10), time(8, 10)), (time(11, 40), time(12, 20)), (time(16, 20), time(17, 40))),
    ((time(7, 20), time(8, 20)), (time(16, 30), time(18, 0))),
    ((time(7, 0), time(8, 0)), (time(11, 50), time(12, 30)), (time(17, 0), time(18, 10))),
)
CALENDAR_MARK = "(演示默认)"


@dataclass(frozen=True)
class Berth:
    """A place at a kerb for a school's lane: sampled kerb, metres along it, and how far from the gate."""

    row: KerbSamples
    start: float
    end: float
    gate_m: float

    @property
    def from_m(self) -> float:
        return round(self.row.kerb.measure(self.start), 2)

    @property
    def to_m(self) -> float:
        return round(self.row.kerb.measure(self.end), 2)

    @property
    def rank(self) -> float:
        """Metres from the gate, less a bonus for roads that a branch answers for."""
        return self.gate_m - (SHARED_BONUS_M if self.row.street.road.name in names.SHARED_ROADS else 0.0)

    def area(self) -> Polygon:
        """The drop-off strip and the lane beside it."""
        return strip(self.row.kerb, self.start, self.end, outward=(0.0, -POINT_WIDTH_M - LANE_WIDTH_M))


def import_schools(path: Path) -> list[School]:
    """The schools of the file; those already there (by source_id) stay as they are."""
    there = set(School.objects.values_list("source_id", flat=True))
    schools = [school for school in _read(path) if school.source_id not in there]
    School.objects.bulk_create(schools)
    return list(School.objects.filter(source=names.SOURCE).order_by("source_id"))


def _read(path: Path) -> Iterator[School]:
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        fields = feature["properties"]
        area = project(shape(feature["geometry"]), WGS84, SRID)
        parts = [stored(part) for part in shapely.get_parts(area)]
        yield School(
            source_id=f"osm:{fields['osm_type']}:{fields['osm_id']}",
            name=fields["name"],
            kind=KINDS[fields["kind"]],
            area=StoredMultiPolygon(*parts, srid=SRID),
            source=names.SOURCE,
        )


# ── Gates ─────────────────────────────────────────────────────────────────────────────────────────────────


def make_gates(schools: list[School], ground: Ground) -> dict[int, SchoolGate]:
    """A gate for each school, by school id: on the edge of its grounds that faces a shared-out road, else the nearest road."""
    shared = [ground.streets[name].line for name in names.SHARED_ROADS]
    named = [street.line for street in ground.streets.values() if no_expressway(street)]
    gates = []
    for school in schools:
        grounds = as_shapely(school.area)
        road = min(shared, key=grounds.distance)
        if grounds.distance(road) > FRONT_M:
            road = min(named, key=grounds.distance)
        gate = _gate(grounds, road)
        gates.append(
            SchoolGate(
                school=school, name="正门", location=StoredPoint(gate.x, gate.y, srid=SRID), is_demo=True
            )
        )
    return {gate.school_id: gate for gate in SchoolGate.objects.bulk_create(gates)}


def _gate(grounds: MultiPolygon, road: shapely.LineString) -> Point:
    """Midway along that part of the edge which is about as near to the road as it gets."""
    edge = grounds.boundary
    facing = edge.intersection(road.buffer(grounds.distance(road) + 8.0))
    longest = max(shapely.get_parts(shapely.line_merge(facing)), key=shapely.length, default=None)
    if longest is None or longest.length < 1.0:
        return shapely.get_point(shapely.shortest_line(edge, road), 0)
    return longest.interpolate(0.5, normalized=True)


# ── Lanes and drop-off points ─────────────────────────────────────────────────────────────────────────────


def make_lanes(
    schools: list[School],
    gates: dict[int, SchoolGate],
    ground: Ground,
    taken: Taken,
    rng: np.random.Generator,
) -> None:
    """A Panda lane and a drop-off point at LANES schools and kindergartens, those with the nearest fit kerb."""
    rows = all_samples(ground)
    kerbs = shapely.STRtree([shapely.LineString(row.kerb.xy) for row in rows])
    young = [school for school in schools if school.kind != SchoolKind.COLLEGE]
    fit = []
    for school in young:
        gate = as_shapely(gates[school.pk].location)
        near = kerbs.query(gate, predicate="dwithin", distance=GATE_REACH_M - LANE_M / 2)
        berths = _berths(gate, [rows[index] for index in sorted(near)], ground)
        fit += [(berths, school)] if berths else []
    fit.sort(key=lambda pair: (pair[0][0].rank, pair[1].source_id))
    made = 0
    for berths, school in fit:
        berth = next((berth for berth in berths if _is_free(berth, taken)), None)
        if berth is None or made == LANES:
            continue
        made += 1
        taken.take(berth.row.street, berth.row.side, berth.from_m, berth.to_m, berth.area())
        _write(berth, school, gates[school.pk], made, rng)


def _is_free(berth: Berth, taken: Taken) -> bool:
    return taken.is_free(berth.row.street, berth.row.side, berth.from_m, berth.to_m, berth.area())


def _berths(gate: Point, rows: list[KerbSamples], ground: Ground) -> list[Berth]:
    """Where a lane may lie within reach of the gate and clear of junctions, nearest first."""
    found = []
    for row in rows:
        points = row.points()
        near = np.flatnonzero(shapely.distance(points, gate) <= GATE_REACH_M - LANE_M / 2)
        for middle in near[::3]:
            start, end = row.arc[middle] - LANE_M / 2, row.arc[middle] + LANE_M / 2
            if start >= 0 and end <= row.kerb.length_m:
                found.append(Berth(row, float(start), float(end), float(points[middle].distance(gate))))
    found = sorted(found, key=lambda berth: (berth.rank, berth.row.street.road.name, berth.start))[:60]
    if not found:
        return []
    areas = [berth.area() for berth in found]
    bad = ground.near_junction(areas, JUNCTION_CLEAR_M)
    return [
        berth
        for berth, out, area in zip(found, bad, areas, strict=True)
        if not out and area.is_valid and _wide_enough(berth, ground)
    ]


def _wide_enough(berth: Berth, ground: Ground) -> bool:
    """Whether the way at this kerb is wide enough to stop there, and no bridge or tunnel."""
    ways = ground.ways
    middle = berth.row.points(POINT_WIDTH_M)[
        int(np.searchsorted(berth.row.arc, (berth.start + berth.end) / 2))
    ]
    own = np.flatnonzero((ways.road == berth.row.street.road.pk) & ~ways.is_link)
    nearest = own[shapely.distance(ways.lines[own], middle).argmin()]
    on_it = ways.lines[nearest].distance(middle) <= ways.width[nearest] / 2
    wide = kerbs_for_bays(float(ways.width[nearest]), one_way=bool(ways.one_way[nearest])) > 0
    return bool(on_it and wide and not ways.structure[nearest])


def _write(berth: Berth, school: School, gate: SchoolGate, number: int, rng: np.random.Generator) -> None:
    kerb, street, side = berth.row.kerb, berth.row.street, berth.row.side
    lane = strip(
        kerb,
        berth.start,
        berth.end,
        outward=(-POINT_WIDTH_M - LANE_WIDTH_M / 2, -POINT_WIDTH_M - LANE_WIDTH_M),
    )
    half = shapely.get_coordinates(lane)[: (len(lane.exterior.coords) - 1) // 2]
    PandaLane.objects.create(
        road=street.road,
        side=side,
        stretch=stretch_of(berth.from_m, berth.to_m),
        school=school,
        line=StoredLine(half.tolist(), srid=SRID),
        is_demo=True,
    )
    capacity = int(rng.integers(3, 8))
    start = (berth.start + berth.end - capacity * SPACE_M) / 2
    end = start + capacity * SPACE_M
    point = DropOffPoint.objects.create(
        code=f"JS-{number:02d}",
        road=street.road,
        side=side,
        stretch=stretch_of(kerb.measure(start), kerb.measure(end)),
        school=school,
        gate=gate,
        capacity=capacity,
        area=stored(strip(kerb, start, end, outward=(0.0, -POINT_WIDTH_M))),
        is_demo=True,
    )
    hours = HOURS[int(rng.integers(len(HOURS)))]
    DropOffHours.objects.bulk_create(
        DropOffHours(point=point, opens=opens, closes=closes) for opens, closes in hours
    )


# ── Calendar ──────────────────────────────────────────────────────────────────────────────────────────────

# Public holidays of 2026 with their make-up days, and school holidays; defaults of the demo, for a city to edit [confirm].
HOLIDAYS = (
    (date(2026, 1, 1), date(2026, 1, 3), "元旦"),
    (date(2026, 2, 15), date(2026, 2, 23), "春节"),
    (date(2026, 4, 4), date(2026, 4, 6), "清明节"),
    (date(2026, 5, 1), date(2026, 5, 5), "劳动节"),
    (date(2026, 6, 19), date(2026, 6, 21), "端午节"),
    (date(2026, 9, 25), date(2026, 9, 27), "中秋节"),
    (date(2026, 10, 1), date(2026, 10, 7), "国庆节"),
    (date(2026, 1, 31), date(2026, 2, 28), "寒假"),
    (date(2026, 7, 11), date(2026, 8, 31), "暑假"),
)
MAKE_UP_DAYS = (date(2026, 1, 4), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10))


def make_calendar() -> None:
    """The days of 2026 on which school is held or not against the week's rule."""
    days = {day: (False, note) for first, last, note in reversed(HOLIDAYS) for day in _days(first, last)}
    days |= dict.fromkeys(MAKE_UP_DAYS, (True, "调休上学"))
    CalendarDay.objects.bulk_create(
        [
            CalendarDay(day=day, is_school_day=school, note=f"{note}{CALENDAR_MARK}")
            for day, (school, note) in sorted(days.items())
            if school != (day.weekday() < 5)
        ],
        ignore_conflicts=True,
    )


def _days(first: date, last: date) -> Iterator[date]:
    for step in range((last - first).days + 1):
        yield first + timedelta(days=step)
