"""GeoPackage, FlatGeobuf, KML and GeoParquet as frames."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, about_of, begins, json_or_none, parse_crs
from gridmgr.core.importing.gdal import layers_of, read_layer, shapes_of
from gridmgr.core.importing.messages import broken, lies, listed

if TYPE_CHECKING:
    import pyarrow as pa

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


# ── GeoPackage, FlatGeobuf ────────────────────────────────────────────────────────────────────────────────


def read_geopackage(
    path: Path, *, layer: str = "", kinds: Collection[str] = (), favourites: Sequence[str] = ()
) -> Frame:
    """One layer, the one that there is; with `kinds` the only one of such geometries or the first favourite there."""
    if not begins(path, b"SQLite format 3\0"):
        raise lies(path, "GeoPackage")
    layers = layers_of(path)
    if not kinds:
        return read_layer(path, _only(path, layers, layer), about_key="gridmgr")
    chosen = _chosen(path, layers, layer, kinds, favourites)
    frame = read_layer(path, chosen, about_key="gridmgr")
    if not layer and len(layers) > 1:
        frame.notes.append(
            _("读取图层 %(layer)s;文件里共有图层:%(all)s") % {"layer": chosen, "all": listed(layers)}
        )
    return frame


def _only(path: Path, layers: Mapping[str, str], layer: str) -> str:
    """The layer named, else the only one; tables without a geometry count where there is nothing else."""
    names = [name for name, kind in layers.items() if kind] or list(layers)
    if layer:
        _refuse_unknown(path, names, layer)
        return layer
    if len(names) > 1:
        words = {"path": path.name, "all": listed(names)}
        raise Unreadable(_("%(path)s 里有几个图层:%(all)s。请写明用哪一个(命令里是 --layer)。") % words)
    if not names:
        raise Unreadable(_("%s 里没有图层。") % path.name)
    return names[0]


def _refuse_unknown(path: Path, names: Collection[str], layer: str) -> None:
    if layer not in names:
        words = {"path": path.name, "layer": layer, "all": listed(names)}
        raise Unreadable(
            _("%(path)s 里没有图层 %(layer)s。有这些图层:%(all)s。请写明用哪一个(命令里是 --layer)。") % words
        )


def _chosen(
    path: Path, layers: Mapping[str, str], layer: str, kinds: Collection[str], favourites: Sequence[str]
) -> str:
    fit = [name for name, kind in layers.items() if _may_hold(kind, kinds)]
    words = {"path": path.name, "layer": layer, "all": listed(layers), "kinds": _("、").join(kinds)}
    if layer:
        _refuse_unknown(path, layers, layer)
        if layer not in fit:
            raise Unreadable(
                _("%(path)s 的图层 %(layer)s 不是 %(kinds)s。有这些图层:%(all)s。请用 --layer 另选。") % words
            )
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


def _may_hold(kind: str, kinds: Collection[str]) -> bool:
    """Whether a layer of this declared type may hold such geometries (3D ones are refused row by row)."""
    return kind in ("Unknown", "Geometry") or any(
        kind.replace("3D ", "").removeprefix("Measured ").split(" ")[0] == one for one in kinds
    )


def read_flatgeobuf(path: Path) -> Frame:
    """The one layer of the file."""
    if not begins(path, b"fgb"):
        raise lies(path, "FlatGeobuf")
    return read_layer(path, "", about_key="DESCRIPTION")


# ── KML ───────────────────────────────────────────────────────────────────────────────────────────────────


def read_kml(path: Path, *, layer: str = "") -> Frame:
    """One folder of a KML, the only one when none is named."""
    _refuse_entities(path)
    layers = layers_of(path)
    names = [name for name, kind in layers.items() if kind] or list(layers)
    if (layer and layer not in names) or (not layer and len(names) != 1):
        words = {"path": path.name, "all": listed(names) or "—"}
        raise Unreadable(
            _("%(path)s 里有这些图层(文件夹):%(all)s。请写明用哪一个(命令里是 --layer)。") % words
        )
    frame = read_layer(path, layer or names[0])
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


# ── GeoParquet ────────────────────────────────────────────────────────────────────────────────────────────


def read_parquet(path: Path) -> Frame:
    """A GeoParquet 1.x file with WKB."""
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
    frame.geometry = shapes_of(np.array(table.column(column).to_pylist(), dtype=object), frame)
    # The standard: no crs means WGS 84, null means unknown.
    said = about_it.get("crs", "OGC:CRS84")
    frame.crs = parse_crs(said if isinstance(said, str) else json.dumps(said)) if said is not None else None
    frame.about = about_of(metadata.get(b"gridmgr"))
    return frame


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
