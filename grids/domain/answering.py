"""Which road is this, and who answers here: asked of a place by everything that knows no more of it than where it is.

A place lies on the road whose carriageway or kerbs hold it, however near another road's reference line may be. At
crossings and where roads lie one above the other several hold it: those that somebody answers for come first, then
those on the ground, then the one whose kerb is nearest. The others are kept, so that a person can choose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import shapely
from django.contrib.gis.geos import Point
from django.db import connection

from grids.enums import Side
from grids.functions import roads_around
from grids.models import SRID

REACH_M = 80.0  # the kerbs of a wide road are some 50 m apart, and positions err among houses
# Who stands on the footway is as likely to mean the road beside as the side street whose mouth is there.
BESIDE_M = 3.0
MIDDLE_M = 0.5  # nearer to the reference line than this a place has no side


@dataclass(frozen=True)
class RoadHere:
    """A road that a place may lie on, and who answers for that metre of it.

    `away_m` is how far beyond the road's edge the place is (0: on the road), `kerb_m` how far from the nearest kerb,
    `axis_m` from the reference line. `side` is None in the middle. `on_ground` is False where the road runs in a
    tunnel, on a bridge or above another.
    """

    road_id: int
    road: str
    metre: float
    side: Side | None
    axis_m: float
    kerb_m: float
    kerb_id: int | None
    away_m: float
    on_ground: bool
    on_carriageway: bool
    section_id: int | None
    branch_id: int | None

    @property
    def is_answered_for(self) -> bool:
        return self.section_id is not None


def roads_at(place: Point, *, on: date, reach_m: float = REACH_M) -> list[RoadHere]:
    """The roads around a place (metric CRS), the one that it most likely lies on first. One query."""
    return roads_at_each([(place.x, place.y)], on=on, reach_m=reach_m)[0]


def roads_at_each(
    places: Sequence[tuple[float, float]], *, on: date, reach_m: float = REACH_M
) -> list[list[RoadHere]]:
    """The same for many places, given as easting and northing in the metric CRS. One query."""
    spots = shapely.to_wkb(
        shapely.set_srid(shapely.points(places) if len(places) else [], SRID), hex=True, include_srid=True
    )
    found: list[list[RoadHere]] = [[] for _place in places]
    with connection.cursor() as cursor:
        cursor.execute(
            roads_around(),
            {"n": list(range(len(places))), "spot": list(spots), "reach": reach_m, "on": on},
        )
        for n, *row in cursor.fetchall():
            found[n].append(_road_here(*row))
    return [ranked(each) for each in found]


def _road_here(
    road_id: int,
    road: str,
    metre: float,
    axis_m: float,
    left_m: float,
    between: bool,
    kerb_m: float,
    kerb_id: int | None,
    edge_m: float | None,
    ground: bool | None,
    section_id: int | None,
    branch_id: int | None,
) -> RoadHere:
    on_way = edge_m is not None and edge_m <= 0
    return RoadHere(
        road_id=road_id,
        road=road,
        metre=metre,
        side=None if abs(left_m) < MIDDLE_M else Side.LEFT if left_m > 0 else Side.RIGHT,
        axis_m=axis_m,
        kerb_m=kerb_m,
        kerb_id=kerb_id,
        away_m=0.0 if between or on_way else min(kerb_m, kerb_m if edge_m is None else edge_m),
        on_ground=ground is not False,
        on_carriageway=on_way and between,
        section_id=section_id,
        branch_id=branch_id,
    )


def ranked(found: Sequence[RoadHere]) -> list[RoadHere]:
    """The roads that may be meant, the likeliest first, then the others by distance."""
    meant = possible(found)
    rest = [each for each in found if each not in meant]
    return [*sorted(meant, key=_likely), *sorted(rest, key=_far)]


def possible(found: Sequence[RoadHere]) -> list[RoadHere]:
    """Those of the roads around a place that may be meant: what holds it or ends beside it, else the nearest."""
    far = min((each.away_m for each in found), default=0.0) + BESIDE_M
    return [each for each in found if each.away_m <= far]


def _likely(each: RoadHere) -> tuple[bool, bool, bool, bool, float]:
    return (
        not each.is_answered_for,
        each.away_m > 0,
        not each.on_ground,
        not each.on_carriageway,
        each.kerb_m,
    )


def _far(each: RoadHere) -> float:
    return each.away_m


def kerbs_meant(found: Sequence[RoadHere]) -> list[RoadHere]:
    """The roads whose kerb may be meant by what is put down at a place, the likeliest first.

    On a road or beside it the nearest kerb of those answered for and on the ground; farther off the nearest of all.
    """
    with_kerb = [each for each in found if each.kerb_id is not None]
    beside = [each for each in with_kerb if each.away_m <= BESIDE_M]
    if not beside:
        return sorted(possible(with_kerb), key=_far)
    return sorted(beside, key=lambda each: (not each.is_answered_for, not each.on_ground, each.kerb_m))
