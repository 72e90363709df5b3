from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class GridsConfig(AppConfig):
    name = "grids"
    verbose_name = _("网格与道路")

    def ready(self) -> None:
        from grids import rights  # noqa: F401  (registers permissions)

        for name in ("Branch", "Assignment"):
            for signal in (post_save, post_delete):
                signal.connect(
                    _neighbours_differ, sender=self.get_model(name), dispatch_uid=f"{name}-colours"
                )


def _neighbours_differ(*, raw: bool = False, **_more: Any) -> None:
    """Branches and sections change by pages, the admin and scripts: the colours are looked at once all is committed.

    Imports and their undoing, which write whole tables, ask for the same themselves.
    """
    from grids.domain.colours import recolour_once_committed

    if not raw:
        recolour_once_committed()
