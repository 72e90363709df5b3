"""Outside values become what a column takes, or are refused in words; text goes to COPY unharmed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models

from gridmgr.core.importing.values import (
    Unfit,
    as_bool,
    as_date,
    as_float,
    as_int,
    as_moment,
    as_text,
    as_time,
    copied,
    each_once,
    labels_of,
    needs_value,
    read_column,
    reader_of,
)
from grids.enums import Side
from grids.models import Road


@pytest.mark.parametrize(
    ("read", "value", "found"),
    [
        (as_text, 3.0, "3"),
        (as_text, 3.5, "3.5"),
        (as_text, 0, "0"),
        (as_text, "e\u0301", "\u00e9"),  # NFC
        (as_text, " 东街 ", " 东街 "),
        (as_bool, "是", True),
        (as_bool, "TRUE ", True),
        (as_bool, 1.0, True),
        (as_bool, "无", False),
        (as_bool, 0, False),
        (as_bool, False, False),
        (as_int, "12", 12),
        (as_int, 12.0, 12),
        (as_int, "-3", -3),
        (as_float, "1e3", 1000.0),
        (as_float, 7, 7.0),
        (as_date, "2026/11/2", date(2026, 11, 2)),
        (as_date, "2026.11.22", date(2026, 11, 22)),
        (as_date, "2026-11-22T00:00:00Z", date(2026, 11, 22)),
        (as_date, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), date(2026, 11, 22)),
        (as_date, date(2026, 11, 22), date(2026, 11, 22)),
        (as_time, "7:30", time(7, 30)),
        (as_time, "07:30:15", time(7, 30, 15)),
        (as_time, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), time(8, 30)),
        (as_time, time(23, 59), time(23, 59)),
        (as_moment, "2026-11-22 08:30:00+00:00", datetime(2026, 11, 22, 8, 30, tzinfo=UTC)),
    ],
)
def test_values_are_read(read: Callable[[Any], Any], value: Any, found: Any) -> None:
    got = read(value)
    assert (got, type(got)) == (found, type(found))


@pytest.mark.parametrize(
    ("read", "values", "words"),
    [
        (as_text, [True, {}, [], b"x"], "应为文字"),
        (as_text, ["a\0b", "\ud800"], "不能保存的字符"),
        (as_bool, ["", "maybe", 2, "10"], "应为 是 或 否"),
        (as_int, ["1.5", 0.1], "应为整数"),
        (as_float, ["x", "", "nan", "inf", True, None, date(2026, 1, 1), time(1)], "不是数字"),
        (as_date, ["2026-02-30", "22.11.2026", "2026-11-22T08:30:00", "26-11-22", 45000], "不是日期"),
        (as_time, ["24:00", "7:60", "7", "07:30:60", "noon"], "不是时间"),
        (as_moment, ["2026-11-22 08:30", datetime(2026, 11, 22), "2026-13-01T00:00+08:00"], "带时区"),  # noqa: DTZ001
    ],
)
def test_what_can_not_be_read_is_refused_in_words(
    read: Callable[[Any], Any], values: list[Any], words: str
) -> None:
    for value in values:
        with pytest.raises(Unfit, match=words):
            read(value)


def test_choices_are_read_by_code_and_by_word_in_either_language() -> None:
    read = reader_of(models.CharField(choices=Side.choices))
    assert [read(each) for each in ("left", "左侧", " left ", "right", "右侧")] == [
        "left", "left", "left", "right", "right",
    ]  # fmt: skip
    with pytest.raises(Unfit, match=r"不在可选值中.*左侧\(left\)、右侧\(right\)"):
        read("middle")


def test_missing_values_are_null_a_default_or_refused() -> None:
    for missing in (None, ""):
        assert reader_of(models.IntegerField(null=True))(missing) is None
        assert reader_of(models.IntegerField(default=7))(missing) == 7
        assert reader_of(models.CharField(max_length=9, blank=True))(missing) == ""
        with pytest.raises(Unfit, match="没有填写"):
            reader_of(models.CharField(max_length=9))(missing)
    assert needs_value(
        models.IntegerField(blank=True)
    )  # a number that may be blank in a form is none in a row
    assert not needs_value(models.TextField(blank=True))


def test_length_and_limits_of_the_column_are_kept() -> None:
    text = reader_of(models.CharField(max_length=3))
    assert text("三个字") == "三个字"
    with pytest.raises(Unfit, match="有 4 个字,最多 3 个"):
        text("有四个字")
    number = reader_of(models.IntegerField(validators=[MinValueValidator(2), MaxValueValidator(8)]))
    assert [number(2), number("8")] == [2, 8]
    for value in (1, 9):
        with pytest.raises(Unfit):
            number(value)


def test_a_column_tells_which_rows_it_can_not_take() -> None:
    values, unfit = read_column(["1", "x", None, "3", "x"], reader_of(models.IntegerField(null=True)))
    assert values == [1, None, None, 3, None]
    assert set(unfit) == {1, 4}
    assert unfit[1] == unfit[4] == "不是数字。"


def test_each_distinct_value_is_made_once_and_kinds_are_kept_apart() -> None:
    calls: list[Any] = []

    def note(value: Any) -> str:
        calls.append(value)
        return repr(value)

    assert each_once(["a", "b", "a", None, "a"], note) == ["'a'", "'b'", "'a'", "None", "'a'"]
    assert sorted(map(repr, calls)) == ["'a'", "'b'", "None"]
    assert each_once([1, 1.0, True], note) == ["1", "1.0", "True"]  # equal as keys, not as values
    assert each_once([[1], [1]], note) == ["[1]", "[1]"]  # no keys at all


def test_heads_are_known_by_name_and_by_label_in_each_language() -> None:
    heads = labels_of({"name": "名称", "side": Road._meta.get_field("name").verbose_name})
    assert heads["名称"] == heads["name"] == "name"
    assert heads["side"] == "side"


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["plain", "a\tb", "a\nb\r\n", "back\\slash", "\\N", "\\.", "路 ✓", ""])
def test_text_comes_through_copy_unharmed(text: str) -> None:
    from io import StringIO

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE taken (t text, n text, b bool, i int, f float8, d date) ON COMMIT DROP"
        )
        row = [text, None, True, -3, 0.1, date(2026, 11, 22)]
        cursor.copy_expert("COPY taken FROM STDIN", StringIO("\t".join(map(copied, row)) + "\n"))
        cursor.execute("SELECT * FROM taken")
        assert list(cursor.fetchone()) == row
