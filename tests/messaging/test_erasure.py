"""Erasing what a member wrote: in batches, by any number of workers, with the keys that others still need."""

from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from beyou.core import clock
from beyou.keys.models import Device, UserKey
from beyou.keys.services import forget_history
from beyou.ledger.models import ErasureRow, SaltRow
from beyou.messaging import services
from beyou.messaging.accept import accept_messages
from beyou.messaging.models import DeviceChain, Message, MessageWrap, PendingErasure
from beyou.users.models import User
from tests.factories import members
from tests.messaging.test_races import at_once
from tests.messaging.world import Browser, accept, chat, say, text_draft
from tests.privacy.world import findings, seal

pytestmark = pytest.mark.django_db


def erase_all(member: User) -> int:
    """Returns how many batches it took."""
    services.begin_erasure(member_id=member.pk)
    steps = 0
    while services.erase_next():
        steps += 1
    return steps


def test_a_long_conversation_is_erased_in_batches(tmp_path: Path) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for _ in range(12):
        accept_messages([text_draft(conversation, who) for who in (alice, bob) for _ in range(50)])
    seal(tmp_path)
    assert erase_all(alice) == 3
    assert Message.objects.filter(header=b"").count() == ErasureRow.objects.count() == 600
    assert not Message.objects.filter(header=b"").exclude(sender=alice).exists()
    assert SaltRow.objects.count() == 600
    seal(tmp_path)
    assert findings(tmp_path) == []
    assert erase_all(alice) == 3, "a repeat looks again and changes nothing"
    assert ErasureRow.objects.count() == 600


def test_a_batch_takes_the_same_number_of_statements_for_2_and_20_messages(tmp_path: Path) -> None:
    alice, bob, charlie, dana = members.alice(), members.bob(), members.charlie(), members.dana()
    for other, count in ((bob, 2), (charlie, 20), (dana, 1)):
        conversation = chat(alice, other)
        for _ in range(count):
            say(conversation, alice)
    seal(tmp_path)
    services.begin_erasure(member_id=alice.pk)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            assert services.erase_next()
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_wraps_chains_and_unneeded_keys_go_with_the_messages(tmp_path: Path) -> None:
    alice, bob = members.alice(), members.bob()
    one, two = Browser(alice).publish(), Browser(bob).publish()
    conversation = chat(alice, bob)
    accept(one.seal("From alice", conversation.id, [two]))
    seal(tmp_path)
    forget_history(member_id=alice.pk)
    erase_all(alice)
    assert (MessageWrap.objects.count(), DeviceChain.objects.count()) == (0, 0)
    assert {row.member for row in Device.objects.all()} == {bob}
    assert {row.key_set.member for row in UserKey.objects.all()} == {bob}


def test_keys_stay_that_the_messages_of_others_name(tmp_path: Path) -> None:
    alice, bob = members.alice(), members.bob()
    one, two = Browser(alice).publish(), Browser(bob).publish()
    conversation = chat(alice, bob)
    accept(one.seal("From alice", conversation.id, [two]))
    accept(two.seal("From bob", conversation.id, [one]))
    seal(tmp_path)
    forget_history(member_id=alice.pk)
    erase_all(alice)
    assert {row.key_set.member for row in UserKey.objects.all()} == {alice, bob}
    # Bob's own message stays, with the wrap for bob and without the one for alice.
    assert [row.member for row in MessageWrap.objects.all()] == [bob]
    assert bytes(Message.objects.get(sender=bob).body)


@pytest.mark.django_db(transaction=True)
def test_eight_workers_erase_once(tmp_path: Path) -> None:
    alice = members.alice()
    for other in (members.bob(), members.charlie(), members.dana()):
        conversation = chat(alice, other)
        accept_messages([text_draft(conversation, alice) for _ in range(700)])
        say(conversation, other)
    seal(tmp_path)
    services.begin_erasure(member_id=alice.pk)

    def work() -> None:
        while services.erase_next():
            pass

    at_once([work] * 8)
    assert not PendingErasure.objects.exists()
    assert Message.objects.filter(header=b"").count() == ErasureRow.objects.count() == 2100
    assert SaltRow.objects.count() == 3
    seal(tmp_path)
    assert findings(tmp_path) == []


def test_a_batch_that_fails_leaves_nothing_half_done(tmp_path: Path) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, alice)
    seal(tmp_path)
    services.begin_erasure(member_id=alice.pk)
    with transaction.atomic():
        services.erase_next()
        transaction.set_rollback(True)
    assert bytes(Message.objects.get().body)
    assert (ErasureRow.objects.count(), SaltRow.objects.count()) == (0, 1)
    assert services.erase_next()
    assert not services.is_erasing(alice.pk)


def test_nothing_is_due_while_a_ledger_is_frozen(tmp_path: Path) -> None:
    alice, bob = members.alice(), members.bob()
    say(chat(alice, bob), alice)
    services.begin_erasure(member_id=alice.pk)
    assert services.erase_next()
    assert not services.erase_next()
    clock.shift(6_000)
    assert services.erase_next()
    assert bytes(Message.objects.get().body)
