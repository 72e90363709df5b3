"""Sheets of paper: sizes, where the map, the legend and the words stand, and the scale at which the map fits.

All lengths on paper are millimetres from the lower left corner.
"""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from gridmgr.core.layers.view import Bounds

# ISO 216, upright.
PAPERS = {
    "a4": (210.0, 297.0),
    "a3": (297.0, 420.0),
    "a2": (420.0, 594.0),
    "a1": (594.0, 841.0),
    "a0": (841.0, 1189.0),
}
ORIENTATIONS = ("auto", "portrait", "landscape")
# Width and height of a picture in somebody else's page, in millimetres.
Size = tuple[float, float]
# A wall sheet is read from further away than a page in the hand.
_ENLARGED = {"a4": 1.0, "a3": 1.2, "a2": 1.45, "a1": 1.8, "a0": 2.3}
MARGIN_MM = 9.0
# Round scales only, so that a ruler laid on the sheet reads metres.
SCALES = [
    step * ten
    for ten in (100, 1_000, 10_000, 100_000)
    for step in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5)
]  # fmt: skip


@dataclass(frozen=True)
class Box:
    """A rectangle on the paper."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def top(self) -> float:
        return self.y + self.height


@dataclass(frozen=True)
class Sheet:
    """A sheet: its size, the enlargement of type and signs, the boxes of map and legend, the scale and what it shows.

    `denominator` is the D of the scale 1:D; `bounds` is the part of the metric CRS inside `frame`. A `bare` one has no
    room for words around the map: the page that it becomes part of says them.
    """

    width: float
    height: float
    enlarged: float
    frame: Box
    aside: Box
    denominator: float = 1.0
    bounds: Bounds = (0.0, 0.0, 1.0, 1.0)
    bare: bool = False

    @property
    def landscape(self) -> bool:
        return self.width > self.height

    @property
    def metres_per_mm(self) -> float:
        return self.denominator / 1000

    @property
    def web_zoom(self) -> float:
        """The zoom of a web map (256 px tiles, 96 dpi, 38° north) that shows things about this large."""
        from math import log2

        return log2(156_543.034 * 0.79 / (self.denominator * 0.000_264_583))


def paper_named(name: str) -> str:
    """The key of PAPERS for what a person wrote; raises Invalid with those there are."""
    if name.lower() in PAPERS:
        return name.lower()
    known = _("、").join(key.upper() for key in PAPERS)
    raise Invalid(_("没有纸张 %(name)s。可用:%(known)s。") % {"name": name[:20], "known": known})


def size_of(paper: str | Size) -> Size:
    """Shorter and longer side of a paper, or a picture's own size, in millimetres; raises Invalid for neither."""
    return PAPERS[paper_named(paper)] if isinstance(paper, str) else paper


def plan(
    bounds: Bounds, *, paper: str | Size, orientation: str = "auto", legend: Size = (52.0, 34.0)
) -> Sheet:
    """The sheet on which `bounds` are seen at the largest round scale.

    `legend` is the width that the legend needs beside the map (landscape) and its height below it (portrait), in
    millimetres. "auto" takes the orientation with the larger scale. A picture keeps its size: there the orientation
    says only where its legend stands. Raises Invalid for an unknown paper.
    """
    if orientation not in ORIENTATIONS:
        raise Invalid(
            _("方向 %(name)s 无法识别,请用 portrait(竖)、landscape(横)或 auto。") % {"name": orientation[:20]}
        )
    ways = [False, True] if orientation == "auto" else [orientation == "landscape"]
    sheets = [_framed(_blank(paper, landscape, legend), bounds) for landscape in ways]
    return min(sheets, key=lambda sheet: sheet.denominator)


def _blank(paper: str | Size, landscape: bool, legend: Size) -> Sheet:
    if not isinstance(paper, str):
        big = _enlarged(paper)
        return _divided(Box(0.2, 0.2, paper[0] - 0.4, paper[1] - 0.4), paper, big, landscape, legend)
    name = paper_named(paper)
    short, long = PAPERS[name]
    size = (long, short) if landscape else (short, long)
    big = _ENLARGED[name]
    edge = MARGIN_MM * (1 + big) / 2
    head, foot = 15.0 * big, 6.0 * big
    inner = Box(edge, edge + foot, size[0] - 2 * edge, size[1] - 2 * edge - foot - head)
    return replace(_divided(inner, size, big, landscape, legend), bare=False)


def _enlarged(picture: Size) -> float:
    """As papers of the same area are: a fifth more for twice the area, but never too small to read."""
    area = picture[0] * picture[1] / (PAPERS["a4"][0] * PAPERS["a4"][1])
    return float(max(0.92, area**0.26))


def _divided(inner: Box, size: Size, big: float, beside: bool, legend: Size) -> Sheet:
    """The map, and its legend beside or below it, within `inner`."""
    gap = 3.0 * big
    if beside:
        frame = Box(inner.x, inner.y, inner.width - legend[0] - gap, inner.height)
        aside = Box(frame.right + gap, inner.y, legend[0], inner.height)
    else:
        frame = Box(inner.x, inner.y + legend[1] + gap, inner.width, inner.height - legend[1] - gap)
        aside = Box(inner.x, inner.y, inner.width, legend[1])
    return Sheet(*size, big, frame, aside, bare=True)


def _framed(sheet: Sheet, bounds: Bounds) -> Sheet:
    west, south, east, north = bounds
    needed = max((east - west) / sheet.frame.width, (north - south) / sheet.frame.height) * 1000
    denominator = next((each for each in SCALES if each >= needed), None)
    if denominator is None:
        raise Invalid(
            _("范围太大:宽 %(width)s km,一张纸上画不下。请缩小范围。")
            % {"width": round((east - west) / 1000)}
        )
    half_width = sheet.frame.width * denominator / 2000
    half_height = sheet.frame.height * denominator / 2000
    x, y = (west + east) / 2, (south + north) / 2
    seen = (x - half_width, y - half_height, x + half_width, y + half_height)
    return replace(sheet, denominator=denominator, bounds=seen)
