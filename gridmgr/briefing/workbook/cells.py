"""A sheet of a workbook: rows under labels, a line of sums that follow the filter, and formulas with their values.

openpyxl writes a formula without its value, so that a phone's preview shows an empty cell: here the value, which is
known, goes in beside it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring, tostring

from gridmgr.briefing.wording import ems, plain
from gridmgr.core.layers.sheets import CELL_CHARACTERS, FORMULA

FONT = "Microsoft YaHei"
ACCENT = "0B4F96"
WASH = "E8F0F8"
LINE = "8B9097"
COUNT, METRES, PERCENT = "#,##0", "#,##0", "0%"
DAY, TIME, MOMENT = "yyyy-mm-dd", "hh:mm", "yyyy-mm-dd hh:mm"
LINK_CHARACTERS = 2079  # more than Excel opens
# Title, sums and labels stand above the rows.
SUMS_ROW, LABELS_ROW, FIRST_ROW = 2, 3, 4
# Widths are in digits of the standard font; a Chinese character takes two.
_DIGITS_PER_EM, _LEAST_WIDTH, _MOST_WIDTH, _UPRIGHT_WIDTH = 2.1, 6.0, 54.0, 110.0


@dataclass(frozen=True)
class Formula:
    """A formula, without its `=`, and what it comes to."""

    text: str
    value: Any


@dataclass(frozen=True)
class Link:
    """A text or number that leads to a page; '' leads nowhere."""

    value: Any
    url: str


@dataclass(frozen=True)
class Column:
    """A label, how its values are written, and what stands in the line of sums: sum, count, share or nothing.

    `share` and `less` name two columns: this one is the first's share of the second, or the first less the second.
    """

    label: str
    form: str = ""
    total: str = ""
    share: tuple[str, str] | None = None
    less: tuple[str, str] | None = None
    most_width: float = _MOST_WIDTH


@dataclass(frozen=True)
class Key:
    """Those rows whose column `column` names `value`, which the cell `cell` holds."""

    column: str
    value: str
    cell: str


def value_of(cell: Any) -> Any:
    """What a cell comes to."""
    return cell.value if isinstance(cell, (Formula, Link)) else cell


class Table:
    """Rows by column name; each value a text, number, day, time, Formula or Link."""

    def __init__(
        self, title: str, columns: Mapping[str, Column], rows: Sequence[Mapping[str, Any]], key: str
    ) -> None:
        self.title, self.columns, self.rows, self.key = title, columns, rows, key
        self.letters = dict(zip(columns, _letters(), strict=False))

    @property
    def last_row(self) -> int:
        return FIRST_ROW + max(len(self.rows), 1) - 1

    def span(self, name: str, *, here: bool = False) -> str:
        """The cells of a column's rows; `here`: as a formula on the same sheet writes them."""
        letter = self.letters[name]
        cells = f"${letter}${FIRST_ROW}:${letter}${self.last_row}"
        return cells if here else f"{quote_sheetname(self.title)}!{cells}"

    def values(self, name: str, key: Key | None = None) -> list[Any]:
        """What a column's rows come to, or those of `key`."""
        return [
            value_of(self.cell(name, number))
            for number, row in enumerate(self.rows, FIRST_ROW)
            if key is None or key.value in _names(value_of(row[key.column]))
        ]

    def counted(self, key: Key | None = None) -> Formula:
        """How many rows there are, or those of `key`."""
        value = len(self.values(self.key, key))
        return Formula(f"SUMPRODUCT({self._chosen(key)})" if key else f"COUNTA({self.span(self.key)})", value)

    def summed(self, name: str, key: Key | None = None) -> Formula:
        """The sum of a column, of all rows or those of `key`."""
        value = sum(each or 0 for each in self.values(name, key))
        span = self.span(name)
        return Formula(f"SUMPRODUCT({self._chosen(key)},{span})" if key else f"SUM({span})", value)

    def _chosen(self, key: Key) -> str:
        """1 and 0 for the rows. Not COUNTIF: to it 03 is 003, `*` is anything, and `=` begins a comparison."""
        return f'--ISNUMBER(FIND("{_and()}"&{key.cell}&"{_and()}","{_and()}"&{self.span(key.column)}&"{_and()}"))'

    def total(self, name: str) -> Formula | None:
        """What stands in the line of sums: of the rows that the filter leaves."""
        column, span = self.columns[name], self.span(name, here=True)
        if column.share:
            part, whole = (self.total(each) for each in column.share)
            return part and whole and self._share(column.share, SUMS_ROW, part.value, whole.value)
        if column.total == "sum":
            return Formula(f"SUBTOTAL(109,{span})", sum(each or 0 for each in self.values(name)))
        return Formula(f"SUBTOTAL(103,{span})", len(self.rows)) if column.total == "count" else None

    def cell(self, name: str, number: int) -> Any:
        """The value of a column in the row with that number on the sheet."""
        row, column = self.rows[number - FIRST_ROW], self.columns[name]
        if column.share:
            return self._share(column.share, number, *(value_of(row[each]) for each in column.share))
        if column.less:
            first, second = column.less
            text = f"{self.letters[first]}{number}-{self.letters[second]}{number}"
            return Formula(text, row[first] - row[second])
        return row.get(name)

    def _share(self, names: tuple[str, str], number: int, part: float, whole: float) -> Formula:
        first, second = (f"{self.letters[name]}{number}" for name in names)
        return Formula(f'IF({second}=0,"",{first}/{second})', part / whole if whole else "")


def _letters() -> Iterator[str]:
    return (get_column_letter(number) for number in range(1, 200))


def joined(names: Sequence[str]) -> str:
    """Several names in one cell, as `Key` finds them."""
    return _and().join(names)


def _and() -> str:
    return _("、")


def _names(cell: str) -> list[str]:
    return cell.split(_and())


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


class Book:
    """A workbook that remembers what its formulas come to."""

    def __init__(self) -> None:
        self.book = Workbook()
        self.book.remove(self.book.active)
        self._known: dict[str, dict[str, Any]] = {}

    def sheet(self, title: str) -> Any:
        made = self.book.create_sheet(title)
        self._known[title] = {}
        return made

    def put(self, sheet: Any, place: str, value: Any, form: str = "", **looks: Any) -> Any:
        """Writes a value; text stays text, whatever it begins with. `looks` are fonts, fills and alignment."""
        cell = sheet[place]
        if isinstance(value, Link):
            cell = self.put(
                sheet, place, value.value, form, **{**looks, "colour": ACCENT if value.url else ""}
            )
            if value.url and len(value.url) <= LINK_CHARACTERS:
                cell.hyperlink = value.url
            return cell
        if isinstance(value, Formula):
            self._known[sheet.title][place] = value.value
            cell.value = f"={value.text}"
        elif isinstance(value, str):
            cell.value = plain(value)[:CELL_CHARACTERS]
            cell.data_type = "s"
            cell.quotePrefix = bool(FORMULA.match(value))
        else:
            cell.value = value
        if form:
            cell.number_format = form
        _look(cell, **looks)
        return cell

    def saved(self) -> bytes:
        stream = BytesIO()
        self.book.save(stream)
        return _with_values(stream.getvalue(), list(self._known.values()))


def _look(
    cell: Any,
    *,
    bold: bool = False,
    colour: str = "",
    fill: str = "",
    wrap: bool = False,
    size: float = 10,
    align: str = "",
    ruled: bool = False,
) -> None:
    cell.font = Font(
        name=FONT,
        size=size,
        bold=bold,
        color=colour or None,
        underline="single" if colour == ACCENT else None,
    )
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    if ruled:
        cell.border = Border(bottom=Side("hair", color=LINE))
    indent = 1 if ruled and cell.data_type == "s" else 0
    cell.alignment = Alignment(
        horizontal=align or ("left" if indent else None), vertical="center", wrap_text=wrap, indent=indent
    )


def _with_values(content: bytes, known: Sequence[Mapping[str, Any]]) -> bytes:
    """The workbook with each formula's value beside it; `known` by place, for sheet after sheet."""
    stream = BytesIO()
    with ZipFile(BytesIO(content)) as taken, ZipFile(stream, "w", ZIP_DEFLATED) as written:
        names = {f"xl/worksheets/sheet{number}.xml": each for number, each in enumerate(known, 1)}
        for name in taken.namelist():
            part = taken.read(name)
            written.writestr(name, _valued(part, names[name]) if name in names else part)
    return stream.getvalue()


def _valued(sheet: bytes, known: Mapping[str, Any]) -> bytes:
    root = fromstring(sheet)
    for cell in root.iter(f"{{{SHEET_MAIN_NS}}}c"):
        if cell.find(f"{{{SHEET_MAIN_NS}}}f") is not None:
            value = known[cell.get("r")]
            cell.set("t", "str" if isinstance(value, str) else "n")
            cell.find(f"{{{SHEET_MAIN_NS}}}v").text = str(value)
    return bytes(tostring(root, encoding="UTF-8"))


# ── A table on its sheet ──────────────────────────────────────────────────────────────────────────────────


def write_table(book: Book, table: Table, *, heading: str, frozen: str = "") -> None:
    """The table on a sheet of its own: heading, sums, labels, rows; frozen, with a filter, ready to be printed.

    `frozen` names the last column that stays in sight.
    """
    sheet = book.sheet(table.title)
    book.put(sheet, "A1", heading, bold=True, size=12)
    sheet.row_dimensions[1].height, sheet.row_dimensions[LABELS_ROW].height = 24, 32
    for name in table.columns:
        _write_column(book, sheet, table, name)
    first = next(iter(table.letters.values()))
    if not table.total(next(iter(table.columns))):
        book.put(sheet, f"{first}{SUMS_ROW}", _("筛选合计"), bold=True)
    last = list(table.letters.values())[-1]
    sheet.auto_filter.ref = f"{first}{LABELS_ROW}:{last}{table.last_row}"
    after = list(table.columns).index(frozen) + 2 if frozen else 1
    sheet.freeze_panes = f"{get_column_letter(after)}{FIRST_ROW}"
    sheet.print_title_rows = f"1:{LABELS_ROW}"


def _write_column(book: Book, sheet: Any, table: Table, name: str) -> None:
    column, letter = table.columns[name], table.letters[name]
    align = "right" if column.form else "left"
    book.put(sheet, f"{letter}{LABELS_ROW}", column.label, bold=True, fill=WASH, wrap=True, align=align)
    form = COUNT if column.total == "count" else column.form
    book.put(sheet, f"{letter}{SUMS_ROW}", table.total(name), form, bold=True)
    cells = [table.cell(name, number) for number in range(FIRST_ROW, FIRST_ROW + len(table.rows))]
    width = _width(column, cells)
    for number, cell in enumerate(cells, FIRST_ROW):
        wrap = _digits(_shown(value_of(cell), column)) + 2 > width
        book.put(sheet, f"{letter}{number}", cell, column.form, wrap=wrap, ruled=True)
    sheet.column_dimensions[letter].width = width


def _width(column: Column, cells: Sequence[Any]) -> float:
    """Wide enough for the values and a label in two lines with the filter's button, as far as `most_width` allows."""
    texts = [_shown(value_of(cell), column) for cell in cells]
    label = max(_digits(column.label) / 2, min(_digits(column.label), 9.0)) + 2.5
    widest = max([label, *(_digits(text) for text in texts)])
    return round(min(max(widest + 2, _LEAST_WIDTH), column.most_width), 1)


def _digits(text: str) -> float:
    """How wide the text runs, in digits of the standard font."""
    return ems(text, narrow=0.52) * _DIGITS_PER_EM


_SHOWN: dict[type, Callable[[Any], str]] = {
    float: lambda value: f"{value:,.0f}",
    int: lambda value: f"{value:,}",
    date: lambda value: value.isoformat(),
    time: lambda value: f"{value:%H:%M}",
}


def _shown(value: Any, column: Column) -> str:
    if value is None or column.form == PERCENT:
        return ""
    return _SHOWN.get(type(value), str)(value)


def set_up_page(sheet: Any, *, foot: str) -> None:
    """A4, lying for a wide sheet, as wide as the paper at most; page x of y at the foot."""
    wide = sum(each.width for each in sheet.column_dimensions.values()) > _UPRIGHT_WIDTH
    sheet.page_setup.orientation = "landscape" if wide else "portrait"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.oddFooter.left.text = foot.replace("&", "&&")
    sheet.oddFooter.center.text = "&A"
    sheet.oddFooter.right.text = _("第 %(page)s 页,共 %(pages)s 页") % {"page": "&P", "pages": "&N"}
