"""Frames from CSV and XLSX: rows below one row of headings, places among them as WKT or as x and y."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.importing.archives import ArchiveLimits, check_archive
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, begins, named_datum, without_midnight
from gridmgr.core.importing.messages import broken, lies, listed

# How a sheet heads its places: a word, the datum in brackets, the number of a column that runs on.
_PLACE = re.compile(r"^(?P<word>\S+?)\s*(?:\[(?P<datum>[^\]]+)\])?(?:\s+(?P<part>\d+))?$")
# More brackets opened in a row than any geometry has: MULTIPOLYGON has three.
_TOO_DEEP = re.compile(r"(?:\([A-Z\s]*){6}", re.IGNORECASE)
_X_WORDS = frozenset(["经度", "东坐标", "lon", "lng", "longitude", "x"])
_Y_WORDS = frozenset(["纬度", "北坐标", "lat", "latitude", "y"])


def read_csv(path: Path) -> Frame:
    """Comma-separated text in UTF-8 or GB18030; raises Unreadable."""
    content = path.read_bytes()
    if b"\0" in content[:4096]:
        raise lies(path, "CSV")
    notes = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _as_gb18030(path, content)
        notes.append(_("文字按 GB18030(GBK)编码读取"))
    csv.field_size_limit(max(csv.field_size_limit(), len(content)))  # a shape is one long text
    try:
        rows = [row for row in csv.reader(StringIO(text, newline=""), strict=True) if any(row)]
    except csv.Error as error:
        raise broken(path, error) from None
    values = [
        [(_unquoted(cell) if cell[0] == "'" else cell) if cell else None for cell in row] for row in rows
    ]
    return _sheet(path, values, notes)


def _as_gb18030(path: Path, content: bytes) -> str:
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        raise Unreadable(
            _("%s 的文字既不是 UTF-8,也不是 GBK。请转为 UTF-8 后重新导出。") % path.name
        ) from None


def _unquoted(cell: str) -> str:
    """Without the apostrophe that keeps a text from becoming a formula (gridmgr.core.layers.sheets)."""
    return cell[1:] if re.match("^'+[=+\\-@\t\r\n＝＋－＠]", cell) else cell


def read_xlsx(path: Path, *, layer: str = "", limits: ArchiveLimits | None = None) -> Frame:
    """The named worksheet of an XLSX, or its first; raises Unreadable."""
    import openpyxl

    check_archive(path, limits)
    if not begins(path, b"PK\x03\x04"):
        raise lies(path, "XLSX")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        if layer and layer not in book.sheetnames:
            words = {"path": path.name, "layer": layer, "all": listed(book.sheetnames)}
            raise Unreadable(_("%(path)s 里没有工作表 %(layer)s。有这些:%(all)s。") % words)
        sheet = book[layer] if layer else book.worksheets[0]
        rows = [list(map(_cell, row)) for row in sheet.iter_rows(values_only=True)]
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001  openpyxl lets whatever its parsers meet through
        raise broken(path, error) from None
    return _sheet(path, [row for row in rows if any(value is not None for value in row)], [])


def _cell(value: Any) -> Any:
    from openpyxl.utils.escape import unescape

    if isinstance(value, str):
        return unescape(value) or None
    return without_midnight(value) if isinstance(value, datetime) else value


def _sheet(path: Path, rows: list[list[Any]], notes: list[str]) -> Frame:
    """Rows below one row of headings, places among them as WKT or as x and y."""
    if not rows:
        raise Unreadable(_("%s 里没有任何行。") % path.name)
    head, *body = rows
    names = [str(name).strip() if name is not None else "" for name in head]
    _refuse_unfit_heads(path, names)
    for number, row in enumerate(body, 2):
        if len(row) > len(names) and any(value is not None for value in row[len(names) :]):
            words = {"path": path.name, "row": number, "cells": len(row), "heads": len(names)}
            raise Unreadable(
                _("%(path)s 第 %(row)s 行有 %(cells)s 格,表头只有 %(heads)s 格。请检查逗号和引号。") % words
            )
    columns: dict[str, Sequence[Any]] = {
        name: [row[index] if index < len(row) else None for row in body]
        for index, name in enumerate(names)
        if name
    }
    frame = Frame(path.stem, columns, None, notes=notes)
    _take_places(path, frame)
    return frame


def _refuse_unfit_heads(path: Path, names: Sequence[str]) -> None:
    if len(names) == 1 and (found := re.search("[;;\t|]", names[0])):
        sign = _("制表符") if found[0] == "\t" else found[0]
        raise Unreadable(
            _("%(path)s 的各列用 %(sign)s 分隔。请用逗号分隔重新导出,或另存为 XLSX。")
            % {"path": path.name, "sign": sign}
        )
    twice = next((name for name, count in Counter(names).items() if name and count > 1), "")
    if twice:
        raise Unreadable(
            _("%(path)s 的表头有几列都叫“%(name)s”。请改名或删去多余的列。")
            % {"path": path.name, "name": twice[:60]}
        )


def _take_places(path: Path, frame: Frame) -> None:
    """Move the columns that hold places out of the columns into the geometry."""
    places = {
        name: found for name in frame.columns if (found := _PLACE.match(name)) and _is_place(found["word"])
    }
    if not places:
        return
    codes = {found["datum"] for found in places.values()} - {None}
    if len(codes) > 1:
        raise Unreadable(_("%s 的坐标列写着不同的坐标基准。请改正表头。") % path.name)
    if codes:
        frame.datum = named_datum(codes.pop())
    taken = {name: frame.columns[name] for name in places}
    frame.columns = {name: values for name, values in frame.columns.items() if name not in places}
    wkt = [values for name, values in taken.items() if places[name]["word"].lower() == "wkt"]
    frame.geometry = _from_wkt(wkt, frame) if wkt else _from_xy(path, places, taken, frame)


def _is_place(word: str) -> bool:
    return word.lower() == "wkt" or word.lower() in _X_WORDS | _Y_WORDS


def _from_wkt(parts: Sequence[Sequence[Any]], frame: Frame) -> np.ndarray:
    texts = [
        "".join(str(part) for part in row if part is not None) or None for row in zip(*parts, strict=True)
    ]
    for index, text in enumerate(texts):
        # GEOS calls itself for each collection in a collection, until the process has no stack left.
        if text is not None and _TOO_DEEP.search(text):
            texts[index], frame.troubles[index] = None, (text[:80], _unreadable_wkt())
    try:
        return shapely.from_wkt(texts)
    except shapely.errors.GEOSException:
        shapes = shapely.from_wkt(texts, on_invalid="ignore")
        for index in np.flatnonzero(shapely.is_missing(shapes)).tolist():
            if texts[index] is not None:
                frame.troubles[index] = (str(texts[index])[:80], _unreadable_wkt())
        return shapes


def _unreadable_wkt() -> str:
    return _("WKT 读不懂。应为 POLYGON ((x y, x y, …)) 这样的文字。")


def _from_xy(path: Path, places: Any, taken: dict[str, Sequence[Any]], frame: Frame) -> np.ndarray:
    x = next((values for name, values in taken.items() if places[name]["word"].lower() in _X_WORDS), None)
    y = next((values for name, values in taken.items() if places[name]["word"].lower() in _Y_WORDS), None)
    if x is None or y is None:
        raise Unreadable(_("%s 只有一列坐标。须有经度和纬度两列,或一列 WKT。") % path.name)
    return np.array(
        [_point(index, pair, frame) for index, pair in enumerate(zip(x, y, strict=True))], dtype=object
    )


def _point(index: int, pair: Iterable[Any], frame: Frame) -> Any:
    pair = list(pair)
    if pair == [None, None]:
        return None
    try:
        return shapely.Point([float(value) for value in pair])
    except (TypeError, ValueError):
        frame.troubles[index] = (str(pair)[:80], _("坐标不是两个数字。请改正。"))
        return None
