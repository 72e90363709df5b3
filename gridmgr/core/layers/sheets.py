"""Writers of the formats that office programs open: CSV and XLSX, with labels and words, and text that stays text.

A cell whose text begins like a formula must not become one (OWASP, CSV Injection). In XLSX a cell's type says that
it is text. CSV has no types, so such text gets an apostrophe before it, which the import takes away again.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from gridmgr.core.layers.extract import Column, Extract

# What a spreadsheet may take for a formula's beginning, the full-width forms among them; behind any apostrophes.
FORMULA = re.compile("^'*[=+\\-@\t\r\n＝＋－＠]")
# Excel: rows of a sheet, characters of a cell.
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_000
FIRST_YEAR = 1901  # Excel counts days from 1900, and wrongly until that March: older dates are text
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what no XML file may hold
_NOT_CELL = re.compile("[\ufffe\uffff]")  # what no cell may hold: XlsxWriter escapes control characters
_WIDTHS = {"date": 11, "time": 9, "int": 8, "float": 11, "bool": 8, "text": 16}


def write_csv(taken: Extract, path: Path) -> None:
    """UTF-8 with a byte order mark, by which Excel knows Chinese; true and false as words; ISO dates."""
    columns = [[_csv_cell(value) for value in column.in_words()] for column in taken.columns]
    places = _places(taken, cell=None)
    head = [*(column.label for column in taken.columns), *places]
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([_csv_cell(label) for label in head])
        writer.writerows(zip(*columns, *places.values(), strict=True))


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if FORMULA.match(value) else value
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return value


def write_xlsx(taken: Extract, path: Path) -> None:
    """One sheet of rows with real dates, times, numbers and booleans, and one that says what it was made from."""
    from xlsxwriter import Workbook

    if len(taken) >= SHEET_ROWS:
        raise Invalid(
            _(
                "Excel 的一张表最多 %(most)s 行,这里有 %(count)s 个要素。请缩小范围,或换 CSV、GeoPackage 格式。"
            )
            % {"most": SHEET_ROWS - 1, "count": len(taken)}
        )
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "tmpdir": str(path.parent),
    }
    book = Workbook(str(path), options)
    # A workbook's own clock has no time zone.
    book.set_properties(
        {"created": timezone.localtime(taken.moment).replace(tzinfo=None), "title": str(taken.layer.title)}
    )
    _rows_sheet(book, taken)
    _about_sheet(book, taken)
    book.close()


def _rows_sheet(book: Any, taken: Extract) -> None:
    sheet = book.add_worksheet(_sheet_name(str(taken.layer.title)))
    places = _places(taken, cell=CELL_CHARACTERS)
    columns = [*taken.columns, *(Column(name, name, "text", values) for name, values in places.items())]
    bold, text = book.add_format({"bold": True}), book.add_format({"quote_prefix": True})
    formats = [_cell_format(book, column) for column in columns]
    for index, column in enumerate(columns):
        sheet.set_column(index, index, max(_WIDTHS[column.type], 2 * len(column.label) + 2))
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.write_string(0, index, column.label, bold)
    if len(taken):
        sheet.autofilter(0, 0, len(taken), len(columns) - 1)
    for number, values in enumerate(zip(*(column.in_words() for column in columns), strict=True), 1):
        for index, value in enumerate(values):
            _write_cell(sheet, number, index, value, formats[index], text)


def _cell_format(book: Any, column: Column) -> Any:
    codes = {"date": "yyyy-mm-dd", "time": "hh:mm:ss"}
    return book.add_format({"num_format": codes[column.type]}) if column.type in codes else None


def _write_cell(sheet: Any, row: int, index: int, value: Any, form: Any, text: Any) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, index, _NOT_CELL.sub("�", value), text if FORMULA.match(value) else form)
    elif isinstance(value, bool):
        sheet.write_boolean(row, index, value, form)
    elif isinstance(value, date) and value.year < FIRST_YEAR:
        sheet.write_string(row, index, value.isoformat())
    elif isinstance(value, (date, time, datetime)):
        sheet.write_datetime(row, index, value, form)
    else:
        sheet.write_number(row, index, value, form)


def _about_sheet(book: Any, taken: Extract) -> None:
    sheet = book.add_worksheet(_("说明"))
    sheet.set_column(0, 0, 100)
    for number, line in enumerate(taken.about_lines()):
        sheet.write_string(number, 0, line)


def _sheet_name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", title)[:31]


# ── Places in cells ───────────────────────────────────────────────────────────────────────────────────────


def _places(taken: Extract, cell: int | None) -> dict[str, list[Any]]:
    """Columns that hold the geometry, headed with the datum: x and y for points, WKT for the rest.

    WKT longer than `cell` characters runs on in further columns.
    """
    named = f"[{taken.datum.code}]"
    if taken.geometry_type == "Point":
        x, y = _("经度"), _("纬度")
        if not taken.datum.is_geographic:
            x, y = _("东坐标"), _("北坐标")
        digits = 9 if taken.datum.is_geographic else 4
        return {
            f"{x} {named}": np.round(shapely.get_x(taken.geometry), digits).tolist(),
            f"{y} {named}": np.round(shapely.get_y(taken.geometry), digits).tolist(),
        }
    digits = 9 if taken.datum.is_geographic else 4
    texts = (
        shapely.to_wkt(taken.geometry, rounding_precision=digits, trim=True).tolist() if len(taken) else []
    )
    return dict(_split(texts, f"WKT {named}", cell))


def _split(texts: Sequence[str], name: str, cell: int | None) -> Iterator[tuple[str, list[str]]]:
    longest = max((len(text) for text in texts), default=0)
    size = cell or max(longest, 1)
    for number in range(max(1, -(-longest // size))):
        part = [text[number * size : (number + 1) * size] for text in texts]
        yield (name if number == 0 else f"{name} {number + 1}"), part
