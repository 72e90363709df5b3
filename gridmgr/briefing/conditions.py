"""Conditions on what a map shows, written as a page's address and a command's option have them: `bays.kind=charging`."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from gridmgr.catalog import layer_named
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.layers.base import Field, Layer
from gridmgr.desk.filters import matching

# In place of a field: words to search for, as in the layer's list.
SEARCH = "q"
_YES_NO = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Condition:
    """One layer's rows are those whose `field` (None: one of those that are searched) has the value."""

    layer: Layer
    field: Field | None
    value: str | bool | float

    @property
    def q(self) -> Q:
        if self.field is None:
            return matching(self.layer, str(self.value))
        return Q(**{f"p_{self.field.name}": self.value})

    def __str__(self) -> str:
        label, value = self.field.label if self.field else _("搜索"), str(self.value)
        if self.field and self.field.choices:
            value = str(self.field.choices.get(value, value))
        elif isinstance(self.value, bool):
            value = _("是") if self.value else _("否")
        return _("%(layer)s · %(label)s:%(value)s") % {
            "layer": self.layer.title,
            "label": label,
            "value": value,
        }


def filters_of(texts: Sequence[str]) -> dict[str, Q]:
    """Conditions by layer, from words like `bays.kind=charging`; all of a layer's conditions hold together.

    Raises Invalid for what isn't such a condition, NotThere for an unknown layer.
    """
    conditions: dict[str, Q] = {}
    for text in texts:
        read = condition_of(text)
        conditions[read.layer.name] = conditions.get(read.layer.name, Q()) & read.q
    return conditions


def condition_of(text: str) -> Condition:
    """One condition, from its words; raises as filters_of does."""
    place, equals, value = text.partition("=")
    name, dot, field = place.strip().partition(".")
    if not (equals and dot) or "\0" in text:
        raise Invalid(_("条件“%s”无法识别,应写成 图层.字段=值,如 bays.kind=charging。") % text[:60])
    layer = layer_named(name)
    if field == SEARCH and layer.search:
        return Condition(layer, None, value.strip())
    found = next((each for each in layer.fields if each.name == field), None)
    if found is None:
        known = _("、").join(each.name for each in layer.fields)
        raise Invalid(
            _("图层 %(layer)s 没有字段 %(name)s。有这些字段:%(all)s。")
            % {"layer": name, "name": field[:40], "all": known}
        )
    return Condition(layer, found, _value(found, value.strip()))


def said(text: str) -> str:
    """A condition as people read it; as it was written, when it is none."""
    try:
        return str(condition_of(text))
    except DomainError:
        return text


def _value(field: Field, text: str) -> str | bool | float:
    if field.kind == "bool" and text.lower() in _YES_NO:
        return _YES_NO[text.lower()]
    if field.kind == "choice" and text in (field.choices or {}):
        return text
    if field.kind == "text":
        return text
    if field.kind in {"number", "metres", "percent"}:
        with suppress(ValueError):
            number = float(text)
            if math.isfinite(number):
                return number
    known = _("、").join(map(str, field.choices)) if field.choices else _("、").join(("true", "false"))
    raise Invalid(
        _("字段 %(name)s 不能等于“%(text)s”。可用:%(known)s。")
        % {"name": field.name, "text": text[:40], "known": known}
    )
