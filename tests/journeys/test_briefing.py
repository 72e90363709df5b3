"""The office makes a briefing: chooses, looks at the preview, starts it, watches, downloads, opens the file."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from gridmgr.core.jobs.models import Job
from gridmgr.core.quantities import length
from tests.conftest import Town
from tests.core.jobs.worker import worker
from tests.journeys.conftest import DESKTOP, PHONE, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_office_makes_a_workbook_of_one_branch(
    visit: Callable[..., Visitor],
    town: Town,
    office: str,
    settings: Any,
    tmp_path: Path,
    size: dict[str, int],
) -> None:
    settings.VAR_DIR = tmp_path
    visitor = visit(size, accept_downloads=True)
    visitor.log_in(office)
    page = visitor.open("/briefing/")
    assert "第01支部、02 第02支部" in page.inner_text("#preview + p")

    page.check(f'.briefing-form input[value="{town.own.branch.code}"]')
    assert page.is_disabled(".briefing-make button")  # the preview shows something else
    page.get_by_role("button", name="更新预览").click()
    page.wait_for_load_state("networkidle")
    assert f"branches={town.own.branch.code}" in page.url
    figures = page.inner_text(".figures")
    assert length(town.own.section.stretch.upper) in figures  # from 0 on
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]

    page.check('input[name="form"][value="xlsx"]')
    page.get_by_role("button", name="制作简报").click()
    page.wait_for_selector("#job[data-state]")
    assert "马上开始" in page.inner_text("#job-words")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    with worker(tmp_path):
        page.wait_for_selector("#job:not([data-state])", timeout=60_000)
    assert "已完成" in page.inner_text("#job-label")

    with page.expect_download() as download:
        page.get_by_role("link", name="下载").click()
    assert download.value.suggested_filename == Job.objects.get().file_name
    book = load_workbook(BytesIO(Path(download.value.path()).read_bytes()))
    cells = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    assert town.own.road.name in cells
    assert town.other.road.name not in cells

    page.get_by_role("link", name="回到设置").click()
    page.wait_for_load_state("networkidle")
    assert page.is_checked(f'.briefing-form input[value="{town.own.branch.code}"]')
    page.goto(f"{visitor.base}/jobs/")
    page.get_by_role("button", name="删除").click()
    page.wait_for_selector(".empty")
    assert [each.name for each in (tmp_path / "jobs").iterdir()] == ["alive"]  # the worker was there
