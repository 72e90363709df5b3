"""What lies around places: a fixed number of statements, however many places and rules."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.domain.network import ROAD_CLASSES
from grids.enums import RoadClass
from grids.models import SRID
from vendors import functions
from vendors.domain.place import Place
from vendors.domain.siting.uses import KerbUse, SchoolCalendar, occupation_of
from vendors.enums import AppliesTo, Check, SiteKind, Target
from vendors.models import PlacementRule

# Two things may touch: what overlaps by less than this does not count as standing on one another.
TOUCH_M = 0.02
# How far around a place is looked for what a rule measures to, as a multiple of what it requires, and at least.
SEARCH_TIMES, SEARCH_LEAST_M = 3.0, 200.0

MAIN_HIGHWAYS = sorted(
    word for word, kind in ROAD_CLASSES.items() if kind in (RoadClass.ARTERIAL, RoadClass.SECONDARY)
)
SEEN_M = 40.0  # how much of a way is drawn around a place
MEASURED = (Check.DISTANCE, Check.OFF)


def applies(rule: PlacementRule, kind: str) -> bool:
    """Whether the rule speaks of a site of that kind. A rule for pitches speaks of a stall site's pitches: small stalls."""
    if rule.applies_to == AppliesTo.PITCH:
        return kind == SiteKind.STALL
    return rule.applies_to in (AppliesTo.SITE, kind)


def reach_of(rule: PlacementRule, *, search: bool) -> float:
    """How far around a place a rule looks, in metres."""
    required = rule.amount or 0.0
    if rule.target == Target.ROADWAY:
        return required + functions.UNSURE_M  # beside a kerb there is always one: farther off nobody asks
    return max(SEARCH_TIMES * required, SEARCH_LEAST_M) if search else required


def inside_of(area: shapely.Geometry) -> shapely.Geometry:
    """The area without its outermost TOUCH_M, so that neighbours who share an edge are not on one another."""
    inner = shapely.buffer(area, -TOUCH_M, join_style="mitre")
    return (
        np.where(shapely.is_empty(inner), area, inner)
        if isinstance(area, np.ndarray)
        else (area if inner.is_empty else inner)
    )


def as_ewkb(shapes: Sequence[shapely.Geometry] | np.ndarray) -> list[str]:
    """The shapes as PostGIS reads them from text, with the city's SRID."""
    return list(shapely.to_wkb(shapely.set_srid(list(shapes), SRID), hex=True, include_srid=True))


@dataclass(frozen=True)
class Hit:
    """The target nearest to a place for a rule; of ways also what it is, and what isn't known (see `functions.nearest_targets`)."""

    pk: int
    label: str
    metres: float
    what: str
    note: str
    shape: shapely.Geometry
    gap: shapely.LineString


@dataclass
class Survey:
    """What the statements found around the places: by (place, rule) the nearest target, by place kerb uses and footways."""

    places: Sequence[Place]
    rules: Sequence[PlacementRule]
    on: date
    search: bool
    nearest: dict[tuple[int, int], Hit] = field(default_factory=dict)
    uses: dict[int, list["KerbUse"]] = field(default_factory=lambda: defaultdict(list))
    footways: dict[int, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    _words: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.areas = np.array([place.area for place in self.places], dtype=object)
        self.ewkb = as_ewkb(self.areas)
        self.inner_ewkb = as_ewkb(inside_of(self.areas)) if len(self.areas) else []

    def measure(self) -> None:
        """The nearest target for each rule that measures a distance, one statement for all rules and places."""
        chosen = [
            (r, rule)
            for r, rule in enumerate(self.rules)
            if rule.check_kind in MEASURED and rule.target in _MEASURABLE
        ]
        if not chosen or not self.places:
            return
        rows = _rows(
            functions.nearest_targets(),
            {
                "n": list(range(len(self.places))),
                "kind": [str(place.kind) for place in self.places],
                "area": self.ewkb,
                "inner": self.inner_ewkb,
                "r": [r for r, _rule in chosen],
                "applies_to": [_of_kind(rule) for _r, rule in chosen],
                "target": [rule.target for _r, rule in chosen],
                "off": [rule.check_kind == Check.OFF for _r, rule in chosen],
                "required": [rule.amount or 0.0 for _r, rule in chosen],
                "radius": [reach_of(rule, search=self.search) for _r, rule in chosen],
                "highways": MAIN_HIGHWAYS,
            },
        )
        if not rows:
            return
        areas = self.areas[[row[0] for row in rows]]
        shapes = self._drawn(areas, _shapes(rows), np.array([row[7] for row in rows], dtype=float))
        gaps = shapely.shortest_line(areas, shapes)
        self.nearest = {
            (n, r): Hit(pk, label, float(metres), what, note, shape, gap)
            for (n, r, pk, label, metres, what, note, _half, _wkb), shape, gap in zip(
                rows, shapes, gaps, strict=True
            )
        }

    def _drawn(self, areas: np.ndarray, shapes: np.ndarray, half: np.ndarray) -> np.ndarray:
        """The targets as somebody sees them: of a way its ground around the place, not the line in its middle."""
        ways = np.flatnonzero(half > 0)
        if not self.search or not len(ways):
            return shapes
        near = shapely.distance(areas[ways], shapes[ways]) + SEEN_M
        boxes = shapely.box(*(shapely.bounds(areas[ways]) + near[:, None] * np.array([-1, -1, 1, 1])).T)
        shapes[ways] = shapely.buffer(
            shapely.intersection(shapes[ways], boxes), half[ways], cap_style="flat", quad_segs=4
        )
        return shapes

    def look_under(self) -> None:
        """Other uses of the ground of the places, in hours in which they use it too."""
        asked = self._asked(Check.FREE_KERB)
        if not asked:
            return
        rows = _rows(
            functions.kerb_uses_under(),
            {
                "n": asked,
                "own": [self.places[n].site_id for n in asked],
                "inner": [self.inner_ewkb[n] for n in asked],
            },
        )
        calendar = SchoolCalendar()
        occupations = {n: occupation_of(self.places[n]) for n in asked}
        for n, *rest in rows:
            use = KerbUse.read(rest)
            if occupations[n].meets(use.occupation, since=self.on, is_school_day=calendar.is_school_day):
                self.uses[n].append(use)

    def look_at_footways(self) -> None:
        """The footways on which the places stand."""
        asked = self._asked(Check.CLEAR_WIDTH)
        if not asked:
            return
        rows = _rows(functions.footways_under(), {"n": asked, "area": [self.ewkb[n] for n in asked]})
        for (n, *rest, _wkb), line in zip(rows, _shapes(rows), strict=True):
            self.footways[n].append((*rest, line))

    def _asked(self, check: Check) -> list[int]:
        rules = [rule for rule in self.rules if rule.check_kind == check]
        return [n for n, place in enumerate(self.places) if any(applies(rule, place.kind) for rule in rules)]

    def named(self, rule: PlacementRule, name: str, what: str = "") -> str:
        """ "路口(新建路 × 府东街)": what a rule measures to, with its name when it has one; of ways `what` they are."""
        key = what or rule.target
        if key not in self._words:
            # Translating takes longer than all else that is done for a place; the words are the same for all.
            self._words[key] = str(WAYS.get(key) or Target(rule.target).label), _("%(what)s(%(name)s)")
        words, pattern = self._words[key]
        if not name and rule.target in (Target.ROADWAY, Target.STRUCTURE):
            name = str(UNNAMED)
        return pattern % {"what": words, "name": name} if name else words


WAYS = {
    "tunnel": gettext_lazy("隧道"),
    "bridge": gettext_lazy("桥梁"),
    "below": gettext_lazy("地下道路"),
    "link": gettext_lazy("匝道"),
    Target.ROADWAY: gettext_lazy("车行道"),
}
UNNAMED = gettext_lazy("无名道路")
_MEASURABLE = {*Target.values} - {Target.KERB_USE, Target.ITSELF, Target.FOOTWAY}


def _of_kind(rule: PlacementRule) -> str:
    """The kind of site that a rule speaks of, or `site` for both."""
    return SiteKind.STALL if rule.applies_to == AppliesTo.PITCH else rule.applies_to


def _shapes(rows: Sequence[tuple[Any, ...]]) -> np.ndarray:
    """The last column, as shapes."""
    return np.asarray(shapely.from_wkb([bytes(row[-1]) for row in rows]))


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
