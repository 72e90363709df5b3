"""Dossiers: each figure is what its list counts, the queries don't grow with the city, all numbers belong to one moment."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, time
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from gridmgr.briefing.dossier import Dossier, Figure
from gridmgr.briefing.gather import gather, snapshot
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.errors import NotThere
from grids.models import Branch
from parking.models import Bay
from tests.conftest import Town
from tests.desk.reading import words
from tests.drawing import line, period, stretch
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BayFactory,
    BranchFactory,
    DropOffPointFactory,
    PandaLaneFactory,
    RoadFactory,
    SchoolFactory,
    ShareFactory,
    SiteFactory,
)
from vendors.status import SiteStatus

OFFICE = Audience(role="office")
TODAY = date(2026, 11, 22)


def of(codes: Sequence[str] | None, audience: Audience = OFFICE) -> Dossier:
    return gather(codes, audience=audience, on=TODAY)


def figure(figures: Sequence[Figure], name: str) -> Figure:
    return next(each for each in figures if each.name == name)


def crowd(town: Town) -> None:
    """What makes counting hard: things of nobody, of two at once, removed, closed, and stretches without a member."""
    shared = RoadFactory(name="分界路", reference_line=line((0, 400), (1000, 400)))
    own = AssignmentFactory(branch=town.own.branch, road=shared, stretch=stretch(0, 500))
    ShareFactory(assignment=own, member=town.own.member, stretch=stretch(100, 500))
    AssignmentFactory(branch=town.other.branch, road=shared, stretch=stretch(500, 800))
    BayFactory(number="BOTH", road=shared, at_m=498)
    BayFactory(number="NONE", road=shared, at_m=900)
    BayFactory(road=town.own.road, at_m=200, state="removed")
    BayFactory(road=town.own.road, at_m=220, kind="charging")
    BayFactory(road=town.own.road, at_m=240, state="suspended")
    market = SiteFactory(road=shared, at_m=480, pitches=3, market=True)
    AllocationFactory(pitch=market.pitches.first(), period=period("2026-06-01", "2026-12-01"))
    SiteFactory(road=shared, at_m=900, pitches=2)
    SiteFactory(road=town.own.road, at_m=700, state="closed", pitches=2)
    DropOffPointFactory(code="JS-B", road=shared, school=town.own.school)
    PandaLaneFactory(road=shared, at_m=850, school=SchoolFactory(name="无人路小学"))
    RoadFactory(name="支路", road_class="local")


@pytest.mark.django_db
@pytest.mark.parametrize("codes", [None, ["01"], ["02", "01"]])
def test_each_figure_is_what_its_list_counts(town: Town, client_as: Any, codes: list[str] | None) -> None:
    crowd(town)
    dossier, client = of(codes), client_as("office")
    figures = [*dossier.figures, *(each for part in dossier.branches for each in part.figures)]
    for each in figures:
        assert_counted(client, each)
    for count in [*dossier.bays, *(each for part in dossier.branches for each in part.bays)]:
        assert listed(client, count.path) == count.number, count


def listed(client: Any, path: str) -> int:
    """How many rows the page says there are."""
    response = client.get(path)
    assert response.status_code == 200, path
    return int(response.context["page"].paginator.count)


def assert_counted(client: Any, each: Figure) -> None:
    if each.unit == "":
        assert listed(client, each.path) == each.value, each
    elif each.name == "metres":
        page = words(client.get(each.path)).replace(",", "")
        ends = re.findall(r"(\d+)–(\d+) m", page)
        assert sum(int(to) - int(start) for start, to in ends) == pytest.approx(each.value), each
    elif each.name == "fill":
        pitches = each.path.replace("/sites/", "/pitches/").replace("status=", "site_status=")
        share = listed(client, f"{pitches}&taken=1") / listed(client, pitches)
        assert share == pytest.approx(each.value), each
    elif each.name == "coverage":
        report = client.get(each.path).context["report"]
        assert report.assigned_m / report.road_m == pytest.approx(each.value)
    elif each.name == "gaps_m":
        assert client.get(each.path).context["report"].unassigned_m == pytest.approx(each.value)
    else:
        assert each.name == "unshared_m"
        said = "路段全部分给党员" if not each.value else f"{each.value:.0f} m 未分给党员"
        assert said in words(client.get(each.path)), each


@pytest.mark.django_db
def test_things_on_two_branches_count_once_in_the_whole(town: Town) -> None:
    crowd(town)
    both, whole = of(["01", "02"]), of(None)
    assert [figure(part.figures, "bays").value for part in both.branches] == [3, 2]  # one more is suspended
    assert [each.value for each in both.branches[0].figures if each.name == "apart_bays"] == [1]
    assert figure(both.figures, "bays").value == 4
    assert figure(whole.figures, "bays").value == 5  # one more where nobody answers
    assert [figure(part.figures, "sites").value for part in both.branches] == [2, 1]
    assert (figure(both.figures, "sites").value, figure(whole.figures, "sites").value) == (3, 4)


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["proposed", "returned", "approved", "suspended"])
def test_a_site_that_is_not_in_use_changes_no_figure_but_its_own(
    town: Town, client_as: Any, state: str
) -> None:
    """Eight pitches on the branch's road, of a site that nobody may stand on yet, or any more for now."""
    before = {each.name: each.value for each in of(None).figures}
    more = {"returned_for": "离路口太近"} if state == "returned" else {}
    site = SiteFactory(road=town.own.road, at_m=600, state=state, pitches=8, **more)
    dossier = of(None)
    after = {each.name: each.value for each in dossier.figures}
    assert after.pop(f"apart_{state}") == 1
    assert after == before
    row = next(each for each in dossier.branches[0].sites if each.code == site.code)
    assert (row.in_use, row.free, row.state) == (False, None, SiteStatus(state).label)
    assert_counted(client_as("office"), figure(dossier.branches[0].figures, f"apart_{state}"))


@pytest.mark.django_db
def test_a_market_out_of_season_is_counted_apart(town: Town) -> None:
    SiteFactory(road=town.own.road, at_m=600, market=True, pitches=8)  # to 30 November
    open_ones, rests = (gather(None, audience=OFFICE, on=day) for day in (TODAY, date(2026, 12, 1)))
    assert figure(open_ones.figures, "sites").value - figure(rests.figures, "sites").value == 1
    assert figure(open_ones.figures, "pitches").value - figure(rests.figures, "pitches").value == 8
    assert [each.value for each in rests.figures if each.name.startswith("apart_")] == [1]


@pytest.mark.django_db
def test_who_answers_for_what_and_what_nobody_does(town: Town) -> None:
    crowd(town)
    part = of(None).branches[0]
    assert (part.code, part.secretary, part.members) == ("01", "书记01", 2)
    assert [(row.road, row.from_m, row.to_m) for row in part.roads] == [
        ("分界路", 0, 500),
        ("第01街", 0, 1000),
    ]
    (who,) = part.roads[0].answerers
    assert (who.name, who.from_m, who.to_m) == ("李01", 100, 500)
    assert part.roads[0].unshared_m == 100
    assert [(gap.road, gap.from_m, gap.to_m) for gap in part.gaps] == [("分界路", 0, 100)]
    market = next(row for row in part.sites if row.season)
    assert (market.pitches, market.taken, market.free, market.kind) == (3, 1, 2, "临时瓜果市场")
    assert market.state == "开放"
    assert (market.days[1], market.times) == (date(2026, 11, 30), (time(7), time(21)))
    resting = next(
        row for row in gather(None, audience=OFFICE, on=date(2026, 12, 1)).branches[0].sites if row.season
    )
    assert resting.state == "休季"  # from the day after 30 November
    assert next(row for row in part.sites if row.code == "TD-01").waiting == 1
    assert [(gap.road, gap.from_m, gap.to_m) for gap in of(None).gaps] == [("分界路", 800, 1000)]


@pytest.mark.django_db
def test_no_phone_number_leaves_the_house(town: Town) -> None:
    said = str(asdict(of(None)))
    assert "李01" in said
    assert not [phone for phone in town.phones if phone in said]


@pytest.mark.django_db
def test_a_member_gets_their_own_stretches_and_no_more(town: Town, client_as: Any) -> None:
    crowd(town)
    client = client_as("member", member=town.own.member)
    audience = audience_of(client.user)
    dossier = of(None, audience)
    (part,) = dossier.branches
    assert {each.name for row in part.roads for each in row.answerers} == {"李01"}
    assert [(row.road, row.metres) for row in part.roads] == [("分界路", 400), ("第01街", 1000)]
    assert figure(dossier.figures, "metres").value == 1400
    assert "1.4 km" in words(client.get(figure(dossier.figures, "metres").path))
    assert not dossier.gaps
    for each in [*dossier.figures, *part.figures]:
        if each.unit == "":
            assert listed(client, each.path) == each.value, each
    with pytest.raises(NotThere):
        of(["02"], audience)


@pytest.mark.django_db
def test_unknown_or_no_branches_are_refused(town: Town) -> None:
    with pytest.raises(NotThere, match="没有编号为 77、99 的支部"):
        of(["01", "99", "77"])
    with pytest.raises(NotThere):
        of([])


@pytest.mark.django_db
def test_queries_do_not_grow_with_the_city(town: Town) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            of(None)
        return len(found)

    of(None)  # the city's name is kept for a while
    small = queries()
    for index in range(16):
        branch = BranchFactory(code=f"{index + 10}")
        road = RoadFactory(reference_line=line((0, 600 + 50 * index), (1000, 600 + 50 * index)))
        ShareFactory(assignment=AssignmentFactory(branch=branch, road=road))
        AllocationFactory(pitch=SiteFactory(road=road, pitches=2).pitches.first())
        DropOffPointFactory(road=road, school=SchoolFactory())
        BayFactory.row(road, 2)
    assert len(of(None).branches) == 18
    assert queries() == small
    assert small <= 19


@pytest.mark.django_db(transaction=True)
def test_all_numbers_belong_to_one_moment() -> None:
    BayFactory(number="FIRST")
    other = connection.copy()
    with snapshot():
        assert Bay.objects.count() == 1
        with other.cursor() as cursor:  # somebody else commits in the middle
            cursor.execute("UPDATE parking_bay SET state = 'removed'")
        assert figure(of(None).figures, "bays").value == 1
        with pytest.raises(InternalError, match="read-only"), transaction.atomic():
            Branch.objects.create(code="55", name="写不进")
    other.close()
    assert figure(of(None).figures, "bays").value == 0
