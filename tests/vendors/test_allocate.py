"""Allotting pitches: one vendor to a pitch and one pitch to a vendor, whoever is quickest; seasons, queues, one step back."""

from collections import Counter
from datetime import date, time, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from psycopg2.extras import DateRange

from gridmgr.core.errors import Conflict, Invalid, NotThere
from grids.models import Branch
from tests.drawing import point
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BranchFactory,
    GuidanceFactory,
    RoadFactory,
    SiteFactory,
    UserFactory,
    VendorFactory,
)
from tests.vendors.crowd import at_once
from vendors.domain.allocate import Before, allocate, end_early, offer_next, renew, take_back, transfer
from vendors.domain.asking import Taken
from vendors.domain.guide import guide, record_outcome
from vendors.domain.waiting import join_queue, leave_queue, queue_of, rejoin_queue
from vendors.enums import Outcome, SiteState
from vendors.models import Allocation, Pitch, PitchHold, Site

MANY = 64


@pytest.fixture
def today(db: None) -> date:
    return timezone.localdate()


@pytest.fixture
def site(db: None) -> Site:
    """An open site with two free pitches on a road that branch 03 answers for; its secretary is 方艳."""
    branch = BranchFactory(code="03", name="柳巷支部", secretary__name="方艳", secretary__phone="13503510009")
    road = RoadFactory(name="迎泽大街")
    AssignmentFactory(branch=branch, road=road)
    made: Site = SiteFactory(name="柳巷早点", road=road, pitches=2, opens=time.min, closes=time.max)
    return made


def first_pitch(site: Site) -> Pitch:
    pitch: Pitch = site.pitches.order_by("number")[0]
    return pitch


def periods(**of: Any) -> list[tuple[date, date | None]]:
    return [
        (row.period.lower, row.period.upper) for row in Allocation.objects.filter(**of).order_by("period")
    ]


# ── Who is quickest ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_of_64_requests_for_one_pitch_one_wins_and_63_are_told_whom_to_ask(
    client_as: Any, site: Site
) -> None:
    pitch, since = first_pitch(site), timezone.localdate().isoformat()
    administrator = client_as("administrator")
    requests = []
    for vendor in VendorFactory.create_batch(MANY):
        client = type(administrator)()
        client.cookies = administrator.cookies
        form = {"pitch": pitch.pk, "vendor": f"#{vendor.pk}", "since": since}
        post = partial(
            client.post, f"/sites/{site.code}/pitches/allocate/", form, headers={"Accept": "application/json"}
        )
        requests.append(post)
    answers = at_once(requests)
    assert Counter(getattr(each, "status_code", each) for each in answers) == {302: 1, 409: MANY - 1}
    assert Allocation.objects.filter(pitch=pitch).count() == 1
    for refused in (each for each in answers if each.status_code == 409):
        words = refused.json()["error"]
        assert "柳巷早点 1 号摊位" in words
        assert "可询问03 柳巷支部书记方艳。" in words
        assert "13503510009" not in words


@pytest.mark.django_db(transaction=True)
def test_one_vendor_given_many_pitches_at_once_gets_one(site: Site) -> None:
    pitches = list(SiteFactory(road=site.road, at_m=500, pitches=8).pitches.all())
    vendor, since = VendorFactory(), timezone.localdate()
    results = at_once([partial(allocate, pitch, vendor=vendor, since=since) for pitch in pitches])
    assert Counter(type(each) for each in results) == {Allocation: 1, Taken: 7}
    assert Allocation.objects.filter(vendor=vendor).count() == 1


@pytest.mark.django_db(transaction=True)
def test_holds_and_allocations_of_one_pitch_do_not_pass_each_other(site: Site) -> None:
    kept, gone = site.pitches.order_by("number")
    AllocationFactory(pitch=gone)
    officers, vendors, since = (
        UserFactory.create_batch(8),
        VendorFactory.create_batch(8),
        timezone.localdate(),
    )
    works: list[Any] = [partial(guide, officer=each, place=point(0, 0), site=site) for each in officers]
    works += [partial(allocate, kept, vendor=each, since=since) for each in vendors]
    results = at_once(works)
    refused = [each for each in results if isinstance(each, Exception)]
    assert len(refused) == 15, results
    assert {type(each) for each in refused} == {Taken}, refused
    assert Allocation.objects.filter(pitch=kept).count() + PitchHold.objects.filter(pitch=kept).count() == 1


@pytest.mark.django_db(transaction=True)
def test_swapping_pitches_both_ways_at_once_ends_in_words(site: Site) -> None:
    one, two = site.pitches.order_by("number")
    since = timezone.localdate()
    a, b = (
        allocate(one, vendor=VendorFactory(), since=since),
        allocate(two, vendor=VendorFactory(), since=since),
    )
    swap = [partial(transfer, a, pitch=two, on=since), partial(transfer, b, pitch=one, on=since)]
    assert [type(each) for each in at_once(swap)] == [Taken, Taken]
    assert Allocation.objects.count() == 2


# ── Allocating ────────────────────────────────────────────────────────────────────────────────────────────


def test_allocation_runs_as_asked_and_what_is_taken_is_said_without_the_name(site: Site, today: date) -> None:
    vendor, other = VendorFactory(name="王芳"), VendorFactory(name="李强")
    pitch = first_pitch(site)
    allocate(pitch, vendor=vendor, since=today, until=today + timedelta(days=30))
    assert periods(pitch=pitch) == [(today, today + timedelta(days=30))]
    with pytest.raises(Conflict) as refused:
        allocate(pitch, vendor=other, since=today + timedelta(days=29))
    assert "已分配给其他商贩" in str(refused.value)
    assert "方艳" in str(refused.value)
    assert "王芳" not in str(refused.value)
    allocate(pitch, vendor=other, since=today + timedelta(days=30))  # the day after is free
    with pytest.raises(Conflict, match="一位商贩同时只能有一个摊位"):
        allocate(site.pitches.order_by("number")[1], vendor=vendor, since=today)


def test_impossible_periods_are_refused(site: Site, today: date) -> None:
    pitch, vendor = first_pitch(site), VendorFactory()
    for since, until, words in (
        (today - timedelta(days=1), None, "已经过去"),
        (today, today, "不能早于"),
        (today, today - timedelta(days=3), "不能早于"),
        (today, date(9998, 1, 1), "五年"),
    ):
        with pytest.raises(Invalid, match=words):
            allocate(pitch, vendor=vendor, since=since, until=until)
    assert not Allocation.objects.exists()


@pytest.mark.parametrize("state", [SiteState.PROPOSED, SiteState.SUSPENDED, SiteState.CLOSED])
def test_pitches_of_a_site_out_of_use_are_not_given_away(site: Site, today: date, state: SiteState) -> None:
    none = {"approved_by": None, "approved_at": None} if state == SiteState.PROPOSED else {}
    Site.objects.filter(pk=site.pk).update(state=state, **none)
    with pytest.raises(Invalid, match=str(state.label)):
        allocate(first_pitch(site), vendor=VendorFactory(), since=today)
    with pytest.raises(Invalid, match=str(state.label)):
        join_queue(site, vendor=VendorFactory())


def test_allocation_in_a_market_ends_with_the_season(today: date) -> None:
    season = DateRange(today - timedelta(days=10), today + timedelta(days=40), "[)")
    market = SiteFactory(market=True, season=season, pitches=1)
    pitch, vendor = first_pitch(market), VendorFactory()
    with pytest.raises(Invalid, match="季节"):
        allocate(pitch, vendor=vendor, since=today, until=today + timedelta(days=41))
    with pytest.raises(Invalid, match="季节"):
        allocate(pitch, vendor=vendor, since=today + timedelta(days=40))
    made = allocate(pitch, vendor=vendor, since=today)
    assert periods(pk=made.pk) == [(today, today + timedelta(days=40))]
    with pytest.raises(Invalid, match="季节"):
        renew(made, until=today + timedelta(days=50))


def test_held_pitch_is_kept_from_others_and_given_to_the_vendor_who_came(site: Site, today: date) -> None:
    AllocationFactory(pitch=site.pitches.order_by("number")[1])
    record = guide(officer=UserFactory(), place=point(0, 0), site=site)
    pitch, came = first_pitch(site), VendorFactory()
    with pytest.raises(Conflict, match="保留至"):
        allocate(pitch, vendor=came, since=today)
    record_outcome(record, outcome=Outcome.CAME)
    allocate(pitch, vendor=came, since=today)
    assert PitchHold.objects.get().vendor == came


# ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────


def test_transfer_passes_the_rest_on_and_keeps_what_was(site: Site, today: date) -> None:
    old, new = VendorFactory(), VendorFactory()
    end = today + timedelta(days=60)
    made = AllocationFactory(
        pitch=first_pitch(site), vendor=old, period=DateRange(date(2026, 1, 1), end, "[)")
    )
    transfer(made, vendor=new, on=today + timedelta(days=10))
    assert periods(vendor=old) == [(date(2026, 1, 1), today + timedelta(days=10))]
    assert periods(vendor=new) == [(today + timedelta(days=10), end)]
    with pytest.raises(Invalid, match="相同"):
        transfer(made, on=today)
    with pytest.raises(Invalid, match="已结束"):
        transfer(made, vendor=VendorFactory(), on=today + timedelta(days=10))


def test_move_to_another_pitch_frees_the_first(site: Site, today: date) -> None:
    one, two = site.pitches.order_by("number")
    made = allocate(one, vendor=VendorFactory(), since=today)
    transfer(made, pitch=two, on=today)
    assert periods(pitch=one) == []  # it had not begun before that day
    assert periods(pitch=two) == [(today, None)]


def test_end_early_frees_the_pitch_and_ended_ones_stay_on_record(site: Site, today: date) -> None:
    running = AllocationFactory(pitch=first_pitch(site), period=DateRange(date(2026, 1, 1), None, "[)"))
    with pytest.raises(Invalid, match="已经过去"):
        end_early(running, on=today - timedelta(days=1))
    end_early(running, on=today)
    assert periods() == [(date(2026, 1, 1), today)]
    with pytest.raises(Invalid, match="已结束"):
        end_early(running, on=today)
    with pytest.raises(Invalid, match="不能续期"):
        renew(running, until=None)
    allocate(first_pitch(site), vendor=VendorFactory(), since=today)


def test_renewal_runs_on_unless_another_comes_after(site: Site, today: date) -> None:
    pitch, day = first_pitch(site), today + timedelta(days=5)
    made = allocate(pitch, vendor=VendorFactory(), since=today, until=day)
    with pytest.raises(Invalid, match="更晚"):
        renew(made, until=day)
    renew(made, until=day + timedelta(days=5))
    allocate(pitch, vendor=VendorFactory(), since=day + timedelta(days=20))
    with pytest.raises(Conflict, match="已分配给其他商贩"):
        renew(made, until=None)
    assert periods(pk=made.pk) == [(today, day + timedelta(days=5))]


# ── Waiting ───────────────────────────────────────────────────────────────────────────────────────────────


def test_queue_is_first_come_first_served(site: Site, today: date) -> None:
    first, second = VendorFactory(name="先来"), VendorFactory(name="后到")
    join_queue(site, vendor=first)
    join_queue(site, vendor=second)
    with pytest.raises(Conflict, match="已在柳巷早点候补"):
        join_queue(site, vendor=first)
    made = offer_next(site, pitch=first_pitch(site), since=today)
    assert made.vendor == first
    assert [entry.vendor for entry in queue_of(site)] == [second]
    left = leave_queue(queue_of(site)[0])
    with pytest.raises(Conflict, match="已不在候补"):
        leave_queue(left)
    with pytest.raises(NotThere, match="没有人候补"):
        offer_next(site, pitch=first_pitch(site), since=today)
    rejoin_queue(left)
    assert [entry.vendor for entry in queue_of(site)] == [second]


# ── One step back ─────────────────────────────────────────────────────────────────────────────────────────


def test_each_step_can_be_taken_back(site: Site, today: date) -> None:
    pitch, vendor = first_pitch(site), VendorFactory()
    later = today + timedelta(days=9)
    made = allocate(pitch, vendor=vendor, since=today, until=later)
    was = Before.of(made)

    renewed = renew(made, until=None)
    take_back(was=was, became=Before.of(renewed))
    moved = transfer(made, pitch=site.pitches.order_by("number")[1], on=today + timedelta(days=2))
    take_back(made=Before.of(moved), was=was, became=Before.of(Allocation.objects.get(pk=made.pk)))
    assert end_early(made, on=today) is None  # not begun: taken away
    take_back(was=was)
    assert Before.of(Allocation.objects.get()) == was
    take_back(made=was)
    assert not Allocation.objects.exists()


def test_step_that_was_changed_since_is_not_taken_back(site: Site, today: date) -> None:
    pitch = first_pitch(site)
    made = allocate(pitch, vendor=VendorFactory(), since=today, until=today + timedelta(days=9))
    was = Before.of(made)
    renew(made, until=today + timedelta(days=20))
    with pytest.raises(Conflict, match="又有人修改"):
        take_back(made=was)
    end_early(made, on=today)
    allocate(pitch, vendor=VendorFactory(), since=today)
    with pytest.raises(Conflict, match="已分配给其他商贩"):
        take_back(was=was)


def test_site_without_a_branch_names_the_administrator(today: date) -> None:
    site = SiteFactory(pitches=1)
    assert not Branch.objects.exists()
    AllocationFactory(pitch=first_pitch(site))
    with pytest.raises(Conflict, match="可询问管理员"):
        allocate(first_pitch(site), vendor=VendorFactory(), since=today)


def test_records_of_guidance_do_not_stop_an_allocation(site: Site, today: date) -> None:
    GuidanceFactory(site=site)
    assert allocate(first_pitch(site), vendor=VendorFactory(), since=today).pk
