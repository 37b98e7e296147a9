"""The pages of profile, contact and privacy: what was typed stays, errors say what to do, nothing leaks."""

import re
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from beyou.media import services as media
from beyou.users import queries, services
from beyou.users.models import EmailChange, SecurityEvent, User
from tests.factories import members, pictures
from tests.factories.members import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

PAGES = ("/settings/profile", "/settings/contact", "/settings/privacy")
PRIVACY = {
    "found_by": "nobody",
    "asked_by": "friends_of_friends",
    "written_by": "nobody",
    "email_for": "friends",
    "phone_for": "friends",
}


def upload(client: Client, data: bytes, name: str = "me.jpg", kind: str = "image/jpeg") -> HttpResponse:
    file = SimpleUploadedFile(name, data, content_type=kind)
    return client.post("/settings/profile/picture", {"picture": file})  # type: ignore[return-value]


def fresh(person: User) -> User:
    return User.objects.get(pk=person.pk)


def test_a_profile_is_saved_and_shown() -> None:
    alice = members.alice()
    client = client_of(alice)
    sent = {"name": "Alice <b>B</b>", "handle": "alice_b", "bio": "One\nTwo <script>"}
    assert client.post("/settings/profile", sent).status_code == 302
    page = client.get("/u/alice_b").content.decode()
    assert "Alice &lt;b&gt;B&lt;/b&gt;" in page
    assert "One<br>Two &lt;script&gt;" in page


def test_a_refusal_keeps_what_was_typed() -> None:
    alice = members.alice()
    members.bob()
    answer = client_of(alice).post(
        "/settings/profile", {"name": "New name", "handle": "bob", "bio": "A long thought"}
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This handle is taken. Please choose another." in page
    assert "New name" in page
    assert "A long thought" in page
    assert fresh(alice).name == "Alice Ash"


def test_a_verified_member_sees_what_waits_and_can_take_it_back() -> None:
    alice = members.alice()
    services.mark_verified(member_id=alice.pk)
    client = client_of(alice)
    client.post("/settings/profile", {"name": "Alice B", "handle": "alice", "bio": ""})
    assert "our staff look at" in client.get("/settings/profile").content.decode()
    client.post("/settings/profile/rename/withdraw")
    assert "our staff look at" not in client.get("/settings/profile").content.decode()
    client.post("/settings/profile", {"name": "Alice B", "handle": "alice", "bio": ""})
    pending = queries.pending_rename(alice.pk)
    assert pending is not None
    services.decide_rename(
        rename_id=pending.id, reviewer_id=members.staff().pk, is_granted=False, reason="<i>No</i>"
    )
    assert "&lt;i&gt;No&lt;/i&gt;" in client.get("/settings/profile").content.decode()


def test_a_picture_goes_all_the_way_without_its_secrets() -> None:
    alice = members.alice()
    client = client_of(alice)
    assert upload(client, pictures.with_secrets("JPEG"), "CANARY.svg", "text/html").status_code == 302
    page = client.get("/u/alice").content.decode()
    source = re.search(r'<img src="(/pictures/[0-9a-f-]{36})" alt=""', page)
    assert source is not None
    answer = client.get(source[1])
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    for secret in (pictures.CANARY.encode(), b"CANARY", b"Exif", b"EXIF", b"xmpmeta", b"ICCP"):
        assert secret not in answer.content
        assert secret not in str(dict(answer.headers)).encode()
    client.post("/settings/profile/picture/remove")
    assert client.get(source[1]).status_code == 404
    assert "<img" not in client.get("/u/alice").content.decode()


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 415, "This file is empty."),
        (b"<html><script>", 415, "is not a picture"),
        (pictures.pixel_bomb(), 413, "million pixels"),
        (b"\xff\xd8\xff" + bytes(8 * 1024 * 1024), 413, "more than 8 MB"),
        (pictures.picture()[:700], 422, "damaged"),
        (pictures.picture("PNG", (40, 40)), 422, "at least 64"),
    ],
)
def test_a_refused_picture_says_what_is_wrong(data: bytes, status: int, words: str) -> None:
    alice = members.alice()
    answer = upload(client_of(alice), data)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert fresh(alice).picture_id is None


@pytest.mark.parametrize("body", [{}, {"picture": "text"}, {"picture": ["a", "b"]}])
def test_no_file_is_a_clear_error(body: dict[str, Any]) -> None:
    answer = client_of(members.alice()).post("/settings/profile/picture", body)
    assert answer.status_code == 422
    assert "Choose a picture first." in answer.content.decode()


def test_several_files_are_one_picture() -> None:
    alice = members.alice()
    files = [SimpleUploadedFile("a.png", pictures.picture("PNG")) for _ in range(3)]
    assert client_of(alice).post("/settings/profile/picture", {"picture": files}).status_code == 302
    assert fresh(alice).picture_id is not None


def test_uploads_are_limited_with_a_page() -> None:
    client = client_of(members.alice())
    for _ in range(40):
        upload(client, b"x")
    answer = upload(client, pictures.picture())
    assert answer.status_code == 429
    assert "Please try again in" in answer.content.decode()


# Contact


def _code() -> str:
    return next(found[1] for each in mail.outbox if (found := re.match(r"(\d{6}) is", each.subject)))


def _link() -> str:
    body = str(next(each.body for each in mail.outbox if each.to == ["alice@example.org"]))
    found = re.search(r"(/email-change/[\w-]+)", body)
    assert found is not None
    return found[1]


def test_an_address_changes_over_the_pages() -> None:
    alice = members.alice()
    client, other_device = client_of(alice), members.visitor()
    assert client.post("/settings/contact/email", {"email": "New@Example.org"}).status_code == 302
    page = client.get("/settings/contact").content.decode()
    assert "new@example.org" in page
    assert "Both addresses must agree" in page
    assert client.post("/settings/contact/email/code", {"code": _code()}).status_code == 302
    assert fresh(alice).email == "alice@example.org"
    page = other_device.get(_link()).content.decode()
    assert "Yes, that is me" in page
    assert fresh(alice).email == "alice@example.org", "opening a link changes nothing"
    assert "was changed" in other_device.post(_link(), {"answer": "agree"}).content.decode()
    assert fresh(alice).email == "new@example.org"
    assert other_device.get(_link()).status_code == 410
    kinds = set(SecurityEvent.objects.filter(member=alice).values_list("kind", flat=True))
    assert {"email_change_asked", "email_changed"} <= kinds


def test_the_old_mailbox_stops_it_over_the_pages() -> None:
    alice = members.alice()
    client = client_of(alice)
    client.post("/settings/contact/email", {"email": "new@example.org"})
    link = _link()
    assert members.visitor().post(link, {"answer": "maybe"}).status_code == 422
    assert "Stopped" in members.visitor().post(link, {"answer": "stop"}).content.decode()
    assert client.post("/settings/contact/email/code", {"code": _code()}).status_code == 410
    assert fresh(alice).email == "alice@example.org"


def test_the_lost_mailbox_over_the_pages() -> None:
    alice = members.alice()
    client = client_of(alice)
    assert client.post("/settings/contact/email/lost").status_code == 410
    client.post("/settings/contact/email", {"email": "new@example.org"})
    assert client.post("/settings/contact/email/lost").status_code == 422
    client.post("/settings/contact/email/code", {"code": _code()})
    assert "Go on without the old mailbox" in client.get("/settings/contact").content.decode()
    assert client.post("/settings/contact/email/lost").status_code == 302
    assert "Unless it stops this" in client.get("/settings/contact").content.decode()
    client.post("/settings/contact/email/cancel")
    assert EmailChange.objects.get().outcome == "cancelled"


def _without_tokens(answer: HttpResponse) -> str:
    return re.sub(r"[A-Za-z0-9]{64}|[0-9a-f-]{36}", "", answer.content.decode())


def test_nobody_is_found_out_by_asking_for_their_address() -> None:
    """Every page on the way is the same for an address that is free and for one of another member."""
    members.bob()
    pages: list[list[str]] = []
    for handle, email in (("alice", "free@example.org"), ("carol", "bob@example.org")):
        client = client_of(members.member(handle, name="Same Name", email=f"{handle}@example.org"))
        steps = [
            client.post("/settings/contact/email", {"email": email}, follow=True),
            *(client.post("/settings/contact/email/code", {"code": "000000"}) for _ in range(5)),
            client.get("/settings/contact"),
        ]
        pages.append(
            [
                _without_tokens(each).replace(handle, "H").replace(email.split("@")[0], "E")  # type: ignore[arg-type]
                for each in steps
            ]
        )
        assert [each.status_code for each in steps] == [200, 422, 422, 422, 422, 410, 200]
    normal = [[re.sub(r"avatar h\d+", "avatar", page) for page in each] for each in pages]
    assert normal[0] == normal[1]


@pytest.mark.parametrize(
    "email", ["", "x", "a@b", "a" * 300 + "@example.org", "a@example.org\x00", "a@example.org\r\nBcc: x@y.z"]
)
def test_what_is_no_address_is_refused_and_stays_in_the_field(email: str) -> None:
    alice = members.alice()
    answer = client_of(alice).post("/settings/contact/email", {"email": email})
    assert answer.status_code == 422
    assert not EmailChange.objects.exists()
    assert mail.outbox == []


def test_the_own_address_is_a_clear_error() -> None:
    answer = client_of(members.alice()).post("/settings/contact/email", {"email": "alice@example.org"})
    assert answer.status_code == 422
    assert "This is your address already." in answer.content.decode()


def test_a_number_is_shown_to_its_owner_and_removed() -> None:
    alice = members.alice()
    client = client_of(alice)
    assert client.post("/settings/contact/phone", {"phone": "030 901820"}).status_code == 422
    assert client.post("/settings/contact/phone", {"phone": "0049 30 901820"}).status_code == 302
    assert "+49 30 901820" in client.get("/settings/contact").content.decode()
    client.post("/settings/contact/phone/remove")
    assert '901820">' not in client.get("/settings/contact").content.decode()
    assert queries.phone_of(alice.pk) == ""
    assert SecurityEvent.objects.filter(member=alice, kind="phone_changed").count() == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("email", {"email": "new@example.org"}),
        ("email/lost", {}),
        ("phone", {"phone": "+49 30 901820"}),
        ("phone/remove", {}),
    ],
)
def test_contact_data_changes_only_after_a_fresh_proof(path: str, body: dict[str, str]) -> None:
    alice = members.alice()
    services.set_phone(member_id=alice.pk, phone="+12024561111")
    stale = client_of(alice, is_fresh=False)
    answer = stale.post(f"/settings/contact/{path}", body)
    assert answer.status_code == 403
    for typed in body.values():
        assert typed in answer.content.decode(), "what was typed must travel along"
    assert queries.phone_of(alice.pk) == "+12024561111"
    assert not EmailChange.objects.exists()
    assert mail.outbox == []


# Privacy


def test_every_choice_is_saved_and_shown() -> None:
    alice = members.alice()
    client = client_of(alice)
    assert 'value="everybody" selected' in client.get("/settings/privacy").content.decode()
    assert client.post("/settings/privacy", PRIVACY).status_code == 302
    member = fresh(alice)
    assert {name: getattr(member, name) for name in PRIVACY} == PRIVACY
    assert member.read_receipts is False
    page = client.get("/settings/privacy").content.decode()
    assert page.count("selected") == 5
    box = re.search(r'<input type="checkbox" name="read_receipts"[^>]*>', page)
    assert box is not None
    assert "checked" not in box[0]


@pytest.mark.parametrize("field", list(PRIVACY))
@pytest.mark.parametrize("value", ["", "all", "\x00", "x" * 10_000])
def test_an_unknown_choice_changes_nothing(field: str, value: str) -> None:
    alice = members.alice()
    assert client_of(alice).post("/settings/privacy", PRIVACY | {field: value}).status_code == 422
    assert fresh(alice).found_by == "everybody"


@pytest.mark.parametrize("path", PAGES)
def test_pages_cost_a_fixed_number_of_statements(path: str, django_assert_max_num_queries: Any) -> None:
    alice = members.alice()
    services.set_phone(member_id=alice.pk, phone="+4930901820")
    services.set_picture(member_id=alice.pk, data=pictures.picture())
    services.start_email_change(member_id=alice.pk, email="new@example.org")
    client = client_of(alice)
    client.get(path)
    with django_assert_max_num_queries(7):
        assert client.get(path).status_code == 200


def test_what_was_deleted_on_the_disk_is_no_error_page_of_ours() -> None:
    alice = members.alice()
    services.set_picture(member_id=alice.pk, data=pictures.picture())
    media_id = fresh(alice).picture_id
    assert media_id is not None
    file = media.media_file(media_id)
    media.private_storage().delete(file.name)
    assert client_of(alice).get(f"/pictures/{media_id}").status_code == 410
