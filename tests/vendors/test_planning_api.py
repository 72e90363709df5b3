"""What the planner's page asks: verdicts with their culprits, nearest good places, coloured kerbs, saving; and bad input."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg2.extras import DateTimeTZRange

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.models import Carriageway, Kerb, Road
from tests.conftest import RoleClient
from tests.drawing import at, line, period, point
from tests.factories import AllocationFactory, GuidanceFactory, RoadFactory, SiteFactory, UserFactory
from tests.vendors.planning import body, street
from tests.vendors.siting import spot
from vendors.domain import prospects
from vendors.domain.kerbside import Wanted
from vendors.domain.profile import install_demo_profile
from vendors.domain.prospects import candidates_near, gathered
from vendors.domain.rectangles import Size
from vendors.enums import SiteKind
from vendors.models import Pitch, PitchHold, Site

pytestmark = pytest.mark.django_db


def degrees(x: float, y: float) -> tuple[float, float]:
    return transformer(metric_srid(), WGS84).transform(*at(x, y))


@pytest.fixture
def road() -> Road:
    install_demo_profile()
    return street()


@pytest.fixture
def planner(client_as: Callable[..., RoleClient]) -> RoleClient:
    return client_as("planner")


def post(client: RoleClient, path: str, data: Any) -> Any:
    text = data if isinstance(data, str) else json.dumps(data)
    return client.post(path, text, content_type="application/json", headers={"Accept": "application/json"})


def rule(answer: Any, code: str) -> dict[str, Any]:
    return next(each for each in answer.json()["verdicts"] if each["code"] == code)


# ── Verdicts ──────────────────────────────────────────────────────────────────────────────────────────────


def test_verdict_names_metres_clause_and_culprit(planner: RoleClient, road: Road) -> None:
    # The footprint ends at 307.4; the junction at 325 is 17.6 m away.
    spot("junction", 325, -9.2, name="平直街 × 斜街")
    answer = post(planner, "/plan/verdict", body(road))
    assert answer.status_code == 200
    data = answer.json()
    assert (data["state"], data["length"], data["depth"], len(data["pitches"])) == ("bad", 14.8, 1.8, 6)
    assert (data["at"]["name"], data["at"]["side"], data["at"]["metre"]) == ("平直街", "right", 300.0)
    found = rule(answer, "junction")
    assert (found["state"], found["found"], found["required"]) == ("bad", 17.6, 20.0)
    assert found["sentence"].startswith("距路口(平直街 × 斜街) 17.6 m,要求不少于 20 m(蚌埠 2024")
    lon, lat = degrees(325, -9.2)
    assert found["culprit"]["geometry"]["coordinates"] == pytest.approx([lon, lat], abs=1e-6)
    assert found["culprit"]["gap"]["coordinates"][0] == pytest.approx(degrees(307.4, -9.2), abs=1e-6)
    assert rule(answer, "board-and-bins")["state"] == "due"
    assert rule(answer, "footway-clear")["state"] == "unknown"


def test_a_place_in_degrees_snaps_to_the_nearest_kerb_and_turns_with_it(
    planner: RoleClient, road: Road
) -> None:
    lon, lat = degrees(412.3, 30)
    data = post(planner, "/plan/verdict", body(road) | {"at": {"lon": lon, "lat": lat}}).json()
    assert (data["at"]["side"], round(data["at"]["metre"], 2)) == ("left", 412.3)
    ring = data["footprint"]["coordinates"][0]
    assert min(y for _x, y in ring) == pytest.approx(
        degrees(412.3, 8.3)[1], abs=2e-6
    )  # 0.8 m beyond the kerb


def test_steps_go_along_the_kerb_and_end_where_it_ends(planner: RoleClient, road: Road) -> None:
    def stepped(metre: float, step: float) -> float:
        asked = {"at": {"road": road.pk, "side": "right", "metre": metre, "step": step}}
        return float(post(planner, "/plan/verdict", body(road) | asked).json()["at"]["metre"])

    assert stepped(300, 1) == pytest.approx(301)
    assert stepped(300, -10) == pytest.approx(290)
    assert stepped(990, 10) == pytest.approx(992.6)


def test_a_site_that_moves_is_not_in_its_own_way(planner: RoleClient, road: Road) -> None:
    saved = post(planner, "/plan/save", body(road)).json()
    assert rule(post(planner, "/plan/verdict", body(road, 305)), "one-kerb-one-use")["state"] == "bad"
    own = body(road, 305, site=saved["code"])
    assert rule(post(planner, "/plan/verdict", own), "one-kerb-one-use")["state"] == "good"


def test_verdict_asks_as_many_queries_for_one_facility_as_for_many(planner: RoleClient, road: Road) -> None:
    for count in (1, 3):
        for n in range(count):
            spot("junction", 320 + n, -9.2)
            SiteFactory(road=road, code=f"X-{count}{n}", at_m=295 + n)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert post(planner, "/plan/verdict", body(road)).status_code == 200
        # Session and account, kerb, rules, and one statement each for distances, kerb uses and footways.
        assert len(queries) == 6, [query["sql"][:100] for query in queries]


def test_free_area_is_judged_as_it_is(planner: RoleClient, road: Road) -> None:
    spot("junction", 325, -12)
    ring = [degrees(*xy) for xy in ((300, -10), (300, -14), (310, -14), (310, -10), (300, -10))]
    answer = post(planner, "/plan/verdict", {"area": {"type": "Polygon", "coordinates": [ring]}})
    assert rule(answer, "junction")["found"] == pytest.approx(15.0, abs=0.05)


# ── Nearest, kerbs ────────────────────────────────────────────────────────────────────────────────────────


def test_nearest_good_place_is_where_the_rule_just_holds(planner: RoleClient, road: Road) -> None:
    # 20 m from the junction at 325: the footprint ends at 305, its middle is 297.6.
    spot("junction", 325, -9.2)
    found = post(planner, "/plan/nearest", body(road, 303.0)).json()["same_kerb"]
    assert found["at"]["metre"] == pytest.approx(297.6, abs=0.1)
    assert found["moved_m"] == pytest.approx(5.4, abs=0.1)
    there = post(planner, "/plan/verdict", body(road) | {"at": found["at"]}).json()
    assert there["state"] == "good"


def kerbs(client: RoleClient, **query: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The features of all lines, and the last line with the sums."""
    answer = client.get("/plan/kerbs.geojsonl", {"kind": "stall", "length": "14.8", "depth": "1.8"} | query)
    assert answer.status_code == 200
    lines = [json.loads(line) for line in b"".join(answer).splitlines()]
    assert [line["share"] for line in lines][-1] == 1.0
    return [feature for line in lines for feature in line["features"]], lines[-1]


def view(west: float, south: float, east: float, north: float) -> str:
    return ",".join(str(each) for each in (*degrees(west, south), *degrees(east, north)))


def test_kerbs_are_coloured_and_say_what_each_rule_takes(planner: RoleClient, road: Road) -> None:
    spot("junction", 500, 0)
    features, sums = kerbs(planner, bbox=view(-10, -60, 1010, 60))
    assert {each["properties"]["state"] for each in features} == {"free", "barred"}
    assert ["路口"] in [each["properties"]["why"] for each in features]
    # Both kerbs: 8.3 m from the axis; √(20² - 8.3²) = 18.196 and half of 14.8 m each way: 51.19 m each.
    lost = {each["code"]: each["metres"] for each in sums["lost_m"]}
    assert lost["junction"] == pytest.approx(2 * 51.19, abs=1)
    assert sums["metres"]["free"] == pytest.approx(2 * (1000 - 14.8 - 51.19), abs=2)


def test_kerbs_of_the_view_and_of_the_city_are_summed_apart(planner: RoleClient, road: Road) -> None:
    far = RoadFactory(name="远街")
    Kerb.objects.create(road=far, side="left", line=line((0, 5000), (400, 5000)), measures=[0, 400])
    _features, near = kerbs(planner, bbox=view(-10, -60, 1010, 60))
    nothing, city = kerbs(planner)
    assert nothing == []
    assert near["metres"]["free"] == pytest.approx(2 * (1000 - 14.8), abs=1)
    assert city["metres"]["free"] == pytest.approx(near["metres"]["free"] + 400 - 14.8, abs=1)


def test_overview_of_the_kerbs_is_simple_and_its_sums_exact(planner: RoleClient, road: Road) -> None:
    # Hydrants every 45 m bar the southern kerb, 24.9 m away, and not the northern one, 43.3 m away. Zoom 11: 60 m a pixel.
    for x in range(0, 1001, 45):
        spot("hydrant", x, -35)
    box = view(-10, -60, 1010, 60)
    close, exact = kerbs(planner, bbox=box, zoom="18")
    far, same = kerbs(planner, bbox=box, zoom="11")
    assert same["metres"] == exact["metres"]
    assert len(far) < len(close)
    assert max(len(each["geometry"]["coordinates"]) for each in far) == 2
    assert {each["properties"]["state"] for each in far} == {"free", "barred"}


# ── Saving ────────────────────────────────────────────────────────────────────────────────────────────────


def test_saving_proposes_what_was_drawn(planner: RoleClient, road: Road) -> None:
    drawn = post(planner, "/plan/verdict", body(road)).json()
    answer = post(planner, "/plan/save", body(road) | {"at": drawn["at"]})
    assert answer.status_code == 201
    site = Site.objects.get(code=answer.json()["code"])
    assert (site.state, site.proposed_by_id) == ("proposed", planner.user.pk)
    ring = [transformer(metric_srid(), WGS84).transform(x, y) for x, y in site.area.coords[0]]
    assert [pytest.approx(xy, abs=1e-7) for xy in ring] == drawn["footprint"]["coordinates"][0]


def test_the_second_of_two_editors_gets_409_with_both_versions(
    client_as: Callable[..., RoleClient], road: Road
) -> None:
    ann, ben = client_as("planner"), client_as("administrator")
    saved = post(ann, "/plan/save", body(road, name="甲")).json()
    edit = {"site": saved["code"], "version": saved["version"]}
    assert post(ann, "/plan/save", body(road, 350, name="乙", **edit)).status_code == 200
    answer = post(ben, "/plan/save", body(road, 250, name="丙", **edit))
    assert answer.status_code == 409
    assert ["名称", "丙", "乙"] in answer.json()["fields"]
    again = post(
        ben, "/plan/save", body(road, 250, name="丙", site=saved["code"], version=answer.json()["version"])
    )
    assert again.status_code == 200
    assert Site.objects.get(code=saved["code"]).name == "丙"


# ── Bad input ─────────────────────────────────────────────────────────────────────────────────────────────

BAD: list[tuple[str, Any, int, str]] = [
    ("no JSON", "{", 400, "JSON"),
    ("a list", "[]", 400, "JSON"),
    ("NaN", '{"kind": "stall", "at": {"road": 1, "side": "right", "metre": NaN}}', 400, "NaN"),
    ("Infinity", '{"kind": "stall", "width": Infinity}', 400, "Infinity"),
    ("NaN as text", {"width": "NaN"}, 400, "摊位宽"),
    ("1e999", '{"kind": "stall", "width": 1e999}', 400, "摊位宽"),
    ("unknown kind", {"kind": "<img src=x>"}, 400, "不认识类别"),
    ("no pitches", {"pitches": 0}, 400, "摊位数 0"),
    ("minus", {"pitches": -3}, 400, "摊位数 -3"),
    ("too many", {"pitches": 100000}, 400, "摊位数"),
    ("half a pitch", {"pitches": 1.5}, 400, "整数"),
    ("no place", {"at": None}, 400, "还没有位置"),
    ("elsewhere", {"at": {"lon": 2.35, "lat": 48.85}}, 400, "不在本市"),
    ("swapped", {"at": {"lon": 37.87, "lat": 112.55}}, 400, "不在本市"),
    ("far from any road", {"at": {"lon": 112.0, "lat": 37.3}}, 400, "没有道路"),
    ("unknown road", {"at": {"road": "没有这条街", "metre": 3}}, 400, "没有名为"),
    ("unknown road id", {"at": {"road": 999999, "metre": 3}}, 404, "没有路缘"),
    ("unknown side", {"at": {"road": 0, "side": "up", "metre": 3}}, 400, "侧别"),
    ("hours", {"opens": "25:00"}, 400, "时:分"),
    ("same hours", {"opens": "06:00", "closes": "06:00"}, 400, "不能相同"),
    ("market without season", {"kind": "market"}, 400, "季节"),
    (
        "season ends first",
        {"kind": "market", "season_from": "2030-05-01", "season_to": "2030-04-01"},
        400,
        "早于",
    ),
    (
        "season past",
        {"kind": "market", "season_from": "2020-05-01", "season_to": "2020-09-01"},
        400,
        "已经结束",
    ),
    ("crs", {"area": {"type": "Polygon", "crs": {}, "coordinates": []}}, 400, "crs"),
    ("empty area", {"area": {"type": "Polygon", "coordinates": []}}, 400, "空的"),
    ("3D", {"area": {"type": "Polygon", "coordinates": [[[112.8, 37.8, 1]] * 4]}}, 400, "高程"),
    ("a line", {"area": {"type": "LineString", "coordinates": []}}, 400, "多边形"),
]


@pytest.mark.parametrize(
    ("given", "status", "words"), [each[1:] for each in BAD], ids=[each[0] for each in BAD]
)
def test_bad_input_is_refused_in_words(
    planner: RoleClient, road: Road, given: Any, status: int, words: str
) -> None:
    data = given if isinstance(given, str) else body(road) | given
    for path in ("/plan/verdict", "/plan/save"):
        if path == "/plan/save" and isinstance(data, dict) and "area" in data:
            continue  # only a place at a kerb is saved
        answer = post(planner, path, data)
        assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.json()
    assert not Site.objects.exists()
    assert not Pitch.objects.exists()


def test_metre_beyond_the_end_is_refused_when_saved(planner: RoleClient, road: Road) -> None:
    answer = post(planner, "/plan/save", body(road, 1200))
    assert (answer.status_code, "有路缘的是 0–1000 m" in answer.json()["error"]) == (400, True)


def test_two_hundred_thousand_vertices_are_refused(planner: RoleClient, road: Road) -> None:
    ring = [[112.86, 37.84]] * 200_000
    answer = post(planner, "/plan/verdict", {"area": {"type": "Polygon", "coordinates": [ring]}})
    assert answer.status_code == 400
    assert "200000" in answer.json()["error"].replace(",", "")


@pytest.mark.parametrize("box", ["", "1,2,3", "nan,1,2,3", "5,5,1,1", "112,37,113"])
def test_a_box_that_is_none_is_refused(planner: RoleClient, road: Road, box: str) -> None:
    assert planner.get("/plan/kerbs.geojsonl", {"bbox": box}).status_code == 400


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["secretary", "member", "office"])
def test_others_neither_ask_nor_save(client_as: Callable[..., RoleClient], road: Road, role: str) -> None:
    client = client_as(role)
    for path in ("/plan/verdict", "/plan/nearest", "/plan/save"):
        assert post(client, path, body(road)).status_code == 403
    for path in ("/plan/", "/plan/proposals/", "/plan/suggest/", "/plan/kerbs.geojsonl"):
        assert client.get(path).status_code == 403
    assert not Site.objects.exists()


def test_a_request_without_token_is_refused(road: Road) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(role="planner"), backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/plan/save", json.dumps(body(road)), content_type="application/json")
    assert answer.status_code == 403


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_proposals_take_as_many_queries_for_one_as_for_three(planner: RoleClient, road: Road) -> None:
    counts = []
    for total in (1, 3):
        for n in range(Site.objects.count(), total):
            post(planner, "/plan/save", body(road, 100 + 50 * n))
        planner.get("/plan/proposals/")
        with CaptureQueriesContext(connection) as queries:
            page = planner.get("/plan/proposals/")
        assert page.content.decode().count("您提出的") == total
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


def test_review_open_and_close_by_pages(client_as: Callable[..., RoleClient], road: Road) -> None:
    ann, ben = client_as("planner"), client_as("administrator")
    spot("junction", 325, -9.2)
    saved = post(ann, "/plan/save", body(road, name="<img src=x onerror=alert(1)>")).json()
    page, code = f"/plan/proposals/{saved['code']}/", saved["code"]
    assert "<img src=x" not in ben.get(page).content.decode()
    refused = ben.post(page, {"do": "approve", "version": saved["version"]})
    assert (refused.status_code, "例外的理由" in refused.content.decode()) == (400, True)
    assert (
        ben.post(page, {"do": "approve", "version": saved["version"], "why-junction": "视线良好"}).status_code
        == 302
    )

    def step(name: str, **more: Any) -> str:
        version = Site.objects.get(code=code).version
        ann.post(f"/sites/{code}/{name}/", {"version": version, **more})
        return str(Site.objects.get(code=code).state)

    assert step("step/open") == "approved"  # board and bins are missing
    assert "还缺标示牌和垃圾容器" in ann.get(f"/sites/{code}/").content.decode()
    assert step("equip", sign_board="1", bins="2") == "approved"
    assert step("step/open") == "open"
    assert step("step/suspend", reason="施工") == "suspended"
    assert step("step/close") == "suspended"  # without a reason
    assert step("step/close", reason="撤销") == "closed"


def test_pitches_are_laid_and_saved_by_hand(planner: RoleClient, road: Road) -> None:
    code = post(planner, "/plan/save", body(road)).json()["code"]
    site = Site.objects.get(code=code)
    lay = {
        "do": "lay",
        "width": 1.5,
        "depth": 1,
        "gap": 0.3,
        "aisle": 0.8,
        "rows": 1,
        "most": 20,
        "version": 1,
    }
    # 14.8 m: 0.3 + n · 1.8 ≤ 14.8 gives eight.
    assert planner.post(f"/sites/{code}/layout/", lay).content.decode().count('class="pp-pitch"') == 8
    assert site.pitches.count() == 6
    rows = {"number": ["1", "2", ""], "at": ["0", "3", ""], "out": ["0", "0.5", ""], "width_of": ["2", "2.5", ""],
            "depth_of": ["1", "1", ""]}  # fmt: skip
    overlapping = rows | {"at": ["0", "1", ""]}
    refused = planner.post(f"/sites/{code}/layout/", {"do": "save", "version": site.version, **overlapping})
    assert (refused.status_code, "摊位重叠" in refused.content.decode()) == (400, True)
    assert (
        planner.post(f"/sites/{code}/layout/", {"do": "save", "version": site.version, **rows}).status_code
        == 302
    )
    assert sorted(site.pitches.values_list("number", flat=True)) == ["1", "2"]
    assert Site.objects.get(code=code).capacity == 2


def test_suggestion_from_guidance_and_drawn(planner: RoleClient, road: Road) -> None:
    Carriageway.objects.create(
        source_id="w1", road=road, name=road.name, highway="primary", width_m=15, width_origin="measured",
        line=road.reference_line,
    )  # fmt: skip
    asked: dict[str, Any] = {
        "source": "met",
        "days": 30,
        "more": 2,
        "within": 300,
        "pitches": 4,
        "objective": "coverage",
    }
    assert "没有疏导记录" in planner.get("/plan/suggest/", asked).content.decode()
    for x in (100, 110, 800):
        GuidanceFactory(location=point(x, -8), site__pitches=2)
    page = planner.get("/plan/suggest/", asked)
    assert page.context["served"] == 3.0
    assert page.context["gap_percent"] == 0.0
    # The site at 300 m to which the vendors were guided serves the two at 100 and 110 m; one new site the third.
    assert [step.value for step in page.context["found"].curve] == [2.0, 3.0, 3.0]
    points = json.dumps([[*degrees(500, 0), 3]])
    drawn = planner.get(
        "/plan/suggest/", asked | {"source": "drawn", "points": points, "objective": "walking"}
    )
    assert drawn.context["served"] == 3.0
    assert "/plan/?lon=" in drawn.content.decode()
    for wrong in (
        "[[NaN, 1, 1]]",
        "[[2.3, 48.8, 1]]",
        "x",
        '[["a", 1, 1]]',
        f"[[{degrees(500, 0)[0]}, 37.84, 0]]",
    ):
        bad = planner.get("/plan/suggest/", asked | {"source": "drawn", "points": wrong})
        assert bad.context.get("trouble"), wrong


@pytest.mark.parametrize(
    ("changed", "served"),
    [
        ({}, 2.0),  # two of the three pitches are nobody's
        ({"held": True}, 1.0),  # one of them is kept for somebody who is on the way
        ({"taken": 3}, 0.0),
        ({"state": "suspended"}, 0.0),
        ({"state": "approved"}, 0.0),
        ({"state": "proposed"}, 0.0),
        ({"season": period("2020-05-01", "2020-06-01"), "kind": "market", "taken": 0}, 0.0),
    ],
)
def test_room_at_sites_is_what_the_guide_sees(
    planner: RoleClient, road: Road, changed: dict[str, Any], served: float
) -> None:
    # Three pitches at 300 m, one of them allotted; 20 vendors wanted at 310 m, and no new site: as many are served as are free.
    Carriageway.objects.create(
        source_id="w1", road=road, name=road.name, highway="primary", width_m=15, width_origin="measured",
        line=road.reference_line,
    )  # fmt: skip
    taken, held = changed.pop("taken", 1), changed.pop("held", False)
    site = SiteFactory(road=road, pitches=3, **changed)
    pitches = list(site.pitches.all())
    for pitch in pitches[:taken]:
        AllocationFactory(pitch=pitch)
    if held:
        now = timezone.now()
        guidance = GuidanceFactory(location=point(900, 900), site=site)
        PitchHold.objects.create(
            pitch=pitches[2],
            guidance=guidance,
            during=DateTimeTZRange(now, now + timedelta(hours=2)),
            made_by=guidance.officer,
        )
    asked: dict[str, Any] = {
        "source": "drawn", "points": json.dumps([[*degrees(310, 0), 20]]), "more": 1,
        "within": 300, "days": 30, "pitches": 4, "objective": "coverage",
    }  # fmt: skip
    found = planner.get("/plan/suggest/", asked)
    assert found.context["found"].curve[0].value == served
    assert found.context["room"] == served


def test_suggestion_tells_its_steps_and_ends_with_the_plan(
    transactional_db: None, planner: RoleClient, road: Road
) -> None:
    Carriageway.objects.create(
        source_id="w1", road=road, name=road.name, highway="primary", width_m=15, width_origin="measured",
        line=road.reference_line,
    )  # fmt: skip
    asked: dict[str, Any] = {"source": "met", "days": 30, "more": 2, "within": 300, "pitches": 4}
    asked["objective"] = "coverage"

    def told(**more: Any) -> list[dict[str, Any]]:
        answer: Any = planner.get("/plan/suggest/steps", asked | more)
        assert answer["Content-Type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]

    assert "没有疏导记录" in told()[-1]["trouble"]
    GuidanceFactory(location=point(100, -8))
    *steps, last = told()
    shares = [step["share"] for step in steps]
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
    assert all(step["words"] for step in steps)
    assert last["shown"]["demand"][0]["left"] == 0.0
    assert "建议的位置" in last["html"]
    assert planner.get("/plan/suggest/steps", asked | {"more": 0}).status_code == 422


def test_candidates_of_many_short_kerbs_are_thinned_evenly(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Hydrants every 100 m leave ten stretches of kerb on the right side, more than may be candidates.
    for x in range(50, 1000, 100):
        spot("hydrant", x, -10)
    asked: dict[str, Any] = {"within_m": 2000.0, "on": timezone.localdate()}
    demand = gathered([at(500, -8)])
    every = candidates_near(demand, Wanted(SiteKind.STALL, Size(6.0, 2.0)), **asked)
    right = [each for each in every if each.side == "right"]
    assert len(right) >= 9
    monkeypatch.setattr(prospects, "MOST_CANDIDATES", 4)
    few = candidates_near(demand, Wanted(SiteKind.STALL, Size(6.0, 2.0)), **asked)
    assert len(few) == 4
    assert [few[0], few[-1]] == [every[0], every[-1]]
    assert set(few) < set(every)
