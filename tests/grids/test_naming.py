"""What the ends of a stretch are called.

0        新建路        五一路              1000
├──────────┼──────────────┼─────────────────┤   迎泽大街, due east
西端      300            700               东端
"""

from collections.abc import Callable

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from grids.domain.naming import NEAR_M, Landmark, _name, name_stretches
from grids.models import Crossing, Road
from tests.drawing import line
from tests.factories import RoadFactory

CountQueries = Callable[..., object]


@pytest.fixture
def avenue(db: None) -> Road:
    road = RoadFactory(name="迎泽大街", name_en="Yingze Avenue")
    for name, name_en, at_m in (("新建路", "Xinjian Road", 300), ("五一路", "", 700)):
        Crossing.objects.create(road=road, other=RoadFactory(name=name, name_en=name_en), at_m=at_m)
    return road


def named(road: Road, from_m: float, to_m: float) -> str:
    return str(name_stretches([(road.pk, from_m, to_m)])[0])


def test_name_is_from_crossing_to_crossing(avenue: Road) -> None:
    assert named(avenue, 300, 700) == "新建路至五一路"


def test_name_reaches_sixty_metres_and_no_farther(avenue: Road) -> None:
    assert named(avenue, 360, 640) == "新建路至五一路"
    assert named(avenue, 361, 639) == "361 m 处至639 m 处"


def test_name_of_the_road_s_own_ends_is_by_compass(avenue: Road) -> None:
    assert named(avenue, 0, 1000) == "西端至东端"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ((0, 1000), "南端至北端"),
        ((0, -1000), "北端至南端"),
        ((-1000, 0), "东端至西端"),
        ((900, 400), "西端至东端"),
    ],
)
def test_name_follows_the_road_s_direction(db: None, end: tuple[float, float], expected: str) -> None:
    road = RoadFactory(reference_line=line((0, 0), end))
    assert named(road, 0, road.length_m) == expected


def test_ring_road_has_a_start_and_an_end_but_no_west(db: None) -> None:
    ring = RoadFactory(reference_line=line((0, 0), (300, 0), (300, 300), (0, 300), (0, 10)))
    assert named(ring, 0, ring.length_m) == "起点至终点"


def test_a_main_road_names_the_end_rather_than_a_nearer_lane(avenue: Road) -> None:
    lane = RoadFactory(name="桃园三巷", road_class="local")
    Crossing.objects.create(road=avenue, other=lane, at_m=690)
    assert named(avenue, 300, 690) == "新建路至五一路"


def test_both_ends_never_bear_one_name(avenue: Road) -> None:
    Crossing.objects.create(road=avenue, other=Road.objects.get(name="新建路"), at_m=500)
    assert named(avenue, 310, 500) == "310 m 处至新建路"


def test_a_short_stretch_does_not_reach_past_its_middle(avenue: Road) -> None:
    assert named(avenue, 300, 340) == "新建路至340 m 处"


def test_name_in_english(avenue: Road) -> None:
    with translation.override("en"):
        ends = name_stretches([(avenue.pk, 300, 700)])[0]
    assert (ends.start, ends.end) == ("Xinjian Road", "五一路")  # a name without English stays as it is


@pytest.mark.parametrize("n", [1, 3])
def test_any_number_of_stretches_takes_one_query(
    avenue: Road, django_assert_num_queries: CountQueries, n: int
) -> None:
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert len(name_stretches([(avenue.pk, 0.0, 300.0)] * n)) == n


marks = st.lists(
    st.builds(Landmark, st.floats(0, 5000), st.sampled_from("甲乙丙丁"), st.just(False), st.integers(0, 3)),
    max_size=9,
)


@given(marks, st.floats(0, 2000), st.floats(1, 3000))
def test_names_differ_and_lie_near(landmarks: list[Landmark], from_m: float, metres: float) -> None:
    ends = _name(landmarks, from_m, from_m + metres)
    for name, at_m in ((ends.start, from_m), (ends.end, from_m + metres)):
        near = {mark.name for mark in landmarks if abs(mark.at_m - at_m) <= NEAR_M}
        assert name in near or name == f"{at_m:,.0f} m 处"
    assert ends.start != ends.end or metres < 1.0 or "m 处" in ends.start
