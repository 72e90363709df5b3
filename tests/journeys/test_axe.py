"""Every page as axe-core sees it, on a phone and at a desk: no finding of any kind.

Beside the rules for WCAG 2.2 A and AA its best practices count, and the one that people who speak to their screen need.
"""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import Town
from tests.factories import UserFactory
from tests.journeys.conftest import DESKTOP, PASSWORD, PHONE, Visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"label-content-name-mismatch": {"enabled": True}},
    "resultTypes": ["violations"],
}


def findings(page: Any) -> list[str]:
    """Rule, number of places and the first of them, for each rule broken on the page.

    Pins on a map lie where their things lie: WCAG 2.5.8 exempts them from its size, and the list beside has each of them.
    """
    said = []
    for each in Axe().run(page, options=RULES).response["violations"]:
        nodes = [node["html"] for node in each["nodes"]]
        if each["id"] == "target-size":
            nodes = [html for html in nodes if "leaflet-marker-icon" not in html]
        if nodes:
            said.append(f"{each['id']} ×{len(nodes)}: {nodes[0][:200]}")
    return said


def walk(visitor: Visitor, paths: list[str]) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page = visitor.open(path)
        if broken := findings(page):
            found[path] = broken
    return found


def test_the_door_is_open_to_everybody(visit: Callable[..., Visitor], town: Town) -> None:
    assert walk(visit(PHONE), ["/login/", f"/guide/{town.own.guidance.slip}/"]) == {}


def test_pages_of_the_street_on_a_phone(visit: Callable[..., Visitor], town: Town, secretary: str) -> None:
    visitor = visit(PHONE, is_mobile=True, has_touch=True)
    visitor.log_in(secretary)
    own = town.own
    paths = [
        "/my/", "/guide/", "/guidance/", f"/guide/{own.guidance.slip}/", "/search/?q=01", "/sections/",
        own.section.get_absolute_url(), own.site.get_absolute_url(), f"/sites/{own.site.code}/pitches/",
        own.branch.get_absolute_url(), own.road.get_absolute_url(), own.school.get_absolute_url(),
        f"/bays/{own.bay.number}/", f"/bays/?road={own.road.pk}", "/vendors/", "/map/",
    ]  # fmt: skip
    assert walk(visitor, paths) == {}


def test_pages_of_the_desk(visit: Callable[..., Visitor], town: Town) -> None:
    visitor = visit(DESKTOP)
    visitor.log_in(UserFactory(username="admin-axe", password=PASSWORD, role="administrator").username)
    own = town.own
    paths = [
        "/", "/map/", "/branches/", own.branch.get_absolute_url(), "/roads/", own.road.get_absolute_url(), "/roads/gaps/",
        "/sites/", own.site.get_absolute_url(), "/pitches/", "/schools/", "/panda-lanes/", "/drop-off-points/", "/bays/",
        "/plan/", "/plan/proposals/", "/plan/suggest/", "/vendors/", "/vendors/add/", own.vendor.get_absolute_url(),
        "/guidance/", "/briefing/", "/data/", "/data/register/", "/jobs/", "/sections/add/", "/search/?q=01",
    ]  # fmt: skip
    assert walk(visitor, paths) == {}
