"""Money held for a seller becomes the seller's."""

from uuid import UUID

from django.db import transaction

from beyou.core import clock, crash
from beyou.payments import rules
from beyou.payments.errors import NotPaid
from beyou.payments.models import Payment, Share
from beyou.payments.rules import AccountKey, AccountKind, Move, State
from beyou.payments.services.books import locked, post
from beyou.payments.services.debts import lock_seller, pay_debt


@transaction.atomic
def release(*, share_reference: UUID) -> int:
    """What is still held of the share is the seller's, less the fee. Returns what the seller gained, 0 when
    nothing was held any more: a repeat changes nothing. Safe inside a transaction. Raises `NotPaid`.
    """
    payment_ids = Share.objects.filter(reference=share_reference).values("payment_id")
    payment = (
        Payment.objects.select_for_update()
        .filter(pk__in=payment_ids, state=State.SETTLED, open_of__isnull=False)
        .first()
    )
    if payment is None:
        raise NotPaid("There is nothing to release.")
    share = Share.objects.get(payment=payment, reference=share_reference)
    if not share.held_minor:
        return 0
    amount = share.held_minor
    fee = rules.fee_on_release(share.amount_minor, share.fee_minor, amount)
    escrow = AccountKey(AccountKind.ESCROW, payment.currency, str(share.seller_id))
    fees = AccountKey(AccountKind.FEES, payment.currency)
    has_debt = lock_seller(share.seller_id, payment.currency, escrow, fees)
    post(
        key=f"release:{share.pk}:{share.moves}",
        kind="released",
        reference=share.pk,
        moves=_moves(payment.currency, str(share.seller_id), amount - fee, fee),
    )
    if has_debt:
        pay_debt(share.seller_id, payment.currency, reference=share.pk)
    crash.point("payments.releasing")
    share.held_minor, share.released_at, share.moves = 0, clock.now(), share.moves + 1
    share.released_minor, share.fee_taken_minor = share.released_minor + amount, share.fee_taken_minor + fee
    share.save(update_fields=[*_COLUMNS, "released_at"])
    return amount - fee


_COLUMNS = ("held_minor", "released_minor", "fee_taken_minor", "moves")


@transaction.atomic
def hold_again(*, share_reference: UUID) -> int:
    """What the seller still has of a released share is held again, with the fee on it, as while somebody
    claims that what came is not what was sold. Returns how much is held now. What the seller was paid out
    already stays away. Safe inside a transaction. Raises `NotPaid`.
    """
    payment_ids = Share.objects.filter(reference=share_reference).values("payment_id")
    settled = Payment.objects.select_for_update().filter(pk__in=payment_ids, state=State.SETTLED)
    payment = settled.filter(open_of__isnull=False).first()
    if payment is None:
        raise NotPaid("There is nothing to hold.")
    share = Share.objects.get(payment=payment, reference=share_reference)
    if not share.released_minor:
        return share.held_minor
    seller, fees = _accounts(payment.currency, share.seller_id)
    escrow = AccountKey(AccountKind.ESCROW, payment.currency, str(share.seller_id))
    balances = locked([escrow, seller, fees])
    back = rules.held_again(
        balances[str(seller)], released_minor=share.released_minor, fee_taken_minor=share.fee_taken_minor
    )
    moves = [
        Move(source, escrow, part) for source, part in ((seller, back.seller), (fees, back.fees)) if part
    ]
    if not moves:
        return share.held_minor
    post(key=f"hold:{share.pk}:{share.moves}", kind="held_again", reference=share.pk, moves=moves)
    crash.point("payments.holding_again")
    share.held_minor, share.released_minor = share.held_minor + back.held, share.released_minor - back.held
    share.fee_taken_minor, share.moves = share.fee_taken_minor - back.fees, share.moves + 1
    share.save(update_fields=list(_COLUMNS))
    return share.held_minor


def _accounts(currency: str, seller_id: UUID) -> tuple[AccountKey, AccountKey]:
    return AccountKey(AccountKind.SELLER, currency, str(seller_id)), AccountKey(AccountKind.FEES, currency)


def _moves(currency: str, seller_id: str, gain: int, fee: int) -> list[Move]:
    escrow = AccountKey(AccountKind.ESCROW, currency, seller_id)
    seller, fees = AccountKey(AccountKind.SELLER, currency, seller_id), AccountKey(AccountKind.FEES, currency)
    return [Move(escrow, target, amount) for target, amount in ((seller, gain), (fees, fee)) if amount]
