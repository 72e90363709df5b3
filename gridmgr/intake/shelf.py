"""Where an upload waits between its pages: `var/imports/<id>/`, open to the service's own account alone, for some days.

What lies there is what the reading process made of the file (gridmgr.importing.parcel), and the lists of the preview;
the file itself only while a large one waits to be read.
"""

import json
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from gridmgr.errors import NotThere
from gridmgr.importing.frames import Frame
from gridmgr.importing.parcel import ANSWER, frame_from, put_frame

KEPT_DAYS = 7
LISTS = "preview.json"
SHAPES = "changes.geojson"
ASIDE = "upload"


def root() -> Path:
    return Path(settings.VAR_DIR) / "imports"


def folder_of(pk: UUID) -> Path:
    return root() / str(pk)


def put(pk: UUID, frame: Frame) -> None:
    """Lay a frame down, whole or not at all."""
    folder = _room(pk)
    try:
        put_frame(frame, folder)
    except BaseException:
        remove(pk)
        raise


def put_aside(pk: UUID, upload: Path) -> None:
    """Keep a copy of a file that a worker is to read."""
    shutil.copyfile(upload, _room(pk) / ASIDE)


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


def put_lists(pk: UUID, lists: dict[str, Any], shapes: dict[str, Any]) -> None:
    """Keep what a preview lists and draws; each file is whole or the old one."""
    for name, content in ((LISTS, lists), (SHAPES, shapes)):
        draft = folder_of(pk) / f".{name}"
        draft.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        draft.replace(folder_of(pk) / name)


def lists_of(pk: UUID) -> dict[str, Any]:
    """What the preview listed, by outcome; nothing when it is no longer kept."""
    return _read(folder_of(pk) / LISTS)


def shapes_of(pk: UUID) -> dict[str, Any]:
    """What the preview drew, as GeoJSON; nothing when it is no longer kept."""
    return _read(folder_of(pk) / SHAPES) or {"type": "FeatureCollection", "features": []}


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def remove(pk: UUID) -> None:
    shutil.rmtree(folder_of(pk), ignore_errors=True)


def sweep() -> None:
    """Remove what has lain for more than KEPT_DAYS."""
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for folder in root().iterdir() if root().is_dir() else ():
        with suppress(FileNotFoundError):  # somebody else sweeps too
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
