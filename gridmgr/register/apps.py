from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegisterConfig(AppConfig):
    name = "gridmgr.register"
    label = "register"
    verbose_name = _("街道登记表")

    def ready(self) -> None:
        from gridmgr.intake.undo import taken_back
        from gridmgr.register import rights  # noqa: F401  (registers permissions)
        from gridmgr.register.writing import reopen

        taken_back.connect(reopen, dispatch_uid="register.reopen")
