"""Raw rows as shapely has them, for the audits."""

from typing import Any

import numpy as np
import shapely
from django.db import connection
from shapely.ops import substring


def rows(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
    """The answer of one plain statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def shapes(column: list[Any]) -> np.ndarray:
    """A column of ST_AsBinary."""
    return np.asarray(shapely.from_wkb([bytes(each) for each in column]), dtype=object)


def kerbs(longer_m: float) -> list[tuple[int, int, str, shapely.LineString, list[float]]]:
    """Runs of kerb at which something may stand, longer than so many metres: id, road, side, line, metres of road at its vertices."""
    found = rows(
        """
        SELECT k.id, k.road_id, k.side, ST_AsBinary(k.line), k.measures
        FROM grids_kerb k JOIN grids_road r ON r.id = k.road_id
        WHERE r.road_class <> 'expressway' AND ST_Length(k.line) > %s ORDER BY k.id
        """,
        [longer_m],
    )
    return [(pk, road, side, shapely.from_wkb(bytes(wkb)), m) for pk, road, side, wkb, m in found]


def turning(line: shapely.LineString, at: float, around: float) -> float:
    """Degrees by which a line turns within so many metres of one of its metres."""
    part = shapely.get_coordinates(substring(line, max(at - around, 0.0), at + around))
    way = np.diff(part, axis=0)
    bearing = np.unwrap(np.arctan2(way[:, 1], way[:, 0]))
    return float(np.degrees(np.abs(np.diff(bearing)).sum())) if len(bearing) > 1 else 0.0


class Near:
    """Shapes with how far around each is looked: by an index, then by the metre."""

    def __init__(self, found: np.ndarray, half: np.ndarray | float = 0.0) -> None:
        self.shapes, self.half = found, np.broadcast_to(np.asarray(half, dtype=float), len(found))
        self.tree = shapely.STRtree(found)

    def gap(self, area: shapely.Geometry, within: float) -> float:
        """Metres from the area to the nearest edge within so many metres, negative on it; inf when there is none."""
        if not len(self.shapes):
            return float("inf")
        near = self.tree.query(area, predicate="dwithin", distance=within + float(self.half.max()))
        return float((shapely.distance(self.shapes[near], area) - self.half[near]).min(initial=np.inf))
