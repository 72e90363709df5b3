"""What would make a place legal: the nearest position that breaks no hard rule.

What is offered is drawn as it will be when somebody takes the offer, and that ground is judged and measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import shapely
from django.contrib.gis.measure import D

from gridmgr.core.errors import Invalid
from grids.enums import RoadClass
from grids.models import Kerb
from vendors.domain import siting
from vendors.domain.draft import Draft, draw, position_at
from vendors.domain.footprint import Footprint, footprint, nearest_kerb, size_of
from vendors.domain.kerbside.answer import Wanted
from vendors.domain.kerbside.cells import Cells, cut, elementary, holds, merged
from vendors.domain.kerbside.stretches import answer
from vendors.domain.place import Place, as_shapely, stored
from vendors.domain.rectangles import Floats, Ints, Runs, Size, rectangles
from vendors.enums import Severity
from vendors.models import PlacementRule

AROUND_M = 300.0
STEP_M = 0.5  # between places that are thought of
EDGE_M = 0.01  # from the edge of what is free
INWARD_M = (0.05, 0.3)  # and farther from it, where the nearest turns out to break a rule by the last digit
AT_ONCE = 4  # places that are judged together


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


def nearest_legal(place: Place, *, on: date, draft: Draft | None = None) -> NearestLegal:
    """Where the place could go, with the same length, depth and distance from the kerb. Raises Invalid for one that fits
    no kerb, Conflict without rules in force.

    With the `draft` that drew the place what is offered is that draft at another metre.
    """
    middle = place.area.centroid
    kerb = _kerb_of(place)
    size = draft.size if draft else size_of(place, kerb)[0]
    here = stored(middle.buffer(1.0))
    near = Kerb.objects.filter(line__dwithin=(here, D(m=AROUND_M))).exclude(
        road__road_class=RoadClass.EXPRESSWAY
    )
    own = Kerb.objects.filter(road=kerb.road_id, side=kerb.side)
    runs = Runs(list((near | own).distinct().select_related("road").order_by("pk")))
    wanted = Wanted(place.kind, size, place.opens, place.closes, place.season, place.site_id)
    in_force = siting.rules_of(on)
    siting.require_rules(place.kind, in_force)
    rules = [rule for rule in in_force if rule.severity == Severity.HARD]
    found = answer(runs, wanted, rules, on, _worth_looking_at(runs, kerb, middle))
    barred = list(found.broken.values())
    low, high, masks = elementary(found.room, barred) if len(found.room[0]) else (*found.room, np.empty(0))
    free = (low[masks == 0], high[masks == 0])
    ranked = _ranked(runs, free, size, middle)
    own_runs = np.array([each.road_id == kerb.road_id and each.side == kerb.side for each in runs.kerbs])
    drawing = _Drawing(runs, size, place, draft)
    same = _first_good(drawing, ranked[own_runs[runs.run_of(ranked)]], rules, on)
    return NearestLegal(same, _first_good(drawing, ranked, rules, on, AROUND_M))


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


def _ranked(runs: Runs, free: Cells, size: Size, middle: shapely.Point) -> Floats:
    """Places on the axis, of each free stretch the nearest to `middle` and some farther inside; the nearest of all first.

    Beside a bend the nearest need not be abreast: the stretches are looked at every STEP_M, and closer where it is nearest.
    """
    if not len(free[0]):
        return np.empty(0)
    ends = np.minimum(EDGE_M, (free[1] - free[0]) / 2)
    first, last = free[0] + ends, free[1] - ends
    low, high = cut((first, last), STEP_M)
    at = np.concatenate(((low + high) / 2, first, last))
    best = _nearest_of_each(runs, at, np.searchsorted(first, at, side="right") - 1, size, middle)
    for step in (STEP_M, STEP_M / 8, STEP_M / 64):
        around = best[:, None] + step * np.linspace(-1, 1, 17)
        at = np.clip(around, first[:, None], last[:, None]).ravel()
        best = _nearest_of_each(runs, at, np.repeat(np.arange(len(best)), 17), size, middle)
    inside = [np.clip(best, free[0] + by, free[1] - by) for by in INWARD_M]
    every = np.unique(np.concatenate([best, *(at[holds(free, at)] for at in inside)]))
    return every[np.argsort(_apart(runs, every, size, middle), kind="stable")]


def _nearest_of_each(runs: Runs, at: Floats, owner: Ints, size: Size, middle: shapely.Point) -> Floats:
    """Of each owner's places on the axis the nearest to `middle`."""
    order = np.lexsort((_apart(runs, at, size, middle), owner))
    return at[order[np.unique(owner[order], return_index=True)[1]]]


def _apart(runs: Runs, at: Floats, size: Size, middle: shapely.Point) -> Floats:
    """Metres from the middles of the rectangles to `middle`."""
    centre = rectangles(runs, at, size).centre
    return np.hypot(centre[:, 0] - middle.x, centre[:, 1] - middle.y)


@dataclass(frozen=True)
class _Drawing:
    """How a place is drawn elsewhere: by its draft, or as the rectangle that it is."""

    runs: Runs
    size: Size
    place: Place
    draft: Draft | None

    def at(self, where: float) -> Move | None:
        """The place at one of the axis, as it will be; None where rounding its metre takes away its room."""
        kerb = self.runs.kerbs[int(self.runs.run_of(np.array([where]))[0])]
        along = where - float(self.runs.base[self.runs.kerbs.index(kerb)])
        try:
            ground, there = self._drawn(kerb, along)
        except Invalid:
            return None
        return Move(ground, float(there.area.centroid.distance(self.place.area.centroid)), there)

    def _drawn(self, kerb: Kerb, along: float) -> tuple[Footprint, Place]:
        if self.draft is None:
            ground = footprint(kerb, at=along, size=self.size)
            where = {"road_id": ground.road_id, "side": ground.side, "stretch": ground.stretch}
            return ground, self.place.moved_to(ground.area, **where)
        drawn = draw(replace(self.draft, position=position_at(kerb, along)))
        return drawn.footprint, drawn.place


def _first_good(
    drawing: _Drawing,
    ranked: Floats,
    rules: Sequence[PlacementRule],
    on: date,
    most: float = np.inf,
) -> Move | None:
    """The nearest position that `siting` finds good too."""
    for start in range(0, len(ranked), AT_ONCE):
        some = ranked[start : start + AT_ONCE].tolist()
        moves = sorted(filter(None, map(drawing.at, some)), key=lambda move: move.moved_m)
        if moves and moves[0].moved_m > most:
            return None
        good = [move for move, verdicts in zip(moves, _judged(moves, rules, on), strict=True) if not verdicts]
        if good:
            return good[0] if good[0].moved_m <= most else None
    return None


def _judged(
    moves: Sequence[Move], rules: Sequence[PlacementRule], on: date
) -> Iterator[list[siting.Verdict]]:
    """The rules that each breaks, were it equipped."""
    places = [replace(move.place, sign_board=True, bins=1) for move in moves]
    for verdicts in siting.judge(places, on=on, rules=rules):
        yield [verdict for verdict in verdicts if verdict.broken]
