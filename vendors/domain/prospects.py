"""What a suggestion of sites is made of: demand where vendors were met, candidates on the green kerbs, the room at sites that are open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import shapely
from django.db.models import Count, FloatField, Func, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from gridmgr.core.geo.crs import Bounds
from grids.enums import RoadClass
from grids.models import Kerb
from vendors.domain.kerbside import Stretch, Wanted, where_may_stand
from vendors.domain.nearby import free_pitches
from vendors.domain.place import stored
from vendors.domain.siting import require_rules, rules_of
from vendors.models import Guidance, Site

CELL_M = 25.0  # vendors met within the same square of this size count as one demand
CLOSEST_M = 40.0  # between two candidates on one kerb, at the least
MOST_CANDIDATES = 400
ROADS_AT_ONCE = 30  # whose kerbs are looked at between two steps of the progress


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


def candidates_near(
    demand: Demand,
    wanted: Wanted,
    *,
    within_m: float,
    on: date,
    step: Callable[[float], None] = lambda _share: None,
) -> list[Candidate]:
    """Positions on the kerbs that are free of hard rules, evenly spread, at most MOST_CANDIDATES, near some demand.

    `step` is told what share of the kerbs has been looked at, from 0 to 1.
    """
    if not len(demand.xy):
        return []
    require_rules(wanted.kind, rules_of(on))
    around = shapely.union_all(shapely.buffer(shapely.points(demand.xy), within_m, quad_segs=2))
    west, south, east, north = around.bounds
    box = stored(shapely.box(west, south, east, north))
    near = Kerb.objects.filter(line__bboverlaps=box).exclude(road__road_class=RoadClass.EXPRESSWAY)
    roads = sorted(set(near.values_list("road", flat=True)))
    if not roads:
        return []
    shapely.prepare(around)
    stretches: list[Stretch] = []
    for start in range(0, len(roads), ROADS_AT_ONCE):
        step(start / len(roads))
        found = where_may_stand(wanted, on=on, roads=roads[start : start + ROADS_AT_ONCE]).stretches
        stretches += [
            stretch
            for stretch in found
            if stretch.state != "barred" and shapely.intersects(around, stretch.line)
        ]
    return _thinned(_spread(stretches, around))


def _thinned(candidates: list[Candidate]) -> list[Candidate]:
    """At most MOST_CANDIDATES of them, as evenly along the kerbs as they are."""
    if len(candidates) <= MOST_CANDIDATES:
        return candidates
    kept = np.linspace(0, len(candidates) - 1, MOST_CANDIDATES).round().astype(int)
    return [candidates[index] for index in kept.tolist()]


def _spread(stretches: Sequence[Stretch], around: shapely.Geometry) -> list[Candidate]:
    """One in the middle of each short stretch, and as near as CLOSEST_M on longer ones."""
    found = []
    for stretch in stretches:
        count = max(1, int(stretch.length_m // CLOSEST_M))
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


@dataclass(frozen=True)
class Room:
    """An open site and how many of its pitches a vendor could have."""

    site: Site
    free: int


def room_near(box: Bounds, *, at: datetime) -> list[Room]:
    """Sites in the box (metres) that are open and in season on the day of `at`, in order of code.

    What is free is what `guide` sees at that moment: nobody holds it, and it isn't kept for one who was guided. Full
    sites are among them, with 0.
    """
    free = free_pitches(at).filter(site=OuterRef("pk")).order_by().values("site").annotate(n=Count("pk"))
    sites = (
        Site.objects.in_use(on=timezone.localtime(at).date())
        .filter(area__bboverlaps=stored(shapely.box(*box)))
        .annotate(free_n=Coalesce(Subquery(free.values("n")), 0))
        .select_related("road")
        .defer("road__reference_line", "road__ways_left_out")
        .order_by("code")
    )
    return [Room(site, site.free_n) for site in sites]
