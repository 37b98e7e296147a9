"""Writing into the books: the one function that moves money."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from beyou.payments.errors import KeyReused, NotEnoughMoney
from beyou.payments.models import Account, Posting, Transfer
from beyou.payments.rules import AccountKey, Move, changes, check_moves, may_hold


@transaction.atomic
def post(*, key: str, kind: str, reference: UUID, moves: Sequence[Move]) -> Transfer:
    """The moves stand in the books, once for the key, and the running totals follow.

    Rows of accounts are locked in the order of their keys, so that no two transfers wait for each other.
    Raises `ValueError` for moves that no book could hold, `NotEnoughMoney` when an account would end below
    zero, and `KeyReused` when the key stands for something else.
    """
    check_moves(moves)
    gains = changes(moves)
    balances = locked(gains)
    done = Transfer.objects.filter(key=key).first()
    if done is not None:
        _check_same(done, kind, reference, moves)
        return done
    for account, gain in gains.items():
        if not may_hold(account.kind, balances[str(account)] + gain):
            raise NotEnoughMoney(f"The account for {account.kind} does not hold that much.")
    transfer = Transfer.objects.create(key=key, kind=kind, reference=reference)
    Posting.objects.bulk_create([_posting(transfer, move) for move in moves])
    for account, gain in gains.items():
        Account.objects.filter(key=str(account)).update(balance_minor=F("balance_minor") + gain)
    return transfer


def locked(accounts: Iterable[AccountKey]) -> dict[str, int]:
    """The balances of the accounts by key; they exist and are locked from now on. Inside a transaction, and
    whoever posts afterwards names here all that the posting will touch, so that the order of locks holds.
    """
    gains = set(accounts)
    keys = sorted(str(account) for account in gains)
    if Account.objects.filter(key__in=keys).count() < len(keys):
        # All of them, also those that are there: an upsert locks each in turn, where leaving out what is
        # there would lock out of order, and ignoring conflicts would share locks on MariaDB: deadlocks.
        Account.objects.bulk_create(
            [_account(account) for account in sorted(gains, key=str)],
            update_conflicts=True,
            update_fields=["kind"],
            unique_fields=["key"] if connection.features.supports_update_conflicts_with_target else None,
        )
    rows = Account.objects.select_for_update().filter(key__in=keys).order_by("key")
    return {row.key: row.balance_minor for row in rows}


def _account(account: AccountKey) -> Account:
    return Account(
        key=str(account), kind=account.kind.value, currency=account.currency, member_id=account.member_id
    )


def _posting(transfer: Transfer, move: Move) -> Posting:
    return Posting(
        transfer=transfer,
        source_id=str(move.source),
        target_id=str(move.target),
        amount_minor=move.amount_minor,
        currency=move.source.currency,
    )


def _check_same(done: Transfer, kind: str, reference: UUID, moves: Sequence[Move]) -> None:
    posted = done.postings.order_by("id").values_list("source_id", "target_id", "amount_minor")
    wanted = [(str(move.source), str(move.target), move.amount_minor) for move in moves]
    if (done.kind, done.reference, list(posted)) != (kind, reference, wanted):
        raise KeyReused(f"The transfer {done.key} has other contents.")
