"""GCJ-02 and BD-09 against published points, an independent implementation and themselves; datums by name; their fit."""

import geocoordinates_ffi as independent
import numpy as np
import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgr.core.errors import Invalid
from gridmgr.core.geo import datums
from gridmgr.core.geo.datums import BD09, CGCS2000, GCJ02, WGS84, datum_named, fit_of, from_metric, to_metric
from grids.models import Road
from tests.drawing import BASE, line
from tests.factories import RoadFactory

EDGE_DEG = 0.01  # at the very edge implementations differ in whether it belongs to China
MILLIMETRE_DEG = 0.001 / 111_320  # a millimetre of latitude, and less than one of longitude

INSIDE = (
    (datums.SHIFTED.west + EDGE_DEG, datums.SHIFTED.south + EDGE_DEG),
    (datums.SHIFTED.east - EDGE_DEG, datums.SHIFTED.north - EDGE_DEG),
)
in_china = st.tuples(
    st.floats(datums.SHIFTED.west, datums.SHIFTED.east), st.floats(datums.SHIFTED.south, datums.SHIFTED.north)
)
well_in_china = in_china.map(lambda place: tuple(np.clip(place, *INSIDE)))

# WGS 84 → GCJ-02 as eviltransform publishes them in its tests (longitude, latitude).
PUBLISHED_GCJ02 = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),  # Shanghai
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),  # Shenzhen
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),  # Beijing
]
# WGS 84 → BD-09 by way of coordtransform's two published steps from Tian'anmen.
PUBLISHED_GCJ02_TO_BD09 = ((116.404, 39.915), (116.41036949371029, 39.92133699351021))


@pytest.mark.parametrize(("wgs84", "gcj02"), PUBLISHED_GCJ02)
def test_gcj02_gives_the_published_points(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert np.allclose(datums.wgs84_to_gcj02(*wgs84), gcj02, rtol=0, atol=1e-12)
    assert np.allclose(datums.gcj02_to_wgs84(*gcj02), wgs84, rtol=0, atol=1e-11)


def test_bd09_gives_the_published_point() -> None:
    gcj02, bd09 = PUBLISHED_GCJ02_TO_BD09
    wgs84 = datums.gcj02_to_wgs84(*gcj02)
    assert np.allclose(datums.wgs84_to_bd09(*wgs84), bd09, rtol=0, atol=1e-11)


def test_shift_is_hundreds_of_metres_in_taiyuan() -> None:
    lon, lat = datums.wgs84_to_gcj02(112.55, 37.87)
    east = (lon - 112.55) * 111_320 * np.cos(np.radians(37.87))
    north = (lat - 37.87) * 111_320
    assert 300 < np.hypot(east, north) < 800


@settings(max_examples=300, deadline=None)
@given(place=well_in_china)
def test_datums_agree_with_an_independent_implementation_to_a_millimetre(place: tuple[float, float]) -> None:
    there = independent.Wgs84(lat=place[1], lon=place[0])
    gcj02, bd09 = independent.wgs84_to_gcj02(there), independent.wgs84_to_bd09(there)
    back, from_baidu = independent.gcj02_to_wgs84_refined(gcj02), independent.bd09_to_wgs84_refined(bd09)
    pairs = [
        (datums.wgs84_to_gcj02(*place), gcj02),
        (datums.wgs84_to_bd09(*place), bd09),
        (datums.gcj02_to_wgs84(gcj02.lon, gcj02.lat), back),
        (datums.bd09_to_wgs84(bd09.lon, bd09.lat), from_baidu),
    ]
    for ours, theirs in pairs:
        assert np.abs(np.array(ours) - (theirs.lon, theirs.lat)).max() < MILLIMETRE_DEG


@settings(max_examples=300, deadline=None)
@given(place=in_china)
def test_there_and_back_is_the_same_place_all_over_china(place: tuple[float, float]) -> None:
    for there, back in (
        (datums.wgs84_to_gcj02, datums.gcj02_to_wgs84),
        (datums.wgs84_to_bd09, datums.bd09_to_wgs84),
    ):
        assert np.abs(np.array(back(*there(*place))) - place).max() < MILLIMETRE_DEG / 100


@settings(max_examples=100, deadline=None)
@given(lon=st.floats(-180, 70), lat=st.floats(-90, 90))
def test_outside_china_nothing_moves(lon: float, lat: float) -> None:
    for change in (datums.wgs84_to_gcj02, datums.gcj02_to_wgs84, datums.wgs84_to_bd09, datums.bd09_to_wgs84):
        assert [float(value) for value in change(lon, lat)] == [lon, lat]


def test_arrays_give_the_same_as_single_points() -> None:
    lon, lat = np.array([112.5, 2.35, 121.5]), np.array([37.9, 48.86, 31.2])
    whole = np.column_stack(datums.bd09_to_wgs84(lon, lat))
    single = [datums.bd09_to_wgs84(*place) for place in zip(lon, lat, strict=True)]
    assert (whole == np.array(single)).all()


# ── Metres ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "wgs84",
        "cgcs2000",
        "gcj02",
        "bd09",
        "EPSG:4547",
        "4546",
        "epsg:4526",
        "epsg:4525",
        "epsg:3857",
        "epsg:32649",
    ],
)
def test_metres_survive_any_datum_there_and_back(name: str) -> None:
    datum = datum_named(name)
    road = shapely.LineString([(BASE[0] + x, BASE[1] + y) for x, y in ((0, 0), (500, 3), (1000, -40))])
    back = to_metric(from_metric(road, datum), datum)
    assert back.equals_exact(road, tolerance=1e-4)


def test_zone_with_prefix_has_the_zone_in_its_easting() -> None:
    point = shapely.Point(*BASE)
    plain, prefixed = (from_metric(point, datum_named(code)) for code in ("4547", "4526"))
    assert abs(prefixed.x - plain.x - 38_000_000) < 0.001
    assert abs(prefixed.y - plain.y) < 0.001


def test_cgcs2000_counts_as_wgs84() -> None:
    places = shapely.points([[112.5, 37.8], [112.6, 37.9]])
    assert shapely.equals_identical(to_metric(places, CGCS2000), to_metric(places, WGS84)).all()


def test_geometry_in_gcj02_lands_where_wgs84_lands() -> None:
    lon, lat = 112.55, 37.87
    shifted = shapely.Point(*datums.wgs84_to_gcj02(lon, lat))
    assert to_metric(shifted, GCJ02).distance(to_metric(shapely.Point(lon, lat), WGS84)) < 0.001
    assert to_metric(shifted, WGS84).distance(to_metric(shapely.Point(lon, lat), WGS84)) > 300


# ── Names ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_names_of_datums() -> None:
    assert [datum_named(text) for text in ("WGS84", "wgs-84", "EPSG:4326", "4490", "GCJ-02", "bd_09")] == [
        WGS84, WGS84, WGS84, CGCS2000, GCJ02, BD09,
    ]  # fmt: skip
    assert str(datum_named("EPSG:4547")) == "CGCS2000 三度带 中央经线 114°E(东坐标不带带号)"
    assert str(datum_named("4526")) == "CGCS2000 三度带 第 38 带(东坐标带带号)"
    assert datum_named("EPSG:32649").label == "WGS 84 / UTM zone 49N (EPSG:32649)"


def test_every_listed_datum_is_found_by_its_code_and_is_what_epsg_says() -> None:
    import pyproj

    for datum in datums.datums():
        assert datum_named(datum.code) == datum
        if datum in datums.zones():
            name = pyproj.CRS.from_epsg(datum.srid).name
            assert name.startswith("CGCS2000 / 3-degree Gauss-Kruger")
            assert name.rsplit(" ", 1)[1].rstrip("E") in str(datum)


@pytest.mark.parametrize(
    "text", ["", "mars", "EPSG:99999", "epsg:", "5773", "-4326", "４３２６", "4326; DROP TABLE"]
)
def test_unknown_datum_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid, match=r"不认识坐标基准|没有 EPSG|不是平面位置"):
        datum_named(text)


# ── Fit ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_fit_shows_the_datum_the_points_were_taken_in() -> None:
    # Road due east; points 3 m north of it every 100 m, taken down in GCJ-02: median and 90th percentile are 3 m.
    RoadFactory(reference_line=line((0, 0), (1000, 0)))
    metric = np.array([(BASE[0] + x, BASE[1] + 3) for x in range(0, 1001, 100)])
    given_points = np.column_stack(datums.xy_from_metric(metric[:, 0], metric[:, 1], GCJ02))
    candidates = [WGS84, BD09, GCJ02, datum_named("4547")]
    with CaptureQueriesContext(connection) as queries:
        fits = fit_of(given_points, candidates, near=Road, column="reference_line")
    assert len(queries) == 1
    assert fits[0].datum == GCJ02
    assert fits[0].median_m == pytest.approx(3, abs=0.001)
    assert fits[0].p90_m == pytest.approx(3, abs=0.001)
    assert (fits[0].used, fits[0].outside) == (11, 0)
    by_code = {fit.datum.code: fit for fit in fits}
    assert (by_code["wgs84"].median_m or 0) > 50
    # Degrees read as metres lie off the African coast: no point in the zone, so no distance.
    assert (by_code["epsg:4547"].used, by_code["epsg:4547"].outside, by_code["epsg:4547"].median_m) == (
        0,
        11,
        None,
    )


@pytest.mark.django_db
def test_fit_looks_at_an_even_sample_of_many_points() -> None:
    RoadFactory(reference_line=line((0, 0), (1000, 0)))
    metric = np.array([(BASE[0] + x / 10, BASE[1]) for x in range(10_000)])
    given_points = np.column_stack(datums.xy_from_metric(metric[:, 0], metric[:, 1], WGS84))
    (fit,) = fit_of(given_points, [WGS84], near=Road, column="reference_line")
    assert fit.used == datums.FIT_POINTS
    assert fit.p90_m == pytest.approx(0, abs=0.001)


@pytest.mark.django_db
def test_fit_without_points_or_lines_gives_no_distance() -> None:
    (none,) = fit_of(np.empty((0, 2)), [WGS84], near=Road, column="reference_line")
    assert (none.used, none.median_m) == (0, None)
    (no_lines,) = fit_of(np.array([[112.55, 37.87]]), [WGS84], near=Road, column="reference_line")
    assert (no_lines.used, no_lines.median_m) == (1, None)
