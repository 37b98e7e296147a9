"""Publishing, restoring, replacing and revoking keys over the API, and every way to cheat at it."""

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from django.test import Client

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.core.models import OutboxEvent
from beyou.keys import queries
from beyou.keys.models import Device, KeyChallenge, UserKey, UserKeySet
from tests.factories import members
from tests.factories.crypto import Keys, base64, private_key
from tests.keys.browser import KeysBrowser

pytestmark = pytest.mark.django_db


def _nothing_stored() -> bool:
    return not (UserKeySet.objects.exists() or UserKey.objects.exists() or Device.objects.exists())


def _refused(response: Any, code: str, status: int) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert response["Content-Type"] == "application/problem+json"


def _facts() -> list[tuple[str, str]]:
    rows = OutboxEvent.objects.filter(event__startswith="Key").order_by("id")
    return [(row.event, row.payload["key_set"]) for row in rows]


def test_the_first_keys_are_in_use_after_the_proof() -> None:
    alice = KeysBrowser(members.alice())
    response = alice.publish()
    assert response.status_code == 201
    assert response.json() == {
        "key_set": str(alice.keys.key_set),
        "device": str(alice.keys.device),
        "generation": 1,
    }
    mine = alice.mine().json()
    assert mine["key_set"] == str(alice.keys.key_set)
    assert mine["encrypt"]["spki"] == base64(alice.keys.encrypt_spki)
    assert mine["sign"]["spki"] == base64(alice.keys.sign_spki)
    assert mine["recovery"] == {"tested_ms": None, "remind_ms": None}
    assert [device["label"] for device in mine["devices"]] == ["Test browser"]
    assert _facts() == [("KeyPublished", str(alice.keys.key_set))]
    assert not KeyChallenge.objects.exists()


def test_a_member_without_keys_is_told_so() -> None:
    _refused(KeysBrowser(members.alice()).mine(), "no_keys", 404)


def test_a_restored_browser_joins_the_same_keys_and_records_no_new_ones() -> None:
    person = members.alice()
    first = KeysBrowser(person)
    first.publish()
    second = KeysBrowser(
        person, keys=Keys(person.pk, first.keys.encrypt, first.keys.sign, first.keys.key_set)
    )
    assert second.publish().json()["generation"] == 1
    assert UserKeySet.objects.count() == 1
    assert Device.objects.filter(key_set=first.keys.key_set).count() == 2
    assert len(_facts()) == 1


def test_a_browser_that_never_saw_the_answer_may_prove_again() -> None:
    alice = KeysBrowser(members.alice())
    assert alice.publish().json() == alice.publish().json()
    assert Device.objects.count() == 1


def test_replacing_retires_the_old_keys_and_says_both() -> None:
    person = members.alice()
    old, new = KeysBrowser(person), KeysBrowser(person, "alice second")
    old.publish()
    _refused(new.publish(), "replace_needed", 409)
    assert UserKeySet.objects.count() == 1
    assert new.publish(replace=True).json()["generation"] == 2
    active = queries.active_key_sets([person.pk])[person.pk]
    assert (active.key_set, active.generation) == (new.keys.key_set, 2)
    assert [keys.key_set for keys in queries.retired_key_sets([person.pk])] == [old.keys.key_set]
    retired = old.client.get("/api/v1/keys/retired").json()
    assert [keys["generation"] for keys in retired["items"]] == [1]
    assert UserKey.objects.filter(active=False, revoked_at__isnull=False).count() == 2
    assert queries.device_of(person.pk, old.keys.device) is None
    assert queries.device_of(person.pk, new.keys.device) is not None
    assert _facts() == [
        ("KeyPublished", str(old.keys.key_set)),
        ("KeyRevoked", str(old.keys.key_set)),
        ("KeyPublished", str(new.keys.key_set)),
    ]
    _refused(old.publish(), "key_retired", 409)


def test_a_tab_that_fell_behind_cannot_replace_newer_keys() -> None:
    person = members.alice()
    first, second, stale = (KeysBrowser(person, f"alice {number}") for number in ("first", "second", "stale"))
    first.publish()
    asked = stale.ask().json()
    assert second.publish(replace=True).status_code == 201
    _refused(stale.post("/keys", stale.answer(asked) | {"replace": True}), "keys_changed", 409)
    assert queries.active_key_sets([person.pk])[person.pk].key_set == second.keys.key_set
    assert UserKeySet.objects.count() == 2


def _spki(key: Any) -> str:
    return base64(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.fixture(scope="module")
def small_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize("field", ["encrypt_spki", "sign_spki"])
def test_a_small_key_is_refused(small_key: rsa.RSAPrivateKey, field: str) -> None:
    _refused(KeysBrowser(members.alice()).ask(**{field: _spki(small_key)}), "key_too_small", 422)
    assert not KeyChallenge.objects.exists()


def _other_exponent() -> str:
    numbers = private_key("alice encrypt").public_key().public_numbers()
    key = rsa.RSAPublicNumbers(3, numbers.n).public_key()
    return base64(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _even_modulus() -> str:
    numbers = private_key("alice encrypt").public_key().public_numbers()
    der = bytearray(private_key("alice encrypt").public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ))  # fmt: skip
    modulus = numbers.n.to_bytes(384, "big")
    at = bytes(der).index(modulus)
    der[at + 383] -= 1
    return base64(bytes(der))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: _spki(ec.generate_private_key(ec.SECP256R1())), "not_rsa"),
        (_other_exponent, "exponent"),
        (lambda: base64(b"\x30\x03\x02\x01\x00"), "unreadable"),
        (lambda: "", "unreadable"),
        (lambda: base64(b"\x00" * 10_000), "unreadable"),
        (lambda: _spki(private_key("alice encrypt"))[:-4], "unreadable"),
    ],
)
def test_a_key_of_the_wrong_kind_is_refused(make: Any, reason: str) -> None:
    response = KeysBrowser(members.alice()).ask(encrypt_spki=make())
    _refused(response, "bad_key", 422)
    assert response.json()["reason"] == reason
    assert not KeyChallenge.objects.exists()


def test_an_even_modulus_is_a_clear_error() -> None:
    _refused(KeysBrowser(members.alice()).ask(encrypt_spki=_even_modulus()), "bad_key", 422)


def test_one_key_for_both_purposes_is_refused() -> None:
    alice = KeysBrowser(members.alice())
    _refused(alice.ask(sign_spki=base64(alice.keys.encrypt_spki)), "bad_key", 422)


def test_somebody_elses_keys_cannot_be_claimed() -> None:
    bob, mallory = KeysBrowser(members.bob()), KeysBrowser(members.mallory())
    bob.publish()
    theirs = {"encrypt_spki": base64(bob.keys.encrypt_spki), "sign_spki": base64(bob.keys.sign_spki)}
    asked = mallory.ask(sign_spki=theirs["sign_spki"]).json()
    _refused(mallory.post("/keys", mallory.answer(asked)), "bad_possession", 422)
    asked = mallory.ask(**theirs).json()
    forged = bob.answer(asked)
    _refused(mallory.post("/keys", forged), "bad_possession", 422)
    assert UserKeySet.objects.count() == Device.objects.count() == 1


@pytest.mark.parametrize("field", ["key_set", "device"])
def test_somebody_elses_key_set_or_browser_cannot_be_taken_over(field: str) -> None:
    bob = KeysBrowser(members.bob())
    bob.publish()
    mallory = members.mallory()
    own = Keys.of("mallory", mallory.pk)
    names = {"key_set": own.key_set, "device": own.device} | {field: getattr(bob.keys, field)}
    thief = KeysBrowser(mallory, keys=Keys(mallory.pk, own.encrypt, own.sign, **names))
    _refused(thief.publish(), "key_taken", 409)
    assert UserKeySet.objects.count() == Device.objects.count() == 1


def test_keys_of_two_members_at_the_same_challenge_go_to_the_first_who_proves() -> None:
    bob = KeysBrowser(members.bob())
    other = members.charlie()
    thief = KeysBrowser(other, keys=Keys(other.pk, bob.keys.encrypt, bob.keys.sign))
    asked = thief.ask().json()
    bob.publish()
    _refused(thief.post("/keys", thief.answer(asked)), "key_taken", 409)
    assert UserKeySet.objects.count() == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda b, asked: b.answer(asked, origin="https://evil.example"),
        lambda b, asked: b.answer(asked) | {"signature": base64(b"\x00" * 384)},
        lambda b, asked: b.answer(asked) | {"signature": ""},
        lambda b, asked: b.answer(asked) | {"decrypted": base64(b"\x00" * 32)},
        lambda b, asked: b.answer(asked) | {"decrypted": ""},
        lambda b, asked: b.answer(asked) | {"signature": b.answer(b.ask().json())["signature"]},
    ],
)
def test_without_both_private_keys_nothing_is_stored_and_the_challenge_is_spent(forge: Any) -> None:
    alice = KeysBrowser(members.alice())
    asked = alice.ask().json()
    _refused(alice.post("/keys", forge(alice, asked)), "bad_possession", 422)
    assert _nothing_stored()
    assert _facts() == []
    _refused(alice.post("/keys", alice.answer(asked)), "challenge_expired", 409)
    assert _nothing_stored()


@pytest.mark.parametrize("part", ["user", "key_set", "device"])
def test_a_signature_for_another_member_set_or_browser_proves_nothing(part: str) -> None:
    alice = KeysBrowser(members.alice())
    asked = alice.ask().json()
    same = {name: getattr(alice.keys, name) for name in ("user", "encrypt", "sign", "key_set", "device")}
    other = KeysBrowser(members.bob(), keys=Keys(**(same | {part: uuid7()})))
    _refused(alice.post("/keys", other.answer(asked)), "bad_possession", 422)
    assert _nothing_stored()


def test_a_challenge_serves_once_and_only_the_member_who_asked() -> None:
    alice, bob = KeysBrowser(members.alice()), KeysBrowser(members.bob())
    asked = alice.ask().json()
    answer = alice.answer(asked)
    _refused(bob.post("/keys", answer), "challenge_expired", 409)
    assert alice.post("/keys", answer).status_code == 201
    _refused(alice.post("/keys", answer), "challenge_expired", 409)
    _refused(alice.post("/keys", answer | {"challenge": str(uuid7())}), "challenge_expired", 409)
    assert UserKeySet.objects.count() == 1


def test_an_answer_to_another_challenge_of_the_same_browser_does_not_count() -> None:
    alice = KeysBrowser(members.alice())
    one, two = alice.ask().json(), alice.ask().json()
    mixed = alice.answer(one) | {"challenge": two["challenge"]}
    _refused(alice.post("/keys", mixed), "bad_possession", 422)
    assert _nothing_stored()


def test_a_challenge_older_than_five_minutes_is_over() -> None:
    alice = KeysBrowser(members.alice())
    asked = alice.ask().json()
    clock.shift(5 * 60_000)
    _refused(alice.post("/keys", alice.answer(asked)), "challenge_expired", 409)
    assert _nothing_stored()
    assert not KeyChallenge.objects.exists()


def test_challenges_are_limited_per_member() -> None:
    alice, bob = KeysBrowser(members.alice()), KeysBrowser(members.bob())
    for _ in range(20):
        assert alice.ask().status_code == 200
    refused = alice.ask()
    _refused(refused, "rate_limited", 429)
    assert int(refused["Retry-After"]) > 0
    assert bob.ask().status_code == 200


@pytest.mark.parametrize("label", ["", "   ", "x" * 61, "a\x00b", "a\u202eb"])
def test_a_browser_needs_a_readable_name(label: str) -> None:
    _refused(KeysBrowser(members.alice()).publish(label=label), "invalid", 422)
    assert _nothing_stored()


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/keys/challenge", {}, "invalid"),
        ("/keys", {}, "invalid"),
        ("/keys", [], "invalid"),
        ("/keys/recovery", {}, "invalid"),
        ("/keys/recovery", {"tested": False}, "invalid"),
        ("/keys/recovery", {"tested": True, "remind_in_days": 1}, "invalid"),
        ("/keys/recovery", {"remind_in_days": 365}, "invalid"),
        ("/keys/recovery", {"tested": True, "more": 1}, "unknown_field"),
    ],
)
def test_bad_bodies(path: str, body: Any, code: str) -> None:
    _refused(KeysBrowser(members.alice()).post(path, body), code, 422)


@pytest.mark.parametrize(
    "changes",
    [
        {"key_set": str(UUID(int=0))},
        {"device": str(uuid4())},
        {"device": "x"},
        {"encrypt_spki": "not base64!"},
        {"encrypt_spki": 7},
        {"private_key": "secret"},
    ],
)
def test_bad_challenge_fields(changes: dict[str, Any]) -> None:
    alice = KeysBrowser(members.alice())
    response = alice.ask(**changes)
    assert response.status_code == 422
    assert "secret" not in response.content.decode()
    assert not KeyChallenge.objects.exists()


def test_recovery_is_proven_or_put_off_for_the_keys_in_use() -> None:
    person = members.alice()
    alice = KeysBrowser(person)
    _refused(alice.post("/keys/recovery", {"tested": True}), "no_keys", 404)
    alice.publish()
    before = clock.now_ms()
    assert alice.post("/keys/recovery", {"remind_in_days": 7}).status_code == 204
    remind = alice.mine().json()["recovery"]["remind_ms"]
    assert 7 * 86_400_000 <= remind - before < 7 * 86_400_000 + 60_000
    assert alice.post("/keys/recovery", {"tested": True}).status_code == 204
    recovery = alice.mine().json()["recovery"]
    assert recovery["tested_ms"] >= before
    assert recovery["remind_ms"] is None
    KeysBrowser(person, "alice second").publish(replace=True)
    assert alice.mine().json()["recovery"]["tested_ms"] is None


def test_a_revoked_browser_is_out_and_stays_out() -> None:
    person = members.alice()
    alice = KeysBrowser(person)
    alice.publish()
    stranger = KeysBrowser(members.bob()).client
    path = f"/api/v1/keys/devices/{alice.keys.device}"
    _refused(stranger.delete(path), "not_found", 404)
    asked = alice.ask().json()
    assert alice.client.delete(path).status_code == 204
    assert queries.device_of(person.pk, alice.keys.device) is None
    assert alice.mine().json()["devices"] == []
    _refused(alice.post("/keys", alice.answer(asked)), "device_revoked", 409)
    _refused(alice.publish(), "device_revoked", 409)
    assert alice.client.delete(path).status_code == 204
    restored = Keys(person.pk, alice.keys.encrypt, alice.keys.sign, alice.keys.key_set)
    assert KeysBrowser(person, keys=restored).publish().status_code == 201


def test_the_page_removes_a_browser_without_javascript() -> None:
    person = members.alice()
    alice = KeysBrowser(person)
    alice.publish()
    page = alice.client.get("/settings/keys")
    address = f"/settings/keys/devices/{alice.keys.device}/revoke"
    assert address in page.content.decode()
    assert alice.client.get(address).status_code == 405
    assert KeysBrowser(members.bob()).client.post(address).status_code == 404
    assert queries.device_of(person.pk, alice.keys.device) is not None
    assert alice.client.post(address).status_code == 302
    assert queries.device_of(person.pk, alice.keys.device) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/keys/challenge"),
        ("post", "/keys"),
        ("get", "/keys/mine"),
        ("get", "/keys/retired"),
        ("post", "/keys/recovery"),
        ("delete", "/keys/devices/01900000-0000-7000-8000-000000000000"),
    ],
)
def test_visitors_get_nothing_and_writes_need_a_token(method: str, path: str) -> None:
    _refused(getattr(Client(), method)(f"/api/v1{path}"), "not_signed_in", 401)
    if method != "get":
        browser = members.client_of(members.alice(), enforce_csrf_checks=True)
        assert getattr(browser, method)(f"/api/v1{path}").status_code == 403


def test_what_is_stored_is_public() -> None:
    alice = KeysBrowser(members.alice())
    alice.publish()
    stored = {bytes(key.spki) for key in UserKey.objects.all()}
    assert stored == {alice.keys.encrypt_spki, alice.keys.sign_spki}


@pytest.mark.parametrize("count", [2, 20])
def test_reading_keys_takes_as_many_statements_for_many_as_for_few(
    count: int, django_assert_num_queries: Any
) -> None:
    person = members.alice()
    alice = KeysBrowser(person)
    alice.publish()
    made = UserKeySet.objects.get()
    Device.objects.bulk_create(
        Device(id=uuid7(), member=person, key_set=made, label=f"Browser {number}") for number in range(count)
    )
    for number in range(count):
        member = members.member(f"other_{number}")
        other = UserKeySet.objects.create(id=uuid7(), member=member, generation=1, active_of=member)
        UserKey.objects.bulk_create(
            UserKey(
                key_id=f"{number}{purpose}".encode().hex().zfill(64),
                key_set=other,
                purpose=purpose,
                spki=b"x",
            )
            for purpose in ("encrypt", "sign")
        )
    everybody = list(UserKeySet.objects.values_list("member_id", flat=True))
    with django_assert_num_queries(1):
        assert len(queries.active_key_sets(everybody)) == count + 1
    with django_assert_num_queries(2):
        own = queries.own_keys(person.pk)
    assert own is not None
    assert len(own.devices) == count + 1
    devices = list(Device.objects.values_list("id", flat=True))
    with django_assert_num_queries(1):
        assert len(queries.enrolled_devices(devices)) == count + 1
    with django_assert_num_queries(1):
        assert queries.retired_key_sets(everybody) == []
    with django_assert_num_queries(1):
        assert len(queries.key_history(person.pk)) == 1


@pytest.mark.django_db(transaction=True)
def test_browsers_that_publish_at_once_leave_one_set_of_keys() -> None:
    person = members.alice()
    browsers = [KeysBrowser(person, f"alice racer {number}") for number in range(4)]
    answers = [browser.answer(browser.ask().json()) for browser in browsers]
    barrier, results = threading.Barrier(4), []

    def run(browser: KeysBrowser, answer: dict[str, Any]) -> None:
        barrier.wait()
        results.append(browser.post("/keys", answer).json().get("code", "published"))
        connection.close()

    _together(run, list(zip(browsers, answers, strict=True)))
    assert sorted(results) == ["published"] + ["replace_needed"] * 3
    assert UserKeySet.objects.count() == Device.objects.count() == 1
    assert UserKey.objects.count() == 2
    assert queries.has_keys(person.pk)


@pytest.mark.django_db(transaction=True)
def test_one_answer_sent_many_times_at_once_counts_once() -> None:
    alice = KeysBrowser(members.alice())
    answer = alice.answer(alice.ask().json())
    barrier, results = threading.Barrier(4), []

    def run() -> None:
        barrier.wait()
        results.append(alice.post("/keys", answer).json().get("code", "published"))
        connection.close()

    _together(run, [()] * 4)
    assert sorted(results) == ["challenge_expired"] * 3 + ["published"]
    assert Device.objects.count() == 1


def _together(work: Any, calls: list[Any]) -> None:
    threads = [threading.Thread(target=work, args=arguments) for arguments in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_event_and_its_keys_commit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*events: Any) -> None:
        raise RuntimeError("outbox")

    alice = KeysBrowser(members.alice())
    answer = alice.answer(alice.ask().json())
    monkeypatch.setattr("beyou.core.events.publish", broken)
    with pytest.raises(RuntimeError, match="outbox"):
        alice.post("/keys", answer)
    assert _nothing_stored()


def test_keys_change_only_after_a_fresh_proof() -> None:
    person = members.alice()
    alice, other = KeysBrowser(person), KeysBrowser(person, "other browser")
    alice.publish()
    device = Device.objects.get().id
    clock.shift(20 * 60_000)
    _refused(alice.client.delete(f"/api/v1/keys/devices/{device}"), "confirmation_needed", 403)
    asked = alice.client.post(f"/settings/keys/devices/{device}/revoke")
    assert asked.status_code == 403
    assert b"Confirm that it is you" in asked.content
    _refused(other.publish(replace=True), "confirmation_needed", 403)
    assert Device.objects.get().revoked_at is None
