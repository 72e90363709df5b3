"""Outside values → what a database column takes, as COPY writes it; each distinct value is read once."""

import math
import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import translation
from django.utils.translation import gettext as _

T = TypeVar("T")
Read = Callable[[Any], Any]
YES = frozenset(["true", "t", "yes", "y", "1", "是", "有"])
NO = frozenset(["false", "f", "no", "n", "0", "否", "无"])
LANGUAGES = ("zh-hans", "en")
_NOT_STORED = re.compile("[\0\ud800-\udfff]")


class Unfit(Exception):
    """A value that can't be taken; the text is the reason."""


def reader_of(field: "models.Field[Any, Any]") -> Read:
    """How values of a model field are read: None for a missing one, else the value that the column takes.

    A missing value of a column that can't be empty is its default. The function raises Unfit with the reason.
    """
    read, validate = _reader_by_type(field), _validator_of(field)

    def checked(value: Any) -> Any:
        if value is None or value == "":
            if needs_value(field):
                raise Unfit(_("没有填写。"))
            return None if field.null else field.get_default()
        value = read(value)
        validate(value)
        return value

    return checked


def needs_value(field: "models.Field[Any, Any]") -> bool:
    """Whether a new row can't do without a value for this column."""
    may_be_blank = isinstance(field, (models.CharField, models.TextField)) and field.blank
    return not (field.null or field.has_default() or may_be_blank)


def _reader_by_type(field: "models.Field[Any, Any]") -> Read:
    if field.choices:
        return _choice_reader(field)
    readers: list[tuple[type[models.Field[Any, Any]], Read]] = [
        (models.BooleanField, as_bool),
        (models.IntegerField, as_int),
        (models.FloatField, as_float),
        (models.DateTimeField, as_moment),
        (models.DateField, as_date),
        (models.TimeField, as_time),
    ]
    return next((read for kind, read in readers if isinstance(field, kind)), as_text)


def _choice_reader(field: "models.Field[Any, Any]") -> Read:
    codes = {str(code): str(code) for code, _word in field.flatchoices}
    for language in LANGUAGES:
        with translation.override(language):
            codes |= {str(word): str(code) for code, word in field.flatchoices}

    def read(value: Any) -> str:
        text = str(value).strip()
        if text not in codes:
            words = _("、").join(f"{word}({code})" for code, word in field.flatchoices)
            raise Unfit(_("不在可选值中。可用:%s。") % words)
        return codes[text]

    return read


def _validator_of(field: "models.Field[Any, Any]") -> Callable[[Any], None]:
    """Raises Unfit with the reason for a value that the model field doesn't take."""
    most = getattr(field, "max_length", None) or math.inf
    more = [each for each in field.validators if not isinstance(each, MaxLengthValidator)]

    def validate(value: Any) -> None:
        if isinstance(value, str) and len(value) > most:
            raise Unfit(
                _("有 %(length)s 个字,最多 %(most)s 个。请缩短。") % {"length": len(value), "most": most}
            )
        if more:
            try:
                field.run_validators(value)
            except ValidationError as error:
                raise Unfit(" ".join(error.messages)) from None

    return validate


def as_text(value: Any) -> str:
    """Text as it is, in NFC; a whole number from a sheet without its decimal point."""
    if isinstance(value, (bool, dict, list, bytes)):
        raise Unfit(_("应为文字。"))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFC", str(value))
    if _NOT_STORED.search(text):
        raise Unfit(_("含有不能保存的字符(NUL 或残缺的 Unicode)。请删去。"))
    return text


def as_bool(value: Any) -> bool:
    """True or false from 是/否, true/false, 1/0."""
    word = str(value).strip().lower().removesuffix(".0")
    if word not in YES | NO:
        raise Unfit(_("应为 是 或 否。"))
    return word in YES


def as_int(value: Any) -> int:
    number = as_float(value)
    if not number.is_integer():
        raise Unfit(_("应为整数。"))
    return int(number)


def as_float(value: Any) -> float:
    try:
        number = float(value) if not isinstance(value, (bool, dict, list, date, time)) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Unfit(_("不是数字。"))
    return number


def as_date(value: Any) -> date:
    """A day from a date, a moment at midnight, 2026-11-22 or 2026/11/22."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = re.fullmatch(
        r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00)?(?:\.0+)?Z?)?", str(value).strip()
    )
    try:
        if found:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise Unfit(_("不是日期,请写成 2026-11-22 这样的形式。"))


def as_moment(value: Any) -> datetime:
    """A moment with its zone: 2026-11-22 08:30:00+08:00."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Unfit(_("不是带时区的时刻,请写成 2026-11-22 08:30:00+08:00 这样的形式。"))
    return found


def as_time(value: Any) -> time:
    """A time of day from a time, 7:30 or 07:30:00."""
    if isinstance(value, datetime):
        return value.time()
    if isinstance(value, time):
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?", str(value).strip())
    try:
        if found:
            hour, minute, second = (int(part or 0) for part in found.groups())
            return time(hour, minute, second)
    except ValueError:
        pass
    raise Unfit(_("不是时间,请写成 07:30 这样的形式。"))


# ── COPY ──────────────────────────────────────────────────────────────────────────────────────────────────

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_SPECIAL = re.compile(r"[\\\t\n\r]")
NULL = "\\N"


def copied(value: Any) -> str:
    """A value as PostgreSQL's COPY reads it in its text format."""
    if isinstance(value, str):
        return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    return repr(value) if isinstance(value, (int, float)) else value.isoformat()


def each_once(values: Sequence[Any], make: Callable[[Any], T]) -> list[T]:
    """`make` of every value, called once for each distinct one: columns have few, and 100,000 calls cost seconds."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) > 1 or not all(
        issubclass(kind, Hashable) for kind in kinds
    ):  # 1, 1.0 and True would be one key
        return [make(value) for value in values]
    known = {value: make(value) for value in set(values)}
    return list(map(known.__getitem__, values))


def read_column(values: Sequence[Any], read: Read) -> tuple[list[Any], dict[int, str]]:
    """Every value read, and the reasons of those that can't be, by index."""

    def tried(value: Any) -> Any:
        try:
            return read(value)
        except Unfit as error:
            return error

    made = each_once(values, tried)
    unfit = {index: str(value) for index, value in enumerate(made) if isinstance(value, Unfit)}
    return [None if isinstance(value, Unfit) else value for value in made] if unfit else made, unfit


def labels_of(labels: Mapping[str, Any]) -> dict[str, str]:
    """Every way in which files head a field, in lower case → the field: its name, and its label in each language."""
    heads: dict[str, str] = {}
    for name, label in labels.items():
        for language in LANGUAGES:
            with translation.override(language):
                heads.setdefault(str(label).strip().lower(), name)
    return heads | {name.lower(): name for name in labels}
