"""Laying a row of parallel parking bays along a kerb.

A bay lies on the carriageway, its outer long edge on the kerb line, which is the outer edge of the carriageway
(marked bays in the nearside lane, not lay-bys beyond the kerb). Sizes after GA/T 850 [confirm]. All metres in the city's
metric CRS; the stretch of a bay is that of the road's reference line abreast of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from itertools import count, islice

import numpy as np
import numpy.typing as npt
import shapely
from django.contrib.gis.geos import Polygon as StoredPolygon
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from psycopg2.extras import NumericRange
from shapely import Geometry, Polygon

from gridmgr.core.errors import Conflict, Invalid, constraint_of
from grids.enums import Side
from grids.models import SRID, Carriageway, Kerb, Road
from parking.enums import BayKind
from parking.models import Bay, DropOffPoint, PandaLane

Floats = npt.NDArray[np.float64]
Stretch = tuple[float, float]

# Length along the kerb and width across it, in metres.
SIZES: dict[str, tuple[float, float]] = {
    BayKind.SMALL: (6.0, 2.5),
    BayKind.ACCESSIBLE: (6.0, 2.5),
    BayKind.CHARGING: (6.0, 2.5),
    BayKind.LARGE: (15.6, 3.25),
}
# Implementing Regulations of the Road Traffic Safety Law, art. 63 (2): from junctions, bridges and tunnels.
JUNCTION_CLEAR_M = STRUCTURE_CLEAR_M = 50.0
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


def kerbs_for_bays(width_m: float, *, one_way: bool) -> int:
    """On how many kerbs of a carriageway of this width bays may lie: 0, 1 or 2 (GA/T 850 [confirm]).

    Two-way: both from 12 m, one from 8 m. One-way: both from 9 m, one from 6 m.
    """
    one, both = (6.0, 9.0) if one_way else (8.0, 12.0)
    return (width_m >= one) + (width_m >= both)


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


def lay_bays(
    road: Road,
    *,
    side: str,
    stretch: NumericRange,
    prefix: str,
    kind: str = BayKind.SMALL,
    keep_clear: Sequence[Stretch] = (),
    most: int | None = None,
    opens: time | None = None,
    closes: time | None = None,
    is_demo: bool = False,
) -> list[Bay]:
    """Lays bays of one kind end to end along a kerb of `road`, and returns them, numbered `prefix`-0001 and on.

    Keeps clear of the stretches `keep_clear` (junctions, crossings, other uses: the caller knows them), of the road's
    bridges and tunnels, of bays, drop-off points and Panda lanes on this kerb, and of bays and points that lie across,
    of other roads. Numbers go
    on after the highest with this prefix. Raises Invalid when the stretch is not on the road, the kerb is not
    known there or no bay fits; Conflict when somebody else laid bays here at the same moment.
    """
    low, high = _ends(road, stretch)
    kerbs = [KerbLine.of(kerb) for kerb in Kerb.objects.filter(road=road, side=side).order_by("pk")]
    if not any(kerb.arcs((low, high))[1] > 0 for kerb in kerbs):
        raise Invalid(
            _("%(road)s %(low).0f–%(high).0f m 没有路缘数据。请另选路段,或重新导入道路。")
            % {"road": road, "low": low, "high": high}
        )
    clear = [*keep_clear, *structures_of(road), *_uses(road, side)]
    slots = [
        slot
        for kerb in kerbs
        for slot in row_of_slots(kerb, stretch=(low, high), kinds=_endless(kind), keep_clear=clear)
    ]
    slots = list(islice(without_overlaps(slots, taken=_areas_near(slots)), most))
    if not slots:
        raise Invalid(
            _(
                "%(road)s %(low).0f–%(high).0f m 除去须避让的路段后,放不下一个长 %(length)s m 的泊位。请延长路段或另选一侧。"
            )
            % {"road": road, "low": low, "high": high, "length": SIZES[kind][0]}
        )
    numbers = (f"{prefix}-{number:04d}" for number in count(_next_number(prefix)))
    bays = [as_bay(slot, road=road, side=side, number=next(numbers), is_demo=is_demo) for slot in slots]
    for bay in bays:
        bay.opens, bay.closes = opens, closes
    return _written(bays, road)


def as_bay(slot: Slot, *, road: Road, side: str, number: str, is_demo: bool = False) -> Bay:
    """A Bay, not yet saved, in the place of `slot`."""
    return Bay(
        road=road,
        side=side,
        stretch=NumericRange(Decimal(str(slot.from_m)), Decimal(str(slot.to_m)), "[)"),
        number=number,
        kind=slot.kind,
        area=_stored(slot.area),
        is_demo=is_demo,
    )


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


def _stored(polygon: Polygon) -> StoredPolygon:
    """The polygon as Django keeps it, in the city's CRS."""
    return StoredPolygon(shapely.get_coordinates(polygon).tolist(), srid=SRID)


def _endless(kind: str) -> Iterator[str]:
    while True:
        yield kind


# ── What is there already ─────────────────────────────────────────────────────────────────────────────────


def _ends(road: Road, stretch: NumericRange) -> Stretch:
    low, high = stretch.lower, stretch.upper
    if (
        stretch.isempty
        or low is None
        or high is None
        or not 0 <= low < high
        or float(high) > road.length_m + 0.01
    ):
        raise Invalid(
            _("路段 %(low)s–%(high)s m 不在%(road)s的范围 0–%(end).0f m 之内。请把起止里程改到范围以内。")
            % {"low": low, "high": high, "road": road, "end": road.length_m}
        )
    return float(low), float(high)


def structures_of(road: Road) -> list[Stretch]:
    """Metres of the road on which no bay may lie because of its bridges and tunnels: their own, and what is too near to them."""
    ways = Carriageway.objects.filter(Q(bridge=True) | Q(tunnel=True) | ~Q(level=0), road=road).order_by()
    axis = shapely.from_wkb(bytes(road.reference_line.wkb))
    found = []
    for line in ways.values_list("line", flat=True):
        metres = shapely.line_locate_point(axis, shapely.points(line.coords))
        found.append((float(metres.min()) - STRUCTURE_CLEAR_M, float(metres.max()) + STRUCTURE_CLEAR_M))
    return found


def _uses(road: Road, side: str) -> list[Stretch]:
    """Stretches of this kerb that bays, drop-off points and Panda lanes take."""
    here = {"road": road, "side": side}
    rows = [
        *Bay.objects.standing().filter(**here).order_by().values_list("stretch", flat=True),
        *DropOffPoint.objects.filter(**here).order_by().values_list("stretch", flat=True),
        *PandaLane.objects.filter(**here).order_by().values_list("stretch", flat=True),
    ]
    return [(float(stretch.lower), float(stretch.upper)) for stretch in rows]


def _areas_near(slots: Sequence[Slot]) -> list[Geometry]:
    """Bays and drop-off points around the slots, of whatever road."""
    if not slots:
        return []
    box = shapely.box(*shapely.total_bounds([slot.area for slot in slots]))
    around = _stored(box)
    rows = [
        *Bay.objects.standing().filter(area__bboverlaps=around).order_by().values_list("area", flat=True),
        *DropOffPoint.objects.filter(area__bboverlaps=around).order_by().values_list("area", flat=True),
    ]
    return [shapely.from_wkb(bytes(area.wkb)) for area in rows]


def _next_number(prefix: str) -> int:
    taken = Bay.objects.filter(number__regex=rf"^{prefix}-\d+$").values_list("number", flat=True)
    return max((int(number.rsplit("-", 1)[1]) for number in taken), default=0) + 1


def _written(bays: list[Bay], road: Road) -> list[Bay]:
    try:
        with transaction.atomic():
            return Bay.objects.bulk_create(bays)
    except IntegrityError as error:
        name = constraint_of(error)
        if name == "bay_kerb_once" or "number" in name:
            raise Conflict(
                _("%(road)s这一侧刚有他人划了泊位,什么都没有保存。请刷新后再试。") % {"road": road}
            ) from error
        raise
