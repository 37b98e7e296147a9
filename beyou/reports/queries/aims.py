"""What a member may report, and what they have reported of it already."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from beyou.blocks.queries import blocks_of
from beyou.core.errors import NotFound
from beyou.core.money import format_money
from beyou.friends.queries import profile_for
from beyou.marketplace import queries as market
from beyou.marketplace.queries.staff import staff_item
from beyou.messaging import quoting
from beyou.orders import queries as orders
from beyou.reports import rules
from beyou.reports.models import Report, Shown
from beyou.reports.rules import (
    Target,
)
from beyou.users import queries as users

if TYPE_CHECKING:
    from beyou.marketplace.models import Item
    from beyou.users.models import User


@dataclass(frozen=True, slots=True)
class Aim:
    """What a member is about to report: who answers for it, what it is called, and what it says now."""

    target: Target
    target_id: UUID
    about: "User"
    title: str
    #: Where the member came from.
    back: str
    snapshot: tuple[tuple[str, str], ...] = ()


def aim(member_id: UUID, target: Target, key: str) -> Aim:
    """The one door to what can be reported. The key is a handle, the id of an item, the number of a part of
    an order, or for messages the handle of whoever wrote them.

    Raises `NotFound` for what the member cannot see or what is their own. Who is behind a block can still be
    reported by whoever blocked them, and for messages by both.
    """
    found = _AIMS[target](member_id, key)
    if found.about.pk == member_id:
        raise NotFound
    return found


def _member(member_id: UUID, handle: str) -> Aim:
    blocked = blocks_of(member_id).filter(blocked__handle=handle).first()
    person = blocked.blocked if blocked else profile_for(member_id, handle).member
    said = (("Name", person.name), ("Handle", f"@{person.handle}"), ("About", person.bio))
    return Aim(Target.MEMBER, person.pk, person, person.name, f"/u/{person.handle}", said)


def _messages(member_id: UUID, handle: str) -> Aim:
    other_id = users.member_id_of_handle(handle)
    conversation = quoting.conversation_between(member_id, other_id) if other_id else None
    if other_id is None or conversation is None:
        raise NotFound
    person = users.member_by_id(other_id)
    if person.is_erased:
        raise NotFound
    said = (("Name", person.name), ("Handle", f"@{person.handle}"))
    return Aim(Target.MESSAGES, person.pk, person, person.name, f"/chats/{conversation.id}", said)


def _item(member_id: UUID, key: str) -> Aim:
    try:
        return _item_aim(market.item_for(member_id, UUID(key)).item)
    except ValueError:
        raise NotFound from None


def _item_aim(item: "Item") -> Aim:
    price = format_money(item.price_minor, item.currency) if item.price_minor else "none"
    said = (("Title", item.title), ("Price", price), ("Description", item.description))
    return Aim(Target.ITEM, item.pk, item.seller, item.title, f"/market/i/{item.pk}", said)


def aim_at_item(item_id: UUID) -> Aim:
    """An item that the automatic help found something in. Raises `NotFound` for what members never saw."""
    return _item_aim(staff_item(item_id).item)


def aim_at_member(member_id: UUID, target: Target, more: tuple[tuple[str, str], ...] = ()) -> Aim:
    """The profile or the messages of a member in which the automatic help found something. Raises `NotFound`
    for who is gone.
    """
    person = users.member_of(member_id)
    if person is None or person.is_erased:
        raise NotFound
    said: tuple[tuple[str, str], ...] = (("Name", person.name), ("Handle", f"@{person.handle}"))
    if target is Target.MEMBER:
        said += (("About", person.bio),)
    return Aim(target, person.pk, person, person.name, f"/u/{person.handle}", said + more)


def _order(member_id: UUID, number: str) -> Aim:
    part = orders.part_between(member_id, number)
    is_buyer = part.order.buyer_id == member_id
    things = ", ".join(line.title for line in part.lines.all())
    said = (
        ("Number", part.number),
        ("Things", things),
        ("Total", format_money(part.total_minor, part.currency)),
    )
    back = f"/orders/{part.order.number}" if is_buyer else f"/selling/orders/{part.number}"
    about = part.seller if is_buyer else part.order.buyer
    return Aim(Target.ORDER, part.pk, about, f"Order {part.number}", back, said)


_AIMS: Final[dict[Target, Callable[[UUID, str], Aim]]] = {
    Target.MEMBER: _member,
    Target.MESSAGES: _messages,
    Target.ITEM: _item,
    Target.ORDER: _order,
}


def open_report(member_id: UUID, found: Aim) -> Report | None:
    """What the member has said about it already, while the case is open. One statement."""
    key = rules.key_of(found.target, found.target_id)
    return Report.objects.filter(reporter_id=member_id, case__open_of=key).first()


def shown_messages(report: Report | None) -> set[UUID]:
    """The messages that came with it. At most one statement."""
    rows = Shown.objects.filter(report=report, message_id__isnull=False)
    return {key for key in rows.values_list("message_id", flat=True) if key} if report else set()
