"""Junctions derived from drawn ways: where three arms meet, and a dual carriageway's crossing once."""

import io
import random
from typing import Any

import pytest
import shapely
from django.core.management import call_command
from shapely import LineString

from gridmgr.core.changes import history_of
from grids.domain.chains import StreetWay
from grids.domain.junctions import Junction, derive_junctions, refresh_junctions
from grids.models import Carriageway, Facility
from tests.drawing import line
from tests.vendors.siting import spot


def way(name: str, *xy: tuple[float, float], **more: Any) -> StreetWay:
    return StreetWay(name=name, line=LineString(xy), **{"highway": "secondary", "width_m": 10.0, **more})


def names(*ways: StreetWay) -> list[tuple[str, int]]:
    return [(each.name, each.arms) for each in derive_junctions(ways)]


def only(*ways: StreetWay) -> Junction:
    (found,) = derive_junctions(ways)
    return found


# ── One junction or none ──────────────────────────────────────────────────────────────────────────────────


def test_cross_of_two_streets_is_one_junction_with_four_arms() -> None:
    ns = way("南北路", (0, -200), (0, 0), (0, 200))
    ew = way("东西街", (-200, 0), (0, 0), (200, 0))
    assert names(ns, ew) == [("东西街 × 南北路", 4)]


def test_its_ground_is_where_the_carriageways_lie_on_one_another() -> None:
    # 10 m wide from west to east, 6 m wide from south to north: x from -3 to 3, y from -5 to 5.
    ns = way("南北路", (0, -200), (0, 0), (0, 200), width_m=6.0)
    ew = way("东西街", (-200, 0), (0, 0), (200, 0))
    assert only(ns, ew).shape.bounds == pytest.approx((-3, -5, 3, 5))


def test_arm_that_ends_makes_three() -> None:
    assert names(way("长街", (-200, 0), (0, 0), (200, 0)), way("短巷", (0, 0), (0, 150))) == [
        ("短巷 × 长街", 3)
    ]


def test_street_that_goes_on_under_another_name_is_no_junction() -> None:
    assert names(way("甲路", (-200, 0), (0, 0)), way("乙路", (0, 0), (200, 0))) == []


def test_flyover_is_no_junction() -> None:
    # They cross on the map and share no vertex.
    below = way("地面路", (0, -200), (0, 200))
    above = way("高架路", (-200, 0), (200, 0), level=1)
    assert names(below, above) == []
    plain = [
        way("地面路", (0, -200), (0, 200), from_osm=False),
        way("高架路", (-200, 0), (200, 0), level=1, from_osm=False),
    ]
    assert names(*plain) == []


def test_ways_without_topology_meet_where_they_cross() -> None:
    a = way("甲路", (0, -200), (0, 200), from_osm=False)
    b = way("乙路", (-200, 0), (200, 0), from_osm=False)
    assert names(a, b) == [("乙路 × 甲路", 4)]
    assert only(a, b).shape.bounds == pytest.approx((-5, -5, 5, 5))


def test_end_just_beside_another_way_meets_it() -> None:
    # 0.3 m short of the street.
    assert names(way("长街", (-200, 0), (200, 0)), way("短巷", (10, 0.3), (10, 150))) == [("短巷 × 长街", 3)]
    assert names(way("长街", (-200, 0), (200, 0)), way("短巷", (10, 1.0), (10, 150))) == []


def dual(name: str, offset: float, *, north: bool, cuts: list[float]) -> list[StreetWay]:
    """A dual carriageway through (0, 0), its halves `offset` to either side, with vertices at `cuts`."""
    stations = [-300.0, *cuts, 300.0]
    if north:
        right = [(offset, y) for y in stations]
        left = [(-offset, y) for y in reversed(stations)]
    else:
        right = [(x, -offset) for x in stations]
        left = [(x, offset) for x in reversed(stations)]
    return [way(name, *right, one_way=True), way(name, *left, one_way=True)]


def test_crossing_of_two_dual_carriageways_is_one_junction_not_four() -> None:
    # Halves 30 m and 40 m apart: four spots, at (±15, ±20).
    ns = dual("南北路", 15, north=True, cuts=[-20, 20])
    ew = dual("东西街", 20, north=False, cuts=[-15, 15])
    assert names(*ns, *ew) == [("东西街 × 南北路", 4)]
    assert only(*ns, *ew).shape.bounds == pytest.approx((-20, -25, 20, 25))


def test_dual_carriageway_and_a_street_are_one_junction() -> None:
    ew = dual("东西街", 20, north=False, cuts=[0])
    assert names(*ew, way("南北路", (0, -200), (0, -20), (0, 20), (0, 200))) == [("东西街 × 南北路", 4)]
    assert names(*ew, way("南北路", (0, 20), (0, 200))) == [("东西街 × 南北路", 3)]


def test_side_carriageways_belong_to_their_road() -> None:
    main = dual("滨河路", 12, north=True, cuts=[0])
    side = [way("滨河路辅路", (30, -300), (30, 0), (30, 300), one_way=True)]
    across = way("桥头街", (-200, 0), (-12, 0), (12, 0), (30, 0), (200, 0))
    assert names(*main, *side, across) == [("桥头街 × 滨河路", 4)]


def test_opening_in_the_median_is_no_junction() -> None:
    ew = dual("东西街", 20, north=False, cuts=[0])
    assert names(*ew, way("", (0, -20), (0, 20))) == []


def test_place_where_a_street_becomes_dual_is_no_junction() -> None:
    assert (
        names(
            way("东西街", (-200, 0), (0, 0)),
            way("东西街", (0, 0), (40, -10), (300, -10), one_way=True),
            way("东西街", (300, 10), (40, 10), (0, 0), one_way=True),
        )
        == []
    )


def test_two_side_streets_forty_metres_apart_are_two_junctions() -> None:
    ew = dual("东西街", 10, north=False, cuts=[-20, 20])
    south = way("南巷", (-20, -150), (-20, -10))
    north = way("北巷", (20, 10), (20, 150))
    assert sorted(names(*ew, south, north)) == [("东西街 × 北巷", 3), ("东西街 × 南巷", 3)]


def test_ramps_and_entrances_are_no_arms() -> None:
    street = way("长街", (-200, 0), (0, 0), (200, 0))
    assert names(street, way("", (0, 0), (80, 80), is_link=True)) == []
    assert names(street, way("", (0, 0), (0, 80), highway="service")) == []
    assert names(street, way("夜市巷", (0, 0), (0, 80), highway="service")) == [("长街 × 夜市巷", 3)]
    assert names(street, way("", (0, 0), (0, 80), highway="residential")) == [("长街", 3)]
    assert names(street, way("", (0, 0), (0, 8), highway="residential")) == []  # a stub


def test_small_ring_is_one_junction() -> None:
    ring = [(20, 0), (0, 20), (-20, 0), (0, -20), (20, 0)]
    arms = [
        way(f"{n}街", a, b)
        for n, (a, b) in enumerate([((20, 0), (200, 0)), ((0, 20), (0, 200)), ((-20, 0), (-200, 0))])
    ]
    assert [arms for _name, arms in names(way("环岛", *ring, one_way=True), *arms)] == [3]


def test_order_of_the_ways_does_not_matter() -> None:
    ways = [
        *dual("南北路", 15, north=True, cuts=[-20, 20, 150]),
        *dual("东西街", 20, north=False, cuts=[-15, 15]),
        way("巷", (15, 150), (120, 160)),
    ]
    first = derive_junctions(ways)
    assert len(first) == 2
    for seed in range(5):
        random.Random(seed).shuffle(ways)
        again = derive_junctions(ways)
        assert [(each.source_id, each.name, each.arms) for each in again] == [
            (each.source_id, each.name, each.arms) for each in first
        ]


def test_pedestrian_crossings_lie_beyond_the_junction_on_each_arm_of_a_larger_road() -> None:
    # The junction reaches to x = ±5; crossings from 6 to 10 and from -10 to -6, as wide as the carriageway, on the street.
    street = way("长街", (-200, 0), (0, 0), (200, 0))
    lane = way("巷", (0, 0), (0, 150), highway="tertiary", width_m=10.0)
    found = sorted(zebra.bounds for zebra in only(street, lane).crossings)
    assert found == [pytest.approx((-10, -5, -6, 5)), pytest.approx((6, -5, 10, 5))]


# ── In the database ───────────────────────────────────────────────────────────────────────────────────────


def stored(source_id: str, name: str, *xy: tuple[float, float], **more: Any) -> Carriageway:
    values = {"highway": "secondary", "width_m": 10.0, "width_origin": "measured", **more}
    return Carriageway.objects.create(source_id=source_id, name=name, line=line(*xy), **values)


@pytest.mark.django_db
def test_refreshing_twice_changes_nothing_and_what_is_gone_goes() -> None:
    stored("osm:1", "新建路", (0, -200), (0, 0), (0, 200))
    cross = stored("osm:2", "府东街", (-200, 0), (0, 0), (200, 0))
    real = spot("junction", 900, 900, name="测绘的路口")
    assert refresh_junctions()["junctions"] == {"created": 1, "updated": 0, "unchanged": 0, "removed": 0}
    made = Facility.objects.get(source_id__startswith="junction:")
    assert (made.name, made.kind, made.is_demo) == ("府东街 × 新建路", "junction", False)
    assert made.shape.extent == pytest.approx((399_995, 4_189_995, 400_005, 4_190_005))
    assert refresh_junctions()["junctions"] == {"created": 0, "updated": 0, "unchanged": 1, "removed": 0}
    assert len(history_of(made)) == 1
    cross.delete()
    assert refresh_junctions()["junctions"]["removed"] == 1
    assert list(Facility.objects.all()) == [real]


@pytest.mark.django_db
def test_command_lays_crossings_only_when_asked_and_there_are_no_real_ones() -> None:
    stored("osm:1", "新建路", (0, -200), (0, 0), (0, 200))
    stored("osm:2", "府东街", (-200, 0), (0, 0), (200, 0))
    out = io.StringIO()
    call_command("derive_junctions", stdout=out)
    assert "junctions" in out.getvalue()
    assert not Facility.objects.filter(kind="crossing").exists()
    call_command("derive_junctions", "--crossings", stdout=out)
    laid = Facility.objects.filter(kind="crossing")
    assert laid.count() == 4
    assert all(each.is_demo for each in laid)
    Facility.objects.all().delete()
    spot("crossing", 500, 500)
    call_command("derive_junctions", "--crossings", stdout=out)
    assert Facility.objects.filter(kind="crossing").count() == 1


def test_nothing_drawn_is_no_junction() -> None:
    assert derive_junctions([]) == []
    assert (
        shapely.area(
            only(*[way(f"{n}", (0, 0), xy) for n, xy in enumerate([(90, 0), (0, 90), (-90, 0)])]).shape
        )
        > 0
    )
