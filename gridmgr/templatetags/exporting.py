"""The way from a list to a map file of what it shows."""

from datetime import date
from urllib.parse import urlencode

from django import forms, template
from django.urls import reverse
from django.utils import timezone

from gridmgr.core.layers.base import Layer

register = template.Library()


@register.simple_tag
def export_address(layer: Layer, form: forms.Form, on: date) -> str:
    """The page that exports a map of this list with its filters; '' when a map's words can't say them."""
    asked = {name: value for name, value in form.cleaned_data.items() if value and name != "date"}
    branch, road = asked.pop("branch", None), asked.pop("road", None)
    if form.errors or (branch and not hasattr(branch, "code")):
        return ""  # several branches
    scope = f"branch:{branch.code}" if branch else f"road:{road.name}" if road else "city"
    query = [("scope", scope), ("layers", layer.name)]
    if branch and road:
        query.append(("where", f"{layer.name}.road={road.name}"))
    query += [("where", f"{layer.name}.{name}={value}") for name, value in asked.items()]
    if on != timezone.localdate():
        query.append(("date", on.isoformat()))
    return f"{reverse('export-map')}?{urlencode(query, safe=':,')}"
