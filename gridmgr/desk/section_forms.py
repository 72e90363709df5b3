"""Forms that give a stretch of road to a branch or to a member, and that end it. The domain judges, in its words."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from gridmgr.core import quantities
from gridmgr.core.errors import Conflict, DomainError
from gridmgr.core.meanwhile import Changed
from grids.domain.assign import assign_section, end_section, end_share, share_section, stretch_of
from grids.domain.naming import Landmark
from grids.models import Assignment, Branch, Member, MemberAssignment, Road


def plain_number(metre: float | Decimal) -> str:
    """A metre to the centimetre, without idle zeros, as a number field takes it."""
    return f"{metre:.2f}".rstrip("0").rstrip(".")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class StretchForm(forms.Form):
    """From where to where, each end a crossing or a metre (a chosen crossing counts); over which days.

    `until` is the last day, included.
    """

    from_at = forms.ChoiceField(label=gettext_lazy("从路口"), required=False)
    from_m = forms.FloatField(label=gettext_lazy("或从里程(米)"), required=False, min_value=0)
    to_at = forms.ChoiceField(label=gettext_lazy("到路口"), required=False)
    to_m = forms.FloatField(label=gettext_lazy("或到里程(米)"), required=False, min_value=0)
    since = forms.DateField(label=gettext_lazy("开始日期"), widget=DayInput)
    until = forms.DateField(label=gettext_lazy("最后一天(不填为长期)"), widget=DayInput, required=False)

    def __init__(self, *args: Any, landmarks: list[Landmark], low: float, high: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.low, self.high = low, high
        here = [mark for mark in landmarks if low <= mark.at_m <= high]
        choices = [("", _("— 不选路口 —"))]
        choices += [(f"{mark.at_m:.2f}", f"{mark.name} · {quantities.metres(mark.at_m)}") for mark in here]
        for name in ("from_at", "to_at"):
            field: Any = self.fields[name]
            field.choices = choices
        for name in ("from_m", "to_m"):
            self.fields[name].widget.attrs.update(
                {"step": "any", "min": low, "max": high, "inputmode": "decimal"}
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for end in ("from", "to"):
            cleaned[end] = self._metre(end)
        if cleaned["from"] is not None and cleaned["to"] is not None and cleaned["from"] >= cleaned["to"]:
            self.add_error(
                "to_m",
                _("终点 %(to)s 须大于起点 %(from)s。请对调两端,或改大终点。")
                % {"to": quantities.metres(cleaned["to"]), "from": quantities.metres(cleaned["from"])},
            )
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("最后一天不能早于开始日期 %(since)s。") % {"since": since})
        return cleaned

    def _metre(self, end: str) -> float | None:
        """The metre of one end, within the road or section, else an error at its field."""
        name = f"{end}_m"
        if name in self.errors or f"{end}_at" in self.errors:
            return None
        chosen = self.cleaned_data.get(f"{end}_at")
        metre = float(chosen) if chosen else self.cleaned_data.get(name)
        if metre is None:
            self.add_error(name, _("请选一个路口,或填写里程。"))
        elif not self.low - 0.005 <= metre <= self.high + 0.005:
            self.add_error(
                name,
                _("%(metre)s m 超出范围 %(low)s–%(high)s m。请改到范围以内。")
                % {
                    "metre": plain_number(metre),
                    "low": plain_number(self.low),
                    "high": plain_number(self.high),
                },
            )
            return None
        return metre

    def period(self, longest: date | None = None) -> DateRange:
        """The days; without a last day, up to `longest` (a first day after)."""
        until = self.cleaned_data.get("until")
        return DateRange(self.cleaned_data["since"], until + timedelta(days=1) if until else longest, "[)")

    def refuse(self, error: DomainError) -> None:
        """Shows the domain's words at the field that they are about."""
        self.add_error("from_m" if isinstance(error, Conflict) else "since", str(error))


class SectionForm(StretchForm):
    """A branch answers for a stretch of `road`."""

    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=gettext_lazy("支部"), empty_label=gettext_lazy("— 选支部 —")
    )
    field_order = ("branch",)

    def __init__(self, *args: Any, road: Road, **kwargs: Any) -> None:
        super().__init__(*args, low=0.0, high=road.length_m, **kwargs)
        self.road = road
        field: Any = self.fields["branch"]
        field.queryset = Branch.objects.defer("area")

    def save(self) -> Assignment | None:
        """The new section; None when the domain refused, with its words at a field."""
        data = self.cleaned_data
        try:
            return assign_section(
                data["branch"],
                road=self.road,
                stretch=stretch_of(data["from"], data["to"]),
                period=self.period(),
            )
        except DomainError as error:
            self.refuse(error)
            return None


class ShareForm(StretchForm):
    """A member answers for a stretch of their branch's `section`."""

    member = forms.ModelChoiceField(
        Member.objects.none(), label=gettext_lazy("党员"), empty_label=gettext_lazy("— 选党员 —")
    )
    field_order = ("member",)

    def __init__(self, *args: Any, section: Assignment, **kwargs: Any) -> None:
        low, high = float(section.stretch.lower), float(section.stretch.upper)
        super().__init__(*args, low=low, high=high, **kwargs)
        self.section = section
        field: Any = self.fields["member"]
        field.queryset = Member.objects.serving().filter(branch=section.branch_id).order_by("-role", "name")

    def save(self) -> MemberAssignment | None:
        """The new share; None when the domain refused, with its words at a field."""
        data = self.cleaned_data
        try:
            return share_section(
                self.section,
                member=data["member"],
                stretch=stretch_of(data["from"], data["to"]),
                period=self.period(self.section.period.upper),
            )
        except DomainError as error:
            self.refuse(error)
            return None


class EndForm(forms.Form):
    """From which day on nobody answers under this section or share any longer."""

    on = forms.DateField(label=gettext_lazy("自哪天起不再负责"), widget=DayInput)

    def end(self, row: Assignment | MemberAssignment, *, seen: str) -> bool:
        """Ends `row` as it was `seen`; False when the domain refused, with its words at the field. Raises Changed."""
        try:
            if isinstance(row, Assignment):
                end_section(row, on=self.cleaned_data["on"], seen=seen)
            else:
                end_share(row, on=self.cleaned_data["on"], seen=seen)
        except Changed as error:
            section = row if isinstance(row, Assignment) else row.assignment
            raise error.wanting_form(self, back=section.get_absolute_url()) from None
        except DomainError as error:
            self.add_error("on", str(error))
            return False
        return True
