"""Who answers for a stretch of road: giving sections to branches and shares of them to members, and ending both.

Stretches are metres along the road's reference line, half-open [from, to); periods are days, half-open. The
database's constraints judge; what stands here checks early and says in words what they refuse, also when two
people ask at the same moment.
"""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange, NumericRange

from gridmgr.core.errors import Conflict, DomainError, Invalid, NotThere, constraint_of
from gridmgr.core.meanwhile import require_unchanged
from grids.enums import MemberRole
from grids.models import Assignment, Branch, Member, MemberAssignment, Road

Row = TypeVar("Row", Assignment, MemberAssignment)
Held = TypeVar("Held", Assignment, MemberAssignment, Branch, Member)

END_TOLERANCE_M = Decimal("0.01")  # as in the trigger stretch_on_road: a road's length is a float


def stretch_of(from_m: float | Decimal, to_m: float | Decimal) -> NumericRange:
    """The stretch [from_m, to_m) in metres, to the centimetre; may be reversed, which `assign_section` refuses."""
    return NumericRange(*(Decimal(str(round(float(metre), 2))) for metre in (from_m, to_m)), "[)")


def assign_section(
    branch: Branch, *, road: Road, stretch: NumericRange, period: DateRange, note: str = ""
) -> Assignment:
    """Makes `branch` answer for `stretch` of `road` over `period`, and returns the section.

    Raises Invalid when the stretch or period can't be, and Conflict (with the branch that has it, the stretch and
    the dates) when another section holds some of it on some of these days.
    """
    _check_stretch(road, stretch)
    _check_period(period)
    section = Assignment(branch=branch, road=road, stretch=stretch, period=period, note=note)
    section.is_demo = branch.is_demo
    return _saved(
        section,
        {
            "section_one_branch": lambda: _section_taken(section),
            "stretch_on_road": lambda: _beyond_road(road, stretch),
        },
    )


def share_section(
    section: Assignment, *, member: Member, stretch: NumericRange, period: DateRange
) -> MemberAssignment:
    """Makes `member` answer for `stretch` of the branch's own `section` over `period`, and returns the share.

    Raises Invalid when the member is of another branch or has left, or the stretch or period reaches beyond the
    section's; Conflict when another member has some of it on some of these days.
    """
    _check_stretch(section.road, stretch)
    _check_period(period)
    _check_member(section, member, period)
    if not _inside(stretch, section.stretch) or not _inside(period, section.period):
        raise _beyond_section(section, stretch, period)
    share = MemberAssignment(
        assignment=section, member=member, stretch=stretch, period=period, is_demo=section.is_demo
    )
    return _saved(
        share,
        {
            "share_one_member": lambda: _share_taken(share),
            "share_within_section": lambda: _beyond_section(_again(section), stretch, period),
            "share_by_own_branch": lambda: _of_another_branch(member, section),
        },
    )


def end_section(section: Assignment, *, on: date, seen: str | None = None) -> Assignment:
    """Ends the section: from the day `on` the branch no longer answers for it; returns it as it is now.

    Its members' shares end with it; those that would only begin later are taken back. What was in force before
    `on` stays on record. Raises Invalid when the section does not run on that day, Changed when it isn't as it was
    `seen` on the screen.
    """
    with transaction.atomic():
        section = _locked(Assignment.objects.filter(pk=section.pk), _("责任路段"))
        require_unchanged(section, seen)
        _check_end(section.period, on)
        for share in section.shares.select_for_update():
            _cut_share(share, on)
        section.period = DateRange(section.period.lower, on, "[)")
        section.save(update_fields=["period"])
    return section


def end_share(share: MemberAssignment, *, on: date, seen: str | None = None) -> MemberAssignment:
    """Ends a member's share: from the day `on` the member no longer answers for it. Raises like end_section."""
    with transaction.atomic():
        share = _locked(MemberAssignment.objects.filter(pk=share.pk), _("党员责任段"))
        require_unchanged(share, seen)
        _check_end(share.period, on)
        share.period = DateRange(share.period.lower, on, "[)")
        share.save(update_fields=["period"])
    return share


def hand_over_secretary(branch: Branch, *, to: Member) -> Member:
    """Makes `to` the branch's secretary and the present one a member, at once; returns the new secretary.

    Raises Invalid when `to` is of another branch, has left, or is the secretary already.
    """
    with transaction.atomic():
        # Two hand-overs of one branch wait for each other here.
        _locked(Branch.objects.filter(pk=branch.pk), _("支部"))
        successor = _locked(Member.objects.filter(pk=to.pk), _("党员"))
        _check_successor(branch, successor)
        for member in branch.members.serving().filter(role=MemberRole.SECRETARY):
            member.role = MemberRole.MEMBER
            member.save(update_fields=["role"])
        successor.role = MemberRole.SECRETARY
        successor.save(update_fields=["role"])
    return successor


# ── Saving ────────────────────────────────────────────────────────────────────────────────────────────────


def _saved(row: Row, words: dict[str, Callable[[], DomainError]]) -> Row:
    """Saves `row`; a constraint named in `words` becomes that domain error, asked for after the refusal."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        explain = words.get(constraint_of(error))
        if explain is None:
            raise
        raise explain() from error
    return row


def _locked(rows: "QuerySet[Held]", what: str) -> Held:
    row = rows.select_for_update().first()
    if row is None:
        raise NotThere(_("%(what)s已不存在,可能刚被他人删除。请刷新后再试。") % {"what": what})
    return row


def _again(section: Assignment) -> Assignment:
    """The section as the database has it now: somebody may have changed it since it was read."""
    return Assignment.objects.select_related("road", "branch").filter(pk=section.pk).first() or section


def _cut_share(share: MemberAssignment, on: date) -> None:
    if share.period.lower >= on:
        share.delete()
    elif share.period.upper is None or share.period.upper > on:
        share.period = DateRange(share.period.lower, on, "[)")
        share.save(update_fields=["period"])


# ── Checks before saving ──────────────────────────────────────────────────────────────────────────────────


def _check_stretch(road: Road, stretch: NumericRange) -> None:
    low, high = stretch.lower, stretch.upper
    if stretch.isempty or low is None or high is None:
        raise Invalid(
            _("路段须有起点和终点(米)。请在 0 至 %(end)s m 之间填写两个里程。")
            % {"end": _metre(road.length_m)}
        )
    if low >= high:
        raise Invalid(
            _("路段 %(stretch)s 的终点须大于起点。请对调两个里程,或改大终点。")
            % {"stretch": _metres(stretch)}
        )
    if low < 0 or high > Decimal(str(road.length_m)) + END_TOLERANCE_M:
        raise _beyond_road(road, stretch)


def _check_period(period: DateRange) -> None:
    if period.isempty or period.lower is None:
        raise Invalid(_("期间须有开始日期;长期有效则不填结束日期。"))
    if period.upper is not None and period.upper <= period.lower:
        raise Invalid(
            _("期间于 %(to)s 结束,早于或等于开始日期 %(from)s。请把结束日期改到开始日期之后。")
            % {"from": period.lower, "to": period.upper}
        )


def _check_member(section: Assignment, member: Member, period: DateRange) -> None:
    if member.branch_id != section.branch_id:
        raise _of_another_branch(member, section)
    if member.left_on is not None and (period.upper is None or period.upper > member.left_on):
        raise Invalid(
            _("%(member)s已于 %(day)s 离岗,期间 %(period)s 超出该日。请另选党员,或把期间截至该日。")
            % {"member": member, "day": member.left_on, "period": days(period)}
        )


def _check_end(period: DateRange, on: date) -> None:
    if on <= period.lower or (period.upper is not None and on > period.upper):
        raise Invalid(
            _("%(on)s 不在期间 %(period)s 之内,无法自该日起终止。请选开始日期之后、不晚于结束次日的一天。")
            % {"on": on, "period": days(period)}
        )


def _check_successor(branch: Branch, successor: Member) -> None:
    names = {"member": successor, "branch": branch}
    if successor.branch_id != branch.pk:
        raise Invalid(_("%(member)s不是%(branch)s的党员,不能任该支部书记。请先调入该支部。") % names)
    if successor.left_on is not None:
        raise Invalid(
            _("%(member)s已于 %(day)s 离岗,不能任书记。请另选在岗党员。")
            % (names | {"day": successor.left_on})
        )
    if successor.role == MemberRole.SECRETARY:
        raise Invalid(_("%(member)s已是%(branch)s的书记,无需交接。请另选一位党员。") % names)


def _inside(inner: NumericRange | DateRange, outer: NumericRange | DateRange) -> bool:
    """Whether the half-open range `inner` lies within `outer`; an upper end of None is endless."""
    ends = outer.upper is None or (inner.upper is not None and inner.upper <= outer.upper)
    return bool(inner.lower >= outer.lower and ends)


# ── Words of refusal ──────────────────────────────────────────────────────────────────────────────────────


def _section_taken(section: Assignment) -> DomainError:
    other = (
        Assignment.objects.filter(
            road=section.road, stretch__overlap=section.stretch, period__overlap=section.period
        )
        .exclude(pk=section.pk)
        .select_related("branch", "road")
        .first()
    )
    if other is None:
        return Conflict(
            _("%(road)s这一路段刚有他人修改,什么都没有保存。请刷新后再试。") % {"road": section.road}
        )
    return Conflict(
        _(
            "%(road)s %(stretch)s 在 %(period)s 已由 %(branch)s 包干。请改选其余路段或期间,或先终止该支部的这一责任路段。"
        )
        % {
            "road": other.road,
            "stretch": _metres(_common(section.stretch, other.stretch)),
            "period": days(_common_days(section.period, other.period)),
            "branch": other.branch,
        }
    )


def _share_taken(share: MemberAssignment) -> DomainError:
    other = (
        MemberAssignment.objects.filter(
            assignment=share.assignment, stretch__overlap=share.stretch, period__overlap=share.period
        )
        .exclude(pk=share.pk)
        .select_related("member")
        .first()
    )
    road = share.assignment.road
    if other is None:
        return Conflict(_("%(road)s这一路段刚有他人修改,什么都没有保存。请刷新后再试。") % {"road": road})
    return Conflict(
        _("%(road)s %(stretch)s 在 %(period)s 已由%(member)s负责。请改选其余路段或期间,或先终止其责任段。")
        % {
            "road": road,
            "stretch": _metres(_common(share.stretch, other.stretch)),
            "period": days(_common_days(share.period, other.period)),
            "member": other.member,
        }
    )


def _beyond_road(road: Road, stretch: NumericRange) -> Invalid:
    return Invalid(
        _("路段 %(stretch)s 超出%(road)s的范围 0–%(end)s m。请把起止里程改到范围以内。")
        % {"stretch": _metres(stretch), "road": road, "end": _metre(road.length_m)}
    )


def _beyond_section(section: Assignment, stretch: NumericRange, period: DateRange) -> Invalid:
    return Invalid(
        _("%(stretch)s(%(period)s)超出本支部的责任路段:%(road)s %(own)s,%(days)s。请改到该路段和期间以内。")
        % {
            "stretch": _metres(stretch),
            "period": days(period),
            "road": section.road,
            "own": _metres(section.stretch),
            "days": days(section.period),
        }
    )


def _of_another_branch(member: Member, section: Assignment) -> Invalid:
    return Invalid(
        _("%(member)s属于 %(own)s,不能负责 %(branch)s 的路段。请选该支部的党员。")
        % {"member": member, "own": member.branch, "branch": section.branch}
    )


def days(period: DateRange) -> str:
    """The period in words, with its last day included: 2026-01-01 至 2026-12-31, or 2026-01-01 起长期."""
    if period.upper is None:
        return _("%(from)s 起长期") % {"from": period.lower}
    return _("%(from)s 至 %(to)s") % {"from": period.lower, "to": period.upper - timedelta(days=1)}


def _common(a: NumericRange, b: NumericRange) -> NumericRange:
    return NumericRange(max(a.lower, b.lower), min(a.upper, b.upper), "[)")


def _common_days(a: DateRange, b: DateRange) -> DateRange:
    ends = [period.upper for period in (a, b) if period.upper is not None]
    return DateRange(max(a.lower, b.lower), min(ends) if ends else None, "[)")


def _metres(stretch: NumericRange) -> str:
    return f"{_metre(stretch.lower)}–{_metre(stretch.upper)} m"


def _metre(value: float | Decimal) -> str:
    """Metres without idle decimals: 300, 1150.5."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")
