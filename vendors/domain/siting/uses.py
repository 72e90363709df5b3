"""What else takes the ground at a kerb, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import shapely
from django.urls import reverse
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange

from parking.models import CalendarDay
from vendors import functions
from vendors.domain.occupation import Occupation, daily, on_school_days
from vendors.domain.place import Place
from vendors.domain.siting.verdict import Culprit


@dataclass(frozen=True)
class KerbUse:
    """Something else that takes ground at a kerb: a site, a bay, a drop-off point or a Panda lane, and when."""

    what: str
    id: int
    key: str
    label: str
    occupation: Occupation
    shape: shapely.Geometry

    @classmethod
    def read(cls, row: Sequence[Any]) -> "KerbUse":
        """From a row of `functions.kerb_uses_under`, without its first column."""
        what, pk, key, label, first, end, opens, closes, school, shape = row
        occupation = when_used(first, end, opens, closes, school)
        return cls(what, pk, key, label, occupation, shapely.from_wkb(bytes(shape)))

    @property
    def ground(self) -> shapely.Geometry:
        """The area it takes; a Panda lane is stored as a line."""
        return self.shape.buffer(functions.PANDA_LANE_HALF_M) if self.what == "lane" else self.shape

    def culprit(self, more: int) -> Culprit:
        name = {"site": _("摊点"), "bay": _("停车泊位"), "drop_off": _("接送点"), "lane": _("“熊猫”通道")}[
            self.what
        ]
        route = {"site": "site", "bay": "bay", "drop_off": "drop-off-point", "lane": "panda-lane"}[self.what]
        key = self.id if self.what == "lane" else self.key
        return Culprit(f"{name} {self.label}", reverse(route, args=[key]), self.shape, more=more)


def when_used(
    first: date | None, end: date | None, opens: Sequence[time], closes: Sequence[time], school: bool
) -> Occupation:
    """When a kerb is used, from the columns of `functions.kerb_uses_under`."""
    if school:
        return on_school_days(list(zip(opens, closes, strict=True)))
    season = None if first is None and end is None else DateRange(first, end)
    return daily(opens[0] if opens else None, closes[0] if closes else None, season)


def occupation_of(place: Place) -> Occupation:
    """When the place uses its ground."""
    return daily(place.opens, place.closes, place.season)


class SchoolCalendar:
    """Which days are school days. One query at the first question, none before."""

    def __init__(self) -> None:
        self._said: dict[date, bool] | None = None

    def is_school_day(self, day: date) -> bool:
        """Monday to Friday, unless the calendar says otherwise."""
        if self._said is None:
            self._said = dict(CalendarDay.objects.values_list("day", "is_school_day"))
        return self._said.get(day, day.weekday() < 5)
