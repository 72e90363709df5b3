"""What stands on stretches of road and what is on there now: the rows that the street pages are made of.

A beat is a stretch that somebody answers for: a branch's section, or, for a member, their own share of one. Every
function here takes a fixed number of queries, whatever the number of beats.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.contrib.postgres.fields import DecimalRangeField
from django.db.models import BigIntegerField, DateField, F, Q, QuerySet, Value
from django.db.models.functions import Least
from django.http import HttpRequest
from django.utils import timezone
from psycopg2.extras import NumericRange

from gridmgr.core.accounts.audience import Audience, any_reader, gaps_of
from gridmgr.core.geo.functions import LineSubstring, RangeLower, RangeUpper
from gridmgr.core.layers.base import Layer
from gridmgr.core.statements import Gap, among, written_once
from gridmgr.desk.whereabouts import ends_of, put_where
from gridmgr.feeds.query import day_of
from grids.domain.naming import Ends, name_stretches
from grids.layers import SECTIONS
from grids.models import Assignment, MemberAssignment
from parking import enums as bay_enums
from parking.layers import BAYS, DROP_OFF_POINTS, PANDA_LANES
from parking.models import DropOffPoint
from parking.querysets import school_days
from vendors.layers import SITES
from vendors.models import Site
from vendors.status import APART, IN_USE, SiteStatus, status_of

# Metres along a road shared by neighbours may differ by what rounding to the centimetre makes of them.
TOUCH_M = 0.05

ON: Any = Gap("on", DateField())  # the day, in statements that are written once


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


# ── Beats ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Beat:
    """Metres `from_m` to `to_m` of a section's road, with what stands there.

    `share` is set when the beat is one member's. `sites` are all that stand there, planned and suspended ones among
    them; `bays` counts bays in use by kind, `bays_apart` those suspended; `line` is the stretch itself
    in the metric CRS.
    """

    section: Assignment
    from_m: float
    to_m: float
    line: Any
    share: MemberAssignment | None = None
    ends: Ends = field(default_factory=lambda: Ends("", ""))
    shares: list[MemberAssignment] = field(default_factory=list)
    sites: list[Any] = field(default_factory=list)
    points: list[Any] = field(default_factory=list)
    lanes: list[Any] = field(default_factory=list)
    bays: Counter[str] = field(default_factory=Counter)
    bays_apart: int = 0
    neighbours: list[Any] = field(default_factory=list)

    @property
    def metres(self) -> float:
        return self.to_m - self.from_m

    @property
    def stretch(self) -> NumericRange:
        return self.share.stretch if self.share else self.section.stretch

    @property
    def tally(self) -> "Tally":
        """Its sites, told by what they are."""
        return tally(self.sites)

    @property
    def points_open(self) -> int:
        """How many of its drop-off points are open now."""
        return sum(1 for point in self.points if point.turn.open_until)

    @property
    def bays_n(self) -> int:
        return self.bays.total()

    @property
    def unshared_m(self) -> float:
        """Metres of the section that no member answers for."""
        shared = sum(float(share.stretch.upper) - float(share.stretch.lower) for share in self.shares)
        left = self.metres - shared
        return left if left >= TOUCH_M else 0.0

    def meets(self, road_id: int, low: float, high: float) -> bool:
        return road_id == self.section.road_id and low < self.to_m and high > self.from_m


def branch_beats(
    branch_id: int | None, *, audience: Audience, clock: Clock, on_foot: bool = False
) -> list[Beat]:
    """A beat for each section of the branch that the reader may see. Three queries; `on_foot` as in `section_beats`."""
    statement = _sections_of_branch(audience.sees_all)
    sections = statement.rows(on=clock.on, of=branch_id, **gaps_of(audience))
    return section_beats(sections, audience=audience, clock=clock, on_foot=on_foot)


@written_once
def _sections_of_branch(sees_all: bool) -> "QuerySet[Any]":
    rows = SECTIONS.rows(any_reader(sees_all=sees_all), ON).filter(branch=Gap("of", BigIntegerField()))
    return with_neighbours(rows).order_by("road__name", "stretch")


def with_neighbours(sections: "QuerySet[Any]") -> "QuerySet[Any]":
    """Sections with what is said of their road and branch."""
    return sections.select_related("road", "branch").defer(
        "road__reference_line", "road__ways_left_out", "branch__area"
    )


def section_beats(
    sections: Iterable[Any], *, audience: Audience, clock: Clock, on_foot: bool = False
) -> list[Beat]:
    """A beat for each of `sections` (rows of the layer, with their `line`), with members. Two queries.

    `on_foot`: ends are named as the reader would on the street; that takes one more.
    """
    beats = [Beat(row, float(row.stretch.lower), float(row.stretch.upper), row.line) for row in sections]
    for beat, shares in zip(
        beats, shares_now([beat.section for beat in beats], audience, clock.on), strict=True
    ):
        beat.shares = shares
    return named(beats, audience if on_foot else None)


def shares_now(sections: Sequence[Assignment], audience: Audience, on: date) -> list[list[MemberAssignment]]:
    """Of each section the members' stretches of that day, in order; for a member their own. One query, none for nothing."""
    if not sections:
        return []
    by_key = {section.pk: section for section in sections}
    found: dict[int, list[MemberAssignment]] = {key: [] for key in by_key}
    for share in _shares(audience.sees_all).rows(on=on, sections=list(by_key), **gaps_of(audience)):
        share.assignment = by_key[share.assignment_id]
        found[share.assignment_id].append(share)
    return [found[section.pk] for section in sections]


@written_once
def _shares(sees_all: bool) -> "QuerySet[MemberAssignment]":
    rows = MemberAssignment.objects.on_day(ON).filter(among("assignment", "sections"))
    if not sees_all:
        rows = rows.filter(member=any_reader(sees_all=False).member_id)
    return rows.select_related("member").order_by("stretch")


def member_beats(*, audience: Audience, clock: Clock, on_foot: bool = False) -> list[Beat]:
    """A beat for each stretch of the member `audience`. Two queries; `on_foot` as in `section_beats`."""
    shares = _own_shares().rows(on=clock.on, **gaps_of(audience))
    beats = [
        Beat(row.assignment, float(row.stretch.lower), float(row.stretch.upper), row.line, row, shares=[row])
        for row in shares
    ]
    return named(beats, audience if on_foot else None)


@written_once
def _own_shares() -> "QuerySet[MemberAssignment]":
    length = F("assignment__road__length_m")
    return (
        MemberAssignment.objects.on_day(ON)
        .filter(member=any_reader(sees_all=False).member_id)
        .select_related("member", "assignment__road", "assignment__branch")
        .defer(
            "assignment__road__reference_line", "assignment__road__ways_left_out", "assignment__branch__area"
        )
        .annotate(
            line=LineSubstring(
                F("assignment__road__reference_line"),
                RangeLower("stretch") / length,
                Least(RangeUpper("stretch") / length, Value(1.0)),
            )
        )
        .order_by("assignment__road__name", "stretch")
    )


def with_line(sections: "QuerySet[Assignment]") -> "QuerySet[Any]":
    """Sections of any day with their stretch as `line`, like the rows of the layer."""
    length = F("road__length_m")
    share = Least(RangeUpper("stretch") / length, Value(1.0))
    return sections.annotate(
        line=LineSubstring(F("road__reference_line"), RangeLower("stretch") / length, share)
    )


def beats_for(audience: Audience, clock: Clock) -> list[Beat]:
    """What the reader answers for: a secretary the branch's sections, a member their own shares."""
    if audience.sees_all:
        return branch_beats(audience.branch_id, audience=audience, clock=clock, on_foot=True)
    return member_beats(audience=audience, clock=clock, on_foot=True)


def named(beats: list[Beat], audience: Audience | None = None) -> list[Beat]:
    """The same beats with the names of their ends; in the words of `audience` where one is given. Two queries at most."""
    stretches = [(beat.section.road_id, beat.from_m, beat.to_m) for beat in beats]
    names = name_stretches(stretches) if audience is None else ends_of(stretches, audience)
    for beat, ends in zip(beats, names, strict=True):
        beat.ends = ends
    if audience is not None:
        _name_shares(beats, audience)
    return beats


def _name_shares(beats: list[Beat], audience: Audience) -> None:
    """Puts the names of their ends onto members' stretches where a section has several."""
    shares: list[Any] = [(beat, share) for beat in beats if len(beat.shares) > 1 for share in beat.shares]
    stretches = [
        (beat.section.road_id, float(share.stretch.lower), float(share.stretch.upper))
        for beat, share in shares
    ]
    for (_beat, share), ends in zip(shares, ends_of(stretches, audience) if shares else [], strict=True):
        share.ends = ends


def furnish(beats: list[Beat], *, audience: Audience, clock: Clock) -> "Standing":
    """Puts onto each beat what stands there, with where it is in words; returns each thing once. Six queries."""
    ground = [(beat.section.road_id, beat.stretch) for beat in beats]
    standing = standing_on(ground, audience=audience, clock=clock)
    put_where([*standing.sites, *standing.points, *standing.lanes], audience)
    for beat in beats:
        _put_on(beat, standing)
    return standing


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


def _put_on(beat: Beat, standing: Standing) -> None:
    def here(thing: Any) -> bool:
        return beat.meets(thing.road_id, float(thing.stretch.lower), float(thing.stretch.upper))

    beat.sites = [site for site in standing.sites if here(site)]
    beat.points = [point for point in standing.points if here(point)]
    beat.lanes = [lane for lane in standing.lanes if here(lane)]
    bays = [bay for bay in standing.bays_of(beat.section.road_id) if beat.meets(*bay[:3])]
    beat.bays = Counter(kind for _road, _low, _high, kind, _side, state in bays if state == bay_enums.IN_USE)
    beat.bays_apart = len(bays) - beat.bays.total()


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


# ── What is on now ────────────────────────────────────────────────────────────────────────────────────────


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
