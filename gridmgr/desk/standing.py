"""What stands on stretches of road, each thing once: rows for pages and briefings, and how many there are."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.contrib.postgres.fields import DecimalRangeField
from django.db.models import BigIntegerField, DateField, Q, QuerySet
from psycopg2.extras import NumericRange

from gridmgr.core.accounts.audience import Audience, any_reader, gaps_of
from gridmgr.core.geo.functions import RangeLower, RangeUpper
from gridmgr.core.layers.base import Layer
from gridmgr.core.statements import Gap, written_once
from gridmgr.desk.turns import Clock, point_turn, site_turn
from parking import enums as bay_enums
from parking.layers import BAYS, DROP_OFF_POINTS, PANDA_LANES
from vendors.layers import SITES
from vendors.status import APART, IN_USE, SiteStatus

ON: Any = Gap("on", DateField())  # the day, in statements that are written once

Ground = Sequence[tuple[int, NumericRange]]  # (road, stretch)

WHOLE = NumericRange()  # of a road: all its metres


def standing_on(ground: Ground | None, *, audience: Audience, clock: Clock) -> "Standing":
    """What the reader may see of what stands on these (road, stretch), None for everywhere, with each `turn`. Five queries."""
    standing = Standing(*(_rows_on(ground, layer, audience, clock.on) for layer in _READ))
    for site in standing.sites:
        site.turn = site_turn(site, clock)
    for point in standing.points:
        point.turn = point_turn(point, clock)
    return standing


def _rows_on(ground: Ground | None, layer: Layer, audience: Audience, on: date) -> list[Any]:
    if ground is not None and not ground:
        return []
    statement = _standing(layer, audience.sees_all, None if ground is None else len(ground))
    return statement.rows(on=on, **gaps_of(audience), **fill_ground(ground or ()))


@written_once
def _standing(layer: Layer, sees_all: bool, stretches: int | None) -> "QuerySet[Any]":
    rows = layer.rows(any_reader(sees_all=sees_all), ON)
    if stretches is not None:
        rows = rows.filter(on_ground(stretches))
    return _READ[layer](rows)


# (road, from metre, to metre, kind, side, state)
BayRow = tuple[int, float, float, str, str, str]

BAY_ROW = ("road_id", RangeLower("stretch"), RangeUpper("stretch"), "kind", "side", "state")

BULK = ("area", "road__reference_line", "road__ways_left_out")

# How each is read, in the order of Standing; bays as plain values, thousands of them in one cheap query.
_READ: dict[Layer, Callable[["QuerySet[Any]"], "QuerySet[Any]"]] = {
    SITES: lambda rows: rows.select_related("road").defer(*BULK),
    DROP_OFF_POINTS: lambda rows: (
        rows.select_related("road", "school").prefetch_related("hours").defer(*BULK, "school__area")
    ),
    PANDA_LANES: lambda rows: rows.select_related("road", "school").defer(*BULK[1:], "line", "school__area"),
    BAYS: lambda rows: rows.order_by().values_list(*BAY_ROW),
}


@dataclass
class Standing:
    """Everything on a set of beats, each thing once, whatever its state; what is counted is `tally` and `bays`."""

    sites: list[Any]
    points: list[Any]
    lanes: list[Any]
    every_bay: list[BayRow]

    @property
    def tally(self) -> "Tally":
        return tally(self.sites)

    @cached_property
    def bays(self) -> list[BayRow]:
        """The bays in use."""
        return [bay for bay in self.every_bay if bay[5] == bay_enums.IN_USE]

    def bays_of(self, road_id: int) -> list[BayRow]:
        """Those along one road, whatever their state."""
        return self._by_road.get(road_id, [])

    @cached_property
    def _by_road(self) -> dict[int, list[BayRow]]:
        found: defaultdict[int, list[BayRow]] = defaultdict(list)
        for bay in self.every_bay:
            found[bay[0]].append(bay)
        return dict(found)

    @property
    def bays_apart(self) -> int:
        """How many are suspended."""
        return len(self.every_bay) - len(self.bays)


@dataclass(frozen=True)
class Tally:
    """Sites told by what they are: those in use with their pitches, and how many there are of each other status."""

    sites: int
    pitches: int
    taken: int
    apart: list[tuple[SiteStatus, int]]

    @property
    def free(self) -> int:
        return self.pitches - self.taken


def tally(sites: Iterable[Any]) -> Tally:
    """Counts rows of the layer by the status of their day."""
    sites = list(sites)
    used = [site for site in sites if site.status == IN_USE]
    numbers = Counter(site.status for site in sites)
    return Tally(
        sites=len(used),
        pitches=sum(site.pitches_n for site in used),
        taken=sum(site.taken_n for site in used),
        apart=[(status, numbers[status]) for status in APART if numbers[status]],
    )


def on_ground(stretches: int) -> Q:
    """In a statement: things on any of so many (road, stretch), which `fill_ground` fills in."""
    each = [
        Q(road=Gap(f"road{n}", BigIntegerField()), stretch__overlap=Gap(f"stretch{n}", DecimalRangeField()))
        for n in range(stretches)
    ]
    return reduce(or_, each)


def fill_ground(ground: Ground) -> dict[str, Any]:
    """The values of the gaps of `on_ground`."""
    values: dict[str, Any] = {}
    for n, (road, stretch) in enumerate(ground):
        values |= {f"road{n}": road, f"stretch{n}": stretch}
    return values
