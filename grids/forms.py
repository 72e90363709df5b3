"""Admin forms of the grids: sections go through the domain, a branch's members keep exactly one secretary."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from gridmgr.core.admin_forms import TrialForm
from gridmgr.core.shared_forms import SharedForm, SharedFormSet
from grids.domain.assign import assign_section, share_section
from grids.enums import MemberRole
from grids.models import Assignment, Branch, Member, MemberAssignment


class BranchForm(TrialForm):
    """That the branch has a secretary is judged with its members, in MembersOfBranch."""

    judged_alone = False

    class Meta:
        model = Branch
        fields = ("code", "name", "name_en", "founded", "colour", "area", "is_demo")


class MemberOfBranchForm(SharedForm):
    """A member inside the branch's form. Who is secretary is judged for all of them together, by MembersOfBranch."""

    class Meta:
        model = Member
        fields = ("name", "role", "phone", "joined_on", "left_on")


class MembersOfBranch(SharedFormSet):
    """All members of a branch: exactly one of those who serve is its secretary."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        found = [form.instance.name for form in self._staying() if self._leads(form)]
        if len(found) != 1:
            raise ValidationError(
                _("每个支部须有且仅有一名在任书记,现在填了 %(n)s 名:%(names)s。请改好职务后再保存。")
                % {"n": len(found), "names": _("、").join(found) or "—"}
            )

    def _staying(self) -> list[Any]:
        deleted = self.deleted_forms if self.can_delete else []
        return [form for form in self.forms if form not in deleted and form.cleaned_data]

    @staticmethod
    def _leads(form: Any) -> bool:
        return form.instance.role == MemberRole.SECRETARY and form.instance.left_on is None

    def save(self, commit: bool = True) -> list[Any]:
        """The old secretary steps down before the new one steps up: the database admits no two at any moment."""
        with transaction.atomic():
            leader = next((form.instance for form in self._staying() if self._leads(form)), None)
            if commit and self.instance.pk and leader is not None:
                stepping_down = self.instance.members.filter(role=MemberRole.SECRETARY).exclude(pk=leader.pk)
                stepping_down.update(role=MemberRole.MEMBER)
            return super().save(commit=commit)


class GivenOutForm(TrialForm):
    """A form for what the domain gives out; its words about a conflict name more than the constraint's."""

    def _get_validation_exclusions(self) -> set[str]:
        own: set[str] = super()._get_validation_exclusions()
        return own | {"stretch", "period"} if self.instance._state.adding else own


class AssignmentForm(GivenOutForm):
    """A new section, given out by the domain. Afterwards only its note is edited: ending it is a page of its own."""

    class Meta:
        model = Assignment
        fields = ("branch", "road", "stretch", "period", "note")

    def try_saving(self, trial: Assignment) -> None:
        give_out(trial) if trial._state.adding else super().try_saving(trial)


class ShareForm(GivenOutForm):
    """A member's new stretch, given out by the domain."""

    class Meta:
        model = MemberAssignment
        fields = ("assignment", "member", "stretch", "period")

    def try_saving(self, trial: MemberAssignment) -> None:
        hand_over(trial) if trial._state.adding else super().try_saving(trial)


def give_out(section: Assignment) -> Assignment:
    """`assign_section` with what an unsaved section says."""
    return assign_section(
        section.branch, road=section.road, stretch=section.stretch, period=section.period, note=section.note
    )


def hand_over(share: MemberAssignment) -> MemberAssignment:
    """`share_section` with what an unsaved share says."""
    return share_section(share.assignment, member=share.member, stretch=share.stretch, period=share.period)
