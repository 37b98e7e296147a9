"""Publishing, pausing, ending and deleting what one offers."""

from uuid import UUID

from django.db import transaction

from beyou.automod.services import check_pace
from beyou.core import clock, limits
from beyou.core.events import publish
from beyou.marketplace import locks, rules
from beyou.marketplace.errors import NotReady, StepImpossible
from beyou.marketplace.events import ItemListed, ItemWithdrawn
from beyou.marketplace.models import Item, ItemImage
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.rules import Actor, State, Step
from beyou.marketplace.services.index import index_item
from beyou.marketplace.services.watch import keep_back, may_be_seen
from beyou.media.services import delete_media
from beyou.users.queries import check_reach, lock_members
from beyou.verification.queries import check_verified

_REFUSED = {
    State.DRAFT: "This is a draft: publish it first, or delete it.",
    State.AVAILABLE: "This is on the market already.",
    State.SOLD: "This is sold.",
    State.INACTIVE_SELLER: "This is paused.",
    State.INACTIVE_STAFF: "Our staff took this off the market.",
}


def take_step(*, seller_id: UUID, item_id: UUID, step: Step) -> Item:
    """The item is in the state that `rules.TRANSITIONS` has for the seller's step; twice is once.

    What would be on the market and has a word that is held waits for the staff instead, as a draft. Raises
    `VerificationRequired`, `NotFound`, `StepImpossible`, `NotReady` for a draft that lacks something,
    `Limited` for whom the staff keep from putting more on the market, `ItemHeld` when an order holds a unit
    of what would end, `WatchedText`, `TooManyLinks` and `NewMemberLimit`.
    """
    limits.check("items.member", str(seller_id))
    check_verified(seller_id)
    with transaction.atomic():
        lock_members([seller_id])
        item = locks.hold_item(item_id, seller_id)
        then = rules.after(State(item.state), step, Actor.SELLER)
        if then is None:
            if item.state == _GOAL.get(step):
                return item
            raise StepImpossible(_REFUSED[State(item.state)])
        if step in (Step.PUBLISH, Step.RESUME):
            check_reach(seller_id)
        _check(item, step)
        if then is State.AVAILABLE and not _is_let(item, step):
            return item
        _move(item, then)
    return item


#: Where each step of a seller leads: whoever is there already clicked twice.
_GOAL = {
    Step.PUBLISH: State.AVAILABLE,
    Step.RESUME: State.AVAILABLE,
    Step.PAUSE: State.INACTIVE_SELLER,
    Step.END: State.DRAFT,
    Step.RELIST: State.DRAFT,
}


def _check(item: Item, step: Step) -> None:
    if item.staff_reason:
        # Sold to whoever held it when staff took it off; offered once more it would be back.
        raise StepImpossible(_REFUSED[State.INACTIVE_STAFF])
    if step in (Step.PUBLISH, Step.RESUME):
        lacking = rules.missing(details_of(item), images=item.images.count())
        if item.unfinished:
            lacking.append("a look at what is marked as wrong")
        if lacking:
            raise NotReady(lacking)
    if step is Step.END:
        locks.check_not_held(item)


def _is_let(item: Item, step: Step) -> bool:
    """Whether nothing keeps it from the market; otherwise it is a draft that waits."""
    is_let = may_be_seen(item)
    if step is Step.PUBLISH:
        check_pace(member_id=item.seller_id, act="offered", what="publish something")
    if is_let:
        return True
    if item.state != State.DRAFT:
        locks.check_not_held(item)
        keep_back(item)
    else:
        item.save(update_fields=["title", "description", "region"])
    return False


def _move(item: Item, then: State) -> None:
    item.state, item.changed_at = then.value, clock.now()
    item.version += 1
    if then is State.AVAILABLE:
        item.listed_ms = clock.now_ms()
    item.save(update_fields=["state", "changed_at", "version", "listed_ms", "title", "description", "region"])
    index_item(item)
    publish(ItemListed(item.pk) if then is State.AVAILABLE else ItemWithdrawn(item.pk))


def delete_draft(*, seller_id: UUID, item_id: UUID) -> None:
    """The draft and its pictures are gone. Raises `NotFound`, or `StepImpossible` for what is no draft."""
    with transaction.atomic():
        lock_members([seller_id])
        item = locks.hold_item(item_id, seller_id)
        if item.state != State.DRAFT:
            raise StepImpossible("Only a draft can be deleted. End the offer first.")
        for media_id, small_id in ItemImage.objects.filter(item=item).values_list("media_id", "small_id"):
            delete_media(media_id=media_id)
            delete_media(media_id=small_id)
        item.delete()
