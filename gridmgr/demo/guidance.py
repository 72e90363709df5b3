"""Eight weeks of guidance in the demo city, who waits for a pitch, and identity numbers that nobody can have.

All simulated. Region code 999999 stands in no list of regions, so no such number was ever given to a person; the
check characters are right.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.contrib.auth.hashers import make_password
from django.contrib.gis.geos import Point
from django.utils import timezone

from gridmgr.core.accounts.models import Role, User
from gridmgr.demo.accounts import MAIL_DOMAIN
from grids.domain.streets_on_foot import walking_network
from grids.enums import MemberRole
from grids.models import SRID, Assignment, Branch, Member
from vendors.domain.guide import SLIP_RANDOM, SLIP_SIGNS
from vendors.domain.identity import check_character, store_identity
from vendors.domain.nearby import LIMIT_M
from vendors.enums import Outcome, SiteKind, SiteState
from vendors.models import Guidance, Site, Vendor, WaitingEntry

REGION = "999999"
WEEKS = 8
A_WEEK = 70  # records in the last week; fewer each week before, since the campaign had just begun
HOT_SPOTS = 3  # places per branch where mobile vendors gather
SPREAD_M = 40.0
GOODS = ("烤红薯", "糖葫芦", "煎饼", "烤冷面", "早点", "蔬菜", "鲜花", "小百货")
FRUIT = ("苹果", "柑橘", "红枣", "梨", "柿子")
OUTCOMES = ((Outcome.CAME, 0.58), (Outcome.MOVED_ON, 0.24), (Outcome.REFUSED, 0.18))
WAITING = 9


def simulate_guidance(rng: np.random.Generator) -> int:
    """Gives the demo's vendors identity numbers, lets some wait, and writes eight weeks of guidance; returns how many.

    Call it in a transaction, after sites, vendors and accounts.
    """
    vendors = list(Vendor.objects.filter(is_demo=True).order_by("pk"))
    give_identities(vendors, rng)
    idle = [vendor for vendor in vendors if not vendor.allocations.exists()]
    _queue_up(idle, rng)
    return _guide_many(idle, rng)


def give_identities(vendors: Sequence[Vendor], rng: np.random.Generator) -> None:
    """A different fictitious identity number for each vendor."""
    for index, vendor in enumerate(vendors):
        born = date(1956, 1, 1) + timedelta(days=int(rng.integers(0, 45 * 365)))
        first_17 = f"{REGION}{born:%Y%m%d}{(index * 7 + 11) % 1000:03d}"
        store_identity(vendor, first_17 + check_character(first_17))
    Vendor.objects.bulk_update(vendors, ["identity_cipher", "identity_digest", "identity_tail_digest"])


def _queue_up(idle: Sequence[Vendor], rng: np.random.Generator) -> None:
    """Some vendors without a pitch wait for one, at the sites that are fullest."""
    today = timezone.localdate()
    sites = (
        Site.objects.filter(is_demo=True, state=SiteState.OPEN)
        .with_pitches(on=today)
        .order_by("free_n", "code")
    )
    for vendor, site in zip(idle[:WAITING], [site for site in sites[:4] for _turn in range(3)], strict=False):
        since = timezone.now() - timedelta(days=int(rng.integers(1, 40)), minutes=int(rng.integers(0, 600)))
        WaitingEntry.objects.create(site=site, vendor=vendor, since=since)


# ── Guidance ──────────────────────────────────────────────────────────────────────────────────────────────


def _guide_many(idle: Sequence[Vendor], rng: np.random.Generator) -> int:
    officers = _officers(rng)
    spots = {branch: _hot_spots(branch, rng) for branch in officers}
    branches = [branch for branch in officers if spots[branch]]
    shares = rng.dirichlet(np.full(len(branches), 4.0)) if branches else np.empty(0)
    moments = _moments(rng)
    chosen = [branches[int(index)] for index in rng.choice(len(branches), size=len(moments), p=shares)]
    places = np.array([_near(spots[branch], rng) for branch in chosen])
    sites = list(Site.objects.filter(is_demo=True, state=SiteState.OPEN).order_by("code"))
    if not sites or not len(places):
        return 0
    middles = np.array([site.area.centroid.coords for site in sites])
    metres = walking_network().distances(places, middles, limit_m=LIMIT_M)
    met: set[int] = set()
    rows = [
        _record(
            officers[branch],
            branch,
            moment,
            place,
            _nearest(sites, walk, moment, fruit),
            fruit,
            idle,
            met,
            rng,
        )
        for branch, moment, place, walk in zip(chosen, moments, places, metres, strict=True)
        for fruit in [bool(rng.random() < 0.35)]
    ]
    Guidance.objects.bulk_create(rows)
    return len(rows)


def _officers(rng: np.random.Generator) -> dict[Branch, User]:
    """Who guides for each branch: the account one of its members has, else one without a password."""
    officers = {}
    for branch in Branch.objects.filter(is_demo=True).defer("area").order_by("code"):
        members = list(Member.objects.serving().filter(branch=branch).select_related("user").order_by("pk"))
        known = [member.user for member in members if member.user is not None]
        officers[branch] = known[0] if known else _account(branch, _some_member(members, rng))
    return officers


def _some_member(members: Sequence[Member], rng: np.random.Generator) -> Member:
    plain = [member for member in members if member.role == MemberRole.MEMBER] or list(members)
    return plain[int(rng.integers(len(plain)))]


def _account(branch: Branch, member: Member) -> User:
    """An account that nobody can log in with, since it has no password."""
    username = f"guide{branch.code}"
    user = User.objects.create(
        username=username,
        password=make_password(None),
        role=Role.MEMBER,
        last_name=member.name,
        email=f"{username}@{MAIL_DOMAIN}",
    )
    member.user = user
    member.save(update_fields=["user"])
    return user


def _hot_spots(branch: Branch, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Places on the branch's sections where mobile vendors gather."""
    sections = list(
        Assignment.objects.on_day(timezone.localdate())
        .filter(branch=branch)
        .select_related("road")
        .order_by("pk")
    )
    spots = []
    for _spot in range(HOT_SPOTS if sections else 0):
        section = sections[int(rng.integers(len(sections)))]
        low, high = float(section.stretch.lower), float(section.stretch.upper)
        place = section.road.reference_line.interpolate(low + (high - low) * float(rng.random()))
        spots.append((place.x, place.y))
    return spots


def _near(spots: Sequence[tuple[float, float]], rng: np.random.Generator) -> tuple[float, float]:
    x, y = spots[int(rng.choice(len(spots), p=_falling(len(spots))))]
    away = rng.normal(0.0, SPREAD_M, size=2)
    return x + float(away[0]), y + float(away[1])


def _falling(count: int) -> np.ndarray:
    weights = 1.0 / np.arange(1, count + 1)
    return weights / weights.sum()


def _moments(rng: np.random.Generator) -> list[datetime]:
    """Moments up to now, more of them each week, at the hours when people buy on the street."""
    now, moments = timezone.localtime(), []
    for back in range(WEEKS):
        for _one in range(round(A_WEEK * (1 - 0.07 * back))):
            day = now.date() - timedelta(days=back * 7 + int(rng.integers(7)))
            hour = float(np.clip(rng.choice([rng.normal(8.0, 0.8), rng.normal(17.5, 1.4)]), 6.5, 21.0))
            clock = time(int(hour), int(hour % 1 * 60), int(rng.integers(60)))
            moment = timezone.make_aware(datetime.combine(day, clock))
            if moment < now:
                moments.append(moment)
    return sorted(moments)


def _nearest(
    sites: Sequence[Site], metres: np.ndarray, moment: datetime, fruit: bool
) -> tuple[Site, float] | None:
    """The nearest site on foot that was open then and takes the goods."""
    local = timezone.localtime(moment)
    for index in np.argsort(metres, kind="stable"):
        site = sites[int(index)]
        if not np.isfinite(metres[index]):
            return None
        if (fruit or site.kind == SiteKind.STALL) and _was_open(site, local):
            return site, round(float(metres[index]), 1)
    return None


def _was_open(site: Site, local: datetime) -> bool:
    clock, in_season = local.time(), site.season is None or local.date() in site.season
    by_day = site.opens <= clock < site.closes
    over_midnight = site.closes < site.opens and (clock >= site.opens or clock < site.closes)
    return in_season and (by_day or over_midnight)


def _record(
    officer: User,
    branch: Branch,
    moment: datetime,
    place: np.ndarray,
    to: tuple[Site, float] | None,
    fruit: bool,
    idle: Sequence[Vendor],
    met: set[int],
    rng: np.random.Generator,
) -> Guidance:
    vendor = idle[int(rng.integers(len(idle)))] if idle and rng.random() < 0.3 else None
    first = vendor.pk not in met if vendor else bool(rng.random() < 0.72)
    if vendor:
        met.add(vendor.pk)
    fresh = timezone.now() - moment < timedelta(hours=30)
    outcome = _outcome(rng, guided=to is not None, fresh=fresh)
    later = timedelta(minutes=int(rng.integers(20, 26 * 60)))
    return Guidance(
        officer=officer,
        branch=branch,
        at=moment,
        location=Point(float(place[0]), float(place[1]), srid=SRID),
        goods=vendor.goods if vendor else str(rng.choice(FRUIT if fruit else GOODS)),
        vendor=vendor,
        first_time=first,
        site=to[0] if to else None,
        walk_m=to[1] if to else None,
        outcome=outcome,
        outcome_at=None if outcome == Outcome.PENDING else min(moment + later, timezone.now()),
        slip=f"SD{timezone.localtime(moment):%y%m%d}-{''.join(rng.choice(list(SLIP_SIGNS), SLIP_RANDOM))}",
        is_demo=True,
    )


def _outcome(rng: np.random.Generator, *, guided: bool, fresh: bool) -> Any:
    if not guided:
        return Outcome.MOVED_ON if rng.random() < 0.6 else Outcome.REFUSED
    if fresh and rng.random() < 0.7:
        return Outcome.PENDING
    chances = [chance for _outcome, chance in OUTCOMES]
    return OUTCOMES[int(rng.choice(len(OUTCOMES), p=chances))][0]
