"""Joining, signing in and out over HTTP, and what each attempt leaves behind."""

import html
import json
import re
import threading
import time
from hashlib import sha256
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client

from beyou.core import clock
from beyou.core.ports import realtime
from beyou.users import proof_of_work
from beyou.users.models import LoginActivity, LoginOutcome, User
from tests.factories import members
from tests.factories.members import PASSWORD

pytestmark = pytest.mark.django_db


def _challenge(page: Any) -> dict[str, Any]:
    found = re.search(r'data-challenge="([^"]*)"', page.content.decode())
    assert found
    answer: dict[str, Any] = json.loads(html.unescape(found[1]))
    return answer


def _join(client: Client, **changes: str) -> Any:
    fields = {
        "handle": "alice",
        "name": "Alice Ash",
        "email": "alice@example.org",
        "password1": PASSWORD,
        "proof": proof_of_work.solve(_challenge(client.get("/join"))),
    }
    return client.post("/join", fields | changes)


def _sign_in(client: Client, email: str = "alice@example.org", password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/sign-in", {"login": email, "password": password}, **extra)


def _code() -> str:
    found = re.search(r"^ +(\d{6})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    return found[1]


def _outcomes() -> list[str]:
    return list(LoginActivity.objects.order_by("created_at", "id").values_list("outcome", flat=True))


def test_from_the_form_to_the_home_page() -> None:
    client = Client()
    response = _join(client)
    assert (response.status_code, response["Location"]) == (302, "/join/code")
    assert "alice@example.org" in client.get("/join/code").content.decode()
    assert mail.outbox[-1].to == ["alice@example.org"]
    response = client.post("/join/code", {"action": "verify", "code": _code()})
    assert (response.status_code, response["Location"]) == (302, "/home")
    assert client.get("/home").status_code == 200
    assert _outcomes() == ["success"]


def test_what_was_typed_comes_back_but_the_password() -> None:
    page = _join(Client(), handle="not good").content.decode()
    assert 'value="not good"' in page
    assert "alice@example.org" in page
    assert PASSWORD not in page
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"handle": "admin"},
        {"handle": ""},
        {"handle": "x" * 5000},
        {"email": "nobody"},
        {"email": ""},
        {"password1": "short"},
        {"password1": "password123"},
        {"password1": ""},
        {"name": "n" * 61},
        {"proof": ""},
        {"proof": "x" * 5000},
        {"handle": "a\x00b"},
    ],
)
def test_bad_input_makes_nobody(changes: dict[str, str]) -> None:
    response = _join(Client(), **changes)
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert not User.objects.exists()
    assert not mail.outbox


def test_handles_differ_by_more_than_case() -> None:
    members.alice()
    assert "taken" in _join(Client(), handle="Alice", email="other@example.org").content.decode()
    assert User.objects.count() == 1


def test_a_known_address_gets_the_same_answer_and_its_owner_a_mail() -> None:
    members.alice()
    fresh, known = Client(), Client()
    new = _join(fresh, handle="bob", email="bob@example.org")
    old = _join(known, handle="charlie", email="Alice@Example.org")
    assert (new.status_code, new["Location"]) == (old.status_code, old["Location"])
    hidden = re.compile(r'(csrfmiddlewaretoken" value=|csrf-token" content=)"[^"]*|[\w.]+@example.org')
    assert hidden.sub("", fresh.get("/join/code").content.decode()) == hidden.sub(
        "", known.get("/join/code").content.decode()
    )
    assert "already have an account" in mail.outbox[-1].subject
    assert not User.objects.filter(handle="charlie").exists()
    answers = [each.post("/join/code", {"action": "verify", "code": "000000"}) for each in (fresh, known)]
    assert answers[0].status_code == answers[1].status_code


@pytest.mark.parametrize("same", [{"handle": "alice"}, {"email": "alice@example.org"}])
def test_a_sign_up_that_nobody_confirmed_holds_its_names_for_a_day(same: dict[str, str]) -> None:
    _join(Client())
    fields = {"handle": "other", "email": "other@example.org"} | same
    _join(Client(), **fields)
    assert list(User.objects.values_list("handle", flat=True)) == ["alice"]
    clock.shift(25 * 3600 * 1000)
    _join(Client(), **fields)
    assert list(User.objects.values_list("handle", "email")) == [(fields["handle"], fields["email"])]


def test_a_confirmed_member_keeps_handle_and_address() -> None:
    members.alice()
    clock.shift(100 * 24 * 3600 * 1000)
    _join(Client())
    _join(Client(), handle="other")
    assert User.objects.get().name == "Alice Ash"


def test_five_wrong_codes_end_the_sign_up() -> None:
    client = Client()
    _join(client)
    for _ in range(4):
        assert "Incorrect code" in client.post("/join/code", {"code": "000000"}).content.decode()
    assert client.post("/join/code", {"code": "000000"}).status_code == 302
    assert client.post("/join/code", {"code": _code()}).status_code == 302
    assert client.get("/home").status_code == 302
    assert _outcomes() == []


def test_a_code_can_be_sent_again() -> None:
    client = Client()
    _join(client)

    client.post("/join/code", {"action": "resend"})
    assert len(mail.outbox) == 2
    assert client.post("/join/code", {"code": _code()})["Location"] == "/home"


def test_signing_in_leaves_one_row() -> None:
    alice = members.alice()
    client = Client()
    response = _sign_in(client, headers={"User-Agent": "Test/1"}, REMOTE_ADDR="192.0.2.7")
    assert response["Location"] == "/home"
    row = LoginActivity.objects.get()
    key = client.session.session_key or ""
    assert (row.member_id, row.outcome, row.path) == (alice.id, LoginOutcome.SUCCESS, "/sign-in")
    assert (row.address, row.user_agent) == ("192.0.2.7", "Test/1")
    assert row.session_digest == sha256(key.encode()).hexdigest()


def test_unknown_and_known_addresses_get_the_same_page_and_one_row_each() -> None:
    members.alice()
    pages = [
        _sign_in(Client(), "alice@example.org", "wrong password").content.decode(),
        _sign_in(Client(), "other@example.org", "wrong password").content.decode(),
    ]
    hidden = re.compile(r'(csrfmiddlewaretoken" value=|csrf-token" content=)"[^"]*|[\w.]+@example.org')
    assert hidden.sub("", pages[0]) == hidden.sub("", pages[1])
    assert _outcomes() == ["bad_credentials", "unknown"]


def test_a_closed_account_is_told_so_only_with_the_right_password() -> None:
    members.member("alice", is_active=False)
    assert _sign_in(Client(), password="wrong password").status_code == 200
    response = _sign_in(Client())
    assert response.status_code == 403
    assert "closed" in response.content.decode()
    assert _outcomes() == ["bad_credentials", "inactive"]


def test_an_unconfirmed_account_is_asked_for_the_code() -> None:
    members.member("alice", is_confirmed=False)
    client = Client()
    assert _sign_in(client)["Location"] == "/join/code"
    assert client.get("/home").status_code == 302
    assert _outcomes() == ["unconfirmed"]
    assert client.post("/join/code", {"code": _code()})["Location"] == "/home"
    assert _outcomes() == ["success"]
    assert EmailAddress.objects.get().verified


def test_the_sixth_wrong_password_is_not_even_tried_but_the_owner_elsewhere_gets_in() -> None:
    members.alice()
    for _ in range(5):
        _sign_in(Client(), password="wrong password", REMOTE_ADDR="192.0.2.66")
    page = _sign_in(Client(), REMOTE_ADDR="192.0.2.66")
    assert "Too many attempts" in page.content.decode()
    assert _sign_in(Client(), REMOTE_ADDR="192.0.2.7").status_code == 302
    assert _outcomes() == ["bad_credentials"] * 5 + ["limited", "success"]


def test_the_address_of_a_client_is_not_what_a_client_says(settings: Any) -> None:
    members.alice()
    _sign_in(Client(), headers={"X-Forwarded-For": "198.51.100.9"}, REMOTE_ADDR="192.0.2.7")
    assert LoginActivity.objects.get().address == "192.0.2.7"
    settings.TRUSTED_PROXIES = 1
    for said in ("203.0.113.1, 198.51.100.9", "<script>alert(1)</script>, 198.51.100.9"):
        _sign_in(Client(), headers={"X-Forwarded-For": said}, REMOTE_ADDR="192.0.2.7")
        assert LoginActivity.objects.latest("created_at").address == "198.51.100.9"
    _sign_in(Client(), headers={"X-Forwarded-For": "<script>alert(1)</script>"}, REMOTE_ADDR="192.0.2.7")
    assert "script" not in str(LoginActivity.objects.latest("created_at").address)


@pytest.mark.parametrize("password", ["", "\x00", "x" * 100_000])
def test_strange_passwords(password: str) -> None:
    members.alice()
    assert _sign_in(Client(), password=password).status_code == 200


@pytest.mark.parametrize(
    "email", ["", "\x00@example.org", "a" * 300 + "@example.org", "alice", "' OR 1=1 --@x.y"]
)
def test_strange_addresses(email: str) -> None:
    assert _sign_in(Client(), email).status_code == 200


def test_signing_in_makes_a_new_session_and_out_ends_it(django_capture_on_commit_callbacks: Any) -> None:
    members.alice()
    client = Client()
    client.get("/sign-in")
    before = client.session.session_key
    _sign_in(client)
    key = client.session.session_key
    assert key
    assert key != before

    class Closed:
        def __init__(self) -> None:
            self.rooms: list[tuple[list[str], int]] = []

        def publish(self, rooms: Any, payload: bytes) -> None:
            raise AssertionError("nothing is to be said")

        def close(self, rooms: Any, code: int) -> None:
            self.rooms.append((list(rooms), code))

    closed = Closed()
    usual = realtime.use(closed)
    try:
        assert client.get("/sign-out").status_code == 405
        assert client.get("/home").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post("/sign-out").status_code == 302
    finally:
        realtime.use(usual)
    assert closed.rooms == [([realtime.session_room(key)], 4409)]
    assert client.get("/home").status_code == 302


@pytest.mark.parametrize("path", ["/join", "/sign-in", "/join/code", "/sign-out"])
def test_every_post_needs_its_token(path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path, {}).status_code == 403


def test_after_signing_in_one_is_where_one_wanted_to_be_but_never_on_another_site() -> None:
    members.alice()
    for wanted, place in [
        ("/chats", "/chats"),
        ("https://example.net/", "/home"),
        ("//example.net", "/home"),
    ]:
        response = Client().post(
            "/sign-in", {"login": "alice@example.org", "password": PASSWORD, "next": wanted}
        )
        assert response["Location"] == place


def test_caught_mail_exists_only_in_development(settings: Any) -> None:
    assert Client().get("/dev/mail").status_code == 404
    settings.MODE = "production"
    assert Client().get("/dev/mail").status_code == 404
    settings.MODE = "development"
    assert Client().get("/dev/mail").status_code == 200


def test_mail_that_cannot_be_sent_is_said(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = _join(Client())
    assert response.status_code == 503
    assert "mail" in response.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", ["handle", "email"])
def test_two_who_join_at_once_with_the_same_name_or_address(same: str) -> None:
    barrier, statuses = threading.Barrier(2), []

    def join(number: int) -> None:
        client = Client()
        fields = {
            "handle": f"member{number}",
            "email": f"member{number}@example.org",
            same: {"handle": "twin", "email": "twin@example.org"}[same],
        }
        proof = proof_of_work.solve(_challenge(client.get("/join")))
        barrier.wait()
        statuses.append(_join(client, **fields, proof=proof).status_code)
        connection.close()

    threads = [threading.Thread(target=join, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.count() == 1
    assert sorted(statuses) == ([200, 302] if same == "handle" else [302, 302])


@pytest.mark.django_db(transaction=True)
def test_parallel_attempts_leave_a_row_each_and_no_more_than_five_are_tried() -> None:
    members.alice()
    barrier = threading.Barrier(12)

    def attempt() -> None:
        barrier.wait()
        _sign_in(Client(), password="wrong password")
        connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(_outcomes()) == ["bad_credentials"] * 5 + ["limited"] * 7


@pytest.mark.parametrize("email", ["bob@example.org", "nobody@example.org"])
def test_an_answer_about_a_known_address_leaves_on_the_same_beat(email: str, settings: Any) -> None:
    members.bob()
    settings.JOIN_BEAT_SECONDS = 0.3
    client = Client()
    fields = {"handle": "alice", "email": email, "password1": PASSWORD}
    proof = proof_of_work.solve(_challenge(client.get("/join")))
    began = time.monotonic()
    assert client.post("/join", fields | {"proof": proof})["Location"] == "/join/code"
    assert time.monotonic() - began >= 0.3
