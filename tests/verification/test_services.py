"""Requests from the first document to the last decision: who may do what, and what is left of it."""

import datetime as dt
import io
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from PIL import Image, ImageChops

from beyou.audit.models import AuditRecord
from beyou.core import clock, events, mail
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.core.models import OutboxEvent
from beyou.media.errors import NotAnImage
from beyou.media.models import MediaFile
from beyou.media.queries import private_storage
from beyou.notifications.models import Notification
from beyou.users.models import User
from beyou.users.rules import Level
from beyou.users.services import grant_level, withdraw_level
from beyou.verification import queries, rules, services
from beyou.verification.errors import (
    AlreadyVerified,
    ClaimedByOther,
    DocumentGone,
    HandedOn,
    NobodyAbove,
    NobodyToHelp,
    NotClaimed,
    RequestMoved,
    RequestOpen,
    SecondReviewerNeeded,
    TooLateToUndo,
    VerificationRequired,
)
from beyou.verification.models import Decision, Document, VerificationRequest
from beyou.verification.rules import Part, State, Step, Verdict, Why
from tests.factories import members
from tests.factories.documents import REASON, picture, request_of

pytestmark = pytest.mark.django_db

HOUR_MS = 3_600_000


def _verifier(handle: str = "vera") -> User:
    return members.staff(Level.VERIFIER, handle=handle)


def _claimed(applicant: User, reviewer: User) -> UUID:
    request = request_of(applicant)
    services.claim(request_id=request.pk, reviewer_id=reviewer.pk)
    return request.pk


def _state(request_id: UUID) -> str:
    return VerificationRequest.objects.get(id=request_id).state


def _acts() -> list[str]:
    acts = AuditRecord.objects.filter(act__startswith="verification.").order_by("id")
    return [act.removeprefix("verification.") for act in acts.values_list("act", flat=True)]


def _drain_everything() -> None:
    clock.shift(HOUR_MS)
    while events.drain():
        pass


def test_the_table_of_states_has_no_way_round_a_claim() -> None:
    for state, step in product(State, Step):
        after = rules.after(state, step)
        if step in (Step.APPROVE, Step.REJECT, Step.ASK, Step.SECOND, Step.RELEASE) and after is not None:
            assert state is State.CLAIMED
    assert all(rules.after(State.WITHDRAWN, step) is None for step in Step)
    assert all(rules.after(State.REVOKED, step) is None for step in Step)


def test_nothing_is_promised_before_there_are_enough_decisions() -> None:
    assert rules.expected_wait([1000, 5000]) is None
    assert rules.expected_wait([9000, 1000, 5000]) == dt.timedelta(seconds=5)


def test_the_document_is_stored_encrypted_and_the_reason_too() -> None:
    alice = members.alice()
    request = request_of(alice)
    file = MediaFile.objects.get(owner_id=alice.pk)
    assert file.wrapped_key
    with private_storage().open(file.name) as stored:
        assert b"WEBP" not in stored.read()[:32]
    assert REASON.encode() not in bytes(request.reason)
    assert queries.reason_of(request) == REASON


def test_one_open_request_and_none_for_the_verified_or_for_owners() -> None:
    alice, vera, owner = members.alice(), _verifier(), members.staff()
    request_id = _claimed(alice, vera)
    with pytest.raises(RequestOpen):
        request_of(alice)
    services.approve(request_id=request_id, reviewer_id=vera.pk)
    with pytest.raises(AlreadyVerified):
        request_of(alice)
    with pytest.raises(NobodyAbove):
        request_of(owner)
    assert MediaFile.objects.count() == 1


def test_a_file_that_is_no_picture_leaves_nothing_behind() -> None:
    alice = members.alice()
    for data in (b"", b"%PDF-1.7", b"<svg onload=alert(1)>", b"GIF89a" + b"\0" * 40, picture()[:400]):
        with pytest.raises(ApplicationError):
            services.submit(member_id=alice.pk, reason=REASON, image=data)
    assert not VerificationRequest.objects.exists()
    assert not MediaFile.objects.exists()
    with pytest.raises(NotAnImage):
        services.submit(member_id=alice.pk, reason=REASON, image=b"MZ\x90")


def test_approval_verifies_at_once_and_tells_once_it_can_no_longer_be_undone(mailoutbox: list[Any]) -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    with pytest.raises(VerificationRequired):
        queries.check_verified(alice.pk)
    services.approve(request_id=request_id, reviewer_id=vera.pk)
    queries.check_verified(alice.pk)
    while events.drain():
        pass
    assert mailoutbox == []
    _drain_everything()
    assert [message.to for message in mailoutbox] == [["alice@example.org"]]
    assert "You are verified" in mailoutbox[0].subject
    assert [row.kind for row in Notification.objects.filter(member=alice)] == ["verified"]
    assert _acts() == ["claimed", "approved"]


def test_an_undone_decision_never_was(mailoutbox: list[Any]) -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    services.approve(request_id=request_id, reviewer_id=vera.pk)
    services.undo(request_id=request_id, reviewer_id=vera.pk)
    assert not queries.is_verified(alice.pk)
    assert _state(request_id) == State.CLAIMED
    _drain_everything()
    assert mailoutbox == []
    assert not Notification.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert _acts() == ["claimed", "approved", "decision_undone"]


def test_only_the_decider_undoes_and_only_for_a_moment() -> None:
    alice, vera, victor = members.alice(), _verifier(), _verifier("victor")
    request_id = _claimed(alice, vera)
    services.reject(request_id=request_id, reviewer_id=vera.pk, why=Why.EXPIRED, note="")
    with pytest.raises(TooLateToUndo):
        services.undo(request_id=request_id, reviewer_id=victor.pk)
    clock.shift(16_000)
    with pytest.raises(TooLateToUndo):
        services.undo(request_id=request_id, reviewer_id=vera.pk)
    assert _state(request_id) == State.REJECTED


def test_a_rejected_member_sends_again_only_what_was_asked_for(mailoutbox: list[Any]) -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    services.reject(request_id=request_id, reviewer_id=vera.pk, why=Why.UNREADABLE, note="Use daylight.")
    first = MediaFile.objects.get()
    services.resubmit(member_id=alice.pk, reason="Another reason", image=picture(1000, 700))
    request = VerificationRequest.objects.get()
    assert (request.pk, request.state, request.asked_for) == (request_id, State.PENDING, "")
    assert queries.reason_of(request) == REASON
    assert MediaFile.objects.get().pk != first.pk
    assert list(Document.objects.order_by("id").values_list("deleted_because", flat=True)) == ["replaced", ""]
    _drain_everything()
    assert "blurred" in mailoutbox[0].body
    assert "Use daylight." in mailoutbox[0].body


def test_asking_for_words_keeps_the_picture() -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    only = frozenset({Part.REASON})
    services.ask_again(request_id=request_id, reviewer_id=vera.pk, parts=only, note="Why do you ask?")
    with pytest.raises(InvalidInput):
        services.resubmit(member_id=alice.pk, reason="", image=picture(1000, 700))
    before = MediaFile.objects.get()
    services.resubmit(member_id=alice.pk, reason="To sell", image=picture(1000, 700))
    assert MediaFile.objects.get() == before
    assert queries.reason_of(VerificationRequest.objects.get()) == "To sell"
    with pytest.raises(RequestMoved):
        services.resubmit(member_id=alice.pk, reason="Again", image=picture())


def test_taking_back_deletes_the_document_and_allows_a_new_request() -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    services.withdraw(member_id=alice.pk)
    assert not MediaFile.objects.exists()
    assert Document.objects.get().deleted_because == "withdrawn"
    with pytest.raises(RequestMoved):
        services.approve(request_id=request_id, reviewer_id=vera.pk)
    with pytest.raises(RequestMoved):
        services.withdraw(member_id=alice.pk)
    request_of(alice)


def _steps(request_id: UUID, reviewer_id: UUID) -> list[Callable[[], object]]:
    ids = {"request_id": request_id, "reviewer_id": reviewer_id}
    return [
        lambda: services.claim(**ids),
        lambda: services.release(**ids),
        lambda: services.approve(**ids),
        lambda: services.reject(**ids, why=Why.EXPIRED, note=""),
        lambda: services.ask_again(**ids, parts=frozenset(Part), note="More"),
        lambda: services.escalate(**ids, to=Level.OWNER, note="Look"),
        lambda: services.undo(**ids),
        lambda: services.revoke(**ids, note="Because"),
        lambda: services.open_document(**ids, address="203.0.113.9"),
    ]


@pytest.mark.parametrize("level", [None, Level.MODERATOR, Level.FINANCE, Level.AUDITOR])
def test_for_everybody_else_there_is_no_such_request(level: Level | None) -> None:
    alice = members.alice()
    other = members.staff(level, handle="other") if level else members.bob()
    request = request_of(alice)
    for step in _steps(request.pk, other.pk):
        with pytest.raises(NotFound):
            step()
    assert _acts() == []


@pytest.mark.parametrize("applicant_level", [Level.VERIFIER, Level.MODERATOR, Level.OWNER])
def test_nobody_decides_for_themselves_for_equals_or_upwards(applicant_level: Level) -> None:
    vera = _verifier()
    applicant = members.alice()
    request = request_of(applicant)
    grant_level(member_id=applicant.pk, level=applicant_level, granted_by_id=None)
    for reviewer in (vera, applicant):
        for step in _steps(request.pk, reviewer.pk):
            with pytest.raises(NotFound):
                step()
        assert queries.queue_for(reviewer.pk, frozenset({Level.VERIFIER})).lines == []
    owner = members.staff(handle="owner_one")
    lines = queries.queue_for(owner.pk, frozenset({Level.OWNER})).lines
    assert len(lines) == (0 if applicant_level is Level.OWNER else 1)


def test_a_claim_keeps_others_out_until_its_lease_ends() -> None:
    alice, vera, victor = members.alice(), _verifier(), _verifier("victor")
    request_id = _claimed(alice, vera)
    with pytest.raises(ClaimedByOther):
        services.claim(request_id=request_id, reviewer_id=victor.pk)
    with pytest.raises(NotClaimed):
        services.approve(request_id=request_id, reviewer_id=victor.pk)
    clock.shift(14 * 60_000)
    services.claim(request_id=request_id, reviewer_id=vera.pk)
    clock.shift(28 * 60_000)
    with pytest.raises(ClaimedByOther):
        services.claim(request_id=request_id, reviewer_id=victor.pk)
    clock.shift(30 * 60_000)
    with pytest.raises(NotClaimed):
        services.approve(request_id=request_id, reviewer_id=vera.pk)
    services.claim(request_id=request_id, reviewer_id=victor.pk)
    services.approve(request_id=request_id, reviewer_id=victor.pk)
    assert _acts() == ["claimed", "claimed", "approved"]


def test_a_verifier_who_lost_the_level_decides_nothing_with_a_claim() -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    withdraw_level(member_id=vera.pk, level=Level.VERIFIER, withdrawn_by_id=None)
    for step in _steps(request_id, vera.pk):
        with pytest.raises(NotFound):
            step()


def test_four_eyes_take_two_different_reviewers(settings: Any) -> None:
    settings.VERIFICATION_FOUR_EYES = True
    alice, vera, victor = members.alice(), _verifier(), _verifier("victor")
    request_id = _claimed(alice, vera)
    services.approve(request_id=request_id, reviewer_id=vera.pk)
    assert _state(request_id) == State.PENDING
    assert not queries.is_verified(alice.pk)
    with pytest.raises(SecondReviewerNeeded):
        services.claim(request_id=request_id, reviewer_id=vera.pk)
    services.claim(request_id=request_id, reviewer_id=victor.pk)
    services.approve(request_id=request_id, reviewer_id=victor.pk)
    assert queries.is_verified(alice.pk)
    assert _acts() == ["claimed", "seconded", "claimed", "approved"]


def test_who_hands_a_request_on_never_decides_it() -> None:
    alice, vera, victor = members.alice(), _verifier(), _verifier("victor")
    request_id = _claimed(alice, vera)
    decision = services.escalate(
        request_id=request_id, reviewer_id=vera.pk, to=Level.VERIFIER, note=" I know\n her. "
    )
    assert (decision.verdict, decision.note) == (Verdict.ESCALATED, "I know her.")
    assert _state(request_id) == State.PENDING
    (line,) = queries.queue_for(vera.pk, frozenset({Level.VERIFIER})).lines
    assert (line.is_free, line.was_handed_on) == (False, True)
    for step in _steps(request_id, vera.pk)[:6]:
        with pytest.raises(HandedOn):
            step()
    # Also after a colleague gave it back, and when the claim was taken before.
    services.claim(request_id=request_id, reviewer_id=victor.pk)
    services.release(request_id=request_id, reviewer_id=victor.pk)
    with pytest.raises(HandedOn):
        services.claim(request_id=request_id, reviewer_id=vera.pk)
    VerificationRequest.objects.update(
        state=State.CLAIMED, claimed_by_id=vera.pk, claimed_until=clock.now() + dt.timedelta(minutes=15)
    )
    for step in _steps(request_id, vera.pk)[1:6]:
        with pytest.raises(HandedOn):
            step()
    VerificationRequest.objects.update(state=State.PENDING, claimed_by_id=None, claimed_until=None)
    services.claim(request_id=request_id, reviewer_id=victor.pk)
    services.approve(request_id=request_id, reviewer_id=victor.pk)
    assert queries.is_verified(alice.pk)
    assert _acts() == ["claimed", "escalated", "claimed", "released", "claimed", "approved"]


def test_what_is_handed_on_to_an_owner_no_verifier_takes() -> None:
    alice, vera, victor = members.alice(), _verifier(), _verifier("victor")
    owner = members.staff(handle="owner_one")
    request_id = _claimed(alice, vera)
    services.escalate(request_id=request_id, reviewer_id=vera.pk, to=Level.OWNER, note="Is this a passport?")
    (line,) = queries.queue_for(victor.pk, frozenset({Level.VERIFIER})).lines
    assert (line.is_free, line.is_for_others, line.was_handed_on) == (False, True, False)
    with pytest.raises(HandedOn):
        services.claim(request_id=request_id, reviewer_id=victor.pk)
    services.claim(request_id=request_id, reviewer_id=owner.pk)
    assert services.open_document(request_id=request_id, reviewer_id=owner.pk, address="203.0.113.9").data
    # An owner who is a verifier only from now on keeps nothing of it.
    members.staff(handle="owner_two")
    grant_level(member_id=owner.pk, level=Level.VERIFIER, granted_by_id=None)
    withdraw_level(member_id=owner.pk, level=Level.OWNER, withdrawn_by_id=None)
    with pytest.raises(HandedOn):
        services.approve(request_id=request_id, reviewer_id=owner.pk)
    with pytest.raises(NotClaimed):
        services.open_document(request_id=request_id, reviewer_id=owner.pk, address="203.0.113.9")
    assert not queries.is_verified(alice.pk)


def test_a_request_is_handed_on_only_to_somebody_who_could_take_it(settings: Any) -> None:
    settings.VERIFICATION_FOUR_EYES = True
    alice, vera, victor = members.alice(), _verifier(), _verifier("victor")
    request_id = _claimed(alice, vera)
    escalate = partial(services.escalate, request_id=request_id, note="Look")
    with pytest.raises(NobodyToHelp):
        escalate(reviewer_id=vera.pk, to=Level.OWNER)
    services.approve(request_id=request_id, reviewer_id=vera.pk)
    services.claim(request_id=request_id, reviewer_id=victor.pk)
    # Vera has approved it once: she is no second look.
    with pytest.raises(NobodyToHelp):
        escalate(reviewer_id=victor.pk, to=Level.VERIFIER)
    closed = members.staff(handle="owner_gone")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    with pytest.raises(NobodyToHelp):
        escalate(reviewer_id=victor.pk, to=Level.OWNER)
    assert _state(request_id) == State.CLAIMED
    owner = members.staff(handle="owner_one")
    escalate(reviewer_id=victor.pk, to=Level.OWNER)
    services.claim(request_id=request_id, reviewer_id=owner.pk)
    # Nobody is left to whom the owner could hand it back.
    with pytest.raises(NobodyToHelp):
        escalate(reviewer_id=owner.pk, to=Level.VERIFIER)
    services.approve(request_id=request_id, reviewer_id=owner.pk)
    assert queries.is_verified(alice.pk)


def test_what_a_request_of_the_staff_needs_is_somebody_above_them() -> None:
    moderator = members.staff(Level.MODERATOR, handle="mod")
    _verifier()
    owner, other = members.staff(handle="owner_one"), members.staff(handle="owner_two")
    request_id = _claimed(moderator, owner)
    services.escalate(request_id=request_id, reviewer_id=owner.pk, to=Level.VERIFIER, note="We are related.")
    assert queries.queue_for(other.pk, frozenset({Level.OWNER})).lines[0].is_free
    services.claim(request_id=request_id, reviewer_id=other.pk)
    with pytest.raises(NobodyToHelp):
        services.escalate(request_id=request_id, reviewer_id=other.pk, to=Level.VERIFIER, note="Me, too.")


@pytest.mark.parametrize(
    ("to", "note"), [(Level.OWNER, " \n"), (Level.MODERATOR, "Look"), (Level.FINANCE, "")]
)
def test_handing_on_needs_words_and_a_level_of_reviewers(to: Level, note: str) -> None:
    vera = _verifier()
    members.staff(handle="owner_one")
    request_id = _claimed(members.alice(), vera)
    with pytest.raises(InvalidInput):
        services.escalate(request_id=request_id, reviewer_id=vera.pk, to=to, note=note)
    assert (_state(request_id), Decision.objects.count()) == (State.CLAIMED, 0)


def test_the_member_hears_nothing_of_handing_on(mailoutbox: list[Any]) -> None:
    alice, vera = members.alice(), _verifier()
    members.staff(handle="owner_one")
    request_id = _claimed(alice, vera)
    services.escalate(request_id=request_id, reviewer_id=vera.pk, to=Level.OWNER, note="A forgery?")
    _drain_everything()
    assert mailoutbox == []
    assert not Notification.objects.filter(member=alice).exists()
    assert "A forgery?" not in members.client_of(alice).get("/verify").content.decode()
    assert VerificationRequest.objects.get().decided_at is None
    with pytest.raises(TooLateToUndo):
        services.undo(request_id=request_id, reviewer_id=vera.pk)


def test_looking_is_written_down_first_and_the_picture_names_its_reader() -> None:
    alice, vera = members.alice(), _verifier()
    request = request_of(alice)
    with pytest.raises(NotClaimed):
        services.open_document(request_id=request.pk, reviewer_id=vera.pk, address="203.0.113.9")
    assert _acts() == []
    services.claim(request_id=request.pk, reviewer_id=vera.pk)
    opened = services.open_document(request_id=request.pk, reviewer_id=vera.pk, address="203.0.113.9")
    row = AuditRecord.objects.get(act="verification.document_viewed")
    assert (row.actor_id, row.subject_id, row.address) == (vera.pk, alice.pk, "203.0.113.9")
    shown = Image.open(io.BytesIO(opened.data))
    assert shown.size == (900, 600)
    from beyou.media.services import read_bytes

    media_id = Document.objects.get().media_id
    assert media_id is not None
    plain = Image.open(io.BytesIO(read_bytes(media_id))).convert("RGB")
    difference = ImageChops.difference(shown.convert("RGB"), plain).convert("L").histogram()
    differing = sum(difference[8:])
    assert differing > 20_000


def test_a_lost_file_has_still_left_its_trace() -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    private_storage().delete(MediaFile.objects.get().name)
    with pytest.raises(ApplicationError):
        services.open_document(request_id=request_id, reviewer_id=vera.pk, address="203.0.113.9")
    assert _acts() == ["claimed", "document_viewed"]


def test_documents_go_when_their_time_is_up_and_the_rows_remember(settings: Any) -> None:
    settings.VERIFICATION_DOCUMENT_DAYS = 30
    alice, bob, vera = members.alice(), members.bob(), _verifier()
    decided = _claimed(alice, vera)
    waiting = _claimed(bob, vera)
    services.approve(request_id=decided, reviewer_id=vera.pk)
    clock.shift(29 * 24 * HOUR_MS)
    assert services.delete_due_documents() == 0
    clock.shift(31 * 24 * HOUR_MS)
    assert services.delete_due_documents() == 1
    assert services.delete_due_documents() == 0
    gone = Document.objects.get(request_id=decided)
    assert gone.media_id is None
    assert gone.deleted_at is not None
    assert Document.objects.get(request_id=waiting).media_id is not None
    assert queries.is_verified(alice.pk)


def test_a_longer_time_holds_for_new_documents_and_a_shorter_one_for_all(settings: Any) -> None:
    settings.VERIFICATION_DOCUMENT_DAYS = 30
    alice, bob, vera = members.alice(), members.bob(), _verifier()
    old = _claimed(alice, vera)
    settings.VERIFICATION_DOCUMENT_DAYS = 60
    new = _claimed(bob, vera)
    assert dict(Document.objects.values_list("request_id", "promised_days")) == {old: 30, new: 60}
    for request_id in (old, new):
        services.approve(request_id=request_id, reviewer_id=vera.pk)
    clock.shift(31 * 24 * HOUR_MS)
    assert queries.documents_due(dt.timedelta(days=60)).get().request_id == old
    assert queries.documents_due(dt.timedelta(days=20)).count() == 2
    assert services.delete_due_documents() == 1
    assert services.delete_due_documents() == 0
    settings.VERIFICATION_DOCUMENT_DAYS = 20
    assert services.delete_due_documents() == 1


def test_who_answers_after_the_document_went_sends_another() -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    services.reject(request_id=request_id, reviewer_id=vera.pk, why=Why.UNCLEAR_REASON, note="")
    clock.shift(31 * 24 * HOUR_MS)
    services.delete_due_documents()
    assert queries.parts_asked(VerificationRequest.objects.get()) == {Part.REASON, Part.IMAGE}
    services.resubmit(member_id=alice.pk, reason="To sell", image=picture())
    services.claim(request_id=request_id, reviewer_id=vera.pk)
    Document.objects.update(media_id=None)
    with pytest.raises(DocumentGone):
        services.open_document(request_id=request_id, reviewer_id=vera.pk, address="203.0.113.9")


def test_an_owner_takes_a_verification_back_and_says_why(mailoutbox: list[Any]) -> None:
    alice, vera, owner = members.alice(), _verifier(), members.staff()
    request_id = _claimed(alice, vera)
    services.approve(request_id=request_id, reviewer_id=vera.pk)
    _drain_everything()
    with pytest.raises(NotFound):
        services.revoke(request_id=request_id, reviewer_id=vera.pk, note="No")
    with pytest.raises(InvalidInput):
        services.revoke(request_id=request_id, reviewer_id=owner.pk, note=" ")
    services.revoke(request_id=request_id, reviewer_id=owner.pk, note="The document was forged.")
    assert not queries.is_verified(alice.pk)
    with pytest.raises(RequestMoved):
        services.revoke(request_id=request_id, reviewer_id=owner.pk, note="Again")
    while events.drain():
        pass
    assert "forged" in mailoutbox[-1].body
    request_of(alice)


def test_nothing_is_left_of_an_erased_member() -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    services.reject(request_id=request_id, reviewer_id=vera.pk, why=Why.EXPIRED, note="")
    for _ in range(2):
        services.erase_member(member_id=alice.pk)
    for model in (VerificationRequest, Document, Decision, MediaFile):
        assert not model._default_manager.exists()
    _drain_everything()
    assert AuditRecord.objects.filter(subject_id=alice.pk).exists()


def test_a_rejection_for_another_reason_and_a_question_need_words() -> None:
    alice, vera = members.alice(), _verifier()
    request_id = _claimed(alice, vera)
    with pytest.raises(InvalidInput):
        services.reject(request_id=request_id, reviewer_id=vera.pk, why=Why.OTHER, note="  ")
    for parts, note in ((frozenset[Part](), "More"), (frozenset({Part.IMAGE}), " ")):
        with pytest.raises(InvalidInput):
            services.ask_again(request_id=request_id, reviewer_id=vera.pk, parts=parts, note=note)
    assert _state(request_id) == State.CLAIMED


def test_a_missing_request_is_not_found() -> None:
    for step in _steps(uuid7(), _verifier().pk):
        with pytest.raises(NotFound):
            step()


def test_the_mail_is_sent_again_when_the_server_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, vera = members.alice(), _verifier()
    services.approve(request_id=_claimed(alice, vera), reviewer_id=vera.pk)

    def away(*_: object) -> None:
        raise mail.MailNotSent

    monkeypatch.setattr(mail, "send", away)
    clock.shift(20_000)
    while events.drain():
        pass
    waiting = OutboxEvent.objects.get()
    assert (waiting.event, waiting.last_error) == ("VerificationSettled", "MailNotSent")
    assert Notification.objects.filter(member=alice).count() == 1
