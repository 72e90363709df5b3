"""The datums that files and pages name: WGS 84, CGCS2000, the shifted GCJ-02 and BD-09, or any EPSG code.

GCJ-02 is the obfuscated datum of AMap, Tencent and all other licensed Chinese web maps; BD-09 is Baidu's, shifted
once more. Neither has a published definition: the formulas here are the ones the community recovered, the same in
eviltransform (https://github.com/googollee/eviltransform) and coordtransform
(https://github.com/wandergis/coordtransform). Neither formula has a closed inverse; both are inverted by
fixed-point iteration.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.db import connection, models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84 as WGS84_SRID
from gridmgr.core.geo.crs import Window, metric_srid, transformer, zone_window
from gridmgr.core.geo.functions import nearest_line_distances

if TYPE_CHECKING:
    import pyproj

Degrees = np.ndarray
Pair = tuple[Degrees, Degrees]
Like = np.ndarray | float

# Krasovsky 1940, on which the shift is computed.
_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
# Where the shift applies. The true border is finer; the published formulas know only this box.
SHIFTED = Window(72.004, 0.8293, 137.8347, 55.8271)
# The error shrinks at least 100-fold in each step: four reach a few micrometres, six the limit of double precision.
_STEPS = 6
# Baidu's added shift, in degrees.
_BD_LON, _BD_LAT = 0.0065, 0.006
_BD_WAVE = math.pi * 3000.0 / 180.0


# ── GCJ-02 and BD-09, in degrees ──────────────────────────────────────────────────────────────────────────


def wgs84_to_gcj02(lon: Like, lat: Like) -> Pair:
    """WGS 84 → GCJ-02, both in degrees; outside the box `SHIFTED` nothing moves."""
    lon, lat = _arrays(lon, lat)
    d_lon, d_lat = _shift(lon, lat)
    inside = _in_china(lon, lat)
    return np.where(inside, lon + d_lon, lon), np.where(inside, lat + d_lat, lat)


def gcj02_to_wgs84(lon: Like, lat: Like) -> Pair:
    """GCJ-02 → WGS 84, both in degrees, to the limit of double precision (below a micrometre)."""
    return _inverse(lambda x, y: _plus(x, y, _shift(x, y)), *_arrays(lon, lat))


def wgs84_to_bd09(lon: Like, lat: Like) -> Pair:
    """WGS 84 → BD-09, both in degrees; outside the box `SHIFTED` nothing moves."""
    lon, lat = _arrays(lon, lat)
    x, y = _to_baidu(*_plus(lon, lat, _shift(lon, lat)))
    inside = _in_china(lon, lat)
    return np.where(inside, x, lon), np.where(inside, y, lat)


def bd09_to_wgs84(lon: Like, lat: Like) -> Pair:
    """BD-09 → WGS 84, both in degrees, to the limit of double precision (below a micrometre)."""
    return _inverse(lambda x, y: _to_baidu(*_plus(x, y, _shift(x, y))), *_arrays(lon, lat))


def _arrays(lon: Like, lat: Like) -> Pair:
    return np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)


def _in_china(lon: Degrees, lat: Degrees, margin: float = 0.0) -> np.ndarray:
    box = SHIFTED
    return (
        (lon >= box.west - margin)
        & (lon <= box.east + margin)
        & (lat >= box.south - margin)
        & (lat <= box.north + margin)
    )


def _plus(lon: Degrees, lat: Degrees, shift: Pair) -> Pair:
    return lon + shift[0], lat + shift[1]


def _inverse(forward: Callable[[Degrees, Degrees], Pair], lon: Degrees, lat: Degrees) -> Pair:
    """The point that `forward` takes to (lon, lat): the guess is corrected by its own error, again and again.

    What lies where nothing is shifted comes back as it is.
    """
    near = _in_china(lon, lat, margin=0.1)  # the formulas run wild far away from China
    there_x, there_y = np.where(near, lon, 105.0), np.where(near, lat, 35.0)
    x, y = there_x, there_y
    for _step in range(_STEPS):
        found = forward(x, y)
        x, y = x + (there_x - found[0]), y + (there_y - found[1])
    inside = near & _in_china(
        x, y, margin=1e-9
    )  # a point on the very edge may come back a rounding error off
    return np.where(inside, x, lon), np.where(inside, y, lat)


def _shift(lon: Degrees, lat: Degrees) -> Pair:
    """By how many degrees GCJ-02 lies east and north of WGS 84 there."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * (np.sin(6.0 * x * np.pi) + np.sin(2.0 * x * np.pi))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + _waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + _waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))) * 2.0 / 3.0
    return _in_degrees(east, north, lat)


def _waves(value: Degrees, *terms: tuple[float, float]) -> Degrees:
    return sum((height * np.sin(value * rate * np.pi) for height, rate in terms), np.zeros_like(value))


def _in_degrees(east_m: np.ndarray, north_m: np.ndarray, lat: Degrees) -> Pair:
    """Metres on the ellipsoid at that latitude, as degrees."""
    radians = np.radians(lat)
    magic = 1 - _ECCENTRICITY_2 * np.sin(radians) ** 2
    meridian = _AXIS_M * (1 - _ECCENTRICITY_2) / (magic * np.sqrt(magic))
    parallel = _AXIS_M / np.sqrt(magic) * np.cos(radians)
    return np.degrees(east_m / parallel), np.degrees(north_m / meridian)


def _to_baidu(lon: Degrees, lat: Degrees) -> Pair:
    """GCJ-02 → BD-09, both in degrees."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_WAVE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_WAVE)
    return radius * np.cos(angle) + _BD_LON, radius * np.sin(angle) + _BD_LAT


# ── Datums by name ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Datum:
    """What the coordinates of a file are counted in.

    `code` is how commands and files write it (wgs84, cgcs2000, gcj02, bd09, epsg:4547); `label` how people read it.
    `srid` is the EPSG code, 0 for the two datums that have none.
    """

    code: str
    label: str | Promise
    srid: int = 0

    def __str__(self) -> str:
        return str(self.label)

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are longitude and latitude in degrees."""
        return not self.srid or bool(_crs(self.srid).is_geographic)

    @property
    def crs(self) -> str | None:
        """EPSG:… for a file to carry, or None when no EPSG code can say it."""
        return f"EPSG:{self.srid}" if self.srid else None


WGS84 = Datum("wgs84", "WGS 84 (EPSG:4326)", WGS84_SRID)
CGCS2000 = Datum("cgcs2000", gettext_lazy("CGCS2000 经纬度 (EPSG:4490)"), 4490)
GCJ02 = Datum("gcj02", gettext_lazy("GCJ-02 火星坐标(高德、腾讯地图)"))
BD09 = Datum("bd09", gettext_lazy("BD-09 百度坐标(百度地图)"))
_SHIFTS = {"gcj02": (wgs84_to_gcj02, gcj02_to_wgs84), "bd09": (wgs84_to_bd09, bd09_to_wgs84)}


def zones() -> list[Datum]:
    """The 3-degree Gauss-Kruger zones of CGCS2000: 4534–4554 by central meridian, 4513–4533 with the zone in the easting."""
    plain = [
        Datum(
            f"epsg:{4534 + index}",
            _("CGCS2000 三度带 中央经线 %s°E(东坐标不带带号)") % (75 + 3 * index),
            4534 + index,
        )
        for index in range(21)
    ]
    prefixed = [
        Datum(
            f"epsg:{4513 + index}", _("CGCS2000 三度带 第 %s 带(东坐标带带号)") % (25 + index), 4513 + index
        )
        for index in range(21)
    ]
    return [*plain, *prefixed]


def datums() -> list[Datum]:
    """Every datum that has a name of its own, the usual ones first; any other is named by its EPSG code."""
    return [WGS84, CGCS2000, GCJ02, BD09, *zones()]


def datum_named(text: str) -> Datum:
    """The datum that a person named: wgs84, cgcs2000, gcj02, bd09, EPSG:4547 or 4547. Raises Invalid for others."""
    word = text.strip().lower().replace("_", "").replace("-", "").replace(" ", "")
    named = {"wgs84": WGS84, "cgcs2000": CGCS2000, "gcj02": GCJ02, "bd09": BD09}
    if word in named:
        return named[word]
    number = text.strip().lower().removeprefix("epsg:")
    if number.isascii() and number.isdigit() and len(number) <= 6:
        return datum_of(int(number))
    raise Invalid(
        _("不认识坐标基准 %s。可用:wgs84、cgcs2000、gcj02、bd09,或 EPSG 编号,如 EPSG:4547。") % text[:40]
    )


def datum_of(srid: int) -> Datum:
    """The datum with that EPSG code; raises Invalid when there is none, or it isn't a horizontal one."""
    for known in (WGS84, CGCS2000, *zones()):
        if known.srid == srid:
            return known
    return Datum(f"epsg:{srid}", f"{_crs(srid).name} (EPSG:{srid})", srid)


@cache
def _crs(srid: int) -> "pyproj.CRS":
    import pyproj
    from pyproj.exceptions import CRSError

    try:
        crs = pyproj.CRS.from_epsg(srid)
    except CRSError:
        raise Invalid(_("没有 EPSG:%s 这个坐标系。请核对编号,如 EPSG:4490 或 EPSG:4547。") % srid) from None
    if not (crs.is_geographic or crs.is_projected) or len(crs.axis_info) != 2:
        raise Invalid(_("EPSG:%(srid)s(%(name)s)不是平面位置的坐标系。") % {"srid": srid, "name": crs.name})
    return crs


# ── Into metres and back ──────────────────────────────────────────────────────────────────────────────────


def to_metric(geometry: Any, datum: Datum) -> Any:
    """A shapely geometry, or an array of them, from `datum` into the city's metric CRS."""
    return shapely.transform(geometry, lambda xy: np.column_stack(xy_to_metric(xy[:, 0], xy[:, 1], datum)))


def from_metric(geometry: Any, datum: Datum) -> Any:
    """A shapely geometry, or an array of them, from the city's metric CRS into `datum`."""
    return shapely.transform(geometry, lambda xy: np.column_stack(xy_from_metric(xy[:, 0], xy[:, 1], datum)))


def xy_to_metric(x: np.ndarray, y: np.ndarray, datum: Datum) -> Pair:
    """Eastings and northings in metres of points whose x (longitude, easting) comes first; inf where there are none."""
    if datum.code in _SHIFTS:
        x, y = _SHIFTS[datum.code][1](x, y)
    return transformer(_source(datum), metric_srid()).transform(x, y)


def xy_from_metric(x: np.ndarray, y: np.ndarray, datum: Datum) -> Pair:
    """x (longitude, easting) and y in `datum` of points in the city's metric CRS."""
    lon, lat = transformer(metric_srid(), _source(datum)).transform(x, y)
    return _SHIFTS[datum.code][0](lon, lat) if datum.code in _SHIFTS else (lon, lat)


def _source(datum: Datum) -> int:
    """The EPSG code from which PROJ takes over. CGCS2000 and WGS 84 agree within centimetres and count as one."""
    return WGS84_SRID if datum in (WGS84, CGCS2000) or not datum.srid else datum.srid


# ── Which datum fits ──────────────────────────────────────────────────────────────────────────────────────

# As many points as tell one datum from another; the rest would only cost time.
FIT_POINTS = 400


@dataclass(frozen=True)
class Fit:
    """How well points fit the lines of the city under one datum, in metres from the nearest line.

    `used` points lay in the city's zone, `outside` did not; without any the distances are None.
    """

    datum: Datum
    used: int
    outside: int
    median_m: float | None = None
    p90_m: float | None = None


def fit_of(
    points: np.ndarray, candidates: Sequence[Datum], *, near: type[models.Model], column: str = "line"
) -> list[Fit]:
    """The fit of `points` (n × 2, x first) under each candidate datum to the lines of a model, best first.

    Distances are to the nearest line, e.g. a kerb or a carriageway; at most FIT_POINTS of the points, evenly taken,
    are looked at. Nothing is chosen here: a person does that. One SQL statement.
    """
    points = np.asarray(points, dtype=float)[:: max(1, len(points) // FIT_POINTS)][:FIT_POINTS]
    placed = [_placed(points, datum) for datum in candidates]
    measured = _measured(placed, near, column)
    fits = [
        Fit(datum, len(xy), len(points) - len(xy), *measured.get(index, (None, None)))
        for index, (datum, xy) in enumerate(zip(candidates, placed, strict=True))
    ]
    return sorted(fits, key=lambda fit: (math.inf if fit.median_m is None else fit.median_m, -fit.used))


def _placed(points: np.ndarray, datum: Datum) -> np.ndarray:
    """Metric coordinates of those points that lie in the city's zone under `datum`."""
    xy = np.column_stack(xy_to_metric(points[:, 0], points[:, 1], datum))
    lon, lat = transformer(metric_srid(), WGS84_SRID).transform(xy[:, 0], xy[:, 1])
    window = zone_window(metric_srid())
    inside = np.array([window.holds(*place) for place in zip(lon, lat, strict=True)], dtype=bool)
    return xy[inside]


def _measured(
    placed: Sequence[np.ndarray], near: type[models.Model], column: str
) -> dict[int, tuple[float | None, float | None]]:
    """Median and 90th percentile distance in metres to the nearest line, by index of the candidate."""
    which = [index for index, xy in enumerate(placed) for _point in xy]
    whole = np.concatenate([*placed, np.empty((0, 2))])
    statement = nearest_line_distances(near, column)
    with connection.cursor() as cursor:
        cursor.execute(statement, [metric_srid(), which, whole[:, 0].tolist(), whole[:, 1].tolist()])
        return {index: (median, p90) for index, median, p90 in cursor.fetchall()}
