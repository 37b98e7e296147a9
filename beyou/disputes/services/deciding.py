"""What finance staff do: claiming a case, deciding it, alone or as one of two."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from beyou.audit.services import record
from beyou.core import clock, crash
from beyou.core.errors import InvalidInput
from beyou.core.holds import is_held_by
from beyou.core.ports import options
from beyou.core.transactions import retried
from beyou.disputes import queries, rules
from beyou.disputes.errors import ClaimMoved, HeldByOther, NotHeld, SecondNeeded
from beyou.disputes.models import Claim
from beyou.disputes.rules import LEASE, Side, State, Step
from beyou.disputes.services.steps import settle
from beyou.disputes.services.telling import plain, tell_buyer, tell_seller, tell_staff, write
from beyou.notifications.rules import Kind
from beyou.users import queries as users

if TYPE_CHECKING:
    from beyou.media.models import MediaFile


@transaction.atomic
def hold(*, claim_id: UUID, staff_id: UUID) -> None:
    """The case is this one's for `LEASE` from now; one's own hold is renewed. One conditional update decides
    between two. Raises `NotFound`, `SecondNeeded`, `HeldByOther` or `ClaimMoved`.
    """
    row = queries.case_for(staff_id, users.levels_of(staff_id), claim_id)
    if row.proposed_by_id == staff_id:
        raise SecondNeeded("You have proposed a decision. Somebody else must look at it now.")
    moment = clock.now()
    was_mine = is_held_by(row.held_by_id, row.held_until, staff_id, moment)
    free = Q(held_until=None) | Q(held_until__lte=moment) | Q(held_by_id=staff_id)
    # Both columns may be empty, and SQL's <> is never true of that.
    other = Q(proposed_by_id=None) | ~Q(proposed_by_id=staff_id)
    rows = Claim.objects.filter(free, other, id=claim_id, state=State.REVIEW)
    if not rows.update(held_by_id=staff_id, held_until=moment + LEASE):
        if Claim.objects.filter(id=claim_id, state=State.REVIEW).exists():
            raise HeldByOther("It comes back when they are done or away.")
        raise ClaimMoved("It is settled. The queue shows what waits.")
    if not was_mine:
        _note("held", row, staff_id)


@transaction.atomic
def let_go(*, claim_id: UUID, staff_id: UUID) -> None:
    """The case is free again. Raises `NotFound` or `NotHeld`."""
    row = _held(claim_id, staff_id)
    row.held_by_id = row.held_until = None
    row.save(update_fields=["held_by_id", "held_until"])
    _note("released", row, staff_id)


@retried
def decide(*, claim_id: UUID, staff_id: UUID, refund_minor: int, reason: str) -> bool:
    """So much goes back to the buyer and the rest to the seller, and both read why. Where two must agree, the
    first says it for the second, who makes it true by deciding the same. Returns whether it is settled.

    Raises `NotFound`, `NotHeld`, `SecondNeeded`, and `InvalidInput` for another amount or no reason.
    """
    row = _held(claim_id, staff_id)
    if row.proposed_by_id == staff_id:
        raise SecondNeeded("You have proposed a decision. Somebody else must look at it now.")
    if not 0 <= refund_minor <= row.total_minor:
        raise InvalidInput("Give back between nothing and everything that was paid.")
    if not plain(reason):
        raise InvalidInput("Say why: both sides read it.")
    two = rules.needs_two(row.total_minor, options.number("claim_four_eyes"))
    if two and not rules.is_agreed(
        proposed_by=row.proposed_by_id,
        proposed_minor=row.proposed_minor,
        staff_id=staff_id,
        refund_minor=refund_minor,
    ):
        _propose(row, staff_id, refund_minor, reason)
        return False
    _decide(row, staff_id, refund_minor, reason)
    return True


def _propose(row: Claim, staff_id: UUID, refund_minor: int, reason: str) -> None:
    row.proposed_by_id, row.proposed_minor = staff_id, refund_minor
    row.held_by_id = row.held_until = None
    row.save()
    write(row, Step.PROPOSE, Side.STAFF, author_id=staff_id, text=reason, amount_minor=refund_minor)
    tell_staff(row)
    _note("proposed", row, staff_id, refund_minor=refund_minor)


def _decide(row: Claim, staff_id: UUID, refund_minor: int, reason: str) -> None:
    state = rules.after(State(row.state), Step.DECIDE, Side.STAFF)
    if state is None:
        raise ClaimMoved("It is settled. The queue shows what waits.")
    row.state = state.value
    write(row, Step.DECIDE, Side.STAFF, author_id=staff_id, text=reason, amount_minor=refund_minor)
    settle(row, refund_minor, Side.STAFF, staff_id)
    tell_buyer(row, Kind.CLAIM_SETTLED)
    tell_seller(row, Kind.CLAIM_SETTLED)
    # Last: the head of the audit is held from here on, and settling takes locks of its own.
    _note("decided", row, staff_id, refund_minor=refund_minor)
    crash.point("disputes.deciding")


@transaction.atomic
def open_picture(*, claim_id: UUID, evidence_id: UUID, staff_id: UUID, address: str) -> "MediaFile":
    """A picture of the case; that it was looked at is written down before. Raises `NotFound`."""
    row = queries.case_for(staff_id, users.levels_of(staff_id), claim_id)
    file = queries.picture_for(row, evidence_id)
    _note("picture_viewed", row, staff_id, address=address, evidence=str(evidence_id))
    return file


@transaction.atomic
def open_case(*, claim_id: UUID, staff_id: UUID) -> Claim:
    """The case as the staff read it; that it was looked at is written down before. Raises `NotFound`."""
    row = queries.case_for(staff_id, users.levels_of(staff_id), claim_id)
    _note("case_viewed", row, staff_id)
    return row


def _held(claim_id: UUID, staff_id: UUID) -> Claim:
    """The locked claim that this one holds. Levels and friendships are read anew."""
    row = queries.case_for(staff_id, users.levels_of(staff_id), claim_id, for_update=True)
    if row.state != State.REVIEW:
        raise ClaimMoved("It is settled. The queue shows what waits.")
    if not is_held_by(row.held_by_id, row.held_until, staff_id, clock.now()):
        raise NotHeld("Your hold has ended or was never made. Take it again; nothing was decided.")
    return row


def _note(act: str, row: Claim, staff_id: UUID, *, address: str | None = None, **detail: Any) -> None:
    record(
        act=f"disputes.{act}",
        actor_id=staff_id,
        subject_id=row.buyer_id,
        object_id=row.pk,
        address=address,
        seller=str(row.seller_id),
        **detail,
    )
