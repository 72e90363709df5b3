"""A draft: what a planner sets (a position at a kerb, a layout of pitches), and the ground that it draws.

The same draft always makes the same ground, so what is drawn on a screen is what is saved.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import time

import numpy as np
import shapely
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange
from shapely import Polygon

from gridmgr.core import quantities
from gridmgr.core.errors import Invalid, NotThere
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer, zone_window
from grids.enums import Side
from grids.models import Kerb, Road
from parking.domain.row import KerbLine
from vendors.domain.footprint import Footprint, along_kerb, footprint, kerbs_at, size_of
from vendors.domain.naming import name_at
from vendors.domain.pitching import Frame, Layout, check_count, frame_beside, lay
from vendors.domain.place import CITY_REACH_M, Place, as_shapely
from vendors.domain.rectangles import Size
from vendors.models import Site

METRE_DIGITS = 3  # a position is a metre of road to the millimetre: what goes out and comes back is the same


@dataclass(frozen=True)
class Position:
    """A metre of a road on one of its sides: abreast of the middle of what stands there."""

    road_id: int
    side: str
    metre: float
    kerb: Kerb | None = field(
        default=None, compare=False, repr=False
    )  # the run of kerb, where it is known already
    # At crossings and where roads lie one above the other: what the same place may mean instead.
    others: "tuple[Position, ...]" = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Draft:
    """What a planner sets. `offset` is metres from the kerb, negative on the carriageway; `site_id` the site that moves."""

    kind: str
    position: Position
    pitches: int
    layout: Layout
    opens: time
    closes: time
    season: DateRange | None = None
    offset: float = 0.8
    name: str = ""
    site_id: int | None = None

    def __post_init__(self) -> None:
        check_count(self.pitches)
        if self.opens == self.closes:
            raise Invalid(_("每日开始和结束时间不能相同。"))

    @property
    def size(self) -> Size:
        return Size(self.layout.length_for(self.pitches), self.layout.depth_for, self.offset)


@dataclass(frozen=True)
class Drawn:
    """A draft on the ground: the kerb, the rectangle, its pitches, and the place that the rules judge."""

    draft: Draft
    kerb: Kerb
    footprint: Footprint
    frame: Frame
    place: Place

    @property
    def pitches(self) -> Sequence[tuple[str, Polygon]]:
        return self.place.pitches


def locate(*, lon: float, lat: float) -> Position:
    """The position that a place in degrees means, with the others that it may mean. Two queries; raises Invalid outside the city."""
    if not zone_window(metric_srid()).holds(lon, lat):
        raise Invalid(
            _("经度 %(lon)s、纬度 %(lat)s 不在本市。请移到本市的道路旁。") % {"lon": lon, "lat": lat}
        )
    x, y = transformer(WGS84, metric_srid()).transform(lon, lat)
    here = shapely.Point(x, y)
    kerbs = kerbs_at(x, y)
    line = shapely.LineString(KerbLine.of(kerbs[0]).xy)
    if (away := line.distance(here)) > CITY_REACH_M:
        raise Invalid(
            _("这里 %(reach).0f m 内没有道路,最近的路缘在 %(away)s 外。请移到本市的道路旁。")
            % {"reach": CITY_REACH_M, "away": quantities.length(away)}
        )
    first, *others = (position_at(kerb, along_kerb(kerb, x, y)) for kerb in kerbs)
    return replace(first, others=tuple(others))


def position_at(kerb: Kerb, at: float) -> Position:
    """The position at a metre along a run of kerb."""
    return Position(kerb.road_id, kerb.side, round(KerbLine.of(kerb).measure(at), METRE_DIGITS), kerb)


def _with_road(kerbs: "QuerySet[Kerb]") -> "QuerySet[Kerb]":
    return kerbs.select_related("road").only("road__name", "side", "line", "measures")


def _kerbs(position: Position) -> list[Kerb]:
    """The runs of kerb on that side of that road; only the one on which the position lies, when that is known."""
    if position.kerb is not None:
        return [position.kerb]
    if position.side not in Side.values:
        raise Invalid(_("侧别须为左侧或右侧。"))
    kerbs = list(_with_road(Kerb.objects.filter(road=position.road_id, side=position.side)))
    if not kerbs:
        raise NotThere(_("这条道路没有路缘数据。请另选道路,或重新导入道路。"))
    return kerbs


def kerb_at(position: Position, *, length: float = 0.0, stay: bool = False) -> tuple[Kerb, float]:
    """The run of kerb at a position, and the metre along it. With `stay` moved so that `length` metres fit on the run.

    Raises Invalid for an unknown side, or a metre beyond the road's end or on a gap in its kerb.
    """
    kerbs = _kerbs(position)
    kerb = min(kerbs, key=lambda each: _apart(each, position.metre))
    line = KerbLine.of(kerb)
    if (apart := _apart(kerb, position.metre)) > 0.01 and not (stay and apart < max(length, 1.0)):
        ends = _("、").join(
            f"{min(each.measures):.0f}–{max(each.measures):.0f} m"
            for each in sorted(kerbs, key=lambda each: min(each.measures))
        )
        raise Invalid(
            _("%(road)s%(side)s在 %(metre).0f m 处没有路缘,有路缘的是 %(ends)s。请改里程。")
            % {
                "road": kerb.road.name,
                "side": kerb.get_side_display(),
                "metre": position.metre,
                "ends": ends,
            }
        )
    at = float(np.interp(position.metre, line.measures, line.arc))
    if stay and line.length_m >= length:
        at = min(max(at, length / 2), line.length_m - length / 2)
    return kerb, at


def _apart(kerb: Kerb, metre: float) -> float:
    low, high = min(kerb.measures), max(kerb.measures)
    return max(low - metre, metre - high, 0.0)


def draw(draft: Draft, *, stay: bool = False) -> Drawn:
    """The draft on the ground. With `stay` it is moved along the kerb until it fits between the kerb's ends.

    Raises Invalid where there is no room for it. One query.
    """
    if not math.isfinite(draft.position.metre):
        raise Invalid(_("里程须是数字(米)。"))
    kerb, at = kerb_at(draft.position, length=draft.size.length, stay=stay)
    if stay:
        position = replace(position_at(kerb, at), others=draft.position.others)
        draft = replace(draft, position=position)
        at = float(np.interp(draft.position.metre, (line := KerbLine.of(kerb)).measures, line.arc))
    found = footprint(kerb, at=_inside(kerb, at, draft.size.length), size=draft.size)
    corners = shapely.get_coordinates(found.area)
    along, out = (corners[k] - corners[0] for k in (1, 3))
    frame = Frame.of(found.area, along / np.hypot(*along), out / np.hypot(*out))
    pitches = lay(found.area, frame, layout=draft.layout, most=draft.pitches)
    place = Place(
        kind=draft.kind,
        area=found.area,
        opens=draft.opens,
        closes=draft.closes,
        season=draft.season,
        capacity=draft.pitches,
        pitches=pitches,
        road_id=kerb.road_id,
        side=kerb.side,
        stretch=found.stretch,
        site_id=draft.site_id,
        name=draft.name,
    )
    return Drawn(draft, kerb, found, frame, place)


def _inside(kerb: Kerb, at: float, length: float) -> float:
    """A millimetre of rounding must not carry a footprint beyond the kerb's end."""
    most = KerbLine.of(kerb).length_m - length / 2
    return min(max(at, length / 2), most) if -0.01 <= most - at < 0 or -0.01 <= at - length / 2 < 0 else at


def called(drawn: Drawn) -> str:
    """A name to offer: "府西街右侧 412 m 便民摊点"."""
    return name_at(
        road=drawn.kerb.road.name,
        side=drawn.kerb.side,
        metre=drawn.draft.position.metre,
        kind=drawn.draft.kind,
    )


def layout_of(site: Site, frame: Frame) -> Layout:
    """The layout that a stored site's pitches follow, as near as one row can tell."""
    places = sorted(frame.place_of(as_shapely(pitch.area)) for pitch in site.pitches.all())
    if not places:
        return Layout(depth=round(min(max(frame.depth - 0.8, 0.5), 20.0), 2))
    width, depth = round(places[0][2], 2), round(places[0][3], 2)
    gap = max(round(places[1][0] - places[0][0] - width, 2), 0.0) if len(places) > 1 else 0.4
    aisle = max(round(frame.depth - depth, 2), 0.0)
    return Layout(width, depth, gap, aisle)


def frame_of(site: Site) -> Frame:
    """The axes of a stored site: along its kerb, or along its road while that has no kerbs."""
    try:
        line = kerb_of(site).line
    except NotThere:
        line = site.road.reference_line
    return frame_beside(as_shapely(site.area), as_shapely(line), site.side)


def draft_of(site: Site) -> Draft:
    """A stored site as a draft that draws it again. Raises NotThere when its road has no kerbs."""
    kerb = kerb_of(site)
    size, at = size_of(Place.of(site), kerb)
    return Draft(
        kind=site.kind,
        position=position_at(kerb, min(max(at, 0.0), KerbLine.of(kerb).length_m)),
        pitches=site.pitches.count() or site.capacity,
        layout=layout_of(site, frame_of(site)),
        opens=site.opens,
        closes=site.closes,
        season=site.season,
        offset=round(size.offset, 2),
        name=site.name,
        site_id=site.pk,
    )


def kerb_of(site: Site) -> Kerb:
    """The run of kerb at which a stored site stands."""
    return kerb_at(Position(site.road_id, site.side, site.middle_m), length=50.0, stay=True)[0]


def road_named(name: str) -> Road:
    """The road of this name. Raises Invalid for one that is not there."""
    road = Road.objects.only("pk", "name").filter(name=name.strip()).first()
    if road is None:
        raise Invalid(_("没有名为“%s”的道路。请从提示中选一条。") % name.strip()[:40])
    return road
