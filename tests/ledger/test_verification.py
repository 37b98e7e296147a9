"""Attacks on stored rows, made as the owner of the database would make them: each is named exactly."""

from dataclasses import replace
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import transaction

from beyou.core.ids import uuid7
from beyou.ledger import queries
from beyou.ledger.consensus import Policy
from beyou.ledger.format import BlockHeader, Consensus, Entry, Kind, commitment
from beyou.ledger.merkle import leaf_hash
from beyou.ledger.models import (
    Alert,
    BlockRow,
    CheckpointRow,
    Document,
    EntryRow,
    Head,
    OutboxRow,
    SaltRow,
    TileRow,
)
from beyou.ledger.note import Checkpoint, Signer
from beyou.ledger.services import change_consensus, record_messages
from beyou.ledger.verification import Finding, Verification
from tests.ledger.log import Log

BLOCKS, EACH = 6, 60  # 367 leaves: two tiles of the lowest level, one of the next


@pytest.fixture
def sealed(log: Log) -> list[UUID]:
    return log.grow(BLOCKS, EACH)


def verify(log: Log) -> list[Finding]:
    return list(Verification(log.signer.verifier, log.high_water, log.messages).run())


def found(log: Log) -> list[tuple[str, str]]:
    return [(finding.kind, finding.where) for finding in verify(log)]


def position(message: UUID) -> tuple[int, int]:
    row = EntryRow.objects.get(message_id=message)
    return row.seq, row.block_no


def entry_at(seq: int, block: int) -> str:
    return f"entry {seq} in block {block}"


def message_at(message: UUID) -> str:
    return f"message {message} ({entry_at(*position(message))})"


def overwrite_hash(seq: int, leaf: bytes) -> None:
    row = TileRow.objects.get(tile_id=seq // 256)
    data = bytearray(row.hashes)
    data[seq % 256 * 32 : seq % 256 * 32 + 32] = leaf
    TileRow.objects.filter(tile_id=row.tile_id).update(hashes=bytes(data))


def test_an_untouched_ledger_has_no_finding(log: Log, sealed: list[UUID]) -> None:
    change_consensus(Policy(Consensus.POA, 0, (log.signer.verifier.public,)), block_no=6)
    log.grow(3, 2)
    log.say(2)
    assert verify(log) == []


# Messages


@pytest.mark.parametrize(
    "field", ["sender", "body", "signature", "media", "conv_seq", "created_ms", "flags", "mode"]
)
def test_an_edited_message_is_named(log: Log, sealed: list[UUID], field: str) -> None:
    altered = {"sender": uuid7(), "conv_seq": 99, "created_ms": 5, "flags": 1, "mode": 2}
    message = sealed[100]
    opening = log.messages.stored[message]
    log.messages.stored[message] = replace(opening, **{field: altered.get(field, b"\1" * 32)})
    assert found(log) == [("message_altered", message_at(message))]


def test_a_deleted_message_is_named(log: Log, sealed: list[UUID]) -> None:
    del log.messages.stored[sealed[17]]
    assert found(log) == [("message_missing", message_at(sealed[17]))]


def test_an_inserted_message_is_named(log: Log, sealed: list[UUID]) -> None:
    forged = log.opening(uuid7())
    log.messages.stored[forged.message] = forged
    assert found(log) == [("message_unrecorded", f"message {forged.message}")]


def test_two_messages_that_changed_places_are_named(log: Log, sealed: list[UUID]) -> None:
    stored, (one, two) = log.messages.stored, sealed[3:5]
    stored[one], stored[two] = (
        replace(stored[two], message=one),
        replace(stored[one], message=two),
    )
    assert found(log) == [("message_altered", message_at(one)), ("message_altered", message_at(two))]


def test_a_message_sealed_again_after_an_edit_is_still_named(log: Log, sealed: list[UUID]) -> None:
    opening = replace(log.messages.stored[sealed[0]], body=b"\2" * 32)
    log.messages.stored[sealed[0]] = opening
    where, salt = message_at(sealed[0]), b"s" * 32
    SaltRow.objects.filter(message_id=sealed[0]).update(salt=salt)
    entry = Entry(Kind.MESSAGE, commitment(salt, opening)).encode()
    OutboxRow.objects.create(kind=Kind.MESSAGE, message_id=sealed[0], entry=entry, created_ms=0)
    log.seal()
    assert ("message_altered", where) in found(log)


def test_a_message_cut_off_with_its_link_is_named(log: Log, sealed: list[UUID]) -> None:
    seq, block = position(sealed[9])
    EntryRow.objects.filter(seq=seq).update(message_id=None, conversation_id=None)
    SaltRow.objects.filter(message_id=sealed[9]).delete()
    del log.messages.stored[sealed[9]]
    assert found(log) == [("entry_unlinked", entry_at(seq, block))]


def test_a_lost_salt_is_named(log: Log, sealed: list[UUID]) -> None:
    SaltRow.objects.filter(message_id=sealed[1]).delete()
    assert found(log) == [("salt_missing", message_at(sealed[1]))]


def test_a_number_that_was_never_recorded_is_a_gap(log: Log) -> None:
    conversation = uuid7()
    log.say(2, conversation)
    log.opening(conversation)
    log.say(2, conversation)
    log.seal()
    assert found(log) == [("gap", f"conversation {conversation}")]


# Entries


@pytest.mark.parametrize("at", [0, 59, 255, 359])
def test_an_edited_entry_is_named(log: Log, sealed: list[UUID], at: int) -> None:
    seq, block = position(sealed[at])
    EntryRow.objects.filter(seq=seq).update(entry=Entry(Kind.MESSAGE, bytes(32)).encode())
    assert found(log) == [("entry_altered", entry_at(seq, block))]


def test_a_deleted_entry_is_named(log: Log, sealed: list[UUID]) -> None:
    seq, block = position(sealed[200])
    EntryRow.objects.filter(seq=seq).delete()
    assert found(log)[0] == ("entry_missing", entry_at(seq, block))
    assert found(log)[1:] == [("message_unrecorded", f"message {sealed[200]}")]


def test_entries_that_changed_places_are_both_named(log: Log, sealed: list[UUID]) -> None:
    rows = [EntryRow.objects.get(message_id=message) for message in sealed[70:72]]
    for row, other in zip(rows, reversed(rows), strict=True):
        EntryRow.objects.filter(seq=row.seq).update(entry=other.entry)
    assert found(log) == [("entry_altered", entry_at(row.seq, row.block_no)) for row in rows]


def test_an_inserted_entry_is_named(log: Log, sealed: list[UUID]) -> None:
    size = Head.objects.get().tree_size
    entry = Entry(Kind.MESSAGE, bytes(32)).encode()
    EntryRow.objects.create(seq=size, block_no=BLOCKS, kind=Kind.MESSAGE, entry=entry)
    assert found(log) == [("entry_beyond", f"entry {size}")]


@pytest.mark.parametrize("column", ["kind", "block_no", "conversation_id"])
def test_an_altered_column_beside_an_entry_is_named(log: Log, sealed: list[UUID], column: str) -> None:
    seq, block = position(sealed[5])
    value = uuid7() if column == "conversation_id" else 3
    EntryRow.objects.filter(seq=seq).update(**{column: value})
    assert found(log)[0] == ("entry_altered", entry_at(seq, block))


def test_an_entry_altered_with_its_tile_leads_to_block_and_message(log: Log, sealed: list[UUID]) -> None:
    seq, block = position(sealed[130])
    entry = Entry(Kind.MESSAGE, bytes(32)).encode()
    EntryRow.objects.filter(seq=seq).update(entry=entry)
    overwrite_hash(seq, leaf_hash(entry))
    findings = found(log)
    assert findings[0] == ("block_data", f"block {block}")
    assert ("message_altered", message_at(sealed[130])) in findings


# Tiles


@pytest.mark.parametrize("seq", [0, 100, 255, 256, 366])
def test_an_edited_tile_is_named(log: Log, sealed: list[UUID], seq: int) -> None:
    overwrite_hash(seq, b"\7" * 32)
    (finding,) = verify(log)
    assert (finding.kind, finding.where) == ("tile", f"tile 0/{seq // 256}")
    assert finding.seq == seq


def test_a_deleted_tile_is_named(log: Log, sealed: list[UUID]) -> None:
    TileRow.objects.filter(tile_id=1).delete()
    assert set(found(log)) == {("tile", "tile 0/1")}


@pytest.mark.parametrize("damage", ["delete", "edit"])
def test_a_higher_tile_is_named(log: Log, sealed: list[UUID], damage: str) -> None:
    rows = TileRow.objects.filter(tile_id=1 << 48)
    rows.delete() if damage == "delete" else rows.update(hashes=bytes(32))
    assert found(log) == [("tile", "tile 1/0")]


# Blocks


def test_an_edited_header_is_named(log: Log, sealed: list[UUID]) -> None:
    row = BlockRow.objects.get(block_no=3)
    header = replace(BlockHeader.parse(bytes(row.header)), timestamp_ms=1)
    BlockRow.objects.filter(block_no=3).update(header=header.encode())
    assert found(log)[0] == ("block_altered", "block 3")
    assert {where for _, where in found(log)} == {"block 3"}


@pytest.mark.parametrize("number", [1, 3, BLOCKS])
def test_a_header_made_anew_with_its_work_is_named(log: Log, sealed: list[UUID], number: int) -> None:
    row = BlockRow.objects.get(block_no=number)
    header = BlockHeader.parse(bytes(row.header))
    forged, _ = replace(header, timestamp_ms=header.timestamp_ms + 1).mined()
    BlockRow.objects.filter(block_no=number).update(
        header=forged.encode(), hash_hex=forged.hash().hex(), sealed_ms=forged.timestamp_ms
    )
    kind = ("head", "head") if number == BLOCKS else ("link", f"block {number}")
    assert found(log) == [kind]


def test_a_block_without_its_work_is_named(log: Log, sealed: list[UUID]) -> None:
    row = BlockRow.objects.get(block_no=BLOCKS)
    header = BlockHeader.parse(bytes(row.header))
    forged = next(
        lazy for nonce in range(10_000) if not (lazy := replace(header, nonce=nonce)).meets_difficulty()
    )
    BlockRow.objects.filter(block_no=BLOCKS).update(header=forged.encode(), hash_hex=forged.hash().hex())
    Head.objects.update(hash_hex=forged.hash().hex())
    assert found(log) == [("consensus", f"block {BLOCKS}")]


@pytest.mark.parametrize(
    "changes",
    [
        *({"header": b"?" * 148}, {"hash_hex": "z" * 64}, {"tree_size": 10**15}, {"leaf_count": 2**31 - 1}),
        *({"first_seq": 0}, {"sealed_ms": 1}, {"proof": b"x"}),
    ],
)
def test_an_altered_block_row_is_named_alone(log: Log, sealed: list[UUID], changes: dict[str, Any]) -> None:
    BlockRow.objects.filter(block_no=3).update(**changes)
    if "proof" in changes:
        assert found(log) == [], "a proof beside proof of work says nothing"
    else:
        assert found(log) == [("block_altered", "block 3")]


@pytest.mark.parametrize("number", [0, 3, BLOCKS])
def test_a_deleted_block_is_named_alone(log: Log, sealed: list[UUID], number: int) -> None:
    BlockRow.objects.filter(block_no=number).delete()
    assert found(log)[0] == ("block_missing", f"block {number}")
    assert not [finding for finding in verify(log) if finding.block_no not in (number, None)]


def test_swapped_blocks_are_named(log: Log, sealed: list[UUID]) -> None:
    two, three = (
        BlockRow.objects.filter(block_no__in=(2, 3)).order_by("block_no").values_list("header", flat=True)
    )
    BlockRow.objects.filter(block_no=2).update(header=three)
    BlockRow.objects.filter(block_no=3).update(header=two)
    assert found(log)[0] == ("block_altered", "block 2")


def test_a_signature_of_another_authority_is_named(log: Log) -> None:
    log.seal()
    change_consensus(Policy(Consensus.POA, 0, (log.signer.verifier.public,)), block_no=0)
    log.seal()
    log.grow(2, 3)
    header = BlockHeader.parse(bytes(BlockRow.objects.get(block_no=3).header))
    forged = Signer("mallory", bytes(32)).sign(header.hash())
    BlockRow.objects.filter(block_no=3).update(proof=forged)
    assert found(log) == [("consensus", "block 3")]


def test_an_altered_policy_document_is_named(log: Log, sealed: list[UUID]) -> None:
    Document.objects.filter(kind=Kind.GENESIS).update(document=b'{"format":"beyou/genesis/1"}')
    assert found(log) == [("document", entry_at(0, 0))]


# The whole


def truncate(size: int, block_no: int) -> None:
    """As an owner would who wants the end forgotten, leaving a head that fits."""
    EntryRow.objects.filter(seq__gte=size).delete()
    BlockRow.objects.filter(block_no__gt=block_no).delete()
    CheckpointRow.objects.filter(tree_size__gt=size).delete()
    Head.objects.update(
        block_no=block_no, tree_size=size, hash_hex=BlockRow.objects.get(block_no=block_no).hash_hex
    )


def test_a_truncated_chain_is_named(log: Log, sealed: list[UUID]) -> None:
    row = BlockRow.objects.get(block_no=4)
    truncate(row.tree_size, 4)
    findings = verify(log)
    assert (findings[0].kind, findings[0].where) == ("high_water", "high-water file")
    assert f"the log ends at {row.tree_size}" in findings[0].detail
    lost = {finding.message for finding in findings[1:]}
    assert lost == set(sealed[4 * EACH :])


def test_rows_cut_off_under_a_standing_head_are_named_one_by_one(log: Log, sealed: list[UUID]) -> None:
    EntryRow.objects.filter(block_no=BLOCKS).delete()
    BlockRow.objects.filter(block_no=BLOCKS).delete()
    CheckpointRow.objects.filter(tree_size=367).delete()
    findings = found(log)
    assert findings[0] == ("block_missing", f"block {BLOCKS}")
    missing = [where for kind, where in findings if kind == "entry_missing"]
    assert missing == [entry_at(seq, BLOCKS) for seq in range(306, 367)]


def test_a_chain_mined_anew_by_somebody_without_the_key_is_named(log: Log, sealed: list[UUID]) -> None:
    remine(log, Signer(log.signer.verifier.name, b"m" * 32))
    findings = found(log)
    assert findings[0] == ("checkpoint", "checkpoint of 1 entries")
    assert ("high_water", "high-water file") in findings


def test_a_chain_mined_anew_with_the_stolen_key_contradicts_the_high_water_file(
    log: Log, sealed: list[UUID]
) -> None:
    remine(log, log.signer)
    assert [kind for kind, _ in found(log)] == ["high_water"]


def remine(log: Log, signer: Signer) -> None:
    """Everything again from genesis, with one message rewritten, salts, work and signatures included."""
    for model in (EntryRow, BlockRow, TileRow, CheckpointRow, Head, Document, SaltRow, OutboxRow):
        model.objects.all().delete()
    forger = Log(log.folder / "forger", log.messages, signer)
    first = min(log.messages.stored)
    log.messages.stored[first] = replace(log.messages.stored[first], body=b"\3" * 32)
    openings = list(log.messages.stored.values())
    for at in range(0, len(openings), EACH):
        with transaction.atomic():
            record_messages(openings[at : at + EACH])
        forger.seal()


def test_a_forged_checkpoint_is_named(log: Log, sealed: list[UUID]) -> None:
    note = log.signer.note(Checkpoint(log.signer.verifier.name, 62, b"\1" * 32).text())
    assert CheckpointRow.objects.filter(tree_size=62).update(note=note)
    assert found(log) == [("checkpoint", "checkpoint of 62 entries")]


def test_a_forged_high_water_file_is_named(log: Log, sealed: list[UUID]) -> None:
    log.high_water.write_text("nothing")
    assert found(log)[0] == ("high_water", "high-water file")


def test_a_head_that_claims_more_than_there_is(log: Log, sealed: list[UUID]) -> None:
    Head.objects.update(tree_size=10**15)
    assert found(log) == [("truncated", f"block {BLOCKS}")]


def test_a_lost_head_does_not_hide_the_rest(log: Log, sealed: list[UUID]) -> None:
    Head.objects.all().delete()
    kinds = [kind for kind, _ in found(log)]
    assert {"entry_beyond", "block_beyond", "checkpoint_beyond", "high_water"} <= set(kinds)


def test_every_altered_position_is_named_once_and_in_order(log: Log, sealed: list[UUID]) -> None:
    messages = [sealed[10], sealed[150], sealed[300]]
    places = [position(message) for message in messages]
    for seq, _ in places:
        EntryRow.objects.filter(seq=seq).update(entry=Entry(Kind.MESSAGE, bytes(32)).encode())
    assert found(log) == [("entry_altered", entry_at(*place)) for place in places]


# The command


@pytest.fixture
def instance(log: Log, settings: Any) -> Log:
    settings.LEDGER_HIGH_WATER = log.high_water
    log.signer = Signer(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED)
    return log


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_what_it_saw(instance: Log) -> None:
    assert run()[0] == 2
    said = instance.grow(2, 3)
    assert run() == (
        0,
        "All 9 entries are as they were sealed, and all 0 rows of the audit as they were recorded.\n",
    )
    assert (queries.health().verified_size, queries.health().findings) == (9, 0)
    where = message_at(said[0])
    del instance.messages.stored[said[0]]
    for _ in range(2):
        status, text = run()
        assert status == 1
        assert f"{where}: is not stored any more" in text
    assert Alert.objects.get().kind == "message_missing"
    assert (queries.health().open_alerts, queries.health().is_well) == (1, False)
    assert not Head.objects.get().frozen


def test_the_command_freezes_sealing_on_demand(instance: Log) -> None:
    instance.grow(1, 2)
    run("--freeze")
    assert not Head.objects.get().frozen
    TileRow.objects.filter(tile_id=0).update(hashes=bytes(32 * 4))
    run("--freeze")
    assert Head.objects.get().frozen
    out = StringIO()
    call_command("resume_sealing", stdout=out)
    assert not Head.objects.get().frozen
    assert "Sealing goes on" in out.getvalue()
