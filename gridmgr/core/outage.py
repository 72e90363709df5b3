"""The database is away, slow or busy: which of these, in words, on a page that needs neither session nor database."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import psycopg2
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DataError, Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from psycopg2 import errorcodes

Piece = TypeVar("Piece")

RETRY_S = 5  # after which it is worth trying again

BUSY = {errorcodes.LOCK_NOT_AVAILABLE}
SLOW = {errorcodes.QUERY_CANCELED}
IDLE = {errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT}
# Two changes met; either may be tried again.
MET = {errorcodes.DEADLOCK_DETECTED, errorcodes.SERIALIZATION_FAILURE}


def code_of(error: BaseException) -> str:
    """PostgreSQL's code (SQLSTATE) for a database error, or '' when it gave none, as when it is away."""
    return getattr(error.__cause__, "pgcode", None) or ""


def trouble(error: BaseException) -> tuple[int, str]:
    """HTTP status and words for a database that can't do it now; status 0 when `error` is something else.

    What was raised while a database error was being dealt with is that error's: closing a cursor that was never made,
    a session that "was deleted" because it could not be saved.
    """
    found = [_trouble(each) for each in _behind(error)]
    return max(reversed(found), key=lambda each: each[0], default=(0, ""))


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    while isinstance(error, (Error, psycopg2.Error, UpdateError, SessionInterrupted)):
        yield error
        error = error.__context__


def _trouble(error: BaseException) -> tuple[int, str]:
    if not isinstance(error, Error):
        return 0, ""
    code = code_of(error)
    if code in MET:
        return 409, _("这次修改与别人同时进行的修改相撞,什么都没有保存。请刷新后再试一次。")
    if code in BUSY:
        return 503, _("别人正在修改同一内容,等了一会儿仍没有轮到,什么都没有保存。请过几秒再试一次。")
    if code in SLOW:
        return 503, _(
            "数据库在规定时间内没有算完,已停止,什么都没有保存。请缩小范围或过一会儿再试;若持续出现,请联系管理员。"
        )
    if code in IDLE or "idle-in-transaction" in str(error):
        return 503, _("这一步停留太久,数据库已放弃它,什么都没有保存。请再试一次。")
    if isinstance(error, DataError):
        return 400, _("有一项内容数据库存不下(太长、太大,或不是有效的值),什么都没有保存。请改正后再试。")
    if isinstance(error, (OperationalError, InterfaceError)):
        return 503, _("数据库暂时不可用,什么都没有保存。请稍后再试;若持续出现,请联系管理员。")
    return 0, ""


def readers_language(request: HttpRequest) -> translation.override:
    """The language chosen by the switch, else the browser's first: the switch is out of reach on these pages."""
    return translation.override(translation.get_language_from_request(request))


def plain(request: HttpRequest, *, status: int, text: str) -> HttpResponse:
    """`text` for a person or a program; asks nothing of session, user or database. 503 says when to come back."""
    response = (
        JsonResponse({"error": text}, status=status, json_dumps_params={"ensure_ascii": False})
        if wants_json(request)
        else HttpResponse(render_to_string("plain.html", _context(request, status, text)), status=status)
    )
    if status == 503:
        response["Retry-After"] = str(RETRY_S)
    response["Cache-Control"] = "no-store"
    return response


def _context(request: HttpRequest, status: int, text: str) -> dict[str, object]:
    again = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    return {"status": status, "text": text, "again": again, "product": settings.PRODUCT_NAME}


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks: a tile, a layer, or whatever fetches anything but a piece of a page."""
    accepted = request.headers.get("Accept", "")
    fetched = request.headers.get("Sec-Fetch-Dest") == "empty" and "text/html" not in accepted
    return request.path.startswith(("/tiles/", "/layers/")) or "json" in accepted or fetched


def begun(stream: Iterator[Piece], *, pieces: int = 1) -> Iterator[Piece]:
    """The same stream with its first pieces already made, so that what fails at once is answered in words.

    What fails later breaks the answer off: the server closes the connection without the last chunk.
    """
    return _joined(list(islice(stream, pieces)), stream)


def _joined(first: list[Piece], rest: Iterator[Piece]) -> Iterator[Piece]:
    yield from first
    yield from rest
