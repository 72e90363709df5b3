"""What the page of each kind of place says beside its facts; a layer's declaration names the function for its page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.gis.db.models import GeometryField
from django.db.models import BigIntegerField, QuerySet

from gridmgr.core.accounts.audience import Audience, any_reader, gaps_of
from gridmgr.core.statements import Gap, written_once
from gridmgr.desk.beats import shares_now, with_neighbours
from gridmgr.desk.standing import ON, fill_ground, on_ground
from gridmgr.desk.turns import Clock, point_turn, site_turn
from gridmgr.desk.whereabouts import put_where
from grids.models import Assignment, MemberAssignment, OnRoad
from parking.enums import BayState
from parking.models import Bay, DropOffPoint, PandaLane, School
from vendors.enums import SiteState
from vendors.models import Allocation, Pitch, Site
from vendors.rights import may_see_holders


@dataclass(frozen=True)
class Reader:
    """For whom and for when a page is made."""

    audience: Audience
    clock: Clock

    @property
    def on(self) -> date:
        return self.clock.on


def bulk(related: Iterable[str]) -> list[str]:
    """Wide columns of the related rows that a page does not show."""
    models = {"road": "reference_line ways_left_out", "school": "area", "site": "area"}
    return [f"{path}__{name}" for path in related for name in models.get(path.split("__")[-1], "").split()]


# ── Who answers ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Answer:
    """A branch that answers for a stretch, its members there, and whether the reader may see their phones."""

    section: Assignment
    members: list[Any]
    phones: bool


def answers(things: Iterable[Any], reader: Reader) -> list[Answer]:
    """Who answers where `things` stand on their roads. Two queries at most."""
    ground = [(thing.road_id, thing.stretch) for thing in things]
    if not ground:
        return []
    statement = _sections_on(reader.audience.sees_all, len(ground))
    sections = statement.rows(on=reader.on, **gaps_of(reader.audience), **fill_ground(ground))
    shares = shares_now(sections, reader.audience, reader.on)
    return [_answer(*each, things, reader) for each in zip(sections, shares, strict=True)]


@written_once
def _sections_on(sees_all: bool, stretches: int) -> QuerySet[Any]:
    rows = Assignment.objects.on_day(ON).visible_to(any_reader(sees_all=sees_all), on=ON)
    return with_neighbours(rows.filter(on_ground(stretches))).order_by("road__name", "stretch")


def _answer(
    section: Assignment, shares: Iterable[MemberAssignment], things: Iterable[Any], reader: Reader
) -> Answer:
    spans = [
        (thing.stretch.lower, thing.stretch.upper) for thing in things if thing.road_id == section.road_id
    ]
    there = {
        share.member_id: share.member
        for share in shares
        if any(share.stretch.lower < high and share.stretch.upper > low for low, high in spans)
    }
    return Answer(section, list(there.values()), reader.audience.may_see_phones_of(section.branch_id))


def who_answers(thing: Any, reader: Reader) -> dict[str, Any]:
    """Of a thing on a road, who answers there; of any other nothing."""
    return {"answers": answers([thing], reader)} if isinstance(thing, OnRoad) else {}


# ── Each kind ─────────────────────────────────────────────────────────────────────────────────────────────


def about_site(site: Site, reader: Reader) -> dict[str, Any]:
    responsible = answers([site], reader)
    return {
        "answers": responsible,
        "pitches": _pitches(site, reader.on),
        "turn": site_turn(site, reader.clock),
        "names": may_see_holders(reader.audience, site, on=reader.on),
        "phones": any(answer.phones for answer in responsible),
        "gone": site.state == SiteState.CLOSED,
    }


def _pitches(site: Site, on: date) -> list[Any]:
    """The site's pitches, each with who holds it that day as `held`. Two queries."""
    pitches = _pitches_of().rows(site=site.pk)
    held: dict[int, list[Allocation]] = {pitch.pk: [] for pitch in pitches}
    for allocation in _held_at().rows(site=site.pk, on=on):
        held[allocation.pitch_id].append(allocation)
    for pitch in pitches:
        pitch.held = held[pitch.pk]
    return pitches


@written_once
def _pitches_of() -> QuerySet[Pitch]:
    return Pitch.objects.filter(site=Gap("site", BigIntegerField())).defer("area").order_by("number")


@written_once
def _held_at() -> QuerySet[Allocation]:
    held = Allocation.objects.on_day(ON).filter(pitch__site=Gap("site", BigIntegerField()))
    return held.select_related("vendor").order_by("period", "pk")


def about_pitch(pitch: Pitch, reader: Reader) -> dict[str, Any]:
    responsible = answers([pitch.site], reader)
    held = Allocation.objects.filter(pitch=pitch).select_related("vendor").order_by("-period")
    return {
        "answers": responsible,
        "site": pitch.site,
        "held": list(held.on_day(reader.on)),
        "names": may_see_holders(reader.audience, pitch.site, on=reader.on),
        "phones": any(answer.phones for answer in responsible),
    }


def about_school(school: School, reader: Reader) -> dict[str, Any]:
    lanes = list(_at_school(PandaLane, school, reader).order_by("road__name", "stretch"))
    points = list(_at_school(DropOffPoint, school, reader).prefetch_related("hours").order_by("code"))
    put_where([*lanes, *points], reader.audience)
    return {
        "answers": answers([*lanes, *points], reader),
        "gates": list(school.gates.all()),
        "lanes": lanes,
        "turns": [point_turn(point, reader.clock) for point in points],
    }


def _at_school(model: Any, school: School, reader: Reader) -> QuerySet[Any]:
    rows = (
        model.objects.visible_to(reader.audience, on=reader.on).filter(school=school).select_related("road")
    )
    return rows.defer(*bulk(["road"]), *(f.name for f in model._meta.fields if isinstance(f, GeometryField)))


def about_lane(lane: PandaLane, reader: Reader) -> dict[str, Any]:
    points = list(_at_school(DropOffPoint, lane.school, reader).prefetch_related("hours").order_by("code"))
    put_where(points, reader.audience)
    return {
        "answers": answers([lane], reader),
        "turns": [point_turn(point, reader.clock) for point in points],
    }


def about_point(point: DropOffPoint, reader: Reader) -> dict[str, Any]:
    lanes = list(_at_school(PandaLane, point.school, reader).order_by("road__name", "stretch"))
    put_where(lanes, reader.audience)
    return {
        "answers": answers([point], reader),
        "turn": point_turn(point, reader.clock),
        "lanes": lanes,
    }


def about_bay(bay: Bay, reader: Reader) -> dict[str, Any]:
    return {"answers": answers([bay], reader), "gone": bay.state == BayState.REMOVED}
