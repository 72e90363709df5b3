"""Forms of the register, the allocation board and the guide page. The domain judges, in its words."""

import re
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.signing import BadSignature, Signer
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Conflict, DomainError, Invalid
from gridmgr.core.shared_forms import SharedForm
from grids.models import Branch
from vendors.domain import identity as identities
from vendors.domain.guide import new_slip
from vendors.domain.register import Likeness, possible_duplicates, register_vendor, update_vendor
from vendors.enums import Outcome
from vendors.models import Pitch, Site, Vendor

CHOICES_SHOWN = 6
SLIP_SIGNER = "gridmgr.guide.slip"
UNCHANGED = gettext_lazy("留空则不改")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class VendorField(forms.CharField):
    """A vendor by `#12`, by the whole name, or, `by_tail`, by the last four characters of the identity number.

    The last four are for those who read the register, where they stand; who guides on the street may be none.
    """

    def __init__(self, *, by_tail: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.by_tail = by_tail

    default_error_messages = {"required": gettext_lazy("请填写商贩的姓名、身份证后四位或编号。")}

    def clean(self, value: Any) -> Any:
        words = super().clean(value).strip()
        if not words:
            return None
        found = list(_vendors_called(words, self.by_tail)[: CHOICES_SHOWN + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(
                _("登记册里没有“%(words)s”。请核对,或先登记这位商贩。") % {"words": words[:40]}
            )
        named = _("、").join(f"#{each.pk} {each.name}({each.goods})" for each in found[:CHOICES_SHOWN])
        raise forms.ValidationError(_("有几位商贩符合:%(named)s。请填编号,如 #12。") % {"named": named})


def _vendors_called(words: str, by_tail: bool) -> Any:
    if number := re.fullmatch(r"#\s*(\d{1,9})(?:\s.*)?", words):
        return Vendor.objects.filter(pk=int(number[1]))
    if by_tail and (tail := identities.read_tail(words)):
        return Vendor.objects.filter(identity_tail_digest__in=identities.tail_digests(tail))
    return Vendor.objects.filter(name__iexact=" ".join(words.split()))


# ── The register ──────────────────────────────────────────────────────────────────────────────────────────


class VendorFilter(forms.Form):
    """How the register is searched. What is refused is shown and not applied."""

    q = forms.CharField(
        label=gettext_lazy("姓名、品种、身份证后四位"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    pitch = forms.ChoiceField(
        label=gettext_lazy("摊位"),
        required=False,
        choices=[
            ("", gettext_lazy("全部")),
            ("held", gettext_lazy("现有摊位")),
            ("none", gettext_lazy("没有摊位")),
            ("waiting", gettext_lazy("候补中")),
        ],
    )
    branch = forms.ModelChoiceField(
        Branch.objects.none(),
        label=gettext_lazy("支部"),
        required=False,
        empty_label=gettext_lazy("全部"),
        to_field_name="code",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "filter-%s", "label_suffix": "", **kwargs})
        field: Any = self.fields["branch"]
        field.queryset = Branch.objects.only("code", "name")


class VendorForm(SharedForm):
    """A vendor; who is like one already registered is pointed out first, and entered when that is confirmed.

    `phone_shown=False`: the reader may not see the phone that is there, but may replace it.
    """

    identity = forms.CharField(
        label=gettext_lazy("身份证号"),
        max_length=30,
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        help_text=gettext_lazy("18 位或旧式 15 位;加密保存,页面上只显示头尾四位。"),
    )
    confirmed = forms.BooleanField(label=gettext_lazy("已核对,不是同一人"), required=False)
    stands_for: ClassVar = {"identity": "identity_digest"}

    class Meta:
        model = Vendor
        fields = ("name", "goods", "phone")

    def __init__(self, *args: Any, audience: Audience, phone_shown: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.audience, self.phone_shown = audience, phone_shown
        self.is_taken = False  # the identity number: somebody has it already
        self.likenesses: list[Likeness] = []
        self.fields["phone"].widget.attrs.update({"inputmode": "tel", "autocomplete": "off"})
        if self.instance.pk and not phone_shown:
            self.hidden.add("phone")
            self.initial["phone"] = ""
            self.fields["phone"].widget.attrs["placeholder"] = str(UNCHANGED)
        if self.instance.identity_cipher:
            self.fields["identity"].widget.attrs["placeholder"] = str(UNCHANGED)

    def clean_identity(self) -> str:
        text = str(self.cleaned_data["identity"])
        if text.strip():
            try:
                identities.read_identity(text)
            except Invalid as error:
                raise forms.ValidationError(str(error)) from None
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors or cleaned.get("confirmed"):
            return cleaned
        self.likenesses = possible_duplicates(
            name=cleaned["name"],
            goods=cleaned["goods"],
            phone=cleaned["phone"],
            identity=cleaned["identity"],
            audience=self.audience,
            on=timezone.localdate(),
            besides=self.instance.pk,
        )
        if self.likenesses:
            raise forms.ValidationError(_("登记册里有相像的商贩,请先核对;确认不是同一人再保存。"))
        return cleaned

    def write(self) -> Vendor | None:
        """The saved vendor; None when the domain refused, with its words at a field."""
        data = self.cleaned_data
        facts: dict[str, Any] = {"name": data["name"], "goods": data["goods"]}
        try:
            if not self.instance.pk:
                return register_vendor(**facts, phone=data["phone"], identity=data["identity"])
            vendor = Vendor.objects.get(pk=self.instance.pk)
            keep_phone = not self.phone_shown and not data["phone"]
            return update_vendor(
                vendor,
                **facts,
                phone=None if keep_phone else data["phone"],
                identity=data["identity"] if data["identity"].strip() else None,
            )
        except DomainError as error:
            self.is_taken = isinstance(error, Conflict)
            self.add_error("identity" if self.is_taken else None, str(error))
            return None


# ── The allocation board ──────────────────────────────────────────────────────────────────────────────────


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


# ── Guiding ───────────────────────────────────────────────────────────────────────────────────────────────


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
