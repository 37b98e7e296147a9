"""The port to payment providers. An app above registers its gateway here; ours are beside this file.

Every method asks an outside system: call it outside transactions. Each is idempotent by the key that it
takes, so that a repeat after a crash does nothing twice. All raise `GatewayAway` when there is no answer
(the call may still have worked: repeat it) and `GatewayRefused` when the answer is no.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.conf import settings

from beyou.payments.errors import PaymentsOff
from beyou.payments.rules import Progress, Step


@dataclass(frozen=True, slots=True)
class Charge:
    """What a gateway is asked to charge. `payment_id` is the key that makes a repeat a repeat."""

    payment_id: UUID
    amount_minor: int
    currency: str
    #: Where the buyer comes back to: an absolute address of ours.
    return_url: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The gateway's name for the charge, and where the buyer pays: its address, or a path of ours."""

    reference: str
    hosted_url: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How a charge stands at the gateway. `failure` is a code, such as `card_declined`."""

    progress: Progress
    amount_minor: int
    currency: str
    refunded_minor: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """How a refund or payout stands at the gateway."""

    step: Step
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A notice whose signature is right: only a hint that something happened, never what."""

    event_id: str
    kind: str
    #: Our id of the payment that it is about, if the gateway names one.
    payment_id: UUID | None


class Gateway(Protocol):
    """One payment provider."""

    name: str
    #: Whether a seller must tell it first where the money goes.
    has_accounts: bool

    @property
    def can_pay_out(self) -> bool:
        """Whether it can send money to sellers."""
        ...

    def open(self, charge: Charge) -> Opened:
        """The buyer can pay. A repeat for the same payment returns the same charge."""
        ...

    def look(self, reference: str) -> Seen:
        """How the charge stands now."""
        ...

    def cancel(self, reference: str) -> Seen:
        """The charge can no longer succeed, unless it already had, which the answer says."""
        ...

    def refund(self, reference: str, amount_minor: int, key: UUID) -> Sent:
        """So much goes back to the buyer."""
        ...

    def open_account(self, seller_id: UUID) -> str:
        """The gateway's name for the account of this seller, which it has from now on."""
        ...

    def account_page(self, account: str, return_url: str) -> str:
        """Where the seller tells it who they are and where their money goes, or changes that. The address
        lets anybody in who has it, and only for minutes: show it at once, and keep it nowhere.
        """
        ...

    def takes_money(self, account: str) -> bool:
        """Whether money can be sent to it, and from there to the seller's bank."""
        ...

    def pay_out(self, account: str, amount_minor: int, currency: str, key: UUID) -> Sent:
        """So much goes to the seller's account; to a bank of the gateway's choice when it has none."""
        ...

    def told(self, body: bytes, headers: Mapping[str, str]) -> Told:
        """Reads a notice. Raises `BadSignature` before anything in it is believed."""
        ...


_makers: dict[str, Callable[[], Gateway]] = {}


def register(name: str, make: Callable[[], Gateway]) -> None:
    """`BEYOU_PAYMENT_GATEWAY` may name it from now on."""
    _makers[name] = make


def gateway(name: str) -> Gateway:
    """Raises `PaymentsOff` for a gateway that is not there (any more)."""
    if name not in _makers:
        raise PaymentsOff("The people who run this place have not set up payments.")
    return _makers[name]()


def is_known(name: str) -> bool:
    return name in _makers


def chosen() -> Gateway:
    """The one that new payments and payouts go through. Raises `PaymentsOff` when there is none."""
    return gateway(settings.PAYMENT_GATEWAY)
