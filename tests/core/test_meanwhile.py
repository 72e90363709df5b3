"""Two people at one thing: whoever saves second is refused with both versions shown, on every form there is."""

import html
import re
import threading
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.validators import MaxLengthValidator
from django.db import connection, models
from django.urls import reverse
from django.utils import timezone

from gridmgr.core.backoffice import SharedAdmin
from gridmgr.core.city.models import City
from gridmgr.core.meanwhile import versions_of
from gridmgr.core.shared_forms import SharedForm, SharedFormSet
from gridmgr.register.models import Entry, Register
from grids.models import Assignment, Facility, Kerb, MemberAssignment
from parking.models import CalendarDay, DropOffHours, School
from tests.conftest import RoleClient, Town
from tests.drawing import line, period, point
from tests.factories import UserFactory, VendorFactory
from tests.screen import form_on, form_to
from tests.test_rights import PAGES, POST_ONLY
from vendors.models import Allocation, Guidance, Override, PitchHold, PlacementRule, RuleProfile, Site, Vendor

THEIRS, MINE = "乙写的", "甲写的"


def words(response: Any) -> str:
    text = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text)))


# ── The admin, all of it ──────────────────────────────────────────────────────────────────────────────────

EDITED = [
    model
    for model, each in admin.site._registry.items()
    if type(each).has_change_permission is admin.ModelAdmin.has_change_permission
]


@pytest.fixture
def samples(town: Town) -> Callable[[Any], Any]:
    """A row of every kind that the admin may change."""
    profile = RuleProfile.objects.create(name="试用规则集")
    PlacementRule.objects.create(
        profile=profile, code="r1", applies_to="stall", check_kind="distance", target="school_gate", amount=100,
        severity="hard", clause="条款", valid=period(),
    )  # fmt: skip
    asks, approves = UserFactory(), UserFactory()
    Override.objects.create(
        site=town.own.site, rule_code="r1", reason="理由", asked_by=asks, approved_by=approves
    )
    now = timezone.now()
    free = town.own.site.pitches.exclude(pk=town.own.pitch.pk).get()
    PitchHold.objects.create(
        pitch=free, during=(now, now + timedelta(hours=2)), guidance=town.own.guidance, made_by=asks
    )
    City.objects.create(name="样城")
    CalendarDay.objects.create(day=date(2026, 10, 1), is_school_day=False, note="国庆")
    Facility.objects.create(source_id="f1", kind="hydrant", name="栓", shape=point(5, 5))
    if not town.own.school.gates.exists():
        town.own.school.gates.create(name="门", location=point(50, 50))

    def sample(model: Any) -> Any:
        found = model._default_manager.first()
        assert found is not None, f"no sample of {model.__name__}"
        return found

    return sample


def page_of(thing: Any, page: str) -> str:
    return reverse(f"admin:{thing._meta.app_label}_{thing._meta.model_name}_{page}", args=[thing.pk])


def free_text(model: Any, shown: dict[str, Any]) -> str | None:
    """A field on the form into which anything may be written."""
    for field in model._meta.concrete_fields:
        plain = isinstance(field, models.CharField) and not field.choices and not field.unique
        if plain and field.name in shown and all(isinstance(v, MaxLengthValidator) for v in field.validators):
            return str(field.name)
    return None


def with_other(model: Any, shown: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the other person sends, and what this one does: a word of one field, else a tick."""
    if name := free_text(model, shown):
        return {**shown, name: THEIRS}, {**shown, name: MINE}
    ticks = [f.name for f in model._meta.concrete_fields if isinstance(f, models.BooleanField)]
    if ticks:
        return {**shown, ticks[0]: "on"}, shown
    (end,) = (name for name in shown if name.endswith("_1"))  # of a hold
    return {**shown, end: "2099/06/01 10:00"}, {**shown, end: "2099/06/01 11:00"}


@pytest.mark.parametrize("model", EDITED, ids=lambda model: model._meta.label)
def test_stale_save_in_the_admin_is_refused_with_both_versions(
    client_as: Any, samples: Any, model: Any
) -> None:
    thing = samples(model)
    one, two = client_as("administrator"), client_as("administrator")
    address = page_of(thing, "change")
    shown = form_on(one.get(address), with_field="seen")
    if not set(shown) - {"csrfmiddlewaretoken", "seen"}:
        assert model is MemberAssignment  # given out once and then ended, on a page of its own
        return
    theirs, mine = with_other(model, shown)
    assert two.post(address, theirs).status_code == 302, words(two.post(address, theirs))
    stored = model._default_manager.values().get(pk=thing.pk)

    answer = one.post(address, mine)
    said = words(answer)
    assert answer.status_code == 409, said
    assert "两个版本" in said
    if free_text(model, shown):
        table = answer.content.decode().split('class="meanwhile"')[1].split("</section>")[0]
        assert THEIRS in table
        assert MINE in table
    if model is not Facility:  # has no history, so nobody knows who it was
        assert two.user.username in said
    assert model._default_manager.values().get(pk=thing.pk) == stored

    again = form_on(answer, with_field="seen")
    undecided = one.post(address, again)
    if free_text(model, shown):
        assert undecided.status_code == 409  # both wrote it, and nobody chose
        assert "逐项选定" in words(undecided)
        kept = one.post(address, {**form_on(undecided, with_field="seen"), "take-all": "mine"})
        assert kept.status_code == 302, words(kept)
        assert MINE in model._default_manager.values().get(pk=thing.pk).values()


def test_every_admin_and_form_that_changes_anything_is_a_shared_one() -> None:
    for model in EDITED:
        each = admin.site._registry[model]
        assert isinstance(each, SharedAdmin), model
        assert issubclass(each.form, SharedForm), model
        assert not each.list_editable, model  # a list's own form compares nothing
        for inline in each.inlines:
            assert issubclass(inline.form, SharedForm), inline
            assert issubclass(inline.formset, SharedFormSet), inline
    for form in every(forms.ModelForm):
        if form.__module__.split(".")[0] in {"gridmgr", "grids", "parking", "vendors"}:
            enters_only = issubclass(form, AdminUserCreationForm)
            assert issubclass(form, SharedForm) or enters_only or form._meta.model is None, form


def every(kind: Any) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from every(each)


INLINES = [(model, inline) for model in EDITED for inline in admin.site._registry[model].inlines]


@pytest.mark.parametrize(("model", "inline"), INLINES, ids=lambda each: each.__name__)
@pytest.mark.django_db(transaction=True)
def test_row_inside_another_s_form_is_compared_too(
    client_as: Any, samples: Any, model: Any, inline: Any
) -> None:
    row = inline.model._default_manager.first()
    parent = next(f for f in inline.model._meta.concrete_fields if f.is_relation and f.related_model is model)
    thing = getattr(row, parent.name)
    client, address = client_as("administrator"), page_of(thing, "change")
    shown = form_on(client.get(address), with_field="seen")
    prefix = next(
        key.removesuffix("-id")
        for key, value in shown.items()
        if key.endswith("-id") and value == str(row.pk)
    )
    change = {"opens": time(6, 1)} if inline.model is DropOffHours else {"name": THEIRS}
    change = {"clause": THEIRS} if inline.model is PlacementRule else change
    inline.model._default_manager.filter(pk=row.pk).update(**change)
    name, value = next(iter(change.items()))
    mine = {**shown, f"{prefix}-{name}": "06:02" if name == "opens" else MINE}
    answer = client.post(address, mine)
    assert answer.status_code == 409
    assert str(value)[:5] in words(answer)
    taken = {**form_on(answer, with_field="seen"), f"take-{prefix}-{name}": "theirs"}
    assert client.post(address, taken).status_code == 302
    assert getattr(inline.model._default_manager.get(pk=row.pk), name) == value


def test_ticking_a_row_away_that_was_changed_is_refused(client_as: Any, samples: Any, town: Town) -> None:
    gate = town.own.school.gates.get()
    client, address = client_as("planner"), page_of(town.own.school, "change")
    shown = form_on(client.get(address), with_field="seen")
    type(gate).objects.filter(pk=gate.pk).update(name=THEIRS)
    answer = client.post(address, {**shown, "gates-0-DELETE": "on"})
    assert (answer.status_code, type(gate).objects.filter(pk=gate.pk).exists()) == (409, True)
    assert THEIRS in words(answer)
    again = {**form_on(answer, with_field="seen"), "gates-0-DELETE": "on"}
    assert client.post(address, again).status_code == 302
    assert not type(gate).objects.filter(pk=gate.pk).exists()


@pytest.mark.parametrize("by", ["page", "list"])
def test_deletion_of_what_changed_after_the_confirmation_page_is_asked_again(
    client_as: Any, town: Town, by: str
) -> None:
    vendor = VendorFactory()
    client = client_as("administrator")
    address = page_of(vendor, "delete") if by == "page" else reverse("admin:vendors_vendor_changelist")
    chosen = {"action": "delete_selected", "_selected_action": vendor.pk}
    page = client.get(address) if by == "page" else client.post(address, chosen)
    shown = form_on(page, with_field="post")
    Vendor.objects.filter(pk=vendor.pk).update(goods=THEIRS)
    answer = client.post(address, shown)
    assert answer.status_code == 409
    assert THEIRS in words(answer)
    assert Vendor.objects.filter(pk=vendor.pk).exists()
    assert client.post(address, form_on(answer, with_field="post")).status_code == 302
    assert not Vendor.objects.filter(pk=vendor.pk).exists()


def test_deletion_counts_what_would_go_along(client_as: Any, samples: Any, town: Town) -> None:
    school = School.objects.create(name="将拆的小学", kind="school", area=town.own.school.area)
    gate = school.gates.create(name="西门", location=point(50, 50))
    client, address = client_as("planner"), page_of(school, "delete")
    shown = form_on(client.get(address), with_field="post")
    type(gate).objects.filter(pk=gate.pk).update(name=THEIRS)
    assert client.post(address, shown).status_code == 409
    assert School.objects.filter(pk=school.pk).exists()


def test_what_was_written_for_a_deleted_row_is_shown_once_more(client_as: Any, town: Town) -> None:
    vendor = VendorFactory()
    client, address = client_as("administrator"), page_of(vendor, "change")
    shown = form_on(client.get(address), with_field="seen")
    vendor.delete()
    answer = client.post(address, {**shown, "goods": MINE})
    assert answer.status_code == 409
    assert "已被别人删除" in words(answer)
    assert MINE in words(answer)


def test_a_form_sent_twice_and_two_who_write_the_same_are_no_conflict(client_as: Any, town: Town) -> None:
    client, address = client_as("administrator"), f"/vendors/{town.own.vendor.pk}/edit/"
    shown = {**form_on(client.get(address), with_field="seen"), "goods": MINE}
    assert client.post(address, shown).status_code == 302
    assert client.post(address, shown).status_code == 302


def test_a_form_that_names_no_version_overwrites_nothing(client_as: Any, town: Town) -> None:
    client, address = client_as("administrator"), f"/vendors/{town.own.vendor.pk}/edit/"
    shown = {**form_on(client.get(address), with_field="seen"), "goods": MINE, "seen": ""}
    assert client.post(address, shown).status_code == 409
    assert Vendor.objects.get(pk=town.own.vendor.pk).goods != MINE


# ── The register of vendors ───────────────────────────────────────────────────────────────────────────────


def test_each_field_of_a_vendor_is_chosen_alone(client_as: Any, town: Town) -> None:
    """The other changed goods and name, this one goods and phone: name is the other's, phone hers, goods is chosen."""
    vendor, address = town.own.vendor, f"/vendors/{town.own.vendor.pk}/edit/"
    one, two = client_as("administrator"), client_as("administrator")
    shown = form_on(one.get(address), with_field="goods")
    assert two.post(address, {**shown, "goods": THEIRS, "name": "改名"}).status_code == 302
    answer = one.post(address, {**shown, "goods": MINE, "phone": "13900001111"})
    assert answer.status_code == 409
    again = form_on(answer, with_field="goods")
    assert (again["take-name"], again["take-phone"]) == ("theirs", "mine")
    assert "take-goods" not in again  # nothing ticked: she decides
    assert one.post(address, {**again, "take-goods": "theirs"}).status_code == 302
    vendor.refresh_from_db()
    assert (vendor.name, vendor.goods, vendor.phone) == ("改名", THEIRS, "13900001111")


def test_another_s_phone_is_not_told_by_the_comparison(client_as: Any, town: Town) -> None:
    vendor, address = town.other.vendor, f"/vendors/{town.other.vendor.pk}/edit/"
    client = client_as("planner")
    shown = form_on(client.get(address), with_field="goods")
    Vendor.objects.filter(pk=vendor.pk).update(phone="13911112222")
    answer = client.post(address, {**shown, "phone": "13933334444"})
    assert answer.status_code == 409
    assert "13911112222" not in answer.content.decode()
    assert vendor.phone not in answer.content.decode()


# ── Steps: one button on a row ────────────────────────────────────────────────────────────────────────────

Step = tuple[Callable[[Town], str], Callable[[Town], tuple[str, dict[str, Any]]], Callable[[Town], Any]]


def held(town: Town) -> Any:
    return town.own.pitch.allocations.get()


def share(town: Town) -> Any:
    return town.own.section.shares.get()


def entry(town: Town) -> Entry:
    return Entry.objects.get()


def change(row: Any, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)


TODAY = date.today()  # noqa: DTZ011
BOARD: Callable[[Town], str] = lambda town: f"/sites/{town.own.site.code}/pitches/"  # noqa: E731


def on_board(verb: str, **data: Any) -> Step:
    return (
        BOARD,
        lambda town: (f"{BOARD(town)}{held(town).pk}/{verb}/", data),
        lambda town: change(
            held(town), period=period("2020-01-01", (TODAY + timedelta(days=900)).isoformat())
        ),
    )


def in_register(verb: str, **data: Any) -> Step:
    return (
        lambda town: f"/data/register/{entry(town).register_id}/?show=all",
        lambda town: (f"/data/register/{entry(town).register_id}/rows/5/{verb}", data),
        lambda town: change(entry(town), note="别人的备注"),
    )


NEXT_WEEK = (TODAY + timedelta(days=7)).isoformat()
STEPS: dict[str, Step] = {
    "allocation-transfer": on_board("transfer", vendor="候补01", pitch="", on=NEXT_WEEK),
    "allocation-end": on_board("end", on=NEXT_WEEK),
    "allocation-renew": on_board("renew", until=(TODAY + timedelta(days=1200)).isoformat()),
    "section-end": (
        lambda town: f"/sections/{town.own.section.pk}/",
        lambda town: (f"/sections/{town.own.section.pk}/end/", {"on": NEXT_WEEK}),
        lambda town: change(town.own.section, note=THEIRS),
    ),
    "section-share-end": (
        lambda town: f"/sections/{town.own.section.pk}/",
        lambda town: (f"/sections/{town.own.section.pk}/shares/{share(town).pk}/end/", {"on": NEXT_WEEK}),
        lambda town: change(share(town), is_demo=True),
    ),
    "slip-outcome": (
        lambda town: f"/guide/{town.own.guidance.slip}/",
        lambda town: (f"/guide/{town.own.guidance.slip}/outcome/", {"outcome": "came"}),
        lambda town: change(town.own.guidance, outcome="refused", outcome_at=timezone.now()),
    ),
    "site-equip": (
        lambda town: f"/sites/{town.own.site.code}/",
        lambda town: (f"/sites/{town.own.site.code}/equip/", {"bins": "7", "sign_board": "1"}),
        lambda town: change(town.own.site, bins=3),
    ),
    "site-step": (
        lambda town: f"/sites/{town.own.site.code}/",
        lambda town: (f"/sites/{town.own.site.code}/step/suspend/", {"reason": "修路"}),
        lambda town: change(town.own.site, name=THEIRS),
    ),
    "register-leave": in_register("leave/"),
    "register-quantity": in_register("quantity/", quantity=5),
    "register-choose": in_register("choose/", candidate="0"),
    "register-pin": (
        lambda town: f"/data/register/{entry(town).register_id}/rows/5/",
        lambda town: (
            f"/data/register/{entry(town).register_id}/rows/5/",
            {"road": town.own.road.name, "side": "right", "metre": "320"},
        ),
        lambda town: change(entry(town), note="别人的备注"),
    ),
}


@pytest.fixture
def registered(town: Town) -> None:
    """A street register's row with a candidate and no quantity, and kerbs to pin it at."""
    Kerb.objects.create(
        road=town.own.road, side="right", line=line((0, -6), (1000, -6)), measures=[0.0, 1000.0]
    )
    made = Register.objects.create(sender="某街道办", file_name="a.xlsx", stage="review")
    spot = {
        "road": town.own.road.pk,
        "side": "right",
        "metre": 300.0,
        "toward": 0,
        "words": "某处",
        "stretch": None,
    }
    x, y = point(300, -6).coords
    Entry.objects.create(
        register=made, row=5, place="某处", state="unsure", candidates=[{**spot, "x": x, "y": y}]
    )


@pytest.mark.parametrize("name", STEPS)
def test_stale_step_is_refused_with_both_versions(
    client_as: Any, town: Town, registered: None, name: str
) -> None:
    screen, request, other = STEPS[name]
    client = client_as("administrator")
    page = client.get(screen(town))
    address, data = request(town)
    shown = form_to(page, address) if name != "register-pin" else form_on(page, with_field="lon")
    other(town)
    before = snapshot()
    answer = client.post(address, {**shown, **data})
    said = words(answer)
    assert answer.status_code == 409, said
    assert "刚被" in said
    assert "现在保存的" in said
    assert "我的" in said
    assert snapshot() == before
    again = form_on(answer, with_field="version" if name.startswith("site") else "seen")
    assert client.post(address, again).status_code == 302
    assert snapshot() != before


def snapshot() -> list[Any]:
    kinds: list[Any] = [Entry, Guidance, MemberAssignment, Assignment, Allocation, Site]
    return [list(kind._default_manager.order_by("pk").values()) for kind in kinds]


# Routes that take a POST and change no row that was on the screen, or have a version of their own.
JUDGED_OTHERWISE = {
    "section-share": "gives something new",
    "section-undo": "refused by the domain when changed since",
    "vendor-identity": "records something new",
    "pitch-allocate": "gives something new",
    "pitch-offer": "gives something new",
    "pitch-undo": "refused by the domain when changed since",
    "waiting-join": "enters something new",
    "waiting-leave": "refused when off the list already",
    "plan-verdict": "changes nothing",
    "plan-nearest": "changes nothing",
    "plan-save": "the site's version",
    "guide-hold": "records something new",
    "job-cancel": "one's own",
    "job-delete": "one's own",
    "data-datum": "one's own import, by its state",
    "data-confirm": "one's own import, by the preview's token",
    "data-undo": "refused by row when changed since",
    "data-drop": "one's own import, by its state",
    "register-confirm": "by the preview's token",
    "register-undo": "refused by row when changed since",
    "register-drop": "by its stage",
    "logout": "one's own",
    "account-sessions-end": "one's own",
    "unsent-put-aside": "one's own",
}


def test_every_button_is_judged() -> None:
    """A new route that takes a POST belongs to STEPS, or says here why it can overwrite nothing."""
    posting = {name for name, (_address, answers) in PAGES.items() if answers == POST_ONLY}
    assert posting - set(STEPS) == set(JUDGED_OTHERWISE)


# ── At the same moment ────────────────────────────────────────────────────────────────────────────────────


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each returned, all begun at one moment, each with a connection of its own."""
    barrier, found = threading.Barrier(len(works)), [None] * len(works)

    def run(index: int) -> None:
        barrier.wait()
        found[index] = works[index]()
        connection.close()

    threads = [threading.Thread(target=run, args=[index]) for index in range(len(works))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["page", "admin"])
def test_of_two_at_the_same_moment_one_is_told(client_as: Any, where: str) -> None:
    clients = [client_as("administrator"), client_as("administrator")]
    for number in range(4):
        vendor = VendorFactory()
        address = f"/vendors/{vendor.pk}/edit/" if where == "page" else page_of(vendor, "change")
        shown = form_on(clients[0].get(address), with_field="goods")

        def save(client: RoleClient, goods: str, address: str = address, shown: Any = shown) -> int:
            return int(client.post(address, {**shown, "goods": goods}).status_code)

        found = at_once(lambda: save(clients[0], MINE), lambda: save(clients[1], THEIRS))
        assert sorted(found) == [302, 409], number
        vendor.refresh_from_db()
        assert vendor.goods == (MINE, THEIRS)[found.index(302)]


@pytest.mark.django_db(transaction=True)
def test_of_two_outcomes_at_the_same_moment_one_is_told(client_as: Any, town: Town) -> None:
    clients = [client_as("administrator"), client_as("administrator")]
    address = f"/guide/{town.own.guidance.slip}/outcome/"
    shown = form_to(clients[0].get(f"/guide/{town.own.guidance.slip}/"), address)

    def say(client: RoleClient, outcome: str) -> int:
        return int(client.post(address, {**shown, "outcome": outcome}).status_code)

    found = at_once(lambda: say(clients[0], "came"), lambda: say(clients[1], "refused"))
    assert sorted(found) == [302, 409]
    town.own.guidance.refresh_from_db()
    assert town.own.guidance.outcome == ("came", "refused")[found.index(302)]


def test_version_costs_one_query_for_one_row_and_three(
    client_as: Any, town: Town, django_assert_num_queries: Any
) -> None:
    VendorFactory.create_batch(2)
    for count in (1, 3):
        rows = list(Vendor.objects.all()[:count])
        with django_assert_num_queries(1):
            assert len(versions_of(rows)) == count
