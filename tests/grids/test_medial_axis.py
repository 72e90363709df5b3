"""The line midway between ways: on a lone way it is the way, between two carriageways it keeps the middle."""

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiLineString

from grids.domain.medial_axis import measures_of, medial_paths, polish

RADIUS = 28.0


def middle_line(*ways: LineString, radius: float = RADIUS) -> LineString:
    (path,) = medial_paths(MultiLineString(ways), radius)
    return polish(path, MultiLineString(ways), radius)


def test_metres_along_points() -> None:
    assert measures_of(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 10.0]])).tolist() == [0, 5, 11]


def test_lone_way_is_its_own_middle() -> None:
    way = LineString([(0, 0), (300, 0), (600, 80)])
    found = middle_line(way)
    assert found.hausdorff_distance(way) < 1.0
    assert found.length == pytest.approx(way.length, abs=1.0)


def test_between_two_carriageways_the_line_keeps_ten_metres_off_each() -> None:
    """Two carriageways 20 m apart, 500 m long: the middle is y = 10, from end to end, without a hook at either."""
    south, north = LineString([(0, 0), (500, 0)]), LineString([(0, 20), (500, 20)])
    found = middle_line(south, north)
    y = shapely.get_coordinates(shapely.segmentize(found, 5.0))[:, 1]
    assert np.abs(y - 10).max() < 0.6
    assert found.length == pytest.approx(500, abs=2.0)


def test_carriageways_farther_apart_than_two_radii_are_two_lines() -> None:
    south, north = LineString([(0, 0), (500, 0)]), LineString([(0, 70), (500, 70)])
    assert len(medial_paths(MultiLineString([south, north]), 28.0)) == 2
    assert len(medial_paths(MultiLineString([south, north]), 38.0)) == 1


def test_half_width_tells_how_far_the_ways_are() -> None:
    south, north = LineString([(0, 0), (500, 0)]), LineString([(0, 20), (500, 20)])
    (path,) = medial_paths(MultiLineString([south, north]), RADIUS)
    inner = (path.xy[:, 0] > 60) & (path.xy[:, 0] < 440)
    assert np.abs(path.half_width[inner] - 10).max() < 0.5
