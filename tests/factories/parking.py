"""Schools with a gate, Panda lanes, drop-off points with their hours, bays; all along a road that runs due east."""

from datetime import time
from typing import Any

import factory
from factory.django import DjangoModelFactory

from grids.enums import Side
from grids.models import Road
from parking import enums
from parking.models import Bay, DropOffHours, DropOffPoint, PandaLane, School
from tests.drawing import line, multi, point, rect, stretch
from tests.factories.grids import RoadFactory

BAY_M = 6.0


class SchoolFactory(DjangoModelFactory):
    """A school of 100 m by 80 m, 20 m north of the road at metre 400; its gate at metre 450."""

    class Meta:
        model = School
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"第{n + 1}小学")
    kind = enums.SchoolKind.SCHOOL
    area = factory.LazyFunction(lambda: multi(rect(400, 20, 100, 80)))

    @factory.post_generation
    def gates(self, create: bool, extracted: list[str] | None, **_: Any) -> None:
        for name in ["正门"] if extracted is None else extracted:
            self.gates.create(name=name, location=point(450, 20))


class PandaLaneFactory(DjangoModelFactory):
    """40 m along the left kerb from `at_m`."""

    class Meta:
        model = PandaLane

    class Params:
        at_m = 430.0

    school = factory.SubFactory(SchoolFactory)
    road = factory.SubFactory(RoadFactory)
    side = Side.LEFT
    stretch = factory.LazyAttribute(lambda lane: stretch(lane.at_m, lane.at_m + 40))
    line = factory.LazyAttribute(lambda lane: line((lane.at_m, 6), (lane.at_m + 40, 6)))


class DropOffPointFactory(DjangoModelFactory):
    """30 m by 3 m along the left kerb from `at_m`, open 07:10–08:10 and 16:20–17:40 on school days."""

    class Meta:
        model = DropOffPoint
        skip_postgeneration_save = True

    class Params:
        at_m = 460.0

    code = factory.Sequence(lambda n: f"JS-{n + 1:03d}")
    school = factory.SubFactory(SchoolFactory)
    road = factory.SubFactory(RoadFactory)
    side = Side.LEFT
    stretch = factory.LazyAttribute(lambda spot: stretch(spot.at_m, spot.at_m + 30))
    area = factory.LazyAttribute(lambda spot: rect(spot.at_m, 4.5, 30, 3))
    capacity = 5

    @factory.post_generation
    def hours(self, create: bool, extracted: list[tuple[time, time]] | None, **_: Any) -> None:
        usual = [(time(7, 10), time(8, 10)), (time(16, 20), time(17, 40))]
        for opens, closes in usual if extracted is None else extracted:
            DropOffHours.objects.create(point=self, opens=opens, closes=closes)


class BayFactory(DjangoModelFactory):
    """A bay of 6 m by 2.5 m at the right kerb from `at_m`."""

    class Meta:
        model = Bay

    class Params:
        at_m = 100.0

    number = factory.Sequence(lambda n: f"BW{n + 1:05d}")
    road = factory.SubFactory(RoadFactory)
    side = Side.RIGHT
    stretch = factory.LazyAttribute(lambda bay: stretch(bay.at_m, bay.at_m + BAY_M))
    area = factory.LazyAttribute(lambda bay: rect(bay.at_m, -7.5, BAY_M, 2.5))

    @classmethod
    def row(cls, road: Road, count: int, *, from_m: float = 100.0, **kwargs: Any) -> list[Bay]:
        """`count` bays one behind the other along `road` from `from_m`."""
        return [cls(road=road, at_m=from_m + index * BAY_M, **kwargs) for index in range(count)]
