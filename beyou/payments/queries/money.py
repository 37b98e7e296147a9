"""What a seller has, what is held, and how it came about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum

from beyou.payments import gateways
from beyou.payments.errors import PaymentsOff
from beyou.payments.models import Account, Payout, PayoutAccount, Posting, Share
from beyou.payments.rules import AccountKey, AccountKind, Step

PAGE: Final = 30
#: How many held sales the page shows; the statement has all that were released.
HELD: Final = 100


@dataclass(frozen=True, slots=True)
class Balance:
    """A seller's money in one currency: at hand, held until orders are done, and on its way to the bank; and
    what is owed after a refund of money that was paid out, which the next sales pay.
    """

    currency: str
    available_minor: int = 0
    held_minor: int = 0
    on_its_way_minor: int = 0
    owed_minor: int = 0


_SHOWN: Final = {
    AccountKind.SELLER.value: "available_minor",
    AccountKind.ESCROW.value: "held_minor",
    AccountKind.DEBT.value: "owed_minor",
}


def balance_for(member_id: UUID) -> list[Balance]:
    """One for each currency that the member ever had, and for the market's. Two statements."""
    found: dict[str, dict[str, int]] = {settings.MARKET_CURRENCY: {}}
    rows = Account.objects.filter(member_id=member_id, kind__in=list(_SHOWN))
    for kind, currency, amount in rows.values_list("kind", "currency", "balance_minor"):
        found.setdefault(currency, {})[_SHOWN[kind]] = abs(amount)
    out = Payout.objects.filter(seller_id=member_id, state=Step.ASKED).values_list("currency").order_by()
    for currency, amount in out.annotate(total=Sum("amount_minor")):
        found.setdefault(currency, {})["on_its_way_minor"] = int(amount)
    return [Balance(currency, **amounts) for currency, amounts in sorted(found.items())]


@dataclass(frozen=True, slots=True)
class Held:
    """A sale whose money waits for the order to be done."""

    reference: UUID
    amount_minor: int
    fee_minor: int
    currency: str
    paid_at: datetime


def held_for(member_id: UUID, limit: int = HELD) -> list[Held]:
    """The newest first. One statement."""
    rows = Share.objects.filter(seller_id=member_id, held_minor__gt=0).order_by("-id")[:limit]
    return [
        Held(
            share.reference,
            share.held_minor,
            share.fee_minor,
            share.payment.currency,
            share.payment.settled_at or share.payment.created_at,
        )
        for share in rows.select_related("payment")
    ]


@dataclass(frozen=True, slots=True)
class PayoutPage:
    """Payouts, the newest first; `next` continues behind the last one."""

    items: list[Payout]
    next: UUID | None

    @property
    def next_key(self) -> str:
        """As text, for addresses."""
        return str(self.next) if self.next else ""


def payouts_for(member_id: UUID, *, before: UUID | None = None, limit: int = PAGE) -> PayoutPage:
    """One statement."""
    rows = Payout.objects.filter(seller_id=member_id).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows[: limit + 1])
    return PayoutPage(items[:limit], items[limit - 1].pk if len(items) > limit else None)


class Way(StrEnum):
    """How a seller's money leaves."""

    BY_HAND = "by_hand"  # The people who run the place send it.
    STRAIGHT = "straight"  # The gateway sends it, and need know nothing.
    UNTOLD = "untold"  # The seller must tell the gateway where to.
    ASKED = "asked"  # The gateway does not know enough yet, or checks it.
    READY = "ready"


@dataclass(frozen=True, slots=True)
class WayOut:
    """How the money of one seller leaves, and by whom."""

    way: Way
    gateway: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the seller can ask for a payout."""
        return self.way in (Way.STRAIGHT, Way.READY)

    @property
    def provider(self) -> str:
        """What people call the gateway."""
        return self.gateway.capitalize()


def way_out(member_id: UUID) -> WayOut:
    """As the gateway said when it was last asked. At most one statement."""
    try:
        gateway = gateways.chosen()
    except PaymentsOff:
        return WayOut(Way.BY_HAND)
    if not gateway.can_pay_out:
        return WayOut(Way.BY_HAND, gateway.name)
    if not gateway.has_accounts:
        return WayOut(Way.STRAIGHT, gateway.name)
    mine = PayoutAccount.objects.filter(seller_id=member_id, gateway=gateway.name)
    is_ready = mine.values_list("is_ready", flat=True).first()
    way = Way.UNTOLD if is_ready is None else Way.READY if is_ready else Way.ASKED
    return WayOut(way, gateway.name)


#: What each kind of transfer is called in a statement.
WORDS: Final = {
    "released": "Sale",
    "held_again": "Held again for a claim",
    "debt_paid": "Paid back what you owed",
    "refund_asked": "Refund to the buyer",
    "refund_failed": "Refund that did not work",
    "payout_asked": "Payout",
    "payout_failed": "Payout that did not work",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One change of a seller's balance, and the balance after it."""

    at: datetime
    words: str
    reference: UUID
    currency: str
    amount_minor: int
    balance_minor: int


def statement(member_id: UUID) -> Iterator[Line]:
    """Every change of the balance, the oldest first, from the books themselves. One statement."""
    mine = Q(source__member_id=member_id, source__kind=AccountKind.SELLER.value)
    rows = Posting.objects.filter(
        mine | Q(target__member_id=member_id, target__kind=AccountKind.SELLER.value)
    )
    balances: dict[str, int] = {}
    columns = ("transfer__created_at", "transfer__kind", "transfer__reference", "currency", "amount_minor")
    for at, kind, reference, currency, amount, source in (
        rows.order_by("id").values_list(*columns, "source_id").iterator()
    ):
        own = str(AccountKey(AccountKind.SELLER, currency, str(member_id)))
        signed = -amount if source == own else amount
        balances[currency] = balances.get(currency, 0) + signed
        yield Line(at, WORDS.get(kind, kind), reference, currency, signed, balances[currency])
