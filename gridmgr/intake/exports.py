"""Data files out: any layer, under the conditions of its list, as a file that other programs open."""

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.gis.geos import Polygon
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.geo.datums import WGS84
from gridmgr.core.jobs.slots import slot, with_retry
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.files import FORMATS, Exported, export_layer, format_of
from gridmgr.core.layers.geojson import within
from gridmgr.desk.filters import filter_form, filtered
from gridmgr.feeds.query import box_of, day_of, told_of_its_day
from gridmgr.intake.forms import ExportForm
from gridmgr.intake.rights import may_export, require
from parking.layers import BAYS

FIRST = BAYS.name


@dataclass(frozen=True)
class Choice:
    """What is to go out: the rows of a layer that this reader sees on that day and that meet the list's conditions."""

    layer: Layer
    on: date
    conditions: Form
    rows: QuerySet[Any]
    box: Polygon | None

    @property
    def restricted(self) -> str:
        """The conditions in words, for the file to tell."""
        said = [
            f"{field.label} {_said(field)}"
            for field in self.conditions
            if _given(self.conditions, field.name)
        ]
        return _(";").join(
            [*said, *([_("范围框 %s") % ",".join(f"{at:g}" for at in self.box.extent)] if self.box else [])]
        )

    @property
    def filters(self) -> Q | None:
        """The same as a condition on the layer's rows; None when all go out."""
        return Q(pk__in=self.rows.order_by().values("pk")) if self.restricted else None

    def count(self) -> int:
        return within(self.rows, self.layer, self.box).count()


def _given(form: Form, name: str) -> bool:
    value = form.cleaned_data.get(name)
    return bool(value) if isinstance(value, QuerySet) else value not in (None, "")


def _said(field: Any) -> str:
    """A condition's value as its list words it."""
    value = field.form.cleaned_data[field.name]
    if isinstance(value, QuerySet):
        return _("、").join(map(str, value))
    return str(
        dict(getattr(field.field, "choices", ())).get(value, value) if isinstance(value, str) else value
    )


def chosen(request: HttpRequest) -> Choice:
    """What the address asks for; raises NotThere for an unknown layer, Invalid for a bad date, box or condition.

    `of` names the layer whose conditions these are: those of another say nothing of this one.
    """
    audience, on, box = audience_of(request.user), day_of(request), box_of(request)
    layer = layer_named(request.GET.get("layer") or FIRST)
    asked = request.GET if request.GET.get("of", layer.name) == layer.name else QueryDict()
    everything = layer.annotated(audience, on)
    conditions = filter_form(layer, everything, audience, on, asked)
    conditions.fields.pop("date")
    conditions.full_clean()
    if conditions.errors:
        raise Invalid(
            " ".join(
                f"{conditions[name].label}:{' '.join(map(str, said))}"
                for name, said in conditions.errors.items()
            )
        )
    return Choice(layer, on, conditions, filtered(layer, everything, conditions, on), box)


@require_GET
@told_of_its_day
def page(request: HttpRequest) -> HttpResponse:
    """`/data/export/?layer=&date=&branch=&…`: the conditions, how many rows meet them, and the button."""
    require(may_export(audience_of(request.user)))
    return _page(request)


def _page(request: HttpRequest, trouble: str = "", status: int = 200) -> HttpResponse:
    """The form as the address fills it in, with what was wrong with it or with making the file."""
    asked, choice = request.GET, None
    try:
        choice = chosen(request)
    except Invalid as error:
        trouble, status = str(error), error.status
    initial = {"layer": FIRST, "date": timezone.localdate(), "format": ".gpkg", "datum": WGS84.code}
    form = ExportForm(initial={**initial, **_plain(asked)}, label_suffix="")
    context = {
        "form": form,
        "choice": choice,
        "count": f"{choice.count():,}" if choice else "0",
        "trouble": trouble,
        "has_note": _has_note(asked.get("format", ".gpkg"), asked.get("datum", WGS84.code)),
    }
    return render(request, "data/export.html", context, status=status)


def _plain(asked: QueryDict) -> dict[str, Any]:
    return {name: asked[name] for name in ExportForm.base_fields if asked.get(name)}


def _has_note(suffix: str, datum: str) -> bool:
    """Whether a note goes beside the file: its format can't tell what it was made from."""
    beside = any(form.suffix == suffix and form.about_beside for form in FORMATS)
    return beside or (suffix == ".geojson" and datum not in {"wgs84", "cgcs2000"})


@require_GET
@told_of_its_day
def file(request: HttpRequest) -> HttpResponseBase:
    """`/data/export/file?…&format=.gpkg&datum=wgs84`: the file itself; with `note=1` the note that goes beside it."""
    require(may_export(audience_of(request.user)))
    asked, audience = request.GET, audience_of(request.user)
    try:
        choice = chosen(request)
        # Nothing but a known suffix of what was asked names a file.
        suffix = format_of(Path(asked.get("format", ".gpkg"))).suffix
        name = f"{choice.layer.title}-{choice.on}{suffix}"
        with slot(), tempfile.TemporaryDirectory(prefix="gridmgr-") as folder:
            done = export_layer(
                choice.layer,
                Path(folder) / f"{choice.layer.name}{suffix}",
                audience=audience,
                on=choice.on,
                datum=asked.get("datum") or WGS84,
                box=choice.box,
                filters=choice.filters,
                restricted=choice.restricted,
            )
            return _handed_out(done, name, wants_note="note" in asked)
    except DomainError as error:
        if error.status == 404:
            raise
        return with_retry(_page(request, str(error), error.status), error)


def _handed_out(done: Exported, name: str, *, wants_note: bool) -> FileResponse:
    """The file as a download. It is opened here and has no name any more when the folder is gone."""
    path = done.note if wants_note and done.note else done.path
    name = f"{name}.txt" if path == done.note else name
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
