"""Where a place is, in the words of people who walk there: "五一路与府东街口以北约 40 米,东侧".

The crossing is one that the road itself has, the way and the side are compass points read off the drawn line, metres
are along the road from the middle of the crossing. Metres along a road mean nothing on the street; planners and data
files keep them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from gridmgr.core.statements import among, written_once
from grids.domain.naming import CLASSES, RING_SHARE, Ends, Stretch, name_stretches, own_ends, said
from grids.domain.place_sides import way_word
from grids.enums import Side
from grids.models import Crossing, Road

REACH_M = 500.0  # a crossing farther away than this helps nobody to find a place
# A side lane's crossing is chosen before an avenue's only where it is so much nearer for each class between them.
CLASS_M = 40.0
AT_CROSSING_M = 12.0  # beside the crossing street's half width: nearer than this is at the crossing
CHORD_M = 30.0
COMPASS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
EIGHTH = 45.0


@dataclass(frozen=True)
class Spot:
    """A metre of a road (its primary key), at one of its kerbs or, with side None, on it."""

    road_id: int
    metre: float
    side: str | None = None


@dataclass(frozen=True)
class _Mark:
    """Something on a road that people know: a crossing, with half the other street's width, or the road's own end."""

    at_m: float
    name: str
    rank: int
    half_m: float
    own: bool = False


@dataclass(frozen=True)
class _Street:
    name: str
    line: shapely.LineString
    crossings: Sequence[_Mark]

    def way(self, from_m: float, to_m: float) -> str:
        """The compass point in which `to_m` lies from `from_m`, straight across."""
        return _compass(*(self._at(to_m) - self._at(from_m)))

    def side(self, metre: float, side: str) -> str:
        """The compass point of a kerb: square to the street's course there."""
        east, north = self._at(metre + CHORD_M / 2) - self._at(metre - CHORD_M / 2)
        return _compass(north, -east) if side == Side.RIGHT else _compass(-north, east)

    def ends(self) -> list[_Mark]:
        """The road's own two ends, named by compass as long as they lie apart."""
        start, end = self._at(0.0), self._at(self.line.length)
        apart = float(np.hypot(*(end - start)))
        bearing = float(np.arctan2(*(end - start))) % (2 * np.pi)
        names = own_ends(bearing if apart >= RING_SHARE * self.line.length else None)
        return [
            _Mark(at, name, 0, 0.0, own=True) for at, name in zip((0.0, self.line.length), names, strict=True)
        ]

    def _at(self, metre: float) -> Any:
        return np.array(self.line.interpolate(min(max(metre, 0.0), self.line.length)).coords[0])


def say_where(spots: Sequence[Spot]) -> list[str]:
    """Each place in words, in the reader's language. One query, whatever their number."""
    streets = _streets({spot.road_id for spot in spots})
    return [_where(streets[spot.road_id], spot) if spot.road_id in streets else "" for spot in spots]


def say_ends(stretches: Sequence[Stretch]) -> list[Ends]:
    """The ends of each stretch; one that lies at no crossing is said from the nearest. Two queries, or one."""
    names = name_stretches(stretches, metres=False)
    if all(ends.start and ends.end for ends in names):
        return names
    streets = _streets({road for road, _from, _to in stretches})
    return [
        Ends(ends.start or _end(streets[road], from_m), ends.end or _end(streets[road], to_m))
        for ends, (road, from_m, to_m) in zip(names, stretches, strict=True)
    ]


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────


def _where(street: _Street, spot: Spot) -> str:
    words: dict[str, Any] = {"road": street.name}
    if spot.side:
        words["side"] = way_word(street.side(spot.metre, spot.side))
    mark = _nearest(street, spot.metre)
    if mark is None:
        words["metres"] = f"{spot.metre:,.0f}"
        return _sided(_("%(road)s %(metres)s 米处"), _("%(road)s %(metres)s 米处,%(side)s侧"), words)
    words |= {"mark": mark.name, "metres": rounded(abs(spot.metre - mark.at_m))}
    if abs(spot.metre - mark.at_m) <= mark.half_m + AT_CROSSING_M:
        if mark.own:
            return _sided(_("%(road)s%(mark)s"), _("%(road)s%(mark)s,%(side)s侧"), words)
        return _sided(_("%(road)s与%(mark)s口"), _("%(road)s与%(mark)s口,%(side)s侧"), words)
    words["way"] = way_word(street.way(mark.at_m, spot.metre))
    if mark.own:
        return _sided(
            _("%(road)s%(mark)s以%(way)s约 %(metres)s 米"),
            _("%(road)s%(mark)s以%(way)s约 %(metres)s 米,%(side)s侧"),
            words,
        )
    return _sided(
        _("%(road)s与%(mark)s口以%(way)s约 %(metres)s 米"),
        _("%(road)s与%(mark)s口以%(way)s约 %(metres)s 米,%(side)s侧"),
        words,
    )


def _sided(plain: str, with_side: str, words: dict[str, Any]) -> str:
    return (with_side if "side" in words else plain) % words


def _end(street: _Street, metre: float) -> str:
    mark = _nearest(street, metre)
    if mark is None:
        return _("%(metres)s 米处") % {"metres": f"{metre:,.0f}"}
    return _("%(mark)s以%(way)s约 %(metres)s 米") % {
        "mark": mark.name,
        "way": way_word(street.way(mark.at_m, metre)),
        "metres": rounded(abs(metre - mark.at_m)),
    }


def _nearest(street: _Street, metre: float) -> _Mark | None:
    """The crossing that tells most: near, and of a street that people know; else an end of the road."""
    for marks in (street.crossings, street.ends()):
        near = [mark for mark in marks if abs(mark.at_m - metre) <= REACH_M]
        if near:
            return min(near, key=lambda mark: (abs(mark.at_m - metre) + CLASS_M * mark.rank, mark.at_m))
    return None


def rounded(metres: float) -> str:
    """Metres as one says them: to 5 below 50, to 10 below 200, else to 50."""
    step = 5 if metres < 50 else 10 if metres < 200 else 50
    return f"{max(step, round(metres / step) * step):,}"


def _compass(east: float, north: float) -> str:
    return COMPASS[round(float(np.degrees(np.arctan2(east, north))) / EIGHTH) % 8]


# ── What is known of the streets ──────────────────────────────────────────────────────────────────────────


def _streets(roads: set[int]) -> dict[int, _Street]:
    return {
        pk: _Street(said(name, name_en), shapely.from_wkb(bytes(wkb)), [_mark(mark) for mark in marks])
        for pk, name, name_en, wkb, marks in _drawn_roads().rows(roads=list(roads))
    }


@written_once
def _drawn_roads() -> "QuerySet[Road, Any]":
    crossings = (
        Crossing.objects.filter(road=OuterRef("pk"))
        .order_by("at_m", "other__name")
        .values(
            mark=JSONObject(
                at="at_m",
                name="other__name",
                name_en="other__name_en",
                rank="other__road_class",
                width="other__width_m",
            )
        )
    )
    rows = Road.objects.filter(among("pk", "roads")).annotate(
        wkb=AsWKB("reference_line"), marks=ArraySubquery(crossings)
    )
    return rows.order_by().values_list("pk", "name", "name_en", "wkb", "marks")


def _mark(mark: dict[str, Any]) -> _Mark:
    return _Mark(
        float(mark["at"]),
        said(mark["name"], mark["name_en"]),
        CLASSES.index(mark["rank"]),
        float(mark["width"]) / 2,
    )
