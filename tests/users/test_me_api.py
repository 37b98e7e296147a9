"""The API of one's own profile: typed, without surprises, and the same rules as the pages."""

from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from beyou.users import services
from beyou.users.models import User
from beyou.users.scopes import Scope
from tests.factories import members, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


def patch(client: Client, body: Any, **headers: str) -> Any:
    return client.patch("/api/v1/me", orjson.dumps(body), content_type="application/json", **headers)  # type: ignore[arg-type]


def test_what_others_see_and_the_choices_are_there_and_no_contact_data() -> None:
    alice = members.alice()
    services.set_phone(member_id=alice.pk, phone="+4930901820")
    me = members.client_of(alice).get("/api/v1/me")
    assert me.json() == {
        "id": str(alice.pk),
        "handle": "alice",
        "name": "Alice Ash",
        "bio": "",
        "accent": "iris",
        "picture": None,
        "is_verified": False,
        "pending_rename": None,
        "limited": None,
        "privacy": {
            "found_by": "everybody",
            "asked_by": "everybody",
            "written_by": "friends",
            "email_for": "nobody",
            "phone_for": "nobody",
            "read_receipts": True,
        },
    }
    assert b"example.org" not in me.content
    assert b"901820" not in me.content


def test_only_what_is_given_changes() -> None:
    client = members.client_of(members.alice())
    changed = patch(client, {"bio": "Hello", "privacy": {"found_by": "nobody"}}).json()
    assert (changed["bio"], changed["name"]) == ("Hello", "Alice Ash")
    assert changed["privacy"]["found_by"] == "nobody"
    assert changed["privacy"]["asked_by"] == "everybody"
    assert patch(client, {}).json() == changed


def test_a_verified_members_name_waits() -> None:
    alice = members.alice()
    services.mark_verified(member_id=alice.pk)
    changed = patch(members.client_of(alice), {"name": "Alice B"}).json()
    assert (changed["name"], changed["is_verified"]) == ("Alice Ash", True)
    assert changed["pending_rename"] == {"handle": "alice", "name": "Alice B"}


@pytest.mark.parametrize(
    "body",
    [
        {"unknown": 1},
        {"is_staff": True},
        {"verified_at": "2026-01-01"},
        {"email": "x@example.org"},
        {"handle": None},
        {"handle": 5},
        {"handle": ["alice_b"]},
        {"handle": {"x": 1}},
        {"handle": "a" * 61},
        {"handle": "x"},
        {"handle": ""},
        {"name": True},
        {"name": "Al\x00ice"},
        {"name": "\u202eecilA"},
        {"bio": "x" * 501},
        {"bio": "x" * 100_000},
        {"bio": None},
        {"privacy": None},
        {"privacy": []},
        {"privacy": {"found_by": "all"}},
        {"privacy": {"found_by": None}},
        {"privacy": {"read_receipts": "yes"}},
        {"privacy": {"read_receipts": 1}},
        {"privacy": {"unknown": True}},
        [],
        "text",
        None,
        5,
    ],
)
def test_wrong_bodies_are_refused_and_change_nothing(body: Any) -> None:
    alice = members.alice()
    client = members.client_of(alice)
    before = User.objects.filter(pk=alice.pk).values().get()
    answer = patch(client, body)
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert User.objects.filter(pk=alice.pk).values().get() == before


def test_lone_surrogates_and_broken_json_are_refused() -> None:
    client = members.client_of(members.alice())
    for body in ('{"name":"\\ud800"}', "{", b"\xff\xfe"):
        answer = client.patch("/api/v1/me", body, content_type="application/json")
        assert answer.status_code in (400, 422)


def test_a_field_that_is_refused_is_named() -> None:
    members.bob()
    answer = patch(members.client_of(members.alice()), {"handle": "bob"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        409,
        "handle_taken",
        "handle",
    )


def test_a_picture_is_set_shown_and_removed() -> None:
    client = members.client_of(members.alice())
    file = SimpleUploadedFile("x.exe", pictures.with_secrets("JPEG"), content_type="application/x-thing")
    answer = client.post("/api/v1/me/picture", {"picture": file})
    assert answer.status_code == 200, answer.content
    address = answer.json()["picture"]
    assert pictures.CANARY.encode() not in client.get(address).content
    assert client.delete("/api/v1/me/picture").json()["picture"] is None
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<svg/>", 415, "not_an_image"),
        (pictures.pixel_bomb(), 413, "image_too_large"),
        (b"", 415, "not_an_image"),
    ],
)
def test_a_refused_picture_is_a_problem_document(data: bytes, status: int, code: str) -> None:
    client = members.client_of(members.alice())
    answer = client.post("/api/v1/me/picture", {"picture": SimpleUploadedFile("x.png", data)})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("body", [{}, {"picture": "text"}, {"other": SimpleUploadedFile("x.png", b"x")}])
def test_a_missing_picture_is_a_problem_document(body: dict[str, Any]) -> None:
    answer = members.client_of(members.alice()).post("/api/v1/me/picture", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_json_in_the_place_of_a_form_is_refused() -> None:
    client = members.client_of(members.alice())
    answer = client.post("/api/v1/me/picture", {"picture": "x"}, content_type="application/json")
    assert answer.status_code == 422


def test_a_token_reads_or_writes_as_its_scopes_say() -> None:
    alice = members.alice()
    _, reader = members.token(alice, Scope.READ_PROFILE)
    _, writer = members.token(alice, Scope.WRITE_PROFILE)
    assert patch(Client(), {"bio": "x"}, HTTP_AUTHORIZATION=f"Bearer {reader}").status_code == 403
    assert patch(Client(), {"bio": "x"}, HTTP_AUTHORIZATION=f"Bearer {writer}").json()["bio"] == "x"
    file = SimpleUploadedFile("x.png", pictures.picture("PNG"))
    sent = Client().post("/api/v1/me/picture", {"picture": file}, HTTP_AUTHORIZATION=f"Bearer {writer}")
    assert sent.status_code == 200


def test_anonymous_changes_nothing() -> None:
    assert patch(members.visitor(), {"bio": "x"}).status_code == 401
    assert members.visitor().delete("/api/v1/me/picture").status_code == 401
