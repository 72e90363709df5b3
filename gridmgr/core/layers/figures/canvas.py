"""A sheet to draw on, in millimetres: shapes as compound paths, texts that stay text, and room kept between labels."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gridmgr.core.layers.figures import fonts
from gridmgr.core.layers.figures.paper import Box, Sheet

if TYPE_CHECKING:
    from matplotlib.path import Path

MM_PER_POINT = 25.4 / 72
HALO_MM = 0.55
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


@dataclass(frozen=True)
class Sign:
    """A place on the sheet in millimetres with what is said about it: glyph and colour of a pin, words beside it.

    `clear` is how far from the place the pin must stay so as not to cover it; `whole`: filled, else an outline.
    """

    x: float
    y: float
    glyph: str
    colour: str
    words: str = ""
    clear: float = 0.0
    whole: bool = True


class Crowd:
    """The room already taken: axis-aligned boxes in millimetres, and the edge that nothing may cross."""

    def __init__(self, edge: Box) -> None:
        self.edge = edge
        self._taken: list[tuple[float, float, float, float]] = []

    def take(self, boxes: Iterable[Box]) -> None:
        """These boxes are taken from now on."""
        self._taken += [(box.x, box.y, box.right, box.top) for box in boxes]

    def is_free(self, boxes: Sequence[Box]) -> bool:
        """Whether all boxes lie inside the edge and touch nothing taken."""
        edge = self.edge
        if any(
            box.x < edge.x or box.y < edge.y or box.right > edge.right or box.top > edge.top for box in boxes
        ):
            return False
        if not self._taken:
            return True
        taken = np.array(self._taken)
        return not any(
            bool(
                np.any(
                    (taken[:, 0] < box.right)
                    & (taken[:, 2] > box.x)
                    & (taken[:, 1] < box.top)
                    & (taken[:, 3] > box.y)
                )
            )
            for box in boxes
        )

    def claim(self, boxes: Sequence[Box]) -> bool:
        """Takes the boxes if they are free; says whether they were."""
        free = self.is_free(boxes)
        if free:
            self.take(boxes)
        return free


class Canvas:
    """One sheet. What is drawn later lies above what was drawn before."""

    def __init__(self, sheet: Sheet) -> None:
        fonts.matplotlib_home()
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        self.sheet = sheet
        inset = 0.8 * sheet.enlarged
        frame = sheet.frame
        self.crowd = Crowd(
            Box(frame.x + inset, frame.y + inset, frame.width - 2 * inset, frame.height - 2 * inset)
        )
        self.used: dict[str, set[str]] = defaultdict(set)
        self.figure = Figure(figsize=(sheet.width / 25.4, sheet.height / 25.4))
        self.axes = self.figure.add_axes(
            (0, 0, 1, 1), xlim=(0, sheet.width), ylim=(0, sheet.height), aspect="equal"
        )
        self.axes.set_axis_off()
        self._clip = Rectangle((frame.x, frame.y), frame.width, frame.height, transform=self.axes.transData)
        self._above = 1.0
        self._halos: list[Path] = []
        self._texts: list[dict[str, Any]] = []

    # ── Where things are ──────────────────────────────────────────────────────────────────────────────────

    def on_paper(self, coordinates: np.ndarray) -> np.ndarray:
        """Metric coordinates (n × 2) as millimetres on the sheet."""
        west, south, _east, _north = self.sheet.bounds
        frame = self.sheet.frame
        return (coordinates - (west, south)) / self.sheet.metres_per_mm + (frame.x, frame.y)

    def mm(self, size: float) -> float:
        """A length for type and signs, given for A4."""
        return size * self.sheet.enlarged

    # ── Shapes ────────────────────────────────────────────────────────────────────────────────────────────

    def areas(
        self,
        geometry: np.ndarray,
        *,
        fill: str = "none",
        edge: str = "none",
        width: float = 0.0,
        alpha: float = 1.0,
        dash: Sequence[float] = (),
    ) -> None:
        """Polygons (metric CRS); `width` is that of their edge, `dash` its on and off lengths, in millimetres."""
        self._path(
            _compound(self, shapely.get_rings(shapely.get_parts(geometry)), closed=True),
            fill,
            edge,
            width,
            alpha,
            dash,
            clip=True,
        )

    def lines(
        self,
        geometry: np.ndarray,
        *,
        colour: str,
        width: float,
        dash: Sequence[float] = (),
        butt: bool = False,
        clip: bool = True,
    ) -> None:
        """Lines (metric CRS), `width` millimetres wide; `clip` keeps them inside the frame."""
        path = _compound(self, shapely.get_parts(geometry), closed=False)
        self._path(path, "none", colour, width, 1.0, dash, clip=clip, butt=butt)

    def path(
        self,
        path: "Path",
        *,
        fill: str = "none",
        edge: str = "none",
        width: float = 0.0,
        alpha: float = 1.0,
        clip: bool = False,
    ) -> None:
        """A path whose coordinates are millimetres on the sheet."""
        self._path(path, fill, edge, width, alpha, (), clip=clip)

    def box(
        self, box: Box, *, fill: str = "none", edge: str = "none", width: float = 0.0, alpha: float = 1.0
    ) -> None:
        """A rectangle on the sheet."""
        self.path(rounded(box, 0.0), fill=fill, edge=edge, width=width, alpha=alpha)

    def _path(
        self,
        path: "Path",
        fill: str,
        edge: str,
        width: float,
        alpha: float,
        dash: Sequence[float],
        *,
        clip: bool = False,
        butt: bool = False,
    ) -> None:
        from matplotlib.patches import PathPatch

        if not np.size(path.vertices):
            return
        points = width / MM_PER_POINT
        style: Any = "-" if not dash or not points else (0, [each / MM_PER_POINT / points for each in dash])
        self._above += 1
        patch = PathPatch(
            path, facecolor=fill, edgecolor=edge, linewidth=points, alpha=alpha, linestyle=style, zorder=self._above,
            capstyle="butt" if butt or dash else "round", joinstyle="round",
        )  # fmt: skip
        self.axes.add_artist(patch)  # add_patch would measure each curve for limits that are set already
        if clip:
            patch.set_clip_path(self._clip)

    # ── Words ─────────────────────────────────────────────────────────────────────────────────────────────

    def width(self, text: str, size: float, weight: str = "normal") -> float:
        """How many millimetres `text` runs at `size` points."""
        return fonts.width(plain(text), weight) * size * MM_PER_POINT

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        weight: str = "normal",
        colour: str = "#1d2126",
        align: str = "left",
        angle: float = 0.0,
        halo: bool = False,
    ) -> None:
        """`text` with its baseline beginning (or centred, or ending) at (x, y), turned by `angle` radians."""
        text = plain(text)
        back = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * self.width(text, size, weight)
        x, y = x - back * math.cos(angle), y - back * math.sin(angle)
        self._texts.append(
            {
                "x": x,
                "y": y,
                "s": text,
                "color": colour,
                "font": (weight, size),
                "rotation": math.degrees(angle),
            }
        )
        self.used[weight].update(text)
        if halo:
            height = size * MM_PER_POINT
            around = fonts.halo(text, weight, round(HALO_MM * self.sheet.enlarged / height, 3))
            self._halos.append(_placed(around, x, y, height, angle))

    def centred(
        self,
        x: float,
        y: float,
        glyph: str,
        *,
        size: float,
        weight: str = "bold",
        colour: str = "white",
        halo: bool = False,
    ) -> None:
        """A short text whose ink is centred at (x, y)."""
        ink = np.asarray(fonts.outline(plain(glyph), weight).vertices)
        if len(ink):
            middle = (ink.min(axis=0) + ink.max(axis=0)) / 2 * size * MM_PER_POINT
            self.text(x - middle[0], y - middle[1], glyph, size=size, weight=weight, colour=colour, halo=halo)

    def settle(self) -> None:
        """Draws the words collected so far, above everything, each halo below all texts."""
        from matplotlib.path import Path

        if self._halos:
            whole = Path.make_compound_path(*self._halos)
            self._path(whole, "white", "none", 0.0, 0.92, ())
        self._above += 1
        for words in self._texts:
            weight, size = words.pop("font")
            self.axes.text(
                **words, fontproperties=fonts.font(weight, size), ha="left", va="baseline", rotation_mode="anchor",
                zorder=self._above, parse_math=False,
            )  # fmt: skip
        self._halos, self._texts = [], []


def plain(text: str) -> str:
    """`text` on one line, without characters that steer a printer or that the font can't draw; a dot when none is left."""
    drawn = fonts.drawable(_CONTROLS.sub(" ", text))
    return drawn if drawn.strip() else "·"


def rounded(box: Box, radius: float) -> "Path":
    """The outline of a rectangle with rounded corners."""
    from matplotlib.path import Path

    x, y, right, top, r = box.x, box.y, box.right, box.top, radius
    if not r:
        return Path([(x, y), (right, y), (right, top), (x, top), (x, y)], closed=True)
    vertices = [
        (x + r, y), (right - r, y), (right, y), (right, y + r), (right, top - r), (right, top), (right - r, top),
        (x + r, top), (x, top), (x, top - r), (x, y + r), (x, y), (x + r, y), (x + r, y),
    ]  # fmt: skip
    codes = [1, 2, 3, 3, 2, 3, 3, 2, 3, 3, 2, 3, 3, 79]
    return Path(vertices, codes)


def disc(x: float, y: float, radius: float) -> "Path":
    """The outline of a circle."""
    from matplotlib.path import Path

    return Path.circle((x, y), radius)


def _placed(path: "Path", x: float, y: float, scale: float, angle: float) -> "Path":
    from matplotlib.transforms import Affine2D

    return Affine2D().scale(scale).rotate(angle).translate(x, y).transform_path(path)


def _compound(canvas: Canvas, parts: np.ndarray, *, closed: bool) -> "Path":
    """One path of all `parts` (lines or rings): drawn at once, thousands cost what one does."""
    from matplotlib.path import Path

    parts = parts[~shapely.is_empty(parts)] if len(parts) else parts
    coordinates, index = shapely.get_coordinates(parts, return_index=True)
    if not len(coordinates):
        return Path(np.empty((0, 2)))
    codes = np.full(len(coordinates), Path.LINETO, dtype=Path.code_type)
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    codes[starts] = Path.MOVETO
    if closed:
        codes[np.append(starts[1:], len(coordinates)) - 1] = Path.CLOSEPOLY
    return Path(canvas.on_paper(coordinates), codes)
