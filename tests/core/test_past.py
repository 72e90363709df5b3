"""A day in the past is told as it was at its end; what lies before the first record, or ahead, is said to."""

import inspect
import json
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pghistory
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from gridmgr.briefing.gather import gather
from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import NotRecorded
from gridmgr.core.history import event_model
from gridmgr.core.layers.geojson import feature_collection
from gridmgr.core.layers.tiles import mvt
from gridmgr.core.past import WrittenInThePast, as_of, at_present, recorded_from
from gridmgr.feeds.query import told_of_its_day
from grids.domain.assign import end_section, end_share, hand_over_secretary
from grids.models import Assignment, Facility, Member, MemberAssignment, Road
from parking.models import Bay
from tests.conftest import RoleClient, Town
from tests.core.layers.test_tiles import tile_over
from tests.drawing import period, point, rect, stretch
from tests.factories import AssignmentFactory, BayFactory, RoadFactory
from vendors.domain.batch import check_places, keep
from vendors.models import PlacementRule, RuleProfile, Site, SiteCheck

pytestmark = pytest.mark.django_db

EVERYTHING = Audience(role="administrator")
Clock = Callable[[str], Any]


# ── What pages, files and feeds say ───────────────────────────────────────────────────────────────────────


THEN, NOW = date(2026, 11, 30), "2026-12-02 10:00"


@pytest.fixture
def changed(live: Clock, town: Town) -> Town:
    """The town, on record since 2000; on 1 December much of it changes."""
    live("2026-12-01 15:00")
    with transaction.atomic():
        hand_over_secretary(town.own.branch, to=town.own.member)
    Member.objects.filter(pk=town.other.member.pk).update(left_on=date(2026, 12, 1))
    Site.objects.filter(pk=town.own.site.pk).update(state="closed")
    Bay.objects.filter(pk=town.own.bay.pk).delete()
    Road.objects.filter(pk=town.own.road.pk).update(name="新名街")
    live(NOW)
    return town


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


@pytest.mark.parametrize(
    ("address", "then", "now"),
    [
        ("/sites/", "TD-01", ""),
        ("/bays/", "BW-01", ""),
        ("/roads/", "第01街", "新名街"),
        ("/sections/", "第01街", "新名街"),
        ("/layers/bays.geojson", "BW-01", ""),
        ("/layers/sites.geojson", "TD-01", ""),
        ("/layers/roads.geojson", "第01街", "新名街"),
    ],
)
def test_each_list_and_feed_tells_of_its_day(
    client_as: Callable[..., RoleClient], changed: Town, address: str, then: str, now: str
) -> None:
    client = client_as("office")
    back_then, today = (_whole(client.get(address + query)) for query in ("?date=2026-11-30", ""))
    assert then in back_then
    assert then not in today
    assert now in today


def test_the_branch_s_page_names_who_served_on_the_day(
    client_as: Callable[..., RoleClient], changed: Town
) -> None:
    said = {}
    for day in ("2026-11-30", "2026-12-01"):
        people = client_as("office").get(f"/branches/01/?date={day}").context["people"]
        said[day] = [(person.member.name, person.member.role) for person in people]
    assert said["2026-11-30"] == [("书记01", "secretary"), ("李01", "member")]
    assert said["2026-12-01"] == [("李01", "secretary"), ("书记01", "member")]


def _whole(response: Any) -> str:
    assert response.status_code == 200, response.content[:300]
    return b"".join(response).decode()


def test_the_pages_of_things_that_are_gone(client_as: Callable[..., RoleClient], changed: Town) -> None:
    client = client_as("office")
    assert client.get("/bays/BW-01/").status_code == 404
    page = text(client.get("/bays/BW-01/?date=2026-11-30"))
    assert "BW-01" in page
    assert "第01街" in page
    assert "新名街" not in page


def test_tiles_tell_of_their_day(changed: Town) -> None:
    bays, tile = [layer_named("bays")], tile_over(103, -6, 16)
    then, today = (mvt(bays, tile, audience=EVERYTHING, on=day) for day in (THEN, date(2026, 12, 2)))
    assert (b"BW-01" in then, b"BW-02" in then) == (True, True)
    assert (b"BW-01" in today, b"BW-02" in today) == (False, True)


def test_the_branch_s_secretary_and_members_of_the_day(changed: Town) -> None:
    own, other = gather(None, audience=EVERYTHING, on=THEN).branches
    assert (own.secretary, own.members, other.members) == ("书记01", 2, 2)
    own, other = gather(None, audience=EVERYTHING, on=date(2026, 12, 1)).branches
    assert (own.secretary, own.members, other.members) == ("李01", 2, 1)


@pytest.mark.parametrize("form", ["pdf", "pptx", "xlsx", "docx"])
def test_each_pack_names_the_secretary_of_the_day(changed: Town, form: str, tmp_path: Path) -> None:
    call_command("briefing", str(tmp_path / f"pack.{form}"), date="2026-11-30", verbosity=0)
    found = READERS[form](tmp_path / f"pack.{form}")
    assert "书记01" in found
    assert "第01街" in found
    assert "新名街" not in found


def _pdf(path: Path) -> str:
    return subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout


def _of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as parts:
        return "".join(
            parts.read(name).decode("utf-8", "ignore") for name in parts.namelist() if name.endswith(".xml")
        )


READERS: dict[str, Callable[[Path], str]] = {"pdf": _pdf, "pptx": _of_zip, "xlsx": _of_zip, "docx": _of_zip}


@pytest.mark.parametrize("suffix", [".geojson", ".csv"])
def test_a_data_file_holds_what_was_there(changed: Town, suffix: str, tmp_path: Path) -> None:
    for day, there in (("2026-11-30", True), ("2026-12-02", False)):
        path = tmp_path / f"{day}{suffix}"
        call_command("export_layer", "bays", str(path), date=day)
        assert ("BW-01" in path.read_text()) is there


def test_a_map_file_shows_what_was_there(changed: Town, tmp_path: Path) -> None:
    path = tmp_path / "map.svg"
    call_command("export_map", "road:第01街", str(path), date="2026-11-30")
    assert "第01街" in path.read_text()
    with pytest.raises(CommandError, match="第01街"):
        call_command("export_map", "road:第01街", str(path), date="2026-12-02")


def test_a_verdict_is_that_of_the_day(live: Clock, town: Town) -> None:
    site = town.own.site
    rule_about_hydrants(period("2026-11-01"))
    live("2026-11-20 10:00")
    SiteCheck.objects.create(site=site, result="good", rules_of=date(2026, 11, 20))
    live("2026-11-25 10:00")
    SiteCheck.objects.filter(site=site).update(result="hard")
    live(NOW)
    said = {}
    for day in (date(2026, 11, 19), date(2026, 11, 24), date(2026, 11, 25)):
        with as_of(day):
            rows = layer_named("verdicts").rows(EVERYTHING, day)
            said[day.day] = rows.values_list("result", flat=True).get(pk=site.pk)
    assert said == {19: "unchecked", 24: "good", 25: "hard"}


def test_checks_that_find_the_same_leave_nothing_in_the_history(live: Clock, town: Town) -> None:
    for day in (1, 1, 2):
        keep(check_places(on=date(2026, 11, day)), on=date(2026, 11, day))
    labels = list(event_model(SiteCheck).objects.order_by("pgh_id").values_list("pgh_label", flat=True))
    assert labels == ["insert", "insert", "update", "update"]  # two sites, the second day's rules


def rule_about_hydrants(valid: Any) -> None:
    profile = RuleProfile.objects.create(name="试行", in_use=True)
    PlacementRule.objects.create(
        profile=profile, code="hydrant", applies_to="site", check_kind="distance", target="hydrant", amount=30.0,
        severity="hard", clause="第 1 条", valid=valid,
    )  # fmt: skip


def test_places_are_judged_by_what_was_there(live: Clock, town: Town) -> None:
    rule_about_hydrants(period("2026-11-10", "2026-11-28"))
    live("2026-11-15 10:00")
    hydrant = Facility.objects.create(source_id="h", kind="hydrant", shape=point(305, -14))
    live("2026-11-20 10:00")
    hydrant.delete()
    live(NOW)
    said = {day: _verdict(date(2026, 11, day)) for day in (9, 14, 15, 19, 20)}
    assert said == {9: False, 14: False, 15: True, 19: True, 20: False}


def _verdict(day: date) -> bool:
    """Whether the command finds that the town's first site breaks the rule about hydrants."""
    out = StringIO()
    with suppress(SystemExit):
        call_command("check_places", json=True, date=day.isoformat(), stdout=out)
    places = {place["code"]: place for place in json.loads(out.getvalue())["places"]}
    return "hydrant" in [broken["code"] for broken in places["TD-01"]["broken"]]


# ── Rows with days of their own ───────────────────────────────────────────────────────────────────────────


def test_a_section_entered_late_counts_from_its_first_day(live: Clock, town: Town) -> None:
    road = RoadFactory()
    live("2026-11-25 10:00")
    AssignmentFactory(road=road, branch=town.own.branch, period=period("2026-11-10"))
    live(NOW)
    days = {day: _sections_on(road, date(2026, 11, day)) for day in (9, 10, 30)}
    assert days == {9: 0, 10: 1, 30: 1}


def test_an_end_entered_late_counts(live: Clock, town: Town) -> None:
    live("2026-11-25 10:00")
    end_share(town.own.section.shares.get(), on=date(2026, 11, 20))
    end_section(town.own.section, on=date(2026, 11, 20))
    live(NOW)
    assert [_sections_on(town.own.road, date(2026, 11, day)) for day in (19, 20, 30)] == [1, 0, 0]


def test_a_section_deleted_and_entered_anew_counts_once(live: Clock, town: Town) -> None:
    live("2026-11-25 10:00")
    MemberAssignment.objects.filter(assignment=town.own.section).delete()
    town.own.section.delete()
    assert _sections_on(town.own.road, date(2026, 11, 20)) == 1  # as it was recorded
    AssignmentFactory(road=town.own.road, branch=town.other.branch, period=period("2026-11-01"))
    live(NOW)
    with as_of(date(2026, 11, 20)):
        assert [
            row.branch for row in Assignment.objects.on_day(date(2026, 11, 20)).filter(road=town.own.road)
        ] == [town.other.branch]


def _sections_on(road: Road, day: date) -> int:
    with as_of(day):
        return Assignment.objects.on_day(day).filter(road=road).count()


# ── The edges ─────────────────────────────────────────────────────────────────────────────────────────────


def test_before_the_first_record_nothing_is_told(
    client_as: Callable[..., RoleClient], live: Clock, recorded: Clock, tmp_path: Path
) -> None:
    live("2026-11-10 09:00")
    AssignmentFactory()
    BayFactory()
    live(NOW)
    assert recorded_from() == date(2026, 11, 10)
    client = client_as("office")
    for page in ("/sites/", "/bays/", "/map/", "/branches/", "/layers/bays.geojson", "/roads/gaps/"):
        answer = client.get(f"{page}?date=2026-11-09")
        said = answer.json()["error"] if "layers" in page else answer.content.decode()
        assert answer.status_code == 404
        assert "自 2026年11月10日 开始记录" in said
        assert client.get(f"{page}?date=2026-11-10").status_code == 200
    with pytest.raises(NotRecorded, match="2025年6月1日"):
        gather(None, audience=EVERYTHING, on=date(2025, 6, 1))
    with pytest.raises(CommandError, match="开始记录"):
        call_command("briefing", str(tmp_path / "a.xlsx"), date="2025-06-01")
    assert not list(tmp_path.iterdir())


def test_a_city_without_data_says_so(db: None) -> None:
    with pytest.raises(NotRecorded, match="还没有数据"), as_of(date(2026, 1, 1)):
        pass


def test_a_page_says_of_which_day_it_tells(client_as: Callable[..., RoleClient], changed: Town) -> None:
    client = client_as("office")
    past = text(client.get("/sites/?q=TD&date=2026-11-30"))
    assert '<time datetime="2026-11-30">' in past
    assert 'href="/sites/?q=TD"' in past
    assert "不是现在的" in past
    assert "told-note" not in text(client.get("/sites/?date=2026-12-02"))
    ahead = text(client.get("/sites/?date=2027-03-01"))
    assert "计划" in ahead
    assert "told-note planned" in ahead
    assert client.get("/layers/bays.geojson?date=2027-03-01").getvalue().endswith(b'"planned":true}')
    assert "尚未到来" in gather(None, audience=EVERYTHING, on=date(2027, 3, 1)).subtitle


def test_planned_sections_show_on_a_day_to_come(live: Clock, town: Town) -> None:
    live(NOW)
    road = RoadFactory()
    AssignmentFactory(road=road, branch=town.own.branch, period=period("2027-01-01"))
    days = [date(2026, 12, 31), date(2027, 1, 1)]
    assert [_sections_on(road, day) for day in days] == [0, 1]


@pytest.mark.parametrize("day", ["gestern", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_days_that_are_none_are_refused_in_words(client_as: Callable[..., RoleClient], day: str) -> None:
    answer = client_as("office").get(f"/sites/?date={day}")
    assert answer.status_code == 400
    assert day in answer.content.decode()


def test_who_reads_is_a_matter_of_today(client_as: Callable[..., RoleClient], changed: Town) -> None:
    """Who left yesterday sees nothing any more, not even of the day before; a new secretary sees their branch's phones."""
    left = client_as("member", member=changed.other.member)
    assert "TD-02" not in left.get("/sites/?date=2026-11-30").content.decode()
    new = client_as("secretary", member=Member.objects.get(pk=changed.own.member.pk))
    page = text(new.get("/branches/01/?date=2026-11-30"))
    assert "13955500101" in page
    assert "13955500102" in page


def test_nothing_is_written_in_the_past(changed: Town) -> None:
    with as_of(THEN):
        with pytest.raises(WrittenInThePast), transaction.atomic():
            Road.objects.filter(pk=changed.own.road.pk).update(name="x")
        with pytest.raises(WrittenInThePast), transaction.atomic():
            BayFactory.build(road=changed.own.road).save()
    assert Road.objects.get(pk=changed.own.road.pk).name == "新名街"


def test_a_request_tells_the_past_whatever_a_statement_begins_with(changed: Town) -> None:
    """The history's context, which every request has, puts words before all statements but plain SELECT."""
    key = changed.own.road.pk
    named = f"SELECT name FROM grids_road WHERE id = {key}"
    with pghistory.context(user=1), as_of(THEN), connection.cursor() as cursor:
        for statement in (
            named,
            f"\n WITH it AS MATERIALIZED ({named}) SELECT * FROM it",
            f"({named}) LIMIT 1",
        ):
            cursor.execute(statement)
            assert cursor.fetchone() == ("第01街",), statement
        with pytest.raises(WrittenInThePast), transaction.atomic():
            Road.objects.filter(pk=key).update(name="x")
    assert Road.objects.get(pk=key).name == "新名街"


def test_a_stream_of_the_past_leaves_the_history_s_context_alone(changed: Town) -> None:
    """The stream outlives the request's context, and each takes away its own."""
    with pghistory.context(user=1):
        stream = feature_collection(layer_named("roads"), audience=EVERYTHING, on=THEN)
        next(stream)
    assert [type(each).__name__ for each in connection.execute_wrappers] == ["Teller"]
    assert "第01街" in b"".join(stream).decode()
    assert connection.execute_wrappers == []


def test_the_present_can_be_asked_inside(changed: Town) -> None:
    with as_of(THEN):
        with at_present():
            assert Road.objects.filter(name="新名街").exists()
        assert not Road.objects.filter(name="新名街").exists()


def test_today_costs_nothing(changed: Town) -> None:
    with CaptureQueriesContext(connection) as queries, as_of(date(2026, 12, 2)):
        list(Bay.objects.all())
    assert [query["sql"].startswith("SELECT") for query in queries] == [True]


def test_the_past_keeps_the_indexes(changed: Town) -> None:
    """The rows that have not changed are found by the table's own index, the changed ones by the history's keys."""
    road = changed.other.road
    Bay.objects.bulk_create(
        BayFactory.build(
            number=f"X{n}",
            road=road,
            side="left",
            stretch=stretch(n / 5, n / 5 + 0.1),
            area=rect(n * 9, 900, 6, 2),
        )
        for n in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE parking_bay, parking_bayevent")
    rows = layer_named("bays").rows(EVERYTHING, THEN).filter(area__bboverlaps=rect(0, 900, 20, 2))
    sql, params = rows.values("pk").query.sql_with_params()
    with as_of(THEN), connection.cursor() as cursor:
        teller: Any = connection.execute_wrappers[0]
        with at_present():
            cursor.execute(f"EXPLAIN {teller.told(sql)}", params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Cond: (area && " in plan, plan
    assert "Seq Scan on parking_bay " not in plan, plan


def test_an_etag_tells_the_days_apart(client_as: Callable[..., RoleClient], changed: Town) -> None:
    client = client_as("office")
    tags = [
        client.get(f"/layers/bays.geojson?date=2026-{day}")["ETag"] for day in ("11-29", "11-30", "12-02")
    ]
    assert len(set(tags)) == 3
    assert (
        client.get("/layers/bays.geojson?date=2026-11-30", headers={"If-None-Match": tags[1]}).status_code
        == 304
    )


# What changes something is of today, and the monitor of no day.
OF_TODAY = {"section-add", "section-end", "section-share", "section-share-end", "section-undo", "healthz"}


def test_every_page_that_reads_a_day_tells_of_it() -> None:
    """A view that asks for the day stands under told_of_its_day, so that none shows today's rows as another day's."""
    asking = {"day_of", "clock_of"}
    found = {}
    for pattern in _patterns(get_resolver()):
        view = inspect.unwrap(pattern.callback)
        if asking & set(getattr(view, "__globals__", {})) and pattern.name not in OF_TODAY:
            found[pattern.name] = _is_told(pattern.callback)
    assert len(found) > 20
    assert [name for name, is_told in found.items() if not is_told] == []


def _patterns(resolver: Any) -> Iterator[Any]:
    for each in resolver.url_patterns:
        if hasattr(each, "url_patterns"):
            yield from _patterns(each)
        else:
            yield each


def _is_told(view: Any) -> bool:
    while view is not None:
        if view.__code__ is told_of_its_day(view).__code__:
            return True
        view = getattr(view, "__wrapped__", None)
    return False
