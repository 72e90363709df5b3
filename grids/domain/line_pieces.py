"""Pieces of a reference line along the medial axis of a road's ways, each clear of the ones before, strung together.

All coordinates are metres in the city's projected CRS.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, MultiLineString

from grids.domain.line_quality import WITHIN_M, Points, Samples, points_at
from grids.domain.medial_axis import RADII_M, Floats, medial_paths, polish
from grids.domain.stringing import (
    TRIM_M,
    end_of,
    start_of,
)

COVERED_AIM = 0.986
ENOUGH_OPEN = 0.0125  # no further piece once this share of the ways, or less, is uncovered


def string_together(
    chain: Sequence[LineString], jumps: Sequence[Floats]
) -> tuple[LineString, list[tuple[float, float]]]:
    """One line of the pieces and of the points at which the jumps between them turn, and the measures of the jumps."""
    xy = [shapely.get_coordinates(chain[0])]
    gaps: list[tuple[float, float]] = []
    at = chain[0].length
    for (before, after), turns in zip(pairwise(chain), jumps, strict=True):
        way_over = np.concatenate((end_of(before)[None], turns, start_of(after)[None]))
        jump = float(np.hypot(*np.diff(way_over, axis=0).T).sum())
        gaps.append((at, at + jump))
        at += jump + after.length
        xy += [turns, shapely.get_coordinates(after)]
    return LineString(np.concatenate(xy)), gaps


# ------------------------------------------------------------------------------------------------ pieces


def pieces_of(
    lines: Sequence[LineString], through: Sequence[LineString], radius: float, samples: Samples
) -> list[LineString]:
    """Paths that together cover the ways, the most useful first, none within TRIM_M of another."""
    pieces: list[LineString] = []
    rest: shapely.Geometry = MultiLineString(lines)
    uncovered = np.ones(len(samples.points), dtype=bool)
    for _ in range(12):
        found = _next_pieces(rest, radius, pieces, samples.those(uncovered), samples.total_m)
        if not found:
            break
        pieces += found if pieces else [recentred(piece, lines, through, radius, samples) for piece in found]
        taken = shapely.union_all(pieces)
        uncovered = ~samples.near(taken, WITHIN_M - 1)
        if samples.metres[uncovered].sum() < ENOUGH_OPEN * samples.total_m:
            break
        rest = MultiLineString(lines).difference(taken.buffer(WITHIN_M - 1))
    return pieces or [max(lines, key=lambda line: line.length)]


def _next_pieces(
    rest: shapely.Geometry, radius: float, taken: Sequence[LineString], left: Samples, total_m: float
) -> list[LineString]:
    """The longest path of each separate part of `rest`, clear of what is taken, until little is `left` uncovered."""
    found: list[LineString] = []
    paths = (polish(path, rest, radius) for path in medial_paths(rest, radius))
    for path in sorted(paths, key=lambda path: -path.length):
        for part in _clear_of([*taken, *found], path):
            near = left.near(part, WITHIN_M - 1)
            is_enough = bool(taken or found) and left.total_m < ENOUGH_OPEN * total_m
            if is_enough or left.metres[near].sum() < min(5.0, 0.01 * total_m):
                continue
            found.append(part)
            left = left.those(~near)
    return found


def _clear_of(taken: Sequence[LineString], path: LineString) -> list[LineString]:
    if not taken:
        return [path]
    clear = path.difference(shapely.union_all(taken).buffer(TRIM_M))
    return sorted(_lines_of(clear), key=lambda part: -part.length)


def _lines_of(geometry: shapely.Geometry) -> list[LineString]:
    return [
        part for part in shapely.get_parts(geometry) if part.geom_type == "LineString" and part.length > 0.01
    ]


# ------------------------------------------------------------------------------------------------ recentring


def recentred(
    line: LineString,
    lines: Sequence[LineString],
    through: Sequence[LineString],
    radius: float,
    samples: Samples,
) -> LineString:
    """The line found anew from the ways that run along it, so that stubs, ramps and crossings do not pull it aside.

    Where the ways are then no longer covered, the line stays as it was.
    """
    if line.length < 4 * radius or not through:
        return line
    beside = line.buffer(WITHIN_M)
    near = MultiLineString(lines).intersection(beside)
    along = _running_along(line, MultiLineString(through).intersection(beside))
    if along.is_empty or along.length > near.length - 1.0:
        return line
    enough = min(COVERED_AIM + 0.002, samples.share_near(line, WITHIN_M - 1) - 0.001)
    for again in sorted(
        (polish(path, along, radius) for path in medial_paths(along, radius)), key=lambda one: -one.length
    ):
        if _same_ends(line, again) and samples.share_near(again, WITHIN_M - 1) >= enough:
            return again
    return line


def _running_along(line: LineString, ways: shapely.Geometry) -> shapely.Geometry:
    """The parts of the ways, 2 radii long or longer, that keep within 60 degrees of the line's direction."""
    segments = _segments(shapely.segmentize(ways, 15.0))
    ends = shapely.get_coordinates(segments).reshape(-1, 2, 2)
    middle = shapely.line_locate_point(line, shapely.points(ends.mean(axis=1)))
    course = points_at(line, middle + 25.0) - points_at(line, middle - 25.0)
    run = ends[:, 1] - ends[:, 0]
    along = np.abs((course * run).sum(axis=1)) >= 0.5 * np.hypot(*course.T) * np.hypot(*run.T)
    merged = shapely.line_merge(shapely.multilinestrings(segments[along]))
    return MultiLineString([part for part in _lines_of(merged) if part.length >= 2 * RADII_M[0]])


def _segments(lines: shapely.Geometry) -> Points:
    xy, part = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    same = part[1:] == part[:-1]
    return shapely.linestrings(np.stack((xy[:-1][same], xy[1:][same]), axis=1))


def _same_ends(one: LineString, other: LineString) -> bool:
    """Whether two lines run from the same place to the same place, give or take 10 m, and are about as long."""
    if abs(one.length - other.length) > 0.03 * one.length + 10.0:
        return False
    ends, others = np.array([start_of(one), end_of(one)]), np.array([start_of(other), end_of(other)])
    return any(bool((np.hypot(*(ends - order).T) < 10.0).all()) for order in (others, others[::-1]))
