"""Drawn streets with kerbs and carriageways: side by side, across each other, one above the other."""

from typing import Any

from grids.models import Carriageway, Kerb, Road
from tests.drawing import line
from tests.factories import RoadFactory


def street(
    name: str, y: float, half: float, *, north: bool = False, left: float | None = None, **way: Any
) -> Road:
    """A street with both kerbs `half` metres (the left one `left`) from its line, and a carriageway between them.

    1,000 m due east at `y`, or due north at x = `y` from 500 m south on.
    """
    left = half if left is None else left

    def drawn(off: float) -> Any:
        if north:
            return line((y - off, -500), (y - off, 500))
        return line((0, y + off), (1000, y + off))

    road: Road = RoadFactory(name=name, width_m=left + half, reference_line=drawn(0))
    for side, off in (("left", left), ("right", -half)):
        Kerb.objects.create(road=road, side=side, line=drawn(off), measures=[0, 1000])
    middle = (left - half) / 2
    Carriageway.objects.create(
        road=road, source_id=name, name=name, highway="primary", width_m=left + half,
        width_origin="measured", line=drawn(middle), **way,
    )  # fmt: skip
    return road


def dual(name: str = "大街") -> Road:
    """Two carriageways of 10 m at 10 m north and south of the line; nothing in the middle."""
    road = street(name, 0, 15)
    Carriageway.objects.all().delete()
    for off in (10, -10):
        Carriageway.objects.create(
            road=road, source_id=f"{name}{off}", name=name, highway="primary", width_m=10,
            width_origin="measured", line=line((0, off), (1000, off)),
        )  # fmt: skip
    return road
