"""The records of guidance and what they come to by branch and week."""

from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from gridmgr.core.accounts.audience import audience_of
from vendors.domain.week import by_branch_and_week
from vendors.forms.guide import GuidanceFilter
from vendors.models import Guidance
from vendors.rights import guidance_for, may_guide
from vendors.views.common import pages

PAGE_ROWS = 50
WEEKS = 8


@require_GET
@never_cache
def guidance(request: HttpRequest) -> HttpResponse:
    """`/guidance/?q=&branch=&outcome=&since=&until=&page=`: a member's own records, a secretary's branch's, all."""
    audience = audience_of(request.user)
    mine = Guidance.objects.filter(guidance_for(audience, user_id=int(request.user.pk or 0)))
    form = GuidanceFilter(request.GET)
    if not audience.sees_all:
        del form.fields["branch"]  # a member is not told of other branches
    form.is_valid()
    rows = _filtered(mine, form.cleaned_data)
    page = Paginator(
        rows.select_related("officer__member", "branch", "site", "vendor").defer(
            "branch__area", "site__area"
        ),
        PAGE_ROWS,
    ).get_page(request.GET.get("page"))
    until = form.cleaned_data.get("until") or timezone.localdate()
    context = {
        "form": form,
        "filtered": any(form.data.get(name) for name in form.fields),
        "rows": page.object_list,
        "page": page,
        "pages": pages(page, request.GET),
        "table": by_branch_and_week(rows, until=until, weeks=WEEKS),
        "may_guide": may_guide(audience),
        "own": not audience.sees_all,
        "reads_register": audience.sees_all,
    }
    return render(request, "vendors/guidance.html", context)


def _filtered(rows: "QuerySet[Guidance]", data: dict[str, Any]) -> "QuerySet[Guidance]":
    if words := data.get("q"):
        rows = rows.filter(
            Q(slip__icontains=words) | Q(goods__icontains=words) | Q(site__name__icontains=words)
        )
    if branch := data.get("branch"):
        rows = rows.filter(branch=branch)
    if chosen := data.get("outcome"):
        rows = rows.filter(outcome=chosen)
    if since := data.get("since"):
        rows = rows.filter(at__gte=_begin(since))
    if until := data.get("until"):
        rows = rows.filter(at__lt=_begin(until + timedelta(days=1)))
    return rows.order_by("-at", "-pk")


def _begin(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
