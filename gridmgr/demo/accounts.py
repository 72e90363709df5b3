"""Accounts of the demo city, with random passwords, and the file that tells its owner about them."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.contrib.auth.hashers import make_password

from gridmgr.core.accounts.models import Role, User
from grids.models import Branch, Member

# A domain that never exists (RFC 2606) marks the accounts that the demo made.
MAIL_DOMAIN = "demo.invalid"
PASSWORD_BYTES = 9  # twelve characters


@dataclass(frozen=True)
class Account:
    """One line of the file: what the account is for, its branch's code if it has one, and how to log in."""

    role: str
    branch: str | None
    username: str
    password: str


def make_accounts(branches: Sequence[Branch]) -> list[Account]:
    """A login for the secretaries of the first two branches, a member of the first, planner, office and administrator."""
    taken = set(User.objects.values_list("username", flat=True))
    accounts = []
    for role, member, wanted in _wanted(branches):
        username = next(name for name in _free(wanted) if name not in taken)
        taken.add(username)
        account = Account(
            role, member.branch.code if member else None, username, secrets.token_urlsafe(PASSWORD_BYTES)
        )
        user = _user(account, member)
        if member is not None:
            member.user = user
            member.save(update_fields=["user"])
        accounts.append(account)
    return accounts


def user_of(accounts: Sequence[Account], role: str) -> User:
    """The user of the one account made for this role."""
    username = next(account.username for account in accounts if account.role == role)
    return User.objects.get(username=username)


def _wanted(branches: Sequence[Branch]) -> Iterator[tuple[str, Member | None, str]]:
    for branch in branches[:2]:
        yield "secretary", branch.members.select_related("branch").get(role="secretary"), f"s{branch.code}"
    one = branches[0].members.select_related("branch").filter(role="member").order_by("pk").first()
    yield "member", one, f"m{branches[0].code}"
    yield "planner", None, "planner"
    yield "office", None, "office"
    yield "administrator", None, "admin"


def _free(wanted: str) -> Iterator[str]:
    yield wanted
    number = 1
    while True:
        yield f"demo{number}-{wanted}"
        number += 1


def _user(account: Account, member: Member | None) -> User:
    role = Role.MEMBER if member is not None else Role(account.role)
    return User.objects.create(
        username=account.username,
        password=make_password(account.password),
        role=role,
        last_name=member.name if member else "",
        email=f"{account.username}@{MAIL_DOMAIN}",
    )


def prepared(accounts: Sequence[Account], path: Path) -> Path:
    """Write the accounts beside `path`, readable by the owner alone, and return where; put it in its place when all is well.

    The file is created anew under a name that nobody can foresee, so it is never somebody else's file or link, and at
    no moment readable by others.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(account) for account in accounts], file, ensure_ascii=False, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    return waiting
