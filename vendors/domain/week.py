"""What guidance came to: by branch and week, and how a branch's sites stand this week."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, TruncWeek
from django.utils import timezone

from grids.models import Branch
from vendors.enums import Outcome
from vendors.models import Guidance, PitchHold, Site, WaitingEntry
from vendors.status import IN_USE

WEEK = timedelta(days=7)


@dataclass
class Tally:
    """Numbers of guidance records. `share` is that of those who came among those whose outcome is known; None for none."""

    guided: int = 0
    came: int = 0
    refused: int = 0
    moved_on: int = 0
    pending: int = 0
    first: int = 0

    @property
    def repeat(self) -> int:
        return self.guided - self.first

    @property
    def share(self) -> float | None:
        known = self.guided - self.pending
        return self.came / known if known else None

    def add(self, other: "Tally") -> None:
        for name in ("guided", "came", "refused", "moved_on", "pending", "first"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Line:
    """One branch of the table (None: no branch answers there): a tally for each week, and for all of them."""

    branch: Branch | None
    weeks: list[Tally]
    total: Tally = field(default_factory=Tally)


@dataclass
class Table:
    """Guidance by branch and week. `weeks` are the Mondays, oldest first; `foot` adds all branches up."""

    weeks: list[date]
    lines: list[Line]
    foot: Line


def monday_of(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def week_start(day: date) -> datetime:
    """The moment at which the day's week begins in the city."""
    return timezone.make_aware(datetime.combine(monday_of(day), datetime.min.time()))


def tallies() -> dict[str, Any]:
    """The aggregates of a Tally, by the names of its fields."""
    counted: dict[str, Any] = {
        str(outcome.value): Count("pk", filter=Q(outcome=outcome)) for outcome in Outcome
    }
    return {"guided": Count("pk"), **counted, "first": Count("pk", filter=Q(first_time=True))}


def by_branch_and_week(rows: "QuerySet[Guidance]", *, until: date, weeks: int) -> Table:
    """The `weeks` weeks up to and with that of `until`, the newest first, every branch with a record in them. Two queries."""
    last = monday_of(until)
    mondays = [last - WEEK * back for back in range(weeks)]
    found = (
        rows.filter(at__gte=week_start(mondays[-1]), at__lt=week_start(last + WEEK))
        .annotate(week=TruncWeek("at"))
        .order_by()
        .values("branch", "week")
        .annotate(**tallies())
    )
    plain: list[dict[str, Any]] = [dict(each) for each in found]
    counted = [
        (each.pop("branch"), timezone.localtime(each.pop("week")).date(), Tally(**each)) for each in plain
    ]
    branches = Branch.objects.filter(pk__in={branch for branch, _week, _tally in counted if branch}).defer(
        "area"
    )
    known: dict[int | None, Branch] = {branch.pk: branch for branch in branches}
    return _table(counted, known, mondays)


def _table(
    counted: Iterable[tuple[Any, date, Tally]], known: dict[int | None, Branch], mondays: list[date]
) -> Table:
    lines: dict[Any, Line] = {}
    foot = Line(None, [Tally() for _monday in mondays])
    for key, week, tally in counted:
        line = lines.setdefault(key, Line(known.get(key), [Tally() for _monday in mondays]))
        for each in (line, foot):
            each.weeks[mondays.index(week)].add(tally)
            each.total.add(tally)
    ordered = sorted(
        lines.values(), key=lambda line: (line.branch is None, line.branch.code if line.branch else "")
    )
    return Table(mondays, ordered, foot)


# ── A branch's week ───────────────────────────────────────────────────────────────────────────────────────


@dataclass
class BranchWeek:
    """How a branch's sites stand (`pitches_n`, `taken_n`, `free_n`, `held_n`, `waiting_n` on each), what is held just
    now, and what guidance of this week came to, from Monday `start` on. `pitches` and `taken` are of sites in use.
    """

    sites: list[Any]
    holds: list[PitchHold]
    start: date
    tally: Tally

    @property
    def _used(self) -> list[Any]:
        return [site for site in self.sites if site.status == IN_USE]

    @property
    def pitches(self) -> int:
        return sum(site.pitches_n for site in self._used)

    @property
    def taken(self) -> int:
        return sum(site.taken_n for site in self._used)

    @property
    def waiting(self) -> int:
        return sum(site.waiting_n for site in self.sites)

    @property
    def fill(self) -> float | None:
        """Share of pitches that a vendor holds."""
        return self.taken / self.pitches if self.pitches else None


def week_of(branch: Branch, *, at: datetime) -> BranchWeek:
    """The branch's sites, holds, waiting lists and guidance in the week of the moment `at`. Three queries."""
    on = timezone.localtime(at).date()
    start = week_start(on)
    sites = Site.objects.standing().on_sections_of(branch, on=on)
    found = Guidance.objects.filter(branch=branch, at__gte=start, at__lt=start + WEEK).aggregate(**tallies())
    return BranchWeek(
        sites=list(with_waiting(sites.with_pitches(on=on), at=at).defer("area").order_by("code")),
        holds=list(
            PitchHold.objects.filter(pitch__site__in=sites, during__contains=at)
            .select_related("pitch__site", "guidance")
            .defer("pitch__area", "pitch__site__area")
            .order_by("during")
        ),
        start=start.date(),
        tally=Tally(**found),
    )


def with_waiting(sites: Any, *, at: datetime) -> Any:
    """Annotates `held_n` and `waiting_n`: pitches being held at that moment, and vendors on the waiting list."""
    held = PitchHold.objects.filter(pitch__site=OuterRef("pk"), during__contains=at)
    waiting = WaitingEntry.objects.filter(site=OuterRef("pk"), left_at=None)
    return sites.annotate(held_n=_count(held, "pitch__site"), waiting_n=_count(waiting, "site"))


def _count(rows: "QuerySet[Any]", by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))
