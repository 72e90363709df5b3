"""Forms of registers: the file, the columns and what sites are to be proposed, a place by road and metre."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.errors import Invalid
from gridmgr.register.columns import Heading, check_roles
from gridmgr.register.enums import Column
from gridmgr.register.placing import HOURS
from grids.enums import Side
from vendors.domain.pitching import MOST_PITCHES
from vendors.enums import SiteKind

NOT_KEPT = gettext_lazy("不导入(不保存)")


class UploadForm(forms.Form):
    """A file and who sent it."""

    file = forms.FileField(
        label=gettext_lazy("登记表文件"),
        help_text=gettext_lazy("Excel(.xlsx)或 CSV,最大 10 MB、3,000 行。"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )
    sender = forms.CharField(
        label=gettext_lazy("报送单位"),
        max_length=80,
        help_text=gettext_lazy("如“柳巷街道办”。列的对应按单位记住,下次自动填好。"),
        widget=forms.TextInput(attrs={"list": "senders", "autocomplete": "off"}),
    )

    def clean_sender(self) -> str:
        return " ".join(self.cleaned_data["sender"].split())


class ColumnsForm(forms.Form):
    """What each column is, and what kind of site the rows are to become."""

    kind = forms.ChoiceField(label=gettext_lazy("类别"), choices=SiteKind.choices)
    opens = forms.TimeField(label=gettext_lazy("每日开始"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    closes = forms.TimeField(
        label=gettext_lazy("每日结束"), widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    season_from = forms.DateField(
        label=gettext_lazy("季节开始"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    season_to = forms.DateField(
        label=gettext_lazy("最后一天"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def __init__(self, *args: Any, columns: list[Heading], **kwargs: Any) -> None:
        opens, closes = HOURS[SiteKind.STALL]
        kwargs.setdefault("initial", {"opens": opens, "closes": closes})
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.columns = columns
        choices = [("", NOT_KEPT), *Column.choices]
        for each in columns:
            self.fields[f"column-{each.index}"] = forms.ChoiceField(
                label=each.text or _("第 %s 列") % (each.index + 1),
                choices=choices,
                required=False,
                initial=each.role,
            )

    def rows(self) -> list[tuple[Heading, Any]]:
        """Each column with its field."""
        return [(each, self[f"column-{each.index}"]) for each in self.columns]

    def roles(self) -> dict[int, str]:
        return {each.index: self.cleaned_data[f"column-{each.index}"] for each in self.columns}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            check_roles(list(self.roles().values()))
        except Invalid as error:
            raise forms.ValidationError(str(error)) from None
        if data["opens"] == data["closes"]:
            self.add_error("closes", _("每日开始和结束时间不能相同。"))
        if data["kind"] == SiteKind.MARKET:
            self._check_season(data)
        return data

    def _check_season(self, data: dict[str, Any]) -> None:
        first, last = data.get("season_from"), data.get("season_to")
        if not first or not last:
            self.add_error("season_from", _("临时瓜果市场须填写季节的开始和最后一天。"))
        elif last < first:
            self.add_error("season_to", _("最后一天早于季节开始。"))


class PinForm(forms.Form):
    """A place: by degrees from the map, or by road, side and metre."""

    lon = forms.FloatField(required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput)
    road = forms.CharField(label=gettext_lazy("道路"), max_length=120, required=False)
    side = forms.ChoiceField(label=gettext_lazy("侧"), choices=Side.choices, required=False)
    metre = forms.FloatField(label=gettext_lazy("里程(米)"), required=False, min_value=0)


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(min_value=1, max_value=MOST_PITCHES)
