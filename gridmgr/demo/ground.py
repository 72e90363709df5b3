"""The real city under the demo, read once from the database as shapely geometry in metres."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Geometry, LineString

from grids.enums import BackdropKind, RoadClass
from grids.models import Backdrop, Carriageway, Crossing, Kerb, Road, RoadGap
from parking.domain.row import KerbLine

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Ways that only lead to houses and yards: where they meet a street is an entrance, not a junction.
ENTRANCES = ("service", "pedestrian", "track", "living_street")
RIVER_M2 = 500_000.0  # water and river parks larger than this part the city: the Fen and its banks


def as_shapely(geometry: Any) -> Geometry:
    """A geometry of Django's as shapely's."""
    return shapely.from_wkb(bytes(geometry.wkb))


@dataclass
class Street:
    """A road with its line, the crossings on it (metre, other road), its breaks and its kerb runs by side."""

    road: Road
    line: LineString
    crossings: list[tuple[float, str]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    kerbs: list[tuple[str, KerbLine]] = field(default_factory=list)

    @property
    def length_m(self) -> float:
        return float(self.line.length)


@dataclass(frozen=True)
class Ways:
    """All drawn ways: lines, widths, whether one-way against or along the drawing, ramp, bridge, tunnel or off the ground, road id."""

    lines: npt.NDArray[np.object_]
    width: Floats
    one_way: Flags
    is_link: Flags
    structure: Flags
    entrance: Flags
    road: npt.NDArray[np.int64]

    @cached_property
    def tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.lines)

    @cached_property
    def surfaces(self) -> npt.NDArray[np.object_]:
        """The carriageway of each way, as an area."""
        return shapely.buffer(self.lines, self.width / 2, cap_style="flat")


@dataclass
class Ground:
    """Streets by name, all ways, junction points, water, and the river corridor."""

    streets: dict[str, Street]
    ways: Ways
    junctions: npt.NDArray[np.object_]
    water: Geometry
    river: Geometry

    @cached_property
    def junction_tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.junctions)

    @cached_property
    def surface_tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.ways.surfaces)

    @cached_property
    def structure_tree(self) -> shapely.STRtree:
        """Bridges and tunnels."""
        return shapely.STRtree(self.ways.lines[self.ways.structure & ~self.ways.entrance])

    def by_id(self) -> dict[int, Street]:
        return {street.road.pk: street for street in self.streets.values()}

    def near_junction(self, geometries: Iterable[Geometry], metres: float) -> Flags:
        """Which of the geometries come nearer to a junction than `metres`."""
        return _any_hit(self.junction_tree, list(geometries), "dwithin", metres)

    def on_carriageway(self, geometries: Iterable[Geometry]) -> Flags:
        """Which of the geometries lie on a carriageway."""
        return _any_hit(self.surface_tree, list(geometries), "intersects")


def read_ground() -> Ground:
    """The city as it was imported."""
    streets = _streets()
    ways = _ways()
    backdrop = [
        (kind, as_shapely(area))
        for kind, area in Backdrop.objects.filter(kind__in=[BackdropKind.WATER, BackdropKind.PARK])
        .order_by("pk")
        .values_list("kind", "area")
    ]
    return Ground(
        streets={street.road.name: street for street in streets.values()},
        ways=ways,
        junctions=junctions(ways.lines[~ways.entrance]),
        water=shapely.union_all([area for kind, area in backdrop if kind == BackdropKind.WATER]),
        river=shapely.union_all([area for _kind, area in backdrop if area.area > RIVER_M2]),
    )


def junctions(lines: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Points where three or more arms of these ways meet. Ways that pass on different levels share no vertex."""
    arms: Counter[tuple[float, float]] = Counter()
    for line in lines:
        xy = [tuple(point) for point in shapely.get_coordinates(line).tolist()]
        arms.update(xy[:1] + xy[-1:])
        for point in xy[1:-1]:
            arms[point] += 2
    return shapely.points(sorted(point for point, count in arms.items() if count >= 3))


def _streets() -> dict[int, Street]:
    streets = {
        road.pk: Street(road, as_shapely(road.reference_line)) for road in Road.objects.order_by("name")
    }
    crossings = Crossing.objects.order_by("at_m", "other__name")  # three roads may meet at one metre
    for road, other, at_m in crossings.values_list("road_id", "other__name", "at_m"):
        streets[road].crossings.append((at_m, other))
    for road, stretch in RoadGap.objects.order_by("road_id", "stretch").values_list("road_id", "stretch"):
        streets[road].gaps.append((float(stretch.lower), float(stretch.upper)))
    for kerb in Kerb.objects.order_by("road_id", "side", "pk"):
        streets[kerb.road_id].kerbs.append((kerb.side, KerbLine.of(kerb)))
    return streets


def _ways() -> Ways:
    rows = list(
        Carriageway.objects.order_by("source_id").values_list(
            "line", "width_m", "oneway", "is_link", "bridge", "tunnel", "highway", "road_id", "level"
        )
    )
    return Ways(
        lines=np.array([as_shapely(row[0]) for row in rows], dtype=object),
        width=np.array([row[1] for row in rows], dtype=float),
        one_way=np.array([row[2] != "no" for row in rows]),
        is_link=np.array([row[3] for row in rows]),
        structure=np.array([row[4] or row[5] or row[8] != 0 for row in rows]),
        entrance=np.array([row[6] in ENTRANCES for row in rows]),
        road=np.array([row[7] or 0 for row in rows]),
    )


def _any_hit(
    tree: shapely.STRtree, geometries: list[Geometry], predicate: str, metres: float | None = None
) -> Flags:
    hit = np.zeros(len(geometries), dtype=bool)
    if geometries:
        hit[tree.query(geometries, predicate=predicate, distance=metres)[0]] = True
    return hit


def no_expressway(street: Street) -> bool:
    """Whether things may stand at this road's kerbs."""
    return street.road.road_class != RoadClass.EXPRESSWAY
