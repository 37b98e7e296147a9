"""The sign-in log as the staff read it: every attempt of everybody, and what they have in common."""

import datetime as dt
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from beyou.core.errors import InvalidInput
from beyou.users.models import LoginActivity, LoginOutcome, SignInMethod, User
from beyou.users.queries import members_by_id

PAGE: Final = 50
MOST_FAILED: Final = 5
#: What the log calls an outcome.
OUTCOMES: Final = {
    LoginOutcome.SUCCESS: "Signed in",
    LoginOutcome.BAD_CREDENTIALS: "Wrong password",
    LoginOutcome.UNKNOWN: "Nobody of that name",
    LoginOutcome.LIMITED: "Too many attempts",
    LoginOutcome.INACTIVE: "Closed account",
    LoginOutcome.BANNED: "Suspended",
    LoginOutcome.UNCONFIRMED: "Address not confirmed",
    LoginOutcome.DECOY: "Looked for the admin",
    LoginOutcome.AWAITING_FACTOR: "Password right, no second step",
    LoginOutcome.BAD_CODE: "Wrong code",
    LoginOutcome.PASSKEY_FAILED: "Passkey failed",
}
METHODS: Final = {
    SignInMethod.PASSWORD: "Password",
    SignInMethod.TOTP: "Code of an app",
    SignInMethod.RECOVERY_CODE: "Recovery code",
    SignInMethod.PASSKEY: "Passkey",
    SignInMethod.PROVIDER: "Identity provider",
    SignInMethod.MAILED_CODE: "Mailed code",
    SignInMethod.TOKEN: "Access token",
}
#: Neither a success nor somebody's failure to sign in.
_NO_TRY: Final = (LoginOutcome.DECOY, LoginOutcome.AWAITING_FACTOR)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the log is narrowed to; empty fields narrow nothing."""

    since: dt.datetime
    member_id: UUID | None = None
    place: str = ""
    outcome: str = ""
    method: str = ""
    path: str = ""


def place_of(text: str) -> str:
    """The beginning of all addresses that an address or a range such as 203.0.113.0/24 means, as they are
    stored; empty for everything. Raises `InvalidInput`.

    Ranges end at a full stop or a colon, since the three databases store addresses in different ways and
    have in common only that they can be compared as text.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InvalidInput("Type an address, or a range such as 203.0.113.0/24 or 2001:db8::/32.") from None
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    width = 8 if network.version == 4 else 16
    if not network.prefixlen or network.prefixlen % width:
        raise InvalidInput(
            "Ranges end where a part of an address ends: /8, /16 or /24, or /16, /32, /48, /64."
        )
    parts = network.network_address.exploded.split("." if network.version == 4 else ":")
    kept = parts[: network.prefixlen // width]
    if network.version == 4:
        return ".".join(kept) + "."
    if any(int(part, 16) == 0 for part in kept):
        raise InvalidInput("A range whose parts are zero can be written in many ways. Type a shorter one.")
    return ":".join(f"{int(part, 16):x}" for part in kept) + ":"


def attempts(wanted: Wanted) -> QuerySet[LoginActivity]:
    """Attempts that fit, the newest first."""
    rows = LoginActivity.objects.filter(created_at__gte=wanted.since)
    if wanted.member_id is not None:
        rows = rows.filter(member_id=wanted.member_id)
    if wanted.place:
        is_range = wanted.place[-1] in ".:"
        rows = rows.filter(**{"address__startswith" if is_range else "address": wanted.place})
    for field in ("outcome", "method"):
        if value := getattr(wanted, field):
            rows = rows.filter(**{field: value})
    if wanted.path:
        rows = rows.filter(path__startswith=wanted.path)
    return rows.order_by("-id")


@dataclass(frozen=True, slots=True)
class Line:
    """One attempt in words."""

    row: LoginActivity
    member: User | None

    @property
    def outcome(self) -> str:
        return OUTCOMES[LoginOutcome(self.row.outcome)]

    @property
    def method(self) -> str:
        return METHODS[SignInMethod(self.row.method)] if self.row.method else ""

    @property
    def is_success(self) -> bool:
        return self.row.outcome == LoginOutcome.SUCCESS


@dataclass(frozen=True, slots=True)
class LogPage:
    """Attempts, and the cursor of those that follow."""

    lines: list[Line]
    next: UUID | None


def log_page(wanted: Wanted, *, before: UUID | None = None) -> LogPage:
    """Two statements."""
    rows = attempts(wanted)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    return LogPage(_lines(found[:PAGE]), found[PAGE - 1].pk if len(found) > PAGE else None)


def _lines(rows: list[LoginActivity]) -> list[Line]:
    people = members_by_id(row.member_id for row in rows if row.member_id)
    return [Line(row, people.get(row.member_id) if row.member_id else None) for row in rows]


def all_lines(wanted: Wanted, *, at_once: int = 500) -> Iterator[Line]:
    """Everything that fits, for a file; read in parts, so that it never stands in memory whole."""
    last: UUID | None = None
    while True:
        rows = attempts(wanted)
        part = list((rows.filter(id__lt=last) if last else rows)[:at_once])
        yield from _lines(part)
        if len(part) < at_once:
            return
        last = part[-1].pk


@dataclass(frozen=True, slots=True)
class Often:
    """Who or where it failed, and how often."""

    member: User | None
    address: str
    times: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What the attempts have in common. Visits of the decoy and attempts that wait for a second step are
    neither successes nor failures.
    """

    attempts: int
    successes: int
    failures: int
    members: int
    addresses: int
    devices: int
    decoys: int
    failed_members: list[Often]
    failed_addresses: list[Often]

    @property
    def percent(self) -> int | None:
        """Successes of those that succeeded or failed, rounded; None without any."""
        tried = self.successes + self.failures
        return round(100 * self.successes / tried) if tried else None


def totals(wanted: Wanted) -> Totals:
    """Four statements."""
    rows = attempts(wanted).order_by()
    failed = ~Q(outcome__in=[LoginOutcome.SUCCESS, *_NO_TRY])
    counted = rows.aggregate(
        attempts=Count("id"),
        successes=Count("id", filter=Q(outcome=LoginOutcome.SUCCESS)),
        failures=Count("id", filter=failed),
        members=Count("member", distinct=True),
        addresses=Count("address", distinct=True),
        devices=Count("device", distinct=True, filter=~Q(device="")),
        decoys=Count("id", filter=Q(outcome=LoginOutcome.DECOY)),
    )
    lost = rows.filter(failed)
    by_member = lost.filter(member__isnull=False).values_list("member").annotate(times=Count("id"))
    worst = list(by_member.order_by("-times", "member")[:MOST_FAILED])
    by_address = lost.filter(address__isnull=False).values_list("address").annotate(times=Count("id"))
    people = members_by_id(key for key, _ in worst)
    return Totals(
        **counted,
        failed_members=[Often(people.get(key), "", times) for key, times in worst],
        failed_addresses=[
            Often(None, address, times)
            for address, times in by_address.order_by("-times", "address")[:MOST_FAILED]
        ],
    )
