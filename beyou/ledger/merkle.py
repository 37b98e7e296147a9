"""The Merkle tree of RFC 6962 / RFC 9162 and its tiles (C2SP tlog-tiles).

A *node* ``(level, index)`` is the perfect subtree over the leaves
``[index << level, (index + 1) << level)``; level 0 is the leaves. Proofs are
made by naming the nodes they need and folding them, so a caller that reads
tiles from a database can fetch all of them at once.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256
HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256().digest()


class Node(NamedTuple):
    """A perfect subtree of ``2 ** level`` leaves, the ``index``-th of its level."""

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index(), which nobody needs here


class Tile(NamedTuple):
    """The ``index``-th run of 256 hashes of every eighth level."""

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index(), which nobody needs here


# A proof element is the hash of consecutive nodes, left to right, folded from the right.
Element = tuple[Node, ...]
Fetch = Callable[[Node], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def _pairs(hashes: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    half = iter(hashes)
    return [sha256(b"\1" + left + right).digest() for left, right in zip(half, half, strict=False)]


def fold(hashes: Sequence[bytes]) -> bytes:
    """One hash for perfect subtrees of falling height, combined from the right; empty gives EMPTY_ROOT."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    compact = CompactRange()
    compact.extend(leaves)
    return compact.root()


class CompactRange:
    """The right edge of a growing tree: one hash for every set bit of its size.

    Appending is amortised O(1) and the root O(log n); nothing else is kept.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """Resume at ``size`` with the peaks from the largest subtree to the smallest."""
        self._levels: list[bytes | None] = []
        self.size = size
        given = list(peaks)
        if len(given) != size.bit_count():
            raise ValueError(f"size {size} has {size.bit_count()} peaks, not {len(given)}")
        for level in range(size.bit_length()):
            self._levels.append(given.pop() if size >> level & 1 else None)

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes in order."""
        self.size += len(leaves)
        level = 0
        row = list(leaves)
        while row:
            if level == len(self._levels):
                self._levels.append(None)
            waiting = self._levels[level]
            if waiting is not None:
                row.insert(0, waiting)
            self._levels[level] = row.pop() if len(row) % 2 else None
            row = _pairs(row)
            level += 1

    def peaks(self) -> list[bytes]:
        """The hashes of the perfect subtrees, from the largest to the smallest."""
        return [peak for peak in reversed(self._levels) if peak is not None]

    def root(self) -> bytes:
        """The root over all appended leaves."""
        return fold(self.peaks())


def cover(start: int, end: int) -> Element:
    """The fewest perfect subtrees over the leaves ``[start, end)``, left to right.

    ``start`` must be aligned as in any RFC 6962 subtree, so heights fall from left to right.
    """
    nodes: list[Node] = []
    while start < end:
        span = (end - start).bit_length() - 1
        level = min(span, (start & -start).bit_length() - 1) if start else span
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return tuple(nodes)


def peak_nodes(size: int) -> Element:
    """The perfect subtrees that make up a tree of ``size`` leaves."""
    return cover(0, size)


def _split(count: int) -> int:
    """The largest power of two smaller than ``count`` (RFC 6962 section 2.1)."""
    return 1 << (count - 1).bit_length() - 1


def inclusion_elements(index: int, size: int) -> list[Element]:
    """What the inclusion proof of leaf ``index`` in a tree of ``size`` leaves is made of, leaf side first."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    elements: list[Element] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            elements.append(cover(middle, end))
            end = middle
        else:
            elements.append(cover(start, middle))
            start = middle
    return elements[::-1]


def consistency_elements(old: int, new: int) -> list[Element]:
    """What the proof that ``old`` leaves are a prefix of ``new`` leaves is made of, in RFC 6962 order."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} has no earlier size {old}")
    if old in (0, new):
        return []
    elements: list[Element] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            elements.append(cover(middle, end))
            end = middle
        else:
            elements.append(cover(start, middle))
            start, whole = middle, False
    if not whole:
        elements.append(cover(start, end))
    return elements[::-1]


def resolve(elements: Iterable[Element], fetch: Fetch) -> list[bytes]:
    """The proof hashes of these elements, with node hashes supplied by ``fetch``."""
    return [fold([fetch(node) for node in element]) for element in elements]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that this proof leads to, or None when its shape cannot fit (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    position, last, current = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        position >>= 1
        last >>= 1
    return current if last == 0 else None


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path proves that ``leaf`` is number ``index`` of the tree with this root."""
    return root_from_inclusion(leaf, index, size, path) == root


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the path proves that the old tree is a prefix of the new one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == new_root


def tile_of(node: Node) -> tuple[Tile, int, int]:
    """The tile that holds a node's hashes, their offset in it and how many there are (1 to 128)."""
    level, height = divmod(node.level, TILE_HEIGHT)
    position = node.index << height
    return Tile(level, position >> TILE_HEIGHT), position % TILE_WIDTH, 1 << height


def tile_width(tile: Tile, size: int) -> int:
    """How many hashes a tile has in a tree of ``size`` leaves: 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * tile.level) - tile.index * TILE_WIDTH))


def edge_tiles(size: int) -> list[Tile]:
    """The partial tile of every level in a tree of ``size`` leaves: all that is needed to append."""
    tiles = []
    level, hashes = 0, size
    while hashes:
        if hashes % TILE_WIDTH:
            tiles.append(Tile(level, hashes // TILE_WIDTH))
        level, hashes = level + 1, hashes // TILE_WIDTH
    return tiles


def tile_path(tile: Tile, width: int = TILE_WIDTH) -> str:
    """The tlog-tiles path of a tile, ``tile/<L>/<N>[.p/<W>]``."""
    return f"tile/{tile.level}/{index_path(tile.index, width)}"


def index_path(index: int, width: int = TILE_WIDTH) -> str:
    """A tile index as three-digit path elements, with the suffix of a partial tile."""
    path = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        path = f"x{index % 1000:03}/{path}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


class TileNodes:
    """Node hashes computed from tiles already read; each tile is folded at most once per height."""

    def __init__(self, tiles: dict[Tile, bytes]) -> None:
        """Read nodes from these tiles, each ``32 * width`` bytes."""
        self._tiles = tiles
        self._rows: dict[tuple[Tile, int], list[bytes]] = {}

    def __call__(self, node: Node) -> bytes:
        """The hash of a node; raises KeyError when its tile was not read or is too narrow."""
        tile, offset, count = tile_of(node)
        row = self._row(tile, count.bit_length() - 1)
        position = offset // count
        if position >= len(row):
            raise KeyError(node)
        return row[position]

    def _row(self, tile: Tile, height: int) -> list[bytes]:
        row = self._rows.get((tile, height))
        if row is None:
            if height:
                row = _pairs(self._row(tile, height - 1))
            else:
                data = self._tiles[tile]
                row = [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]
            self._rows[tile, height] = row
        return row


def grow_tiles(size: int, edge: dict[Tile, bytes], leaves: Sequence[bytes]) -> dict[Tile, bytes]:
    """The new content of every tile that changes when these leaf hashes follow ``size`` leaves.

    ``edge`` holds the partial tiles of ``edge_tiles(size)``. Raises ValueError when one of them
    is missing or has another width than the size demands.
    """
    changed: dict[Tile, bytes] = {}
    level, row = 0, list(leaves)
    while row:
        count = size >> TILE_HEIGHT * level
        index, width = divmod(count, TILE_WIDTH)
        data = edge.get(Tile(level, index), b"") if width else b""
        if len(data) != width * HASH_SIZE:
            raise ValueError(f"tile {level}/{index} must hold {width} hashes, not {len(data) / HASH_SIZE:g}")
        data += b"".join(row)
        row = []
        for at in range(0, len(data), TILE_WIDTH * HASH_SIZE):
            part = data[at : at + TILE_WIDTH * HASH_SIZE]
            changed[Tile(level, index)] = part
            index += 1
            if len(part) == TILE_WIDTH * HASH_SIZE:
                row.append(_tile_root(part))
        level += 1
    return changed


def _tile_root(data: bytes) -> bytes:
    row = [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]
    while len(row) > 1:
        row = _pairs(row)
    return row[0]
