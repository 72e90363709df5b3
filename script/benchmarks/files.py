"""Data files of 100,000 bays and 100,000 hydrants, out and in, beside GDAL's ogr2ogr on the same rows, in turn.

ogr2ogr (Debian's gdal-bin) is a peer to measure by, no part of the product: without it our own figures stand alone.
Coming in it is measured twice: by COPY into the table that it makes by itself (a primary key and a spatial index, no
promises), and by COPY into one with our table's checks, exclusion constraint, indexes, check of stretches and history.
In a database of its own, on the same server with the same settings for both.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pgtrigger
import shapely
from django.db import connection
from django.utils.timezone import localdate

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import metric_srid
from gridmgr.core.geo.datums import WGS84, from_metric
from gridmgr.core.history import truncate_guards
from gridmgr.core.importing.layers import import_layer
from gridmgr.core.layers.files import export_layer
from gridmgr.data_files import importer_named, labels_of_layer
from script.benchmarks.timing import seconds

COUNT = int(os.environ.get("GRIDMGR_BENCH_ROWS", "100000"))
ROADS = 40
BAY_M = 6.0
# ogr2ogr writes no GeoParquet here, no KML of this size in minutes, and no sheet that opens with filters and notes.
ALONE = ("kml", "parquet", "xlsx")
OUT_RUNS, IN_RUNS = 3, 3
BASE = (400_000.0, 4_190_000.0)
OUT = {
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "zip": "ESRI Shapefile",
    "fgb": "FlatGeobuf",
    "csv": "CSV",
}
IN = ("gpkg", "geojson", "csv")


@dataclass(frozen=True)
class _Rows:
    """One layer's rows: how they are drawn, and SQL for the peer of what we export and of the table as it is stored."""

    layer: str
    table: str
    draw: Callable[[], tuple[np.ndarray, dict[str, np.ndarray]]]
    exported: str
    stored: str


def run() -> list[dict[str, Any]]:
    """Seconds of each format, out and in; medians of a few runs, ours and ogr2ogr's in turn."""
    peer = shutil.which("ogr2ogr") or ""
    with _own_database() as source, tempfile.TemporaryDirectory(prefix="gridmgr-bench-") as folder:
        _lay_roads()
        return [figure for rows in (BAYS, HYDRANTS) for figure in _figures(rows, Path(folder), source, peer)]


def _figures(rows: _Rows, folder: Path, source: str, peer: str) -> list[dict[str, Any]]:
    room = folder / rows.layer
    room.mkdir()
    _write_gpkg(rows, room / "drawn.gpkg")
    _bring_in(rows, room / "drawn.gpkg")
    figures = [_out(rows, suffix, driver, room, source, peer) for suffix, driver in OUT.items()]
    figures += [_alone(rows, suffix, room) for suffix in ALONE]
    if peer:
        _ogr(peer, "-f", "GPKG", room / "table.gpkg", source, "-sql", rows.stored, "-nln", "table")
    for suffix in IN:
        _send_out(rows, room / f"in.{suffix}")
        figures += _in(rows, room / f"in.{suffix}", room / "table.gpkg", source, peer)
    return figures


# ── The rows ──────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _own_database() -> Iterator[str]:
    """A database of the benchmark's own, as ogr2ogr names it; it is gone afterwards."""
    before = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = "gridmgr_bench_files"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield _as_ogr()
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def _as_ogr() -> str:
    given = connection.settings_dict
    named = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return "PG:" + " ".join(f"{key}='{given[name]}'" for key, name in named.items() if given.get(name))


def _lay_roads() -> None:
    """Parallel streets due east, 100 m apart, as long as the bays need."""
    length = COUNT / ROADS / 2 * BAY_M + 100
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grids_road (name, name_en, road_class, carriageway_kind, width_m, width_origin, reference_line,
                                    covered_share, beside_itself_m, ways_used, ways_left_out, source)
            SELECT '测试' || i || '路', '', 'arterial', 'two_way', 15, 'measured',
                   ST_SetSRID(ST_MakeLine(ST_MakePoint(%s, %s + i * 100), ST_MakePoint(%s, %s + i * 100)), %s),
                   1, 0, 1, '[]', '' FROM generate_series(0, %s) AS i
            """,
            [BASE[0], BASE[1], BASE[0] + length, BASE[1], metric_srid(), ROADS - 1],
        )


def _bays() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One behind the other along both kerbs of each street."""
    index = np.arange(COUNT)
    road, side, place = index % ROADS, index // ROADS % 2, index // (2 * ROADS)
    west, south = BASE[0] + place * BAY_M, BASE[1] + road * 100 + np.where(side == 0, 5.0, -7.5)
    return shapely.box(west, south, west + BAY_M, south + 2.5), {
        "number": _text(f"BW{each:06d}" for each in index),
        "road": _text(f"测试{each}路" for each in road),
        "side": np.array(["left", "right"], dtype=np.dtype("O"))[side],
        "from_m": place * BAY_M,
        "to_m": (place + 1) * BAY_M,
    }


def _hydrants() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A net of points, 50 m apart."""
    index = np.arange(COUNT)
    spots = shapely.points(BASE[0] + index % 400 * 50, BASE[1] + index // 400 * 50)
    return spots, {
        "source_id": _text(f"xf:{each:06d}" for each in index),
        "name": _text(f"消防栓{each}" for each in index),
    }


BAYS = _Rows(
    layer="bays",
    table="parking_bay",
    draw=_bays,
    exported="""
        SELECT b.number, b.kind, b.state, r.name AS road, b.side, lower(b.stretch)::float8 AS from_m,
               upper(b.stretch)::float8 AS to_m, b.opens::text, b.closes::text, b.is_demo AS demo, b.area
        FROM parking_bay b JOIN grids_road r ON r.id = b.road_id WHERE b.state <> 'removed' ORDER BY b.number
    """,
    stored="""
        SELECT number, kind, state, opens::text, closes::text, road_id, side, stretch::text, is_demo, area
        FROM parking_bay ORDER BY id
    """,
)
HYDRANTS = _Rows(
    layer="hydrants",
    table="grids_facility",
    draw=_hydrants,
    exported="""
        SELECT source_id, name, source, is_demo AS demo, shape
        FROM grids_facility WHERE kind = 'hydrant' ORDER BY source_id
    """,
    stored="SELECT source_id, kind, name, source, is_demo, shape FROM grids_facility ORDER BY id",
)


def _text(values: Iterator[str]) -> np.ndarray:
    return np.array(list(values), dtype=np.dtype("O"))


def _write_gpkg(rows: _Rows, path: Path) -> None:
    from pyogrio.raw import write

    shapes, fields = rows.draw()
    write(
        path,
        shapely.to_wkb(from_metric(shapes, WGS84)),
        list(fields.values()),
        list(fields),
        geometry_type=shapes[0].geom_type,
        crs="EPSG:4326",
        driver="GPKG",
    )


def _bring_in(rows: _Rows, path: Path) -> None:
    with pgtrigger.ignore(*truncate_guards()), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {rows.table}, {rows.table}event CASCADE")
    report = import_layer(path, importer_named(rows.layer), labels=labels_of_layer(rows.layer))
    if report.counts[rows.layer]["created"] != COUNT:
        raise RuntimeError(report.refused[:3])


def _send_out(rows: _Rows, path: Path) -> None:
    done = export_layer(layer_named(rows.layer), path, audience=Audience(role="office"), on=localdate())
    if done.features != COUNT:
        raise RuntimeError(f"{done.features} of {COUNT} {rows.layer}")


# ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────


def _out(rows: _Rows, suffix: str, driver: str, room: Path, source: str, peer: str) -> dict[str, Any]:
    if not peer:
        return _alone(rows, suffix, room)

    def theirs() -> None:
        # A Shapefile is written plain and zipped as ours is; CSV carries WKT, as ours does.
        folder = Path(tempfile.mkdtemp(dir=room))
        target = folder / ("rows.shp" if suffix == "zip" else f"rows.{suffix}")
        options = ["-sql", rows.exported, "-nln", "rows", "-t_srs", "EPSG:4326"]
        more = ["-lco", "GEOMETRY=AS_WKT"] if suffix == "csv" else []
        _ogr(peer, "-f", driver, target, source, *options, *more)
        if suffix == "zip":
            shutil.make_archive(str(room / "peer"), "zip", folder)
        shutil.rmtree(folder)

    figure = f"{rows.layer} out, .{suffix}, s"
    return _compared(figure, lambda: _send_out(rows, room / f"out.{suffix}"), theirs, OUT_RUNS, "≤ 1.5")


def _alone(rows: _Rows, suffix: str, room: Path) -> dict[str, Any]:
    value = median(seconds(lambda: _send_out(rows, room / f"out.{suffix}")) for _ in range(OUT_RUNS))
    return _row(f"{rows.layer} out, .{suffix}, s", value)


# ── In ────────────────────────────────────────────────────────────────────────────────────────────────────


def _in(rows: _Rows, path: Path, table: Path, source: str, peer: str) -> list[dict[str, Any]]:
    figure = f"{rows.layer} in, {path.suffix}, s"
    if not peer:
        return [_row(figure, median(seconds(lambda: _bring_in(rows, path)) for _ in range(IN_RUNS)))]
    peers = {
        "bare table": lambda: _copy_bare(peer, path, source),
        "same promises": lambda: _copy_guarded(rows, peer, table, source),
    }
    return [
        _compared(f"{figure} ({kind})", lambda: _bring_in(rows, path), theirs, IN_RUNS, "≤ 2")
        for kind, theirs in peers.items()
    ]


def _copy_bare(peer: str, path: Path, source: str) -> None:
    """ogr2ogr with COPY into a new table as it makes one by itself, in the metric CRS."""
    more = ["-oo", "GEOM_POSSIBLE_NAMES=WKT [wgs84]", "-s_srs", "EPSG:4326"] if path.suffix == ".csv" else []
    options = ["-nln", "bare", "-overwrite", "-t_srs", f"EPSG:{metric_srid()}"]
    _ogr(peer, "-f", "PostgreSQL", source, path, *options, "--config", "PG_USE_COPY", "YES", *more)


def _copy_guarded(rows: _Rows, peer: str, table: Path, source: str) -> None:
    """ogr2ogr with COPY into a table with all that ours has; the file names ids and ranges ready-made.

    All but the foreign key.
    """
    with pgtrigger.ignore(*truncate_guards()), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {rows.table}event")
        cursor.execute("DROP TABLE IF EXISTS guarded")
        cursor.execute(f"CREATE TABLE guarded (LIKE {rows.table} INCLUDING ALL)")
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
            [rows.table],
        )
        for (definition,) in cursor.fetchall():
            cursor.execute(definition.replace(f" ON public.{rows.table} ", " ON public.guarded "))
    options = ["-append", "-nln", "guarded", "--config", "PG_USE_COPY", "YES"]
    _ogr(peer, "-f", "PostgreSQL", source, table, *options)
    with connection.cursor() as cursor:
        for copied in ("guarded", f"{rows.table}event"):
            cursor.execute(f"SELECT count(*) FROM {copied}")  # noqa: S608  names of our own
            if cursor.fetchone()[0] != COUNT:
                raise RuntimeError(f"ogr2ogr left {rows.layer} out of {copied}")


# ── Comparing ─────────────────────────────────────────────────────────────────────────────────────────────


def _compared(
    figure: str, ours: Callable[[], None], theirs: Callable[[], None], runs: int, aim: str
) -> dict[str, Any]:
    """Both in turn, so that the machine's drift cancels; no warm-up, for ogr2ogr starts anew each time too."""
    pairs = []
    for _run in range(runs):
        started = perf_counter()
        ours()
        between = perf_counter()
        theirs()
        pairs.append((between - started, perf_counter() - between))
    mine, peers = (median(values) for values in zip(*pairs, strict=True))
    ratio = median(mine / peer for mine, peer in pairs)
    return _row(figure, mine) | {"peer": f"ogr2ogr {peers:.2f} s", "ratio": ratio, "aim": aim}


def _row(figure: str, value: float) -> dict[str, Any]:
    return {"figure": figure, "size": f"{COUNT} rows", "value": value, "load": os.getloadavg()[0]}


def _ogr(peer: str, *arguments: str | Path) -> None:
    words = [peer, "-q", *map(str, arguments)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode or "ERROR" in done.stderr:
        raise RuntimeError(f"ogr2ogr: {done.stderr[-500:]}")
