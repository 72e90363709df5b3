from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "gridmgr.accounts"
    label = "accounts"
    verbose_name = _("账号")

    def ready(self) -> None:
        from gridmgr.accounts import rules  # noqa: F401  (registers the permissions)
