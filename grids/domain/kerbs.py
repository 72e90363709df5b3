"""The two kerbs of a road: the outer edges of its outermost carriageways, beside its reference line.

At stations along the line the perpendicular is cut with the ways that bear the road's name. The farthest one on a side,
plus half its width, gives that side's offset. All values are metres in the city's projected CRS; left and right are
seen in the line's direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString

from grids.domain.line_quality import WITHIN_M, Way
from grids.domain.reference_line import ReferenceLine

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Side = Literal["left", "right"]
Carriageway = Literal["dual", "two_way", "one_way"]

STATION_M = 10.0
REACH_M = WITHIN_M
MEDIAN_M = 70.0  # a ramp or slip lane shorter than half of this leaves no mark on the kerb
MIN_RUN_M = 5.0
DUAL_APART_M = 3.0  # one-way ways nearer to each other across the line are one carriageway drawn twice


@dataclass(frozen=True)
class KerbRun:
    """An unbroken stretch of kerb; `measures` holds, for each vertex, the metres along the reference line."""

    line: LineString
    measures: Floats


@dataclass(frozen=True)
class Kerbs:
    """Both kerbs of a road, cut where the road has gaps, and the kind of its carriageway.

    `shares` gives, for each kind, the share (0 to 1) of the road's length, gaps left out.
    """

    left: list[KerbRun]
    right: list[KerbRun]
    carriageway: Carriageway
    shares: dict[Carriageway, float]

    def side(self, side: Side) -> list[KerbRun]:
        return self.left if side == "left" else self.right


@dataclass(frozen=True)
class _Stations:
    """Points along the line with their unit normals to the left."""

    measures: Floats
    xy: Floats
    normals: Floats


@dataclass(frozen=True)
class _Crossings:
    """Where the perpendiculars meet the ways: station, offset (left positive), and the index of the way."""

    station: npt.NDArray[np.intp]
    offset: Floats
    way: npt.NDArray[np.intp]


def derive_kerbs(reference: ReferenceLine, ways: Sequence[Way]) -> Kerbs:
    """Return the kerbs of the road with this reference line and these ways, in any order.

    Ramps and slip roads (`is_link`) are passed over wherever another way of the road lies beside the line.
    """
    ways = sorted(ways, key=lambda way: (str(way.key), way.line.wkb))
    left: list[KerbRun] = []
    right: list[KerbRun] = []
    kinds: list[tuple[Carriageway, float]] = []
    for start, end in _stretches_with_road(reference):
        stations = _stations(reference.line, start, end)
        crossings = _without_links(_crossings(stations, ways), ways)
        left += _kerb_runs(stations, _offsets(stations, crossings, ways, 1))
        right += _kerb_runs(stations, -_offsets(stations, crossings, ways, -1))
        kinds += _kinds(stations, crossings, ways)
    shares = _shares(kinds, ways)
    return Kerbs(left, right, max(shares, key=lambda kind: shares[kind]), shares)


def _stretches_with_road(reference: ReferenceLine) -> list[tuple[float, float]]:
    """The stretches of the line between its gaps; the whole line when nothing would be left."""
    bounds = [0.0, *(measure for gap in reference.gaps for measure in gap), reference.line.length]
    stretches = [(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=True) if b - a >= MIN_RUN_M]
    return stretches or [(0.0, reference.line.length)]


# ------------------------------------------------------------------------------------------------ stations


def _stations(line: LineString, start: float, end: float) -> _Stations:
    """Stations every STATION_M metres and at the line's vertices."""
    regular = np.linspace(start, end, max(2, int(np.ceil((end - start) / STATION_M)) + 1))
    vertices = _measures_of_vertices(line)
    inside = vertices[(vertices > start + 0.5) & (vertices < end - 0.5)]
    measures = np.sort(np.concatenate((regular, inside)))
    measures = measures[np.concatenate(([True], np.diff(measures) > 0.05))]
    return _Stations(measures, _points_at(line, measures), _normals(line, measures, start, end))


def _measures_of_vertices(line: LineString) -> Floats:
    steps = np.diff(shapely.get_coordinates(line), axis=0)
    return np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))


def _normals(line: LineString, measures: Floats, start: float, end: float) -> Floats:
    """Unit normals to the left, of the chord 2 m to either side, so that a bend has one direction at its vertex."""
    before, after = measures - 2.0, measures + 2.0
    if line.is_ring:
        before, after = before % line.length, after % line.length
    else:
        before, after = np.maximum(before, start), np.minimum(after, end)
    chord = _points_at(line, after) - _points_at(line, before)
    length = np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-9)
    return np.column_stack((-chord[:, 1], chord[:, 0])) / length[:, None]


def _points_at(line: LineString, measures: Floats) -> Floats:
    xy = shapely.get_coordinates(line)
    return np.column_stack([np.interp(measures, _measures_of_vertices(line), xy[:, axis]) for axis in (0, 1)])


# ------------------------------------------------------------------------------------------------ offsets


def _crossings(stations: _Stations, ways: Sequence[Way]) -> _Crossings:
    """Every meeting of a perpendicular, REACH_M to both sides, with a way that runs along the line."""
    reach = stations.normals * REACH_M
    across = shapely.linestrings(np.stack((stations.xy - reach, stations.xy + reach), axis=1))
    segments, owner = _segments(ways)
    station, segment = shapely.STRtree(segments).query(across, predicate="intersects")
    meeting = shapely.centroid(shapely.intersection(across[station], segments[segment]))
    # Segments that only just touch may "intersect" and yet have an empty intersection.
    there = ~shapely.is_empty(meeting)
    station, segment, meeting = station[there], segment[there], meeting[there]
    met = shapely.get_coordinates(meeting)
    offset = np.einsum("ij,ij->i", met - stations.xy[station], stations.normals[station])
    along = _runs_along(segments[segment], stations.normals[station])
    order = np.lexsort((owner[segment[along]], offset[along], station[along]))
    return _Crossings(station[along][order], offset[along][order], owner[segment][along][order])


def _without_links(crossings: _Crossings, ways: Sequence[Way]) -> _Crossings:
    """The crossings but for those of links at stations that meet another way too."""
    is_link = np.array([way.is_link for way in ways])[crossings.way]
    keep = ~is_link | ~np.isin(crossings.station, crossings.station[~is_link])
    return _Crossings(crossings.station[keep], crossings.offset[keep], crossings.way[keep])


def _segments(ways: Sequence[Way]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp]]:
    xy, way = shapely.get_coordinates(np.array([way.line for way in ways], dtype=object), return_index=True)
    same = way[1:] == way[:-1]
    return shapely.linestrings(np.stack((xy[:-1][same], xy[1:][same]), axis=1)), way[1:][same]


def _runs_along(segments: npt.NDArray[np.object_], normals: Floats) -> Flags:
    """Whether each segment lies within 60 degrees of the line's direction; a side arm across it is no kerb."""
    ends = shapely.get_coordinates(segments).reshape(-1, 2, 2)
    direction = ends[:, 1] - ends[:, 0]
    length = np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-9)
    return np.abs(np.einsum("ij,ij->i", direction, normals)) / length <= np.sin(np.radians(60.0))


def _offsets(stations: _Stations, crossings: _Crossings, ways: Sequence[Way], side: int) -> Floats:
    """Metres from the line to the kerb on one side (1 left, -1 right), one for each station, smoothed."""
    half = np.array([way.width_m for way in ways])[crossings.way] / 2
    outer = np.full(len(stations.measures), -np.inf)
    np.maximum.at(outer, crossings.station, side * crossings.offset + half)
    known = np.isfinite(outer)
    if not known.any():
        widest = max((way.width_m for way in ways), default=7.0)
        return np.full(len(outer), widest / 2)
    filled = np.interp(stations.measures, stations.measures[known], outer[known])
    return np.maximum(_median_along(stations.measures, filled), 0.5)


def _median_along(measures: Floats, values: Floats) -> Floats:
    """Running median over MEDIAN_M metres, at stations that need not be evenly spaced."""
    low = np.searchsorted(measures, measures - MEDIAN_M / 2, side="left")
    high = np.searchsorted(measures, measures + MEDIAN_M / 2, side="right")
    return np.array([np.median(values[a:b]) for a, b in zip(low, high, strict=True)])


# ------------------------------------------------------------------------------------------------ kerb lines


def _kerb_runs(stations: _Stations, offsets: Floats) -> list[KerbRun]:
    xy = stations.xy + stations.normals * offsets[:, None]
    keep = _without_loops(xy, stations, offsets)
    if keep.sum() < 2:
        return []
    return [KerbRun(LineString(np.round(xy[keep], 3)), np.round(stations.measures[keep], 3))]


def _without_loops(xy: Floats, stations: _Stations, offsets: Floats) -> Flags:
    """Which kerb vertices to keep: those no nearer to the line than their offset, and in the line's direction.

    On the inside of a bend the offset points of its two arms pass each other; there they lie too near to the other arm.
    """
    axis = LineString(stations.xy) if len(stations.xy) > 1 else None
    shapely.prepare(axis)
    keep = shapely.distance(axis, shapely.points(xy)) >= 0.9 * np.abs(offsets) - 0.3
    keep[[0, -1]] = True
    return _forward_only(xy, stations.normals, keep)


def _forward_only(xy: Floats, normals: Floats, keep: Flags) -> Flags:
    """Drop vertices that step back against the line's direction, then any loop that is left."""
    forward = np.column_stack((normals[:, 1], -normals[:, 0]))
    kept: list[int] = []
    for index in np.flatnonzero(keep):
        while kept and float((xy[index] - xy[kept[-1]]) @ (forward[index] + forward[kept[-1]])) <= 0.0:
            if len(kept) == 1:
                break
            kept.pop()
        kept.append(int(index))
    kept = _untangled(xy, kept)
    flags = np.zeros(len(xy), dtype=bool)
    flags[kept] = True
    return flags


def _untangled(xy: Floats, kept: list[int]) -> list[int]:
    """Cut out the vertices of any remaining loop, the shortest loop first."""
    while len(kept) > 3 and (loop := _first_loop(xy[kept])) is not None:
        start, end = loop
        kept = kept[: start + 1] + kept[end + 1 :]
    return kept


def _first_loop(xy: Floats) -> tuple[int, int] | None:
    """Indices (i, j) of the nearest pair of segments i..i+1 and j..j+1 that cross, or None."""
    segments = shapely.linestrings(np.stack((xy[:-1], xy[1:]), axis=1))
    a, b = shapely.STRtree(segments).query(segments, predicate="crosses")
    apart = b - a
    candidates = np.flatnonzero(apart > 1)
    if not len(candidates):
        return None
    best = candidates[int(np.argmin(apart[candidates]))]
    # A crossing of two far parts is the road's own shape (a loop ramp), not a loop of the offset.
    return None if apart[best] > 40 else (int(a[best]), int(b[best]))


# ------------------------------------------------------------------------------------------------ kind of carriageway


def _kinds(
    stations: _Stations, crossings: _Crossings, ways: Sequence[Way]
) -> list[tuple[Carriageway, float]]:
    """The kind of carriageway at each station that meets a way, with the length that the station stands for."""
    oneway = np.array([way.oneway for way in ways])[crossings.way]
    lengths = np.gradient(stations.measures)
    bounds = np.searchsorted(crossings.station, np.arange(len(lengths) + 1))
    return [
        (_kind(crossings.offset[a:b], oneway[a:b]), float(length))
        for a, b, length in zip(bounds[:-1], bounds[1:], lengths, strict=True)
        if b > a
    ]


def _kind(offsets: Floats, oneway: Flags) -> Carriageway:
    ones = offsets[oneway]
    if len(ones) > 1 and ones[-1] - ones[0] > DUAL_APART_M:
        return "dual"
    return "one_way" if oneway.all() else "two_way"


def _shares(kinds: Iterable[tuple[Carriageway, float]], ways: Sequence[Way]) -> dict[Carriageway, float]:
    lengths: dict[Carriageway, float] = {"dual": 0.0, "two_way": 0.0, "one_way": 0.0}
    for kind, length in kinds or [("one_way" if all(way.oneway for way in ways) else "two_way", 1.0)]:
        lengths[kind] += length
    total = sum(lengths.values()) or 1.0
    return {kind: length / total for kind, length in lengths.items()}
