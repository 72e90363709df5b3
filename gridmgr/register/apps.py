from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegisterConfig(AppConfig):
    name = "gridmgr.register"
    label = "register"
    verbose_name = _("街道登记表")
