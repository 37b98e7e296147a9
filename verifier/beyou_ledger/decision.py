"""Checks the receipt of a decision about a member: each record, and that none is missing between them."""

import hmac
import json
from collections.abc import Iterator
from typing import Any

from beyou_ledger import tree
from beyou_ledger.bytes_of import ANCHOR, Malformed, sha256
from beyou_ledger.note import Checkpoint, Key, open_checkpoint, parse_key
from beyou_ledger.order import Said

FORMAT = "beyou/decision-receipt/1"
RECORD_FORMAT = "beyou/decision-record/1"
_SALT_SIZE = 32


def parse(text: str) -> dict[str, Any] | None:
    """The receipt of a decision in a file; None for a file of another kind."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("format") == FORMAT else None


def key_in(value: dict[str, Any]) -> Key:
    """The key that came along. Raises Malformed."""
    return parse_key(_text(value, "vkey"))


def anchor(salt: bytes, record: str) -> bytes:
    """The entry that commits to a record under this salt. Raises Malformed."""
    if len(salt) != _SALT_SIZE:
        raise Malformed(f"has a salt of {len(salt)} bytes, not {_SALT_SIZE}")
    hidden = hmac.digest(salt, b"beyou/decision/1\0" + sha256(record.encode()), "sha256")
    document = f'{{"commitment":"{hidden.hex()}","format":"beyou/decision/1"}}'
    return b"BYL1" + bytes([ANCHOR, 0, 0, 0]) + sha256(document.encode())


def check(value: dict[str, Any], key: Key) -> Iterator[Said]:
    """What there is to say of each record, in order. Raises Malformed for what spoils the whole receipt."""
    if key_in(value) != key:
        raise Malformed("the receipt names another key than the one that you trust")
    checkpoint = open_checkpoint(_text(value, "checkpoint"), key) if value["checkpoint"] is not None else None
    records = value["records"]
    if not isinstance(records, list) or not records:
        raise Malformed("the receipt holds no record")
    decision, last = "", -1
    for at, item in enumerate(records, start=1):
        try:
            facts = _facts(item, at)
            if decision not in ("", facts["decision"]):
                raise Malformed("is of another decision than the one before")
            decision = facts["decision"]
            if item["state"] == "waiting":
                yield Said("WAITING", f"record {at} was not sealed yet. Download it again", facts)
                continue
            last = _placed(item, checkpoint, last)
        except (Malformed, KeyError, ValueError, TypeError, AttributeError) as error:
            missing = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            yield Said("BAD", f"record {at} {missing}")
            continue
        size = checkpoint.size if checkpoint else 0
        yield Said("GOOD", f"record {at} is entry {last} of the {size} that {key.name} signed", facts)


def _facts(item: dict[str, Any], at: int) -> dict[str, Any]:
    facts = json.loads(_text(item, "record"))
    if not isinstance(facts, dict) or facts.get("format") != RECORD_FORMAT:
        raise Malformed("says nothing that this program can read")
    if facts["number"] != at or isinstance(facts["number"], bool):
        raise Malformed("should be next, but another one stands there: one was left out or moved")
    _text(facts, "decision")
    return facts


def _placed(item: dict[str, Any], checkpoint: Checkpoint | None, last: int) -> int:
    """The place of the record in the log. Raises Malformed."""
    if item["state"] != "sealed":
        raise Malformed("is in no known state")
    if checkpoint is None:
        raise Malformed("cannot be proven without a checkpoint")
    entry = anchor(bytes.fromhex(item["salt"]), _text(item, "record"))
    if entry != bytes.fromhex(item["entry"]):
        raise Malformed("is not what its entry sealed: it was altered")
    index = item["index"]
    if not isinstance(index, int) or isinstance(index, bool) or index <= last:
        raise Malformed("has no place in the log behind the record before it")
    path = [bytes.fromhex(sibling) for sibling in item["path"]]
    if tree.root_by_path(tree.leaf(entry), index, checkpoint.size, path) != checkpoint.root:
        raise Malformed(f"is not proven to be entry {index} of the {checkpoint.size} that were signed")
    return index


def _text(value: dict[str, Any], name: str) -> str:
    found = value[name]
    if not isinstance(found, str):
        raise Malformed(f"has no text for {name}")
    return found
