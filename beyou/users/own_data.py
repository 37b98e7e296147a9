"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from beyou.core import personal
from beyou.core.personal import Fate, File, declare, json_file, json_list
from beyou.media.queries import files_of
from beyou.media.services import bytes_of
from beyou.users.account_recovery import reason_of
from beyou.users.models import (
    AccessToken,
    AccountRecovery,
    LoginActivity,
    MemberSession,
    ProviderIdentity,
    SecurityEvent,
    User,
)
from beyou.users.queries import levels_of, phone_of

ACCOUNT, SIGN_INS, SECURITY = "account/account.json", "account/sign-ins.json", "account/security-log.json"
SESSIONS, TOKENS, FACTORS = "account/sessions.json", "account/tokens.json", "account/sign-in-methods.json"
RECOVERIES = "account/recovery-requests.json"
_CONFIG = "It repeats what account/account.json says, or was only a step on the way there."

declare(
    *("users.User", "id"),
    what="Your account",
    fate=Fate.EMPTIED,
    why="An empty row named “Deleted member” under a random id keeps the conversations of others in order.",
    copied=ACCOUNT,
)
declare(
    *("users.JoinRequest", "member"),
    what="Why you wanted to join",
    not_copied="It is there only while you wait to be let in, and the page where you wait shows it.",
    mentions=("decided_by_id",),
)
declare("users.Phone", "member", what="Your telephone number", copied=ACCOUNT)
declare("users.HeldHandle", "member", what="Handles kept for you", not_copied=_CONFIG)
declare(
    *("users.PendingRename", "member", "open_of"),
    what="Renames you asked for",
    not_copied=_CONFIG,
    mentions=("decided_by_id",),
)
declare("users.EmailChange", "member", "open_of", what="Changes of address you asked for", not_copied=_CONFIG)
declare(
    *("users.PasswordReset", "member"),
    what="Links for a forgotten password",
    not_copied="It holds nothing but dates and a mark; the security log says when you asked.",
)
declare(
    *("users.StaffGrant", "member"),
    what="Your rights as staff",
    copied=ACCOUNT,
    mentions=("granted_by_id",),
)
declare("users.MemberSession", "member", what="Your sessions", copied=SESSIONS)
declare(
    *("users.KnownDevice", "member"),
    what="Browsers known to be yours",
    not_copied="It holds nothing but a random mark and a date; the sign-in log names the browsers.",
)
declare("users.ThreatAlert", "member", what="Warnings about sign-ins", not_copied="You got each as a notice.")
declare("users.SecurityEvent", "member", what="Your security log", copied=SECURITY)
declare("users.LoginActivity", "member", what="Your sign-in log", copied=SIGN_INS)
declare(
    *("users.AddressBlock", "blocked_by_id"),
    what="Ranges of addresses that you blocked as staff",
    fate=Fate.KEPT,
    why="Others rely on what the staff decided; only a random id says who it was.",
    not_copied="It is about a network, not about you.",
    mentions=("lifted_by_id",),
)
declare("users.AccessToken", "member", what="Your access tokens", copied=TOKENS)
declare("users.ProviderIdentity", "member", what="Your accounts at identity providers", copied=FACTORS)
declare("account.EmailAddress", "user", what="Your e-mail addresses", copied=ACCOUNT, by="users")
declare("mfa.Authenticator", "user", what="Your second steps and passkeys", copied=FACTORS, by="users")
declare(
    *("users.TotpUse", "member"),
    what="Codes of your authenticator that were used",
    not_copied="It holds nothing but marks against using a code twice.",
)
declare(
    *("users.RecoveryCode", "member"),
    what="Your recovery codes",
    not_copied="Each is kept as a mark that nobody can read, and would be a secret if it were not.",
)
declare(
    *("users.AccountRecovery", "member", "open_of"),
    what="Requests to get in without your second step",
    copied=RECOVERIES,
)
declare("media.MediaFile", "owner_id", what="Your pictures and documents", copied="media/", by="users")


@personal.part("account")
def account(member_id: UUID) -> Iterator[File]:
    """Who the member is here, how they sign in, and what was logged of it. Never a secret."""
    yield json_file(ACCOUNT, _account(User.objects.get(id=member_id)))
    yield json_list(SIGN_INS, _rows(LoginActivity, member_id, "session_digest", "address_key"))
    yield json_list(SECURITY, _rows(SecurityEvent, member_id, "session_digest"))
    yield json_list(SESSIONS, _rows(MemberSession, member_id, "key_digest", "data"))
    yield json_list(TOKENS, _rows(AccessToken, member_id, "digest"))
    factors = [_factor(row) for row in Authenticator.objects.filter(user_id=member_id)]
    providers = [_provider(row) for row in ProviderIdentity.objects.filter(member_id=member_id)]
    yield json_file(FACTORS, factors + providers)
    asked = AccountRecovery.objects.filter(member_id=member_id).order_by("id")
    yield json_file(RECOVERIES, [_recovery(row) for row in asked])
    for file in files_of(member_id):
        suffix = file.content_type.rpartition("/")[2]
        yield File(f"media/{file.purpose}-{file.id}.{suffix}", [bytes_of(file)])


def _account(member: User) -> dict[str, object]:
    hidden = {"password", "picture_id", "deletion_reminded_at", "erased_at"}
    fields = {
        field.name: getattr(member, field.attname)
        for field in User._meta.concrete_fields
        if field.attname not in hidden
    }
    addresses = EmailAddress.objects.filter(user_id=member.pk).values("email", "verified", "primary")
    return fields | {
        "picture": f"media/avatar-{member.picture_id}.webp" if member.picture_id else None,
        "phone": phone_of(member.pk),
        "addresses": list(addresses),
        "staff_levels": sorted(levels_of(member.pk)),
    }


def _recovery(row: AccountRecovery) -> dict[str, object]:
    names = ("state", "answer", "created_at", "ended_at")
    return {name: getattr(row, name) for name in names} | {"reason": reason_of(row)}


def _factor(row: Authenticator) -> dict[str, object]:
    name = row.data.get("name") if row.type == Authenticator.Type.WEBAUTHN else None
    return {"type": row.type, "name": name, "added": row.created_at, "last_used": row.last_used_at}


def _rows(
    model: "type[LoginActivity | SecurityEvent | MemberSession | AccessToken]", member_id: UUID, *hidden: str
) -> Iterator[dict[str, object]]:
    """The member's rows, oldest first, without the named columns and without the member's own id."""
    names = [field.attname for field in model._meta.concrete_fields]
    shown = [name for name in names if name not in {"member_id", *hidden}]
    yield from model._base_manager.filter(member_id=member_id).order_by("id").values(*shown).iterator()


def _provider(row: ProviderIdentity) -> dict[str, object]:
    """Where the member is known, without the digest of who they are there."""
    return {
        "type": "provider",
        "name": row.issuer,
        "added": row.created_at,
        "last_used": row.last_used_at,
    }
