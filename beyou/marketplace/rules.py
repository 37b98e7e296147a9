"""What may be offered and how an offer changes, in numbers and states. Pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from beyou.core.money import short_money

#: The bounds of a price and of a delivery, in minor units.
LEAST_PRICE: Final = 1
MOST_PRICE: Final = 100_000_000
MOST_STOCK: Final = 9_999
MOST_IMAGES: Final = 8
MOST_VARIANTS: Final = 20
TITLE_LENGTH: Final = 80
DESCRIPTION_LENGTH: Final = 4_000
ALT_LENGTH: Final = 200
REGION_LENGTH: Final = 60
OPTION_LENGTH: Final = 40
LONGEST_DELIVERY_DAYS: Final = 60
CATEGORY_LENGTH: Final = 40
#: Of why staff took an item off.
REASON_LENGTH: Final = 300
SEARCH_NAME_LENGTH: Final = 60
SEARCH_KEY_LENGTH: Final = 80
MOST_SEARCHES: Final = 50


#: What the index of words calls items.
SEARCH_KIND: Final = "item"


class Condition(StrEnum):
    """How worn an item is."""

    NEW = "new"
    LIKE_NEW = "like_new"
    GOOD = "good"
    FAIR = "fair"
    FOR_PARTS = "for_parts"


CONDITIONS: Final[dict[Condition, str]] = {
    Condition.NEW: "New",
    Condition.LIKE_NEW: "Like new",
    Condition.GOOD: "Good",
    Condition.FAIR: "Well used",
    Condition.FOR_PARTS: "For parts or repair",
}


class Delivery(StrEnum):
    """How an item gets to its buyer."""

    PICKUP = "pickup"
    LETTER = "letter"
    PARCEL = "parcel"
    COURIER = "courier"


DELIVERIES: Final[dict[Delivery, str]] = {
    Delivery.PICKUP: "Pick up in person",
    Delivery.LETTER: "Letter",
    Delivery.PARCEL: "Tracked parcel",
    Delivery.COURIER: "Courier",
}


class State(StrEnum):
    """What an item is to everybody. Only `RESERVED` is never stored: it is `AVAILABLE` with every unit held,
    and a hold ends by the clock alone.
    """

    DRAFT = "draft"
    AVAILABLE = "available"
    RESERVED = "reserved"
    SOLD = "sold"
    INACTIVE_SELLER = "inactive_seller"
    INACTIVE_STAFF = "inactive_staff"


class Step(StrEnum):
    """What happens to an item."""

    PUBLISH = "publish"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    RELIST = "relist"
    SELL_OUT = "sell_out"
    RETURN = "return"
    SUSPEND = "suspend"
    RESTORE = "restore"


class Actor(StrEnum):
    """Who may take a step."""

    SELLER = "seller"
    ORDER = "order"
    STAFF = "staff"


#: (state, step) → (who may take it, the state afterwards). What is not here cannot be done.
TRANSITIONS: Final[Mapping[tuple[State, Step], tuple[Actor, State]]] = {
    (State.DRAFT, Step.PUBLISH): (Actor.SELLER, State.AVAILABLE),
    (State.AVAILABLE, Step.PAUSE): (Actor.SELLER, State.INACTIVE_SELLER),
    (State.INACTIVE_SELLER, Step.RESUME): (Actor.SELLER, State.AVAILABLE),
    (State.AVAILABLE, Step.END): (Actor.SELLER, State.DRAFT),
    (State.INACTIVE_SELLER, Step.END): (Actor.SELLER, State.DRAFT),
    (State.SOLD, Step.RELIST): (Actor.SELLER, State.DRAFT),
    (State.AVAILABLE, Step.SELL_OUT): (Actor.ORDER, State.SOLD),
    (State.INACTIVE_SELLER, Step.SELL_OUT): (Actor.ORDER, State.SOLD),
    (State.INACTIVE_STAFF, Step.SELL_OUT): (Actor.ORDER, State.SOLD),
    (State.SOLD, Step.RETURN): (Actor.ORDER, State.INACTIVE_SELLER),
    (State.AVAILABLE, Step.SUSPEND): (Actor.STAFF, State.INACTIVE_STAFF),
    (State.INACTIVE_SELLER, Step.SUSPEND): (Actor.STAFF, State.INACTIVE_STAFF),
    (State.INACTIVE_STAFF, Step.RESTORE): (Actor.STAFF, State.INACTIVE_SELLER),
}

#: What others than the seller may look at, and what they may buy.
SEEN: Final = frozenset({State.AVAILABLE, State.RESERVED, State.SOLD})
LISTED: Final = frozenset({State.AVAILABLE, State.RESERVED})
#: What the seller may change the words and the price of.
EDITABLE: Final = frozenset({State.DRAFT, State.AVAILABLE, State.INACTIVE_SELLER})


def after(state: State, step: Step, actor: Actor) -> State | None:
    """The state after the step, or None when this actor cannot take it from there."""
    who, then = TRANSITIONS.get((state, step), (None, None))
    return then if who is actor else None


def shown(state: State, *, stock: int, held: int) -> State:
    """The state as everybody sees it, with so many units unsold and so many of them held at this moment."""
    return State.RESERVED if state is State.AVAILABLE and 0 < stock <= held else state


def returned(*, is_suspended: bool) -> State:
    """Where a sold item goes when its sale is called off: what staff took off stays off."""
    return State.INACTIVE_STAFF if is_suspended else State.INACTIVE_SELLER


def is_category_name(name: str) -> bool:
    """Whether a category may be called so."""
    return 0 < len(name) <= CATEGORY_LENGTH and not any(
        unicodedata.category(sign) in ("Cc", "Cf", "Cs") for sign in name
    )


def is_price(minor: int) -> bool:
    """Whether an item may cost so much."""
    return LEAST_PRICE <= minor <= MOST_PRICE


def fee_of(amount_minor: int, basis_points: int) -> int:
    """What the instance keeps of an amount; fractions of a minor unit are the seller's."""
    return amount_minor * basis_points // 10_000


#: What a seller may take off at most, so that something is always left to pay.
MOST_PERCENT: Final = 90
MOST_IN_BUNDLE: Final = 20


def percent_of(amount_minor: int, percent: int) -> int:
    """So many hundredths of an amount; a fraction of a minor unit is dropped."""
    return amount_minor * percent // 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What a seller offers besides prices: to hear lower offers, and less for several things together."""

    takes_offers: bool = True
    #: An offer is at least this share of the price.
    least_percent: int = 60
    #: From how many things on; 0 is never.
    bundle_from: int = 0
    bundle_percent: int = 0

    @property
    def has_bundles(self) -> bool:
        return self.bundle_from > 0

    def least_offer(self, price_minor: int) -> int:
        """The least that can be offered for what costs so much."""
        return max(LEAST_PRICE, -(-price_minor * self.least_percent // 100))


def terms_problems(terms: Terms) -> dict[str, str]:
    """field → what is wrong with it and what to do."""
    found = {}
    if not 1 <= terms.least_percent <= 100:
        found["least_percent"] = "An offer is between 1 and 100 percent of your price."
    if terms.bundle_from and not 2 <= terms.bundle_from <= MOST_IN_BUNDLE:
        found["bundle_from"] = f"A bundle begins with 2 to {MOST_IN_BUNDLE} things."
    if terms.bundle_from and not 1 <= terms.bundle_percent <= MOST_PERCENT:
        found["bundle_percent"] = f"Take between 1 and {MOST_PERCENT} percent off."
    return found


@dataclass(frozen=True, slots=True)
class Piece:
    """One variant as its seller wants it. `id` names one that exists; without a name it is the only one."""

    name: str
    stock: int
    price_minor: int | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """Everything that a seller says of an item, typed. A draft may lack most of it."""

    title: str = ""
    description: str = ""
    condition: str = ""
    category: str = ""
    price_minor: int | None = None
    region: str = ""
    pieces: tuple[Piece, ...] = (Piece("", 1),)
    #: Ways to the buyer: kind → (minor units, days).
    deliveries: tuple[tuple[Delivery, int, int], ...] = ()


def problems(details: Details, *, categories: frozenset[str], currency: str) -> dict[str, str]:
    """field → what is wrong with it and what to do. What is missing is no problem of a draft: `missing`."""
    found: dict[str, str] = {}
    for field, text, most in (
        ("title", details.title, TITLE_LENGTH),
        ("description", details.description, DESCRIPTION_LENGTH),
        ("region", details.region, REGION_LENGTH),
    ):
        if len(text) > most:
            found[field] = f"Please use at most {most:,} characters; these are {len(text):,}."
        elif not is_plain(text):
            found[field] = "This holds characters that cannot be shown. Please type it again."
    if details.category and details.category not in categories:
        found["category"] = "Choose one of the categories in the list."
    if details.condition and details.condition not in set(Condition):
        found["condition"] = "Choose one of the conditions in the list."
    if details.price_minor is not None and not is_price(details.price_minor):
        found["price"] = price_problem(currency)
    return found | _problems_of_pieces(details.pieces, currency) | _problems_of_ways(details, currency)


def price_problem(currency: str) -> str:
    """What to do about a price out of bounds."""
    least, most = short_money(LEAST_PRICE, currency), short_money(MOST_PRICE, currency)
    return f"A price lies between {least} and {most}."


def _problems_of_pieces(pieces: tuple[Piece, ...], currency: str) -> dict[str, str]:
    names = [piece.name.casefold() for piece in pieces]
    if not pieces or len(pieces) > MOST_VARIANTS:
        return {"choices": f"An item has between 1 and {MOST_VARIANTS} choices."}
    if len(set(names)) < len(names):
        return {"choices": "Two choices have the same name. Give each its own."}
    if len(pieces) > 1 and "" in names:
        return {"choices": "Give every choice a name, such as a size."}
    for piece in pieces:
        if len(piece.name) > OPTION_LENGTH or not is_plain(piece.name):
            return {"choices": f"Please use at most {OPTION_LENGTH} plain characters for a choice."}
        if not 0 <= piece.stock <= MOST_STOCK:
            return {"stock": f"Say how many there are: a whole number from 1 to {MOST_STOCK:,}."}
        if piece.price_minor is not None and not is_price(piece.price_minor):
            return {"choices": price_problem(currency)}
    return {}


def _problems_of_ways(details: Details, currency: str) -> dict[str, str]:
    kinds = [kind for kind, _, _ in details.deliveries]
    if len(set(kinds)) < len(kinds):
        return {"delivery": "Each way to the buyer can be offered once."}
    for _, cost, days in details.deliveries:
        if not 0 <= cost <= MOST_PRICE:
            return {"delivery": f"Delivery costs between {short_money(0, currency)} and "
                    f"{short_money(MOST_PRICE, currency)}."}  # fmt: skip
        if not 0 <= days <= LONGEST_DELIVERY_DAYS:
            return {"delivery": f"Delivery takes at most {LONGEST_DELIVERY_DAYS} days."}
    return {}


def is_plain(text: str) -> bool:
    """Whether it holds nothing that cannot be shown."""
    return not any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\r\t" for sign in text)


def missing(details: Details, *, images: int) -> list[str]:
    """What a draft still needs before it can be published, in the words of the page."""
    wanted = {
        "a photo": images > 0,
        "a title": bool(details.title),
        "a description": bool(details.description),
        "a category": bool(details.category),
        "its condition": bool(details.condition),
        "a price": details.price_minor is not None,
        "at least one in stock": any(piece.stock for piece in details.pieces),
        "a way to get to its buyer": bool(details.deliveries),
        "the region where it is": bool(details.region),
    }
    return [words for words, is_there in wanted.items() if not is_there]


def least_price(details: Details) -> int | None:
    """What the cheapest choice costs."""
    if details.price_minor is None:
        return None
    return min(piece.price_minor or details.price_minor for piece in details.pieces)
