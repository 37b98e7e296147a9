"""The test cards of the pretend bank, and how a charge goes on. Pure: no Django, clock or chance."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beyou.payments.rules import Progress


class Card(StrEnum):
    """A card that exists only here. Nobody types a number, so that no real one can end up here."""

    SUCCESS = "success"
    DECLINED = "declined"
    INSUFFICIENT = "insufficient"
    CONFIRM = "confirm"
    SLOW = "slow"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Face:
    """What a card shows: its last digits, what it does in a word, and in a sentence."""

    digits: str
    title: str
    text: str


FACES: Final[dict[Card, Face]] = {
    Card.SUCCESS: Face("4242", "Works", "The payment succeeds at once."),
    Card.CONFIRM: Face("3155", "Asks you to confirm", "The bank wants to know that it is you (3-D Secure)."),
    Card.SLOW: Face("0077", "Takes its time", "The payment succeeds after ten seconds."),
    Card.LATE: Face("0341", "Works, news comes late", "Paid at once; the notice arrives a minute later."),
    Card.DECLINED: Face("0002", "Is declined", "The bank refuses without a reason."),
    Card.INSUFFICIENT: Face("9995", "Has too little money", "The bank refuses: insufficient funds."),
}

#: How long the slow card takes, and how late a late notice is.
SLOW_FOR: Final = dt.timedelta(seconds=10)
LATE_BY: Final = dt.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bank makes of a card: how far the charge is, why not, and what takes how long."""

    progress: Progress
    failure: str = ""
    needs_confirmation: bool = False
    takes: dt.timedelta = dt.timedelta()
    notice_after: dt.timedelta = dt.timedelta()


_ANSWERS: Final[dict[Card, Answer]] = {
    Card.SUCCESS: Answer(Progress.PAID),
    Card.DECLINED: Answer(Progress.FAILED, "card_declined"),
    Card.INSUFFICIENT: Answer(Progress.FAILED, "insufficient_funds"),
    Card.CONFIRM: Answer(Progress.OPEN, needs_confirmation=True),
    Card.SLOW: Answer(Progress.PROCESSING, takes=SLOW_FOR, notice_after=SLOW_FOR),
    Card.LATE: Answer(Progress.PAID, notice_after=LATE_BY),
}


def answer_to(card: Card) -> Answer:
    """What the bank does when somebody pays with the card."""
    return _ANSWERS[card]


def stands(progress: Progress, settles_at: dt.datetime | None, now: dt.datetime) -> Progress:
    """How a charge stands at this moment: what takes its time is judged by the time, not by a job."""
    if progress is Progress.PROCESSING and settles_at is not None and settles_at <= now:
        return Progress.PAID
    return progress


#: A notice is signed for a moment; this far from it nobody may believe it.
TOLERANCE: Final = dt.timedelta(seconds=300)
