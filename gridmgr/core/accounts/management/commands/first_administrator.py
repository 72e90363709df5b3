"""`manage.py first_administrator`: the account that a new city begins with; its first password is printed once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.translation import gettext as _

from gridmgr.core.accounts.first_password import GOOD_FOR, begin_with, give_first_password, new_first_password
from gridmgr.core.accounts.models import Role, User


class Command(BaseCommand):
    help = "Make the first administrator of a city that has none; one who never logged in gets a new first password"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")

    def handle(self, *args: Any, **options: Any) -> None:
        password = new_first_password()
        with transaction.atomic():
            there = User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True)
            if there.filter(last_login__isnull=False).exists():
                self.stdout.write(_("已有管理员,没有新建。忘记密码可运行 first_password。"))
                return
            user = there.first()
            if user is not None:
                give_first_password(user, password)
            else:
                user = User(
                    username=options["username"], role=Role.ADMINISTRATOR, is_superuser=True, is_staff=True
                )
                begin_with(user, password)
                user.save()
        self.stdout.write(
            _("管理员 %(name)s,初始密码 %(password)s(只显示这一次,%(days)s 天内登录并修改)")
            % {"name": user.username, "password": password, "days": GOOD_FOR.days}
        )
