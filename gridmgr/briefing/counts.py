"""The figures of a dossier: what is counted on which stretches, and the list that shows the same rows."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.briefing.dossier import Count, Figure
from gridmgr.desk.beats import Beat
from gridmgr.desk.standing import BayRow, Standing, tally
from grids.domain.gaps import GapReport
from grids.layers import ROADS, SECTIONS
from parking.enums import IN_USE as BAY_IN_USE
from parking.enums import BayKind, BayState
from parking.layers import BAYS, DROP_OFF_POINTS, PANDA_LANES, SCHOOLS
from vendors.layers import PITCHES, SITES
from vendors.status import IN_USE, SiteStatus

# Figures of what stands there but isn't in use are named so; tables of branches leave them to the lists.
APART = "apart_"
BAYS_APART = f"{APART}{BAYS.name}"


@dataclass(frozen=True)
class Lists:
    """Where the rows are listed: on the day `on`, and of these branches only (none named: of all that one sees).

    `metres` is the page on which the stretches' metres add up to those counted.
    """

    on: date
    branches: Sequence[str] = ()
    metres: str = SECTIONS.name

    def path(self, name: str, **query: str) -> str:
        """The list `name` (or another page that reads a day) with this day, these branches and more of its filters."""
        pairs = [*(("branch", code) for code in self.branches), *query.items(), ("date", self.on.isoformat())]
        return f"{reverse(name)}?{urlencode(pairs)}"

    def page(self, address: str) -> str:
        """The page at `address` as of the day."""
        return f"{address}?{urlencode({'date': self.on.isoformat()})}"


@dataclass(frozen=True)
class Lot:
    """Some stretches, what stands on them, whatever its state, and the schools that are served from there."""

    beats: Sequence[Beat]
    sites: Sequence[Any]
    points: Sequence[Any]
    lanes: Sequence[Any]
    every_bay: Sequence[BayRow]

    @property
    def bays(self) -> list[BayRow]:
        """The bays in use."""
        return [bay for bay in self.every_bay if bay[5] == BAY_IN_USE]

    @property
    def schools(self) -> set[int]:
        return {thing.school_id for thing in [*self.points, *self.lanes]}


def lot_on(beats: Sequence[Beat], standing: Standing) -> Lot:
    """What of `standing` is on the stretches; a thing on two of them is there once."""
    by_road: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for beat in beats:
        by_road[beat.section.road_id].append((beat.from_m, beat.to_m))

    def meets(road: int, low: float, high: float) -> bool:
        return any(low < end and high > start for start, end in by_road.get(road, ()))

    def here(things: Sequence[Any]) -> list[Any]:
        return [
            thing
            for thing in things
            if meets(thing.road_id, float(thing.stretch.lower), float(thing.stretch.upper))
        ]

    bays = [bay for road in by_road for bay in standing.bays_of(road) if meets(*bay[:3])]
    return Lot(beats, here(standing.sites), here(standing.points), here(standing.lanes), bays)


def everything(beats: Sequence[Beat], standing: Standing) -> Lot:
    """All that stands anywhere, whoever answers for it."""
    return Lot(beats, standing.sites, standing.points, standing.lanes, standing.every_bay)


# ── Figures ───────────────────────────────────────────────────────────────────────────────────────────────


def figures(lot: Lot, lists: Lists, *, schools: int | None = None) -> list[Figure]:
    """The key figures of a lot; `schools` when they aren't just those served from its stretches."""
    roads, sections = ({getattr(beat.section, key) for beat in lot.beats} for key in ("road_id", "pk"))
    return [
        Figure(
            "metres", _("责任路段总长"), sum(beat.metres for beat in lot.beats), "m", lists.path(lists.metres)
        ),
        Figure(SECTIONS.name, pgettext("plural", "责任路段"), len(sections), "", lists.path(SECTIONS.name)),
        Figure(ROADS.name, _("涉及道路"), len(roads), "", lists.path(ROADS.name)),
        *_sites(lot, lists),
        Figure(
            "drop_off_points",
            pgettext("plural", "上下学接送点"),
            len(lot.points),
            "",
            lists.path(DROP_OFF_POINTS.name),
        ),
        Figure(
            "panda_lanes", pgettext("plural", "“熊猫”通道"), len(lot.lanes), "", lists.path(PANDA_LANES.name)
        ),
        Figure(
            SCHOOLS.name,
            pgettext("plural", "学校"),
            len(lot.schools) if schools is None else schools,
            "",
            lists.path(SCHOOLS.name),
        ),
        *_bays(lot, lists),
    ]


def _sites(lot: Lot, lists: Lists) -> list[Figure]:
    """Sites in use, their pitches, and how many of those a vendor holds that day; then the other sites, each status apart."""
    told = tally(lot.sites)
    used = lists.path(SITES.name, status=IN_USE.value)
    share = [Figure("fill", _("摊位占用率"), told.taken / told.pitches, "%", used)] if told.pitches else []
    return [
        Figure(SITES.name, pgettext("plural", "开放摊点与瓜果市场"), told.sites, "", used),
        Figure(PITCHES.name, pgettext("plural", "摊位"), told.pitches, "", _pitches(lists)),
        Figure("taken", _("已占用摊位"), told.taken, "", _pitches(lists, taken="1")),
        Figure("free", _("空摊位"), told.free, "", _pitches(lists, taken="0")),
        *share,
        *(_apart(status, number, lists) for status, number in told.apart),
    ]


def _pitches(lists: Lists, **more: str) -> str:
    """The pitches of sites in use."""
    return lists.path(PITCHES.name, site_status=IN_USE.value, **more)


def _apart(status: SiteStatus, number: int, lists: Lists) -> Figure:
    label = _("另有摊点:%s") % status.label
    return Figure(f"{APART}{status.value}", label, number, "", lists.path(SITES.name, status=status.value))


def _bays(lot: Lot, lists: Lists) -> list[Figure]:
    """Bays in use; suspended ones apart."""
    suspended = len(lot.every_bay) - len(lot.bays)
    listed = lists.path(BAYS.name, state=BayState.SUSPENDED.value)
    apart = [Figure(BAYS_APART, _("另有泊位:暂停"), suspended, "", listed)] if suspended else []
    return [
        Figure(
            BAYS.name,
            pgettext("plural", "启用泊位"),
            len(lot.bays),
            "",
            lists.path(BAYS.name, state=BAY_IN_USE.value),
        ),
        *apart,
    ]


def gap_figures(report: GapReport, lists: Lists) -> list[Figure]:
    """How much of the arterial and secondary roads some branch answers for, and what is left."""
    gaps = lists.path("gaps")
    covered = (
        [Figure("coverage", _("主次干路覆盖率"), report.assigned_m / report.road_m, "%", gaps)]
        if report.road_m
        else []
    )
    return [
        *covered,
        Figure("gaps_m", _("无人负责的主次干路"), report.unassigned_m, "m", gaps),
        Figure("gaps", _("无人负责的路段"), len(report.stretches), "", gaps),
    ]


def bays_by_kind(lot: Lot, lists: Lists) -> list[Count]:
    """How many bays in use there are of each kind, in the order of the choices; kinds without any are left out."""
    numbers = Counter(kind for _road, _low, _high, kind, *_rest in lot.bays)
    return [
        Count(str(word), numbers[kind], lists.path(BAYS.name, kind=kind, state=BAY_IN_USE.value))
        for kind, word in BayKind.choices
        if numbers[kind]
    ]
