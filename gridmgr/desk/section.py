"""The page of a section, and the forms that give it out, share it among members, and end both."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gridmgr.core.accounts.audience import Audience, any_reader, audience_of, gaps_of
from gridmgr.core.changes import history_of
from gridmgr.core.errors import DomainError
from gridmgr.core.meanwhile import mark_versions
from gridmgr.core.past import Tense, tense_of
from gridmgr.core.statements import Gap, written_once
from gridmgr.desk import undo
from gridmgr.desk.beats import Beat, furnish, with_line
from gridmgr.desk.neighbours import meet_neighbours
from gridmgr.desk.outlook import street_map
from gridmgr.desk.section_forms import EndForm, SectionForm, ShareForm, plain_number
from gridmgr.desk.standing import ON
from gridmgr.desk.strip import span_of
from gridmgr.desk.turns import Clock, clock_of
from gridmgr.desk.whereabouts import ends_of
from gridmgr.feeds.query import day_of, told_of_its_day
from grids.domain.naming import Ends, landmarks_of, name_stretches
from grids.layers import SECTIONS
from grids.models import Assignment, MemberAssignment, Road
from grids.rights import may_assign, may_share

UNDO_WORDS = {
    "add": gettext_lazy("已新增这一责任路段。"),
    "end": gettext_lazy("已终止这一责任路段。"),
    "share": gettext_lazy("已分给党员。"),
    "end-share": gettext_lazy("已终止这一党员责任段。"),
}


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@told_of_its_day
def section(request: HttpRequest, pk: int) -> HttpResponse:
    """`/sections/<pk>/`: who answers, from where to where, what stands on it; past and future sections too."""
    return _page(request, _seen(request, pk))


def _seen(request: HttpRequest, pk: int) -> Assignment:
    audience = audience_of(request.user)
    found = _section(audience.sees_all).rows(on=day_of(request), section=pk, **gaps_of(audience))
    if not found:
        raise Http404
    row: Assignment = found[0]
    return row


@written_once
def _section(sees_all: bool) -> QuerySet[Assignment]:
    rows = Assignment.objects.visible_to(any_reader(sees_all=sees_all), on=ON)
    one = with_line(rows).filter(pk=Gap("section", BigIntegerField()))
    return one.select_related("road", "branch").defer("branch__area")


def _page(
    request: HttpRequest,
    row: Any,
    *,
    end_form: EndForm | None = None,
    share_form: ShareForm | None = None,
    share_end: tuple[int, EndForm] | None = None,
    trouble: str = "",
) -> HttpResponse:
    """The page; a form that was refused comes back as it was filled in, with the words at its fields."""
    audience, clock = audience_of(request.user), clock_of(request)
    beat = Beat(row, float(row.stretch.lower), float(row.stretch.upper), row.line)
    shares = _shares(row, audience)
    beat.ends, *ends = ends_of([(row.road_id, *span_of(each.stretch)) for each in (row, *shares)], audience)
    beat.shares = [share for share in shares if clock.on in share.period]
    furnish([beat], audience=audience, clock=clock)
    meet_neighbours([beat], audience=audience, clock=clock)
    # What was can't be changed: forms are of today and of days to come.
    goes_on = (row.period.upper is None or row.period.upper > clock.on) and tense_of(clock.on) != Tense.PAST
    sharing = may_share(audience, row) and goes_on
    if may_assign(audience) and goes_on:
        mark_versions([row])
    if sharing:
        mark_versions(shares)
    context: dict[str, Any] = {
        "section": row,
        "beat": beat,
        "clock": clock,
        "state": _state(row, clock),
        "shares": [_share_line(each, clock, sharing, share_end) for each in zip(shares, ends, strict=True)],
        "phones": audience.may_see_phones_of(row.branch_id),
        "sees_all": audience.sees_all,
        "metres": audience.reads_metres or sharing or may_assign(audience),
        "map": street_map(request, [row.line], focus=(SECTIONS.name, row.pk)),
        "end_form": (end_form or EndForm(initial={"on": _first_end(row.period.lower, clock.on)}))
        if may_assign(audience) and goes_on
        else None,
        "share_form": (share_form or _share_form(row, clock)) if sharing else None,
        "may_add": may_assign(audience),
        "undo": _undoable(request, row),
        "trouble": trouble,
        "history": history_of(row) if audience.sees_all else [],
    }
    return render(request, "desk/section.html", context)


def _state(row: Assignment, clock: Clock) -> str:
    if row.period.lower > clock.on:
        return "future"
    return "past" if row.period.upper is not None and row.period.upper <= clock.on else "now"


def _shares(row: Assignment, audience: Audience) -> list[MemberAssignment]:
    """All shares of the section, of any day; for a member their own."""
    return _all_shares(audience.sees_all).rows(section=row.pk, **gaps_of(audience))


@written_once
def _all_shares(sees_all: bool) -> QuerySet[MemberAssignment]:
    rows = MemberAssignment.objects.filter(assignment=Gap("section", BigIntegerField()))
    if not sees_all:
        rows = rows.filter(member=any_reader(sees_all=False).member_id)
    return rows.select_related("member").order_by("stretch", "period")


def _share_line(
    each: tuple[MemberAssignment, Ends], clock: Clock, sharing: bool, refused: tuple[int, EndForm] | None
) -> dict[str, Any]:
    """A row of the members' table, with the form that ends it where that may be done."""
    share, ends = each
    now = clock.on in share.period
    form = None
    if sharing and (share.period.upper is None or share.period.upper > clock.on):
        initial = {"on": _first_end(share.period.lower, clock.on)}
        form = (
            refused[1]
            if refused and refused[0] == share.pk
            else EndForm(initial=initial, auto_id=f"id_{share.pk}_%s")
        )
    return {"share": share, "ends": ends, "now": now, "future": share.period.lower > clock.on, "form": form}


def _first_end(since: date, on: date) -> date:
    """The day to propose for an end: the page's day, or the second day of what begins only then."""
    return max(on, since + timedelta(days=1))


def _share_form(row: Assignment, clock: Clock, data: Any = None) -> ShareForm:
    initial = {
        "from_m": plain_number(row.stretch.lower),
        "to_m": plain_number(row.stretch.upper),
        "since": max(clock.on, row.period.lower),
    }
    marks = landmarks_of([row.road_id])[row.road_id]
    return ShareForm(data, section=row, landmarks=marks, initial=initial, auto_id="id_share_%s")


# ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """`/sections/add/?road=&from=&to=`: an administrator gives a branch a stretch; first the road is chosen."""
    _require(may_assign(audience_of(request.user)))
    road = _chosen_road(request)
    if road is None:
        return render(request, "desk/section_add_road.html", _road_choice(request))
    clock = clock_of(request)
    form = _section_form(request, road, clock)
    if request.method == "POST" and form.is_valid() and (made := form.save()):
        return _done(request, made, "add")
    held = (
        with_line(road.assignments.filter(period__contains=clock.on))
        .select_related("branch")
        .order_by("stretch")
    )
    names = name_stretches([(road.pk, float(each.stretch.lower), float(each.stretch.upper)) for each in held])
    context = {"road": road, "form": form, "held": list(zip(held, names, strict=True)), "clock": clock}
    return render(request, "desk/section_add.html", context)


def _chosen_road(request: HttpRequest) -> Road | None:
    if (pk := request.GET.get("road", "")).isdecimal():
        return get_object_or_404(Road.objects.defer("ways_left_out"), pk=pk)
    name = request.GET.get("name", "").strip()
    return Road.objects.defer("ways_left_out").filter(name=name).first() if name else None


def _road_choice(request: HttpRequest) -> dict[str, Any]:
    """Roads to choose from: those whose name holds the words, else the classes that a city shares out."""
    words = request.GET.get("name", "").strip()
    roads = Road.objects.only("name", "name_en", "road_class", "length_m")
    found = roads.filter(name__icontains=words) if words else roads.none()
    return {
        "words": words,
        "found": found[:60],
        "names": roads.arterial_and_secondary().values_list("name", flat=True),
    }


def _section_form(request: HttpRequest, road: Road, clock: Clock) -> SectionForm:
    initial = {
        "since": clock.on,
        "from_m": _number(request, "from", 0),
        "to_m": _number(request, "to", road.length_m),
    }
    data = request.POST if request.method == "POST" else None
    return SectionForm(data, road=road, landmarks=landmarks_of([road.pk])[road.pk], initial=initial)


def _number(request: HttpRequest, name: str, default: float) -> str:
    try:
        return plain_number(float(request.GET.get(name, "")))
    except ValueError:
        return plain_number(default)


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a section and its members' shares from a day on."""
    row = _seen(request, pk)
    _require(may_assign(audience_of(request.user)))
    form = EndForm(request.POST)
    before = {"until": _iso(row.period.upper), "shares": undo.records_of(row)}
    if form.is_valid() and form.end(row, seen=request.POST.get("seen", "")):
        return _done(request, row, "end", on=form.cleaned_data["on"].isoformat(), **before)
    return _page(request, row, end_form=form)


@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives a member a stretch of the section."""
    row = _seen(request, pk)
    _require(may_share(audience_of(request.user), row))
    form = _share_form(row, clock_of(request), request.POST)
    if form.is_valid() and (made := form.save()):
        return _done(request, row, "share", share=made.pk)
    return _page(request, row, share_form=form)


@require_POST
def end_one_share(request: HttpRequest, pk: int, share_pk: int) -> HttpResponse:
    """Ends one member's share from a day on."""
    row = _seen(request, pk)
    _require(may_share(audience_of(request.user), row))
    one = get_object_or_404(row.shares.all(), pk=share_pk)
    form = EndForm(request.POST, auto_id=f"id_{share_pk}_%s")
    if form.is_valid() and form.end(one, seen=request.POST.get("seen", "")):
        on = form.cleaned_data["on"].isoformat()
        return _done(request, row, "end-share", share=share_pk, on=on, until=_iso(one.period.upper))
    return _page(request, row, share_end=(share_pk, form))


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undoes the step under `key`: the same people who may do it may take it back."""
    row = _seen(request, pk)
    audience, key = audience_of(request.user), request.POST.get("key", "")
    step = undo.step_of(request, key, row)
    _require(may_assign(audience) if step and step["did"] in {"add", "end"} else may_share(audience, row))
    try:
        did = undo.undo(request, key, row)
    except DomainError as error:
        return _page(request, row, trouble=str(error))
    messages.success(request, _("已撤销,恢复原状。"))
    return redirect(row.road if did == "add" else row)


def _done(request: HttpRequest, row: Assignment, did: str, **facts: Any) -> HttpResponse:
    key = undo.remember(request, row, did, **facts)
    return redirect(f"{reverse('section', args=[row.pk])}?{urlencode({'done': key})}")


def _undoable(request: HttpRequest, row: Assignment) -> dict[str, str] | None:
    """What was just done here, in words, and the key that takes it back."""
    key = request.GET.get("done", "")
    step = undo.step_of(request, key, row) if key else None
    return {"key": key, "words": str(UNDO_WORDS[step["did"]])} if step else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
