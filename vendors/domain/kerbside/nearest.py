"""What would make a place legal: the nearest position that breaks no hard rule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import shapely
from django.contrib.gis.measure import D

from grids.enums import RoadClass
from grids.models import Kerb
from vendors.domain import siting
from vendors.domain.footprint import (
    Footprint,
    Runs,
    Size,
    along_kerb,
    as_footprint,
    nearest_kerb,
    rectangles,
    size_of,
)
from vendors.domain.kerbside.answer import Wanted
from vendors.domain.kerbside.cells import Cells, cut, elementary, merged
from vendors.domain.kerbside.stretches import answer
from vendors.domain.place import Place, as_shapely, stored
from vendors.enums import Severity
from vendors.models import PlacementRule

AROUND_M = 300.0


@dataclass(frozen=True)
class Move:
    """A good position for a place: the footprint there, how far its middle is from where it was, and the place on it."""

    footprint: Footprint
    moved_m: float
    place: Place


@dataclass(frozen=True)
class NearestLegal:
    """The nearest position that breaks no hard rule along the same kerb, and on any kerb within AROUND_M; None: there is none."""

    same_kerb: Move | None
    any_kerb: Move | None


def nearest_legal(place: Place, *, on: date) -> NearestLegal:
    """Where the place could go, with the same length, depth and distance from the kerb. Raises Invalid for one that fits no
    kerb, Conflict without rules in force."""
    middle = place.area.centroid
    kerb = _kerb_of(place)
    size, _at = size_of(place, kerb)
    here = stored(middle.buffer(1.0))
    near = Kerb.objects.filter(line__dwithin=(here, D(m=AROUND_M))).exclude(
        road__road_class=RoadClass.EXPRESSWAY
    )
    own = Kerb.objects.filter(road=kerb.road_id, side=kerb.side)
    runs = Runs(list((near | own).distinct().order_by("pk")))
    wanted = Wanted(place.kind, size, place.opens, place.closes, place.season, place.site_id)
    in_force = siting.rules_of(on)
    siting.require_rules(place.kind, in_force)
    rules = [rule for rule in in_force if rule.severity == Severity.HARD]
    found = answer(runs, wanted, rules, on, _worth_looking_at(runs, kerb, middle))
    barred = list(found.broken.values())
    low, high, masks = elementary(found.room, barred) if len(found.room[0]) else (*found.room, np.empty(0))
    free = (low[masks == 0], high[masks == 0])
    ranked = _ranked(runs, free, size, middle)
    same = [at for at in ranked if _is_on(runs, at, kerb)]
    return NearestLegal(
        _first_good(runs, same, size, place, rules, on),
        _first_good(runs, ranked, size, place, rules, on, AROUND_M),
    )


def _kerb_of(place: Place) -> Kerb:
    """The run of kerb at which the place stands: of its own road and side when it names them, else the nearest."""
    middle = place.area.centroid
    own = Kerb.objects.filter(road=place.road_id, side=place.side) if place.road_id else Kerb.objects.none()
    runs = list(own)
    if not runs:
        return nearest_kerb(middle.x, middle.y)[0]
    return min(runs, key=lambda run: as_shapely(run.line).distance(middle))


def _worth_looking_at(runs: Runs, kerb: Kerb, middle: shapely.Point) -> Cells:
    """All of the place's own kerb, and of the others what comes within AROUND_M of it."""
    low, high = cut((runs.base, runs.base + runs.length), 50.0)
    run = runs.run_of((low + high) / 2)
    own = np.array([each.road_id == kerb.road_id and each.side == kerb.side for each in runs.kerbs])[run]
    points = runs.point((low + high) / 2)
    near = np.hypot(points[:, 0] - middle.x, points[:, 1] - middle.y) <= AROUND_M + 50.0
    chosen = own | near
    return merged(low[chosen], high[chosen])


def _is_on(runs: Runs, at: float, kerb: Kerb) -> bool:
    run = runs.kerbs[int(runs.run_of(np.array([at]))[0])]
    return bool(run.road_id == kerb.road_id and run.side == kerb.side)


def _ranked(runs: Runs, free: Cells, size: Size, middle: shapely.Point) -> list[float]:
    """The nearest place on the axis of each free stretch, the nearest to `middle` first."""
    candidates: list[float] = []
    for low, high in zip(*free, strict=True):
        run = int(runs.run_of(np.array([low]))[0])
        base = float(runs.base[run])
        abreast = base + along_kerb(runs.kerbs[run], middle.x, middle.y)
        edge = min(0.01, (high - low) / 2)
        candidates.append(float(np.clip(abreast, low + edge, high - edge)))
    if not candidates:
        return []
    at = np.array(candidates)
    centres = shapely.get_coordinates(shapely.centroid(rectangles(runs, at, size).polygons()))
    order = np.argsort(np.hypot(centres[:, 0] - middle.x, centres[:, 1] - middle.y), kind="stable")
    return [float(each) for each in at[order]]


def _first_good(
    runs: Runs,
    ranked: Sequence[float],
    size: Size,
    place: Place,
    rules: Sequence[PlacementRule],
    on: date,
    most: float = np.inf,
) -> Move | None:
    """The first position that `siting` finds good too."""
    for at in ranked[:5]:
        area = rectangles(runs, np.array([at]), size).polygons()[0]
        found = as_footprint(runs, at, area, size)
        moved = float(area.centroid.distance(place.area.centroid))
        if moved > most:
            return None
        there = place.moved_to(area, road_id=found.road_id, side=found.side, stretch=found.stretch)
        if not any(
            verdict.broken
            for verdict in siting.judge([replace(there, sign_board=True, bins=1)], on=on, rules=rules)[0]
        ):
            return Move(found, moved, there)
    return None
