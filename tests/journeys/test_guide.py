"""On the street with a phone: guide a vendor from a faked position and hold a pitch; and the last pitch allotted twice at once."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.utils import timezone

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.models import Carriageway
from tests.conftest import Town
from tests.drawing import at, line
from tests.factories import AllocationFactory, UserFactory, VendorFactory, replan
from tests.journeys.conftest import PASSWORD, PHONE, Visitor
from vendors.enums import Outcome
from vendors.models import Allocation, Guidance, PitchHold, Site

pytestmark = pytest.mark.django_db(transaction=True)


def position(x: float, y: float) -> dict[str, float]:
    lon, lat = transformer(metric_srid(), WGS84).transform(*at(x, y))
    return {"longitude": lon, "latitude": lat, "accuracy": 8}


@pytest.fixture
def officer(town: Town) -> str:
    """User name of a member of branch 02, who is on branch 01's street, where one site is open around the clock."""
    Guidance.objects.all().delete()
    Carriageway.objects.create(
        source_id="way/1",
        name="第01街",
        highway="secondary",
        width_m=10,
        width_origin="measured",
        line=line((0, 0), (1000, 0)),
    )
    replan(town.own.site, opens=time.min, closes=time.max)
    Site.objects.filter(pk=town.other.site.pk).update(state="suspended")
    member = town.other.member
    member.user = UserFactory(username="officer", password=PASSWORD, role="member")
    member.save()
    return "officer"


def test_officer_guides_from_here_holds_a_pitch_and_records_that_the_vendor_came(
    visit: Callable[..., Visitor], town: Town, officer: str
) -> None:
    visitor = visit(
        PHONE, is_mobile=True, has_touch=True, geolocation=position(500, 0), permissions=["geolocation"]
    )
    visitor.log_in(officer)
    page = visitor.open("/guide/")
    # Permission was given before: the page looks from here by itself. 192 m along the street, 14 m aside.
    page.wait_for_selector(".near li")
    assert page.inner_text(".near h2") == "摊点01"
    assert page.inner_text(".near-metres") == "206 m"
    assert "空位 1" in page.inner_text(".near-facts")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert all(
        box["height"] >= 44 for box in boxes(page, ".near .button, .pick label, .where-button:visible")
    )
    assert page.locator(".near-pin").count() == 1
    assert "lon=" in page.url

    page.locator(".near button[name=site]").tap()
    page.wait_for_url("**/guide/SD*/")
    page.wait_for_load_state("networkidle")
    record, hold = Guidance.objects.get(), PitchHold.objects.get()
    assert page.url.endswith(f"/guide/{record.slip}/")
    assert (hold.guidance, hold.pitch.site) == (record, town.own.site)
    until = timezone.localtime(hold.during.upper).strftime("%H:%M")
    assert f"至 {until}" in page.inner_text(".slip-facts")
    assert page.locator("svg.qr path").count() >= 1
    assert page.locator("svg.sketch .sk-way").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page.get_by_role("button", name="已入点").tap()
    page.wait_for_selector(".slip-whole .tag.good")
    record.refresh_from_db()
    assert record.outcome == Outcome.CAME
    page = visitor.open("/guidance/")
    assert "已入点" in page.inner_text(".table tbody")


def boxes(page: Any, selector: str) -> list[dict[str, float]]:
    found = [each.bounding_box() for each in page.locator(selector).all()]
    assert found
    return [box for box in found if box]


def test_officer_without_a_signal_uses_the_pin(
    visit: Callable[..., Visitor], town: Town, officer: str
) -> None:
    visitor = visit(PHONE, is_mobile=True, has_touch=True)
    visitor.log_in(officer)
    page = visitor.open("/guide/")
    page.get_by_role("button", name="从我这里").tap()
    page.wait_for_selector(".guide-says.bad")
    assert "图钉" in page.inner_text("#guide-says")

    here = position(700, 0)
    page.evaluate(
        f"gridmgr.current.setView([{here['latitude']}, {here['longitude']}], 17, {{animate: false}})"
    )
    page.get_by_role("button", name="图钉选点").tap()
    page.get_by_role("button", name="就在这里").tap()
    page.wait_for_selector(".near li")
    # From (700, 0), give or take the half pixel to which Leaflet rounds: 392 m along the street, 14 m aside.
    assert page.inner_text(".near-metres") in {"405 m", "406 m", "407 m"}


def test_two_who_allot_the_last_pitch_at_once_see_one_win_and_one_told_whom_to_ask(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    last = town.own.site.pitches.exclude(pk=town.own.pitch.pk).get()
    vendors = [VendorFactory(name=name) for name in ("甲商贩", "乙商贩")]
    UserFactory(username="planner", password=PASSWORD, role="planner")
    pages = []
    for username, vendor in zip((secretary, "planner"), vendors, strict=True):
        visitor = visit()
        visitor.log_in(username)
        page = visitor.open(f"/sites/{town.own.site.code}/pitches/")
        page.select_option("#id_pitch", str(last.pk))
        page.fill("#id_vendor", f"#{vendor.pk}")
        pages.append((visitor, page))
    # Both have the free pitch before their eyes; both press the button, the second before the first has its answer.
    for _visitor, page in pages:
        page.evaluate("document.querySelector('form[action$=\"allocate/\"]').requestSubmit()")
    for _visitor, page in pages:
        page.wait_for_selector(".undo, .trouble")
    said = sorted(("undo" if page.locator(".undo").count() else "trouble") for _visitor, page in pages)
    assert said == ["trouble", "undo"]
    assert Allocation.objects.filter(pitch=last).count() == 1

    for visitor, page in pages:
        if page.locator(".trouble").count():
            words = page.inner_text(".trouble")
            assert "已分配给其他商贩" in words
            assert "可询问01 第01支部书记书记01" in words
            # What was typed is still there, and the 409 is what this test is about.
            assert page.input_value("#id_vendor").startswith("#")
            visitor.faults = [fault for fault in visitor.faults if "409" not in fault]
        else:
            page.get_by_role("button", name="撤销").click()
            page.wait_for_selector(".notice.success")
    assert not Allocation.objects.filter(pitch=last).exists()


def test_board_reads_well_on_a_phone(visit: Callable[..., Visitor], town: Town, secretary: str) -> None:
    AllocationFactory(pitch=town.own.site.pitches.exclude(pk=town.own.pitch.pk).get())
    visitor = visit(PHONE, is_mobile=True, has_touch=True)
    visitor.log_in(secretary)
    for address in (f"/sites/{town.own.site.code}/pitches/", "/vendors/", "/vendors/add/", "/guidance/"):
        page = visitor.open(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
