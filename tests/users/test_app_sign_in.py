"""Signing in by an app: the same steps, limits and records as on the pages; no cookie ever counts."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from beyou.core import limits
from beyou.users.models import LoginActivity
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD, bearer
from tests.users.app import App

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


def _outcomes() -> list[str]:
    return list(LoginActivity.objects.order_by("created_at", "id").values_list("outcome", flat=True))


def _code() -> str:
    found = re.search(r"^ +(\d{6})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    return found[1]


def test_from_the_password_to_the_api_and_out_again() -> None:
    alice = members.alice()
    app = App()
    assert not app.is_in()
    answer = app.sign_in("Alice@Example.org")
    assert answer.json()["state"] == "signed_in"
    assert answer.json()["member"] == {"id": str(alice.pk), "handle": "alice", "name": "Alice Ash"}
    assert app.is_in()
    assert app.state() == "signed_in"
    row = LoginActivity.objects.get()
    assert (row.outcome, row.member_id, row.path) == ("success", alice.pk, "/api/v1/auth/sign-in")
    old = app.token
    assert app.ask("DELETE", "/auth/session").status_code == 204
    assert not app.is_in()
    app.token = old
    assert app.state() == "signed_out"
    assert app.ask("DELETE", "/auth/session").status_code == 204


def test_the_session_of_an_app_does_what_a_session_does_without_csrf() -> None:
    alice, bob = members.alice(), members.bob()
    app = App()
    app.sign_in()
    answer = app.ask("POST", f"/members/{bob.handle}/friendship", {"step": "request"})
    assert answer.json()["relation"] == "asked"
    token, text = members.token(alice)
    assert app.ask("GET", "/tokens").json()["items"][0]["id"] == str(token.pk)
    assert app.ask("DELETE", f"/tokens/{token.pk}").status_code == 204
    assert Client().get("/api/v1/me", **bearer(text)).status_code == 401


@pytest.mark.parametrize(
    ("email", "password", "outcome"),
    [
        ("alice@example.org", "wrong password", "bad_credentials"),
        ("nobody@example.org", PASSWORD, "unknown"),
    ],
)
def test_a_wrong_attempt_tells_nothing_and_leaves_one_row(email: str, password: str, outcome: str) -> None:
    members.alice()
    app = App()
    answer = app.sign_in(email, password)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_credentials")
    assert answer.json()["detail"] == "Check both, then try again."
    assert answer["Content-Type"] == "application/problem+json"
    assert _outcomes() == [outcome]
    assert not app.token


def test_the_limits_are_those_of_the_page() -> None:
    members.alice()
    page = Client()
    for _ in range(3):
        page.post("/sign-in", {"login": "alice@example.org", "password": "wrong"})
    answers = [App().sign_in(password="wrong").status_code for _ in range(3)]
    assert answers == [422, 422, 429]
    refused = App().sign_in()
    assert refused.json()["code"] == "rate_limited"
    assert int(refused["Retry-After"]) == refused.json()["retry_after"] > 0
    assert _outcomes() == ["bad_credentials"] * 5 + ["limited"] * 2


def test_a_closed_account_is_told_to_who_knows_the_password_only() -> None:
    members.member("alice", is_active=False)
    assert App().sign_in(password="wrong").json()["code"] == "wrong_credentials"
    app = App()
    answer = app.sign_in()
    assert (answer.status_code, answer.json()["code"]) == (403, "account_closed")
    assert not app.is_in()
    assert _outcomes() == ["bad_credentials", "inactive"]


def test_an_account_that_is_closed_later_ends_its_apps() -> None:
    alice = members.alice()
    app = App()
    app.sign_in()
    alice.is_active = False
    alice.save()
    assert not app.is_in()
    assert app.state() == "signed_out"


# The address


def test_an_unconfirmed_address_needs_the_mailed_code() -> None:
    members.member("alice", is_confirmed=False)
    app = App()
    assert app.sign_in().json()["state"] == "confirm_address"
    waiting = app.token
    assert not app.is_in()
    wrong = app.ask("POST", "/auth/code", {"code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid")
    answer = app.ask("POST", "/auth/code", {"code": _code()})
    assert answer.json()["state"] == "signed_in"
    assert app.is_in()
    assert app.token != waiting
    app.token = waiting
    assert not app.is_in()


def test_five_wrong_codes_end_the_attempt() -> None:
    members.member("alice", is_confirmed=False)
    app = App()
    app.sign_in()
    codes = [app.ask("POST", "/auth/code", {"code": "000000"}).status_code for _ in range(6)]
    assert codes == [422, 422, 422, 422, 409, 409]
    assert app.ask("POST", "/auth/code", {"code": _code()}).json()["code"] == "nothing_pending"
    assert not app.is_in()


def test_another_code_can_be_asked_for_and_the_first_is_worth_nothing() -> None:
    members.member("alice", is_confirmed=False)
    app = App()
    app.sign_in()
    first = _code()
    assert app.ask("POST", "/auth/code/again").status_code == 204
    assert len(mail.outbox) == 2
    if first != _code():
        assert app.ask("POST", "/auth/code", {"code": first}).status_code == 422
    assert app.ask("POST", "/auth/code", {"code": _code()}).json()["state"] == "signed_in"


@pytest.mark.parametrize("path", ["/auth/code", "/auth/code/again"])
def test_a_step_that_nobody_asked_for_is_refused(path: str) -> None:
    members.alice()
    nobody, signed_in = App(), App()
    signed_in.sign_in()
    for app in (nobody, signed_in):
        answer = app.ask("POST", path, {"code": "000000"})
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_pending")


# Cookies and tokens


def test_a_cookie_is_worth_nothing_where_apps_sign_in() -> None:
    browser = members.client_of(members.alice())
    assert browser.get("/api/v1/auth/session").json() == {"state": "signed_out"}
    assert browser.delete("/api/v1/auth/session").status_code == 204
    assert browser.get("/api/v1/me").status_code == 200, "the browser is still signed in"


def test_the_session_of_a_browser_is_none_of_an_app_nor_the_other_way_round() -> None:
    alice = members.alice()
    key = members.client_of(alice).session.session_key
    app = App()
    app.token = str(key)
    assert not app.is_in()
    assert app.state() == "signed_out"
    app = App()
    app.sign_in()
    browser = Client()
    browser.cookies["beyou-session"] = app.token
    assert browser.get("/home").status_code == 302
    assert browser.get("/api/v1/me").status_code == 401
    # Nor is what an app's session waits for: the step that is still owed is asked for in the app.
    passkeys.app(members.bob())
    waiting = App()
    waiting.sign_in("bob@example.org")
    browser.cookies["beyou-session"] = waiting.token
    assert browser.get("/sign-in/second-step")["Location"] == "/sign-in"
    assert waiting.state() == "second_step"


def test_the_header_beside_a_cookie_decides_alone() -> None:
    members.bob()
    app = App()
    app.sign_in("bob@example.org")
    browser = members.client_of(members.alice())
    assert browser.get("/api/v1/me", HTTP_X_SESSION_TOKEN=app.token).json()["handle"] == "bob"
    assert browser.get("/api/v1/me", HTTP_X_SESSION_TOKEN="0" * 32).status_code == 401
    assert browser.get("/api/v1/me").json()["handle"] == "alice"
    assert "alice" in browser.get("/home", HTTP_X_SESSION_TOKEN=app.token).content.decode(), "pages ignore it"


def test_a_token_beside_an_apps_session_decides_alone() -> None:
    members.alice()
    _, text = members.token(members.bob())
    app = App()
    app.sign_in()
    assert app.ask("GET", "/me", **bearer(text)).json()["handle"] == "bob"
    assert app.ask("GET", "/me", **bearer("wrong")).status_code == 401


@pytest.mark.parametrize("token", ["x", "0" * 32, "0" * 40, "../../etc", "é" * 32, "a" * 9000, "' OR 1=1 --"])
def test_a_forged_session_token_opens_nothing(token: str) -> None:
    members.alice()
    app = App()
    app.token = token
    assert not app.is_in()
    assert app.state() == "signed_out"
    assert app.sign_in().json()["state"] == "signed_in"
    assert app.token != token


def test_a_foreign_page_can_do_nothing_with_the_sign_in_of_apps() -> None:
    """What a browser would send of itself: a cookie, a form as text, another origin."""
    members.alice()
    browser = members.client_of(members.bob(), enforce_csrf_checks=True)
    answer = browser.post(
        "/api/v1/auth/sign-in",
        f'{{"email":"alice@example.org","password":"{PASSWORD}"}}',
        content_type="text/plain",
        HTTP_ORIGIN="https://evil.example",
    )
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Access-Control-Allow-Origin" not in answer
    assert browser.get("/api/v1/me").json()["handle"] == "bob"


def test_signing_in_twice_in_one_session_is_refused() -> None:
    members.alice()
    app = App()
    app.sign_in()
    assert app.sign_in().json()["code"] == "already_signed_in"
    assert app.is_in()


def test_a_session_of_an_app_counts_as_a_session_and_ends_as_one() -> None:
    from beyou.users import services

    alice = members.alice()
    apps = [App(), App()]
    for app in apps:
        app.sign_in()
    browser = members.client_of(alice)
    assert services.end_sessions(member_id=alice.pk) == 3
    assert not any(app.is_in() for app in apps)
    assert browser.get("/api/v1/me").status_code == 401


# Bad input

_BAD: list[Any] = [
    {},
    {"email": "alice@example.org"},
    {"email": "alice@example.org", "password": ""},
    {"email": "alice@example.org", "password": 5},
    {"email": ["alice@example.org"], "password": PASSWORD},
    {"email": {"a": 1}, "password": PASSWORD},
    {"email": "nobody", "password": PASSWORD},
    {"email": "a\x00@example.org", "password": PASSWORD},
    {"email": "alice@example.org", "password": "a\x00b"},
    {"email": "x" * 300 + "@example.org", "password": PASSWORD},
    {"email": "alice@example.org", "password": "x" * 5000},
    {"email": "alice@example.org", "password": PASSWORD, "remember": True},
    {"login": "alice@example.org", "password": PASSWORD},
    {"email": "alice@example.org\u202e", "password": PASSWORD},
]


@pytest.mark.parametrize("body", _BAD)
def test_bad_input_signs_nobody_in(body: Any) -> None:
    members.alice()
    app = App()
    answer = app.ask("POST", "/auth/sign-in", body)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert not app.token
    assert not LoginActivity.objects.filter(outcome="success").exists()
    if body.get("password"):
        assert str(body["password"]) not in answer.content.decode()


@pytest.mark.parametrize("code", ["", 0, None, [], "x" * 61, "0\x00", "０００００００", "\u202e000000"])
def test_a_bad_code_confirms_nothing(code: Any) -> None:
    members.member("alice", is_confirmed=False)
    app = App()
    app.sign_in()
    assert app.ask("POST", "/auth/code", {"code": code}).status_code == 422
    assert not app.is_in()
    limits.reset()


def test_an_app_shows_the_second_step_like_the_page() -> None:
    secret = passkeys.app(members.alice())
    app = App()
    assert app.sign_in().json()["state"] == "second_step"
    assert not app.is_in()
    wrong = app.ask("POST", "/auth/second-step", {"code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_code")
    assert not app.is_in()
    code = passkeys.code(secret)
    right = app.ask("POST", "/auth/second-step", {"code": code})
    assert right.json()["state"] == "signed_in"
    assert _outcomes() == ["bad_code", "success"]
    again = App()
    again.sign_in()
    used = again.ask("POST", "/auth/second-step", {"code": code})
    assert used.json()["code"] == "wrong_code"
    assert not again.is_in()


def test_five_wrong_codes_end_the_sign_in_of_an_app_too() -> None:
    secret = passkeys.app(members.alice())
    app = App()
    app.sign_in()
    answers = [app.ask("POST", "/auth/second-step", {"code": "000000"}).status_code for _ in range(5)]
    assert answers == [422] * 4 + [409]
    late = app.ask("POST", "/auth/second-step", {"code": passkeys.code(secret)})
    assert late.json()["code"] == "nothing_pending"
    assert not app.is_in()


def test_a_second_step_without_a_first_is_nothing() -> None:
    secret = passkeys.app(members.alice())
    answer = App().ask("POST", "/auth/second-step", {"code": passkeys.code(secret)})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_pending")
