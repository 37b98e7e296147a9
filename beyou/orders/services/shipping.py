"""From the payment to the delivery: each step checks who takes it and when, under the order's lock."""

from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from beyou.core import clock
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.events import publish
from beyou.core.transactions import retried
from beyou.marketplace import services as market
from beyou.notifications.rules import Kind as Notice
from beyou.offers import services as offers
from beyou.offers.rules import Kind
from beyou.orders import rules
from beyou.orders.errors import OrderMoved
from beyou.orders.events import PartMoved
from beyou.orders.locks import lock_order
from beyou.orders.models import PaymentAttempt, SubOrder
from beyou.orders.queries import Trade, trade_in
from beyou.orders.rules import Actor, AttemptState, State, Step, What
from beyou.orders.services.telling import note, notify_buyer, notify_seller
from beyou.payments import services as payments

log = structlog.get_logger()

_MOVED = "Somebody took another step meanwhile, or it is not time for this one. Load the page again."


@retried
def ship(*, seller_id: UUID, number: str, carrier: str, tracking: str) -> None:
    """The buyer knows that it is on its way, and how to follow it; the time to confirm begins. Sent again it
    corrects carrier and number, and the time goes on.

    Raises `NotFound`, `OrderMoved`, and `InvalidInput` without a carrier.
    """
    carrier, tracking = " ".join(carrier.split())[:40], " ".join(tracking.split())[:60]
    if not carrier:
        raise InvalidInput("Say who brings it, such as the post, or “by hand”.")
    part = _sold(seller_id, number)
    if (part.carrier, part.tracking) == (carrier, tracking):
        return
    is_new = part.state != State.SHIPPED
    move(part, Step.SHIP if is_new else Step.CORRECT, Actor.SELLER)
    part.carrier, part.tracking = carrier, tracking
    if is_new:
        part.shipped_at = clock.now()
        part.confirm_by = part.shipped_at + rules.CONFIRM_WITHIN
    tell(part, What.SHIPPED if is_new else What.CORRECTED, Actor.SELLER, seller_id, f"{carrier} {tracking}")
    notify_buyer(part.order, Notice.ORDER_SHIPPED, actor_id=seller_id)


@retried
def confirm(*, buyer_id: UUID, number: str) -> None:
    """It has arrived; the seller gets the money. Raises `NotFound`, `OrderMoved`."""
    part = _bought(buyer_id, number)
    if part.state != State.DELIVERED:
        _deliver(part, Actor.BUYER, buyer_id)


def _deliver(part: SubOrder, actor: Actor, actor_id: UUID | None) -> None:
    move(part, Step.CONFIRM, actor)
    part.ended_at = clock.now()
    payments.release(share_reference=share_of(part))
    tell(part, What.DELIVERED, actor, actor_id)
    notify_seller(part, Notice.ORDER_DELIVERED, actor_id=actor_id)


@retried
def call_off(*, member_id: UUID, number: str, reason: str = "") -> None:
    """What was not shipped is off, and everything that was paid for it goes back. A seller may do this until
    it is shipped, a buyer once the seller is late.

    Raises `NotFound`, `OrderMoved`.
    """
    part = _party(member_id, number)
    actor = Actor.SELLER if part.seller_id == member_id else Actor.BUYER
    may = rules.steps_of(State(part.state), actor, now=clock.now(), ship_by=part.ship_by)
    if Step.CALL_OFF not in may:
        raise OrderMoved(_MOVED)
    _call_off(part, actor, member_id, reason)


def _call_off(part: SubOrder, actor: Actor, actor_id: UUID | None, reason: str = "") -> None:
    move(part, Step.CALL_OFF, actor)
    part.ended_at = clock.now()
    market.give_back(lines=list(part.lines.values_list("variant_id", "quantity")))
    refund(part, "called_off", amount_minor=part.total_minor, key=f"part-{part.pk}")
    offers.give_back(order_id=part.order_id, voucher_ids=part.references(Kind.VOUCHER))
    tell(part, What.CALLED_OFF, actor, actor_id, " ".join(reason.replace("\0", " ").split()))
    if actor is not Actor.BUYER:
        notify_buyer(part.order, Notice.ORDER_CALLED_OFF, actor_id=actor_id)
    if actor is not Actor.SELLER:
        notify_seller(part, Notice.ORDER_CALLED_OFF, actor_id=actor_id)


def refund(part: SubOrder, reason: str, *, amount_minor: int, key: str, may_owe: bool = False) -> None:
    """So much of what the buyer paid for the part goes back, once for the key. Inside a transaction."""
    paid = PaymentAttempt.objects.get(order_id=part.order_id, state=AttemptState.SETTLED)
    assert paid.payment_id is not None  # A settled try knows its payment.
    payments.refund(
        payment_id=paid.payment_id,
        share_reference=share_of(part),
        amount_minor=amount_minor,
        reason=reason,
        idempotency_key=key,
        may_owe=may_owe,
    )


@retried
def note_refund(*, share_reference: UUID, amount_minor: int) -> None:
    """The timeline says that the gateway has sent the money back. A repeat changes nothing."""
    found = SubOrder.objects.filter(share_reference=share_reference).first()
    if found is None:
        return
    lock_order(found.order_id)
    part = SubOrder.objects.select_related("order").get(id=found.pk)
    if not part.events.filter(what=What.REFUNDED, detail=str(amount_minor)).exists():
        note(part.order, What.REFUNDED, Actor.GATEWAY, part=part, detail=str(amount_minor))
        notify_buyer(part.order, Notice.ORDER_REFUNDED)


def hold_trade(part_id: UUID) -> Trade:
    """The part, which takes no step until the caller's transaction ends."""
    return trade_in(locked(part_id))


def confirm_due(limit: int = 100) -> int:
    """Parcels that nobody complained about in time count as delivered. Returns how many were due."""
    rows = SubOrder.objects.filter(state=State.SHIPPED, confirm_by__lte=clock.now())
    return _each(rows.values_list("id", flat=True)[:limit], _confirm_if_due)


def give_up_due(limit: int = 100) -> int:
    """What was never shipped is off, and the money goes back. Returns how many were due."""
    late = clock.now() - (rules.GIVE_UP_AFTER - rules.SHIP_WITHIN)
    rows = SubOrder.objects.filter(state=State.PAID, ship_by__lte=late)
    return _each(rows.values_list("id", flat=True)[:limit], _give_up_if_due)


@retried
def _confirm_if_due(part_id: UUID) -> None:
    part = locked(part_id)
    if part.state == State.SHIPPED and part.confirm_by is not None and part.confirm_by <= clock.now():
        _deliver(part, Actor.CLOCK, None)
        notify_buyer(part.order, Notice.ORDER_DELIVERED)


@retried
def _give_up_if_due(part_id: UUID) -> None:
    part = locked(part_id)
    is_due = part.ship_by is not None and rules.is_given_up(part.ship_by, clock.now())
    if part.state == State.PAID and is_due:
        _call_off(part, Actor.CLOCK, None)


def leave_unshipped(*, member_id: UUID) -> None:
    """What a member who is erased has bought or sold and nobody has shipped is off; the money goes back."""
    rows = SubOrder.objects.filter(state=State.PAID)
    for ids in (rows.filter(seller_id=member_id), rows.filter(order__buyer_id=member_id)):
        for part_id in list(ids.values_list("id", flat=True)):
            _call_off_for_good(part_id)


@retried
def _call_off_for_good(part_id: UUID) -> None:
    part = locked(part_id)
    if part.state == State.PAID:
        _call_off(part, Actor.CLOCK, None)


def _each(ids: Iterable[UUID], step: Callable[[UUID], None]) -> int:
    """One that fails must not keep the others from going on; it is tried again with the next sweep."""
    found: list[UUID] = list(ids)
    for part_id in found:
        try:
            step(part_id)
        except ApplicationError as error:
            log.warning("orders.step_failed", part_id=str(part_id), code=error.code)
    return len(found)


def share_of(part: SubOrder) -> UUID:
    """How payments know the part."""
    assert part.share_reference is not None  # Set when the order was paid.
    return part.share_reference


def _sold(seller_id: UUID, number: str) -> SubOrder:
    found = SubOrder.objects.filter(seller_id=seller_id, number=number).exclude(
        state__in=(State.PENDING, State.CANCELLED)
    )
    return _through(found.values_list("id", flat=True).first())


def _bought(buyer_id: UUID, number: str) -> SubOrder:
    found = SubOrder.objects.filter(order__buyer_id=buyer_id, number=number)
    return _through(found.values_list("id", flat=True).first())


def _party(member_id: UUID, number: str) -> SubOrder:
    part = SubOrder.objects.filter(number=number).select_related("order").first()
    if part is None or member_id not in (part.seller_id, part.order.buyer_id):
        raise NotFound
    return _bought(member_id, number) if part.order.buyer_id == member_id else _sold(member_id, number)


def _through(part_id: UUID | None) -> SubOrder:
    if part_id is None:
        raise NotFound
    return locked(part_id)


def locked(part_id: UUID) -> SubOrder:
    """The part as it is once nobody else can change it."""
    lock_order(SubOrder.objects.values_list("order_id", flat=True).get(id=part_id))
    return SubOrder.objects.select_related("order").get(id=part_id)


def move(part: SubOrder, step: Step, actor: Actor) -> None:
    """The locked part is one step further; the caller saves. Raises `OrderMoved`."""
    state = rules.after(State(part.state), step, actor)
    if state is None:
        raise OrderMoved(_MOVED)
    part.state = state.value


def tell(part: SubOrder, what: What, actor: Actor, actor_id: UUID | None, detail: str = "") -> None:
    """The step is saved, stands in the timeline, and open pages learn of it."""
    part.save()
    note(part.order, what, actor, part=part, actor_id=actor_id, detail=detail)
    publish(PartMoved(part.order_id, part.pk, part.state))
