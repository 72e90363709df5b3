"""From a reading whose names are known to spots of kerb: junctions, stretches, landmarks, ends of roads.

Each resolver says whether its spots are certain. Sides and corners go by compass, distances by the metres of the road.
"""

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from gridmgr.core import quantities
from grids.domain.atlas import Atlas, Street, apart
from grids.domain.place_junctions import apart_in_words, at_junction
from grids.domain.place_landmarks import at_landmark
from grids.domain.place_sides import Named, Outcome, Spot, runs_word, side_towards, spot_on, way_word
from grids.domain.place_text import COMPASS, Relation, Said
from grids.enums import Side

STRETCH_M = (20.0, 6000.0)

__all__ = ["Named", "Outcome", "Spot", "resolve"]


def resolve(atlas: Atlas, named: Named) -> Outcome:
    """Where a reading with found names is. What is guessed, rough or unread is never sure."""
    outcome = _RESOLVERS[named.reading.relation](atlas, named)
    outcome.roads = tuple(pk for pk in (named.road, *named.others) if pk is not None)
    doubts = [*named.guesses]
    if named.reading.said.roughly:
        doubts.append(_("只说在附近或两侧,没有说准"))
    if named.reading.unread:
        doubts.append(_("“%s”没有读懂") % named.reading.unread)
    if outcome.sure and _is_inside(atlas, outcome, at_corner=bool(named.reading.said.corner)):
        doubts.append(_("路缘外侧还有一条平行的车道,可能属于这条路"))
    if doubts:
        outcome.sure = False
        outcome.why = _(";").join([*doubts, *([outcome.why] if outcome.why else [])])
        outcome.rank += 2 + 2 * len(named.guesses)
    return outcome


def _is_inside(atlas: Atlas, outcome: Outcome, *, at_corner: bool) -> bool:
    """Whether a way beyond the kerb may belong to its street too; of a corner, to either street."""
    return any(
        atlas.runs_beyond(road, spot.point)
        for spot in outcome.spots
        for road in {spot.road, *(outcome.roads if at_corner else ())}
    )


# ── Stretches ─────────────────────────────────────────────────────────────────────────────────────────────


def _along_stretch(atlas: Atlas, named: Named) -> Outcome:
    said, road = named.reading.said, named.road
    if (
        road is None
        or road in named.others
        or said.offset_m is not None
        or said.gate
        or said.corner
        or said.opposite
    ):
        return Outcome()
    street = atlas.streets[road]
    names = [atlas.streets[other].name for other in named.others]
    words = _("%(road)s:%(start)s至%(end)s") % {"road": street.name, "start": names[0], "end": names[1]}
    ends, doubts = zip(*(_metres_at(atlas, road, other) for other in named.others), strict=True)
    doubt = next(filter(None, doubts), "")
    pairs = [(min(a, b), max(a, b)) for a in ends[0] for b in ends[1]]
    pairs = [pair for pair in pairs if STRETCH_M[0] <= pair[1] - pair[0] <= STRETCH_M[1]]
    spots = [spot for pair in pairs for spot in _in_stretch(atlas, street, pair, said.side, words)]
    sure = len(spots) == len(pairs) == 1 and bool(said.side) and not doubt
    why = "" if sure else doubt or _doubt_of_stretch(street, pairs, said)
    return Outcome(spots, sure, why, words, rank=0 if spots and not doubt else 3)


def _metres_at(atlas: Atlas, road: int, other: int) -> tuple[list[float], str]:
    """Where a road meets another, or nearly does; in words, why that is doubtful."""
    if metres := atlas.meetings(road, other):
        return metres, ""
    near = atlas.near_miss(road, other)
    return [] if near is None else [near], apart_in_words(atlas, road, other)


def _in_stretch(atlas: Atlas, street: Street, pair: tuple[float, float], way: str, words: str) -> list[Spot]:
    """The middle of the stretch, on the side that is said, on both when the street has no such side."""
    low, high = pair
    middle = (low + high) / 2
    # A street that bends keeps its side only while the compass says so all along.
    said = (
        {side_towards(street, low + (high - low) * share, way) for share in (0.25, 0.5, 0.75)}
        if way
        else {None}
    )
    sides = [side for side in Side.values if said == {side}] or Side.values
    return [spot for side in sides for spot in spot_on(atlas, street.id, side, middle, words, stretch=pair)]


def _doubt_of_stretch(street: Street, pairs: list[tuple[float, float]], said: Said) -> str:
    if not pairs:
        return _("这一段太短或太长")
    if len(pairs) > 1:
        return _("%s多次经过所说的路口,没有说是哪一段") % street.name
    if said.side:
        middle = sum(pairs[0]) / 2
        return _("%(road)s在这里%(runs)s,分不出%(side)s侧") % {
            "road": street.name, "runs": runs_word(street, middle), "side": way_word(said.side),
        }  # fmt: skip
    return _("没有说在路的哪一侧")


# ── The rest ──────────────────────────────────────────────────────────────────────────────────────────────


def _at_house(atlas: Atlas, named: Named) -> Outcome:
    """House numbers aren't in the data: the road is known, and no more."""
    if named.road is None:
        return Outcome()
    name, number = atlas.streets[named.road].name, named.reading.number
    why = _("没有门牌号数据,找不到%(road)s %(number)s 号") % {"road": name, "number": number}
    return Outcome(why=why, words=name, rank=1)


def _at_end(atlas: Atlas, named: Named) -> Outcome:
    """The end of a road in a direction: as our data end there, so always to be confirmed."""
    if named.road is None:
        return Outcome()
    street, said = atlas.streets[named.road], named.reading.said
    last = street.line.length
    start = street.bearing(0.0, over=last), street.bearing(last, toward=-1, over=last)
    metre = next(
        (m for m, way in ((last, start[0]), (0.0, start[1])) if apart(way, COMPASS[said.end]) <= 50.0), None
    )
    if metre is None:
        return Outcome(
            why=_("%(road)s没有%(way)s口") % {"road": street.name, "way": way_word(said.end)}, rank=4
        )
    inside = 10.0 if metre == 0.0 else last - 10.0
    words = _("%(road)s%(way)s口") % {"road": street.name, "way": way_word(said.end)}
    sides: Iterable[str] = Side.values
    if said.side and (side := side_towards(street, inside, said.side)):
        sides = [side]
    spots = [spot for side in sides for spot in spot_on(atlas, street.id, side, inside, words)]
    return Outcome(spots, False, _("路口的范围要由人确认"), words, rank=2)


def _on_road(atlas: Atlas, named: Named) -> Outcome:
    """A road and perhaps its side, but no place on it."""
    if named.road is None:
        return Outcome()
    street = atlas.streets[named.road]
    why = _("只写了%(road)s(长 %(length)s),没有说在哪一段") % {
        "road": street.name, "length": quantities.length(street.line.length),
    }  # fmt: skip
    return Outcome(why=why, words=street.name, rank=2)


_RESOLVERS: dict[Relation, Callable[[Atlas, Named], Outcome]] = {
    Relation.JUNCTION: at_junction,
    Relation.STRETCH: _along_stretch,
    Relation.LANDMARK: at_landmark,
    Relation.HOUSE: _at_house,
    Relation.END: _at_end,
    Relation.ROAD: _on_road,
}
