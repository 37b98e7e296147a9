"""The messaging API, as a client sees it."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.blocks.models import UserBlock
from beyou.core.ids import uuid7
from beyou.ledger import services as ledger
from beyou.ledger.sealer import Sealer
from beyou.messaging.models import Message
from beyou.messaging.rules import Draft, Envelope
from tests.factories import members
from tests.messaging.world import Browser, befriend, chat, say

pytestmark = pytest.mark.django_db

Ask = Callable[..., Any]


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json")


def get(client: Client, path: str, **query: Any) -> Any:
    return client.get(f"/api/v1{path}", query)


def wire(draft: Draft) -> dict[str, Any]:
    """A sealed draft as a browser posts it."""
    sealed = draft.content
    assert isinstance(sealed, Envelope)
    return {
        "id": str(draft.message),
        "header": b64encode(sealed.header).decode(),
        "body": b64encode(sealed.body).decode(),
        "signature": b64encode(sealed.signature).decode(),
        "wraps": [
            {"device": str(w.device), "key_id": w.key_id.hex(), "wrap": b64encode(w.wrap).decode()}
            for w in sealed.wraps
        ],
    }


def seal_ledger(folder: Path) -> None:
    sealer = Sealer(ledger.ledger_signer(), folder / "highwater", require_durable=False)
    while sealer.step():
        pass


def test_a_text_goes_out_and_comes_back() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    message = str(uuid7())
    path = f"/conversations/{conversation.id}/messages"
    sent = post(members.client_of(alice), path, {"id": message, "text": "Hello <b>Bob</b>\n"})
    assert sent.status_code == 201
    assert sent.json()["seq"] == 1
    again = post(members.client_of(alice), path, {"id": message, "text": "Hello <b>Bob</b>\n"})
    assert again.status_code == 200
    assert again.json() == sent.json()
    (item,) = get(members.client_of(bob), path).json()["items"]
    assert (item["id"], item["text"], item["mode"], item["sender"]) == (
        message,
        "Hello <b>Bob</b>\n",
        "standard",
        str(alice.pk),
    )


def test_a_sealed_message_comes_back_as_it_was_with_my_wrap_alone() -> None:
    alice, bob = Browser(members.alice()).publish(), Browser(members.bob()).publish()
    conversation = chat(alice.member, bob.member)
    sent = wire(alice.seal("Sealed", conversation.id, [bob]))
    path = f"/conversations/{conversation.id}/messages"
    assert post(members.client_of(alice.member), path, sent).status_code == 201
    (item,) = get(members.client_of(bob.member), path).json()["items"]
    assert {key: item[key] for key in ("id", "header", "body", "signature")} == {
        key: sent[key] for key in ("id", "header", "body", "signature")
    }
    assert [wrap["device"] for wrap in item["wraps"]] == [str(bob.key_set)]
    assert (item["mode"], item["text"], item["damaged"]) == ("end_to_end", None, False)


def test_the_roster_tells_what_sealing_needs() -> None:
    alice, bob = Browser(members.alice()).publish(), Browser(members.bob()).publish()
    conversation = chat(alice.member, bob.member)
    client, path = members.client_of(alice.member), f"/conversations/{conversation.id}/roster"
    before = get(client, path, device=str(alice.device)).json()
    assert before["mine"] == {"device": str(alice.device), "counter": 0, "prev": "00" * 32}
    assert {entry["user"] for entry in before["entries"]} == {str(alice.member.pk), str(bob.member.pk)}
    draft = alice.seal("One", conversation.id, [bob])
    post(client, f"/conversations/{conversation.id}/messages", wire(draft))
    alice.accepted(draft)
    after = get(client, path, device=str(alice.device)).json()
    counter, prev = alice.chain[conversation.id]
    assert after["mine"] == {"device": str(alice.device), "counter": counter, "prev": prev.hex()}
    assert get(client, path, device=str(bob.device)).json()["mine"] is None
    Browser(bob.member, generation=2).publish()
    renewed = get(client, path).json()
    assert renewed["version"] == before["version"] + 1
    assert [key["user"] for key in renewed["retired"]] == [str(bob.member.pk)]


def test_starting_a_conversation() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    client = members.client_of(alice)

    def start(member: UUID) -> Any:
        return post(client, "/conversations", {"member": str(member)})

    assert (start(bob.pk).status_code, start(bob.pk).json()["code"]) == (403, "not_friends")
    assert start(uuid4()).status_code == start(alice.pk).status_code == 404
    befriend(alice, bob)
    new = start(bob.pk)
    assert (new.status_code, start(bob.pk).status_code) == (201, 200)
    assert new.json()["peer"] == {
        "id": str(bob.pk),
        "handle": "bob",
        "name": "Bob Birch",
        "picture": None,
        "is_verified": False,
        "gone": False,
    }
    UserBlock.objects.create(blocker=bob, blocked=alice)
    assert start(bob.pk).json() == start(uuid4()).json()
    befriend(alice, charlie)
    charlie.is_active = False
    charlie.save()
    assert start(charlie.pk).json() == start(uuid4()).json()


@pytest.mark.parametrize("blocker", ["alice", "bob"])
def test_a_block_stops_messages_in_both_directions_and_hides_the_chat(blocker: str) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, bob, "Before")
    pair = (alice, bob) if blocker == "alice" else (bob, alice)
    UserBlock.objects.create(blocker=pair[0], blocked=pair[1])
    for one in (alice, bob):
        client = members.client_of(one)
        refused = post(
            client, f"/conversations/{conversation.id}/messages", {"id": str(uuid7()), "text": "Hello"}
        )
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert get(client, "/conversations").json()["items"] == []
        assert get(client, f"/conversations/{conversation.id}").status_code == 404
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "part", "body"),
    [
        ("get", "", None),
        ("get", "/roster", None),
        ("get", "/messages", None),
        ("get", "/proofs", None),
        ("post", "/messages", {"id": str(uuid7()), "text": "Let me in"}),
        ("post", "/receipts", {"read": 1}),
    ],
)
def test_a_stranger_sees_what_a_missing_conversation_shows(method: str, part: str, body: Any) -> None:
    conversation = chat(members.alice(), members.bob())
    client = members.client_of(members.charlie())
    answers = []
    for key in (conversation.id, uuid7()):
        path = f"/conversations/{key}{part}"
        answers.append(get(client, path) if method == "get" else post(client, path, body))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_a_stranger_gets_no_receipt(tmp_path: Path) -> None:
    alice, bob = members.alice(), members.bob()
    accepted = say(chat(alice, bob), alice)
    seal_ledger(tmp_path)
    client = members.client_of(members.charlie())
    real = get(client, f"/ledger/messages/{accepted.message}/receipt")
    missing = get(client, f"/ledger/messages/{uuid7()}/receipt")
    assert real.status_code == missing.status_code == 404
    assert real.content == missing.content


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"id": "x", "text": "Hello"}, "invalid"),
        ({"text": "Hello"}, "invalid"),
        ({"id": str(uuid7())}, "invalid"),
        ({"id": str(uuid7()), "text": 5}, "invalid"),
        ({"id": str(uuid7()), "text": "\ud800"}, "invalid"),
        ({"id": str(uuid7()), "text": "Hello", "colour": "red"}, "unknown_field"),
        ({"id": str(uuid7()), "text": "Hello", "header": "AA=="}, "invalid"),
        ({"id": str(uuid7()), "header": "AA==", "body": "AA=="}, "invalid"),
        ({"id": str(uuid7()), "header": "AB==", "body": "", "signature": "", "wraps": []}, "invalid"),
        ({"id": str(uuid7()), "header": "A A=", "body": "", "signature": "", "wraps": []}, "invalid"),
        ({"id": str(uuid7()), "header": "", "body": "", "signature": "", "wraps": []}, "wrong_mode"),
        ({"id": str(uuid4()), "text": "Hello"}, "bad_envelope"),
        ({"id": str(uuid7()), "text": " "}, "empty"),
        ({"id": str(uuid7()), "text": "x" * 65_537}, "too_long"),
    ],
)
def test_bad_drafts_get_a_problem_with_a_code(body: Any, code: str) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    answer = post(members.client_of(alice), f"/conversations/{conversation.id}/messages", body)
    assert 400 <= answer.status_code < 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert not Message.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000])
def test_bytes_that_are_no_json_get_a_problem_with_a_code(body: bytes) -> None:
    alice, bob = members.alice(), members.bob()
    address = f"/api/v1/conversations/{chat(alice, bob).id}/messages"
    answer = members.client_of(alice).post(address, body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "bad_request"


def test_a_form_instead_of_json_gets_a_problem_with_a_code() -> None:
    alice, bob = members.alice(), members.bob()
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    client.get("/home")
    # The CSRF check then looks into the form before the API looks for JSON.
    token = {"X-CSRFToken": client.cookies[settings.CSRF_COOKIE_NAME].value}
    address = f"/api/v1/conversations/{chat(alice, bob).id}/messages"
    answer = client.post(address, {"text": "Hi"}, headers=token)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"


def test_a_write_from_another_page_gets_a_problem_with_a_code() -> None:
    alice, bob = members.alice(), members.bob()
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = post(
        client, f"/conversations/{chat(alice, bob).id}/messages", {"id": str(uuid7()), "text": "Hi"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert not Message.objects.exists()


def test_who_sends_faster_than_a_person_is_stopped(settings: Any) -> None:

    from beyou.core import limits

    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    client, before = members.client_of(alice), limits.POLICIES["messages.member"]
    limits.POLICIES["messages.member"] = limits.lenient("3/minute")
    try:
        answers = [
            post(client, f"/conversations/{conversation.id}/messages", {"id": str(uuid7()), "text": "Hi"})
            for _ in range(4)
        ]
    finally:
        limits.POLICIES["messages.member"] = before
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert int(answers[-1]["Retry-After"]) >= 1


def test_pages_of_messages_have_no_gap_and_no_repeat() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for number in range(1, 24):
        say(conversation, alice if number % 2 else bob, f"Text {number}")
    client, path = members.client_of(bob), f"/conversations/{conversation.id}/messages"
    forward, after = [], 0
    while after is not None:
        page = get(client, path, after=after, limit=10).json()
        forward += [item["seq"] for item in page["items"]]
        after = page["next"]
    assert forward == list(range(1, 24))
    backward, query = [], {}
    while query is not None:
        page = get(client, path, limit=10, **query).json()
        assert [item["seq"] for item in page["items"]] == sorted(item["seq"] for item in page["items"])
        backward = [item["seq"] for item in page["items"]] + backward
        query = {"before": page["next"]} if page["next"] is not None else None
    assert backward == list(range(1, 24))


@pytest.mark.parametrize(
    "query", ["?after=1&before=2", "?limit=0", "?limit=101", "?after=-1", "?after=x", "?before=9" + "9" * 30]
)
def test_a_page_that_cannot_be_is_refused(query: str) -> None:
    conversation = chat(alice := members.alice(), members.bob())
    answer = members.client_of(alice).get(f"/api/v1/conversations/{conversation.id}/messages{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_receipts_move_forwards_only_and_never_beyond_the_end() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for _ in range(5):
        say(conversation, alice)
    client, path = members.client_of(bob), f"/conversations/{conversation.id}/receipts"
    assert post(client, path, {"delivered": 4, "read": 2}).json() == {"delivered": 4, "read": 2}
    assert post(client, path, {"delivered": 1, "read": 1}).json() == {"delivered": 4, "read": 2}
    assert post(client, path, {"read": 10**12}).json() == {"delivered": 5, "read": 5}
    seen = get(members.client_of(alice), f"/conversations/{conversation.id}").json()
    assert (seen["peer_delivered"], seen["peer_read"], seen["unread"]) == (5, 5, 0)


def test_proofs_name_every_message_once(tmp_path: Path) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    sealed = [say(conversation, alice, f"Text {number}") for number in range(3)]
    seal_ledger(tmp_path)
    late = say(conversation, bob, "Not yet")
    client = members.client_of(bob)
    answer = get(client, f"/conversations/{conversation.id}/proofs").json()
    assert [item["seq"] for item in answer["items"]] == [each.seq for each in sealed]
    assert (answer["pending"], answer["missing"]) == ([late.seq], [])
    receipt = get(client, f"/ledger/messages/{sealed[0].message}/receipt")
    assert receipt.json()["message"] == str(sealed[0].message)
    text = get(client, f"/ledger/messages/{sealed[0].message}/receipt", format="tlog-proof")
    assert text.content.startswith(b"c2sp.org/tlog-proof@v1")
    pending = get(client, f"/ledger/messages/{late.message}/receipt")
    assert (pending.status_code, pending.json()["code"]) == (409, "not_sealed")


def test_an_altered_row_is_shown_as_damaged() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    accepted = say(conversation, alice, "The truth")
    row = Message.objects.get(id=accepted.message)
    body = bytes(row.body)
    Message.objects.filter(id=row.id).update(body=body[:-1] + bytes([body[-1] ^ 1]))
    (item,) = get(members.client_of(bob), f"/conversations/{conversation.id}/messages").json()["items"]
    assert (item["damaged"], item["text"], item["body"]) == (True, None, "")


@pytest.mark.parametrize("kind", ["messages", "conversations", "proofs", "roster"])
def test_lists_take_the_same_number_of_statements_for_any_length(kind: str, tmp_path: Path) -> None:
    alice = Browser(members.alice()).publish()
    client = members.client_of(alice.member)
    counts = []
    for size in (2, 20):
        bob = Browser(members.member(f"bob_{size}")).publish()
        conversation = chat(alice.member, bob.member)
        for _ in range(size):
            draft = alice.seal("Hello", conversation.id, [bob])
            post(client, f"/conversations/{conversation.id}/messages", wire(draft))
            alice.accepted(draft)
        if kind == "conversations":
            for number in range(size):
                chat(alice.member, members.member(f"friend_{size}_{number}"))
        seal_ledger(tmp_path)
        path = "/conversations" if kind == "conversations" else f"/conversations/{conversation.id}/{kind}"
        with CaptureQueriesContext(connection) as captured:
            assert get(client, path).status_code == 200
        counts.append(len(captured))
    # Two of each are the session and the member.
    assert counts == [{"messages": 5, "conversations": 4, "proofs": 10, "roster": 5}[kind]] * 2


def test_nobody_is_let_in_without_a_session() -> None:
    conversation = chat(members.alice(), members.bob())
    visitor = members.visitor()
    for path in ("/me", "/conversations", f"/conversations/{conversation.id}/messages"):
        answer = get(visitor, path)
        assert answer.status_code == 401
