"""The allocation board of a site: who has which pitch until when, who waits, and the steps that change it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.errors import DomainError, NotThere
from gridmgr.core.meanwhile import Changed, mark_versions
from vendors.domain import allocate as allotting
from vendors.domain import waiting as queueing
from vendors.domain.allocate import Before
from vendors.domain.asking import branches_at, secretary_to_call
from vendors.forms.board import AllocateForm, EndForm, JoinForm, OfferForm, RenewForm, TransferForm
from vendors.models import Allocation, Pitch, PitchHold, Site, Vendor, WaitingEntry
from vendors.rights import may_allocate, may_see_holders, phones_visible
from vendors.status import IN_USE, status_of
from vendors.views.common import forget, map_around, refusal, remember, require, step_of

KNOWN_VENDORS = 200


@dataclass
class Row:
    """A pitch on the board: who has it now, who will, and the hold on it."""

    pitch: Pitch
    now: Allocation | None = None
    later: list[Allocation] = field(default_factory=list)
    hold: PitchHold | None = None


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@never_cache
def board(request: HttpRequest, code: str) -> HttpResponse:
    """`/sites/<code>/pitches/`; a member sees it for sites on their own stretches."""
    return _page(request, _seen(request, code))


def _seen(request: HttpRequest, code: str) -> Site:
    rows = Site.objects.visible_to(audience_of(request.user), on=timezone.localdate())
    site: Site = get_object_or_404(rows.select_related("road").defer("road__reference_line"), code=code)
    return site


def _allowed(request: HttpRequest, code: str) -> Site:
    """The site, for those who may allot its pitches; 404 or 403 for others."""
    site = _seen(request, code)
    require(may_allocate(audience_of(request.user), site, on=timezone.localdate()))
    return site


def _page(
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
        "map": map_around(request, [site.area], focus=("sites", site.pk)),
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


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_POST
def allocate(request: HttpRequest, code: str) -> HttpResponse:
    """Gives a vendor a pitch of the site."""
    site = _allowed(request, code)
    form = AllocateForm(request.POST, site=site)
    if not form.is_valid():
        return _page(request, site, refused={"allocate_form": form}, status=422)
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
    site = _allowed(request, code)
    form = OfferForm(request.POST, site=site, auto_id="id_offer_%s")
    if not form.is_valid():
        return _page(request, site, refused={"offer_form": form}, status=422)
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
        return _page(request, site, trouble=_first_error(form), status=422)
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
        return _page(request, site, trouble=_first_error(form), status=422)
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
        return _page(request, site, trouble=_first_error(form), status=422)
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
    site = _allowed(request, code)
    form = JoinForm(request.POST, auto_id="id_join_%s")
    if not form.is_valid():
        return _page(request, site, refused={"join_form": form}, status=422)
    try:
        entry = queueing.join_queue(site, vendor=form.cleaned_data["vendor"], note=form.cleaned_data["note"])
    except DomainError as error:
        return _page(request, site, refused={"join_form": form}, error=error)
    return _done(request, site, _("%(vendor)s已登记候补。") % {"vendor": entry.vendor}, joined=entry.pk)


@require_POST
def leave(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Takes a vendor off the waiting list."""
    site = _allowed(request, code)
    entry = get_object_or_404(site.waiting.select_related("vendor"), pk=pk)
    try:
        queueing.leave_queue(entry)
    except DomainError as error:
        return _page(request, site, error=error)
    return _done(request, site, _("%(vendor)s已退出候补。") % {"vendor": entry.vendor}, left=entry.pk)


def _allocation(request: HttpRequest, code: str, pk: int) -> tuple[Site, Allocation]:
    site = _allowed(request, code)
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
        return _page(request, site, refused=refused, error=error)
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
    site = _allowed(request, code)
    key = request.POST.get("key", "")
    step = step_of(request, key, at=site.code)
    try:
        if step is None:
            raise NotThere(_("这一步已撤销或已超过 24 小时,无法再撤销。请在页面上直接修改。"))
        _take_back(site, step)
    except DomainError as error:
        return _page(request, site, error=error)
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


def _undoable(request: HttpRequest, site: Site) -> dict[str, str] | None:
    key = request.GET.get("done", "")
    step = step_of(request, key, at=site.code) if key else None
    return {"key": key, "words": step["words"]} if step else None
