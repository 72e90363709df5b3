"""When a kerb is used, and whether two uses ever meet: daily hours across midnight, seasons, school days."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from psycopg2.extras import DateRange

MINUTES_OF_DAY = 24 * 60
# Beyond so many days every week's rule has had its turn, whatever holidays lie between.
LOOK_AHEAD_DAYS = 370

Days = tuple[date, date]  # [first, end)
SchoolDay = Callable[[date], bool]


@dataclass(frozen=True)
class Window:
    """Minutes of the day [start, end), on the days [first, end), or on those of them that are school days."""

    start: int
    end: int
    days: Days
    school: bool = False


@dataclass(frozen=True)
class Occupation:
    """All windows in which something takes its ground."""

    windows: Sequence[Window]

    def meets(self, other: "Occupation", *, since: date, is_school_day: SchoolDay) -> bool:
        """Whether both take their ground at one moment of the day `since` or later."""
        return any(
            _meet(mine, theirs, since, is_school_day) for mine in self.windows for theirs in other.windows
        )


def daily(opens: time | None, closes: time | None, season: DateRange | None = None) -> Occupation:
    """Every day of the season from `opens` to `closes`; across midnight when `closes` is earlier; both None: all day."""
    days = _days(season)
    if opens is None or closes is None:
        return Occupation([Window(0, MINUTES_OF_DAY, days)])
    start, end = _minute(opens), _minute(closes)
    if start < end:
        return Occupation([Window(start, end, days)])
    next_days = (_day_after(days[0]), _day_after(days[1]))
    return Occupation([Window(start, MINUTES_OF_DAY, days), Window(0, end, next_days)])


def on_school_days(windows: Sequence[tuple[time, time]]) -> Occupation:
    """In these hours of every school day; without hours all day, every day."""
    if not windows:
        return daily(None, None)
    return Occupation(
        [Window(_minute(opens), _minute(closes), _days(None), school=True) for opens, closes in windows]
    )


def _meet(a: Window, b: Window, since: date, is_school_day: SchoolDay) -> bool:
    if max(a.start, b.start) >= min(a.end, b.end):
        return False
    first, end = max(a.days[0], b.days[0], since), min(a.days[1], b.days[1])
    if first >= end:
        return False
    return not (a.school or b.school) or any(is_school_day(day) for day in _from(first, end))


def _from(first: date, end: date) -> Iterator[date]:
    for step in range(min((end - first).days, LOOK_AHEAD_DAYS)):
        yield first + timedelta(days=step)


def _days(season: DateRange | None) -> Days:
    if season is None:
        return date.min, date.max
    return season.lower or date.min, season.upper or date.max


def _day_after(day: date) -> date:
    return day if day in (date.min, date.max) else day + timedelta(days=1)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
