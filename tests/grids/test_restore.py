"""Taking back an end or a gift, and in what words it is refused when somebody has acted since."""

from datetime import date

import pytest

from gridmgr.core.errors import Conflict
from grids.domain.assign import assign_section, end_section, end_share
from grids.domain.restore import ShareRecord, reopen_section, reopen_share, take_back_section, take_back_share
from grids.models import Assignment, MemberAssignment
from tests.drawing import period, stretch
from tests.factories import AssignmentFactory, BranchFactory, MemberFactory, ShareFactory

JUNE = date(2026, 6, 1)


@pytest.fixture
def section(db: None) -> Assignment:
    """1,000 m since 2020: one share of it since 2020, one that begins only in 2027."""
    section = AssignmentFactory()
    ShareFactory(assignment=section, stretch=stretch(0, 400))
    ShareFactory(assignment=section, stretch=stretch(400, 1000), period=period("2027-01-01"))
    return section


def state(section: Assignment) -> tuple[object, list[tuple[object, ...]]]:
    shares = section.shares.order_by("stretch").values_list("member", "stretch", "period")
    return Assignment.objects.get(pk=section.pk).period, list(shares)


def test_reopened_section_is_as_it_was_with_its_shares(section: Assignment) -> None:
    before, records = state(section), [ShareRecord.of(share) for share in section.shares.all()]
    end_section(section, on=JUNE)
    assert state(section) != before
    reopen_section(section, ended_on=JUNE, until=None, shares=records)
    assert state(section) == before


def test_reopening_keeps_the_last_day_there_was(db: None) -> None:
    section = AssignmentFactory(period=period("2020-01-01", "2027-01-01"))
    end_section(section, on=JUNE)
    reopen_section(section, ended_on=JUNE, until=date(2027, 1, 1), shares=[])
    assert Assignment.objects.get().period == period("2020-01-01", "2027-01-01")


def test_stretch_taken_meanwhile_is_named_with_its_holder_and_dates(section: Assignment) -> None:
    end_section(section, on=JUNE)
    assign_section(
        BranchFactory(code="09", name="柳巷支部"),
        road=section.road,
        stretch=stretch(200, 700),
        period=period("2026-07-01"),
    )
    with pytest.raises(Conflict) as refusal:
        reopen_section(section, ended_on=JUNE, until=None, shares=[])
    assert f"{section.road} 200–700 m 在 2026-07-01 起长期 已由 09 柳巷支部 包干" in str(refusal.value)
    assert Assignment.objects.get(pk=section.pk).period.upper == JUNE


def test_section_changed_since_is_left_alone(section: Assignment) -> None:
    end_section(section, on=JUNE)
    end_section(section, on=date(2026, 5, 1))
    with pytest.raises(Conflict, match="又有修改"):
        reopen_section(section, ended_on=JUNE, until=None, shares=[])


def test_reopened_share_is_as_it_was(section: Assignment) -> None:
    share = section.shares.get(stretch=stretch(0, 400))
    end_share(share, on=JUNE)
    reopen_share(share, ended_on=JUNE, until=None)
    assert MemberAssignment.objects.get(pk=share.pk).period == period("2020-01-01")


def test_share_given_to_another_meanwhile_is_left_to_them(section: Assignment) -> None:
    share = section.shares.get(stretch=stretch(0, 400))
    end_share(share, on=JUNE)
    ShareFactory(
        assignment=section,
        member=MemberFactory(branch=section.branch),
        stretch=stretch(100, 200),
        period=period("2026-07-01"),
    )
    with pytest.raises(Conflict, match="已有新的安排"):
        reopen_share(share, ended_on=JUNE, until=None)
    assert MemberAssignment.objects.get(pk=share.pk).period.upper == JUNE


def test_section_with_shares_is_not_taken_back(section: Assignment) -> None:
    with pytest.raises(Conflict, match="已分给党员"):
        take_back_section(section)
    for share in section.shares.all():
        take_back_share(share)
    take_back_section(section)
    assert not Assignment.objects.exists()


def test_what_is_gone_cannot_be_taken_back(section: Assignment) -> None:
    share = section.shares.first()
    assert share is not None
    MemberAssignment.objects.all().delete()
    with pytest.raises(Conflict, match="又有修改"):
        take_back_share(share)
    Assignment.objects.all().delete()
    with pytest.raises(Conflict, match="又有修改"):
        take_back_section(section)
