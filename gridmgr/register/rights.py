"""Who works with registers: the office prepares them, planners and administrators turn them into proposed sites."""

from gridmgr.core.accounts.audience import Audience


def may_prepare(audience: Audience) -> bool:
    """Upload, map columns, confirm places and pin them."""
    return audience.role in {"office", "planner", "administrator"}


def may_confirm(audience: Audience) -> bool:
    """Write the sites, and take them back."""
    return audience.role in {"planner", "administrator"}


def may_see_contacts(audience: Audience) -> bool:
    """Read names and telephone numbers that a register holds: those who may read everybody's."""
    return audience.may_see_phones_of(None)
