"""Messages that one side shows: those that the server reads, and those that only their own browser opens."""

import json
from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

import pytest

from beyou.blocks.services import block
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.disputes import queries, services
from beyou.disputes.errors import ClaimMoved, TooMuchEvidence
from beyou.disputes.models import Claim, Evidence
from beyou.disputes.rules import MOST_MESSAGES
from beyou.messaging import quoting, sealing
from beyou.messaging.envelope import Wrap
from beyou.messaging.models import Conversation, Message
from beyou.messaging.quoting import BadOpening, Opening
from beyou.messaging.services import give_back, withhold
from beyou.users.models import User
from tests.disputes.rows import bare_claim
from tests.messaging.world import Browser, accept, chat, say, spki
from tests.orders.world import bare_order, trader

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def made(alice: User, bob: User) -> Claim:
    return bare_claim(bare_order(bob, alice))


def show(made: Claim, who: User, *keys: UUID, **openings: Opening) -> int:
    return services.quote(
        member_id=who.pk,
        claim_id=made.pk,
        message_ids=keys,
        openings={keys[0]: openings["opening"]} if openings else {},
    )


def opening_of(row: Message, reader: Browser, hers: Browser) -> Opening:
    """What the reader's browser hands over: as the worker does it, from the stored bytes."""
    wrap = row.wraps.get(member=reader.member)
    opened = sealing.open_envelope(
        header=bytes(row.header),
        body=bytes(row.body),
        signature=bytes(row.signature),
        wrap=Wrap(wrap.key_set, bytes.fromhex(wrap.key_id), bytes(wrap.wrap)),
        decryption_key=reader.decryption_key,
        sign_spki=spki(hers.signing_key),
    )
    words = json.dumps(opened.payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Opening(sealing.pad(words), opened.frank_key)


@pytest.fixture
def sealed(alice: User, bob: User) -> tuple[Conversation, Message, Browser, Browser]:
    """Alice wrote an end-to-end message to bob."""
    conversation = chat(alice, bob)
    hers, his = Browser(alice).publish(), Browser(bob).publish()
    draft = hers.seal("Pure brass, I promise.", conversation.id, [his])
    accept(draft)
    return conversation, Message.objects.get(id=draft.message), hers, his


def test_what_the_server_reads_it_quotes_itself(alice: User, bob: User, made: Claim) -> None:
    conversation = chat(alice, bob)
    one, two = say(conversation, alice, "Pure brass"), say(conversation, bob, "Great <b>")
    assert show(made, bob, one.message, two.message, one.message) == 2
    assert show(made, alice, one.message) == 0, "it stands there already"
    (line,) = [each for each in queries.history(made) if each.messages]
    assert [(each.text, each.row.was_sealed) for each in line.messages] == [
        ("Pure brass", False), ("Great <b>", False),
    ]  # fmt: skip
    assert all(b"brass" not in bytes(row.text) for row in Evidence.objects.all())


def test_what_the_staff_removed_since_only_the_staff_still_read(alice: User, bob: User, made: Claim) -> None:
    conversation = chat(alice, bob)
    one, two = say(conversation, alice, "Pure brass"), say(conversation, bob, "Great")
    show(made, bob, one.message, two.message)
    withhold(message_ids=[one.message], sender_id=alice.pk, why="Harassment")
    (line,) = [each for each in queries.history(made) if each.messages]
    assert [each.text for each in line.messages] == ["Removed by the staff: Harassment", "Great"]
    (line,) = [each for each in queries.history(made, for_staff=True) if each.messages]
    assert [each.text for each in line.messages] == ["Pure brass", "Great"]
    give_back(message_ids=[one.message])
    (line,) = [each for each in queries.history(made) if each.messages]
    assert [each.text for each in line.messages] == ["Pure brass", "Great"]


def test_an_end_to_end_message_is_shown_by_its_sender_and_by_its_receiver(
    sealed: tuple[Conversation, Message, Browser, Browser], made: Claim, alice: User, bob: User
) -> None:
    _, row, hers, his = sealed
    for who, browser in ((bob, his), (alice, hers)):
        Evidence.objects.filter(message_id__isnull=False).delete()
        assert show(made, who, row.id, opening=opening_of(row, browser, hers)) == 1
        shown = Evidence.objects.get(message_id=row.id)
        assert (shown.was_sealed, shown.sender_id) == (True, alice.pk)
        text = [each.text for line in queries.history(made) for each in line.messages]
        assert text == ["Pure brass, I promise."]


def _other_words(good: Opening) -> Opening:
    content = json.dumps({"text": "Pure tin, I promise."}).encode()
    return Opening(
        (len(content).to_bytes(4, "big") + content).ljust(len(good.payload), b"\0"), good.frank_key
    )


FORGERIES: dict[str, Callable[[Opening], Opening | None]] = {
    "none": lambda good: None,
    "other words": _other_words,
    "other key": lambda good: Opening(good.payload, sha256(good.frank_key).digest()),
    "no key": lambda good: Opening(good.payload, b""),
    "long key": lambda good: Opening(good.payload, good.frank_key + b"\0"),
    "nothing": lambda good: Opening(b"", good.frank_key),
    "longer": lambda good: Opening(good.payload + bytes(256), good.frank_key),
    "flipped": lambda good: Opening(good.payload.replace(b"Pure", b"Purf"), good.frank_key),
    "padding": lambda good: Opening(good.payload[:-1] + b"\1", good.frank_key),
    "length": lambda good: Opening(b"\xff" * 4 + good.payload[4:], good.frank_key),
    "huge": lambda good: Opening(bytes(1 << 20), good.frank_key),
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_opening_shows_nothing(
    forgery: str, sealed: tuple[Conversation, Message, Browser, Browser], made: Claim, bob: User
) -> None:
    _, row, hers, his = sealed
    bad = FORGERIES[forgery](opening_of(row, his, hers))
    with pytest.raises(BadOpening):
        services.quote(
            member_id=bob.pk, claim_id=made.pk, message_ids=[row.id], openings={row.id: bad} if bad else {}
        )
    assert not Evidence.objects.filter(message_id__isnull=False).exists()


def test_the_opening_of_one_message_opens_no_other(
    sealed: tuple[Conversation, Message, Browser, Browser], made: Claim, bob: User
) -> None:
    conversation, row, hers, his = sealed
    second = his.seal("I believe you.", conversation.id, [hers])
    accept(second)
    with pytest.raises(BadOpening):
        show(made, bob, second.message, opening=opening_of(row, his, hers))


def test_a_row_that_was_altered_in_the_database_proves_nothing(
    sealed: tuple[Conversation, Message, Browser, Browser], made: Claim, bob: User
) -> None:
    _, row, hers, his = sealed
    good = opening_of(row, his, hers)
    header = bytearray(row.header)
    header[220] ^= 1
    Message.objects.filter(id=row.id).update(header=bytes(header))
    with pytest.raises(BadOpening, match="altered"):
        show(made, bob, row.id, opening=good)


def test_what_was_erased_or_altered_cannot_be_shown(alice: User, bob: User, made: Claim) -> None:
    conversation = chat(alice, bob)
    gone, bad = say(conversation, alice), say(conversation, alice)
    Message.objects.filter(id=gone.message).update(header=b"", body=b"", stamp=b"")
    Message.objects.filter(id=bad.message).update(body=b"x" * 64)
    for key in (gone.message, bad.message):
        with pytest.raises(BadOpening):
            show(made, bob, key)


def test_messages_of_other_conversations_and_of_nobody_do_not_exist(
    alice: User, bob: User, made: Claim
) -> None:
    charlie = trader("charlie")
    with pytest.raises(InvalidInput):
        show(made, bob, uuid7())
    chat(alice, bob)
    theirs = say(chat(bob, charlie), charlie, "Between us")
    with pytest.raises(InvalidInput):
        show(made, bob, theirs.message)
    with pytest.raises(NotFound):
        show(made, charlie, theirs.message)


def test_a_block_does_not_take_away_what_was_written(alice: User, bob: User, made: Claim) -> None:
    said = say(chat(alice, bob), alice, "Pure brass")
    block(member_id=alice.pk, other_id=bob.pk)
    assert show(made, bob, said.message) == 1


def test_there_is_a_most(alice: User, bob: User, made: Claim) -> None:
    conversation = chat(alice, bob)
    keys = [say(conversation, bob, str(number)).message for number in range(MOST_MESSAGES + 1)]
    with pytest.raises(InvalidInput):
        show(made, bob)
    with pytest.raises(TooMuchEvidence):
        show(made, bob, *keys)
    assert show(made, bob, *keys[:-1]) == MOST_MESSAGES
    with pytest.raises(TooMuchEvidence):
        show(made, bob, keys[-1])
    assert show(made, alice, keys[-1]) == 1


def test_nothing_is_added_to_a_claim_that_is_over(alice: User, bob: User, made: Claim) -> None:
    said = say(chat(alice, bob), alice)
    Claim.objects.filter(pk=made.pk).update(state="decided", open_of=None)
    with pytest.raises(ClaimMoved):
        show(made, bob, said.message)


def test_the_thread_is_paged_by_a_fixed_number_of_statements(
    alice: User, bob: User, django_assert_num_queries: object
) -> None:
    assert quoting.thread_between(alice.pk, bob.pk) is None
    conversation = chat(alice, bob)
    for number in range(60):
        say(conversation, alice, str(number))
    with django_assert_num_queries(2):  # type: ignore[operator]
        page = quoting.thread_between(bob.pk, alice.pk)
    assert page is not None
    assert [each["text"] for each in page.messages][::49] == ["10", "59"]
    earlier = quoting.thread_between(bob.pk, alice.pk, before=page.earlier)
    assert earlier is not None
    assert (len(earlier.messages), earlier.earlier) == (10, 0)
