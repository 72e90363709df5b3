"""Where a thing stands: crossings and compass sides for those on the street, metres for planners, on every page alike."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Grid, Town

pytestmark = pytest.mark.django_db

METRES = re.compile(r"\d+\s*m?\s*[–-]\s*[\d,]+ m")
PLACES: dict[str, Callable[[Grid], Any]] = {
    "site": lambda grid: grid.site,
    "bay": lambda grid: grid.bay,
    "lane": lambda grid: grid.lane,
    "drop-off point": lambda grid: grid.drop_off,
}


@pytest.mark.parametrize("kind", PLACES)
def test_place_is_told_in_the_reader_s_words(kind: str, town: Town, client_as: Any) -> None:
    address = PLACES[kind](town.own).get_absolute_url()
    on_the_street = client_as("secretary", branch=town.own.branch).get(address).content.decode()
    planning = client_as("planner").get(address).content.decode()
    assert "第01街西端以东" in on_the_street
    assert "第01街西端以东" not in planning
    assert METRES.search(planning)


@pytest.mark.parametrize("address", ["/sites/", "/bays/", "/panda-lanes/", "/drop-off-points/", "/sections/"])
def test_lists_say_places_in_the_reader_s_words(address: str, town: Town, client_as: Any) -> None:
    on_the_street = client_as("secretary", branch=town.own.branch).get(address).content.decode()
    planning = client_as("planner").get(address).content.decode()
    assert "西端" in on_the_street
    assert not METRES.search(on_the_street)
    assert "西端" not in planning
    assert METRES.search(planning)
