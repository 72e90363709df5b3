"""My roads on a phone: the map is there, GPS and the pin say where one is, and the list comes over the map."""

from collections.abc import Callable
from typing import Any

import pytest

from gridmgr.desk.outlook import degrees
from tests.conftest import Town
from tests.drawing import at
from tests.journeys.conftest import PHONE, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def standing_at(x: float, y: float, accuracy: float) -> dict[str, Any]:
    """Options of a browser that stands x metres east and y north of the base point."""
    lon, lat = degrees(*at(x, y))
    place = {"longitude": lon, "latitude": lat, "accuracy": accuracy}
    return {"geolocation": place, "permissions": ["geolocation"], "has_touch": True, "is_mobile": True}


def my_roads(visitor: Visitor, username: str) -> Any:
    visitor.log_in(username)
    page = visitor.open("/my/")
    page.wait_for_selector("[data-do=locate]")
    return page


def test_gps_says_where_one_is_and_who_answers(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    page = my_roads(visit(PHONE, **standing_at(600, -8, accuracy=12)), secretary)
    page.click("[data-do=locate]")
    page.wait_for_selector(".where-says a[href^='tel:']")

    said = page.inner_text(".where-says")
    assert "你在: 第01街 600 m 右侧 (±12 m)" in said
    assert "01 第01支部" in said
    assert "责任人 李01 ☎ 13955500102" in said
    circle = "() => Object.values(gridmgr.current._layers).filter(l => l instanceof L.Circle && l.getRadius() === 12).length"
    assert page.evaluate(circle) == 1


def test_a_coarse_fix_is_said_to_be_coarse(visit: Callable[..., Visitor], town: Town, secretary: str) -> None:
    page = my_roads(visit(PHONE, **standing_at(600, -8, accuracy=400)), secretary)
    page.click("[data-do=locate]")
    page.wait_for_selector(".where-says .trouble-words")
    assert "±400 m" in page.inner_text(".where-says")
    assert "定位误差较大" in page.inner_text(".where-says")


def test_without_leave_to_locate_a_pin_does_it(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    page = my_roads(visit(PHONE), secretary)
    page.click("[data-do=locate]")
    page.wait_for_selector(".where-says .trouble-words")
    assert "定位被拒绝" in page.inner_text(".where-says")

    page.click("[data-do=aim]")
    assert page.is_visible(".where-cross")
    lon, lat = degrees(*at(200, 8))
    page.evaluate(f"gridmgr.current.setView([{lat}, {lon}], 18, {{animate: false}})")
    page.click("[data-do=here]")
    page.wait_for_selector(".where-says strong")
    assert "你在: 第01街 200 m 左侧" in page.inner_text(".where-says")
    assert not page.is_visible(".where-cross")


def test_the_list_comes_over_the_map_by_key_and_goes_back(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    page = my_roads(visit(PHONE), secretary)
    box = page.locator(".my-map").bounding_box()
    assert box
    assert 0.5 < box["height"] / PHONE["height"] < 0.6
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    page.focus(".sheet-handle")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sheet-handle[aria-expanded=true]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sheet-handle[aria-expanded=false]")


def test_targets_are_big_enough_for_a_thumb(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    page = my_roads(visit(PHONE), secretary)
    small = page.evaluate(
        """() => [...document.querySelectorAll('.my a, .my button:not(.sheet-handle), .my summary')]
            .filter(each => !each.closest('.leaflet-control-attribution') && each.offsetParent !== null)
            .filter(each => each.getBoundingClientRect().height < 44)
            .map(each => each.className + ' ' + each.textContent.trim().slice(0, 20))"""
    )
    assert small == []
