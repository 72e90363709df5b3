"""What the rules keep places away from, read around runs of kerb: facilities, school gates, carriageways, other uses."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.contrib.gis.geos import Polygon as StoredPolygon
from django.db import connection

from grids.models import SRID, Carriageway, Facility
from parking.models import SchoolGate
from vendors import functions
from vendors.domain import siting
from vendors.domain.kerbside.answer import Wanted
from vendors.domain.kerbside.cells import Cells, holds, merged
from vendors.domain.rectangles import Floats, Runs, Size
from vendors.enums import Target
from vendors.models import PlacementRule

Row = tuple[Any, float]  # a shape as WKB, and half its width


@dataclass(frozen=True)
class Targets:
    """Shapes around the runs, by what rules measure to, with how far from each a rectangle must stay beyond the rule's figure."""

    shapes: dict[str, npt.NDArray[np.object_]]
    required: dict[str, Floats]

    @classmethod
    def around(
        cls, runs: Runs, whole: Cells, wanted: Wanted, rules: Sequence[PlacementRule], on: date
    ) -> "Targets":
        """Reads what lies near the runs: five statements at most."""
        box = _box(runs, whole, wanted.size, rules)
        targets = {rule.target for rule in rules}
        rows: dict[str, list[Row]] = {str(target): [] for target in targets}
        rows |= _facilities(targets, box)
        if Target.SCHOOL_GATE in targets:
            gates = SchoolGate.objects.filter(location__bboverlaps=box).order_by()
            rows[Target.SCHOOL_GATE] = [(gate, 0.0) for (gate,) in gates.values_list(AsWKB("location"))]
        if wanted_ways := targets & WAYS.keys():
            rows |= _ways(wanted_ways, box)
        if Target.KERB_USE in targets:
            rows[Target.KERB_USE] = _kerb_uses(box, wanted, on)
        return cls(
            {
                name: shapely.from_wkb([bytes(shape) for shape, _width in found])
                for name, found in rows.items()
            },
            {name: np.array([width for _shape, width in found], dtype=float) for name, found in rows.items()},
        )


def _facilities(targets: Collection[str], box: StoredPolygon) -> dict[str, list[Row]]:
    """By kind; a footway without a width is none that a rule could measure."""
    found: dict[str, list[Row]] = {}
    facilities = Facility.objects.filter(kind__in=targets, shape__bboverlaps=box).order_by()
    for kind, shape, width in facilities.values_list("kind", AsWKB("shape"), "width_m"):
        if kind != Target.FOOTWAY or width:
            found.setdefault(kind, []).append((shape, (width or 0.0) / 2))
    return found


def _box(runs: Runs, whole: Cells, size: Size, rules: Sequence[PlacementRule]) -> StoredPolygon:
    """All that may matter to rectangles on these cells."""
    kerb = np.concatenate([runs.point(edge) for edge in whole])
    inside = holds(merged(*whole), runs.arc)
    xy = np.concatenate((kerb, runs.xy[inside]))
    reach = (
        max((rule.amount or 0.0 for rule in rules), default=0.0) + size.length + size.depth + abs(size.offset)
    )
    west, south = xy.min(axis=0) - reach - functions.WIDEST_HALF_M / 2
    east, north = xy.max(axis=0) + reach + functions.WIDEST_HALF_M / 2
    box = StoredPolygon.from_bbox((west, south, east, north))
    box.srid = SRID
    return box


# The ways that a rule means, the same that `functions.nearest_targets` means.
WAYS: dict[str, Callable[[Carriageway], bool]] = {
    Target.CARRIAGEWAY: lambda way: (
        way.highway in siting.MAIN_HIGHWAYS and not way.is_link and not way.tunnel and way.level == 0
    ),
    Target.ROADWAY: lambda way: not way.tunnel and way.level <= 0,
    Target.STRUCTURE: lambda way: way.tunnel or way.bridge or way.level != 0,
}


def _ways(targets: Collection[str], box: StoredPolygon) -> dict[str, list[Row]]:
    """By target the ways, in straight segments: each has little near it, and its distance is soon worked out."""
    found: dict[str, list[Row]] = {target: [] for target in targets}
    ways = Carriageway.objects.filter(line__bboverlaps=box).order_by()
    columns = ("highway", "is_link", "bridge", "tunnel", "level", "width_m")
    for way in ways.only(*columns, "line"):
        meant = [target for target in targets if WAYS[target](way)]
        if not meant:
            continue
        pieces = [(piece, way.width_m / 2) for piece in _segments(bytes(way.line.wkb))]
        for target in meant:
            found[target] += pieces
    return found


def _segments(line: bytes) -> list[bytes]:
    xy = shapely.get_coordinates(shapely.from_wkb(line))
    return list(shapely.to_wkb(shapely.linestrings(np.stack((xy[:-1], xy[1:]), axis=1))))


def _kerb_uses(box: StoredPolygon, wanted: Wanted, on: date) -> list[Row]:
    """Sites, bays, drop-off points and lanes that are in use when the wanted place is."""
    with connection.cursor() as cursor:
        cursor.execute(
            functions.kerb_uses_under(within=True),
            {"n": [0], "own": [wanted.site_id], "inner": [box.hexewkb.decode()]},
        )
        rows = cursor.fetchall()
    calendar, occupation = siting.SchoolCalendar(), wanted.occupation

    @cache
    def meets(*when: Any) -> bool:
        used = siting.when_used(*when)
        return occupation.meets(used, since=on, is_school_day=calendar.is_school_day)

    return [
        (shape, functions.PANDA_LANE_HALF_M if what == "lane" else 0.0)
        for _n, what, _pk, _key, _label, first, end, opens, closes, school, shape in rows
        if meets(first, end, tuple(opens), tuple(closes), school)
    ]
