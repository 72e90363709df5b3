from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class AccountsConfig(AppConfig):
    name = "gridmgr.core.accounts"
    label = "accounts"
    verbose_name = pgettext_lazy("plural", "账号")

    def ready(self) -> None:
        from gridmgr.core.accounts import rights  # noqa: F401  (registers permissions)
