"""Layers as Mapbox vector tiles: one SQL statement a tile, bytes straight from PostgreSQL.

The ORM writes a layer's statement once for each scope and day; each tile only says where it lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from django.contrib.gis.db.models import GeometryField
from django.db import connection
from django.db.models import BinaryField, F, FloatField, Func, QuerySet
from django.db.models.expressions import RawSQL

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import WEB_MERCATOR, metric_bounds, metric_srid
from gridmgr.core.geo.tilegrid import Tile
from gridmgr.core.layers.base import Layer
from gridmgr.core.past import as_of

EXTENT = 4096
# A tile holds what lies a little over its edge, so that strokes and labels meet their neighbours'.
BUFFER = 64
# At low zooms a tile counts per cell: 12 cells across, about 40 pixels on a 512-pixel tile.
CELLS_ACROSS = 12
# Points a tile would draw within one screen pixel add nothing.
PIXELS_ACROSS = 1024
# A stored geometry on the web map's grid, as a template of Func.
WEB_SHAPE = "ST_Transform(%(expressions)s, 3857)"
# Layers × near and far × scopes × days; one takes about 5 kB.
STATEMENTS_KEPT = 2048

Statement = tuple[str, Sequence[Any]]  # text and parameters


class Blank(Enum):
    """A parameter that a written statement leaves to the tile."""

    Z, X, Y = auto(), auto(), auto()
    WEST, SOUTH, EAST, NORTH = (
        auto(),
        auto(),
        auto(),
        auto(),
    )  # of the tile with its buffer, in the metric CRS
    PIXEL = auto()  # its edge, in EPSG:3857 metres
    CELL = auto()  # its edge, in the metric CRS


def mvt(layers: Sequence[Layer], tile: Tile, *, audience: Audience, on: date) -> bytes:
    """The tile with every layer of `layers` in it as of that day; empty bytes when there is nothing."""
    # A 512-pixel tile is drawn one zoom further in.
    drawn = [layer for layer in layers if tile.z + 1 >= layer.style.min_zoom]
    if not drawn:
        return b""
    written = [_written(layer, tile.z < layer.clustered_below, audience.scope, on) for layer in drawn]
    sql = "SELECT " + " || ".join(f"({text})" for text, _ in written)
    blanks = _blanks(tile)
    values = [blanks[each] if isinstance(each, Blank) else each for _, values in written for each in values]
    with as_of(on), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return bytes(cursor.fetchone()[0] or b"")


def _blanks(tile: Tile) -> dict[Blank, float]:
    west, south, east, north = metric_bounds(tile.bounds(buffer=BUFFER / EXTENT), WEB_MERCATOR)
    edges = tile.size_m / PIXELS_ACROSS, (east - west) / CELLS_ACROSS
    values = (tile.z, tile.x, tile.y, west, south, east, north, *edges)
    return dict(zip(Blank, values, strict=True))


@lru_cache(maxsize=STATEMENTS_KEPT)
def _written(layer: Layer, counted: bool, scope: Audience, on: date) -> Statement:
    box = _open(f"ST_MakeEnvelope(%s, %s, %s, %s, {metric_srid()})", _BOX, GeometryField(srid=metric_srid()))
    rows = layer.annotated(scope, on).filter(**{f"{layer.cover_field}__bboverlaps": box})
    return _counts(layer, rows) if counted else _features(layer, rows)


_BOX = (Blank.WEST, Blank.SOUTH, Blank.EAST, Blank.NORTH)
_TILE = (Blank.Z, Blank.X, Blank.Y)


def _open(sql: str, blanks: Sequence[Blank], kind: Any) -> RawSQL:
    return RawSQL(sql, blanks, output_field=kind)  # noqa: S611  (our own constants; the blanks are parameters)


def _features(layer: Layer, rows: QuerySet[Any]) -> Statement:
    inner, values = _inner(rows.annotate(p_shape=_tile_shape(layer)), "pk", "p_shape", *layer.property_names)
    return _as_mvt(layer, inner, EXTENT), values


def _inner(rows: QuerySet[Any], *names: str) -> Statement:
    """The rows as a subquery. Its OFFSET keeps PostgreSQL from working out a shape anew wherever it is named."""
    inner, values = rows.order_by().values(*names).query.sql_with_params()
    return f"{inner} OFFSET 0", values


def _as_mvt(layer: Layer, inner: str, extent: int) -> str:
    columns = ", ".join(f't."{name}" AS "{name.removeprefix("p_")}"' for name in layer.property_names)
    return (
        f"SELECT CASE WHEN count(*) > 0 THEN ST_AsMVT(f, '{layer.name}', {extent}, 'p_shape', 'fid') "
        "ELSE ''::bytea END FROM "
        f"(SELECT t.p_shape, t.pk AS fid, {columns} FROM ({inner}) t WHERE t.p_shape IS NOT NULL) f"
    )


def _tile_shape(layer: Layer) -> Func:
    envelope = _open("ST_TileEnvelope(%s, %s, %s)", _TILE, GeometryField(srid=WEB_MERCATOR))
    shape: Any = Func(F(layer.geometry), template=WEB_SHAPE, output_field=BinaryField())
    if not layer.tiny:
        pixel = _open("%s", [Blank.PIXEL], FloatField())
        shape = Func(shape, pixel, template="ST_Simplify(%(expressions)s, true)", output_field=BinaryField())
    clip = "false" if layer.tiny else "true"
    template = f"ST_AsMVTGeom(%(expressions)s, {EXTENT}, {BUFFER}, {clip})"
    return Func(shape, envelope, template=template, output_field=BinaryField())


def _counts(layer: Layer, rows: QuerySet[Any]) -> Statement:
    """How many per cell. Cells are of the metric CRS, so that only what is shown of a cell is transformed."""
    centre = Func(F(layer.geometry), function="ST_Centroid", output_field=BinaryField())
    inner, values = _inner(rows.annotate(p_centre=centre), "p_centre")
    middle = f"ST_Transform(ST_SetSRID(ST_Point(avg(t.x), avg(t.y)), {metric_srid()}), {WEB_MERCATOR})"
    sql = (
        f"SELECT CASE WHEN count(*) > 0 THEN ST_AsMVT(f, '{layer.name}', {EXTENT}, 'p_shape') "
        "ELSE ''::bytea END FROM ("
        f"SELECT ST_AsMVTGeom({middle}, ST_TileEnvelope(%s, %s, %s), {EXTENT}, {BUFFER}, true) AS p_shape, "
        f"count(*) AS n FROM (SELECT ST_X(p_centre) AS x, ST_Y(p_centre) AS y FROM ({inner}) c OFFSET 0) t "
        "GROUP BY round(t.x / %s), round(t.y / %s)) f WHERE f.p_shape IS NOT NULL"
    )
    return sql, [*_TILE, *values, Blank.CELL, Blank.CELL]


# ── One tile over everything, for files that draw without a server ────────────────────────────────────────


@dataclass(frozen=True)
class Square:
    """A square of EPSG:3857 whose lower left corner is (west, south), counted in `extent` steps of `unit_m` metres."""

    west: float
    south: float
    extent: int
    unit_m: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in EPSG:3857 metres."""
        size = self.extent * self.unit_m
        return self.west, self.south, self.west + size, self.south + size


def mvt_over(rows: Sequence[tuple[Layer, QuerySet[Any]]], square: Square) -> bytes:
    """All of `rows` (of Layer.annotated), whole and unclustered, as one vector tile; one SQL statement."""
    statements = [_whole(layer, chosen, square) for layer, chosen in rows]
    sql = "SELECT " + " || ".join(f"({text})" for text, _ in statements)
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, values in statements for value in values])
        return bytes(cursor.fetchone()[0] or b"")


def _whole(layer: Layer, rows: QuerySet[Any], square: Square) -> Statement:
    west, south, east, north = square.bounds
    shape = f"ST_Simplify({WEB_SHAPE}, {2 * square.unit_m!r}, true)"
    envelope = f"ST_MakeEnvelope({west!r},{south!r},{east!r},{north!r},3857)"
    template = f"ST_AsMVTGeom({shape}, {envelope}, {square.extent}, 0, false)"
    drawn = rows.annotate(p_shape=Func(F(layer.geometry), template=template, output_field=BinaryField()))
    ordered = drawn.order_by("pk").values("pk", "p_shape", *layer.property_names)
    inner, values = ordered.query.sql_with_params()
    return _as_mvt(layer, inner, square.extent), values
