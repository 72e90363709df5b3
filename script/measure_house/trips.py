"""How many of our own files run for one request: what somebody must have open who follows it."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.gis.db.models.functions import Centroid, Transform
from django.test import Client

from gridmgr.core.accounts.models import Role, User
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.geo.tilegrid import HALF_WORLD_M, Tile
from vendors.models import Site

ROOT = Path(settings.BASE_DIR)
OURS = ("gridmgr", "grids", "vendors", "parking")
ZOOM = 15
WARMED_BY = 3  # requests before the one that is followed: what is kept from then on is read already


def trips() -> dict[str, list[str]]:
    """The files of each trip, below the repository, of the city in the database. Needs the demo city."""
    site = (
        Site.objects.standing().annotate(centre=Transform(Centroid("area"), WGS84)).order_by("code").first()
    )
    if site is None:
        raise SystemExit("the database has no city: run manage.py demo first")
    lon, lat = site.centre.coords
    mercator = Transform(Centroid("area"), 3857)
    x, y = Site.objects.filter(pk=site.pk).values_list(mercator, flat=True)[0].coords
    size = Tile(ZOOM, 0, 0).size_m
    column, row = int((x + HALF_WORLD_M) / size), int((HALF_WORLD_M - y) / size)
    draft = json.dumps({"kind": "stall", "pitches": 4, "at": {"lon": lon, "lat": lat}})
    planner = User.objects.filter(role=Role.PLANNER, is_active=True).first()
    secretary = User.objects.filter(member__role="secretary", is_active=True).first()
    return {
        "tile": _of(planner, lambda client: client.get(f"/tiles/sites,bays/{ZOOM}/{column}/{row}.pbf")),
        "list": _of(planner, lambda client: client.get("/sites/")),
        "verdict": _of(planner, lambda client: client.post("/plan/verdict", draft, "application/json")),
        "my": _of(secretary, lambda client: client.get("/my/")),
    }


def _of(user: Any, ask: Callable[[Client], Any]) -> list[str]:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    try:
        for _ in range(WARMED_BY):
            ask(client)
        with files_run() as found:
            answer = ask(client)
    finally:
        client.logout()
    if answer.status_code != 200:
        raise SystemExit(f"{answer.request['PATH_INFO']} answered {answer.status_code}")
    return sorted(found)


@contextmanager
def files_run() -> Iterator[set[str]]:
    """Collects in which of our own files the body of a function runs inside, in this thread."""
    codes = set()

    def see(frame: FrameType, event: str, _what: Any) -> None:
        if event == "call":
            codes.add(frame.f_code)

    found: set[str] = set()
    sys.setprofile(see)
    try:
        yield found
    finally:
        sys.setprofile(None)
        names = {code.co_filename for code in codes if code.co_name != "<module>"}
        ours = {Path(name) for name in names if name.startswith(str(ROOT))}
        found |= {str(each.relative_to(ROOT)) for each in ours if each.relative_to(ROOT).parts[0] in OURS}
