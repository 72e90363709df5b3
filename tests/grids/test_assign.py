"""Sections and shares: who answers for which metres, and in what words a refusal comes."""

import threading
from datetime import date
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, MultiPolygon, Polygon
from django.db import connection, transaction
from psycopg2.extras import DateRange, NumericRange

from gridmgr.core.errors import Conflict, Invalid
from grids.domain.assign import (
    assign_section,
    end_section,
    end_share,
    hand_over_secretary,
    share_section,
    stretch_of,
)
from grids.models import SRID, Assignment, Branch, Member, MemberAssignment, Road

X, Y = 400_000.0, 4_190_000.0
YEAR = DateRange(date(2026, 1, 1), date(2027, 1, 1))
FOREVER = DateRange(date(2026, 1, 1), None)


def a_road(name: str = "迎泽大街", length: float = 2000) -> Road:
    return Road.objects.create(
        name=name,
        road_class="arterial",
        carriageway_kind="dual",
        width_m=24,
        width_origin="lanes",
        reference_line=LineString((X, Y), (X + length, Y), srid=SRID),
        covered_share=1,
        ways_used=1,
    )


def a_branch(code: str, name: str) -> Branch:
    square = Polygon.from_bbox((X, Y, X + 1000, Y + 1000))
    square.srid = SRID
    with transaction.atomic():
        branch = Branch.objects.create(
            code=code, name=name, founded=date(2020, 7, 1), area=MultiPolygon(square, srid=SRID)
        )
        Member.objects.create(branch=branch, name=f"{name}书记", role="secretary")
    return branch


@pytest.fixture
def road(db: None) -> Road:
    return a_road()


@pytest.fixture
def yingze(db: None) -> Branch:
    return a_branch("03", "迎泽支部")


@pytest.fixture
def liuxiang(db: None) -> Branch:
    return a_branch("05", "柳巷支部")


def test_assign_section_gives_the_stretch_to_the_branch(road: Road, yingze: Branch) -> None:
    section = assign_section(yingze, road=road, stretch=stretch_of(300, 1150), period=YEAR, note="示范路段")

    stored = Assignment.objects.get()
    assert stored == section
    assert (stored.branch, stored.road, stored.stretch, stored.period, stored.note) == (
        yingze,
        road,
        stretch_of(300, 1150),
        YEAR,
        "示范路段",
    )


def test_assign_section_overlap_names_branch_stretch_and_dates(
    road: Road, yingze: Branch, liuxiang: Branch
) -> None:
    assign_section(yingze, road=road, stretch=stretch_of(300, 1150), period=YEAR)

    with pytest.raises(Conflict) as refused:
        assign_section(liuxiang, road=road, stretch=stretch_of(1000, 1500), period=FOREVER)

    # 1000–1500 and 300–1150 share 1000–1150; the days shared are those of the year 2026.
    assert str(refused.value).startswith(
        "迎泽大街 1000–1150 m 在 2026-01-01 至 2026-12-31 已由 03 迎泽支部 包干。"
    )
    assert Assignment.objects.count() == 1


def test_sections_may_meet_in_metres_and_in_days(road: Road, yingze: Branch, liuxiang: Branch) -> None:
    assign_section(yingze, road=road, stretch=stretch_of(0, 1000), period=YEAR)
    assign_section(liuxiang, road=road, stretch=stretch_of(1000, 2000), period=YEAR)
    assign_section(liuxiang, road=road, stretch=stretch_of(0, 1000), period=DateRange(date(2027, 1, 1), None))

    assert Assignment.objects.count() == 3


@pytest.mark.parametrize(
    ("stretch", "words"),
    [
        (stretch_of(1500, 2000.5), "路段 1500–2000.5 m 超出迎泽大街的范围 0–2000 m"),
        (stretch_of(-1, 10), "路段 -1–10 m 超出迎泽大街的范围 0–2000 m"),
        (stretch_of(800, 300), "路段 800–300 m 的终点须大于起点"),
        (stretch_of(300, 300), "路段 300–300 m 的终点须大于起点"),
        (NumericRange(empty=True), "路段须有起点和终点"),
        (NumericRange(None, 300), "路段须有起点和终点"),
        (NumericRange(300, None), "路段须有起点和终点"),
    ],
)
def test_assign_section_refuses_a_stretch_that_cannot_be(
    road: Road, yingze: Branch, stretch: NumericRange, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        assign_section(yingze, road=road, stretch=stretch, period=YEAR)

    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (
            DateRange(date(2026, 5, 1), date(2026, 4, 1)),
            "期间于 2026-04-01 结束,早于或等于开始日期 2026-05-01",
        ),
        (DateRange(date(2026, 5, 1), date(2026, 5, 1)), "早于或等于开始日期"),
        (DateRange(None, date(2026, 5, 1)), "期间须有开始日期"),
        (DateRange(empty=True), "期间须有开始日期"),
    ],
)
def test_assign_section_refuses_a_period_that_cannot_be(
    road: Road, yingze: Branch, period: DateRange, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        assign_section(yingze, road=road, stretch=stretch_of(0, 100), period=period)


def test_share_section_stays_inside_the_branchs_own_section(road: Road, yingze: Branch) -> None:
    section = assign_section(yingze, road=road, stretch=stretch_of(300, 1150), period=YEAR)
    lifang = Member.objects.create(branch=yingze, name="李芳")

    share = share_section(section, member=lifang, stretch=stretch_of(300, 700), period=YEAR)

    assert list(section.shares.all()) == [share]
    with pytest.raises(Invalid, match="超出本支部的责任路段:迎泽大街 300–1150 m,2026-01-01 至 2026-12-31"):
        share_section(section, member=lifang, stretch=stretch_of(1100, 1200), period=YEAR)
    with pytest.raises(Invalid, match="2026-01-01 起长期"):
        share_section(section, member=lifang, stretch=stretch_of(700, 800), period=FOREVER)
    assert MemberAssignment.objects.count() == 1


def test_share_section_names_the_member_who_has_it(road: Road, yingze: Branch) -> None:
    section = assign_section(yingze, road=road, stretch=stretch_of(300, 1150), period=YEAR)
    lifang, wangzhe = (Member.objects.create(branch=yingze, name=name) for name in ("李芳", "王喆"))
    share_section(section, member=lifang, stretch=stretch_of(300, 700), period=YEAR)

    with pytest.raises(Conflict, match="迎泽大街 650–700 m 在 2026-01-01 至 2026-12-31 已由李芳负责"):
        share_section(section, member=wangzhe, stretch=stretch_of(650, 900), period=YEAR)


def test_share_section_refuses_members_of_other_branches_and_those_who_left(
    road: Road, yingze: Branch, liuxiang: Branch
) -> None:
    section = assign_section(yingze, road=road, stretch=stretch_of(0, 500), period=YEAR)
    stranger = liuxiang.members.get()
    left = Member.objects.create(branch=yingze, name="赵堃", left_on=date(2026, 6, 30))

    with pytest.raises(Invalid, match="柳巷支部书记属于 05 柳巷支部,不能负责 03 迎泽支部 的路段"):
        share_section(section, member=stranger, stretch=stretch_of(0, 100), period=YEAR)
    with pytest.raises(Invalid, match="赵堃已于 2026-06-30 离岗"):
        share_section(section, member=left, stretch=stretch_of(0, 100), period=YEAR)


def test_end_section_ends_its_shares_and_takes_back_later_ones(road: Road, yingze: Branch) -> None:
    section = assign_section(yingze, road=road, stretch=stretch_of(0, 500), period=FOREVER)
    member = yingze.members.get()
    now = share_section(section, member=member, stretch=stretch_of(0, 100), period=FOREVER)
    later = share_section(
        section, member=member, stretch=stretch_of(100, 200), period=DateRange(date(2026, 9, 1), None)
    )

    ended = end_section(section, on=date(2026, 7, 1))

    assert ended.period == DateRange(date(2026, 1, 1), date(2026, 7, 1))
    now.refresh_from_db()
    assert now.period == DateRange(date(2026, 1, 1), date(2026, 7, 1))
    assert not MemberAssignment.objects.filter(pk=later.pk).exists()


@pytest.mark.parametrize("on", [date(2026, 1, 1), date(2025, 6, 1), date(2027, 1, 2)])
def test_end_section_only_on_a_day_of_its_period(road: Road, yingze: Branch, on: date) -> None:
    section = assign_section(yingze, road=road, stretch=stretch_of(0, 500), period=YEAR)

    with pytest.raises(Invalid, match=f"{on} 不在期间 2026-01-01 至 2026-12-31 之内"):
        end_section(section, on=on)


def test_end_share_leaves_the_section(road: Road, yingze: Branch) -> None:
    section = assign_section(yingze, road=road, stretch=stretch_of(0, 500), period=YEAR)
    share = share_section(section, member=yingze.members.get(), stretch=stretch_of(0, 100), period=YEAR)

    assert end_share(share, on=date(2026, 3, 1)).period.upper == date(2026, 3, 1)
    section.refresh_from_db()
    assert section.period == YEAR


def test_hand_over_secretary_changes_both_at_once(yingze: Branch) -> None:
    before = yingze.members.get()
    lifang = Member.objects.create(branch=yingze, name="李芳")

    hand_over_secretary(yingze, to=lifang)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    assert {m.name: m.role for m in yingze.members.all()} == {before.name: "member", "李芳": "secretary"}


def test_hand_over_secretary_refuses_who_cannot_be(yingze: Branch, liuxiang: Branch) -> None:
    left = Member.objects.create(branch=yingze, name="赵堃", left_on=date(2026, 6, 30))

    for member, words in (
        (liuxiang.members.get(), "不是03 迎泽支部的党员"),
        (left, "已于 2026-06-30 离岗"),
        (yingze.members.get(role="secretary"), "已是03 迎泽支部的书记"),
    ):
        with pytest.raises(Invalid, match=words):
            hand_over_secretary(yingze, to=member)


@pytest.mark.django_db(transaction=True)
def test_assign_section_loses_a_race_in_words() -> None:
    """The other writer's section is not yet committed when ours is sent: ours waits, then is refused by name."""
    road, yingze, liuxiang = a_road(), a_branch("03", "迎泽支部"), a_branch("05", "柳巷支部")
    refusals: list[Any] = []

    def late() -> None:
        try:
            assign_section(liuxiang, road=road, stretch=stretch_of(100, 400), period=YEAR)
        except Conflict as refusal:
            refusals.append(str(refusal))
        finally:
            connection.close()

    with transaction.atomic():
        assign_section(yingze, road=road, stretch=stretch_of(0, 300), period=YEAR)
        thread = threading.Thread(target=late)
        thread.start()
        _until_somebody_waits()
    thread.join(timeout=10)

    assert len(refusals) == 1
    assert refusals[0].startswith("迎泽大街 100–300 m 在 2026-01-01 至 2026-12-31 已由 03 迎泽支部 包干")
    assert [section.branch for section in Assignment.objects.all()] == [yingze]


def _until_somebody_waits() -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("the second writer never waited")
