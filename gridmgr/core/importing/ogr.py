"""GeoPackage, Shapefile and OSM PBF, through GDAL; the things that GDAL passes over in silence are checked first."""

import json
import struct
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84
from gridmgr.core.importing.base import Row, Unreadable
from gridmgr.core.importing.raw import Raw, curved, listed, not_readable, parse_crs

# dBASE language driver ids that mean Chinese; other ids are too often wrong to be believed.
_LANGUAGE_DRIVERS = {0x4D: "gb18030", 0x7A: "gb18030", 0x78: "big5", 0x4F: "big5", 0x68: "big5"}
_CODE_PAGES = {
    "936": "gb18030",
    "54936": "gb18030",
    "950": "big5",
    "65001": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
}


# ── GeoPackage ────────────────────────────────────────────────────────────────────────────────────────────


def read_geopackage(path: Path, *, kinds: Collection[str], layer: str, favourites: Sequence[str]) -> Raw:
    """Read one layer; without `layer` the only fit one, or the first favourite that is there."""
    if _head(path, 16) != b"SQLite format 3\0":
        raise Unreadable(_("%s 不是 GeoPackage(文件头不对)。请从 GIS 软件重新导出。") % path.name)
    layers = _layers(path)
    chosen = _choose(path, layers, kinds, layer, favourites)
    raw = _rows(path, chosen)
    if not layer and len(layers) > 1:
        raw.notes.append(
            _("读取图层 %(layer)s;文件里共有图层:%(all)s") % {"layer": chosen, "all": listed(layers)}
        )
    return raw


def _layers(path: Path) -> dict[str, str]:
    """Name and geometry type of each layer."""
    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong is said when the layer is read
            return {str(name): str(kind or "") for name, kind in pyogrio.list_layers(path)}
    except pyogrio.errors.DataSourceError as error:
        raise _broken(path, error) from None


def _choose(
    path: Path, layers: dict[str, str], kinds: Collection[str], layer: str, favourites: Sequence[str]
) -> str:
    fit = [name for name, kind in layers.items() if _fits(kind, kinds)]
    words = {"path": path.name, "layer": layer, "all": listed(layers), "kinds": _("、").join(kinds)}
    if layer and layer not in layers:
        raise Unreadable(
            _("%(path)s 里没有图层 %(layer)s。有这些图层:%(all)s。请写明用哪一个(命令里是 --layer)。") % words
        )
    if layer and layer not in fit:
        raise Unreadable(
            _("%(path)s 的图层 %(layer)s 不是 %(kinds)s。有这些图层:%(all)s。请用 --layer 另选。") % words
        )
    if layer:
        return layer
    if not fit:
        raise Unreadable(_("%(path)s 里没有 %(kinds)s 图层。有这些图层:%(all)s。") % words)
    if len(fit) == 1:
        return fit[0]
    for favourite in favourites:
        if favourite in fit:
            return favourite
    raise Unreadable(
        _("%(path)s 里有几个可用的图层:%(fit)s。请写明用哪一个(命令里是 --layer)。")
        % {**words, "fit": listed(fit)}
    )


def _fits(kind: str, kinds: Collection[str]) -> bool:
    """Whether a layer of this declared type may hold such geometries (3D ones are refused row by row)."""
    return kind in ("Unknown", "Geometry") or any(
        kind.replace("3D ", "").removeprefix("Measured ").split(" ")[0] == one for one in kinds
    )


# ── Shapefile ─────────────────────────────────────────────────────────────────────────────────────────────


def read_shapefile(path: Path) -> Raw:
    """Read a Shapefile with its .shx and .dbf; Chinese text in GBK or UTF-8, with a .cpg or without."""
    if _head(path, 4) != struct.pack(">i", 9994):
        raise Unreadable(
            _("%s 不是 Shapefile(文件头不对,可能是文本改了扩展名)。请从 GIS 软件重新导出。") % path.name
        )
    table = _companion(path, ".dbf")
    _companion(path, ".shx")
    encoding, note = _encoding(path, table)
    raw = _rows(path, path.stem, encoding=encoding)
    raw.notes.append(note)
    return raw


def _companion(path: Path, suffix: str) -> Path:
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.is_file() and candidate.stat().st_size:
            return candidate
    raise Unreadable(
        _(
            "Shapefile 缺少 %(missing)s:它必须与 %(path)s 放在同一文件夹。请把 .shp、.shx、.dbf、.prj 一起复制过来。"
        )
        % {"path": path.name, "missing": path.with_suffix(suffix).name}
    )


def _encoding(path: Path, table: Path) -> tuple[str, str]:
    """The encoding of the .dbf, and how it was found: what the bytes are outweighs what a label says of them."""
    content = table.read_bytes()
    if len(content) < 33:
        raise Unreadable(_("%s 不完整。请重新导出。") % table.name)
    header = struct.unpack("<H", content[8:10])[0]
    # Of a field's description only its name is text: its width, a byte, may be any from 1 to 254.
    heads = b" ".join(content[at : at + 11].split(b"\0")[0] for at in range(32, header - 32, 32))
    values = content[header:]
    label = _label(path) or _LANGUAGE_DRIVERS.get(content[29], "")
    if heads.isascii() and values.isascii():
        return label or "utf-8", _("属性表只有 ASCII 字符")
    # Chinese text in GBK is hardly ever valid UTF-8, so a strict UTF-8 reading is right; but for short words such as
    # 路, C2 B7, which as UTF-8 would be a Latin letter or sign: those are UTF-8 only when the label says so.
    sure = label == "utf-8" or not _decodes(values, "utf-8") or max(values.decode(), default="") >= "\u0800"
    names = ["utf-8", label, "gb18030"] if sure else [label, "gb18030", "utf-8"]
    for name in dict.fromkeys(filter(None, names)):
        if _decodes(heads, name) and _decodes(values, name):
            how = _("(标注为 %s)") % label if label and label != name else ""
            return name, _("属性表编码 %(name)s%(how)s") % {"name": name.upper(), "how": how}
    raise Unreadable(
        _("%(path)s 的文字既不是 UTF-8,也不是 GBK%(label)s。请转为 UTF-8 后重新导出。")
        % {"path": table.name, "label": f" / {label}" if label else ""}
    )


def _label(path: Path) -> str:
    """The Python name of the encoding in the .cpg file, '' when there is none or nobody knows it."""
    import codecs

    for candidate in (path.with_suffix(".cpg"), path.with_suffix(".CPG")):
        if candidate.is_file():
            text = candidate.read_bytes()[:40].decode("ascii", "ignore").strip().lower()
            name = _CODE_PAGES.get(text.removeprefix("cp").removeprefix("ansi ").removeprefix("oem "), text)
            try:
                return codecs.lookup(name).name
            except LookupError:
                return ""
    return ""


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except (UnicodeDecodeError, LookupError):  # LookupError: a codec, but none of text
        return False
    return True


# ── OSM PBF ───────────────────────────────────────────────────────────────────────────────────────────────


def read_pbf(path: Path) -> Raw:
    """Read every way with a `highway` tag from an .osm.pbf file."""
    head = _head(path, 24)
    if b"OSMHeader" not in head:
        raise Unreadable(_("%s 不是 OSM PBF 文件(文件头不对)。请重新下载。") % path.name)
    table = _rows(path, "lines", where="highway IS NOT NULL", TAGS_FORMAT="JSON")
    rows = [
        Row(row.number, str(row.attributes["osm_id"]), _all_tags(row.attributes), row.geometry)
        for row in table.rows
    ]
    fields = dict.fromkeys(name for row in rows for name in row.attributes)
    return Raw("highway", list(fields), rows, parse_crs(f"EPSG:{WGS84}"), free_text=True)


def _all_tags(attributes: Any) -> dict[str, Any]:
    own = {name: value for name, value in attributes.items() if name != "other_tags" and value is not None}
    return {**json.loads(attributes.get("other_tags") or "{}"), **own}


# ── Rows ──────────────────────────────────────────────────────────────────────────────────────────────────


def _head(path: Path, count: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(count)


def _rows(
    path: Path, layer: str, *, encoding: str | None = None, where: str | None = None, **options: str
) -> Raw:
    import pyogrio
    from pyogrio.raw import read

    try:
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            meta, fids, geometries, columns = read(
                path, layer=layer, encoding=encoding, where=where, return_fids=True, **options
            )
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
    ) as error:
        raise _broken(path, error) from None
    except UnicodeDecodeError as error:
        raise Unreadable(
            _("%(path)s 的文字不是 %(encoding)s 编码。请转为 UTF-8 后重新导出。")
            % {"path": path.name, "encoding": error.encoding}
        ) from None
    if geometries is None:
        raise Unreadable(
            _("%(path)s 的图层 %(layer)s 没有几何列。请用 --layer 另选图层。")
            % {"path": path.name, "layer": layer}
        )
    fields = [str(name) for name in meta["fields"]]
    raw = Raw(layer, fields, [], _crs(meta["crs"]), notes=[f"GDAL: {remark.message}" for remark in remarks])
    values = [_plain(column) for column in columns]
    for number, wkb in enumerate(geometries, 1):
        geometry = None
        try:
            with np.errstate(invalid="ignore"):  # NaN is refused later, in words
                geometry = None if wkb is None else shapely.from_wkb(wkb)
        except shapely.errors.GEOSException:
            raw.troubles[number] = ("WKB", not_readable())
        except NotImplementedError:
            raw.troubles[number] = ("WKB", curved())
        attributes = {name: column[number - 1] for name, column in zip(fields, values, strict=True)}
        raw.rows.append(Row(number, str(fids[number - 1]), attributes, geometry))
    return raw


def _plain(column: np.ndarray) -> list[Any]:
    """Python values, with None where the column has no value (GDAL hands those of numbers out as NaN)."""
    values = column.tolist()
    return [None if isinstance(value, float) and value != value else value for value in values]


def _crs(text: str | None) -> Any:
    return parse_crs(text) if text and not text.startswith("ENGCRS") else None


def _broken(path: Path, error: Exception) -> Unreadable:
    return Unreadable(
        _("读不了 %(path)s:%(why)s。文件可能不完整,请重新导出。")
        % {"path": path.name, "why": str(error).replace(str(path), path.name)[:200]}
    )
