"""Reading a dossier: one snapshot of the database, a fixed number of queries whatever the number of branches."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.briefing.counts import Lists, Lot, bays_by_kind, everything, figures, gap_figures, lot_on
from gridmgr.briefing.dossier import (
    Answerer,
    BranchPart,
    Dossier,
    DropOffRow,
    Figure,
    GapRow,
    Rest,
    RoadRow,
    SiteRow,
)
from gridmgr.briefing.dossier import (
    Count as Kind,
)
from gridmgr.catalog import BACKDROP, LAYERS
from gridmgr.core import quantities
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.city.models import city_name
from gridmgr.core.errors import NotThere
from gridmgr.core.layers.palette import branch_colour
from gridmgr.core.layers.version import data_state
from gridmgr.core.past import as_of
from gridmgr.desk.beats import Beat, member_beats, section_beats, with_neighbours
from gridmgr.desk.standing import Standing, standing_on
from gridmgr.desk.turns import Clock
from grids.domain.gaps import GapReport, unassigned_stretches, without
from grids.enums import MemberRole
from grids.layers import BRANCHES, ROADS, SECTIONS
from grids.models import Branch, Member
from parking.layers import SCHOOLS
from vendors.models import WaitingEntry
from vendors.status import IN_USE, SiteStatus

# What adding metres in another order makes of them.
CLOSE = 1e-6


def gather(branches: Sequence[str] | None, *, audience: Audience, on: date, site: str = "") -> Dossier:
    """All that a briefing says of these branches (codes; None: of everything that the reader sees) as of a day.

    `site` is the service's address, for links. Raises NotThere for a branch that the reader doesn't see. The same
    number of queries whatever the city's size, in one snapshot: what is committed meanwhile is in none of the numbers.
    """
    with snapshot() as moment, as_of(on):
        found = _read(branches, audience, on)
    return _dossier(found, branches is None, audience, on, moment, site.rstrip("/"))


@contextmanager
def snapshot() -> Iterator[datetime]:
    """Everything read inside belongs to the moment given, and nothing can be written.

    Inside a transaction that is already open, that transaction's isolation holds.
    """
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield timezone.now()


def state_of_maps() -> str:
    """Stands for all that a briefing's maps show, as the present transaction sees it."""
    tables = {table for layer in [*LAYERS, *BACKDROP] for table in layer.tables}
    return data_state(sorted(tables))


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Found:
    """What was read. `beats` are those of `branches`; `standing` is all that the reader sees, wherever it stands."""

    branches: list[Branch]
    members: list[Member]
    beats: list[Beat]
    standing: Standing
    waiting: dict[int, int]
    schools: int
    report: GapReport | None
    state: str


def _read(codes: Sequence[str] | None, audience: Audience, on: date) -> Found:
    rows = BRANCHES.rows(audience, on).defer("area").order_by("code")
    branches = list(rows if codes is None else rows.filter(code__in=codes))
    if codes is not None and not codes:
        raise NotThere(_("没有选支部。"))
    if missing := sorted(set(codes or ()) - {branch.code for branch in branches}):
        raise NotThere(_("没有编号为 %s 的支部。") % _("、").join(code[:20] for code in missing))
    clock = Clock(on, None, school_day=False, next_school_day=None)  # a briefing says nothing of "now"
    members = Member.objects.serving().visible_to(audience, on=on).filter(branch__in=branches)
    waiting = WaitingEntry.objects.filter(left_at=None).order_by().values_list("site").annotate(n=Count("pk"))
    return Found(
        branches=branches,
        members=list(members.order_by("branch", "-role", "name")),
        beats=_beats(branches, audience, clock),
        standing=standing_on(None, audience=audience, clock=clock),
        waiting=dict(waiting),
        schools=SCHOOLS.rows(audience, on).count(),
        report=unassigned_stretches(on=on) if codes is None and audience.sees_all else None,
        state=state_of_maps(),
    )


def _beats(branches: list[Branch], audience: Audience, clock: Clock) -> list[Beat]:
    """The branches' sections; for a member, their own stretches of them."""
    if not audience.sees_all:
        return member_beats(audience=audience, clock=clock)
    sections = with_neighbours(SECTIONS.rows(audience, clock.on).filter(branch__in=branches))
    return section_beats(sections.order_by("road__name", "stretch"), audience=audience, clock=clock)


# ── The whole ─────────────────────────────────────────────────────────────────────────────────────────────


def _dossier(found: Found, whole: bool, audience: Audience, on: date, moment: datetime, site: str) -> Dossier:
    lists = _lists(found.branches if not whole else [], audience, on)
    lot = (everything if whole else lot_on)(found.beats, found.standing)
    parts = [_part(branch, found, audience, on) for branch in found.branches]
    shown, kinds = _figures(found, whole, lot, lists), bays_by_kind(lot, lists)
    return Dossier(
        title=_title(found.branches, whole and audience.sees_all),
        subtitle=_subtitle(found.branches, on),
        on=on,
        moment=moment,
        holds_demo_data=_holds_demo(found),
        site=site,
        figures=shown,
        branches=parts,
        gaps=_gaps(found.report, on),
        bays=kinds,
        rests=_rests(shown, kinds, lot_on(found.beats, found.standing), parts, lists),
        whole=whole,
        state=found.state,
        city=city_name(),
    )


def _lists(branches: list[Branch], audience: Audience, on: date) -> Lists:
    """A member's lists hold what is theirs and can't be narrowed; their own metres are added up on their own page."""
    if not audience.sees_all:
        return Lists(on, metres="my")
    return Lists(on, [branch.code for branch in branches])


def _title(branches: list[Branch], whole: bool) -> str:
    if whole:
        city = city_name()
        return _("%s网格责任简报") % city if city else _("全市网格责任简报")
    return _("%s责任简报") % branches[0] if len(branches) == 1 else _("网格责任简报")


def _subtitle(branches: list[Branch], on: date) -> str:
    day = quantities.as_of(on)
    if len(branches) == 1:
        return day
    few = _("、").join(str(branch) for branch in branches) if len(branches) <= 4 else ""
    return " · ".join([few or _("%s 个支部") % len(branches), day])


def _holds_demo(found: Found) -> bool:
    things = [*found.branches, *found.standing.sites, *found.standing.points, *found.standing.lanes]
    sections = [beat.section for beat in found.beats]
    return any(each.is_demo for each in [*things, *sections])


def _figures(found: Found, whole: bool, lot: Lot, lists: Lists) -> list[Figure]:
    """Of the whole city, or of what the chosen branches answer for together; each thing counts once."""
    if not whole:
        return figures(lot, lists)
    on, codes = lists.on, [branch.code for branch in found.branches]
    counted = figures(lot, lists, schools=found.schools)
    # A list of all roads would hold those that nobody answers for too.
    shared_out = Lists(on, codes).path(ROADS.name)
    counted = [replace(each, path=shared_out) if each.name == ROADS.name else each for each in counted]
    gaps = gap_figures(found.report, Lists(on)) if found.report else []
    return [
        Figure(BRANCHES.name, _("网格支部"), len(codes), "", Lists(on).path(BRANCHES.name)),
        *counted,
        *gaps,
    ]


def _rests(
    shown: Sequence[Figure], kinds: Sequence[Kind], answered: Lot, parts: Sequence[BranchPart], lists: Lists
) -> list[Rest]:
    """What makes the branches' figures add up to those of the whole, kinds of bays among them; rows of nothing are left out.

    `answered` is what lies on the branches' sections, each thing once: more than that is nobody's, less than the sum of
    the branches is what stands on two branches' sections.
    """
    whole = _addends(shown, kinds)
    once = _addends(figures(answered, lists), bays_by_kind(answered, lists))
    sums: defaultdict[str, float] = defaultdict(float)
    for part in parts:
        for name, value in _addends(part.figures, part.bays).items():
            sums[name] += value
    nobodys = {
        name: value - once.get(name, 0) for name, value in whole.items() if name in sums or ":" in name
    }
    shared = {name: once.get(name, 0) - sums[name] for name in nobodys}
    rows = [Rest(_("无人负责路段"), nobodys), Rest(_("跨支部,重复计入"), shared)]
    return [row for row in rows if any(abs(value) > CLOSE for value in row.values.values())]


def _addends(counted: Sequence[Figure], kinds: Sequence[Kind]) -> dict[str, float]:
    """Figures that may be added up, by name; bays of a kind as `bays:` with its word."""
    named = {each.name: each.value for each in counted if each.unit != "%"}
    return named | {f"bays:{each.label}": each.number for each in kinds}


def _gaps(report: GapReport | None, on: date) -> list[GapRow]:
    """Holes in roads that are shared out first, then whole roads that are not: as on their page."""
    if report is None:
        return []
    ordered = sorted(report.stretches, key=lambda gap: gap.untouched)
    page = Lists(on).page
    return [GapRow(gap.road.name, gap.from_m, gap.to_m, page(gap.road.get_absolute_url())) for gap in ordered]


# ── One branch ────────────────────────────────────────────────────────────────────────────────────────────


def _part(branch: Branch, found: Found, audience: Audience, on: date) -> BranchPart:
    lot = lot_on([beat for beat in found.beats if beat.section.branch_id == branch.pk], found.standing)
    lists = _lists([branch], audience, on)
    serving = [member for member in found.members if member.branch_id == branch.pk]
    unshared = sum(beat.unshared_m for beat in lot.beats)
    path = lists.page(branch.get_absolute_url())
    return BranchPart(
        code=branch.code,
        name=branch.name,
        scope=f"branch:{branch.code}",
        colour=branch_colour(branch.colour),
        secretary=next((each.name for each in serving if each.role == MemberRole.SECRETARY), ""),
        members=len(serving),
        figures=[
            *figures(lot, lists),
            Figure("unshared_m", _("未分给党员的路段"), unshared, "m", path),
        ],
        roads=[_road(beat, lists) for beat in lot.beats],
        sites=[_site(site, found.waiting, lists) for site in sorted(lot.sites, key=lambda site: site.code)],
        drop_off_points=[_point(point, lists) for point in sorted(lot.points, key=lambda point: point.code)],
        bays=bays_by_kind(lot, lists),
        gaps=_unshared(lot, lists),
        path=path,
    )


def _road(beat: Beat, lists: Lists) -> RoadRow:
    return RoadRow(
        road=beat.section.road.name,
        road_class=beat.section.road.get_road_class_display(),
        begins_at=beat.ends.start,
        ends_at=beat.ends.end,
        from_m=beat.from_m,
        to_m=beat.to_m,
        answerers=[
            Answerer(share.member.name, float(share.stretch.lower), float(share.stretch.upper))
            for share in beat.shares
        ],
        unshared_m=beat.unshared_m,
        path=lists.page(beat.section.get_absolute_url()),
    )


def _site(site: Any, waiting: dict[int, int], lists: Lists) -> SiteRow:
    status = SiteStatus(site.status)
    return SiteRow(
        code=site.code,
        name=site.name,
        kind=site.get_kind_display(),
        state=str(status.label),
        in_use=status == IN_USE,
        road=site.road.name,
        side=site.get_side_display(),
        at_m=site.middle_m,
        hours=quantities.hours(site.opens, site.closes),
        times=(site.opens, site.closes),
        season=quantities.period(site.season) if site.season else "",
        days=quantities.first_and_last(site.season) if site.season else (None, None),
        pitches=site.pitches_n,
        taken=site.taken_n,
        free=site.free_n,
        waiting=waiting.get(site.pk, 0),
        path=lists.page(site.get_absolute_url()),
    )


def _point(point: Any, lists: Lists) -> DropOffRow:
    return DropOffRow(
        code=point.code,
        school=point.school.name,
        road=point.road.name,
        side=point.get_side_display(),
        at_m=point.middle_m,
        turns=sorted((hours.opens, hours.closes) for hours in point.hours.all()),
        path=lists.page(point.get_absolute_url()),
    )


def _unshared(lot: Lot, lists: Lists) -> list[GapRow]:
    """Stretches of the branch's sections that no member answers for; none are known to a member."""
    return [
        GapRow(beat.section.road.name, start, end, lists.page(beat.section.get_absolute_url()))
        for beat in lot.beats
        for start, end in without(
            [(beat.from_m, beat.to_m)],
            [(float(share.stretch.lower), float(share.stretch.upper)) for share in beat.shares],
        )
    ]
