"""Checks a folder that `beyou export_ledger` wrote: every hash again, from the entries upwards."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from beyou_ledger import tree
from beyou_ledger.bytes_of import (
    DOCUMENTS,
    ENTRY_SIZE,
    ERASURE,
    GENESIS,
    LINK,
    MESSAGE,
    POA,
    POW,
    REMOVAL,
    STEP,
    Header,
    Malformed,
    erasure_entry,
    erasure_order,
    message_entry,
    parse_entry,
    parse_header,
    parse_opening,
    parse_step,
    sha256,
    step_entry,
)
from beyou_ledger.note import Checkpoint, Key, is_signed, open_checkpoint
from beyou_ledger.receipt import checked_removal, parse_removal

MESSAGE_HEAD = b"BYL1" + bytes([MESSAGE, 0, 0, 0])


class Problem(NamedTuple):
    """One thing that is not as it was signed."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


class Policy(NamedTuple):
    """By what right a block is appended."""

    consensus: int
    difficulty_bits: int
    validators: tuple[bytes, ...]


class Export:
    """The files of one export, and what checking them found out."""

    def __init__(self, folder: Path, key: Key) -> None:
        """Raises OSError for missing files and Malformed when the checkpoint is not the key's."""
        self._folder = folder
        self.checkpoint: Checkpoint = open_checkpoint(_text(folder / "checkpoint"), key)
        self._key = key
        self.blocks = 0
        self.opened = 0
        self.steps = 0
        self.erased: set[int] = set()
        self.removed = 0

    def problems(self, pinned: Checkpoint | None = None) -> Iterator[Problem]:
        """Everything that is wrong, in the order of the log. Raises OSError for missing files.

        ``pinned`` is a checkpoint that was seen before: the ledger must extend it.
        """
        size = self.checkpoint.size
        entries = self._entries(size)
        hashes = [tree.leaf(entry) for entry in entries]
        yield from self._check_tiles(hashes)
        yield from self._check_blocks(entries, hashes)
        if tree.Growing(hashes).root() != self.checkpoint.root:
            yield Problem("checkpoint", f"signs another root for these {size} entries")
        if pinned and pinned.size > size:
            yield Problem("checkpoint", f"has {size} entries, fewer than the {pinned.size} that were pinned")
        elif pinned and tree.Growing(hashes[: pinned.size]).root() != pinned.root:
            yield Problem("checkpoint", f"does not extend the {pinned.size} entries that were pinned")
        yield from self._check_erasures(entries)
        yield from self._check_openings(entries)

    def _entries(self, size: int) -> list[bytes]:
        entries: list[bytes] = []
        for index in range(-(-size // tree.WIDTH)):
            width = min(tree.WIDTH, size - index * tree.WIDTH)
            name = f"tile/entries/{tree.tile_name(index, width)}"
            bundle = (self._folder / name).read_bytes()
            step = ENTRY_SIZE + 2
            parts = [bundle[at : at + step] for at in range(0, len(bundle), step)]
            if len(parts) != width or any(part[:2] != b"\0\x28" or len(part) != step for part in parts):
                raise Malformed(f"{name} does not hold {width} entries")
            entries += [part[2:] for part in parts]
        return entries

    def _check_tiles(self, hashes: list[bytes]) -> Iterator[Problem]:
        for level, row in enumerate(tree.higher_levels(hashes)):
            for index in range(-(-len(row) // tree.WIDTH)):
                wanted = row[index * tree.WIDTH : (index + 1) * tree.WIDTH]
                name = f"tile/{level}/{tree.tile_name(index, len(wanted))}"
                data = (self._folder / name).read_bytes()
                found = [data[at : at + 32] for at in range(0, len(data), 32)]
                if found == wanted:
                    continue
                at = next((at for at, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), 0)
                first = (index * tree.WIDTH + at) << 8 * level
                yield Problem(name, f"does not fit the entries, first at entry {first}")

    def _check_blocks(self, entries: list[bytes], hashes: list[bytes]) -> Iterator[Problem]:
        documents = self._documents()
        before: Header | None = None
        before_hash, policy, grown = bytes(32), None, tree.Growing()
        for number, line in enumerate(_lines(self._folder / "blocks.jsonl")):
            where = f"block {number}"
            data = bytes.fromhex(line["header"])
            try:
                header = parse_header(data)
            except Malformed as error:
                yield Problem(where, str(error))
                return
            if header.number != number or header.first_seq != grown.size or header.prev_hash != before_hash:
                yield Problem(where, "does not follow the block before it")
                return
            if header.tree_size != header.first_seq + header.leaf_count or header.tree_size > len(hashes):
                yield Problem(where, "has sizes that do not fit together")
                return
            if before and header.timestamp_ms < before.timestamp_ms:
                yield Problem(where, "is older than the block before it")
            own = range(header.first_seq, header.tree_size)
            for seq in own:
                grown.add(hashes[seq])
                yield from _check_entry(entries[seq], seq, header)
            if tree.Growing(hashes[seq] for seq in own).root() != header.data_hash:
                yield Problem(where, f"does not hold the entries {own.start} to {own.stop - 1}")
            if grown.root() != header.tree_root:
                yield Problem(where, "has another root of the whole tree")
            for seq in own:
                if entries[seq][4] in DOCUMENTS and entries[seq][8:] not in documents:
                    yield Problem(f"entry {seq}", "stands for a document that is missing or was altered")
            found = [_policy(documents, entries[seq]) for seq in own]
            if number == 0:
                policy = found[0]
                yield from self._check_genesis(documents, entries[0])
            proof = bytes.fromhex(line["proof"]) if line["proof"] else b""
            if problem := _violation(header, sha256(data), proof, policy):
                yield Problem(where, problem)
            policy = next((one for one in reversed(found) if one), policy)
            before, before_hash, self.blocks = header, sha256(data), number + 1
        if grown.size != len(hashes):
            yield Problem(f"block {self.blocks}", "is missing: the blocks end before the checkpoint")

    def _check_genesis(self, documents: dict[bytes, bytes], entry: bytes) -> Iterator[Problem]:
        document = _json(documents.get(entry[8:], b""))
        if document.get("origin") != self._key.name:
            yield Problem("block 0", f"is the genesis of another log than {self._key.name}")

    def _check_erasures(self, entries: list[bytes]) -> Iterator[Problem]:
        """Each record is signed by the log's key and sealed after what it erases; each seal has a record."""
        path = self._folder / "erasures.jsonl"
        seals = {entry: seq for seq, entry in enumerate(entries) if entry[4] == ERASURE}
        for line in _lines(path) if path.exists() else ():
            seq, where = line["seq"], f"erasure of entry {line['seq']}"
            entry = erasure_entry(seq, line["day"], line["reason"])
            signature = bytes.fromhex(line["signature"])
            if not is_signed(self._key.public, signature, erasure_order(self._key.name, entry)):
                yield Problem(where, "was not signed by the key of this log")
            elif not 0 <= seq < len(entries) or seals.get(entry, -1) <= seq:
                yield Problem(where, "is not sealed in this export; if it is new, export again")
            else:
                self.erased.add(seq)
                del seals[entry]
        for seq in seals.values():
            yield Problem(f"entry {seq}", "seals an erasure of which there is no record")

    def _check_openings(self, entries: list[bytes]) -> Iterator[Problem]:
        path = self._folder / "openings.jsonl"
        if not path.exists():
            return
        lines = _lines(path)
        opened: set[int] = set()
        removals = [line for line in lines if "target" in line]
        yield from self._check_removals(entries, removals)
        for line in (each for each in lines if "target" not in each):
            seq, opening = line["seq"], bytes.fromhex(line["opening"])
            yield from _check_opening(entries[seq], seq, line, opening)
            if seq in self.erased:
                yield Problem(f"entry {seq}", "is recorded as erased, but the export still opens it")
            opened.add(seq)
        self.steps = sum(entries[seq][4] == STEP for seq in opened)
        self.opened = len(opened) - self.steps
        for seq, entry in enumerate(entries):
            if entry[4] in (MESSAGE, STEP) and seq not in opened and seq not in self.erased:
                what = "a step of an order" if entry[4] == STEP else "a message"
                yield Problem(f"entry {seq}", f"seals {what} that is not in the export: deleted or cut off")

    def _check_removals(self, entries: list[bytes], lines: list[dict[str, Any]]) -> Iterator[Problem]:
        """Each removal is signed, what its entry sealed, about a message before it, and none is left out."""
        messages = {entry: seq for seq, entry in enumerate(entries) if entry[4] == MESSAGE}
        last: dict[bytes, int] = {}
        sealed = set(self.erased)
        for line in sorted(lines, key=lambda each: int(each["seq"])):
            seq, where = int(line["seq"]), f"removal in entry {line['seq']}"
            removal = parse_removal(line, {"index": seq, "path": []})
            entry = MESSAGE_HEAD + removal.target
            try:
                seal = checked_removal(removal, last.get(entry, 0) + 1, entry, self._key)
            except Malformed as error:
                yield Problem(where, str(error))
                continue
            if not 0 <= seq < len(entries) or entries[seq] != seal:
                yield Problem(where, "is not what was sealed there")
            elif messages.get(entry, seq) >= seq:
                yield Problem(where, "is about a message that is not before it")
            sealed.add(seq)
            last[entry] = removal.number
        self.removed = sum(number % 2 for number in last.values())
        for seq, entry in enumerate(entries):
            if entry[4] == REMOVAL and seq not in sealed:
                yield Problem(f"entry {seq}", "seals a removal of which there is no record")

    def _documents(self) -> dict[bytes, bytes]:
        lines = _lines(self._folder / "documents.jsonl")
        contents = [bytes.fromhex(line["document"]) for line in lines]
        return {sha256(content): content for content in contents}


def _check_entry(entry: bytes, seq: int, header: Header) -> Iterator[Problem]:
    where = f"entry {seq} in block {header.number}"
    try:
        kind, value = parse_entry(entry)
    except Malformed as error:
        yield Problem(where, str(error))
        return
    wanted = (LINK if header.number else GENESIS) if seq == header.first_seq else None
    if (kind if kind in (LINK, GENESIS) else None) != wanted:
        yield Problem(where, f"of kind {kind} has no place here")
    elif kind == LINK and value != header.prev_hash:
        yield Problem(where, "links to another block than its header")


def _check_opening(entry: bytes, seq: int, line: dict[str, Any], opening: bytes) -> Iterator[Problem]:
    salt = bytes.fromhex(line["salt"])
    if entry[4] != STEP:
        message = parse_opening(opening).message
        if entry != message_entry(salt, opening, entry[4]):
            yield Problem(f"message {message}", f"is not what entry {seq} sealed")
        return
    step = parse_step(opening)
    named = f"step {step.number} of order part {step.part}"
    if entry != step_entry(salt, opening):
        yield Problem(named, f"is not what entry {seq} sealed")
    elif sha256(line["document"].encode()) != step.document:
        yield Problem(named, f"says something else than entry {seq} sealed")


def _policy(documents: dict[bytes, bytes], entry: bytes) -> Policy | None:
    document = _json(documents.get(entry[8:], b"")) if entry[4] in DOCUMENTS else {}
    if document.get("format") not in ("beyou/genesis/1", "beyou/consensus/1"):
        return None
    consensus = {"pow": POW, "poa": POA}[document["consensus"]]
    validators = tuple(bytes.fromhex(key) for key in document["validators"])
    return Policy(consensus, int(document["difficulty_bits"]), validators)


def _violation(header: Header, hashed: bytes, proof: bytes, policy: Policy | None) -> str | None:
    if policy is None:
        return "has no policy: the genesis document is missing"
    if header.consensus != policy.consensus:
        return "was not sealed as the policy says"
    if policy.consensus == POA:
        validator = policy.validators[header.number % len(policy.validators)]
        return None if is_signed(validator, proof, hashed) else "is not signed by the validator in turn"
    if header.difficulty_bits != policy.difficulty_bits:
        return "does not have the difficulty of the policy"
    return None if int.from_bytes(hashed, "big") < 1 << (256 - header.difficulty_bits) else "lacks its work"


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _text(path).splitlines()]
