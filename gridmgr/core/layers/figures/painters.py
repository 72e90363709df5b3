"""How each layer is drawn on paper, as its style says: what gridmgr/static/js/map/ draws on screen."""

from collections.abc import Callable

import numpy as np
import shapely

from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.figures.canvas import Canvas, disc
from gridmgr.core.layers.figures.content import Content, Contents
from gridmgr.core.layers.palette import COLOURS, branch_colour
from gridmgr.core.layers.style import Body, Line

PAPER = "#f2efe9"
# Metres to a millimetre from which bays are drawn in rows; bays no further apart than this make one.
ROWS_FROM, ROW_GAP_M = 40.0, 1.2
# Dimensions, as shapely counts them.
POINT, LINE, AREA = 0, 1, 2


def paint(canvas: Canvas, contents: Contents) -> None:
    """The map itself, without words: what lies behind, then each layer in the catalog's order, roads' owners first."""
    canvas.box(canvas.sheet.frame, fill=PAPER)
    for content in contents.behind.values():
        _painter(content)(canvas, content)
    for content in contents.others.values():
        if content.layer.part == Part.ANSWERS:
            _others(canvas, content)
    shown = sorted(
        contents.shown.values(),
        key=lambda each: each.layer.style.shape != "line" and each.layer.part != Part.GRIDS,
    )
    for content in shown:
        _painter(content)(canvas, content)


def _painter(content: Content) -> Callable[[Canvas, Content], None]:
    return PAINTERS.get(content.layer.part) or SHAPES[content.layer.style.shape]


def colours_of(content: Content) -> list[str]:
    """The colour of each row: its branch's, its kind's, or the layer's."""
    style = content.layer.style
    if style.colour == "branch":
        return [branch_colour(value or 0) for value in content.values("colour")]
    if style.by:
        chosen = {value: colour for value, (_glyph, colour) in style.glyphs.items()}
        return [COLOURS[chosen.get(value, style.colour)] for value in content.values(style.by)]
    return [COLOURS[style.colour]] * len(content)


def whole_of(content: Content) -> list[bool]:
    """Of each row, whether it is drawn whole: anything else is an outline."""
    name, values = content.layer.style.whole
    return [value in values for value in content.values(name)] if name else [True] * len(content)


def _areas(canvas: Canvas, content: Content) -> None:
    """Areas as their style says, outlines first, so that what is there to be used lies above."""
    whole, style = np.array(whole_of(content), dtype=bool), content.layer.style
    _bodies(canvas, content, ~whole, style.outline)
    _bodies(canvas, content, whole, style.body)


def _bodies(canvas: Canvas, content: Content, chosen: np.ndarray, body: Body) -> None:
    own, shapes = np.array(colours_of(content))[chosen], content.shapes[chosen]
    fills = _fills(content, body, own, chosen)
    width = canvas.mm(body.width.on_paper(canvas.sheet.web_zoom)) if body.width else 0.0
    dash = [canvas.mm(each) for each in body.tenths]
    for fill, colour in dict.fromkeys(zip(fills.tolist(), own.tolist(), strict=True)):
        alike = shapes[(fills == fill) & (own == colour)]
        kinds = shapely.get_dimensions(alike)
        areas = _rows(canvas, content, alike[kinds == AREA])
        edge = "none" if not body.width else COLOURS[body.edge] if body.edge else colour
        if 0 < body.opacity < 1:
            canvas.areas(areas, fill=fill, alpha=body.opacity)
        ground = fill if body.opacity == 1 else "none"
        canvas.areas(areas, fill=ground, edge=edge, width=width, dash=dash)
        canvas.lines(alike[kinds == LINE], colour=colour, width=canvas.mm(0.4))
        for x, y in canvas.on_paper(shapely.get_coordinates(alike[kinds == POINT])):
            canvas.path(
                disc(x, y, canvas.mm(0.6)), fill=colour, edge="white", width=canvas.mm(0.12), clip=True
            )


def _fills(content: Content, body: Body, own: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The colour of the ground of each chosen row."""
    if body.by:
        values = np.array([bool(each) for each in content.values(body.by)], dtype=bool)[chosen]
        return np.where(values, COLOURS[body.fills[True][0]], COLOURS[body.fills[False][0]])
    return np.full(len(own), COLOURS[body.fill]) if body.fill else own


def _rows(canvas: Canvas, content: Content, shapes: np.ndarray) -> np.ndarray:
    """The shapes; of boxes, from afar, where one is thinner than a line, rows of them: thousands of strokes fewer to print."""
    if content.layer.part != Part.BOXES or canvas.sheet.metres_per_mm < ROWS_FROM:
        return shapes
    around = shapely.buffer(shapes, ROW_GAP_M / 2, join_style="mitre")
    return shapely.get_parts(shapely.simplify(shapely.union_all(around), ROW_GAP_M / 2))


def _lines(canvas: Canvas, content: Content) -> None:
    widths = _widths(canvas, content)
    draw_lines(canvas, content.shapes, content.layer.style.line, widths, np.array(colours_of(content)))


def _widths(canvas: Canvas, content: Content) -> np.ndarray:
    """Millimetres of each row's line; to the tenth where they differ, so that many are drawn at once."""
    line, zoom = content.layer.style.line, canvas.sheet.web_zoom
    widths = np.full(len(content), canvas.mm(line.width.on_paper(zoom)))
    if line.by:
        widths *= [line.times.get(each, 1.0) for each in content.values(line.by)]
    if line.narrowed:
        widths *= [line.narrowed[1] if each else 1.0 for each in content.values(line.narrowed[0])]
    if ground := line.ground:
        metres = content.values(ground.metres) if isinstance(ground.metres, str) else [ground.metres]
        broad = np.array([float(each or 0) for each in metres]) / canvas.sheet.metres_per_mm
        widths = np.maximum(widths, broad)
        widths = np.minimum(widths, canvas.mm(ground.most.on_paper(zoom))) if ground.most else widths
    return np.maximum(np.round(widths, 1), 0.1) if line.by else widths


def draw_lines(
    canvas: Canvas,
    shapes: np.ndarray,
    line: Line,
    widths: np.ndarray,
    colours: np.ndarray,
    *,
    clip: bool = True,
) -> None:
    """Lines of those widths (millimetres) and colours: all casings under all lines, stripes above."""
    if casing := line.casing:
        more = canvas.mm(casing.more.on_paper(canvas.sheet.web_zoom))
        for width in np.unique(widths):
            canvas.lines(
                shapes[widths == width], colour=COLOURS[casing.colour], width=width + more, clip=clip
            )
    for width, colour in sorted(set(zip(widths.tolist(), colours.tolist(), strict=True))):
        alike = shapes[(widths == width) & (colours == colour)]
        canvas.lines(alike, colour=colour, width=width, butt=bool(line.stripes), clip=clip)
        if stripes := line.stripes:
            dash = [each * width for each in stripes.dash]
            canvas.lines(
                alike, colour=COLOURS[stripes.colour], width=width * stripes.share, dash=dash, clip=clip
            )


def _others(canvas: Canvas, content: Content) -> None:
    """The neighbours' lines, grey and narrower."""
    line = content.layer.style.line
    share = line.others.share.on_paper(canvas.sheet.web_zoom) if line.others else 1.0
    grey = np.full(len(content), COLOURS["others"])
    draw_lines(canvas, content.shapes, line, _widths(canvas, content) * share, grey)


def _borders(canvas: Canvas, content: Content) -> None:
    # Where two grids meet the border is drawn once: two dashed lines on each other would look whole.
    borders = shapely.line_merge(shapely.union_all(shapely.boundary(content.shapes), grid_size=0.1))
    width = content.layer.style.body.width
    canvas.lines(
        np.array([borders]),
        colour=COLOURS["border"],
        width=canvas.mm(width.on_paper(canvas.sheet.web_zoom) if width else 0.0),
        dash=(canvas.mm(1.6), canvas.mm(0.9)),
    )


def _names(canvas: Canvas, content: Content) -> None:
    """Roads as such are the backdrop's; here they give their names (see words.py)."""


PAINTERS: dict[Part, Callable[[Canvas, Content], None]] = {Part.GRIDS: _borders, Part.NAMES: _names}
SHAPES: dict[str, Callable[[Canvas, Content], None]] = {"area": _areas, "marker": _areas, "line": _lines}


def middle_of(shapes: np.ndarray) -> np.ndarray:
    """A point on each shape, as n × 2 metric coordinates."""
    return shapely.get_coordinates(shapely.point_on_surface(shapes))
