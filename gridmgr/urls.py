"""Composition root."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, include, path, reverse

from gridmgr.core.accounts.lapsed import put_aside
from gridmgr.core.accounts.views import Login, account, choose_language, end, password


@login_not_required
def admin_door(request: HttpRequest) -> HttpResponseRedirect:
    """In place of the admin's own login page: there is one login page, and it is no use to those without the right."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("gridmgr.desk.urls")),
    path("", include("vendors.urls")),
    path("", include("gridmgr.feeds.urls")),
    path("", include("gridmgr.briefing.urls")),
    path("", include("gridmgr.core.jobs.urls")),
    path("", include("gridmgr.intake.urls")),
    path("", include("gridmgr.register.urls")),
    path("login/", Login.as_view(), name="login"),
    path("account/", account, name="account"),
    path("account/password/", password, name="account-password"),
    path("account/sessions/end/", end, name="account-sessions-end"),
    path("login/unsent/", put_aside, name="unsent-put-aside"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("i18n/setlang/", login_not_required(choose_language), name="set_language"),
    path("admin/login/", admin_door),
    path("admin/", admin.site.urls),
]

handler400 = "gridmgr.core.errors.bad_request"
handler500 = "gridmgr.core.errors.last_resort"
