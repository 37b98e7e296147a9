"""Reading requests, decisions and who is verified."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet

from beyou.audit.queries import records_by
from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.users import queries as users
from beyou.users.rules import Level
from beyou.verification.errors import VerificationRequired
from beyou.verification.models import Decision, Document, VerificationRequest
from beyou.verification.rules import (
    WORDS,
    Part,
    Standing,
    State,
    Verdict,
    Why,
    expected_wait,
    is_held_by,
    may_review,
    may_take,
    needs_second,
)

if TYPE_CHECKING:
    from beyou.users.models import User

#: How many of the last decisions the expected wait is taken from.
LAST = 20
PAGE = 50


def is_verified(member_id: UUID) -> bool:
    """Whether the member counts as verified at this moment. One statement."""
    return users.listed_members().filter(id=member_id, verified_at__isnull=False).exists()


def check_verified(member_id: UUID) -> None:
    """Raises `VerificationRequired`. The one policy: pages, API and sockets all ask it."""
    if not is_verified(member_id):
        raise VerificationRequired


def last_request(member_id: UUID) -> VerificationRequest | None:
    """The member's open request, or the one that ended last."""
    return VerificationRequest.objects.filter(member_id=member_id).order_by("-id").first()


def reason_of(request: VerificationRequest) -> str:
    """The member's words. Raises `Undecryptable` when the stored bytes were altered."""
    return keyring.open_field(bytes(request.reason), table="verification", column="reason", row_id=request.pk)


def last_decision(request_id: UUID) -> Decision | None:
    """The decision that stands, of several the newest."""
    return Decision.objects.filter(request_id=request_id, undone_at=None).order_by("-id").first()


def decision_by_id(decision_id: UUID) -> Decision | None:
    return Decision.objects.filter(id=decision_id).first()


def words_of(decision: Decision) -> str:
    """The reason as the member reads it, without the note."""
    return WORDS[Why(decision.why)] if decision.why and decision.why != Why.OTHER else ""


def parts_asked(request: VerificationRequest) -> frozenset[Part]:
    """What the member has to send again. Without a stored document that is always the picture, too."""
    asked = {Part(part) for part in request.asked_for.split()}
    if not Document.objects.filter(request=request, media_id__isnull=False).exists():
        asked.add(Part.IMAGE)
    return frozenset(asked)


def wait_to_expect() -> dt.timedelta | None:
    """The median wait of the last decisions, or None when there are too few. One statement."""
    told = (Verdict.APPROVED, Verdict.REJECTED, Verdict.RETURNED)
    rows = Decision.objects.filter(verdict__in=told, undone_at=None).order_by("-id")
    return expected_wait(list(rows.values_list("waited_ms", flat=True)[:LAST]))


def standing_of(request: VerificationRequest) -> Standing:
    return Standing(
        state=State(request.state),
        applicant_id=request.member_id,
        claimed_by_id=request.claimed_by_id,
        claimed_until=request.claimed_until,
        first_reviewer_id=request.first_reviewer_id,
    )


def reviewable_by(reviewer_id: UUID, levels: frozenset[str]) -> QuerySet[VerificationRequest]:
    """Requests that this reviewer may decide, in whatever state: never one's own, nor those of equals or
    of staff above.
    """
    rows = VerificationRequest.objects.exclude(member_id=reviewer_id).select_related("member")
    if Level.OWNER not in levels:
        return rows.filter(member__is_staff=False)
    return rows.exclude(member_id__in=users.staff_ids(Level.OWNER))


def request_for(
    reviewer_id: UUID, levels: frozenset[str], request_id: UUID, *, for_update: bool = False
) -> VerificationRequest:
    """The one door of reviewers to a request. Raises `NotFound` for what they may not decide, too."""
    rows = VerificationRequest.objects.filter(id=request_id)
    row = (rows.select_for_update() if for_update else rows.select_related("member")).first()
    if row is None or not may_review(reviewer_id, levels, row.member_id, users.levels_of(row.member_id)):
        raise NotFound
    return row


def handed_on_by(reviewer_id: UUID, rows: Iterable[VerificationRequest]) -> set[UUID]:
    """Which of the requests this reviewer has ever handed on, and so never decides. One statement."""
    found = Decision.objects.filter(request__in=list(rows), reviewer_id=reviewer_id)
    return set(found.filter(verdict=Verdict.ESCALATED).values_list("request_id", flat=True))


def could_help(request: VerificationRequest, level: Level) -> bool:
    """Whether anybody with this level could decide the request who has not approved it or handed it on."""
    theirs = users.levels_of(request.member_id)
    gone = Decision.objects.filter(request=request, verdict=Verdict.ESCALATED)
    others = set(users.staff_with(level)) - set(gone.values_list("reviewer_id", flat=True))
    others -= {request.first_reviewer_id, request.claimed_by_id}
    return any(may_review(each, users.levels_of(each), request.member_id, theirs) for each in others)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the queue: who holds it, if somebody does, and whether the reader may take it.

    `needs_other` says that the reader has approved it, `was_handed_on` that the reader handed it on, and
    `is_for_others` that it was handed on to a level that the reader does not have.
    """

    request: VerificationRequest
    holder: "User | None"
    is_mine: bool
    needs_other: bool
    was_handed_on: bool
    is_for_others: bool

    @property
    def is_free(self) -> bool:
        return self.holder is None and self.may_take

    @property
    def may_take(self) -> bool:
        return not (self.needs_other or self.was_handed_on or self.is_for_others)


@dataclass(frozen=True, slots=True)
class Queue:
    """The longest waiting first, and how many there are in all."""

    lines: list[Waiting]
    total: int


def queue_for(reviewer_id: UUID, levels: frozenset[str]) -> Queue:
    """What waits for this reviewer. A fixed number of statements."""
    rows = reviewable_by(reviewer_id, levels).filter(state__in=(State.PENDING, State.CLAIMED))
    shown = list(rows.order_by("submitted_at", "id")[:PAGE])
    return Queue(waiting(shown, reviewer_id, levels), rows.count())


def waiting(rows: list[VerificationRequest], reviewer_id: UUID, levels: frozenset[str]) -> list[Waiting]:
    """Who holds each of the requests, as this reviewer sees it. Two statements."""
    moment, handed_on = clock.now(), handed_on_by(reviewer_id, rows)
    held = {
        row.pk: row.claimed_by_id
        for row in rows
        if row.claimed_by_id and is_held_by(standing_of(row), row.claimed_by_id, moment)
    }
    people = users.members_by_id(held.values())
    return [
        Waiting(
            request=row,
            holder=people.get(held[row.pk]) if row.pk in held else None,
            is_mine=held.get(row.pk) == reviewer_id,
            needs_other=row.first_reviewer_id == reviewer_id,
            was_handed_on=row.pk in handed_on,
            is_for_others=not may_take(levels, row.escalated_to),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A request that a reviewer chose among others, and what it takes to decide it."""

    request: VerificationRequest
    reason: str
    has_document: bool
    #: Whether this reviewer has looked at the document.
    was_seen: bool
    #: Whether an approval would only ask for another reviewer's.
    needs_second: bool


def chosen_requests(
    reviewer_id: UUID, levels: frozenset[str], request_ids: Iterable[UUID], *, four_eyes: bool
) -> list[Chosen]:
    """Those of the requests that this reviewer may judge, in whatever state, the longest waiting first. A
    fixed number of statements.
    """
    mine = reviewable_by(reviewer_id, levels).filter(id__in=list(request_ids))
    rows = list(mine.order_by("submitted_at", "id"))
    stored = Document.objects.filter(request__in=rows, media_id__isnull=False)
    documents = {row.request_id: row.pk for row in stored.order_by("id")}
    looks = records_by(reviewer_id).filter(
        act="verification.document_viewed",
        object_id__in=[str(key) for key in documents.values()],
        created_at__gte=min((row.submitted_at for row in rows), default=clock.now()),
    )
    seen = set(looks.values_list("object_id", flat=True))
    return [
        Chosen(
            row,
            reason_of(row),
            row.pk in documents,
            str(documents.get(row.pk)) in seen,
            needs_second(standing_of(row), four_eyes=four_eyes),
        )
        for row in rows
    ]


def oldest_waiting(reviewer_id: UUID, levels: frozenset[str]) -> dt.datetime | None:
    """Since when the longest waiting request of this reviewer's queue waits. One statement."""
    rows = reviewable_by(reviewer_id, levels).filter(state__in=(State.PENDING, State.CLAIMED))
    return rows.order_by("submitted_at").values_list("submitted_at", flat=True).first()


def oldest_request() -> dt.datetime | None:
    """Since when the longest waiting request waits, whoever may judge it. One statement."""
    rows = VerificationRequest.objects.filter(state__in=(State.PENDING, State.CLAIMED)).order_by(
        "submitted_at"
    )
    return rows.values_list("submitted_at", flat=True).first()


@dataclass(frozen=True, slots=True)
class Decided:
    """One line of the history. `may_revoke` is for owners and what still stands."""

    decision: Decision
    reviewer: "User | None"
    words: str
    may_revoke: bool


@dataclass(frozen=True, slots=True)
class History:
    lines: list[Decided]
    next: UUID | None


def history_for(reviewer_id: UUID, levels: frozenset[str], *, before: UUID | None = None) -> History:
    """Decisions about requests that this reviewer may decide, the newest first. A fixed number of
    statements.
    """
    rows = Decision.objects.select_related("request__member").order_by("-id")
    rows = rows.filter(request__in=reviewable_by(reviewer_id, levels).values("id"))
    if before is not None:
        rows = rows.filter(id__lt=before)
    shown = list(rows[: PAGE + 1])
    reviewers = users.members_by_id(row.reviewer_id for row in shown)
    lines = [
        Decided(
            decision=row,
            reviewer=reviewers.get(row.reviewer_id),
            words=words_of(row),
            may_revoke=Level.OWNER in levels
            and row.verdict == Verdict.APPROVED
            and row.undone_at is None
            and row.request.state == State.APPROVED,
        )
        for row in shown[:PAGE]
    ]
    return History(lines, shown[PAGE - 1].pk if len(shown) > PAGE else None)


def decisions_about(request_id: UUID) -> list[Decision]:
    """All decisions about the request, the oldest first."""
    return list(Decision.objects.filter(request_id=request_id).order_by("id"))


def stored_document(request_id: UUID) -> Document | None:
    """The document that can still be looked at."""
    rows = Document.objects.filter(Q(request_id=request_id), media_id__isnull=False)
    return rows.order_by("-id").first()


def decisions_of(member_id: UUID) -> list[Decision]:
    """Every decision about the member, the newest first, also those that were undone. One statement."""
    return list(Decision.objects.filter(request__member_id=member_id).order_by("-id"))


def documents_due(kept: dt.timedelta) -> QuerySet[Document]:
    """Stored documents whose time is over when they are kept for so long after the decision, or for as long
    as their owners were promised if that is less. One statement to find out which promises there are.
    """
    stored, now = Document.objects.filter(media_id__isnull=False), clock.now()
    due = Q(request__decided_at__lt=now - kept)
    shorter = stored.filter(promised_days__lt=kept.days).order_by().values_list("promised_days", flat=True)
    for days in shorter.distinct():
        due |= Q(promised_days=days, request__decided_at__lt=now - dt.timedelta(days=days or 0))
    return stored.filter(due)
