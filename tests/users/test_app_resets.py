"""A forgotten password in an app: the answer tells nothing, the link works once, the second step stays."""

import re
import threading
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from beyou.core import clock, events, limits
from beyou.users import factors, proof_of_work, resets
from beyou.users.models import LoginActivity, PasswordReset, User
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD, bearer
from tests.factories.passkeys import SoftKey
from tests.users.app import App

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
NEW = "nine otters under a bridge"


def _proof() -> str:
    return proof_of_work.solve(proof_of_work.new_challenge())


def _ask(app: App, email: str = "alice@example.org") -> Any:
    return app.ask("POST", "/auth/reset", {"email": email, "proof": _proof()})


def _token(handle: str = "alice") -> str:
    return resets.new_link(User.objects.get(handle=handle))


def _open(token: str) -> App:
    app = App()
    assert app.ask("POST", "/auth/reset/link", {"token": token}).json()["state"] == "new_password"
    return app


def _set(app: App, password: str = NEW, **step: Any) -> Any:
    return app.ask("POST", "/auth/reset/password", {"password": password} | step)


def _is(password: str) -> bool:
    return User.objects.get(handle="alice").check_password(password)


def test_from_the_mail_to_another_password() -> None:
    alice = members.alice()
    elsewhere, old = members.client_of(alice), App()
    old.sign_in()
    _, text = members.token(alice)
    app = App()
    toll = app.ask("GET", "/auth/reset").json()
    sent = {"email": "Alice@Example.org", "proof": proof_of_work.solve(toll)}
    answer = app.ask("POST", "/auth/reset", sent)
    assert (answer.status_code, answer.content) == (204, b"")
    mail.outbox.clear()
    events.drain()
    found = re.search(r"/recover/link/(\S+)", str(mail.outbox[-1].body))
    assert found
    opened = app.ask("POST", "/auth/reset/link", {"token": found[1]}).json()
    assert (opened["state"], opened["handle"], opened["second_steps"]) == ("new_password", "alice", [])
    assert app.state() == "new_password"
    assert not app.is_in()
    assert _set(app).status_code == 204
    assert app.state() == "signed_out"
    assert not app.is_in()
    assert _is(NEW)
    # Whoever was in is out, in every way.
    assert not old.is_in()
    assert elsewhere.get("/api/v1/me").status_code == 401
    assert Client().get("/api/v1/me", **bearer(text)).status_code == 401
    mail.outbox.clear()
    events.drain()
    assert [each.to for each in mail.outbox] == [["alice@example.org"]]
    assert "was changed" in mail.outbox[0].subject
    assert App().sign_in(password=PASSWORD).json()["code"] == "wrong_credentials"
    assert App().sign_in(password=NEW).json()["state"] == "signed_in"
    assert App().ask("POST", "/auth/reset/link", {"token": found[1]}).json()["code"] == "link_over"


def test_every_address_gets_the_same_answer() -> None:
    members.alice()
    members.member("closed", is_active=False)
    members.member("fresh", is_confirmed=False)
    answers = set()
    for handle in ("alice", "closed", "fresh", "unknown"):
        email = f"{handle}@example.org"
        for _ in range(6):
            answer = _ask(App(), email)
            headers = {key: value for key, value in answer.items() if key not in ("X-Request-Id", "Date")}
            body = re.sub(rb"\d+ (minutes|seconds)|\"retry_after\":\d+", b"", answer.content)
            headers["Retry-After"] = "some" if "Retry-After" in headers else ""
            answers.add((answer.status_code, str(sorted(headers.items())), body))
    # One when it was taken, one when it was asked too often.
    assert sorted(status for status, *_ in answers) == [204, 429]
    assert not mail.outbox
    events.drain()
    assert {each.to[0] for each in mail.outbox} == {"alice@example.org"}
    assert not LoginActivity.objects.exists()


@pytest.mark.parametrize("proof", ["", "x", "e30=", "\u202e", "{" * 900])
def test_robots_pay_here_as_on_the_page(proof: str) -> None:
    members.alice()
    app = App()
    answer = app.ask("POST", "/auth/reset", {"email": "alice@example.org", "proof": proof})
    assert (answer.status_code, answer.json()["code"]) == (400, "proof_of_work")
    paid = {"email": "alice@example.org", "proof": _proof()}
    assert app.ask("POST", "/auth/reset", paid).status_code == 204
    assert app.ask("POST", "/auth/reset", paid).json()["code"] == "proof_of_work"
    events.drain()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 100, "../../x", "'--", "é" * 43])
def test_a_token_that_nobody_was_sent_opens_nothing(token: str) -> None:
    members.alice()
    _token()
    app = App()
    answer = app.ask("POST", "/auth/reset/link", {"token": token})
    assert (answer.status_code, answer.json()["code"]) == (410, "link_over")
    assert not app.token
    assert _set(app).json()["code"] == "nothing_pending"


def test_a_link_ends_after_half_an_hour_with_another_password_and_with_the_account() -> None:
    alice = members.alice()
    late, early = _open(_token()), _open(_token())
    assert _set(early).status_code == 204
    assert _set(late, PASSWORD).json()["code"] == "link_over"
    assert late.state() == "signed_out"
    closed, token = _open(_token()), _token()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert _set(closed).json()["code"] == "link_over"
    User.objects.filter(pk=alice.pk).update(is_active=True)
    old = _open(token)
    clock.shift(31 * 60 * 1000)
    assert _set(old).json()["code"] == "link_over"
    assert App().ask("POST", "/auth/reset/link", {"token": token}).json()["code"] == "link_over"
    assert _is(NEW)


def test_a_link_opens_only_its_own_account_and_only_in_its_session() -> None:
    members.alice()
    members.bob()
    app = _open(_token("bob"))
    assert _set(app).status_code == 204
    assert _is(PASSWORD)
    assert User.objects.get(handle="bob").check_password(NEW)
    page = Client()
    page.get(f"/recover/link/{_token()}")
    other = App()
    other.token = str(page.session.session_key)
    assert _set(other).json()["code"] == "nothing_pending"
    opened = _open(_token())
    page.cookies["beyou-session"] = opened.token
    assert page.post("/recover/password", {"password": NEW}).status_code == 410
    assert _is(PASSWORD)


def test_opening_a_link_ends_what_the_session_waited_for() -> None:
    members.alice()
    passkeys.app(members.bob())
    app = App()
    assert app.sign_in("bob@example.org").json()["second_steps"] == ["authenticator", "recovery_code"]
    before = app.token
    assert app.ask("POST", "/auth/reset/link", {"token": _token()}).json()["handle"] == "alice"
    assert app.token != before
    assert app.ask("POST", "/auth/second-step", {"code": "000000"}).json()["code"] == "nothing_pending"
    app.token = before
    assert app.state() == "signed_out"


def test_who_is_signed_in_changes_the_password_elsewhere() -> None:
    members.alice()
    app = App()
    app.sign_in()
    answer = app.ask("POST", "/auth/reset/link", {"token": _token()})
    assert answer.json()["code"] == "already_signed_in"
    assert _set(app).json()["code"] == "nothing_pending"
    assert _is(PASSWORD)


@pytest.mark.parametrize("password", ["tiny", "alice@example.org", "P@ssw0rd2024!", "x" * 1000])
def test_a_weak_password_costs_neither_link_nor_try_nor_code(password: str) -> None:
    secret = passkeys.app(members.alice())
    app, code = _open(_token()), passkeys.code(secret)
    answer = _set(app, password, code=code)
    assert (answer.status_code, answer.json()["code"]) == (422, "field_refused")
    assert answer.json()["field"] == "password"
    assert password not in answer.content.decode()
    assert PasswordReset.objects.get().tries == 0
    assert _set(app, code=code).status_code == 204


def test_the_mailbox_is_not_enough_for_an_account_with_a_second_step() -> None:
    secret = passkeys.app(members.alice())
    app = _open(_token())
    answer = _set(app)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_step_needed")
    assert PasswordReset.objects.get().tries == 0
    for code in ("000000", "\u0661" * 6):
        assert _set(app, code=code).json()["code"] == "wrong_second_step"
    assert _is(PASSWORD)
    code = passkeys.code(secret)
    assert _set(app, code=code).status_code == 204
    again = _open(_token())
    assert _set(again, PASSWORD, code=f"{code[:3]} {code[3:]}").json()["code"] == "wrong_second_step"
    assert _is(NEW)


def test_a_recovery_code_counts_once() -> None:
    alice = members.alice()
    passkeys.passkey(alice)
    code = factors.make_recovery_codes(member_id=alice.pk)[0]
    app, again = _open(_token()), App()
    assert app.ask("GET", "/auth/session").json()["second_steps"] == ["passkey", "recovery_code"]
    assert _set(app, code=code).status_code == 204
    again = _open(_token())
    assert _set(again, PASSWORD, code=code).json()["code"] == "wrong_second_step"
    assert _is(NEW)


def _question(app: App) -> dict[str, Any]:
    asked: dict[str, Any] = app.ask("POST", "/auth/passkey/question").json()["question"]
    return asked


def test_a_passkey_is_a_second_step_for_the_question_of_this_session_once() -> None:
    key = passkeys.passkey(members.alice(), is_verified=False)
    foreign = passkeys.passkey(members.bob())
    app, other = _open(_token()), _open(_token())
    question = _question(app)
    assert [known["id"] for known in question["allowCredentials"]] == [key.answer(question)["id"]]
    answer = key.answer(question)
    _question(other)
    assert _set(other, passkey=answer).json()["code"] == "wrong_second_step"
    assert _set(app, passkey=foreign.answer(question)).json()["code"] == "wrong_second_step"
    assert _set(app, passkey=answer).json()["code"] == "wrong_second_step", "the question was used up"
    question = _question(app)
    key.origin = "https://evil.example"
    assert _set(app, passkey=key.answer(question)).json()["code"] == "wrong_second_step"
    key.origin = foreign.origin
    assert _is(PASSWORD)
    answer = key.answer(_question(app))
    assert _set(app, passkey=answer).status_code == 204
    again = _open(_token())
    assert _set(again, PASSWORD, passkey=answer).json()["code"] == "wrong_second_step"
    assert _is(NEW)


def test_a_question_at_sign_in_is_none_for_a_new_password() -> None:
    key = passkeys.passkey(members.alice())
    app = App()
    question = _question(app)
    app.ask("POST", "/auth/reset/link", {"token": _token()})
    assert _set(app, passkey=key.answer(question)).json()["code"] == "wrong_second_step"
    question = _question(app)
    answer = app.ask("POST", "/auth/passkey", {"passkey": key.answer(question)})
    assert answer.json()["code"] == "passkey_refused"
    assert not app.is_in()


def test_five_wrong_steps_of_any_kind_end_the_link_and_the_owner_is_told() -> None:
    alice = members.alice()
    secret, _ = passkeys.app(alice), passkeys.passkey(alice)
    app = _open(_token())
    codes = [_set(app, code="000000").json()["code"] for _ in range(3)]
    codes += [_set(app, passkey=SoftKey().answer(_question(app)) | {"type": "public-key"}).json()["code"]]
    codes += [_set(app, code="111111").json()["code"]]
    assert codes == ["wrong_second_step"] * 4 + ["link_over"]
    assert _set(app, code=passkeys.code(secret)).json()["code"] == "link_over"
    mail.outbox.clear()
    events.drain()
    assert "Somebody tried" in mail.outbox[-1].subject
    assert _is(PASSWORD)


def test_new_links_give_no_endless_tries() -> None:
    passkeys.app(members.alice())
    found = [_set(app, code="000000").status_code for app in [_open(_token()) for _ in range(4)] * 4]
    assert found == [403] * 15 + [429]


@pytest.mark.django_db(transaction=True)
def test_of_many_uses_of_one_link_one_wins() -> None:
    members.alice()
    token = _token()
    apps = [_open(token) for _ in range(5)]
    barrier, statuses = threading.Barrier(len(apps)), list[int]()

    def use(number: int) -> None:
        barrier.wait()
        statuses.append(_set(apps[number], f"{NEW} {number}").status_code)
        connection.close()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(len(apps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204] + [410] * 4
    assert sum(_is(f"{NEW} {number}") for number in range(len(apps))) == 1


_ANSWER = SoftKey().answer({"rpId": "", "challenge": ""})
_BAD: list[tuple[str, Any]] = [
    *[("", body) for body in ({}, [], {"email": "alice@example.org"}, {"email": 1, "proof": "x"})],
    ("", {"email": "a\0@example.org", "proof": "x"}),
    ("", {"email": ["alice@example.org"], "proof": "x"}),
    ("", {"email": "alice@example.org", "proof": "x" * 5_000}),
    ("", {"email": "alice@example.org", "proof": "x", "more": 1}),
    *[("/link", body) for body in ({}, {"token": ""}, {"token": 1}, {"token": ["x"]}, {"token": "x" * 101})],
    ("/link", {"token": "a\0b"}),
    ("/link", {"token": "x", "more": 1}),
    *[("/password", body) for body in ({}, {"password": ""}, {"password": None}, {"password": ["x"]})],
    ("/password", {"password": "x" * 1001}),
    ("/password", {"password": NEW + "\0"}),
    ("/password", {"password": NEW, "code": 1}),
    ("/password", {"password": NEW, "code": "0" * 61}),
    ("/password", {"password": NEW, "passkey": {}}),
    ("/password", {"password": NEW, "passkey": []}),
    ("/password", {"password": NEW, "code": "000000", "passkey": _ANSWER}),
]


@pytest.mark.parametrize(("path", "body"), _BAD)
def test_bad_input_changes_nothing_and_costs_no_link(path: str, body: Any) -> None:
    members.alice()
    app = _open(_token())
    answer = app.ask("POST", f"/auth/reset{path}", body)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert NEW not in answer.content.decode()
    assert _is(PASSWORD)
    assert PasswordReset.objects.get().tries == 0
    limits.reset()
    assert _set(app).status_code == 204
