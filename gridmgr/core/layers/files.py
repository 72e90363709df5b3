"""Layers as files that other programs open: GeoPackage, GeoJSON, Shapefile, KML, FlatGeobuf, GeoParquet, CSV, XLSX.

GIS formats carry field names and codes; sheets (CSV, XLSX) carry the labels and words that people read. Both import
again to the same thing (gridmgr.core.importing.layers). A file says what it was made from wherever its format has a place.
"""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.contrib.gis.geos import Polygon
from django.db.models import Q
from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.geo.datums import CGCS2000, WGS84, Datum, datum_named
from gridmgr.core.layers import gis_files, sheets
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.extract import Extract, Filters, extract


class CannotWrite(DomainError):
    """The file can't be written; nothing of it is left. The text says why and what to do."""

    status = 507


@dataclass(frozen=True)
class Format:
    """A file format: `write(extract, path)` writes it; `any_datum` says whether it can tell its datum to a reader.

    `about_beside`: the format has no place to say what the file was made from, so a note beside it says so.
    """

    suffix: str
    title: str
    write: Callable[[Extract, Path], None]
    any_datum: bool = True
    about_beside: bool = False


FORMATS: Sequence[Format] = [
    Format(".gpkg", "GeoPackage", gis_files.write_geopackage),
    Format(".geojson", "GeoJSON", gis_files.write_geojson),
    Format(".zip", "Shapefile (ZIP)", gis_files.write_shapefile),
    Format(".kml", "KML", gis_files.write_kml, any_datum=False),
    Format(".fgb", "FlatGeobuf", gis_files.write_flatgeobuf),
    Format(".parquet", "GeoParquet", gis_files.write_geoparquet),
    Format(".csv", "CSV", sheets.write_csv, about_beside=True),
    Format(".xlsx", "Excel", sheets.write_xlsx),
]


@dataclass(frozen=True)
class Exported:
    """What was written: the file, how many features, and the note beside it (None when it isn't needed)."""

    path: Path
    features: int
    note: Path | None = None


def export_layer(
    layer: Layer,
    path: str | Path,
    *,
    audience: Audience,
    on: date,
    datum: str | Datum = WGS84,
    box: Polygon | None = None,
    filters: Filters | Q | None = None,
    restricted: str = "",
) -> Exported:
    """Write the rows of `layer` that this reader may see on that day to `path`; its suffix says the format.

    `restricted` says in words what box and filters keep, where a Q can't.

    All or nothing: a file that was there stays as it was until the new one is whole. Raises Invalid for an unknown
    suffix, datum or filter, and CannotWrite when the disk is full or the target can't be written.
    """
    path = Path(path)
    form = format_of(path)
    datum = datum_named(datum) if isinstance(datum, str) else datum
    if not form.any_datum and datum not in (WGS84, CGCS2000):
        raise Invalid(
            _("%(title)s 按标准只能用 WGS 84,写不了 %(datum)s。请换 GeoPackage 等格式,或去掉坐标基准。")
            % {"title": form.title, "datum": datum}
        )
    taken = extract(
        layer, audience=audience, on=on, datum=datum, box=box, filters=filters, restricted=restricted
    )
    with whole_file(path) as draft:
        form.write(taken, draft)
    return Exported(path, len(taken), _note_beside(taken, path, form))


def format_of(path: Path) -> Format:
    """The format that the file's suffix names; raises Invalid with the list of those there are."""
    for form in FORMATS:
        if path.name.lower().endswith(form.suffix):
            return form
    known = _("、").join(form.suffix for form in FORMATS)
    raise Invalid(_("不认识文件名 %(name)s 的后缀。可用:%(known)s。") % {"name": path.name, "known": known})


# ── All or nothing ────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside `path` that takes its place when the block ends well, and leaves no trace when it doesn't."""
    with _in_words(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        room = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
        try:
            draft = room / path.name
            yield draft
            _to_disk(draft)
            draft.replace(path)
        finally:
            shutil.rmtree(room, ignore_errors=True)


def _to_disk(draft: Path) -> None:
    """What is still in memory goes to the disk now, so that a full one is found before the old file is gone."""
    with draft.open("rb") as stream:
        os.fsync(stream.fileno())


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _cannot_write(path, error.errno, error.strerror or str(error)) from error
    except _gdal_errors() as error:
        full = errno.ENOSPC if _is_full(path) else None
        raise _cannot_write(path, full, str(error)[:200]) from error


def _gdal_errors() -> tuple[type[Exception], ...]:
    """Asked for only once something has gone wrong: pyogrio takes a second to import."""
    import pyogrio

    return pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError


def _is_full(path: Path) -> bool:
    """Whether the disk has hardly any room left: GDAL's own words don't tell."""
    return shutil.disk_usage(path.parent).free < 1024 * 1024


def _cannot_write(path: Path, number: int | None, why: str) -> CannotWrite:
    words = {"path": path, "why": why, "folder": path.parent}
    reasons = {
        errno.ENOSPC: _("写不下 %(path)s:磁盘已满。什么都没有留下;请腾出空间,或换一个位置。"),
        errno.EDQUOT: _("写不下 %(path)s:超出磁盘配额。什么都没有留下;请腾出空间,或换一个位置。"),
        errno.EFBIG: _("写不下 %(path)s:超出允许的文件大小。什么都没有留下;请缩小范围后重试。"),
        errno.EACCES: _("没有权限写 %(path)s。请换一个文件夹,或请管理员授权。"),
        errno.EROFS: _("%(path)s 所在的磁盘是只读的。请换一个位置。"),
        errno.ENOENT: _("文件夹 %(folder)s 不存在。请先建好,或改正路径。"),
        errno.ENOTDIR: _("%(folder)s 不是文件夹。请改正路径。"),
        errno.EISDIR: _("%(path)s 是文件夹,不是文件。请加上文件名。"),
    }
    other = _("写不了 %(path)s(%(why)s)。什么都没有留下;请检查位置和磁盘空间后重试。")
    return CannotWrite(reasons.get(number or 0, other) % words)


# ── The note beside ───────────────────────────────────────────────────────────────────────────────────────


def _note_beside(taken: Extract, path: Path, form: Format) -> Path | None:
    """For a format that can't tell it, and for GeoJSON in another datum than its standard's, a note in a file beside."""
    odd = form.suffix == ".geojson" and taken.datum not in (WGS84, CGCS2000)
    note = path.with_name(path.name + ".txt")
    if not (form.about_beside or odd):
        _take_away(note)
        return None
    lines = taken.about_lines()
    if odd:
        lines.append(
            _("注意:RFC 7946 规定 GeoJSON 用 WGS 84;本文件按要求用了 %s,别的程序可能读错位置。") % taken.datum
        )
    with whole_file(note) as draft:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return note


def _take_away(note: Path) -> None:
    """Remove the note that an earlier export left beside this file: it would speak of another datum."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if note.read_text(encoding="utf-8").startswith(_("图层") + ":"):
            note.unlink()
