"""Every rule of the demo profile on a drawn street, with metres worked out by hand; and what a place must be at all.

The place, unless a test says otherwise, is 16 m by 4 m: x from 300 to 316, y from -16 to -12.

            y = -12  +----------------+
                     |     place      |
            y = -16  +----------------+
                   x=300            x=316
"""

import json
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
import shapely.affinity
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from psycopg2.extras import DateRange

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.changes import history_of
from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import project
from grids.models import SRID, Carriageway
from parking.models import CalendarDay
from tests.drawing import BASE, at, line, period, point, polygon, rect
from tests.factories import (
    BayFactory,
    DropOffPointFactory,
    PandaLaneFactory,
    RoadFactory,
    SchoolFactory,
    SiteFactory,
    UserFactory,
)
from tests.vendors.siting import ON, SEASON, facility, ground, place, spot
from vendors import functions
from vendors.domain.batch import check_places, keep
from vendors.domain.occupation import daily, on_school_days
from vendors.domain.place import MOST_VERTICES, Place, as_shapely, checked, read_area
from vendors.domain.profile import DEFAULTS, install_demo_profile
from vendors.domain.siting import (
    Culprit,
    Judgement,
    Verdict,
    Violation,
    clear_width,
    evaluate,
    judge,
    rules_of,
    verdicts,
)
from vendors.enums import CheckResult, SiteKind, SiteState
from vendors.models import Override, PlacementRule, RuleProfile, Site, SiteCheck

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def profile() -> RuleProfile:
    return install_demo_profile()


def broken(where: Place, on: date = ON) -> list[tuple[str, float | None, float | None]]:
    """Code, metres found, metres required of each broken rule."""
    return [
        (each.rule.code, None if each.found is None else round(each.found, 3), each.required)
        for each in evaluate(where, on=on)
    ]


def of_rule(code: str, where: Place, on: date = ON) -> Verdict:
    return next(verdict for verdict in verdicts(where, on=on) if verdict.rule.code == code)


# ── Distances ─────────────────────────────────────────────────────────────────────────────────────────────


def test_place_with_nothing_around_breaks_nothing() -> None:
    assert broken(place()) == []


@pytest.mark.parametrize("kind", SiteKind.values)
@pytest.mark.parametrize(
    ("code", "target", "metres"),
    [
        ("junction", "junction", 20),
        ("bus-stop", "bus_stop", 30),
        ("hydrant", "hydrant", 30),
        ("fire-station", "fire_station", 30),
        ("fuel-station", "fuel_station", 30),
    ],
)
def test_distance_is_measured_to_the_edge(kind: str, code: str, target: str, metres: float) -> None:
    # Due east of the eastern edge, x = 316: half a metre short of what is required, then just that much.
    near = spot(target, 316 + metres - 0.5, -14)
    assert broken(place(kind=kind)) == [(code, metres - 0.5, metres)]
    near.shape = point(316 + metres, -14)
    near.save()
    assert broken(place(kind=kind)) == []
    assert of_rule(code, place(kind=kind)).found == pytest.approx(metres)


def test_distance_to_a_corner_is_the_diagonal() -> None:
    # 12 m east and 9 m north of the corner (316, -12): 15 m.
    spot("junction", 328, -3)
    assert broken(place()) == [("junction", 15.0, 20.0)]


@pytest.mark.parametrize("kind", SiteKind.values)
def test_school_gate_counts_and_not_the_grounds(kind: str) -> None:
    # Gate at (450, 20), place's corner at (350, -12): 100² + 32² = 104.995². A place from 366: 84² + 32² = 89.889².
    # The school's grounds begin at x = 400: 59 m from the first place.
    SchoolFactory(name="第一小学")
    clear = place(x=334, kind=kind)
    assert broken(clear) == []
    assert of_rule("school-gate", clear).found == pytest.approx(104.995, abs=0.001)
    found = evaluate(place(x=350, kind=kind), on=ON)
    assert [(each.rule.code, round(each.found or 0, 3)) for each in found] == [("school-gate", 89.889)]
    culprit = found[0].culprit
    assert culprit is not None
    assert culprit.label == "学校校门(第一小学 正门)"
    assert culprit.link.startswith("/schools/")


def test_nearest_of_several_is_the_culprit() -> None:
    # West edge x = 300, east edge x = 316: a stop 25 m to the west, one 28 m to the east.
    spot("bus_stop", 275, -14, name="桃园站")
    spot("bus_stop", 344, -14, name="五一站")
    found = evaluate(place(), on=ON)
    assert len(found) == 1
    culprit = found[0].culprit
    assert culprit is not None
    assert culprit.gap is not None
    assert (culprit.label, found[0].found) == ("公交站(桃园站)", pytest.approx(25))
    assert culprit.gap.length == pytest.approx(25)
    assert shapely.get_coordinates(culprit.geometry).tolist() == [list(at(275, -14))]


def test_area_and_line_facilities_are_measured_to_their_edge() -> None:
    # A fuel station from x = 340: 24 m. A junction area that reaches to x = 334: 18 m, though its middle is 34 m away.
    facility("fuel_station", rect(340, -30, 40, 30))
    facility("junction", rect(334, -30, 32, 32))
    assert broken(place()) == [("junction", 18.0, 20.0), ("fuel-station", 24.0, 30.0)]


def test_each_thing_counts_for_its_own_rule_only() -> None:
    # 25 m is too near to a hydrant and far enough from a junction; a crossing has no distance.
    spot("junction", 341, -14)
    spot("crossing", 341, -14)
    assert broken(place()) == []
    spot("hydrant", 341, -14)
    assert broken(place()) == [("hydrant", 25.0, 30.0)]


def test_found_beyond_the_search_is_not_told() -> None:
    # Searched: three times 20 m and 200 m at least.
    spot("junction", 316 + 199, -14)
    assert of_rule("junction", place()).found == pytest.approx(199)
    far = of_rule("junction", place(x=290))
    assert (far.found, far.searched, far.judgement) == (None, 200.0, Judgement.HOLDS)


# ── What must not be stood on ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "target"),
    [("fire-lane", "fire_lane"), ("no-vending-area", "no_vending"), ("crossing", "crossing")],
)
def test_areas_to_be_kept_free(code: str, target: str) -> None:
    # The area ends at x = 300: it touches the place; moved by 10 cm it lies under it.
    there = facility(target, rect(280, -20, 20, 10))
    assert broken(place()) == []
    there.shape = rect(280.1, -20, 20, 10)
    there.save()
    assert broken(place()) == [(code, 0.0, None)]
    assert of_rule(code, place(x=310)).found == pytest.approx(9.9 + 0.02, abs=0.03)


def test_fire_lane_may_be_a_line_and_the_place_inside_an_area() -> None:
    facility("fire_lane", line((305, -30), (305, 0)))
    facility("no_vending", rect(0, -200, 1000, 400))
    assert broken(place()) == [("fire-lane", 0.0, None), ("no-vending-area", 0.0, None)]


def way(source_id: str, *, width: float, **more: Any) -> Carriageway:
    values = {"highway": "primary", "width_origin": "measured", "line": line((0, 0), (1000, 0)), **more}
    return Carriageway.objects.create(source_id=source_id, width_m=width, **values)


def test_market_on_the_main_carriageway_is_advised_against() -> None:
    # Carriageway 20 m wide: its edge at y = -10. A market from y = -12 to -16 is off it by 2 m; up to y = -9 it is on it.
    way("a", width=20)
    off = place(kind=SiteKind.MARKET)
    assert broken(off) == []
    assert of_rule("main-carriageway", off).found == pytest.approx(2.0, abs=0.03)
    on_it = evaluate(place(y=-13, kind=SiteKind.MARKET), on=ON)
    assert [(each.rule.code, each.is_hard) for each in on_it] == [
        ("off-carriageway", True),
        ("main-carriageway", False),
    ]
    assert [code for code, *_metres in broken(place(y=-13))] == [
        "off-carriageway"
    ]  # the other speaks of markets


@pytest.mark.parametrize(
    "more",
    [
        {"highway": "residential"},
        {"highway": "trunk"},
        {"is_link": True},
        {"tunnel": True},
        {"bridge": True, "level": 1},
    ],
)
def test_other_carriageways_are_no_main_ones(more: dict[str, Any]) -> None:
    way("a", width=40, **more)
    assert not of_rule("main-carriageway", place(kind=SiteKind.MARKET)).broken


@pytest.mark.parametrize("kind", SiteKind.values)
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": "北大街"}, "占用车行道(北大街),不允许"),
        ({}, "占用车行道(无名道路),不允许"),
        ({"is_link": True}, "占用匝道(无名道路),不允许"),
        ({"highway": "service"}, "占用车行道(无名道路),不允许"),
        ({"highway": "trunk", "is_link": True, "name": "滨河东路"}, "占用匝道(滨河东路),不允许"),
    ],
)
def test_no_site_stands_on_any_carriageway_of_the_ground(kind: str, more: dict[str, Any], words: str) -> None:
    # 20 m wide: its edge at y = -10. A place from y = -12 is 2 m off it, from -10 touches it, and from -9.9 stands on it.
    way("a", width=20, **more)
    assert not of_rule("off-carriageway", place(kind=kind)).broken
    assert not of_rule("off-carriageway", place(y=-14, kind=kind)).broken
    on_it = of_rule("off-carriageway", place(y=-13.9, kind=kind))
    assert (on_it.broken, on_it.is_hard, on_it.found) == (True, True, 0.0)
    assert on_it.sentence.startswith(words)
    assert on_it.culprit is not None
    # What is drawn is the ground of the way around the place, not the line in its middle.
    assert shapely.bounds(on_it.culprit.geometry)[[1, 3]].tolist() == pytest.approx(
        [at(0, -10)[1], at(0, 10)[1]]
    )


def test_the_deepest_carriageway_is_the_culprit() -> None:
    Carriageway.objects.create(
        source_id="b", highway="service", width_m=5, width_origin="lanes", name="小路",
        line=line((308, -60), (308, 0)),
    )  # fmt: skip
    way("a", width=20, name="大街")
    culprit = of_rule("off-carriageway", place(y=-13.9)).culprit
    assert culprit is not None
    assert culprit.label == "车行道(小路)"


@pytest.mark.parametrize(
    ("width", "origin", "broken_there", "to_measure"),
    [
        (20, "measured", False, False),  # edge at y = -10: 1.9 m off
        (20, "class_default", False, True),
        (19.6, "class_default", False, False),  # 2.1 m off
        (23, "lanes", False, False),
        (23, "class_default", False, True),
        (26, "class_default", True, True),  # 1.1 m of it under the place
        (26, "measured", True, False),
        (29, "class_default", True, False),  # 2.6 m
    ],
)
def test_a_usual_width_near_the_edge_is_to_be_measured(
    width: float, origin: str, broken_there: bool, to_measure: bool
) -> None:
    way("a", width=width, width_origin=origin)
    found = of_rule("off-carriageway", place(height=4.1))  # y from -16 to -11.9
    assert (found.broken, found.to_measure) == (broken_there, to_measure)
    assert ("宽度待实测" in found.sentence) == to_measure


@pytest.mark.parametrize("kind", SiteKind.values)
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tunnel": True, "level": -1, "name": "坞城南路"}, "距隧道(坞城南路) 4 m,要求不少于 5 m"),
        ({"level": -1, "name": "坞城南路"}, "距地下道路(坞城南路) 4 m,要求不少于 5 m"),
        ({"bridge": True, "level": 1}, "距桥梁(无名道路) 4 m,要求不少于 5 m"),
        ({"bridge": True}, "距桥梁(无名道路) 4 m,要求不少于 5 m"),
        ({"level": 2, "is_link": True}, "距桥梁(无名道路) 4 m,要求不少于 5 m"),
    ],
)
def test_no_site_stands_in_a_tunnel_or_on_or_under_a_bridge(
    kind: str, more: dict[str, Any], words: str
) -> None:
    # 16 m wide: its edge at y = -8, 4 m from the place; the carriageway itself is not under it.
    way("a", width=16, **more)
    found = of_rule("bridge-tunnel", place(kind=kind))
    assert (found.broken, found.is_hard) == (True, True)
    assert found.sentence.startswith(words)
    assert not of_rule("bridge-tunnel", place(y=-17.1, kind=kind)).broken  # 5.1 m away
    assert not of_rule("off-carriageway", place(kind=kind)).broken
    # Over a tunnel and under a bridge there is no carriageway of the ground; on a bridge that lies on the ground there is.
    above = of_rule("off-carriageway", place(y=-4, kind=kind))
    assert above.broken == (not more.get("tunnel") and more.get("level", 0) <= 0)


def test_where_the_level_is_not_known_it_is_asked() -> None:
    way("a", width=16, level_known=False)
    found = of_rule("bridge-tunnel", place())
    assert found.judgement == Judgement.UNKNOWN
    assert found.sentence.startswith("旁边道路的层级没有数据,请现场确认不在隧道内、桥上或桥下")
    assert of_rule("bridge-tunnel", place(y=-17.1)).judgement == Judgement.HOLDS  # 5.1 m away
    # A bridge that is known to be too near is no question.
    Carriageway.objects.create(
        source_id="b", highway="primary", width_m=16, width_origin="measured", bridge=True, level=1,
        line=line((308, -60), (308, 0)),
    )  # fmt: skip
    assert of_rule("bridge-tunnel", place()).broken
    assert of_rule(
        "off-carriageway", place(y=-11)
    ).broken  # a way of unknown level counts as one on the ground


# ── Footway, pitches, equipment ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("depth", "clear"),
    [(2.0, 4.0), (3.0, 3.0), (3.5, 2.5), (6.0, 0.0)],
)
def test_footway_left_clear(depth: float, clear: float) -> None:
    # Footway 6 m wide from y = -16 to y = -10 (middle line y = -13); the stall stands on its southern `depth` metres.
    facility("footway", line((0, -13), (1000, -13)), width_m=6.0)
    where = place(height=depth)
    verdict = of_rule("footway-clear", where)
    assert verdict.found == pytest.approx(clear)
    assert broken(where) == ([("footway-clear", clear, 3.0)] if clear < 3 else [])
    assert not verdict.is_hard


def test_stall_in_the_middle_leaves_the_wider_strip() -> None:
    # Footway from y = -20 to -10; the stall from -16 to -12: 4 m south of it, 2 m north.
    facility("footway", line((0, -15), (1000, -15)), width_m=10.0)
    assert of_rule("footway-clear", place()).found == pytest.approx(4.0)


def test_footway_beside_does_not_count_and_none_is_unknown() -> None:
    facility("footway", line((0, -10), (1000, -10)), width_m=4.0)  # from -12 to -8: touches the place's edge
    verdict = of_rule("footway-clear", place())
    assert (verdict.judgement, verdict.found) == (Judgement.UNKNOWN, None)
    assert broken(place()) == []


def test_market_may_stand_on_the_footway() -> None:
    facility("footway", line((0, -14), (1000, -14)), width_m=4.0)
    assert broken(place(kind=SiteKind.MARKET)) == []


def test_clear_width_of_a_bent_footway() -> None:
    # The line turns north at x = 100; beyond its end it runs on straight. A square of 2 m on its right edge after the turn.
    bent = shapely.LineString([(0, 0), (100, 0), (100, 50)])
    assert clear_width(shapely.box(101, 20, 103, 22), bent, 6.0) == pytest.approx(4.0)  # from x = 97 to 101
    assert clear_width(shapely.box(101, 49, 103, 55), bent, 6.0) == pytest.approx(4.0)


def test_clear_width_beside_a_bend_is_the_least_between_the_corners() -> None:
    # A valley of two arms that fall 1 in 10 to (0, 0), 10 m wide, and a place 4 m south of its bottom: 5 + 4 = 9 m are left north
    # of it. Its corners at x = ±8 are (0.8 + 4) / √1.01 = 4.776 m away, which would make 9.776 m.
    valley = shapely.LineString([(-100, 10), (0, 0), (100, 10)])
    assert clear_width(shapely.box(-8, -6, 8, -4), valley, 10.0) == pytest.approx(9.0)
    # A ridge, and a place across it: south of its middle 4 / √1.01 = 3.980 m are taken, south of its corners 3.184 m.
    ridge = shapely.LineString([(-100, -10), (0, 0), (100, -10)])
    assert clear_width(shapely.box(-8, -4, 8, 6), ridge, 10.0) == pytest.approx(5 - 4 / 1.01**0.5)


def test_clear_width_is_that_of_points_all_along_the_edge() -> None:
    rng = np.random.default_rng(11)
    for _case in range(40):
        heading = np.cumsum(rng.uniform(-0.2, 0.2, 12))
        steps = 8 * np.column_stack((np.cos(heading), np.sin(heading)))
        footway = shapely.LineString(np.vstack(([0.0, 0.0], np.cumsum(steps, axis=0))))
        middle, width = footway.interpolate(rng.uniform(35, 55)), rng.uniform(3, 6)
        box = shapely.box(*(-rng.uniform(0.5, (14, 2))), *rng.uniform(0.5, (14, 2)))
        turned = shapely.affinity.rotate(box, np.degrees(heading[5]) + rng.uniform(-20, 20), origin=(0, 0))
        area = shapely.affinity.translate(turned, middle.x, middle.y)
        edge = area.exterior.interpolate(np.linspace(0, 1, 4000), normalized=True)
        left = shapely.intersects(footway.buffer(60, single_sided=True), edge)
        aside = shapely.distance(edge, footway) * np.where(left, 1, -1)
        most = max(width / 2 - aside.max(), aside.min() + width / 2)
        assert clear_width(area, footway, width) == pytest.approx(np.clip(most, 0, width), abs=0.01)


def test_pitch_area_is_advised_for_stall_sites() -> None:
    pitches = [
        ("1", ground(301, -15, 2, 1)),
        ("2", ground(304, -15, 2, 1.2)),
        ("3", ground(307, -15, 2, 1.5)),
    ]
    found = evaluate(place(pitches=pitches), on=ON)
    assert [(each.rule.code, each.is_hard) for each in found] == [("pitch-area", False)]
    assert found[0].found == pytest.approx(3.0)
    assert found[0].culprit is not None
    assert (found[0].culprit.label, found[0].culprit.more) == ("摊位 3", 1)
    assert broken(place(pitches=pitches[:1])) == []
    assert broken(place(pitches=pitches, kind=SiteKind.MARKET)) == []
    assert of_rule("pitch-area", place()).judgement == Judgement.UNKNOWN


@pytest.mark.parametrize(("board", "bins"), [(False, 1), (True, 0), (False, 0)])
def test_board_and_bins_before_it_opens(board: bool, bins: int) -> None:
    bare = place(sign_board=board, bins=bins)
    assert broken(bare) == []
    assert of_rule("board-and-bins", bare).judgement == Judgement.DUE
    opened = evaluate(replace(bare, state=SiteState.OPEN), on=ON)
    assert [(each.rule.code, each.is_hard) for each in opened] == [("board-and-bins", True)]
    assert len(opened[0].missing) == (not board) + (bins == 0)


# ── One kerb, one use at a time ───────────────────────────────────────────────────────────────────────────


def overlaps(where: Place, on: date = ON) -> list[str]:
    """Labels of the culprit where the kerb is not free, else nothing."""
    verdict = of_rule("one-kerb-one-use", where, on)
    return [verdict.culprit.label] if verdict.broken and verdict.culprit else []


def test_two_sites_overlap_and_neighbours_do_not() -> None:
    # Sites of 16 m from x = 300: the next may begin at 316, not at 315.9. y from -16 to -12 like the place.
    SiteFactory(at_m=300, name="老摊点")
    assert overlaps(place(x=316)) == []
    assert overlaps(place(x=315.9)) == ["摊点 老摊点"]
    assert overlaps(place(x=284)) == []


def test_site_is_not_in_its_own_way() -> None:
    site = SiteFactory()
    assert broken(Place.of(site)) == []
    assert overlaps(replace(Place.of(site), site_id=None)) == [f"摊点 {site.name}"]


@pytest.mark.parametrize(
    ("opens", "closes", "meets"),
    [
        ((6, 0), (7, 0), False),  # ends as the other opens
        ((6, 0), (7, 1), True),
        ((21, 0), (23, 0), False),
        ((20, 59), (21, 0), True),
        ((22, 0), (7, 0), False),  # across midnight until the other opens
        ((22, 0), (7, 30), True),
        ((20, 0), (2, 0), True),
        ((21, 0), (0, 0), False),
    ],
)
def test_same_ground_in_other_hours(opens: tuple[int, int], closes: tuple[int, int], meets: bool) -> None:
    SiteFactory(opens=time(7), closes=time(21))
    assert bool(overlaps(place(opens=time(*opens), closes=time(*closes)))) is meets


def test_seasons_that_do_not_meet() -> None:
    # A market from May to November; the place's market begins on 1 December, or on 30 November.
    SiteFactory(market=True, opens=time(7), closes=time(21))
    for first, meets in ((date(2026, 12, 1), False), (date(2026, 11, 30), True)):
        winter = place(kind=SiteKind.MARKET, season=DateRange(first, date(2027, 2, 1), "[)"))
        assert bool(overlaps(winter)) is meets


def test_night_after_the_last_day_of_a_season_counts() -> None:
    # Open 18:00–01:00 until 30 November: on 1 December it stands until 01:00.
    SiteFactory(market=True, opens=time(18), closes=time(1))
    december = DateRange(date(2026, 12, 1), date(2027, 2, 1), "[)")
    early = {"kind": SiteKind.MARKET, "season": december}
    assert overlaps(place(opens=time(0, 30), closes=time(5), **early))
    assert not overlaps(place(opens=time(1), closes=time(5), **early))
    assert not overlaps(place(opens=time(18), closes=time(23), **early))


def test_what_is_over_is_not_in_the_way() -> None:
    SiteFactory(market=True)  # until 1 December 2026
    assert overlaps(place(), on=date(2026, 11, 30))
    assert not overlaps(place(), on=date(2026, 12, 1))


@pytest.mark.parametrize(("state", "meets"), [("proposed", True), ("suspended", True), ("closed", False)])
def test_closed_sites_are_not_in_the_way(state: str, meets: bool) -> None:
    SiteFactory(state=state)
    assert bool(overlaps(place())) is meets


def test_bays_with_hours_and_without() -> None:
    # Bays 6 m by 2.5 m from (100, -7.5), end to end; the place covers y from -8 to -5.
    on_bays = {"x": 103.0, "y": -8.0, "height": 3.0}
    BayFactory.row(RoadFactory(), 3, from_m=100)
    verdict = of_rule("one-kerb-one-use", place(**on_bays))
    assert verdict.culprit is not None
    assert verdict.culprit.more == 2
    assert verdict.culprit.label.startswith("停车泊位 BW")
    assert overlaps(place(x=118.0, y=-8.0, height=3.0)) == []


def test_night_bays_leave_the_day_free() -> None:
    BayFactory(at_m=100, opens=time(21), closes=time(7))
    assert not overlaps(place(x=100, y=-8))
    assert overlaps(place(x=100, y=-8, closes=time(21, 30)))
    BayFactory(at_m=106, state="removed")
    assert not overlaps(place(x=106, y=-8))


def test_drop_off_points_work_on_school_days_in_their_hours() -> None:
    # 30 m by 3 m from (460, 4.5), 07:10–08:10 and 16:20–17:40.
    DropOffPointFactory(code="JS-001")
    on_it = {"x": 470.0, "y": 5.0}
    assert overlaps(place(**on_it)) == ["接送点 JS-001"]
    assert not overlaps(place(**on_it, opens=time(8, 10), closes=time(16, 20)))
    assert overlaps(place(**on_it, opens=time(22), closes=time(7, 11)))


def test_market_on_days_without_school_may_use_the_drop_off_point() -> None:
    # A market on Saturday 28 and Sunday 29 November 2026 alone; a make-up day on the Saturday brings school back.
    DropOffPointFactory()
    weekend = DateRange(date(2026, 11, 28), date(2026, 11, 30), "[)")
    market = place(x=470, y=5, kind=SiteKind.MARKET, season=weekend)
    assert not overlaps(market)
    CalendarDay.objects.create(day=date(2026, 11, 28), is_school_day=True)
    assert overlaps(market)


def test_market_in_the_holidays_may_use_the_drop_off_point() -> None:
    DropOffPointFactory()
    first, end = date(2027, 1, 30), date(2027, 2, 20)
    market = place(x=470, y=5, kind=SiteKind.MARKET, season=DateRange(first, end, "[)"))
    assert overlaps(market)
    for step in range((end - first).days):
        CalendarDay.objects.create(day=first + timedelta(days=step), is_school_day=False)
    assert not overlaps(market)


def test_panda_lane_is_three_metres_wide() -> None:
    # Its middle line runs at y = 6 from x = 430 to 470: it takes y from 4.5 to 7.5.
    school = SchoolFactory(name="第二小学")
    PandaLaneFactory(school=school)
    assert overlaps(place(x=440, y=7.6)) == []
    assert overlaps(place(x=440, y=7.4)) == ["“熊猫”通道 第二小学"]
    DropOffPointFactory(school=school, at_m=600)  # now the lane has hours: those of the school's points
    assert overlaps(place(x=440, y=7.4, opens=time(9), closes=time(16))) == []


def test_meeting_of_uses() -> None:
    school = {"since": ON, "is_school_day": lambda day: day.weekday() < 5}
    all_day, morning = daily(None, None), on_school_days([(time(7), time(8))])
    assert all_day.meets(morning, **school)  # type: ignore[arg-type]
    sunday = daily(time(6), time(9), DateRange(date(2026, 11, 22), date(2026, 11, 23), "[)"))
    assert not sunday.meets(morning, **school)  # type: ignore[arg-type]
    assert on_school_days([]).meets(sunday, **school)  # type: ignore[arg-type]


# ── Rules as data ─────────────────────────────────────────────────────────────────────────────────────────


def test_profile_has_every_rule_once_with_its_source(profile: RuleProfile) -> None:
    rules = {rule.code: rule for rule in profile.rules.all()}
    assert len(rules) == len(DEFAULTS) == 16
    assert {code: rule.amount for code, rule in rules.items() if rule.amount} == {
        "school-gate": 100,
        "junction": 20,
        "bus-stop": 30,
        "hydrant": 30,
        "fire-station": 30,
        "fuel-station": 30,
        "footway-clear": 3,
        "pitch-area": 2,
        "bridge-tunnel": 5,
    }
    advisory = {code for code, rule in rules.items() if rule.severity == "advisory"}
    assert advisory == {"main-carriageway", "footway-clear", "pitch-area"}
    assert all(rule.clause and rule.clause_en for rule in rules.values())
    assert all(
        "待核实" in rules[code].clause
        for code in ("school-gate", "junction", "main-carriageway", "footway-clear", "pitch-area")
    )


def test_installing_again_keeps_what_the_city_edited(profile: RuleProfile) -> None:
    profile.rules.filter(code="junction").update(amount=50)
    assert install_demo_profile() == profile
    assert profile.rules.get(code="junction").amount == 50
    assert profile.rules.count() == len(DEFAULTS)


def test_place_is_judged_by_the_rules_of_the_day(profile: RuleProfile) -> None:
    # 25 m from a junction. From 2026 on the rule asks for 50 m.
    spot("junction", 341, -14)
    old = profile.rules.get(code="junction")
    old.valid = period("2020-01-01", "2026-01-01")
    old.save()
    PlacementRule.objects.create(
        profile=profile,
        code="junction",
        applies_to="site",
        check_kind="distance",
        target="junction",
        amount=50,
        severity="hard",
        clause="新规定",
        valid=period("2026-01-01"),
    )
    assert broken(place(), date(2025, 12, 31)) == []
    assert broken(place(), date(2026, 1, 1)) == [("junction", 25.0, 50.0)]
    assert broken(place(), date(2019, 12, 31)) == []
    assert "2025年12月31日" in str(history_of(old)[0].fields)


def test_rules_of_a_profile_that_is_not_in_use_do_not_count(profile: RuleProfile) -> None:
    spot("junction", 320, -14)
    assert broken(place())
    RuleProfile.objects.filter(pk=profile.pk).update(in_use=False)
    assert verdicts(place(), on=ON) == []


def test_rule_for_pitches_with_a_distance_speaks_of_stall_sites(profile: RuleProfile) -> None:
    profile.rules.filter(code="junction").update(applies_to="pitch")
    spot("junction", 320, -14)
    assert broken(place()) == [("junction", 4.0, 20.0)]
    assert broken(place(kind=SiteKind.MARKET)) == []


@pytest.mark.parametrize(
    ("check", "target", "amount"),
    [
        ("distance", "itself", 10),
        ("distance", "junction", None),
        ("off", "junction", 3),
        ("clear_width", "junction", 3),
        ("free_kerb", "junction", None),
        ("equipped", "kerb_use", None),
        ("distance", "junction", float("nan")),
        ("distance", "junction", -1),
    ],
)
def test_rules_that_make_no_sense_are_refused(
    profile: RuleProfile, check: str, target: str, amount: float | None
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PlacementRule.objects.create(
            profile=profile,
            code="odd",
            applies_to="site",
            check_kind=check,
            target=target,
            amount=amount,
            severity="hard",
            clause="?",
            valid=period(),
        )


def test_sentences_in_both_languages() -> None:
    spot("junction", 330, -14, name="新建路 × 府东街")
    found = evaluate(place(), on=ON)[0]
    assert isinstance(found, Violation)
    assert found.sentence.startswith("距路口(新建路 × 府东街) 14 m,要求不少于 20 m(蚌埠 2024 规定")
    with translation.override("en"):
        assert "Bengbu 2024" in found.sentence
        assert "20 m" in found.sentence


def test_short_by_centimetres_does_not_read_as_enough() -> None:
    spot("junction", 316 + 19.97, -14)
    assert "19.9 m,要求不少于 20 m" in evaluate(place(), on=ON)[0].sentence


def test_every_verdict_has_its_sentence() -> None:
    facility("footway", line((0, -13), (1000, -13)), width_m=6.0)
    spot("junction", 400, -14)
    for where in (
        place(),
        place(kind=SiteKind.MARKET),
        place(sign_board=False, pitches=[("1", ground(0, 0, 1, 1))]),
    ):
        said = [verdict.sentence for verdict in verdicts(where, on=ON)]
        assert len(said) >= 12
        assert all(len(text) > 5 and "%(" not in text for text in said)


def test_links_are_left_out_for_who_may_not_follow_them() -> None:
    SchoolFactory()
    near = place(x=400)
    member = Audience(role="member", branch_id=1, member_id=1)
    planner = Audience(role="planner")
    links = [
        [each.culprit.link for each in evaluate(near, on=ON, audience=audience) if each.culprit]
        for audience in (member, planner, None)
    ]
    assert links[0] == [""]
    assert links[1] == links[2] != [""]


# ── How many statements ───────────────────────────────────────────────────────────────────────────────────


def busy_street(places: int) -> list[Place]:
    """Places one behind the other, each with one thing of every kind beside it."""
    road = RoadFactory()
    for index in range(places):
        x = 100.0 + 40 * index
        for kind in ("junction", "bus_stop", "hydrant", "crossing", "fire_lane"):
            spot(kind, x + 20, -14)
        facility("footway", line((x, -13), (x + 30, -13)), width_m=6.0)
        BayFactory(road=road, at_m=x)
        DropOffPointFactory(road=road, at_m=x + 7)
        SiteFactory(road=road, at_m=x, pitches=2)
    return [Place.of(site) for site in Site.objects.prefetch_related("pitches").order_by("stretch")]


@pytest.mark.parametrize("count", [1, 3])
def test_statements_do_not_depend_on_what_stands_around(count: int) -> None:
    where = busy_street(count)[0]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert evaluate(where, on=ON)
    assert len(queries) == 4  # rules, targets, kerb uses, footways


@pytest.mark.parametrize("count", [1, 3])
def test_statements_of_a_batch(count: int) -> None:
    busy_street(count)
    with CaptureQueriesContext(connection) as queries:
        assert len(check_places(on=ON)) == count
    assert len(queries) == 7  # sites, pitches, overrides, rules, targets, kerb uses, footways


# ── All places at once ────────────────────────────────────────────────────────────────────────────────────


def test_batch_says_the_same_as_one_by_one() -> None:
    busy_street(6)
    SchoolFactory()
    way("a", width=28)
    for number, (x, y) in enumerate([(150, -18), (333, -9), (520, -30), (640, 5), (700, -16)]):
        market = number % 2 == 0
        SiteFactory(
            market=market,
            code=f"GG-{number}",
            at_m=x,
            area=polygon((x, y), (x + 12, y + 2), (x + 11, y + 6), (x - 1, y + 4)),
            state="proposed" if number == 1 else "open",
        )
    in_batch = {each.site.code: [v.rule.code for v in each.broken] for each in check_places(on=ON)}
    assert in_batch == {
        site.code: [each.rule.code for each in evaluate(Place.of(site), on=ON)] for site in Site.objects.all()
    }
    figures = {
        (each.site.code, v.rule.code): (v.found, v.culprit and v.culprit.label)
        for each in check_places(on=ON)
        for v in each.broken
    }
    for site in Site.objects.all():
        for v in evaluate(Place.of(site), on=ON):
            found, label = figures[site.code, v.rule.code]
            assert found == pytest.approx(v.found)
            assert label == (v.culprit and v.culprit.label)
    assert len({code for codes in in_batch.values() for code in codes}) >= 6


def approve(site: Site, code: str, found: float | None, required: float | None) -> Override:
    asked, approved = UserFactory(role="planner"), UserFactory(role="administrator")
    return Override.objects.create(
        site=site,
        rule_code=code,
        found=found,
        required=required,
        reason="路口已封闭",
        asked_by=asked,
        approved_by=approved,
    )


def test_check_places_reports_and_fails_on_a_hard_rule(capsys: pytest.CaptureFixture[str]) -> None:
    site = SiteFactory(code="TD-01")
    SiteFactory(code="TD-02", at_m=700)
    spot("junction", 330, -14, name="甲路 × 乙路")
    with pytest.raises(SystemExit) as stopped:
        call_command("check_places")
    assert stopped.value.code == 1
    table = capsys.readouterr().out
    assert "TD-01" in table
    assert "14 m" in table
    assert "路口(甲路 × 乙路)" in table
    assert "TD-02" not in table
    approve(site, "junction", 14.0, 20.0)
    call_command("check_places", "--json")
    report = json.loads(capsys.readouterr().out)
    assert [(each["code"], each["result"]) for each in report["places"]] == [
        ("TD-01", "overridden"),
        ("TD-02", "good"),
    ]
    assert report["places"][0]["broken"] == [
        {
            "code": "junction",
            "severity": "hard",
            "found": 14.0,
            "required": 20.0,
            "culprit": "路口(甲路 × 乙路)",
            "overridden": True,
        }
    ]


def test_override_does_not_cover_what_became_worse(profile: RuleProfile) -> None:
    site = SiteFactory()
    near = spot("junction", 330, -14)
    approve(site, "junction", 14.0, 20.0)
    assert check_places(on=ON)[0].result == CheckResult.OVERRIDDEN
    near.shape = point(320, -14)
    near.save()
    assert check_places(on=ON)[0].result == CheckResult.HARD  # 4 m, approved were 14 m
    near.shape = point(330, -14)
    near.save()
    profile.rules.filter(code="junction").update(amount=50)
    assert check_places(on=ON)[0].result == CheckResult.HARD  # 50 m, approved was an exception from 20 m


def test_check_keeps_results_for_the_map_and_a_past_day_does_not() -> None:
    site = SiteFactory()
    spot("junction", 330, -14)
    with pytest.raises(SystemExit):
        call_command("check_places", stdout=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    kept = SiteCheck.objects.get()
    assert (kept.site, kept.result, [each["code"] for each in kept.findings]) == (site, "hard", ["junction"])
    with pytest.raises(SystemExit) as ended:  # no rule was in force then
        call_command("check_places", "--date", "2019-06-01", stdout=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    assert ended.value.code == 2
    assert SiteCheck.objects.get().result == "hard"
    keep([], on=ON)
    assert not SiteCheck.objects.exists()


# ── What can't be a place ─────────────────────────────────────────────────────────────────────────────────


def in_degrees(area: shapely.Polygon) -> dict[str, Any]:
    return json.loads(shapely.to_geojson(project(area, SRID, 4326)))


def test_area_from_geojson_comes_back_to_the_millimetre() -> None:
    area = ground(300, -16, 16, 4)
    assert shapely.hausdorff_distance(read_area(json.dumps(in_degrees(area))), area) < 0.001
    assert read_area({"type": "Feature", "geometry": in_degrees(area)}).equals_exact(area, 0.001)


SQUARE = [[111.6, 37.8], [111.601, 37.8], [111.601, 37.801], [111.6, 37.8]]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{", "无法识别"),
        ("[]", "无法识别"),
        ('{"type":"Point","coordinates":[1,2]}', "Point"),
        ({"type": "Polygon", "coordinates": [SQUARE], "crs": {"type": "name"}}, "crs"),
        ({"type": "Feature", "crs": {}, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}, "crs"),
        ({"type": "Polygon", "coordinates": []}, "空"),
        ({"type": "Polygon", "coordinates": [[]]}, "至少四个"),
        ({"type": "Polygon", "coordinates": "oops"}, "空"),
        ({"type": "Polygon", "coordinates": [[[*each, 5.0] for each in SQUARE]]}, "二维"),
        ('{"type":"Polygon","coordinates":[[[NaN,1],[2,1],[2,2],[NaN,1]]]}', "至少四个|有限"),
        ('{"type":"Polygon","coordinates":[[[111.6,Infinity],[2,1],[2,2],[111.6,Infinity]]]}', "有限"),
        ({"type": "Polygon", "coordinates": [[["a", "b"], [2, 1], [2, 2], ["a", "b"]]]}, "有限"),
        ({"type": "Polygon", "coordinates": [[[10, 50], [10.1, 50], [10.1, 50.1], [10, 50]]]}, "不在本市"),
        ({"type": "Polygon", "coordinates": [[[y, x] for x, y in SQUARE]]}, "坐标次序"),
    ],
)
def test_areas_that_are_refused(given: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_area(given)


def test_area_of_200_000_vertices_is_refused_at_once() -> None:
    ring = [[111.6 + index * 1e-9, 37.8] for index in range(200_000)]
    with pytest.raises(Invalid, match="200001"):
        read_area({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})
    assert MOST_VERTICES == 1000


def test_area_that_crosses_itself_is_refused() -> None:
    bow = shapely.Polygon([at(0, 0), at(20, 20), at(20, 0), at(0, 20)])
    with pytest.raises(Invalid, match="自相交"):
        read_area(in_degrees(bow))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"area": ground(0, 0, 0.5, 0.5)}, "m²"),
        ({"area": ground(0, 0, 500, 500)}, "m²"),
        ({"area": shapely.Polygon()}, "空"),
        ({"area": shapely.force_3d(ground(0, 0, 10, 10))}, "二维"),
        ({"area": ground(3000, 3000, 10, 10)}, "不在本市"),
        ({"capacity": 0}, "可容纳商贩 0"),
        ({"capacity": -3}, "可容纳商贩"),
        ({"capacity": 1_000_000}, "可容纳商贩"),
        ({"capacity": 2, "pitches": [("1", ground(0, 0, 1, 1))]}, "摊位数 1"),
        ({"bins": -1}, "垃圾容器"),
        ({"opens": time(8), "closes": time(8)}, "不能相同"),
        ({"season": SEASON}, "没有季节"),
        ({"kind": "market", "season": None}, "季节"),
        ({"kind": "market", "season": DateRange(date(2027, 5, 1), date(2027, 4, 1), "[)")}, "早于"),
        ({"kind": "market", "season": DateRange(date(2025, 5, 1), date(2025, 9, 1), "[)")}, "已经结束"),
        ({"kind": "market", "season": DateRange(date(2027, 5, 1), None, "[)")}, "季节"),
        ({"kind": "palace"}, "palace"),
    ],
)
def test_places_that_are_refused(change: dict[str, Any], words: str) -> None:
    RoadFactory()
    with pytest.raises(Invalid, match=words):
        checked(replace(place(), **change), on=ON)


def test_places_that_are_taken() -> None:
    RoadFactory()
    assert BASE == (400_000.0, 4_190_000.0)
    for good in (
        place(),
        place(opens=time(18), closes=time(1)),
        place(kind=SiteKind.MARKET),
        place(capacity=2, pitches=[("1", ground(301, -15, 2, 1)), ("2", ground(304, -15, 2, 1))]),
    ):
        assert checked(good, on=ON) is good


def test_judging_no_places_is_no_work() -> None:
    assert judge([], on=ON, rules=rules_of(ON)) == []
    assert Culprit("x", "", None).gap is None


# ── Many at once ──────────────────────────────────────────────────────────────────────────────────────────


def test_many_places_are_judged_as_each_is_alone() -> None:
    facility("footway", line((0, -16), (700, -16)), width_m=4.5)
    for x in range(290, 560, 23):
        spot("hydrant", x, -14 + x % 40)
        facility("crossing", rect(x, -20, 3, 6))
    first = spot("junction", 308, -34)  # 18 m from the first place, as is the next
    spot("junction", 308, 6)
    places = [place(x=300 + 2 * n) for n in range(functions.MANY + 5)]
    rules = rules_of(ON)

    def said(verdicts: list[Verdict]) -> list[tuple[str, bool, float | None]]:
        return [(verdict.rule.code, verdict.broken, verdict.found) for verdict in verdicts]

    together = judge(places, on=ON, rules=rules)
    assert [said(each) for each in together] == [
        said(judge([each], on=ON, rules=rules)[0]) for each in places
    ]
    broken = {verdict.rule.code for verdicts in together for verdict in verdicts if verdict.broken}
    assert {"hydrant", "crossing", "junction", "footway-clear"} <= broken
    (junction,) = [verdict for verdict in together[0] if verdict.rule.code == "junction"]
    assert junction.found == pytest.approx(18.0)
    assert junction.culprit is not None
    assert junction.culprit.geometry is not None
    assert junction.culprit.geometry.equals(
        as_shapely(first.shape)
    )  # of two equally near the one entered first
