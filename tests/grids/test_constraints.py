"""The promises that PostgreSQL keeps for the grids, whoever writes: the ORM, the admin, or raw SQL."""

from datetime import date

import pytest
from django.contrib.gis.geos import LineString, MultiPolygon, Polygon
from django.db import IntegrityError, connection, transaction
from psycopg2.extras import DateRange

from gridmgr.core.errors import constraint_of
from grids.domain.assign import assign_section, share_section, stretch_of
from grids.models import SRID, Assignment, Branch, Crossing, Kerb, Member, MemberAssignment, Road, RoadGap

X, Y = 400_000.0, 4_190_000.0
YEAR = DateRange(date(2026, 1, 1), date(2027, 1, 1))


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
    return Road.objects.create(
        name="府西街",
        road_class="arterial",
        carriageway_kind="two_way",
        width_m=14,
        width_origin="lanes",
        reference_line=LineString((X, Y), (X + 1000, Y), srid=SRID),
        covered_share=1,
        ways_used=1,
    )


@pytest.fixture
def branch(db: None) -> Branch:
    return a_branch("03", "迎泽支部")


def refused(sql: str, *values: int | str) -> str:
    """Name of the constraint by which the database refuses `sql` (deferred ones asked at once), or ''."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        return constraint_of(error)
    return ""


INSERT_SECTION = (
    "INSERT INTO grids_assignment (branch_id, road_id, stretch, period, note, is_demo) "
    "VALUES (%s, %s, %s::numrange, %s::daterange, '', false)"
)


def test_one_branch_to_a_metre_and_day_by_raw_sql(road: Road, branch: Branch) -> None:
    other = a_branch("05", "柳巷支部")
    assign_section(branch, road=road, stretch=stretch_of(300, 700), period=YEAR)

    section = (other.pk, road.pk)
    assert refused(INSERT_SECTION, *section, "[699,800)", "[2026-12-31,)") == "section_one_branch"
    assert refused(INSERT_SECTION, *section, "[700,800)", "[2026-12-31,)") == ""
    assert refused(INSERT_SECTION, *section, "[300,700)", "[2027-01-01,)") == ""


def test_one_branch_to_a_metre_and_day_by_bulk_and_update(road: Road, branch: Branch) -> None:
    other = a_branch("05", "柳巷支部")
    rows = [
        Assignment(branch=which, road=road, stretch=stretch(), period=YEAR)
        for which, stretch in (
            (branch, lambda: stretch_of(0, 300)),
            (other, lambda: stretch_of(300, 600)),
        )
    ]
    Assignment.objects.bulk_create(rows)

    with pytest.raises(IntegrityError, match="section_one_branch"), transaction.atomic():
        Assignment.objects.filter(branch=other).update(stretch=stretch_of(299, 600))


@pytest.mark.parametrize("stretch", ["[0,1000.02)", "[-0.01,5)", "[5,5)", "empty", "[5,)", "(,5)"])
def test_a_section_lies_on_its_road(road: Road, branch: Branch, stretch: str) -> None:
    assert refused(INSERT_SECTION, branch.pk, road.pk, stretch, "[2026-01-01,)") == "stretch_on_road"
    assert refused(INSERT_SECTION, branch.pk, road.pk, "[0,1000)", "[2026-01-01,)") == ""


def test_of_many_stretches_the_one_beyond_its_road_is_named(road: Road) -> None:
    rows = "SELECT %s, numrange(m, m + 6) FROM generate_series(0, {}, 10) AS m"
    many = f"INSERT INTO grids_roadgap (road_id, stretch) {rows}"
    beyond = r"\[1000,1006\) is not within the road \(0 to 1000.00 m\)"
    with pytest.raises(IntegrityError, match=beyond), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(many.format(1000), [road.pk])
    assert RoadGap.objects.count() == 0
    assert refused(many.format(990), road.pk) == ""
    assert (
        refused("UPDATE grids_roadgap SET stretch = numrange(lower(stretch) + 4, upper(stretch) + 4)") == ""
    )
    longer = "UPDATE grids_roadgap SET stretch = numrange(lower(stretch), upper(stretch) + 2)"
    assert refused(longer) == "stretch_on_road"


def test_row_whose_stretch_stays_is_not_looked_at_again(road: Road, branch: Branch) -> None:
    assign_section(branch, road=road, stretch=stretch_of(0, 1000), period=YEAR)
    Road.objects.filter(pk=road.pk).update(reference_line=LineString((X, Y), (X + 900, Y), srid=SRID))
    assert refused("UPDATE grids_assignment SET note = '道路缩短'") == ""
    assert refused("UPDATE grids_assignment SET stretch = '[0,950)'") == "stretch_on_road"


@pytest.mark.parametrize("period", ["empty", "(,2026-01-01)", "[2026-01-01,2026-01-01)"])
def test_a_section_has_a_period(road: Road, branch: Branch, period: str) -> None:
    assert refused(INSERT_SECTION, branch.pk, road.pk, "[0,10)", period) == "section_period_given"


def test_a_share_stays_in_its_section_and_branch(road: Road, branch: Branch) -> None:
    other = a_branch("05", "柳巷支部")
    section = assign_section(branch, road=road, stretch=stretch_of(300, 700), period=YEAR)
    secretary, stranger = branch.members.get(), other.members.get()
    insert = (
        "INSERT INTO grids_memberassignment (assignment_id, member_id, stretch, period, is_demo) "
        "VALUES (%s, %s, %s::numrange, %s::daterange, false)"
    )

    def share(member: Member, stretch: str, period: str = "[2026-01-01,2027-01-01)") -> str:
        return refused(insert, section.pk, member.pk, stretch, period)

    assert share(secretary, "[299,400)") == "share_within_section"
    assert share(secretary, "[300,400)", "[2026-01-01,)") == "share_within_section"
    assert share(secretary, "empty") == "share_within_section"
    assert share(stranger, "[300,400)") == "share_by_own_branch"
    assert share(secretary, "[300,400)") == ""
    assert share(secretary, "[399,500)") == "share_one_member"


def test_a_section_holds_its_shares(road: Road, branch: Branch) -> None:
    other = a_branch("05", "柳巷支部")
    section = assign_section(branch, road=road, stretch=stretch_of(300, 700), period=YEAR)
    share_section(section, member=branch.members.get(), stretch=stretch_of(300, 500), period=YEAR)
    update = "UPDATE grids_assignment SET {} WHERE id = %s"

    for change in ("stretch = '[350,700)'", "period = '[2026-01-01,2026-06-01)'", f"branch_id = {other.pk}"):
        assert refused(update.format(change), section.pk) == "section_holds_shares"
    assert refused(update.format("stretch = '[300,500)'"), section.pk) == ""
    assert MemberAssignment.objects.count() == 1


def test_exactly_one_secretary(branch: Branch) -> None:
    secretary = branch.members.get()

    assert refused("UPDATE grids_member SET role = 'member' WHERE id = %s", secretary.pk) == "one_secretary"
    assert (
        refused("UPDATE grids_member SET left_on = '2026-01-01' WHERE id = %s", secretary.pk)
        == "one_secretary"
    )
    assert refused("DELETE FROM grids_member WHERE id = %s", secretary.pk) == "one_secretary"
    with pytest.raises(IntegrityError, match="member_one_secretary"), transaction.atomic():
        Member.objects.create(branch=branch, name="李芳", role="secretary")


def test_a_branch_without_secretary_is_not_committed(branch: Branch) -> None:
    insert = (
        "INSERT INTO grids_branch (code, name, name_en, founded, area, colour, is_demo) "
        "SELECT '99', '新支部', '', founded, area, 0, false FROM grids_branch"
    )
    assert refused(insert) == "one_secretary"
    assert refused(insert.replace(", 0, false", ", 7, false")) == "branch_colour_known"


def test_a_member_with_stretches_keeps_the_branch(road: Road, branch: Branch) -> None:
    other = a_branch("05", "柳巷支部")
    member = Member.objects.create(branch=branch, name="李芳")
    section = assign_section(
        branch, road=road, stretch=stretch_of(300, 700), period=DateRange(date(2026, 1, 1), None)
    )
    move = "UPDATE grids_member SET branch_id = %s WHERE id = %s"

    assert refused(move, other.pk, member.pk) == ""
    Member.objects.filter(pk=member.pk).update(branch=branch)
    share_section(section, member=member, stretch=stretch_of(300, 400), period=section.period)
    assert refused(move, other.pk, member.pk) == "member_keeps_branch"


def test_a_member_does_not_leave_before_joining(branch: Branch) -> None:
    sql = "UPDATE grids_member SET joined_on = '2026-02-01', left_on = '2026-01-01', role = 'member'"
    assert refused(sql) == "member_leaves_after_joining"


def test_breaks_of_a_road_lie_on_it_once(road: Road) -> None:
    RoadGap.objects.create(road=road, stretch=stretch_of(100, 200))
    insert = "INSERT INTO grids_roadgap (road_id, stretch) VALUES (%s, %s::numrange)"

    assert refused(insert, road.pk, "[150,250)") == "road_gap_once"
    assert refused(insert, road.pk, "[950,1050)") == "stretch_on_road"
    assert refused(insert, road.pk, "[200,250)") == ""


def test_roads_crossings_and_kerbs_make_sense(road: Road) -> None:
    with pytest.raises(IntegrityError, match="crossing_of_two_roads"), transaction.atomic():
        Crossing.objects.create(road=road, other=road, at_m=10)
    with pytest.raises(IntegrityError, match="kerb_measure_per_vertex"), transaction.atomic():
        Kerb.objects.create(road=road, side="left", line=road.reference_line, measures=[0, 500, 1000])
    assert refused("UPDATE grids_road SET width_m = 0 WHERE id = %s", road.pk) == "road_width_positive"
    assert refused("UPDATE grids_road SET name = '' WHERE id = %s", road.pk) == "road_name_not_blank"


def test_roads_and_branches_with_sections_are_not_deleted(road: Road, branch: Branch) -> None:
    assign_section(branch, road=road, stretch=stretch_of(0, 100), period=YEAR)

    for table, row in (("grids_road", road), ("grids_branch", branch)):
        assert refused(f"DELETE FROM {table} WHERE id = %s", row.pk) != ""
    assert Assignment.objects.count() == 1
