"""Numbers, stretches and people as briefings write them."""

from dataclasses import replace
from datetime import time

import pytest

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Figure, Rest
from tests.briefing.dossiers import dossier, drop_off, road


def figure(value: float, unit: str) -> Figure:
    return Figure("sites", "摊点", value, unit, "/sites/")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(1204, "", "1,204"), (98_300, "m", "98.3 km"), (999.4, "m", "999 m"), (0.874, "%", "87%"), (0, "", "0")],
)
def test_amounts_carry_their_unit(value: float, unit: str, words: str) -> None:
    assert wording.amount(figure(value, unit)) == words


@pytest.mark.parametrize(
    ("value", "words"), [(1204, "1,204"), (-27, "−27"), (0, "—"), (1e-9, "—"), (None, "—")]
)
def test_rows_below_the_branches_add_or_take_off(value: float | None, words: str) -> None:
    values = {} if value is None else {"sites": float(value)}
    assert wording.rest(Rest("无人负责路段", values), figure(5, "")) == words


def test_metres_taken_off_keep_their_unit() -> None:
    assert wording.rest(Rest("跨支部", {"sites": -1500.0}), figure(5, "m")) == "−1.5 km"


def test_a_number_that_there_is_not_is_a_dash() -> None:
    assert [wording.number(each) for each in (None, 0, 12345)] == ["—", "0", "12,345"]


def test_ends_are_names_or_else_metres() -> None:
    section = road(1)  # 500 to 900 m
    assert wording.ends(section) == "新建路→五一路"
    assert wording.ends(replace(section, ends_at="")) == "500–900 m"
    assert wording.stretch(299.6, 1150.2) == "300–1,150 m"


def test_answerers_are_named_once_with_what_nobody_took() -> None:
    section = road(1, shared=False)
    assert wording.answerers(section) == "李芳、王强;100 m 未分"
    twice = replace(section, answerers=[*section.answerers, section.answerers[0]], unshared_m=0.4)
    assert wording.answerers(twice) == "李芳、王强"
    assert wording.answerers(replace(section, answerers=[], unshared_m=0.0)) == "—"


def test_turns_follow_one_another() -> None:
    point = replace(drop_off(1), turns=[(time(7, 0), time(8, 0)), (time(16, 20), time(17, 30))])
    assert wording.turns(point) == "07:00–08:00、16:20–17:30"


def test_addresses_need_the_service_and_a_page() -> None:
    known = replace(dossier(), site="https://grid.example.cn")
    assert wording.address(known, "/sites/") == "https://grid.example.cn/sites/"
    assert wording.address(known, "") == ""
    assert wording.address(replace(known, site=""), "/sites/") == ""


def test_characters_of_chinese_take_one_width_and_others_part_of_it() -> None:
    # 路 and the full-width comma are wide, two figures and the dash aren't.
    assert wording.ems("路，1–2", narrow=0.5) == pytest.approx(2 + 3 * 0.5)
