"""The pure heart of sealing: from the state of the log and waiting entries to the next block."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from beyou.ledger import consensus
from beyou.ledger.consensus import Policy
from beyou.ledger.format import DIGEST_SIZE, ENTRY_SIZE, ZEROS, BlockHeader, Entry, FormatError, Kind
from beyou.ledger.merkle import (
    HASH_SIZE,
    CompactRange,
    Tile,
    TileNodes,
    edge_tiles,
    grow_tiles,
    leaf_hash,
    peak_nodes,
    tree_root,
)
from beyou.ledger.note import Signer

#: Entries that may wait in the outbox; genesis and links are made by the sealer alone.
RECORDABLE: Final = frozenset(Kind) - {Kind.GENESIS, Kind.LINK}
_HEAD: Final = ENTRY_SIZE - DIGEST_SIZE
_HEADS: Final = {int(kind): Entry(kind, ZEROS).encode()[:_HEAD] for kind in RECORDABLE}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One outbox row; ids of message and conversation are passed on as the database has them."""

    id: int
    kind: int
    message_id: object
    conversation_id: object
    entry: bytes


@dataclass(frozen=True, slots=True)
class State:
    """All that is needed to append: the last header, its hash, the policy and the right edge of the tree,
    as tiles and as the peaks that follow from them.
    """

    epoch: int
    header: BlockHeader | None
    block_hash: bytes
    policy: Policy
    policy_hex: str
    edge: Mapping[Tile, bytes]
    peaks: Sequence[bytes] = ()

    @property
    def size(self) -> int:
        """Leaves in the log so far."""
        return self.header.tree_size if self.header else 0

    @property
    def next_block(self) -> int:
        """The number that the next block will have."""
        return self.header.index + 1 if self.header else 0


@dataclass(frozen=True, slots=True)
class Block:
    """A block ready to be stored, with the tiles it changes and what making it took."""

    header: BlockHeader
    hash: bytes
    proof: bytes | None
    entries: Sequence[bytes]
    tiles: Mapping[Tile, bytes]
    peaks: Sequence[bytes]
    attempts: int
    mine_us: int


def edge_tree(size: int, edge: Mapping[Tile, bytes]) -> CompactRange:
    """The tree of this size as its edge tiles describe it.

    Raises ValueError when a tile is missing or has another width than the size demands.
    """
    for tile in edge_tiles(size):
        width = size >> 8 * tile.level & 255
        if len(edge.get(tile, b"")) != width * HASH_SIZE:
            raise ValueError(f"edge tile {tile.level}/{tile.index} does not have {width} hashes")
    nodes = TileNodes(dict(edge))
    return CompactRange(size, [nodes(node) for node in peak_nodes(size)])


def check_waiting(row: Waiting) -> None:
    """Raises FormatError when an outbox row is not an entry that may be sealed."""
    if len(row.entry) != ENTRY_SIZE or row.entry[:_HEAD] != _HEADS.get(row.kind):
        raise FormatError(f"these {len(row.entry)} bytes are no entry of kind {row.kind} that may wait")


def next_block(state: State, entries: Sequence[bytes], now_ms: int, signer: Signer) -> Block | None:
    """The block that appends these encoded entries, after a link to the previous block.

    The first block of a log has no link; its only entry is the genesis document's. Returns None when
    the policy gives the turn to another validator.
    """
    if state.header:
        entries = [Entry(Kind.LINK, state.block_hash).encode(), *entries]
    leaves = [leaf_hash(entry) for entry in entries]
    tree = CompactRange(state.size, state.peaks)
    tree.extend(leaves)
    draft = BlockHeader(
        consensus=state.policy.consensus,
        difficulty_bits=0,
        index=state.next_block,
        timestamp_ms=max(now_ms, state.header.timestamp_ms) if state.header else now_ms,
        prev_hash=state.block_hash if state.header else ZEROS,
        first_seq=state.size,
        leaf_count=len(leaves),
        data_hash=tree_root(leaves),
        tree_size=tree.size,
        tree_root=tree.root(),
    )
    started = time.perf_counter_ns()
    sealed = consensus.seal(draft, state.policy, signer)
    if sealed is None:
        return None
    mine_us = (time.perf_counter_ns() - started) // 1000
    tiles = grow_tiles(state.size, dict(state.edge), leaves)
    return Block(
        header=sealed.header,
        hash=sealed.header.hash(),
        proof=sealed.proof,
        entries=entries,
        tiles=tiles,
        peaks=tree.peaks(),
        attempts=sealed.attempts,
        mine_us=mine_us,
    )


def after(state: State, block: Block, policy: Policy, policy_hex: str) -> State:
    """The state once the block is stored."""
    wanted = edge_tiles(block.header.tree_size)
    edge = {tile: block.tiles[tile] if tile in block.tiles else state.edge[tile] for tile in wanted}
    return replace(
        state,
        header=block.header,
        block_hash=block.hash,
        policy=policy,
        policy_hex=policy_hex,
        edge=edge,
        peaks=block.peaks,
    )
