"""What a member reads about sessions and about what happened to the account, in plain sentences."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from beyou.audit.queries import records_about
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.users.models import LoginActivity, LoginOutcome, MemberSession, SecurityEvent
from beyou.users.rules import SecurityKind
from beyou.users.session_store import limits_of_sessions

PAGE: Final = 30
SHOWN_SESSIONS: Final = 100
#: Members learn of a look at their data only now, so that an investigation can end first.
LOOKS_AFTER: Final = dt.timedelta(days=30)

_METHODS: Final = {
    "password": " with the password",
    "totp": " with the password and a code",
    "recovery_code": " with the password and a recovery code",
    "recovery_codes": " with the password and a recovery code",
    "passkey": " with a passkey",
    "webauthn": " with a passkey",
    "provider": " through another service",
    "mailed_code": " with a mailed code",
}
_ATTEMPTS: Final[dict[str, tuple[str, str]]] = {
    "success": ("log-in", "Signed in"),
    "bad_credentials": ("circle-x", "Somebody tried a wrong password."),
    "bad_code": ("shield-alert", "The password was right, but the second step was wrong."),
    "awaiting_factor": ("shield-alert", "The password was right, but nobody gave the second step."),
    "passkey_failed": ("circle-x", "Somebody showed a passkey that did not fit."),
    "limited": ("circle-x", "An attempt to sign in was refused: there had been too many."),
    "unconfirmed": ("mail", "The password was right, but the address was not confirmed yet."),
    "decoy": ("shield-alert", "Somebody signed in to the account looked for the pages of the staff."),
    "inactive": ("ban", "An attempt to sign in while the account was closed."),
    "banned": ("ban", "An attempt to sign in while the account was closed."),
    "address_blocked": ("ban", "An attempt to sign in from a network that the staff have blocked."),
}
_EVENTS: Final[dict[SecurityKind, tuple[str, str]]] = {
    SecurityKind.SESSION_ENDED: ("log-out", "You ended a session"),
    SecurityKind.SESSIONS_ENDED: ("log-out", "You ended all other sessions"),
    SecurityKind.NEW_DEVICE: ("monitor", "The account was opened on a new device"),
    SecurityKind.NOT_ME: ("shield-alert", "You said that somebody else was in your account"),
    SecurityKind.FACTOR_ADDED: ("shield-check", "A second step was added"),
    SecurityKind.FACTOR_REMOVED: ("shield-alert", "A second step was removed"),
    SecurityKind.RECOVERY_CODES_MADE: ("shield-check", "New recovery codes were made"),
    SecurityKind.RECOVERY_CODE_USED: ("shield-alert", "A recovery code was used"),
    SecurityKind.PASSWORD_CHANGED: ("key-round", "The password was changed"),
    SecurityKind.PASSWORD_RESET_ASKED: ("mail", "Somebody asked for a mail to reset the password"),
    SecurityKind.EMAIL_CHANGE_ASKED: ("mail", "A change of the e-mail address was asked for"),
    SecurityKind.EMAIL_CHANGED: ("mail", "The e-mail address was changed"),
    SecurityKind.PHONE_CHANGED: ("info", "The phone number was changed"),
    SecurityKind.TOKEN_MADE: ("link-2", "An access token was made"),
    SecurityKind.TOKEN_REVOKED: ("link-2", "An access token was revoked"),
    SecurityKind.TOKENS_ENDED: ("link-2", "Access tokens were revoked for good"),
    SecurityKind.PROVIDER_LINKED: ("link-2", "Another way to sign in was added"),
    SecurityKind.PROVIDER_UNLINKED: ("link-2", "Another way to sign in was removed"),
    SecurityKind.RECOVERY_ASKED: ("shield-alert", "Somebody asked the staff to recover the account"),
    SecurityKind.RECOVERY_CANCELLED: ("shield-check", "The recovery by the staff was stopped"),
    SecurityKind.RECOVERY_DONE: ("shield-alert", "The account was recovered with the help of the staff"),
    SecurityKind.EXPORT_ASKED: ("download", "A copy of all data was asked for"),
    SecurityKind.DELETION_ASKED: ("circle-x", "The deletion of the account was asked for"),
    SecurityKind.DELETION_CANCELLED: ("circle-check", "The deletion of the account was stopped"),
    SecurityKind.KEYS_CHANGED: ("key-round", "The keys of the account changed"),
    SecurityKind.ALERT: ("shield-alert", "We warned you by mail"),
}
_FINE: Final = frozenset({"success", "unconfirmed"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `place` is what is known of where it came from."""

    id: UUID
    kind: str
    icon: str
    text: str
    place: str
    at: dt.datetime
    is_alarming: bool
    can_be_denied: bool


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries, the newest first; `next` continues behind the last one."""

    items: list[Entry]
    next: UUID | None

    @property
    def next_key(self) -> str:
        return str(self.next) if self.next else ""


def open_sessions(member_id: UUID) -> list[MemberSession]:
    """The sessions that are alive now, the one used last first. One statement."""
    now, limits = clock.now(), limits_of_sessions()
    rows = MemberSession.objects.filter(
        member_id=member_id,
        ended_at=None,
        seen_at__gt=now - limits.idle,
        created_at__gt=now - limits.absolute,
    )
    return list(rows.defer("data").order_by("-seen_at", "-id")[:SHOWN_SESSIONS])


def log_page(member_id: UUID, *, before: UUID | None = None, limit: int = PAGE) -> LogPage:
    """Three statements, whatever the number of entries."""
    entries: list[Entry] = []
    for rows, entry_of in (
        (LoginActivity.objects.filter(member_id=member_id), _attempt),
        (SecurityEvent.objects.filter(member_id=member_id), _event),
        (_looks(member_id), _look),
    ):
        entries += [entry_of(row) for row in _part(rows, before, limit)]
    entries.sort(key=lambda entry: entry.id, reverse=True)
    return LogPage(entries[:limit], entries[limit - 1].id if len(entries) > limit else None)


def log_entry(member_id: UUID, entry_id: UUID) -> Entry:
    """The entry, which is one that can be denied. Raises `NotFound` for everything else."""
    for model, entry_of in ((LoginActivity, _attempt), (SecurityEvent, _event)):
        row: Any = model._default_manager.filter(member_id=member_id, id=entry_id).first()
        if row is not None and (entry := entry_of(row)).can_be_denied:
            return entry
    raise NotFound


def _part(rows: "QuerySet[Any]", before: UUID | None, limit: int) -> Iterable[Any]:
    if before is not None:
        rows = rows.filter(id__lt=before)
    return rows.order_by("-id")[: limit + 1]


def _looks(member_id: UUID) -> "QuerySet[Any]":
    return records_about(member_id).filter(act__endswith="_viewed", created_at__lt=clock.now() - LOOKS_AFTER)


def _attempt(row: LoginActivity) -> Entry:
    icon, text = _ATTEMPTS.get(row.outcome, ("circle-x", "An attempt to sign in failed."))
    if row.outcome == LoginOutcome.SUCCESS:
        known = "" if row.is_known_device else ", on a new device"
        text += _METHODS.get(getattr(row, "method", ""), "") + known + "."
    is_alarming = row.outcome not in _FINE or (
        row.outcome == LoginOutcome.SUCCESS and not row.is_known_device
    )
    return Entry(
        row.id, f"sign_in.{row.outcome}", icon, text, place_of(row), row.created_at, is_alarming, True
    )


def _event(row: SecurityEvent) -> Entry:
    kind = SecurityKind(row.kind)
    icon, text = _EVENTS[kind]
    said = f"{text}: {row.subject}" if row.subject else f"{text}."
    deniable = kind not in (SecurityKind.NOT_ME, SecurityKind.ALERT)
    return Entry(
        row.id, row.kind, icon, said, place_of(row), row.created_at, icon == "shield-alert", deniable
    )


def _look(row: Any) -> Entry:
    what = row.act.removesuffix("_viewed").replace(".", " ").replace("_", " ")
    text = f"One of the staff looked at private data of yours ({what})."
    return Entry(row.id, "staff_look", "eye", text, "", row.created_at, False, False)


def place_of(row: Any) -> str:
    """Such as "Firefox on Windows, 192.0.2.7, DE"; empty when nothing is known."""
    return ", ".join(str(part) for part in (row.device, row.address, row.country) if part)
