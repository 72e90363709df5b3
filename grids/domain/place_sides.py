"""What every reading of a place comes to: spots at a kerb, found by compass side, and words for them.

Sides go by compass; metres are those of the road.
"""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from shapely import Point

from grids.domain.atlas import Atlas, Landmark, Street, apart
from grids.domain.place_text import COMPASS, Reading
from grids.enums import Side

SIDE_DEGREES = 55.0  # how far a kerb may lie off the compass point by which its side is named
CARDINALS = ("北", "东", "南", "西")
# Texts are read in Chinese; what was understood is said in the reader's language.
WAY_WORDS = {
    "北": pgettext_lazy("方位", "北"), "东北": pgettext_lazy("方位", "东北"),
    "东": pgettext_lazy("方位", "东"), "东南": pgettext_lazy("方位", "东南"),
    "南": pgettext_lazy("方位", "南"), "西南": pgettext_lazy("方位", "西南"),
    "西": pgettext_lazy("方位", "西"), "西北": pgettext_lazy("方位", "西北"),
}  # fmt: skip


@dataclass(frozen=True)
class Spot:
    """A place at a kerb: `metre` of `road` on `side`, and the point of kerb abreast of it.

    `stretch` is metres from and to where the text speaks of a stretch; `toward` says which way from the spot a site
    must lie to keep off a junction: 1 with the metres, -1 against them, 0 either way.
    """

    road: int
    side: str
    metre: float
    point: Point
    words: str
    reasons: tuple[str, ...] = ()
    stretch: tuple[float, float] | None = None
    toward: int = 0


@dataclass
class Outcome:
    """What one reading comes to: spots, whether they are certain, what is wrong, the roads; `rank` 0 the farthest."""

    spots: list[Spot] = field(default_factory=list)
    sure: bool = False
    why: str = ""
    words: str = ""
    roads: tuple[int, ...] = ()
    rank: int = 9


@dataclass(frozen=True)
class Named:
    """A reading with its names found: `guesses` are the reasons for those that only look alike."""

    reading: Reading
    road: int | None
    others: tuple[int, ...]
    landmark: Landmark | None
    guesses: tuple[str, ...] = ()


def side_towards(street: Street, metre: float, way: str) -> str | None:
    """The kerb on that compass side of a street around a metre; None where the street runs that way itself."""
    return _side_of(street.course(metre), way)


def _side_of(course: float, way: str) -> str | None:
    off = apart(course + 90, COMPASS[way])
    if off <= SIDE_DEGREES:
        return Side.RIGHT
    return Side.LEFT if off >= 180 - SIDE_DEGREES else None


def way_word(said: str) -> str:
    """A compass word in the reader's language."""
    return str(WAY_WORDS.get(said, said))


def side_word(street: Street, metre: float, side: str) -> str:
    """By which compass word people call that side of the street there: 南."""
    across = street.course(metre) + (90 if side == Side.RIGHT else -90)
    return way_word(CARDINALS[round(across / 90) % 4])


def runs_word(street: Street, metre: float) -> str:
    """How the street runs there, in words."""
    return _("东西走向") if 45 <= street.course(metre) % 180 < 135 else _("南北走向")


def spot_on(
    atlas: Atlas,
    road: int,
    side: str,
    metre: float,
    words: str,
    stretch: tuple[float, float] | None = None,
) -> list[Spot]:
    """The spot, when the street has a kerb there."""
    point = atlas.kerb_point(road, side, metre)
    if point is None:
        return []
    where = _("%(words)s,%(road)s%(side)s侧") % {
        "words": words,
        "road": atlas.streets[road].name,
        "side": side_word(atlas.streets[road], metre, side),
    }
    return [Spot(road, side, metre, point, where, stretch=stretch)]
