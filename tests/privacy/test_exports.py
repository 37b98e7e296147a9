"""Copies of a member's data: whole, private, encrypted, made beside the requests, and gone in time."""

import io
import json
import threading
import time
import tracemalloc
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection

from beyou.blocks.services import block
from beyou.core import clock, work
from beyou.core.errors import NotFound, RateLimited
from beyou.core.keyring import Undecryptable
from beyou.messaging.accept import accept_messages
from beyou.messaging.models import Conversation
from beyou.notifications.models import Notification
from beyou.privacy import queries, services
from beyou.privacy.archive import parse_manifest
from beyou.privacy.models import DataExport
from beyou.privacy.rules import ExportState, percent, safe_path
from beyou.users.models import User
from tests.factories import members
from tests.factories.members import client_of
from tests.messaging.world import Browser, accept, chat, say, text_draft
from tests.privacy.world import pass_days, seal, settle
from tests.verifier.standalone import installed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def copy_of(person: User) -> zipfile.ZipFile:
    """The member's copy, made and opened as the member would."""
    export = services.request_export(member_id=person.pk)
    settle()
    export.refresh_from_db()
    assert export.state == ExportState.READY, export.state
    return zipfile.ZipFile(io.BytesIO(b"".join(services.open_export(export))))


def read(archive: zipfile.ZipFile, path: str) -> Any:
    return json.loads(archive.read(path))


def test_a_copy_holds_everything_and_its_manifest_fits(folder: Path) -> None:
    alice, bob, mallory = members.alice(), members.bob(), members.mallory()
    block(member_id=alice.pk, other_id=mallory.pk, reason="Rude on Tuesday")
    conversation = chat(alice, bob)
    say(conversation, alice, "From me, ünd with öther letters")
    say(conversation, bob, "From him")
    seal(folder)
    archive = copy_of(alice)
    assert archive.testzip() is None
    assert read(archive, "account/account.json")["email"] == "alice@example.org"
    assert read(archive, "blocked-members.json")[0]["reason"] == "Rude on Tuesday"
    assert [each["handle"] for each in read(archive, "friends/friends.json")] == ["bob"]
    texts = read(archive, "conversations/0001-bob/messages-0001.json")
    assert [(each["from"], each["text"]) for each in texts] == [
        ("you", "From me, ünd with öther letters"), ("bob", "From him"),
    ]  # fmt: skip
    assert b"Your data at" in archive.read("README.txt")
    sums = parse_manifest(archive.read("manifest.json"))
    assert set(sums) == set(archive.namelist()) - {"manifest.json"}
    for path, digest in sums.items():
        assert sha256(archive.read(path)).hexdigest() == digest


def test_the_receipts_of_a_copy_are_checked_without_the_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alice, bob = members.alice(), members.bob()
    one, two = Browser(alice).publish(), Browser(bob).publish()
    conversation = chat(alice, bob)
    for text in ("Sealed", "Twice"):
        draft = one.seal(text, conversation.id, [two])
        accept(draft)
        one.accepted(draft)
    seal(folder)
    archive = copy_of(bob)
    archive.extractall(folder / "copy")
    with installed(monkeypatch):
        from beyou_ledger.cli import main

        assert main(["receipt", str(folder / "copy/conversations/0001-alice/receipts-0001.json")]) == 0
    assert "2 of 2 receipts are good" in capsys.readouterr().out
    messages = read(archive, "conversations/0001-alice/messages-0001.json")
    assert all(set(each["envelope"]) == {"header", "body", "signature", "wraps"} for each in messages)
    # Only bob's own wrap is in bob's copy.
    assert [len(each["envelope"]["wraps"]) for each in messages] == [1, 1]


def test_no_secret_and_nothing_of_others_is_in_a_copy(folder: Path) -> None:
    alice, bob, mallory = members.alice(), members.bob(), members.mallory()
    block(member_id=mallory.pk, other_id=alice.pk, reason="mallory's secret reason")
    block(member_id=bob.pk, other_id=mallory.pk, reason="bob's secret reason")
    say(chat(bob, members.charlie()), bob, "between bob and charlie")
    client_of(alice).get("/home")
    archive = copy_of(alice)
    whole = b"".join(archive.read(name) for name in archive.namelist())
    others = ("mallory's secret", "bob's secret", "between bob and charlie", "bob@example.org")
    for secret in (alice.password, "digest", *others):
        assert secret.encode() not in whole


def test_the_file_is_encrypted_and_an_altered_one_gives_nothing(folder: Path) -> None:
    alice = members.alice()
    copy_of(alice)
    export = DataExport.objects.get()
    path = queries.path_of(export.id)
    stored = path.read_bytes()
    assert b"README" not in stored
    assert b"PK\x03\x04" not in stored
    assert path.stat().st_mode & 0o077 == 0
    for changed in (
        stored[:-1],
        stored[:-20],
        stored[:11],
        b"",
        stored[:30] + bytes([stored[30] ^ 1]) + stored[31:],
    ):
        path.write_bytes(changed)
        with pytest.raises(Undecryptable):
            list(services.open_export(export))


def test_the_page_shows_the_way_from_asking_to_deleting(folder: Path) -> None:
    client = client_of(members.alice())
    assert "Make a copy of my data" in client.get("/settings/data").content.decode()
    assert client.post("/settings/data/exports").headers["Location"] == "/settings/data"
    waiting = client.get("/settings/data", headers={"HX-Request": "true"}).content.decode()
    assert "Your copy is being made: 0 %" in waiting
    assert "every 2s" in waiting
    settle()
    assert "Download my data" in client.get("/settings/data").content.decode()
    export = DataExport.objects.get()
    answer = client.get(f"/settings/data/exports/{export.id}")
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert (len(body), body[:4]) == (int(answer.headers["Content-Length"]), b"PK\x03\x04")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="beyou-alice-')
    assert [each.subject for each in mail.outbox] == ["The copy of your data at BeYou is ready"]
    assert Notification.objects.get().kind == "export_ready"
    client.post(f"/settings/data/exports/{export.id}/delete")
    assert (DataExport.objects.count(), client.get(f"/settings/data/exports/{export.id}").status_code) == (
        0,
        404,
    )


@pytest.mark.django_db(transaction=True)
def test_a_deleted_copy_leaves_no_file(folder: Path) -> None:
    alice = members.alice()
    copy_of(alice)
    services.delete_export(member_id=alice.pk, export_id=DataExport.objects.get().id)
    assert list((folder / "exports").iterdir()) == []


def test_nobody_else_gets_a_copy(folder: Path) -> None:
    copy_of(members.alice())
    path = f"/settings/data/exports/{DataExport.objects.get().id}"
    stranger = client_of(members.bob())
    assert stranger.get(path).status_code == 404
    assert stranger.post(f"{path}/delete").status_code == 404
    assert stranger.get(f"/settings/data/exports/{uuid4()}").status_code == 404
    assert members.visitor().get(path).headers["Location"].startswith("/sign-in")
    assert DataExport.objects.count() == 1


def test_one_at_a_time_three_a_day_and_seven_days(folder: Path) -> None:
    alice = members.alice()
    first = services.request_export(member_id=alice.pk)
    assert services.request_export(member_id=alice.pk) == first
    settle()
    for _ in range(2):
        copy_of(alice)
    assert DataExport.objects.count() == 1
    with pytest.raises(RateLimited):
        services.request_export(member_id=alice.pk)
    export = DataExport.objects.get()
    pass_days(7.01)
    with pytest.raises(NotFound):
        queries.export_for(alice.pk, export.id)
    assert queries.latest_export(alice.pk) is None
    services.sweep_exports()
    assert DataExport.objects.count() == 0


def test_a_file_that_no_row_names_is_swept(folder: Path) -> None:
    copy_of(members.alice())
    stray = folder / "exports" / f"{uuid4()}.part"
    stray.write_bytes(b"left by a killed process")
    assert services.sweep_exports() == 1
    assert not stray.exists()
    assert queries.path_of(DataExport.objects.get().id).exists()


def test_a_dead_process_loses_its_lease_and_the_next_one_makes_the_copy(folder: Path) -> None:
    alice = members.alice()
    export = services.request_export(member_id=alice.pk)
    DataExport.objects.update(state=ExportState.RUNNING, lease_ms=clock.now_ms() + 30_000, attempts=1)
    assert not services.build_next()
    clock.shift(31_000)
    assert services.build_next()
    export.refresh_from_db()
    assert (export.state, export.attempts) == (ExportState.READY, 2)


def test_three_failures_are_told_and_another_try_is_open(folder: Path) -> None:
    alice = members.alice()
    export = services.request_export(member_id=alice.pk)
    # A folder that cannot be made is a disk that is broken.
    (folder / "exports").write_bytes(b"")
    for attempt in range(1, 5):
        clock.shift(attempt * 61_000)
        services.build_next()
    export.refresh_from_db()
    assert (export.state, export.open_of_id) == (ExportState.FAILED, None)
    settle()
    assert Notification.objects.get().kind == "export_failed"
    assert "could not be made" in client_of(alice).get("/settings/data").content.decode()
    (folder / "exports").unlink()
    copy_of(alice)


def test_whoever_lost_the_lease_publishes_nothing(folder: Path) -> None:
    alice = members.alice()
    export = services.request_export(member_id=alice.pk)
    build = services._Build(export, lease_ms=12345)
    build.run()
    export.refresh_from_db()
    assert export.state == ExportState.WAITING
    assert not queries.path_of(export.id).exists()


def test_an_ending_process_gives_the_copy_back(folder: Path) -> None:
    alice = members.alice()
    services.request_export(member_id=alice.pk)
    work._stopping.set()
    try:
        assert not work.run_once()
    finally:
        work._stopping.clear()
    export = DataExport.objects.get()
    assert (export.attempts, export.lease_ms) == (0, 0)
    settle()
    export.refresh_from_db()
    assert export.state == ExportState.READY


@pytest.mark.django_db(transaction=True)
def test_eight_processes_make_one_copy(folder: Path) -> None:
    export = services.request_export(member_id=members.alice().pk)
    start = threading.Barrier(8)

    def build() -> None:
        start.wait(timeout=30)
        try:
            services.build_next()
        finally:
            connection.close()

    threads = [threading.Thread(target=build) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    export.refresh_from_db()
    assert (export.state, export.attempts) == (ExportState.READY, 1)


def _talk(conversation: Conversation, sender: User, count: int) -> None:
    for _ in range(0, count, 500):
        accept_messages([text_draft(conversation, sender, "word " * 40) for _ in range(500)])


@pytest.mark.same_everywhere
def test_ten_thousand_messages_need_little_memory(folder: Path) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    _talk(conversation, alice, 10_000)
    seal(folder)
    services.request_export(member_id=alice.pk)
    services.build_next()
    DataExport.objects.all().delete()
    services.request_export(member_id=alice.pk)
    tracemalloc.start()
    begin = time.monotonic()
    services.build_next()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    export = DataExport.objects.get()
    assert export.state == ExportState.READY
    assert peak < 24 * 2**20, f"{peak / 2**20:.1f} MiB in {time.monotonic() - begin:.1f} s"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(services.open_export(export))))
    parts = [name for name in archive.namelist() if "/messages-" in name]
    assert len(parts) == 20
    assert sum(len(read(archive, name)) for name in parts) == 10_000


def test_rules() -> None:
    assert [percent(0, 0), percent(1, 2), percent(9, 3)] == [0, 50, 99]
    for wrong in ("../x", "/x", "a//b", "a/../b", "a\\b", "a\0", ""):
        with pytest.raises(ValueError, match="not a path"):
            safe_path(wrong)


def test_an_old_proof_is_not_enough(folder: Path) -> None:
    alice = members.alice()
    copy_of(alice)
    export = DataExport.objects.get()
    client = client_of(alice, is_fresh=False)
    path = f"/settings/data/exports/{export.id}"
    assert client.get(path).headers["Location"].startswith("/confirm?next=")
    assert client.get("/settings/data/leave").headers["Location"].startswith("/confirm?next=")
    for page in ("/settings/data/exports", "/settings/data/leave"):
        assert client.post(page, {"handle": "alice"}).status_code == 403
    alice.refresh_from_db()
    assert (DataExport.objects.get(), alice.deletion_due_at) == (export, None)
