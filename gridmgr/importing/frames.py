"""A data file as columns and one array of geometries, coordinates as in the file, with the datum that the file states.

For layers of many rows; the network of roads has its own reader (readers.py), which keeps each row by itself.
"""

import csv
import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.errors import Invalid
from gridmgr.geo.datums import WGS84, Datum, datum_named, datum_of
from gridmgr.importing import archives, geojson, ogr, plain_geojson
from gridmgr.importing.base import Unreadable
from gridmgr.importing.raw import Raw, parse_crs

if TYPE_CHECKING:
    import pyproj

SUFFIXES = (".gpkg", ".geojson", ".json", ".zip", ".shp", ".kml", ".fgb", ".parquet", ".csv", ".xlsx")
# The fields that GDAL adds to every KML: none of ours.
_KML_FIELDS = frozenset(
    [
        "description",
        "timestamp",
        "begin",
        "end",
        "altitudemode",
        "tessellate",
        "extrude",
        "visibility",
        "draworder",
        "icon",
    ]
)
# How a sheet heads its places: a word, the datum in brackets, the number of a column that runs on.
_PLACE = re.compile(r"^(?P<word>\S+?)\s*(?:\[(?P<datum>[^\]]+)\])?(?:\s+(?P<part>\d+))?$")
_X_WORDS = frozenset(["经度", "东坐标", "lon", "lng", "longitude", "x"])
_Y_WORDS = frozenset(["纬度", "北坐标", "lat", "latitude", "y"])


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


def read_frame(path: str | Path, *, layer: str = "", limits: archives.ArchiveLimits | None = None) -> Frame:
    """Read a data file; raises Unreadable when it can't be taken as a whole. `limits` are those of archives."""
    path = Path(path)
    _refuse_missing(path)
    suffix = path.suffix.lower()
    readers = {
        ".gpkg": _read_geopackage,
        ".geojson": _read_geojson,
        ".json": _read_geojson,
        ".shp": _read_shape,
        ".kml": _read_kml,
        ".fgb": _read_flatgeobuf,
        ".parquet": _read_parquet,
        ".csv": _read_csv,
        ".xlsx": _read_xlsx,
    }
    if suffix not in SUFFIXES:
        raise Unreadable(
            _("不认识文件 %(path)s 的格式。可导入:%(all)s。")
            % {"path": path.name, "all": _("、").join(SUFFIXES)}
        )
    if suffix == ".zip":
        return _read_zip(path, layer, limits)
    if suffix == ".xlsx":
        archives.check_archive(path, limits)
    return readers[suffix](path, layer)


def _refuse_missing(path: Path) -> None:
    if not path.exists():
        raise Unreadable(_("找不到文件 %s。请检查路径和文件名。") % path)
    if path.is_dir():
        raise Unreadable(_("%s 是文件夹,不是文件。请指定其中的一个文件。") % path)
    try:
        if not path.stat().st_size:
            raise Unreadable(_("%s 是空文件(0 字节)。请重新导出。") % path.name)
        with path.open("rb"):
            pass
    except OSError as error:
        raise Unreadable(
            _("读不了文件 %(path)s(%(why)s)。请检查文件权限。") % {"path": path, "why": error.strerror}
        ) from None


# ── What the file says of itself ──────────────────────────────────────────────────────────────────────────


def _state(frame: Frame, about: Any, crs: "pyproj.CRS | None", *, by_default: bool = False) -> Frame:
    """Put down what the file states of its datum: first what our own export wrote, then its CRS."""
    frame.about = about if isinstance(about, dict) else {}
    code = frame.about.get("datum")
    if isinstance(code, str):
        frame.datum = _named(code)
    elif crs is not None:
        frame.crs, frame.by_default = crs, by_default
        frame.datum = _datum_of(crs)
    return frame


def _named(code: str) -> Datum:
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


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, TypeError):
        return None


# ── GIS formats ───────────────────────────────────────────────────────────────────────────────────────────


def _read_geopackage(path: Path, layer: str) -> Frame:
    if not _begins(path, b"SQLite format 3\0"):
        raise _lies(path, "GeoPackage")
    names = _layers(path)
    if layer and layer not in names:
        words = {"path": path.name, "layer": layer, "all": _("、").join(names)}
        raise Unreadable(
            _("%(path)s 里没有图层 %(layer)s。有这些图层:%(all)s。请用 --layer 选一个。") % words
        )
    if not layer and len(names) > 1:
        words = {"path": path.name, "all": _("、").join(names)}
        raise Unreadable(_("%(path)s 里有几个图层:%(all)s。请用 --layer 选一个。") % words)
    if not names:
        raise Unreadable(_("%s 里没有图层。") % path.name)
    return _gdal(path, layer or names[0], about_key="gridmgr")


def _read_flatgeobuf(path: Path, layer: str) -> Frame:
    if not _begins(path, b"fgb"):
        raise _lies(path, "FlatGeobuf")
    return _gdal(path, "", about_key="DESCRIPTION")


def _read_kml(path: Path, layer: str) -> Frame:
    _refuse_entities(path)
    names = _layers(path)
    if (layer and layer not in names) or (not layer and len(names) != 1):
        words = {"path": path.name, "all": _("、").join(names) or "—"}
        raise Unreadable(_("%(path)s 里有这些图层(文件夹):%(all)s。请用 --layer 选一个。") % words)
    frame = _gdal(path, layer or names[0])
    frame.columns = {
        name: values for name, values in frame.columns.items() if name.lower() not in _KML_FIELDS
    }
    if frame.geometry is not None and shapely.has_z(frame.geometry).any():
        heights = shapely.get_coordinates(frame.geometry, include_z=True)[:, 2]
        if not np.nan_to_num(heights).any():  # a height of 0 is how many programs write none
            frame.geometry = shapely.force_2d(frame.geometry)
    frame.by_default = True
    return frame


def _refuse_entities(path: Path) -> None:
    """Raises Unreadable for XML that declares entities or isn't well-formed, before GDAL sees it."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        root = None
        for event, element in iterparse(str(path), events=("start", "end"), forbid_dtd=True):
            root = element if root is None else root
            if event == "end":
                element.clear()
        if root is None or root.tag.rpartition("}")[2] != "kml":
            raise _lies(path, "KML")
    except DefusedXmlException:
        raise Unreadable(
            _("%s 里有 DTD 或实体声明,可能是恶意文件,没有读取。KML 不需要它们,请重新导出。") % path.name
        ) from None
    except (ParseError, UnicodeDecodeError, LookupError, ValueError) as error:
        raise Unreadable(
            _("%(path)s 不是有效的 KML(%(why)s)。请重新导出。") % {"path": path.name, "why": str(error)[:200]}
        ) from None


def _read_zip(path: Path, layer: str, limits: archives.ArchiveLimits | None) -> Frame:
    with tempfile.TemporaryDirectory(prefix="gridmgr-") as folder:
        shape = archives.unpack_shapefile(path, Path(folder), layer=layer, limits=limits)
        try:
            return _shape(shape, path)
        except Unreadable as error:
            raise Unreadable(str(error).replace(f"{shape.stem}.", f"{path.name}/*.")) from None


def _read_shape(path: Path, layer: str) -> Frame:
    return _shape(path, path)


def _shape(path: Path, shown: Path) -> Frame:
    frame = _from_raw(ogr.read_shapefile(path))
    beside = path.parent / archives.ABOUT
    about = _json(beside.read_bytes()) if beside.is_file() else None
    fields = about.get("fields") if isinstance(about, dict) else None
    if isinstance(fields, dict):
        frame.columns = {str(fields.get(name, name)): values for name, values in frame.columns.items()}
    frame.layer = frame.layer if path == shown else shown.stem
    return _state(frame, about, frame.crs)


def _read_geojson(path: Path, layer: str) -> Frame:
    document = geojson.parsed(path)
    crs, by_default = geojson.crs_of(path, document)
    if plain := plain_geojson.take(document["features"]):
        frame = Frame(str(document.get("name") or path.stem), dict(plain[0]), plain[1], crs=crs)
    else:
        frame = _from_raw(geojson.rows_of(path, document))
    return _state(frame, document.get("gridmgr"), crs, by_default=by_default)


def _from_raw(raw: Raw) -> Frame:
    columns: dict[str, Sequence[Any]] = {
        name: [row.attributes.get(name) for row in raw.rows] for name in raw.fields
    }
    geometry = np.array([row.geometry for row in raw.rows], dtype=object)
    troubles = {number - 1: trouble for number, trouble in raw.troubles.items()}
    return Frame(raw.layer, columns, geometry, crs=raw.crs, troubles=troubles, notes=raw.notes)


def _layers(path: Path) -> list[str]:
    import pyogrio

    try:
        return [str(name) for name, _kind in pyogrio.list_layers(path)]
    except pyogrio.errors.DataSourceError as error:
        raise _broken(path, error) from None


def _gdal(path: Path, layer: str, *, about_key: str = "") -> Frame:
    """One layer through GDAL, by columns."""
    import pyogrio

    try:
        said = pyogrio.read_info(path, layer=layer or None)
        read = _by_arrow if set(said["ogr_types"]) <= _PLAIN_TYPES else _by_numpy
        crs_text, geometry, columns = read(path, layer)
    except (RuntimeError, IndexError, ValueError) as error:  # pyogrio's own are RuntimeErrors
        raise _broken(path, error) from None
    frame = Frame(layer or path.stem, columns, None)
    frame.geometry = None if geometry is None else _shapes(geometry, frame)
    about = _json((said.get("layer_metadata") or {}).get(about_key)) if about_key else None
    crs = (
        parse_crs(crs_text)
        if crs_text and not crs_text.startswith(("ENGCRS", "LOCAL_CS")) and "Undefined" not in crs_text
        else None
    )
    return _state(frame, about, crs)


# What GDAL hands out: the CRS as text, geometries as WKB, columns of Python values.
_FromGdal = tuple[str, np.ndarray | None, dict[str, Sequence[Any]]]
# Dates and moments are not among them: Arrow would move those with a zone.
_PLAIN_TYPES = frozenset(["OFTString", "OFTInteger", "OFTInteger64", "OFTReal"])


def _by_arrow(path: Path, layer: str) -> _FromGdal:
    """In a fifth of the time that `_by_numpy` takes."""
    from pyogrio.raw import read_arrow

    meta, table = read_arrow(path, layer=layer or None)
    columns = {str(name): table.column(str(name)).to_pylist() for name in meta["fields"]}
    for name, values in columns.items():
        if float in set(map(type, values)):
            columns[name] = [None if value != value else value for value in values]
    place = meta["geometry_name"] or "wkb_geometry"
    geometry = table.column(place).to_numpy() if place in table.column_names else None
    return meta["crs"], geometry, columns


def _by_numpy(path: Path, layer: str) -> _FromGdal:
    from pyogrio.raw import read

    meta, _fids, geometry, columns = read(path, layer=layer or None)
    names = map(str, meta["fields"])
    return meta["crs"], geometry, {name: _plain(each) for name, each in zip(names, columns, strict=True)}


def _shapes(wkb: np.ndarray, frame: Frame) -> np.ndarray:
    """Shapely geometries; a row whose bytes can't be read is noted as a trouble."""
    try:
        return shapely.from_wkb(wkb)
    except shapely.errors.GEOSException:
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
        for index in np.flatnonzero(shapely.is_missing(shapes)):
            if wkb[index] is not None:
                frame.troubles[int(index)] = ("WKB", _("几何无效,读不出来。请修复该要素后重新导出。"))
        return shapes


def _plain(column: np.ndarray) -> list[Any]:
    """Python values, with None where there is none: GDAL hands out NaN and NaT for missing numbers and dates."""
    if column.dtype.kind == "M":
        return [
            None if value is None else _without_midnight(value)
            for value in column.astype("datetime64[s]").tolist()
        ]
    values = column.tolist()
    if column.dtype.kind == "f":
        return [None if value != value else value for value in values]
    return values


def _without_midnight(value: date) -> date:
    """FlatGeobuf knows no dates, only moments: a midnight is a date."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return value


def _read_parquet(path: Path, layer: str) -> Frame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not _begins(path, b"PAR1"):
        raise _lies(path, "GeoParquet")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, error) from None
    metadata = table.schema.metadata or {}
    geo = _json(metadata.get(b"geo"))
    column = geo.get("primary_column") if isinstance(geo, dict) else None
    about_it = geo.get("columns", {}).get(column) if isinstance(geo, dict) else None
    if (
        column not in table.column_names
        or not isinstance(about_it, dict)
        or about_it.get("encoding") != "WKB"
    ):
        raise Unreadable(_("%s 不是带 WKB 几何的 GeoParquet。请用 GeoParquet 1.x 重新导出。") % path.name)
    frame = Frame(path.stem, {}, None)
    frame.columns = {
        name: table.column(name).to_pylist() for name in table.column_names if name not in (column, "bbox")
    }
    frame.geometry = _shapes(np.array(table.column(column).to_pylist(), dtype=object), frame)
    # The standard: no crs means WGS 84, null means unknown.
    said = about_it.get("crs", "OGC:CRS84")
    crs = parse_crs(said if isinstance(said, str) else json.dumps(said)) if said is not None else None
    return _state(frame, _json(metadata.get(b"gridmgr")), crs)


# ── Sheets ────────────────────────────────────────────────────────────────────────────────────────────────


def _read_csv(path: Path, layer: str) -> Frame:
    content = path.read_bytes()
    if b"\0" in content[:4096]:
        raise _lies(path, "CSV")
    notes = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _as_gb18030(path, content)
        notes.append(_("文字按 GB18030(GBK)编码读取"))
    try:
        rows = [row for row in csv.reader(text.splitlines(keepends=True), strict=True) if any(row)]
    except csv.Error as error:
        raise _broken(path, error) from None
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
    """Without the apostrophe that keeps a text from becoming a formula (gridmgr.layers.sheets)."""
    return cell[1:] if re.match("^'+[=+\\-@\t\r\n＝＋－＠]", cell) else cell


def _read_xlsx(path: Path, layer: str) -> Frame:
    import openpyxl

    if not _begins(path, b"PK\x03\x04"):
        raise _lies(path, "XLSX")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        if layer and layer not in book.sheetnames:
            words = {"path": path.name, "layer": layer, "all": _("、").join(book.sheetnames)}
            raise Unreadable(_("%(path)s 里没有工作表 %(layer)s。有这些:%(all)s。") % words)
        sheet = book[layer] if layer else book.worksheets[0]
        rows = [list(map(_cell, row)) for row in sheet.iter_rows(values_only=True)]
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001  openpyxl lets whatever its parsers meet through
        raise _broken(path, error) from None
    return _sheet(path, [row for row in rows if any(value is not None for value in row)], [])


def _cell(value: Any) -> Any:
    from openpyxl.utils.escape import unescape

    if isinstance(value, str):
        return unescape(value) or None
    return _without_midnight(value) if isinstance(value, datetime) else value


def _sheet(path: Path, rows: list[list[Any]], notes: list[str]) -> Frame:
    """Rows below one row of headings, places among them as WKT or as x and y."""
    if not rows:
        raise Unreadable(_("%s 里没有任何行。") % path.name)
    head, *body = rows
    names = [str(name).strip() if name is not None else "" for name in head]
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
        frame.datum = _named(codes.pop())
    taken = {name: frame.columns.pop(name) for name in places}
    wkt = [values for name, values in taken.items() if places[name]["word"].lower() == "wkt"]
    frame.geometry = _from_wkt(wkt, frame) if wkt else _from_xy(path, places, taken, frame)


def _is_place(word: str) -> bool:
    return word.lower() == "wkt" or word.lower() in _X_WORDS | _Y_WORDS


def _from_wkt(parts: Sequence[Sequence[Any]], frame: Frame) -> np.ndarray:
    texts = [
        "".join(str(part) for part in row if part is not None) or None for row in zip(*parts, strict=True)
    ]
    try:
        return shapely.from_wkt(texts)
    except shapely.errors.GEOSException:
        shapes = shapely.from_wkt(texts, on_invalid="ignore")
        for index in np.flatnonzero(shapely.is_missing(shapes)):
            if texts[index] is not None:
                reason = _("WKT 读不懂。应为 POLYGON ((x y, x y, …)) 这样的文字。")
                frame.troubles[int(index)] = (str(texts[index])[:80], reason)
        return shapes


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


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────


def _begins(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def _lies(path: Path, kind: str) -> Unreadable:
    return Unreadable(
        _("%(path)s 不是 %(kind)s(内容与后缀不符)。请从原来的软件重新导出。")
        % {"path": path.name, "kind": kind}
    )


def _broken(path: Path, error: Exception) -> Unreadable:
    return Unreadable(
        _("读不了 %(path)s:%(why)s。文件可能不完整,请重新导出。")
        % {"path": path.name, "why": str(error)[:200]}
    )
