"""A drawn street for planning tests: 1,000 m due east, 15 m wide, kerbs 7.5 m to the south (right) and north (left).

A draft of six pitches (2.0 × 1.0 m, gap 0.4, aisle 0.8) is 6 × 2.4 + 0.4 = 14.8 m long and 1.8 m deep and begins
0.8 m beyond the kerb: at metre 300 it lies from x = 292.6 to 307.4 and from y = -8.3 to -10.1.
"""

from datetime import time
from typing import Any

from grids.models import Kerb, Road
from tests.drawing import line
from tests.factories import RoadFactory
from vendors.domain.draft import Draft, Position
from vendors.domain.pitching import Layout

LAYOUT = Layout(2.0, 1.0, 0.4, 0.8)


def street(**more: Any) -> Road:
    """The road with both its kerbs."""
    road = RoadFactory(name="平直街", **more)
    for side, y in (("right", -7.5), ("left", 7.5)):
        Kerb.objects.create(road=road, side=side, line=line((0, y), (1000, y)), measures=[0.0, 1000.0])
    return road


def draft(road: Road, metre: float = 300.0, side: str = "right", **more: Any) -> Draft:
    values: dict[str, Any] = {
        "kind": "stall",
        "pitches": 6,
        "layout": LAYOUT,
        "opens": time(6),
        "closes": time(22),
        **more,
    }
    return Draft(position=Position(road.pk, side, metre), **values)


def body(road: Road, metre: float = 300.0, side: str = "right", **more: Any) -> dict[str, Any]:
    """The same draft as the page sends it."""
    return {"kind": "stall", "pitches": 6, "at": {"road": road.pk, "side": side, "metre": metre}, **more}
