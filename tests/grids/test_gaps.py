"""The gap report: metres of road that nobody answers for on a day."""

from datetime import date

import pytest
from django.contrib.gis.geos import LineString, MultiPolygon, Polygon
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from psycopg2.extras import DateRange
from pytest_django import DjangoAssertNumQueries

from grids.domain.assign import assign_section, stretch_of
from grids.domain.gaps import unassigned_stretches, without
from grids.models import SRID, Branch, Member, Road, RoadGap

X, Y = 400_000.0, 4_190_000.0
DAY = date(2026, 6, 1)
YEAR = DateRange(date(2026, 1, 1), date(2027, 1, 1))


def a_road(name: str, *, length: float = 1000, road_class: str = "arterial") -> Road:
    return Road.objects.create(
        name=name,
        road_class=road_class,
        carriageway_kind="two_way",
        width_m=14,
        width_origin="lanes",
        reference_line=LineString((X, Y), (X + length, Y), srid=SRID),
        covered_share=1,
        ways_used=1,
    )


@pytest.fixture
def branch(db: None) -> Branch:
    square = Polygon.from_bbox((X, Y, X + 1000, Y + 1000))
    square.srid = SRID
    with transaction.atomic():
        branch = Branch.objects.create(
            code="03", name="迎泽支部", founded=date(2020, 7, 1), area=MultiPolygon(square, srid=SRID)
        )
        Member.objects.create(branch=branch, name="李芳", role="secretary")
    return branch


def test_unassigned_stretches_are_what_sections_and_breaks_leave(branch: Branch) -> None:
    #  0      200      500  600    800     1000
    #  |██████|         |░░░░|      |████████|    █ assigned  ░ no road there (RoadGap 500–600)
    road = a_road("府西街")
    RoadGap.objects.create(road=road, stretch=stretch_of(500, 600))
    for low, high in ((0, 200), (800, 1000)):
        assign_section(branch, road=road, stretch=stretch_of(low, high), period=YEAR)

    report = unassigned_stretches(on=DAY)

    found = [(gap.road.name, gap.from_m, gap.to_m, gap.metres, gap.untouched) for gap in report.stretches]
    assert found == [("府西街", 200, 500, 300, False), ("府西街", 600, 800, 200, False)]
    # 1000 m less the break of 100 m is road; 300 + 200 m of it are nobody's.
    assert (report.road_m, report.unassigned_m, report.holes_m, report.assigned_m) == (900, 500, 500, 400)


def test_unassigned_stretches_tell_untouched_roads_from_holes(branch: Branch) -> None:
    shared, untouched = a_road("府西街"), a_road("新建路", road_class="secondary")
    a_road("小巷", road_class="local")
    assign_section(branch, road=shared, stretch=stretch_of(0, 990), period=YEAR)

    report = unassigned_stretches(on=DAY)

    assert [(gap.road, gap.from_m, gap.to_m) for gap in report.holes] == [(shared, 990, 1000)]
    assert report.untouched_roads == [untouched]
    assert report.unassigned_m == 1010


def test_unassigned_stretches_go_by_the_day(branch: Branch) -> None:
    assign_section(branch, road=a_road("府西街"), stretch=stretch_of(0, 1000), period=YEAR)

    assert unassigned_stretches(on=date(2026, 12, 31)).stretches == []
    assert unassigned_stretches(on=date(2027, 1, 1)).unassigned_m == 1000
    assert unassigned_stretches(on=date(2025, 12, 31)).unassigned_m == 1000


def test_unassigned_stretches_of_other_classes_when_asked(branch: Branch) -> None:
    local = a_road("小巷", road_class="local")

    assert unassigned_stretches(on=DAY).stretches == []
    assert unassigned_stretches(on=DAY, classes=["local"]).untouched_roads == [local]


@pytest.mark.parametrize("roads", [1, 3])
def test_unassigned_stretches_take_three_queries(
    branch: Branch, django_assert_num_queries: DjangoAssertNumQueries, roads: int
) -> None:
    for number in range(roads):
        road = a_road(f"第{number}路")
        assign_section(branch, road=road, stretch=stretch_of(0, 400), period=YEAR)
        RoadGap.objects.create(road=road, stretch=stretch_of(900, 950))

    with django_assert_num_queries(3):
        report = unassigned_stretches(on=DAY)
        assert [gap.road.name for gap in report.stretches][::2] == [
            f"第{number}路" for number in range(roads)
        ]


metres = st.integers(0, 60)
stretches = st.lists(
    st.tuples(metres, metres).filter(lambda p: p[0] < p[1]).map(lambda p: (float(p[0]), float(p[1])))
)


@given(st.integers(1, 60), stretches)
def test_without_leaves_exactly_the_metres_not_taken(end: int, taken: list[tuple[float, float]]) -> None:
    left = without([(0.0, float(end))], taken)

    def holds(ranges: list[tuple[float, float]], metre: int) -> bool:
        return any(low <= metre < high for low, high in ranges)

    assert all(holds(left, metre) != holds(taken, metre) for metre in range(end))
    assert not any(holds(left, metre) for metre in range(end, 61))
    assert left == sorted(left)
