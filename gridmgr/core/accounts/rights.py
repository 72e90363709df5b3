"""Who may see and do what, as far as it concerns every app; and the roles, of which each app's own rights are made.

A right is a predicate of the library `rules` about a reader. Each app says its own in a module called `rights`, and roles are
compared in no other module (tests/test_roles.py). Which rows a reader gets is said by the querysets (`visible_to`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import rules
from rules.predicates import Predicate

from gridmgr.core.accounts.models import Role, User

SECRETARY = "secretary"  # of a branch, by the Member that the account belongs to (grids.enums.MemberRole)
ACTIONS = ("view", "add", "change", "delete")

Says = TypeVar("Says", bound=Callable[..., bool])


@dataclass(frozen=True)
class Reader:
    """Who asks: `role` is secretary, member, planner, office or administrator; the keys are a secretary's or member's."""

    role: str
    branch_id: int | None = None
    member_id: int | None = None


def member_of(user: object) -> Any:
    """The Member, serving or not, that the account belongs to; None for an account that is of no branch."""
    return getattr(user, "member", None) if isinstance(user, User) and user.role == Role.MEMBER else None


def reader_of(user: object) -> Reader:
    """The reader that `user` is; an account that is inactive, or without a serving member, is a member of no branch."""
    if not isinstance(user, User) or not user.is_active:
        return Reader(role=Role.MEMBER)
    if user.role != Role.MEMBER:
        return Reader(role=user.role)
    member = member_of(user)
    if member is None or member.left_on is not None:
        return Reader(role=Role.MEMBER)
    return Reader(role=member.role, branch_id=member.branch_id, member_id=member.pk)


def right(says: Says) -> Says:
    """The function as a predicate of `rules`, its types kept."""
    made: Says = rules.predicate(says)
    return made


def of_account(says: Callable[..., bool]) -> Predicate:
    """The same right, asked of an account: for `rules.add_perm`."""
    return Predicate(lambda user: says(reader_of(user)), name=str(says))


def allow_admin(app: str, models: list[str], says: Callable[..., bool]) -> None:
    """Lists the app in the admin for those of whom the right says so, who may change its `models` there."""
    rules.add_perm(app, of_account(says))
    for model in models:
        for action in ACTIONS:
            rules.add_perm(f"{app}.{action}_{model}", of_account(says))


# ── Roles ─────────────────────────────────────────────────────────────────────────────────────────────────


@right
def is_member(reader: Reader) -> bool:
    """A party member without office in the branch; a secretary is none."""
    return reader.role == Role.MEMBER


@right
def is_secretary(reader: Reader) -> bool:
    return reader.role == SECRETARY


@right
def is_planner(reader: Reader) -> bool:
    return reader.role == Role.PLANNER


@right
def is_office(reader: Reader) -> bool:
    return reader.role == Role.OFFICE


@right
def is_administrator(reader: Reader) -> bool:
    return reader.role == Role.ADMINISTRATOR


@right
def is_of_branch(reader: Reader, branch_id: int | None) -> bool:
    return branch_id is not None and branch_id == reader.branch_id


# ── Seeing ────────────────────────────────────────────────────────────────────────────────────────────────


@right
def sees_all(reader: Reader) -> bool:
    """Reads all rows of the layers, and histories; a member those of their own stretches. Phones are another question."""
    return not is_member(reader)


@right
def reads_metres(reader: Reader) -> bool:
    """Works with metres along roads; everyone else is told by crossings and compass sides."""
    return is_planner(reader)


@right
def works_on_street(reader: Reader) -> bool:
    """Has roads of their own: starts there, and guides vendors."""
    return is_secretary(reader) or is_member(reader)


@right
def sees_everybodys_phones(reader: Reader) -> bool:
    return is_office(reader) or is_administrator(reader)


@right
def sees_phones_of(reader: Reader, branch_id: int | None) -> bool:
    """Phones of a branch's members: office and administrator all, a secretary their own branch's."""
    return sees_everybodys_phones(reader) or (is_secretary(reader) and is_of_branch(reader, branch_id))


@right
def calls_secretary_of(reader: Reader, branch_id: int | None) -> bool:
    """A secretary's number, for work: a member their own secretary's; a secretary, office and administrator any."""
    if is_member(reader):
        return is_of_branch(reader, branch_id)
    return is_secretary(reader) or sees_everybodys_phones(reader)


# ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────


@right
def changes_places(reader: Reader) -> bool:
    """Plans sites, lays out lanes, points and bays, on pages, from files and in the admin."""
    return is_planner(reader) or is_administrator(reader)


rules.add_perm("gridmgr.see_history", of_account(sees_all))
