"""Forms of the guide page. The domain judges, in its words."""

from typing import Any

from django import forms
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy

from grids.models import Branch
from vendors.domain.guide import new_slip
from vendors.enums import Outcome
from vendors.forms.common import DayInput, VendorField

SLIP_SIGNER = "gridmgr.guide.slip"


class PlaceForm(forms.Form):
    """Where a vendor was met (degrees of WGS 84), and whether with fruit."""

    lon = forms.FloatField(min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(min_value=-90, max_value=90, widget=forms.HiddenInput)
    fruit = forms.TypedChoiceField(
        label=gettext_lazy("经营品种"),
        choices=[("0", gettext_lazy("其他")), ("1", gettext_lazy("瓜果"))],
        coerce=lambda text: text == "1",
        required=False,
        initial="0",
        widget=forms.RadioSelect,
    )


class GuideForm(PlaceForm):
    """A vendor who was met; `key` is the signed slip number, so that a form sent twice makes one record."""

    goods = forms.CharField(label=gettext_lazy("品种(选填)"), max_length=80, required=False)
    first_time = forms.TypedChoiceField(
        label=gettext_lazy("第几次遇到"),
        choices=[("1", gettext_lazy("首次")), ("0", gettext_lazy("多次"))],
        coerce=lambda text: text == "1",
        initial="1",
        widget=forms.RadioSelect,
    )
    vendor = VendorField(
        by_tail=False,
        label=gettext_lazy("已登记的商贩(选填):姓名或 #编号"),
        max_length=60,
        required=False,
    )
    site = forms.CharField(max_length=16, required=False, widget=forms.HiddenInput)
    # A site that is held for its next opening, in place of `site`.
    later = forms.CharField(max_length=16, required=False, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        choices=[
            ("", ""),
            (Outcome.REFUSED, Outcome.REFUSED.label),
            (Outcome.MOVED_ON, Outcome.MOVED_ON.label),
        ],
        required=False,
        widget=forms.HiddenInput,
    )
    branch = forms.CharField(
        max_length=4, required=False
    )  # the code of the one that answers there, of several
    key = forms.CharField(max_length=120, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {"key": signed_slip(), **kwargs["initial"]}
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["vendor"].widget.attrs["autocomplete"] = "off"
        self.fields["goods"].widget.attrs["list"] = "goods-known"

    def clean_key(self) -> str:
        """The slip number that the page was given; a new one when it is not ours."""
        try:
            return Signer(salt=SLIP_SIGNER).unsign(str(self.cleaned_data["key"]))
        except BadSignature:
            return new_slip()

    @property
    def goods_said(self) -> str:
        """The goods in words: those written, else the kind."""
        choices = dict(self.fields["fruit"].choices)  # type: ignore[attr-defined]
        return self.cleaned_data["goods"].strip() or str(choices["1" if self.cleaned_data["fruit"] else "0"])


def signed_slip() -> str:
    return Signer(salt=SLIP_SIGNER).sign(new_slip())


class GuidanceFilter(forms.Form):
    """Which records of guidance are shown."""

    q = forms.CharField(
        label=gettext_lazy("凭条号、品种、摊点"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    branch = forms.ModelChoiceField(
        Branch.objects.none(),
        label=gettext_lazy("支部"),
        required=False,
        empty_label=gettext_lazy("全部"),
        to_field_name="code",
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("结果"), required=False, choices=[("", gettext_lazy("全部")), *Outcome.choices]
    )
    since = forms.DateField(label=gettext_lazy("自"), required=False, widget=DayInput)
    until = forms.DateField(label=gettext_lazy("至"), required=False, widget=DayInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "filter-%s", "label_suffix": "", **kwargs})
        field: Any = self.fields["branch"]
        field.queryset = Branch.objects.only("code", "name")
