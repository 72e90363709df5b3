"""Forms of the allocation board. The domain judges, in its words."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vendors.forms.common import DayInput, VendorField
from vendors.models import Pitch, Site


class PitchField(forms.ModelChoiceField):
    def label_from_instance(self, pitch: Any) -> str:
        return _("%(number)s 号") % {"number": pitch.number}


class DaysForm(forms.Form):
    """`until` is the last day, included; without one for good, or to the end of the season."""

    since = forms.DateField(label=gettext_lazy("开始日期"), widget=DayInput)
    until = forms.DateField(label=gettext_lazy("最后一天(不填为长期或季末)"), widget=DayInput, required=False)

    @property
    def first_day_after(self) -> date | None:
        until = self.cleaned_data.get("until")
        return until + timedelta(days=1) if until else None


class AllocateForm(DaysForm):
    """A vendor is given one of the site's pitches."""

    pitch = PitchField(Pitch.objects.none(), label=gettext_lazy("摊位"), empty_label=None)
    vendor = VendorField(label=gettext_lazy("商贩(姓名、身份证后四位或 #编号)"), max_length=60)
    field_order = ("pitch", "vendor", "since", "until")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        _give_pitches(self.fields["pitch"], site)
        self.fields["vendor"].widget.attrs.update({"list": "vendors-known", "autocomplete": "off"})


class OfferForm(DaysForm):
    """The first on the waiting list is given one of the site's pitches."""

    pitch = PitchField(Pitch.objects.none(), label=gettext_lazy("摊位"), empty_label=None)
    field_order = ("pitch", "since", "until")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        _give_pitches(self.fields["pitch"], site)


class TransferForm(forms.Form):
    """The rest of an allocation passes to another vendor, or moves to another pitch of the site."""

    vendor = VendorField(label=gettext_lazy("转给商贩(不填为本人换摊位)"), max_length=60, required=False)
    pitch = PitchField(
        Pitch.objects.none(),
        label=gettext_lazy("换到摊位"),
        required=False,
        empty_label=gettext_lazy("原摊位"),
    )
    on = forms.DateField(label=gettext_lazy("自哪天起"), widget=DayInput)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        _give_pitches(self.fields["pitch"], site)


class EndForm(forms.Form):
    on = forms.DateField(label=gettext_lazy("自哪天起空出"), widget=DayInput)


class RenewForm(forms.Form):
    until = forms.DateField(
        label=gettext_lazy("新的最后一天(不填为长期或季末)"), widget=DayInput, required=False
    )

    @property
    def first_day_after(self) -> date | None:
        until = self.cleaned_data.get("until")
        return until + timedelta(days=1) if until else None


class JoinForm(forms.Form):
    """A vendor waits for a pitch of the site."""

    vendor = VendorField(label=gettext_lazy("商贩(姓名、身份证后四位或 #编号)"), max_length=60)
    note = forms.CharField(label=gettext_lazy("备注"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["vendor"].widget.attrs.update({"list": "vendors-known", "autocomplete": "off"})


def _give_pitches(field: Any, site: Site) -> None:
    field.queryset = site.pitches.defer("area").order_by("number")
