"""The look of an official document: A4 with the margins, faces, sizes and page numbers of GB/T 9704—2012."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from gridmgr.briefing.wording import plain

# Each with the face that a computer without it takes in its place.
TITLE, SONG, FANG, HEI, KAI, LATIN = "方正小标宋简体", "宋体", "仿宋", "黑体", "楷体", "Times New Roman"
INSTEAD = {TITLE: SONG, FANG: "仿宋_GB2312", KAI: "楷体_GB2312", HEI: "SimHei", SONG: "SimSun"}
# Sizes by their names: 二号, 三号, 四号, 小四, 五号.
ER, SAN, SI, XIAO_SI, WU = 22.0, 16.0, 14.0, 12.0, 10.5
# 22 lines to a page of 225 mm.
LINE = 28.95
# Millimetres; they leave 156 to the text.
MARGINS = {"top_margin": 37, "bottom_margin": 35, "left_margin": 28, "right_margin": 26}
_LINK, RED = "0B4F96", "C00000"


@dataclass(frozen=True)
class Part:
    """Words of a paragraph with the page they lead to; in another face than the paragraph's where `face` says one."""

    words: str
    url: str = ""
    face: str = ""


@dataclass(frozen=True)
class Column:
    """A table's column: its label, its width in millimetres, whether it holds numbers."""

    label: str
    mm: float
    numeric: bool = False


def sheet() -> Any:
    """An empty document."""
    made = Document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    for name, mm in MARGINS.items():
        setattr(section, name, Mm(mm))
    # The page number stands 7 mm below the text.
    section.footer_distance = Mm(35 - 7 - 6)
    grid = OxmlElement("w:docGrid")
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(round(LINE * 20)))
    _replace(section._sectPr, grid)  # noqa: SLF001  what python-docx has no name for
    _set_styles(made)
    _name_stand_ins(made)
    _number_pages(made)
    _drop_leftovers(made)
    return made


def _replace(parent: Any, child: Any) -> None:
    for old in parent.findall(child.tag):
        parent.remove(old)
    parent.append(child)


# Of the template: its picture, its program, styles for a Word of 2010, an empty bibliography.
_LEFTOVERS = ("/thumbnail", "/extended-properties", "/stylesWithEffects", "/customXml")


def _drop_leftovers(made: Any) -> None:
    for rels in (made.part.package.rels, made.part.rels):
        for key in [key for key, each in rels.items() if each.reltype.endswith(_LEFTOVERS)]:
            del rels[key]


# ── Faces ─────────────────────────────────────────────────────────────────────────────────────────────────


def _set_styles(made: Any) -> None:
    faces = {"Normal": (FANG, SAN), "Title": (TITLE, ER), "Heading 1": (HEI, SAN), "Heading 2": (KAI, SAN)}
    for name, (face, size) in faces.items():
        style = made.styles[name]
        style.font.size, style.font.bold, style.font.italic = Pt(size), False, False
        style.font.color.rgb = RGBColor(0, 0, 0)
        set_face(style.element.get_or_add_rPr(), face)
        form = style.paragraph_format
        form.space_before = form.space_after = Pt(0)
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(LINE)
        form.keep_with_next = name != "Normal"
        for border in style.element.iter(qn("w:pBdr")):
            border.getparent().remove(border)
            break
    for tag in made.styles.element.iter(qn("w:lang")):
        tag.set(qn("w:eastAsia"), "zh-CN")


def set_face(properties: Any, face: str) -> None:
    """Chinese characters in `face`, others in the Latin one; a theme's faces are taken away."""
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    fonts.attrib.clear()
    for name, value in (("ascii", LATIN), ("hAnsi", LATIN), ("cs", LATIN), ("eastAsia", face)):
        fonts.set(qn(f"w:{name}"), value)
    fonts.set(qn("w:hint"), "eastAsia")


def _name_stand_ins(made: Any) -> None:
    """The font table: what to take where a face is missing."""
    part = made.part.part_related_by(RT.FONT_TABLE)
    fonts = "".join(
        f'<w:font w:name="{face}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for face, other in INSTEAD.items()
    )
    part._blob = f"<w:fonts {nsdecls('w')}>{fonts}</w:fonts>".encode()  # noqa: SLF001  a part without a model


# ── Paragraphs ────────────────────────────────────────────────────────────────────────────────────────────


def paragraph(
    made: Any,
    *parts: Part,
    style: str = "Normal",
    align: str = "",
    indent: float = 0.0,
    size: float = 0.0,
    face: str = "",
) -> Any:
    """A paragraph of these parts; `indent` of its first line in characters."""
    added = made.add_paragraph(style=style)
    form = added.paragraph_format
    if align:
        form.alignment = {"c": WD_ALIGN_PARAGRAPH.CENTER, "r": WD_ALIGN_PARAGRAPH.RIGHT}[align]
    if indent:
        form.first_line_indent = Pt(indent * (size or SAN))
    for part in parts:
        write(added, part, size=size, face=face)
    return added


def write(holder: Any, part: Part, *, size: float = 0.0, face: str = "", colour: str = "") -> None:
    """A run at the paragraph's end; within a link where the part has an address."""
    run = holder.add_run(plain(part.words))
    if size:
        run.font.size = Pt(size)
    if chosen := part.face or face:
        set_face(run._r.get_or_add_rPr(), chosen)  # noqa: SLF001
    if part.url:
        run.font.color.rgb = RGBColor.from_string(_LINK)
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), holder.part.relate_to(part.url, RT.HYPERLINK, is_external=True))
        run._r.addprevious(link)  # noqa: SLF001
        link.append(run._r)  # noqa: SLF001
    elif colour:
        run.font.color.rgb = RGBColor.from_string(colour)


def to_fill_in(holder: Any, words: str, *, size: float, face: str, colour: str = "") -> None:
    """A field of the document (a content control) that says what the office has to write there."""
    write(holder, Part(words), size=size, face=face, colour=colour)
    run = holder.runs[-1]._r  # noqa: SLF001
    control = parse_xml(
        f'<w:sdt {nsdecls("w")}><w:sdtPr><w:alias w:val="{words}"/><w:temporary/><w:showingPlcHdr/><w:text/></w:sdtPr>'
        "<w:sdtContent/></w:sdt>"
    )
    run.addprevious(control)
    control.find(qn("w:sdtContent")).append(run)


def _insert(holder: Any, setting: Any) -> None:
    """The setting among the paragraph's, where the schema wants a border or the grid: before spacing and indents."""
    after = (f"w:{name}" for name in ("spacing", "ind", "contextualSpacing", "jc", "rPr"))
    holder._p.get_or_add_pPr().insert_element_before(setting, *after)  # noqa: SLF001


def red_line(holder: Any) -> None:
    """The line below the head, across the text."""
    line = f'<w:bottom w:val="single" w:sz="18" w:space="6" w:color="{RED}"/>'
    _insert(holder, parse_xml(f"<w:pBdr {nsdecls('w')}>{line}</w:pBdr>"))


_CELL_MARGINS = f'<w:tblCellMar {nsdecls("w")}><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar>'


# ── Pictures and tables ───────────────────────────────────────────────────────────────────────────────────


def picture(made: Any, content: bytes, mm: float, *, says: str) -> None:
    """A picture in a line of its own; `says` is what a screen reader reads."""
    added = made.add_paragraph()
    added.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    added.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    added.paragraph_format.keep_with_next = True
    shape = added.add_run().add_picture(BytesIO(content), width=Mm(mm))
    shape._inline.docPr.set("descr", plain(says))  # noqa: SLF001


def table(made: Any, columns: Sequence[Column], rows: Sequence[Sequence[Part]], *, size: float = WU) -> None:
    """A ruled table; its labels come again on each page, and no row is torn apart."""
    added = made.add_table(0, len(columns), style="Table Grid")
    added.alignment, added.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    added._tbl.tblPr.insert_element_before(parse_xml(_CELL_MARGINS), "w:tblLook")  # noqa: SLF001
    for each, column in zip(added.columns, columns, strict=True):
        each.width = Mm(column.mm)
    for number, row in enumerate([[Part(column.label, face=HEI) for column in columns], *rows]):
        line = added.add_row()
        _keep_whole(line, label=number == 0)
        for cell, column, part in zip(line.cells, columns, row, strict=True):
            cell.width = Mm(column.mm)
            _cell(cell, part, size, align="c" if number == 0 else "r" if column.numeric else "")


def _keep_whole(row: Any, *, label: bool) -> None:
    properties = row._tr.get_or_add_trPr()  # noqa: SLF001
    properties.append(OxmlElement("w:cantSplit"))
    if label:
        properties.append(OxmlElement("w:tblHeader"))


def _cell(cell: Any, part: Part, size: float, *, align: str) -> None:
    holder = cell.paragraphs[0]
    form = holder.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(size * 1.5)
    off = OxmlElement("w:snapToGrid")  # of the page's 22 lines
    off.set(qn("w:val"), "0")
    _insert(holder, off)
    if align:
        form.alignment = {"c": WD_ALIGN_PARAGRAPH.CENTER, "r": WD_ALIGN_PARAGRAPH.RIGHT}[align]
    write(holder, part, size=size)


# ── Page numbers ──────────────────────────────────────────────────────────────────────────────────────────


def _number_pages(made: Any) -> None:
    """`— 1 —` in 四号: on the right of odd pages, on the left of even ones, one character from the edge."""
    made.settings.odd_and_even_pages_header_footer = True
    section = made.sections[0]
    for foot, align in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        foot.is_linked_to_previous = False
        holder = foot.paragraphs[0]
        holder.alignment = align
        holder.paragraph_format.left_indent = holder.paragraph_format.right_indent = Pt(SI)
        write(holder, Part("— "), size=SI, face=SONG)
        _field(holder, "PAGE")
        write(holder, Part(" —"), size=SI, face=SONG)


def _field(holder: Any, code: str) -> None:
    run = holder.add_run("1")
    run.font.size = Pt(SI)
    set_face(run._r.get_or_add_rPr(), SONG)  # noqa: SLF001
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run._r.addprevious(field)  # noqa: SLF001
    field.append(run._r)  # noqa: SLF001
