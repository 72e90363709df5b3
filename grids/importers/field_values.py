"""The values that fields of a file of ways may hold, and what is refused."""

import math
import re
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from grids.enums import Oneway

NO = frozenset(["", "no", "false", "f", "n", "0", "0.0", "none", "否", "无"])
YES = frozenset(["yes", "true", "t", "y", "1", "1.0", "是", "有"])
ONE_WAY = {
    **dict.fromkeys([*NO, "双向", "双行", "reversible", "alternating", "both", "b"], Oneway.NO),
    **dict.fromkeys([*YES, "单行", "单向", "forward", "ft"], Oneway.FORWARD),
    **dict.fromkeys(["-1", "-1.0", "reverse", "backward", "tf"], Oneway.BACKWARD),
}

MAX_NAME = 120
LANES_LIMIT = 40  # a toll plaza has about thirty
WIDTH_LIMITS_M = (1.0, 150.0)
LEVEL_LIMIT = 20


class Refused(Exception):
    """A value that can't be taken, in `field`, with the reason in words."""

    def __init__(self, field: str, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = field, shown(value), reason


def as_name(value: Any, label: str, most: int = MAX_NAME) -> str:
    """A name in NFC, without blanks around it and invisible marks (zero-width, direction) in it; '' when there is none."""
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool, bytes)) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise Refused(label, value, _("名称应为文字。"))
    visible = "".join(character for character in str(value) if unicodedata.category(character) != "Cf")
    text = unicodedata.normalize("NFC", visible).strip()
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise Refused(label, value, _("名称含控制字符(换行、制表符等)。请删去。"))
    if len(text) > most:
        raise Refused(
            label,
            value,
            _("名称有 %(length)s 个字,最多 %(most)s 个。请缩短。") % {"length": len(text), "most": most},
        )
    return text


def as_osm_id(value: Any, label: str) -> int | None:
    """The way's number from 123, '123', 'w123' or 'way/123'."""
    if value is None:
        return None
    found = re.fullmatch(r"(?:way/|w)?(\d{1,18})(?:\.0+)?", str(value).strip().lower())
    if isinstance(value, bool) or not found or int(found[1]) == 0:
        raise Refused(label, value, _("不是 OSM 路线编号(正整数)。请改正,或改用别的字段名。"))
    return int(found[1])


def as_oneway(value: Any, label: str) -> str | None:
    if value is None:
        return None
    word = str(value).strip().lower()
    if word not in ONE_WAY:
        raise Refused(label, value, _("读不懂单行值。可用:yes、no、-1。"))
    return ONE_WAY[word]


def as_lanes(value: Any, label: str) -> int | None:
    """Lanes of the whole way, both directions together."""
    if value is None:
        return None
    number = _number(value, label)
    if number != int(number) or not 1 <= number <= LANES_LIMIT:
        raise Refused(label, value, _("车道数应为 1 至 %s 的整数。请改正或留空。") % LANES_LIMIT)
    return int(number)


def as_width(value: Any, label: str) -> float | None:
    """Metres, with or without the unit written behind."""
    if value is None:
        return None
    text = re.sub(r"\s*(m|米)$", "", value.strip()) if isinstance(value, str) else value
    number = _number(text, label)
    least, most = WIDTH_LIMITS_M
    if number == 0:  # an empty numeric field of a Shapefile
        return None
    if not least <= number <= most:
        raise Refused(
            label,
            value,
            _("宽度应为 %(least)s 至 %(most)s 米。请改正或留空。") % {"least": least, "most": most},
        )
    return number


def as_level(value: Any, label: str) -> int | None:
    if value is None:
        return None
    number = _number(value, label)
    if number != int(number) or abs(number) > LEVEL_LIMIT:
        raise Refused(
            label, value, _("层应为 -%(most)s 至 %(most)s 的整数。请改正或留空。") % {"most": LEVEL_LIMIT}
        )
    return int(number)


def _number(value: Any, label: str) -> float:
    try:
        number = float(value) if not isinstance(value, (bool, dict, list)) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Refused(label, value, _("不是数字。请改正或留空。"))
    return number


def is_yes(value: Any) -> bool:
    return value is not None and str(value).strip().lower() not in NO


def shown(value: Any) -> str:
    """A value as a message shows it: short, on one line, whatever it holds."""
    text = "".join(character if character.isprintable() else "�" for character in str(value))
    return text if len(text) <= 80 else text[:77] + "…"
