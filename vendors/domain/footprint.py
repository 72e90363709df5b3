"""The ground that a place takes beside a kerb: a rectangle that snaps to the kerb and turns with it.

A position is the metre along one run of kerb abreast of the rectangle's middle (vendors.domain.rectangles).
"""

from dataclasses import dataclass

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.utils import timezone
from django.utils.translation import gettext as _
from shapely import Polygon

from gridmgr.core.errors import Invalid, NotThere
from grids.domain.answering import kerbs_meant, roads_at
from grids.models import SRID, Kerb
from parking.domain.row import KerbLine
from vendors.domain.place import Place
from vendors.domain.rectangles import LIMITS_M, Runs, Size, rectangles

SETTLING_STEPS = 12  # until a rectangle's middle is found: each halves, at least, what is left


@dataclass(frozen=True)
class Footprint:
    """The rectangle at one position of one run of kerb, and the metres of road abreast of it."""

    kerb_id: int
    road_id: int
    side: str
    at: float
    area: Polygon
    from_m: float
    to_m: float

    @property
    def stretch(self) -> tuple[float, float]:
        return self.from_m, self.to_m


def footprint(kerb: Kerb, *, at: float, size: Size) -> Footprint:
    """The rectangle of this size whose middle is abreast of metre `at` of a run of kerb.

    Raises Invalid where the run has no room for it: beyond its ends, or where it bends too sharply.
    """
    runs = Runs([kerb])
    half, length = size.length / 2, float(runs.length[0])
    if not half - 1e-6 <= at <= length - half + 1e-6:
        raise Invalid(
            _(
                "这段路缘只有 %(length).1f m,在 %(at).1f m 处放不下 %(wanted).1f m 长的范围。请沿路缘移动或缩短。"
            )
            % {"length": length, "at": at, "wanted": size.length}
        )
    laid = rectangles(runs, np.array([at]), size)
    if laid.straight[0] < 0:
        raise Invalid(
            _("路缘在 %(at).1f m 处转弯太急,放不下 %(wanted).1f m 长的范围。请沿路缘移动或缩短。")
            % {"at": at, "wanted": size.length}
        )
    return as_footprint(runs, at, laid.polygons()[0], size)


def as_footprint(runs: Runs, at: float, area: Polygon, size: Size) -> Footprint:
    """The footprint at a place on the axis, whose rectangle is known."""
    run = int(runs.run_of(np.array([at]))[0])
    kerb = runs.kerbs[run]
    half = size.length / 2
    low, high = sorted(runs.measure(np.array([at - half, at + half])).tolist())
    return Footprint(
        kerb.pk, kerb.road_id, kerb.side, at - float(runs.base[run]), area, round(low, 2), round(high, 2)
    )


def kerbs_at(x: float, y: float) -> list[Kerb]:
    """The runs of kerb that a point may mean, one for each road, the likeliest first; far from roads the nearest of all.

    Two queries; raises NotThere in a city without kerbs.
    """
    here = Point(x, y, srid=SRID)
    meant = [each.kerb_id for each in kerbs_meant(roads_at(here, on=timezone.localdate()))]
    known = Kerb.objects.select_related("road").only("road__name", "side", "line", "measures")
    if meant:
        kerbs = known.in_bulk(meant)
        return [kerbs[pk] for pk in meant if pk in kerbs]
    nearest = known.order_by(GeometryDistance("line", here)).first()
    if nearest is None:
        raise NotThere(_("还没有路缘数据。请先导入道路。"))
    return [nearest]


def nearest_kerb(x: float, y: float) -> tuple[Kerb, float]:
    """The run of kerb that a point means, and the metre along it. Two queries; raises NotThere in a city without kerbs."""
    kerb = kerbs_at(x, y)[0]
    return kerb, along_kerb(kerb, x, y)


def along_kerb(kerb: Kerb, x: float, y: float) -> float:
    """The metre along a run of kerb that is nearest to a point."""
    return float(shapely.line_locate_point(shapely.LineString(KerbLine.of(kerb).xy), shapely.Point(x, y)))


def size_of(place: Place, kerb: Kerb) -> tuple[Size, float]:
    """The smallest rectangle beside the kerb that holds the place's area, and the metre along the kerb abreast of its middle.

    `rectangles` draws it there again: the offset is what a rectangle at a kerb that bulges has beyond the bulge.
    """
    runs, corners = Runs([kerb]), shapely.get_coordinates(place.area.exterior)
    most = float(runs.length[0])
    at = along_kerb(kerb, *shapely.get_coordinates(place.area.centroid)[0])
    length, depth, offset = _length_along(place.area, runs, at), 1.0, 0.0
    for _step in range(SETTLING_STEPS):
        length = float(np.clip(min(length, most), *LIMITS_M["length"]))
        half = length / 2
        laid = rectangles(runs, np.array([min(max(at, half), most - half)]), Size(length, 1.0, 0.0))
        along, out = laid.local(np.zeros(len(corners), dtype=np.intp), corners)
        at = min(max(at, half), most - half) + float(along.min() + along.max()) / 2
        length, depth, offset = float(np.ptp(along)), float(np.ptp(out)), float(out.min() - laid.near[0])
    return Size(length, depth, float(np.clip(offset, *LIMITS_M["offset"]))), at


def _length_along(area: Polygon, runs: Runs, at: float) -> float:
    """How long the area is in the direction of its own sides that is nearest to the kerb's."""
    (before, after) = runs.point(np.array([at - 1.0, at + 1.0]))
    box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area))[:3]
    sides = np.diff(box, axis=0)
    lengths = np.hypot(*sides.T)
    return float(lengths[np.argmax(np.abs(sides @ (after - before)) / np.maximum(lengths, 1e-9))])
