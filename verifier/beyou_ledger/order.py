"""Checks the receipt of a part of an order: each step, their order, and that none is missing between them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from beyou_ledger import receipt, tree
from beyou_ledger.bytes_of import (
    REASONS,
    STEP,
    Malformed,
    StepOpening,
    date_of,
    parse_step,
    sha256,
    step_entry,
)
from beyou_ledger.note import Checkpoint, Key, open_checkpoint, parse_key

FORMATS = ("beyou/order-receipt/1", "beyou/order-receipts/1")
#: Of these one must stand before a step, unless it is the first; and these must not.
_AFTER = {
    "placed": (),
    "paid": ("placed",),
    "shipped": ("paid",),
    "corrected": ("shipped",),
    "delivered": ("shipped",),
    "refunded": ("paid",),
    "rated": ("delivered", "settled"),
    "called_off": ("paid",),
    "disputed": ("paid",),
    "settled": ("disputed",),
    "cancelled": ("placed",),
}
_NEVER_AFTER = {
    "placed": ("paid",),
    "paid": ("paid",),
    "shipped": ("shipped", "called_off"),
    "called_off": ("shipped", "called_off"),
    "cancelled": ("paid",),
}


class Said(NamedTuple):
    """What the check of one step found: GOOD, ERASED, WAITING or BAD, and a line about it."""

    word: str
    text: str
    #: What a good step says, as it was written down.
    facts: dict[str, Any] = {}


def parse(text: str) -> list[dict[str, Any]] | None:
    """The receipts of orders in a file; None for a file of another kind. Raises Malformed."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    kind = value.get("format") if isinstance(value, dict) else None
    if kind not in FORMATS:
        return None
    found = value["receipts"] if kind == FORMATS[1] else [value]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Malformed("is not a receipt of an order")
    return found


def key_in(value: dict[str, Any]) -> Key:
    """The key that came along. Raises Malformed."""
    return parse_key(_text(value, "vkey"))


def check(value: dict[str, Any], key: Key) -> Iterator[Said]:
    """What there is to say of each step, in order. Raises Malformed for what spoils the whole receipt."""
    if key_in(value) != key:
        raise Malformed("the receipt names another key than the one that you trust")
    note = value["checkpoint"]
    checkpoint = open_checkpoint(_text(value, "checkpoint"), key) if note is not None else None
    steps = value["steps"]
    if not isinstance(steps, list) or not steps:
        raise Malformed("the receipt holds no step")
    walk = _Walk(_text(value, "part"), checkpoint, _text(value, "checkpoint") if note else "", key)
    for at, item in enumerate(steps, start=1):
        if not isinstance(item, dict):
            raise Malformed(f"step {at} is none")
        try:
            yield walk.take(at, item)
        except (Malformed, KeyError, ValueError, TypeError) as error:
            missing = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            walk.is_broken = True
            yield Said("BAD", f"step {at} {missing}")


class _Walk:
    """The steps of one receipt, met one after the other."""

    def __init__(self, part: str, checkpoint: Checkpoint | None, note: str, key: Key) -> None:
        self._part, self._checkpoint, self._note, self._key = part, checkpoint, note, key
        self._seen: list[str] = []
        self._index = -1
        self._is_waiting = False
        self.is_broken = False

    def take(self, at: int, item: dict[str, Any]) -> Said:
        """Raises Malformed, and KeyError, ValueError or TypeError for what is no step at all."""
        number, name, state = item["number"], item["step"], item["state"]
        if number != at or isinstance(number, bool):
            raise Malformed(f"should be next, but step {number} stands there: one was left out or moved")
        if name not in _AFTER:
            raise Malformed(f"is of no kind that this program knows: {_quoted(name)}")
        if state in ("waiting", "erasing"):
            self._is_waiting |= state == "waiting"
            self._follow(name)
            return Said("WAITING", f"step {at} ({name}) {_WAITING[state]}")
        if self._checkpoint is None:
            raise Malformed("cannot be proven without a checkpoint")
        if self._is_waiting:
            raise Malformed("is said to be sealed before a step that comes first")
        if state == "sealed":
            return self._sealed(at, name, item)
        if state == "erased":
            return self._erased(at, name, item)
        raise Malformed(f"is in no known state: {_quoted(state)}")

    def _sealed(self, at: int, name: str, item: dict[str, Any]) -> Said:
        opening_bytes, document = bytes.fromhex(item["opening"]), _text(item, "document").encode()
        opening = parse_step(opening_bytes)
        entry = step_entry(bytes.fromhex(item["salt"]), opening_bytes)
        if entry != bytes.fromhex(item["entry"]):
            raise Malformed("is not what its entry sealed")
        if (opening.step, opening.number, str(opening.part)) != (name, at, self._part):
            raise Malformed(
                f"is in truth step {opening.number} ({opening.step}) of order part {opening.part}"
            )
        if sha256(document) != opening.document:
            raise Malformed("says something else than was sealed: its document was altered")
        index = self._placed(item)
        path = [bytes.fromhex(sibling) for sibling in item["path"]]
        assert self._checkpoint is not None  # Asked for before.
        size = self._checkpoint.size
        if tree.root_by_path(tree.leaf(entry), index, size, path) != self._checkpoint.root:
            raise Malformed(f"is not proven to be entry {index} of the {size} that were signed")
        facts = json.loads(document)
        if not isinstance(facts, dict):
            raise Malformed("says nothing that this program can read")
        self._follow(name)
        return Said(
            "GOOD", f"step {at}, {name} by {_who(opening)} on {_when(opening.at_ms)}, is entry {index} of the"
            f" {size} that {self._key.name} signed", facts,
        )  # fmt: skip

    def _erased(self, at: int, name: str, item: dict[str, Any]) -> Said:
        index = self._placed(item)
        erasure = receipt.parse_erasure(item, self._note, self._key)
        size = receipt.check_erasure(erasure, self._key, STEP)
        if bytes.fromhex(item["erasure"]["seal"]["entry"]) != erasure.seal_entry():
            raise Malformed("has an erasure that another entry sealed")
        self._follow(name)
        why = REASONS.get(erasure.reason, f"reason {erasure.reason}")
        return Said(
            "ERASED", f"step {at}, said to be {name}, was entry {index} of the {size} that {self._key.name}"
            f" signed and was erased on {date_of(erasure.day)}, since {why}",
        )  # fmt: skip

    def _placed(self, item: dict[str, Any]) -> int:
        index = item["index"]
        if not isinstance(index, int) or isinstance(index, bool):
            raise Malformed("has no place in the log")
        if index <= self._index:
            raise Malformed(f"is entry {index}, but the step before it is entry {self._index}: wrong order")
        self._index = index
        return index

    def _follow(self, name: str) -> None:
        """Raises Malformed for a step that cannot follow those before it."""
        # With one of them broken, this would only say so again.
        if not self.is_broken:
            seen = set(self._seen)
            wanted = _AFTER[name]
            is_late = bool(seen & {"cancelled", *_NEVER_AFTER.get(name, ())})
            if is_late or (wanted and not seen & set(wanted)):
                raise Malformed(f"({name}) cannot follow {', '.join(self._seen) or 'nothing'}")
        self._seen.append(name)


_WAITING = {
    "waiting": "was not sealed yet when this file was made, so nothing proves it. Download the receipt again",
    "erasing": "is being erased, and that was not sealed when this file was made. Download the receipt again",
}


def _who(opening: StepOpening) -> str:
    return f"{opening.actor} {opening.member}" if opening.member else opening.actor


def _when(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"millisecond {at_ms}"


def _text(value: dict[str, Any], name: str) -> str:
    found = value[name]
    if not isinstance(found, str):
        raise Malformed(f"has no text for {name}")
    return found


def _quoted(value: object) -> str:
    """Nothing of a file reaches the terminal as it is."""
    return json.dumps(value)[:60]


def facts_of(said: Said) -> Iterator[str]:
    """The lines that tell a person what a good step says."""
    for name, value in said.facts.items():
        yield f"{_quoted(name)[1:-1]}: {json.dumps(value)}"
