"""The way to a place, by the map apps that people have: plain links, which a person taps; nothing is loaded from them.

Amap reads GCJ-02, Baidu BD-09; a `geo:` link (RFC 5870), which the phone's own choice of apps opens, WGS 84.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.geo.datums import wgs84_to_bd09, wgs84_to_gcj02

SOURCE = "gridmgr"
DIGITS = 6  # a decimetre


@dataclass(frozen=True)
class Link:
    """A link to one map app; `app` names it for scripts and tests."""

    app: str
    label: str
    href: str


@dataclass(frozen=True)
class WayThere:
    """A place that one may go to: its name, where it is in words, its degrees of WGS 84, and the links."""

    name: str
    where: str
    lon: float
    lat: float
    links: tuple[Link, ...]

    @property
    def text(self) -> str:
        """What is shared or copied beside the address of a page."""
        return _("%(name)s:%(where)s") % {"name": self.name, "where": self.where} if self.where else self.name


def way_there(name: str, x: float, y: float, *, where: str = "") -> WayThere:
    """The way to a place in the metric CRS."""
    lon, lat = (float(each) for each in transformer(metric_srid(), WGS84).transform(x, y))
    return WayThere(
        name, where, lon, lat, (_amap(name, lon, lat), _baidu(name, lon, lat), _geo(name, lon, lat))
    )


def _amap(name: str, lon: float, lat: float) -> Link:
    x, y = (float(each) for each in wgs84_to_gcj02(lon, lat))
    query = {
        "to": f"{x:.{DIGITS}f},{y:.{DIGITS}f},{name.replace(',', ' ')}",
        "mode": "walk",
        "coordinate": "gaode",
        "src": SOURCE,
        "callnative": "1",
    }
    return Link("amap", _("高德地图"), f"https://uri.amap.com/navigation?{urlencode(query, quote_via=quote)}")


def _baidu(name: str, lon: float, lat: float) -> Link:
    x, y = (float(each) for each in wgs84_to_bd09(lon, lat))
    query = {
        "location": f"{y:.{DIGITS}f},{x:.{DIGITS}f}",
        "title": name,
        "content": name,
        "coord_type": "bd09ll",
        "output": "html",
        "src": SOURCE,
    }
    return Link(
        "baidu", _("百度地图"), f"https://api.map.baidu.com/marker?{urlencode(query, quote_via=quote)}"
    )


def _geo(name: str, lon: float, lat: float) -> Link:
    place = f"{lat:.{DIGITS}f},{lon:.{DIGITS}f}"
    return Link("geo", _("手机地图"), f"geo:{place}?q={place}({quote(name)})")
