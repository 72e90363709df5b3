"""Whose section begins where one ends: the next stretch of the same road, else those that meet at the crossing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.db.models import MultiPointField
from django.contrib.gis.geos import MultiPoint, Point
from django.contrib.gis.measure import D
from django.db.models import QuerySet

from gridmgr.core.accounts.audience import Audience, any_reader
from gridmgr.core.geo.crs import metric_srid
from gridmgr.core.statements import Gap, among, written_once
from gridmgr.desk.beats import TOUCH_M, Beat, with_neighbours
from gridmgr.desk.standing import ON
from gridmgr.desk.turns import Clock
from grids.domain.naming import NEAR_M
from grids.layers import SECTIONS
from grids.models import Branch


@dataclass(frozen=True)
class Neighbour:
    """Another branch's `section` at the beat's end that people call `place`; `same_road`: it carries the road on."""

    place: str
    section: Any
    same_road: bool

    @property
    def branch(self) -> Branch:
        branch: Branch = self.section.branch
        return branch


def meet_neighbours(beats: Sequence[Beat], *, audience: Audience, clock: Clock) -> list[Branch]:
    """Puts its neighbours onto each beat; returns the branches, each once, by code. One query.

    For a member, who sees no other branch's sections, there are none.
    """
    if not beats or not audience.sees_all:
        return []
    places = MultiPoint([point for beat in beats for _name, point in _places(beat)], srid=metric_srid())
    own = {beat.section.branch_id for beat in beats}
    others = _sections_near().rows(on=clock.on, places=places, own=list(own))
    for beat in beats:
        ends = zip(_places(beat), (beat.from_m, beat.to_m), strict=True)
        outer = [place for place, at_m in ends if not _goes_on(beat, at_m, beats)]
        beat.neighbours = [each for name, point in outer for each in _at(beat, name, point, others)]
    met = {each.branch.pk: each.branch for beat in beats for each in beat.neighbours}
    return sorted(met.values(), key=lambda branch: branch.code)


@written_once
def _sections_near() -> "QuerySet[Any]":
    """Sections of others than the branches `own` on roads that pass near any of the `places`."""
    places: Any = Gap("places", MultiPointField(srid=metric_srid()))
    rows = SECTIONS.rows(any_reader(sees_all=True), ON)
    near = rows.filter(road__reference_line__dwithin=(places, D(m=NEAR_M)))
    return with_neighbours(near.exclude(among("branch", "own")))


def _places(beat: Beat) -> list[tuple[str, Point]]:
    srid = metric_srid()
    (x1, y1), (x2, y2) = beat.line.coords[0], beat.line.coords[-1]
    return [(beat.ends.start, Point(x1, y1, srid=srid)), (beat.ends.end, Point(x2, y2, srid=srid))]


def _goes_on(beat: Beat, at_m: float, beats: Sequence[Beat]) -> bool:
    """Whether the branch's own next section begins at this end: then nobody else's does."""
    return any(
        other is not beat
        and other.section.road_id == beat.section.road_id
        and min(abs(other.from_m - at_m), abs(other.to_m - at_m)) < TOUCH_M
        for other in beats
    )


def _at(beat: Beat, name: str, point: Point, others: Sequence[Any]) -> list[Neighbour]:
    here = [section for section in others if section.line.distance(point) <= NEAR_M]
    onward = [Neighbour(name, section, True) for section in here if section.road_id == beat.section.road_id]
    if onward:
        return onward
    met = {section.branch_id: Neighbour(name, section, False) for section in here}
    return sorted(met.values(), key=lambda each: each.branch.code)
