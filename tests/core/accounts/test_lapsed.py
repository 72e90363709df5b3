"""A lapsed session or a lost CSRF cookie loses nothing that somebody entered, and tells scripts the truth."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from gridmgr.core.accounts.lapsed import DEVICE_COOKIE
from gridmgr.core.accounts.models import Session
from tests.conftest import Town
from tests.factories import UserFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
PASSWORD = "Lapsed-2026-pass"
FROM_HERE = {"Origin": "http://testserver", "Referer": "http://testserver/vendors/add/?from=1"}
TYPED = {"name": "王小摊", "goods": '<b>"早"</b>', "phone": "13955559999"}


@pytest.fixture
def planner(db: None) -> Any:
    return UserFactory(username="planner-l", role="planner", password=PASSWORD)


def log_in(client: Client, user: Any, **extra: str) -> Any:
    data = {"username": user.username, "password": PASSWORD, **extra}
    return client.post("/login/", data)


def send(client: Client, fields: dict[str, str], headers: dict[str, str] = FROM_HERE) -> Any:
    """The form as a browser sends it: in parts only where it holds files."""
    kind = "application/x-www-form-urlencoded"
    return client.post("/vendors/add/", urlencode(fields), content_type=kind, headers=headers)


def lapse(client: Client) -> None:
    """The session is gone from the server; the browser still has its cookie."""
    Session.objects.all().delete()


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of the login form, or of the whole piece of page given."""
    form = page.split('action="/login/"', 1)[-1]
    found = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert found, f"no {name} in the page"
    return found.group(1)


def sent_again(client: Client, user: Any, headers: dict[str, str] = FROM_HERE) -> tuple[Any, Any]:
    """A form meets the lapsed session, then the login: (the login page, what came after the login)."""
    log_in(client, user)
    lapse(client)
    met = send(client, TYPED, headers)
    page = met.content.decode()
    unsent = hidden(page, "unsent") if 'name="unsent"' in page else ""
    return met, log_in(client, user, next=hidden(page, "next"), unsent=unsent)


def test_a_form_that_meets_a_lapsed_session_is_sent_with_one_tap_after_the_login(
    client: Client, planner: Any
) -> None:
    met, after = sent_again(client, planner)
    assert met.status_code == 401
    assert "填写的内容都在" in met.content.decode()
    assert TYPED["phone"] not in met.content.decode()  # encrypted: a login page tells nobody what was typed
    assert (after.status_code, after["Location"]) == (302, "/vendors/add/?from=1")

    page = client.get(after["Location"]).content.decode()
    assert "刚才填写的还没有提交" in page
    form = page.split("data-unsent", 1)[1].split("</form>", 1)[0]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    assert fields["name"] == "王小摊"
    assert fields["goods"] == "&lt;b&gt;&quot;早&quot;&lt;/b&gt;"

    assert send(client, TYPED).status_code == 302
    assert Vendor.objects.filter(name="王小摊").count() == 1
    assert "还没有提交" not in client.get("/vendors/").content.decode()


def test_it_can_be_put_aside(client: Client, planner: Any) -> None:
    _met, after = sent_again(client, planner)
    assert "还没有提交" in client.get(after["Location"]).content.decode()
    dropped = client.post("/login/unsent/")
    assert dropped["Location"] == "/vendors/add/?from=1"
    assert "还没有提交" not in client.get("/vendors/").content.decode()


def test_another_account_on_the_same_device_is_not_offered_it(client: Client, planner: Any) -> None:
    other = UserFactory(username="other-l", role="planner", password=PASSWORD)
    log_in(client, planner)
    lapse(client)
    page = send(client, TYPED).content.decode()
    after = log_in(client, other, next="/vendors/", unsent=hidden(page, "unsent"))
    assert "还没有提交" not in client.get(after["Location"]).content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example", "Referer": "http://evil.example/"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_of_another_site_is_not_offered(client: Client, planner: Any, headers: dict[str, str]) -> None:
    met, after = sent_again(client, planner, headers)
    assert met.status_code == 401
    assert 'name="unsent"' not in met.content.decode()
    assert after["Location"] == "/"


def test_what_was_sealed_for_somebody_else_or_long_ago_is_worth_nothing(
    client: Client, planner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridmgr.core.accounts.lapsed.KEPT_S", -10)
    _met, after = sent_again(client, planner)
    assert "还没有提交" not in client.get(after["Location"]).content.decode()
    assert log_in(Client(), planner, unsent="gAAAAABnonsense").status_code == 302


def test_passwords_and_files_are_never_kept(client: Client, planner: Any) -> None:
    log_in(client, planner)
    lapse(client)
    held = send(client, {"new_password1": "x" * 12, "name": "a"})
    assert 'name="unsent"' not in held.content.decode()
    from django.core.files.uploadedfile import SimpleUploadedFile

    upload = client.post("/data/", {"file": SimpleUploadedFile("a.csv", b"1,2")}, headers=FROM_HERE)
    assert "文件需要重新选择" in upload.content.decode()
    assert 'name="unsent"' not in upload.content.decode()


def test_a_lost_csrf_cookie_is_no_dead_end(planner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(planner, backend="django.contrib.auth.backends.ModelBackend")
    met = send(client, TYPED)
    page = met.content.decode()
    assert met.status_code == 403
    assert not Vendor.objects.filter(name="王小摊").exists()
    again = TYPED | {
        "csrfmiddlewaretoken": hidden(page.split('action="/vendors/add/"', 1)[1], "csrfmiddlewaretoken")
    }
    assert send(client, again).status_code == 302
    assert Vendor.objects.filter(name="王小摊").count() == 1


def test_a_form_of_another_site_gets_no_second_try(planner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(planner, backend="django.contrib.auth.backends.ModelBackend")
    met = send(client, TYPED, {"Origin": "http://evil.example"})
    assert met.status_code == 403
    assert "王小摊" not in met.content.decode()


def test_the_login_form_itself_survives_a_lost_cookie(planner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    met = client.post("/login/", {"username": planner.username, "password": PASSWORD, "next": "/vendors/"})
    assert met.status_code == 403
    page = met.content.decode()
    token = hidden(page.split('action="/login/"', 1)[1], "csrfmiddlewaretoken")
    data = {"username": planner.username, "password": PASSWORD, "next": hidden(page, "next")}
    after = client.post("/login/", data | {"csrfmiddlewaretoken": token})
    assert (after.status_code, after["Location"]) == (302, "/vendors/")


@pytest.mark.parametrize("headers", [{"X-Requested-With": "fetch"}, {"Accept": "application/json"}])
@pytest.mark.parametrize(
    "path", ["/guide/near?lon=112.5&lat=37.8", "/my/where?lon=1&lat=2", "/tiles/bays/12/1/1.pbf"]
)
def test_scripts_are_told_that_the_session_is_over(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"error": "登录已过期,请重新登录。", "login": "/login/"}
    client.cookies["django_language"] = "en"
    english = client.get(path, headers=headers)
    assert english.json()["error"] == "Your session has ended. Please log in again."


def test_people_who_open_a_page_are_led_to_the_login_and_back(client: Client) -> None:
    answer = client.get("/sites/?state=open", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/sites/%3Fstate%3Dopen")


def _posts(resolver: URLResolver | Any, prefix: str = "") -> list[str]:
    """Addresses without parameters that answer POST alone."""
    found = []
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            found += _posts(each, route)
        elif isinstance(each, URLPattern) and "<" not in route and not route.startswith("admin"):
            found.append("/" + route)
    return found


def test_no_post_only_address_ends_in_405_after_a_login(
    client: Client, town: Town, client_as: Callable[..., Any]
) -> None:
    """Each is posted to without a session; where the login leads, a GET is answered by a page."""
    known = client_as("administrator")
    only_post = [path for path in _posts(get_resolver()) if known.get(path).status_code == 405]
    assert {"/guide/hold/", "/plan/save", "/logout/"} <= set(only_post)
    for path in only_post:
        page = Client().post(path, {"a": "1"}, headers={"Origin": "http://testserver"}).content.decode()
        if 'action="/login/"' not in page:
            continue  # open to everybody
        assert known.get(hidden(page, "next") or "/").status_code in {200, 302}, path


def test_the_device_cookie_is_no_use_to_scripts(client: Client, planner: Any) -> None:
    cookie = log_in(client, planner).cookies[DEVICE_COOKIE]
    assert cookie["httponly"]
    assert planner.username not in cookie.value
