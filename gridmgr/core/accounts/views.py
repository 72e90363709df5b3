"""Logging in, and one's own account: password, sessions, language."""

import logging
import math
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import check_for_language, get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import set_language

from gridmgr.core.accounts.first_password import take_own_password
from gridmgr.core.accounts.forms import OwnPasswordForm
from gridmgr.core.accounts.lapsed import ComeBackView
from gridmgr.core.accounts.models import User
from gridmgr.core.accounts.sessions import began, end_sessions, sessions_of

log = logging.getLogger(__name__)


class Login(ComeBackView):
    """The one login page. A guesser is told to wait (429), and nothing of whether the name exists."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        began(self.request)
        _set_language(response, form.get_user().language)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        page = super().form_invalid(form)
        if form.wait is not None:
            log.warning("login of %r from %s has to wait", form.name, self.request.META["REMOTE_ADDR"])
            page.status_code = 429
            page["Retry-After"] = str(math.ceil(form.wait.total_seconds()))
        return page


def _set_language(response: HttpResponse, language: str) -> None:
    """The language that the person chose, on this device as well."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            path=settings.LANGUAGE_COOKIE_PATH,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )


def choose_language(request: HttpRequest) -> HttpResponse:
    """`/i18n/setlang/`: Django's, and whoever is logged in finds the language again on the next device."""
    response = set_language(request)
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES) and check_for_language(chosen):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return response


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """`/account/`: who one is here, on which devices one is logged in, and what can be changed."""
    user = cast(User, request.user)
    running = sessions_of(user)
    context = {
        "account": user,
        "sessions": running,
        "current": request.session.session_key,
        "others": sum(each.session_key != request.session.session_key for each in running),
    }
    return render(request, "accounts/account.html", context)


@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """`/account/password/`: one's own password; the page of those who have a first one still."""
    user = cast(User, request.user)
    form = OwnPasswordForm(user, request.POST or None, address=request.META["REMOTE_ADDR"])
    if request.method == "POST" and form.is_valid():
        was_first = user.first_password_until is not None
        take_own_password(user, form.cleaned_data["new_password1"], session=request.session.session_key)
        update_session_auth_hash(request, user)
        messages.success(request, _("密码已修改;其他设备上的登录已退出。"))
        return redirect("home" if was_first else "account")
    context = {"form": form, "account": user}
    return render(request, "accounts/password.html", context, status=422 if form.errors else 200)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """`/account/sessions/end/`: logs out everywhere else, or with `all` here too."""
    user, here = cast(User, request.user), request.session.session_key
    if request.POST.get("all"):
        end_sessions(user, but=here)
        logout(request)
        with override(get_language()):
            messages.success(request, _("所有设备上的登录都已退出。"))
        return redirect("login")
    ended = end_sessions(user, but=here)
    messages.success(request, _("已退出其他 %s 处登录。") % ended)
    return redirect("account")
