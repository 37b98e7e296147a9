"""What verification says of removals: ordered by the log's key, sealed in their order, and done as they
say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from beyou.ledger.batches import Batch, value_of
from beyou.ledger.erasures import Finding
from beyou.ledger.format import Kind
from beyou.ledger.models import EntryRow, OutboxRow, RemovalRow
from beyou.ledger.note import VerifierKey
from beyou.ledger.removals import removal_order, removes
from beyou.ledger.sources import MessageSource


@dataclass(slots=True)
class Removals:
    """The removals that one walk over the log has met."""

    key: VerifierKey
    _last: dict[UUID, int] = field(default_factory=dict)
    _sealed: set[bytes] = field(default_factory=set)

    def check_entry(self, row: EntryRow, value: bytes, where: str, batch: Batch) -> Iterator[Finding]:
        """An entry that seals a removal, or its taking back."""
        record = batch.removals.get(value)
        if record is None:
            detail = "seals a removal of which there is no record"
            yield Finding("removal_unknown", where, detail, row.seq, row.block_no, row.message_id)
            return
        self._sealed.add(value)
        problem = self._problem(record, row, value, batch)
        if problem:
            named = f"message {record.message_id} ({where})"
            yield Finding("removal_forged", named, problem, row.seq, row.block_no, record.message_id)
        self._last[record.message_id] = record.number

    def _problem(self, record: RemovalRow, row: EntryRow, value: bytes, batch: Batch) -> str | None:
        """What is wrong with a record that an entry seals."""
        if not self._is_ordered(record, value):
            return "its removal was not signed by the key of this log"
        seq, target = batch.targets.get(record.message_id, (row.seq, b""))
        if target != bytes(record.target) or seq >= row.seq:
            return "its removal is about another entry of the ledger"
        if record.number != self._last.get(record.message_id, 0) + 1:
            return "its removals are not numbered without a gap"
        return None

    def _is_ordered(self, record: RemovalRow, value: bytes) -> bool:
        return self.key.accepts(removal_order(self.key.name, value), bytes(record.signature))

    def check_sealed(self) -> Iterator[Finding]:
        """At the end of the walk: each removal is in an entry, or in one that waits."""
        rows = list(RemovalRow.objects.filter(salt__isnull=False).order_by("id"))
        waiting = OutboxRow.objects.filter(kind=Kind.REMOVAL).values_list("entry", flat=True) if rows else ()
        known = self._sealed | {bytes(entry)[8:] for entry in waiting}
        for row in rows:
            value = value_of(row)
            if value is None or value not in known or not self._is_ordered(row, value):
                detail = "was removed or put back without an entry that says so"
                yield Finding("removal_unsealed", f"message {row.message_id}", detail, message=row.message_id)

    def check_done(self, source: MessageSource, message_ids: Sequence[UUID]) -> Iterator[Finding]:
        """Stored messages are withheld from their members where the staff removed them, and nowhere else."""
        withheld = set(source.withheld(message_ids))
        rows = RemovalRow.objects.filter(message_id__in=message_ids, salt__isnull=False).order_by("number")
        last = dict(rows.values_list("message_id", "number"))
        for message in message_ids:
            if removes(last.get(message, 0)) == (message in withheld):
                continue
            kind, detail = (
                ("removal_missing", "is withheld, but nobody removed it")
                if message in withheld
                else ("removal_undone", "was removed, but its members can read it")
            )
            yield Finding(kind, f"message {message}", detail, message=message)
