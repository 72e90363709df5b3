"""Who may see what, over every route of the URLconf: a page that is not in the table fails the test."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pghistory
import pytest
from django.apps import apps
from django.contrib.admin.sites import site as admin_site
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from gridmgr.catalog import BACKDROP, LAYERS
from gridmgr.core.jobs.models import Job
from gridmgr.intake.models import Import
from gridmgr.register.models import Entry, Register
from tests.conftest import ROLES, Grid, RoleClient, Town
from tests.drawing import at as place
from tests.factories import UserFactory
from tests.screen import as_on_screen
from vendors.models import PitchHold, Vendor

# The role's answer to a GET, in the order of ROLES: secretary, member, planner, office, administrator.
SEEN = (200, 200, 200, 200, 200)
LED_ON = (302, 302, 302, 302, 302)
POST_ONLY = (405, 405, 405, 405, 405)
ADMINISTRATOR = (403, 403, 403, 403, 200)
KEEPERS = (200, 403, 200, 403, 200)  # of the register of vendors
ON_THE_STREET = (200, 200, 403, 403, 200)
PLANNERS = (403, 403, 200, 403, 200)
NO_MEMBERS = (200, 403, 200, 200, 200)
ADMINISTRATORS_EYES = (403, 403, 404, 403, 200)  # a planner's draft, of which a colleague knows nothing
NOT_OF_A_GRID = (403, 403, 200, 200, 200)
OWNERS_ALONE = (404, 404, 404, 404, 404)  # and these readers are not the owner

Addresses = Callable[[Grid], str]

# Route → its address in a grid, and the answers to each role when it is the reader's own grid.
PAGES: dict[str, tuple[Addresses, tuple[int, ...]]] = {
    "home": (lambda grid: "/", LED_ON),
    "map": (lambda grid: "/map/", SEEN),
    "my": (lambda grid: "/my/", SEEN),
    "where": (lambda grid: "/my/where?lon={}&lat={}".format(*degrees(grid)), SEEN),
    "branches": (lambda grid: "/branches/", SEEN),
    "branch": (lambda grid: f"/branches/{grid.branch.code}/", SEEN),
    "roads": (lambda grid: "/roads/", SEEN),
    "road": (lambda grid: f"/roads/{grid.road.pk}/", SEEN),
    "gaps": (lambda grid: "/roads/gaps/", (200, 404, 200, 200, 200)),
    "go-live": (lambda grid: "/go-live/", ADMINISTRATOR),
    "sections": (lambda grid: "/sections/", SEEN),
    "section": (lambda grid: f"/sections/{grid.section.pk}/", SEEN),
    "section-add": (lambda grid: f"/sections/add/?road={grid.road.pk}", ADMINISTRATOR),
    "section-end": (lambda grid: f"/sections/{grid.section.pk}/end/", POST_ONLY),
    "section-share": (lambda grid: f"/sections/{grid.section.pk}/share/", POST_ONLY),
    "section-share-end": (
        lambda grid: f"/sections/{grid.section.pk}/shares/{grid.section.shares.get().pk}/end/",
        POST_ONLY,
    ),
    "section-undo": (lambda grid: f"/sections/{grid.section.pk}/undo/", POST_ONLY),
    "sites": (lambda grid: "/sites/", SEEN),
    "site": (lambda grid: f"/sites/{grid.site.code}/", SEEN),
    "pitches": (lambda grid: "/pitches/", SEEN),
    "pitch": (lambda grid: f"/pitches/{grid.pitch.pk}/", SEEN),
    "schools": (lambda grid: "/schools/", SEEN),
    "school": (lambda grid: f"/schools/{grid.school.pk}/", SEEN),
    "panda-lanes": (lambda grid: "/panda-lanes/", SEEN),
    "panda-lane": (lambda grid: f"/panda-lanes/{grid.lane.pk}/", SEEN),
    "drop-off-points": (lambda grid: "/drop-off-points/", SEEN),
    "drop-off-point": (lambda grid: f"/drop-off-points/{grid.drop_off.code}/", SEEN),
    "bays": (lambda grid: "/bays/", SEEN),
    "bay": (lambda grid: f"/bays/{grid.bay.number}/", SEEN),
    "way": (lambda grid: f"/go/sites/{grid.site.code}/", SEEN),
    "search": (lambda grid: f"/search/?q={grid.branch.code}", SEEN),
    "suggest": (lambda grid: f"/search/suggest?q={grid.branch.code}", SEEN),
    "vendors": (lambda grid: "/vendors/", (200, 403, 200, 200, 200)),
    "vendor": (lambda grid: f"/vendors/{grid.vendor.pk}/", (200, 403, 200, 200, 200)),
    "vendor-add": (lambda grid: "/vendors/add/", KEEPERS),
    "vendor-identity": (lambda grid: f"/vendors/{grid.vendor.pk}/identity/", POST_ONLY),
    "vendor-edit": (lambda grid: f"/vendors/{grid.vendor.pk}/edit/", KEEPERS),
    "site-pitches": (lambda grid: f"/sites/{grid.site.code}/pitches/", SEEN),
    "pitch-allocate": (lambda grid: f"/sites/{grid.site.code}/pitches/allocate/", POST_ONLY),
    "pitch-offer": (lambda grid: f"/sites/{grid.site.code}/pitches/offer/", POST_ONLY),
    "pitch-undo": (lambda grid: f"/sites/{grid.site.code}/pitches/undo/", POST_ONLY),
    "allocation-transfer": (lambda grid: held(grid, "transfer"), POST_ONLY),
    "allocation-end": (lambda grid: held(grid, "end"), POST_ONLY),
    "allocation-renew": (lambda grid: held(grid, "renew"), POST_ONLY),
    "waiting-join": (lambda grid: f"/sites/{grid.site.code}/waiting/", POST_ONLY),
    "waiting-leave": (lambda grid: f"/sites/{grid.site.code}/waiting/{grid.waiting.pk}/leave/", POST_ONLY),
    "plan": (lambda grid: "/plan/", PLANNERS),
    "plan-verdict": (lambda grid: "/plan/verdict", POST_ONLY),
    "plan-nearest": (lambda grid: "/plan/nearest", POST_ONLY),
    "plan-save": (lambda grid: "/plan/save", POST_ONLY),
    "plan-kerbs": (lambda grid: "/plan/kerbs.geojsonl?bbox=112.86,37.83,112.87,37.85", PLANNERS),
    "plan-proposals": (lambda grid: "/plan/proposals/", PLANNERS),
    "plan-proposal": (lambda grid: f"/plan/proposals/{grid.site.code}/", PLANNERS),
    "plan-rules": (lambda grid: "/plan/rules/", PLANNERS),
    "plan-suggest": (lambda grid: "/plan/suggest/", PLANNERS),
    "plan-suggest-steps": (
        lambda grid: "/plan/suggest/steps",
        (403, 403, 422, 403, 422),
    ),  # it asks for a form
    "site-equip": (lambda grid: f"/sites/{grid.site.code}/equip/", POST_ONLY),
    "site-layout": (lambda grid: f"/sites/{grid.site.code}/layout/", PLANNERS),
    "site-step": (lambda grid: f"/sites/{grid.site.code}/step/suspend/", POST_ONLY),
    "guide": (lambda grid: "/guide/", ON_THE_STREET),
    "guide-near": (lambda grid: "/guide/near?lon={}&lat={}".format(*degrees(grid)), ON_THE_STREET),
    "guide-route": (
        lambda grid: "/guide/route?site={}&lon={}&lat={}".format(grid.site.code, *degrees(grid)),
        ON_THE_STREET,
    ),
    "guide-hold": (lambda grid: "/guide/hold/", POST_ONLY),
    "slip": (lambda grid: f"/guide/{grid.guidance.slip}/", SEEN),
    "slip-outcome": (lambda grid: f"/guide/{grid.guidance.slip}/outcome/", POST_ONLY),
    "guidance": (lambda grid: "/guidance/", SEEN),
    "tile": (lambda grid: tile_address(grid), SEEN),
    "layer-geojson": (lambda grid: "/layers/sections.geojson", SEEN),
    "export-map": (lambda grid: f"/export/map/?scope=branch:{grid.branch.code}", SEEN),
    "briefing": (lambda grid: f"/briefing/?branches={grid.branch.code}", NO_MEMBERS),
    "jobs": (lambda grid: "/jobs/", SEEN),
    "job": (lambda grid: job_of_another(""), OWNERS_ALONE),
    "job-state": (lambda grid: job_of_another("state.json"), OWNERS_ALONE),
    "job-file": (lambda grid: job_of_another("file"), OWNERS_ALONE),
    "job-cancel": (lambda grid: job_of_another("cancel/"), POST_ONLY),
    "job-delete": (lambda grid: job_of_another("delete/"), POST_ONLY),
    "data": (lambda grid: "/data/", NO_MEMBERS),
    "data-export": (lambda grid: f"/data/export/?layer=bays&branch={grid.branch.code}", NO_MEMBERS),
    "data-export-file": (lambda grid: "/data/export/file?layer=bays&format=.csv", NO_MEMBERS),
    "data-upload": (lambda grid: "/data/import/", PLANNERS),
    "data-imports": (lambda grid: "/data/imports/", PLANNERS),
    "data-import": (lambda grid: import_of_another(""), ADMINISTRATORS_EYES),
    "data-changes": (lambda grid: import_of_another("changes.geojson"), ADMINISTRATORS_EYES),
    "data-refused": (lambda grid: import_of_another("refused.csv"), ADMINISTRATORS_EYES),
    "data-datum": (lambda grid: import_of_another("datum/"), POST_ONLY),
    "data-confirm": (lambda grid: import_of_another("confirm/"), POST_ONLY),
    "data-undo": (lambda grid: import_of_another("undo/"), POST_ONLY),
    "data-drop": (lambda grid: import_of_another("drop/"), POST_ONLY),
    "registers": (lambda grid: "/data/register/", NOT_OF_A_GRID),
    "register": (lambda grid: street_register(""), NOT_OF_A_GRID),
    "register-columns": (lambda grid: street_register("columns/"), (403, 403, 302, 302, 302)),
    "register-preview": (lambda grid: street_register("preview/"), NOT_OF_A_GRID),
    "register-pin": (lambda grid: street_register("rows/5/"), NOT_OF_A_GRID),
    "register-where": (lambda grid: "/data/register/where", (403, 403, 400, 400, 400)),
    "register-choose": (lambda grid: street_register("rows/5/choose/"), POST_ONLY),
    "register-leave": (lambda grid: street_register("rows/5/leave/"), POST_ONLY),
    "register-quantity": (lambda grid: street_register("rows/5/quantity/"), POST_ONLY),
    "register-confirm": (lambda grid: street_register("confirm/"), POST_ONLY),
    "register-undo": (lambda grid: street_register("undo/"), POST_ONLY),
    "register-drop": (lambda grid: street_register("drop/"), POST_ONLY),
    "healthz": (lambda grid: "/healthz", SEEN),
    "account": (lambda grid: "/account/", SEEN),
    "account-password": (lambda grid: "/account/password/", SEEN),
    "account-sessions-end": (lambda grid: "/account/sessions/end/", POST_ONLY),
    "login": (lambda grid: "/login/", LED_ON),
    "unsent-put-aside": (lambda grid: "/login/unsent/", POST_ONLY),
    "logout": (lambda grid: "/logout/", POST_ONLY),
    "set_language": (lambda grid: "/i18n/setlang/", LED_ON),
    "admin-door": (lambda grid: "/admin/login/", (403, 403, 403, 403, 403)),
}
# What stands in a grid: not there for the member of another.
OF_A_GRID = {
    "branch", "road", "section", "site", "pitch", "school", "panda-lane", "drop-off-point", "bay",
    "site-pitches",
}  # fmt: skip
# A slip is for the vendor who was guided; its number can't be guessed, and it names no person.
OPEN_TO_ALL = {"healthz", "login", "set_language", "slip"}


def held(grid: Grid, step: str) -> str:
    return f"/sites/{grid.site.code}/pitches/{grid.pitch.allocations.get().pk}/{step}/"


def job_of_another(page: str) -> str:
    """A page of a job with a file that somebody else asked for."""
    now = timezone.now()
    job = Job.objects.first() or Job.objects.create(
        owner=UserFactory(),
        kind="briefing",
        title="别人的简报",
        state="done",
        finished=now,
        file_name="briefing.pdf",
    )
    return f"{job.get_absolute_url()}{page}"


def street_register(page: str) -> str:
    """A page of a register that waits to be looked through, with one row."""
    made = Register.objects.first() or Register.objects.create(
        sender="某街道办", file_name="a.xlsx", stage="review"
    )
    Entry.objects.get_or_create(
        register=made, row=5, defaults={"place": "某处", "state": "unmatched", "quantity": 4}
    )
    return f"/data/register/{made.pk}/{page}"


def import_of_another(page: str) -> str:
    """A page of a previewed import of a planner who isn't the reader."""
    draft = Import.objects.first() or Import.objects.create(
        owner=UserFactory(role="planner"),
        way="page",
        layer="bays",
        file_name="泊位.csv",
        rows=2,
        state="previewed",
    )
    return f"{draft.get_absolute_url()}{page}"


def degrees(grid: Grid) -> tuple[float, float]:
    west, south, east, north = grid.road.reference_line.transform(4326, clone=True).extent
    return (west + east) / 2, (south + north) / 2


def tile_address(grid: Grid) -> str:
    """All layers of the tile of zoom 14 in which the base point lies: x = (112.86 + 180) / 360 · 2¹⁴, y from 37.84°N."""
    layers = ",".join(layer.name for layer in LAYERS)
    return f"/tiles/{layers}/14/13328/6329.pbf"


def routes(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(pattern, name) of every route there is."""
    for each in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each, pattern)
        else:
            yield pattern, each.name or ""


def body_of(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode("utf-8", errors="replace")


@pytest.fixture
def as_role(client_as: Any, town: Town) -> Callable[[str], RoleClient]:
    """A client of each role; secretary and member are those of the town's own grid."""

    def log_in(role: str) -> RoleClient:
        if role == "secretary":
            return client_as(role, branch=town.own.branch)
        return client_as(role, member=town.own.member) if role == "member" else client_as(role)

    return log_in


def test_every_route_is_in_the_table() -> None:
    named = {name for pattern, name in routes() if not pattern.startswith("admin/")}
    assert named == set(PAGES) - {"admin-door"}


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_own_grid_answers_by_role(as_role: Any, town: Town, role: str) -> None:
    client, column = as_role(role), ROLES.index(role)
    found = {name: client.get(address(town.own)).status_code for name, (address, _answers) in PAGES.items()}
    assert found == {name: answers[column] for name, (_address, answers) in PAGES.items()}


@pytest.mark.parametrize("role", ROLES)
def test_another_grid_is_there_for_all_but_members(as_role: Any, town: Town, role: str) -> None:
    client = as_role(role)
    found = {name: client.get(PAGES[name][0](town.other)).status_code for name in OF_A_GRID}
    # Members guide vendors to sites of the whole city, and read those in use.
    assert found.pop("site") == 200
    assert set(found.values()) == {404 if role == "member" else 200}, found


def test_anonymous_sees_a_login_page_and_nothing_else(client: Client, town: Town) -> None:
    for name, (address, _answers) in PAGES.items():
        response = client.get(address(town.own))
        if name in OPEN_TO_ALL:
            assert response.status_code in (200, 302), name
        else:
            assert response.status_code == 302, name
            assert response["Location"].startswith("/login/?next="), name
        body = body_of(response)
        secrets = [
            *town.phones,
            town.own.secretary.name,
            town.own.member.name,
            town.own.vendor.name,
            "流动01",
        ]
        assert not [each for each in secrets if each in body], name
    assert client.get("/no/such/page/").status_code == 404
    assert client.post("/i18n/setlang/", {"language": "en", "next": "/login/"})["Location"] == "/login/"


# ── Phone numbers ─────────────────────────────────────────────────────────────────────────────────────────


def everything(client: RoleClient, town: Town) -> Iterator[tuple[str, str]]:
    """(address, body) of every page, list filter, layer and search that could carry a phone number."""
    addresses = [address(grid) for address, _answers in PAGES.values() for grid in (town.own, town.other)]
    addresses += [f"/layers/{layer.name}.geojson" for layer in [*LAYERS, *BACKDROP]]
    addresses += [f"/{layer.name}/?branch={code}" for layer in LAYERS for code in ("01", "02")]
    addresses += [f"/search/?q={words}" for words in ("书记", "李", "商贩", *town.phones)]
    addresses += [f"/search/suggest?q={words}" for words in ("书记", "李", "商贩", *town.phones)]
    addresses += [f"/my/?branch={code}" for code in ("01", "02")]
    if client.user.is_staff:
        addresses += [
            reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in admin_models()
        ]
        addresses += [
            reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changes") for m in changing_models()
        ]
    for address in dict.fromkeys(addresses):
        body = body_of(client.get(address))
        # What the reader typed themselves comes back in the search box; that is no leak.
        for phone in town.phones:
            if f"q={phone}" in address:
                body = body.replace(phone, "")
        yield address, body


def admin_models() -> list[Any]:
    return list(admin_site._registry)


def changing_models() -> list[Any]:
    return [model for model, one in admin_site._registry.items() if hasattr(one, "changes_view")]


@pytest.mark.parametrize("role", ROLES)
def test_phone_numbers_are_shown_to_those_who_need_them(as_role: Any, town: Town, role: str) -> None:
    seen: dict[str, list[str]] = {}
    for address, body in everything(as_role(role), town):
        for phone in town.phones:
            if phone in body:
                seen.setdefault(phone, []).append(address)
    expected = {
        "secretary": town.own.phones[:-1],  # not of the one who was merely guided
        "member": [town.own.secretary.phone],  # whom a member may call
        "office": town.phones,
        "administrator": town.phones,
    }.get(role, [])
    assert sorted(seen) == sorted(expected), seen


def test_secretary_of_the_other_branch_sees_only_theirs(client_as: Any, town: Town) -> None:
    """The same from the other side, so that the rule is about the branch and not about the first one."""
    client = client_as("secretary", branch=town.other.branch)
    seen = {phone for _address, body in everything(client, town) for phone in town.phones if phone in body}
    assert seen == set(town.other.phones[:-1])


@pytest.mark.parametrize("role", ["secretary", "member", "planner", "office"])
def test_histories_hold_no_phone_that_the_reader_may_not_see(as_role: Any, town: Town, role: str) -> None:
    for grid in (town.own, town.other):
        for person in (grid.member, grid.secretary):
            person.phone = person.phone + "9"
            person.save()
    seen = {
        phone for _address, body in everything(as_role(role), town) for phone in town.phones if phone in body
    }
    allowed = {
        "secretary": set(town.own.phones[:-1]),
        "member": {town.own.phones[0]},  # the own secretary's
        "office": set(town.phones),
    }.get(role, set())
    assert seen <= allowed


def test_member_sees_nothing_of_another_grid_anywhere(as_role: Any, town: Town) -> None:
    """Names that only the other grid has, searched in every answer."""
    foreign = [
        "第02街",
        "第02支部",
        "摊点02",
        "小学02",
        "JS-02",
        "BW-02",
        "李02",
        "书记02",
        "商贩02",
        "TD-02",
    ]
    leaks = {
        (address, name)
        for address, body in everything(as_role("member"), town)
        for name in foreign
        # A page that is not there may repeat the address asked for; vendors are guided to sites of the whole city.
        if name in body.replace(address, "")
        and not address.startswith(("/layers/", "/guide/", "/sites/TD-02/", "/go/sites/TD-02/"))
    }
    assert leaks == set()
    for layer in LAYERS:
        collection = json.loads(body_of(as_role("member").get(f"/layers/{layer.name}.geojson")))
        assert not any(name in json.dumps(collection, ensure_ascii=False) for name in foreign), layer.name


# ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────


def records() -> dict[str, int]:
    """How many changes are on record, kind by kind: what a POST that succeeded would raise."""
    events = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
    return {model.__name__: model._default_manager.count() for model in events if model._meta.managed}


def forms(town: Town) -> dict[str, dict[str, Any]]:
    """For each route that takes a POST, a form that would succeed for somebody."""
    today = timezone.localdate()
    return {
        "section-add": {
            "branch": town.own.branch.pk, "from_m": 0, "to_m": 10, "since": (today + timedelta(days=900)).isoformat(),
        },
        "section-end": {"on": today.isoformat(), **as_on_screen(town.own.section)},
        "section-share-end": {"on": today.isoformat(), **as_on_screen(town.own.section.shares.get())},
        "section-share": {"member": town.own.secretary.pk, "from_m": 0, "to_m": 10, "since": today.isoformat()},
        "section-undo": {"key": "abc"},
    }  # fmt: skip


def test_no_post_to_any_page_changes_anything_for_the_office(as_role: Any, town: Town) -> None:
    client, data = as_role("office"), forms(town)
    for address, _answers in PAGES.values():
        address(town.own)  # some make what they show, and its owner's account is a record, too
    before = records()
    for name, (address, _answers) in PAGES.items():
        if name in {"logout", "login", "set_language"}:
            continue
        for grid in (town.own, town.other):
            status = client.post(address(grid), data.get(name, {"name": "x"})).status_code
            assert status in (302, 400, 403, 404, 405, 409, 422) or name in {"map", "export-map"}, (
                name,
                status,
            )
    assert records() == before


@pytest.mark.parametrize("role", ["planner", "member"])
def test_planner_and_member_change_no_section(as_role: Any, town: Town, role: str) -> None:
    client, data = as_role(role), forms(town)
    before = records()
    for name, form in data.items():
        for grid in (town.own, town.other):
            assert client.post(PAGES[name][0](grid), form).status_code in (403, 404), name
    assert records() == before


def test_secretary_changes_shares_of_the_own_branch_alone(as_role: Any, town: Town) -> None:
    client, data = as_role("secretary"), forms(town)
    before = records()
    for name in data:
        assert client.post(PAGES[name][0](town.other), data[name]).status_code == 403, name
    for name in ("section-add", "section-end"):
        assert client.post(PAGES[name][0](town.own), data[name]).status_code == 403, name
    assert records() == before
    assert client.post(PAGES["section-share-end"][0](town.own), data["section-share-end"]).status_code == 302
    assert records()["MemberAssignmentEvent"] == before["MemberAssignmentEvent"] + 1


def test_the_forms_of_these_tests_do_succeed_for_an_administrator(as_role: Any, town: Town) -> None:
    """Otherwise the refusals above would prove nothing."""
    client, data = as_role("administrator"), forms(town)
    for name in ("section-share-end", "section-share", "section-end", "section-add"):
        response = client.post(PAGES[name][0](town.own), data[name])
        assert response.status_code == 302, (name, response.content.decode()[-3000:])


# ── Vendors ──────────────────────────────────────────────────────────────────────────────────────────────


def test_secretary_changes_vendors_of_the_own_sites_alone(as_role: Any, town: Town) -> None:
    """Who holds, will hold or waits for a pitch on her sections, or has one held; not who was merely guided there."""
    client = as_role("secretary")
    kept = Vendor.objects.create(name="留位", goods="早点")
    now = timezone.now()
    free = town.own.site.pitches.exclude(pk=town.own.pitch.pk).get()
    PitchHold.objects.create(
        pitch=free, during=(now, now + timedelta(hours=2)), vendor=kept, made_by=client.user
    )
    answers: dict[Any, int] = {
        town.own.vendor: 200, town.own.waiting.vendor: 200, kept: 200, town.own.guidance.vendor: 403,
        town.other.vendor: 403, town.other.waiting.vendor: 403,
    }  # fmt: skip
    form = {"name": "改名", "goods": "改货", "phone": "13800000000", "identity": ""}
    for vendor, status in answers.items():
        address = f"/vendors/{vendor.pk}/edit/"
        assert client.get(address).status_code == status, vendor
        links = f'href="{address}"' in client.get(f"/vendors/{vendor.pk}/").content.decode()
        assert links is (status == 200), vendor
        if status == 403:
            assert client.post(address, {**form, **as_on_screen(vendor)}).status_code == 403
            vendor.refresh_from_db()
            assert vendor.name != "改名"
    PitchHold.objects.update(during=(now - timedelta(hours=2), now - timedelta(hours=1)))
    assert client.get(f"/vendors/{kept.pk}/edit/").status_code == 403  # the hold is over


@pytest.mark.parametrize("role", ["planner", "administrator"])
def test_planner_and_administrator_change_every_vendor(as_role: Any, town: Town, role: str) -> None:
    for vendor in Vendor.objects.all():
        assert as_role(role).get(f"/vendors/{vendor.pk}/edit/").status_code == 200


# ── The admin ─────────────────────────────────────────────────────────────────────────────────────────────


def admin_addresses() -> list[str]:
    """Every route of the admin, with the first thing of each kind where it asks for one."""
    found = []
    for pattern, name in routes():
        if not pattern.startswith("admin/") or not name or pattern == "admin/(?P<url>.*)$":
            continue
        keys = [1] * pattern.count("<")
        if name == "app_list":
            found += [
                reverse("admin:app_list", args=[app]) for app in ("grids", "parking", "vendors", "accounts")
            ]
        else:
            found.append(reverse(f"admin:{name}", args=keys))
    return found


@pytest.mark.parametrize("role", ["secretary", "member", "office"])
def test_every_route_of_the_admin_is_closed_to_those_without_it(as_role: Any, town: Town, role: str) -> None:
    client, before = as_role(role), records()
    addresses = admin_addresses()
    assert len(addresses) > 100
    for address in addresses:
        for answer in (client.get(address), client.post(address, {"post": "yes"})):
            closed = answer.status_code == 403 or (
                answer.status_code == 302
                and answer["Location"].startswith(("/admin/login/", "/login/", "/admin/"))
            )
            assert closed, (address, answer.status_code)
            assert not any(phone in body_of(answer) for phone in town.phones)
    assert records() == before


def test_base_point_of_the_drawings_lies_in_the_tile_of_the_table(town: Town) -> None:
    """x and y of the tile by the formula of the slippy map, from the road's middle."""
    import math

    lon, lat = degrees(town.own)
    x = int((lon + 180) / 360 * 2**14)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**14)
    assert f"/14/{x}/{y}.pbf" in tile_address(town.own), (x, y, place(0, 0))
