"""Every change leaves a record of who, when and what, whichever way it was made; each place's page shows it."""

import html
import re
from datetime import date, time
from typing import Any

import pghistory
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from pghistory.models import Context

from gridmgr.core.accounts.models import User
from gridmgr.core.changes import changes_in, history_of, in_words
from gridmgr.core.history import event_model
from gridmgr.templatetags.ways import way
from grids.models import Assignment, Branch, Member, MemberAssignment, Road
from parking.models import Bay, CalendarDay, DropOffHours, DropOffPoint, PandaLane, School, SchoolGate
from tests.conftest import Town
from tests.drawing import stretch
from tests.factories import (
    BayFactory,
    DropOffPointFactory,
    MemberFactory,
    RoadFactory,
    SiteFactory,
    UserFactory,
)
from tests.screen import as_on_screen
from vendors.models import (
    Allocation,
    Guidance,
    Override,
    Pitch,
    PitchHold,
    PlacementRule,
    RuleProfile,
    Site,
    Vendor,
    WaitingEntry,
)

TRACKED = [
    User, Road, Branch, Member, Assignment, MemberAssignment,
    School, SchoolGate, PandaLane, DropOffPoint, DropOffHours, CalendarDay, Bay,
    Site, Pitch, Vendor, Allocation, Guidance, PitchHold, RuleProfile, PlacementRule, Override, WaitingEntry,
]  # fmt: skip


def panel(response: Any) -> str:
    """The words of the page's history."""
    found = re.search(r'place-history">(.*?)</section>', response.content.decode(), re.S)
    assert found is not None
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", found[1])))


@pytest.mark.parametrize("model", TRACKED)
def test_every_kind_of_record_has_its_history(model: type) -> None:
    assert issubclass(event_model(model), pghistory.models.Event)


@pytest.mark.django_db
def test_change_through_the_orm_says_field_before_and_after_in_words() -> None:
    bay = BayFactory(road=RoadFactory(name="甲路"))
    bay.state, bay.road = "suspended", RoadFactory(name="乙路")
    bay.stretch = stretch(200, 206)
    bay.save()
    latest, first = history_of(bay)
    assert (latest.label, first.label) == ("update", "insert")
    assert latest.fields == [
        ("道路", "甲路", "乙路"),
        ("里程(米)", "100–106 m", "200–206 m"),
        ("状态", "启用", "暂停"),
    ]
    assert ("侧", "—", "右侧") in first.fields
    assert ("范围", "—", "图形,5 个点") in first.fields


@pytest.mark.django_db
def test_bulk_and_raw_writes_are_recorded_too() -> None:
    bay = BayFactory()
    Bay.objects.filter(pk=bay.pk).update(kind="charging")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE parking_bay SET kind = 'large' WHERE id = %s", [bay.pk])
    raw, bulk, _insert = history_of(bay)
    assert raw.fields == [("类型", "充电", "大型车")]
    assert bulk.fields == [("类型", "小型车", "充电")]
    assert raw.way == "直接写入数据库"
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        assert raw.who == cursor.fetchone()[0]


@pytest.mark.django_db
def test_what_an_upgrade_writes_is_told_as_the_upgrades(monkeypatch: pytest.MonkeyPatch) -> None:
    bay = BayFactory()

    def step(*_: Any, **__: Any) -> None:
        Bay.objects.update(kind="charging")

    monkeypatch.setattr("django.core.management.commands.migrate.Command.handle", step)
    call_command("migrate")
    Bay.objects.update(kind="large")
    after, upgrade, _insert = history_of(bay)
    assert (way(upgrade.way), way(after.way)) == ("升级", "直接写入数据库")


@pytest.mark.django_db
def test_those_who_shaped_a_proposal_are_told_by_name() -> None:
    user = UserFactory()
    site = SiteFactory(state="proposed", proposed_by=user)
    (first,) = history_of(site)
    assert ("参与人", "—", str(user)) in first.fields
    gone = in_words(event_model(Site)._meta.get_field("shapers"), [user.pk, 0])
    assert gone == f"{user}、已删除的内容(0)"


def recorded(model: type[models.Model]) -> list[tuple[str, Any]]:
    """(label, key) of all events of a kind, in their order."""
    return list(event_model(model).objects.order_by("pgh_id").values_list("pgh_label", "pgh_obj_id"))


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.django_db
def test_one_statement_leaves_an_event_for_each_row_that_it_changed() -> None:
    road = RoadFactory()
    with pghistory.context(command="lay"):
        first, second, third = Bay.objects.bulk_create(
            [BayFactory.build(road=road, at_m=at_m, number=f"B{at_m}") for at_m in (100, 200, 300)]
        )
    assert recorded(Bay) == [("insert", bay.pk) for bay in (first, second, third)]
    contexts = set(event_model(Bay).objects.values_list("pgh_context__metadata__command", flat=True))
    assert contexts == {"lay"}

    run("UPDATE parking_bay SET kind = 'large' WHERE id = %s", first.pk)
    run("UPDATE parking_bay SET kind = CASE WHEN id = %s THEN 'charging' ELSE kind END", second.pk)
    run("UPDATE parking_bay SET kind = kind")
    run("UPDATE parking_bay SET kind = 'large' WHERE id IN (%s, %s)", second.pk, third.pk)
    assert recorded(Bay)[3:] == [("update", bay.pk) for bay in (first, second, second, third)]

    run("DELETE FROM parking_bay WHERE id <> %s", second.pk)
    assert recorded(Bay)[7:] == [("delete", first.pk), ("delete", third.pk)]
    assert event_model(Bay).objects.get(pgh_label="delete", pgh_obj_id=third.pk).kind == "large"


@pytest.mark.django_db
def test_insert_that_turns_into_an_update_is_recorded_as_one() -> None:
    CalendarDay.objects.create(day=date(2026, 10, 1), is_school_day=False, note="国庆节")
    run(
        "INSERT INTO parking_calendarday (day, is_school_day, note) "
        "VALUES ('2026-10-01', false, '国庆'), ('2026-10-02', false, '国庆') "
        "ON CONFLICT (day) DO UPDATE SET note = EXCLUDED.note"
    )
    assert sorted(recorded(CalendarDay)[1:]) == [
        ("insert", date(2026, 10, 2)),
        ("update", date(2026, 10, 1)),
    ]


@pytest.mark.django_db
def test_change_of_the_key_itself_is_recorded() -> None:
    for day in (1, 2, 3):
        CalendarDay.objects.create(day=date(2026, 10, day), is_school_day=False)
    run("UPDATE parking_calendarday SET day = day + 7 WHERE day >= '2026-10-02'")
    assert sorted(recorded(CalendarDay)[3:]) == [
        ("update", date(2026, 10, 9)),
        ("update", date(2026, 10, 10)),
    ]


@pytest.mark.django_db
def test_statement_that_touches_no_row_leaves_nothing() -> None:
    BayFactory()
    before = pghistory.models.Context.objects.count()
    with pghistory.context(command="nothing"):
        Bay.objects.filter(number="").update(kind="large")
        Bay.objects.filter(number="").delete()
        Bay.objects.update(kind="small")
    assert [label for label, _key in recorded(Bay)] == ["insert"]
    assert pghistory.models.Context.objects.count() == before


@pytest.mark.django_db
def test_what_goes_with_a_deleted_row_is_recorded_too() -> None:
    point = DropOffPointFactory()
    hours = DropOffHours.objects.create(point=point, opens=time(7), closes=time(8))
    keys = point.pk, hours.pk
    point.delete()
    assert (recorded(DropOffPoint)[-1], recorded(DropOffHours)[-1]) == (
        ("delete", keys[0]),
        ("delete", keys[1]),
    )


@pytest.mark.django_db
def test_what_is_deleted_stays_in_the_history_of_its_kind() -> None:
    bay = BayFactory(number="BW-9")
    bay.delete()
    deleted, inserted = changes_in(Bay)
    assert (deleted.label, deleted.name, deleted.exists) == ("delete", "BW-9", False)
    assert inserted.label == "insert"


@pytest.mark.django_db
def test_history_cannot_be_rewritten() -> None:
    bay = BayFactory()
    events = event_model(Bay).objects.filter(pgh_obj_id=bay.pk)
    for attempt in (lambda: events.update(number="x"), events.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert history_of(bay)[0].label == "insert"


@pytest.mark.django_db
def test_hidden_fields_read_as_dots_and_nothing_as_a_dash() -> None:
    member = MemberFactory(phone="13955500000")
    member.phone = "13955511111"
    member.save()
    latest, first = history_of(member, hidden=["phone"])
    assert latest.fields == [("电话", "•••", "•••")]
    assert not any(
        "1395551" in value for change in (latest, first) for triple in change.fields for value in triple
    )
    assert history_of(member)[0].fields == [("电话", "13955500000", "13955511111")]


@pytest.mark.django_db
def test_account_history_holds_no_password(client_as: Any) -> None:
    user = client_as("office").user
    user.set_password("a-secret-of-mine")
    user.save()
    assert not any(
        "argon2" in str(change.fields) or "密码" in str(change.fields) for change in history_of(user)
    )


@pytest.mark.django_db
def test_history_of_the_longest_keeps_to_its_cap_and_still_compares_the_last() -> None:
    site = SiteFactory(bins=1)
    for bins in (2, 3, 4):
        site.bins = bins
        site.save()
    shown = history_of(site, most=2)
    assert [change.fields for change in shown] == [[("垃圾容器", "3", "4")], [("垃圾容器", "2", "3")]]


def test_place_page_shows_who_changed_what_and_when(client_as: Any, town: Town, at: Any) -> None:
    administrator = client_as("administrator")
    pitch = town.own.pitch
    answer = administrator.post(
        f"/admin/vendors/pitch/{pitch.pk}/change/",
        {"site": pitch.site_id, "number": "9", "area": pitch.area.ewkt, **as_on_screen(pitch)},
    )
    assert answer.status_code == 302, answer.content.decode()
    said = panel(client_as("office").get(f"/pitches/{pitch.pk}/"))
    assert f"{administrator.user.username} 修改" in said
    assert "摊位号 1 → 9" in said
    assert "后台管理" in said


def test_history_is_for_all_but_members(client_as: Any, town: Town) -> None:
    for role in ("secretary", "planner", "office", "administrator"):
        assert "新建" in panel(client_as(role).get("/sites/TD-01/"))
    page = client_as("member", member=town.own.member).get("/sites/TD-01/")
    assert page.status_code == 200
    assert "修改记录" not in page.content.decode()


def test_deleted_neighbours_are_named_by_their_number() -> None:
    """A history that points to a row which is gone says so; see _say."""
    from gridmgr.core.changes import _say

    field = event_model(Bay)._meta.get_field("road")
    assert _say(field, 77, False, {Road: {}}) == "已删除的内容(77)"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("demo", "生成演示城市"),
        ("/plan/save", "规划摊点"),
        ("/sites/TD-01/step/open/", "摊点页"),
        ("/sites/TD-01/pitches/allocate/", "摊位分配"),
        ("/sections/7/share/", "责任路段页"),
        ("/admin/parking/bay/3/change/", "后台管理"),
        ("/gone/for/good/", "/gone/for/good/"),
        ("直接写入数据库", "直接写入数据库"),
    ],
)
def test_the_way_of_a_change_reads_as_the_name_of_a_page(written: str, read: str) -> None:
    assert way(written) == read


# ── What is on record stays ───────────────────────────────────────────────────────────────────────────────────


def _refused_by_the_record(statement: str, *params: Any) -> None:
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.mark.django_db
@pytest.mark.parametrize("model", TRACKED)
def test_neither_rows_nor_their_record_are_truncated(model: type[models.Model]) -> None:
    _refused_by_the_record(f"TRUNCATE {model._meta.db_table} CASCADE")
    _refused_by_the_record(f"TRUNCATE {event_model(model)._meta.db_table}")
    _refused_by_the_record(f"TRUNCATE ONLY {event_model(model)._meta.db_table} RESTART IDENTITY")


@pytest.mark.django_db(transaction=True)
def test_who_made_a_change_can_not_be_edited() -> None:
    with pghistory.context(user=1, username="wang", url="/plan/"):
        RoadFactory()
    written = Context.objects.get()
    for statement in (
        "UPDATE pghistory_context SET metadata = jsonb_set(metadata, '{username}', '\"li\"')",
        "UPDATE pghistory_context SET metadata = metadata",
        "UPDATE pghistory_context SET id = gen_random_uuid()",
        "UPDATE pghistory_context SET created_at = now(), metadata = '{}'",
        "DELETE FROM pghistory_context",
        "TRUNCATE pghistory_context",
        "TRUNCATE pghistory_context CASCADE",
        "INSERT INTO pghistory_context SELECT * FROM pghistory_context ON CONFLICT (id) DO UPDATE SET metadata = '{}'",
    ):
        _refused_by_the_record(statement)
    assert Context.objects.get().metadata == written.metadata


@pytest.mark.django_db(transaction=True)
def test_later_transaction_of_a_request_says_more_in_a_context_of_its_own() -> None:
    """Two sites approved in one request, each for its reason: the second reason is not written over the first's."""
    with pghistory.context(user=1, username="wang", url="/plan/"):
        road = RoadFactory(name="一路")
        pghistory.context(reason="路改了名")
        Road.objects.filter(pk=road.pk).update(name="二路")
        Road.objects.filter(pk=road.pk).update(name="三路")
    first, second, third = event_model(Road).objects.order_by("pgh_id").select_related("pgh_context")
    assert first.pgh_context.metadata == {"user": 1, "username": "wang", "url": "/plan/"}
    assert second.pgh_context.metadata == {
        "user": 1,
        "username": "wang",
        "url": "/plan/",
        "reason": "路改了名",
    }
    assert second.pgh_context_id == third.pgh_context_id != first.pgh_context_id
    assert [change.who for change in history_of(road)] == ["wang"] * 3


@pytest.mark.django_db(transaction=True)
def test_one_transaction_keeps_one_context_though_it_learns_more() -> None:
    with transaction.atomic(), pghistory.context(user=1, username="wang") as context:
        road = RoadFactory(name="一路")
        pghistory.context(reason="路改了名")
        Road.objects.filter(pk=road.pk).update(name="二路")
    ids = {event.pgh_context_id for event in event_model(Road).objects.all()}
    assert ids == {context.id}
    assert Context.objects.get().metadata["reason"] == "路改了名"
