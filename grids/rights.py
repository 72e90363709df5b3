"""Who shares out roads: administrators among branches, a secretary the own branch's sections among its members."""

import rules

from gridmgr.core.accounts.rights import (
    Reader,
    changes_places,
    is_administrator,
    is_of_branch,
    is_secretary,
    of_account,
    right,
)
from grids.models import Assignment


@right
def may_assign(reader: Reader) -> bool:
    """Give a branch a stretch of a road, and end that."""
    return is_administrator(reader)


@right
def may_share(reader: Reader, section: Assignment) -> bool:
    """Give members stretches of the section, and end that."""
    return is_administrator(reader) or shares_out(reader, section.branch_id)


@right
def shares_out(reader: Reader, branch_id: int) -> bool:
    """Is the one in the branch who shares its sections out."""
    return is_secretary(reader) and is_of_branch(reader, branch_id)


rules.add_perm("grids.view_road", of_account(changes_places))  # to choose the road on which a place stands
