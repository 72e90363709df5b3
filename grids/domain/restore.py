"""Taking back what grids.domain.assign just did: an end that was a slip, a section or share given by mistake.

Each verb checks that nobody has changed the row since, and says in words who has taken the stretch meanwhile. What was
done and what was taken back both stay in the history.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange, NumericRange

from gridmgr.core.errors import Conflict, DomainError, constraint_of
from grids.domain.assign import days
from grids.models import Assignment, MemberAssignment

Row = TypeVar("Row", Assignment, MemberAssignment)


@dataclass(frozen=True)
class ShareRecord:
    """A member's share as it was before its section was ended. `until` is the first day after it; None: for good."""

    pk: int
    member_id: int
    from_m: str
    to_m: str
    since: date
    until: date | None

    @classmethod
    def of(cls, share: MemberAssignment) -> "ShareRecord":
        low, high = str(share.stretch.lower), str(share.stretch.upper)
        return cls(share.pk, share.member_id, low, high, share.period.lower, share.period.upper)

    @property
    def stretch(self) -> NumericRange:
        return NumericRange(Decimal(self.from_m), Decimal(self.to_m), "[)")

    @property
    def period(self) -> DateRange:
        return DateRange(self.since, self.until, "[)")


def reopen_section(
    section: Assignment, *, ended_on: date, until: date | None, shares: Sequence[ShareRecord]
) -> Assignment:
    """Lets the section that was ended from `ended_on` run to `until` again, with its members' `shares` as they were.

    Raises Conflict when the section was changed since, or somebody else has taken the stretch meanwhile.
    """
    with _in_words(section), transaction.atomic():
        row = _unchanged(Assignment.objects.filter(pk=section.pk), ended_on)
        row.period = DateRange(row.period.lower, until, "[)")
        row.save(update_fields=["period"])
        for record in shares:
            _restore_share(row, record)
    return row


def reopen_share(share: MemberAssignment, *, ended_on: date, until: date | None) -> MemberAssignment:
    """Lets a member's share that was ended from `ended_on` run to `until` again. Raises Conflict like reopen_section."""
    with _in_words(share.assignment), transaction.atomic():
        row = _unchanged(MemberAssignment.objects.filter(pk=share.pk), ended_on)
        row.period = DateRange(row.period.lower, until, "[)")
        row.save(update_fields=["period"])
    return row


def take_back_section(section: Assignment) -> None:
    """Deletes a section given by mistake. Raises Conflict when members already have stretches of it."""
    with transaction.atomic():
        row = Assignment.objects.select_for_update().filter(pk=section.pk).first()
        if row is None:
            raise _changed()
        if row.shares.exists():
            raise Conflict(
                _("%(section)s 已分给党员,不能撤销。请先终止各党员的责任段,或直接终止这一路段。")
                % {"section": row}
            )
        row.delete()


def take_back_share(share: MemberAssignment) -> None:
    """Deletes a member's share given by mistake. Raises Conflict when it is gone already."""
    deleted, _by_model = MemberAssignment.objects.filter(pk=share.pk).delete()
    if not deleted:
        raise _changed()


def _restore_share(section: Assignment, record: ShareRecord) -> None:
    share = MemberAssignment.objects.filter(pk=record.pk).first()
    if share is None:
        share = MemberAssignment(assignment=section, member_id=record.member_id, is_demo=section.is_demo)
    share.stretch, share.period = record.stretch, record.period
    share.save()


def _unchanged(rows: "QuerySet[Row]", ended_on: date) -> Row:
    row = rows.select_for_update().first()
    if row is None or row.period.upper != ended_on:
        raise _changed()
    return row


def _changed() -> Conflict:
    return Conflict(_("这一责任段在此之后又有修改,无法撤销。请查看其变更记录,再重新安排。"))


@contextmanager
def _in_words(section: Assignment) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise _explained(section, constraint_of(error)) from error


def _explained(section: Assignment, constraint: str) -> DomainError:
    other = (
        Assignment.objects.filter(road=section.road_id, stretch__overlap=section.stretch)
        .exclude(pk=section.pk)
        .select_related("branch", "road")
        .order_by("-period")
        .first()
    )
    if constraint == "section_one_branch" and other is not None:
        return Conflict(
            _(
                "无法撤销:%(road)s %(from)s–%(to)s m 在 %(period)s 已由 %(branch)s 包干。请先终止该支部的这一责任路段。"
            )
            % {
                "road": other.road,
                "from": round(other.stretch.lower),
                "to": round(other.stretch.upper),
                "period": days(other.period),
                "branch": other.branch,
            }
        )
    return Conflict(_("无法撤销:这一路段或其党员责任段已有新的安排。请刷新页面查看后重新安排。"))
