"""The kerbs of many roads, batch by batch; what is known of a road is kept as long as nothing that it rests on has changed."""

import itertools
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models import Extent
from django.contrib.gis.db.models.functions import Length
from django.contrib.gis.geos import Polygon as StoredPolygon
from django.db import connection
from django.db.models import Sum

from gridmgr.core.layers.version import data_state
from grids.enums import RoadClass
from grids.models import Carriageway, Facility, Kerb, Road
from parking.models import (
    Bay,
    CalendarDay,
    DropOffHours,
    DropOffPoint,
    PandaLane,
    School,
    SchoolGate,
)
from vendors.domain.kerbside.answer import UNRULED, Stretch, Wanted
from vendors.domain.kerbside.stretches import where_may_stand
from vendors.domain.rectangles import Floats
from vendors.models import PlacementRule, RuleProfile, Site

RESTS_ON = (
    *(Road, Kerb, Carriageway, Facility, School, SchoolGate, Bay, DropOffPoint, DropOffHours, PandaLane),
    *(Site, PlacementRule, RuleProfile),
)
BATCH_M = 50_000.0  # metres of kerb that are worked out together: some tenths of a second
KEPT = 4  # sizes, kinds and hours of which answers are kept
CELL_M = 500.0  # roads whose middles lie in one such square are worked out one after the other

Roads = dict[int, list[Stretch]]
_kept: "OrderedDict[Any, Roads]" = OrderedDict()


@dataclass(frozen=True)
class Batch:
    """Stretches of some of the roads, and what share of all the roads' kerbs is done with them."""

    stretches: Sequence[Stretch]
    share: float


def roads_with_kerbs(box: StoredPolygon | None = None) -> dict[int, float]:
    """Metres of kerb of each road but expressways, or of those that have kerbs in the box; neighbours follow one another."""
    kerbs = Kerb.objects.exclude(road__road_class=RoadClass.EXPRESSWAY)
    if box is not None:
        kerbs = kerbs.filter(road__in=kerbs.filter(line__bboverlaps=box).values("road"))
    rows = kerbs.order_by().values_list("road").annotate(box=Extent("line"), metres=Sum(Length("line")))
    return {
        road: metres.m for road, _box, metres in sorted(rows, key=lambda row: (_place_of(row[1]), row[0]))
    }


def _place_of(extent: tuple[float, float, float, float]) -> int:
    """Where a box's middle lies on a curve through all squares of CELL_M that keeps neighbours together (Morton's)."""
    west, south, east, north = extent
    x, y = int((west + east) / 2 // CELL_M), int((south + north) / 2 // CELL_M)
    return sum(((x >> bit & 1) << 2 * bit) | ((y >> bit & 1) << 2 * bit + 1) for bit in range(24))


def stretches_of(wanted: Wanted, *, on: date, roads: dict[int, float]) -> Iterator[Batch]:
    """The stretches of roads (id → metres of kerb), those that are known first, then batch by batch."""
    known = _known(wanted, on)
    total, done = sum(roads.values()) or 1.0, 0.0
    there = [road for road in roads if road in known]
    if there:
        done += sum(roads[road] for road in there)
        yield Batch([stretch for road in there for stretch in known[road]], done / total)
    for batch in _batches({road: metres for road, metres in roads.items() if road not in known}):
        found: Roads = {road: [] for road in batch}
        for stretch in where_may_stand(wanted, on=on, roads=batch).stretches:
            found[stretch.road_id].append(stretch)
        known.update(found)
        done += sum(roads[road] for road in batch)
        yield Batch([stretch for stretches in found.values() for stretch in stretches], done / total)


def _batches(roads: dict[int, float]) -> Iterator[list[int]]:
    batch: list[int] = []
    for road, metres in roads.items():
        if batch and sum(roads[each] for each in batch) + metres > BATCH_M:
            yield batch
            batch = []
        batch.append(road)
    if batch:
        yield batch


def _known(wanted: Wanted, on: date) -> Roads:
    """What is known of each road for such a place, by the present state of the data.

    Inside a transaction nothing is kept: it may see what it has written itself, which the state does not tell.
    """
    if connection.in_atomic_block:
        return {}
    state = data_state([model._meta.db_table for model in RESTS_ON])
    days = tuple(CalendarDay.objects.order_by("day").values_list("day", "is_school_day"))
    key = (state, days, on, wanted)
    known = _kept.setdefault(key, {})
    _kept.move_to_end(key)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return known


# ── Sums and overviews ────────────────────────────────────────────────────────────────────────────────────


class Sums:
    """Metres of kerb in each state, and what each rule takes."""

    def __init__(self) -> None:
        self.metres = dict.fromkeys(BEST_FIRST, 0.0)
        self.lost_m: dict[str, float] = {}

    def add(self, stretches: Iterable[Stretch]) -> None:
        for stretch in stretches:
            self.metres[stretch.state] += stretch.length_m
            for code in stretch.codes:
                self.lost_m[code] = self.lost_m.get(code, 0.0) + stretch.length_m


BEST_FIRST = ("free", "warned", "barred", UNRULED)


def overview(stretches: Sequence[Stretch], *, pixel_m: float) -> list[tuple[str, shapely.LineString]]:
    """The same kerbs for a map on which a pixel is so many metres: states and simplified lines, none shorter than two pixels.

    A piece of four pixels shows the best of what takes up a pixel of it at least: what can be found there when one
    looks closer.
    """
    pieces = [each for run in _runs(stretches) for each in _simplified(run, 4 * pixel_m, pixel_m)]
    lines = shapely.simplify([shapely.LineString(xy) for _state, xy in pieces], pixel_m / 2)
    return [(state, line) for (state, _xy), line in zip(pieces, lines, strict=True)]


def _runs(stretches: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    """Stretches end to end on one run of kerb."""
    run: list[Stretch] = []
    for stretch in stretches:
        if run and (stretch.kerb_id != run[-1].kerb_id or stretch.start > run[-1].end + 1e-3):
            yield run
            run = []
        run.append(stretch)
    if run:
        yield run


def _simplified(run: Sequence[Stretch], piece: float, pixel: float) -> Iterator[tuple[str, Floats]]:
    start, length = run[0].start, run[-1].end - run[0].start
    count = max(round(length / piece), 1)
    cuts = np.linspace(0.0, length, count + 1)
    ends = np.array([0.0, *(stretch.end - start for stretch in run)])
    states = np.array([BEST_FIRST.index(stretch.state) for stretch in run])
    so_far = [
        np.append(0.0, np.cumsum(np.diff(ends) * (states == state))) for state in range(len(BEST_FIRST))
    ]
    took = np.array([np.diff(np.interp(cuts, ends, metres)) for metres in so_far])
    # The best state that takes up a pixel; on a run shorter than that the one that takes up most.
    seen = took >= pixel
    state = np.where(seen.any(axis=0), seen.argmax(axis=0), took.argmax(axis=0))
    edges = np.concatenate(([0], np.flatnonzero(np.diff(state)) + 1, [count]))
    xy = shapely.get_coordinates([stretch.line for stretch in run])
    arc = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
    at = cuts[edges] * (arc[-1] / length)
    corners = np.column_stack([np.interp(at, arc, xy[:, axis]) for axis in (0, 1)])
    for n, (low, high) in enumerate(itertools.pairwise(at)):
        inner = xy[np.searchsorted(arc, low, side="right") : np.searchsorted(arc, high, side="left")]
        yield BEST_FIRST[state[edges[n]]], np.vstack((corners[n], inner, corners[n + 1]))
