"""Writers of the formats that GIS programs open, through GDAL and, for GeoParquet, Arrow."""

import errno
import io
import json
import os
import struct
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.datums import CGCS2000, WGS84
from gridmgr.core.layers.extract import Column, Extract
from gridmgr.core.layers.sheets import NOT_XML

# 1e-9 degrees is about 0.1 mm: what comes back is the same to the millimetre that imports keep.
DEGREE_DECIMALS = 9
METRE_DECIMALS = 4
# dBASE: a field's name in bytes, a text in bytes.
NAME_BYTES = 10
TEXT_BYTES = 254
# Where a CDATA section of KML is cut: a noncharacter, which no text holds.
_CUT = "\U0010fffe"


def about_json(taken: Extract, **more: Any) -> str:
    """What leads the file back to its source, as the JSON text that our reader looks for."""
    return json.dumps({**taken.about(), **more}, ensure_ascii=False)


def write_geopackage(taken: Extract, path: Path) -> None:
    """One layer of the layer's name; where it comes from stands in the metadata tables."""
    about = {"gridmgr": about_json(taken)}
    _write(
        taken,
        path,
        "GPKG",
        layer_metadata=about,
        IDENTIFIER=str(taken.layer.title),
        DESCRIPTION="\n".join(taken.about_lines()),
    )


def write_geojson(taken: Extract, path: Path) -> None:
    """RFC 7946 in WGS 84; in another datum with the `crs` member of 2008, or none when EPSG has no code for it.

    The foreign member `gridmgr` says where the data comes from and in which datum it is.
    """
    standard = taken.datum in (WGS84, CGCS2000)
    members: dict[str, Any] = {"gridmgr": taken.about()}
    if taken.datum.crs is None:
        members["crs"] = (
            None  # the format of 2008: the CRS is not known; without the member it would be WGS 84
        )
    _write(
        taken,
        path,
        "GeoJSON",
        crs=WGS84.crs if standard else taken.datum.crs,
        RFC7946="YES" if standard else "NO",
        COORDINATE_PRECISION=str(_decimals(taken)),
        WRITE_NON_FINITE_VALUES="NO",
        AUTODETECT_JSON_STRINGS="NO",  # a text that looks like JSON, as "[1]", stays text
        FOREIGN_MEMBERS_COLLECTION=json.dumps(members, ensure_ascii=False),
    )


def write_flatgeobuf(taken: Extract, path: Path) -> None:
    """With its spatial index; where it comes from stands in the description, as JSON."""
    _write(taken, path, "FlatGeobuf", TITLE=str(taken.layer.title), DESCRIPTION=about_json(taken))


def write_kml(taken: Extract, path: Path) -> None:
    """Placemarks named by the layer's heading, their fields as typed ExtendedData; always WGS 84."""
    columns = [_in_xml(column) for column in taken.columns]
    heading = taken.named(taken.layer.heading)
    if heading is not None and taken.named("name") is None:
        columns = [*columns, _in_xml(Column("Name", "Name", "text", heading.values))]
    about = {"NAME": str(taken.layer.title), "DESCRIPTION": "\n".join(taken.about_lines())}
    about = {name: _xml_text(text) for name, text in about.items()}
    _write(taken, path, "LIBKML", columns=columns, crs=WGS84.crs, dataset=about)
    path.write_bytes(path.read_bytes().replace(_CUT.encode(), b"]]><![CDATA["))


def _in_xml(column: Column) -> Column:
    """Text and dates as text that XML can hold; GDAL would write a date as 2020/05/01."""
    if column.type not in ("text", "date"):
        return column
    texts = [_xml_text(str(value)) if value is not None else None for value in column.values]
    return Column(column.name, column.label, "text", texts)


def _xml_text(text: str) -> str:
    """Without the control characters that XML can't hold.

    LIBKML puts text with a > into CDATA as it is, were it "]]>": marked here, and cut in two once it is written. What
    holds a CDATA's beginning it escapes instead.
    """
    text = NOT_XML.sub("�", text)
    return text if "<![CDATA[" in text else text.replace("]]>", f"]]{_CUT}>")


# ── Shapefile ─────────────────────────────────────────────────────────────────────────────────────────────


def write_shapefile(taken: Extract, path: Path) -> None:
    """A ZIP of the Shapefile in UTF-8 with .cpg, README.txt for people and gridmgr.json for the way back."""
    short = short_names([column.name for column in taken.columns])
    for column in taken.columns:
        _refuse_long_text(column)
    columns = [Column(short[each.name], each.label, each.type, each.values) for each in taken.columns]
    shape = path.parent / f"{taken.layer.name}.shp"
    _write(taken, shape, "ESRI Shapefile", columns=columns)
    _check_sizes(shape)
    (path.parent / "README.txt").write_text(_readme(taken, short), encoding="utf-8-sig")
    fields = {cut: name for name, cut in short.items()}
    (path.parent / "gridmgr.json").write_text(about_json(taken, fields=fields), encoding="utf-8")
    _zip(path, sorted(part for part in path.parent.iterdir() if part != path), taken)


def _check_sizes(shape: Path) -> None:
    """Raises OSError when a part is shorter than its own head says: on a full disk GDAL may lose its end in silence.

    ESRI Shapefile Technical Description, 1998: the length in 16-bit words stands at byte 24.
    """
    for part in (shape, shape.with_suffix(".shx")):
        said = struct.unpack(">i", part.read_bytes()[24:28])[0] * 2
        _check_size(part, said)
    head = shape.with_suffix(".dbf").read_bytes()[:32]
    records, head_bytes, record_bytes = struct.unpack("<IHH", head[4:12])
    _check_size(shape.with_suffix(".dbf"), head_bytes + records * record_bytes)


def _check_size(part: Path, least: int) -> None:
    if part.stat().st_size < least:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Each name cut to 10 bytes of UTF-8 at a character's edge, no two alike whatever their case."""
    short: dict[str, str] = {}
    taken: set[str] = set()
    # Names that fit keep their form, so they are given out first.
    for name in sorted(names, key=lambda name: len(name.encode()) > NAME_BYTES):
        candidate, number = _cut(name, NAME_BYTES), 0
        while candidate.lower() in taken:
            number += 1
            tail = f"_{number}"
            candidate = _cut(name, NAME_BYTES - len(tail)) + tail
        taken.add(candidate.lower())
        short[name] = candidate
    return {name: short[name] for name in names}


def _cut(name: str, most: int) -> str:
    return name.encode()[:most].decode("utf-8", "ignore")


def _refuse_long_text(column: Column) -> None:
    if column.type != "text":
        return
    too_long = [value for value in column.values if value and len(value.encode()) > TEXT_BYTES]
    if too_long:
        raise Invalid(
            _(
                "Shapefile 的文字最多 %(most)s 字节,字段“%(label)s”有 %(count)s 个值超长,如“%(first)s…”。"
                "请换 GeoPackage 等格式。"
            )
            % {"most": TEXT_BYTES, "label": column.label, "count": len(too_long), "first": too_long[0][:20]}
        )


def _readme(taken: Extract, short: dict[str, str]) -> str:
    lines = [*taken.about_lines(), "", _("字段(Shapefile 的字段名最长 10 字节,超长的已截短):")]
    for column in taken.columns:
        cut = short[column.name]
        lines.append(f"{cut}\t{column.name}\t{column.label}" + (_("\t已截短") if cut != column.name else ""))
        lines += [f"\t\t{code} = {word}" for code, word in column.words.items()]
    return "\r\n".join(lines) + "\r\n"


def _zip(path: Path, parts: Sequence[Path], taken: Extract) -> None:
    stamp = timezone.localtime(taken.moment).timetuple()[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for part in parts:
            info = zipfile.ZipInfo(part.name, date_time=stamp)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with part.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                while block := source.read(1 << 20):
                    target.write(block)


# ── GDAL ──────────────────────────────────────────────────────────────────────────────────────────────────


def _write(
    taken: Extract,
    path: Path,
    driver: str,
    *,
    columns: Sequence[Column] | None = None,
    crs: str | None = "",
    dataset: dict[str, str] | None = None,
    layer_metadata: dict[str, str] | None = None,
    **options: str,
) -> None:
    """All features in one call, columns as arrays; `crs` '' means that of the extract's datum, None none at all.

    GDAL writes to memory and Python to the disk: on a full disk GDAL's drivers may lose a file's end in silence.
    """
    from pyogrio.raw import write

    columns = taken.columns if columns is None else columns
    crs = taken.datum.crs if crs == "" else crs
    arrays = [_array(column) for column in columns]
    target: Any = path if driver == "ESRI Shapefile" else io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided")  # GCJ-02 and BD-09 have none
        write(
            target,
            geometry=shapely.to_wkb(taken.geometry),
            field_data=[values for values, _missing in arrays],
            field_mask=[missing for _values, missing in arrays],
            fields=np.array([column.name for column in columns], dtype=object),
            geometry_type=taken.geometry_type,
            crs=crs,
            driver=driver,
            layer=taken.layer.name,
            encoding="UTF-8",
            layer_metadata=layer_metadata,
            dataset_options=dataset or {},
            layer_options=options,
        )
    if target is not path:
        path.write_bytes(target.getbuffer())


def _array(column: Column) -> tuple[np.ndarray, np.ndarray | None]:
    """The values as GDAL takes them, and which are missing; times become ISO text, since few formats have them."""
    values = column.values
    if column.type == "float":
        return np.array(values, dtype=float), None
    if column.type == "date":
        return np.array(values, dtype="datetime64[D]"), None
    if column.type == "time":
        return np.array([value and value.isoformat() for value in values], dtype=object), None
    if column.type in ("int", "bool"):
        missing = np.array([value is None for value in values], dtype=bool)
        small = column.type == "int" and all(abs(value or 0) < 2**31 for value in values)
        kind = bool if column.type == "bool" else np.int32 if small else np.int64  # KML knows 32 bits alone
        return np.array([value or 0 for value in values], dtype=kind), missing if missing.any() else None
    return np.array(values, dtype=object), None


def _decimals(taken: Extract) -> int:
    return DEGREE_DECIMALS if taken.datum.is_geographic else METRE_DECIMALS


# ── GeoParquet ────────────────────────────────────────────────────────────────────────────────────────────


def write_geoparquet(taken: Extract, path: Path) -> None:
    """GeoParquet 1.1 with WKB geometry; where it comes from stands under the key `gridmgr`.

    https://geoparquet.org/releases/v1.1.0/
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "time": pa.time32("s"),
    }
    arrays = {each.name: pa.array(each.values, type=kinds[each.type]) for each in taken.columns}
    arrays["geometry"] = pa.array(shapely.to_wkb(taken.geometry), type=pa.binary())
    about = {"geo": json.dumps(_geo(taken)), "gridmgr": about_json(taken)}
    pq.write_table(pa.table(arrays, metadata=about), path, compression="zstd")


def _geo(taken: Extract) -> dict[str, Any]:
    """The file's geo metadata. A CRS of null means one that has no name, as GCJ-02."""
    import pyproj

    kinds = {
        shapely.GeometryType(kind).name.title() for kind in np.unique(shapely.get_type_id(taken.geometry))
    }
    names = {"Linestring": "LineString", "Multilinestring": "MultiLineString", "Multipolygon": "MultiPolygon"}
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted(names.get(kind, kind) for kind in kinds),
        "crs": pyproj.CRS.from_epsg(taken.datum.srid).to_json_dict() if taken.datum.srid else None,
    }
    if len(taken):
        column["bbox"] = shapely.total_bounds(taken.geometry).tolist()
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
