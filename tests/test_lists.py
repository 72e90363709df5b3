"""Lists, pages of places, and the search box: what they say, how they lead on, and how many queries they take."""

import html
import json
import re
from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gridmgr.catalog import LAYERS
from gridmgr.desk.tables import PAIRS, columns
from parking.enums import BayState
from tests.conftest import RoleClient, Town
from tests.drawing import line, period, rect, stretch
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BayFactory,
    BranchFactory,
    DropOffPointFactory,
    MemberFactory,
    PandaLaneFactory,
    PitchFactory,
    RoadFactory,
    SchoolFactory,
    SiteFactory,
)
from vendors.enums import SiteState

EVIL = "<img src=x onerror=alert(1)>"


def body(response: Any) -> str:
    assert response.status_code == 200, response.content[:500]
    return str(response.content.decode())


def text(response: Any) -> str:
    """What a person reads: the page's main part without markup, white space collapsed."""
    main = body(response).split("<main", 1)[1].split("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))


def rows(response: Any) -> list[list[str]]:
    """The table's cells, row by row."""
    table = body(response).split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in body(response) else ""
    return [
        [
            html.unescape(re.sub(r"<[^>]*>", "", cell)).strip()
            for cell in re.findall(r"<td.*?</td>", row, re.S)
        ]
        for row in re.findall(r"<tr>.*?</tr>", table, re.S)
    ]


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────


def make_bays(count: int) -> None:
    BayFactory.row(RoadFactory(name="甲路"), count)


def make_roads(count: int) -> None:
    RoadFactory.create_batch(count)


def make_branches(count: int) -> None:
    BranchFactory.create_batch(count)


def make_sections(count: int) -> None:
    AssignmentFactory.create_batch(count)


def make_sites(count: int) -> None:
    for site in SiteFactory.create_batch(count, pitches=2):
        AllocationFactory(pitch=site.pitches.first())


def make_pitches(count: int) -> None:
    PitchFactory.create_batch(count)


def make_schools(count: int) -> None:
    SchoolFactory.create_batch(count)


def make_lanes(count: int) -> None:
    PandaLaneFactory.create_batch(count)


def make_points(count: int) -> None:
    DropOffPointFactory.create_batch(count)


# Session with account, the city, whether there is demo data, how many rows, the rows: 5; choices of roads and of branches: 1 each.
QUERIES = [
    ("branches", make_branches, 5),
    ("roads", make_roads, 6),
    ("sections", make_sections, 7),
    ("sites", make_sites, 7),
    ("pitches", make_pitches, 6),
    ("schools", make_schools, 6),
    ("panda-lanes", make_lanes, 7),
    ("drop-off-points", make_points, 7),
    ("bays", make_bays, 7),
]


def test_every_layer_of_the_catalog_has_its_list_tested() -> None:
    assert {name for name, _make, _queries in QUERIES} == {layer.name for layer in LAYERS}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("name", "make", "queries"), QUERIES)
def test_list_takes_the_same_queries_for_one_row_and_for_three(
    client_as: Any, name: str, make: Any, queries: int, count: int
) -> None:
    make(count)
    client = client_as("office")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(f"/{name}/")
    assert len(rows(response)) == count
    assert len(captured) == queries, "\n".join(query["sql"] for query in captured)


def test_list_says_choices_lengths_and_hours_in_words(client_as: Any) -> None:
    # 12 m wide; 16 m of kerb from metre 300; 07:00 to 21:00; two of three pitches free.
    branch = BranchFactory(code="07", name="柳巷支部")
    road = RoadFactory(name="迎泽大街", width_m=12.5, reference_line=line((0, 0), (1240, 0)))
    AssignmentFactory(branch=branch, road=road)
    site = SiteFactory(code="TD-9", name="柳巷早点", road=road, pitches=3)
    AllocationFactory(pitch=site.pitches.first())
    client = client_as("office")
    assert rows(client.get("/roads/")) == [["迎泽大街", "主干路", "双向", "1.2 km", "12.5 m", "地图"]]
    assert rows(client.get("/sites/")) == [
        [
            "柳巷早点",
            "TD-9",
            "便民摊点",
            "开放",
            "3",
            "2",
            "迎泽大街",
            "300–316 m",
            "07:00–21:00",
            "—",
            "07 柳巷支部",
            "地图",
        ]
    ]


def test_list_leads_to_the_thing_its_road_its_branch_and_its_place_on_the_map(
    client_as: Any, town: Town
) -> None:
    page = body(client_as("office").get("/bays/?q=BW-01"))
    assert '<a href="/bays/BW-01/">BW-01</a>' in page
    assert f'<a href="/roads/{town.own.road.pk}/">第01街</a>' in page
    assert '<a href="/branches/01/">01 第01支部</a>' in page
    loc = re.search(r'/map/\?loc=([\d.]+),([\d.]+),19"', page)
    assert loc is not None
    # The base point's 37.84°N 112.86°E, give or take the 100 m to the bay.
    assert abs(float(loc[1]) - 37.84) < 0.01
    assert abs(float(loc[2]) - 112.86) < 0.01


def test_list_filters_by_words_choice_road_branch_and_day(client_as: Any, town: Town) -> None:
    BayFactory(number="DA-1", road=town.own.road, at_m=200, kind="large")
    client = client_as("planner")

    def numbers(query: str) -> list[str]:
        return [row[0] for row in rows(client.get(f"/bays/?{query}"))]

    assert numbers("") == ["BW-01", "BW-02", "DA-1"]
    assert numbers("q=bw") == ["BW-01", "BW-02"]
    assert numbers("kind=large") == ["DA-1"]
    assert numbers(f"road={town.other.road.pk}") == ["BW-02"]
    assert numbers("branch=01") == ["BW-01", "DA-1"]
    assert numbers("branch=01&kind=small&q=0") == ["BW-01"]
    assert [row[0] for row in rows(client.get("/roads/?branch=02"))] == ["第02街"]
    assert [row[0] for row in rows(client.get("/schools/?branch=02"))] == ["小学02"]
    assert [row[1] for row in rows(client.get("/pitches/?branch=02"))] == ["摊点02", "摊点02"]
    assert [row[0] for row in rows(client.get("/pitches/?branch=02&taken=1"))] == ["1"]
    assert len(rows(client.get("/sections/"))) == 2
    assert rows(client.get("/sections/?date=2019-12-31")) == []  # both sections begin in 2020


def test_list_treats_search_words_as_words(client_as: Any) -> None:
    for name in ("百分之50%路", "下_划线路", "平路"):
        RoadFactory(name=name)
    client = client_as("office")
    assert [row[0] for row in rows(client.get("/roads/", {"q": "%"}))] == ["百分之50%路"]
    assert [row[0] for row in rows(client.get("/roads/", {"q": "_"}))] == ["下_划线路"]
    assert rows(client.get("/roads/", {"q": "'; DROP TABLE grids_road; --"})) == []
    refused = client.get("/roads/", {"q": "a\x00b"})
    assert (refused.status_code, "不能保存的字符" in refused.content.decode()) == (400, True)


def test_list_shows_a_filter_it_refuses_and_does_not_apply_it(client_as: Any, town: Town) -> None:
    page = client_as("office").get("/bays/?kind=flying&road=999999&branch=zz")
    assert len(rows(page)) == 2
    assert body(page).count('class="errorlist"') == 3


def test_list_refuses_an_impossible_day_in_words(client_as: Any) -> None:
    response = client_as("office").get("/sites/?date=2026-02-30")
    assert response.status_code == 400
    assert "2026-11-22" in response.content.decode()


def test_list_sorts_by_a_column_both_ways(client_as: Any) -> None:
    for name, width in (("乙", 9.0), ("甲", 30.0), ("丙", 15.0)):
        RoadFactory(name=name, width_m=width)
    client = client_as("office")
    assert [row[0] for row in rows(client.get("/roads/?sort=width_m"))] == ["乙", "丙", "甲"]
    page = client.get("/roads/?sort=-width_m")
    assert [row[0] for row in rows(page)] == ["甲", "丙", "乙"]
    assert 'aria-sort="descending"' in body(page)
    assert len(rows(client.get("/roads/?sort=phone"))) == 3  # an unknown column sorts as usual


def test_list_shows_fifty_rows_a_page_and_keeps_the_filters(client_as: Any) -> None:
    BayFactory.row(RoadFactory(), 53)
    client = client_as("office")
    first = client.get("/bays/?kind=small")
    assert len(rows(first)) == 50
    assert "共 53 条,这里是第 1–50 条" in text(first)
    assert 'href="?kind=small&amp;page=2"' in body(first)
    assert len(rows(client.get("/bays/?kind=small&page=2"))) == 3
    assert len(rows(client.get("/bays/?page=999"))) == 3
    assert len(rows(client.get("/bays/?page=x"))) == 50


@pytest.mark.parametrize("name", [layer.name for layer in LAYERS])
def test_empty_list_says_what_would_be_here_and_how_to_get_it(client_as: Any, name: str) -> None:
    said = text(client_as("office").get(f"/{name}/"))
    assert "暂无内容 这里列出" in said
    assert "新增" not in said  # the office can't
    assert "导入" not in said
    said = text(client_as("administrator").get(f"/{name}/"))
    assert "您可在后台管理的" in said or "请用命令 import_roads" in said


def test_branches_go_by_code_and_roads_by_pinyin(client_as: Any) -> None:
    for code, name in (("10", "甲支部"), ("02", "乙支部"), ("01", "丙支部")):
        BranchFactory(code=code, name=name)
    for name in ("迎泽大街", "并州北路", "长风街", "北大街"):  # 长 is cháng
        RoadFactory(name=name)
    client = client_as("office")
    assert [row[0] for row in rows(client.get("/branches/"))] == ["丙支部", "乙支部", "甲支部"]
    assert [row[0] for row in rows(client.get("/roads/"))] == ["北大街", "并州北路", "长风街", "迎泽大街"]
    assert rows(client.get("/roads/?sort=-name"))[0][0] == "迎泽大街"


def test_a_secretarys_own_sections_come_first_until_she_sorts(client_as: Any, town: Town) -> None:
    client = client_as("secretary", branch=town.other.branch)
    names = [" ".join(row) for row in rows(client.get("/sections/"))]
    assert "第02支部" in names[0]
    assert "第01支部" in names[1]
    names = [" ".join(row) for row in rows(client.get("/sections/?sort=road"))]
    assert "第01支部" in names[0]


def test_bays_of_one_road_are_a_strip_and_the_exceptions(client_as: Any) -> None:
    road = RoadFactory(name="长街")
    BayFactory.row(road, 30)
    BayFactory(number="DA-1", road=road, at_m=900, kind="large")
    client = client_as("office")
    page = client.get(f"/bays/?road={road.pk}")
    assert [row[0] for row in rows(page)] == ["DA-1"]
    assert "30 个普通泊位" in text(page)
    assert "strip-scroll" in body(page)
    assert len(rows(client.get(f"/bays/?road={road.pk}&all=1"))) == 31
    assert len(rows(client.get(f"/bays/?road={road.pk}&kind=small"))) == 30


def test_list_without_hits_offers_to_clear_the_filters(client_as: Any) -> None:
    RoadFactory()
    page = client_as("office").get("/roads/?q=nowhere")
    assert "没有符合条件的结果" in text(page)
    assert 'href="/roads/">清除条件' in body(page)


def test_removed_bay_and_closed_site_leave_the_lists_but_keep_their_pages(client_as: Any) -> None:
    bay = BayFactory(state=BayState.REMOVED)
    site = SiteFactory(state=SiteState.CLOSED)
    client = client_as("office")
    assert rows(client.get("/bays/")) == []
    assert rows(client.get("/sites/")) == []
    assert "已取消" in text(client.get(bay.get_absolute_url()))
    assert "关闭" in text(client.get(site.get_absolute_url()))


def test_second_fields_of_pairs_are_in_some_layer_and_never_a_column_of_their_own() -> None:
    names = {field.name for layer in LAYERS for field in layer.fields}
    shown = {column.name for layer in LAYERS for column in columns(layer)}
    assert {name for pair in PAIRS for name in pair} <= names
    assert shown.isdisjoint({second for _first, second in PAIRS})


# ── Pages of places ───────────────────────────────────────────────────────────────────────────────────────


def test_site_page_links_road_branch_section_and_pitches(client_as: Any, town: Town) -> None:
    page = client_as("office").get("/sites/TD-01/")
    for address in (
        f"/roads/{town.own.road.pk}/",
        "/branches/01/",
        f"/sections/{town.own.section.pk}/",
        f"/pitches/{town.own.pitch.pk}/",
    ):
        assert f'href="{address}"' in body(page)
    said = text(page)
    assert "共 2 个,空位 1 个" in said
    assert "商贩01 早点 13955500103 ● 已占用" in said
    assert "李01 党员 13955500102" in said


def test_planner_sees_who_holds_a_pitch_but_no_phone(client_as: Any, town: Town) -> None:
    client = client_as("planner")
    for address in ("/sites/TD-01/", f"/pitches/{town.own.pitch.pk}/"):
        said = text(client.get(address))
        assert "商贩01" in said
        assert town.own.phones[2] not in said


def test_place_is_answered_for_by_whoever_has_its_metres(client_as: Any) -> None:
    # metre 0 ─── branch 11 ─── 500 ─── branch 12 ─── 1000; the bay stands at 600 to 606.
    road = RoadFactory()
    for code, low, high in (("11", 0, 500), ("12", 500, 1000)):
        AssignmentFactory(branch=BranchFactory(code=code), road=road, stretch=stretch(low, high))
    bay = BayFactory(road=road, at_m=600)
    said = text(client_as("office").get(bay.get_absolute_url()))
    assert "第12支部" in said
    assert "第11支部" not in said
    assert "还没有分给党员" in said


def test_place_nobody_answers_for_leads_to_the_report_of_gaps(client_as: Any) -> None:
    page = client_as("office").get(BayFactory().get_absolute_url())
    assert "目前没有支部包干这一处" in text(page)
    assert 'href="/roads/gaps/"' in body(page)


def test_school_page_links_gates_lanes_and_points_with_hours(client_as: Any, town: Town) -> None:
    page = client_as("office").get(f"/schools/{town.own.school.pk}/")
    assert 'href="/drop-off-points/JS-01/"' in body(page)
    assert f'href="/panda-lanes/{town.own.lane.pk}/"' in body(page)
    said = text(page)
    assert "正门" in said
    assert "07:10–08:10" in said
    assert "第01支部" in said


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-23 07:30", "开放中,至 08:10"),  # a Monday
        ("2026-11-23 09:00", "今天 16:20 起"),
        ("2026-11-21 09:00", "下次 11月23日 07:10"),  # a Saturday
    ],
)
def test_drop_off_page_says_whether_it_is_open(
    client_as: Any, town: Town, at: Any, now: str, said: str
) -> None:
    at(now)
    assert said in text(client_as("office").get("/drop-off-points/JS-01/"))


@pytest.mark.parametrize("count", [1, 3])
def test_site_page_takes_the_same_queries_for_one_pitch_and_for_three(client_as: Any, count: int) -> None:
    site = SiteFactory(road=AssignmentFactory().road, pitches=count)
    for pitch in site.pitches.all():
        AllocationFactory(pitch=pitch)
    client = client_as("office")
    with CaptureQueriesContext(connection) as captured:
        response = client.get(site.get_absolute_url())
    assert text(response).count("已占用") == count + 1  # and once among the facts
    # Session with account; the city; exception of the calendar today and the next 60 days; site; section, shares; pitches,
    # allocations; where it is in words; history, the names of road and planners in it; demo.
    assert len(captured) == 13, "\n".join(query["sql"] for query in captured)


def test_names_cannot_carry_markup_on_any_list_or_page(client_as: Any) -> None:
    branch = BranchFactory(name=EVIL, secretary__name=EVIL)
    road = RoadFactory(name=EVIL)
    AssignmentFactory(branch=branch, road=road, note=EVIL)
    site = SiteFactory(name=EVIL, road=road, pitches=1)
    AllocationFactory(pitch=site.pitches.get(), vendor__name=EVIL, vendor__goods=EVIL)
    school = SchoolFactory(name=EVIL, gates=[EVIL])
    lane = PandaLaneFactory(school=school, road=road)
    point = DropOffPointFactory(school=school, road=road)
    bay = BayFactory(number="<b onclick=a()>", road=road)
    client = client_as("administrator")
    things = [site, site.pitches.get(), school, lane, point, bay]
    addresses = [f"/{layer.name}/" for layer in LAYERS] + [thing.get_absolute_url() for thing in things]
    for address in [*addresses, "/search/?q=img", f"/search/?q={EVIL}", f"/roads/?q={EVIL}"]:
        page = client.get(address).content.decode()
        assert "<img src=x" not in page, address
        assert "<b onclick" not in page, address
        assert "&lt;img src=x" in page, address


# ── Search ────────────────────────────────────────────────────────────────────────────────────────────────


def suggested(client: RoleClient, words: str) -> list[dict[str, Any]]:
    return list(json.loads(client.get("/search/suggest", {"q": words}).content))


def test_search_finds_every_kind_with_its_page_and_place(client_as: Any, town: Town) -> None:
    client = client_as("office")
    found = {(hit["kind"], hit["title"], hit["url"]) for hit in suggested(client, "01")}
    assert found == {
        ("roads", "第01街", f"/roads/{town.own.road.pk}/"),
        ("branches", "01 第01支部", "/branches/01/"),
        ("sites", "摊点01", "/sites/TD-01/"),
        ("schools", "小学01", f"/schools/{town.own.school.pk}/"),
        ("drop-off-points", "JS-01", "/drop-off-points/JS-01/"),
        ("members", "书记01", "/branches/01/"),
        ("members", "李01", "/branches/01/"),
    }
    (bay,) = suggested(client, "bw-01")
    assert (bay["kind"], bay["url"], bay["subtitle"]) == ("bays", "/bays/BW-01/", "停车泊位 · 小型车")
    # 6 m by 2.5 m at 37.84°N: a metre is 1.1e-5 degrees of longitude and 0.9e-5 of latitude.
    west, south, east, north = bay["bbox"]
    assert 5e-5 < east - west < 9e-5
    assert 2e-5 < north - south < 4e-5
    assert west < bay["lon"] < east


def test_search_puts_whole_names_and_beginnings_first(client_as: Any) -> None:
    for name in ("小迎泽街", "迎泽大街", "迎泽"):
        RoadFactory(name=name)
    assert [hit["title"] for hit in suggested(client_as("office"), "迎泽")] == [
        "迎泽",
        "迎泽大街",
        "小迎泽街",
    ]


def test_search_suggests_at_most_ten_and_of_every_kind(client_as: Any) -> None:
    RoadFactory.create_batch(14)
    SchoolFactory(name="第一大街小学")
    hits = suggested(client_as("office"), "大街")
    assert len(hits) == 10
    assert "第一大街小学" in [hit["title"] for hit in hits]


@pytest.mark.parametrize("words", ["", "   ", "%", "_", "x" * 500, "'"])
def test_search_survives_any_words(client_as: Any, town: Town, words: str) -> None:
    assert suggested(client_as("office"), words) == []


def test_search_never_finds_by_phone(client_as: Any, town: Town) -> None:
    client = client_as("administrator")
    for phone in town.phones:
        assert suggested(client, phone) == []
        assert suggested(client, phone[:7]) == []


def test_search_of_a_member_stays_on_their_own_stretches(client_as: Any, town: Town) -> None:
    client = client_as("member", member=town.own.member)
    assert suggested(client, "02") == []
    assert {hit["title"] for hit in suggested(client, "01")} == {
        "第01街", "01 第01支部", "摊点01", "小学01", "JS-01", "李01",
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_search_takes_two_queries(client_as: Any, count: int) -> None:
    MemberFactory.create_batch(count, name="张三")
    client = client_as("office")
    with CaptureQueriesContext(connection) as captured:
        assert len(suggested(client, "张")) == count
    assert len(captured) == 2  # session with account, one union of all kinds


def test_search_page_groups_by_kind_and_answers_json_on_request(client_as: Any, town: Town) -> None:
    client = client_as("office")
    assert "道路 第01街" in text(client.get("/search/?q=第01街"))
    assert "没有找到“不存在的地方”" in text(client.get("/search/?q=不存在的地方"))
    answer = client.get("/search/?q=第01街", headers={"Accept": "application/json"})
    assert [hit["title"] for hit in json.loads(answer.content)] == ["第01街"]


# ── Pieces ────────────────────────────────────────────────────────────────────────────────────────────────


def test_season_and_hours_over_midnight_read_as_they_are(client_as: Any) -> None:
    SiteFactory(market=True, season=period("2026-06-01", "2026-09-16"), opens=time(18), closes=time(1, 30))
    (row,) = rows(client_as("office").get("/sites/"))
    assert "6月1日 至 9月15日" in row
    assert "18:00–01:30" in row


def test_overlapping_area_of_two_sites_needs_no_special_page(client_as: Any) -> None:
    SiteFactory.create_batch(2, area=rect(300, -16, 16, 4))
    assert len(rows(client_as("office").get("/sites/"))) == 2


@pytest.mark.django_db
def test_a_market_out_of_season_rests_in_the_list_and_on_its_page(town: Town, client_as: Any) -> None:
    """Its season runs to 30 November: from the next day on it is no open site, and the filter finds it at rest."""
    market = SiteFactory(market=True, road=town.own.road, at_m=600)
    client = client_as("office")

    def said(day: str) -> list[str]:
        return next(row for row in rows(client.get(f"/sites/?date={day}")) if market.code in row)

    def found(status: str, day: str) -> bool:
        page = client.get(f"/sites/?status={status}&date={day}")
        return any(market.code in row for row in rows(page))

    assert "开放" in said("2026-11-30")
    assert "休季" not in said("2026-11-30")
    assert "休季" in said("2026-12-01")
    assert found("open", "2026-11-30")
    assert not found("open", "2026-12-01")
    assert found("resting", "2026-12-01")
    assert "状态 休季" in text(client.get(f"/sites/{market.code}/?date=2026-12-01"))
    assert "状态 开放" in text(client.get(f"/sites/{market.code}/?date=2026-11-30"))


def test_a_kept_link_by_state_goes_on_asking_for_the_same(client_as: Any, town: Town) -> None:
    answer = client_as("office").get("/sites/?state=open&sort=name")
    assert (answer.status_code, answer["Location"]) == (302, "/sites/?sort=name&status=open")
