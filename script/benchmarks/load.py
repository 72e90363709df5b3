"""Many people at once, through nginx and TLS as docs/deployment.md has it, each with an account and a connection of their own.

People click with a pause between two clicks, the pages that their work opens (`CLICKS`, weighted); a click on the map
asks for its tiles too. Each request counts, whatever it asks for. The clicks are seeded; the people and their sessions
are taken away at the end.
"""

import os
import random
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.gis.db.models.functions import Centroid, Transform
from django.test import Client
from django.utils import timezone

from gridmgr.core.accounts.models import Role, User
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.geo.tilegrid import HALF_WORLD_M, Tile
from grids.models import Branch, Member, Road
from parking.models import Bay, School
from script.benchmarks.stack import HOST, Stack, running
from script.benchmarks.timing import percentile
from vendors.models import Site

# (people, seconds between two clicks of one person, aim for the 95th percentile in ms)
CROWDS = ((50, 2.0, 300), (200, 4.0, 1000))
WARM_S, MEASURED_S = 10, 45
ZOOM = 15
TILE_M = Tile(ZOOM, 0, 0).size_m
TILES = "/tiles/roads,branches,sections,schools,bays,panda-lanes,drop-off-points,sites,pitches/"


def run() -> list[dict[str, Any]]:
    """For each crowd: percentiles of all requests, errors of any kind, and the slowest pages."""
    with _stack() as stack:
        return [row for crowd in CROWDS for row in _measure(stack, *crowd)]


@contextmanager
def _stack() -> Iterator[Stack]:
    own = {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "GRIDMGR_VAR": str(settings.VAR_DIR),
        "GRIDMGR_SECRET_KEY": settings.SECRET_KEY,
        "GRIDMGR_SRID": str(settings.GRIDMGR_SRID),
    }
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), own) as stack:
        yield stack


@dataclass
class Tally:
    """What the crowd met: (page, seconds) of each answer, seconds while it arrived, and what went wrong."""

    answers: list[tuple[str, float]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def _measure(stack: Stack, people: int, pause: float, aim: int) -> list[dict[str, Any]]:
    tally, city = Tally(), City()
    with _crowd(people) as crowd:
        begin = time.monotonic()  # making the crowd takes seconds
        threads = [
            threading.Thread(target=_work, args=(stack, city, person, pause, begin, tally, n))
            for n, person in enumerate(crowd)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    size = f"{people} people, {pause:g} s between clicks, load {os.getloadavg()[0]:.1f}"
    took = [1000 * seconds for _page, seconds in tally.answers]
    rate = f"{len(took) / MEASURED_S:.0f} requests a second"
    rows: list[dict[str, Any]] = [
        {"figure": "median, ms", "size": size, "value": percentile(took, 0.5), "peer": rate},
        {"figure": "95th percentile, ms", "size": size, "value": percentile(took, 0.95), "aim": f"< {aim}"},
        {"figure": "slowest, ms", "size": size, "value": max(took)},
        {
            "figure": f"slowest of the first {WARM_S} s, when all arrive at once, ms",
            "size": size,
            "value": 1000 * max(tally.arrivals),
        },
        {"figure": "errors of any kind", "size": size, "value": len(tally.errors), "aim": "0"},
    ]
    if tally.errors:
        rows.append({"figure": "the first error", "size": size, "value": tally.errors[0][:120]})
    return rows + _slowest(tally, size)


def _slowest(tally: Tally, size: str, most: int = 8) -> list[dict[str, Any]]:
    """The pages that cost the crowd most, by their sum."""
    pages: dict[str, list[float]] = {}
    for page, seconds in tally.answers:
        pages.setdefault(page, []).append(1000 * seconds)
    heavy = sorted(pages.items(), key=lambda item: -sum(item[1]))[:most]
    return [
        {
            "figure": f"  {page}: median, ms",
            "size": size,
            "value": percentile(took, 0.5),
            "peer": f"{len(took)} times, p95 {percentile(took, 0.95):.0f} ms",
        }
        for page, took in heavy
    ]


# ── People ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Person:
    """An account with an open session, and what it works on."""

    role: str
    cookie: str
    pages: list[str]  # what their own page leads to: the branch and the sections of a secretary or member


@contextmanager
def _crowd(count: int) -> Iterator[list[Person]]:
    """Three in five are secretaries and members, one in five office staff, one in five planners."""
    seats = [("member", "office", "member", "planner", "member")[n % 5] for n in range(count)]
    members = iter(Member.objects.serving().filter(user=None).order_by("role", "branch", "pk"))
    people, users = [], []
    try:
        for n, role in enumerate(seats):
            user = User.objects.create(username=f"load-{os.getpid()}-{n}", role=Role(role))
            user.set_unusable_password()
            user.save()
            users.append(user)
            if role == "member":
                member = next(members, None)
                if member is None:
                    raise ValueError(f"the city has too few members without an account for {count} people")
                member.user = user
                member.save(update_fields=["user"])
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            people.append(Person(role, _cookie(client), _own_pages(client) if role == "member" else []))
        yield people
    finally:
        Member.objects.filter(user__in=users).update(user=None)
        for user in users:
            user.delete()


def _own_pages(client: Client) -> list[str]:
    """The sections and the branch that the person's own page has links to: nobody opens what is not theirs to see."""
    page = client.get(
        "/my/", headers={"host": settings.ALLOWED_HOSTS[0]}, secure=settings.HTTPS
    ).content.decode()
    return sorted(set(re.findall(r'href="(/(?:sections/\d+|branches/[^/"]+)/)"', page)))


def _cookie(client: Client) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


# ── What they click ───────────────────────────────────────────────────────────────────────────────────────


class City:
    """Keys of what there is to open."""

    def __init__(self) -> None:
        open_sites = Site.objects.in_use(on=timezone.localdate())
        self.branches = list(Branch.objects.values_list("code", flat=True))
        self.sites = list(open_sites.values_list("code", flat=True))
        self.roads = list(
            Road.objects.filter(assignments__isnull=False).values_list("pk", flat=True).distinct()
        )
        self.schools = list(School.objects.values_list("pk", flat=True))
        self.bays = list(Bay.objects.order_by("pk").values_list("number", flat=True)[:500])
        centres = open_sites.annotate(
            at=Transform(Centroid("area"), WGS84), web=Transform(Centroid("area"), 3857)
        )
        self.places = [(site.at.x + 0.001, site.at.y + 0.001) for site in centres]
        # Metres from the north-west corner of the tile grid.
        self.corners = [(HALF_WORLD_M + site.web.x, HALF_WORLD_M - site.web.y) for site in centres]


Click = Callable[[City, Person, random.Random], list[str]]


def _own(path: str) -> Click:
    """One of the pages below `path` that the person's own page leads to; without one, that page again."""

    def click(city: City, person: Person, dice: random.Random) -> list[str]:
        return [dice.choice([page for page in person.pages if page.startswith(path)] or ["/my/"])]

    return click


def _at_a_place(path: str) -> Click:
    def click(city: City, person: Person, dice: random.Random) -> list[str]:
        lon, lat = dice.choice(city.places)
        return [path.format(lon=f"{lon:.6f}", lat=f"{lat:.6f}")]

    return click


def _one_of(path: str, name: str) -> Click:
    return lambda city, person, dice: [path.format(quote(str(dice.choice(getattr(city, name))), safe=""))]


def _page(path: str) -> Click:
    return lambda city, person, dice: [path]


def _map(city: City, person: Person, dice: random.Random) -> list[str]:
    """The map's page, the tiles around a place at zoom 15, and its markers."""
    east, south = (int(metres / TILE_M) for metres in dice.choice(city.corners))
    tiles = [f"{TILES}{ZOOM}/{east + dx}/{south + dy}.pbf" for dx in (-1, 0, 1) for dy in (0, 1)]
    return ["/map/", *tiles, "/layers/sites.geojson?points=1"]


STREET: list[tuple[int, Click]] = [
    (30, _page("/my/")),
    (10, _at_a_place("/my/where?lon={lon}&lat={lat}")),
    (10, _at_a_place("/guide/near?lon={lon}&lat={lat}&fruit=0")),
    (5, _page("/guide/")),
    (15, _one_of("/sites/{}/", "sites")),
    (15, _own("/sections/")),
    (10, _own("/branches/")),
    (5, _page("/guidance/")),
]
DESK: list[tuple[int, Click]] = [
    (12, _map),
    (8, _page("/branches/")),
    (15, _one_of("/branches/{}/", "branches")),
    (8, _page("/roads/")),
    (10, _one_of("/roads/{}/", "roads")),
    (10, _page("/sites/")),
    (10, _page("/bays/")),
    (5, _page("/roads/gaps/")),
    (10, _page("/search/suggest?q=" + quote("府"))),
    (5, _page("/briefing/")),
    (7, _one_of("/bays/{}/", "bays")),
    (5, _one_of("/schools/{}/", "schools")),
]
PLANNING: list[tuple[int, Click]] = [
    (20, _page("/plan/")),
    (10, _map),
    (20, _one_of("/sites/{}/", "sites")),
    (10, _page("/vendors/")),
    (10, _page("/guidance/")),
    (10, _page("/roads/gaps/")),
    (10, _page("/plan/proposals/")),
    (10, _one_of("/sites/{}/pitches/", "sites")),
]
CLICKS = {"member": STREET, "office": DESK, "planner": PLANNING}


# ── One person ────────────────────────────────────────────────────────────────────────────────────────────


def _work(
    stack: Stack, city: City, person: Person, pause: float, begin: float, tally: Tally, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  # clicks, no secrets
    weights = [weight for weight, _click in CLICKS[person.role]]
    line = stack.connect(timeout=30)
    next_click = begin + pause * dice.random()
    while next_click < begin + WARM_S + MEASURED_S:
        time.sleep(max(0.0, next_click - time.monotonic()))
        click = dice.choices(CLICKS[person.role], weights)[0][1]
        for path in click(city, person, dice):
            line = _ask(stack, line, person, path, counts=next_click > begin + WARM_S, tally=tally)
        next_click = max(next_click + pause, time.monotonic())
    line.close()


def _ask(
    stack: Stack, line: HTTPSConnection, person: Person, path: str, *, counts: bool, tally: Tally
) -> HTTPSConnection:
    """One request on the person's own connection; a new connection after an error. Nothing is tried twice."""
    began = time.monotonic()
    headers = {"Host": HOST, "Cookie": person.cookie, "Accept-Encoding": "gzip", "Accept-Language": "zh-CN"}
    try:
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        answer.read()
    except (OSError, HTTPException) as error:
        tally.errors.append(f"{path}: {type(error).__name__} {error}")
        return stack.connect(timeout=30)
    if answer.status not in {200, 304}:
        tally.errors.append(f"{path}: {answer.status}")
    took = time.monotonic() - began
    if counts:
        tally.answers.append((_kind(path), took))
    else:
        tally.arrivals.append(took)
    return line


def _kind(path: str) -> str:
    """The address without its keys: `/sites/TD-01/` and `/sites/TD-02/` are one page."""
    parts = path.split("?")[0].split("/")
    if parts[1] == "tiles":
        return "a tile of nine layers"
    keep = {
        "my",
        "where",
        "guide",
        "near",
        "map",
        "branches",
        "roads",
        "sites",
        "bays",
        "gaps",
        "sections",
        "schools",
    }
    known = keep | {
        "plan",
        "proposals",
        "vendors",
        "guidance",
        "pitches",
        "search",
        "suggest",
        "briefing",
        "layers",
        "",
    }
    return "/".join(part if part in known else "…" for part in parts)
