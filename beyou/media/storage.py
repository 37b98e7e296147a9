"""The storage named `private` when no other is configured: files below the data folder."""

import os
import tempfile
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class PrivateFiles(FileSystemStorage):
    """Files that only this process's user may read and that no address leads to.

    A file appears whole and flushed, or not at all.
    """

    def url(self, name: str | None) -> str:
        raise ValueError("Private files are served by a view of the app that owns them.")

    def _save(self, name: str, content: File) -> str:  # type: ignore[type-arg]  # generic in the stubs only
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp lets the owner alone read.
        number, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(number, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
        return name


def _flush_folder(folder: Path) -> None:
    """The names in the folder survive a power failure."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
