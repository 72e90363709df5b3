"""The report of gaps: metres of a road that should be shared out and that nobody answers for on a day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from grids.enums import RoadClass
from grids.models import Assignment, Road, RoadGap

SHARED_CLASSES = (RoadClass.ARTERIAL, RoadClass.SECONDARY)
LEAST_M = 0.05  # shorter leftovers come from rounding measures to the centimetre

Stretches = list[tuple[float, float]]


@dataclass(frozen=True)
class Unassigned:
    """Metres `from_m` to `to_m` of `road` for which nobody answers; all of them there is road on.

    `untouched`: no metre of the road is answered for that day; otherwise this is a hole in a road shared out.
    """

    road: Road
    from_m: float
    to_m: float
    untouched: bool

    @property
    def metres(self) -> float:
        return self.to_m - self.from_m


@dataclass(frozen=True)
class GapReport:
    """All unassigned stretches on the day `on`, and what there was to share out: metres of road, breaks left out."""

    on: date
    stretches: list[Unassigned]
    road_m: float

    @property
    def holes(self) -> list[Unassigned]:
        """Stretches of roads that are otherwise shared out."""
        return [stretch for stretch in self.stretches if not stretch.untouched]

    @property
    def untouched_roads(self) -> list[Road]:
        """Roads of which nobody answers for a single metre."""
        return list({gap.road.pk: gap.road for gap in self.stretches if gap.untouched}.values())

    @property
    def unassigned_m(self) -> float:
        return sum(stretch.metres for stretch in self.stretches)

    @property
    def holes_m(self) -> float:
        return sum(stretch.metres for stretch in self.holes)

    @property
    def assigned_m(self) -> float:
        return self.road_m - self.unassigned_m


def unassigned_stretches(*, on: date, classes: Sequence[str] = SHARED_CLASSES) -> GapReport:
    """Which metres of the roads of these classes nobody answers for on the day `on`, road by road in name order.

    Breaks in a road (RoadGap: no way lies there) don't count. Three queries, whatever the size of the city.
    """
    roads = list(Road.objects.filter(road_class__in=classes).defer("ways_left_out").order_by("name"))
    breaks = _by_road(RoadGap.objects.filter(road__road_class__in=classes).values_list("road_id", "stretch"))
    sections = Assignment.objects.on_day(on).filter(road__road_class__in=classes).order_by()
    assigned = _by_road(sections.values_list("road_id", "stretch"))
    found: list[Unassigned] = []
    road_m = 0.0
    for road in roads:
        there = without([(0.0, road.length_m)], breaks.get(road.pk, []))
        road_m += sum(end - start for start, end in there)
        left = without(there, assigned.get(road.pk, []))
        found += [Unassigned(road, start, end, untouched=road.pk not in assigned) for start, end in left]
    return GapReport(on, found, road_m)


def without(whole: Stretches, taken: Stretches) -> Stretches:
    """What of the stretches `whole` no stretch of `taken` covers, in order; leftovers under 5 cm are dropped."""
    left: Stretches = []
    for start, end in whole:
        for low, high in sorted(taken):
            if low - start >= LEAST_M and start < end:
                left.append((start, min(low, end)))
            start = max(start, high)
        if end - start >= LEAST_M:
            left.append((start, end))
    return left


def _by_road(rows: Iterable[tuple[int, Any]]) -> dict[int, Stretches]:
    by_road: defaultdict[int, Stretches] = defaultdict(list)
    for road, stretch in rows:
        by_road[road].append((float(stretch.lower), float(stretch.upper)))
    return dict(by_road)
