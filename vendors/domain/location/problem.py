"""The problem: demand, sites, what serving costs; and what a set of sites can do."""

from dataclasses import dataclass
from functools import cached_property
from time import monotonic

import numpy as np

Sites = tuple[int, ...]

TOLERANCE = 1e-9  # of the worst cost: what counts as an improvement


@dataclass(frozen=True, eq=False)
class Problem:
    """Demand that some site can reach, and sites. `cost` is (sites, demand), inf where a site is out of reach.

    `fixed` sites are open in every plan. All arrays are finite but `cost`; weights are above 0. `gap_of_saving`:
    how near a plan is to the best is a share of what it saves, not of what it costs.
    """

    cost: np.ndarray
    weight: np.ndarray
    capacity: np.ndarray
    fixed: np.ndarray
    unserved: float
    gap_of_saving: bool = False

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Site, demand and cost of each pair within reach, in order of site."""
        site, demand = np.nonzero(
            np.isfinite(self.cost) & (self.cost < self.unserved) & (self.capacity[:, None] > 0)
        )
        return site, demand, self.cost[site, demand]

    @cached_property
    def standing(self) -> Sites:
        return tuple(np.flatnonzero(self.fixed).tolist())

    @cached_property
    def open_to_choice(self) -> np.ndarray:
        return np.flatnonzero(~self.fixed)

    @property
    def worst(self) -> float:
        """The cost of serving nobody."""
        return float(self.unserved * self.weight.sum())

    @cached_property
    def only_reach_counts(self) -> bool:
        """Whether serving costs nothing wherever it is possible."""
        return not self.pairs[2].any()

    @cached_property
    def in_whole_numbers(self) -> bool:
        """Whether every best plan has a whole-numbered cost."""
        numbers = (self.weight, self.capacity, self.cost[np.isfinite(self.cost)], np.array([self.unserved]))
        return all(bool(np.all(each == np.round(each))) for each in numbers)


@dataclass(frozen=True, eq=False)
class Served:
    """The best that a set of sites can do: `price` of one more unit of each demand, `rent` of room at each site."""

    sites: Sites
    cost: float
    price: np.ndarray
    rent: np.ndarray


@dataclass
class Effort:
    """How long to go on: a clock for safety, and counts, so that the same input gives the same plan."""

    deadline: float
    out_of_time: bool = False

    @classmethod
    def of(cls, seconds: float) -> "Effort":
        return cls(monotonic() + seconds)

    @property
    def left(self) -> float:
        return self.deadline - monotonic()

    def spent(self) -> bool:
        if self.left <= 0:
            self.out_of_time = True
        return self.out_of_time
