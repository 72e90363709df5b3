"""The words of a briefing as template filters."""

from typing import Any

from django import template

from gridmgr.briefing import wording

register = template.Library()

register.filter("amount", wording.amount)


@register.filter
def span(each: Any) -> str:
    """`300–1,150 m` of whatever runs `from_m` to `to_m`."""
    return wording.stretch(each.from_m, each.to_m)


@register.filter
def thousands(number: int) -> str:
    """`10,400`."""
    return f"{number:,}"
