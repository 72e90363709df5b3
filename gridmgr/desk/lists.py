"""The list of any layer: search, filters, sorting and paging from its declaration; the address holds the view."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.contrib.gis.db.models.functions import AsGeoJSON, PointOnSurface, Transform
from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Collate, Concat
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.layers.base import Field, Layer
from gridmgr.core.quantities import NOTHING
from gridmgr.desk.context import address_of, dated
from gridmgr.desk.road import strip_of
from gridmgr.desk.standing import clock_of
from gridmgr.desk.tables import Column, columns
from gridmgr.feeds.query import day_of, told_of_its_day
from grids.layers import ROADS
from grids.models import Assignment, Branch, OnRoad, Road
from grids.querysets import holding
from parking.enums import IN_USE, BayKind
from parking.models import DropOffPoint, PandaLane
from vendors.models import Site

PAGE_ROWS = 50
QUERY_MOST = 60

# What the thing's own page shows, but a list has no room for.
LEFT_OUT = {
    "roads": ("width_origin",),
    "sites": ("state", "capacity", "taken", "side", "sign_board", "bins"),
    "pitches": ("site_code",),
    "drop-off-points": ("side",),
    "panda-lanes": (),
}
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
# Pitches are numbered within their site: by number alone, all that are 01 would come first.
SORTED_BY = {"pitches": "site", "branches": "code"}
# Fields that hold names, and the collation that puts them in order: ICU's for Chinese, which is by pinyin.
NAMES = {"name", "road", "school", "site", "branch_name"}
PINYIN = "zh-x-icu"
# Characters that names of places say in another way than the collation does (长 is cháng), and others that sound so.
SAID_AS = ("长重朝都厦", "常虫潮督下")
# A bay like most: of these a strip says enough.
MANY_BAYS = 20
PLAIN_BAY = Q(kind=BayKind.SMALL, state=IN_USE)
ZOOM = {"branches": 14, "roads": 15, "sections": 16, "schools": 17, "bays": 19, "pitches": 19}
TABS = [("roads", "sections", "gaps"), ("sites", "pitches"), ("schools", "drop-off-points", "panda-lanes")]
TAB_WORDS = {"gaps": gettext_lazy("无人负责的路段")}
WOULD_BE_HERE = {
    "roads": gettext_lazy("这里列出城市的道路。"),
    "branches": gettext_lazy("这里列出网格支部及其网格。"),
    "sections": gettext_lazy("这里列出各支部包干的路段。"),
    "sites": gettext_lazy("这里列出便民摊点和临时瓜果市场。"),
    "pitches": gettext_lazy("这里列出各摊点的摊位及其占用情况。"),
    "schools": gettext_lazy("这里列出学校及其校门。"),
    "panda-lanes": gettext_lazy("这里列出学校旁的“熊猫”通道。"),
    "drop-off-points": gettext_lazy("这里列出上下学接送点及其开放时段。"),
    "bays": gettext_lazy("这里列出路面停车泊位。"),
}


def how_to_add(layer: Layer, user: Any) -> str:
    """How the reader adds what a list would hold; '' for somebody who can't."""
    if layer.name == "roads":
        return _("请用命令 import_roads 从路网文件导入。") if user.has_perm("grids.add_road") else ""
    meta = layer.models[0]._meta
    if not user.has_perm(f"{meta.app_label}.add_{meta.model_name}"):
        return ""
    return _("您可在后台管理的“%s”中新增。") % meta.verbose_name


@require_GET
@told_of_its_day
def layer_list(request: HttpRequest, layer: str) -> HttpResponse:
    """`/<layer>/?q=&road=&branch=&date=&sort=&page=` and one parameter for each choice of the layer."""
    if kept := _address_of_before(request, layer):
        return redirect(kept)
    shown, audience, on = layer_named(layer), audience_of(request.user), day_of(request)
    everything = shown.annotated(audience, on)
    form = filter_form(shown, everything, audience, on, request.GET)
    rows = filtered(shown, everything, form, on)
    along = _along_road(request, shown, form)
    plain_n = rows.filter(PLAIN_BAY).count() if along else 0
    if plain_n < MANY_BAYS:
        along = None
    if along:
        rows = rows.exclude(PLAIN_BAY)
    table = Table(shown, request.GET, on, own_branch=audience.branch_id)
    page = Paginator(table.ordered(rows), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "layer": shown,
        "form": form,
        "filtered": any(form.data.get(name) for name in form.fields),
        "headers": table.headers,
        "rows": table.read(page),
        "page": page,
        "pages": paging(page, request.GET),
        "tabs": tabs(layer, audience),
        "on": on,
        "today": on == timezone.localdate(),
        "would_be_here": WOULD_BE_HERE[layer],
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


def _address_of_before(request: HttpRequest, layer: str) -> str:
    """Sites were once filtered by `state`; a link that somebody kept goes on asking for the same. '' for any other."""
    if layer != "sites" or "status" in request.GET or not request.GET.get("state"):
        return ""
    query = request.GET.copy()
    query["status"] = query.pop("state")[-1]
    return f"{request.path}?{query.urlencode()}"


def _along_road(request: HttpRequest, layer: Layer, form: forms.Form) -> Road | None:
    """The road of which alone the bays are asked for: then a strip shows them, and the list only what is unlike the rest."""
    asked = {name for name, value in form.cleaned_data.items() if value not in (None, "")}
    if layer.name != "bays" or asked != {"road"} or request.GET.get("all"):
        return None
    row: Road | None = ROADS.rows(audience_of(request.user), day_of(request)).get(
        pk=form.cleaned_data["road"].pk
    )
    return row


# ── Filters ───────────────────────────────────────────────────────────────────────────────────────────────


def filter_form(
    layer: Layer, rows: QuerySet[Any], audience: Audience, on: date, given: QueryDict
) -> forms.Form:
    """A form with what this layer can be searched and filtered by, filled from the address."""
    fields: dict[str, forms.Field] = {}
    if layer.search:
        fields["q"] = forms.CharField(
            label=_("搜索"), max_length=QUERY_MOST, widget=forms.TextInput(attrs={"type": "search"})
        )
    for field in layer.fields:
        if field.name not in LEFT_OUT.get(layer.name, ()) and (choices := _choices(field, layer.undrawn)):
            fields[field.name] = forms.ChoiceField(label=field.label, choices=[("", _("全部")), *choices])
    if layer.name != "branches":
        _add_places(fields, layer, rows, audience, on, several=len(given.getlist("branch")) > 1)
    fields["date"] = forms.DateField(label=_("日期"), widget=forms.DateInput(attrs={"type": "date"}))
    for each in fields.values():
        each.required = False
    form = type("FilterForm", (forms.Form,), fields)(given, auto_id="filter-%s", label_suffix="")
    form.is_valid()
    return form


def _choices(field: Field, undrawn: Sequence[str]) -> list[tuple[str, Any]]:
    if field.kind == "choice":
        return [(value, word) for value, word in (field.choices or {}).items() if value not in undrawn]
    if field.kind == "bool" and field.name != "demo":
        return [("1", _("是")), ("0", _("否"))]
    return []


def _add_places(
    fields: dict[str, forms.Field],
    layer: Layer,
    rows: QuerySet[Any],
    audience: Audience,
    on: date,
    *,
    several: bool,
) -> None:
    """Fields for a road and a branch; `several`: the address names more than one branch, as a briefing's links do."""
    if any(field.name == "road" for field in layer.fields):
        with_things = rows.order_by().values("road_id")
        roads = Road.objects.visible_to(audience, on=on).filter(pk__in=with_things).only("name")
        fields["road"] = forms.ModelChoiceField(roads, label=_("道路"), empty_label=_("全部"))
    if audience.sees_all:
        branches = Branch.objects.visible_to(audience, on=on).only("code", "name")
        fields["branch"] = (
            forms.ModelMultipleChoiceField(branches, label=_("支部"), to_field_name="code")
            if several
            else forms.ModelChoiceField(
                branches, label=_("支部"), empty_label=_("全部"), to_field_name="code"
            )
        )


def filtered(layer: Layer, rows: QuerySet[Any], form: forms.Form, on: date) -> QuerySet[Any]:
    """The rows that meet what the form says; a value it refuses is shown there and not applied."""
    for name, value in form.cleaned_data.items():
        if value in (None, "") or name == "date":
            continue
        if name == "q":
            rows = rows.filter(matching(layer, value))
        elif name == "road":
            rows = rows.filter(road=value)
        elif name == "branch":
            rows = _of_branches(layer, rows, [value] if isinstance(value, Branch) else value, on)
        else:
            field = next(each for each in layer.fields if each.name == name)
            rows = rows.filter(**{f"p_{name}": value == "1" if field.kind == "bool" else value})
    return rows


def _of_branches(layer: Layer, rows: QuerySet[Any], branches: Sequence[Branch], on: date) -> QuerySet[Any]:
    """The rows of any of these branches."""
    theirs = BRANCH_FILTERS.get(layer.name, _standing_on)
    if len(branches) == 1:
        return theirs(rows, branches[0], on)
    everything = layer.models[0]._default_manager.all()
    found = [Q(pk__in=theirs(everything, branch, on).values("pk")) for branch in branches]
    return rows.filter(reduce(or_, found))


def matching(layer: Layer, words: str) -> Q:
    """Rows of which one of the layer's search fields holds `words`, in any case."""
    found = Q()
    for name in layer.search:
        found |= Q(**{f"{name}__icontains": words})
    return found


def _standing_on(rows: Any, branch: Branch, on: date) -> QuerySet[Any]:
    return rows.on_sections_of(branch, on=on)


def _served_from(rows: Any, branch: Branch, on: date) -> QuerySet[Any]:
    """Schools whose drop-off points or lanes stand on the branch's sections."""
    at_school = [
        Exists(model.objects.on_sections_of(branch, on=on).filter(school=OuterRef("pk")))
        for model in (DropOffPoint, PandaLane)
    ]
    return rows.filter(Q(at_school[0]) | Q(at_school[1]))


BRANCH_FILTERS: dict[str, Callable[[Any, Branch, date], QuerySet[Any]]] = {
    "roads": lambda rows, branch, on: rows.assigned_to(branch, on=on),
    "sections": lambda rows, branch, on: rows.filter(branch=branch),
    "schools": _served_from,
    "pitches": lambda rows, branch, on: rows.filter(site__in=Site.objects.on_sections_of(branch, on=on)),
}


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

    def __init__(self, layer: Layer, given: QueryDict, on: date, *, own_branch: int | None = None) -> None:
        self.layer = layer
        self.on = on
        self.given = given
        heading_first = sorted(
            columns(layer, without=LEFT_OUT.get(layer.name, ())), key=lambda each: each.name != layer.heading
        )
        self.columns = heading_first + ([BRANCH_COLUMN] if self.stands_on_road else [])
        self.sort = given.get("sort", "")
        # Until she asks for another order, a secretary's own sections stand before the others'.
        self.own_branch = own_branch if layer.name == "sections" and not self.sort else None
        if self.sort.removeprefix("-") not in {each.name for each in self.columns}:
            self.sort = SORTED_BY.get(layer.name, layer.heading)

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
            "label": column.label,
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
        return [
            {"cells": [self._cell(column, row) for column in self.columns], "map_url": self._map_url(row)}
            for row in page.object_list
        ]

    def _cell(self, column: Column, row: dict[str, Any]) -> Cell:
        said = column.say(row)
        if column.name == self.layer.heading:
            page = dated(address_of(self.layer.route, row["p_key"]), self.on)
            return Cell(said, column.label, page, "heading")
        css = "number" if column.numeric else "nowrap" if column.name in SHORT else ""
        if said == NOTHING:
            css += " nothing"
        return Cell(said, column.label, dated(link_of(column, row), self.on), css.strip())

    def _map_url(self, row: dict[str, Any]) -> str:
        if not row["p_spot"]:
            return ""
        lon, lat = json.loads(row["p_spot"])["coordinates"]
        return dated(f"{reverse('map')}?loc={lat},{lon},{ZOOM.get(self.layer.name, 18)}", self.on)


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


def tabs(current: str, audience: Audience) -> list[dict[str, Any]]:
    """The lists that belong together with this one, itself among them; none when it stands alone."""
    family = [name for names in TABS if current in names for name in names]
    return [
        {
            "title": TAB_WORDS[name] if name in TAB_WORDS else layer_named(name).title,
            "url": reverse(name),
            "current": name == current,
        }
        for name in family
        if name != "gaps" or audience.sees_all
    ]


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
