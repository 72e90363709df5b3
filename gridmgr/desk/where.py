"""Where am I: the road, metre and side of a place, and who answers there."""

import math
from decimal import Decimal
from typing import Any

from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from psycopg2.extras import NumericRange

from gridmgr import quantities
from gridmgr.accounts.audience import Audience, audience_of
from gridmgr.desk.outlook import in_metres
from gridmgr.desk.standing import Clock, clock_of
from gridmgr.errors import Invalid
from gridmgr.geo.crs import metric_srid, zone_window
from grids.enums import Side
from grids.models import Assignment, MemberAssignment, Road

ON_ROAD_M = (
    80.0  # a dual carriageway's kerb lies up to some 50 m from the reference line, and GPS errs in streets
)
IN_CITY_M = 5_000.0
NEAREST = 4


@require_GET
def where(request: HttpRequest) -> JsonResponse:
    """`/my/where?lon=&lat=` in degrees of WGS 84: the nearest road within 80 m and who answers for that metre of it."""
    try:
        lon, lat = _degrees(request, "lon", 180), _degrees(request, "lat", 90)
        clock = clock_of(request)
    except Invalid as error:
        return _say({"error": str(error)}, status=error.status)
    if not zone_window(metric_srid()).holds(lon, lat):
        return _say({"state": "outside", "text": _outside()})
    return _say(_place(in_metres(lon, lat), audience_of(request.user), clock))


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


def _place(place: Point, audience: Audience, clock: Clock) -> dict[str, Any]:
    nearest = (
        Road.objects.visible_to(audience, on=clock.on)
        .annotate(apart=GeometryDistance("reference_line", place))
        .order_by("apart")
        .defer("ways_left_out")[:NEAREST]
    )
    # From the kerb of a wide avenue, the axis of a lane beside it may be nearer than the avenue's own.
    road: Any = min(nearest, key=lambda each: each.apart - each.width_m / 2, default=None)
    if road is None or road.apart > IN_CITY_M:
        return {"state": "outside", "text": _outside() if audience.sees_all else _not_yours()}
    if road.apart > ON_ROAD_M:
        return {"state": "off_road", "text": _off_road(road)}
    return _on_road(road, place, audience, clock)


def _on_road(road: Any, place: Point, audience: Audience, clock: Clock) -> dict[str, Any]:
    at_m = road.reference_line.project(place)
    side = side_of(road.reference_line, at_m, place)
    section = _section(road, at_m, audience, clock)
    shares = _shares(section, at_m, audience, clock) if section else []
    text = _("%(road)s %(metres)s %(side)s") % {
        "road": road.name,
        "metres": quantities.metres(at_m),
        "side": side.label if side else _("路中"),
    }
    return {
        "state": "on_road",
        "text": text,
        "road": {"name": road.name, "url": road.get_absolute_url()},
        "metre": round(at_m, 1),
        "side": side.value if side else None,
        "distance_m": round(road.apart, 1),
        "section": _section_words(section) if section else None,
        "members": [_member_words(share, audience) for share in shares],
        "answer": _answer(section, shares, audience),
    }


def side_of(line: Any, at_m: float, place: Point) -> Side | None:
    """On which side of `line`, seen from its start, `place` lies abreast of metre `at_m`; None within half a metre."""
    behind = line.interpolate(max(at_m - 1.0, 0.0))
    ahead = line.interpolate(min(at_m + 1.0, line.length))
    dx, dy = ahead.x - behind.x, ahead.y - behind.y
    off = (dx * (place.y - behind.y) - dy * (place.x - behind.x)) / (math.hypot(dx, dy) or 1.0)
    if abs(off) < 0.5:
        return None
    return Side.LEFT if off > 0 else Side.RIGHT


def _section(road: Road, at_m: float, audience: Audience, clock: Clock) -> Assignment | None:
    sections = Assignment.objects.on_day(clock.on).visible_to(audience, on=clock.on)
    section: Assignment | None = (
        sections.filter(road=road, stretch__overlap=_point(_within(road, at_m)))
        .select_related("branch")
        .first()
    )
    return section


def _shares(section: Assignment, at_m: float, audience: Audience, clock: Clock) -> list[MemberAssignment]:
    shares = section.shares.on_day(clock.on).filter(
        stretch__overlap=_point(min(at_m, float(section.stretch.upper) - 0.01))
    )
    if not audience.sees_all:
        shares = shares.filter(member=audience.member_id)
    return list(shares.select_related("member"))


def _point(at_m: float) -> NumericRange:
    """The metre as a range of no length, closed at both ends: what a stretch must hold."""
    metre = Decimal(str(round(at_m, 2)))
    return NumericRange(metre, metre, "[]")


def _within(road: Road, at_m: float) -> float:
    """The metre itself, a hair before the end for the end: stretches don't hold their upper bound."""
    return max(0.0, min(at_m, road.length_m - 0.02))


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


def _off_road(road: Any) -> str:
    return _("附近 %(reach)s 内没有道路;最近的是%(road)s,相距 %(apart)s") % {
        "reach": quantities.metres(ON_ROAD_M),
        "road": road.name,
        "apart": quantities.length(road.apart),
    }


def _outside() -> str:
    return _("您不在本市道路范围内")


def _not_yours() -> str:
    return _("不在您的责任段附近")
