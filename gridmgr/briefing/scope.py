"""What a map or a briefing is of: the city, one branch, road or site, or a box; read from words like `branch:03`."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.contrib.gis.db.models import Extent
from django.db.models import Q
from django.utils.translation import gettext as _

from gridmgr.catalog import BACKDROP, FACILITIES, LAYERS, layers_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.city.models import city_name
from gridmgr.core.errors import Invalid, NotThere
from gridmgr.core.geo.crs import WGS84, metric_box, metric_srid, zone_window
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.view import Bounds, View, grown
from gridmgr.core.quantities import as_of, length
from gridmgr.data_files import of_branch
from grids.layers import ROADS, SECTIONS
from grids.models import Branch, Road
from vendors.layers import SITES
from vendors.models import Site

# Room around a road, and around a site, in metres.
BESIDE_ROAD_M, AROUND_SITE_M, AROUND_BRANCH_M = 120.0, 70.0, 60.0
# Pixels of a desktop's map: what `loc` shows of the city.
WINDOW_PX = (1440, 840)
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')


def stem(words: str) -> str:
    """A file's name without its suffix, from these words."""
    return _NOT_IN_NAMES.sub("-", words).strip(" .-")[:80]


@dataclass(frozen=True)
class Scope:
    """A part of the city with the words for it; `bounds` in the metric CRS, `conditions` by layer name.

    `code` is how it is written: city, branch:03, road:迎泽大街, site:TD-01, or a box.
    """

    code: str
    title: str
    about: str
    bounds: Bounds
    conditions: Mapping[str, Q] = field(default_factory=dict)
    emphasis: Sequence[str] = ()
    own: str = ""
    focus: tuple[str, str, str] | None = None

    def file_stem(self, on: date) -> str:
        """A file's name without its suffix, free of what a file system refuses."""
        return stem(f"{self.title} {on.isoformat()}") or "map"


def scope_of(text: str, *, audience: Audience, on: date) -> Scope:
    """The scope that `text` names, as far as this reader may see it.

    Raises Invalid for words that name no scope, NotThere for a branch, road or site that does not exist or is not
    this reader's to see.
    """
    text = text.strip()
    kind, _colon, name = text.replace(":", ":", 1).partition(":")
    if kind in _READERS and (name.strip() or kind == "city"):
        return _READERS[kind](name.strip(), audience, on)
    if text.count(",") == 3:
        return _box(text)
    raise Invalid(
        _(
            "不认识范围“%(text)s”。可用:city(全市)、branch:支部编号、road:道路名称、site:摊点编号,"
            "或 西,南,东,北(经纬度)。"
        )
        % {"text": text[:60]}
    )


def view_of(
    scope: Scope, *, audience: Audience, on: date, layers: str = "", fields: Mapping[str, Q] | None = None
) -> View:
    """The view of a scope as of a day: the catalog's layers, or those of the comma-separated names in `layers`.

    Raises NotThere for an unknown layer, Invalid for names of which none can be switched on.
    """
    wanted = {layer.name for layer in layers_named(layers)} if layers else {layer.name for layer in LAYERS}
    return View(
        title=scope.title,
        subtitle=" · ".join(part for part in (scope.about, as_of(on)) if part),
        bounds=scope.bounds,
        layers=_in_drawing_order(wanted),
        backdrop=BACKDROP,
        audience=audience,
        on=on,
        conditions=_joined(scope.conditions, fields or {}),
        emphasis=scope.emphasis,
        own=scope.own,
        focus=scope.focus,
        file_stem=scope.file_stem(on),
    )


def _in_drawing_order(wanted: set[str]) -> list[Layer]:
    found = [layer for layer in [*FACILITIES, *LAYERS] if layer.name in wanted]
    if not found:
        raise Invalid(_("没有选图层:底图总会画出,请至少再选一个图层。"))
    return found


def _joined(first: Mapping[str, Q], second: Mapping[str, Q]) -> dict[str, Q]:
    return {name: first.get(name, Q()) & second.get(name, Q()) for name in {*first, *second}}


# ── The kinds ─────────────────────────────────────────────────────────────────────────────────────────────


def _city(_name: str, audience: Audience, on: date) -> Scope:
    bounds = _around(
        Branch.objects.visible_to(audience, on=on).aggregate(box=Extent("area"))["box"],
        SECTIONS.rows(audience, on).aggregate(box=Extent("line"))["box"],
    ) or _around(Road.objects.visible_to(audience, on=on).aggregate(box=Extent("reference_line"))["box"])
    if bounds is None:
        raise NotThere(_("还没有可以画的内容:请先导入道路,或运行 script/manage demo 生成演示城市。"))
    count = Branch.objects.visible_to(audience, on=on).count()
    city = city_name()
    title = _("%s网格责任图") % city if city else _("全市网格责任图")
    return Scope("city", title, _("%s 个支部") % count if audience.sees_all else "", bounds)


def _branch(code: str, audience: Audience, on: date) -> Scope:
    branch = Branch.objects.visible_to(audience, on=on).filter(code=code).first()
    if branch is None:
        raise NotThere(_("没有编号为 %s 的支部。") % code[:20])
    sections = SECTIONS.rows(audience, on).filter(branch=branch)
    bounds = _around(sections.aggregate(box=Extent("line"))["box"], branch.area.extent) or branch.area.extent
    conditions = {
        layer.name: of_branch(layer, branch.code, on)
        for layer in LAYERS
        if layer.of_branch and layer is not ROADS  # by whose names one finds one's way
    }
    lengths = [row.stretch.upper - row.stretch.lower for row in sections]
    about = _("责任路段 %(count)s 段,共 %(length)s") % {"count": len(lengths), "length": length(sum(lengths))}
    title = _("%s责任图") % branch
    return Scope(
        f"branch:{code}",
        title,
        about,
        grown(bounds, AROUND_BRANCH_M),
        conditions,
        emphasis=[SECTIONS.name],
        own=branch.code,
    )


def _road(name: str, audience: Audience, on: date) -> Scope:
    roads = Road.objects.visible_to(audience, on=on)
    road = roads.filter(name=name).first()
    if road is None:
        near = [found.name for found in roads.filter(name__icontains=name[:2])[:5]]
        hint = _("名称相近的有:%s。") % _("、").join(near) if near else ""
        raise NotThere(_("没有名为“%s”的道路。") % name[:40] + hint)
    about = " · ".join([road.get_road_class_display(), length(road.length_m)])
    bounds = grown(road.reference_line.extent, BESIDE_ROAD_M)
    conditions = {layer.name: layer.of_road(road) for layer in LAYERS if layer.of_road}
    emphasis, focus = [SECTIONS.name], (ROADS.name, "name", road.name)
    return Scope(f"road:{name}", road.name, about, bounds, conditions, emphasis=emphasis, focus=focus)


def _site(code: str, audience: Audience, on: date) -> Scope:
    site = Site.objects.visible_to(audience, on=on).filter(code=code.upper()).select_related("road").first()
    if site is None:
        raise NotThere(_("没有编号为 %s 的摊点。") % code[:20])
    about = " · ".join([site.get_kind_display(), site.code, site.road.name])
    bounds = grown(site.area.extent, AROUND_SITE_M)
    return Scope(f"site:{site.code}", site.name, about, bounds, focus=(SITES.name, "code", site.code))


def _box(text: str) -> Scope:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid(_("范围框须为四个数:西,南,东,北(经纬度)。")) from None
    numbers = (west, south, east, north)
    if not all(math.isfinite(each) for each in numbers) or not (west < east and south < north):
        raise Invalid(_("范围框须满足 西<东、南<北,且都是有限的数。"))
    zone = zone_window(metric_srid())
    if not (zone.holds(west, south) and zone.holds(east, north)):
        raise Invalid(_("范围框超出本市坐标带的范围(%s)。请核对经纬度的次序:西,南,东,北。") % zone)
    corners = f"{west:.4f}–{east:.4f}°E,{south:.4f}–{north:.4f}°N"
    return Scope(text, _("局部地图"), corners, metric_box(numbers, WGS84).extent)


_READERS: dict[str, Callable[[str, Audience, date], Scope]] = {
    "city": _city, "branch": _branch, "road": _road, "site": _site,
}  # fmt: skip


def window_of(loc: str) -> str:
    """The box, written as a scope, that a desktop's map shows at `lat,lon,zoom`; raises Invalid for other words."""
    try:
        lat, lon, zoom = (float(part) for part in loc.split(","))
    except ValueError:
        raise Invalid(_("位置“%s”无法识别,应为 纬度,经度,级别。") % loc[:40]) from None
    if (
        not all(math.isfinite(each) for each in (lat, lon, zoom))
        or abs(lat) > 85
        or abs(lon) > 180
        or not 5 <= zoom <= 22
    ):
        raise Invalid(_("位置“%s”超出范围。") % loc[:40])
    per_px = 360 / 256 / 2**zoom
    half_lon, half_lat = WINDOW_PX[0] * per_px / 2, WINDOW_PX[1] * per_px / 2 * math.cos(math.radians(lat))
    return ",".join(
        f"{each:.6f}" for each in (lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat)
    )


def _around(*boxes: Bounds | None) -> Bounds | None:
    """The box that holds all of these."""
    known = [box for box in boxes if box]
    if not known:
        return None
    west, south, east, north = zip(*known, strict=True)
    return min(west), min(south), max(east), max(north)
