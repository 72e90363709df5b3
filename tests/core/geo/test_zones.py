"""The proposed metric CRS: least distortion, against known scale factors and an independent computation."""

import numpy as np
import pyproj
import pytest

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.zones import measure_zone, propose_zone


def around(lon: float, lat: float, half: float = 0.1) -> np.ndarray:
    return np.array([(lon - half, lat - half), (lon + half, lat + half)])


@pytest.mark.parametrize(
    ("lon", "lat", "srid"),
    [
        (104.05, 30.6, 4544),
        (116.3, 39.98, 4548),
        (117.2, 28.3, 4548),
        (113.8, 34.75, 4547),
        (87.6, 43.8, 4538),
    ],
)
def test_a_city_gets_the_zone_whose_meridian_is_nearest(lon: float, lat: float, srid: int) -> None:
    assert propose_zone(around(lon, lat)).best.srid == srid


def test_a_city_across_two_zones_gets_the_better_one_and_the_other_is_told() -> None:
    proposal = propose_zone(np.array([(112.35, 37.8), (112.6, 37.8)]))  # the border is at 112.5
    assert (proposal.best.srid, proposal.next_best.srid) == (4546, 4547)
    assert proposal.best.distortion_ppm < proposal.next_best.distortion_ppm
    assert "EPSG:4546" in proposal.reasons()


def test_distortion_is_that_of_a_metre_measured_there() -> None:
    """A geodesic of 100 m at the farthest point, against its length in the zone."""
    place = around(112.5, 37.8, 0.0)
    lon, lat, _back = pyproj.Geod(ellps="GRS80").fwd(112.5, 37.8, 90.0, 100.0)
    change = pyproj.Transformer.from_crs(4490, 4547, always_xy=True)
    ends = np.array([change.transform(112.5, 37.8), change.transform(lon, lat)])
    drawn = float(np.hypot(*(ends[1] - ends[0])))
    assert measure_zone(4547, place).distortion_ppm == pytest.approx(abs(drawn / 100 - 1) * 1e6, rel=0.01)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([(13.4, 52.5)], id="outside China"),
        pytest.param([(109.0, 30.0), (116.0, 30.0)], id="a province"),
        pytest.param([(np.nan, np.nan)], id="no place at all"),
    ],
)
def test_what_no_zone_holds_is_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(Invalid):
        propose_zone(np.array(points))
