"""The map that leaves the house: exported from the page as one sees it, opened from disk with the network off."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import Town
from tests.factories import SiteFactory
from tests.journeys.conftest import DESKTOP, PHONE, Visitor
from tests.journeys.test_city_map import PAINTED, loc

pytestmark = pytest.mark.django_db(transaction=True)
READY = "() => window.gridmgr && gridmgr.current && gridmgr.current.gridmgr.groups.every((group) => !group._loading)"


@pytest.fixture
def exported(visit: Callable[..., Visitor], town: Town, office: str, tmp_path: Path) -> Path:
    """What the city map's export button gave for the 200 m around the first bay."""
    SiteFactory(name="</script><img src=x onerror=window.broken=1>", road=town.own.road, at_m=140)
    visitor = visit()
    visitor.log_in(office)
    page = visitor.open(f"/map/?loc={loc(103, -6.25, 17)}")
    page.click("[data-export-map]")
    page.wait_for_load_state("networkidle")
    assert page.input_value("#id_scope").count(",") == 3
    with page.expect_download() as waiting:
        page.click("text=导出文件")
    path = tmp_path / "map.html"
    waiting.value.save_as(path)
    assert waiting.value.suggested_filename.endswith(".html")
    return path


@pytest.fixture
def offline(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a file in a browser without a network; at the end nothing may have been said or asked for."""
    faults: list[str] = []
    contexts = []

    def start(path: Path, size: dict[str, int] = DESKTOP, view: str = "") -> Page:
        context = browser.new_context(viewport=size, offline=True)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda request: faults.append(request.url) if asks_elsewhere(request.url, path) else None,
        )
        page.goto(path.as_uri() + view)
        page.wait_for_function(READY)
        return page

    yield start
    for context in contexts:
        context.close()
    assert not faults, faults


def asks_elsewhere(url: str, path: Path) -> bool:
    return not url.startswith(("data:", "blob:")) and url.split("#")[0] != path.as_uri()


def test_file_opens_without_a_network(exported: Path, offline: Callable[..., Page]) -> None:
    page = offline(exported, view=f"#loc={loc(103, -6.25, 19)}")
    page.wait_for_function(PAINTED)
    box: Any = page.locator(".map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".card-title")

    assert page.inner_text(".card-title") == "BW-01"
    assert "停车泊位" in page.inner_text(".card-kind")
    assert page.locator(".card-link").count() == 0  # a file from disk has no page to open

    page.evaluate("gridmgr.current.setZoom(17, {animate: false})")
    assert ",17" in page.url.split("#")[1]


def test_names_search_and_layers_work_in_the_file(
    exported: Path, offline: Callable[..., Page], town: Town
) -> None:
    page = offline(exported)
    page.fill(".map-search input", "bw-0")
    page.wait_for_selector(".map-search-results button")
    assert page.locator(".map-search-results button span").all_inner_texts() == ["BW-01", "BW-02"]
    page.locator(".map-search-results button").first.click()
    page.wait_for_timeout(500)
    centre = page.evaluate("[gridmgr.current.getCenter().lat, gridmgr.current.getCenter().lng]")
    lat, lon = (float(each) for each in loc(103, -6.25, 18).split(",")[:2])
    assert centre == pytest.approx([lat, lon], abs=2e-5)  # about two metres

    page.locator(".pin").first.wait_for()
    assert page.evaluate("window.broken") is None
    assert page.locator("img[src=x]").count() == 0

    page.locator(".leaflet-control-layers").hover()
    page.get_by_label("停车泊位").uncheck()
    assert "bays" not in page.url.split("layers=")[1].split("&")[0].split(",")


def test_file_fits_a_phone(exported: Path, offline: Callable[..., Page]) -> None:
    page = offline(exported, PHONE)
    page.wait_for_function(PAINTED)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".map").bounding_box()["height"] > 500  # type: ignore[index]
