"""Errors that speak to a person, and the one place that turns them into HTTP answers (asked by pipeline.py)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.defaults import server_error

from gridmgr.core.disk import is_full
from gridmgr.core.outage import plain, readers_language, trouble, wants_json

OWN = {"csrfmiddlewaretoken", "seen", "version"}  # what a form carries besides what was written into it


class DomainError(Exception):
    """Something the domain refuses. Its text names the thing, the value, the limit and the way out."""

    status = 400
    page = "error.html"  # for people; it is given the error


class Invalid(DomainError):
    """The input can't be: a metre beyond the road's end, a period that ends before it begins."""

    status = 400


class Conflict(DomainError):
    """Somebody else holds it: another branch's section, a pitch already allocated."""

    status = 409


class NotThere(DomainError):
    """What was named does not exist, or not for this person."""

    status = 404


class NotRecorded(NotThere):
    """A day of which nothing is on record, because the city's data begins later."""


class TooMuch(DomainError):
    """More than one answer may hold."""

    status = 413


class NoRoom(DomainError):
    """The disk is full. Nothing is left of what was to be written."""

    status = 507

    def __init__(self) -> None:
        super().__init__(_("服务器磁盘已满,什么都没有保存。请联系管理员腾出空间,然后再试。"))


@contextmanager
def said_when_full(where: Path) -> Iterator[None]:
    """Turns an error for lack of room, in a block that writes at `where`, into NoRoom."""
    try:
        yield
    except Exception as error:
        if is_full(error, where):
            raise NoRoom from error
        raise


def constraint_of(error: IntegrityError) -> str:
    """Name of the database constraint that `error` broke, or '' when PostgreSQL didn't say."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def explain(error: BaseException) -> tuple[int, str]:
    """HTTP status and words for `error`; status 0 when it is not for a person to mend."""
    if isinstance(error, DomainError):
        return error.status, str(error)
    if is_full(error):
        return NoRoom.status, str(NoRoom())
    if isinstance(error, PermissionDenied):
        return 403, str(error) or _("您没有查看或修改这一内容的权限。如工作需要,请联系管理员。")
    if isinstance(error, IntegrityError):
        return 409, _("数据库拒绝了这次修改,什么都没有保存(约束 %(name)s)。请刷新后核对再试。") % {
            "name": constraint_of(error) or "?"
        }
    return trouble(error)


def answer(request: HttpRequest, *, status: int, text: str, error: Exception | None = None) -> HttpResponse:
    """`text` in the form the client asked for."""
    if status == 503 or wants_json(request):
        return plain(request, status=status, text=text)
    context: dict[str, Any] = {"status": status, "text": text, "error": error}
    page = error.page if isinstance(error, DomainError) else DomainError.page
    if page != DomainError.page:
        context["again"] = _sent(request)
    return render(request, page, context, status=status)


def _sent(request: HttpRequest) -> list[tuple[str, str]]:
    """What was written into the form, to be sent once more."""
    given = request.POST
    return [(name, str(value)) for name in given if name not in OWN for value in given.getlist(name)]


def last_resort(request: HttpRequest) -> HttpResponse:
    """handler500: what rose where no view was: in a middleware, while a session was loaded or saved, in a page of words."""
    error = sys.exc_info()[1]
    return (error and without_database(request, error)) or server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: what can't be read as a request at all."""
    if trouble(exception)[0] == 503 and (away := without_database(request, exception)):
        return away
    with readers_language(request):
        if isinstance(exception, DisallowedHost):
            text = _("这个网址没有登记(GRIDMGR_ALLOWED_HOSTS)。请用管理员给的网址,或请管理员加上它。")
        else:
            words = str(exception) if isinstance(exception, BadRequest) else ""
            text = words or _("请求无法读取。请返回上一页,核对后再试。")
        return plain(request, status=400, text=text)


def without_database(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """`error` in words on a page that asks nothing of the database; None when there are no words for it."""
    with readers_language(request):
        status, text = explain(error)
        return plain(request, status=status, text=text) if status else None
