"""Who may answer an offer, until when it binds, and what is taken off a price. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from beyou.core.money import short_money
from beyou.marketplace.rules import LEAST_PRICE, MOST_PERCENT, MOST_PRICE, Terms, percent_of

# An offer

#: For how long an accepted offer binds its seller, and the things are held.
BINDING: Final = dt.timedelta(hours=24)
#: Who goes to the checkout in time may finish it, however close to the end it was.
GRACE: Final = dt.timedelta(minutes=30)
#: Whoever is asked has so long to answer.
ANSWER_WITHIN: Final = dt.timedelta(days=2)
MOST_THINGS: Final = 10
#: How many prices may be named for one offer, the first included.
MOST_PRICES: Final = 8


class State(StrEnum):
    """How an offer stands. Only `LAPSED` follows from the clock, at every read."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    ENDED = "ended"  # By a block, or because a member is gone.
    BOUGHT = "bought"


#: Nothing follows any more; the rest may still be answered or bought.
LIVE: Final = frozenset({State.OPEN, State.ACCEPTED})


class Side(StrEnum):
    BUYER = "buyer"
    SELLER = "seller"

    @property
    def other(self) -> "Side":
        return Side.SELLER if self is Side.BUYER else Side.BUYER


class Step(StrEnum):
    """What one of the two does."""

    ACCEPT = "accept"
    DECLINE = "decline"
    COUNTER = "counter"
    WITHDRAW = "withdraw"


class What(StrEnum):
    """What the history of an offer tells."""

    OFFERED = "offered"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    ENDED = "ended"
    BOUGHT = "bought"


#: step → (the state afterwards, what the history tells)
AFTER: Final[dict[Step, tuple[State, What]]] = {
    Step.ACCEPT: (State.ACCEPTED, What.ACCEPTED),
    Step.DECLINE: (State.DECLINED, What.DECLINED),
    Step.COUNTER: (State.OPEN, What.COUNTERED),
    Step.WITHDRAW: (State.WITHDRAWN, What.WITHDRAWN),
}


def shown(state: State, until: dt.datetime, now: dt.datetime) -> State:
    """The state at this moment. The last moment does not count."""
    return State.LAPSED if state in LIVE and now >= until else state


def steps_of(state: State, turn: Side, side: Side, *, prices: int) -> frozenset[Step]:
    """What this side may do with an offer that is in this state now.

    Whoever is asked answers; whoever asked may take it back. What is accepted binds the seller alone: a
    buyer may let it go.
    """
    if state is State.ACCEPTED:
        return frozenset({Step.WITHDRAW}) if side is Side.BUYER else frozenset()
    if state is not State.OPEN:
        return frozenset()
    if side is not turn:
        return frozenset({Step.WITHDRAW})
    may = {Step.ACCEPT, Step.DECLINE}
    return frozenset(may | {Step.COUNTER} if prices < MOST_PRICES else may)


def price_problem(price_minor: int, *, list_minor: int, terms: Terms, side: Side, currency: str) -> str:
    """Why this price cannot be named for things that cost `list_minor` together; empty when it can."""
    if price_minor >= list_minor:
        return f"They cost {short_money(list_minor, currency)} without an offer. Name less than that."
    least = terms.least_offer(list_minor) if side is Side.BUYER else LEAST_PRICE
    if price_minor < least:
        return f"The least that can be offered here is {short_money(least, currency)}."
    return ""


STATE_WORDS: Final[dict[State, str]] = {
    State.OPEN: "Waits for an answer",
    State.ACCEPTED: "Agreed",
    State.DECLINED: "Declined",
    State.WITHDRAWN: "Withdrawn",
    State.LAPSED: "Over",
    State.ENDED: "Ended",
    State.BOUGHT: "Bought",
}

WHAT_WORDS: Final[dict[What, str]] = {
    What.OFFERED: "offered",
    What.COUNTERED: "asks for",
    What.ACCEPTED: "said yes to",
    What.DECLINED: "said no to",
    What.WITHDRAWN: "took it back",
    What.LAPSED: "The time was up",
    What.ENDED: "It was ended",
    What.BOUGHT: "bought it for",
}

# A voucher

CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 12
MOST_USES: Final = 9_999
MOST_VOUCHERS: Final = 200
#: No voucher begins or ends later, so that no calendar overflows.
LAST_YEAR: Final = 2199


def plain_code(text: str) -> str:
    """What was typed as a code is compared: without spaces and hyphens, in capitals."""
    return "".join(letter for letter in text.upper() if letter.isalnum())[: CODE_LENGTH * 2]


def grouped(code: str) -> str:
    """A code as people read it."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a voucher takes off: an amount, or a share."""

    amount_minor: int = 0
    percent: int = 0
    minimum_minor: int = 0

    def words(self, currency: str) -> str:
        """Such as `10 % off`."""
        what = f"{self.percent} %" if self.percent else short_money(self.amount_minor, currency)
        least = f" from {short_money(self.minimum_minor, currency)}" if self.minimum_minor else ""
        return f"{what} off{least}"


def reduction_problems(reduction: Reduction) -> dict[str, str]:
    """field → what is wrong with it and what to do."""
    found = {}
    if bool(reduction.amount_minor) == bool(reduction.percent):
        found["amount"] = "Say how much it takes off: either an amount or a percentage."
    elif reduction.percent and not 1 <= reduction.percent <= MOST_PERCENT:
        found["percent"] = f"Take between 1 and {MOST_PERCENT} percent off."
    elif not 0 <= reduction.amount_minor <= MOST_PRICE:
        found["amount"] = "This amount is too large."
    if not 0 <= reduction.minimum_minor <= MOST_PRICE:
        found["minimum"] = "This minimum is too large."
    return found


# What is taken off


class Kind(StrEnum):
    """Why something is taken off."""

    OFFER = "offer"
    BUNDLE = "bundle"
    VOUCHER = "voucher"


@dataclass(frozen=True, slots=True)
class Thing:
    """So many units of one thing at its price."""

    variant_id: UUID
    unit_minor: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Agreed:
    """An accepted offer: one unit of each of these things, together at this price."""

    id: UUID
    price_minor: int
    variant_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Coupon:
    """A voucher whose code the buyer has entered."""

    id: UUID
    words: str
    reduction: Reduction


@dataclass(frozen=True, slots=True)
class Discount:
    """What is taken off the things of one seller, and why. `reference` names the offer or the voucher."""

    kind: Kind
    reference: UUID | None
    words: str
    amount_minor: int


def applying(things: Sequence[Thing], agreed: Sequence[Agreed]) -> list[Agreed]:
    """Those of the agreements of which all things are there, the oldest first; no unit counts for two."""
    left = {thing.variant_id: thing.quantity for thing in things}
    found = []
    for each in agreed:
        if all(left.get(variant_id, 0) > 0 for variant_id in each.variant_ids):
            found.append(each)
            for variant_id in each.variant_ids:
                left[variant_id] -= 1
    return found


def discounts_of(
    things: Sequence[Thing], agreed: Sequence[Agreed], terms: Terms, coupon: Coupon | None
) -> list[Discount]:
    """What is taken off the things of one seller, in this order:

    an agreed price counts for its things, and nothing else lowers them further; the bundle discount is a
    share of all the others, if they are enough; the voucher comes off what is left of those. A share is
    rounded down to a whole minor unit, so that a fraction is the seller's, and at least one minor unit of the
    goods is left to pay.
    """
    prices = {thing.variant_id: thing.unit_minor for thing in things}
    rest, count = sum(each.unit_minor * each.quantity for each in things), sum(t.quantity for t in things)
    found = []
    for each in applying(things, agreed):
        list_minor = sum(prices[variant_id] for variant_id in each.variant_ids)
        rest, count = rest - list_minor, count - len(each.variant_ids)
        found.append(Discount(Kind.OFFER, each.id, "Agreed price", max(0, list_minor - each.price_minor)))
    if terms.has_bundles and count >= terms.bundle_from:
        amount = percent_of(rest, terms.bundle_percent)
        found.append(
            Discount(Kind.BUNDLE, None, f"{count} things together, {terms.bundle_percent} %", amount)
        )
        rest -= amount
    if coupon is not None:
        amount = taken_off(rest, coupon.reduction)
        found.append(Discount(Kind.VOUCHER, coupon.id, coupon.words, amount))
    # An agreement at the price of now takes nothing off, and still says under what the thing is held.
    return [each for each in found if each.amount_minor or each.kind is Kind.OFFER]


def taken_off(rest_minor: int, reduction: Reduction) -> int:
    """How much a voucher takes off things that cost so much; 0 below its minimum."""
    if rest_minor < max(1, reduction.minimum_minor):
        return 0
    wanted = percent_of(rest_minor, reduction.percent) if reduction.percent else reduction.amount_minor
    return min(wanted, rest_minor - 1)


def voucher_problem(
    *, is_ended: bool, begins_at: dt.datetime, ends_at: dt.datetime | None, left: int, now: dt.datetime
) -> str:
    """Why nobody can use a voucher at this moment; empty when it can be used."""
    if is_ended or (ends_at is not None and now >= ends_at):
        return "This voucher is over."
    if now < begins_at:
        return f"This voucher counts from {begins_at:%d %B %Y} on."
    return "" if left > 0 else "This voucher is used up."
