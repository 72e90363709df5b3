from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from gridmgr.core.accounts.forms import FirstPasswordForm, NewAccountForm
from gridmgr.core.accounts.models import User
from gridmgr.core.backoffice import GridAdmin
from gridmgr.core.shared_forms import SharedForm

admin.site.unregister(Group)  # rights follow from the role


class AccountForm(SharedForm, UserChangeForm):
    pass


@admin.register(User)
class AccountAdmin(GridAdmin, UserAdmin):
    """Accounts. What a role allows is said in modules called rights.py; a member's branch by their Member."""

    form: Any = AccountForm
    add_form = NewAccountForm
    change_password_form = FirstPasswordForm
    list_display = ("username", "last_name", "first_name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "first_name", "last_name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "first_password_until")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_password_until")}),
        (_("个人信息"), {"fields": ("last_name", "first_name", "email")}),
        (_("角色"), {"fields": ("role", "is_active")}),
        (_("日期"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "role", "usable_password", "password1", "password2")}),)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """What is set here is a first password; one's own is changed on one's own page."""
        if id == str(request.user.pk):
            return redirect("account-password")
        return super().user_change_password(request, id, form_url)
