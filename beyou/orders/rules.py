"""How orders and their parts move, who moves them, what they add up to. Pure: no Django, clock or chance."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

# A cart

#: Of one thing, and of different things, in one cart.
MOST_OF_ONE: Final = 999
MOST_LINES: Final = 50


def read_quantity(text: str) -> int | None:
    """The number that the text means; None for everything that nobody can buy so much of.

    Only plain digits count: `int` would take "1_000", "+1" and the digits of other scripts.
    """
    plain = text.strip()
    if not plain.isascii() or not plain.isdigit() or len(plain) > len(str(MOST_OF_ONE)):
        return None
    number = int(plain)
    return number if 1 <= number <= MOST_OF_ONE else None


#: After this time without a change a member who wants it is reminded of the cart.
CART_LEFT: Final = dt.timedelta(days=1)
#: Nobody is reminded of what is older; it is no plan any more.
CART_FORGOTTEN: Final = dt.timedelta(days=14)

# What things add up to


def line_total(unit_minor: int, quantity: int) -> int:
    """What so many of one thing cost, in minor units."""
    return unit_minor * quantity


@dataclass(frozen=True, slots=True)
class Sum:
    """What a buyer pays one seller, in minor units."""

    goods_minor: int
    delivery_minor: int
    #: What is taken off the goods: agreed prices, bundles, vouchers.
    discount_minor: int = 0

    @property
    def paid_goods_minor(self) -> int:
        """What the goods cost in fact; the fee is a share of it."""
        return self.goods_minor - self.discount_minor

    @property
    def total_minor(self) -> int:
        return self.paid_goods_minor + self.delivery_minor


def sum_of(lines: Iterable[tuple[int, int]], delivery_minor: int, discounts: Iterable[int] = ()) -> Sum:
    """The sum of lines, each a price and a quantity, and of their delivery, less what is taken off."""
    goods_minor = sum(line_total(unit, quantity) for unit, quantity in lines)
    return Sum(goods_minor, delivery_minor, sum(discounts))


def total_of(sums: Iterable[Sum]) -> int:
    """What the buyer pays altogether: exactly what the sellers' parts are."""
    return sum(each.total_minor for each in sums)


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which everything that one seller sends can come, and what that costs altogether."""

    name: str
    price_minor: int


#: When things have no way in common.
EACH_ITS_OWN: Final = "Each thing in its cheapest way"


def ways(options: Sequence[Mapping[str, int]]) -> list[Way]:
    """The ways of delivery that all the things offer, cheapest first; each thing is paid for once, however
    many of it there are. `options` has, for each thing, the price of each way.
    """
    offered = [each for each in options if each]
    common = set.intersection(*(set(each) for each in offered)) if offered else set()
    found = [Way(name, sum(each[name] for each in offered)) for name in common]
    if offered and not found:
        found = [Way(EACH_ITS_OWN, sum(min(each.values()) for each in offered))]
    return sorted(found, key=lambda way: (way.price_minor, way.name))


def in_one_parcel(options: Sequence[Mapping[str, int]]) -> list[Mapping[str, int]]:
    """Things that come together are one thing to deliver, which costs what the dearest of them does. Where
    they have no way in common, each goes its own.
    """
    offered = [each for each in options if each]
    common = set.intersection(*(set(each) for each in offered)) if offered else set()
    if not common:
        return list(options)
    return [{name: max(each[name] for each in offered) for name in common}]


# How long things wait

#: How long a checkout holds things, once; and for how much longer when the buyer asks for it, once.
HOLD: Final = dt.timedelta(minutes=15)
EXTENSION: Final = dt.timedelta(minutes=15)
#: From here on the page says aloud that the hold ends soon.
LAST_CALL: Final = dt.timedelta(minutes=2)
#: A checkout that nobody paid is over after this time; the cart keeps what was in it.
KEPT_PENDING: Final = dt.timedelta(days=1)
#: Until when a seller should ship; from then on the buyer may step back. Later the money goes back by itself.
SHIP_WITHIN: Final = dt.timedelta(days=5)
GIVE_UP_AFTER: Final = dt.timedelta(days=14)
#: A parcel that nobody complained about counts as delivered after this time.
CONFIRM_WITHIN: Final = dt.timedelta(days=14)


def is_held(held_until: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether the hold still counts. Its last moment does not."""
    return held_until is not None and now < held_until


def extended(held_until: dt.datetime) -> dt.datetime:
    """When the hold ends after its one extension."""
    return held_until + EXTENSION


# An order: one checkout, one payment


class OrderState(StrEnum):
    """How one checkout stands. What happens after the payment happens to its parts, one per seller."""

    PENDING = "pending"  # Waits for the buyer; things may be held.
    PAYING = "paying"  # The buyer was sent to pay.
    PAID = "paid"
    CANCELLED = "cancelled"  # Over before anything was paid.


class State(StrEnum):
    """How the part of one seller stands."""

    PENDING = "pending"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class Actor(StrEnum):
    """Who takes a step."""

    BUYER = "buyer"
    SELLER = "seller"
    STAFF = "staff"
    GATEWAY = "gateway"
    CLOCK = "clock"


class OrderStep(StrEnum):
    """What happens to a checkout."""

    PAY = "pay"
    FAIL = "fail"
    EXPIRE = "expire"
    SETTLE = "settle"
    CANCEL = "cancel"


class Step(StrEnum):
    """What happens to the part of one seller."""

    SETTLE = "settle"
    CANCEL = "cancel"
    SHIP = "ship"
    CORRECT = "correct"
    CONFIRM = "confirm"
    CALL_OFF = "call_off"
    DISPUTE = "dispute"
    REFUND = "refund"
    RELEASE = "release"


_ORDER: Final[dict[tuple[OrderState, OrderStep], tuple[OrderState, frozenset[Actor]]]] = {
    (OrderState.PENDING, OrderStep.PAY): (OrderState.PAYING, frozenset({Actor.BUYER})),
    # The gateway said no, or the buyer came back without having paid: everything is kept, nothing is charged.
    (OrderState.PAYING, OrderStep.FAIL): (OrderState.PENDING, frozenset({Actor.GATEWAY, Actor.BUYER})),
    (OrderState.PAYING, OrderStep.EXPIRE): (OrderState.PENDING, frozenset({Actor.CLOCK})),
    (OrderState.PAYING, OrderStep.SETTLE): (OrderState.PAID, frozenset({Actor.GATEWAY})),
    (OrderState.PENDING, OrderStep.CANCEL): (OrderState.CANCELLED, frozenset({Actor.BUYER, Actor.CLOCK})),
    (OrderState.PAYING, OrderStep.CANCEL): (OrderState.CANCELLED, frozenset({Actor.BUYER})),
}

_PART: Final[dict[tuple[State, Step], tuple[State, frozenset[Actor]]]] = {
    (State.PENDING, Step.SETTLE): (State.PAID, frozenset({Actor.GATEWAY})),
    (State.PENDING, Step.CANCEL): (State.CANCELLED, frozenset({Actor.BUYER, Actor.CLOCK})),
    (State.PAID, Step.SHIP): (State.SHIPPED, frozenset({Actor.SELLER})),
    # A wrong tracking number is put right; the deadline stays what it was.
    (State.SHIPPED, Step.CORRECT): (State.SHIPPED, frozenset({Actor.SELLER})),
    (State.SHIPPED, Step.CONFIRM): (State.DELIVERED, frozenset({Actor.BUYER, Actor.CLOCK})),
    (State.PAID, Step.CALL_OFF): (
        State.REFUNDED,
        frozenset({Actor.SELLER, Actor.BUYER, Actor.CLOCK}),
    ),
    (State.SHIPPED, Step.DISPUTE): (State.DISPUTED, frozenset({Actor.BUYER})),
    # What is wrong with a thing often shows only after it has come.
    (State.DELIVERED, Step.DISPUTE): (State.DISPUTED, frozenset({Actor.BUYER})),
    # The clock stands for a side whose account is gone.
    (State.DISPUTED, Step.REFUND): (State.REFUNDED, frozenset({Actor.SELLER, Actor.STAFF, Actor.CLOCK})),
    (State.DISPUTED, Step.RELEASE): (State.DELIVERED, frozenset({Actor.BUYER, Actor.STAFF, Actor.CLOCK})),
}


def order_after(state: OrderState, step: OrderStep, actor: Actor) -> OrderState | None:
    """The state after the step; None when it does not lead on from there or is not this actor's to take."""
    found = _ORDER.get((state, step))
    return found[0] if found and actor in found[1] else None


def after(state: State, step: Step, actor: Actor) -> State | None:
    """The same for the part of one seller."""
    found = _PART.get((state, step))
    return found[0] if found and actor in found[1] else None


#: Of these a member has at most one; the others are history.
OPEN: Final = frozenset({OrderState.PENDING, OrderState.PAYING})
#: Nothing follows by itself any more.
ENDED: Final = frozenset({State.DELIVERED, State.REFUNDED, State.CANCELLED})


def steps_of(state: State, actor: Actor, *, now: dt.datetime, ship_by: dt.datetime | None) -> frozenset[Step]:
    """What the actor may do with the part at this moment. A buyer steps back only from a late seller."""
    found = {step for (begin, step), (_, actors) in _PART.items() if begin is state and actor in actors}
    if actor is Actor.BUYER and (ship_by is None or now < ship_by):
        found.discard(Step.CALL_OFF)
    return frozenset(found)


def is_given_up(ship_by: dt.datetime, now: dt.datetime) -> bool:
    """Whether the seller was silent for so long that the money goes back by itself."""
    return now >= ship_by - SHIP_WITHIN + GIVE_UP_AFTER


class Progress(StrEnum):
    """An order in one word, as lists show it."""

    PENDING = "pending"
    PAYING = "paying"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


def progress(state: OrderState, parts: Collection[State]) -> Progress:
    """The order in one word: that of its parts about which there is most to do."""
    if state is not OrderState.PAID:
        return Progress(state.value)
    for found in (State.DISPUTED, State.PAID, State.SHIPPED, State.DELIVERED, State.REFUNDED):
        if found in parts:
            return Progress(found.value)
    return Progress.PAID


# Payments


class AttemptState(StrEnum):
    """How one try to pay an order stands. Each try has a reference of its own."""

    STARTED = "started"
    SETTLED = "settled"
    FAILED = "failed"
    DROPPED = "dropped"  # Nobody waits for it any more; a late success is paid back.
    RETURNED = "returned"  # It succeeded too late and was paid back.


def share_reference(attempt_id: UUID, part_id: UUID) -> UUID:
    """How payments know what one try would pay to one seller: always the same for the two."""
    return uuid5(attempt_id, part_id.hex)


class Verdict(StrEnum):
    """What to make of a payment that succeeded."""

    ACCEPT = "accept"
    KNOWN = "known"
    RETURN = "return"


def judge_success(attempt: AttemptState, order: OrderState, *, is_current: bool, is_held: bool) -> Verdict:
    """A success counts once, for the try that the order waits for, while its things are held; whatever else
    was charged goes back.
    """
    if attempt in (AttemptState.SETTLED, AttemptState.RETURNED):
        return Verdict.KNOWN
    fits = attempt is AttemptState.STARTED and order is OrderState.PAYING and is_current and is_held
    return Verdict.ACCEPT if fits else Verdict.RETURN


# Words

PROGRESS_WORDS: Final[Mapping[Progress, str]] = {
    Progress.PENDING: "Not paid",
    Progress.PAYING: "Payment under way",
    Progress.PAID: "Paid, to be shipped",
    Progress.SHIPPED: "On its way",
    Progress.DELIVERED: "Delivered",
    Progress.DISPUTED: "Claim open",
    Progress.REFUNDED: "Refunded",
    Progress.CANCELLED: "Cancelled",
}

#: Why a payment did not work, as gateways say it, in words for the buyer.
FAILURES: Final[Mapping[str, str]] = {
    "card_declined": "The bank declined the card.",
    "insufficient_funds": "There is not enough money on the card.",
    "expired_card": "The card has expired.",
    "confirmation_refused": "The bank could not confirm that it was you.",
    "cancelled": "You came back without paying.",
    "returned": "Your payment came after the time was up, so it is on its way back to you.",
    "expired": "It took longer than the things were held for you.",
}


def failure_words(reason: str) -> str:
    """Words for any reason, those that a gateway invents tomorrow included."""
    return FAILURES.get(reason, "The payment did not work.")


class What(StrEnum):
    """What the timeline of an order tells."""

    HELD = "held"
    EXTENDED = "extended"
    PAYING = "paying"
    FAILED = "failed"
    EXPIRED = "expired"
    PAID = "paid"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    CORRECTED = "corrected"
    DELIVERED = "delivered"
    CALLED_OFF = "called_off"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    SETTLED = "settled"


EVENT_WORDS: Final[Mapping[What, str]] = {
    What.HELD: "Held for the checkout",
    What.EXTENDED: "Held for longer",
    What.PAYING: "Sent to pay",
    What.FAILED: "The payment did not work; nothing was charged",
    What.EXPIRED: "The time to pay ran out",
    What.PAID: "Paid; the money waits until delivery",
    What.RETURNED: "A late payment was sent back",
    What.CANCELLED: "Cancelled before payment",
    What.SHIPPED: "Shipped",
    What.CORRECTED: "Tracking corrected",
    What.DELIVERED: "Delivered; the seller gets the money",
    What.CALLED_OFF: "Called off; the money goes back",
    What.REFUNDED: "The money was sent back",
    What.DISPUTED: "The buyer reported a problem; the money is frozen",
    What.SETTLED: "The claim is settled",
}
