"""A buyer, a seller and a payment between them, at the sandbox."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from beyou.core import clock, events, work
from beyou.core.ids import uuid7
from beyou.payments import services
from beyou.payments.models import Account, Payment
from beyou.payments.rules import AccountKey, AccountKind
from beyou.sandbox.models import BankCharge
from beyou.sandbox.rules import Card
from beyou.sandbox.services import counter


@dataclass
class Deal:
    """One order as the market would make it: two sellers, one payment."""

    payer: UUID
    reference: UUID
    sellers: list[UUID]
    #: share reference → (amount, fee)
    shares: dict[UUID, tuple[int, int]]
    key: str

    @property
    def total(self) -> int:
        return sum(amount for amount, _ in self.shares.values())

    def wish(self, **changed: Any) -> dict[str, Any]:
        shares = [
            (seller, amount, fee, share)
            for seller, (share, (amount, fee)) in zip(self.sellers, self.shares.items(), strict=True)
        ]
        return {
            "payer_id": self.payer,
            "reference": self.reference,
            "amount_minor": self.total,
            "currency": "EUR",
            "shares": shares,
            "idempotency_key": self.key,
            "return_path": "/home",
        } | changed

    def start(self, **changed: Any) -> services.Started:
        return services.start_payment(**self.wish(**changed))

    @property
    def share(self) -> UUID:
        return next(iter(self.shares))


def deal(*, payer: UUID | None = None, sellers: list[UUID] | None = None) -> Deal:
    """10.00 to one seller with 0.50 of fee, 5.00 to the other with 0.25."""
    shares = {uuid7(): (1000, 50), uuid7(): (500, 25)}
    return Deal(payer or uuid7(), uuid7(), sellers or [uuid7(), uuid7()], shares, str(uuid7()))


def charge_of(payment_id: UUID) -> BankCharge:
    return BankCharge.objects.get(key=payment_id)


def pay(payment_id: UUID, card: Card = Card.SUCCESS) -> None:
    """The buyer pays at the bank; nobody has told us yet."""
    counter.pay(reference=charge_of(payment_id).reference, card=card)


def run() -> None:
    """Everything that happens by itself has happened."""
    while work.run_once() or events.drain():
        pass


def paid(made: Deal, card: Card = Card.SUCCESS) -> Payment:
    """The deal is paid and settled."""
    started = made.start()
    pay(started.payment_id, card)
    run()
    return Payment.objects.get(pk=started.payment_id)


def pass_ms(milliseconds: int) -> None:
    clock.shift(clock._offset_ms + milliseconds)


def balance(kind: AccountKind, holder: object = "", currency: str = "EUR") -> int:
    """0 for an account that nobody has used."""
    key = str(AccountKey(kind, currency, str(holder)))
    row = Account.objects.filter(key=key).first()
    return row.balance_minor if row else 0


def outside() -> int:
    """What the world outside gave us and has not got back."""
    return -balance(AccountKind.GATEWAY, "sandbox")
