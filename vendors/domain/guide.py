"""Guiding a mobile vendor to a free pitch: what is kept for whom, the slip, and what came of it."""

from datetime import datetime
from typing import Any

from django.contrib.gis.geos import Point
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from psycopg2.extras import DateTimeTZRange

from gridmgr.core.errors import Invalid, NotThere, constraint_of
from gridmgr.core.meanwhile import require_unchanged
from grids.domain.answering import possible, roads_at
from grids.models import Branch
from vendors.domain.asking import Taken, who_to_ask
from vendors.domain.nearby import HOLD, free_pitches
from vendors.domain.settle import in_one_go
from vendors.enums import Outcome
from vendors.models import Allocation, Guidance, Pitch, PitchHold, Site, Vendor

NEAR_ROAD_M = 500.0  # a place belongs to the branch of the nearest section within this
SLIP_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that reads like another
SLIP_RANDOM = 16

# Constraints that say that a pitch is not to be had after all.
TAKEN = {"hold_one_per_pitch", "hold_on_free_pitch"}

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
    raise Taken(
        _("%(site)s刚刚没有空位了,什么都没有保存。请另选摊点;%(ask)s")
        % {"site": site, "ask": who_to_ask(site, on=timezone.localdate())},
        site,
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
