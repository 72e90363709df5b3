"""For whom an answer is made: what a person may see, reduced to what queries and caches need."""

from dataclasses import dataclass
from typing import Any

from gridmgr.core.accounts.models import Role, User


@dataclass(frozen=True)
class Audience:
    """The reader of a page, map or tile.

    `role` is secretary, member, planner, office or administrator; `branch_id` and `member_id` are those of a
    secretary or member. A member sees their own stretches; everyone else sees all layers.
    """

    role: str
    branch_id: int | None = None
    member_id: int | None = None

    @property
    def sees_all(self) -> bool:
        """Whether all rows of the layers are this reader's to see (phone numbers are another question)."""
        return self.role != "member"

    @property
    def reads_metres(self) -> bool:
        """Whether the reader works with metres along roads; everyone else is told by crossings and compass sides."""
        return self.role == "planner"

    @property
    def key(self) -> str:
        """What a cache must tell apart."""
        return "all" if self.sees_all else f"member-{self.member_id}"

    def may_see_phones_of(self, branch_id: int | None) -> bool:
        """Phone numbers: office and administrator all, a secretary their own branch's."""
        return self.role in {"office", "administrator"} or (
            self.role == "secretary" and branch_id is not None and branch_id == self.branch_id
        )

    def may_call_secretary_of(self, branch_id: int | None) -> bool:
        """A secretary's number, for work: a member their own secretary's, a secretary any other's, office and administrator all."""
        return self.role in {"office", "administrator", "secretary"} or (
            self.role == "member" and branch_id is not None and branch_id == self.branch_id
        )


NOBODY = Audience(role="member")


def audience_of(user: Any) -> Audience:
    """The audience that `user` is; an account without a serving member sees nothing."""
    if not isinstance(user, User) or not user.is_active:
        return NOBODY
    if user.role != Role.MEMBER:
        return Audience(role=user.role)
    member = getattr(user, "member", None)
    if member is None or member.left_on is not None:
        return NOBODY
    return Audience(role=member.role, branch_id=member.branch_id, member_id=member.pk)
