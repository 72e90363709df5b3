"""Stall sites and fruit markets beside the shared-out roads, drawn as a planner draws them and where the rules allow.

All but a few stand where no hard rule breaks. BROKEN lists those few: two came before what they are now too near to,
or stand by an exception that a second person approved; `manage.py check_places` tells of them all.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from django.conf import settings
from psycopg2.extras import DateRange

from gridmgr.core.accounts.models import User
from gridmgr.demo.branches import Grids
from gridmgr.demo.ground import Ground
from gridmgr.demo.kerbside import Taken, strip
from grids.domain.assign import stretch_of
from grids.models import Kerb
from parking.domain.row import KerbLine
from vendors.domain.draft import Draft, Drawn, Position, draw
from vendors.domain.kerbside import NO_ROOM, Stretch, Wanted, where_may_stand
from vendors.domain.pitching import Layout
from vendors.domain.place import Place, stored
from vendors.domain.rectangles import OFFSET_M, Size
from vendors.domain.siting import judge, rules_of
from vendors.enums import Severity, SiteKind, SiteState
from vendors.models import Override, Pitch, Site

STALLS, MARKETS, CAPACITY = 28, 19, 200
WINTER_MARKETS = 6
FEWEST, MOST = 2, 8  # pitches of one site

JUNCTION_M = 20.0  # domain default for junctions
APART_M = 180.0  # sites of one branch, so that they are spread over its roads
EVERY_M = 8.0  # between places that are thought of
SLIGHTLY_M = 20.0  # from where no rule breaks, for those that break one
END_M = 2.0  # from a site to the end of its branch's section

# One row of pitches with its back to the kerb; small stalls have 2 m² at most (domain default).
LAYOUT = {SiteKind.STALL: Layout(2.0, 1.0, 0.4, 0.8), SiteKind.MARKET: Layout(3.0, 2.0, 0.4, 1.2)}
STALL_HOURS = (
    (time(6, 30), time(9, 30)),
    (time(16, 0), time(21, 30)),
    (time(6, 0), time(20, 0)),
    (time(18, 0), time(1, 0)),
)
MARKET_HOURS = ((time(6, 0), time(21, 0)), (time(7, 0), time(20, 0)), (time(17, 0), time(0, 30)))

APPROVED_AT = datetime(2020, 4, 20, 10, 0, tzinfo=ZoneInfo(settings.TIME_ZONE))

SOME_NOT_OPEN = {
    SiteKind.STALL: (SiteState.PROPOSED, SiteState.APPROVED, SiteState.SUSPENDED),
    SiteKind.MARKET: (SiteState.APPROVED, SiteState.SUSPENDED),
}
# Which hard rule each of these sites breaks, and why that was approved; "" where it came to break it later.
BROKEN = (
    ("hydrant", ""),
    ("hydrant", "人行道宽,摊点与消防栓之间已划线留空,消防部门现场看过"),
    ("bus-stop", ""),
    ("bus-stop", "站台另一侧上下客,早市收摊早于首班高峰"),
    ("school-gate", ""),
)


@dataclass(frozen=True)
class Plan:
    """One site to be: its kind, the branch (by place) on whose section it lies, how many pitches, what rule it breaks."""

    kind: SiteKind
    area: int
    pitches: int
    breaks: str = ""
    because: str = ""

    @property
    def length_m(self) -> float:
        return LAYOUT[self.kind].length_for(self.pitches)


@dataclass(frozen=True)
class Spot:
    """A place for the middle of a site: metres along a run of kerb, and whether an advisory rule breaks there."""

    kerb: Kerb
    at: float
    warned: bool


@dataclass(frozen=True)
class Planners:
    """Who proposes the demo's sites, and who approves them."""

    proposer: User
    approver: User


@dataclass
class Placing:
    """What is chosen from and what is taken already. `spots` by kind, branch and rule broken ("": none)."""

    ground: Ground
    taken: Taken
    rng: np.random.Generator
    spots: dict[tuple[SiteKind, int, str], list[Spot]]
    placed: list[tuple[Plan, Drawn]] = field(default_factory=list)

    def place(self, plan: Plan) -> bool:
        """Places the plan at a random spot that fits, as far from other sites as can be; says whether there is one."""
        spots = self.spots[plan.kind, plan.area, plan.breaks]
        order = [spots[index] for index in self.rng.permutation(len(spots))]
        order.sort(key=lambda spot: spot.warned)
        for apart in (APART_M, APART_M / 3, 20.0):
            for spot in order:
                drawn = self._drawn(plan, spot, apart)
                if drawn is not None:
                    self._take(plan, drawn)
                    return True
        return False

    def _drawn(self, plan: Plan, spot: Spot, apart: float) -> Drawn | None:
        line = KerbLine.of(spot.kerb)
        here = shapely.Point(line.at(spot.at))
        if any(here.distance(other.place.area) < apart + plan.length_m / 2 for _plan, other in self.placed):
            return None
        opens, closes = (STALL_HOURS if plan.kind == SiteKind.STALL else MARKET_HOURS)[0]
        where = Position(spot.kerb.road_id, spot.kerb.side, line.measure(spot.at), spot.kerb)
        drawn = draw(Draft(plan.kind, where, plan.pitches, LAYOUT[plan.kind], opens, closes, offset=OFFSET_M))
        street = self.ground.by_id()[spot.kerb.road_id]
        low, high = drawn.footprint.stretch
        free = self.taken.is_free(street, spot.kerb.side, low, high, drawn.place.area)
        return drawn if free and self._has_room(line, spot.at, drawn) else None

    def _has_room(self, line: KerbLine, at: float, drawn: Drawn) -> bool:
        """Off every carriageway, junction and water, and the kerb straight enough for a rectangle beside it."""
        half, area = drawn.draft.size.length / 2, drawn.place.area
        beside = strip(line, at - half, at + half, outward=(0.0, OFFSET_M / 2))
        clear = not self.ground.on_carriageway([area])[0]
        clear = clear and not self.ground.near_junction([area], JUNCTION_M)[0]
        return bool(clear and not area.intersects(self.ground.water) and not beside.intersects(area))

    def _take(self, plan: Plan, drawn: Drawn) -> None:
        street = self.ground.by_id()[drawn.kerb.road_id]
        low, high = drawn.footprint.stretch
        self.taken.take(street, drawn.kerb.side, low, high, drawn.place.area)
        self.placed.append((plan, drawn))


def make_sites(
    ground: Ground, grids: Grids, taken: Taken, planners: Planners, *, today: date, rng: np.random.Generator
) -> tuple[list[Site], list[Pitch]]:
    """28 stall sites and 19 fruit markets with 200 pitches, proposed by one person and approved by another.

    Call it when facilities, rules and whatever else stands at kerbs are there.
    """
    placing = Placing(ground, taken, rng, _spots(grids, today))
    for plan in _with_some_broken(_plans(len(grids.branches), rng), placing):
        if not placing.place(plan):
            raise RuntimeError(f"no place for a site of {plan.pitches} pitches in area {plan.area}")
    placed = sorted(placing.placed, key=lambda each: each[0].kind, reverse=True)
    sites = _write_sites(placed, ground, planners, today, rng)
    pitches = [
        Pitch(site=site, number=number, area=stored(area), is_demo=True)
        for site, (_plan, drawn) in zip(sites, placed, strict=True)
        for number, area in drawn.pitches
    ]
    Pitch.objects.bulk_create(pitches)
    _write_overrides(sites, placed, planners, today)
    return sites, pitches


# ── What there shall be ───────────────────────────────────────────────────────────────────────────────────


def _plans(branches: int, rng: np.random.Generator) -> list[Plan]:
    """Sites for every branch in turn, with FEWEST to MOST pitches each and CAPACITY in all."""
    kinds = [SiteKind.STALL] * STALLS + [SiteKind.MARKET] * MARKETS
    pitches = rng.integers(3, 7, size=len(kinds))
    while pitches.sum() != CAPACITY:
        step = 1 if pitches.sum() < CAPACITY else -1
        index = int(rng.integers(len(kinds)))
        pitches[index] = min(MOST, max(FEWEST, pitches[index] + step))
    order = list(rng.permutation(branches))
    return [
        Plan(kind, int(order[index % branches]), int(count))
        for index, (kind, count) in enumerate(zip(kinds, pitches, strict=True))
    ]


def _with_some_broken(plans: Sequence[Plan], placing: Placing) -> Iterator[Plan]:
    """The plans, of which the first that can break the rules of BROKEN do so, one each."""
    waiting = list(BROKEN)
    for plan in plans:
        code = next((each for each in waiting if placing.spots[plan.kind, plan.area, each[0]]), None)
        broken = code and Plan(plan.kind, plan.area, plan.pitches, *code)
        if broken and code and placing.place(broken):
            waiting.remove(code)
        else:
            yield plan


# ── Where ─────────────────────────────────────────────────────────────────────────────────────────────────


def _spots(grids: Grids, today: date) -> dict[tuple[SiteKind, int, str], list[Spot]]:
    """By kind, branch and rule broken: places every EVERY_M on its sections where a site of MOST pitches finds room."""
    hard = {rule.code for rule in rules_of(today) if rule.severity == Severity.HARD} | {NO_ROOM}
    roads = {run.street.road.pk for run in grids.runs}
    kerbs = Kerb.objects.filter(road__in=roads).select_related("road").in_bulk()
    found: dict[tuple[SiteKind, int, str], list[Spot]] = defaultdict(list)
    for kind, layout in LAYOUT.items():
        length = layout.length_for(MOST)
        spare = (length - layout.length_for(FEWEST)) / 2
        wanted = Wanted(kind, Size(length, layout.depth_for), opens=None, closes=None)
        by_road: dict[int, list[Stretch]] = defaultdict(list)
        for stretch in where_may_stand(wanted, on=today, roads=roads).stretches:
            by_road[stretch.road_id].append(stretch)
        for run in grids.runs:
            for stretch in by_road[run.street.road.pk]:
                broken = hard & set(stretch.codes)
                if len(broken) <= 1 and NO_ROOM not in broken:
                    inside = (run.from_m + length / 2 + END_M, run.to_m - length / 2 - END_M)
                    found[kind, run.area, "".join(broken)] += _along(
                        kerbs[stretch.kerb_id], stretch, inside, spare
                    )
    return found


def _along(kerb: Kerb, stretch: Stretch, inside: tuple[float, float], spare: float) -> Iterator[Spot]:
    """Places on the stretch; on a barred one, where a site that is shorter by `spare` on each side breaks the rule too."""
    line, barred = KerbLine.of(kerb), stretch.state == "barred"
    margin = spare + 1.0 if barred else 0.2
    for at in np.arange(stretch.start + margin, stretch.end - margin, EVERY_M):
        slight = not barred or min(at - stretch.start, stretch.end - at) < SLIGHTLY_M
        if slight and inside[0] <= line.measure(float(at)) <= inside[1]:
            yield Spot(kerb, float(at), stretch.state == "warned")


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


def _write_sites(
    placed: Sequence[tuple[Plan, Drawn]],
    ground: Ground,
    planners: Planners,
    today: date,
    rng: np.random.Generator,
) -> list[Site]:
    streets = ground.by_id()
    numbers: dict[SiteKind, int] = defaultdict(int)
    sites: list[Site] = []
    for plan, drawn in placed:
        numbers[plan.kind] += 1
        number = numbers[plan.kind]
        road = streets[drawn.kerb.road_id].road
        low, high = drawn.footprint.stretch
        name = _called(plan.kind, streets[road.pk].crossings, road.name, (low + high) / 2, sites)
        closed = SOME_NOT_OPEN[plan.kind]
        state = closed[number // 7 % len(closed)] if number % 7 == 0 else SiteState.OPEN
        hours = STALL_HOURS if plan.kind == SiteKind.STALL else MARKET_HOURS
        opens, closes = hours[int(rng.integers(len(hours)))]
        proposed = state == SiteState.PROPOSED
        sites.append(
            Site(
                code=f"{'TD' if plan.kind == SiteKind.STALL else 'GG'}-{number:02d}",
                name=name,
                name_en=f"{'Stall site' if plan.kind == SiteKind.STALL else 'Fruit market'} {number}",
                kind=plan.kind,
                state=state,
                area=stored(drawn.place.area),
                capacity=plan.pitches,
                season=_season(number, today) if plan.kind == SiteKind.MARKET else None,
                opens=opens,
                closes=closes,
                sign_board=not proposed,
                bins=0 if proposed else 1 + plan.pitches // 4,
                road=road,
                side=drawn.kerb.side,
                stretch=stretch_of(low, high),
                proposed_by=planners.proposer,
                approved_by=None if proposed else planners.approver,
                approved_at=None if proposed else APPROVED_AT,
                is_demo=True,
            )
        )
    return Site.objects.bulk_create(sites)


def _called(
    kind: SiteKind, crossings: Sequence[tuple[float, str]], road: str, metre: float, before: Sequence[Site]
) -> str:
    """ "府西街(近新建路)便民摊点", after the road and the nearest crossing; a second one there is told apart by number."""
    near = min(crossings, key=lambda crossing: abs(crossing[0] - metre))[1]
    name = f"{road}(近{near}){kind.label}"
    namesakes = sum(site.name.startswith(name) for site in before)
    return f"{name}{namesakes + 1}号" if namesakes else name


def _season(number: int, today: date) -> DateRange:
    """The running season, or the next one: autumn and winter for the first WINTER_MARKETS, else summer."""
    if number <= WINTER_MARKETS:
        year = today.year - 1 if today < date(today.year, 2, 11) else today.year
        return DateRange(date(year, 9, 20), date(year + 1, 2, 11))
    year = today.year if today < date(today.year, 10, 1) else today.year + 1
    return DateRange(date(year, 5, 15), date(year, 10, 1))


def _write_overrides(
    sites: Sequence[Site], placed: Sequence[tuple[Plan, Drawn]], planners: Planners, today: date
) -> None:
    """The exceptions that were approved, with what the rules find."""
    chosen = [(site, plan) for site, (plan, _drawn) in zip(sites, placed, strict=True) if plan.because]
    judged = judge([Place.of(site) for site, _plan in chosen], on=today, rules=rules_of(today))
    Override.objects.bulk_create(
        Override(
            site=site,
            rule_code=verdict.rule.code,
            found=verdict.found,
            required=verdict.required,
            reason=plan.because,
            asked_by=planners.proposer,
            approved_by=planners.approver,
        )
        for (site, plan), verdicts in zip(chosen, judged, strict=True)
        for verdict in verdicts
        if verdict.broken and verdict.rule.code == plan.breaks
    )
