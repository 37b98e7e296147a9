"""How the sealer reads the state of the log from rows, and commits a block by compare-and-swap."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, transaction

from beyou.core import bulk
from beyou.core.threads import writing_turn
from beyou.ledger import rows
from beyou.ledger.chain import Block, State, Waiting, edge_tree
from beyou.ledger.consensus import Policy
from beyou.ledger.errors import LedgerDamaged
from beyou.ledger.format import BlockHeader, Entry, FormatError, Kind
from beyou.ledger.merkle import HASH_SIZE, Tile, TileNodes, edge_tiles, fold, peak_nodes, tile_of
from beyou.ledger.models import (
    BlockRow,
    CheckpointRow,
    ConversationStatistics,
    Document,
    EntryRow,
    Head,
    OutboxRow,
    TileRow,
)

_LEVEL_BITS: Final = 48
_ENTRY_COLUMNS: Final = ("seq", "block_no", "outbox_id", "kind", "message_id", "conversation_id", "entry")
_BLOCK_COLUMNS: Final = (
    *("block_no", "header", "hash_hex", "first_seq", "leaf_count", "tree_size", "sealed_ms"),
    *("attempts", "mine_us", "seal_us", "proposer", "proof"),
)
_STATISTICS_COLUMNS: Final = (
    *("conversation_id", "leaves", "blocks"),
    *("first_seq", "last_seq", "first_block", "last_block"),
)


_TILES: Final = bulk.Lookup(
    lambda ids: TileRow.objects.filter(tile_id__in=ids).values_list("tile_id", "hashes"), int
)
_HEAD_COLUMNS: Final = ("id", "epoch", "block_no", "tree_size", "hash_hex", "policy_hex", "frozen")
_HEAD: Final = bulk.Query(lambda: Head.objects.filter(id=1).values_list(*_HEAD_COLUMNS))


class Raced(Exception):
    """Another sealer, or a freeze, changed the head first; nothing was written."""


def read_head() -> Head | None:
    """The one row of heads, or None before the first block."""
    for row in _HEAD():
        return Head.from_db(DEFAULT_DB_ALIAS, _HEAD_COLUMNS, row)
    return None


def tile_id(tile: Tile) -> int:
    """The primary key of a tile."""
    return tile.level << _LEVEL_BITS | tile.index


def tile_of_id(number: int) -> Tile:
    """The tile of a primary key."""
    return Tile(number >> _LEVEL_BITS, number & (1 << _LEVEL_BITS) - 1)


def read_tiles(tiles: Iterable[Tile]) -> dict[Tile, bytes]:
    """The hashes of these tiles, in one query; absent tiles are absent."""
    return {tile_of_id(number): bytes(hashes) for number, hashes in _TILES(map(tile_id, tiles))}


def root_at(size: int) -> bytes | None:
    """The root of the first ``size`` leaves by the stored tiles, in one query; None if one is missing."""
    nodes = peak_nodes(size)
    tiles = TileNodes(read_tiles({tile_of(node)[0] for node in nodes}))
    try:
        return fold([tiles(node) for node in nodes])
    except KeyError:
        return None


def policy_of(digest_hex: str) -> Policy:
    """The policy of a recorded document. Raises LedgerDamaged when it is gone, altered or no policy."""
    row = Document.objects.filter(digest_hex=digest_hex).first()
    try:
        policy = Policy.parse(bytes(row.document)) if row else None
    except FormatError as error:
        raise LedgerDamaged(str(error)) from None
    if policy is None:
        raise LedgerDamaged(f"The consensus document {digest_hex} is missing or is no consensus document.")
    return policy


def load_state(head: Head) -> State:
    """The state at this head, checked: header, its hash, the tiles at the edge and the root agree.

    Raises LedgerDamaged when they do not, which a concurrent seal may also cause: compare heads.
    """
    row = BlockRow.objects.filter(block_no=head.block_no).first()
    if row is None:
        raise LedgerDamaged(f"Block {head.block_no}, where the head points, is missing.")
    try:
        header = BlockHeader.parse(bytes(row.header))
        edge = read_tiles(edge_tiles(head.tree_size))
        edge = {tile: _cut(data, tile, head.tree_size) for tile, data in edge.items()}
        tree = edge_tree(head.tree_size, edge)
    except ValueError as error:
        raise LedgerDamaged(f"At block {head.block_no}: {error}.") from None
    block_hash = header.hash()
    named = (head.hash_hex, head.block_no, head.tree_size)
    if (block_hash.hex(), header.index, header.tree_size) != named:
        raise LedgerDamaged(f"Block {head.block_no} is not the block that the head names.")
    if tree.root() != header.tree_root:
        raise LedgerDamaged(f"The tiles do not give the root of block {head.block_no}.")
    policy = policy_of(head.policy_hex)
    return State(head.epoch, header, block_hash, policy, head.policy_hex, edge, tree.peaks())


def _cut(data: bytes, tile: Tile, size: int) -> bytes:
    # A rival may have widened the tile since the head was read; the compare-and-swap decides later.
    return data[: (size >> 8 * tile.level & 255) * HASH_SIZE]


def oldest_waiting(limit: int) -> list[Waiting]:
    """The oldest outbox rows by id. Never ask for ids above a mark: ids commit out of order."""
    with connection.cursor() as cursor:
        # Not by the ORM, which would make an UUID of every id only to take it apart again.
        cursor.execute(
            f"SELECT id, kind, message_id, conversation_id, entry FROM {OutboxRow._meta.db_table}"  # noqa: S608  (names are constants)
            " ORDER BY id LIMIT %s",
            [limit],
        )
        return [
            Waiting(number, kind, message, conversation, bytes(entry))
            for number, kind, message, conversation, entry in cursor.fetchall()
        ]


def policy_after(state: State, waiting: Sequence[Waiting]) -> tuple[Policy, str]:
    """The policy and its document once these entries are sealed: the last consensus document wins."""
    digests = [Entry.parse(row.entry).value.hex() for row in waiting if row.kind == Kind.KEY]
    if not digests:
        return state.policy, state.policy_hex
    stored = dict(Document.objects.filter(digest_hex__in=digests).values_list("digest_hex", "document"))
    for digest in reversed(digests):
        policy = Policy.parse(bytes(stored[digest])) if digest in stored else None
        if policy:
            return policy, digest
    return state.policy, state.policy_hex


def commit_block(
    state: State,
    block: Block,
    waiting: Sequence[Waiting],
    *,
    proposer: str,
    policy_hex: str,
    seal_us: int,
) -> None:
    """The block, its entries, tiles and statistics are stored and its outbox rows are gone, or nothing is.

    Raises Raced when the head is no longer the one that the block was built on.
    """
    with writing_turn(), transaction.atomic():
        _swap_head(state, block, policy_hex)
        # Before the inserts: rows that a rival sealed since they were read are gone, and that shows here.
        if waiting and rows.delete_ids(OutboxRow, [row.id for row in waiting]) != len(waiting):
            raise Raced
        with bulk.gathered():
            _insert_entries(block, waiting)
            _insert_block(block, proposer, seal_us)
            rows.upsert(
                TileRow,
                ("tile_id", "width", "hashes"),
                [(tile_id(tile), len(data) // HASH_SIZE, data) for tile, data in block.tiles.items()],
                key="tile_id",
                replace=("width", "hashes"),
            )
            _count_conversations(block, waiting)


def _swap_head(state: State, block: Block, policy_hex: str) -> None:
    header = block.header
    changed = {
        "block_no": header.index,
        "tree_size": header.tree_size,
        "hash_hex": block.hash.hex(),
        "policy_hex": policy_hex,
    }
    if state.header is None:
        Head.objects.create(id=1, **changed)
        return
    expected = {
        "id": 1,
        "block_no": state.header.index,
        "tree_size": state.header.tree_size,
        "hash_hex": state.block_hash.hex(),
        "epoch": state.epoch,
    }
    if not rows.swap(Head, changed, where=expected):
        raise Raced


def _insert_entries(block: Block, waiting: Sequence[Waiting]) -> None:
    header = block.header
    own = len(block.entries) - len(waiting)
    kinds = [Entry.parse(entry).kind for entry in block.entries[:own]]
    made: list[tuple[object, ...]] = [
        (header.first_seq + at, header.index, None, int(kind), None, None, block.entries[at])
        for at, kind in enumerate(kinds)
    ]
    made += [
        (seq, header.index, row.id, row.kind, row.message_id, row.conversation_id, row.entry)
        for seq, row in enumerate(waiting, start=header.first_seq + own)
    ]
    bulk.insert(EntryRow, _ENTRY_COLUMNS, made)


def _insert_block(block: Block, proposer: str, seal_us: int) -> None:
    header = block.header
    row = (
        *(header.index, header.encode(), block.hash.hex(), header.first_seq, header.leaf_count),
        *(header.tree_size, header.timestamp_ms, block.attempts, block.mine_us, seal_us),
        *(proposer, block.proof),
    )
    bulk.insert(BlockRow, _BLOCK_COLUMNS, [row])


def _count_conversations(block: Block, waiting: Sequence[Waiting]) -> None:
    counts: dict[Any, list[int]] = {}
    for seq, row in enumerate(waiting, start=block.header.tree_size - len(waiting)):
        if row.conversation_id is not None:
            seen = counts.setdefault(row.conversation_id, [0, seq, seq])
            seen[0] += 1
            seen[2] = seq
    if not counts:
        return
    number = block.header.index
    rows.upsert(
        ConversationStatistics,
        _STATISTICS_COLUMNS,
        [
            (conversation, leaves, 1, first, last, number, number)
            # Sorted, so that two sealers lock the rows in one order.
            for conversation, (leaves, first, last) in sorted(counts.items())
        ],
        key="conversation_id",
        replace=("last_seq", "last_block"),
        add=("leaves", "blocks"),
    )


def record_checkpoint(size: int, note: str) -> None:
    """The signed note stands in a row, too. The high-water file must hold it already.

    On SQLite the row is not synced by itself: the next block's commit does that, and until then a power
    failure costs nothing, since a sealer that starts signs the same tree again, with the same note.
    """
    with writing_turn(), _unsynced():
        rows.insert_once(CheckpointRow, ("tree_size", "note"), (size, note), key="tree_size")


@contextmanager
def _unsynced() -> Iterator[None]:
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


def make_durable(*, required: bool) -> str | None:
    """Ask this connection to answer commits only when they are on disk; returns why it will not, or None.

    With ``required`` false nothing is asked of a server, for throw-away test servers.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            if _one(cursor, "PRAGMA synchronous") < 2 and not connection.in_atomic_block:
                cursor.execute("PRAGMA synchronous=FULL")
            return None if _one(cursor, "PRAGMA synchronous") >= 2 else "SQLite is not at synchronous=FULL"
        if connection.vendor == "mysql":
            # The default REPEATABLE READ takes gap locks on the outbox that make producers wait.
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            value = _one(cursor, "SELECT @@innodb_flush_log_at_trx_commit")
            return f"innodb_flush_log_at_trx_commit is {value}, not 1" if required and value != 1 else None
        value = _one(cursor, "SHOW synchronous_commit")
        if value == "off" or _one(cursor, "SHOW fsync") == "off":
            return "PostgreSQL runs with synchronous_commit or fsync off" if required else None
        return None


def _one(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()[0]
