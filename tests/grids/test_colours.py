"""Seven colours: neighbours differ whenever seven colours can do it."""

from itertools import combinations

import shapely
from hypothesis import given
from hypothesis import strategies as st

from grids.domain.colours import colouring, neighbours_of

NOTHING = shapely.MultiLineString()


def all_neighbours(count: int) -> dict[int, set[int]]:
    return {key: set(range(count)) - {key} for key in range(count)}


@given(st.integers(2, 5), st.integers(2, 6), st.booleans())
def test_colouring_of_a_chessboard_of_grids_is_proper(columns: int, rows: int, corners: bool) -> None:
    """Squares that touch by an edge, and by a corner too when asked."""
    squares = {
        y * columns + x: (
            shapely.box(x * 100, y * 100, x * 100 + 100, y * 100 + 100 - (0 if corners else 2)),
            NOTHING,
        )
        for x in range(columns)
        for y in range(rows)
    }
    neighbours = neighbours_of(squares)
    colours = colouring(neighbours)
    assert set(colours) == set(squares)
    assert set(colours.values()) <= set(range(7))
    assert all(colours[a] != colours[b] for a in neighbours for b in neighbours[a])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=18))
def test_colouring_of_a_sparse_graph_is_proper(pairs: list[tuple[int, int]]) -> None:
    neighbours: dict[int, set[int]] = {key: set() for key in range(10)}
    for a, b in pairs:
        if a != b:
            neighbours[a].add(b)
            neighbours[b].add(a)
    # Eight keys that all meet one another need 28 pairs: with 18, seven colours always do.
    colours = colouring(neighbours)
    assert all(colours[a] != colours[b] for a in neighbours for b in neighbours[a])


def test_colouring_uses_all_seven_when_seven_all_meet() -> None:
    assert sorted(colouring(all_neighbours(7)).values()) == list(range(7))


def test_colouring_of_eight_that_all_meet_leaves_one_pair_alike() -> None:
    colours = colouring(all_neighbours(8))
    assert sum(colours[a] == colours[b] for a, b in combinations(range(8), 2)) == 1


def test_colouring_spreads_colours_evenly() -> None:
    colours = colouring({key: set() for key in range(14)})
    assert sorted(list(colours.values()).count(colour) for colour in range(7)) == [2] * 7


def test_neighbours_touch_or_have_sections_that_meet() -> None:
    #  ┌────┐┌────┐        ┌────┐
    #  │ 1  ││ 2  │  500 m │ 3  │     the section of 1 ends 20 m before the section of 3 begins
    #  └────┘└────┘        └────┘
    shapes = {
        1: (shapely.box(0, 0, 100, 100), shapely.MultiLineString([[(50, 50), (580, 50)]])),
        2: (shapely.box(100.5, 0, 200, 100), NOTHING),
        3: (shapely.box(600, 0, 700, 100), shapely.MultiLineString([[(600, 50), (700, 50)]])),
    }
    assert neighbours_of(shapes) == {1: {2, 3}, 2: {1}, 3: {1}}
