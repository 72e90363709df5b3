"""One step back: what a person just did to sections and shares, kept in their session until it is undone or stale."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from gridmgr.core.errors import NotThere
from grids.domain.restore import ShareRecord, reopen_section, reopen_share, take_back_section, take_back_share
from grids.models import Assignment, MemberAssignment

SLOT = "undo_steps"
MOST = 5
VALID = timedelta(hours=24)


def remember(request: HttpRequest, section: Assignment, did: str, **facts: Any) -> str:
    """Keeps what was done (`did`, with the facts that undoing needs) and returns its key."""
    key = get_random_string(12)
    step = {"key": key, "section": section.pk, "did": did, "at": timezone.now().timestamp(), **facts}
    request.session[SLOT] = [*request.session.get(SLOT, []), step][-MOST:]
    return key


def records_of(section: Assignment) -> list[dict[str, Any]]:
    """The section's shares, as `remember` keeps them."""
    return [_plain(asdict(ShareRecord.of(share))) for share in section.shares.all()]


def step_of(request: HttpRequest, key: str, section: Assignment) -> dict[str, Any] | None:
    """What can still be undone under this key on this section."""
    oldest = timezone.now().timestamp() - VALID.total_seconds()
    steps = request.session.get(SLOT, [])
    return next(
        (s for s in steps if s["key"] == key and s["section"] == section.pk and s["at"] >= oldest), None
    )


def undo(request: HttpRequest, key: str, section: Assignment) -> str:
    """Takes the step back and forgets it; returns what was done. Raises NotThere, or Conflict in words."""
    step = step_of(request, key, section)
    if step is None:
        raise NotThere(_("这一步已撤销或已超过 24 小时,无法再撤销。请在页面上直接修改。"))
    _UNDO[step["did"]](section, step)
    request.session[SLOT] = [each for each in request.session[SLOT] if each["key"] != key]
    return str(step["did"])


def _undo_add(section: Assignment, step: dict[str, Any]) -> None:
    take_back_section(section)


def _undo_end(section: Assignment, step: dict[str, Any]) -> None:
    shares = [ShareRecord(**_dated(record)) for record in step["shares"]]
    reopen_section(section, ended_on=_day(step["on"]), until=_day_or_none(step["until"]), shares=shares)


def _undo_share(section: Assignment, step: dict[str, Any]) -> None:
    take_back_share(_share(section, step))


def _undo_end_share(section: Assignment, step: dict[str, Any]) -> None:
    reopen_share(_share(section, step), ended_on=_day(step["on"]), until=_day_or_none(step["until"]))


_UNDO = {"add": _undo_add, "end": _undo_end, "share": _undo_share, "end-share": _undo_end_share}


def _share(section: Assignment, step: dict[str, Any]) -> MemberAssignment:
    share = section.shares.filter(pk=step["share"]).first()
    if share is None:
        raise NotThere(_("这一党员责任段已不存在,无法撤销。"))
    return share


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _dated(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "since": _day(values["since"]), "until": _day_or_none(values["until"])}


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _day_or_none(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
