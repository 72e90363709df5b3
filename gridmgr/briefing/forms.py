"""What one may choose of a map before it leaves the house."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from gridmgr.briefing.conditions import said
from gridmgr.catalog import FACILITIES, LAYERS
from gridmgr.feeds.query import FIRST_DAY, LAST_DAY
from grids.models import Branch

FORMS = [
    ("html", _("离线地图(.html,双击打开,可缩放和点选)")),
    ("pdf", _("打印图(.pdf)")),
    ("png", _("图片(.png)")),
    ("svg", _("矢量图(.svg)")),
]
PAPERS = [(name, name.upper()) for name in ("a4", "a3", "a2", "a1", "a0")]
PACKS = [
    ("pdf", _("PDF 图册(.pdf)"), _("封面、全市图、主要数字,每个支部一页;带目录、书签和链接,可直接打印")),
    ("pptx", _("幻灯片(.pptx)"), _("同样内容,图表和表格可在演示软件里直接修改")),
    ("xlsx", _("表格(.xlsx)"), _("每类一张工作表,可筛选,合计为公式")),
    ("docx", _("公文(.docx)"), _("通知正文,附表格和地图")),
]
CONDITIONS_MOST = 12  # of a map
ORIENTATIONS = [("auto", _("自动")), ("portrait", _("竖向")), ("landscape", _("横向"))]


# As in feeds.query: what lies beyond is a slip of the pen.
DAYS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class DayInput(forms.DateInput):
    input_type = "date"


class Conditions(forms.MultipleChoiceField):
    """What is ticked, without the empty one that an address without conditions carries."""

    def to_python(self, value: Any) -> list[str]:
        return [each for each in super().to_python(value) if each]


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
    date = forms.DateField(label=_("截至日期"), widget=DayInput(format="%Y-%m-%d"), validators=DAYS)
    paper = forms.ChoiceField(label=_("纸张(打印图)"), choices=PAPERS, initial="a3")
    orientation = forms.ChoiceField(label=_("方向(打印图)"), choices=ORIENTATIONS, initial="auto")
    where = Conditions(label=_("只要这些"), choices=[], required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        layers: Any = self.fields["layers"]
        layers.choices = [(layer.name, layer.title) for layer in [*LAYERS, *FACILITIES]]
        where: Any = self.fields["where"]
        where.choices = [(text, said(text)) for text in self._conditions()]
        self.fields["scope"].widget.attrs.update({"list": "scopes", "autocomplete": "off"})

    def _conditions(self) -> list[str]:
        """The conditions that came with the page: each may be taken away, none added."""
        given = (
            self.data.getlist("where") if isinstance(self.data, QueryDict) else self.initial.get("where", [])
        )
        return [each for each in given if each][:CONDITIONS_MOST]


class BriefingForm(forms.Form):
    """Which branches (none ticked: the whole city) on which day, and as what kind of file."""

    branches = forms.MultipleChoiceField(
        label=_("支部"),
        choices=[],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("没有编号为 %(value)s 的支部,或它不归您看。")},
    )
    date = forms.DateField(label=_("截至日期"), widget=DayInput(format="%Y-%m-%d"), validators=DAYS)
    form = forms.ChoiceField(
        label=_("格式"),
        choices=[(form, word) for form, word, _about in PACKS],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, data: Any, branches: Iterable[Branch]) -> None:
        super().__init__(data)
        choices: Any = self.fields["branches"]
        choices.choices = [(branch.code, str(branch)) for branch in branches]

    @property
    def codes(self) -> list[str] | None:
        """The branches chosen; None for all there are to choose from, when those are several."""
        chosen = self.cleaned_data["branches"]
        every = [code for code, _word in cast(Any, self.fields["branches"]).choices]
        return None if len(every) > 1 and len(chosen) in (0, len(every)) else chosen or every
