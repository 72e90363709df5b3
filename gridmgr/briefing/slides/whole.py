"""The slides about all that a dossier covers."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.briefing import wording
from gridmgr.briefing.counts import APART
from gridmgr.briefing.dossier import BranchPart
from gridmgr.briefing.pictures import Pictures
from gridmgr.briefing.slides.charts import bars
from gridmgr.briefing.slides.deck import Deck
from gridmgr.briefing.slides.master import BOTTOM, INNER, MARGIN, MUTED, TOP
from gridmgr.briefing.slides.shapes import Box, Grid, Head, Row, Text, picture, put, text_box
from gridmgr.core.layers.maps import ATTRIBUTION
from grids.layers import ROADS
from parking.layers import BAYS, SCHOOLS
from vendors.layers import SITES

CITY_MM = (222.0, 139.0)
# Lying bars that one slide has room for.
MOST_BARS = 20
# What stands beside the map, as far as it is known.
BESIDE_MAP = ("metres", "coverage", SITES.name, "free", "drop_off_points", BAYS.name)


def cover(deck: Deck) -> None:
    """Title, what it covers, the data's moment."""
    dossier = deck.dossier
    slide = deck.made.slides.add_slide(deck.made.slide_layouts[0])
    title, subtitle, foot = (slide.placeholders[number] for number in (0, 1, 13))
    put(title, Text(dossier.title))
    put(subtitle, Text(dossier.subtitle))
    moment = f"{wording.data_moment(dossier.moment)} · {wording.maker()}"
    lines = [moment, wording.demo_mark(dossier), dossier.site]
    put(foot, *(Text(line, line if line == dossier.site else "") for line in lines if line))
    deck.notes(slide, ["/"])


def city_map(deck: Deck, maps: Pictures) -> None:
    dossier = deck.dossier
    known = {figure.name: figure for figure in dossier.figures}
    chosen = [known[name] for name in BESIDE_MAP if name in known]
    slide = deck.slide(_("责任路段与设施"), paths=[figure.path for figure in chosen])
    place = Box(MARGIN, TOP, *CITY_MM)
    picture(slide, maps.city("png", CITY_MM), place, says=_("%s:地图") % dossier.title)
    attribution(slide, place)
    left = place.x + place.width + 6
    deck.tiles(slide, chosen, Box(left, TOP, MARGIN + INNER - left, CITY_MM[1]), 1, size=24)


def attribution(slide: Any, place: Box) -> None:
    """Below a map: whose data it is."""
    box = Box(place.x, place.y + place.height + 1, place.width, 4)
    text_box(slide, box, [(Text(f"{ATTRIBUTION} (ODbL)"), 8, False, MUTED)], name=_("地图数据"))


def key_figures(deck: Deck) -> None:
    figures = deck.dossier.figures
    slide = deck.slide(_("关键数字"), paths=[figure.path for figure in figures])
    columns = 4 if len(figures) > 6 else 3
    deck.tiles(slide, figures, Box(MARGIN, TOP, INNER, BOTTOM - TOP - 4), columns, size=28)


# ── Charts ────────────────────────────────────────────────────────────────────────────────────────────────


def charts(deck: Deck) -> None:
    """Two slides for every so many branches: kilometres and fill; bays by kind."""
    branches = deck.dossier.branches
    for first in range(0, len(branches), MOST_BARS):
        shown = branches[first : first + MOST_BARS]
        _roads_and_fill(deck, shown)
        _bays(deck, shown)


def _roads_and_fill(deck: Deck, shown: Sequence[BranchPart]) -> None:
    paths = ["metres", "taken", "free"]
    slide = deck.slide(_("各支部责任里程和摊位"), paths=_paths(deck, paths))
    labels, half = [f"{part.code} {part.name}" for part in shown], (INNER - 8) / 2
    kilometres = [round(sum(row.metres for row in part.roads) / 1000, 3) for part in shown]
    used = [[site for site in part.sites if site.in_use] for part in shown]
    taken = [sum(site.taken for site in sites) for sites in used]
    free = [sum(site.free or 0 for site in sites) for sites in used]
    left = _headed(slide, Box(MARGIN, TOP, half, BOTTOM - TOP - 2), _("责任里程(km)"))
    bars(slide, left, labels, [(_("责任里程(km)"), kilometres)], name=_("责任里程"), form="0.0")
    if any(taken) or any(free):
        right = _headed(slide, Box(MARGIN + half + 8, TOP, half, BOTTOM - TOP - 2), _("摊位(个)"))
        bars(
            slide, right, labels, [(_("已占用"), taken), (pgettext("column", "空"), free)], name=_("摊位占用")
        )


def _bays(deck: Deck, shown: Sequence[BranchPart]) -> None:
    counts = [*deck.dossier.bays, *(count for part in shown for count in part.bays)]
    kinds = list(dict.fromkeys(count.label for count in counts))
    if not kinds:
        return
    slide = deck.slide(_("各支部停车泊位"), paths=_paths(deck, [BAYS.name]))
    numbers = [{count.label: count.number for count in part.bays} for part in shown]
    series = [(kind, [each.get(kind, 0) for each in numbers]) for kind in kinds]
    labels = [f"{part.code} {part.name}" for part in shown]
    wide = Box(MARGIN, TOP, INNER * 0.68, BOTTOM - TOP - 2)
    bars(slide, _headed(slide, wide, _("泊位(个),按种类")), labels, series, name=_("泊位"))
    heads = [Head(_("种类"), 2), Head(pgettext("plural", "泊位"), 1, numeric=True)]
    rows = [[Text(each.label), deck.link(f"{each.number:,}", each.path)] for each in deck.dossier.bays]
    if rows:
        left = MARGIN + INNER * 0.68 + 8
        grid = Grid(heads, rows, size=12)
        grid.draw(slide, grid.fitted(INNER * 0.32 - 8), left, TOP, INNER * 0.32 - 8, name=_("合计"))


def _headed(slide: Any, box: Box, words: str) -> Box:
    """A heading above a chart; returns the room left for it."""
    text_box(slide, Box(box.x, box.y, box.width, 6), [(Text(words), 12, True, MUTED)], name=words)
    return Box(box.x, box.y + 7, box.width, box.height - 7)


def _paths(deck: Deck, names: Sequence[str]) -> list[str]:
    return [figure.path for figure in deck.dossier.figures if figure.name in names]


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────


def overview(deck: Deck) -> None:
    """A row for each branch."""
    shown = {figure.name: figure.label for part in deck.dossier.branches for figure in part.figures}
    left_out = (ROADS.name, "fill", SCHOOLS.name, "panda_lanes")
    names = [name for name in shown if name not in left_out and not name.startswith(APART)]
    heads = [Head(_("支部"), 3), Head(_("支部书记"), 2), Head(pgettext("plural", "党员"), 1.2, numeric=True)]
    heads += [Head(shown[name], 1.75, numeric=True) for name in names]
    rows = [_branch_row(deck, part, names) for part in deck.dossier.branches]
    tabled(deck, _("各支部一览"), Grid(heads, [*rows, *_last_rows(deck, names)]))


def _last_rows(deck: Deck, names: Sequence[str]) -> list[Row]:
    """What makes the branches add up to the whole, and the whole."""
    if len(deck.dossier.branches) < 2:
        return []
    totals = {figure.name: figure for figure in deck.dossier.figures}
    rests = [
        [
            Text(row.label),
            Text("—"),
            Text("—"),
            *(Text(wording.rest(row, totals[name]) if name in row.values else "—") for name in names),
        ]
        for row in deck.dossier.rests
    ]
    amounts = [
        deck.link(wording.amount(totals[name]), totals[name].path) if name in totals else Text("—")
        for name in names
    ]
    members = sum(part.members for part in deck.dossier.branches)
    return [*rests, [Text(_("合计")), Text("—"), Text(f"{members:,}"), *amounts]]


def _branch_row(deck: Deck, part: BranchPart, names: Sequence[str]) -> Row:
    known = {figure.name: figure for figure in part.figures}
    amounts = [
        deck.link(wording.amount(known[name]), known[name].path) if name in known else Text("—")
        for name in names
    ]
    label = deck.link(f"{part.code} {part.name}", part.path)
    return [label, Text(part.secretary or "—"), Text(str(part.members)), *amounts]


def gaps(deck: Deck) -> None:
    """Roads that nobody answers for."""
    heads = [Head(_("道路"), 3), Head(_("里程"), 2, numeric=True), Head(_("长度"), 1.2, numeric=True)]
    rows = [
        [
            deck.link(row.road, row.path),
            Text(wording.stretch(row.from_m, row.to_m)),
            Text(f"{row.to_m - row.from_m:,.0f} m"),
        ]
        for row in deck.dossier.gaps
    ]
    tabled(deck, _("无人负责的主次干路"), Grid(heads, rows), columns=2)


def tabled(deck: Deck, title: str, grid: Grid, *, columns: int = 1) -> None:
    """The table on as many slides as it takes, in one or two columns."""
    width = (INNER - 8 * (columns - 1)) / columns
    chunks = list(grid.split(width, BOTTOM - TOP))
    for first in range(0, len(chunks), columns):
        shown = chunks[first : first + columns]
        paths = [
            text.url.removeprefix(deck.dossier.site) for rows in shown for row in rows for text in row[:1]
        ]
        slide = deck.slide(title if first == 0 else _("%s(续)") % title, paths=paths)
        for number, rows in enumerate(shown):
            grid.draw(slide, rows, MARGIN + number * (width + 8), TOP, width, name=title)
