"""The branch page: figures, people, places, and what a member gets to see of it."""

from collections.abc import Callable

import pytest

from tests.conftest import RoleClient, Town
from tests.desk.reading import words
from tests.drawing import line, stretch
from tests.factories import (
    AssignmentFactory,
    BayFactory,
    BranchFactory,
    DropOffPointFactory,
    MemberFactory,
    RoadFactory,
    SchoolFactory,
    ShareFactory,
    SiteFactory,
)

ClientAs = Callable[..., RoleClient]
CountQueries = Callable[[int], object]


def test_figures_are_those_of_the_day(town: Town, client_as: ClientAs) -> None:
    # 1,000 m of one road; site with 2 pitches, 1 held; 1 drop-off point; bays of three kinds.
    BayFactory(road=town.own.road, at_m=200)
    BayFactory(road=town.own.road, at_m=220, kind="charging")
    BayFactory(road=town.own.road, at_m=240, state="removed")
    page = words(client_as("office").get("/branches/01/"))
    for figure in (
        "责任路段 1.0 km 1 条路 · 1 段",
        "摊点 1 空位 1/2",
        "接送点 1",
        "泊位 3 小型车 2 · 充电 1",
    ):
        assert figure in page, figure
    assert "✓ 路段全部分给党员" in page
    assert "第01街 3" in page


def test_the_secretary_stands_first_and_those_who_left_are_gone(town: Town, client_as: ClientAs) -> None:
    MemberFactory(branch=town.own.branch, name="已离岗", left_on="2026-01-01")
    page = words(client_as("office").get("/branches/01/"))
    people = page[page.index("成立于") :]
    assert people.index("书记01") < people.index("李01", people.index("支部书记"))
    assert "已离岗" not in page


@pytest.mark.parametrize(
    ("role", "own_branch", "sees"),
    [
        ("secretary", True, True),
        ("secretary", False, False),
        ("planner", False, False),
        ("office", False, True),
    ],
)
def test_phones_only_for_those_who_need_them(
    town: Town, client_as: ClientAs, role: str, own_branch: bool, sees: bool
) -> None:
    grid = town.own if own_branch else town.other
    client = client_as("secretary", branch=grid.branch) if role == "secretary" else client_as(role)
    page = client.get("/branches/01/").content.decode()
    assert ("13955500102" in page) == sees
    assert "13955500103" not in page  # a vendor's phone is nobody's business here


def test_member_gets_their_own_branch_reduced_to_themselves(town: Town, client_as: ClientAs) -> None:
    colleague = MemberFactory(branch=town.own.branch, name="同事甲")
    share = town.own.section.shares.get()
    share.stretch = stretch(0, 400)
    share.save()
    ShareFactory(assignment=town.own.section, member=colleague, stretch=stretch(400, 1000))
    page = words(client_as("member", member=town.own.member).get("/branches/01/"))
    assert "第01支部" in page
    assert "我的责任段 400 m" in page
    assert "李01" in page
    for other in ("书记01", "同事甲", "JS-01", "第02", "修改记录", *town.phones):
        assert other not in page, other


def test_another_branch_is_not_there_for_a_member(town: Town, client_as: ClientAs) -> None:
    assert client_as("member", member=town.own.member).get("/branches/02/").status_code == 404


def test_unknown_code_is_not_there(town: Town, client_as: ClientAs) -> None:
    assert client_as("office").get("/branches/99/").status_code == 404


@pytest.mark.parametrize("n", [1, 3])
def test_any_number_of_sections_takes_the_same_queries(
    client_as: ClientAs, django_assert_num_queries: CountQueries, n: int
) -> None:
    branch = BranchFactory(code="07")
    for index in range(n):
        road = RoadFactory(reference_line=line((0, 100 * index), (1000, 100 * index)))
        ShareFactory(assignment=AssignmentFactory(branch=branch, road=road))
        SiteFactory(road=road, pitches=2)
        DropOffPointFactory(road=road, school=SchoolFactory())
        BayFactory.row(road, 3)
    client = client_as("office")
    with django_assert_num_queries(20):  # type: ignore[attr-defined]
        page = words(client.get("/branches/07/"))
    assert f"责任路段 {n}.0 km {n} 条路" in page
