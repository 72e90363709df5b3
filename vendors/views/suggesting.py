"""Where new sites would serve best: demand, how many, how far; the plan on the map, its bound, and what each site adds."""

import json
import math
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import numpy as np
import shapely
from django import forms
from django.contrib.gis.db.models import Extent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from gridmgr.errors import DomainError, Invalid
from gridmgr.geo.bbox import in_degrees
from gridmgr.geo.crs import WGS84, metric_srid, transformer, zone_window
from gridmgr.layers.maps import page_map
from grids.domain.walking import WalkingNetwork
from grids.enums import Side
from grids.models import Branch, Road
from vendors.domain.footprint import Size
from vendors.domain.kerbside import Wanted
from vendors.domain.pitching import Layout
from vendors.domain.place import as_shapely
from vendors.domain.prospects import Candidate, Demand, candidates_near, demand_met, standing_near
from vendors.domain.suggest import Objective, Suggestion, suggest_sites
from vendors.enums import SiteKind
from vendors.layers import PITCHES, SITES
from vendors.models import Site
from vendors.views import drafts
from vendors.views.common import BACKDROP
from vendors.views.planning import planner

MOST_DRAWN = 500
CURVE_W, CURVE_H, EDGE = 640.0, 220.0, 34.0


class SuggestForm(forms.Form):
    """What is asked of a suggestion."""

    source = forms.ChoiceField(
        label=gettext_lazy("需求"),
        choices=[("met", pgettext_lazy("plural", "疏导记录")), ("drawn", gettext_lazy("在地图上点选"))],
        initial="met",
    )
    days = forms.IntegerField(label=gettext_lazy("最近天数"), min_value=1, max_value=3660, initial=90)
    more = forms.IntegerField(label=gettext_lazy("新增摊点(个)"), min_value=1, max_value=30, initial=5)
    within = forms.FloatField(label=gettext_lazy("步行不超过(米)"), min_value=50, max_value=3000, initial=500)
    pitches = forms.IntegerField(label=gettext_lazy("每处摊位"), min_value=1, max_value=60, initial=6)
    objective = forms.ChoiceField(
        label=gettext_lazy("目标"), choices=Objective.choices, initial=Objective.COVERAGE
    )
    points = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"label_suffix": "", "auto_id": "suggest-%s"}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("within",):
            if name in cleaned and not math.isfinite(cleaned[name]):
                self.add_error(name, _("须是有限的数字。"))
        return cleaned


@require_GET
@never_cache
def suggest(request: HttpRequest) -> HttpResponse:
    """`/plan/suggest/?source=&days=&more=&within=&pitches=&objective=&points=`: the form, and with `more` the plan."""
    planner(request)
    asked = "more" in request.GET
    form = SuggestForm(request.GET) if asked else SuggestForm()
    context: dict[str, Any] = {"form": form, "shown": {}}
    if asked and form.is_valid():
        try:
            context |= _answer(form.cleaned_data)
        except DomainError as error:
            context["trouble"] = str(error)
    context["map"] = page_map(
        request, layers=[SITES, PITCHES], backdrop=BACKDROP, bounds=context.get("bounds") or _city()
    )
    return render(request, "vendors/suggest.html", context)


def _city() -> Any:
    for rows, field in ((Branch.objects.all(), "area"), (Road.objects.all(), "reference_line")):
        if extent := rows.aggregate(box=Extent(field))["box"]:
            return in_degrees(extent)
    return None


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    began = perf_counter()
    demand = _drawn(asked["points"]) if asked["source"] == "drawn" else _met(asked["days"])
    if not len(demand.xy):
        raise Invalid(
            _("最近 %s 天没有疏导记录。请放宽天数,或改为在地图上点选需求。") % asked["days"]
            if asked["source"] == "met"
            else _("地图上还没有需求点。请点“在地图上点选”,再在地图上点出商贩常在的地方。")
        )
    on, layout = timezone.localdate(), _usual()
    size = Size(layout.length_for(asked["pitches"]), layout.depth_for)
    candidates = candidates_near(demand, Wanted(SiteKind.STALL, size), within_m=asked["within"], on=on)
    if not candidates:
        raise Invalid(
            _("需求周围 %.0f m 内没有可设的路缘。请放宽步行距离,或减少每处摊位数。") % asked["within"]
        )
    low, high = demand.xy.min(axis=0) - asked["within"], demand.xy.max(axis=0) + asked["within"]
    standing = standing_near((*low, *high), on=on)
    middles = [as_shapely(site.area).centroid for site in standing]
    found = suggest_sites(
        demand=demand.xy,
        weights=demand.weight,
        candidates=[(each.x, each.y) for each in candidates],
        capacities=[asked["pitches"]] * len(candidates),
        existing=[(spot.x, spot.y) for spot in middles],
        existing_capacities=[site.capacity for site in standing],
        more=asked["more"],
        objective=asked["objective"],
        within_m=asked["within"],
        walks=WalkingNetwork.from_database(),
    )
    return _shown(found, demand, candidates, standing, middles, asked) | {"took": perf_counter() - began}


def _usual() -> Layout:
    return Layout(*(drafts.DEFAULTS["stall"][name] for name in ("width", "depth", "gap", "aisle")))


def _met(days: int) -> Demand:
    now = timezone.now()
    return demand_met(since=now - timedelta(days=days), until=now)


def _drawn(text: str) -> Demand:
    """Points as `[[lon, lat, weight], …]` in degrees. Raises Invalid in words."""
    try:
        points = json.loads(text or "[]", parse_constant=lambda constant: math.nan)
        rows = [(float(lon), float(lat), float(weight)) for lon, lat, weight in points]
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise Invalid(_("需求点须写成 [[经度, 纬度, 数量], …]。")) from None
    if len(rows) > MOST_DRAWN:
        raise Invalid(
            _("需求点有 %(given)s 个,最多 %(most)s 个。") % {"given": len(rows), "most": MOST_DRAWN}
        )
    window = zone_window(metric_srid())
    for lon, lat, weight in rows:
        if not window.holds(lon, lat):
            raise Invalid(_("需求点 %(lon)s, %(lat)s 不在本市。") % {"lon": lon, "lat": lat})
        if not 0 < weight <= 10_000:
            raise Invalid(_("需求的数量须大于 0,至多 10,000;收到的是 %s。") % weight)
    if not rows:
        return Demand(np.empty((0, 2)), np.empty(0))
    lons, lats, weights = (np.array(column) for column in zip(*rows, strict=True))
    return Demand(np.column_stack(transformer(WGS84, metric_srid()).transform(lons, lats)), weights)


# ── What is shown ─────────────────────────────────────────────────────────────────────────────────────────


def _shown(
    found: Suggestion,
    demand: Demand,
    candidates: list[Candidate],
    standing: list[Site],
    middles: list[Any],
    asked: dict[str, Any],
) -> dict[str, Any]:
    places = [*middles, *(shapely.Point(each.x, each.y) for each in candidates)]
    sites = drafts.in_degrees(places)
    needs = drafts.in_degrees(list(shapely.points(demand.xy)))
    served: dict[int, float] = {}
    for share in found.shares:
        served[share.site] = served.get(share.site, 0.0) + share.weight
    left = {each.demand: each for each in found.unserved}
    roads = Road.objects.only("name").in_bulk([candidates[index].road_id for index in found.chosen])
    chosen = [
        _chosen(
            number,
            index,
            candidates[index],
            roads,
            served.get(len(standing) + index, 0.0),
            sites,
            standing,
            asked,
        )
        for number, index in enumerate(found.chosen, start=1)
    ]
    spots = np.array(
        [each["coordinates"] for each in [*needs, *(sites[share.site] for share in found.shares)]]
    )
    shown = {
        "demand": [
            {
                "at": shape["coordinates"],
                "weight": float(weight),
                "left": left[n].weight if n in left else 0.0,
                "why": str(left[n].why.label) if n in left else "",
            }
            for n, (shape, weight) in enumerate(zip(needs, demand.weight, strict=True))
        ],
        "ways": [
            {
                "from": needs[s.demand]["coordinates"],
                "to": sites[s.site]["coordinates"],
                "metres": round(s.metres),
            }
            for s in found.shares
        ],
        "chosen": [{"n": each["n"], "at": each["at"], "name": each["place"]} for each in chosen],
        "existing": [
            {"at": sites[n]["coordinates"], "name": site.name, "served": served.get(n, 0.0)}
            for n, site in enumerate(standing)
        ],
    }
    total = float(demand.weight.sum())
    return {
        "found": found,
        "chosen": chosen,
        "shown": shown,
        "total": total,
        "candidates": len(candidates),
        "standing": len(standing),
        "served": found.served_weight,
        "share": found.served_weight / total if total else 0.0,
        "mean_m": found.walked / found.served_weight if found.served_weight else None,
        "gap_percent": found.gap * 100,
        "curve": _curve(found, total),
        "coverage": found.objective == Objective.COVERAGE,
        "bounds": (*spots.min(axis=0).tolist(), *spots.max(axis=0).tolist()),
    }


def _chosen(
    number: int,
    index: int,
    candidate: Candidate,
    roads: Any,
    served: float,
    sites: list[dict[str, Any]],
    standing: list[Site],
    asked: dict[str, Any],
) -> dict[str, Any]:
    lon, lat = sites[len(standing) + index]["coordinates"]
    name = roads[candidate.road_id].name
    return {
        "n": number,
        "at": [lon, lat],
        "road": name,
        "side": Side(candidate.side).label,
        "metre": candidate.metre,
        "place": f"{name} {Side(candidate.side).label} {candidate.metre:.0f} m",
        "warned": candidate.warned,
        "served": served,
        "url": f"{reverse('plan')}?{urlencode({'lon': lon, 'lat': lat, 'pitches': asked['pitches']})}",
    }


def _curve(found: Suggestion, total: float) -> dict[str, Any]:
    """What each further site adds, as points of a drawing; for walking the cost, which falls."""
    most = max([total if found.objective == Objective.COVERAGE else found.curve[0].value, 1e-9])
    last = max(found.curve[-1].sites, 1)

    def at(sites: int, value: float) -> tuple[float, float]:
        x = EDGE + (CURVE_W - 2 * EDGE) * sites / last
        return round(x, 1), round(CURVE_H - EDGE - (CURVE_H - 2 * EDGE) * min(value / most, 1.0), 1)

    dots = [at(step.sites, step.value) for step in found.curve]
    bounds = [at(step.sites, step.bound) for step in found.curve]
    return {
        "line": " ".join(f"{x},{y}" for x, y in dots),
        "bound": " ".join(f"{x},{y}" for x, y in bounds),
        "dots": [
            {"x": x, "y": y, "above": y - 9, "step": step}
            for (x, y), step in zip(dots, found.curve, strict=True)
        ],
        "left": EDGE,
        "right": CURVE_W - EDGE,
        "floor": CURVE_H - EDGE,
        "words": CURVE_H - EDGE + 18,
        "width": CURVE_W,
        "height": CURVE_H,
    }
