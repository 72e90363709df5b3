"""The slides of one branch: its map beside its figures and roads, then what stands on them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import BranchPart
from gridmgr.briefing.pictures import Pictures
from gridmgr.briefing.slides.deck import Deck
from gridmgr.briefing.slides.master import BOTTOM, INNER, MARGIN, MUTED, TOP
from gridmgr.briefing.slides.shapes import Box, Grid, Head, Row, Text, picture, text_box
from gridmgr.briefing.slides.whole import attribution
from gridmgr.core import quantities
from grids.layers import SECTIONS
from parking.layers import BAYS
from vendors.layers import SITES

# Map and tables stand in two columns, on later slides tables in both.
_BETWEEN = 7.0
_WIDTH = (INNER - _BETWEEN) / 2
_BESIDE = MARGIN + _WIDTH + _BETWEEN
BRANCH_MM = (round(_WIDTH, 1), 139.0)
_TILES = ("metres", SECTIONS.name, SITES.name, "free", "drop_off_points", BAYS.name)
_TILES_MM = 30.0
_GAP = 4.0
SIZES = (10.5, 9.75, 9.0)
Piece = tuple[Grid, Sequence[Row], str]


def branch_slides(deck: Deck, part: BranchPart, maps: Pictures) -> None:
    """One slide, or as many as the tables take."""
    title, top = f"{part.code} {part.name}", TOP + _TILES_MM + _GAP
    known = {figure.name: figure for figure in part.figures}
    figures = [known[name] for name in _TILES if name in known]
    paths = [part.path, *(each.path for each in figures)]
    slide = deck.slide(title, paths=paths, aside=_people(part))
    place = Box(MARGIN, TOP, *BRANCH_MM)
    picture(slide, maps.branch(part.code, "png", BRANCH_MM), place, says=_("%s:地图") % title)
    attribution(slide, place)
    deck.tiles(slide, figures, Box(_BESIDE, TOP, _WIDTH, _TILES_MM), 3, size=16)
    if not part.roads:
        words = Text(_("这个支部还没有责任路段。"))
        text_box(slide, Box(_BESIDE, top, _WIDTH, 8), [(words, 12, False, MUTED)])
    first, *more = _fitted(deck, part, BOTTOM - top if part.roads else 0)
    _stack(slide, first, _BESIDE, top)
    for number in range(0, len(more), 2):
        slide = deck.slide(_("%s(续)") % title, paths=paths)
        for place_number, pieces in enumerate(more[number : number + 2]):
            _stack(slide, pieces, MARGIN + place_number * (_WIDTH + _BETWEEN), TOP)


def _people(part: BranchPart) -> str:
    secretary = _("支部书记 %s") % (part.secretary or quantities.NOTHING)
    return f"{secretary} · " + _("党员 %s 人") % part.members


def _fitted(deck: Deck, part: BranchPart, room: float) -> list[list[Piece]]:
    """The columns of tables: in the largest type in which all of them stand beside the map, else in the usual one."""
    choices = [_flow(_tables(deck, part, size), room) for size in SIZES]
    return next((columns for columns in choices if len(columns) == 1), choices[0])


def _flow(grids: Sequence[tuple[Grid, str]], room: float) -> list[list[Piece]]:
    """The tables one below the other, by column: the first is `room` high. Those without rows are left out."""
    columns: list[list[Piece]] = [[]]
    for grid, name in grids:
        if not grid.rows:
            continue
        if room < grid.height(grid.fitted(_WIDTH)[:2], _WIDTH):
            columns.append([])
            room = BOTTOM - TOP
        for number, rows in enumerate(grid.split(_WIDTH, room, BOTTOM - TOP)):
            if number:
                columns.append([])
                room = BOTTOM - TOP
            columns[-1].append((grid, rows, name))
            room -= grid.height(rows, _WIDTH) + _GAP
    return columns


def _stack(slide: Any, pieces: Sequence[Piece], x: float, y: float) -> None:
    for grid, rows, name in pieces:
        y = grid.draw(slide, rows, x, y, _WIDTH, name=name) + _GAP


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────


def _tables(deck: Deck, part: BranchPart, size: float) -> list[tuple[Grid, str]]:
    found = [
        (_roads(deck, part), _("责任路段")),
        (_unshared(deck, part), _("未分给党员的路段")),
        (_sites(deck, part), _("摊点")),
        (_points(deck, part), _("上下学接送点")),
        (_bays(deck, part), _("停车泊位")),
    ]
    return [(replace(grid, size=size), name) for grid, name in found]


def _roads(deck: Deck, part: BranchPart) -> Grid:
    heads = [
        Head(_("道路"), 2.5),
        Head(_("起讫"), 4.2),
        Head(_("长度"), 1.6, numeric=True),
        Head(_("责任党员"), 4.2),
    ]
    rows = [
        [
            deck.link(row.road, row.path),
            Text(wording.ends(row)),
            Text(quantities.length(row.metres)),
            Text(wording.answerers(row)),
        ]
        for row in part.roads
    ]
    return Grid(heads, rows)


def _unshared(deck: Deck, part: BranchPart) -> Grid:
    heads = [Head(_("未分给党员的路段"), 3), Head(_("里程"), 2, numeric=True)]
    rows = [[deck.link(row.road, row.path), Text(wording.stretch(row.from_m, row.to_m))] for row in part.gaps]
    return Grid(heads, rows)


def _sites(deck: Deck, part: BranchPart) -> Grid:
    numbers = [
        Head(label, 0.97, numeric=True)
        for label in (pgettext("plural", "摊位"), pgettext("column", "空"), _("候补"))
    ]
    heads = [Head(_("摊点"), 6), Head(_("状态"), 1.3), Head(_("时间"), 4.5), *numbers]
    rows = [
        [
            deck.link(f"{row.code} {row.name}", row.path),
            Text(row.state),
            Text(" ".join(part for part in (row.hours, row.season) if part)),
            *(Text(wording.number(each)) for each in (row.pitches, row.free, row.waiting)),
        ]
        for row in part.sites
    ]
    return Grid(heads, rows)


def _points(deck: Deck, part: BranchPart) -> Grid:
    heads = [Head(_("接送点"), 1.6), Head(_("学校"), 4), Head(_("上学日时段"), 6)]
    rows = [
        [deck.link(row.code, row.path), Text(row.school), Text(wording.turns(row))]
        for row in part.drop_off_points
    ]
    return Grid(heads, rows)


def _bays(deck: Deck, part: BranchPart) -> Grid:
    """Kinds side by side: a row of numbers below their names."""
    if not part.bays:
        return Grid([], [])
    heads = [Head(_("停车泊位"), 1.4), *(Head(each.label, 1, numeric=True) for each in part.bays)]
    return Grid(heads, [[Text(_("个数")), *(deck.link(f"{each.number:,}", each.path) for each in part.bays)]])
