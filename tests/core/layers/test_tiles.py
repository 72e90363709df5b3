"""Vector tiles, decoded by GDAL: what is in them, for whom, and with how many statements."""

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gridmgr.catalog import LAYERS, layer_named, layers_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Invalid, NotThere
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.geo.tilegrid import Tile
from gridmgr.core.layers.tiles import mvt
from tests.conftest import Town
from tests.drawing import at
from tests.factories import BayFactory, RoadFactory, SiteFactory

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")
TODAY = date(2026, 11, 22)


def tile_over(x: float, y: float, zoom: int) -> Tile:
    """The tile that holds the point x metres east and y metres north of the base point."""
    lon, lat = transformer(metric_srid(), WGS84).transform(*at(x, y))
    count = 2**zoom
    return Tile(
        zoom,
        int((lon + 180) / 360 * count),
        int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * count),
    )


def decode(data: bytes, layer: str, folder: Path) -> list[dict[str, Any]]:
    """The features of one layer of a tile, as GDAL reads them: their properties and the geometry type."""
    from pyogrio import list_layers, read_dataframe

    if not data:
        return []
    path = folder / "tile.pbf"
    path.write_bytes(data)
    if layer not in {name for name, _ in list_layers(path)}:
        return []
    frame = read_dataframe(path, layer=layer)
    return [
        {
            **{key: value for key, value in row.items() if key != "geometry"},
            "shape": row["geometry"].geom_type,
        }
        for row in frame.to_dict("records")
    ]


def test_tile_holds_single_bays_when_near(tmp_path: Path) -> None:
    BayFactory(number="A-1", at_m=100)
    data = mvt([layer_named("bays")], tile_over(103, -6, 17), audience=OFFICE, on=TODAY)

    (bay,) = decode(data, "bays", tmp_path)

    assert (bay["number"], bay["kind"], bay["side"], bay["from_m"], bay["to_m"]) == (
        "A-1",
        "small",
        "right",
        100,
        106,
    )
    assert bay["shape"] in {"Polygon", "MultiPolygon"}


def test_tile_counts_bays_when_far(tmp_path: Path) -> None:
    BayFactory.row(RoadFactory(), 30)
    data = mvt([layer_named("bays")], tile_over(190, -6, 12), audience=OFFICE, on=TODAY)

    cells = decode(data, "bays", tmp_path)

    assert sum(cell["n"] for cell in cells) == 30
    assert len(cells) <= 2  # 30 bays in a row are 180 m: less than a cell of about 800 m
    assert {cell["shape"] for cell in cells} <= {"Point"}


def test_every_bay_is_counted_once_over_neighbouring_tiles(tmp_path: Path) -> None:
    """Four children of a tile hold together what the parent does, but for the rim that neighbours share."""
    BayFactory.row(RoadFactory(), 12)
    parent = tile_over(130, -6, 14)
    children = [Tile(15, parent.x * 2 + dx, parent.y * 2 + dy) for dx in (0, 1) for dy in (0, 1)]

    numbers = {
        bay["number"]
        for child in children
        for bay in decode(mvt([layer_named("bays")], child, audience=OFFICE, on=TODAY), "bays", tmp_path)
    }

    assert len(numbers) == 12


@pytest.mark.usefixtures("on_the_day")
def test_tile_of_several_layers_is_one_statement(tmp_path: Path, town: Town) -> None:
    with CaptureQueriesContext(connection) as queries:
        data = mvt(list(LAYERS), tile_over(400, 0, 15), audience=OFFICE, on=TODAY)

    assert len(queries) == 1
    assert {row["code"] for row in decode(data, "sites", tmp_path)} == {"TD-01", "TD-02"}
    assert {row["branch"] for row in decode(data, "sections", tmp_path)} == {"01", "02"}


@pytest.mark.usefixtures("on_the_day")
@pytest.mark.parametrize("count", [1, 3])
def test_tile_is_one_statement_whatever_it_holds(count: int) -> None:
    road = RoadFactory()
    for index in range(count):
        SiteFactory(road=road, at_m=100 + index * 50, pitches=2)
    with CaptureQueriesContext(connection) as queries:
        mvt(layers_named("sites,pitches"), tile_over(150, -10, 15), audience=OFFICE, on=TODAY)

    assert len(queries) == 1


def test_member_gets_only_what_stands_on_own_stretches(tmp_path: Path, town: Town) -> None:
    member = town.own.member
    audience = Audience(role="member", branch_id=member.branch_id, member_id=member.pk)
    tile = tile_over(400, 100, 13)

    for name, key, mine in [
        ("sites", "code", "TD-01"),
        ("sections", "branch", "01"),
        ("roads", "name", "第01街"),
        ("drop-off-points", "code", "JS-01"),
    ]:
        everyone = decode(mvt([layer_named(name)], tile, audience=OFFICE, on=TODAY), name, tmp_path)
        own = decode(mvt([layer_named(name)], tile, audience=audience, on=TODAY), name, tmp_path)
        assert len(everyone) == 2, name
        assert [row[key] for row in own] == [mine], name


def test_site_tells_free_and_taken_pitches(tmp_path: Path, town: Town) -> None:
    data = mvt([layer_named("sites")], tile_over(300, 0, 14), audience=OFFICE, on=TODAY)

    site = next(row for row in decode(data, "sites", tmp_path) if row["code"] == "TD-01")

    assert (site["pitches"], site["taken"], site["free"]) == (2, 1, 1)


@pytest.mark.parametrize(("z", "x", "y"), [(23, 0, 0), (3, 8, 0), (3, 0, 8), (-1, 0, 0)])
def test_tile_outside_the_grid_is_refused(z: int, x: int, y: int) -> None:
    with pytest.raises(Invalid, match="瓦片"):
        Tile(z, x, y)


def test_unknown_layer_names_those_there_are() -> None:
    with pytest.raises(NotThere, match="drop-off-points"):
        layer_named("nowhere")


@pytest.mark.usefixtures("on_the_day")
def test_tile_search_uses_the_index() -> None:
    """With many bays, the tile's statement finds its rows by the box index and not by reading the table."""
    BayFactory.row(RoadFactory(), 140)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO parking_bay (number, kind, state, road_id, side, stretch, is_demo, area) "
            "SELECT 'N'||n, kind, 'removed', road_id, side, stretch, false, "
            "ST_Translate(area, (n % 200) * 40, 300 + (n / 200) * 40) "
            "FROM parking_bay, generate_series(1, 20000) n WHERE number = (SELECT min(number) FROM parking_bay)"
        )
        cursor.execute("ANALYZE parking_bay")
    with CaptureQueriesContext(connection) as queries:
        mvt([layer_named("bays")], tile_over(103, -6, 17), audience=OFFICE, on=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "parking_bay_area" in plan
    assert "Seq Scan on parking_bay" not in plan
