from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GridmgrConfig(AppConfig):
    name = "gridmgr"
    verbose_name = _("城市道路网格管理")

    def ready(self) -> None:
        from gridmgr.briefing import rights  # noqa: F401  (registers permissions)
        from gridmgr.core import (
            checks,  # noqa: F401  (registers the system checks)
            stored_sql,
        )

        stored_sql.settle_after_migrate()
