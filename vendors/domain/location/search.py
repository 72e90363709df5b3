"""The best plan found for each number of new sites, step by step, and what bounds it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vendors.domain.location.bounds import Ascent, Bounds, Knapsacks, Savings
from vendors.domain.location.exchange import interchange
from vendors.domain.location.problem import TOLERANCE, Effort, Problem, Served
from vendors.domain.location.transport import Choice, Evaluator
from vendors.domain.location.whole_numbers import by_milp


@dataclass(eq=False)
class Search:
    """The best plan found for each number of new sites up to `most`, and what bounds it."""

    problem: Problem
    most: int
    effort: Effort
    target: float
    step: Callable[[float], None] = lambda _share: None  # is told what share of the work is done
    plans: list[Served] = field(init=False)
    bounds: Bounds = field(init=False)
    origin: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.evaluate = Evaluator(self.problem)
        self.bounds = Bounds.up_to(self.problem, self.most)
        self.knapsacks = Knapsacks.of(self.problem)
        self.origin = ["lagrangian"] * (self.most + 1)
        self.plans = [self.evaluate(self.problem.standing)] * (self.most + 1)
        self._saved_by(self.plans[0])
        if self.most:
            climbed = self._climbed()
            self.step(0.1)
            self._better_last(climbed[-1])
            self._down(climbed)
            self._up()
            self._prove_last()

    def lower(self, k: int) -> float:
        return min(self.bounds.proven(k), self.plans[k].cost)

    @cached_property
    def unavoidable(self) -> np.ndarray:
        """Cost of demand for which even the k largest new sites and the standing ones have no room."""
        largest = -np.sort(-self.problem.capacity[self.problem.open_to_choice])[: self.most]
        largest = np.append(largest, np.zeros(self.most - len(largest)))
        room = self.problem.capacity[self.problem.fixed].sum() + np.append(0.0, np.cumsum(largest))
        return np.maximum(self.problem.weight.sum() - room, 0) * self.problem.unserved

    def gap(self, k: int) -> float:
        """How far the plan may be from the best: a share of its cost above the unavoidable, or of the best saving."""
        cost = self.plans[k].cost
        over = cost - self.lower(k)
        if over <= 2 * TOLERANCE * self.problem.worst:
            return 0.0
        saving = self.problem.worst - self.lower(k)
        return float(over / (saving if self.problem.gap_of_saving else max(cost - self.unavoidable[k], over)))

    # The steps, in their order.

    def _climbed(self) -> list[Served]:
        """From the standing sites, one more at a time: whatever saves most at the prices of the day."""
        path = [self.plans[0]]
        while len(path) <= self.most:
            path.append(self._with_one_more(path[-1]) or path[-1])
        return path

    def _better_last(self, start: Served) -> None:
        """The plan for `most` sites: exchange, raise the bound, start again from what the bound's prices choose."""
        k = self.most
        self._try(k, self._exchanged(self.evaluate(start.sites, start), trials=40, in_a_row=8))
        for round_, (steps, step) in enumerate(((250, 1.0), (150, 0.5), (150, 0.5)), 1):
            self.step(0.1 + 0.15 * round_)
            ascent = self._ascended(k, steps, step)
            self._try(
                k, self._exchanged(self.evaluate(ascent.rounded(), self.plans[k]), trials=120, in_a_row=20)
            )
            if self.gap(k) <= self.target or self.effort.spent():
                break

    def _down(self, climbed: list[Served]) -> None:
        """From each plan to that of one site fewer, with a bound of its own."""
        for k in range(self.most - 1, 0, -1):
            self.step(0.95 - 0.4 * k / self.most)
            fewer = self._with_one_less(self.plans[k + 1], k)
            rough = min(climbed[k], fewer, key=_cost)
            self._try(k, self.evaluate(rough.sites, rough))
            if self.effort.spent():
                continue
            self._try(k, self._exchanged(self.plans[k], trials=12, in_a_row=5))
            ascent = self._ascended(k, 25, 0.5)
            if (
                self.gap(k) > self.target
            ):  # where room begins to suffice for all, prices change much from k to k
                ascent = self._ascended(k, 75, 1.0)
            rounded = self.evaluate.rough(ascent.rounded(), self.plans[k])
            if self.gap(k) > self.target:
                self._try(k, self._exchanged(self.evaluate(rounded.sites, rounded), trials=12, in_a_row=5))

    def _up(self) -> None:
        """Whatever k sites can do, one more can do too, and maybe better."""
        for k in range(1, self.most + 1):
            more = self._with_one_more(self.plans[k - 1])
            if more is not None and more.cost < self.plans[k].cost:
                self._try(k, self.evaluate(more.sites, more))
            self._try(k, self.plans[k - 1])

    def _prove_last(self) -> None:
        k = self.most
        if self.gap(k) <= self.target:
            return
        if self.effort.left < 1:
            self.effort.out_of_time = True
            return
        found = by_milp(self.problem, self.bounds, k, self.plans[k], seconds=self.effort.left - 0.5)
        if found is None:
            return
        sites, lower, finished = found
        self.effort.out_of_time |= not finished
        self._try(k, self.evaluate(sites, self.plans[k]))
        if lower > self.bounds.lower[k]:
            self.bounds.lower[k], self.origin[k] = lower, "milp"

    # What they are made of.

    def _try(self, k: int, served: Served) -> None:
        if served.cost < self.plans[k].cost:
            self.plans[k] = served

    def _exchanged(self, served: Served, *, trials: int, in_a_row: int) -> Served:
        return interchange(
            self.problem, self.evaluate, served, trials=trials, in_a_row=in_a_row, effort=self.effort
        )

    def _ascended(self, k: int, steps: int, step: float) -> Ascent:
        """The bound for k sites raised, from the best prices there are."""
        ascent, price = Ascent.of(self.bounds, k), self.bounds.price[k]
        price = np.clip(self.plans[k].price if price is None else price, 0, self.problem.unserved)
        ascent.run(price, target=self.plans[k].cost, steps=steps, step=step, effort=self.effort)
        return ascent

    def _with_one_more(self, served: Served) -> Served | None:
        """With the site that would save most at today's prices; None when none would save anything."""
        saved = self._saved_by(served)
        among = np.setdiff1d(self.problem.open_to_choice, served.sites)
        if not len(among):
            return None
        best = int(among[np.argmax(saved.per_site[among])])
        if saved.per_site[best] <= TOLERANCE * self.problem.worst:
            return None
        return self.evaluate.rough((*served.sites, best), served)

    def _saved_by(self, served: Served) -> Savings:
        """What each site could save at the prices of this plan; what they prove is noted."""
        price = np.clip(served.price, 0, self.problem.unserved)
        saved = self.knapsacks.at(price)
        self.bounds.note(price, saved)
        return saved

    def _with_one_less(self, served: Served, k: int) -> Served:
        """Without the site that is missed least, of the three that the prices say would be missed least."""
        new = [site for site in served.sites if not self.problem.fixed[site]]
        if len(new) <= k:
            return served
        rented = served.rent[new] * self.problem.capacity[new]
        choice = Choice.of(
            self.problem, self.problem.cost[list(served.sites)], served.rent[list(served.sites)]
        )
        lost = np.bincount(
            choice.to, (choice.second - choice.price) * self.problem.weight, len(served.sites) + 1
        )
        missed = lost[np.searchsorted(served.sites, new)] + rented
        least = [new[index] for index in np.argsort(missed, kind="stable")[:3]]
        tried = [
            self.evaluate.rough(tuple(site for site in served.sites if site != gone), served)
            for gone in least
        ]
        return min(tried, key=_cost)


def _cost(served: Served) -> float:
    return served.cost
