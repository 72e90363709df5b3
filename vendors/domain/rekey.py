"""Another key for vendors' identity numbers, and numbers that no key reads.

What the event tables keep of a number, its keyed digest, stays as it was: it is append-only, nobody computes with it,
and without its old key it says nothing. The new encryption is on record there as a change by this command.
"""

from typing import Any

import pghistory
from django.db import connection, transaction
from django.db.models import CharField, F, Func, Value
from django.utils.translation import gettext as _

from gridmgr.core import environment
from gridmgr.core.errors import Conflict
from vendors.domain import keyring
from vendors.domain.identity import LOCK, decrypt, encrypt, mark
from vendors.models import Vendor

ROWS_AT_ONCE = 500
# Of numbers stored by versions without marks, as many are tried: the oldest and the newest.
TRIED = 20


def change_key(*, os_user: str = "") -> int:
    """A new key writes, all numbers are encrypted with it, the keys before it are dropped; returns how many numbers.

    Cut short anywhere, every number stays readable, and the next call goes on where it was: until the end the file
    holds both keys. A server that runs meanwhile takes part. Raises Conflict when some number can't be read.
    """
    refuse_unreadable()
    if keyring.in_file():
        keyring.settle()
        if len(keyring.all_keys()) == 1:
            keyring.write((keyring.new_key(), *keyring.all_keys()))
    count = _encrypt_all(os_user)
    if keyring.in_file():
        keyring.write(keyring.all_keys()[:1])
    return count


def _encrypt_all(os_user: str) -> int:
    """In one transaction. The lock waits for whoever is saving a number with an old key, and holds up who begins to."""
    count = 0
    with transaction.atomic(), pghistory.context(command="rotate_identity_key", os_user=os_user):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        first = mark(keyring.all_keys()[0])
        keys = list(_stored().exclude(identity_cipher__startswith=f"{first}:").values_list("pk", flat=True))
        for start in range(0, len(keys), ROWS_AT_ONCE):
            rows = list(
                Vendor.objects.select_for_update()
                .filter(pk__in=keys[start : start + ROWS_AT_ONCE])
                .exclude(identity_cipher="")
            )
            for row in rows:
                number = decrypt(row.identity_cipher)
                if number is None:
                    raise _unreadable(1)
                encrypt(row, number)
            Vendor.objects.bulk_update(rows, ["identity_cipher", "identity_digest", "identity_tail_digest"])
            count += len(rows)
    return count


def refuse_unreadable() -> None:
    """Raises Conflict when the keys are not those that the stored numbers were encrypted with. Two quick queries.

    A number from before there were marks may be lost since an earlier change of the secret key: then others of its
    time are readable, and that is no reason to keep a city from starting.
    """
    known = {mark(key) for key in keyring.all_keys()}
    missing = _stored().exclude(known_by="").exclude(known_by__in=known)
    if missing.exists():
        raise _unreadable(missing.count(), sorted(set(missing.values_list("known_by", flat=True))))
    old = _stored().filter(known_by="")
    tried = [*old.order_by("pk")[:TRIED], *old.order_by("-pk")[:TRIED]]
    if tried and all(decrypt(row.identity_cipher) is None for row in tried):
        raise _unreadable(old.count())


def forget_unreadable(*, os_user: str = "") -> int:
    """Clears the numbers that no key reads, so that they can be registered anew; returns how many."""
    with transaction.atomic(), pghistory.context(command="rotate_identity_key --forget", os_user=os_user):
        lost = [row for row in _stored().select_for_update() if decrypt(row.identity_cipher) is None]
        for row in lost:
            encrypt(row, "")
        Vendor.objects.bulk_update(lost, ["identity_cipher", "identity_digest", "identity_tail_digest"])
    return len(lost)


def _stored() -> Any:
    """Vendors with a number; `known_by` is the mark of its key, '' for those of before there were marks."""
    before_colon = Func(
        F("identity_cipher"), Value(r"^([0-9a-f]{8}):"), function="substring", output_field=CharField()
    )
    return Vendor.objects.exclude(identity_cipher="").annotate(
        known_by=Func(before_colon, Value(""), function="coalesce", output_field=CharField())
    )


def _unreadable(count: int, marks: list[str] | None = None) -> Conflict:
    return Conflict(
        _(
            "%(count)s 个身份证号读不出来:现有密钥不是当初加密用的密钥%(marks)s。\n"
            "  → 把原来的密钥补进 %(file)s(每行一个,第一个用于加密),或设置 GRIDMGR_IDENTITY_KEY;"
            "旧版本没有设置过的,原密钥就是当时的 var/secret-key。备份里有 identity-key。\n"
            "  → 确实找不回:%(forget)s 清除这些号码,之后重新登记。"
        )
        % {
            "count": count,
            "file": keyring.file(),
            "marks": f" ({' '.join(marks)})" if marks else "",
            "forget": environment.manage("rotate_identity_key --forget"),
        }
    )
