"""Confirming that it is still you before what protects an account changes."""

import json
from typing import Any

import pytest
from django.test import Client

from beyou.core import clock
from beyou.users import factors
from beyou.users.models import LoginActivity, User
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD

pytestmark = pytest.mark.django_db
APP = "/settings/second-step/app"
MINUTE = 60_000


def _old(handle: str = "alice") -> tuple[User, Client]:
    person = members.member(handle)
    return person, members.client_of(person, is_fresh=False)


@pytest.mark.parametrize("path", [APP, f"{APP}/remove", "/settings/second-step/codes"])
def test_an_old_session_is_asked_and_comes_back(path: str) -> None:
    _, client = _old()
    asked = client.get(path)
    assert asked["Location"] == f"/confirm?next={path.replace('/', '%2F')}"
    page = client.get(asked["Location"])
    assert f'name="next" value="{path}"' in page.content.decode()
    done = client.post("/confirm", {"next": path, "password": PASSWORD})
    assert done["Location"] == path
    assert client.get(path).status_code == 200


def test_a_proof_counts_for_ten_minutes() -> None:
    client = members.client_of(members.alice())
    assert client.get(APP).status_code == 200
    clock.shift(9 * MINUTE)
    assert client.get(APP).status_code == 200
    clock.shift(11 * MINUTE)
    assert client.get(APP).status_code == 302


def test_a_session_older_than_the_first_factor_must_show_it() -> None:
    """Somebody knows the password and is in; then the owner adds a second step on her own device."""
    alice = members.alice()
    thief = members.client_of(alice)
    assert thief.get(APP).status_code == 200
    secret = passkeys.app(alice)
    for path in (f"{APP}/remove", "/settings/second-step/codes", "/settings/second-step/passkeys/new"):
        assert thief.get(path)["Location"].startswith("/confirm?")
    assert 'name="password"' not in thief.get("/confirm").content.decode()
    refused = thief.post("/confirm", {"next": APP, "password": PASSWORD})
    assert refused.status_code == 422
    assert "your password is not enough" in refused.content.decode()
    assert thief.get(f"{APP}/remove").status_code == 302
    owner = members.client_of(alice)
    owner.post("/confirm", {"next": APP, "code": passkeys.code(secret)})
    assert owner.get(f"{APP}/remove").status_code == 200


def test_confirming_makes_a_new_session_key_and_the_old_one_is_nothing() -> None:
    _, client = _old()
    before = client.session.session_key
    client.post("/confirm", {"password": PASSWORD})
    assert client.session.session_key != before
    old = Client()
    old.cookies["beyou-session"] = before or ""
    assert old.get("/home").status_code == 302


def test_every_kind_of_proof_counts() -> None:
    alice, _ = _old()
    secret = passkeys.app(alice)
    key = passkeys.passkey(alice)
    made = factors.make_recovery_codes(member_id=alice.pk)
    for proof in ({"password": PASSWORD}, {"code": passkeys.code(secret)}, {"code": made[0]}, {}):
        client = members.client_of(alice, is_fresh=False, by_factor=True)
        if not proof:
            options = client.post("/sign-in/passkey/options").json()
            proof = {"credential": json.dumps(key.answer(options))}
        assert client.post("/confirm", {"next": APP} | proof)["Location"] == APP
        assert client.get("/settings/second-step/codes").status_code == 200


def test_a_password_that_is_not_the_members_is_counted_and_recorded() -> None:
    _, client = _old()
    for _ in range(5):
        assert client.post("/confirm", {"password": "wrong password"}).status_code == 422
    assert client.post("/confirm", {"password": PASSWORD}).status_code == 429
    assert client.get(APP).status_code == 302
    rows = LoginActivity.objects.order_by("id")
    assert sorted(rows.values_list("outcome", flat=True)) == ["bad_credentials"] * 5 + ["limited"]
    assert set(rows.values_list("path", flat=True)) == {"/confirm"}


def test_what_was_typed_travels_through_the_confirmation() -> None:
    alice = members.alice()
    client = members.client_of(alice, is_fresh=False, by_factor=True)
    passkeys.passkey(alice)
    from beyou.users.passkeys import passkeys_of

    path = f"/settings/second-step/passkeys/{passkeys_of(alice.pk)[0].id}"
    asked = client.post(path, {"name": 'My "new" <phone>', "password1": "never echoed"})
    assert asked.status_code == 403
    page = asked.content.decode()
    assert "My &quot;new&quot; &lt;phone&gt;" in page
    assert "never echoed" not in page
    draft = {"next": path, "draft.name": 'My "new" <phone>'}
    wrong = client.post("/confirm", draft | {"password": "wrong password"})
    assert "My &quot;new&quot; &lt;phone&gt;" in wrong.content.decode()
    done = client.post("/confirm", draft | {"password": PASSWORD}).content.decode()
    assert f'action="{path}"' in done
    assert 'name="name" value="My &quot;new&quot; &lt;phone&gt;"' in done
    assert passkeys_of(alice.pk)[0].name == "Phone"
    client.post(path, {"name": 'My "new" <phone>'})
    assert passkeys_of(alice.pk)[0].name == 'My "new" <phone>'


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "\\\\evil", "javascript:alert(1)", "", "/\\evil"],
)
def test_the_way_back_never_leaves_the_site(wanted: str) -> None:
    _, client = _old()
    assert client.post("/confirm", {"next": wanted, "password": PASSWORD})["Location"] == "/settings"


def test_a_draft_of_no_size_that_forms_have_is_dropped() -> None:
    alice, client = _old()
    passkeys.app(alice)
    huge = client.post(f"{APP}/remove", {"text": "x" * 200_000})
    many = client.post(f"{APP}/remove", {f"field{number}": "1" for number in range(100)})
    for page in (huge, many):
        assert page.status_code == 403
        assert b"draft." not in page.content


def test_parts_of_a_page_are_sent_to_confirm_as_a_whole() -> None:
    _, client = _old()
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/settings/keys?x=1"}
    answer = client.post(f"{APP}/remove", headers=headers)
    assert answer["HX-Redirect"] == "/confirm?next=%2Fsettings%2Fkeys"
    assert factors.overview(User.objects.get().pk).app is None


def test_a_member_without_password_and_factor_is_told_how() -> None:
    alice, client = _old()
    alice.set_unusable_password()
    alice.save()
    client = members.client_of(alice, is_fresh=False)
    assert "Sign out and in again" in client.get("/confirm").content.decode()
    assert client.post("/confirm", {"password": ""}).status_code == 422


def test_a_code_that_confirmed_signs_nobody_in() -> None:
    alice, client = _old()
    secret = passkeys.app(alice)
    code = passkeys.code(secret)
    assert client.post("/confirm", {"code": code}).status_code == 302
    other = Client()
    other.post("/sign-in", {"login": "alice@example.org", "password": PASSWORD})
    assert other.post("/sign-in/second-step", {"code": code}).status_code == 422


def test_a_token_is_no_fresh_proof() -> None:
    from django.contrib.auth.models import AnonymousUser
    from django.test import RequestFactory

    from beyou.users.confirmation import has_recent_proof

    client = members.client_of(members.alice())
    request: Any = RequestFactory().get("/api/v1/me")
    request.session, request.user = client.session, AnonymousUser()
    assert not has_recent_proof(request)
