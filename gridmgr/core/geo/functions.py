"""PostGIS functions that Django lacks, as ORM expressions."""

from django.contrib.gis.db.models import LineStringField
from django.contrib.gis.db.models.functions import GeoFunc
from django.db import connection
from django.db.models import FloatField, Func, Model


class LineSubstring(GeoFunc):
    """The stretch of a line between two fractions of its length (PostGIS ST_LineSubstring)."""

    function = "ST_LineSubstring"
    geom_param_pos = (0,)

    @property
    def output_field(self) -> LineStringField:
        return LineStringField(srid=self.geo_field.srid)


class LengthInMetres(GeoFunc):
    """ST_Length of a geometry in the metric CRS, as a plain number of metres."""

    function = "ST_Length"
    output_field = FloatField()


class KerbBox(Func):
    """The place of a stretch at a kerb as a box, from (road, side, stretch): boxes overlap where the stretches do.

    Our own SQL function, made by parking's first migration. In an exclusion constraint over many rows GiST compares
    boxes several times as fast as an integer, a text and a range of numerics.
    """

    function = "kerb_box"
    arity = 3


class RangeLower(Func):
    """Lower bound of a numeric range, as a float."""

    function = "lower"
    template = "%(function)s(%(expressions)s)::float8"
    output_field = FloatField()


class RangeUpper(Func):
    """Upper bound of a numeric range, as a float."""

    function = "upper"
    template = "%(function)s(%(expressions)s)::float8"
    output_field = FloatField()


def nearest_line_distances(model: type[Model], column: str) -> str:
    """SQL for (group, median, 90th percentile) of the metres from points to the nearest geometry of `model`.

    Its parameters are the groups, eastings and northings of the points as three arrays, and the SRID.
    """
    table, field = (connection.ops.quote_name(name) for name in (model._meta.db_table, column))
    return f"""
        SELECT point.n, (percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY nearest.metres))[1],
               (percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY nearest.metres))[2]
        FROM (SELECT n, ST_SetSRID(ST_MakePoint(x, y), %s) AS place
              FROM unnest(%s::int[], %s::float8[], %s::float8[]) AS given (n, x, y)) AS point
        CROSS JOIN LATERAL (
            SELECT {field} <-> point.place AS metres FROM {table} ORDER BY {field} <-> point.place LIMIT 1
        ) AS nearest
        GROUP BY point.n
    """
