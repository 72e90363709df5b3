"""Who may bring a layer's files in, and who may take files out."""

from typing import Any

import rules
from django.core.exceptions import PermissionDenied

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.accounts.models import Role
from gridmgr.data_files import IMPORTERS

TAKE_OUT = {Role.PLANNER, Role.OFFICE, Role.ADMINISTRATOR, "secretary"}


def may_import(user: Any, layer: str) -> bool:
    """Whoever may add and change the layer's rows in the admin: planners the places, administrators all."""
    if layer not in IMPORTERS:
        return False
    meta = IMPORTERS[layer].model._meta
    return user.is_active and all(
        user.has_perm(f"{meta.app_label}.{action}_{meta.model_name}") for action in ("add", "change")
    )


def importable(user: Any) -> list[str]:
    """The layers whose files this person may bring in, in the order in which a whole city comes in."""
    return [layer for layer in IMPORTERS if may_import(user, layer)]


def may_export(user: Any) -> bool:
    """Everyone but plain members; each only what they see."""
    return audience_of(user).role in TAKE_OUT


rules.add_perm("gridmgr.export_data", rules.predicate(may_export))


def require(allowed: bool) -> None:
    """Raises PermissionDenied unless `allowed`."""
    if not allowed:
        raise PermissionDenied
