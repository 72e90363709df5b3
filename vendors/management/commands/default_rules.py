"""Takes the default placement rules over, for a city that has none in use."""

from typing import Any

import pghistory
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from vendors.domain.profile import install_default_profile
from vendors.models import RuleProfile


class Command(BaseCommand):
    help = "Puts the default placement rules into use, each to be confirmed; refuses where rules are in use."

    def handle(self, *args: Any, **options: Any) -> None:
        if found := RuleProfile.objects.filter(in_use=True).first():
            raise CommandError(_("已有使用中的规则集“%s”,没有改动。") % found.name)
        with pghistory.context(command="default_rules"):
            profile = install_default_profile()
        self.stdout.write(
            _("已采用“%(name)s”:%(n)s 条,待本市确认。") % {"name": profile.name, "n": profile.rules.count()}
        )
