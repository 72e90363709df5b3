"""When no open site near has a free pitch: which open next, which lie farther away, which have their season later."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.db.models import Count
from django.utils import timezone

from grids.domain.streets_on_foot import walking_network
from grids.domain.walking import WalkingNetwork
from vendors.domain.nearby import LIMIT_M, Suggestion, free_pitches, middle_of, nearest_open
from vendors.enums import SiteKind
from vendors.models import Site
from vendors.status import IN_USE

WITHIN = timedelta(hours=24)  # farther ahead nobody is kept a pitch
FARTHER_M = 10_000.0  # for those who have a cart with a motor
NEAR = 60  # sites looked at, nearest as the crow flies first
MOST = 3


@dataclass(frozen=True)
class Opening:
    """A site that opens next at `opens`, with pitches free from then, and the metres to it on foot."""

    site: Site
    metres: float
    free: int
    opens: datetime


@dataclass(frozen=True)
class SecondChoices:
    """What there is instead: openings within a day, open sites farther off, and sites whose season is to come."""

    openings: list[Opening]
    farther: list[Suggestion]
    seasons: list[tuple[Site, date]]

    def __bool__(self) -> bool:
        return bool(self.openings or self.farther or self.seasons)


def second_choices(
    place: Point, *, at: datetime, fruit: bool, network: WalkingNetwork | None = None
) -> SecondChoices:
    """What to offer when nothing near is open and free at that moment."""
    network = network or walking_network()
    near = _sites_near(place, fruit=fruit)
    return SecondChoices(
        openings=_openings(place, near, at=at, network=network),
        farther=nearest_open(place, at=at, fruit=fruit, most=MOST, limit_m=FARTHER_M, network=network),
        seasons=_seasons(near, timezone.localdate(at)),
    )


def next_opening(site: Site, at: datetime) -> datetime | None:
    """When a site that is in use and closed at `at` opens next, within a day; `at` itself when it is open then."""
    local = timezone.localtime(at)
    if Site.objects.open_at(local).filter(pk=site.pk).exists():
        return at
    return _next_opening(site, local)


def _next_opening(site: Site, local: datetime) -> datetime | None:
    if site.state != IN_USE:
        return None
    for day in (local.date(), local.date() + timedelta(days=1)):
        opens = timezone.make_aware(datetime.combine(day, site.opens))
        in_season = site.season is None or day in site.season
        if in_season and local < opens <= local + WITHIN:
            return opens
    return None


def _sites_near(place: Point, *, fruit: bool) -> list[Site]:
    sites = Site.objects.filter(state=IN_USE).select_related("road")
    if not fruit:
        sites = sites.filter(kind=SiteKind.STALL)
    near = sites.defer("road__reference_line", "road__ways_left_out").annotate(
        apart=GeometryDistance("area", place)
    )
    return [site for site in near.order_by("apart")[:NEAR] if site.apart <= FARTHER_M]


def _openings(place: Point, near: list[Any], *, at: datetime, network: WalkingNetwork) -> list[Opening]:
    """The soonest first, then the nearest. One query for each hour at which some open."""
    local = timezone.localtime(at)
    known = [
        (opens, site) for site in near if (opens := _next_opening(site, local)) and site.apart <= LIMIT_M
    ]
    found: list[Opening] = []
    for moment in sorted({opens for opens, _site in known}):
        these = [site for opens, site in known if opens == moment]
        free = _free(these, moment)
        middles = np.array([middle_of(site).coords for site in these if site.pk in free]).reshape(-1, 2)
        open_then = [site for site in these if site.pk in free]
        walks = network.nearest(network.join(place), middles, limit_m=LIMIT_M, most=MOST)
        found += [
            Opening(open_then[walk.index], walk.metres, free[open_then[walk.index].pk], moment)
            for walk in walks
        ]
        if len(found) >= MOST:
            break
    return found[:MOST]


def _free(sites: list[Any], moment: datetime) -> dict[int, int]:
    """Free pitches from that moment on, for each site that has one."""
    rows = free_pitches(moment).filter(site__in=sites).order_by().values_list("site").annotate(n=Count("pk"))
    return dict(rows)


def _seasons(near: list[Any], today: date) -> list[tuple[Site, date]]:
    coming = [
        (site, site.season.lower)
        for site in near
        if site.season is not None and site.season.lower is not None and site.season.lower > today
    ]
    return sorted(coming, key=lambda pair: pair[1])[:MOST]
