"""The city's name: one, kept by the database, told on pages and on what leaves the house."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from gridmgr.core.city.models import City, city_name
from tests.conftest import Town

pytestmark = pytest.mark.django_db


def test_name_stands_on_every_page_and_replaces_an_earlier_one(town: Town, client_as: Any) -> None:
    office = client_as("office")
    assert "· gridmgr</title>" in office.get("/map/").content.decode()
    call_command("name_city", " 贵溪市 ")
    assert "· 贵溪市</title>" in office.get("/map/").content.decode()
    call_command("name_city", "鹰潭市")
    assert "· 鹰潭市</title>" in office.get("/map/").content.decode()
    assert City.objects.count() == 1


def test_a_name_is_wanted(db: None) -> None:
    with pytest.raises(CommandError):
        call_command("name_city", "  ")
    assert city_name() == ""


@pytest.mark.parametrize("values", ["(1, '')", "(2, '贵溪市')"])
def test_the_database_keeps_one_city_with_a_name(values: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO city_city (id, name) VALUES {values}")


def test_maps_and_briefings_bear_the_name(town: Town, client_as: Any) -> None:
    call_command("name_city", "贵溪市")
    from gridmgr.briefing.gather import _title

    assert _title([], whole=True) == "贵溪市网格责任简报"
