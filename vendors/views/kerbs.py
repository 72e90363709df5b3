"""Kerbs in colours: where a site of this size may stand, in the view or in the whole city, as it is worked out."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84, metric_box
from gridmgr.core.outage import begun
from vendors.domain.kerbside import (
    NO_ROOM,
    Stretch,
    Sums,
    Wanted,
    overview,
    roads_with_kerbs,
    stretches_of,
)
from vendors.domain.place import as_shapely
from vendors.domain.rectangles import Size
from vendors.domain.siting import rules_of
from vendors.enums import SiteKind
from vendors.views import drafts
from vendors.views.planning import planner, site_of

WHOLE_ZOOM = 16  # from here on every stretch is drawn as it is
PIXEL_AT_0_M = 156_543.03  # metres across a pixel at zoom 0 on the equator
OVERVIEW_DIGITS = 5  # about a metre


@require_GET
@never_cache
def kerbs(request: HttpRequest) -> StreamingHttpResponse:
    """`/plan/kerbs.geojsonl?bbox=&zoom=&kind=&length=&depth=…`: kerbs green, amber or red, one FeatureCollection a line.

    Each line says what `share` of the roads is done; the last has the `metres` in each state and `lost_m`, what each
    rule takes. Without `bbox` these figures are of the whole city, and nothing is drawn.
    """
    planner(request)
    data = request.GET.dict()
    wanted = _wanted(data)
    if "bbox" not in data:
        return _answer(_lines(wanted, roads_with_kerbs(), view=None, pixel_m=0.0))
    bounds = drafts.bounds_of(data["bbox"])
    zoom = drafts.number(data, "zoom", WHOLE_ZOOM)
    box = metric_box(bounds, WGS84)
    middle = math.radians((bounds[1] + bounds[3]) / 2)
    pixel_m = 0.0 if zoom >= WHOLE_ZOOM else PIXEL_AT_0_M * math.cos(middle) / 2 ** max(zoom, 5.0)
    return _answer(_lines(wanted, roads_with_kerbs(box), view=as_shapely(box), pixel_m=pixel_m))


def _wanted(data: Mapping[str, Any]) -> Wanted:
    kind = data.get("kind", "stall")
    if kind not in SiteKind.values:
        raise Invalid(_("不认识类别 %s。") % kind[:40])
    usual, site = drafts.DEFAULTS[kind], site_of(dict(data))
    return Wanted(
        kind,
        Size(
            drafts.number(data, "length", 12.0),
            drafts.number(data, "depth", 2.5),
            drafts.number(data, "offset", 0.8),
        ),
        drafts.clock(data.get("opens", usual["opens"])),
        drafts.clock(data.get("closes", usual["closes"])),
        drafts.season_of(data) if kind == SiteKind.MARKET else None,
        site.pk if site else None,
    )


def _answer(lines: Iterator[dict[str, Any]]) -> StreamingHttpResponse:
    # The stream is read after the middleware has put the language back.
    language = get_language() or "zh-hans"

    def said() -> Iterator[str]:
        with override(language):
            for line in lines:
                yield json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"

    return StreamingHttpResponse(begun(said()), content_type="application/geo+json-seq")


def _lines(
    wanted: Wanted, roads: dict[int, float], *, view: shapely.Polygon | None, pixel_m: float
) -> Iterator[dict[str, Any]]:
    on, sums = timezone.localdate(), Sums()
    names = {rule.code: str(rule.get_target_display()) for rule in rules_of(on)} | {
        NO_ROOM: _("路缘到头或转弯太急")
    }
    for batch in stretches_of(wanted, on=on, roads=roads):
        chosen = batch.stretches if view is None else _within(view, batch.stretches)
        sums.add(chosen)
        features = [] if view is None else _drawn(chosen, pixel_m, names)
        yield {"type": "FeatureCollection", "features": features, "share": round(batch.share, 3)}
    yield {
        "type": "FeatureCollection",
        "features": [],
        "share": 1.0,
        "metres": {state: round(metres) for state, metres in sums.metres.items()},
        "lost_m": [
            {"code": code, "what": names.get(code, code), "metres": round(metres)}
            for code, metres in sorted(sums.lost_m.items(), key=lambda each: -each[1])
            if metres >= 0.5
        ],
    }


def _within(view: shapely.Polygon, stretches: Sequence[Stretch]) -> list[Stretch]:
    shapely.prepare(view)
    shown = shapely.intersects(view, np.array([stretch.line for stretch in stretches], dtype=object))
    return [stretch for stretch, is_shown in zip(stretches, shown, strict=True) if is_shown]


def _drawn(stretches: Sequence[Stretch], pixel_m: float, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every stretch with the rules that break there; at overview zooms what can be told apart."""
    if pixel_m:
        simple = overview(stretches, pixel_m=pixel_m)
        lines: Sequence[Any] = [line for _state, line in simple]
        said: list[dict[str, Any]] = [{"state": state} for state, _line in simple]
    else:
        lines = [stretch.line for stretch in stretches]
        said = [
            {"state": stretch.state, "why": [names.get(code, code) for code in stretch.codes]}
            for stretch in stretches
        ]
    shapes = drafts.in_degrees(lines, digits=OVERVIEW_DIGITS if pixel_m else drafts.DEGREE_DIGITS)
    return [
        {"type": "Feature", "geometry": shape, "properties": properties}
        for shape, properties in zip(shapes, said, strict=True)
    ]
