"""Pages of vendors: who sees what, what they refuse in words, and that each step can be undone."""

import html
import re
from datetime import time, timedelta
from typing import Any

import pytest
import segno
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.models import Carriageway
from tests.conftest import Town
from tests.drawing import at as place
from tests.drawing import line
from tests.factories import AllocationFactory, GuidanceFactory, SiteFactory, VendorFactory, replan
from tests.screen import as_on_screen
from vendors.domain.guide import new_slip
from vendors.domain.identity import store_identity, tail_digest
from vendors.domain.register import register_vendor
from vendors.domain.week import with_waiting
from vendors.enums import Outcome
from vendors.forms.guide import signed_slip
from vendors.models import Allocation, Guidance, PitchHold, Site, Vendor, WaitingEntry
from vendors.views.slip import qr_code

# Region 999999 does not exist; both check characters are right (see test_identity.py).
NUMBER = "999999199001011238"
MASKED = "9999**********1238"
ALWAYS = {"opens": time.min, "closes": time.max}


def text(response: Any, status: int = 200) -> str:
    """What a person reads on the page, white space collapsed."""
    assert response.status_code == status, response.content.decode()[:800]
    main = response.content.decode().split("<main", 1)[-1].split("</main>")[0]
    main = re.sub(r"<script.*?</script>", " ", main, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))


def degrees(x: float, y: float) -> dict[str, str]:
    lon, lat = transformer(metric_srid(), WGS84).transform(*place(x, y))
    return {"lon": f"{lon:.6f}", "lat": f"{lat:.6f}"}


@pytest.fixture
def town(town: Town) -> Town:
    """The town before anybody was guided or waited: what these tests count is their own."""
    Guidance.objects.all().delete()
    WaitingEntry.objects.all().delete()
    Vendor.objects.filter(allocations=None).delete()
    return town


@pytest.fixture
def street(town: Town) -> None:
    """The own road as people walk it; the own site is open around the clock, the other not at all."""
    Carriageway.objects.create(
        source_id="way/1",
        name="第01街",
        highway="secondary",
        width_m=10,
        width_origin="measured",
        line=line((0, 0), (1000, 0)),
    )
    replan(town.own.site, **ALWAYS)
    Site.objects.filter(pk=town.other.site.pk).update(state="suspended")


# ── The register ──────────────────────────────────────────────────────────────────────────────────────────


def test_register_is_searched_by_name_goods_and_last_four_of_the_identity(client_as: Any, town: Town) -> None:
    register_vendor(name="王芳", goods="烤红薯", phone="138 0351 7777", identity=NUMBER)
    client = client_as("office")

    def found(words: str) -> set[str]:
        page = client.get("/vendors/", {"q": words}).content.decode()
        return set(re.findall(r'<td class="heading"[^>]*><a[^>]*>([^<]*)</a>', page))

    assert found("") == {"王芳", "商贩01", "商贩02"}
    assert found("红薯") == found("王") == found("1238") == found("13803517777") == {"王芳"}
    assert found("238") == found("12380") == found("1990") == set()  # the last four, and all four


def test_phone_is_searched_only_where_it_may_be_seen(client_as: Any, town: Town) -> None:
    own, other = town.own.phones[2], town.other.phones[2]
    for role, branch, seen in (
        ("office", None, {own, other}),
        ("planner", None, set()),
        ("secretary", town.own.branch, {own}),
    ):
        client = client_as(role, branch=branch) if branch else client_as(role)
        for phone, name in ((own, "商贩01"), (other, "商贩02")):
            said = text(client.get("/vendors/", {"q": phone}))
            assert (name in said) is (phone in seen), (role, phone)


@pytest.mark.parametrize("count", [1, 3])
def test_register_takes_the_same_queries_for_one_vendor_and_three(client_as: Any, count: int) -> None:
    for _number in range(count):
        AllocationFactory()
    client = client_as("office")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/vendors/").content.decode().count('<td class="heading"') == count
    # Session with account, the city, demo data; branches to filter by; how many, the vendors, their pitches, their queues.
    assert len(captured) == 8, "\n".join(query["sql"] for query in captured)


def test_identity_is_masked_for_all_but_administrators(client_as: Any, town: Town) -> None:
    vendor = Vendor.objects.get(name="商贩01")
    store_identity(vendor, NUMBER)
    vendor.save()
    for role in ("secretary", "planner", "office"):
        client = client_as(role, branch=town.own.branch) if role == "secretary" else client_as(role)
        page = text(client.get(f"/vendors/{vendor.pk}/"))
        assert MASKED in page, role
        assert NUMBER not in page, role
        assert "199001" not in client.get(f"/vendors/{vendor.pk}/edit/").content.decode(), role
        assert client.post(f"/vendors/{vendor.pk}/identity/").status_code == 403, role
    administrator = client_as("administrator")
    assert (
        NUMBER not in administrator.get(f"/vendors/{vendor.pk}/").content.decode()
    )  # nor without asking for it
    assert NUMBER in text(administrator.post(f"/vendors/{vendor.pk}/identity/"))
    assert client_as("member", member=town.own.member).get(f"/vendors/{vendor.pk}/").status_code == 403


def test_change_of_an_identity_is_on_record_without_its_digest(client_as: Any, town: Town) -> None:
    vendor = Vendor.objects.get(name="商贩01")
    client = client_as("administrator")
    form = {"name": "商贩01", "goods": "早点", "phone": vendor.phone, "identity": NUMBER}
    form |= as_on_screen(vendor)
    assert client.post(f"/vendors/{vendor.pk}/edit/", form).status_code == 302
    vendor.refresh_from_db()
    page = client.get(f"/vendors/{vendor.pk}/").content.decode()
    assert "<dt>身份证号</dt><dd><del>—</del> → <ins>•••</ins></dd>" in page
    assert vendor.identity_digest not in page


def test_likely_duplicates_are_pointed_out_and_confirmed(client_as: Any, town: Town) -> None:
    VendorFactory(name="王芳", goods="煎饼", phone="138-0351-0001")
    client = client_as("administrator")
    form = {"name": "王芳芳", "goods": "煎饼", "phone": "13803510001", "identity": NUMBER}
    said = text(client.post("/vendors/add/", form), 422)
    assert "可能是同一人" in said
    assert "电话相同" in said
    assert Vendor.objects.filter(name="王芳芳").count() == 0
    assert client.post("/vendors/add/", {**form, "confirmed": "on"}).status_code == 302
    again = {"name": "完全不同", "goods": "水果", "phone": "", "identity": NUMBER, "confirmed": "on"}
    assert "已登记在册" in text(client.post("/vendors/add/", again), 422)
    assert "校验位" in text(client.post("/vendors/add/", {**again, "identity": NUMBER[:-1] + "7"}), 422)
    assert not Vendor.objects.filter(name="完全不同").exists()


def test_trying_a_phone_tells_nothing_of_people_whose_phone_one_may_not_see(
    client_as: Any, town: Town
) -> None:
    """Registering with a phone that is another's reads as with one that is nobody's, on every page that takes one."""
    own, other = town.own.phones[2], town.other.phones[2]
    hints = {
        "planner": (client_as("planner"), {own: False, other: False}),
        "secretary": (client_as("secretary", branch=town.own.branch), {own: True, other: False}),
        "administrator": (client_as("administrator"), {own: True, other: True}),
    }
    for role, (client, told) in hints.items():
        for number, (phone, seen) in enumerate(told.items()):
            form = {"name": f"新人{role}{number}", "goods": "早点", "phone": phone, "identity": ""}
            answer = client.post("/vendors/add/", form)
            assert answer.status_code == (422 if seen else 302), (role, phone)
            assert ("电话相同" in answer.content.decode()) is seen
            Vendor.objects.filter(name=form["name"]).delete()
    same_name = {"name": "商贩02", "goods": "早点", "phone": other, "identity": ""}
    said = text(client_as("planner").post("/vendors/add/", same_name), 422)
    assert "姓名相同" in said
    assert "电话相同" not in said


def test_trying_identity_numbers_names_nobody_and_ends_soon(client_as: Any, town: Town) -> None:
    register_vendor(name="王芳", goods="煎饼", identity=NUMBER)
    form = {"name": "新人", "goods": "水果", "phone": "", "identity": NUMBER}
    planner = client_as("planner")
    for _number in range(8):
        said = text(planner.post("/vendors/add/", form), 422)
        assert "已登记在册" in said
        assert "王芳" not in said
        assert "身份证号相同" not in said
    assert "分钟后再试" in text(planner.post("/vendors/add/", form), 422)
    fresh = {**form, "identity": ""}
    assert planner.post("/vendors/add/", fresh).status_code == 302  # without a number she goes on
    assert "身份证号相同" in text(client_as("administrator").post("/vendors/add/", form), 422)


def test_who_may_not_see_a_phone_keeps_it_when_saving(client_as: Any, town: Town) -> None:
    vendor = Vendor.objects.get(name="商贩02")
    phone = vendor.phone
    client = client_as("planner")
    assert phone not in client.get(f"/vendors/{vendor.pk}/edit/").content.decode()
    client.post(
        f"/vendors/{vendor.pk}/edit/",
        {"name": "商贩02", "goods": "水果", "phone": "", "identity": "", **as_on_screen(vendor)},
    )
    vendor.refresh_from_db()
    assert (vendor.goods, vendor.phone) == ("水果", phone)


# ── The board ─────────────────────────────────────────────────────────────────────────────────────────────


def board(grid: Any, step: str = "") -> str:
    return f"/sites/{grid.site.code}/pitches/{step}"


def test_secretary_allots_on_own_sections_alone(client_as: Any, town: Town) -> None:
    client, vendor = client_as("secretary", branch=town.own.branch), VendorFactory(name="新来的")
    since = timezone.localdate().isoformat()
    for grid, status in ((town.own, 302), (town.other, 403)):
        free = grid.site.pitches.exclude(pk=grid.pitch.pk).get()
        response = client.post(
            board(grid, "allocate/"), {"pitch": free.pk, "vendor": "新来的", "since": since}
        )
        assert response.status_code == status
    assert Allocation.objects.get(vendor=vendor).pitch.site == town.own.site
    assert "分配摊位" not in text(client.get(board(town.other))).replace("摊位分配", "")


def test_each_step_on_the_board_can_be_undone(client_as: Any, town: Town) -> None:
    client, today = client_as("planner"), timezone.localdate()
    row = town.own.pitch.allocations.get()
    vendor = VendorFactory(name="新来的")
    free = town.own.site.pitches.exclude(pk=town.own.pitch.pk).get()
    before = sorted(Allocation.objects.values_list("pk", "pitch", "vendor", "period"))
    for step, form in (
        ("allocate/", {"pitch": free.pk, "vendor": f"#{vendor.pk}", "since": today}),
        (f"{row.pk}/transfer/", {"vendor": "新来的", "pitch": "", "on": today}),
        (f"{row.pk}/transfer/", {"vendor": "", "pitch": free.pk, "on": today}),
        (f"{row.pk}/end/", {"on": today}),
    ):
        done = client.post(board(town.own, step), {**form, **as_on_screen(row)})
        assert done.status_code == 302, (step, text(done, done.status_code))
        assert sorted(Allocation.objects.values_list("pk", "pitch", "vendor", "period")) != before, step
        page = client.get(done["Location"]).content.decode()
        key = re.search(r'name="key" value="(\w+)"', page)
        assert key is not None, step
        assert client.post(board(town.own, "undo/"), {"key": key[1]}).status_code == 302
        assert sorted(Allocation.objects.values_list("pk", "pitch", "vendor", "period")) == before, step
    assert "无法再撤销" in text(client.post(board(town.own, "undo/"), {"key": "nothing"}), 404)


def test_refusals_come_back_on_the_board_in_words(client_as: Any, town: Town) -> None:
    client, today = client_as("secretary", branch=town.own.branch), timezone.localdate()
    VendorFactory(name="新来的")
    VendorFactory.create_batch(2, name="同名")
    form = {"pitch": town.own.pitch.pk, "vendor": "新来的", "since": today}
    taken = text(client.post(board(town.own, "allocate/"), form), 409)
    assert "已分配给其他商贩" in taken
    assert "书记01" in taken
    for change, words in (
        ({"vendor": "没有的人"}, "登记册里没有"),
        ({"vendor": "同名"}, "有几位商贩符合"),
        ({"since": "2020-01-01"}, "已经过去"),
        ({"until": (today - timedelta(days=2)).isoformat()}, "不能早于"),
        ({"pitch": town.other.pitch.pk}, "可用的选项"),
    ):
        response = client.post(board(town.own, "allocate/"), {**form, **change})
        assert words in text(response, response.status_code), change
        assert response.status_code in (400, 422), change


def test_refusal_on_the_board_lets_those_who_may_call_whom_it_names(client_as: Any, town: Town) -> None:
    """The vendor has a pitch at the other branch's site: its secretary is named, with a number for those who may call."""
    free = town.own.site.pitches.exclude(pk=town.own.pitch.pk).get()
    form = {"pitch": free.pk, "vendor": f"#{town.other.vendor.pk}", "since": timezone.localdate()}
    call = f'href="tel:{town.other.secretary.phone}"'
    for client, may_call in (
        (client_as("secretary", branch=town.own.branch), True),
        (client_as("administrator"), True),
        (client_as("planner"), False),
    ):
        refused = client.post(board(town.own, "allocate/"), form)
        assert "可询问02 第02支部书记书记02" in text(refused, 409)
        assert (call in refused.content.decode()) is may_call
    # Whom a secretary's own site names is herself.
    form |= {"pitch": town.own.pitch.pk, "vendor": f"#{VendorFactory().pk}"}
    refused = client_as("secretary", member=town.own.secretary).post(board(town.own, "allocate/"), form)
    assert "可询问01 第01支部书记书记01" in text(refused, 409)
    assert f"tel:{town.own.secretary.phone}" not in refused.content.decode()


def test_waiting_list_is_joined_left_and_offered(client_as: Any, town: Town) -> None:
    client, today = client_as("secretary", branch=town.own.branch), timezone.localdate()
    first, second = VendorFactory(name="先来"), VendorFactory(name="后到")
    for vendor in (first, second):
        client.post(f"/sites/{town.own.site.code}/waiting/", {"vendor": f"#{vendor.pk}"})
    assert re.search(r"1\. 先来 .* 2\. 后到", text(client.get(board(town.own))))
    free = town.own.site.pitches.exclude(pk=town.own.pitch.pk).get()
    done = client.post(board(town.own, "offer/"), {"pitch": free.pk, "since": today})
    assert Allocation.objects.get(vendor=first).pitch == free
    key = re.search(r'name="key" value="(\w+)"', client.get(done["Location"]).content.decode())
    assert key is not None
    client.post(board(town.own, "undo/"), {"key": key[1]})
    waiting = WaitingEntry.objects.filter(left_at=None).order_by("since")
    assert [entry.vendor for entry in waiting] == [first, second]  # the old place in the queue
    client.post(f"/sites/{town.own.site.code}/waiting/{waiting[0].pk}/leave/")
    assert [entry.vendor for entry in waiting.all()] == [second]
    sites = with_waiting(Site.objects.filter(pk=town.own.site.pk), at=timezone.now())
    assert sites.get().waiting_n == 1


# ── The guide ─────────────────────────────────────────────────────────────────────────────────────────────


def test_member_guides_anywhere_and_holds_with_one_post(client_as: Any, town: Town, street: None) -> None:
    client = client_as("member", member=town.other.member)  # the site is on another branch's street
    here = degrees(500, 0)
    # From (500, 0) to the middle (308, -14): 192 m along the street and 14 m aside.
    said = text(client.get("/guide/near", here))
    assert "摊点01 206 m" in said
    assert "空位 1" in said
    form = {**here, "fruit": "0", "first_time": "1", "site": town.own.site.code, "key": signed_slip()}
    done = client.post("/guide/hold/", form)
    record = Guidance.objects.get()
    assert done["Location"] == f"/guide/{record.slip}/"
    assert (record.branch, record.site, round(record.walk_m or 0)) == (town.other.branch, town.own.site, 206)
    assert client.post("/guide/hold/", form)["Location"] == done["Location"]  # sent twice, made once
    assert Guidance.objects.count() == PitchHold.objects.count() == 1
    full = text(client.post("/guide/hold/", {**form, "key": signed_slip()}), 409)
    assert "刚刚没有空位了" in full
    assert "可询问01 第01支部书记书记01" in full
    assert "附近现在没有可去的摊点" in full


def test_refusal_of_a_hold_lets_those_who_may_call_whom_it_names(
    client_as: Any, town: Town, street: None
) -> None:
    client = client_as("member", member=town.own.member)
    form = {**degrees(500, 0), "first_time": "1", "site": town.own.site.code}
    assert client.post("/guide/hold/", {**form, "key": signed_slip()}).status_code == 302
    refused = client.post("/guide/hold/", {**form, "key": signed_slip()})
    assert refused.status_code == 409
    assert f'href="tel:{town.own.secretary.phone}"' in refused.content.decode()
    afar = client_as("member", member=town.other.member).post("/guide/hold/", {**form, "key": signed_slip()})
    assert afar.status_code == 409
    assert f"tel:{town.own.secretary.phone}" not in afar.content.decode()


def test_secretary_learns_no_phone_by_guiding_a_vendor_elsewhere(
    client_as: Any, town: Town, street: None
) -> None:
    """She guides a vendor of another branch to a site of a third; the phone stays theirs who have the vendor."""
    vendor = VendorFactory(name="流动", phone="13955509999")
    client = client_as("secretary", branch=town.other.branch)
    form = {**degrees(500, 0), "first_time": "1", "site": town.own.site.code, "vendor": f"#{vendor.pk}"}
    slip = client.post("/guide/hold/", {**form, "key": signed_slip()})["Location"]
    assert Guidance.objects.get().branch == town.other.branch
    addresses = [slip, f"/vendors/{vendor.pk}/", "/vendors/", "/guidance/"]
    assert "流动" in text(client.get(slip))
    assert not [each for each in addresses if vendor.phone in client.get(each).content.decode()]
    assert "流动" not in text(client.get("/vendors/?q=13955509999"))  # a hit would tell as much
    # Whose site the vendor comes to needs the number, while the pitch is kept.
    at_home = client_as("secretary", branch=town.own.branch)
    assert f'href="tel:{vendor.phone}"' in at_home.get(f"/vendors/{vendor.pk}/").content.decode()
    now = timezone.now()
    PitchHold.objects.update(during=(now - timedelta(hours=2), now - timedelta(hours=1)))
    assert vendor.phone not in at_home.get(f"/vendors/{vendor.pk}/").content.decode()


@pytest.mark.parametrize("role", ["member", "secretary", "administrator"])
def test_guide_form_tells_no_name_for_the_end_of_an_identity_number(
    client_as: Any, town: Town, street: None, role: str
) -> None:
    for name in ("甲", "乙"):
        vendor = VendorFactory(name=name)
        Vendor.objects.filter(pk=vendor.pk).update(identity_tail_digest=tail_digest(NUMBER[-4:]))
    branch = {} if role == "administrator" else {"branch": town.own.branch}
    form = {**degrees(500, 0), "first_time": "1", "site": town.own.site.code, "vendor": NUMBER[-4:]}
    said = text(client_as(role, **branch).post("/guide/hold/", {**form, "key": signed_slip()}), 422)
    assert "登记册里没有" in said
    assert not {"甲", "乙"} & set(said)
    assert not Guidance.objects.exists()


def test_guide_answers_bad_places_in_words(client_as: Any, town: Town) -> None:
    client = client_as("administrator")
    for lon, lat in (("", ""), ("nan", "37"), ("inf", "37"), ("x", "y"), ("112", "99"), ("0", "0")):
        response = client.get("/guide/near", {"lon": lon, "lat": lat}, headers={"Accept": "application/json"})
        assert response.status_code == 400, (lon, lat)
        assert response.json()["error"]
    said = text(client.post("/guide/hold/", {"site": town.own.site.code, "first_time": "1"}), 422)
    assert "还没有位置" in said
    assert not Guidance.objects.exists()


def test_refusal_without_a_site_is_recorded(client_as: Any, town: Town, street: None) -> None:
    client = client_as("secretary", branch=town.own.branch)
    form = {**degrees(500, 0), "fruit": "1", "first_time": "0", "outcome": "refused", "key": signed_slip()}
    slip = client.post("/guide/hold/", form)["Location"]
    assert "未疏导到摊点" in text(client.get(slip))
    record = Guidance.objects.get()
    assert (record.outcome, record.goods, record.first_time) == (Outcome.REFUSED, "瓜果", False)


def test_slip_says_where_to_go_to_anyone_who_has_it_but_not_who_for_a_day(
    client: Any, client_as: Any, town: Town, street: None
) -> None:
    member = client_as("member", member=town.own.member)
    form = {
        **degrees(500, 0),
        "first_time": "1",
        "site": town.own.site.code,
        "vendor": "商贩02",
        "key": signed_slip(),
    }
    address = member.post("/guide/hold/", form)["Location"]
    page = client.get(address)
    said = text(page)
    assert "摊点01" in said
    assert re.search(r"摊位 \d 号", said)
    assert "第01街西端以东约 300 米,南侧" in said
    for secret in ("商贩02", town.own.member.name, "第01支部", "已入点", *town.phones):
        assert secret not in page.content.decode(), secret
    svg = re.findall(r"<svg.*?</svg>", page.content.decode(), re.S)
    assert len([each for each in svg if 'class="qr"' in each or 'class="sketch"' in each]) == 2
    assert not any("<script" in each or "style=" in each or "href" in each for each in svg)
    assert "商贩02" in text(member.get(address))

    Guidance.objects.update(at=timezone.now() - timedelta(hours=25))
    assert client.get(address).status_code == 404
    assert client.get("/guide/SD261122-AAAAAAAAAA/").status_code == 404
    assert member.get(address).status_code == 200


def test_outcome_buttons_stand_before_the_slip(client_as: Any, town: Town, street: None) -> None:
    officer = client_as("member", member=town.own.member)
    form = {**degrees(500, 0), "first_time": "1", "site": town.own.site.code, "key": signed_slip()}
    page = officer.get(officer.post("/guide/hold/", form)["Location"]).content.decode()
    assert page.index('name="outcome" value="came"') < page.index('<article class="slip')


def test_qr_code_holds_the_address_of_the_slip() -> None:
    address = "https://grid.example.cn/guide/SD261122-9QT5DAQM8L/"
    drawn = str(qr_code(address))
    path = re.search(r'<path [^>]*d="([^"]+)"', drawn)
    assert path is not None
    assert f'd="{path[1]}"' in segno.make(address, error="m", micro=False).svg_inline(border=2)


def test_slip_number_has_eighty_random_bits_and_old_slips_open(client: Any, town: Town) -> None:
    """16 signs of 32 are 80 bits; before there were 10."""
    numbers = {new_slip() for _number in range(200)}
    assert len(numbers) == 200
    random = "".join(number.partition("-")[2] for number in numbers)
    assert (len(random), len(set(random))) == (200 * 16, 32)
    old = GuidanceFactory(site=town.own.site, slip="SD261201-ABCDEFGHJK")
    assert client.get(f"/guide/{old.slip}/").status_code == 200
    new = GuidanceFactory(site=town.own.site)
    assert client.get(f"/guide/{new.slip}/").status_code == 200


def test_outcome_is_said_by_those_concerned_and_can_be_taken_back(
    client_as: Any, town: Town, street: None
) -> None:
    officer = client_as("member", member=town.own.member)
    form = {**degrees(500, 0), "first_time": "1", "site": town.own.site.code, "key": signed_slip()}
    address = officer.post("/guide/hold/", form)["Location"]
    record = Guidance.objects.get()
    for client, status in (
        (client_as("office"), 403),
        (client_as("planner"), 403),
        (client_as("member", member=town.other.member), 404),
        (client_as("secretary", branch=town.other.branch), 404),
        (officer, 302),
        (client_as("secretary", branch=town.own.branch), 302),
        (client_as("administrator"), 302),
    ):
        assert (
            client.post(f"{address}outcome/", {"outcome": "came", **as_on_screen(record)}).status_code
            == status
        )
        record.refresh_from_db()
        assert (record.outcome == Outcome.CAME) is (status == 302)
        assert (
            officer.post(f"{address}outcome/", {"outcome": "pending", **as_on_screen(record)}).status_code
            == 302
        )
    assert officer.post(f"{address}outcome/", {"outcome": "nonsense"}).status_code == 400


# ── Records ───────────────────────────────────────────────────────────────────────────────────────────────


def test_records_are_seen_by_member_secretary_and_office_as_far_as_theirs(client_as: Any, town: Town) -> None:
    member = client_as("member", member=town.own.member)
    mine = GuidanceFactory(officer=member.user, branch=town.own.branch, site=town.own.site)
    ours = GuidanceFactory(branch=town.own.branch, site=town.own.site)
    theirs = GuidanceFactory(branch=town.other.branch, site=town.other.site)
    secretary = client_as("secretary", branch=town.own.branch)
    for client, seen in (
        (member, {mine}),
        (secretary, {mine, ours}),
        (client_as("office"), {mine, ours, theirs}),
        (client_as("planner"), {mine, ours, theirs}),
    ):
        page = client.get("/guidance/").content.decode()
        assert {each for each in (mine, ours, theirs) if each.slip in page} == seen


def test_statistics_follow_the_filters(client_as: Any, town: Town, at: Any) -> None:
    now = at("2026-11-22 12:00")
    for branch, outcome, first in (
        (town.own.branch, "came", True),
        (town.own.branch, "refused", False),
        (town.other.branch, "came", True),
    ):
        GuidanceFactory(
            branch=branch, site=town.own.site, at=now, outcome=outcome, outcome_at=now, first_time=first
        )
    client = client_as("office")
    said = text(client.get("/guidance/"))
    assert "近 8 周疏导 3" in said
    assert "占有结果的 67%" in said
    assert "合计" in said
    said = text(client.get("/guidance/?branch=01"))
    assert "近 8 周疏导 2" in said
    assert "占有结果的 50%" in said
    assert "首次 1 多次 1" in said
    assert "没有符合条件的记录" in text(client.get("/guidance/?until=2026-11-21"))


def test_branch_page_shows_the_week(client_as: Any, town: Town, street: None) -> None:
    SiteFactory(road=town.own.road, at_m=700, pitches=1)
    officer = client_as("member", member=town.own.member)
    officer.post(
        "/guide/hold/",
        {**degrees(500, 0), "first_time": "1", "site": town.own.site.code, "key": signed_slip()},
    )
    town.own.site.waiting.create(vendor=VendorFactory())
    said = text(client_as("office").get(f"/branches/{town.own.branch.code}/"))
    assert "摊位占用 1/3 · 33%" in said
    assert "正在保留 1" in said
    assert "1 人候补" in said
    assert "本周疏导 1 · 入点 0 · 首次 1" in said


@pytest.mark.parametrize(
    ("role", "own", "other"),
    [
        ("planner", True, True),
        ("office", True, True),
        ("administrator", True, True),
        ("secretary", True, False),
        ("member", True, None),
    ],
)
def test_who_holds_a_pitch_is_told_alike_on_every_page_to_those_who_need_it(
    client_as: Any, town: Town, role: str, own: bool, other: bool | None
) -> None:
    of_grid: dict[str, Any] = {
        "secretary": {"branch": town.own.branch},
        "member": {"member": town.own.member},
    }
    client = client_as(role, **of_grid.get(role, {}))
    for grid, tells in ((town.own, own), (town.other, other)):
        held = Allocation.objects.get(vendor=grid.vendor)
        WaitingEntry.objects.create(site=grid.site, vendor=VendorFactory(name=f"候补{grid.branch.code}"))
        board = reverse("site-pitches", args=[grid.site.code])
        for page in (grid.site.get_absolute_url(), held.pitch.get_absolute_url(), board):
            answer = client.get(page)
            # A member reads the site of another branch that vendors are guided to, but nothing of its pitches.
            readable = tells is not None or page == grid.site.get_absolute_url()
            assert answer.status_code == (200 if readable else 404)
            body = answer.content.decode().split('id="vendors-known"')[0]
            assert (grid.vendor.name in body) == bool(tells), (role, page)
            assert (f"候补{grid.branch.code}" in body) == (bool(tells) and page == board), (role, page)
