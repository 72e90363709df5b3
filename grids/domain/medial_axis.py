"""The medial axis of a road's ways: the line midway between two carriageways, and on a lone one.

It is the skeleton (Blum 1967) of the ways' buffer, found through the Voronoi diagram of the buffer's edge (Brandt and
Algazi 1992). All coordinates are metres in the city's projected CRS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString

Floats = npt.NDArray[np.float64]
_Places = npt.NDArray[np.intp]

RADII_M = (38.0, 28.0, 20.0, 14.0)  # 38: carriageways up to 76 m apart become one line, each 38 m off it


@dataclass(frozen=True)
class MedialPath:
    """A path along the medial axis: points and, at each, how far it lies from the nearest way."""

    xy: Floats
    half_width: Floats


def medial_paths(ways: shapely.Geometry, radius: float) -> list[MedialPath]:
    """The longest path along the medial axis of each separate part of the ways' buffer."""
    area = ways.buffer(radius, quad_segs=12)
    return [
        path
        for part in shapely.get_parts(area)
        if (path := _medial_path(_without_thin_holes(part, radius), radius))
    ]


def _without_thin_holes(area: shapely.Polygon, radius: float) -> shapely.Polygon:
    """Fill the holes between carriageways so near to each other that a line between them covers both."""
    slack = max(RADII_M[0] - radius, 1.5)
    holes = [ring for ring in area.interiors if not shapely.Polygon(ring).buffer(-slack).is_empty]
    return shapely.Polygon(area.exterior, holes)


def _medial_path(area: shapely.Polygon, radius: float) -> MedialPath | None:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    xy, clearance, edges = _medial_axis(area, radius)
    if not len(edges):
        return None
    lengths = np.maximum(np.hypot(*(xy[edges[:, 0]] - xy[edges[:, 1]]).T), 1e-6)
    graph = csr_array((lengths, (edges[:, 0], edges[:, 1])), shape=(len(xy), len(xy)))
    _, label = connected_components(graph, directed=False)
    start = int(edges[label[edges[:, 0]] == np.bincount(label[edges[:, 0]]).argmax()][0, 0])
    nodes = _longest_path(graph, start)
    return MedialPath(xy[nodes], np.maximum(clearance[nodes] - radius, 0.0))


def _longest_path(graph: Any, start: int) -> list[int]:
    """The longest of the shortest paths, by two runs of Dijkstra (exact on a tree)."""
    from scipy.sparse.csgraph import dijkstra

    first = dijkstra(graph, directed=False, indices=start)
    end = int(np.where(np.isfinite(first), first, -1).argmax())
    reach, before = dijkstra(graph, directed=False, indices=end, return_predecessors=True)
    node = int(np.where(np.isfinite(reach), reach, -1).argmax())
    nodes = [node]
    while node != end:
        node = int(before[node])
        nodes.append(node)
    return nodes


def _medial_axis(area: shapely.Polygon, radius: float) -> tuple[Floats, Floats, _Places]:
    """Vertices, their clearance from the edge, and the edges of the medial axis at least `radius` deep."""
    from scipy.spatial import Voronoi

    edge = shapely.get_coordinates(shapely.segmentize(area, radius / 4))
    edge = np.unique(np.round(edge, 3), axis=0)
    edge -= (origin := edge.mean(axis=0))
    voronoi = Voronoi(edge)
    ridges = np.asarray(voronoi.ridge_vertices)
    finite = (ridges >= 0).all(axis=1)
    ridges, generator = ridges[finite], voronoi.ridge_points[finite, 0]
    clearance = np.zeros(len(voronoi.vertices))
    for side in (0, 1):
        clearance[ridges[:, side]] = np.hypot(*(voronoi.vertices[ridges[:, side]] - edge[generator]).T)
    shapely.prepare(area)
    xy = voronoi.vertices + origin
    deep = clearance >= 0.97 * radius
    deep[deep] = shapely.contains_xy(area, xy[deep])
    return xy, clearance, ridges[deep[ridges].all(axis=1)]


def polish(path: MedialPath, ways: shapely.Geometry, radius: float) -> LineString:
    """A clean line from a path: its ends set right, on the way where there is but one, simplified at 0.5 m."""
    xy, half = path.xy, path.half_width
    for _ in range(2):
        xy, half = _without_hook_at_start(xy[::-1], half[::-1], radius)
    lone = half < 1.0
    xy = xy.copy()
    xy[lone] = _on_nearest(xy[lone], ways)
    for width in (half[-1], half[0]):
        xy = np.concatenate((xy, _reach_on(xy, width, ways, radius)))[::-1]
    if len(xy) < 2:
        xy = np.array([xy[0], xy[0] + [0.5, 0.0]])
    return LineString(_with_quiet_ends(xy)).simplify(0.5)


def _with_quiet_ends(xy: Floats, within_m: float = 8.0) -> Floats:
    """The points without those next to either end, where the axis trembles between the corners of the buffer."""
    along = measures_of(xy)
    keep = (along > within_m) & (along < along[-1] - within_m)
    keep[[0, -1]] = True
    return xy[keep]


def _without_hook_at_start(xy: Floats, half: Floats, radius: float) -> tuple[Floats, Floats]:
    """Where two carriageways end side by side the axis turns off to the end of one of them: cut that turn."""
    along = measures_of(xy)
    depth = _hook_depth(half, radius)
    hook = np.flatnonzero((half > 2.0) & (along <= 1.1 * np.hypot(depth, half) + 3.0))
    cut = int(hook[-1]) if len(hook) and along[-1] - along[hook[-1]] > 20.0 else 0
    return xy[cut:], half[cut:]


def _hook_depth(half: Floats, radius: float) -> Floats:
    """How far before the ends of two carriageways, 2 `half` apart, the axis forks.

    There the buffer's edge beside the road (radius + half) is as near as the notch between the two round ends.
    """
    return radius + half - np.sqrt(np.maximum(radius**2 - half**2, 0.0))


def _on_nearest(xy: Floats, ways: shapely.Geometry) -> Floats:
    parts = shapely.get_parts(ways)
    points = shapely.points(xy)
    nearest = shapely.STRtree(parts).nearest(points)
    return shapely.get_coordinates(shapely.get_point(shapely.shortest_line(points, parts[nearest]), -1))


def _reach_on(xy: Floats, half: float, ways: shapely.Geometry, radius: float) -> Floats:
    """The point straight on from the end of the path at which the ways beside it end, or none."""
    path = LineString(xy[::-1]) if len(xy) > 1 else None
    if path is None or path.length < 10.0:
        return np.empty((0, 2))
    back = shapely.get_coordinates(path.interpolate(min(30.0 if half > 1.0 else 10.0, path.length)))[0]
    forward = (xy[-1] - back) / np.hypot(*(xy[-1] - back))
    aside = np.array([-forward[1], forward[0]]) * (half + 2.0)
    far = xy[-1] + forward * (float(_hook_depth(np.array(half), radius)) + 15.0)
    ahead = ways.intersection(shapely.Polygon([xy[-1] - aside, xy[-1] + aside, far + aside, far - aside]))
    reach = (shapely.get_coordinates(ahead) - xy[-1]) @ forward
    return (xy[-1] + forward * reach.max())[None] if reach.max(initial=0.0) > 0.5 else np.empty((0, 2))


def measures_of(xy: Floats) -> Floats:
    """Metres from the first of the points to each, along them."""
    return np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
