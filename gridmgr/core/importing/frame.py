"""What a data file holds, as columns and one array of geometries; and the words that readers of all formats share."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
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


@dataclass
class Frame:
    """What a file holds. `columns` maps names to equally long lists, None where a value is missing.

    `geometry` is an array of shapely geometries or None for a file without places. `datum` is what the file states,
    None when it doesn't; `by_default` when only the format's standard says so. `troubles` maps a row's index to
    (value, reason) of a geometry that can't be read.
    """

    layer: str
    columns: dict[str, Sequence[Any]]
    geometry: np.ndarray | None
    datum: Datum | None = None
    crs: "pyproj.CRS | None" = None
    by_default: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    troubles: dict[int, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return max(
            [len(values) for values in self.columns.values()]
            + [0 if self.geometry is None else len(self.geometry)],
            default=0,
        )


# ── What the file says of itself ──────────────────────────────────────────────────────────────────────────


def stated(frame: Frame, about: Any, crs: "pyproj.CRS | None", *, by_default: bool = False) -> Frame:
    """Put down what the file states of its datum, by its CRS and by the mark that our own exports leave.

    A program that moves the coordinates into another CRS carries the mark along: where both contradict each other
    the CRS counts; and where the mark names a datum that no CRS can say, neither does, and a person has to choose.
    """
    frame.about, frame.crs = about if isinstance(about, dict) else {}, None
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


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────


def begins(path: Path, magic: bytes) -> bool:
    """Whether a file starts with these bytes."""
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def lies(path: Path, kind: str) -> Unreadable:
    """The error for a file that isn't of the kind which its suffix says."""
    return Unreadable(
        _("%(path)s 不是 %(kind)s(内容与后缀不符)。请从原来的软件重新导出。")
        % {"path": path.name, "kind": kind}
    )


def broken(path: Path, error: Exception) -> Unreadable:
    """The error for a file that a library couldn't read, with what it said."""
    return Unreadable(
        _("读不了 %(path)s:%(why)s。文件可能不完整,请重新导出。")
        % {"path": path.name, "why": str(error)[:200]}
    )
