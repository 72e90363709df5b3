"""Tiles and GeoJSON of the demo city, against the same statement written by hand."""

import math
from typing import Any

from django.db import connection
from django.utils import timezone

from gridmgr.catalog import BACKDROP, LAYERS, layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import metric_srid
from gridmgr.core.geo.tilegrid import HALF_WORLD_M, Tile
from gridmgr.core.layers.geojson import feature_collection
from gridmgr.core.layers.tiles import mvt
from gridmgr.desk.map import city_bounds
from parking.models import Bay
from script.benchmarks.timing import against, median_ms

OFFICE = Audience(role="office")

PLAIN_TILE = """
    SELECT ST_AsMVT(t, 'bays', 4096, 'shape', 'id') FROM (
        SELECT b.id, b.number, b.kind, b.state, b.side, b.opens::text, b.closes::text, b.is_demo, r.name,
               lower(b.stretch)::float8, upper(b.stretch)::float8,
               ST_AsMVTGeom(ST_Transform(b.area, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, false) AS shape
        FROM parking_bay b JOIN grids_road r ON r.id = b.road_id
        WHERE b.state <> 'removed'
          AND b.area && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(srid)s)
    ) t
"""
PLAIN_GEOJSON = """
    SELECT json_build_object('type', 'FeatureCollection', 'features', json_agg(ST_AsGeoJSON(t, 'shape', 6)::json))
    FROM (SELECT b.number, b.kind, b.state, b.side, r.name, lower(b.stretch)::float8, upper(b.stretch)::float8,
                 b.opens, b.closes, b.is_demo, ST_Transform(b.area, 4326) AS shape
          FROM parking_bay b JOIN grids_road r ON r.id = b.road_id WHERE b.state <> 'removed') t
"""


def run() -> list[dict[str, Any]]:
    """Figures of the busiest tile, the first view and the whole layer."""
    bays, today = Bay.objects.count(), timezone.localdate()
    tile = _busiest(15)
    rows = []
    mine, peer, ratio = against(
        lambda: mvt([layer_named("bays")], tile, audience=OFFICE, on=today), lambda: _plain_tile(tile)
    )
    rows.append(_row("bay tile z15, ms", f"{bays} bays", mine, f"plain SQL {peer:.1f} ms", ratio, "≤ 1.3"))
    mine, peer, ratio = against(
        lambda: b"".join(feature_collection(layer_named("bays"), audience=OFFICE, on=today)),
        _plain_geojson,
        runs=5,
    )
    rows.append(
        _row("all bays as GeoJSON, ms", f"{bays} bays", mine, f"plain SQL {peer:.1f} ms", ratio, "≤ 1.3")
    )
    first = [*_tiles_of_first_view()]
    weight = sum(
        len(mvt(group, each, audience=OFFICE, on=today))
        for each in first
        for group in (list(LAYERS), list(BACKDROP))
    )
    rows.append(
        _row(
            "first view, kB of our data uncompressed",
            f"{len(first)} tiles × 2",
            weight / 1000,
            "",
            "",
            "< 1000",
        )
    )
    for zoom, where, aim in ((15, tile, "≤ 5"), (11, _middle(11), "≤ 12")):
        whole = median_ms(lambda where=where: mvt(list(LAYERS), where, audience=OFFICE, on=today))  # type: ignore[misc]
        rows.append(_row(f"tile of all layers z{zoom}, ms", f"{bays} bays", whole, "", "", aim))
    return rows


def _row(figure: str, size: str, value: float, peer: str, ratio: Any, aim: str) -> dict[str, Any]:
    return {"figure": figure, "size": size, "value": value, "peer": peer, "ratio": ratio, "aim": aim}


def _bounds() -> tuple[float, float, float, float]:
    bounds = city_bounds(OFFICE)
    if bounds is None:
        raise SystemExit("the database has no city: run manage.py demo first")
    return bounds


def _tile_at(lon: float, lat: float, zoom: int) -> Tile:
    count = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return Tile(zoom, int((lon + 180) / 360 * count), int(y * count))


def _busiest(zoom: int) -> Tile:
    """The tile of that zoom with the most bays."""
    size = Tile(zoom, 0, 0).size_m
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT floor((ST_X(c) + %(half)s) / %(size)s)::int, floor((%(half)s - ST_Y(c)) / %(size)s)::int "
            "FROM (SELECT ST_Transform(ST_Centroid(area), 3857) AS c FROM parking_bay) b GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1",
            {"half": HALF_WORLD_M, "size": size},
        )
        x, y = cursor.fetchone()
    return Tile(zoom, x, y)


def _middle(zoom: int) -> Tile:
    west, south, east, north = _bounds()
    return _tile_at((west + east) / 2, (south + north) / 2, zoom)


def _tiles_of_first_view() -> list[Tile]:
    west, south, east, north = _bounds()
    low, high = _tile_at(west, north, 12), _tile_at(east, south, 12)
    return [Tile(12, x, y) for x in range(low.x, high.x + 1) for y in range(low.y, high.y + 1)]


def _plain_tile(tile: Tile) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN_TILE, {"z": tile.z, "x": tile.x, "y": tile.y, "srid": metric_srid()})
        return bytes(cursor.fetchone()[0])


def _plain_geojson() -> str:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN_GEOJSON)
        return str(cursor.fetchone()[0])
