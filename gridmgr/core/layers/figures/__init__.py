"""Print maps: a view on a sheet of paper as PDF, SVG or PNG, with all that makes it stand alone.

matplotlib draws; words stay text in PDF and SVG, and the font travels with them. Imported only when a map is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid, TooMuch
from gridmgr.core.layers.figures import fonts, furniture, legend
from gridmgr.core.layers.figures.canvas import Canvas
from gridmgr.core.layers.figures.content import Contents, harvest
from gridmgr.core.layers.figures.painters import paint
from gridmgr.core.layers.figures.paper import ORIENTATIONS, PAPERS, Sheet, Size, plan, size_of
from gridmgr.core.layers.figures.words import write
from gridmgr.core.layers.view import Bounds, View

__all__ = ["FORMATS", "ORIENTATIONS", "PAPERS", "Figure", "print_map"]

FORMATS = ("pdf", "svg", "png")
DPI = 300
# A0 at 300 dpi is 139 million pixels.
MOST_PIXELS = 140_000_000


@dataclass(frozen=True)
class Figure:
    """A finished sheet: its bytes, and what is on it."""

    content: bytes
    sheet: Sheet
    counts: Mapping[str, int]
    moment: datetime


def print_map(
    view: View,
    form: str,
    *,
    paper: str | Size = "a3",
    orientation: str = "auto",
    dpi: int = DPI,
    page: tuple[int, int] | None = (1, 1),
    moment: datetime | None = None,
    with_font: bool = True,
) -> Figure:
    """The view as a sheet in `form`: pdf, svg or png.

    `paper` is a4 to a0, or width and height in millimetres of a picture for another page: map, scale, north and legend
    without the words around them. `page` is written at the foot; `moment` stands for the time at which the rows were
    read, so that the same rows and moment give the same bytes; `with_font`: an SVG carries the font of its texts.
    Raises Invalid for an unknown form, paper or orientation, TooMuch when a picture would have more pixels than memory
    allows, NoFont without a Chinese font.
    """
    if form not in FORMATS:
        raise Invalid(
            _("不认识图件格式 %(form)s。可用:%(known)s。")
            % {"form": form[:20], "known": _("、").join(FORMATS)}
        )
    _check_pixels(paper, form, dpi)
    fonts.face("normal"), fonts.face("bold")
    sheet, contents = _laid_out(view, paper, orientation)
    canvas = Canvas(sheet)
    places = furniture.reserve(canvas)
    paint(canvas, contents)
    write(canvas, contents)
    canvas.settle()
    when = moment or contents.moment
    imprint = furniture.Imprint(
        view.title, view.subtitle, when, contents.hold_demo, not view.audience.sees_all, page
    )
    furniture.furnish(canvas, imprint, places)
    legend.draw(canvas, legend.entries(contents, sheet), sheet.aside)
    canvas.settle()
    counts = {name: len(each) for name, each in contents.shown.items()}
    content = _saved(canvas, form, dpi, view, when)
    if form == "svg" and with_font:
        content = _with_fonts(content, canvas)
    return Figure(content, sheet, counts, when)


def _check_pixels(paper: str | Size, form: str, dpi: int) -> None:
    short, long = size_of(paper)
    pixels = (short / 25.4 * dpi) * (long / 25.4 * dpi)
    if form == "png" and not (dpi >= 36 and pixels <= MOST_PIXELS):
        raise TooMuch(
            _(
                "%(paper)s、%(dpi)s dpi 的图片有 %(pixels)s 百万像素,上限 %(most)s。请降低 dpi(36 起)、换小一些的纸,或用 PDF。"
            )
            % {
                "paper": paper.upper() if isinstance(paper, str) else f"{short:.0f} × {long:.0f} mm",
                "dpi": dpi,
                "pixels": round(pixels / 1e6),
                "most": MOST_PIXELS // 10**6,
            }
        )


def _laid_out(view: View, paper: str | Size, orientation: str) -> tuple[Sheet, Contents]:
    """The sheet with room for its legend, and what is seen on it; the rows are read once."""
    first = plan(view.bounds, paper=paper, orientation=orientation)
    rows = harvest(view, _around(first, view, paper, orientation))
    room = legend.needed(Canvas(first), legend.entries(rows.cut_to(first), first))
    sheet = plan(view.bounds, paper=paper, orientation=orientation, legend=room)
    return sheet, rows.cut_to(sheet)


def _around(first: Sheet, view: View, paper: str | Size, orientation: str) -> Bounds:
    """Bounds that hold every frame which the sheet may end up with, whatever its legend needs."""
    ways = ORIENTATIONS[1:] if orientation == "auto" else (orientation,)
    most = min(120.0, 0.6 * min(size_of(paper)))
    frames = [
        plan(view.bounds, paper=paper, orientation=way, legend=room).bounds
        for way in ways
        for room in ((20.0, 12.0), (most, most))
    ]
    lows, highs = [
        [*zip(*(each[:2] for each in frames), strict=True)],
        [*zip(*(each[2:] for each in frames), strict=True)],
    ]
    return min(lows[0]), min(lows[1]), max(highs[0]), max(highs[1])


def _saved(canvas: Canvas, form: str, dpi: int, view: View, when: datetime) -> bytes:
    import matplotlib

    # Type 3: its text can be selected, and every reader shows a face of a font collection right.
    settings: Any = {
        "pdf.fonttype": 3,
        "svg.fonttype": "none",
        "svg.hashsalt": "gridmgr",
        "text.hinting": "none",  # hinted letters of a small picture are wider than the room kept for them
        "path.simplify_threshold": 0.05,
    }
    stream = BytesIO()
    with matplotlib.rc_context(settings):
        options: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if form == "png" else {}
        canvas.figure.savefig(
            stream,
            format=form,
            dpi=dpi if form == "png" else 72,
            metadata=_metadata(form, view, when),
            facecolor="white",
            **options,
        )
    return stream.getvalue()


def _metadata(form: str, view: View, when: datetime) -> dict[str, Any]:
    subject = f"{view.subtitle} · © OpenStreetMap contributors (ODbL)"
    if form == "pdf":
        return {
            "Title": view.title,
            "Subject": subject,
            "Creator": "gridmgr",
            "Producer": "gridmgr",
            "CreationDate": when,
        }
    if form == "svg":
        return {"Title": view.title, "Description": subject, "Creator": "gridmgr", "Date": when.isoformat()}
    return {"Title": view.title, "Description": subject, "Software": "gridmgr"}


def _with_fonts(svg: bytes, canvas: Canvas) -> bytes:
    """The SVG with the outlines of its characters inside, so that it looks alike on a machine without the font."""
    rules = fonts.style_sheet(dict(canvas.used)).encode()
    before, mark, after = svg.partition(b"<defs>")
    return before + mark + b'<style type="text/css">' + rules + b"</style>" + after
