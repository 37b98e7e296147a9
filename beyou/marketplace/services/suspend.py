"""Staff take an item off the market, and put it back in its seller's hands."""

from uuid import UUID

from django.db import transaction

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.events import publish
from beyou.marketplace import locks, rules
from beyou.marketplace.errors import StepImpossible
from beyou.marketplace.events import ItemWithdrawn
from beyou.marketplace.models import Item
from beyou.marketplace.rules import Actor, State, Step
from beyou.marketplace.services.index import index_item
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.users.queries import lock_members


@transaction.atomic
def suspend(*, actor_id: UUID, item_id: UUID, reason: str) -> Item:
    """Nobody finds or buys the item any more, and its seller is told why; twice is once.

    Whoever holds units at a checkout may still pay for them: they were promised. The caller has made sure
    that the actor may act on the seller. Raises `NotFound`, `InvalidInput` without a reason, and
    `StepImpossible` for drafts and for what is sold.
    """
    words = reason.strip()
    if not words or len(words) > rules.REASON_LENGTH:
        raise InvalidInput(f"Say why, in at most {rules.REASON_LENGTH} characters: the seller reads it.")
    item = _held(actor_id, item_id)
    then = rules.after(State(item.state), Step.SUSPEND, Actor.STAFF)
    if then is None:
        if item.state == State.INACTIVE_STAFF:
            return item
        raise StepImpossible("Only what is on the market or paused can be taken off it.")
    item.staff_reason = words
    _move(item, then)
    publish(ItemWithdrawn(item.pk))
    notify(member_id=item.seller_id, kind=Kind.ITEM_SUSPENDED, target=f"/market/i/{item.pk}")
    record(
        act="item.suspended", actor_id=actor_id, subject_id=item.seller_id, object_id=item.pk, reason=words
    )
    return item


@transaction.atomic
def restore(*, actor_id: UUID, item_id: UUID) -> Item:
    """The item is paused, and its seller may offer it again; twice is once. What was sold meanwhile stays so.

    Raises `NotFound`, and `StepImpossible` for what staff did not take off.
    """
    item = _held(actor_id, item_id)
    if not item.staff_reason:
        raise StepImpossible("Staff did not take this off the market.")
    item.staff_reason = ""
    _move(item, rules.after(State(item.state), Step.RESTORE, Actor.STAFF) or State(item.state))
    notify(member_id=item.seller_id, kind=Kind.ITEM_RESTORED, target=f"/market/i/{item.pk}")
    record(act="item.restored", actor_id=actor_id, subject_id=item.seller_id, object_id=item.pk)
    return item


def _held(actor_id: UUID, item_id: UUID) -> Item:
    """The item, locked as its seller would lock it."""
    seller_id = Item.objects.filter(id=item_id).values_list("seller_id", flat=True).first()
    if seller_id is None:
        raise NotFound
    lock_members([actor_id, seller_id])
    return locks.hold_item(item_id, seller_id)


def _move(item: Item, then: State) -> None:
    item.state, item.changed_at = then.value, clock.now()
    item.version += 1
    item.save(update_fields=["state", "staff_reason", "changed_at", "version"])
    index_item(item)
