"""How an upload arrives: on the disk, at most as large as one may be; of a larger one nothing is kept."""

from typing import Any

from django.core.files.uploadhandler import SkipFile, StopUpload, TemporaryFileUploadHandler

from gridmgr.importing.upload import Limits


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
        super().receive_data_chunk(raw_data, start)
