"""Where am I: the road, metre and side of a place, and who answers there."""

import math
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from psycopg2.extras import NumericRange

from gridmgr.core import quantities
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import metric_srid, zone_window
from gridmgr.desk.around import COARSE_M, stretches_around
from gridmgr.desk.outlook import in_metres
from gridmgr.desk.turns import Clock, clock_of
from gridmgr.feeds.query import told_of_its_day
from grids.domain.answering import REACH_M, RoadHere, possible, ranked, roads_at
from grids.domain.wayfinding import Spot, say_where
from grids.models import Assignment, MemberAssignment, Road

ON_ROAD_M = REACH_M  # GPS errs in streets
IN_CITY_M = 5_000.0
OFF_ROAD_M = 15.0  # so far beyond the kerb one stands in no street, whatever GPS says
MOST = 4  # more roads than this don't meet in one place


@require_GET
@told_of_its_day
def where(request: HttpRequest) -> JsonResponse:
    """`/my/where?lon=&lat=` in degrees of WGS 84: the road and who answers for that metre of it.

    Where several roads may be meant (at a crossing, on stacked roads) the others are `others`, likeliest first. With an
    `accuracy` worse than 100 m nobody is named: the stretches within it are listed.
    """
    try:
        lon, lat = _degrees(request, "lon", 180), _degrees(request, "lat", 90)
        accuracy = _accuracy(request)
        clock = clock_of(request)
    except Invalid as error:
        return _say({"error": str(error)}, status=error.status)
    if not zone_window(metric_srid()).holds(lon, lat):
        return _say({"state": "outside", "text": _outside()})
    place, audience = in_metres(lon, lat), audience_of(request.user)
    if accuracy > COARSE_M:
        return _say(stretches_around(place, accuracy, audience, clock))
    return _say(_place(place, audience, clock))


def _say(answer: dict[str, Any], *, status: int = 200) -> JsonResponse:
    response = JsonResponse(answer, status=status, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response


def _degrees(request: HttpRequest, name: str, most: float) -> float:
    try:
        value = float(request.GET.get(name, ""))
    except ValueError:
        value = math.nan
    if not abs(value) <= most:
        raise Invalid(
            _("%(name)s 须为 -%(most)s 至 %(most)s 之间的数(经纬度)。")
            % {
                "name": _("经度") if name == "lon" else _("纬度"),
                "most": most,
            }
        )
    return value


def _accuracy(request: HttpRequest) -> float:
    """The radius in metres that the phone gives its position; 0 for a pin."""
    text = request.GET.get("accuracy") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 8:
        raise Invalid(_("accuracy 须为以米为单位的整数。"))
    return float(text)


def _place(place: Point, audience: Audience, clock: Clock) -> dict[str, Any]:
    found = _visible(roads_at(place, on=clock.on, reach_m=ON_ROAD_M), audience, clock)
    if found:
        meant = possible(found)[:MOST]
        first, *others = _answers(meant, audience, clock)
        return {"state": "on_road", **first, "others": others}
    road = _nearest(place, audience, clock)
    if road is None or road.apart > IN_CITY_M:
        return {"state": "outside", "text": _outside() if audience.sees_all else _not_yours()}
    return {"state": "off_road", "text": _off_road(road, audience)}


def _visible(found: list[RoadHere], audience: Audience, clock: Clock) -> list[RoadHere]:
    """What the reader may see of the roads around: a member hears of their own alone."""
    if audience.sees_all or not found:
        return found
    own = set(Road.objects.visible_to(audience, on=clock.on).values_list("pk", flat=True))
    return ranked([each for each in found if each.road_id in own])


def _nearest(place: Point, audience: Audience, clock: Clock) -> Any:
    roads = Road.objects.visible_to(audience, on=clock.on).annotate(
        apart=GeometryDistance("reference_line", place)
    )
    return roads.order_by("apart").only("name").first()


def _answers(meant: list[RoadHere], audience: Audience, clock: Clock) -> list[dict[str, Any]]:
    """Each road that may be meant, with who answers there. Three queries, whatever their number."""
    sections = _sections(meant, audience, clock)
    shares = _shares(meant, sections, audience, clock)
    return [
        _answer_of(here, words, sections.get(here.section_id or 0), shares[here.road_id], audience)
        for here, words in zip(meant, _words(meant, audience), strict=True)
    ]


def _words(meant: list[RoadHere], audience: Audience) -> list[str]:
    """Where each is, in the reader's words; how far off, where the place does not lie on the road."""
    if audience.reads_metres:
        found = [_metres_words(here) for here in meant]
    else:
        found = say_where([Spot(here.road_id, here.metre, here.side) for here in meant])
    return [
        said
        if here.away_m <= OFF_ROAD_M
        else _("%(where)s(离路边约 %(away)s)")
        % {"where": said, "away": quantities.metres(round(here.away_m, -1))}
        for here, said in zip(meant, found, strict=True)
    ]


def _metres_words(here: RoadHere) -> str:
    return _("%(road)s %(metres)s %(side)s") % {
        "road": here.road,
        "metres": quantities.metres(here.metre),
        "side": here.side.label if here.side else _("路中"),
    }


def _answer_of(
    here: RoadHere,
    words: str,
    section: Assignment | None,
    shares: list[MemberAssignment],
    audience: Audience,
) -> dict[str, Any]:
    return {
        "text": words,
        "road": {"name": here.road, "url": reverse("road", args=[here.road_id])},
        "metre": round(here.metre, 1),
        "side": here.side.value if here.side else None,
        "distance_m": round(here.axis_m, 1),
        "section": _section_words(section) if section else None,
        "members": [_member_words(share, audience) for share in shares],
        "answer": _answer(section, shares, audience),
    }


def _sections(meant: list[RoadHere], audience: Audience, clock: Clock) -> dict[int, Assignment]:
    ids = [each.section_id for each in meant if each.section_id is not None]
    sections = Assignment.objects.on_day(clock.on).visible_to(audience, on=clock.on)
    return sections.select_related("branch").defer("branch__area").in_bulk(ids)


def _shares(
    meant: list[RoadHere], sections: dict[int, Assignment], audience: Audience, clock: Clock
) -> dict[int, list[MemberAssignment]]:
    """Who answers for the metre of each road, by road."""
    found: dict[int, list[MemberAssignment]] = {each.road_id: [] for each in meant}
    there = [
        Q(assignment=section, stretch__overlap=_point(min(each.metre, float(section.stretch.upper) - 0.01)))
        for each in meant
        if (section := sections.get(each.section_id or 0))
    ]
    if not there:
        return found
    shares = MemberAssignment.objects.on_day(clock.on).filter(reduce(or_, there))
    if not audience.sees_all:
        shares = shares.filter(member=audience.member_id)
    for share in shares.select_related("member", "assignment").order_by("stretch"):
        found[share.assignment.road_id].append(share)
    return found


def _point(at_m: float) -> NumericRange:
    """The metre as a range of no length, closed at both ends: what a stretch must hold."""
    metre = Decimal(str(round(at_m, 2)))
    return NumericRange(metre, metre, "[]")


def _section_words(section: Assignment) -> dict[str, Any]:
    branch = section.branch
    return {
        "url": section.get_absolute_url(),
        "code": branch.code,
        "branch": branch.name,
        "branch_url": branch.get_absolute_url(),
        "colour": branch.colour,
    }


def _member_words(share: MemberAssignment, audience: Audience) -> dict[str, str]:
    phone = share.member.phone if audience.may_see_phones_of(share.member.branch_id) else ""
    return {"name": share.member.name, "phone": phone}


def _answer(section: Assignment | None, shares: list[MemberAssignment], audience: Audience) -> str:
    """What to say when nobody who answers can be named."""
    if shares:
        return ""
    if not audience.sees_all:
        return _("不在您的责任段内")
    return _("这一段尚未分给党员") if section else _("这一段没有支部负责")


def _off_road(road: Any, audience: Audience) -> str:
    words = (
        _("附近 %(reach)s 内没有道路;最近的是%(road)s,相距 %(apart)s")
        if audience.sees_all
        else _("附近 %(reach)s 内没有您的责任段;最近的在%(road)s,相距 %(apart)s")
    )
    return words % {
        "reach": quantities.metres(ON_ROAD_M),
        "road": road.name,
        "apart": quantities.length(road.apart),
    }


def _outside() -> str:
    return _("您不在本市道路范围内")


def _not_yours() -> str:
    return _("不在您的责任段附近")
