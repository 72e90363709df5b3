"""SQL that says in what an incoming row `i` and a stored row `t` differ."""

from typing import TYPE_CHECKING, Any

from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.fields import DecimalRangeField
from django.db import models
from psycopg2 import sql

if TYPE_CHECKING:
    from gridmgr.core.importing.layers import Extra

# Nearer than this a place or a metre of a road is the same: formats and datums cost less, and a survey knows no better.
SAME_M = 0.001


def column_differs(field: "models.Field[Any, Any]") -> sql.Composable:
    """SQL that is the column's name when incoming and stored differ, else NULL."""
    name = str(field.column)
    return sql.SQL("CASE WHEN {differs} THEN {name} END").format(
        differs=_differs(field, sql.Identifier(name)), name=sql.Literal(name)
    )


def _differs(field: "models.Field[Any, Any]", column: sql.Identifier) -> sql.Composable:
    if isinstance(field, GeometryField):
        return _shape_differs(column, is_line=field.geom_type == "LINESTRING")
    if isinstance(field, DecimalRangeField):
        return sql.SQL(
            "(abs(lower(i.{0}) - lower(t.{0})) < {1} AND abs(upper(i.{0}) - upper(t.{0})) < {1}) IS NOT TRUE"
        ).format(column, sql.Literal(SAME_M))
    return sql.SQL("i.{0} IS DISTINCT FROM t.{0}").format(column)


def extra_column(name: str) -> sql.Identifier:
    """The temporary table's column of an extra field."""
    return sql.Identifier(f"x_{name}")


def extra_differs(extra: "Extra") -> sql.Composable:
    """SQL that is an extra field's name when a value came in and another is stored, else NULL."""
    return sql.SQL(
        "CASE WHEN i.{column} IS NOT NULL AND i.{column} IS DISTINCT FROM ({stored}) THEN {name} END"
    ).format(column=extra_column(extra.name), stored=sql.SQL(extra.stored), name=sql.Literal(extra.name))


def _shape_differs(column: sql.Identifier, *, is_line: bool) -> sql.Composable:
    """Whether two shapes differ by a millimetre or in their number of vertices; a line also by its direction.

    The start and direction of a polygon's rings are each format's own.
    """
    tests = "ST_NPoints(i.{0}) = ST_NPoints(t.{0}) AND ST_HausdorffDistance(i.{0}, t.{0}) < {1}" + (
        " AND ST_Distance(ST_StartPoint(i.{0}), ST_StartPoint(t.{0})) < {1}" if is_line else ""
    )
    return sql.SQL("(" + tests + ") IS NOT TRUE").format(column, sql.Literal(SAME_M))
