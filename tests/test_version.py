"""One version, in one place: what pyproject.toml says is told by monitors' answer, pages and the changelog."""

import re
import tomllib

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db
VERSION = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]


def test_health_and_foot_of_pages_tell_the_version(client: Client) -> None:
    assert client.get("/healthz").json()["version"] == VERSION
    foot = client.get("/login/").content.decode().split("<footer", 1)[1]
    assert f"gridmgr {VERSION}</span>" in foot


def test_newest_release_of_the_changelog_is_this_version() -> None:
    text = (settings.BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ · \d{4}-\d\d-\d\d", each) for each in releases)
    assert releases[0].split(" · ")[0] == VERSION
    assert releases == sorted(releases, reverse=True)
