"""The allocation board of a site: who has which pitch until when, and who waits."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.errors import DomainError
from gridmgr.core.meanwhile import mark_versions
from vendors.domain import allocate as allotting
from vendors.domain import waiting as queueing
from vendors.domain.asking import branches_at, secretary_to_call
from vendors.forms.board import AllocateForm, JoinForm, OfferForm
from vendors.layers import SITES
from vendors.models import Allocation, Pitch, PitchHold, Site, Vendor
from vendors.rights import may_allocate, may_see_holders, phones_visible
from vendors.status import IN_USE, status_of
from vendors.views.common import map_around, refusal, require, step_of

KNOWN_VENDORS = 200


@dataclass
class Row:
    """A pitch on the board: who has it now, who will, and the hold on it."""

    pitch: Pitch
    now: Allocation | None = None
    later: list[Allocation] = field(default_factory=list)
    hold: PitchHold | None = None


@require_GET
@never_cache
def board(request: HttpRequest, code: str) -> HttpResponse:
    """`/sites/<code>/pitches/`; a member sees it for sites on their own stretches."""
    return board_page(request, _seen(request, code))


def _seen(request: HttpRequest, code: str) -> Site:
    rows = Site.objects.visible_to(audience_of(request.user), on=timezone.localdate())
    site: Site = get_object_or_404(rows.select_related("road").defer("road__reference_line"), code=code)
    return site


def allowed_site(request: HttpRequest, code: str) -> Site:
    """The site, for those who may allot its pitches; 404 or 403 for others."""
    site = _seen(request, code)
    require(may_allocate(audience_of(request.user), site, on=timezone.localdate()))
    return site


def board_page(
    request: HttpRequest,
    site: Site,
    *,
    refused: dict[str, Any] | None = None,
    error: DomainError | None = None,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    """The board; a form that was `refused` comes back as it was filled in, under its name, with the words of `error`."""
    if error is not None:
        trouble, status = str(error), error.status
    if plain := refusal(request, status=status, text=trouble):
        return plain
    audience, on, now = audience_of(request.user), timezone.localdate(), timezone.now()
    rows = _rows(site, on=on, now=now)
    queue = queueing.queue_of(site)
    named = [each.vendor for row in rows for each in [*([row.now] if row.now else []), *row.later]]
    may = may_allocate(audience, site, on=on)
    context: dict[str, Any] = {
        "site": site,
        "status": status_of(site, on),
        "in_use": status_of(site, on) == IN_USE,
        "rows": rows,
        "queue": queue,
        "phones": phones_visible(audience, [*named, *(entry.vendor for entry in queue)], on=on),
        "branches": branches_at(site, on=on),
        "free": sum(1 for row in rows if row.now is None and row.hold is None),
        "may": may,
        "names": may_see_holders(audience, site, on=on),
        "on": on,
        "map": map_around(request, [site.area], focus=(SITES.name, site.pk)),
        "undo": _undoable(request, site),
        "trouble": trouble,
        "call": secretary_to_call(error, on=on, audience=audience) if error else None,
        "reads_register": audience.sees_all,
    }
    if may:
        mark_versions([each for row in rows for each in [*([row.now] if row.now else []), *row.later]])
        context |= _forms(request, site, rows, on) | {"vendors_known": _without_pitch(on)} | (refused or {})
    return render(request, "vendors/board.html", context, status=status)


def _rows(site: Site, *, on: date, now: Any) -> list[Row]:
    rows = {pitch.pk: Row(pitch) for pitch in site.pitches.defer("area").order_by("number")}
    for each in allotting.current_and_coming(site, on=on):
        if on in each.period:
            rows[each.pitch_id].now = each
        else:
            rows[each.pitch_id].later.append(each)
    for hold in allotting.current_holds(site, at=now):
        rows[hold.pitch_id].hold = hold
    return list(rows.values())


def _forms(request: HttpRequest, site: Site, rows: list[Row], on: date) -> dict[str, Any]:
    free = next((row.pitch for row in rows if row.now is None and not row.later and row.hold is None), None)
    first: dict[str, Any] = {"since": _first_day(site, on), "pitch": free.pk if free else None}
    chosen = request.GET.get("vendor", "")
    vendor = Vendor.objects.filter(pk=chosen).first() if chosen.isdecimal() else None
    return {
        "allocate_form": AllocateForm(
            site=site, initial={**first, "vendor": f"#{vendor.pk} {vendor.name}" if vendor else ""}
        ),
        "offer_form": OfferForm(site=site, initial=first, auto_id="id_offer_%s"),
        "join_form": JoinForm(auto_id="id_join_%s"),
    }


def _first_day(site: Site, on: date) -> date:
    return max(on, site.season.lower) if site.season else on


def _without_pitch(on: date) -> Any:
    held = Allocation.objects.on_day(on).values("vendor")
    return Vendor.objects.exclude(pk__in=held).order_by("name").only("pk", "name", "goods")[:KNOWN_VENDORS]


def _undoable(request: HttpRequest, site: Site) -> dict[str, str] | None:
    key = request.GET.get("done", "")
    step = step_of(request, key, at=site.code) if key else None
    return {"key": key, "words": step["words"]} if step else None
