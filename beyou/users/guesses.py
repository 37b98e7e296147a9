"""Guesses at a secret of an account are counted together, whichever door they come to.

A stranger gets ten in a quarter of an hour per account, however many addresses he has. A browser that has
signed in to the account before has a budget of its own, so that he cannot lock its member out.
"""

from contextlib import suppress

from django.http import HttpRequest

from beyou.core import limits
from beyou.core.errors import RateLimited, StoreAway
from beyou.core.http import client_ip
from beyou.users import queries
from beyou.users.devices import device_digest

#: The code of a second step has a budget beside that of the password, which was right before it.
CODE = "code of "


def count_guess(request: HttpRequest, email: str, kind: str = "") -> None:
    """Counts one guess at a password, code or other secret of the account with this address, which need not
    exist. Call it before looking at the secret. Raises `RateLimited`, and `StoreAway` when nothing can be
    counted.
    """
    account, address = kind + email.strip().lower(), limits.network(client_ip(request))
    device = device_digest(request)
    if device and queries.knows_device(account.removeprefix(kind), device):
        limits.check("sign_in.device", f"{account} {device}")
        return
    limits.check("sign_in.address", address)
    limits.check("sign_in.account", f"{account} {address}")
    limits.check("sign_in.everywhere", account)


def note_wrong_guess(email: str, kind: str = "") -> None:
    """A guess at a secret of the account was wrong."""
    with suppress(RateLimited, StoreAway):
        limits.check("sign_in.wrong", kind + email.strip().lower())


def forgive_guesses(request: HttpRequest, email: str, kind: str = "") -> None:
    """After a success: what this browser mistyped no longer counts. What was tried from everywhere counts on
    unless all of it was right, or each visit of the member would give a stranger ten more.
    """
    account = kind + email.strip().lower()
    if limits.is_unused("sign_in.wrong", account):
        limits.forget("sign_in.everywhere", account)
    limits.forget("sign_in.account", f"{account} {limits.network(client_ip(request))}")
    if device := device_digest(request):
        limits.forget("sign_in.device", f"{account} {device}")
