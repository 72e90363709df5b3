"""What a data file holds, as columns and one array of geometries, and what the file says of its places."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84 as WGS84_SRID
from gridmgr.core.geo.crs import transformer
from gridmgr.core.geo.datums import WGS84, Datum, datum_named, datum_of
from gridmgr.core.importing.base import Unreadable

if TYPE_CHECKING:
    import pyproj


# Coordinates that two CRSs place nearer to each other than this (degrees, about 1 cm) don't contradict each other.
SAME_PLACE_DEG = 1e-7


class ByRow(Mapping[str, Sequence[Any]]):
    """The columns of rows that stay as they came, each row with the values it has.

    OpenStreetMap knows hundreds of tags, of which a way has five: as lists nearly all of them would be None.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows
        self._names = dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, rows))))

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._names:
            raise KeyError(name)
        return [row.get(name) for row in self.rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def columns_of(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[Any]]:
    """The columns of rows: lists where all rows have the same fields, so that the rows needn't be kept."""
    kinds = dict.fromkeys(map(tuple, rows))
    if len(kinds) == 1:
        return {name: [row[name] for row in rows] for name in next(iter(kinds))}
    return ByRow(rows)


@dataclass
class Frame:
    """What a file holds. `columns` maps names to equally long lists, None where a value is missing.

    `geometry` is an array of shapely geometries, coordinates as in the file, or None for a file without places.
    `crs` is what the file says, `by_default` when only the format's standard says so, `about` the mark that our own
    exports leave; of both `stated` makes the `datum`. `troubles` maps a row's index to (value, reason) of a geometry
    that can't be read; `refs` are the file's own ids of its rows, where it has any; `left_out` counts by reason
    what is in the file and no row; `free_text` when people wrote into its fields whatever they liked.
    """

    layer: str
    columns: Mapping[str, Sequence[Any]]
    geometry: np.ndarray | None
    datum: Datum | None = None
    crs: "pyproj.CRS | None" = None
    by_default: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    troubles: dict[int, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refs: Sequence[Any] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    free_text: bool = False

    def __len__(self) -> int:
        if self.geometry is not None:
            return len(self.geometry)
        return len(next(iter(self.columns.values()), ()))

    def rows(self) -> list[Mapping[str, Any]]:
        """The values of each row by name."""
        if isinstance(self.columns, ByRow):
            return list(self.columns.rows)
        names = list(self.columns)
        if not names:
            return [{}] * len(self)
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]


# ── What the file says of itself ──────────────────────────────────────────────────────────────────────────


def stated(frame: Frame) -> Frame:
    """Settle what the file states of its datum, by its CRS and by the mark that our own exports leave.

    A program that moves the coordinates into another CRS carries the mark along: where both contradict each other
    the CRS counts; and where the mark names a datum that no CRS can say, neither does, and a person has to choose.
    """
    crs, by_default = frame.crs, frame.by_default
    frame.crs, frame.by_default = None, False
    code = frame.about.get("datum")
    mark = named_datum(code) if isinstance(code, str) else None
    if mark is not None and (crs is None or by_default or _same_place(frame, mark, crs)):
        frame.datum = mark
        return frame
    if mark is not None and not mark.srid:
        words = {"crs": crs.name if crs is not None else "—", "mark": mark}
        frame.notes.append(_("文件的坐标系是 %(crs)s,导出时的说明却是 %(mark)s,都不采用") % words)
        return frame
    if crs is not None:
        frame.crs, frame.by_default, frame.datum = crs, by_default, _datum_of(crs)
    if mark is not None:
        frame.notes.append(_("文件的坐标系与导出时的说明(%s)不同,按坐标系读取") % mark)
    return frame


def _same_place(frame: Frame, mark: Datum, crs: "pyproj.CRS") -> bool:
    """Whether the mark and the CRS put the middle of the frame in the same place, to a centimetre."""
    if not mark.srid:
        return False
    if frame.geometry is None or not np.isfinite(bounds := shapely.total_bounds(frame.geometry)).all():
        return _datum_of(crs) == mark
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    there = [
        np.array(transformer(source, WGS84_SRID).transform(x, y)) for source in (mark.srid, crs.to_wkt())
    ]
    return bool(np.abs(there[0] - there[1]).max() < SAME_PLACE_DEG)


def named_datum(code: str) -> Datum:
    """The datum that a file names; raises Unreadable for an unknown one."""
    try:
        return datum_named(code)
    except Invalid as error:
        raise Unreadable(str(error)) from None


def _datum_of(crs: "pyproj.CRS") -> Datum | None:
    """The datum of a CRS with an EPSG code; None when only its full text says what it is."""
    authority = crs.to_authority(min_confidence=70)
    if authority == ("OGC", "CRS84"):
        return WGS84
    if authority is None or authority[0] != "EPSG":
        return None
    try:
        return datum_of(int(authority[1]))
    except Invalid as error:
        raise Unreadable(str(error)) from None


def about_of(text: Any) -> dict[str, Any]:
    """The mark of our own exports that JSON text holds, empty when there is none."""
    said = json_or_none(text)
    return said if isinstance(said, dict) else {}


def json_or_none(text: Any) -> Any:
    """What JSON text says, None when there is none or it is broken."""
    try:
        return json.loads(text) if text else None
    except (ValueError, TypeError, RecursionError):
        return None


def without_midnight(value: date) -> date:
    """FlatGeobuf knows no dates, only moments: a midnight is a date."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return value


def begins(path: Path, magic: bytes) -> bool:
    """Whether a file starts with these bytes."""
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def parse_crs(text: str) -> "pyproj.CRS":
    """The CRS that a person named, e.g. EPSG:4547 or 4547; raises Unreadable when there is none of that name."""
    import pyproj
    from pyproj.exceptions import CRSError

    try:
        return pyproj.CRS.from_user_input(int(text) if text.strip().isdigit() else text.strip())
    except (CRSError, ValueError):
        raise Unreadable(
            _("不认识坐标系 %s。请写 EPSG 编号,如 EPSG:4326(经纬度)、EPSG:4490 或 EPSG:4547。") % text
        ) from None
