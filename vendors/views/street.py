"""The officer's guide on the street: the nearest open sites from here, and one tap that holds a pitch."""

from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.errors import DomainError, Invalid
from grids.domain.streets_on_foot import walking_network
from grids.domain.walking import WalkingNetwork
from grids.models import Member
from vendors.domain import guide as guiding
from vendors.domain import nearby
from vendors.domain.asking import secretary_to_call
from vendors.domain.later import Opening, next_opening, second_choices
from vendors.domain.nearby import Suggestion
from vendors.forms.guide import GuideForm, PlaceForm
from vendors.models import Guidance, Site
from vendors.rights import may_guide
from vendors.views.common import degrees, line_in_degrees, map_around, refusal, require, wants_json
from vendors.views.slip import addresses

GOODS = (
    "早点",
    "烤冷面",
    "煎饼",
    "糖葫芦",
    "烤红薯",
    "蔬菜",
    "鲜花",
    "小百货",
    "西瓜",
    "苹果",
    "柑橘",
    "葡萄",
    "红枣",
)


# ── Where to ──────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@never_cache
def guide(request: HttpRequest) -> HttpResponse:
    """`/guide/?lon=&lat=&fruit=`: the page; with a place, the nearest open sites from there are on it already."""
    require(may_guide(audience_of(request.user)))
    return _page(request)


def _page(
    request: HttpRequest,
    *,
    form: GuideForm | None = None,
    trouble: str = "",
    call: Member | None = None,
    status: int = 200,
) -> HttpResponse:
    if plain := refusal(request, status=status, text=trouble):
        return plain
    given = request.GET if request.method == "GET" else request.POST
    place = PlaceForm(given)
    known = bool(given.get("lon")) and place.is_valid()
    start = {name: given.get(name, "") for name in ("lon", "lat")} | {"fruit": given.get("fruit") or "0"}
    context: dict[str, Any] = {
        "form": form or GuideForm(initial=start),
        "map": map_around(request, []),
        "trouble": trouble,
        "call": call,
        "goods": GOODS,
        "limit": nearby.LIMIT_M,
    }
    if known:
        try:
            context |= _near(request, place.cleaned_data)
        except DomainError as error:
            context["trouble"] = trouble or str(error)
    return render(request, "vendors/guide.html", context, status=status)


@require_GET
@never_cache
def near(request: HttpRequest) -> HttpResponse:
    """`/guide/near?lon=&lat=&fruit=`: the answer alone, as a piece of the page."""
    require(may_guide(audience_of(request.user)))
    form = PlaceForm(request.GET)
    if not form.is_valid():
        raise Invalid(_("位置须为经度和纬度(lon、lat),以度为单位。"))
    return render(request, "vendors/_near.html", _near(request, form.cleaned_data))


def _near(request: HttpRequest, asked: dict[str, Any]) -> dict[str, Any]:
    """The sites found, each with its address in words, and what the map draws: the place, the sites, the first route."""
    place = nearby.place_at(asked["lon"], asked["lat"])
    network = walking_network()
    found = nearby.nearest_open(place, at=timezone.now(), fruit=bool(asked["fruit"]), network=network)
    sites = [each.site for each in found]
    drawn = {
        "start": [asked["lon"], asked["lat"]],
        "sites": [_spot(each.site, each.metres, each.free) for each in found],
        "route": _route(place, sites[0], network, found[0].metres) if found else None,
    }
    lines = list(zip(found, addresses(sites), strict=True))
    audience = audience_of(request.user)
    context = {
        "found": lines,
        "drawn": drawn,
        "sees_all": audience.sees_all,
        # Who is of a branch records for it; the others say for which, where several may answer.
        "branches": guiding.branches_meant(place) if audience.branch_id is None else [],
        "chosen": request.POST.get("branch", ""),
    }
    return context if found else context | _instead(place, bool(asked["fruit"]), network, drawn)


def _instead(place: Any, fruit: bool, network: WalkingNetwork, drawn: dict[str, Any]) -> dict[str, Any]:
    """Second choices, each with its address in words; those that can be held stand on the map."""
    choices = second_choices(place, at=timezone.now(), fruit=fruit, network=network)
    can_be_held: list[Opening | Suggestion] = [*choices.openings, *choices.farther]
    sites = [each.site for each in can_be_held] + [site for site, _day in choices.seasons]
    said_where = dict(zip([site.pk for site in sites], addresses(sites), strict=True))
    drawn |= {"sites": [_spot(each.site, each.metres, each.free) for each in can_be_held]}
    return {
        "openings": [(each, said_where[each.site.pk]) for each in choices.openings],
        "farther": [(each, said_where[each.site.pk]) for each in choices.farther],
        "seasons": [(site, day, said_where[site.pk]) for site, day in choices.seasons],
    }


def _spot(site: Site, metres: float, free: int) -> dict[str, Any]:
    lon, lat = degrees(*nearby.middle_of(site).coords)
    return {"code": site.code, "name": site.name, "lon": lon, "lat": lat, "metres": metres, "free": free}


@require_GET
@never_cache
def route(request: HttpRequest) -> JsonResponse:
    """`/guide/route?lon=&lat=&site=`: the way on foot to one site, as GeoJSON."""
    require(may_guide(audience_of(request.user)))
    form = PlaceForm(request.GET)
    if not form.is_valid():
        raise Invalid(_("位置须为经度和纬度(lon、lat),以度为单位。"))
    site = get_object_or_404(Site.objects.standing(), code=request.GET.get("site", ""))
    place = nearby.place_at(form.cleaned_data["lon"], form.cleaned_data["lat"])
    return JsonResponse(_route(place, site) or {"type": "FeatureCollection", "features": []})


def _route(
    place: Any, site: Site, network: WalkingNetwork | None = None, metres: float | None = None
) -> dict[str, Any] | None:
    found = nearby.route_to(place, site, metres=metres, network=network)
    if found.line is None:
        return None
    geometry = {"type": "LineString", "coordinates": line_in_degrees(found.line)}
    return {"type": "Feature", "properties": {"metres": round(found.metres)}, "geometry": geometry}


# ── One tap ───────────────────────────────────────────────────────────────────────────────────────────────


@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Records the guidance and holds a pitch; leads to the slip. The same form sent twice leads to the same slip.

    409 when the last free pitch has just gone: the page comes back with what is free now.
    """
    require(may_guide(audience_of(request.user)))
    form = GuideForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, trouble=_words(form), status=422)
    data = form.cleaned_data
    # Looked up once: what another copy of this form makes from here on shows as a slip number that is taken.
    used = _made_with(data["key"])
    if used is not None and _is_same(used, request, data):
        return _to_slip(request, used)
    try:
        made = _guided(request, form, slip="" if used else data["key"])
    except (IntegrityError, DomainError) as error:
        twin = None if used else _made_with(data["key"])
        if twin is not None and _is_same(twin, request, data):
            return _to_slip(request, twin)
        if isinstance(error, IntegrityError):
            raise
        call = secretary_to_call(error, on=timezone.localdate(), audience=audience_of(request.user))
        return _page(request, form=_again(form), trouble=str(error), call=call, status=error.status)
    return _to_slip(request, made)


def _to_slip(request: HttpRequest, record: Guidance) -> HttpResponse:
    """The way to the slip: as JSON for the page's script, which sends a tap when the signal is back."""
    if wants_json(request):
        return JsonResponse({"url": reverse("slip", args=[record.slip])})
    return redirect("slip", record.slip)


def _made_with(key: str) -> Guidance | None:
    return Guidance.objects.filter(slip=key).select_related("site").first()


def _is_same(row: Guidance, request: HttpRequest, data: dict[str, Any]) -> bool:
    """Whether this very form made the record: the same officer, the same site."""
    wanted = data["site"] or data["later"]
    return row.officer_id == request.user.pk and (row.site.code if row.site else "") == wanted


def _again(form: GuideForm) -> GuideForm:
    """The same form with a new slip number, to try another site."""
    kept = {
        name: form.data.get(name, "") for name in ("lon", "lat", "fruit", "goods", "first_time", "vendor")
    }
    return GuideForm(initial=kept)


def _guided(request: HttpRequest, form: GuideForm, *, slip: str) -> Guidance:
    data = form.cleaned_data
    place = nearby.place_at(data["lon"], data["lat"])
    met: dict[str, Any] = {
        "officer": request.user,
        "place": place,
        "goods": form.goods_said,
        "vendor": data["vendor"],
        "first_time": data["first_time"],
        "slip": slip,
        "branch": data["branch"],
    }
    code = data["site"] or data["later"]
    if not code:
        return guiding.record_without_site(**met, outcome=data["outcome"])
    site = Site.objects.standing().select_related("road").filter(code=code).first()
    if site is None:
        raise Invalid(_("没有编号为 %(code)s 的摊点,或它已关闭。请另选摊点。") % {"code": code})
    walked = nearby.route_to(place, site)
    return guiding.guide(
        **met,
        site=site,
        walk_m=round(walked.metres, 1) if walked.reachable else None,
        starts=next_opening(site, timezone.now()) if data["later"] else None,
    )


def _words(form: Any) -> str:
    if "lon" in form.errors or "lat" in form.errors:
        return _("还没有位置:请先定位,或用图钉选点。")
    return "".join(str(each) for errors in form.errors.values() for each in errors)
