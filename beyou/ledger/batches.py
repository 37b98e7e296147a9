"""Everything stored about a run of blocks, read at once for verification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from beyou.ledger import storage
from beyou.ledger.format import BlockHeader, FormatError, Kind, Opening, erasure_value
from beyou.ledger.merkle import HASH_SIZE, TILE_WIDTH, Tile
from beyou.ledger.models import (
    BlockRow,
    CheckpointRow,
    Document,
    EntryRow,
    ErasureRow,
    RemovalRow,
    SaltRow,
    StepRow,
)
from beyou.ledger.removals import RemovalOpening, removal_value
from beyou.ledger.sources import MessageSource

DOCUMENT_KINDS: Final = frozenset({Kind.GENESIS, Kind.KEY, Kind.ANCHOR})
_ENTRIES_OF_A_LOST_BLOCK: Final = 1001


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a run of blocks, read at once, and the entry before which they end."""

    end: int
    blocks: Mapping[int, BlockRow]
    entries: Mapping[int, EntryRow]
    hashes: Mapping[int, bytes]
    documents: Mapping[str, bytes]
    checkpoints: Mapping[int, str]
    openings: Mapping[UUID, Opening]
    salts: Mapping[UUID, bytes]
    steps: Mapping[UUID, StepRow]
    #: The records of erased entries of this run, by the number of the entry.
    erased: Mapping[int, ErasureRow]
    #: The records that the erasure entries of this run seal, by the value of the entry.
    orders: Mapping[bytes, ErasureRow]
    #: The removals that entries of this run seal, by the value of the entry.
    removals: Mapping[bytes, RemovalRow]
    #: The number and the value of the own entries of the messages that those are about.
    targets: Mapping[UUID, tuple[int, bytes]]


def read(size: int, numbers: range, limit: int, source: MessageSource | None) -> Batch:
    """The rows of these blocks, which begin at entry ``size``, but none from entry ``limit`` on.

    By ten statements, two more where messages were removed, and those of the source.
    """
    blocks = BlockRow.objects.in_bulk(list(numbers))
    ends = [row.first_seq + row.leaf_count for row in blocks.values()]
    headers = [bytes(row.header) for row in blocks.values()]
    ends += [header.tree_size for header in map(parsed, headers) if header]
    if numbers.stop - 1 not in blocks:
        # The block that says where the batch ends is gone.
        ends.append(size + len(numbers) * _ENTRIES_OF_A_LOST_BLOCK)
    end = max(size, min(limit, max(ends, default=0)))
    entries = EntryRow.objects.filter(seq__gte=size, seq__lt=end).in_bulk(field_name="seq")
    tiles = [Tile(0, index) for index in range(size // TILE_WIDTH, -(-end // TILE_WIDTH))]
    hashes = {
        tile.index * TILE_WIDTH + at // HASH_SIZE: data[at : at + HASH_SIZE]
        for tile, data in storage.read_tiles(tiles).items()
        for at in range(0, len(data), HASH_SIZE)
    }
    digests = {bytes(row.entry)[8:].hex() for row in entries.values() if row.kind in DOCUMENT_KINDS}
    messages = [row.message_id for row in entries.values() if row.kind == Kind.MESSAGE and row.message_id]
    steps = [row.message_id for row in entries.values() if row.kind == Kind.STEP and row.message_id]
    documents = Document.objects.filter(digest_hex__in=digests)
    checkpoints = CheckpointRow.objects.filter(tree_size__gt=size, tree_size__lte=end)
    salts = SaltRow.objects.filter(message_id__in=messages + steps)
    ordered = [row.message_id for row in entries.values() if row.kind == Kind.ERASURE and row.message_id]
    orders = ErasureRow.objects.filter(message_id__in=ordered)
    removed = [row.message_id for row in entries.values() if row.kind == Kind.REMOVAL and row.message_id]
    removals = RemovalRow.objects.filter(message_id__in=removed) if removed else ()
    about = EntryRow.objects.filter(message_id__in=removed, kind=Kind.MESSAGE) if removed else ()
    return Batch(
        end=end,
        blocks=blocks,
        entries=entries,
        hashes=hashes,
        documents={row.digest_hex: bytes(row.document) for row in documents},
        checkpoints=dict(checkpoints.values_list("tree_size", "note")),
        openings=source.openings(messages) if source else {},
        salts={row.message_id: bytes(row.salt) for row in salts},
        steps=StepRow.objects.in_bulk(steps),
        erased=ErasureRow.objects.filter(seq__gte=size, seq__lt=end).in_bulk(field_name="seq"),
        orders={value: row for row in orders if (value := order_value(row))},
        removals={value: row for row in removals if (value := value_of(row))},
        targets={row.message_id: (row.seq, bytes(row.entry)[8:]) for row in about if row.message_id},
    )


def order_value(row: ErasureRow) -> bytes | None:
    """The value of the entry that seals this erasure, or None for numbers that no erasure has."""
    try:
        return erasure_value(row.seq, row.day, row.reason)
    except FormatError:
        return None


def value_of(row: RemovalRow) -> bytes | None:
    """The value of the entry that seals this removal, or None for one that was erased or cannot be."""
    opening = RemovalOpening(row.number, row.at_ms, bytes(row.target), row.words or "")
    try:
        return removal_value(bytes(row.salt or b""), opening)
    except FormatError:
        return None


def parsed(header: bytes) -> BlockHeader | None:
    """The header, or None for other bytes."""
    try:
        return BlockHeader.parse(header)
    except FormatError:
        return None
