"""Reads: checkpoints, proofs from stored tiles, blocks, and how well the ledger is."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings

from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.ledger.batches import order_value, value_of
from beyou.ledger.decisions import RECEIPT_FORMAT as RECEIPT_OF_DECISION
from beyou.ledger.decisions import decision_document, document_id, id_of
from beyou.ledger.errors import LedgerDamaged, LedgerEmpty, NoSuchTreeSize
from beyou.ledger.format import SALT_SIZE, Kind, Opening
from beyou.ledger.merkle import (
    HASH_SIZE,
    Element,
    Tile,
    TileNodes,
    consistency_elements,
    inclusion_elements,
    resolve,
    tile_of,
    tile_width,
)
from beyou.ledger.models import (
    Alert,
    BlockRow,
    CheckpointRow,
    EntryRow,
    ErasureRow,
    Head,
    OutboxRow,
    RemovalRow,
    SaltRow,
    StepRow,
    VerificationRun,
)
from beyou.ledger.note import Signer, proof_text
from beyou.ledger.removals import removes
from beyou.ledger.step_checks import opening_of
from beyou.ledger.steps import Step
from beyou.ledger.storage import read_tiles

RECEIPT_FORMAT = "beyou/receipt/1"
STEPS_FORMAT = "beyou/order-receipt/1"
ERASURE_FORMAT = "beyou/erasure-receipt/1"


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """That the log's key ordered an erasure, and the entry that seals it; ``seal`` is None while it waits."""

    day: int
    reason: int
    signature: bytes
    seal: "Proof | None"

    def wire(self) -> dict[str, Any]:
        """As JSON carries it; bytes are hexadecimal."""
        return {
            "day": self.day,
            "reason": self.reason,
            "signature": self.signature.hex(),
            "seal": self.seal and self.seal.place(),
        }


def removal_said(row: RemovalRow) -> dict[str, Any]:
    """What a removal that was not erased says, and what proves it; bytes are hexadecimal."""
    return {
        "number": row.number,
        "at_ms": row.at_ms,
        "target": bytes(row.target).hex(),
        "words": row.words or "",
        "salt": bytes(row.salt or b"").hex(),
        "signature": bytes(row.signature).hex(),
    }


@dataclass(frozen=True, slots=True)
class RemovalProof:
    """That the log's key ordered a removal or its taking back, and the entry that seals it; ``seal`` is None
    while it waits.
    """

    row: RemovalRow
    seal: "Proof | None"

    def wire(self) -> dict[str, Any]:
        """As JSON carries it; bytes are hexadecimal."""
        return removal_said(self.row) | {"seal": self.seal and self.seal.place()}


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is leaf ``index`` of the tree of a checkpoint; ``salt`` is None once it was erased."""

    message: UUID
    kind: int
    index: int
    entry: bytes
    salt: bytes | None
    path: Sequence[bytes]
    block_no: int
    header: bytes
    erasure: ErasureProof | None = None
    #: What the staff did to the message, in its order; the last one says whether it is removed.
    removals: Sequence[RemovalProof] = ()

    @property
    def is_removed(self) -> bool:
        return bool(self.removals) and removes(self.removals[-1].row.number)

    def place(self) -> dict[str, Any]:
        """The entry and where it stands, as JSON carries it; bytes are hexadecimal."""
        return {
            "index": self.index,
            "entry": self.entry.hex(),
            "path": [sibling.hex() for sibling in self.path],
            "block": {"number": self.block_no, "header": self.header.hex()},
        }

    def wire(self) -> dict[str, Any]:
        """As JSON carries it; bytes are hexadecimal."""
        return self.place() | {
            "message": str(self.message),
            "kind": self.kind,
            "salt": self.salt.hex() if self.salt else None,
            "erasure": self.erasure and self.erasure.wire(),
            "removals": [each.wire() for each in self.removals],
        }


@dataclass(frozen=True, slots=True)
class Proofs:
    """Proofs against one checkpoint, and what leads there from the size that the asker has pinned.

    ``pending`` messages wait to be sealed or signed. ``missing`` ones are in no entry at all, which an
    honest server never has.
    """

    checkpoint: str
    size: int
    consistency: Sequence[bytes]
    items: Sequence[Proof]
    pending: Sequence[UUID]
    missing: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a member can keep and check without this server: as JSON and as c2sp.org/tlog-proof@v1."""

    value: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """How well the ledger is, for staff and probes. Ages are in milliseconds."""

    size: int
    blocks: int
    is_frozen: bool
    waiting: int
    oldest_waiting_ms: int
    open_alerts: int
    verified_size: int
    verified_ms: int | None
    findings: int

    @property
    def is_well(self) -> bool:
        """Nothing is frozen, nothing alarms, and what waits is about to be sealed."""
        return not self.is_frozen and not self.open_alerts and self.oldest_waiting_ms < 60_000


@lru_cache(maxsize=4)
def _verifier_key(origin: str, seed: bytes) -> str:
    return str(Signer(origin, seed).verifier)


def verifier_key() -> str:
    """The key that checks this log's checkpoints, as C2SP writes it."""
    return _verifier_key(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED)


def checkpoint() -> CheckpointRow:
    """The newest signed checkpoint, by one statement. Raises LedgerEmpty before the first."""
    row = CheckpointRow.objects.order_by("-tree_size").first()
    if row is None:
        raise LedgerEmpty
    return row


def proofs_for(message_ids: Sequence[UUID], pinned_size: int | None = None) -> Proofs:
    """Proofs of these messages against the newest checkpoint, by six statements however many they are, and
    one more where salts are gone, and where messages were removed.

    Raises LedgerEmpty, NoSuchTreeSize for a pinned size that was never reached, and LedgerDamaged.
    """
    newest = checkpoint()
    size = newest.tree_size
    # In this order, so that an entry sealed meanwhile is seen in one of the two places.
    waits = set(OutboxRow.objects.filter(message_id__in=message_ids).values_list("message_id", "kind"))
    waiting = {message for message, _ in waits}
    rows = list(
        EntryRow.objects.filter(message_id__in=message_ids)
        .order_by("seq")
        .values_list("message_id", "kind", "seq", "entry", "block_no")
    )
    sealed = [row for row in rows if row[2] < size]
    seen = {row[0] for row in rows}
    salts = dict(SaltRow.objects.filter(message_id__in=message_ids).values_list("message_id", "salt"))
    found = BlockRow.objects.filter(block_no__in={row[4] for row in sealed})
    headers = dict(found.values_list("block_no", "header"))
    paths = [inclusion_elements(seq, size) for _, _, seq, _, _ in sealed]
    nodes = _nodes([*paths, _consistency(pinned_size or size, size)])
    items = [
        Proof(
            message=message,
            kind=kind,
            index=seq,
            entry=bytes(entry),
            salt=bytes(salts[message]) if message in salts else None,
            path=_resolve(path, nodes),
            block_no=block_no,
            header=bytes(headers.get(block_no, b"")),
        )
        for (message, kind, seq, entry, block_no), path in zip(sealed, paths, strict=True)
        if message is not None
    ]
    removed = {message for message, kind in waits if kind == Kind.REMOVAL and message is not None}
    items = _with_removals(_with_erasures(items), removed)
    proven = {proof.message for proof in items}
    return Proofs(
        checkpoint=newest.note,
        size=size,
        consistency=_resolve(_consistency(pinned_size or size, size), nodes),
        items=items,
        pending=[one for one in message_ids if one in waiting | seen and one not in proven],
        missing=[one for one in message_ids if one not in waiting | seen],
    )


def _with_erasures(found: Sequence[Proof]) -> list[Proof]:
    """The proofs of the messages, each with that of its erasure where there was one."""
    seals = {proof.entry[-HASH_SIZE:]: proof for proof in found if proof.kind == Kind.ERASURE}
    items = [proof for proof in found if proof.kind != Kind.ERASURE]
    gone = [proof.index for proof in items if proof.salt is None]
    records = ErasureRow.objects.in_bulk(gone) if gone else {}
    return [
        replace(proof, erasure=_erasure(records[proof.index], seals)) if proof.index in records else proof
        for proof in items
    ]


def _with_removals(found: Sequence[Proof], waiting: Set[UUID]) -> list[Proof]:
    """The proofs of the messages, each with those of what the staff did to it."""
    seals = {proof.entry[-HASH_SIZE:]: proof for proof in found if proof.kind == Kind.REMOVAL}
    items = [proof for proof in found if proof.kind != Kind.REMOVAL]
    concerned = {proof.message for proof in seals.values()} | waiting
    if not concerned:
        return items
    done: dict[UUID, list[RemovalProof]] = {}
    rows = RemovalRow.objects.filter(message_id__in=concerned, salt__isnull=False)
    for row in rows.order_by("message_id", "number"):
        done.setdefault(row.message_id, []).append(RemovalProof(row, seals.get(value_of(row) or b"")))
    return [replace(proof, removals=done.get(proof.message, ())) for proof in items]


def _erasure(row: ErasureRow, seals: Mapping[bytes, Proof]) -> ErasureProof:
    seal = seals.get(order_value(row) or b"")
    return ErasureProof(row.day, row.reason, bytes(row.signature), seal)


def erasure_receipt(proof: Proof, proofs: Proofs) -> Receipt:
    """What proves without this server that the message was erased on purpose. There is no text form.

    Raises NotFound when no sealed erasure says so.
    """
    if proof.erasure is None or proof.erasure.seal is None:
        raise NotFound("The link between this message and the ledger was erased.")
    named = {"format": ERASURE_FORMAT, "checkpoint": proofs.checkpoint, "vkey": verifier_key()}
    return Receipt(proof.wire() | named, "")


def receipt(opening: Opening, proof: Proof, proofs: Proofs) -> Receipt:
    """The receipt of a proven message whose opening the caller may show.

    The text form carries salt ‖ opening as its extra data; it cannot name a removal, so a removed message has
    none. Raises NotFound when the salt was erased.
    """
    if proof.salt is None:
        raise NotFound("The link between this message and the ledger was erased.")
    value = proof.wire() | {
        "format": RECEIPT_FORMAT,
        "opening": opening.encode().hex(),
        "checkpoint": proofs.checkpoint,
        "vkey": verifier_key(),
    }
    if proof.is_removed:
        return Receipt(value, "")
    extra = proof.salt[:SALT_SIZE] + opening.encode()
    return Receipt(value, proof_text(proof.index, proof.path, proofs.checkpoint, extra))


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A step of an order as a page shows it. ``seq`` is its entry in the signed tree, None while it waits."""

    number: int
    step: Step
    actor: int
    at_ms: int
    seq: int | None
    is_erased: bool


def steps_of(part_ids: Sequence[UUID]) -> dict[UUID, list[RecordedStep]]:
    """The recorded steps of parts of orders, each part's by number; three statements, whatever the number."""
    rows = list(StepRow.objects.filter(part_id__in=part_ids).order_by("part_id", "number"))
    newest = CheckpointRow.objects.order_by("-tree_size").values_list("tree_size", flat=True).first() or 0
    entries = EntryRow.objects.filter(message_id__in=[row.id for row in rows], kind=Kind.STEP, seq__lt=newest)
    seqs = dict(entries.values_list("message_id", "seq"))
    found: dict[UUID, list[RecordedStep]] = {part_id: [] for part_id in part_ids}
    for row in rows:
        found[row.part_id].append(
            RecordedStep(
                *(row.number, Step(row.step), row.actor, row.at_ms, seqs.get(row.id), row.document is None)
            )
        )
    return found


def step_receipt(part_id: UUID) -> dict[str, Any]:
    """What proves without this server what happened to a part of an order, as JSON: each step opened and
    proven, erased on purpose, or waiting for its seal. The caller knows who may have it. Raises NotFound
    when nothing was recorded, and LedgerDamaged.
    """
    rows = list(StepRow.objects.filter(part_id=part_id).order_by("number"))
    if not rows:
        raise NotFound
    try:
        proofs: Proofs | None = proofs_for([row.id for row in rows])
    except LedgerEmpty:
        proofs = None
    proven = {proof.message: proof for proof in proofs.items} if proofs else {}
    return {
        "format": STEPS_FORMAT,
        "part": str(part_id),
        "vkey": verifier_key(),
        "checkpoint": proofs.checkpoint if proofs else None,
        "steps": [_step(row, proven.get(row.id)) for row in rows],
    }


def _step(row: StepRow, proof: Proof | None) -> dict[str, Any]:
    said: dict[str, Any] = {"number": row.number, "step": Step(row.step).name.lower()}
    if proof is None:
        return said | {"state": "waiting"}
    if proof.salt is not None and row.document is not None:
        opened = {
            "salt": proof.salt.hex(),
            "opening": opening_of(row).encode().hex(),
            "document": bytes(row.document).decode(),
        }
        return said | {"state": "sealed"} | _place(proof) | opened
    if proof.erasure is None or proof.erasure.seal is None:
        return said | {"state": "erasing"}
    return said | {"state": "erased"} | _place(proof) | {"erasure": _erasure_place(proof.erasure)}


def _place(proof: Proof) -> dict[str, Any]:
    """Without the block: nothing stands in the receipt of an order that nobody checks."""
    return {name: value for name, value in proof.place().items() if name != "block"}


def _erasure_place(erasure: ErasureProof) -> dict[str, Any]:
    return erasure.wire() | {"seal": erasure.seal and _place(erasure.seal)}


def decision_receipt(records: Sequence[tuple[bytes, str]]) -> dict[str, Any]:
    """What proves without this server what was decided about a member, as JSON: each record, in the order
    given, with its salt, proven or waiting for its seal. The caller knows who may have it. Raises
    LedgerDamaged.
    """
    documents = [decision_document(salt, record) for salt, record in records]
    ids = [document_id(document) for document in documents]
    try:
        proofs: Proofs | None = proofs_for(ids)
    except LedgerEmpty:
        proofs = None
    proven = {proof.message: proof for proof in proofs.items} if proofs else {}
    said = []
    for own, (salt, record) in zip(ids, records, strict=True):
        opened = {"record": record, "salt": salt.hex()}
        proof = proven.get(own)
        said.append(opened | ({"state": "sealed"} | _place(proof) if proof else {"state": "waiting"}))
    return {
        "format": RECEIPT_OF_DECISION,
        "vkey": verifier_key(),
        "checkpoint": proofs.checkpoint if proofs else None,
        "records": said,
    }


def anchor_place(digest_hex: str) -> int | None:
    """The place of the entry of an anchored document, by its SHA-256; None while it waits. One statement."""
    if not digest_hex:
        return None
    own = id_of(bytes.fromhex(digest_hex))
    found = EntryRow.objects.filter(message_id=own, kind=Kind.ANCHOR).values_list("seq", flat=True)
    return found.order_by("seq").first()


def consistency(old: int, new: int) -> list[bytes]:
    """The proof that the tree of ``old`` leaves is a prefix of that of ``new``, by two statements.

    Raises NoSuchTreeSize unless 0 < old ≤ new ≤ the newest signed size, and LedgerDamaged.
    """
    if new > checkpoint().tree_size:
        raise NoSuchTreeSize(f"The ledger has not signed {new} entries.")
    elements = _consistency(old, new)
    return _resolve(elements, _nodes([elements]))


def tile(level: int, index: int, width: int) -> bytes:
    """The first ``width`` hashes of a tile of the newest signed tree, by two statements.

    Raises NotFound where that tree has no such tile or fewer hashes, and LedgerDamaged.
    """
    wanted = Tile(level, index)
    if tile_width(wanted, checkpoint().tree_size) < width:
        raise NotFound
    hashes = read_tiles([wanted]).get(wanted, b"")
    if len(hashes) < width * HASH_SIZE:
        raise LedgerDamaged(f"Tile {level}/{index} is missing or too short.")
    return hashes[: width * HASH_SIZE]


def block(number: int) -> BlockRow:
    """A sealed block. Raises NotFound."""
    row = BlockRow.objects.filter(block_no=number).first()
    if row is None:
        raise NotFound
    return row


def health() -> Health:
    """The state of sealing and of the last full verification, by five statements."""
    head = Head.objects.filter(id=1).first()
    oldest = OutboxRow.objects.order_by("id").values_list("created_ms", flat=True).first()
    run = VerificationRun.objects.order_by("-id").first()
    return Health(
        size=head.tree_size if head else 0,
        blocks=head.block_no + 1 if head else 0,
        is_frozen=head is not None and head.frozen,
        waiting=OutboxRow.objects.count(),
        oldest_waiting_ms=max(0, clock.now_ms() - oldest) if oldest is not None else 0,
        open_alerts=Alert.objects.filter(resolved_ms=None).count(),
        verified_size=run.tree_size if run else 0,
        verified_ms=run.finished_ms if run else None,
        findings=run.findings if run else 0,
    )


def _consistency(old: int, new: int) -> list[Element]:
    if not 0 < old <= new:
        raise NoSuchTreeSize(f"There is no proof from {old} to {new} entries.")
    return consistency_elements(old, new)


def _nodes(paths: Sequence[Sequence[Element]]) -> TileNodes:
    wanted = {tile_of(node)[0] for path in paths for element in path for node in element}
    return TileNodes(read_tiles(wanted))


def _resolve(elements: Sequence[Element], nodes: TileNodes) -> list[bytes]:
    try:
        return resolve(elements, nodes)
    except KeyError as error:
        raise LedgerDamaged(f"The tile with node {error} is missing or too short.") from None
