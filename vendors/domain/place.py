"""A place for vendors as the rules see it: a site that stands, or one that somebody proposes.

Geometry is shapely, in metres of the city's metric CRS. What comes from outside passes `read_area` and `checked`,
which refuse in words; nothing is mended in silence.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import Polygon as StoredPolygon
from django.contrib.gis.measure import D
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange
from shapely import Polygon

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84, metric_srid, project, zone_window
from grids.models import SRID, Road
from vendors.enums import SiteKind, SiteState
from vendors.models import Site

MOST_VERTICES = 1_000
LEAST_M2, MOST_M2 = 1.0, 20_000.0
MOST_CAPACITY = 1_000
CITY_REACH_M = 2_000.0  # a place farther than this from every road is not in the city


@dataclass(frozen=True)
class Place:
    """What placement rules look at.

    `area` and `pitches` in metres; `opens` to `closes` daily, across midnight when `closes` is the earlier; `season` is a
    day range or None for all year; `site_id` is the site that this is, which is not in its own way.
    """

    kind: str
    area: Polygon
    opens: time
    closes: time
    season: DateRange | None = None
    state: str = SiteState.PROPOSED
    capacity: int = 1
    pitches: Sequence[tuple[str, Polygon]] = ()
    sign_board: bool = False
    bins: int = 0
    road_id: int | None = None
    side: str = ""
    stretch: tuple[float, float] | None = None
    site_id: int | None = None
    name: str = ""

    @classmethod
    def of(cls, site: Site, *, pitches: Sequence[tuple[str, Polygon]] | None = None) -> "Place":
        """The place that a stored site is. Reads its pitches, unless they are given."""
        if pitches is None:
            pitches = [(pitch.number, as_shapely(pitch.area)) for pitch in site.pitches.all()]
        return cls(
            kind=site.kind,
            area=as_shapely(site.area),
            opens=site.opens,
            closes=site.closes,
            season=site.season,
            state=site.state,
            capacity=site.capacity,
            pitches=pitches,
            sign_board=site.sign_board,
            bins=site.bins,
            road_id=site.road_id,
            side=site.side,
            stretch=(float(site.stretch.lower), float(site.stretch.upper)),
            site_id=site.pk,
            name=site.name,
        )

    def moved_to(self, area: Polygon, **where: Any) -> "Place":
        """The same place on other ground; pitches are left behind, for they are laid anew."""
        return replace(self, area=area, pitches=(), **where)


def as_shapely(geometry: Any) -> Any:
    """A geometry of Django's as shapely's."""
    return shapely.from_wkb(bytes(geometry.wkb))


def stored(polygon: Polygon) -> StoredPolygon:
    """The polygon as Django keeps it, in the city's CRS."""
    return StoredPolygon(*[ring.coords[:] for ring in (polygon.exterior, *polygon.interiors)], srid=SRID)


# ── From outside ──────────────────────────────────────────────────────────────────────────────────────────


def read_area(given: str | bytes | Mapping[str, Any]) -> Polygon:
    """The polygon, in the city's metres, that GeoJSON in WGS 84 says (text or parsed).

    Raises Invalid: no polygon, a `crs` member, a third dimension, NaN or Infinity, empty, crossing itself, too many
    vertices, outside the city's zone.
    """
    geometry = _parsed(given)
    if geometry.get("type") == "Feature":
        geometry = geometry.get("geometry") or {}
    if "crs" in geometry:
        raise Invalid(_("GeoJSON 不应带 crs 成员:坐标一律为 WGS 84 经纬度(RFC 7946)。请换算后去掉 crs。"))
    if geometry.get("type") != "Polygon":
        raise Invalid(_("范围须是一个多边形(Polygon),收到的是 %s。") % str(geometry.get("type"))[:40])
    area = Polygon(*_rings(geometry.get("coordinates")))
    west, south, east, north = area.bounds
    window = zone_window(metric_srid())
    if not (window.holds(west, south) and window.holds(east, north)):
        raise Invalid(
            _(
                "范围位于 %(lon).2f°E %(lat).2f°N,不在本市坐标系的范围 %(window)s 内。请检查坐标次序(先经度后纬度)。"
            )
            % {"lon": west, "lat": south, "window": window}
        )
    return check_area(project(area, WGS84, metric_srid()))


def _parsed(given: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        data = json.loads(given) if isinstance(given, (str, bytes)) else given
    except (ValueError, RecursionError):
        raise Invalid(_("无法识别的 GeoJSON。")) from None
    if not isinstance(data, Mapping):
        raise Invalid(_("无法识别的 GeoJSON。"))
    if "crs" in data:
        raise Invalid(_("GeoJSON 不应带 crs 成员:坐标一律为 WGS 84 经纬度(RFC 7946)。请换算后去掉 crs。"))
    return data


def _rings(coordinates: Any) -> tuple[list[tuple[float, float]], list[list[tuple[float, float]]]]:
    if not isinstance(coordinates, Sequence) or isinstance(coordinates, str) or not coordinates:
        raise Invalid(_("范围是空的。请画出至少三个角点。"))
    total = sum(len(ring) for ring in coordinates if isinstance(ring, Sequence))
    if total > MOST_VERTICES:
        raise Invalid(_too_many(total))
    rings = [[_position(each) for each in _ring(ring)] for ring in coordinates]
    return rings[0], rings[1:]


def _ring(ring: Any) -> Sequence[Any]:
    if not isinstance(ring, Sequence) or isinstance(ring, str) or len(ring) < 4 or ring[0] != ring[-1]:
        raise Invalid(_("多边形的每一环须有至少四个位置,并且首尾相同。"))
    return ring


def _position(position: Any) -> tuple[float, float]:
    if not isinstance(position, Sequence) or isinstance(position, str) or len(position) < 2:
        raise Invalid(_("坐标须写成 [经度, 纬度]。"))
    if len(position) > 2:
        raise Invalid(_("坐标带有高程。请只保留平面坐标(二维)。"))
    if not all(
        isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
        for number in position
    ):
        raise Invalid(_("坐标含有不是有限数的值(NaN、Infinity 或文字)。"))
    return float(position[0]), float(position[1])


def _too_many(count: int) -> str:
    return _("多边形有 %(count)s 个顶点,最多 %(most)s 个。请简化。") % {"count": count, "most": MOST_VERTICES}


def check_area(area: Polygon) -> Polygon:
    """The polygon itself, in metres, when a place may have it; else Invalid in words."""
    if area.geom_type != "Polygon" or area.is_empty:
        raise Invalid(_("范围是空的。请画出至少三个角点。"))
    if area.has_z:
        raise Invalid(_("坐标带有高程。请只保留平面坐标(二维)。"))
    if (count := shapely.get_num_coordinates(area)) > MOST_VERTICES:
        raise Invalid(_too_many(count))
    if not np.isfinite(shapely.get_coordinates(area)).all():
        raise Invalid(_("坐标含有不是有限数的值(NaN、Infinity 或文字)。"))
    if not area.is_valid:
        raise Invalid(_("范围不是有效的多边形:边线自相交或重叠。请重画。"))
    if not LEAST_M2 <= area.area <= MOST_M2:
        raise Invalid(
            _("范围为 %(area).1f m²,须在 %(least).0f 至 %(most).0f m² 之间。")
            % {"area": area.area, "least": LEAST_M2, "most": MOST_M2}
        )
    return area


def checked(place: Place, *, on: date) -> Place:
    """The place itself when it can be: area, hours, season, capacity, and in the city. One query.

    Raises Invalid in words otherwise. Whether it may stand there is another question: `siting.evaluate`.
    """
    if place.kind not in SiteKind.values:
        raise Invalid(_("不认识类别 %s。") % str(place.kind)[:40])
    check_area(place.area)
    if place.opens == place.closes:
        raise Invalid(_("每日开始和结束时间不能相同。"))
    _check_season(place, on)
    _check_capacity(place)
    near = stored(place.area)
    if not Road.objects.filter(reference_line__dwithin=(near, D(m=CITY_REACH_M))).exists():
        raise Invalid(_("范围不在本市:%.0f m 内没有任何道路。请移到道路旁。") % CITY_REACH_M)
    return place


def _check_season(place: Place, on: date) -> None:
    season = place.season
    if place.kind == SiteKind.STALL:
        if season is not None:
            raise Invalid(_("便民摊点没有季节。请去掉季节,或改为临时瓜果市场。"))
        return
    if season is None or season.isempty or season.lower is None or season.upper is None:
        raise Invalid(_("临时瓜果市场须填写季节的开始和结束日期。"))
    if season.upper <= season.lower:
        raise Invalid(
            _("季节在 %(to)s 结束,早于 %(from)s 开始。请改正。") % {"from": season.lower, "to": season.upper}
        )
    if season.upper <= on:
        raise Invalid(_("季节在 %s 已经结束。请填写今后的季节。") % season.upper)


def _check_capacity(place: Place) -> None:
    if not 1 <= place.capacity <= MOST_CAPACITY:
        raise Invalid(
            _("可容纳商贩 %(given)s 须在 1 至 %(most)s 之间。")
            % {"given": place.capacity, "most": MOST_CAPACITY}
        )
    if place.pitches and place.capacity > len(place.pitches):
        raise Invalid(
            _("可容纳商贩 %(given)s 多于摊位数 %(pitches)s。请增加摊位或减少人数。")
            % {"given": place.capacity, "pitches": len(place.pitches)}
        )
    if place.bins < 0:
        raise Invalid(_("垃圾容器数不能为负。"))
