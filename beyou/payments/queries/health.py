"""Whether the books are sound."""

from dataclasses import dataclass

from django.db.models import Q, Sum

from beyou.payments import rules
from beyou.payments.models import Account, GatewayTask, MoneyAlert, Payout, Posting, Refund, Share
from beyou.payments.rules import AccountKind, Step


@dataclass(frozen=True, slots=True)
class Imbalance:
    """A row that does not agree with the others: which, what it says and what it should say."""

    what: str
    says: int
    should_say: int


@dataclass(frozen=True, slots=True)
class MoneyHealth:
    """Whether the books are sound. `wrong` is empty when they are."""

    wrong: list[Imbalance]
    waiting: int
    parked: int
    alerts: int

    @property
    def is_sound(self) -> bool:
        return not self.wrong


def money_health() -> MoneyHealth:
    """Recomputes the books: sums per currency are zero, every balance is the sum of its postings and not
    below zero where it must not be, and shares, refunds and payouts are what their accounts hold. A fixed
    number of statements; it reads every posting.
    """
    balances = {row.key: row for row in Account.objects.all()}
    wrong = [*_sums(balances), *_balances(balances), *_holdings(balances)]
    tasks = GatewayTask.objects
    return MoneyHealth(
        wrong,
        waiting=tasks.filter(parked=False).count(),
        parked=tasks.filter(parked=True).count(),
        alerts=MoneyAlert.objects.filter(resolved_at=None).count(),
    )


def _sums(balances: dict[str, Account]) -> list[Imbalance]:
    totals: dict[str, int] = {}
    for account in balances.values():
        totals[account.currency] = totals.get(account.currency, 0) + account.balance_minor
    return [Imbalance(f"sum:{currency}", total, 0) for currency, total in totals.items() if total]


def _balances(balances: dict[str, Account]) -> list[Imbalance]:
    posted = dict.fromkeys(balances, 0)
    for key, sign in (("target_id", 1), ("source_id", -1)):
        for account, total in Posting.objects.values_list(key).annotate(total=Sum("amount_minor")).order_by():
            posted[account] = posted.get(account, 0) + sign * int(total)
    return [
        Imbalance(key, account.balance_minor, posted[key])
        for key, account in balances.items()
        if account.balance_minor != posted[key]
        or not rules.may_hold(AccountKind(account.kind), account.balance_minor)
    ]


def _holdings(balances: dict[str, Account]) -> list[Imbalance]:
    """What shares, refunds and payouts say against the accounts that hold their money."""
    total, is_on_its_way = Sum("amount_minor"), Q(state=Step.ASKED)
    held = Share.objects.values_list("payment__currency", "seller_id").annotate(total=Sum("held_minor"))
    back = Refund.objects.filter(is_on_its_way).values_list("share__payment__currency").annotate(total=total)
    out = Payout.objects.filter(is_on_its_way).values_list("currency").annotate(total=total)
    should = {f"escrow:{currency}:{seller}": int(value) for currency, seller, value in held.order_by()}
    should |= {f"refunds:{currency}:": int(value) for currency, value in back.order_by()}
    should |= {f"payouts:{currency}:": int(value) for currency, value in out.order_by()}
    kinds = {AccountKind.ESCROW.value, AccountKind.REFUNDS.value, AccountKind.PAYOUTS.value}
    booked = {key: row.balance_minor for key, row in balances.items() if row.kind in kinds}
    return [
        Imbalance(f"rows of {key}", should.get(key, 0), booked.get(key, 0))
        for key in sorted(set(should) | set(booked))
        if should.get(key, 0) != booked.get(key, 0)
    ]
