"""What the books say about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q

from beyou.core import personal
from beyou.core.personal import Fate, File, declare, json_list
from beyou.payments.models import Account, Payment, Payout, PayoutAccount, Posting, Refund, Share

MONEY = "money.json"
_WHY = "Books must be kept, and must still add up. They hold ids and amounts, and the ids lead nowhere."

declare("payments.Account", "member_id", what="Your balances", fate=Fate.KEPT, why=_WHY, copied=MONEY)
declare(
    *("payments.Posting", "source__member_id", "target__member_id"),
    what="How your balances came about",
    fate=Fate.KEPT,
    why=_WHY,
    copied=MONEY,
)
declare("payments.Payment", "payer_id", what="Your payments", fate=Fate.KEPT, why=_WHY, copied=MONEY)
declare("payments.Share", "seller_id", what="What you sold for", fate=Fate.KEPT, why=_WHY, copied=MONEY)
declare("payments.Refund", "share__seller_id", what="Refunds", fate=Fate.KEPT, why=_WHY, copied=MONEY)
declare("payments.Payout", "seller_id", what="Your payouts", fate=Fate.KEPT, why=_WHY, copied=MONEY)
declare(
    *("payments.PayoutAccount", "seller_id"),
    what="Your accounts at payment providers",
    fate=Fate.KEPT,
    why="It shows where payouts went. Its name leads to you only at the provider.",
    copied=MONEY,
)


@personal.part("money")
def money(member_id: UUID) -> Iterator[File]:
    """Balances, payments, sales, refunds and payouts."""
    yield json_list(MONEY, _records(member_id))


def _records(member_id: UUID) -> Iterator[dict[str, object]]:
    paid, sold = Payment.objects.filter(payer_id=member_id), Share.objects.filter(seller_id=member_id)
    back = Refund.objects.filter(share__payment__payer_id=member_id)
    returned = Refund.objects.filter(share__seller_id=member_id)
    out = Payout.objects.filter(seller_id=member_id)
    accounts = PayoutAccount.objects.filter(seller_id=member_id)
    moved = Posting.objects.filter(Q(source__member_id=member_id) | Q(target__member_id=member_id))
    amounts = ("amount_minor", "created_at")
    for name, rows, columns in (
        ("balance", Account.objects.filter(member_id=member_id), ("kind", "currency", "balance_minor")),
        (
            "movement",
            moved,
            ("amount_minor", "currency", "source__kind", "target__kind", "transfer__created_at"),
        ),
        ("payment", paid, (*amounts, "currency", "state", "reference", "settled_at", "refunded_minor")),
        ("refund to you", back, (*amounts, "state", "reason", "done_at")),
        ("sale", sold, ("amount_minor", "fee_minor", "reference", "released_at", "refunded_minor")),
        ("refund by you", returned, (*amounts, "state", "reason", "done_at")),
        ("payout", out, (*amounts, "currency", "state", "done_at")),
        ("account", accounts, ("gateway", "reference", "is_ready", "created_at")),
    ):
        for row in rows.order_by("pk").values(*columns):
            yield {"what": name, **row}
