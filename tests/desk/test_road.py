"""The road page with its strip map, and the report of metres nobody answers for."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from gridmgr.desk.outlook import degrees
from gridmgr.desk.standing import Standing
from gridmgr.desk.strip import LABEL_GAP_PX, PAD_PERCENT, Scale, draw_strip, text_px, unassigned
from grids.models import Crossing, Road, RoadGap
from tests.conftest import RoleClient, Town
from tests.desk.reading import words
from tests.drawing import at, line, period, stretch
from tests.factories import (
    AssignmentFactory,
    BayFactory,
    BranchFactory,
    DropOffPointFactory,
    RoadFactory,
    SchoolFactory,
    ShareFactory,
    SiteFactory,
)

ClientAs = Callable[..., RoleClient]
CountQueries = Callable[[int], object]
NOTHING = Standing([], [], [], [])


def drawn(road: Road, **parts: Any) -> Any:
    return draw_strip(
        road, **{"crossings": [], "gaps": [], "sections": [], "standing": NOTHING, "know_all": True, **parts}
    )


def number(percent: str) -> float:
    return float(percent.removesuffix("%"))


# ── The strip ─────────────────────────────────────────────────────────────────────────────────────────────


def test_metres_become_percent_of_the_drawing() -> None:
    # 1.5 % is left free on either side: metre 250 of 1,000 lies at 1.5 + 97 / 4.
    scale = Scale(1000)
    assert scale.x(0) == "1.500%"
    assert scale.x(250) == "25.750%"
    assert scale.x(1000) == "98.500%"
    assert scale.span(250, 750) == ("25.750%", "48.500%")


def test_what_is_small_stays_visible_in_its_place() -> None:
    scale = Scale(10_000)  # 2,600 px: 9 px are 0.346 %
    x, width = scale.span(5000, 5006)
    assert number(width) == pytest.approx(9 / 2600 * 100, abs=0.001)
    assert number(x) + number(width) / 2 == pytest.approx(50, abs=0.05)


@pytest.mark.parametrize(
    ("metres", "least_px"), [(300, 640), (2560, 640), (2561, 960), (12_000, 3200), (40_000, 3200)]
)
def test_a_longer_road_needs_a_wider_drawing(metres: float, least_px: int) -> None:
    assert Scale(metres).least_px == least_px


def test_crossing_names_never_lie_over_each_other(db: None) -> None:
    road = RoadFactory()
    others = [RoadFactory(name=f"很长名字的第{index}号交叉道路", road_class="local") for index in range(30)]
    crossings = [Crossing(road=road, other=other, at_m=15.0 * index) for index, other in enumerate(others)]
    strip = drawn(road, crossings=crossings)
    assert len(strip.ticks) == 30
    rows: dict[int, list[tuple[float, float]]] = {}
    for tick in strip.ticks:
        if tick.row is not None:
            centre, wide = number(tick.x) / 100 * strip.least_px, text_px(tick.name)
            start = {"start": centre, "middle": centre - wide / 2, "end": centre - wide}[tick.anchor]
            rows.setdefault(tick.row, []).append((start, start + wide))
    assert sum(len(row) for row in rows.values()) >= 6
    for row in rows.values():
        row.sort()
        assert row[0][0] >= 0
        assert row[-1][1] <= strip.least_px
        assert all(right[0] - left[1] >= LABEL_GAP_PX for left, right in pairwise(row))


def test_the_higher_road_gets_the_name_where_there_is_room_for_one(db: None) -> None:
    road = RoadFactory()
    lanes = [RoadFactory(name=f"小巷{index}", road_class="local") for index in range(9)]
    main = RoadFactory(name="五一路", road_class="arterial")
    crossings = [Crossing(road=road, other=lane, at_m=500.0) for lane in lanes]
    strip = drawn(road, crossings=[*crossings, Crossing(road=road, other=main, at_m=500.0)])
    assert next(tick for tick in strip.ticks if tick.name == "五一路").row == 0


def test_unassigned_is_what_neither_section_nor_break_covers(db: None) -> None:
    # 0 ─ section ─ 300 ─ nobody ─ 500 ─ break ─ 600 ─ nobody ─ 1000
    section = AssignmentFactory(stretch=stretch(0, 300))
    assert unassigned(section.road, [(500.0, 600.0)], [section]) == [(300.0, 500.0), (600.0, 1000.0)]


def test_nobody_has_to_answer_for_a_local_road(db: None) -> None:
    assert unassigned(RoadFactory(road_class="local"), [], []) == []


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


def test_road_page_shows_who_answers_what_stands_and_what_is_missing(town: Town, client_as: ClientAs) -> None:
    town.own.section.shares.all().delete()
    town.own.section.stretch = stretch(0, 600)
    town.own.section.save()
    RoadGap.objects.create(road=town.own.road, stretch=stretch(900, 1000))
    page = words(client_as("office").get(f"/roads/{town.own.road.pk}/"))
    assert "西端至600 m 处 0–600 m 01 第01支部 ! 尚未分给党员" in page
    assert "1 段无支部负责: 600–900 m" in page
    assert "1 处,共 100 m: 900–1,000 m" in page
    assert "摊点01 300–316 m 右侧" in page
    assert "泊位 左侧 0 · 右侧 1" in page
    assert "15 m (实测)" in page


def test_each_bar_of_the_strip_links_to_its_page_and_says_what_it_is(town: Town, client_as: ClientAs) -> None:
    page = client_as("office").get(f"/roads/{town.own.road.pk}/").content.decode()
    strip = page[page.index('class="strip-scroll"') : page.index("strip-legend")]
    titles = dict(re.findall(r'<a href="([^"]+)"><title>([^<]*)</title>', strip))
    grid = town.own
    assert "01 第01支部 0–1,000 m" in strip
    assert set(titles) == {
        thing.get_absolute_url() for thing in (grid.section, grid.site, grid.drop_off, grid.lane)
    }
    assert titles[grid.site.get_absolute_url()] == "摊点01 300–316 m"


def test_past_and_future_sections_are_told_apart(town: Town, client_as: ClientAs) -> None:
    before = BranchFactory(code="08", name="从前支部")
    AssignmentFactory(branch=before, road=town.own.road, period=period("2010-01-01", "2020-01-01"))
    page = words(client_as("office").get(f"/roads/{town.own.road.pk}/"))
    assert "以前和以后由谁负责 08 从前支部 西端至东端 0–1,000 m 2010年1月1日 至 2019年12月31日" in page
    back_then = words(client_as("office").get(f"/roads/{town.own.road.pk}/?date=2015-06-01"))
    assert "以前和以后由谁负责 01 第01支部" in back_then
    assert "未开始" in back_then


def test_member_sees_on_the_road_only_what_is_theirs(town: Town, client_as: ClientAs) -> None:
    share = town.own.section.shares.get()
    share.stretch = stretch(0, 400)
    share.save()
    AssignmentFactory(branch=town.other.branch, road=town.own.road, period=period("2010-01-01", "2020-01-01"))
    page = words(client_as("member", member=town.own.member).get(f"/roads/{town.own.road.pk}/"))
    assert "第01支部" in page
    assert "摊点01" in page
    for hidden in ("JS-01", "第02支部", "无支部负责", "修改记录", "以前和以后"):
        assert hidden not in page, hidden


def test_another_s_road_is_not_there_for_a_member(town: Town, client_as: ClientAs) -> None:
    assert client_as("member", member=town.own.member).get(f"/roads/{town.other.road.pk}/").status_code == 404


@pytest.mark.parametrize("n", [1, 3])
def test_any_number_of_sections_takes_the_same_queries(
    client_as: ClientAs, django_assert_num_queries: CountQueries, n: int
) -> None:
    road = RoadFactory()
    for index in range(n):
        low = 300 * index
        ShareFactory(assignment=AssignmentFactory(road=road, stretch=stretch(low, low + 300)))
        SiteFactory(road=road, at_m=low + 20, pitches=2)
        DropOffPointFactory(road=road, at_m=low + 60, school=SchoolFactory())
        BayFactory.row(road, 3, from_m=low + 100)
        Crossing.objects.create(road=road, other=RoadFactory(), at_m=low)
        AssignmentFactory(
            road=road, stretch=stretch(low, low + 300), period=period("2010-01-01", "2011-01-01")
        )
    client = client_as("office")
    with django_assert_num_queries(16):  # type: ignore[attr-defined]
        page = words(client.get(f"/roads/{road.pk}/"))
    assert f"右侧 {3 * n}" in page


# ── Gaps ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_gaps_lists_holes_before_whole_roads_with_totals(town: Town, client_as: ClientAs) -> None:
    # 第01街: 0–600 answered for, 600–1000 a hole; 第02街: whole; 第03街: nobody at all; 小巷: local, not asked for.
    town.own.section.shares.all().delete()
    town.own.section.stretch = stretch(0, 600)
    town.own.section.save()
    RoadFactory(name="第03街", road_class="secondary", reference_line=line((0, 400), (500, 400)))
    RoadFactory(name="小巷", road_class="local")
    page = words(client_as("office").get("/roads/gaps/"))
    for figure in (
        "主次干路总长 2.5 km",
        "已有支部负责 1.6 km",
        "已分道路上的空段 400 m 1 段",
        "整条未分的道路 500 m 1 条",
    ):
        assert figure in page, figure
    assert page.index("第01街 600 m 处至东端 600–1,000 m 400 m") < page.index("第03街 西端至东端")
    assert "小巷" not in page
    assert "第02街" not in page


def test_gaps_link_to_the_middle_of_the_stretch_on_the_map(town: Town, client_as: ClientAs) -> None:
    town.own.section.shares.all().delete()
    town.own.section.delete()
    page = client_as("office").get("/roads/gaps/?date=2026-11-22").content.decode()
    found = re.search(r"/map/\?loc=([\d.]+),([\d.]+),(\d+)&amp;date=2026-11-22", page)
    assert found
    lon, lat = degrees(*at(500, 0))
    assert float(found[1]) == pytest.approx(lat, abs=1e-5)
    assert float(found[2]) == pytest.approx(lon, abs=1e-5)


def test_gaps_are_those_of_the_day(town: Town, client_as: ClientAs) -> None:
    client = client_as("office")
    assert "没有空段" in words(client.get("/roads/gaps/"))
    assert "整条未分的道路 2.0 km 2 条" in words(client.get("/roads/gaps/?date=2019-12-31"))


def test_long_reports_have_pages(db: None, client_as: ClientAs) -> None:
    for index in range(61):
        RoadFactory(name=f"未分{index:02d}街")
    client = client_as("office")
    assert "共 61 条,这里是第 1–60 条" in words(client.get("/roads/gaps/"))
    last = words(client.get("/roads/gaps/?page=2"))
    assert "未分60街" in last
    assert "未分59街" not in last


def test_only_an_administrator_is_offered_to_give_a_gap_out(town: Town, client_as: ClientAs) -> None:
    town.own.section.shares.all().delete()
    town.own.section.delete()
    link = f"/sections/add/?road={town.own.road.pk}&amp;from=0.00&amp;to=1000.00"
    assert link in client_as("administrator").get("/roads/gaps/").content.decode()
    assert link not in client_as("office").get("/roads/gaps/").content.decode()


def test_gaps_are_no_page_for_a_member(town: Town, client_as: ClientAs) -> None:
    assert client_as("member", member=town.own.member).get("/roads/gaps/").status_code == 404


def test_pad_leaves_room_on_both_sides() -> None:
    assert Scale(500).share(500) + PAD_PERCENT == 100
