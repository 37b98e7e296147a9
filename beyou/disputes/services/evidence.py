"""What both sides show: pictures, made anew and encrypted, and messages that they chose."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction

from beyou.core import clock, keyring, limits
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.core.transactions import retried
from beyou.disputes import queries, rules
from beyou.disputes.errors import ClaimMoved, TooMuchEvidence
from beyou.disputes.models import Claim, Entry, Evidence
from beyou.disputes.rules import Side, State, Step
from beyou.disputes.services.telling import tell_buyer, tell_seller, write
from beyou.media.services import delete_media
from beyou.messaging import quoting
from beyou.messaging.quoting import Opening, Quote
from beyou.notifications.rules import Kind


def check_pictures(pictures: Sequence[bytes]) -> None:
    """Raises `TooMuchEvidence` before anything is made of them."""
    if len(pictures) > rules.MOST_PICTURES:
        raise TooMuchEvidence(f"Show at most {rules.MOST_PICTURES} pictures. What you wrote is kept.")


def show(entry: Entry, owner_id: UUID, kept: Sequence[UUID]) -> None:
    """The pictures stand beside the entry. Inside a transaction that holds the claim. Raises
    `TooMuchEvidence`.
    """
    mine = Entry.objects.filter(claim_id=entry.claim_id, author_id=owner_id)
    if mine.count() > rules.MOST_ENTRIES:
        raise TooMuchEvidence("You have said a lot already. The staff read what is there.")
    rows = Evidence.objects.filter(claim_id=entry.claim_id, owner_id=owner_id, media_id__isnull=False)
    if rows.count() + len(kept) > rules.MOST_PICTURES:
        raise TooMuchEvidence(f"Each side shows at most {rules.MOST_PICTURES} pictures.")
    for media_id in kept:
        Evidence.objects.create(claim_id=entry.claim_id, entry=entry, owner_id=owner_id, media_id=media_id)


def quote(
    *, member_id: UUID, claim_id: UUID, message_ids: Sequence[UUID], openings: Mapping[UUID, Opening]
) -> int:
    """The chosen messages of the two stand in the claim. Those that the server cannot read are shown as their
    opening says, once that fits what their sender committed to. Returns how many are new.

    Raises `NotFound`, `ClaimMoved`, `TooMuchEvidence`, `BadOpening`, and `InvalidInput` without any or with
    one of another conversation.
    """
    row = queries.claim_for(member_id, claim_id)
    other_id = row.seller_id if member_id == row.buyer_id else row.buyer_id
    wanted = list(dict.fromkeys(message_ids))
    if not wanted:
        raise InvalidInput("Choose at least one message.")
    if len(wanted) > rules.MOST_MESSAGES:
        raise TooMuchEvidence(f"Each side shows at most {rules.MOST_MESSAGES} messages.")
    limits.check("claims.member", str(member_id))
    try:
        quotes = quoting.quotes_between(member_id, other_id, wanted, openings)
    except NotFound:
        # The claim is the member's to see; what is missing is something that the body names.
        raise InvalidInput("One of these messages is not between you two. Nothing was added.") from None
    return _quote(member_id, claim_id, quotes)


@retried
def _quote(member_id: UUID, claim_id: UUID, quotes: Sequence[Quote]) -> int:
    row = Claim.objects.select_for_update().filter(id=claim_id).first()
    if row is None:
        raise NotFound
    side = queries.side_of(row, member_id)
    if rules.after(State(row.state), Step.SAY, side) is None:
        raise ClaimMoved("The claim is over; nothing can be added any more.")
    mine = Evidence.objects.filter(claim=row, owner_id=member_id, message_id__isnull=False)
    known = set(
        Evidence.objects.filter(claim=row, message_id__isnull=False).values_list("message_id", flat=True)
    )
    new = [each for each in quotes if each.message_id not in known]
    if not new:
        return 0
    if mine.count() + len(new) > rules.MOST_MESSAGES:
        raise TooMuchEvidence(f"Each side shows at most {rules.MOST_MESSAGES} messages.")
    entry = write(row, Step.SAY, side, author_id=member_id)
    for each in sorted(new, key=lambda found: found.seq):
        _add(row, entry, member_id, each)
    (tell_seller if side is Side.BUYER else tell_buyer)(row, Kind.CLAIM_MOVED)
    return len(new)


def _add(row: Claim, entry: Entry, member_id: UUID, found: Quote) -> None:
    key = uuid7()
    Evidence.objects.create(
        id=key,
        claim=row,
        entry=entry,
        owner_id=member_id,
        message_id=found.message_id,
        sender_id=found.sender_id,
        sent_at=clock.from_ms(found.received_ms),
        text=keyring.seal_field(found.text, table="disputes", column="message", row_id=key),
        was_sealed=found.was_sealed,
    )


@transaction.atomic
def forget(*, member_id: UUID) -> None:
    """Nothing that the member wrote or showed is left in any claim: neither words, nor pictures, nor
    messages, also those that the other side chose.
    """
    pictures = Evidence.objects.filter(owner_id=member_id, media_id__isnull=False)
    for media_id in pictures.values_list("media_id", flat=True):
        if media_id is not None:
            delete_media(media_id=media_id)
    Evidence.objects.filter(owner_id=member_id).delete()
    Evidence.objects.filter(sender_id=member_id).delete()
    Entry.objects.filter(author_id=member_id).exclude(text=b"").update(text=b"")
