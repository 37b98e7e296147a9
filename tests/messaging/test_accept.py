"""Drafts become messages: in order, once, all or nothing, and nothing of what is refused."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.blocks.models import UserBlock
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.friends.models import Friendship
from beyou.ledger.models import OutboxRow, SaltRow
from beyou.messaging import rules, services
from beyou.messaging.accept import Accepted, Refused, accept_messages
from beyou.messaging.models import ConversationMember, DeviceChain, Message, MessageWrap, Mode
from beyou.messaging.rules import Draft, Envelope
from tests.factories import members
from tests.messaging.world import Browser, accept, befriend, chat, refuse, say, text_draft

pytestmark = pytest.mark.django_db


def test_messages_are_numbered_from_one_and_committed_to_the_ledger() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    first, second = say(conversation, alice, "One"), say(conversation, bob, "Two")
    assert (first.seq, second.seq) == (1, 2)
    conversation.refresh_from_db()
    assert conversation.last_seq == 2
    assert list(OutboxRow.objects.order_by("id").values_list("message_id", flat=True)) == [
        first.message,
        second.message,
    ]
    assert SaltRow.objects.filter(message_id__in=[first.message, second.message]).count() == 2


def test_a_standard_body_is_encrypted_at_rest() -> None:
    alice, bob = members.alice(), members.bob()
    accepted = say(chat(alice, bob), alice, "A secret place")
    row = Message.objects.get(id=accepted.message)
    assert b"secret" not in bytes(row.body) + bytes(row.header)


def test_a_repeat_gets_the_first_answer_and_changes_nothing() -> None:
    alice, bob = members.alice(), members.bob()
    draft = text_draft(chat(alice, bob), alice)
    first = accept(draft)
    clock.shift(5_000)
    again = accept(draft)
    assert (again.seq, again.received_ms, again.is_repeat) == (first.seq, first.received_ms, True)
    assert Message.objects.count() == OutboxRow.objects.count() == 1


def test_a_repeat_within_one_batch_is_one_message() -> None:
    alice, bob = members.alice(), members.bob()
    draft = text_draft(chat(alice, bob), alice)
    results = accept_messages([draft, draft])
    assert [(each.seq, each.is_repeat) for each in results if isinstance(each, Accepted)] == [
        (1, False),
        (1, True),
    ]


def test_an_id_stands_for_one_message_only() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    conversation, elsewhere = chat(alice, bob), chat(alice, charlie)
    draft = text_draft(conversation, alice, "Mine")
    accept(draft)
    for other in (
        Draft(conversation.id, alice.pk, draft.message, "Something else"),
        Draft(conversation.id, bob.pk, draft.message, "Mine"),
        Draft(elsewhere.id, alice.pk, draft.message, "Mine"),
    ):
        assert refuse(other) == "id_taken"
    assert accept_messages([text_draft(conversation, alice), draft])[1].message == draft.message


def test_a_refused_draft_harms_no_other_one() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    conversation = chat(alice, bob)
    good = [text_draft(conversation, alice, "First"), text_draft(conversation, bob, "Second")]
    bad = [
        text_draft(conversation, charlie, "Let me in"),
        text_draft(conversation, alice, "   \n"),
        Draft(uuid7(), alice.pk, uuid7(), "Nowhere"),
    ]
    results = accept_messages([bad[0], good[0], bad[1], good[1], bad[2]])
    assert [type(each) for each in results] == [Refused, Accepted, Refused, Accepted, Refused]
    assert [each.error.code for each in results if isinstance(each, Refused)] == [
        "not_found",
        "empty",
        "not_found",
    ]
    assert list(Message.objects.order_by("seq").values_list("seq", "id")) == [
        (1, good[0].message),
        (2, good[1].message),
    ]


def test_a_conversation_of_others_looks_like_one_that_does_not_exist() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    conversation = chat(alice, bob)
    real, missing = accept_messages(
        [text_draft(conversation, charlie), Draft(uuid7(), charlie.pk, uuid7(), "Hello")]
    )
    assert isinstance(real, Refused)
    assert isinstance(missing, Refused)
    assert real.error.problem() == missing.error.problem()


@pytest.mark.parametrize(("text", "code"), [("", "empty"), (" \t\n", "empty"), ("ä" * 40_000, "too_long")])
def test_texts_that_nobody_can_send(text: str, code: str) -> None:
    alice, bob = members.alice(), members.bob()
    assert refuse(text_draft(chat(alice, bob), alice, text)) == code
    assert not Message.objects.exists()


@pytest.mark.parametrize("text", ["x", "ä" * 32_768, "\0\u2028\U0001f600 \r\n end", "  kept as typed  "])
def test_texts_arrive_as_they_were_typed(text: str) -> None:
    alice, bob = members.alice(), members.bob()
    accepted = say(chat(alice, bob), alice, text)
    assert rules.text_of(accepted.body) == text


def test_a_closed_account_can_neither_send_nor_be_written_to() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    bob.is_active = False
    bob.save()
    assert refuse(text_draft(conversation, alice)) == "unavailable"
    assert refuse(text_draft(conversation, bob)) == "unavailable"


def test_who_is_no_friend_any_more_can_neither_send_nor_be_written_to_until_they_are_again() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    earlier = text_draft(conversation, alice)
    first = accept(earlier)
    Friendship.objects.all().delete()
    assert refuse(text_draft(conversation, alice)) == refuse(text_draft(conversation, bob)) == "not_friends"
    repeated = accept(earlier)
    assert (repeated.is_repeat, repeated.seq) == (True, first.seq)
    befriend(alice, bob)
    assert say(conversation, bob).seq == 2


def test_behind_a_block_a_conversation_is_answered_like_a_missing_one() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    earlier = text_draft(conversation, alice)
    accept(earlier)
    UserBlock.objects.create(blocker=bob, blocked=alice)
    for draft in (earlier, text_draft(conversation, alice), text_draft(conversation, bob)):
        (behind,) = accept_messages([draft])
        (missing,) = accept_messages([Draft(uuid7(), alice.pk, uuid7(), "Hello")])
        assert isinstance(behind, Refused)
        assert isinstance(missing, Refused)
        assert behind.error.problem() == missing.error.problem()


def test_what_one_writes_is_read_and_what_the_other_writes_is_not() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for text in ("One", "Two", "Three"):
        say(conversation, alice, text)
    marks = {place.member_id: place.read_seq for place in ConversationMember.objects.all()}
    assert marks == {alice.pk: 3, bob.pk: 0}


#: In the tests' own transaction a batch has a savepoint before and after. On SQLite each statement is
#: counted, elsewhere each trip: one for all that is read, one for all that is written, and for sealed
#: messages one for the devices and one for keys that this process sees for the first time.
TRIPS = {"standard": (10, 4), "sealed": (15, 6)}


@pytest.mark.parametrize(
    ("kind", "sizes"), [("standard", [(2, 2), (20, 2), (240, 6)]), ("sealed", [(2, 2), (20, 2)])]
)
def test_a_batch_takes_the_same_number_of_statements_for_any_size(
    kind: str, sizes: list[tuple[int, int]]
) -> None:
    for size, talks in sizes:
        pairs = [(members.member(f"one_{size}_{n}"), members.member(f"two_{size}_{n}")) for n in range(talks)]
        drafts = []
        for one, other in pairs:
            if kind == "sealed":
                browser, peer = Browser(one).publish(), Browser(other).publish()
            conversation = chat(one, other)
            for _ in range(size // talks):
                if kind == "sealed":
                    drafts.append(browser.seal("Hello", conversation.id, [peer]))
                    browser.accepted(drafts[-1])
                else:
                    drafts.append(text_draft(conversation, one))
        with CaptureQueriesContext(connection) as captured:
            results = accept_messages(drafts)
        assert all(isinstance(each, Accepted) for each in results)
        expected = TRIPS[kind][connection.vendor != "sqlite"]
        assert len(captured) == expected, (size, captured.captured_queries)


def test_an_end_to_end_message_is_stored_as_received() -> None:
    alice, bob = Browser(members.alice()).publish(), Browser(members.bob()).publish()
    conversation = chat(alice.member, bob.member)
    assert conversation.mode == Mode.END_TO_END
    draft = alice.seal("For your eyes", conversation.id, [bob])
    accepted = accept(draft)
    row = Message.objects.get(id=accepted.message)
    assert isinstance(draft.content, Envelope)
    assert (bytes(row.header), bytes(row.body), bytes(row.signature)) == (
        draft.content.header,
        draft.content.body,
        draft.content.signature,
    )
    assert {(wrap.member_id, wrap.key_set) for wrap in MessageWrap.objects.all()} == {
        (alice.member.pk, alice.key_set),
        (bob.member.pk, bob.key_set),
    }
    assert DeviceChain.objects.get().counter == 1


def test_a_conversation_rises_to_end_to_end_and_never_falls_back() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, alice, "Before the keys")
    one, other = Browser(alice).publish(), Browser(bob).publish()
    assert refuse(text_draft(conversation, alice)) == "wrong_mode"
    accept(one.seal("After", conversation.id, [other]))
    from beyou.keys.models import UserKeySet

    UserKeySet.objects.filter(active_of=bob).update(active_of=None)
    assert refuse(text_draft(conversation, alice)) == "wrong_mode"


def test_a_sealed_message_needs_keys_on_both_sides() -> None:
    alice, bob = Browser(members.alice()).publish(), Browser(members.bob())
    conversation = chat(alice.member, bob.member)
    assert refuse(alice.seal("Hello", conversation.id, [bob])) == "wrong_mode"


def test_strangers_cannot_start() -> None:
    alice, bob = members.alice(), members.bob()
    with pytest.raises(services.NotFriends):
        services.start_conversation(starter_id=alice.pk, other_id=bob.pk)
    befriend(alice, bob)
    one = services.start_conversation(starter_id=alice.pk, other_id=bob.pk)
    two = services.start_conversation(starter_id=bob.pk, other_id=alice.pk)
    assert one.conversation.id == two.conversation.id
    assert (one.is_new, two.is_new) == (True, False)
