"""What a set of sites costs, worked out by hand: the nearest site, one that is full, and nobody in reach."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vendors.domain.location.problem import Problem
from vendors.domain.location.transport import Evaluator

FAR = float("inf")


def problem(
    cost: list[list[float]], weight: list[float], capacity: list[float], unserved: float = 100.0
) -> Problem:
    return Problem(
        np.array(cost, dtype=float), np.array(weight, dtype=float), np.array(capacity, dtype=float),
        np.zeros(len(capacity), dtype=bool), unserved,
    )  # fmt: skip


#          demand a  b   c      two sites; c is out of reach of the first
COST: list[list[float]] = [[10, 20, FAR], [30, 25, 40]]


@pytest.mark.parametrize(
    ("sites", "capacity", "cost"),
    [
        ((), [9, 9], 300),  # nobody served: 3 × 100
        ((0,), [9, 9], 10 + 20 + 100),
        ((1,), [9, 9], 30 + 25 + 40),
        ((0, 1), [9, 9], 10 + 20 + 40),  # room everywhere: each to the nearest
        ((0, 1), [1, 9], 10 + 25 + 40),  # one place at the first: a saves 20 there, b only 5
        ((0, 1), [1, 1], 10 + 25 + 100),  # one place at each: at the second b saves 75, c only 60
    ],
)
def test_cost_of_sites(sites: tuple[int, ...], capacity: list[float], cost: float) -> None:
    served = Evaluator(problem(COST, [1, 1, 1], capacity))(sites)
    assert served.sites == sites
    assert served.cost == pytest.approx(cost)


def test_a_set_is_worked_out_once_whatever_its_order() -> None:
    evaluate = Evaluator(problem(COST, [1, 1, 1], [1, 9]))
    assert evaluate((1, 0)) is evaluate((0, 1))


def test_a_set_that_costs_the_limit_or_more_is_given_up_and_not_remembered() -> None:
    evaluate = Evaluator(problem(COST, [1, 1, 1], [1, 1]))
    assert evaluate.below(134, (0, 1)) is None
    assert evaluate.known == {}
    served = evaluate.below(136, (0, 1))
    assert served is not None
    assert served.cost == pytest.approx(135)


def test_where_only_reach_counts_the_most_are_served() -> None:
    """A ring of three who each reach two of three sites with one place each, and a fourth who reaches the first alone."""
    reach = [[0, 0, FAR, 0], [FAR, 0, 0, FAR], [0, FAR, 0, FAR]]
    asked = problem(reach, [1, 1, 1, 1], [1, 1, 1], unserved=10.0)
    served = Evaluator(asked)((0, 1, 2))
    assert served.cost == pytest.approx(10)  # three places for four
    assert float(served.price @ asked.weight - served.rent @ asked.capacity) == pytest.approx(10)
    halves = problem(reach, [0.5, 0.5, 0.5, 1.0], [1, 1, 1], unserved=10.0)
    assert Evaluator(halves)((0, 1, 2)).cost == pytest.approx(0, abs=1e-4)


costs = st.lists(st.lists(st.integers(1, 50), min_size=4, max_size=4), min_size=3, max_size=3)
few = st.lists(st.integers(1, 5), min_size=4, max_size=4)
rooms = st.lists(st.integers(0, 6), min_size=3, max_size=3)


@settings(deadline=None, max_examples=60)
@given(costs, few, rooms)
def test_cost_is_that_of_the_whole_transport_problem_and_prices_prove_it(
    cost: list[list[int]], weight: list[int], capacity: list[int]
) -> None:
    asked = problem(
        [list(map(float, row)) for row in cost], list(map(float, weight)), list(map(float, capacity)), 60.0
    )
    served = Evaluator(asked)((0, 1, 2))
    saved = (asked.cost - asked.unserved).ravel()
    limits = np.vstack((np.kron(np.ones((1, 3)), np.eye(4)), np.kron(np.eye(3), np.ones((1, 4)))))
    best = linprog(saved, A_ub=limits, b_ub=[*weight, *capacity], bounds=(0, None), method="highs")
    assert served.cost == pytest.approx(asked.worst + best.fun)
    assert float(served.price @ asked.weight - served.rent @ asked.capacity) == pytest.approx(served.cost)
    room = asked.capacity > 0
    assert (served.price[None, :] <= (asked.cost + served.rent[:, None])[room] + 1e-6).all()
