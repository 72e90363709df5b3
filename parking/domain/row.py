"""A row of parallel parking bays along one run of kerb: where each may lie.

A bay lies on the carriageway, its outer long edge on the kerb line, which is the outer edge of the carriageway
(marked bays in the nearside lane, not lay-bys beyond the kerb). Sizes after GA/T 850 [confirm]. All metres in the city's
metric CRS; the stretch of a bay is that of the road's reference line abreast of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Geometry, Polygon

from grids.enums import Side
from grids.models import Kerb
from parking.enums import BayKind

Floats = npt.NDArray[np.float64]
Stretch = tuple[float, float]

# Length along the kerb and width across it, in metres.
SIZES: dict[str, tuple[float, float]] = {
    BayKind.SMALL: (6.0, 2.5),
    BayKind.ACCESSIBLE: (6.0, 2.5),
    BayKind.CHARGING: (6.0, 2.5),
    BayKind.LARGE: (15.6, 3.25),
}
OVERLAP_M2 = 0.01  # neighbouring bays share an edge; what floating point makes of it is not an overlap
STEP_M = 1.0  # how far a row moves on where the kerb bends too sharply for a bay
LEAST_CHORD = 0.995  # a bay's ends are at least this share of its length apart: the kerb is straight enough


@dataclass(frozen=True)
class Slot:
    """A place for one bay: its kind, the metres of road abreast of it, and its rectangle."""

    kind: str
    from_m: float
    to_m: float
    area: Polygon


@dataclass(frozen=True)
class KerbLine:
    """One unbroken run of kerb: vertices, metres along it, metres of road abreast, and the way to the carriageway.

    `inward` is 1 when the carriageway lies to the left of the line as drawn (a right-hand kerb), else -1.
    """

    xy: Floats
    arc: Floats
    measures: Floats
    inward: int

    @classmethod
    def of(cls, kerb: Kerb) -> "KerbLine":
        """The run that a Kerb row holds."""
        xy = shapely.get_coordinates(shapely.from_wkb(bytes(kerb.line.wkb)))
        return cls.along(xy, np.array(kerb.measures, dtype=float), kerb.side)

    @classmethod
    def along(cls, xy: Floats, measures: Floats, side: str) -> "KerbLine":
        """The run through the vertices `xy`, abreast of the road's `measures`, on `side` of the road."""
        steps = np.hypot(*np.diff(xy, axis=0).T)
        moves = np.concatenate(([True], steps > 1e-6))
        arc = np.concatenate(([0.0], np.cumsum(steps)))[moves]
        return cls(xy[moves], arc, np.maximum.accumulate(measures[moves]), 1 if side == Side.RIGHT else -1)

    @property
    def length_m(self) -> float:
        return float(self.arc[-1])

    def at(self, metres: float) -> Floats:
        """The point `metres` along the kerb."""
        return np.array(
            [np.interp(metres, self.arc, self.xy[:, 0]), np.interp(metres, self.arc, self.xy[:, 1])]
        )

    def measure(self, metres: float) -> float:
        """The metre of the road abreast of the point `metres` along the kerb."""
        return float(np.interp(metres, self.arc, self.measures))

    def arcs(self, stretch: Stretch) -> Stretch:
        """Where along the kerb the road's `stretch` begins and ends; an empty interval when it is not abreast."""
        low, high = max(stretch[0], self.measures[0]), min(stretch[1], self.measures[-1])
        if low >= high:
            return (0.0, 0.0)
        # Where several kerb vertices share a measure, keep-clear must cover all of them.
        first = int(np.searchsorted(self.measures, low, side="left"))
        last = int(np.searchsorted(self.measures, high, side="right"))
        start = self.arc[first] if self.measures[first] == low else np.interp(low, self.measures, self.arc)
        end = (
            self.arc[last - 1]
            if self.measures[last - 1] == high
            else np.interp(high, self.measures, self.arc)
        )
        return float(start), float(end)


def row_of_slots(
    kerb: KerbLine, *, stretch: Stretch, kinds: Iterable[str], keep_clear: Sequence[Stretch] = ()
) -> Iterator[Slot]:
    """Slots end to end along `kerb` within the road's `stretch`, clear of the stretches `keep_clear`.

    `kinds` says, one by one, what each next slot is for. At bends the row opens up so that slots don't overlap,
    and leaves out places where the kerb is not straight for a bay's length.
    """
    wanted = iter(kinds)
    kind = next(wanted, None)
    for start, end in _free(kerb.arcs(stretch), [kerb.arcs(taken) for taken in keep_clear]):
        before: Floats | None = None
        while kind is not None:
            length, width = SIZES[kind]
            if start + length > end:
                break
            corners = _rectangle(kerb, start, length, width)
            shift = _needed_shift(before, corners, length)
            if shift > 0:
                start += shift
                continue
            from_m, to_m = round(kerb.measure(start), 2), round(kerb.measure(start + length), 2)
            if from_m < to_m:
                yield Slot(kind, from_m, to_m, Polygon(corners))
                kind = next(wanted, None)
            before = corners
            start += length


def without_overlaps(slots: Sequence[Slot], *, taken: Sequence[Geometry] = ()) -> list[Slot]:
    """The slots, in order, that lie neither on one of the areas `taken` nor on a slot before them."""
    if not slots:
        return []
    areas = np.array([slot.area for slot in slots], dtype=object)
    blocked = np.zeros(len(slots), dtype=bool)
    if len(taken):
        mine, theirs = shapely.STRtree(list(taken)).query(areas, predicate="intersects")
        others = np.array(list(taken), dtype=object)[theirs]
        blocked[mine[_overlap(areas[mine], others)]] = True
    later, earlier = shapely.STRtree(areas).query(areas, predicate="intersects")
    pairs = earlier < later
    later, earlier = later[pairs], earlier[pairs]
    real = _overlap(areas[later], areas[earlier])
    for a, b in sorted(zip(later[real].tolist(), earlier[real].tolist(), strict=True)):
        blocked[a] |= not blocked[b]
    return [slot for slot, out in zip(slots, blocked, strict=True) if not out]


# ── Geometry ──────────────────────────────────────────────────────────────────────────────────────────────


def _rectangle(kerb: KerbLine, start: float, length: float, width: float) -> Floats:
    """Corners: kerb start, kerb end, inner end, inner start; a true rectangle on the chord of the kerb."""
    first, last = kerb.at(start), kerb.at(start + length)
    chord = last - first
    reach = float(np.hypot(*chord))
    if reach < LEAST_CHORD * length:
        return np.empty((0, 2))
    along = chord / reach
    across = np.array([-along[1], along[0]]) * kerb.inward * width
    return np.array([first, first + along * length, first + along * length + across, first + across])


def _needed_shift(before: Floats | None, corners: Floats, length: float) -> float:
    """How far the row must move on before a bay may stand here: 0 when it may."""
    if not len(corners):
        return STEP_M
    if before is None or not len(before):
        return 0.0
    along = before[1] - before[0]
    along = along / np.hypot(*along)
    ahead = (corners[[0, 3]] - before[1]) @ along
    short = -float(ahead.min())
    return short + 0.005 if short > 0.003 else 0.0


def _free(whole: Stretch, taken: Sequence[Stretch]) -> list[Stretch]:
    free: list[Stretch] = []
    start = whole[0]
    for low, high in sorted(pair for pair in taken if pair[1] > pair[0]):
        if low > start:
            free.append((start, min(low, whole[1])))
        start = max(start, high)
    return [pair for pair in [*free, (start, whole[1])] if pair[1] > pair[0]]


def _overlap(a: npt.NDArray[np.object_], b: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    return shapely.area(shapely.intersection(a, b)) > OVERLAP_M2
