"""What isn't there to be used is an outline with a word: on screen, on paper, in legends and in search."""

import json
import re
from typing import Any

import pytest

from gridmgr.catalog import LAYERS
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers.figures import print_map
from gridmgr.core.layers.maps import _legend, _spec
from gridmgr.core.layers.offline import offline_map
from parking.layers import BAYS
from tests.conftest import Town
from tests.core.layers.test_figures import MOMENT, svg_texts, view
from tests.factories import BayFactory, SiteFactory
from vendors.layers import PITCHES, SITES
from vendors.status import SiteStatus

OFFICE = Audience(role="office")
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("layer", [SITES, PITCHES, BAYS])
def test_the_map_knows_what_is_whole_and_the_legend_names_the_rest(layer: Any) -> None:
    name, values = _spec(layer)["whole"]
    assert name in {field["name"] for field in _spec(layer)["fields"]}
    told = _legend(layer)["apart"]
    words = {str(word) for value, word in layer.words_of(name).items()}
    drawn = {str(layer.words_of(name)[value]) for value in [*values, *layer.undrawn]}
    assert all(word in told for word in words - drawn)
    assert not [word for word in drawn if word in told.replace(str(layer.title), "")]


def test_geojson_says_what_a_site_is(client_as: Any) -> None:
    SiteFactory(code="A", at_m=100, pitches=2)
    SiteFactory(code="B", at_m=300, state="proposed", pitches=2)
    body = b"".join(client_as("office").get("/layers/sites.geojson").streaming_content)
    features = json.loads(body)["features"]
    told = {each["properties"]["code"]: each["properties"] for each in features}
    assert (told["A"]["status"], told["A"]["free"]) == ("open", 2)
    assert (told["B"]["status"], told["B"]["free"]) == ("proposed", None)


def test_search_says_what_is_not_in_use(client_as: Any) -> None:
    SiteFactory(name="双塔东街便民点", at_m=100)
    SiteFactory(name="双塔西街便民点", at_m=300, state="suspended")
    BayFactory(number="ST-1", at_m=500, state="suspended")
    client = client_as("office")
    found = {each["title"]: each["subtitle"] for each in client.get("/search/suggest?q=双塔").json()}
    assert found == {"双塔东街便民点": "便民摊点", "双塔西街便民点": "便民摊点 · 暂停"}
    (bay,) = client.get("/search/suggest?q=ST-1").json()
    assert bay["subtitle"].endswith("小型车 · 暂停")


@pytest.mark.parametrize("state", ["proposed", "suspended"])
def test_the_printed_map_names_and_counts_outlines_apart(town: Town, state: str) -> None:
    SiteFactory(name="双塔便民点", road=town.own.road, at_m=600, state=state)
    word = SiteStatus(state).label
    texts = svg_texts(print_map(view(), "svg", paper="a4", moment=MOMENT).content)
    assert f"双塔便民点({word})" in texts
    assert f"摊点与瓜果市场 {word} 1" in texts
    assert "便民摊点 2" in texts  # the town's own, whole


def test_the_offline_map_lists_the_branches_whose_sections_it_draws(town: Town) -> None:
    """With or without their areas among the layers, also those of a neighbour drawn faintly."""
    sections = [layer for layer in LAYERS if layer.name == "sections"]
    for layers in (LAYERS, sections):
        content = offline_map(view(layers=layers), moment=MOMENT).content.decode()
        start = re.search(r'"branchList":\s*', content)
        assert start
        listed, _end = json.JSONDecoder().raw_decode(content[start.end() :])
        assert [(each["code"], each["name"]) for each in listed] == [
            ("01", town.own.branch.name),
            ("02", town.other.branch.name),
        ]
