"""The slip of a guided vendor: where to, the way, until when the pitch is held; and what came of it."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import segno
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.meanwhile import Changed, mark_versions
from gridmgr.core.navigation import way_there
from grids.domain.wayfinding import Spot, say_where
from vendors.domain import guide as guiding
from vendors.domain import nearby
from vendors.domain.asking import branches_at
from vendors.domain.sketch import sketch
from vendors.enums import Outcome
from vendors.models import Guidance, PitchHold
from vendors.rights import guidance_for, may_guide, may_record_outcome, phones_visible

OUTCOMES = (Outcome.CAME, Outcome.REFUSED, Outcome.MOVED_ON)
PUBLIC_FOR = timedelta(hours=24)  # a slip can be read without an account for so long


def addresses(sites: list[Any]) -> list[str]:
    """Where each site is, in words: "府西街与新建路口以东约 120 米,南侧". One query."""
    return say_where([Spot(site.road_id, site.middle_m, site.side) for site in sites])


@require_GET
@never_cache
@login_not_required
def slip(request: HttpRequest, number: str) -> HttpResponse:
    """`/guide/<slip>/`: where the vendor is guided to, on screen and on paper.

    Whoever has the number (it can't be guessed) reads for a day, without an account, where to go and until when, but
    not who was guided or by whom; those who may see the record see it whole and say what came of it.
    """
    row = get_object_or_404(
        Guidance.objects.select_related("site__road", "vendor", "officer", "branch").defer(
            "branch__area", "site__road__reference_line"
        ),
        slip=number,
    )
    reader = _reader(request, row)
    if reader is None and (row.site is None or timezone.now() > row.at + PUBLIC_FOR):
        raise Http404
    return render(request, "vendors/slip.html", _slip(request, row, reader))


def _reader(request: HttpRequest, row: Guidance) -> Audience | None:
    """The reader if the record is theirs to see whole."""
    if not request.user.is_authenticated:
        return None
    audience, user = audience_of(request.user), int(request.user.pk)
    sees = Guidance.objects.filter(guidance_for(audience, user_id=user), pk=row.pk).exists()
    return audience if sees or may_record_outcome(audience, row, user_id=user) else None


def _slip(request: HttpRequest, row: Guidance, reader: Audience | None) -> dict[str, Any]:
    now = timezone.now()
    held = PitchHold.objects.filter(guidance=row).select_related("pitch").defer("pitch__area").first()
    context: dict[str, Any] = {
        "guidance": row,
        "hold": held,
        "running": held is not None and held.during.lower <= now < held.during.upper,
        "to_come": held is not None and now < held.during.lower,
        "whole": reader is not None,
        "qr": qr_code(request.build_absolute_uri(request.path)),
    }
    if row.site is not None:
        walked = nearby.route_to(row.location, row.site)
        (address,) = addresses([row.site])
        middle = nearby.middle_of(row.site)
        context |= {
            "address": address,
            "way": way_there(row.site.name, middle.x, middle.y, where=address),
            "sketch": sketch(start=row.location, site=row.site, way=walked.line),
            "branches": branches_at(row.site, on=timezone.localdate()),
        }
    if reader is not None:
        context |= _whole(request, row, reader, now)
    return context


def _whole(request: HttpRequest, row: Guidance, reader: Audience, now: datetime) -> dict[str, Any]:
    vendors = [row.vendor] if row.vendor else []
    mark_versions([row])
    return {
        "outcomes": [(str(each.value), each.label) for each in OUTCOMES]
        if may_record_outcome(reader, row, user_id=int(request.user.pk or 0))
        else [],
        "phones": phones_visible(reader, vendors, on=timezone.localtime(now).date()),
        "reads_register": reader.sees_all,
        "may_guide": may_guide(reader),
    }


def qr_code(text: str) -> SafeString:
    """The text as a QR code: an inline SVG with a path and nothing else."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, svgclass="qr", lineclass=None
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308  (modules of a code, drawn by segno)


@require_POST
def outcome(request: HttpRequest, number: str) -> HttpResponse:
    """Says what came of a guidance, or takes that back (`outcome=pending`)."""
    row = get_object_or_404(Guidance.objects.select_related("site"), slip=number)
    audience = _reader(request, row)
    if audience is None:
        raise Http404
    if not may_record_outcome(audience, row, user_id=int(request.user.pk or 0)):
        raise PermissionDenied
    asked = request.POST.get("outcome", "")
    try:
        guiding.record_outcome(row, outcome=asked, seen=request.POST.get("seen", ""))
    except Changed as error:
        raise error.wanting(
            [(_("结果"), Outcome(asked).label)], back=reverse("slip", args=[number])
        ) from None
    return redirect("slip", row.slip)
