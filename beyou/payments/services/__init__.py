"""Charging, holding, releasing, refunding and paying out. Each function is one step, whole or not at all.

Money moves in `books.post` alone.
"""

from beyou.core import crash
from beyou.payments.services.accounts import look_at_account, open_account
from beyou.payments.services.payouts import request_payout
from beyou.payments.services.reconcile import check_books, compare_with_gateways
from beyou.payments.services.refunds import refund
from beyou.payments.services.release import hold_again, release
from beyou.payments.services.settle import look_again, sync
from beyou.payments.services.start import Started, cancel_payment, start_payment
from beyou.payments.services.tasks import do_next_task
from beyou.payments.services.webhooks import forget_old_webhooks, receive_webhook

__all__ = [
    "Started",
    "cancel_payment",
    "check_books",
    "compare_with_gateways",
    "do_next_task",
    "forget_old_webhooks",
    "hold_again",
    "look_again",
    "look_at_account",
    "open_account",
    "receive_webhook",
    "refund",
    "release",
    "request_payout",
    "start_payment",
    "sync",
]

crash.declare(
    *("payments.recorded", "payments.opened", "payments.told", "payments.settling", "payments.synced"),
    *("payments.cancelled", "payments.refund_asking", "payments.refund_sent", "payments.refund_ended"),
    *(
        "payments.releasing",
        "payments.holding_again",
        "payments.payout_asking",
        "payments.payout_sent",
        "payments.payout_ended",
    ),
)
