"""Ten thousand bays along kerbs wide enough for them, clear of junctions and of all that stands at the kerb."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time

import numpy as np
import numpy.typing as npt
import shapely

from gridmgr.demo import names
from gridmgr.demo.branches import Grids
from gridmgr.demo.ground import Ground
from gridmgr.demo.kerbside import KerbSamples, Taken, all_samples, runs_of, sharp_bends
from parking.domain.lay import JUNCTION_CLEAR_M, as_bay, kerbs_for_bays
from parking.domain.row import SIZES, Slot, row_of_slots, without_overlaps
from parking.enums import BayKind, BayState
from parking.models import Bay

BAYS = 10_400
ON_SHARED = 8_000
RESERVE = 1.25  # rows are laid for so many times the bays: some fall out beside other things
LEAST_ROW_M = 18.0
BESIDE_M = 5.0  # a row keeps this far from the ends of a lane, a drop-off point or a site at the same kerb
ON_WAY_M = 0.5  # how far a bay's inner edge may lie beyond the far side of its way: kerbs are smoothed
KIND_CYCLE = 100  # of so many bays in a row, 3 are accessible, 8 charging (together), 1 large
ACCESSIBLE_AT, CHARGING_AT, LARGE_AT = (0, 34, 67), range(40, 48), (90,)
SUSPENDED_EACH = 70  # one bay in so many is out of use
DAY_HOURS = (time(7, 0), time(22, 0))

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stretch:
    """A stretch of kerb, in metres along it, on which bays may lie, and whose number they would bear."""

    samples: KerbSamples
    code: str
    start: float
    end: float

    @property
    def is_shared(self) -> bool:
        return self.samples.street.road.name in names.SHARED_ROADS

    @property
    def place(self) -> tuple[str, bool, str, str, float]:
        """For numbering: by branch, shared-out roads first, along each kerb."""
        road = self.samples.street.road
        return (
            self.code,
            not self.is_shared,
            road.name,
            self.samples.side,
            self.samples.kerb.measure(self.start),
        )


@dataclass(frozen=True)
class Row:
    """Slots one after another on a stretch of kerb."""

    stretch: Stretch
    slots: list[Slot]


def make_bays(ground: Ground, grids: Grids, taken: Taken, rng: np.random.Generator) -> int:
    """Writes BAYS bays, most of them on shared-out roads, numbered by branch; returns how many."""
    free = list(_free_stretches(ground, grids))
    free = [free[index] for index in rng.permutation(len(free))]
    shared = _enough([stretch for stretch in free if stretch.is_shared], ON_SHARED)
    others = _enough([stretch for stretch in free if not stretch.is_shared], BAYS - ON_SHARED)
    rows = _without_overlaps(_laid([*shared, *others], taken), taken, ground)
    chosen = _first([row for row in rows if row.stretch.is_shared], ON_SHARED)
    chosen += _first(
        [row for row in rows if not row.stretch.is_shared], BAYS - sum(len(row.slots) for row in chosen)
    )
    bays = _numbered(sorted(chosen, key=lambda row: row.stretch.place))
    Bay.objects.bulk_create(bays, batch_size=2_000)
    return len(bays)


def _free_stretches(ground: Ground, grids: Grids) -> Iterator[Stretch]:
    codes = _Codes(grids)
    for row in all_samples(ground):
        for start, end in runs_of(_fit(row, ground), row.arc, least_m=LEAST_ROW_M):
            code = codes.of(row, (start + end) / 2)
            if code:
                yield Stretch(row, code, start, end)


def _enough(stretches: Sequence[Stretch], bays: int) -> list[Stretch]:
    """Stretches until they have room for `bays` and a reserve."""
    room = np.cumsum([(stretch.end - stretch.start) / SIZES[BayKind.SMALL][0] for stretch in stretches])
    return list(stretches[: int(np.searchsorted(room, bays * RESERVE)) + 1])


def _laid(stretches: Sequence[Stretch], taken: Taken) -> list[Row]:
    kinds = _kinds()
    rows = []
    for stretch in stretches:
        kerb, street, side = stretch.samples.kerb, stretch.samples.street, stretch.samples.side
        clear = [(low - BESIDE_M, high + BESIDE_M) for low, high in taken.at(street, side)]
        metres = (kerb.measure(stretch.start), kerb.measure(stretch.end))
        rows.append(Row(stretch, list(row_of_slots(kerb, stretch=metres, kinds=kinds, keep_clear=clear))))
    return rows


def _fit(row: KerbSamples, ground: Ground) -> Flags:
    """At which sample points a bay may lie: on the way, wide enough there, no structure, junction or sharp bend near."""
    width = SIZES[BayKind.SMALL][1]
    fit = _wide_enough(row, ground, row.points(width / 2), width)
    fit[fit] = ~ground.near_junction(row.points()[fit], JUNCTION_CLEAR_M)
    bends = sharp_bends(row)
    if len(bends):
        fit &= shapely.distance(row.points(), shapely.union_all(bends)) >= JUNCTION_CLEAR_M
    return fit


def _wide_enough(row: KerbSamples, ground: Ground, middles: npt.NDArray[np.object_], width: float) -> Flags:
    """Whether the road's own way at each point reaches to the kerb, may have bays at this kerb, and is no bridge or tunnel."""
    ways = ground.ways
    own = np.flatnonzero((ways.road == row.street.road.pk) & ~ways.is_link)
    if not len(own):
        return np.zeros(len(middles), dtype=bool)
    nearest = own[shapely.STRtree(ways.lines[own]).nearest(middles)]
    beside = shapely.distance(ways.lines[nearest], middles) + width / 2 <= ways.width[nearest] / 2 + ON_WAY_M
    kerbs = np.array(
        [
            kerbs_for_bays(float(w), one_way=bool(o))
            for w, o in zip(ways.width[nearest], ways.one_way[nearest], strict=True)
        ]
    )
    # Each half of a dual carriageway has one kerb on this side; of other roads with one kerb for bays, the right-hand one.
    this_side = row.street.road.carriageway_kind == "dual" or row.side == "right"
    return np.asarray(beside & ((kerbs == 2) | ((kerbs == 1) & this_side)) & ~_on_structure(ground, middles))


def _on_structure(ground: Ground, middles: npt.NDArray[np.object_]) -> Flags:
    """Whether a bridge or tunnel is within the distance that bays keep from one."""
    hit = np.zeros(len(middles), dtype=bool)
    hit[ground.structure_tree.query(middles, predicate="dwithin", distance=JUNCTION_CLEAR_M)[0]] = True
    return hit


def _kinds() -> Iterator[str]:
    place = 0
    while True:
        if place in ACCESSIBLE_AT:
            yield BayKind.ACCESSIBLE
        elif place in CHARGING_AT:
            yield BayKind.CHARGING
        else:
            yield BayKind.LARGE if place in LARGE_AT else BayKind.SMALL
        place = (place + 1) % KIND_CYCLE


class _Codes:
    """Which branch's code a bay's number begins with: who answers for the road there, else whose area it lies in."""

    def __init__(self, grids: Grids) -> None:
        self.grids = grids
        self.tree = shapely.STRtree(grids.areas)

    def of(self, row: KerbSamples, arc: float) -> str:
        """The code, or '' outside all areas."""
        branch = self.grids.branch_at(row.street.road.pk, row.kerb.measure(arc))
        if branch is not None:
            return branch.code
        hits = self.tree.query(shapely.Point(row.kerb.at(arc)), predicate="intersects")
        return self.grids.branches[min(hits)].code if len(hits) else ""


def _without_overlaps(rows: Sequence[Row], taken: Taken, ground: Ground) -> list[Row]:
    """The rows without slots that lie on each other, on other things, too near to a junction, or before an entrance."""
    slots = without_overlaps([slot for row in rows for slot in row.slots], taken=taken.areas)
    areas = [slot.area for slot in slots]
    bad = ground.near_junction(areas, JUNCTION_CLEAR_M)
    road = {id(slot): row.stretch.samples.street.road.pk for row in rows for slot in row.slots}
    mine, way = ground.surface_tree.query(areas, predicate="intersects")
    bad[mine[ground.ways.road[way] != np.array([road[id(slot)] for slot in slots])[mine]]] = True
    kept = {id(slot) for slot, out in zip(slots, bad, strict=True) if not out}
    thinned = [Row(row.stretch, [slot for slot in row.slots if id(slot) in kept]) for row in rows]
    return [row for row in thinned if row.slots]


def _first(rows: Sequence[Row], count: int) -> list[Row]:
    """Rows until `count` slots are there; the last one cut short."""
    chosen: list[Row] = []
    for row in rows:
        if count <= 0:
            break
        chosen.append(Row(row.stretch, row.slots[:count]))
        count -= len(row.slots)
    return chosen


def _numbered(rows: Sequence[Row]) -> list[Bay]:
    last: dict[str, int] = {}
    bays: list[Bay] = []
    for row in rows:
        day_only = row.stretch.samples.street.road.road_class == "arterial"
        for slot in row.slots:
            number = last[row.stretch.code] = last.get(row.stretch.code, 0) + 1
            bay = as_bay(
                slot,
                road=row.stretch.samples.street.road,
                side=row.stretch.samples.side,
                number=f"{row.stretch.code}-{number:04d}",
                is_demo=True,
            )
            if day_only:
                bay.opens, bay.closes = DAY_HOURS
            if len(bays) % SUSPENDED_EACH == SUSPENDED_EACH - 1:
                bay.state = BayState.SUSPENDED
            bays.append(bay)
    return bays
