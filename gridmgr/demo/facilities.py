"""What placement rules measure to, simulated along the real kerbs: stops, hydrants, stations, fire lanes, footways.

Every row is marked as demo data. The same generator state gives the same facilities.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops
from django.contrib.gis.geos import GEOSGeometry
from django.utils.translation import gettext as _
from shapely import Geometry, LineString, Polygon

from grids.enums import CarriagewayKind, FacilityKind, RoadClass, Side
from grids.models import SRID, Facility, Kerb
from parking.domain.row import KerbLine

Pair = tuple[float, float]

SOURCE = "simulated for the demo"
STOP_EVERY_M: Pair = (400.0, 600.0)
HYDRANT_EVERY_M = 120.0
HYDRANT_OUT_M = 1.0
STOP_OUT_M = 0.6
FIRE_STATIONS, FUEL_STATIONS, FIRE_LANES, NO_VENDING = 6, 14, 30, 5
# From about the least to about the usual width of the paved footway (CJJ 37-2012, 5.3.4: 3 m, 2 m at the least; more
# where shops are) [confirm].
FOOTWAY_WIDTH_M: dict[str, Pair] = {
    RoadClass.ARTERIAL: (4.0, 8.0),
    RoadClass.SECONDARY: (3.0, 6.0),
    RoadClass.LOCAL: (2.0, 4.0),
}
FOOTWAY_PIECE_M = 250.0
FEWEST_M = 20.0  # a run of kerb shorter than this has neither footway nor hydrant
JUNCTION_CLEAR_M = 25.0  # stops and lanes lie at least so far from a junction


@dataclass(frozen=True)
class _Row:
    """One facility to be."""

    kind: FacilityKind
    shape: Geometry
    name: str = ""
    width_m: float | None = None


def simulate_facilities(rng: np.random.Generator) -> dict[str, int]:
    """Replaces the simulated facilities by new ones along all kerbs but those of expressways; returns counts by kind.

    Junctions and pedestrian crossings are derived elsewhere (`manage.py derive_junctions`) and stay as they are.
    """
    kerbs = list(
        Kerb.objects.exclude(road__road_class=RoadClass.EXPRESSWAY)
        .select_related("road")
        .order_by("road__name", "side", "pk")
    )
    junctions = _junctions()
    # Along one side of each street (GB 50974-2014, 7.2.3: both sides only where it is wider than 60 m) [confirm].
    hydrants = {kerb.road_id: (Side.LEFT, Side.RIGHT)[int(rng.integers(2))] for kerb in kerbs}
    rows = [
        row for kerb in kerbs for row in _along(kerb, kerb.side == hydrants[kerb.road_id], junctions, rng)
    ]
    rows += _stations(kerbs, junctions, rng)
    Facility.objects.filter(is_demo=True, source=SOURCE).delete()
    Facility.objects.bulk_create(_facilities(rows), batch_size=2000)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind.value] = counts.get(row.kind.value, 0) + 1
    return counts


def _facilities(rows: Sequence[_Row]) -> Iterator[Facility]:
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row.kind] = numbers.get(row.kind, 0) + 1
        yield Facility(
            source_id=f"demo:{row.kind.value}:{numbers[row.kind]}",
            kind=row.kind,
            name=row.name,
            shape=GEOSGeometry(memoryview(shapely.to_wkb(row.shape)), srid=SRID),
            width_m=row.width_m,
            source=SOURCE,
            is_demo=True,
        )


def _junctions() -> shapely.STRtree:
    shapes = (
        Facility.objects.filter(kind=FacilityKind.JUNCTION).order_by("pk").values_list("shape", flat=True)
    )
    return shapely.STRtree([shapely.from_wkb(bytes(shape.wkb)) for shape in shapes])


def _clear(junctions: shapely.STRtree, shape: Geometry) -> bool:
    return not len(junctions.query(shape, predicate="dwithin", distance=JUNCTION_CLEAR_M))


# ── Along each kerb ───────────────────────────────────────────────────────────────────────────────────────


def _along(
    kerb: Kerb, hydrants: bool, junctions: shapely.STRtree, rng: np.random.Generator
) -> Iterator[_Row]:
    line = KerbLine.of(kerb)
    if line.length_m < FEWEST_M:
        return
    yield from _footway(kerb, line, rng)
    if hydrants:
        every = (HYDRANT_EVERY_M * 0.85, HYDRANT_EVERY_M * 1.15)
        for number, at in enumerate(_steps(line.length_m, every, rng), 1):
            yield _Row(FacilityKind.HYDRANT, _beside(line, at, HYDRANT_OUT_M), f"{kerb.road.name} {number}")
    if kerb.road.road_class == RoadClass.ARTERIAL and _has_traffic_beside(kerb):
        for at in _steps(line.length_m, STOP_EVERY_M, rng):
            stop = _beside(line, at, STOP_OUT_M)
            if _clear(junctions, stop):
                yield _Row(FacilityKind.BUS_STOP, stop, _("%s站") % kerb.road.name)


def _has_traffic_beside(kerb: Kerb) -> bool:
    """Whether buses pass this kerb on their right: both kerbs of a two-way road, the right one of a one-way road."""
    return kerb.side == Side.RIGHT or kerb.road.carriageway_kind != CarriagewayKind.ONE_WAY


def _steps(length: float, every: Pair, rng: np.random.Generator) -> Iterator[float]:
    at = rng.uniform(0.3, 0.7) * every[0]
    while at < length - FEWEST_M / 2:
        yield float(at)
        at += rng.uniform(*every)


def _footway(kerb: Kerb, line: KerbLine, rng: np.random.Generator) -> Iterator[_Row]:
    """Pieces of footway that begin at the kerb, all of one width along a run."""
    least, most = FOOTWAY_WIDTH_M[kerb.road.road_class]
    width = round(float(rng.uniform(least, most)) * 2) / 2
    outward = -line.inward * width / 2  # shapely offsets to the left of the line
    middle = shapely.offset_curve(LineString(line.xy), outward, join_style="mitre")
    for part in shapely.get_parts(middle):
        pieces = max(1, round(part.length / FOOTWAY_PIECE_M))
        for piece in range(pieces):
            cut = shapely.ops.substring(part, piece / pieces, (piece + 1) / pieces, normalized=True)
            if cut.length > 1:
                yield _Row(FacilityKind.FOOTWAY, cut, kerb.road.name, width)


def _frame(line: KerbLine, at: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The point at a metre along the kerb, and unit vectors along it and away from the carriageway."""
    ends = line.at(max(at - 1.0, 0.0)), line.at(min(at + 1.0, line.length_m))
    along = (ends[1] - ends[0]) / max(float(np.hypot(*(ends[1] - ends[0]))), 1e-9)
    return line.at(at), along, np.array([along[1], -along[0]]) * line.inward


def _beside(line: KerbLine, at: float, out_m: float) -> Geometry:
    here, _along, out = _frame(line, at)
    return shapely.Point(here + out * out_m)


def _block(line: KerbLine, at: float, *, length: float, near: float, far: float) -> Polygon:
    """A rectangle beside the kerb, `length` along it, from `near` to `far` away from the carriageway."""
    here, along, out = _frame(line, at)
    half = along * length / 2
    return Polygon(
        [here - half + out * near, here + half + out * near, here + half + out * far, here - half + out * far]
    )


# ── A few in the whole city ───────────────────────────────────────────────────────────────────────────────


def _stations(kerbs: Sequence[Kerb], junctions: shapely.STRtree, rng: np.random.Generator) -> list[_Row]:
    """Fire and fuel stations set back from larger roads, fire lanes into the blocks, and areas where nothing may be sold."""
    large = [kerb for kerb in kerbs if kerb.road.road_class != RoadClass.LOCAL]
    plans = [
        (FacilityKind.FIRE_STATION, FIRE_STATIONS, large, (40.0, 8.0, 38.0), _("%s消防站")),
        (FacilityKind.FUEL_STATION, FUEL_STATIONS, large, (35.0, 6.0, 31.0), _("%s加油站")),
        (FacilityKind.FIRE_LANE, FIRE_LANES, kerbs, (4.0, 0.0, 30.0), _("%s消防通道")),
        (FacilityKind.NO_VENDING, NO_VENDING, large, (160.0, -5.0, 40.0), _("%s禁摆区域")),
    ]
    rows: list[_Row] = []
    for kind, count, where, (length, near, far), name in plans:
        for kerb, at in _spots(where, count, length, junctions, rng):
            shape = _block(KerbLine.of(kerb), at, length=length, near=near, far=far)
            rows.append(_Row(kind, shape, name % kerb.road.name))
    return rows


def _spots(
    kerbs: Sequence[Kerb], count: int, length: float, junctions: shapely.STRtree, rng: np.random.Generator
) -> Iterator[tuple[Kerb, float]]:
    """`count` places on kerbs long enough, clear of junctions, drawn by length of kerb; all on different roads."""
    lengths = np.array([max(kerb.line.length - 2 * length, 0.0) for kerb in kerbs])
    used: set[int] = set()
    for _try in range(50 * count):
        kerb = kerbs[int(rng.choice(len(kerbs), p=lengths / lengths.sum()))]
        at = float(rng.uniform(length, kerb.line.length - length))
        if kerb.road_id not in used and _clear(junctions, _beside(KerbLine.of(kerb), at, 0.0)):
            used.add(kerb.road_id)
            yield kerb, at
        if len(used) == count:
            return
