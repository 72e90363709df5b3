"""Forms of the register of vendors. The domain judges, in its words."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Conflict, DomainError, Invalid
from gridmgr.core.shared_forms import SharedForm
from grids.models import Branch
from vendors.domain import identity as identities
from vendors.domain.register import Likeness, possible_duplicates, register_vendor, update_vendor
from vendors.models import Vendor

UNCHANGED = gettext_lazy("留空则不改")


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
