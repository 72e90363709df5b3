"""Geometry as text that a person pastes: EWKT (`SRID=4547;POINT(…)`) or GeoJSON. Refused at the door when unclear."""

import math
from typing import Any

from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException, GEOSGeometry
from django.core.exceptions import ValidationError
from django.forms import Textarea
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84, metric_srid, zone_window


class GeometryText(Textarea):
    """A form widget for geometry fields that needs no map and no other host."""

    def __init__(self, attrs: dict[str, Any] | None = None, **_: Any) -> None:
        super().__init__({"rows": 4, "class": "vLargeTextField", "spellcheck": "false"} | (attrs or {}))

    def format_value(self, value: Any) -> str:
        return value.ewkt if isinstance(value, GEOSGeometry) else (value or "")

    def deserialize(self, value: str) -> GEOSGeometry:
        """What django.contrib.gis.forms calls to read the text."""
        return read_geometry(value)


def read_geometry(text: str) -> GEOSGeometry:
    """The geometry that `text` says. ValidationError in words: unreadable, no CRS, 3D, not finite, or not in the city's zone."""
    try:
        geometry = GEOSGeometry(text.strip())
    except (GEOSException, GDALException, ValueError, TypeError, RecursionError):
        raise ValidationError(
            _("无法识别这段坐标。请粘贴 GeoJSON,或“SRID=%(srid)s;POINT(东 北)”这样的文字。")
            % {"srid": metric_srid()}
        ) from None
    if not geometry.srid:
        raise ValidationError(
            _("没有写明坐标系。请在前面加上“SRID=%(srid)s;”(米)或“SRID=4326;”(经纬度)。")
            % {"srid": metric_srid()}
        )
    if geometry.hasz:
        raise ValidationError(_("坐标带有高程。请只保留平面坐标(二维)。"))
    _check_place(geometry)
    return geometry


def _check_place(geometry: GEOSGeometry) -> None:
    if geometry.empty or not all(math.isfinite(number) for number in geometry.extent):
        raise ValidationError(_("图形是空的,或含有不是有限数的坐标。"))
    try:
        west, south, east, north = geometry.transform(WGS84, clone=True).extent
    except (GEOSException, GDALException):
        raise ValidationError(_("坐标系 %(srid)s 无法换算。") % {"srid": geometry.srid}) from None
    window = zone_window(metric_srid())
    if not (window.holds(west, south) and window.holds(east, north)):
        raise ValidationError(
            _(
                "图形位于 %(lon).2f°E %(lat).2f°N,不在本市坐标系的范围 %(window)s 内。请检查坐标系和坐标次序(先东后北)。"
            )
            % {"lon": west, "lat": south, "window": window}
        )
