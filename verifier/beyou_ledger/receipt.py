"""Checks the receipt of one message: JSON, or text as in c2sp.org/tlog-proof@v1."""

import json
from dataclasses import dataclass

from beyou_ledger import tree
from beyou_ledger.bytes_of import Malformed, Opening, message_entry, parse_opening
from beyou_ledger.note import Key, open_checkpoint, parse_key, unbase64

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


def parse(text: str) -> Receipt:
    """Raises Malformed, KeyError or ValueError for what is no receipt."""
    return _parse_proof(text) if text.startswith(_PROOF_HEADER) else _parse_json(text)


def check(receipt: Receipt, key: Key) -> tuple[Opening, int]:
    """The message that is proven, and the size of the tree. Raises Malformed with what is wrong."""
    checkpoint = open_checkpoint(receipt.checkpoint, key)
    entry = message_entry(receipt.salt, receipt.opening)
    root = tree.root_by_path(tree.leaf(entry), receipt.index, checkpoint.size, receipt.path)
    if root != checkpoint.root:
        raise Malformed(f"does not prove entry {receipt.index} of the {checkpoint.size} that were signed")
    return parse_opening(receipt.opening), checkpoint.size


def _parse_json(text: str) -> Receipt:
    value = json.loads(text)
    if not isinstance(value, dict) or value.get("format") != "beyou/receipt/1":
        raise Malformed("is not a receipt")
    return Receipt(
        index=int(value["index"]),
        path=[bytes.fromhex(sibling) for sibling in value["path"]],
        salt=bytes.fromhex(value["salt"]),
        opening=bytes.fromhex(value["opening"]),
        checkpoint=value["checkpoint"],
        key=parse_key(value["vkey"]),
    )


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
