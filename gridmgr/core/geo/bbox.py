"""Boxes between CRSs. pyproj's cached transformers do it: a GDAL transformation is built anew for every call."""

import numpy as np
from django.contrib.gis.geos import Polygon

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer

Bounds = tuple[float, float, float, float]

# An edge of a box becomes a curve: so many points of it are looked at.
POINTS_OF_EDGE = 7


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
