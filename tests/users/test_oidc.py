"""Signing in with an identity provider: a real one on this machine, honest and lying."""

import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client

from beyou.core import clock, limits
from beyou.core.events import drain
from beyou.users import identities
from beyou.users.models import LoginActivity, ProviderIdentity, User
from tests.factories import members
from tests.users import oidc_provider
from tests.users.oidc_provider import Provider, running

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

ALICE = {"sub": "248289761001", "email": "alice@example.org", "email_verified": True, "name": "Alice Ash"}


@pytest.fixture(scope="module")
def one() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture(scope="module")
def two() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def provider(one: Provider, settings: Any) -> Provider:
    """The honest provider, whatever another test made of it."""
    one.__init__(one.port, person=dict(ALICE))  # type: ignore[misc]  # as new
    settings.OIDC_PROVIDERS = (one.as_setting(),)
    return one


@pytest.fixture
def other(two: Provider, provider: Provider, settings: Any) -> Provider:
    two.__init__(two.port, person=dict(ALICE))  # type: ignore[misc]  # as new
    settings.OIDC_PROVIDERS = (provider.as_setting(), two.as_setting("other", "Other"))
    return two


def go(client: Client, path: str = "/sign-in/with/example", **fields: str) -> dict[str, str]:
    """What the browser is told to ask the provider."""
    page = client.post(path, fields)
    assert page.status_code == 200, page
    found = re.search(r'href="(http://127[^"]*)"', page.content.decode())
    assert found
    assert f'url={found[1]}"' in page.content.decode()
    return dict(parse_qsl(urlsplit(html.unescape(found[1])).query))


def come_back(client: Client, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: Client, provider: Provider, path: str = "/sign-in/with/example", **fields: str) -> Any:
    return come_back(client, provider.authorize(go(client, path, **fields)))


def is_in(client: Client) -> bool:
    return client.get("/api/v1/me").status_code == 200


def outcomes() -> list[str]:
    return list(LoginActivity.objects.order_by("created_at", "id").values_list("outcome", flat=True))


def linked(provider: Provider, handle: str = "alice", subject: str = ALICE["sub"]) -> User:  # type: ignore[assignment]
    person = members.member(handle)
    members.identity(person, provider.issuer, subject)
    drain()
    mail.outbox.clear()
    return person


# The honest way


def test_a_member_who_connected_it_signs_in(provider: Provider) -> None:
    alice, client = linked(provider), Client()
    answer = sign_in(client, provider, next="/settings/tokens")
    assert (answer.status_code, answer["Location"]) == (302, "/settings/tokens")
    assert client.get("/api/v1/me").json()["id"] == str(alice.pk)
    row = LoginActivity.objects.get()
    assert (row.outcome, row.member_id) == ("success", alice.pk)
    assert ProviderIdentity.objects.get().last_used_at is not None


def test_what_is_asked_has_pkce_state_and_nonce_and_no_secret(provider: Provider) -> None:
    client = Client()
    first, second = go(client), go(client)
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name]) >= 43
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == "http://testserver/sign-in/with/example/back"
    assert provider.client_secret not in str(first)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
def test_nobody_is_sent_away_after_signing_in(provider: Provider, wanted: str) -> None:
    linked(provider)
    assert sign_in(Client(), provider, next=wanted)["Location"] == "/home"


def test_the_buttons_are_there_only_when_settings_name_a_provider(provider: Provider, settings: Any) -> None:
    for page in ("/sign-in", "/join"):
        assert "Continue with Example" in Client().get(page).content.decode()
    settings.OIDC_PROVIDERS = ()
    for page in ("/sign-in", "/join"):
        assert "Continue with" not in Client().get(page).content.decode()
    assert Client().post("/sign-in/with/example").status_code == 404
    assert Client().get("/sign-in/with/example/back?state=x&code=y").status_code == 404


def test_the_second_step_is_still_asked(provider: Provider) -> None:
    alice, client = linked(provider), Client()
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    assert sign_in(client, provider)["Location"] == "/sign-in/second-step"
    assert not is_in(client)
    assert outcomes() == ["awaiting_factor"]


def test_a_closed_account_stays_closed(provider: Provider) -> None:
    alice, client = linked(provider), Client()
    User.objects.filter(id=alice.pk).update(is_active=False)
    assert sign_in(client, provider).status_code == 403
    assert not is_in(client)
    assert outcomes() == ["inactive"]


def test_an_unconfirmed_address_still_needs_its_code(provider: Provider) -> None:
    alice, client = linked(provider), Client()
    EmailAddress.objects.filter(user=alice).update(verified=False)
    assert sign_in(client, provider)["Location"] == "/join/code"
    assert not is_in(client)


# Lies


def _lie(**changes: Any) -> Any:
    return lambda claims: {**claims, **changes}


def _without(name: str) -> Any:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


_LIES: dict[str, Any] = {
    "wrong nonce": _lie(nonce="n" * 43),
    "no nonce": _without("nonce"),
    "nonce of another type": _lie(nonce=5),
    "wrong audience": _lie(aud="somebody-else"),
    "no audience": _without("aud"),
    "two audiences and no azp": _lie(aud=["beyou", "somebody-else"]),
    "made for another party": _lie(aud=["beyou", "somebody-else"], azp="somebody-else"),
    "wrong issuer": _lie(iss="https://evil.example"),
    "issuer with a slash more": lambda claims: {**claims, "iss": claims["iss"] + "/"},
    "no issuer": _without("iss"),
    "no subject": _without("sub"),
    "empty subject": _lie(sub=""),
    "long subject": _lie(sub="s" * 256),
    "subject of another type": _lie(sub=248289761001),
    "expired": _lie(exp=int(time.time()) - 3600),
    "no end": _without("exp"),
    "from the future": _lie(iat=int(time.time()) + 3600, nbf=int(time.time()) + 3600),
    "no time": _without("iat"),
}


@pytest.mark.parametrize("name", _LIES)
def test_a_lie_in_the_claims_signs_nobody_in(provider: Provider, name: str) -> None:
    linked(provider)
    client = Client()
    provider.change = _LIES[name]
    answer = sign_in(client, provider)
    assert answer["Location"] == "/sign-in"
    assert not is_in(client)
    assert outcomes() == ["bad_credentials"]
    assert "did not confirm who you are" in html.unescape(client.get("/sign-in").content.decode())


_SIGNERS: dict[str, Any] = {
    "alg none": oidc_provider.unsigned,
    "HS256 with the public key": oidc_provider.by_public_key,
    "a key of somebody else under our name": lambda claims: oidc_provider.sign(
        claims, with_key="evil", kid="first"
    ),
    "an unknown key": lambda claims: oidc_provider.sign(claims, with_key="evil"),
    "no signature": lambda claims: oidc_provider.sign(claims).rpartition(".")[0] + ".",
    "a changed body": lambda claims: _swap_body(oidc_provider.sign(claims)),
    "no token": lambda claims: "",
    "noise": lambda claims: "a.b.c",
    "not text": lambda claims: 5,
    "a list": lambda claims: [],
    "a critical extension": lambda claims: oidc_provider.jwt.encode(
        claims, oidc_provider.key("first"), "RS256", headers={"kid": "first", "crit": ["b64"], "b64": True}
    ),
}


def _swap_body(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.eyJzdWIiOiIyNDgyODk3NjEwMDEifQ.{signature}"


@pytest.mark.parametrize("name", _SIGNERS)
def test_a_forged_signature_signs_nobody_in(provider: Provider, name: str) -> None:
    linked(provider)
    client = Client()
    provider.signer = _SIGNERS[name]
    sign_in(client, provider)
    assert not is_in(client)
    assert outcomes() == ["bad_credentials"]


def test_a_key_that_the_provider_changed_is_fetched_again(provider: Provider) -> None:
    linked(provider)
    assert sign_in(Client(), provider)["Location"] == "/home"
    provider.keys, provider.signer = ["second"], lambda claims: oidc_provider.sign(claims, with_key="second")
    client = Client()
    assert sign_in(client, provider)["Location"] == "/home"
    assert is_in(client)


def test_unknown_keys_do_not_make_us_ask_again_and_again(provider: Provider) -> None:
    linked(provider)
    provider.signer = lambda claims: oidc_provider.sign(claims, with_key="evil")
    for _ in range(4):
        sign_in(Client(), provider)
    assert provider.asked.count("/jwks") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1


def test_a_code_is_good_once(provider: Provider) -> None:
    linked(provider)
    thief, client = Client(), Client()
    address = provider.authorize(go(client))
    assert come_back(client, address)["Location"] == "/home"
    client.post("/sign-out")
    assert come_back(client, address)["Location"] == "/sign-in"
    assert come_back(thief, address)["Location"] == "/sign-in"
    assert not is_in(client)
    assert not is_in(thief)


def test_a_stolen_code_is_worth_nothing_in_another_browser(provider: Provider) -> None:
    """The state is the browser's; and with one of its own, PKCE and nonce do not fit."""
    linked(provider)
    victim, thief = Client(), Client()
    address = provider.authorize(go(victim))
    come_back(thief, address)
    assert not is_in(thief)
    own = go(thief)
    code = dict(parse_qsl(urlsplit(address).query))["code"]
    answer = {"code": code, "state": own["state"], "iss": provider.issuer}
    come_back(thief, f"/sign-in/with/example/back?{urlencode(answer)}")
    assert not is_in(thief)


def test_nobody_is_signed_in_as_the_attacker(provider: Provider) -> None:
    """A link with the attacker's code, opened by a victim who began nothing."""
    linked(provider)
    attacker, victim = Client(), Client()
    address = provider.authorize(go(attacker))
    assert come_back(victim, address)["Location"] == "/sign-in"
    go(victim)
    assert come_back(victim, address)["Location"] == "/sign-in"
    assert not is_in(victim)


def test_what_was_begun_ends_after_ten_minutes_and_the_oldest_of_many_first(provider: Provider) -> None:
    linked(provider)
    client = Client()
    address = provider.authorize(go(client))
    clock.shift(11 * 60_000)
    assert come_back(client, address)["Location"] == "/sign-in"
    clock.shift(0)
    first = provider.authorize(go(client))
    for _ in range(5):
        last = provider.authorize(go(client))
    assert come_back(client, first)["Location"] == "/sign-in"
    assert come_back(client, last)["Location"] == "/home"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=x",
        "state=x",
        "state=x&code=y",
        "state=%00&code=y",
        "error=access_denied",
        "state[]=x&code[]=y",
        "state=" + "x" * 5000,
    ],
)
def test_a_made_up_answer_asks_the_provider_nothing(provider: Provider, query: str) -> None:
    client = Client()
    go(client)
    provider.asked.clear()
    answer = client.get(f"/sign-in/with/example/back?{query}")
    assert answer.status_code in (302, 422)
    assert provider.asked == []
    assert outcomes() == []


def test_whoever_cancels_is_told_so(provider: Provider) -> None:
    client = Client()
    state = go(client)["state"]
    answer = client.get(f"/sign-in/with/example/back?error=access_denied&state={state}")
    assert answer["Location"] == "/sign-in"
    assert "you cancelled" in client.get("/sign-in").content.decode()


# Two issuers


def test_the_same_subject_and_address_at_another_issuer_is_somebody_else(
    provider: Provider, other: Provider
) -> None:
    linked(provider)
    client = Client()
    answer = sign_in(client, other, "/sign-in/with/other")
    assert answer["Location"] == "/join/with"
    assert not is_in(client)
    assert outcomes() == ["unknown"]


def test_a_subject_that_differs_in_case_is_somebody_else(provider: Provider) -> None:
    linked(provider, subject="AbC")
    provider.person["sub"] = "aBc"
    client = Client()
    assert sign_in(client, provider)["Location"] == "/join/with"


def test_the_answer_of_one_provider_is_not_taken_for_anothers(provider: Provider, other: Provider) -> None:
    """Mix-up (RFC 9700 §4.4): the code of the honest one must not be sent to the other one."""
    linked(provider)
    client = Client()
    asked = go(client, "/sign-in/with/other")
    assert asked["redirect_uri"].endswith("/sign-in/with/other/back")
    honest = provider.authorize(asked | {"client_id": provider.client_id})
    other.asked.clear()
    come_back(client, honest)
    assert other.asked == []
    assert not is_in(client)
    # The state of one is none of the other.
    state = go(client)["state"]
    code = dict(parse_qsl(urlsplit(honest).query))["code"]
    come_back(client, f"/sign-in/with/other/back?{urlencode({'state': state, 'code': code})}")
    assert other.asked == []
    assert not is_in(client)


def test_an_answer_that_does_not_say_its_issuer_is_refused_where_it_must(provider: Provider) -> None:
    linked(provider)
    client = Client()
    address = re.sub(r"&iss=[^&]*", "", provider.authorize(go(client)))
    come_back(client, address)
    assert not is_in(client)
    provider.document["authorization_response_iss_parameter_supported"] = False
    cache.clear()
    address = re.sub(r"&iss=[^&]*", "", provider.authorize(go(client)))
    come_back(client, address)
    assert is_in(client)


def test_a_configuration_of_another_issuer_is_refused(provider: Provider) -> None:
    provider.document["issuer"] = "https://evil.example"
    client = Client()
    assert client.post("/sign-in/with/example")["Location"] == "/sign-in"


@pytest.mark.parametrize(
    "address",
    [
        "http://192.0.2.1/token",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//evil",
        "",
        5,
        None,
        "http://a b/",
    ],
)
@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "authorization_endpoint"])
def test_an_address_that_is_not_safe_is_never_asked(provider: Provider, name: str, address: Any) -> None:
    provider.document[name] = address
    assert Client().post("/sign-in/with/example")["Location"] == "/sign-in"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", (500, b"{}")),
        ("/token", (200, b"not json")),
        ("/token", (200, b"[]")),
        ("/token", (200, b"{}")),
        ("/token", (200, b'{"id_token": {"a": 1}}')),
        ("/token", (200, b"[" * 100_000)),
        ("/token", (200, b'"' + b"a" * 600_000 + b'"')),
        ("/token", (302, b"http://127.0.0.1:9/")),
        ("/jwks", (200, b'{"keys": 5}')),
        ("/jwks", (200, b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "first"}]}')),
        ("/jwks", (200, b'{"keys": [{}]}')),
        ("/jwks", (404, b"")),
    ],
)
def test_a_broken_provider_signs_nobody_in(provider: Provider, path: str, answer: tuple[int, bytes]) -> None:
    linked(provider)
    client = Client()
    provider.answers[path] = answer
    assert sign_in(client, provider)["Location"] == "/sign-in"
    assert outcomes() == ["bad_credentials"]
    assert not is_in(client)


def test_a_provider_that_is_away_is_told_at_once(provider: Provider, settings: Any) -> None:
    gone = provider.as_setting()
    settings.OIDC_PROVIDERS = (type(gone)("example", "Example", "http://127.0.0.1:9", "beyou"),)
    client = Client()
    assert client.post("/sign-in/with/example")["Location"] == "/sign-in"
    assert "cannot be reached" in client.get("/sign-in").content.decode()


def test_user_info_counts_only_for_the_same_subject(provider: Provider) -> None:
    provider.change = _without("email")
    client = Client()
    assert sign_in(client, provider)["Location"] == "/join/with"
    assert 'value="alice@example.org"' in client.get("/join/with").content.decode()
    provider.info = {"sub": "somebody else", "email": "bob@example.org", "email_verified": True}
    assert sign_in(Client(), provider)["Location"] == "/sign-in"


def test_guesses_are_limited_as_on_the_page(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    linked(provider)
    monkeypatch.setitem(limits.POLICIES, "sign_in.address", limits.guarded("2/minute"))
    provider.change = _lie(nonce="x")
    for _ in range(3):
        sign_in(Client(), provider)
    assert outcomes() == ["bad_credentials", "bad_credentials", "limited"]


# An equal address


def test_an_equal_address_takes_over_nothing_and_its_owner_learns_how_to_connect(provider: Provider) -> None:
    alice, client = members.alice(), Client()
    assert sign_in(client, provider)["Location"] == "/join/with"
    known = client.get("/join/with").content.decode()
    assert not is_in(client)
    assert not ProviderIdentity.objects.exists()
    drain()
    (sent,) = mail.outbox
    assert sent.to == [alice.email]
    assert "equal address alone opens no account" in sent.body
    sign_in(Client(), provider)
    drain()
    assert len(mail.outbox) == 1, "at most one a day"
    # The page is the one that a newcomer sees.
    provider.person |= {"sub": "new", "email": "newcomer@example.org"}
    stranger = Client()
    assert sign_in(stranger, provider)["Location"] == "/join/with"
    hidden = re.compile(r'(csrfmiddlewaretoken" value=|csrf-token" content=)"[^"]*|[\w.]+@example.org')
    assert hidden.sub("", known) == hidden.sub("", stranger.get("/join/with").content.decode())


def test_joining_with_the_address_of_a_member_changes_nothing_of_hers(provider: Provider) -> None:
    alice, client = members.alice(), Client()
    sign_in(client, provider)
    answer = client.post("/join/with", {"handle": "thief", "name": "", "email": "alice@example.org"})
    assert answer["Location"] == "/join/code"
    assert not is_in(client)
    assert User.objects.get() == alice
    assert not ProviderIdentity.objects.exists()
    assert "already have an account" in mail.outbox[-1].subject


# Joining


def _join(client: Client, **changes: str) -> Any:
    return client.post(
        "/join/with", {"handle": "ally", "name": "Ally", "email": "alice@example.org"} | changes
    )


def test_a_newcomer_chooses_a_handle_and_is_in(provider: Provider) -> None:
    client = Client()
    sign_in(client, provider)
    shown = client.get("/join/with").content.decode()
    assert 'value="alice@example.org"' in shown
    assert 'value="Alice Ash"' in shown
    assert 'type="password"' not in shown
    assert _join(client)["Location"] == "/home"
    assert client.get("/api/v1/me").json()["handle"] == "ally"
    member = User.objects.get()
    assert not member.has_usable_password()
    assert EmailAddress.objects.get().verified
    assert outcomes() == ["unknown", "success"]
    again = Client()
    assert sign_in(again, provider)["Location"] == "/home"
    assert client.get("/join/with").status_code == 302


@pytest.mark.parametrize("said", [False, None, "true", 1, "yes", ["true"]])
def test_an_address_that_the_provider_has_not_confirmed_needs_its_code(provider: Provider, said: Any) -> None:
    provider.person["email_verified"] = said
    client = Client()
    sign_in(client, provider)
    assert _join(client)["Location"] == "/join/code"
    assert not is_in(client)
    assert not EmailAddress.objects.get().verified
    code = re.search(r"^ +(\d{6})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code
    assert client.post("/join/code", {"action": "verify", "code": code[1]})["Location"] == "/home"
    assert is_in(client)


def test_another_address_than_the_providers_needs_its_code(provider: Provider) -> None:
    client = Client()
    sign_in(client, provider)
    assert _join(client, email="other@example.org")["Location"] == "/join/code"
    assert not EmailAddress.objects.get().verified


@pytest.mark.parametrize(
    "changes",
    [
        {"handle": "admin"},
        {"handle": "a\x00b"},
        {"handle": "bob"},
        {"email": "nobody"},
        {"email": ""},
        {"name": "n" * 61},
    ],
)
def test_bad_input_joins_nobody(provider: Provider, changes: dict[str, str]) -> None:
    members.bob()
    client = Client()
    sign_in(client, provider)
    page = _join(client, **changes)
    assert page.status_code == 200
    assert "There is a problem" in page.content.decode()
    assert User.objects.count() == 1
    assert _join(client)["Location"] == "/home", "and a second try works"


def test_nobody_joins_without_an_identity_or_half_an_hour_later(provider: Provider) -> None:
    client = Client()
    assert _join(client)["Location"] == "/join"
    sign_in(client, provider)
    clock.shift(31 * 60_000)
    assert _join(client)["Location"] == "/join"
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "lies",
    [
        {"email": "a\x00@b"},
        {"email": 5},
        {"email": "x" * 999},
        {"name": "\u202eevil"},
        {"name": ["a"]},
        {"email": None},
    ],
)
def test_odd_claims_are_no_more_than_an_empty_field(provider: Provider, lies: dict[str, Any]) -> None:
    provider.change = _lie(**lies)
    client = Client()
    assert sign_in(client, provider)["Location"] == "/join/with"
    assert client.get("/join/with").status_code == 200


# Connecting


def test_a_member_connects_and_disconnects_and_gets_mails(provider: Provider) -> None:
    alice = members.alice()
    client = members.client_of(alice)
    assert "Not connected" in client.get("/settings/sign-in-ways").content.decode()
    answer = sign_in(client, provider, "/settings/sign-in-ways/example/connect")
    assert answer["Location"] == "/settings/sign-in-ways"
    drain()
    assert "signs you in" in mail.outbox[-1].subject
    other = Client()
    assert sign_in(other, provider)["Location"] == "/home"
    identity = ProviderIdentity.objects.get()
    client.post(f"/settings/sign-in-ways/{identity.pk}/disconnect")
    drain()
    assert "no more" in mail.outbox[-1].subject
    assert sign_in(Client(), provider)["Location"] == "/join/with"


def test_nobody_connects_an_identity_with_the_account_of_another(provider: Provider) -> None:
    """The attacker begins, the victim opens the answer; and the other way round."""
    alice, mallory = members.client_of(members.alice()), members.client_of(members.mallory())
    address = provider.authorize(go(mallory, "/settings/sign-in-ways/example/connect"))
    come_back(alice, address)
    assert not ProviderIdentity.objects.exists()
    # Signed out and in as another in the same browser meanwhile.
    address = provider.authorize(go(mallory, "/settings/sign-in-ways/example/connect"))
    mallory.force_login(members.bob(), backend="beyou.users.backends.MemberBackend")
    come_back(mallory, address)
    assert not ProviderIdentity.objects.exists()


def test_an_identity_belongs_to_one_member(provider: Provider) -> None:
    alice = linked(provider)
    bob = members.client_of(members.bob())
    answer = sign_in(bob, provider, "/settings/sign-in-ways/example/connect")
    assert answer["Location"] == "/settings/sign-in-ways"
    assert "connected to another account" in bob.get("/settings/sign-in-ways").content.decode()
    assert ProviderIdentity.objects.get().member_id == alice.pk


def test_the_last_way_in_stays(provider: Provider, other: Provider) -> None:
    alice = linked(provider)
    User.objects.filter(id=alice.pk).update(password="!unusable")
    client = members.client_of(User.objects.get(id=alice.pk))
    identity = ProviderIdentity.objects.get()
    address = f"/settings/sign-in-ways/{identity.pk}/disconnect"
    client.post(address)
    assert "only way to sign in" in client.get("/settings/sign-in-ways").content.decode()
    assert ProviderIdentity.objects.filter(id=identity.pk).exists()
    # One that the settings no longer name opens nothing.
    members.identity(alice, "https://gone.example")
    client.post(address)
    assert ProviderIdentity.objects.filter(id=identity.pk).exists()
    members.identity(alice, other.issuer)
    client.post(address)
    assert not ProviderIdentity.objects.filter(id=identity.pk).exists()


def test_two_members_never_get_one_identity(provider: Provider) -> None:
    alice, bob = members.alice(), members.bob()
    identities.link(member_id=alice.pk, issuer=provider.issuer, subject="x")
    identities.link(member_id=alice.pk, issuer=provider.issuer, subject="x")
    with pytest.raises(identities.IdentityTaken):
        identities.link(member_id=bob.pk, issuer=provider.issuer, subject="x")
    assert ProviderIdentity.objects.get().member_id == alice.pk


def test_the_secret_of_the_client_reaches_neither_page_nor_log(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    linked(provider)
    provider.answers["/token"] = (400, json.dumps({"error": provider.client_secret}).encode())
    client = Client()
    page = sign_in(client, provider)
    assert provider.client_secret not in page.content.decode() + client.get("/sign-in").content.decode()
    written = capsys.readouterr()
    assert provider.client_secret not in written.out + written.err
