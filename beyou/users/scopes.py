"""What a personal access token may do, and what its text looks like. Pure: no Django, clock or chance."""

import re
import zlib
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Final


class Scope(StrEnum):
    """One thing that a token may be allowed to do."""

    READ_PROFILE = "read:profile"
    WRITE_PROFILE = "write:profile"
    READ_PEOPLE = "read:people"
    WRITE_PEOPLE = "write:people"
    READ_MESSAGES = "read:messages"
    WRITE_MESSAGES = "write:messages"
    READ_NOTIFICATIONS = "read:notifications"
    WRITE_NOTIFICATIONS = "write:notifications"
    READ_MARKET = "read:market"
    WRITE_MARKET = "write:market"
    READ_MONEY = "read:money"
    READ_ORDERS = "read:orders"
    WRITE_ORDERS = "write:orders"
    CHAT = "chat"


#: What each scope allows, as the member reads it before granting it.
MEANING: dict[Scope, str] = {
    Scope.READ_PROFILE: "See your handle, name, text and picture, and your choices of privacy.",
    Scope.WRITE_PROFILE: "Change your handle, name, text, picture and choices of privacy.",
    Scope.READ_PEOPLE: "See your friends and requests, and search for members.",
    Scope.WRITE_PEOPLE: "Ask members for friendship, answer requests and end friendships.",
    Scope.READ_MESSAGES: "Read your conversations and their proofs.",
    Scope.WRITE_MESSAGES: "Write messages as you, start conversations and mark them read.",
    Scope.READ_NOTIFICATIONS: "Read your activity.",
    Scope.WRITE_NOTIFICATIONS: "Mark your activity as read.",
    Scope.READ_MARKET: "See the market, your items, your favourites and your saved searches.",
    Scope.WRITE_MARKET: "Sell as you: write, publish and end items; choose favourites and save searches.",
    Scope.READ_MONEY: "See your payments, balance and payouts. It cannot move money.",
    Scope.READ_ORDERS: "See your cart, what you bought and where it went, and what you sold and to whom.",
    Scope.WRITE_ORDERS: "Fill your cart, hold things, begin to pay, cancel, confirm and ship.",
    Scope.CHAT: "Stay connected: read, write and mark messages the moment they happen.",
}

#: Secret scanners find a leaked token by this (docs/howto/use-the-api.md names it, too).
TOKEN: Final = re.compile(
    r"beyou_(?P<prefix>[0-9a-z]{8})_(?P<secret>[0-9A-Za-z]{30})(?P<check>[0-9A-Za-z]{6})"
)
PREFIX_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
#: 30 of 62 letters are 178 bits.
BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX_LENGTH, SECRET_LENGTH, _CHECK_LENGTH = 8, 30, 6


def token_text(prefix: str, secret: str) -> str:
    """The token with its checksum: CRC-32 of what stands before it, in base 62."""
    body = f"beyou_{prefix}_{secret}"
    return body + _checksum(body)


def token_digest(text: str) -> str | None:
    """Hexadecimal SHA-256 of a token as the database keeps it; None for a text that is no token of ours.

    The checksum lets a scanner tell a token from noise without asking us, and us refuse without a query.
    """
    if TOKEN.fullmatch(text) is None or _checksum(text[:-_CHECK_LENGTH]) != text[-_CHECK_LENGTH:]:
        return None
    return sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, rest = divmod(number, len(BASE62))
        letters = BASE62[rest] + letters
    return letters


def joined(scopes: Iterable[Scope]) -> str:
    """The scopes as OAuth writes them (RFC 6749 §3.3), in the order of the table."""
    wanted = set(scopes)
    return " ".join(scope for scope in Scope if scope in wanted)
