"""A planner's file in the browser: upload, datum on the map, preview, writing, undo."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grids.models import Carriageway
from parking.models import Bay
from tests.conftest import Town
from tests.drawing import line
from tests.factories import UserFactory
from tests.journeys.conftest import DESKTOP, PASSWORD, PHONE, Visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _shelf_of_its_own(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_file_comes_in_after_its_datum_was_chosen_and_goes_again(
    size: dict[str, int], visit: Callable[..., Visitor], town: Town, tmp_path: Path
) -> None:
    planner = UserFactory(username="planner", password=PASSWORD, role="planner").username
    Carriageway.objects.create(
        source_id="w1", highway="primary", width_m=12, width_origin="tag", line=line((0, 0), (1000, 0))
    )
    visitor = visit(size, accept_downloads=True)
    page = visitor.log_in(planner)
    visitor.open("/bays/")
    page.get_by_role("link", name="导出数据", exact=True).click()
    page.select_option("select[name=format]", ".csv")
    page.select_option("select[name=datum]", "gcj02")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载文件").click()
    sheet = tmp_path / "泊位.csv"
    rows = list(csv.reader(download.value.path().open(encoding="utf-8-sig")))
    rows[0][-1] = "WKT"  # what it was made in is lost on the way
    rows[1][rows[0].index("类型")] = "充电"
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    before = list(Bay.objects.order_by("pk").values())
    Bay.objects.filter(pk=town.other.bay.pk).delete()

    visitor.open("/data/import/?layer=bays")
    page.set_input_files("input[type=file]", sheet)
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_text("系统不猜").wait_for()
    page.wait_for_load_state("networkidle")
    shown = [box.is_checked() for box in page.locator("[data-shows]").all()]
    assert (shown, page.locator(".data-mark").count()) == ([True] * 3, 3)
    page.locator("[data-shows]").last.uncheck()
    assert page.locator(".data-mark").count() == 2
    page.check("input[value=gcj02]")
    page.get_by_role("button", name="按此基准预览").click()

    page.get_by_role("button", name="确认写入 2 行").wait_for()
    page.wait_for_selector("[data-drawn='2']")
    page.get_by_role("link", name="改动 1").click()
    assert page.locator("td:has-text('→')").first.inner_text().split() == ["类型", "小型车", "→", "充电"]
    assert Bay.objects.count() == 1
    page.get_by_role("button", name="确认写入 2 行").click()
    page.locator("summary", has_text="撤销整个导入").click()
    assert set(Bay.objects.values_list("kind", flat=True)) == {"charging", "small"}
    page.get_by_role("button", name="撤销整个导入").click()
    page.get_by_text("数据恢复原状").wait_for()
    assert list(Bay.objects.order_by("pk").values()) == before[:1]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
