"""Verdicts as the planner's page asks for them: through the whole stack on the server, and dragged in a browser.

On the city as it is; on the server also among 100,000 facilities. Times say little without the machine's load, so that
each row names it, with the processor's time beside the clock's.
"""

import json
import os
import random
import statistics
import time
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from gridmgr.core.accounts.models import User
from grids.enums import RoadClass
from grids.models import Facility, Kerb
from script.benchmarks.first_view import account, server, visitor
from script.benchmarks.timing import percentile
from vendors.models import PlacementRule, Site

ASKED, FACILITIES = 200, 100_000
MOVES, EVERY_MS, PIXELS = 150, 30, 4
IDLE = "() => gridmgrPlan.answer && gridmgrPlan.idle()"
# Facilities of every kind beside random kerbs, as dense as that many make them.
STREWN = """
    INSERT INTO grids_facility (source_id, kind, name, shape, source, is_demo)
    SELECT 'bench:' || n, (ARRAY['junction', 'bus_stop', 'hydrant', 'fire_station', 'fuel_station', 'crossing'])[1 + n %% 6], '',
           ST_Translate(ST_LineInterpolatePoint(k.line, random()), random() * 40 - 20, random() * 40 - 20), 'bench', true
    FROM generate_series(1, %s) n
    JOIN (SELECT line, row_number() OVER () AS r, count(*) OVER () AS total FROM grids_kerb) k ON k.r = 1 + n %% k.total
"""


def run() -> list[dict[str, Any]]:
    """Milliseconds on the server and in the browser; the facilities strewn for the second figures are rolled back."""
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
    return rows + _dragged()


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
    def asked(body: str) -> tuple[float, float, int]:
        started, used = time.perf_counter(), time.process_time()
        answer = client.post("/plan/verdict", body, content_type="application/json")
        return (
            1000 * (time.perf_counter() - started),
            1000 * (time.process_time() - used),
            answer.status_code,
        )

    for body in bodies[:10]:
        asked(body)
    # Where the kerb has no room the answer is a refusal, which comes sooner: it does not count.
    times = [(wall, cpu) for wall, cpu, status in map(asked, bodies) if status == 200]
    size = f"{facilities} facilities, {Site.objects.count()} sites, {len(times)} verdicts"
    walls, cpus = [wall for wall, _cpu in times], [cpu for _wall, cpu in times]
    return [
        _row("verdict p50, ms", size, percentile(walls, 0.5)),
        _row("verdict p95, ms", size, percentile(walls, 0.95), aim),
        _row("verdict, CPU ms of the web server", size, statistics.median(cpus)),
    ]


def _row(figure: str, size: str, value: float, aim: str = "") -> dict[str, Any]:
    return {"figure": figure, "size": size, "value": value, "aim": aim, "load": f"{os.getloadavg()[0]:.1f}"}


# ── In a browser ──────────────────────────────────────────────────────────────────────────────────────────


def _dragged() -> list[dict[str, Any]]:
    """From each pointer move to the painted verdict of that place or a later one, on a server just started."""
    # Django is asked before: with playwright's loop running it takes the thread for asynchronous code.
    kerbs = Kerb.objects.exclude(road__road_class=RoadClass.EXPRESSWAY)
    longest = max(kerbs, key=lambda kerb: kerb.line.length)
    spot: Any = longest.line.interpolate_normalized(0.5).transform(4326, clone=True)
    size = f"{MOVES} moves, one each {EVERY_MS} ms, {Facility.objects.count()} facilities"
    with server() as base, visitor(base, account("planner")) as page:
        _put_down(page, f"{base}/plan/?lon={spot.x:.6f}&lat={spot.y:.6f}")
        box = page.locator(".plan-shape").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.evaluate("gridmgrPlan.timings.length = 0")
        for n in range(1, MOVES + 1):
            page.mouse.move(x - PIXELS * min(n, MOVES - n), y)
            page.wait_for_timeout(EVERY_MS)
        page.mouse.up()
        page.wait_for_function(IDLE)
        page.wait_for_timeout(500)
        times = page.evaluate("gridmgrPlan.timings")
    total = [each["total"] for each in times]
    return [
        _row("dragged: verdict painted p50, ms", size, percentile(total, 0.5), "< 150"),
        _row("dragged: verdict painted p95, ms", size, percentile(total, 0.95), "< 150"),
        _row("dragged: slowest, ms", size, max(total), "< 150"),
        *(
            _row(f"dragged: {words} p50, ms", size, percentile([each[part] for each in times], 0.5))
            for part, words in (
                ("waited", "until it is asked"),
                ("answered", "asked to answered"),
                ("painted", "answered to painted"),
            )
        ),
    ]


def _put_down(page: Any, address: str) -> None:
    """A footprint where the address says, the map close to it."""
    page.goto(address)
    page.wait_for_selector("#plan[data-ready]")
    page.wait_for_function(IDLE)
    page.evaluate("gridmgr.current.setView([gridmgrPlan.at.lat, gridmgrPlan.at.lon], 18, {animate: false})")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
