"""The main promise: whoever edits a member's message in the database is found out, by its exact name."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as instance

from beyou.core.ids import uuid7
from beyou.ledger import queries
from beyou.ledger.models import EntryRow
from beyou.ledger.note import Signer
from beyou.ledger.verification import Verification
from beyou.messaging.models import Message
from beyou.messaging.sources import StoredMessages
from tests.factories import members
from tests.ledger.log import Log
from tests.messaging.world import Browser, accept, chat, say


@pytest.fixture
def log(db: None, tmp_path: Path) -> Log:
    return Log(tmp_path, signer=Signer(instance.LEDGER_ORIGIN, instance.LEDGER_KEY_SEED))


@pytest.fixture
def said(log: Log) -> dict[str, UUID]:
    """Five messages in each mode; of each mode the third."""
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    standard = chat(alice, charlie)
    plain = [say(standard, alice, f"Line {number}").message for number in range(5)]
    one, two = Browser(alice).publish(), Browser(bob).publish()
    sealed_chat = chat(alice, bob)
    sealed = []
    for number in range(5):
        draft = one.seal(f"Line {number}", sealed_chat.id, [two])
        sealed.append(accept(draft).message)
        one.accepted(draft)
    log.seal()
    return {"standard": plain[2], "sealed": sealed[2]}


def found(log: Log) -> list[tuple[str, UUID | None]]:
    verification = Verification(log.signer.verifier, log.high_water, StoredMessages())
    return [(finding.kind, finding.message) for finding in verification.run()]


def test_untouched_messages_are_as_they_were_sealed(log: Log, said: dict[str, UUID]) -> None:
    assert found(log) == []
    assert EntryRow.objects.filter(kind=1).count() == 10


@pytest.mark.parametrize("mode", ["standard", "sealed"])
@pytest.mark.parametrize(
    "column", ["header", "body", "signature", "sender_id", "seq", "mode", "received_ms", "stamp"]
)
def test_an_edited_column_names_the_message(log: Log, said: dict[str, UUID], mode: str, column: str) -> None:
    row = Message.objects.get(id=said[mode])
    value: Any = getattr(row, column)
    if column == "seq":
        edited: Any = 77
    elif column == "mode":
        edited = 3
    elif column == "received_ms":
        edited = value + 1
    elif column == "sender_id":
        edited = members.mallory().pk
    else:
        content = bytes(value) or b"forged"
        edited = content[:-1] + bytes([content[-1] ^ 1])
    Message.objects.filter(id=row.id).update(**{column: edited})
    assert found(log) == [("message_altered", row.id)]


@pytest.mark.parametrize("mode", ["standard", "sealed"])
def test_a_deleted_row_names_the_message(log: Log, said: dict[str, UUID], mode: str) -> None:
    Message.objects.filter(id=said[mode]).delete()
    assert found(log) == [("message_missing", said[mode])]


@pytest.mark.parametrize("mode", ["standard", "sealed"])
def test_an_inserted_copy_names_the_message(log: Log, said: dict[str, UUID], mode: str) -> None:
    row = Message.objects.get(id=said[mode])
    row.id, row.seq = uuid7(), 6
    row.save(force_insert=True)
    assert found(log) == [("message_unrecorded", row.id)]
    assert queries.proofs_for([row.id]).missing == [row.id]


@pytest.mark.parametrize("mode", ["standard", "sealed"])
def test_exchanged_bodies_name_both_messages(log: Log, said: dict[str, UUID], mode: str) -> None:
    one = Message.objects.get(id=said[mode])
    two = Message.objects.get(conversation_id=one.conversation_id, seq=one.seq + 1)
    Message.objects.filter(id=one.id).update(body=two.body)
    Message.objects.filter(id=two.id).update(body=one.body)
    assert found(log) == [("message_altered", one.id), ("message_altered", two.id)]
