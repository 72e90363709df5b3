from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntakeConfig(AppConfig):
    name = "gridmgr.intake"
    label = "intake"
    verbose_name = _("数据导入")

    def ready(self) -> None:
        from gridmgr.intake import rights  # noqa: F401  (registers permissions)
