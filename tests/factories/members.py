"""The people of the tests, made by the same service that sign-up uses."""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.test import Client

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.users import access_tokens, identities, services
from beyou.users.models import AccessToken, ProviderIdentity, User
from beyou.users.rules import Level
from beyou.users.scopes import Scope
from beyou.users.session_store import SessionStore

PASSWORD = "seven herons over the dyke"
_BACKEND = "beyou.users.backends.MemberBackend"


def member(
    handle: str,
    *,
    name: str = "",
    email: str = "",
    password: str | None = None,
    is_confirmed: bool = True,
    is_active: bool = True,
    is_demo: bool = False,
) -> User:
    """A member with a confirmed address who can sign in with `PASSWORD`."""
    made = services.create_member(
        handle=handle,
        name=name or handle.capitalize(),
        email=email or f"{handle}@example.org",
        password=password,
        is_confirmed=is_confirmed,
        is_demo=is_demo,
    )
    if password is None:
        made.password = make_password(PASSWORD)
    made.is_active = is_active
    made.save(update_fields=["password", "is_active"])
    return made


def members(count: int, prefix: str = "member") -> list[User]:
    """So many members at once, for lists and races."""
    return [member(f"{prefix}_{number}") for number in range(count)]


def alice() -> User:
    """The protagonist; the identity issue verifies her."""
    return member("alice", name="Alice Ash")


def bob() -> User:
    """Alice's friend, once a test makes them friends."""
    return member("bob", name="Bob Birch")


def charlie() -> User:
    """A stranger to everybody."""
    return member("charlie", name="Charlie Cedar")


def mallory() -> User:
    """The one who is blocked."""
    return member("mallory", name="Mallory Mistletoe")


def dana() -> User:
    """The one who is never verified."""
    return member("dana", name="Dana Dogwood")


def staff(*levels: Level, handle: str = "staff") -> User:
    """One of the staff; an owner unless levels are given."""
    made = member(handle, name="Sam Staff")
    for level in levels or (Level.OWNER,):
        services.grant_level(member_id=made.pk, level=level, granted_by_id=None)
    made.refresh_from_db()
    return made


def client_of(
    person: User, *, enforce_csrf_checks: bool = False, is_fresh: bool = True, by_factor: bool = False
) -> Client:
    """A browser in which the person is signed in, made without the sign-in page and its LoginActivity row.

    The session of one of the staff has proved a second factor, as staff pages ask; other sessions a password,
    unless `by_factor`.
    Without `is_fresh` that was an hour ago.
    """
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    proof = {"method": "mfa", "type": "totp"} if person.is_staff or by_factor else {"method": "password"}
    at = clock.now_ms() / 1000 - (0 if is_fresh else 3600)
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(person.pk), _BACKEND
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session["account_authentication_methods"] = [proof | {"at": at}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.create()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return client


def visitor(*, enforce_csrf_checks: bool = False) -> Client:
    """A browser in which nobody is signed in."""
    return Client(enforce_csrf_checks=enforce_csrf_checks)


def token(person: User, *scopes: Scope, days: int = 30) -> tuple[AccessToken, str]:
    """A personal access token of the person, with every scope unless some are given, and its text."""
    return access_tokens.create_token(
        member_id=person.pk, token_id=uuid7(), name="Script", scopes=scopes or tuple(Scope), days=days
    )


def bearer(text: str) -> dict[str, str]:
    """The header that carries a token, for `Client`."""
    return {"HTTP_AUTHORIZATION": f"Bearer {text}"}


def identity(person: User, issuer: str = "http://127.0.0.1:9", subject: str = "") -> ProviderIdentity:
    """Somebody at an identity provider who is the person."""
    identities.link(member_id=person.pk, issuer=issuer, subject=subject or person.handle)
    return ProviderIdentity.objects.get(digest=identities.digest_of(issuer, subject or person.handle))
