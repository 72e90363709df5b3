"""Workbooks as plain grids of cells, title rows and all: read in a child process, which knows of no app.

A merged cell's value stands in each row that it spans, so that a street that is written once for five rows is read
five times. Numbers stay numbers; dates become ISO text.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from gridmgr.core.errors import TooMuch
from gridmgr.core.importing import archives
from gridmgr.core.importing.base import Unreadable
from gridmgr.register.notes import note

MOST_ROWS, MOST_COLUMNS, MOST_SHEETS = 3_000, 60, 30
MOST_CELLS = 1_000_000  # in the box around all cells of a sheet, empty ones included
MOST_CHARACTERS = 500
MOST_BYTES = 20 * archives.MIB  # of all sheets' cells as JSON: a merged cell may stand in thousands of rows

_ERRORS = frozenset(["#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"])

Cell = str | int | float | None


@dataclass
class Sheet:
    """One sheet: its name and its rows, the first being row 1 of the file."""

    name: str
    rows: list[list[Cell]]


@dataclass
class Book:
    """The sheets of a file that hold anything, with notes on how it was read (gridmgr.register.notes)."""

    sheets: list[Sheet]
    notes: list[dict[str, Any]] = field(default_factory=list)

    def named(self, name: str) -> Sheet:
        """The sheet of that name, or the first one."""
        return next((sheet for sheet in self.sheets if sheet.name == name), self.sheets[0])


def read_book(path: Path, limits: archives.ArchiveLimits) -> Book:
    """Read .xlsx or .csv; raises Unreadable or TooMuch."""
    if path.suffix == ".csv":
        return _filled(path, _read_csv(path))
    archives.check_archive(path, limits)
    return _filled(path, _read_xlsx(path))


def _filled(path: Path, book: Book) -> Book:
    book.sheets = [
        sheet for sheet in book.sheets if any(cell is not None for row in sheet.rows for cell in row)
    ]
    if not book.sheets:
        raise Unreadable(_("%s 里没有任何行。") % path.name)
    return book


def _read_csv(path: Path) -> Book:
    content, notes = path.read_bytes(), list[dict[str, Any]]()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise Unreadable(
                _("%s 的文字既不是 UTF-8,也不是 GBK。请转为 UTF-8 后重新导出。") % path.name
            ) from None
        notes.append(note("gb18030"))
    csv.field_size_limit(1_000_000)
    try:
        rows = [[_plain(cell) for cell in row] for row in csv.reader(text.splitlines(keepends=True))]
    except csv.Error as error:
        raise Unreadable(_("读不了 %(path)s(%(why)s)。") % {"path": path.name, "why": error}) from None
    return Book([_within(Sheet("CSV", rows))], notes)


def _read_xlsx(path: Path) -> Book:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  openpyxl lets whatever its parsers meet through
        raise Unreadable(
            _("%(path)s 不是有效的 Excel 工作簿(%(why)s)。请另存为 .xlsx 后再上传。")
            % {"path": path.name, "why": str(error)[:120]}
        ) from None
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    notes = []
    if hidden := len(book.worksheets) - len(shown):
        notes.append(note("hidden_sheets", count=hidden))
    if len(shown) > MOST_SHEETS:
        raise TooMuch(
            _("文件里有 %(count)s 张工作表,最多 %(most)s 张。") % {"count": len(shown), "most": MOST_SHEETS}
        )
    return Book([_sheet(each) for each in shown], notes)


def _sheet(sheet: Any) -> Sheet:
    if (sheet.max_row or 0) * (sheet.max_column or 0) > MOST_CELLS:
        raise _too_long(sheet.title, sheet.max_row)
    rows = [[_plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    for row, column, below in _spans(sheet):
        if row < len(rows) and column < len(rows[row]):
            for each in rows[row + 1 : below + 1]:
                each[column] = rows[row][column]
    return _within(Sheet(sheet.title[:80], rows))


def _spans(sheet: Any) -> Iterator[tuple[int, int, int]]:
    """Merged cells that run over several rows: first row, column, last row, from 0."""
    for each in sheet.merged_cells.ranges:
        if each.max_row > each.min_row:
            yield each.min_row - 1, each.min_col - 1, each.max_row - 1


def _within(sheet: Sheet) -> Sheet:
    """The sheet without empty rows at its end; raises TooMuch for more than a register may have."""
    while sheet.rows and all(cell is None for cell in sheet.rows[-1]):
        sheet.rows.pop()
    if len(sheet.rows) > MOST_ROWS:
        raise _too_long(sheet.name, len(sheet.rows))
    width = max(
        (index + 1 for row in sheet.rows for index, cell in enumerate(row) if cell is not None), default=0
    )
    if width > MOST_COLUMNS:
        raise TooMuch(
            _("工作表“%(sheet)s”有 %(count)s 列,最多 %(most)s 列。请只留登记表本身。")
            % {"sheet": sheet.name, "count": width, "most": MOST_COLUMNS}
        )
    sheet.rows = [[*row[:width], *[None] * (width - len(row))] for row in sheet.rows]
    return sheet


def _too_long(name: str, rows: int) -> TooMuch:
    return TooMuch(
        _("工作表“%(sheet)s”有 %(count)s 行,最多 %(most)s 行。请分成几个文件。")
        % {"sheet": name, "count": rows, "most": MOST_ROWS}
    )


def _bomb(path: Path, size: int) -> Unreadable:
    words = {"path": path.name, "size": size // archives.MIB, "most": MOST_BYTES // archives.MIB}
    return Unreadable(
        _("压缩包 %(path)s 解压后有 %(size)s MB 以上,最多 %(most)s MB(可能是压缩炸弹),没有解压。") % words
    )


def _plain(value: Any) -> Cell:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, (date, time)):
        return value.isoformat()
    text = " ".join(str(value).split())[:MOST_CHARACTERS] if value is not None else ""
    return None if not text or text in _ERRORS else text


def answer(task: dict[str, Any], folder: Path) -> None:
    """What the child process lays down: the book as JSON."""
    import orjson

    limits = archives.ArchiveLimits(**task["limits"]["archive"])
    book = read_book(Path(task["path"]), limits)
    said = {"sheets": [vars(sheet) for sheet in book.sheets], "notes": book.notes}
    content = orjson.dumps(said)
    if len(content) > MOST_BYTES:
        raise _bomb(Path(task["path"]), len(content))
    (folder / "answer.json").write_bytes(content)


if __name__ == "__main__":
    from gridmgr.core.importing import child

    child.main(answer)
