"""Storing, reading, serving and deleting: private, whole or not at all, bound to their row."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import transaction

from beyou.core import clock, schedule
from beyou.core.errors import NotFound, RateLimited
from beyou.media import services
from beyou.media.errors import ImageTooSmall, MediaLost, NotAnImage, QuotaUsedUp
from beyou.media.http import media_response
from beyou.media.models import MediaFile
from beyou.media.queries import media_file
from beyou.media.services import Purpose
from tests.factories import pictures

pytestmark = pytest.mark.django_db

OWNER = UUID("0190d0d0-0000-7000-8000-000000000001")
DAY_MS = 24 * 3600 * 1000


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    """A storage of its own for each test."""
    place = tmp_path / "media"
    private = {"BACKEND": "beyou.media.storage.PrivateFiles", "OPTIONS": {"location": place}}
    settings.STORAGES = settings.STORAGES | {"private": private}
    return place


def store(**changes: Any) -> MediaFile:
    given: dict[str, Any] = {
        "data": pictures.picture(),
        "owner_id": OWNER,
        "purpose": Purpose.AVATAR,
        "longest_side": 128,
    }
    return services.store_image(**(given | changes))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_stored_is_what_is_read() -> None:
    file = store()
    assert media_file(file.id).width == 128
    data = services.read_bytes(file.id)
    assert data[:4] == b"RIFF"
    assert len(data) == file.size


def test_the_file_is_private_and_its_name_is_told_to_nobody(folder: Path) -> None:
    file = store()
    (path,) = files(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert str(file.id) not in str(path)
    with pytest.raises(ValueError, match="view"):
        services.private_storage().url(file.name)


def test_an_encrypted_picture_cannot_be_read_on_the_disk(folder: Path) -> None:
    file = store(encrypted=True)
    (path,) = files(folder)
    assert b"RIFF" not in path.read_bytes()
    assert services.read_bytes(file.id)[:4] == b"RIFF"


def test_encrypted_bytes_belong_to_their_row_and_purpose(folder: Path) -> None:
    one, other = store(encrypted=True), store(encrypted=True)
    MediaFile.objects.filter(id=one.id).update(wrapped_key=other.wrapped_key)
    MediaFile.objects.filter(id=other.id).update(purpose=Purpose.IDENTITY)
    for file in (one, other):
        with pytest.raises(MediaLost):
            services.read_bytes(file.id)


def test_altered_and_lost_bytes_are_said_to_be_lost(folder: Path) -> None:
    altered = store(encrypted=True)
    (path,) = files(folder)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(MediaLost):
        services.read_bytes(altered.id)
    path.unlink()
    with pytest.raises(MediaLost):
        services.read_bytes(altered.id)


def test_an_unknown_file_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.read_bytes(uuid4())


def test_a_refused_upload_leaves_nothing(folder: Path) -> None:
    for data in (b"", b"<html>", pictures.pixel_bomb()):
        with pytest.raises(Exception, match="Please"):
            store(data=data)
    assert not MediaFile.objects.exists()
    assert not folder.exists()


def test_each_purpose_has_its_smallest_picture() -> None:
    data = pictures.picture("PNG", (200, 200))
    store(data=data)
    with pytest.raises(ImageTooSmall, match="400"):
        store(data=data, purpose=Purpose.IDENTITY)


def test_an_owner_has_room_for_so_much(settings: LazySettings) -> None:
    first = store()
    settings.MEDIA_QUOTA_MB = 1
    MediaFile.objects.filter(id=first.id).update(size=1024 * 1024 - 10)
    with pytest.raises(QuotaUsedUp, match="delete"):
        store()
    store(owner_id=uuid4())
    services.delete_media(media_id=first.id)
    store()


def test_an_owner_may_upload_so_often() -> None:
    for _ in range(40):
        with pytest.raises(NotAnImage):
            store(data=b"<html>")
    with pytest.raises(RateLimited):
        store()
    store(owner_id=uuid4())


def test_deleting_removes_row_and_bytes(folder: Path, django_capture_on_commit_callbacks: Any) -> None:
    file = store()
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_media(media_id=file.id)
        assert files(folder), "a transaction that fails must find its bytes again"
    assert files(folder) == []
    with pytest.raises(NotFound):
        media_file(file.id)
    services.delete_media(media_id=file.id)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_keeps_the_old_and_strays_are_swept(folder: Path) -> None:
    kept = store()
    with transaction.atomic():
        store()
        services.delete_media(media_id=kept.id)
        transaction.set_rollback(True)
    assert services.read_bytes(kept.id)
    assert len(files(folder)) == 2
    assert services.sweep_orphans().strays == [], "it may be about to get its row"
    clock.shift(DAY_MS + 60_000)
    assert len(services.sweep_orphans(remove=False).strays) == 1
    assert len(files(folder)) == 2
    assert len(services.sweep_orphans().strays) == 1
    assert len(files(folder)) == 1
    assert services.read_bytes(kept.id)


def test_a_sweep_names_lost_files_and_keeps_their_rows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert services.sweep_orphans() == services.Sweep()
    whole, lost = store(), store()
    (folder / lost.name).unlink()
    found = services.sweep_orphans()
    assert found.lost == [lost.id]
    assert found.strays == []
    assert media_file(whole.id)
    assert media_file(lost.id)
    call_command("sweep_media", "--dry-run")
    output = capsys.readouterr()
    assert "0 stray files would be deleted, 1 files lost" in output.out
    assert str(lost.id) in output.err


def test_the_sweep_returns_by_itself(folder: Path) -> None:
    store()
    (stray := folder / "ab" / "stray").parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left over")
    clock.shift(2 * DAY_MS)
    schedule.run_due()
    assert not stray.exists()
    assert len(files(folder)) == 1


def test_a_half_written_file_is_never_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store()
    assert files(folder) == []
    assert not MediaFile.objects.exists()


def test_a_picture_goes_out_caged() -> None:
    response = media_response(store())
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Content-Disposition"] == 'inline; filename="picture.webp"'
    assert "private" in response["Cache-Control"]
    assert "immutable" in response["Cache-Control"]


def test_nobody_keeps_an_encrypted_picture() -> None:
    response = media_response(store(encrypted=True))
    assert response["Cache-Control"] == "no-store"
    assert response.content[:4] == b"RIFF"


def test_a_fixed_number_of_statements(django_assert_num_queries: Any) -> None:
    for _ in range(3):
        store()
    data = pictures.picture()
    with django_assert_num_queries(2):
        file = store(data=data)
    with django_assert_num_queries(1):
        services.read_bytes(file.id)
