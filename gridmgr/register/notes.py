"""How a register's file was read: stored as a code with its numbers, worded in the reader's language."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _


def note(code: str, **told: int) -> dict[str, Any]:
    """A note as it is stored."""
    return {"code": code, **told}


def notes_of(stored: Iterable[Any]) -> Iterator[str]:
    """The notes in words."""
    for each in stored:
        yield _words(each["code"]) % each


def _words(code: str) -> str:
    return {
        "gb18030": _("文字按 GB18030(GBK)编码读取"),
        "hidden_sheets": _("没有读隐藏的工作表,共 %(count)s 张"),
        "text": "%(text)s",  # what an earlier version put in words, in a language that it did not note
    }[code]
