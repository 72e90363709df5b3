"""Print maps, read by readers that aren't ours: poppler for PDF, an XML parser for SVG, Pillow for PNG."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import defusedxml.ElementTree as ElementTree
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gridmgr.catalog import BACKDROP, LAYERS
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Invalid, TooMuch
from gridmgr.core.layers.figures import fonts, print_map
from gridmgr.core.layers.figures.canvas import Crowd
from gridmgr.core.layers.figures.furniture import bar_metres, north_of
from gridmgr.core.layers.figures.paper import Box, plan
from gridmgr.core.layers.figures.words import straight_spot
from gridmgr.core.layers.view import View
from tests.conftest import Town
from tests.drawing import at
from tests.factories import BayFactory, RoadFactory, SiteFactory

TODAY = date(2026, 11, 22)
MOMENT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
OFFICE = Audience(role="office")
SVG = "{http://www.w3.org/2000/svg}"
# 1,000 m of road with 100 m around it.
AROUND = (*at(-100, -100), *at(1100, 300))


def view(audience: Audience = OFFICE, **changes: Any) -> View:
    given: dict[str, Any] = {
        "title": "试验图",
        "subtitle": "两条路",
        "bounds": AROUND,
        "layers": LAYERS,
        "backdrop": BACKDROP,
        "audience": audience,
        "on": TODAY,
    }
    return View(**{**given, **changes})


def svg_texts(content: bytes) -> list[str]:
    return ["".join(each.itertext()) for each in ElementTree.fromstring(content).iter(f"{SVG}text")]


def poppler(program: str, path: Path, *more: str) -> str:
    return subprocess.run([program, str(path), *more], check=True, capture_output=True, text=True).stdout


@pytest.mark.django_db
@pytest.mark.filterwarnings("error:Glyph")
def test_pdf_stands_alone_and_its_text_can_be_selected(town: Town, tmp_path: Path) -> None:
    """What the font hasn't got is left out, and is no empty box."""
    SiteFactory(name="洺堃喆🚗便民摊点", road=town.own.road, at_m=600)
    SiteFactory(name="🚗", road=town.own.road, at_m=750)
    path = tmp_path / "sheet.pdf"
    path.write_bytes(print_map(view(), "pdf", paper="a4", moment=MOMENT, page=(3, 20)).content)

    text = poppler("pdftotext", path, "-")
    for words in (
        "试验图",
        "两条路",
        "洺堃喆便民摊点",
        "图例",
        "© OpenStreetMap contributors",
        "2026-11-22 16:30",
    ):
        assert words in text, words
    assert "第 3 页,共 20 页" in text
    # Each line of pdffonts ends with: embedded, subset, unicode, object, generation.
    listed = [line.split() for line in poppler("pdffonts", path).splitlines()[2:]]
    assert listed
    assert {(line[-5], line[-3]) for line in listed} == {("yes", "yes")}
    assert {"NotoSansCJKsc" in line[0] for line in listed} == {True}


@pytest.mark.django_db
def test_svg_holds_texts_as_texts_and_its_font(town: Town) -> None:
    SiteFactory(name="<b>$x^2$</b> & 喆", road=town.own.road, at_m=600)
    content = print_map(view(), "svg", paper="a4", moment=MOMENT).content

    assert "<b>$x^2$</b> & 喆" in svg_texts(content)
    assert content.count(b"@font-face") == 2  # the regular and the bold face
    assert content.count(b"data:font/woff2;base64,") == 2


@pytest.mark.django_db
def test_legend_tells_what_is_seen_and_nothing_else(town: Town) -> None:
    SiteFactory(name="界外", road=RoadFactory(), at_m=600, market=True)  # 500 m east of what is shown
    around_first_bay = (*at(80, -40), *at(180, 40))
    texts = svg_texts(print_map(view(bounds=around_first_bay), "svg", paper="a4", moment=MOMENT).content)

    assert "停车泊位 2" in texts  # the bays of both streets of the town lie here
    assert "第01支部" in texts
    for absent in ("第02支部", "学校 1", "临时瓜果市场 1", "便民摊点 1", "界外"):
        assert absent not in texts, absent


@pytest.mark.django_db
def test_a_picture_for_another_page_has_no_words_around_it(town: Town) -> None:
    figure = print_map(view(), "svg", paper=(160.0, 120.0), moment=MOMENT, with_font=False)
    texts = svg_texts(figure.content)
    assert {"图例", "北", "停车泊位 2", "JS-01"} <= set(
        texts
    )  # a point's code: its hours are in the page's table
    assert not [each for each in texts if "试验图" in each or "数据时刻" in each or "OpenStreetMap" in each]
    assert b"@font-face" not in figure.content
    root = ElementTree.fromstring(figure.content)
    assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(160 / 25.4 * 72, abs=0.01)
    for box in (figure.sheet.frame, figure.sheet.aside):
        assert 0 <= box.x < box.right <= 160
        assert 0 <= box.y < box.top <= 120


@pytest.mark.django_db
def test_bays_seen_from_afar_are_drawn_in_rows(town: Town) -> None:
    BayFactory.row(town.own.road, 40, from_m=500)

    def corners(farther_m: float) -> int:
        wide = (AROUND[0] - farther_m, AROUND[1], AROUND[2], AROUND[3])
        content = print_map(view(bounds=wide), "svg", paper="a4", moment=MOMENT).content.decode()
        fill = re.search(r'<path d="([^"]*)"[^>]*style="fill: #a9c4e6', content)
        assert fill
        return fill[1].count("L")

    assert corners(0) == 42 * 3  # each of 42 bays has its own corners
    assert 0 < corners(12_000) < 30


@pytest.mark.django_db
def test_map_and_scale_bar_measure_true(town: Town) -> None:
    # 1,200 m are 192 mm wide at most on A4 upright, less its margins: the scale is the next round one.
    figure = print_map(view(layers=[]), "png", paper="a4", orientation="portrait", moment=MOMENT)
    assert figure.sheet.denominator == 7500
    assert bar_metres(figure.sheet) == 200

    picture = Image.open(BytesIO(figure.content)).convert("L")
    assert picture.size == (2480, 3507)  # A4 at 300 dpi
    frame = figure.sheet.frame
    left, bottom = frame.x / 25.4 * 300, picture.height - frame.y / 25.4 * 300
    corner = picture.crop((int(left) + 8, int(bottom - 170), int(left) + 600, int(bottom) - 8))
    rows = [corner.crop((0, y, corner.width, y + 1)).tobytes() for y in range(corner.height)]
    bar_px = max(longest_dark_run(row) for row in rows)
    metres = bar_px / 300 * 25.4 / 1000 * 7500
    assert metres == pytest.approx(200, rel=0.01)


def longest_dark_run(row: bytes) -> int:
    return max(len(run) for run in bytes(value < 90 for value in row).split(b"\x00"))


def test_north_arrow_leans_by_the_meridian_convergence() -> None:
    # The base point lies at 112.86°E, 37.84°N; the zone's middle is 114°E: (112.86 − 114) · sin 37.84° = −0.70°,
    # so that true north lies 0.70° to the right of the grid's.
    sheet = plan(AROUND, paper="a4")
    assert north_of(sheet) * 180 / 3.14159265 == pytest.approx(0.70, abs=0.01)


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["pdf", "svg", "png"])
def test_same_rows_and_moment_give_the_same_bytes(town: Town, form: str) -> None:
    first, second = (print_map(view(), form, paper="a4", dpi=60, moment=MOMENT).content for _ in range(2))
    assert first == second


@pytest.mark.django_db
def test_member_gets_only_own_stretches(town: Town) -> None:
    own = Audience(role="member", branch_id=town.own.branch.pk, member_id=town.own.member.pk)
    texts = svg_texts(print_map(view(own), "svg", paper="a4", moment=MOMENT).content)

    assert town.own.site.name in texts
    assert town.own.road.name in texts
    for foreign in (town.other.site.name, town.other.road.name, town.other.branch.name):
        assert foreign not in texts, foreign
    assert any("仅含本人可见的内容" in text for text in texts)


@pytest.mark.usefixtures("on_the_day")
@pytest.mark.django_db
def test_queries_do_not_grow_with_the_features(town: Town) -> None:
    with CaptureQueriesContext(
        connection,
    ) as one:
        print_map(view(), "svg", paper="a4")
    BayFactory.row(town.own.road, 3, from_m=700)
    with CaptureQueriesContext(connection) as three:
        print_map(view(), "svg", paper="a4")
    assert len(one) == len(three) == len(LAYERS) + len(BACKDROP)


@pytest.mark.parametrize(
    ("form", "options", "error"),
    [
        ("gif", {}, Invalid),
        ("pdf", {"paper": "b5"}, Invalid),
        ("pdf", {"orientation": "sideways"}, Invalid),
        ("png", {"paper": "a0", "dpi": 600}, TooMuch),
        ("png", {"dpi": 0}, TooMuch),
    ],
)
def test_refused_in_words(form: str, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        print_map(view(), form, **options)


def test_box_too_large_for_any_paper_is_refused() -> None:
    with pytest.raises(Invalid, match="范围太大"):
        plan((0, 0, 9e6, 9e6), paper="a4")


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    fonts.face.cache_clear()
    monkeypatch.setattr(fonts, "PLACES", ("/nowhere/{weight}.ttc",))
    monkeypatch.setattr(fonts, "which", lambda program: None)
    yield
    fonts.face.cache_clear()


def test_missing_font_is_said_with_the_way_out(no_fonts: None) -> None:
    with pytest.raises(fonts.NoFont, match="fonts-noto-cjk"):
        print_map(view(), "pdf")


BOXES = st.builds(Box, *[st.floats(0, 100)] * 2, *[st.floats(0.5, 20)] * 2)


@given(st.lists(st.lists(BOXES, min_size=1, max_size=3), max_size=25))
def test_claimed_room_never_overlaps(labels: list[list[Box]]) -> None:
    crowd = Crowd(Box(0, 0, 100, 100))
    kept = [label for label in labels if crowd.claim(label)]
    for index, label in enumerate(kept):
        for box in label:
            assert 0 <= box.x <= box.right <= 100
            assert 0 <= box.y <= box.top <= 100
            for other in (each for rest in kept[index + 1 :] for each in rest):
                apart = (
                    box.right <= other.x or other.right <= box.x or box.top <= other.y or other.top <= box.y
                )
                assert apart


def test_names_stand_only_where_a_line_runs_straight() -> None:
    import numpy as np

    corner = np.array([(0.0, 0.0), (50.0, 0.0), (50.0, 50.0)])
    assert straight_spot(corner, 50, 20) is None  # over the corner
    spot = straight_spot(corner, 75, 20)
    assert spot is not None
    assert (spot.x, spot.y) == (50, 25)
    assert straight_spot(corner, 95, 20) is None  # beyond the end
