"""Checks receipts of messages: JSON, or text as in c2sp.org/tlog-proof@v1.

`beyou/receipt/1` proves one message, `beyou/erasure-receipt/1` that one was erased on purpose, and
`beyou/receipts/1` holds any number of both against one checkpoint, as in the copy of a member's data.
"""

import json
from dataclasses import dataclass
from typing import Any

from beyou_ledger import tree
from beyou_ledger.bytes_of import (
    MESSAGE,
    Malformed,
    Opening,
    erasure_entry,
    erasure_order,
    message_entry,
    parse_entry,
    parse_opening,
)
from beyou_ledger.note import Key, is_signed, open_checkpoint, parse_key, unbase64

_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_SALT_SIZE = 32


@dataclass(frozen=True)
class Receipt:
    """A receipt as it was read, nothing of it checked."""

    index: int
    path: list[bytes]
    salt: bytes
    opening: bytes
    checkpoint: str
    key: Key | None


@dataclass(frozen=True)
class Erasure:
    """The receipt of an erased message as it was read, nothing of it checked."""

    index: int
    entry: bytes
    path: list[bytes]
    day: int
    reason: int
    signature: bytes
    seal_index: int
    seal_path: list[bytes]
    checkpoint: str
    key: Key

    def seal_entry(self) -> bytes:
        """The entry that says that it was erased. Raises Malformed."""
        return erasure_entry(self.index, self.day, self.reason)


def parse(text: str) -> list[Receipt | Erasure]:
    """The receipts of a file. Raises Malformed, KeyError or ValueError for what is none."""
    if text.startswith(_PROOF_HEADER):
        return [_parse_proof(text)]
    value = json.loads(text)
    kind = value.get("format") if isinstance(value, dict) else None
    if kind in ("beyou/receipt/1", "beyou/erasure-receipt/1"):
        return [_parse_item(value, value)]
    if kind == "beyou/receipts/1":
        return [_parse_item(item, value) for item in value["items"]]
    raise Malformed("is not a receipt")


def check(receipt: Receipt, key: Key) -> tuple[Opening, int]:
    """The message that is proven, and the size of the tree. Raises Malformed with what is wrong."""
    checkpoint = open_checkpoint(receipt.checkpoint, key)
    entry = message_entry(receipt.salt, receipt.opening)
    root = tree.root_by_path(tree.leaf(entry), receipt.index, checkpoint.size, receipt.path)
    if root != checkpoint.root:
        raise Malformed(f"does not prove entry {receipt.index} of the {checkpoint.size} that were signed")
    return parse_opening(receipt.opening), checkpoint.size


def check_erasure(erasure: Erasure, key: Key, kind: int = MESSAGE) -> int:
    """The size of the tree in which both the entry and its erasure are proven. Raises Malformed."""
    checkpoint = open_checkpoint(erasure.checkpoint, key)
    if parse_entry(erasure.entry)[0] != kind:
        raise Malformed("is the erasure of something else than it says")
    seal = erasure_entry(erasure.index, erasure.day, erasure.reason)
    if not is_signed(key.public, erasure.signature, erasure_order(key.name, seal)):
        raise Malformed("is an erasure that the key of this log did not sign")
    if erasure.seal_index <= erasure.index:
        raise Malformed("is an erasure that stands before what it erases")
    places = [
        (erasure.entry, erasure.index, erasure.path),
        (seal, erasure.seal_index, erasure.seal_path),
    ]
    for entry, index, path in places:
        if tree.root_by_path(tree.leaf(entry), index, checkpoint.size, path) != checkpoint.root:
            raise Malformed(f"does not prove entry {index} of the {checkpoint.size} that were signed")
    return checkpoint.size


def _parse_item(item: dict[str, Any], about: dict[str, Any]) -> Receipt | Erasure:
    """A receipt whose checkpoint and key stand in ``about``."""
    key, checkpoint = parse_key(about["vkey"]), about["checkpoint"]
    index, path = int(item["index"]), _path(item)
    erasure = item.get("erasure")
    if erasure is None:
        salt, opening = bytes.fromhex(item["salt"]), bytes.fromhex(item["opening"])
        return Receipt(index, path, salt, opening, checkpoint, key)
    return parse_erasure(item, checkpoint, key)


def parse_erasure(item: dict[str, Any], checkpoint: str, key: Key) -> Erasure:
    """The erasure that an item of a receipt tells of."""
    erasure = item["erasure"]
    return Erasure(
        index=int(item["index"]),
        entry=bytes.fromhex(item["entry"]),
        path=_path(item),
        day=int(erasure["day"]),
        reason=int(erasure["reason"]),
        signature=bytes.fromhex(erasure["signature"]),
        seal_index=int(erasure["seal"]["index"]),
        seal_path=_path(erasure["seal"]),
        checkpoint=checkpoint,
        key=key,
    )


def _path(item: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(sibling) for sibling in item["path"]]


def _parse_proof(text: str) -> Receipt:
    head, _, checkpoint = text.partition("\n\n")
    _, extra, index, *path = [*head.split("\n"), "", ""]
    if not extra.startswith("extra ") or not index.startswith("index "):
        raise Malformed("is not the proof of a message")
    opening = unbase64(extra.removeprefix("extra "))
    return Receipt(
        index=int(index.removeprefix("index ")),
        path=[unbase64(sibling) for sibling in path if sibling],
        salt=opening[:_SALT_SIZE],
        opening=opening[_SALT_SIZE:],
        checkpoint=checkpoint,
        key=None,
    )
