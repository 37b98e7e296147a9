"""Sealed files, long work and lists of any length."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from beyou.core import personal, work
from beyou.core.keyring import Undecryptable
from beyou.core.sealed_files import SealedWriter, read_sealed

KEY, CONTEXT = b"k" * 32, b"a test"
CHUNK = 64 * 1024


def sealed(path: Path, *parts: bytes) -> bytes:
    writer = SealedWriter(path, KEY, CONTEXT)
    for part in parts:
        writer.write(part)
    writer.close()
    writer.close()
    return path.read_bytes()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_was_written_comes_back_in_any_size(tmp_path: Path, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    stored = sealed(tmp_path / "f", data[: size // 3], data[size // 3 :])
    assert b"".join(read_sealed(tmp_path / "f", KEY, CONTEXT)) == data
    assert len(stored) == 11 + size + 16 * max(1, -(-size // CHUNK))


def test_no_chunk_can_be_dropped_moved_or_taken_from_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "f"
    stored = sealed(path, bytes(3 * CHUNK + 5))
    step = CHUNK + 16
    head, chunks = stored[:11], [stored[at : at + step] for at in range(11, len(stored), step)]
    other = sealed(tmp_path / "other", bytes(3 * CHUNK + 5))
    wrong = [
        head + b"".join(chunks[:-1]),
        head + b"".join([chunks[1], chunks[0], *chunks[2:]]),
        head + b"".join([*chunks, chunks[-1]]),
        head + other[11:],
        b"XXXX" + stored[4:],
        stored[:-1],
        head,
        b"",
    ]
    for data in wrong:
        path.write_bytes(data)
        with pytest.raises(Undecryptable):
            list(read_sealed(path, KEY, CONTEXT))
    path.write_bytes(stored)
    for key, context in ((b"x" * 32, CONTEXT), (KEY, b"another")):
        with pytest.raises(Undecryptable):
            list(read_sealed(path, key, context))


def test_an_abandoned_file_is_not_whole(tmp_path: Path) -> None:
    writer = SealedWriter(tmp_path / "f", KEY, CONTEXT)
    writer.write(bytes(2 * CHUNK))
    writer.abandon()
    with pytest.raises(Undecryptable):
        list(read_sealed(tmp_path / "f", KEY, CONTEXT))


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_a_list_of_any_length_is_json(count: int) -> None:
    records = [{"number": number, "id": uuid4()} for number in range(count)]
    data = b"".join(personal.json_list("a.json", iter(records)).chunks)
    assert [each["number"] for each in json.loads(data)] == list(range(count))


@pytest.fixture
def workers() -> Iterator[dict[str, object]]:
    before = dict(work._workers)
    work._workers.clear()
    yield work._workers  # type: ignore[misc]
    work._workers.clear()
    work._workers.update(before)


def test_one_worker_that_fails_does_not_keep_the_others_from_working(workers: dict[str, object]) -> None:
    done: list[str] = []

    @work.worker
    def broken() -> bool:
        raise ZeroDivisionError

    @work.worker
    def good() -> bool:
        done.append("step")
        return len(done) < 3

    work.run_all()
    assert done == ["step"] * 3


def test_work_that_never_ends_is_a_mistake(workers: dict[str, object]) -> None:
    work.worker(lambda: True)
    with pytest.raises(RuntimeError):
        work.run_all(limit=10)


def test_the_thread_works_at_once_and_ends_when_told(workers: dict[str, object]) -> None:
    seen = []

    @work.worker
    def step() -> bool:
        seen.append(1)
        work._stopping.set()
        work.check_stopping()
        seen.append(2)
        return True

    thread = work.WorkThread()
    work._wake.set()
    thread.start()
    thread.join(timeout=10)
    thread.stop()
    assert seen == [1]
