"""One set of sites: who is best served from where, exactly or bounded from below by rents."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np

from vendors.domain.location.problem import Problem, Served, Sites

FEW = 150  # demand up to which every transport problem is solved to the end
NEAR = 1e-4  # share of its cost to which a larger one is solved, in as many rounds as ROUNDS at most: what it costs
ROUNDS = 2  # is then a little more than it need (the plan that is chosen is solved to the end)
ADJUSTMENTS = 40  # of one site's rent each, before a transport problem is solved
OPTIONS = 4  # cheapest sites per demand that a transport problem starts with
UNSURE = 0.1  # share of the demand, the least sure of its site, that a transport problem starts with


@dataclass(eq=False)
class Evaluator:
    """Exact cost of sets of sites; remembers those that it was asked about."""

    problem: Problem
    known: dict[Sites, Served] = field(default_factory=dict)

    def __call__(self, sites: Sites, like: Served | None = None) -> Served:
        """What `sites` can do; the rents of a set `like` it shorten the way."""
        served = self.below(np.inf, sites, like)
        if served is None:
            raise RuntimeError("every set of sites has a cost below infinity")
        return served

    def rough(self, sites: Sites, like: Served) -> Served:
        """A lower bound on what `sites` cost, with prices near theirs, by adjusting rents alone."""
        sites = tuple(sorted(sites))
        if sites in self.known or self.problem.only_reach_counts:
            return self(sites, like)
        cost, room = self.problem.cost[list(sites)], self.problem.capacity[list(sites)]
        rents = _Rents(self.problem, cost, room, like.rent[list(sites)].copy())
        bound = rents.raise_to(np.inf)
        rent = np.zeros(len(self.problem.capacity))
        rent[list(sites)] = rents.rent
        return Served(sites, bound, rents.priced.min(axis=0), rent)

    def below(self, limit: float, sites: Sites, like: Served | None = None) -> Served | None:
        """What `sites` can do, or None when rents prove that it costs `limit` or more."""
        sites = tuple(sorted(sites))
        if sites in self.known:
            return self.known[sites]
        rent = like.rent if like is not None else np.zeros(len(self.problem.capacity))
        served = _serve(self.problem, sites, rent, limit)
        if served is not None:
            self.known[sites] = served
        return served


def _serve(problem: Problem, sites: Sites, rent: np.ndarray, limit: float) -> Served | None:
    """Everyone to the nearest site if there is room; else by flow when all costs are 0, else by rents."""
    no_rent = np.zeros(len(problem.capacity))
    if not sites or not len(problem.weight):
        return Served(sites, problem.worst, np.full(len(problem.weight), problem.unserved), no_rent)
    cost, room = problem.cost[list(sites)], problem.capacity[list(sites)]
    cheapest = Choice.of(problem, cost, np.zeros(len(sites)))
    if (cheapest.load <= room).all():
        return Served(sites, float(cheapest.price @ problem.weight), cheapest.price, no_rent)
    if problem.only_reach_counts:
        return _by_flow(problem, sites, cost, room)
    rents = _Rents(problem, cost, room, rent[list(sites)].copy())
    return None if rents.raise_to(limit) >= limit else _with_rents(problem, sites, cost, room, rents, limit)


@dataclass(frozen=True, eq=False)
class Choice:
    """Where each demand would go at given rents: the site's row (the number of rows: nowhere) and its price."""

    to: np.ndarray
    price: np.ndarray
    second: np.ndarray
    load: np.ndarray

    @classmethod
    def of(cls, problem: Problem, cost: np.ndarray, rent: np.ndarray) -> "Choice":
        priced = np.vstack((cost + rent[:, None], np.full(len(problem.weight), problem.unserved)))
        to = priced.argmin(axis=0)
        each = np.arange(priced.shape[1])
        price = priced[to, each]
        priced[to, each] = np.inf
        load = np.bincount(to, problem.weight, len(cost) + 1)[:-1]
        return cls(to, price, priced.min(axis=0), load)


def _by_flow(problem: Problem, sites: Sites, cost: np.ndarray, room: np.ndarray) -> Served:
    """Most weight served, as a maximum flow; the least cut gives prices and rents.

    Amounts that are no whole numbers are rounded down to some 1/10^6 of themselves.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    row, demand = np.nonzero(np.isfinite(cost) & (room[:, None] > 0))
    demands, size = len(problem.weight), len(problem.weight) + len(sites) + 2
    source, sink = size - 2, size - 1
    weights, rooms, scale = _in_units(problem.weight, room)
    tails = np.concatenate((np.full(demands, source), demand, demands + np.arange(len(sites))))
    heads = np.concatenate((np.arange(demands), demands + row, np.full(len(sites), sink)))
    most = np.concatenate((weights, weights[demand], rooms)).astype(np.int32)
    network = csr_array((most, (tails, heads)), shape=(size, size))
    found = maximum_flow(network, source, sink)
    rest = (network - found.flow).tocsr()
    rest.data[rest.data < 0] = 0
    rest.eliminate_zeros()
    starved = np.zeros(size, dtype=bool)
    starved[breadth_first_order(rest, source, return_predecessors=False)] = True
    rent = np.zeros(len(problem.capacity))
    rent[list(sites)] = starved[demands:source] * problem.unserved
    total = (problem.weight.sum() - found.flow_value / scale) * problem.unserved
    return Served(sites, float(total), starved[:demands] * problem.unserved, rent)


def _in_units(weight: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Weights and room as whole numbers of units, and how many units make one."""
    room = np.minimum(room, weight.sum())
    if np.all(weight == np.round(weight)) and np.all(room == np.round(room)) and weight.sum() < 2**30:
        return weight, room, 1.0
    scale = 2**30 / float(weight.sum())
    return np.floor(weight * scale), np.floor(room * scale), scale


@dataclass(eq=False)
class _Rents:
    """Rents of sites, raised and lowered one at a time; any rents bound the cost of the sites from below."""

    problem: Problem
    cost: np.ndarray
    room: np.ndarray
    rent: np.ndarray

    def raise_to(self, limit: float) -> float:
        """The best bound found, at least `limit` if that is soon reached: each time the site most off its room."""
        weight, each = self.problem.weight, np.arange(len(self.problem.weight))
        self.priced = np.vstack((self.cost + self.rent[:, None], np.full(len(weight), self.problem.unserved)))
        best, done = -np.inf, np.zeros(len(self.rent), dtype=bool)
        for _turn in range(ADJUSTMENTS):
            to = self.priced.argmin(axis=0)
            bound = float(self.priced[to, each] @ weight - self.room @ self.rent)
            best = max(best, bound)
            load = np.bincount(to, weight, len(self.room) + 1)[:-1]
            off = np.abs(np.where((load > self.room) | (self.rent > 0), load - self.room, 0.0))
            site = int(np.argmax(np.where(done, 0.0, off)))
            if best >= limit or done[site] or off[site] <= 0:
                break
            done[site] = not self._adjust(site)
        return best

    def _adjust(self, site: int) -> bool:
        """The rent at which the site is just full; says whether it is another than before."""
        self.priced[site] = np.inf
        margin = self.priced.min(axis=0) - self.cost[site]
        wanting = np.flatnonzero(margin > 0)
        wanting = wanting[np.argsort(-margin[wanting])]
        filled = np.cumsum(self.problem.weight[wanting])
        last = int(np.searchsorted(filled, self.room[site], side="right"))
        rent = float(margin[wanting[last]]) if last < len(wanting) else 0.0
        changed = abs(rent - self.rent[site]) > 1e-9 * self.problem.unserved
        self.rent[site] = rent
        self.priced[site] = self.cost[site] + rent
        return changed


def _with_rents(
    problem: Problem, sites: Sites, cost: np.ndarray, room: np.ndarray, rents: _Rents, limit: float
) -> Served | None:
    """Most demand stays where `rents` have it: at the end new rents prove that little (NEAR) can be gained by moving.

    None as soon as rents prove that the cost is `limit` or more.
    """
    weight, slack, each = problem.weight, 1e-7 * problem.unserved, np.arange(len(problem.weight))
    choice = Choice.of(problem, cost, rents.rent)
    settled_cost = np.vstack((cost, np.full(len(weight), problem.unserved)))[choice.to, each]
    unsure = _least_sure(choice.second - choice.price)
    allowed = np.zeros(cost.shape, dtype=bool)
    for turn in count(1):
        unsure |= _too_many(weight, choice.to, unsure, room)
        allowed[:, unsure] |= _cheapest_options(cost + rents.rent[:, None], room, unsure)
        left = room - np.bincount(choice.to, np.where(unsure, 0, weight), len(room) + 1)[:-1]
        saved, rent = _transport(cost, weight, np.maximum(left, 0), problem.unserved, allowed & unsure)
        total = float(
            settled_cost[~unsure] @ weight[~unsure] + problem.unserved * weight[unsure].sum() - saved
        )
        priced = cost + rent[:, None]
        price = np.minimum(priced.min(axis=0), problem.unserved)
        bound = float(price @ weight - rent @ room)
        if bound >= limit:
            return None
        own = np.vstack((priced, np.full(len(weight), problem.unserved)))[choice.to, each]
        moved = ~unsure & (own > price + slack)
        wanted = (priced < _paid(priced, allowed & unsure, problem.unserved) - slack) & ~allowed & unsure
        good = len(weight) > FEW and (turn >= ROUNDS or total - bound <= NEAR * total)
        if good or not (moved.any() or wanted.any()):
            break
        unsure |= moved
        allowed |= wanted
    whole = np.zeros(len(problem.capacity))
    whole[list(sites)] = rent
    return Served(sites, total, price, whole)


def _least_sure(margin: np.ndarray) -> np.ndarray:
    """The UNSURE share of demand that would lose least by going elsewhere; all of it when it is FEW."""
    rank = len(margin) - 1 if len(margin) <= FEW else int(UNSURE * (len(margin) - 1))
    return margin <= np.partition(margin, rank)[rank]


def _paid(priced: np.ndarray, allowed: np.ndarray, unserved: float) -> np.ndarray:
    """What each demand pays among the sites that it is allowed."""
    return np.minimum(np.where(allowed, priced, np.inf).min(axis=0), unserved)


def _too_many(weight: np.ndarray, to: np.ndarray, unsure: np.ndarray, room: np.ndarray) -> np.ndarray:
    """The demand of sites whose settled demand alone overfills them."""
    load = np.bincount(to, np.where(unsure, 0, weight), len(room) + 1)
    return np.append(load[:-1] > room, False)[to]


def _cheapest_options(cost: np.ndarray, room: np.ndarray, which: np.ndarray) -> np.ndarray:
    """The OPTIONS cheapest sites of the demand in `which`."""
    some = np.where(room[:, None] > 0, cost[:, which], np.inf)
    rank = min(OPTIONS, len(some)) - 1
    return np.isfinite(some) & (some <= np.partition(some, rank, axis=0)[rank])


def _transport(
    cost: np.ndarray, weight: np.ndarray, room: np.ndarray, unserved: float, allowed: np.ndarray
) -> tuple[float, np.ndarray]:
    """The most that serving can save against serving nobody, and the rent of each site's room."""
    site, demand = np.nonzero(allowed)
    if not len(site):
        return 0.0, np.zeros(len(room))
    saved, _flow, rent = solve_transport(cost[site, demand] - unserved, site, demand, weight, room)
    return -saved, rent


def solve_transport(
    cost: np.ndarray, site: np.ndarray, demand: np.ndarray, weight: np.ndarray, room: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Least cost, flow per pair and rent per site of the transport problem over these pairs (HiGHS)."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    who, row = np.unique(demand, return_inverse=True)
    column = np.arange(len(site))
    rows = np.concatenate((row, len(who) + site))
    matrix = csr_array(
        (np.ones(2 * len(site)), (rows, np.tile(column, 2))), shape=(len(who) + len(room), len(site))
    )
    limits = np.concatenate((weight[who], room))
    options = {"presolve": False, "simplex_dual_edge_weight_strategy": "devex"}
    result = linprog(cost, A_ub=matrix, b_ub=limits, bounds=(0, None), method="highs-ds", options=options)
    if result.status != 0:
        raise RuntimeError(f"HiGHS could not solve a transport problem: {result.message}")
    return float(result.fun), result.x, np.maximum(-result.ineqlin.marginals[len(who) :], 0)
