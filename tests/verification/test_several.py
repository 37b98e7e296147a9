"""Several requests with one click: by the rules of the single decision, each for itself."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock
from beyou.users.models import User
from beyou.users.rules import Level
from beyou.users.services import withdraw_level
from beyou.verification import rules, services
from beyou.verification.models import Decision, VerificationRequest
from beyou.verification.rules import State
from tests.disputes.test_races import race
from tests.factories import members
from tests.factories.documents import request_of
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db

PAGE = f"/{settings.STAFF_PREFIX}/queue/several"


@pytest.fixture
def vera() -> User:
    return members.staff(Level.VERIFIER, handle="vera")


def waiting(count: int, prefix: str = "asks") -> list[UUID]:
    return [request_of(person).pk for person in members.members(count, prefix=prefix)]


def states(keys: list[UUID]) -> list[str]:
    found = dict(VerificationRequest.objects.filter(id__in=keys).values_list("id", "state"))
    return [found[key] for key in keys]


def send(client: Client, act: str, keys: list[Any], **more: str) -> tuple[int, str]:
    sent = {"do": act, "request": [str(key) for key in keys]} | more
    answer = client.post(PAGE, sent, follow=True)
    return answer.status_code, answer.content.decode()


def claimed(vera: User, keys: list[UUID]) -> list[UUID]:
    assert services.claim_many(reviewer_id=vera.pk, request_ids=keys).left == {}
    return keys


def test_ticked_looked_at_approved_and_undone(vera: User) -> None:
    client, keys = client_of(vera), waiting(3)
    page = client.post(PAGE, {"do": "all"}).content.decode()
    assert page.count(" checked") == 3
    status, page = send(client, "look", keys[:2])
    assert (status, "2 requests, claimed for you" in page) == (200, True)
    assert page.count("you are verified now") == 2, "what each of them reads"
    assert page.count("not seen by you") == 2
    assert states(keys) == [State.CLAIMED, State.CLAIMED, State.PENDING]
    client.get(f"/{settings.STAFF_PREFIX}/queue/{keys[0]}/document")
    assert send(client, "look", keys[:2])[1].count("not seen by you") == 1
    done = client.post(PAGE, {"do": "approve", "request": keys[:2]})
    page = client.get(done["Location"]).content.decode()
    assert "2 approved. The members are told in a few seconds." in page
    undo = page.partition(f'action="{PAGE}/undo?')[2].partition('"')[0].replace("&amp;", "&")
    assert User.objects.filter(verified_at__isnull=False, handle__startswith="asks").count() == 2
    assert "2 taken back" in client.post(f"{PAGE}/undo?{undo}", follow=True).content.decode()
    assert not User.objects.filter(verified_at__isnull=False, handle__startswith="asks").exists()
    assert states(keys) == [State.CLAIMED, State.CLAIMED, State.PENDING]
    twice = client.post(f"{PAGE}/undo?{undo}", follow=True).content.decode()
    assert "0 taken back. 2 could not be" in twice
    acts = AuditRecord.objects.filter(actor_id=vera.pk).values_list("act", flat=True)
    assert sum(act == "verification.approved" for act in acts) == 2
    assert sum(act == "verification.decision_undone" for act in acts) == 2
    send(client, "release", keys[:2])
    assert states(keys) == [State.PENDING] * 3


def test_refused_with_one_reason_after_what_they_read(vera: User) -> None:
    client, keys = client_of(vera), claimed(vera, waiting(2))
    said = {"why": "expired", "note": "Use a <new> one."}
    page = send(client, "words", keys, **said)[1]
    assert page.count("The document is no longer valid. They wrote: Use a &lt;new&gt; one.") == 2
    for wrong in ({"why": ""}, {"why": "fun"}, {"why": "other", "note": " "}, {"note": "x" * 501}):
        status, page = send(client, "reject", keys, **(said | wrong))
        assert (status, "There is a problem" in page) == (422, True), wrong
        assert page.count('name="request"') == 2, "what was chosen is kept"
    assert not Decision.objects.exists()
    assert "2 refused." in send(client, "reject", keys, **said)[1]
    assert states(keys) == [State.REJECTED] * 2
    assert set(Decision.objects.values_list("why", "note")) == {("expired", "Use a <new> one.")}
    # Pressed twice, from a tab that was open: named, and nothing else.
    status, page = send(client, "reject", keys, **said)
    assert (status, "2 could not be and stay as they were" in page) == (409, True)
    assert Decision.objects.count() == 2


def test_what_could_not_be_decided_is_named_and_stays(vera: User) -> None:
    client, other = client_of(vera), members.staff(Level.VERIFIER, handle="otto")
    keys = waiting(4)
    services.claim(request_id=keys[3], reviewer_id=other.pk)
    status, page = send(client, "look", keys)
    assert (status, "3 requests, claimed for you" in page) == (200, True)
    assert "@asks_3</b>" in page or "@asks_3: A colleague is looking at it." in page
    services.withdraw(member_id=VerificationRequest.objects.get(id=keys[0]).member_id)
    status, page = send(client, "approve", keys)
    assert (status, "2 approved." in page, "2 could not be" in page) == (409, True, True)
    for name in ("@asks_0:", "@asks_3:"):
        assert name in page
    assert states(keys) == [State.WITHDRAWN, State.APPROVED, State.APPROVED, State.CLAIMED]


def test_a_claim_that_ran_out_decides_nothing_and_the_words_are_kept(vera: User) -> None:
    keys = claimed(vera, waiting(2))
    clock.shift(int(rules.LEASE.total_seconds() * 1000) + 1000)
    other = members.staff(Level.VERIFIER, handle="otto")
    services.claim(request_id=keys[0], reviewer_id=other.pk)
    client = client_of(vera)
    status, page = send(client, "reject", keys, why="expired", note="Another one, please.")
    assert (status, "Your claim has ended" in page) == (409, True)
    assert 'name="note" value="Another one, please."' in page
    assert states(keys) == [State.CLAIMED, State.CLAIMED]
    assert VerificationRequest.objects.get(id=keys[0]).claimed_by_id == other.pk
    page = send(client, "look", keys, why="expired", note="Another one, please.")[1]
    assert "1 request, claimed for you" in page
    assert "Another one, please." in page


def test_nobody_judges_themselves_equals_upwards_or_without_the_level(vera: User) -> None:
    own, equal = request_of(vera).pk, request_of(members.staff(Level.VERIFIER, handle="equal")).pk
    owner = request_of(above := members.staff(Level.MODERATOR, handle="above")).pk
    plain = waiting(1)
    client = client_of(vera)
    keys = [own, equal, owner, uuid4()]
    status, page = send(client, "look", [*keys, *plain])
    assert (status, "1 request, claimed for you" in page) == (200, True)
    assert page.count("It is gone, or not yours to judge.") == 4
    assert above.handle not in page, "what is not theirs to judge has no name"
    for act in ("approve", "reject"):
        send(client, act, keys, why="expired", note="")
    assert states(keys[:3]) == [State.PENDING] * 3
    for level in (Level.MODERATOR, Level.FINANCE, Level.AUDITOR):
        stranger = client_of(members.staff(level, handle=f"only_{level}"))
        assert stranger.post(PAGE, {"do": "approve", "request": plain}).status_code == 404
        assert stranger.post(f"{PAGE}/undo?request={plain[0]}").status_code == 404
    for wrong in ([], ["x"], plain * 51):
        assert send(client, "look", wrong)[0] == 422
    assert client.post(f"{PAGE}/undo?request=x").status_code == 422
    withdraw_level(member_id=vera.pk, level=Level.VERIFIER, withdrawn_by_id=None)
    assert set(services.approve_many(reviewer_id=vera.pk, request_ids=plain).left) == set(plain)


def test_four_eyes_want_two_for_each(vera: User, settings: Any) -> None:
    settings.VERIFICATION_FOUR_EYES = True
    client, keys = client_of(vera), waiting(2)
    assert send(client, "look", keys)[1].count("another reviewer must agree") == 2
    page = send(client, "approve", keys)[1]
    assert "2 approved once. Another reviewer must agree." in page
    assert "several/undo" not in page
    page = send(client, "look", keys)[1]
    assert page.count("Somebody else must look at it now.") == 2
    other = client_of(members.staff(Level.VERIFIER, handle="otto"))
    send(other, "look", keys)
    assert "2 approved. The members are told" in send(other, "approve", keys)[1]
    assert states(keys) == [State.APPROVED] * 2


def test_the_pages_cost_the_same_for_two_and_for_many(vera: User) -> None:
    client, keys = client_of(vera), claimed(vera, waiting(2))
    client.get(PAGE)

    def cost(**sent: Any) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert (client.post(PAGE, sent) if sent else client.get(PAGE)).status_code == 200
        return len(caught)

    said = {"do": "words", "why": "expired", "note": ""}
    few = cost(), cost(request=keys, **said)
    keys += claimed(vera, waiting(6, "more"))
    assert (cost(), cost(request=keys, **said)) == few


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_each_request_is_decided_by_one() -> None:
    reviewers = [members.staff(Level.VERIFIER, handle=f"vera_{number}") for number in range(2)]
    keys = waiting(3)

    def decide(who: User) -> services.Several:
        services.claim_many(reviewer_id=who.pk, request_ids=keys)
        return services.approve_many(reviewer_id=who.pk, request_ids=keys)

    both = race(*[lambda who=who: decide(who) for who in reviewers])
    done = [key for each in both if isinstance(each, services.Several) for key in each.done]
    assert sorted(done) == sorted(keys)
    assert Decision.objects.count() == 3
