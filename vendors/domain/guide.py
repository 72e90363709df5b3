"""Guiding a mobile vendor from where they were met to a free pitch nearby, and what came of it.

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
from django.db import IntegrityError, transaction
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
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange, DateTimeTZRange

from gridmgr.core.errors import Conflict, Invalid, NotThere, constraint_of
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer, zone_window
from gridmgr.core.meanwhile import require_unchanged
from grids.domain.answering import possible, roads_at
from grids.domain.streets_on_foot import walking_network
from grids.domain.walking import Route, WalkingNetwork
from grids.models import Branch
from vendors.domain.rights import who_to_ask
from vendors.domain.settle import in_one_go
from vendors.enums import Outcome, SiteKind
from vendors.models import Allocation, Guidance, Pitch, PitchHold, Site, Vendor

HOLD = timedelta(hours=2)
LIMIT_M = 3_000.0  # farther than this nobody pushes a cart
MOST = 5
FIRST_LOOK = 96  # sites asked for by straight line at first; four times as many each further time
NEAR_ROAD_M = 500.0  # a place belongs to the branch of the nearest section within this
SLIP_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that reads like another
SLIP_RANDOM = 16

# Constraints that say that a pitch is not to be had after all.
TAKEN = {"hold_one_per_pitch", "hold_on_free_pitch"}


@dataclass(frozen=True)
class Suggestion:
    """An open site with a free pitch: metres on foot, and free pitches now."""

    site: Site
    metres: float
    free: int


# ── Where to ──────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Guiding ───────────────────────────────────────────────────────────────────────────────────────────────


# How a slip is numbered: the day, and signs; slips of before had 10 of them.
SLIP = r"SD\d{6}-(?:[A-Z0-9]{16}|[A-Z0-9]{10})"


def new_slip(at: datetime | None = None) -> str:
    """A slip number: the day, and signs that can't be guessed (80 bits)."""
    day = timezone.localtime(at).strftime("%y%m%d")
    return f"SD{day}-{get_random_string(SLIP_RANDOM, SLIP_SIGNS)}"


def guide(
    *,
    officer: Any,
    place: Point,
    site: Site,
    goods: str = "",
    vendor: Vendor | None = None,
    first_time: bool = True,
    walk_m: float | None = None,
    slip: str = "",
    note: str = "",
    branch: str = "",
    starts: datetime | None = None,
) -> Guidance:
    """Records that the officer guides a vendor met at `place` to `site`, and holds a pitch there for two hours.

    The hold runs from now, or from `starts`, when the site opens next. A vendor who is known and was guided before
    counts as a repeat, whatever `first_time` says. `branch` is the code of the one that the officer says answers there,
    where several may. Raises Invalid when the site is not open then, Conflict (with who may be asked) when its last
    free pitch is gone.
    """
    record = _met(officer, place, goods, vendor, first_time, slip, branch)
    record.site, record.walk_m, record.note = site, walk_m, note.strip()

    def work() -> Guidance:
        _check_open(site, starts or record.at)
        record.pk = None
        record.save(force_insert=True)
        _hold_one(record, starts or record.at)
        return record

    return in_one_go(work, words={})


def record_without_site(
    *,
    officer: Any,
    place: Point,
    outcome: str,
    goods: str = "",
    vendor: Vendor | None = None,
    first_time: bool = True,
    slip: str = "",
    branch: str = "",
) -> Guidance:
    """Records a vendor who was met and told the rules but refused to be guided, or moved on."""
    if outcome not in {Outcome.REFUSED, Outcome.MOVED_ON}:
        raise Invalid(_("没有疏导到摊点时,结果只能是“拒绝”或“自行离开”。"))
    record = _met(officer, place, goods, vendor, first_time, slip, branch)
    record.outcome, record.outcome_at = outcome, record.at
    record.save(force_insert=True)
    return record


def _met(
    officer: Any,
    place: Point,
    goods: str,
    vendor: Vendor | None,
    first_time: bool,
    slip: str,
    branch: str,
) -> Guidance:
    """The record of an officer who meets a vendor at `place` now, not saved yet, without what comes of it."""
    now = timezone.now()
    return Guidance(
        officer=officer,
        branch=branch_of(officer, place, chosen=branch),
        at=now,
        location=place,
        goods=goods.strip(),
        vendor=vendor,
        first_time=first_time and not _guided_before(vendor),
        slip=slip or new_slip(now),
    )


def record_outcome(guidance: Guidance, *, outcome: str, seen: str | None = None) -> Guidance:
    """Says what came of it, or corrects that; who does not come has the pitch held no longer.

    Raises Invalid for what is no outcome, Changed when the record isn't as it was `seen` on the screen.
    """
    if outcome not in Outcome.values:
        raise Invalid(
            _("结果须为:%(choices)s。") % {"choices": _("、").join(str(each) for each in Outcome.labels)}
        )
    with transaction.atomic():
        row = Guidance.objects.select_for_update().filter(pk=guidance.pk).first()
        if row is None:
            raise NotThere(_("这条疏导记录已不存在。"))
        require_unchanged(row, seen)
        row.outcome = outcome
        row.outcome_at = None if outcome == Outcome.PENDING else timezone.now()
        row.save(update_fields=["outcome", "outcome_at"])
        if outcome in {Outcome.REFUSED, Outcome.MOVED_ON}:
            _release(row)
    return row


def _release(guidance: Guidance) -> None:
    """Ends the hold of this guidance now, if it still runs; one that hasn't begun is taken back."""
    now = timezone.now()
    PitchHold.objects.filter(guidance=guidance, during__startswith__gt=now).delete()
    hold = PitchHold.objects.select_for_update().filter(guidance=guidance, during__contains=now).first()
    if hold is None:
        return
    if hold.during.lower < now and not _allotted(hold.pitch_id, now):
        hold.during = DateTimeTZRange(hold.during.lower, now, "[)")
        hold.save(update_fields=["during"])


def _allotted(pitch_id: int, now: datetime) -> bool:
    """Whether a vendor has the pitch meanwhile: then the hold binds nobody any more, and stays as it was."""
    return Allocation.objects.filter(pitch=pitch_id, period__contains=timezone.localtime(now).date()).exists()


def _guided_before(vendor: Vendor | None) -> bool:
    return vendor is not None and Guidance.objects.filter(vendor=vendor).exists()


def branches_meant(place: Point) -> list[Branch]:
    """The branches that may answer for a place, the likeliest first: two where roads of two of them meet. Two queries."""
    today = timezone.localdate()
    found = roads_at(place, on=today) or roads_at(place, on=today, reach_m=NEAR_ROAD_M)
    ids = list(dict.fromkeys(each.branch_id for each in possible(found) if each.branch_id is not None))
    branches = Branch.objects.defer("area").in_bulk(ids)
    return [branches[pk] for pk in ids]


def branch_of(officer: Any, place: Point, *, chosen: str = "") -> Branch | None:
    """For whom a guidance counts: the officer's own branch, else who answers for the place; of several the one chosen by code."""
    member = getattr(officer, "member", None)
    if member is not None:
        own: Branch = member.branch
        return own
    branches = branches_meant(place)
    return next((each for each in branches if each.code == chosen), branches[0] if branches else None)


# ── Holding ───────────────────────────────────────────────────────────────────────────────────────────────


def _check_open(site: Site, now: datetime) -> None:
    if not Site.objects.open_at(timezone.localtime(now)).filter(pk=site.pk).exists():
        raise Invalid(_("%(site)s现在不开放,不能疏导到那里。请另选摊点。") % {"site": site})


def _hold_one(record: Guidance, starts: datetime) -> PitchHold:
    """Holds a free pitch of the record's site; the first that nobody else is just taking, else the first of all."""
    for wait in (False, True):
        for pitch in free_pitches(starts).filter(site=record.site_id).order_by("number").only("pk"):
            if hold := _try_hold(pitch, record, starts, wait=wait):
                return hold
    site: Any = record.site
    raise Conflict(
        _("%(site)s刚刚没有空位了,什么都没有保存。请另选摊点;%(ask)s")
        % {"site": site, "ask": who_to_ask(site, on=timezone.localdate())}
    )


def _try_hold(pitch: Pitch, record: Guidance, starts: datetime, *, wait: bool) -> PitchHold | None:
    """The hold, or None when somebody else was quicker. Without `wait`, a pitch that another is taking is passed over."""
    locked = Pitch.objects.select_for_update(no_key=True, skip_locked=not wait).filter(pk=pitch.pk)
    if not locked.values_list("pk", flat=True) or not free_pitches(starts).filter(pk=pitch.pk).exists():
        return None
    hold = PitchHold(
        pitch=pitch,
        during=DateTimeTZRange(starts, starts + HOLD, "[)"),
        vendor=record.vendor,
        guidance=record,
        made_by=record.officer,
    )
    try:
        with transaction.atomic():
            hold.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) not in TAKEN:
            raise
        return None
    return hold
