"""GeoJSON (RFC 7946, and the crs member of the 2008 format), read strictly: GDAL would mend in silence what is refused here."""

import gc
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84
from gridmgr.core.importing import plain_geojson
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, columns_of, parse_crs
from gridmgr.core.importing.messages import not_finite, three_d, too_few_points
from gridmgr.core.importing.plain_geojson import DEPTH

if TYPE_CHECKING:
    import pyproj


class _Bad(Exception):
    """A geometry that can't be built; the text is the reason."""


def read_geojson(path: Path) -> Frame:
    """A FeatureCollection; raises Unreadable when the text is not that."""
    document = parsed(path)
    features = document["features"]
    rows, shapes, troubles = plain_geojson.take(features) or checked(features)
    about = document.get("gridmgr")
    frame = Frame(str(document.get("name") or path.stem), columns_of(rows), shapes, troubles=troubles)
    frame.crs, frame.by_default = crs_of(path, document)
    frame.about = about if isinstance(about, dict) else {}
    frame.refs = [feature.get("id") if isinstance(feature, dict) else None for feature in features]
    return frame


def parsed(path: Path) -> dict[str, Any]:
    """The document, a FeatureCollection with a list of features of any kind; raises Unreadable."""
    document = _parse(path)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise Unreadable(
            _("%s 不是 GeoJSON FeatureCollection。请从 GIS 软件按 GeoJSON 重新导出。") % path.name
        )
    return document


def checked(features: Sequence[Any]) -> plain_geojson.Taken:
    """The features one by one: what is wrong with one is its trouble."""
    rows: list[dict[str, Any]] = []
    shapes = np.full(len(features), None, dtype=object)
    troubles: dict[int, tuple[str, str]] = {}
    for index, feature in enumerate(features):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            rows.append({})
            troubles[index] = (_short(feature), _("不是 GeoJSON Feature。"))
            continue
        properties = feature.get("properties")
        rows.append(properties if isinstance(properties, dict) else {})
        try:
            shapes[index] = _geometry(feature.get("geometry"))
        except _Bad as error:
            troubles[index] = (_short(feature.get("geometry")), str(error))
    return rows, shapes, troubles


def _parse(path: Path) -> Any:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        with _uncollected():
            return json.loads(text)  # NaN and Infinity become numbers here, and are refused row by row below
    except UnicodeDecodeError as error:
        raise Unreadable(
            _("%(path)s 不是 UTF-8 文本(第 %(at)s 字节)。GeoJSON 必须用 UTF-8,请重新导出。")
            % {"path": path.name, "at": error.start + 1}
        ) from None
    except json.JSONDecodeError as error:
        raise Unreadable(
            _("%(path)s 不是有效的 JSON(第 %(line)s 行第 %(column)s 列)。请重新导出。")
            % {"path": path.name, "line": error.lineno, "column": error.colno}
        ) from None
    except (RecursionError, ValueError):
        raise Unreadable(_("%s 不是有效的 JSON(嵌套过深或数字过长)。请重新导出。") % path.name) from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which looks through millions of young lists again and again and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def crs_of(path: Path, document: dict[str, Any]) -> "tuple[pyproj.CRS | None, bool]":
    """The CRS, and whether it is only RFC 7946's default of WGS 84; None when the member says unknown."""
    if "crs" not in document:
        return parse_crs(f"EPSG:{WGS84}"), True
    member = document["crs"]
    if member is None:
        return None, False
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise Unreadable(
            _('%s 的 crs 成员读不懂。应为 {"type": "name", "properties": {"name": "EPSG:4490"}}。')
            % path.name
        )
    return parse_crs(name), False


def _geometry(member: Any) -> shapely.Geometry | None:
    if member is None:
        return None
    kind = member.get("type") if isinstance(member, dict) else None
    if kind == "GeometryCollection":
        return shapely.GeometryCollection()
    if kind not in DEPTH:
        raise _Bad(_("几何类型 %s 不是 GeoJSON 的类型。") % _short(kind))
    coordinates = _checked(member.get("coordinates"), DEPTH[kind])
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in _rings(kind, coordinates)):
        raise _Bad(_("几何无效:环不闭合或点数不足。"))
    try:
        return shapely.geometry.shape({"type": kind, "coordinates": coordinates})
    except (ValueError, TypeError, IndexError, shapely.errors.GEOSException):
        raise _Bad(too_few_points() if "Line" in kind else _("几何无效:环不闭合或点数不足。")) from None


def _rings(kind: str, coordinates: Any) -> list[Any]:
    """The rings of a polygon or of several, which shapely would close in silence."""
    if kind == "Polygon":
        return coordinates
    return [ring for polygon in coordinates for ring in polygon] if kind == "MultiPolygon" else []


def _checked(coordinates: Any, depth: int) -> Any:
    """The coordinates as nested lists of (x, y); raises _Bad for a third value, NaN, Infinity and non-numbers."""
    if not isinstance(coordinates, list):
        raise _Bad(_("coordinates 不是数组,或层数不对。"))
    if depth:
        return [_checked(inner, depth - 1) for inner in coordinates]
    if len(coordinates) > 2:
        raise _Bad(three_d())
    if len(coordinates) < 2 or any(
        isinstance(value, bool) or not isinstance(value, (int, float)) for value in coordinates
    ):
        raise _Bad(_("坐标 %s 不是两个数字。") % _short(coordinates))
    if not all(abs(value) < 1e15 and math.isfinite(value) for value in coordinates):
        raise _Bad(not_finite())
    return float(coordinates[0]), float(coordinates[1])


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return text if len(text) <= 80 else text[:77] + "…"
