"""Walking distance along the streets: which way, how far, and which of many places are nearest on foot.

Walkers go both ways on every drawn way. Coordinates are metres of the city's metric CRS, arrays of shape (n, 2).
A point is joined to the network at the nearest spot of the nearest edge, and what lies between counts as walked.
Where there is no way on foot the answer is inf and `reachable` is False, never the distance as the crow flies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.contrib.gis.geos import LineString as GeosLineString
from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid, TooMuch
from grids.domain.walkable import WalkableWay, edges_of
from grids.models import SRID

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ACCESS_M = 300.0  # a point farther than this from every way is on no street: it can't be reached
PAIRS_MOST = 20_000_000  # pairs in one matrix of distances (160 MB)
SOURCES_AT_ONCE = 256

Points = np.ndarray | Sequence[Any] | Point


@dataclass(frozen=True)
class Walk:
    """One of the places that were asked about: its index there, and the metres to it on foot."""

    index: int
    metres: float


@dataclass(frozen=True)
class Route:
    """The way on foot between two points; without one `reachable` is False, `metres` inf and `line` None."""

    line: GeosLineString | None
    metres: float

    @property
    def reachable(self) -> bool:
        return self.line is not None


@dataclass(frozen=True)
class Joined:
    """Points joined to the network: edge (-1: none within ACCESS_M), metres along it, metres to it."""

    edge: np.ndarray
    along: np.ndarray
    aside: np.ndarray

    @property
    def reachable(self) -> np.ndarray:
        return self.edge >= 0

    def __len__(self) -> int:
        return len(self.edge)

    def take(self, index: np.ndarray) -> "Joined":
        return Joined(self.edge[index], self.along[index], self.aside[index])


@dataclass(frozen=True, eq=False)
class WalkingNetwork:
    """Edges between the nodes where ways meet. `ends[e]` are the nodes at the start and end of `lines[e]`."""

    lines: np.ndarray
    ends: np.ndarray
    lengths: np.ndarray
    nodes: int

    @classmethod
    def of(cls, ways: Sequence[WalkableWay]) -> "WalkingNetwork":
        """The network of these ways, ready to be asked."""
        edges = edges_of(ways)
        network = cls(edges.lines, edges.ends, shapely.length(edges.lines), edges.nodes)
        network.route((0.0, 0.0), (0.0, 0.0))  # builds what is built once: index, graph, table of edges
        return network

    # ── Questions ─────────────────────────────────────────────────────────────────────────────────────────

    def join(self, points: Points | Joined) -> Joined:
        """Where each point joins the network. Places that are asked about more than once are best joined beforehand."""
        return points if isinstance(points, Joined) else self._snap(as_xy(points))

    def distances(self, from_points: Points, to_points: Points, *, limit_m: float) -> np.ndarray:
        """Metres on foot, shape (from, to); inf beyond `limit_m` or where no way leads.

        Raises Invalid for a coordinate or limit that is no number, TooMuch for more than PAIRS_MOST pairs.
        """
        start, goal = self.join(from_points), self.join(to_points)
        if len(start) * len(goal) > PAIRS_MOST:
            raise TooMuch(
                _("一次最多计算 %(most)d 对步行距离,这里有 %(pairs)d 对。请减少地点。")
                % {"most": PAIRS_MOST, "pairs": len(start) * len(goal)}
            )
        limit = _limit(limit_m)
        if len(goal) < len(start):  # walking is the same there and back, and fewer sources are faster
            return np.ascontiguousarray(self._matrix(goal, start, limit).T)
        return self._matrix(start, goal, limit)

    def nearest(
        self, point: Points | Joined, to_points: Points | Joined, *, limit_m: float, most: int
    ) -> list[Walk]:
        """At most `most` of `to_points` within `limit_m` metres on foot, nearest first; ties by index.

        Those that no way leads to are not among them.
        """
        start = self.join(point)
        if len(start) != 1:
            raise Invalid(_("须从一个点出发,这里有 %d 个点。") % len(start))
        metres = self._matrix(start, self.join(to_points), _limit(limit_m))[0]
        reached = np.flatnonzero(np.isfinite(metres))
        order = reached[np.argsort(metres[reached], kind="stable")][: max(most, 0)]
        return [Walk(int(index), float(metres[index])) for index in order]

    def route(self, from_point: Points, to_point: Points, *, limit_m: float = np.inf) -> Route:
        """The shortest way on foot from one point to the other, as a line from the one to the other.

        `limit_m` is what it surely doesn't pass, where that is known: nothing farther is searched.
        """
        xy = np.concatenate((as_xy(from_point), as_xy(to_point)))
        if len(xy) != 2:
            raise Invalid(_("一条路线须有一个起点和一个终点。"))
        joined = self._snap(xy)
        if not joined.reachable.all():
            return Route(None, np.inf)
        coordinates = self._coordinates(joined, _limit(limit_m))
        if coordinates is None:
            return Route(None, np.inf)
        whole = np.concatenate((xy[:1], coordinates, xy[1:]))
        moved = np.append(True, np.any(np.diff(whole, axis=0) != 0, axis=1))
        line = whole[moved] if moved.sum() > 1 else whole[:2]
        return Route(GeosLineString(line, srid=SRID), float(np.hypot(*np.diff(line, axis=0).T).sum()))

    # ── How they are answered ─────────────────────────────────────────────────────────────────────────────

    @cached_property
    def graph(self) -> "csr_array":
        """Metres between neighbouring nodes, symmetric; of parallel edges the shortest."""
        from scipy.sparse import csr_array

        pairs = list(self.edge_between)
        metres = self.lengths[list(self.edge_between.values())]
        tail, head = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        return csr_array((metres, (tail, head)), shape=(self.nodes, self.nodes))

    @cached_property
    def edge_between(self) -> dict[tuple[int, int], int]:
        """The shortest edge from node to node, in both directions; a loop leads nowhere."""
        between: dict[tuple[int, int], int] = {}
        for edge in np.argsort(self.lengths, kind="stable").tolist():
            tail, head = self.ends[edge].tolist()
            if tail != head:
                between.setdefault((tail, head), edge)
                between.setdefault((head, tail), edge)
        return between

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.lines)

    def _snap(self, xy: np.ndarray) -> Joined:
        joined = Joined(np.full(len(xy), -1, dtype=np.intp), np.zeros(len(xy)), np.full(len(xy), np.inf))
        if not len(self.lines) or not len(xy):
            return joined
        points = shapely.points(xy)
        (which, edge), aside = self._tree.query_nearest(
            points, max_distance=ACCESS_M, return_distance=True, all_matches=True
        )
        first = np.lexsort((edge, which))  # at a node several edges are as near: the first of them, always
        which, index = np.unique(which[first], return_index=True)
        edge, aside = edge[first][index], aside[first][index]
        joined.edge[which] = edge
        joined.along[which] = shapely.line_locate_point(self.lines[edge], points[which])
        joined.aside[which] = aside
        return joined

    def _matrix(self, start: Joined, goal: Joined, limit: float) -> np.ndarray:
        metres = np.full((len(start), len(goal)), np.inf)
        rows, columns = np.flatnonzero(start.reachable), np.flatnonzero(goal.reachable)
        goal = goal.take(columns)
        for part in np.array_split(rows, -(-len(rows) // SOURCES_AT_ONCE) or 1):
            if len(part) and len(columns):
                metres[np.ix_(part, columns)] = self._between(start.take(part), goal, limit)
        metres[metres > limit] = np.inf
        return metres

    def _between(self, start: Joined, goal: Joined, limit: float) -> np.ndarray:
        at_nodes = self._to_nodes(start, limit)
        tail, head = self.ends[goal.edge].T
        to_tail = at_nodes[:, tail] + goal.along
        to_head = at_nodes[:, head] + (self.lengths[goal.edge] - goal.along)
        metres = np.minimum(to_tail, to_head, out=to_tail)
        same = start.edge[:, None] == goal.edge
        direct = np.abs(start.along[:, None] - goal.along)
        np.minimum(metres, direct, out=metres, where=same)
        return metres + start.aside[:, None] + goal.aside

    def _to_nodes(self, start: Joined, limit: float) -> np.ndarray:
        """Metres from each joined point, from its spot on the edge, to every node."""
        from scipy.sparse.csgraph import dijkstra

        nodes, where = np.unique(self.ends[start.edge], return_inverse=True)
        metres = dijkstra(self.graph, directed=True, indices=nodes, limit=limit)
        by_tail, by_head = metres[where.reshape(-1, 2)].swapaxes(0, 1)
        by_tail = by_tail + start.along[:, None]
        by_head = by_head + (self.lengths[start.edge] - start.along)[:, None]
        return np.minimum(by_tail, by_head, out=by_tail)

    def _coordinates(self, joined: Joined, limit: float) -> np.ndarray | None:
        """Coordinates of the shortest way between two joined points, or None."""
        from scipy.sparse.csgraph import dijkstra

        (start_edge, goal_edge), (start_along, goal_along) = joined.edge, joined.along
        metres, before = dijkstra(
            self.graph,
            directed=True,
            indices=self.ends[start_edge],
            return_predecessors=True,
            limit=limit,
        )
        leave = np.array([start_along, self.lengths[start_edge] - start_along])
        arrive = np.array([goal_along, self.lengths[goal_edge] - goal_along])
        through = leave[:, None] + metres[:, self.ends[goal_edge]] + arrive
        by, to = np.unravel_index(np.argmin(through), through.shape)
        if start_edge == goal_edge and abs(goal_along - start_along) <= through[by, to]:
            return self._along(start_edge, start_along, goal_along)
        if not np.isfinite(through[by, to]):
            return None
        passed = _walked_back(before[by], int(self.ends[goal_edge][to]))
        parts = [self._along(start_edge, start_along, self.lengths[start_edge] if by else 0.0)]
        parts += [self._edge_from(tail, head) for tail, head in pairwise(passed)]
        parts.append(self._along(goal_edge, self.lengths[goal_edge] if to else 0.0, goal_along))
        return np.concatenate(parts)

    def _along(self, edge: int, start_m: float, end_m: float) -> np.ndarray:
        """Coordinates of an edge from one metre to another, backwards when the second is the smaller."""
        from shapely.ops import substring

        return shapely.get_coordinates(substring(self.lines[edge], start_m, end_m))

    def _edge_from(self, tail: int, head: int) -> np.ndarray:
        edge = self.edge_between[tail, head]
        coordinates = shapely.get_coordinates(self.lines[edge])
        return coordinates if self.ends[edge][0] == tail else coordinates[::-1]


def as_xy(points: Points) -> np.ndarray:
    """Coordinates, shape (n, 2), of an array, of points, or of one point; raises Invalid for what is none."""
    try:
        xy = np.ascontiguousarray(_coordinates_of(points), dtype=float)
        xy = xy.reshape(-1, 2) if xy.ndim < 2 else xy
    except (TypeError, ValueError):
        xy = np.full((1, 2), np.nan)
    if xy.shape[1:] != (2,) or not np.isfinite(xy).all():
        raise Invalid(_("坐标须是成对的有限数字(米)。请检查各点。"))
    return xy


def _coordinates_of(points: Points) -> Any:
    if isinstance(points, Point):
        points = [points]
    if isinstance(points, np.ndarray) or not len(points) or not isinstance(points[0], Point):
        return points
    if strange := {point.srid for point in points} - {SRID}:
        raise Invalid(_("点的坐标系是 %(srid)s,须为 %(city)s。") % {"srid": strange.pop(), "city": SRID})
    return [(point.x, point.y) for point in points]


def _limit(limit_m: float) -> float:
    if not limit_m >= 0:
        raise Invalid(_("步行距离上限须是不小于 0 的数字(米),现为 %s。") % limit_m)
    return float(limit_m)


def _walked_back(before: np.ndarray, node: int) -> list[int]:
    """Nodes from the start of a search to `node`, by the predecessor of each."""
    passed = [node]
    while before[passed[-1]] >= 0:
        passed.append(int(before[passed[-1]]))
    return passed[::-1]
