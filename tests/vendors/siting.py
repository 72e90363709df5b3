"""Drawing for siting tests: places and facilities in round metres around tests.drawing.BASE."""

from datetime import date, time
from itertools import count
from typing import Any

import shapely
from psycopg2.extras import DateRange

from grids.models import Facility
from tests.drawing import point, rect
from vendors.domain.place import Place, as_shapely
from vendors.enums import SiteKind

ON = date(2026, 11, 22)
SEASON = DateRange(date(2026, 5, 1), date(2026, 12, 1), "[)")
_numbers = count(1)


def ground(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    """The rectangle with lower left corner (x, y), as shapely."""
    return as_shapely(rect(x, y, width, height))


def place(x: float = 300, y: float = -16, width: float = 16, height: float = 4, **more: Any) -> Place:
    """A stall site with board and bins, open 07:00–21:00; a market has its season from May to November 2026."""
    values: dict[str, Any] = {
        "kind": SiteKind.STALL,
        "opens": time(7),
        "closes": time(21),
        "sign_board": True,
        "bins": 1,
        **more,
    }
    if values["kind"] == SiteKind.MARKET:
        values.setdefault("season", SEASON)
    return Place(area=ground(x, y, width, height), **values)


def facility(kind: str, shape: Any, **more: Any) -> Facility:
    return Facility.objects.create(source_id=f"test:{next(_numbers)}", kind=kind, shape=shape, **more)


def spot(kind: str, x: float, y: float, **more: Any) -> Facility:
    """A facility that is a point."""
    return facility(kind, point(x, y), **more)
