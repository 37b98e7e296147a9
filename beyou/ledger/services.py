"""Writes: what enters the ledger, and how staff stop and resume sealing."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max

from beyou.core import bulk, clock, work
from beyou.core.ids import uuid7
from beyou.ledger.consensus import CONSENSUS_FORMAT, Policy, canonical_json
from beyou.ledger.decisions import decision_document, document_id
from beyou.ledger.erasures import Finding
from beyou.ledger.errors import LedgerDamaged
from beyou.ledger.format import (
    SALT_SIZE,
    Consensus,
    Entry,
    Kind,
    Opening,
    Reason,
    commitment,
    document_value,
    erasure_order,
    erasure_value,
)
from beyou.ledger.models import (
    Alert,
    Document,
    EntryRow,
    ErasureRow,
    Head,
    OutboxRow,
    PendingErasure,
    RemovalRow,
    SaltRow,
    StepRow,
    VerificationRun,
)
from beyou.ledger.note import Signer
from beyou.ledger.removals import RemovalOpening, removal_order, removal_value
from beyou.ledger.steps import Actor, Step, StepOpening, step_commitment

log = structlog.get_logger()

_STEP_COLUMNS = ("id", "part_id", "number", "step", "actor", "actor_id", "at_ms", "document")
_OUTBOX_COLUMNS = ("kind", "message_id", "conversation_id", "entry", "created_ms")
_REMOVAL_COLUMNS = ("message_id", "number", "at_ms", "target", "words", "salt", "signature")
_ALERTS_AT_MOST = 100
_DAY_MS = 86_400_000
_COMMITMENT_KINDS = (Kind.MESSAGE, Kind.EDIT, Kind.DELETE, Kind.REMOVAL, Kind.STEP)
_DOCUMENT_KINDS = (Kind.GENESIS, Kind.KEY, Kind.ANCHOR)


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many entries now wait to be sealed."""

    entries: int


def record_messages(openings: Sequence[Opening], *, kind: Kind = Kind.MESSAGE) -> Recorded:
    """Commit to these messages in the caller's transaction, in the order given, by two statements.

    Afterwards each message has a salt and waits to be sealed. Give the messages of one conversation in
    the order of ``conv_seq``. Raises RuntimeError outside a transaction, where message and entry could
    part, and FormatError for an opening that cannot be encoded.
    """
    if not openings:
        return Recorded(0)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record_messages() needs the transaction that stores the messages")
    moment, number = clock.now_ms(), int(kind)
    # One call for all: each call lets another thread in.
    random = os.urandom(SALT_SIZE * len(openings))
    salts, waiting = [], []
    for at, opening in enumerate(openings):
        salt = random[at * SALT_SIZE : (at + 1) * SALT_SIZE]
        entry = Entry(kind, commitment(salt, opening)).encode()
        message = opening.message.hex
        salts.append((message, salt))
        waiting.append((number, message, opening.conversation.hex, entry, moment))
    bulk.insert(SaltRow, ("message_id", "salt"), salts)
    bulk.insert(OutboxRow, _OUTBOX_COLUMNS, waiting)
    return Recorded(len(waiting))


@dataclass(frozen=True, slots=True)
class NewStep:
    """What happened to a part of an order. ``facts`` is what both parties may read and will be able to prove;
    ``actor_id`` is the member who took the step, None for the gateway, the clock and staff.
    """

    part_id: UUID
    step: Step
    actor: Actor
    actor_id: UUID | None
    facts: Mapping[str, object]
    at_ms: int


def record_steps(steps: Sequence[NewStep]) -> Recorded:
    """Commit to these steps in the caller's transaction, in the order given, by four statements.

    Afterwards each step has the next number of its part, a salt, and waits to be sealed. The caller holds
    what keeps others from recording steps of the same parts. Raises RuntimeError outside a transaction,
    where step and entry could part, and FormatError for a time that cannot be encoded.
    """
    if not steps:
        return Recorded(0)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record_steps() needs the transaction that stores the steps")
    moment, last = clock.now_ms(), _last_numbers({step.part_id for step in steps})
    rows, salts, waiting = [], [], []
    for step in steps:
        last[step.part_id] = number = last.get(step.part_id, 0) + 1
        document, salt, own = canonical_json(dict(step.facts)), os.urandom(SALT_SIZE), uuid7()
        opening = StepOpening(
            *(step.step, step.actor, own, step.part_id, step.actor_id, number),
            *(step.at_ms, document_value(document)),
        )
        entry = Entry(Kind.STEP, step_commitment(salt, opening)).encode()
        member = step.actor_id.hex if step.actor_id else None
        rows.append(
            (own.hex, step.part_id.hex, number, int(step.step), int(step.actor), member, step.at_ms, document)
        )
        salts.append((own.hex, salt))
        waiting.append((int(Kind.STEP), own.hex, None, entry, moment))
    bulk.insert(StepRow, _STEP_COLUMNS, rows)
    bulk.insert(SaltRow, ("message_id", "salt"), salts)
    bulk.insert(OutboxRow, _OUTBOX_COLUMNS, waiting)
    return Recorded(len(steps))


def begin_step_erasure(*, member_id: UUID) -> None:
    """Every step that the member took is on the list of what is to be erased; a repeat changes nothing.

    Call it again after steps that were recorded for a member who has left.
    """
    PendingErasure.objects.update_or_create(member_id=member_id, defaults={"due_ms": clock.now_ms()})
    work.wake_after_commit()


def _last_numbers(part_ids: Collection[UUID]) -> dict[UUID, int]:
    rows = StepRow.objects.filter(part_id__in=part_ids).order_by().values("part_id")
    return dict(rows.annotate(last=Max("number")).values_list("part_id", "last"))


@dataclass(frozen=True, slots=True)
class Erased:
    """``entries`` were erased now; ``unsealed`` messages wait for their seal and were left as they are."""

    entries: int
    unsealed: frozenset[UUID]


def erase_messages(message_ids: Sequence[UUID], *, reason: Reason) -> Erased:
    """In the caller's transaction: the salts of these messages are gone, for each of their entries stands a
    record that the log's key signed, and an entry that says so waits to be sealed.

    The caller destroys the content in the same transaction, but not of ``unsealed`` messages, and holds
    what keeps others from erasing them at once. A repeat changes nothing. By seven statements. Raises
    RuntimeError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("erase_messages() needs the transaction that destroys the content")
    # In this order, so that an entry sealed meanwhile is seen in one of the two places.
    waiting = OutboxRow.objects.filter(message_id__in=message_ids).exclude(kind=Kind.ERASURE)
    unsealed = frozenset(message for message in waiting.values_list("message_id", flat=True) if message)
    rows = EntryRow.objects.filter(message_id__in=message_ids, kind__in=_COMMITMENT_KINDS)
    entries = [
        (seq, message)
        for seq, message in rows.order_by("seq").values_list("seq", "message_id")
        if message is not None and message not in unsealed
    ]
    known = set(ErasureRow.objects.filter(seq__in=[seq for seq, _ in entries]).values_list("seq", flat=True))
    new = [(seq, message) for seq, message in entries if seq not in known]
    _order_erasures(new, reason)
    gone = [each for each in message_ids if each not in unsealed]
    SaltRow.objects.filter(message_id__in=gone).delete()
    RemovalRow.objects.filter(message_id__in=gone).update(words=None, salt=None)
    return Erased(len(new), unsealed)


def record_removals(message_ids: Sequence[UUID], *, words: str) -> Recorded:
    """In the caller's transaction: each of these messages is removed by the staff, or put back if it was; for
    each stands a record that the log's key signed, and an entry that says so waits to be sealed.

    ``words`` is what the members read in its place. The caller withholds the content in the same transaction
    or gives it back, and holds what keeps others from doing so at once. By five statements. Raises
    RuntimeError outside a transaction, and LedgerDamaged for a message that was never recorded.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record_removals() needs the transaction that withholds the content")
    targets = _entries_of(message_ids)
    if len(targets) < len(set(message_ids)):
        raise LedgerDamaged("The message stands in no entry of the ledger.")
    counted = RemovalRow.objects.filter(message_id__in=message_ids).order_by().values("message_id")
    last = dict(counted.annotate(last=Max("number")).values_list("message_id", "last"))
    moment, signer = clock.now_ms(), ledger_signer()
    rows, waiting = [], []
    for message, target in sorted(targets.items()):
        salt, number = os.urandom(SALT_SIZE), last.get(message, 0) + 1
        value = removal_value(salt, RemovalOpening(number, moment, target, words))
        signature = signer.sign(removal_order(signer.verifier.name, value))
        rows.append((message.hex, number, moment, target, words, salt, signature))
        # Without the conversation, so that no statistics count it as one of its messages.
        waiting.append((int(Kind.REMOVAL), message.hex, None, Entry(Kind.REMOVAL, value).encode(), moment))
    bulk.insert(RemovalRow, _REMOVAL_COLUMNS, rows)
    bulk.insert(OutboxRow, _OUTBOX_COLUMNS, waiting)
    return Recorded(len(rows))


def _entries_of(message_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The values of the messages' own entries, sealed or waiting."""
    # In this order, so that an entry sealed meanwhile is seen in one of the two places.
    found: dict[UUID, bytes] = {}
    for model in (OutboxRow, EntryRow):
        rows = model._default_manager.filter(message_id__in=message_ids, kind=Kind.MESSAGE)
        for message, entry in rows.values_list("message_id", "entry"):
            if message is not None:
                found[message] = bytes(entry)[8:]
    return found


def _order_erasures(entries: Sequence[tuple[int, UUID]], reason: Reason) -> None:
    moment, signer = clock.now_ms(), ledger_signer()
    day = moment // _DAY_MS
    values = [erasure_value(seq, day, reason) for seq, _ in entries]
    signed = [signer.sign(erasure_order(signer.verifier.name, value)) for value in values]
    bulk.insert(
        ErasureRow,
        ("seq", "message_id", "day", "reason", "signature"),
        [
            (seq, message.hex, day, int(reason), signature)
            for (seq, message), signature in zip(entries, signed, strict=True)
        ],
    )
    bulk.insert(
        OutboxRow,
        _OUTBOX_COLUMNS,
        [
            # Without the conversation, so that no statistics count it as one of its messages.
            (int(Kind.ERASURE), message.hex, None, Entry(Kind.ERASURE, value).encode(), moment)
            for (_, message), value in zip(entries, values, strict=True)
        ],
    )


def record_document(kind: Kind, document: bytes) -> Recorded:
    """Store the document and let an entry with its SHA-256 wait to be sealed.

    A document that is already recorded is left alone, so that a repeated event adds nothing. Its proof is
    found by ``document_id``.
    """
    if kind not in _DOCUMENT_KINDS:
        raise ValueError(f"kind {kind} does not stand for a document")
    value = document_value(document)
    with transaction.atomic():
        _, new = Document.objects.get_or_create(
            digest_hex=value.hex(),
            defaults={"kind": kind, "document": document, "created_ms": clock.now_ms()},
        )
        if not new:
            return Recorded(0)
        # Of the other kinds the sealer or a member's key speaks, and nobody asks for a proof.
        own = document_id(document) if kind is Kind.ANCHOR else None
        entry = Entry(kind, value).encode()
        OutboxRow.objects.create(kind=kind, message_id=own, entry=entry, created_ms=clock.now_ms())
    return Recorded(1)


def record_decision(record: str) -> bytes:
    """Commit to the record of a decision in the caller's transaction. Returns the salt, which the caller
    keeps beside the record for ``queries.decision_receipt``, and destroys with it.
    """
    salt = os.urandom(SALT_SIZE)
    record_document(Kind.ANCHOR, decision_document(salt, record))
    return salt


def ledger_signer() -> Signer:
    """The key that signs checkpoints, under the name of this log."""
    return Signer(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED)


def configured_policy() -> Policy:
    """The consensus that the settings ask for."""
    consensus = Consensus[settings.LEDGER_CONSENSUS.upper()]
    bits = settings.LEDGER_DIFFICULTY_BITS if consensus is Consensus.POW else 0
    validators = (ledger_signer().verifier.public,) if consensus is Consensus.POA else ()
    return Policy(consensus, bits, validators)


def change_consensus(policy: Policy, *, block_no: int) -> Recorded:
    """Record that the policy changes; it holds from the block after the one that seals this.

    ``block_no`` is the newest block now; it makes a later return to an older policy a new document.
    """
    fields = policy.fields() | {"format": CONSENSUS_FORMAT, "after_block": block_no}
    return record_document(Kind.KEY, canonical_json(fields))


def record_key_change(*, change: str, fields: dict[str, str]) -> Recorded:
    """Record that a member's key was published or revoked (kind 7); ``fields`` are ids in text form."""
    return record_document(Kind.KEY, canonical_json({"format": "beyou/key/1", "change": change, **fields}))


def raise_alert(
    *,
    kind: str,
    detail: str,
    severity: int = Alert.Severity.CRITICAL,
    seq: int | None = None,
    block_no: int | None = None,
) -> Alert:
    """An open alert says this; one that already says it at the same position is kept, not repeated."""
    alert, is_new = Alert.objects.get_or_create(
        kind=kind,
        seq=seq,
        block_no=block_no,
        resolved_ms=None,
        defaults={"severity": severity, "detail": detail, "created_ms": clock.now_ms()},
    )
    if is_new:
        log.error("ledger.alert", kind=kind, seq=seq, block_no=block_no, detail=detail)
    return alert


def record_verification(*, started_ms: int, tree_size: int, findings: Sequence[Finding]) -> None:
    """The run is on record, and its findings are open alerts (the first hundred of them)."""
    for finding in findings[:_ALERTS_AT_MOST]:
        raise_alert(kind=finding.kind, detail=str(finding), seq=finding.seq, block_no=finding.block_no)
    VerificationRun.objects.create(
        started_ms=started_ms, finished_ms=clock.now_ms(), tree_size=tree_size, findings=len(findings)
    )


def freeze_sealing() -> None:
    """No block is sealed until a person resumes: a sealer at work loses its compare-and-swap."""
    Head.objects.filter(frozen=False).update(frozen=True, epoch=F("epoch") + 1)


def resume_sealing() -> int:
    """Sealing goes on and every open alert counts as resolved; returns how many there were.

    Nothing in the log is changed: what was damaged stays damaged, and later verification says so again.
    """
    with transaction.atomic():
        Head.objects.filter(frozen=True).update(frozen=False, epoch=F("epoch") + 1)
        return Alert.objects.filter(resolved_ms=None).update(resolved_ms=clock.now_ms())
