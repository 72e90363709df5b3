"""What makes a sheet stand alone: title, scale bar, north arrow, date, moment of the data, source, page."""

import math
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.layers.figures import fonts
from gridmgr.core.layers.figures.canvas import MM_PER_POINT, Canvas, rounded
from gridmgr.core.layers.figures.paper import Box, Sheet
from gridmgr.core.layers.maps import ATTRIBUTION
from gridmgr.core.layers.palette import COLOURS

MUTED = "#50575e"


@dataclass(frozen=True)
class Imprint:
    """What is written around the map. `page` is this page's number and how many there are."""

    title: str
    subtitle: str
    moment: datetime
    demo: bool
    partial: bool
    page: tuple[int, int] | None


def reserve(canvas: Canvas) -> tuple[Box, Box]:
    """Keeps the map's words off the scale bar and the north arrow; returns their boxes."""
    frame, inset = canvas.sheet.frame, canvas.mm(2.5)
    room = max(bar_metres(canvas.sheet) / canvas.sheet.metres_per_mm, canvas.mm(12)) + canvas.mm(4)
    scale = Box(frame.x + inset, frame.y + inset, room, canvas.mm(9.4))
    arrow = Box(
        frame.right - inset - canvas.mm(9), frame.top - inset - canvas.mm(13), canvas.mm(9), canvas.mm(13)
    )
    canvas.crowd.take([scale, arrow])
    return scale, arrow


def bar_metres(sheet: Sheet) -> int:
    """How many metres the scale bar shows: the greatest round number that takes at most 40 mm (of A4)."""
    most = min(40 * sheet.enlarged, sheet.frame.width * 0.3) * sheet.metres_per_mm
    return max(
        step * ten
        for ten in (1, 10, 100, 1_000, 10_000, 100_000)
        for step in (1, 2, 5)
        if step * ten <= max(most, 1)
    )


def furnish(canvas: Canvas, imprint: Imprint, places: tuple[Box, Box]) -> None:
    """Draws all of it; on a bare sheet no words around the map."""
    frame = canvas.sheet.frame
    canvas.box(frame, edge="#3c4248", width=canvas.mm(0.3))
    _scale_bar(canvas, places[0])
    _north_arrow(canvas, places[1])
    if not canvas.sheet.bare:
        _head(canvas, imprint)
        _foot(canvas, imprint)


# ── Scale and north ───────────────────────────────────────────────────────────────────────────────────────


def _scale_bar(canvas: Canvas, box: Box) -> None:
    """The sheet's unit is the millimetre, and one is `metres_per_mm` on the ground: the metric CRS measures true."""
    from matplotlib_scalebar.scalebar import ScaleBar

    canvas.path(rounded(box, canvas.mm(0.8)), fill="white", alpha=0.88)
    points, metres = 6.6 * canvas.sheet.enlarged, bar_metres(canvas.sheet)
    value, units = (metres // 1000, "km") if metres >= 1000 else (metres, "m")
    bar = ScaleBar(
        canvas.sheet.metres_per_mm, "m", fixed_value=value, fixed_units=units, location="lower left",
        bbox_to_anchor=(box.x + canvas.mm(2), box.y + canvas.mm(0.5)), bbox_transform=canvas.axes.transData,
        pad=0, border_pad=0, sep=1.5 * canvas.sheet.enlarged, frameon=False, color=COLOURS["ink"],
        width_fraction=canvas.mm(0.8) / canvas.sheet.height, font_properties={"family": fonts.face().family, "size": points},
    )  # fmt: skip
    bar.set_zorder(900)
    canvas.axes.add_artist(bar)
    canvas.used["normal"].update("0123456789 km")
    ratio = f"1:{canvas.sheet.denominator:,.0f}".replace(",", " ")
    canvas.text(box.x + canvas.mm(2), box.top - canvas.mm(3.2), ratio, size=points, weight="bold")


def _north_arrow(canvas: Canvas, box: Box) -> None:
    """Points to true north: the grid's north differs by the meridian convergence away from the zone's middle."""
    from matplotlib.path import Path

    canvas.path(rounded(box, canvas.mm(0.8)), fill="white", alpha=0.88)
    lean = north_of(canvas.sheet)
    x, y = box.x + box.width / 2, box.y + box.height * 0.4

    def turned(dx: float, dy: float) -> tuple[float, float]:
        dx, dy = canvas.mm(dx), canvas.mm(dy)
        return x + dx * math.cos(lean) + dy * math.sin(lean), y - dx * math.sin(lean) + dy * math.cos(lean)

    for side, fill in ((-1, COLOURS["ink"]), (1, "white")):
        half = [turned(0, 4.2), turned(side * 2.3, -3.6), turned(0, -2.0), turned(0, 4.2)]
        canvas.path(Path(half, closed=True), fill=fill, edge=COLOURS["ink"], width=canvas.mm(0.16))
    canvas.centred(
        x, box.top - canvas.mm(2.0), _("北"), size=7 * canvas.sheet.enlarged, colour=COLOURS["ink"]
    )


def north_of(sheet: Sheet) -> float:
    """How far true north lies clockwise of the sheet's upper edge, in radians, in the middle of the sheet."""
    west, south, east, north = sheet.bounds
    x, y = (west + east) / 2, (south + north) / 2
    lon, lat = transformer(metric_srid(), WGS84).transform(x, y)
    up_x, up_y = transformer(WGS84, metric_srid()).transform(lon, lat + 0.01)
    return math.atan2(up_x - x, up_y - y)


# ── Words around the map ──────────────────────────────────────────────────────────────────────────────────


def _head(canvas: Canvas, imprint: Imprint) -> None:
    frame, big = canvas.sheet.frame, canvas.sheet.enlarged
    right = canvas.sheet.aside.right if canvas.sheet.landscape else frame.right
    room = right - frame.x
    mark = _demo_mark(canvas, right, frame.top + canvas.mm(8.2)) if imprint.demo else 0.0
    size = _fitting(canvas, imprint.title, 19 * big, room - mark - canvas.mm(4), "bold")
    canvas.text(frame.x, frame.top + canvas.mm(7.4), imprint.title, size=size, weight="bold")
    size = _fitting(canvas, imprint.subtitle, 9 * big, room, "normal")
    canvas.text(frame.x, frame.top + canvas.mm(2.4), imprint.subtitle, size=size, colour=MUTED)


def _fitting(canvas: Canvas, text: str, points: float, room: float, weight: str) -> float:
    """`points`, or less where the text would run beyond `room` millimetres."""
    return min(points, points * room / max(canvas.width(text, points, weight), 0.1))


def _demo_mark(canvas: Canvas, right: float, base: float) -> float:
    """The mark that says what is simulated; returns the width that it takes."""
    words, points = _("演示数据:支部、党员、摊点、泊位为模拟"), 7 * canvas.sheet.enlarged
    length, pad = canvas.width(words, points), canvas.mm(1.6)
    box = Box(
        right - length - 2 * pad,
        base - canvas.mm(1.4),
        length + 2 * pad,
        points * MM_PER_POINT + canvas.mm(2.2),
    )
    canvas.path(rounded(box, canvas.mm(0.8)), edge="#8b9097", width=canvas.mm(0.15))
    canvas.text(box.x + pad, base, words, size=points, colour=MUTED)
    return box.width


def _foot(canvas: Canvas, imprint: Imprint) -> None:
    sheet = canvas.sheet
    right = sheet.aside.right if sheet.landscape else sheet.frame.right
    bottom = min(sheet.frame.y, sheet.aside.y)
    points, base = 6.4 * sheet.enlarged, bottom - canvas.mm(4.2)
    said = [
        _("数据时刻 %s") % f"{timezone.localtime(imprint.moment):%Y-%m-%d %H:%M}",
        _("坐标系 EPSG:%s") % metric_srid(),
        ATTRIBUTION + " (ODbL)",
    ]
    if imprint.partial:
        said.insert(1, _("仅含本人可见的内容"))
    page = (
        _("第 %(page)s 页,共 %(pages)s 页") % {"page": imprint.page[0], "pages": imprint.page[1]}
        if imprint.page
        else ""
    )
    taken = canvas.width(page, points) + canvas.mm(4)
    line = "  ·  ".join(said)
    canvas.text(
        sheet.frame.x,
        base,
        line,
        size=_fitting(canvas, line, points, right - sheet.frame.x - taken, "normal"),
        colour=MUTED,
    )
    if page:
        canvas.text(right, base, page, size=points, colour=MUTED, align="right")
