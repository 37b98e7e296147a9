"""What the two sides and the staff learn: an entry of the history, notices, and live frames."""

from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from beyou.core import keyring
from beyou.core.ids import uuid7
from beyou.core.ports import realtime
from beyou.disputes.models import Claim, Entry
from beyou.disputes.rules import TEXT_LENGTH, Side, Step
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.users import queries as users
from beyou.users.rules import Level


def plain(text: str) -> str:
    """The text as it is kept: no control characters, no more than anybody reads."""
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign == "\n" or sign.isprintable())
    return kept.strip()[:TEXT_LENGTH]


def write(
    claim: Claim,
    step: Step,
    side: Side,
    *,
    author_id: UUID | None = None,
    text: str = "",
    amount_minor: int | None = None,
) -> Entry:
    """The history has one more entry, with its words sealed; open pages look again after the commit."""
    entry_id, words = uuid7(), plain(text)
    sealed = keyring.seal_field(words, table="disputes", column="text", row_id=entry_id) if words else b""
    entry = Entry.objects.create(
        id=entry_id, claim=claim, step=step.value, side=side.value, author_id=author_id, text=sealed,
        amount_minor=amount_minor,
    )  # fmt: skip
    _tell_pages(claim)
    return entry


def _tell_pages(claim: Claim) -> None:
    def tell() -> None:
        rooms = [realtime.member_room(claim.buyer_id), realtime.member_room(claim.seller_id)]
        realtime.publish(rooms, orjson.dumps({"type": "order", "claim": str(claim.pk)}))
        realtime.publish(users.staff_rooms(Level.FINANCE), orjson.dumps({"type": "queue"}))

    transaction.on_commit(tell)


def page_of(claim: Claim) -> str:
    return f"/claims/{claim.pk}"


def tell_buyer(claim: Claim, kind: Kind, *, actor_id: UUID | None = None) -> None:
    notify(member_id=claim.buyer_id, kind=kind, actor_id=actor_id, target=page_of(claim))


def tell_seller(claim: Claim, kind: Kind, *, actor_id: UUID | None = None) -> None:
    notify(member_id=claim.seller_id, kind=kind, actor_id=actor_id, target=page_of(claim))


def tell_staff(claim: Claim) -> None:
    """Whoever may decide it has one notice for the whole queue."""
    for member_id in users.staff_with(Level.FINANCE):
        if member_id not in (claim.buyer_id, claim.seller_id):
            notify(member_id=member_id, kind=Kind.CLAIM_WAITING, target=f"/{settings.STAFF_PREFIX}/claims")
