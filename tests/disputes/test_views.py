"""The pages and the API of claims: who finds them, what bad input does, how many statements they cost."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.disputes import services
from beyou.disputes.models import Claim, Evidence
from beyou.disputes.rules import Reason
from beyou.orders.models import SubOrder
from beyou.users.models import User
from tests.disputes.rows import bare_claim
from tests.disputes.world import bought, check_books, claim, clerk, contested, held, trader
from tests.factories import members
from tests.factories.pictures import picture
from tests.messaging.world import chat, say
from tests.orders.world import bare_order

pytestmark = pytest.mark.django_db

STAFF = "/behind-the-hedge"


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def part(alice: User, bob: User) -> SubOrder:
    return bought(alice, bob)


def page(who: User) -> Client:
    return members.client_of(who)


def staff_path(path: str) -> str:
    from django.conf import settings

    return f"/{settings.STAFF_PREFIX}/claims{path}"


def test_a_buyer_reports_a_problem_with_pictures_and_keeps_what_was_typed(bob: User, part: SubOrder) -> None:
    client, path = page(bob), f"/orders/parts/{part.number}/claim"
    assert b"What is wrong?" in client.get(path).content
    for body in ({}, {"reason": "x", "text": "Hi"}, {"reason": "damaged", "text": ""}, {"text": "\0"}):
        assert client.post(path, body).status_code == 422
    bad = client.post(path, {"reason": "damaged", "text": "It is torn.", "pictures": _file(b"<html>")})
    assert bad.status_code == 422
    assert b"It is torn." in bad.content
    assert not Claim.objects.exists()
    good = client.post(path, {"reason": "damaged", "text": "It is torn.", "pictures": _file(picture())})
    made = Claim.objects.get()
    assert (good.status_code, good["Location"]) == (302, f"/claims/{made.pk}")
    shown = client.get(f"/claims/{made.pk}")
    assert b"It is torn." in shown.content
    assert client.get(path)["Location"] == f"/claims/{made.pk}"
    assert client.post(path, {"reason": "damaged", "text": "Again"})["Location"] == f"/claims/{made.pk}"


def _file(data: bytes) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("picture.jpg", data, "image/jpeg")


def test_pictures_go_to_the_two_and_to_finance_staff_alone(alice: User, bob: User, part: SubOrder) -> None:
    made = services.claim(buyer_id=bob.pk, number=part.number, reason=Reason.DAMAGED, text="Torn",
                          pictures=[picture()])  # fmt: skip
    key = Evidence.objects.get().pk
    path = f"/claims/{made.pk}/pictures/{key}"
    for who in (alice, bob):
        answer = page(who).get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "no-store"
    fay = clerk("fay")
    for who in (trader("charlie"), fay, members.staff(handle="chief")):
        assert page(who).get(path).status_code == 404
    other = bare_claim(bare_order(bob, alice))
    assert page(bob).get(f"/claims/{other.pk}/pictures/{key}").status_code == 404
    assert page(fay).get(staff_path(f"/{made.pk}/pictures/{key}")).status_code == 200
    assert AuditRecord.objects.filter(act="disputes.picture_viewed", actor_id=fay.pk).count() == 1


def test_the_sides_talk_offer_and_agree_on_pages(alice: User, bob: User, part: SubOrder) -> None:
    made = claim(part)
    hers, his, path = page(alice), page(bob), f"/claims/{made.pk}"
    assert b"Your answer" in hers.get(path).content
    for amount in ("", "abc", "0", "-1", "28.50", "1e9", "9" * 29):
        answer = hers.post(f"{path}/offer", {"amount": amount, "text": "Kept words"})
        assert answer.status_code == 422
        assert b"Kept words" in answer.content
    assert hers.post(f"{path}/offer", {"amount": "5,00", "text": "Sorry"}).status_code == 302
    assert b"5.00" in his.get(path).content
    assert his.post(f"{path}/agree", {"seen": "499"}).status_code == 422
    assert his.post(f"{path}/agree", {"seen": "x"}).status_code == 422
    assert his.post(f"{path}/agree", {"seen": "500"}).status_code == 302
    assert his.post(f"{path}/agree", {"seen": "500"}).status_code == 422
    check_books()
    for step in ("accept", "offer", "contest", "say", "withdraw", "decline"):
        assert page(trader(f"x_{step}")).post(f"{path}/{step}", {"text": "Hi"}).status_code == 404


def test_the_part_that_refreshes_says_that_something_changed(alice: User, bob: User, part: SubOrder) -> None:
    made = claim(part)
    client, path = page(bob), f"/claims/{made.pk}?seen=open"
    assert b"Something changed" not in client.get(path, headers={"HX-Request": "true"}).content
    services.offer(seller_id=alice.pk, claim_id=made.pk, amount_minor=500)
    assert b"Something changed" in client.get(path, headers={"HX-Request": "true"}).content


def test_messages_are_chosen_on_a_page(alice: User, bob: User, part: SubOrder) -> None:
    made = claim(part)
    client, path = page(bob), f"/claims/{made.pk}/messages"
    assert b"never wrote" in client.get(path).content
    said = say(chat(alice, bob), alice, "Pure <brass>")
    assert b"Pure &lt;brass&gt;" in client.get(path).content
    for body in ({}, {"message": "x"}, {"message": str(made.pk)[:-1]}):
        assert client.post(path, body).status_code == 422
    assert client.post(path, {"message": str(made.pk)}).status_code == 422
    bad = {"message": str(said.message), f"opening-{said.message}": "é.é"}
    assert client.post(path, bad).status_code == 422
    assert client.get(f"{path}?before=x").status_code == 422
    assert client.post(path, {"message": str(said.message)}).status_code == 302
    assert b"Pure &lt;brass&gt;" in page(alice).get(f"/claims/{made.pk}").content
    assert page(trader("charlie")).get(path).status_code == 404


def test_staff_hold_and_decide_on_their_pages(alice: User, bob: User, part: SubOrder) -> None:
    made, fay = contested(part), clerk("fay")
    client = page(fay)
    assert b"1 claim waits" in client.get(staff_path("")).content
    assert b"It is made of tin." in client.get(staff_path(f"/{made.pk}")).content
    assert AuditRecord.objects.filter(act="disputes.case_viewed", actor_id=fay.pk).count() == 1
    body = {"amount": "12.00", "text": "The picture shows tin."}
    refused = client.post(staff_path(f"/{made.pk}/decide"), body)
    assert refused.status_code == 422
    assert client.post(staff_path(f"/{made.pk}/hold")).status_code == 302
    for amount in ("", "x", "-1", "99.00"):
        wrong = client.post(staff_path(f"/{made.pk}/decide"), body | {"amount": amount})
        assert wrong.status_code == 422
        assert b"The picture shows tin." in wrong.content
    assert client.post(staff_path(f"/{made.pk}/decide"), body).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.refund_minor) == ("decided", 1200)
    for who in (alice, bob):
        read = page(who).get(f"/claims/{made.pk}").content
        assert b"The picture shows tin." in read
        assert b"fay" not in read.lower(), "members do not read who of the staff it was"
    assert b"decided" in client.get(staff_path("/settled")).content.lower()
    check_books()


def test_staff_do_not_find_their_own_case(alice: User) -> None:
    fay = clerk("fay")
    from beyou.users.services import mark_verified

    mark_verified(member_id=fay.pk)
    made = contested(bought(alice, fay))
    client = page(fay)
    for path in (f"/{made.pk}", f"/{made.pk}/pictures/{made.pk}"):
        assert client.get(staff_path(path)).status_code == 404
    for path in (f"/{made.pk}/hold", f"/{made.pk}/decide", f"/{made.pk}/release"):
        assert client.post(staff_path(path), {"amount": "1", "text": "Me"}).status_code == 404


def test_lists_cost_the_same_for_two_and_for_twenty(alice: User, bob: User) -> None:
    fay = clerk("fay")
    paths = [(page(bob), "/claims"), (page(fay), staff_path("")), (page(fay), staff_path("/settled")),
             (page(bob), "/api/v1/claims")]  # fmt: skip
    for state, count in (("review", 2), ("decided", 2)):
        _many(alice, bob, state, count)
    before = [_statements(client, path) for client, path in paths]
    for state, count in (("review", 18), ("decided", 18)):
        _many(alice, bob, state, count)
    assert [_statements(client, path) for client, path in paths] == before


def _many(seller: User, buyer: User, state: str, count: int) -> None:
    for _ in range(count):
        made = bare_claim(bare_order(buyer, seller), state=state, review_at="2026-01-01T00:00:00Z")
        if state == "decided":
            Claim.objects.filter(pk=made.pk).update(open_of=None, refund_minor=0, ended_at=made.created_at)


def _statements(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_a_claim_costs_the_same_however_much_is_in_it(alice: User, bob: User, part: SubOrder) -> None:
    made, conversation = claim(part), chat(alice, bob)
    client, path = page(bob), f"/claims/{made.pk}"
    keys: list[UUID] = [say(conversation, alice, str(number)).message for number in range(12)]
    services.quote(member_id=bob.pk, claim_id=made.pk, message_ids=keys[:1], openings={})
    before = _statements(client, path)
    for key in keys[1:]:
        services.quote(member_id=bob.pk, claim_id=made.pk, message_ids=[key], openings={})
    assert _statements(client, path) == before


def _post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def test_the_api_does_what_the_pages_do(alice: User, bob: User, part: SubOrder) -> None:
    hers, his = page(alice), page(bob)
    torn = {"reason": "damaged", "text": "Torn"}
    for bad in ({"reason": "x"}, {"text": ""}, {"text": "x" * 2001}, {"text": 1}, {"more": 1}):
        body = torn | bad
        assert _post(his, f"orders/parts/{part.number}/claim", body).status_code == 422
    made = _post(his, f"orders/parts/{part.number}/claim", {"reason": "damaged", "text": "Torn"})
    assert (made.status_code, made.json()["steps"]) == (201, ["say", "withdraw"])
    key = made.json()["id"]
    again = _post(his, f"orders/parts/{part.number}/claim", {"reason": "damaged", "text": "Torn"})
    assert (again.status_code, again.json()["code"]) == (409, "cannot_claim")
    assert _post(hers, f"claims/{key}/offer", {"amount_minor": 2850}).status_code == 422
    assert _post(hers, f"claims/{key}/offer", {"amount_minor": 700}).json()["offer_minor"] == 700
    said = say(chat(alice, bob), alice, "Pure brass")
    assert _post(his, f"claims/{key}/messages", {"messages": [{"id": str(said.message)}]}).status_code == 200
    assert his.post(f"/api/v1/claims/{key}/pictures", {"picture": _file(picture())}).status_code == 200
    assert his.post(f"/api/v1/claims/{key}/pictures", {}).status_code == 415
    settled = _post(his, f"claims/{key}/agree", {"offer_minor": 700}).json()
    assert (settled["state"], settled["refund_minor"], settled["steps"]) == ("agreed", 700, [])
    history = his.get(f"/api/v1/claims/{key}").json()["history"]
    assert [line["what"] for line in history] == ["claim", "offer", "say", "say", "agree"]
    assert history[2]["messages"][0]["text"] == "Pure brass"
    assert _post(page(trader("charlie")), f"claims/{key}/say", {"text": "Hi"}).status_code == 404
    check_books()


@pytest.mark.parametrize("step", ["accept", "offer", "contest", "agree", "decline", "withdraw", "say"])
def test_nothing_happens_by_a_get(step: str, bob: User, part: SubOrder) -> None:
    made = claim(part)
    assert page(bob).get(f"/claims/{made.pk}/{step}").status_code == 405


def test_the_order_and_the_sale_lead_to_the_claim(alice: User, bob: User, part: SubOrder) -> None:
    there = f"/orders/parts/{part.number}/claim".encode()
    assert there in page(bob).get(f"/orders/{part.order.number}").content
    assert there not in page(alice).get(f"/selling/orders/{part.number}").content
    made = claim(part)
    assert there in page(bob).get(f"/orders/{part.order.number}").content
    assert there in page(alice).get(f"/selling/orders/{part.number}").content
    assert page(alice).get(there.decode())["Location"] == f"/claims/{made.pk}"
    held(contested(bought(alice, bob)), clerk("fay"))
