"""Tries to log in: a guesser is slowed down, and the owner gets in from where she logged in before.

Every try is a row, written before the password is looked at, so that a thousand at once over all processes count as a
thousand. Limits are per name and address together, per address, and per name. From an address where the name has
logged in before only the first of them counts: others can't shut the owner out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.accounts.address import home_of
from gridmgr.core.accounts.models import LoginTry

KNOWN_FOR = timedelta(days=90)
KEPT_FOR = timedelta(days=1)  # failures; longer than any window


@dataclass(frozen=True)
class Limit:
    """The most failures within a time: of one name from one address, of one address, of one name."""

    within: timedelta
    pair: int
    address: int
    name: int


def limits() -> Sequence[Limit]:
    """By GRIDMGR_LOGIN_TRIES: so many for a name from an address in a quarter of an hour, the rest in proportion."""
    tries = settings.GRIDMGR_LOGIN_TRIES
    return (
        Limit(timedelta(minutes=15), pair=tries, address=5 * tries, name=3 * tries),
        Limit(timedelta(days=1), pair=5 * tries, address=25 * tries, name=15 * tries),
    )


@dataclass(frozen=True)
class Try:
    """One try, on record. `wait`: how long this name must wait from here, or None: the password may be looked at."""

    row: LoginTry
    wait: timedelta | None

    def succeeded(self) -> None:
        """The password was right: this address is known for the name, and what failed from here is forgotten."""
        LoginTry.objects.filter(pk=self.row.pk).update(outcome=LoginTry.OK)
        _failed(name=self.row.name, address=self.row.address).update(outcome=LoginTry.FORGIVEN)
        _tidy()

    def withdraw(self) -> None:
        """It was none that counts."""
        LoginTry.objects.filter(pk=self.row.pk).delete()


def too_often(wait: timedelta) -> str:
    """How long to wait, in words."""
    return _("输错的次数太多。请 %(minutes)s 分钟后再试;急用请联系管理员。") % {
        "minutes": math.ceil(wait.total_seconds() / 60)
    }


def begin(name: str, address: str) -> Try:
    """Puts a try on record and says whether it may go on."""
    row = LoginTry.objects.create(name=name_key(name), address=home_of(address))
    wait = _wait(row)
    if wait is not None:
        # Refused tries don't count, or whoever goes on trying would keep everybody out for good.
        LoginTry.objects.filter(pk=row.pk).delete()
    return Try(row, wait)


def name_apart(what: str, username: str) -> str:
    """The name under which an account's tries at something other than the login are counted.

    It begins with a blank, as no name at the login page does: nobody without an account can use up another's tries.
    """
    return f" {what} {username}"


def forget(name: str) -> None:
    """Failures of a name count no longer: an administrator has given it a new password."""
    LoginTry.objects.filter(name=name_key(name), outcome=LoginTry.FAILED).update(outcome=LoginTry.FORGIVEN)


def name_key(name: str) -> str:
    """As a name is counted: as the database finds it, no longer than it keeps, without NUL."""
    return name.replace("\0", "")[:150]


def _wait(row: LoginTry) -> timedelta | None:
    known = _is_known(row)
    waits = [
        wait
        for limit in limits()
        for where, most in _counted(row, limit, known)
        if (wait := _until_fewer(where, most, limit.within)) is not None
    ]
    return max(waits, default=None)


def _counted(row: LoginTry, limit: Limit, known: bool) -> list[tuple[Q, int]]:
    pair = (Q(name=row.name, address=row.address), limit.pair)
    if known:
        return [pair]
    return [pair, (Q(address=row.address), limit.address), (Q(name=row.name), limit.name)]


def _until_fewer(where: Q, most: int, within: timedelta) -> timedelta | None:
    """How long until fewer than `most` failures are that young, this one not counted; None: that is so now."""
    now = timezone.now()
    failed = LoginTry.objects.filter(where, outcome=LoginTry.FAILED, at__gt=now - within)
    youngest = list(failed.order_by("-at").values_list("at", flat=True)[: most + 1])
    return youngest[-1] + within - now if len(youngest) > most else None


def _is_known(row: LoginTry) -> bool:
    since = timezone.now() - KNOWN_FOR
    return LoginTry.objects.filter(
        name=row.name, address=row.address, outcome=LoginTry.OK, at__gt=since
    ).exists()


def _failed(*, name: str, address: str) -> "QuerySet[LoginTry]":
    return LoginTry.objects.filter(name=name, address=address, outcome=LoginTry.FAILED)


def _tidy() -> None:
    """What counts no longer is deleted, by whoever logs in."""
    now = timezone.now()
    LoginTry.objects.exclude(outcome=LoginTry.OK).filter(at__lt=now - KEPT_FOR).delete()
    LoginTry.objects.filter(at__lt=now - KNOWN_FOR).delete()
