"""Tiles and GeoJSON over HTTP: ETags, scope, bad parameters, and the monitor's page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from gridmgr.catalog import BACKDROP, LAYERS
from tests.conftest import Town
from tests.factories import BayFactory

pytestmark = pytest.mark.django_db
TILE = "/tiles/bays,sites/12/3328/1583.pbf"


def features(response: Any) -> dict[str, Any]:
    return json.loads(b"".join(response.streaming_content))


@pytest.mark.parametrize("layer", [layer.name for layer in [*LAYERS, *BACKDROP]])
def test_each_layer_is_geojson_in_wgs84(client_as: Callable[..., Client], town: Town, layer: str) -> None:
    answer = features(client_as("office").get(f"/layers/{layer}.geojson"))

    assert answer["type"] == "FeatureCollection"
    assert answer["truncated"] is False
    if layer not in {each.name for each in BACKDROP}:
        assert len(answer["features"]) >= 2
    for feature in answer["features"]:
        lon, lat = _first_position(feature["geometry"]["coordinates"])
        assert 112 < lon < 114
        assert 37 < lat < 39


def _first_position(coordinates: Any) -> tuple[float, float]:
    while isinstance(coordinates[0], list):
        coordinates = coordinates[0]
    return coordinates[0], coordinates[1]


@pytest.mark.django_db(transaction=True)  # a change is told apart by its transaction
def test_tile_is_304_until_data_changes(client_as: Callable[..., Client], town: Town) -> None:
    client = client_as("office")
    first = client.get(TILE)
    again = client.get(TILE, headers={"If-None-Match": first["ETag"]})
    BayFactory(number="NEW", road=town.own.road, at_m=700)
    changed = client.get(TILE, headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""
    assert changed["ETag"] != first["ETag"]


@pytest.mark.django_db(transaction=True)  # a change is told apart by its transaction
def test_raw_sql_changes_the_etag(client_as: Callable[..., Client], town: Town) -> None:
    client = client_as("office")
    before = client.get(TILE)["ETag"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE vendors_site SET bins = bins + 1")

    assert client.get(TILE)["ETag"] != before


def test_etag_tells_readers_apart(client_as: Callable[..., Client], town: Town) -> None:
    office = client_as("office").get(TILE)["ETag"]
    member = client_as("member", member=town.own.member).get(TILE)["ETag"]

    assert office != member


def test_geojson_is_cut_to_the_box(client_as: Callable[..., Client], town: Town) -> None:
    client = client_as("office")
    everything = features(client.get("/layers/sites.geojson"))
    nothing = features(client.get("/layers/sites.geojson?bbox=100,30,100.1,30.1"))

    assert len(everything["features"]) == 2
    assert nothing["features"] == []


def test_points_lie_inside(client_as: Callable[..., Client], town: Town) -> None:
    answer = features(client_as("office").get("/layers/schools.geojson?points=1"))

    assert {feature["geometry"]["type"] for feature in answer["features"]} == {"Point"}


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/layers/sites.geojson?bbox=1,2,3", 400, "bbox"),
        ("/layers/sites.geojson?bbox=nan,1,2,3", 400, "bbox"),
        ("/layers/sites.geojson?bbox=5,1,2,3", 400, "bbox"),
        ("/layers/sites.geojson?date=gestern", 400, "gestern"),
        ("/layers/sites.geojson?date=2026-13-40", 400, "2026-13-40"),
        ("/layers/nowhere.geojson", 404, "nowhere"),
        ("/tiles/nowhere/1/0/0.pbf", 404, "nowhere"),
        ("/tiles/bays/3/9/0.pbf", 400, "3/9/0"),
        ("/tiles/bays/99/0/0.pbf", 400, "99/0/0"),
    ],
)
def test_bad_requests_are_told_in_words(
    client_as: Callable[..., Client], address: str, status: int, words: str
) -> None:
    answer = client_as("office").get(address)

    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_anonymous_gets_no_data(client: Client, town: Town) -> None:
    for address in (TILE, "/layers/sites.geojson"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/")


def test_healthz_is_open_to_monitors(client: Client, db: None) -> None:
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json()["database"] is True


def test_no_field_of_a_layer_holds_a_phone(client_as: Callable[..., Client], town: Town) -> None:
    client = client_as("administrator")
    for layer in LAYERS:
        body = json.dumps(features(client.get(f"/layers/{layer.name}.geojson")))
        assert not [phone for phone in town.phones if phone in body], layer.name
