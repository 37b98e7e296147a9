"""The high-water file: what it remembers, what a torn write leaves, and who notices a strange one."""

import os
from pathlib import Path

import pytest

from beyou.ledger import highwater
from beyou.ledger.models import Alert, BlockRow, Head
from beyou.ledger.note import Checkpoint, Signer
from tests.ledger.log import ORIGIN as NAME
from tests.ledger.log import SEED, Log

SIGNER = Signer(NAME, SEED)
KEY = SIGNER.verifier


def checkpoint(size: int) -> Checkpoint:
    return Checkpoint(NAME, size, bytes([size % 256]) * 32)


def note(size: int) -> str:
    return SIGNER.note(checkpoint(size).text())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.highwater"


def test_the_newest_note_counts_and_the_one_before_is_kept(path: Path) -> None:
    assert highwater.read(path, KEY) is None
    for size in (1, 2, 3, 9, 10, 99, 100, 1_000_000):
        highwater.write(path, note(size), KEY)
        assert highwater.read(path, KEY) == checkpoint(size)
        assert path.stat().st_size == 8192
    lines = [line for line in path.read_text().split("\n") if line]
    assert lines == [line for size in (100, 1_000_000) for line in note(size).split("\n") if line]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("kept", [0, 1, 100, 300, 4095])
def test_a_torn_write_leaves_the_note_before_and_is_written_over(path: Path, kept: int) -> None:
    for size in (5, 6, 7):
        highwater.write(path, note(size), KEY)
    data = path.read_bytes()
    # The write of 8 goes where 6 stands, and only its beginning arrives.
    at = data.index(note(6).encode())
    torn = note(8).encode().ljust(4096, b"\n")[:kept]
    path.write_bytes(data[:at] + torn + data[at + kept :])
    survived = highwater.read(path, KEY)
    assert survived in (checkpoint(7), checkpoint(8))
    for size in (8, 9):
        highwater.write(path, note(size), KEY)
        assert highwater.read(path, KEY) == checkpoint(size)
    stored = path.read_text().split("\n")
    assert {"8", "9"} <= set(stored), "the note before is kept"


def test_nothing_is_left_of_a_file_when_both_places_are_spoilt(path: Path) -> None:
    for content in (
        b"",
        b"nothing",
        b"\xff" * 8192,
        b"\0" * 8192,
        note(3).replace("\n3\n", "\n2\n").encode(),
    ):
        path.write_bytes(content)
        with pytest.raises(highwater.HighWaterDamaged, match=path.name):
            highwater.read(path, KEY)


def test_a_note_of_another_key_is_no_note(path: Path) -> None:
    highwater.write(path, Signer(NAME, bytes(32)).note(checkpoint(5).text()), KEY)
    with pytest.raises(highwater.HighWaterDamaged):
        highwater.read(path, KEY)
    highwater.write(path, note(4), KEY)
    assert highwater.read(path, KEY) == checkpoint(4)


def test_a_file_with_one_note_as_they_once_were_is_read_and_written_on(path: Path) -> None:
    path.write_text(note(41))
    assert highwater.read(path, KEY) == checkpoint(41)
    highwater.write(path, note(42), KEY)
    assert highwater.read(path, KEY) == checkpoint(42)
    assert {"41", "42"} <= set(path.read_text().split("\n"))


def test_a_note_without_room_is_refused_before_anything_is_written(path: Path) -> None:
    highwater.write(path, note(1), KEY)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no room"):
        highwater.write(path, "x" * 4097, KEY)
    assert path.read_bytes() == before


def test_every_note_is_flushed_before_write_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bytes] = []

    def watch(name: str) -> None:
        really = getattr(os, name)

        def flush(descriptor: int) -> None:
            really(descriptor)
            target = Path(f"/proc/self/fd/{descriptor}").resolve()
            flushed.append(target.read_bytes() if target.is_file() else b"folder")

        monkeypatch.setattr(os, name, flush)

    watch("fsync")
    watch("fdatasync")
    highwater.write(path, note(1), KEY)
    assert note(1).encode() in flushed[0]
    assert flushed[1:] == [b"folder"]
    for size in (2, 3):
        flushed.clear()
        highwater.write(path, note(size), KEY)
        (content,) = flushed
        assert note(size).encode() in content
        assert content == path.read_bytes()


@pytest.mark.django_db
def test_a_sealer_at_work_looks_again_when_another_wrote_the_file(log: Log) -> None:
    sealer = log.sealer()
    log.say(3)
    sealer.step()
    log.say(3)
    sealer.step()
    size = Head.objects.get().tree_size
    ahead = log.signer.note(Checkpoint(NAME, size + 9, bytes(32)).text())
    highwater.write(log.high_water, ahead, KEY)
    log.say(1)
    assert sealer.step() == 0 or Head.objects.get().frozen
    assert "was set back" in Alert.objects.get().detail


@pytest.mark.django_db
def test_a_sealer_at_work_does_not_sign_another_root_for_a_signed_size(log: Log) -> None:
    sealer = log.sealer()
    log.say(3)
    sealer.step()
    size = Head.objects.get().tree_size
    log.high_water.write_text(log.signer.note(Checkpoint(NAME, size, bytes(32)).text()))
    log.say(1)
    sealer.step()
    assert "made anew" in Alert.objects.get().detail
    assert Head.objects.get().frozen


@pytest.mark.django_db
def test_sealing_goes_on_from_the_note_before_a_torn_one(log: Log) -> None:
    log.grow(2, 4)
    data = log.high_water.read_bytes()
    newest = highwater.read(log.high_water, log.signer.verifier)
    assert newest is not None
    at = data.index(log.signer.note(newest.text()).encode())
    log.high_water.write_bytes(data[: at + 60] + b"\n" * 100 + data[at + 160 :])
    older = highwater.read(log.high_water, log.signer.verifier)
    assert older is not None
    assert older.size < newest.size
    log.grow(1, 2)
    assert not Alert.objects.exists()
    after = highwater.read(log.high_water, log.signer.verifier)
    assert after is not None
    assert after.size == Head.objects.get().tree_size > newest.size
    assert BlockRow.objects.count() == 4
