"""Reviewers and members who act on one request at the same moment, on whatever engine the suite runs."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from beyou.audit.models import AuditRecord
from beyou.core.errors import ApplicationError
from beyou.media.models import MediaFile
from beyou.users.rules import Level
from beyou.verification import queries, services
from beyou.verification.models import Decision, Document, VerificationRequest
from beyou.verification.rules import State, Verdict, Why
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.factories.documents import picture, request_of

pytestmark = pytest.mark.django_db(transaction=True)


def _tried(job: Callable[[], object], done: list[object]) -> None:
    with suppress(ApplicationError):
        job()
        done.append(job)


def test_of_reviewers_who_claim_at_once_one_wins() -> None:
    request = request_of(members.alice())
    reviewers = [members.staff(Level.VERIFIER, handle=f"vera_{number}") for number in range(6)]
    won: list[object] = []
    jobs = [partial(services.claim, request_id=request.pk, reviewer_id=each.pk) for each in reviewers]
    at_once([partial(_tried, job, won) for job in jobs])
    assert len(won) == 1
    assert AuditRecord.objects.filter(act="verification.claimed").count() == 1


def test_a_request_is_decided_once_however_often_the_button_is_pressed() -> None:
    alice, vera = members.alice(), members.staff(Level.VERIFIER, handle="vera")
    request = request_of(alice)
    ids = {"request_id": request.pk, "reviewer_id": vera.pk}
    services.claim(**ids)
    done: list[object] = []
    approve = partial(services.approve, **ids)
    reject = partial(services.reject, **ids, why=Why.EXPIRED, note="")
    at_once([partial(_tried, job, done) for job in (approve, reject, approve, reject)])
    assert len(done) == 1
    assert Decision.objects.count() == 1
    assert queries.is_verified(alice.pk) == (VerificationRequest.objects.get().state == State.APPROVED)


def test_who_hands_a_request_on_and_claims_it_at_once_does_not_keep_it() -> None:
    vera, owner = members.staff(Level.VERIFIER, handle="vera"), members.staff(handle="owner_one")
    ids = {"request_id": request_of(members.alice()).pk, "reviewer_id": vera.pk}
    services.claim(**ids)
    escalate = partial(services.escalate, **ids, to=Level.OWNER, note="Look")
    claim, approve = partial(services.claim, **ids), partial(services.approve, **ids)
    done: list[object] = []
    at_once([partial(_tried, job, done) for job in (escalate, claim, claim, approve)])
    row = VerificationRequest.objects.get()
    if row.state == State.APPROVED:
        assert not Decision.objects.filter(verdict=Verdict.ESCALATED).exists()
    else:
        assert (row.state, row.claimed_by_id, row.escalated_to) == (State.PENDING, None, Level.OWNER)
        services.claim(request_id=row.pk, reviewer_id=owner.pk)


def test_a_member_who_asks_many_times_at_once_has_one_request_and_one_document() -> None:
    alice = members.alice()
    submit = partial(services.submit, member_id=alice.pk, reason="I sell", image=picture())
    done: list[object] = []
    at_once([partial(_tried, submit, done) for _ in range(4)])
    assert len(done) == 1
    assert VerificationRequest.objects.count() == Document.objects.count() == MediaFile.objects.count() == 1


def test_taking_back_and_approving_at_once_leave_one_truth() -> None:
    for number in range(3):
        alice = members.member(f"alice_{number}")
        vera = members.staff(Level.VERIFIER, handle=f"vera_{number}")
        request = request_of(alice)
        services.claim(request_id=request.pk, reviewer_id=vera.pk)
        done: list[object] = []
        jobs = (
            partial(services.withdraw, member_id=alice.pk),
            partial(services.approve, request_id=request.pk, reviewer_id=vera.pk),
        )
        at_once([partial(_tried, job, done) for job in jobs])
        request.refresh_from_db()
        assert len(done) == 1
        assert queries.is_verified(alice.pk) == (request.state == State.APPROVED)
        assert (queries.stored_document(request.pk) is None) == (request.state == State.WITHDRAWN)
