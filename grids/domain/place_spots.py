"""From a reading whose names are known to spots of kerb: corners, distances along a street, stretches, gates.

Each resolver says whether its spots are certain. Sides and corners go by compass, distances by the metres of the road.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from shapely import Point
from shapely.affinity import translate

from gridmgr import quantities
from grids.domain.atlas import Atlas, Landmark, Street, apart, bearing_of
from grids.domain.corners import AIM_DEGREES, Arm, Corner, Edge, Meeting, meetings
from grids.domain.place_text import COMPASS, Reading, Relation, Said
from grids.enums import Side

SIDE_DEGREES = 55.0  # how far a kerb may lie off the compass point by which its side is named
AROUND_DEGREES = 60.0  # which corners "the north side of a junction" may mean
GATE_REACH_M = 80.0  # a gate farther than this from a road is not on it
FRONT_M = 60.0  # a kerb so near to a place fronts it
LONE_KERB_M = 25.0  # another road's kerb must be so much farther from a gate for its road to be clear
STRETCH_M = (20.0, 6000.0)
OTHER_SIDE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
CARDINALS, DIAGONALS = ("北", "东", "南", "西"), ("东北", "东南", "西南", "西北")
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


def resolve(atlas: Atlas, named: Named) -> Outcome:
    """Where a reading with found names is. What is guessed, rough or unread is never sure."""
    outcome = _RESOLVERS[named.reading.relation](atlas, named)
    outcome.roads = tuple(pk for pk in (named.road, *named.others) if pk is not None)
    doubts = [*named.guesses]
    if named.reading.said.roughly:
        doubts.append(_("只说在附近或两侧,没有说准"))
    if named.reading.unread:
        doubts.append(_("“%s”没有读懂") % named.reading.unread)
    if doubts:
        outcome.sure = False
        outcome.why = _(";").join([*doubts, *([outcome.why] if outcome.why else [])])
        outcome.rank += 2 + 2 * len(named.guesses)
    return outcome


# ── Sides ─────────────────────────────────────────────────────────────────────────────────────────────────


def side_towards(street: Street, metre: float, way: str) -> str | None:
    """The kerb on that compass side of a street around a metre; None where the street runs that way itself."""
    return _side_of(street.course(metre), way)


def _side_of(course: float, way: str) -> str | None:
    off = apart(course + 90, COMPASS[way])
    if off <= SIDE_DEGREES:
        return Side.RIGHT
    return Side.LEFT if off >= 180 - SIDE_DEGREES else None


def _way(said: str) -> str:
    """A compass word in the reader's language."""
    return str(WAY_WORDS.get(said, said))


def side_word(street: Street, metre: float, side: str) -> str:
    """By which compass word people call that side of the street there: 南."""
    across = street.course(metre) + (90 if side == Side.RIGHT else -90)
    return _way(CARDINALS[round(across / 90) % 4])


def _runs(street: Street, metre: float) -> str:
    """How the street runs there, in words."""
    return _("东西走向") if 45 <= street.course(metre) % 180 < 135 else _("南北走向")


def _spot(
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


# ── Junctions ─────────────────────────────────────────────────────────────────────────────────────────────


def _at_junction(atlas: Atlas, named: Named) -> Outcome:
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
        [] if metre is None else [s for side in Side.values for s in _spot(atlas, road, side, metre, words)]
    )
    return Outcome(spots, False, _apart_in_words(atlas, road, other), words, rank=3)


def _apart_in_words(atlas: Atlas, road: int, other: int) -> str:
    one, two = atlas.streets[road], atlas.streets[other]
    return _("%(road)s与%(other)s在图上不相交,最近相距 %(gap)s") % {
        "road": one.name, "other": two.name, "gap": quantities.length(one.line.distance(two.line)),
    }  # fmt: skip


def _why_unsure(said: Said, places: int, words: str) -> str:
    if places > 1:
        return _("%(junction)s有 %(count)s 处,没有说是哪一处") % {"junction": words, "count": places}
    if said.corner:
        return _("%(junction)s没有明确的%(way)s角") % {"junction": words, "way": _way(said.corner)}
    if said.heading and said.side:
        return _("%(junction)s往%(way)s不清楚是哪条路、哪一侧") % {
            "junction": words,
            "way": _way(said.heading),
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
    if said.corner and not said.heading and (corner := place.corner(COMPASS[said.corner])):
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
    return [spot for side in Side.values for spot in _spot(atlas, roads[0], side, metre, words)]


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
        "way": _way(DIAGONALS[int(corner.bearing // 90) % 4]),
        "road": street.name,
        "side": side_word(street, edge.metre, edge.side),
    }
    return Spot(edge.arm.road, edge.side, edge.metre, corner.point, where, toward=edge.arm.toward)


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
        "junction": words, "way": _way(said.heading), "metres": quantities.metres(far),
    }  # fmt: skip
    sides: list[str] = list(Side.values)
    if said.side:
        about = street.line.project(place.centre) + arm.toward * far
        sides = [side for side in sides if side == side_towards(street, about, said.side)]
    starts = {side: _begins(place, arm, side, street) for side in sides}
    spots = [
        spot
        for side in sides
        for spot in _spot(atlas, arm.road, side, starts[side] + arm.toward * far, where)
    ]
    straight = all(_leads(street, starts[side], arm.toward * far, said.heading) for side in sides)
    return spots, bool(said.side) and far > 0 and straight


def _leads(street: Street, start: float, along: float, way: str) -> bool:
    """Whether so many metres along a street are about as many that way: it does not bend off before."""
    here, there = street.at(start), street.at(start + along)
    east, north = there.x - here.x, there.y - here.y
    ahead = (east**2 + north**2) ** 0.5
    return ahead >= 0.8 * abs(along) and apart(bearing_of(east, north), COMPASS[way]) <= AIM_DEGREES


def _begins(place: Meeting, arm: Arm, side: str, street: Street) -> float:
    """The metre at which an arm leaves its junction: at its corner on that side, or on the other, else in the middle."""
    edges = [edge for corner in place.corners for edge in corner.edges if edge.arm == arm]
    edges.sort(key=lambda edge: edge.side != side)
    return edges[0].metre if edges else street.line.project(place.centre)


# ── Stretches ─────────────────────────────────────────────────────────────────────────────────────────────


def _along_stretch(atlas: Atlas, named: Named) -> Outcome:
    said, road = named.reading.said, named.road
    if road is None or road in named.others or said.heading or said.gate or said.corner or said.opposite:
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
    return [] if near is None else [near], _apart_in_words(atlas, road, other)


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
    return [spot for side in sides for spot in _spot(atlas, street.id, side, middle, words, stretch=pair)]


def _doubt_of_stretch(street: Street, pairs: list[tuple[float, float]], said: Said) -> str:
    if not pairs:
        return _("这一段太短或太长")
    if len(pairs) > 1:
        return _("%s多次经过所说的路口,没有说是哪一段") % street.name
    if said.side:
        middle = sum(pairs[0]) / 2
        return _("%(road)s在这里%(runs)s,分不出%(side)s侧") % {
            "road": street.name, "runs": _runs(street, middle), "side": _way(said.side),
        }  # fmt: skip
    return _("没有说在路的哪一侧")


# ── Landmarks ─────────────────────────────────────────────────────────────────────────────────────────────


def _at_landmark(atlas: Atlas, named: Named) -> Outcome:
    said, mark, road = named.reading.said, named.landmark, named.road
    if mark is None:
        return Outcome()
    if mark.stands is not None:
        return _at_standing(atlas, named, mark)
    bare = not (said.heading or said.side or said.corner or said.junction)
    gates = _gates(mark, said.gate)
    if bare and said.gate and gates:
        return _at_gates(atlas, mark, gates, road, opposite=said.opposite)
    shape = mark.shape
    if said.heading:
        shape = _moved(mark.shape, COMPASS[said.heading], said.offset_m or 0.0)
    near = atlas.nearest_kerbs(shape, 2 * FRONT_M)
    near = [each for each in near if road in (None, each[1])] or near
    spots = [spot for _away, pk, side, metre in near[:4] for spot in _spot(atlas, pk, side, metre, mark.name)]
    why = _("“%s”没有登记大门,或没有说在哪条路、哪个门") % mark.name
    return Outcome(spots, False, why, mark.name, rank=1)


def _at_standing(atlas: Atlas, named: Named, mark: Landmark) -> Outcome:
    """What stands at a kerb and was named by its own name."""
    said, (road, side, metre) = named.reading.said, mark.stands or (0, "", 0.0)
    spots = _spot(atlas, road, side, metre, mark.name)
    alone = said == Said() and named.road in (None, road)
    return Outcome(
        spots, alone and len(spots) == 1, "" if alone else _("只认出了“%s”") % mark.name, mark.name, rank=0
    )


def _gates(mark: Landmark, said: str) -> list[Point]:
    """The gates that a word means: 北 those called so; 正, 大, 校 or no word the main one, or all."""
    if said in ("东", "南", "西", "北", "侧"):
        return [point for name, point in mark.gates if said in name]
    main = [point for name, point in mark.gates if name[:1] in ("正", "大")]
    return main or [point for _name, point in mark.gates]


def _at_gates(
    atlas: Atlas, mark: Landmark, gates: list[Point], road: int | None, *, opposite: bool
) -> Outcome:
    found: list[tuple[int, str, float]] = []
    clear = True
    for gate in gates:
        near = atlas.nearest_kerbs(gate, GATE_REACH_M)
        on_road = [each for each in near if each[1] == road]
        clear = clear and bool(
            on_road or (len(near) == 1 or (near[1:2] and near[1][0] > near[0][0] + LONE_KERB_M))
        )
        for _away, pk, side, metre in (on_road or near)[: 1 if on_road or clear else 3]:
            found.append((pk, OTHER_SIDE[Side(side)] if opposite else side, metre))
    words = _("%s门口") % mark.name + (_("对面") if opposite else "")
    spots = [spot for pk, side, metre in found for spot in _spot(atlas, pk, side, metre, words)]
    off = road is not None and all(spot.road != road for spot in spots)
    if off and road is not None:
        why = _("%(mark)s的大门不在%(road)s上") % {"mark": mark.name, "road": atlas.streets[road].name}
        return Outcome(spots, False, why, words, rank=1)
    sure = clear and len(spots) == 1
    return Outcome(spots, sure, "" if sure else _("大门附近不止一条路"), words, rank=0)


def _moved(shape: Point, bearing: float, metres: float) -> Point:
    """The point so many metres beyond the edge of a shape, seen from its middle."""
    from math import cos, radians, sin

    from shapely import LineString

    middle = shape.centroid
    east, north = sin(radians(bearing)), cos(radians(bearing))
    ray = LineString([middle, translate(middle, 5000 * east, 5000 * north)])
    inside = shape.intersection(ray)
    edge = inside.length if not inside.is_empty else 0.0
    return translate(middle, (edge + metres) * east, (edge + metres) * north)


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
        return Outcome(why=_("%(road)s没有%(way)s口") % {"road": street.name, "way": _way(said.end)}, rank=4)
    inside = 10.0 if metre == 0.0 else last - 10.0
    words = _("%(road)s%(way)s口") % {"road": street.name, "way": _way(said.end)}
    sides: Iterable[str] = Side.values
    if said.side and (side := side_towards(street, inside, said.side)):
        sides = [side]
    spots = [spot for side in sides for spot in _spot(atlas, street.id, side, inside, words)]
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
    Relation.JUNCTION: _at_junction,
    Relation.STRETCH: _along_stretch,
    Relation.LANDMARK: _at_landmark,
    Relation.HOUSE: _at_house,
    Relation.END: _at_end,
    Relation.ROAD: _on_road,
}
