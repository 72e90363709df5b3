"""All of Folium: maps of layers for the site's own pages.

Folium composes the map and its layer control; features come as vector tiles and are drawn on a canvas by
gridmgr/static/js/map.js (see docs/adr/0003). Popups are built from text nodes, so no field can carry markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, gettext

from gridmgr.layers.base import Layer
from gridmgr.layers.palette import BRANCH_COLOURS, COLOURS

ATTRIBUTION = "© OpenStreetMap contributors"
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class MapParts:
    """The pieces a template puts into its page: the element, and the script that fills it (run it with a nonce)."""

    html: str
    script: str


def page_map(
    request: HttpRequest,
    *,
    layers: Sequence[Layer],
    bounds: Bounds | None = None,
    backdrop: Sequence[Layer] = (),
    hidden: Sequence[str] = (),
    focus: tuple[str, Any] | None = None,
    query: dict[str, str] | None = None,
    full: bool = False,
    branches: Sequence[dict[str, Any]] = (),
    own: str = "",
    place: str = "city",
) -> MapParts:
    """A map of `layers` in drawing order, over `backdrop`.

    `bounds` is west, south, east, north in degrees; `hidden` names layers that start switched off; `focus` is the
    layer and id of the feature to stress; `query` is added to each tile request (the date, say); `full` adds
    search, legend and a view that the address bar holds; `branches` (code, name, colour, bbox) are listed in the
    legend; `own` is the code of the branch whose sections stand out; `place` is the element's id, once per page.
    """
    import folium

    from gridmgr.layers.folium_elements import Overlay, PageMap, TileGroup

    query = query or {}
    shown = [layer for layer in layers if layer.name not in hidden]
    page = _page(bounds, focus, full) | {
        "legend": [_legend(layer) for layer in layers],
        "branchList": list(branches),
        "own": own,
    }
    chart = PageMap(element_id=place, page=page)
    if settings.BASEMAP_URL:
        folium.TileLayer(settings.BASEMAP_URL, attr=settings.BASEMAP_ATTRIBUTION, control=False).add_to(chart)
    elif backdrop:
        TileGroup(f"{place}_backdrop", _group(backdrop, query, order=1)).add_to(chart)
    group = TileGroup(f"{place}_layers", _group(layers, query, order=2))
    group.add_to(chart)
    for layer in layers:
        Overlay(group, _overlay(layer, query), title=str(layer.title), show=layer in shown).add_to(chart)
    if full:
        folium.LayerControl(position="topright", collapsed=True).add_to(chart)
    chart.render()
    figure: Any = chart.get_root()
    return MapParts(html=figure.html.render(), script=figure.script.render())


def _page(bounds: Bounds | None, focus: tuple[str, Any] | None, full: bool) -> dict[str, Any]:
    return {
        "bounds": [[bounds[1], bounds[0]], [bounds[3], bounds[2]]] if bounds else None,
        "focus": list(focus) if focus else None,
        "full": full,
        "attribution": ATTRIBUTION,
        "colours": COLOURS,
        "branches": BRANCH_COLOURS,
        "language": get_language(),
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "open": gettext("打开页面"),
        "legend": gettext("图例"),
        "search": gettext("搜索道路、支部、摊点、学校、泊位"),
        "nothing": gettext("没有找到,请换个名称试试"),
        "yes": gettext("是"),
        "no": gettext("否"),
        "demo": gettext("演示数据"),
        "offline": gettext("地图数据暂时取不到,请检查网络后再试"),
        "zoom_in": gettext("放大"),
        "zoom_out": gettext("缩小"),
        "free_short": gettext("空"),
    }


def _group(layers: Sequence[Layer], query: dict[str, str], *, order: int) -> dict[str, Any]:
    names = ",".join(layer.name for layer in layers)
    return {
        "url": f"/tiles/{names}/{{z}}/{{x}}/{{y}}.pbf",
        "query": query,
        "order": order,
        "layers": [_spec(layer) for layer in layers],
    }


def _overlay(layer: Layer, query: dict[str, str]) -> dict[str, Any]:
    marked = bool(layer.style.glyph) and layer.style.shape != "line"
    return {**_spec(layer), "markers": f"/layers/{layer.name}.geojson" if marked else "", "query": query}


def _spec(layer: Layer) -> dict[str, Any]:
    style = layer.style
    return {
        "name": layer.name,
        "title": str(layer.title),
        "heading": layer.heading,
        "page": layer.page_pattern,
        "shape": style.shape,
        "colour": style.colour,
        "width": style.width,
        "glyph": style.glyph,
        "by": style.by,
        "glyphs": dict(style.glyphs),
        "label": style.label,
        "minZoom": style.min_zoom,
        "markerZoom": style.marker_zoom,
        "fields": [
            {
                "name": field.name,
                "label": str(field.label),
                "kind": field.kind,
                "choices": {key: str(word) for key, word in (field.choices or {}).items()},
            }
            for field in layer.fields
        ],
    }


def _legend(layer: Layer) -> dict[str, Any]:
    style = layer.style
    words = next((field.choices for field in layer.fields if field.name == style.by), None) or {}
    signs = [
        (glyph, colour, str(words.get(value, layer.title))) for value, (glyph, colour) in style.glyphs.items()
    ]
    return {
        "layer": layer.name,
        "shape": style.shape,
        "signs": signs or [(style.glyph, style.colour, str(layer.title))],
    }
