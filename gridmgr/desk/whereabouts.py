"""Where things are, in the words that their reader uses: crossings and compass sides on the street, metres for planners."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from gridmgr.core import quantities
from gridmgr.core.accounts.audience import Audience
from grids.domain.naming import Ends, Stretch, name_stretches
from grids.domain.wayfinding import Spot, say_ends, say_where


def put_where(things: Sequence[Any], audience: Audience) -> None:
    """Puts onto each thing on a road where it is, as `where`. One query, none for a planner."""
    if not things:
        return
    here = [spot_of(thing) for thing in things]
    words = [_metres(thing) for thing in things] if audience.reads_metres else say_where(here)
    for thing, said in zip(things, words, strict=True):
        thing.where = said


def spot_of(thing: Any) -> Spot:
    """The middle of a thing that stands on a road."""
    return Spot(thing.road_id, thing.middle_m, thing.side)


def _metres(thing: Any) -> str:
    return _("%(road)s %(side)s %(stretch)s") % {
        "road": thing.road.name,
        "side": thing.get_side_display(),
        "stretch": quantities.stretch(thing.stretch),
    }


def ends_of(stretches: Sequence[Stretch], audience: Audience) -> list[Ends]:
    """The ends of stretches in the reader's words. Two queries at most."""
    return name_stretches(stretches) if audience.reads_metres else say_ends(stretches)
