"""Second factors at rest, at sign-in and when they change: what counts, what is spent, what is refused."""

import contextlib
import json
import re
import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client

from beyou.core import clock, events
from beyou.core.realtime.endpoint import authenticate
from beyou.users import factors
from beyou.users.errors import AddressNotConfirmed, FactorAlready, FactorNeeded, NoFactor, WrongCode
from beyou.users.models import LoginActivity, RecoveryCode, SignInMethod, User
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
_STEP_MS = 30_000
SECOND = "/sign-in/second-step"


def _rows() -> list[tuple[str, str]]:
    return list(LoginActivity.objects.order_by("created_at", "id").values_list("outcome", "method"))


def _password(client: Client, handle: str = "alice", **extra: Any) -> Any:
    sent = {"login": f"{handle}@example.org", "password": PASSWORD}
    return client.post("/sign-in", sent, **extra)


def _pending(handle: str = "alice", **extra: Any) -> Client:
    """A browser in which the password was right and a code is asked for."""
    client = Client()
    assert _password(client, handle, **extra)["Location"] == SECOND
    return client


def _is_in(client: Client) -> bool:
    return client.get("/home").status_code == 200


# The authenticator app


def test_the_secret_is_encrypted_and_never_stored_in_clear() -> None:
    alice = members.alice()
    secret = passkeys.app(alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        assert secret not in str(cursor.fetchall())
    client = members.client_of(members.bob())
    page = client.get("/settings/second-step/app").content.decode()
    shown = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert shown
    assert shown[1].replace(" ", "") not in json.dumps(dict(client.session.items()))


def test_a_code_counts_once_however_it_is_written() -> None:
    alice = members.alice()
    secret = passkeys.app(alice)
    code = passkeys.code(secret)
    assert factors.prove_code(member_id=alice.pk, typed=f" {code[:3]} {code[3:]} ") == SignInMethod.TOTP
    for again in (code, f"{code[:3]} {code[3:]}", f"{code}\u00a0", "-".join(code)):
        with pytest.raises(WrongCode):
            factors.prove_code(member_id=alice.pk, typed=again)


def test_a_code_of_an_earlier_step_than_the_last_used_one_is_refused() -> None:
    alice = members.alice()
    secret = passkeys.app(alice)
    factors.prove_code(member_id=alice.pk, typed=passkeys.code(secret, 1))
    with pytest.raises(WrongCode):
        factors.prove_code(member_id=alice.pk, typed=passkeys.code(secret))
    clock.shift(2 * _STEP_MS)
    factors.prove_code(member_id=alice.pk, typed=passkeys.code(secret))


def test_the_code_that_set_the_app_up_cannot_sign_in() -> None:
    alice = members.alice()
    secret = factors.codes.new_secret()
    code = passkeys.code(secret)
    factors.add_app(member_id=alice.pk, secret=secret, typed=code)
    with pytest.raises(WrongCode):
        factors.prove_code(member_id=alice.pk, typed=code)


def test_unicode_digits_are_no_code() -> None:
    alice = members.alice()
    secret = passkeys.app(alice)
    arabic = passkeys.code(secret).translate({48 + digit: 0x660 + digit for digit in range(10)})
    with pytest.raises(WrongCode):
        factors.prove_code(member_id=alice.pk, typed=arabic)


def test_a_code_of_bob_does_not_prove_alice() -> None:
    alice, bob = members.alice(), members.bob()
    passkeys.app(alice)
    theirs = passkeys.app(bob)
    with pytest.raises(WrongCode):
        factors.prove_code(member_id=alice.pk, typed=passkeys.code(theirs))
    factors.prove_code(member_id=bob.pk, typed=passkeys.code(theirs))


def test_one_app_for_an_account_and_a_confirmed_address() -> None:
    alice, dana = members.alice(), members.member("dana", is_confirmed=False)
    passkeys.app(alice)
    with pytest.raises(FactorAlready):
        passkeys.app(alice)
    with pytest.raises(AddressNotConfirmed):
        passkeys.app(dana)
    assert not Authenticator.objects.filter(user=dana).exists()


# Recovery codes


def test_recovery_codes_are_hashed_and_count_once() -> None:
    alice, bob = members.alice(), members.bob()
    passkeys.app(alice)
    made = factors.make_recovery_codes(member_id=alice.pk)
    assert len(set(made)) == 10
    stored = str(list(RecoveryCode.objects.values_list("salt", "digest")))
    assert not any(code in stored or code.replace("-", "") in stored for code in made)
    for typed in (made[0], made[1].upper(), made[2].replace("-", " ")):
        assert factors.prove_code(member_id=alice.pk, typed=typed) == SignInMethod.RECOVERY_CODE
        with pytest.raises(WrongCode):
            factors.prove_code(member_id=alice.pk, typed=typed)
    assert factors.overview(alice.pk).codes_left == 7
    with pytest.raises(WrongCode):
        factors.prove_code(member_id=bob.pk, typed=made[5])


def test_new_recovery_codes_end_the_old_ones() -> None:
    alice = members.alice()
    passkeys.app(alice)
    old = factors.make_recovery_codes(member_id=alice.pk)
    new = factors.make_recovery_codes(member_id=alice.pk)
    with pytest.raises(WrongCode):
        factors.prove_code(member_id=alice.pk, typed=old[0])
    factors.prove_code(member_id=alice.pk, typed=new[0])


def test_recovery_codes_are_nothing_without_a_factor() -> None:
    alice = members.alice()
    with pytest.raises(NoFactor):
        factors.make_recovery_codes(member_id=alice.pk)
    passkeys.app(alice)
    factors.remove_app(member_id=alice.pk)
    assert not RecoveryCode.objects.filter(member=alice).exists()


def _at_once(count: int, attempt: Any) -> None:
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            attempt(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_fifty_who_send_the_same_code_at_once_one_gets_in(kind: str) -> None:
    alice = members.alice()
    secret = passkeys.app(alice)
    code = passkeys.code(secret) if kind == "app" else factors.make_recovery_codes(member_id=alice.pk)[3]
    proved: list[str] = []

    def attempt(number: int) -> None:
        with contextlib.suppress(WrongCode):
            proved.append(factors.prove_code(member_id=alice.pk, typed=code))

    _at_once(50, attempt)
    assert len(proved) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_set_up_an_app_at_once_one_has_it() -> None:
    alice = members.alice()
    made: list[str] = []

    def attempt(number: int) -> None:
        with contextlib.suppress(FactorAlready):
            made.append(passkeys.app(alice))

    _at_once(2, attempt)
    assert len(made) == Authenticator.objects.filter(user=alice).count() == 1
    assert RecoveryCode.objects.filter(member=alice).count() == 10


# Removing


def test_staff_keep_the_last_factor_and_members_may_remove_it() -> None:
    staff, alice = members.staff(), members.alice()
    for person in (staff, alice):
        passkeys.app(person)
    with pytest.raises(FactorNeeded):
        factors.remove_app(member_id=staff.pk)
    factors.remove_app(member_id=alice.pk)
    passkeys.passkey(staff)
    factors.remove_app(member_id=staff.pk)


def test_the_policy_says_who_must_keep_it(settings: Any) -> None:
    alice, staff = members.alice(), members.staff()
    for person in (staff, alice):
        passkeys.app(person)
    settings.SECOND_FACTOR = "everybody"
    with pytest.raises(FactorNeeded):
        factors.remove_app(member_id=alice.pk)
    settings.SECOND_FACTOR = "optional"
    factors.remove_app(member_id=staff.pk)


def test_every_change_is_mailed_to_the_owner_after_the_request() -> None:
    alice = members.alice()
    passkeys.app(alice)
    factors.make_recovery_codes(member_id=alice.pk)
    assert mail.outbox == []
    events.drain()
    factors.remove_app(member_id=alice.pk)
    events.drain()
    assert [message.subject for message in mail.outbox] == [
        "An authenticator app was added",
        "New recovery codes were made",
        "The authenticator app was removed",
    ]
    assert {tuple(message.to) for message in mail.outbox} == {("alice@example.org",)}


# Signing in


def test_a_right_password_alone_opens_nothing_and_leaves_its_row() -> None:
    alice = members.alice()
    passkeys.app(alice)
    client = _pending()
    assert not _is_in(client)
    assert client.get("/api/v1/me").status_code == 401
    assert _rows() == [("awaiting_factor", "password")]


def test_the_first_answer_settles_the_row_and_every_other_wrong_one_has_its_own() -> None:
    secret = passkeys.app(members.alice())
    client = _pending()
    for _ in range(2):
        assert client.post(SECOND, {"code": "000000"}).status_code == 422
    response = client.post(SECOND, {"code": passkeys.code(secret)})
    assert (response.status_code, response["Location"]) == (302, "/home")
    assert _is_in(client)
    assert _rows() == [("bad_code", "totp"), ("bad_code", "totp"), ("success", "totp")]


def test_a_right_code_makes_one_row() -> None:
    secret = passkeys.app(members.alice())
    client = _pending()
    client.post(SECOND, {"code": passkeys.code(secret)})
    row = LoginActivity.objects.get()
    assert (row.outcome, row.method, row.path) == ("success", "totp", "/sign-in")


def test_a_used_code_is_refused_at_the_next_sign_in() -> None:
    secret = passkeys.app(members.alice())
    code = passkeys.code(secret)
    assert _pending().post(SECOND, {"code": code})["Location"] == "/home"
    again = _pending()
    for typed in (code, f"{code[:3]} {code[3:]}"):
        assert again.post(SECOND, {"code": typed}).status_code == 422
    assert not _is_in(again)


def test_a_recovery_code_signs_in_once_and_says_how_many_are_left() -> None:
    alice = members.alice()
    passkeys.app(alice)
    made = factors.make_recovery_codes(member_id=alice.pk)
    client = _pending()
    assert "Recovery code" in client.get(f"{SECOND}?way=recovery").content.decode()
    assert client.post(SECOND, {"code": made[0]})["Location"] == "/home"
    assert "You have 9 left" in client.get("/home").content.decode()
    assert _rows() == [("success", "recovery_code")]
    assert _pending().post(SECOND, {"code": made[0]}).status_code == 422


def test_five_wrong_codes_end_the_pending_sign_in_and_the_sixth_has_to_wait() -> None:
    secret = passkeys.app(members.alice())
    client = _pending()
    for _ in range(4):
        assert client.post(SECOND, {"code": "000000"}).status_code == 422
    assert client.post(SECOND, {"code": "000000"})["Location"] == "/sign-in"
    assert client.post(SECOND, {"code": passkeys.code(secret)})["Location"] == "/sign-in"
    again = _pending()
    refused = again.post(SECOND, {"code": passkeys.code(secret)})
    assert refused.status_code == 429
    assert "Too many attempts" in refused.content.decode()
    assert not _is_in(again)
    assert [outcome for outcome, _ in _rows()] == ["bad_code"] * 5 + ["limited"]
    elsewhere = _pending(REMOTE_ADDR="192.0.2.9")
    code = {"code": passkeys.code(secret)}
    assert elsewhere.post(SECOND, code, REMOTE_ADDR="192.0.2.9")["Location"] == "/home"


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_are_counted_beside_the_session() -> None:
    passkeys.app(members.alice())
    client = _pending()
    statuses: list[int] = []

    def guess(number: int) -> None:
        browser = Client()
        browser.cookies = client.cookies.copy()
        statuses.append(browser.post(SECOND, {"code": f"{number:06}"}).status_code)

    _at_once(20, guess)
    outcomes = [outcome for outcome, _ in _rows()]
    assert outcomes.count("bad_code") == 5
    assert set(outcomes) <= {"bad_code", "limited"}


def test_alices_code_in_bobs_session() -> None:
    secret = passkeys.app(members.alice())
    passkeys.app(members.bob())
    code = {"code": passkeys.code(secret)}
    assert _pending("bob").post(SECOND, code).status_code == 422
    signed_in = members.client_of(members.charlie())
    assert signed_in.post(SECOND, code)["Location"] == "/home"
    assert Client().post(SECOND, code)["Location"] == "/sign-in"
    assert _pending().post(SECOND, code)["Location"] == "/home"


def test_the_session_key_changes_after_each_step() -> None:
    secret = passkeys.app(members.alice())
    client = Client()
    client.post("/sign-in/passkey/options")
    keys = [client.session.session_key]
    _password(client)
    keys.append(client.session.session_key)
    client.post(SECOND, {"code": passkeys.code(secret)})
    keys.append(client.session.session_key)
    assert len(set(keys)) == 3
    old = Client()
    for key in keys[:2]:
        old.cookies["beyou-session"] = key or ""
        assert not _is_in(old)


@pytest.mark.parametrize("change", ["password", "closed", "factor"])
def test_a_pending_sign_in_does_not_outlive_what_it_was_proved_with(change: str) -> None:
    alice = members.alice()
    secret = passkeys.app(alice)
    client = _pending()
    if change == "password":
        alice.set_password("another long password")
        alice.save()
    elif change == "closed":
        User.objects.filter(id=alice.pk).update(is_active=False)
    else:
        factors.remove_app(member_id=alice.pk)
    assert client.post(SECOND, {"code": passkeys.code(secret)})["Location"] == "/sign-in"
    assert not _is_in(client)
    assert client.get(SECOND)["Location"] == "/sign-in"


def test_a_pending_sign_in_ends_by_starting_again_and_by_time() -> None:
    passkeys.app(members.alice())
    client = _pending()
    client.post("/sign-out")
    assert client.get(SECOND)["Location"] == "/sign-in"
    assert client.get("/sign-in").status_code == 200


_BAD = ["", " ", "\0", "1" * 100_000, "abc", "' OR 1=1 --", "\u202e123456", "[]", "{}", "12345"]


@pytest.mark.parametrize("typed", _BAD)
def test_strange_codes_are_wrong_codes(typed: str) -> None:
    alice = members.alice()
    passkeys.app(alice)
    assert _pending().post(SECOND, {"code": typed}).status_code == 422
    assert members.client_of(alice).post("/confirm", {"code": typed}).status_code == 422
    setup = members.client_of(members.bob()).post("/settings/second-step/app", {"code": typed})
    assert setup.status_code == 422
    assert not Authenticator.objects.filter(user__handle="bob").exists()


def test_many_codes_in_one_request_are_one_try() -> None:
    secret = passkeys.app(members.alice())
    sent = {"code": [f"{number:06}" for number in range(500)] + [passkeys.code(secret)]}
    client = _pending()
    client.post(SECOND, sent)
    assert LoginActivity.objects.count() == 1


# Staff


def test_staff_without_a_proved_factor_reach_no_staff_page() -> None:
    from django.http import HttpResponse
    from django.test import RequestFactory

    from beyou.users.http import staff_required
    from beyou.users.rules import Level

    @staff_required(Level.AUDITOR)
    def page(request: Any) -> HttpResponse:
        return HttpResponse("secret")

    staff = members.staff(Level.AUDITOR)

    def ask(client: Client) -> HttpResponse:
        request = RequestFactory().get("/staff?tab=1")
        request.user, request.session, request.member = staff, client.session, staff  # type: ignore[attr-defined,assignment]
        return page(request)

    client = Client()
    _password(client, "staff")
    assert ask(client)["Location"] == "/settings/second-step?next=/staff%3Ftab%3D1"
    secret = passkeys.app(staff)
    assert ask(client).status_code == 302
    client.post("/confirm", {"code": passkeys.code(secret)})
    assert ask(client).content == b"secret"


def test_where_everybody_must_have_a_second_step_nothing_opens_without(settings: Any) -> None:
    settings.SECOND_FACTOR = "everybody"
    client = Client()
    members.alice()
    _password(client)
    for path in ("/home", "/settings", "/chats"):
        asked = client.get(path)
        assert asked["Location"] == f"/settings/second-step?next={path}"
    assert client.get("/api/v1/me").json()["code"] == "second_step_missing"
    assert authenticate(f"beyou-session={client.session.session_key}") is None
    assert "must have a second step" in client.get("/settings/second-step").content.decode()
    page = client.get("/settings/second-step/app").content.decode()
    shown = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert shown
    client.post("/settings/second-step/app", {"code": passkeys.code(shown[1].replace(" ", ""))})
    assert client.get("/home").status_code == client.get("/api/v1/me").status_code == 200
    assert authenticate(f"beyou-session={client.session.session_key}") is not None


def test_the_security_log_says_what_happened() -> None:
    from beyou.users.models import SecurityEvent

    alice = members.alice()
    client = members.client_of(alice, by_factor=True)
    passkeys.app(alice)
    made = factors.make_recovery_codes(member_id=alice.pk)
    _pending().post(SECOND, {"code": made[0]})
    client.post("/settings/second-step/app/remove")
    kinds = sorted(SecurityEvent.objects.filter(member=alice).values_list("kind", flat=True))
    assert [kind for kind in kinds if "factor" in kind or "recovery" in kind] == [
        "factor_added", "factor_removed", "recovery_code_used", "recovery_codes_made"
    ]  # fmt: skip


def test_none_of_allauths_own_pages_about_factors_is_mounted() -> None:
    from django.urls import get_resolver

    found: list[str] = []

    def walk(patterns: Any) -> None:
        for pattern in patterns:
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns)
            else:
                view = getattr(pattern.callback, "view_class", pattern.callback)
                found.append(view.__module__)

    walk(get_resolver().url_patterns)
    assert not [module for module in found if module.startswith(("allauth.mfa", "allauth.headless"))]
