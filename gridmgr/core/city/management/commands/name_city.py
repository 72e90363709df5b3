"""manage.py name_city 城市名: what the city is called on pages and in briefings."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from gridmgr.core.city.models import City


class Command(BaseCommand):
    help = "城市在页面和简报里的名称 / what the city is called on pages and in briefings"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="如 贵溪市 / such as 贵溪市")

    def handle(self, *args: Any, **options: Any) -> None:
        city = City.objects.first() or City(pk=1)
        city.name = options["name"].strip()
        try:
            city.full_clean(validate_unique=False)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        city.save()
        self.stdout.write(city.name)
