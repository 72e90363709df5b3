"""Placement rules: one verdict, 10,000 places at once, all kerbs of the city, one road, and the nearest legal position.

On the city in the database as it is, and among 100,000 facilities that are strewn along its kerbs and rolled back.
"""

import os
import re
from dataclasses import replace
from datetime import time
from time import process_time
from typing import Any

import numpy as np
import pghistory
import pgtrigger
from django.db import connection, transaction
from django.utils import timezone

from grids.enums import FacilityKind, RoadClass
from grids.models import Facility, Kerb, Road
from script.benchmarks.timing import percentile, seconds
from vendors.domain.batch import check_places
from vendors.domain.footprint import as_footprint
from vendors.domain.kerbside import Wanted, nearest_legal, where_may_stand
from vendors.domain.place import Place, stored
from vendors.domain.rectangles import Runs, Size, rectangles
from vendors.domain.siting import evaluate, judge, rules_of, verdicts
from vendors.enums import SiteKind, SiteState
from vendors.models import PlacementRule, Site

ASKED, PLACES, FACILITIES, ROADS, MOVES = 300, 10_000, 100_000, 20, 30
SIZE = Size(12.0, 2.5)
STREWN_KINDS = [
    str(kind)
    for kind in (
        FacilityKind.JUNCTION,
        FacilityKind.CROSSING,
        FacilityKind.BUS_STOP,
        FacilityKind.HYDRANT,
        FacilityKind.FIRE_STATION,
        FacilityKind.FUEL_STATION,
    )
]
STREWN = """
    INSERT INTO grids_facility (source_id, kind, name, shape, source, is_demo)
    SELECT 'bench:' || n, (%s::text[])[1 + n %% cardinality(%s::text[])], '',
           ST_Translate(ST_LineInterpolatePoint(k.line, random()), random() * 60 - 30, random() * 60 - 30), 'bench', true
    FROM generate_series(1, %s) n
    JOIN (SELECT line, row_number() OVER () AS r, count(*) OVER () AS total FROM grids_kerb) k ON k.r = 1 + n %% k.total
"""


def run() -> list[dict[str, Any]]:
    """Milliseconds and seconds, each beside the size it was measured at."""
    if not PlacementRule.objects.filter(profile__in_use=True).exists() or not Kerb.objects.exists():
        raise SystemExit("no placement rules in use or no kerbs: run manage.py demo first")
    with transaction.atomic():
        rng = np.random.default_rng(7)
        places = _places(rng, PLACES)
        rows = [*_one(places), *_kerbside()]
        _strew()
        rows += [*_one(places), *_all(places), *_kerbside()]
        rows.append(_index_used(places[0]))
        transaction.set_rollback(True)
    return [row | {"load": f"{os.getloadavg()[0]:.1f}"} for row in rows]


def _places(rng: np.random.Generator, count: int) -> list[Place]:
    """Places of 12 m by 2.5 m at random metres of random kerbs."""
    kerbs = Kerb.objects.exclude(road__road_class=RoadClass.EXPRESSWAY).order_by("pk")
    runs = Runs([kerb for kerb in kerbs if kerb.line.length > 2 * SIZE.length])
    chosen = rng.choice(len(runs.kerbs), size=count, p=runs.length / runs.length.sum())
    room = runs.length[chosen] - SIZE.length
    at = runs.base[chosen] + SIZE.length / 2 + rng.random(count) * room
    areas = rectangles(runs, at, SIZE).polygons()
    found = [as_footprint(runs, float(here), area, SIZE) for here, area in zip(at, areas, strict=True)]
    return [
        Place(
            SiteKind.STALL,
            each.area,
            time(7),
            time(21),
            state=SiteState.PROPOSED,
            road_id=each.road_id,
            side=each.side,
            stretch=each.stretch,
        )
        for each in found
    ]


def _strew() -> None:
    with connection.cursor() as cursor, pgtrigger.ignore("grids.Facility:insert_insert"), pghistory.context():
        cursor.execute(STREWN, [STREWN_KINDS, STREWN_KINDS, max(FACILITIES - Facility.objects.count(), 0)])
        cursor.execute("ANALYZE grids_facility")


def _size() -> str:
    return f"{Facility.objects.count()} facilities, {Site.objects.count()} sites"


def _one(places: list[Place]) -> list[dict[str, Any]]:
    """One place at a time: every rule with the metres found, as the planner's page shows them."""
    on, aim = timezone.localdate(), "p95 < 80" if Facility.objects.count() >= FACILITIES else "p95 < 40"
    for place in places[:20]:
        evaluate(place, on=on)
    times = [
        1000 * seconds(lambda place=place: verdicts(place, on=on))  # type: ignore[misc]
        for place in places[:ASKED]
    ]
    return [
        {"figure": "verdicts p50, ms", "size": _size(), "value": percentile(times, 0.5)},
        {"figure": "verdicts p95, ms", "size": _size(), "value": percentile(times, 0.95), "aim": aim},
    ]


def _all(places: list[Place]) -> list[dict[str, Any]]:
    """10,000 places at once: judged, and as stored sites checked."""
    on = timezone.localdate()
    size = f"{len(places)} places, {Facility.objects.count()} facilities"
    used = process_time()
    judged = seconds(lambda: judge(places, on=on, rules=rules_of(on)))
    used = process_time() - used
    with pgtrigger.ignore("vendors.Site:insert_insert"):
        Site.objects.bulk_create([_site(number, place) for number, place in enumerate(places)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE vendors_site")
    checked = seconds(lambda: check_places(on=on))
    Site.objects.filter(code__startswith="BENCH-").delete()
    return [
        {"figure": "judging many places, s", "size": size, "value": judged, "aim": "seconds"},
        {"figure": "judging many places, CPU s beside the database's", "size": size, "value": used},
        {"figure": "checking all sites, s", "size": size, "value": checked, "aim": "seconds"},
    ]


def _site(number: int, place: Place) -> Site:
    return Site(
        code=f"BENCH-{number}",
        name="bench",
        kind=place.kind,
        area=stored(place.area),
        capacity=1,
        opens=place.opens,
        closes=place.closes,
        road_id=place.road_id or 0,
        side=place.side,
        stretch="[0,1)",
    )


def _kerbside() -> list[dict[str, Any]]:
    on, size = timezone.localdate(), _size()
    used = process_time()
    whole = seconds(lambda: where_may_stand(Wanted(size=SIZE), on=on))
    used = process_time() - used
    roads = Road.objects.exclude(road_class=RoadClass.EXPRESSWAY).order_by("-length_m")[:ROADS]
    one = [
        1000 * seconds(lambda road=road: where_may_stand(Wanted(size=SIZE), on=on, roads=[road.pk]))  # type: ignore[misc]
        for road in roads
    ]
    sites = [replace(Place.of(site), pitches=()) for site in Site.objects.order_by("pk")[:MOVES]]
    moves = [1000 * seconds(lambda place=place: nearest_legal(place, on=on)) for place in sites]  # type: ignore[misc]
    return [
        {
            "figure": "kerbside of the city, s",
            "size": f"{size}, {Kerb.objects.count()} runs of kerb",
            "value": whole,
            "aim": "a few",
        },
        {"figure": "kerbside of the city, CPU s", "size": size, "value": used, "aim": "< 4"},
        {
            "figure": "kerbside of one road p50, ms",
            "size": f"{size}, {ROADS} longest roads",
            "value": percentile(one, 0.5),
            "aim": "< 100",
        },
        {
            "figure": "nearest legal p50, ms",
            "size": f"{size}, {len(sites)} sites",
            "value": percentile(moves, 0.5) if moves else 0.0,
        },
    ]


def _index_used(place: Place) -> dict[str, Any]:
    """Which indexes the plan of the statement for distances names."""
    on = timezone.localdate()
    with connection.execute_wrapper(_Explained()) as _nothing, connection.cursor():
        plans = _Explained.plans
        plans.clear()
        evaluate(place, on=on)
    names = sorted({name for plan in plans for name in re.findall(r"\bgrids_facility_\w+", plan)})
    scans = sum("Seq Scan on grids_facility" in plan for plan in plans)
    return {
        "figure": "index used",
        "size": _size(),
        "value": ", ".join(names) or "none",
        "aim": f"{scans} sequential scans",
    }


class _Explained:
    """Asks for the plan of each statement about facilities before it runs."""

    plans: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if "probe" in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + sql, params)
                self.plans.append("\n".join(row[0] for row in cursor.fetchall()))
        return execute(sql, params, many, context)
