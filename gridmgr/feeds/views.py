"""Tiles and GeoJSON of the catalog's layers."""

from collections.abc import Callable
from datetime import date

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from gridmgr.catalog import layer_named, layers_named
from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.geo.tilegrid import Tile
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.geojson import feature_collection
from gridmgr.core.layers.tiles import mvt
from gridmgr.core.layers.version import etag
from gridmgr.core.outage import begun
from gridmgr.feeds.query import box_of, day_of, told_of_its_day

MVT_TYPE = "application/vnd.mapbox-vector-tile"
GEOJSON_TYPE = "application/geo+json"


@require_GET
@told_of_its_day
def tile(request: HttpRequest, layers: str, z: int, x: int, y: int) -> HttpResponseBase:
    """`/tiles/{layer}/{z}/{x}/{y}.pbf`; several layer names with commas give one tile with all of them."""
    wanted, where = layers_named(layers), Tile(z, x, y)
    audience, on = audience_of(request.user), day_of(request)
    return _unless_unchanged(
        request,
        wanted,
        on,
        lambda: HttpResponse(mvt(wanted, where, audience=audience, on=on), content_type=MVT_TYPE),
    )


@require_GET
@told_of_its_day
def geojson(request: HttpRequest, layer: str) -> HttpResponseBase:
    """`/layers/{layer}.geojson?bbox=&date=&points=1`."""
    wanted, box = layer_named(layer), box_of(request)
    audience, on = audience_of(request.user), day_of(request)
    as_points = request.GET.get("points") == "1"

    def body() -> HttpResponseBase:
        pieces = feature_collection(wanted, audience=audience, on=on, box=box, as_points=as_points)
        return StreamingHttpResponse(begun(pieces, pieces=2), content_type=GEOJSON_TYPE)

    return _unless_unchanged(request, [wanted], on, body)


def _unless_unchanged(
    request: HttpRequest, layers: list[Layer], on: date, body: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """304 when the reader's copy is of this state of the data, else `body` with the ETag."""
    tables = sorted({table for layer in layers for table in layer.tables})
    tag = etag(tables=tables, audience=audience_of(request.user), on=on)
    held = {part.strip() for part in request.headers.get("If-None-Match", "").split(",")}
    response: HttpResponseBase = HttpResponse(status=304) if tag in held else body()
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Cookie"
    return response
