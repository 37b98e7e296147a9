"""Writing the copy of a member's data: a ZIP of any size, streamed, in little memory."""

import json
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import IO
from uuid import UUID

from django.conf import settings

from beyou.core import clock, personal
from beyou.core.personal import File
from beyou.core.ports.naming import instance_name
from beyou.privacy.rules import safe_path

_README = """Your data at {instance}

This is a copy of what {instance} ({origin}) stores about you, made on {moment}.

account/        who you are here, how you sign in, and what was logged of it; no password and no secret
media/          your pictures and documents, as they were stored
friends/        your friends, and requests that wait for an answer
conversations/  a folder for each conversation: what you wrote and what was written to you
keys.json       your public keys; the private ones never left your browsers
notices.json    what you were told in Activity
blocked-members.json   whom you blocked, and why

The files are JSON: any text editor shows them, and most programs read them.

Messages of end-to-end encrypted conversations are in here as this server has them: encrypted. Your recovery
file opens them; the format is described in docs/reference/envelope.md of BeYou.

The files named receipts prove that the messages beside them are in the ledger of {instance}, unchanged.
Anybody can check them without {instance}, with the program beyou-ledger, which comes with BeYou:

    beyou-ledger receipt conversations/0001-name/receipts-0001.json

manifest.json names every file with its size and its SHA-256.

Not in here, and why:
{missing}
"""


def write(target: IO[bytes], member_id: UUID, progress: Callable[[int, int], None]) -> None:
    """The target holds a whole ZIP. `progress` is told after each file how much of how much is done."""
    parts = personal.parts()
    total = sum(part.size(member_id) for part in parts) + 1
    done, manifest = 0, []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _with_readme(file for part in parts for file in part.files(member_id)):
            manifest.append(_add(archive, file))
            done += file.units
            progress(done, total)
        summary = {"format": "beyou/copy/1", "instance": settings.ORIGIN, "files": manifest}
        _add(archive, personal.json_file("manifest.json", summary))


def _with_readme(files: Iterator[File]) -> Iterator[File]:
    lines = [f"- {table.what}: {table.not_copied}" for table in personal.tables() if table.not_copied]
    text = _README.format(
        instance=instance_name(),
        origin=settings.ORIGIN,
        moment=f"{clock.now():%d %B %Y, %H:%M} UTC",
        missing="\n".join(lines),
    )
    yield File("README.txt", [text.encode()])
    yield from files


def _add(archive: zipfile.ZipFile, file: File) -> dict[str, object]:
    """The line of the manifest about the file."""
    digest, size = sha256(), 0
    about = zipfile.ZipInfo(safe_path(file.path), clock.now().timetuple()[:6])
    about.compress_type = zipfile.ZIP_DEFLATED
    about.external_attr = 0o600 << 16
    with archive.open(about, "w") as stream:
        for chunk in file.chunks:
            digest.update(chunk)
            size += len(chunk)
            stream.write(chunk)
    return {"path": file.path, "size": size, "sha256": digest.hexdigest()}


def parse_manifest(data: bytes) -> dict[str, str]:
    """SHA-256 by path."""
    return {each["path"]: each["sha256"] for each in json.loads(data)["files"]}
