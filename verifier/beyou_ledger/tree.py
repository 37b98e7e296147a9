"""The Merkle tree of RFC 6962."""

from collections.abc import Iterable, Sequence

from beyou_ledger.bytes_of import sha256

WIDTH = 256


def leaf(entry: bytes) -> bytes:
    return sha256(b"\0" + entry)


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


class Growing:
    """A tree that grows at its right edge; it remembers only its peaks, as (size, hash)."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []
        for one in leaves:
            self.add(one)

    def add(self, hashed: bytes) -> None:
        self.size += 1
        width = 1
        while self._peaks and self._peaks[-1][0] == width:
            hashed = node(self._peaks.pop()[1], hashed)
            width *= 2
        self._peaks.append((width, hashed))

    def root(self) -> bytes:
        if not self._peaks:
            return sha256(b"")
        result = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            result = node(peak, result)
        return result


def root_by_path(hashed: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to; None when its length does not fit the position."""
    if not 0 <= index < size:
        return None
    rest = list(path)

    def climb(index: int, size: int) -> bytes:
        if size == 1:
            return hashed
        half = 1 << (size - 1).bit_length() - 1
        sibling = rest.pop()
        if index < half:
            return node(climb(index, half), sibling)
        return node(sibling, climb(index - half, size - half))

    try:
        root = climb(index, size)
    except IndexError:
        return None
    return None if rest else root


def higher_levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """The rows of all tile levels over these leaf hashes, lowest first; each holds whole subtrees only."""
    rows = [list(hashes)]
    while len(rows[-1]) >= WIDTH:
        row = rows[-1]
        starts = range(0, len(row) - WIDTH + 1, WIDTH)
        rows.append([Growing(row[start : start + WIDTH]).root() for start in starts])
    return rows


def tile_name(index: int, width: int) -> str:
    """The path of a tile below its level (C2SP tlog-tiles)."""
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03}")
    return "/".join(parts) + ("" if width == WIDTH else f".p/{width}")
