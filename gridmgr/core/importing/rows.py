"""A file of roads or areas as rows with geometry in the city's metric CRS; anything unfit is refused at the door.

Nothing is guessed in silence: what had to be decided (encoding, layer, CRS) is named in the table's notes.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer, zone_window
from gridmgr.core.importing.base import Refusal, Row, Table, Unreadable
from gridmgr.core.importing.frame import SAME_PLACE_DEG, Frame, parse_crs
from gridmgr.core.importing.frames import read_network
from gridmgr.core.importing.messages import too_few_points
from gridmgr.core.importing.shapes import ANY_SHAPE, axes_are_swapped, inside_zone, metric, why_unfit

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
    frame = _opened(path, kinds, layer, favourites)
    if not len(frame):
        raise Unreadable(
            _("%(path)s 的图层 %(layer)s 里没有任何要素。请换一个文件,或用 --layer 另选图层。")
            % {"path": path, "layer": frame.layer}
        )
    source = _source_crs(path, frame, crs)
    door = _Door(frame)
    door.refuse_unfit(kinds)
    door.into_metres(path, source)
    return Table(
        path=str(path),
        layer=frame.layer,
        crs=_name(source),
        fields=list(frame.columns),
        rows=door.rows(),
        refused=[door.refused[index] for index in sorted(door.refused)],
        rows_read=len(frame),
        free_text=frame.free_text,
        left_out=frame.left_out,
        notes=frame.notes,
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
    frame = _opened(path, kinds, layer, favourites)
    source = _source_crs(path, frame, crs)
    door = _Door(frame)
    door.refuse_unfit(kinds)
    corners = shapely.bounds(door.shapes[door.fit()]).reshape(-1, 2)
    return np.column_stack(transformer(source.to_wkt(), WGS84).transform(corners[:, 0], corners[:, 1]))


def _opened(path: Path, kinds: Collection[str], layer: str, favourites: Sequence[str]) -> Frame:
    """The file's one layer or the one chosen, which has a geometry; raises Unreadable."""
    frame = read_network(path, kinds=kinds, layer=layer, favourites=favourites)
    # A format with a single layer: `--layer` may name it, but no other.
    if layer and layer not in (frame.layer, path.stem):
        raise Unreadable(
            _("%(path)s 里没有图层 %(layer)s,只有图层 %(there)s。请改正或去掉 --layer。")
            % {"path": path, "layer": layer, "there": frame.layer}
        )
    if frame.geometry is None:
        raise Unreadable(
            _("%(path)s 的图层 %(layer)s 没有几何列。请用 --layer 另选图层。")
            % {"path": path.name, "layer": frame.layer}
        )
    return frame


class _Door:
    """The rows of a frame with geometries, and by index those that are refused."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.shapes: np.ndarray = np.array(frame.geometry, dtype=object)
        self.refused: dict[int, Refusal] = {}

    def rows(self) -> list[Row]:
        """Those that are not refused, by number."""
        return [
            Row(index + 1, self._ref(index), values, self.shapes[index])
            for index, values in enumerate(self.frame.rows())
            if index not in self.refused
        ]

    def refuse_unfit(self, kinds: Collection[str]) -> None:
        """Refuse geometries that can't be read, or aren't whole and flat and of these kinds."""
        for index, (value, reason) in self.frame.troubles.items():
            self._refuse(index, value, reason)
        for index, reason in why_unfit(self.shapes, ANY_SHAPE, kinds):
            if index not in self.refused:
                self._refuse(index, _kind(self.shapes[index]), reason)
        self._refuse_short(self.fit())

    def into_metres(self, path: Path, source: "pyproj.CRS") -> None:
        """Move what is fit into the city's CRS; raises Unreadable when most of it lies outside the city's zone."""
        fit = self.fit()
        given, moved = self.shapes[fit], metric(self.shapes[fit], source)
        inside = inside_zone(moved)
        if len(fit) and inside.mean() < 0.5:
            raise Unreadable(_why_outside(path, given, source))
        for index, box in zip(fit[~inside].tolist(), shapely.bounds(given[~inside]), strict=True):
            self._refuse(index, _extent(box), _("超出本市坐标系的范围 %s。请检查坐标。") % _window())
        self.shapes[fit] = moved
        self._refuse_short(fit[inside])  # shrunk to a point at a millimetre

    def fit(self) -> np.ndarray:
        """The indices of those that are not refused."""
        return np.array([index for index in range(len(self.shapes)) if index not in self.refused], dtype=int)

    def _refuse_short(self, indices: np.ndarray) -> None:
        """Refuse lines of which a part is no longer than a point."""
        shapes = self.shapes[indices]
        parts, owners = shapely.get_parts(shapes, return_index=True)
        lines = shapely.get_dimensions(parts) == 1
        for owner in np.unique(owners[lines & (shapely.length(parts) == 0)]).tolist():
            self._refuse(int(indices[owner]), _kind(shapes[owner]), too_few_points())

    def _refuse(self, index: int, value: str, reason: str) -> None:
        self.refused[index] = Refusal(index + 1, self._ref(index), _("几何"), value, reason)

    def _ref(self, index: int) -> str:
        """The file's own id of a row, '' when it has none."""
        ref = self.frame.refs[index] if len(self.frame.refs) else None
        return "" if ref is None or isinstance(ref, (dict, list, bool)) else str(ref)


def _kind(shape: shapely.Geometry | None) -> str:
    return _("空值") if shape is None else shape.geom_type


# ── Coordinate systems ────────────────────────────────────────────────────────────────────────────────────


def _source_crs(path: Path, frame: Frame, given: str) -> "pyproj.CRS":
    asked = parse_crs(given) if given else None
    known = asked or frame.crs
    if known is None:
        raise Unreadable(
            _("%s 没有写明坐标系。请用 --crs 指明,如 --crs EPSG:4490;不清楚时请问提供数据的单位。") % path
        )
    if frame.crs is None or asked is None:
        return known
    if frame.by_default or _agree(frame, frame.crs, asked):
        return asked
    raise Unreadable(
        _("%(path)s 写明坐标系为 %(there)s,与 --crs %(given)s 矛盾。请去掉 --crs,或改正文件。")
        % {"path": path, "there": _name(frame.crs), "given": given}
    )


def _agree(frame: Frame, there: "pyproj.CRS", asked: "pyproj.CRS") -> bool:
    """Whether both CRSs put the file's first fit geometry in the same place."""
    if len(places := shapely.get_coordinates(frame.geometry)):
        both = [np.array(transformer(crs.to_wkt(), WGS84).transform(*places[0])) for crs in (there, asked)]
        return bool(np.abs(both[0] - both[1]).max() < SAME_PLACE_DEG)
    return there.equals(asked, ignore_axis_order=True)


def _name(crs: "pyproj.CRS") -> str:
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else crs.name


def _why_outside(path: Path, shapes: np.ndarray, source: "pyproj.CRS") -> str:
    box = shapely.total_bounds(shapes)
    words: dict[str, object] = {
        "path": path,
        "crs": _name(source),
        "extent": _extent(box),
        "window": _window(),
    }
    if axes_are_swapped(shapes, source):
        return (
            _(
                "%(path)s 的坐标轴颠倒了:范围 %(extent)s 在 %(crs)s 下应先写东(经度),后写北(纬度)。请交换两列坐标后重新导出。"
            )
            % words
        )
    if source.is_geographic and np.abs(box).max() > 360:
        return (
            _(
                "%(path)s 的坐标(范围 %(extent)s)不是 %(crs)s 的经纬度,像是以米计的投影坐标。请用 --crs 指明投影坐标系,如 EPSG:4547。"
            )
            % words
        )
    (west, east), (south, north) = transformer(source.to_wkt(), WGS84).transform(box[[0, 2]], box[[1, 3]])
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


def _extent(box: np.ndarray) -> str:
    digits = 5 if np.abs(box).max() <= 360 else 1
    return f"({box[0]:.{digits}f}, {box[1]:.{digits}f})–({box[2]:.{digits}f}, {box[3]:.{digits}f})"


def _window() -> str:
    return str(zone_window(metric_srid()))
