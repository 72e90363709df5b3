"""The briefing as slides, opened by python-pptx and set by LibreOffice."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from pptx import Presentation
from pptx.oxml.ns import qn

from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.slides import presentation
from tests.briefing.dossiers import HOSTILE, SITE, PlainMaps, branch, dossier, drop_off, road, stall
from tests.briefing.readers import converted, fonts, pages

FONT = "Microsoft YaHei"
MM = 36_000
FOOT_MM = 179.5


def made_of(made: Dossier) -> bytes:
    return presentation(made, PlainMaps(made), lambda *_step: None)


def opened(made: Dossier) -> Any:
    return Presentation(BytesIO(made_of(made)))


def titles(deck: Any) -> list[str]:
    return [slide.shapes.title.text for slide in deck.slides]


def slide_named(deck: Any, title: str) -> Any:
    return next(slide for slide in deck.slides if slide.shapes.title.text == title)


def table_named(slide: Any, name: str) -> list[list[str]]:
    """The texts of a native table, its labels first."""
    frame = next(shape for shape in slide.shapes if shape.name == name and shape.has_table)
    return [[cell.text for cell in row.cells] for row in frame.table.rows]


def links(slide: Any) -> dict[str, str]:
    """The addresses of runs, by their words."""
    found = {}
    for run in slide.element.iter(qn("a:r")):
        for link in run.iter(qn("a:hlinkClick")):
            found[run.find(qn("a:t")).text] = slide.part.rels[link.get(qn("r:id"))].target_ref
    return found


# ── What is there ─────────────────────────────────────────────────────────────────────────────────────────


def test_slides_in_their_order_on_a_plain_wide_master() -> None:
    made = dossier()
    maps, steps = PlainMaps(made), list[tuple[int, int, str]]()
    deck = Presentation(BytesIO(presentation(made, maps, lambda *step: steps.append(step))))

    assert titles(deck) == [
        "全市网格责任简报", "责任路段与设施", "关键数字", "各支部责任里程和摊位", "各支部停车泊位", "各支部一览",
        "01 桥东第01支部", "02 桥东第02支部", "03 桥东第03支部", "无人负责的主次干路",
    ]  # fmt: skip
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, rel=1e-3)
    assert [layout.name for layout in deck.slide_layouts] == ["封面", "内页"]
    assert maps.asked == ["city", "01", "02", "03"]
    assert [step[:2] for step in steps] == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)]
    assert "02 桥东第02支部" in steps[2][2]


def test_one_branch_alone_has_no_city_slides() -> None:
    made = dossier(branch("03"), gaps=[])
    assert titles(opened(made)) == ["全市网格责任简报", "关键数字", "03 桥东第03支部"]


def test_nothing_is_left_of_the_template() -> None:
    with ZipFile(BytesIO(made_of(dossier()))) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        everything = b"".join(archive.read(name) for name in names if name.endswith(".xml"))
    assert not [name for name in names if "thumbnail" in name or "printer" in name or "app.xml" in name]
    for word in (b"Calibri", b"Office Theme", b"4F81BD", b"Click to edit", b"Macintosh"):
        assert word not in everything, word


def test_a_branchs_slide_holds_map_figures_and_native_tables() -> None:
    part = branch("03")
    slide = slide_named(opened(dossier(part, branch("04"))), "03 桥东第03支部")

    assert table_named(slide, "责任路段") == [
        ["道路", "起讫", "长度", "责任党员"],
        ["迎泽大街0段", "新建路→五一路", "400 m", "李芳、王强"],
        ["迎泽大街1段", "新建路→五一路", "400 m", "李芳、王强;100 m 未分"],
    ]
    assert table_named(slide, "停车泊位") == [["停车泊位", "小型车", "充电"], ["个数", "80", "6"]]
    assert table_named(slide, "上下学接送点")[1] == ["JS-03-0", "桃园小学", "07:20–08:10、16:20–17:30"]
    [picture] = [shape for shape in slide.shapes if shape.element.tag == qn("p:pic")]
    assert picture.element.nvPicPr.cNvPr.get("descr") == "03 桥东第03支部:地图"
    assert (picture.width / MM, picture.height / MM) == pytest.approx((151.8, 139), abs=0.01)
    assert "支部书记 李芳 · 党员 11 人" in [
        shape.text_frame.text for shape in slide.shapes if shape.has_text_frame
    ]
    assert links(slide)["800 m"] == f"{SITE}{part.figures[0].path}"
    assert links(slide)["迎泽大街1段"] == f"{SITE}/sections/031/"


def test_charts_are_native_and_hold_the_dossiers_numbers() -> None:
    made = dossier(branch("01", stalls=1), branch("02", sections=5))
    deck = opened(made)
    charts = {
        shape.name: shape.chart
        for slide in deck.slides
        for shape in slide.shapes
        if getattr(shape, "has_chart", False)
    }
    said = {
        name: {each.name: list(each.values) for each in chart.plots[0].series}
        for name, chart in charts.items()
    }
    assert said == {
        "责任里程": {"责任里程(km)": [0.8, 2.0]},
        "摊位占用": {"已占用": [6, 18], "空": [2, 6]},
        "泊位": {"小型车": [80, 80], "充电": [6, 6]},
    }
    assert list(charts["泊位"].plots[0].categories) == ["01 桥东第01支部", "02 桥东第02支部"]
    inside = load_workbook(BytesIO(charts["摊位占用"].part.chart_workbook.xlsx_part.blob))
    assert [row for row in inside.active.iter_rows(values_only=True)][1] == ("01 桥东第01支部", 6, 2)  # noqa: C416


def test_notes_say_the_moment_and_the_lists() -> None:
    made = dossier()
    for slide in opened(made).slides:
        notes = slide.notes_slide.notes_text_frame.text
        assert "数据时刻 2026年11月22日 20:24" in notes
        assert "演示数据" in notes
        assert f"{SITE}/" in notes, slide.shapes.title.text
    said = slide_named(opened(made), "关键数字").notes_slide.notes_text_frame.text
    assert {f"{SITE}{figure.path}" for figure in made.figures} <= set(said.splitlines())


def test_every_page_has_number_moment_and_mark() -> None:
    for slide in list(opened(dossier()).slides)[1:]:
        fields = [field.get("type") for field in slide.element.iter(qn("a:fld"))]
        assert fields == ["slidenum"]
        foot = slide.placeholders[11].text_frame.text
        assert "数据时刻 2026年11月22日 20:24" in foot
        assert "演示数据" in foot
        ids = [shape.shape_id for shape in slide.shapes]
        assert len(ids) == len(set(ids))


def test_without_a_site_nothing_is_a_link() -> None:
    deck = opened(dossier(site="", holds_demo_data=False))
    assert [links(slide) for slide in deck.slides] == [{}] * len(deck.slides)
    assert "演示" not in deck.slides[1].placeholders[11].text_frame.text


# ── How it looks ──────────────────────────────────────────────────────────────────────────────────────────


def test_every_text_names_an_east_asian_font() -> None:
    content = made_of(dossier())
    for slide in Presentation(BytesIO(content)).slides:
        for run in slide.element.iter(qn("a:r")):
            properties = run.find(qn("a:rPr"))
            assert properties.find(qn("a:ea")).get("typeface") == FONT
            assert properties.get("lang") == "zh-CN"
    with ZipFile(BytesIO(content)) as archive:
        themes = [archive.read(name).decode() for name in archive.namelist() if "/theme/" in name]
        charts = [
            archive.read(name).decode()
            for name in archive.namelist()
            if re.search(r"charts/chart\w+\.xml", name)
        ]
    assert len(themes) == 2
    assert all(theme.count(f'<a:ea typeface="{FONT}"/>') == 2 for theme in themes)
    assert len(charts) == 3
    assert all(f'<a:ea typeface="{FONT}"/>' in chart for chart in charts)


def words(pdf: Path) -> Iterator[tuple[int, float, float, str]]:
    """Page, right end and lower end (millimetres) of each word."""
    text = subprocess.run(
        ["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, text=True, check=True
    ).stdout
    for number, page in enumerate(text.split("<page ")[1:], 1):
        for right, lower, word in re.findall(r'xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)</word>', page):
            yield number, float(right) * 25.4 / 72, float(lower) * 25.4 / 72, word


def long() -> Dossier:
    """More than fits: 60 sections with many members, 40 sites with long names, and names that never end."""
    many = road(0)
    sections = [
        replace(
            road(number, name=f"第{number:02}路"),
            answerers=[*many.answerers] * 3,
            begins_at="与" * (number % 30),
        )
        for number in range(60)
    ]
    sites = [stall(number, name="府西街与新建路交叉口东南角" * (1 + number % 4)) for number in range(40)]
    points = [replace(drop_off(number), school="学" * (number * 7)) for number in range(25)]
    return dossier(
        branch("03", roads=sections, sites=sites, drop_off_points=points), branch("04", name="无" * 400)
    )


def test_long_tables_go_on_and_nothing_runs_over_the_foot(tmp_path: Path) -> None:
    made = long()
    content = made_of(made)
    deck = Presentation(BytesIO(content))
    shown = [
        row[0]
        for slide in deck.slides
        for shape in slide.shapes
        if shape.name == "责任路段" and getattr(shape, "has_table", False)
        for row in [[cell.text for cell in row.cells] for row in shape.table.rows][1:]
    ]
    assert shown[:60] == [f"第{number:02}路" for number in range(60)]
    assert titles(deck).count("03 桥东第03支部(续)") >= 3

    pdf = converted(content, ".pptx", "pdf", tmp_path)
    assert len(pages(pdf)) == len(deck.slides)
    body = [each for each in words(pdf) if each[2] < 190.5]
    foot = {(page, word) for page, _right, lower, word in body if lower > FOOT_MM}
    said = "".join(word for _page, word in foot)
    assert set(re.findall(r"第\d\d路|TD-|JS-", said)) == set()
    lowest = max(lower for _page, _right, lower, word in body if re.match(r"第\d\d路|TD-|JS-", word))
    assert 150 < lowest < FOOT_MM
    assert max(right for _page, right, _lower, _word in words(pdf)) < 338.67 - 10


def test_libreoffice_shows_every_chinese_character(tmp_path: Path) -> None:
    made = dossier(branch("03", secretary="洺堃喆", name="〇〇"), branch("04"))
    pdf = converted(made_of(made), ".pptx", "pdf", tmp_path)
    text = pages(pdf)
    assert len(text) == len(opened(made).slides)
    assert "全市网格责任简报" in text[0]
    assert "洺堃喆" in re.sub(r"\s", "", text[6])
    assert all(font.startswith("NotoSansCJK") for font in fonts(pdf)), fonts(pdf)


# ── Safe, and the same bytes ──────────────────────────────────────────────────────────────────────────────


def test_hostile_text_is_shown_and_stays_text(tmp_path: Path) -> None:
    part = branch("01", roads=[road(number, name=text) for number, text in enumerate(HOSTILE)], name="=1+1")
    content = made_of(dossier(part, branch("02", name="\x1b@x")))
    deck = Presentation(BytesIO(content))
    shown = [row[0] for row in table_named(slide_named(deck, "01 =1+1"), "责任路段")[1:]]
    assert shown == ["=1+1", "+86 351", "-1", "@SUM(A1)", "=1+1", "=1+1", "#N/A", "'=1", "＝1+1", "路���名"]
    for slide in deck.slides:
        for shape in slide.shapes:
            if getattr(shape, "has_chart", False):
                inside = load_workbook(BytesIO(shape.chart.part.chart_workbook.xlsx_part.blob))
                assert {cell.data_type for row in inside.active.iter_rows() for cell in row} <= {"s", "n"}
    assert converted(content, ".pptx", "pdf", tmp_path).is_file()


def test_the_same_dossier_gives_the_same_bytes() -> None:
    made = dossier()
    content = made_of(made)
    assert made_of(made) == content
    with ZipFile(BytesIO(content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2026, 11, 22, 12, 24, 36)}
        inner = next(name for name in archive.namelist() if name.endswith(".xlsx"))
        with ZipFile(BytesIO(archive.read(inner))) as chart:
            assert b"2026-11-22T12:24:36Z" in chart.read("docProps/core.xml")
    assert Presentation(BytesIO(content)).core_properties.modified.isoformat() == "2026-11-22T12:24:36"


def test_a_branch_without_anything(tmp_path: Path) -> None:
    nothing = branch("05", sections=0, stalls=0, drop_off_points=[], bays=[], secretary="", members=0)
    made = replace(dossier(nothing, branch("06"), gaps=[]), bays=[])
    deck = opened(made)
    slide = slide_named(deck, "05 桥东第05支部")
    texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    assert "这个支部还没有责任路段。" in texts
    assert not [shape for shape in slide.shapes if getattr(shape, "has_table", False)]
