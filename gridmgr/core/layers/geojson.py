"""Layers as GeoJSON (RFC 7946), written by PostGIS and streamed."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
from django.contrib.gis.db.models.functions import AsGeoJSON, PointOnSurface, Transform
from django.contrib.gis.geos import Polygon
from django.db.models import F, Q, QuerySet

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import WGS84, metric_box
from gridmgr.core.layers.base import FEATURE_CAP, Layer
from gridmgr.core.past import Tense, as_of, tense_of

# 1e-6 degrees is about 0.1 m.
DECIMALS = 6


def feature_collection(
    layer: Layer,
    *,
    audience: Audience,
    on: date,
    box: Polygon | None = None,
    as_points: bool = False,
    condition: Q | None = None,
    cap: int = FEATURE_CAP,
) -> Iterator[bytes]:
    """The layer's features in WGS 84 as of that day, as the bytes of a FeatureCollection, in pieces.

    `box` (any CRS) keeps features whose cover meets it; `as_points` gives one point inside each feature; `condition`
    keeps some rows only. At most `cap` features; when there were more, the member `truncated` is true.
    Of a day to come the member `planned` is true.
    """
    rows = within(layer.annotated(audience, on).filter(condition or Q()), layer, box)
    shape: Any = PointOnSurface(F(layer.geometry)) if as_points else F(layer.geometry)
    rows = rows.annotate(p_shape=AsGeoJSON(Transform(shape, WGS84), precision=DECIMALS))
    names = [name.removeprefix("p_") for name in layer.property_names]
    truncated = False
    with as_of(on):
        yield b'{"type":"FeatureCollection","features":['
        for index, (shape_text, *values) in enumerate(
            rows.values_list("p_shape", *layer.property_names)[: cap + 1].iterator(chunk_size=2000)
        ):
            if index == cap:
                truncated = True
                break
            yield _feature(shape_text, dict(zip(names, values, strict=True)), first=index == 0)
    planned = b',"planned":true' if tense_of(on) == Tense.FUTURE else b""  # of a day to come
    yield b'],"truncated":' + (b"true" if truncated else b"false") + planned + b"}"


def within(rows: QuerySet[Any], layer: Layer, box: Polygon | None) -> QuerySet[Any]:
    """Rows whose cover's box meets `box`; the literal is transformed, not the column, so that the index serves."""
    if box is None:
        return rows
    return rows.filter(**{f"{layer.cover_field}__bboverlaps": metric_box(box.extent, box.srid or WGS84)})


def _feature(shape_text: str | None, properties: dict[str, Any], *, first: bool) -> bytes:
    feature = {
        "type": "Feature",
        "id": properties.pop("key"),
        "geometry": orjson.Fragment(shape_text) if shape_text else None,
        "properties": properties,
    }
    return (b"" if first else b",") + orjson.dumps(feature)
