"""Where new sites would serve best: a plan for k of them, who is served from where, and how good it surely is.

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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.errors import Invalid, TooMuch
from vendors.domain.location import Effort, Problem, Search, solve_transport

PAIRS_MOST = 5_000_000  # demand points times sites and candidates
MORE_MOST = 100  # new sites in one plan
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


def suggest_sites(
    *,
    demand: Any,
    weights: Sequence[float] | np.ndarray,
    candidates: Any,
    capacities: Sequence[float] | np.ndarray,
    more: int,
    objective: Objective | str,
    within_m: float,
    walks: Walks,
    existing: Any = (),
    existing_capacities: Sequence[float] | np.ndarray = (),
    unserved_m: float | None = None,
    seconds: float = SECONDS,
    step: Callable[[float], None] = lambda _share: None,
) -> Suggestion:
    """The best plan found for at most `more` new sites among `candidates`, beside the `existing` ones.

    Places are arrays (n, 2) in metres of the city's CRS. `unserved_m` is what a unit left unserved counts for when the
    aim is WALKING: twice `within_m` unless given, and at least `within_m`. `step` is told what share of the work is done,
    from 0 to 1. Raises Invalid for input that can't be,
    TooMuch beyond PAIRS_MOST or MORE_MOST.
    """
    began = perf_counter()
    weight = _numbers(weights, _("需求权重"))
    capacity = np.concatenate(
        (_numbers(existing_capacities, _("现有摊点容量")), _numbers(capacities, _("候选地点容量")))
    )
    demand, candidates, existing = (_places(each) for each in (demand, candidates, existing))
    _check_lengths(demand, weight, _("需求点"), _("权重"))
    _check_lengths(existing, np.asarray(existing_capacities), _("现有摊点"), _("容量"))
    _check_lengths(candidates, np.asarray(capacities), _("候选地点"), _("容量"))
    within, unserved = _limits(within_m, unserved_m)
    sites = np.concatenate((existing, candidates))
    if len(sites) * len(demand) > PAIRS_MOST:
        raise TooMuch(
            _(
                "需求点 %(demand)d 个、地点 %(sites)d 个,超过一次可算的 %(most)d 对。请合并相近的需求点或减少候选地点。"
            )
            % {"demand": len(demand), "sites": len(sites), "most": PAIRS_MOST}
        )
    case = Case(
        metres=_distances(walks, sites, demand, within),
        weight=weight,
        capacity=capacity,
        existing=len(existing),
        more=_how_many(more, len(candidates)),
        objective=_objective(objective),
        within_m=within,
        unserved_m=unserved,
    )
    return plan(case, seconds=seconds, began=began, step=step)


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


# ── What is wrong with the question ───────────────────────────────────────────────────────────────────────


def _numbers(values: Sequence[float] | np.ndarray, what: str) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=float).ravel()
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if not np.isfinite(numbers).all() or (numbers < 0).any():
        raise Invalid(_("%s须是不小于 0 的有限数字。请检查。") % what)
    return numbers


def _places(points: Any) -> np.ndarray:
    try:
        xy = np.asarray(points, dtype=float)
        xy = xy.reshape(0, 2) if xy.size == 0 else xy
    except (TypeError, ValueError):
        xy = np.full((1, 2), np.nan)
    if xy.ndim != 2 or xy.shape[1] != 2 or not np.isfinite(xy).all():
        raise Invalid(_("地点坐标须是成对的有限数字(米)。请检查。"))
    return xy


def _check_lengths(places: np.ndarray, numbers: np.ndarray, what: str, of_what: str) -> None:
    if len(places) != numbers.size:
        raise Invalid(
            _("%(what)s有 %(places)d 个,%(of_what)s却有 %(numbers)d 个,须一一对应。")
            % {"what": what, "places": len(places), "of_what": of_what, "numbers": numbers.size}
        )


def _limits(within_m: float, unserved_m: float | None) -> tuple[float, float]:
    if not (np.isfinite(within_m) and within_m > 0):
        raise Invalid(_("步行距离须是大于 0 的有限数字(米),现为 %s。") % within_m)
    unserved = 2 * within_m if unserved_m is None else unserved_m
    if not (np.isfinite(unserved) and unserved >= within_m):
        raise Invalid(
            _("未服务需求的折算距离须不小于步行距离 %(within)s 米,现为 %(unserved)s。")
            % {"within": within_m, "unserved": unserved_m}
        )
    return float(within_m), float(unserved)


def _how_many(more: int, candidates: int) -> int:
    if isinstance(more, bool) or not isinstance(more, int | np.integer) or more < 0:
        raise Invalid(_("新增摊点数须是不小于 0 的整数,现为 %s。") % more)
    if min(more, candidates) > MORE_MOST:
        raise TooMuch(
            _("一次最多规划 %(most)d 个新摊点,现为 %(more)d 个。") % {"most": MORE_MOST, "more": more}
        )
    return min(int(more), candidates)


def _objective(objective: Objective | str) -> Objective:
    try:
        return Objective(objective)
    except ValueError:
        raise Invalid(_("没有“%s”这一目标。可选:coverage、walking。") % objective) from None


def _distances(walks: Walks, sites: np.ndarray, demand: np.ndarray, within_m: float) -> np.ndarray:
    if not len(sites) or not len(demand):
        return np.full((len(sites), len(demand)), np.inf)
    return walks.distances(sites, demand, limit_m=within_m)


# ── What the plan is ──────────────────────────────────────────────────────────────────────────────────────


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
