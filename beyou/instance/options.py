"""What owners decide in numbers and words: its bounds, how it is typed, and how people read it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from beyou.core.money import NotMoney, parse, plain_amount, short_money

Value = int | str


class Section(StrEnum):
    """One page of options, with a version of its own."""

    MARKET = "market"
    LIMITS = "limits"
    RETENTION = "retention"

    @property
    def version_field(self) -> str:
        return f"{self}_version"


class Unit(StrEnum):
    """What an option counts."""

    PERCENT = "percent"  # In hundredths of a percent.
    MONEY = "money"  # In the smallest unit of the currency of the market.
    DAYS = "days"
    COUNT = "count"
    MEGABYTES = "megabytes"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that owners decide within bounds. `name` is a column of the settings. Its default is what the
    environment says in the variable of the same name; where there is no such variable, `default`.
    """

    name: str
    section: Section
    unit: Unit
    label: str
    meaning: str
    low: int = 0
    high: int = 0
    words: tuple[tuple[str, str], ...] = ()
    default: Value = 0

    @property
    def variable(self) -> str:
        return f"BEYOU_{self.name.upper()}"


_DECLARED: Final = (
    Option(
        *("market_commission", Section.MARKET, Unit.PERCENT, "Commission"),
        "What the place keeps of a sale. Orders keep the commission of the moment in which they were made.",
        low=0,
        high=5000,
    ),
    Option(
        *("market_browsing", Section.MARKET, Unit.WORD, "Who may look at the market"),
        "Selling and buying need verified members in any case.",
        words=(("members", "All members"), ("verified", "Verified members")),
    ),
    Option(
        *("claim_days", Section.MARKET, Unit.DAYS, "Days to report a problem"),
        "So long after the delivery a buyer may open a claim. Orders keep what held when they were made.",
        low=1,
        high=180,
    ),
    Option(
        *("claim_answer_days", Section.MARKET, Unit.DAYS, "Days to answer a claim"),
        "So long a seller has to answer a claim, and a buyer an offer, before the staff decide. Whose turn it"
        " is keeps the time that was given.",
        low=1,
        high=30,
    ),
    Option(
        *("claim_four_eyes", Section.MARKET, Unit.MONEY, "Two of the staff decide claims from"),
        "From this amount on two must say the same before money moves; 0 means always. Holds at once, also"
        " for claims that are open.",
        low=0,
        high=10**9,
    ),
    Option(
        *("messages_per_minute", Section.LIMITS, Unit.COUNT, "Messages a minute"),
        "How many messages one member may send in a minute.",
        low=10,
        high=6000,
    ),
    Option(
        *("requests_per_hour", Section.LIMITS, Unit.COUNT, "Friend requests an hour"),
        "How many members one member may ask to be friends in an hour.",
        low=5,
        high=600,
        default=60,
    ),
    Option(
        *("media_quota_mb", Section.LIMITS, Unit.MEGABYTES, "Room for pictures in MB"),
        "How much one member's pictures may take together. Who has more keeps it and adds nothing.",
        low=10,
        high=10_000,
    ),
    Option(
        *("chats_new", Section.LIMITS, Unit.COUNT, "Chats a day of new members"),
        "How many chats one member may begin in a day while the account is not a day old.",
        low=1,
        high=500,
        default=25,
    ),
    Option(
        *("chats_basic", Section.LIMITS, Unit.COUNT, "Chats a day after the first day"),
        "The same until the account is a week old.",
        low=1,
        high=500,
        default=50,
    ),
    Option(
        *("chats_known", Section.LIMITS, Unit.COUNT, "Chats a day after the first week"),
        "The same until the account is a month old, and for new members who are verified.",
        low=1,
        high=500,
        default=100,
    ),
    Option(
        *("items_new", Section.LIMITS, Unit.COUNT, "Offers a day of new members"),
        "How many things one member may put on the market in a day while the account is not a day old.",
        low=1,
        high=200,
        default=3,
    ),
    Option(
        *("items_basic", Section.LIMITS, Unit.COUNT, "Offers a day after the first day"),
        "The same until the account is a week old.",
        low=1,
        high=200,
        default=8,
    ),
    Option(
        *("items_known", Section.LIMITS, Unit.COUNT, "Offers a day after the first week"),
        "The same until the account is a month old, and for new members who are verified.",
        low=1,
        high=200,
        default=30,
    ),
    Option(
        *("login_log_days", Section.RETENTION, Unit.DAYS, "Days for the sign-in log"),
        "So long records of sign-ins, security events and alerts are kept. What looks for break-ins needs a"
        " month of them.",
        low=30,
        high=730,
    ),
    Option(
        *("verification_document_days", Section.RETENTION, Unit.DAYS, "Days for identity documents"),
        "So long after the decision the picture of a document is kept. A longer time holds only for documents"
        " that are sent afterwards: the others were promised less.",
        low=1,
        high=90,
    ),
    Option(
        *("evidence_days", Section.RETENTION, Unit.DAYS, "Days for the evidence of reports"),
        "So long after the decision what was said and shown in a report is kept, and what was taken away can"
        " come back. Not less than half a year, so that an objection can be decided by what was seen.",
        low=180,
        high=730,
        default=180,
    ),
    Option(
        *("finding_days", Section.RETENTION, Unit.DAYS, "Days for findings of the automatic help"),
        "So long what the automatic help found is kept. Until then the same finding does not come again.",
        low=30,
        high=365,
        default=180,
    ),
    Option(
        *("notice_days", Section.RETENTION, Unit.DAYS, "Days for notices of members"),
        "So long notices stay in the activity centre, read or not.",
        low=30,
        high=1825,
        default=365,
    ),
)

OPTIONS: Final[dict[str, Option]] = {option.name: option for option in _DECLARED}


class NotAValue(ValueError):
    """What was typed cannot be set. The message says what can, for whoever typed it."""


def of_section(section: Section) -> list[Option]:
    return [option for option in _DECLARED if option.section is section]


def is_allowed(option: Option, value: Value) -> bool:
    """Whether owners may set it to the value."""
    if option.words:
        return value in dict(option.words)
    return type(value) is int and option.low <= value <= option.high


def read(option: Option, text: str, currency: str) -> Value:
    """The value that somebody typed. Raises `NotAValue`."""
    plain = text.strip()
    value: Value | None
    if option.unit is Unit.MONEY and plain:
        try:
            value = parse(plain, currency)
        except NotMoney as error:
            raise NotAValue(str(error)) from None
    elif option.unit is Unit.PERCENT:
        value = _hundredths(plain)
    else:
        value = int(plain) if re.fullmatch(r"[0-9]{1,15}", plain) else plain
    if value is None or not is_allowed(option, value):
        raise NotAValue(f"{_how(option)} {bounds(option, currency)}.")
    return value


def _hundredths(text: str) -> int | None:
    found = re.fullmatch(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?\s*%?", text, re.ASCII)
    return int(found[1] + (found[2] or "").ljust(2, "0")) if found else None


def _how(option: Option) -> str:
    if option.unit is Unit.PERCENT:
        return "Type a percentage with up to two decimals, such as 7.5,"
    if option.unit is Unit.MONEY:
        return "Type an amount"
    return "Choose" if option.words else "Type a whole number"


def bounds(option: Option, currency: str) -> str:
    """Between which values it lies, as people read it."""
    if option.words:
        return " or ".join(f"“{words}”" for _, words in option.words)
    if option.unit in (Unit.PERCENT, Unit.MONEY):
        return f"from {shown(option, option.low, currency)} to {shown(option, option.high, currency)}"
    return f"from {option.low} to {option.high}"


def typed(option: Option, value: Value, currency: str) -> str:
    """The value as it stands in a field."""
    if option.unit is Unit.PERCENT:
        return f"{int(value) / 100:g}"
    if option.unit is Unit.MONEY:
        return plain_amount(int(value), currency)
    return str(value)


def shown(option: Option, value: Value, currency: str) -> str:
    """The value as people read it."""
    if option.words:
        return dict(option.words).get(str(value), str(value))
    if option.unit is Unit.MONEY:
        return short_money(int(value), currency)
    if option.unit is Unit.PERCENT:
        return f"{typed(option, value, currency)} %"
    if option.unit is Unit.DAYS:
        return "1 day" if value == 1 else f"{value} days"
    return f"{value} MB" if option.unit is Unit.MEGABYTES else str(value)


#: What grows from each to the next: members whom the place knows longer may not do less.
_GROWING: Final = (("chats_new", "chats_basic", "chats_known"), ("items_new", "items_basic", "items_known"))


def disorder(values: Mapping[str, Value]) -> dict[str, str]:
    """What is wrong with values that are right one by one: name → why."""
    return {
        after: f"It must not be less than {values[before]}, which the members before them may do."
        for names in _GROWING
        for before, after in pairwise(names)
        if before in values and after in values and int(values[after]) < int(values[before])
    }


def differing(before: Mapping[str, Value], after: Mapping[str, Value]) -> list[str]:
    """The names of what is different afterwards, in the order of the page."""
    return [name for name in OPTIONS if name in after and before[name] != after[name]]
