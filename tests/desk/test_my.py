"""My roads: what a secretary and a member find on it, and on which day and hour.

0          新建路                      1000
├────────────┼──────────────────────────┤  第01街 (town fixture): site at 300, drop-off point at 460, bay at 100
            300
"""

from collections.abc import Callable
from datetime import time

import pytest

from grids.models import Crossing
from tests.conftest import RoleClient, Town
from tests.desk.reading import stop_clock, words
from tests.drawing import line, period, stretch
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BayFactory,
    BranchFactory,
    DropOffPointFactory,
    MemberFactory,
    RoadFactory,
    SchoolFactory,
    ShareFactory,
    SiteFactory,
    UserFactory,
    replan,
)

ClientAs = Callable[..., RoleClient]
CountQueries = Callable[[int], object]

MONDAY, SUNDAY = "2026-11-23", "2026-11-22"


def my(client: RoleClient, **query: str) -> str:
    response = client.get("/my/", query)
    assert response.status_code == 200
    return words(response)


@pytest.fixture
def secretary(town: Town, client_as: ClientAs) -> RoleClient:
    return client_as("secretary", branch=town.own.branch)


# ── The list ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_section_reads_as_road_ends_length_and_member(town: Town, secretary: RoleClient) -> None:
    Crossing.objects.create(road=town.own.road, other=RoadFactory(name="新建路"), at_m=300)
    town.own.section.shares.all().delete()
    town.own.section.stretch = stretch(300, 1000)
    town.own.section.save()
    ShareFactory(assignment=town.own.section, member=town.own.member)
    page = my(secretary)
    assert "第01街 新建路至东端 700 m 打电话给 李01 13955500102" in page.replace("  ", " ")
    assert "摊点 1(空位 1) 接送点 1" in page
    assert "“熊猫”通道 1" in page


def test_only_her_own_sections_are_listed(secretary: RoleClient) -> None:
    page = my(secretary)
    assert "第01街" in page
    assert "第02街" not in page


def test_a_stretch_without_member_is_pointed_out(town: Town, secretary: RoleClient) -> None:
    share = town.own.section.shares.get()
    share.stretch = stretch(0, 400)
    share.save()
    assert "600 m 未分给党员" in my(secretary)
    share.delete()
    assert "尚未分给党员" in my(secretary)


def test_her_members_phones_can_be_called(town: Town, secretary: RoleClient) -> None:
    assert 'href="tel:13955500102"' in secretary.get("/my/").content.decode()


def test_names_are_escaped(town: Town, secretary: RoleClient) -> None:
    evil = "<img src=x onerror=alert(1)>"
    town.own.road.name = evil
    town.own.road.save()
    town.own.member.name = evil[:40]
    town.own.member.save()
    town.own.site.name = evil
    town.own.site.save()
    town.own.branch.name = evil
    town.own.branch.save()
    for path in ("/my/", "/branches/01/", f"/roads/{town.own.road.pk}/", f"/sections/{town.own.section.pk}/"):
        page = secretary.get(path).content.decode()
        assert "<img src=x" not in page, path
        assert "&lt;img src=x" in page, path


# ── Neighbours ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_neighbour_is_whose_section_goes_on_where_hers_ends(town: Town, secretary: RoleClient) -> None:
    town.own.section.shares.all().delete()
    town.own.section.stretch = stretch(0, 600)
    town.own.section.save()
    AssignmentFactory(branch=town.other.branch, road=town.own.road, stretch=stretch(600, 1000))
    assert "东端以西约 400 米 → 02 第02支部" in my(secretary)


def test_else_the_neighbours_are_those_who_meet_at_the_crossing(town: Town, secretary: RoleClient) -> None:
    # A road due north crosses the eastern end of hers; branch 05 has it.
    across = RoadFactory(name="东门路", reference_line=line((1000, -500), (1000, 150)))
    AssignmentFactory(branch=BranchFactory(code="05", name="东门支部"), road=across, stretch=stretch(0, 600))
    assert "东端 → 05 东门支部" in my(secretary)


def test_a_section_sixty_one_metres_away_is_no_neighbour(town: Town, secretary: RoleClient) -> None:
    far = RoadFactory(name="远路", reference_line=line((1061, -500), (1061, 150)))
    AssignmentFactory(branch=BranchFactory(code="05", name="东门支部"), road=far, stretch=stretch(0, 600))
    assert "东门支部" not in my(secretary)


def test_her_own_next_section_is_no_neighbour(town: Town, secretary: RoleClient) -> None:
    town.own.section.shares.all().delete()
    town.own.section.stretch = stretch(0, 600)
    town.own.section.save()
    AssignmentFactory(branch=town.own.branch, road=town.own.road, stretch=stretch(600, 1000))
    across = RoadFactory(name="东门路", reference_line=line((600, -500), (600, 150)))
    AssignmentFactory(branch=BranchFactory(code="05", name="东门支部"), road=across, stretch=stretch(0, 600))
    assert "东门支部" not in my(secretary)


# ── Today ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (f"{MONDAY} 06:00", "1 处接送点 07:10 起"),
        (f"{MONDAY} 07:10", "1 处接送点开放中 至 08:10"),
        (f"{MONDAY} 08:10", "1 处接送点 16:20 起"),
        (f"{MONDAY} 17:40", "1 处接送点 11月24日 星期二 07:10 起"),
        (f"{SUNDAY} 07:30", "1 处接送点 11月23日 星期一 07:10 起"),
        ("2026-11-27 18:00", "1 处接送点 11月30日 星期一 07:10 起"),
    ],
)
def test_drop_off_points_now_and_next(
    secretary: RoleClient, monkeypatch: pytest.MonkeyPatch, moment: str, expected: str
) -> None:
    stop_clock(monkeypatch, moment)
    assert expected in my(secretary)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (f"{MONDAY} 06:59", "1 处摊点 07:00 起"),
        (f"{MONDAY} 07:00", "1 处摊点营业中 空位 1"),
        (f"{MONDAY} 21:00", "1 处摊点 11月24日 07:00 起"),
    ],
)
def test_sites_now_and_next(
    secretary: RoleClient, monkeypatch: pytest.MonkeyPatch, moment: str, expected: str
) -> None:
    stop_clock(monkeypatch, moment)
    assert expected in my(secretary)


def test_hours_across_midnight(town: Town, secretary: RoleClient, monkeypatch: pytest.MonkeyPatch) -> None:
    replan(town.own.site, opens=time(18, 0), closes=time(2, 0))
    stop_clock(monkeypatch, f"{MONDAY} 01:30")
    assert "1 处摊点营业中" in my(secretary)
    stop_clock(monkeypatch, f"{MONDAY} 02:00")
    assert "1 处摊点 18:00 起" in my(secretary)


def test_a_market_out_of_season_is_not_announced(
    town: Town, secretary: RoleClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    SiteFactory(
        road=town.own.road, market=True, at_m=600, season=period("2026-06-01", "2026-10-01"), name="夏令瓜市"
    )
    town.own.site.state = "suspended"
    town.own.site.save()
    stop_clock(monkeypatch, f"{MONDAY} 12:00")
    assert "2 处摊点:尚未开放或不在季节" in my(secretary)


def test_another_day_is_called_by_its_date_and_nothing_is_on_now(
    secretary: RoleClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_clock(monkeypatch, f"{MONDAY} 07:30")
    page = my(secretary, date="2026-11-25")
    assert "这一天 11月25日 星期三 · 上学日" in page
    assert "1 处接送点 07:10 起" in page
    assert "开放中" not in page
    assert "营业中" not in page


def test_the_line_is_never_empty(town: Town, client_as: ClientAs) -> None:
    bare = BranchFactory(code="07")
    AssignmentFactory(branch=bare, road=RoadFactory(name="空街", reference_line=line((0, 900), (1000, 900))))
    assert "这些路段上没有接送点,也没有摊点" in my(client_as("secretary", branch=bare))


# ── Others ────────────────────────────────────────────────────────────────────────────────────────────────


def test_member_sees_only_their_own_stretch(town: Town, client_as: ClientAs) -> None:
    share = town.own.section.shares.get()
    share.stretch = stretch(0, 400)  # the site at 300 is on it, the drop-off point at 460 is not
    share.save()
    colleague = MemberFactory(branch=town.own.branch, name="同事甲", phone="13911110000")
    ShareFactory(assignment=town.own.section, member=colleague, stretch=stretch(400, 1000))
    page = my(client_as("member", member=town.own.member))
    assert "我的责任段" in page
    assert "400 m" in page
    assert "摊点01" in page
    assert "JS-01" not in page
    assert f"书记01 {town.own.secretary.phone}" in page  # whom the member may call
    others = [phone for phone in town.phones if phone != town.own.secretary.phone]
    for other in ("同事甲", "13911110000", "第02支部", "第02街", *others):
        assert other not in page, other


def test_member_without_a_stretch_reads_what_would_be_here(client_as: ClientAs) -> None:
    assert "您还没有责任段" in my(client_as("member"))


def test_secretary_without_a_section_reads_what_would_be_here(client_as: ClientAs) -> None:
    assert "本支部还没有责任路段" in my(client_as("secretary"))


def test_account_without_a_member_reads_whom_to_ask(db: None) -> None:
    client = RoleClient()
    client.force_login(UserFactory(role="member"), backend="django.contrib.auth.backends.ModelBackend")
    assert "请联系管理员" in my(client)


@pytest.mark.parametrize("role", ["planner", "office", "administrator"])
def test_city_staff_choose_a_branch(town: Town, client_as: ClientAs, role: str) -> None:
    client = client_as(role)
    page = client.get("/my/").content.decode()
    assert 'href="/branches/01/"' in page
    assert 'href="/branches/02/"' in page
    assert client.get("/my/?branch=02").headers["Location"] == "/branches/02/"
    assert client.get("/my/?branch=99").status_code == 404


# ── Queries ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [1, 3])
def test_any_number_of_sections_takes_the_same_queries(
    client_as: ClientAs, django_assert_num_queries: CountQueries, n: int
) -> None:
    branch = BranchFactory(code="07")
    for index in range(n):
        y = 100 * index
        road = RoadFactory(reference_line=line((0, y), (1000, y)))
        ShareFactory(assignment=AssignmentFactory(branch=branch, road=road))
        AllocationFactory(pitch=SiteFactory(road=road, pitches=2).pitches.first())
        DropOffPointFactory(road=road, school=SchoolFactory())
        BayFactory.row(road, 3)
        AssignmentFactory(
            branch=BranchFactory(),
            road=RoadFactory(reference_line=line((1000, y), (1000, y + 40))),
            stretch=stretch(0, 40),
        )
    client = client_as("secretary", branch=branch)
    with django_assert_num_queries(16):  # type: ignore[attr-defined]
        page = my(client)
    assert page.count("泊位 3") == 2 * n
