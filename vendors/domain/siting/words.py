"""Verdicts in words: what is found and what is required, in the reader's language."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from gridmgr.core import quantities
from vendors.enums import Check, Target

if TYPE_CHECKING:
    from vendors.domain.siting.verdict import Verdict

# What is measured and what is required may differ by the last digit of a coordinate.
TOLERANCE_M = 0.001


def sentence(verdict: "Verdict") -> str:
    """One clause: the thing, the metres found, the metres required."""
    words = _SENTENCES[Check(verdict.rule.check_kind)](verdict)
    return _("%(words)s,宽度待实测") % {"words": words} if verdict.to_measure else words


def said(value: float | None) -> str:
    """Metres as a verdict says them, rounded down: what is short of 20 m must not read as 20 m."""
    if value is None:
        return quantities.NOTHING
    return quantities.width(math.floor((value + TOLERANCE_M / 2) * 10) / 10)


def _area_said(value: float | None) -> str:
    return quantities.NOTHING if value is None else f"{value:.1f}".removesuffix(".0") + " m²"


def _what(verdict: "Verdict") -> str:
    return verdict.culprit.label if verdict.culprit else str(Target(verdict.rule.target).label)


def _say_level() -> str:
    return _("旁边道路的层级没有数据,请现场确认不在隧道内、桥上或桥下")


def _say_distance(verdict: "Verdict") -> str:
    if verdict.unknown:
        return _say_level()
    words = {"what": _what(verdict), "found": said(verdict.found), "required": said(verdict.required)}
    if verdict.broken:
        return _("距%(what)s %(found)s,要求不少于 %(required)s") % words
    if verdict.found is None:
        return _("%(reach)s 内没有%(what)s,要求不少于 %(required)s") % {
            **words,
            "reach": said(verdict.searched),
        }
    return _("距%(what)s %(found)s ≥ %(required)s") % words


def _say_off(verdict: "Verdict") -> str:
    if verdict.unknown:
        return _say_level()
    if verdict.broken:
        return _("占用%(what)s,不允许") % {"what": _what(verdict)}
    what = Target(verdict.rule.target).label
    if verdict.rule.target == Target.ROADWAY and verdict.found is not None:
        return _("不占用%(what)s,距最近的 %(found)s") % {"what": what, "found": said(verdict.found)}
    return _("不占用%(what)s") % {"what": what}


def _say_width(verdict: "Verdict") -> str:
    if verdict.unknown:
        return _("此处没有人行道数据,要求留出净宽不少于 %(required)s") % {"required": said(verdict.required)}
    words = {"what": _what(verdict), "found": said(verdict.found), "required": said(verdict.required)}
    if verdict.broken:
        return _("%(what)s只留出净宽 %(found)s,要求不少于 %(required)s") % words
    return _("%(what)s留出净宽 %(found)s ≥ %(required)s") % words


def _say_area(verdict: "Verdict") -> str:
    if verdict.unknown:
        return _("还没有摊位,要求每个不大于 %(required)s") % {"required": _area_said(verdict.required)}
    what = verdict.culprit.label if verdict.culprit else _("范围")
    words = {"what": what, "found": _area_said(verdict.found), "required": _area_said(verdict.required)}
    if verdict.broken:
        return _("%(what)s面积 %(found)s,要求不大于 %(required)s") % words
    return _("%(what)s面积 %(found)s ≤ %(required)s") % words


def _say_equipped(verdict: "Verdict") -> str:
    if verdict.missing:
        return _("缺%(missing)s,开放前须设置") % {
            "missing": _("和").join(str(each) for each in verdict.missing)
        }
    return _("标示牌和垃圾容器齐备")


def _say_free(verdict: "Verdict") -> str:
    if verdict.culprit is None:
        return _("同一时段没有其他占用")
    if verdict.culprit.more:
        return _("与%(what)s等 %(count)s 处在同一时段重叠") % {
            "what": verdict.culprit.label,
            "count": verdict.culprit.more + 1,
        }
    return _("与%(what)s在同一时段重叠") % {"what": verdict.culprit.label}


_SENTENCES: dict[Check, Callable[["Verdict"], str]] = {
    Check.DISTANCE: _say_distance,
    Check.OFF: _say_off,
    Check.CLEAR_WIDTH: _say_width,
    Check.AREA_MAX: _say_area,
    Check.EQUIPPED: _say_equipped,
    Check.FREE_KERB: _say_free,
}
