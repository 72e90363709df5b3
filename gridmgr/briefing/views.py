"""The pages that hand out files: a map ("export what I see"), and a briefing, made as a job."""

from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from gridmgr.briefing.conditions import filters_of
from gridmgr.briefing.dossier import BranchPart, Dossier, Figure
from gridmgr.briefing.forms import CONDITIONS_MOST, PACKS, BriefingForm, MapFileForm
from gridmgr.briefing.gather import gather
from gridmgr.briefing.jobs import ask_for, branches_of
from gridmgr.briefing.map_file import MapFile, Paper, map_file
from gridmgr.briefing.scope import scope_of, view_of, window_of
from gridmgr.catalog import FACILITIES, LAYERS
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.accounts.models import User
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.jobs.models import Job
from gridmgr.core.jobs.slots import slot, with_retry
from gridmgr.core.past import as_of
from gridmgr.desk.outlook import street_map
from grids.layers import SECTIONS
from grids.models import Branch
from parking.layers import BAYS
from vendors.layers import SITES

# A large sheet as a picture takes much memory: from A1 on a page gives half the resolution.
DPI_OF_PAPER = {"a4": 300, "a3": 300, "a2": 300, "a1": 150, "a0": 150}

# Of a branch's figures those that tell how much its page will hold.
ON_PREVIEW = (SECTIONS.name, "metres", SITES.name, "drop_off_points", BAYS.name)


@require_http_methods(["GET", "HEAD", "POST"])
def export_map(request: HttpRequest) -> HttpResponse:
    """`/export/map/?scope=&format=&layers=&date=&loc=&where=`: a GET shows the form filled in, a POST gives the file."""
    if request.method != "POST":
        return _page(request, MapFileForm(initial=_wanted(request)))
    form = MapFileForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        with slot():
            made = _made(form.cleaned_data, audience_of(request.user))
    except DomainError as error:
        form.add_error(None, str(error))
        return with_retry(_page(request, form, status=error.status), error)
    return _handed_out(made)


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """What the address asks for; what it can't mean is left at its default, for the reader to see and choose."""
    asked = request.GET
    try:
        seen = window_of(asked["loc"]) if asked.get("loc") and not asked.get("scope") else ""
    except Invalid:
        seen = ""
    names = [layer.name for layer in [*LAYERS, *FACILITIES]]
    usual = [layer.name for layer in LAYERS if not layer.off_at_first]
    return {
        "scope": asked.get("scope") or seen or "city",
        "format": asked.get("format", "html"),
        "layers": [name for name in asked.get("layers", "").split(",") if name in names] or usual,
        "date": asked.get("date") or timezone.localdate(),
        "paper": asked.get("paper", "a3").lower(),
        "orientation": asked.get("orientation", "auto"),
        "where": [each for each in asked.getlist("where") if each][:CONDITIONS_MOST],
    }


def _made(asked: dict[str, Any], audience: Audience) -> MapFile:
    on = asked["date"]
    with as_of(on):
        scope = scope_of(asked["scope"], audience=audience, on=on)
        fields = filters_of(asked["where"])
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


# ── Briefings ─────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("gridmgr.make_briefing", raise_exception=True)
def briefing(request: HttpRequest) -> HttpResponse:
    """`/briefing/?branches=03,05&date=`: a GET shows what the briefing will hold, a POST (with `form`) has it made."""
    audience = audience_of(request.user)
    given = _tidied(request.POST if request.method == "POST" else request.GET)
    branches = branches_of(audience, timezone.localdate())
    if not branches:
        return render(request, "briefing/page.html", {"empty": True})
    form = BriefingForm(given, branches)
    if not form.is_valid():
        return render(request, "briefing/page.html", {"form": form}, status=400)
    try:
        if request.method == "POST":
            return redirect(_asked(request, form))
        return render(request, "briefing/page.html", _preview(request, form, audience))
    except DomainError as error:
        form.add_error(None, str(error))
        return render(request, "briefing/page.html", {"form": form}, status=error.status)


def _tidied(given: QueryDict) -> QueryDict:
    """The same with today's date and PDF for what isn't said, and several branches in one word taken apart."""
    tidied = given.copy()
    codes = [code for words in given.getlist("branches") for code in words.split(",") if code]
    tidied.setlist("branches", codes)
    tidied["date"] = given.get("date") or timezone.localdate().isoformat()
    tidied["form"] = given.get("form") or PACKS[0][0]
    return tidied


def _asked(request: HttpRequest, form: BriefingForm) -> Job:
    asked, on = form.cleaned_data, form.cleaned_data["date"]
    return ask_for(
        form.codes,
        asked["form"],
        on=on,
        owner=cast(User, request.user),
        site=request.build_absolute_uri("/").rstrip("/"),
        origin=f"{reverse('briefing')}?{_query(form)}",
    )


def _query(form: BriefingForm) -> str:
    """The address's words for this choice; today's date is left out."""
    asked, on = form.cleaned_data, form.cleaned_data["date"]
    pairs = {
        "branches": ",".join(asked["branches"]),
        "date": "" if on == timezone.localdate() else on.isoformat(),
    }
    return urlencode({key: value for key, value in pairs.items() if value}, safe=",")


def _preview(request: HttpRequest, form: BriefingForm, audience: Audience) -> dict[str, Any]:
    """What the page shows of the briefing: the very dossier that would be set, and its branches on a map."""
    on: date = form.cleaned_data["date"]
    dossier = gather(form.codes, audience=audience, on=on)
    with as_of(on):
        return _shown(request, form, dossier, audience)


def _shown(request: HttpRequest, form: BriefingForm, dossier: Dossier, audience: Audience) -> dict[str, Any]:
    rows = [(part, _of_page(part)) for part in dossier.branches]
    areas = branches_of(audience, dossier.on).filter(code__in=[part.code for part in dossier.branches])
    return {
        "form": form,
        "dossier": dossier,
        "rows": rows,
        "columns": [figure.label for figure in rows[0][1]] if rows else [],
        "packs": PACKS,
        "map": street_map(
            request,
            [branch.area for branch in areas],
            branches=True,
            own=rows[0][0].code if len(rows) == 1 else "",
        ),
        "scope": rows[0][0].scope if len(rows) == 1 else "city",
    }


def _of_page(part: BranchPart) -> list[Figure]:
    """The few of a branch's figures that tell how much its page will hold."""
    return [figure for figure in part.figures if figure.name in ON_PREVIEW]
