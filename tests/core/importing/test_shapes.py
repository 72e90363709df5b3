"""Geometries of files: of the column's kind or refused with a reason, in the city's metres, inside its zone."""

import numpy as np
import pytest
import shapely
from django.conf import settings
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, box

from gridmgr.core.geo.crs import transformer
from gridmgr.core.importing.shapes import ANY_SHAPE, inside_zone, of_type, why_unfit
from tests.drawing import at

LINE, OTHER = LineString([(0, 0), (9, 0)]), LineString([(0, 5), (9, 5)])


def shapes(*each: shapely.Geometry | None) -> np.ndarray:
    return np.array(each, dtype=object)


def why(declared: str, *each: shapely.Geometry | None, allowed: tuple[str, ...] = ()) -> dict[int, str]:
    return dict(why_unfit(shapes(*each), declared, allowed))


@pytest.mark.parametrize(
    ("declared", "given", "taken"),
    [
        ("LINESTRING", MultiLineString([LINE]), LINE),
        (
            "LINESTRING",
            MultiLineString([LINE, OTHER]),
            MultiLineString([LINE, OTHER]),
        ),  # two stay two, and are refused
        ("POLYGON", MultiPolygon([box(0, 0, 2, 2)]), box(0, 0, 2, 2)),
        ("POINT", MultiPoint([(1, 2)]), Point(1, 2)),
        ("POINT", Point(1, 2), Point(1, 2)),
        ("MULTIPOLYGON", box(0, 0, 2, 2), MultiPolygon([box(0, 0, 2, 2)])),
        ("MULTIPOLYGON", LINE, LINE),
        (ANY_SHAPE, MultiPoint([(1, 2)]), MultiPoint([(1, 2)])),
    ],
)
def test_a_part_alone_comes_out_of_its_collection_or_goes_into_one(
    declared: str, given: shapely.Geometry, taken: shapely.Geometry
) -> None:
    file = shapes(given, given)
    assert of_type(file, declared).tolist() == [taken, taken]
    assert file.tolist() == [given, given]  # what the file said is left as it is


def test_each_shape_that_can_not_be_taken_has_one_reason() -> None:
    found = why(
        "LINESTRING", LINE, None, Point(1, 1), LineString(), LineString([(0, 0, 1), (9, 0, 1)]),
        LineString([(0, 0), (np.nan, 0)]), LineString([(np.inf, 0), (1, 0)]), OTHER,
    )  # fmt: skip
    words = {1: "没有几何", 2: "应为单条折线", 3: "几何为空", 4: "三维几何", 5: "坐标", 6: "坐标"}
    assert found.keys() == words.keys()
    assert all(words[index] in reason for index, reason in found.items()), found


@pytest.mark.parametrize("after", [None, LineString()])
def test_a_last_coordinate_that_is_no_number_is_found_whatever_follows(
    after: shapely.Geometry | None,
) -> None:
    assert why("LINESTRING", LINE, LineString([(0, 0), (1, np.nan)]), after).keys() == {1, 2}


def test_a_column_of_any_shape_takes_those_that_its_layer_allows() -> None:
    found = why(ANY_SHAPE, Point(1, 1), LINE, box(0, 0, 1, 1), allowed=("Point", "LineString"))
    assert found.keys() == {2}
    assert "Point、LineString" in found[2]


def test_an_empty_file_has_nothing_unfit() -> None:
    assert why("POINT") == {}


def test_inside_the_zone_is_asked_of_both_ends() -> None:
    away = transformer(4326, settings.GRIDMGR_SRID).transform(
        121.5, 31.2
    )  # Shanghai, in the zone of Taiyuan's metres
    here = at(0, 0)
    found = inside_zone(
        shapes(Point(here), LineString([here, away]), LineString([away, here]), Point(np.inf, 0))
    )
    assert found.tolist() == [True, False, False, False]
