"""Layers as geopandas GeoDataFrames in the city's metric CRS, for those who analyse (docs/analysis.md).

Data files and print maps are written from the `Extract` itself: a frame in between costs more (docs/adr/0009).
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.gis.geos import Polygon
from django.db.models import Q, QuerySet

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import metric_srid
from gridmgr.core.geo.datums import datum_of
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.extract import Column, Filters, extract

if TYPE_CHECKING:
    import geopandas

# How pandas holds a type of column so that a missing value stays missing and a whole number whole.
_DTYPES = {"int": "Int64", "float": "Float64", "bool": "boolean", "text": "str", "date": "datetime64[s]"}


def geodataframe(
    layer: Layer,
    *,
    audience: Audience,
    on: date,
    box: Polygon | None = None,
    filters: Filters | Q | None = None,
) -> "geopandas.GeoDataFrame":
    """The rows of `layer` that this reader may see, as of that day; one SQL statement.

    Geometry and lengths are in metres. A column for each field of the layer's data files: days are datetime64, choices
    categories of codes, numbers nullable, ranges two columns from and to, times of day Python's `time`. `attrs`
    says what the rows are (as a file would), how each column is labelled and what the codes mean. `box` and
    `filters` as for `extract`, which also says what is raised.
    """
    import geopandas

    taken = extract(layer, audience=audience, on=on, datum=datum_of(metric_srid()), box=box, filters=filters)
    columns = {each.name: _series(each) for each in taken.columns}
    frame = geopandas.GeoDataFrame(columns, geometry=taken.geometry, crs=metric_srid())
    frame.attrs = {
        **taken.about(),
        "labels": {each.name: each.label for each in taken.columns},
        "words": {each.name: dict(each.words) for each in taken.columns if each.words},
    }
    return frame


def rows_as_frame(
    rows: QuerySet[Any], *, geometry: str, fields: Sequence[str] = ()
) -> "geopandas.GeoDataFrame":
    """Rows of a model that is no layer, such as gates or kerbs, with the lookups `fields` as columns; one SQL statement."""
    import geopandas
    import pandas

    values = list(rows.values_list(geometry, *fields))
    shapes = geopandas.GeoSeries.from_wkb(
        [shape and bytes(shape.wkb) for shape, *_rest in values], crs=metric_srid()
    )
    columns = pandas.DataFrame([rest for _shape, *rest in values], columns=list(fields)).convert_dtypes()
    return geopandas.GeoDataFrame(columns, geometry=shapes)


def _series(column: Column) -> Any:
    import pandas

    if column.words:
        known = [*column.words, *sorted({value for value in column.values if value} - set(column.words))]
        return pandas.Categorical(column.values, categories=known)
    dtype = _DTYPES.get(column.type)
    return pandas.Series(list(column.values), dtype=dtype if dtype else object)
