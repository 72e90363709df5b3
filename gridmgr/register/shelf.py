"""Where a register's cells lie until its columns are mapped: a file of the server's own, a day at the longest.

What nobody maps (telephone numbers, identity numbers) so never reaches the database.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from gridmgr.core.errors import NotThere, said_when_full
from gridmgr.core.importing.archives import MIB, ArchiveLimits
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.upload import Limits, read_apart
from gridmgr.register.sheets import Book, Sheet

KEPT_S = 24 * 3600
KINDS = (".xlsx", ".csv")
LIMITS = Limits(
    file_bytes=10 * MIB,
    archive=ArchiveLimits(members=500, unpacked_bytes=150 * MIB),
    memory_bytes=1536 * MIB,
    cpu_s=30,
    wall_s=45,
)


def read_upload(path: Path, *, name: str) -> Book:
    """The sheets of a file that somebody sent; raises Unreadable, RanAway or TooMuch in words, nothing is kept."""
    if Path(name).suffix.lower() not in KINDS:
        raise Unreadable(
            _("登记表须是 Excel 工作簿(.xlsx)或 CSV,收到的是 %s。旧的 .xls 请另存为 .xlsx。") % name[-80:]
        )
    return read_apart(path, name=name, program="gridmgr.register.sheets", take=_taken, limits=LIMITS)


def _taken(folder: Path) -> Book:
    return _book((folder / "answer.json").read_bytes())


def _book(content: bytes) -> Book:
    said = json.loads(content)
    return Book([Sheet(**sheet) for sheet in said["sheets"]], said["notes"])


def _folder() -> Path:
    folder: Path = settings.VAR_DIR / "registers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def keep(book: Book, key: int) -> None:
    """Lay the book down for the register `key`, and sweep away what has lain too long."""
    sweep()
    said = {"sheets": [vars(sheet) for sheet in book.sheets], "notes": book.notes}
    folder = _folder()
    part = folder / f".{key}.part"
    try:
        with said_when_full(folder):
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as stream:
                json.dump(said, stream, ensure_ascii=False)
            part.replace(folder / f"{key}.json")
    finally:
        part.unlink(missing_ok=True)


def taken_up(key: int) -> Book:
    """The book that was laid down; raises NotThere when it is no longer there."""
    try:
        path = _folder() / f"{key}.json"
        if path.stat().st_mtime < time.time() - KEPT_S:
            raise FileNotFoundError
        return _book(path.read_bytes())
    except FileNotFoundError:
        raise NotThere(
            _("上传的表格已过 24 小时,单元格没有再保留。请重新上传,列的对应会自动填好。")
        ) from None


def remove(key: int) -> None:
    """Take the book away."""
    (_folder() / f"{key}.json").unlink(missing_ok=True)


def sweep() -> None:
    """Take away every book that has lain longer than a day."""
    for path in _folder().glob("*.json"):
        with suppress(FileNotFoundError):  # somebody else sweeps too
            if path.stat().st_mtime < time.time() - KEPT_S:
                path.unlink()
