"""What a list can be searched and filtered by: a form made from the layer's declaration, and the rows that meet it."""

from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers.base import Field, Layer
from grids.models import Branch, Road

QUERY_MOST = 60


def filter_form(
    layer: Layer, rows: QuerySet[Any], audience: Audience, on: date, given: QueryDict
) -> forms.Form:
    """A form with what this layer can be searched and filtered by, filled from the address."""
    fields: dict[str, forms.Field] = {}
    left_out = layer.listing.left_out if layer.listing else ()
    if layer.search:
        fields["q"] = forms.CharField(
            label=_("搜索"), max_length=QUERY_MOST, widget=forms.TextInput(attrs={"type": "search"})
        )
    for field in layer.fields:
        if field.name not in left_out and (choices := _choices(field, layer.undrawn)):
            fields[field.name] = forms.ChoiceField(label=field.label, choices=[("", _("全部")), *choices])
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
    if layer.of_road and any(field.name == "road" for field in layer.fields):
        with_things = rows.order_by().values("road_id")
        roads = Road.objects.visible_to(audience, on=on).filter(pk__in=with_things).only("name")
        fields["road"] = forms.ModelChoiceField(roads, label=_("道路"), empty_label=_("全部"))
    if audience.sees_all and layer.of_branch and layer.models[0] is not Branch:
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
    theirs = layer.of_branch
    if theirs is None:
        return rows
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
