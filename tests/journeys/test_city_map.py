"""The city map in a browser: it draws, a bay can be clicked, no markup comes through, nothing leaves this host."""

from collections.abc import Callable
from typing import Any

import pytest

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from tests.conftest import Town
from tests.drawing import at
from tests.factories import BayFactory, RoadFactory, SiteFactory
from tests.journeys.conftest import PHONE, Visitor
from tests.vendors.siting import spot

pytestmark = pytest.mark.django_db(transaction=True)

# Whether a canvas of the map carries any colour at all.
PAINTED = """() => [...document.querySelectorAll('.gridmgr-tiles canvas')].some((canvas) => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return data.some((value, index) => index % 4 === 3 && value > 0);
})"""


def loc(x: float, y: float, zoom: int) -> str:
    """The `loc` parameter for a point in metres from the base point."""
    lon, lat = transformer(metric_srid(), WGS84).transform(*at(x, y))
    return f"{lat:.6f},{lon:.6f},{zoom}"


def test_city_map_draws_and_its_bay_opens(visit: Callable[..., Visitor], town: Town, office: str) -> None:
    visitor = visit()
    visitor.log_in(office)
    page = visitor.open(
        f"/map/?loc={loc(103, -6.25, 19)}"
    )  # the middle of bay BW-01, 100–106 m, 5–7.5 m south
    page.wait_for_function(PAINTED)

    box: Any = page.locator("#" + "map_city, .map").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".card-title")

    assert page.inner_text(".card-title") == "BW-01"
    page.click(".card-page")
    page.wait_for_load_state("networkidle")
    assert page.url.endswith("/bays/BW-01/")


def test_map_says_that_it_loads_until_the_first_tile_is_there(
    visit: Callable[..., Visitor], town: Town, office: str
) -> None:
    visitor = visit()
    visitor.log_in(office)
    held: list[Any] = []
    visitor.page.route("**/tiles/**", lambda route: held.append(route))
    page = visitor.page
    page.goto(f"{visitor.base}/map/?loc={loc(500, 0, 17)}")
    waiting = page.locator(".map-waiting")
    waiting.wait_for()
    assert waiting.get_attribute("data-waiting") == "地图加载中…"
    for route in held:
        route.continue_()
    page.unroute("**/tiles/**")
    page.wait_for_selector(".map-waiting", state="detached")


def test_address_holds_the_view(visit: Callable[..., Visitor], town: Town, office: str) -> None:
    visitor = visit()
    visitor.log_in(office)
    page = visitor.open(f"/map/?loc={loc(500, 0, 17)}")
    page.evaluate("gridmgr.current.setZoom(15, {animate: false})")

    assert ",15" in page.url
    zoom = page.evaluate("gridmgr.current.getZoom()")
    page.reload()
    page.wait_for_function("window.gridmgr && gridmgr.current")
    assert page.evaluate("gridmgr.current.getZoom()") == zoom == 15


def test_names_come_as_text_never_as_markup(visit: Callable[..., Visitor], town: Town, office: str) -> None:
    evil = "<img src=x onerror=window.broken=1>"
    road = RoadFactory(name=evil)
    SiteFactory(name=evil, road=road, at_m=600)
    BayFactory(number="E-1", road=road, at_m=800)
    visitor = visit()
    visitor.log_in(office)
    page = visitor.open(f"/map/?loc={loc(608, -14, 18)}")
    page.wait_for_selector(".pin")
    page.locator(f".pin[title='{evil}']").first.click()
    page.wait_for_selector(".card-title")

    assert page.inner_text(".card-title") == evil
    assert page.evaluate("window.broken") is None
    assert page.locator(".leaflet-container img[src=x]").count() == 0


def test_layer_control_switches_bays_off(visit: Callable[..., Visitor], town: Town, office: str) -> None:
    visitor = visit()
    visitor.log_in(office)
    page = visitor.open(f"/map/?loc={loc(103, -6, 18)}")
    page.locator(".leaflet-control-layers").hover()
    page.get_by_label("停车泊位").uncheck()

    assert "bays" not in page.url.split("layers=")[1].split("&")[0].split(",")
    assert "sites" in page.url


def test_facilities_are_fetched_once_they_are_switched_on(
    visit: Callable[..., Visitor], town: Town, office: str
) -> None:
    spot("hydrant", 450, -60, name="消防栓甲")
    spot("bus_stop", 470, -60, name="公交站乙")
    visitor = visit()
    visitor.log_in(office)
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    page = visitor.open(f"/map/?loc={loc(450, -60, 18)}")
    assert not [url for url in asked if "hydrants" in url or "bus-stops" in url]

    page.locator(".leaflet-control-layers").hover()
    assert page.inner_text(".layers-heading") == "选址设施"
    page.get_by_label("消防栓").check()
    page.wait_for_load_state("networkidle")
    tiles = [url for url in asked if "hydrants" in url]
    assert tiles
    assert all("/tiles/hydrants/" in url for url in tiles)  # nothing else of the group
    assert page.locator(".map-legend li:visible", has_text="消防栓").count() == 1
    assert page.locator(".map-legend li:visible", has_text="公交站").count() == 0

    page.mouse.move(700, 700)
    box: Any = page.locator(".map").first.bounding_box()
    for _attempt in range(20):  # a tile that has arrived is drawn a moment later
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(500)
        if page.locator(".card-title").count():
            break
    assert page.inner_text(".card-title") == "消防栓甲"

    # A link sent on opens the same: hydrants, and only they.
    asked.clear()
    assert "hydrants" in page.url.split("layers=")[1].split("&")[0].split(",")
    page.reload()
    page.wait_for_load_state("networkidle")
    assert {
        url.split("/tiles/")[1].split("/")[0] for url in asked if "/tiles/" in url and "hydrants" in url
    } == {"hydrants"}
    asked.clear()
    page.locator(".leaflet-control-layers").hover()
    page.get_by_label("消防栓").uncheck()
    page.evaluate("gridmgr.current.panBy([600, 0], {animate: false})")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "hydrants" in url]


def test_search_flies_to_a_branch(visit: Callable[..., Visitor], town: Town, office: str) -> None:
    visitor = visit()
    visitor.log_in(office)
    page = visitor.open("/map/?loc=30,100,9")
    page.fill(".map-search input", "第02")
    page.locator(".map-search-results button").first.click()
    page.wait_for_timeout(800)

    lat, lon, zoom = (
        float(part) for part in page.evaluate("new URLSearchParams(location.search).get('loc')").split(",")
    )
    assert 37 < lat < 39
    assert 112 < lon < 114
    assert zoom > 12


def test_city_map_fits_a_phone(visit: Callable[..., Visitor], town: Town, office: str) -> None:
    visitor = visit(PHONE, is_mobile=True, has_touch=True)
    visitor.log_in(office)
    page = visitor.open("/map/")
    page.wait_for_function(PAINTED)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".map").bounding_box()["height"] > 500  # type: ignore[index]
