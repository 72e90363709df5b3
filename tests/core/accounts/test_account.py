"""One's own account: password, sessions, language; and first passwords, which last for nothing but choosing one's own."""

import re
from datetime import timedelta
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as PlainStore
from django.contrib.sessions.models import Session as PlainSession
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gridmgr.core.accounts.first_password import give_first_password
from gridmgr.core.accounts.models import LoginTry, Session, User
from gridmgr.core.accounts.sessions import device_words
from tests.conftest import ROLES, Town
from tests.factories import UserFactory
from tests.screen import form_on

FIRST, OWN, OTHER = "Erste-Losung-26", "Eigenes-Wort-26", "Anderes-Wort-26"
PHONE = "Mozilla/5.0 (Linux; Android 14; V2) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126 Safari/537.36 Edg/126"


@pytest.fixture
def user(db: None) -> User:
    made: User = UserFactory(username="wang", role="office")
    made.set_password(OWN)
    made.save()
    return made


def log_in(name: str, password: str, agent: str = PHONE, address: str = "203.0.113.9") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    client.login_answer = client.post("/login/", {"username": name, "password": password})  # type: ignore[attr-defined]
    return client


def is_in(client: Client) -> bool:
    return client.get("/branches/").status_code == 200


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ROLES)
def test_every_role_finds_the_own_account_in_the_menu(client_as: Any, town: Town, role: str) -> None:
    client = client_as(role)
    assert 'href="/account/"' in client.get("/branches/").content.decode()
    page = client.get("/account/").content.decode()
    assert client.user.username in page
    assert 'href="/account/password/"' in page


def test_sessions_name_device_time_and_a_masked_address_and_no_key(user: User) -> None:
    phone, desk = log_in("wang", OWN), log_in("wang", OWN, DESK, "198.51.100.20")
    Session.objects.filter(address="203.0.113.9").update(last_seen=timezone.now() - timedelta(days=2))
    page = desk.get("/account/").content.decode()
    assert "Android · Chrome" in page
    assert "Windows · Edge" in page
    assert "203.0.113.*" in page
    assert "203.0.113.9" not in page
    assert page.count("本机</span>") == 1
    assert not [each.session_key for each in Session.objects.all() if each.session_key in page]
    assert is_in(phone)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "Android · Chrome"),
        (DESK, "Windows · Edge"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit Version/17.5 Safari/604.1", "iPhone · Safari"),
        ("Mozilla/5.0 (Linux; Android 12) AppleWebKit Chrome/116 MicroMessenger/8.0.49", "Android · 微信"),
        ("curl/8", "未知设备"),
        ("", "未知设备"),
    ],
)  # fmt: skip
def test_device_is_named_as_far_as_it_says(agent: str, words: str) -> None:
    assert device_words(agent) == words


def test_a_session_in_use_is_seen_at_most_once_in_five_minutes(user: User) -> None:
    client = log_in("wang", OWN)
    early = timezone.now() - timedelta(minutes=6)
    Session.objects.update(last_seen=early)
    is_in(client)
    seen = Session.objects.get().last_seen
    assert seen > early
    is_in(client)
    assert Session.objects.get().last_seen == seen


@pytest.mark.parametrize(("everywhere", "here"), [(False, True), (True, False)])
def test_logging_out_everywhere_else_or_everywhere(user: User, everywhere: bool, here: bool) -> None:
    mine, phone = log_in("wang", OWN, DESK), log_in("wang", OWN)
    someone = UserFactory(username="li")
    someone.set_password(OTHER)
    someone.save()
    stranger = log_in("li", OTHER)
    mine.post("/account/sessions/end/", {"all": "1"} if everywhere else {})
    assert (is_in(mine), is_in(phone), is_in(stranger)) == (here, False, True)


# ── The password ──────────────────────────────────────────────────────────────────────────────────────────


def change(client: Client, old: str, new: str, again: str = "") -> Any:
    return client.post(
        "/account/password/", {"old_password": old, "new_password1": new, "new_password2": again or new}
    )


def test_own_password_is_changed_and_ends_the_other_sessions(user: User) -> None:
    mine, phone = log_in("wang", OWN, DESK), log_in("wang", OWN)
    assert change(mine, OWN, OTHER).status_code == 302
    assert (is_in(mine), is_in(phone)) == (True, False)
    assert Session.objects.filter(account=user).count() == 1
    assert is_in(log_in("wang", OTHER))
    assert not is_in(log_in("wang", OWN))


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", OTHER, OTHER, "old_password"),
        (OWN, OWN, OWN, "不能与现在的密码相同"),
        (OWN, OTHER, OTHER + "x", "new_password2"),
        (OWN, "12345678", "12345678", "new_password2"),
    ],
)
def test_password_that_can_t_be_is_refused_at_its_field(
    user: User, old: str, new: str, again: str, said: str
) -> None:
    client = log_in("wang", OWN)
    answer = change(client, old, new, again)
    assert answer.status_code == 422
    assert said in answer.context["form"].errors or said in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(OWN)


def test_whoever_finds_a_session_open_can_t_guess_the_password_there(user: User) -> None:
    client = log_in("wang", OWN)
    for number in range(8):
        change(client, f"guess-{number}", OTHER)
    assert "分钟后再试" in change(client, OWN, OTHER).content.decode()
    user.refresh_from_db()
    assert user.check_password(OWN)


# ── First passwords ───────────────────────────────────────────────────────────────────────────────────────


def test_first_password_opens_one_page_until_it_is_changed(user: User) -> None:
    give_first_password(user, FIRST)
    client = log_in("wang", FIRST)
    for address in ("/", "/branches/", "/account/", "/layers/sections.geojson", "/admin/", "/jobs/"):
        assert client.get(address)["Location"] == "/account/password/", address
    assert client.post("/logout/")["Location"] == "/login/"
    client = log_in("wang", FIRST)
    told = client.get("/branches/", headers={"accept": "application/json"})
    assert (told.status_code, "初始密码" in told.json()["error"]) == (403, True)
    page = client.get("/account/password/").content.decode()
    assert "有效至" in page
    assert change(client, FIRST, FIRST).status_code == 422
    assert change(client, FIRST, OWN)["Location"] == "/"
    assert is_in(client)
    user.refresh_from_db()
    assert user.first_password_until is None


def test_first_password_is_kept_as_a_hash_alone(user: User) -> None:
    give_first_password(user, FIRST)
    for model in (User, Session, LoginTry):
        assert FIRST not in str(list(model.objects.values()))
    assert User.objects.get().password.startswith("argon2")


def test_first_password_lapses_after_fourteen_days_and_says_what_to_do(user: User) -> None:
    give_first_password(user, FIRST)
    client = log_in("wang", FIRST)
    User.objects.update(first_password_until=timezone.now() + timedelta(days=13, hours=23))
    assert log_in("wang", FIRST).login_answer.status_code == 302  # type: ignore[attr-defined]
    User.objects.update(first_password_until=timezone.now() - timedelta(seconds=1))
    late = log_in("wang", FIRST).login_answer  # type: ignore[attr-defined]
    assert late.status_code == 200
    assert "初始密码已过期" in late.content.decode()
    assert "请找管理员" in late.content.decode()
    assert client.get("/account/password/")["Location"] == "/login/"  # also where one was logged in already
    assert "初始密码已过期" in client.get("/login/").content.decode()


def test_administrator_gives_first_passwords(client_as: Any, user: User) -> None:
    running, administrator = log_in("wang", OWN), client_as("administrator")
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    given = {"password1": FIRST, "password2": FIRST, "usable_password": "true"}
    LoginTry.objects.create(name="wang", address="203.0.113.9")
    assert administrator.post(address, given).status_code == 302
    user.refresh_from_db()
    assert user.check_password(FIRST)
    assert user.first_password_until is not None
    assert timedelta(days=13, hours=23) < user.first_password_until - timezone.now() <= timedelta(days=14)
    assert not is_in(running)
    assert not LoginTry.objects.filter(outcome=LoginTry.FAILED).exists()  # who forgot it waits no longer
    add = {"username": "neu", "role": "office", **given}
    assert administrator.post(reverse("admin:accounts_user_add"), add).status_code == 302
    assert User.objects.get(username="neu").first_password_until is not None
    own = reverse("admin:auth_user_password_change", args=[administrator.user.pk])
    assert administrator.get(own)["Location"] == "/account/password/"


def test_command_gives_a_first_password_once(user: User) -> None:
    out = StringIO()
    call_command("first_password", "wang", stdout=out)
    found = re.search(r"密码:(\w{12})", out.getvalue())
    assert found is not None
    assert log_in("wang", found[1]).get("/")["Location"] == "/account/password/"
    with pytest.raises(CommandError, match="没有用户名为 nobody"):
        call_command("first_password", "nobody")


# ── Ends ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["admin", "sql"])
def test_sessions_end_with_the_account(client_as: Any, user: User, way: str) -> None:
    client = log_in("wang", OWN)
    assert is_in(client)
    if way == "sql":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        administrator, address = (
            client_as("administrator"),
            reverse("admin:accounts_user_change", args=[user.pk]),
        )
        shown = form_on(administrator.get(address), with_field="username")
        shown.pop("is_active")
        assert administrator.post(address, shown).status_code == 302
    assert not is_in(client)
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert not is_in(client)  # it doesn't come back by itself


def test_whoever_was_logged_in_before_the_upgrade_stays_so(user: User) -> None:
    old, client = PlainStore(), Client()
    old["_auth_user_id"], old["_auth_user_backend"] = str(user.pk), settings.AUTHENTICATION_BACKENDS[-1]
    old["_auth_user_hash"] = user.get_session_auth_hash()
    old.create()
    PlainStore().create()  # nobody's
    import_module("gridmgr.core.accounts.migrations.0007_logins_kept").move(apps, None)
    client.cookies[settings.SESSION_COOKIE_NAME] = old.session_key or ""
    assert is_in(client)
    assert Session.objects.get().account == user
    assert not PlainSession.objects.exists()


def test_right_ends_with_the_role_at_once(client_as: Any, db: None) -> None:
    client = client_as("planner")
    assert client.get("/plan/").status_code == 200
    User.objects.filter(pk=client.user.pk).update(role="office", is_staff=False)
    assert client.get("/plan/").status_code == 403
    assert client.get("/admin/").status_code in (302, 403)


def test_language_is_found_again_on_another_device(user: User) -> None:
    log_in("wang", OWN).post("/i18n/setlang/", {"language": "en", "next": "/account/"})
    assert "My account" in log_in("wang", OWN, DESK).get("/account/").content.decode()


# ── Roles ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_account_has_no_role_that_rights_do_not_know(user: User) -> None:
    with pytest.raises(IntegrityError, match="user_role_known"), transaction.atomic():
        User.objects.filter(pk=user.pk).update(role="inspector")


def test_upgrade_leaves_an_unknown_role_a_members_rights(user: User) -> None:
    step = import_module("gridmgr.core.accounts.migrations.0008_role_known")
    planner = UserFactory(role="planner")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user DROP CONSTRAINT user_role_known")
        User.objects.filter(pk=user.pk).update(role="inspector")
        cursor.execute(step.SETTLE)
    assert [User.objects.get(pk=each.pk).role for each in (user, planner)] == ["member", "planner"]
