"""My roads: the page that a secretary or member lands on, on the street, with one thumb."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.errors import NotThere
from gridmgr.core.statements import among, written_once
from gridmgr.desk.beats import beats_for, furnish
from gridmgr.desk.neighbours import meet_neighbours
from gridmgr.desk.outlook import street_map
from gridmgr.desk.standing import Standing
from gridmgr.desk.turns import agenda, clock_of
from gridmgr.feeds.query import told_of_its_day
from grids.enums import MemberRole
from grids.models import Branch, Member
from grids.rights import shares_out


@require_GET
@told_of_its_day
def my_roads(request: HttpRequest) -> HttpResponse:
    """`/my/`: what the reader answers for and what is on there today; for city staff, the choice of a branch."""
    audience = audience_of(request.user)
    if audience.branch_id is not None:
        return _own_roads(request, audience, audience.branch_id)
    if not audience.sees_all:
        return render(request, "desk/my_nobody.html")
    return _choose_branch(request, audience)


def _own_roads(request: HttpRequest, audience: Audience, branch_id: int) -> HttpResponse:
    clock = clock_of(request)
    branch = Branch.objects.defer("area").filter(pk=branch_id).first()
    if branch is None:
        raise NotThere(_("这一天还没有您的支部。"))
    beats = beats_for(audience, clock)
    standing = furnish(beats, audience=audience, clock=clock)
    neighbours = meet_neighbours(beats, audience=audience, clock=clock)
    context: dict[str, Any] = {
        "branch": branch,
        "callable": secretaries_of([branch, *neighbours], audience),
        "clock": clock,
        "beats": beats,
        "neighbours": neighbours,
        "phones": audience.may_see_phones_of(branch.pk),
        "own_shares": not audience.sees_all,
        "metres": sum(beat.metres for beat in beats),
        "map": street_map(request, [beat.line for beat in beats], own=branch.code),
        "may_share": shares_out(audience, branch.pk),
    }
    return render(request, "desk/my.html", context | today(standing))


def secretaries_of(branches: Sequence[Branch], audience: Audience) -> dict[int, Member]:
    """The secretaries of these branches whom the reader may call, but for the reader, by branch. One query."""
    wanted = [branch.pk for branch in branches if audience.may_call_secretary_of(branch.pk)]
    found = _secretaries().rows(branches=wanted) if wanted else []
    return {member.branch_id: member for member in found if member.pk != audience.member_id}


@written_once
def _secretaries() -> "QuerySet[Member]":
    serving = Member.objects.serving().filter(among("branch", "branches"), role=MemberRole.SECRETARY)
    return serving.exclude(phone="").order_by()


def today(standing: Standing) -> dict[str, Any]:
    """What the line "today" is made of."""
    return {
        "points_today": agenda(standing.points),
        "sites_today": agenda(standing.sites),
        "standing": standing,
        "bays_n": len(standing.bays),
    }


def _choose_branch(request: HttpRequest, audience: Audience) -> HttpResponse:
    clock = clock_of(request)
    branches = Branch.objects.visible_to(audience, on=clock.on).defer("area")
    if code := request.GET.get("branch", ""):
        return redirect(get_object_or_404(branches, code=code))
    return render(request, "desk/my_choose.html", {"branches": branches, "clock": clock})
