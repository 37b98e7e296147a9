"""The tree against a naive oracle written from the definitions of RFC 6962."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyou.ledger import merkle
from beyou.ledger.merkle import Tile

LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(129)]


def oracle_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + oracle_root(leaves[:k]) + oracle_root(leaves[k:])).digest()


def oracle_inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*oracle_inclusion(index, leaves[:k]), oracle_root(leaves[k:])]
    return [*oracle_inclusion(index - k, leaves[k:]), oracle_root(leaves[:k])]


def oracle_consistency(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [oracle_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*oracle_consistency(old, leaves[:k], whole=whole), oracle_root(leaves[k:])]
    return [*oracle_consistency(old - k, leaves[k:], whole=False), oracle_root(leaves[:k])]


def nodes_of(leaves: list[bytes]) -> merkle.TileNodes:
    return merkle.TileNodes(merkle.grow_tiles(0, {}, leaves))


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit % (8 * len(data))).to_bytes(len(data), "big")


def test_every_inclusion_proof_to_129_leaves_equals_the_oracle_and_verifies() -> None:
    for size in range(1, 130):
        leaves = LEAVES[:size]
        root, nodes = oracle_root(leaves), nodes_of(leaves)
        assert merkle.tree_root(leaves) == root
        for index in range(size):
            path = merkle.resolve(merkle.inclusion_elements(index, size), nodes)
            assert path == oracle_inclusion(index, leaves)
            assert merkle.verify_inclusion(leaves[index], index, size, path, root)


def test_every_consistency_proof_to_129_leaves_equals_the_oracle_and_verifies() -> None:
    nodes = nodes_of(LEAVES)
    roots = [oracle_root(LEAVES[:size]) for size in range(130)]
    for new in range(1, 130):
        for old in range(1, new + 1):
            path = merkle.resolve(merkle.consistency_elements(old, new), nodes)
            assert path == oracle_consistency(old, LEAVES[:new])
            assert merkle.verify_consistency(old, new, path, roots[old], roots[new])
            assert not merkle.verify_consistency(old, new, path, flipped(roots[old], 3), roots[new])
            assert not merkle.verify_consistency(old, new, path, roots[old], flipped(roots[new], 3))


def test_the_empty_tree_is_a_prefix_of_every_tree_without_a_path() -> None:
    assert merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, oracle_root(LEAVES[:5]))
    assert not merkle.verify_consistency(0, 5, [], LEAVES[0], oracle_root(LEAVES[:5]))
    assert not merkle.verify_consistency(5, 4, [], LEAVES[0], LEAVES[0])


@given(st.integers(1, 129), st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_inclusion_proof_never_verifies(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    root = oracle_root(leaves)
    path = oracle_inclusion(index, leaves)
    check = merkle.verify_inclusion
    bit = data.draw(st.integers(0, 255))
    assert not check(flipped(leaves[index], bit), index, size, path, root)
    assert not check(leaves[index], index, size, path, flipped(root, bit))
    assert not check(leaves[index], index, size, [*path, root], root)
    assert not check(leaves[index], size, size, path, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else None
    if other is not None:
        assert not check(leaves[index], other, size, path, root)
        at = data.draw(st.integers(0, len(path) - 1))
        assert not check(leaves[index], index, size, path[:at] + path[at + 1 :], root)
        changed = [*path[:at], flipped(path[at], bit), *path[at + 1 :]]
        assert not check(leaves[index], index, size, changed, root)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_tiles_grown_in_any_batches_equal_tiles_grown_at_once(batches: list[int]) -> None:
    total = sum(batches)
    leaves = [merkle.leaf_hash(n.to_bytes(4, "big")) for n in range(total)]
    tiles: dict[Tile, bytes] = {}
    compact = merkle.CompactRange()
    size = 0
    for batch in batches:
        edge = {tile: tiles[tile] for tile in merkle.edge_tiles(size)}
        tiles.update(merkle.grow_tiles(size, edge, leaves[size : size + batch]))
        compact.extend(leaves[size : size + batch])
        size += batch
    assert tiles == merkle.grow_tiles(0, {}, leaves)
    assert all(len(data) == 32 * merkle.tile_width(tile, total) for tile, data in tiles.items())
    assert compact.root() == oracle_root(leaves)
    nodes = merkle.TileNodes(tiles)
    resumed = merkle.CompactRange(total, [nodes(node) for node in merkle.peak_nodes(total)])
    assert resumed.root() == compact.root()


def test_growing_refuses_an_edge_that_does_not_fit_the_size() -> None:
    with pytest.raises(ValueError, match="must hold 5 hashes"):
        merkle.grow_tiles(5, {Tile(0, 0): b"".join(LEAVES[:4])}, LEAVES[5:6])
    with pytest.raises(ValueError, match="must hold 5 hashes, not 0"):
        merkle.grow_tiles(5, {}, LEAVES[5:6])


def test_proofs_far_out_need_only_log_n_tiles() -> None:
    size = 10**9 + 12_345
    for index in (0, size // 2, size - 1):
        elements = merkle.inclusion_elements(index, size)
        assert len(elements) <= 30
        tiles = {merkle.tile_of(node)[0] for element in elements for node in element}
        assert len(tiles) <= 8


def test_tile_paths_are_those_of_tlog_tiles() -> None:
    assert merkle.tile_path(Tile(0, 1234067)) == "tile/0/x001/x234/067"
    assert merkle.tile_path(Tile(1, 0), 17) == "tile/1/000.p/17"
    assert merkle.tile_width(Tile(0, 273), 70_000) == 112
    assert merkle.tile_width(Tile(1, 1), 70_000) == 17
    assert merkle.tile_width(Tile(2, 0), 70_000) == 1
    assert merkle.edge_tiles(256) == [Tile(1, 0)]
