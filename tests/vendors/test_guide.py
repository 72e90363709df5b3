"""Guiding: the nearest open sites on foot by hand-computed metres, holds that lapse by themselves, outcomes, numbers.

y
400  |        |                  roads for walkers: the street y = 0 from x = 0 to 1000, and two lanes that
     |        |                  leave it to the north at x = 100 and x = 250, 400 m and 190 m long
200  P        C                  P (100, 200) is where the vendor is met
     |        |
  0 -+--------+------------- 1000
   B (58,-14)    A (308,-14)     middles of the sites; C's is (252, 190)
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from psycopg2.extras import DateRange, DateTimeTZRange

from gridmgr.core.errors import Conflict, Invalid
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.domain.streets_on_foot import walking_network
from grids.models import Carriageway
from tests.drawing import at as spot
from tests.drawing import line, point, rect
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BranchFactory,
    GuidanceFactory,
    MemberFactory,
    RoadFactory,
    SiteFactory,
    UserFactory,
    VendorFactory,
    replan,
)
from tests.vendors.crowd import at_once
from vendors.domain import nearby
from vendors.domain.guide import guide, record_outcome, record_without_site
from vendors.domain.nearby import nearest_open, route_to
from vendors.domain.sketch import sketch
from vendors.domain.week import by_branch_and_week, monday_of, week_of
from vendors.enums import Outcome, SiteState
from vendors.forms.guide import signed_slip
from vendors.models import Guidance, PitchHold, Site

MANY = 64
P = (100, 200)
NOON = time(12)


@pytest.fixture
def streets(db: None) -> None:
    for number, ends in enumerate((((0, 0), (1000, 0)), ((100, 0), (100, 400)), ((250, 0), (250, 190)))):
        Carriageway.objects.create(
            source_id=f"way/{number}",
            name=f"步行{number}街",
            highway="secondary",
            width_m=10.0,
            width_origin="measured",
            line=line(*ends),
        )


@pytest.fixture
def sites(streets: None) -> dict[str, Site]:
    """A, B and C of the drawing, open around the clock, with one free pitch each."""
    road = RoadFactory(name="步行大街")
    always = {"road": road, "pitches": 1, "opens": time.min, "closes": time.max}
    return {
        "A": SiteFactory(code="A", name="甲点", at_m=300, **always),
        "B": SiteFactory(code="B", name="乙点", at_m=50, **always),
        "C": SiteFactory(code="C", name="丙点", at_m=800, area=rect(250, 188, 4, 4), **always),
    }


def noon() -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate(), NOON))


def found(
    at: datetime | None = None, *, fruit: bool = True, place: tuple[float, float] = P, **more: Any
) -> list[Any]:
    return [
        (each.site.code, round(each.metres), each.free)
        for each in nearest_open(point(*place), at=at or noon(), fruit=fruit, **more)
    ]


# ── Where to ──────────────────────────────────────────────────────────────────────────────────────────────


def test_nearest_is_by_metres_on_foot_not_as_the_crow_flies(sites: dict[str, Site]) -> None:
    # B: 200 down the lane, 42 west, 14 aside = 256.  A: 200 + 208 east + 14 = 422.
    # C: 200 + 150 + 190 up the other lane + 2 aside = 542, although it is the nearest as the crow flies (152 m).
    assert found() == [("B", 256, 1), ("A", 422, 1), ("C", 542, 1)]
    assert found(most=1) == [("B", 256, 1)]
    assert found(limit_m=422.5) == [("B", 256, 1), ("A", 422, 1)]


def test_a_site_that_no_way_leads_to_is_not_suggested(sites: dict[str, Site]) -> None:
    site = SiteFactory(
        road=sites["A"].road, area=rect(100, 900, 4, 4), pitches=1, opens=time.min, closes=time.max
    )
    assert site.code not in [code for code, *_rest in found()]
    assert found(place=(5000, 5000)) == []


def test_only_open_sites_in_season_and_hours_with_a_free_pitch(sites: dict[str, Site]) -> None:
    Site.objects.filter(code="B").update(state=SiteState.SUSPENDED)
    assert [code for code, *_rest in found()] == ["A", "C"]
    replan(sites["A"], opens=time(18), closes=time(2))  # across midnight
    assert [code for code, *_rest in found()] == ["C"]
    assert [code for code, *_rest in found(noon() + timedelta(hours=13))] == ["A", "C"]  # 01:00
    AllocationFactory(pitch=sites["C"].pitches.get())
    assert found() == []


def test_fruit_markets_take_fruit_in_their_season(sites: dict[str, Site]) -> None:
    today = timezone.localdate()
    season = DateRange(today - timedelta(days=3), today + timedelta(days=3), "[)")
    market = SiteFactory(code="M", road=sites["A"].road, at_m=120, market=True, season=season, pitches=2)
    assert found()[0] == ("M", 242, 2)  # middle (128, -14): 200 + 28 + 14
    assert found(fruit=False)[0] == ("B", 256, 1)
    replan(market, season=DateRange(today + timedelta(days=1), today + timedelta(days=3), "[)"))
    assert found()[0] == ("B", 256, 1)


def test_pitch_allotted_from_tomorrow_is_free_until_the_hold_would_reach_it(sites: dict[str, Site]) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    AllocationFactory(pitch=sites["B"].pitches.get(), period=DateRange(tomorrow, None, "[)"))
    assert found()[0][0] == "B"
    assert found(noon() + timedelta(hours=9, minutes=59))[0][0] == "B"  # 21:59, to 23:59
    assert found(noon() + timedelta(hours=10))[0][0] == "A"  # 22:00, to midnight, which is tomorrow


@pytest.mark.parametrize("first_look", [1, 2, 7])
def test_asking_bit_by_bit_finds_the_same_as_asking_for_all(
    streets: None, monkeypatch: pytest.MonkeyPatch, first_look: int
) -> None:
    """120 sites at random along the streets, against the walking distance to every one of them."""
    rng = np.random.default_rng(11)
    road = RoadFactory()
    spots = [(float(x), -14.0) for x in rng.uniform(5, 990, 60)]
    spots += [
        (float(100 + 150 * (n % 2) + rng.uniform(3, 9)), float(rng.uniform(10, 180))) for n in range(60)
    ]
    made = [
        SiteFactory(
            road=road, area=rect(x - 1, y - 1, 2, 2), at_m=10, opens=time.min, closes=time.max, pitches=0
        )
        for x, y in spots
    ]
    for site in made:
        site.pitches.create(number="1", area=site.area)
    middles = np.array([site.area.centroid.coords for site in made])
    network = walking_network()
    monkeypatch.setattr(nearby, "FIRST_LOOK", first_look)
    for x, y in rng.uniform((0, 0), (400, 300), (6, 2)):
        place = point(float(x), float(y))
        every = network.nearest(place, middles, limit_m=600.0, most=5)
        near = nearest_open(place, at=noon(), fruit=True, limit_m=600.0)
        assert [round(each.metres, 6) for each in near] == [round(walk.metres, 6) for walk in every]


def test_route_goes_along_the_streets(sites: dict[str, Site]) -> None:
    route = route_to(point(*P), sites["B"])
    assert route.line is not None
    corners = [(round(x - 400_000), round(y - 4_190_000)) for x, y in route.line.coords]
    assert corners == [(100, 200), (100, 0), (58, 0), (58, -14)]
    assert round(route.metres) == 256
    drawn = sketch(start=point(*P), site=sites["B"], way=route.line)
    assert len(drawn.way.split()) == 4
    assert {street.name for street in drawn.streets} >= {"步行0街"}


def test_place_outside_the_zone_is_refused() -> None:
    for lon, lat in ((float("nan"), 37.8), (float("inf"), 37.8), (0.0, 0.0), (-122.4, 37.8)):
        with pytest.raises(Invalid, match="范围"):
            nearby.place_at(lon, lat)


# ── Holding ───────────────────────────────────────────────────────────────────────────────────────────────


def test_guiding_holds_a_pitch_for_two_hours_and_then_no_more(sites: dict[str, Site]) -> None:
    record = guide(officer=UserFactory(), place=point(*P), site=sites["B"], goods="烤红薯", walk_m=256.0)
    hold = PitchHold.objects.get()
    assert hold.during == DateTimeTZRange(record.at, record.at + timedelta(hours=2), "[)")
    assert record.outcome == Outcome.PENDING
    assert [code for code, *_rest in found(timezone.now())] == ["A", "C"]
    assert [code for code, *_rest in found(record.at + timedelta(hours=2))][:1] == ["B"]  # lapsed by itself


def test_last_pitch_held_by_another_is_a_conflict_that_says_whom_to_ask(sites: dict[str, Site]) -> None:
    branch = BranchFactory(code="03", name="柳巷支部", secretary__name="方艳")
    AssignmentFactory(branch=branch, road=sites["B"].road)
    guide(officer=UserFactory(), place=point(*P), site=sites["B"])
    with pytest.raises(Conflict, match="可询问03 柳巷支部书记方艳"):
        guide(officer=UserFactory(), place=point(*P), site=sites["B"])
    assert Guidance.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_form", [False, True])
def test_of_64_holds_of_the_last_pitch_one_is_made_whoever_asks_and_however_often(
    client_as: Any, sites: dict[str, Site], same_form: bool
) -> None:
    """64 forms at once: one wins and 63 are told; one form sent 64 times at once: all lead to the one slip."""
    officer = client_as("administrator")
    lon, lat = transformer(metric_srid(), WGS84).transform(*spot(*P))
    keys = [signed_slip()] * MANY if same_form else [signed_slip() for _each in range(MANY)]
    posts = []
    for key in keys:
        client = type(officer)()
        client.cookies = officer.cookies
        form = {"lon": lon, "lat": lat, "first_time": "1", "site": "B", "key": key}
        posts.append(partial(client.post, "/guide/hold/", form, headers={"Accept": "application/json"}))
    answers = at_once(posts)
    won = {200: MANY} if same_form else {200: 1, 409: MANY - 1}
    assert Counter(getattr(each, "status_code", each) for each in answers) == won
    assert Guidance.objects.count() == PitchHold.objects.count() == 1
    assert {each.json()["url"] for each in answers if each.status_code == 200} == {
        f"/guide/{Guidance.objects.get().slip}/"
    }
    for refused in (each for each in answers if each.status_code == 409):
        assert "可询问管理员" in refused.json()["error"]  # nobody answers for the street of the drawing


def test_site_that_is_not_open_now_is_refused(sites: dict[str, Site]) -> None:
    now = timezone.localtime()
    gone = (now - timedelta(hours=3)).time(), (now - timedelta(hours=1)).time()
    replan(sites["B"], opens=gone[0], closes=gone[1])
    with pytest.raises(Invalid, match="不开放"):
        guide(officer=UserFactory(), place=point(*P), site=Site.objects.get(code="B"))
    assert not Guidance.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "free"), [(Outcome.REFUSED, True), (Outcome.MOVED_ON, True), (Outcome.CAME, False)]
)
def test_who_does_not_come_has_no_pitch_held(sites: dict[str, Site], outcome: Outcome, free: bool) -> None:
    record = guide(officer=UserFactory(), place=point(*P), site=sites["B"])
    done = record_outcome(record, outcome=outcome)
    assert done.outcome_at is not None
    assert ("B" in [code for code, *_rest in found(timezone.now())]) is free
    assert record_outcome(record, outcome=Outcome.PENDING).outcome_at is None
    with pytest.raises(Invalid, match="已入点"):
        record_outcome(record, outcome="vanished")


def test_known_vendor_met_again_counts_as_repeat(sites: dict[str, Site]) -> None:
    vendor, officer = VendorFactory(), UserFactory()
    met: dict[str, Any] = {"officer": officer, "place": point(*P), "vendor": vendor, "first_time": True}
    assert record_without_site(**met, outcome=Outcome.REFUSED).first_time
    assert not guide(**met, site=sites["A"]).first_time
    assert not guide(officer=officer, place=point(*P), site=sites["B"], first_time=False).first_time


def test_guidance_counts_for_the_officers_branch_else_for_the_place(sites: dict[str, Site]) -> None:
    branch, other = BranchFactory(), BranchFactory()
    AssignmentFactory(branch=other, road=sites["A"].road)
    member = MemberFactory(branch=branch, user=UserFactory(role="member"))
    assert guide(officer=member.user, place=point(*P), site=sites["A"]).branch == branch
    assert guide(officer=UserFactory(role="administrator"), place=point(*P), site=sites["B"]).branch == other
    far = record_without_site(officer=UserFactory(), place=point(20_000, 0), outcome="refused")
    assert far.branch is None


# ── Numbers ───────────────────────────────────────────────────────────────────────────────────────────────


def test_table_by_branch_and_week(db: None, at: Callable[[str], datetime]) -> None:
    one, two = BranchFactory(code="01"), BranchFactory(code="02")
    site = SiteFactory()
    # Sunday 15 Nov 2026 23:59 is one week, Monday 16 Nov 00:00 the next, in the city's time.
    for branch, text, outcome, first in (
        (one, "2026-11-15 23:59", "came", True),
        (one, "2026-11-16 00:00", "came", False),
        (one, "2026-11-18 09:00", "refused", True),
        (two, "2026-11-18 09:00", "pending", True),
        (one, "2026-11-08 09:00", "came", True),  # before the two weeks
    ):
        moment = at(text)
        GuidanceFactory(
            branch=branch, at=moment, outcome=outcome, first_time=first, site=site,
            outcome_at=None if outcome == "pending" else moment,
        )  # fmt: skip
    table = by_branch_and_week(Guidance.objects.all(), until=date(2026, 11, 22), weeks=2)
    assert table.weeks == [date(2026, 11, 16), date(2026, 11, 9)]  # the latest first
    assert [
        (line.branch.code, [(t.came, t.guided) for t in line.weeks]) for line in table.lines if line.branch
    ] == [
        ("01", [(1, 2), (1, 1)]),
        ("02", [(0, 1), (0, 0)]),
    ]
    total = table.foot.total
    assert (total.guided, total.came, total.refused, total.pending, total.first, total.repeat) == (
        4,
        2,
        1,
        1,
        3,
        1,
    )
    assert total.share == 2 / 3
    assert monday_of(date(2026, 11, 22)) == date(2026, 11, 16)


def test_branch_week_counts_fill_holds_queues_and_guidance(
    sites: dict[str, Site], django_assert_num_queries: Any
) -> None:
    branch = BranchFactory()
    AssignmentFactory(branch=branch, road=sites["A"].road)
    AllocationFactory(pitch=sites["A"].pitches.get())
    officer = MemberFactory(branch=branch, user=UserFactory(role="member")).user
    record_outcome(guide(officer=officer, place=point(*P), site=sites["B"]), outcome=Outcome.CAME)
    sites["A"].waiting.create(vendor=VendorFactory())
    with django_assert_num_queries(3):
        week = week_of(branch, at=timezone.now())
    assert (week.pitches, week.taken, week.waiting, week.fill) == (3, 1, 1, 1 / 3)
    assert [hold.pitch.site.code for hold in week.holds] == ["B"]
    assert (week.tally.guided, week.tally.came, week.tally.share) == (1, 1, 1.0)
    assert {site.code: (site.held_n, site.waiting_n) for site in week.sites} == {
        "A": (0, 1),
        "B": (1, 0),
        "C": (0, 0),
    }
