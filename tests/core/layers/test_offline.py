"""The map in one file: what is in it, for whom, and that nothing in it leads out."""

import re
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gridmgr.catalog import BACKDROP, LAYERS
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers import offline
from gridmgr.core.layers.offline import offline_map
from gridmgr.core.layers.view import View
from tests.conftest import Town
from tests.core.layers.test_tiles import decode
from tests.drawing import at
from tests.factories import BayFactory, SiteFactory

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def view(audience: Audience | None = None, **changes: Any) -> View:
    given: dict[str, Any] = {
        "title": "<试验>图",
        "subtitle": "两条路",
        "bounds": (*at(-100, -100), *at(1100, 300)),
        "layers": LAYERS,
        "backdrop": BACKDROP,
        "audience": audience or Audience(role="office"),
        "on": date(2026, 11, 22),
    }
    return View(**{**given, **changes})


def html_of(**given: Any) -> str:
    return offline_map(view(**given), moment=MOMENT).content.decode()


def blob(html: str, name: str) -> bytes:
    found = re.search(rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', html)
    assert found, name
    return b64decode(found[1])


def test_file_names_no_other_place(town: Town) -> None:
    html = html_of()
    assert (
        re.findall(r"https?:|\bsrc=|\bhref=|@import|url\((?!data:image/png;base64,)", without_scripts(html))
        == []
    )
    assert re.findall(r"https?://", html) == []
    assert "localhost" not in html


def without_scripts(html: str) -> str:
    return re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)


def test_policy_admits_exactly_the_scripts_and_styles_of_the_file(town: Town) -> None:
    html = html_of()
    policy = unescape(re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)[0])
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}

    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == [
        hashed(text) for text in re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    ]
    assert rules["style-src"] == [
        hashed(text) for text in re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    ]
    assert rules["img-src"] == ["data:"]
    assert "unsafe" not in policy


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_every_layer_is_inside_with_its_fields(town: Town, tmp_path: Path) -> None:
    html = html_of()
    bays = decode(blob(html, "data-2"), "bays", tmp_path)

    assert sorted(bay["number"] for bay in bays) == ["BW-01", "BW-02"]
    assert {bay["shape"] for bay in bays} == {"Polygon"}
    assert {bay["road"] for bay in bays} == {town.own.road.name, town.other.road.name}
    assert [site["free"] for site in decode(blob(html, "data-2"), "sites", tmp_path)] == [1, 1]
    assert "数据时刻 2026-11-22 16:30" in html
    assert "© OpenStreetMap contributors" in html


def test_member_gets_only_own_and_nobody_gets_phones(town: Town, tmp_path: Path) -> None:
    own = Audience(role="member", branch_id=town.own.branch.pk, member_id=town.own.member.pk)
    html = html_of(audience=own)
    data = blob(html, "data-2") + blob(html, "data-points") + html.encode()

    assert town.own.site.name.encode() in data
    for foreign in (town.other.site.name, town.other.road.name, town.other.branch.name, "BW-02"):
        assert foreign.encode() not in data, foreign
    assert "仅含本人可见的内容" in html
    everything = blob(html_of(), "data-2") + blob(html_of(), "data-points")
    assert [phone for phone in town.phones if phone.encode() in everything] == []


def test_names_never_become_markup(town: Town) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    SiteFactory(name=evil, road=town.own.road, at_m=600)
    html = html_of()

    assert evil.encode() in blob(html, "data-2")
    assert "onerror=alert" not in html
    assert "<title>&lt;试验&gt;图</title>" in html


def test_same_rows_and_moment_give_the_same_bytes(town: Town) -> None:
    assert html_of() == html_of()


def test_rows_beyond_the_view_stay_outside(town: Town, tmp_path: Path) -> None:
    BayFactory(number="FERN", road=town.own.road, at_m=900)
    html = html_of(bounds=(*at(80, -40), *at(180, 40)))
    assert [bay["number"] for bay in decode(blob(html, "data-2"), "bays", tmp_path)] == ["BW-01", "BW-02"]


def test_a_library_that_links_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "_LINKS", {"vendor/leaflet/leaflet.js": []})
    with pytest.raises(ValueError, match="would reach out of the file"):
        offline._library.__wrapped__("vendor/leaflet/leaflet.js")
    monkeypatch.setattr(
        offline, "_LINKS", {"vendor/vector-tile/vector-tile.js": [("https://gone.example", "#")]}
    )
    with pytest.raises(ValueError, match=r"holds no https://gone\.example any more"):
        offline._library.__wrapped__("vendor/vector-tile/vector-tile.js")
