"""Proposed sites for a second person, the steps of a site from approval to closing, and its pitches by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gridmgr.core.accounts.models import User
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.history import event_model
from gridmgr.core.meanwhile import Changed
from vendors.domain import draft, plan, states
from vendors.domain.pitching import Frame, Layout, lay, read_pitches, set_pitches
from vendors.domain.place import Place, as_shapely
from vendors.domain.siting import Verdict, covered, judge, rules_of, verdicts
from vendors.enums import SiteState
from vendors.layers import SITES
from vendors.models import Site
from vendors.views import drafts
from vendors.views.common import map_around
from vendors.views.planning import planner

STEPS: dict[str, Callable[..., Site]] = {
    "open": states.open_site,
    "resume": states.resume,
    "suspend": states.suspend_site,
    "close": states.close_site,
}
NEED_REASON = {"suspend", "close"}
_STEP_WORDS = {
    "open": gettext_lazy("开放"),
    "resume": gettext_lazy("恢复开放"),
    "suspend": pgettext_lazy("action", "暂停"),
    "close": gettext_lazy("关闭摊点"),
}
SVG_PX = 640.0


@dataclass(frozen=True)
class Row:
    """A rule's verdict as a page shows it: `state` as in drafts.state_of, `excused` by an override."""

    verdict: Verdict
    state: str
    excused: bool = False

    @property
    def what(self) -> str:
        return drafts.what_of(self.verdict)


# ── Proposals ─────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@never_cache
def proposals(request: HttpRequest) -> HttpResponse:
    """`/plan/proposals/`: what waits for a second person, each with what it breaks; and what was returned to be mended."""
    planner(request)
    on = timezone.localdate()
    listed = (
        Site.objects.select_related("road", "proposed_by")
        .defer("road__reference_line", "road__ways_left_out")
        .order_by("code")
    )
    sites = list(listed.filter(state=SiteState.PROPOSED).prefetch_related("pitches"))
    judged = judge([Place.of(site) for site in sites], on=on, rules=rules_of(on))
    rows = [
        {
            "site": site,
            "state": drafts.worst_of(found),
            "broken": [each for each in found if each.broken],
            "own": site.proposed_by_id == request.user.pk,
            "shaped": request.user.pk in site.shapers,
        }
        for site, found in zip(sites, judged, strict=True)
    ]
    returned = list(listed.filter(state=SiteState.RETURNED))
    returned.sort(key=lambda site: site.proposed_by_id != request.user.pk)  # one's own first
    return render(request, "vendors/proposals.html", {"rows": rows, "returned": returned})


@never_cache
@require_http_methods(["GET", "POST"])
def proposal(request: HttpRequest, code: str) -> HttpResponse:
    """`/plan/proposals/<code>/`: one proposal with all verdicts; POST `do=approve` (with reasons) or `do=reject`."""
    planner(request)
    site = _site(code)
    if request.method == "GET":
        return _review(request, site)
    try:
        return _decided(request, site)
    except DomainError as error:
        return _review(request, _site(code), trouble=str(error), given=request.POST, status=error.status)


def _decided(request: HttpRequest, site: Site) -> HttpResponse:
    user: Any = request.user
    version = drafts.whole(request.POST, "version")
    if request.POST.get("do") == "reject":
        states.reject(site=site, by=user, reason=request.POST.get("reason", ""), expected_version=version)
        messages.success(request, _("已退回 %s,理由已记录,等提出人修改。") % site.name)
        return redirect("plan-proposals")
    reasons = {
        name.removeprefix("why-"): value for name, value in request.POST.items() if name.startswith("why-")
    }
    states.approve_site(
        site=site, by=user, reasons={k: str(v) for k, v in reasons.items()}, expected_version=version
    )
    messages.success(request, _("已批准 %s。登记标示牌和垃圾容器后即可开放。") % site.name)
    return redirect(site.get_absolute_url())


def _review(
    request: HttpRequest, site: Site, *, trouble: str = "", given: QueryDict | None = None, status: int = 200
) -> HttpResponse:
    on, overrides, said = timezone.localdate(), list(site.overrides.all()), given or QueryDict()
    found = verdicts(Place.of(site), on=on)
    rows = [
        Row(each, drafts.state_of(each), each.broken and each.is_hard and covered(each, overrides))
        for each in found
    ]
    context = {
        "site": site,
        "rows": sorted(rows, key=lambda row: ("bad", "warn", "due", "unknown", "good").index(row.state)),
        "needed": [
            (row.verdict, said.get(f"why-{row.verdict.rule.code}", ""))
            for row in rows
            if row.state == "bad" and not row.excused
        ],
        "own": request.user.pk in {site.proposed_by_id, *site.shapers},
        "shapers": User.objects.filter(pk__in=site.shapers)
        .exclude(pk=site.proposed_by_id or 0)
        .order_by("pk"),
        "open": site.state == SiteState.PROPOSED,
        "overrides": overrides,
        "why": _why(site),
        "trouble": trouble,
        "reason": said.get("reason", ""),
        "map": map_around(request, [site.area], focus=(SITES.name, site.pk)),
    }
    return render(request, "vendors/proposal.html", context, status=status)


def _why(site: Site) -> str:
    """The reason that the last step of the site was given."""
    if site.state == SiteState.RETURNED:
        return site.returned_for
    event = event_model(Site).objects.filter(pgh_obj_id=site.pk).select_related("pgh_context").last()
    return str(event.pgh_context.metadata.get("reason", "")) if event and event.pgh_context else ""


def _site(code: str) -> Site:
    site: Site = get_object_or_404(
        Site.objects.select_related("road", "proposed_by", "approved_by").prefetch_related(
            "pitches", "overrides"
        ),
        code=code,
    )
    return site


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_POST
def step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """`/sites/<code>/step/<verb>/`: open, suspend, resume or close; back to the site's page, with what hinders it in words."""
    planner(request)
    site, user = _site(code), request.user
    values: dict[str, Any] = {
        "site": site,
        "by": user,
        "expected_version": drafts.whole(request.POST, "version"),
    }
    mine = [(_("操作"), _STEP_WORDS[verb])]
    if verb in NEED_REASON:
        values["reason"] = request.POST.get("reason", "")
        mine.append((_("理由"), values["reason"]))
    return _tried(request, site, lambda: STEPS[verb](**values), mine=mine)


@require_POST
def equip(request: HttpRequest, code: str) -> HttpResponse:
    """`/sites/<code>/equip/`: records sign board and waste bins."""
    planner(request)
    site, sign_board = _site(code), bool(request.POST.get("sign_board"))
    bins, version = drafts.whole(request.POST, "bins"), drafts.whole(request.POST, "version")
    return _tried(
        request,
        site,
        lambda: plan.equip_site(site=site, sign_board=sign_board, bins=bins, expected_version=version),
        mine=[(_("标示牌"), _("有") if sign_board else _("没有")), (_("垃圾容器"), bins)],
    )


def _quicker(site: Site, *, then: int, mine: Sequence[tuple[Any, Any]]) -> Changed:
    """What became of the site since that version of it, beside what this person wants."""
    event = event_model(Site).objects.filter(pgh_obj_id=site.pk, version=then).order_by("pgh_id").last()
    error = Changed(site, since=str(event.pgh_id) if event else "")
    error.carried_as, error.version = "version", str(site.version)
    return error.wanting(mine, back=site.get_absolute_url())


def _tried(
    request: HttpRequest, site: Site, work: Callable[[], Site], *, mine: Sequence[tuple[Any, Any]]
) -> HttpResponse:
    """Does the work; back to the site's page, or with both versions where somebody was quicker."""
    try:
        changed = work()
    except plan.SiteChanged as error:
        raise _quicker(error.site, then=drafts.whole(request.POST, "version"), mine=mine) from None
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("%(site)s:%(state)s,标示牌%(board)s,垃圾容器 %(bins)s 个。")
            % {
                "site": changed.name,
                "state": changed.get_state_display(),
                "board": _("有") if changed.sign_board else _("没有"),
                "bins": changed.bins,
            },
        )
    return redirect(site.get_absolute_url())


# ── Pitches by hand ───────────────────────────────────────────────────────────────────────────────────────


@never_cache
@require_http_methods(["GET", "POST"])
def layout(request: HttpRequest, code: str) -> HttpResponse:
    """`/sites/<code>/layout/`: the site's pitches. POST `do=lay` proposes a new layout, `do=save` stores the rows."""
    planner(request)
    site = _site(code)
    frame = draft.frame_of(site)
    if request.method == "GET":
        shown = [(pitch.number, as_shapely(pitch.area)) for pitch in site.pitches.order_by("number")]
        return _sheet(request, site, frame, shown, first=_first_layout(site, frame))
    rows, first = _rows_of(request.POST), request.POST
    try:
        if request.POST.get("do") == "lay":
            laid = _laid(site, frame, request.POST)
            return _sheet(request, site, frame, laid, first=first, laid=True)
        pitches = read_pitches(frame, rows)
        set_pitches(site=site, pitches=pitches, expected_version=drafts.whole(request.POST, "version"))
    except DomainError as error:
        return _sheet(
            request, site, frame, [], first=first, rows=rows, trouble=str(error), status=error.status
        )
    messages.success(request, _("已保存 %s 个摊位。") % len(pitches))
    return redirect(site.get_absolute_url())


def _first_layout(site: Site, frame: Frame) -> dict[str, Any]:
    return {**vars(draft.layout_of(site, frame)), "most": site.pitches.count() or site.capacity}


def _laid(site: Site, frame: Frame, given: QueryDict) -> list[tuple[str, shapely.Polygon]]:
    width, depth, gap, aisle = (drafts.number(given, name) for name in ("width", "depth", "gap", "aisle"))
    chosen = Layout(width, depth, gap, aisle, drafts.whole(given, "rows", 1))
    laid = lay(as_shapely(site.area), frame, layout=chosen, most=drafts.whole(given, "most", 200))
    if not laid:
        raise Invalid(_("范围内放不下一个 %(width)s × %(depth)s m 的摊位。请缩小摊位。") % vars(chosen))
    return laid


def _rows_of(given: QueryDict) -> list[dict[str, str]]:
    names = ("number", "at", "out", "width_of", "depth_of")
    columns = [given.getlist(name) for name in names]
    rows = zip(*columns, strict=False)
    return [
        dict(zip(("number", "at", "out", "width", "depth"), row, strict=True))
        for row in rows
        if row[0].strip()
    ]


def _sheet(
    request: HttpRequest,
    site: Site,
    frame: Frame,
    pitches: Sequence[tuple[str, shapely.Polygon]],
    *,
    first: Any,
    rows: Sequence[dict[str, Any]] | None = None,
    laid: bool = False,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    if rows is None:
        rows = [_row(frame, number, area) for number, area in pitches]
    context = {
        "site": site,
        "rows": [*rows, *({"number": "", "at": "", "out": "", "width": "", "depth": ""} for _n in range(3))],
        "first": {name: first.get(name, "") for name in ("width", "depth", "gap", "aisle", "rows", "most")},
        "picture": _picture(site, frame, rows),
        "laid": laid,
        "trouble": trouble,
        "frame": frame,
    }
    return render(request, "vendors/layout.html", context, status=status)


def _row(frame: Frame, number: str, area: shapely.Polygon) -> dict[str, Any]:
    at, out, width, depth = (f"{round(value, 2) + 0.0:.2f}" for value in frame.place_of(area))
    return {"number": number, "at": at, "out": out, "width": width, "depth": depth}


def _picture(site: Site, frame: Frame, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The site from above in its own axes: along the kerb to the right, the kerb below."""
    scale = min(SVG_PX / max(frame.length, 1.0), 60.0)
    corners = shapely.get_coordinates(as_shapely(site.area)) - frame.origin
    outline = " ".join(
        f"{x * scale:.1f},{(frame.depth - y) * scale:.1f}"
        for x, y in zip(corners @ frame.along, corners @ frame.out, strict=True)
    )
    boxes = []
    for row in rows:
        try:
            at, out, width, depth = (float(row[name]) for name in ("at", "out", "width", "depth"))
        except (TypeError, ValueError):
            continue
        x, y = at * scale, (frame.depth - out - depth) * scale
        box = {"x": x, "y": y, "w": max(width * scale, 0.0), "h": max(depth * scale, 0.0)}
        words = {"number": row["number"], "cx": x + box["w"] / 2, "cy": y + box["h"] / 2}
        boxes.append({name: round(v, 1) if isinstance(v, float) else v for name, v in (box | words).items()})
    return {
        "outline": outline,
        "boxes": boxes,
        "width": round(frame.length * scale, 1),
        "height": round(frame.depth * scale, 1),
        "box": f"-4 -4 {frame.length * scale + 8:.1f} {frame.depth * scale + 8:.1f}",
    }
