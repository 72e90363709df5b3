"""Links to map apps: in each app's own datum, with names that can't break out, on pages, popups and slips."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import Client

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.geo.datums import bd09_to_wgs84, gcj02_to_wgs84
from gridmgr.core.navigation import way_there
from tests.conftest import RoleClient, Town
from tests.drawing import at

ClientAs = Callable[..., RoleClient]


def links(name: str = "摊点01", x: float = 300, y: float = -14) -> dict[str, str]:
    return {link.app: link.href for link in way_there(name, *at(x, y)).links}


def test_each_app_gets_the_place_in_its_own_datum() -> None:
    lon, lat = transformer(metric_srid(), WGS84).transform(*at(300, -14))
    made = links()
    amap = parse_qs(urlsplit(made["amap"]).query)
    x, y, name = amap["to"][0].split(",")
    assert (name, amap["coordinate"], amap["mode"]) == ("摊点01", ["gaode"], ["walk"])
    assert [float(each) for each in gcj02_to_wgs84(float(x), float(y))] == pytest.approx([lon, lat], abs=2e-6)
    assert abs(float(x) - lon) > 0.003  # the shift is some 500 m: without it this test would say nothing
    baidu = parse_qs(urlsplit(made["baidu"]).query)
    lat_bd, lon_bd = (float(each) for each in baidu["location"][0].split(","))
    assert baidu["coord_type"] == ["bd09ll"]
    assert [float(each) for each in bd09_to_wgs84(lon_bd, lat_bd)] == pytest.approx([lon, lat], abs=2e-6)
    assert made["geo"].startswith(f"geo:{lat:.6f},{lon:.6f}?q={lat:.6f},{lon:.6f}(")


def test_a_name_can_not_break_out_of_its_link() -> None:
    made = links(name="a&b,c)d#e?f 甲")
    assert parse_qs(urlsplit(made["amap"]).query)["to"][0].split(",")[2:] == ["a&b c)d#e?f 甲"]
    assert parse_qs(urlsplit(made["baidu"]).query)["title"] == ["a&b,c)d#e?f 甲"]
    assert unquote(made["geo"].partition("(")[2]) == "a&b,c)d#e?f 甲)"
    assert not re.search(r"[ #]", made["geo"])


@pytest.mark.parametrize("role", ["secretary", "member", "planner", "office", "administrator"])
def test_every_place_has_the_way_on_its_page(town: Town, client_as: ClientAs, role: str) -> None:
    client = client_as(role, **_own(role, town))
    for address in (
        town.own.site.get_absolute_url(),
        town.own.school.get_absolute_url(),
        town.own.lane.get_absolute_url(),
        town.own.drop_off.get_absolute_url(),
        town.own.bay.get_absolute_url(),
        f"/go/sites/{town.own.site.code}/",
    ):
        response = client.get(address)
        page = response.content.decode()
        assert re.findall(r'data-app="(\w+)"', page) == ["amap", "baidu", "geo"], address
        for tag in re.findall(r"<a [^>]*data-app[^>]*>", page):
            assert 'rel="noopener noreferrer"' in tag
        assert "uri.amap.com" not in response["Content-Security-Policy"]  # followed, never loaded


def _own(role: str, town: Town) -> dict[str, Any]:
    of_grid: dict[str, dict[str, Any]] = {
        "secretary": {"branch": town.own.branch},
        "member": {"member": town.own.member},
    }
    return of_grid.get(role, {})


def test_the_way_as_json_is_words_for_a_popup(town: Town, client_as: ClientAs) -> None:
    ask: dict[str, Any] = {"headers": {"Accept": "application/json"}}
    address = f"/go/bays/{town.own.bay.number}/"
    street = client_as("office").get(address, **ask).json()["where"]
    assert street.startswith("第01街")
    assert "右侧" not in street
    assert "右侧" in client_as("planner").get(address, **ask).json()["where"]


@pytest.mark.parametrize("address", ["/go/nothing/1/", "/go/water/1/", "/go/schools/x/", "/go/sites/NO/"])
def test_no_way_to_what_is_not_there(town: Town, client_as: ClientAs, address: str) -> None:
    assert client_as("office").get(address).status_code == 404


def test_a_member_finds_the_site_that_the_guide_sends_vendors_to(town: Town, client_as: ClientAs) -> None:
    client = client_as("member", member=town.own.member)
    page = client.get(town.other.site.get_absolute_url())
    assert page.status_code == 200
    text = page.content.decode()
    assert "摊点02" in text
    for secret in ("商贩02", "第02支部", "李02", f'href="{town.other.road.get_absolute_url()}"', "没有支部"):
        assert secret not in text
    town.other.site.refresh_from_db()
    type(town.other.site).objects.filter(pk=town.other.site.pk).update(state="suspended")
    assert client.get(town.other.site.get_absolute_url()).status_code == 404


def test_the_slip_has_the_way_for_anybody_who_holds_it(town: Town, client: Client) -> None:
    page = client.get(f"/guide/{town.own.guidance.slip}/").content.decode()
    assert re.findall(r'data-app="(\w+)"', page) == ["amap", "baidu", "geo"]
    assert "第01街" in page
    assert "右侧" not in page
