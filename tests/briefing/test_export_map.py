"""export_map and its page: scopes, formats, filters, what is refused, and that nothing is left of what failed."""

import re
from base64 import b64decode
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from PIL import Image

from gridmgr.briefing.conditions import filters_of
from gridmgr.briefing.scope import scope_of, view_of, window_of
from gridmgr.catalog import LAYERS
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Invalid, NotThere
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from tests.conftest import Town
from tests.core.layers.test_tiles import TODAY, decode
from tests.drawing import at
from tests.factories import BayFactory, SiteFactory

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")
WANTED = {
    "scope": "city",
    "format": "svg",
    "paper": "a4",
    "orientation": "auto",
    "date": "2026-11-22",
    "where": "",
}
NAMES = [layer.name for layer in LAYERS]


def export(*words: str) -> str:
    out = StringIO()
    call_command("export_map", *words, stdout=out)
    return out.getvalue()


def degrees(*corners: tuple[float, float]) -> str:
    """A box in metres from the base point, as a scope."""
    change = transformer(metric_srid(), WGS84)
    return ",".join(f"{value:.6f}" for corner in corners for value in change.transform(*at(*corner)))


def inside(path: Path, layer: str, folder: Path) -> list[dict[str, Any]]:
    """The features of a layer in an offline map, as GDAL reads them."""
    blob = re.search(r'id="data-2">([^<]*)<', path.read_text(encoding="utf-8"))
    assert blob
    return decode(b64decode(blob[1]), layer, folder)


# ── The command ───────────────────────────────────────────────────────────────────────────────────────────


def test_suffix_says_the_format(town: Town, tmp_path: Path) -> None:
    begins = {"pdf": b"%PDF-", "svg": b"<?xml", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}
    for form, start in begins.items():
        path = tmp_path / f"图.{form}"
        said = export("city", str(path), "--paper", "a4", "--dpi", "50")
        assert path.read_bytes().startswith(start), form
        assert "停车泊位 2" in said
        assert "数据时刻" in said
    assert sorted(Image.open(tmp_path / "图.png").size) == pytest.approx(
        [413.4, 584.6], abs=1
    )  # A4 at 50 dpi
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(f"图.{form}" for form in begins)


def test_layers_date_and_filters_are_kept(town: Town, tmp_path: Path) -> None:
    BayFactory(number="CHONG", road=town.own.road, at_m=300, kind="charging")
    path = tmp_path / "map.html"
    export("city", str(path), "--layers", "bays,sections", "--where", "bays.kind=charging")

    assert [bay["number"] for bay in inside(path, "bays", tmp_path)] == ["CHONG"]
    assert len(inside(path, "sections", tmp_path)) == 2
    assert inside(path, "sites", tmp_path) == []

    export("city", str(path), "--layers", "bays,sections", "--date", "2019-01-01")  # before any section
    assert inside(path, "sections", tmp_path) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["city", "map.gif"], ".html、.pdf、.svg、.png"),
        (["branch:99", "map.pdf"], "没有编号为 99 的支部"),
        (["road:没有这条路", "map.pdf"], "没有名为“没有这条路”的道路"),
        (["site:TD-99", "map.pdf"], "没有编号为 TD-99 的摊点"),
        (["town", "map.pdf"], "不认识范围“town”"),
        (["branch:", "map.pdf"], "不认识范围"),
        (["1,2,3,4", "map.pdf"], "超出本市坐标带"),
        (["a,b,c,d", "map.pdf"], "四个数"),
        (["113,38,112,39", "map.pdf"], "西<东"),
        (["nan,38,113,39", "map.pdf"], "西<东"),
        (["city", "map.pdf", "--paper", "b5"], "没有纸张 b5"),
        (["city", "map.png", "--paper", "a0", "--dpi", "1200"], "百万像素"),
        (["city", "map.pdf", "--date", "22.11."], "无法识别"),
        (["city", "map.pdf", "--layers", "trees"], "没有图层 trees"),
        (["city", "map.pdf", "--where", "bays.colour=red"], "没有字段 colour"),
        (["city", "map.pdf", "--where", "bays.kind=huge"], "small"),
        (["city", "no/such/folder/map.pdf"], "不存在"),
    ],
)
def test_refused_in_words_and_nothing_is_left(
    town: Town, tmp_path: Path, words: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        export(words[0], str(tmp_path / words[1]), *words[2:])
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_old_file_alone(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "map.pdf"
    path.write_bytes(b"old")
    with pytest.raises(CommandError):
        export("city", str(path), "--paper", "b5")
    assert path.read_bytes() == b"old"


def test_empty_database_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="script/manage demo"):
        export("city", str(tmp_path / "map.pdf"))


# ── Scopes ────────────────────────────────────────────────────────────────────────────────────────────────


def test_branch_holds_what_is_on_its_sections(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    export("branch:01", str(path))

    assert [bay["number"] for bay in inside(path, "bays", tmp_path)] == ["BW-01"]
    assert [site["code"] for site in inside(path, "sites", tmp_path)] == ["TD-01"]
    # The neighbours' sections are there too, to be drawn faintly.
    assert {section["branch"] for section in inside(path, "sections", tmp_path)} == {"01", "02"}
    assert "责任路段 1 段,共 1.0 km" in path.read_text(encoding="utf-8")


def test_road_and_site_frame_their_place(town: Town) -> None:
    road = scope_of(f"road:{town.own.road.name}", audience=OFFICE, on=TODAY)
    assert road.bounds == (*at(-120, -120), *at(1120, 120))  # 1,000 m of road, 120 m around it
    site = scope_of("site:TD-01", audience=OFFICE, on=TODAY)
    assert site.bounds == (*at(230, -86), *at(386, 58))  # 300–316 m, 16–12 m south, 70 m around it
    assert site.focus == ("sites", "code", "TD-01")


def test_box_frames_what_one_sees(town: Town) -> None:
    view = view_of(
        scope_of(degrees((0, -50), (200, 50)), audience=OFFICE, on=TODAY),
        audience=OFFICE,
        on=TODAY,
        layers="bays",
    )
    west, south, east, north = view.bounds
    # The box's sides lean by 0.7° against the grid's: 100 m · sin 0.7° = 1.2 m and 200 m · sin 0.7° = 2.4 m more.
    assert (west, south) == pytest.approx(at(0, -50), abs=3)
    assert (east, north) == pytest.approx(at(200, 50), abs=3)
    assert [layer.name for layer in view.layers] == ["bays"]


def test_window_around_a_place() -> None:
    # Zoom 16: 360° / 256 / 2¹⁶ = 0.00002146° a pixel; 720 pixels to each side.
    west, south, east, north = (float(each) for each in window_of("37.8,112.5,16").split(","))
    assert (west, east) == pytest.approx((112.5 - 0.01545, 112.5 + 0.01545), abs=1e-5)
    assert (south + north) / 2 == pytest.approx(37.8)
    for odd in ("", "1,2", "nan,1,2", "91,0,10", "0,0,99"):
        with pytest.raises(Invalid):
            window_of(odd)


def test_another_branch_is_not_there_for_a_member(town: Town) -> None:
    own = Audience(role="member", branch_id=town.own.branch.pk, member_id=town.own.member.pk)
    assert scope_of("branch:01", audience=own, on=TODAY).title.startswith("01 ")
    for foreign in ("branch:02", f"road:{town.other.road.name}", "site:TD-02"):
        with pytest.raises(NotThere):
            scope_of(foreign, audience=own, on=TODAY)


def test_file_names_are_safe(town: Town) -> None:
    SiteFactory(code="TD-77", name='../坏:"点"|' + "长" * 70, road=town.own.road, at_m=600)
    stem = scope_of("site:TD-77", audience=OFFICE, on=TODAY).file_stem(TODAY)
    assert stem.startswith("坏-")
    assert len(stem) <= 80
    assert not set(stem) & set('/\\:*?"<>|')


def test_conditions_of_one_layer_hold_together() -> None:
    assert filters_of(["bays.kind=large", "bays.state=in_use", "sites.sign_board=true"]) == {
        "bays": Q() & Q(p_kind="large") & Q(p_state="in_use"),
        "sites": Q() & Q(p_sign_board=True),
    }


@pytest.mark.parametrize("text", ["sites.capacity=nan", "sites.capacity=inf", "sites.q=\0", "sites.name=\0"])
def test_conditions_that_no_database_takes_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        filters_of([text])


def test_page_takes_a_few_conditions_only(client_as: Any) -> None:
    many = [f"sites.q={number}" for number in range(13)]
    answer = client_as("office").post("/export/map/", {**WANTED, "layers": NAMES, "where": many})
    assert answer.status_code == 400


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


def test_page_shows_the_form_as_the_address_wants_it(client_as: Any, town: Town) -> None:
    page = client_as("office").get(
        "/export/map/?scope=branch:02&format=pdf&layers=bays,sites&date=2026-01-02&paper=a4"
    )
    form = page.context["form"]
    assert {name: form[name].value() for name in ("scope", "format", "layers", "date", "paper")} == {
        "scope": "branch:02",
        "format": "pdf",
        "layers": ["bays", "sites"],
        "date": "2026-01-02",
        "paper": "a4",
    }
    odd = client_as("office").get("/export/map/?loc=x&layers=trees&date=x").context["form"]
    assert odd["scope"].value() == "city"
    assert "bays" in odd["layers"].value()


def test_page_hands_out_the_file_with_a_chinese_name(client_as: Any, town: Town) -> None:
    answer = client_as("office").post("/export/map/", {**WANTED, "scope": "branch:01", "layers": NAMES})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/svg+xml"
    name = unquote(answer["Content-Disposition"].removeprefix("attachment; filename*=utf-8''"))
    assert name == "01 第01支部责任图 2026-11-22.svg"
    assert answer.content.startswith(b"<?xml")


def test_page_says_what_is_wrong(client_as: Any, town: Town) -> None:
    client = client_as("office")
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"scope": "branch:99"}, 404, "没有编号为 99 的支部"),
        ({"scope": "x"}, 400, "不认识范围"),
        ({"format": "gif"}, 400, "gif"),
        ({"layers": []}, 400, "请至少选一个图层"),
        ({"date": "gestern"}, 400, ""),
        ({"where": "bays"}, 400, "无法识别"),
    ]
    for changed, status, said in wrong:
        answer = client.post("/export/map/", {**WANTED, "layers": NAMES, **changed})
        assert answer.status_code == status, changed
        assert said in answer.content.decode(), changed
        assert "Content-Disposition" not in answer, changed


def test_member_hands_out_only_own(client_as: Any, town: Town) -> None:
    SiteFactory(name="邻家摊点", road=town.other.road, at_m=600)
    client = client_as("member", member=town.own.member)
    answer = client.post("/export/map/", {**WANTED, "layers": NAMES})
    text = answer.content.decode()
    assert town.own.site.name in text
    assert "邻家摊点" not in text
    assert client.post("/export/map/", {**WANTED, "scope": "branch:02", "layers": NAMES}).status_code == 404
