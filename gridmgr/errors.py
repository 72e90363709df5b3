"""Errors that speak to a person, and the one place that turns them into HTTP answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from gridmgr.disk import is_full

OWN = {"csrfmiddlewaretoken", "seen"}  # what a form carries besides what was written into it


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


def as_validation_error(error: DomainError) -> ValidationError:
    """The same words for a form."""
    return ValidationError(str(error), code=type(error).__name__.lower())


class DomainErrorMiddleware:
    """Answers domain errors and database refusals in words: JSON to programs, a page to people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        status, text = explain(error)
        return answer(request, status=status, text=text, error=error) if status else None


def explain(error: Exception) -> tuple[int, str]:
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
    if isinstance(error, OperationalError):
        return 503, _("数据库暂时不可用,什么都没有保存。请稍后再试;若持续出现,请联系管理员。")
    return 0, ""


def answer(request: HttpRequest, *, status: int, text: str, error: Exception | None = None) -> HttpResponse:
    """`text` in the form the client asked for."""
    if _wants_json(request):
        return JsonResponse({"error": text}, status=status, json_dumps_params={"ensure_ascii": False})
    context: dict[str, Any] = {"status": status, "text": text, "error": error}
    page = error.page if isinstance(error, DomainError) else DomainError.page
    if page != DomainError.page:
        context["again"] = _sent(request)
    return render(request, page, context, status=status)


def _sent(request: HttpRequest) -> list[tuple[str, str]]:
    """What was written into the form, to be sent once more."""
    given = request.POST
    return [(name, str(value)) for name in given if name not in OWN for value in given.getlist(name)]


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(("/tiles/", "/layers/")) or "application/json" in request.headers.get(
        "Accept", ""
    )
