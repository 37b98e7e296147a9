"""Second factors: what is stored of them, and how a code proves a member (passkeys: `passkeys`).

allauth's table keeps authenticator apps and passkeys, so that its flows know who has a factor; secrets are
encrypted. Recovery codes and the memory of used codes are ours: rows that one statement spends, so that no
code counts twice in any number of processes.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from beyou.core import clock, keyring
from beyou.core.events import publish
from beyou.users import codes, queries, rules
from beyou.users.errors import AddressNotConfirmed, FactorAlready, FactorNeeded, NoFactor, WrongCode
from beyou.users.events import FactorsChanged
from beyou.users.models import RecoveryCode, SignInMethod, TotpUse, User
from beyou.users.rules import SecurityKind
from beyou.users.services import SignInAttempt, hold_member, note_security

#: What the security log calls a change; `reactions.CHANGES` is what the mail about it says.
_KINDS = {
    "app_added": SecurityKind.FACTOR_ADDED,
    "app_removed": SecurityKind.FACTOR_REMOVED,
    "passkey_added": SecurityKind.FACTOR_ADDED,
    "passkey_removed": SecurityKind.FACTOR_REMOVED,
    "recovery_codes_made": SecurityKind.RECOVERY_CODES_MADE,
    "recovery_code_used": SecurityKind.RECOVERY_CODE_USED,
}
_PLACE = {"table": "mfa_authenticator", "column": "data"}
_RECOVERY_PURPOSE = b"users/recovery-code"
RECOVERY_CODES = 10
TOTP, PASSKEY = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN


class MfaAdapter(DefaultMFAAdapter):
    """allauth knows no row when it encrypts, so a secret is bound to its column alone."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(keyring.seal_field(text, row_id="", **_PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises `Undecryptable` when the stored secret was altered."""
        return keyring.open_field(base64.b64decode(encrypted_text), row_id="", **_PLACE)

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page of factors shows."""

    app: Authenticator | None
    passkeys: list[Authenticator]
    codes_left: int
    codes_made_at: datetime | None

    @property
    def has_factor(self) -> bool:
        return bool(self.app or self.passkeys)


def note_change(member_id: UUID, change: str, attempt: SignInAttempt | None, subject: str = "") -> None:
    """The owner reads of the change in the security log, and gets a mail soon."""
    note_security(member_id=member_id, kind=_KINDS[change], attempt=attempt, subject=subject)
    publish(FactorsChanged(member_id, change))


def policy() -> str:
    """Who must have a second factor: BEYOU_SECOND_FACTOR."""
    return str(settings.SECOND_FACTOR)


def has_factor(member_id: UUID) -> bool:
    """Whether the account has an authenticator app or a passkey. One statement."""
    found: bool = Authenticator.objects.filter(user_id=member_id, type__in=(TOTP, PASSKEY)).exists()
    return found


def overview(member_id: UUID) -> Overview:
    """Two statements."""
    rows = list(Authenticator.objects.filter(user_id=member_id, type__in=(TOTP, PASSKEY)).order_by("id"))
    codes_of = list(RecoveryCode.objects.filter(member_id=member_id).values_list("used_at", "created_at"))
    return Overview(
        app=next((row for row in rows if row.type == TOTP), None),
        passkeys=[row for row in rows if row.type == PASSKEY],
        codes_left=sum(used_at is None for used_at, _ in codes_of),
        codes_made_at=max((made_at for _, made_at in codes_of), default=None),
    )


def prove_code(*, member_id: UUID, typed: str, attempt: SignInAttempt | None = None) -> SignInMethod:
    """The code is spent and counts for nobody any more. Raises `WrongCode`.

    The caller has counted the attempt (`core.limits`).
    """
    code = codes.plain(typed)
    if codes.is_totp(code) and _spend_totp(member_id, code):
        return SignInMethod.TOTP
    recovery = codes.recovery_code(code)
    if recovery and _spend_recovery_code(member_id, recovery, attempt):
        return SignInMethod.RECOVERY_CODE
    raise WrongCode("It is wrong, too old or was used before. Wait for the next code, or use another way.")


def _spend_totp(member_id: UUID, code: str) -> bool:
    app = Authenticator.objects.filter(user_id=member_id, type=TOTP).first()
    if app is None:
        return False
    secret = MfaAdapter().decrypt(app.data["secret"])
    for step in codes.matching_steps(secret, code, codes.time_step(clock.now_ms())):
        TotpUse.objects.get_or_create(member_id=member_id)
        if TotpUse.objects.filter(member_id=member_id, counter__lt=step).update(counter=step):
            Authenticator.objects.filter(id=app.pk).update(last_used_at=clock.now())
            return True
    return False


@transaction.atomic
def _spend_recovery_code(member_id: UUID, code: str, attempt: SignInAttempt | None) -> bool:
    salt = RecoveryCode.objects.filter(member_id=member_id).values_list("salt", flat=True).first()
    if salt is None:
        return False
    digest = _digest(member_id, code, bytes.fromhex(salt))
    unused = RecoveryCode.objects.filter(member_id=member_id, digest=digest, used_at=None)
    if not unused.update(used_at=clock.now()):
        return False
    note_change(member_id, "recovery_code_used", attempt)
    return True


def _digest(member_id: UUID, code: str, salt: bytes) -> str:
    """The stretched code under a key that is not in the database."""
    return keyring.mac(_RECOVERY_PURPOSE, member_id.bytes + codes.stretch(code, salt)).hex()


@transaction.atomic
def make_recovery_codes(*, member_id: UUID, attempt: SignInAttempt | None = None) -> list[str]:
    """Ten new codes, which are nowhere else afterwards; older ones count no more. Raises `NoFactor`."""
    hold_member(member_id)
    if not queries.has_factor(member_id):
        raise NoFactor("Recovery codes stand in for an authenticator app or a passkey. Set one up first.")
    made = _replace_codes(member_id)
    note_change(member_id, "recovery_codes_made", attempt)
    return made


def _replace_codes(member_id: UUID) -> list[str]:
    RecoveryCode.objects.filter(member_id=member_id).delete()
    salt = secrets.token_bytes(16)
    made = [codes.new_recovery_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(
            member_id=member_id,
            salt=salt.hex(),
            digest=_digest(member_id, codes.plain(code), salt),
        )
        for code in made
    )
    return made


def first_codes(member_id: UUID) -> list[str]:
    """The codes of a member who has none yet; empty for others. Call it where a factor is added."""
    return [] if RecoveryCode.objects.filter(member_id=member_id).exists() else _replace_codes(member_id)


@transaction.atomic
def add_app(*, member_id: UUID, secret: str, typed: str, attempt: SignInAttempt | None = None) -> list[str]:
    """The authenticator app with this secret is a factor, and the code that proved it is spent. Returns the
    recovery codes when there were none. Raises `WrongCode`, `AddressNotConfirmed`, `FactorAlready`.
    """
    hold_member(member_id)
    check_may_add(member_id)
    if Authenticator.objects.filter(user_id=member_id, type=TOTP).exists():
        raise FactorAlready("Remove it first if you want to use another app.")
    steps = codes.matching_steps(secret, codes.plain(typed), codes.time_step(clock.now_ms()))
    if not steps:
        raise WrongCode("This is not the code of the app. Is the clock of your phone right?")
    TotpUse.objects.update_or_create(member_id=member_id, defaults={"counter": steps[-1]})
    Authenticator.objects.create(
        user_id=member_id, type=TOTP, data={"secret": MfaAdapter().encrypt(secret)}, created_at=clock.now()
    )
    note_change(member_id, "app_added", attempt, "authenticator app")
    return first_codes(member_id)


@transaction.atomic
def remove_app(*, member_id: UUID, attempt: SignInAttempt | None = None) -> None:
    """The authenticator app is no factor any more. Raises `NoFactor`, `FactorNeeded`."""
    hold_member(member_id)
    found = Authenticator.objects.filter(user_id=member_id, type=TOTP).first()
    if found is None:
        raise NoFactor("There is no authenticator app on your account.")
    remove_factor(found)
    note_change(member_id, "app_removed", attempt, "authenticator app")


def remove_factor(found: Authenticator) -> None:
    """Recovery codes go with the last factor. Raises `FactorNeeded` when that one must stay."""
    others = Authenticator.objects.filter(user_id=found.user_id, type__in=(TOTP, PASSKEY)).exclude(
        id=found.pk
    )
    if not others.exists():
        is_staff = User.objects.values_list("is_staff", flat=True).get(id=found.user_id)
        if rules.must_have_factor(policy(), is_staff=is_staff):
            raise FactorNeeded("Your account must keep a second step. Add another one first.")
        RecoveryCode.objects.filter(member_id=found.user_id).delete()
    found.delete()


def remove_all(*, member_id: UUID) -> None:
    """No factor and no recovery code proves the member any more, whatever the policy says: the staff decided
    so, and the next sign-in asks for a new factor where there must be one.
    """
    RecoveryCode.objects.filter(member_id=member_id).delete()
    Authenticator.objects.filter(user_id=member_id).delete()


def check_may_add(member_id: UUID) -> None:
    """Raises `AddressNotConfirmed`: whoever joins with a foreign address could shut its owner out."""
    if not queries.is_confirmed(member_id):
        raise AddressNotConfirmed("Confirm your e-mail address first.")
