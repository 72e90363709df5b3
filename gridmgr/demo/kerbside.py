"""Which metres of which kerbs are free for something to stand there."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Geometry, Polygon

from gridmgr.demo.ground import Ground, Street, no_expressway
from parking.domain.row import KerbLine

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
SAMPLE_M = 3.0
BEND_M, BEND_DEGREES = 12.0, 35.0  # a kerb that turns by more than this within twice BEND_M is a sharp bend


@dataclass(frozen=True)
class KerbSamples:
    """Points every SAMPLE_M along one run of kerb: metres along it, the points, and unit normals to the carriageway."""

    street: Street
    side: str
    kerb: KerbLine
    arc: Floats
    xy: Floats
    inward: Floats

    def points(self, inward_m: float = 0.0) -> npt.NDArray[np.object_]:
        """The sample points, moved onto the carriageway by `inward_m` (negative: onto the pavement)."""
        return np.asarray(shapely.points(self.xy + self.inward * inward_m))


def samples(street: Street, side: str, kerb: KerbLine) -> KerbSamples:
    """Sample points along a run of kerb."""
    arc = np.arange(0.0, kerb.length_m, SAMPLE_M)
    xy = _at(kerb, arc)
    along = _at(kerb, arc + 1.0) - _at(kerb, arc - 1.0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    return KerbSamples(
        street, side, kerb, arc, xy, np.column_stack((-along[:, 1], along[:, 0])) * kerb.inward
    )


def all_samples(ground: Ground) -> list[KerbSamples]:
    """Every run of kerb of roads at which things may stand, in order of road name."""
    return [
        samples(street, side, kerb)
        for street in ground.streets.values()
        if no_expressway(street)
        for side, kerb in street.kerbs
    ]


def _at(kerb: KerbLine, arc: Floats) -> Floats:
    return np.column_stack((np.interp(arc, kerb.arc, kerb.xy[:, 0]), np.interp(arc, kerb.arc, kerb.xy[:, 1])))


def sharp_bends(row: KerbSamples) -> npt.NDArray[np.object_]:
    """Sample points at which the kerb bends sharply."""
    before = row.xy - _at(row.kerb, row.arc - BEND_M)
    after = _at(row.kerb, row.arc + BEND_M) - row.xy
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn = np.degrees(np.abs(np.arctan2(cross, (before * after).sum(axis=1))))
    return np.asarray(shapely.points(row.xy[turn > BEND_DEGREES]))


def runs_of(flags: Flags, arc: Floats, *, least_m: float) -> list[tuple[float, float]]:
    """Stretches (metres along the kerb) of unbroken true flags, at least `least_m` long."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(int)))
    pairs = zip(edges[::2], edges[1::2] - 1, strict=True)
    return [(float(arc[a]), float(arc[b])) for a, b in pairs if arc[b] - arc[a] >= least_m]


def strip(kerb: KerbLine, start: float, end: float, *, outward: tuple[float, float]) -> Polygon:
    """The area along the kerb from `start` to `end`, between two distances outward from it (negative: carriageway)."""
    inner = [arc for arc in kerb.arc if start < arc < end]
    arc = np.array([start, *inner, end])
    xy = _at(kerb, arc)
    chord = xy[-1] - xy[0]
    out = np.array([chord[1], -chord[0]]) / np.hypot(*chord) * kerb.inward
    return Polygon(np.vstack((xy + out * outward[0], (xy + out * outward[1])[::-1])))


@dataclass
class Taken:
    """What already stands at kerbs: areas on the ground, and stretches of each kerb (road id, side) in metres of road."""

    areas: list[Geometry] = field(default_factory=list)
    stretches: dict[tuple[int, str], list[tuple[float, float]]] = field(default_factory=dict)

    def take(self, street: Street, side: str, from_m: float, to_m: float, area: Geometry) -> None:
        """Note that the kerb is used there."""
        self.areas.append(area)
        self.stretches.setdefault((street.road.pk, side), []).append((from_m, to_m))

    def at(self, street: Street, side: str) -> list[tuple[float, float]]:
        """The stretches of this kerb that are taken."""
        return self.stretches.get((street.road.pk, side), [])

    def is_free(self, street: Street, side: str, from_m: float, to_m: float, area: Geometry) -> bool:
        """Whether neither the kerb nor the ground is taken there."""
        clear = all(to_m <= low or high <= from_m for low, high in self.at(street, side))
        return clear and not any(area.intersects(other) for other in self.areas)
