"""What a seller owes the instance, and how it comes back: out of the next money that the seller gets.

A refund that was decided goes to the buyer even when the seller was paid out. What is missing stands in an
account of its own, below zero, and no payout leaves before it is at zero again.
"""

from uuid import UUID

from beyou.core.ids import uuid7
from beyou.payments.models import Account
from beyou.payments.rules import AccountKey, AccountKind, Move
from beyou.payments.services.books import locked, post


def debt_of(seller_id: UUID, currency: str) -> AccountKey:
    return AccountKey(AccountKind.DEBT, currency, str(seller_id))


def lock_seller(seller_id: UUID, currency: str, *others: AccountKey) -> bool:
    """The seller's accounts are locked in the order of their keys, with all others that will be touched.
    Returns whether there is a debt to look at.
    """
    accounts = {AccountKey(AccountKind.SELLER, currency, str(seller_id)), *others}
    debt = debt_of(seller_id, currency)
    # Most sellers never owe anything, and need no account for it.
    has_debt = Account.objects.filter(key=str(debt)).exists()
    if has_debt:
        accounts.add(debt)
    locked(accounts)
    return has_debt


def pay_debt(seller_id: UUID, currency: str, *, reference: UUID) -> int:
    """As much of the debt as the seller has is paid. Returns how much. After `lock_seller` said yes."""
    debt, seller = debt_of(seller_id, currency), AccountKey(AccountKind.SELLER, currency, str(seller_id))
    rows = Account.objects.filter(key__in=[str(debt), str(seller)])
    balances = dict(rows.values_list("key", "balance_minor"))
    amount = min(-balances.get(str(debt), 0), balances.get(str(seller), 0))
    if amount <= 0:
        return 0
    # Counted from what is there at this moment, under its locks: no repeat can pay it twice.
    post(key=f"debt:{uuid7()}", kind="debt_paid", reference=reference, moves=[Move(seller, debt, amount)])
    return amount
