"""Names that the product gave follow the site and its road; names that people gave stay."""

from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from grids.domain.remeasure import measured
from grids.models import Road
from tests.drawing import stretch
from tests.factories import SiteFactory, UserFactory
from tests.vendors.planning import draft, street
from vendors.domain import plan
from vendors.domain.naming import follow_places, language_of, name_at
from vendors.models import Site

ON = date(2026, 11, 22)
pytestmark = pytest.mark.django_db


@pytest.fixture
def road() -> Road:
    road = street()
    Road.objects.filter(pk=road.pk).update(name="府西街")
    road.refresh_from_db()
    return road


@pytest.mark.parametrize("name", ["府西街右侧 300 m 便民摊点", "老王的早点摊"])
def test_an_edited_site_keeps_its_name_only_when_a_person_gave_it(road: Road, name: str) -> None:
    """The page sends the name as it stands; the site goes from metre 300 to 600."""
    ann = UserFactory(role="planner")
    site = plan.propose_site(draft=draft(road, 300.0, name="" if "府西街" in name else name), by=ann, on=ON)
    assert site.name == name
    moved = plan.edit_site(
        site=site, expected_version=site.version, draft=draft(road, 600.0, name=name), by=ann, on=ON
    )
    assert moved.name == ("府西街右侧 600 m 便民摊点" if "府西街" in name else name)


def test_names_follow_a_road_that_is_measured_anew_or_renamed(road: Road) -> None:
    named = SiteFactory(name="府西街右侧 308 m 便民摊点", road=road, at_m=300)
    given = SiteFactory(name="双塔便民点", road=road, at_m=500)
    near = SiteFactory(
        name="府西街右侧 709 m 便民摊点", road=road, at_m=700
    )  # its middle is 708: to the metre
    Site.objects.filter(pk=named.pk).update(stretch=stretch(603, 637))
    measured.send(sender=Road, roads=[road.pk])

    def names() -> list[str]:
        return [Site.objects.get(pk=each.pk).name for each in (named, given, near)]

    assert names() == ["府西街右侧 620 m 便民摊点", "双塔便民点", "府西街右侧 709 m 便民摊点"]
    road.name = "府前街"
    road.save()
    assert names() == ["府前街右侧 620 m 便民摊点", "双塔便民点", "府前街右侧 708 m 便民摊点"]


def test_a_road_may_be_called_what_leaves_no_room_in_the_name_of_a_site(road: Road) -> None:
    site = SiteFactory(name="府西街右侧 308 m 便民摊点", road=road, at_m=300)
    road.name = "府西街" * 30
    road.save()
    site.refresh_from_db()
    assert site.name == "府西街右侧 308 m 便民摊点"


def test_a_name_made_in_english_stays_english(road: Road) -> None:
    with override("en"):
        made = name_at(road="府西街", side="right", metre=308, kind="stall")
    site = SiteFactory(name=made, road=road, at_m=600)
    assert language_of(made) == "en"
    assert follow_places(Site.objects.all()) == 1
    site.refresh_from_db()
    assert site.name == made.replace("308", "608")


@pytest.mark.parametrize("name", ["桥头右侧 308 m 便民摊点", "府西街 308 m", "府西街右侧 308 m 便民摊点(新)"])
def test_what_only_looks_like_one_is_a_persons(road: Road, name: str) -> None:
    site: Any = SiteFactory(name=name, road=road, at_m=600)
    assert follow_places(Site.objects.all()) == 0
    assert language_of(site.name) == ""
