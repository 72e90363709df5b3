"""The page that hands out map files: "export what I see"."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from gridmgr.accounts.audience import Audience, audience_of
from gridmgr.briefing.forms import MapFileForm
from gridmgr.briefing.map_file import OFF_AT_FIRST, MapFile, Paper, filters_of, map_file
from gridmgr.briefing.scope import scope_of, view_of, window_of
from gridmgr.catalog import FACILITIES, LAYERS
from gridmgr.errors import DomainError, Invalid
from grids.models import Branch

# A large sheet as a picture takes much memory: from A1 on a page gives half the resolution.
DPI_OF_PAPER = {"a4": 300, "a3": 300, "a2": 300, "a1": 150, "a0": 150}


@require_http_methods(["GET", "HEAD", "POST"])
def export_map(request: HttpRequest) -> HttpResponse:
    """`/export/map/?scope=&format=&layers=&date=&loc=&where=`: a GET shows the form filled in, a POST gives the file."""
    if request.method != "POST":
        return _page(request, MapFileForm(initial=_wanted(request)))
    form = MapFileForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        made = _made(form.cleaned_data, audience_of(request.user))
    except DomainError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=error.status)
    return _handed_out(made)


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """What the address asks for; what it can't mean is left at its default, for the reader to see and choose."""
    asked = request.GET
    try:
        seen = window_of(asked["loc"]) if asked.get("loc") and not asked.get("scope") else ""
    except Invalid:
        seen = ""
    names = [layer.name for layer in [*LAYERS, *FACILITIES]]
    usual = [layer.name for layer in LAYERS if layer.name not in OFF_AT_FIRST]
    return {
        "scope": asked.get("scope") or seen or "city",
        "format": asked.get("format", "html"),
        "layers": [name for name in asked.get("layers", "").split(",") if name in names] or usual,
        "date": asked.get("date") or timezone.localdate(),
        "paper": asked.get("paper", "a3").lower(),
        "orientation": asked.get("orientation", "auto"),
        "where": ";".join(asked.getlist("where")),
    }


def _made(asked: dict[str, Any], audience: Audience) -> MapFile:
    on = asked["date"]
    scope = scope_of(asked["scope"], audience=audience, on=on)
    fields = filters_of([each for each in asked["where"].split(";") if each])
    view = view_of(scope, audience=audience, on=on, layers=",".join(asked["layers"]), fields=fields)
    paper = Paper(asked["paper"], asked["orientation"], DPI_OF_PAPER[asked["paper"]])
    return map_file(view, asked["format"], paper=paper, chosen=True)


def _handed_out(made: MapFile) -> HttpResponse:
    response = HttpResponse(made.content, content_type=made.content_type)
    response["Content-Disposition"] = content_disposition_header(True, made.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _page(request: HttpRequest, form: MapFileForm, *, status: int = 200) -> HttpResponse:
    branches = Branch.objects.visible_to(audience_of(request.user), on=timezone.localdate())
    context = {"form": form, "branches": branches}
    return render(request, "briefing/export_map.html", context, status=status)
