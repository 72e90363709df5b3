"""What "is" means of a site, by state, season and day: the same in SQL, in Python and wherever sites are told."""

from datetime import date
from typing import Any

import pytest

from gridmgr.core.accounts.audience import Audience
from tests.drawing import period
from tests.factories import AllocationFactory, SiteFactory
from tests.factories.vendors import PitchFactory
from vendors.layers import PITCHES, SITES
from vendors.models import Pitch, Site
from vendors.status import APART, IN_USE, SiteStatus, status_of

OFFICE = Audience(role="office")
# The market's season is [1 May, 1 December).
IN, OUT = date(2026, 11, 30), date(2026, 12, 1)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("market", [False, True])
@pytest.mark.parametrize("state", ["proposed", "returned", "approved", "open", "suspended", "closed"])
@pytest.mark.parametrize("on", [IN, OUT])
def test_status_by_state_season_and_day(state: str, market: bool, on: date) -> None:
    site = SiteFactory(
        state=state, market=market, returned_for="理由" if state == "returned" else "", pitches=1
    )
    expected = "resting" if state == "open" and market and on == OUT else state
    (row,) = Site.objects.with_pitches(on=on)
    assert (row.status, status_of(site, on)) == (expected, SiteStatus(expected))
    assert row.free_n == (1 if expected == IN_USE else None)
    assert Site.objects.in_use(on=on).exists() == (expected == IN_USE)
    (pitch,) = Pitch.objects.with_taken(on=on)
    assert pitch.site_status == expected  # type: ignore[attr-defined]  # an annotation


def test_every_status_is_in_use_apart_or_closed() -> None:
    assert {IN_USE, *APART, SiteStatus.CLOSED} == set(SiteStatus)


def test_free_pitches_are_those_of_sites_in_use() -> None:
    open_site = SiteFactory(at_m=100, pitches=3)
    AllocationFactory(pitch=open_site.pitches.first(), period=period())
    SiteFactory(at_m=400, state="suspended", pitches=3)
    rows = list(SITES.annotated(OFFICE, IN).order_by("code").values_list("p_status", "p_pitches", "p_free"))
    assert rows == [("open", 3, 2), ("suspended", 3, None)]


@pytest.mark.parametrize(("name", "field"), [("sites", "status"), ("pitches", "site_status")])
def test_lists_are_narrowed_by_what_is(client_as: Any, name: str, field: str) -> None:
    """An open site, one planned, and a market at rest: each is found under its own name alone."""
    PitchFactory(site=SiteFactory(code="A", at_m=100))
    PitchFactory(site=SiteFactory(code="B", at_m=300, state="proposed"))
    PitchFactory(site=SiteFactory(code="C", at_m=500, market=True))
    client = client_as("office")

    def found(status: str) -> int:
        page = client.get(f"/{name}/?{field}={status}&date={OUT.isoformat()}")
        return int(page.context["page"].paginator.count)

    assert [found(each) for each in ("open", "proposed", "resting", "suspended", "")] == [1, 1, 1, 0, 3]


def test_pitches_say_what_their_site_is() -> None:
    PitchFactory(site=SiteFactory(state="proposed"))
    (row,) = PITCHES.annotated(OFFICE, IN)
    assert row.p_site_status == "proposed"
