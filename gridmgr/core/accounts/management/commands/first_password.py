"""`manage.py first_password NAME`: a new first password, printed once; for whoever forgot theirs, administrators among them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gridmgr.core.accounts.first_password import GOOD_FOR, give_first_password, new_first_password
from gridmgr.core.accounts.models import User


class Command(BaseCommand):
    help = "Give an account a new first password, which has to be changed at the next login"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(_("没有用户名为 %s 的账号。") % options["username"])
        password = new_first_password()
        give_first_password(user, password)
        self.stdout.write(
            _("%(name)s 的初始密码:%(password)s(只显示这一次,%(days)s 天内登录并修改)")
            % {"name": user.username, "password": password, "days": GOOD_FOR.days}
        )
