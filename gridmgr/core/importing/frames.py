"""A data file as columns and one array of geometries, coordinates as in the file, with the datum that the file states.

For layers of many rows; the network of roads has its own reader (readers.py), which keeps each row by itself.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.importing import archives, geojson, ogr, plain_geojson
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, begins, broken, json_or_none, lies, stated, without_midnight
from gridmgr.core.importing.raw import Raw, curved, listed, not_readable, parse_crs
from gridmgr.core.importing.sheet_files import read_csv, read_xlsx

if TYPE_CHECKING:
    import pyarrow as pa

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
        ".csv": read_csv,
        ".xlsx": read_xlsx,
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


# ── GIS formats ───────────────────────────────────────────────────────────────────────────────────────────


def _read_geopackage(path: Path, layer: str) -> Frame:
    if not begins(path, b"SQLite format 3\0"):
        raise lies(path, "GeoPackage")
    names = _layers(path)
    if layer and layer not in names:
        words = {"path": path.name, "layer": layer, "all": listed(names)}
        raise Unreadable(
            _("%(path)s 里没有图层 %(layer)s。有这些图层:%(all)s。请写明用哪一个(命令里是 --layer)。") % words
        )
    if not layer and len(names) > 1:
        words = {"path": path.name, "all": listed(names)}
        raise Unreadable(_("%(path)s 里有几个图层:%(all)s。请写明用哪一个(命令里是 --layer)。") % words)
    if not names:
        raise Unreadable(_("%s 里没有图层。") % path.name)
    return _gdal(path, layer or names[0], about_key="gridmgr")


def _read_flatgeobuf(path: Path, layer: str) -> Frame:
    if not begins(path, b"fgb"):
        raise lies(path, "FlatGeobuf")
    return _gdal(path, "", about_key="DESCRIPTION")


def _read_kml(path: Path, layer: str) -> Frame:
    _refuse_entities(path)
    names = _layers(path)
    if (layer and layer not in names) or (not layer and len(names) != 1):
        words = {"path": path.name, "all": listed(names) or "—"}
        raise Unreadable(
            _("%(path)s 里有这些图层(文件夹):%(all)s。请写明用哪一个(命令里是 --layer)。") % words
        )
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
            raise lies(path, "KML")
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
    about = json_or_none(beside.read_bytes()) if beside.is_file() else None
    fields = about.get("fields") if isinstance(about, dict) else None
    if isinstance(fields, dict):
        frame.columns = {str(fields.get(name, name)): values for name, values in frame.columns.items()}
    frame.layer = frame.layer if path == shown else shown.stem
    return stated(frame, about, frame.crs)


def _read_geojson(path: Path, layer: str) -> Frame:
    document = geojson.parsed(path)
    crs, by_default = geojson.crs_of(path, document)
    if plain := plain_geojson.take(document["features"]):
        frame = Frame(str(document.get("name") or path.stem), dict(plain[0]), plain[1], crs=crs)
    else:
        frame = _from_raw(geojson.rows_of(path, document))
    return stated(frame, document.get("gridmgr"), crs, by_default=by_default)


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
        layers = pyogrio.list_layers(path)
    except pyogrio.errors.DataSourceError as error:
        raise broken(path, error) from None
    # Tables without a geometry, such as QGIS's layer_styles, count only where there is nothing else.
    return [str(name) for name, kind in layers if kind is not None] or [str(name) for name, _kind in layers]


def _gdal(path: Path, layer: str, *, about_key: str = "") -> Frame:
    """One layer through GDAL, by columns."""
    import pyogrio

    try:
        said = pyogrio.read_info(path, layer=layer or None)
        read = _by_arrow if set(said["ogr_types"]) <= _PLAIN_TYPES else _by_numpy
        crs_text, geometry, columns = read(path, layer)
    except (RuntimeError, IndexError, ValueError, OSError) as error:  # pyogrio's own are RuntimeErrors
        raise broken(path, error) from None
    frame = Frame(layer or path.stem, columns, None)
    frame.geometry = None if geometry is None else _shapes(geometry, frame)
    about = json_or_none((said.get("layer_metadata") or {}).get(about_key)) if about_key else None
    crs = (
        parse_crs(crs_text)
        if crs_text and not crs_text.startswith(("ENGCRS", "LOCAL_CS")) and "Undefined" not in crs_text
        else None
    )
    return stated(frame, about, crs)


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
    except (shapely.errors.GEOSException, NotImplementedError):  # the latter for curves
        shapes = np.full(len(wkb), None, dtype=object)
        for index, part in enumerate(wkb):
            try:
                shapes[index] = shapely.from_wkb(part)
            except shapely.errors.GEOSException:
                frame.troubles[index] = ("WKB", not_readable())
            except NotImplementedError:
                frame.troubles[index] = ("WKB", curved())
        return shapes


def _plain(column: np.ndarray) -> list[Any]:
    """Python values, with None where there is none: GDAL hands out NaN and NaT for missing numbers and dates."""
    if column.dtype.kind == "M":
        return [
            None if value is None else without_midnight(value)
            for value in column.astype("datetime64[s]").tolist()
        ]
    values = column.tolist()
    if column.dtype.kind == "f":
        return [None if value != value else value for value in values]
    return values


def _read_parquet(path: Path, layer: str) -> Frame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not begins(path, b"PAR1"):
        raise lies(path, "GeoParquet")
    try:
        table = pq.read_table(path)
        metadata = table.schema.metadata or {}
        column, about_it = _geo_column(json_or_none(metadata.get(b"geo")), table)
        if not about_it:
            raise Unreadable(_("%s 不是带 WKB 几何的 GeoParquet。请用 GeoParquet 1.x 重新导出。") % path.name)
        names = [name for name in table.column_names if name not in (column, "bbox")]
        frame = Frame(path.stem, {name: table.column(name).to_pylist() for name in names}, None)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise broken(path, error) from None
    frame.geometry = _shapes(np.array(table.column(column).to_pylist(), dtype=object), frame)
    # The standard: no crs means WGS 84, null means unknown.
    said = about_it.get("crs", "OGC:CRS84")
    crs = parse_crs(said if isinstance(said, str) else json.dumps(said)) if said is not None else None
    return stated(frame, json_or_none(metadata.get(b"gridmgr")), crs)


def _geo_column(geo: Any, table: "pa.Table") -> tuple[str, dict[str, Any]]:
    """The column that holds WKB, and what the metadata say of it; nothing of it when there is no such column."""
    import pyarrow as pa

    columns = geo.get("columns") if isinstance(geo, dict) else None
    column = geo.get("primary_column") if isinstance(geo, dict) else None
    if not isinstance(columns, dict) or not isinstance(column, str) or column not in table.column_names:
        return "", {}
    about_it, kind = columns.get(column), table.schema.field(column).type
    if not isinstance(about_it, dict) or about_it.get("encoding") != "WKB":
        return "", {}
    return (column, about_it) if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else ("", {})
