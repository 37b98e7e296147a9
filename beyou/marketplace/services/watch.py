"""What the automatic help makes of an offer before members see it, and the look of the staff at what it keeps
back.
"""

from typing import Final
from uuid import UUID

from django.conf import settings

from beyou.audit.services import record
from beyou.automod import rules as watched
from beyou.automod.rules import Place, Word
from beyou.automod.services import find, flag_words, read_item
from beyou.core import clock, keyring
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.events import publish
from beyou.core.transactions import retried
from beyou.marketplace import locks, rules
from beyou.marketplace.errors import ItemChanged, NotReady, StepImpossible
from beyou.marketplace.events import ItemListed, ItemWithdrawn
from beyou.marketplace.models import Item, ItemLook, Variant
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.rules import State
from beyou.marketplace.services.index import index_item
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.users import queries as users
from beyou.users.rules import Level
from beyou.verification.queries import is_verified

#: Offers of the same category that a price is compared with.
_COMPARED: Final = 200
HELD_PAGE: Final = "automatic-help/held"


def said_by(item: Item) -> tuple[str, ...]:
    """Every text of the item that its seller is free in. One statement."""
    names = Variant.objects.filter(item=item).order_by("id").values_list("name", flat=True)
    return (item.title, item.description, item.region, *names)


def may_be_seen(item: Item) -> bool:
    """Whether members may see the item as it is now. Censored words in it are gone, and what a person should
    look at is a finding. Otherwise it waits for the staff; what they let through needs no second look.

    The caller holds the item and saves it. Raises `WatchedText` and `TooManyLinks`. Three statements where
    nothing is found.
    """
    said = said_by(item)
    readings = read_item(seller_id=item.seller_id, texts=said)
    now = tuple(each.text for each in readings)
    if now != said:
        item.title, item.description, item.region = now[:3]
        for variant, name in zip(Variant.objects.filter(item=item).order_by("id"), now[3:], strict=True):
            variant.name = name
            variant.save(update_fields=["name"])
    held = tuple(dict.fromkeys(word for each in readings for word in each.held))
    if not _is_let_through(item, now, held):
        return False
    flagged = dict.fromkeys(word for each in readings for word in each.flagged)
    flag_words(member_id=item.seller_id, place=Place.ITEMS, words=flagged, object_id=item.pk)
    _look_for_scams(item, " ".join(now))
    return True


def _digest(texts: tuple[str, ...]) -> str:
    return keyring.mac(b"let through", "\0".join(texts).encode()).hex()


def _is_let_through(item: Item, texts: tuple[str, ...], held: tuple[Word, ...]) -> bool:
    look = ItemLook.objects.filter(pk=item.pk).first()
    if not held or (look is not None and look.cleared == _digest(texts)):
        if look is not None and (look.waits_since or look.answer):
            look.waits_since, look.words, look.answer = None, "", ""
            look.save()
        return True
    words = ", ".join(f"“{each.pattern}”" for each in held)[: ItemLook.WORDS]
    if look is None or not look.waits_since:
        look = ItemLook(item=item, waits_since=clock.now(), cleared=look.cleared if look else "")
        _tell_staff(item)
    look.words, look.answer = words, ""
    look.save()
    return False


def _tell_staff(item: Item) -> None:
    for member_id in users.staff_with(Level.MODERATOR):
        if member_id != item.seller_id:
            target = f"/{settings.STAFF_PREFIX}/{HELD_PAGE}"
            notify(member_id=member_id, kind=Kind.HELD_WAITING, target=target)


def _look_for_scams(item: Item, text: str) -> None:
    """What often goes with fraud is a question to a person, and nothing else."""
    contacts = watched.contacts_in(text)
    if contacts:
        why = f"It leads buyers away from this place: {', '.join(contacts)}."
        _ask(item, watched.Kind.CONTACT, why)
    if item.category_id is None or not item.price_minor:
        return
    others = Item.objects.filter(
        category_id=item.category_id, state=State.AVAILABLE.value, currency=item.currency
    ).exclude(seller_id=item.seller_id)
    prices = [
        price
        for price in others.order_by("-listed_ms").values_list("price_minor", flat=True)[:_COMPARED]
        if price
    ]
    if watched.is_too_cheap(item.price_minor, prices):
        share = round(100 * item.price_minor / watched.median(prices))
        why = f"Its price is {share} % of what the middle one of {len(prices)} offers in its category costs."
        _ask(item, watched.Kind.CHEAP, why)


def _ask(item: Item, kind: watched.Kind, why: str) -> None:
    find(member_id=item.seller_id, place=Place.ITEMS, kind=kind, why=why, object_id=item.pk)


@retried
def let_through(*, actor_id: UUID, item_id: UUID, seen_version: int) -> Item:
    """The item that waited is on the market as its seller wanted, with the words that the actor saw.

    The caller has made sure that the actor may act on the seller. Raises `NotFound`, `StepImpossible` when it
    waits no more, `ItemChanged` when it says something else meanwhile, and `NotReady`.
    """
    item, look = _held(actor_id, item_id)
    if not is_verified(item.seller_id):
        raise StepImpossible("Its seller is not verified any more. Send it back.")
    if item.version != seen_version:
        raise ItemChanged
    lacking = rules.missing(details_of(item), images=item.images.count())
    if item.unfinished:
        lacking.append("a look of its seller at what is marked as wrong")
    if lacking:
        raise NotReady(lacking)
    look.cleared, look.waits_since, look.answer = _digest(said_by(item)), None, ""
    look.save()
    item.state, item.changed_at, item.listed_ms = State.AVAILABLE.value, clock.now(), clock.now_ms()
    item.version += 1
    item.save(update_fields=["state", "changed_at", "version", "listed_ms"])
    index_item(item)
    publish(ItemListed(item.pk))
    _settled(item, actor_id, "item.let_through", words=look.words)
    return item


@retried
def send_back(*, actor_id: UUID, item_id: UUID, reason: str) -> Item:
    """The item stays a draft of its seller, who reads the reason and may change it. Raises `NotFound`,
    `InvalidInput` without a reason, and `StepImpossible` when it waits no more.
    """
    words = reason.strip()
    if not words or len(words) > rules.REASON_LENGTH:
        raise InvalidInput(f"Say why, in at most {rules.REASON_LENGTH} characters: the seller reads it.")
    item, look = _held(actor_id, item_id)
    look.waits_since, look.answer = None, words
    look.save()
    _settled(item, actor_id, "item.sent_back", words=look.words, reason=words)
    return item


def _settled(item: Item, actor_id: UUID, act: str, **detail: str) -> None:
    notify(member_id=item.seller_id, kind=Kind.HELD_SETTLED, target=f"/market/i/{item.pk}")
    record(act=act, actor_id=actor_id, subject_id=item.seller_id, object_id=item.pk, **detail)


def _held(actor_id: UUID, item_id: UUID) -> tuple[Item, ItemLook]:
    """The item and its look, locked as its seller would lock them. Of two who decide one is second."""
    seller_id = Item.objects.filter(id=item_id).values_list("seller_id", flat=True).first()
    if seller_id is None:
        raise NotFound
    users.lock_members([actor_id, seller_id])
    item = locks.hold_item(item_id, seller_id)
    look = ItemLook.objects.select_for_update().filter(pk=item_id).first()
    if look is None:
        raise NotFound
    if look.waits_since is None or item.state != State.DRAFT:
        raise StepImpossible("It waits no more: somebody of the staff was faster, or its seller was.")
    return item, look


def keep_back(item: Item) -> None:
    """What was on the market is a draft again until the staff have looked. The caller has made sure that
    nobody holds it.
    """
    item.state, item.changed_at = State.DRAFT.value, clock.now()
    item.version += 1
    item.save()
    index_item(item)
    publish(ItemWithdrawn(item.pk))
