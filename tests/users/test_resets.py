"""A forgotten password: a page that tells nothing, a link that works once, a second step that stays."""

import datetime as dt
import html
import json
import re
import threading
import time
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory

from beyou.core import clock, events, limits
from beyou.core.errors import ApplicationError
from beyou.core.ids import uuid7
from beyou.users import proof_of_work, resets
from beyou.users.access_tokens import create_token
from beyou.users.errors import LinkOver, SecondStepNeeded
from beyou.users.models import PasswordReset, SecurityEvent, User
from beyou.users.queries import usable_tokens
from beyou.users.rules import SecurityKind
from beyou.users.scopes import Scope
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD

pytestmark = pytest.mark.django_db

NEW = "nine otters under a bridge"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _ask(client: Client, email: str = "alice@example.org", **extra: Any) -> Any:
    proof = proof_of_work.solve(proof_of_work.new_challenge())
    return client.post("/recover", {"email": email, "proof": proof}, **extra)


def _link(email: str = "alice@example.org") -> str:
    """The address in the newest mail, without the origin."""
    _ask(Client(), email)
    events.drain()
    found = re.search(r"https?://[^/]+(/recover/link/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def _opened(path: str) -> Client:
    client = Client()
    assert client.get(path)["Location"] == "/recover/password"
    return client


def _code(step: int = 0) -> str:
    return totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) // 30 + step))


def _with_totp(person: User) -> User:
    totp.TOTP.activate(person, SECRET)
    return person


def _can_sign_in(password: str) -> bool:
    alice = User.objects.get(handle="alice")
    return alice.check_password(password)


def test_from_the_page_to_another_password() -> None:
    alice = members.alice()
    elsewhere = members.client_of(alice)
    client = Client()
    assert _ask(client)["Location"] == "/recover/sent"
    assert not mail.outbox
    path = _link()
    assert mail.outbox[-1].to == ["alice@example.org"]
    client = _opened(path)
    page = client.get("/recover/password").content.decode()
    assert "@alice" in page
    assert path.rsplit("/", 1)[1] not in page
    assert client.post("/recover/password", {"password": NEW})["Location"] == "/sign-in"
    assert client.get("/home").status_code == 302
    assert "signed" not in client.get("/home").content.decode()
    assert elsewhere.get("/home").status_code == 302
    assert _can_sign_in(NEW)
    mail.outbox.clear()
    events.drain()
    assert "was changed" in mail.outbox[0].subject
    assert client.post("/sign-in", {"login": "alice@example.org", "password": NEW})["Location"] == "/home"


def test_every_address_gets_the_same_answer() -> None:
    members.alice()
    members.member("closed", is_active=False)
    members.member("fresh", is_confirmed=False)
    answers = set()
    for handle in ("alice", "closed", "fresh", "unknown"):
        client = Client()
        response = _ask(client, f"{handle}@example.org")
        answers.add((response.status_code, response["Location"], response.content))
        answers.add(re.sub(rb"\b\w{64}\b", b"token", client.get("/recover/sent").content))
    assert len(answers) == 2
    events.drain()
    assert [each.to for each in mail.outbox] == [["alice@example.org"]]


def test_a_token_is_stored_only_as_a_digest_and_leaves_the_address_at_once() -> None:
    members.alice()
    path = _link()
    token = path.rsplit("/", 1)[1]
    assert len(token) == 43
    row = PasswordReset.objects.get()
    assert token not in (row.digest, row.password_mac)
    client = Client()
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, "/recover/password")
    assert response["Referrer-Policy"] == "no-referrer"
    assert token not in str(dict(client.session))


def test_a_link_works_once() -> None:
    members.alice()
    path = _link()
    first, second = _opened(path), _opened(path)
    assert first.post("/recover/password", {"password": NEW}).status_code == 302
    assert second.post("/recover/password", {"password": NEW + " again"}).status_code == 410
    assert Client().get(path).status_code == 410
    assert _can_sign_in(NEW)


def test_a_link_ends_after_half_an_hour_also_when_it_was_opened() -> None:
    members.alice()
    path = _link()
    client = _opened(path)
    clock.shift(31 * 60 * 1000)
    assert client.post("/recover/password", {"password": NEW}).status_code == 410
    assert Client().get(path).status_code == 410
    assert _can_sign_in(PASSWORD)


def test_another_password_ends_every_link_and_another_request_ends_none() -> None:
    alice = members.alice()
    first, second = _link(), _link()
    _opened(first)
    members.client_of(alice).post("/settings/password", {"current": PASSWORD, "password": NEW})
    assert _can_sign_in(NEW)
    assert Client().get(first).status_code == Client().get(second).status_code == 410


def test_a_closed_account_cannot_be_reset_with_an_older_link() -> None:
    alice = members.alice()
    path = _link()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert Client().get(path).status_code == 410


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 5000, "..%2f", "%F0%9F%98%80", "'--"])
def test_tokens_that_nobody_was_sent_open_nothing(token: str) -> None:
    members.alice()
    _link()
    assert Client().get(f"/recover/link/{token}").status_code in (404, 410)


def test_without_an_opened_link_there_is_nothing_to_fill_in() -> None:
    members.alice()
    _link()
    client = Client()
    assert client.post("/recover/password", {"password": NEW}).status_code == 410
    session = client.session
    for forged in ("", "x", str(uuid7()), 7, ["a"], None):
        session["password_reset"] = forged
        session.save()
        assert client.get("/recover/password").status_code == 410


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"password": ""},
        {"password": "short"},
        {"password": "1"},
        {"password": "alice@example.org"},
        {"password": "P@ssw0rd2024!"},
        {"password": "x\x00" * 10},
        {"password": "x" * 100_000},
        {"code": NEW},
        {"password": ["a", "b"], "code": ["1", "2"]},
        {"password": NEW, "code": "1" * 5000, "passkey": "["},
    ],
)
def test_bad_input_changes_nothing_and_costs_no_link(fields: dict[str, Any]) -> None:
    members.alice()
    client = _opened(_link())
    response = client.post("/recover/password", fields)
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert _can_sign_in(PASSWORD)
    assert client.post("/recover/password", {"password": NEW}).status_code == 302


def test_a_mailed_link_is_not_enough_for_an_account_with_a_second_step() -> None:
    _with_totp(members.alice())
    client = _opened(_link())
    assert "app shows" in client.get("/recover/password").content.decode()
    for code in ("", "000000", "\u0661" * 6):
        response = client.post("/recover/password", {"password": NEW, "code": code})
        assert response.status_code == 200
    assert _can_sign_in(PASSWORD)
    assert client.post("/recover/password", {"password": NEW, "code": _code()}).status_code == 302
    assert _can_sign_in(NEW)


def test_a_weak_password_costs_no_code() -> None:
    _with_totp(members.alice())
    client = _opened(_link())
    assert client.post("/recover/password", {"password": "short", "code": _code()}).status_code == 200
    assert PasswordReset.objects.get().tries == 0
    assert client.post("/recover/password", {"password": NEW, "code": _code()}).status_code == 302


@pytest.mark.parametrize("passkey", ["{}", "[]", "null", '{"id":1,"response":[]}', "x" * 20_000, "[" * 9000])
def test_passkeys_that_are_none_are_wrong_second_steps(passkey: str) -> None:
    _with_totp(members.alice())
    client = _opened(_link())
    fields = {"password": NEW, "passkey": passkey}
    assert client.post("/recover/password", fields).status_code == 200
    assert PasswordReset.objects.get().tries == 1
    assert _can_sign_in(PASSWORD)


def _question(page: str) -> dict[str, Any]:
    found = re.search(r'data-question="([^"]*)"', page)
    assert found
    value: dict[str, Any] = json.loads(html.unescape(found[1]))
    return value


def test_a_passkey_is_a_second_step_for_the_question_that_this_session_was_asked() -> None:
    alice = members.alice()
    key = passkeys.passkey(alice)
    client, other = _opened(_link()), _opened(_link())
    assert client.post("/recover/password", {"password": NEW}).status_code == 200
    answer = json.dumps(key.answer(_question(client.get("/recover/password").content.decode())))
    # Another session, another key, and a second use prove nothing.
    assert other.post("/recover/password", {"password": NEW, "passkey": answer}).status_code == 200
    foreign = passkeys.passkey(members.bob())
    question = _question(client.get("/recover/password").content.decode())
    fields = {"password": NEW, "passkey": json.dumps(foreign.answer(question))}
    assert client.post("/recover/password", fields).status_code == 200
    assert client.post("/recover/password", {"password": NEW, "passkey": answer}).status_code == 200
    assert _can_sign_in(PASSWORD)
    answer = json.dumps(key.answer(_question(client.get("/recover/password").content.decode())))
    assert client.post("/recover/password", {"password": NEW, "passkey": answer}).status_code == 302
    assert _can_sign_in(NEW)


def test_five_wrong_steps_end_the_link_and_the_owner_is_told() -> None:
    _with_totp(members.alice())
    client = _opened(_link())
    pages = [
        client.post("/recover/password", {"password": NEW, "code": "000000"}).content.decode()
        for _ in range(4)
    ]
    assert "One try is left" in pages[-1]
    assert client.post("/recover/password", {"password": NEW, "code": "000000"}).status_code == 410
    assert client.post("/recover/password", {"password": NEW, "code": _code()}).status_code == 410
    mail.outbox.clear()
    events.drain()
    assert [each.to for each in mail.outbox] == [["alice@example.org"]]
    assert "Somebody tried" in mail.outbox[0].subject
    assert _can_sign_in(PASSWORD)


def test_new_links_give_no_endless_tries() -> None:
    _with_totp(members.alice())
    refused = 0
    for _ in range(4):
        limits.forget("recover.account", "alice@example.org")
        client = _opened(_link())
        for _ in range(5):
            page = client.post("/recover/password", {"password": NEW, "code": "000000"})
            refused += "Please try again in" in page.content.decode()
    assert refused == 5


def test_codes_are_used_up_here_as_everywhere() -> None:
    alice = _with_totp(members.alice())
    code = _code()
    first, second = _opened(_link()), _opened(_link())
    assert first.post("/recover/password", {"password": NEW, "code": code}).status_code == 302
    assert second.get("/recover/password").status_code == 410
    alice.refresh_from_db()
    fresh = _opened(_link())
    spaced = f"{code[:3]} {code[3:]}"
    assert fresh.post("/recover/password", {"password": PASSWORD, "code": spaced}).status_code == 200
    assert _can_sign_in(NEW)


def _gate(user: User, password: str, **request: Any) -> None:
    """As allauth's API does it, after it found the key right."""
    made = RequestFactory().post("/api/auth/app/v1/auth/password/reset", **request)
    made.member = None  # type: ignore[attr-defined]
    with context.request_context(made):
        key = request.get("key")
        assert key is None or get_adapter() is not None
        get_adapter(made).set_password(user, password)


def test_the_gate_refuses_whoever_shows_nothing() -> None:
    alice = members.alice()
    with pytest.raises(SecondStepNeeded):
        _gate(alice, NEW)
    assert _can_sign_in(PASSWORD)


def test_the_gate_is_shut_for_a_right_key_without_a_code() -> None:
    from beyou.users.password_gate import ResetTokens

    alice = _with_totp(members.alice())
    token = resets.new_link(alice)

    def reset(body: bytes) -> None:
        made = RequestFactory().post("/api/auth/app/v1/auth/password/reset", body, "application/json")
        made.member = None  # type: ignore[attr-defined]
        with context.request_context(made):
            assert ResetTokens().check_token(alice, token)
            get_adapter(made).set_password(alice, NEW)

    for body in (b"{}", b"[]", b"nonsense", b'{"code": 7}', b'{"code": ["000000"]}', b'{"code": "000000"}'):
        with pytest.raises(ApplicationError):
            reset(body)
    assert _can_sign_in(PASSWORD)
    reset(b'{"code": "%s"}' % _code().encode())
    assert _can_sign_in(NEW)
    assert not ResetTokens().check_token(alice, token)


def test_a_key_opens_only_its_own_account() -> None:
    from beyou.users.password_gate import ResetTokens

    token = resets.new_link(members.alice())
    bob = members.bob()
    with context.request_context(RequestFactory().post("/")):
        assert not ResetTokens().check_token(bob, token)


@pytest.mark.django_db(transaction=True)
def test_of_many_uses_of_one_link_one_wins() -> None:
    members.alice()
    path = _link()
    clients = [_opened(path) for _ in range(6)]
    barrier, statuses = threading.Barrier(len(clients)), []

    def use(number: int) -> None:
        barrier.wait()
        fields = {"password": f"{NEW} {number}"}
        statuses.append(clients[number].post("/recover/password", fields).status_code)
        connection.close()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302] + [410] * 5
    assert sum(_can_sign_in(f"{NEW} {number}") for number in range(len(clients))) == 1


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_are_still_five() -> None:
    alice = _with_totp(members.alice())
    reset = resets.reset_of_token(resets.new_link(alice))
    barrier, taken = threading.Barrier(10), []

    def guess() -> None:
        barrier.wait()
        try:
            resets.count_try(reset)
            taken.append(1)
        except LinkOver:
            pass
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 5


def test_asking_is_limited_by_account_and_by_address_known_or_not() -> None:
    members.alice()
    for email in ("alice@example.org", "unknown@example.org"):
        for number in range(5):
            assert _ask(Client(), email, REMOTE_ADDR=f"192.0.2.{number}").status_code == 302
        assert "Please try again in" in _ask(Client(), email, REMOTE_ADDR="192.0.2.99").content.decode()
    answers = [
        _ask(Client(), f"m{number}@example.org", REMOTE_ADDR="192.0.2.200").status_code
        for number in range(21)
    ]
    assert answers == [302] * 20 + [200]


@pytest.mark.parametrize(
    "email", ["", "nobody", "a" * 300 + "@example.org", "a\x00@example.org", "' OR 1=1 --@x.y"]
)
def test_strange_addresses_are_refused_or_nobody(email: str) -> None:
    response = _ask(Client(), email)
    assert response.status_code in (200, 302)
    events.drain()
    assert not mail.outbox


def test_asking_costs_a_proof_of_work() -> None:
    members.alice()
    assert Client().post("/recover", {"email": "alice@example.org"}).status_code == 200
    events.drain()
    assert not mail.outbox


def test_the_question_waits_sealed() -> None:
    from beyou.core.models import OutboxEvent

    members.alice()
    _ask(Client())
    assert "alice" not in str(list(OutboxEvent.objects.values_list("payload", flat=True)))


def test_old_links_are_forgotten() -> None:
    resets.new_link(members.alice())
    resets.forget_old()
    assert PasswordReset.objects.count() == 1
    clock.shift(dt.timedelta(days=8) // dt.timedelta(milliseconds=1))
    resets.forget_old()
    assert not PasswordReset.objects.exists()


def test_changing_asks_for_the_old_password_and_ends_the_other_sessions() -> None:
    alice = members.alice()
    here, there = members.client_of(alice), members.client_of(alice)
    token_id = uuid7()
    create_token(member_id=alice.pk, token_id=token_id, name="t", scopes=[Scope.READ_PROFILE], days=1)
    assert (
        "not your current"
        in here.post("/settings/password", {"current": "wrong", "password": NEW}).content.decode()
    )
    fields = {"current": PASSWORD, "password": NEW, "others": "on"}
    assert here.post("/settings/password", fields)["Location"]
    assert here.get("/home").status_code == 200
    assert there.get("/home").status_code == 302
    assert not usable_tokens(alice.pk).exists()
    assert _can_sign_in(NEW)
    kinds = list(SecurityEvent.objects.filter(member=alice).values_list("kind", flat=True))
    assert SecurityKind.PASSWORD_CHANGED in kinds


def test_the_other_sessions_may_be_kept() -> None:
    alice = members.alice()
    here, there = members.client_of(alice), members.client_of(alice)
    assert here.post("/settings/password", {"current": PASSWORD, "password": NEW})["Location"]
    assert here.get("/home").status_code == there.get("/home").status_code == 200
    assert _can_sign_in(NEW)


def test_changing_asks_again_for_a_second_step_that_was_shown_long_ago() -> None:
    alice = _with_totp(members.alice())
    here = members.client_of(alice)
    fields = {"current": PASSWORD, "password": NEW, "others": "on"}
    assert here.post("/settings/password", fields).status_code == 200
    assert here.post("/settings/password", fields | {"code": "000000"}).status_code == 200
    assert _can_sign_in(PASSWORD)
    assert here.post("/settings/password", fields | {"code": _code()}).status_code == 302
    assert _can_sign_in(NEW)


def test_guessing_the_old_password_from_an_open_browser_is_limited() -> None:
    here = members.client_of(members.alice())
    for _ in range(10):
        here.post("/settings/password", {"current": "wrong", "password": NEW})
    page = here.post("/settings/password", {"current": PASSWORD, "password": NEW}).content.decode()
    assert "Please try again in" in page
    assert _can_sign_in(PASSWORD)
