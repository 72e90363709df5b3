"""What a suggestion of sites is made of: demand where vendors were met, candidates on the green kerbs, the sites that stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import shapely
from django.db.models import FloatField, Func

from gridmgr.geo.bbox import Bounds
from grids.enums import RoadClass
from grids.models import Kerb
from vendors.domain.kerbside import Stretch, Wanted, where_may_stand
from vendors.domain.place import stored
from vendors.enums import SiteState
from vendors.models import Guidance, Site

CELL_M = 25.0  # vendors met within the same square of this size count as one demand
CLOSEST_M = 40.0  # between two candidates on one kerb, at first
MOST_CANDIDATES = 400


@dataclass(frozen=True)
class Demand:
    """Places in metres, shape (n, 2), and how much is wanted at each."""

    xy: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """A position where a site of the wanted size breaks no hard rule; `warned` when it breaks advisory ones."""

    x: float
    y: float
    road_id: int
    side: str
    metre: float
    warned: bool


def demand_met(*, since: datetime, until: datetime) -> Demand:
    """Where mobile vendors were met in that time: one unit each, put together by squares of CELL_M."""
    rows = Guidance.objects.filter(at__gte=since, at__lt=until).annotate(
        x=Func("location", function="ST_X", output_field=FloatField()),
        y=Func("location", function="ST_Y", output_field=FloatField()),
    )
    return gathered(list(rows.values_list("x", "y")))


def gathered(places: Sequence[tuple[float, float]]) -> Demand:
    """Places put together by squares of CELL_M, each at the mean of its places."""
    if not places:
        return Demand(np.empty((0, 2)), np.empty(0))
    xy = np.asarray(places, dtype=float)
    _cells, owner, count = np.unique(np.floor(xy / CELL_M), axis=0, return_inverse=True, return_counts=True)
    sums = np.column_stack([np.bincount(owner.ravel(), xy[:, axis]) for axis in (0, 1)])
    return Demand(sums / count[:, None], count.astype(float))


def candidates_near(demand: Demand, wanted: Wanted, *, within_m: float, on: date) -> list[Candidate]:
    """Positions on the kerbs that are free of hard rules, evenly spread, at most MOST_CANDIDATES, near some demand."""
    if not len(demand.xy):
        return []
    around = shapely.union_all(shapely.buffer(shapely.points(demand.xy), within_m, quad_segs=2))
    west, south, east, north = around.bounds
    box = stored(shapely.box(west, south, east, north))
    near = Kerb.objects.filter(line__bboverlaps=box).exclude(road__road_class=RoadClass.EXPRESSWAY)
    roads = sorted(set(near.values_list("road", flat=True)))
    if not roads:
        return []
    shapely.prepare(around)
    stretches = [
        stretch
        for stretch in where_may_stand(wanted, on=on, roads=roads).stretches
        if stretch.state != "barred" and shapely.intersects(around, stretch.line)
    ]
    apart = CLOSEST_M
    while len(found := _spread(stretches, apart, around)) > MOST_CANDIDATES:
        apart *= 1.25
    return found


def _spread(stretches: Sequence[Stretch], apart: float, around: shapely.Geometry) -> list[Candidate]:
    found = []
    for stretch in stretches:
        count = max(1, int(stretch.length_m // apart))
        for share in (np.arange(count) + 0.5) / count:
            spot = stretch.line.interpolate(share, normalized=True)
            if shapely.intersects(around, spot):
                metre = stretch.from_m + (stretch.to_m - stretch.from_m) * float(share)
                found.append(
                    Candidate(
                        spot.x,
                        spot.y,
                        stretch.road_id,
                        stretch.side,
                        round(metre, 1),
                        stretch.state == "warned",
                    )
                )
    return found


def standing_near(box: Bounds, *, on: date) -> list[Site]:
    """Approved, open and suspended sites whose middle lies in the box (metres), in order of code."""
    area = shapely.box(*box)
    sites = (
        Site.objects.filter(state__in=[SiteState.APPROVED, SiteState.OPEN, SiteState.SUSPENDED])
        .filter(area__bboverlaps=stored(area))
        .select_related("road")
        .defer("road__reference_line", "road__ways_left_out")
        .order_by("code")
    )
    return [site for site in sites if site.season is None or on in site.season]
