"""manage.py has_roads: `yes` or `no`, for scripts; `no` as well in a database without tables."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from grids.models import Road


class Command(BaseCommand):
    help = "Whether a city's roads are in the database: yes or no"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        there = Road._meta.db_table in connection.introspection.table_names() and Road.objects.exists()
        self.stdout.write("yes" if there else "no")
