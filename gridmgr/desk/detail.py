"""The page of one place: its facts, the map around it, what belongs to it, who answers, and its history."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import rules
from django.contrib.gis.db.models import GeometryField
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.history import history_of
from gridmgr.core.layers.base import Layer
from gridmgr.core.navigation import WayThere, way_there
from gridmgr.desk.context import dated
from gridmgr.desk.lists import link_of
from gridmgr.desk.outlook import street_map
from gridmgr.desk.standing import Clock, clock_of, on_stretches, point_turn, site_turn
from gridmgr.desk.tables import columns, with_fields
from gridmgr.desk.whereabouts import put_where
from gridmgr.feeds.query import told_of_its_day
from grids.models import Assignment, MemberAssignment, OnRoad
from parking.enums import BayState
from parking.models import Bay, DropOffPoint, PandaLane, School
from vendors.domain.rights import may_see_holders
from vendors.enums import SiteState
from vendors.models import Allocation, Pitch, Site


@dataclass(frozen=True)
class Reader:
    """For whom and for when a page is made."""

    audience: Audience
    clock: Clock

    @property
    def on(self) -> date:
        return self.clock.on


@dataclass(frozen=True)
class Place:
    """How the page of one kind of place is made.

    `rows`: what the reader may see, those no longer in use included; `about`: the template's own context;
    `related`: what is read in the same query.
    """

    template: str
    rows: Callable[[Reader], QuerySet[Any]]
    about: Callable[[Any, Reader], dict[str, Any]]
    related: Sequence[str] = field(default=())


@require_GET
@told_of_its_day
def detail(request: HttpRequest, layer: str, key: str | int) -> HttpResponse:
    """A place's page; 404 for one that is not there or not this reader's to see."""
    shown, place = layer_named(layer), PLACES[layer]
    reader = Reader(audience_of(request.user), clock_of(request))
    rows = with_fields(shown, place.rows(reader)).select_related(*place.related).defer(*_bulk(place.related))
    thing = get_object_or_404(rows, **{shown.key: key})
    about = place.about(thing, reader)
    # A member reads sites of the whole city, but no road or branch other than their own.
    theirs = reader.audience.sees_all or bool(about.get("answers"))
    context = {
        "layer": shown,
        "thing": thing,
        "theirs": theirs,
        "facts": _facts(shown, thing, reader, linked=theirs),
        "way": way_to(shown, thing),
        "map": street_map(request, [getattr(thing, shown.geometry)], focus=(shown.name, thing.pk)),
        "history": history_of(thing) if rules.has_perm("gridmgr.see_history", request.user) else None,
        "edit_url": _edit_url(request, thing),
        "clock": reader.clock,
    }
    return render(request, place.template, context | about)


def _facts(layer: Layer, thing: Any, reader: Reader, *, linked: bool) -> list[tuple[Any, str, str]]:
    """Label, words and link of each field that is not the page's title; who doesn't read metres is told where instead."""
    row = vars(thing)

    def facts(*without: str) -> list[tuple[Any, str, str]]:
        return [
            (column.label, column.say(row), dated(link_of(column, row), reader.on) if linked else "")
            for column in columns(layer, without=["name", *without])
        ]

    if not isinstance(thing, OnRoad):
        return facts()
    put_where([thing], reader.audience)
    if reader.audience.reads_metres:
        return facts()
    return [*facts("side", "from_m", "to_m"), (_("位置"), vars(thing)["where"], "")]


def way_to(layer: Layer, thing: Any) -> WayThere:
    """The way to a thing that has been read: to a point on it."""
    point = getattr(thing, layer.geometry).point_on_surface
    return way_there(str(thing), point.x, point.y, where=getattr(thing, "where", ""))


@require_GET
@told_of_its_day
def way(request: HttpRequest, layer: str, key: str) -> HttpResponse:
    """`/go/<layer>/<key>/`: the way to a place by the reader's map app; as JSON where it is, for a popup."""
    shown, reader = layer_named(layer), Reader(audience_of(request.user), clock_of(request))
    if not shown.route:
        raise Http404
    place = PLACES.get(layer)
    rows = shown.rows(reader.audience, reader.on)
    if place:
        rows = place.rows(reader).select_related(*place.related).defer(*_bulk(place.related))
    try:
        thing = get_object_or_404(rows, **{shown.key: key})
    except ValueError:
        raise Http404 from None
    if isinstance(thing, OnRoad):
        put_where([thing], reader.audience)
    found = way_to(shown, thing)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"where": found.where}, json_dumps_params={"ensure_ascii": False})
    page = shown.page_of(getattr(thing, shown.key))
    return render(request, "desk/way.html", {"way": found, "layer": shown, "thing": thing, "page": page})


def _bulk(related: Iterable[str]) -> list[str]:
    """Wide columns of the related rows that a page does not show."""
    models = {"road": "reference_line ways_left_out", "school": "area", "site": "area"}
    return [f"{path}__{name}" for path in related for name in models.get(path.split("__")[-1], "").split()]


def _edit_url(request: HttpRequest, thing: Any) -> str:
    meta = thing._meta
    if not rules.has_perm(f"{meta.app_label}.change_{meta.model_name}", request.user):
        return ""
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[thing.pk])


# ── Who answers ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Answer:
    """A branch that answers for a stretch, its members there, and whether the reader may see their phones."""

    section: Assignment
    members: list[Any]
    phones: bool


def answers(things: Iterable[Any], reader: Reader) -> list[Answer]:
    """Who answers where `things` stand on their roads. Two queries at most."""
    where = on_stretches((thing.road_id, thing.stretch) for thing in things)
    shares = MemberAssignment.objects.on_day(reader.on).select_related("member").order_by("stretch")
    if not reader.audience.sees_all:
        shares = shares.filter(member=reader.audience.member_id)
    sections = (
        Assignment.objects.on_day(reader.on)
        .visible_to(reader.audience, on=reader.on)
        .filter(where)
        .select_related("branch", "road")
        .defer("branch__area", *_bulk(["road"]))
        .prefetch_related(Prefetch("shares", shares, to_attr="shares_now"))
        .order_by("road__name", "stretch")
    )
    return [_answer(section, things, reader) for section in sections]


def _answer(section: Any, things: Iterable[Any], reader: Reader) -> Answer:
    spans = [
        (thing.stretch.lower, thing.stretch.upper) for thing in things if thing.road_id == section.road_id
    ]
    there = {
        share.member_id: share.member
        for share in section.shares_now
        if any(share.stretch.lower < high and share.stretch.upper > low for low, high in spans)
    }
    return Answer(section, list(there.values()), reader.audience.may_see_phones_of(section.branch_id))


# ── Each kind ─────────────────────────────────────────────────────────────────────────────────────────────


def _about_site(site: Site, reader: Reader) -> dict[str, Any]:
    responsible = answers([site], reader)
    return {
        "answers": responsible,
        "pitches": _pitches(reader, site.pitches.order_by("number")),
        "turn": site_turn(site, reader.clock),
        "names": may_see_holders(reader.audience, site, on=reader.on),
        "phones": any(answer.phones for answer in responsible),
        "gone": site.state == SiteState.CLOSED,
    }


def _pitches(reader: Reader, pitches: QuerySet[Pitch]) -> QuerySet[Pitch]:
    held = Allocation.objects.on_day(reader.on).select_related("vendor")
    rows = pitches.defer("area").prefetch_related(Prefetch("allocations", held, to_attr="held"))
    return rows.order_by("number")


def _about_pitch(pitch: Pitch, reader: Reader) -> dict[str, Any]:
    responsible = answers([pitch.site], reader)
    held = Allocation.objects.filter(pitch=pitch).select_related("vendor").order_by("-period")
    return {
        "answers": responsible,
        "site": pitch.site,
        "held": list(held.on_day(reader.on)),
        "names": may_see_holders(reader.audience, pitch.site, on=reader.on),
        "phones": any(answer.phones for answer in responsible),
    }


def _about_school(school: School, reader: Reader) -> dict[str, Any]:
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
    return rows.defer(*_bulk(["road"]), *(f.name for f in model._meta.fields if isinstance(f, GeometryField)))


def _about_lane(lane: PandaLane, reader: Reader) -> dict[str, Any]:
    points = list(_at_school(DropOffPoint, lane.school, reader).prefetch_related("hours").order_by("code"))
    put_where(points, reader.audience)
    return {
        "answers": answers([lane], reader),
        "turns": [point_turn(point, reader.clock) for point in points],
    }


def _about_point(point: DropOffPoint, reader: Reader) -> dict[str, Any]:
    lanes = list(_at_school(PandaLane, point.school, reader).order_by("road__name", "stretch"))
    put_where(lanes, reader.audience)
    return {
        "answers": answers([point], reader),
        "turn": point_turn(point, reader.clock),
        "lanes": lanes,
    }


def _about_bay(bay: Bay, reader: Reader) -> dict[str, Any]:
    return {"answers": answers([bay], reader), "gone": bay.state == BayState.REMOVED}


PLACES: dict[str, Place] = {
    "sites": Place(
        "desk/site.html",
        lambda reader: Site.objects.readable_by(reader.audience, on=reader.on).with_pitches(on=reader.on),
        _about_site,
        related=["road"],
    ),
    "pitches": Place(
        "desk/pitch.html",
        lambda reader: Pitch.objects.visible_to(reader.audience, on=reader.on).with_taken(on=reader.on),
        _about_pitch,
        related=["site", "site__road"],
    ),
    "schools": Place(
        "desk/school.html",
        lambda reader: School.objects.visible_to(reader.audience, on=reader.on),
        _about_school,
    ),
    "panda-lanes": Place(
        "desk/lane.html",
        lambda reader: PandaLane.objects.visible_to(reader.audience, on=reader.on),
        _about_lane,
        related=["road", "school"],
    ),
    "drop-off-points": Place(
        "desk/drop_off.html",
        lambda reader: DropOffPoint.objects.visible_to(reader.audience, on=reader.on).prefetch_related(
            "hours"
        ),
        _about_point,
        related=["road", "school", "gate"],
    ),
    "bays": Place(
        "desk/bay.html",
        lambda reader: Bay.objects.visible_to(reader.audience, on=reader.on),
        _about_bay,
        related=["road"],
    ),
}
