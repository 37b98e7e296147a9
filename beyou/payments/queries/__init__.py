"""Reading payments, balances and the state of the books."""

from beyou.payments.queries.health import Imbalance, MoneyHealth, money_health
from beyou.payments.queries.money import (
    PAGE,
    Balance,
    Held,
    Line,
    PayoutPage,
    Way,
    WayOut,
    balance_for,
    held_for,
    payouts_for,
    statement,
    way_out,
)
from beyou.payments.queries.payments import can_be_paid, fee_for, payment_for, state_of

__all__ = [
    "PAGE",
    "Balance",
    "Held",
    "Imbalance",
    "Line",
    "MoneyHealth",
    "PayoutPage",
    "Way",
    "WayOut",
    "balance_for",
    "can_be_paid",
    "fee_for",
    "held_for",
    "money_health",
    "payment_for",
    "payouts_for",
    "state_of",
    "statement",
    "way_out",
]
