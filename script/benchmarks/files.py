"""Data files of 100,000 bays, out and in, beside GDAL's ogr2ogr on the same rows, in turn, in a database of their own.

ogr2ogr (Debian's gdal-bin) is a peer to measure by, no part of the product: without it our own figures stand alone.
Coming in it is measured twice: by COPY into a table that promises nothing, and by COPY into one with the checks,
the exclusion constraint, the indexes and the history of the table of bays.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import shapely
from django.db import connection

from gridmgr.accounts.audience import Audience
from gridmgr.catalog import layer_named
from gridmgr.data_files import importer_named, labels_of_layer
from gridmgr.geo.crs import metric_srid
from gridmgr.geo.datums import WGS84, from_metric
from gridmgr.importing.layers import import_layer
from gridmgr.layers.files import export_layer
from script.benchmarks.timing import seconds

COUNT = int(os.environ.get("GRIDMGR_BENCH_BAYS", "100000"))
ROADS = 40
BAY_M = 6.0
# ogr2ogr writes no GeoParquet here, no KML of this size in minutes, and no sheet that opens with filters and notes.
ALONE = ("kml", "parquet", "xlsx")
OUT_RUNS, IN_RUNS = 3, 2
BASE = (400_000.0, 4_190_000.0)
OUT = {
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "zip": "ESRI Shapefile",
    "fgb": "FlatGeobuf",
    "csv": "CSV",
}
IN = ("gpkg", "geojson", "csv")
SAME_ROWS = """
    SELECT b.number, b.kind, b.state, r.name AS road, b.side, lower(b.stretch)::float8 AS from_m,
           upper(b.stretch)::float8 AS to_m, b.opens::text, b.closes::text, b.is_demo AS demo, b.area
    FROM parking_bay b JOIN grids_road r ON r.id = b.road_id WHERE b.state <> 'removed' ORDER BY b.number
"""
TABLE_ROWS = """
    SELECT number, kind, state, opens::text, closes::text, road_id, side, stretch::text, is_demo, area
    FROM parking_bay ORDER BY id
"""


def run() -> list[dict[str, Any]]:
    """Seconds of each format, out and in; medians of a few runs, ours and ogr2ogr's in turn."""
    with _own_database() as source, tempfile.TemporaryDirectory(prefix="gridmgr-bench-") as folder:
        room = Path(folder)
        _lay_roads()
        _draw_bays(room / "bays.gpkg")
        _bring_in(room / "bays.gpkg")
        peer = shutil.which("ogr2ogr") or ""
        rows = [_out(suffix, driver, room, source, peer) for suffix, driver in OUT.items()]
        rows += [_alone(suffix, room) for suffix in ALONE]
        if peer:
            _ogr(peer, "-f", "GPKG", room / "table.gpkg", source, "-sql", TABLE_ROWS, "-nln", "table")
        for suffix in IN:
            _send_out(room / f"in.{suffix}")
            rows += _in(room / f"in.{suffix}", room / "table.gpkg", source, peer)
        return rows


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


def _draw_bays(path: Path) -> None:
    """A GeoPackage of bays one behind the other along both kerbs of each street."""
    from pyogrio.raw import write

    index = np.arange(COUNT)
    road, side, place = index % ROADS, index // ROADS % 2, index // (2 * ROADS)
    west, south = BASE[0] + place * BAY_M, BASE[1] + road * 100 + np.where(side == 0, 5.0, -7.5)
    shapes = from_metric(shapely.box(west, south, west + BAY_M, south + 2.5), WGS84)
    fields = {
        "number": np.array([f"BW{each:06d}" for each in index], dtype=np.dtype("O")),
        "road": np.array([f"测试{each}路" for each in road], dtype=np.dtype("O")),
        "side": np.array(["left", "right"], dtype=np.dtype("O"))[side],
        "from_m": place * BAY_M,
        "to_m": (place + 1) * BAY_M,
    }
    write(
        path,
        shapely.to_wkb(shapes),
        list(fields.values()),
        list(fields),
        geometry_type="Polygon",
        crs="EPSG:4326",
        driver="GPKG",
    )


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE parking_bay, parking_bayevent CASCADE")


def _bring_in(path: Path) -> None:
    _empty()
    report = import_layer(path, importer_named("bays"), labels=labels_of_layer("bays"))
    if report.counts["bays"]["created"] != COUNT:
        raise RuntimeError(report.refused[:3])


def _send_out(path: Path) -> None:
    done = export_layer(layer_named("bays"), path, audience=Audience(role="office"), on=date(2026, 11, 22))
    if done.features != COUNT:
        raise RuntimeError(f"{done.features} of {COUNT} bays")


# ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────


def _out(suffix: str, driver: str, room: Path, source: str, peer: str) -> dict[str, Any]:
    if not peer:
        return _alone(suffix, room)

    def theirs() -> None:
        # A Shapefile is written plain and zipped as ours is; CSV carries WKT, as ours does.
        folder = Path(tempfile.mkdtemp(dir=room))
        target = folder / ("bays.shp" if suffix == "zip" else f"bays.{suffix}")
        more = ["-lco", "GEOMETRY=AS_WKT"] if suffix == "csv" else []
        _ogr(
            peer,
            "-f",
            driver,
            target,
            source,
            "-sql",
            SAME_ROWS,
            "-nln",
            "bays",
            "-t_srs",
            "EPSG:4326",
            *more,
        )
        if suffix == "zip":
            shutil.make_archive(str(room / "peer"), "zip", folder)
        shutil.rmtree(folder)

    return _compared(
        f"bays out, .{suffix}, s", lambda: _send_out(room / f"out.{suffix}"), theirs, OUT_RUNS, "≤ 1.5"
    )


def _alone(suffix: str, room: Path) -> dict[str, Any]:
    value = median(seconds(lambda: _send_out(room / f"out.{suffix}")) for _ in range(OUT_RUNS))
    return {"figure": f"bays out, .{suffix}, s", "size": f"{COUNT} bays", "value": value}


# ── In ────────────────────────────────────────────────────────────────────────────────────────────────────


def _in(path: Path, table: Path, source: str, peer: str) -> list[dict[str, Any]]:
    figure = f"bays in, {path.suffix}, s"
    if not peer:
        value = median(seconds(lambda: _bring_in(path)) for _ in range(IN_RUNS))
        return [{"figure": figure, "size": f"{COUNT} bays", "value": value}]
    bare = _compared(
        f"{figure} (bare table)",
        lambda: _bring_in(path),
        lambda: _copy_bare(peer, path, source),
        IN_RUNS,
        "≤ 2",
    )
    same = _compared(
        f"{figure} (same promises)",
        lambda: _bring_in(path),
        lambda: _copy_guarded(peer, table, source),
        IN_RUNS,
        "≤ 2",
    )
    return [bare, same]


def _copy_bare(peer: str, path: Path, source: str) -> None:
    """ogr2ogr with COPY into a new table with a spatial index, in the metric CRS."""
    more = ["-oo", "GEOM_POSSIBLE_NAMES=WKT [wgs84]", "-s_srs", "EPSG:4326"] if path.suffix == ".csv" else []
    options = [
        "-nln",
        "bare",
        "-overwrite",
        "-t_srs",
        f"EPSG:{metric_srid()}",
        "--config",
        "PG_USE_COPY",
        "YES",
    ]
    _ogr(peer, "-f", "PostgreSQL", source, path, *options, *more)


def _copy_guarded(peer: str, table: Path, source: str) -> None:
    """ogr2ogr with COPY into a table with all that the table of bays has; the file names ids and ranges ready-made.

    All but the generated column for the web map, which ogr2ogr would try to write.
    """
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE parking_bayevent")
        cursor.execute("DROP TABLE IF EXISTS guarded")
        cursor.execute("CREATE TABLE guarded (LIKE parking_bay INCLUDING ALL)")
        cursor.execute("ALTER TABLE guarded DROP COLUMN web_area")
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'parking_bay'::regclass AND NOT tgisinternal"
        )
        for (definition,) in cursor.fetchall():
            cursor.execute(definition.replace(" ON public.parking_bay ", " ON public.guarded "))
    _ogr(
        peer,
        "-f",
        "PostgreSQL",
        source,
        table,
        "-append",
        "-nln",
        "guarded",
        "--config",
        "PG_USE_COPY",
        "YES",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM guarded")
        if cursor.fetchone()[0] != COUNT:
            raise RuntimeError("ogr2ogr left bays out")


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
    row = {"figure": figure, "size": f"{COUNT} bays", "value": mine, "aim": aim}
    return row | {"peer": f"ogr2ogr {peers:.2f} s", "ratio": ratio}


def _ogr(peer: str, *arguments: str | Path) -> None:
    words = [peer, "-q", *map(str, arguments)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode or "ERROR" in done.stderr:
        raise RuntimeError(f"ogr2ogr: {done.stderr[-500:]}")
