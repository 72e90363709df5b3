"""Forms that two people may have open at once: what the other saved meanwhile stands beside what this one wants."""

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from gridmgr.core import quantities
from gridmgr.core.changes import changed_fields, changes_between, in_words
from gridmgr.core.meanwhile import SEEN, as_it_was, newest_event, version_of, versions_of

MINE, THEIRS, SAME = "mine", "theirs", "same"


@dataclass(frozen=True)
class Difference:
    """One field in two versions, in words. `choice`: mine, theirs, or '' while both changed it and nobody chose."""

    name: str
    label: str
    before: str
    theirs: str
    mine: str
    choice: str = ""
    can_choose: bool = True


@dataclass(frozen=True)
class Meanwhile:
    """Who saved what while this person had the form open."""

    thing: str
    who: str
    at: datetime | None
    rows: list[Difference] = field(default_factory=list)

    @property
    def undecided(self) -> list[Difference]:
        return [row for row in self.rows if row.can_choose and not row.choice]


class SeenField(forms.CharField):
    """The version that was on the screen; after a refusal the first one and the one that was then shown: `12-15`."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, max_length=80)
        self.shown = ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False

    def bound_data(self, data: Any, initial: Any) -> Any:
        return self.shown or super().bound_data(data, initial)


class SharedForm(forms.ModelForm):
    """A form for what more than one person may change.

    Bound, it locks its row (so it is asked in a transaction), takes over what is stored now, and is refused when that
    isn't what was on the screen, with both versions field by field in `meanwhile`.
    """

    seen = SeenField()

    # Form fields that are no fields of the model → the model's field that tells whether they were changed.
    stands_for: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meanwhile: Meanwhile | None = None
        self.stale = False
        self.hidden: set[str] = set()  # fields whose stored value this reader may not see
        self.locked_at: str | None = None  # the version, when a formset has locked all its rows at once
        self._taken: set[str] = set()
        self.initial[SEEN] = lambda: version_of(self.instance) if self.instance.pk else ""

    # ── Locking ──

    def full_clean(self) -> None:
        if self.is_bound and self.instance.pk and self.locked_at is None:
            self._lock()
        super().full_clean()

    def _lock(self) -> None:
        rows = type(self.instance)._base_manager.select_for_update(of=("self",), no_key=True)
        try:
            self.instance.refresh_from_db(from_queryset=rows)
        except type(self.instance).DoesNotExist:
            self.locked_at = ""
            return
        stored = forms.models.model_to_dict(self.instance, self._meta.fields, self._meta.exclude)
        self.initial.update({name: value for name, value in stored.items() if name not in self.hidden})
        self.locked_at = version_of(self.instance)

    # ── Comparing ──

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        seen = str(self.cleaned_data.get(SEEN) or "")
        if not self.instance.pk or self.locked_at == "":
            if seen:
                self.add_error(
                    None, _("这一条已被别人删除,没有保存。您填的内容还在页面上,如仍需要请重新新增。")
                )
            return
        first, _dash, later = seen.partition("-")
        if first != self.locked_at:
            self._compare(first, later or first)

    def _take(self, name: str) -> None:
        """What the other saved counts as filled in."""
        each = self.fields[name]
        each.disabled = True  # a range of such a field takes its value whole
        self.cleaned_data[name] = each.clean(self[name].initial)
        each.disabled = False
        self._errors.pop(name, None)  # type: ignore[attr-defined]
        self._taken.add(name)

    def _chosen(self, name: str) -> str:
        given = str(self.data.get(f"take-{self.add_prefix(name)}", ""))
        return given if given in (MINE, THEIRS) else MINE if self.data.get("take-all") == MINE else ""

    def _compare(self, first: str, shown: str) -> None:
        found = self._meet(first)
        if shown != self.locked_at and self._says_the_same(found):
            return
        self.meanwhile = found
        self.fields[SEEN].shown = f"{first}-{self.locked_at}"  # type: ignore[attr-defined]
        self.stale = shown != self.locked_at
        if self.stale:
            self.add_error(None, self._told())
        elif found.undecided:
            labels = _("、").join(row.label for row in found.undecided)
            self.add_error(None, _("两人都改了%(fields)s:请逐项选定后再保存。") % {"fields": labels})
        else:
            for row in found.rows:
                if row.can_choose and row.choice == THEIRS:
                    self._take(row.name)

    def _told(self) -> str:
        found = self.meanwhile
        if found is None or found.at is None:
            return _("%(thing)s刚被别人改过,您的修改还在页面上,什么都没有保存。请对照两个版本后再保存。") % {
                "thing": self.instance
            }
        return _(
            "%(thing)s刚被 %(who)s 改过(%(at)s),您的修改还在页面上,什么都没有保存。请对照两个版本后再保存。"
        ) % {"thing": self.instance, "who": found.who, "at": quantities.moment(found.at)}

    @staticmethod
    def _says_the_same(found: Meanwhile) -> bool:
        """Sent twice, or both typed the same: there is nothing to choose, and nothing that the form doesn't show."""
        return all(row.can_choose and row.choice == SAME for row in found.rows)

    def _meet(self, first: str) -> Meanwhile:
        event, newest = as_it_was(self.instance, first), newest_event(self.instance)
        change = changes_between([(newest, None)])[0] if newest is not None else None
        changed = (
            {each.name: (each, old) for each, old, _new in changed_fields(newest, event)} if event else None
        )
        rows = [row for name in self.fields if (row := self._difference(name, event, changed))]
        stored = {self.stands_for.get(name, name) for name in self.fields}
        for name, (each, old) in (changed or {}).items():
            if name not in stored:
                now = getattr(newest, each.attname)
                rows.append(self._aside(each, old, now))
        return Meanwhile(
            str(self.instance), change.who if change else "", newest.pgh_created_at if newest else None, rows
        )

    def _aside(self, each: Any, old: Any, now: Any) -> Difference:
        """A change of something that this form doesn't set."""
        hide = each.name in self.hidden or each.name.endswith("digest_of")
        before, theirs = (in_words(each, value, hidden=hide) for value in (old, now))
        label = str(each.verbose_name)
        return Difference(each.name, label, before, theirs, quantities.NOTHING, THEIRS, can_choose=False)

    def _difference(self, name: str, event: Any, changed: dict[str, Any] | None) -> Difference | None:
        """How the form's field differs in the two versions; None when neither person touched it."""
        each = self._stored_field(name)
        if each is None or self.fields[name].disabled:
            return None
        bound = self[name]
        touched = self.fields[name].has_changed(bound.initial, bound.data)
        theirs_too = changed is None or each.name in changed
        if not touched and (changed is None or not theirs_too):
            return None
        before = None if event is None else getattr(event, each.attname)
        hide = name in self.hidden or name in self.stands_for
        return Difference(
            name,
            str(bound.label),
            quantities.NOTHING if event is None else in_words(each, before, hidden=hide),
            in_words(each, each.value_from_object(self.instance), hidden=hide),
            self._mine(name, each, touched, hide),
            self._choice(name, touched, theirs_too, before, event is not None and not hide),
        )

    def _stored_field(self, name: str) -> Any:
        known = {each.name: each for each in self.instance._meta.concrete_fields}
        return known.get(self.stands_for.get(name, name))

    def _mine(self, name: str, each: Any, touched: bool, hide: bool) -> str:
        value = self.cleaned_data.get(name)
        if hide and not touched:
            return _("不改")
        if name in self.stands_for:
            return "•••"
        if isinstance(value, models.Model):
            return str(value)
        if name in self.cleaned_data:
            return in_words(each, value)
        return str(self[name].data or quantities.NOTHING)

    def _choice(self, name: str, touched: bool, theirs_too: bool, before: Any, comparable: bool) -> str:
        if chosen := self._chosen(name):
            return chosen
        if not touched:
            return SAME
        if not theirs_too:
            return MINE
        if isinstance(before, datetime | time):
            before = before.replace(microsecond=0)  # as a form shows it
        if comparable and not self.fields[name].has_changed(before, self[name].data):
            return THEIRS  # she left it as it was
        return ""

    @cached_property
    def changed_data(self) -> list[str]:
        """Without what was taken over from the other."""
        changed: list[str] = super().changed_data
        return [name for name in changed if name not in self._taken]


class SharedFormSet(forms.models.BaseInlineFormSet):
    """Rows inside another thing's form: all locked and compared at once."""

    def get_queryset(self) -> Any:
        if not hasattr(self, "_queryset"):
            rows = super().get_queryset()
            if self.is_bound:
                self._queryset = rows.select_for_update(of=("self",), no_key=True)
        return self._queryset

    @cached_property
    def versions(self) -> dict[Any, str]:
        return versions_of(list(self.get_queryset()))

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if isinstance(form, SharedForm) and form.instance.pk:
            version = self.versions.get(form.instance.pk, "0")
            form.initial[SEEN] = version
            if self.is_bound:
                form.locked_at = version

    def clean(self) -> None:
        super().clean()
        if self.can_delete and any(getattr(form, "stale", False) for form in self.deleted_forms):
            raise forms.ValidationError(_("要删除的一行刚被别人改过,没有删除。请对照后再保存。"))
