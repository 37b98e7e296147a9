"""Which handles and names may be taken, who may act on whom, who may see what of a member, how long sessions
live, and what is worth telling.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """What a member of the staff may do. An owner may do all of it."""

    MODERATOR = "moderator"
    VERIFIER = "verifier"
    FINANCE = "finance"
    AUDITOR = "auditor"
    OWNER = "owner"


class Audience(StrEnum):
    """Who may find a member by search, or ask for friendship."""

    EVERYBODY = "everybody"
    FRIENDS_OF_FRIENDS = "friends_of_friends"
    NOBODY = "nobody"


class Writers(StrEnum):
    """Who may begin a chat with a member. Only friends ever may; chats that exist go on."""

    FRIENDS = "friends"
    NOBODY = "nobody"


class Readers(StrEnum):
    """Who may read a contact field on a member's profile."""

    NOBODY = "nobody"
    FRIENDS = "friends"


class RenameState(StrEnum):
    """How a rename that staff must look at stands."""

    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ChangeOutcome(StrEnum):
    """How a change of address ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    TOO_MANY_TRIES = "too_many_tries"
    TAKEN = "taken"


def has_level(levels: Collection[str], wanted: Level) -> bool:
    """Whether somebody with these levels may do what `wanted` is for."""
    return wanted in levels or Level.OWNER in levels


def may_act_on(
    actor_id: object, actor_levels: Collection[str], target_id: object, target_levels: Collection[str]
) -> bool:
    """Nobody acts on oneself, on equals or upwards: staff act on members, owners also on other staff."""
    return actor_id != target_id and _height(actor_levels) > _height(target_levels)


def must_have_factor(policy: str, *, is_staff: bool) -> bool:
    """Whether BEYOU_SECOND_FACTOR asks this member for a second factor."""
    return policy == "everybody" or (policy == "staff" and is_staff)


def _height(levels: Collection[str]) -> int:
    if Level.OWNER in levels:
        return 2
    return 1 if levels else 0


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives without use, and at the longest."""

    idle: dt.timedelta
    absolute: dt.timedelta

    def end(self, created_at: dt.datetime, seen_at: dt.datetime) -> dt.datetime:
        return min(created_at + self.absolute, seen_at + self.idle)

    def is_open(self, created_at: dt.datetime, seen_at: dt.datetime, now: dt.datetime) -> bool:
        """Times in the future, as after a clock was set back, end nothing."""
        return now < self.end(created_at, seen_at)


class SecurityKind(StrEnum):
    """What a member reads in the security log besides the attempts to sign in."""

    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    NEW_DEVICE = "new_device"
    NOT_ME = "not_me"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  (a name)
    PASSWORD_RESET_ASKED = "password_reset_asked"  # noqa: S105  (a name)
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"
    PHONE_CHANGED = "phone_changed"
    TOKEN_MADE = "token_made"  # noqa: S105  (a name)
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  (a name)
    TOKENS_ENDED = "tokens_ended"
    PROVIDER_LINKED = "provider_linked"
    PROVIDER_UNLINKED = "provider_unlinked"
    RECOVERY_ASKED = "recovery_asked"
    RECOVERY_CANCELLED = "recovery_cancelled"
    RECOVERY_DONE = "recovery_done"
    EXPORT_ASKED = "export_asked"
    DELETION_ASKED = "deletion_asked"
    DELETION_CANCELLED = "deletion_cancelled"
    KEYS_CHANGED = "keys_changed"
    ALERT = "alert"


class ThreatRule(StrEnum):
    """What about sign-ins is worth an alert."""

    MANY_FAILURES = "many_failures"
    MANY_ACCOUNTS = "many_accounts"
    NEW_DEVICE = "new_device"
    NEW_COUNTRY = "new_country"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    NO_FACTOR = "no_factor"
    DECOY = "decoy"


#: What mails and pages say of an alert.
ALERT_TEXTS: Final[dict[ThreatRule, str]] = {
    ThreatRule.MANY_FAILURES: "Somebody keeps trying to sign in to the account with wrong passwords",
    ThreatRule.MANY_ACCOUNTS: "One address tries to sign in to many accounts",
    ThreatRule.NEW_DEVICE: "The account was opened on a device that it did not know",
    ThreatRule.NEW_COUNTRY: "The account was opened from a country for the first time",
    ThreatRule.IMPOSSIBLE_TRAVEL: "The account was opened from two countries within an hour",
    ThreatRule.NO_FACTOR: "Somebody knows the password of the account, but not the second step",
    ThreatRule.DECOY: "Somebody looked for the pages of the staff and found the decoy",
}


HANDLE = re.compile(r"[a-z0-9_]{3,30}")

#: Names that would pass for the instance, its staff or one of its pages.
# fmt: off
RESERVED = frozenset(
    (
        "about", "abuse", "account", "accounts", "activity", "admin", "administrator", "api", "app",
        "beyou", "billing", "blocks", "bot", "cart", "chat", "chats", "checkout", "console", "contact",
        "dev", "everyone", "friends", "guest", "healthz", "help", "home", "info", "join", "ledger",
        "login", "logout", "mail", "market", "me", "member", "members", "moderator", "news", "nobody",
        "noreply", "null", "official", "offline", "owner", "postmaster", "privacy", "recover",
        "register", "root", "search", "security", "selling", "settings", "sign_in", "sign_out", "signup",
        "staff", "static", "status", "support", "system", "team", "terms", "undefined", "user", "users",
        "verified", "verify", "webmaster", "www", "you",
    )
)
# fmt: on


#: How the handle of a tombstone begins; nobody may take one that does.
ERASED_HANDLE = "deleted_"


def plain_handle(typed: str) -> str:
    """What a person meant who typed `@Alice `: handles are lower case."""
    return typed.strip().removeprefix("@").lower()


def handle_problem(handle: str) -> str:
    """What is wrong with the handle, and what to do; empty when it may be used.

    Only ASCII letters, digits and underscores pass, so that no two handles can look alike by their script.
    """
    if len(handle) < 3:
        return "Use at least 3 characters."
    if len(handle) > 30:
        return "Use at most 30 characters."
    if not HANDLE.fullmatch(handle):
        return "Use only letters from a to z, digits and underscores."
    if handle in RESERVED or handle.startswith(ERASED_HANDLE) or not handle.strip("_"):
        return "This handle is reserved. Please choose another."
    return ""


#: Characters that join others in some scripts and in emoji; all else that has no shape of its own could
#: hide in a name or turn the text beside it round.
_JOINERS = frozenset("\u200c\u200d")
_SHAPELESS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
NAME_LENGTH, BIO_LENGTH = 60, 500


def plain_name(typed: str) -> str:
    """The name with single spaces."""
    return " ".join(typed.split())


def name_problem(name: str) -> str:
    """What is wrong with the name, and what to do; empty when it may be used."""
    if len(name) > NAME_LENGTH:
        return f"Use at most {NAME_LENGTH} characters."
    if any(_is_invisible(character) for character in name):
        return "This name holds an invisible character. Please type it again by hand."
    if name and not any(unicodedata.category(character)[0] in "LNS" for character in name):
        return "Use at least one letter."
    return ""


def bio_problem(bio: str) -> str:
    """What is wrong with the text; empty when it may be shown."""
    if len(bio) > BIO_LENGTH:
        return f"Use at most {BIO_LENGTH} characters; these are {len(bio)}."
    if any(_is_invisible(character) for character in bio if character != "\n"):
        return "This text holds an invisible character. Please type it again by hand."
    return ""


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _SHAPELESS and character not in _JOINERS


def may_read(readers: str, *, is_self: bool, is_friend: bool) -> bool:
    """Whether somebody may read a contact field that is open to these readers."""
    return is_self or (readers == Readers.FRIENDS and is_friend)


def may_reach(audience: str, *, is_friend: bool, shares_friend: bool) -> bool:
    """Whether somebody belongs to the audience. Friends always do: they are there already."""
    if is_friend or audience == Audience.EVERYBODY:
        return True
    return audience == Audience.FRIENDS_OF_FRIENDS and shares_friend


class PasswordPath(StrEnum):
    """How somebody came to another password."""

    CHANGE = "change"  # Signed in, with the old one.
    RESET = "reset"  # With a link from the mailbox, and a second step where there is one.
    RECOVERY = "recovery"  # With the help of the staff, without a second step.


#: How long a mailed link opens a reset.
RESET_VALID = dt.timedelta(minutes=30)
#: How many second steps may be tried with one link.
RESET_TRIES = 5


class RecoveryState(StrEnum):
    """How a request to get in without a second step stands."""

    WAITING = "waiting"  # For two of the staff, and for the delay in which the owner can cancel.
    READY = "ready"  # The link was sent.
    USED = "used"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    EXPIRED = "expired"


class RecoveryStep(StrEnum):
    """What can happen to such a request."""

    APPROVE = "approve"
    RELEASE = "release"
    USE = "use"
    CANCEL = "cancel"
    REFUSE = "refuse"
    EXPIRE = "expire"


_RECOVERY: dict[tuple[RecoveryState, RecoveryStep], RecoveryState] = {
    (RecoveryState.WAITING, RecoveryStep.APPROVE): RecoveryState.WAITING,
    (RecoveryState.WAITING, RecoveryStep.RELEASE): RecoveryState.READY,
    (RecoveryState.READY, RecoveryStep.USE): RecoveryState.USED,
} | {
    (state, step): after
    for state in (RecoveryState.WAITING, RecoveryState.READY)
    for step, after in (
        (RecoveryStep.CANCEL, RecoveryState.CANCELLED),
        (RecoveryStep.REFUSE, RecoveryState.REFUSED),
        (RecoveryStep.EXPIRE, RecoveryState.EXPIRED),
    )
}

#: How long the owner can cancel before anything happens.
RECOVERY_DELAY = dt.timedelta(hours=72)
#: How long the whole takes at most.
RECOVERY_VALID = dt.timedelta(days=14)
#: How many different people of the staff must agree.
RECOVERY_APPROVALS = 2


def recovery_after(state: RecoveryState, step: RecoveryStep) -> RecoveryState | None:
    """How the request stands after the step; None when it cannot be taken any more."""
    return _RECOVERY.get((state, step))


def may_release(approver_ids: Collection[object], asked_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether the link may be sent: enough different people agreed, and the delay is over, but not all."""
    is_time = asked_at + RECOVERY_DELAY <= now < asked_at + RECOVERY_VALID
    return is_time and len(set(approver_ids)) >= RECOVERY_APPROVALS
