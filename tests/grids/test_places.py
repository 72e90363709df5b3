"""Texts of places: read, and matched on a drawn crossroads and on a real piece of Taiyuan.

The drawn streets, in metres from the base point; kerbs 10 m beside 东西街 and 6 m beside the others:

                 北 400
        甲路     南北路     乙路 (ends at 东西街)
       x=-300     x=0      x=300
    ─────┼─────────┼─────────┴───── 东西街, y = 0, metre 0 at x = -500, running east: right is south
         │         │                 南北路's metre 0 is at y = -400, running north: right is east
"""

import json
import math
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import shapely
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.domain.atlas import Atlas, Landmark, Run, Street
from grids.domain.likeness import one_character_off, road_likeness
from grids.domain.place_text import Relation, key_of, number_in, plain, readings
from grids.domain.places import Match, State, find_place

CITY = Path(__file__).parents[2] / "fixtures" / "taiyuan" / "roads_all.geojson"
EAST, NORTH, FIRST, SECOND = 1, 2, 3, 4


def run(*xy: tuple[float, float], measures: tuple[float, float]) -> Run:
    return Run(LineString(xy), np.array(measures))


def drawn(*landmarks: Landmark) -> Atlas:
    """The streets of the figure."""
    streets = {
        EAST: Street(EAST, "东西街", LineString([(-500, 0), (500, 0)])),
        NORTH: Street(NORTH, "南北路", LineString([(0, -400), (0, 400)])),
        FIRST: Street(FIRST, "甲马路", LineString([(-300, -400), (-300, 400)])),
        SECOND: Street(SECOND, "乙马路", LineString([(300, 0), (300, 400)])),
    }
    crossings = {
        (EAST, NORTH): [500.0], (NORTH, EAST): [400.0],
        (EAST, FIRST): [200.0], (FIRST, EAST): [400.0],
        (EAST, SECOND): [800.0], (SECOND, EAST): [0.0],
    }  # fmt: skip
    runs = {
        (EAST, "right"): [run((-500, -10), (500, -10), measures=(0, 1000))],
        (EAST, "left"): [run((-500, 10), (500, 10), measures=(0, 1000))],
    }
    for road, x, south in ((NORTH, 0, -400), (FIRST, -300, -400), (SECOND, 300, 0)):
        length = 400 - south
        runs[road, "right"] = [run((x + 6, south), (x + 6, 400), measures=(0, length))]
        runs[road, "left"] = [run((x - 6, south), (x - 6, 400), measures=(0, length))]
    return Atlas(streets, crossings, runs, landmarks)


ATLAS = drawn()


def exact(text: str, *, street: str = "", atlas: Atlas = ATLAS) -> tuple[int, str, float, float, float]:
    """Road, side, metre, x and y of a place that must be exact."""
    found = find_place(text, atlas, street=street)
    assert found.state is State.EXACT, (text, found)
    (spot,) = found.spots
    x, y = round(spot.point.x, 1), round(spot.point.y, 1)
    return spot.road, spot.side, round(spot.metre, 1), x, y


def unsure(text: str, *, street: str = "", atlas: Atlas = ATLAS) -> Match:
    found = find_place(text, atlas, street=street)
    assert found.state is State.CANDIDATES, (text, found)
    assert found.why
    return found


def none(text: str, *, atlas: Atlas = ATLAS) -> str:
    found = find_place(text, atlas)
    assert found.state is State.NONE, (text, found)
    return found.why


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_ways_to_write_the_same_are_one_key() -> None:
    assert plain(" 新建路（東側）。") == "新建路(东侧)"
    assert plain("鳳凰臺路與遼寧街") == "凤凰台路与辽宁街"
    assert plain("乾隆路、乾河街") == "乾隆路、干河街"  # by words, not by characters alone
    assert key_of("桃园２巷") == key_of("桃园二巷") == "桃园二巷"
    assert key_of("太原市第38中学") == "太原市第三十八中学"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("二十", 20),
        ("十二", 12),
        ("一百零五", 105),
        ("两", 2),
        ("八", 8),
        ("12", 12),
        ("约", None),
        ("", None),
    ],
)
def test_numbers_in_chinese(text: str, number: int | None) -> None:
    assert number_in(text) == number


def test_a_text_is_read_as_what_it_says() -> None:
    first = next(
        each for each in readings("新建路与府东街交叉口东南角") if each.relation is Relation.JUNCTION
    )
    assert (first.road, first.others, first.said.corner) == ("新建路", ("府东街",), "东南")
    stretch = [each for each in readings("迎泽大街(新建路至五一路)南侧") if each.relation is Relation.STRETCH]
    assert ("迎泽大街", ("新建路", "五一路"), "南") in [(e.road, e.others, e.said.side) for e in stretch]
    house = next(each for each in readings("解放路120号对面") if each.relation is Relation.HOUSE)
    assert (house.road, house.number, house.said.opposite) == ("解放路", "120", True)


def test_what_could_not_be_read_is_never_dropped() -> None:
    """Every character of a text is in some part of each reading, or is said to be unread."""
    for reading in readings("新建路与府东街交叉口东南角(肯德基旁)"):
        said = "".join([reading.road, *reading.others, reading.landmark, reading.unread])
        assert "肯德基" in said, reading


# ── Corners ───────────────────────────────────────────────────────────────────────────────────────────────

# By hand: the kerbs cross at (±6, ±10); 东西街's metre there is 500 ± 6, its right side is the south.
CORNERS = {
    "东南": (EAST, "right", 506.0, 6.0, -10.0),
    "西南": (EAST, "right", 494.0, -6.0, -10.0),
    "东北": (EAST, "left", 506.0, 6.0, 10.0),
    "西北": (EAST, "left", 494.0, -6.0, 10.0),
}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    way=st.sampled_from(sorted(CORNERS)),
    between=st.sampled_from(["与", "和", "、", "/", "×", "及", "跟", ""]),
    junction=st.sampled_from(["交叉口", "路口", "十字路口", "十字", "交汇处", "交叉路口", "口", ""]),
    tail=st.sampled_from(["角", "侧", "拐角处", "方向的角", "角。", " 角"]),
    before=st.sampled_from(["", "太原市", "山西省太原市迎泽区", "柳巷街道"]),
)
def test_corner_is_where_the_kerbs_meet_however_it_is_worded(
    way: str, between: str, junction: str, tail: str, before: str
) -> None:
    tail = "角" if tail == "方向的角" else tail
    assert exact(f"{before}东西街{between}南北路{junction}{way}{tail}") == CORNERS[way]


def test_corner_belongs_to_the_road_that_is_named_first_or_beside_it() -> None:
    assert exact("南北路与东西街交叉口东南角") == (NORTH, "right", 390.0, 6.0, -10.0)
    assert exact("与东西街交叉口东南角", street="南北路") == (NORTH, "right", 390.0, 6.0, -10.0)
    assert exact("东西街与南北路东南角", street="南北路")[0] in (EAST, NORTH)


def test_corner_leads_away_from_its_junction() -> None:
    (spot,) = find_place("东西街与南北路西北角", ATLAS).spots
    assert spot.toward == -1  # westwards, against the metres
    (spot,) = find_place("南北路与东西街东北角", ATLAS).spots
    assert spot.toward == 1


def test_where_a_street_ends_there_are_two_corners_and_no_more() -> None:
    # 乙马路 leads north only: kerbs at x = 294 and 306 meet 东西街's northern kerb.
    assert exact("东西街与乙马路路口东北角") == (EAST, "left", 806.0, 306.0, 10.0)
    found = unsure("东西街与乙马路路口东南角")
    assert {spot.side for spot in found.spots} == {"left"}
    assert "没有明确的东南角" in found.why


def test_junction_without_a_corner_offers_all_four() -> None:
    assert len(unsure("东西街与南北路交叉口").spots) == 4
    assert {round(spot.point.y) for spot in unsure("东西街与南北路口北侧").spots} == {10}


# ── Metres and stretches ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    ["南北路与东西街路口往北50米路东", "南北路东西街口北50米路东", "南北路东侧(东西街口北50米)", "南北路与东西街交叉口以北约50m东侧",
     "南北路東側(東西街口北５０米)", "南北路和东西街十字向北五十米路东侧人行道"],
)  # fmt: skip
def test_metres_are_counted_from_the_edge_of_the_junction(text: str) -> None:
    # The corner is at y = 10, so 50 m on is y = 60, metre 460; the eastern kerb is at x = 6.
    assert exact(text) == (NORTH, "right", 460.0, 6.0, 60.0)


def test_metres_without_a_side_are_two_places() -> None:
    assert {spot.side for spot in unsure("南北路与东西街路口往北50米").spots} == {"left", "right"}


def test_metres_where_no_road_leads_are_not_sure() -> None:
    unsure("东西街与乙马路路口往南50米路东")


@pytest.mark.parametrize(
    "text",
    ["东西街(甲马路至南北路)南侧", "东西街南侧(甲马路—南北路)", "东西街甲马路到南北路段路南", "东西街:南北路至甲马路南侧",
     "东西街从甲马路到南北路南面", "东西街甲马路与南北路之间路南"],
)  # fmt: skip
def test_stretch_between_two_roads_on_a_side(text: str) -> None:
    # 甲马路 is at metre 200, 南北路 at 500: the middle is 350, x = -150, on the southern kerb.
    assert exact(text) == (EAST, "right", 350.0, -150.0, -10.0)
    (spot,) = find_place(text, ATLAS).spots
    assert spot.stretch == (200.0, 500.0)


def test_stretch_without_a_side_or_with_one_that_the_road_hasnt() -> None:
    assert {spot.side for spot in unsure("东西街(甲马路至南北路)").spots} == {"left", "right"}
    assert "东西走向" in unsure("东西街(甲马路至南北路)东侧").why


@pytest.mark.parametrize(
    ("text", "spot"),
    [
        ("东西街与南北路交叉口东北角往东50米", (EAST, "left", 556.0, 56.0, 10.0)),
        ("东西街与南北路路口东北角往北50米", (NORTH, "right", 460.0, 6.0, 60.0)),
        ("南北路东西街口西南角以西约五十米", (EAST, "right", 444.0, -56.0, -10.0)),
        ("东西街与南北路交叉口东北角往东50米路北", (EAST, "left", 556.0, 56.0, 10.0)),
    ],
)
def test_metres_from_a_corner_go_along_the_kerb_that_leads_that_way(
    text: str, spot: tuple[int, str, float, float, float]
) -> None:
    # The corner lies at (±6, ±10): its metre is 506 or 494 on 东西街, 410 or 390 on 南北路.
    assert exact(text) == spot


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("东西街与南北路交叉口东北角50米", "往哪个方向"),
        ("东西街与南北路交叉口东北角往西50米", "不清楚"),
        ("东西街与南北路交叉口东北角往东50米路南", "不清楚"),
        ("东西街与乙马路路口东南角往南50米", "不清楚"),
    ],
)
def test_metres_from_a_corner_that_lead_nowhere_are_not_sure(text: str, why: str) -> None:
    assert why in unsure(text).why


@pytest.mark.parametrize("of", [EAST, SECOND])
def test_a_kerb_with_another_way_of_its_street_beyond_it_is_not_sure(of: int) -> None:
    # Beside 东西街 a way 20 m to the north runs along with it: the northern kerb, at 10 m, may be a median.
    stray = LineString([(-400, 20), (400, 21)])
    atlas = drawn()
    atlas.strays = [([of], stray)]
    if of == EAST:
        assert "外侧" in unsure("东西街与南北路交叉口东北角", atlas=atlas).why
        assert "外侧" in unsure("南北路与东西街交叉口东北角", atlas=atlas).why
        assert "外侧" in unsure("东西街(甲马路至南北路)北侧", atlas=atlas).why
    else:
        exact("东西街与南北路交叉口东北角", atlas=atlas)
    exact("东西街与南北路交叉口东南角", atlas=atlas)


# ── Landmarks ─────────────────────────────────────────────────────────────────────────────────────────────

SCHOOL = Landmark(
    "school", "太原市第五中学", Polygon([(100, 20), (200, 20), (200, 120), (100, 120)]),
    gates=[("正门", Point(150, 18))], key=key_of("太原市第五中学"), short="五中",
)  # fmt: skip
SITE = Landmark(
    "site",
    "东西街(近南北路)便民摊点",
    Polygon([(40, -20), (60, -20), (60, -12)]),
    stands=(EAST, "right", 550.0),
)


def test_gate_of_a_school_is_at_the_kerb_before_it() -> None:
    atlas = drawn(SCHOOL)
    assert exact("东西街太原市第五中学门口", atlas=atlas) == (EAST, "left", 650.0, 150.0, 10.0)
    assert exact("太原市第五中学正门口", atlas=atlas)[:3] == (EAST, "left", 650.0)
    assert exact("太原市第五中学门口对面", atlas=atlas) == (EAST, "right", 650.0, 150.0, -10.0)


def test_short_name_or_no_gate_wants_a_person() -> None:
    atlas = drawn(SCHOOL)
    atlas.shorten = lambda name: key_of(name).removeprefix("第")
    assert "可能就是" in unsure("五中门口", atlas=atlas).why
    unsure("太原市第五中学旁边", atlas=atlas)
    unsure("太原市第五中学东侧50米", atlas=atlas)
    assert "不在南北路上" in unsure("南北路太原市第五中学门口", atlas=atlas).why


def test_site_is_known_by_its_own_name() -> None:
    assert exact("东西街(近南北路)便民摊点", atlas=drawn(SITE))[:3] == (EAST, "right", 550.0)


# ── What must not be sure ─────────────────────────────────────────────────────────────────────────────────


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    index=st.integers(0, 2),
    character=st.sampled_from("鑫昊硕翰琪祺晟"),
    way=st.sampled_from(sorted(CORNERS)),
)
def test_a_wrong_character_is_never_taken_in_silence(index: int, character: str, way: str) -> None:
    name = "南北路"[:index] + character + "南北路"[index + 1 :]
    assert find_place(f"东西街与{name}交叉口{way}角", ATLAS).state is not State.EXACT


@pytest.mark.parametrize(
    ("text", "why"),
    [("东西街120号对面", "没有门牌号"), ("东西街", "只写了东西街"), ("东西街路南", "只写了东西街"), ("东西街西段路南", "只写了东西街"),
     ("东西街桥下", "没有找到"), ("幸福小区东门", "没有找到"),
     ("甲马路与乙马路交叉口东南角", "不相交"), ("", "没有写地点")],
)  # fmt: skip
def test_what_is_not_known_is_said(text: str, why: str) -> None:
    assert why in none(text)


@pytest.mark.parametrize(
    "text",
    ["东西路与南北路交叉口东南角", "东西街与南北路附近", "东西街与南北路交叉口东南角(肯德基旁)", "东西街近南北路路北",
     "东西街两侧(甲马路至南北路)", "南北路北口", "东西街与南北路立交桥下", "东西街北侧、南北路东侧", "东西街、南北路东侧",
     "冬西街与南北路交叉口东南角", "东西与南北路交叉口东南角"],
)  # fmt: skip
def test_what_is_only_nearly_said_is_offered(text: str) -> None:
    unsure(text)


def test_street_beside_it_that_says_otherwise_is_a_doubt() -> None:
    assert "街道" in unsure("东西街与南北路交叉口东南角", street="甲马路").why


def test_likeness_gives_its_reason() -> None:
    assert one_character_off("新建路", "新健路")
    assert one_character_off("新建路", "新建南路")
    assert not one_character_off("新建路", "解放路")
    for name, other in (("新建街", "新建路"), ("建设路", "建设北路"), ("新健路", "新建路")):
        found = road_likeness(name, other)
        assert found is not None, (name, other)
        assert other in found[1]
    assert road_likeness("迎泽大街", "解放路") is None


# ── Real streets ──────────────────────────────────────────────────────────────────────────────────────────

NAMES = {
    "新建路",
    "府西街",
    "府东街",
    "解放路",
    "迎泽大街",
    "解放南路",
    "五一路",
    "北大街",
    "桃园二巷",
    "水西关街",
    "胜利街",
    "柳巷",
}

# As offices write them. Sure: the two roads at whose junction the place is, and the way it lies from there; '' unsure.
WRITTEN: list[tuple[str, str, tuple[str, str] | None, float]] = [
    ("新建路与府西街交叉口东南角", "", ("新建路", "府西街"), 135),
    ("府西街新建路口西北角", "", ("新建路", "府西街"), 315),
    ("府东街、五一路十字路口西南角(便民摊点)", "", None, 0),
    ("府东街/五一路西南角", "", ("府东街", "五一路"), 225),
    ("解放路府东街交叉口的西南拐角处", "", ("解放路", "府东街"), 225),
    ("太原市杏花岭区解放路与府东街路口西南侧", "", ("解放路", "府东街"), 225),
    ("与北大街交叉口东北角", "解放路", ("解放路", "北大街"), 45),
    ("府東街與解放路交叉口東北角", "", ("府东街", "解放路"), 45),
    ("北大街与新建路口东50米路南", "", ("北大街", "新建路"), 100),
    ("新建路府西街口北８０米路东", "", ("新建路", "府西街"), 10),
    ("五一路(府东街口南100米)路西", "", ("五一路", "府东街"), 190),
    ("府西街口往南约30米路东", "新建路", ("新建路", "府西街"), 160),
    ("府西街新建路口", "", None, 0),
    ("新建路与水西关街路口", "", None, 0),
    ("新健路与府西街交叉口东南角", "", None, 0),
    ("新建街与府西街交叉口东南角", "", None, 0),
    ("府西大街与新建路西北角", "", None, 0),
    ("新建路与府东街交叉口东南角", "", None, 0),  # they do not meet: 府西街 is meant
    ("解放路120号", "", None, 0),
    ("解放路120号对面", "", None, 0),
    ("柳巷", "", None, 0),
    ("柳巷北口", "", None, 0),
    ("解放路沿线", "", None, 0),
    ("府西街附近", "", None, 0),
    ("府西街和新建路附近", "", None, 0),
    ("张记早餐店门口", "", None, 0),
    ("府西街张记早餐店门口", "", None, 0),
    ("三角地西侧50米", "", None, 0),
    ("新建路与五一路交叉口东北角", "", None, 0),
    ("五一路两侧", "", None, 0),
    ("学校门口", "", None, 0),
    ("菜市场", "", None, 0),
]  # fmt: skip


@pytest.fixture
def real(tmp_path: Path, db: None) -> tuple[Atlas, dict[str, list[LineString]]]:
    """A dozen streets of the demo city as import_roads makes them, and their ways as the file has them."""
    city = json.loads(CITY.read_text(encoding="utf-8"))
    city["features"] = [each for each in city["features"] if each["properties"]["name"] in NAMES]
    path = tmp_path / "few.geojson"
    path.write_text(json.dumps(city), encoding="utf-8")
    call_command("import_roads", str(path), stdout=StringIO())
    change = transformer(WGS84, metric_srid())
    ways: dict[str, list[LineString]] = {}
    for each in city["features"]:
        xy = [change.transform(*point[:2]) for point in each["geometry"]["coordinates"]]
        ways.setdefault(each["properties"]["name"], []).append(LineString(xy))
    return Atlas.load(), ways


def _shared(ways: dict[str, list[LineString]], pair: tuple[str, str]) -> Point:
    """The middle of the vertices that the ways of two streets share in the file: not what we derived."""
    sets = [{(round(x, 2), round(y, 2)) for way in ways[name] for x, y in way.coords} for name in pair]
    common = np.array(sorted(sets[0] & sets[1]))
    assert len(common), pair
    return Point(common.mean(axis=0))


def test_as_offices_write_them_on_real_streets(
    real: tuple[Atlas, dict[str, list[LineString]]],
) -> None:
    atlas, ways = real
    for text, street, pair, degrees in WRITTEN:
        found = find_place(text, atlas, street=street)
        assert (found.state is State.EXACT) == (pair is not None), (text, found)
        if pair is None:
            assert found.why, text
            continue
        centre, spot = _shared(ways, pair), found.spots[0]
        lies = math.degrees(math.atan2(spot.point.x - centre.x, spot.point.y - centre.y)) % 360
        away = centre.distance(spot.point)
        assert away <= 175, text
        assert abs((lies - degrees + 180) % 360 - 180) <= 58, (text, lies, away)
        # At the kerb: beside the outermost of the street's ways, and not on another street.
        own = shapely.union_all(ways[atlas.streets[spot.road].name])
        assert 1.0 < own.distance(spot.point) < 45.0, text
