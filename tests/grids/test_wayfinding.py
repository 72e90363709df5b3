"""Where a place is, in words: the crossing, the way from it and the side, each checked against what was drawn.

           中路 (x = 0, due north from y = -600)
             │
─────────────┼──────────────  横街 (y = 0, due east from x = -400 to 2000), crosses 中路 at (0, 0)
             │
"""

import math
from typing import Any

import pytest
import shapely
from django.utils import translation

from grids.domain.wayfinding import Spot, rounded, say_ends, say_where
from grids.enums import RoadClass
from grids.models import Crossing, Road
from tests.drawing import line
from tests.factories import RoadFactory
from tests.grids.test_answering import heart as heart  # the roads of the middle of Taiyuan

pytestmark = pytest.mark.django_db
BASE = (400_000.0, 4_190_000.0)


def crossing(one: Road, at_one: float, two: Road, at_two: float) -> None:
    Crossing.objects.create(road=one, other=two, at_m=at_one)
    Crossing.objects.create(road=two, other=one, at_m=at_two)


@pytest.fixture
def cross() -> tuple[Road, Road]:
    north = RoadFactory(
        name="中路", name_en="Middle Road", width_m=20, reference_line=line((0, -600), (0, 600))
    )
    east = RoadFactory(
        name="横街", name_en="Cross Street", width_m=20, reference_line=line((-400, 0), (2000, 0))
    )
    crossing(north, 600, east, 400)
    return north, east


def where(road: Road, metre: float, side: str | None = None) -> str:
    return say_where([Spot(road.pk, metre, side)])[0]


def test_north_and_south_of_a_crossing_on_a_road_due_north(cross: tuple[Road, Road]) -> None:
    north, _east = cross
    assert where(north, 643, "right") == "中路与横街口以北约 45 米,东侧"
    assert where(north, 643, "left") == "中路与横街口以北约 45 米,西侧"
    assert where(north, 450, "right") == "中路与横街口以南约 150 米,东侧"
    assert where(north, 450) == "中路与横街口以南约 150 米"


def test_east_and_west_on_a_road_due_east(cross: tuple[Road, Road]) -> None:
    _north, east = cross
    assert where(east, 512, "right") == "横街与中路口以东约 110 米,南侧"
    assert where(east, 300, "left") == "横街与中路口以西约 100 米,北侧"


def test_at_the_crossing_itself_no_metres_are_said(cross: tuple[Road, Road]) -> None:
    north, _east = cross
    assert where(north, 615, "left") == "中路与横街口,西侧"  # 10 m of half a width, and 12


def test_a_diagonal_road_has_diagonal_sides() -> None:
    # North-east: its right side lies south-east, its left north-west.
    road = RoadFactory(name="斜街", reference_line=line((0, 0), (1000, 1000)))
    other = RoadFactory(name="南路", reference_line=line((0, 300), (600, 300)))
    crossing(road, 300 * math.sqrt(2), other, 300)
    assert where(road, 300 * math.sqrt(2) + 120, "right") == "斜街与南路口以东北约 120 米,东南侧"
    assert where(road, 300 * math.sqrt(2) - 120, "left") == "斜街与南路口以西南约 120 米,西北侧"


def test_drawn_the_other_way_round_the_words_are_the_same(cross: tuple[Road, Road]) -> None:
    north, _east = cross
    north.reference_line = line((0, 600), (0, -600))
    north.save()
    Crossing.objects.filter(road=north).update(at_m=600)
    assert where(north, 600 - 43, "left") == "中路与横街口以北约 45 米,东侧"


def test_after_a_bend_the_side_is_that_of_the_bend() -> None:
    # Due east for 300 m, then due north: there the right side is the east side.
    road = RoadFactory(name="弯路", reference_line=line((0, 0), (300, 0), (300, 500)))
    other = RoadFactory(name="西路", reference_line=line((100, -50), (100, 50)))
    crossing(road, 100, other, 50)
    # (300, 200) lies 200 m east and 200 m north of (100, 0).
    assert where(road, 500, "right") == "弯路与西路口以东北约 400 米,东侧"
    assert where(road, 200, "right") == "弯路与西路口以东约 100 米,南侧"


def test_an_avenue_is_named_before_a_lane_that_is_a_little_nearer(cross: tuple[Road, Road]) -> None:
    north, _east = cross
    lane = RoadFactory(
        name="小巷", road_class=RoadClass.LOCAL, width_m=5, reference_line=line((0, 100), (200, 100))
    )
    crossing(north, 700, lane, 0)
    assert where(north, 655, "right") == "中路与横街口以北约 60 米,东侧"  # the lane is 45 m off
    assert where(north, 730, "right") == "中路与小巷口以北约 30 米,东侧"  # the avenue is 130 m off


def test_far_from_every_crossing_the_road_s_end_is_named_and_else_the_metre(cross: tuple[Road, Road]) -> None:
    _north, east = cross
    assert where(east, 2200, "right") == "横街东端以西约 200 米,南侧"
    assert where(east, 2395, "right") == "横街东端,南侧"
    assert where(east, 1200, "left") == "横街 1,200 米处,北侧"  # 800 m and 1,200 m


def test_in_english(cross: tuple[Road, Road]) -> None:
    north, east = cross
    with translation.override("en"):
        assert where(north, 643, "right") == "Middle Road, east side, about 45 m north of Cross Street"
        assert where(north, 615, "left") == "Middle Road at Cross Street, west side"
        assert where(east, 2200, "right") == "Cross Street, south side, about 200 m west of its east end"


@pytest.mark.parametrize("count", [1, 3])
def test_many_places_are_one_query(
    cross: tuple[Road, Road], count: int, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert len(say_where([Spot(cross[n % 2].pk, 100.0 * n, "left") for n in range(count)])) == count
    assert say_where([]) == []


def test_ends_of_a_stretch_are_said_from_the_nearest_crossing(cross: tuple[Road, Road]) -> None:
    north, _east = cross
    (ends,) = say_ends([(north.pk, 600, 750)])
    assert (ends.start, ends.end) == ("横街", "横街以北约 150 米")
    (whole,) = say_ends([(north.pk, 0, 1200)])
    assert (whole.start, whole.end) == ("南端", "北端")


@pytest.mark.parametrize(
    ("metres", "words"),
    [(2, "5"), (12.4, "10"), (47, "45"), (52, "50"), (134, "130"), (226, "250"), (1234, "1,250")],
)
def test_metres_are_rounded_as_one_says_them(metres: float, words: str) -> None:
    assert rounded(metres) == words


WAYS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}


@pytest.mark.usefixtures("heart")
def test_on_real_streets_the_way_and_the_side_agree_with_the_drawn_kerbs() -> None:
    """Each kerb's middle: the side by the kerb line itself, the way by the crossing's place, both computed here."""
    from grids.models import Kerb

    checked = 0
    for kerb in Kerb.objects.filter(road__road_class__in=["arterial", "secondary"]).select_related("road"):
        xy = shapely.from_wkb(bytes(kerb.line.wkb))
        at = xy.length / 2
        point = xy.interpolate(at)
        axis = shapely.from_wkb(bytes(kerb.road.reference_line.wkb))
        metre = axis.project(point)
        foot = axis.interpolate(metre)
        said = where(kerb.road, metre, kerb.side)
        side = said.rpartition(",")[2].removesuffix("侧")
        if point.distance(foot) > 2:
            assert _apart(WAYS[side], _bearing(foot, point)) <= 60, (said, _bearing(foot, point))
            checked += 1
        if "口以" in said:
            name, _, rest = said.partition("口以")
            other = name.partition("与")[2]
            way = next(each for each in sorted(WAYS, key=len, reverse=True) if rest.startswith(each))
            marks = [c.at_m for c in Crossing.objects.filter(road=kerb.road, other__name=other)]
            near = axis.interpolate(min(marks, key=lambda m: abs(m - metre)))
            assert _apart(WAYS[way], _bearing(near, foot)) <= 22.6, said
    assert checked > 40


def _bearing(a: Any, b: Any) -> float:
    return math.degrees(math.atan2(b.x - a.x, b.y - a.y)) % 360


def _apart(one: float, two: float) -> float:
    return abs((one - two + 180) % 360 - 180)
