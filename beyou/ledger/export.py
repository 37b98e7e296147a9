"""The ledger as files that `beyou-ledger` and other C2SP tools check without a server.

Layout: `checkpoint`, `vkey`, `tile/<L>/<N>` and `tile/entries/<N>` as in C2SP tlog-tiles, and one JSON
object a line in `blocks.jsonl`, `documents.jsonl`, `erasures.jsonl` and, only when asked, `openings.jsonl`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from beyou.ledger import queries
from beyou.ledger.batches import value_of
from beyou.ledger.errors import LedgerDamaged
from beyou.ledger.format import ENTRY_SIZE, Kind
from beyou.ledger.merkle import HASH_SIZE, TILE_WIDTH, Tile, index_path, tile_path, tile_width
from beyou.ledger.models import BlockRow, Document, EntryRow, ErasureRow, RemovalRow, SaltRow, StepRow
from beyou.ledger.queries import removal_said
from beyou.ledger.sources import MessageSource
from beyou.ledger.step_checks import opening_of
from beyou.ledger.storage import read_tiles

_MESSAGES_AT_ONCE: Final = 1000
Progress = Callable[[int, int], None]


def write(
    folder: Path, *, progress: Progress = lambda done, total: None, openings_from: MessageSource | None = None
) -> int:
    """The folder holds the ledger up to the newest checkpoint; returns its size in entries.

    ``openings_from`` adds what opens every entry of a message or a step, which is private to the members
    concerned. Raises
    LedgerEmpty, LedgerDamaged for missing rows, and FileExistsError for a folder that is not empty.
    """
    newest = queries.checkpoint()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    size = newest.tree_size
    for index in range(-(-size // TILE_WIDTH)):
        _write_bundle(folder, Tile(0, index), size)
        progress(min(size, (index + 1) * TILE_WIDTH), size)
    for tile in _tiles(size):
        _write_tile(folder, tile, size)
    blocks = BlockRow.objects.filter(tree_size__lte=size).order_by("block_no")
    _write_lines(folder / "blocks.jsonl", map(_block, blocks.iterator()))
    documents = Document.objects.order_by("digest_hex")
    _write_lines(
        folder / "documents.jsonl", ({"document": bytes(row.document).hex()} for row in documents.iterator())
    )
    erasures = ErasureRow.objects.filter(seq__lt=size).order_by("seq")
    _write_lines(folder / "erasures.jsonl", map(_erasure, erasures.iterator()))
    if openings_from:
        _write_lines(folder / "openings.jsonl", _openings(openings_from, size))
    (folder / "vkey").write_text(queries.verifier_key() + "\n", encoding="utf-8")
    # Last, since a folder with a checkpoint is a whole export.
    (folder / "checkpoint").write_text(newest.note, encoding="utf-8")
    return size


def _tiles(size: int) -> Iterator[Tile]:
    level = 0
    while count := size >> 8 * level:
        yield from (Tile(level, index) for index in range(-(-count // TILE_WIDTH)))
        level += 1


def _write_tile(folder: Path, tile: Tile, size: int) -> None:
    width = tile_width(tile, size)
    hashes = read_tiles([tile]).get(tile, b"")[: width * HASH_SIZE]
    if len(hashes) != width * HASH_SIZE:
        raise LedgerDamaged(f"Tile {tile.level}/{tile.index} is missing or too short.")
    _write(folder / tile_path(tile, width), hashes)


def _write_bundle(folder: Path, tile: Tile, size: int) -> None:
    first, width = tile.index * TILE_WIDTH, tile_width(tile, size)
    rows = EntryRow.objects.filter(seq__gte=first, seq__lt=first + width).order_by("seq")
    entries = [bytes(entry) for entry in rows.values_list("entry", flat=True)]
    if len(entries) != width:
        raise LedgerDamaged(f"Of the entries {first} to {first + width - 1} some are missing.")
    length = ENTRY_SIZE.to_bytes(2, "big")
    bundle = b"".join(length + entry for entry in entries)
    _write(folder / "tile/entries" / index_path(tile.index, width), bundle)


def _block(row: BlockRow) -> dict[str, Any]:
    return {"header": bytes(row.header).hex(), "proof": bytes(row.proof).hex() if row.proof else None}


def _erasure(row: ErasureRow) -> dict[str, Any]:
    return {"seq": row.seq, "day": row.day, "reason": row.reason, "signature": bytes(row.signature).hex()}


def _openings(source: MessageSource, size: int) -> Iterator[dict[str, Any]]:
    for first in range(0, size, _MESSAGES_AT_ONCE):
        rows = EntryRow.objects.filter(
            seq__gte=first, seq__lt=min(size, first + _MESSAGES_AT_ONCE), message_id__isnull=False
        )
        rows = rows.exclude(kind=Kind.ERASURE).order_by("seq")
        yield from _removals([row for row in rows if row.kind == Kind.REMOVAL])
        places = {row.message_id: row.seq for row in rows if row.message_id and row.kind != Kind.REMOVAL}
        openings = source.openings(list(places))
        steps = StepRow.objects.in_bulk(list(places))
        salts = dict(SaltRow.objects.filter(message_id__in=places).values_list("message_id", "salt"))
        for one, seq in places.items():
            salt = bytes(salts.get(one, b"")).hex()
            if one in openings and salt:
                yield {"seq": seq, "opening": openings[one].encode().hex(), "salt": salt}
            elif one in steps and salt:
                opening, document = opening_of(steps[one]).encode(), bytes(steps[one].document or b"")
                yield {"seq": seq, "opening": opening.hex(), "salt": salt, "document": document.decode()}


def _removals(entries: Sequence[EntryRow]) -> Iterator[dict[str, Any]]:
    if not entries:
        return
    places = {bytes(entry.entry)[8:]: entry.seq for entry in entries}
    for row in RemovalRow.objects.filter(message_id__in=[entry.message_id for entry in entries]).order_by(
        "id"
    ):
        value = value_of(row)
        if value in places:
            yield {"seq": places[value]} | removal_said(row)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="ascii") as file:
        for value in values:
            file.write(json.dumps(value) + "\n")
