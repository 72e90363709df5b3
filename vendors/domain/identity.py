"""Identity numbers of vendors: checked, encrypted at rest, found again by keyed digests, shown masked.

Of each key (vendors/domain/keyring.py), none of which is in the database, three are derived (HKDF-SHA256, RFC 5869): one
to encrypt (Fernet: AES-128-CBC with HMAC-SHA256), one for the digest of the whole number, one for that of its last
four characters. Who has the table alone can read no number and can try none: a digest without its key can't be computed.
What is encrypted begins with the mark of its key, so that a key that is missing is known without trying.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from contextlib import suppress
from datetime import date
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.errors import Conflict, Invalid
from vendors.domain import keyring
from vendors.models import Vendor

# Held together by all who encrypt, until their transaction ends; alone by whoever changes the keys.
LOCK = 1_203_406_117

# GB 11643-1999: weight of each of the first 17 digits, and the check character for each remainder by 11.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
EARLIEST = date(1890, 1, 1)

_EIGHTEEN = re.compile(r"\d{17}[\dX]", re.ASCII)
_FIFTEEN = re.compile(r"\d{15}", re.ASCII)
_TAIL = re.compile(r"\d{3}[\dX]", re.ASCII)


def check_character(first_17: str) -> str:
    """The 18th character of an identity number, by GB 11643-1999 (ISO 7064 MOD 11-2)."""
    return CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17, strict=True)) % 11]


def read_identity(text: str) -> str:
    """The number that `text` says, as 18 characters; a number of the old kind, 15 digits, becomes the new one.

    Full-width digits, blanks and a small x are understood. Raises Invalid when the length, the birthday or the check
    character is wrong; the message never repeats the number.
    """
    number = _plain(text)
    if _FIFTEEN.fullmatch(number):
        number = f"{number[:6]}19{number[6:]}"
        number += check_character(number)
    elif not _EIGHTEEN.fullmatch(number):
        raise Invalid(
            _("身份证号须为 18 位(末位可为 X)或旧式 15 位数字,这里有 %d 位。请核对后重填。") % len(number)
        )
    elif number[17] != check_character(number[:17]):
        raise Invalid(_("身份证号的校验位不对(GB 11643),可能有一位填错。请核对后重填。"))
    if not _is_birthday(number[6:14]):
        raise Invalid(_("身份证号第 7 至 14 位不是有效的出生日期。请核对后重填。"))
    return number


def read_tail(text: str) -> str | None:
    """The last four characters that `text` says, or None when it is none."""
    tail = _plain(text)
    return tail if _TAIL.fullmatch(tail) else None


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()


def _is_birthday(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return EARLIEST <= born <= timezone.localdate()


# ── At rest ───────────────────────────────────────────────────────────────────────────────────────────────


def store_identity(vendor: Vendor, text: str) -> None:
    """Sets the three identity columns of `vendor` (which it does not save) for the number `text`; '' clears them.

    Call it in the transaction that saves: a change of keys waits for that to end.
    """
    number = read_identity(text) if text.strip() else ""
    if number:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
    encrypt(vendor, number)


def encrypt(vendor: Vendor, number: str) -> None:
    """The three columns for a `number` as `read_identity` gives it, with the key that writes."""
    first = keyring.all_keys()[0]
    vendor.identity_cipher = (
        f"{mark(first)}:{_cipher(first).encrypt(number.encode()).decode()}" if number else ""
    )
    vendor.identity_digest = digest(number) if number else ""
    vendor.identity_tail_digest = tail_digest(number[-4:]) if number else ""


def identity_of(vendor: Vendor) -> str:
    """The whole number, '' when none is stored. Raises Conflict when no key reads it.

    For the domain alone: what a person gets to see goes through `vendors.domain.looks`, which records it.
    """
    if not vendor.identity_cipher:
        return ""
    number = decrypt(vendor.identity_cipher)
    if number is None:
        raise Conflict(
            _(
                "%(vendor)s的身份证号无法读取:加密密钥(GRIDMGR_IDENTITY_KEY 或 var/identity-key)已更换。请恢复原密钥,或重新登记。"
            )
            % {"vendor": vendor}
        )
    return number


def decrypt(stored: str) -> str | None:
    """What is encrypted in `stored`; None when no key reads it."""
    known, _colon, token = stored.rpartition(":")
    for key in keyring.all_keys():
        if known in {"", mark(key)}:  # without a mark: by a version that had one key
            with suppress(InvalidToken):
                return _cipher(key).decrypt(token.encode()).decode()
    return None


def mark(key: str) -> str:
    """Eight characters that name a key and tell nothing about it."""
    return _key(key, "mark").hex()[:8]


def masked(number: str) -> str:
    """`1401**********1234`; '' for none."""
    return f"{number[:4]}{'*' * 10}{number[-4:]}" if number else ""


def digest(number: str) -> str:
    """Keyed digest of a whole number (as `read_identity` gives it), as it is stored."""
    return _hmac(keyring.all_keys()[0], "digest", number)


def digests(number: str) -> list[str]:
    """The digests of a whole number under every key, to find duplicates by."""
    return [_hmac(key, "digest", number) for key in keyring.all_keys()]


def tail_digest(tail: str) -> str:
    """Keyed digest of a number's last four characters, as it is stored."""
    return _hmac(keyring.all_keys()[0], "tail", tail)


def tail_digests(tail: str) -> list[str]:
    """The digests of the last four characters under every key, to search by."""
    return [_hmac(key, "tail", tail) for key in keyring.all_keys()]


def _hmac(key: str, purpose: str, text: str) -> str:
    return hmac.new(_key(key, purpose), text.encode(), hashlib.sha256).hexdigest()


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(key, "cipher")))


@lru_cache(maxsize=64)
def _key(secret: str, purpose: str) -> bytes:
    info = f"gridmgr vendor identity {purpose} 1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())
