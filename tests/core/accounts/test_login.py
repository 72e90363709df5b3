"""Logging in: guessers are slowed down, owners get in, and an address is what our own proxies say it is."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.utils import timezone

from gridmgr.core import environment
from gridmgr.core.accounts import tries
from gridmgr.core.accounts.address import client_address, home_of, masked
from gridmgr.core.accounts.models import LoginTry
from tests.factories import UserFactory

PASSWORD = "Lu-Wang-2026-x"
HOME, CAFE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def owner(db: None) -> Any:
    user = UserFactory(username="wang")
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(name: str, password: str, address: str = CAFE, **headers: Any) -> Any:
    return Client().post("/login/", {"username": name, "password": password}, REMOTE_ADDR=address, **headers)


def failures(*, name: str = "", address: str = "", count: int) -> None:
    """So many failures just now, each of another name or address where none is given."""
    LoginTry.objects.bulk_create(
        LoginTry(name=name or f"n{index}", address=address or f"192.0.2.{index % 250}")
        for index in range(count)
    )


# ── Limits ────────────────────────────────────────────────────────────────────────────────────────────────


def test_guesser_of_one_name_waits_after_eight_tries(owner: Any) -> None:
    assert [log_in("wang", f"guess-{n}").status_code for n in range(9)] == [200] * 8 + [429]
    right = log_in("wang", PASSWORD)
    assert right.status_code == 429
    assert 0 < int(right["Retry-After"]) <= 15 * 60
    assert "15 分钟后再试" in right.content.decode()
    assert log_in("li", "guess").status_code == 200  # another name from there is another matter


def test_nobody_without_an_account_uses_up_an_account_s_other_tries(owner: Any) -> None:
    """Identity numbers that are taken count under a name that no form at the login page gives."""
    name = tries.name_apart("identity", "wang")
    for index in range(24):
        log_in(name, "guess", f"192.0.2.{index}")
    assert tries.begin(name, HOME).wait is None


def test_guesser_from_one_address_over_many_names_is_slowed(owner: Any) -> None:
    failures(address=CAFE, count=39)
    assert log_in("n77", "guess").status_code == 200
    assert log_in("n78", "guess").status_code == 429
    assert log_in("n79", "guess", HOME).status_code == 200


def test_guesser_from_many_addresses_on_one_name_is_slowed(owner: Any) -> None:
    failures(name="wang", count=24)
    assert log_in("wang", "guess").status_code == 429
    assert log_in("wang", PASSWORD).status_code == 429  # unknown address: she waits as well
    assert LoginTry.objects.count() == 24  # who is refused doesn't prolong it


def test_owner_gets_in_meanwhile_from_where_she_logged_in_before(owner: Any) -> None:
    assert log_in("wang", PASSWORD, HOME).status_code == 302
    failures(name="wang", count=300)
    failures(address=HOME, count=300)  # colleagues behind the same address
    assert log_in("wang", "guess", CAFE).status_code == 429
    assert log_in("li", "guess", HOME).status_code == 429
    assert log_in("wang", PASSWORD, HOME).status_code == 302


def test_known_address_still_has_the_limit_of_name_and_address(owner: Any) -> None:
    assert log_in("wang", PASSWORD, HOME).status_code == 302
    assert [log_in("wang", f"guess-{n}", HOME).status_code for n in range(9)] == [200] * 8 + [429]


def test_an_address_is_known_for_ninety_days(owner: Any) -> None:
    log_in("wang", PASSWORD, HOME)
    LoginTry.objects.update(at=timezone.now() - timedelta(days=91))
    failures(name="wang", count=24)
    assert log_in("wang", PASSWORD, HOME).status_code == 429


def test_after_a_quarter_of_an_hour_a_few_tries_are_open_again_but_not_all_day(owner: Any) -> None:
    failures(name="wang", address=CAFE, count=8)
    LoginTry.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert log_in("wang", "guess").status_code == 200
    failures(name="wang", address=CAFE, count=40)
    LoginTry.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert log_in("wang", PASSWORD).status_code == 429


def test_right_password_forgets_what_failed_from_there(owner: Any) -> None:
    failures(name="wang", address=CAFE, count=7)
    assert log_in("wang", PASSWORD).status_code == 302
    assert [log_in("wang", "guess").status_code for _n in range(8)] == [200] * 8


def test_answer_tells_nothing_of_whether_a_name_exists(owner: Any) -> None:
    """The same words for a name that is there and one that isn't, before and after the limit."""
    for name in ("wang", "nobody"):
        failures(name=name, address=CAFE, count=7)
    pages = {name: [log_in(name, "guess") for _n in range(2)] for name in ("wang", "nobody")}
    for there, not_there in zip(pages["wang"], pages["nobody"], strict=True):
        assert there.status_code == not_there.status_code
        assert len(there.content) - len("wang") == len(not_there.content) - len("nobody") or (
            there.status_code == 429
        )


@pytest.mark.parametrize("name", ["w" * 150, "w" * 256, "w" * 5000])
def test_odd_names_are_no_error(owner: Any, name: str) -> None:
    assert log_in(name, "guess").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_hundred_tries_at_once_count_as_a_hundred() -> None:
    """Over threads and processes alike: the try is on record before the password is looked at."""
    UserFactory(username="wang")
    found: list[int] = []
    barrier = threading.Barrier(20)

    def guess(number: int) -> None:
        barrier.wait()
        found.append(log_in("wang", f"guess-{number}").status_code)
        connection.close()

    threads = [threading.Thread(target=guess, args=[n]) for n in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 20
    assert found.count(200) <= 8


def test_what_counts_no_longer_is_deleted(owner: Any) -> None:
    failures(name="old", count=3)
    LoginTry.objects.update(at=timezone.now() - timedelta(days=2))
    log_in("wang", PASSWORD)
    assert list(LoginTry.objects.values_list("name", "outcome")) == [("wang", "ok")]


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────

PROXIES = ["127.0.0.1", "10.0.0.0/8"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),  # the left one is whatever was sent
        ("127.0.0.1", "198.51.100.7, 203.0.113.9, 10.1.2.3", "203.0.113.9"),  # two proxies of ours
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),  # no proxy of ours: not believed
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "rubbish", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9, rubbish", "127.0.0.1"),
        ("127.0.0.1", "10.9.9.9", "10.9.9.9"),  # ours all the way: the first of them
        ("fe80::1%eth0", "203.0.113.9", "fe80::1"),
        ("127.0.0.1", "203.0.113.9:51423", "203.0.113.9"),
        ("127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_client_is_the_right_most_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: str, client: str
) -> None:
    assert client_address(peer, forwarded, trusted=PROXIES) == client


def test_forged_address_moves_no_limit(owner: Any, settings: Any) -> None:
    settings.GRIDMGR_TRUSTED_PROXIES = ["127.0.0.1"]
    for number in range(8):
        log_in("wang", "guess", CAFE, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert log_in("wang", "guess", CAFE, HTTP_X_FORWARDED_FOR="198.51.100.200").status_code == 429
    assert set(LoginTry.objects.values_list("address", flat=True)) == {CAFE}


def test_behind_our_proxy_each_client_has_its_own_limit(owner: Any, settings: Any) -> None:
    settings.GRIDMGR_TRUSTED_PROXIES = ["127.0.0.1"]
    for _number in range(9):
        last = log_in("wang", "guess", "127.0.0.1", HTTP_X_FORWARDED_FOR=CAFE)
    assert last.status_code == 429
    assert log_in("wang", PASSWORD, "127.0.0.1", HTTP_X_FORWARDED_FOR=HOME).status_code == 302


def test_one_household_s_ipv6_network_is_one_place() -> None:
    assert home_of("2001:db8:1:2:aaaa::1") == home_of("2001:db8:1:2:bbbb::2") == "2001:db8:1:2::"
    assert home_of("2001:db8:1:3::1") != home_of("2001:db8:1:2::1")
    assert (masked("203.0.113.9"), masked("2001:db8:1:2::1")) == ("203.0.113.*", "2001:db8:1:*")


def test_bad_network_stops_the_start_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMGR_TRUSTED_PROXIES", "10.0.0.0/8, nginx")
    with pytest.raises(ImproperlyConfigured, match="GRIDMGR_TRUSTED_PROXIES: 'nginx'"):
        environment.networks("GRIDMGR_TRUSTED_PROXIES")
