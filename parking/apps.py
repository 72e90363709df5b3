from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ParkingConfig(AppConfig):
    name = "parking"
    verbose_name = _("学校与停车")

    def ready(self) -> None:
        from parking import rights  # noqa: F401  (registers permissions)
