"""Walking distances on drawn streets, worked out by hand, and against a plain Dijkstra over the same streets."""

import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from gridmgr.core.errors import Invalid, TooMuch
from grids.domain import streets_on_foot
from grids.domain.streets_on_foot import walking_network
from grids.domain.walkable import WalkableWay
from grids.domain.walking import Walk, WalkingNetwork, as_xy
from grids.models import Carriageway
from tests.drawing import SRID, at, line, point

Coordinates = list[tuple[float, float]]


def street(*points: tuple[float, float], highway: str = "residential", **more: Any) -> WalkableWay:
    return WalkableWay(LineString(points), highway, **more)


def network(*ways: WalkableWay) -> WalkingNetwork:
    return WalkingNetwork.of(ways)


def walk(index: int, metres: float) -> Walk:
    return Walk(index, pytest.approx(metres))  # type: ignore[arg-type]


def metres(streets: WalkingNetwork, start: tuple[float, float], goal: tuple[float, float]) -> float:
    return float(streets.distances([start], [goal], limit_m=1e6)[0, 0])


# 300 m          |
#                |
#    0   ------ 400 m ------------ 1,000 m
CROSS = network(street((0, 0), (400, 0), (1000, 0)), street((400, 0), (400, 300)))


def test_way_round_a_corner_counts_the_steps_to_and_from_the_street() -> None:
    # 5 m down to the street, 300 m east, 200 m north, 7 m aside.
    assert metres(CROSS, (100, 5), (407, 200)) == pytest.approx(5 + 300 + 200 + 7)


def test_places_on_one_edge_are_joined_along_it() -> None:
    assert metres(CROSS, (500, 4), (820, -6)) == pytest.approx(4 + 320 + 6)
    assert metres(CROSS, (820, -6), (500, 4)) == pytest.approx(4 + 320 + 6)


def test_the_way_round_is_taken_when_it_is_shorter_than_the_edge_itself() -> None:
    # One winding edge of 100 + 1,000 + 100 m whose ends a straight street of 1,000 m joins; between metre 10 and
    # metre 1,190 of the winding one the way round is 10 + 1,000 + 10.
    winding = street((0, 0), (0, 100), (1000, 100), (1000, 0))
    streets = network(winding, street((0, 0), (1000, 0)))
    assert metres(streets, (0, 90), (1000, 90)) == pytest.approx(10 + 1000 + 10)
    assert metres(streets, (0, 10), (1000, 10)) == pytest.approx(10 + 1000 + 10)


def test_beyond_the_limit_is_out_of_reach_and_at_the_limit_is_not() -> None:
    assert CROSS.distances([(0, 0)], [(800, 0)], limit_m=800)[0, 0] == pytest.approx(800)
    assert np.isinf(CROSS.distances([(0, 0)], [(800, 0)], limit_m=799.9)[0, 0])


def test_places_without_a_way_between_them_are_unreachable_not_near() -> None:
    #   (0, 0)---(500, 0)     50 m apart     (0, 50)---(500, 50)
    apart = network(street((0, 0), (500, 0)), street((0, 50), (500, 50)))
    assert np.isinf(metres(apart, (250, 0), (250, 50)))
    route = apart.route((250, 0), (250, 50))
    assert (route.reachable, route.line, route.metres) == (False, None, np.inf)
    assert apart.nearest((250, 0), [(250, 50), (0, 0)], limit_m=5000, most=5) == [walk(1, 250)]


def test_a_place_far_from_every_street_can_not_be_reached() -> None:
    assert CROSS.join([(0, 299), (0, 301)]).reachable.tolist() == [True, False]
    assert np.isinf(metres(CROSS, (0, 301), (400, 0)))
    assert not CROSS.route((0, 301), (400, 0)).reachable


def test_nearest_are_in_order_at_most_so_many_and_within_the_limit() -> None:
    places = np.array([(900.0, 0.0), (400.0, 100.0), (0.0, 0.0), (400.0, 200.0), (400.0, 200.0)])
    # From (400, 0): 500, 100, 400, 200, 200.
    assert CROSS.nearest((400, 0), places, limit_m=450, most=10) == [
        walk(1, 100),
        walk(3, 200),
        walk(4, 200),
        walk(2, 400),
    ]
    assert CROSS.nearest((400, 0), places, limit_m=450, most=2) == [walk(1, 100), walk(3, 200)]
    assert CROSS.nearest((400, 0), np.empty((0, 2)), limit_m=450, most=2) == []


def test_route_is_drawn_from_place_to_place_along_the_streets() -> None:
    route = CROSS.route((100, 5), (407, 200))
    assert route.line is not None
    assert route.line.srid == SRID
    assert [tuple(xy) for xy in route.line.coords] == [(100, 5), (100, 0), (400, 0), (400, 200), (407, 200)]
    assert route.metres == pytest.approx(512)


@pytest.mark.parametrize(
    ("start", "goal"), [((500, 0), (820, 0)), ((820, 0), (500, 0)), ((820, 3), (820, 3))]
)
def test_route_within_one_edge_runs_its_way(start: tuple[float, float], goal: tuple[float, float]) -> None:
    route = CROSS.route(start, goal)
    assert route.line is not None
    assert (route.line.coords[0], route.line.coords[-1]) == (start, goal)
    assert route.metres == pytest.approx(metres(CROSS, start, goal))


# ── Where ways meet ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("apart", "joined"), [(0.0, True), (0.4, True), (0.6, False)])
def test_a_way_that_ends_on_another_within_half_a_metre_meets_it(apart: float, joined: bool) -> None:
    streets = network(street((0, 0), (1000, 0)), street((300, apart), (300, 200)))
    found = metres(streets, (0, 0), (300, 200))
    assert found == pytest.approx(300 + 200, abs=1.0) if joined else np.isinf(found)


@pytest.mark.parametrize(("level", "joined"), [(0, True), (1, False)])
def test_a_way_that_ends_over_another_on_a_bridge_does_not_meet_it(level: int, joined: bool) -> None:
    streets = network(street((0, 0), (1000, 0)), street((300, 0.1), (300, 200), level=level))
    assert np.isfinite(metres(streets, (0, 0), (300, 200))) == joined


@pytest.mark.parametrize(
    ("from_osm", "level", "joined"), [(True, 0, False), (False, 0, True), (False, 1, False)]
)
def test_ways_that_cross_without_a_vertex(from_osm: bool, level: int, joined: bool) -> None:
    # OSM says by a shared vertex where ways meet; other sources just draw them across each other.
    streets = network(
        street((0, 0), (1000, 0), from_osm=from_osm),
        street((400, -100), (400, 100), from_osm=from_osm, level=level),
    )
    found = metres(streets, (0, 0), (400, 100))
    assert found == pytest.approx(500) if joined else np.isinf(found)


def test_a_way_that_crosses_another_and_ends_on_it_is_cut_at_both_places() -> None:
    # 20 m up, 20 m along and down again onto the street: where it ends it also crosses, and no piece is a mere point.
    streets = network(
        street((0, 0), (1000, 0), from_osm=False),
        street((400, -100), (400, 100), (500, 0), from_osm=False),
    )
    assert metres(streets, (400, -100), (1000, 0)) == pytest.approx(100 + 600)
    assert metres(streets, (400, 100), (500, 0)) == pytest.approx(100 * 2**0.5)


def test_a_bridge_meets_its_ramps_at_its_ends_on_whatever_level() -> None:
    streets = network(
        street((0, 0), (100, 0)),
        street((100, 0), (200, 0), level=1),
        street((200.3, 0), (300, 0)),
    )
    assert metres(streets, (0, 0), (300, 0)) == pytest.approx(300, abs=0.6)


def test_vertices_close_together_do_not_shorten_a_way() -> None:
    # A vertex every 0.3 m, all of them within half a metre of the next; a side street ends on the middle.
    dense = street(*[(0.3 * step, 0.0) for step in range(1001)])
    streets = network(dense, street((150, 0), (150, 80)))
    assert metres(streets, (0, 0), (300, 0)) == pytest.approx(300, abs=1.0)
    assert metres(streets, (0, 0), (150, 80)) == pytest.approx(230, abs=1.0)


# ── Which ways people walk on ─────────────────────────────────────────────────────────────────────────────


def test_motorways_are_walked_on_only_where_there_is_nothing_else() -> None:
    motorway = street((0, 0), (1000, 0), highway="motorway")
    assert np.isinf(metres(network(motorway, street((0, 100), (100, 100))), (0, 0), (1000, 0)))
    assert metres(network(motorway), (0, 0), (1000, 0)) == pytest.approx(1000)


def test_a_raised_expressway_is_left_to_cars_where_a_street_runs_beside_it() -> None:
    #   expressway on its bridge    (0, 0) ================ (1000, 0)
    #   street beside it            (0, -30) -- 40 m down -- (1000, -30)
    raised = street((0, 0), (1000, 0), highway="trunk", level=1, off_ground=True)
    beside = street((0, -30), (1000, -30))
    assert network(raised, beside).join([(500, 0)]).aside[0] == pytest.approx(30)
    far = street((0, -60), (1000, -60))
    assert network(raised, far).join([(500, 0)]).aside[0] == 0  # a bridge over a river
    ground = street((0, 0), (1000, 0), highway="trunk")
    assert network(ground, beside).join([(500, 0)]).aside[0] == 0


# ── Against a plain Dijkstra ──────────────────────────────────────────────────────────────────────────────


def plain_dijkstra(ways: list[Coordinates], start: tuple[float, float], goal: tuple[float, float]) -> float:
    """Metres from vertex to vertex of ways whose vertices are the same where they meet."""
    links: dict[tuple[float, float], list[tuple[float, tuple[float, float]]]] = {}
    for way in ways:
        for a, b in pairwise(way):
            length = float(np.hypot(a[0] - b[0], a[1] - b[1]))
            links.setdefault(a, []).append((length, b))
            links.setdefault(b, []).append((length, a))
    best = {start: 0.0}
    queue = [(0.0, start)]
    while queue:
        walked, here = heapq.heappop(queue)
        if here == goal:
            return walked
        for length, there in links.get(here, []):
            if walked + length < best.get(there, np.inf):
                best[there] = walked + length
                heapq.heappush(queue, (walked + length, there))
    return np.inf


def walked(start: tuple[int, int], steps: list[tuple[int, int]]) -> Coordinates:
    """A way from crossing to crossing of streets 100 m apart, so that ways meet at vertices and nowhere else."""
    xy = np.cumsum([start, *steps], axis=0) * 100.0
    return [(float(x), float(y)) for x, y in xy]


steps = st.lists(st.sampled_from([(1, 0), (0, 1), (-1, 0), (0, -1)]), min_size=1, max_size=6)
crossings = st.tuples(st.integers(0, 4), st.integers(0, 4))
drawn = st.lists(st.builds(walked, crossings, steps), min_size=1, max_size=10)


@settings(max_examples=40, deadline=None)
@given(drawn)
def test_distances_and_routes_are_those_of_a_plain_dijkstra(ways: list[Coordinates]) -> None:
    streets = network(*(street(*way) for way in ways))
    places = sorted({spot for way in ways for spot in way})
    found = streets.distances(np.array(places), np.array(places), limit_m=1e9)
    for row, start in enumerate(places[:4]):
        expected = [plain_dijkstra(ways, start, goal) for goal in places]
        assert found[row] == pytest.approx(np.array(expected))
        for goal, metres_there in zip(places, expected, strict=True):
            route = streets.route(start, goal)
            assert route.reachable == np.isfinite(metres_there)
            assert route.metres == pytest.approx(metres_there)
            if route.line is not None:
                assert (route.line.coords[0], route.line.coords[-1]) == (start, goal)
                assert route.line.length == pytest.approx(metres_there)


@settings(max_examples=40, deadline=None)
@given(drawn, st.lists(st.tuples(st.floats(-50, 550), st.floats(-50, 550)), min_size=3, max_size=3))
def test_distances_are_the_same_there_and_back_and_no_shorter_than_the_air_line(
    ways: list[Coordinates], places: Coordinates
) -> None:
    streets = network(*(street(*way) for way in ways))
    xy = np.array(places)
    found = streets.distances(xy, xy[:2], limit_m=1e9)
    assert pytest.approx(streets.distances(xy[:2], xy, limit_m=1e9)) == found.T
    air = np.hypot(*(xy[:, None] - xy[:2]).transpose(2, 0, 1))
    assert (found >= air - 1e-6).all()


# ── What is refused ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "bad", [[(np.nan, 0)], [(np.inf, 0)], [(1, 2, 3)], [1, 2, 3], "somewhere", Point(112.5, 37.8, srid=4326)]
)
def test_places_that_are_none_are_refused(bad: Any) -> None:
    with pytest.raises(Invalid):
        CROSS.distances(bad, [(0, 0)], limit_m=100)


def test_a_limit_that_is_no_number_is_refused() -> None:
    with pytest.raises(Invalid):
        CROSS.distances([(0, 0)], [(0, 0)], limit_m=float("nan"))


def test_too_many_pairs_are_refused() -> None:
    many = np.zeros((5000, 2))
    with pytest.raises(TooMuch):
        CROSS.distances(many, many, limit_m=10)


def test_points_and_arrays_are_read_alike() -> None:
    assert as_xy(point(3, 4)).tolist() == [list(at(3, 4))]
    assert as_xy([point(3, 4), point(5, 6)]).tolist() == [list(at(3, 4)), list(at(5, 6))]
    assert as_xy((1, 2)).tolist() == [[1, 2]]
    assert as_xy([]).shape == (0, 2)


def test_a_city_without_streets_has_no_way_to_anywhere() -> None:
    empty = network()
    assert np.isinf(empty.distances([(0, 0)], [(0, 0)], limit_m=10)).all()
    assert not empty.route((0, 0), (1, 1)).reachable


# ── From the database ─────────────────────────────────────────────────────────────────────────────────────


def carriageway(number: int, *points: tuple[float, float], **more: Any) -> Carriageway:
    values = {"highway": "residential", "width_m": 7.0, "width_origin": "measured", "osm_id": number, **more}
    return Carriageway.objects.create(source_id=str(number), line=line(*points), **values)


def test_one_way_streets_are_walked_both_ways(db: None) -> None:
    carriageway(1, (0, 0), (500, 0), oneway="yes")
    streets = walking_network()
    assert streets.distances([at(400, 0)], [at(100, 0)], limit_m=1000)[0, 0] == pytest.approx(300)


def test_a_transaction_sees_the_streets_it_has_just_written(db: None) -> None:
    carriageway(1, (0, 0), (500, 0))
    assert len(walking_network().lines) == 1
    carriageway(2, (500, 0), (500, 500))
    assert len(walking_network().lines) == 2


def test_the_network_is_kept_until_a_street_changes(
    transactional_db: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    way = carriageway(1, (0, 0), (500, 0))
    first = walking_network()
    with django_assert_num_queries(1):
        assert walking_network() is first
    way.line = line((0, 0), (800, 0))
    way.save()
    second = walking_network()
    assert second is not first
    assert second.lengths.tolist() == pytest.approx([800])


def test_a_citys_network_is_rebuilt_aside_while_the_old_one_answers(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streets_on_foot, "FEW", 0)
    way = carriageway(1, (0, 0), (500, 0))
    first, may_go_on, ways = walking_network(), Event(), streets_on_foot._stored_ways

    def held_up() -> list[WalkableWay]:
        assert may_go_on.wait(10)
        return ways()

    monkeypatch.setattr(streets_on_foot, "_stored_ways", held_up)
    way.line = line((0, 0), (800, 0))
    way.save()
    assert walking_network() is walking_network() is first  # nobody waits for the one being built
    may_go_on.set()
    streets_on_foot._KEPT.settled()
    assert walking_network().lengths.tolist() == pytest.approx([800])


def test_threads_share_one_network(transactional_db: None) -> None:
    carriageway(1, (0, 0), (500, 0))

    def ask(_index: int) -> int:
        try:
            return id(walking_network())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1
