"""Who has briefings made: everyone but members, a secretary of their own branch alone."""

import rules

from gridmgr.core.accounts.rights import Reader, is_secretary, reader_of, right, sees_all
from grids.models import Branch


@right
def may_brief(reader: Reader) -> bool:
    return sees_all(reader)


@right
def may_brief_all(reader: Reader) -> bool:
    """Every branch, and the whole city."""
    return may_brief(reader) and not is_secretary(reader)


@right
def may_brief_on(reader: Reader, branch: Branch | None) -> bool:
    """This branch; None: any at all."""
    return may_brief_all(reader) or (may_brief(reader) and (branch is None or branch.pk == reader.branch_id))


def _of_account(user: object, branch: Branch | None = None) -> bool:
    return may_brief_on(reader_of(user), branch)


rules.add_perm("gridmgr.make_briefing", rules.predicate(_of_account))
