"""The planner's page and what it asks while somebody drags: verdicts, the nearest good place, kerbs by colour, saving."""

from datetime import timedelta
from typing import Any

from django.contrib.gis.db.models import Extent
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import Bounds, in_degrees
from gridmgr.core.json_body import json_of
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.maps import Extra, page_map
from grids import layers as of_grids
from grids.layers import ROADS
from grids.models import Branch, Kerb, Road
from parking.domain.row import KerbLine
from parking.layers import BAYS, DROP_OFF_POINTS, PANDA_LANES, SCHOOLS
from vendors.domain import draft as drafting
from vendors.domain import plan
from vendors.domain.kerbside import Move, nearest_legal
from vendors.domain.place import MOST_M2, Place, as_shapely, checked, read_area
from vendors.domain.siting import applies, ruled, rules_of, verdicts
from vendors.enums import SiteKind, SiteState, Target
from vendors.layers import PITCHES, SITES
from vendors.models import Site
from vendors.rights import may_plan
from vendors.views import drafts
from vendors.views.common import BACKDROP, require

EDIT_M = 40.0  # metres shown around a site that is changed
CLOSE_ZOOM = 16  # from here on the map shows what the rules measure to
# What rules measure to and the map can show beside bays, lanes and sites, in drawing order.
TARGETS: dict[str, Layer] = {
    Target.FOOTWAY: of_grids.FOOTWAYS,
    Target.NO_VENDING: of_grids.NO_VENDING_AREAS,
    Target.JUNCTION: of_grids.JUNCTIONS,
    Target.CROSSING: of_grids.CROSSINGS,
    Target.FIRE_LANE: of_grids.FIRE_LANES,
    Target.FIRE_STATION: of_grids.FIRE_STATIONS,
    Target.FUEL_STATION: of_grids.FUEL_STATIONS,
    Target.HYDRANT: of_grids.HYDRANTS,
    Target.BUS_STOP: of_grids.BUS_STOPS,
}


def planner(request: HttpRequest) -> None:
    """Raises PermissionDenied for everyone but planners and administrators."""
    require(may_plan(audience_of(request.user)))


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """`/plan/`: a new site; `?site=CODE` changes one, `?from=CODE` starts from one, `?lon=&lat=` from a place."""
    planner(request)
    site = _asked(request, "site")
    source = site or _asked(request, "from")
    measured = {str(kind): _measured_for(kind) for kind in SiteKind.values}
    start = _start(request, site, source) | {"measured": measured}
    bounds = _around(source) if source else _box(request)
    context = {
        "start": start,
        "site": site,
        "kinds": SiteKind.choices,
        "map": page_map(
            request,
            layers=[ROADS, SCHOOLS, BAYS, PANDA_LANES, DROP_OFF_POINTS, SITES, PITCHES],
            backdrop=BACKDROP,
            extra=Extra(
                _("规则所量的设施"),
                list(TARGETS.values()),
                shown=measured[source.kind if source else SiteKind.STALL],
                from_zoom=CLOSE_ZOOM,
            ),
            bounds=bounds,
            full=True,
        ),
    }
    return render(request, "vendors/plan.html", context | _rules_note())


def _rules_note() -> dict[str, Any]:
    """What the page says once of the rules: for which kinds there are none, and how many nobody has confirmed."""
    rules = rules_of(timezone.localdate())
    return {
        "unruled": [kind.label for kind in SiteKind if not ruled(kind, rules)],
        "unconfirmed": sum(rule.awaits_confirmation for rule in rules),
    }


def _measured_for(kind: str) -> list[str]:
    """Names of the layers that today's rules for such a site measure to."""
    targets = {rule.target for rule in rules_of(timezone.localdate()) if applies(rule, kind)}
    return [layer.name for target, layer in TARGETS.items() if target in targets]


def _asked(request: HttpRequest, name: str) -> Site | None:
    code = request.GET.get(name, "")
    if not code:
        return None
    site: Site = get_object_or_404(Site.objects.select_related("road").prefetch_related("pitches"), code=code)
    return site


def _start(request: HttpRequest, site: Site | None, source: Site | None) -> dict[str, Any]:
    """What the page begins with: addresses, words, the draft."""
    return {
        "urls": {
            name: reverse(route)
            for name, route in (
                ("verdict", "plan-verdict"),
                ("nearest", "plan-nearest"),
                ("kerbs", "plan-kerbs"),
                ("save", "plan-save"),
                ("suggest", "suggest"),
            )
        },
        "suggested": ROADS.name,
        "defaults": drafts.DEFAULTS,
        "site": site.code if site else None,
        "version": site.version if site else None,
        "draft": _draft(source) if source else None,
        "at": _place_asked(request),
        "pitches": request.GET.get("pitches") if request.GET.get("pitches", "").isdecimal() else None,
        "words": words(),
    }


def _draft(site: Site) -> dict[str, Any]:
    """A stored site as the page's form has it, with the ground that it takes now."""
    draft = drafting.draft_of(site)
    position, season = draft.position, draft.season
    return {
        **vars(draft.layout),
        "kind": draft.kind,
        "name": draft.name,
        "pitches": draft.pitches,
        "offset": draft.offset,
        "opens": f"{draft.opens:%H:%M}",
        "closes": f"{draft.closes:%H:%M}",
        "season_from": season.lower.isoformat() if season else "",
        "season_to": (season.upper - timedelta(days=1)).isoformat() if season else "",
        "at": {"road": position.road_id, "side": position.side, "metre": position.metre},
        "was": drafts.in_degrees([as_shapely(site.area)])[0],
    }


def _place_asked(request: HttpRequest) -> dict[str, float] | None:
    try:
        return {name: drafts.number(request.GET, name) for name in ("lon", "lat")}
    except Invalid:
        return None


def _around(site: Site) -> Bounds:
    west, south, east, north = site.area.extent
    return in_degrees((west - EDIT_M, south - EDIT_M, east + EDIT_M, north + EDIT_M))


def _box(request: HttpRequest) -> Bounds | None:
    """Around the place asked for, else around the grids, else around the roads."""
    if at := _place_asked(request):
        return (at["lon"] - 0.002, at["lat"] - 0.0015, at["lon"] + 0.002, at["lat"] + 0.0015)
    for rows, field in ((Branch.objects.all(), "area"), (Road.objects.all(), "reference_line")):
        if extent := rows.aggregate(box=Extent(field))["box"]:
            return in_degrees(extent)
    return None


def words() -> dict[str, str]:
    """What plan.js says, in the reader's language."""
    return {
        "place_first": _("点图放置,或填写道路和里程。"),
        "asking": _("正在核对…"),
        "offline": _("没有取到结果,请检查网络后再试。"),
        "good": _("符合"),
        "warn": _("不合建议"),
        "bad": _("违反"),
        "due": _("开放前完成"),
        "unknown": _("没有数据"),
        "all_good": _("可以设置:没有违反规则"),
        "unruled": _("未设置规则,无法判断"),
        "to_measure": _("旁边车行道的宽度待实测"),
        "some_warn": _("可以设置,但有 %(n)s 项不合建议"),
        "some_bad": _("违反 %(n)s 项禁止性规则"),
        "found": _("实际"),
        "required": _("要求"),
        "link": _("打开"),
        "nearest_none": _("沿这条路缘和周围 300 m 内都没有合规的位置。请换一条路,或减少摊位数。"),
        "nearest_same": _("沿本路缘移动 %(m)s"),
        "nearest_any": _("移到%(road)s(相距 %(m)s)"),
        "moved": _("已移动 %(m)s 到%(road)s%(side)s %(metre)s"),
        "undone": _("已撤销"),
        "saved": _("已保存"),
        "saving": _("正在保存…"),
        "kerbs": _("可设 %(free)s,有建议 %(warned)s,不可设 %(barred)s"),
        "kerbs_share": _("正在核对路缘… %(share)s"),
        "lost": _("各规则占去的路缘"),
        "in_view": _("画面内"),
        "in_city": _("全市"),
        "sum_city": _("统计全市"),
        "field": _("项目"),
        "mine": _("我的"),
        "theirs": _("现在保存的"),
        "save_mine": _("仍按我的保存"),
        "take_theirs": _("放弃我的,看现在的"),
        "pitch": pgettext("plural", "摊位"),
        "drag": _("拖动移位;方向键每次 1 m,Shift 加方向键 10 m"),
        "others": _("也可能是:"),
        "left": _("左侧"),
        "right": _("右侧"),
    }


# ── While somebody drags ──────────────────────────────────────────────────────────────────────────────────


@require_POST
def verdict(request: HttpRequest) -> JsonResponse:
    """`/plan/verdict`: a draft, snapped to its kerb, and what every rule of today says of it.

    With `area` (GeoJSON, WGS 84) instead of `at` that polygon is judged as it is.
    """
    planner(request)
    data, on = json_of(request), timezone.localdate()
    if "area" in data:
        place = checked(_free_place(data), on=on)
        found = verdicts(place, on=on)
        return JsonResponse({"state": drafts.worst_of(found), "verdicts": drafts.verdicts_as_json(found)})
    drawn = drafting.draw(drafts.draft_of(data, site=site_of(data)), stay=True)
    # A stall site beside a kerb is in the city and has no season: nothing is left that `checked` could refuse.
    place = drawn.place if drawn.place.kind == SiteKind.STALL else checked(drawn.place, on=on)
    found = verdicts(place, on=on)
    return JsonResponse(
        {
            **drafts.drawn_as_json(drawn),
            "state": drafts.worst_of(found),
            "verdicts": drafts.verdicts_as_json(found),
        }
    )


def _free_place(data: dict[str, Any]) -> Place:
    kind = data.get("kind", "stall")
    if kind not in SiteKind.values:
        raise Invalid(_("不认识类别 %s。") % str(kind)[:40])
    usual = drafts.DEFAULTS[kind]
    area = data["area"]
    if not isinstance(area, dict):
        raise Invalid(_("范围须是 GeoJSON 多边形,最大 %.0f m²。") % MOST_M2)
    return Place(
        kind=kind,
        area=read_area(area),
        opens=drafts.clock(data.get("opens", usual["opens"])),
        closes=drafts.clock(data.get("closes", usual["closes"])),
        season=drafts.season_of(data) if kind == SiteKind.MARKET else None,
        capacity=drafts.whole(data, "pitches", 1),
    )


def site_of(data: dict[str, Any]) -> Site | None:
    code = data.get("site")
    if not code:
        return None
    site: Site = get_object_or_404(Site, code=str(code))
    return site


@require_POST
def nearest(request: HttpRequest) -> JsonResponse:
    """`/plan/nearest`: where the same draft breaks no hard rule: along its kerb, and on any kerb around."""
    planner(request)
    data, on = json_of(request), timezone.localdate()
    drawn = drafting.draw(drafts.draft_of(data, site=site_of(data)), stay=True)
    found = nearest_legal(checked(drawn.place, on=on), on=on, draft=drawn.draft)
    return JsonResponse({"same_kerb": _move(found.same_kerb), "any_kerb": _move(found.any_kerb)})


def _move(move: Move | None) -> dict[str, Any] | None:
    if move is None:
        return None
    kerb = Kerb.objects.select_related("road").defer("road__reference_line").get(pk=move.footprint.kerb_id)
    return {
        "at": {
            "road": kerb.road_id,
            "name": kerb.road.name,
            "side": kerb.side,
            "side_name": kerb.get_side_display(),
            "metre": round(KerbLine.of(kerb).measure(move.footprint.at), drafting.METRE_DIGITS),
        },
        "moved_m": round(move.moved_m, 3),
    }


# ── Saving ────────────────────────────────────────────────────────────────────────────────────────────────


@require_POST
def save(request: HttpRequest) -> JsonResponse:
    """`/plan/save`: proposes the draft, or with `site` and `version` changes that site.

    201 or 200 with the site's address; 409 with both versions side by side when somebody was quicker.
    """
    planner(request)
    data = json_of(request)
    site = site_of(data)
    user: Any = request.user
    draft = drafts.draft_of(data, site=site)
    if site is None:
        made = plan.propose_site(draft=draft, by=user)
        return JsonResponse(_saved(made), status=201)
    try:
        with transaction.atomic():
            changed = plan.edit_site(
                site=site, expected_version=drafts.whole(data, "version"), draft=draft, by=user
            )
    except plan.SiteChanged as error:
        return JsonResponse(
            {
                "error": str(error),
                "fields": error.fields,
                "version": error.site.version,
                "state": error.site.state,
            },
            status=error.status,
        )
    return JsonResponse(_saved(changed))


def _saved(site: Site) -> dict[str, Any]:
    return {
        "url": site.get_absolute_url(),
        "code": site.code,
        "name": site.name,
        "version": site.version,
        "state": SiteState(site.state).label,
    }
