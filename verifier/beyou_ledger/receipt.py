"""Checks receipts of messages: JSON, or text as in c2sp.org/tlog-proof@v1.

`beyou/receipt/1` proves one message and what the staff did to it, `beyou/erasure-receipt/1` that one was
erased on purpose, and `beyou/receipts/1` holds any number of both against one checkpoint, as in the copy of a
member's data.
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
    removal_entry,
    removal_order,
)
from beyou_ledger.note import Key, is_signed, open_checkpoint, parse_key, unbase64

_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_SALT_SIZE = 32


@dataclass(frozen=True)
class Removal:
    """That the staff removed a message (odd numbers) or put it back (even ones), nothing of it checked."""

    number: int
    at_ms: int
    target: bytes
    words: str
    salt: bytes
    signature: bytes
    seal_index: int
    seal_path: list[bytes]

    @property
    def removes(self) -> bool:
        return self.number % 2 == 1


@dataclass(frozen=True)
class Receipt:
    """A receipt as it was read, nothing of it checked."""

    index: int
    path: list[bytes]
    salt: bytes
    opening: bytes
    checkpoint: str
    key: Key | None
    removals: tuple[Removal, ...] = ()


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
    """The message that is proven with all that the staff did to it, and the size of the tree. Raises
    Malformed with what is wrong.
    """
    checkpoint = open_checkpoint(receipt.checkpoint, key)
    entry = message_entry(receipt.salt, receipt.opening)
    root = tree.root_by_path(tree.leaf(entry), receipt.index, checkpoint.size, receipt.path)
    if root != checkpoint.root:
        raise Malformed(f"does not prove entry {receipt.index} of the {checkpoint.size} that were signed")
    before = receipt.index
    for at, removal in enumerate(receipt.removals, start=1):
        seal = checked_removal(removal, at, entry, key)
        before, earlier = removal.seal_index, before
        if before <= earlier:
            raise Malformed("is a removal that stands before what it is about")
        root = tree.root_by_path(tree.leaf(seal), before, checkpoint.size, removal.seal_path)
        if root != checkpoint.root:
            raise Malformed(f"does not prove the removal in entry {before} of the {checkpoint.size}")
    return parse_opening(receipt.opening), checkpoint.size


def checked_removal(removal: Removal, number: int, entry: bytes, key: Key) -> bytes:
    """The entry that seals the removal with this number of the message with this entry. Raises Malformed."""
    if removal.number != number or removal.target != entry[8:]:
        raise Malformed("is a removal of something else, or one before it is left out")
    seal = removal_entry(removal.salt, number, removal.at_ms, removal.target, removal.words)
    if not is_signed(key.public, removal.signature, removal_order(key.name, seal)):
        raise Malformed("is a removal that the key of this log did not sign")
    return seal


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
        removals = tuple(parse_removal(each, each["seal"]) for each in item.get("removals", ()))
        return Receipt(index, path, salt, opening, checkpoint, key, removals)
    return parse_erasure(item, checkpoint, key)


def parse_removal(item: dict[str, Any], seal: dict[str, Any] | None) -> Removal:
    """The removal that an item of a receipt or an export tells of. Raises ValueError before it is sealed."""
    if seal is None:
        raise ValueError("it names a removal that was not sealed yet. Download the receipt again")
    return Removal(
        number=int(item["number"]),
        at_ms=int(item["at_ms"]),
        target=bytes.fromhex(item["target"]),
        words=str(item["words"]),
        salt=bytes.fromhex(item["salt"]),
        signature=bytes.fromhex(item["signature"]),
        seal_index=int(seal["index"]),
        seal_path=_path(seal),
    )


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
