"""What a member looks for, and whether an item is that. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

#: Under this key stand the searches that nothing but the price, the condition or the delivery narrows.
ANY: Final = "*"
#: How much of a region its key says.
_REGION: Final = 2


class Sort(StrEnum):
    """In which order items come."""

    NEWEST = "newest"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


SORTS: Final = {Sort.NEWEST: "Newest", Sort.CHEAPEST: "Lowest price", Sort.DEAREST: "Highest price"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a member looks for. Empty fields want nothing."""

    text: str = ""
    category: str = ""
    low: int | None = None
    high: int | None = None
    conditions: tuple[str, ...] = ()
    delivery: str = ""
    region: str = ""
    sort: Sort = Sort.NEWEST
    friends_first: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the order and the category was chosen."""
        return replace(self, sort=Sort.NEWEST, friends_first=False, category="") != Wanted()


@dataclass(frozen=True, slots=True)
class Offered:
    """What of an item decides whether it is looked for. `categories` are its own and the one above."""

    id: UUID
    seller_id: UUID
    text: str
    categories: frozenset[str]
    price_minor: int
    condition: str
    is_sent: bool
    is_collected: bool
    region: str


def packed(wanted: Wanted) -> dict[str, Any]:
    """The fields that want something, as they are stored."""
    empty = asdict(Wanted())
    found = {name: value for name, value in asdict(wanted).items() if value != empty[name]}
    if wanted.conditions:
        found["conditions"] = sorted(set(wanted.conditions))
    return found


def unpacked(stored: Mapping[str, Any]) -> Wanted:
    """What `packed` stored. What a later version stored and this one does not know wants nothing."""
    known = {name: value for name, value in stored.items() if name in Wanted.__dataclass_fields__}
    if "conditions" in known:
        known["conditions"] = tuple(known["conditions"])
    if "sort" in known:
        known["sort"] = Sort(known["sort"])
    return Wanted(**known)


def fits(wanted: Wanted, offered: Offered) -> bool:
    """Whether the item has all that was chosen; the words are not looked at."""
    price = offered.price_minor
    return (
        (not wanted.category or wanted.category in offered.categories)
        and (wanted.low is None or price >= wanted.low)
        and (wanted.high is None or price <= wanted.high)
        and (not wanted.conditions or offered.condition in wanted.conditions)
        and (wanted.delivery != "sent" or offered.is_sent)
        and (wanted.delivery != "collected" or offered.is_collected)
        and offered.region.casefold().startswith(wanted.region.casefold())
    )


def keys_of(wanted: Wanted, *, words: set[str]) -> set[str]:
    """Under which a search stands: an item that fits has one of them. `words` are the keys of its words."""
    if words:
        return {f"w:{each}" for each in words}
    if wanted.category:
        return {f"c:{wanted.category}"}
    return {f"r:{wanted.region.casefold()[:_REGION]}"} if wanted.region else {ANY}


def keys_of_offer(offered: Offered, *, words: set[str]) -> set[str]:
    """Under which the searches stand that the item may fit."""
    region = offered.region.casefold()
    return (
        {ANY}
        | {f"w:{each}" for each in words}
        | {f"c:{each}" for each in offered.categories}
        | {f"r:{region[:length]}" for length in range(1, _REGION + 1)}
    )
