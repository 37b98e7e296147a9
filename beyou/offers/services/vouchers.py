"""Vouchers: made by a seller, entered by a buyer, used by an order, given back by one that was not paid."""

import datetime as dt
import secrets
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from beyou.blocks.queries import blocked_between
from beyou.core import clock, keyring, limits
from beyou.core.errors import NotAllowed
from beyou.core.ids import uuid7
from beyou.core.transactions import retried
from beyou.offers import queries, rules
from beyou.offers.errors import BadVoucher, UnknownVoucher, VoucherOver
from beyou.offers.models import EnteredVoucher, Voucher, VoucherUse
from beyou.offers.rules import MOST_USES, MOST_VOUCHERS, Reduction
from beyou.users.queries import lock_members
from beyou.verification.queries import check_verified


def create_voucher(
    *,
    seller_id: UUID,
    reduction: Reduction,
    currency: str,
    uses: int = 1,
    begins_at: dt.datetime | None = None,
    ends_at: dt.datetime | None = None,
) -> Voucher:
    """Whoever has its code pays less for the seller's things; `queries.code_of` says it to the seller. The
    code is drawn (58 bits), not chosen, so that nobody guesses it.

    Raises `VerificationRequired`, `BadVoucher` with what is wrong by field, and `RateLimited`.
    """
    check_verified(seller_id)
    begins_at = begins_at or clock.now()
    found = rules.reduction_problems(reduction)
    if not 1 <= uses <= MOST_USES:
        found["uses"] = f"It can be used between 1 and {MOST_USES:,} times."
    for name, moment in (("begins", begins_at), ("ends", ends_at)):
        if moment is not None and not 2000 <= moment.year <= rules.LAST_YEAR:
            found[name] = f"Choose a day up to the year {rules.LAST_YEAR}."
    if not found and ends_at is not None and ends_at <= max(begins_at, clock.now()):
        found["ends"] = "It must end after it begins, and later than now."
    if found:
        raise BadVoucher(found)
    limits.check("vouchers.seller", str(seller_id))
    code = "".join(secrets.choice(rules.CODE_ALPHABET) for _ in range(rules.CODE_LENGTH))
    voucher_id = uuid7()
    with transaction.atomic():
        lock_members([seller_id])
        if Voucher.objects.filter(seller_id=seller_id).count() >= MOST_VOUCHERS:
            raise BadVoucher({"uses": f"There are {MOST_VOUCHERS} vouchers already. Delete old ones first."})
        return Voucher.objects.create(
            id=voucher_id,
            seller_id=seller_id,
            digest=digest_of(code),
            code=keyring.seal_field(code, table="vouchers", column="code", row_id=voucher_id),
            hint=code[-4:],
            amount_minor=reduction.amount_minor,
            percent=reduction.percent,
            minimum_minor=reduction.minimum_minor,
            currency=currency,
            begins_at=begins_at,
            ends_at=ends_at,
            uses=uses,
        )


def digest_of(code: str) -> str:
    """By which a code is found, and which says nothing about it."""
    return keyring.mac(b"offers/voucher", code.encode()).hex()


@retried
def end_voucher(*, seller_id: UUID, voucher_id: UUID) -> None:
    """No further order uses it; twice is once. One that no order ever used is gone. Raises `NotFound`."""
    voucher = queries.voucher_of(seller_id, voucher_id)
    # Whoever is about to use it waits here for the row, and then finds it ended.
    Voucher.objects.filter(id=voucher.pk).update(is_ended=True)
    if not VoucherUse.objects.filter(voucher=voucher).exists():
        Voucher.objects.filter(id=voucher.pk, used=0).delete()


def enter(*, member_id: UUID, code: str) -> Voucher:
    """The member's next order takes the voucher off, in place of another of the same seller. It keeps no use.

    Raises `UnknownVoucher`, also for a seller behind a block; `NotAllowed` for an own one; `VoucherOver`; and
    `RateLimited` after some tries.
    """
    limits.check("voucher.member", str(member_id))
    found = Voucher.objects.filter(digest=digest_of(rules.plain_code(code))).select_related("seller").first()
    if found is None or not found.seller.is_active or blocked_between(member_id, [found.seller_id]):
        raise UnknownVoucher("Nobody gave out this code. Look at its letters and digits again.")
    if found.seller_id == member_id:
        raise NotAllowed("This is your own voucher; it is for others.")
    problem = queries.problem_of(found)
    if problem:
        raise VoucherOver(problem)
    if VoucherUse.objects.filter(voucher=found, member_id=member_id).exists():
        raise VoucherOver("You have used this voucher already. Each member can do that once.")
    EnteredVoucher.objects.update_or_create(
        member_id=member_id, seller_id=found.seller_id, defaults={"voucher": found}
    )
    return found


def remove(*, member_id: UUID, voucher_id: UUID) -> None:
    """The member's next order does not take it off, whether it would have or not."""
    EnteredVoucher.objects.filter(member_id=member_id, voucher_id=voucher_id).delete()


@retried
def claim(*, member_id: UUID, order_id: UUID, voucher_ids: Iterable[UUID]) -> None:
    """The order keeps one use of each of these. Of many who want the last one at the same moment one has it.

    Raises `VoucherOver`; then it keeps none.
    """
    for voucher_id in sorted(voucher_ids):
        moment = clock.now()
        usable = Voucher.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=moment),
            id=voucher_id,
            is_ended=False,
            begins_at__lte=moment,
            used__lt=F("uses"),
        )
        # The update waits for whoever holds the row, and then looks at it again.
        if not usable.update(used=F("used") + 1):
            raise VoucherOver(
                "The last use of your voucher is gone, or it is over. Nothing was ordered; look again."
            )
        if VoucherUse.objects.filter(voucher_id=voucher_id, member_id=member_id).exists():
            raise VoucherOver("You have used this voucher already. Each member can do that once.")
        VoucherUse.objects.create(voucher_id=voucher_id, member_id=member_id, order_id=order_id)


@retried
def give_back(*, order_id: UUID, voucher_ids: Iterable[UUID] | None = None) -> None:
    """The order keeps no use of these, or of any voucher; others can use them. A repeat changes nothing."""
    kept = VoucherUse.objects.filter(order_id=order_id)
    if voucher_ids is not None:
        kept = kept.filter(voucher_id__in=list(voucher_ids))
    ids = sorted(kept.values_list("voucher_id", flat=True))
    list(Voucher.objects.select_for_update().filter(id__in=ids).order_by("id").values_list("id"))
    for voucher_id in ids:
        if VoucherUse.objects.filter(order_id=order_id, voucher_id=voucher_id).delete()[0]:
            Voucher.objects.filter(id=voucher_id, used__gt=0).update(used=F("used") - 1)


def take_out(*, order_id: UUID) -> None:
    """What a paid order used is in no cart any more. Inside a transaction."""
    for voucher_id, member_id in VoucherUse.objects.filter(order_id=order_id).values_list(
        "voucher_id", "member_id"
    ):
        EnteredVoucher.objects.filter(member_id=member_id, voucher_id=voucher_id).delete()
