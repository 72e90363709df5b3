"""Each verdict as the sentence that somebody reads: the thing, the metres found, the metres required."""

from typing import Any

import pytest
from django.utils.translation import override

from vendors.domain.siting import covered, said
from vendors.domain.siting.verdict import Culprit, Judgement, Verdict, Violation, without_link
from vendors.domain.siting.words import sentence
from vendors.enums import Check, Severity, Target
from vendors.models import Override, PlacementRule

HYDRANT = Culprit("消防栓(迎泽大街)", "/hydrants/1/", None)


def rule(check: Check, target: Target = Target.HYDRANT, **more: Any) -> PlacementRule:
    return PlacementRule(code="r", check_kind=check, target=target, severity=Severity.HARD, **more)


def holds(check: Check, target: Target = Target.HYDRANT, **values: Any) -> Verdict:
    return Verdict(rule(check, target), Judgement.HOLDS, **values)


def broken(check: Check, target: Target = Target.HYDRANT, **values: Any) -> Verdict:
    return Violation(rule(check, target), Judgement.BROKEN, **values)


def unknown(check: Check, **values: Any) -> Verdict:
    return Verdict(rule(check), Judgement.UNKNOWN, **values)


LEVEL = "旁边道路的层级没有数据,请现场确认不在隧道内、桥上或桥下"
PITCH, BAY = Culprit("摊位 3", "", None), Culprit("泊位 A-1", "", None)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (broken(Check.DISTANCE, found=3.0, required=5.0, culprit=HYDRANT), "距消防栓(迎泽大街) 3 m,要求不少于 5 m"),
        (holds(Check.DISTANCE, found=7.25, required=5.0, culprit=HYDRANT), "距消防栓(迎泽大街) 7.2 m ≥ 5 m"),
        (holds(Check.DISTANCE, required=5.0, searched=200.0), "200 m 内没有消防栓,要求不少于 5 m"),
        (unknown(Check.DISTANCE, required=5.0), LEVEL),
        (
            broken(Check.DISTANCE, Target.CARRIAGEWAY, found=1.0, required=2.0, to_measure=True),
            "距主次干路车行道 1 m,要求不少于 2 m,宽度待实测",
        ),
        (broken(Check.OFF, Target.STRUCTURE, found=0.0), "占用桥梁、隧道,不允许"),
        (holds(Check.OFF, Target.STRUCTURE, found=3.0), "不占用桥梁、隧道"),
        (holds(Check.OFF, Target.ROADWAY, found=0.8), "不占用车行道(含匝道和无名道路),距最近的 0.8 m"),
        (holds(Check.OFF, Target.ROADWAY), "不占用车行道(含匝道和无名道路)"),
        (unknown(Check.OFF), LEVEL),
        (broken(Check.CLEAR_WIDTH, Target.FOOTWAY, found=1.2, required=1.5), "人行道只留出净宽 1.2 m,要求不少于 1.5 m"),
        (holds(Check.CLEAR_WIDTH, Target.FOOTWAY, found=1.5, required=1.5), "人行道留出净宽 1.5 m ≥ 1.5 m"),
        (unknown(Check.CLEAR_WIDTH, required=1.5), "此处没有人行道数据,要求留出净宽不少于 1.5 m"),
        (broken(Check.AREA_MAX, found=2.46, required=2.0, culprit=PITCH), "摊位 3面积 2.5 m²,要求不大于 2 m²"),
        (holds(Check.AREA_MAX, found=40.0, required=60.0), "范围面积 40 m² ≤ 60 m²"),
        (unknown(Check.AREA_MAX, required=2.0), "还没有摊位,要求每个不大于 2 m²"),
        (holds(Check.EQUIPPED), "标示牌和垃圾容器齐备"),
        (broken(Check.EQUIPPED, missing=["标示牌"]), "缺标示牌,开放前须设置"),
        (broken(Check.EQUIPPED, missing=["标示牌", "垃圾容器"]), "缺标示牌和垃圾容器,开放前须设置"),
        (holds(Check.FREE_KERB), "同一时段没有其他占用"),
        (broken(Check.FREE_KERB, culprit=BAY), "与泊位 A-1在同一时段重叠"),
        (broken(Check.FREE_KERB, culprit=Culprit("泊位 A-1", "", None, more=2)), "与泊位 A-1等 3 处在同一时段重叠"),
    ],
)  # fmt: skip
def test_sentence(verdict: Verdict, words: str) -> None:
    assert sentence(verdict) == words


@pytest.mark.parametrize(
    ("metres", "words"),
    [(None, "—"), (20.0, "20 m"), (19.999, "19.9 m"), (19.9995, "20 m"), (19.96, "19.9 m"), (0.04, "0 m"), (5.1, "5.1 m")],
)  # fmt: skip
def test_what_is_short_of_a_figure_does_not_read_as_that_figure(metres: float | None, words: str) -> None:
    assert said(metres) == words


def test_the_clause_is_in_the_readers_language_where_there_is_one() -> None:
    both = holds(Check.EQUIPPED)
    both.rule.clause, both.rule.clause_en = "条例第三条", "Rules, art. 3"
    assert both.sentence == "标示牌和垃圾容器齐备(条例第三条)"
    with override("en"):
        assert both.clause == "Rules, art. 3"
        both.rule.clause_en = ""
        assert both.clause == "条例第三条"


@pytest.mark.parametrize(
    ("values", "is_covered"),
    [
        ({}, True),
        ({"found": 2.5}, True),  # half a metre worse is still what was looked at
        ({"found": 2.4}, False),
        ({"found": 4.0}, True),
        ({"required": 6.0}, False),  # the rule asks more by now
        ({"required": 4.0}, True),
        ({"code": "another"}, False),
        ({"found": None}, True),
        ({"required": None}, True),
    ],
)
def test_an_exception_covers_what_was_found_then_and_no_worse(
    values: dict[str, Any], is_covered: bool
) -> None:
    approved = Override(rule_code=values.pop("code", "r"), found=3.0, required=5.0)
    assert (
        covered(broken(Check.DISTANCE, **{"found": 3.0, "required": 5.0} | values), [approved]) is is_covered
    )
    assert not covered(broken(Check.DISTANCE, found=3.0, required=5.0), [])


def test_without_links_all_else_is_told() -> None:
    told = without_link(broken(Check.DISTANCE, found=3.0, required=5.0, culprit=HYDRANT))
    assert told.culprit == Culprit("消防栓(迎泽大街)", "", None)
    assert isinstance(told, Violation)
    assert (told.found, told.required, told.broken, told.is_hard) == (3.0, 5.0, True, True)
    nobody = holds(Check.FREE_KERB)
    assert without_link(nobody) is nobody
