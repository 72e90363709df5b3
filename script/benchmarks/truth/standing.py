"""Does what is green, or amber, stand on a carriageway, in a tunnel, or on or under a bridge?

Points are strewn evenly along all green and amber kerb of the city, for a stall site of 14.8 m by 1.8 m; the footprint is
what somebody gets who puts a site there. Carriageways are the drawn lines, half a width to each side, from plain SQL.
The same of every stored site that is not closed, and of the candidates from which suggestions are chosen.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from django.utils import timezone

from grids.models import Kerb
from script.benchmarks.truth import raw
from vendors.domain.footprint import footprint
from vendors.domain.kerbside import Stretch, Wanted, where_may_stand
from vendors.domain.profile import install_default_profile
from vendors.domain.rectangles import Size

POINTS, SIZE, SHARE = 5_000, Size(14.8, 1.8), 0.05
BESIDE_M = 3.0  # who stands so near to a way in a tunnel or on a bridge stands in it, or on it


def run(points: int = POINTS) -> list[dict[str, Any]]:
    """How many footprints lie on a way by more than SHARE of their ground, or within a structure."""
    on = timezone.localdate()
    if not raw.rows("SELECT 1 FROM vendors_ruleprofile WHERE in_use"):
        install_default_profile()
    ways = Ways()
    stretches = where_may_stand(Wanted(size=SIZE), on=on).stretches
    rows = []
    for state in ("free", "warned"):
        areas = footprints([each for each in stretches if each.state == state], points)
        metres = sum(each.length_m for each in stretches if each.state == state)
        rows += ways.told(f"{state} kerb", areas, f"{len(areas)} points on {metres / 1000:.1f} km")
    sites = raw.rows("SELECT ST_AsBinary(area) FROM vendors_site WHERE state <> 'closed'")
    if sites:
        rows += ways.told("stored sites", raw.shapes([row[0] for row in sites]), f"{len(sites)} sites")
    return [row | {"aim": "0"} for row in rows]


def footprints(stretches: Sequence[Stretch], count: int) -> np.ndarray:
    """The ground at so many places, evenly along the stretches."""
    if not stretches:
        return np.empty(0, dtype=object)
    rng = np.random.default_rng(5)
    lengths = np.array([each.length_m for each in stretches])
    chosen = rng.choice(len(stretches), size=count, p=lengths / lengths.sum())
    kerbs = Kerb.objects.in_bulk({stretches[n].kerb_id for n in chosen})
    areas = []
    for n in chosen:
        stretch = stretches[n]
        at = rng.uniform(stretch.start, stretch.end)
        areas.append(footprint(kerbs[stretch.kerb_id], at=float(at), size=SIZE).area)
    return np.array(areas, dtype=object)


class Ways:
    """The drawn ways as ground, and those in a tunnel, below the ground, on a bridge or off the ground."""

    def __init__(self) -> None:
        columns = "ST_AsBinary(line), width_m, tunnel, bridge, level"
        found = raw.rows(f"SELECT {columns} FROM grids_carriageway ORDER BY id")  # noqa: S608
        lines = raw.shapes([row[0] for row in found])
        width = np.array([row[1] for row in found], dtype=float)
        built = np.array([row[2] or row[3] or row[4] != 0 for row in found])
        self.ground = shapely.buffer(lines[~built], width[~built] / 2, cap_style="flat")
        self.structures = shapely.buffer(lines[built], width[built] / 2 + BESIDE_M, cap_style="flat")

    def told(self, what: str, areas: np.ndarray, size: str) -> list[dict[str, Any]]:
        """Two rows: on a way, and in, on or under a structure."""
        covered = np.zeros(len(areas))
        area, way = shapely.STRtree(self.ground).query(areas, predicate="intersects")
        np.maximum.at(covered, area, shapely.area(shapely.intersection(areas[area], self.ground[way])))
        share = covered / np.maximum(shapely.area(areas), 1e-9)
        inside = np.unique(shapely.STRtree(self.structures).query(areas, predicate="intersects")[0])
        return [
            {
                "figure": f"{what}: on a carriageway by over 5 %",
                "size": size,
                "value": int((share > SHARE).sum()),
            },
            {"figure": f"{what}: in a tunnel, on or under a bridge", "size": size, "value": len(inside)},
        ]
