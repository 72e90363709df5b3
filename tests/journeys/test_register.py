"""A street office's sheet, from the upload to proposed sites: columns, one pin on the map, preview, confirmation."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.register.models import Entry, Register
from tests.drawing import at
from tests.factories import UserFactory
from tests.journeys.conftest import PASSWORD, PHONE, Visitor
from tests.register.conftest import streets, workbook
from vendors.models import Site

__all__ = ["streets"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def var_of_its_own(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def planner(streets: Any) -> str:
    return str(UserFactory(username="planner", password=PASSWORD, role="planner").username)


@pytest.fixture
def sheet(tmp_path: Path) -> str:
    path = tmp_path / "登记表.xlsx"
    path.write_bytes(workbook())
    return os.fspath(path)


def looked_through(visitor: Visitor, who: str, sheet: str) -> Any:
    """From the door on the data page to the list of rows."""
    visitor.log_in(who)
    page = visitor.open("/data/")
    page.click("text=导入登记表")
    page.fill("input[name=sender]", "某街道办")
    page.set_input_files("input[name=file]", sheet)
    page.click("text=上传并检查")
    page.wait_for_url("**/columns/")
    assert page.input_value("[name=column-2]") == "place"
    assert page.is_hidden(".reg-season")
    page.select_option("[name=column-7]", "")
    page.click("text=对照道路和路口")
    page.wait_for_selector(".reg-rows")
    page.wait_for_load_state("networkidle")
    return page


def centred(page: Any, x: float, y: float) -> None:
    lon, lat = transformer(metric_srid(), WGS84).transform(*at(x, y))
    page.evaluate(f"gridmgr.current.setView([{lat}, {lon}], 18, {{animate: false}})")


def wide_as_the_screen(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_upload_map_pin_and_confirm_at_a_desk(
    visit: Callable[..., Visitor], planner: str, sheet: str
) -> None:
    page = looked_through(visit(), planner, sheet)
    assert page.inner_text(".tabs [aria-current]") == "待确认 1"
    page.click("button:has-text('就是这里')")
    page.wait_for_load_state("networkidle")
    page.click(".tabs >> text=没对上")
    page.click("a:has-text('在图上定点')")
    page.wait_for_selector("#pin-where:not([hidden])")
    centred(page, 250, -10)
    box = page.locator(".pin-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function(
        "() => document.getElementById('pin-says').textContent.includes('东西街 右侧 250 m')"
    )
    assert page.locator(".leaflet-popup").count() == 0
    # By keyboard: three times to the left, and Enter puts it under the crosshair.
    page.focus(".pin-map .leaflet-container")
    for _n in range(3):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(400)
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('pin-says').textContent.includes('250 m')")
    assert page.is_visible(".where-cross")
    page.click("text=保存位置")
    page.wait_for_load_state("networkidle")
    pinned = Entry.objects.get(row=6)
    assert pinned.state == "pinned"
    assert pinned.metre is not None
    assert 50 < pinned.metre < 245

    page.click("text=预览 3 行")
    page.wait_for_selector(".reg-counts")
    assert page.locator("[data-outcome=created]").count() == 3
    assert not Site.objects.exists()
    page.click("text=确认写入")
    page.wait_for_selector("text=已写入:新提出 3 处")
    assert Site.objects.filter(state="proposed").count() == 3
    page.click("summary:has-text('撤销整次导入')")
    page.click("button:has-text('撤销整次导入')")
    page.wait_for_selector("text=已撤销整次导入")
    assert not Site.objects.exists()


def test_pin_on_a_phone_with_the_crosshair(visit: Callable[..., Visitor], planner: str, sheet: str) -> None:
    page = looked_through(visit(PHONE, has_touch=True, is_mobile=True), planner, sheet)
    assert wide_as_the_screen(page)
    page.goto(page.url.split("?")[0] + "rows/6/")
    page.wait_for_selector(".where-cross:not([hidden])")
    assert wide_as_the_screen(page)
    centred(page, 700, -10)
    page.click("text=就在十字处")
    page.wait_for_function(
        "() => document.getElementById('pin-says').textContent.includes('东西街 右侧 700 m')"
    )
    page.click("text=保存位置")
    page.wait_for_load_state("networkidle")
    assert Entry.objects.get(row=6).metre == pytest.approx(700, abs=0.5)
    page.goto(page.url.split("#")[0].split("?")[0] + "preview/")
    assert wide_as_the_screen(page)
    page.click("text=确认写入")
    page.wait_for_selector("text=已写入")
    assert Register.objects.get().stage == "written"
