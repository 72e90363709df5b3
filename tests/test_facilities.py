"""Facilities as layers, files and simulated rows; and what the last check of places says on the map."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import shapely
from django.contrib.gis.geos import LineString
from django.core.management import CommandError, call_command

from gridmgr.catalog import FACILITIES, LAYERS, layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers.geojson import feature_collection
from gridmgr.demo.facilities import HYDRANT_EVERY_M, STOP_EVERY_M, simulate_facilities
from grids.enums import FacilityKind
from grids.models import SRID, Facility, Kerb
from tests.drawing import line, rect
from tests.factories import RoadFactory, SiteFactory
from tests.vendors.siting import facility, spot
from vendors.domain.batch import check_places, keep
from vendors.domain.place import as_shapely
from vendors.domain.profile import install_demo_profile

pytestmark = pytest.mark.django_db
PLANNER = Audience(role="planner")
ON = date(2026, 11, 22)


def features(name: str) -> list[dict[str, Any]]:
    body = b"".join(feature_collection(layer_named(name), audience=PLANNER, on=ON))
    return orjson.loads(body)["features"]


# ── Layers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_kind_of_facility_has_its_layer_and_only_its_own_rows() -> None:
    for kind in FacilityKind:
        spot(kind, 10, 10, name=kind.value) if kind != FacilityKind.FOOTWAY else facility(
            kind, line((0, 0), (50, 0)), name=kind.value, width_m=3.0
        )
    names = [layer.name for layer in FACILITIES if layer.name != "verdicts"]
    assert sorted(names) == [
        *("bus-stops", "crossings", "fire-lanes", "fire-stations", "footways", "fuel-stations"),
        *("hydrants", "junctions", "no-vending-areas"),
    ]
    shown = {name: [feature["properties"]["name"] for feature in features(name)] for name in names}
    assert sorted(value for values in shown.values() for value in values) == sorted(FacilityKind.values)
    assert shown["bus-stops"] == ["bus_stop"]
    assert features("footways")[0]["properties"]["width_m"] == 3.0
    assert not {layer.name for layer in LAYERS} & {layer.name for layer in FACILITIES}


def test_verdicts_of_the_last_check_are_a_layer() -> None:
    install_demo_profile()
    SiteFactory(code="TD-01")
    SiteFactory(code="TD-02", at_m=700)
    spot("junction", 330, -14)
    assert [feature["properties"]["result"] for feature in features("verdicts")] == ["unchecked", "unchecked"]
    keep(check_places(on=ON), on=ON)
    SiteFactory(code="TD-03", at_m=900)
    found = {f["properties"]["code"]: f["properties"] for f in features("verdicts")}
    assert {code: values["result"] for code, values in found.items()} == {
        "TD-01": "hard",
        "TD-02": "good",
        "TD-03": "unchecked",
    }
    assert found["TD-01"]["rules_of"] == "2026-11-22"


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
def test_footways_go_out_and_come_in_unchanged(tmp_path: Path, suffix: str) -> None:
    facility("footway", line((0, 0), (80, 0), (120, 30)), name="新建路", width_m=3.5)
    facility("footway", line((0, 10), (80, 10)), width_m=2.0)
    other = spot("hydrant", 5, 5)
    path = tmp_path / f"footways.{suffix}"
    call_command("export_layer", "footways", str(path), verbosity=0)
    before = {row.source_id: (row.name, row.width_m, row.shape.wkt) for row in Facility.objects.all()}
    call_command("import_layer", "footways", str(path), verbosity=0)
    assert {row.source_id: (row.name, row.width_m, row.shape.wkt) for row in Facility.objects.all()} == before
    Facility.objects.filter(kind="footway").delete()
    call_command("import_layer", "footways", str(path), verbosity=0)
    back = Facility.objects.filter(kind="footway")
    assert {row.source_id: (row.name, row.width_m) for row in back} == {
        key: value[:2] for key, value in before.items() if key != other.source_id
    }
    assert {str(row.shape.geom_type) for row in back} == {"LineString"}


def geojson(tmp_path: Path, *rows: tuple[str, dict[str, Any]]) -> str:
    path = tmp_path / "things.geojson"
    made = [
        {
            "type": "Feature",
            "geometry": shape,
            "properties": {"source_id": source_id, "name": "某处", "width_m": 3},
        }
        for source_id, shape in rows
    ]
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": made}))
    return str(path)


POINT = {"type": "Point", "coordinates": [111.86, 37.84]}
AREA = {
    "type": "Polygon",
    "coordinates": [[[111.86, 37.84], [111.861, 37.84], [111.861, 37.841], [111.86, 37.84]]],
}


def test_hydrants_and_areas_are_imported_with_their_kind(tmp_path: Path) -> None:
    call_command("import_layer", "hydrants", geojson(tmp_path, ("h1", POINT), ("h2", POINT)), verbosity=0)
    call_command("import_layer", "fuel-stations", geojson(tmp_path, ("f1", POINT), ("f2", AREA)), verbosity=0)
    kinds = dict(Facility.objects.values_list("source_id", "kind"))
    assert kinds == {"h1": "hydrant", "h2": "hydrant", "f1": "fuel_station", "f2": "fuel_station"}
    assert not Facility.objects.filter(is_demo=True).exists()


@pytest.mark.parametrize(
    ("layer", "shape"), [("footways", POINT), ("no-vending-areas", POINT), ("hydrants", AREA)]
)
def test_shapes_that_a_layer_does_not_take_are_refused(
    tmp_path: Path, layer: str, shape: dict[str, Any]
) -> None:
    with pytest.raises((SystemExit, CommandError)):
        call_command("import_layer", layer, geojson(tmp_path, ("x1", shape)), verbosity=0)
    assert not Facility.objects.exists()


# ── Simulated ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def streets() -> None:
    """A straight arterial of 3 km and a local street of 1 km, with both kerbs, 15 m apart."""
    for name, road_class, y, length in (("大街", "arterial", 0, 3000), ("小巷", "local", 400, 1000)):
        road = RoadFactory(
            name=name,
            road_class=road_class,
            reference_line=LineString(line((0, y), (length, y)).coords, srid=SRID),
        )
        for side, off in (("left", 7.5), ("right", -7.5)):
            Kerb.objects.create(
                road=road,
                side=side,
                line=line((0, y + off), (length, y + off)),
                measures=[0.0, float(length)],
            )


def of_kind(kind: str) -> list[tuple[Facility, shapely.Geometry]]:
    return [(row, as_shapely(row.shape)) for row in Facility.objects.filter(kind=kind).order_by("source_id")]


def test_same_seed_gives_the_same_facilities_all_marked(streets: None) -> None:
    real = spot("hydrant", 2500, 900, source="surveyed")
    counts = simulate_facilities(np.random.default_rng(3))
    first = {row.source_id: row.shape.wkt for row in Facility.objects.filter(is_demo=True)}
    assert simulate_facilities(np.random.default_rng(3)) == counts
    assert {row.source_id: row.shape.wkt for row in Facility.objects.filter(is_demo=True)} == first
    assert Facility.objects.get(is_demo=False) == real
    assert sum(counts.values()) == len(first)


def test_simulated_facilities_are_plausible(streets: None) -> None:
    simulate_facilities(np.random.default_rng(3))
    kerbs = {(kerb.road.name, kerb.side): as_shapely(kerb.line) for kerb in Kerb.objects.all()}
    # Stops on both kerbs of the arterial, about every 500 m of 6 km; none in the lane.
    stops = of_kind("bus_stop")
    assert 6_000 / STOP_EVERY_M[1] - 3 <= len(stops) <= 6_000 / STOP_EVERY_M[0] + 2
    assert {row.name for row, _shape in stops} == {"大街站"}
    # Hydrants on one side of each street, about every 120 m of 4 km, a metre outside the kerb.
    hydrants = of_kind("hydrant")
    assert abs(len(hydrants) - 4_000 / HYDRANT_EVERY_M) <= 5
    for _row, shape in hydrants:
        assert min(kerb.distance(shape) for kerb in kerbs.values()) == pytest.approx(1.0)
    for name in ("大街", "小巷"):
        sides = {
            min(kerbs, key=lambda key, shape=shape: kerbs[key].distance(shape))  # type: ignore[misc]
            for row, shape in hydrants
            if row.name.startswith(name)
        }
        assert len(sides) == 1
    # Footways begin at the kerb and lie outside it: the arterial's kerbs are at y = 7.5 and -7.5.
    for row, shape in of_kind("footway"):
        assert row.width_m is not None
        assert 2.0 <= row.width_m <= 8.0
        assert min(kerb.distance(shape) for kerb in kerbs.values()) == pytest.approx(row.width_m / 2)
        middle = shape.centroid.y - 4_190_000 - (0 if row.name == "大街" else 400)
        assert abs(middle) > 7.5
    assert sum(shape.length for _row, shape in of_kind("footway")) == pytest.approx(8_000, abs=1)
    assert {row.kind for row in Facility.objects.all()} >= {
        "fire_station",
        "fuel_station",
        "fire_lane",
        "no_vending",
    }


def test_simulated_stops_keep_clear_of_junctions(streets: None) -> None:
    facility("junction", rect(200, -20, 2600, 40))
    simulate_facilities(np.random.default_rng(3))
    junction = as_shapely(Facility.objects.get(kind="junction").shape)
    assert all(shape.distance(junction) >= 25 for _row, shape in of_kind("bus_stop"))
