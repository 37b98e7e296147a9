"""Many at once: one conversation, one number per message, on whatever engine the suite runs."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connection

from beyou.core.ids import uuid7
from beyou.ledger.models import OutboxRow
from beyou.messaging import services, writer
from beyou.messaging.accept import Accepted, Refused, accept_messages
from beyou.messaging.models import Conversation, ConversationMember, Message
from beyou.messaging.rules import Draft
from tests.factories import members
from tests.messaging.world import befriend, chat, text_draft

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")


def at_once(jobs: list[Callable[[], T]]) -> list[T]:
    """What the jobs return, each in a thread of its own, all begun together."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        start.wait(timeout=30)
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


@pytest.fixture
def group_commit() -> Iterator[None]:
    writer.start()
    yield
    writer.stop()


def test_sixteen_starters_get_one_conversation() -> None:
    alice, bob = members.alice(), members.bob()
    befriend(alice, bob)
    pairs = [(alice.pk, bob.pk), (bob.pk, alice.pk)] * 8
    started = at_once(
        [
            lambda one=one, other=other: services.start_conversation(starter_id=one, other_id=other)
            for one, other in pairs
        ]
    )
    assert len({each.conversation.id for each in started}) == 1
    assert sum(each.is_new for each in started) == 1
    assert Conversation.objects.count() == 1
    assert ConversationMember.objects.count() == 2


def _send_all(drafts: list[Draft], size: int) -> list[Accepted]:
    """One process without a writer: its own small batches."""
    accepted: list[Accepted] = []
    for begin in range(0, len(drafts), size):
        for result in accept_messages(drafts[begin : begin + size]):
            assert isinstance(result, Accepted), result
            accepted.append(result)
    return accepted


@pytest.mark.parametrize("size", [1, 7])
def test_four_writers_of_250_messages_leave_no_gap_and_no_repeat(size: int) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    lists = [
        [text_draft(conversation, sender, f"{number}") for number in range(250)]
        for sender in (alice, bob, alice, bob)
    ]
    answers = at_once([lambda drafts=drafts: _send_all(drafts, size) for drafts in lists])
    assert sorted(each.seq for answer in answers for each in answer) == list(range(1, 1001))
    rows = list(Message.objects.order_by("seq").values_list("seq", "id"))
    assert [seq for seq, _ in rows] == list(range(1, 1001))
    assert dict(rows) == {each.seq: each.message for answer in answers for each in answer}
    for answer in answers:
        assert [each.seq for each in answer] == sorted(each.seq for each in answer)
    conversation.refresh_from_db()
    assert conversation.last_seq == 1000
    assert OutboxRow.objects.filter(conversation_id=conversation.id).count() == 1000
    # The ledger has them in the order of their numbers, whoever committed them.
    in_ledger = OutboxRow.objects.order_by("id").values_list("message_id", flat=True)
    assert list(in_ledger) == [message for _, message in rows]


@pytest.mark.usefixtures("group_commit")
def test_a_thousand_drafts_at_the_writer_become_a_thousand_messages() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)

    def send(sender: Callable[[], Draft]) -> list[int]:
        answers = [writer.submit(sender()) for _ in range(125)]
        results = [answer.result(timeout=30) for answer in answers]
        return [result.seq for result in results if isinstance(result, Accepted)]

    jobs = [
        lambda who=who: send(lambda: text_draft(conversation, who)) for who in (alice, bob) for _ in range(4)
    ]
    seqs = at_once(jobs)
    assert sorted(seq for numbers in seqs for seq in numbers) == list(range(1, 1001))
    assert all(numbers == sorted(numbers) for numbers in seqs)


def test_the_same_draft_from_eight_sides_is_one_message() -> None:
    alice, bob = members.alice(), members.bob()
    draft = text_draft(chat(alice, bob), alice)
    answers = at_once([lambda: accept_messages([draft])[0] for _ in range(8)])
    assert all(isinstance(each, Accepted) for each in answers)
    assert {each.seq for each in answers if isinstance(each, Accepted)} == {1}
    assert Message.objects.count() == OutboxRow.objects.count() == 1


def test_one_id_in_two_conversations_is_taken_once() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    one, other = chat(alice, bob), chat(alice, charlie)
    for _ in range(10):
        message = uuid7()
        drafts = [Draft(each.id, alice.pk, message, "Twice") for each in (one, other)]
        answers = at_once([lambda draft=draft: accept_messages([draft])[0] for draft in drafts])
        assert sorted(type(each).__name__ for each in answers) == ["Accepted", "Refused"]
        assert [each.error.code for each in answers if isinstance(each, Refused)] == ["id_taken"]


def test_batches_over_many_conversations_in_any_order_do_not_deadlock() -> None:
    people = members.members(6)
    chats = [chat(one, other) for one, other in zip(people[::2], people[1::2], strict=True)]

    def batches(order: list[Conversation]) -> int:
        accepted = 0
        for _ in range(20):
            drafts = [
                text_draft(each, ConversationMember.objects.filter(conversation=each).first().member)  # type: ignore[union-attr]
                for each in order
            ]
            accepted += sum(isinstance(each, Accepted) for each in accept_messages(drafts))
        return accepted

    done = at_once(
        [lambda: batches(chats), lambda: batches(chats[::-1]), lambda: batches(chats[1:] + chats[:1])]
    )
    assert done == [60, 60, 60]


@pytest.mark.usefixtures("group_commit")
def test_a_draft_that_breaks_the_transaction_fails_alone() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    # No face lets this through: a lone surrogate cannot be encoded, so deciding about it raises.
    broken = text_draft(conversation, alice, "\ud800")
    good = [text_draft(conversation, alice) for _ in range(5)]
    answers = [writer.submit(draft) for draft in [*good[:3], broken, *good[3:]]]
    with pytest.raises(UnicodeEncodeError):
        answers.pop(3).result(timeout=30)
    assert [type(answer.result(timeout=30)) for answer in answers] == [Accepted] * 5


@pytest.mark.usefixtures("group_commit")
def test_the_writer_survives_the_loss_of_its_connection() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection to lose")
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for number in range(1, 4):
        accepted = writer.submit(text_draft(conversation, alice)).result(timeout=30)
        assert isinstance(accepted, Accepted)
        assert (accepted.seq, accepted.is_repeat) == (number, False)
        _end_other_connections()
    assert Message.objects.count() == OutboxRow.objects.count() == 3


def _end_other_connections() -> None:
    """All connections to this database but our own, as when the server restarts."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {number}")
