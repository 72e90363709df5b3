"""Verdicts as the planner's page asks for them, through the whole stack: on the city as it is, and with 100,000 facilities."""

import json
import random
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from gridmgr.accounts.models import User
from grids.enums import RoadClass
from grids.models import Facility, Kerb
from script.benchmarks.timing import percentile, seconds
from vendors.models import PlacementRule, Site

ASKED, FACILITIES = 200, 100_000
# Facilities of every kind beside random kerbs, as dense as that many make them.
STREWN = """
    INSERT INTO grids_facility (source_id, kind, name, shape, source, is_demo)
    SELECT 'bench:' || n, (ARRAY['junction', 'bus_stop', 'hydrant', 'fire_station', 'fuel_station', 'crossing'])[1 + n %% 6], '',
           ST_Translate(ST_LineInterpolatePoint(k.line, random()), random() * 40 - 20, random() * 40 - 20), 'bench', true
    FROM generate_series(1, %s) n
    JOIN (SELECT line, row_number() OVER () AS r, count(*) OVER () AS total FROM grids_kerb) k ON k.r = 1 + n %% k.total
"""


def run() -> list[dict[str, Any]]:
    """p50 and p95 of a verdict in milliseconds; the facilities strewn for the second figure are rolled back."""
    if not PlacementRule.objects.filter(profile__in_use=True).exists() or not Kerb.objects.exists():
        raise SystemExit("no placement rules in use or no kerbs: run manage.py demo first")
    if "testserver" not in settings.ALLOWED_HOSTS:
        settings.ALLOWED_HOSTS.append("testserver")
    with transaction.atomic():
        client, bodies = _planner(), _bodies()
        rows = _figures(client, bodies, Facility.objects.count(), "p95 < 40")
        with connection.cursor() as cursor:
            cursor.execute(STREWN, [max(FACILITIES - Facility.objects.count(), 0)])
            cursor.execute("ANALYZE grids_facility")
        rows += _figures(client, bodies, Facility.objects.count(), "p95 < 80")
        transaction.set_rollback(True)
    return rows


def _planner() -> Client:
    client = Client()
    user = User.objects.create(username="bench-planner", role="planner")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _bodies() -> list[str]:
    """Half by road and metre, half as a place in degrees: what typing and dragging send."""
    chance = random.Random(7)  # noqa: S311
    kerbs = list(Kerb.objects.exclude(road__road_class=RoadClass.EXPRESSWAY).order_by("pk"))
    bodies = []
    for n in range(ASKED):
        kerb = chance.choice(kerbs)
        spot: Any = kerb.line.interpolate_normalized(chance.random()).transform(4326, clone=True)
        metre = chance.uniform(min(kerb.measures), max(kerb.measures))
        by_metre = {"road": kerb.road_id, "side": kerb.side, "metre": metre}
        at = by_metre if n % 2 else {"lon": spot.x, "lat": spot.y}
        bodies.append(json.dumps({"kind": "stall", "pitches": 6, "at": at}))
    return bodies


def _figures(client: Client, bodies: list[str], facilities: int, aim: str) -> list[dict[str, Any]]:
    def asked(body: str) -> Callable[[], Any]:
        return lambda: client.post("/plan/verdict", body, content_type="application/json")

    for body in bodies[:10]:
        asked(body)()
    times = [1000 * seconds(asked(body)) for body in bodies]
    size = f"{facilities} facilities, {Site.objects.count()} sites, {len(bodies)} verdicts"
    return [
        {"figure": "verdict p50, ms", "size": size, "value": percentile(times, 0.5), "aim": ""},
        {"figure": "verdict p95, ms", "size": size, "value": percentile(times, 0.95), "aim": aim},
    ]
