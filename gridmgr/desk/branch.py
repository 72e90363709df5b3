"""The page of a branch: its roads, people and places, and its neighbours."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.changes import history_of
from gridmgr.core.past import Tense, end_of, tense_of
from gridmgr.desk.beats import Beat, branch_beats, furnish, member_beats
from gridmgr.desk.my import today
from gridmgr.desk.neighbours import meet_neighbours
from gridmgr.desk.outlook import street_map
from gridmgr.desk.standing import BayRow
from gridmgr.desk.turns import Clock, clock_of
from gridmgr.feeds.query import told_of_its_day
from grids.layers import BRANCHES
from grids.models import Branch, Member
from grids.rights import may_assign
from parking.enums import BayKind
from vendors.domain.week import BranchWeek, week_of


@require_GET
@told_of_its_day
def branch(request: HttpRequest, code: str) -> HttpResponse:
    """`/branches/<code>/`; a member sees their own branch alone, reduced to their own stretches."""
    audience, clock = audience_of(request.user), clock_of(request)
    row = get_object_or_404(BRANCHES.rows(audience, clock.on), code=code)
    beats = _beats(row, audience, clock)
    standing = furnish(beats, audience=audience, clock=clock)
    context: dict[str, Any] = {
        "branch": row,
        "clock": clock,
        "beats": beats,
        "neighbours": meet_neighbours(beats, audience=audience, clock=clock),
        "people": _people(row, beats, audience, clock),
        "phones": audience.may_see_phones_of(row.pk),
        "sees_all": audience.sees_all,
        "figures": _figures(beats),
        "bay_kinds": bays_by_kind(standing.bays),
        "bay_roads": bays_by_road(beats, standing.bays),
        "map": street_map(
            request,
            [row.area] if audience.sees_all else [beat.line for beat in beats],
            branches=audience.sees_all,
            own=row.code,
        ),
        "may_add": may_assign(audience),
        "history": history_of(row) if audience.sees_all else [],
        "week": _week(row, clock) if audience.sees_all else None,
    }
    return render(request, "desk/branch.html", context | today(standing))


def _week(row: Branch, clock: Clock) -> BranchWeek | None:
    """The week up to now, or to the end of a day in the past; of a day to come nothing is known."""
    if tense_of(clock.on) == Tense.FUTURE:
        return None
    return week_of(row, at=clock.now or end_of(clock.on) - timedelta(seconds=1))


def _beats(row: Branch, audience: Audience, clock: Clock) -> list[Beat]:
    if not audience.sees_all:
        return member_beats(audience=audience, clock=clock)
    return branch_beats(row.pk, audience=audience, clock=clock)


@dataclass(frozen=True)
class Figures:
    """Metres of road answered for, on how many roads, and the metres of it that no member answers for."""

    metres: float
    roads: int
    unshared_m: float


def _figures(beats: list[Beat]) -> Figures:
    return Figures(
        metres=sum(beat.metres for beat in beats),
        roads=len({beat.section.road_id for beat in beats}),
        unshared_m=sum(beat.unshared_m for beat in beats),
    )


@dataclass(frozen=True)
class Person:
    """A serving member, and the beats in which they have a stretch, with its metres."""

    member: Member
    stretches: list[tuple[Beat, Any]]

    @property
    def metres(self) -> float:
        return sum(float(share.stretch.upper) - float(share.stretch.lower) for _beat, share in self.stretches)


def _people(row: Branch, beats: list[Beat], audience: Audience, clock: Clock) -> list[Person]:
    """Serving members, the secretary first. One query."""
    stretches: dict[int, list[tuple[Beat, Any]]] = defaultdict(list)
    for beat in beats:
        for share in beat.shares:
            stretches[share.member_id].append((beat, share))
    members = (
        Member.objects.serving()
        .visible_to(audience, on=clock.on)
        .filter(branch=row)
        .order_by("-role", "name")
    )
    return [Person(member, stretches[member.pk]) for member in members]


def bays_by_kind(bays: list[BayRow]) -> list[tuple[str, int]]:
    """(word, number) for each kind of bay there is, in the order of the choices."""
    numbers = Counter(kind for _road, _low, _high, kind, *_rest in bays)
    return [(str(word), numbers[kind]) for kind, word in BayKind.choices if numbers[kind]]


def bays_by_road(beats: list[Beat], bays: list[BayRow]) -> list[tuple[Any, int]]:
    """(road, number of these bays on it), most first."""
    roads = {beat.section.road_id: beat.section.road for beat in beats}
    numbers = Counter(road for road, *_rest in bays)
    return [(roads[pk], number) for pk, number in numbers.most_common()]
