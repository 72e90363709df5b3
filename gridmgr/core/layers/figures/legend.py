"""The legend: an entry for each kind of thing that is seen in the frame, and for none that isn't."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.figures.canvas import MM_PER_POINT, Canvas, rounded
from gridmgr.core.layers.figures.content import Content, Contents, by_rank, playing
from gridmgr.core.layers.figures.painters import draw_lines, whole_of
from gridmgr.core.layers.figures.paper import Box, Sheet
from gridmgr.core.layers.figures.words import LANES_FROM, badge, pin
from gridmgr.core.layers.palette import COLOURS, branch_colour
from gridmgr.core.layers.style import Line

# Points of type, tried from the largest; millimetres are of A4.
SIZES = (7.6, 7.2, 6.8, 6.4, 6.0, 5.6, 5.2, 4.8)
SIGN_MM, GAP_MM, COLUMN_GAP_MM, HEAD_MM = 6.4, 1.6, 4.0, 5.2
ROW = 1.75  # row height in type sizes


@dataclass(frozen=True)
class Entry:
    """One line of the legend: a sign (its kind, colour, character and, of stripes, the line) and words."""

    sign: str
    words: str
    colour: str = ""
    glyph: str = ""
    line: Line | None = None


def entries(contents: Contents, sheet: Sheet) -> list[Entry]:
    """What is seen, in the order in which people ask: whose road, what stands there, what lies behind."""
    found: list[Entry] = []
    if answers := playing(contents.shown, Part.ANSWERS):
        found += _branch_entries(answers)
    if playing(contents.others, Part.ANSWERS):
        found.append(Entry("line", _("相邻支部的责任路段"), COLOURS["others"]))
    if (grids := playing(contents.shown, Part.GRIDS)) and _borders_seen(grids, sheet):
        found.append(Entry("dashes", _("网格界线"), COLOURS["border"]))
    for content in by_rank(contents.shown):
        if content.layer.part not in (Part.ANSWERS, Part.GRIDS, Part.NAMES):
            found += _place_entries(content, sheet)
    if playing(contents.behind, Part.STREETS):
        found.append(Entry("road", _("道路"), COLOURS["road"]))
    for content in by_rank(contents.behind):
        if content.layer.part == Part.GROUND:
            found.append(Entry("area", str(content.layer.title), COLOURS[content.layer.style.colour]))
    return found


def _borders_seen(grids: Content, sheet: Sheet) -> bool:
    return bool(shapely.intersects(shapely.boundary(grids.shapes), shapely.box(*sheet.bounds)).any())


def _branch_entries(sections: Content) -> list[Entry]:
    rows = zip(
        sections.values("branch"), sections.values("branch_name"), sections.values("colour"), strict=True
    )
    return [
        Entry("branch", str(name), branch_colour(colour or 0), str(code))
        for code, name, colour in sorted(set(rows))
    ]


def _place_entries(content: Content, sheet: Sheet) -> list[Entry]:
    """An entry for each sort of what is there to be used, and one for each state of what isn't."""
    return [*_whole_entries(content, sheet), *_apart_entries(content)]


def _apart_entries(content: Content) -> list[Entry]:
    """What is drawn as an outline: how many there are of each state."""
    style = content.layer.style
    if not style.whole[0]:
        return []
    rows = zip(content.words(style.whole[0]), whole_of(content), strict=True)
    counts = Counter(str(word) for word, whole in rows if not whole)
    sign, colour = ("outline", COLOURS[style.colour]) if style.glyph else ("empty", COLOURS["ink"])
    return [
        Entry(sign, f"{content.layer.title} {word} {number:,}", colour, str(style.glyph))
        for word, number in sorted(counts.items())
    ]


def _whole_entries(content: Content, sheet: Sheet) -> list[Entry]:
    layer, style, whole = content.layer, content.layer.style, whole_of(content)
    if not any(whole):
        return []
    if layer.part == Part.SEATS:
        held = [bool(each) for each, used in zip(content.values("taken"), whole, strict=True) if used]
        counted = [(_("空摊位 %s"), held.count(False), "pitch_free")]
        counted += [(_("已占用摊位 %s"), held.count(True), "pitch_taken")]
        return [Entry("box", words % count, COLOURS[colour]) for words, count, colour in counted if count]
    if style.by:
        counts = Counter(value for value, used in zip(content.values(style.by), whole, strict=True) if used)
        words = dict(zip(content.values(style.by), content.words(style.by), strict=True))
        return [
            Entry("pin", f"{words[value]} {counts[value]}", COLOURS[colour], str(glyph))
            for value, (glyph, colour) in style.glyphs.items()
            if counts[value]
        ]
    plain = "pin" if style.glyph else "line" if style.shape == "line" else "area"
    if style.line.stripes:
        plain = "stripes" if sheet.web_zoom >= LANES_FROM else "pin"
    sign = "box" if layer.part == Part.BOXES else plain
    colour = COLOURS[style.body.fill or style.colour]
    return [Entry(sign, f"{layer.title} {sum(whole):,}", colour, str(style.glyph), style.line)]


# ── Room ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Setting:
    """How the entries are set: type size in points, columns, rows per column, width of a column in millimetres."""

    points: float
    columns: int
    rows: int
    column_mm: float
    row_mm: float


def setting(canvas: Canvas, found: Sequence[Entry], room: Box) -> Setting:
    """The largest type with which all entries have room; the smallest there is when none is small enough."""
    for size in SIZES:
        points = size * canvas.sheet.enlarged
        row = points * MM_PER_POINT * ROW
        column = canvas.mm(SIGN_MM + GAP_MM) + max(
            (canvas.width(each.words, points) for each in found), default=0.0
        )
        fit = max(1, int((room.width + canvas.mm(COLUMN_GAP_MM)) // (column + canvas.mm(COLUMN_GAP_MM))))
        rows = max(1, -(-len(found) // fit))
        columns = -(-len(found) // rows)
        best = Setting(points, columns, rows, column, row)
        if rows * row + canvas.mm(HEAD_MM) <= room.height and column <= room.width:
            break
    return best


def needed(canvas: Canvas, found: Sequence[Entry]) -> tuple[float, float]:
    """The width of one column at full size, and the height below a map of the sheet's inner width, in millimetres."""
    points = SIZES[0] * canvas.sheet.enlarged
    column = canvas.mm(SIGN_MM + GAP_MM) + max(
        (canvas.width(each.words, points) for each in found), default=0.0
    )
    inner = max(canvas.sheet.aside.width, canvas.sheet.frame.width)
    fit = max(1, int((inner + canvas.mm(COLUMN_GAP_MM)) // (column + canvas.mm(COLUMN_GAP_MM))))
    rows = -(-len(found) // fit)
    return max(column, canvas.mm(34)), rows * points * MM_PER_POINT * ROW + canvas.mm(HEAD_MM + 0.5)


def draw(canvas: Canvas, found: Sequence[Entry], room: Box) -> None:
    """The legend from the top of `room` down."""
    chosen = setting(canvas, found, room)
    head = canvas.mm(HEAD_MM)
    canvas.text(room.x, room.top - head * 0.62, _("图例"), size=8.5 * canvas.sheet.enlarged, weight="bold")
    for index, entry in enumerate(found):
        column, row = divmod(index, chosen.rows)
        x = room.x + column * (chosen.column_mm + canvas.mm(COLUMN_GAP_MM))
        middle = room.top - head - (row + 0.5) * chosen.row_mm
        _draw_sign(
            canvas, entry, Box(x, middle - chosen.row_mm * 0.38, canvas.mm(SIGN_MM), chosen.row_mm * 0.76)
        )
        base = middle - chosen.points * MM_PER_POINT * 0.36
        canvas.text(x + canvas.mm(SIGN_MM + GAP_MM), base, entry.words, size=chosen.points)


def _draw_sign(canvas: Canvas, entry: Entry, box: Box) -> None:
    middle = box.y + box.height / 2
    if entry.sign == "branch":
        _bar(canvas, box, middle, entry.colour, 0.95)
        badge(
            canvas,
            box.x + box.width / 2,
            middle,
            entry.glyph,
            entry.colour,
            min(box.height * 0.56, canvas.mm(1.9)),
        )
    elif entry.sign == "line":
        _bar(canvas, box, middle, entry.colour, 0.75)
    elif entry.sign == "dashes":
        _dashes(canvas, box, middle, entry.colour)
    elif entry.sign == "road":
        _bar(canvas, box, middle, COLOURS["road_casing"], 1.25)
        _bar(canvas, box, middle, entry.colour, 0.9)
    elif entry.sign in ("pin", "outline"):
        side = box.height * 1.02
        place = Box(box.x + (box.width - side) / 2, middle - side / 2, side, side)
        pin(canvas, place, entry.glyph, entry.colour, whole=entry.sign == "pin")
    elif entry.sign == "empty":
        canvas.path(rounded(box, 0.2), edge=entry.colour, width=canvas.mm(0.12))
    elif entry.sign == "stripes" and entry.line:
        _stripes(canvas, box, middle, entry.line, entry.colour)
    else:
        edge = (
            COLOURS["ink"] if entry.sign == "box" and entry.colour != COLOURS["bay_fill"] else COLOURS["bay"]
        )
        outlined = entry.sign == "box"
        canvas.path(
            rounded(box, 0.2), fill=entry.colour, edge=edge if outlined else "#b9b5ac", width=canvas.mm(0.12)
        )


def _bar(canvas: Canvas, box: Box, middle: float, colour: str, thick: float) -> None:
    half = canvas.mm(thick) / 2
    canvas.box(Box(box.x, middle - half, box.width, 2 * half), fill=colour)


def _dashes(canvas: Canvas, box: Box, middle: float, colour: str) -> None:
    step = box.width / 3
    for index in range(3):
        canvas.box(
            Box(box.x + index * step, middle - canvas.mm(0.11), step * 0.64, canvas.mm(0.22)), fill=colour
        )


def _stripes(canvas: Canvas, box: Box, middle: float, line: Line, colour: str) -> None:
    """The lane's own strokes, drawn through the map's coordinates so that it looks as it does there."""
    west, south, _east, _north = canvas.sheet.bounds
    frame, scale = canvas.sheet.frame, canvas.sheet.metres_per_mm

    def there(x: float) -> tuple[float, float]:
        return west + (x - frame.x) * scale, south + (middle - frame.y) * scale

    shape: Any = shapely.LineString([there(box.x), there(box.right)])
    draw_lines(canvas, np.array([shape]), line, np.array([canvas.mm(0.9)]), np.array([colour]), clip=False)
