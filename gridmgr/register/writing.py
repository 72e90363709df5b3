"""A register confirmed: its sites proposed and changed as one import, which can be taken back as a whole."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Conflict, DomainError
from gridmgr.intake.models import Import, Way
from gridmgr.intake.record import Account, recorded
from gridmgr.intake.undo import take_back
from gridmgr.register import shelf
from gridmgr.register.enums import Outcome, Stage
from gridmgr.register.models import Entry, Register
from gridmgr.register.placing import Step, as_plain, counts_of, steps_of, token_of
from vendors.domain.plan import edit_site, propose_site
from vendors.layers import SITES


def confirm(register: Register, *, token: str, by: User, on: date | None = None) -> Import:
    """Write what was previewed under `token`, all of it or nothing.

    Raises Conflict when the register or what stands around it has changed since, or when nothing would be written.
    """
    on = on or timezone.localdate()
    named = {"layer": SITES.name, "file_name": register.file_name, "owner": by, "way": Way.REGISTER}
    with transaction.atomic():
        with recorded(**named) as account:  # type: ignore[arg-type]
            _write_all(register, token, by, on, account)
        Register.objects.filter(pk=register.pk).update(stage=Stage.WRITTEN, record=account.record)
    shelf.remove(register.pk)
    return account.record


def _write_all(register: Register, token: str, by: User, on: date, account: Account) -> None:
    locked = register.locked()
    if locked.stage != Stage.REVIEW:
        raise Conflict(_("%s已经导入过,没有再导入一次。") % locked)
    steps = steps_of(locked, on=on)
    if token_of(steps) != token:
        raise Conflict(_("预览之后有了改动,什么都没有写入。请再看一遍预览,然后确认。"))
    if not any(step.outcome in ("created", "changed") for step in steps):
        raise Conflict(_("没有可以写入的行。请先给各行定点、填数量。"))
    for step in steps:
        _write(step, by, on)
    counted = counts_of(steps)
    account.record.rows = len(steps)
    account.close(
        {**counted, "updated": counted["changed"]}, {"register": locked.pk, "rows": as_plain(steps)}
    )


def _write(step: Step, by: User, on: date) -> None:
    """One row; one that is refused at the last moment stops the whole import, for the preview said otherwise."""
    entry = step.entry
    try:
        if step.outcome == "created" and step.drawn is not None:
            entry.site_code = propose_site(draft=step.drawn.draft, by=by, on=on).code
        elif step.outcome == "changed" and step.drawn is not None and step.site is not None:
            version, draft = step.site.version, step.drawn.draft
            entry.site_code = edit_site(
                site=step.site, expected_version=version, draft=draft, by=by, on=on
            ).code
        elif step.site is not None:
            entry.site_code = step.site.code
    except DomainError as error:
        raise Conflict(
            _("第 %(row)s 行写不进去,什么都没有写入:%(why)s") % {"row": entry.row, "why": error}
        ) from error
    outcome = step.words[:300] if step.outcome == Outcome.REFUSED else step.outcome
    Entry.objects.filter(pk=entry.pk).update(site_code=entry.site_code, outcome=outcome)


def undo(register: Register, *, by: User) -> dict[str, int]:
    """Take the import back: the proposed sites go, the changed ones are as they were. The rows keep their places.

    Raises CannotUndo when a site was changed since; Conflict when there is nothing to take back.
    """
    if register.record is None:
        raise Conflict(_("%s还没有导入,无需撤销。") % register)
    return take_back(register.record, by=by)


def reopen(*, record: Import, **_signal: object) -> None:
    """A register whose import is taken back, wherever that was asked for, waits to be looked through again."""
    for register in Register.objects.select_for_update().filter(record=record):
        register.entries.update(site_code="", outcome="")
        register.stage, register.record = Stage.REVIEW, None
        register.save(update_fields=["stage", "record"])
