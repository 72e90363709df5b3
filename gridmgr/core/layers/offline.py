"""A map in one file that opens from disk without a network: Folium's map, its scripts, styles, images and data inside.

The data is one vector tile over everything, which gridmgr/static/js/map/inline.js cuts as the reader moves. The file's own
Content-Security-Policy lets exactly its scripts and styles run, by their hashes, and nothing be fetched.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from django.contrib.staticfiles import finders
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language

from gridmgr.core.geo.crs import WEB_MERCATOR, in_degrees, metric_srid, transformer
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.geojson import feature_collection, within
from gridmgr.core.layers.maps import ATTRIBUTION, MapParts, has_markers, page_map
from gridmgr.core.layers.tiles import Square, mvt_over
from gridmgr.core.layers.view import Bounds, View, box_of, grown
from gridmgr.core.scripts import bundle, read

LIBRARIES, MODULE = ("vendor/leaflet/leaflet.js", "vendor/vector-tile/vector-tile.js"), "js/map/offline.js"
STYLES = ("vendor/leaflet/leaflet.css", "css/map.css", "css/offline.css")
# A step of the data's grid; on the ground it is about 0.08 m at 38° north.
UNIT_M = 0.1
# How far the backdrop goes on around what is shown, as a share of its width.
AROUND = 0.15
# What stands in the libraries like a link. Each must be there, so that a new release is looked at; none may be left.
_NAMESPACE = ("http://www.w3.org/", r"http:\u002f/www.w3.org/")
_LINKS: Mapping[str, Sequence[tuple[str, str]]] = {
    "vendor/leaflet/leaflet.js": [("https://leafletjs.com", "#"), _NAMESPACE],
}
_IMAGES = re.compile(r"url\((images/[\w-]+\.png)\)")
_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
_ADDRESS = re.compile(r"https?://|\burl\((?!data:|#)")


@dataclass(frozen=True)
class OfflineMap:
    """The finished file, and how many features of each layer are in it."""

    content: bytes
    counts: Mapping[str, int]
    moment: datetime


def offline_map(view: View, *, hidden: Sequence[str] = (), moment: datetime | None = None) -> OfflineMap:
    """The view as one HTML file; `hidden` names layers that start switched off.

    `moment` stands for the time at which the rows were read, so that the same rows and moment give the same bytes.
    """
    moment = moment or timezone.now()
    width = max(view.bounds[2] - view.bounds[0], view.bounds[3] - view.bounds[1])
    wider = grown(view.bounds, AROUND * width)
    square = _square(wider)
    behind = [(layer, _rows(view, layer, wider)) for layer in view.backdrop]
    shown = [(layer, _drawn(view, layer)) for layer in view.layers]
    blobs = {"data-1": _data(behind, square), "data-2": _data(shown, square), "data-points": _points(view)}
    counts, demo = _tally(view)
    content = render_to_string(
        "offline.html",
        _document(_map(view, square, hidden), blobs)
        | {
            "view": view,
            "demo": demo,
            "moment": f"{timezone.localtime(moment):%Y-%m-%d %H:%M}",
            "partial": not view.audience.sees_all,
            "counts": [(layer, counts[layer.name]) for layer in view.layers if counts[layer.name]],
            "attribution": ATTRIBUTION,
            "language": get_language(),
        },
    )
    return OfflineMap(content.encode(), counts, moment)


def _document(parts: MapParts, blobs: Mapping[str, bytes]) -> dict[str, Any]:
    scripts = [*(_library(name) for name in LIBRARIES), _module(MODULE), f"\n{parts.script}\n"]
    style = "\n".join(_style(name) for name in STYLES)
    return {
        "map": parts,
        "scripts": scripts,
        "style": style,
        "policy": _policy(scripts, style),
        "blobs": [(name, b64encode(data).decode()) for name, data in blobs.items()],
    }


def _policy(scripts: Sequence[str], style: str) -> str:
    hashes = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


# ── The map ───────────────────────────────────────────────────────────────────────────────────────────────


def _map(view: View, square: Square, hidden: Sequence[str]) -> MapParts:
    place = {
        "west": square.west,
        "south": square.south,
        "unit": square.unit_m,
        "extent": square.extent,
        "data": {"1": "data-1", "2": "data-2"},
        "points": "data-points",
    }
    return page_map(
        HttpRequest(),
        layers=view.layers,
        backdrop=view.backdrop,
        bounds=in_degrees(view.bounds),
        hidden=hidden,
        focus=_focus(view),
        branches=_branches(view),
        own=view.own,
        full=True,
        query={"date": view.on.isoformat()},
        inline=place,
    )


def _square(bounds: Bounds) -> Square:
    """The square over `bounds` of the metric CRS."""
    west, south, east, north = transformer(metric_srid(), WEB_MERCATOR).transform_bounds(
        *bounds, densify_pts=5
    )
    return Square(round(west, 1), round(south, 1), int(max(east - west, north - south) / UNIT_M) + 1, UNIT_M)


def _focus(view: View) -> tuple[str, Any] | None:
    """The layer and id of the feature that the view is about."""
    for layer in view.layers:
        if view.focus and layer.name == view.focus[0]:
            rows = layer.annotated(view.audience, view.on).filter(**{f"p_{view.focus[1]}": view.focus[2]})
            return next(((layer.name, pk) for pk in rows.values_list("pk", flat=True)[:1]), None)
    return None


def _branches(view: View) -> list[dict[str, Any]]:
    """The branches for the legend, each with its box in degrees: those whose areas or sections are drawn."""
    found: dict[str, dict[str, Any]] = {}
    for layer in view.layers:
        if layer.part == Part.GRIDS:
            for row in _rows(view, layer, view.bounds):
                _add(found, row.p_code, row.p_name, row.p_colour, getattr(row, layer.geometry))
        elif layer.part == Part.ANSWERS:
            for row in _drawn(view, layer):
                _add(found, row.p_branch, row.p_branch_name, row.p_colour, getattr(row, layer.geometry))
    return [{**each, "bbox": in_degrees(each["bbox"])} for _code, each in sorted(found.items())]


def _add(found: dict[str, dict[str, Any]], code: str, name: str, colour: int, shape: Any) -> None:
    """The branch, or the further ground of one that is there already."""
    west, south, east, north = shape.extent
    if code in found:
        box = found[code]["bbox"]
        west, south, east, north = (
            *(min(pair) for pair in zip(box[:2], (west, south), strict=True)),
            *(max(pair) for pair in zip(box[2:], (east, north), strict=True)),
        )
    found[code] = {"code": code, "name": name, "colour": colour, "bbox": (west, south, east, north)}


# ── The data ──────────────────────────────────────────────────────────────────────────────────────────────


def _rows(view: View, layer: Layer, bounds: Bounds) -> QuerySet[Any]:
    """What the reader sees of the layer within `bounds`."""
    rows = layer.annotated(view.audience, view.on).filter(view.condition(layer) or Q())
    return within(rows, layer, box_of(bounds))


def _drawn(view: View, layer: Layer) -> QuerySet[Any]:
    """The same with what is drawn faintly beside it: on a branch's map, the neighbours' sections."""
    if not (view.own and layer.name in view.emphasis):
        return _rows(view, layer, view.bounds)
    return within(layer.annotated(view.audience, view.on), layer, box_of(view.bounds))


def _data(rows: Sequence[tuple[Layer, QuerySet[Any]]], square: Square) -> bytes:
    return mvt_over(rows, square) if rows else b""


def _points(view: View) -> bytes:
    """The markers as JSON, by layer: a list of GeoJSON points."""
    marked = [layer for layer in view.layers if has_markers(layer)]
    return orjson.dumps({layer.name: _markers(view, layer) for layer in marked})


def _markers(view: View, layer: Layer) -> Any:
    pieces = feature_collection(
        layer,
        audience=view.audience,
        on=view.on,
        box=box_of(view.bounds),
        as_points=True,
        condition=view.condition(layer),
    )
    return orjson.loads(b"".join(pieces))["features"]


def _tally(view: View) -> tuple[dict[str, int], bool]:
    """How many features of each layer there are, and whether any is demo data."""
    counts, demo = {}, False
    for layer in view.layers:
        chosen = _rows(view, layer, view.bounds)
        counts[layer.name] = chosen.count()
        demo = demo or ("p_demo" in layer.property_names and chosen.filter(p_demo=True).exists())
    return counts, demo


# ── Scripts, styles, images ───────────────────────────────────────────────────────────────────────────────


def _file(name: str) -> Path:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found)


@cache
def _library(name: str) -> str:
    """A library's script as it stands in the file: without anything that looks like a link."""
    text = read(name)
    for link, instead in _LINKS.get(name, ()):
        if link not in text:
            raise ValueError(f"{name} holds no {link} any more: look at what the new release links to")
        text = text.replace(link, instead)
    return _inlined(name, text)


@cache
def _module(name: str) -> str:
    """Our own modules as one script."""
    return _inlined(name, bundle(name))


def _inlined(name: str, text: str) -> str:
    return _free_of_links(name, text.replace("</script", r"<\/script"))


@cache
def _style(name: str) -> str:
    """A style sheet as it stands in the file: its images inside, its comments gone."""
    path = _file(name)
    text = _COMMENTS.sub("", path.read_text(encoding="utf-8")).replace("behavior: url(#default#VML);", "")
    return _free_of_links(name, _IMAGES.sub(lambda found: f"url({_image(path.parent / found[1])})", text))


def _image(path: Path) -> str:
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def _free_of_links(name: str, text: str) -> str:
    if found := _ADDRESS.search(text):
        around = text[max(0, found.start() - 40) : found.end() + 40]
        raise ValueError(f"{name} would reach out of the file: …{around}…")
    return text.replace("\r\n", "\n")
