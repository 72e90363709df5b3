"""The page of a road with its strip map, and the report of metres nobody answers for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.changes import history_of
from gridmgr.core.errors import NotThere
from gridmgr.core.quantities import length
from gridmgr.desk.outlook import degrees, street_map
from gridmgr.desk.standing import WHOLE, BayRow, Standing, standing_on
from gridmgr.desk.strip import Strip, draw_strip, span_of, unassigned
from gridmgr.desk.turns import Clock, clock_of
from gridmgr.feeds.query import day_of, told_of_its_day
from grids.domain.gaps import Unassigned, unassigned_stretches
from grids.domain.naming import Ends, name_stretches
from grids.enums import Side
from grids.layers import ROADS
from grids.models import MemberAssignment, Road
from grids.rights import may_assign

PAGE = 60


@require_GET
@told_of_its_day
def road(request: HttpRequest, pk: int) -> HttpResponse:
    """`/roads/<pk>/`; a member sees the roads of their own stretches, and on them only what is theirs."""
    audience, clock = audience_of(request.user), clock_of(request)
    row = get_object_or_404(ROADS.rows(audience, clock.on), pk=pk)
    sections, others = _sections(row, audience, clock)
    gaps = [span_of(gap.stretch) for gap in row.gaps.order_by("stretch")]
    crossings = list(
        row.crossings.select_related("other").defer("other__reference_line", "other__ways_left_out")
    )
    standing = standing_on([(row.pk, WHOLE)], audience=audience, clock=clock)
    names = name_stretches([(row.pk, *span_of(section.stretch)) for section in [*sections, *others]])
    context: dict[str, Any] = {
        "road": row,
        "clock": clock,
        "sees_all": audience.sees_all,
        "gaps": gaps,
        "gaps_m": sum(end - start for start, end in gaps),
        "left_out": [_left_out(each) for each in row.ways_left_out],
        "strip": draw_strip(
            row,
            crossings=crossings,
            gaps=gaps,
            sections=sections,
            standing=standing,
            know_all=audience.sees_all,
        ),
        "unassigned": unassigned(row, gaps, sections) if audience.sees_all else [],
        "sections": list(zip(sections, names, strict=False)),
        "others": list(zip(others, names[len(sections) :], strict=True)),
        "uses": _uses(standing),
        "bay_sides": [(side.label, _on_side(standing.bays, side)) for side in Side],
        "bays_apart": standing.bays_apart,
        "crossings": crossings,
        "map": street_map(request, [row.reference_line], focus=(ROADS.name, row.pk)),
        "may_add": may_assign(audience),
        "history": _history(row, audience),
    }
    return render(request, "desk/road.html", context)


def strip_of(row: Road, audience: Audience, clock: Clock) -> Strip:
    """The strip of a road alone. Ten queries."""
    sections, _others = _sections(row, audience, clock)
    crossings = row.crossings.select_related("other").defer("other__reference_line", "other__ways_left_out")
    return draw_strip(
        row,
        crossings=list(crossings),
        gaps=[span_of(gap.stretch) for gap in row.gaps.order_by("stretch")],
        sections=sections,
        standing=standing_on([(row.pk, WHOLE)], audience=audience, clock=clock),
        know_all=audience.sees_all,
    )


def _sections(row: Road, audience: Audience, clock: Clock) -> tuple[list[Any], list[Any]]:
    """Sections in force, with `shares_now`, and those of other days, newest first. Two queries."""
    shares = MemberAssignment.objects.on_day(clock.on).select_related("member").order_by("stretch")
    if not audience.sees_all:
        shares = shares.filter(member=audience.member_id)
    rows = row.assignments.all() if audience.sees_all else row.assignments.visible_to(audience, on=clock.on)
    rows = (
        rows.select_related("branch", "road")
        .defer("branch__area", "road__reference_line", "road__ways_left_out")
        .prefetch_related(Prefetch("shares", shares, to_attr="shares_now"))
    )
    by_metre = sorted(rows, key=lambda section: section.stretch.lower)
    others = [section for section in by_metre if clock.on not in section.period]
    others.sort(key=lambda section: section.period.lower, reverse=True)
    return [section for section in by_metre if clock.on in section.period], others


def _history(row: Road, audience: Audience) -> list[Any]:
    return history_of(row) if audience.sees_all else []


def _left_out(way: dict[str, Any]) -> tuple[str, str]:
    """Which way the import left out, and why."""
    return way["source_id"], _("有 %(metres)s 距参考线超过 40 米") % {"metres": length(way["far_m"])}


@dataclass(frozen=True)
class Use:
    """One thing at a kerb, for the table beside the strip map."""

    kind: str
    thing: Any
    side: str
    from_m: float
    to_m: float


def _uses(standing: Standing) -> list[Use]:
    """Sites, lanes and drop-off points as one meets them walking from metre 0."""
    things = [
        *(("site", site) for site in standing.sites),
        *(("lane", lane) for lane in standing.lanes),
        *(("point", point) for point in standing.points),
    ]
    uses = [Use(kind, thing, thing.get_side_display(), *span_of(thing.stretch)) for kind, thing in things]
    return sorted(uses, key=lambda use: (use.from_m, use.side))


def _on_side(bays: Sequence[BayRow], side: str) -> int:
    return sum(1 for bay in bays if bay[4] == side)


# ── Metres nobody answers for ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Hole:
    """One line of the report: the stretch with the names of its ends, and where on the map it lies."""

    gap: Unassigned
    ends: Ends
    loc: str


@require_GET
@told_of_its_day
def gaps(request: HttpRequest) -> HttpResponse:
    """`/roads/gaps/?date=`: holes in roads that are shared out, then whole roads that are not."""
    audience, on = audience_of(request.user), day_of(request)
    if not audience.sees_all:
        raise NotThere(_("这里没有您可以查看的内容。"))
    report = unassigned_stretches(on=on)
    untouched = [gap for gap in report.stretches if gap.untouched]
    page = Paginator([*report.holes, *untouched], PAGE).get_page(request.GET.get("page"))
    lines = _holes(list(page.object_list))
    context = {
        "report": report,
        "untouched_m": sum(gap.metres for gap in untouched),
        "on": on,
        "page": page,
        "holes": [line for line in lines if not line.gap.untouched],
        "whole": [line for line in lines if line.gap.untouched],
        "may_add": may_assign(audience),
    }
    return render(request, "desk/gaps.html", context)


def _holes(gaps: Sequence[Unassigned]) -> list[Hole]:
    names = name_stretches([(gap.road.pk, gap.from_m, gap.to_m) for gap in gaps])
    return [Hole(gap, ends, _loc(gap)) for gap, ends in zip(gaps, names, strict=True)]


def _loc(gap: Unassigned) -> str:
    """`lat,lon,zoom` of the middle of the stretch, for the city map."""
    middle = gap.road.reference_line.interpolate((gap.from_m + gap.to_m) / 2)
    lon, lat = degrees(middle.x, middle.y)
    zoom = 17 if gap.metres < 400 else 15 if gap.metres < 2500 else 13.5
    return f"{lat:.5f},{lon:.5f},{zoom}"
