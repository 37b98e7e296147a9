"""How uploaded files are received: in memory, and never more of one than may be stored."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class BoundedUploadHandler(FileUploadHandler):
    """Keeps a file in memory up to one byte above `UPLOAD_FILE_BYTES` and drops the rest.

    That one byte tells whoever stores the file that it was too large, so that its sender gets a page which
    says so. Nothing is written to a temporary folder, where private pictures would lie unencrypted.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._kept = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        room = settings.UPLOAD_FILE_BYTES + 1 - self._kept.tell()
        self._kept.write(raw_data[: max(0, room)])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file as far as it was kept, with the size that it had."""
        self._kept.seek(0)
        return InMemoryUploadedFile(
            file=self._kept,
            field_name=self.field_name,
            name=self.file_name or "",
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
