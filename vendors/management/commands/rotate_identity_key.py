"""manage.py rotate_identity_key: another key for vendors' identity numbers, while the server runs or not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gridmgr.core.errors import Conflict
from grids.importers.roads import os_user
from vendors.domain import keyring
from vendors.domain.rekey import change_key, forget_unreadable


class Command(BaseCommand):
    help = "Encrypts vendors' identity numbers with a new key and drops the old one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forget",
            action="store_true",
            help="clear the numbers that no key reads, so that they are entered anew",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["forget"]:
            count = forget_unreadable(os_user=os_user())
            self.stdout.write(
                f"已清除 {count} 个读不出的身份证号 / cleared: {count} numbers that no key reads"
            )
            return
        if not keyring.in_file() and keyring.alone():
            raise CommandError(
                "密钥在 GRIDMGR_IDENTITY_KEY 里:请先设为“新密钥,旧密钥”并重启,再运行本命令,最后去掉旧密钥。\n"
                "The key is in GRIDMGR_IDENTITY_KEY: set it to NEW,OLD and restart, run this again, then take OLD away."
            )
        try:
            count = change_key(os_user=os_user())
        except Conflict as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} 个身份证号已改用新密钥 / encrypted with the new key: {count} numbers")
        if keyring.in_file():
            self.stdout.write(f"请备份 / back it up: {keyring.file()}")
        else:
            self.stdout.write(
                "现在可以从 GRIDMGR_IDENTITY_KEY 去掉旧密钥 / the old keys can be taken out of GRIDMGR_IDENTITY_KEY"
            )
