"""The quick way through a GeoJSON file reads what the strict one reads, and leaves the rest to it."""

import math
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgr.core.importing import geojson, plain_geojson

RING = [[0.0, 0.0], [4.0, 0.0], [4.0, 3.5], [0, 0.0]]
GOOD: dict[str, Any] = {
    "Point": [1, 2.5],
    "MultiPoint": [[1, 2], [3, 4]],
    "LineString": [[1, 2], [3, 4], [5, 6]],
    "MultiLineString": [[[1, 2], [3, 4]], [[5, 6], [7, 8], [9, 9]]],
    "Polygon": [RING, [[1, 0.2], [2, 0.2], [2, 0.5], [1, 0.2]]],
    "MultiPolygon": [[RING], [RING, [[1, 0.2], [2, 0.2], [2, 0.5], [1, 0.2]]]],
}
# What is legal but rare, or a fault: each is for the strict reader.
UNUSUAL: list[tuple[str, Any]] = [
    ("Point", [1, 2, 3]),
    ("Point", [1]),
    ("Point", []),
    ("Point", [1, "2"]),
    ("Point", [True, 2]),
    ("Point", [math.nan, 2]),
    ("Point", [1e300, 2]),
    ("LineString", [[1, 2]]),
    ("LineString", [1, 2]),
    ("Polygon", []),
    ("Polygon", [RING[:3]]),
    ("Polygon", [RING, []]),
    ("Polygon", [[*RING[:3], [0.1, 0]]]),
    ("MultiPolygon", [RING]),
    ("GeometryCollection", []),
    ("Circle", [1, 2]),
]


def member(kind: str, coordinates: Any) -> dict[str, Any]:
    return {"type": kind, "coordinates": coordinates}


def features(members: list[Any], **properties: Any) -> list[Any]:
    return [
        {"type": "Feature", "properties": {"n": n} | (properties if n else {}), "geometry": each}
        for n, each in enumerate(members)
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.none(), st.sampled_from(list(GOOD))), max_size=8))
def test_both_ways_read_the_same(kinds: list[str | None]) -> None:
    given_features = features([kind and member(kind, GOOD[kind]) for kind in kinds], name="路", tags=[1, {}])
    plain = plain_geojson.take(given_features)
    assert (plain is None) == (not kinds)
    if plain is not None:
        rows, shapes, troubles = geojson.checked(given_features)
        assert (
            (plain[0], plain[2]) == (rows, troubles) == ([each["properties"] for each in given_features], {})
        )
        assert shapely.equals_identical(plain[1], shapes).tolist() == [kind is not None for kind in kinds]


@pytest.mark.parametrize(("kind", "coordinates"), UNUSUAL)
def test_unusual_geometry_is_left_to_the_strict_reader(kind: str, coordinates: Any) -> None:
    members = [member("Point", [1, 2]), member(kind, coordinates)]
    assert plain_geojson.take(features(members)) is None


@pytest.mark.parametrize("feature", [None, 7, {}, {"type": "Feature"}, {"type": "Punkt", "geometry": None}])
def test_what_is_no_feature_is_left_to_the_strict_reader(feature: Any) -> None:
    assert plain_geojson.take([*features([None]), feature]) is None
