"""`manage.py demo`: the demo city."""

from argparse import ArgumentParser
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gridmgr.core import environment
from gridmgr.core.errors import DomainError


class Command(BaseCommand):
    help = "Builds the demo city: real streets of Taiyuan, simulated operations. Does nothing when there is a city."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="take the demo city away and build it anew")

    def handle(self, *args: Any, **options: Any) -> None:
        from gridmgr.demo import city, reset

        if reset.has_city() and not options["reset"]:
            said = _("数据库里已有城市,未作改动。")
            if not reset.has_real_city():
                said += _("要重建演示城市,请用 %s。") % environment.manage("demo --reset")
            self.stdout.write(said)
            return
        started = perf_counter()
        try:
            city.build(self._say, anew=options["reset"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("演示城市已建成,用时 %(seconds).0f 秒。账号见 %(path)s。")
            % {"seconds": perf_counter() - started, "path": settings.DEMO_ACCOUNTS}
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()
