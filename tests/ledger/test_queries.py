"""Proofs and the public addresses, held to a tree that is computed from all leaves."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from beyou.core.ids import uuid7
from beyou.keys.events import KeyPublished, KeyRevoked
from beyou.ledger import queries, reactions
from beyou.ledger.errors import LedgerDamaged, LedgerEmpty, NoSuchTreeSize
from beyou.ledger.format import BlockHeader, Entry, Kind, Opening, commitment
from beyou.ledger.merkle import leaf_hash, tree_root, verify_consistency, verify_inclusion
from beyou.ledger.models import Document, EntryRow, OutboxRow, SaltRow, TileRow
from beyou.ledger.note import Checkpoint, Signer, VerifierKey
from tests.ledger.log import Log

API = "/api/v1/ledger/"


@pytest.fixture
def log(log: Log, settings: Any) -> Log:
    """The server under test signs with the key of this log."""
    log.signer = Signer(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED)
    return log


def all_leaves() -> list[bytes]:
    entries = EntryRow.objects.order_by("seq").values_list("entry", flat=True)
    return [leaf_hash(bytes(entry)) for entry in entries]


def root_of(log: Log, note: str) -> tuple[int, bytes]:
    checkpoint = Checkpoint.open(note, log.signer.verifier)
    return checkpoint.size, checkpoint.root


def test_every_message_is_proven_against_the_signed_root(log: Log) -> None:
    said = log.grow(7, 83)
    proofs = queries.proofs_for(said)
    size, root = root_of(log, proofs.checkpoint)
    assert size == proofs.size == 1 + 7 * 84
    assert root == tree_root(all_leaves())
    assert [proof.message for proof in proofs.items] == said
    for proof in proofs.items:
        opening = log.messages.stored[proof.message]
        assert proof.salt is not None
        assert Entry.parse(proof.entry) == Entry(Kind.MESSAGE, commitment(proof.salt, opening))
        assert verify_inclusion(leaf_hash(proof.entry), proof.index, size, proof.path, root)
        header = BlockHeader.parse(proof.header)
        assert header.first_seq <= proof.index < header.tree_size
        assert header.index == proof.block_no
    assert proofs.pending == proofs.missing == []


def test_consistency_leads_from_every_pinned_size(log: Log) -> None:
    said = log.grow(4, 90)
    hashes = all_leaves()
    for pinned in (1, 2, 91, 92, 255, 256, 257, len(hashes)):
        proofs = queries.proofs_for(said[:1], pinned)
        assert verify_consistency(
            pinned, proofs.size, proofs.consistency, tree_root(hashes[:pinned]), tree_root(hashes)
        )


@pytest.mark.parametrize("count", [2, 20])
def test_proofs_take_six_statements(
    log: Log, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    said = log.grow(10, 30)
    with django_assert_num_queries(6):
        assert len(queries.proofs_for(said[:: 300 // count], 31).items) == count


def test_pending_missing_and_erased_are_told_apart(log: Log) -> None:
    sealed = log.grow(1, 2)
    waiting = log.say(1)
    unknown = uuid7()
    SaltRow.objects.filter(message_id=sealed[0]).delete()
    proofs = queries.proofs_for([*sealed, *waiting, unknown])
    assert [proof.message for proof in proofs.items] == sealed
    assert [proof.salt is None for proof in proofs.items] == [True, False]
    assert (proofs.pending, proofs.missing) == (waiting, [unknown])


def test_an_entry_above_the_signed_size_is_pending(log: Log) -> None:
    log.grow(1, 1)
    note = queries.checkpoint()
    said = log.grow(1, 1)
    queries.CheckpointRow.objects.filter(tree_size__gt=note.tree_size).delete()
    proofs = queries.proofs_for(said)
    assert (proofs.items, proofs.pending) == ([], said)


def test_before_the_first_checkpoint_there_is_nothing_to_prove(log: Log, client: Client) -> None:
    with pytest.raises(LedgerEmpty):
        queries.proofs_for([])
    response = client.get(API + "checkpoint")
    assert (response.status_code, response.json()["code"]) == (404, "ledger_empty")


@pytest.mark.parametrize("pinned", [-1, 10**6])
def test_a_pinned_size_that_never_was_is_refused(log: Log, pinned: int) -> None:
    said = log.grow(1, 1)
    with pytest.raises(NoSuchTreeSize):
        queries.proofs_for(said, pinned)


def test_a_lost_tile_is_damage_not_a_crash(log: Log) -> None:
    said = log.grow(1, 5)
    TileRow.objects.all().delete()
    with pytest.raises(LedgerDamaged):
        queries.proofs_for(said)


def test_a_receipt_holds_all_that_is_needed(log: Log) -> None:
    (message,) = log.grow(1, 1)
    proofs = queries.proofs_for([message])
    opening = log.messages.stored[message]
    receipt = queries.receipt(opening, proofs.items[0], proofs)
    assert Opening.parse(bytes.fromhex(receipt.value["opening"])) == opening
    assert receipt.text.startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert receipt.text.endswith(proofs.checkpoint)


# The public addresses


def test_checkpoint_and_key_fit_each_other(log: Log, client: Client) -> None:
    log.grow(2, 3)
    key = VerifierKey.parse(client.get(API + "vkey").text)
    response = client.get(API + "checkpoint")
    assert response["Content-Type"].startswith("text/plain")
    assert Checkpoint.open(response.text, key).size == 9


def test_tiles_are_served_as_tlog_tiles_says(log: Log, client: Client) -> None:
    log.grow(1, 298)
    hashes = b"".join(all_leaves())
    assert len(hashes) == 300 * 32
    assert client.get(API + "tile/0/000").content == hashes[: 256 * 32]
    assert client.get(API + "tile/0/001.p/44").content == hashes[256 * 32 :]
    assert client.get(API + "tile/0/001.p/7").content == hashes[256 * 32 : 263 * 32]
    assert client.get(API + "tile/1/000.p/1").content == tree_root(all_leaves()[:256])
    assert "immutable" in client.get(API + "tile/0/000")["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "0/001",
            "0/001.p/45",
            "0/002.p/1",
            "1/000",
            "1/000.p/2",
            "2/000.p/1",
            "0/1",
            "0/0001",
            "0/x000/001",
        ),
        *("0/001.p/0", "0/000.p/256", "0/000.p/", "0/001.p/044", "0/", "0/..%2f..", "entries/000", "-1/000"),
        *("9999999999999999999/000", "0/x999/x999/x999/x999/x999/999", "0/00\u0661"),
    ],
)
def test_what_is_no_tile_of_this_tree_is_not_found(log: Log, client: Client, path: str) -> None:
    log.grow(1, 298)
    assert client.get(API + "tile/" + path).status_code == 404


def test_a_block_is_served_with_what_proves_it(log: Log, client: Client) -> None:
    log.grow(2, 3)
    body = client.get(API + "blocks/2").json()
    header = BlockHeader.parse(bytes.fromhex(body["header"]))
    assert header.hash().hex() == body["hash"]
    assert header.prev_hash.hex() == client.get(API + "blocks/1").json()["hash"]
    assert body["proof"] is None
    for number in (3, 2**63, 10**30):
        assert client.get(f"{API}blocks/{number}").status_code == 404


def test_consistency_is_proven_between_any_signed_sizes(log: Log, client: Client) -> None:
    log.grow(3, 40)
    hashes = all_leaves()
    for old, new in [(1, 124), (41, 83), (100, 124), (7, 7)]:
        body = client.get(f"{API}proof/consistency?from={old}&to={new}").json()
        path = [bytes.fromhex(sibling) for sibling in body["path"]]
        assert (body["from"], body["to"]) == (old, new)
        assert verify_consistency(old, new, path, tree_root(hashes[:old]), tree_root(hashes[:new]))


@pytest.mark.parametrize(
    "query", ["", "from=1", "from=0&to=2", "from=3&to=2", "from=1&to=999", "from=a&to=2"]
)
def test_impossible_consistency_is_a_clear_error(log: Log, client: Client, query: str) -> None:
    log.grow(1, 3)
    response = client.get(f"{API}proof/consistency?{query}")
    assert response.status_code == 422
    assert response.json()["code"] in {"no_such_tree_size", "invalid"}


# Keys


def test_a_key_that_is_published_or_revoked_is_recorded_once(log: Log) -> None:
    fields = {"member_id": UUID(int=1), "key_set": UUID(int=2), "encrypt_key_id": "aa", "sign_key_id": "bb"}
    for _ in range(2):
        reactions.record_published(KeyPublished(**fields))
        reactions.record_revoked(KeyRevoked(**fields))
    assert OutboxRow.objects.filter(kind=Kind.KEY).count() == 2
    documents = {bytes(row.document) for row in Document.objects.filter(kind=Kind.KEY)}
    assert any(b'"change":"published"' in document and b'"aa"' in document for document in documents)


# Health


def test_health_tells_sealed_from_waiting_and_frozen(
    log: Log, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert queries.health().is_well
    log.grow(2, 3)
    log.say(4)
    with django_assert_num_queries(5):
        health = queries.health()
    assert (health.size, health.blocks, health.waiting, health.is_well) == (9, 3, 4, True)
    OutboxRow.objects.update(created_ms=0)
    assert not queries.health().is_well
