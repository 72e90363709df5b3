"""Kerbs on drawn roads: the outer edge of the outermost carriageway on each side, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from grids.domain.kerbs import KerbRun, Kerbs, derive_kerbs
from grids.domain.line_quality import Way
from grids.domain.reference_line import derive_reference_line

Coordinates = list[tuple[float, float]]


def kerbs(*ways: Way) -> Kerbs:
    return derive_kerbs(derive_reference_line(ways), ways)


def heights(run: KerbRun) -> list[float]:
    return [float(y) for _, y in run.line.coords]


def test_two_way_street_has_its_kerbs_half_a_width_off() -> None:
    # Width 12 m on y = 0, running east: left kerb y = 6, right kerb y = -6, stations every 10 m.
    found = kerbs(Way(LineString([(0, 0), (500, 0)]), key=1, width_m=12.0))
    assert heights(found.left[0]) == pytest.approx([6.0] * 51)
    assert heights(found.right[0]) == pytest.approx([-6.0] * 51)
    assert found.left[0].measures == pytest.approx(np.arange(0, 501, 10))
    assert (found.carriageway, found.shares["two_way"]) == ("two_way", 1.0)


def test_dual_carriageway_has_its_kerbs_outside_both() -> None:
    # Axes at y = 0 and y = 30, each 10 m wide: kerbs at y = -5 and y = 35.
    found = kerbs(
        Way(LineString([(0, 0), (800, 0)]), key=1, oneway=True, width_m=10.0),
        Way(LineString([(800, 30), (0, 30)]), key=2, oneway=True, width_m=10.0),
    )
    assert heights(found.left[0]) == pytest.approx([35.0] * len(found.left[0].measures), abs=0.2)
    assert heights(found.right[0]) == pytest.approx([-5.0] * len(found.right[0].measures), abs=0.2)
    assert found.carriageway == "dual"
    assert found.shares["dual"] > 0.95


def test_one_way_street_is_named_so() -> None:
    assert kerbs(Way(LineString([(0, 0), (300, 0)]), key=1, oneway=True)).carriageway == "one_way"


def test_mostly_dual_road_is_dual_with_its_share() -> None:
    # 600 m of two carriageways, 200 m of two-way street: 75 %, give or take the taper.
    found = kerbs(
        Way(LineString([(0, 10), (580, 10), (600, 0)]), key=1, oneway=True),
        Way(LineString([(600, 0), (580, -10), (0, -10)]), key=2, oneway=True),
        Way(LineString([(600, 0), (800, 0)]), key=3),
    )
    assert found.carriageway == "dual"
    assert found.shares["dual"] == pytest.approx(0.75, abs=0.04)


def test_links_do_not_move_the_kerb() -> None:
    found = kerbs(
        Way(LineString([(0, 0), (600, 0)]), key=1, width_m=8.0),
        Way(LineString([(200, 0), (230, 25), (400, 25)]), key=2, width_m=6.0, is_link=True, oneway=True),
    )
    # The line may lean towards the ramp; its kerbs stay within half a metre of y = ± 4.
    assert max(abs(y - 4) for y in heights(found.left[0])) < 0.5
    assert max(abs(y + 4) for y in heights(found.right[0])) < 0.5


def test_links_have_kerbs_where_there_is_no_other_way() -> None:
    # A street 8 m wide goes on as a ramp 6 m wide: kerbs at y = ± 4, then ± 3.
    found = kerbs(
        Way(LineString([(0, 0), (400, 0)]), key=1, width_m=8.0),
        Way(LineString([(400, 0), (800, 0)]), key=2, width_m=6.0, is_link=True),
    )
    assert heights(found.left[0])[:30] == pytest.approx([4.0] * 30)
    assert heights(found.left[0])[-30:] == pytest.approx([3.0] * 30)


def test_short_slip_lane_leaves_no_mark() -> None:
    # 25 m of service lane 15 m north of a street: shorter than half the median's window.
    found = kerbs(
        Way(LineString([(0, 0), (600, 0)]), key=1, width_m=8.0),
        Way(LineString([(300, 15), (325, 15)]), key=2, width_m=4.0),
    )
    assert max(heights(found.left[0])) < 12.0
    assert max(heights(found.right[0])) < -2.0


def test_kerbs_are_cut_where_the_road_has_a_gap() -> None:
    found = kerbs(
        Way(LineString([(0, 0), (500, 0)]), key=1, width_m=8.0),
        Way(LineString([(800, 0), (1500, 0)]), key=2, width_m=8.0),
    )
    for side in (found.left, found.right):
        assert [run.measures[0] for run in side] == pytest.approx([0, 800], abs=1)
        assert [run.measures[-1] for run in side] == pytest.approx([500, 1500], abs=1)


def test_inside_of_a_sharp_bend_has_no_loop() -> None:
    # Right angle, 24 m wide: the inner kerb turns at (488, 12), it does not run on to the vertex and back.
    found = kerbs(Way(LineString([(0, 0), (500, 0), (500, 500)]), key=1, width_m=24.0))
    assert found.left[0].line.is_simple
    assert found.left[0].line.distance(LineString([(0, 0), (500, 0), (500, 500)])) > 11.0
    assert found.right[0].line.is_simple


def test_a_speck_of_road_has_kerbs() -> None:
    found = kerbs(Way(LineString([(0, 0), (5, 0)]), key=1, width_m=6.0))
    assert heights(found.left[0]) == pytest.approx([3.0] * len(found.left[0].measures))


@settings(max_examples=40, deadline=None)
@given(
    turns=st.lists(st.floats(-80, 80), min_size=1, max_size=8),
    width=st.floats(4, 30),
)
def test_kerbs_of_any_bent_street_run_on_without_loops(turns: list[float], width: float) -> None:
    headings = np.radians(np.clip(np.cumsum(turns), -85, 85))
    steps = 120 * np.column_stack((np.cos(headings), np.sin(headings)))
    axis = np.concatenate(([[0.0, 0.0]], np.cumsum(steps, axis=0)))
    found = kerbs(Way(LineString(axis), key=1, width_m=width))
    for run in (*found.left, *found.right):
        assert run.line.is_simple
        assert (np.diff(run.measures) > 0).all()
        assert len(run.measures) == len(run.line.coords)
