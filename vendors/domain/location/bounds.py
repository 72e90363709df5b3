"""Lower bounds on what any plan costs, from prices of demand: each site is then a knapsack of its own."""

from dataclasses import dataclass

import numpy as np

from vendors.domain.location.problem import TOLERANCE, Effort, Problem, Sites

DEFLECTION = 0.8  # share of the last direction that a step of the ascent keeps


@dataclass(frozen=True, eq=False)
class Savings:
    """What each site, alone, could save against these prices, and what it would serve to do so."""

    per_site: np.ndarray
    site: np.ndarray
    demand: np.ndarray
    amount: np.ndarray


@dataclass(eq=False)
class Knapsacks:
    """Each site's best use of its room when demand i pays `price[i]` a unit: filled from the dearest.

    Prices change little from call to call; margins far below what last filled a site's room are left out of the
    sorting, and put back when the room isn't filled without them.
    """

    problem: Problem
    floor: np.ndarray

    @classmethod
    def of(cls, problem: Problem) -> "Knapsacks":
        return cls(problem, np.zeros(len(problem.capacity)))

    def at(self, price: np.ndarray) -> Savings:
        problem = self.problem
        every_site, every_demand, cost = problem.pairs
        margins = price[every_demand] - cost
        while True:
            pays = np.flatnonzero(margins > self.floor[every_site])
            site, demand, margin = every_site[pays], every_demand[pays], margins[pays]
            amount = problem.weight[demand]
            load = np.bincount(site, amount, len(problem.capacity))
            short = (load < problem.capacity) & (self.floor > 0)
            if not short.any():
                break
            self.floor[short] = 0
        over = load > problem.capacity
        self.floor[~over] = 0
        if over.any():
            amount = _filled(problem, site, margin, amount, np.flatnonzero(over[site]))
            part = over[site] & (amount > 0)
            lowest = np.full(len(over), np.inf)
            np.minimum.at(lowest, site[part], margin[part])
            self.floor[over] = np.where(np.isfinite(lowest[over]), 0.9 * lowest[over], 0)
        return Savings(np.bincount(site, margin * amount, len(problem.capacity)), site, demand, amount)


def savings(problem: Problem, price: np.ndarray) -> Savings:
    """What each site alone could save against these prices."""
    return Knapsacks.of(problem).at(price)


def _filled(
    problem: Problem, site: np.ndarray, margin: np.ndarray, weight: np.ndarray, full: np.ndarray
) -> np.ndarray:
    """Amounts when the pairs `full`, those of sites with too little room, are taken by margin until it is used."""
    order = full[np.argsort(site[full] - margin[full] / (margin[full].max() * 1.000001))]
    of_site, load = site[order], weight[order]
    filled = np.cumsum(load)
    start = np.flatnonzero(np.append(True, of_site[1:] != of_site[:-1]))
    runs = np.diff(np.append(start, len(order)))
    before = filled - load - np.repeat((filled - load)[start], runs)
    amount = weight.copy()
    amount[order] = np.clip(problem.capacity[of_site] - before, 0, load)
    return amount


@dataclass(eq=False)
class Bounds:
    """The greatest lower bound found for each number of new sites, and the prices that gave it."""

    problem: Problem
    lower: np.ndarray
    price: list[np.ndarray | None]

    @classmethod
    def up_to(cls, problem: Problem, most: int) -> "Bounds":
        return cls(problem, np.zeros(most + 1), [None] * (most + 1))

    def note(self, price: np.ndarray, saved: Savings) -> np.ndarray:
        """Takes note of what these prices prove for every number of sites; returns that."""
        chosen = self.problem.open_to_choice
        dearest = -np.sort(-saved.per_site[chosen], kind="stable")[: len(self.lower) - 1]
        dearest = np.append(dearest, np.zeros(len(self.lower) - 1 - len(dearest)))
        base = price @ self.problem.weight - saved.per_site[self.problem.fixed].sum()
        proven = base - np.append(0.0, np.cumsum(dearest))
        for k in np.flatnonzero(proven > self.lower):
            self.lower[k], self.price[k] = proven[k], price
        return proven

    def proven(self, k: int) -> float:
        """The bound for k new sites; where only whole numbers can be, the next of them."""
        lower = float(self.lower[k])
        if self.problem.in_whole_numbers:
            return max(float(np.ceil(lower - 1e-6 * max(self.problem.worst, 1.0))), 0.0)
        return max(lower - TOLERANCE * self.problem.worst, 0.0)


@dataclass(eq=False)
class Ascent:
    """Subgradient ascent in the prices for k sites (Held and Karp's step, deflected).

    It counts how often each site is among the best: near the end, about its share in the LP relaxation.
    """

    bounds: Bounds
    k: int
    times_chosen: np.ndarray

    @classmethod
    def of(cls, bounds: Bounds, k: int) -> "Ascent":
        return cls(bounds, k, np.zeros(len(bounds.problem.capacity)))

    def rounded(self) -> Sites:
        """The standing sites and the k that were chosen most often."""
        among = self.bounds.problem.open_to_choice
        often = among[np.argsort(-self.times_chosen[among], kind="stable")[: self.k]]
        return (*self.bounds.problem.standing, *often.tolist())

    def run(self, price: np.ndarray, *, target: float, steps: int, step: float, effort: Effort) -> None:
        problem = self.bounds.problem
        knapsacks = Knapsacks.of(problem)
        direction = np.zeros(len(price))
        best, best_price, since = -np.inf, price, 0
        for _turn in range(steps):
            saved = knapsacks.at(price)
            proven = float(self.bounds.note(price, saved)[self.k])
            if proven > best:
                best, best_price, since = proven, price, 0
            else:
                since += 1
            if target - best <= TOLERANCE * problem.worst or effort.spent():
                return
            if since >= 8:
                step, since, price = step * 0.6, 0, best_price
                direction[:] = 0
                saved, proven = knapsacks.at(price), best
            direction = self._missing(price, saved) + DEFLECTION * direction
            length = float(direction @ direction)
            if length == 0 or step < 1e-4:
                return
            price = np.clip(price + step * (target - proven) / length * direction, 0, problem.unserved)

    def _missing(self, price: np.ndarray, saved: Savings) -> np.ndarray:
        """Demand less what the k best sites and the standing ones would serve of it."""
        problem = self.bounds.problem
        among = problem.open_to_choice
        best = among[np.argsort(-saved.per_site[among], kind="stable")[: self.k]]
        is_open = problem.fixed.copy()
        is_open[best] = True
        self.times_chosen[best] += 1
        missing = problem.weight - np.bincount(
            saved.demand, saved.amount * is_open[saved.site], len(problem.weight)
        )
        missing[(price >= problem.unserved) & (missing > 0)] = 0
        return missing
