"""The briefing as a workbook, opened by openpyxl and computed anew by LibreOffice."""

from dataclasses import replace
from datetime import date, time
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from gridmgr.briefing.dossier import Count, Dossier, Figure
from gridmgr.briefing.workbook import workbook
from gridmgr.briefing.zipped import settled
from tests.briefing.dossiers import HOSTILE, MOMENT, SITE, branch, dossier, drop_off, figures, road, stall
from tests.briefing.readers import converted


def opened(content: bytes, **how: Any) -> Any:
    return load_workbook(BytesIO(content), **how)


def rows(sheet: Any) -> list[tuple[Any, ...]]:
    """The rows below the labels."""
    return list(sheet.iter_rows(min_row=4, values_only=True))


def column(sheet: Any, label: str) -> list[Any]:
    labels = [cell.value for cell in sheet[3]]
    return [row[labels.index(label)] for row in rows(sheet)]


def key_figures(sheet: Any) -> dict[str, Any]:
    """What the first sheet says, by label."""
    return {label: value for label, value, *_rest in sheet.iter_rows(min_row=10, values_only=True) if label}


def overlapping() -> Dossier:
    """Branches 03 and 003 share a site and a bay; a bay stands on nobody's stretch; some bear hostile names."""
    shared = stall(7, code="03", taken=0)
    first = branch("03", stalls=2, name="*")
    second = branch("003", sections=1, name="=1+1")
    first, second = (replace(part, sites=[*part.sites, shared]) for part in (first, second))
    first, second = (replace(part, figures=figures([part])) for part in (first, second))
    made = dossier(first, second)
    once = figures([first, replace(second, sites=second.sites[:-1])])
    kinds = [Count("小型车", 163, ""), Count("充电", 11, "")]  # 160 and 12 with the shared bay counted twice
    whole = [each if each.name != "bays" else replace(each, value=174) for each in once]
    return replace(made, figures=[Figure("branches", "网格支部", 2, "", ""), *whole], bays=kinds)


# ── Formulas ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("made", [dossier(), overlapping()], ids=["plain", "overlapping"])
def test_libreoffice_computes_the_dossiers_figures(made: Dossier, tmp_path: Path) -> None:
    content = workbook(made)
    formulas = opened(content)
    known = opened(content, data_only=True)
    computed = load_workbook(converted(content, ".xlsx", "xlsx", tmp_path), data_only=True)

    cells = [cell for sheet in formulas for row in sheet for cell in row if cell.data_type == "f"]
    assert len(cells) > 60
    for cell in cells:
        place = cell.parent.title, cell.coordinate
        brought, found = (book[place[0]][place[1]].value for book in (known, computed))
        assert found == pytest.approx(brought), (*place, cell.value)
    said = key_figures(computed.worksheets[0])
    for figure in made.figures:
        assert said[figure.label] == pytest.approx(figure.value), figure.name
    for part, row in zip(made.branches, rows(computed["支部"]), strict=True):
        labels = [cell.value for cell in computed["支部"][3]]
        for figure in part.figures:
            label = figure.label + ("(米)" if figure.unit == "m" else "")
            assert row[labels.index(label)] == pytest.approx(figure.value), (part.code, figure.name)


def test_key_figures_are_formulas_where_the_sheets_hold_their_rows() -> None:
    sheet = opened(workbook(dossier())).worksheets[0]
    said = key_figures(sheet)
    plain = {label for label, value in said.items() if not str(value).startswith("=")}
    assert plain >= {"涉及道路", "主次干路覆盖率"}
    assert plain.isdisjoint(
        {"责任路段总长", "责任路段", "摊位", "空摊位", "摊位占用率", "停车泊位", "无人负责的路段"}
    )


def test_a_figure_that_its_rows_do_not_give_stays_as_it_was_counted(tmp_path: Path) -> None:
    """Some stand where no branch answers: the city has more sites than the branches' sheets list."""
    made = dossier()
    more = [replace(each, value=12) if each.name == "sites" else each for each in made.figures]
    assert key_figures(opened(workbook(replace(made, figures=more))).worksheets[0])["摊点与瓜果市场"] == 12


def test_sums_follow_the_filter(tmp_path: Path) -> None:
    book = opened(workbook(dossier(branch("01"), branch("02", sections=1))))
    sheet = book["责任路段"]
    for number in range(4, sheet.max_row + 1):
        sheet.row_dimensions[number].hidden = sheet.cell(number, 1).value.startswith("01")
    stream = BytesIO()
    book.save(stream)
    computed = load_workbook(converted(stream.getvalue(), ".xlsx", "xlsx", tmp_path), data_only=True)
    labels = [cell.value for cell in computed["责任路段"][3]]
    assert computed["责任路段"].cell(2, labels.index("长度(米)") + 1).value == 400  # of 3 × 400 m
    assert computed["责任路段"].cell(2, labels.index("道路") + 1).value == 1


# ── Text and types ────────────────────────────────────────────────────────────────────────────────────────


def test_a_markets_season_is_days_and_its_hours_are_times() -> None:
    sheet = opened(workbook(dossier(branch("01", stalls=3))))["摊点"]
    cells = {name: sheet[6][index] for index, name in enumerate(cell.value for cell in sheet[3])}
    assert cells["类别"].value == "临时瓜果市场"
    season = [cells[name].value.date() for name in ("季节开始", "季节最后一天")]
    assert season == [date(2026, 5, 1), date(2026, 10, 31)]
    assert cells["季节最后一天"].number_format == "yyyy-mm-dd"
    assert (cells["每日开始"].value, cells["每日结束"].value) == (time(7), time(21))
    assert sheet[4][list(cells).index("季节开始")].value is None  # a stall site has none


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """The 10 names of roads, the same of sites: nothing is computed, nothing lost but what no XML can hold."""
    part = branch(
        "01",
        roads=[road(number, name=text) for number, text in enumerate(HOSTILE)],
        sites=[stall(number, name=text) for number, text in enumerate(HOSTILE)],
        secretary="=HYPERLINK(1)",
    )
    content = workbook(dossier(part))
    expected = [*HOSTILE[:-1], "路���名"]
    book = opened(content)
    for title, label in (("责任路段", "道路"), ("摊点", "名称")):
        assert list(map(unescape, column(book[title], label))) == expected
    names = book["责任路段"]["B"][3:]
    assert {cell.data_type for cell in names} == {"s"}
    assert [cell.quotePrefix for cell in names] == [text not in ("#N/A", HOSTILE[-1]) for text in HOSTILE]

    read = load_workbook(converted(content, ".xlsx", "xlsx", tmp_path))
    found = read["责任路段"]["B"][3:]
    assert {cell.data_type for cell in found} == {"s"}
    assert [cell.value.strip() for cell in found] == [text.strip() for text in expected]
    assert read["支部"]["B4"].value == "=HYPERLINK(1)"
    assert read["支部"]["B4"].data_type == "s"


def test_dates_times_and_numbers_are_real() -> None:
    three = replace(
        drop_off(0), turns=[(time(7), time(8)), (time(11, 40), time(12, 20)), (time(16), time(17))]
    )
    part = branch("01", drop_off_points=[drop_off(1), three])
    book = opened(workbook(dossier(part)))
    about = book["说明"]
    assert (about["B4"].value.isoformat(), about["B4"].number_format) == ("2026-11-22T00:00:00", "yyyy-mm-dd")
    assert about["B5"].value.isoformat() == "2026-11-22T20:24:36"
    assert about["B5"].number_format == "yyyy-mm-dd hh:mm"
    points = book["接送点"]
    assert column(points, "时段1 起") == [time(7, 20), time(7)]
    assert column(points, "时段3 止") == [None, time(17)]
    assert points["G4"].number_format == "hh:mm"
    assert column(book["责任路段"], "起(米)") == [0.0, 500.0]
    assert book["责任路段"]["G4"].number_format == "#,##0"


def test_each_sheet_is_frozen_filtered_and_ready_to_be_printed() -> None:
    book = opened(workbook(dossier()))
    assert book.sheetnames == [
        "说明", "支部", "责任路段", "党员责任段", "未分到党员", "摊点", "接送点", "泊位", "空白路段",
    ]  # fmt: skip
    for sheet in book.worksheets[1:]:
        last = sheet.cell(3, sheet.max_column).coordinate.rstrip("3")
        assert sheet.auto_filter.ref == f"A3:{last}{max(sheet.max_row, 4)}", sheet.title
        assert sheet.freeze_panes.endswith("4"), sheet.title
        assert sheet.print_title_rows == "$1:$3", sheet.title
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert "&P" in sheet.oddFooter.right.text
        assert "&N" in sheet.oddFooter.right.text
        assert "数据时刻 2026年11月22日 20:24" in sheet["A1"].value
        assert "演示数据" in sheet["A1"].value
    wide = [sheet.title for sheet in book.worksheets if sheet.page_setup.orientation == "landscape"]
    assert {"支部", "责任路段", "摊点"} <= set(wide)
    assert "泊位" not in wide


def test_columns_are_as_wide_as_their_chinese() -> None:
    """12 characters of two digits each, and 2 for the padding."""
    name = "府西街与新建路交叉口东南角"
    sheet = opened(workbook(dossier(branch("01", sites=[stall(0, name=name)]))))["摊点"]
    assert 2 * len(name) < sheet.column_dimensions["C"].width < 3 * len(name)


# ── Links, and the same bytes ─────────────────────────────────────────────────────────────────────────────


def test_numbers_and_things_lead_to_their_pages() -> None:
    made = dossier(branch("01"))
    book = opened(workbook(made))
    links = {
        cell.hyperlink.target
        for row in book["说明"]
        for cell in row
        if cell.hyperlink and cell.hyperlink.target
    }
    assert links == {SITE, *(f"{SITE}{figure.path}" for figure in made.figures)}
    assert book["责任路段"]["B4"].hyperlink.target == f"{SITE}/sections/010/"
    assert book["泊位"]["C4"].hyperlink.target == f"{SITE}/bays/?branch=01&kind=small"

    unknown = opened(workbook(replace(made, site="")))
    assert not [
        cell for sheet in unknown for row in sheet for cell in row if cell.hyperlink and cell.hyperlink.target
    ]


def test_the_same_dossier_gives_the_same_bytes() -> None:
    made = dossier()
    content = workbook(made)
    assert workbook(made) == content
    with ZipFile(BytesIO(content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2026, 11, 22, 12, 24, 36)}
        assert archive.namelist()[0] == "[Content_Types].xml"
        assert archive.testzip() is None
    assert opened(content).properties.created.isoformat() == "2026-11-22T12:24:36"
    assert workbook(replace(made, title="别的")) != content


def test_settled_reaches_what_is_inside() -> None:
    """A chart's workbook lies in the slides' archive."""
    inner, outer = BytesIO(), BytesIO()
    with ZipFile(inner, "w") as archive:
        archive.writestr(
            "docProps/core.xml", '<a><dcterms:created x="1">2001-01-01T00:00:00Z</dcterms:created></a>'
        )
    with ZipFile(outer, "w") as archive:
        archive.writestr("z.xml", "<z/>")
        archive.writestr("ppt/embeddings/Sheet1.xlsx", inner.getvalue())
    with ZipFile(BytesIO(settled(outer.getvalue(), MOMENT))) as archive:
        assert archive.namelist() == ["ppt/embeddings/Sheet1.xlsx", "z.xml"]
        within = ZipFile(BytesIO(archive.read("ppt/embeddings/Sheet1.xlsx")))
    assert b'x="1">2026-11-22T12:24:36Z<' in within.read("docProps/core.xml")


def test_a_dossier_without_anything(tmp_path: Path) -> None:
    empty = Dossier("空", "", MOMENT.date(), MOMENT, False, "", [], [], [])
    content = workbook(empty)
    computed = load_workbook(converted(content, ".xlsx", "xlsx", tmp_path), data_only=True)
    assert computed["摊点"]["N2"].value == 0
    assert "演示" not in opened(content)["支部"]["A1"].value
