"""Passkeys: WebAuthn Level 3 ceremonies over python-fido2, kept in allauth's table in allauth's form.

A challenge lives in the session, is good for one answer and a quarter of an hour. Attestation is not asked
for: any authenticator will do. Passkeys are bound to the host name of the instance. The library is loaded
where it is used: it is heavy and seldom needed.
"""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from beyou.core import clock, limits
from beyou.core.errors import NotFound, RateLimited
from beyou.core.ids import uuid7
from beyou.core.ports.naming import instance_name
from beyou.users import factors
from beyou.users.errors import PasskeyRefused, TooManyPasskeys
from beyou.users.models import User
from beyou.users.services import SignInAttempt, hold_member

if TYPE_CHECKING:
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestedCredentialData

STATE = "users.passkey"
GOOD_FOR_MS = 15 * 60 * 1000
LIMIT = 20
NAME_LENGTH = 40
Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey as pages show it."""

    id: UUID
    name: str
    created_at: Any
    last_used_at: Any


def web_origin(request: HttpRequest) -> str:
    """What passkeys are bound to: the instance's origin, in development the one in the address bar."""
    if settings.PRODUCTION:
        return str(settings.ORIGIN)
    return f"{request.scheme}://{request.get_host()}"


def _server(origin: str) -> "Fido2Server":
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    party = PublicKeyCredentialRpEntity(id=urlsplit(origin).hostname or "", name=instance_name())
    is_ours: Callable[[str], bool] = lambda claimed: claimed == origin  # noqa: E731  (two words)
    return Fido2Server(party, verify_origin=is_ours)


def _remember(session: Session, purpose: str, state: dict[str, Any]) -> None:
    session[STATE] = {
        "purpose": purpose,
        "at": clock.now_ms(),
        "challenge": state["challenge"],
        "user_verification": state["user_verification"],
    }


def _take(session: Session, purpose: str) -> dict[str, Any]:
    """The challenge that was asked for this; nobody can answer it again. Raises `PasskeyRefused`."""
    state: dict[str, Any] = session.pop(STATE, None) or {}
    if state.get("purpose") != purpose or clock.now_ms() - state["at"] > GOOD_FOR_MS:
        raise PasskeyRefused("The question to your passkey was too old. Please try again.")
    try:
        # Counted beside the session, which parallel requests have all read before one of them takes it out.
        limits.check("passkey.answer", state["challenge"])
    except RateLimited:
        raise PasskeyRefused("The question to your passkey was answered before. Please try again.") from None
    return state


def drop_question(session: Session) -> None:
    """What the session was asked last can no longer be answered."""
    session.pop(STATE, None)


def _rows(member_id: UUID) -> list[Authenticator]:
    kind = Authenticator.Type.WEBAUTHN
    return list(Authenticator.objects.filter(user_id=member_id, type=kind).order_by("id"))


def _credential(row: Authenticator) -> "AttestedCredentialData":
    from fido2.webauthn import RegistrationResponse

    registration = RegistrationResponse.from_dict(row.data["credential"])
    credential: AttestedCredentialData = registration.response.attestation_object.auth_data.credential_data
    return credential


def passkeys_of(member_id: UUID) -> list[Passkey]:
    """The oldest first. One statement."""
    return [as_passkey(row) for row in _rows(member_id)]


def as_passkey(row: Authenticator) -> Passkey:
    return Passkey(UUID(row.data["id"]), row.data["name"], row.created_at, row.last_used_at)


def passkey_of(member_id: UUID, passkey_id: UUID) -> Passkey:
    """Raises `NotFound`."""
    return as_passkey(_row(member_id, passkey_id))


def _row(member_id: UUID, passkey_id: UUID) -> Authenticator:
    for row in _rows(member_id):
        if row.data["id"] == str(passkey_id):
            return row
    raise NotFound


def begin_registration(*, session: Session, origin: str, member: User) -> dict[str, Any]:
    """What `navigator.credentials.create` is to be called with, in the JSON form of WebAuthn Level 3."""
    from fido2.webauthn import (
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options, state = _server(origin).register_begin(
        PublicKeyCredentialUserEntity(id=member.pk.bytes, name=member.handle, display_name=member.name),
        credentials=[_credential(row) for row in _rows(member.pk)],
        # Old security keys cannot do either and are still a good second step.
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        extensions={"credProps": True},
    )
    _remember(session, "register", state)
    return dict(options)["publicKey"]  # type: ignore[no-any-return]


def register(
    *,
    session: Session,
    origin: str,
    member: User,
    answer: Any,
    name: str,
    attempt: SignInAttempt | None = None,
) -> list[str]:
    """The passkey is a factor of the member. Returns the recovery codes when there were none.

    Raises `PasskeyRefused`, `TooManyPasskeys`, `AddressNotConfirmed`.
    """
    state = _take(session, "register")
    kept = _kept(answer)
    try:
        found = _server(origin).register_complete(state, kept).credential_data
    # The library parses what a browser sent: a wrong type or value anywhere surfaces as one of these.
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError) as error:
        raise PasskeyRefused("The browser's answer did not fit the question. Please try again.") from error
    if found is None:
        raise PasskeyRefused("The browser sent no key. Please try again.")
    return _add(member.pk, kept, found, name, attempt)


@transaction.atomic
def _add(
    member_id: UUID,
    kept: dict[str, Any],
    found: "AttestedCredentialData",
    name: str,
    attempt: SignInAttempt | None,
) -> list[str]:
    hold_member(member_id)
    factors.check_may_add(member_id)
    rows = _rows(member_id)
    if any(_credential(row).credential_id == found.credential_id for row in rows):
        raise PasskeyRefused("This passkey is on your account already.")
    if len(rows) >= LIMIT:
        raise TooManyPasskeys(f"An account has at most {LIMIT} passkeys. Remove one first.")
    Authenticator.objects.create(
        user_id=member_id,
        type=Authenticator.Type.WEBAUTHN,
        data={
            "id": str(uuid7()),
            "name": name or f"Passkey {len(rows) + 1}",
            "credential": kept,
            "sign_count": 0,
        },
        created_at=clock.now(),
    )
    factors.note_change(member_id, "passkey_added", attempt, name)
    return factors.first_codes(member_id)


def _kept(answer: Any) -> dict[str, Any]:
    """The parts of a registration that are needed again; a browser may send any number of others."""
    try:
        response = answer["response"]
        parts = {
            "id": answer["id"],
            "rawId": answer["rawId"],
            "type": answer["type"],
            "response": {key: response[key] for key in ("clientDataJSON", "attestationObject")},
        }
    except (TypeError, KeyError) as error:
        raise PasskeyRefused("The browser's answer was not complete. Please try again.") from error
    return parts


@transaction.atomic
def rename(*, member_id: UUID, passkey_id: UUID, name: str) -> None:
    """Raises `NotFound`."""
    hold_member(member_id)
    row = _row(member_id, passkey_id)
    row.data["name"] = name
    row.save(update_fields=["data"])


@transaction.atomic
def remove(*, member_id: UUID, passkey_id: UUID, attempt: SignInAttempt | None = None) -> None:
    """The passkey opens nothing any more. Raises `NotFound`, `FactorNeeded`."""
    hold_member(member_id)
    row = _row(member_id, passkey_id)
    factors.note_change(member_id, "passkey_removed", attempt, row.data["name"])
    factors.remove_factor(row)


def begin(*, session: Session, origin: str, purpose: str, member_id: UUID | None) -> dict[str, Any]:
    """What `navigator.credentials.get` is to be called with. Without a member, any passkey that knows its
    owner will do, and it must have checked that it is her (PIN or biometrics).
    """
    from fido2.webauthn import UserVerificationRequirement

    need = UserVerificationRequirement
    options, state = _server(origin).authenticate_begin(
        [_credential(row) for row in _rows(member_id)] if member_id else None,
        user_verification=need.PREFERRED if member_id else need.REQUIRED,
    )
    _remember(session, purpose, state)
    return dict(options)["publicKey"]  # type: ignore[no-any-return]


def owner_of(answer: Any) -> UUID | None:
    """Whose passkey the answer claims to be; nothing is proved yet."""
    from fido2.utils import websafe_decode

    try:
        return UUID(bytes=websafe_decode(answer["response"]["userHandle"]))
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def prove(*, session: Session, origin: str, purpose: str, member_id: UUID, answer: Any) -> None:
    """The answer proves the member with one of her passkeys. Raises `PasskeyRefused`."""
    from fido2.webauthn import AuthenticationResponse

    state = _take(session, purpose)
    rows = {_credential(row).credential_id: row for row in _rows(member_id)}
    try:
        parsed = AuthenticationResponse.from_dict(answer)
        used = _server(origin).authenticate_complete(
            state, [_credential(row) for row in rows.values()], answer
        )
        count = parsed.response.authenticator_data.counter
    # As above: what a stranger sent.
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError) as error:
        raise PasskeyRefused("It is not one of this account, or it was asked something else.") from error
    _count(rows[used.credential_id].pk, count)


@transaction.atomic
def _count(row_id: int, count: int) -> None:
    """A counter that does not grow is the mark of a copied key (WebAuthn §7.2 step 22); synchronised
    passkeys always say 0. Raises `PasskeyRefused`.
    """
    row = Authenticator.objects.select_for_update().filter(id=row_id).first()
    if row is None:
        raise PasskeyRefused("It was removed from the account.")
    seen = row.data.get("sign_count", 0)
    if (count or seen) and count <= seen:
        raise PasskeyRefused("Its counter went back, as that of a copied key does. Use another way.")
    row.data["sign_count"] = count
    row.last_used_at = clock.now()
    row.save(update_fields=["data", "last_used_at"])
