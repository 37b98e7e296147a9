"""Amounts as people type and read them: whole numbers of the smallest unit of a currency. Pure."""

import re
from typing import Final

#: Currencies whose smallest unit is not a hundredth (ISO 4217).
_DIGITS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "HUF": 2, "BHD": 3, "KWD": 3, "TND": 3}
_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}
_MINUS: Final = "−"
#: What people put between groups of three digits, besides full stop and comma.
_SPACES: Final = " \u00a0\u202f\u2009'\u2019"
_NUMBER: Final = re.compile(r"[0-9][0-9.,]*", re.ASCII)


class NotMoney(ValueError):
    """The text is no amount of this currency. The message says why, for whoever typed it."""


def digits_of(currency: str) -> int:
    """How many digits stand behind the point."""
    return _DIGITS.get(currency, 2)


def plain_amount(amount_minor: int, currency: str) -> str:
    """Such as `-1234.50`: for files and machines."""
    digits = digits_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    point = f".{rest:0{digits}d}" if digits else ""
    return f"{'-' if amount_minor < 0 else ''}{whole}{point}"


def format_money(amount_minor: int, currency: str) -> str:
    """Such as `€1,234.50`, or `1,234.50 CHF` where there is no sign that everybody knows."""
    digits = digits_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    number = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
    minus = _MINUS if amount_minor < 0 else ""
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{number}" if sign else f"{minus}{number} {currency}"


def short_money(amount_minor: int, currency: str) -> str:
    """The same without a fraction of zeros, such as `€24`: for the price of a thing."""
    text, digits = format_money(amount_minor, currency), digits_of(currency)
    return text.replace("." + "0" * digits, "", 1) if digits and amount_minor % 10**digits == 0 else text


def parse(text: str, currency: str) -> int:
    """The minor units that somebody typed: `12,50` and `12.50` are the same, and so are `1.234,50`,
    `1,234.50` and `1 234,50`. Spaces and the sign of the currency do not matter.

    Raises `NotMoney` for everything else, and for `1,234`, which may be a thousand or a bit
    more than one.
    """
    plain = _stripped(text, currency)
    if not plain:
        raise NotMoney("Type an amount, such as 12.50.")
    if plain.startswith(("-", "−")):
        raise NotMoney("An amount cannot be negative.")
    if not _NUMBER.fullmatch(plain):
        raise NotMoney(f"“{text.strip()[:20]}” is not an amount in {currency}. Type digits, such as 12.50.")
    whole, fraction = _split(plain, digits_of(currency))
    # The minor part is written out, so that what people typed is read digit by digit.
    return int(whole + fraction.ljust(digits_of(currency), "0"))


def _stripped(text: str, currency: str) -> str:
    plain = text.strip()
    for mark in (currency, currency.lower(), _SIGNS.get(currency, currency)):
        plain = plain.removeprefix(mark).removesuffix(mark).strip()
    # A space may only stand between groups: "1 2" is two numbers, not twelve.
    if any(space in plain for space in _SPACES):
        head, *groups = re.split(f"[{_SPACES}]", plain)
        if not head.isdigit() or any(not re.match(r"[0-9]{3}(?![0-9])", group) for group in groups):
            return plain
        plain = head + "".join(groups)
    return plain


def _split(plain: str, places: int) -> tuple[str, str]:
    """The whole part without groups, and the fraction."""
    marks = [mark for mark in plain if mark in ".,"]
    if not marks:
        return plain, ""
    last = marks[-1]
    whole, _, fraction = plain.rpartition(last)
    if len(set(marks)) == 1 and (len(marks) > 1 or (len(fraction) == 3 and places != 3)):
        if len(marks) == 1:
            raise NotMoney("Is that thousands or a fraction? Leave out the mark between thousands.")
        return _ungrouped(plain, last), ""
    if len(set(marks)) == 2 and marks.count(last) > 1:
        raise NotMoney("There are too many commas and full stops in this amount.")
    if not 1 <= len(fraction) <= places:
        raise NotMoney(
            "This currency has no smaller unit: type a whole number."
            if places == 0
            else f"Type at most {places} digits behind the point, such as 12.{'5'.ljust(places, '0')}."
        )
    other = "," if last == "." else "."
    return (_ungrouped(whole, other) if other in whole else whole), fraction


def _ungrouped(text: str, mark: str) -> str:
    head, *groups = text.split(mark)
    if not 1 <= len(head) <= 3 or any(len(group) != 3 for group in groups):
        raise NotMoney("The marks between thousands are not where they belong.")
    return head + "".join(groups)
