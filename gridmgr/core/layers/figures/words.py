"""Signs and words on the map: pins, branch numbers on their roads, road names along the roads. None lies on another.

Greedy: what can't be moved goes first (pins, at worst as a dot), then numbers, then names from the greatest road down.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.figures.canvas import MM_PER_POINT, Canvas, Sign, disc, rounded
from gridmgr.core.layers.figures.content import Content, Contents, by_rank, playing
from gridmgr.core.layers.figures.painters import colours_of, middle_of, whole_of
from gridmgr.core.layers.figures.paper import Box
from gridmgr.core.layers.palette import COLOURS, branch_colour

HAN = re.compile("^[\u3400-\u9fff\U00020000-\U0003ffff]+$")
PIN_MM, PIN_FAR_MM = 3.0, 2.2
# Names stand beside pins from this web zoom on.
NAMED_FROM = 14.2
# A lane is long enough to be seen as one, without a pin, from here on.
LANES_FROM = 15.5


@dataclass(frozen=True)
class Spot:
    """A place on a line where text of some width can stand: its middle in millimetres, and the angle in radians."""

    x: float
    y: float
    angle: float


def write(canvas: Canvas, contents: Contents) -> None:
    """Every sign and word inside the frame."""
    size = canvas.mm(PIN_MM if canvas.sheet.web_zoom >= NAMED_FROM else PIN_FAR_MM)
    signs = [sign for content in by_rank(contents.shown) for sign in _signs(canvas, content)]
    places = [(sign, _put_pin(canvas, sign, size)) for sign in signs]
    for seen, grey in ((contents.shown, False), (contents.others, True)):
        if answers := playing(seen, Part.ANSWERS):
            _number(canvas, answers, grey=grey)
    if roads := playing(contents.shown, Part.NAMES):
        _name_roads(canvas, roads, contents)
    if canvas.sheet.web_zoom >= NAMED_FROM:
        for sign, place in places:
            if place and sign.words:
                _name_beside(canvas, sign, place, size)
    for content in by_rank(contents.behind):
        if content.layer.printed.ink:
            _name_areas(canvas, content)


# ── Pins ──────────────────────────────────────────────────────────────────────────────────────────────────


def _signs(canvas: Canvas, content: Content) -> Iterator[Sign]:
    if not content.layer.style.glyph:
        return
    style = content.layer.style
    if style.shape == "line" and canvas.sheet.web_zoom >= LANES_FROM:
        return
    glyphs = (
        [style.glyphs.get(value, (style.glyph, ""))[0] for value in content.values(style.by)]
        if style.by
        else [style.glyph] * len(content)
    )
    places = canvas.on_paper(middle_of(content.shapes))
    words = [_words_of(content, row, bare=canvas.sheet.bare) for row in range(len(content))]
    rows = zip(places, glyphs, colours_of(content), words, content.shapes, whole_of(content), strict=True)
    for (x, y), glyph, colour, text, shape, whole in rows:
        yield Sign(float(x), float(y), str(glyph), colour, text, _clearance(canvas, shape), whole)


def _clearance(canvas: Canvas, shape: Any) -> float:
    """Half the length, in millimetres, of a shape that is large enough to be seen and that a pin upon it would cover."""
    pin_mm, scale = canvas.mm(PIN_MM), canvas.sheet.metres_per_mm
    if not shapely.area(shape):
        return 0.0
    west, south, east, north = shapely.bounds(shape)
    seen = max(east - west, north - south) / scale
    breadth = 2 * shapely.area(shape) / shapely.length(shape) / scale
    return float(min(seen, 4 * pin_mm) / 2) if seen > pin_mm * 0.8 and breadth < pin_mm else 0.0


def _words_of(content: Content, row: int, *, bare: bool) -> str:
    """What stands beside the pin: a name; nothing for a lane, whose school has its own, nor where there are thousands.

    For a drop-off point its hours, unless the page around a bare map lists them under its code.
    """
    if content.layer.printed.beside and not bare:
        return str(content.values(content.layer.printed.beside)[row] or "")
    style = content.layer.style
    if style.shape == "line" or style.painted:
        return ""
    name = str(content.values(content.layer.heading)[row] or "")
    if not name or whole_of(content)[row]:
        return name
    return _("%(site)s(%(status)s)") % {"site": name, "status": content.words(style.whole[0])[row]}


def _put_pin(canvas: Canvas, sign: Sign, size: float) -> Box | None:
    """The pin at its place or as near to it as there is room, with a line to it; else a dot, and None."""
    for reach in (0.0, size, 1.5 * size, 2.2 * size):
        distance = reach + (sign.clear + size * 0.8 if sign.clear else 0.0)
        for step in range(8 if distance else 1):
            angle = step * math.pi / 4 + (0.0 if sign.clear else math.pi / 2)
            x, y = sign.x + math.cos(angle) * distance, sign.y + math.sin(angle) * distance
            box = Box(x - size / 2, y - size / 2, size, size)
            if canvas.crowd.claim([box]):
                _draw_pin(canvas, sign, box, moved=distance > 0)
                return box
    fill, edge = (sign.colour, "white") if sign.whole else ("white", sign.colour)
    canvas.path(disc(sign.x, sign.y, size * 0.22), fill=fill, edge=edge, width=canvas.mm(0.12))
    return None


def _draw_pin(canvas: Canvas, sign: Sign, box: Box, *, moved: bool) -> None:
    from matplotlib.path import Path

    if moved:
        middle = (box.x + box.width / 2, box.y + box.height / 2)
        canvas.path(Path([(sign.x, sign.y), middle]), edge=sign.colour, width=canvas.mm(0.18))
        canvas.path(
            disc(sign.x, sign.y, canvas.mm(0.3)), fill=sign.colour, edge="white", width=canvas.mm(0.08)
        )
    pin(canvas, box, sign.glyph, sign.colour, whole=sign.whole)


def pin(canvas: Canvas, box: Box, glyph: str, colour: str, *, whole: bool = True) -> None:
    """The sign of a place: a white character on a rounded square, as on screen; as an outline the other way round."""
    fill, edge, ink = (colour, "white", "white") if whole else ("white", colour, colour)
    canvas.path(rounded(box, box.width * 0.2), fill=fill, edge=edge, width=box.width * 0.07)
    middle = (box.x + box.width / 2, box.y + box.height / 2)
    canvas.centred(*middle, glyph, size=box.width * 0.68 / MM_PER_POINT, colour=ink)


def _name_beside(canvas: Canvas, sign: Sign, place: Box, size: float) -> None:
    points = 5.0 * canvas.sheet.enlarged
    length, height = canvas.width(sign.words, points), points * MM_PER_POINT
    gap = size * 0.16
    y = place.y + place.height / 2 - height * 0.36
    spots = [
        (place.right + gap, y), (place.x - gap - length, y),
        (place.x + place.width / 2 - length / 2, place.top + gap + height * 0.1),
        (place.x + place.width / 2 - length / 2, place.y - gap - height * 0.85),
    ]  # fmt: skip
    for x, base in spots:
        if canvas.crowd.claim([Box(x, base - height * 0.12, length, height)]):
            canvas.text(x, base, sign.words, size=points, colour=sign.colour, halo=True)
            return


# ── Branch numbers ────────────────────────────────────────────────────────────────────────────────────────


def _number(canvas: Canvas, content: Content, *, grey: bool) -> None:
    """Each section bears its branch's number, a long one several times."""
    radius = canvas.mm(1.55 if grey else 1.9)
    for shape, code, colour in zip(
        content.shapes, content.values("branch"), content.values("colour"), strict=True
    ):
        for line in _lines_of(canvas, shape):
            length = _length(line)
            times = max(1, round(length / canvas.mm(95))) if length > radius * 2 else 0
            for turn in range(times):
                _badge_along(
                    canvas,
                    line,
                    (turn + 0.5) / times,
                    str(code),
                    COLOURS["others"] if grey else branch_colour(colour or 0),
                    radius,
                )


def _badge_along(
    canvas: Canvas, line: np.ndarray, share: float, code: str, colour: str, radius: float
) -> None:
    for shift in (0.0, 0.06, -0.06, 0.14, -0.14, 0.22, -0.22):
        x, y = _at(line, _length(line) * min(0.98, max(0.02, share + shift)))
        if canvas.crowd.claim([Box(x - radius, y - radius, 2 * radius, 2 * radius)]):
            badge(canvas, x, y, code, colour, radius)
            return


def badge(canvas: Canvas, x: float, y: float, code: str, colour: str, radius: float) -> None:
    """A branch's number in a ring of its colour."""
    canvas.path(disc(x, y, radius * 0.88), fill="white", edge=colour, width=radius * 0.27)
    canvas.centred(
        x, y, code, size=radius * (1.05 if len(code) < 3 else 0.75) / MM_PER_POINT, colour=COLOURS["ink"]
    )


# ── Road names ────────────────────────────────────────────────────────────────────────────────────────────


def _name_roads(canvas: Canvas, roads: Content, contents: Contents) -> None:
    answers, names, zoom = (
        playing(contents.shown, Part.ANSWERS),
        roads.layer.style.names,
        canvas.sheet.web_zoom,
    )
    if not names:
        return
    own = set(answers.values("road")) if contents.others and answers else None
    ranked = [
        (names.rank(kind), name, shape)
        for kind, name, shape in zip(roads.values(names.by), roads.values("name"), roads.shapes, strict=True)
    ]
    ranked.sort(key=lambda each: (own is not None and each[1] not in own, each[0], -shapely.length(each[2])))
    for rank, name, shape in ranked:
        kind = list(names.kinds.values())[rank]
        if zoom < kind.from_zoom.on_paper(zoom):
            continue
        foreign = own is not None and name not in own
        points = kind.size.on_paper(zoom) * canvas.sheet.enlarged * (0.85 if foreign else 1.0)
        weight = "bold" if kind.bold[1] and not foreign else "normal"
        for line in _lines_of(canvas, shape):
            _name_along(canvas, line, str(name), points, weight, "#6b7177" if foreign else COLOURS["ink"])


def _name_along(canvas: Canvas, line: np.ndarray, name: str, points: float, weight: str, colour: str) -> None:
    """The name once, and again every 140 mm; where a place is taken, a little further along."""
    length, needed = _length(line), canvas.width(name, points, weight)
    if length < needed * 1.15:
        return
    times = max(1, round(length / canvas.mm(140)))
    for turn in range(times):
        middle = (turn + 0.5) / times
        for shift in (0.0, 0.07, -0.07, 0.15, -0.15, 0.24, -0.24, 0.33, -0.33, 0.41, -0.41):
            spot = straight_spot(line, length * (middle + shift / times), needed)
            if spot and _write_along(canvas, spot, name, points, weight, colour):
                break


def straight_spot(line: np.ndarray, at: float, needed: float) -> Spot | None:
    """The place around `at` millimetres along `line` when it runs straight enough for `needed` millimetres of text."""
    if at - needed / 2 < 0 or at + needed / 2 > _length(line):
        return None
    start, end = _at(line, at - needed / 2), _at(line, at + needed / 2)
    chord = math.hypot(end[0] - start[0], end[1] - start[1])
    if chord < needed * 0.95:
        return None
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    if abs(angle) > math.pi / 2:
        angle -= math.copysign(math.pi, angle)
    return Spot((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, angle)


def _write_along(canvas: Canvas, spot: Spot, name: str, points: float, weight: str, colour: str) -> bool:
    height = points * MM_PER_POINT
    stacked = abs(spot.angle) > math.pi / 3.6 and bool(HAN.match(name))
    steps = _steps(canvas, name, points, weight, stacked)
    # A stacked name reads from the top down; along the line that is against its angle when it climbs.
    turn = -1 if stacked and spot.angle > 0 else 1
    places = [
        (spot.x + math.cos(spot.angle) * step * turn, spot.y + math.sin(spot.angle) * step * turn)
        for step in steps
    ]
    half = height * 0.6
    if not canvas.crowd.claim([Box(x - half, y - half, 2 * half, 2 * half) for x, y in places]):
        return False
    if stacked:
        for sign, (x, y) in zip(name, places, strict=True):
            canvas.text(
                x,
                y - height * 0.37,
                sign,
                size=points,
                weight=weight,
                colour=colour,
                align="center",
                halo=True,
            )
        return True
    down = height * 0.37
    x, y = spot.x + math.sin(spot.angle) * down, spot.y - math.cos(spot.angle) * down
    canvas.text(
        x, y, name, size=points, weight=weight, colour=colour, align="center", angle=spot.angle, halo=True
    )
    return True


def _steps(canvas: Canvas, name: str, points: float, weight: str, stacked: bool) -> list[float]:
    """Where along the text, from its middle in millimetres, room is needed: one place per character."""
    height = points * MM_PER_POINT
    length = len(name) * height * 1.06 if stacked else canvas.width(name, points, weight)
    count = len(name) if stacked else max(1, math.ceil(length / height))
    return [(index + 0.5) / count * length - length / 2 for index in range(count)]


# ── Names of areas ────────────────────────────────────────────────────────────────────────────────────────


def _name_areas(canvas: Canvas, content: Content) -> None:
    points = 5.2 * canvas.sheet.enlarged
    named = [
        (shapely.area(shape), name, shape)
        for shape, name in zip(content.shapes, content.values("name"), strict=True)
        if name
    ]
    for _area, name, shape in sorted(named, key=lambda each: -each[0]):
        west, south, east, north = shapely.bounds(shape) / canvas.sheet.metres_per_mm
        length, height = canvas.width(name, points), points * MM_PER_POINT
        if east - west < length * 0.8 or north - south < height:
            continue
        ((x, y),) = canvas.on_paper(middle_of(np.array([shape])))
        if canvas.crowd.claim([Box(x - length / 2, y - height / 2, length, height)]):
            ink = content.layer.printed.ink
            canvas.text(x, y - height * 0.37, name, size=points, colour=ink, align="center", halo=True)


# ── Lines in millimetres ──────────────────────────────────────────────────────────────────────────────────


def _lines_of(canvas: Canvas, shape: Any) -> list[np.ndarray]:
    """The parts of a line inside the frame, as millimetres."""
    west, south, east, north = canvas.sheet.bounds
    inside = shapely.clip_by_rect(shape, west, south, east, north)
    parts: Sequence[Any] = shapely.get_parts(shapely.line_merge(inside)).tolist()
    return [
        canvas.on_paper(shapely.get_coordinates(part)) for part in parts if shapely.get_type_id(part) == 1
    ]


def _length(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _at(line: np.ndarray, distance: float) -> tuple[float, float]:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return float(np.interp(distance, along, line[:, 0])), float(np.interp(distance, along, line[:, 1]))
