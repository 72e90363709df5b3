"""How well a line stands for the ways of a road: what of them lies beside it, and where it runs beside itself.

All coordinates are metres in the city's projected CRS.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString

from grids.domain.medial_axis import Floats, measures_of

Points = npt.NDArray[np.object_]
_Flags = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.intp]

WITHIN_M = 40.0  # a way nearer than this to the line is covered
APART_M = 200.0  # stretches nearer than this along the line are neighbours, not a doubling

SAMPLE_M = 3.0


@dataclass(frozen=True)
class Way:
    """A drawn way that bears the road's name: its line and width in metres, drawn in driving direction when one-way."""

    line: LineString
    key: Hashable
    oneway: bool = False
    width_m: float = 7.0
    is_link: bool = False


@dataclass(frozen=True)
class Samples:
    """Points along the ways, the metres that each stands for, and the place of its way among the ways."""

    points: Points
    metres: Floats
    owner: _Places

    def those(self, flags: _Flags) -> Samples:
        return Samples(self.points[flags], self.metres[flags], self.owner[flags])

    def near(self, line: shapely.Geometry, within_m: float) -> _Flags:
        """Which points lie within so many metres of the line."""
        shapely.prepare(line)
        near: _Flags = shapely.dwithin(line, self.points, within_m)
        return near

    def share_near(self, line: shapely.Geometry, within_m: float) -> float:
        total = self.total_m
        return float(self.metres[self.near(line, within_m)].sum()) / total if total else 1.0

    @property
    def total_m(self) -> float:
        return float(self.metres.sum())


# ------------------------------------------------------------------------------------------------ the two checks


def covered_share(line: LineString, ways: Iterable[Way], within_m: float = WITHIN_M) -> float:
    """Share (0 to 1) of the ways' length that lies within `within_m` metres of the line, from samples 2 m apart."""
    return sampled(list(ways), 2.0).share_near(line, within_m)


def beside_itself_m(line: LineString, within_m: float = WITHIN_M, apart_m: float = APART_M) -> float:
    """Longest stretch, in metres, on which the line comes within `within_m` of a part of itself `apart_m` away along it."""
    from scipy.spatial import cKDTree

    count = max(2, int(np.ceil(line.length / 4.0)) + 1)
    measures = np.linspace(0.0, line.length, count)
    pairs = cKDTree(points_at(line, measures)).query_pairs(within_m, output_type="ndarray")
    far = pairs[np.abs(measures[pairs[:, 0]] - measures[pairs[:, 1]]) > apart_m]
    beside = np.zeros(count, dtype=bool)
    beside[far.ravel()] = True
    return float(_longest_run(beside) * measures[1])


def points_at(line: LineString, measures: Floats) -> Floats:
    """Coordinates at many measures along a line (one pass; GEOS would start anew for each)."""
    xy = shapely.get_coordinates(line)
    return np.column_stack([np.interp(measures, measures_of(xy), xy[:, axis]) for axis in (0, 1)])


def _longest_run(flags: _Flags) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def sampled(ways: Sequence[Way], step_m: float = SAMPLE_M) -> Samples:
    """Points in the middle of equal steps, at most `step_m` long, along each way."""
    lines = np.array([way.line for way in ways], dtype=object)
    lengths = shapely.length(lines)
    counts = np.maximum(1, np.ceil(lengths / step_m).astype(int))
    owner = np.repeat(np.arange(len(lines)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    metres = (lengths / counts)[owner]
    return Samples(shapely.line_interpolate_point(lines[owner], (place + 0.5) * metres), metres, owner)
