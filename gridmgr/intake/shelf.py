"""Where an upload waits between its pages: `var/imports/<id>/`, open to the service's own account alone, for some days.

What lies there is what the reading process made of the file (gridmgr.core.importing.parcel), and the rows that the preview
lists; the file itself only while a large one waits to be read, and once it is written the refused rows alone.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from gridmgr.core.errors import NotThere, said_when_full
from gridmgr.core.importing.frame import Frame
from gridmgr.core.importing.parcel import ANSWER, frame_from, put_frame
from gridmgr.intake.listing import Line, write_listing

KEPT_DAYS = 7
CHANGES = "changes.sqlite"
REFUSED = "refused.sqlite"
SHAPES = "changes.geojson"
ASIDE = "upload"


def root() -> Path:
    return Path(settings.VAR_DIR) / "imports"


def folder_of(pk: UUID) -> Path:
    return root() / str(pk)


def kept_files() -> Iterator[Path]:
    """What lies here for the imports that the database knows; for backups."""
    from gridmgr.intake.models import Import

    for pk in Import.objects.order_by("pk").values_list("pk", flat=True):
        yield from (path for path in sorted(folder_of(pk).rglob("*")) if path.is_file())


def put(pk: UUID, frame: Frame) -> None:
    """Lay a frame down, whole or not at all."""
    with _all_or_nothing(pk):
        put_frame(frame, _room(pk))


def put_aside(pk: UUID, upload: Path) -> None:
    """Keep a copy of a file that a worker is to read, whole or not at all."""
    with _all_or_nothing(pk):
        shutil.copyfile(upload, _room(pk) / ASIDE)


@contextmanager
def _all_or_nothing(pk: UUID) -> Iterator[None]:
    """What breaks off leaves nothing; a full disk is said in words."""
    try:
        with said_when_full(Path(settings.VAR_DIR)):
            yield
    except BaseException:
        remove(pk)
        raise


def _room(pk: UUID) -> Path:
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder_of(pk)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def aside(pk: UUID) -> Path:
    """The file that was put aside; raises NotThere when it is no longer kept."""
    path = folder_of(pk) / ASIDE
    if not path.is_file():
        raise NotThere(_gone())
    return path


def frame_of(pk: UUID) -> Frame:
    """The frame that was laid down; raises NotThere when it is no longer kept."""
    if not (folder_of(pk) / ANSWER).is_file():
        raise NotThere(_gone())
    return frame_from(folder_of(pk))


def _gone() -> str:
    return _("上传的文件只保留 %s 天,现已删除。请重新上传。") % KEPT_DAYS


@contextmanager
def drafted() -> Iterator[Path]:
    """A folder in which a preview is written, until `lay_down`; it goes at the end."""
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    with said_when_full(root()), tempfile.TemporaryDirectory(dir=root(), prefix=".draft-") as room:
        yield Path(room)


def put_preview(room: Path, changes: Iterable[Line], refused: Iterable[Line], shapes: dict[str, Any]) -> None:
    """Write what a preview lists and draws."""
    write_listing(room / CHANGES, changes)
    write_listing(room / REFUSED, refused)
    (room / SHAPES).write_text(json.dumps(shapes, ensure_ascii=False), encoding="utf-8")


def lay_down(pk: UUID, room: Path) -> None:
    """Put a preview in place of the one before."""
    for path in room.iterdir():
        path.replace(_room(pk) / path.name)


def changes_of(pk: UUID) -> Path:
    """Where the preview's changes are listed (gridmgr.intake.listing)."""
    return folder_of(pk) / CHANGES


def refused_of(pk: UUID) -> Path:
    """Where the refused rows are listed."""
    return folder_of(pk) / REFUSED


def shapes_of(pk: UUID) -> dict[str, Any]:
    """What the preview drew, as GeoJSON; nothing when it is no longer kept."""
    try:
        found: dict[str, Any] = json.loads((folder_of(pk) / SHAPES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"type": "FeatureCollection", "features": []}
    return found


def keep_refused(pk: UUID) -> None:
    """Once it is written nothing is kept of a file but the rows that were refused: taking it back asks the history alone."""
    for path in folder_of(pk).iterdir() if folder_of(pk).is_dir() else ():
        if path.name != REFUSED:
            path.unlink(missing_ok=True)


def remove(pk: UUID) -> None:
    shutil.rmtree(folder_of(pk), ignore_errors=True)


def sweep() -> None:
    """Remove what has lain for more than KEPT_DAYS."""
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for folder in root().iterdir() if root().is_dir() else ():
        with suppress(FileNotFoundError):  # somebody else sweeps too
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
