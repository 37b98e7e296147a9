"""What statistics may know of the ledger: how much was sealed, what it took, and what checking it found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Max, Min, Sum

from beyou.ledger.format import Kind
from beyou.ledger.models import Alert, BlockRow, EntryRow, VerificationRun

#: How many messages are handed on at once.
PIECE: Final = 500


@dataclass(frozen=True, slots=True)
class Sealed:
    """Blocks that were sealed in a span of time. Times are microseconds, summed over the blocks."""

    blocks: int
    entries: int
    attempts: int
    mining_us: int
    sealing_us: int


def sealed(start_ms: int, end_ms: int) -> Sealed:
    """One statement."""
    found = BlockRow.objects.filter(sealed_ms__gte=start_ms, sealed_ms__lt=end_ms).aggregate(
        blocks=Count("block_no"),
        entries=Sum("leaf_count"),
        attempts=Sum("attempts"),
        mining_us=Sum("mine_us"),
        sealing_us=Sum("seal_us"),
    )
    return Sealed(**{name: int(value or 0) for name, value in found.items()})


def messages_sealed(start_ms: int, end_ms: int) -> Iterator[list[UUID]]:
    """The ids of the messages that were sealed, in pieces. Two statements, and one for each piece."""
    ends = BlockRow.objects.filter(sealed_ms__gte=start_ms, sealed_ms__lt=end_ms).aggregate(
        first=Min("first_seq"), size=Max("tree_size")
    )
    at, size = ends["first"], ends["size"]
    while at is not None and at < size:
        rows = EntryRow.objects.filter(seq__gte=at, seq__lt=size, kind=Kind.MESSAGE).order_by("seq")
        piece = list(rows.values_list("seq", "message_id")[:PIECE])
        if not piece:
            return
        yield [message_id for _, message_id in piece if message_id is not None]
        at = piece[-1][0] + 1


@dataclass(frozen=True, slots=True)
class Checked:
    """Whole verifications that ran to their end, those of them that found something, and alarms."""

    runs: int
    with_findings: int
    alarms: int


def checked(start_ms: int, end_ms: int) -> Checked:
    """Three statements."""
    runs = VerificationRun.objects.filter(finished_ms__gte=start_ms, finished_ms__lt=end_ms)
    alarms = Alert.objects.filter(created_ms__gte=start_ms, created_ms__lt=end_ms)
    return Checked(runs.count(), runs.filter(findings__gt=0).count(), alarms.count())
