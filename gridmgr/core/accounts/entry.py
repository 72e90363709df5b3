"""Who asks, and whether they may go on: what every request passes once its session is there (settings.MIDDLEWARE)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from gridmgr.core.accounts.first_password import OPEN, has_lapsed, lapsed_words
from gridmgr.core.accounts.lapsed import SLOT, forget, is_script, login_page, told_to_log_in
from gridmgr.core.accounts.models import User
from gridmgr.core.errors import answer


class AccountMiddleware(AuthenticationMiddleware):
    """Django's, but the account comes with the session, in one query."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _account(request))  # type: ignore[assignment]


def _account(request: Any) -> Any:
    if not hasattr(request, "_cached_user"):  # where Django keeps it
        request._cached_user = _of_session(request.session) or auth.get_user(request)  # noqa: SLF001
    return request._cached_user  # noqa: SLF001


def _of_session(session: Any) -> User | None:
    """The account that was read with the session, if it is logged in by it for sure. What is odd is left to Django."""
    key, backend, held = (
        session.get(name) for name in (auth.SESSION_KEY, auth.BACKEND_SESSION_KEY, auth.HASH_SESSION_KEY)
    )
    account: User | None = session.account
    if account is None or not account.is_active or str(account.pk) != key:
        return None
    if backend not in settings.AUTHENTICATION_BACKENDS or not held:
        return None
    return account if constant_time_compare(held, account.get_session_auth_hash()) else None


class ClosedPagesMiddleware(LoginRequiredMiddleware):
    """Closed pages: a script is told so, a form is kept, and whoever opens a page logs in and gets it."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if request.method == "POST" and request.user.is_authenticated and SLOT in request.session:
            forget(request)
        refused: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        return refused

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseBase:  # type: ignore[override]
        if is_script(request):
            return told_to_log_in()
        if request.method == "POST":
            return login_page(request, status=401)
        return redirect_to_login(request.get_full_path(), self.get_login_url(view_func))


class FirstPasswordMiddleware:
    """Until a first password is changed there is one page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not getattr(view, "login_required", True):
            return None  # open to all
        user: Any = request.user
        if getattr(user, "first_password_until", None) is None:
            return None
        if has_lapsed(user):
            auth.logout(request)
            messages.error(request, lapsed_words())
            return redirect("login")
        if request.resolver_match and request.resolver_match.url_name in OPEN:
            return None
        if "application/json" in request.headers.get("Accept", ""):
            return answer(request, status=403, text=_("请先把初始密码改成自己的密码。"))
        return redirect("account-password")
