"""The list of any layer: search, filters, sorting and paging from its declaration; the address holds the view."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib.gis.db.models.functions import AsGeoJSON, PointOnSurface, Transform
from django.core.paginator import Page, Paginator
from django.db.models import Case, F, Func, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Collate, Concat
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from gridmgr.catalog import family_of, listed
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.accounts.rights import works_on_street
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.declared import Listing
from gridmgr.core.quantities import NOTHING
from gridmgr.desk.context import address_of, dated
from gridmgr.desk.filters import filter_form, filtered
from gridmgr.desk.road import strip_of
from gridmgr.desk.tables import Column, columns
from gridmgr.desk.turns import clock_of
from gridmgr.feeds.query import day_of, told_of_its_day
from grids.domain.wayfinding import Spot, say_ends, say_where
from grids.layers import ROADS
from grids.models import Assignment, OnRoad, Road
from grids.querysets import holding

PAGE_ROWS = 50

# Columns whose values are never broken over two lines.
SHORT = {
    *(
        "code",
        "kind",
        "state",
        "status",
        "site_status",
        "from_m",
        "opens",
        "since",
        "number",
        "side",
        "founded",
    ),
    *("road", "branch", "answers"),
}
# Fields that hold names, and the collation that puts them in order: ICU's for Chinese, which is by pinyin.
NAMES = {"name", "road", "school", "site", "branch_name"}
PINYIN = "zh-x-icu"
# Characters that names of places say in another way than the collation does (长 is cháng), and others that sound so.
SAID_AS = ("长重朝都厦", "常虫潮督下")
# The column that says where on its road a thing is; on the street it is said in words.
METRES = "p_from_m"
# Rows like most: of so many, a strip of their road says enough.
MANY_PLAIN = 20


def how_to_add(layer: Layer, user: Any) -> str:
    """How the reader adds what a list would hold; '' for somebody who can't."""
    meta = layer.models[0]._meta
    if not user.has_perm(f"{meta.app_label}.add_{meta.model_name}"):
        return ""
    said = layer.listing.how_to_add if layer.listing else ""
    return str(said) or _("您可在后台管理的“%s”中新增。") % meta.verbose_name


@require_GET
@told_of_its_day
def layer_list(request: HttpRequest, layer: str) -> HttpResponse:
    """`/<layer>/?q=&road=&branch=&date=&sort=&page=` and one parameter for each choice of the layer."""
    shown, listing = listed(layer)
    if kept := _address_of_before(request, listing):
        return redirect(kept)
    audience, on = audience_of(request.user), day_of(request)
    everything = shown.annotated(audience, on)
    form = filter_form(shown, everything, audience, on, request.GET)
    rows = filtered(shown, everything, form, on)
    along = _along_road(request, shown, form)
    plain_n = rows.filter(listing.plain).count() if along else 0
    if plain_n < MANY_PLAIN:
        along = None
    if along:
        rows = rows.exclude(listing.plain)
    table = Table(shown, listing, request.GET, on, audience)
    page = Paginator(table.ordered(rows), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "layer": shown,
        "form": form,
        "filtered": any(form.data.get(name) for name in form.fields),
        "headers": table.headers,
        "rows": table.read(page),
        "page": page,
        "pages": paging(page, request.GET),
        "tabs": tabs(shown, audience),
        "on": on,
        "today": on == timezone.localdate(),
        "would_be_here": listing.empty,
        "how_to_add": "" if page.paginator.count else how_to_add(shown, request.user),
    }
    if along:
        context |= {
            "road": along,
            "strip": strip_of(along, audience, clock_of(request)),
            "plain_n": plain_n,
            "all_url": _address(request.GET, all="1"),
        }
    return render(request, "desk/list.html", context)


def _address_of_before(request: HttpRequest, listing: Listing) -> str:
    """A filter may have had another name; a link that somebody kept goes on asking for the same. '' for any other."""
    query = request.GET.copy()
    for before, now in listing.renamed.items():
        if now not in query and query.get(before):
            query[now] = query.pop(before)[-1]
    return f"{request.path}?{query.urlencode()}" if query != request.GET else ""


def _along_road(request: HttpRequest, layer: Layer, form: forms.Form) -> Road | None:
    """The road of which alone rows like most are asked for: a strip shows them, and the list only what is unlike the rest."""
    plain = layer.listing and layer.listing.plain
    asked = {name for name, value in form.cleaned_data.items() if value not in (None, "")}
    if plain is None or asked != {"road"} or request.GET.get("all"):
        return None
    row: Road | None = ROADS.rows(audience_of(request.user), day_of(request)).get(
        pk=form.cleaned_data["road"].pk
    )
    return row


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Cell:
    """What one row says in one column: text, where it leads, and its role in the row."""

    text: str
    label: Any
    url: str
    css: str


class Table:
    """The columns of a layer's list, how it is sorted, and its rows as cells."""

    def __init__(
        self, layer: Layer, listing: Listing, given: QueryDict, on: date, audience: Audience
    ) -> None:
        self.layer = layer
        self.listing = listing
        self.on = on
        self.given = given
        self.in_words = works_on_street(audience) and METRES in layer.property_names
        without = [*listing.left_out, *(["side"] if self.in_words else [])]
        heading_first = sorted(columns(layer, without=without), key=lambda each: each.name != layer.heading)
        self.columns = heading_first + ([BRANCH_COLUMN] if self.stands_on_road else [])
        self.sort = given.get("sort", "")
        self.own_branch = audience.branch_id if listing.own_first and not self.sort else None
        if self.sort.removeprefix("-") not in {each.name for each in self.columns}:
            self.sort = listing.sorted_by or layer.heading

    @property
    def stands_on_road(self) -> bool:
        return issubclass(self.layer.models[0], OnRoad)

    @property
    def headers(self) -> list[dict[str, Any]]:
        """Label, address that sorts by the column, and how it is sorted now (ascending, descending or '')."""
        return [self._header(column) for column in self.columns]

    def _header(self, column: Column) -> dict[str, Any]:
        sorted_now = {column.name: "ascending", f"-{column.name}": "descending"}.get(self.sort, "")
        turned = f"-{column.name}" if sorted_now == "ascending" else column.name
        return {
            "label": self._label(column),
            "url": _address(self.given, sort=turned, page=""),
            "sorted": sorted_now,
            "numeric": column.numeric,
        }

    def ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows in order, as values, with a point to show each on the map and the branch that answers."""
        if self.stands_on_road:
            rows = rows.annotate(p_answers=branch_there(self.on))
        spot = AsGeoJSON(Transform(PointOnSurface(F(self.layer.geometry)), WGS84), precision=6)
        order = self._order()
        by = order.desc(nulls_last=True) if self.sort.startswith("-") else order.asc(nulls_last=True)
        hers = [Case(When(branch=self.own_branch, then=0), default=1)] if self.own_branch else []
        names = {"pk", "p_spot", *self.layer.property_names, *self._link_fields}
        if self.stands_on_road:
            names.add("p_answers")
        return rows.annotate(p_spot=spot).order_by(*hers, by, "pk").values(*sorted(names))

    def _order(self) -> Any:
        """What the list is sorted by; names go as people look them up, by pinyin, and codes as they are written."""
        name = self.sort.removeprefix("-")
        field = next((each for each in self.layer.fields if each.name == name), None)
        order = F(f"p_{name}")
        if not field or field.kind != "text" or name not in NAMES:
            return order
        return Collate(Func(order, *(Value(each) for each in SAID_AS), function="TRANSLATE"), PINYIN)

    @property
    def _link_fields(self) -> list[str]:
        own = {field.attname for field in self.layer.models[0]._meta.concrete_fields}
        return sorted(own & {"road_id", "school_id"})

    def read(self, page: Page[Any]) -> list[dict[str, Any]]:
        """The page's rows: cells, and the address on the map."""
        rows = list(page.object_list)
        places = self._places(rows) if self.in_words else [""] * len(rows)
        return [
            {
                "cells": [self._cell(column, row, place) for column in self.columns],
                "map_url": self._map_url(row),
            }
            for row, place in zip(rows, places, strict=True)
        ]

    def _places(self, rows: list[dict[str, Any]]) -> list[str]:
        """Where each row is, in words: at which crossing and side, or from where to where. Two queries at most."""
        known = [row for row in rows if row[METRES] is not None]
        if self.stands_on_road:
            spots = [
                Spot(row["road_id"], (row[METRES] + row["p_to_m"]) / 2, row.get("p_side")) for row in known
            ]
            said = say_where(spots)
        else:
            said = [
                str(each)
                for each in say_ends([(row["road_id"], row[METRES], row["p_to_m"]) for row in known])
            ]
        words = dict(zip([row["pk"] for row in known], said, strict=True))
        return [words.get(row["pk"], "") for row in rows]

    def _label(self, column: Column) -> Any:
        return _("位置") if self.in_words and f"p_{column.name}" == METRES else column.label

    def _cell(self, column: Column, row: dict[str, Any], place: str) -> Cell:
        said = place if place and f"p_{column.name}" == METRES else column.say(row)
        if column.name == self.layer.heading:
            page = dated(address_of(self.layer.route, row["p_key"]), self.on)
            return Cell(said, column.label, page, "heading")
        css = "number" if column.numeric else "nowrap" if column.name in SHORT else ""
        if said == NOTHING:
            css += " nothing"
        return Cell(said, self._label(column), dated(link_of(column, row), self.on), css.strip())

    def _map_url(self, row: dict[str, Any]) -> str:
        if not row["p_spot"]:
            return ""
        lon, lat = json.loads(row["p_spot"])["coordinates"]
        return dated(f"{reverse('map')}?loc={lat},{lon},{self.listing.zoom}", self.on)


def branch_there(on: date) -> Subquery:
    """Code and name of the branch that answers, on that day, where a thing stands on its road."""
    sections = Assignment.objects.filter(
        holding(on), road=OuterRef("road"), stretch__overlap=OuterRef("stretch")
    ).order_by("stretch")
    text = Concat("branch__code", Value(" "), "branch__name")
    return Subquery(sections.values(text=text)[:1], output_field=TextField())


BRANCH_COLUMN = Column("answers", gettext_lazy("负责支部"), lambda row: row["p_answers"] or NOTHING)

LINKS: dict[str, Callable[[dict[str, Any]], str]] = {
    "road": lambda row: address_of("road", row["road_id"]),
    "school": lambda row: address_of("school", row["school_id"]),
    "site": lambda row: address_of("site", row["p_site_code"]),
    "branch": lambda row: address_of("branch", row["p_branch"]),
    "answers": lambda row: address_of("branch", row["p_answers"].split()[0]) if row["p_answers"] else "",
}


def link_of(column: Column, row: dict[str, Any]) -> str:
    """Where what a column says leads, or '' when nowhere."""
    link = LINKS.get(column.name)
    return link(row) if link else ""


# ── Around the table ──────────────────────────────────────────────────────────────────────────────────────


def tabs(layer: Layer, audience: Audience) -> list[dict[str, Any]]:
    """The lists that belong together with this one, itself among them; none when it stands alone."""
    family = family_of(layer.name)
    more = [(name, title) for _layer, listing in family for name, title in listing.tabs]
    if len(family) + len(more) == 1:
        return []
    shown = [*((each.name, each.title) for each, _listing in family), *(more if audience.sees_all else ())]
    return [{"title": title, "url": reverse(name), "current": name == layer.name} for name, title in shown]


def paging(page: Page[Any], given: QueryDict) -> list[dict[str, Any]]:
    """The page numbers to offer, with addresses; a gap has no address."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [
        {
            "text": str(number),
            "url": _address(given, page=str(number)) if isinstance(number, int) else "",
            "current": number == page.number,
        }
        for number in numbers
    ]


def _address(given: QueryDict, **changes: str) -> str:
    query = given.copy()
    for name, value in changes.items():
        query[name] = value
    for name in [name for name in query if not query[name]]:
        del query[name]
    return f"?{query.urlencode()}"
