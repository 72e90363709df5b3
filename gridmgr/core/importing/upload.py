"""Files that strangers send: hostile until proven otherwise. Nothing is stored; each refusal has its words.

Size and kind are looked at first; then a child process with limits on memory, time and output reads the file, so
that a parser which runs away or crashes takes nothing with it. What comes back is plain text, numbers and WKB.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from gridmgr.core.errors import NoRoom, TooMuch
from gridmgr.core.importing.archives import MIB, ArchiveLimits
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.child import NO_ROOM
from gridmgr.core.importing.frame import Frame
from gridmgr.core.importing.layers import Importer, Label, import_frame
from gridmgr.core.importing.parcel import frame_from
from gridmgr.core.importing.report import Report

T = TypeVar("T")
READER = "gridmgr.core.importing.child"

# How each kind of file begins; what is text has no such beginning.
MAGIC = {
    ".gpkg": b"SQLite format 3\0",
    ".zip": b"PK\x03\x04",
    ".xlsx": b"PK\x03\x04",
    ".fgb": b"fgb\x03",
    ".parquet": b"PAR1",
}
TEXTS = {".geojson": b"{", ".json": b"{", ".kml": b"<", ".csv": b""}
# GDAL's drivers that would ask a network, a program or another file.
_SKIPPED_DRIVERS = (
    "OGR_VRT,GDALG,HTTP,WFS,OAPIF,OGCAPI,CSW,EEDA,Elasticsearch,Carto,AmigoCloud,PLSCENES,NGW,GPSBabel,ADBC"
)


@dataclass(frozen=True)
class Limits:
    """What one upload may cost: bytes of the file, of what is in it, of memory; features, vertices, seconds."""

    file_bytes: int = 200 * MIB
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)
    features: int = 500_000
    vertices: int = 10_000_000
    memory_bytes: int = 4096 * MIB
    cpu_s: int = 120
    wall_s: int = 180


class RanAway(Unreadable):
    """Reading took too much memory or time, or crashed."""


class TooSlow(RanAway):
    """Reading took more time than it was given."""


def import_upload(
    path: Path,
    importer: Importer,
    *,
    name: str,
    labels: Mapping[str, Label],
    datum: str = "",
    layer: str = "",
    dry_run: bool = False,
    skip_refused: bool = False,
    limits: Limits | None = None,
) -> Report:
    """Import a file that somebody sent under the file name `name`; as gridmgr.core.importing.layers.import_layer."""
    frame = read_upload(path, name=name, layer=layer, limits=limits)
    return import_frame(
        frame, importer, path=name, labels=labels, datum=datum, dry_run=dry_run, skip_refused=skip_refused
    )


def read_upload(path: Path, *, name: str, layer: str = "", limits: Limits | None = None) -> Frame:
    """Read the file that somebody sent under the file name `name`.

    Raises TooMuch when it is too large, RanAway when reading it takes too much, Unreadable for what it is otherwise.
    """
    return read_apart(path, name=name, layer=layer, limits=limits, program=READER, take=frame_from)


def read_apart(
    path: Path,
    *,
    name: str,
    program: str,
    take: Callable[[Path], T],
    layer: str = "",
    limits: Limits | None = None,
) -> T:
    """What the module `program` reads of a file in a child process; `take` takes it up from the folder where it lies.

    Raises as `read_upload`.
    """
    limits = limits or Limits()
    suffix = kind_of(name)
    _refuse_large(path, name, limits)
    _refuse_liar(path, name, suffix)
    with tempfile.TemporaryDirectory(prefix="gridmgr-") as folder:
        # Under a name of our own: what the sender called it goes no further than into messages.
        given = Path(folder) / f"upload{suffix}"
        given.symlink_to(path.resolve())
        _run_child(program, given, Path(folder), name, layer, limits)
        return take(Path(folder))


def kind_of(name: str) -> str:
    """The suffix of a file name that can be uploaded; raises Unreadable for others."""
    suffix = Path(name).suffix.lower()
    if suffix == ".shp":
        raise Unreadable(_("Shapefile 请把 .shp、.shx、.dbf、.prj、.cpg 一起压缩成一个 ZIP 再上传。"))
    if suffix not in MAGIC | TEXTS:
        known = _("、").join(sorted(MAGIC | TEXTS))
        raise Unreadable(
            _("不认识文件 %(name)s 的格式。可上传:%(known)s。") % {"name": name[-80:], "known": known}
        )
    return suffix


def _refuse_large(path: Path, name: str, limits: Limits) -> None:
    size = path.stat().st_size
    if size == 0:
        raise Unreadable(_("%s 是空文件(0 字节)。请重新导出。") % name)
    if size > limits.file_bytes:
        raise TooMuch(
            _(
                "文件 %(name)s 有 %(size).1f MB,最多 %(most)s MB。请分成几个文件,或换 GeoPackage 等紧凑的格式。"
            )
            % {"name": name, "size": size / MIB, "most": limits.file_bytes // MIB}
        )


def _refuse_liar(path: Path, name: str, suffix: str) -> None:
    """Refuse a file whose first bytes aren't those of what it calls itself."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if suffix in MAGIC:
        honest = head.startswith(MAGIC[suffix])
    else:
        honest = b"\0" not in head and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(TEXTS[suffix])
    if not honest:
        raise Unreadable(
            _("%(name)s 的内容与后缀 %(suffix)s 不符,没有读取。请从原来的软件重新导出。")
            % {"name": name, "suffix": suffix}
        )


# ── The child ─────────────────────────────────────────────────────────────────────────────────────────────


def _run_child(program: str, given: Path, folder: Path, name: str, layer: str, limits: Limits) -> None:
    """Run the module `program` over the file; raises what it reports, or RanAway when it can't report any more."""
    task = {
        "path": str(given),
        "folder": str(folder),
        "name": name,
        "layer": layer,
        "limits": asdict(limits),
        "settings": _few_settings(),
    }
    child = subprocess.Popen(  # noqa: S603  (a module of ours, no shell)
        [sys.executable, "-m", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        env=_bare_environment(folder),
        start_new_session=True,
    )
    try:
        child.communicate(json.dumps(task).encode(), timeout=limits.wall_s)
    except subprocess.TimeoutExpired:
        raise TooSlow(_too_slow(name, limits)) from None
    finally:
        _end(child)
    _raise_what_it_says(child.returncode, folder, name, limits)


def _few_settings() -> dict[str, Any]:
    """The settings that reading needs: no database, no key, no app."""
    return {
        "GRIDMGR_SRID": settings.GRIDMGR_SRID,
        "GDAL_LIBRARY_PATH": settings.GDAL_LIBRARY_PATH,
        "GEOS_LIBRARY_PATH": settings.GEOS_LIBRARY_PATH,
        "LANGUAGE_CODE": translation.get_language() or settings.LANGUAGE_CODE,
        "LOCALE_PATHS": [str(path) for path in settings.LOCALE_PATHS],
    }


def _bare_environment(folder: Path) -> dict[str, str]:
    """The child's environment: no secret of ours, no network drivers, temporary files in our folder, one thread."""
    kept = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "PYTHONPATH", "GDAL_DATA", "OPENBLAS_CORETYPE")
    return {key: os.environ[key] for key in kept if key in os.environ} | {
        "TMPDIR": str(folder),
        "PROJ_NETWORK": "OFF",
        "OGR_SKIP": _SKIPPED_DRIVERS,
        "GDAL_SKIP": _SKIPPED_DRIVERS,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End the child and what it may have started: its own process group, nobody else's."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _raise_what_it_says(status: int, folder: Path, name: str, limits: Limits) -> None:
    answer = folder / "answer.json"
    if status == 0 and answer.is_file():
        return
    if -status in (signal.SIGXCPU, signal.SIGKILL):
        raise TooSlow(_too_slow(name, limits))
    if status == NO_ROOM:
        raise NoRoom
    refusal = folder / "refusal.json"
    said = json.loads(refusal.read_text(encoding="utf-8")) if refusal.is_file() else {}
    if said.get("kind") == "unreadable":
        raise Unreadable(said["text"])
    if said.get("kind") == "too much":
        raise TooMuch(said["text"])
    if said.get("kind") == "memory":
        raise RanAway(
            _("读取 %(name)s 用的内存超过 %(most)s MB,已停止,什么都没有保存。请分成几个文件。")
            % {"name": name, "most": limits.memory_bytes // MIB}
        )
    raise RanAway(_("读取 %s 时解析程序崩溃,什么都没有保存。文件可能已损坏,或是恶意文件;请重新导出。") % name)


def _too_slow(name: str, limits: Limits) -> str:
    return _("读取 %(name)s 超过 %(most)s 秒,已停止,什么都没有保存。请分成几个文件,或检查文件是否损坏。") % {
        "name": name,
        "most": min(limits.cpu_s, limits.wall_s),
    }
