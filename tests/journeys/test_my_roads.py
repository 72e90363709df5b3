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
    assert "你在: 第01街东端以西约 400 米,南侧 (±12 m)" in said
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
    assert "你在: 第01街西端以东约 200 米,北侧" in page.inner_text(".where-says")
    assert not page.is_visible(".where-cross")

    # And back to her own roads.
    page.click("[data-do=home]")
    page.wait_for_function("() => document.querySelector('.where-says').hidden")
    lon, lat = degrees(*at(500, 0))
    page.wait_for_function(f"() => gridmgr.current.getBounds().contains([{lat}, {lon}])")
    assert not page.is_visible("[data-do=home]")


def test_a_pin_from_far_off_is_looked_at_closely_first(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    page = my_roads(visit(PHONE), secretary)
    page.click("[data-do=aim]")
    page.evaluate("gridmgr.current.setZoom(13, {animate: false})")
    page.click("[data-do=here]")
    page.wait_for_function("() => gridmgr.current.getZoom() >= 17")
    assert page.is_visible(".where-cross")  # nothing was taken
    assert "请再对准一次" in page.inner_text(".where-says")


def test_a_phone_on_its_side_shows_map_buttons_and_list_together(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    page = my_roads(visit({"width": 844, "height": 390}), secretary)
    for what in ("[data-do=locate]", "[data-do=aim]", ".today h2"):
        box = page.locator(what).bounding_box()
        assert box
        assert box["y"] + box["height"] <= 390, what


def test_a_stalls_popup_says_five_things_and_has_the_map_to_itself(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    page = my_roads(visit(PHONE), secretary)
    lon, lat = degrees(*at(307, -14))
    page.evaluate(f"gridmgr.current.setView([{lat}, {lon}], 18, {{animate: false}})")
    page.wait_for_selector(".pin[title='摊点01']")
    page.locator(".pin[title='摊点01']").press("Enter")  # both towns' stalls stand on one spot
    page.wait_for_selector(".card")
    card = page.locator(".card")
    assert card.locator(".card-title").inner_text() == "摊点01"
    assert "开放" in card.locator(".card-state").inner_text()
    assert card.locator(".card-free").inner_text() == "空位 1"
    assert card.locator(".card-links").inner_text().split() == ["导航", "打开页面"]
    assert card.locator("dl").count() == 0
    assert not page.is_visible("[data-do=locate]")
    page.click(".card-links a:first-child")
    page.wait_for_selector("[data-app=amap]")
    page.click("[data-share]")  # no share sheet in this browser: the address is copied
    page.wait_for_function("() => document.querySelector('[data-share]').textContent === '已复制'")


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
