"""How each layer is drawn on paper: the same shapes and colours as gridmgr/static/js/map/ has on screen."""

from collections.abc import Callable

import numpy as np
import shapely

from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.figures.canvas import Canvas, disc
from gridmgr.core.layers.figures.content import Content, Contents
from gridmgr.core.layers.palette import COLOURS, branch_colour

# Millimetres on A4 at 1:25,000, by OpenStreetMap class.
ROAD_WIDTHS = {
    "motorway": 1.5, "trunk": 1.5, "primary": 1.3, "secondary": 1.1, "tertiary": 0.75, "unclassified": 0.5,
    "residential": 0.42, "living_street": 0.38, "service": 0.25,
}  # fmt: skip
OTHERS = "#a9aeb4"
PAPER = "#f2efe9"
SECTION_MM = 0.95
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
            _ribbon(canvas, content.shapes, OTHERS, SECTION_MM * 0.75)
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


def _by_colour(content: Content, chosen: np.ndarray | None = None) -> dict[str, np.ndarray]:
    colours = np.array(colours_of(content))
    shapes = content.shapes
    if chosen is not None:
        colours, shapes = colours[chosen], shapes[chosen]
    return {str(colour): shapes[colours == colour] for colour in dict.fromkeys(colours.tolist())}


def _backdrop(canvas: Canvas, content: Content) -> None:
    canvas.areas(content.shapes, fill=COLOURS[content.layer.style.colour])


def whole_of(content: Content) -> list[bool]:
    """Of each row, whether it is drawn whole: anything else is an outline."""
    name, values = content.layer.style.whole
    return [value in values for value in content.values(name)] if name else [True] * len(content)


def _areas(canvas: Canvas, content: Content) -> None:
    whole = np.array(whole_of(content))
    colours = np.array(colours_of(content))
    for colour in dict.fromkeys(colours[~whole].tolist()):
        dash = (canvas.mm(0.5), canvas.mm(0.4))
        chosen = content.shapes[(colours == colour) & ~whole]
        canvas.areas(chosen, edge=str(colour), width=canvas.mm(0.2), dash=dash)
    for colour, shapes in _by_colour(content, whole).items():
        kinds = shapely.get_dimensions(shapes)
        canvas.areas(shapes[kinds == AREA], fill=colour, alpha=0.22)
        canvas.areas(shapes[kinds == AREA], edge=colour, width=canvas.mm(0.13))
        canvas.lines(shapes[kinds == LINE], colour=colour, width=canvas.mm(0.4))
        for x, y in canvas.on_paper(shapely.get_coordinates(shapes[kinds == POINT])):
            canvas.path(
                disc(x, y, canvas.mm(0.6)), fill=colour, edge="white", width=canvas.mm(0.12), clip=True
            )


def _lines(canvas: Canvas, content: Content) -> None:
    for colour, shapes in _by_colour(content).items():
        canvas.lines(shapes, colour=colour, width=canvas.mm(0.5))


def _branches(canvas: Canvas, content: Content) -> None:
    # Where two grids meet the border is drawn once: two dashed lines on each other would look whole.
    borders = shapely.line_merge(shapely.union_all(shapely.boundary(content.shapes), grid_size=0.1))
    canvas.lines(
        np.array([borders]), colour="#5a6169", width=canvas.mm(0.22), dash=(canvas.mm(1.6), canvas.mm(0.9))
    )


def _carriageways(canvas: Canvas, content: Content) -> None:
    """Casings first, then the roads, each drawn as wide as it is where the scale allows, and wide enough to see."""
    nearness = min(1.0, max(0.42, 25_000 / canvas.sheet.denominator))
    widths = np.array(
        [
            _road_mm(canvas, *row, nearness)
            for row in zip(
                content.values("highway"), content.values("link"), content.values("width_m"), strict=True
            )
        ]
    )
    for casing in (True, False):
        for width in np.unique(widths):
            colour = COLOURS["road_casing" if casing else "road"]
            canvas.lines(
                content.shapes[widths == width],
                colour=colour,
                width=width + (canvas.mm(0.16) if casing else 0),
            )


def _road_mm(canvas: Canvas, highway: str, link: bool, width_m: float, nearness: float) -> float:
    symbol = ROAD_WIDTHS.get((highway or "").replace("_link", ""), 0.4) * (0.6 if link else 1.0)
    return float(
        np.round(max(canvas.mm(symbol * nearness), (width_m or 0) / canvas.sheet.metres_per_mm), 1) or 0.1
    )


def _sections(canvas: Canvas, content: Content) -> None:
    _ribbon(canvas, content.shapes, None, SECTION_MM)
    for colour, shapes in _by_colour(content).items():
        _ribbon(canvas, shapes, colour, SECTION_MM, edged=False)


def _ribbon(
    canvas: Canvas, shapes: np.ndarray, colour: str | None, width: float, *, edged: bool = True
) -> None:
    if edged:
        canvas.lines(shapes, colour="white", width=canvas.mm(width + 0.5))
    if colour:
        canvas.lines(shapes, colour=colour, width=canvas.mm(width))


def _roads(canvas: Canvas, content: Content) -> None:
    """Roads as such are the backdrop's; here they give their names (see words.py)."""


def _bays(canvas: Canvas, content: Content) -> None:
    """Each bay; from afar, where one is thinner than a line, rows of them: thousands of strokes fewer to print."""
    suspended = [not whole for whole in whole_of(content)]
    thin = canvas.mm(0.1 if canvas.sheet.web_zoom < 14 else 0.07)
    for chosen, fill in (
        ([not each for each in suspended], COLOURS[content.layer.printed.fill]),
        (suspended, "white"),
    ):
        shapes = content.where(chosen)
        if canvas.sheet.metres_per_mm >= ROWS_FROM:
            around = shapely.buffer(shapes, ROW_GAP_M / 2, join_style="mitre")
            shapes = shapely.get_parts(shapely.simplify(shapely.union_all(around), ROW_GAP_M / 2))
        canvas.areas(shapes, fill=fill, edge=COLOURS[content.layer.style.colour], width=thin)


def _panda_lanes(canvas: Canvas, content: Content) -> None:
    width = max(canvas.mm(0.45), min(2 / canvas.sheet.metres_per_mm, canvas.mm(1.2)))
    panda(canvas, content.shapes, width)


def panda(canvas: Canvas, shapes: np.ndarray, width: float, *, clip: bool = True) -> None:
    """Black with white stripes, in a white edge."""
    canvas.lines(shapes, colour="white", width=width + canvas.mm(0.2), clip=clip)
    canvas.lines(shapes, colour=COLOURS["panda"], width=width, butt=True, clip=clip)
    canvas.lines(shapes, colour="white", width=width * 0.55, dash=(width * 1.5, width * 1.5), clip=clip)


def _pitches(canvas: Canvas, content: Content) -> None:
    taken, whole = [bool(each) for each in content.values("taken")], whole_of(content)
    for wanted, colour in ((True, "pitch_taken"), (False, "pitch_free")):
        chosen = [held == wanted and used for held, used in zip(taken, whole, strict=True)]
        canvas.areas(content.where(chosen), fill=COLOURS[colour], edge=COLOURS["ink"], width=canvas.mm(0.12))
    outlines = content.where([not each for each in whole])
    if len(outlines):
        dash = (canvas.mm(0.3), canvas.mm(0.3))
        canvas.areas(outlines, edge=COLOURS["ink"], width=canvas.mm(0.1), dash=dash)


SHAPES: dict[str, Callable[[Canvas, Content], None]] = {"area": _areas, "marker": _areas, "line": _lines}
PAINTERS: dict[Part, Callable[[Canvas, Content], None]] = {
    Part.GROUND: _backdrop, Part.STREETS: _carriageways, Part.GRIDS: _branches, Part.ANSWERS: _sections,
    Part.NAMES: _roads, Part.BOXES: _bays, Part.STRIPES: _panda_lanes, Part.SEATS: _pitches,
}  # fmt: skip


def middle_of(shapes: np.ndarray) -> np.ndarray:
    """A point on each shape, as n × 2 metric coordinates."""
    return shapely.get_coordinates(shapely.point_on_surface(shapes))
