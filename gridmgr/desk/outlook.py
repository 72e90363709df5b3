"""The map of a page: which layers lie on it and which box of the city it shows."""

from collections.abc import Iterable
from typing import Any

from django.contrib.gis.geos import Point
from django.http import HttpRequest

from gridmgr.catalog import BACKDROP, LAYERS
from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.maps import Bounds, MapParts, page_map
from gridmgr.desk.map import city_bounds

MARGIN_M = 60.0


def street_map(
    request: HttpRequest,
    shapes: Iterable[Any],
    *,
    focus: tuple[str, Any] | None = None,
    branches: bool = False,
    own: str = "",
) -> MapParts:
    """The street layers around `shapes` (geometries in the metric CRS).

    `branches` adds the grids' outlines; `own` is the code of the branch whose sections stand out from the others'.
    """
    grids, street = (
        [layer for layer in LAYERS if (layer.part == Part.GRIDS) == grid] for grid in (True, False)
    )
    layers = [*grids, *street] if branches else street
    query = {"date": request.GET["date"]} if request.GET.get("date") else {}
    bounds = box_around(shapes) or city_bounds(audience_of(request.user))
    return page_map(
        request, layers=layers, backdrop=BACKDROP, bounds=bounds, focus=focus, query=query, own=own
    )


def box_around(shapes: Iterable[Any]) -> Bounds | None:
    """West, south, east, north in degrees of the box that holds all `shapes`, with a margin; None for none."""
    boxes = [shape.extent for shape in shapes if shape]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    corners = (
        degrees(min(west) - MARGIN_M, min(south) - MARGIN_M),
        degrees(max(east) + MARGIN_M, max(north) + MARGIN_M),
    )
    return corners[0] + corners[1]


def degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the metric CRS.

    By a transformer that is kept: GEOSGeometry.transform sets PROJ up anew each time, which takes over 30 ms.
    """
    lon, lat = transformer(metric_srid(), WGS84).transform(x, y)
    return lon, lat


def in_metres(lon: float, lat: float) -> Point:
    """The place at these degrees, in the metric CRS."""
    x, y = transformer(WGS84, metric_srid()).transform(lon, lat)
    return Point(x, y, srid=metric_srid())
