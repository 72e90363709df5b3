"""Rectangles beside a kerb: they snap to it and turn with it.

All metres in the city's metric CRS. Many positions on many runs are worked out at once, for the runs lie one behind the
other on one long axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from grids.models import Kerb
from parking.domain.row import LEAST_CHORD, KerbLine
from vendors.domain.place import MOST_M2

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

OFFSET_M = 0.8  # from the kerb to a place on the pavement, when nobody says otherwise
APART_M = 1000.0  # between two runs on the long axis
LIMITS_M = {"length": (1.0, 400.0), "depth": (0.5, 60.0), "offset": (-30.0, 30.0)}


@dataclass(frozen=True)
class Size:
    """A rectangle's length along the kerb, its depth, and how far outside the kerb it begins (negative: on the carriageway)."""

    length: float
    depth: float
    offset: float = OFFSET_M

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS_M.items():
            value = getattr(self, name)
            if not least <= value <= most:  # false for NaN too
                words = {"length": _("长度"), "depth": _("进深"), "offset": _("距路缘")}
                raise Invalid(
                    _("%(what)s %(value)s m 须在 %(least)s 至 %(most)s m 之间。")
                    % {"what": words[name], "value": value, "least": least, "most": most}
                )
        if self.length * self.depth > MOST_M2:
            raise Invalid(_("范围太大,最多 %.0f m²。") % MOST_M2)


class Runs:
    """Runs of kerb one behind the other on one long axis; `base[k]` is where the k-th begins on it."""

    def __init__(self, kerbs: Sequence[Kerb]) -> None:
        self.kerbs = list(kerbs)
        self.lines = [KerbLine.of(kerb) for kerb in self.kerbs]
        lengths = np.array([line.length_m for line in self.lines])
        self.length: Floats = lengths
        self.base: Floats = np.concatenate(([0.0], np.cumsum(lengths + APART_M)))[: len(lengths)]
        self.inward: Ints = np.array([line.inward for line in self.lines], dtype=np.intp)
        self.xy: Floats = _joined([line.xy for line in self.lines], (0, 2))
        self.arc: Floats = _joined(
            [line.arc + base for line, base in zip(self.lines, self.base, strict=True)], (0,)
        )
        self.measures: Floats = _joined([line.measures for line in self.lines], (0,))

    @cached_property
    def turned(self) -> Floats:
        """For each vertex the sum of all turns (radians) on the axis up to and with it."""
        steps = np.diff(self.xy, axis=0)
        bearing = np.arctan2(steps[:, 1], steps[:, 0])
        turns = np.abs((np.diff(bearing) + np.pi) % (2 * np.pi) - np.pi)
        first = np.isin(self.arc, self.base)
        turns = np.concatenate(([0.0], turns, [0.0]))[: len(self.xy)]
        last = np.concatenate((first[1:], [True])) if len(first) else first
        turns[first | last] = 0.0  # the step from one run to the next is none of the kerb
        return np.cumsum(turns)

    def run_of(self, at: Floats) -> Ints:
        """Which run each place on the axis is on."""
        return np.searchsorted(self.base, at, side="right") - 1

    def point(self, at: Floats) -> Floats:
        """Where on the ground each place on the axis is."""
        return np.column_stack(
            (np.interp(at, self.arc, self.xy[:, 0]), np.interp(at, self.arc, self.xy[:, 1]))
        )

    def measure(self, at: Floats) -> Floats:
        """The metre of the road abreast of each place on the axis."""
        return np.interp(at, self.arc, self.measures)

    def turning(self, low: Floats, high: Floats) -> Floats:
        """How much the kerb turns between two places on the axis, radians."""
        first = np.searchsorted(self.arc, low, side="left")
        last = np.searchsorted(self.arc, high, side="right")
        sums = np.concatenate(([0.0], self.turned))
        return sums[last] - sums[first]


def _joined(parts: Sequence[Floats], empty: tuple[int, ...]) -> Floats:
    return np.concatenate(parts) if parts else np.empty(empty)


@dataclass(frozen=True)
class Rectangles:
    """Rectangles at many places on the axis: the middle of the kerb's chord, the unit vectors along and out, where each begins."""

    size: Size
    middle: Floats
    along: Floats
    out: Floats
    near: Floats
    reach: Floats

    @property
    def straight(self) -> Floats:
        """Metres by which the kerb is straight enough for a rectangle; negative at sharp bends, where none is laid."""
        return self.reach - LEAST_CHORD * self.size.length

    @cached_property
    def centre(self) -> Floats:
        """The middles of the rectangles themselves."""
        return self.middle + self.out * (self.near + self.size.depth / 2)[:, None]

    def only(self, index: Ints) -> "Rectangles":
        """Some of them."""
        return Rectangles(
            self.size,
            self.middle[index],
            self.along[index],
            self.out[index],
            self.near[index],
            self.reach[index],
        )

    def polygons(
        self, inset: float | Floats = 0.0, *, longer: float | Floats = 0.0
    ) -> npt.NDArray[np.object_]:
        """The rectangles without their outermost `inset` metres (negative: with as much around them), `longer` at both ends.

        What is left of one that is too small is its middle.
        """
        half, first, last = self._edges(inset, longer)
        corners = np.stack(
            [
                self.middle + self.along * _column(side * half) + self.out * _column(depth)
                for side, depth in ((-1, first), (1, first), (1, last), (-1, last))
            ],
            axis=1,
        )
        return np.asarray(shapely.polygons(np.concatenate((corners, corners[:, :1]), axis=1)))

    def _edges(self, inset: float | Floats, longer: float | Floats) -> tuple[float | Floats, Floats, Floats]:
        """Half the length, and where the rectangles begin and end outward."""
        half = np.maximum(self.size.length / 2 - inset + longer, 1e-6)
        cut = np.minimum(inset, self.size.depth / 2 - 1e-6)
        return half, self.near + cut, self.near + self.size.depth - cut

    def local(self, index: Ints, xy: Floats) -> tuple[Floats, Floats]:
        """Places on the ground, each as a rectangle of `index` sees it: metres along from its middle, and out from its kerb's chord."""
        away = xy - self.middle[index]
        return (
            np.einsum("ij,ij->i", away, self.along[index]),
            np.einsum("ij,ij->i", away, self.out[index]),
        )

    def beyond(
        self, index: Ints, xy: Floats, inset: float | Floats = 0.0, *, longer: float | Floats = 0.0
    ) -> Floats:
        """Metres from rectangles of `index`, cut or grown as in `polygons`, to places on the ground; negative inside: how deep."""
        half, first, last = self._edges(inset, longer)
        half = half[index] if isinstance(half, np.ndarray) else half
        along, out = self.local(index, xy)
        aside, across = np.abs(along) - half, np.maximum(first[index] - out, out - last[index])
        outside = np.hypot(np.maximum(aside, 0.0), np.maximum(across, 0.0))
        return np.where(outside > 0, outside, np.maximum(aside, across))

    def beyond_segments(
        self,
        index: Ints,
        ends: tuple[Floats, Floats],
        inset: float | Floats = 0.0,
        *,
        longer: float | Floats = 0.0,
    ) -> Floats:
        """Metres from rectangles of `index`, cut or grown as in `polygons`, to straight segments; 0 where they meet."""
        half, first, last = self._edges(inset, longer)
        half = half[index] if isinstance(half, np.ndarray) else np.full(len(index), half)
        middle, sides = (first + last)[index] / 2, (last - first)[index] / 2
        a, b = (
            np.column_stack((along, out - middle)) for along, out in (self.local(index, end) for end in ends)
        )
        return distance_to_box(a, b, np.column_stack((half, sides)))

    def extents(self, around: Floats) -> Floats:
        """West, south, east and north of upright boxes that hold the rectangles and `around` metres about them."""
        half = (np.hypot(self.size.length, self.size.depth) / 2 + around)[:, None]
        return np.hstack((self.centre - half, self.centre + half))


def distance_to_box(a: Floats, b: Floats, sides: Floats) -> Floats:
    """Metres from segments to upright boxes around the origin with these half sides; 0 where they meet."""
    way = b - a
    with np.errstate(divide="ignore", invalid="ignore"):
        enter, leave = (-sides - a) / way, (sides - a) / way
    level = way == 0
    within = np.abs(a) <= sides
    first = np.where(level, np.where(within, -np.inf, np.inf), np.minimum(enter, leave)).max(axis=1)
    last = np.where(level, np.where(within, np.inf, -np.inf), np.maximum(enter, leave)).min(axis=1)
    meets = np.maximum(first, 0.0) <= np.minimum(last, 1.0)
    ends = [np.hypot(*np.maximum(np.abs(end) - sides, 0.0).T) for end in (a, b)]
    squared = np.maximum(np.einsum("ij,ij->i", way, way), 1e-18)
    corners = []
    for signs in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        to = sides * np.array(signs) - a
        share = np.clip(np.einsum("ij,ij->i", to, way) / squared, 0.0, 1.0)
        corners.append(np.hypot(*(to - share[:, None] * way).T))
    return np.where(meets, 0.0, np.minimum.reduce([*ends, *corners]))


def _column(values: float | Floats) -> float | Floats:
    return values[:, None] if isinstance(values, np.ndarray) else values


def rectangles(runs: Runs, at: Floats, size: Size) -> Rectangles:
    """The rectangles at places on the axis, each on the chord of its kerb, wholly outside a kerb that bulges."""
    first_at, last_at = at - size.length / 2, at + size.length / 2
    first, last = runs.point(first_at), runs.point(last_at)
    chord = last - first
    reach = np.hypot(chord[:, 0], chord[:, 1])
    along = chord / np.maximum(reach, 1e-9)[:, None]
    inward = runs.inward[runs.run_of(at)]
    out = np.column_stack((along[:, 1], -along[:, 0])) * inward[:, None]
    near = np.full(len(at), size.offset) + _bulge(runs, first_at, last_at, first, out)
    return Rectangles(size, (first + last) / 2, along, out, near, reach)


def _bulge(runs: Runs, first_at: Floats, last_at: Floats, first: Floats, out: Floats) -> Floats:
    """How far the kerb between its ends bulges outward beyond the chord."""
    low = np.searchsorted(runs.arc, first_at, side="right")
    count = np.maximum(np.searchsorted(runs.arc, last_at, side="left") - low, 0)
    owner = np.repeat(np.arange(len(low)), count)
    vertex = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + low[owner]
    bulge = np.zeros(len(low))
    np.maximum.at(bulge, owner, np.einsum("ij,ij->i", runs.xy[vertex] - first[owner], out[owner]))
    return bulge
