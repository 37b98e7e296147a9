"""Writes tests/vectors/ledger.json, which every implementation of the ledger bytes must reproduce.

Run ``python -m tests.ledger.make_vectors`` after a deliberate change of format; a test
compares the file with what this module makes, so that neither drifts alone.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from beyou.ledger import merkle, note
from beyou.ledger.consensus import canonical_json
from beyou.ledger.format import (
    BlockHeader,
    Consensus,
    Entry,
    Kind,
    Mode,
    Opening,
    commitment,
    document_value,
    erasure_order,
    erasure_value,
)
from beyou.ledger.removals import RemovalOpening, removal_order, removal_value
from beyou.ledger.steps import Actor, Step, StepOpening, step_commitment

PATH = Path(__file__).parent.parent / "vectors" / "ledger.json"
SIZES = [1, 2, 3, 5, 8, 13, 64, 129, 257, 600]
ORIGIN = "ledger.example/beyou"
SEED = bytes(range(32))


def _openings() -> list[Opening]:
    full = Opening(
        mode=Mode.END_TO_END,
        message=UUID("018f2b6e-7c00-7000-8000-000000000001"),
        conversation=UUID("018f2b6e-7c00-7000-8000-000000000002"),
        sender=UUID("018f2b6e-7c00-7000-8000-000000000003"),
        conv_seq=7,
        created_ms=1_790_000_000_123,
        body=bytes(range(32)),
        signature=bytes(range(32, 64)),
        media=bytes(range(64, 96)),
        ref_seq=42,
        flags=0x0102,
    )
    bare = Opening(
        mode=Mode.STANDARD,
        message=UUID("018f2b6e-7c00-7000-8000-000000000004"),
        conversation=UUID("018f2b6e-7c00-7000-8000-000000000002"),
        sender=UUID("018f2b6e-7c00-7000-8000-000000000005"),
        conv_seq=1,
        created_ms=0,
        body=b"\xff" * 32,
    )
    return [full, bare]


def _opening(opening: Opening, salt: bytes) -> dict[str, Any]:
    entry = Entry(Kind.MESSAGE, commitment(salt, opening)).encode()
    return {
        "mode": int(opening.mode),
        "flags": opening.flags,
        "message": str(opening.message),
        "conversation": str(opening.conversation),
        "sender": str(opening.sender),
        "conv_seq": str(opening.conv_seq),
        "created_ms": str(opening.created_ms),
        "ref_seq": str(opening.ref_seq),
        "body": opening.body.hex(),
        "signature": opening.signature.hex(),
        "media": opening.media.hex(),
        "encoded": opening.encode().hex(),
        "salt": salt.hex(),
        "commitment": commitment(salt, opening).hex(),
        "entry": entry.hex(),
        "leaf_hash": merkle.leaf_hash(entry).hex(),
    }


_PART = UUID("018f2b6e-7c00-7000-8000-000000000010")
_BUYER = UUID("018f2b6e-7c00-7000-8000-000000000011")
_SELLER = UUID("018f2b6e-7c00-7000-8000-000000000012")


def _steps() -> list[tuple[StepOpening, bytes, bytes]]:
    """Openings of the steps of one part, each with its document and its salt."""
    taken = [
        (Step.PLACED, Actor.BUYER, _BUYER, {"part": "7KQM-2W9X-HTRA", "total_minor": 2850, "title": "Löwe"}),
        (Step.PAID, Actor.GATEWAY, None, {"part": "7KQM-2W9X-HTRA", "state": "paid"}),
        (Step.SHIPPED, Actor.SELLER, _SELLER, {"carrier": "Post", "tracking": "3SABC123"}),
        (Step.DELIVERED, Actor.CLOCK, None, {"state": "delivered"}),
    ]
    found = []
    for number, (step, actor, member, facts) in enumerate(taken, start=1):
        document = canonical_json(facts)
        opening = StepOpening(
            *(step, actor, UUID(f"018f2b6e-7c00-7000-8000-0000000000{20 + number}"), _PART, member),
            *(number, 1_790_000_000_000 + number, document_value(document)),
        )
        found.append((opening, document, bytes([16 + number]) * 32))
    return found


def _step(opening: StepOpening, document: bytes, salt: bytes) -> dict[str, Any]:
    entry = Entry(Kind.STEP, step_commitment(salt, opening)).encode()
    return {
        "step": int(opening.step),
        "actor": int(opening.actor),
        "id": str(opening.id),
        "part": str(opening.part),
        "member": str(opening.member) if opening.member else None,
        "number": str(opening.number),
        "at_ms": str(opening.at_ms),
        "document": document.decode(),
        "encoded": opening.encode().hex(),
        "salt": salt.hex(),
        "commitment": step_commitment(salt, opening).hex(),
        "entry": entry.hex(),
        "leaf_hash": merkle.leaf_hash(entry).hex(),
    }


def _order_receipt() -> dict[str, Any]:
    """The receipt of that part after the seller erased their account; the last step waits for its seal."""
    signer, steps = note.Signer(ORIGIN, SEED), _steps()
    entries = [Entry(Kind.STEP, step_commitment(salt, opening)).encode() for opening, _, salt in steps]
    day, reason = 20_718, 1
    seal = Entry(Kind.ERASURE, erasure_value(2, day, reason)).encode()
    leaves = [merkle.leaf_hash(entry) for entry in (*entries[:3], seal)]
    nodes = merkle.TileNodes(merkle.grow_tiles(0, {}, leaves))

    def place(index: int, entry: bytes) -> dict[str, Any]:
        path = merkle.resolve(merkle.inclusion_elements(index, len(leaves)), nodes)
        return {"index": index, "entry": entry.hex(), "path": [sibling.hex() for sibling in path]}

    def opened(index: int) -> dict[str, Any]:
        opening, document, salt = steps[index]
        open_part = {"salt": salt.hex(), "opening": opening.encode().hex(), "document": document.decode()}
        name = opening.step.name.lower()
        return {
            "number": index + 1,
            "step": name,
            "state": "sealed",
            **place(index, entries[index]),
            **open_part,
        }

    order = signer.sign(erasure_order(ORIGIN, seal[8:]))
    erasure = {"day": day, "reason": reason, "signature": order.hex(), "seal": place(3, seal)}
    return {
        "format": "beyou/order-receipt/1",
        "part": str(_PART),
        "vkey": str(signer.verifier),
        "checkpoint": signer.note(note.Checkpoint(ORIGIN, len(leaves), merkle.tree_root(leaves)).text()),
        "steps": [
            opened(0),
            opened(1),
            {"number": 3, "step": "shipped", "state": "erased", **place(2, entries[2]), "erasure": erasure},
            {"number": 4, "step": "delivered", "state": "waiting"},
        ],
    }


def _removals() -> list[dict[str, Any]]:
    """A message that the staff removed and put back."""
    opening, signer = _openings()[0], note.Signer(ORIGIN, SEED)
    target, made = commitment(bytes([1]) * 32, opening), []
    for number, words in ((1, "Harassment \N{EM DASH} ‹…›"), (2, "")):
        said, salt = RemovalOpening(number, 1_790_000_000_000 + number, target, words), bytes([number]) * 32
        value = removal_value(salt, said)
        made.append(
            {
                "number": said.number,
                "at_ms": str(said.at_ms),
                "target": target.hex(),
                "words": words,
                "salt": salt.hex(),
                "opening": said.encode().hex(),
                "entry": Entry(Kind.REMOVAL, value).encode().hex(),
                "signature": signer.sign(removal_order(ORIGIN, value)).hex(),
            }
        )
    return made


def _header(header: BlockHeader) -> dict[str, Any]:
    return {
        "consensus": int(header.consensus),
        "difficulty_bits": header.difficulty_bits,
        "index": str(header.index),
        "timestamp_ms": str(header.timestamp_ms),
        "prev_hash": header.prev_hash.hex(),
        "first_seq": str(header.first_seq),
        "leaf_count": header.leaf_count,
        "data_hash": header.data_hash.hex(),
        "tree_size": str(header.tree_size),
        "tree_root": header.tree_root.hex(),
        "nonce": str(header.nonce),
        "encoded": header.encode().hex(),
        "hash": header.hash().hex(),
        "leading_zero_bits": 256 - int.from_bytes(header.hash(), "big").bit_length(),
    }


def _trees() -> dict[str, Any]:
    leaves = [
        merkle.leaf_hash(Entry(Kind.MESSAGE, bytes([n % 256, n >> 8]) * 16).encode()) for n in range(600)
    ]
    nodes = merkle.TileNodes(merkle.grow_tiles(0, {}, leaves))
    roots = {str(size): merkle.tree_root(leaves[:size]).hex() for size in [0, *SIZES]}
    inclusion = [
        {
            "size": size,
            "index": index,
            "leaf": leaves[index].hex(),
            "path": [h.hex() for h in merkle.resolve(merkle.inclusion_elements(index, size), nodes)],
        }
        for size in SIZES
        for index in sorted({0, size // 3, size // 2, size - 1})
    ]
    consistency = [
        {
            "old": old,
            "new": new,
            "path": [h.hex() for h in merkle.resolve(merkle.consistency_elements(old, new), nodes)],
        }
        for old in SIZES
        for new in SIZES
        if old <= new
    ]
    return {
        "leaf_rule": "leaf n = SHA-256(00 | entry of kind 1, value = (n mod 256, n >> 8) as bytes 16 times)",
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
    }


def build() -> dict[str, Any]:
    """All vectors; the same on every run."""
    openings = _openings()
    document = b'{"format":"example"}'
    pow_header, _ = BlockHeader(
        Consensus.POW, 8, 1, 1_790_000_000_500, bytes(range(32)), 1, 3, b"\xaa" * 32, 4, b"\xbb" * 32
    ).mined()
    poa_header = BlockHeader(
        Consensus.POA, 0, 2**40, 2**41, b"\x01" * 32, 2**42, 2**31, b"\x02" * 32, 2**43, b"\x03" * 32
    )
    signer = note.Signer(ORIGIN, SEED)
    root = bytes.fromhex(_trees()["roots"]["600"])
    checkpoint = note.Checkpoint(ORIGIN, 600, root)
    signed = signer.note(checkpoint.text())
    path = [bytes.fromhex(h) for h in _trees()["inclusion"][-1]["path"]]
    return {
        "note": "64-bit integers are decimal strings; bytes are lower-case hex unless they are note text.",
        "openings": [_opening(o, bytes([n + 1]) * 32) for n, o in enumerate(openings)],
        "steps": [_step(*each) for each in _steps()],
        "order_receipt": _order_receipt(),
        "removals": _removals(),
        "entries": [
            {
                "kind": 4,
                "value": erasure_value(7, 20_000, 2).hex(),
                "of": {"seq": 7, "day": 20_000, "reason": 2},
                "entry": Entry(Kind.ERASURE, erasure_value(7, 20_000, 2)).encode().hex(),
            },
            {
                "kind": 7,
                "value": document_value(document).hex(),
                "of": {"document": document.decode()},
                "entry": Entry(Kind.KEY, document_value(document)).encode().hex(),
            },
            {
                "kind": 9,
                "value": pow_header.hash().hex(),
                "of": {"previous_header": pow_header.encode().hex()},
                "entry": Entry(Kind.LINK, pow_header.hash()).encode().hex(),
            },
        ],
        "headers": [_header(pow_header), _header(poa_header)],
        "checkpoint": {
            "seed": SEED.hex(),
            "origin": ORIGIN,
            "vkey": str(signer.verifier),
            "size": 600,
            "root": root.hex(),
            "note": signed,
            "tlog_proof": note.proof_text(599, path, signed, extra=b"beyou"),
        },
        "poa": {
            "public": signer.verifier.public.hex(),
            "header": poa_header.encode().hex(),
            "proof": signer.sign(poa_header.hash()).hex(),
        },
        "tree": _trees(),
        "tile_paths": [
            {"level": 0, "index": 1234067, "width": 256, "path": merkle.tile_path(merkle.Tile(0, 1234067))},
            {"level": 1, "index": 0, "width": 17, "path": merkle.tile_path(merkle.Tile(1, 0), 17)},
        ],
    }


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(build(), indent=1) + "\n")
