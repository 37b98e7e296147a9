"""Which people at identity providers are which members. Only issuer and subject together say so; an address
that is equal never does.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import IntegrityError, transaction

from beyou.core import clock, limits
from beyou.core.errors import NotFound, RateLimited
from beyou.core.events import publish
from beyou.users import queries
from beyou.users.errors import IdentityTaken, LastWayIn
from beyou.users.events import IdentityKnocked, IdentityLinked, IdentityUnlinked
from beyou.users.models import ProviderIdentity, User
from beyou.users.oidc import Claims
from beyou.users.oidc_settings import OidcProvider
from beyou.users.rules import SecurityKind
from beyou.users.services import SignInAttempt, hold_member, note_security


@dataclass(frozen=True, slots=True)
class Way:
    """A provider as the page of ways to sign in shows it; without `linked_at` it can be connected."""

    provider: OidcProvider | None
    name: str
    identity_id: UUID | None = None
    linked_at: datetime | None = None
    used_at: datetime | None = None


def digest_of(issuer: str, subject: str) -> str:
    """How an identity is found: SHA-256 of both, with a separator that neither may hold."""
    return sha256(f"{issuer}\0{subject}".encode()).hexdigest()


def name_of(issuer: str) -> str:
    """What the settings call the provider."""
    names = {provider.issuer: provider.name for provider in settings.OIDC_PROVIDERS}
    return names.get(issuer, issuer)


def member_of(claims: Claims) -> User | None:
    """Whom the provider has identified. One statement."""
    digest = digest_of(claims.provider.issuer, claims.subject)
    found = ProviderIdentity.objects.select_related("member").filter(digest=digest).first()
    return found.member if found else None


def note_use(claims: Claims) -> None:
    digest = digest_of(claims.provider.issuer, claims.subject)
    ProviderIdentity.objects.filter(digest=digest).update(last_used_at=clock.now())


@transaction.atomic
def link(*, member_id: UUID, issuer: str, subject: str, attempt: SignInAttempt | None = None) -> None:
    """The identity signs the member in from now on; a repeat changes nothing. Raises `IdentityTaken` when it
    is somebody else's.
    """
    hold_member(member_id)
    digest = digest_of(issuer, subject)
    owner = ProviderIdentity.objects.filter(digest=digest).values_list("member_id", flat=True).first()
    if owner == member_id:
        return
    if owner is not None:
        raise IdentityTaken("Sign in with it and disconnect it there first.")
    try:
        with transaction.atomic():
            ProviderIdentity.objects.create(member_id=member_id, digest=digest, issuer=issuer)
    except IntegrityError:
        raise IdentityTaken("Sign in with it and disconnect it there first.") from None
    kind = SecurityKind.PROVIDER_LINKED
    note_security(member_id=member_id, kind=kind, attempt=attempt, subject=name_of(issuer))
    publish(IdentityLinked(member_id=member_id, issuer=issuer))


@transaction.atomic
def unlink(*, member_id: UUID, identity_id: UUID, attempt: SignInAttempt | None = None) -> None:
    """The identity signs nobody in any more. Raises `NotFound`, `LastWayIn`."""
    hold_member(member_id)
    rows = list(ProviderIdentity.objects.filter(member_id=member_id))
    found = next((row for row in rows if row.id == identity_id), None)
    if found is None:
        raise NotFound
    known = {provider.issuer for provider in settings.OIDC_PROVIDERS}
    others = [row for row in rows if row is not found and row.issuer in known]
    if not others and not _has_another_way(member_id):
        raise LastWayIn("Set a password or add a passkey first; then you can disconnect it.")
    found.delete()
    kind = SecurityKind.PROVIDER_UNLINKED
    note_security(member_id=member_id, kind=kind, attempt=attempt, subject=name_of(found.issuer))
    publish(IdentityUnlinked(member_id=member_id, issuer=found.issuer))


def _has_another_way(member_id: UUID) -> bool:
    """Whether a password or a passkey signs the member in."""
    member = User.objects.get(id=member_id)
    passkeys = Authenticator.objects.filter(user_id=member_id, type=Authenticator.Type.WEBAUTHN)
    return bool(member.has_usable_password() or passkeys.exists())


def ways_of(member_id: UUID) -> list[Way]:
    """The providers that the member has connected, also those that the settings no longer name, and then
    those that could be. One statement.
    """
    providers = {provider.issuer: provider for provider in settings.OIDC_PROVIDERS}
    rows = ProviderIdentity.objects.filter(member_id=member_id).order_by("created_at", "id")
    found = []
    for row in rows:
        provider = providers.pop(row.issuer, None)
        name = provider.name if provider else row.issuer
        found.append(Way(provider, name, row.id, row.created_at, row.last_used_at))
    return found + [Way(provider, provider.name) for provider in providers.values()]


def knock(claims: Claims) -> None:
    """A member whose address an unknown identity has learns how to connect it; whoever knocked learns
    nothing. At most one mail a day.
    """
    member_id = queries.member_id_of_email(claims.email) if claims.email else None
    if member_id is None:
        return
    try:
        limits.check("identity.knock", str(member_id))
    except RateLimited:
        return
    with transaction.atomic():
        publish(IdentityKnocked(member_id=member_id, issuer=claims.provider.issuer))
