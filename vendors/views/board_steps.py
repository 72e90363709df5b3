"""The steps of the allocation board: each changes who has a pitch or who waits, and can be undone for a while."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from gridmgr.core.errors import DomainError, NotThere
from gridmgr.core.meanwhile import Changed
from vendors.domain import allocate as allotting
from vendors.domain import waiting as queueing
from vendors.domain.allocate import Before
from vendors.forms.board import AllocateForm, EndForm, JoinForm, OfferForm, RenewForm, TransferForm
from vendors.models import Allocation, Site, WaitingEntry
from vendors.views.board import allowed_site, board_page
from vendors.views.common import forget, remember, step_of


@require_POST
def allocate(request: HttpRequest, code: str) -> HttpResponse:
    """Gives a vendor a pitch of the site."""
    site = allowed_site(request, code)
    form = AllocateForm(request.POST, site=site)
    if not form.is_valid():
        return board_page(request, site, refused={"allocate_form": form}, status=422)
    data = form.cleaned_data
    waited = site.waiting.filter(vendor=data["vendor"], left_at=None).first()
    return _step(
        request,
        site,
        lambda: allotting.allocate(
            data["pitch"], vendor=data["vendor"], since=data["since"], until=form.first_day_after
        ),
        words=_("已把 %(number)s 号摊位分配给%(vendor)s。")
        % {"number": data["pitch"].number, "vendor": data["vendor"]},
        refused={"allocate_form": form},
        waited=waited,
    )


@require_POST
def offer(request: HttpRequest, code: str) -> HttpResponse:
    """Gives a pitch to the first on the waiting list."""
    site = allowed_site(request, code)
    form = OfferForm(request.POST, site=site, auto_id="id_offer_%s")
    if not form.is_valid():
        return board_page(request, site, refused={"offer_form": form}, status=422)
    data = form.cleaned_data
    first = next(iter(queueing.queue_of(site)), None)
    return _step(
        request,
        site,
        lambda: allotting.offer_next(
            site, pitch=data["pitch"], since=data["since"], until=form.first_day_after
        ),
        words=_("已把 %(number)s 号摊位分配给候补第一位%(vendor)s。")
        % {"number": data["pitch"].number, "vendor": first.vendor if first else ""},
        refused={"offer_form": form},
        waited=first,
    )


@require_POST
def transfer(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Passes an allocation on to another vendor, or moves it to another pitch of the site."""
    site, row = _allocation(request, code, pk)
    form = TransferForm(request.POST, site=site)
    if not form.is_valid():
        return board_page(request, site, trouble=_first_error(form), status=422)
    data, was = form.cleaned_data, Before.of(row)
    return _step(
        request,
        site,
        lambda: allotting.transfer(
            row, on=data["on"], vendor=data["vendor"], pitch=data["pitch"], seen=_seen_version(request)
        ),
        words=_("已把 %(number)s 号摊位转让或换位。") % {"number": row.pitch.number},
        was=was,
        form=form,
    )


@require_POST
def end(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Ends an allocation from a day on."""
    site, row = _allocation(request, code, pk)
    form = EndForm(request.POST)
    if not form.is_valid():
        return board_page(request, site, trouble=_first_error(form), status=422)
    was = Before.of(row)
    words = _("已终止%(vendor)s在 %(number)s 号摊位的分配。") % {
        "vendor": row.vendor,
        "number": row.pitch.number,
    }
    return _step(
        request,
        site,
        lambda: allotting.end_early(row, on=form.cleaned_data["on"], seen=_seen_version(request)),
        words=words,
        was=was,
        made=False,
        form=form,
    )


@require_POST
def renew(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Lets an allocation run on."""
    site, row = _allocation(request, code, pk)
    form = RenewForm(request.POST)
    if not form.is_valid():
        return board_page(request, site, trouble=_first_error(form), status=422)
    was = Before.of(row)
    words = _("已给%(vendor)s的 %(number)s 号摊位续期。") % {"vendor": row.vendor, "number": row.pitch.number}
    return _step(
        request,
        site,
        lambda: allotting.renew(row, until=form.first_day_after, seen=_seen_version(request)),
        words=words,
        was=was,
        made=False,
        form=form,
    )


@require_POST
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Puts a vendor on the waiting list."""
    site = allowed_site(request, code)
    form = JoinForm(request.POST, auto_id="id_join_%s")
    if not form.is_valid():
        return board_page(request, site, refused={"join_form": form}, status=422)
    try:
        entry = queueing.join_queue(site, vendor=form.cleaned_data["vendor"], note=form.cleaned_data["note"])
    except DomainError as error:
        return board_page(request, site, refused={"join_form": form}, error=error)
    return _done(request, site, _("%(vendor)s已登记候补。") % {"vendor": entry.vendor}, joined=entry.pk)


@require_POST
def leave(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Takes a vendor off the waiting list."""
    site = allowed_site(request, code)
    entry = get_object_or_404(site.waiting.select_related("vendor"), pk=pk)
    try:
        queueing.leave_queue(entry)
    except DomainError as error:
        return board_page(request, site, error=error)
    return _done(request, site, _("%(vendor)s已退出候补。") % {"vendor": entry.vendor}, left=entry.pk)


def _allocation(request: HttpRequest, code: str, pk: int) -> tuple[Site, Allocation]:
    site = allowed_site(request, code)
    rows = Allocation.objects.filter(pitch__site=site).select_related("vendor", "pitch__site")
    return site, get_object_or_404(rows, pk=pk)


def _seen_version(request: HttpRequest) -> str:
    return request.POST.get("seen", "")


def _first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


def _step(
    request: HttpRequest,
    site: Site,
    work: Callable[[], Allocation | None],
    *,
    words: str,
    refused: dict[str, Any] | None = None,
    was: Before | None = None,
    made: bool = True,
    waited: WaitingEntry | None = None,
    form: Any = None,
) -> HttpResponse:
    """Does the work; refused, the board comes back with the words; done, it can be undone.

    Where somebody was quicker, what is now is shown beside what the `form` says.
    """
    try:
        result = work()
    except Changed as error:
        raise error.wanting_form(form, back=reverse("site-pitches", args=[site.code])) from None
    except DomainError as error:
        return board_page(request, site, refused=refused, error=error)
    facts: dict[str, Any] = {}
    if made and result is not None:
        facts["made"] = _plain(Before.of(result))
    if was is not None:
        facts["was"] = _plain(was)
        if changed := Allocation.objects.filter(pk=was.pk).first():
            facts["became"] = _plain(Before.of(changed))
    return _done(request, site, words, **facts, left=waited.pk if waited else None)


# ── One step back ─────────────────────────────────────────────────────────────────────────────────────────


@require_POST
def undo(request: HttpRequest, code: str) -> HttpResponse:
    """Takes the step under `key` back: whoever may allot here may."""
    site = allowed_site(request, code)
    key = request.POST.get("key", "")
    step = step_of(request, key, at=site.code)
    try:
        if step is None:
            raise NotThere(_("这一步已撤销或已超过 24 小时,无法再撤销。请在页面上直接修改。"))
        _take_back(site, step)
    except DomainError as error:
        return board_page(request, site, error=error)
    forget(request, key)
    messages.success(request, _("已撤销,恢复原状。"))
    return redirect("site-pitches", site.code)


def _take_back(site: Site, step: dict[str, Any]) -> None:
    made, was, became = (_dated(step.get(name)) for name in ("made", "was", "became"))
    if made or was:
        allotting.take_back(made=made, was=was, became=became)
    if joined := step.get("joined"):
        queueing.leave_queue(get_object_or_404(site.waiting.select_related("vendor"), pk=joined))
    if left := step.get("left"):
        entry = site.waiting.select_related("vendor").filter(pk=left).exclude(left_at=None).first()
        if entry is not None:
            queueing.rejoin_queue(entry)


def _plain(before: Before) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(before).items()
    }


def _dated(facts: dict[str, Any] | None) -> Before | None:
    if not facts:
        return None
    until = facts["until"]
    return Before(
        **{
            **facts,
            "since": date.fromisoformat(facts["since"]),
            "until": date.fromisoformat(until) if until else None,
        }
    )


def _done(request: HttpRequest, site: Site, words: str, **facts: Any) -> HttpResponse:
    key = remember(request, at=site.code, words=words, **facts)
    return redirect(f"{reverse('site-pitches', args=[site.code])}?{urlencode({'done': key})}")
