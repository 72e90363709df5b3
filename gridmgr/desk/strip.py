"""A road straightened out: who answers and what stands on it from metre to metre, as positions for an inline SVG.

Along the road everything is in percent of the drawing's width, so that it fills the page; text keeps its size. The
drawing is never narrower than `least_px` (then it scrolls sideways), and labels are spaced for that width.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gridmgr.core import quantities
from gridmgr.desk.standing import BayRow, Standing
from grids.domain.gaps import without
from grids.domain.naming import said
from grids.enums import RoadClass, Side
from grids.models import Road
from vendors.status import IN_USE, SiteStatus

PIXELS_PER_M = 0.25
LEAST_PX = (640, 960, 1280, 1600, 2000, 2600, 3200)  # each has a class in desk.css
PAD_PERCENT = 1.5
SMALL_PX = 9  # what is shorter on the drawing is drawn this long, so that it can be seen and hit
LABEL_ROWS = 3
LABEL_GAP_PX = 8
BAY_BIN_M = 50.0
BAY_HEIGHT_PX = 18
AXIS_STEPS_M = (50, 100, 200, 500, 1000, 2000, 5000)
AXIS_APART_PX = 90

Span = tuple[float, float]


@dataclass(frozen=True)
class Bar:
    """Something that lies along the road: `x` and `width` in percent, with its words, page and CSS class."""

    x: str
    width: str
    label: str
    title: str
    url: str = ""
    css: str = ""

    @property
    def label_px(self) -> int:
        """Room for the label with 4 pixels on either side."""
        return round(text_px(self.label)) + 8


@dataclass(frozen=True)
class Column:
    """Bays of a few metres of kerb: the more, the higher. `top` and `height` in pixels."""

    x: str
    width: str
    top: int
    height: int
    title: str


@dataclass(frozen=True)
class Tick:
    """A crossing. `row` is the row of its name (None: no room), `anchor` how the name hangs on `x`."""

    x: str
    name: str
    title: str
    row: int | None
    anchor: str = "middle"


@dataclass
class Kerb:
    """One kerb's uses."""

    sites: list[Bar] = field(default_factory=list)
    points: list[Bar] = field(default_factory=list)
    lanes: list[Bar] = field(default_factory=list)
    bays: list[Column] = field(default_factory=list)


@dataclass(frozen=True)
class Strip:
    """The whole drawing, from the left kerb (above) to the right kerb (below), looking along the road."""

    least_px: int
    ticks: list[Tick]
    axis: list[tuple[str, str]]
    gaps: list[Bar]
    unassigned: list[Bar]
    branches: list[Bar]
    members: list[Bar]
    left: Kerb
    right: Kerb


class Scale:
    """Metres of one road to percent of the drawing."""

    def __init__(self, length_m: float) -> None:
        self.length_m = length_m
        wanted = PIXELS_PER_M * length_m
        self.least_px = next((px for px in LEAST_PX if px >= wanted), LEAST_PX[-1])

    def share(self, at_m: float) -> float:
        """Percent from the left edge, as a number."""
        return PAD_PERCENT + (100 - 2 * PAD_PERCENT) * min(max(at_m / self.length_m, 0.0), 1.0)

    def x(self, at_m: float) -> str:
        return f"{self.share(at_m):.3f}%"

    def px(self, at_m: float) -> float:
        """Pixels from the left edge where the drawing is narrowest."""
        return self.share(at_m) / 100 * self.least_px

    def span(self, low: float, high: float) -> tuple[str, str]:
        """x and width of a stretch; a small one keeps its middle and is drawn SMALL_PX long."""
        start, end = self.share(low), self.share(high)
        small = SMALL_PX / self.least_px * 100
        if end - start < small:
            start = (start + end - small) / 2
            end = start + small
        return f"{start:.3f}%", f"{end - start:.3f}%"


def draw_strip(
    road: Road,
    *,
    crossings: Sequence[Any],
    gaps: Sequence[Span],
    sections: Sequence[Any],
    standing: Standing,
    know_all: bool,
) -> Strip:
    """The strip of `road`.

    `sections` are those in force with `shares_now`; `know_all` says that they are all of them, so that what none
    covers is nobody's.
    """
    scale = Scale(road.length_m)
    return Strip(
        least_px=scale.least_px,
        ticks=_ticks(scale, crossings),
        axis=_axis(scale),
        gaps=[_gap(scale, span) for span in gaps],
        unassigned=[_nobody(scale, span) for span in unassigned(road, gaps, sections)] if know_all else [],
        branches=[_section(scale, section) for section in sections],
        members=[_share(scale, section, share) for section in sections for share in section.shares_now],
        left=_kerb(scale, Side.LEFT, standing),
        right=_kerb(scale, Side.RIGHT, standing),
    )


def unassigned(road: Road, gaps: Iterable[Span], sections: Iterable[Any]) -> list[Span]:
    """Metres of an arterial or secondary road that none of `sections` covers, breaks in the road left out."""
    if road.road_class not in {RoadClass.ARTERIAL, RoadClass.SECONDARY}:
        return []
    there = without([(0.0, road.length_m)], list(gaps))
    return without(there, [span_of(section.stretch) for section in sections])


def span_of(stretch: Any) -> Span:
    return float(stretch.lower), float(stretch.upper)


# ── Along the road ────────────────────────────────────────────────────────────────────────────────────────


def _gap(scale: Scale, span: Span) -> Bar:
    return Bar(*scale.span(*span), "", _("断档 %(stretch)s:此处没有道路") % {"stretch": _words(span)})


def _nobody(scale: Scale, span: Span) -> Bar:
    return Bar(*scale.span(*span), _("无人负责"), _("%(stretch)s 无支部负责") % {"stretch": _words(span)})


def _section(scale: Scale, section: Any) -> Bar:
    branch = section.branch
    title = f"{branch} {_words(span_of(section.stretch))} ({quantities.period(section.period)})"
    url, css = section.get_absolute_url(), f"branch-{branch.colour}"
    return Bar(*scale.span(*span_of(section.stretch)), str(branch), title, url, css)


def _share(scale: Scale, section: Any, share: Any) -> Bar:
    title = f"{share.member.name} {_words(span_of(share.stretch))}"
    return Bar(*scale.span(*span_of(share.stretch)), share.member.name, title, section.get_absolute_url())


def _words(span: Span) -> str:
    return f"{round(span[0]):,}–{round(span[1]):,} m"


# ── Kerbs ─────────────────────────────────────────────────────────────────────────────────────────────────


def _kerb(scale: Scale, side: Side, standing: Standing) -> Kerb:
    return Kerb(
        sites=[_site(scale, site) for site in standing.sites if site.side == side],
        points=[_thing(scale, point, str(point)) for point in standing.points if point.side == side],
        lanes=[_thing(scale, lane, str(lane)) for lane in standing.lanes if lane.side == side],
        bays=_columns(scale, side, standing.bays),
    )


def _site(scale: Scale, site: Any) -> Bar:
    """A site; one that isn't in use is an outline, and its title says what it is."""
    if site.status == IN_USE:
        return _thing(scale, site, site.name, site.kind)
    status = SiteStatus(site.status).label
    return _thing(
        scale, site, _("%(site)s(%(status)s)") % {"site": site.name, "status": status}, f"{site.kind} apart"
    )


def _thing(scale: Scale, thing: Any, name: str, css: str = "") -> Bar:
    span = span_of(thing.stretch)
    return Bar(*scale.span(*span), name, f"{name} {_words(span)}", thing.get_absolute_url(), css)


def _columns(scale: Scale, side: Side, bays: Iterable[BayRow]) -> list[Column]:
    numbers: Counter[int] = Counter(
        int((low + high) / 2 // BAY_BIN_M) for _road, low, high, _kind, where, _state in bays if where == side
    )
    most = max(numbers.values(), default=1)
    return [_column(scale, side, index, number, most) for index, number in sorted(numbers.items())]


def _column(scale: Scale, side: Side, index: int, number: int, most: int) -> Column:
    low, high = index * BAY_BIN_M, min((index + 1) * BAY_BIN_M, scale.length_m)
    start, end = scale.share(low), scale.share(high)
    height = max(4, round(BAY_HEIGHT_PX * number / most))
    title = ngettext("%(stretch)s %(side)s:%(n)s 个泊位", "%(stretch)s %(side)s:%(n)s 个泊位", number) % {
        "stretch": _words((low, high)),
        "side": side.label,
        "n": number,
    }
    return Column(f"{start:.3f}%", f"{max(end - start, 0.05):.3f}%", BAY_HEIGHT_PX - height, height, title)


# ── Crossings and metres ──────────────────────────────────────────────────────────────────────────────────


def _ticks(scale: Scale, crossings: Sequence[Any]) -> list[Tick]:
    """A tick for each crossing; names of higher roads are placed first, and none over another."""
    order = list(RoadClass.values)
    ranked = sorted(crossings, key=lambda crossing: (order.index(crossing.other.road_class), crossing.at_m))
    taken: dict[int, list[Span]] = defaultdict(list)
    ticks = [(crossing.at_m, _tick(scale, crossing, taken)) for crossing in ranked]
    return [tick for _at, tick in sorted(ticks, key=lambda each: each[0])]


def _tick(scale: Scale, crossing: Any, taken: dict[int, list[Span]]) -> Tick:
    name = said(crossing.other.name, crossing.other.name_en)
    title = f"{name} {quantities.metres(crossing.at_m)}"
    centre, wide = scale.px(crossing.at_m), text_px(name)
    anchor, start = _anchored(centre, wide, scale.least_px)
    label = (start, start + wide)
    for row in range(LABEL_ROWS):
        if all(label[1] + LABEL_GAP_PX <= low or label[0] >= high + LABEL_GAP_PX for low, high in taken[row]):
            taken[row].append(label)
            return Tick(scale.x(crossing.at_m), name, title, row, anchor)
    return Tick(scale.x(crossing.at_m), name, title, None)


def _anchored(centre: float, wide: float, room: float) -> tuple[str, float]:
    if centre - wide / 2 < 0:
        return "start", centre
    if centre + wide / 2 > room:
        return "end", centre - wide
    return "middle", centre - wide / 2


def text_px(text: str) -> float:
    """About how wide `text` is at 13 pixels: a Chinese character is square, a Latin letter little over half of that."""
    return sum(13.0 if ord(character) > 0x2E7F else 7.5 for character in text)


def _axis(scale: Scale) -> list[tuple[str, str]]:
    least = AXIS_APART_PX / scale.least_px * scale.length_m
    step = next((step for step in AXIS_STEPS_M if step >= least), AXIS_STEPS_M[-1])
    marks = [index * step for index in range(math.floor((scale.length_m - least / 2) / step) + 1)]
    return [(scale.x(at_m), quantities.metres(at_m)) for at_m in [*marks, scale.length_m]]
