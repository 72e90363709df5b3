"""Files that are sent to pages which ask for none: read past, never laid on the disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class NoUpload(FileUploadHandler):
    """Takes nothing. A page that asks for a file sets its own handler (gridmgr.intake.receiving)."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None
