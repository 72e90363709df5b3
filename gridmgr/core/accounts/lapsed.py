"""What happens to a request whose session or CSRF cookie is gone: nothing that a person entered is lost by it.

A form that meets a lapsed session is answered with the login page; what it held travels encrypted through that page
into the new session, and the page where the person came from then offers to send it: one tap. Scripts get 401 in
words. It is offered to the account alone that was last logged in on this device, for an hour, and only when the form
came from a page of our own: another site can't have us propose a submission of its making.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.views import LoginView
from django.core import signing
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from gridmgr.core.accounts.forms import LoginForm

KEPT_S = 3600
MOST_BYTES = 30_000
SLOT = "unsent"
DEVICE_COOKIE = "last_account"
NEVER_KEPT = {"csrfmiddlewaretoken", SLOT, "next"}


@dataclass(frozen=True)
class Unsent:
    """A form that was not accepted: where it goes, the page it was on, its fields, and whose it was."""

    action: str
    page: str
    fields: list[tuple[str, str]]
    account: str

    def sealed(self) -> str:
        """Encrypted, so that neither the page's source nor the session table shows what somebody typed."""
        return _lock().encrypt(json.dumps(self.__dict__).encode()).decode()


def unsealed(token: str) -> Unsent | None:
    """What `sealed` made within the last hour; None for anything else."""
    try:
        held = json.loads(_lock().decrypt(token.encode(), ttl=KEPT_S))
    except (InvalidToken, ValueError):
        return None
    return Unsent(
        held["action"], held["page"], [(name, value) for name, value in held["fields"]], held["account"]
    )


def _lock() -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(f"unsent:{settings.SECRET_KEY}".encode()).digest()))


# ── At the door ───────────────────────────────────────────────────────────────────────────────────────────


def is_script(request: HttpRequest) -> bool:
    """Our own scripts say so; a browser that opens a page never asks for JSON first."""
    return request.headers.get("X-Requested-With") == "fetch" or request.headers.get("Accept", "").startswith(
        "application/json"
    )


def told_to_log_in() -> JsonResponse:
    """What a script is told at a closed page."""
    words = {"error": _("登录已过期,请重新登录。"), "login": reverse(settings.LOGIN_URL)}
    response = JsonResponse(words, status=401, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """In place of a dead end: the same form again with a new token, when it came from a page of our own."""
    if is_script(request):
        words = {"error": _("页面已过期,请刷新后再试。")}
        return JsonResponse(words, status=403, json_dumps_params={"ensure_ascii": False})
    if request.path == reverse(settings.LOGIN_URL) or not request.user.is_authenticated:
        return login_page(request, status=403)
    get_token(request)
    return render(request, "403_csrf.html", {"again": kept(request)}, status=403)


def login_page(request: HttpRequest, *, status: int) -> HttpResponse:
    """The login page in answer to a form; what the form held rides along."""
    get_token(request)
    at_login = request.path in {reverse(settings.LOGIN_URL), reverse("logout")}
    unsent = None if at_login else kept(request)
    context: dict[str, Any] = {
        "form": LoginForm(request),
        "next": request.POST.get("next", "") if at_login else page_of(request),
        "unsent": unsent.sealed() if unsent else "",
        "tried": True,
        "lost_files": not at_login and _may_hold_files(request),
    }
    response = render(request, "login.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def kept(request: HttpRequest) -> Unsent | None:
    """The form of this request; None when it is not ours to keep: from elsewhere, with files or a password, or too long."""
    posted = _read(lambda: request.POST)
    if not posted or not _is_from_here(request) or _may_hold_files(request):
        return None
    fields = [(name, value) for name, values in posted.lists() for value in values if name not in NEVER_KEPT]
    if any("password" in name for name, _value in fields):
        return None
    if sum(len(name) + len(value) for name, value in fields) > MOST_BYTES:
        return None
    return Unsent(request.get_full_path(), page_of(request), fields, _account(request))


def _may_hold_files(request: HttpRequest) -> bool:
    """Forms with files are sent in parts; the files themselves are read past at this door."""
    return request.content_type == "multipart/form-data"


def _read(part: Callable[[], Any]) -> Any:
    """A part of a body that may be broken: then there is nothing to keep."""
    try:
        return part()
    except (BadRequest, ValueError, OSError):
        return None


def page_of(request: HttpRequest) -> str:
    """The page on which the form stood, as an address of ours; the first page when the browser doesn't say."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.get_host():
        return reverse(settings.LOGIN_REDIRECT_URL)
    page = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    return page if url_has_allowed_host_and_scheme(page, None) else reverse(settings.LOGIN_REDIRECT_URL)


def _is_from_here(request: HttpRequest) -> bool:
    """Whether a page of our own sent the form: browsers name the origin of every form, and no page can name another."""
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return urlsplit(origin).netloc == request.get_host() or origin in settings.CSRF_TRUSTED_ORIGINS


def _account(request: HttpRequest) -> str:
    """Key of the account that was last logged in on this device, '' when none was."""
    try:
        return str(signing.loads(request.COOKIES.get(DEVICE_COOKIE, ""), salt=DEVICE_COOKIE))
    except signing.BadSignature:
        return ""


# ── After the login ───────────────────────────────────────────────────────────────────────────────────────


class ComeBackView(LoginView):
    """The login page; what a lapsed session left unsent goes into the new one, if it is the same person's."""

    template_name = "login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"unsent": self.request.POST.get(SLOT, "")}

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        unsent = unsealed(self.request.POST.get(SLOT, ""))
        key = str(self.request.user.pk)
        if unsent is not None and unsent.account == key:
            self.request.session[SLOT] = unsent.sealed()
        answer.set_cookie(
            DEVICE_COOKIE,
            signing.dumps(key, salt=DEVICE_COOKIE),
            max_age=30 * 24 * 3600,
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
        return answer


def unsent_of(request: HttpRequest) -> Unsent | None:
    """What this reader has still to send."""
    token = request.session.get(SLOT, "") if hasattr(request, "session") else ""
    return unsealed(token) if token else None


@require_POST
def put_aside(request: HttpRequest) -> HttpResponse:
    """The person doesn't want to send it after all: back to the page where it was."""
    unsent = unsent_of(request)
    request.session.pop(SLOT, None)
    return redirect(unsent.page if unsent else settings.LOGIN_REDIRECT_URL)


def forget(request: HttpRequest) -> None:
    """Sent again, or put aside: it is not offered a second time."""
    unsent = unsent_of(request)
    if unsent is None or unsent.action == request.get_full_path():
        request.session.pop(SLOT, None)
