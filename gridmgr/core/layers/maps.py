"""All of Folium: maps of layers for the site's own pages, and for files that need no site (offline.py).

Folium composes the map and its layer control; features come as vector tiles and are drawn on a canvas by
gridmgr/static/js/map/ (see docs/adr/0003). Popups are built from text nodes, so no field can carry markup.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, gettext
from jinja2.utils import htmlsafe_json_dumps

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.palette import BRANCH_COLOURS, COLOURS
from gridmgr.core.layers.style import for_script

# What a search on a map without a server passes over: what has no name of its own.
UNSEARCHED = (Part.STREETS, Part.ANSWERS, Part.SEATS)
ATTRIBUTION = "© OpenStreetMap contributors"
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Extra:
    """Layers that a reader may add to a map, under one heading: off at first but for those named in `shown`.

    None of their tiles is fetched before one is switched on, or below `from_zoom`.
    """

    title: str
    layers: Sequence[Layer]
    shown: Collection[str] = ()
    from_zoom: float = 0


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
    extra: Extra | None = None,
    hidden: Collection[str] = (),
    focus: tuple[str, Any] | None = None,
    query: dict[str, str] | None = None,
    full: bool = False,
    branches: Sequence[dict[str, Any]] = (),
    own: str = "",
    place: str = "city",
    inline: dict[str, Any] | None = None,
) -> MapParts:
    """A map of `layers` in drawing order, over `backdrop`.

    `bounds` is west, south, east, north in degrees; `extra` is a group of further layers, whose tiles are fetched once
    they are switched on; `hidden` names layers that start switched off; `focus` is the layer and id of the feature
    to stress; `query` is added to each tile request (the date, say); `full` adds search, legend and a view that the
    address bar holds; `branches` (code, name, colour, bbox) are listed in the legend; `own` is the code of the branch
    whose sections stand out; `place` is the element's id, once per page.
    `inline` is for a file that holds its own data: where that lies (gridmgr/static/js/map/inline.js); then nothing is
    fetched, and no link leads to a page.
    """
    more = extra.layers if extra else ()
    off = {layer.name for layer in more} - set(extra.shown if extra else ()) | set(hidden)
    chart = Chart(
        place=place,
        layers=tuple(layers),
        backdrop=tuple(backdrop),
        more=tuple(more),
        heading=(str(extra.title), extra.from_zoom) if extra else None,
        off=frozenset(off),
        query=tuple(sorted((query or {}).items())),
        full=full,
        basemap=(settings.BASEMAP_URL, settings.BASEMAP_ATTRIBUTION) if inline is None else ("", ""),
        language=get_language(),
    )
    parts = _drawn(chart) if inline is None else _draw(chart, inline)
    # What is the page's own stands last in the options of the map: all before it is the same on every page.
    page = {
        "bounds": [[bounds[1], bounds[0]], [bounds[3], bounds[2]]] if bounds else None,
        "focus": list(focus) if focus else None,
        "branchList": list(branches),
        "own": own,
        "onFoot": inline is None and not audience_of(request.user).reads_metres,
    }
    return MapParts(parts.html, parts.script.replace(OWN, str(htmlsafe_json_dumps(page)), 1))


@dataclass(frozen=True)
class Chart:
    """What makes two maps the same but for the place that they show."""

    place: str
    layers: tuple[Layer, ...]
    backdrop: tuple[Layer, ...]
    more: tuple[Layer, ...]
    heading: tuple[str, float] | None  # of the further layers, with the zoom from which they are shown
    off: frozenset[str]
    query: tuple[tuple[str, str], ...]
    full: bool
    basemap: tuple[str, str]
    language: str | None


OWN = "gridmgr.own"  # stands in a kept script where a page puts what is its own


@lru_cache(maxsize=128)
def _drawn(chart: Chart) -> MapParts:
    """The map, composed once in each process: Folium takes a tenth of what a page with a map costs."""
    return _draw(chart, None)


def _draw(chart: Chart, inline: dict[str, Any] | None) -> MapParts:
    import folium

    from gridmgr.core.layers.folium_elements import LayerSwitches, Overlay, PageMap, TileGroup

    query = dict(chart.query)
    page = _page(chart) | {"inline": inline is not None}
    whole = PageMap(element_id=chart.place, page=page, own=OWN)
    if chart.basemap[0]:
        folium.TileLayer(chart.basemap[0], attr=chart.basemap[1], control=False).add_to(whole)
    elif chart.backdrop:
        behind = _group(chart.backdrop, query, order=1, inline=inline)
        TileGroup(f"{chart.place}_backdrop", behind).add_to(whole)
    spec = _group(chart.layers, query, order=2, inline=inline)
    groups = [(TileGroup(f"{chart.place}_layers", spec), chart.layers)]
    if chart.heading:
        spec = _group(chart.more, query, order=3) | _on_demand(*chart.heading)
        groups.append((TileGroup(f"{chart.place}_extra", spec), chart.more))
    for group, members in groups:
        group.add_to(whole)
        for layer in members:
            title, show = str(layer.title), layer.name not in chart.off
            Overlay(group, _overlay(layer, query), title=title, show=show).add_to(whole)
    if chart.full:
        LayerSwitches(chart.place).add_to(whole)
    whole.render()
    figure: Any = whole.get_root()
    _refuse_links(figure)
    return MapParts(html=figure.html.render(), script=figure.script.render())


def _refuse_links(figure: Any) -> None:
    """Raises ValueError when an element of Folium's would fetch a script or a style from some host."""
    from branca.element import CssLink, JavascriptLink

    for element in figure.header._children.values():  # noqa: SLF001 (branca offers no other way to them)
        if isinstance(element, (CssLink, JavascriptLink)):
            raise ValueError(f"a map element brings a link of its own: {element.url}")


def _page(chart: Chart) -> dict[str, Any]:
    return {
        "legend": [_legend(layer) for layer in [*chart.layers, *chart.more]],
        "full": chart.full,
        "attribution": ATTRIBUTION,
        "colours": COLOURS,
        "branches": BRANCH_COLOURS,
        "language": chart.language,
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "open": gettext("打开页面"),
        "way": gettext("导航"),
        "where": gettext("位置"),
        "loading": gettext("地图加载中…"),
        "open_until": gettext("开放中,至 %(time)s"),
        "opens_at": gettext("现在未开放,%(time)s 开放"),
        "free": gettext("空位 %(n)s"),
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
        "metres_along": gettext("里程"),
        "hours": gettext("每日时段"),
        "season": gettext("季节"),
        "period": gettext("期间"),
        "from_to": gettext("%(from)s 至 %(to)s"),
        "from": gettext("%(from)s 起"),
    }


def _group(
    layers: Sequence[Layer], query: dict[str, str], *, order: int, inline: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "url": "/tiles/{names}/{z}/{x}/{y}.pbf",
        "query": query,
        "order": order,
        "layers": [_spec(layer, linked=inline is None) for layer in layers],
        "inline": inline,
    }


def _on_demand(title: str, from_zoom: float) -> dict[str, Any]:
    """What a group of layers that are fetched on demand has beside the others."""
    return {"onDemand": True, "title": title, "fromZoom": from_zoom}


def _overlay(layer: Layer, query: dict[str, str]) -> dict[str, Any]:
    return {
        "name": layer.name,
        "markers": f"/layers/{layer.name}.geojson" if has_markers(layer) else "",
        "query": query,
    }


def has_markers(layer: Layer) -> bool:
    """Whether each of the layer's things has a pin on the map, beside its shape."""
    return bool(layer.style.glyph) and layer.style.shape != "line" and not layer.style.painted


def _spec(layer: Layer, *, linked: bool = True) -> dict[str, Any]:
    style = layer.style
    return {
        "name": layer.name,
        "title": str(layer.title),
        "heading": layer.heading,
        "page": layer.page_pattern if linked else "",
        "way": f"/go/{layer.name}/{{key}}/" if linked and layer.route else "",
        "shape": style.shape,
        "colour": style.colour,
        "glyph": str(style.glyph),
        "painted": style.painted,
        "by": style.by,
        "glyphs": {value: (str(glyph), colour) for value, (glyph, colour) in style.glyphs.items()},
        "whole": [style.whole[0], [str(value) for value in style.whole[1]]] if style.whole[0] else None,
        "minZoom": style.min_zoom,
        "markerZoom": style.marker_zoom,
        "line": for_script(style.line) if style.shape == "line" else None,
        "body": for_script(style.body) if style.shape != "line" else None,
        "outline": for_script(style.outline) if style.whole[0] else None,
        **{name: for_script(getattr(style, name)) for name in ("label", "names", "letter")},
        "searched": layer.part not in UNSEARCHED,
        "clusteredBelow": layer.clustered_below,
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
    words = layer.words_of(style.by)
    signs = [
        (str(glyph), colour, str(words.get(value, layer.title)))
        for value, (glyph, colour) in style.glyphs.items()
    ]
    return {
        "layer": layer.name,
        "shape": style.shape,
        "signs": signs or [(str(style.glyph), style.colour, str(layer.title))],
        "apart": _apart(layer),
    }


def _apart(layer: Layer) -> str:
    """What the legend says of the outlines of a layer: things that aren't there to be used; '' for one without."""
    name, whole = layer.style.whole
    if not name:
        return ""
    others = [
        str(word) for value, word in layer.words_of(name).items() if value not in {*whole, *layer.undrawn}
    ]
    return gettext("%(title)s:%(others)s") % {"title": layer.title, "others": gettext("、").join(others)}
