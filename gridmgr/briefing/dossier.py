"""A dossier: everything a briefing says, in plain values, read once. Each form (pdf, pptx, xlsx, docx) is made from it alone.

Every number carries the address of the list it was counted from, and all of them belong to one moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True)
class Figure:
    """One number with its words: `unit` is '' for a count, 'm' for metres, '%' for a share of 1.

    `path` is the page of the list that it was counted from, from the site's root, with its filters.
    """

    name: str
    label: str
    value: float
    unit: str
    path: str


@dataclass(frozen=True)
class Answerer:
    """A member and the metres [from_m, to_m) of the section that they answer for."""

    name: str
    from_m: float
    to_m: float


@dataclass(frozen=True)
class RoadRow:
    """One section: metres [from_m, to_m) of a road, what its ends are called, who answers for which part of it."""

    road: str
    road_class: str
    begins_at: str
    ends_at: str
    from_m: float
    to_m: float
    answerers: Sequence[Answerer]
    unshared_m: float
    path: str

    @property
    def metres(self) -> float:
        return self.to_m - self.from_m


@dataclass(frozen=True)
class SiteRow:
    """A site with its fill: `free` of its `pitches` may be had now, None unless it is in use.

    `state` is what it is on the day, in words. Only sites `in_use` are counted among sites and pitches.
    `hours` and `season` are words; `times` says when it opens and closes, `days` is the season's first and last day.
    A stall site's season is '', its days are None.
    """

    code: str
    name: str
    kind: str
    state: str
    in_use: bool
    road: str
    side: str
    at_m: float
    hours: str
    times: tuple[time, time]
    season: str
    days: tuple[date | None, date | None]
    pitches: int
    taken: int
    free: int | None
    waiting: int
    path: str


@dataclass(frozen=True)
class DropOffRow:
    """A drop-off point of a school; `turns` are its hours on school days."""

    code: str
    school: str
    road: str
    side: str
    at_m: float
    turns: Sequence[tuple[time, time]]
    path: str


@dataclass(frozen=True)
class Count:
    """How many of one sort there are."""

    label: str
    number: int
    path: str


@dataclass(frozen=True)
class GapRow:
    """A stretch of an arterial or secondary road that no branch answers for."""

    road: str
    from_m: float
    to_m: float
    path: str


@dataclass(frozen=True)
class BranchPart:
    """One branch's page: people, roads, sites, drop-off points, bays by kind, what of it no member answers for.

    `colour` is the #rrggbb of its roads on every map. `scope` is what scope_of reads, such as branch:03.
    """

    code: str
    name: str
    scope: str
    colour: str
    secretary: str
    members: int
    figures: Sequence[Figure]
    roads: Sequence[RoadRow]
    sites: Sequence[SiteRow]
    drop_off_points: Sequence[DropOffRow]
    bays: Sequence[Count]
    gaps: Sequence[GapRow]
    path: str


@dataclass(frozen=True)
class Rest:
    """A row below the branches' that makes them add up to the whole, by figure name.

    What lies on roads that nobody answers for is added; what two branches share counts in both rows, and is taken off.
    """

    label: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class Dossier:
    """A whole briefing: the day it is about, the moment its data was read, what it covers, and its branches.

    `site` is the service's address without a slash at the end, '' when unknown: then no figure is a link. `bays` are
    by kind, of all that the briefing covers; `rests` are the rows with which the branches' add up to its figures.
    `whole`: that is all that its reader sees. `state` stands for the data as it was read ('' for a dossier made by
    hand): maps are drawn from the same, or not at all. `city`: what it is called, '' when nobody said.
    """

    title: str
    subtitle: str
    on: date
    moment: datetime
    holds_demo_data: bool
    site: str
    figures: Sequence[Figure]
    branches: Sequence[BranchPart]
    gaps: Sequence[GapRow]
    bays: Sequence[Count] = ()
    rests: Sequence[Rest] = ()
    whole: bool = True
    state: str = ""
    city: str = ""
