"""Which metric CRS a city should be stored in: the CGCS2000 three-degree zone that distorts its roads least.

EPSG:4534 to 4554 are CGCS2000 / 3-degree Gauss-Kruger CM 75E to 135E, without zone number in the easting
(GB/T 17798, EPSG registry). On the central meridian the scale is 1; it grows with the square of the distance from it.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import ZONE_MARGIN_DEG, Window, zone_window

if TYPE_CHECKING:
    import pyproj

ZONES = {4534 + index: 75 + 3 * index for index in range(21)}  # EPSG code: central meridian in °E
WEST, EAST, SOUTH, NORTH = 73.0, 137.0, 3.0, 54.5
# Up to STRAY_SHARE of the points may lie farther than STRAY_DEG from the middle and are not looked at: files have such rows.
STRAY_DEG, STRAY_SHARE = 1.5, 0.02


@dataclass(frozen=True)
class Zone:
    """A metric CRS for a city. `distortion_ppm`: the greatest error of a length, in millionths, over the points given."""

    srid: int
    meridian: int
    distortion_ppm: float
    holds_all: bool

    def __str__(self) -> str:
        return f"EPSG:{self.srid} (CGCS2000, {self.meridian}°E)"


@dataclass(frozen=True)
class Proposal:
    """The zone to take, the next best, and the box in which the points lie."""

    best: Zone
    next_best: Zone
    extent: Window

    def reasons(self) -> str:
        """Why this zone, in a sentence or two."""
        words = _(
            "道路位于 %(extent)s,用 EPSG:%(srid)s(中央经线 %(meridian)s°E)时长度变形最小,至多百万分之 %(ppm)s(每公里 %(mm)s 毫米)。"
        ) % {
            "extent": self.extent,
            "meridian": self.best.meridian,
            "srid": self.best.srid,
            "ppm": f"{self.best.distortion_ppm:.0f}",
            "mm": f"{self.best.distortion_ppm:.0f}",
        }
        return words + _("相邻的 EPSG:%(srid)s 为百万分之 %(ppm)s。") % {
            "srid": self.next_best.srid,
            "ppm": f"{self.next_best.distortion_ppm:.0f}",
        }


def propose_zone(lonlat: NDArray[np.float64]) -> Proposal:
    """The zone with the smallest greatest distortion over points in degrees (n × 2, WGS 84 or CGCS2000).

    A city across two zones gets the better one. Raises Invalid when the points lie outside China, or reach farther than
    one zone and a degree on either side: no zone would keep their metres true.
    """
    points = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise Invalid(_("文件里没有可用的坐标,无法建议坐标系。"))
    stray = np.abs(points - np.median(points, axis=0)).max(axis=1) > STRAY_DEG
    if stray.mean() <= STRAY_SHARE:
        points = points[~stray]
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    extent = Window(float(west), float(south), float(east), float(north))
    if west < WEST or east > EAST or south < SOUTH or north > NORTH:
        raise Invalid(
            _(
                "道路位于 %(extent)s,不全在中国境内的三度带里,没有合适的 CGCS2000 坐标系。请检查文件的坐标系,或用 --srid 指定。"
            )
            % {"extent": extent}
        )
    ranked = sorted(
        (measure_zone(srid, points) for srid in near(extent)), key=lambda zone: zone.distortion_ppm
    )
    if not ranked[0].holds_all:
        raise Invalid(
            _(
                "道路位于 %(extent)s,东西相距太远,任何一个三度带(加两侧各 %(margin)s 度)都装不下。"
                "请只导入一座城市的道路,或用 --srid 指定坐标系。"
            )
            % {"extent": extent, "margin": f"{ZONE_MARGIN_DEG:g}"}
        )
    return Proposal(ranked[0], ranked[1], extent)


def near(extent: Window) -> list[int]:
    """The EPSG codes of zones that touch the box, and their neighbours."""
    return [srid for srid, meridian in ZONES.items() if extent.west - 4.5 <= meridian <= extent.east + 4.5]


def measure_zone(srid: int, lonlat: NDArray[np.float64]) -> Zone:
    """How much lengths are distorted in a metric CRS over points in degrees; any projected CRS will do."""
    window = zone_window(srid)
    factors = _projection(srid).get_factors(lonlat[:, 0], lonlat[:, 1])
    worst = max(
        float(np.nanmax(np.abs(np.asarray(scale) - 1.0)))
        for scale in (factors.meridional_scale, factors.parallel_scale)
    )
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    held = window.holds(float(west), float(south)) and window.holds(float(east), float(north))
    return Zone(srid, ZONES.get(srid, 0), worst * 1e6, held)


@cache
def _projection(srid: int) -> "pyproj.Proj":
    import pyproj

    return pyproj.Proj(pyproj.CRS.from_epsg(srid))
