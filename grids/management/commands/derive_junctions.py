"""Derives junctions from the road network."""

from argparse import ArgumentParser
from typing import Any

import pghistory
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from grids.domain.junctions import refresh_junctions


class Command(BaseCommand):
    help = "Derives the junctions from the road network anew: run it after import_roads. A second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--crossings",
            action="store_true",
            help="also simulate pedestrian crossings (marked as demo data) when the city has none",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with pghistory.context(command="derive_junctions"):
            result = refresh_junctions(crossings=options["crossings"])
        for kind, counts in result.items():
            words = {"kind": kind, **counts}
            self.stdout.write(
                _("%(kind)s:新增 %(created)d,更新 %(updated)d,未变 %(unchanged)d,移除 %(removed)d") % words
            )
