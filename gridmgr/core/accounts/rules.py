"""Who may change what: every right that is more than seeing, as predicates in one place.

What a person sees follows from their Audience. Changing things happens in the admin alone, so far: an administrator
may change everything, a planner the places; nobody else changes anything.
"""

from typing import Any

import rules

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.accounts.models import Role, User

# Places and what belongs to them, none of which carries a phone number.
PLACES = {
    "vendors": ["site", "pitch"],
    "parking": ["school", "schoolgate", "pandalane", "dropoffpoint", "dropoffhours", "bay"],
}
ACTIONS = ("view", "add", "change", "delete")


@rules.predicate
def is_administrator(user: User) -> bool:
    return user.is_active and getattr(user, "role", "") == Role.ADMINISTRATOR


@rules.predicate
def is_planner(user: User) -> bool:
    return user.is_active and getattr(user, "role", "") == Role.PLANNER


@rules.predicate
def is_grid_member(user: User) -> bool:
    """A party member without office in the branch; a secretary is none."""
    member = getattr(user, "member", None) if getattr(user, "role", "") == Role.MEMBER else None
    return member is not None and member.role == "member"


@rules.predicate
def makes_briefings(user: User, branch: Any = None) -> bool:
    """Of this branch (None: of any at all): everyone but members, a secretary of their own branch alone."""
    reader = audience_of(user)
    if reader.role == "secretary":
        return branch is None or branch.pk == reader.branch_id
    return reader.role != Role.MEMBER


may_change_places = is_administrator | is_planner
may_see_history = rules.predicate(lambda user: user.is_active, name="is_active") & ~is_grid_member

rules.add_perm("gridmgr.see_history", may_see_history)
rules.add_perm("gridmgr.make_briefing", makes_briefings)
for app, models in PLACES.items():
    rules.add_perm(app, may_change_places)  # the app is listed in the admin
    for model in models:
        for action in ACTIONS:
            rules.add_perm(f"{app}.{action}_{model}", may_change_places)
rules.add_perm("grids.view_road", may_change_places)  # to choose the road on which a place stands
