"""Two people at one thing: the second is shown what the first saved beside what she wants; nothing is overwritten unseen.

The version of a row is its newest event in the history, which every write leaves, by whatever way it comes. A form
carries the version that was on the screen; it is compared while the row is locked, in the transaction that saves.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Self

from django import forms
from django.db import models
from django.db.models import Max
from django.utils.translation import gettext as _

from gridmgr.core import quantities
from gridmgr.core.changes import Change, changes_between
from gridmgr.core.errors import Conflict
from gridmgr.core.history import event_model, is_tracked

SEEN = "seen"  # the name under which a form carries the version


# ── Versions ──────────────────────────────────────────────────────────────────────────────────────────────


def version_of(row: models.Model) -> str:
    """The version of a row as the database has it now. One query; none for what has no history."""
    return versions_of([row])[row.pk]


def versions_of(rows: Sequence[models.Model]) -> dict[Any, str]:
    """The version of each row, all of one model, by key. One query."""
    if not rows:
        return {}
    if not is_tracked(type(rows[0])):
        return {row.pk: digest_of(row) for row in rows}
    events = event_model(type(rows[0])).objects.filter(pgh_obj_id__in=[row.pk for row in rows])
    newest = dict(events.order_by().values_list("pgh_obj_id").annotate(Max("pgh_id")))
    return {row.pk: str(newest.get(row.pk, 0)) for row in rows}


def digest_of(row: models.Model) -> str:
    """Of what the row holds: the version of what has no history."""
    held = [f"{each.attname}={each.value_from_object(row)}" for each in row._meta.concrete_fields]
    return "x" + hashlib.sha256("\n".join(held).encode()).hexdigest()[:24]


def mark_versions(rows: Iterable[Any]) -> None:
    """Gives each row its version as `seen`, for the forms of a page. One query."""
    rows = list(rows)
    known = versions_of(rows)
    for row in rows:
        row.seen = known[row.pk]


def as_it_was(row: models.Model, version: str) -> Any:
    """The row as it was at that version, or None."""
    if not is_tracked(type(row)) or not version.isdecimal() or len(version) > 18:
        return None
    return event_model(type(row)).objects.filter(pgh_obj_id=row.pk, pgh_id=int(version)).first()


def newest_event(row: models.Model) -> Any:
    if not is_tracked(type(row)):
        return None
    events = event_model(type(row)).objects.filter(pgh_obj_id=row.pk).select_related("pgh_context")
    return events.order_by("-pgh_id").first()


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────


class Changed(Conflict):
    """Somebody changed the row after it was on the screen: what, and beside it what this person wants."""

    page = "meanwhile.html"
    carried_as = SEEN  # the field of the form in which the version is sent

    def __init__(self, row: models.Model, *, since: str, hidden: Sequence[str] = ()) -> None:
        self.row, self.version = row, version_of(row)
        self.change = change_since(row, since, hidden)
        self.now: list[tuple[str, str]] = []
        self.mine: list[tuple[str, str]] = []
        self.back = ""
        super().__init__(_told(row, self.change))

    def wanting(self, mine: Sequence[tuple[Any, Any]], *, back: str) -> Self:
        """With what this person wanted, as label and value, and the page from which it came."""
        self.mine = [(str(label), _plain(value)) for label, value in mine]
        self.back = back
        return self

    def wanting_form(self, form: forms.Form, *, back: str) -> Self:
        """With what this person wrote into the form."""
        return self.wanting(
            [(bound.label, form.cleaned_data.get(bound.name)) for bound in form.visible_fields()], back=back
        )


def _plain(value: Any) -> str:
    return quantities.NOTHING if value is None or value == "" else str(value)


def change_since(row: models.Model, version: str, hidden: Sequence[str] = ()) -> Change | None:
    """What became of the row since that version, all in one, and who was last; None for what has no history."""
    newest = newest_event(row)
    if newest is None:
        return None
    change = changes_between([(newest, as_it_was(row, version))], hidden=hidden)[0]
    return replace(change, at=newest.pgh_created_at)


def _told(row: models.Model, change: Change | None) -> str:
    if change is None:
        return _("%(thing)s刚被别人改过,什么都没有保存。请对照两个版本后再决定。") % {"thing": row}
    return _("%(thing)s刚被 %(who)s 改过(%(at)s),什么都没有保存。请对照两个版本后再决定。") % {
        "thing": row,
        "who": change.who,
        "at": quantities.moment(change.at),
    }


def require_unchanged(row: models.Model, seen: str | None, *, hidden: Sequence[str] = ()) -> None:
    """Raises Changed unless the row, which the caller has locked, still is as it was on the screen; None: no screen."""
    if seen is not None and seen != version_of(row):
        raise Changed(row, since=seen, hidden=hidden)
