"""One reference line per named road, from the ways that bear its name.

All coordinates are metres in the city's projected CRS. A line is *right* when 98 % of its ways lie within 40 m of it and
it never runs beside itself: no two stretches more than 200 m apart along it come within 40 m of each other for longer
than 50 m. Both are measured by `covered_share` and `beside_itself_m` (grids.domain.line_quality).

Where the ways already form one plain path, that path is the line. Elsewhere the line is the medial axis (Blum 1967) of the
ways' buffer, found through the Voronoi diagram of the buffer's edge (Brandt and Algazi 1992): it lies on a lone way,
and midway between two carriageways. What one path leaves uncovered becomes further pieces, strung together by jumps.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import LineString, MultiLineString

from grids.domain.line_pieces import COVERED_AIM, pieces_of, string_together
from grids.domain.line_quality import (
    SAMPLE_M,
    WITHIN_M,
    Samples,
    Way,
    beside_itself_m,
    sampled,
)
from grids.domain.medial_axis import RADII_M, Floats
from grids.domain.stringing import (
    TRIM_M,
    WITHIN_AIM_M,
    chains,
    end_of,
    jumps_around,
    start_of,
    straight_jumps,
)

BESIDE_LIMIT_M = 50.0
COVERED_LIMIT = 0.98

# Asked of ourselves, so that a checker that samples differently agrees.
BESIDE_AIM_M = 45.0

GAP_MIN_M = 20.0


@dataclass(frozen=True)
class ReferenceLine:
    """A road's reference line, and how well it stands for the ways; all measures in metres from its start.

    `left_out` are the ways of which more than half lies farther than WITHIN_M from the line, with how many metres do.
    """

    line: LineString
    gaps: list[tuple[float, float]] = field(default_factory=list)
    used: list[Hashable] = field(default_factory=list)
    left_out: list[tuple[Hashable, float]] = field(default_factory=list)
    covered_share: float = 1.0
    beside_itself_m: float = 0.0

    @property
    def is_right(self) -> bool:
        return self.covered_share >= COVERED_LIMIT and self.beside_itself_m <= BESIDE_LIMIT_M

    @property
    def gap_m(self) -> float:
        return sum(end - start for start, end in self.gaps)


@dataclass(frozen=True)
class _Candidate:
    """A possible line with its jumps (measures), judged with margins."""

    line: LineString
    jumps: list[tuple[float, float]]
    covered: float
    beside: float

    @property
    def rank(self) -> tuple[int, float, float]:
        """Lower is better: right with margins first, then right, then least wrong; at last the shortest."""
        lacks = max(0.0, COVERED_AIM - self.covered) * 100 + max(0.0, self.beside - BESIDE_AIM_M) / 50
        is_right = self.covered >= COVERED_LIMIT + 0.002 and self.beside <= BESIDE_LIMIT_M - 2
        return (0 if lacks == 0 else 1 if is_right else 2, lacks, self.line.length)


# ------------------------------------------------------------------------------------------------ the line


def derive_reference_line(ways: Sequence[Way]) -> ReferenceLine:
    """Return the reference line of the road whose ways these are, in any order.

    Raises ValueError when there is no way at all. Any other input yields a line; whether it is right stands in it.
    """
    ways = _in_fixed_order(ways)
    if not ways:
        raise ValueError("a road without ways has no reference line")
    samples = sampled(ways)
    best = _plain_path(ways) or min(_candidates(ways, samples), key=lambda candidate: candidate.rank)
    return _finish(best, ways, samples)


def _in_fixed_order(ways: Sequence[Way]) -> list[Way]:
    usable = [way for way in ways if not way.line.is_empty and np.isfinite(way.line.bounds).all()]
    return sorted(usable, key=lambda way: (str(way.key), way.line.wkb))


def _plain_path(ways: Sequence[Way]) -> _Candidate | None:
    """The ways themselves, when end to end they are one simple path that needs no merging of carriageways."""
    lines = list(
        {shapely.normalize(shapely.set_precision(way.line, 0.001)).wkb: way.line for way in ways}.values()
    )
    merged = lines[0] if len(lines) == 1 else shapely.line_merge(MultiLineString(lines))
    if merged.geom_type != "LineString" or not merged.is_simple:
        return None
    beside = beside_itself_m(merged, WITHIN_AIM_M)
    if beside > BESIDE_AIM_M or _is_there_and_back(merged, ways):
        return None
    return _Candidate(merged, [], 1.0, beside)


def _is_there_and_back(path: LineString, ways: Sequence[Way]) -> bool:
    """Whether the path follows one carriageway out and the other, less than two radii away, home."""
    if not any(way.oneway for way in ways):
        return False
    if not path.is_ring:
        return beside_itself_m(path, 2 * RADII_M[0]) > 2 * BESIDE_AIM_M
    inside = shapely.Polygon(path)
    roundness = 4 * np.pi * inside.area / path.length**2
    return bool(roundness < 0.3 and inside.buffer(-RADII_M[0]).is_empty)


def _candidates(ways: Sequence[Way], samples: Samples) -> Iterable[_Candidate]:
    """Lines by decreasing radius, ending with the first that is right with margins."""
    lines = [way.line for way in ways]
    through = [way.line for way in ways if not way.is_link]
    for radius in RADII_M:
        pieces = pieces_of(lines, through, radius, samples)
        best = min(_strung(pieces, samples), key=lambda found: found.rank)
        yield best
        if best.rank[0] == 0:
            return


def _strung(pieces: Sequence[LineString], samples: Samples) -> Iterable[_Candidate]:
    """The pieces strung together in the likeliest ways; where straight jumps will not do, without the least
    useful pieces, and with jumps that go round."""
    fewer = [pieces[:count] for count in range(len(pieces), max(0, len(pieces) - 4), -1)]
    for jump, tries in ((straight_jumps, 12), (jumps_around, 32)):
        for some in fewer:
            found = (_judge(chain, jump(chain), samples) for chain in chains(some, tries))
            best = _best_of(found)
            yield best
            if best.rank[0] == 0 and jump is straight_jumps:
                return
            if best.covered < COVERED_LIMIT:
                break


def _best_of(found: Iterable[_Candidate], at_least: int = 24) -> _Candidate:
    """The best of the candidates, not looking past the first 24 (all chains of three pieces) once one is right."""
    tried: list[_Candidate] = []
    for candidate in found:
        tried.append(candidate)
        if len(tried) >= at_least and min(one.rank[0] for one in tried) == 0:
            break
    return min(tried, key=lambda candidate: candidate.rank)


def _judge(chain: Sequence[LineString], jumps: Sequence[Floats], samples: Samples) -> _Candidate:
    line, gaps = string_together(chain, jumps)
    return _Candidate(
        line, gaps, samples.share_near(line, WITHIN_M - 0.5), beside_itself_m(line, WITHIN_AIM_M)
    )


# ------------------------------------------------------------------------------------------------ finishing


def _finish(found: _Candidate, ways: Sequence[Way], samples: Samples) -> ReferenceLine:
    seen = _seen(found.line, samples)
    jumps = [jump for jump in found.jumps if not _has_road(jump, seen)]
    line, jumps = _oriented(found.line if jumps else _closed(found.line, samples), jumps)
    line = LineString(np.round(shapely.get_coordinates(line), 3))
    used, left_out = _accounts(line, ways, samples)
    return ReferenceLine(
        line=line,
        gaps=_gaps(line, jumps, samples),
        used=used,
        left_out=left_out,
        covered_share=samples.share_near(line, WITHIN_M),
        beside_itself_m=beside_itself_m(line),
    )


def _closed(line: LineString, samples: Samples) -> LineString:
    """The line with its ends joined, when the road goes on from one to the other: a ring road."""
    start, end = start_of(line), end_of(line)
    if line.is_ring or line.length < 4 * TRIM_M or np.hypot(*(end - start)) > 2 * TRIM_M:
        return line
    ring = LineString(np.concatenate((shapely.get_coordinates(line), start[None])))
    goes_on = _has_road((line.length, ring.length), _seen(ring, samples))
    is_right = ring.is_simple and beside_itself_m(ring, WITHIN_AIM_M) <= BESIDE_AIM_M + 2
    return ring if goes_on and is_right else line


def _oriented(
    line: LineString, jumps: list[tuple[float, float]]
) -> tuple[LineString, list[tuple[float, float]]]:
    """East-west roads start in the west, north-south roads in the north, rings at their northernmost point."""
    if line.is_ring and not jumps:
        return _from_north(line), jumps
    (x0, y0), (x1, y1) = _main_stretch(line, jumps)
    backwards = x0 > x1 if abs(x1 - x0) >= abs(y1 - y0) else y0 < y1
    if not backwards:
        return line, jumps
    return line.reverse(), [(line.length - end, line.length - start) for start, end in reversed(jumps)]


def _from_north(ring: LineString) -> LineString:
    """The ring clockwise from its northernmost point."""
    xy = shapely.get_coordinates(ring)[:-1]
    if shapely.is_ccw(ring):
        xy = xy[::-1]
    first = int(np.lexsort((xy[:, 0], -xy[:, 1]))[0])
    xy = np.roll(xy, -first, axis=0)
    return LineString(np.concatenate((xy, xy[:1])))


def _main_stretch(line: LineString, jumps: Sequence[tuple[float, float]]) -> Floats:
    bounds = [0.0, *(measure for jump in jumps for measure in jump), line.length]
    start, end = max(zip(bounds[::2], bounds[1::2], strict=True), key=lambda stretch: stretch[1] - stretch[0])
    return shapely.get_coordinates(shapely.line_interpolate_point(line, [start, end]))


def _accounts(
    line: LineString, ways: Sequence[Way], samples: Samples
) -> tuple[list[Hashable], list[tuple[Hashable, float]]]:
    """Keys of the ways of which half or more is covered, and of the others with the metres that are not."""
    far = samples.those(~samples.near(line, WITHIN_M))
    lacking = np.bincount(far.owner, weights=far.metres, minlength=len(ways))
    used: list[Hashable] = []
    left_out: list[tuple[Hashable, float]] = []
    for way, lacks in zip(ways, lacking, strict=True):
        if lacks <= 0.5 * way.line.length:
            used.append(way.key)
        else:
            left_out.append((way.key, round(float(lacks), 1)))
    return used, left_out


def _gaps(
    line: LineString, jumps: Sequence[tuple[float, float]], samples: Samples
) -> list[tuple[float, float]]:
    """Stretches longer than GAP_MIN_M on which no way lies: the jumps, and bridged breaks."""
    half = SAMPLE_M / 2  # a sample stands for so much to either side of it
    seen = np.concatenate(([-half], _seen(line, samples), [line.length + half]))
    wide = np.flatnonzero(np.diff(seen) > GAP_MIN_M)
    breaks = [(float(seen[i]) + half, float(seen[i + 1]) - half) for i in wide]
    return _merged([*breaks, *(jump for jump in jumps if jump[1] - jump[0] > GAP_MIN_M)])


def _seen(line: LineString, samples: Samples) -> Floats:
    """Measures along the line, in order, beside which a way lies."""
    near = samples.points[samples.near(line, WITHIN_M)]
    measures: Floats = np.unique(shapely.line_locate_point(line, near))
    return measures


def _has_road(stretch: tuple[float, float], seen: Floats) -> bool:
    """Whether a way lies beside the stretch nearly all along."""
    inside = seen[(seen > stretch[0]) & (seen < stretch[1])]
    return float(np.diff([stretch[0], *inside, stretch[1]]).max()) <= GAP_MIN_M


def _merged(stretches: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1] + 5.0:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [(round(start, 3), round(end, 3)) for start, end in merged]
