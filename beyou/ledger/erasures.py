"""What verification says of erased entries: ordered by the log's key, sealed, and really gone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from beyou.ledger.batches import Batch, order_value
from beyou.ledger.format import Kind, erasure_order
from beyou.ledger.models import EntryRow, ErasureRow, OutboxRow
from beyou.ledger.note import VerifierKey


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed. ``kind`` is a stable word, ``where`` the exact position."""

    kind: str
    where: str
    detail: str
    seq: int | None = None
    block_no: int | None = None
    message: UUID | None = None

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.where}: {self.detail}"


@dataclass(slots=True)
class Erasures:
    """The erasures that one walk over the log has met."""

    key: VerifierKey
    count: int = 0
    _wanted: dict[bytes, Finding] = field(default_factory=dict)
    _sealed: set[bytes] = field(default_factory=set)

    def check_erased(self, row: EntryRow, record: ErasureRow, where: str, batch: Batch) -> Iterator[Finding]:
        """An entry whose record says that its salt was destroyed on purpose."""
        message = row.message_id
        named = f"{'step' if row.kind == Kind.STEP else 'message'} {message} ({where})"

        def finding(kind: str, detail: str) -> Finding:
            return Finding(kind, named, detail, row.seq, row.block_no, message)

        value = order_value(record)
        if message != record.message_id or value is None or not self._is_ordered(record, value):
            yield finding("erasure_forged", "its erasure was not signed by the key of this log")
            return
        step = batch.steps.get(message)
        is_open = step is not None and step.document is not None
        if message in batch.salts or message in batch.openings or is_open:
            yield finding("erasure_unfinished", "is recorded as erased, but its salt or content is stored")
        self.count += 1
        self._wanted[value] = finding("erasure_unsealed", "was erased without an entry that says so")

    def _is_ordered(self, record: ErasureRow, value: bytes) -> bool:
        """Whether the log's key signed this erasure."""
        return self.key.accepts(erasure_order(self.key.name, value), bytes(record.signature))

    def check_entry(self, row: EntryRow, value: bytes, where: str, batch: Batch) -> Iterator[Finding]:
        """An entry that seals an erasure."""
        record = batch.orders.get(value)
        if record is None or record.seq >= row.seq:
            detail = "seals an erasure of which there is no record"
            yield Finding("erasure_unknown", where, detail, row.seq, row.block_no)
            return
        self._sealed.add(value)

    def check_sealed(self) -> Iterator[Finding]:
        """At the end of the walk: each erasure is in an entry, or in one that waits."""
        open_values = {value: found for value, found in self._wanted.items() if value not in self._sealed}
        if open_values:
            rows = OutboxRow.objects.filter(kind=Kind.ERASURE).values_list("entry", flat=True)
            waiting = {bytes(entry)[8:] for entry in rows.iterator()}
            yield from (found for value, found in open_values.items() if value not in waiting)
