"""Who works with registers: the office prepares them, planners and administrators turn them into proposed sites."""

import rules

from gridmgr.core.accounts.rights import (
    Reader,
    changes_places,
    is_office,
    of_account,
    right,
    sees_everybodys_phones,
)


@right
def may_prepare(reader: Reader) -> bool:
    """Upload, map columns, confirm places and pin them."""
    return is_office(reader) or changes_places(reader)


@right
def may_confirm(reader: Reader) -> bool:
    """Write the sites, and take them back."""
    return changes_places(reader)


@right
def may_see_contacts(reader: Reader) -> bool:
    """Read names and telephone numbers that a register holds: those who may read everybody's."""
    return sees_everybodys_phones(reader)


rules.add_perm("gridmgr.prepare_register", of_account(may_prepare))
