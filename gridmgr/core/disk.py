"""A full disk, told from other errors; what is said of it stands in gridmgr/core/errors.py."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

# With less room than this on the disk a strange failure to write is the disk's.
LEAST_FREE = 1 << 20
DISK_FULL = "53100"  # PostgreSQL's


def is_full(error: BaseException, where: Path | None = None) -> bool:
    """Whether `error`, or what it came from, is for lack of room; `where` it was written, for errors that don't say."""
    if any(_says_so(each) for each in _chain(error)):
        return True
    return isinstance(error, OSError) and where is not None and has_no_room(where)


def has_no_room(where: Path) -> bool:
    return shutil.disk_usage(where).free < LEAST_FREE


def _says_so(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(error, "pgcode", None) == DISK_FULL


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
