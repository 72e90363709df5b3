"""Native charts: bars that the office can edit, their numbers in a sheet inside."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.oxml.ns import qn
from pptx.util import Pt

from gridmgr.briefing.slides.master import FONT, INK, LINE, MUTED
from gridmgr.briefing.slides.shapes import Box
from gridmgr.briefing.wording import plain

# Dark to light: told apart in grey print, too.
SHADES = ("0B4F96", "5CB8E6", "C9C75A", "8A5A1A")
# How much of the slide's height a bar takes at most, and what stands above the bars.
_MOST_MM, _LEGEND_MM = 12.0, 14.0
# Of the longest bar: a shorter piece has no room for its number, which the sheet inside holds.
_LEAST_SHARE = 0.03


def bars(
    slide: Any,
    box: Box,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    name: str,
    form: str = "#,##0",
) -> None:
    """Lying bars, the first label on top; several series are stacked. `form` writes the numbers."""
    data = CategoryChartData(number_format=form)
    data.categories = [plain(label) for label in labels]
    for label, values in series:
        data.add_series(label, values)
    kind = XL_CHART_TYPE.BAR_STACKED if len(series) > 1 else XL_CHART_TYPE.BAR_CLUSTERED
    box = replace(box, height=min(box.height, len(labels) * _MOST_MM + _LEGEND_MM))
    frame = slide.shapes.add_chart(kind, *box.emus, data)
    frame.name = name
    size = min(11.0, max(7.0, box.height / len(labels) * 1.5))
    _dress(frame.chart, size, len(series))
    longest = max(sum(values) for values in zip(*(values for _label, values in series), strict=True))
    least = longest * _LEAST_SHARE if len(series) > 1 else 0
    _number(frame.chart.plots[0], size, f'[<={least:g}]"";{form}', inside=len(series) > 1)
    _set_face(frame.chart)


def _dress(chart: Any, size: float, series: int) -> None:
    chart.font.size, chart.font.color.rgb = Pt(size), _rgb(INK)
    chart.has_title = False
    chart.has_legend = series > 1
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
    names, numbers = chart.category_axis, chart.value_axis
    names.reverse_order = True
    names.format.line.color.rgb = _rgb(LINE)
    names.major_tick_mark = XL_TICK_MARK.NONE
    numbers.visible, numbers.has_major_gridlines, numbers.minimum_scale = False, False, 0
    numbers.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    plot = chart.plots[0]
    plot.gap_width = 45
    if series > 1:
        plot.overlap = 100
    for each, shade in zip(plot.series, SHADES, strict=False):
        each.format.fill.solid()
        each.format.fill.fore_color.rgb = _rgb(shade)


def _number(plot: Any, size: float, form: str, *, inside: bool) -> None:
    """Each bar's number: at its end, or within it where bars are stacked."""
    for each, shade in zip(plot.series, SHADES, strict=False):
        labels = each.data_labels
        labels.show_value = True
        labels.number_format, labels.number_format_is_linked = form, False
        labels.font.size = Pt(size - 1)
        dark = inside and shade in (SHADES[0], SHADES[3])
        labels.font.color.rgb = _rgb("FFFFFF" if dark else INK if inside else MUTED)
        labels.position = XL_LABEL_POSITION.CENTER if inside else XL_LABEL_POSITION.OUTSIDE_END


def _rgb(colour: str) -> Any:
    return RGBColor.from_string(colour)


def _set_face(chart: Any) -> None:
    """Our font for every text of the chart, Chinese characters too."""
    for properties in list(chart.element.iter(qn("a:defRPr"))):
        properties.set("lang", "zh-CN")
        for tag in ("a:latin", "a:ea"):
            for old in properties.findall(qn(tag)):
                properties.remove(old)
        for tag in ("a:latin", "a:ea"):
            properties.append(properties.makeelement(qn(tag), {"typeface": FONT}))
