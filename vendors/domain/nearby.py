"""The nearest open sites with a free pitch, and the way there on foot.

A pitch is free when no vendor holds it on the days in question and it is not being held for one who was guided.
Walking distance is that of grids.domain.walking, along the streets; a straight line is never longer, so the nearest
sites on foot are found by asking for sites by straight line until none that is farther can be nearer on foot.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.db.models import (
    Count,
    Exists,
    F,
    FloatField,
    Func,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange, DateTimeTZRange

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer, zone_window
from grids.domain.streets_on_foot import walking_network
from grids.domain.walking import Route, WalkingNetwork
from vendors.enums import SiteKind
from vendors.models import Allocation, Pitch, PitchHold, Site

HOLD = timedelta(hours=2)
LIMIT_M = 3_000.0  # farther than this nobody pushes a cart
MOST = 5
FIRST_LOOK = 96  # sites asked for by straight line at first; four times as many each further time


@dataclass(frozen=True)
class Suggestion:
    """An open site with a free pitch: metres on foot, and free pitches now."""

    site: Site
    metres: float
    free: int


def place_at(lon: float, lat: float) -> Point:
    """The place at these degrees of WGS 84, in the metric CRS. Raises Invalid when it can't lie in the city's zone."""
    window = zone_window(metric_srid())
    if not window.holds(lon, lat):
        raise Invalid(
            _("位置 %(lon)s, %(lat)s 不在本市范围(%(window)s)内。请改用图钉选点。")
            % {"lon": f"{lon:.5f}", "lat": f"{lat:.5f}", "window": window}
        )
    x, y = transformer(WGS84, metric_srid()).transform(lon, lat)
    return Point(x, y, srid=metric_srid())


def nearest_open(
    place: Point,
    *,
    at: datetime,
    fruit: bool,
    most: int = MOST,
    limit_m: float = LIMIT_M,
    network: WalkingNetwork | None = None,
) -> list[Suggestion]:
    """At most `most` sites that are open `at` that moment and have a free pitch, nearest on foot first.

    A fruit market takes fruit only; a stall site takes everything. `limit_m` metres on foot at the most. `network` is
    that of the database unless given.
    """
    open_now = _open_near(place, at=at, fruit=fruit)
    network = network or walking_network()
    start, look = network.join(place), FIRST_LOOK
    while True:
        asked = list(open_now[:look])
        farthest = asked[-1][3] if asked else 0.0
        complete = len(asked) < look or farthest > limit_m
        # No way on foot is shorter than the straight one: nothing that was not asked for is nearer than `farthest`.
        reach = limit_m if complete else farthest
        free = [each for each in asked if each[4]]
        middles = np.array([each[1:3] for each in free]).reshape(-1, 2)
        walks = network.nearest(start, middles, limit_m=reach, most=most)
        if complete or len(walks) == most:
            return _suggestions([(free[walk.index], walk.metres) for walk in walks])
        look *= 4


# Key of a site, its middle, its distance as the crow flies, its free pitches (None: no pitch is free).
Candidate = tuple[int, float, float, float, int | None]


def _open_near(place: Point, *, at: datetime, fruit: bool) -> "QuerySet[Any, Candidate]":
    """Open sites, nearest as the crow flies first (by the index)."""
    middle = Func(F("area"), function="ST_Centroid")
    free = free_pitches(at).filter(site=OuterRef("pk")).order_by().values("site")
    sites = Site.objects.open_at(timezone.localtime(at))
    if not fruit:
        sites = sites.filter(kind=SiteKind.STALL)
    rows: QuerySet[Any, Candidate] = (
        sites.annotate(
            x=Func(middle, function="ST_X", output_field=FloatField()),
            y=Func(middle, function="ST_Y", output_field=FloatField()),
            apart=GeometryDistance("area", place),
            free_now=Subquery(free.annotate(n=Count("pk")).values("n")),
        )
        .order_by("apart")
        .values_list("pk", "x", "y", "apart", "free_now")
    )
    return rows


def _suggestions(found: list[tuple[Candidate, float]]) -> list[Suggestion]:
    sites = (
        Site.objects.select_related("road")
        .defer("road__reference_line", "road__ways_left_out")
        .in_bulk([site[0] for site, _metres in found])
    )
    return [Suggestion(sites[site[0]], metres, site[4] or 0) for site, metres in found if site[0] in sites]


def free_pitches(at: datetime) -> "QuerySet[Pitch]":
    """Pitches that a vendor could have from that moment for as long as a hold lasts."""
    until = at + HOLD
    days = DateRange(timezone.localtime(at).date(), timezone.localtime(until).date(), "[]")
    held = PitchHold.objects.filter(pitch=OuterRef("pk"), during__overlap=DateTimeTZRange(at, until))
    allotted = Allocation.objects.filter(pitch=OuterRef("pk"), period__overlap=days)
    return Pitch.objects.exclude(Exists(allotted)).exclude(Exists(held))


def route_to(
    place: Point, site: Site, *, metres: float | None = None, network: WalkingNetwork | None = None
) -> Route:
    """The way on foot from the place to the site, which is `metres` long where that is known already."""
    limit = np.inf if metres is None else metres + 1.0
    return (network or walking_network()).route(place, middle_of(site), limit_m=limit)


def middle_of(site: Site) -> Point:
    """The point of a site to which one walks."""
    middle: Point = site.area.centroid
    middle.srid = metric_srid()
    return middle
