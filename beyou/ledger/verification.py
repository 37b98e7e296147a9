"""Verification of everything stored: what was altered is named, nothing is ever repaired.

Every hash is computed again from the entries upwards, and every stored message is compared with what was
sealed of it. Where two records disagree a third decides which of them was altered: the block's data hash
between an entry and its tile, the next block's link between a header and its hash.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from beyou.ledger import highwater, storage
from beyou.ledger.batches import DOCUMENT_KINDS, Batch, parsed, read
from beyou.ledger.consensus import Policy, violation
from beyou.ledger.erasures import Erasures, Finding
from beyou.ledger.format import (
    ZEROS,
    BlockHeader,
    Entry,
    FormatError,
    Kind,
    Opening,
    commitment,
    document_value,
)
from beyou.ledger.merkle import (
    HASH_SIZE,
    TILE_WIDTH,
    CompactRange,
    Tile,
    edge_tiles,
    grow_tiles,
    leaf_hash,
    tree_root,
)
from beyou.ledger.models import BlockRow, CheckpointRow, EntryRow, Head, OutboxRow
from beyou.ledger.note import Checkpoint, NoteError, VerifierKey
from beyou.ledger.removal_checks import Removals
from beyou.ledger.sources import MessageSource, StepSource
from beyou.ledger.step_checks import Steps, differences

_BLOCKS_AT_ONCE: Final = 64
_MESSAGES_AT_ONCE: Final = 1000
_SEALERS_KINDS: Final = frozenset({Kind.GENESIS, Kind.LINK})

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Verification:
    """One walk over the whole ledger up to where its head was at the start."""

    key: VerifierKey
    high_water: Path
    source: MessageSource | None
    progress: Progress = lambda done, total: None
    step_sources: Sequence[StepSource] = ()
    size: int = 0
    findings: int = 0
    _tree: CompactRange = field(default_factory=CompactRange)
    _edge: dict[Tile, bytes] = field(default_factory=dict)
    _previous: set[str] = field(default_factory=lambda: {ZEROS.hex()})
    _timestamp_ms: int = 0
    _policy: Policy | None = None
    _is_root_broken: bool = False
    _is_adrift: bool = False
    _lost_entries: int = 0
    _altered: set[int] = field(default_factory=set)
    _signed: Checkpoint | None = None
    _counts: Counter[UUID] = field(default_factory=Counter)
    _numbers: dict[UUID, int] = field(default_factory=dict)
    _steps: Steps = field(default_factory=Steps)
    _erasures: Erasures = field(init=False)
    _removals: Removals = field(init=False)

    def __post_init__(self) -> None:
        self._erasures = Erasures(self.key)
        self._removals = Removals(self.key)

    def run(self) -> Iterator[Finding]:
        """Every finding, in the order of the log: the first one is the first bad position."""
        for finding in self._walk():
            self.findings += 1
            yield finding

    def _walk(self) -> Iterator[Finding]:
        yield from self._read_high_water()
        # Before the head, so that what is sealed meanwhile cannot seem to lie beyond it.
        last_entry = EntryRow.objects.order_by("-seq").values_list("seq", flat=True).first()
        last_block = BlockRow.objects.order_by("-block_no").values_list("block_no", flat=True).first()
        last_signed = CheckpointRow.objects.order_by("-tree_size").first()
        head = Head.objects.filter(id=1).first()
        size, block_no = (head.tree_size, head.block_no) if head else (0, -1)
        # A forged head must not send the walk into emptiness.
        known = ((last_entry or 0) + 1, last_signed.tree_size if last_signed else 0)
        limit = min(size, max(*known, self._signed.size if self._signed else 0))
        for first in range(0, block_no + 1, _BLOCKS_AT_ONCE):
            numbers = range(first, min(first + _BLOCKS_AT_ONCE, block_no + 1))
            batch = read(self.size, numbers, limit, self.source)
            for number in numbers:
                yield from self._check_block(number, batch)
            self.progress(self.size, size)
        if self._is_adrift and self.size < limit:
            rest = read(self.size, range(block_no, block_no + 1), limit, self.source)
            yield from self._take(block_no, None, range(self.size, rest.end), rest)
        if self.size != size:
            yield Finding(
                "truncated", f"block {block_no}", f"the log ends at {self.size}, its head at {size}"
            )
        if head and self._previous and head.hash_hex not in self._previous:
            yield Finding("head", "head", f"does not name the hash of block {block_no}", block_no=block_no)
        yield from self._check_edge()
        if last_entry is not None and last_entry >= size:
            yield Finding("entry_beyond", f"entry {last_entry}", "lies beyond the head", seq=last_entry)
        if last_block is not None and last_block > block_no:
            yield Finding("block_beyond", f"block {last_block}", "lies beyond the head", block_no=last_block)
        if last_signed and last_signed.tree_size > size:
            yield Finding(
                "checkpoint_beyond",
                f"checkpoint of {last_signed.tree_size} entries",
                f"the log ends at {size}: it was truncated",
            )
        if self._signed and self._signed.size > size:
            yield Finding(
                "high_water",
                "high-water file",
                f"{self._signed.size} entries were signed, but the log ends at {size}: it was set back",
            )
        yield from self._erasures.check_sealed()
        yield from self._removals.check_sealed()
        if self.source:
            yield from self._check_gaps()
            yield from self._check_recorded(self.source)
        yield from self._steps.check_recorded()
        for source in self.step_sources:
            yield from differences(source)

    # Reading

    def _read_high_water(self) -> Iterator[Finding]:
        try:
            self._signed = highwater.read(self.high_water, self.key)
        except highwater.HighWaterDamaged as error:
            yield Finding("high_water", "high-water file", str(error))

    # Blocks

    def _check_block(self, number: int, batch: Batch) -> Iterator[Finding]:
        row = batch.blocks.get(number)
        where = f"block {number}"
        header = parsed(bytes(row.header)) if row else None
        if row is None or header is None:
            kind, detail = (
                ("block_altered", "its header was altered") if row else ("block_missing", "is missing")
            )
            yield Finding(kind, where, detail, block_no=number)
            self._previous = {row.hash_hex} if row else set()
            self._is_adrift = True
            return
        if self._is_adrift and self.size < header.first_seq <= batch.end:
            # The leaves of blocks that cannot be read; the roots of later blocks still cover them.
            yield from self._take(number - 1, None, range(self.size, header.first_seq), batch)
        problem = self._shape(number, row, header)
        if problem:
            yield Finding("block_altered", where, problem, block_no=number)
        if self._previous and header.prev_hash.hex() not in self._previous:
            before = f"block {number - 1}"
            yield Finding(
                "link", before, f"is not the block that block {number} links to", block_no=number - 1
            )
        self._is_adrift = header.first_seq != self.size or not self.size < header.tree_size <= batch.end
        if not self._is_adrift:
            yield from self._take(number, header, range(self.size, header.tree_size), batch)
            yield from self._check_right(number, header, row, batch)
        self._previous = {header.hash().hex(), row.hash_hex}
        self._timestamp_ms = header.timestamp_ms

    def _shape(self, number: int, row: BlockRow, header: BlockHeader) -> str | None:
        """What is wrong with a header or the columns beside it, seen for themselves."""
        if header.hash().hex() != row.hash_hex:
            return "the header does not have the stored hash"
        if (header.index, header.first_seq) != (number, self.size):
            return f"the header says block {header.index} at entry {header.first_seq}, not {self.size}"
        stored = (row.first_seq, row.leaf_count, row.tree_size, row.sealed_ms)
        if stored != (header.first_seq, header.leaf_count, header.tree_size, header.timestamp_ms):
            return "the columns do not repeat the header"
        if header.tree_size != header.first_seq + header.leaf_count:
            return "its sizes do not fit together"
        if header.timestamp_ms < self._timestamp_ms:
            return "its time is before that of the block before it"
        return None

    def _check_right(
        self, number: int, header: BlockHeader, row: BlockRow, batch: Batch
    ) -> Iterator[Finding]:
        """Consensus, root and checkpoint at the end of a block, then the policy that holds after it."""
        where = f"block {number}"
        if number == 0:
            yield from self._learn_policy(number, header, batch)
        proof = bytes(row.proof) if row.proof else None
        if self._policy and (problem := violation(header, proof, self._policy)):
            yield Finding("consensus", where, problem, block_no=number)
        if number:
            yield from self._learn_policy(number, header, batch)
        if header.tree_root != self._tree.root() and not self._is_root_broken:
            self._is_root_broken = True
            yield Finding("root", where, "the tree up to here has another root", block_no=number)
        if note := batch.checkpoints.get(self.size):
            yield from self._check_checkpoint(note)
        if self._signed and self._signed.size == self.size and self._signed.root != self._tree.root():
            yield Finding(
                "high_water",
                "high-water file",
                f"another root was signed for {self.size} entries: the chain was made anew",
                block_no=number,
            )

    def _check_checkpoint(self, note: str) -> Iterator[Finding]:
        where = f"checkpoint of {self.size} entries"
        try:
            signed = Checkpoint.open(note, self.key)
        except NoteError as error:
            yield Finding("checkpoint", where, str(error))
            return
        if (signed.size, signed.root) != (self.size, self._tree.root()):
            yield Finding("checkpoint", where, f"signs {signed.size} entries with another root")

    def _learn_policy(self, number: int, header: BlockHeader, batch: Batch) -> Iterator[Finding]:
        for seq in range(header.first_seq, header.tree_size):
            row = batch.entries.get(seq)
            if row is None or row.kind not in DOCUMENT_KINDS:
                continue
            digest = bytes(row.entry)[8:]
            document = batch.documents.get(digest.hex(), b"")
            if document_value(document) != digest:
                detail = f"the document of entry {seq} is missing or altered"
                yield Finding("document", f"entry {seq} in block {number}", detail, seq, number)
                continue
            try:
                self._policy = Policy.parse(document) or self._policy
            except FormatError as error:
                yield Finding("document", f"entry {seq} in block {number}", str(error), seq, number)

    # Entries and tiles

    def _take(self, number: int, header: BlockHeader | None, seqs: range, batch: Batch) -> Iterator[Finding]:
        """Checks the leaves of a block and appends them to the tree as they should be."""
        ours = [leaf_hash(bytes(batch.entries[seq].entry)) if seq in batch.entries else None for seq in seqs]
        tiles = [batch.hashes.get(seq) for seq in seqs]
        by_entries, by_tiles = _fits(ours, header), _fits(tiles, header)
        for seq, leaf, stored in zip(seqs, ours, tiles, strict=True):
            if leaf != stored:
                yield (
                    self._tile_finding(seq, number) if by_entries else self._entry_finding(seq, number, batch)
                )
        if header and not by_entries and not by_tiles:
            detail = f"its data hash fits neither its entries {seqs.start} to {seqs.stop - 1} nor the tiles"
            yield Finding("block_data", f"block {number}", detail, block_no=number)
        first, second = (tiles, ours) if by_tiles and not by_entries else (ours, tiles)
        leaves = [one or other or ZEROS for one, other in zip(first, second, strict=True)]
        for seq in seqs:
            yield from self._check_entry(seq, number, header, batch)
        yield from self._append(leaves)

    def _tile_finding(self, seq: int, number: int) -> Finding:
        tile, at = divmod(seq, TILE_WIDTH)
        return Finding("tile", f"tile 0/{tile}", f"its hash {at} is not that of entry {seq}", seq, number)

    def _entry_finding(self, seq: int, number: int, batch: Batch) -> Finding:
        self._altered.add(seq)
        where = f"entry {seq} in block {number}"
        row = batch.entries.get(seq)
        if row is None:
            self._lost_entries += 1
            return Finding("entry_missing", where, "is missing", seq, number)
        detail = "was altered: its hash is not the one in the tree"
        return Finding("entry_altered", where, detail, seq, number, row.message_id)

    def _check_entry(
        self, seq: int, number: int, header: BlockHeader | None, batch: Batch
    ) -> Iterator[Finding]:
        row = batch.entries.get(seq)
        if row and row.kind == Kind.MESSAGE and row.conversation_id:
            self._counts[row.conversation_id] += 1
        if row is None or seq in self._altered:
            return
        where = f"entry {seq} in block {number}"
        try:
            entry = Entry.parse(bytes(row.entry))
        except FormatError as error:
            yield Finding("entry_altered", where, str(error), seq, number)
            return
        if row.kind != entry.kind or (header and row.block_no != number):
            yield Finding("entry_altered", where, "its kind or block column was altered", seq, number)
        is_first = header is not None and seq == header.first_seq
        wanted = (Kind.LINK if number else Kind.GENESIS) if is_first else None
        if header and (entry.kind if entry.kind in _SEALERS_KINDS else None) != wanted:
            yield Finding(
                "entry_kind", where, f"an entry of kind {entry.kind} has no place here", seq, number
            )
        if wanted is Kind.LINK and header and entry.value != header.prev_hash:
            yield Finding("link", where, "its link is not the previous hash of its block", seq, number)
        if entry.kind == Kind.ERASURE:
            yield from self._erasures.check_entry(row, entry.value, where, batch)
        elif record := batch.erased.get(seq):
            yield from self._steps.check_erased(row, where, batch)
            yield from self._erasures.check_erased(row, record, where, batch)
        elif entry.kind == Kind.REMOVAL:
            yield from self._removals.check_entry(row, entry.value, where, batch)
        elif entry.kind == Kind.STEP:
            yield from self._steps.check_entry(row, entry.value, where, batch)
        elif entry.kind == Kind.MESSAGE and self.source:
            yield from self._check_message(row, entry, where, batch)

    def _check_message(self, row: EntryRow, entry: Entry, where: str, batch: Batch) -> Iterator[Finding]:
        message = row.message_id
        if message is None:
            self._lost_entries += 1
            detail = "its message was cut off without a recorded erasure"
            yield Finding("entry_unlinked", where, detail, row.seq, row.block_no)
            return
        named = f"message {message} ({where})"
        opening, salt = batch.openings.get(message), batch.salts.get(message)
        if opening is None:
            yield Finding("message_missing", named, "is not stored any more", row.seq, row.block_no, message)
        elif salt is None:
            detail = "its salt is gone without a recorded erasure"
            yield Finding("salt_missing", named, detail, row.seq, row.block_no, message)
        elif not _opens(entry, salt, opening):
            yield Finding("message_altered", named, "is not what was sealed", row.seq, row.block_no, message)
        elif opening.conversation != row.conversation_id:
            detail = "its conversation column was altered"
            yield Finding("entry_altered", where, detail, row.seq, row.block_no, message)
        else:
            highest = self._numbers.get(opening.conversation, 0)
            self._numbers[opening.conversation] = max(highest, opening.conv_seq)

    def _append(self, leaves: Sequence[bytes]) -> Iterator[Finding]:
        changed = grow_tiles(self.size, self._edge, leaves)
        self._tree.extend(leaves)
        self.size += len(leaves)
        self._edge = {tile: (changed.get(tile) or self._edge[tile]) for tile in edge_tiles(self.size)}
        full = {
            tile: data for tile, data in changed.items() if tile.level and len(data) == TILE_WIDTH * HASH_SIZE
        }
        yield from self._compare_tiles(full)

    def _check_edge(self) -> Iterator[Finding]:
        yield from self._compare_tiles({tile: data for tile, data in self._edge.items() if tile.level})

    def _compare_tiles(self, wanted: Mapping[Tile, bytes]) -> Iterator[Finding]:
        # Tiles of the lowest level are compared leaf by leaf.
        if not wanted or self._is_root_broken:
            return
        stored = storage.read_tiles(wanted)
        for tile, data in wanted.items():
            if stored.get(tile, b"")[: len(data)] != data:
                yield Finding("tile", f"tile {tile.level}/{tile.index}", "is missing or was altered")

    # Messages

    def _check_gaps(self) -> Iterator[Finding]:
        # With entries lost, which was said above, every count would only repeat it.
        if self._lost_entries:
            return
        for conversation, highest in sorted(self._numbers.items()):
            if self._counts[conversation] < highest:
                detail = f"{self._counts[conversation]} messages are sealed, the highest number is {highest}"
                yield Finding("gap", f"conversation {conversation}", detail)

    def _check_recorded(self, source: MessageSource) -> Iterator[Finding]:
        after: UUID | None = None
        while ids := source.message_ids(after, _MESSAGES_AT_ONCE):
            # In this order, so that an entry sealed meanwhile is seen in one of the two places.
            waiting = OutboxRow.objects.filter(message_id__in=ids).values_list("message_id", flat=True)
            known = set(waiting)
            known |= set(EntryRow.objects.filter(message_id__in=ids).values_list("message_id", flat=True))
            for message in ids:
                if message not in known:
                    detail = "is stored but was never recorded"
                    yield Finding("message_unrecorded", f"message {message}", detail, message=message)
            yield from self._removals.check_done(source, ids)
            after = ids[-1]


def _fits(leaves: Sequence[bytes | None], header: BlockHeader | None) -> bool:
    known = [leaf for leaf in leaves if leaf is not None]
    return header is not None and len(known) == len(leaves) and tree_root(known) == header.data_hash


def _opens(entry: Entry, salt: bytes, opening: Opening) -> bool:
    try:
        return commitment(salt, opening) == entry.value
    except FormatError:
        return False
