"""A coarse position names nobody in particular: every stretch that the circle touches, nearest first."""

from typing import Any

from django.contrib.gis.geos import Point
from django.contrib.gis.measure import D
from django.utils.translation import gettext as _

from gridmgr.core import quantities
from gridmgr.core.accounts.audience import Audience
from gridmgr.desk.beats import Beat, beats_for, section_beats, with_neighbours
from gridmgr.desk.turns import Clock
from grids.layers import SECTIONS

COARSE_M = 100.0  # a fix no better than this can't tell one street from the next
MOST_M = 20_000.0
MOST = 12


def stretches_around(place: Point, accuracy_m: float, audience: Audience, clock: Clock) -> dict[str, Any]:
    """The reader's own stretches (city staff: all sections) within `accuracy_m` metres of `place` in the metric CRS."""
    radius = min(accuracy_m, MOST_M)
    apart = [(beat.line.distance(place), beat) for beat in _beats(place, radius, audience, clock)]
    within = sorted((each for each in apart if each[0] <= radius), key=lambda each: each[0])
    words = (
        _("定位误差 ±%(radius)s,范围内有 %(n)s 段")
        if within
        else _("定位误差 ±%(radius)s,范围内没有责任路段")
    )
    return {
        "state": "around",
        "text": words % {"radius": quantities.metres(accuracy_m), "n": len(within)},
        "stretches": [_stretch_words(beat, audience) for _metres, beat in within[:MOST]],
        "more": max(0, len(within) - MOST),
    }


def _beats(place: Point, radius: float, audience: Audience, clock: Clock) -> list[Beat]:
    if audience.branch_id is not None or not audience.sees_all:
        return beats_for(audience, clock)
    near = SECTIONS.rows(audience, clock.on).filter(road__reference_line__dwithin=(place, D(m=radius)))
    return section_beats(
        with_neighbours(near).order_by("road__name", "stretch"), audience=audience, clock=clock, on_foot=True
    )


def _stretch_words(beat: Beat, audience: Audience) -> dict[str, Any]:
    branch = beat.section.branch
    phones = audience.may_see_phones_of(branch.pk)
    return {
        "text": f"{beat.section.road} {beat.ends}",
        "url": beat.section.get_absolute_url(),
        "branch": "" if audience.branch_id == branch.pk else str(branch),
        "members": [
            {"name": share.member.name, "phone": share.member.phone if phones else ""}
            for share in beat.shares
        ],
    }
