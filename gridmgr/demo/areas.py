"""Eighteen compact areas that tile the centre around the shared-out roads: city blocks, put together.

Blocks are what the streets cut out of the ground. They are put together into areas of about equal load (metres of
shared-out road and ground), by growing from spread-out seeds and then moving blocks across borders while the areas become
rounder and more even and stay in one piece. Areas so end at streets and never reach across the river.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Geometry, LineString, Polygon

from gridmgr.demo.ground import Ground, Street

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

REACH_M = 450.0  # how far from a shared-out road the tiled ground reaches
CLOSE_M = 700.0  # bays in its outline narrower than twice this are filled
EXTEND_M = 70.0  # a street that ends this near before another one is taken to reach it
BORDER_M = 25.0  # blocks with less common border than this are not neighbours
GROUND_SHARE = 0.35  # of a block's load; the rest is metres of road
ROUNDS = 25
TRIES = 4


@dataclass(frozen=True)
class Blocks:
    """City blocks, their load (mean 1 per area when all are shared among `count`), centres and neighbours."""

    polygons: npt.NDArray[np.object_]
    load: Floats
    centre: Floats
    neighbours: list[list[int]]


def grid_areas(
    ground: Ground, shared: Sequence[Street], *, count: int, rng: np.random.Generator
) -> list[Polygon]:
    """`count` polygons, in no order of meaning."""
    blocks = _blocks(ground, shared, count)
    tries = [_improved(blocks, _grown(blocks, _seeds(blocks, count, rng), count)) for _ in range(TRIES)]
    best = min(tries, key=lambda owner: _cost(blocks, owner, count))
    return [_one_piece(blocks.polygons[best == area]) for area in range(count)]


# ── Blocks ────────────────────────────────────────────────────────────────────────────────────────────────


def _blocks(ground: Ground, shared: Sequence[Street], count: int) -> Blocks:
    outline = _outline(shared, ground.river)
    lines = [_extended(street.line) for street in ground.streets.values()]
    cuts = shapely.union_all([*lines, shapely.boundary(outline), shapely.boundary(ground.river)])
    faces = shapely.get_parts(shapely.polygonize([cuts]))
    inside = shapely.covers(shapely.buffer(outline, 1.0), faces) & ~shapely.covers(
        shapely.buffer(ground.river, 1.0), faces
    )
    polygons = _largest_component(faces[inside])
    load = _load(polygons, shared, count)
    return Blocks(polygons, load, shapely.get_coordinates(shapely.centroid(polygons)), _neighbours(polygons))


def _outline(shared: Sequence[Street], river: Geometry) -> Geometry:
    wide = shapely.union_all([street.line.buffer(REACH_M) for street in shared])
    closed = wide.buffer(CLOSE_M).buffer(-CLOSE_M)
    return shapely.Polygon(max(shapely.get_parts(closed), key=shapely.area).exterior).simplify(40.0)


def _extended(line: LineString) -> LineString:
    """The line, a little longer at both ends, so that it cuts through to the street it leads to."""
    xy = shapely.get_coordinates(line)
    first = xy[0] + (xy[0] - xy[1]) / np.hypot(*(xy[0] - xy[1])) * EXTEND_M
    last = xy[-1] + (xy[-1] - xy[-2]) / np.hypot(*(xy[-1] - xy[-2])) * EXTEND_M
    return LineString(np.vstack((first, xy, last)))


def _load(polygons: npt.NDArray[np.object_], shared: Sequence[Street], count: int) -> Floats:
    """Each block's share of the shared-out metres along and in it, and of the ground."""
    road = shapely.union_all([street.line.buffer(20.0, cap_style="flat") for street in shared])
    metres = shapely.area(shapely.intersection(polygons, road))
    area = np.minimum(shapely.area(polygons), 1_000_000.0)
    return count * ((1 - GROUND_SHARE) * metres / metres.sum() + GROUND_SHARE * area / area.sum())


def _neighbours(polygons: npt.NDArray[np.object_]) -> list[list[int]]:
    a, b = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    a, b = a[a < b], b[a < b]
    border = shapely.length(shapely.intersection(polygons[a], polygons[b]))
    found: list[list[int]] = [[] for _ in polygons]
    for i, j in zip(a[border >= BORDER_M].tolist(), b[border >= BORDER_M].tolist(), strict=True):
        found[i].append(j)
        found[j].append(i)
    return found


def _largest_component(polygons: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """The blocks that hang together on each bank: scraps under a fiftieth of all ground are left out."""
    neighbours = _neighbours(polygons)
    area = shapely.area(polygons)
    keep: list[int] = []
    left = set(range(len(polygons)))
    while left:
        part = _reach(min(left), left, neighbours)
        left -= part
        if area[list(part)].sum() > area.sum() / 50:
            keep += part
    return polygons[sorted(keep)]


def _reach(start: int, allowed: set[int], neighbours: list[list[int]]) -> set[int]:
    """All of `allowed` that hangs together with `start`."""
    seen, queue = {start}, deque([start])
    while queue:
        for other in neighbours[queue.popleft()]:
            if other in allowed and other not in seen:
                seen.add(other)
                queue.append(other)
    return seen


# ── Putting together ──────────────────────────────────────────────────────────────────────────────────────


def _seeds(blocks: Blocks, count: int, rng: np.random.Generator) -> Floats:
    """Spread-out starting points: weighted k-means of the blocks' centres, started as by Arthur and Vassilvitskii."""
    xy, load = blocks.centre, blocks.load
    seeds = xy[[rng.choice(len(xy), p=load / load.sum())]]
    while len(seeds) < count:
        gap = load * _distances(xy, seeds).min(axis=1) ** 2
        seeds = np.vstack((seeds, xy[rng.choice(len(xy), p=gap / gap.sum())]))
    for _ in range(ROUNDS):
        nearest = _distances(xy, seeds).argmin(axis=1)
        seeds = np.array(
            [
                np.average(xy[nearest == k], axis=0, weights=load[nearest == k])
                if (nearest == k).any()
                else seeds[k]
                for k in range(count)
            ]
        )
    return seeds


def _distances(xy: Floats, seeds: Floats) -> Floats:
    return np.asarray(np.hypot(*(xy[:, None] - seeds[None]).transpose(2, 0, 1)))


def _grown(blocks: Blocks, seeds: Floats, count: int) -> Ints:
    """Areas grown from the blocks nearest to the seeds: the lightest area takes its nearest free neighbour."""
    owner = np.full(len(blocks.load), -1)
    weight = np.zeros(count)
    for area in range(count):
        free = np.flatnonzero(owner < 0)
        start = free[_distances(blocks.centre[free], seeds[[area]]).argmin()]
        owner[start], weight[area] = area, blocks.load[start]
    heap = [(weight[area], area) for area in range(count)]
    heapq.heapify(heap)
    while heap:
        _weight, area = heapq.heappop(heap)
        rim = {
            other
            for block in np.flatnonzero(owner == area)
            for other in blocks.neighbours[block]
            if owner[other] < 0
        }
        if not rim:
            continue
        nearest = min(rim, key=lambda block: (float(np.hypot(*(blocks.centre[block] - seeds[area]))), block))
        owner[nearest] = area
        weight[area] += blocks.load[nearest]
        heapq.heappush(heap, (weight[area], area))
    return owner


def _improved(blocks: Blocks, owner: Ints) -> Ints:
    """Moves of single blocks across borders, as long as one makes the areas rounder or more even."""
    owner = owner.copy()
    for _ in range(ROUNDS):
        moved = False
        for block in range(len(owner)):
            for area in sorted(
                {int(owner[other]) for other in blocks.neighbours[block]} - {int(owner[block])}
            ):
                if _gain(blocks, owner, block, area) > 1e-9 and _can_leave(blocks, owner, block):
                    owner[block] = area
                    moved = True
                    break
        if not moved:
            break
    return owner


def _gain(blocks: Blocks, owner: Ints, block: int, area: int) -> float:
    """By how much the cost of the two areas concerned falls when `block` goes over to `area`."""
    old = int(owner[block])
    before = _cost_of(blocks, owner == old) + _cost_of(blocks, owner == area)
    giver, taker = owner == old, owner == area
    giver[block], taker[block] = False, True
    return before - _cost_of(blocks, giver) - _cost_of(blocks, taker) if giver.any() else -1.0


def _cost_of(blocks: Blocks, mine: npt.NDArray[np.bool_]) -> float:
    """Spread of an area's load around its centre, in square kilometres, and how far its load is from 1."""
    load, xy = blocks.load[mine], blocks.centre[mine]
    total = float(load.sum())
    if total <= 0:
        return 10.0
    centre = load @ xy / total
    spread = float(load @ ((xy - centre) ** 2).sum(axis=1)) / 1e6
    return spread + 1.5 * (total - 1.0) ** 2


def _cost(blocks: Blocks, owner: Ints, count: int) -> float:
    return sum(_cost_of(blocks, owner == area) for area in range(count))


def _can_leave(blocks: Blocks, owner: Ints, block: int) -> bool:
    """Whether the block's area stays in one piece without it."""
    rest = set(np.flatnonzero(owner == owner[block]).tolist()) - {block}
    return bool(rest) and len(_reach(min(rest), rest, blocks.neighbours)) == len(rest)


def _one_piece(polygons: Iterable[Geometry]) -> Polygon:
    """The blocks as one polygon; pinholes that rounding leaves between them are closed."""
    whole = shapely.set_precision(shapely.union_all(list(polygons), grid_size=0.01), 0.01)
    largest = max(shapely.get_parts(whole), key=shapely.area)
    holes = [hole for hole in largest.interiors if Polygon(hole).area > 1_000.0]
    return Polygon(largest.exterior, holes)
