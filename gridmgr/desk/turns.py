"""The day a page is about, and whose turn it is on that day: what is open now, and what opens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from gridmgr.feeds.query import day_of
from parking.models import DropOffPoint
from parking.querysets import school_days
from vendors.models import Site
from vendors.status import IN_USE, SiteStatus, status_of


@dataclass(frozen=True)
class Clock:
    """The day a page is about. `now` is the local time when that day is today, else None: then nothing is "on now"."""

    on: date
    now: datetime | None
    school_day: bool
    next_school_day: date | None

    @property
    def time(self) -> time | None:
        return self.now.time() if self.now else None


def clock_of(request: HttpRequest) -> Clock:
    """The page's day (`?date=`, else today), and whether there is school on it. One query."""
    on, now = day_of(request), timezone.localtime()
    return Clock(on, now if on == now.date() else None, *school_days(on))


@dataclass(frozen=True)
class Turn:
    """A thing's turn: `open_until` while it is open, else when it opens next (a time, and the day if not today).

    `status` says of a site that is not in use what it is.
    """

    thing: Any
    open_until: time | None = None
    opens: time | None = None
    day: date | None = None
    status: SiteStatus | None = None


def point_turn(point: DropOffPoint, clock: Clock) -> Turn:
    """A drop-off point now: open until, or its next opening on this or the next school day."""
    windows = sorted((hours.opens, hours.closes) for hours in point.hours.all())
    now = clock.time
    if clock.school_day:
        if now is not None:
            for opens, closes in windows:
                if opens <= now < closes:
                    return Turn(point, open_until=closes)
        coming = [opens for opens, _closes in windows if now is None or opens > now]
        if coming:
            return Turn(point, opens=coming[0])
    if windows and clock.next_school_day:
        return Turn(point, opens=windows[0][0], day=clock.next_school_day)
    return Turn(point)


def site_turn(site: Site, clock: Clock) -> Turn:
    """A site now: open until, or its next opening today or tomorrow; neither when it is not in use or out of season."""
    now, today, tomorrow = clock.time, clock.on, clock.on + timedelta(days=1)
    status = status_of(site, today)
    if status == IN_USE:
        if now is None:
            return Turn(site, opens=site.opens)
        if _in_hours(site, now):
            return Turn(site, open_until=site.closes)
        if site.opens > now:
            return Turn(site, opens=site.opens)
    opens_tomorrow = status_of(site, tomorrow) == IN_USE
    told = status if status != IN_USE else SiteStatus.RESTING  # its season ends today
    return Turn(site, opens=site.opens, day=tomorrow) if opens_tomorrow else Turn(site, status=told)


def _in_hours(site: Site, now: time) -> bool:
    """Whether `now` lies in the site's daily hours, which may run across midnight."""
    if site.opens < site.closes:
        return site.opens <= now < site.closes
    return now >= site.opens or now < site.closes


@dataclass(frozen=True)
class Agenda:
    """One kind's part of the line "today": those open now, and those that come next at one moment."""

    open: list[Turn]
    next: list[Turn]
    rest: int

    @property
    def until(self) -> time | None:
        """When the first of the open ones closes."""
        return min((turn.open_until for turn in self.open if turn.open_until), default=None)

    @property
    def at(self) -> Turn | None:
        """The next opening."""
        return self.next[0] if self.next else None

    @property
    def free(self) -> int:
        """Free pitches of the open sites."""
        return sum(turn.thing.free_n or 0 for turn in self.open)

    @property
    def total(self) -> int:
        return len(self.open) + len(self.next) + self.rest


def agenda(things: Sequence[Any]) -> Agenda:
    """The turns of `things`, set in order."""
    turns: list[Turn] = [thing.turn for thing in things]
    running = [turn for turn in turns if turn.open_until]
    coming = sorted((turn for turn in turns if turn.opens), key=_when)
    soonest = [turn for turn in coming if _when(turn) == _when(coming[0])]
    return Agenda(running, soonest, len(turns) - len(running) - len(soonest))


def _when(turn: Turn) -> tuple[date, time]:
    return turn.day or date.min, turn.opens or time.min
