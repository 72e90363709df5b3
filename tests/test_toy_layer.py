"""A layer in three touches: a declaration, its line in the catalog, this test. All that a layer has follows from them.

The toy is of charging bays: rows of a table that is there, under a name, page and sign of their own.
"""

import importlib
import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pyogrio
import pytest
from django.test import Client
from django.urls import clear_url_caches, reverse
from PIL import Image

import gridmgr.desk.urls
import gridmgr.urls
from gridmgr import catalog
from gridmgr.briefing.map_file import Paper, map_file
from gridmgr.briefing.scope import scope_of, view_of
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers.base import Field, Layer, Style
from gridmgr.core.layers.declared import Finding, Listing, Page, Part, Print
from gridmgr.core.layers.figures import print_map
from gridmgr.data_files import of_branch
from gridmgr.desk import context, search
from grids.layers import on_road, on_sections_of
from grids.models import Assignment, MemberAssignment, Road
from parking.enums import IN_USE, BayKind, BayState
from parking.layers import on_road_fields
from parking.models import Bay
from tests.conftest import Grid, Town
from tests.core.layers.test_figures import MOMENT, svg_texts, view
from tests.core.layers.test_tiles import decode
from tests.drawing import rect
from tests.factories import BayFactory
from tests.test_lists import body, rows, text
from tests.test_rights import body_of, tile_address

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")

# ── The first touch: what would stand in parking/layers.py ────────────────────────────────────────────────

CHARGERS = Layer(
    name="chargers",
    title="充电泊位",
    rows=lambda audience, on: (
        Bay.objects.standing().filter(kind=BayKind.CHARGING).visible_to(audience, on=on)
    ),
    geometry="area",
    models=[Bay, Road, Assignment, MemberAssignment],
    route="charger",
    key="number",
    heading="number",
    search=["number"],
    style=Style(shape="area", colour="free", glyph="电", marker_zoom=15, whole=("state", (IN_USE,))),
    part=Part.PLACES,
    printed=Print(beside="number"),
    rank=65,
    fields=[
        Field("number", "编号", "number"),
        Field("state", "状态", "state", "choice", dict(BayState.choices)),
        *on_road_fields(),
        Field("demo", "演示数据", "is_demo", "bool"),
    ],
    listing=Listing(empty="这里列出充电泊位。", left_out=["side"], zoom=19, menu="充电", place=72),
    page=Page("<path:key>", related=["road"]),
    found=Finding(title="number", subtitle="state", holds=["number"], choices=BayState.choices),
    of_branch=on_sections_of,
    of_road=on_road,
)


# ── The second: its line in gridmgr/catalog.py ────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def in_the_catalog() -> Iterator[None]:
    """The catalog with one line more, and all that a process derives from it when it starts derived anew."""
    cast(list[Layer], catalog.LAYERS).append(CHARGERS)
    _start_again()
    yield
    cast(list[Layer], catalog.LAYERS).remove(CHARGERS)
    _start_again()


def _start_again() -> None:
    for derived in (
        catalog.by_name,
        catalog.family_of,
        context.bar,
        context.addresses_of_lists,
        search.sources,
    ):
        derived.cache_clear()
    importlib.reload(gridmgr.desk.urls)
    importlib.reload(gridmgr.urls)
    clear_url_caches()


# ── The third: the test ───────────────────────────────────────────────────────────────────────────────────


def chargers_on(grid: Grid, count: int, *, name: str = "CD", state: BayState = IN_USE) -> list[Bay]:
    """`count` charging bays at the right kerb from metre 600; the second grid's road lies 200 m north."""
    kerb = (200 if grid.branch.code == "02" else 0) - 7.5
    return [
        BayFactory(
            number=f"{name}-{n:03d}",
            kind=BayKind.CHARGING,
            state=state,
            road=grid.road,
            at_m=600 + 6 * n,
            area=rect(600 + 6 * n, kerb, 6, 2.5),
        )
        for n in range(count)
    ]


def first_column(response: Any) -> list[str]:
    return [cells[0] for cells in rows(response)]


def test_its_list_is_searched_filtered_sorted_and_paged(client_as: Any, town: Town) -> None:
    chargers_on(town.own, 55)
    chargers_on(town.other, 2, name="DQ", state=BayState.SUSPENDED)
    client = client_as("office")

    assert first_column(client.get("/chargers/")) == [f"CD-{n:03d}" for n in range(50)]
    assert first_column(client.get("/chargers/?page=2")) == [
        *(f"CD-{n:03d}" for n in range(50, 55)),
        "DQ-000",
        "DQ-001",
    ]
    assert first_column(client.get("/chargers/?sort=-number"))[:2] == ["DQ-001", "DQ-000"]
    assert first_column(client.get("/chargers/?q=q-00")) == ["DQ-000", "DQ-001"]
    for condition in ("state=suspended", "branch=02", f"road={town.other.road.pk}"):
        assert first_column(client.get(f"/chargers/?{condition}")) == ["DQ-000", "DQ-001"], condition

    found = client.get("/chargers/?branch=02")
    assert rows(found)[0][:4] == ["DQ-000", "暂停", "第02街", "600–606 m"]
    assert "02 " in rows(found)[0][4]  # the branch that answers there
    assert 'href="/chargers/DQ-000/"' in body(found)
    assert f"/data/export/?layer={CHARGERS.name}&amp;branch=02" in body(found)
    assert ",19" in body(found).split('class="to-map"')[1].split(">")[1]


def test_the_bar_leads_to_it_and_an_empty_list_says_what_would_be_there(client_as: Any, town: Town) -> None:
    page = client_as("office").get("/chargers/")
    bar = body(page).split("<nav", 1)[1].split("</nav>")[0]

    assert '<a href="/chargers/" aria-current="page">充电</a>' in bar
    assert bar.index("泊位</a>") < bar.index("充电</a>") < bar.index("简报</a>")
    assert "暂无内容 这里列出充电泊位。" in text(page)


def test_its_page_tells_the_facts_who_answers_and_the_way(client_as: Any, town: Town) -> None:
    chargers_on(town.own, 1)
    client = client_as("planner")
    page = client.get("/chargers/CD-000/")

    for words in ("CD-000", "状态 启用", "里程 600–606 m", "谁负责这里 01", town.own.secretary.branch.name):
        assert words in text(page), words
    assert '"name": "chargers"' in body(page).replace('":"', '": "')  # on its own map
    assert client.get("/chargers/CD-999/").status_code == 404
    assert client.get("/go/chargers/CD-000/").status_code == 200
    assert "CD-000" in text(client.get("/go/chargers/CD-000/"))


def test_maps_tiles_and_geojson_hold_it(client_as: Any, town: Town, tmp_path: Path) -> None:
    chargers_on(town.own, 3)
    client = client_as("office")

    city = body(client.get("/map/"))
    assert json.dumps(CHARGERS.title)[1:-1] in city
    assert "/chargers/{key}/" in city
    features = json.loads(body_of(client.get("/layers/chargers.geojson")))["features"]
    assert [each["properties"]["number"] for each in features] == ["CD-000", "CD-001", "CD-002"]
    tile = client.get(tile_address(town.own))
    assert {row["number"] for row in decode(tile.content, CHARGERS.name, tmp_path)} == {
        "CD-000",
        "CD-001",
        "CD-002",
    }
    assert tile["ETag"]


def test_print_maps_draw_it_and_their_legend_counts_it(town: Town) -> None:
    chargers_on(town.own, 3)
    chargers_on(town.other, 1, name="DQ", state=BayState.SUSPENDED)
    seen = view(layers=catalog.LAYERS)

    sheet = print_map(seen, "svg", paper="a4", moment=MOMENT)
    assert sheet.counts[CHARGERS.name] == 4
    assert {"充电泊位 3", "充电泊位 暂停 1", "电", "CD-001"} <= set(svg_texts(sheet.content))
    assert print_map(seen, "pdf", paper="a4", moment=MOMENT).content.startswith(b"%PDF")
    picture = print_map(seen, "png", paper=(100, 80), dpi=100, moment=MOMENT).content
    assert Image.open(BytesIO(picture)).size == (393, 314)


def test_maps_that_leave_the_house_narrow_it_to_a_branch_or_a_road(town: Town) -> None:
    chargers_on(town.own, 3)
    chargers_on(town.other, 1, name="DQ")
    on = date(2026, 11, 22)

    for scope in ("branch:02", f"road:{town.other.road.name}"):
        view_there = view_of(scope_of(scope, audience=OFFICE, on=on), audience=OFFICE, on=on)
        assert map_file(view_there, "html", paper=Paper()).counts[CHARGERS.name] == 1, scope
    assert list(CHARGERS.rows(OFFICE, on).filter(of_branch(CHARGERS, "02", on)).values_list("number")) == [
        ("DQ-000",)
    ]


@pytest.mark.parametrize("suffix", [".gpkg", ".csv", ".xlsx", ".geojson"])
def test_data_files_carry_it_under_the_conditions_of_its_list(
    client_as: Any, town: Town, tmp_path: Path, suffix: str
) -> None:
    chargers_on(town.own, 3)
    chargers_on(town.other, 1, name="DQ")
    client = client_as("office")

    assert "充电泊位" in text(client.get("/data/export/?layer=chargers"))
    path = tmp_path / f"out{suffix}"
    path.write_bytes(
        b"".join(client.get(f"/data/export/file?layer=chargers&branch=02&format={suffix}").streaming_content)
    )
    if suffix in (".gpkg", ".geojson"):
        assert list(pyogrio.read_dataframe(path)["number"]) == ["DQ-000"]
    else:
        assert path.stat().st_size > 0


def test_a_search_finds_it_in_its_place(client_as: Any, town: Town) -> None:
    chargers_on(town.own, 1)
    found = client_as("office").get("/search/suggest?q=CD-0").json()
    assert [(hit["kind"], hit["title"], hit["subtitle"], hit["url"]) for hit in found] == [
        (CHARGERS.name, "CD-000", "充电泊位 · 启用", "/chargers/CD-000/")
    ]


def test_each_reader_sees_what_is_theirs(client_as: Any, town: Town) -> None:
    chargers_on(town.own, 2)
    chargers_on(town.other, 2, name="DQ")
    own, every = ["CD-000", "CD-001"], ["CD-000", "CD-001", "DQ-000", "DQ-001"]

    for client, theirs in (
        (client_as("member", member=town.own.member), own),
        (client_as("secretary", branch=town.own.branch), every),
        (client_as("planner"), every),
    ):
        assert first_column(client.get("/chargers/")) == theirs
        features = json.loads(body_of(client.get("/layers/chargers.geojson")))["features"]
        assert [each["properties"]["number"] for each in features] == theirs
        assert client.get("/chargers/CD-000/").status_code == 200
        assert (client.get("/chargers/DQ-000/").status_code == 200) == (theirs == every)
        assert len(client.get("/search/suggest?q=DQ-0").json()) == len(theirs) - 2


@pytest.mark.parametrize("address", ["/chargers/", "/chargers/CD-000/", "/layers/chargers.geojson"])
def test_nobody_sees_it_without_a_login(client: Client, town: Town, address: str) -> None:
    chargers_on(town.own, 1)
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))
