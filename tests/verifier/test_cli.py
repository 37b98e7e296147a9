"""The offline checker against exports and receipts of a real log, intact and forged in every file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from beyou.ledger import export, queries
from beyou.ledger.consensus import Policy
from beyou.ledger.format import BlockHeader, Consensus
from beyou.ledger.models import EntryRow, TileRow
from beyou.ledger.note import Checkpoint, Signer
from beyou.ledger.services import change_consensus
from tests.ledger.log import Log, source_of
from tests.verifier.standalone import VERIFIER

pytestmark = pytest.mark.same_everywhere


@pytest.fixture
def log(db: None, tmp_path: Path, settings: Any) -> Any:
    log = Log(tmp_path / "data", signer=Signer(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED))
    with source_of(log.messages):
        yield log


@pytest.fixture
def folder(log: Log, tmp_path: Path) -> Path:
    """An export of 300 leaves in several blocks, by work and by authority, with openings."""
    log.grow(3, 70)
    change_consensus(Policy(Consensus.POA, 0, (log.signer.verifier.public,)), block_no=3)
    log.seal()
    log.grow(2, 41)
    target = tmp_path / "export"
    assert export.write(target, openings_from=log.messages) == 300
    return target


def run(*arguments: object) -> int:
    from beyou_ledger.cli import main

    return main([str(argument) for argument in arguments])


def vkey(log: Log) -> str:
    return str(log.signer.verifier)


def test_an_intact_export_is_good(log: Log, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", folder, "--vkey", vkey(log)) == 0
    said = capsys.readouterr().out
    assert said.startswith("GOOD: 300 entries in 7 blocks")
    assert "292 messages opened" in said


def test_it_runs_alone(log: Log, folder: Path) -> None:
    program = (
        "import sys; from beyou_ledger.cli import main; code = main(sys.argv[1:]);"
        "assert not {'django', 'beyou'} & {name.split('.')[0] for name in sys.modules}; sys.exit(code)"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(VERIFIER)}
    done = subprocess.run(
        [sys.executable, "-c", program, "verify", str(folder)],
        env=environment, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout[:4]) == (0, "GOOD"), done.stderr
    assert "give --vkey" in done.stderr


def edit(path: Path, change: Callable[[bytearray], None]) -> None:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(bytes(data))


def flip(at: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[at] ^= 1

    return change


def change_line(path: Path, number: int, **fields: object) -> None:
    lines = path.read_text().splitlines()
    lines[number] = json.dumps(json.loads(lines[number]) | fields)
    path.write_text("\n".join(lines) + "\n")


def header_of(folder: Path, number: int) -> BlockHeader:
    line = (folder / "blocks.jsonl").read_text().splitlines()[number]
    return BlockHeader.parse(bytes.fromhex(json.loads(line)["header"]))


def first_problem(log: Log, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run("verify", folder, "--vkey", vkey(log)) == 1
    return capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(("seq", "block"), [(100, 2), (255, 5), (299, 6)])
def test_an_edited_entry_is_named(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str], seq: int, block: int
) -> None:
    name = "000" if seq < 256 else "001.p/44"
    edit(folder / "tile/entries" / name, flip(seq % 256 * 42 + 30))
    assert first_problem(log, folder, capsys).endswith(f"first at entry {seq}")
    capsys.readouterr()
    run("verify", folder)
    assert f"BAD: block {block} does not hold the entries" in capsys.readouterr().out


@pytest.mark.parametrize(("tile", "at"), [("0/000", 9), ("0/001.p/44", 43), ("1/000.p/1", 0)])
def test_an_edited_tile_is_named(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str], tile: str, at: int
) -> None:
    edit(folder / "tile" / tile, flip(at * 32))
    assert first_problem(log, folder, capsys).startswith(f"BAD: tile/{tile} ")


def test_entries_that_changed_places_are_named(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def swap(data: bytearray) -> None:
        data[42 * 5 : 42 * 6], data[42 * 6 : 42 * 7] = data[42 * 6 : 42 * 7], data[42 * 5 : 42 * 6]

    edit(folder / "tile/entries/000", swap)
    assert first_problem(log, folder, capsys).endswith("first at entry 5")


def test_a_header_made_anew_is_named_by_the_block_after_it(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged, _ = replace(header_of(folder, 2), timestamp_ms=header_of(folder, 3).timestamp_ms).mined(1 << 40)
    change_line(folder / "blocks.jsonl", 2, header=forged.encode().hex())
    assert first_problem(log, folder, capsys) == "BAD: block 3 does not follow the block before it"


def test_a_block_without_work_is_named(log: Log, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lazy = next(
        one
        for nonce in range(10_000)
        if not (one := replace(header_of(folder, 3), nonce=nonce)).meets_difficulty()
    )
    change_line(folder / "blocks.jsonl", 3, header=lazy.encode().hex())
    assert first_problem(log, folder, capsys) == "BAD: block 3 lacks its work"


def test_a_block_without_its_signature_is_named(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_line(folder / "blocks.jsonl", 5, proof=None)
    assert first_problem(log, folder, capsys) == "BAD: block 5 is not signed by the validator in turn"


def test_a_deleted_block_is_named(log: Log, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (folder / "blocks.jsonl").read_text().splitlines()
    (folder / "blocks.jsonl").write_text("\n".join(lines[:2] + lines[3:]) + "\n")
    assert first_problem(log, folder, capsys) == "BAD: block 2 does not follow the block before it"
    (folder / "blocks.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    assert "block 6 is missing" in first_problem(log, folder, capsys)


def test_an_altered_opening_is_named(log: Log, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = json.loads((folder / "openings.jsonl").read_text().splitlines()[8])
    change_line(folder / "openings.jsonl", 8, salt="00" * 32)
    message = list(log.messages.stored)[8]
    assert (
        first_problem(log, folder, capsys) == f"BAD: message {message} is not what entry {line['seq']} sealed"
    )


def test_a_message_that_is_gone_is_named_by_its_entry(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (folder / "openings.jsonl").read_text().splitlines()
    (folder / "openings.jsonl").write_text("\n".join(lines[:8] + lines[9:]) + "\n")
    gone = f"entry {json.loads(lines[8])['seq']} seals a message that is not in the export"
    assert gone in first_problem(log, folder, capsys)


def test_a_checkpoint_of_another_key_is_bad(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mallory = Signer(log.signer.verifier.name, b"m" * 32)
    signed = Checkpoint.open((folder / "checkpoint").read_text(), log.signer.verifier)
    (folder / "checkpoint").write_text(mallory.note(signed.text()))
    assert "is not signed by" in first_problem(log, folder, capsys)


def test_a_checkpoint_with_another_root_is_bad(
    log: Log, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "checkpoint").write_text(
        log.signer.note(Checkpoint(log.signer.verifier.name, 300, b"\1" * 32).text())
    )
    assert "signs another root" in first_problem(log, folder, capsys)


def test_a_kept_checkpoint_finds_the_fork(log: Log, folder: Path, tmp_path: Path) -> None:
    name = log.signer.verifier.name
    pinned = tmp_path / "pinned"
    pinned.write_text(queries.CheckpointRow.objects.get(tree_size=72).note)
    assert run("verify", folder, "--vkey", vkey(log), "--pinned", pinned) == 0
    for size in (72, 301):
        pinned.write_text(log.signer.note(Checkpoint(name, size, b"\1" * 32).text()))
        assert run("verify", folder, "--vkey", vkey(log), "--pinned", pinned) == 1


@pytest.mark.parametrize(
    "path", ["checkpoint", "blocks.jsonl", "documents.jsonl", "tile/0/000", "tile/entries/001.p/44"]
)
def test_a_missing_file_is_incomplete(log: Log, folder: Path, path: str) -> None:
    (folder / path).unlink()
    assert run("verify", folder, "--vkey", vkey(log)) == 2


def test_a_truncated_file_is_never_good(log: Log, folder: Path) -> None:
    files = [one for one in folder.rglob("*") if one.is_file() and one.name != "vkey"]
    # Nobody was erased here, so the list of erasures is empty: nothing can be cut off it.
    for path in sorted(one for one in files if one.stat().st_size):
        whole = path.read_bytes()
        path.write_bytes(whole[:-40])
        assert run("verify", folder, "--vkey", vkey(log)) in (1, 2), path
        path.write_bytes(whole)
    assert run("verify", folder, "--vkey", vkey(log)) == 0


# Receipts


@pytest.mark.parametrize("form", ["json", "proof"])
def test_receipts_are_checked_in_both_forms(
    log: Log, folder: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for message in list(log.messages.stored)[::29]:
        proofs = queries.proofs_for([message])
        receipt = queries.receipt(log.messages.stored[message], proofs.items[0], proofs)
        file = tmp_path / "receipt"
        text = json.dumps(receipt.value) if form == "json" else receipt.text
        file.write_text(text)
        assert run("receipt", file, "--vkey", vkey(log)) == 0
        assert str(message) in capsys.readouterr().out
        index = proofs.items[0].index
        wrong = f'"index": {index + 1},' if form == "json" else f"index {index + 1}\n"
        right = f'"index": {index},' if form == "json" else f"index {index}\n"
        assert right in text
        file.write_text(text.replace(right, wrong))
        assert run("receipt", file, "--vkey", vkey(log)) == 1


def test_a_receipt_of_another_text_is_bad(log: Log, folder: Path, tmp_path: Path) -> None:
    message, opening = next(iter(log.messages.stored.items()))
    proofs = queries.proofs_for([message])
    file = tmp_path / "receipt"
    for field in ("body", "signature", "media"):
        forged = replace(opening, **{field: b"\6" * 32})
        file.write_text(json.dumps(queries.receipt(forged, proofs.items[0], proofs).value))
        assert run("receipt", file) == 1


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\nindex 1\n\nx"]
)
def test_what_is_no_receipt_is_never_good(tmp_path: Path, text: str) -> None:
    file = tmp_path / "receipt"
    file.write_text(text)
    assert run("receipt", file) in (1, 2)


# Exporting


def test_the_command_exports_into_an_empty_folder_only(log: Log, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no checkpoint"):
        call_command("export_ledger", str(tmp_path / "out"))
    log.grow(1, 3)
    call_command("export_ledger", str(tmp_path / "out"))
    assert not (tmp_path / "out/openings.jsonl").exists()
    assert run("verify", tmp_path / "out", "--vkey", vkey(log)) == 0
    with pytest.raises(CommandError, match="not empty"):
        call_command("export_ledger", str(tmp_path / "out"))


@pytest.mark.parametrize("model", [EntryRow, TileRow])
def test_a_damaged_ledger_is_not_exported_as_whole(log: Log, tmp_path: Path, model: Any) -> None:
    log.grow(1, 3)
    model.objects.order_by("pk").last().delete()
    with pytest.raises(CommandError, match="missing"):
        call_command("export_ledger", str(tmp_path / "out"))
    assert not (tmp_path / "out/checkpoint").exists()
