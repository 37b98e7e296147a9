"""What follows payments and other facts, and what returns by itself."""

import datetime as dt

from beyou.blocks.events import UserBlocked
from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.ledger.services import begin_step_erasure
from beyou.marketplace.events import StockFreed
from beyou.orders import services
from beyou.payments.events import PaymentFailed, PaymentRefunded, PaymentSettled
from beyou.users.events import UserErased


@reacts_to(PaymentSettled)
def settle_order(event: PaymentSettled) -> None:
    services.settle(payment_id=event.payment_id, reference=event.reference)


@reacts_to(PaymentFailed)
def keep_unpaid_order(event: PaymentFailed) -> None:
    services.fail(reference=event.reference, reason=event.reason)


@reacts_to(PaymentRefunded)
def note_refund(event: PaymentRefunded) -> None:
    services.note_refund(share_reference=event.share_reference, amount_minor=event.amount_minor)


@reacts_to(StockFreed)
def tell_waiting(event: StockFreed) -> None:
    services.tell_waiting(variant_id=event.variant_id)


@reacts_to(UserBlocked)
def drop_checkouts(event: UserBlocked) -> None:
    services.drop_between(one_id=event.blocker_id, other_id=event.blocked_id)


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    services.leave_checkout(member_id=event.member_id)
    services.leave_unshipped(member_id=event.member_id)
    services.empty_addresses(member_id=event.member_id)
    personal.erase_rows("orders", event.member_id)
    # What was given up just now was recorded as a step of the member, who is gone.
    begin_step_erasure(member_id=event.member_id)


@every(dt.timedelta(minutes=1))
def expire_due() -> None:
    services.expire_due()


@every(dt.timedelta(minutes=10))
def remind_due() -> None:
    services.remind_due()


@every(dt.timedelta(minutes=10))
def confirm_due() -> None:
    services.confirm_due()
    services.give_up_due()
