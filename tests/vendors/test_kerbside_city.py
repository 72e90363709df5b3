"""Kerbs of many roads: batches add up to the whole, what is known is kept until something changes, overviews show the best."""

from collections.abc import Callable
from typing import Any

import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids.models import Facility, Kerb
from parking.models import CalendarDay
from tests.drawing import line, rect
from tests.factories import RoadFactory, SiteFactory
from tests.vendors.siting import ON, spot
from vendors.domain.kerbside import (
    Sums,
    Wanted,
    city,
    overview,
    roads_with_kerbs,
    stretches_of,
    where_may_stand,
)
from vendors.domain.profile import install_demo_profile
from vendors.domain.rectangles import Size
from vendors.models import PlacementRule

WANTED = Wanted(size=Size(12.0, 2.5, 0.8))


def streets(count: int) -> None:
    """Streets of 1,000 m due east, 2 km apart, each with a right-hand kerb and a junction at 500 m."""
    install_demo_profile()
    for number in range(count):
        y = 2000.0 * number
        road = RoadFactory(name=f"{number}街")
        Kerb.objects.create(
            road=road, side="right", line=line((0, y - 7.5), (1000, y - 7.5)), measures=[0, 1000]
        )
        spot("junction", 500, y)


def summed() -> dict[str, float]:
    sums = Sums()
    for batch in stretches_of(WANTED, on=ON, roads=roads_with_kerbs()):
        sums.add(batch.stretches)
    return {**sums.metres, **sums.lost_m}


@pytest.mark.django_db
def test_batches_add_up_to_the_whole_city(monkeypatch: pytest.MonkeyPatch) -> None:
    streets(5)
    monkeypatch.setattr(city, "BATCH_M", 2000.0)
    roads = roads_with_kerbs()
    batches = list(stretches_of(WANTED, on=ON, roads=roads))
    assert [round(batch.share, 2) for batch in batches] == [0.4, 0.8, 1.0]
    # Neighbours follow one another: from south to north or from north to south, but never to and fro.
    order = [road for batch in batches for road in dict.fromkeys(each.road_id for each in batch.stretches)]
    assert order == list(roads)
    whole = where_may_stand(WANTED, on=ON)
    assert summed()["free"] == pytest.approx(whole.metres("free"))
    assert summed()["junction"] == pytest.approx(whole.lost_m["junction"])


def _another_facility() -> None:
    spot("hydrant", 200, -7.5)


def _facility_gone() -> None:
    Facility.objects.all().delete()


def _another_rule() -> None:
    PlacementRule.objects.filter(code="junction").update(amount=40.0)


def _another_site() -> None:
    SiteFactory(area=rect(200, -11, 16, 4))


def _another_kerb() -> None:
    road = RoadFactory()
    Kerb.objects.create(road=road, side="left", line=line((0, 300), (100, 300)), measures=[0, 100])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change", [_another_facility, _facility_gone, _another_rule, _another_site, _another_kerb]
)
def test_what_is_known_is_kept_until_something_changes(change: Callable[[], Any]) -> None:
    streets(1)
    before = summed()
    with CaptureQueriesContext(connection) as queries:
        assert summed() == before
    assert len(queries) == 3, [
        query["sql"][:80] for query in queries
    ]  # roads, the state of the data, school days
    change()
    assert summed() != before


@pytest.mark.django_db(transaction=True)
def test_another_school_day_is_another_state() -> None:
    streets(1)
    summed()
    CalendarDay.objects.create(day=ON, is_school_day=True)
    with CaptureQueriesContext(connection) as queries:
        summed()
    assert len(queries) > 3


@pytest.mark.django_db
def test_overview_shows_the_best_that_takes_up_a_pixel() -> None:
    # The junction at 500 m bars 475.8 to 524.2. With pixels of 10 m the kerb is cut into pieces of 40 m: that from 480
    # to 520 is barred all over; from 440 to 480 and from 520 to 560 more than a pixel is free.
    streets(1)
    stretches = where_may_stand(WANTED, on=ON).stretches
    drawn = overview(stretches, pixel_m=10.0)
    assert [state for state, _line in drawn] == ["free", "barred", "free"]
    assert [round(shapely.length(each)) for _state, each in drawn] == [480, 40, 480]
    # A pixel of 100 m: nothing but free is seen; the ends, where there is no room, are shorter still.
    (only,) = overview(stretches, pixel_m=100.0)
    assert (only[0], round(shapely.length(only[1]))) == ("free", 1000)
