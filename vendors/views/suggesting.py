"""Where new sites would serve best: demand, how many, how far; the plan on the map, its bound, and what each site adds."""

import json
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any

import numpy as np
from django import forms
from django.conf import settings
from django.contrib.gis.db.models import Extent
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, override, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from gridmgr.core.errors import DomainError, Invalid, explain
from gridmgr.core.geo.crs import WGS84, in_degrees, metric_srid, transformer, zone_window
from gridmgr.core.layers.maps import page_map
from grids.domain.streets_on_foot import walking_network
from grids.models import Branch, Road
from vendors.domain.kerbside import Wanted
from vendors.domain.pitching import Layout
from vendors.domain.place import as_shapely
from vendors.domain.prospects import Demand, candidates_near, demand_met, room_near
from vendors.domain.rectangles import Size
from vendors.domain.serving import Objective
from vendors.domain.suggest import suggest_sites
from vendors.enums import SiteKind
from vendors.layers import PITCHES, SITES
from vendors.views import drafts
from vendors.views.common import BACKDROP
from vendors.views.planning import planner
from vendors.views.suggested import Answered

MOST_DRAWN = 500


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


@require_GET
@never_cache
def steps(request: HttpRequest) -> StreamingHttpResponse | JsonResponse:
    """`/plan/suggest/steps?…`: the same, told while it is worked out: lines of JSON.

    `{share, words}` for each step, and at last `{html, shown}` (the plan, and what the map draws) or `{trouble}`.
    """
    planner(request)
    form = SuggestForm(request.GET)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    lines = (json.dumps(line) + "\n" for line in _told(form.cleaned_data))
    return StreamingHttpResponse(lines, content_type="application/x-ndjson; charset=utf-8")


def _told(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines, as a thread of its own works them out in the reader's language."""
    said: SimpleQueue[dict[str, Any] | Exception | None] = SimpleQueue()
    language = get_language() or settings.LANGUAGE_CODE

    def work() -> None:
        try:
            with override(language):
                context = _answer(asked, lambda share, words: said.put({"share": share, "words": words}))
                html = render_to_string("vendors/_suggested.html", context)
                said.put({"html": html, "shown": context["shown"]})
        except Exception as error:  # noqa: BLE001  (said to the reader, or raised where the stream is read)
            with override(language):
                words = explain(error)[1]
            said.put({"trouble": words} if words else error)
        finally:
            connection.close()
            said.put(None)

    Thread(target=work, name="suggest", daemon=True).start()
    while (line := said.get()) is not None:
        if isinstance(line, Exception):
            raise line
        yield line


def _answer(
    asked: dict[str, Any], step: Callable[[float, str], None] = lambda _share, _words: None
) -> dict[str, Any]:
    began = perf_counter()
    step(0.0, _("正在汇总需求…"))
    demand = _drawn(asked["points"]) if asked["source"] == "drawn" else _met(asked["days"])
    if not len(demand.xy):
        raise Invalid(
            _("最近 %s 天没有疏导记录。请放宽天数,或改为在地图上点选需求。") % asked["days"]
            if asked["source"] == "met"
            else _("地图上还没有需求点。请点“在地图上点选”,再在地图上点出商贩常在的地方。")
        )
    looking = _("%d 处需求,正在沿路缘找候选位置…") % len(demand.xy)
    on, layout = timezone.localdate(), _usual()
    size = Size(layout.length_for(asked["pitches"]), layout.depth_for)
    candidates = candidates_near(
        demand,
        Wanted(SiteKind.STALL, size),
        within_m=asked["within"],
        on=on,
        step=lambda share: step(0.05 + 0.5 * share, looking),
    )
    if not candidates:
        raise Invalid(
            _("需求周围 %.0f m 内没有可设的路缘。请放宽步行距离,或减少每处摊位数。") % asked["within"]
        )
    step(0.55, _("%d 个候选位置,正在计算步行距离…") % len(candidates))
    low, high = demand.xy.min(axis=0) - asked["within"], demand.xy.max(axis=0) + asked["within"]
    standing = room_near((*low, *high), at=timezone.now())
    middles = [as_shapely(room.site.area).centroid for room in standing]
    found = suggest_sites(
        demand=demand.xy,
        weights=demand.weight,
        candidates=[(each.x, each.y) for each in candidates],
        capacities=[asked["pitches"]] * len(candidates),
        existing=[(spot.x, spot.y) for spot in middles],
        existing_capacities=[room.free for room in standing],
        more=asked["more"],
        objective=asked["objective"],
        within_m=asked["within"],
        walks=walking_network(),
        step=lambda share: step(0.6 + 0.4 * share, _("正在比较方案…")),
    )
    answered = Answered(found, demand, candidates, standing, middles, asked["pitches"])
    return answered.context() | {"took": perf_counter() - began}


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
