"""The admin: refusals in words and never a 500, places alone for planners, nothing from another host."""

import html
import re
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from gridmgr.core.accounts.models import User
from grids.enums import MemberRole
from grids.models import Assignment, Branch, Member, MemberAssignment
from parking.models import Bay, School
from tests.conftest import RoleClient, Town
from tests.drawing import multi, rect, stretch
from tests.factories import BranchFactory, MemberFactory, RoadFactory, ShareFactory
from tests.screen import as_on_screen, form_on
from vendors.models import Pitch, Site

EVIL = "<img src=x onerror=alert(1)>"
MODELS = list(admin.site._registry)


def words(response: Any) -> str:
    """What a person reads, white space collapsed."""
    text = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text)))


def errors(response: Any) -> list[str]:
    """The messages at the fields and above the form; the form came back, so nothing was saved."""
    assert response.status_code == 200
    found = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', response.content.decode(), re.S)
    return [html.unescape(item) for each in found for item in re.findall(r"<li>(.*?)</li>", each, re.S)]


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_and_form_opens_and_loads_nothing_from_elsewhere(
    client_as: Any, town: Town, model: Any
) -> None:
    client = client_as("administrator")
    pages = [client.get(address(model, "changelist"))]
    if admin.site._registry[model].has_add_permission(pages[0].wsgi_request):
        pages.append(client.get(address(model, "add")))
    if thing := model._default_manager.first():
        pages.append(client.get(address(model, "change", thing.pk)))
        pages.append(client.get(address(model, "delete", thing.pk)))
    for page in pages:
        body = page.content.decode()
        assert page.status_code in (200, 403), page.wsgi_request.path
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', body), page.wsgi_request.path
        assert not re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", body), (
            page.wsgi_request.path
        )
        assert not re.findall(r'<[^>]*\s(?:style|onclick|onload)="', body), page.wsgi_request.path
        assert "'unsafe-inline'" not in page["Content-Security-Policy"]


def test_names_cannot_carry_markup_in_the_admin(client_as: Any, town: Town) -> None:
    Site.objects.filter(pk=town.own.site.pk).update(name=EVIL)
    Branch.objects.filter(pk=town.own.branch.pk).update(name=EVIL)
    client = client_as("administrator")
    for page in (
        address(Site, "changelist"),
        address(Site, "change", town.own.site.pk),
        address(Site, "history", town.own.site.pk),
        address(Site, "changes"),
        address(Site, "delete", town.own.site.pk),
        address(Branch, "change", town.own.branch.pk),
        address(Member, "changelist"),
        "/admin/autocomplete/?app_label=vendors&model_name=pitch&field_name=site",
    ):
        body = client.get(page).content.decode()
        assert "<img src=x" not in body or client.get(page)["Content-Type"] == "application/json", page


def test_history_in_the_admin_is_there_to_read(client_as: Any, town: Town) -> None:
    client = client_as("administrator")
    page = client.get(address(Member, "history", town.own.member.pk))
    assert "李01" in words(page)
    assert town.own.member.phone in words(page)
    assert "<form" not in page.content.decode().split("content-main")[1]
    town.own.bay.delete()
    assert "删除 BW-01" in words(client.get(address(Bay, "changes")))


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────

PLACES = {"School", "SchoolGate", "PandaLane", "DropOffPoint", "Bay", "Site", "Pitch"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_planner_changes_places_and_nothing_else(client_as: Any, town: Town, model: Any) -> None:
    client = client_as("planner")
    allowed = 200 if model.__name__ in PLACES else 403
    assert client.get(address(model, "add")).status_code == allowed
    listed = 200 if model.__name__ in PLACES | {"Road"} else 403
    assert client.get(address(model, "changelist")).status_code == listed
    if thing := model._default_manager.first():
        answer = client.post(address(model, "change", thing.pk), {})
        assert (answer.status_code == 403) is (allowed == 403)


def test_planner_finds_no_phone_and_no_vendor_in_the_admin(client_as: Any, town: Town) -> None:
    client = client_as("planner")
    pitch, site = town.own.pitch, town.own.site
    for page in (
        address(Pitch, "change", pitch.pk),
        address(Pitch, "delete", pitch.pk),
        address(Site, "delete", site.pk),
        address(Site, "changes"),
        address(School, "delete", town.own.school.pk),
    ):
        said = words(client.get(page))
        assert "商贩01" not in said
        assert not any(phone in said for phone in town.phones)
    assert "摊位分配" in words(client.get(address(Pitch, "delete", pitch.pk)))  # the kind of thing in the way


@pytest.mark.parametrize("role", ["secretary", "member", "office"])
def test_admin_is_closed_to_other_roles(client_as: Any, town: Town, role: str) -> None:
    page = client_as(role).get("/admin/", follow=True)
    assert page.status_code == 403
    assert "没有您" in words(page) or "您没有" in words(page)


def test_anonymous_is_led_to_the_one_login_page_and_back(client: Any, db: None) -> None:
    page = client.get("/admin/grids/branch/", follow=True)
    assert page.redirect_chain[-1][0] == "/login/?next=/admin/grids/branch/"


def test_account_gets_its_rights_from_its_role(client_as: Any) -> None:
    client = client_as("administrator")
    password = "Lu-Wang-2026-x"
    answer = client.post(
        address(User, "add"),
        {
            "username": "p2",
            "role": "planner",
            "password1": password,
            "password2": password,
            "usable_password": "true",
        },
    )
    assert answer.status_code == 302, errors(answer)
    made = User.objects.get(username="p2")
    assert (made.is_staff, made.is_superuser) == (True, False)
    page = client.get(address(User, "change", made.pk)).content.decode()
    assert 'name="is_superuser"' not in page
    assert 'name="user_permissions"' not in page


# ── Sections ──────────────────────────────────────────────────────────────────────────────────────────────


def section(branch: Branch, road: Any, low: float, high: float, since: str = "2026-01-01") -> dict[str, Any]:
    return {
        "branch": branch.pk, "road": road.pk, "stretch_0": low, "stretch_1": high,
        "period_0": since, "period_1": "", "note": "",
    }  # fmt: skip


def test_section_is_given_out_by_the_domain(client_as: Any) -> None:
    branch, road = BranchFactory(), RoadFactory()
    client = client_as("administrator")
    answer = client.post(address(Assignment, "add"), section(branch, road, 100, 900))
    assert answer.status_code == 302, errors(answer)
    made = Assignment.objects.get()
    assert (made.branch, made.stretch) == (branch, stretch(100, 900))
    again = client.get(address(Assignment, "change", made.pk)).content.decode()
    assert 'name="note"' in again
    assert 'name="stretch_0"' not in again  # given out once, then ended, never rewritten


def test_conflict_names_the_branch_the_stretch_and_the_dates(client_as: Any, town: Town) -> None:
    answer = client_as("administrator").post(
        address(Assignment, "add"), section(town.other.branch, town.own.road, 250, 400)
    )
    (said,) = errors(answer)
    assert "第01街 250–400 m" in said
    assert "01 第01支部" in said
    assert "2026-01-01" in said
    assert Assignment.objects.count() == 2


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0, 5000, "0–1000 m"), (-5, 100, "0–1000 m"), (100, 100, "终点须大于起点"), (300, 200, "")],
)
def test_impossible_stretch_is_an_error_at_the_form(
    client_as: Any, low: float, high: float, said: str
) -> None:
    branch, road = BranchFactory(), RoadFactory()
    answer = client_as("administrator").post(address(Assignment, "add"), section(branch, road, low, high))
    assert any(said in error for error in errors(answer))
    assert not Assignment.objects.exists()


def test_share_beyond_its_section_is_an_error_at_the_form(client_as: Any, town: Town) -> None:
    form = {
        "assignment": town.own.section.pk,
        "member": town.other.member.pk,
        "stretch_0": 0,
        "stretch_1": 10,
    }
    answer = client_as("administrator").post(
        address(MemberAssignment, "add"), form | {"period_0": "2026-01-01", "period_1": ""}
    )
    assert any("李02属于 02 第02支部" in error for error in errors(answer))


# ── Branches and members ──────────────────────────────────────────────────────────────────────────────────


def branch_form(branch: Branch | None, members: list[dict[str, Any]]) -> dict[str, Any]:
    initial = sum("id" in member for member in members)
    form: dict[str, Any] = {
        "code": branch.code if branch else "77", "name": branch.name if branch else "新支部", "name_en": "",
        "founded": "2020-05-01", "colour": 0, "area": multi(rect(0, 0, 100, 100)).ewkt,
        **(as_on_screen(branch) if branch else {}), "members-TOTAL_FORMS": len(members), "members-INITIAL_FORMS": initial,
    }  # fmt: skip
    for index, member in enumerate(members):
        blank = {"phone": "", "joined_on": "", "left_on": "", "branch": branch.pk if branch else ""}
        form |= {f"members-{index}-{name}": value for name, value in (blank | member).items()}
    return form


def as_form(member: Member, role: str | None = None) -> dict[str, Any]:
    return {
        "id": member.pk, "name": member.name, "phone": member.phone, "role": role or member.role, **as_on_screen(member)
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_new_branch_comes_with_its_secretary(client_as: Any) -> None:
    client = client_as("administrator")
    answer = client.post(address(Branch, "add"), branch_form(None, [{"name": "张书记", "role": "secretary"}]))
    assert answer.status_code == 302, errors(answer)
    assert Member.objects.get(branch__code="77").role == MemberRole.SECRETARY


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("roles", "said"),
    [(["member", "member"], "现在填了 0 名"), (["secretary", "secretary"], "现在填了 2 名")],
)
def test_branch_with_no_or_two_secretaries_is_an_error_at_the_form(
    client_as: Any, roles: list[str], said: str
) -> None:
    people = [{"name": f"甲{index}", "role": role} for index, role in enumerate(roles)]
    answer = client_as("administrator").post(address(Branch, "add"), branch_form(None, people))
    assert any(said in error for error in errors(answer))
    assert not Branch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_secretary_changes_within_one_form(client_as: Any) -> None:
    branch = BranchFactory()
    old = branch.members.get()
    new = MemberFactory(branch=branch)
    client = client_as("administrator")
    people = [as_form(old, "member"), as_form(new, "secretary")]
    for order in (people, people[::-1]):  # whichever stands first in the form
        answer = client.post(address(Branch, "change", branch.pk), branch_form(branch, order))
        assert answer.status_code == 302, errors(answer)
        assert branch.members.get(role=MemberRole.SECRETARY) == new
    handed_back = [as_form(old, "secretary"), as_form(new, "member")]
    assert (
        client.post(address(Branch, "change", branch.pk), branch_form(branch, handed_back)).status_code == 302
    )
    assert branch.members.get(role=MemberRole.SECRETARY) == old


@pytest.mark.django_db(transaction=True)
def test_only_secretary_cannot_step_down_alone(client_as: Any) -> None:
    secretary = BranchFactory().members.get()
    form = as_form(secretary, "member") | {
        "branch": secretary.branch_id,
        "joined_on": "",
        "left_on": "",
        "user": "",
    }
    answer = client_as("administrator").post(address(Member, "change", secretary.pk), form)
    assert errors(answer) == ["每个支部须有且仅有一名在任书记。请在该支部的页面里同时改任新旧书记。"]
    assert branch_roles(secretary.branch) == [MemberRole.SECRETARY]


@pytest.mark.django_db(transaction=True)
def test_deleting_the_only_secretary_is_refused_with_a_page_in_words(client_as: Any) -> None:
    secretary = BranchFactory().members.get()
    client, page = client_as("administrator"), address(Member, "delete", secretary.pk)
    sent = form_on(client.get(page), with_field="post")
    answer = client.post(page, sent)
    assert answer.status_code == 409
    assert "什么都没有保存" in words(answer)
    assert branch_roles(secretary.branch) == [MemberRole.SECRETARY]


def branch_roles(branch: Branch) -> list[str]:
    return list(branch.members.values_list("role", flat=True))


def test_member_with_stretches_cannot_change_branch(client_as: Any) -> None:
    share = ShareFactory()
    form = as_form(share.member) | {"branch": BranchFactory().pk, "joined_on": "", "left_on": "", "user": ""}
    answer = client_as("administrator").post(address(Member, "change", share.member.pk), form)
    assert errors(answer) == ["该党员在原支部还有责任段,不能调到别的支部。请先终止这些责任段。"]


# ── Places ────────────────────────────────────────────────────────────────────────────────────────────────


def bay_form(road: Any, **changes: Any) -> dict[str, Any]:
    form = {
        "number": "N-1", "kind": "small", "state": "in_use", "road": road.pk, "side": "right",
        "stretch_0": "100", "stretch_1": "106", "opens": "", "closes": "", "area": rect(100, -7.5, 6, 2.5).ewkt,
    }  # fmt: skip
    return form | changes


def add_bay(client: RoleClient, **changes: Any) -> Any:
    return client.post(address(Bay, "add"), bay_form(RoadFactory(name="甲路"), **changes))


def test_planner_adds_a_bay_from_ewkt_or_geojson(client_as: Any) -> None:
    client = client_as("planner")
    assert add_bay(client).status_code == 302
    spot = rect(100, -7.5, 6, 2.5).transform(4326, clone=True)
    answer = client.post(address(Bay, "add"), bay_form(RoadFactory(), number="N-2", area=spot.json))
    assert answer.status_code == 302, errors(answer)
    first, second = Bay.objects.order_by("number")
    assert second.area.srid == first.area.srid
    assert second.area.equals_exact(first.area, 0.01)  # metres


def test_stretch_beyond_the_road_is_an_error_with_the_road_s_length(client_as: Any) -> None:
    answer = add_bay(client_as("planner"), stretch_0="998", stretch_1="1004")
    assert errors(answer) == ["里程须在道路的 0 m 至终点之间,且终点大于起点。甲路长 1,000 m。"]


def test_bay_upon_a_bay_is_an_error_in_words(client_as: Any, town: Town) -> None:
    answer = client_as("planner").post(address(Bay, "add"), bay_form(town.own.road))
    assert errors(answer) == ["同侧路缘的这一段已有泊位。"]


def test_pitch_upon_a_pitch_is_an_error_in_words(client_as: Any, town: Town) -> None:
    form = {"site": town.own.site.pk, "number": "9", "area": town.own.pitch.area.ewkt}
    answer = client_as("planner").post(address(Pitch, "add"), form)
    assert errors(answer) == ["这个摊位与同一摊点的另一个摊位重叠。请移开或缩小。"]
    assert Pitch.objects.filter(site=town.own.site).count() == 2


SQUARE = "400000 4190000, 400006 4190000, 400006 4190002, 400000 4190002, 400000 4190000"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "无法识别"),
        (f"POLYGON(({SQUARE}))", "没有写明坐标系"),
        ("SRID=4326;POLYGON((37.8 112.8, 37.9 112.8, 37.9 112.9, 37.8 112.8))", "先东后北"),
        ("SRID=4547;POLYGON((4190000 400000, 4190006 400000, 4190006 400002, 4190000 400000))", "先东后北"),
        (
            "SRID=4547;POLYGON Z((400000 4190000 1, 400006 4190000 1, 400006 4190002 1, 400000 4190000 1))",
            "高程",
        ),
        ("SRID=4547;POLYGON EMPTY", "空的"),
        ("SRID=4547;POLYGON((NaN 4190000, 400006 4190000, 400006 4190002, NaN 4190000))", ""),
        ('{"type":"Polygon","coordinates":[[[112.8,37.8],[112.9,37.8],[1e999,37.9],[112.8,37.8]]]}', ""),
        ("SRID=4547;POINT(400000 4190000)", ""),
        ("SRID=999999;POINT(400000 4190000)", ""),
        (
            "SRID=4547;POLYGON((400000 4190000, 400006 4190002, 400006 4190000, 400000 4190002, 400000 4190000))",
            "",
        ),
    ],
)
def test_unclear_geometry_is_refused_at_the_form(client_as: Any, text: str, said: str) -> None:
    answer = add_bay(client_as("planner"), area=text)
    assert any(said in error for error in errors(answer))
    assert errors(answer)
    assert not Bay.objects.exists()


def site_form(site: Site, **values: Any) -> dict[str, Any]:
    return {
        "code": site.code, "name": site.name, "name_en": "", "kind": site.kind, "state": site.state,
        "road": site.road_id, "side": site.side, "stretch_0": "300", "stretch_1": "316", "area": site.area.ewkt,
        "capacity": 8, "season_0": "", "season_1": "", "opens": "07:00", "closes": "21:00", "bins": 2,
        "sign_board": "on", **(as_on_screen(site) if site.pk else {}), **values,
    }  # fmt: skip


def test_open_site_keeps_board_and_bins(client_as: Any, town: Town) -> None:
    site = town.own.site
    answer = client_as("planner").post(address(Site, "change", site.pk), site_form(site, bins=0))
    assert errors(answer) == ["开放前须设置标示牌和垃圾容器。"]


def test_state_and_what_was_approved_are_read_in_the_admin_and_never_set(client_as: Any, town: Town) -> None:
    planner, stored = client_as("planner"), Site.objects.filter(pk=town.own.site.pk)
    page = planner.get(address(Site, "change", town.own.site.pk)).content.decode()
    named = set(re.findall(r'name="(\w+)"', page))
    assert {"name", "bins"} <= named
    assert not named & {
        "state",
        "proposed_by",
        "approved_by",
        "approved_at",
        "kind",
        "area",
        "opens",
        "closes",
        "road",
        "side",
        "stretch_0",
        "capacity",
    }
    before = stored.values("state", "opens", "area", "approved_by").get()
    asked = site_form(
        town.own.site, name="新名", state="suspended", opens="05:00", approved_by=planner.user.pk
    )
    assert planner.post(address(Site, "change", town.own.site.pk), asked).status_code == 302
    assert stored.values("state", "opens", "area", "approved_by").get() == before
    assert stored.get().name == "新名"


def test_whoever_changes_a_proposal_in_the_admin_is_kept_beside_its_proposer(
    client_as: Any, town: Town
) -> None:
    planner = client_as("planner")
    form = site_form(
        town.own.site, code="TD-77", state="open", area=rect(400, -16, 16, 4).ewkt, opens="06:00"
    )
    form.pop("seen")
    assert planner.post(address(Site, "add"), form).status_code == 302
    site = Site.objects.get(code="TD-77")
    assert (site.state, site.proposed_by, site.approved_by) == ("proposed", planner.user, None)
    other = client_as("administrator")
    answer = other.post(address(Site, "change", site.pk), {**form, **as_on_screen(site), "opens": "06:30"})
    assert answer.status_code == 302, errors(answer)
    site.refresh_from_db()
    assert (site.proposed_by, site.shapers) == (planner.user, sorted([planner.user.pk, other.user.pk]))


def test_school_is_saved_with_its_gates(client_as: Any) -> None:
    form = {
        "name": "新建路小学", "kind": "school", "area": multi(rect(0, 0, 50, 50)).ewkt, "source": "", "source_id": "",
        "gates-TOTAL_FORMS": 1, "gates-INITIAL_FORMS": 0,
        "gates-0-name": "东门", "gates-0-location": "SRID=4547;POINT(400050 4190025)",
    }  # fmt: skip
    answer = client_as("planner").post(address(School, "add"), form)
    assert answer.status_code == 302, errors(answer)
    assert School.objects.get().gates.get().name == "东门"


def test_road_list_in_forms_is_found_by_typing(client_as: Any) -> None:
    for name in ("迎泽大街", "府西街"):
        RoadFactory(name=name)
    answer = client_as("planner").get(
        "/admin/autocomplete/?app_label=parking&model_name=bay&field_name=road&term=迎泽"
    )
    assert [each["text"] for each in answer.json()["results"]] == ["迎泽大街"]
