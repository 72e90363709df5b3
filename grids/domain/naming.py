"""What people call a stretch of road: from which landmark to which.

"迎泽大街:新建路至五一路" says where a section lies to someone who stands on it; "412–1,630 m" does not.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, FloatField, Func, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gridmgr.core.statements import among, written_once
from grids.enums import RoadClass
from grids.models import Crossing, Road

NEAR_M = 60.0  # an end this near to a crossing is named for it
RING_SHARE = 0.15  # a road whose ends are nearer to each other than this share of its length has no west end

CLASSES = list(RoadClass.values)  # highest first

# (primary key of the road, from metre, to metre)
Stretch = tuple[int, float, float]


@dataclass(frozen=True)
class Ends:
    """The names of both ends of a stretch, in the reader's language."""

    start: str
    end: str

    def __str__(self) -> str:
        return _("%(start)s至%(end)s") % {"start": self.start, "end": self.end}


@dataclass(frozen=True)
class Landmark:
    """A place on a road that people know by name, and its metre.

    `own` marks the road's own two ends; `rank` is the class of the crossing road, 0 the highest.
    """

    at_m: float
    name: str
    own: bool = False
    rank: int = 0


def name_stretches(stretches: Sequence[Stretch], *, metres: bool = True) -> list[Ends]:
    """The names of the ends of each stretch, in order. One query for any number of them.

    An end is named for a crossing within NEAR_M (that with the highest road, then the nearest), else for the road's own
    end by compass, else by its metre (without `metres`: not at all).
    """
    landmarks = landmarks_of({road for road, _from, _to in stretches})
    name_else = metre_name if metres else _no_name
    return [_name(landmarks.get(road, []), from_m, to_m, name_else) for road, from_m, to_m in stretches]


def landmarks_of(roads: Iterable[int]) -> dict[int, list[Landmark]]:
    """Start, crossings and end of each of the roads (primary keys), from metre 0 on. One query."""
    return {
        pk: _landmarks(length, bearing if across >= RING_SHARE * length else None, marks)
        for pk, length, bearing, across, marks in _marked_roads().rows(roads=list(roads))
    }


@written_once
def _marked_roads() -> "QuerySet[Road, Any]":
    rows = Road.objects.filter(among("pk", "roads")).annotate(
        bearing=Func(
            _end("ST_StartPoint"), _end("ST_EndPoint"), function="ST_Azimuth", output_field=FloatField()
        ),
        across=Func(
            _end("ST_StartPoint"), _end("ST_EndPoint"), function="ST_Distance", output_field=FloatField()
        ),
        marks=ArraySubquery(
            Crossing.objects.filter(road=OuterRef("pk"))
            .order_by("at_m", "other__name")
            .values(
                mark=JSONObject(
                    at="at_m", name="other__name", name_en="other__name_en", rank="other__road_class"
                )
            )
        ),
    )
    return rows.order_by().values_list("pk", "length_m", "bearing", "across", "marks")


def said(name: str, name_en: str) -> str:
    """A name in the reader's language, as far as there is one."""
    return (name_en if (get_language() or "").startswith("en") else "") or name


def metre_name(at_m: float) -> str:
    """A place that has no name: "1,150 m 处"."""
    return _("%(metres)s m 处") % {"metres": f"{at_m:,.0f}"}


def _end(function: str) -> Func:
    return Func(F("reference_line"), function=function, output_field=GeometryField())


def _landmarks(length: float, bearing: float | None, marks: list[dict[str, Any]]) -> list[Landmark]:
    start, end = own_ends(bearing)
    crossings = [
        Landmark(float(mark["at"]), said(mark["name"], mark["name_en"]), rank=CLASSES.index(mark["rank"]))
        for mark in marks
    ]
    return [Landmark(0.0, start, own=True), *crossings, Landmark(length, end, own=True)]


def own_ends(bearing: float | None) -> tuple[str, str]:
    """Names of a road's start and end; `bearing` is that from start to end, in radians from north, clockwise."""
    if bearing is None:
        return _("起点"), _("终点")
    north, east, south, west = _("北端"), _("东端"), _("南端"), _("西端")
    quarter = round(bearing / 1.5707963267948966) % 4
    return [(south, north), (west, east), (north, south), (east, west)][quarter]


def _no_name(_at_m: float) -> str:
    return ""


def _name(
    landmarks: list[Landmark], from_m: float, to_m: float, name_else: Callable[[float], str] = metre_name
) -> Ends:
    reach = min(
        NEAR_M, (to_m - from_m) / 2
    )  # in a short stretch, a landmark beyond its middle belongs to the other end
    start, end = _nearest(landmarks, from_m, reach), _nearest(landmarks, to_m, reach)
    if start and end and start.name == end.name:
        # "新建路至新建路" says nothing: the end farther from its landmark takes another name.
        if abs(start.at_m - from_m) > abs(end.at_m - to_m):
            start = _nearest(landmarks, from_m, reach, besides=end.name)
        else:
            end = _nearest(landmarks, to_m, reach, besides=start.name)
    return Ends(start.name if start else name_else(from_m), end.name if end else name_else(to_m))


def _nearest(landmarks: list[Landmark], at_m: float, reach: float, *, besides: str = "") -> Landmark | None:
    near = [mark for mark in landmarks if abs(mark.at_m - at_m) <= reach and mark.name != besides]
    return min(near, key=lambda mark: (mark.own, mark.rank, abs(mark.at_m - at_m)), default=None)
