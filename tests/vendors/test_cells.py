"""Parts of an axis: joined, cut, turned inside out, and laid over one another; each answer also asked of single places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendors.domain.kerbside.cells import NONE, Cells, cut, elementary, holds, merged, outside, spread
from vendors.domain.rectangles import Floats


def cells(*pairs: tuple[float, float]) -> Cells:
    return np.array([low for low, _high in pairs], dtype=float), np.array(
        [high for _low, high in pairs], dtype=float
    )


def pairs(found: Cells) -> list[tuple[float, float]]:
    return list(zip(found[0].tolist(), found[1].tolist(), strict=True))


def test_cells_that_touch_or_overlap_are_joined_in_order() -> None:
    assert pairs(merged(*cells((5, 6), (0, 2), (2, 3), (1, 1.5)))) == [(0, 3), (5, 6)]
    assert pairs(merged(*cells((0, 9), (1, 2), (3, 4)))) == [(0, 9)]
    assert pairs(merged(*cells((0, 1), (1.4, 2)), gap=0.5)) == [(0, 2)]
    assert pairs(merged(*cells((0, 1), (1.6, 2)), gap=0.5)) == [(0, 1), (1.6, 2)]
    assert pairs(merged(*NONE)) == []


def test_a_place_is_held_from_the_beginning_of_a_cell_up_to_its_end() -> None:
    at = np.array([-1, 0, 1.9, 2, 3, 4, 5.0])
    assert holds(cells((0, 2), (3, 5)), at).tolist() == [False, True, True, False, True, True, False]
    assert holds(NONE, at).tolist() == [False] * 7


def test_outside_is_what_the_whole_has_and_the_cells_have_not() -> None:
    assert pairs(outside(cells((1, 2), (8, 12)), cells((0, 5), (7, 10)))) == [(0, 1), (2, 5), (7, 8)]
    assert pairs(outside(NONE, cells((0, 5)))) == [(0, 5)]
    assert pairs(outside(cells((0, 5)), cells((0, 5)))) == []


def test_cells_are_cut_in_equal_pieces_no_longer_than_asked() -> None:
    assert pairs(cut(cells((0, 10), (20, 23)), 4)) == [
        (0, pytest.approx(10 / 3)), (pytest.approx(10 / 3), pytest.approx(20 / 3)), (pytest.approx(20 / 3), 10), (20, 23),
    ]  # fmt: skip
    assert pairs(cut(cells((0, 4)), 4)) == [(0, 4)]


def test_lists_one_behind_the_other_are_spread_to_owner_and_index() -> None:
    owner, index = spread(np.array([10, 20, 30]), np.array([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert index.tolist() == [10, 11, 30, 31, 32]


def test_runs_are_cut_where_anything_changes_and_like_neighbours_are_one() -> None:
    low, high, masks = elementary(cells((0, 10), (12, 20)), [cells((2, 4)), cells((3, 6), (12, 20))])
    assert list(zip(low.tolist(), high.tolist(), masks.tolist(), strict=True)) == [
        (0, 2, 0), (2, 3, 1), (3, 4, 3), (4, 6, 2), (6, 10, 0), (12, 20, 2),
    ]  # fmt: skip
    # A cut that changes nothing leaves no seam; what lies on either side of a gap stays two.
    low, high, masks = elementary(cells((0, 10), (12, 20)), [cells((0, 5), (5, 10)), NONE])
    assert list(zip(low.tolist(), high.tolist(), masks.tolist(), strict=True)) == [(0, 10, 1), (12, 20, 0)]


some_cells = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=5).map(
    lambda found: merged(*cells(*((float(low), float(low + length)) for low, length in found)))
)


@given(some_cells, some_cells)
def test_every_place_is_outside_or_held(whole: Cells, some: Cells) -> None:
    middles: Floats = np.arange(0, 50, dtype=np.float64) + 0.5
    inside, out = holds(whole, middles) & holds(some, middles), holds(outside(some, whole), middles)
    assert (inside | out).tolist() == holds(whole, middles).tolist()
    assert not (inside & out).any()


@given(some_cells, some_cells, some_cells)
def test_masks_say_of_every_place_what_the_cells_say(whole: Cells, one: Cells, other: Cells) -> None:
    middles: Floats = np.arange(0, 50, dtype=np.float64) + 0.5
    low, high, masks = (
        elementary(whole, [one, other]) if len(whole[0]) else (*NONE, np.empty(0, dtype=np.int64))
    )
    assert holds((low, high), middles).tolist() == holds(whole, middles).tolist()
    for middle in middles[holds(whole, middles)]:
        piece = int(np.searchsorted(low, middle, side="right")) - 1
        said = int(masks[piece])
        assert [bool(said & 1), bool(said & 2)] == [
            bool(holds(each, np.array([middle]))[0]) for each in (one, other)
        ]
    joined = [(a, b) for a, b in zip(range(len(low)), range(1, len(low)), strict=False) if high[a] == low[b]]
    assert all(masks[a] != masks[b] for a, b in joined)
