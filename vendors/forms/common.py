"""What forms of vendors share: days, and a vendor found by name."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vendors.domain import identity as identities
from vendors.models import Vendor

CHOICES_SHOWN = 6


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
        found = list(vendors_called(words, self.by_tail)[: CHOICES_SHOWN + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(
                _("登记册里没有“%(words)s”。请核对,或先登记这位商贩。") % {"words": words[:40]}
            )
        named = _("、").join(f"#{each.pk} {each.name}({each.goods})" for each in found[:CHOICES_SHOWN])
        raise forms.ValidationError(_("有几位商贩符合:%(named)s。请填编号,如 #12。") % {"named": named})


def vendors_called(words: str, by_tail: bool) -> Any:
    if number := re.fullmatch(r"#\s*(\d{1,9})(?:\s.*)?", words):
        return Vendor.objects.filter(pk=int(number[1]))
    if by_tail and (tail := identities.read_tail(words)):
        return Vendor.objects.filter(identity_tail_digest__in=identities.tail_digests(tail))
    return Vendor.objects.filter(name__iexact=" ".join(words.split()))
