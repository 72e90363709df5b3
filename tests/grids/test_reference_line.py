"""The reference line on drawn roads: round metres, expectations worked out by hand."""

import random
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point
from shapely.ops import substring

from grids.domain.line_quality import Way, beside_itself_m, covered_share
from grids.domain.reference_line import ReferenceLine, derive_reference_line

Coordinates = list[tuple[float, float]]


def ways(*lines: Coordinates, oneway: bool = False) -> list[Way]:
    return [Way(LineString(line), key=number, oneway=oneway) for number, line in enumerate(lines)]


def circle(radius: float, center: tuple[float, float] = (0.0, 0.0), corners: int = 72) -> Coordinates:
    angles = np.linspace(0.0, 2 * np.pi, corners + 1)
    return [(center[0] + radius * np.sin(angle), center[1] + radius * np.cos(angle)) for angle in angles]


def coordinates(found: ReferenceLine) -> Coordinates:
    return [(float(x), float(y)) for x, y in found.line.coords]


def farthest_off(found: ReferenceLine, expected: Coordinates) -> float:
    """The greatest distance, in metres, between the line and the expected one, either way."""
    return float(shapely.hausdorff_distance(found.line, LineString(expected), densify=0.01))


# ------------------------------------------------------------------------------------------------ the two checks


def test_covered_share_counts_the_length_within_reach() -> None:
    # The second way stands 50 m off over its whole 100 m; the first, 300 m, lies on the line: 300 / 400.
    line = LineString([(0, 0), (300, 0)])
    assert covered_share(line, ways([(0, 0), (300, 0)], [(0, 50), (100, 50)])) == pytest.approx(0.75)
    assert covered_share(line, ways([(0, 0), (300, 0)], [(0, 50), (100, 50)]), within_m=60) == 1.0


def test_beside_itself_measures_a_there_and_back() -> None:
    # 1,000 m out, 20 m across, 1,000 m back. From a point x metres before the turn the other arm is within 40 m up to
    # sqrt(40² - 20²) = 35 m farther from the turn, which is 2x + 20 + 35 along the line: more than 200 from x = 73 on.
    line = LineString([(0, 0), (1000, 0), (1000, 20), (0, 20)])
    assert beside_itself_m(line) == pytest.approx(1000 - 73, abs=9)


def test_beside_itself_measures_a_right_angled_crossing() -> None:
    # On either arm the 40 m before and the 40 m behind the crossing: 80 m.
    line = LineString([(0, 0), (500, 0), (500, 300), (250, 300), (250, -300)])
    assert beside_itself_m(line) == pytest.approx(80, abs=9)


def test_beside_itself_is_nothing_on_a_bend() -> None:
    assert beside_itself_m(LineString([(0, 0), (500, 0), (500, 500)])) == 0.0


# ------------------------------------------------------------------------------------------------ plain streets


def test_single_street_is_its_own_line() -> None:
    found = derive_reference_line(ways([(0, 0), (400, 10), (900, 0)]))
    assert coordinates(found) == [(0, 0), (400, 10), (900, 0)]
    assert (found.gaps, found.used, found.left_out) == ([], [0], [])
    assert found.covered_share == 1.0
    assert found.is_right


def test_line_starts_in_the_west_or_in_the_north() -> None:
    assert coordinates(derive_reference_line(ways([(900, 0), (0, 400)]))) == [(0, 400), (900, 0)]
    assert coordinates(derive_reference_line(ways([(400, 0), (0, 900)]))) == [(0, 900), (400, 0)]


def test_two_ways_end_to_end_are_one_line() -> None:
    # Drawn against each other: 0 → 300 and 700 → 300.
    found = derive_reference_line(ways([(0, 0), (300, 0)], [(700, 0), (300, 0)]))
    assert coordinates(found) == [(0, 0), (300, 0), (700, 0)]
    assert found.used == [0, 1]


def test_duplicate_ways_count_once() -> None:
    found = derive_reference_line(ways([(0, 0), (500, 0)], [(0, 0), (500, 0)], [(500, 0), (0, 0)]))
    assert coordinates(found) == [(0, 0), (500, 0)]
    assert found.used == [0, 1, 2]


def test_one_way_street_is_its_own_line_against_its_direction() -> None:
    found = derive_reference_line(ways([(600, 0), (0, 0)], oneway=True))
    assert coordinates(found) == [(0, 0), (600, 0)]


def test_coordinates_are_whole_millimetres() -> None:
    found = derive_reference_line(ways([(0.00049, 0.0), (100.12345, 0.0)]))
    assert coordinates(found) == [(0.0, 0.0), (100.123, 0.0)]


# ------------------------------------------------------------------------------------------------ dual carriageways


#   ────────────────►   y = 20
#   ◄────────────────   y = 0
@pytest.mark.parametrize("apart", [10.0, 20.0, 40.0, 60.0, 74.0])
def test_dual_carriageway_counts_once_midway(apart: float) -> None:
    found = derive_reference_line(ways([(0, 0), (1500, 0)], [(1500, apart), (0, apart)], oneway=True))
    assert farthest_off(found, [(0, apart / 2), (1500, apart / 2)]) < 1.0
    assert (found.gaps, found.left_out, found.beside_itself_m) == ([], [], 0.0)
    assert found.is_right


@pytest.mark.parametrize("apart", [20.0, 60.0])
def test_dual_carriageway_meeting_at_its_ends_counts_once(apart: float) -> None:
    # Both carriageways run from (0, 0) to (1,500, 0) and bow out to ± apart / 2 in the first and last 100 m.
    half = apart / 2
    found = derive_reference_line(
        ways(
            [(0, 0), (100, half), (1400, half), (1500, 0)],
            [(1500, 0), (1400, -half), (100, -half), (0, 0)],
            oneway=True,
        )
    )
    assert farthest_off(found, [(0, 0), (1500, 0)]) < 1.0
    assert found.is_right
    assert found.gaps == []


def test_dual_carriageway_that_becomes_a_single_street() -> None:
    # West of x = 800 two carriageways 30 m apart, east of it one street on the same axis.
    found = derive_reference_line(
        [
            Way(LineString([(0, 15), (760, 15), (800, 0)]), key="north", oneway=True),
            Way(LineString([(800, 0), (760, -15), (0, -15)]), key="south", oneway=True),
            Way(LineString([(800, 0), (1600, 0)]), key="east"),
        ]
    )
    assert farthest_off(found, [(0, 0), (1600, 0)]) < 1.0
    assert found.is_right


def test_carriageways_wider_apart_than_one_line_reaches_are_both_followed() -> None:
    # 120 m apart: no line covers both, two stretches 120 m from each other do.
    found = derive_reference_line(ways([(0, 0), (1000, 0)], [(0, 120), (1000, 120)], oneway=True))
    assert found.is_right
    assert [end - start for start, end in found.gaps] == [pytest.approx(120, abs=1)]


# ------------------------------------------------------------------------------------------------ gaps and branches


def test_gap_is_bridged_straight_and_recorded() -> None:
    #   ─────── 500     800 ───────
    found = derive_reference_line(ways([(0, 0), (500, 0)], [(800, 0), (1500, 0)]))
    assert farthest_off(found, [(0, 0), (1500, 0)]) < 0.5
    assert len(found.gaps) == 1
    assert found.gaps[0] == pytest.approx((500, 800), abs=1)
    assert found.gap_m == pytest.approx(300, abs=2)


def test_short_break_is_a_gap_too() -> None:
    found = derive_reference_line(ways([(0, 0), (500, 0)], [(550, 0), (1500, 0)]))
    assert [pytest.approx((500, 550), abs=1)] == found.gaps


def test_t_branch_is_followed_without_running_beside_the_main_street() -> None:
    #            │ 600
    #   ─────────┴─────────
    found = derive_reference_line(ways([(0, 0), (1000, 0)], [(1000, 0), (2000, 0)], [(1000, 0), (1000, 600)]))
    assert found.is_right
    assert found.covered_share >= 0.985
    assert found.left_out == []
    assert len(found.gaps) == 1


def test_crossing_branches_are_followed_without_crossing() -> None:
    found = derive_reference_line(ways([(-1000, 0), (1000, 0)], [(0, -1000), (0, 1000)]))
    assert found.is_right
    assert found.line.is_simple


def test_small_stub_is_left_out_and_named() -> None:
    # The stub's first 40 m are covered, its other way, 33 m, is not: 33 / 3,073 of the length.
    found = derive_reference_line(
        ways([(0, 0), (3000, 0)], [(1500, 0), (1500, 40)], [(1500, 40), (1500, 73)])
    )
    assert farthest_off(found, [(0, 0), (3000, 0)]) < 1.0
    assert [(key, round(far_m)) for key, far_m in found.left_out] == [(2, 33)]
    assert found.is_right


def test_separate_places_under_one_name_are_strung_together() -> None:
    found = derive_reference_line(
        ways([(0, 0), (800, 0)], [(300, 2000), (1500, 2000)], [(3000, 500), (3000, 900)])
    )
    assert found.is_right
    assert len(found.gaps) == 2


# ------------------------------------------------------------------------------------------------ rings


def test_ring_road_starts_at_its_northernmost_point() -> None:
    quarter = circle(500.0, corners=80)
    found = derive_reference_line(ways(quarter[:31], quarter[30:56], quarter[55:]))
    assert found.line.is_ring
    assert coordinates(found)[0] == (0.0, 500.0)
    assert found.is_right


def test_dual_ring_road_is_one_ring_midway() -> None:
    found = derive_reference_line(ways(circle(490.0), circle(510.0)[::-1], oneway=True))
    assert found.line.is_ring
    assert found.gaps == []
    assert farthest_off(found, circle(500.0)) < 3.0
    assert coordinates(found)[0][1] == max(y for _, y in coordinates(found))
    assert found.is_right


def test_roundabout_in_the_middle_is_passed_through() -> None:
    #   ───────◯───────   radius 20
    found = derive_reference_line(
        [
            Way(LineString([(0, 0), (480, 0)]), key="west"),
            Way(LineString([(520, 0), (1000, 0)]), key="east"),
            Way(LineString(circle(20.0, (500, 0))), key="roundabout", oneway=True),
        ]
    )
    assert farthest_off(found, [(0, 0), (1000, 0)]) < 1.0
    assert found.gaps == []
    assert found.is_right


# ------------------------------------------------------------------------------------------------ odd input


def test_no_way_is_refused() -> None:
    with pytest.raises(ValueError, match="no reference line"):
        derive_reference_line([])


@pytest.mark.parametrize(
    "lines",
    [
        [[(0, 0), (5, 0)]],
        [[(0, 0), (0.2, 0)], [(0, 50), (0.2, 50)]],
        [circle(3.0)],
        [circle(3.0), circle(3.0, (100, 0))],
        [[(0, 0), (100, 0), (50, 50), (50, -50)]],
        [[(0, 0), (300, 0), (150, 0), (400, 0)]],
        [[(0, 0), (0, 0)]],
        [[(0, 0), (10, 0)], [(7, 7), (7, 7)]],
    ],
    ids=[
        "5 m",
        "two specks",
        "tiny loop",
        "two loops",
        "crosses itself",
        "runs back",
        "point",
        "point beside",
    ],
)
def test_odd_ways_yield_a_line(lines: list[Coordinates]) -> None:
    found = derive_reference_line(ways(*lines))
    assert found.line.is_valid or found.line.length == 0
    assert found.covered_share >= 0.98
    assert found.line.distance(Point(lines[0][0])) <= 40


def shuffled_cases() -> list[list[Way]]:
    return [
        ways([(0, 0), (1500, 0)], [(1500, 30), (0, 30)], [(700, 30), (700, 400)], oneway=True),
        ways(circle(490.0), circle(510.0)[::-1], oneway=True),
        ways([(0, 0), (500, 0)], [(800, 0), (1500, 0)], [(300, 900), (700, 900)], [(800, 0), (500, 0)]),
    ]


@pytest.mark.parametrize("case", range(3))
def test_order_of_ways_does_not_matter(case: int) -> None:
    road = shuffled_cases()[case]
    first = derive_reference_line(road)
    for seed in range(3):
        mixed = random.Random(seed).sample(road, len(road))
        again = derive_reference_line(mixed)
        assert again.line.wkb == first.line.wkb
        assert again == first


# ------------------------------------------------------------------------------------------------ any road


@st.composite
def wiggly_dual_carriageways(draw: st.DrawFn) -> list[Way]:
    """Two carriageways beside a road that turns at most 35 degrees every 200 m, each drawn in several ways."""
    turns = draw(st.lists(st.floats(-35, 35), min_size=2, max_size=10))
    headings = np.radians(np.clip(np.cumsum(turns), -75, 75))
    axis = np.concatenate(
        ([[0.0, 0.0]], np.cumsum(200 * np.column_stack((np.cos(headings), np.sin(headings))), axis=0))
    )
    apart = draw(st.floats(8, 60))
    left, right = (offset(axis, side * apart / 2) for side in (1, -1))
    lines = draw_in_parts(draw, left) + [part.reverse() for part in draw_in_parts(draw, right)]
    return [Way(line, key=number, oneway=True) for number, line in enumerate(lines)]


def offset(axis: np.ndarray, metres: float) -> LineString:
    """The axis moved sideways, to the left when positive."""
    return shapely.line_merge(shapely.offset_curve(LineString(axis), metres))


def draw_in_parts(draw: st.DrawFn, line: LineString) -> list[LineString]:
    cuts = [0.0, *sorted(draw(st.lists(st.floats(0.1, 0.9), max_size=3, unique=True))), 1.0]
    return [substring(line, start, end, normalized=True) for start, end in pairwise(cuts)]


@settings(max_examples=40, deadline=None)
@given(wiggly_dual_carriageways())
def test_wiggly_dual_carriageways_are_right(road: list[Way]) -> None:
    found = derive_reference_line(road)
    assert found.covered_share >= 0.98
    assert found.beside_itself_m <= 50
    assert found.gaps == []
    half = MultiLineString([way.line for way in road]).length / 2
    assert found.line.length == pytest.approx(half, rel=0.05, abs=20)
