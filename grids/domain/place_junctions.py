"""Where two streets meet: the corner that a text names, or so many metres from the junction along one of its arms."""

from django.utils.translation import gettext as _

from gridmgr.core import quantities
from grids.domain.atlas import Atlas, Street, apart, bearing_of
from grids.domain.corners import AIM_DEGREES, Arm, Corner, Edge, Meeting, meetings
from grids.domain.place_sides import (
    SIDE_DEGREES,
    Named,
    Outcome,
    Spot,
    side_towards,
    side_word,
    spot_on,
    way_word,
)
from grids.domain.place_text import COMPASS, Said
from grids.enums import Side

NARROW_M = (
    20.0  # the metres from a junction of so narrow a street are hardly off if they count from its middle
)
AROUND_DEGREES = 60.0  # which corners "the north side of a junction" may mean
DIAGONALS = ("东北", "东南", "西南", "西北")


def at_junction(atlas: Atlas, named: Named) -> Outcome:
    said, road, other = named.reading.said, named.road, named.others[0]
    if road is None or road == other or said.opposite or said.gate:
        return Outcome()
    first, second = atlas.streets[road], atlas.streets[other]
    names = {"road": first.name, "other": second.name}
    places = meetings(atlas, road, other)
    words = _("%(road)s与%(other)s路口") % names
    if not places:
        return _at_near_miss(atlas, road, other, words)
    found = [_around(atlas, place, said, (road, other), words) for place in places]
    spots = [spot for more, _clear in found for spot in more]
    sure = len(places) == 1 and len(spots) == 1 and found[0][1]
    why = "" if sure else _why_unsure(said, len(places), words)
    return Outcome(spots, sure, why, words, rank=0 if spots else 3)


def _at_near_miss(atlas: Atlas, road: int, other: int, words: str) -> Outcome:
    """Two roads that do not meet: where the first comes nearest to the second, when that is near."""
    metre = atlas.near_miss(road, other)
    spots = (
        [] if metre is None else [s for side in Side.values for s in spot_on(atlas, road, side, metre, words)]
    )
    return Outcome(spots, False, apart_in_words(atlas, road, other), words, rank=3)


def apart_in_words(atlas: Atlas, road: int, other: int) -> str:
    one, two = atlas.streets[road], atlas.streets[other]
    return _("%(road)s与%(other)s在图上不相交,最近相距 %(gap)s") % {
        "road": one.name, "other": two.name, "gap": quantities.length(one.line.distance(two.line)),
    }  # fmt: skip


def _why_unsure(said: Said, places: int, words: str) -> str:
    if places > 1:
        return _("%(junction)s有 %(count)s 处,没有说是哪一处") % {"junction": words, "count": places}
    if said.offset_m is not None and not said.heading:
        return _("只说了多少米,没有说往哪个方向")
    if said.corner and said.heading:
        return _("%(junction)s%(corner)s角往%(way)s不清楚是哪条路") % {
            "junction": words,
            "corner": way_word(said.corner),
            "way": way_word(said.heading),
        }
    if said.corner:
        return _("%(junction)s没有明确的%(way)s角") % {"junction": words, "way": way_word(said.corner)}
    if said.heading and said.side:
        return _("%(junction)s往%(way)s不清楚是哪条路、哪一侧") % {
            "junction": words,
            "way": way_word(said.heading),
        }
    if said.heading:
        return _("没有说在路的哪一侧")
    return _("没有说是路口的哪个角")


def _around(
    atlas: Atlas, place: Meeting, said: Said, roads: tuple[int, int], words: str
) -> tuple[list[Spot], bool]:
    """The spots at one junction that are meant, and whether there is no doubt."""
    if said.heading and not said.corner:
        spots, clear = _along(atlas, place, said, roads, words)
        return (spots, clear) if spots else (_anywhere(atlas, place, roads, words), False)
    if said.corner and (corner := place.corner(COMPASS[said.corner])):
        if said.offset_m is not None:
            spots = _from_corner(atlas, corner, said, roads, words)
            return spots or [_at_corner(atlas, corner, edge, words) for edge in corner.edges], len(spots) == 1
        edge = _edge_by_side(atlas, corner, said.side) if said.side else corner.edge_on(roads)
        if edge and edge.arm.road in roads:
            return [_at_corner(atlas, corner, edge, words)], True
    return _anywhere(atlas, place, roads, words, said.corner or said.side), False


def _anywhere(atlas: Atlas, place: Meeting, roads: tuple[int, int], words: str, way: str = "") -> list[Spot]:
    """The corners of a junction on the side `way`, or all; both kerbs of the first road where it has no corners."""
    near = [each for each in place.corners if not way or apart(each.bearing, COMPASS[way]) <= AROUND_DEGREES]
    corners = [(each, edge) for each in near or place.corners if (edge := each.edge_on(roads))]
    if corners:
        return [_at_corner(atlas, corner, edge, words) for corner, edge in corners]
    metre = atlas.streets[roads[0]].line.project(place.centre)
    return [spot for side in Side.values for spot in spot_on(atlas, roads[0], side, metre, words)]


def _edge_by_side(atlas: Atlas, corner: Corner, way: str) -> Edge | None:
    """Of a corner's two kerbs, the one that lies on that side of its own road."""
    found = [
        edge for edge in corner.edges
        if side_towards(atlas.streets[edge.arm.road], edge.metre, way) == edge.side
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _at_corner(atlas: Atlas, corner: Corner, edge: Edge, words: str) -> Spot:
    street = atlas.streets[edge.arm.road]
    where = _("%(junction)s%(way)s角,%(road)s%(side)s侧") % {
        "junction": words,
        "way": way_word(DIAGONALS[int(corner.bearing // 90) % 4]),
        "road": street.name,
        "side": side_word(street, edge.metre, edge.side),
    }
    return Spot(edge.arm.road, edge.side, edge.metre, corner.point, where, toward=edge.arm.toward)


def _from_corner(atlas: Atlas, corner: Corner, said: Said, roads: tuple[int, int], words: str) -> list[Spot]:
    """So many metres from a corner along the one of its kerbs that leads that way; none where none clearly does."""
    if not said.heading or not said.offset_m:
        return []
    way = COMPASS[said.heading]
    edges = [edge for edge in corner.edges if apart(edge.arm.bearing, way) <= AIM_DEGREES]
    if len(edges) != 1 or edges[0].arm.road not in roads:
        return []
    (edge,) = edges
    street, along = atlas.streets[edge.arm.road], edge.arm.toward * said.offset_m
    where = _("%(junction)s%(corner)s角往%(way)s %(metres)s") % {
        "junction": words,
        "corner": way_word(DIAGONALS[int(corner.bearing // 90) % 4]),
        "way": way_word(said.heading),
        "metres": quantities.metres(said.offset_m),
    }
    agrees = not said.side or side_towards(street, edge.metre + along, said.side) == edge.side
    straight = _leads(street, edge.metre, along, said.heading)
    return spot_on(atlas, street.id, edge.side, edge.metre + along, where) if agrees and straight else []


def _along(
    atlas: Atlas, place: Meeting, said: Said, roads: tuple[int, int], words: str
) -> tuple[list[Spot], bool]:
    """So many metres along the one arm of these roads that leads that way, from the junction's edge on."""
    arms = [arm for arm in place.arms_towards(COMPASS[said.heading]) if arm.road in roads]
    if len(arms) != 1:
        return [], False
    (arm,) = arms
    street = atlas.streets[arm.road]
    far = said.offset_m or 0.0
    where = _("%(junction)s往%(way)s %(metres)s") % {
        "junction": words, "way": way_word(said.heading), "metres": quantities.metres(far),
    }  # fmt: skip
    sides: list[str] = list(Side.values)
    middle = street.line.project(place.centre)
    if said.side:
        about = middle + arm.toward * far
        sides = [side for side in sides if side == side_towards(street, about, said.side)]
    begins = {side: _begins(place, arm, side) for side in sides}
    starts = {side: middle if begin is None else begin for side, begin in begins.items()}
    spots = [
        spot
        for side in sides
        for spot in spot_on(atlas, arm.road, side, starts[side] + arm.toward * far, where)
    ]
    straight = all(_leads(street, starts[side], arm.toward * far, said.heading) for side in sides)
    turned = any(side_towards(street, spot.metre, said.side) != spot.side for spot in spots if said.side)
    (other,) = (road for road in roads if road != arm.road)
    known = None not in begins.values() or _is_narrow(atlas, other, place)
    return spots, bool(said.side) and far > 0 and known and straight and not turned


def _leads(street: Street, start: float, along: float, way: str) -> bool:
    """Whether so many metres along a street are about as many that way: it does not bend off before."""
    here, there = street.at(start), street.at(start + along)
    east, north = there.x - here.x, there.y - here.y
    ahead, on = (east**2 + north**2) ** 0.5, street.bearing(start + along, toward=1 if along > 0 else -1)
    return (
        ahead >= 0.8 * abs(along)
        and apart(bearing_of(east, north), COMPASS[way]) <= AIM_DEGREES
        and apart(on, COMPASS[way]) <= SIDE_DEGREES
    )


def _is_narrow(atlas: Atlas, road: int, place: Meeting) -> bool:
    """Whether a street is so narrow at a junction that its middle is nearly its edge."""
    metre = atlas.streets[road].line.project(place.centre)
    left, right = (atlas.kerb_point(road, side, metre) for side in Side.values)
    return left is not None and right is not None and left.distance(right) <= NARROW_M


def _begins(place: Meeting, arm: Arm, side: str) -> float | None:
    """The metre at which an arm leaves its junction: at its corner on that side, or on the other; None without one."""
    edges = [edge for corner in place.corners for edge in corner.edges if edge.arm == arm]
    edges.sort(key=lambda edge: edge.side != side)
    return edges[0].metre if edges else None
