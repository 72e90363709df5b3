"""What every request passes on its way to a view and back, before it is asked who sends it. settings.MIDDLEWARE has the order.

Who may go on is said by gridmgr.core.accounts.entry.
"""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pghistory.middleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.urls import resolve
from django.utils import translation
from django.utils.translation import gettext as _

from gridmgr.core.errors import answer, explain, without_database
from gridmgr.core.json_body import NO_TEXT
from gridmgr.core.outage import plain, readers_language, trouble

Next = Callable[[HttpRequest], HttpResponse]

# Headers by which a proxy says for whom it asks: then it is not the monitor on this machine who does.
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")
# The guide and my roads ask where one is, and a photograph is taken where it is needed; everything else is off.
PERMISSIONS = {"geolocation": "(self)", "camera": "(self)"}
OFF = (
    "accelerometer", "autoplay", "display-capture", "encrypted-media", "fullscreen", "gamepad",
    "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "sync-xhr", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
POLICY = ", ".join([*(f"{name}={who}" for name, who in PERMISSIONS.items()), *(f"{name}=()" for name in OFF)])
NOT_KEPT = "no-store, private"


class MonitorMiddleware:
    """Answers /healthz to a monitor on this machine before a host is checked or TLS asked for; it has no name for us."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz" and on_this_machine(request):
            told: HttpResponse = resolve(request.path).func(request)
            return told
        return self.get_response(request)


def on_this_machine(request: HttpRequest) -> bool:
    """Whether the asker itself, not a proxy for somebody, sits on the loopback interface."""
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class HeadersMiddleware:
    """`Permissions-Policy` on every answer, and `no-store` on all but what carries an ETag.

    Tiles and GeoJSON have one: they hold no phone numbers, and their ETag tells readers apart. Static files don't pass here.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", POLICY)
        if "ETag" not in response.headers and "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = NOT_KEPT
        return response


class PlainTextMiddleware:
    """Answers 400 to a path, query, cookie, header or form field with a character that is no text.

    A form that comes with a file, of which the view settles how it is taken, is left to the view's own form.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any(NO_TEXT.search(text) for text in _around(request)):
            return self._refused(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if getattr(view, "csrf_exempt", False) or not any(
            NO_TEXT.search(text) for text in _pairs(request.POST)
        ):
            return None
        return self._refused(request)

    def _refused(self, request: HttpRequest) -> HttpResponse:
        with readers_language(request):
            text = _("网址、表单或请求头里有不能保存的字符(空字符或半个字符)。请去掉后再试。")
            return plain(request, status=400, text=text)


def _around(request: HttpRequest) -> Iterator[str]:
    yield request.path_info
    yield from _pairs(request.GET)
    yield from (each for pair in request.COOKIES.items() for each in pair)
    yield from (value for name, value in request.META.items() if name.startswith(("HTTP_", "CONTENT_")))


def _pairs(given: Any) -> Iterator[str]:
    for name, values in given.lists():
        yield name
        yield from values


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Chinese unless a person chose otherwise by the language switch, which keeps a cookie.

    What a browser prefers is not asked, so that all see the same by default.
    """

    def process_request(self, request: HttpRequest) -> None:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = chosen in dict(settings.LANGUAGES)
        translation.activate(chosen if known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()


class HistoryMiddleware(pghistory.middleware.HistoryMiddleware):
    """Writes who is logged in, and on which page, beside every change that the request makes."""

    def get_context(self, request: HttpRequest) -> dict[str, Any]:
        user = request.user if request.user.is_authenticated else None
        return {
            "user": user.pk if user else None,
            "username": user.get_username() if user else "",
            "url": request.path,
        }


class DomainErrorMiddleware:
    """Answers domain errors and database refusals in words: JSON to programs, a page to people."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if trouble(error)[0] == 503:
            return without_database(request, error)
        status, text = explain(error)
        return answer(request, status=status, text=text, error=error) if status else None
