"""What the pages of a printed briefing hold: a sheet for each branch, the table of all, the index of roads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.briefing.dossier import BranchPart, Dossier, Figure, RoadRow
from gridmgr.briefing.wording import ems, rest, stretch
from gridmgr.core import quantities
from grids.layers import BRANCHES, SECTIONS
from parking.layers import BAYS
from vendors.layers import PITCHES, SITES

# Figures at the head of a branch's page, and columns of the table of all branches, by their names.
TILES = (
    "metres",
    SECTIONS.name,
    SITES.name,
    PITCHES.name,
    "free",
    "drop_off_points",
    "panda_lanes",
    BAYS.name,
    "unshared_m",
)
COVER = (BRANCHES.name, "metres", SITES.name, "free", "drop_off_points", BAYS.name)
COLUMNS = (
    "metres", SECTIONS.name, SITES.name, PITCHES.name, "taken", "fill", "drop_off_points", "panda_lanes", BAYS.name,
    "unshared_m",
)  # fmt: skip
# The column beside a branch's map: its height in millimetres, and what one line of its type takes and holds.
ROOM_MM, LINE_MM, LINE_EMS, HEAD_MM, BETWEEN_MM = 159.0, 3.7, 39.0, 7.6, 1.3


@dataclass(frozen=True)
class Sheet:
    """One branch on its page; `spread` when it has more than fits beside its map, so that a page of lists follows."""

    part: BranchPart
    tiles: Sequence[Figure]
    cells: Sequence[Figure | None]
    spread: bool


@dataclass(frozen=True)
class Table:
    """The heads of the table of all branches, and its last lines: what makes the branches add up, and the whole."""

    labels: Sequence[str]
    totals: Sequence[Figure | None]
    rests: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Entry:
    """A road in the index and a branch that answers for some of it; `letter` on the first of each letter."""

    letter: str
    road: str
    code: str


def sheet_of(part: BranchPart, columns: Sequence[str]) -> Sheet:
    """The branch's page."""
    by_name = {figure.name: figure for figure in part.figures}
    tiles = [by_name[name] for name in TILES if name in by_name] or list(part.figures)
    return Sheet(part, tiles, [by_name.get(name) for name in columns], spread=height_of(part) > ROOM_MM)


def height_of(part: BranchPart) -> float:
    """About how many millimetres the lists of a branch take beside its map."""
    blocks = [
        [1 + _lines(road) for road in part.roads],
        [2 + (len(site.name) > 24) for site in part.sites],
        [2 for _point in part.drop_off_points],
        [1],
        [1 for _gap in part.gaps],
    ]
    return sum(HEAD_MM + sum(lines * LINE_MM + BETWEEN_MM for lines in block or [1]) for block in blocks)


def _lines(road: RoadRow) -> int:
    """Lines of the members of a section with their metres, as _roads.html sets them."""
    text = " · ".join(f"{each.name} {stretch(each.from_m, each.to_m)}" for each in road.answerers)
    return max(1, math.ceil(ems(text) / LINE_EMS))


def cover_figures(dossier: Dossier) -> list[Figure]:
    """The few that stand on the cover; the dossier's first when it has none of those."""
    by_name = {figure.name: figure for figure in dossier.figures}
    return [by_name[name] for name in COVER if name in by_name] or list(dossier.figures[:6])


def columns_of(dossier: Dossier) -> list[str]:
    """The names of the figures that any branch has, for the table of all."""
    known = {figure.name for part in dossier.branches for figure in part.figures}
    return [name for name in COLUMNS if name in known]


def table_of(dossier: Dossier, columns: Sequence[str]) -> Table:
    """Heads and totals of the columns; a total that isn't among the dossier's figures is left open."""
    labels = {figure.name: figure.label for part in dossier.branches for figure in part.figures}
    totals = {figure.name: figure for figure in dossier.figures}
    rests = [
        (
            row.label,
            [rest(row, totals[name]) if name in row.values else quantities.NOTHING for name in columns],
        )
        for row in dossier.rests
    ]
    return Table([labels[name] for name in columns], [totals.get(name) for name in columns], rests)


# ── Lists in columns ──────────────────────────────────────────────────────────────────────────────────────


def in_columns(items: Sequence[Any], *, columns: int, rows: int) -> list[list[Sequence[Any]]]:
    """Pages of columns of at most `rows` items each, as even as they go; one after the other down each column."""
    pages = [items[start : start + columns * rows] for start in range(0, len(items), columns * rows)]
    return [
        [page[start : start + height] for start in range(0, len(page), height)]
        for page in pages
        for height in [math.ceil(len(page) / columns)]
    ]


# ── The index ─────────────────────────────────────────────────────────────────────────────────────────────


def index_of_roads(dossier: Dossier) -> list[Entry]:
    """Every road with the branches that answer for some of it, in the order of its sound."""
    pairs = {(road.road, part.code) for part in dossier.branches for road in part.roads}
    ordered = sorted(pairs, key=lambda pair: (letter_of(pair[0]), sound_of(pair[0]), *pair))
    entries: list[Entry] = []
    for letter, group in groupby(ordered, key=lambda pair: letter_of(pair[0])):
        for place, (road, code) in enumerate(group):
            entries.append(Entry("" if place else letter.replace("~", "…"), road, code))
    return entries


def letter_of(name: str) -> str:
    """The letter that the name's sound begins with; `~` when it begins with none."""
    first = "".join(sound_of(name))[:1].upper()
    return first if first.isascii() and first.isalpha() else "~"


@cache
def sound_of(name: str) -> tuple[str, ...]:
    """The name's syllables in pinyin without tones; a character without a known sound stands for itself."""
    from pypinyin import lazy_pinyin, load_single_dict

    load_single_dict({ord("长"): "cháng,zhǎng"})  # in names of streets it is "long", hardly ever "chief"
    return tuple(lazy_pinyin(name))


def city_title(dossier: Dossier) -> str:
    """What the map of all of it is called."""
    if not dossier.whole:
        return pgettext("map of several branches", "责任路段图")
    return _("%s网格责任图") % dossier.city if dossier.city else _("全市网格责任图")
