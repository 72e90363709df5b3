"""Which k of many sites to open: capacitated location with split demand, by interchange, with a proven bound.

Costs are to be made small. A unit of demand served by a site costs that pair's `cost`, a unit left unserved costs
`unserved`. Most weight served within reach is the case of cost 0 and unserved 1; least walking has metres as cost.

Method: vertex substitution (Teitz and Bart 1968) over a transport problem per set of sites; swaps are ranked by the
prices of demand and room (the transport problem's duals) as Resende and Werneck rank them by distances. The bound is
Lagrangian: "each demand is served once" goes into the objective, each site is then a knapsack of its own, and
the k best sites bound every plan from below for any prices. It comes near that of the LP relaxation with x <= w y.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Sites = tuple[int, ...]

TOLERANCE = 1e-9  # of the worst cost: what counts as an improvement
FEW = 150  # demand up to which every transport problem is solved to the end
NEAR = 1e-4  # share of its cost to which a larger one is solved, in as many rounds as ROUNDS at most: what it costs
ROUNDS = 2  # is then a little more than it need (the plan that is chosen is solved to the end)
ADJUSTMENTS = 40  # of one site's rent each, before a transport problem is solved
OPTIONS = 4  # cheapest sites per demand that a transport problem starts with
DEFLECTION = 0.8  # share of the last direction that a step of the ascent keeps
UNSURE = 0.1  # share of the demand, the least sure of its site, that a transport problem starts with


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


# ── One set of sites: the transport problem ───────────────────────────────────────────────────────────────


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
    cheapest = _Choice.of(problem, cost, np.zeros(len(sites)))
    if (cheapest.load <= room).all():
        return Served(sites, float(cheapest.price @ problem.weight), cheapest.price, no_rent)
    if problem.only_reach_counts:
        return _by_flow(problem, sites, cost, room)
    rents = _Rents(problem, cost, room, rent[list(sites)].copy())
    return None if rents.raise_to(limit) >= limit else _with_rents(problem, sites, cost, room, rents, limit)


@dataclass(frozen=True, eq=False)
class _Choice:
    """Where each demand would go at given rents: the site's row (the number of rows: nowhere) and its price."""

    to: np.ndarray
    price: np.ndarray
    second: np.ndarray
    load: np.ndarray

    @classmethod
    def of(cls, problem: Problem, cost: np.ndarray, rent: np.ndarray) -> "_Choice":
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
    choice = _Choice.of(problem, cost, rents.rent)
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


# ── A set of sites that can't be bettered by one exchange ─────────────────────────────────────────────────


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
    choice = _Choice.of(problem, problem.cost[sites], served.rent[sites])
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


# ── The bound ─────────────────────────────────────────────────────────────────────────────────────────────


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


# ── A mixed-integer programme for what is left ────────────────────────────────────────────────────────────

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


# ── All together ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(eq=False)
class Search:
    """The best plan found for each number of new sites up to `most`, and what bounds it."""

    problem: Problem
    most: int
    effort: Effort
    target: float
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
        for steps, step in ((250, 1.0), (150, 0.5), (150, 0.5)):
            ascent = self._ascended(k, steps, step)
            self._try(
                k, self._exchanged(self.evaluate(ascent.rounded(), self.plans[k]), trials=120, in_a_row=20)
            )
            if self.gap(k) <= self.target or self.effort.spent():
                break

    def _down(self, climbed: list[Served]) -> None:
        """From each plan to that of one site fewer, with a bound of its own."""
        for k in range(self.most - 1, 0, -1):
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
        choice = _Choice.of(
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
