"""The briefing as a notice, opened by python-docx and set by LibreOffice."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Length

from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.notice import notice
from tests.briefing.dossiers import HOSTILE, SITE, PlainMaps, branch, dossier, road
from tests.briefing.readers import converted, fonts, pages

# ECMA-376, part 1: CT_PPr, CT_RPr, CT_TblPr, as far as we use them.
ORDERS = {
    "w:pPr": "pStyle keepNext pageBreakBefore pBdr snapToGrid spacing ind jc rPr",
    "w:rPr": "rStyle rFonts b bCs i color sz szCs u lang",
    "w:tblPr": "tblStyle tblW jc tblLayout tblCellMar tblLook",
}


def opened(made: Dossier) -> Any:
    return Document(BytesIO(notice(made, PlainMaps(made))))


def lines(document: Any) -> list[str]:
    """The paragraphs with what stands in links and fields, too."""
    return ["".join(text.text or "" for text in each._p.iter(qn("w:t"))) for each in document.paragraphs]


def links(document: Any) -> Iterator[tuple[str, str]]:
    for link in document.element.iter(qn("w:hyperlink")):
        words = "".join(text.text or "" for text in link.iter(qn("w:t")))
        yield words, document.part.rels[link.get(qn("r:id"))].target_ref


def rows(table: Any) -> list[list[str]]:
    texts = [[cell._tc for cell in row.cells] for row in table.rows]
    return [["".join(text.text or "" for text in cell.iter(qn("w:t"))) for cell in row] for row in texts]


# ── What it says ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_notice_says_the_figures_in_sentences() -> None:
    said = lines(opened(dossier()))
    assert said[4] == "关于全市网格责任情况的通报"
    assert said[6] == "各网格支部："
    assert said[7:13] == [
        "现将截至2026年11月22日的网格责任情况（数据时刻 2026年11月22日 20:24）通报如下。",
        "一、总体情况",
        "（一）责任路段。3个网格支部参加分工，责任路段6段、总长2.4 km，涉及道路2条，主次干路覆盖率64%，无人负责的主次干路2段、1.4 km。",
        "（二）便民摊点和瓜果市场。开放9处，设摊位72个，已占用54个、空18个，占用率75%。",
        "（三）上下学接送点。接送点6处。",
        "（四）停车泊位。启用258个，小型车240个，充电18个。",
    ]
    assert [line for line in said if line.startswith(("二、", "三、", "四、"))] == [
        "二、各支部责任情况", "三、责任路段图", "四、数据说明",
    ]  # fmt: skip
    annexed = [
        line.strip("　附件：") for line in said if line.lstrip("　附件：")[:2] in ("1.", "2.", "3.", "4.")
    ]
    assert annexed == [
        "1. 责任路段和责任党员",
        "2. 便民摊点和瓜果市场",
        "3. 上下学接送点",
        "4. 无人负责的主次干路",
    ]
    assert said.index("2026年11月22日") == said.index("附件1") - 1
    assert any("演示数据" in line for line in said)


def test_every_number_leads_to_its_list() -> None:
    made = dossier(branch("01"))
    found = list(links(opened(made)))
    figures = {figure.name: figure for figure in made.figures}
    for name, words in (("sections", "2"), ("metres", "800 m"), ("bays", "86"), ("coverage", "64%")):
        assert (words, f"{SITE}{figures[name].path}") in found
    assert ("迎泽大街1段", f"{SITE}/sections/011/") in found
    assert list(links(opened(replace(made, site="")))) == []


def test_tables_hold_every_row_under_labels_that_come_again() -> None:
    document = opened(dossier())
    branches, sections, sites, points, gaps = document.tables
    assert rows(branches)[:2] == [
        ["支部", "支部书记", "责任路段", "里程", "摊点", "空摊位", "接送点", "泊位"],
        ["01 桥东第01支部", "李芳", "2", "800 m", "3", "6", "2", "86"],
    ]
    assert [len(table.rows) for table in (branches, sections, sites, points, gaps)] == [5, 7, 10, 7, 3]
    assert rows(branches)[-1][0] == "合计"  # nothing lies on no branch's section here: no row for the rest
    assert rows(sections)[2] == [
        "01 桥东第01支部",
        "迎泽大街1段",
        "新建路→五一路",
        "400 m",
        "李芳、王强;100 m 未分",
    ]
    for table in document.tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
        assert sum(Length(column.width).mm for column in table.columns) <= 156.5


def test_map_of_the_city_or_of_the_one_branch() -> None:
    made = dossier()
    maps = PlainMaps(made)
    document = Document(BytesIO(notice(made, maps)))
    [shape] = document.inline_shapes
    assert maps.asked == ["city"]
    assert shape.width.mm == pytest.approx(156, abs=0.1)
    assert shape._inline.docPr.get("descr") == "图1　责任路段和设施（2026年11月22日）"
    assert "图1　责任路段和设施（2026年11月22日）" in lines(document)

    alone = dossier(branch("03"), whole=False)
    maps = PlainMaps(alone)
    said = lines(Document(BytesIO(notice(alone, maps))))
    assert maps.asked == ["03"]
    assert "关于03桥东第03支部责任情况的通报" in said
    assert "桥东第03支部：" in said


# ── How it looks ──────────────────────────────────────────────────────────────────────────────────────────


def test_page_and_faces_follow_the_standard() -> None:
    """GB/T 9704—2012: A4, upper margin 37 mm, left 28 mm, text 156 × 225 mm; 二号 title, 三号 text."""
    document = opened(dossier())
    [section] = document.sections
    sizes = [getattr(section, name).mm for name in ("page_width", "page_height", "top_margin", "left_margin")]
    assert sizes == pytest.approx([210, 297, 37, 28], abs=0.1)
    width = section.page_width - section.left_margin - section.right_margin
    height = section.page_height - section.top_margin - section.bottom_margin
    assert (Length(width).mm, Length(height).mm) == pytest.approx((156, 225), abs=0.1)
    faces = {
        name: (
            document.styles[name].element.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia")),
            document.styles[name].font.size.pt,
        )
        for name in ("Title", "Normal", "Heading 1", "Heading 2")
    }
    assert faces == {
        "Title": ("方正小标宋简体", 22), "Normal": ("仿宋", 16), "Heading 1": ("黑体", 16), "Heading 2": ("楷体", 16),
    }  # fmt: skip
    table = document.part.part_related_by(
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/fontTable"
    ).blob.decode()
    assert '<w:font w:name="方正小标宋简体"><w:altName w:val="宋体"/>' in table


def test_settings_stand_in_the_order_that_the_schema_demands() -> None:
    """Word refuses what LibreOffice forgives."""
    document = opened(dossier())
    for tag, words in ORDERS.items():
        order = [qn(f"w:{word}") for word in words.split()]
        found = list(document.element.body.iter(qn(tag)))
        assert len(found) >= 5
        for element in found:
            places = [order.index(child.tag) for child in element]
            assert places == sorted(places), [child.tag for child in element]


def test_libreoffice_sets_it_page_by_page(tmp_path: Path) -> None:
    """60 sections: the annex takes several pages, each under the labels, each numbered between dashes."""
    made = dossier(branch("03", sections=60), branch("04"))
    pdf = converted(notice(made, PlainMaps(made)), ".docx", "pdf", tmp_path)
    text = pages(pdf)
    for number, page in enumerate(text, 1):
        assert page.replace(" ", "").strip().endswith(f"—{number}—"), page
    shown = [page for page in text if "迎泽大街" in page]
    assert len(shown) >= 2
    assert all("责任党员" in page for page in shown)
    assert sum(page.count("新建路→五一路") for page in text) == 62
    assert "关于全市网格责任情况的通报" in text[0]
    assert all(font.startswith(("NotoSansCJK", "NotoSerifCJK")) for font in fonts(pdf)), fonts(pdf)


# ── Safe, and the same bytes ──────────────────────────────────────────────────────────────────────────────


def test_hostile_text_is_shown(tmp_path: Path) -> None:
    part = branch(
        "01", roads=[road(number, name=text) for number, text in enumerate(HOSTILE)], name="\x1b=1+1"
    )
    content = notice(dossier(part), PlainMaps(dossier(part)))
    sections = Document(BytesIO(content)).tables[1]
    assert [row[1].strip() for row in rows(sections)[1:]][-2:] == ["＝1+1", "路���名"]
    assert "关于01�=1+1责任情况的通报" in pages(converted(content, ".docx", "pdf", tmp_path))[0].replace(
        " ", ""
    )


def test_the_same_dossier_gives_the_same_bytes() -> None:
    made = dossier()
    content = notice(made, PlainMaps(made))
    assert notice(made, PlainMaps(made)) == content
    with ZipFile(BytesIO(content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2026, 11, 22, 12, 24, 36)}
        leftovers = ("thumbnail", "app.xml", "Effects", "customXml")
        assert not [name for name in archive.namelist() if any(word in name for word in leftovers)]
    assert Document(BytesIO(content)).core_properties.created.isoformat() == "2026-11-22T12:24:36+00:00"


def test_a_dossier_without_lists(tmp_path: Path) -> None:
    nothing = branch("05", sections=0, stalls=0, drop_off_points=[], bays=[], secretary="")
    made = replace(dossier(nothing, gaps=[]), figures=[], bays=[])
    document = opened(made)
    assert len(document.tables) == 1
    assert rows(document.tables[0])[1][:3] == ["05 桥东第05支部", "—", "0"]
    assert not [line for line in lines(document) if "附件" in line]
