"""Reading claims: by their two sides, and by the staff who decide them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet

from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.core.holds import is_held_by
from beyou.core.ports import options
from beyou.disputes import rules
from beyou.disputes.models import Claim, Entry, Evidence
from beyou.disputes.rules import Reason, Refusal, Side, State, Step
from beyou.friends.queries import are_friends, friend_ids
from beyou.media.queries import media_file
from beyou.messaging.queries import removed_among, removed_words
from beyou.users import queries as users
from beyou.users.rules import Level, has_level

if TYPE_CHECKING:
    from beyou.media.models import MediaFile
    from beyou.orders.models import SubOrder
    from beyou.users.models import User

PAGE = 30


def claim_for(member_id: UUID, claim_id: UUID) -> Claim:
    """The one door of both sides to a claim. Raises `NotFound` for that of others as for a missing one."""
    rows = Claim.objects.filter(Q(buyer_id=member_id) | Q(seller_id=member_id), id=claim_id)
    claim = rows.select_related("buyer", "seller", "part__order").prefetch_related("part__lines").first()
    if claim is None:
        raise NotFound
    return claim


def side_of(claim: Claim, member_id: UUID) -> Side:
    return Side.BUYER if claim.buyer_id == member_id else Side.SELLER


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """Claims, the newest first; `next` continues behind the last one."""

    items: list[Claim]
    next: UUID | None


def claims_of(member_id: UUID, *, before: UUID | None = None, limit: int = PAGE) -> ClaimPage:
    """Claims in which the member is a side. Two statements, whatever the number."""
    rows = Claim.objects.filter(Q(buyer_id=member_id) | Q(seller_id=member_id)).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    rows = rows.select_related("buyer", "seller", "part__order").prefetch_related("part__lines")
    items = list(rows[: limit + 1])
    return ClaimPage(items[:limit], items[limit - 1].pk if len(items) > limit else None)


def refusal_for(part: "SubOrder", reason: Reason | None = None) -> Refusal | None:
    """Why the buyer of the part cannot claim now. One statement."""
    former = [State(state) for state in Claim.objects.filter(part=part).values_list("state", flat=True)]
    parcel = rules.Parcel(part.state, part.shipped_at, part.ended_at)
    # Those of before the orders kept it have what holds now.
    days = part.claim_days or options.number("claim_days")
    return rules.may_claim(parcel, reason, former, days=days, now=clock.now())


def last_claim_id(part: "SubOrder") -> UUID | None:
    """The newest claim about the part. One statement."""
    return Claim.objects.filter(part=part).order_by("-id").values_list("id", flat=True).first()


def shown_messages(claim: Claim) -> set[UUID]:
    """The messages that stand in the claim already. One statement."""
    rows = Evidence.objects.filter(claim=claim, message_id__isnull=False)
    return {key for key in rows.values_list("message_id", flat=True) if key}


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, or a message with its words."""

    row: Evidence
    text: str
    sender: "User | None"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the history as it is read: who, what, in which words, with what is shown beside it."""

    entry: Entry
    author: "User | None"
    text: str
    pictures: list[Shown]
    messages: list[Shown]


def history(claim: Claim, *, for_staff: bool = False) -> list[Line]:
    """What happened and was shown, the oldest first. Members read no names of the staff, and no proposals.
    What the staff removed since is shown to members as removed. Four statements at most.
    """
    entries = Entry.objects.filter(claim=claim).order_by("id")
    if not for_staff:
        entries = entries.exclude(step=Step.PROPOSE)
    rows = list(entries)
    shown: dict[UUID, list[Shown]] = {}
    evidence = list(Evidence.objects.filter(claim=claim).select_related("sender").order_by("id"))
    removed = {} if for_staff else removed_among(each.message_id for each in evidence if each.message_id)
    for each in evidence:
        why = removed.get(each.message_id) if each.message_id else None
        text = removed_words(why) if why else _open(each.text, "message", each.pk)
        shown.setdefault(each.entry_id, []).append(Shown(each, text, each.sender))
    people = users.members_by_id(
        row.author_id for row in rows if row.author_id and (for_staff or row.side != Side.STAFF)
    )
    return [
        Line(
            entry=row,
            author=people.get(row.author_id) if row.author_id else None,
            text=_open(row.text, "text", row.pk),
            pictures=[each for each in shown.get(row.pk, []) if each.row.media_id],
            messages=[each for each in shown.get(row.pk, []) if each.row.message_id],
        )
        for row in rows
    ]


def _open(stored: bytes | memoryview, column: str, row_id: UUID) -> str:
    if not stored:
        return ""
    try:
        return keyring.open_field(bytes(stored), table="disputes", column=column, row_id=row_id)
    except keyring.Undecryptable:
        return "(altered in the database)"


def picture_for(claim: Claim, evidence_id: UUID) -> "MediaFile":
    """A picture of a claim that the reader may see. Raises `NotFound`."""
    row = Evidence.objects.filter(claim=claim, id=evidence_id, media_id__isnull=False).first()
    if row is None or row.media_id is None:
        raise NotFound
    return media_file(row.media_id)


# The staff


def case_for(staff_id: UUID, levels: frozenset[str], claim_id: UUID, *, for_update: bool = False) -> Claim:
    """The one door of the staff to a claim. Raises `NotFound` also for one's own case and a friend's."""
    rows = Claim.objects.filter(id=claim_id)
    if for_update:
        claim = rows.select_for_update().first()
    else:
        whole = rows.select_related("buyer", "seller", "part__order").prefetch_related("part__lines")
        claim = whole.first()
    if claim is None or not has_level(levels, Level.FINANCE):
        raise NotFound
    parties = frozenset({claim.buyer_id, claim.seller_id})
    friends = frozenset(each for each in parties if are_friends(staff_id, each))
    if not rules.is_impartial(staff_id, parties, friends):
        raise NotFound
    return claim


def cases_for(staff_id: UUID) -> QuerySet[Claim]:
    """Claims in whatever state that are neither this one's own nor a friend's."""
    near = [staff_id, *friend_ids(staff_id)]
    return Claim.objects.exclude(Q(buyer_id__in=near) | Q(seller_id__in=near))


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the queue: who holds it, if somebody does, and whether it needs another one's agreement."""

    claim: Claim
    holder: "User | None"
    is_mine: bool
    was_proposed: bool
    is_my_proposal: bool

    @property
    def is_free(self) -> bool:
        return self.holder is None and not self.is_my_proposal


@dataclass(frozen=True, slots=True)
class Queue:
    """The longest waiting first, and how many there are in all."""

    lines: list[Waiting]
    total: int


def queue_for(staff_id: UUID) -> Queue:
    """What waits for a decision that this one may make. A fixed number of statements."""
    rows = cases_for(staff_id).filter(state=State.REVIEW)
    shown = list(rows.select_related("buyer", "seller", "part").order_by("review_at", "id")[:PAGE])
    return Queue(waiting(shown, staff_id), rows.count())


def waiting(rows: Iterable[Claim], staff_id: UUID) -> list[Waiting]:
    """Who holds each of the claims, as this one sees it. One statement."""
    rows, moment = list(rows), clock.now()
    held = {
        row.pk: row.held_by_id
        for row in rows
        if row.held_by_id and is_held_by(row.held_by_id, row.held_until, row.held_by_id, moment)
    }
    people = users.members_by_id(held.values())
    return [
        Waiting(
            claim=row,
            holder=people.get(held[row.pk]) if row.pk in held else None,
            is_mine=held.get(row.pk) == staff_id,
            was_proposed=row.proposed_by_id is not None,
            is_my_proposal=row.proposed_by_id == staff_id,
        )
        for row in rows
    ]


def oldest_waiting(staff_id: UUID) -> dt.datetime | None:
    """Since when the longest waiting claim of the queue waits. One statement."""
    rows = cases_for(staff_id).filter(state=State.REVIEW).order_by("review_at")
    return rows.values_list("review_at", flat=True).first()


def oldest_claim() -> dt.datetime | None:
    """Since when the longest waiting claim waits for a decision, whoever may take it. One statement."""
    rows = Claim.objects.filter(state=State.REVIEW).order_by("review_at")
    return rows.values_list("review_at", flat=True).first()


def decided_for(staff_id: UUID, *, before: UUID | None = None) -> ClaimPage:
    """What was settled, the newest first. Two statements."""
    rows = cases_for(staff_id).exclude(state__in=[state.value for state in rules.OPEN]).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows.select_related("buyer", "seller", "part")[: PAGE + 1])
    return ClaimPage(items[:PAGE], items[PAGE - 1].pk if len(items) > PAGE else None)
