"""The section page and its forms: who may change what, words at the field, and the step back."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from grids.models import Assignment, Crossing, MemberAssignment
from tests.conftest import RoleClient, Town
from tests.desk.reading import stop_clock, words
from tests.drawing import period, stretch
from tests.factories import AssignmentFactory, BranchFactory, MemberFactory, RoadFactory, ShareFactory
from tests.screen import as_on_screen

ClientAs = Callable[..., RoleClient]
CountQueries = Callable[[int], object]
TODAY = "2026-11-23 09:00"


@pytest.fixture(autouse=True)
def monday_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch, TODAY)


@pytest.fixture
def secretary(town: Town, client_as: ClientAs) -> RoleClient:
    return client_as("secretary", branch=town.own.branch)


@pytest.fixture
def admin(client_as: ClientAs) -> RoleClient:
    return client_as("administrator")


def at_field(response: Any, name: str, form: str) -> str:
    """The words of refusal at one field of the page's form."""
    return " ".join(response.context[form].errors.get(name, []))


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


def test_page_says_who_where_when_and_what(town: Town, secretary: RoleClient) -> None:
    Crossing.objects.create(road=town.own.road, other=RoadFactory(name="新建路"), at_m=0)
    page = words(secretary.get(town.own.section.get_absolute_url()))
    for fact in (
        "第01街:新建路至东端",
        "01 第01支部",
        "0–1,000 m (1.0 km)",
        "2020年1月1日 起",
        "13955500102",
        "摊点01",
        "JS-01",
    ):
        assert fact in page, fact


def test_past_and_future_sections_have_pages(town: Town, client_as: ClientAs) -> None:
    past = AssignmentFactory(
        branch=town.own.branch, road=town.own.road, period=period("2010-01-01", "2019-01-01")
    )
    future = AssignmentFactory(branch=town.own.branch, period=period("2027-01-01"))
    client = client_as("office")
    assert "已终止" in words(client.get(past.get_absolute_url()))
    assert "未开始" in words(client.get(future.get_absolute_url()))


def test_member_sees_their_own_section_with_only_their_share(town: Town, client_as: ClientAs) -> None:
    share = town.own.section.shares.get()
    share.stretch = stretch(0, 400)
    share.save()
    colleague = MemberFactory(branch=town.own.branch, name="同事甲")
    ShareFactory(assignment=town.own.section, member=colleague, stretch=stretch(400, 1000))
    client = client_as("member", member=town.own.member)
    page = words(client.get(town.own.section.get_absolute_url()))
    assert "李01" in page
    for hidden in ("同事甲", "JS-01", "第02支部", "修改记录", "分给党员", *town.phones):
        assert hidden not in page, hidden
    assert client.get(town.other.section.get_absolute_url()).status_code == 404


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "own_branch", "may_share", "may_end"),
    [
        ("administrator", False, True, True),
        ("secretary", True, True, False),
        ("secretary", False, False, False),
        ("planner", False, False, False),
        ("office", False, False, False),
    ],
)
def test_forms_are_offered_and_taken_only_from_those_who_may(
    town: Town, client_as: ClientAs, role: str, own_branch: bool, may_share: bool, may_end: bool
) -> None:
    branch = (town.own if own_branch else town.other).branch
    client = client_as("secretary", branch=branch) if role == "secretary" else client_as(role)
    url = town.own.section.get_absolute_url()
    share = town.own.section.shares.get()
    page = client.get(url).content.decode()
    assert (f'action="{url}share/"' in page) == may_share
    assert (f'action="{url}end/"' in page) == may_end
    assert client.post(f"{url}share/", {}).status_code == (200 if may_share else 403)
    assert client.post(f"{url}shares/{share.pk}/end/", {}).status_code == (200 if may_share else 403)
    assert client.post(f"{url}end/", {}).status_code == (200 if may_end else 403)
    assert client.get("/sections/add/").status_code == (200 if may_end else 403)


def test_a_member_may_change_nothing(town: Town, client_as: ClientAs) -> None:
    client, url = client_as("member", member=town.own.member), town.own.section.get_absolute_url()
    share = town.own.section.shares.get()
    for path in (f"{url}share/", f"{url}end/", f"{url}shares/{share.pk}/end/", f"{url}undo/"):
        assert client.post(path, {"on": "2026-12-01"}).status_code == 403, path
    assert client.post(f"{town.other.section.get_absolute_url()}share/", {}).status_code == 404


# ── Giving a member a stretch ─────────────────────────────────────────────────────────────────────────────


def share_data(town: Town, **changes: Any) -> dict[str, Any]:
    return {"member": town.own.member.pk, "from_m": "0", "to_m": "500", "since": "2026-11-23", **changes}


def test_share_from_crossing_to_crossing(town: Town, secretary: RoleClient) -> None:
    MemberAssignment.objects.all().delete()
    for name, at_m in (("新建路", 300), ("五一路", 700)):
        Crossing.objects.create(road=town.own.road, other=RoadFactory(name=name), at_m=at_m)
    data = share_data(town, from_at="300.00", to_at="700.00", from_m="", to_m="", until="2026-12-31")
    response = secretary.post(f"{town.own.section.get_absolute_url()}share/", data)
    assert response.status_code == 302
    share = MemberAssignment.objects.get()
    assert (share.stretch, share.period) == (stretch(300, 700), period("2026-11-23", "2027-01-01"))


def test_share_without_last_day_runs_as_long_as_the_section(town: Town, secretary: RoleClient) -> None:
    MemberAssignment.objects.all().delete()
    town.own.section.period = period("2020-01-01", "2027-06-01")
    town.own.section.save()
    secretary.post(f"{town.own.section.get_absolute_url()}share/", share_data(town))
    assert MemberAssignment.objects.get().period == period("2026-11-23", "2027-06-01")


def test_conflict_names_holder_stretch_and_dates_at_the_field(town: Town, secretary: RoleClient) -> None:
    data = share_data(town, member=town.own.secretary.pk, from_m="900", to_m="1000")
    response = secretary.post(f"{town.own.section.get_absolute_url()}share/", data)
    assert response.status_code == 200
    refusal = at_field(response, "from_m", "share_form")
    assert "第01街 900–1000 m 在 2026-11-23 起长期 已由李01负责" in refusal
    assert refusal in words(response)
    assert 'value="900"' in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"from_m": "-5"}, "from_m", "0"),
        ({"to_m": "1000.5"}, "to_m", "1000.5 m 超出范围 0–1000 m"),
        ({"from_m": "500", "to_m": "500"}, "to_m", "终点 500 m 须大于起点 500 m"),
        ({"from_m": ""}, "from_m", "请选一个路口,或填写里程"),
        ({"from_m": "nan"}, "from_m", ""),
        ({"until": "2026-11-22"}, "until", "最后一天不能早于开始日期"),
        ({"since": "2019-01-01"}, "since", "超出本支部的责任路段"),
        ({"since": "昨天"}, "since", ""),
        ({"member": "0"}, "member", ""),
        ({"from_at": "123.45"}, "from_at", ""),
    ],
)
def test_refusals_stand_at_their_fields(
    town: Town, secretary: RoleClient, changes: dict[str, str], field: str, expected: str
) -> None:
    MemberAssignment.objects.all().delete()
    response = secretary.post(f"{town.own.section.get_absolute_url()}share/", share_data(town, **changes))
    assert response.status_code == 200
    assert list(response.context["share_form"].errors) == [field]
    assert expected in at_field(response, field, "share_form")
    assert not MemberAssignment.objects.exists()


def test_members_of_other_branches_are_no_choice(town: Town, secretary: RoleClient) -> None:
    MemberAssignment.objects.all().delete()
    data = share_data(town, member=town.other.member.pk)
    response = secretary.post(f"{town.own.section.get_absolute_url()}share/", data)
    assert at_field(response, "member", "share_form")
    assert not MemberAssignment.objects.exists()


# ── Ending, and the step back ─────────────────────────────────────────────────────────────────────────────


def undo_from(client: RoleClient, redirect: Any) -> Any:
    """Follows the redirect, presses 撤销, and returns the answer."""
    assert redirect.status_code == 302
    page = client.get(redirect.headers["Location"])
    return client.post(
        redirect.headers["Location"].split("?")[0] + "undo/", {"key": page.context["undo"]["key"]}
    )


def test_ended_section_is_over_from_that_day_and_comes_back_with_undo(town: Town, admin: RoleClient) -> None:
    section = town.own.section
    response = admin.post(f"{section.get_absolute_url()}end/", {"on": "2026-12-01", **as_on_screen(section)})
    assert Assignment.objects.get(pk=section.pk).period == period("2020-01-01", "2026-12-01")
    assert section.shares.get().period == period("2020-01-01", "2026-12-01")
    assert "已终止这一责任路段" in words(admin.get(response.headers["Location"]))
    undo_from(admin, response)
    assert Assignment.objects.get(pk=section.pk).period == period()
    assert section.shares.get().period == period()


def test_undo_is_refused_in_words_when_another_has_the_stretch(town: Town, admin: RoleClient) -> None:
    section = town.own.section
    response = admin.post(f"{section.get_absolute_url()}end/", {"on": "2026-12-01", **as_on_screen(section)})
    AssignmentFactory(branch=town.other.branch, road=section.road, period=period("2026-12-01"))
    answer = undo_from(admin, response)
    assert answer.status_code == 200
    assert "无法撤销:第01街 0–1000 m 在 2026-12-01 起长期 已由 02 第02支部 包干" in words(answer)
    assert Assignment.objects.get(pk=section.pk).period.upper == date(2026, 12, 1)


def test_end_on_an_impossible_day_is_refused_at_the_field(town: Town, admin: RoleClient) -> None:
    response = admin.post(
        f"{town.own.section.get_absolute_url()}end/", {"on": "2020-01-01", **as_on_screen(town.own.section)}
    )
    assert "2020-01-01 不在期间 2020-01-01 起长期 之内" in at_field(response, "on", "end_form")
    assert Assignment.objects.get(pk=town.own.section.pk).period == period()


def test_ended_share_comes_back_with_undo(town: Town, secretary: RoleClient) -> None:
    share = town.own.section.shares.get()
    url = f"{town.own.section.get_absolute_url()}shares/{share.pk}/end/"
    response = secretary.post(url, {"on": "2026-12-01", **as_on_screen(share)})
    assert MemberAssignment.objects.get(pk=share.pk).period.upper == date(2026, 12, 1)
    undo_from(secretary, response)
    assert MemberAssignment.objects.get(pk=share.pk).period == period()


def test_given_share_goes_with_undo(town: Town, secretary: RoleClient) -> None:
    MemberAssignment.objects.all().delete()
    response = secretary.post(f"{town.own.section.get_absolute_url()}share/", share_data(town))
    assert MemberAssignment.objects.count() == 1
    undo_from(secretary, response)
    assert not MemberAssignment.objects.exists()


def test_a_step_is_undone_once_and_only_by_who_made_it(
    town: Town, admin: RoleClient, client_as: ClientAs
) -> None:
    url = town.own.section.get_absolute_url()
    response = admin.post(f"{url}end/", {"on": "2026-12-01", **as_on_screen(town.own.section)})
    key = {"key": response.headers["Location"].split("done=")[1]}
    assert "无法再撤销" in words(client_as("administrator").post(f"{url}undo/", key))
    assert admin.post(f"{url}undo/", key).status_code == 302
    assert "无法再撤销" in words(admin.post(f"{url}undo/", key))


def test_a_day_old_step_is_stale(town: Town, admin: RoleClient, monkeypatch: pytest.MonkeyPatch) -> None:
    response = admin.post(
        f"{town.own.section.get_absolute_url()}end/", {"on": "2026-12-01", **as_on_screen(town.own.section)}
    )
    stop_clock(monkeypatch, "2026-11-24 09:01")
    assert admin.get(response.headers["Location"]).context["undo"] is None


def test_reading_the_undo_address_changes_nothing(town: Town, admin: RoleClient) -> None:
    assert admin.get(f"{town.own.section.get_absolute_url()}undo/").status_code == 405


# ── Adding a section ──────────────────────────────────────────────────────────────────────────────────────


def test_adding_begins_with_the_road(town: Town, admin: RoleClient) -> None:
    assert "先选道路" in words(admin.get("/sections/add/"))
    assert "第01街" in words(admin.get("/sections/add/", {"name": "01"}))
    assert "没有名称含“长安街”的道路" in words(admin.get("/sections/add/", {"name": "长安街"}))
    exact = admin.get("/sections/add/", {"name": "第01街"})
    assert exact.context["road"] == town.own.road


def test_added_section_opens_with_undo_which_leads_back_to_the_road(town: Town, admin: RoleClient) -> None:
    road = RoadFactory(name="新街")
    data = {"branch": town.own.branch.pk, "from_m": "0", "to_m": "1000", "since": "2026-11-23", "until": ""}
    response = admin.post(f"/sections/add/?road={road.pk}", data)
    made = Assignment.objects.get(road=road)
    assert (made.branch, made.stretch, made.period) == (
        town.own.branch,
        stretch(0, 1000),
        period("2026-11-23"),
    )
    assert response.headers["Location"].startswith(made.get_absolute_url())
    assert undo_from(admin, response).headers["Location"] == road.get_absolute_url()
    assert not Assignment.objects.filter(road=road).exists()


def test_a_gap_s_metres_are_filled_in(town: Town, admin: RoleClient) -> None:
    page = admin.get(f"/sections/add/?road={town.own.road.pk}&from=300.00&to=1000.00").content.decode()
    assert 'name="from_m" value="300"' in page
    assert 'name="to_m" value="1000"' in page


def test_section_held_by_another_is_refused_with_name_stretch_and_dates(
    town: Town, admin: RoleClient
) -> None:
    branch = BranchFactory(code="09")
    data = {"branch": branch.pk, "from_m": "100", "to_m": "400", "since": "2026-11-23", "until": "2026-12-31"}
    response = admin.post(f"/sections/add/?road={town.own.road.pk}", data)
    refusal = at_field(response, "from_m", "form")
    assert "第01街 100–400 m 在 2026-11-23 至 2026-12-31 已由 01 第01支部 包干" in refusal
    assert refusal in words(response)


def test_unknown_road_is_not_there(admin: RoleClient) -> None:
    assert admin.get("/sections/add/?road=999999").status_code == 404


# ── Queries ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [1, 3])
def test_any_number_of_shares_takes_the_same_queries(
    town: Town, client_as: ClientAs, django_assert_num_queries: CountQueries, n: int
) -> None:
    MemberAssignment.objects.all().delete()
    for index in range(n):
        ShareFactory(assignment=town.own.section, stretch=stretch(100 * index, 100 * index + 100))
    client = client_as("secretary", branch=town.own.branch)
    with django_assert_num_queries(21):  # type: ignore[attr-defined]  # one of them: the versions of the shares
        page = words(client.get(town.own.section.get_absolute_url()))
    assert page.count("终止… ") == n
