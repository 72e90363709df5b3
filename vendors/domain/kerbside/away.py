"""Shapes from which rectangles along a kerb keep away."""

import numpy as np
import numpy.typing as npt
import shapely

from vendors.domain.kerbside.cells import Cells
from vendors.domain.kerbside.settling import Measure, settled
from vendors.domain.kerbside.strip import Strip
from vendors.domain.rectangles import Flags, Floats, Ints, Rectangles

Shapes = npt.NDArray[np.object_]


def too_near(strip: Strip, shapes: Shapes, required: Floats, *, inset: float) -> Cells:
    """Where rectangles without their outermost `inset` metres come nearer to a shape than `required` metres; 0: stand on it."""
    cell, shape = strip.near(shapes, required)
    some, cell = np.unique(cell, return_inverse=True)
    clearance = _Clearance(strip, shapes, required, inset, (cell, shape))
    low, high = strip.cells
    return settled(strip.runs, strip.size, (low[some], high[some]), clearance)


class _Clearance(Measure):
    """Each cell with the shapes that may matter to it, as pairs; to points and segments the distance is worked out here."""

    def __init__(
        self, strip: Strip, shapes: Shapes, required: Floats, inset: float, pairs: tuple[Ints, Ints]
    ) -> None:
        self.size, self.inset = strip.size, inset
        self.shapes, self.required = shapes, required
        self.is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
        self.xy = shapely.get_coordinates(shapely.centroid(shapes))
        # What a rectangle may come near to but not stand on goes without the depth that a meeting has.
        is_line = shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING
        self.is_segment = is_line & (shapely.get_num_points(shapes) == 2) & (required > 0)
        self.start, self.end = np.zeros((2, len(shapes), 2))
        segments = shapely.get_coordinates(shapes[self.is_segment]).reshape(-1, 2, 2)
        self.start[self.is_segment], self.end[self.is_segment] = segments[:, 0], segments[:, 1]
        self.cell, self.shape = pairs

    def gaps(self, laid: Rectangles) -> Floats:
        required = self.required[self.shape]
        distance = self._distance(laid, self.cell, self.shape, np.full(len(laid.near), self.inset))
        gap = distance - required
        on_it = (distance <= 0) & (required == 0)
        gap[on_it] = np.minimum(distance[on_it], 0.0) - 1e-6
        self.gap = gap
        least = np.full(len(laid.near), np.inf)
        np.minimum.at(least, self.cell, gap)
        return least

    def sweep(self, laid: Rectangles, half: Floats, aside: Floats, wanted: Flags) -> tuple[Flags, Flags]:
        chosen = wanted[self.cell]
        cell, shape = self.cell[chosen], self.shape[chosen]
        clear, broken = wanted.copy(), np.zeros(len(wanted), dtype=bool)
        near = (
            self._distance(laid, cell, shape, self.inset - aside, longer=half, deep=False)
            <= self.required[shape]
        )
        clear[cell[near]] = False
        margin = self.inset + aside
        there = (self.size.length / 2 - margin - half > 0.01) & (self.size.depth / 2 - margin > 0.01)
        cell, shape = cell[there[cell]], shape[there[cell]]
        distance = self._distance(laid, cell, shape, margin, longer=-half, deep=False)
        broken[cell[(distance < self.required[shape]) | (distance <= 0)]] = True
        return clear, broken

    def halve(self, again: Flags, reach: Floats) -> None:
        matters = again[self.cell] & (self.gap < reach[self.cell])
        lower, shape = (np.cumsum(again) - 1)[self.cell[matters]], self.shape[matters]
        self.cell = np.concatenate((lower, lower + int(again.sum())))
        self.shape = np.concatenate((shape, shape))

    def _distance(
        self,
        laid: Rectangles,
        cell: Ints,
        shape: Ints,
        inset: Floats,
        *,
        longer: float | Floats = 0.0,
        deep: bool = True,
    ) -> Floats:
        """Metres from rectangles, cut or grown, to shapes; with `deep` negative where they may not meet and do: by how much, at least."""
        distance = np.empty(len(cell))
        point = self.is_point[shape]
        distance[point] = laid.beyond(cell[point], self.xy[shape[point]], inset, longer=longer)
        segment = self.is_segment[shape]
        ends = (self.start[shape[segment]], self.end[shape[segment]])
        distance[segment] = laid.beyond_segments(cell[segment], ends, inset, longer=longer)
        other = np.flatnonzero(~(point | segment))
        some, index = np.unique(cell[other], return_inverse=True)
        stretched = longer[some] if isinstance(longer, np.ndarray) else longer
        areas, others = (
            laid.only(some).polygons(inset[some], longer=stretched)[index],
            self.shapes[shape[other]],
        )
        distance[other] = shapely.distance(areas, others)
        if deep and (meets := (distance[other] == 0) & (self.required[shape[other]] == 0)).any():
            inside = shapely.point_on_surface(shapely.intersection(areas[meets], others[meets]))
            met = other[meets]
            reached = laid.beyond(cell[met], shapely.get_coordinates(inside), inset)
            distance[met] = np.minimum(reached, 0.0)
        return distance
