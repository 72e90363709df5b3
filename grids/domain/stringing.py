"""Stringing separate pieces of a road to one line: in which order and direction, and by which jumps.

All coordinates are metres in the city's projected CRS. A jump may not run beside the rest of the line, so where straight
ones would, they go round it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString
from shapely.ops import substring

from grids.domain.medial_axis import Floats

WITHIN_AIM_M = 42.0  # a jump keeps farther than this from the line
TRIM_M = 46.0  # a further piece starts this far from the line; its own first 40 m around cover the rest
_MAX_CORNERS = 250


def chains(pieces: Sequence[LineString], keep: int, beam: int = 200) -> list[list[LineString]]:
    """The likeliest orders and directions of the pieces, by beam search: few conflicts, then short jumps."""
    if len(pieces) == 1:
        return [list(pieces)]
    cost = _jump_costs(pieces)
    states: list[tuple[float, tuple[int, ...]]] = [(0.0, (end,)) for end in range(2 * len(pieces))]
    for _ in range(len(pieces) - 1):
        grown = [
            (so_far + cost[chain[-1] ^ 1, end], (*chain, end))
            for so_far, chain in states
            for end in range(2 * len(pieces))
            if all(end // 2 != used // 2 for used in chain)
        ]
        states = sorted(grown)[:beam]
    states = [
        (so_far, chain) for so_far, chain in states if chain[0] < chain[-1]
    ]  # the other half: the same, reversed
    return [
        [pieces[end // 2] if end % 2 == 0 else pieces[end // 2].reverse() for end in chain]
        for _, chain in states[:keep]
    ]


def _jump_costs(pieces: Sequence[LineString]) -> Floats:
    """Cost of a jump from end a to end b; end 2i is the start of piece i, 2i + 1 its end."""
    count = 2 * len(pieces)
    ends = [shapely.get_point(pieces[end // 2], -(end % 2)) for end in range(count)]
    near = [piece.buffer(WITHIN_AIM_M) for piece in pieces]
    cost = np.full((count, count), np.inf)
    for a in range(count):
        for b in range(a):
            if a // 2 != b // 2:
                cost[a, b] = cost[b, a] = _jump_cost(LineString([ends[a], ends[b]]), near, {a // 2, b // 2})
    return cost


def _jump_cost(jump: LineString, near: Sequence[shapely.Geometry], own: set[int]) -> float:
    beside = 0.0
    for index, area in enumerate(near):
        # The first 100 m from its own piece are neighbours along the line, not a doubling.
        beside += max(0.0, jump.intersection(area).length - (100.0 if index in own else 0.0))
    return jump.length + 1000.0 * beside


def straight_jumps(chain: Sequence[LineString]) -> list[Floats]:
    return [np.empty((0, 2)) for _ in chain[1:]]


def jumps_around(chain: Sequence[LineString]) -> list[Floats]:
    """Turning points of each jump: none where it is clear of the rest of the line, else the shortest way round."""
    jumps = straight_jumps(chain)
    placed: dict[int, LineString] = {}
    for ask_clear in (True, False):
        for index, (before, after) in enumerate(pairwise(chain)):
            if index in placed:
                continue
            jump = LineString([end_of(before), start_of(after)])
            keep_off = _keep_off(chain, index, list(placed.values()))
            if jump.intersection(keep_off).length <= 5.0:
                placed[index] = jump
            elif not ask_clear:
                jumps[index] = _way_round(jump, keep_off)
                placed[index] = LineString(
                    np.concatenate((end_of(before)[None], jumps[index], start_of(after)[None]))
                )
    return jumps


def _keep_off(chain: Sequence[LineString], index: int, jumps: Sequence[LineString]) -> shapely.Geometry:
    """The land that jump `index` may not cross: all within reach of the line, save the two ends it springs from."""
    rest = [piece for place, piece in enumerate(chain) if place not in (index, index + 1)]
    rest += [_without_start(chain[index].reverse()), _without_start(chain[index + 1])]
    ends = shapely.MultiPoint([end_of(chain[index]), start_of(chain[index + 1])])
    others = [jump.difference(ends.buffer(TRIM_M)) for jump in jumps]
    return shapely.union_all([*rest, *others]).buffer(WITHIN_AIM_M, quad_segs=16)


def _without_start(piece: LineString) -> LineString:
    return substring(piece, TRIM_M, piece.length) if piece.length > TRIM_M + 1.0 else LineString()


def _way_round(jump: LineString, keep_off: shapely.Geometry) -> Floats:
    """Turning points of the shortest way from one end of the jump to the other, over corners of the kept-off land."""
    from scipy.sparse.csgraph import dijkstra

    corners = np.concatenate((shapely.get_coordinates(jump), _corners(keep_off)))
    a, b = np.triu_indices(len(corners), 1)
    sights = shapely.linestrings(np.stack((corners[a], corners[b]), axis=1))
    shapely.prepare(keep_off)
    clear = ~shapely.intersects(keep_off, sights)
    graph = np.zeros((len(corners), len(corners)))
    graph[a[clear], b[clear]] = shapely.length(sights[clear])
    _, before = dijkstra(graph, directed=False, indices=0, return_predecessors=True)
    turns: list[int] = []
    node = int(before[1])
    while node > 0:
        turns.append(node)
        node = int(before[node])
    return corners[turns[::-1]]


def _corners(keep_off: shapely.Geometry) -> Floats:
    """Points just outside the kept-off land over which a way round it may bend, not too many of them."""
    slack = 3.0
    while True:
        outline = shapely.get_coordinates(keep_off.buffer(slack + 1.0, quad_segs=2).simplify(slack))
        if len(outline) <= _MAX_CORNERS or slack > 100.0:
            return outline[:_MAX_CORNERS]
        slack *= 1.5


def start_of(line: LineString) -> Floats:
    return shapely.get_coordinates(line)[0]


def end_of(line: LineString) -> Floats:
    return shapely.get_coordinates(line)[-1]
