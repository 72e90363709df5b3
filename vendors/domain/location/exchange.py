"""A set of sites that can't be bettered by exchanging one of them."""

from collections.abc import Iterator

import numpy as np

from vendors.domain.location.problem import TOLERANCE, Effort, Problem, Served
from vendors.domain.location.transport import Choice, Evaluator


def interchange(
    problem: Problem, evaluate: Evaluator, served: Served, *, trials: int, in_a_row: int, effort: Effort
) -> Served:
    """Exchange one site for another as long as that betters the plan, at most `trials` transport problems.

    It gives up after `in_a_row` of the most promising exchanges that better nothing.
    """
    while trials > 0:
        for out, into in _promising(problem, served, in_a_row):
            if trials <= 0 or effort.spent():
                return served
            trials -= 1
            limit = served.cost - TOLERANCE * problem.worst
            changed = evaluate.below(limit, (*(site for site in served.sites if site != out), into), served)
            if changed is not None and changed.cost < limit:
                served = changed
                break
        else:
            return served
    return served


def _promising(problem: Problem, served: Served, most: int) -> Iterator[tuple[int, int]]:
    """Pairs of a site to close and one to open instead, by the change of cost that the prices foretell."""
    change = _foretold(problem, served)
    most = min(most, change.size)
    if not most:
        return
    flat = change.ravel()
    nearest = np.argpartition(flat, most - 1)[:most]
    for index in nearest[np.lexsort((nearest, flat[nearest]))]:
        if np.isfinite(flat[index]):
            row, site = divmod(int(index), change.shape[1])
            yield served.sites[row], site


def _foretold(problem: Problem, served: Served) -> np.ndarray:
    """Foretold change of cost, shape (open sites, sites), when the one closes and the other opens; inf: not to be."""
    sites = list(served.sites)
    choice = Choice.of(problem, problem.cost[sites], served.rent[sites])
    site, demand, cost = problem.pairs
    near = cost < choice.second[demand]
    site, demand, cost = site[near], demand[near], cost[near]
    weight, price = problem.weight[demand], choice.price[demand]
    many, width = len(problem.capacity), len(sites) + 1
    share = problem.capacity / np.maximum(np.bincount(site, weight * (cost < price), many), 1e-300)
    share = np.minimum(share, 1)
    gain = np.bincount(site, np.maximum(price - cost, 0) * weight, many) * share
    again = (choice.second[demand] - np.maximum(price, cost)) * weight
    caught = (
        np.bincount(choice.to[demand] * many + site, again, width * many).reshape(width, many)[:-1] * share
    )
    loss = np.bincount(choice.to, (choice.second - choice.price) * problem.weight, width)[:-1]
    loss = loss + served.rent[sites] * problem.capacity[sites]
    change = loss[:, None] - gain - caught
    change[problem.fixed[sites]] = np.inf
    change[:, sites] = np.inf
    change[:, problem.fixed | (problem.capacity <= 0)] = np.inf
    return change
