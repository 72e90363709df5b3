"""The register of vendors: list, page and form."""

from typing import Any, cast

import rules
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gridmgr.core.accounts import tries
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.accounts.models import User
from gridmgr.core.accounts.tries import too_often
from gridmgr.core.changes import history_of
from gridmgr.core.errors import Conflict
from vendors.domain.looks import looks_at, masked_number, whole_number
from vendors.domain.register import found_by
from vendors.forms.register import VendorFilter, VendorForm
from vendors.models import Allocation, Site, Vendor, WaitingEntry
from vendors.rights import (
    guidance_for,
    may_edit_vendor,
    may_keep_register,
    may_read_register,
    may_see_identity,
    phones_visible,
)
from vendors.views.common import pages, require

PAGE_ROWS = 50


@require_GET
@never_cache
def vendor_list(request: HttpRequest) -> HttpResponse:
    """`/vendors/?q=&pitch=&branch=&page=`; the search also takes the last four characters of an identity number."""
    audience, on = audience_of(request.user), timezone.localdate()
    require(may_read_register(audience))
    form = VendorFilter(request.GET)
    form.is_valid()
    page = Paginator(_filtered(form.cleaned_data, audience), PAGE_ROWS).get_page(request.GET.get("page"))
    vendors = list(page.object_list)
    context = {
        "form": form,
        "filtered": any(form.data.get(name) for name in form.fields),
        "vendors": vendors,
        "phones": phones_visible(audience, vendors, on=on),
        "may_keep": may_keep_register(audience),
        "page": page,
        "pages": pages(page, request.GET),
    }
    return render(request, "vendors/list.html", context)


def _filtered(data: dict[str, Any], audience: Audience) -> "QuerySet[Vendor]":
    on = timezone.localdate()
    rows = found_by(data.get("q") or "", audience=audience, on=on)
    held = Allocation.objects.on_day(on).filter(vendor=OuterRef("pk"))
    waiting = WaitingEntry.objects.filter(vendor=OuterRef("pk"), left_at=None)
    if branch := data.get("branch"):
        sites = Site.objects.on_sections_of(branch, on=on)
        rows = rows.filter(
            Exists(held.filter(pitch__site__in=sites)) | Exists(waiting.filter(site__in=sites))
        )
    chosen = {"held": Exists(held), "none": ~Exists(held), "waiting": Exists(waiting)}.get(
        data.get("pitch") or ""
    )
    rows = rows.filter(chosen) if chosen is not None else rows
    return rows.order_by("name", "pk").prefetch_related(
        Prefetch(
            "allocations",
            Allocation.objects.on_day(on)
            .select_related("pitch__site")
            .defer("pitch__area", "pitch__site__area"),
            to_attr="now",
        ),
        Prefetch(
            "waiting", WaitingEntry.objects.filter(left_at=None).select_related("site"), to_attr="queues"
        ),
    )


@require_GET
@never_cache
def vendor(request: HttpRequest, pk: int) -> HttpResponse:
    """`/vendors/<pk>/`: who it is, the pitches had and waited for, when guided, and what was changed."""
    require(may_read_register(audience_of(request.user)))
    return _page(request, get_object_or_404(Vendor, pk=pk))


@require_POST
@never_cache
def identity(request: HttpRequest, pk: int) -> HttpResponse:
    """`/vendors/<pk>/identity/`: the page with the whole identity number, which leaves a record of who looked."""
    require(may_see_identity(audience_of(request.user)))
    row = get_object_or_404(Vendor, pk=pk)
    return _page(request, row, whole=whole_number(row, reader=cast(User, request.user), way=request.path))


def _page(request: HttpRequest, row: Vendor, *, whole: str = "") -> HttpResponse:
    audience, on = audience_of(request.user), timezone.localdate()
    phone_shown = bool(phones_visible(audience, [row], on=on))
    allocations = row.allocations.select_related("pitch__site").defer("pitch__area", "pitch__site__area")
    guided = row.guidances.filter(guidance_for(audience, user_id=_key(request))).select_related(
        "site", "branch"
    )
    context = {
        "vendor": row,
        "phone_shown": phone_shown,
        "identity": _masked(row),
        "identity_whole": whole,
        "may_see_identity": may_see_identity(audience),
        "looks": looks_at(row) if may_see_identity(audience) else [],
        "allocations": allocations.order_by("-period"),
        "queues": row.waiting.select_related("site").order_by("-since"),
        "guidances": guided.defer("site__area", "branch__area").order_by("-at")[:50],
        "may_keep": may_edit_vendor(audience, row, on=on),
        "history": history_of(row, hidden=[] if phone_shown else ["phone"])
        if rules.has_perm("gridmgr.see_history", request.user)
        else None,
        "on": on,
    }
    return render(request, "vendors/vendor.html", context)


def _key(request: HttpRequest) -> int:
    return int(request.user.pk or 0)


def _masked(row: Vendor) -> str:
    """The number masked; words instead when the key has been changed."""
    try:
        return masked_number(row)
    except Conflict as error:
        return str(error)


@require_http_methods(["GET", "POST"])
@never_cache
def add(request: HttpRequest) -> HttpResponse:
    """`/vendors/add/`: a new vendor."""
    audience = audience_of(request.user)
    require(may_keep_register(audience))
    form = VendorForm(
        request.POST or None, audience=audience, initial={"name": request.GET.get("name", "")[:40]}
    )
    return _write(request, form, _("已登记商贩“%s”。"))


@require_http_methods(["GET", "POST"])
@never_cache
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """`/vendors/<pk>/edit/`: what is registered of a vendor; an empty identity number leaves it as it is."""
    audience = audience_of(request.user)
    require(may_keep_register(audience))
    row, on = get_object_or_404(Vendor, pk=pk), timezone.localdate()
    require(may_edit_vendor(audience, row, on=on))
    shown = bool(phones_visible(audience, [row], on=on))
    form = VendorForm(request.POST or None, audience=audience, instance=row, phone_shown=shown)
    return _write(request, form, _("已保存商贩“%s”。"))


def _tried(request: HttpRequest, form: VendorForm) -> Vendor | None:
    """The saved vendor. Whoever may not read identity numbers can't try out many: each that is taken counts."""
    if not form.is_valid():
        return None
    if may_see_identity(form.audience) or not form.cleaned_data["identity"].strip():
        return form.write()
    given = tries.begin(
        tries.name_apart("identity", request.user.get_username()), request.META["REMOTE_ADDR"]
    )
    if given.wait is not None:
        form.add_error("identity", too_often(given.wait))
        return None
    saved = form.write()
    if not form.is_taken:
        given.withdraw()
    return saved


def _write(request: HttpRequest, form: VendorForm, words: str) -> HttpResponse:
    if request.method == "POST":
        with transaction.atomic():  # the form keeps the row locked while it compares and writes
            saved = _tried(request, form)
        if saved is not None:
            messages.success(request, words % saved.name)
            return redirect(saved)
    context = {"form": form, "vendor": form.instance if form.instance.pk else None}
    status = 409 if form.meanwhile else 422 if form.errors else 200
    return render(request, "vendors/form.html", context, status=status)
