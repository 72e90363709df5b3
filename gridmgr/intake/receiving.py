"""How an upload arrives: on the disk, at most as large as one may be; of a larger one nothing is kept.

It is read at once when it is small, the server has time and the reading is quick, else by a worker.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.files.uploadhandler import SkipFile, StopUpload, TemporaryFileUploadHandler

from gridmgr.core.accounts.models import User
from gridmgr.core.importing.upload import Limits, TooSlow
from gridmgr.core.jobs.slots import Full, slot
from gridmgr.intake import bringing
from gridmgr.intake.models import Import


class CappedUpload(TemporaryFileUploadHandler):
    """Takes one file, into a temporary one; beyond the limit it takes no more and says so in `too_large`."""

    too_large = False
    taken = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if self.taken:
            raise SkipFile
        self.taken = True
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > Limits().file_bytes:
            self.too_large = True
            raise StopUpload(connection_reset=False)
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            with suppress(OSError):  # closing writes once more
                self.file.close()  # and away with what was written of it
            raise


def take(path: Path, *, name: str, layer: str, owner: User, inner: str) -> tuple[Import, bool]:
    """The uploaded file as an import, and whether it was read; when not, it is put aside for a worker.

    Raises what `bringing.receive` raises.
    """
    given: dict[str, Any] = {"name": name, "layer": layer, "owner": owner}
    if path.stat().st_size <= bringing.BYTES_AT_ONCE:
        with suppress(Full, TooSlow), slot():
            return bringing.receive(path, inner=inner, **given), True
    return bringing.put_aside(path, **given), False
