"""A ledger for tests: stored messages of our own behind the source port, a sealer, and its files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction

from beyou.core.ids import uuid7
from beyou.ledger import guards, services, sources
from beyou.ledger.format import Mode, Opening, document_value
from beyou.ledger.note import Signer
from beyou.ledger.sealer import Sealer

SEED = bytes(range(32))
ORIGIN = "testserver/ledger"


@dataclass
class Messages:
    """Messages in memory, which a test may alter, drop or add to as a forger of rows would."""

    stored: dict[UUID, Opening] = field(default_factory=dict)
    #: What their members cannot read.
    hidden: set[UUID] = field(default_factory=set)

    def openings(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Opening]:
        return {message: self.stored[message] for message in message_ids if message in self.stored}

    def message_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        return sorted(message for message in self.stored if after is None or message > after)[:limit]

    def withheld(self, message_ids: Sequence[UUID]) -> set[UUID]:
        return self.hidden & set(message_ids)


@dataclass
class Log:
    """One log with its sealer and high-water file."""

    folder: Path
    messages: Messages = field(default_factory=Messages)
    signer: Signer = field(default_factory=lambda: Signer(ORIGIN, SEED))
    _numbers: dict[UUID, int] = field(default_factory=dict)

    @property
    def high_water(self) -> Path:
        return self.folder / "ledger.highwater"

    def sealer(self) -> Sealer:
        return Sealer(self.signer, self.high_water, require_durable=False)

    def say(self, count: int = 1, conversation: UUID | None = None) -> list[UUID]:
        """Stores and records so many messages of one conversation in one transaction."""
        conversation = conversation or uuid7()
        openings = [self.opening(conversation) for _ in range(count)]
        with transaction.atomic():
            services.record_messages(openings)
        self.messages.stored.update({opening.message: opening for opening in openings})
        return [opening.message for opening in openings]

    def opening(self, conversation: UUID) -> Opening:
        self._numbers[conversation] = number = self._numbers.get(conversation, 0) + 1
        message = uuid7()
        return Opening(
            mode=Mode.STANDARD,
            message=message,
            conversation=conversation,
            sender=uuid7(),
            conv_seq=number,
            created_ms=1_790_000_000_000 + number,
            body=document_value(message.bytes),
        )

    def seal(self) -> None:
        """Every waiting entry is in a block and a checkpoint is signed."""
        sealer = self.sealer()
        while sealer.step():
            pass

    def grow(self, blocks: int, messages: int) -> list[UUID]:
        """So many blocks of so many messages each; returns the messages in order."""
        said = []
        for _ in range(blocks):
            said += self.say(messages)
            self.seal()
        return said


@contextmanager
def source_of(messages: Messages) -> Iterator[None]:
    before = sources.use(messages)
    try:
        yield
    finally:
        sources.use(before)


@contextmanager
def guarded() -> Iterator[None]:
    """The triggers stand, as in every installed instance, while the block runs."""
    # MariaDB commits at every CREATE TRIGGER, and what the test wrote would stay for all that follow.
    assert not connection.in_atomic_block, "needs transactional_db"
    guards.install(connection)
    try:
        yield
    finally:
        guards.remove(connection)
