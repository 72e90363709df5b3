"""The kerbs of roads cut into stretches: free, warned or barred, and by which rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import shapely

from grids.enums import RoadClass
from grids.models import Kerb
from vendors.domain import siting
from vendors.domain.kerbside.answer import NO_ROOM, UNRULED, Kerbside, Stretch, Wanted
from vendors.domain.kerbside.away import too_near
from vendors.domain.kerbside.cells import NONE, Cells, elementary, outside
from vendors.domain.kerbside.footways import too_narrow
from vendors.domain.kerbside.strip import Strip
from vendors.domain.kerbside.targets import Targets
from vendors.domain.rectangles import Floats, Runs
from vendors.enums import Check, Severity
from vendors.models import PlacementRule

# The checks that depend on where a place stands.
MEASURED = (Check.DISTANCE, Check.OFF, Check.FREE_KERB, Check.CLEAR_WIDTH)


def where_may_stand(wanted: Wanted, *, on: date, roads: Iterable[int] | None = None) -> Kerbside:
    """Every kerb of these roads (ids), or of all but expressways, by the rules of the day `on`. Seven statements at most."""
    kerbs = Kerb.objects.order_by("road__name", "side", "pk")
    chosen = (
        kerbs.exclude(road__road_class=RoadClass.EXPRESSWAY)
        if roads is None
        else kerbs.filter(road__in=roads)
    )
    return _kerbside(Runs(list(chosen)), wanted, siting.rules_of(on), on)


@dataclass
class Answer:
    """On one axis: the cells that hold a rectangle, and for each rule those on which it breaks."""

    runs: Runs
    room: Cells
    broken: dict[str, Cells] = field(default_factory=dict)


def answer(runs: Runs, wanted: Wanted, rules: Sequence[PlacementRule], on: date, whole: Cells) -> Answer:
    """Where on `whole` there is room, and where each of the rules that speak of such a place breaks."""
    strip = Strip(runs, wanted.size, whole)
    found = Answer(runs, strip.room)
    targets = Targets.around(runs, whole, wanted, rules, on)
    for rule in rules:
        if siting.applies(rule, wanted.kind) and rule.check_kind in MEASURED:
            shapes, widths = targets.shapes[rule.target], targets.required[rule.target]
            found.broken[rule.code] = _broken(strip, rule, shapes, widths)
    return found


def _broken(strip: Strip, rule: PlacementRule, shapes: npt.NDArray[np.object_], widths: Floats) -> Cells:
    if not len(shapes) or not len(strip.room[0]):
        return NONE
    if rule.check_kind == Check.CLEAR_WIDTH:
        return too_narrow(strip, shapes, widths, rule.amount or 0.0)
    if rule.check_kind == Check.DISTANCE:
        return too_near(strip, shapes, widths + (rule.amount or 0.0), inset=0.0)
    return too_near(strip, shapes, widths, inset=siting.TOUCH_M)


def _kerbside(runs: Runs, wanted: Wanted, rules: Sequence[PlacementRule], on: date) -> Kerbside:
    if not runs.kerbs:
        return Kerbside([], {})
    whole = (runs.base, runs.base + runs.length)
    found = answer(runs, wanted, rules, on, whole)
    hard = {rule.code for rule in rules if rule.severity == Severity.HARD}
    codes = [NO_ROOM, *found.broken]
    barred = [outside(found.room, whole), *found.broken.values()]
    stretches = _stretches(runs, *elementary(whole, barred), codes, hard)
    if not siting.ruled(wanted.kind, rules):
        stretches = [replace(each, state=UNRULED) if each.state == "free" else each for each in stretches]
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
