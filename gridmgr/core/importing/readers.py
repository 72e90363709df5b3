"""A file in, a table of rows with geometry in the city's metric CRS out; anything unfit is refused at the door.

Nothing is guessed in silence: what had to be decided (encoding, layer, CRS) is named in the table's notes.
"""

import stat
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer, zone_window
from gridmgr.core.importing import geojson, ogr, osm
from gridmgr.core.importing.base import Refusal, Row, Table, Unreadable
from gridmgr.core.importing.frame import SAME_PLACE_DEG
from gridmgr.core.importing.raw import Raw, not_finite, parse_crs, three_d, too_few_points

if TYPE_CHECKING:
    import pyproj

LINES = ("LineString", "MultiLineString")
POLYGONS = ("Polygon", "MultiPolygon")


def read_table(
    path: str | Path,
    *,
    kinds: Collection[str] = LINES,
    crs: str = "",
    layer: str = "",
    favourites: Sequence[str] = (),
) -> Table:
    """Read GeoJSON, GeoPackage, Shapefile or OSM data; rows whose geometry is unfit are listed as refused.

    `kinds` are the geometry types wanted; `crs` (EPSG:…) is needed when the file names none; `favourites` are layer
    names to take when a file has several fit ones. Raises Unreadable when the file as a whole can't be taken.
    """
    path = Path(path)
    raw = _read(_existing(path), kinds=kinds, layer=layer, favourites=favourites)
    if not raw.rows:
        raise Unreadable(
            _("%(path)s 的图层 %(layer)s 里没有任何要素。请换一个文件,或用 --layer 另选图层。")
            % _at(path, raw)
        )
    source = _source_crs(path, raw, crs)
    refused = [*_refuse_troubles(raw), *_refuse_unfit(raw, kinds)]
    unfit = {refusal.row for refusal in refused}
    rows = [row for row in raw.rows if row.number not in unfit]
    rows, outside = _inside_window(path, rows, source, raw)
    rows, shrunk = _short_ones_refused(_in_metres(rows, source))
    return Table(
        path=str(path),
        layer=raw.layer,
        crs=_name(source),
        fields=raw.fields,
        rows=rows,
        refused=sorted([*refused, *outside, *shrunk], key=lambda refusal: refusal.row),
        rows_read=len(raw.rows),
        free_text=raw.free_text,
        left_out=raw.left_out,
        notes=raw.notes,
    )


def read_degrees(
    path: str | Path,
    *,
    kinds: Collection[str] = LINES,
    crs: str = "",
    layer: str = "",
    favourites: Sequence[str] = (),
) -> np.ndarray:
    """Where the fit rows of a file lie, whatever the city's zone: both corners of each one's box, in degrees (n × 2).

    Raises Unreadable as `read_table` does.
    """
    path = Path(path)
    raw = _read(_existing(path), kinds=kinds, layer=layer, favourites=favourites)
    source = _source_crs(path, raw, crs)
    unfit = {refusal.row for refusal in (*_refuse_troubles(raw), *_refuse_unfit(raw, kinds))}
    shapes = [row.geometry for row in raw.rows if row.number not in unfit]
    corners = shapely.bounds(shapes).reshape(-1, 2) if shapes else np.empty((0, 2))
    return np.array(_degrees(corners[:, 0], corners[:, 1], source)).reshape(-1, 2)


# ── The file ──────────────────────────────────────────────────────────────────────────────────────────────


def _existing(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable(_("%s 是文件夹,不是文件。请指定其中的一个文件。") % path)
        if not stat.S_ISREG(mode):
            raise Unreadable(_("%s 不是普通文件。请先存为文件再导入。") % path)
        with path.open("rb") as stream:
            if not stream.read(1):
                raise Unreadable(_("%s 是空文件(0 字节)。请重新导出。") % path)
    except FileNotFoundError:
        raise Unreadable(_("找不到文件 %s。请检查路径和文件名。") % path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Unreadable(
            _("读不了文件 %(path)s(%(why)s)。请检查文件名和权限。") % {"path": path, "why": error}
        ) from None
    return path


def _read(path: Path, *, kinds: Collection[str], layer: str, favourites: Sequence[str]) -> Raw:
    name = path.name.lower()
    if name.endswith((".geojson", ".json")):
        return _named(path, geojson.read(path), layer)
    if name.endswith(".pbf"):
        return _named(path, ogr.read_pbf(path), layer)
    if name.endswith(".osm"):
        return _named(path, osm.read(path), layer)
    if name.endswith(".shp"):
        return _named(path, ogr.read_shapefile(path), layer)
    if name.endswith(".gpkg"):
        return ogr.read_geopackage(path, kinds=kinds, layer=layer, favourites=favourites)
    raise Unreadable(
        _("不认识文件 %s 的格式。可导入:.geojson、.json、.gpkg、.shp、.osm、.osm.pbf(压缩包请先解压)。")
        % path
    )


def _named(path: Path, raw: Raw, layer: str) -> Raw:
    """A format with a single layer: `--layer` may name it, but no other."""
    if layer and layer not in (raw.layer, path.stem):
        raise Unreadable(
            _("%(path)s 里没有图层 %(layer)s,只有图层 %(there)s。请改正或去掉 --layer。")
            % {"path": path, "layer": layer, "there": raw.layer}
        )
    return raw


def _at(path: Path, raw: Raw) -> dict[str, Any]:
    return {"path": path, "layer": raw.layer}


# ── Geometry by itself ────────────────────────────────────────────────────────────────────────────────────


def _refuse_troubles(raw: Raw) -> list[Refusal]:
    refs = {row.number: row.ref for row in raw.rows}
    return [
        Refusal(number, refs.get(number, ""), _("几何"), value, reason)
        for number, (value, reason) in raw.troubles.items()
    ]


def _refuse_unfit(raw: Raw, kinds: Collection[str]) -> list[Refusal]:
    refused = []
    for row in raw.rows:
        if row.number not in raw.troubles and (why := _why_unfit(row.geometry, kinds)):
            value = row.geometry.geom_type if row.geometry is not None else _("空值")
            refused.append(Refusal(row.number, row.ref, _("几何"), value, why))
    return refused


def _why_unfit(geometry: shapely.Geometry | None, kinds: Collection[str]) -> str:
    """Why the geometry can't be taken, or ''."""
    if geometry is None:
        return _("没有几何。请补画或删除这一行。")
    if geometry.geom_type not in kinds:
        return _("几何类型应为 %s。请换图层,或删除这一行。") % _("、").join(kinds)
    if geometry.is_empty:
        return _("几何为空。请补画或删除这一行。")
    if geometry.has_z or geometry.has_m:
        return three_d()
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return not_finite()
    if geometry.geom_type in LINES and _has_point_like_part(geometry):
        return too_few_points()
    return ""


def _has_point_like_part(geometry: shapely.Geometry) -> bool:
    return any(part.is_empty or part.length == 0 for part in shapely.get_parts(geometry))


# ── Coordinate systems ────────────────────────────────────────────────────────────────────────────────────


def _source_crs(path: Path, raw: Raw, given: str) -> "pyproj.CRS":
    asked = parse_crs(given) if given else None
    known = asked or raw.crs
    if known is None:
        raise Unreadable(
            _("%s 没有写明坐标系。请用 --crs 指明,如 --crs EPSG:4490;不清楚时请问提供数据的单位。") % path
        )
    if raw.crs is None or asked is None:
        return known
    if raw.crs_by_default or _agree(raw, raw.crs, asked):
        return asked
    raise Unreadable(
        _("%(path)s 写明坐标系为 %(there)s,与 --crs %(given)s 矛盾。请去掉 --crs,或改正文件。")
        % {"path": path, "there": _name(raw.crs), "given": given}
    )


def _agree(raw: Raw, there: "pyproj.CRS", asked: "pyproj.CRS") -> bool:
    """Whether both CRSs put the file's first fit geometry in the same place."""
    for row in raw.rows:
        if row.geometry is not None and not row.geometry.is_empty:
            x, y = shapely.get_coordinates(row.geometry)[:1].T
            both = [np.array(transformer(crs.to_wkt(), WGS84).transform(x, y)) for crs in (there, asked)]
            return bool(np.abs(both[0] - both[1]).max() < SAME_PLACE_DEG)
    return there.equals(asked, ignore_axis_order=True)


def _name(crs: "pyproj.CRS") -> str:
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else crs.name


def _inside_window(
    path: Path, rows: list[Row], source: "pyproj.CRS", raw: Raw
) -> tuple[list[Row], list[Refusal]]:
    """Rows in the city's zone, and refusals of the others; raises Unreadable when most lie outside."""
    if not rows:
        return [], []
    bounds = shapely.bounds([row.geometry for row in rows])
    fits = _fits(bounds, source)
    if fits.mean() < 0.5:
        raise Unreadable(_why_outside(path, bounds, source, raw))
    refused = [
        Refusal(
            row.number,
            row.ref,
            _("几何"),
            _extent(box),
            _("超出本市坐标系的范围 %s。请检查坐标。") % _window(),
        )
        for row, box, fit in zip(rows, bounds, fits, strict=True)
        if not fit
    ]
    return [row for row, fit in zip(rows, fits, strict=True) if fit], refused


def _fits(bounds: np.ndarray, source: "pyproj.CRS") -> np.ndarray:
    low = _degrees(bounds[:, 0], bounds[:, 1], source)
    high = _degrees(bounds[:, 2], bounds[:, 3], source)
    window = zone_window(metric_srid())
    return np.array(
        [window.holds(*a) and window.holds(*b) for a, b in zip(low, high, strict=True)], dtype=bool
    )


def _degrees(x: np.ndarray, y: np.ndarray, source: "pyproj.CRS") -> list[tuple[float, float]]:
    lon, lat = transformer(source.to_wkt(), WGS84).transform(x, y)
    return list(zip(lon.tolist(), lat.tolist(), strict=True))


def _why_outside(path: Path, bounds: np.ndarray, source: "pyproj.CRS", raw: Raw) -> str:
    words: dict[str, object] = {
        "path": path,
        "crs": _name(source),
        "extent": _extent(_whole(bounds)),
        "window": _window(),
    }
    if _fits(bounds[:, [1, 0, 3, 2]], source).mean() >= 0.5:
        return (
            _(
                "%(path)s 的坐标轴颠倒了:范围 %(extent)s 在 %(crs)s 下应先写东(经度),后写北(纬度)。请交换两列坐标后重新导出。"
            )
            % words
        )
    if source.is_geographic and np.abs(bounds).max() > 360:
        return (
            _(
                "%(path)s 的坐标(范围 %(extent)s)不是 %(crs)s 的经纬度,像是以米计的投影坐标。请用 --crs 指明投影坐标系,如 EPSG:4547。"
            )
            % words
        )
    box = _whole(bounds)
    (west, south), (east, north) = _degrees(box[[0, 2]], box[[1, 3]], source)
    words |= {"place": f"{west:.2f}–{east:.2f}°E, {south:.2f}–{north:.2f}°N", "srid": metric_srid()}
    if not np.isfinite([west, south, east, north]).all():
        words["place"] = _("地球之外")
    return _(
        "%(path)s 超出本市坐标系的范围:文件坐标 %(extent)s,按 %(crs)s 位于 %(place)s;"
        "本市(EPSG:%(srid)s)为 %(window)s。请检查文件的坐标系(--crs)或本市的 GRIDMGR_SRID。"
    ) % words + _zone_hint(source, box)


def _zone_hint(source: "pyproj.CRS", box: np.ndarray) -> str:
    """What to say when the eastings have a zone number in front and the CRS has none, or the other way round."""
    operation = source.coordinate_operation
    eastings = [each.value for each in operation.params if each.name == "False easting"] if operation else []
    prefixed = bool(eastings) and float(eastings[0]) > 1_000_000
    if source.is_geographic or prefixed == bool(box[0] > 1_000_000):
        return ""
    if prefixed:
        return _("东坐标没有带号,而 %s 带有带号:请改用同一带不带带号的坐标系,如 EPSG:4547。") % _name(source)
    return _("东坐标带有带号,而 %s 没有:请改用同一带带带号的坐标系,如 EPSG:4526。") % _name(source)


def _whole(bounds: np.ndarray) -> np.ndarray:
    return np.array([*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)])


def _extent(box: np.ndarray) -> str:
    digits = 5 if np.abs(box).max() <= 360 else 1
    return f"({box[0]:.{digits}f}, {box[1]:.{digits}f})–({box[2]:.{digits}f}, {box[3]:.{digits}f})"


def _window() -> str:
    return str(zone_window(metric_srid()))


def _in_metres(rows: list[Row], source: "pyproj.CRS") -> list[Row]:
    """The rows in the city's metric CRS, all coordinates in one pass, rounded to the millimetre."""
    geometries = np.array([row.geometry for row in rows], dtype=object)
    change = transformer(source.to_wkt(), metric_srid())

    def project(xy: np.ndarray) -> np.ndarray:
        return np.round(np.column_stack(change.transform(xy[:, 0], xy[:, 1])), 3)

    moved = shapely.transform(geometries, project) if rows else []
    return [Row(row.number, row.ref, row.attributes, line) for row, line in zip(rows, moved, strict=True)]


def _short_ones_refused(rows: list[Row]) -> tuple[list[Row], list[Refusal]]:
    """Lines that have shrunk to a point at a millimetre, refused."""
    kept, refused = [], []
    for row in rows:
        if (
            row.geometry is not None
            and row.geometry.geom_type in LINES
            and _has_point_like_part(row.geometry)
        ):
            refused.append(Refusal(row.number, row.ref, _("几何"), row.geometry.geom_type, too_few_points()))
        else:
            kept.append(row)
    return kept, refused
