"""Identity numbers: what is one, that a leaked database shows none, and that one is found again by who knows it."""

import hashlib
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from gridmgr.core.errors import Conflict, Invalid
from tests.factories import VendorFactory
from vendors.domain import identity
from vendors.domain.register import register_vendor, update_vendor
from vendors.models import Vendor

# 999999 is no region. Weighted sum of 99999919900101123: 9·(7+9+10+5+8+4) + 1·2 + 9·1 + 9·6 + 0·3 + 0·7 + 1·9 + 0·10 +
# 1·5 + 1·8 + 2·4 + 3·2 = 387 + 2 + 9 + 54 + 9 + 5 + 8 + 8 + 6 = 488 = 44·11 + 4; the check character for 4 is 8.
NUMBER = "999999199001011238"
# The example printed in GB 11643-1999.
OF_THE_STANDARD = "11010519491231002X"


def test_check_character_is_that_of_the_standard() -> None:
    assert identity.check_character(NUMBER[:17]) == "8"
    assert identity.check_character(OF_THE_STANDARD[:17]) == "X"


@pytest.mark.parametrize(
    "text",
    [NUMBER, f" {NUMBER[:6]} {NUMBER[6:14]}-{NUMBER[14:]} ", "999999199001011238"],
)
def test_number_is_read_however_it_is_written(text: str) -> None:
    assert identity.read_identity(text) == NUMBER
    assert identity.read_identity("11010519491231002x") == OF_THE_STANDARD


def test_old_number_of_15_digits_is_the_new_one_of_the_same_person() -> None:
    # 110105 491231 002 → 110105 19491231 002 X
    assert identity.read_identity("110105491231002") == OF_THE_STANDARD


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("99999919900101123", "17 位"),
        ("9999991990010112388", "19 位"),
        ("", "0 位"),
        ("999999199001011237", "校验位"),
        ("999999199001011283", "校验位"),  # two digits swapped
        ("X99999199001011238", "18 位"),
        ("99999919900101123²", "校验位"),  # NFKC makes ² a 2
        ("999999199013011236", "校验位"),
    ],
)
def test_what_is_no_number_is_refused_without_repeating_it(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        identity.read_identity(text)
    assert not text or text not in str(refused.value)


def test_birthday_that_never_was_or_is_to_come_is_refused() -> None:
    tomorrow = date(timezone.localdate().year + 1, 1, 1).strftime("%Y%m%d")
    for born in ("19901301", "19900230", "18000101", tomorrow):
        first_17 = f"999999{born}123"
        with pytest.raises(Invalid, match="出生日期"):
            identity.read_identity(first_17 + identity.check_character(first_17))


def test_mask_shows_four_at_each_end() -> None:
    assert identity.masked("140105199001011234") == "1401**********1234"
    assert identity.masked("") == ""


# ── At rest ───────────────────────────────────────────────────────────────────────────────────────────────


def test_stored_number_comes_back_and_its_masks_and_digests_are_not_it(db: None) -> None:
    vendor = register_vendor(name="王芳", goods="早点", identity=NUMBER)
    again = Vendor.objects.get(pk=vendor.pk)
    assert identity.identity_of(again) == NUMBER
    assert again.identity_digest == identity.digest(NUMBER)
    assert again.identity_digest != again.identity_tail_digest
    update_vendor(again, name="王芳", goods="早点", identity="")
    assert identity.identity_of(Vendor.objects.get(pk=vendor.pk)) == ""
    assert not Vendor.objects.get(pk=vendor.pk).identity_tail_digest


@pytest.mark.django_db(transaction=True)
def test_dump_of_the_whole_database_holds_no_part_of_the_number() -> None:
    vendor = register_vendor(name="王芳", goods="早点", phone="13800001111", identity=NUMBER)
    update_vendor(vendor, name="王芳", goods="早点", identity=OF_THE_STANDARD)
    dump = _dump()
    assert "王芳" in dump  # the dump does hold the vendor
    assert Vendor.objects.get().identity_cipher in dump
    for number in (NUMBER, OF_THE_STANDARD):
        # The birthday, any eight digits of the number in a row, plain or as hex; the whole of it backwards.
        parts = {number[start : start + 8] for start in range(11)}
        for part in parts:
            assert part not in dump.replace(Vendor.objects.get().identity_cipher, ""), part
            assert part.encode().hex() not in dump
        assert number not in dump
        assert number[::-1] not in dump


def _dump() -> str:
    """Everything in every table of this database, histories, sessions and logs of changes among it, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [
            name
            for (name,) in cursor.fetchall()
            if name.startswith(("vendors_", "pghistory_", "django_session"))
        ]
        text = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            text += [row for (row,) in cursor.fetchall()]
    assert {"vendors_vendor", "vendors_vendorevent"} <= set(tables)
    return "\n".join(text)


def test_digests_tell_nothing_without_the_key(db: None, settings: Any) -> None:
    vendor = register_vendor(name="王芳", goods="早点", identity=NUMBER)
    plain = {hashlib.new(name, NUMBER.encode()).hexdigest() for name in ("md5", "sha1", "sha256")}
    tails = {hashlib.sha256(f"{tail:04d}".encode()).hexdigest() for tail in range(10_000)}
    assert vendor.identity_digest not in plain
    assert vendor.identity_tail_digest not in tails
    settings.GRIDMGR_IDENTITY_KEY = "another key of sufficient length"
    assert identity.digest(NUMBER) != vendor.identity_digest
    assert identity.tail_digest(NUMBER[-4:]) != vendor.identity_tail_digest


def test_two_encryptions_of_one_number_differ(db: None) -> None:
    first, second = VendorFactory.build(), VendorFactory.build()
    for vendor in (first, second):
        identity.store_identity(vendor, NUMBER)
    assert first.identity_cipher != second.identity_cipher
    assert first.identity_digest == second.identity_digest


def test_changed_key_is_said_in_words(db: None, settings: Any) -> None:
    vendor = register_vendor(name="王芳", goods="早点", identity=NUMBER)
    settings.GRIDMGR_IDENTITY_KEY = "another key of sufficient length"
    with pytest.raises(Conflict, match="GRIDMGR_IDENTITY_KEY"):
        identity.identity_of(vendor)
