"""What every page stands in: the door, the frame, the language, and the pages that say what went wrong."""

import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from psycopg2.extras import DateRange

from gridmgr.core import quantities
from gridmgr.core.errors import Conflict
from gridmgr.core.pipeline import DomainErrorMiddleware
from tests.conftest import Town
from tests.drawing import period, stretch
from tests.factories import BranchFactory, UserFactory

PASSWORD = "Xin-Jian-Lu-58"


def enter(client: Client, username: str, password: str, to: str = "") -> Any:
    return client.post("/login/", {"username": username, "password": password, "next": to})


# ── The door ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_login_leads_to_the_page_asked_for(client: Client) -> None:
    user = UserFactory(password=PASSWORD)
    assert enter(client, user.username, PASSWORD, "/roads/?q=a")["Location"] == "/roads/?q=a"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_login_does_not_lead_out_of_the_site(client: Client, to: str) -> None:
    user = UserFactory(password=PASSWORD)
    assert enter(client, user.username, PASSWORD, to)["Location"] == "/"


@pytest.mark.django_db
def test_wrong_password_is_said_plainly_and_does_not_tell_who_exists(client: Client) -> None:
    user = UserFactory(password=PASSWORD)
    said = [enter(client, name, "wrong").content.decode() for name in (user.username, "nobody")]
    errors = [re.findall(r'role="alert">(.*?)<', page) for page in said]
    assert errors[0] == errors[1] == ["✗ 用户名或密码不对,请核对后再试(注意大小写)。忘记密码请找管理员重设。"]


@pytest.mark.django_db
def test_too_many_wrong_passwords_lock_the_door_in_chinese(client: Client, settings: Any) -> None:
    settings.GRIDMGR_LOGIN_TRIES = 3
    user = UserFactory(password=PASSWORD)
    assert {enter(client, user.username, "wrong").status_code for _try in range(3)} == {200}
    answer = enter(client, user.username, PASSWORD)
    assert answer.status_code == 429
    assert "输错的次数太多。请 15 分钟后再试" in answer.content.decode()


@pytest.mark.django_db
def test_inactive_account_stays_outside(client: Client) -> None:
    user = UserFactory(password=PASSWORD, is_active=False)
    assert enter(client, user.username, PASSWORD).status_code == 200
    assert client.get("/map/").status_code == 302


def test_logout_takes_a_post(client_as: Any) -> None:
    client = client_as("office")
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/roads/")["Location"] == "/login/?next=/roads/"


@pytest.mark.parametrize(
    ("role", "start"),
    [
        ("secretary", "/my/"),
        ("member", "/my/"),
        ("planner", "/map/"),
        ("office", "/map/"),
        ("administrator", "/map/"),
    ],
)
def test_each_role_starts_where_its_work_is(client_as: Any, role: str, start: str) -> None:
    assert client_as(role).get("/")["Location"] == start


# ── The frame ─────────────────────────────────────────────────────────────────────────────────────────────


def test_page_names_its_reader_and_marks_where_one_is(client_as: Any, town: Town) -> None:
    page = client_as("secretary", branch=town.own.branch).get("/pitches/").content.decode()
    assert "书记01<small>支部书记</small>" in page
    assert '<a href="/sites/" aria-current="page">摊点</a>' in page
    assert "我的道路" in page
    assert "我的道路" not in client_as("planner").get("/pitches/").content.decode()


def test_page_says_where_the_map_comes_from_and_whether_it_is_a_demo(client_as: Any) -> None:
    client = client_as("office")
    assert "演示数据" not in client.get("/roads/").content.decode()
    BranchFactory(is_demo=True)
    # Asked at most once a minute; a new process, or the next minute, sees it.
    from django.core.cache import cache

    cache.clear()
    page = client.get("/roads/").content.decode()
    assert "© OpenStreetMap contributors · ODbL" in page
    assert "支部、党员、摊点、泊位为模拟" in page


def test_page_forbids_everything_from_elsewhere(client_as: Any) -> None:
    page = client_as("office").get("/map/")
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page.content.decode())
    assert not re.findall(r'\sstyle="', page.content.decode())


def test_language_is_chinese_until_somebody_chooses(client_as: Any) -> None:
    client = client_as("office")
    page = client.get("/roads/", headers={"Accept-Language": "en-US,en;q=0.9"}).content.decode()
    assert '<html lang="zh-hans">' in page
    assert client.post("/i18n/setlang/", {"language": "en", "next": "/roads/"})["Location"] == "/roads/"
    assert '<html lang="en">' in client.get("/roads/").content.decode()
    assert client.post("/i18n/setlang/", {"language": "en", "next": "//evil.example/"})["Location"] == "/"


# ── Pages that say what went wrong ────────────────────────────────────────────────────────────────────────


def test_page_that_is_not_there_says_the_way_out(client_as: Any) -> None:
    for address in ("/nowhere/", "/bays/no-such-number/", "/branches/99/", "/roads/123456/"):
        answer = client_as("office").get(address)
        assert answer.status_code == 404
        page = answer.content.decode()
        assert "没有这个页面" in page
        assert 'href="/"' in page


def test_forged_form_is_refused_in_words(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_page_for_faults_stands_on_its_own() -> None:
    page = render_to_string("500.html")
    assert "已记入日志" in page
    assert "Something went wrong" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (Conflict("第01街 250–400 m 已由 01 支部包干"), 409, "第01街 250–400 m"),
        (PermissionDenied(), 403, "联系管理员"),
        (IntegrityError("x"), 409, "什么都没有保存"),
        (OperationalError("x"), 503, "稍后再试"),
    ],
)
def test_refusals_are_pages_for_people_and_json_for_programs(
    client_as: Any, error: Exception, status: int, said: str
) -> None:
    middleware = DomainErrorMiddleware(lambda request: None)  # type: ignore[arg-type, return-value]
    request = RequestFactory().get("/roads/")
    request.user = client_as("office").user
    page = middleware.process_exception(request, error)
    assert page is not None
    assert page.status_code == status
    assert said in page.content.decode()
    request = RequestFactory().get("/roads/", headers={"Accept": "application/json"})
    answer = middleware.process_exception(request, error)
    assert answer is not None
    assert answer["Content-Type"] == "application/json"
    assert said in answer.content.decode()


# ── Quantities ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (quantities.metres(1149.6), "1,150 m"),
        (quantities.metres(None), "—"),
        (quantities.length(0), "0 m"),
        (quantities.length(320.4), "320 m"),
        (quantities.length(999.4), "999 m"),
        (quantities.length(999.6), "1.0 km"),
        (quantities.length(1240), "1.2 km"),
        (quantities.length(12345), "12.3 km"),
        (quantities.width(7.0), "7 m"),
        (quantities.width(3.25), "3.2 m"),
        (quantities.percent(0.984), "98%"),
        (quantities.clock(time(7, 5)), "07:05"),
        (quantities.hours(time(18), time(1, 30)), "18:00–01:30"),
        (quantities.hours(None, None), "全天"),
        (quantities.stretch(stretch(300, 1150)), "300–1,150 m"),
        (quantities.day(None), "—"),
        (quantities.period(None), "—"),
        (quantities.period(DateRange(empty=True)), "—"),
        (quantities.days(None, date(2020, 1, 1)), "至 2019年12月31日"),
    ],
)
def test_quantities_read_as_people_say_them(said: str, expected: str) -> None:
    assert said == expected


def test_days_carry_their_year_only_when_it_is_another(at: Any) -> None:
    at("2026-11-22 12:00")
    assert quantities.day(date(2026, 11, 22)) == "11月22日"
    assert quantities.day(date(2025, 1, 3)) == "2025年1月3日"
    # 23:30 UTC on the 21st is 07:30 on the 22nd in Shanghai.
    assert quantities.moment(datetime(2026, 11, 21, 23, 30, tzinfo=ZoneInfo("UTC"))) == "11月22日 07:30"
    assert quantities.period(period("2026-06-01", "2026-09-16")) == "6月1日 至 9月15日"
    assert quantities.period(period("2026-06-01")) == "6月1日 起"
