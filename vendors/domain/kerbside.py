"""Where may a site stand? Along every kerb, where no hard rule breaks, what is advised against, and what each rule costs.

A rectangle is thought along the kerb (vendors.domain.footprint). Between two positions h metres apart none of its
points moves by more than speed × h, so one measurement settles all positions within gap / speed of it: clear when the
gap to what the rule keeps away is positive, barred when it is negative. What lies farther off is measured again, and
what is unsettled at FINEST_M counts as barred: the answer is never more generous than `siting.evaluate`, and stricter
by less than 0.1 m. Footways (advisory) are sampled, every metre where the kerb turns or a footway ends and every
eight metres elsewhere, and the edges found by bisection: between two samples a width may differ by centimetres.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.contrib.gis.geos import Polygon as StoredPolygon
from django.contrib.gis.measure import D
from django.db import connection
from django.db.models import Q
from psycopg2.extras import DateRange
from shapely import LineString

from grids.enums import RoadClass
from grids.models import SRID, Carriageway, Facility, Kerb
from parking.models import SchoolGate
from vendors import functions
from vendors.domain import siting
from vendors.domain.footprint import (
    APART_M,
    Flags,
    Floats,
    Footprint,
    Ints,
    Rectangles,
    Runs,
    Size,
    along_kerb,
    as_footprint,
    nearest_kerb,
    rectangles,
    size_of,
)
from vendors.domain.occupation import Occupation, daily
from vendors.domain.place import Place, as_shapely, stored
from vendors.enums import Check, Severity, SiteKind, Target
from vendors.models import PlacementRule

COARSEST_M, FINEST_M = 32.0, 0.03
SLIVER_M = 0.08  # what is clear between two barred positions and shorter than this is of no use
FOOTWAY_STEP_M, FOOTWAY_FINE_M, FOOTWAY_TURN = 8.0, 1.0, 0.1
NO_ROOM = "no-room"  # the kerb ends or bends too sharply there
AROUND_M = 300.0

Cells = tuple[Floats, Floats]  # from and to on the axis
# By how many metres each rectangle stays clear, negative where it does not; exact within the metres of the second argument.
Gaps = Callable[[Rectangles, Floats], Floats]
# Which rectangles stay clear, and which do not, wherever they move: so many metres along, and a little aside.
Sweep = Callable[[Rectangles, Floats, Floats], tuple[Flags, Flags]]


@dataclass(frozen=True)
class Wanted:
    """What is to stand somewhere: kind of site, size, and when. `site_id` is a site that is to move: it makes way for itself."""

    kind: str = SiteKind.STALL
    size: Size = field(default_factory=lambda: Size(12.0, 2.5))
    opens: time | None = time(6)
    closes: time | None = time(22)
    season: DateRange | None = None
    site_id: int | None = None

    @property
    def occupation(self) -> Occupation:
        return daily(self.opens, self.closes, self.season)


@dataclass(frozen=True)
class Stretch:
    """Positions of the rectangle's middle on one run of kerb, in metres along it, with the metres of road abreast.

    `state` is free, warned (only advisory rules break) or barred; `codes` are the rules that break there, or NO_ROOM.
    """

    kerb_id: int
    road_id: int
    side: str
    start: float
    end: float
    from_m: float
    to_m: float
    state: str
    codes: tuple[str, ...]
    line: LineString

    @property
    def length_m(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Kerbside:
    """All stretches in order of kerb and metre; `lost_m` by rule code the metres that it breaks on, whatever else does."""

    stretches: Sequence[Stretch]
    lost_m: dict[str, float]

    def metres(self, state: str) -> float:
        """Metres of kerb in that state."""
        return sum(stretch.length_m for stretch in self.stretches if stretch.state == state)


def where_may_stand(wanted: Wanted, *, on: date, roads: Iterable[int] | None = None) -> Kerbside:
    """Every kerb of these roads (ids), or of all but expressways, by the rules of the day `on`. Seven statements at most."""
    kerbs = Kerb.objects.order_by("road__name", "side", "pk")
    chosen = (
        kerbs.exclude(road__road_class=RoadClass.EXPRESSWAY)
        if roads is None
        else kerbs.filter(road__in=roads)
    )
    return _kerbside(Runs(list(chosen)), wanted, siting.rules_of(on), on)


# ── Putting it together ───────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Answer:
    """On one axis: the cells that hold a rectangle, and for each rule those on which it breaks."""

    runs: Runs
    room: Cells
    broken: dict[str, Cells] = field(default_factory=dict)


def _answer(runs: Runs, wanted: Wanted, rules: Sequence[PlacementRule], on: date, whole: Cells) -> _Answer:
    answer = _Answer(runs, _room(runs, wanted.size, whole))
    targets = _Targets.around(runs, whole, wanted, rules, on)
    for rule in rules:
        if not siting.applies(rule, Place(wanted.kind, shapely.Polygon(), time(0), time(1))):
            continue
        if rule.check_kind == Check.CLEAR_WIDTH:
            answer.broken[rule.code] = _on_footways(runs, wanted.size, answer.room, rule, targets)
        elif (away := targets.away(rule)) is not None:
            cells = _settled(runs, wanted.size, answer.room, away.gaps, sweep=away.sweep)
            answer.broken[rule.code] = cells
    return answer


def _kerbside(runs: Runs, wanted: Wanted, rules: Sequence[PlacementRule], on: date) -> Kerbside:
    if not runs.kerbs:
        return Kerbside([], {})
    whole = (runs.base, runs.base + runs.length)
    answer = _answer(runs, wanted, rules, on, whole)
    hard = {rule.code for rule in rules if rule.severity == Severity.HARD}
    codes = [NO_ROOM, *answer.broken]
    barred = [_outside(answer.room, whole), *answer.broken.values()]
    stretches = _stretches(runs, *_elementary(whole, barred), codes, hard)
    lost = {code: float((cells[1] - cells[0]).sum()) for code, cells in zip(codes, barred, strict=True)}
    return Kerbside(stretches, lost)


def _stretches(
    runs: Runs, low: Floats, high: Floats, masks: npt.NDArray[np.int64], codes: Sequence[str], hard: set[str]
) -> list[Stretch]:
    run = runs.run_of((low + high) / 2)
    start, end = low - runs.base[run], high - runs.base[run]
    from_m, to_m = runs.measure(low), runs.measure(high)
    named = {mask: _named(mask, codes, hard) for mask in np.unique(masks).tolist()}
    rows = zip(run, start, end, from_m, to_m, masks, _lines(runs, low, high), strict=True)
    return [
        Stretch(
            (kerb := runs.kerbs[k]).pk,
            kerb.road_id,
            kerb.side,
            float(a),
            float(b),
            float(m),
            float(n),
            *named[int(mask)],
            line,
        )
        for k, a, b, m, n, mask, line in rows
    ]


def _named(mask: int, codes: Sequence[str], hard: set[str]) -> tuple[str, tuple[str, ...]]:
    """The state and the codes that a mask stands for."""
    chosen = tuple(code for bit, code in enumerate(codes) if mask >> bit & 1)
    if NO_ROOM in chosen or hard & set(chosen):
        return "barred", chosen
    return ("warned" if chosen else "free"), chosen


def _lines(runs: Runs, low: Floats, high: Floats) -> npt.NDArray[np.object_]:
    """The kerb from each place on the axis to another on the same run."""
    first = np.searchsorted(runs.arc, low, side="right")
    inner = np.maximum(np.searchsorted(runs.arc, high, side="left") - first, 0)
    count = inner + 2
    owner = np.repeat(np.arange(len(low)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    vertex = np.clip(first[owner] + number - 1, 0, max(len(runs.arc) - 1, 0))
    at = np.where(
        number == 0, low[owner], np.where(number == count[owner] - 1, high[owner], runs.arc[vertex])
    )
    return np.asarray(shapely.linestrings(runs.point(at), indices=owner))


def _elementary(whole: Cells, barred: Sequence[Cells]) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """The runs cut wherever anything changes, with a bit mask of what holds on each piece; like neighbours are joined."""
    cuts = np.unique(np.concatenate([*whole, *(edge for cells in barred for edge in cells)]))
    middles = (cuts[:-1] + cuts[1:]) / 2
    inside = _holds(whole, middles) & (np.diff(cuts) > 1e-6)
    low, high, middles = cuts[:-1][inside], cuts[1:][inside], middles[inside]
    masks = np.zeros(len(middles), dtype=np.int64)
    for bit, cells in enumerate(barred):
        masks |= _holds(cells, middles).astype(np.int64) << bit
    new = np.concatenate(([True], (masks[1:] != masks[:-1]) | (low[1:] > high[:-1] + 1e-6)))
    ends = (
        np.concatenate((np.flatnonzero(new)[1:] - 1, [len(low) - 1])) if len(low) else np.array([], dtype=int)
    )
    return low[new], high[ends], masks[new]


def _holds(cells: Cells, at: Floats) -> Flags:
    """Whether each place lies in one of the cells, which are in order and do not overlap."""
    low, high = cells
    if not len(low):
        return np.zeros(len(at), dtype=bool)
    index = np.searchsorted(low, at, side="right") - 1
    return (index >= 0) & (at < high[np.maximum(index, 0)])


def _outside(cells: Cells, whole: Cells) -> Cells:
    """What of `whole` lies outside the cells."""
    cuts = np.unique(np.concatenate([*whole, *cells]))
    middles = (cuts[:-1] + cuts[1:]) / 2
    out = _holds(whole, middles) & ~_holds(cells, middles)
    return _merged(cuts[:-1][out], cuts[1:][out])


def _merged(low: Floats, high: Floats, *, gap: float = 1e-6) -> Cells:
    """Cells in order, those that touch, or have no more than `gap` metres between them, joined."""
    if not len(low):
        return low, high
    order = np.argsort(low, kind="stable")
    low, high = low[order], np.maximum.accumulate(high[order])
    new = np.concatenate(([True], low[1:] > high[:-1] + gap))
    ends = np.concatenate((np.flatnonzero(new)[1:] - 1, [len(low) - 1]))
    return low[new], high[ends]


# ── Cells ─────────────────────────────────────────────────────────────────────────────────────────────────


def _cut(cells: Cells, most: float) -> Cells:
    """The cells in equal pieces no longer than `most`."""
    low, high = cells
    pieces = np.maximum(np.ceil((high - low) / most).astype(int), 1)
    owner = np.repeat(np.arange(len(low)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    step = ((high - low) / pieces)[owner]
    return low[owner] + number * step, low[owner] + (number + 1) * step


def _room(runs: Runs, size: Size, whole: Cells) -> Cells:
    """Where on the axis a rectangle can be laid at all: clear of the ends of its run, and on kerb that is straight enough."""
    half = size.length / 2
    run = runs.run_of((whole[0] + whole[1]) / 2)
    low = np.maximum(whole[0], runs.base[run] + half)
    high = np.minimum(whole[1], runs.base[run] + runs.length[run] - half)
    fits = high - low > FINEST_M
    cells = (low[fits], high[fits])

    return _outside(_settled(runs, size, cells, lambda laid, _within: laid.straight), cells)


def _settled(runs: Runs, size: Size, cells: Cells, gaps: Gaps, *, sweep: Sweep | None = None) -> Cells:
    """The cells on which the gap is negative; what is unsettled when it is no longer than FINEST_M is among them.

    Without a `sweep` the gap is one of the kerb's chord, which changes with the kerb's turning alone, and slowly.
    """
    low, high = _cut(cells, COARSEST_M)
    finest = FINEST_M if sweep else FINEST_M / 30
    barred: list[Cells] = []
    while len(low):
        middle, half = (low + high) / 2, (high - low) / 2
        turning = runs.turning(low - size.length / 2, high + size.length / 2)
        speed = _speed(turning, size) if sweep else np.maximum(turning, 1e-9)
        laid = rectangles(runs, middle, size)
        gap = gaps(laid, speed * half)
        sure = np.minimum(np.abs(gap) / speed, half)
        bad = gap < 0
        if sweep and (open_ := np.flatnonzero(sure < half)).size:
            clear, broken = sweep(laid.only(open_), half[open_], ((speed - 1 + turning) * half)[open_])
            bad[open_[broken]] = True
            sure[open_[clear | broken]] = half[open_[clear | broken]]
        unsettled = (sure < half) & (half <= finest / 2)
        sure[unsettled] = half[unsettled]
        bad |= unsettled
        barred.append(((middle - sure)[bad], (middle + sure)[bad]))
        again = sure < half
        low, high = (
            np.concatenate((low[again], (middle + sure)[again])),
            np.concatenate(((middle - sure)[again], high[again])),
        )
    if not barred:
        return low, high
    return _merged(*(np.concatenate(ends) for ends in zip(*barred, strict=True)), gap=SLIVER_M)


def _speed(turning: Floats, size: Size) -> Floats:
    """How far, at most, a point of the rectangle moves for each metre along a kerb that turns so much (radians) beside it.

    The middle moves by one metre at most; the chord turns by turning / length, and its bulge grows by twice the turning.
    """
    arm = np.hypot(0.5, (abs(size.offset) + size.depth) / size.length + 0.05)
    return 1.0 + turning * (2.01 + 1.005 * arm)


# ── What the rules keep away from ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Targets:
    """Shapes around the runs, by what rules measure to, with how far from each a rectangle must stay beyond the rule's figure."""

    shapes: dict[str, npt.NDArray[np.object_]]
    required: dict[str, Floats]

    @classmethod
    def around(
        cls, runs: Runs, whole: Cells, wanted: Wanted, rules: Sequence[PlacementRule], on: date
    ) -> "_Targets":
        """Reads what lies near the runs: five statements at most."""
        box = _box(runs, whole, wanted.size, rules)
        targets = {rule.target for rule in rules}
        found: dict[str, list[tuple[Any, float]]] = {str(target): [] for target in targets}
        facilities = Facility.objects.filter(kind__in=targets, shape__bboverlaps=box).order_by()
        for kind, shape, width in facilities.values_list("kind", AsWKB("shape"), "width_m"):
            if kind != Target.FOOTWAY or width:
                found[kind].append((_from_wkb(shape), (width or 0.0) / 2))
        if Target.SCHOOL_GATE in targets:
            gates = SchoolGate.objects.filter(location__bboverlaps=box).order_by()
            found[Target.SCHOOL_GATE] = [
                (_from_wkb(gate), 0.0) for (gate,) in gates.values_list(AsWKB("location"))
            ]
        if Target.CARRIAGEWAY in targets:
            found[Target.CARRIAGEWAY] = _carriageways(box)
        if Target.KERB_USE in targets:
            found[Target.KERB_USE] = _kerb_uses(box, wanted, on)
        return cls(
            {name: np.array([shape for shape, _w in rows], dtype=object) for name, rows in found.items()},
            {name: np.array([width for _s, width in rows]) for name, rows in found.items()},
        )

    def away(self, rule: PlacementRule) -> "_Away | None":
        """What a rule keeps away; None when nothing lies near, or where the place stands does not matter."""
        if rule.check_kind not in (Check.DISTANCE, Check.OFF, Check.FREE_KERB) or not len(
            self.shapes[rule.target]
        ):
            return None
        shapes, required = self.shapes[rule.target], self.required[rule.target]
        if rule.check_kind == Check.DISTANCE:
            return _Away(shapes, required + (rule.amount or 0.0), inset=0.0)
        return _Away(shapes, required, inset=siting.TOUCH_M)


class _Away:
    """Shapes from which rectangles, without their outermost `inset` metres, stay `required` metres away; 0 means off them."""

    def __init__(self, shapes: npt.NDArray[np.object_], required: Floats, *, inset: float) -> None:
        self.shapes, self.required, self.inset = shapes, required, inset
        self.tree = shapely.STRtree(shapes)
        self.farthest = float(required.max())

    def gaps(self, laid: Rectangles, within: Floats) -> Floats:
        """By how many metres each stays clear; inf when there is nothing `within`."""
        areas = laid.polygons(self.inset)
        mine, theirs = self.tree.query(laid.boxes(self.farthest + within))
        distance = shapely.distance(areas[mine], self.shapes[theirs])
        gap = distance - self.required[theirs]
        on_it = (distance == 0) & (self.required[theirs] == 0)
        if on_it.any():
            depth = _depth(laid, mine[on_it], areas, self.shapes[theirs[on_it]], self.inset)
            gap[on_it] = -depth - 1e-6
        least = np.full(len(areas), np.inf)
        np.minimum.at(least, mine, gap)
        return least

    def sweep(self, laid: Rectangles, half: Floats, drift: Floats) -> tuple[Flags, Flags]:
        """Which stay clear, and which do not, at every position up to `half` metres along, `drift` metres aside allowed for."""
        mine, theirs = self.tree.query(laid.boxes(self.farthest + half + drift))
        swept = laid.polygons(self.inset - drift, longer=half)
        near = shapely.distance(swept[mine], self.shapes[theirs]) <= self.required[theirs]
        clear = np.ones(len(half), dtype=bool)
        clear[mine[near]] = False
        core = laid.polygons(self.inset + drift, longer=-half)
        margin = self.inset + drift
        there = (laid.size.length / 2 - margin - half > 0.01) & (laid.size.depth / 2 - margin > 0.01)
        mine, theirs = mine[there[mine]], theirs[there[mine]]
        distance = shapely.distance(core[mine], self.shapes[theirs])
        broken = np.zeros(len(half), dtype=bool)
        broken[mine[(distance < self.required[theirs]) | (distance == 0)]] = True
        return clear, broken


def _depth(
    laid: Rectangles,
    mine: Ints,
    areas: npt.NDArray[np.object_],
    shapes: npt.NDArray[np.object_],
    inset: float,
) -> Floats:
    """At least how deep a shape reaches into a rectangle, from its edge inward."""
    inside = shapely.get_coordinates(shapely.point_on_surface(shapely.intersection(areas[mine], shapes)))
    away = inside - laid.middle[mine]
    along = np.abs(np.einsum("ij,ij->i", away, laid.along[mine]))
    out = np.einsum("ij,ij->i", away, laid.out[mine]) - laid.near[mine]
    size = laid.size
    return np.maximum(np.minimum.reduce([size.length / 2 - along, out, size.depth - out]) - inset, 0.0)


def _box(runs: Runs, whole: Cells, size: Size, rules: Sequence[PlacementRule]) -> StoredPolygon:
    """All that may matter to rectangles on these cells."""
    kerb = np.concatenate([runs.point(edge) for edge in whole])
    inside = _holds(_merged(*whole), runs.arc)
    xy = np.concatenate((kerb, runs.xy[inside]))
    reach = (
        max((rule.amount or 0.0 for rule in rules), default=0.0) + size.length + size.depth + abs(size.offset)
    )
    west, south = xy.min(axis=0) - reach - functions.WIDEST_HALF_M / 2
    east, north = xy.max(axis=0) + reach + functions.WIDEST_HALF_M / 2
    box = StoredPolygon.from_bbox((west, south, east, north))
    box.srid = SRID
    return box


def _carriageways(box: StoredPolygon) -> list[tuple[Any, float]]:
    """Main carriageways of arterial and secondary roads, the same that `functions.nearest_targets` means."""
    rows = Carriageway.objects.filter(
        Q(highway__in=siting.MAIN_HIGHWAYS, is_link=False, tunnel=False, level=0), line__bboverlaps=box
    ).values_list(AsWKB("line"), "width_m")
    return [(_from_wkb(line), width / 2) for line, width in rows]


def _kerb_uses(box: StoredPolygon, wanted: Wanted, on: date) -> list[tuple[Any, float]]:
    """Sites, bays, drop-off points and lanes that are in use when the wanted place is."""
    with connection.cursor() as cursor:
        cursor.execute(
            functions.kerb_uses_under(within=True),
            {"n": [0], "own": [wanted.site_id], "inner": [box.hexewkb.decode()]},
        )
        rows = cursor.fetchall()
    uses = [siting.KerbUse.read(row[1:]) for row in rows]
    calendar, occupation = siting.SchoolCalendar(), wanted.occupation
    return [
        (use.shape, functions.PANDA_LANE_HALF_M if use.what == "lane" else 0.0)
        for use in uses
        if occupation.meets(use.occupation, since=on, is_school_day=calendar.is_school_day)
    ]


def _from_wkb(value: Any) -> shapely.Geometry:
    return shapely.from_wkb(bytes(value))


# ── Footways ──────────────────────────────────────────────────────────────────────────────────────────────


def _on_footways(runs: Runs, size: Size, room: Cells, rule: PlacementRule, targets: _Targets) -> Cells:
    """Where the rectangle leaves less of a footway clear than the rule asks for."""
    lines = targets.shapes[Target.FOOTWAY]
    if not len(lines) or not len(room[0]):
        return np.empty(0), np.empty(0)
    footways = _Footways(lines, targets.required[Target.FOOTWAY], rule.amount or 0.0)

    def short(at: Floats) -> Flags:
        return footways.left_too_narrow(rectangles(runs, at, size))

    low, high = _footway_cells(runs, size, room, footways)
    inner = np.clip(np.concatenate((low, high)), np.tile(low, 2) + 1e-4, np.tile(high, 2) - 1e-4)
    sample, which = np.unique(np.round(inner, 2), return_inverse=True)
    first, last = short(sample)[which].reshape(2, -1)
    change = first != last
    inside, outside = np.where(first, low, high)[change], np.where(first, high, low)[change]
    edge = inside.copy()
    for _step in range(10):  # 8 m / 2^10 is under a centimetre
        middle = (inside + outside) / 2
        still = short(middle)
        inside, outside = np.where(still, middle, inside), np.where(still, outside, middle)
    both = first & last
    parts = (low[both], np.minimum(edge, outside)), (high[both], np.maximum(edge, outside))
    return _merged(np.concatenate(parts[0]), np.concatenate(parts[1]))


def _footway_cells(runs: Runs, size: Size, room: Cells, footways: "_Footways") -> Cells:
    """Cells at whose ends the footway is looked at: short ones where the kerb turns, or where a footway ends."""
    low, high = _cut(room, FOOTWAY_STEP_M)
    middle = (low + high) / 2
    fine = runs.turning(low - size.length / 2, high + size.length / 2) > FOOTWAY_TURN
    around = np.full(len(low), FOOTWAY_STEP_M / 2 + footways.widest)
    fine[footways.ends.query(rectangles(runs, middle, size).boxes(around))[0]] = True
    fine_low, fine_high = _cut((low[fine], high[fine]), FOOTWAY_FINE_M)
    low, high = np.concatenate((low[~fine], fine_low)), np.concatenate((high[~fine], fine_high))
    order = np.argsort(low)
    return low[order], high[order]


class _Footways:
    """Footways as middle lines with half their widths, and the metres that are to be left of each."""

    def __init__(self, lines: npt.NDArray[np.object_], halves: Floats, required: float) -> None:
        simple = np.array([shapely.get_parts(line)[0] for line in lines], dtype=object)
        self.lines, self.halves, self.required = simple, halves, required
        self.widest = float(halves.max())
        self.tree = shapely.STRtree(simple)
        self.ends = shapely.STRtree(
            np.concatenate((shapely.get_point(simple, 0), shapely.get_point(simple, -1)))
        )
        xy, owner = shapely.get_coordinates(simple, return_index=True)
        steps = np.diff(xy, axis=0)
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        self.xy, self.along = xy[:-1], steps / np.maximum(lengths, 1e-9)[:, None]
        self.first = np.searchsorted(owner, np.arange(len(simple)))
        # Each line's vertices by metres along it, the lines one behind the other.
        walked = np.concatenate(([0.0], np.cumsum(lengths)))
        self.base = np.arange(len(simple)) * (shapely.length(simple).max() + APART_M)
        self.arc = walked - walked[self.first][owner] + self.base[owner]
        self.last = np.concatenate((self.first[1:], [len(xy)])) - 2

    def left_too_narrow(self, laid: Rectangles) -> Flags:
        """Which rectangles stand on a footway of which they leave too little."""
        areas = laid.polygons()
        mine, theirs = self.tree.query(areas, predicate="dwithin", distance=self.widest)
        on_it = shapely.distance(areas[mine], self.lines[theirs]) < self.halves[theirs]
        mine, theirs = mine[on_it], theirs[on_it]
        corners = shapely.get_coordinates(areas[mine]).reshape(-1, 5, 2)[:, :4]
        offsets = np.column_stack([self._offset(theirs, corners[:, index]) for index in range(4)])
        half = self.halves[theirs]
        clear = np.maximum(half - offsets.max(axis=1), offsets.min(axis=1) + half)
        short = np.zeros(len(areas), dtype=bool)
        short[mine[np.clip(clear, 0.0, 2 * half) < self.required - siting.TOLERANCE_M]] = True
        return short

    def _offset(self, lines: Ints, points: Floats) -> Floats:
        """Metres to the left of its line that each point lies, the same as `siting.offsets_from`."""
        at = shapely.line_locate_point(self.lines[lines], shapely.points(points)) + self.base[lines]
        segment = np.clip(
            np.searchsorted(self.arc, at, side="right") - 1, self.first[lines], self.last[lines]
        )
        away, along = points - self.xy[segment], self.along[segment]
        return along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]


# ── What would make it legal? ─────────────────────────────────────────────────────────────────────────────


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
    """Where the place could go, with the same length, depth and distance from the kerb. Raises Invalid for one that fits no kerb."""
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
    rules = [rule for rule in siting.rules_of(on) if rule.severity == Severity.HARD]
    answer = _answer(runs, wanted, rules, on, _worth_looking_at(runs, kerb, middle))
    barred = list(answer.broken.values())
    low, high, masks = (
        _elementary(answer.room, barred) if len(answer.room[0]) else (*answer.room, np.empty(0))
    )
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
    low, high = _cut((runs.base, runs.base + runs.length), 50.0)
    run = runs.run_of((low + high) / 2)
    own = np.array([each.road_id == kerb.road_id and each.side == kerb.side for each in runs.kerbs])[run]
    points = runs.point((low + high) / 2)
    near = np.hypot(points[:, 0] - middle.x, points[:, 1] - middle.y) <= AROUND_M + 50.0
    chosen = own | near
    return _merged(low[chosen], high[chosen])


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
