"""How what was measured is judged: the thresholds, and when somebody is told."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """How a check stands, the best first."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(State).index(self)


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which value on a measure is a warning, and from which it is critical."""

    warning: float
    critical: float

    def judge(self, value: float) -> State:
        if value >= self.critical:
            return State.CRITICAL
        return State.WARNING if value >= self.warning else State.OK


MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

#: Ages in seconds.
REPLICA_LAG: Final = Threshold(30, 5 * MINUTE)
OUTBOX_AGE: Final = Threshold(2 * MINUTE, 10 * MINUTE)
JOB_LATE: Final = Threshold(5 * MINUTE, 30 * MINUTE)
UNSEALED_AGE: Final = Threshold(MINUTE, 10 * MINUTE)
#: How long somebody waits for the staff.
QUEUE_AGE: Final = Threshold(DAY, 3 * DAY)
BACKUP_AGE: Final = Threshold(36 * HOUR, 7 * DAY)
VERIFICATION_AGE: Final = Threshold(8 * DAY, 60 * DAY)
#: How full the disk is, as parts of one, and below how many free bytes that is too full in any case.
DISK_USED: Final = Threshold(0.90, 0.97)
DISK_LEAST_BYTES: Final = 1024**3
#: Days left.
CERTIFICATE_WARNING_DAYS: Final = 14
CERTIFICATE_CRITICAL_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Check:
    """What was found by one look at one thing. `detail` says what is wrong, or what is well."""

    name: str
    state: State
    detail: str

    @property
    def title(self) -> str:
        return TITLES[self.name]


#: Every check with its title. The names are the headings of docs/howto/health.md.
TITLES: Final[dict[str, str]] = {
    "database": "Database",
    "migrations": "Migrations",
    "replica": "Replica",
    "cache": "Cache",
    "outbox": "Event outbox",
    "jobs": "Returning jobs",
    "payments": "Payments",
    "queues": "Queues of the staff",
    "ledger": "Ledger",
    "disk": "Disk",
    "mail": "Mail",
    "backups": "Backups",
    "certificate": "Certificate",
    "webhook": "Alert webhook",
}

#: Without these no request can be answered, so a load balancer must send them elsewhere.
NEEDED_TO_SERVE: Final = ("database", "migrations", "cache")
#: What takes long, or asks other machines: looked at every ten minutes instead of every minute.
SLOW: Final = ("payments", "mail", "certificate")


def worst(*states: State) -> State:
    """The worst of them; OK where there is none."""
    return max(states, key=lambda state: state.rank, default=State.OK)


def judge_disk(free: int, total: int) -> State:
    if free < DISK_LEAST_BYTES:
        return State.CRITICAL
    return DISK_USED.judge(1 - free / total)


def judge_certificate(seconds_left: float) -> State:
    if seconds_left < CERTIFICATE_CRITICAL_DAYS * DAY:
        return State.CRITICAL
    return State.WARNING if seconds_left < CERTIFICATE_WARNING_DAYS * DAY else State.OK


def must_tell(state: State, told: str, *, is_silenced: bool) -> bool:
    """Whether the owners hear of an open alert now: when it is worse than what they were told last."""
    return not is_silenced and state.rank > (State(told).rank if told else State.OK.rank)


#: After so many tries a delivery is given up.
MAX_ATTEMPTS: Final = 10


def pause_ms(attempt: int) -> int:
    """How long after this attempt the next one waits."""
    return min(1000 << attempt, 3_600_000)
