"""Recording an import, so that it stands in the list of imports and can be taken back as a whole.

    with recorded(layer="sites", file_name="登记表.xlsx", owner=request.user, way=Way.REGISTER) as account:
        …write…
        account.close({"created": 3, "updated": 1, "unchanged": 0, "refused": 2})

Whatever tracked rows the block writes, of whatever models, belong to this import: `undo.take_back` puts them back.
"""

import getpass
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pghistory
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Conflict
from gridmgr.core.importing.report import Report
from gridmgr.core.quantities import moment
from gridmgr.intake.models import Import, State, Way

COUNTED = ("created", "updated", "unchanged", "refused")
MOST_REFUSED_KEPT = 200
LOCK = "gridmgr.intake"


@dataclass
class Account:
    """What a block that imports says of itself; `context` is the history's context of everything it writes."""

    record: Import
    context: UUID
    closed: bool = False

    def close(self, counts: Mapping[str, int], report: Mapping[str, Any] | None = None) -> None:
        """Say that what was written shall stay, how many rows it was, and (as plain JSON) what is worth telling."""
        self.record.counts = {name: counts.get(name, 0) for name in COUNTED}
        self.record.report = dict(report or {})
        self.closed = True


@contextmanager
def recorded(
    *,
    layer: str = "",
    file_name: str = "",
    owner: User | None = None,
    way: Way = Way.COMMAND,
    sha256: str = "",
    datum: str = "",
    draft: Import | None = None,
) -> Iterator[Account]:
    """A transaction whose changes are one import; one at a time, others wait.

    Unless the block calls `Account.close`, everything is rolled back and there is no record, as when it raises.
    `owner` is None for commands: then the operating system's user is noted. `draft` is a previewed import that is
    written now, instead of a new one. Raises Conflict when the draft was written or dropped meanwhile.
    """
    with transaction.atomic():
        one_at_a_time()
        record = _claimed(draft) if draft else Import(
            layer=layer, file_name=file_name[-255:], owner=owner, by=name_of(owner), way=way,
            sha256=sha256, datum=datum,
        )  # fmt: skip
        about = {"import": str(record.pk)} | ({} if owner or draft else {"os_user": os_user()})
        with pghistory.context(**about) as context:
            if Import.objects.filter(context=context.id).exists():
                raise RuntimeError("two imports under one context of history could not be told apart")
            account = Account(record, context.id)
            yield account
        _end_context()
        if not account.closed:
            transaction.set_rollback(True)
            return
        record.context, record.state, record.written_at = account.context, State.WRITTEN, timezone.now()
        record.save()


def one_at_a_time() -> None:
    """Imports follow each other, until the transaction ends: the second sees what the first has written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])


def another_runs() -> bool:
    """Whether an import is at work just now, so that one which began would wait for its end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN pg_try_advisory_lock(hashtext(%s)) THEN pg_advisory_unlock(hashtext(%s)) END",
            [LOCK, LOCK],
        )
        return cursor.fetchone()[0] is None


def _end_context() -> None:
    """What follows in the same transaction, when the caller's goes on, is not the import's any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pghistory.context_id', '', true)")


def _claimed(draft: Import) -> Import:
    """The draft as it is now, locked; raises Conflict unless it still waits to be written."""
    now = Import.objects.select_for_update().filter(pk=draft.pk).first()
    if now is None:
        raise Conflict(_("这次导入已不存在。请重新上传文件。"))
    if now.state in {State.WRITTEN, State.UNDONE}:
        raise Conflict(
            _("%(file)s 已于 %(at)s 写入,没有再写一次。")
            % {"file": now.file_name, "at": moment(now.written_at)}
        )
    if now.state != State.PREVIEWED:
        raise Conflict(_("%s 还没有预览,不能写入。请先预览。") % now.file_name)
    found: Import = now
    return found


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def counts_of(report: Report) -> dict[str, int]:
    """The counts of an import into one layer, as `Account.close` takes them."""
    return {**next(iter(report.counts.values()), {}), "refused": len(report.refused)}


def kept_of(report: Report) -> dict[str, Any]:
    """What stays of a report in the record: the lists are long."""
    return {
        "crs": report.crs,
        "rows_read": report.rows_read,
        "notes": report.notes,
        "refused": [asdict(refusal) for refusal in report.refused[:MOST_REFUSED_KEPT]],
    }


def name_of(user: User | None) -> str:
    """How the list of imports calls whoever imports: the account's name, or the operating system's user."""
    return user.get_username() if user else os_user()


def os_user() -> str:
    """The operating system's name of whoever runs this, '' when there is none (a bare number in a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
