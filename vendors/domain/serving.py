"""Where k new sites would serve best: a plan, who is served from where, and how good it surely is.

Two aims. COVERAGE: most weight of demand served within `within_m` metres on foot. WALKING: least walking in all
(weight times metres), with every unit that stays unserved counted as `unserved_m` metres. Both respect capacities; one demand
may be served from several sites. Existing sites are kept. Demand that no site or candidate is near enough to is
reported and counts for neither value nor bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy

from vendors.domain.location import Effort, Problem, Search, solve_transport

SECONDS = 4.0  # for distances and search; closing the books takes some tenths more
GAP = 0.01  # the search ends when the plan is proven to be this near the best


class Objective(TextChoices):
    COVERAGE = "coverage", gettext_lazy("服务最多需求")
    WALKING = "walking", gettext_lazy("步行总距离最短")


class Why(TextChoices):
    """Why demand stays unserved."""

    OUT_OF_REACH = "out_of_reach", gettext_lazy("步行范围内没有任何候选地点")
    NOT_NEAR = "not_near", gettext_lazy("步行范围内没有方案中的摊点")
    NO_ROOM = "no_room", gettext_lazy("步行范围内的摊点已满")


class Walks(Protocol):
    """Whatever knows walking distances: grids.domain.walking.WalkingNetwork."""

    def distances(self, from_points: Any, to_points: Any, *, limit_m: float) -> np.ndarray: ...


@dataclass(frozen=True)
class Share:
    """So much of a demand is served by a site. Sites are numbered: the existing ones first, then the candidates."""

    demand: int
    site: int
    weight: float
    metres: float


@dataclass(frozen=True)
class Unserved:
    demand: int
    weight: float
    why: Why


@dataclass(frozen=True)
class Step:
    """One point of the curve: the best plan found with this many new sites, and what no plan with as many can pass."""

    sites: int
    chosen: tuple[int, ...]
    value: float
    adds: float
    bound: float
    gap: float


@dataclass(frozen=True)
class Suggestion:
    """A plan. `chosen` are indices of candidates. `value` and `bound`: weight served, or weight times metres.

    For COVERAGE the bound is an upper one, for WALKING (cost with `unserved_m`) a lower one. `gap` is the distance
    between value and bound as a share of the bound (COVERAGE), or of the cost above what no plan can avoid for want
    of room (WALKING). `bound_origin`: "lagrangian" or "milp". `out_of_time`: the search was cut short by the clock, and
    may do better, and otherwise, when asked again.
    """

    objective: Objective
    within_m: float
    unserved_m: float
    chosen: tuple[int, ...]
    shares: list[Share]
    unserved: list[Unserved]
    value: float
    bound: float
    bound_origin: str
    gap: float
    curve: list[Step]
    seconds: float
    out_of_time: bool

    @property
    def served_weight(self) -> float:
        return sum(share.weight for share in self.shares)

    @property
    def walked(self) -> float:
        """Weight times metres."""
        return sum(share.weight * share.metres for share in self.shares)


@dataclass(frozen=True, eq=False)
class Case:
    """What was asked, checked. `metres` is (sites, demand): the existing sites first, then the candidates."""

    metres: np.ndarray
    weight: np.ndarray
    capacity: np.ndarray
    existing: int
    more: int
    objective: Objective
    within_m: float
    unserved_m: float

    @property
    def reach(self) -> np.ndarray:
        return np.logical_and(self.metres <= self.within_m, self.capacity[:, None] > 0)


def plan(
    case: Case,
    *,
    seconds: float = SECONDS,
    began: float | None = None,
    step: Callable[[float], None] = lambda _share: None,
) -> Suggestion:
    """The plan for a case whose walking distances are known."""
    began = perf_counter() if began is None else began
    problem = problem_of(case)
    effort = Effort.of(seconds - (perf_counter() - began))
    search = Search(problem, case.more, effort, GAP, step)
    sites = search.plans[case.more].sites
    shares = _assigned(case, sites)
    search.plans[case.more] = replace(search.plans[case.more], cost=_cost(case, shares))
    curve = _curve(case, search)
    last = curve[-1]
    return Suggestion(
        objective=case.objective,
        within_m=case.within_m,
        unserved_m=case.unserved_m,
        chosen=last.chosen,
        shares=shares,
        unserved=_unserved(case, sites, shares),
        value=last.value,
        bound=last.bound,
        bound_origin=search.origin[case.more],
        gap=last.gap,
        curve=curve,
        seconds=perf_counter() - began,
        out_of_time=effort.out_of_time,
    )


def problem_of(case: Case) -> Problem:
    """The case as costs to be made small: weight unserved, or metres walked and penalties."""
    reach = case.reach
    some = reach.any(axis=0) & (case.weight > 0)
    coverage = case.objective == Objective.COVERAGE
    return Problem(
        cost=np.where(reach, 0.0 if coverage else case.metres, np.inf)[:, some],
        weight=case.weight[some],
        capacity=case.capacity,
        fixed=np.arange(len(case.capacity)) < case.existing,
        unserved=1.0 if coverage else case.unserved_m,
        gap_of_saving=coverage,
    )


def _assigned(case: Case, sites: tuple[int, ...]) -> list[Share]:
    """Who is served from where: as much as the aim wants, and among such assignments the least walking."""
    rows = np.array(sites, dtype=np.intp)
    within = case.reach[rows] & (case.weight > 0)
    site, demand = np.nonzero(within)
    if not len(site):
        return []
    metres = case.metres[rows][site, demand]
    # One more unit served shifts others along a chain of sites: it costs less than this.
    worth = 2.0 * (len(rows) + 1) * case.within_m if case.objective == Objective.COVERAGE else case.unserved_m
    _cost, flow, _rent = solve_transport(metres - worth, site, demand, case.weight, case.capacity[rows])
    if _whole(case.weight) and _whole(case.capacity):
        flow = np.round(flow)  # transport problems in whole numbers have solutions in whole numbers
    return [
        Share(int(demand[pair]), int(rows[site[pair]]), float(flow[pair]), float(metres[pair]))
        for pair in np.lexsort((site, demand))
        if flow[pair] > 1e-6
    ]


def _whole(numbers: np.ndarray) -> bool:
    return bool(np.all(numbers == np.round(numbers)))


def _unserved(case: Case, sites: tuple[int, ...], shares: Sequence[Share]) -> list[Unserved]:
    served = np.bincount(
        [share.demand for share in shares], [share.weight for share in shares], len(case.weight)
    )
    left = case.weight - served
    reach = case.reach
    anywhere: np.ndarray = np.any(reach, axis=0)
    here: np.ndarray = np.any(reach[np.array(sites, dtype=np.intp)], axis=0)
    return [
        Unserved(int(demand), float(left[demand]), _why(bool(anywhere[demand]), bool(here[demand])))
        for demand in np.flatnonzero(left > 1e-6)
    ]


def _why(reachable: bool, near: bool) -> Why:
    if not reachable:
        return Why.OUT_OF_REACH
    return Why.NO_ROOM if near else Why.NOT_NEAR


def _cost(case: Case, shares: Sequence[Share]) -> float:
    """What this assignment costs in the terms of `problem_of`."""
    served = sum(share.weight for share in shares)
    reachable = float(case.weight[case.reach.any(axis=0)].sum())
    if case.objective == Objective.COVERAGE:
        return reachable - served
    return sum(share.weight * share.metres for share in shares) + case.unserved_m * (reachable - served)


def _curve(case: Case, search: Search) -> list[Step]:
    steps: list[Step] = []
    for k, served in enumerate(search.plans):
        value, bound, gap = _measured(case, search, k)
        adds = search.plans[k - 1].cost - served.cost if k else 0.0
        chosen = tuple(site - case.existing for site in served.sites if site >= case.existing)
        steps.append(Step(sites=k, chosen=chosen, value=value, adds=max(adds, 0.0), bound=bound, gap=gap))
    return steps


def _measured(case: Case, search: Search, k: int) -> tuple[float, float, float]:
    """Value, bound and gap of the plan for k new sites."""
    cost, lower, worst = search.plans[k].cost, search.lower(k), search.problem.worst
    if case.objective == Objective.WALKING:
        return cost, lower, search.gap(k)
    return worst - cost, worst - lower, search.gap(k)
