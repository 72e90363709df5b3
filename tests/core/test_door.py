"""What is refused at the door, and what must come through it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from gridmgr.core.errors import Invalid, TooMuch
from gridmgr.core.json_body import MOST_DEPTH, json_of, read_json
from tests.conftest import RoleClient, Town

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "/bays/%00/",
        "/plan/?site=%00",
        "/sections/add/?name=%00",
        "/guide/route?site=%00&lon=112&lat=37",
        "/search/?%00=1",
    ],
)
def test_nul_in_an_address_is_a_400_in_words(client_as: Callable[..., RoleClient], address: str) -> None:
    answer = client_as("administrator").get(address)
    assert answer.status_code == 400
    assert "不能保存的字符" in answer.content.decode()


@pytest.mark.parametrize("cookie", ['sessionid="\\000abcdefgh"', 'x="\\000"', "django_language=\0"])
def test_nul_in_a_cookie_is_a_400(client: Client, cookie: str) -> None:
    assert client.get("/login/", headers={"Cookie": cookie}).status_code == 400


def test_nul_in_a_form_is_a_400_and_in_english_for_who_reads_english(
    client_as: Callable[..., RoleClient],
) -> None:
    client = client_as("secretary")
    client.cookies["django_language"] = "en"
    answer = client.post("/vendors/add/", {"name": "a\0b"})
    assert answer.status_code == 400
    assert "half a character" in answer.content.decode()


def test_rare_characters_and_binary_files_come_through(
    client_as: Callable[..., RoleClient], town: Town
) -> None:
    client = client_as("planner")
    found = client.get("/search/", {"q": "𠮷😀"})
    assert found.status_code == 200
    assert "𠮷😀" in found.content.decode()
    file = SimpleUploadedFile("泊位.gpkg", b"SQLite format 3\0" + bytes(range(256)))
    answer = client.post("/data/import/", {"layer": "bays", "file": file})
    assert answer.status_code == 400
    assert "不能保存的字符" not in answer.content.decode()  # refused for what it is, not for its NUL bytes


@pytest.mark.parametrize("site", [r'"\u0000"', r'"\ud800"', "[" * 100 + "]" * 100, "[" * 90_000])
@pytest.mark.parametrize("step", ["verdict", "nearest", "save"])
def test_odd_json_is_a_400_in_words(client_as: Callable[..., RoleClient], step: str, site: str) -> None:
    answer = client_as("planner").post(
        f"/plan/{step}", '{"site": ' + site + "}", content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith(("application/json", "text/html"))


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"\\u0000": 1}', "9" * 5000, "", "{", '"\\udfff"'])
def test_json_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_json(text)


def test_json_is_bounded_in_depth_and_size() -> None:
    def nested(levels: int) -> str:
        return "[" * levels + "]" * levels

    assert read_json(nested(MOST_DEPTH)) is not None
    with pytest.raises(Invalid, match=str(MOST_DEPTH)):
        read_json(nested(MOST_DEPTH + 1))
    large = json.dumps({"a": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)})
    with pytest.raises(TooMuch):
        json_of(RequestFactory().post("/", large, content_type="application/json"))
    assert json_of(RequestFactory().post("/", '{"名": "𠮷"}', content_type="application/json")) == {
        "名": "𠮷"
    }


def test_json_sent_as_a_form_with_files_is_refused_in_words(client_as: Callable[..., RoleClient]) -> None:
    client = client_as("planner")
    csrf = Client(enforce_csrf_checks=True)
    csrf.cookies = client.cookies
    csrf.cookies["csrftoken"] = "x" * 32
    answer = csrf.post("/plan/verdict", {"csrfmiddlewaretoken": "x" * 32, "a": "1"})
    assert answer.status_code == 400


@pytest.mark.parametrize("length", [150, 151, 254, 255, 256, 5000])
@pytest.mark.parametrize("letter", ["x", "中", "ﷺ", "😀"])
def test_a_login_with_any_name_is_answered(client: Client, length: int, letter: str) -> None:
    answer = client.post("/login/", {"username": letter * length, "password": "y" * length})
    assert answer.status_code == 200


def test_the_history_of_a_key_that_is_none_is_a_404(client_as: Callable[..., RoleClient], town: Town) -> None:
    client = client_as("administrator")
    for model in ("parking/bay", "vendors/site", "grids/road", "accounts/user", "parking/dropoffpoint"):
        for key in ("abc", "1e309", "é", "9" * 5000, "-1"):
            assert client.get(f"/admin/{model}/{key}/history/").status_code == 404, (model, key)
            assert client.get(f"/admin/{model}/{key}/change/").status_code in (302, 404), (model, key)
            assert client.get(f"/admin/{model}/{key}/delete/").status_code in (302, 404), (model, key)


DEEP = '{"type":"Point","coordinates":' + "[" * 900 + "]" * 900 + "}"


@pytest.mark.parametrize(
    ("field", "value"),
    [("road", "1e309"), ("road", "é"), ("road", "9" * 5000), ("area", "POINT EMPTY"), ("area", "SRID=4547;POLYGON EMPTY"), ("area", DEEP),
     ("area", '{"type":"Polygon","coordinates":[]}'), ("stretch_0", "1e309"), ("stretch_1", "nan"),
     ("stretch_1", "9" * 10_000), ("number", "x" * 5000),
     ("state", "odd"), ("state", "")],
)  # fmt: skip
def test_an_odd_value_in_the_admins_form_is_said_at_the_form(
    client_as: Callable[..., RoleClient], town: Town, field: str, value: str
) -> None:
    bay = town.own.bay
    whole: dict[str, Any] = {
        "number": bay.number, "road": bay.road_id, "side": bay.side, "stretch_0": bay.stretch.lower, "stretch_1": bay.stretch.upper,
        "area": bay.area.ewkt, "kind": bay.kind, "state": bay.state,
    }  # fmt: skip
    answer = client_as("administrator").post(f"/admin/parking/bay/{bay.pk}/change/", {**whole, field: value})
    assert answer.status_code in (200, 409), answer.status_code
    assert "errorlist" in answer.content.decode() or answer.status_code == 409


def test_an_action_on_a_row_that_cannot_be_is_refused(client_as: Callable[..., RoleClient]) -> None:
    asked = {"action": "delete_selected", "select_across": "0", "_selected_action": ["é", "1e309"]}
    answer = client_as("administrator").post("/admin/vendors/site/", asked)
    assert answer.status_code == 400
    assert "不存在的编号" in answer.content.decode()


def test_numbers_with_any_character_have_pages(client_as: Callable[..., RoleClient], town: Town) -> None:
    client = client_as("administrator")
    for thing, field, number in ((town.own.bay, "number", "A/1 é"), (town.own.drop_off, "code", "接送/é 1")):
        type(thing).objects.filter(pk=thing.pk).update(**{field: number})
        thing.refresh_from_db()
        model = thing._meta.model_name
        for address in (
            thing.get_absolute_url(),
            f"/admin/parking/{model}/{thing.pk}/change/",
            f"/admin/parking/{model}/",
        ):
            assert client.get(address).status_code == 200, address
    assert client.get("/bays/").status_code == client.get("/drop-off-points/").status_code == 200


def test_a_record_keeps_a_number_that_its_slip_is_found_by(
    client_as: Callable[..., RoleClient], town: Town
) -> None:
    record = town.own.guidance
    asked = {"slip": "POINT(1 1)", "at_0": "2026-11-22", "at_1": "07:30", "officer": record.officer_id}
    answer = client_as("administrator").post(f"/admin/vendors/guidance/{record.pk}/change/", asked)
    assert "凭条号须像" in answer.content.decode()


def test_an_address_fills_in_what_the_fields_can_hold(
    client_as: Callable[..., RoleClient], town: Town
) -> None:
    client = client_as("administrator")
    for asked in ("since=nan", "since=2026-12-01", "site=abc", "left_at=%5B", "period=x", "nothing=1"):
        assert client.get(f"/admin/vendors/waitingentry/add/?{asked}").status_code == 200, asked
    filled = client.get("/admin/vendors/site/add/?name=%E6%96%B0%E6%91%8A%E7%82%B9")
    assert "新摊点" in filled.content.decode()


def test_json_nested_too_deep_is_said_at_the_form(client_as: Callable[..., RoleClient], town: Town) -> None:
    road = town.own.road
    names = [each.name for each in road._meta.concrete_fields if each.get_internal_type() == "JSONField"]
    assert names
    asked = dict.fromkeys(names, '{"a":' * 3000 + "1" + "}" * 3000)
    answer = client_as("administrator").post("/admin/grids/road/add/", asked)
    assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
