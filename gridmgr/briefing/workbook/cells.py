"""A sheet of a workbook: rows under labels, a line of sums that follow the filter, and formulas with their values.

Each formula stands with the value that it comes to, so that a phone's preview, which doesn't compute, shows it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.utility import quote_sheetname, xl_col_to_name

from gridmgr.briefing.wording import ems, plain
from gridmgr.core.layers.sheets import CELL_CHARACTERS, FORMULA

FONT = "Microsoft YaHei"
ACCENT = "0B4F96"
WASH = "E8F0F8"
LINE = "8B9097"
HAIR = 7  # XlsxWriter's number of the finest line
COUNT, METRES, PERCENT = "#,##0", "#,##0", "0%"
DAY, TIME, MOMENT = "yyyy-mm-dd", "hh:mm", "yyyy-mm-dd hh:mm"
A4 = 9  # Excel's number of the paper
FOOT_CHARACTERS = 200
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
    return (xl_col_to_name(number) for number in range(200))


def joined(names: Sequence[str]) -> str:
    """Several names in one cell, as `Key` finds them."""
    return _and().join(names)


def _and() -> str:
    return _("、")


def _names(cell: str) -> list[str]:
    return cell.split(_and())


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


class Book:
    """A workbook in memory, its formats each made once."""

    def __init__(self) -> None:
        self._stream = BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.book = Workbook(self._stream, options)
        self.widths: dict[str, list[float]] = {}
        self._formats: dict[tuple[Any, ...], Any] = {}

    def sheet(self, title: str) -> Any:
        self.widths[title] = []
        return self.book.add_worksheet(title)

    @property
    def sheets(self) -> list[Any]:
        return list(self.book.worksheets())

    def widen(self, sheet: Any, letter: str, width: float) -> None:
        """Sets a column's width, in digits of the standard font."""
        self.widths[sheet.name].append(width)
        sheet.set_column(f"{letter}:{letter}", width)

    def put(self, sheet: Any, place: str, value: Any, form: str = "", **looks: Any) -> None:
        """Writes a value; text stays text, whatever it begins with. `looks` are fonts, fills and alignment."""
        if isinstance(value, Link):
            if value.url and len(value.url) <= LINK_CHARACTERS:
                sheet.write_url(place, value.url)  # its text is what is written below
            looks, value = {**looks, "colour": ACCENT if value.url else ""}, value.value
        is_text = isinstance(value, str)
        quoted = is_text and bool(FORMULA.match(value))
        look = self._format(form=form, is_text=is_text, quoted=quoted, **looks)
        if isinstance(value, Formula):
            sheet.write_formula(place, f"={value.text}", look, value.value)
        elif is_text:
            sheet.write_string(place, plain(value)[:CELL_CHARACTERS], look)
        elif value is None:
            sheet.write_blank(place, None, look)
        elif isinstance(value, (date, time)):
            sheet.write_datetime(place, value, look)
        else:
            sheet.write_number(place, value, look)

    def _format(self, **looks: Any) -> Any:
        key = tuple(sorted(looks.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(_looks(**looks))
        return self._formats[key]

    def saved(self) -> bytes:
        self.book.close()
        return self._stream.getvalue()


def _looks(
    *,
    form: str,
    is_text: bool,
    quoted: bool,
    bold: bool = False,
    colour: str = "",
    fill: str = "",
    wrap: bool = False,
    size: float = 10,
    align: str = "",
    ruled: bool = False,
) -> dict[str, Any]:
    """The properties of a cell's format, as XlsxWriter calls them."""
    indent = 1 if ruled and is_text else 0
    wanted = {
        "font_name": FONT,
        "font_size": size,
        "bold": bold,
        "font_color": colour and f"#{colour}",
        "underline": colour == ACCENT,
        "bg_color": fill and f"#{fill}",
        "bottom": HAIR if ruled else 0,
        "bottom_color": f"#{LINE}" if ruled else "",
        "align": align or ("left" if indent else ""),
        "valign": "vcenter",
        "text_wrap": wrap,
        "indent": indent,
        "num_format": form,
        "quote_prefix": quoted,
    }
    return {name: value for name, value in wanted.items() if value}


# ── A table on its sheet ──────────────────────────────────────────────────────────────────────────────────


def write_table(book: Book, table: Table, *, heading: str, frozen: str = "") -> None:
    """The table on a sheet of its own: heading, sums, labels, rows; frozen, with a filter, ready to be printed.

    `frozen` names the last column that stays in sight.
    """
    sheet = book.sheet(table.title)
    book.put(sheet, "A1", heading, bold=True, size=12)
    sheet.set_row(0, 24)
    sheet.set_row(LABELS_ROW - 1, 32)
    for name in table.columns:
        _write_column(book, sheet, table, name)
    first = next(iter(table.letters.values()))
    if not table.total(next(iter(table.columns))):
        book.put(sheet, f"{first}{SUMS_ROW}", _("筛选合计"), bold=True)
    last = list(table.letters.values())[-1]
    sheet.autofilter(f"{first}{LABELS_ROW}:{last}{table.last_row}")
    sheet.freeze_panes(FIRST_ROW - 1, list(table.columns).index(frozen) + 1 if frozen else 0)
    sheet.repeat_rows(0, LABELS_ROW - 1)


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
    book.widen(sheet, letter, width)


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


def set_up_page(book: Book, sheet: Any, *, foot: str) -> None:
    """A4, lying for a wide sheet, as wide as the paper at most; page x of y at the foot."""
    if sum(book.widths[sheet.name]) > _UPRIGHT_WIDTH:
        sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=1, bottom=1)
    pages = _("第 %(page)s 页,共 %(pages)s 页") % {"page": "&P", "pages": "&N"}
    # Excel opens no more than 255 characters; XlsxWriter takes &G, and the end of &&G, for a picture.
    left = foot[:FOOT_CHARACTERS].replace("&", "＆")
    sheet.set_footer(f"&L{left}&C&A&R{pages}")
