"""The page of one place: its facts, the map around it, what belongs to it, who answers, and its history."""

from typing import Any

import rules
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import any_reader, audience_of, gaps_of
from gridmgr.core.changes import history_of
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.declared import Page
from gridmgr.core.navigation import WayThere, way_there
from gridmgr.core.statements import Gap, written_once
from gridmgr.desk.context import dated
from gridmgr.desk.lists import link_of
from gridmgr.desk.outlook import street_map
from gridmgr.desk.places import Reader, bulk
from gridmgr.desk.standing import ON
from gridmgr.desk.tables import columns, with_fields
from gridmgr.desk.turns import clock_of
from gridmgr.desk.whereabouts import put_where
from gridmgr.feeds.query import told_of_its_day
from grids.models import OnRoad


@require_GET
@told_of_its_day
def detail(request: HttpRequest, layer: str, key: str | int) -> HttpResponse:
    """A place's page; 404 for one that is not there or not this reader's to see."""
    shown = layer_named(layer)
    page = shown.page or Page()
    reader = Reader(audience_of(request.user), clock_of(request))
    thing = _one(shown, key, reader, said=True)
    about = import_string(page.about)(thing, reader)
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
    return render(request, page.template, context | about)


def _one(layer: Layer, key: str | int, reader: Reader, *, said: bool = False) -> Any:
    """The thing with that key, `said`: with what is told of it; Http404 unless this reader may open it."""
    statement = _openable(layer, reader.audience.sees_all, said)
    found = statement.rows(on=reader.on, key=key, **gaps_of(reader.audience))
    if not found:
        raise Http404
    return found[0]


@written_once
def _openable(layer: Layer, sees_all: bool, said: bool) -> QuerySet[Any]:
    """With what is read in the same query."""
    page = layer.page or Page()
    rows = (page.rows or layer.rows)(any_reader(sees_all=sees_all), ON)
    meta = rows.model._meta
    field = meta.pk if layer.key == "pk" else meta.get_field(layer.key)
    one = rows.filter(**{layer.key: Gap("key", field)})
    if page.related:
        one = one.select_related(*page.related).defer(*bulk(page.related))
    return with_fields(layer, one) if said else one


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
    try:
        thing = _one(shown, key, reader)
    except ValueError:
        raise Http404 from None
    if isinstance(thing, OnRoad):
        put_where([thing], reader.audience)
    found = way_to(shown, thing)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"where": found.where}, json_dumps_params={"ensure_ascii": False})
    page = shown.page_of(getattr(thing, shown.key))
    return render(request, "desk/way.html", {"way": found, "layer": shown, "thing": thing, "page": page})


def _edit_url(request: HttpRequest, thing: Any) -> str:
    meta = thing._meta
    if not rules.has_perm(f"{meta.app_label}.change_{meta.model_name}", request.user):
        return ""
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[thing.pk])
