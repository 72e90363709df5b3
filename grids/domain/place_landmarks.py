"""At something that has a name: before a school's gate, where a site stands, or only near a park."""

from math import cos, radians, sin

from django.utils.translation import gettext as _
from shapely import LineString, Point
from shapely.affinity import translate

from grids.domain.atlas import Atlas, Landmark
from grids.domain.place_sides import Named, Outcome, spot_on
from grids.domain.place_text import COMPASS, Said
from grids.enums import Side

GATE_REACH_M = 80.0  # a gate farther than this from a road is not on it
FRONT_M = 60.0  # a kerb so near to a place fronts it
LONE_KERB_M = 25.0  # another road's kerb must be so much farther from a gate for its road to be clear
OTHER_SIDE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}


def at_landmark(atlas: Atlas, named: Named) -> Outcome:
    said, mark, road = named.reading.said, named.landmark, named.road
    if mark is None:
        return Outcome()
    if mark.stands is not None:
        return _at_standing(atlas, named, mark)
    bare = not (said.offset_m is not None or said.side or said.corner or said.junction)
    gates = _gates(mark, said.gate)
    if bare and said.gate and gates:
        return _at_gates(atlas, mark, gates, road, opposite=said.opposite)
    shape = mark.shape
    if said.heading:
        shape = _moved(mark.shape, COMPASS[said.heading], said.offset_m or 0.0)
    near = atlas.nearest_kerbs(shape, 2 * FRONT_M)
    near = [each for each in near if road in (None, each[1])] or near
    spots = [
        spot for _away, pk, side, metre in near[:4] for spot in spot_on(atlas, pk, side, metre, mark.name)
    ]
    why = _("“%s”没有登记大门,或没有说在哪条路、哪个门") % mark.name
    return Outcome(spots, False, why, mark.name, rank=1)


def _at_standing(atlas: Atlas, named: Named, mark: Landmark) -> Outcome:
    """What stands at a kerb and was named by its own name."""
    said, (road, side, metre) = named.reading.said, mark.stands or (0, "", 0.0)
    spots = spot_on(atlas, road, side, metre, mark.name)
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
    spots = [spot for pk, side, metre in found for spot in spot_on(atlas, pk, side, metre, words)]
    off = road is not None and all(spot.road != road for spot in spots)
    if off and road is not None:
        why = _("%(mark)s的大门不在%(road)s上") % {"mark": mark.name, "road": atlas.streets[road].name}
        return Outcome(spots, False, why, words, rank=1)
    sure = clear and len(spots) == 1
    return Outcome(spots, sure, "" if sure else _("大门附近不止一条路"), words, rank=0)


def _moved(shape: Point, bearing: float, metres: float) -> Point:
    """The point so many metres beyond the edge of a shape, seen from its middle."""
    middle = shape.centroid
    east, north = sin(radians(bearing)), cos(radians(bearing))
    ray = LineString([middle, translate(middle, 5000 * east, 5000 * north)])
    inside = shape.intersection(ray)
    edge = inside.length if not inside.is_empty else 0.0
    return translate(middle, (edge + metres) * east, (edge + metres) * north)
