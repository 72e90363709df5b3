"""Where new sites would serve best: the question as a person may put it, checked, and measured on foot (vendors.domain.serving)."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid, TooMuch
from vendors.domain.serving import SECONDS, Case, Objective, Suggestion, Walks, plan

PAIRS_MOST = 5_000_000  # demand points times sites and candidates
MORE_MOST = 100  # new sites in one plan


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
