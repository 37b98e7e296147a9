"""Sealing: what becomes of waiting entries, and when the sealer refuses to go on."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from beyou.ledger import chain, highwater, services, storage
from beyou.ledger.consensus import CONSENSUS_FORMAT, Policy, violation
from beyou.ledger.errors import LedgerDamaged
from beyou.ledger.format import BlockHeader, Consensus, Entry, Kind
from beyou.ledger.merkle import leaf_hash, tree_root
from beyou.ledger.models import (
    Alert,
    BlockRow,
    CheckpointRow,
    ConversationStatistics,
    Document,
    EntryRow,
    Head,
    OutboxRow,
    TileRow,
)
from beyou.ledger.note import Checkpoint
from beyou.ledger.sealer import BATCH, SealerThread
from tests.ledger.log import Log, guarded


def leaves() -> list[bytes]:
    return [
        leaf_hash(bytes(entry)) for entry in EntryRow.objects.order_by("seq").values_list("entry", flat=True)
    ]


def headers() -> list[BlockHeader]:
    rows = BlockRow.objects.order_by("block_no").values_list("header", flat=True)
    return [BlockHeader.parse(bytes(header)) for header in rows]


def checkpoint(log: Log) -> Checkpoint:
    row = CheckpointRow.objects.order_by("-tree_size").first()
    assert row is not None
    return Checkpoint.open(row.note, log.signer.verifier)


def test_an_empty_log_begins_with_a_genesis_block_and_a_signed_checkpoint(log: Log) -> None:
    log.seal()
    (header,) = headers()
    assert (header.index, header.first_seq, header.leaf_count, header.tree_size) == (0, 0, 1, 1)
    document = Document.objects.get(kind=Kind.GENESIS)
    assert EntryRow.objects.get().entry == Entry(Kind.GENESIS, bytes.fromhex(document.digest_hex)).encode()
    assert checkpoint(log) == Checkpoint("testserver/ledger", 1, header.tree_root)
    assert highwater.read(log.high_water, log.signer.verifier) == checkpoint(log)


def test_a_quiet_log_gets_no_block(log: Log) -> None:
    log.seal()
    before = log.high_water.stat().st_mtime_ns
    for _ in range(3):
        log.seal()
    assert BlockRow.objects.count() == CheckpointRow.objects.count() == 1
    assert log.high_water.stat().st_mtime_ns == before


def test_a_checkpoint_row_that_a_power_failure_took_is_written_again(log: Log) -> None:
    log.grow(1, 3)
    lost = CheckpointRow.objects.order_by("-tree_size")[0]
    CheckpointRow.objects.filter(tree_size=lost.tree_size).delete()
    before = log.high_water.stat().st_mtime_ns
    log.sealer().step()
    assert CheckpointRow.objects.get(tree_size=lost.tree_size).note == lost.note
    assert log.high_water.stat().st_mtime_ns == before


@pytest.mark.django_db(transaction=True)
def test_on_sqlite_only_the_checkpoint_row_is_not_synced(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("other engines sync every commit")

    def asked() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            return int(cursor.fetchone()[0])

    seen: list[int] = []

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            seen.append(asked())
            return step(*given, **named)

        return call

    monkeypatch.setattr(highwater, "write", watched(highwater.write))
    monkeypatch.setattr(storage, "commit_block", watched(storage.commit_block))
    log.grow(2, 3)
    # FULL is 2: at every block, at every note that follows it, and when the sealer is done.
    assert [*seen, asked()] == [2] * (len(seen) + 1)
    assert len(seen) >= 3


def test_every_message_is_sealed_once_in_order_and_every_root_can_be_recomputed(log: Log) -> None:
    said = [message for _ in range(9) for message in log.grow(1, 37)]
    assert not OutboxRow.objects.exists()
    sealed = EntryRow.objects.filter(kind=Kind.MESSAGE).order_by("seq").values_list("message_id", flat=True)
    assert list(sealed) == said
    hashes, before = leaves(), bytes(32)
    for header in headers():
        own = hashes[header.first_seq : header.tree_size]
        assert header.prev_hash == before
        assert header.leaf_count == len(own)
        assert header.data_hash == tree_root(own)
        assert header.tree_root == tree_root(hashes[: header.tree_size])
        assert violation(header, None, Policy(Consensus.POW, 8, ())) is None
        before = header.hash()
    assert checkpoint(log).root == tree_root(hashes)


def test_a_block_holds_at_most_a_batch(log: Log) -> None:
    log.say(BATCH + 5)
    log.seal()
    assert [header.leaf_count for header in headers()] == [1, BATCH + 1, 6]


def test_statistics_of_a_conversation_add_up_over_blocks(log: Log) -> None:
    conversation = UUID(int=7)
    for _ in range(3):
        log.say(4, conversation)
        log.say(2)
        log.seal()
    row = ConversationStatistics.objects.get(conversation_id=conversation)
    assert (row.leaves, row.blocks, row.first_block, row.last_block) == (12, 3, 1, 3)
    seqs = EntryRow.objects.filter(conversation_id=conversation).order_by("seq").values_list("seq", flat=True)
    assert (row.first_seq, row.last_seq) == (seqs[0], list(seqs)[-1])


def test_recording_outside_a_transaction_is_refused(transactional_db: None, tmp_path: Path) -> None:
    log = Log(tmp_path)
    with pytest.raises(RuntimeError, match="transaction"):
        services.record_messages([log.opening(UUID(int=1))])
    assert not OutboxRow.objects.exists()


def test_a_message_that_is_rolled_back_leaves_no_entry(log: Log) -> None:
    with transaction.atomic():
        services.record_messages([log.opening(UUID(int=1))])
        transaction.set_rollback(True)
    log.seal()
    assert not EntryRow.objects.filter(kind=Kind.MESSAGE).exists()


def test_a_repeated_document_is_recorded_once(log: Log) -> None:
    assert services.record_document(Kind.KEY, b"{}").entries == 1
    assert services.record_document(Kind.KEY, b"{}").entries == 0
    log.seal()
    assert services.record_document(Kind.KEY, b"{}").entries == 0


def test_the_policy_changes_after_the_block_that_records_it(log: Log) -> None:
    log.seal()
    services.change_consensus(Policy(Consensus.POA, 0, (log.signer.verifier.public,)), block_no=0)
    log.seal()
    log.grow(1, 3)
    services.change_consensus(Policy(Consensus.POW, 4, ()), block_no=2)
    log.seal()
    log.grow(1, 3)
    kinds = [(header.consensus, header.difficulty_bits) for header in headers()]
    poa = (Consensus.POA, 0)
    assert kinds == [(Consensus.POW, 8), (Consensus.POW, 8), poa, poa, (Consensus.POW, 4)]
    policy = Policy(Consensus.POA, 0, (log.signer.verifier.public,))
    for row in BlockRow.objects.filter(block_no__in=(2, 3)):
        assert violation(BlockHeader.parse(bytes(row.header)), bytes(row.proof or b""), policy) is None


def test_another_validators_turn_leaves_the_entries_waiting(log: Log) -> None:
    log.seal()
    services.change_consensus(Policy(Consensus.POA, 0, (bytes(32),)), block_no=0)
    log.seal()
    log.say(2)
    log.seal()
    assert OutboxRow.objects.count() == 2
    assert BlockRow.objects.count() == 2


# When the database is not the one that was signed


def frozen_because(kind: str) -> str:
    alert = Alert.objects.get(resolved_ms=None)
    assert alert.kind == kind
    return alert.detail


def copy_of_rows() -> list[tuple[type, list[dict[str, object]]]]:
    models = (EntryRow, BlockRow, TileRow, CheckpointRow, Head, Document)
    return [(model, list(model.objects.values())) for model in models]


def restore(rows: list[tuple[type, list[dict[str, object]]]]) -> None:
    for model, values in rows:
        model.objects.all().delete()  # type: ignore[attr-defined]
        model.objects.bulk_create([model(**value) for value in values])  # type: ignore[attr-defined]


def test_a_database_that_was_set_back_is_never_signed_again(log: Log) -> None:
    log.grow(2, 5)
    backup = copy_of_rows()
    log.grow(2, 5)
    signed = log.high_water.read_text()
    restore(backup)
    log.say(3)
    log.seal()
    assert "13 entries, but 25 were signed" in frozen_because("high_water")
    assert Head.objects.get().frozen
    assert OutboxRow.objects.count() == 3
    assert log.high_water.read_text() == signed


def test_a_sealer_at_work_notices_the_swap_before_it_seals(log: Log) -> None:
    sealer = log.sealer()
    log.say(5)
    sealer.step()
    backup = copy_of_rows()
    log.say(5)
    sealer.step()
    restore(backup)
    log.say(1)
    assert sealer.step() == 0
    assert "was set back" in frozen_because("high_water")
    assert BlockRow.objects.count() == 2


def test_a_database_set_back_and_grown_longer_is_a_fork(log: Log) -> None:
    log.grow(1, 5)
    backup = copy_of_rows()
    log.grow(1, 5)
    restore(backup)
    kept, hidden = log.high_water, log.folder / "aside"
    kept.rename(hidden)
    log.grow(3, 9)
    hidden.replace(kept)
    log.say(1)
    log.seal()
    assert "made anew" in frozen_because("high_water")


def test_an_emptied_database_does_not_become_a_new_log(log: Log) -> None:
    log.grow(1, 5)
    restore([(model, []) for model, _ in copy_of_rows()])
    log.seal()
    assert "ends at 0 entries" in frozen_because("high_water")
    assert not BlockRow.objects.exists()


def test_a_spoilt_high_water_file_stops_sealing(log: Log) -> None:
    log.grow(1, 2)
    text = log.high_water.read_text()
    log.high_water.write_text(text.replace("\n4\n", "\n3\n").replace("\n1\n", "\n2\n"))
    log.say(1)
    log.seal()
    assert "ledger.highwater" in frozen_because("high_water")
    assert OutboxRow.objects.count() == 1


@pytest.mark.parametrize("damage", ["tile", "header", "missing block"])
def test_damage_at_the_edge_freezes_instead_of_being_sealed_over(log: Log, damage: str) -> None:
    log.grow(1, 5)
    if damage == "tile":
        TileRow.objects.update(hashes=bytes(32 * 7))
    elif damage == "header":
        BlockRow.objects.filter(block_no=1).update(header=bytes(148))
    else:
        BlockRow.objects.filter(block_no=1).delete()
    log.say(1)
    log.seal()
    frozen_because("ledger_damaged")
    assert OutboxRow.objects.count() == 1


def test_a_forged_outbox_row_is_named_and_not_sealed(log: Log) -> None:
    log.grow(1, 2)
    entry = Entry(Kind.LINK, bytes(32)).encode()
    forged = OutboxRow.objects.create(kind=Kind.LINK, entry=entry, created_ms=0)
    log.seal()
    assert f"Waiting entry {forged.id}" in frozen_because("bad_outbox_row")


def test_a_malformed_consensus_document_is_named_and_not_sealed(log: Log) -> None:
    log.grow(1, 2)
    services.record_document(Kind.KEY, b'{"format":"%s"}' % CONSENSUS_FORMAT.encode())
    log.seal()
    assert "malformed consensus document" in frozen_because("bad_document")


def test_resuming_goes_on_and_resolves_the_alert(log: Log) -> None:
    log.grow(1, 2)
    services.freeze_sealing()
    services.raise_alert(kind="test", detail="a person looked")
    log.say(1)
    log.seal()
    assert OutboxRow.objects.count() == 1
    assert services.resume_sealing() == 1
    log.seal()
    assert not OutboxRow.objects.exists()


def test_a_freeze_during_sealing_wins(log: Log) -> None:
    log.grow(1, 2)
    state = storage.load_state(Head.objects.get())
    log.say(1)
    waiting = storage.oldest_waiting(10)
    block = chain.next_block(state, [row.entry for row in waiting], 0, log.signer)
    assert block is not None
    services.freeze_sealing()
    with pytest.raises(storage.Raced):
        storage.commit_block(state, block, waiting, proposer="", policy_hex=state.policy_hex, seal_us=0)
    assert OutboxRow.objects.count() == 1


def test_a_missing_policy_document_is_damage(log: Log) -> None:
    log.seal()
    Document.objects.all().delete()
    with pytest.raises(LedgerDamaged, match="missing"):
        storage.load_state(Head.objects.get())


# Two at once


def test_rival_sealers_seal_every_entry_once(transactional_db: None, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.seal()
    failures: list[BaseException] = []
    done = threading.Event()

    def seal() -> None:
        sealer = log.sealer()
        try:
            while not done.is_set() or OutboxRow.objects.exists():
                sealer.step()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    rivals = [threading.Thread(target=seal) for _ in range(3)]
    for rival in rivals:
        rival.start()
    said = [message for _ in range(40) for message in log.say(5)]
    done.set()
    for rival in rivals:
        rival.join(60)
    assert not failures
    assert not Alert.objects.exists()
    sealed = EntryRow.objects.filter(kind=Kind.MESSAGE).values_list("message_id", flat=True)
    assert sorted(sealed) == sorted(said)
    log.seal()
    assert checkpoint(log).root == tree_root(leaves())


def test_two_first_starts_make_one_log(transactional_db: None, tmp_path: Path) -> None:
    log = Log(tmp_path)
    barrier = threading.Barrier(4)

    def begin() -> None:
        sealer = log.sealer()
        barrier.wait()
        for _ in range(5):
            sealer.step()
        connection.close()

    starters = [threading.Thread(target=begin) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    assert BlockRow.objects.count() == 1
    assert not Alert.objects.exists()


def test_the_thread_seals_soon_after_a_commit(
    transactional_db: None, tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEDGER_HIGH_WATER = tmp_path / "ledger.highwater"  # type: ignore[attr-defined]
    log = Log(tmp_path)
    thread = SealerThread()
    thread.start()
    try:
        ages = []
        for _ in range(5):
            log.say(3)
            committed = time.monotonic()
            while OutboxRow.objects.exists() and time.monotonic() - committed < 5:
                time.sleep(0.005)
            ages.append(time.monotonic() - committed)
        log.say(1)
    finally:
        thread.stop()
    # The quickest of five: a busy machine may delay the others, a slow period delays all.
    assert min(ages) < 0.4
    assert not thread.is_alive()
    assert not OutboxRow.objects.exists(), "what was committed before the stop is sealed"


# Triggers


def test_what_was_sealed_cannot_be_changed_or_deleted(transactional_db: None, tmp_path: Path) -> None:
    log = Log(tmp_path)
    with guarded():
        log.grow(2, 3)
        attacks = [
            lambda: EntryRow.objects.filter(seq=3).update(entry=bytes(40)),
            lambda: EntryRow.objects.filter(seq=3).update(message_id=UUID(int=1)),
            lambda: EntryRow.objects.filter(seq=3).delete(),
            lambda: BlockRow.objects.filter(block_no=1).update(header=bytes(148)),
            lambda: BlockRow.objects.filter(block_no=1).update(proof=b"x"),
            lambda: BlockRow.objects.filter(block_no=1).delete(),
            lambda: CheckpointRow.objects.filter(tree_size=1).update(note=""),
            lambda: CheckpointRow.objects.filter(tree_size=1).delete(),
        ]
        before = copy_of_rows()
        for attack in attacks:
            with pytest.raises(DatabaseError, match="append-only"):
                attack()
        assert copy_of_rows() == before
        EntryRow.objects.filter(seq=3).update(message_id=None, conversation_id=None)
        assert EntryRow.objects.get(seq=3).message_id is None
