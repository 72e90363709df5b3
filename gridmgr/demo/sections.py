"""Which branch answers for which metres of the shared-out roads: cut at crossings, close to the branch's own area."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, Polygon
from shapely.ops import substring

from gridmgr.demo.ground import Street

LEAST_M = 120.0  # crossings nearer to each other than this don't both end a section
ALONG_M = 30.0  # how far beside a street's line an area still counts as lying along it
CHANGE_M = (
    250.0  # what changing branch costs on the way along a road, in metres of road off the branch's area
)
EVENNESS = 0.35  # how much a branch that has more than its share is spared

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """A road from one crossing to a next: the smallest stretch that is shared out."""

    street: Street
    from_m: float
    to_m: float

    @property
    def metres(self) -> float:
        return self.to_m - self.from_m

    @property
    def line(self) -> LineString:
        return substring(self.street.line, self.from_m, self.to_m)


@dataclass(frozen=True)
class Run:
    """Pieces of one road, one after another, for which one branch (by its place in the list of areas) answers."""

    area: int
    pieces: tuple[Piece, ...]

    @property
    def street(self) -> Street:
        return self.pieces[0].street

    @property
    def from_m(self) -> float:
        return self.pieces[0].from_m

    @property
    def to_m(self) -> float:
        return self.pieces[-1].to_m

    @property
    def metres(self) -> float:
        return self.to_m - self.from_m


def pieces_of(street: Street) -> list[Piece]:
    """The street cut at its crossings with named roads, first to last."""
    cuts = [0.0]
    for at_m, _other in street.crossings:
        if at_m - cuts[-1] >= LEAST_M and street.length_m - at_m >= LEAST_M:
            cuts.append(round(at_m, 2))
    end = np.floor(street.length_m * 100) / 100  # to the centimetre, and not beyond the road's end
    return [Piece(street, a, b) for a, b in zip(cuts, [*cuts[1:], float(end)], strict=True)]


def shared_runs(streets: Sequence[Street], areas: Sequence[Polygon]) -> list[Run]:
    """Every metre of the streets, shared out among the areas; longest streets first get their choice."""
    load = np.zeros(len(areas))
    runs: list[Run] = []
    for street in sorted(streets, key=lambda street: -street.length_m):
        pieces = pieces_of(street)
        owners = _owners(pieces, areas, load / max(load.mean(), 1.0))
        for piece, owner in zip(pieces, owners, strict=True):
            load[owner] += piece.metres
        runs += _runs(pieces, owners)
    return sorted(runs, key=lambda run: (run.area, run.street.road.name, run.from_m))


def _owners(pieces: Sequence[Piece], areas: Sequence[Polygon], load: Floats) -> list[int]:
    """The cheapest sequence of areas along one road (Viterbi): near its areas, seldom changing, sparing the loaded."""
    cost = _costs(pieces, areas) + np.array([piece.metres for piece in pieces])[:, None] * EVENNESS * load
    best, back = cost[0], []
    for row in cost[1:]:
        change = best.min() + CHANGE_M
        back.append(np.where(best <= change, np.arange(len(areas)), best.argmin()))
        best = np.minimum(best, change) + row
    owner = int(best.argmin())
    owners = [owner]
    for step in reversed(back):
        owner = int(step[owner])
        owners.append(owner)
    return owners[::-1]


def _costs(pieces: Sequence[Piece], areas: Sequence[Polygon]) -> Floats:
    """For each piece and area: metres of the piece that don't run in or along the area, more when it lies far off."""
    lines = np.array([piece.line for piece in pieces], dtype=object)
    near = np.array([area.buffer(ALONG_M) for area in areas], dtype=object)
    along = shapely.length(shapely.intersection(lines[:, None], near[None]))
    off = shapely.length(lines)[:, None] - along
    return np.asarray(off * 3 + np.minimum(shapely.distance(lines[:, None], near[None]), 5_000.0))


def _runs(pieces: Sequence[Piece], owners: Sequence[int]) -> list[Run]:
    grouped: list[tuple[int, list[Piece]]] = []
    for piece, owner in zip(pieces, owners, strict=True):
        if grouped and grouped[-1][0] == owner:
            grouped[-1][1].append(piece)
        else:
            grouped.append((owner, [piece]))
    return [Run(owner, tuple(part)) for owner, part in grouped]


def with_holes(runs: Sequence[Run], *, holes: int) -> tuple[list[Run], list[tuple[int, Piece]]]:
    """The runs without a few pieces that nobody shall answer for, and those pieces with the area they lay in.

    Taken are short pieces at the end of long runs, of different areas and roads, so that no branch falls apart.
    """
    chosen: dict[int, Run] = {}
    for run in sorted(runs, key=lambda run: (-len(run.pieces), run.street.road.name, run.from_m)):
        taken = {other.area for other in chosen.values()}
        names = {other.street.road.name for other in chosen.values()}
        if (
            len(chosen) < holes
            and run.area not in taken
            and run.street.road.name not in names
            and run.pieces[-1].metres < 600
        ):
            chosen[id(run)] = run
    left = [Run(run.area, run.pieces[:-1]) if id(run) in chosen else run for run in runs]
    return left, [(run.area, run.pieces[-1]) for run in chosen.values()]


# ── Members ───────────────────────────────────────────────────────────────────────────────────────────────


def members_per_area(runs: Sequence[Run], areas: int, *, members: int, least: int = 7) -> list[int]:
    """How many members each branch has: by its metres, at least `least`, `members` in all."""
    metres: dict[int, float] = defaultdict(float)
    for run in runs:
        metres[run.area] += run.metres
    counts = [least] * areas
    while sum(counts) < members:
        counts[max(range(areas), key=lambda area: (metres[area] / counts[area], -area))] += 1
    return counts


def portions(runs: Sequence[Run], members: int) -> list[list[tuple[Run, float, float]]]:
    """A branch's runs in `members` portions of about equal metres, cut at crossings; each member gets at least one.

    Where there are fewer pieces than members the longest pieces are cut in half, at a full ten metres.
    """
    parts = [(run, piece.from_m, piece.to_m) for run in runs for piece in run.pieces]
    while len(parts) < members:
        longest = max(range(len(parts)), key=lambda index: parts[index][2] - parts[index][1])
        run, start, end = parts[longest]
        middle = round((start + end) / 2, -1)
        parts[longest : longest + 1] = [(run, start, middle), (run, middle, end)]
    shares = [_joined(share) for share in _in_order(parts, members)]
    return [list(share) for share in shares]


def _in_order(
    parts: Sequence[tuple[Run, float, float]], members: int
) -> list[list[tuple[Run, float, float]]]:
    left = sum(end - start for _run, start, end in parts)
    shares: list[list[tuple[Run, float, float]]] = []
    rest = list(parts)
    for waiting in range(members, 0, -1):
        share, metres = [rest.pop(0)], 0.0
        metres = share[0][2] - share[0][1]
        while len(rest) >= waiting and (
            waiting == 1 or metres + (rest[0][2] - rest[0][1]) / 2 < left / waiting
        ):
            share.append(rest.pop(0))
            metres += share[-1][2] - share[-1][1]
        shares.append(share)
        left -= metres
    return shares


def _joined(share: Sequence[tuple[Run, float, float]]) -> list[tuple[Run, float, float]]:
    joined: list[tuple[Run, float, float]] = []
    for run, start, end in share:
        if joined and joined[-1][0] is run and joined[-1][2] == start:
            joined[-1] = (run, joined[-1][1], end)
        else:
            joined.append((run, start, end))
    return joined
