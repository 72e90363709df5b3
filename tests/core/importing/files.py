"""Files as cities send them, drawn in metres from the base point of `tests.drawing`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.conf import settings
from pyogrio.raw import write

from gridmgr.core.geo.crs import transformer
from tests.drawing import XY, at

EAST: list[XY] = [(0, 0), (1000, 0)]
NORTH: list[XY] = [(500, -400), (500, 0), (500, 400)]


def degrees(*points: XY) -> list[list[float]]:
    """Longitude and latitude of points drawn in metres, to a tenth of a millimetre."""
    change = transformer(settings.GRIDMGR_SRID, 4326)
    return [[round(value, 9) for value in change.transform(*at(*each))] for each in points]


def feature(points: Sequence[XY], **properties: Any) -> dict[str, Any]:
    """A GeoJSON line; 东街, primary, unless told otherwise. A property given as ... is left out."""
    properties = {"name": "东街", "class": "primary", **properties}
    return {
        "type": "Feature",
        "properties": {name: value for name, value in properties.items() if value is not ...},
        "geometry": {"type": "LineString", "coordinates": degrees(*points)},
    }


def geojson(path: Path, *features: Any, **members: Any) -> Path:
    """Write a FeatureCollection; `members` go beside `features`."""
    path.write_text(
        json.dumps({"type": "FeatureCollection", **members, "features": list(features)}), encoding="utf-8"
    )
    return path


def named_crs(srid: int) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{srid}"}}


def table(
    path: Path,
    lines: Sequence[Any],
    columns: Mapping[str, Sequence[Any]],
    *,
    srid: int | None = 4326,
    encoding: str | None = None,
    layer: str | None = None,
    append: bool = False,
    geometry_type: str = "LineString",
) -> Path:
    """Write a GeoPackage or Shapefile of lines drawn in metres, in CRS `srid` (None: none named)."""
    write(
        path,
        np.array(
            [shapely.to_wkb(in_crs(line, srid or 4326)) if line is not None else None for line in lines],
            dtype=object,
        ),
        [
            np.array(values, dtype=object if isinstance(values[0], str) else None)
            for values in columns.values()
        ],
        list(columns),
        geometry_type=geometry_type,
        crs=f"EPSG:{srid}" if srid else None,
        encoding=encoding,
        layer=layer,
        append=append,
        driver="GPKG" if path.suffix == ".gpkg" else "ESRI Shapefile",
    )
    return path


def in_crs(drawn: Any, srid: int) -> shapely.Geometry:
    """A line given as drawn points, in CRS `srid`, x first; a ready geometry is taken as it is."""
    if isinstance(drawn, shapely.Geometry):
        return drawn
    change = transformer(settings.GRIDMGR_SRID, srid)
    return shapely.LineString([change.transform(*at(*each)) for each in drawn])
