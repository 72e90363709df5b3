"""Is the width of a footway that a site leaves clear what is left of it?

Stalls of 8 to 12 pitches on bends; what is true comes from points every 2 cm along the edge of the site: their distance from
the footway's middle line, and on which side of it they are.
"""

from typing import Any

import numpy as np
import shapely
from django.utils import timezone

from script.benchmarks.truth import raw
from script.benchmarks.truth.nearest import starts
from vendors.domain.siting import verdicts

STALLS, EVERY_M, OFF_M, SIDE_M, END_M = 1_000, 0.02, 0.02, 40.0, 5.0


def run(stalls: int = STALLS) -> list[dict[str, Any]]:
    """How many verdicts tell another width than there is, and by how much at the most."""
    on, rng = timezone.localdate(), np.random.default_rng(31)
    found = raw.rows(
        "SELECT ST_AsBinary(shape), width_m FROM grids_facility WHERE kind = 'footway' AND width_m IS NOT NULL"
    )
    lines, widths = raw.shapes([row[0] for row in found]), np.array([row[1] for row in found], dtype=float)
    tree = shapely.STRtree(lines)
    asked = wrong = 0
    worst = 0.0
    for drawn, bent in starts(rng, 2 * stalls):
        if not bent:
            continue
        area = drawn.place.area
        said = next(
            (each for each in verdicts(drawn.place, on=on) if each.rule.check_kind == "clear_width"), None
        )
        near = tree.query(area, predicate="dwithin", distance=float(widths.max(initial=0)) / 2)
        near = near[shapely.distance(lines[near], area) < widths[near] / 2]
        if (shapely.distance(shapely.boundary(lines[near]), area) < END_M).any():
            continue  # where a footway ends it is a matter of taste how wide it is
        if said is None or said.found is None or not len(near):
            continue
        asked += 1
        apart = abs(min(left(area, lines[n], float(widths[n])) for n in near) - said.found)
        wrong, worst = wrong + (apart > OFF_M), max(worst, apart)
    size = f"{asked} stalls on bends"
    return [
        {
            "figure": f"footway left clear: told otherwise by over {OFF_M} m",
            "size": size,
            "value": wrong,
            "aim": "0",
        },
        {"figure": "footway left clear: most that one is off, m", "size": size, "value": worst},
    ]


def left(area: shapely.Polygon, line: shapely.Geometry, width: float) -> float:
    """Metres of a footway that are clear on the wider side of the area."""
    near = shapely.clip_by_rect(line, *(np.array(area.bounds) + np.array([-1, -1, 1, 1]) * SIDE_M))
    count = int(area.exterior.length / EVERY_M)
    edge = area.exterior.interpolate(np.linspace(0, 1, count), normalized=True)
    aside = shapely.distance(edge, near) * np.where(_left_of(near, edge), 1, -1)
    return float(np.clip(max(width / 2 - aside.max(), aside.min() + width / 2), 0.0, width))


def _left_of(line: shapely.Geometry, points: np.ndarray) -> np.ndarray:
    """By the line's direction where each point is nearest to it."""
    at = shapely.line_locate_point(line, points)
    before, after = (
        shapely.line_interpolate_point(line, np.clip(at + by, 0, line.length)) for by in (-0.01, 0.01)
    )
    a, b, p = (shapely.get_coordinates(each) for each in (before, after, points))
    return (b[:, 0] - a[:, 0]) * (p[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (p[:, 0] - a[:, 0]) > 0
