"""For whom an answer is made: what a person may see, reduced to what queries and caches need."""

from dataclasses import astuple, dataclass

from django.db.models import BigIntegerField

from gridmgr.core.accounts import rights
from gridmgr.core.accounts.models import Role
from gridmgr.core.statements import Gap


@dataclass(frozen=True)
class Audience(rights.Reader):
    """The reader of a page, map or tile. What each role may see is said in `rights`."""

    @property
    def sees_all(self) -> bool:
        """Whether all rows of the layers are this reader's to see (phone numbers are another question)."""
        return rights.sees_all(self)

    @property
    def reads_metres(self) -> bool:
        """Whether the reader works with metres along roads."""
        return rights.reads_metres(self)

    @property
    def key(self) -> str:
        """What a cache must tell apart."""
        return "all" if self.sees_all else f"member-{self.member_id}"

    @property
    def scope(self) -> "Audience":
        """The reader as the rows of layers know them: all who see everything are one."""
        return EVERYTHING if self.sees_all else self

    def may_see_phones_of(self, branch_id: int | None) -> bool:
        """Whether the reader may see the phones of that branch's members."""
        return rights.sees_phones_of(self, branch_id)

    def may_call_secretary_of(self, branch_id: int | None) -> bool:
        """Whether the reader may see the phone of that branch's secretary."""
        return rights.calls_secretary_of(self, branch_id)


EVERYTHING = Audience(role=Role.ADMINISTRATOR)  # for commands, and for what is shown to nobody


def any_reader(*, sees_all: bool) -> Audience:
    """Whoever sees everything, or any one member: the reader in a statement that is written once.

    What it knows of the member are gaps, filled from `gaps_of`: what was written for one can't be asked as another.
    """
    if sees_all:
        return EVERYTHING
    branch, member = Gap("branch", BigIntegerField()), Gap("member", BigIntegerField())
    return Audience(role=Role.MEMBER, branch_id=branch, member_id=member)  # type: ignore[arg-type]


def gaps_of(audience: Audience) -> dict[str, int | None]:
    """What fills the gaps of `any_reader`."""
    return {"branch": audience.branch_id, "member": audience.member_id}


def audience_of(user: object) -> Audience:
    """The audience that `user` is; an account without a serving member sees nothing."""
    return Audience(*astuple(rights.reader_of(user)))
