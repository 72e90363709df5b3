"""Geometries of a file as a column takes them: of its kind, whole, in the city's metric CRS."""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84 as WGS84_SRID
from gridmgr.core.geo.crs import metric_srid, transformer, zone_window
from gridmgr.core.geo.datums import Datum, xy_to_metric
from gridmgr.core.importing.messages import not_finite, three_d

if TYPE_CHECKING:
    import pyproj

ANY_SHAPE = "GEOMETRY"  # a column that holds geometries of any kind


def of_type(shapes: np.ndarray, declared: str) -> np.ndarray:
    """Shapes as the column wants them: a part alone out of its collection, or into one."""
    shapes = shapes.copy()
    if declared == ANY_SHAPE:
        return shapes
    kinds = shapely.get_type_id(shapes)
    single, multi, collect = {
        "POLYGON": (3, 6, None),
        "LINESTRING": (1, 5, None),
        "POINT": (0, 4, None),
        "MULTIPOLYGON": (3, 6, shapely.multipolygons),
    }[declared]
    if collect is not None:
        chosen = np.flatnonzero(kinds == single)
        if len(chosen):
            shapes[chosen] = collect(shapes[chosen], indices=np.arange(len(chosen)))
        return shapes
    chosen = np.flatnonzero((kinds == multi) & (shapely.get_num_geometries(shapes) == 1))
    shapes[chosen] = shapely.get_geometry(shapes[chosen], 0)
    return shapes


def why_unfit(shapes: np.ndarray, declared: str, allowed: Collection[str] = ()) -> Iterable[tuple[int, str]]:
    """(index, reason) of every shape that can't be taken, each with its first reason."""
    wanted, words = _wanted_kinds(declared, allowed)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    endless = np.bincount(owner[~np.isfinite(xy).all(axis=1)], minlength=len(shapes))
    tests: list[tuple[np.ndarray, str]] = [
        (shapely.is_missing(shapes), _("没有几何。请补画或删除这一行。")),
        (~np.isin(shapely.get_type_id(shapes), wanted), words + _("请换图层,或删除这一行。")),
        (shapely.is_empty(shapes), _("几何为空。请补画或删除这一行。")),
        (shapely.has_z(shapes) | shapely.has_m(shapes), three_d()),
        (endless > 0, not_finite()),
    ]
    seen: set[int] = set()
    for test, reason in tests:
        for index in np.flatnonzero(test):
            if int(index) not in seen:
                seen.add(int(index))
                yield int(index), reason


def _wanted_kinds(declared: str, allowed: Collection[str]) -> tuple[list[int], str]:
    """GEOS's numbers of the kinds of shape that a column takes, and the same in words."""
    if declared == ANY_SHAPE:
        kinds = [int(shapely.GeometryType[kind.upper()]) for kind in allowed]
        return kinds, _("几何类型应为 %s。") % _("、").join(allowed)
    words = {
        "POLYGON": (3, _("应为单个多边形。")),
        "LINESTRING": (1, _("应为单条折线。")),
        "POINT": (0, _("应为点。")),
        "MULTIPOLYGON": (6, _("应为多边形。")),
    }
    kind, text = words[declared]
    return [kind], text


def metric(shapes: np.ndarray, source: "Datum | pyproj.CRS") -> np.ndarray:
    """The shapes in the city's metric CRS, rounded to the millimetre."""
    change = _to_metric(source)

    def moved(xy: np.ndarray) -> np.ndarray:
        return np.round(np.column_stack(change(xy[:, 0], xy[:, 1])), 3)

    return shapely.transform(shapes, moved) if len(shapes) else shapes


def _to_metric(source: "Datum | pyproj.CRS") -> Callable[[np.ndarray, np.ndarray], Any]:
    if isinstance(source, Datum):
        return lambda x, y: xy_to_metric(x, y, source)
    return transformer(source.to_wkt(), metric_srid()).transform


def axes_are_swapped(shapes: np.ndarray, source: "Datum | pyproj.CRS") -> bool:
    """Whether most shapes would lie in the city's zone with north and east exchanged."""
    swapped = shapely.transform(shapes, lambda xy: xy[:, ::-1])
    return bool(inside_zone(metric(swapped, source)).mean() >= 0.5)


def inside_zone(shapes: np.ndarray) -> np.ndarray:
    """Which shapes lie in the city's zone; those that PROJ couldn't place don't."""
    bounds = shapely.bounds(shapes)
    window, change = zone_window(metric_srid()), transformer(metric_srid(), WGS84_SRID)
    inside = np.isfinite(bounds).all(axis=1)
    for x, y in ((0, 1), (2, 3)):
        lon, lat = change.transform(bounds[:, x], bounds[:, y])
        inside &= (lon >= window.west) & (lon <= window.east) & (lat >= window.south) & (lat <= window.north)
    return inside
