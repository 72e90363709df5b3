"""JSON that is sent to us: what is too much, and text that no column can hold, is refused before a page reads it."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid, TooMuch

# PostgreSQL's text holds any character but NUL; halves of surrogate pairs are no characters.
NO_TEXT = re.compile("[\0\ud800-\udfff]")
MOST_DEPTH = 32


def json_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent. Raises Invalid or TooMuch in words.

    In it are no NaN, no Infinity, no characters that are no text, and at most MOST_DEPTH levels. A number may still be
    too large to be finite (1e309): whoever reads it says which it is.
    """
    try:
        content = request.body
    except (RawPostDataException, UnreadablePostError):
        raise Invalid(_("请求内容须是 JSON 对象。")) from None
    except RequestDataTooBig:
        most = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) >> 10
        raise TooMuch(_("请求内容超过 %s KB。请减少内容。") % most) from None
    data = read_json(content)
    if not isinstance(data, dict):
        raise Invalid(_("请求内容须是 JSON 对象。"))
    return data


def read_json(content: str | bytes) -> Any:
    """What a JSON text says, bounded as `json_of`. Raises Invalid in words."""
    try:
        data = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Invalid(_("请求内容须是 JSON 对象。")) from None
    level: list[Any] = [data]
    for _depth in range(MOST_DEPTH):
        for each in level:
            _check(each)
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return data
    raise Invalid(_("请求内容套得太深,最多 %s 层。") % MOST_DEPTH)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return (*value, *value.values())
    return value if isinstance(value, list) else ()


def _check(value: Any) -> None:
    if isinstance(value, str) and NO_TEXT.search(value):
        raise Invalid(_("内容里有不能保存的字符(空字符或半个字符)。请去掉后再试。"))


def _refuse(constant: str) -> NoReturn:
    raise Invalid(_("%s 不是数字。请填写有限的数值。") % constant)
