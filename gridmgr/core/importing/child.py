"""The process that reads an uploaded file (gridmgr.core.importing.upload), within its limits.

It hears its task as JSON on standard input, and lays the frame or the reason why there is none in a folder.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NO_ROOM = 75  # the child's exit status on a full disk


def main(answer: Callable[[dict[str, Any], Path], None] | None = None) -> None:
    """Set the limits, read, answer: with a frame, or as another program's `answer` does from its task and folder."""
    task = json.load(sys.stdin)
    _limit(task["limits"])
    folder = Path(task["folder"])
    try:
        _read(task, folder, answer or _answer_frame)
    except MemoryError:
        _refuse(folder, "memory", "")


def _limit(limits: dict[str, Any]) -> None:
    """Memory, processor seconds, the size of any file written; no core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 1))
    most = max(limits["archive"]["unpacked_bytes"], 2 * limits["file_bytes"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def _set_up(few: dict[str, Any]) -> None:
    """Django with the few settings that reading needs, and no app."""
    import django
    from django.conf import settings

    # pyogrio takes pandas in when it is there: a second and 100 MB that reading arrays has no use for.
    sys.modules["geopandas"] = sys.modules["pandas"] = None  # type: ignore[assignment]
    import pyogrio  # noqa: F401

    del sys.modules["geopandas"], sys.modules["pandas"]
    settings.configure(USE_I18N=True, **few)
    django.setup()


def _answer_frame(task: dict[str, Any], folder: Path) -> None:
    from gridmgr.core.importing.archives import ArchiveLimits
    from gridmgr.core.importing.frames import read_frame
    from gridmgr.core.importing.parcel import put_frame

    archive = ArchiveLimits(**task["limits"]["archive"])
    frame = read_frame(task["path"], layer=task["layer"], limits=archive)
    check_amount(frame, task["limits"])
    put_frame(frame, folder)


def _read(task: dict[str, Any], folder: Path, answer: Callable[[dict[str, Any], Path], None]) -> None:
    _set_up(task["settings"])
    from gridmgr.core.disk import has_no_room, is_full
    from gridmgr.core.errors import DomainError, TooMuch

    try:
        answer(task, folder)
    except TooMuch as error:
        _refuse(folder, "too much", str(error))
    except DomainError as error:
        own = Path(task["path"]).name
        _refuse(
            folder, "unreadable", str(error).replace(task["path"], task["name"]).replace(own, task["name"])
        )
    except Exception as error:
        if _lacks_memory(error):
            raise MemoryError from error
        if is_full(error, folder) or has_no_room(folder):
            os._exit(NO_ROOM)  # no room for a refusal either
        raise


def check_amount(frame: Any, limits: dict[str, Any]) -> None:
    """Raises TooMuch for more features or vertices than one upload may have."""
    import shapely
    from django.utils.translation import gettext as _

    from gridmgr.core.errors import TooMuch

    if len(frame) > limits["features"]:
        raise TooMuch(
            _("文件里有 %(count)s 个要素,最多 %(most)s 个。请分成几个文件。")
            % {"count": len(frame), "most": limits["features"]}
        )
    vertices = 0 if frame.geometry is None else int(shapely.get_num_coordinates(frame.geometry).sum())
    if vertices > limits["vertices"]:
        raise TooMuch(
            _("文件里有 %(count)s 个顶点,最多 %(most)s 个。请简化几何,或分成几个文件。")
            % {"count": vertices, "most": limits["vertices"]}
        )


def _lacks_memory(error: BaseException) -> bool:
    """Whether some library's own error says that memory ran out (GDAL's, GEOS's, Arrow's)."""
    words = ("out of memory", "cannot allocate", "bad_alloc", "std::bad_alloc", "malloc")
    return any(word in str(error).lower() for word in words)


def _refuse(folder: Path, kind: str, text: str) -> None:
    """Say why, and leave at once: after MemoryError there may be no room for a tidy end."""
    (folder / "refusal.json").write_text(json.dumps({"kind": kind, "text": text}), encoding="utf-8")
    os._exit(3)


if __name__ == "__main__":
    main()
