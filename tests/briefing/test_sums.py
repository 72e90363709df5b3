"""Each table of branches adds up to its total, column by column, in every form: with what is nobody's and what two share."""

import re
from collections.abc import Sequence
from datetime import date
from io import BytesIO

import pytest
from django.template.loader import render_to_string
from docx import Document
from lxml import html
from openpyxl import load_workbook
from pptx import Presentation

from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.gather import gather
from gridmgr.briefing.notice import notice
from gridmgr.briefing.pdf import _context
from gridmgr.briefing.pictures import nobody_listens
from gridmgr.briefing.slides import presentation
from gridmgr.briefing.workbook import workbook
from gridmgr.core.accounts.audience import Audience
from tests.briefing.dossiers import PlainMaps
from tests.briefing.test_gather import crowd
from tests.conftest import Town

Grid = list[list[str]]
SUMMED = ("摊点与瓜果市场", "摊位", "接送点", "泊位", "通道", "责任路段")


def in_pdf(made: Dossier) -> Grid:
    page = html.fromstring(render_to_string("briefing/pack/pack.html", _context(made)))
    (table,) = page.xpath("//section[@id='figures']//table")
    found: Grid = []
    for row in table.iter("tr"):
        cells: list[str] = []
        for cell in row:
            cells += [" ".join(cell.text_content().split()), *[""] * (int(cell.get("colspan", 1)) - 1)]
        found.append(cells)
    return found


def in_slides(made: Dossier) -> Grid:
    deck = Presentation(BytesIO(presentation(made, PlainMaps(made), nobody_listens)))
    rows: Grid = []
    for slide in deck.slides:
        if slide.shapes.title.text.startswith("各支部一览"):
            (table,) = [shape.table for shape in slide.shapes if shape.has_table]
            read = [[cell.text for cell in row.cells] for row in table.rows]
            rows += read if not rows else read[1:]
    return rows


def in_notice(made: Dossier) -> Grid:
    document = Document(BytesIO(notice(made, PlainMaps(made))))
    ns = {"w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main"}
    return [
        ["".join(text.text or "" for text in cell._tc.findall(".//w:t", ns)) for cell in row.cells]
        for row in document.tables[0].rows
    ]


def amount(words: str) -> float:
    """`1,204`, `−3`, `1.4 km`, `900 m`; nothing for `—`."""
    found = re.match(r"(−?)([\d,.]+)( km)?", words)
    if not found:
        return 0.0
    value = float(found[2].replace(",", "")) * (1000 if found[3] else 1)
    return -value if found[1] else value


def assert_adds_up(table: Grid) -> None:
    head, *rows, total = table
    checked = 0
    for column, label in enumerate(head):
        if "占用率" in label or total[column] in ("—", "") or not any(words in label for words in SUMMED):
            continue
        checked += 1
        parts = [amount(row[column]) for row in rows]
        assert sum(parts) == pytest.approx(amount(total[column])), (label, parts, total[column])
    assert checked >= 4


@pytest.mark.django_db
@pytest.mark.parametrize("codes", [None, ["01", "02"]])
@pytest.mark.parametrize("read", [in_pdf, in_slides, in_notice])
def test_the_branches_add_up_to_the_total(town: Town, read: object, codes: Sequence[str] | None) -> None:
    crowd(town)
    made = gather(codes, audience=Audience(role="office"), on=date(2026, 11, 22))
    table = read(made)  # type: ignore[operator]
    assert_adds_up(table)
    labels = [row[0] for row in table]
    assert ("无人负责路段" in labels) == (codes is None)
    assert "跨支部,重复计入" in labels


@pytest.mark.django_db
@pytest.mark.parametrize("codes", [None, ["01", "02"]])
def test_the_workbooks_columns_add_up_to_the_key_figures(town: Town, codes: Sequence[str] | None) -> None:
    crowd(town)
    made = gather(codes, audience=Audience(role="office"), on=date(2026, 11, 22))
    book = load_workbook(BytesIO(workbook(made)), data_only=True)
    sheet = book["支部"]
    figures = {each.label: each.value for each in made.figures if each.unit != "%"}
    labels = [cell.value for cell in sheet[3]]
    told = 0
    for index, label in enumerate(labels):
        name = str(label).removesuffix("(米)")
        if name in figures and index:
            told += 1
            values = [row[index] or 0 for row in sheet.iter_rows(min_row=4, values_only=True)]
            assert sum(values) == pytest.approx(figures[name]), label
            assert sheet.cell(2, index + 1).value == pytest.approx(figures[name]), label
    assert told >= 8
    bays = list(book["泊位"].iter_rows(min_row=4, values_only=True))
    assert sum(row[2] for row in bays) == figures["启用泊位"]
