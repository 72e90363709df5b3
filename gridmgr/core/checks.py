"""System checks: a deployment that can't work says so at start, with the setting's name."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from gridmgr.core.geo.crs import metric_srid, why_not_metric


@register(Tags.compatibility)
def metric_crs_is_metric(**_: Any) -> list[CheckMessage]:
    """GRIDMGR_SRID must name a projected CRS in metres."""
    if why := why_not_metric(metric_srid()):
        return [
            Error(f"GRIDMGR_SRID={metric_srid()}: {why}", hint="4547 is CGCS2000, 114°E", id="gridmgr.E001")
        ]
    return []


@register(Tags.database)
def stored_crs_is_the_setting(
    app_configs: Any = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Once migrated, the stored CRS and GRIDMGR_SRID must agree: changing one alone would mix coordinates."""
    return [error for alias in databases or [] for error in _compare(alias)]


def _compare(alias: str) -> list[CheckMessage]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT to_regclass('geometry_columns') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return []
        cursor.execute("SELECT srid FROM geometry_columns WHERE f_table_name = 'grids_road' LIMIT 1")
        row = cursor.fetchone()
    if row is None or row[0] == metric_srid():
        return []
    return [
        Error(
            f"This database stores EPSG:{row[0]}, but GRIDMGR_SRID={metric_srid()}",
            hint="Set GRIDMGR_SRID back, or start a new database (GRIDMGR_VAR) for the other CRS",
            id="gridmgr.E002",
        )
    ]
