"""Where am I: road, metre, side and who answers there.

0   李芳    500    王强     1000          y
├────────────┼───────────────┤  第01街    0     branch 01
                · (600, 8): left, since north is left of a road due east
                · (600, -8): right
"""

from collections.abc import Callable
from typing import Any

import pytest

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from tests.conftest import Grid, RoleClient, Town
from tests.drawing import at, line, period, stretch
from tests.factories import MemberFactory, RoadFactory, ShareFactory

ClientAs = Callable[..., RoleClient]


def asked(client: RoleClient, x: float, y: float, **query: str) -> dict[str, Any]:
    lon, lat = transformer(metric_srid(), WGS84).transform(*at(x, y))
    answer: dict[str, Any] = client.get("/my/where", {"lon": lon, "lat": lat, **query}).json()
    return answer


@pytest.fixture
def grid(town: Town) -> Grid:
    """The first member has the first half, another the second."""
    share = town.own.section.shares.get()
    share.stretch = stretch(0, 500)
    share.save()
    second = MemberFactory(branch=town.own.branch, name="王强", phone="13955501009")
    ShareFactory(assignment=town.own.section, member=second, stretch=stretch(500, 1000))
    return town.own


def test_secretary_reads_road_metre_side_and_who_answers(grid: Grid, client_as: ClientAs) -> None:
    here = asked(client_as("secretary", branch=grid.branch), 600, -8)
    assert here["state"] == "on_road"
    assert here["text"] == "第01街东端以西约 400 米,南侧"  # 600 m on a road of 1,000 m without crossings
    assert here["metre"] == 600.0
    assert here["distance_m"] == 8.0
    assert here["section"]["code"] == "01"
    assert here["section"]["url"] == grid.section.get_absolute_url()
    assert here["members"] == [{"name": "王强", "phone": "13955501009"}]
    assert here["answer"] == ""


def test_a_planner_reads_metres(grid: Grid, client_as: ClientAs) -> None:
    assert asked(client_as("planner"), 600, -8)["text"] == "第01街 600 m 右侧"


def test_far_from_the_kerb_it_is_said_how_far(grid: Grid, client_as: ClientAs) -> None:
    # 79 m from the line of a road 15 m wide: 71.5 m from its edge.
    assert asked(client_as("office"), 600, -79)["text"] == "第01街东端以西约 400 米,南侧(离路边约 70 m)"


def test_left_is_north_of_a_road_due_east(grid: Grid, client_as: ClientAs) -> None:
    client = client_as("secretary", branch=grid.branch)
    assert asked(client, 600, 8)["side"] == "left"
    assert asked(client, 600, -8)["side"] == "right"
    assert asked(client, 600, 0)["side"] is None


@pytest.mark.parametrize(("x", "metre"), [(-20, 0.0), (1020, 1000.0)])
def test_beyond_an_end_counts_as_the_end(grid: Grid, client_as: ClientAs, x: float, metre: float) -> None:
    here = asked(client_as("secretary", branch=grid.branch), x, 0)
    assert here["metre"] == metre
    assert here["section"]["code"] == "01"
    assert len(here["members"]) == 1


def test_eighty_metres_from_the_road_is_still_on_it_and_one_more_is_not(
    grid: Grid, client_as: ClientAs
) -> None:
    client = client_as("secretary", branch=grid.branch)
    assert asked(client, 600, -79)["state"] == "on_road"
    away = asked(client, 600, -81)
    assert away["state"] == "off_road"
    assert away["text"] == "附近 80 m 内没有道路;最近的是第01街,相距 81 m"


def test_the_kerb_of_a_wide_avenue_belongs_to_it(grid: Grid, client_as: ClientAs) -> None:
    # 40 m north of the first road's axis runs a lane 4 m wide; 22 m north one stands 18 m from the lane's axis and 22 m
    # from the avenue's, which is 60 m wide: still on the avenue.
    grid.road.width_m = 60
    grid.road.save()
    RoadFactory(name="小巷", width_m=4, reference_line=line((0, 40), (1000, 40)))
    assert asked(client_as("secretary", branch=grid.branch), 600, 22)["road"]["name"] == "第01街"


def test_outside_the_city_is_said_so(grid: Grid, client_as: ClientAs) -> None:
    client = client_as("secretary", branch=grid.branch)
    assert asked(client, 600, -6000)["state"] == "outside"
    assert client.get("/my/where?lon=2.3&lat=48.9").json() == {
        "state": "outside",
        "text": "您不在本市道路范围内",
    }


def test_a_metre_nobody_answers_for_is_said_so(grid: Grid, client_as: ClientAs) -> None:
    client = client_as("office")
    grid.section.shares.all().delete()
    assert asked(client, 600, 5)["answer"] == "这一段尚未分给党员"
    grid.section.delete()
    assert asked(client, 600, 5)["answer"] == "这一段没有支部负责"


def test_member_hears_only_of_their_own_stretch(grid: Grid, client_as: ClientAs) -> None:
    client = client_as("member", member=grid.member)
    own, colleague_s = asked(client, 200, 5), asked(client, 600, 5)
    assert own["members"] == [{"name": "李01", "phone": ""}]
    assert colleague_s["members"] == []
    assert colleague_s["answer"] == "不在您的责任段内"
    assert "王强" not in str(colleague_s)


def test_member_does_not_hear_of_another_branch_s_road(town: Town, client_as: ClientAs) -> None:
    there = asked(client_as("member", member=town.own.member), 600, 200)
    assert there["state"] == "off_road"
    assert "02" not in str(there)


@pytest.mark.parametrize("role", ["planner", "office", "administrator"])
def test_phone_is_told_only_to_those_who_need_it(grid: Grid, client_as: ClientAs, role: str) -> None:
    told = asked(client_as(role), 600, 5)["members"][0]["phone"]
    assert bool(told) == (role != "planner")


def test_another_day_has_another_answer(grid: Grid, client_as: ClientAs) -> None:
    grid.section.shares.all().delete()
    grid.section.period = period("2020-01-01", "2026-06-01")
    grid.section.save()
    client = client_as("office")
    assert asked(client, 600, 5, date="2026-05-31")["section"]["code"] == "01"
    assert asked(client, 600, 5, date="2026-06-01")["section"] is None


@pytest.mark.parametrize(
    "query", ["", "lon=x&lat=1", "lon=nan&lat=1", "lon=112&lat=inf", "lon=181&lat=1", "lon=112.5"]
)
def test_bad_coordinates_are_refused_by_name(town: Town, client_as: ClientAs, query: str) -> None:
    response = client_as("office").get(f"/my/where?{query}")
    assert response.status_code == 400
    assert "经纬度" in response.json()["error"]


@pytest.mark.parametrize("day", ["2026-13-01", "9999-12-31", "0001-01-01"])
def test_bad_date_is_refused(day: str, town: Town, client_as: ClientAs) -> None:
    response = client_as("office").get(f"/my/where?lon=112&lat=37&date={day}")
    assert response.status_code == 400
    assert day in response.json()["error"]


def test_a_coarse_position_lists_every_stretch_that_it_may_mean(grid: Grid, client_as: ClientAs) -> None:
    """At (600, -8) within 800 m lies all of the secretary's only section, with both members."""
    here = asked(client_as("secretary", branch=grid.branch), 600, -8, accuracy="800")
    assert here["state"] == "around"
    assert here["text"] == "定位误差 ±800 m,范围内有 1 段"
    (only,) = here["stretches"]
    assert only["url"] == grid.section.get_absolute_url()
    assert [each["name"] for each in only["members"]] == ["李01", "王强"]
    assert all(each["phone"] for each in only["members"])
    assert "members" not in here


def test_a_coarse_position_tells_a_member_of_her_own_stretches_alone(
    grid: Grid, client_as: ClientAs, town: Town
) -> None:
    member = grid.section.shares.get(member__name="王强").member
    here = asked(client_as("member", member=member), 600, -8, accuracy="800")
    assert [[each["name"] for each in one["members"]] for one in here["stretches"]] == [["王强"]]
    far = asked(client_as("member", member=member), 100, -8, accuracy="300")
    assert (far["text"], far["stretches"]) == ("定位误差 ±300 m,范围内没有责任路段", [])


def test_a_coarse_position_lists_all_sections_to_city_staff(client_as: ClientAs, town: Town) -> None:
    """The two streets of the town lie 200 m apart."""
    here = asked(client_as("office"), 500, 10, accuracy="250")
    assert [each["branch"] for each in here["stretches"]] == [str(town.own.branch), str(town.other.branch)]


@pytest.mark.parametrize("bad", ["-5", "1e9", "nan", "9" * 9, "８００"])
def test_an_accuracy_that_is_no_number_of_metres_is_refused(
    client_as: ClientAs, town: Town, bad: str
) -> None:
    assert "error" in asked(client_as("office"), 500, 10, accuracy=bad)
