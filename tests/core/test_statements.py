"""SQL that is written once tells what is so now, and each reader what is theirs."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.postgres.fields import DecimalRangeField
from django.db.models import BigIntegerField, QuerySet
from django.utils import timezone
from psycopg2.extras import DateRange

from gridmgr.core.accounts.audience import EVERYTHING, Audience, any_reader, gaps_of
from gridmgr.core.statements import Gap, Statement, among, written_once
from gridmgr.desk.beats import beats_for
from gridmgr.desk.standing import ON, WHOLE, standing_on
from gridmgr.desk.turns import Clock
from grids.domain.assign import end_section
from grids.layers import SECTIONS
from grids.models import Assignment, Branch, Road
from parking.models import CalendarDay
from parking.querysets import school_days
from tests.conftest import RoleClient, Town
from tests.desk.reading import words
from tests.drawing import period, stretch
from tests.factories import AssignmentFactory, RoadFactory, SiteFactory

ClientAs = Callable[..., RoleClient]

pytestmark = pytest.mark.django_db

WRITTEN: list[str] = []


@written_once
def roads_named(first: str) -> QuerySet[Road]:
    WRITTEN.append(first)
    return Road.objects.filter(among("pk", "roads"), name__startswith=first).order_by("name")


def test_one_statement_answers_for_any_values_and_is_written_once() -> None:
    a, b, c = RoadFactory(name="甲一路"), RoadFactory(name="甲二路"), RoadFactory(name="乙路")
    WRITTEN.clear()
    assert roads_named("甲").rows(roads=[a.pk, c.pk]) == [a]
    assert roads_named("甲").rows(roads=[a.pk, b.pk, c.pk]) == [a, b]
    assert roads_named("甲").rows(roads=[]) == []
    assert roads_named("乙").rows(roads=[a.pk, c.pk]) == [c]
    assert WRITTEN == ["甲", "乙"]


def test_a_write_is_seen_by_the_next_asking() -> None:
    road = RoadFactory(name="甲一路")
    assert [row.name for row in roads_named("甲").rows(roads=[road.pk])] == ["甲一路"]
    Road.objects.filter(pk=road.pk).update(name="甲三路")
    assert [row.name for row in roads_named("甲").rows(roads=[road.pk])] == ["甲三路"]
    first, again = (roads_named("甲").rows(roads=[road.pk])[0] for _ in range(2))
    assert first is not again  # what one page puts on a row, no other page finds there


def test_it_finds_what_the_query_itself_finds(town: Town) -> None:
    end_section(town.own.section, on=(until := timezone.localdate() + timedelta(days=40)))
    AssignmentFactory(road=town.own.road, period=DateRange(until, None), stretch=stretch(0, 9))
    statement = Statement(
        Assignment.objects.on_day(ON)
        .filter(road=Gap("road", BigIntegerField()), stretch__overlap=Gap("at", DecimalRangeField()))
        .order_by("pk")
    )
    counts = []
    for on in (timezone.localdate(), until):
        for at in (stretch(0, 5), stretch(500, 600), WHOLE):
            rows = Assignment.objects.on_day(on).filter(road=town.own.road, stretch__overlap=at)
            found = statement.rows(on=on, road=town.own.road.pk, at=at)
            assert found == list(rows.order_by("pk"))
            counts.append(len(found))
    assert counts == [1, 1, 1, 1, 0, 1]


def test_a_day_can_not_be_written_into_a_statement() -> None:
    Statement(Assignment.objects.on_day(ON))
    with pytest.raises(ValueError, match="2026, 11, 22"):
        Statement(Assignment.objects.on_day(date(2026, 11, 22)))
    with pytest.raises(ValueError, match="2026"):
        Statement(Assignment.objects.filter(period__overlap=period("2026-11-22", None)))


def test_a_gap_that_nothing_fills_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="roads"):
        roads_named("甲").rows(road=[1])


# ── Readers ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_written_for_one_member_gives_another_only_theirs(town: Town) -> None:
    member = [
        Audience("member", branch_id=each.branch.pk, member_id=each.member.pk)
        for each in (town.own, town.other)
    ]
    everywhere = [(town.own.road.pk, WHOLE), (town.other.road.pk, WHOLE)]
    clock = Clock(timezone.localdate(), None, school_day=False, next_school_day=None)
    for audience, theirs in ((member[0], town.own), (member[1], town.other), (member[0], town.own)):
        found = standing_on(everywhere, audience=audience, clock=clock)
        assert {site.road_id for site in found.sites} == {theirs.road.pk}
        assert {row[0] for row in found.every_bay} == {theirs.road.pk}
        assert [beat.section for beat in beats_for(audience, clock)] == [theirs.section]
    nobody = standing_on(everywhere, audience=Audience("member"), clock=clock)
    assert (nobody.sites, nobody.points, nobody.lanes, nobody.every_bay) == ([], [], [], [])
    assert len(standing_on(everywhere, audience=Audience("office"), clock=clock).sites) == 2


def test_the_reader_in_a_statement_is_nobody_in_particular() -> None:
    assert any_reader(sees_all=True) == EVERYTHING
    anyone = any_reader(sees_all=False)
    assert not anyone.sees_all
    text, params = SECTIONS.rows(anyone, ON).query.sql_with_params()
    assert {each.value for each in params if isinstance(each, Gap)} == {"on", "member"}
    assert gaps_of(Audience("member", branch_id=3, member_id=7)) == {"branch": 3, "member": 7}
    assert "member_id" in text


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_pages_tell_of_a_change_at_once(town: Town, client_as: ClientAs) -> None:
    pages = {
        "/my/": client_as("secretary", branch=town.own.branch),
        town.own.branch.get_absolute_url(): client_as("office"),
        town.own.road.get_absolute_url(): client_as("planner"),
        town.own.section.get_absolute_url(): client_as("office"),
    }
    before = {address: words(client.get(address)) for address, client in pages.items()}
    SiteFactory(road=town.own.road, name="新摊点甲", stretch=stretch(700, 720), state="open")
    Branch.objects.filter(pk=town.own.branch.pk).update(name="改名支部")
    for address, client in pages.items():
        after = words(client.get(address))
        assert ("新摊点甲" in before[address], "新摊点甲" in after) == (False, True), address
    assert "改名支部" in words(pages["/my/"].get("/my/"))


def test_a_members_page_never_shows_what_another_just_saw(town: Town, client_as: ClientAs) -> None:
    ours = client_as("member", member=town.own.member)
    theirs = client_as("member", member=town.other.member)
    for _round in range(2):
        assert town.own.road.name in (page := words(ours.get("/my/")))
        assert town.other.road.name not in page
        assert town.other.road.name in (page := words(theirs.get("/my/")))
        assert town.own.road.name not in page
    assert ours.get(town.other.section.get_absolute_url()).status_code == 404
    assert theirs.get(town.other.section.get_absolute_url()).status_code == 200
    assert ours.get(town.own.section.get_absolute_url()).status_code == 200


def test_school_days_follow_the_calendar_at_once() -> None:
    friday = date(2026, 11, 27)
    assert school_days(friday) == (True, date(2026, 11, 30))
    CalendarDay.objects.create(day=date(2026, 11, 28), is_school_day=True)
    assert school_days(friday) == (True, date(2026, 11, 28))
    CalendarDay.objects.create(day=friday, is_school_day=False)
    assert school_days(friday) == (False, date(2026, 11, 28))
    assert school_days(friday, within=0) == (False, None)
