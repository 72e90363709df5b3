"""Laying a row of parallel parking bays along a kerb: what is in its way in the city, and the bays that are written."""

from collections.abc import Iterator, Sequence
from datetime import time
from decimal import Decimal
from itertools import count, islice

import shapely
from django.contrib.gis.geos import Polygon as StoredPolygon
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from psycopg2.extras import NumericRange
from shapely import Geometry, Polygon

from gridmgr.core.errors import Conflict, Invalid, constraint_of
from grids.models import SRID, Carriageway, Kerb, Road
from parking.domain.row import SIZES, KerbLine, Slot, Stretch, row_of_slots, without_overlaps
from parking.enums import BayKind
from parking.models import Bay, DropOffPoint, PandaLane

# Implementing Regulations of the Road Traffic Safety Law, art. 63 (2): from junctions, bridges and tunnels.
JUNCTION_CLEAR_M = STRUCTURE_CLEAR_M = 50.0


def kerbs_for_bays(width_m: float, *, one_way: bool) -> int:
    """On how many kerbs of a carriageway of this width bays may lie: 0, 1 or 2 (GA/T 850 [confirm]).

    Two-way: both from 12 m, one from 8 m. One-way: both from 9 m, one from 6 m.
    """
    one, both = (6.0, 9.0) if one_way else (8.0, 12.0)
    return (width_m >= one) + (width_m >= both)


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
