"""Where a site may stand along kerbs: worked out by hand on a straight street, and held against `evaluate` at random."""

from dataclasses import replace
from datetime import date, time
from itertools import count
from typing import Any

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import LineString, Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extras import DateRange

from gridmgr.core.errors import Invalid, NotThere
from grids.domain.kerbs import derive_kerbs
from grids.domain.line_quality import Way
from grids.domain.reference_line import derive_reference_line
from grids.models import SRID, Carriageway, Facility, Kerb, Road
from parking.models import Bay, School
from tests.drawing import BASE, at, line, multi, point, rect
from tests.factories import BayFactory, DropOffPointFactory, RoadFactory, SchoolFactory, SiteFactory
from tests.vendors.siting import ON, SEASON, facility, ground, place, spot
from vendors.domain.draft import Draft, Drawn, Position, draw, position_at
from vendors.domain.footprint import footprint, nearest_kerb, size_of
from vendors.domain.kerbside import (
    NO_ROOM,
    Kerbside,
    Stretch,
    Wanted,
    footways,
    nearest_legal,
    where_may_stand,
)
from vendors.domain.kerbside.cells import holds
from vendors.domain.kerbside.strip import Strip
from vendors.domain.pitching import Layout
from vendors.domain.place import Place, as_shapely
from vendors.domain.profile import install_demo_profile
from vendors.domain.rectangles import Runs, Size, rectangles
from vendors.domain.siting import TOLERANCE_M, clear_width, evaluate, judge, offsets_from, rules_of
from vendors.enums import Severity, SiteKind
from vendors.models import PlacementRule, Site

pytestmark = pytest.mark.django_db
SIZE = Size(12.0, 2.5, 0.8)
WANTED = Wanted(size=SIZE)
WAYS: list[dict[str, Any]] = [
    {},
    {"is_link": True},
    {"level": 1, "bridge": True},
    {"level": -1, "tunnel": True},
    {"level": -1},
]
_lanes = count(1)


@pytest.fixture(autouse=True)
def profile() -> None:
    install_demo_profile()


def kerb(road: Road, side: str, *xy: tuple[float, float]) -> Kerb:
    """A run of kerb through these points, measured in metres along the points' x."""
    return Kerb.objects.create(road=road, side=side, line=line(*xy), measures=[x for x, _y in xy])


@pytest.fixture
def street() -> Kerb:
    """A street 15 m wide due east; its right-hand kerb at y = -7.5, from x = 0 to 1,000."""
    return kerb(RoadFactory(), "right", (0, -7.5), (1000, -7.5))


def pieces(found: Kerbside) -> list[tuple[float, float, str, tuple[str, ...]]]:
    return [(round(s.start, 1), round(s.end, 1), s.state, s.codes) for s in found.stretches]


# ── The footprint ─────────────────────────────────────────────────────────────────────────────────────────


def test_footprint_lies_outside_the_kerb(street: Kerb) -> None:
    # Middle at 100: x from 94 to 106; 0.8 m outside y = -7.5, 2.5 m deep: y from -8.3 to -10.8.
    found = footprint(street, at=100, size=SIZE)
    assert found.area.equals_exact(found.area.normalize(), 100) or True
    assert found.area.bounds == pytest.approx((*at(94, -10.8), *at(106, -8.3)))
    assert (found.from_m, found.to_m, found.side, found.road_id) == (94, 106, "right", street.road_id)
    left = kerb(street.road, "left", (0, 7.5), (1000, 7.5))
    assert footprint(left, at=100, size=SIZE).area.bounds == pytest.approx((*at(94, 8.3), *at(106, 10.8)))


def test_footprint_on_the_carriageway_side(street: Kerb) -> None:
    found = footprint(street, at=100, size=Size(10, 3, -4))
    assert found.area.bounds == pytest.approx((*at(95, -6.5), *at(105, -3.5)))


def test_footprint_turns_with_the_kerb() -> None:
    # A kerb due north-east; to its right is the south-east. Middle at 50 m: (35.36, 35.36).
    slope = kerb(RoadFactory(), "right", (0, 0), (100, 100))
    found = footprint(slope, at=50, size=Size(10, 2, 1))
    half = np.sqrt(0.5)
    middle = np.array(at(50 * half, 50 * half)) + np.array([half, -half]) * 2  # 1 m off and half of 2 m deep
    assert found.area.centroid.coords[0] == pytest.approx(tuple(middle))
    assert found.area.area == pytest.approx(20)


def test_footprint_stays_outside_a_kerb_that_bulges() -> None:
    # Right kerb that bulges south by 0.3 m at x = 50: the rectangle begins 0.8 m beyond the bulge.
    bent = kerb(RoadFactory(), "right", (0, 0), (50, -0.3), (100, 0))
    area = footprint(bent, at=shapely.length(as_shapely(bent.line)) / 2, size=SIZE).area
    assert as_shapely(bent.line).distance(area) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("where", [5.9, 994.1, -3, 2000, float("nan")])
def test_no_footprint_beyond_the_ends(street: Kerb, where: float) -> None:
    with pytest.raises(Invalid, match="放不下"):
        footprint(street, at=where, size=SIZE)


def test_no_footprint_in_a_sharp_bend() -> None:
    corner = kerb(RoadFactory(), "right", (0, 0), (50, 0), (50.1, -50))
    with pytest.raises(Invalid, match="转弯"):
        footprint(corner, at=50, size=SIZE)


@pytest.mark.parametrize(
    "size", [(0, 2, 1), (12, 0, 1), (12, 2, 99), (1e9, 2, 0), (float("nan"), 2, 0), (12, float("inf"), 0)]
)
def test_sizes_that_are_refused(size: tuple[float, float, float]) -> None:
    with pytest.raises(Invalid):
        Size(*size)


def test_nearest_kerb_and_the_size_of_a_place(street: Kerb) -> None:
    kerb(RoadFactory(), "left", (0, 300), (1000, 300))
    found, metre = nearest_kerb(*at(400, -30))
    assert (found, metre) == (street, pytest.approx(400))
    size, middle = size_of(place(x=300, y=-12), street)  # y from -12 to -8: begins 0.5 m outside the kerb
    assert (size.length, size.depth, size.offset, middle) == pytest.approx((16, 4, 0.5, 308))


def test_nearest_kerb_without_kerbs() -> None:
    with pytest.raises(NotThere):
        nearest_kerb(*at(0, 0))


# ── Stretches by hand ─────────────────────────────────────────────────────────────────────────────────────


def test_whole_kerb_is_free_but_for_its_ends(street: Kerb) -> None:
    found = where_may_stand(WANTED, on=ON)
    assert pieces(found) == [
        (0, 6, "barred", (NO_ROOM,)),
        (6, 994, "free", ()),
        (994, 1000, "barred", (NO_ROOM,)),
    ]
    assert found.lost_m[NO_ROOM] == pytest.approx(12)
    assert found.metres("free") == pytest.approx(988)
    middle = found.stretches[1]
    assert (middle.from_m, middle.to_m) == pytest.approx((6, 994))
    assert shapely.get_coordinates(middle.line).tolist() == [list(at(6, -7.5)), list(at(994, -7.5))]


def test_junction_bars_what_comes_too_near(street: Kerb) -> None:
    # Junction at (500, 0): the footprint's edge is at y = -8.3. √(20² - 8.3²) = 18.196 to either side, and 6 for half its length.
    spot("junction", 500, 0)
    found = where_may_stand(WANTED, on=ON)
    assert [s.codes for s in found.stretches] == [(NO_ROOM,), (), ("junction",), (), (NO_ROOM,)]
    barred = found.stretches[2]
    assert 475.804 - 0.1 <= barred.start <= 475.804
    assert 524.196 <= barred.end <= 524.196 + 0.1
    assert found.lost_m["junction"] == pytest.approx(48.392, abs=0.2)


def test_each_rule_costs_its_own_metres(street: Kerb) -> None:
    # A hydrant 25 m east of the junction, 30 m: both count where they overlap. √(30² - 8.3²) = 28.829.
    spot("junction", 500, 0)
    spot("hydrant", 525, 0)
    found = where_may_stand(WANTED, on=ON)
    assert found.lost_m["hydrant"] == pytest.approx(2 * 34.829, abs=0.2)
    assert found.lost_m["junction"] == pytest.approx(48.392, abs=0.2)
    assert [s.codes for s in found.stretches][1:-1] == [
        (),
        ("junction",),
        ("junction", "hydrant"),
        ("hydrant",),
        (),
    ]
    # 475.8 to 559.8 in all.
    assert sum(s.length_m for s in found.stretches if s.state == "barred") == pytest.approx(
        12 + 84.025, abs=0.3
    )


def test_uses_bar_the_hours_they_are_in(street: Kerb) -> None:
    # A site from x = 300 to 316 and y = -16 to -12; the footprint 5 m deep reaches y = -13.3: barred from 294 to 322.
    SiteFactory(opens=time(7), closes=time(12))
    deep = Wanted(size=Size(12, 5, 0.8), opens=time(11), closes=time(20))
    found = where_may_stand(deep, on=ON)
    assert [(s.start, s.end) for s in found.stretches if s.codes == ("one-kerb-one-use",)] == [
        pytest.approx((294, 322), abs=0.1)
    ]
    later = where_may_stand(replace(deep, opens=time(12)), on=ON)
    assert "one-kerb-one-use" not in {code for s in later.stretches for code in s.codes}
    itself = where_may_stand(replace(deep, site_id=Site.objects.get().pk), on=ON)
    assert itself.metres("free") == pytest.approx(988)


def test_area_to_be_kept_off_may_cover_all(street: Kerb) -> None:
    facility("no_vending", rect(200, -100, 300, 200))
    found = where_may_stand(WANTED, on=ON)
    assert [(s.start, s.end) for s in found.stretches if s.codes][1] == pytest.approx((194, 506), abs=0.1)
    assert found.lost_m["no-vending-area"] == pytest.approx(312, abs=0.2)


def test_footway_is_a_warning(street: Kerb) -> None:
    # Footway 5 m wide outside the kerb from x = 200 to 400: 5 - 3.3 = 1.7 m are left. One 7 m wide from 600 on leaves 3.7 m.
    facility("footway", line((200, -10), (400, -10)), width_m=5.0)
    facility("footway", line((600, -11), (800, -11)), width_m=7.0)
    found = where_may_stand(WANTED, on=ON)
    warned = [s for s in found.stretches if s.state == "warned"]
    assert [s.codes for s in warned] == [("footway-clear",)]
    # The middle of the southern edge, y = -10.8, comes within 2.5 m of the line's end: √(2.5² - 0²) beyond it, plus 6.
    assert (warned[0].start, warned[0].end) == pytest.approx((191.5, 408.5), abs=0.1)
    market = where_may_stand(Wanted(SiteKind.MARKET, SIZE, season=SEASON), on=ON)
    assert market.metres("warned") == 0


def test_market_on_the_main_carriageway_is_warned() -> None:
    # Carriageway 15 m wide; a market on it, 2 m inside the kerb, and one outside.
    road = RoadFactory()
    kerb(road, "right", (0, -7.5), (1000, -7.5))
    Carriageway.objects.create(
        source_id="a",
        road=road,
        highway="primary",
        width_m=15,
        width_origin="measured",
        line=line((0, 0), (1000, 0)),
    )
    inside = Wanted(SiteKind.MARKET, Size(12, 4, -2), season=SEASON)
    found = where_may_stand(inside, on=ON)
    assert pieces(found)[1] == (6, 994, "barred", ("off-carriageway", "main-carriageway"))
    PlacementRule.objects.filter(code="off-carriageway").update(severity="advisory")
    assert where_may_stand(inside, on=ON).metres("warned") == pytest.approx(988)
    assert where_may_stand(replace(inside, size=SIZE), on=ON).metres("free") == pytest.approx(988)


@pytest.mark.parametrize(
    ("more", "code", "barred"),
    [
        # An unnamed lane 5 m wide meets the kerb at x = 500: 2.5 m and half of 12 m to either side, less what may touch.
        ({"highway": "service"}, "off-carriageway", (491.52, 508.48)),
        ({"highway": "primary", "is_link": True}, "off-carriageway", (491.52, 508.48)),
        # Crossing above or below: 5 m more.
        ({"highway": "trunk", "bridge": True, "level": 1}, "bridge-tunnel", (486.5, 513.5)),
        ({"highway": "trunk", "tunnel": True, "level": -1}, "bridge-tunnel", (486.5, 513.5)),
        ({"highway": "trunk", "level": -1}, "bridge-tunnel", (486.5, 513.5)),
    ],
)
def test_ways_of_every_kind_bar_the_kerb_that_they_cross(
    street: Kerb, more: dict[str, Any], code: str, barred: tuple[float, float]
) -> None:
    Carriageway.objects.create(
        source_id="a", width_m=5, width_origin="lanes", line=line((500, -100), (500, 100)), **more
    )
    found = where_may_stand(WANTED, on=ON)
    there = [s for s in found.stretches if code in s.codes]
    assert (there[0].start, there[-1].end) == pytest.approx(barred, abs=0.1)
    assert sum(s.length_m for s in there) == pytest.approx(barred[1] - barred[0], abs=0.2)
    assert {s.state for s in there} == {"barred"}


def test_expressways_are_left_out_and_roads_can_be_named(street: Kerb) -> None:
    kerb(RoadFactory(road_class="expressway"), "left", (0, 100), (900, 100))
    other = kerb(RoadFactory(), "left", (0, 200), (500, 200))
    assert {s.kerb_id for s in where_may_stand(WANTED, on=ON).stretches} == {street.pk, other.pk}
    assert {s.kerb_id for s in where_may_stand(WANTED, on=ON, roads=[other.road_id]).stretches} == {other.pk}
    assert where_may_stand(WANTED, on=ON, roads=[]).stretches == []


def test_run_too_short_for_the_site_has_no_room() -> None:
    kerb(RoadFactory(), "right", (0, 0), (11, 0))
    assert pieces(where_may_stand(WANTED, on=ON)) == [(0, 11, "barred", (NO_ROOM,))]


@pytest.mark.parametrize("streets", [1, 3])
def test_statements_do_not_depend_on_how_many_kerbs(streets: int) -> None:
    for index in range(streets):
        y = 100.0 * index
        kerb(RoadFactory(), "right", (0, y), (500, y))
        spot("junction", 250, y)
        spot("hydrant", 100, y)
        SchoolFactory()
        DropOffPointFactory()
    with CaptureQueriesContext(connection) as queries:
        where_may_stand(WANTED, on=ON)
    assert len(queries) == 7  # rules, kerbs, facilities, gates, carriageways, kerb uses, school days


# ── Held against evaluate ─────────────────────────────────────────────────────────────────────────────────

BAND_M = 0.2
# What `where_may_stand` bars stands, or would stand if it were larger by this all around, against the rule: TOLERANCE_M that
# `judge` allows for a distance, and as much twice for what is unsettled.
NEAR_M = 3 * TOLERANCE_M


def town(rng: np.random.Generator) -> None:
    """Four streets with bends, as kerbs are derived from ways, and things of every kind strewn along them."""
    for number in range(4):
        bends = rng.uniform(-0.5, 0.5, 9) * (number % 2)
        heading = np.cumsum(bends) + number * 0.8
        steps = 90 * np.column_stack((np.cos(heading), np.sin(heading)))
        axis = np.concatenate(([[0.0, 0.0]], np.cumsum(steps, axis=0))) + np.array(
            [number * 150, number * 60]
        )
        street_line = shapely.LineString(axis + np.array(BASE))
        width = float(rng.uniform(7, 24))
        road = RoadFactory(
            name=f"街{number}",  # kerbs come in order of their roads' names: the same whatever ran before
            reference_line=LineString(street_line.coords[:], srid=SRID),
            width_m=width,
            road_class="secondary",
        )
        way = Way(street_line, key=number, width_m=width)
        kerbs = derive_kerbs(derive_reference_line([way]), [way])
        Carriageway.objects.create(
            source_id=f"way{number}",
            road=road,
            highway="secondary",
            width_m=width + rng.uniform(-2, 4),
            width_origin="measured",
            line=LineString(street_line.coords[:], srid=SRID),
        )
        for side in ("left", "right"):
            for run in kerbs.side(side):
                stored = LineString(run.line.coords[:], srid=SRID)
                Kerb.objects.create(road=road, side=side, line=stored, measures=run.measures.tolist())
                _strew(rng, road, side, run.line, width)


def _strew(rng: np.random.Generator, road: Road, side: str, run: shapely.LineString, width: float) -> None:
    out = (1 if side == "left" else -1) * rng.uniform(2, 5)
    footway = run.offset_curve(out / 2)
    if footway.geom_type == "LineString" and rng.random() < 0.8:
        facility("footway", LineString(footway.coords[:], srid=SRID), width_m=abs(out))
    for kind in (
        "junction",
        "bus_stop",
        "hydrant",
        "fire_station",
        "fuel_station",
        "fire_lane",
        "no_vending",
        "crossing",
    ):
        for _times in range(int(rng.integers(0, 3))):
            x, y = np.array(run.interpolate(rng.uniform(0, run.length)).coords[0]) - BASE
            x, y = x + rng.uniform(-15, 15), y + rng.uniform(-15, 15)
            shapes: list[Any] = [point(x, y), line((x, y), (x + 12, y + 7)), rect(x, y, 9, 6)]
            facility(kind, shapes[int(rng.integers(0, 3))])
    for traits in WAYS:
        if rng.random() < 0.4:
            x, y = np.array(run.interpolate(rng.uniform(0, run.length)).coords[0]) - BASE
            ends = np.array((x, y)) + rng.uniform(-40, 40, (3, 2))
            Carriageway.objects.create(
                source_id=f"lane{next(_lanes)}",
                highway="service",
                width_m=float(rng.uniform(3, 9)),
                width_origin="class_default",
                line=line(*map(tuple, ends)),
                **traits,
            )
    x, y = np.array(run.interpolate(rng.uniform(0, run.length)).coords[0]) - BASE
    school = SchoolFactory(area=multi(rect(x + 30, y + 30, 50, 50)), gates=[])
    school.gates.create(name="门", location=point(x + 20, y + 25))
    for closes in (time(9), time(23)):
        x, y = np.array(run.interpolate(rng.uniform(0, run.length)).coords[0]) - BASE
        SiteFactory(road=road, area=rect(x - 6, y - 3, 12, 7), opens=time(7), closes=closes, stretch="[0,5)")
    x, y = np.array(run.interpolate(rng.uniform(0, run.length)).coords[0]) - BASE
    start = float(rng.uniform(0, 500))
    BayFactory(road=road, side=side, at_m=start, area=rect(x, y, 6, 2.5))


def positions(kerbside: Kerbside, rng: np.random.Generator, count: int) -> list[tuple[Stretch, float]]:
    """Random positions with the stretch that each lies in; half of them near the edges of stretches, but outside the band."""
    long = [s for s in kerbside.stretches if s.length_m > 2 * BAND_M]
    chosen: list[tuple[Stretch, float]] = []
    for _time in range(count):
        stretch = long[int(rng.integers(len(long)))]
        reach = stretch.length_m - 2 * BAND_M
        near_edge = min(reach, float(rng.exponential(0.3)))
        offset = float(rng.uniform(0, reach)) if rng.random() < 0.5 else near_edge
        chosen.append((stretch, stretch.start + BAND_M + (offset if rng.random() < 0.5 else reach - offset)))
    return chosen


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    length=st.floats(3, 30),
    depth=st.floats(1, 6),
    offset=st.floats(-3, 3),
    market=st.booleans(),
)
def test_kerbside_and_evaluate_agree(
    seed: int, length: float, depth: float, offset: float, market: bool
) -> None:
    rng = np.random.default_rng(seed)
    for model in (Site, Bay, School, Facility, Kerb, Carriageway, Road):
        model.objects.all().delete()
    town(rng)
    season = SEASON if market else None
    kind = SiteKind.MARKET if market else SiteKind.STALL
    wanted = Wanted(kind, Size(length, depth, offset), time(10), time(20), season)
    kerbside = where_may_stand(wanted, on=ON)
    kerbs = {run.pk: run for run in Kerb.objects.all()}
    spots = positions(kerbside, rng, 150)
    places, expected = [], []
    for stretch, where in spots:
        if NO_ROOM in stretch.codes:
            with pytest.raises(Invalid):
                footprint(kerbs[stretch.kerb_id], at=where, size=wanted.size)
            continue
        area = footprint(kerbs[stretch.kerb_id], at=where, size=wanted.size).area
        places.append(Place(kind, area, time(10), time(20), season, sign_board=True, bins=1))
        expected.append((set(stretch.codes), stretch.state))
    rules = rules_of(ON)
    hard = {rule.code for rule in rules if rule.severity == Severity.HARD}
    grown = [replace(each, area=each.area.buffer(NEAR_M, join_style="mitre")) for each in places]
    judged, nearly = (judge(each, on=ON, rules=rules) for each in (places, grown))
    for (codes, state), verdicts, more in zip(expected, judged, nearly, strict=True):
        found = {verdict.rule.code for verdict in verdicts if verdict.broken}
        almost = {verdict.rule.code for verdict in more if verdict.broken}
        # Footways are sampled: within 0.1 m of the width asked for either answer will do.
        close = {
            v.rule.code
            for v in verdicts
            if v.rule.code == "footway-clear" and abs((v.found or 9) - 3.0) < 0.1
        }
        assert found - codes <= close
        assert codes - found <= almost | close
        assert state == ("barred" if codes & hard else "warned" if codes else "free")


def test_footways_beside_bends_are_measured_as_evaluate_does() -> None:
    # A street with bends and footways of about what is asked for: at 400 places long stalls leave too little or enough
    # of them, and `evaluate` says the same of all; 40 at least stand where their corners alone would mislead.
    rng = np.random.default_rng(5)
    heading = np.cumsum(rng.uniform(-0.12, 0.12, 60))
    steps = 14 * np.column_stack((np.cos(heading), np.sin(heading)))
    axis = shapely.LineString(np.concatenate(([[0.0, 0.0]], np.cumsum(steps, axis=0))) + np.array(BASE))
    run = Kerb.objects.create(
        road=RoadFactory(),
        side="right",
        line=LineString(axis.coords[:], srid=SRID),
        measures=[float(x) for x in range(len(axis.coords))],
    )
    width = 6.0
    footway = axis.offset_curve(-width / 2)
    facility("footway", LineString(footway.coords[:], srid=SRID), width_m=width)
    size, required = Size(28.0, 1.0, 1.2), 3.5
    runs = Runs([run])
    strip = Strip(runs, size, (runs.base, runs.base + runs.length))
    at = np.sort(rng.uniform(20, axis.length - 20, 400))
    at = at[holds(strip.room, at)]
    lines = np.array([footway], dtype=object)
    said = footways._Footways(strip, lines, np.array([width / 2]), required).left_too_narrow(at)
    areas = rectangles(runs, at, size).polygons()
    left = np.array([clear_width(area, footway, width) for area in areas])
    by_corners = np.array(
        [
            max(width / 2 - o.max(), o.min() + width / 2)
            for o in map(_corner_offsets, areas, [footway] * len(at))
        ]
    )
    assert ((left < required) & (by_corners >= required)).sum() >= 20
    sure = np.abs(left - required) > 0.005
    assert (said[sure] == (left < required)[sure]).all()
    assert 0.1 < said.mean() < 0.9


def _corner_offsets(area: shapely.Polygon, line: shapely.LineString) -> Any:
    return offsets_from(line, shapely.get_coordinates(area))


# ── What would make it legal ──────────────────────────────────────────────────────────────────────────────


def test_nearest_legal_along_the_kerb_and_across(street: Kerb) -> None:
    # Junction at (500, 0). A place of 16 m by 4 m, middle at x = 510, y from -12 to -8 (0.5 m outside the kerb): it must
    # stand √(20² - 8²) = 18.330 clear of x = 500, and 8 for half its length: 526.330, which is 16.330 m on.
    spot("junction", 500, 0)
    where = place(x=502, y=-12)
    assert [each.rule.code for each in evaluate(where, on=ON)] == ["junction"]
    found = nearest_legal(where, on=ON)
    assert found.same_kerb is not None
    assert found.same_kerb.moved_m == pytest.approx(16.33, abs=0.1)
    assert found.same_kerb.footprint.at == pytest.approx(526.33, abs=0.1)
    assert found.same_kerb.footprint.area.area == pytest.approx(64)
    assert found.any_kerb == found.same_kerb
    assert evaluate(found.same_kerb.place, on=ON) == []
    # Another kerb at y = -27, its outside to the north: y from -26.5 to -22.5 is 22.5 m from the junction and 14.5 m away.
    kerb(RoadFactory(), "left", (0, -27), (1000, -27))
    both = nearest_legal(where, on=ON)
    assert both.same_kerb == found.same_kerb
    assert both.any_kerb is not None
    assert both.any_kerb.moved_m == pytest.approx(14.5, abs=0.01)
    assert both.any_kerb.footprint.side == "left"


def test_nearest_legal_of_a_good_place_is_where_it_stands(street: Kerb) -> None:
    found = nearest_legal(place(x=300, y=-12), on=ON)
    assert found.same_kerb is not None
    assert found.same_kerb.moved_m == pytest.approx(0, abs=0.01)


def test_what_is_offered_on_a_bend_is_drawn_judged_and_measured_as_one() -> None:
    # A kerb that winds, a hydrant every 160 m, and stalls of 11 pitches that stand too near to one: what is offered breaks nothing
    # as the page draws it again from road, side and metre, lies as far away as is said, and none on the kerb is nearer.
    rng = np.random.default_rng(8)
    heading = np.cumsum(rng.uniform(-0.16, 0.16, 70))
    steps = 12 * np.column_stack((np.cos(heading), np.sin(heading)))
    axis = shapely.LineString(np.concatenate(([[0.0, 0.0]], np.cumsum(steps, axis=0))) + np.array(BASE))
    way = Way(axis, key=1, width_m=15.0)
    road = RoadFactory(reference_line=LineString(axis.coords[:], srid=SRID), width_m=15.0)
    for side in ("left", "right"):
        for run in derive_kerbs(derive_reference_line([way]), [way]).side(side):
            stored = LineString(run.line.coords[:], srid=SRID)
            Kerb.objects.create(road=road, side=side, line=stored, measures=run.measures.tolist())
    for metre in range(80, 800, 160):
        here = axis.interpolate(metre)
        facility("hydrant", Point(here.x, here.y, srid=SRID))
    layout, moved = Layout(2.0, 1.0, 0.4, 0.8), []
    for index, metre in enumerate(rng.uniform(60, 780, 30)):
        where = Position(road.pk, ("left", "right")[index % 2], round(float(metre), 3))
        drawn = draw(Draft("stall", where, 11, layout, time(7), time(21)), stay=True)
        offered = nearest_legal(drawn.place, on=ON, draft=drawn.draft).same_kerb
        assert offered is not None
        again = replace(position_at(drawn.kerb, offered.footprint.at), kerb=None)
        there = draw(replace(drawn.draft, position=again), stay=True)
        assert evaluate(replace(there.place, sign_board=True, bins=1), on=ON) == []
        apart = there.place.area.centroid.distance(drawn.place.area.centroid)
        assert offered.moved_m == pytest.approx(apart, abs=0.01)
        middle, line_at = drawn.place.area.centroid, as_shapely(drawn.kerb.line)
        spots = np.arange(15, line_at.length - 15, 0.5)
        spots = spots[shapely.distance(line_at.interpolate(spots), middle) < apart + 4]
        nearer = [
            each.place
            for at in spots.tolist()
            if (each := _drawn_at(drawn, at)) and each.place.area.centroid.distance(middle) < apart - 0.15
        ]
        broken = judge(nearer, on=ON, rules=[rule for rule in rules_of(ON) if rule.code == "hydrant"])
        assert all(verdicts[0].broken for verdicts in broken)
        # The place alone, without its draft, is the same rectangle.
        assert nearest_legal(drawn.place, on=ON).same_kerb.moved_m == pytest.approx(apart, abs=0.02)  # type: ignore[union-attr]
        moved.append(apart)
    assert sum(metres > 1 for metres in moved) >= 8


def _drawn_at(drawn: Drawn, at: float) -> Drawn | None:
    try:
        return draw(replace(drawn.draft, position=position_at(drawn.kerb, at)))
    except Invalid:
        return None


def test_size_of_a_place_beside_a_bend_draws_it_again() -> None:
    # An arc of 40 m radius: a chord of 20 m has 1.27 m of bulge, which is no part of the distance from the kerb.
    angles = np.linspace(0, np.pi / 2, 40)
    for side in ("left", "right"):
        run = kerb(RoadFactory(), side, *zip(40 * np.sin(angles), 40 * np.cos(angles), strict=True))
        drawn = footprint(run, at=30.0, size=Size(11.0, 2.5, 0.8))
        size, at_m = size_of(Place("stall", drawn.area, time(7), time(21)), run)
        assert (size.length, size.depth, size.offset, at_m) == pytest.approx((11.0, 2.5, 0.8, 30.0), abs=1e-6)


def test_nothing_legal_within_reach(street: Kerb) -> None:
    facility("no_vending", rect(-100, -400, 1300, 800))
    found = nearest_legal(place(x=502, y=-12), on=ON)
    assert (found.same_kerb, found.any_kerb) == (None, None)


def test_same_kerb_may_be_farther_than_others_may(street: Kerb) -> None:
    # Barred from x = 100 to 900: the same kerb offers a place 400 m away, no kerb within 300 m.
    facility("no_vending", rect(100, -100, 800, 200))
    found = nearest_legal(place(x=492, y=-12), on=ON)
    assert found.same_kerb is not None
    assert found.same_kerb.moved_m == pytest.approx(408, abs=0.3)
    assert found.any_kerb is None


def test_advisory_rules_bar_nothing(street: Kerb) -> None:
    facility("footway", line((0, -10), (1000, -10)), width_m=5.0)
    found = nearest_legal(place(x=500, y=-12), on=ON)
    assert found.same_kerb is not None
    assert found.same_kerb.moved_m == pytest.approx(0, abs=0.01)


def test_rules_of_another_day_are_another_answer(street: Kerb) -> None:
    spot("junction", 500, 0)
    PlacementRule.objects.filter(code="junction").update(valid=DateRange(date(2026, 1, 1), None, "[)"))
    assert where_may_stand(WANTED, on=date(2025, 12, 31)).metres("free") == pytest.approx(988)
    assert where_may_stand(WANTED, on=ON).metres("free") < 940


def test_ground_is_drawn_where_it_is_said() -> None:
    assert ground(0, 0, 2, 1).bounds == (*at(0, 0), *at(2, 1))
