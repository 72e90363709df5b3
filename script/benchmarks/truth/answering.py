"""Who answers at a place beside a kerb: points of which the road is known, because they were laid inside its kerb.

Points lie 1 to 3 m inside the kerbs of roads that are shared out, more than 30 m from a section's end. In a city
without sections its arterial and secondary roads are shared out for the time of the audit, and nothing is kept.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db import connection, transaction

POINTS = 2_000
INSIDE_M = (1.0, 3.0)
CLEAR_M = 30.0  # from a section's end
SECTION_M = 1_500.0
BRANCHES = 5
SEED = 20261201


@dataclass(frozen=True)
class Laid:
    """A point inside the kerb of a road, and who answers there by the rows themselves."""

    road: int
    branch: int
    x: float
    y: float


def run() -> list[dict[str, Any]]:
    from django.utils import timezone

    today = timezone.localdate()
    with transaction.atomic():
        share_out(today)
        laid = points(POINTS, on=today)
        rows = audit(laid, on=today)
        transaction.set_rollback(True)
    return rows


def audit(laid: list[Laid], *, on: date) -> list[dict[str, Any]]:
    """What the product says of each point."""
    from grids.domain.answering import kerbs_meant, possible, roads_at_each

    found = roads_at_each([(each.x, each.y) for each in laid], on=on)
    pairs = list(zip(laid, found, strict=True))
    snapped = [(each, kerbs_meant(here)) for each, here in pairs]
    size = f"{len(laid)} points"
    return [
        _row("another road first", size, sum(not h or h[0].road_id != p.road for p, h in pairs), "≤ 0.5 %"),
        _row("another branch first", size, sum(not h or h[0].branch_id != p.branch for p, h in pairs), "≤ 0.5 %"),
        _row("nobody, though somebody answers", size, sum(not h or h[0].branch_id is None for _p, h in pairs), "0"),
        _row("not among the roads to choose from", size, sum(all(e.road_id != p.road for e in possible(h)) for p, h in pairs), "0"),
        _row("a pin snaps to another road's kerb", size, sum(not k or k[0].road_id != p.road for p, k in snapped), "≤ 1 %"),
    ]  # fmt: skip


def _row(figure: str, size: str, wrong: int, aim: str) -> dict[str, Any]:
    return {"figure": f"answering: {figure}", "size": size, "value": wrong, "aim": aim}


# ── Points of which the road is known ─────────────────────────────────────────────────────────────────────


def points(count: int, *, on: date, seed: int = SEED) -> list[Laid]:
    """So many points, evenly along the kerbs of the roads that are shared out on that day."""
    sections = _sections(on)
    kerbs = list(_kerbs(list(sections)))
    lengths = np.array([line.length for _road, _side, line, _measures in kerbs])
    rng = np.random.default_rng(seed)
    laid: list[Laid] = []
    while len(laid) < count:
        road, side, line, measures = kerbs[rng.choice(len(kerbs), p=lengths / lengths.sum())]
        at = rng.uniform(0, line.length)
        branch = _branch(sections[road], _measure(line, measures, at))
        if branch is not None:
            laid.append(Laid(road, branch, *_inside(line, side, at, rng.uniform(*INSIDE_M))))
    return laid


def _sections(on: date) -> dict[int, list[tuple[float, float, int]]]:
    found: dict[int, list[tuple[float, float, int]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT road_id, lower(stretch)::float, upper(stretch)::float, branch_id"
            " FROM grids_assignment WHERE period @> %s::date ORDER BY id",
            [on],
        )
        for road, *section in cursor.fetchall():
            found[road].append(tuple(section))
    return found


def _kerbs(roads: list[int]) -> Iterator[tuple[int, str, shapely.LineString, np.ndarray]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT road_id, side, ST_AsBinary(line), measures FROM grids_kerb WHERE road_id = ANY(%s) ORDER BY id",
            [roads],
        )
        for road, side, line, measures in cursor.fetchall():
            yield road, side, shapely.from_wkb(bytes(line)), np.array(measures)


def _measure(line: shapely.LineString, measures: np.ndarray, at: float) -> float:
    xy = shapely.get_coordinates(line)
    arc = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
    return float(np.interp(at, arc, measures))


def _branch(sections: list[tuple[float, float, int]], metre: float) -> int | None:
    return next((who for low, high, who in sections if low + CLEAR_M < metre < high - CLEAR_M), None)


def _inside(line: shapely.LineString, side: str, at: float, metres: float) -> tuple[float, float]:
    """So far from the kerb, square to it, towards the carriageway: to the right of a left kerb."""
    before, after = line.interpolate(max(at - 0.1, 0.0)), line.interpolate(min(at + 0.1, line.length))
    along = np.array([after.x - before.x, after.y - before.y]) / before.distance(after)
    left = np.array([-along[1], along[0]])
    here = line.interpolate(at)
    x, y = np.array([here.x, here.y]) + metres * (-left if side == "left" else left)
    return float(x), float(y)


# ── A city that nobody has shared out ─────────────────────────────────────────────────────────────────────


def share_out(on: date) -> None:
    """Where there are no sections, gives the arterial and secondary roads, cut every SECTION_M, to branches in turn."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM grids_assignment WHERE period @> %s::date", [on])
        if cursor.fetchone() != (0,):
            return
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(_GIVE_OUT, {"branches": BRANCHES, "cut": SECTION_M, "on": on})


# Branches without a secretary are refused at the end of a transaction, and this one has none: it is rolled back.
_GIVE_OUT = """
    WITH branch AS (
        INSERT INTO grids_branch (code, name, name_en, founded, area, colour, is_demo)
        SELECT (90 + n)::text, 'audit ' || n, '', %(on)s, (SELECT ST_Multi(ST_Buffer(ST_SetSRID(
            ST_Extent(reference_line)::geometry, (SELECT ST_SRID(reference_line) FROM grids_road LIMIT 1)), 1)) FROM grids_road),
            n %% 7, false
        FROM generate_series(1, %(branches)s) AS n RETURNING id, name
    )
    INSERT INTO grids_assignment (road_id, branch_id, stretch, period, note, is_demo)
    SELECT r.id, branch.id, numrange(low::numeric, least(low + %(cut)s, floor(r.length_m))::numeric),
           daterange(%(on)s::date, NULL), '', false
    FROM grids_road r CROSS JOIN LATERAL generate_series(0, floor(r.length_m - 100)::int, %(cut)s::int) AS low
    JOIN branch ON branch.name = 'audit ' || (1 + (r.id + low / %(cut)s::int) %% %(branches)s)
    WHERE r.road_class IN ('arterial', 'secondary') AND r.length_m > 100
"""
