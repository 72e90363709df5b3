"""Spatial cases in round metres: x to the east, y to the north of one base point of the city's metric CRS.

A figure drawn in a test's comment and these calls say the same thing: `rect(300, -12, 16, 4)` is 16 m wide, 4 m
high, its lower left corner 300 m east and 12 m south of the base point. For EPSG:4547 that point lies in Taiyuan.
"""

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon
from psycopg2.extras import DateRange, NumericRange

BASE = (400_000.0, 4_190_000.0)
SRID = settings.GRIDMGR_SRID

XY = tuple[float, float]


def at(x: float, y: float) -> XY:
    """Easting and northing of the point x metres east and y metres north of the base point."""
    return BASE[0] + x, BASE[1] + y


def point(x: float, y: float) -> Point:
    return Point(*at(x, y), srid=SRID)


def line(*points: XY) -> LineString:
    """`line((0, 0), (1000, 0))`: a kilometre due east."""
    return LineString([at(*each) for each in points], srid=SRID)


def polygon(*points: XY) -> Polygon:
    """The polygon with these corners; the ring is closed here."""
    corners = [at(*each) for each in points]
    return Polygon([*corners, corners[0]], srid=SRID)


def rect(x: float, y: float, width: float, height: float) -> Polygon:
    """The rectangle with lower left corner (x, y)."""
    return polygon((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def multi(*polygons: Polygon) -> MultiPolygon:
    return MultiPolygon(*polygons, srid=SRID)


def stretch(from_m: float, to_m: float) -> NumericRange:
    """Metres [from_m, to_m) along a road."""
    return NumericRange(Decimal(str(from_m)), Decimal(str(to_m)), "[)")


def period(start: str = "2020-01-01", end: str | None = None) -> DateRange:
    """Days [start, end), from ISO text; without an end for good."""
    return DateRange(date.fromisoformat(start), date.fromisoformat(end) if end else None, "[)")
