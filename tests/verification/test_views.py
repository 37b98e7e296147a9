"""The member's pages and the review queue, as browsers and attackers meet them."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from beyou.audit.models import AuditRecord
from beyou.config.api import ROUTERS
from beyou.media.models import MediaFile
from beyou.users.models import PendingRename, User
from beyou.users.rules import Level
from beyou.users.services import mark_unverified, mark_verified
from beyou.verification import queries, services
from beyou.verification.models import VerificationRequest
from beyou.verification.rules import State, Why
from tests.architecture.routes import ROUTES, Access
from tests.factories import members
from tests.factories.documents import REASON, picture, request_of
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db

QUEUE = f"/{settings.STAFF_PREFIX}/queue"


def _upload(data: bytes | None = None, name: str = "id.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if data is None else data, "image/jpeg")


def _verifier(handle: str = "vera") -> User:
    return members.staff(Level.VERIFIER, handle=handle)


def test_an_empty_form_is_refused_with_what_to_do() -> None:
    page = client_of(members.alice()).post("/verify", {})
    text = page.content.decode()
    assert page.status_code == 422
    assert "<title>Error: " in text
    assert "Say in a sentence why" in text
    assert "Choose a picture" in text


def test_a_bad_picture_keeps_the_words() -> None:
    alice = members.alice()
    page = client_of(alice).post("/verify", {"reason": "I sell lamps", "image": _upload(b"%PDF-1.7")})
    assert page.status_code == 422
    assert "I sell lamps" in page.content.decode()
    assert not VerificationRequest.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"reason": "x", "image": ""},
        {"reason": "x", "image": "text instead of a file"},
        {"reason": "", "image": _upload(b"")},
        {"reason": "x", "image": _upload(b"")},
        {"reason": "x\x00", "image": _upload(b"GIF89a")},
        {"reason": "x" * 10_000, "image": _upload(b"\xff\xd8\xff")},
        {"reason": ["a", "b"], "image": [_upload(b"<svg/>"), _upload(b"")]},
        {"reason": "x", "image": _upload(b"<svg onload=alert(1)>", "../../etc/passwd")},
        {"reason": "x", "image": _upload(b"A" * (9 * 1024 * 1024))},
    ],
)
def test_hostile_uploads_change_nothing(sent: dict[str, Any]) -> None:
    page = client_of(members.alice()).post("/verify", sent)
    assert page.status_code == 422
    assert "There is a problem" in page.content.decode()
    assert not MediaFile.objects.exists()


def test_a_member_asks_follows_and_takes_back() -> None:
    alice = members.alice()
    client = client_of(alice)
    assert client.post("/verify", {"reason": REASON, "image": _upload()}).status_code == 302
    waiting = client.get("/verify").content.decode()
    assert "Your request waits" in waiting
    assert "We cannot say yet" in waiting
    again = client.post("/verify", {"reason": REASON, "image": _upload()})
    assert again.status_code == 422
    assert VerificationRequest.objects.count() == 1
    assert client.post("/verify/withdraw").status_code == 302
    assert "took your last request back" in client.get("/verify").content.decode()
    assert client.post("/verify/withdraw").status_code == 409


def test_a_rejected_member_is_asked_only_for_what_is_missing() -> None:
    alice, vera = members.alice(), _verifier()
    request = request_of(alice)
    ids = {"request_id": request.pk, "reviewer_id": vera.pk}
    services.claim(**ids)
    services.reject(**ids, why=Why.UNREADABLE, note="Use daylight & <b>calm</b>.")
    client = client_of(alice)
    page = client.get("/verify").content.decode()
    assert "too blurred" in page
    assert "&lt;b&gt;calm" in page
    assert 'name="image"' in page
    assert 'name="reason"' not in page
    assert client.post("/verify", {"image": _upload()}).status_code == 302
    assert VerificationRequest.objects.get().state == State.PENDING


def test_the_expected_time_is_the_median_of_real_decisions() -> None:
    vera = _verifier()
    for person in members.members(3):
        request = request_of(person)
        services.claim(request_id=request.pk, reviewer_id=vera.pk)
        services.approve(request_id=request.pk, reviewer_id=vera.pk)
    alice = members.alice()
    request_of(alice)
    assert "took about 1 minute" in client_of(alice).get("/verify").content.decode()


def _review(client: Client, request: VerificationRequest, step: str, **sent: Any) -> Any:
    return client.post(f"{QUEUE}/{request.pk}/{step}", sent)


def test_a_reviewer_goes_through_the_queue_without_scripts() -> None:
    alice, bob, vera = members.alice(), members.bob(), _verifier()
    first, second = request_of(alice), request_of(bob)
    client = client_of(vera)
    page = client.get(QUEUE).content.decode()
    assert page.index(str(first.pk)) < page.index(str(second.pk))
    closed = client.get(f"{QUEUE}/{first.pk}").content.decode()
    assert "Claim the request to see" in closed
    assert "/document" not in closed
    assert _review(client, first, "claim").status_code == 302
    opened = client.get(f"{QUEUE}/{first.pk}").content.decode()
    assert REASON in opened
    assert f"{QUEUE}/{first.pk}/document" in opened
    done = _review(client, first, "approve")
    assert done["Location"] == f"{QUEUE}/{second.pk}"
    assert queries.is_verified(alice.pk)
    assert "Undo" in client.get(done["Location"]).content.decode()
    assert _review(client, first, "undo").status_code == 302
    assert not queries.is_verified(alice.pk)


def test_the_document_is_served_sandboxed_and_to_its_claimer_alone() -> None:
    alice, vera = members.alice(), _verifier()
    request = request_of(alice)
    address = f"{QUEUE}/{request.pk}/document"
    client = client_of(vera)
    assert client.get(address).status_code == 409
    _review(client, request, "claim")
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert AuditRecord.objects.filter(act="verification.document_viewed", actor_id=vera.pk).count() == 1
    for other in (
        alice,
        members.bob(),
        members.staff(Level.MODERATOR, handle="mod"),
        members.staff(Level.AUDITOR, handle="aud"),
    ):
        assert client_of(other).get(address).status_code == 404
    assert members.visitor().get(address).status_code == 302
    assert client_of(members.staff(handle="boss")).get(address).status_code == 409
    assert AuditRecord.objects.filter(act="verification.document_viewed").count() == 1


def test_no_address_of_media_leads_to_a_document() -> None:
    alice = members.alice()
    request_of(alice)
    file = MediaFile.objects.get()
    client = client_of(alice)
    for address in (
        f"/media/{file.name}",
        f"/media/{file.pk}",
        f"/pictures/{file.pk}",
        f"/static/{file.name}",
    ):
        assert client.get(address).status_code == 404
        # Visitors are asked to sign in before a picture is even looked for.
        expected = 302 if address.startswith("/pictures/") else 404
        assert members.visitor().get(address).status_code == expected


def test_a_verifier_does_not_even_find_their_own_request() -> None:
    vera = _verifier()
    request = request_of(vera)
    client = client_of(vera)
    assert str(request.pk) not in client.get(QUEUE).content.decode()
    for step in ("claim", "renew", "release", "approve", "undo", "reject", "ask"):
        assert _review(client, request, step, why="expired", parts="image", note="x").status_code == 404
    assert client.get(f"{QUEUE}/{request.pk}").status_code == 404


def test_a_refused_decision_keeps_what_was_typed() -> None:
    request = request_of(members.alice())
    client = client_of(_verifier())
    _review(client, request, "claim")
    page = _review(client, request, "reject", why="other", note="")
    assert page.status_code == 422
    assert "Say what the reason is" in page.content.decode()
    page = _review(client, request, "ask", note="More light")
    assert page.status_code == 422
    assert "More light" in page.content.decode()
    for bad in (
        {"why": "emperor"},
        {"why": ""},
        {"why": "expired", "note": "x" * 9000},
        {"why": "other", "note": "\x00"},
    ):
        assert _review(client, request, "reject", **bad).status_code == 422
    assert VerificationRequest.objects.get().state == State.CLAIMED


def test_a_decision_after_the_claim_went_to_a_colleague_says_so() -> None:
    request = request_of(members.alice())
    vera, victor = client_of(_verifier()), client_of(_verifier("victor"))
    _review(vera, request, "claim")
    assert "@vera is looking at it" in victor.get(f"{QUEUE}/{request.pk}").content.decode()
    assert _review(victor, request, "claim").status_code == 409
    assert _review(victor, request, "reject", why="expired", note="").status_code == 422
    assert _review(vera, request, "renew").status_code == 204
    assert _review(vera, request, "release").status_code == 302
    assert _review(victor, request, "claim").status_code == 302


def test_the_forms_of_a_request_share_no_id() -> None:
    request = request_of(members.alice())
    client = client_of(_verifier())
    _review(client, request, "claim")
    for page in (
        client.get(f"{QUEUE}/{request.pk}"),
        _review(client, request, "ask", note="More light"),
        _review(client, request, "escalate", to="owner"),
    ):
        ids = re.findall(r'\sid="([^"]+)"', page.content.decode())
        assert len(ids) == len(set(ids))
        assert {"id_reject_note", "id_ask_note", "id_escalate_note"} <= set(ids)


def test_words_that_came_after_the_claim_went_to_a_colleague_are_still_there() -> None:
    request = request_of(members.alice())
    vera, victor = client_of(_verifier()), client_of(_verifier("victor"))
    _review(vera, request, "claim")
    late = _review(victor, request, "ask", parts="image", note="The date is <cut> off.")
    assert late.status_code == 422
    assert '<p class="wrap">The date is &lt;cut&gt; off.</p>' in late.content.decode()


def test_a_request_is_handed_on_to_an_owner_with_a_note() -> None:
    request = request_of(members.alice())
    vera, victor = client_of(_verifier()), client_of(_verifier("victor"))
    owner = client_of(members.staff(handle="owner_one"))
    _review(vera, request, "claim")
    for bad in (
        {"to": "owner"},
        {"to": "emperor", "note": "Look"},
        {"to": "owner", "note": "x" * 501},
        {"to": "owner", "note": "\x00"},
        {"to": ["owner", ""], "note": " "},
        {"note": "Who?"},
    ):
        refused = _review(vera, request, "escalate", **bad)
        assert refused.status_code == 422
        assert "There is a problem" in refused.content.decode()
    done = _review(vera, request, "escalate", to="owner", note="Is <this> a passport?")
    assert done["Location"] == QUEUE
    for client, badge, words in (
        (vera, "handed on", "You have handed it on."),
        (victor, "for an owner", "It waits for an owner."),
        (owner, "escalated", "Claim the request to see its document."),
    ):
        page = client.get(f"{QUEUE}/{request.pk}").content.decode()
        assert f">{badge}</span>" in page
        assert words in page
        assert "@vera handed it on</b>" in page
        assert "Is &lt;this&gt; a passport?" in page
    for client in (vera, victor):
        assert _review(client, request, "claim").status_code == 409
        assert _review(client, request, "approve").status_code == 409
        assert client.get(f"{QUEUE}/{request.pk}/document").status_code == 409
    assert _review(owner, request, "claim").status_code == 302
    assert _review(owner, request, "approve").status_code == 302
    assert queries.is_verified(request.member_id)
    record = AuditRecord.objects.get(act="verification.escalated")
    assert "passport" not in str(record.detail)
    history = owner.get(f"{QUEUE}/decided").content.decode()
    assert "<b>escalated</b>" in history


def test_an_owner_reads_why_nobody_reviews_them_and_finds_no_form() -> None:
    owner = client_of(members.staff(handle="owner_one"))
    page = owner.get("/verify").content.decode()
    assert "Nobody stands above an owner" in page
    assert 'type="file"' not in page
    assert "Nobody stands above an owner" not in client_of(_verifier()).get("/verify").content.decode()


def test_only_an_owner_revokes_and_the_badge_is_gone_everywhere_at_once() -> None:
    alice, bob, vera = members.alice(), members.bob(), _verifier()
    request = request_of(alice)
    services.claim(request_id=request.pk, reviewer_id=vera.pk)
    services.approve(request_id=request.pk, reviewer_id=vera.pk)
    reader, owner = client_of(bob), client_of(members.staff())
    assert 'class="icon verified"' in reader.get("/u/alice").content.decode()
    address = f"{QUEUE}/{request.pk}/revoke"
    assert client_of(vera).post(address, {"note": "Forged"}).status_code == 404
    assert "Revoke</a>" in owner.get(f"{QUEUE}/decided").content.decode()
    assert owner.post(address, {"note": ""}).status_code == 422
    assert owner.post(address, {"note": "Forged"}).status_code == 302
    assert 'class="icon verified"' not in reader.get("/u/alice").content.decode()
    assert reader.get("/api/v1/members/alice").json()["is_verified"] is False
    assert owner.post(address, {"note": "Again"}).status_code == 409


def test_renames_of_verified_members_are_decided_in_the_same_queue() -> None:
    alice, vera = members.alice(), _verifier()
    mark_verified(member_id=alice.pk)

    def wish(name: str) -> PendingRename:
        return PendingRename.objects.create(
            member=alice, open_of=alice, old_handle="alice", old_name=alice.name, handle="alice", name=name
        )

    client = client_of(vera)
    rename = wish("Alice Oak")
    assert str(rename.pk) in client.get(QUEUE).content.decode()
    address = f"{QUEUE}/renames/{rename.pk}"
    assert "Alice Oak" in client.get(address).content.decode()
    assert client.post(address, {"verdict": "refuse", "note": ""}).status_code == 422
    assert client.post(address, {"verdict": "grant"}).status_code == 302
    alice.refresh_from_db()
    assert alice.name == "Alice Oak"
    refused = wish("The Staff")
    sent = {"verdict": "refuse", "note": "That is not your name."}
    assert client.post(f"{QUEUE}/renames/{refused.pk}", sent).status_code == 302
    refused.refresh_from_db()
    assert (refused.state, refused.reason) == ("refused", "That is not your name.")
    assert client.get(f"{QUEUE}/renames/{uuid4()}").status_code == 404


def test_nobody_decides_their_own_rename_or_that_of_an_equal() -> None:
    vera, victor = _verifier(), _verifier("victor")
    rename = PendingRename.objects.create(
        member=vera, open_of=vera, old_handle="vera", old_name="Vera", handle="vera", name="Vera Vine"
    )
    for reviewer in (vera, victor):
        client = client_of(reviewer)
        assert str(rename.pk) not in client.get(QUEUE).content.decode()
        assert client.post(f"{QUEUE}/renames/{rename.pk}", {"verdict": "grant"}).status_code == 404


def test_the_lists_cost_the_same_for_two_and_twenty_rows(settings: Any) -> None:
    vera = _verifier()
    client, costs = client_of(vera), []
    for count in (2, 18):
        for number, person in enumerate(members.members(count, f"one{count}")):
            mark_unverified(member_id=person.pk)
            request = request_of(person)
            if number % 2:
                services.claim(request_id=request.pk, reviewer_id=vera.pk)
        for person in members.members(2 if count == 2 else 18, f"done{count}"):
            request = request_of(person)
            services.claim(request_id=request.pk, reviewer_id=vera.pk)
            services.approve(request_id=request.pk, reviewer_id=vera.pk)
        reader = client_of(members.member(f"reader{count}"))
        mark_verified(member_id=User.objects.get(handle=f"reader{count}").pk)
        for who, address in ((client, QUEUE), (client, f"{QUEUE}/decided"), (reader, "/verified/members")):
            who.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert who.get(address).status_code == 200
            costs.append(len(caught))
    assert costs[:3] == costs[3:]


def _gated() -> set[str]:
    """Every address whose view asks `verified_required`, pages and API alike."""
    from tests.architecture.routes import patterns

    found = set()
    for pattern in patterns():
        for entry in _views(pattern):
            if getattr(entry, "is_gated", False):
                found.add(pattern)
    for router in ROUTERS:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                if getattr(operation.view_func, "is_gated", False):
                    found.add("api/v1" + path.replace("{", "<").replace("}", ">"))
    return found


def _views(pattern: str) -> list[Any]:
    def walk(resolver: Any, prefix: str) -> list[Any]:
        found = []
        for entry in resolver.url_patterns:
            here = prefix + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                found += walk(entry, here)
            elif here == pattern:
                found.append(entry.callback)
        return found

    return walk(get_resolver(), "")


#: Open to be read, and gated where something new is made.
_HALF_GATED = "api/v1/offers"


def test_every_gated_address_is_declared_and_refuses_the_unverified() -> None:
    declared = {pattern for pattern, route in ROUTES.items() if route.access is Access.VERIFIED}
    assert _gated() == declared | {_HALF_GATED}
    # Whoever lost the badge still reads the offers of before.
    offer = {"variants": [str(uuid4())], "price_minor": 500}
    asked = client_of(members.charlie()).post(f"/{_HALF_GATED}", offer, content_type="application/json")
    assert (asked.status_code, asked.json()["code"]) == (403, "verification_required")
    # Those with parameters are asked by every role and method in tests/architecture/test_routes.py.
    declared = {each for each in declared if "<" not in each and "GET" in ROUTES[each].methods}
    assert len(declared) >= 4
    dana = members.dana()
    client = client_of(dana)
    for pattern in declared:
        response = client.get(f"/{pattern}")
        assert response.status_code == 403
        if pattern.startswith("api/"):
            assert response.json()["code"] == "verification_required"
        else:
            assert 'href="/verify"' in response.content.decode()
    mark_verified(member_id=dana.pk)
    for pattern in declared:
        response = client.get(f"/{pattern}")
        # Without a cart there is nothing to check out (302, 409); what is to be sold gets an address (302).
        assert response.status_code in (200, 302, 409)
    mark_unverified(member_id=dana.pk)
    for pattern in declared:
        assert client.get(f"/{pattern}").status_code == 403


def test_the_list_of_the_verified_respects_who_wants_to_be_found() -> None:
    alice, bob, charlie, dana = members.alice(), members.bob(), members.charlie(), members.dana()
    for person in (alice, bob, charlie):
        mark_verified(member_id=person.pk)
    User.objects.filter(pk=charlie.pk).update(found_by="friends_of_friends")
    items = client_of(alice).get("/api/v1/verified-members").json()["items"]
    assert [item["handle"] for item in items] == ["bob"]
    assert items[0]["is_verified"] is True
    assert dana.handle not in client_of(alice).get("/verified/members").content.decode()
