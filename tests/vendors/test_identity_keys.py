"""Keys of identity numbers: they outlive the secret key, are changed without losing a number, and are missed at the start."""

import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.changes import history_of
from gridmgr.core.errors import Conflict
from tests.factories import VendorFactory
from vendors.domain import identity, keyring, rekey
from vendors.domain.register import found_by, possible_duplicates, register_vendor
from vendors.models import Vendor

pytestmark = pytest.mark.django_db

NUMBER = "140105199001011234"
FIRST, SECOND = "the first key of all and long enough", "the second key is long enough as well"


def _number(stem: str) -> str:
    return stem + identity.check_character(stem)


NUMBERS = [_number(f"1401051990010112{tail}") for tail in range(10)]


@pytest.fixture
def var(settings: Any, tmp_path: Path) -> Path:
    """A folder of its own, without a key in the environment."""
    settings.VAR_DIR = tmp_path
    settings.GRIDMGR_IDENTITY_KEY = ""
    settings.SECRET_KEY = FIRST
    return tmp_path


def _start() -> str:
    out = StringIO()
    call_command("check_database", "--start", stdout=out)
    return out.getvalue()


def _rotate(*options: str) -> str:
    out = StringIO()
    call_command("rotate_identity_key", *options, stdout=out)
    return out.getvalue()


def _as_before(vendor: Vendor, key: str) -> None:
    """As a version without marks stored it."""
    token = identity._cipher(key).encrypt(NUMBER.encode()).decode()
    Vendor.objects.filter(pk=vendor.pk).update(identity_cipher=token)


def test_secret_key_may_change_once_a_start_has_written_the_identity_key(var: Path, settings: Any) -> None:
    vendor = register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    _as_before(vendor, FIRST)
    said = _start()
    assert str(var / "identity-key") in said
    assert (var / "identity-key").read_text() == f"{FIRST}\n"
    assert stat.S_IMODE((var / "identity-key").stat().st_mode) == 0o600
    settings.SECRET_KEY = SECOND
    assert identity.identity_of(Vendor.objects.get()) == NUMBER
    assert "identity-key" not in _start(), "written once"


def test_second_start_leaves_the_file_alone_and_a_key_in_the_environment_needs_none(
    var: Path, settings: Any
) -> None:
    settings.GRIDMGR_IDENTITY_KEY = FIRST
    _start()
    assert not (var / "identity-key").exists()


def test_a_key_with_a_comma_from_before_there_were_lists_goes_on_reading(var: Path, settings: Any) -> None:
    settings.GRIDMGR_IDENTITY_KEY = whole = "a key that is long, with a comma that parts it"
    old = register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    _as_before(old, whole)
    Vendor.objects.update(identity_digest=identity._hmac(whole, "digest", NUMBERS[0]))
    _start()
    assert identity.identity_of(Vendor.objects.get()) == NUMBER
    assert (
        possible_duplicates(
            name="甲",
            goods="乙",
            identity=NUMBERS[0],
            audience=Audience("administrator"),
            on=timezone.localdate(),
        )[0].vendor
        == old
    )


def test_several_keys_read_and_the_first_writes(var: Path, settings: Any) -> None:
    settings.GRIDMGR_IDENTITY_KEY = FIRST
    old = register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    settings.GRIDMGR_IDENTITY_KEY = f"{SECOND}, {FIRST}"
    new = register_vendor(name="李芳", goods="早点", identity=NUMBERS[1])
    assert [identity.identity_of(each) for each in (old, new)] == NUMBERS[:2]
    assert new.identity_cipher.startswith(f"{identity.mark(SECOND)}:")
    everybody: Any = type("Everybody", (), {"role": "planner"})()
    for vendor, number in ((old, NUMBERS[0]), (new, NUMBERS[1])):
        assert [each.pk for each in found_by(number[-4:], audience=everybody, on=None)] == [vendor.pk]  # type: ignore[arg-type]
        alike = possible_duplicates(
            name="甲",
            goods="乙",
            identity=number,
            audience=Audience("administrator"),
            on=timezone.localdate(),
        )
        assert alike[0].vendor == vendor
    with pytest.raises(Conflict, match="已登记在册"):
        register_vendor(name="假王芳", goods="早点", identity=NUMBERS[0])


def test_change_of_keys_keeps_every_number_and_drops_the_old_key(var: Path) -> None:
    vendors = [
        register_vendor(name=f"商贩{index}", goods="早点", identity=number)
        for index, number in enumerate(NUMBERS)
    ]
    _start()
    before = {vendor.identity_digest for vendor in vendors}
    assert "10 numbers" in _rotate()
    (key,) = keyring.all_keys()
    assert key != FIRST
    assert (var / "identity-key").read_text() == f"{key}\n"
    assert stat.S_IMODE((var / "identity-key").stat().st_mode) == 0o600
    again = list(Vendor.objects.order_by("pk"))
    assert [identity.identity_of(each) for each in again] == NUMBERS
    assert before.isdisjoint(each.identity_digest for each in again)
    assert all(
        each.identity_digest == identity.digest(number) for each, number in zip(again, NUMBERS, strict=True)
    )
    assert history_of(again[0])[0].way == "rotate_identity_key"
    _start()


def test_a_change_cut_short_loses_nothing_and_is_finished_by_the_next(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    _start()

    def killed(_os_user: str) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rekey, "_encrypt_all", killed)
        with pytest.raises(KeyboardInterrupt):
            _rotate()
    both = keyring.all_keys()
    assert len(both) == 2
    assert both[1] == FIRST
    assert identity.identity_of(Vendor.objects.get()) == NUMBERS[0]
    assert "1 numbers" in _rotate()
    assert keyring.all_keys() == both[:1], "no third key"
    assert identity.identity_of(Vendor.objects.get()) == NUMBERS[0]


def test_a_change_cut_short_after_its_transaction_is_finished_as_well(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    _start()
    whole = rekey._encrypt_all

    def then_killed(os_user: str) -> int:
        whole(os_user)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rekey, "_encrypt_all", then_killed)
        with pytest.raises(KeyboardInterrupt):
            _rotate()
    assert identity.identity_of(Vendor.objects.get()) == NUMBERS[0]
    assert "0 numbers" in _rotate()
    assert len(keyring.all_keys()) == 1
    assert identity.identity_of(Vendor.objects.get()) == NUMBERS[0]


def test_change_of_keys_waits_for_whoever_is_saving_a_number(transactional_db: None, var: Path) -> None:
    """Whoever has encrypted with the old key holds the lock until the row is committed."""
    _start()
    with transaction.atomic():
        register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND pid = pg_backend_pid()",
                [identity.LOCK],
            )
            assert cursor.fetchall() == [("ShareLock",)]


def test_key_in_the_environment_is_changed_there(var: Path, settings: Any) -> None:
    settings.GRIDMGR_IDENTITY_KEY = FIRST
    register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    with pytest.raises(CommandError, match="NEW,OLD"):
        _rotate()
    settings.GRIDMGR_IDENTITY_KEY = f"{SECOND},{FIRST}"
    assert "can be taken out" in _rotate()
    settings.GRIDMGR_IDENTITY_KEY = SECOND
    assert identity.identity_of(Vendor.objects.get()) == NUMBERS[0]
    assert not (var / "identity-key").exists()


@pytest.mark.parametrize("marked", [True, False])
def test_start_refuses_a_key_that_reads_no_number(var: Path, settings: Any, marked: bool) -> None:
    vendor = register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    if not marked:
        _as_before(vendor, FIRST)
    settings.SECRET_KEY = SECOND
    with pytest.raises(CommandError) as refusal:
        _start()
    assert "1 个身份证号读不出来" in str(refusal.value)
    assert "can't be read: 1" in str(refusal.value)
    assert str(var / "identity-key") in str(refusal.value)
    assert not (var / "identity-key").exists(), "a wrong key is not kept for good"
    (var / "identity-key").write_text(f"{SECOND}\n{FIRST}\n")
    _start()


def test_numbers_lost_long_ago_do_not_keep_a_city_from_starting(var: Path) -> None:
    lost = register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    kept = register_vendor(name="李芳", goods="早点", identity=NUMBERS[1])
    _as_before(lost, SECOND)
    _as_before(kept, FIRST)
    _start()


def test_numbers_that_no_key_reads_can_be_given_up(var: Path, settings: Any) -> None:
    register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    settings.SECRET_KEY = SECOND
    kept = register_vendor(name="李芳", goods="早点", identity=NUMBERS[1])
    assert "cleared: 1 numbers" in _rotate("--forget")
    _start()
    assert identity.identity_of(Vendor.objects.get(pk=kept.pk)) == NUMBERS[1]
    again = register_vendor(name="王芳", goods="早点", identity=NUMBERS[0])
    assert identity.identity_of(again) == NUMBERS[0]


@pytest.mark.parametrize("text", ["", "\n\n", "too short\n"])
def test_a_file_that_holds_no_key_is_named(var: Path, text: str) -> None:
    (var / "identity-key").write_text(text)
    with pytest.raises(ImproperlyConfigured, match="identity-key"):
        keyring.all_keys()
    VendorFactory(identity_cipher="x")
    with pytest.raises(CommandError, match="identity-key"):
        _start()


def test_running_server_sees_the_new_file_at_its_next_use(var: Path) -> None:
    keyring.write((FIRST,))
    assert keyring.all_keys() == (FIRST,)
    keyring.write((SECOND, FIRST))
    assert keyring.all_keys() == (SECOND, FIRST)
    assert {each.name for each in var.iterdir()} == {"identity-key"}, "nothing half-written is left"
