"""Leaving: hidden at once, back with one click, gone after a fortnight, and told so by mail."""

from pathlib import Path

import pytest
from django.core import mail

from beyou.audit.queries import records_about
from beyou.core.errors import NotFound
from beyou.friends import queries as friends
from beyou.messaging import queries as messaging
from beyou.messaging.models import Message
from beyou.messaging.queries import conversation_for
from beyou.privacy import services
from beyou.privacy.models import Erasure
from beyou.privacy.queries import erasure_of
from beyou.users import access_tokens, deletion
from beyou.users.errors import StaffMustStepDown
from beyou.users.models import User
from beyou.users.queries import listed_members
from tests.factories import members
from tests.factories.members import bearer, client_of
from tests.messaging.world import chat, refuse, say, text_draft
from tests.privacy.world import findings, leave, pass_days, seal, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: object) -> Path:
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    return tmp_path


def ask_to_leave(person: User) -> None:
    deletion.request_deletion(member_id=person.pk)
    person.refresh_from_db()


def test_who_asks_to_leave_is_hidden_at_once_from_everybody() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, alice)
    ask_to_leave(alice)
    assert alice not in listed_members()
    assert list(friends.friends_of(bob.pk)) == []
    assert friends.find_members(bob.pk, "alice") == []
    assert client_of(bob).get("/u/alice").status_code == 404
    assert client_of(bob).get(f"/chats/{conversation.id}").status_code == 200
    assert not conversation_for(bob.pk, conversation.id).is_open
    for sender in (alice, bob):
        assert refuse(text_draft(conversation, sender)) == "unavailable"


def test_the_page_wants_the_own_handle() -> None:
    alice = members.alice()
    client = client_of(alice)
    for typed in ("", "bob", "alice\u202e", "x" * 500, "al\0ice"):
        answer = client.post("/settings/data/leave", {"handle": typed})
        assert answer.status_code == 422
    alice.refresh_from_db()
    assert alice.deletion_due_at is None
    answer = client.post("/settings/data/leave", {"handle": " @Alice "})
    assert (answer.status_code, b"Goodbye for now" in answer.content) == (200, True)
    alice.refresh_from_db()
    assert alice.deletion_due_at is not None


def test_all_sessions_end_and_signing_in_offers_to_stay() -> None:
    alice = members.alice()
    here, elsewhere = client_of(alice), client_of(alice)
    here.post("/settings/data/leave", {"handle": "alice"})
    for client in (here, elsewhere):
        assert client.get("/home").headers["Location"].startswith("/sign-in")
    alice.refresh_from_db()
    back = client_of(alice)
    for page in ("/home", "/settings", "/settings/data", "/chats", "/friends"):
        assert back.get(page).headers["Location"] == "/leaving"
    assert back.get("/api/v1/me").status_code == 401
    assert b"Keep my account" in back.get("/leaving").content
    assert back.post("/leaving").headers["Location"] == "/home"
    assert back.get("/home").status_code == 200
    alice.refresh_from_db()
    assert (alice.deletion_due_at, alice in listed_members()) == (None, True)


def test_tokens_end_with_the_request_and_stay_so_and_the_owner_is_told() -> None:
    alice = members.alice()
    bob = members.bob()
    old, _ = members.token(alice)
    access_tokens.revoke_token(member_id=alice.pk, token_id=old.pk)
    pass_days(1)
    texts = [members.token(person)[1] for person in (alice, alice, bob)]

    def answers() -> list[int]:
        return [members.visitor().get("/api/v1/me", **bearer(text)).status_code for text in texts]

    assert answers() == [200, 200, 200]
    client = client_of(alice)
    assert b"Access tokens are revoked for good" in client.get("/settings/data/leave").content
    assert b"access tokens stay revoked" in client.post("/settings/data/leave", {"handle": "alice"}).content
    assert answers() == [401, 401, 200]
    alice.refresh_from_db()
    back = client_of(alice)
    assert b"Your 2 access tokens were revoked for good" in back.get("/leaving").content
    done = back.post("/leaving", follow=True)
    assert "Your access tokens stay revoked" in done.content.decode()
    assert answers() == [401, 401, 200]
    assert "Access tokens were revoked for good: 2" in back.get("/settings/log").content.decode()
    settle()
    letters = {str(letter.subject): " ".join(str(letter.body).split()) for letter in mail.outbox}
    assert "access tokens have ended" in letters["Your account at BeYou will be deleted"]
    assert "all access tokens stay revoked" in letters["You keep your account at BeYou"]


def test_who_had_no_token_is_told_of_none() -> None:
    alice = members.alice()
    client_of(alice).post("/settings/data/leave", {"handle": "alice"})
    alice.refresh_from_db()
    back = client_of(alice)
    assert b"access token" not in back.get("/leaving").content
    assert "Everything is as it was." in back.post("/leaving", follow=True).content.decode()
    assert "tokens were revoked" not in back.get("/settings/log").content.decode()


def test_the_page_of_leaving_is_for_nobody_else() -> None:
    assert client_of(members.bob()).get("/leaving").headers["Location"] == "/home"
    assert client_of(members.alice()).post("/leaving").headers["Location"] == "/home"
    assert members.visitor().post("/leaving").headers["Location"].startswith("/sign-in")


def test_after_the_fortnight_nobody_comes_back_even_before_the_job_ran() -> None:
    alice = members.alice()
    ask_to_leave(alice)
    pass_days(14.1)
    alice.refresh_from_db()
    assert client_of(alice).post("/leaving").status_code == 410
    assert not deletion.cancel_deletion(member_id=alice.pk)
    assert alice not in listed_members()


def test_nobody_is_erased_before_the_time_or_without_asking(folder: Path) -> None:
    alice, bob = members.alice(), members.bob()
    ask_to_leave(alice)
    pass_days(13.9)
    assert services.erase_due() == 0
    assert not deletion.erase_member(member_id=alice.pk)
    assert not deletion.erase_member(member_id=bob.pk)
    deletion.cancel_deletion(member_id=alice.pk)
    pass_days(30)
    assert services.erase_due() == 0


def test_asking_twice_does_not_move_the_day() -> None:
    alice = members.alice()
    first = deletion.request_deletion(member_id=alice.pk)
    pass_days(5)
    assert deletion.request_deletion(member_id=alice.pk) == first


def test_staff_step_down_first() -> None:
    with pytest.raises(StaffMustStepDown):
        deletion.request_deletion(member_id=members.staff().pk)


def test_mails_at_request_reminder_return_and_end(folder: Path) -> None:
    alice = members.alice()
    ask_to_leave(alice)
    settle()
    deletion.cancel_deletion(member_id=alice.pk)
    settle()
    ask_to_leave(alice)
    pass_days(11.5)
    for _ in range(2):
        deletion.remind_of_deletion()
    settle()
    pass_days(14.5)
    services.erase_due()
    settle()
    subjects = [each.subject for each in mail.outbox]
    assert [subject.split(" at ")[0] for subject in subjects] == [
        "Your account", "You keep your account", "Your account", "Your account", "Your account",
    ]  # fmt: skip
    assert "will be erased on" in subjects[3]
    assert "is erased" in subjects[4]
    assert {address for each in mail.outbox for address in each.to} == {"alice@example.org"}
    assert "What remains, and why" in mail.outbox[-1].body
    assert "Your sign-in log" not in mail.outbox[-1].body.split("What remains")[1]


def test_what_is_left_is_a_tombstone_and_a_report(folder: Path) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for text in ("My secret words", "More of them"):
        say(conversation, alice, text)
    kept = say(conversation, bob, "Bob's own words")
    leave(alice, folder)
    tombstone = User.objects.get(pk=alice.pk)
    assert (tombstone.name, tombstone.is_active, tombstone.has_usable_password()) == (
        "Deleted member",
        False,
        False,
    )
    assert tombstone.handle.startswith("deleted_")
    assert tombstone.email.endswith("@deleted.invalid")
    report = Erasure.objects.get()
    assert (report.member_id, report.state, bytes(report.address)) == (alice.pk, "done", b"")
    assert {"what": "Messages you wrote", "count": 2} in report.erased
    assert {each["what"] for each in report.kept} >= {"Your account", "The record of what staff did"}
    acts = [each.act for each in records_about(alice.pk)]
    assert acts == ["account.erased", "account.deletion_requested"]
    rows = {row.id: row for row in Message.objects.all()}
    assert [bytes(row.body) for row in rows.values() if row.sender_id == alice.pk] == [b"", b""]
    assert rows[kept.message].body
    assert findings(folder) == []
    page = client_of(bob).get(f"/chats/{conversation.id}").content.decode()
    assert page.count("Erased. Its author deleted their account.") == 2
    assert "Deleted member" in page
    assert "Bob&#x27;s own words" in page


def test_the_friend_gets_proofs_of_both(folder: Path) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    gone, kept = say(conversation, alice), say(conversation, bob)
    leave(alice, folder)
    client = client_of(bob)
    proofs = client.get(f"/api/v1/conversations/{conversation.id}/proofs?after=0&limit=10").json()
    assert [bool(item["erasure"]) for item in proofs["items"]] == [True, False]
    assert proofs["items"][0]["erasure"]["seal"]["index"] > proofs["items"][0]["index"]
    items = client.get(f"/api/v1/conversations/{conversation.id}/messages?after=0").json()["items"]
    assert [(item["erased"], item["text"], item["damaged"]) for item in items] == [
        (True, None, False), (False, "Hello", False),
    ]  # fmt: skip
    receipt = client.get(f"/api/v1/ledger/messages/{gone.message}/receipt")
    assert receipt.json()["format"] == "beyou/erasure-receipt/1"
    assert client.get(f"/api/v1/ledger/messages/{gone.message}/receipt?format=tlog-proof").status_code == 404
    assert client.get(f"/api/v1/ledger/messages/{kept.message}/receipt").json()["format"] == "beyou/receipt/1"
    about = client.get(f"/api/v1/conversations/{conversation.id}").json()
    assert (about["open"], about["peer"]["gone"]) == (False, True)


def test_the_handle_and_the_address_are_free_again(folder: Path) -> None:
    alice = members.alice()
    leave(alice, folder)
    again = members.alice()
    assert again.pk != alice.pk
    assert erasure_of(again.pk) is None


def test_nobody_may_look_like_a_tombstone() -> None:
    from beyou.users.rules import handle_problem

    assert handle_problem("deleted_1234")


def test_a_member_can_erase_and_another_stays_untouched(folder: Path) -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    other = chat(bob, charlie)
    say(other, bob, "Between bob and charlie")
    say(chat(alice, bob), alice)
    leave(alice, folder)
    assert conversation_for(bob.pk, other.id).is_open
    assert say(other, charlie).seq == 2
    assert list(friends.friends_of(bob.pk)) == [charlie]
    with pytest.raises(NotFound):
        friends.profile_for(bob.pk, "alice")
    assert messaging.direct_conversation(bob.pk, charlie.pk) is not None


def test_messages_that_are_not_sealed_yet_wait_for_their_seal(folder: Path) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, alice, "Sealed late")
    deletion.request_deletion(member_id=alice.pk)
    pass_days(15)
    services.erase_due()
    settle()
    assert Erasure.objects.get().state == "running"
    assert bytes(Message.objects.get().body)
    seal(folder)
    pass_days(15.1)
    settle()
    seal(folder)
    assert Erasure.objects.get().state == "done"
    assert not bytes(Message.objects.get().body)
    assert findings(folder) == []
