"""Nearest open sites with a free pitch, on the walking network of the city in the database, with 10,000 sites.

The sites stand at random along the city's streets, in a transaction that is rolled back at the end.
"""

from datetime import time
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pgtrigger
from django.contrib.gis.geos import Point, Polygon
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from psycopg2.extras import DateRange

from gridmgr.core.accounts.models import Role, User
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.domain.streets_on_foot import walking_network
from grids.models import Carriageway, Road
from script.benchmarks.timing import percentile, seconds
from vendors.domain.nearby import nearest_open, route_to
from vendors.enums import SiteKind, SiteState
from vendors.models import Allocation, Pitch, Site, Vendor

SITES = 10_000
PITCHES = 2
TAKEN = 0.7  # of the pitches
OPEN = 0.8  # of the sites, at the time
PLACES = 200
QUIET = (
    *(
        "vendors.Pitch:pitches_apart",
        "vendors.Allocation:allocation_locks_pitch",
        "vendors.Allocation:within_season",
    ),
    *(f"vendors.{model}:insert_insert" for model in ("Site", "Pitch", "Vendor", "Allocation")),
)


def run() -> list[dict[str, Any]]:
    """Figures of the domain's answer, of the first route, and of the whole page fragment as the server gives it."""
    try:
        with transaction.atomic():
            rng = np.random.default_rng(7)
            _fill(rng)
            rows = _measured(_places(rng))
            raise _Enough
    except _Enough:
        return rows


class _Enough(Exception):
    """Takes the benchmark's rows back."""


def _measured(places: list[Point]) -> list[dict[str, Any]]:
    built = seconds(walking_network)
    now = timezone.now()
    answers = [nearest_open(place, at=now, fruit=True) for place in places]
    reached = [(place, answer[0]) for place, answer in zip(places, answers, strict=True) if answer]
    network = walking_network()
    size = f"{Site.objects.count()} sites, {network.nodes} junctions, {len(places)} places"
    return [
        _row(
            "nearest open sites",
            size,
            [lambda p=place: nearest_open(p, at=now, fruit=True) for place in places],
        ),
        _row(
            "way on foot to the first",
            size,
            [lambda p=p, to=to: route_to(p, to.site, metres=to.metres) for p, to in reached],
        ),
        _row("the whole answer /guide/near", size, [*_requests(places)], aim="< 50"),
        {"figure": "walking network built, once per process, s", "size": size, "value": built},
        {
            "figure": "places with five answers",
            "size": size,
            "value": sum(len(each) == 5 for each in answers),
        },
    ]


def _row(figure: str, size: str, works: list[Any], aim: str = "") -> dict[str, Any]:
    began, spent = perf_counter(), process_time()
    took = [1000 * seconds(work) for work in works]
    busy = (process_time() - spent) / (perf_counter() - began)
    values = f"{percentile(took, 0.5):.1f} / {percentile(took, 0.95):.1f}"
    return {
        "figure": f"{figure}, ms (p50 / p95)",
        "size": size,
        "value": values,
        "aim": aim,
        "of it Python": f"{busy:.0%}",
    }


def _requests(places: list[Point]) -> Any:
    client = Client()
    user = User.objects.create(username="bench-guide", role=Role.ADMINISTRATOR)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    to_degrees = transformer(metric_srid(), WGS84)

    def ask(place: Point) -> None:
        lon, lat = to_degrees.transform(place.x, place.y)
        response = client.get(
            "/guide/near", {"lon": lon, "lat": lat, "fruit": "1"}, headers={"host": "127.0.0.1"}
        )
        if response.status_code != 200:
            raise RuntimeError(f"/guide/near answered {response.status_code}")

    ask(places[0])
    return [lambda p=place: ask(p) for place in places]


def _places(rng: np.random.Generator) -> list[Point]:
    """Where vendors are met: on carriageways at random."""
    lines = list(Carriageway.objects.order_by("pk").values_list("line", flat=True))
    weights = np.array([line.length for line in lines])
    chosen = rng.choice(len(lines), size=PLACES, p=weights / weights.sum())
    spots = [lines[int(index)].interpolate_normalized(float(rng.random())) for index in chosen]
    return [Point(spot.x, spot.y, srid=metric_srid()) for spot in spots]


def _fill(rng: np.random.Generator) -> None:
    roads = list(Road.objects.order_by("pk").only("pk", "reference_line", "length_m"))
    weights = np.array([road.length_m for road in roads])
    chosen = rng.choice(len(roads), size=max(SITES - Site.objects.count(), 0), p=weights / weights.sum())
    by = [User.objects.create(username=f"bench-{role}") for role in ("proposer", "approver")]
    approval = {"proposed_by": by[0], "approved_by": by[1], "approved_at": timezone.now()}
    with pgtrigger.ignore(*QUIET):
        sites = Site.objects.bulk_create(
            [_site(number, roads[int(index)], approval, rng) for number, index in enumerate(chosen)],
            batch_size=1000,
        )
        pitches = Pitch.objects.bulk_create(
            [Pitch(site=site, number=str(n), area=site.area) for site in sites for n in range(PITCHES)],
            batch_size=2000,
        )
        taken = [pitch for pitch in pitches if rng.random() < TAKEN]
        vendors = Vendor.objects.bulk_create(
            [Vendor(name="甲", goods="乙") for _pitch in taken], batch_size=2000
        )
        since = DateRange(timezone.localdate(), None, "[)")
        Allocation.objects.bulk_create(
            [
                Allocation(pitch=pitch, vendor=vendor, period=since)
                for pitch, vendor in zip(taken, vendors, strict=True)
            ],
            batch_size=2000,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE vendors_site, vendors_pitch, vendors_allocation, vendors_pitchhold")


def _site(number: int, road: Road, approval: dict[str, Any], rng: np.random.Generator) -> Site:
    metre = float(rng.uniform(1, max(road.length_m - 12, 2)))
    spot = road.reference_line.interpolate(metre)
    side = float(rng.choice([-12.0, 12.0]))
    area = Polygon.from_bbox((spot.x + side, spot.y + side, spot.x + side + 10, spot.y + side + 3))
    area.srid = metric_srid()
    closes = time.max if rng.random() < OPEN else time(0, 0, 1)
    return Site(
        code=f"BENCH-{number}",
        name=f"{number}",
        kind=SiteKind.STALL,
        state=SiteState.OPEN,
        area=area,
        capacity=PITCHES,
        opens=time.min,
        closes=closes,
        sign_board=True,
        bins=1,
        road=road,
        side="right",
        stretch=(metre, min(metre + 10, road.length_m)),
        **approval,
    )
