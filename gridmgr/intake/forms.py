"""What one may choose of a file that comes in or goes out."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gridmgr.catalog import BACKDROP, FACILITIES, LAYERS, layer_named
from gridmgr.core.geo.datums import datums
from gridmgr.core.importing.upload import MAGIC, TEXTS
from gridmgr.core.layers.files import FORMATS


class UploadForm(forms.Form):
    layer = forms.ChoiceField(label=_("导入到哪个图层"))
    file = forms.FileField(
        label=_("文件"),
        allow_empty_file=True,  # an empty file is refused in words of its own
        error_messages={"required": _("请选择一个文件。")},
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(sorted(MAGIC | TEXTS))}),
    )
    inner = forms.CharField(
        label=_("文件里的图层或工作表(只有一个时不填)"),
        max_length=100,
        required=False,
    )

    def __init__(self, *args: Any, layers: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["layer"]
        field.choices = [(name, layer_named(name).title) for name in layers]


class ExportForm(forms.Form):
    """`layer` decides which conditions there are; they are the list's own (gridmgr.desk.lists)."""

    layer = forms.ChoiceField(label=_("图层"))
    format = forms.ChoiceField(
        label=_("格式"),
        choices=[(form.suffix, f"{form.title} ({form.suffix})") for form in FORMATS],
        initial=FORMATS[0].suffix,
    )
    datum = forms.ChoiceField(label=_("坐标基准"), initial="wgs84")
    date = forms.DateField(
        label=_("截至日期"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    bbox = forms.CharField(label=_("范围框:西,南,东,北(经纬度,可不填)"), max_length=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        layers, systems = [self.fields[name] for name in ("layer", "datum")]
        layers.choices = [(each.name, each.title) for each in [*LAYERS, *FACILITIES, *BACKDROP]]  # type: ignore[attr-defined]
        systems.choices = [(each.code, str(each)) for each in datums()]  # type: ignore[attr-defined]
