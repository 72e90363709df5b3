"""Where a rectangle leaves too little of a footway clear.

Footways (advisory) are sampled, every metre where the kerb turns or a footway ends or runs askew to the kerb and every
eight metres elsewhere, and the edges found by bisection. Between two samples a width may differ by centimetres; where a
footway crosses askew, room for less than a metre's move between two narrow places is not seen, and warned of.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from vendors.domain import siting
from vendors.domain.kerbside.cells import NONE, Cells, cut, merged, spread
from vendors.domain.kerbside.strip import Strip
from vendors.domain.rectangles import Flags, Floats, Ints, Rectangles, distance_to_box, rectangles

STEP_M, FINE_M, TURN = 8.0, 1.0, 0.1
STRAIGHT = 2e-4  # radians: a bend that changes what is left by less than some millimetres
AT_ONCE = 40_000  # rectangles that are looked at together: some 10^6 pairs with segments


def too_narrow(strip: Strip, lines: npt.NDArray[np.object_], halves: Floats, required: float) -> Cells:
    """Where the rectangle leaves less than `required` metres of a footway clear: middle lines with half their widths."""
    if not len(lines) or not len(strip.room[0]):
        return NONE
    footways = _Footways(strip, lines, halves, required)
    low, high = _sampled(strip, footways)
    inner = np.clip(np.concatenate((low, high)), np.tile(low, 2) + 1e-4, np.tile(high, 2) - 1e-4)
    sample, which = np.unique(np.round(inner, 2), return_inverse=True)
    first, last = footways.left_too_narrow(sample)[which].reshape(2, -1)
    change = first != last
    inside, outside = np.where(first, low, high)[change], np.where(first, high, low)[change]
    edge = inside.copy()
    for _step in range(10):  # 8 m / 2^10 is under a centimetre
        middle = (inside + outside) / 2
        still = footways.left_too_narrow(middle)
        inside, outside = np.where(still, middle, inside), np.where(still, outside, middle)
    both = first & last
    parts = (low[both], np.minimum(edge, outside)), (high[both], np.maximum(edge, outside))
    return merged(np.concatenate(parts[0]), np.concatenate(parts[1]))


def _sampled(strip: Strip, footways: "_Footways") -> Cells:
    """Cells at whose ends footways are looked at: short ones where the kerb turns, or where a footway ends or crosses."""
    low, high = cut(strip.room, STEP_M)
    fine = strip.runs.turning(low - strip.size.length / 2, high + strip.size.length / 2) > TURN
    fine |= footways.ends_near((low + high) / 2)
    fine[~fine] = footways.askew_near(((low + high) / 2)[~fine])
    fine_low, fine_high = cut((low[fine], high[fine]), FINE_M)
    low, high = np.concatenate((low[~fine], fine_low)), np.concatenate((high[~fine], fine_high))
    order = np.argsort(low)
    return low[order], high[order]


@dataclass(frozen=True)
class _Nearby:
    """For each cell of a strip the items that lie near it, one cell's behind the other's."""

    item: Ints
    start: Ints
    count: Ints

    @classmethod
    def of(cls, cell: Ints, item: Ints, cells: int) -> "_Nearby":
        count = np.bincount(cell, minlength=cells)
        return cls(item, np.cumsum(count) - count, count)

    def each(self, cell: Ints) -> tuple[Ints, Ints]:
        """(index in `cell`, item) for every item near each of these cells."""
        owner, place = spread(self.start[cell], self.count[cell])
        return owner, self.item[place]


class _Footways:
    """Footways as segments of their middle lines, with half their widths, and the metres that are to be left of each."""

    def __init__(self, strip: Strip, lines: npt.NDArray[np.object_], halves: Floats, required: float) -> None:
        simple, whole = shapely.get_parts(lines, return_index=True)
        halves = halves[whole]
        self.strip, self.halves, self.required = strip, halves, required
        xy, owner = shapely.get_coordinates(simple, return_index=True)
        first = np.flatnonzero(owner[1:] == owner[:-1])
        self.line: Ints = owner[first]
        self.start, self.end = xy[first], xy[first + 1]
        self.begins = np.diff(self.line, prepend=-1) != 0
        self.ends_here = np.diff(self.line, append=-1) != 0
        self.halving, self.turn = self._bends()
        self.low, self.high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        self.middle, self.reach = (self.start + self.end) / 2, np.hypot(*(self.end - self.start).T) / 2
        self.reach += halves[self.line] + self._diagonal / 2
        self.cells = len(strip.cells[0])
        # What lies so near that a corner's nearest segment is among it, for any rectangle that stands on the footway.
        reach = halves + self._diagonal
        cell, line = strip.near(simple, reach)
        of_line = np.bincount(self.line, minlength=len(simple))
        pair, segment = spread((np.cumsum(of_line) - of_line)[line], of_line[line])
        near = self._is_near(cell[pair], segment, reach[line[pair]])
        self.segments = _Nearby.of(cell[pair][near], segment[near], self.cells)
        self.tips = np.concatenate(
            (xy[np.searchsorted(owner, np.arange(len(simple)))], self._last(xy, owner, len(simple)))
        )
        cell, tip = strip.near(shapely.points(self.tips), np.full(2 * len(simple), self._around))
        self.ends = _Nearby.of(cell, tip, self.cells)

    def _bends(self) -> tuple[Floats, Floats]:
        """For the end of each segment the direction that halves the angle to the next one, and the turn (radians)."""
        along = self.end - self.start
        along = along / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        on = along + np.vstack((along[1:], along[-1:]))
        chord = np.hypot(*(along - np.vstack((along[1:], along[-1:]))).T)
        turn = np.where(self.ends_here, 0.0, 2 * np.arcsin(np.minimum(chord / 2, 1.0)))
        return np.column_stack((-on[:, 1], on[:, 0])), turn

    @staticmethod
    def _last(xy: Floats, owner: Ints, lines: int) -> Floats:
        return xy[np.searchsorted(owner, np.arange(lines), side="right") - 1]

    @property
    def _diagonal(self) -> float:
        return float(np.hypot(self.strip.size.length, self.strip.size.depth))

    @property
    def _around(self) -> float:
        return 0.65 * STEP_M + float(
            self.halves.max()
        )  # a rectangle moves by up to 1.3 m for each metre along a bend

    def _is_near(self, cell: Ints, segment: Ints, reach: Floats) -> Flags:
        """Whether the segment's box comes within `reach` of the ground of the cell."""
        west, south, east, north = self.strip.ground[cell].T
        low, high = self.low[segment], self.high[segment]
        return (
            (low[:, 0] <= east + reach)
            & (high[:, 0] >= west - reach)
            & (low[:, 1] <= north + reach)
            & (high[:, 1] >= south - reach)
        )

    def _cell_of(self, at: Floats) -> Ints:
        return np.clip(np.searchsorted(self.strip.cells[0], at, side="right") - 1, 0, self.cells - 1)

    def ends_near(self, at: Floats) -> Flags:
        """Around which places a footway ends, so that what is left of it may change within a step."""
        owner, tip = self.ends.each(self._cell_of(at))
        laid = rectangles(self.strip.runs, at, self.strip.size)
        found = np.zeros(len(at), dtype=bool)
        found[owner[laid.beyond(owner, self.tips[tip]) <= self._around]] = True
        return found

    def askew_near(self, at: Floats) -> Flags:
        """Around which places a footway does not run along the kerb: within a step the rectangle may be on it and off again."""
        return _in_parts(self._askew, at)

    def _askew(self, at: Floats) -> Flags:
        laid = rectangles(self.strip.runs, at, self.strip.size)
        owner, segment = self.segments.each(self._cell_of(at))
        way = (self.end - self.start)[segment]
        askew = np.abs(np.einsum("ij,ij->i", way, laid.out[owner])) > TURN * np.hypot(*way.T)
        owner, segment = owner[askew], segment[askew]
        found = np.zeros(len(at), dtype=bool)
        found[owner[self._apart(laid, owner, segment) <= self._around]] = True
        return found

    def left_too_narrow(self, at: Floats) -> Flags:
        """At which places on the axis the rectangle stands on a footway of which it leaves too little."""
        return _in_parts(self._too_narrow, at)

    def _too_narrow(self, at: Floats) -> Flags:
        laid = rectangles(self.strip.runs, at, self.strip.size)
        owner, segment = self.segments.each(self._cell_of(at))
        apart = np.hypot(*(laid.centre[owner] - self.middle[segment]).T)
        # What can be the nearest segment to a corner of a rectangle that stands on the footway, and what it can stand on.
        matters = apart <= self.reach[segment] + self._diagonal
        owner, segment, apart = owner[matters], segment[matters], apart[matters]
        on_it = apart <= self.reach[segment]
        on_it[on_it] = self._stands_on(laid, owner[on_it], segment[on_it])
        step = self._groups(owner, segment)
        group = np.repeat(np.arange(len(step)), np.diff(np.append(step, len(owner))))
        chosen = np.logical_or.reduceat(on_it, step)[group] if len(step) else on_it
        return self._left(laid, owner[chosen], segment[chosen])

    def _groups(self, owner: Ints, segment: Ints) -> Ints:
        """Where the segments of another footway, or those around another rectangle, begin."""
        return np.flatnonzero(np.diff(owner, prepend=-1) | np.diff(self.line[segment], prepend=-1))

    def _stands_on(self, laid: Rectangles, owner: Ints, segment: Ints) -> Flags:
        """Whether each rectangle comes nearer to its segment than half the footway's width."""
        return self._apart(laid, owner, segment) < self.halves[self.line[segment]]

    def _apart(self, laid: Rectangles, owner: Ints, segment: Ints) -> Floats:
        """Metres from each rectangle to its segment; 0 where they meet."""
        a, b = (self._centred(laid, owner, ends[segment]) for ends in (self.start, self.end))
        return distance_to_box(a, b, np.array([laid.size.length / 2, laid.size.depth / 2]))

    @staticmethod
    def _centred(laid: Rectangles, owner: Ints, xy: Floats) -> Floats:
        along, out = laid.local(owner, xy)
        return np.column_stack((along, out - laid.near[owner] - laid.size.depth / 2))

    def _left(self, laid: Rectangles, owner: Ints, segment: Ints) -> Flags:
        """Which rectangles leave too little of a footway, all of whose segments around them are given."""
        short = np.zeros(len(laid.near), dtype=bool)
        if not len(owner):
            return short
        step = self._groups(owner, segment)
        clear = self._clear(laid, owner, segment, step, sides=False)
        too_little = clear < self.required - siting.TOLERANCE_M
        # Between two corners a side strays from where these would have it by its length times a quarter of the turn at most.
        strays = self._diagonal / 2 * np.add.reduceat(self.turn[segment], step)
        unsure = ~too_little & (clear - strays < self.required)
        if unsure.any():
            count = np.diff(np.append(step, len(owner)))
            chosen = np.repeat(unsure, count)
            owner_of, of, some = owner[chosen], segment[chosen], count[unsure]
            clear = self._clear(laid, owner_of, of, np.cumsum(some) - some, sides=True)
            too_little[unsure] = clear < self.required - siting.TOLERANCE_M
        short[owner[step[too_little]]] = True
        return short

    def _clear(self, laid: Rectangles, owner: Ints, segment: Ints, step: Ints, *, sides: bool) -> Floats:
        """Metres left clear by each group of segments, which begin at `step`, by the corners of its rectangle, or by all its sides."""
        group, aside = self._offsets(laid, owner, segment, step, sides=sides)
        first = np.flatnonzero(np.diff(group, prepend=-1))
        most, least = np.maximum.reduceat(aside, first), np.minimum.reduceat(aside, first)
        half = self.halves[self.line[segment[step]]]
        return np.clip(np.maximum(half - most, least + half), 0.0, 2 * half)

    def _offsets(
        self, laid: Rectangles, owner: Ints, segment: Ints, step: Ints, *, sides: bool
    ) -> tuple[Ints, Floats]:
        """Metres aside of a footway that the outermost points of each rectangle lie, as `siting.clear_width` has it.

        The groups of segments begin at `step`; what comes back is the group of each point, and its metres.
        """
        a, b = (self._centred(laid, owner, ends[segment]) for ends in (self.start, self.end))
        count = np.diff(np.append(step, len(owner)))
        group, points = self._corners(len(step))
        if sides:
            group, points = self._abreast(laid, owner, segment, b, np.repeat(np.arange(len(step)), count))
        point, pair = spread(step[group], count[group])
        to, chosen = points[point] - a[pair], segment[pair]
        way = (b - a)[pair]
        length = np.maximum(np.hypot(*way.T), 1e-9)
        along = way / length[:, None]
        t = np.einsum("ij,ij->i", to, along)
        away = to - np.clip(t, 0.0, length)[:, None] * along
        apart = np.einsum("ij,ij->i", away, away)
        first = np.flatnonzero(np.diff(point, prepend=-1))
        is_nearest = apart <= np.repeat(np.minimum.reduceat(apart, first), count[group])
        nearest = np.flatnonzero(is_nearest)[np.flatnonzero(np.diff(point[is_nearest], prepend=-1))]
        t, length, chosen = t[nearest], length[nearest], chosen[nearest]
        aside = along[nearest, 0] * away[nearest, 1] - along[nearest, 1] * away[nearest, 0]
        round_a_bend = (t < 0) & ~self.begins[chosen] | (t > length) & ~self.ends_here[chosen]
        return group, np.where(round_a_bend, np.copysign(np.sqrt(apart[nearest]), aside), aside)

    def _corners(self, groups: int) -> tuple[Ints, Floats]:
        sides = np.array([self.strip.size.length / 2, self.strip.size.depth / 2])
        corners = sides * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        return np.repeat(np.arange(groups), 4), np.tile(corners, (groups, 1))

    def _abreast(
        self, laid: Rectangles, owner: Ints, segment: Ints, end: Floats, group: Ints
    ) -> tuple[Ints, Floats]:
        """Corners of the rectangles, and the points of their sides abreast of a footway's bends; in order of group."""
        corner_of, corners = self._corners(int(group[-1]) + 1)
        found_of, found = [corner_of], [corners]
        sides, corners = corners[2], corners[:4]
        within = 4 * self.halves[self.line[segment]]
        bends = (self.turn[segment] > STRAIGHT) & (np.abs(end) <= sides + within[:, None]).all(axis=1)
        vertex, of = end[bends], group[bends]
        halving = np.column_stack(
            [
                np.einsum("ij,ij->i", self.halving[segment[bends]], axis[owner[bends]])
                for axis in (laid.along, laid.out)
            ]
        )
        for start, step in zip(corners, np.roll(corners, -1, axis=0) - corners, strict=True):
            to = vertex - start
            with np.errstate(divide="ignore", invalid="ignore"):
                crossing = (to[:, 0] * halving[:, 1] - to[:, 1] * halving[:, 0]) / (
                    step[0] * halving[:, 1] - step[1] * halving[:, 0]
                )
            for share in (to @ step / (step @ step), crossing):
                found_of.append(of)
                found.append(start + np.clip(np.nan_to_num(share), 0.0, 1.0)[:, None] * step)
        groups_of, points = np.concatenate(found_of), np.concatenate(found)
        order = np.argsort(groups_of, kind="stable")
        return groups_of[order], points[order]


def _in_parts(look: Callable[[Floats], Flags], at: Floats) -> Flags:
    """What `look` says of each place on the axis, AT_ONCE at a time."""
    parts = [look(at[n : n + AT_ONCE]) for n in range(0, len(at), AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=bool)
