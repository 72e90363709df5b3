"""Who a request is from: one query for session, account and member, and no way in by a session that no longer holds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gridmgr.core.accounts.models import Session, User
from gridmgr.core.accounts.sessions import SessionStore
from tests.conftest import RoleClient, Town
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TILE = "/tiles/bays/15/26656/12654.pbf"
Login = Callable[..., RoleClient]


def is_in(client: Client) -> bool:
    return client.get(TILE).status_code == 200


@pytest.mark.parametrize("role", ["office", "member", "secretary"])
def test_session_account_and_member_are_one_query(client_as: Login, town: Town, role: str) -> None:
    client = client_as(role, branch=town.own.branch) if role != "office" else client_as(role)
    with CaptureQueriesContext(connection) as queries:
        assert is_in(client)
    about_people = [each["sql"] for each in queries if "accounts_" in each["sql"]]
    assert len(about_people) == 1, about_people
    assert len(queries) == 3  # who asks, the state of the tables, the tile


def test_account_and_member_read_with_the_session_are_those_of_the_database(
    client_as: Login, town: Town
) -> None:
    client = client_as("secretary", branch=town.own.branch)
    store = SessionStore(client.session.session_key)
    store.load()
    with CaptureQueriesContext(connection) as queries:
        account = store.account
        assert account is not None
        member = account.member
        assert member.user is account
    assert not queries
    for read, kept in ((account, User.objects.get(pk=client.user.pk)), (member, town.own.secretary)):
        kept.refresh_from_db()
        names = [field.attname for field in kept._meta.concrete_fields]
        assert [getattr(read, name) for name in names] == [getattr(kept, name) for name in names]


def test_an_account_without_member_costs_no_question_for_one(client_as: Login) -> None:
    store = SessionStore(client_as("office").session.session_key)
    store.load()
    with CaptureQueriesContext(connection) as queries:
        assert getattr(store.account, "member", None) is None
    assert not queries


def test_a_session_that_is_over_is_none(client_as: Login) -> None:
    client = client_as("office")
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    store = SessionStore(client.session.session_key)
    assert store.load() == {}
    assert store.session_key is None
    assert not is_in(client)


def test_a_password_set_elsewhere_ends_the_session(client_as: Login) -> None:
    client = client_as("office")
    assert is_in(client)
    user = User.objects.get(pk=client.user.pk)
    user.set_password("an other one 99")
    user.save()
    assert not is_in(client)


def test_an_account_that_was_closed_is_out(client_as: Login) -> None:
    client = client_as("office")
    User.objects.filter(pk=client.user.pk).update(is_active=False)
    assert not is_in(client)


@pytest.mark.parametrize(
    ("name", "value"), [(HASH_SESSION_KEY, "0" * 64), (HASH_SESSION_KEY, ""), (SESSION_KEY, "0")]
)
def test_a_session_that_says_otherwise_than_its_account_is_none(
    client_as: Login, name: str, value: str
) -> None:
    client = client_as("office")
    session: Any = client.session
    row = Session.objects.get(pk=session.session_key)
    held = session.load() | {name: value}
    Session.objects.filter(pk=row.pk).update(session_data=session.encode(held))
    assert not is_in(client)


def test_a_row_of_another_account_is_not_taken_for_the_one_named_inside(client_as: Login) -> None:
    """The signed content says who it is; a wrong key beside it changes nothing of that."""
    client, other = client_as("office"), UserFactory(role="administrator")
    Session.objects.filter(pk=client.session.session_key).update(account=other)
    answer = client.get("/account/")
    assert answer.status_code == 200
    assert answer.context["user"].pk == client.user.pk


def test_who_logs_in_anew_is_whom_the_next_request_sees(client_as: Login) -> None:
    client, other = client_as("office"), UserFactory(role="planner")
    assert is_in(client)
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/account/").context["user"].pk == other.pk
    client.logout()
    assert not is_in(client)
