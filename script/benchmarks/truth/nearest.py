"""Is the nearest legal place one, as far away as is said, and is there none nearer?

Starts on random kerbs, half of them on bends, with up to 12 pitches. What is offered is taken as the planner's page takes
it, drawn from its metre, and held against raw rows: distances with shapely, and every place at half a metre along the kerb.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from typing import Any

import numpy as np
import shapely
from django.utils import timezone

from gridmgr.core.errors import DomainError
from grids.models import Kerb
from script.benchmarks.truth import raw
from vendors.domain.draft import Draft, Drawn, Position, draw, position_at
from vendors.domain.footprint import footprint
from vendors.domain.kerbside import nearest_legal
from vendors.domain.pitching import Layout

STARTS, BRUTE = 1_000, 150
BEND_M, BEND_DEGREES, MOST_PITCHES = 8.0, 8.0, 12
LAYOUT, ALL_DAY = Layout(2.0, 1.0, 0.4, 0.8), (time(0), time(23, 59))
ROUND_M = 0.01  # of what is said of a distance
STRICTER_M = 0.15  # kerbs are stricter than the rules by less than 0.1 m
TOUCH_M, TOLERANCE_M = 0.03, 0.002
EVERY_M = 0.5


def run(starts_wanted: int = STARTS) -> list[dict[str, Any]]:
    """How many offers are illegal, are told with another distance, or are not the nearest."""
    rng, on = np.random.default_rng(2026), timezone.localdate()
    ground = Ground(on)
    asked = bends = offers = illegal = told = tried = beaten = 0
    for drawn, bent in starts(rng, starts_wanted):
        asked, bends = asked + 1, bends + bent
        found = nearest_legal(drawn.place, on=on, draft=drawn.draft).same_kerb
        if found is None:
            continue
        kerb = Kerb.objects.get(pk=found.footprint.kerb_id)
        # As a page takes it: by road, side and metre alone.
        there = draw(
            replace(drawn.draft, position=replace(position_at(kerb, found.footprint.at), kerb=None)),
            stay=True,
        )
        moved = float(there.place.area.centroid.distance(drawn.place.area.centroid))
        offers += 1
        illegal += bool(ground.broken(there.place.area))
        told += abs(moved - found.moved_m) > ROUND_M
        if tried < BRUTE and moved > STRICTER_M:
            tried += 1
            beaten += ground.is_beaten(drawn, moved - STRICTER_M)
    size = f"{offers} offers at {asked} starts, {bends} on bends"
    return [
        {"figure": "nearest legal: illegal as drawn", "size": size, "value": illegal, "aim": "0"},
        {
            "figure": f"nearest legal: told another distance by over {ROUND_M} m",
            "size": size,
            "value": told,
            "aim": "0",
        },
        {
            "figure": "nearest legal: a nearer place is legal",
            "size": f"{tried} starts, every {EVERY_M} m of the kerb",
            "value": beaten,
            "aim": "0",
        },
    ]


def starts(rng: np.random.Generator, count: int) -> Iterator[tuple[Drawn, bool]]:
    """Drafts at random kerbs, every other one on a bend."""
    runs = raw.kerbs(3 * (MOST_PITCHES * 2.4 + 1))
    share = np.array([line.length for _pk, _road, _side, line, _measures in runs])
    done = 0
    while done < count:
        _pk, road, side, line, measures = runs[rng.choice(len(runs), p=share / share.sum())]
        pitches = int(rng.integers(3, MOST_PITCHES + 1))
        at = float(rng.uniform(20, line.length - 20))
        bent = raw.turning(line, at, BEND_M) > BEND_DEGREES
        if done % 2 and not bent:
            continue
        xy = shapely.get_coordinates(line)
        arc = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
        metre = round(float(np.interp(at, arc, measures)), 3)
        try:
            drawn = draw(Draft("stall", Position(road, side, metre), pitches, LAYOUT, *ALL_DAY), stay=True)
        except DomainError:
            continue
        done += 1
        yield drawn, bent


class Ground:
    """What hard rules measure to, by plain SQL: distances by kind, and what nothing may stand on."""

    def __init__(self, on: date) -> None:
        rules = raw.rows(
            """
            SELECT r.target, r.check_kind, r.amount FROM vendors_placementrule r
            JOIN vendors_ruleprofile p ON p.id = r.profile_id
            WHERE p.in_use AND r.valid @> %s AND r.severity = 'hard' AND r.applies_to IN ('site', 'stall')
            """,
            [on],
        )
        self.apart = [(_targets(target), amount) for target, check, amount in rules if check == "distance"]
        self.off = [_targets(target) for target, check, _amount in rules if check == "off"]
        if any(check == "free_kerb" for _target, check, _amount in rules):
            self.off.append(_uses(on))

    def broken(self, area: shapely.Polygon) -> int:
        """How many rules a stall site breaks here that takes its ground all day."""
        inner = area.buffer(-TOUCH_M, join_style="mitre")
        short = sum(near.gap(area, amount) < amount - TOLERANCE_M for near, amount in self.apart)
        return short + sum(
            near.gap(inner, 0.0) <= -TOLERANCE_M or near.gap(inner, 0.0) == 0 for near in self.off
        )

    def is_beaten(self, drawn: Drawn, by: float) -> bool:
        """Whether the same draft breaks nothing at a place on its kerb that is nearer than `by`."""
        middle, line = drawn.place.area.centroid, shapely.from_wkb(bytes(drawn.kerb.line.wkb))
        for at in np.arange(EVERY_M / 2, line.length, EVERY_M):
            if line.interpolate(at).distance(middle) > by + drawn.draft.size.length:
                continue
            try:
                there = footprint(drawn.kerb, at=float(at), size=drawn.draft.size).area
            except DomainError:
                continue
            if there.centroid.distance(middle) < by and not self.broken(there):
                return True
        return False


def _targets(target: str) -> raw.Near:
    if target == "school_gate":
        return _near("SELECT ST_AsBinary(location), 0 FROM parking_schoolgate")
    if target in WAYS:
        return _near(WAYS[target])
    return _near("SELECT ST_AsBinary(shape), 0 FROM grids_facility WHERE kind = %s", [target])


_WAYS = "SELECT ST_AsBinary(line), width_m / 2 FROM grids_carriageway WHERE "
# The ways that a rule means.
WAYS = {
    "carriageway": _WAYS + "highway IN ('primary', 'secondary') AND NOT is_link AND NOT tunnel AND level = 0",
    "roadway": _WAYS + "NOT tunnel AND level <= 0",
    "structure": _WAYS + "tunnel OR bridge OR level <> 0",
}


def _uses(on: date) -> raw.Near:
    return _near(
        """
        SELECT ST_AsBinary(area), 0 FROM vendors_site WHERE state <> 'closed' AND (season IS NULL OR upper(season) > %s)
        UNION ALL SELECT ST_AsBinary(area), 0 FROM parking_bay WHERE state <> 'removed'
        UNION ALL SELECT ST_AsBinary(area), 0 FROM parking_dropoffpoint
        UNION ALL SELECT ST_AsBinary(line), 1.5 FROM parking_pandalane
        """,
        [on],
    )


def _near(sql: str, values: Any = None) -> raw.Near:
    found = raw.rows(sql, values)
    return raw.Near(raw.shapes([row[0] for row in found]), np.array([row[1] for row in found], dtype=float))
