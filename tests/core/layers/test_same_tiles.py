"""Tiles from statements written earlier hold what the ORM says anew each time: many tiles, readers and days."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.db.models.functions import Centroid
from django.db import connection
from django.db.models import BinaryField, F, Func

from gridmgr.catalog import BACKDROP, FACILITIES, LAYERS, layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import WEB_MERCATOR, metric_box, metric_srid, transformer
from gridmgr.core.geo.tilegrid import Tile
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.tiles import mvt
from gridmgr.core.past import as_of
from tests.conftest import Town
from tests.core.layers.test_tiles import decode, tile_over
from tests.drawing import line, period
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BayFactory,
    RoadFactory,
    ShareFactory,
    SiteFactory,
)

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)
TRIES = 500
BUFFER = 64 / 4096


def plain(layer: Layer, tile: Tile, audience: Audience, on: date) -> bytes:
    """Single features, by a query written for this tile alone."""
    envelope = f"ST_TileEnvelope({tile.z}, {tile.x}, {tile.y})"
    shape, clip = "ST_Transform(%(expressions)s, 3857)", "false"
    if not layer.tiny:
        shape, clip = f"ST_Simplify({shape}, {tile.size_m / 1024!r}, true)", "true"
    drawn = Func(
        F(layer.geometry),
        template=f"ST_AsMVTGeom({shape}, {envelope}, 4096, 64, {clip})",
        output_field=BinaryField(),
    )
    rows = in_tile(layer, tile, audience, on).annotate(p_shape=drawn).order_by()
    inner, values = rows.values("pk", "p_shape", *layer.property_names).query.sql_with_params()
    columns = ", ".join(f'"{name}" AS "{name.removeprefix("p_")}"' for name in layer.property_names)
    with as_of(on), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ST_AsMVT(f, '{layer.name}', 4096, 'p_shape', 'fid'), count(*) FROM "
            f"(SELECT p_shape, pk AS fid, {columns} FROM ({inner}) t WHERE p_shape IS NOT NULL) f",
            values,
        )
        data, count = cursor.fetchone()
    return bytes(data) if count else b""


def in_tile(layer: Layer, tile: Tile, audience: Audience, on: date) -> Any:
    box = metric_box(tile.bounds(buffer=BUFFER), WEB_MERCATOR)
    return layer.annotated(audience, on).filter(**{f"{layer.cover_field}__bboverlaps": box})


def counted(layer: Layer, tile: Tile, audience: Audience, on: date) -> list[int]:
    """How many stand in each cell of which something is shown, worked out here."""
    west, south, east, north = tile.bounds(buffer=BUFFER)
    box = metric_box((west, south, east, north), WEB_MERCATOR).extent
    cell = (box[2] - box[0]) / 12
    with as_of(on):
        centres = [
            row.centre.coords
            for row in in_tile(layer, tile, audience, on).annotate(centre=Centroid(layer.geometry))
        ]
    by_cell = groupby(sorted(centres, key=lambda at: _cell(at, cell)), key=lambda at: _cell(at, cell))
    back = transformer(metric_srid(), WEB_MERCATOR)
    shown = []
    for _cell_of, each in by_cell:
        points = list(each)
        x, y = back.transform(*(sum(axis) / len(points) for axis in zip(*points, strict=True)))
        if west <= x <= east and south <= y <= north:
            shown.append(len(points))
    return sorted(shown)


def _cell(at: tuple[float, float], cell: float) -> tuple[int, int]:
    return round(at[0] / cell), round(at[1] / cell)


def features(data: bytes, layer: Layer, folder: Path) -> list[str]:
    """A tile's features of the layer with keys, properties and shapes, in one order."""
    from pyogrio import list_layers, read_dataframe

    if not data:
        return []
    path = folder / "tile.pbf"
    path.write_bytes(data)
    if layer.name not in {name for name, _ in list_layers(path)}:
        return []
    frame = read_dataframe(path, layer=layer.name)
    return sorted(
        str(sorted((name, str(value)) for name, value in row.items())) for _, row in frame.iterrows()
    )


@pytest.fixture
def lived_in(town: Town, recorded: Callable[[str], Any], at: Callable[[str], Any]) -> Town:
    """The town with a third road and a market, of which some ends this winter, and with changes two days ago."""
    third = RoadFactory(reference_line=line((0, 100), (1000, 100)))
    BayFactory.row(third, 40)
    section = AssignmentFactory(branch=town.own.branch, road=third, period=period("2020-01-01", "2026-12-05"))
    ShareFactory(assignment=section, member=town.own.member)
    market = SiteFactory(code="TD-09", market=True, road=town.other.road, at_m=600, pitches=3)
    AllocationFactory(pitch=market.pitches.first(), period=period("2026-06-01", "2026-12-01"))
    recorded("2026-11-20 10:00")
    town.own.site.name = "改名以后"
    town.own.site.save()
    town.other.bay.delete()
    BayFactory(number="NEW", road=town.other.road, at_m=800)
    recorded("")
    at("2026-11-22 12:00")
    return town


def test_tiles_hold_what_a_query_written_anew_says(lived_in: Town, tmp_path: Path) -> None:
    chance = random.Random(18)
    own, other = lived_in.own.member, lived_in.other.member
    readers = [
        Audience(role="office"),
        Audience(role="secretary", branch_id=own.branch_id, member_id=lived_in.own.secretary.pk),
        Audience(role="member", branch_id=own.branch_id, member_id=own.pk),
        Audience(role="member", branch_id=other.branch_id, member_id=other.pk),
        Audience(role="member"),
    ]
    days = [TODAY, TODAY - timedelta(days=30), TODAY - timedelta(days=3), TODAY + timedelta(days=200)]
    layers = [*LAYERS, *FACILITIES, *BACKDROP]
    held: dict[str, int] = {}
    for _ in range(TRIES):
        layer, reader, on = chance.choice(layers), chance.choice(readers), chance.choice(days)
        tile = tile_over(
            chance.uniform(0, 1000), chance.uniform(-60, 260), chance.choice([8, 11, 13, 14, 15, 16, 17, 18])
        )
        data = mvt([layer], tile, audience=reader, on=on)
        said = (layer.name, reader, on, tile)
        if tile.z + 1 < layer.style.min_zoom:
            assert data == b"", said
        elif tile.z < layer.clustered_below:
            shown = sorted(int(each["n"]) for each in decode(data, layer.name, tmp_path))
            assert shown == counted(layer, tile, reader, on), said
            held["counted"] = held.get("counted", 0) + len(shown)
        else:
            expected = plain(layer, tile, reader, on)
            if data != expected:
                assert features(data, layer, tmp_path) == features(expected, layer, tmp_path), said
            held[layer.name] = held.get(layer.name, 0) + bool(data)
    empty = {layer.name for layer in LAYERS} - {name for name, count in held.items() if count}
    assert not empty, held  # each layer of the town was seen
    assert held["counted"]


def test_tile_of_many_layers_is_the_tiles_of_each(lived_in: Town) -> None:
    tile, reader = tile_over(400, 0, 15), Audience(role="office")
    together = mvt(list(LAYERS), tile, audience=reader, on=TODAY)

    assert together == b"".join(mvt([layer], tile, audience=reader, on=TODAY) for layer in LAYERS)
    assert len(together) > 500


def test_query_is_written_once_for_a_scope_and_day(lived_in: Town) -> None:
    asked: list[tuple[Audience, date]] = []
    bays = layer_named("bays")

    def rows(audience: Audience, on: date) -> Any:
        asked.append((audience, on))
        return bays.rows(audience, on)

    watched = replace(bays, rows=rows)
    planner, secretary = Audience(role="planner"), Audience(role="secretary", branch_id=1, member_id=1)
    member = Audience(role="member", branch_id=1, member_id=2)
    for reader in (planner, secretary, member):
        for x in (100, 400, 700):
            mvt([watched], tile_over(x, 0, 16), audience=reader, on=TODAY)
    mvt([watched], tile_over(0, 0, 16), audience=planner, on=TODAY + timedelta(days=1))

    assert [(each.sees_all, on) for each, on in asked] == [
        (True, TODAY),
        (False, TODAY),
        (True, TODAY + timedelta(days=1)),
    ]
