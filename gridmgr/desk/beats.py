"""What somebody answers for, with what stands there: the rows that the street pages are made of.

A beat is a stretch that somebody answers for: a branch's section, or, for a member, their own share of one. Every
function here takes a fixed number of queries, whatever the number of beats.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, F, QuerySet, Value
from django.db.models.functions import Least
from psycopg2.extras import NumericRange

from gridmgr.core.accounts.audience import Audience, any_reader, gaps_of
from gridmgr.core.geo.functions import LineSubstring, RangeLower, RangeUpper
from gridmgr.core.statements import Gap, among, written_once
from gridmgr.desk.standing import ON, Standing, Tally, standing_on, tally
from gridmgr.desk.turns import Clock
from gridmgr.desk.whereabouts import ends_of, put_where
from grids.domain.naming import Ends, name_stretches
from grids.layers import SECTIONS
from grids.models import Assignment, MemberAssignment
from parking import enums as bay_enums

# Metres along a road shared by neighbours may differ by what rounding to the centimetre makes of them.
TOUCH_M = 0.05


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


def _put_on(beat: Beat, standing: Standing) -> None:
    def here(thing: Any) -> bool:
        return beat.meets(thing.road_id, float(thing.stretch.lower), float(thing.stretch.upper))

    beat.sites = [site for site in standing.sites if here(site)]
    beat.points = [point for point in standing.points if here(point)]
    beat.lanes = [lane for lane in standing.lanes if here(lane)]
    bays = [bay for bay in standing.bays_of(beat.section.road_id) if beat.meets(*bay[:3])]
    beat.bays = Counter(kind for _road, _low, _high, kind, _side, state in bays if state == bay_enums.IN_USE)
    beat.bays_apart = len(bays) - beat.bays.total()
