from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class AccountsConfig(AppConfig):
    name = "gridmgr.accounts"
    label = "accounts"
    verbose_name = pgettext_lazy("plural", "账号")

    def ready(self) -> None:
        from gridmgr.accounts import rules  # noqa: F401  (registers the permissions)
