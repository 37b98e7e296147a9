"""Which handles may be taken."""

import re

HANDLE = re.compile(r"[a-z0-9_]{3,30}")

#: Names that would pass for the instance, its staff or one of its pages.
# fmt: off
RESERVED = frozenset(
    (
        "about", "abuse", "account", "accounts", "activity", "admin", "administrator", "api", "app",
        "beyou", "billing", "blocks", "bot", "cart", "chat", "chats", "checkout", "console", "contact",
        "dev", "everyone", "friends", "guest", "healthz", "help", "home", "info", "join", "ledger",
        "login", "logout", "mail", "market", "me", "member", "members", "moderator", "news", "nobody",
        "noreply", "null", "official", "offline", "owner", "postmaster", "privacy", "recover",
        "register", "root", "search", "security", "selling", "settings", "sign_in", "sign_out", "signup",
        "staff", "static", "status", "support", "system", "team", "terms", "undefined", "user", "users",
        "verified", "verify", "webmaster", "www", "you",
    )
)
# fmt: on


def plain_handle(typed: str) -> str:
    """What a person meant who typed `@Alice `: handles are lower case."""
    return typed.strip().removeprefix("@").lower()


def handle_problem(handle: str) -> str:
    """What is wrong with the handle, and what to do; empty when it may be used.

    Only ASCII letters, digits and underscores pass, so that no two handles can look alike by their script.
    """
    if len(handle) < 3:
        return "Use at least 3 characters."
    if len(handle) > 30:
        return "Use at most 30 characters."
    if not HANDLE.fullmatch(handle):
        return "Use only letters from a to z, digits and underscores."
    if handle in RESERVED or not handle.strip("_"):
        return "This handle is reserved. Please choose another."
    return ""
