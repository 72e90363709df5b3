"""Which datum a file without one may be in: its points over our roads under each candidate. A person chooses."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridmgr.core.geo.crs import WGS84 as WGS84_SRID
from gridmgr.core.geo.crs import metric_srid, transformer
from gridmgr.core.geo.datums import BD09, GCJ02, WGS84, Fit, fit_of, to_metric, zones
from gridmgr.core.importing.frame import Frame
from grids.models import Carriageway

# As many points show on the map which candidate lies on the roads.
SAMPLE = 150
LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class Candidate:
    """One datum that the file may be in: how well its points fit our roads, and where a sample of them would lie."""

    letter: str
    fit: Fit
    places: list[list[float]]

    def as_dict(self) -> dict[str, Any]:
        """For the script that draws it: letter, name and places as [lat, lon] in degrees of WGS 84."""
        return {"letter": self.letter, "title": str(self.fit.datum), "places": self.places}


def candidates_of(frame: Frame) -> list[Candidate]:
    """The datums under which points of the file lie in the city, best fit first; none when there are none.

    Coordinates that can be degrees are tried as WGS 84 (with which CGCS2000 agrees within centimetres), GCJ-02 and
    BD-09, others as metres in the zones of CGCS2000.
    """
    points = points_of(frame)
    if not len(points):
        return []
    in_degrees = bool((np.abs(points) <= [180, 90]).all())
    fits = fit_of(points, [WGS84, GCJ02, BD09] if in_degrees else zones(), near=Carriageway)
    known = [fit for fit in fits if fit.used][: len(LETTERS)]
    sample = points[:: max(1, len(points) // SAMPLE)][:SAMPLE]
    return [
        Candidate(letter, fit, _degrees(sample, fit)) for letter, fit in zip(LETTERS, known, strict=False)
    ]


def points_of(frame: Frame) -> np.ndarray:
    """One point of each shape that has any, n × 2, x first."""
    if frame.geometry is None:
        return np.empty((0, 2))
    whole = ~(shapely.is_missing(frame.geometry) | shapely.is_empty(frame.geometry))
    middles = shapely.get_coordinates(shapely.centroid(frame.geometry[whole]))
    return middles[np.isfinite(middles).all(axis=1)]


def _degrees(points: np.ndarray, fit: Fit) -> list[list[float]]:
    moved = shapely.get_coordinates(to_metric(shapely.points(points), fit.datum))
    lon, lat = transformer(metric_srid(), WGS84_SRID).transform(moved[:, 0], moved[:, 1])
    places = np.column_stack([lat, lon]).round(6)
    return [place for place in places.tolist() if np.isfinite(place).all()]
