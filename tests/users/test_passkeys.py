"""Passkeys: adding, signing in alone and as second step, and every answer that must not work."""

import html
import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from beyou.core import clock, events
from beyou.users import factors
from beyou.users.errors import FactorNeeded, PasskeyRefused
from beyou.users.models import LoginActivity, RecoveryCode, User
from beyou.users.passkeys import GOOD_FOR_MS, passkeys_of, prove, remove
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD
from tests.factories.passkeys import SoftKey

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
NEW = "/settings/second-step/passkeys/new"
SECOND = "/sign-in/second-step"


def _options(client: Client) -> dict[str, Any]:
    asked: dict[str, Any] = client.post("/sign-in/passkey/options").json()
    return asked


def _registration(client: Client) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]*)"', client.get(NEW).content.decode())
    assert found
    options: dict[str, Any] = json.loads(html.unescape(found[1]))
    return options


def _sign_in(client: Client, key: SoftKey, **changes: Any) -> Any:
    answer = key.answer(_options(client), **changes)
    return client.post("/sign-in/passkey", {"credential": json.dumps(answer)})


def _rows() -> list[tuple[str, str, str | None]]:
    rows = LoginActivity.objects.order_by("created_at", "id")
    return list(rows.values_list("outcome", "method", "member__handle"))


def _is_in(client: Client) -> bool:
    return client.get("/home").status_code == 200


def test_from_the_page_to_a_passkey_with_recovery_codes() -> None:
    client, key = members.client_of(members.alice()), SoftKey()
    answer = json.dumps(key.make(_registration(client)))
    page = client.post(NEW, {"name": "  My   phone ", "credential": answer}).content.decode()
    assert len(re.findall(r"<li>[0-9a-z]{5}-[0-9a-z]{5}</li>", page)) == 10
    assert RecoveryCode.objects.count() == 10
    overview = client.get("/settings/second-step").content.decode()
    assert "<b>My phone</b>" in overview
    assert "not used yet" in overview
    events.drain()
    assert mail.outbox[0].subject == "A passkey was added"
    assert _sign_in(Client(), key)["Location"] == "/home"


def test_signing_in_with_a_passkey_alone_is_both_steps() -> None:
    key = passkeys.passkey(members.alice())
    client = Client()
    _options(client)
    before = client.session.session_key
    assert _sign_in(client, key)["Location"] == "/home"
    assert _is_in(client)
    assert client.session.session_key != before
    assert _rows() == [("success", "passkey", "alice")]
    assert passkeys_of(User.objects.get().pk)[0].last_used_at is not None


def test_a_passkey_is_asked_for_after_the_password_and_answers_it() -> None:
    key = passkeys.passkey(members.alice(), is_verified=False)
    client = Client()
    sent = {"login": "alice@example.org", "password": PASSWORD}
    assert client.post("/sign-in", sent)["Location"] == SECOND
    options = _options(client)
    assert [known["id"] for known in options["allowCredentials"]] == [key.answer(options)["id"]]
    answer = json.dumps(key.answer(options))
    assert client.post(SECOND, {"credential": answer})["Location"] == "/home"
    assert _rows() == [("success", "passkey", "alice")]


def test_a_passkey_signs_in_where_another_sign_in_still_waits_for_its_second_step() -> None:
    alice, key = members.alice(), passkeys.passkey(members.bob())
    passkeys.app(alice)
    client = Client()
    client.post("/sign-in", {"login": "alice@example.org", "password": PASSWORD})
    # What was asked as a second step, or for another purpose, opens nothing on the page of signing in.
    assert (
        client.post("/sign-in/passkey", {"credential": json.dumps(key.answer(_options(client)))}).status_code
        == 422
    )
    asked = client.post("/sign-in/passkey/options", {"alone": "1"}).json()
    assert asked["userVerification"] == "required"
    assert client.post("/sign-in/passkey", {"credential": json.dumps(key.answer(asked))}).status_code == 302
    assert client.get("/api/v1/me").json()["handle"] == "bob"


def test_a_passkey_that_did_not_check_its_owner_is_no_sign_in_of_its_own() -> None:
    key = passkeys.passkey(members.alice(), is_verified=False)
    client = Client()
    assert _sign_in(client, key).status_code == 422
    assert not _is_in(client)
    assert _rows() == [("passkey_failed", "passkey", "alice")]


def _forged(key: SoftKey, kind: str, client: Client) -> dict[str, Any]:
    options = _options(client)
    if kind == "signature":
        return key.answer(options, signature=SoftKey().answer(options)["response"]["signature"])
    if kind == "origin":
        key.origin = "https://evil.example"
        return key.answer(options)
    if kind == "subdomain":
        key.origin = "http://evil.testserver"
        return key.answer(options)
    if kind == "site":
        return key.answer(options | {"rpId": "evil.example"})
    if kind == "challenge":
        return key.answer(options | {"challenge": "AAAA"})
    stranger = SoftKey()
    stranger.handle = key.handle
    return stranger.answer(options)


@pytest.mark.parametrize("kind", ["signature", "origin", "subdomain", "site", "challenge", "unknown"])
def test_forged_answers_are_refused_and_recorded(kind: str) -> None:
    key = passkeys.passkey(members.alice())
    client = Client()
    answer = _forged(key, kind, client)
    response = client.post("/sign-in/passkey", {"credential": json.dumps(answer)})
    assert response.status_code == 422
    assert "passkey" in response.content.decode()
    assert not _is_in(client)
    assert _rows() == [("passkey_failed", "passkey", "alice")]


def test_an_answer_counts_once() -> None:
    key = passkeys.passkey(members.alice())
    client = Client()
    sent = {"credential": json.dumps(key.answer(_options(client)))}
    assert client.post("/sign-in/passkey", sent).status_code == 302
    client.post("/sign-out")
    assert client.post("/sign-in/passkey", sent).status_code == 422
    assert Client().post("/sign-in/passkey", sent).status_code == 422


def test_a_wrong_answer_uses_the_question_up() -> None:
    key = passkeys.passkey(members.alice())
    client = Client()
    options = _options(client)
    client.post("/sign-in/passkey", {"credential": json.dumps(SoftKey().answer(options))})
    sent = {"credential": json.dumps(key.answer(options))}
    assert client.post("/sign-in/passkey", sent).status_code == 422


def test_a_question_grows_old() -> None:
    key = passkeys.passkey(members.alice())
    client = Client()
    answer = json.dumps(key.answer(_options(client)))
    clock.shift(GOOD_FOR_MS + 1000)
    assert client.post("/sign-in/passkey", {"credential": answer}).status_code == 422


def test_bobs_passkey_is_no_second_step_of_alice() -> None:
    passkeys.passkey(members.alice())
    theirs = passkeys.passkey(members.bob())
    client = Client()
    client.post("/sign-in", {"login": "alice@example.org", "password": PASSWORD})
    answer = json.dumps(theirs.answer(_options(client)))
    assert client.post(SECOND, {"credential": answer}).status_code == 422
    assert not _is_in(client)
    assert _rows() == [("passkey_failed", "passkey", "alice")]


def test_a_question_of_one_page_is_no_question_of_another() -> None:
    alice = members.alice()
    key = passkeys.passkey(alice)
    client = Client()
    options = _options(client)
    client.post("/sign-in", {"login": "alice@example.org", "password": PASSWORD})
    answer = json.dumps(key.answer(options))
    assert client.post(SECOND, {"credential": answer}).status_code == 422


def test_a_counter_that_goes_back_is_refused() -> None:
    alice = members.alice()
    key = passkeys.passkey(alice)
    key.count = 7
    assert _sign_in(Client(), key).status_code == 302
    assert _sign_in(Client(), key).status_code == 422
    key.count = 8
    assert _sign_in(Client(), key).status_code == 302


def test_a_closed_account_stays_closed_for_its_passkey() -> None:
    alice = members.alice()
    key = passkeys.passkey(alice)
    User.objects.filter(id=alice.pk).update(is_active=False)
    client = Client()
    assert _sign_in(client, key).status_code == 403
    assert not _is_in(client)
    assert _rows() == [("inactive", "passkey", "alice")]


def test_a_removed_passkey_opens_nothing() -> None:
    alice = members.alice()
    key = passkeys.passkey(alice)
    remove(member_id=alice.pk, passkey_id=passkeys_of(alice.pk)[0].id)
    assert _sign_in(Client(), key).status_code == 422
    assert not RecoveryCode.objects.exists()


def test_a_member_removes_and_renames_her_own_passkeys_only() -> None:
    alice, bob = members.alice(), members.bob()
    passkeys.passkey(alice)
    address = f"/settings/second-step/passkeys/{passkeys_of(alice.pk)[0].id}"
    theirs = members.client_of(bob)
    assert theirs.get(address).status_code == 404
    assert theirs.post(address, {"name": "Mine"}).status_code == 404
    assert theirs.post(f"{address}/remove").status_code == 404
    client = members.client_of(alice, by_factor=True)
    assert client.post(address, {"name": "Laptop"}).status_code == 302
    assert passkeys_of(alice.pk)[0].name == "Laptop"
    for name in ("", " ", "x" * 41, "a\0b"):
        assert client.post(address, {"name": name}).status_code == 422
    assert client.post(f"{address}/remove").status_code == 302
    assert passkeys_of(alice.pk) == []


def test_the_last_passkey_of_the_staff_stays() -> None:
    staff = members.staff()
    passkeys.passkey(staff)
    with pytest.raises(FactorNeeded):
        remove(member_id=staff.pk, passkey_id=passkeys_of(staff.pk)[0].id)
    page = members.client_of(staff).post(
        f"/settings/second-step/passkeys/{passkeys_of(staff.pk)[0].id}/remove"
    )
    assert page.status_code == 409
    assert Authenticator.objects.filter(user=staff).count() == 1


def test_the_same_passkey_is_not_added_twice_nor_more_than_the_limit(monkeypatch: Any) -> None:
    alice = members.alice()
    key = passkeys.passkey(alice)
    client = members.client_of(alice, by_factor=True)
    answer = json.dumps(key.make(_registration(client)))
    assert client.post(NEW, {"name": "Again", "credential": answer}).status_code == 422
    monkeypatch.setattr("beyou.users.passkeys.LIMIT", 1)
    other = json.dumps(SoftKey().make(_registration(client)))
    assert client.post(NEW, {"name": "Other", "credential": other}).status_code == 409
    assert len(passkeys_of(alice.pk)) == 1


_PARTS = ("clientDataJSON", "authenticatorData", "signature", "attestationObject", "userHandle")
_HEAD = {"id": "AA", "rawId": "AA", "type": "public-key"}
_STRANGE = [
    *["", "null", "[]", "{}", "1", '"x"', "{" * 500, "[" * 20_000, "x" * 30_000, "\0"],
    json.dumps({"id": 1, "rawId": 2, "type": 3, "response": 4}),
    json.dumps(_HEAD | {"response": {}}),
    json.dumps(_HEAD | {"response": dict.fromkeys(_PARTS, "AA")}),
    json.dumps(_HEAD | {"response": dict.fromkeys(_PARTS, "")}),
    json.dumps(_HEAD | {"response": {key: {} for key in _PARTS}, "clientExtensionResults": []}),
    json.dumps(
        _HEAD | {"response": dict.fromkeys(_PARTS, "e30"), "clientExtensionResults": {"credProps": 1}}
    ),
    json.dumps(_HEAD | {"response": dict.fromkeys(_PARTS, "oA")}),
    json.dumps({"response": {"userHandle": ["A" * 22]}}),
]


@pytest.mark.parametrize("text", _STRANGE)
def test_strange_answers_are_refused_everywhere(text: str) -> None:
    alice = members.alice()
    passkeys.passkey(alice)
    visitor, pending, member = Client(), Client(), members.client_of(alice, by_factor=True)
    pending.post("/sign-in", {"login": "alice@example.org", "password": PASSWORD})
    _registration(member)
    assert member.post(NEW, {"name": "X", "credential": text}).status_code == 422
    for client, path in ((visitor, "/sign-in/passkey"), (pending, SECOND), (member, "/confirm")):
        _options(client)
        assert client.post(path, {"credential": text}).status_code == 422
    assert not _is_in(visitor)
    assert not _is_in(pending)
    assert len(passkeys_of(alice.pk)) == 1


def test_attempts_from_one_address_are_limited() -> None:
    client = Client()
    statuses = [client.post("/sign-in/passkey", {"credential": "{}"}).status_code for _ in range(61)]
    assert statuses == [422] * 60 + [429]
    assert _rows()[-1] == ("limited", "passkey", None)


def test_in_production_only_the_origin_of_the_instance_counts(settings: Any) -> None:
    from django.test import RequestFactory

    from beyou.users.passkeys import web_origin

    settings.PRODUCTION, settings.ORIGIN = True, "https://talk.example.org"
    assert web_origin(RequestFactory().get("/", headers={"Host": "testserver"})) == settings.ORIGIN
    alice = members.alice()
    key = passkeys.passkey(alice, origin=settings.ORIGIN)
    session: dict[str, Any] = {}
    from beyou.users.passkeys import begin

    asked = begin(session=session, origin=settings.ORIGIN, purpose="sign_in", member_id=None)
    assert asked["rpId"] == "talk.example.org"
    key.origin = "https://other.talk.example.org"
    with pytest.raises(PasskeyRefused):
        prove(
            session=session, origin=settings.ORIGIN, purpose="sign_in",
            member_id=alice.pk, answer=key.answer(asked),
        )  # fmt: skip


def test_the_overview_asks_the_same_number_of_times_for_many_passkeys(
    django_assert_num_queries: Any,
) -> None:
    alice = members.alice()
    client = members.client_of(alice)
    for count in (2, 20):
        while len(passkeys_of(alice.pk)) < count:
            passkeys.passkey(alice)
        with django_assert_num_queries(2):
            factors.overview(alice.pk)
        assert client.get("/settings/second-step").content.count(b">Change</a>") == count
