"""Messages that the staff remove: gone for everybody, told truthfully, and back when it was wrong."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock, events
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.core.ports import realtime
from beyou.keys.models import UserKey
from beyou.ledger.models import RemovalRow
from beyou.messaging import own_data, quoting
from beyou.messaging import services as messaging
from beyou.messaging.errors import Irremovable
from beyou.messaging.models import Conversation, Message, MessageWrap, Withheld
from beyou.moderation import queries as moderation
from beyou.moderation import services as decisions
from beyou.moderation.models import Sanction
from beyou.moderation.rules import Reason
from beyou.reports import own_data as reports_data
from beyou.reports import services
from beyou.reports.errors import CaseHeld, CaseNotHeld
from beyou.reports.models import Case, Removal, RemovedMessage
from beyou.users.models import User
from beyou.users.rules import Level
from tests.disputes.test_quotes import opening_of
from tests.disputes.test_races import race
from tests.factories.members import client_of, staff
from tests.messaging.world import Browser, accept, befriend, chat, say, text_draft
from tests.orders.world import trader
from tests.privacy.world import findings, leave, seal
from tests.reports.test_removals import granted
from tests.reports.test_reports import HOME, of_messages, take

pytestmark = pytest.mark.django_db

UGLY = "Give me your lamp or else."
TOLD = "Removed by the staff: Harassment"


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def conversation(alice: User, bob: User) -> Conversation:
    return chat(alice, bob)


def spoken(conversation: Conversation, alice: User, bob: User) -> UUID:
    """Bob wrote something ugly, among other things."""
    say(conversation, alice, "Good morning")
    said = say(conversation, bob, UGLY)
    say(conversation, alice, "Why?")
    return said.message


def sealed(conversation: Conversation, alice: User, bob: User) -> tuple[Message, Browser, Browser]:
    hers, his = Browser(alice).publish(), Browser(bob).publish()
    draft = his.seal(UGLY, conversation.id, [hers])
    accept(draft)
    his.accepted(draft)
    return Message.objects.get(id=draft.message), hers, his


def remove(mo: User, case: Case, *keys: UUID, **said: Any) -> Sanction:
    chosen = {"reason": Reason.HARASSMENT, "words": "That is a threat."}
    return services.remove_messages(actor_id=mo.pk, case_id=case.pk, message_ids=keys, **(chosen | said))


def listed(who: User, conversation: Conversation) -> dict[UUID, dict[str, Any]]:
    answer = client_of(who).get(f"/api/v1/conversations/{conversation.id}/messages")
    return {UUID(each["id"]): each for each in answer.json()["items"]}


def text_of(files: Any) -> str:
    return b"".join(chunk for file in files for chunk in file.chunks).decode()


def test_nobody_reads_a_removed_message_and_it_comes_back_after_an_appeal(
    alice: User, bob: User, mo: User, conversation: Conversation, tmp_path: Path
) -> None:
    key = spoken(conversation, alice, bob)
    before = listed(alice, conversation)[key]
    seal(tmp_path)
    row = remove(mo, take(mo, of_messages(alice, bob, key).case), key)
    seal(tmp_path)
    for who in (alice, bob):
        shown = listed(who, conversation)[key]
        assert (shown["text"], shown["body"], shown["header"]) == (None, "", "")
        assert (shown["damaged"], shown["erased"]) == (False, False)
        assert shown["removed"]["reason"] == "Harassment"
        page = client_of(who).get(f"/chats/{conversation.id}").content.decode()
        assert TOLD in page
        assert "lamp" not in page
        assert "lamp" not in text_of(own_data.conversations(who.pk))
        assert "lamp" not in text_of(reports_data.reports(who.pk))
        with pytest.raises(quoting.BadOpening):
            quoting.quotes_between(who.pk, ({alice, bob} - {who}).pop().pk, [key], {})
    assert quoting.standard_quote(key) is None
    assert not bytes(Message.objects.get(id=key).body)
    assert b"lamp" not in bytes(Withheld.objects.get().body)
    told = client_of(bob).get("/decisions").content.decode()
    assert "Removed: a message that you wrote." in told
    assert "That is a threat." in told
    assert client_of(alice).get("/decisions").content.decode().count("threat") == 0
    assert (Case.objects.get().outcome, Case.objects.get().sanction_id) == ("removed", row.pk)
    assert findings(tmp_path) == []
    granted(mo, row)
    seal(tmp_path)
    assert listed(alice, conversation)[key] == before
    assert UGLY in client_of(bob).get(f"/chats/{conversation.id}").content.decode()
    assert not Withheld.objects.exists()
    assert not Removal.objects.exists()
    assert moderation.strikes_of(bob.pk) == 0
    assert findings(tmp_path) == []
    acts = set(AuditRecord.objects.filter(subject_id=bob.pk).values_list("act", flat=True))
    assert {
        "case.removed",
        "member.message_removed",
        "member.removal_given",
        "member.content_put_back",
    } <= acts
    # A repeat of the fact changes nothing.
    services.put_back(sanction_id=row.pk)
    assert RemovalRow.objects.count() == 2


def test_an_end_to_end_message_is_withheld_and_opens_again_afterwards(
    alice: User, bob: User, mo: User, conversation: Conversation, tmp_path: Path
) -> None:
    message, hers, his = sealed(conversation, alice, bob)
    made = of_messages(alice, bob, message.pk, openings={message.pk: opening_of(message, hers, his)})
    before = listed(alice, conversation)[message.pk]
    row = remove(mo, take(mo, made.case), message.pk)
    shown = listed(alice, conversation)[message.pk]
    assert (shown["mode"], shown["body"], shown["wraps"], shown["signature"]) == ("end_to_end", "", [], None)
    assert TOLD in client_of(alice).get(f"/chats/{conversation.id}").content.decode()
    # The chain of the author's browser goes on.
    following = his.seal("Did you read it?", conversation.id, [hers])
    accept(following)
    seal(tmp_path)
    assert findings(tmp_path) == []
    granted(mo, row)
    assert listed(alice, conversation)[message.pk] == before
    message.refresh_from_db()
    assert json.loads(opening_of(message, hers, his).payload[4:].rstrip(b"\0"))["text"] == UGLY


def test_open_pages_of_both_are_told_once_it_is_committed(
    alice: User, bob: User, mo: User, conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    key = spoken(conversation, alice, bob)
    case = take(mo, of_messages(alice, bob, key).case)
    told: list[tuple[set[str], dict[str, str]]] = []
    monkeypatch.setattr(
        realtime, "publish", lambda rooms, frame: told.append((set(rooms), orjson.loads(frame)))
    )
    with django_capture_on_commit_callbacks(execute=True):
        remove(mo, case, key)
    changed = [(rooms, frame) for rooms, frame in told if frame["type"] == "message.changed"]
    rooms = {realtime.member_room(each.pk) for each in (alice, bob)}
    assert changed == [(rooms, {"type": "message.changed", "conversation": str(conversation.id)})]


def test_the_proof_names_the_staff_and_still_opens_what_was_sealed(
    alice: User, bob: User, mo: User, conversation: Conversation, tmp_path: Path
) -> None:
    key = spoken(conversation, alice, bob)
    seal(tmp_path)
    address = f"/api/v1/conversations/{conversation.id}/proofs"
    receipt = f"/api/v1/ledger/messages/{key}/receipt"
    before = client_of(alice).get(receipt).json()["opening"]
    with CaptureQueriesContext(connection) as plain:
        client_of(alice).get(address)
    remove(mo, take(mo, of_messages(alice, bob, key).case), key)
    seal(tmp_path)
    with CaptureQueriesContext(connection) as asked:
        items = client_of(alice).get(address).json()["items"]
    assert len(asked) == len(plain) + 2
    (item,) = [each for each in items if each["message"] == str(key)]
    assert item["opening"] == before
    assert [each["words"] for each in item["removals"]] == ["Harassment"]
    assert [each["opening"] for each in items if each["message"] != str(key)] == [None, None]
    one = client_of(bob).get(receipt).json()
    assert (one["opening"], len(one["removals"])) == (before, 1)
    assert client_of(bob).get(f"{receipt}?format=tlog-proof").status_code == 404


def test_a_thread_with_removed_messages_takes_no_statement_more(
    alice: User, bob: User, mo: User, conversation: Conversation
) -> None:
    keys = [say(conversation, bob, f"{UGLY} {number}").message for number in range(6)]
    client, counts = client_of(alice), []
    case = take(mo, of_messages(alice, bob, *keys).case)
    for address in (f"/chats/{conversation.id}", f"/api/v1/conversations/{conversation.id}/messages"):
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        counts.append(len(asked))
    remove(mo, case, *keys[:5])
    for address in (f"/chats/{conversation.id}", f"/api/v1/conversations/{conversation.id}/messages"):
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        counts.append(len(asked))
    assert counts[:2] == counts[2:]
    assert "5 messages that you wrote" in client_of(bob).get("/decisions").content.decode()


def test_what_cannot_be_removed_is_refused_and_nothing_happens(
    alice: User, bob: User, mo: User, conversation: Conversation
) -> None:
    key = spoken(conversation, alice, bob)
    hers = say(conversation, alice, "Go away").message
    elsewhere = say(chat(trader("charlie"), bob), bob, "Hello Charlie").message
    case = take(mo, of_messages(alice, bob, key, hers).case)
    for wrong in ([], [hers], [elsewhere], [uuid7()], [key, elsewhere]):
        with pytest.raises(InvalidInput):
            remove(mo, case, *wrong)
    for words in ("", "  ", "x" * 1001):
        with pytest.raises(InvalidInput):
            remove(mo, case, key, words=words)
    with pytest.raises(CaseNotHeld):
        remove(staff(Level.MODERATOR, handle="vi"), case, key)
    with pytest.raises(NotFound):
        remove(staff(Level.FINANCE, handle="fay"), case, key)
    Message.objects.filter(id=key).update(body=b"altered" * 9)
    with pytest.raises(Irremovable):
        remove(mo, case, key)
    Message.objects.filter(id=key).update(header=b"", body=b"", signature=b"", stamp=b"")
    with pytest.raises(Irremovable, match="erased"):
        remove(mo, case, key)
    Conversation.objects.filter(id=conversation.id).delete()
    with pytest.raises(Irremovable, match="not there"):
        remove(mo, case, key)
    assert not any(model._default_manager.exists() for model in (Sanction, Removal, Withheld, RemovalRow))
    assert Case.objects.get().is_open


def test_what_is_removed_is_not_removed_again(
    alice: User, bob: User, mo: User, conversation: Conversation
) -> None:
    key = spoken(conversation, alice, bob)
    case = take(mo, of_messages(alice, bob, key).case)
    remove(mo, case, key)
    services.reopen(actor_id=mo.pk, case_id=case.pk)
    with pytest.raises(InvalidInput):
        remove(mo, case, key)
    with pytest.raises(Irremovable, match="already"):
        messaging.withhold(message_ids=[key], sender_id=bob.pk, why="Spam")
    with pytest.raises(Irremovable, match="somebody else"):
        messaging.withhold(message_ids=[key], sender_id=alice.pk, why="Spam")
    assert (Withheld.objects.get().why, Sanction.objects.count()) == ("Harassment", 1)


def test_nobody_judges_themselves_friends_equals_or_upwards(
    alice: User, bob: User, conversation: Conversation
) -> None:
    """The case itself is out of reach for them, and so are its messages."""
    friend, them, equal = (staff(Level.MODERATOR, handle=name) for name in ("friend", "them", "equal"))
    befriend(friend, bob)
    olga = staff(handle="olga")
    cases = []
    for about in (bob, them, olga):
        of_two = conversation if about is bob else chat(alice, about)
        said = say(of_two, about, UGLY).message
        cases.append((of_messages(alice, about, said).case, said))
    of_bob, of_them, of_olga = cases
    for judge, (case, said) in ((friend, of_bob), (them, of_them), (equal, of_them), (equal, of_olga)):
        with pytest.raises(NotFound):
            take(judge, case)
        with pytest.raises(NotFound):
            remove(judge, case, said)
    assert not Withheld.objects.exists()


def test_an_end_to_end_message_that_was_not_verified_is_not_removed(
    alice: User, bob: User, mo: User, conversation: Conversation
) -> None:
    message, hers, his = sealed(conversation, alice, bob)
    opening = opening_of(message, hers, his)
    MessageWrap.objects.filter(message=message, member=bob).delete()
    case = take(mo, of_messages(alice, bob, message.pk, openings={message.pk: opening}).case)
    with pytest.raises(InvalidInput):
        remove(mo, case, message.pk)
    assert "Remove a message" not in client_of(mo).get(f"{HOME}/{case.pk}").content.decode()
    assert UserKey.objects.exists()
    assert bytes(Message.objects.get().body)


def test_a_draft_that_comes_again_after_the_removal_gets_its_first_answer(
    alice: User, bob: User, mo: User, conversation: Conversation
) -> None:
    draft = text_draft(conversation, bob, UGLY)
    first = accept(draft)
    remove(mo, take(mo, of_messages(alice, bob, draft.message).case), draft.message)
    again = accept(draft)
    assert (again.seq, again.is_repeat) == (first.seq, True)
    assert Message.objects.count() == 1


def test_after_half_a_year_the_content_is_gone_and_the_proof_stays(
    alice: User, bob: User, mo: User, conversation: Conversation, tmp_path: Path
) -> None:
    key = spoken(conversation, alice, bob)
    row = remove(mo, take(mo, of_messages(alice, bob, key).case), key)
    seal(tmp_path)
    clock.shift(180 * 86_400_000 + 1000)
    assert services.forget_removed() == 1
    assert not bytes(Withheld.objects.get().body)
    assert not RemovedMessage.objects.exists()
    assert findings(tmp_path) == []
    receipt = client_of(alice).get(f"/api/v1/ledger/messages/{key}/receipt").json()
    assert receipt["opening"]
    # Taken back later, it leaves no strike; what is gone is gone, and the chat says what happened.
    decisions.lift(actor_id=mo.pk, sanction_id=row.pk, why="We were wrong.")
    events.drain()
    assert listed(alice, conversation)[key]["removed"]["reason"] == "Harassment"
    assert moderation.strikes_of(bob.pk) == 0
    assert findings(tmp_path) == []


def test_with_the_account_of_the_author_everything_goes(
    alice: User, bob: User, mo: User, conversation: Conversation, tmp_path: Path
) -> None:
    key = spoken(conversation, alice, bob)
    seal(tmp_path)
    remove(mo, take(mo, of_messages(alice, bob, key).case), key)
    leave(bob, tmp_path)
    assert not any(model._default_manager.exists() for model in (Withheld, RemovedMessage, Sanction))
    assert list(RemovalRow.objects.values_list("words", "salt")) == [(None, None)]
    assert findings(tmp_path) == []
    shown = listed(alice, conversation)[key]
    assert (shown["erased"], shown["removed"]) == (True, None)


def test_the_page_shows_what_both_read_and_removes(
    alice: User, bob: User, mo: User, conversation: Conversation
) -> None:
    key = spoken(conversation, alice, bob)
    case = take(mo, of_messages(alice, bob, key).case)
    client, address = client_of(mo), f"{HOME}/{case.pk}/remove-messages"
    assert "Remove a message" in client.get(f"{HOME}/{case.pk}").content.decode()
    said = {"messages": [str(key)], "reason": "harassment", "words": "That is a threat.", "answer": "Thanks!"}
    preview = client.post(address, said | {"do": "preview"}).content.decode()
    assert TOLD in preview
    assert "Removed: a message that you wrote." in preview
    assert not Sanction.objects.exists()
    chosen: tuple[list[str], ...] = ([], [str(uuid7())], ["x"])
    for wrong in (*({"messages": each} for each in chosen), {"reason": "x"}, {"words": ""}):
        answer = client.post(address, said | wrong | {"do": "decide"})
        assert answer.status_code == 422, wrong
        assert "Thanks!" in answer.content.decode(), "what was typed is kept"
    vi = staff(Level.MODERATOR, handle="vi")
    late = client_of(vi).post(address, said | {"do": "decide"})
    assert late.status_code == 422
    assert "You do not hold this case" in late.content.decode()
    with pytest.raises(CaseHeld):
        take(vi, case)
    for who in (alice, bob, staff(Level.FINANCE, handle="fay")):
        assert client_of(who).post(address, said | {"do": "decide"}).status_code == 404
    assert client.get(address).status_code == 405
    assert client.post(address, said | {"do": "decide"}).status_code == 302
    page = client.get(f"{HOME}/{case.pk}").content.decode()
    assert UGLY in page, "the case keeps what it was about"
    assert "removed since" in page
    # Somebody else had it open meanwhile, and reads that it is decided.
    late = client.post(address, said | {"do": "decide"})
    assert late.status_code == 422
    assert Withheld.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_removing_twice_and_dismissing_at_once_one_counts() -> None:
    mo, alice, bob = staff(Level.MODERATOR, handle="mo"), trader("alice"), trader("bob")
    key = say(chat(alice, bob), bob, UGLY).message
    case = take(mo, of_messages(alice, bob, key).case)
    done = race(
        lambda: remove(mo, case, key),
        lambda: services.dismiss(actor_id=mo.pk, case_id=case.pk),
        lambda: remove(mo, case, key),
    )
    assert len(done) == 1
    is_removed = int(Case.objects.get().outcome == "removed")
    assert Withheld.objects.count() == RemovalRow.objects.count() == Sanction.objects.count() == is_removed


@pytest.mark.django_db(transaction=True)
def test_a_message_of_two_decisions_at_once_is_removed_once() -> None:
    bob = trader("bob")
    key = say(chat(trader("alice"), bob), bob, UGLY).message
    done = race(*[lambda: messaging.withhold(message_ids=[key], sender_id=bob.pk, why="Spam") or True] * 4)
    assert len(done) == 1
    assert Withheld.objects.count() == RemovalRow.objects.count() == 1
