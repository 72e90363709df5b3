"""A mixed-integer programme over the sites that are still in question."""

from typing import TYPE_CHECKING

import numpy as np

from vendors.domain.location.bounds import Bounds, savings
from vendors.domain.location.problem import TOLERANCE, Problem, Served, Sites

if TYPE_CHECKING:
    from scipy.sparse import csr_array


MILP_PAIRS = 8_000  # more pairs than this HiGHS does not finish in a few seconds


def by_milp(
    problem: Problem, bounds: Bounds, k: int, best: Served, *, seconds: float
) -> tuple[Sites, float, bool] | None:
    """A plan of k new sites, a lower bound, and whether HiGHS came to its end, over the sites still in question.

    None when that is still too much to ask. `best` is the cheapest plan known: sites that can't be part of a
    cheaper one are left out, so that the bound is at most its cost.
    """
    from scipy.optimize import Bounds as Limits
    from scipy.optimize import LinearConstraint, milp

    kept, surely = _in_question(problem, bounds, k, best)
    site, demand, cost = (part[kept[problem.pairs[0]]] for part in problem.pairs)
    if len(site) > MILP_PAIRS or not len(site):
        return None
    matrix, upper = _constraints(problem, site, demand, k)
    pairs, sites = len(site), len(problem.capacity)
    result = milp(
        np.append(cost - problem.unserved, np.zeros(sites)),
        constraints=LinearConstraint(matrix, -np.inf, upper),
        integrality=np.append(np.zeros(pairs), np.ones(sites)),
        bounds=Limits(
            np.append(np.zeros(pairs), surely | problem.fixed),
            np.append(np.full(pairs, np.inf), kept | problem.fixed),
        ),
        options={"time_limit": seconds, "mip_rel_gap": 1e-6},
    )
    if result.x is None or result.mip_dual_bound is None:
        return None
    chosen = tuple(np.flatnonzero(result.x[pairs:] > 0.5).tolist())
    return chosen, min(problem.worst + float(result.mip_dual_bound), best.cost), result.status == 0


def _in_question(problem: Problem, bounds: Bounds, k: int, best: Served) -> tuple[np.ndarray, np.ndarray]:
    """Sites that a plan cheaper than `best` may have, and those that it must have (by Lagrangian probing)."""
    price = bounds.price[k]
    kept, surely = np.ones(len(problem.capacity), dtype=bool), np.zeros(len(problem.capacity), dtype=bool)
    among = problem.open_to_choice
    if price is None or not 0 < k < len(among):
        return kept, surely
    saved = savings(problem, price).per_site
    ranked = -np.sort(-saved[among])
    room = best.cost - float(bounds.lower[k]) + TOLERANCE * problem.worst
    kept[among] = ranked[k - 1] - saved[among] <= room
    surely[among] = saved[among] - ranked[k] > room
    return kept, surely


def _constraints(
    problem: Problem, site: np.ndarray, demand: np.ndarray, k: int
) -> tuple["csr_array", np.ndarray]:
    """Demand served once; a site's room; nobody served by a closed site; k new sites: rows and upper limits."""
    from scipy.sparse import csr_array

    pairs, sites, demands = len(site), len(problem.capacity), len(problem.weight)
    pair, every, new = np.arange(pairs), np.arange(sites), problem.open_to_choice
    link = demands + sites + pair
    rows = (demand, demands + site, demands + every, link, link, np.full(len(new), demands + sites + pairs))
    columns = (pair, pair, pairs + every, pair, pairs + site, pairs + new)
    one = np.ones(pairs)
    values = (one, one, -problem.capacity, one, -problem.weight[demand], np.ones(len(new)))
    matrix = csr_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(demands + sites + pairs + 1, pairs + sites),
    )
    return matrix, np.concatenate((problem.weight, np.zeros(sites + pairs), [k]))
