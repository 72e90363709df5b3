"""Numbers, days and hours as people read them: `320 m`, `1.2 km`, `11月22日`. The same on pages and in briefings."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

NOTHING = "—"
Number = int | float | Decimal


def metres(value: Number | None) -> str:
    """Whole metres: `320 m`, `1,150 m`; `—` for None."""
    return NOTHING if value is None else f"{round(value):,} m"


def length(value: Number | None) -> str:
    """A length in metres, read in metres below one kilometre and in kilometres with one decimal from there on."""
    if value is None:
        return NOTHING
    return metres(value) if round(value) < 1000 else f"{float(value) / 1000:,.1f} km"


def width(value: Number | None) -> str:
    """A small measure in metres, with one decimal unless it is whole: `7 m`, `3.5 m`."""
    return NOTHING if value is None else f"{float(value):.1f}".removesuffix(".0") + " m"


def percent(share: Number | None) -> str:
    """A share between 0 and 1 as whole percent."""
    return NOTHING if share is None else f"{float(share) * 100:.0f}%"


def day(value: date | datetime | None) -> str:
    """`11月22日`, with the year when it is not this one."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    pattern = _("n月j日") if value.year == timezone.localdate().year else _("Y年n月j日")
    return date_format(value, pattern)


def as_of(value: date) -> str:
    """`截至 2026年11月22日`; a day to come is marked as a plan. With the year: what says so is read in another, too."""
    said = _("截至 %s") % date_format(value, _("Y年n月j日"))
    return said if value <= timezone.localdate() else _("%s(尚未到来,按目前的安排)") % said


def clock(value: time | datetime | None) -> str:
    """`16:20`, in the city's time zone."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    return f"{value:%H:%M}"


def moment(value: datetime | None) -> str:
    """`11月22日 16:20`."""
    return NOTHING if value is None else f"{day(value)} {clock(value)}"


def stretch(value: Any) -> str:
    """A stretch of a road (a numeric range in metres): `300–1,150 m`."""
    if value is None or value.isempty:
        return NOTHING
    return f"{round(value.lower):,}–{round(value.upper):,} m"


def period(value: Any) -> str:
    """A range of days with its last day included: `1月1日 至 12月31日`, `1月1日 起`."""
    if value is None or value.isempty:
        return NOTHING
    return days(value.lower, value.upper)


def first_and_last(value: Any) -> tuple[date | None, date | None]:
    """The days that a range of days [from, until) begins and ends with; None for no bound."""
    return value.lower, value.upper and value.upper - timedelta(days=1)


def days(start: date | None, end: date | None) -> str:
    """The same from its bounds: `start` included, `end` excluded, None for no bound."""
    if start is None and end is None:
        return NOTHING
    last = end - timedelta(days=1) if end else None
    if last is None:
        return _("%(from)s 起") % {"from": day(start)}
    if start is None:
        return _("至 %(to)s") % {"to": day(last)}
    return _("%(from)s 至 %(to)s") % {"from": day(start), "to": day(last)}


def last_day(value: Any) -> str:
    """The last day of a range of days, included: `12月31日`; for one without an end: `长期`."""
    if value is None or value.isempty:
        return NOTHING
    return _("长期") if value.upper is None else day(value.upper - timedelta(days=1))


def hours(opens: time | None, closes: time | None) -> str:
    """Daily hours: `07:00–21:00`; both None: all day."""
    return _("全天") if opens is None or closes is None else f"{clock(opens)}–{clock(closes)}"
