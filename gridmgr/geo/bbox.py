"""Boxes between CRSs. pyproj's cached transformers do it: a GDAL transformation is built anew for every call."""

from django.contrib.gis.geos import Polygon

from gridmgr.geo.crs import WGS84, metric_srid, transformer

Bounds = tuple[float, float, float, float]


def metric_box(bounds: Bounds, source: int) -> Polygon:
    """The box in the city's metric CRS that holds the box `bounds` (west, south, east, north) of CRS `source`."""
    box = Polygon.from_bbox(transformer(source, metric_srid()).transform_bounds(*bounds, densify_pts=5))
    box.srid = metric_srid()
    return box


def in_degrees(extent: Bounds) -> Bounds:
    """A box in the city's metric CRS as west, south, east, north in degrees of WGS 84."""
    return transformer(metric_srid(), WGS84).transform_bounds(*extent, densify_pts=5)
