"""Passkeys of apps: alone and as second step; whatever is forged, old, foreign or repeated opens nothing."""

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from beyou.core import clock, limits
from beyou.users import services
from beyou.users.models import LoginActivity, User
from beyou.users.passkeys import GOOD_FOR_MS, passkeys_of, remove
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD
from tests.factories.passkeys import SoftKey
from tests.users.app import App

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
ALONE, SECOND = "/auth/passkey", "/auth/second-step"


def _question(app: App) -> dict[str, Any]:
    asked: dict[str, Any] = app.ask("POST", "/auth/passkey/question").json()["question"]
    return asked


def _show(app: App, answer: Any, path: str = ALONE) -> Any:
    return app.ask("POST", path, {"passkey": answer})


def _rows() -> list[tuple[str, str, str | None]]:
    rows = LoginActivity.objects.order_by("created_at", "id")
    return list(rows.values_list("outcome", "method", "member__handle"))


def _waits() -> App:
    """An app that has shown the password and owes the second step."""
    app = App()
    assert app.sign_in().json()["state"] == "second_step"
    return app


def test_a_passkey_alone_is_both_steps() -> None:
    alice = members.alice()
    key, app = passkeys.passkey(alice), App()
    question = _question(app)
    assert (question["rpId"], question["userVerification"]) == ("testserver", "required")
    assert not question.get("allowCredentials")
    before = app.token
    assert app.state() == "signed_out"
    answer = _show(app, key.answer(question))
    assert answer.json()["state"] == "signed_in"
    assert answer.json()["member"]["handle"] == "alice"
    assert app.is_in()
    assert app.token != before
    app.token = before
    assert not app.is_in()
    assert _rows() == [("success", "passkey", "alice")]
    assert passkeys_of(alice.pk)[0].last_used_at is not None


def test_a_passkey_answers_the_password_and_settles_its_row() -> None:
    key = passkeys.passkey(members.alice(), is_verified=False)
    app = _waits()
    question = _question(app)
    assert [known["id"] for known in question["allowCredentials"]] == [key.answer(question)["id"]]
    assert app.state() == "second_step"
    assert not app.is_in()
    assert _show(app, key.answer(question), SECOND).json()["state"] == "signed_in"
    assert app.is_in()
    assert _rows() == [("success", "passkey", "alice")]


def test_what_platforms_add_or_leave_out_is_no_mistake() -> None:
    key = passkeys.passkey(members.alice())
    app = _waits()
    answer = key.answer(_question(app)) | {"authenticatorAttachment": "platform", "later": {"a": [1]}}
    del answer["clientExtensionResults"]
    answer["response"] = answer["response"] | {"userHandle": None, "more": 1}
    assert _show(app, answer, SECOND).json()["state"] == "signed_in"


def test_a_passkey_that_did_not_check_its_owner_is_no_sign_in_of_its_own() -> None:
    key, app = passkeys.passkey(members.alice(), is_verified=False), App()
    answer = _show(app, key.answer(_question(app)))
    assert (answer.status_code, answer.json()["code"]) == (422, "passkey_refused")
    assert answer["Content-Type"] == "application/problem+json"
    assert not app.is_in()
    assert _rows() == [("passkey_failed", "passkey", "alice")]


def _forged(key: SoftKey, kind: str, question: dict[str, Any]) -> dict[str, Any]:
    if kind == "signature":
        return key.answer(question, signature=SoftKey().answer(question)["response"]["signature"])
    if kind in ("https://evil.example", "http://evil.testserver", "android:apk-key-hash:AA", "null"):
        key.origin = kind
        return key.answer(question)
    if kind == "site":
        return key.answer(question | {"rpId": "evil.example"})
    if kind == "challenge":
        return key.answer(question | {"challenge": "AAAA"})
    stranger = SoftKey()
    stranger.handle = key.handle
    return stranger.answer(question)


_FORGERIES = [
    *["signature", "https://evil.example", "http://evil.testserver", "android:apk-key-hash:AA", "null"],
    *["site", "challenge", "unknown"],
]


@pytest.mark.parametrize("kind", _FORGERIES)
def test_forgeries_are_refused_with_one_row_each_and_use_the_question_up(kind: str) -> None:
    key = passkeys.passkey(members.alice())
    origin = key.origin
    for app, path in ((App(), ALONE), (_waits(), SECOND)):
        question = _question(app)
        key.origin = origin
        good = key.answer(question)
        assert _show(app, _forged(key, kind, question), path).json()["code"] == "passkey_refused"
        assert _show(app, good, path).json()["code"] == "passkey_refused"
        assert not app.is_in()
    assert _rows() == [("passkey_failed", "passkey", "alice")] * 4


def test_an_answer_counts_once_and_in_its_own_session_only() -> None:
    key, app, other = passkeys.passkey(members.alice()), App(), App()
    answer = key.answer(_question(app))
    _question(other)
    assert _show(other, answer).json()["code"] == "passkey_refused"
    assert _show(App(), answer).json()["code"] == "passkey_refused"
    assert _show(app, answer).json()["state"] == "signed_in"
    assert _show(app, answer).json()["code"] == "already_signed_in"
    app.ask("DELETE", "/auth/session")
    assert _show(app, answer).json()["code"] == "passkey_refused"
    assert not app.is_in()


def test_a_question_of_a_page_is_none_of_an_app_nor_the_other_way_round() -> None:
    key, app, page = passkeys.passkey(members.alice()), App(), Client()
    of_page = page.post("/sign-in/passkey/options").json()
    of_app = _question(app)
    assert _show(app, key.answer(of_page)).json()["code"] == "passkey_refused"
    sent = {"credential": json.dumps(key.answer(of_app))}
    assert page.post("/sign-in/passkey", sent).status_code == 422
    # Nor does the session of one give the question to the other.
    app.token = str(page.session.session_key)
    page.post("/sign-in/passkey/options")
    assert _show(app, key.answer(page.session["users.passkey"] | {"rpId": "testserver"})).status_code == 422


def test_a_question_of_one_step_is_no_question_of_another() -> None:
    key, app = passkeys.passkey(members.alice()), App()
    alone = _question(app)
    assert app.sign_in().json()["state"] == "second_step"
    assert _show(app, key.answer(alone), SECOND).json()["code"] == "passkey_refused"
    second = _question(app)
    assert _show(app, key.answer(second), ALONE).json()["code"] == "passkey_refused"
    assert not app.is_in()
    # The failure of the other door is a row of its own; the password still waits for its second step.
    assert _show(app, key.answer(_question(app)), SECOND).json()["state"] == "signed_in"


def test_a_question_grows_old_and_a_newer_one_replaces_it() -> None:
    key, app = passkeys.passkey(members.alice()), App()
    first = key.answer(_question(app))
    second = key.answer(_question(app))
    assert _show(app, first).json()["code"] == "passkey_refused"
    assert _show(app, second).json()["code"] == "passkey_refused"
    late = key.answer(_question(app))
    clock.shift(GOOD_FOR_MS + 1000)
    assert _show(app, late).json()["code"] == "passkey_refused"
    assert not app.is_in()


def test_a_copied_key_is_refused() -> None:
    key = passkeys.passkey(members.alice())
    key.count = 7
    first, copy = App(), App()
    assert _show(first, key.answer(_question(first))).json()["state"] == "signed_in"
    for count in (7, 3, 0):
        key.count = count
        assert _show(copy, key.answer(_question(copy))).json()["code"] == "passkey_refused"
    assert not copy.is_in()
    assert [outcome for outcome, *_ in _rows()] == ["success"] + ["passkey_failed"] * 3


def test_bobs_passkey_is_no_second_step_of_alice_and_opens_only_his_account() -> None:
    passkeys.passkey(members.alice())
    bobs = passkeys.passkey(members.bob())
    app = _waits()
    assert _show(app, bobs.answer(_question(app)), SECOND).json()["code"] == "passkey_refused"
    assert not app.is_in()
    other = App()
    pretended = bobs.answer(_question(other))
    pretended["response"]["userHandle"] = passkeys.websafe_encode(User.objects.get(handle="alice").pk.bytes)
    assert _show(other, pretended).json()["code"] == "passkey_refused"
    assert not other.is_in()
    assert _rows() == [("passkey_failed", "passkey", "alice")] * 2


def test_five_wrong_passkeys_end_the_sign_in() -> None:
    key = passkeys.passkey(members.alice())
    app = _waits()
    codes = [
        _show(app, SoftKey().answer(_question(app)), SECOND).json()["code"] for _ in range(5)
    ]  # fmt: skip
    assert codes == ["passkey_refused"] * 4 + ["nothing_pending"]
    assert app.state() == "signed_out"
    assert _show(app, key.answer(_question(app)), SECOND).json()["code"] == "nothing_pending"
    assert [outcome for outcome, *_ in _rows()] == ["passkey_failed"] * 5


def test_what_changes_meanwhile_ends_it() -> None:
    alice = members.alice()
    key = passkeys.passkey(alice)
    closed, removed, alone = _waits(), _waits(), App()
    answers = [key.answer(_question(app)) for app in (closed, removed, alone)]
    remove(member_id=alice.pk, passkey_id=passkeys_of(alice.pk)[0].id)
    assert _show(removed, answers[1], SECOND).json()["code"] == "nothing_pending"
    assert _show(alone, answers[2]).json()["code"] == "passkey_refused"
    services.close_account_access(member_id=alice.pk)
    assert _show(closed, answers[0], SECOND).json()["code"] in ("nothing_pending", "session_over")
    assert not any(app.is_in() for app in (closed, removed, alone))


def test_a_closed_account_stays_closed_for_its_passkey() -> None:
    alice, app = members.alice(), App()
    key = passkeys.passkey(alice)
    User.objects.filter(id=alice.pk).update(is_active=False)
    answer = _show(app, key.answer(_question(app)))
    assert (answer.status_code, answer.json()["code"]) == (403, "account_closed")
    assert not app.is_in()
    assert _rows() == [("inactive", "passkey", "alice")]


def test_an_unconfirmed_address_is_asked_for_behind_a_passkey_too() -> None:
    alice, app = members.alice(), App()
    key = passkeys.passkey(alice)
    alice.emailaddress_set.update(verified=False)  # type: ignore[attr-defined]  # allauth's relation
    assert _show(app, key.answer(_question(app))).json()["state"] == "confirm_address"
    assert not app.is_in()


def test_nobody_signed_in_is_asked_here_and_nothing_waits_for_a_stranger() -> None:
    members.alice()
    app, key = App(), SoftKey()
    assert _show(app, key.answer(_question(app)), SECOND).json()["code"] == "nothing_pending"
    assert _show(app, key.answer(_question(app))).json()["code"] == "passkey_refused"
    app.sign_in()
    assert app.ask("POST", "/auth/passkey/question").json()["code"] == "already_signed_in"
    assert _rows() == [("passkey_failed", "passkey", None), ("success", "password", "alice")]


def test_attempts_and_questions_are_limited_by_the_address(monkeypatch: Any) -> None:
    key, app = passkeys.passkey(members.alice()), App()
    monkeypatch.setitem(limits.POLICIES, "sign_in.address", limits.guarded("2/minute"))
    monkeypatch.setitem(limits.POLICIES, "passkey.address", limits.guarded("4/minute"))
    wrong = [_show(app, SoftKey().answer(_question(app))).status_code for _ in range(3)]
    assert wrong == [422, 422, 429]
    answer = _show(app, key.answer(_question(app)))
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert not app.is_in()
    refused = app.ask("POST", "/auth/passkey/question")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused["Retry-After"]) > 0
    assert [outcome for outcome, *_ in _rows()] == ["passkey_failed"] * 2 + ["limited"] * 2


@pytest.mark.django_db(transaction=True)
def test_of_many_uses_of_one_answer_at_once_one_counts() -> None:
    """A synchronised passkey has no counter that would tell a repeat, so the question must."""
    key, app = passkeys.passkey(members.alice()), App()
    answer = key.answer(_question(app))
    barrier, found = threading.Barrier(6), list[str]()

    def use() -> None:
        copy = App()
        copy.token = app.token
        barrier.wait()
        found.append(_show(copy, answer).json().get("state", "refused"))
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["refused"] * 5 + ["signed_in"]
    assert LoginActivity.objects.filter(outcome="success").count() == 1


_HEAD = {"id": "AA", "rawId": "AA", "type": "public-key"}
_PARTS = ("clientDataJSON", "authenticatorData", "signature")
_MALFORMED: list[Any] = [
    *[None, 1, "x", [], {}, [{}], "\0", True],
    _HEAD,
    _HEAD | {"response": {}},
    _HEAD | {"response": []},
    _HEAD | {"response": dict.fromkeys(_PARTS, "")},
    _HEAD | {"response": {part: {} for part in _PARTS}},
    _HEAD | {"response": dict.fromkeys(_PARTS, "A\0A")},
    _HEAD | {"response": dict.fromkeys(_PARTS, "AA\n")},
    _HEAD | {"response": dict.fromkeys(_PARTS, "é\u202e")},
    _HEAD | {"response": dict.fromkeys(_PARTS, "A" * 9_000)},
    _HEAD | {"response": dict.fromkeys(_PARTS, "AA") | {"userHandle": ["A"]}},
    _HEAD | {"type": "password", "response": dict.fromkeys(_PARTS, "AA")},
    _HEAD | {"id": "A" * 2_000, "response": dict.fromkeys(_PARTS, "AA")},
]
#: Of the right form, and nonsense.
_NONSENSE: list[Any] = [
    _HEAD | {"response": dict.fromkeys((*_PARTS, "userHandle"), "AA")},
    _HEAD | {"response": dict.fromkeys(_PARTS, "e30")},
    _HEAD | {"response": dict.fromkeys(_PARTS, "oA")},
    _HEAD | {"id": "AB", "response": dict.fromkeys(_PARTS, "A")},
    _HEAD | {"response": dict.fromkeys(_PARTS, "A" * 8_000) | {"userHandle": "A" * 22}},
]


@pytest.mark.parametrize("answer", _MALFORMED)
def test_malformed_answers_are_no_attempt_and_keep_the_question(answer: Any) -> None:
    key = passkeys.passkey(members.alice())
    for app, path in ((App(), ALONE), (_waits(), SECOND)):
        question = _question(app)
        refused = _show(app, answer, path)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
        assert not app.is_in()
        assert [row for row in _rows() if row[0] == "passkey_failed"] == []
        assert _show(app, key.answer(question), path).json()["state"] == "signed_in"


@pytest.mark.parametrize("answer", _NONSENSE)
def test_nonsense_is_a_failed_attempt(answer: Any) -> None:
    passkeys.passkey(members.alice())
    for app, path in ((App(), ALONE), (_waits(), SECOND)):
        _question(app)
        assert _show(app, answer, path).json()["code"] == "passkey_refused"
        assert not app.is_in()
    assert [outcome for outcome, *_ in _rows()] == ["passkey_failed"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {"passkey": _NONSENSE[0], "code": "000000"},
        {"passkey": _NONSENSE[0], "more": 1},
        {"code": None},
        {"passkey": None, "code": None},
        {},
        [],
        5,
    ],
)
def test_a_second_step_is_one_thing(body: Any) -> None:
    passkeys.passkey(members.alice())
    app = _waits()
    assert app.ask("POST", SECOND, body).status_code == 422
    assert app.state() == "second_step"
    assert [outcome for outcome, *_ in _rows()] == ["awaiting_factor"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 50_000, b"\0", b'{"passkey":' + b'{"a":' * 5_000, b"\xff"])
def test_bytes_that_are_no_json_are_refused(raw: bytes) -> None:
    passkeys.passkey(members.alice())
    for app, path in ((App(), ALONE), (_waits(), SECOND)):
        answer = app.client.post(
            f"/api/v1{path}", raw, content_type="application/json", HTTP_X_SESSION_TOKEN=app.token
        )
        assert answer.status_code in (400, 422)
        assert answer["Content-Type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_refused() -> None:
    app = App()
    answer = _show(app, {"id": "A" * 6_000_000})
    assert answer.status_code in (400, 413)
    assert answer["Content-Type"] == "application/problem+json"
    assert PASSWORD not in answer.content.decode()
