"""Suggested sites: against every possible plan on small cases, bounds that bound, gaps on families, odd questions."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgr.core.errors import Invalid, TooMuch
from vendors.domain.serving import Case, Objective, Suggestion, Why, plan
from vendors.domain.suggest import suggest_sites


class Blocks:
    """Walking distance in a town of square blocks: east-west plus north-south metres."""

    def distances(self, from_points: Any, to_points: Any, *, limit_m: float) -> np.ndarray:
        metres = np.abs(np.asarray(from_points)[:, None] - np.asarray(to_points)).sum(axis=2)
        return np.where(metres <= limit_m, metres, np.inf)


def suggest(**asked: Any) -> Suggestion:
    return suggest_sites(**{"walks": Blocks(), "objective": "coverage", "within_m": 300.0, **asked})


# ── Drawn by hand ─────────────────────────────────────────────────────────────────────────────────────────

#   Demand:     A 5 at 0 m      B 3 at 400 m     C 4 at 500 m                 all on one street
#   Candidates:      0 at 100 m       1 at 450 m             2 at 2,000 m     each with room for 6
STREET: dict[str, Any] = {
    "demand": [(0, 0), (400, 0), (500, 0)],
    "weights": [5, 3, 4],
    "candidates": [(100, 0), (450, 0), (2000, 0)],
    "capacities": [6, 6, 6],
}


def test_coverage_serves_most_within_reach_and_room() -> None:
    found = suggest(**STREET, more=1)
    # Site 0 reaches A and B (8), room for 6; site 1 reaches B and C (7), room for 6. Both serve 6: less walking wins
    # only inside a plan, so either may be chosen, and two of them serve 5 + 6 and one of B from site 0: all 12.
    assert (found.value, found.bound, found.gap) == (6, 6, 0)
    both = suggest(**STREET, more=2)
    assert (both.value, both.bound, both.chosen) == (12, 12, (0, 1))
    # A 5 × 100 m; site 1 is full with 6 of B and C (50 m each); the seventh, one of B, walks 300 m to site 0.
    assert both.walked == pytest.approx(5 * 100 + 6 * 50 + 1 * 300)
    assert [(share.demand, share.site, share.weight, share.metres) for share in both.shares] == [
        (0, 0, 5, 100),
        (1, 0, 1, 300),
        (1, 1, 2, 50),
        (2, 1, 4, 50),
    ]
    assert both.unserved == []


def test_walking_counts_metres_and_what_stays_unserved() -> None:
    found = suggest(**STREET, more=1, objective="walking")
    # Site 1: 6 units at 50 m, 6 unserved at 600 m (twice 300 m): 3,900. Site 0: 5 at 100 m, 1 at 300 m, 6 unserved: 4,400.
    assert found.chosen == (1,)
    assert (found.value, found.walked) == (pytest.approx(300 + 3600), pytest.approx(300))
    assert found.bound == pytest.approx(3900)
    assert sum(left.weight for left in found.unserved) == 6


def test_the_curve_says_what_each_further_site_adds() -> None:
    found = suggest(**STREET, more=3)
    assert [(step.sites, step.value, step.adds, step.bound) for step in found.curve] == [
        (0, 0, 0, 0),
        (1, 6, 6, 6),
        (2, 12, 6, 12),
        (3, 12, 0, 12),
    ]


def test_existing_sites_are_kept_and_serve_first() -> None:
    found = suggest(**STREET, more=1, existing=[(450, 0)], existing_capacities=[7])
    assert found.curve[0].value == 7
    assert (found.value, found.chosen) == (12, (0,))
    assert {share.site for share in found.shares} == {0, 1}  # 0 is the existing site, 1 the first candidate


def test_why_demand_stays_unserved_is_said() -> None:
    far = {**STREET, "demand": [(0, 0), (400, 0), (9000, 0)], "capacities": [2, 6, 6]}
    found = suggest(**far, more=1, within_m=100.0)
    # Within 100 m: A from site 0 (room for 2), B from site 1, C from nowhere. Site 1 serves 3, site 0 only 2.
    assert found.chosen == (1,)
    assert [(left.demand, left.weight, left.why) for left in found.unserved] == [
        (0, 5, Why.NOT_NEAR),
        (2, 4, Why.OUT_OF_REACH),
    ]
    both = suggest(**far, more=2, within_m=100.0)
    assert [(left.demand, left.weight, left.why) for left in both.unserved] == [
        (0, 3, Why.NO_ROOM),
        (2, 4, Why.OUT_OF_REACH),
    ]


# ── Against every possible plan ───────────────────────────────────────────────────────────────────────────


def cost_of(case: Case, sites: list[int]) -> float:
    """Least cost of these sites by a linear programme over all pairs, without any of the code under test."""
    from scipy.optimize import linprog

    metres = np.where(case.capacity[:, None] > 0, case.metres, np.inf)
    weight = np.where(np.isfinite(metres).any(axis=0), case.weight, 0)
    unserved = 1.0 if case.objective == Objective.COVERAGE else case.unserved_m
    site, demand = np.nonzero(np.isfinite(metres[sites]))
    worst = float(unserved * weight.sum())
    if not len(site):
        return worst
    cost = np.zeros(len(site)) if case.objective == Objective.COVERAGE else metres[sites][site, demand]
    once = (demand == np.arange(len(weight))[:, None]).astype(float)
    room = (site == np.arange(len(sites))[:, None]).astype(float)
    limits = np.concatenate((weight, case.capacity[sites]))
    result = linprog(cost - unserved, A_ub=np.vstack((once, room)), b_ub=limits, method="highs")
    return worst + float(result.fun)


def check(case: Case, found: Suggestion) -> None:
    """The plan keeps to the rules, is worth what it says, and no plan passes its bound, for any number of sites."""
    standing = list(range(case.existing))
    every = range(len(case.capacity) - case.existing)
    served = np.zeros(len(case.weight))
    used = np.zeros(len(case.capacity))
    for share in found.shares:
        assert share.metres == case.metres[share.site, share.demand] <= case.within_m
        assert share.site < case.existing or share.site - case.existing in found.chosen
        served[share.demand] += share.weight
        used[share.site] += share.weight
    assert (served <= case.weight + 1e-5).all()
    assert (used <= case.capacity + 1e-5).all()
    assert len(found.chosen) <= case.more
    assert sum(left.weight for left in found.unserved) + served.sum() == pytest.approx(case.weight.sum())
    reachable = np.isfinite(np.where(case.capacity[:, None] > 0, case.metres, np.inf)).any(axis=0)
    weight = float(case.weight[reachable].sum())
    for step in found.curve:
        costs = [
            cost_of(case, standing + [case.existing + site for site in sites])
            for sites in combinations(every, step.sites)
        ]
        best, close = min(costs), 1e-5 * max(1.0, max(costs))
        if case.objective == Objective.COVERAGE:
            assert step.value <= weight - best + close
            assert step.bound >= weight - best - close
            assert step.value == pytest.approx(weight - best, abs=close)
        else:
            assert step.bound <= best + close
            assert step.value == pytest.approx(best, abs=close)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    demands, candidates, existing = draw(st.integers(1, 25)), draw(st.integers(1, 7)), draw(st.integers(0, 2))
    whole = draw(st.booleans())
    weight = rng.integers(0, 6, demands).astype(float) if whole else rng.uniform(0, 5, demands)
    more = draw(st.integers(0, candidates))
    room = draw(st.sampled_from([0.4, 0.8, 1.1, 3.0])) * weight.sum() / max(1, more)
    capacity = np.round(rng.uniform(0, 2, existing + candidates) * room, 0 if whole else 3)
    sites = np.round(rng.uniform(0, 1000, (existing + candidates, 2)), draw(st.sampled_from([-2, 0])))
    within = draw(st.sampled_from([150.0, 400.0, 2500.0]))
    return Case(
        metres=Blocks().distances(sites, rng.uniform(0, 1000, (demands, 2)), limit_m=within),
        weight=weight,
        capacity=capacity,
        existing=existing,
        more=more,
        objective=draw(st.sampled_from(list(Objective))),
        within_m=within,
        unserved_m=2 * within,
    )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cases())
def test_small_cases_are_solved_to_the_optimum_and_the_bound_holds(case: Case) -> None:
    check(case, plan(case, seconds=30))


# ── At size ───────────────────────────────────────────────────────────────────────────────────────────────


def instance(
    *, seed: int, demands: int, candidates: int, more: int, clusters: int, room: float, existing: int
) -> dict[str, Any]:
    """A town of 6 km by 6 km; `room`: what the largest sites of a plan hold, in shares of all demand."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(500, 5500, (max(clusters, 1), 2))

    def places(count: int, crowded: bool) -> np.ndarray:
        if not (clusters and crowded):
            return rng.uniform(0, 6000, (count, 2))
        return middles[rng.integers(0, clusters, count)] + rng.normal(0, 250, (count, 2))

    weights = rng.integers(1, 7, demands).astype(float)
    share = rng.uniform(0.5, 1.5, existing + candidates)
    largest = np.sort(share[existing:])[-more:].sum() + share[:existing].sum()
    capacities = np.ceil(share * room * weights.sum() / largest)
    return {
        "demand": places(demands, True),
        "weights": weights,
        "candidates": np.concatenate(
            (places(candidates // 2, True), places(candidates - candidates // 2, False))
        ),
        "capacities": capacities[existing:],
        "existing": places(existing, True),
        "existing_capacities": capacities[:existing],
        "more": more,
    }


FAMILIES = [(0, 2.0, 0), (0, 0.7, 0), (8, 2.0, 0), (8, 0.7, 0), (8, 2.0, 8)]


@pytest.mark.parametrize(("clusters", "room", "existing"), FAMILIES)
@pytest.mark.parametrize(("objective", "within_m"), [("coverage", 500.0), ("walking", 2000.0)])
def test_families_of_middling_size_come_within_two_per_cent(
    clusters: int, room: float, existing: int, objective: str, within_m: float
) -> None:
    asked = instance(
        seed=11, demands=250, candidates=100, more=8, clusters=clusters, room=room, existing=existing
    )
    found = suggest(**asked, objective=objective, within_m=within_m, seconds=20)
    assert found.gap < 0.02
    values = [step.value for step in found.curve]
    assert values == sorted(values, reverse=objective == "walking")
    for step in found.curve:
        assert step.value <= step.bound + 1e-6 if objective == "coverage" else step.value >= step.bound - 1e-6


def test_the_same_question_has_the_same_answer() -> None:
    asked = instance(seed=3, demands=200, candidates=60, more=5, clusters=6, room=0.9, existing=3)
    one, two = (suggest(**asked, objective="walking", within_m=1500.0, seconds=60) for _ in range(2))
    assert not one.out_of_time
    assert (one.chosen, one.shares, one.value, one.bound, one.curve) == (
        *(two.chosen, two.shares, two.value, two.bound, two.curve),
    )


def test_out_of_time_there_is_still_a_plan_and_a_bound_and_it_says_so() -> None:
    asked = instance(seed=5, demands=600, candidates=200, more=10, clusters=6, room=1.1, existing=0)
    found = suggest(**asked, objective="walking", within_m=1500.0, seconds=0.0)
    assert found.out_of_time
    assert len(found.curve) == 11
    assert 0 < found.bound <= found.value < found.curve[0].value


# ── Odd questions ─────────────────────────────────────────────────────────────────────────────────────────

NOTHING: dict[str, Any] = {"candidates": [], "capacities": []}


@pytest.mark.parametrize("objective", ["coverage", "walking"])
@pytest.mark.parametrize(
    ("changed", "value", "chosen"),
    [
        ({"more": 0}, 0, ()),
        ({"more": 3, **NOTHING}, 0, ()),
        ({"more": 99}, 12, (0, 1)),
        ({"more": 2, "weights": [0, 0, 0]}, 0, ()),
        ({"more": 2, "demand": [(9000, 0)] * 3}, 0, ()),
        ({"more": 2, "capacities": [0, 0, 0]}, 0, ()),
        ({"more": 2, "demand": [], "weights": []}, 0, ()),
        ({"more": 2, "candidates": [(450, 0)] * 3}, 7, (0, 1)),
    ],
    ids=[
        "none",
        "no-candidates",
        "more-than-there-are",
        "no-weight",
        "all-far",
        "no-room",
        "no-demand",
        "one-spot",
    ],
)
def test_trivial_questions_have_plain_answers(
    objective: str, changed: dict[str, Any], value: float, chosen: tuple[int, ...]
) -> None:
    found = suggest(**{**STREET, **changed}, objective=objective)
    assert found.served_weight == value
    assert (len(found.chosen), found.gap) == (len(chosen), 0)
    if objective == "coverage":
        assert (found.value, found.bound) == (value, value)


@pytest.mark.parametrize(
    "changed",
    [
        {"weights": [1, float("nan"), 1]},
        {"weights": [1, float("inf"), 1]},
        {"weights": [1, -1, 1]},
        {"weights": [1, 1]},
        {"weights": ["much", 1, 1]},
        {"capacities": [1, float("nan"), 1]},
        {"capacities": [1, -1, 1]},
        {"capacities": [1]},
        {"demand": [(0, float("nan")), (1, 1), (2, 2)]},
        {"demand": [(0, 0, 0)] * 3},
        {"candidates": [(float("inf"), 0)] * 3},
        {"existing": [(0, 0)]},
        {"existing": [(0, 0)], "existing_capacities": [-1]},
        {"more": -1},
        {"more": 1.5},
        {"more": True},
        {"within_m": 0},
        {"within_m": float("nan")},
        {"within_m": float("inf")},
        {"unserved_m": 10},
        {"unserved_m": float("nan")},
        {"objective": "profit"},
    ],
    ids=str,
)
def test_what_can_not_be_is_refused_in_words(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        suggest(**{**STREET, "more": 1, **changed})
    assert str(refused.value)


def test_more_than_one_answer_may_hold_is_refused() -> None:
    many = np.zeros((3000, 2))
    with pytest.raises(TooMuch):
        suggest(demand=many, weights=np.ones(3000), candidates=many, capacities=np.ones(3000), more=1)
    with pytest.raises(TooMuch):
        suggest(**{**STREET, "candidates": many, "capacities": np.ones(3000), "more": 101})
