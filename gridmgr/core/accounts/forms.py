"""Logging in, and passwords."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    AuthenticationForm,
    PasswordChangeForm,
)
from django.utils.translation import gettext_lazy as _

from gridmgr.core.accounts import tries
from gridmgr.core.accounts.first_password import begin_with, give_first_password, has_lapsed, lapsed_words
from gridmgr.core.accounts.models import User


class LoginForm(AuthenticationForm):
    """User name and password. Which of the two is wrong is not said."""

    error_messages = {
        "invalid_login": _("用户名或密码不对,请核对后再试(注意大小写)。忘记密码请找管理员重设。"),
        "inactive": _("这个账号已停用。如需使用,请联系管理员。"),
    }

    def clean_username(self) -> str:
        """A name longer than any account's is nobody's; it is not kept among the failed attempts, which hold no more."""
        name: str = self.cleaned_data["username"]
        if len(name) > (self.username_field.max_length or 0):
            raise self.get_invalid_login_error()
        return name

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.wait: timedelta | None = None
        self.name = ""
        self.fields["username"].label = _("用户名")
        self.fields["password"].label = _("密码")
        self.fields["username"].widget = forms.TextInput(
            attrs={
                "autofocus": True,
                "autocapitalize": "none",
                "autocomplete": "username",
                "spellcheck": "false",
            }
        )

    def clean(self) -> dict[str, Any]:
        """The password is looked at only when the name isn't to wait; the try is on record before."""
        self.name = self.cleaned_data.get("username") or ""
        if not self.name or not self.cleaned_data.get("password"):
            return dict(self.cleaned_data)
        given = tries.begin(self.name, self.request.META["REMOTE_ADDR"])  # type: ignore[union-attr]
        self.wait = given.wait
        if given.wait is not None:
            raise forms.ValidationError(tries.too_often(given.wait))
        cleaned = dict(super().clean())
        given.succeeded()
        return cleaned

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if has_lapsed(user):
            raise forms.ValidationError(lapsed_words(), code="lapsed")


class OwnPasswordForm(PasswordChangeForm):
    """The old password once, the new one twice. Guesses at the old one count like those at the login page."""

    def __init__(self, user: User, *args: Any, address: str, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(user, *args, **kwargs)
        self.address = address
        self.fields["old_password"].label = _("现在的密码")
        self.fields["new_password1"].label = _("新密码")
        self.fields["new_password2"].label = _("再填一次新密码")
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        given = tries.begin(self.user.get_username(), self.address)
        if given.wait is not None:
            raise forms.ValidationError(tries.too_often(given.wait))
        old: str = super().clean_old_password()
        given.succeeded()
        return old

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        new = cleaned.get("new_password1")
        if new and new == cleaned.get("old_password"):
            self.add_error("new_password1", _("新密码不能与现在的密码相同。"))
        return cleaned


class FirstPasswordForm(AdminPasswordChangeForm):
    """An administrator gives an account a new first password."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if user.has_usable_password():
            give_first_password(user, self.cleaned_data["password1"])
        else:
            user.save()
        return user


class NewAccountForm(AdminUserCreationForm):
    """A new account comes with a first password."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if user.has_usable_password():
            begin_with(user, self.cleaned_data["password1"])
        if commit:
            user.save()
        return user
