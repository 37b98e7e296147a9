"""What the member does: asking, answering, taking back."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from beyou.core import clock, keyring, limits
from beyou.core.errors import InvalidInput
from beyou.core.ids import uuid7
from beyou.core.ports import options
from beyou.media.services import Purpose, delete_media, store_image
from beyou.users import queries as users
from beyou.users.rules import Level
from beyou.users.services import hold_member
from beyou.verification import queries
from beyou.verification.errors import AlreadyVerified, NobodyAbove, RequestMoved, RequestOpen
from beyou.verification.models import Document, VerificationRequest
from beyou.verification.rules import Part, State, Step, after
from beyou.verification.services.documents import delete_documents
from beyou.verification.services.telling import tell

#: Pixels: enough to read a document that fills the picture, less than a printer needs.
LONGEST_SIDE = 2000


def submit(*, member_id: UUID, reason: str, image: bytes) -> VerificationRequest:
    """The member's request waits for a reviewer, with its document encrypted under a key of its own.

    Raises `AlreadyVerified`, `RequestOpen`, `NobodyAbove`, `RateLimited`, and what `store_image` raises.
    """
    _check_may_apply(member_id)
    limits.check("verification.member", str(member_id))
    with _stored(member_id, image) as media_id, transaction.atomic():
        hold_member(member_id)
        _check_may_apply(member_id)
        request = VerificationRequest(id=uuid7(), member_id=member_id, open_of_id=member_id)
        request.reason = _sealed(request, reason)
        request.save(force_insert=True)
        _add_document(request, media_id)
        tell(member_id)
    return request


def resubmit(*, member_id: UUID, reason: str | None, image: bytes | None) -> VerificationRequest:
    """The request waits again, with what was asked for in the place of what was there; the rest stays.

    What was not asked for is ignored. Raises `RequestMoved` when there is nothing to answer, `RateLimited`,
    and what `store_image` raises.
    """
    limits.check("verification.member", str(member_id))
    before = _mine(member_id)
    wanted = queries.parts_asked(before)
    if (Part.IMAGE in wanted and image is None) or (Part.REASON in wanted and not reason):
        raise InvalidInput("Send what was asked for: nothing else can be changed now.")
    with _stored(member_id, image if Part.IMAGE in wanted else None) as media_id, transaction.atomic():
        request = _mine(member_id, for_update=True)
        state = after(State(request.state), Step.RESUBMIT)
        if state is None or queries.parts_asked(request) != wanted:
            raise RequestMoved("It is no longer waiting for your answer. Load the page again.")
        if media_id is not None:
            delete_documents(request.pk, because="replaced")
            _add_document(request, media_id)
        if reason is not None and Part.REASON in wanted:
            request.reason = _sealed(request, reason)
        request.state, request.asked_for, request.submitted_at = state.value, "", clock.now()
        request.decided_at = request.first_reviewer_id = None
        request.save()
        tell(member_id)
    return request


#: What owners read instead of a form.
NOBODY_ABOVE = (
    "Nobody stands above an owner, so nobody can review your document. Give the level back for as long as it"
    " takes, with `beyou staff withdraw` on the server, or ask before you get it."
)


@transaction.atomic
def withdraw(*, member_id: UUID) -> None:
    """The request is over and its document is deleted. Raises `RequestMoved` when nothing is open."""
    request = _mine(member_id, for_update=True)
    state = after(State(request.state), Step.WITHDRAW)
    if state is None:
        raise RequestMoved("There is no open request to take back.")
    request.state, request.open_of, request.asked_for = state.value, None, ""
    request.claimed_by_id = request.claimed_until = None
    request.save()
    delete_documents(request.pk, because="withdrawn")
    tell(member_id)


def _check_may_apply(member_id: UUID) -> None:
    if queries.is_verified(member_id):
        raise AlreadyVerified("There is nothing left to do.")
    if VerificationRequest.objects.filter(open_of_id=member_id).exists():
        raise RequestOpen("You can follow it on this page, answer it or take it back.")
    if Level.OWNER in users.levels_of(member_id):
        raise NobodyAbove(NOBODY_ABOVE)


def _mine(member_id: UUID, *, for_update: bool = False) -> VerificationRequest:
    request = VerificationRequest.objects.filter(open_of_id=member_id).first()
    if request is not None and for_update:
        # Locked by its key, as whoever decides it does: MariaDB locks the index searched first, and two
        # orders would be a deadlock. What changed before the lock was there is read again.
        locked = VerificationRequest.objects.select_for_update().filter(id=request.id).first()
        request = locked if locked is not None and locked.open_of_id == member_id else None
    if request is None:
        raise RequestMoved("There is no open request of yours.")
    return request


def _add_document(request: VerificationRequest, media_id: UUID | None) -> None:
    days = options.number("verification_document_days")
    Document.objects.create(request=request, media_id=media_id, promised_days=days)


def _sealed(request: VerificationRequest, reason: str) -> bytes:
    return keyring.seal_field(reason, table="verification", column="reason", row_id=request.pk)


@contextmanager
def _stored(member_id: UUID, image: bytes | None) -> Iterator[UUID | None]:
    """The picture is stored before the transaction, since decoding takes long, and gone if that fails."""
    if image is None:
        yield None
        return
    file = store_image(
        data=image, owner_id=member_id, purpose=Purpose.IDENTITY, longest_side=LONGEST_SIDE, encrypted=True
    )
    try:
        yield file.pk
    # Whatever stopped the request, nobody would ever look at this document or delete it.
    except BaseException:
        delete_media(media_id=file.pk)
        raise
