"""The features of a GeoJSON file without a fault, all at once: several times as fast as row by row.

Anything unusual (a third coordinate, an open ring, NaN, text for a number) is left to gridmgr.core.importing.geojson, which
finds the row and says what is wrong with it.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely

# The features' properties, their geometries, and what is wrong with some: (value, reason) by index.
Taken = tuple[list[dict[str, Any]], np.ndarray, dict[int, tuple[str, str]]]

# How deep the positions lie in each type's coordinates.
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
# Fewest positions of a line's run and of a ring.
_FEWEST = {
    "Point": 1,
    "MultiPoint": 1,
    "LineString": 2,
    "MultiLineString": 2,
    "Polygon": 4,
    "MultiPolygon": 4,
}


class _Unusual(Exception):
    """Something that the strict reader has to look at."""


def take(features: Sequence[Any]) -> Taken | None:
    """The features' properties and geometries, coordinates as in the file; None for anything unusual."""
    try:
        _must(all(feature["type"] == "Feature" for feature in features))
        rows = [feature["properties"] for feature in features]
        _must(set(map(type, rows)) == {dict})
        return rows, _shapes([feature["geometry"] for feature in features]), {}
    except (_Unusual, ValueError, TypeError, KeyError, AttributeError, shapely.errors.GEOSException):
        return None


def _must(holds: bool) -> None:
    if not holds:
        raise _Unusual


def _shapes(members: Sequence[Any]) -> np.ndarray:
    kinds = np.array([None if each is None else each["type"] for each in members], dtype=object)
    shapes = np.full(len(members), None, dtype=object)
    for kind in set(kinds) - {None}:
        _must(kind in DEPTH)
        chosen = np.flatnonzero(kinds == kind)
        shapes[chosen] = _of_kind(kind, [members[index]["coordinates"] for index in chosen.tolist()])
    return shapes


def _of_kind(kind: str, level: list[Any]) -> np.ndarray:
    """Geometries of one kind from their nested coordinates, level by level."""
    starts = []
    for _depth in range(DEPTH[kind]):
        _must(set(map(type, level)) == {list})
        counts = np.fromiter(map(len, level), dtype=np.int64, count=len(level))
        _must(bool((counts > 0).all()))
        starts.append(np.concatenate([[0], np.cumsum(counts)]))
        level = list(chain.from_iterable(level))
    _must(set(map(type, level)) == {list} and set(map(len, level)) == {2})
    numbers = list(chain.from_iterable(level))
    _must(set(map(type, numbers)) <= {int, float})
    places = np.array(numbers, dtype=float).reshape(-1, 2)
    _must(bool((np.abs(places) < 1e15).all()))
    if starts:
        _must(bool((np.diff(starts[-1]) >= _FEWEST[kind]).all()))
    if kind.endswith("Polygon"):
        _must(bool((places[starts[-1][:-1]] == places[starts[-1][1:] - 1]).all()))
    return shapely.from_ragged_array(
        shapely.GeometryType[kind.upper()], places, tuple(reversed(starts)) or None
    )
