"""What one may choose of a map before it leaves the house."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gridmgr.catalog import FACILITIES, LAYERS

FORMS = [
    ("html", _("离线地图(.html,双击打开,可缩放和点选)")),
    ("pdf", _("打印图(.pdf)")),
    ("png", _("图片(.png)")),
    ("svg", _("矢量图(.svg)")),
]
PAPERS = [(name, name.upper()) for name in ("a4", "a3", "a2", "a1", "a0")]
ORIENTATIONS = [("auto", _("自动")), ("portrait", _("竖向")), ("landscape", _("横向"))]


class DayInput(forms.DateInput):
    input_type = "date"


class MapFileForm(forms.Form):
    """`scope` is what scope.scope_of reads; `where` holds conditions like bays.kind=charging."""

    scope = forms.CharField(
        label=_("范围"),
        max_length=200,
        initial="city",
        help_text=_("city(全市)、branch:支部编号、road:道路名称、site:摊点编号,或 西,南,东,北(经纬度)"),
    )
    format = forms.ChoiceField(label=_("格式"), choices=FORMS, initial="html")
    layers = forms.MultipleChoiceField(
        label=_("图层"),
        choices=[],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选一个图层。")},
    )
    date = forms.DateField(label=_("截至日期"), widget=DayInput(format="%Y-%m-%d"))
    paper = forms.ChoiceField(label=_("纸张(打印图)"), choices=PAPERS, initial="a3")
    orientation = forms.ChoiceField(label=_("方向(打印图)"), choices=ORIENTATIONS, initial="auto")
    where = forms.CharField(widget=forms.HiddenInput, required=False, max_length=400)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        layers: Any = self.fields["layers"]
        layers.choices = [(layer.name, layer.title) for layer in [*LAYERS, *FACILITIES]]
        self.fields["scope"].widget.attrs.update({"list": "scopes", "autocomplete": "off"})
