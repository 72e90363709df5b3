"""What every answer carries: no copy of pages with personal data is kept, and pages use no more of a device than they need."""

from typing import Any

import pytest
from django.test import Client

from gridmgr.core.pipeline import POLICY
from tests.conftest import Town
from tests.test_rights import PAGES

WITH_ETAG = {"tile", "layer-geojson"}


@pytest.mark.parametrize("role", ["secretary", "administrator"])
def test_no_page_is_kept_but_tiles_and_layers(client_as: Any, town: Town, role: str) -> None:
    client = client_as(role, branch=town.own.branch) if role == "secretary" else client_as(role)
    for name, (address, _answers) in PAGES.items():
        response = client.get(address(town.own))
        if name != "healthz":  # for monitors, before any page
            assert response["Permissions-Policy"] == POLICY, name
        kept = response.get("Cache-Control", "")
        if name in WITH_ETAG:
            assert (kept, "ETag" in response) == ("private, no-cache", True), name
        else:
            assert "no-store" in kept, (name, kept)


def test_errors_and_the_login_page_are_not_kept_either(client_as: Any, town: Town) -> None:
    for response in (Client().get("/login/"), Client().get("/no/such/"), client_as("member").get("/data/")):
        assert "no-store" in response["Cache-Control"], response.status_code
        assert response["Permissions-Policy"] == POLICY


def test_position_and_camera_are_for_our_own_pages_and_the_rest_is_off() -> None:
    rules = dict(each.split("=", 1) for each in POLICY.split(", "))
    assert {name for name, who in rules.items() if who == "(self)"} == {"geolocation", "camera"}
    assert {who for name, who in rules.items() if name not in {"geolocation", "camera"}} == {"()"}
    assert {"microphone", "payment", "usb", "serial"} <= set(rules)


def test_layers_that_browsers_may_keep_hold_no_phone_number(client_as: Any, town: Town) -> None:
    """What is revalidated by its ETag lies on the device meanwhile."""
    client = client_as("administrator")
    for layer in ("sections", "sites", "pitches", "bays"):
        body = b"".join(client.get(f"/layers/{layer}.geojson").streaming_content).decode()
        assert not [phone for phone in town.phones if phone in body], layer
