"""What slides are made of: text, links, pictures and native tables, placed in millimetres."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt

from gridmgr.briefing.slides.master import ACCENT, FONT, INK, LINE, MUTED, WASH, emu
from gridmgr.briefing.wording import ems, plain

MM_PER_POINT = 25.4 / 72
# A line's height in its size: Noto Sans SC is the tallest of the fonts that may stand in for ours.
_LEADING = 1.45
_PADDING = 1.4  # mm, at each end of a cell's line
_ABOVE = 0.9  # mm, above and below
_MOST_LINES = 5  # of a cell; what runs on is in the workbook


@dataclass(frozen=True)
class Text:
    """Words with the page they lead to ('' for none)."""

    words: str
    url: str = ""


@dataclass(frozen=True)
class Box:
    """Millimetres from the slide's upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def emus(self) -> tuple[int, int, int, int]:
        return emu(self.x), emu(self.y), emu(self.width), emu(self.height)


@dataclass(frozen=True)
class Head:
    """A table's column: its label, its share of the width, whether it holds numbers."""

    label: str
    width: float
    numeric: bool = False


def write(paragraph: Any, text: Text, *, size: float = 0, bold: bool | None = None, colour: str = "") -> None:
    """A run in our font, Chinese characters too; a link where the text has an address.

    Without size (points), weight or colour the layout's holds.
    """
    run = paragraph.add_run()
    run.text = " ".join(plain(text.words).split())
    run.font.size, run.font.bold, run.font.name = Pt(size) if size else None, bold, FONT
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    properties = run._r.get_or_add_rPr()  # noqa: SLF001  python-pptx knows no East Asian font
    properties.set("lang", "zh-CN")
    properties.set("altLang", "en-US")
    east = properties.makeelement(qn("a:ea"), {"typeface": FONT})
    properties.find(qn("a:latin")).addnext(east)
    if text.url:
        run.hyperlink.address = text.url


def put(shape: Any, *lines: Text, size: float = 0, colour: str = "") -> None:
    """The lines in place of what the shape says; 0 and '' leave size and colour to the layout."""
    frame = getattr(shape, "text_frame", shape)
    frame.clear()
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        write(paragraph, line, size=size, colour=colour)


def text_box(
    slide: Any,
    box: Box,
    lines: Sequence[tuple[Text, float, bool, str]],
    *,
    align: str = "l",
    anchor: str = "t",
    name: str = "",
) -> Any:
    """Lines of (text, size in points, bold, colour)."""
    shape = slide.shapes.add_textbox(*box.emus)
    shape.name = name or shape.name
    frame = shape.text_frame
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.vertical_anchor = MSO_ANCHOR.MIDDLE if anchor == "m" else MSO_ANCHOR.TOP
    for number, (text, size, bold, colour) in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = {"l": PP_ALIGN.LEFT, "r": PP_ALIGN.RIGHT, "c": PP_ALIGN.CENTER}[align]
        write(paragraph, text, size=size, bold=bold, colour=colour)
    return shape


def picture(slide: Any, content: bytes, box: Box, *, says: str) -> None:
    """The picture fills the box; `says` is what a screen reader reads."""
    shape = slide.shapes.add_picture(BytesIO(content), *box.emus)
    shape.name = plain(says)
    shape.element.nvPicPr.cNvPr.set("descr", plain(says))
    shape.line.color.rgb = _rgb(LINE)
    shape.line.width = 6350


def _rgb(colour: str) -> Any:
    return RGBColor.from_string(colour)


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────

Row = Sequence[Text]


def cut(words: str, width: float, size: float) -> str:
    """The words, or as many as go on the most lines that a cell may have."""
    most = (width - 2 * _PADDING) / (size * MM_PER_POINT) * _MOST_LINES * 0.95
    if ems(words) <= most:
        return words
    while ems(words) > most - 1:
        words = words[: max(1, int(len(words) * 0.95))]
    return f"{words}…"


def row_height(row: Row, widths: Sequence[float], size: float) -> float:
    """How high a row is drawn at least, in millimetres: rather too much than too little."""
    em = size * MM_PER_POINT
    lines = [
        max(1, math.ceil(ems(each.words) * em * 1.03 / (width - 2 * _PADDING)))
        for each, width in zip(row, widths, strict=True)
    ]
    return max(lines) * em * _LEADING + 2 * _ABOVE


@dataclass(frozen=True)
class Grid:
    """A table to be: its columns, rows and type size in points."""

    heads: Sequence[Head]
    rows: Sequence[Row]
    size: float = 10.5

    def widths(self, width: float) -> list[float]:
        whole = sum(head.width for head in self.heads)
        return [head.width / whole * width for head in self.heads]

    def fitted(self, width: float) -> list[Row]:
        """The rows with texts cut to what a cell may hold."""
        widths = self.widths(width)
        return [
            [Text(cut(each.words, room, self.size), each.url) for each, room in zip(row, widths, strict=True)]
            for row in self.rows
        ]

    def head_height(self, width: float) -> float:
        return row_height([Text(head.label) for head in self.heads], self.widths(width), self.size)

    def split(self, width: float, *heights: float) -> Iterator[list[Row]]:
        """Its rows by page: pages are as high as `heights`, the last of which goes for all that follow."""
        widths, room, page = self.widths(width), list(heights), list[Row]()
        used = self.head_height(width)
        for row in self.fitted(width):
            height = row_height(row, widths, self.size)
            if page and used + height > room[0]:
                yield page
                room, page, used = room[1:] or room, [], self.head_height(width)
            page.append(row)
            used += height
        yield page

    def height(self, rows: Sequence[Row], width: float) -> float:
        widths = self.widths(width)
        return self.head_height(width) + sum(row_height(row, widths, self.size) for row in rows)

    def draw(self, slide: Any, rows: Sequence[Row], x: float, y: float, width: float, *, name: str) -> float:
        """A native table of these rows with the labels above; returns where it ends."""
        widths = self.widths(width)
        box = Box(x, y, width, self.height(rows, width))
        frame = slide.shapes.add_table(len(rows) + 1, len(self.heads), *box.emus)
        frame.name = name
        table = frame.table
        _plain_style(table)
        for column, room in zip(table.columns, widths, strict=True):
            column.width = emu(room)
        head = [Text(each.label) for each in self.heads]
        for number, row in enumerate([head, *rows]):
            table.rows[number].height = emu(row_height(row, widths, self.size))
            for cell, text, each in zip(table.rows[number].cells, row, self.heads, strict=True):
                _fill(cell, text, self.size, head=number == 0, numeric=each.numeric)
        return y + box.height


def _plain_style(table: Any) -> None:
    """No style of the office program's: what shows is what the cells say."""
    properties = table._tbl.tblPr  # noqa: SLF001  the style has no name in python-pptx
    properties.find(qn("a:tableStyleId")).text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
    table.horz_banding = False


def _fill(cell: Any, text: Text, size: float, *, head: bool, numeric: bool) -> None:
    cell.margin_left = cell.margin_right = emu(_PADDING)
    cell.margin_top = cell.margin_bottom = emu(_ABOVE)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    if head:
        cell.fill.solid()
        cell.fill.fore_color.rgb = _rgb(WASH)
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if numeric else PP_ALIGN.LEFT
    colour = ACCENT if text.url else MUTED if head else INK
    write(paragraph, text, size=size, bold=head, colour=colour)
    _rule_below(cell)


def _rule_below(cell: Any) -> None:
    line = parse_xml(
        f'<a:lnB {nsdecls("a")} w="6350"><a:solidFill><a:srgbClr val="{LINE}"/></a:solidFill></a:lnB>'
    )
    cell._tc.get_or_add_tcPr().insert(0, line)  # noqa: SLF001  borders have no name in python-pptx
