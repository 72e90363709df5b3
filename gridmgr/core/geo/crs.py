"""The city's metric CRS, its zone, and the way in and out of it.

Official Chinese surveying uses CGCS2000: EPSG:4490 geographic and 3-degree Gauss-Kruger zones, e.g. EPSG:4547
with central meridian 114°E. CGCS2000 and WGS 84 agree within centimetres, so 4490 is treated as 4326.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from django.contrib.gis.geos import Polygon

if TYPE_CHECKING:
    import pyproj
    from shapely import Geometry

WGS84 = 4326
WEB_MERCATOR = 3857
# How far beyond its zone a city may reach: Taiyuan lies across the western edge of 4547's zone.
ZONE_MARGIN_DEG = 1.0
# An edge of a box becomes a curve: so many points of it are looked at.
POINTS_OF_EDGE = 7

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Window:
    """A box of longitudes and latitudes in degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        """Whether the point lies in the box; false for NaN."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north

    def __str__(self) -> str:
        return f"{self.west:.2f}–{self.east:.2f}°E, {self.south:.2f}–{self.north:.2f}°N"


def metric_srid() -> int:
    """EPSG code of the CRS in which this deployment stores geometry, in metres."""
    return settings.GRIDMGR_SRID


@cache
def zone_window(srid: int) -> Window:
    """Where data of a city stored in `srid` may lie: the CRS's area of use and about a degree around it."""
    import pyproj

    area = pyproj.CRS.from_epsg(srid).area_of_use
    if area is None:
        return Window(-180, -90, 180, 90)
    margin = ZONE_MARGIN_DEG
    return Window(area.west - margin, area.south - margin, area.east + margin, area.north + margin)


@cache
def why_not_metric(srid: int) -> str:
    """Why `srid` can't be a city's metric CRS, or '' when it can."""
    import pyproj
    from pyproj.exceptions import CRSError

    try:
        crs = pyproj.CRS.from_epsg(srid)
    except CRSError:
        return f"EPSG:{srid} is unknown"
    if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        return f"EPSG:{srid} ({crs.name}) is not a projected CRS in metres"
    if srid == WEB_MERCATOR:
        return "EPSG:3857 (Web Mercator) does not measure true metres"
    return ""


@cache
def transformer(source: int | str, target: int | str) -> "pyproj.Transformer":
    """A pyproj transformer with x = easting or longitude on both sides, whatever the authority's axis order.

    One made from two CRS is looked up anew in PROJ's database by each thread that uses it (0.1 s); where there is one
    way only, it is made from that way's steps instead, which takes a thread 0.3 ms.
    """
    import pyproj

    found = pyproj.Transformer.from_crs(source, target, always_xy=True)
    one_way = found.definition.startswith("proj=pipeline")
    return pyproj.Transformer.from_pipeline(found.definition) if one_way else found


def project(geometry: "Geometry", source: int | str, target: int | str) -> "Geometry":
    """`geometry` (shapely) from CRS `source` to CRS `target`, x first on both sides."""
    import shapely

    change = transformer(source, target)
    return shapely.transform(geometry, change.transform, interleaved=False)


# ── Boxes. pyproj's cached transformers do it: a GDAL transformation is built anew for every call ─────────


def metric_box(bounds: Bounds, source: int) -> Polygon:
    """The box in the city's metric CRS that holds the box `bounds` (west, south, east, north) of CRS `source`."""
    box = Polygon.from_bbox(metric_bounds(bounds, source))
    box.srid = metric_srid()
    return box


def metric_bounds(bounds: Bounds, source: int) -> Bounds:
    """The same as west, south, east, north in metres."""
    return _around(bounds, source, metric_srid())


def in_degrees(extent: Bounds) -> Bounds:
    """A box in the city's metric CRS as west, south, east, north in degrees of WGS 84."""
    return _around(extent, metric_srid(), WGS84)


def _around(bounds: Bounds, source: int, target: int) -> Bounds:
    """The box around the moved edges of a box, as far as they can be moved. pyproj's own is for CRS with names only."""
    west, south, east, north = bounds
    across, up = np.linspace(west, east, POINTS_OF_EDGE), np.linspace(south, north, POINTS_OF_EDGE)
    fixed = [np.full(POINTS_OF_EDGE, side) for side in (west, east, south, north)]
    xs, ys = np.concatenate([*fixed[:2], across, across]), np.concatenate([up, up, *fixed[2:]])
    x, y = transformer(source, target).transform(xs, ys)
    there = np.isfinite(x) & np.isfinite(y)
    return float(x[there].min()), float(y[there].min()), float(x[there].max()), float(y[there].max())
