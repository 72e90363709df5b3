"""How a layer looks, said once for two painters: the map's script on screen (static/js/map/) and print maps (figures/).

Sizes come in pairs: pixels on screen, millimetres on paper (points for type), given for A4. Colours are names of
palette.COLOURS; '' is the thing's own. Zooms are those of web maps; paper has one by its scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Text = Any  # str or a lazily translated one


@dataclass(frozen=True)
class Ramp:
    """A size by zoom: (zoom, size) stops, growing evenly between them, or by `base` with each zoom; even before and after."""

    stops: Sequence[tuple[float, float]]
    base: float = 1.0

    def at(self, zoom: float) -> float:
        """The size at that zoom."""
        before = [stop for stop in self.stops if stop[0] <= zoom]
        after = [stop for stop in self.stops if stop[0] > zoom]
        if not before or not after:
            return before[-1][1] if before else after[0][1]
        (low, small), (high, large) = before[-1], after[0]
        if self.base == 1:
            return small + (large - small) * (zoom - low) / (high - low)
        return small + (large - small) * (self.base ** (zoom - low) - 1) / (self.base ** (high - low) - 1)


@dataclass(frozen=True)
class Size:
    """The same size on screen and on paper."""

    px: float | Ramp
    mm: float | Ramp

    def on_paper(self, zoom: float) -> float:
        """Millimetres (or points) at the zoom of a sheet."""
        return self.mm.at(zoom) if isinstance(self.mm, Ramp) else self.mm


@dataclass(frozen=True)
class Casing:
    """An edge of another colour under a line, broader than it by `more`, both sides together."""

    colour: str
    more: Size


@dataclass(frozen=True)
class Stripes:
    """Stripes along a line: their colour, their share of its width, and how long on and off, in its widths."""

    colour: str
    share: float
    dash: tuple[float, float]


@dataclass(frozen=True)
class Ground:
    """A line is as broad as on the ground, where that is more: metres, or the property that holds them.

    `most`: but no broader than that; `from_zoom`: on screen from there on.
    """

    metres: float | str
    most: Size | None = None
    from_zoom: float = 0


@dataclass(frozen=True)
class Others:
    """How a line is drawn on somebody's own map when it is another's: `of` is the property that says whose it is."""

    of: str
    share: Size
    opacity: float


@dataclass(frozen=True)
class Line:
    """How lines are drawn.

    `by` and `times`: a property, and by what its values multiply the width; `narrowed`: a property that, where it is true,
    does the same; `focus`: by how many pixels the one that the page is about is broader.
    """

    width: Size = Size(2, 0.5)
    by: str = ""
    times: Mapping[str, float] = field(default_factory=dict)
    narrowed: tuple[str, float] | None = None
    ground: Ground | None = None
    casing: Casing | None = None
    stripes: Stripes | None = None
    others: Others | None = None
    focus: float = 1.6


@dataclass(frozen=True)
class Body:
    """How areas are drawn: filled, edged, hatched.

    `opacity` 0 fills nothing, no `width` draws no edge; `by` and `fills`: a property that is true or false, and for either the
    colour of the ground and that of a letter on it; `dash`: pixels on and off, tenths of a millimetre on paper; `hatched`: slanting lines
    over it on screen; `focus`: pixels of the edge of the one that the page is about.
    """

    fill: str = ""
    opacity: float = 0.22
    edge: str = ""
    width: Size | None = Size(1, 0.13)
    dash: tuple[float, float] | None = None
    by: str = ""
    fills: Mapping[bool, tuple[str, str]] = field(default_factory=dict)
    ink: str = ""
    hatched: bool = False
    focus: float = 3

    @property
    def tenths(self) -> tuple[float, ...]:
        """The dash in millimetres; none for a whole edge."""
        return tuple(each / 10 for each in self.dash or ())


# What isn't there to be used: an outline in dashes.
OUTLINE = Body(opacity=0, width=Size(1.5, 0.2), dash=(5, 4))


@dataclass(frozen=True)
class Label:
    """Words on a thing, from a zoom on screen: what the property says, in a disc of the thing's colour when `badge`."""

    of: str
    from_zoom: float = 13
    ink: str = ""
    badge: bool = False


@dataclass(frozen=True)
class Name:
    """A name along a line: its type in pixels and points, whether bold, and the zoom from which it is written, on screen and on paper."""

    size: Size
    bold: tuple[bool, bool]
    from_zoom: Size


@dataclass(frozen=True)
class Names:
    """Names along lines, by the values of a property from the most important down; a value that isn't there is like the last."""

    by: str
    kinds: Mapping[str, Name]

    def rank(self, value: Any) -> int:
        """How many kinds are more important."""
        return list(self.kinds).index(value) if value in self.kinds else len(self.kinds) - 1


@dataclass(frozen=True)
class Letter:
    """A letter on each small area, on screen near by: the property itself, or what `says` has for its values, else `other`."""

    of: str
    says: Mapping[str, Text] = field(default_factory=dict)
    other: str = ""
    from_zoom: float = 19


@dataclass(frozen=True)
class Style:
    """How a layer looks.

    `shape` is line, area or marker; `colour` names an entry of palette.COLOURS, or "branch"; `glyph` is the one
    character of a marker, `glyphs` chooses it by the value of a property; markers show from zoom `marker_zoom`, shapes
    from `min_zoom`. `painted`: the character is painted on the thing itself, for things that stand in their thousands.
    `whole`: a property, and its values with which a thing is drawn whole, as `body` says; with any other it is an
    `outline` and says that value in words, since it isn't there to be used. `line` is for lines; `label`, `names` and
    `letter` are the words on it.
    """

    shape: str
    colour: str = "ink"
    glyph: Text = ""
    by: str = ""
    glyphs: Mapping[str, tuple[Text, str]] = field(default_factory=dict)
    min_zoom: float = 0
    marker_zoom: float = 0
    painted: bool = False
    whole: tuple[str, Sequence[str]] = ("", ())
    line: Line = Line()
    body: Body = Body()
    outline: Body = OUTLINE
    label: Label | None = None
    names: Names | None = None
    letter: Letter | None = None


def for_script(value: Any) -> Any:
    """A style, or any piece of one, as the script reads it: sizes in pixels, words in the reader's language."""
    if isinstance(value, Size):
        return for_script(value.px)
    if isinstance(value, Ramp):
        return {"stops": [list(stop) for stop in value.stops], "base": value.base}
    if hasattr(value, "__dataclass_fields__"):
        return {_camel(name): for_script(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {_key(key): for_script(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_script(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
