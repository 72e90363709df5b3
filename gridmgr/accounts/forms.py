"""Logging in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


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
