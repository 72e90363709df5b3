"""Stall sites and fruit markets beside the shared-out roads, with pitches and the vendors who hold them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

import numpy as np
import shapely
from psycopg2.extras import DateRange
from shapely import Geometry, Polygon

from gridmgr.demo import names
from gridmgr.demo.branches import Grids, stored
from gridmgr.demo.ground import Ground
from gridmgr.demo.kerbside import Taken, samples, strip
from grids.domain.assign import stretch_of
from parking.domain.lay import KerbLine
from vendors.enums import SiteKind, SiteState
from vendors.models import Allocation, Pitch, Site, Vendor

STALLS, MARKETS, CAPACITY = 28, 19, 200
WINTER_MARKETS = 6
VENDORS, HOLDING = 200, 150
FEWEST, MOST = 2, 8  # pitches of one site

GATE_CLEAR_M = 100.0  # domain default for school gates
JUNCTION_M = 20.0  # domain default for junctions
APART_M = 180.0  # sites of one branch, so that they are spread over its roads
OUTWARD_M = 0.8  # from the kerb to a site, on the pavement
EDGE_M = 0.4  # from a site's edge to its pitches, and between pitches

# Length along the kerb and depth, in metres, of one pitch.
PITCH = {SiteKind.STALL: (2.0, 1.5), SiteKind.MARKET: (3.0, 2.0)}
STALL_HOURS = (
    (time(6, 30), time(9, 30)),
    (time(16, 0), time(21, 30)),
    (time(6, 0), time(20, 0)),
    (time(18, 0), time(1, 0)),
)
MARKET_HOURS = ((time(6, 0), time(21, 0)), (time(7, 0), time(20, 0)), (time(17, 0), time(0, 30)))
STALL_GOODS = (
    "早点",
    "煎饼果子",
    "烤红薯",
    "修鞋配钥匙",
    "缝补",
    "鲜花",
    "小百货",
    "凉皮",
    "糖葫芦",
    "豆腐脑",
    "莜面栲栳栳",
    "袜子手套",
)
SUMMER_GOODS = ("西瓜", "桃", "葡萄", "甜瓜", "杏")
WINTER_GOODS = ("苹果", "橘子", "梨", "白菜萝卜", "柿子", "红枣核桃")

SOME_NOT_OPEN = {
    SiteKind.STALL: (SiteState.PROPOSED, SiteState.APPROVED, SiteState.SUSPENDED),
    SiteKind.MARKET: (SiteState.APPROVED, SiteState.SUSPENDED),
}


@dataclass(frozen=True)
class Plan:
    """One site to be: its kind, the branch (by place) on whose section it lies, and how many pitches."""

    kind: SiteKind
    area: int
    pitches: int

    @property
    def length_m(self) -> float:
        return self.pitches * (PITCH[self.kind][0] + EDGE_M) + EDGE_M

    @property
    def depth_m(self) -> float:
        return PITCH[self.kind][1] + 2 * EDGE_M


@dataclass(frozen=True)
class Spot:
    """A place for a plan: the run of kerb, where along it, the ground it covers."""

    street_pk: int
    side: str
    kerb: KerbLine
    start: float
    end: float
    ground: Polygon


def make_sites(
    ground: Ground,
    grids: Grids,
    gates: Sequence[Geometry],
    taken: Taken,
    *,
    today: date,
    rng: np.random.Generator,
) -> None:
    """28 stall sites and 19 fruit markets with 200 pitches, and 200 vendors of whom 150 hold a pitch or will."""
    plans = _plans(len(grids.branches), rng)
    candidates = _candidates(ground, grids, gates)
    placed: list[tuple[Plan, Spot]] = []
    for plan in plans:
        spot = _spot(plan, candidates[plan.area], placed, ground, taken, rng)
        street = ground.by_id()[spot.street_pk]
        low, high = sorted((spot.kerb.measure(spot.start), spot.kerb.measure(spot.end)))
        taken.take(street, spot.side, low, high, spot.ground)
        placed.append((plan, spot))
    sites = _write_sites(placed, ground, today, rng)
    pitches = _write_pitches(sites, placed)
    _write_vendors(sites, pitches, today, rng)


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


# ── Where ─────────────────────────────────────────────────────────────────────────────────────────────────


def _candidates(ground: Ground, grids: Grids, gates: Sequence[Geometry]) -> dict[int, list[Spot]]:
    """By branch: points of kerb on its sections, far from junctions and school gates, with room on the pavement."""
    by_area: dict[int, list[Spot]] = defaultdict(list)
    gate_tree = shapely.STRtree(list(gates))
    for run in grids.runs:
        for side, kerb in run.street.kerbs:
            start, end = kerb.arcs((run.from_m, run.to_m))
            if end - start < 60.0:
                continue
            row = samples(run.street, side, kerb)
            points = row.points(-2.0)
            fit = (row.arc > start) & (row.arc < end - 30.0)
            fit &= ~ground.near_junction(points, JUNCTION_M + 5.0) & ~ground.on_carriageway(points)
            close = np.zeros(len(points), dtype=bool)
            close[gate_tree.query(points, predicate="dwithin", distance=GATE_CLEAR_M + 5.0)[0]] = True
            fit &= ~close & (shapely.distance(points, ground.water) > 5.0)
            by_area[run.area] += [
                Spot(run.street.road.pk, side, kerb, float(at), float(end), Polygon()) for at in row.arc[fit]
            ]
    return by_area


def _spot(
    plan: Plan,
    candidates: Sequence[Spot],
    placed: Sequence[tuple[Plan, Spot]],
    ground: Ground,
    taken: Taken,
    rng: np.random.Generator,
) -> Spot:
    """A random candidate on which the whole site fits; nearer to other sites than APART_M only when it must be."""
    others = [spot.ground for _plan, spot in placed]
    streets = ground.by_id()
    for apart in (APART_M, APART_M / 3, 20.0):
        for index in rng.permutation(len(candidates)):
            spot = _at(candidates[index], plan)
            if spot is None or any(spot.ground.distance(other) < apart for other in others):
                continue
            low, high = spot.kerb.measure(spot.start), spot.kerb.measure(spot.end)
            free = taken.is_free(streets[spot.street_pk], spot.side, low, high, spot.ground)
            if free and _has_room(spot, ground):
                return spot
    raise RuntimeError(f"no place for a site of {plan.pitches} pitches in area {plan.area}")


def _at(candidate: Spot, plan: Plan) -> Spot | None:
    """The candidate with the ground that the plan covers there; None beyond the end of the section."""
    start, end = candidate.start, candidate.start + plan.length_m
    if end > candidate.end:
        return None
    straight = _rectangle(candidate.kerb, start, plan.length_m, OUTWARD_M, plan.depth_m)
    return Spot(candidate.street_pk, candidate.side, candidate.kerb, start, end, straight)


def _rectangle(kerb: KerbLine, start: float, length: float, outward: float, depth: float) -> Polygon:
    first, last = kerb.at(start), kerb.at(start + length)
    along = (last - first) / np.hypot(*(last - first))
    out = np.array([along[1], -along[0]]) * kerb.inward
    near, far = first + out * outward, first + out * (outward + depth)
    return Polygon([near, near + along * length, far + along * length, far])


def _has_room(spot: Spot, ground: Ground) -> bool:
    """Off every carriageway, junction and water, and the kerb straight enough for a rectangle beside it."""
    beside = strip(spot.kerb, spot.start, spot.end, outward=(0.0, OUTWARD_M / 2))
    clear = (
        not ground.on_carriageway([spot.ground])[0] and not ground.near_junction([spot.ground], JUNCTION_M)[0]
    )
    return bool(clear and not spot.ground.intersects(ground.water) and not beside.intersects(spot.ground))


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


def _write_sites(
    placed: Sequence[tuple[Plan, Spot]], ground: Ground, today: date, rng: np.random.Generator
) -> list[Site]:
    streets = ground.by_id()
    numbers: dict[SiteKind, int] = defaultdict(int)
    sites: list[Site] = []
    for plan, spot in placed:
        numbers[plan.kind] += 1
        number = numbers[plan.kind]
        road = streets[spot.street_pk].road
        low, high = spot.kerb.measure(spot.start), spot.kerb.measure(spot.end)
        name = _called(plan.kind, streets[spot.street_pk].crossings, road.name, (low + high) / 2, sites)
        closed = SOME_NOT_OPEN[plan.kind]
        state = closed[number // 7 % len(closed)] if number % 7 == 0 else SiteState.OPEN
        hours = STALL_HOURS if plan.kind == SiteKind.STALL else MARKET_HOURS
        opens, closes = hours[int(rng.integers(len(hours)))]
        sites.append(
            Site(
                code=f"{'TD' if plan.kind == SiteKind.STALL else 'GG'}-{number:02d}",
                name=name,
                name_en=f"{'Stall site' if plan.kind == SiteKind.STALL else 'Fruit market'} {number}",
                kind=plan.kind,
                state=state,
                area=stored(spot.ground),
                capacity=plan.pitches,
                season=_season(number, today) if plan.kind == SiteKind.MARKET else None,
                opens=opens,
                closes=closes,
                sign_board=state != SiteState.PROPOSED,
                bins=0 if state == SiteState.PROPOSED else 1 + plan.pitches // 4,
                road=road,
                side=spot.side,
                stretch=stretch_of(low, high),
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


def _write_pitches(sites: Sequence[Site], placed: Sequence[tuple[Plan, Spot]]) -> list[Pitch]:
    pitches = []
    for site, (plan, spot) in zip(sites, placed, strict=True):
        corners = shapely.get_coordinates(spot.ground)
        along = (corners[1] - corners[0]) / np.hypot(*(corners[1] - corners[0]))
        out = (corners[3] - corners[0]) / np.hypot(*(corners[3] - corners[0]))
        length, depth = PITCH[plan.kind]
        for place in range(plan.pitches):
            first = corners[0] + along * (EDGE_M + place * (length + EDGE_M)) + out * EDGE_M
            area = Polygon(
                [first, first + along * length, first + along * length + out * depth, first + out * depth]
            )
            pitches.append(Pitch(site=site, number=f"{place + 1:02d}", area=stored(area), is_demo=True))
    return Pitch.objects.bulk_create(pitches)


def _write_vendors(
    sites: Sequence[Site], pitches: Sequence[Pitch], today: date, rng: np.random.Generator
) -> None:
    """Vendors, of whom HOLDING hold a pitch of an open site: this year's for stalls, the season's for markets.

    Sites open today are filled first, four pitches in five; the rest hold a pitch of a market's coming season.
    """
    open_sites = {site.pk: site for site in sites if site.state == SiteState.OPEN}
    usable = [pitch for pitch in pitches if pitch.site_id in open_sites]
    usable = [usable[index] for index in rng.permutation(len(usable))]
    now = [pitch for pitch in usable if _in_season(open_sites[pitch.site_id], today)]
    now, spare = now[: round(len(now) * 0.85)], now[round(len(now) * 0.85) :]
    later = [pitch for pitch in usable if not _in_season(open_sites[pitch.site_id], today)]
    held = [*now, *later, *spare][:HOLDING]
    called = names.people(rng, VENDORS)
    vendors = Vendor.objects.bulk_create(
        Vendor(
            name=name,
            phone=names.phone(1_000 + number),
            goods=_goods(open_sites[held[number].site_id] if number < len(held) else None, rng),
            is_demo=True,
        )
        for number, name in enumerate(called)
    )
    year = DateRange(date(today.year, 1, 1), date(today.year + 1, 1, 1))
    Allocation.objects.bulk_create(
        Allocation(pitch=pitch, vendor=vendor, period=open_sites[pitch.site_id].season or year, is_demo=True)
        for pitch, vendor in zip(held, vendors, strict=False)
    )


def _in_season(site: Site, today: date) -> bool:
    return site.season is None or site.season.lower <= today < site.season.upper


def _goods(site: Site | None, rng: np.random.Generator) -> str:
    if site is None or site.season is None:
        return str(rng.choice(STALL_GOODS))
    return str(rng.choice(SUMMER_GOODS if site.season.lower.month == 5 else WINTER_GOODS))
