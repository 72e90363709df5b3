"""Who may bring a layer's files in, who may take them back, and who may take files out."""

import rules
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from gridmgr.core.accounts.models import User
from gridmgr.core.accounts.rights import Reader, is_administrator, of_account, reader_of, right, sees_all
from gridmgr.data_files import IMPORTERS
from gridmgr.intake.models import Import, ImportQuerySet

Account = User | AnonymousUser


@right
def may_import(user: Account, layer: str) -> bool:
    """Bring the layer's files in: whoever may add and change its rows in the admin; planners the places, administrators all."""
    if layer not in IMPORTERS:
        return False
    meta = IMPORTERS[layer].model._meta
    return user.is_active and all(
        user.has_perm(f"{meta.app_label}.{action}_{meta.model_name}") for action in ("add", "change")
    )


def importable(user: Account) -> list[str]:
    """The layers whose files this person may bring in, in the order in which a whole city comes in."""
    return [layer for layer in IMPORTERS if may_import(user, layer)]


@right
def sees_all_imports(reader: Reader) -> bool:
    """Drafts of others, too."""
    return is_administrator(reader)


def imports_of(user: Account) -> ImportQuerySet:
    """The imports that this person may look at."""
    rows: ImportQuerySet = Import.objects.all()
    return rows if sees_all_imports(reader_of(user)) else rows.of(user, importable(user))


@right
def may_restore(owner: User | None) -> bool:
    """Have restored from a file of theirs what no form can set: who brought it in, whether active or not since."""
    return owner is not None and is_administrator(Reader(role=owner.role))


@right
def may_export(reader: Reader) -> bool:
    """Take files out: everyone but plain members; each only what they see."""
    return sees_all(reader)


rules.add_perm("gridmgr.export_data", of_account(may_export))


def require(allowed: bool) -> None:
    """Raises PermissionDenied unless `allowed`."""
    if not allowed:
        raise PermissionDenied
