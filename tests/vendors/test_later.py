"""Nothing near is open: what opens next, what lies farther, whose season is to come. The streets of test_guide's drawing."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from psycopg2.extras import DateRange

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from tests.drawing import at as spot
from tests.drawing import point
from tests.factories import AllocationFactory, SiteFactory, UserFactory, VendorFactory, replan
from tests.vendors.test_guide import P, sites, streets  # noqa: F401  # fixtures
from vendors.domain.guide import guide, record_outcome
from vendors.domain.later import next_opening, second_choices
from vendors.domain.nearby import nearest_open
from vendors.enums import Outcome, SiteKind, SiteState
from vendors.models import PitchHold, Site

pytestmark = pytest.mark.django_db


TOMORROW = timezone.localdate() + timedelta(days=1)


def clock(text: str) -> datetime:
    """That time tomorrow."""
    return timezone.make_aware(datetime.combine(TOMORROW, time.fromisoformat(text)))


@pytest.fixture
def morning(sites: dict[str, Site]) -> dict[str, Site]:  # noqa: F811
    """A opens at 6:30, B at 6:30, C at 8:00; all close at 20:00."""
    for code, opens in {"A": "06:30", "B": "06:30", "C": "08:00"}.items():
        replan(sites[code], opens=time.fromisoformat(opens), closes=time(20))
        sites[code].refresh_from_db()
    return sites


def offered(at: datetime, *, fruit: bool = False) -> list[tuple[str, str, int]]:
    choices = second_choices(point(*P), at=at, fruit=fruit)
    return [
        (each.site.code, timezone.localtime(each.opens).strftime("%d %H:%M"), round(each.metres))
        for each in choices.openings
    ]


def test_at_five_the_sites_that_open_next_are_offered_with_their_hour(morning: dict[str, Site]) -> None:
    five = clock("05:00")
    assert nearest_open(point(*P), at=five, fruit=False) == []
    day = five.strftime("%d")
    # From (100, 200): 200 m down the lane, then 42 m west and 14 m aside to B; 208 m east and 14 m aside to A.
    assert offered(five) == [
        ("B", f"{day} 06:30", 256),
        ("A", f"{day} 06:30", 422),
        ("C", f"{day} 08:00", 542),
    ]


def test_after_closing_it_is_tomorrows_opening(morning: dict[str, Site]) -> None:
    tomorrow = clock("21:00") + timedelta(days=1)
    assert offered(clock("21:00"))[0][1] == tomorrow.strftime("%d 06:30")


def test_a_site_that_is_full_then_closed_or_out_of_season_is_not_offered(morning: dict[str, Site]) -> None:
    five = clock("05:00")
    AllocationFactory(pitch=morning["B"].pitches.get(), vendor=VendorFactory())
    Site.objects.filter(pk=morning["A"].pk).update(state=SiteState.SUSPENDED)
    assert [each[0] for each in offered(five)] == ["C"]


def test_a_market_whose_season_is_to_come_is_named_with_its_first_day(morning: dict[str, Site]) -> None:
    Site.objects.exclude(pk=morning["C"].pk).update(state=SiteState.SUSPENDED)
    Site.objects.filter(pk=morning["C"].pk).update(state=SiteState.SUSPENDED)
    first = timezone.localdate() + timedelta(days=40)
    market = SiteFactory(
        kind=SiteKind.MARKET,
        code="M",
        road=morning["A"].road,
        at_m=500,
        pitches=1,
        season=DateRange(first, first + timedelta(days=60)),
    )
    choices = second_choices(point(*P), at=clock("05:00"), fruit=True)
    assert [(site.pk, day) for site, day in choices.seasons] == [(market.pk, first)]
    assert choices.openings == []
    assert not second_choices(point(*P), at=clock("05:00"), fruit=False).seasons


def test_an_open_site_beyond_three_kilometres_is_the_last_choice(streets: None) -> None:  # noqa: F811
    from grids.models import Carriageway
    from tests.drawing import line
    from tests.factories import RoadFactory

    Carriageway.objects.create(
        source_id="way/9",
        name="长街",
        highway="secondary",
        width_m=10.0,
        width_origin="measured",
        line=line((1000, 0), (6000, 0)),
    )
    road = RoadFactory(name="长大街", reference_line=line((0, 0), (6000, 0)))
    SiteFactory(code="F", road=road, at_m=5000, pitches=1, opens=time.min, closes=time.max)
    choices = second_choices(point(*P), at=clock("12:00"), fruit=False)
    # 200 m down the lane, 4,908 m east and 14 m aside.
    assert [(each.site.code, round(each.metres)) for each in choices.farther] == [("F", 5122)]


def test_a_pitch_is_held_from_the_opening_on(morning: dict[str, Site], at: Any) -> None:
    at(clock("05:00").strftime("%Y-%m-%d %H:%M"))
    site, officer = morning["B"], UserFactory(role="office")
    with pytest.raises(Invalid, match="现在不开放"):
        guide(officer=officer, place=point(*P), site=site)
    opens = next_opening(site, timezone.now())
    record = guide(officer=officer, place=point(*P), site=site, starts=opens)
    hold = PitchHold.objects.get(guidance=record)
    assert (hold.during.lower, hold.during.upper) == (clock("06:30"), clock("08:30"))
    assert [each[0] for each in offered(clock("05:00"))] == ["A", "C"]


def test_what_is_held_for_later_is_not_allotted_to_another(morning: dict[str, Site]) -> None:
    vendor = VendorFactory()
    opens = next_opening(morning["B"], timezone.now())
    assert opens is not None
    guide(officer=UserFactory(role="office"), place=point(*P), site=morning["B"], vendor=vendor, starts=opens)
    day = timezone.localdate(opens)
    pitch = morning["B"].pitches.get()
    with pytest.raises(IntegrityError, match="being held"), transaction.atomic():
        AllocationFactory(pitch=pitch, vendor=VendorFactory(), period=DateRange(day, None))
    AllocationFactory(pitch=pitch, vendor=vendor, period=DateRange(day, None))  # the vendor it is held for


def test_who_refuses_has_nothing_held_for_later(morning: dict[str, Site], at: Any) -> None:
    at(clock("05:00").strftime("%Y-%m-%d %H:%M"))
    opens = next_opening(morning["B"], timezone.now())
    record = guide(officer=UserFactory(role="office"), place=point(*P), site=morning["B"], starts=opens)
    record_outcome(record, outcome=Outcome.REFUSED)
    assert not PitchHold.objects.exists()


def test_the_page_offers_it_and_one_tap_holds_it(morning: dict[str, Site], client_as: Any, at: Any) -> None:
    at(clock("05:00").strftime("%Y-%m-%d %H:%M"))
    officer = client_as("secretary")
    lon, lat = transformer(metric_srid(), WGS84).transform(*spot(*P))
    place = {"lon": f"{lon:.6f}", "lat": f"{lat:.6f}", "fruit": "0"}
    page = officer.get("/guide/near", place).content.decode()
    assert "附近现在没有可去的摊点" in page
    assert "从 06:30 起保留 2 小时" in page
    answer = officer.post("/guide/hold/", place | {"first_time": "1", "later": "B"})
    assert answer.status_code == 302
    slip = officer.get(answer["Location"]).content.decode()
    assert "06:30 起,至 08:30" in slip
    assert officer.post("/guide/hold/", place | {"first_time": "1", "site": "A"}).status_code == 400
