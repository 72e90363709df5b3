"""Layers as Mapbox vector tiles: one SQL statement a tile, bytes straight from PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import BinaryField, F, Func, QuerySet

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.bbox import metric_box
from gridmgr.core.geo.crs import WEB_MERCATOR
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


def mvt(layers: Sequence[Layer], tile: Tile, *, audience: Audience, on: date) -> bytes:
    """The tile with every layer of `layers` in it as of that day; empty bytes when there is nothing."""
    statements = [_statement(layer, tile, audience, on) for layer in layers]
    sql = "SELECT " + " || ".join(f"({text})" for text, _ in statements)
    with as_of(on), connection.cursor() as cursor:
        cursor.execute(sql, [value for _, values in statements for value in values])
        return bytes(cursor.fetchone()[0] or b"")


def _statement(layer: Layer, tile: Tile, audience: Audience, on: date) -> tuple[str, list[Any]]:
    if tile.z + 1 < layer.style.min_zoom:  # a 512-pixel tile is drawn one zoom further in
        return "''::bytea", []
    if tile.z < layer.clustered_below:
        return _counts(layer, tile, audience, on)
    return _features(layer, tile, audience, on)


def _features(layer: Layer, tile: Tile, audience: Audience, on: date) -> tuple[str, list[Any]]:
    rows = _in_tile(layer, tile, audience, on).annotate(p_shape=_tile_shape(layer, tile))
    inner, values = rows.order_by().values("pk", "p_shape", *layer.property_names).query.sql_with_params()
    return _as_mvt(layer, inner, EXTENT), list(values)


def _as_mvt(layer: Layer, inner: str, extent: int) -> str:
    columns = ", ".join(f't."{name}" AS "{name.removeprefix("p_")}"' for name in layer.property_names)
    return (
        f"SELECT CASE WHEN count(*) > 0 THEN ST_AsMVT(f, '{layer.name}', {extent}, 'p_shape', 'fid') "
        "ELSE ''::bytea END FROM "
        f"(SELECT t.p_shape, t.pk AS fid, {columns} FROM ({inner}) t WHERE t.p_shape IS NOT NULL) f"
    )


def _counts(layer: Layer, tile: Tile, audience: Audience, on: date) -> tuple[str, list[Any]]:
    cell = tile.size_m / CELLS_ACROSS
    centre = Func(
        F(layer.geometry),
        template="ST_Transform(ST_Centroid(%(expressions)s), 3857)",
        output_field=BinaryField(),
    )
    rows = _in_tile(layer, tile, audience, on).annotate(p_centre=centre)
    inner, values = rows.order_by().values("p_centre").query.sql_with_params()
    sql = (
        f"SELECT CASE WHEN count(*) > 0 THEN ST_AsMVT(f, '{layer.name}', {EXTENT}, 'p_shape') "
        "ELSE ''::bytea END FROM ("
        f"SELECT ST_AsMVTGeom(ST_Centroid(ST_Collect(t.p_centre)), ST_TileEnvelope({tile.z},{tile.x},{tile.y}), "
        f"{EXTENT}, {BUFFER}, true) AS p_shape, count(*) AS n FROM ({inner}) t "
        f"GROUP BY ST_SnapToGrid(t.p_centre, {cell!r})) f WHERE f.p_shape IS NOT NULL"
    )
    return sql, list(values)


def _in_tile(layer: Layer, tile: Tile, audience: Audience, on: date) -> Any:
    box = metric_box(tile.bounds(buffer=BUFFER / EXTENT), WEB_MERCATOR)
    return layer.annotated(audience, on).filter(**{f"{layer.cover_field}__bboverlaps": box})


def _tile_shape(layer: Layer, tile: Tile) -> Func:
    envelope = f"ST_TileEnvelope({tile.z},{tile.x},{tile.y})"
    shape, clip = WEB_SHAPE, "false"
    if not layer.tiny:
        shape, clip = f"ST_Simplify({shape}, {tile.size_m / PIXELS_ACROSS!r}, true)", "true"
    template = f"ST_AsMVTGeom({shape}, {envelope}, {EXTENT}, {BUFFER}, {clip})"
    return Func(F(layer.geometry), template=template, output_field=BinaryField())


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


def _whole(layer: Layer, rows: QuerySet[Any], square: Square) -> tuple[str, list[Any]]:
    west, south, east, north = square.bounds
    shape = f"ST_Simplify({WEB_SHAPE}, {2 * square.unit_m!r}, true)"
    envelope = f"ST_MakeEnvelope({west!r},{south!r},{east!r},{north!r},3857)"
    template = f"ST_AsMVTGeom({shape}, {envelope}, {square.extent}, 0, false)"
    drawn = rows.annotate(p_shape=Func(F(layer.geometry), template=template, output_field=BinaryField()))
    inner, values = (
        drawn.order_by("pk").values("pk", "p_shape", *layer.property_names).query.sql_with_params()
    )
    return _as_mvt(layer, inner, square.extent), list(values)
