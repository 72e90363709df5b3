"""Walking distance along the streets: which way, how far, and which of many places are nearest on foot.

Walkers go both ways on every drawn way. Coordinates are metres of the city's metric CRS, arrays of shape (n, 2).
A point is joined to the network at the nearest spot of the nearest edge, and what lies between counts as walked.
Where there is no way on foot the answer is inf and `reachable` is False, never the distance as the crow flies.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.contrib.gis.geos import LineString as GeosLineString
from django.contrib.gis.geos import Point
from django.db import connection
from django.db.models import BigIntegerField, Count, Func, Max, Q, Sum
from django.utils.translation import gettext as _
from shapely import LineString

from gridmgr.errors import Invalid, TooMuch
from gridmgr.layers.models import DataChange
from grids.domain.network import ROAD_CLASSES, TOUCH_M
from grids.enums import RoadClass
from grids.models import SRID, Carriageway

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SAME_M = 0.001  # vertices nearer than this are one and the same, on whatever level
ALONGSIDE_M = 45.0  # a raised or sunk expressway with a street this near beside it: walkers take the street
ACCESS_M = 300.0  # a point farther than this from every way is on no street: it can't be reached
PAIRS_MOST = 20_000_000  # pairs in one matrix of distances (160 MB)
SOURCES_AT_ONCE = 256
KEPT_SNAPPINGS = 8

Points = np.ndarray | Sequence[Any] | Point


@dataclass(frozen=True)
class WalkableWay:
    """What matters to a walker of a drawn way.

    `off_ground`: on a bridge or in a tunnel. `from_osm`: its vertices say where it meets others.
    """

    line: LineString
    highway: str
    is_link: bool = False
    level: int = 0
    off_ground: bool = False
    from_osm: bool = True


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
    _snappings: "OrderedDict[bytes, Joined]" = field(default_factory=OrderedDict, repr=False)
    _lock: Any = field(default_factory=Lock, repr=False)

    @classmethod
    def of(cls, ways: Sequence[WalkableWay]) -> "WalkingNetwork":
        """The network of these ways, without motorways, and without raised expressways beside a street."""
        return _build(_walkable(ways))

    @classmethod
    def from_database(cls) -> "WalkingNetwork":
        """The network of all carriageways as this transaction sees them; kept until their table changes."""
        return _CACHE.current()

    # ── Questions ─────────────────────────────────────────────────────────────────────────────────────────

    def join(self, points: Points) -> Joined:
        """Where each point joins the network; kept, so that the same places asked about again cost nothing."""
        xy = as_xy(points)
        key = blake2b(xy.tobytes(), digest_size=16).digest()
        with self._lock:
            known = self._snappings.get(key)
            if known is not None:
                self._snappings.move_to_end(key)
                return known
        joined = self._snap(xy)
        with self._lock:
            self._snappings[key] = joined
            while len(self._snappings) > KEPT_SNAPPINGS:
                self._snappings.popitem(last=False)
        return joined

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

    def nearest(self, point: Points, to_points: Points, *, limit_m: float, most: int) -> list[Walk]:
        """At most `most` of `to_points` within `limit_m` metres on foot, nearest first; ties by index.

        Those that no way leads to are not among them. Pass the same array of places each time: joining them to
        the network is remembered.
        """
        start = self._snap(as_xy(point))
        if len(start) != 1:
            raise Invalid(_("须从一个点出发,这里有 %d 个点。") % len(start))
        metres = self._matrix(start, self.join(to_points), _limit(limit_m))[0]
        reached = np.flatnonzero(np.isfinite(metres))
        order = reached[np.argsort(metres[reached], kind="stable")][: max(most, 0)]
        return [Walk(int(index), float(metres[index])) for index in order]

    def route(self, from_point: Points, to_point: Points) -> Route:
        """The shortest way on foot from one point to the other, as a line from the one to the other."""
        xy = np.concatenate((as_xy(from_point), as_xy(to_point)))
        if len(xy) != 2:
            raise Invalid(_("一条路线须有一个起点和一个终点。"))
        joined = self._snap(xy)
        if not joined.reachable.all():
            return Route(None, np.inf)
        coordinates = self._coordinates(joined)
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

    def _coordinates(self, joined: Joined) -> np.ndarray | None:
        """Coordinates of the shortest way between two joined points, or None."""
        from scipy.sparse.csgraph import dijkstra

        (start_edge, goal_edge), (start_along, goal_along) = joined.edge, joined.along
        metres, before = dijkstra(
            self.graph, directed=True, indices=self.ends[start_edge], return_predecessors=True
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


# ── One network for the whole process ─────────────────────────────────────────────────────────────────────


class _Cache:
    """The network of the newest state of the carriageways that was asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._state: tuple[Any, ...] | None = None
        self._network: WalkingNetwork | None = None

    def current(self) -> WalkingNetwork:
        state, changed_here = _state()
        if changed_here:  # nobody else may see what this transaction hasn't committed
            return WalkingNetwork.of(_stored_ways())
        with self._lock:  # one thread builds, the others wait for it
            if self._network is None or self._state != state:
                self._network, self._state = WalkingNetwork.of(_stored_ways()), state
            return self._network


_CACHE = _Cache()


class _OwnTransaction(Func):
    """Number of this transaction, 0 as long as it has written nothing."""

    template = "coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0)"
    output_field = BigIntegerField()


def _state() -> tuple[tuple[Any, ...], bool]:
    """The database and state of the carriageways' table (see DataChange); whether we changed it ourselves just now."""
    found = DataChange.objects.filter(table_name=Carriageway._meta.db_table).aggregate(
        newest=Max("xid"), sum=Sum("weight"), own=Count("pk", filter=Q(xid=_OwnTransaction()))
    )
    return (connection.settings_dict["NAME"], found["newest"], found["sum"]), bool(found["own"])


def _stored_ways() -> list[WalkableWay]:
    stored = Carriageway.objects.order_by("pk").values_list(
        "line", "highway", "is_link", "level", "bridge", "tunnel", "osm_id"
    )
    return [
        WalkableWay(
            line=shapely.from_wkb(bytes(line.wkb)),
            highway=highway,
            is_link=is_link,
            level=level,
            off_ground=bridge or tunnel or level != 0,
            from_osm=osm_id is not None,
        )
        for line, highway, is_link, level, bridge, tunnel, osm_id in stored
    ]


# ── Which ways people walk on ─────────────────────────────────────────────────────────────────────────────


def _walkable(ways: Sequence[WalkableWay]) -> list[WalkableWay]:
    """The ways without motorways, and without raised or sunk expressways beside a street; all if none were left."""
    open_to_all = [way for way in ways if not _is_motorway(way)] or list(ways)
    streets = [way.line for way in open_to_all if not _is_raised_expressway(way)]
    if not streets:
        return open_to_all
    tree = shapely.STRtree(streets)
    return [way for way in open_to_all if not (_is_raised_expressway(way) and _runs_beside(way, tree))]


def _is_motorway(way: WalkableWay) -> bool:
    return way.highway.removesuffix("_link") in {"motorway", "高速公路", "高速"}


def _is_raised_expressway(way: WalkableWay) -> bool:
    """The main line of an expressway off the ground; on the ground pavements and frontage go with it."""
    if not way.off_ground or way.is_link or way.highway.endswith("_link"):
        return False
    return ROAD_CLASSES.get(way.highway) == RoadClass.EXPRESSWAY


def _runs_beside(way: WalkableWay, streets: shapely.STRtree) -> bool:
    """Whether a street lies within ALONGSIDE_M of half of the way or more. A bridge over a river has none."""
    shares = np.linspace(0, 1, max(3, int(way.line.length / 10)))
    spots = shapely.line_interpolate_point(way.line, shares, normalized=True)
    near = np.unique(streets.query(spots, predicate="dwithin", distance=ALONGSIDE_M)[0])
    return len(near) * 2 >= len(spots)


# ── From ways to edges ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Spots:
    """Spots on ways in order of way and metre: where the ways may meet others."""

    xy: np.ndarray
    way: np.ndarray
    metre: np.ndarray
    is_end: np.ndarray


def _build(ways: Sequence[WalkableWay]) -> WalkingNetwork:
    ways = [way for way in ways if way.line.length > 0]
    if not ways:
        return WalkingNetwork(np.empty(0, dtype=object), np.empty((0, 2), dtype=np.intp), np.empty(0), 0)
    spots = _spots(ways)
    node = _nodes(spots, np.array([way.level for way in ways])[spots.way])
    meets = spots.is_end | (np.bincount(node)[node] > 1)
    lines, first, last = _cut(spots, meets)
    ends = np.column_stack((node[first], node[last]))
    lengths = shapely.length(lines)
    real = (lengths > SAME_M) & ((ends[:, 0] != ends[:, 1]) | (lengths > 2 * TOUCH_M))
    used, ends = np.unique(ends[real], return_inverse=True)
    return WalkingNetwork(lines[real], ends.reshape(-1, 2), lengths[real], len(used))


def _spots(ways: Sequence[WalkableWay]) -> _Spots:
    """All vertices, and where another way ends on a way or crosses it without a vertex there."""
    lines = np.array([way.line for way in ways], dtype=object)
    xy, way = shapely.get_coordinates(lines, return_index=True)
    changes = np.flatnonzero(np.diff(way)) + 1
    starts, stops = np.append(0, changes), np.append(changes, len(way)) - 1
    steps = np.append(0.0, np.hypot(*np.diff(xy, axis=0).T))
    steps[starts] = 0.0
    walked = np.cumsum(steps)
    metre = walked - walked[starts][way]
    is_end = np.zeros(len(way), dtype=bool)
    is_end[starts] = is_end[stops] = True
    touched = [_touches(ways, lines), _crossings(ways, lines)]
    more_way = np.concatenate([found for found, _xy in touched])
    more_xy = np.concatenate([found for _way, found in touched])
    more_metre = shapely.line_locate_point(lines[more_way], shapely.points(more_xy))
    way, xy = np.append(way, more_way), np.concatenate((xy, more_xy))
    metre, is_end = np.append(metre, more_metre), np.append(is_end, np.zeros(len(more_way), dtype=bool))
    order = np.lexsort((metre, way))
    return _Spots(xy[order], way[order], metre[order], is_end[order])


def _touches(ways: Sequence[WalkableWay], lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ways, and the ends of other ways of their level that lie on them, within TOUCH_M, away from any vertex."""
    level = np.array([way.level for way in ways])
    ends = np.concatenate((shapely.get_point(lines, 0), shapely.get_point(lines, -1)))
    owner = np.tile(np.arange(len(lines)), 2)
    end, way = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=TOUCH_M)
    own = (owner[end] != way) & (level[owner[end]] == level[way])
    end, way = end[own], way[own]
    apart = shapely.distance(_multipoints(lines[way]), ends[end]) if len(way) else np.empty(0)
    bare = apart > TOUCH_M
    return way[bare], shapely.get_coordinates(ends[end[bare]])


def _multipoints(lines: np.ndarray) -> np.ndarray:
    """The vertices of each line, as one multipoint."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    return shapely.multipoints(shapely.points(xy), indices=owner)


def _crossings(ways: Sequence[WalkableWay], lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ways that no OSM topology stands behind, and where they cross each other on one level."""
    plain = np.array([index for index, way in enumerate(ways) if not way.from_osm], dtype=np.intp)
    if not len(plain):
        return np.empty(0, dtype=np.intp), np.empty((0, 2))
    level = np.array([ways[index].level for index in plain])
    a, b = shapely.STRtree(lines[plain]).query(lines[plain], predicate="crosses")
    once = (a < b) & (level[a] == level[b])
    a, b = plain[a[once]], plain[b[once]]
    shared, pair = shapely.get_parts(shapely.intersection(lines[a], lines[b]), return_index=True)
    xy = shapely.get_coordinates(shapely.centroid(shared)).reshape(-1, 2)
    return np.concatenate((a[pair], b[pair])), np.concatenate((xy, xy))


def _nodes(spots: _Spots, level: np.ndarray) -> np.ndarray:
    """A number per spot; the same for spots that are one place to a walker.

    The very same coordinates are one place on any level (a bridge's end is its ramp's start); within TOUCH_M the
    end of a way is one place with a vertex of its level, or with another end.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    a, b = cKDTree(spots.xy).query_pairs(TOUCH_M, output_type="ndarray").T
    same = np.hypot(*(spots.xy[a] - spots.xy[b]).T) <= SAME_M
    end_on = (spots.is_end[a] | spots.is_end[b]) & (level[a] == level[b]) & (spots.way[a] != spots.way[b])
    one = same | end_on | (spots.is_end[a] & spots.is_end[b])
    links = coo_array((np.ones(one.sum()), (a[one], b[one])), shape=(len(level), len(level)))
    return connected_components(links, directed=False)[1].astype(np.intp)


def _cut(spots: _Spots, meets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ways cut at the spots where they meet: lines, and the spots at the start and end of each."""
    inner = meets & ~spots.is_end
    twice = np.repeat(np.arange(len(meets)), np.where(inner, 2, 1))
    opens = np.append(True, spots.way[twice][1:] != spots.way[twice][:-1])  # the start of a way
    opens[1:] |= twice[1:] == twice[:-1]  # or the second of a doubled spot
    edge = np.cumsum(opens) - 1
    lines = shapely.linestrings(spots.xy[twice], indices=edge)
    first = np.flatnonzero(opens)
    last = np.append(first[1:], len(twice)) - 1
    return lines, twice[first], twice[last]
