"""The people of the tests, made by the same service that sign-up uses."""

from django.contrib.auth.hashers import make_password
from django.test import Client

from beyou.users import services
from beyou.users.models import User

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
    is_staff: bool = False,
    is_demo: bool = False,
) -> User:
    """A member with a confirmed address who can sign in with `PASSWORD`."""
    made = services.create_member(
        handle=handle,
        name=name or handle.capitalize(),
        email=email or f"{handle}@example.org",
        password=password,
        is_confirmed=is_confirmed,
        is_staff=is_staff,
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


def staff() -> User:
    return member("staff", name="Sam Staff", is_staff=True)


def client_of(person: User, *, enforce_csrf_checks: bool = False) -> Client:
    """A browser in which the person is signed in, made without the sign-in page and its LoginActivity row."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(person, backend=_BACKEND)
    return client


def visitor(*, enforce_csrf_checks: bool = False) -> Client:
    """A browser in which nobody is signed in."""
    return Client(enforce_csrf_checks=enforce_csrf_checks)
