"""GeoJSON (RFC 7946, and the crs member of the 2008 format), read strictly: GDAL would mend in silence what is refused here."""

import gc
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84
from gridmgr.core.importing.base import Row, Unreadable
from gridmgr.core.importing.raw import Raw, not_finite, parse_crs, three_d, too_few_points

if TYPE_CHECKING:
    import pyproj

# How deep the positions lie in each type's coordinates.
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


class _Bad(Exception):
    """A geometry that can't be built; the text is the reason."""


def read(path: Path) -> Raw:
    """Read a FeatureCollection; raises Unreadable when the text is not that."""
    return rows_of(path, parsed(path))


def parsed(path: Path) -> dict[str, Any]:
    """The document, a FeatureCollection with a list of features of any kind; raises Unreadable."""
    document = _parse(path)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise Unreadable(
            _("%s 不是 GeoJSON FeatureCollection。请从 GIS 软件按 GeoJSON 重新导出。") % path.name
        )
    return document


def rows_of(path: Path, document: dict[str, Any]) -> Raw:
    """The features of a parsed document, one by one, each checked."""
    crs, by_default = crs_of(path, document)
    raw = Raw(str(document.get("name") or path.stem), [], [], crs, crs_by_default=by_default)
    fields: dict[str, None] = {}
    for number, feature in enumerate(document["features"], 1):
        row, trouble = _row(number, feature)
        fields.update(dict.fromkeys(row.attributes))
        raw.rows.append(row)
        if trouble:
            raw.troubles[number] = trouble
    raw.fields = list(fields)
    return raw


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


def _row(number: int, feature: Any) -> tuple[Row, tuple[str, str] | None]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return Row(number, "", {}, None), (_short(feature), _("不是 GeoJSON Feature。"))
    properties = feature.get("properties")
    attributes = properties if isinstance(properties, dict) else {}
    ref = feature.get("id")
    ref = "" if ref is None or isinstance(ref, (dict, list, bool)) else str(ref)
    try:
        return Row(number, ref, attributes, _geometry(feature.get("geometry"))), None
    except _Bad as error:
        return Row(number, ref, attributes, None), (_short(feature.get("geometry")), str(error))


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
