"""Warnings and suspensions: who decides, what ends at once and by the time, and who answers an objection."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock, events
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.keyring import Undecryptable
from beyou.core.realtime.endpoint import authenticate, authenticate_token
from beyou.friends.models import Friendship
from beyou.marketplace.queries import buyable_for
from beyou.moderation import queries, rules, services
from beyou.moderation.errors import (
    AlreadyAppealed,
    AlreadySuspended,
    DecisionMoved,
    SecondOpinionNeeded,
)
from beyou.moderation.models import Sanction
from beyou.moderation.rules import Kind, Past, Reason, State
from beyou.notifications.models import Notification
from beyou.privacy import services as privacy
from beyou.privacy.models import DataExport
from beyou.users.deletion import request_deletion
from beyou.users.models import User
from beyou.users.rules import Level
from beyou.users.scopes import Scope
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.factories.members import PASSWORD, client_of, staff
from tests.messaging.world import chat, refuse, say, text_draft
from tests.orders.world import offer, trader

pytestmark = pytest.mark.django_db

HOME = f"/{settings.STAFF_PREFIX}"
DAY = timedelta(days=1)


def later(span: timedelta) -> None:
    clock.shift(int(span.total_seconds() * 1000))


@pytest.fixture
def mo(db: None) -> User:
    return staff(Level.MODERATOR, handle="mo")


@pytest.fixture
def alice(db: None) -> User:
    return members.alice()


def suspend(mo: User, member: User, days: int | None = 3, **said: Any) -> Sanction:
    chosen = {"kind": Kind.SUSPENSION, "reason": Reason.SPAM, "words": "You sent 40 adverts.", "days": days}
    return services.sanction(actor_id=mo.pk, member_id=member.pk, **(chosen | said))


def test_who_is_suspended_reaches_nothing_but_why(mo: User, alice: User) -> None:
    browser, (_, token) = client_of(alice), members.token(alice, Scope.READ_PROFILE, Scope.CHAT)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    assert authenticate(cookie)
    assert authenticate_token(token)
    suspend(mo, alice)
    for path in ("/home", "/chats", "/market", "/settings", "/settings/look", "/settings/second-step"):
        assert browser.get(path)["Location"] == "/decisions", path
    assert browser.post("/friends/requests", {"handle": "bob"}).status_code in (302, 403, 404)
    answer = browser.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "suspended")
    assert Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 401
    assert authenticate(cookie) is None
    assert authenticate_token(token) is None
    page = browser.get("/decisions").content.decode()
    assert "You sent 40 adverts." in page
    assert "Suspended for 3 days" in page
    # A fresh sign-in leads to the same page.
    fresh = Client()
    fresh.post("/sign-in", {"login": alice.email, "password": PASSWORD})
    assert fresh.get("/home")["Location"] == "/decisions"
    assert fresh.post("/sign-out").status_code == 302


def test_who_is_suspended_can_still_take_a_copy_and_leave(mo: User, alice: User) -> None:
    browser = client_of(alice)
    suspend(mo, alice)
    page = browser.get("/settings/data").content.decode()
    assert "Take a copy" in page
    # None of the ways to what is shut, and nothing that opens a socket.
    for part in ('href="/chats"', 'href="/settings/look"', "data-member", "data-session-left"):
        assert part not in page, part
    assert 'href="/decisions"' in page
    assert browser.post("/settings/data/exports")["Location"] == "/settings/data"
    privacy.build_next()
    export = DataExport.objects.get(member=alice)
    assert browser.get(f"/settings/data/exports/{export.pk}").status_code == 200
    # A proof is asked for as of everybody.
    old = client_of(alice, is_fresh=False)
    assert old.get("/settings/data/leave")["Location"].startswith("/confirm?")
    assert old.post("/confirm", {"password": PASSWORD, "next": "/settings/data/leave"}).status_code == 302
    assert old.get("/settings/data/leave").status_code == 200
    assert old.get("/home")["Location"] == "/decisions"
    for path in ("/api/v1/me", "/api/v1/conversations"):
        assert (browser.get(path).status_code, browser.get(path).json()["code"]) == (403, "suspended")
    assert browser.post("/settings/data/leave", {"handle": "alice"}).status_code == 200
    alice.refresh_from_db()
    assert alice.deletion_due_at


def test_leaving_while_suspended_and_coming_back_leads_to_the_decision(mo: User, alice: User) -> None:
    suspend(mo, alice)
    request_deletion(member_id=alice.pk)
    browser = client_of(alice)
    assert browser.get("/home")["Location"] == "/leaving"
    browser.post("/leaving")
    assert browser.get("/home")["Location"] == "/decisions"


def test_friends_see_plainly_that_nobody_reads_and_not_why(mo: User, alice: User) -> None:
    bob = members.bob()
    talk = chat(alice, bob)
    say(talk, alice, "Hello")
    other = client_of(bob)
    assert "not possible at the moment" not in other.get(f"/chats/{talk.pk}").content.decode()
    suspend(mo, alice, days=1)
    page = other.get(f"/chats/{talk.pk}").content.decode()
    assert "Messages to this person are not possible at the moment." in page
    assert "Hello" in page
    assert "suspend" not in page.lower()
    assert 'data-open="false"' in page
    assert other.get(f"/api/v1/conversations/{talk.pk}").json()["open"] is False
    assert refuse(text_draft(talk, bob, "Are you there?")) == "unavailable"
    # The same words as for who is about to leave, so that nobody can tell the two apart.
    later(DAY + timedelta(seconds=2))
    assert say(talk, bob, "Are you there?")
    assert other.get(f"/api/v1/conversations/{talk.pk}").json()["open"] is True


def test_the_time_alone_ends_it_without_any_job(mo: User, alice: User) -> None:
    browser = client_of(alice)
    suspend(mo, alice, days=1)
    later(DAY - timedelta(seconds=2))
    assert browser.get("/home").status_code == 302
    later(DAY + timedelta(seconds=2))
    assert browser.get("/home").status_code == 200
    assert "Over" in browser.get("/decisions").content.decode()
    # Nor does what is over stand in the way of another one, and the job only writes it down.
    suspend(mo, alice, days=7)
    assert browser.get("/home").status_code == 302
    later(9 * DAY)
    assert services.end_due() == 1
    assert services.end_due() == 0
    assert set(Sanction.objects.values_list("state", flat=True)) == {"served"}


def test_what_a_suspended_member_offers_cannot_be_found_or_bought(mo: User) -> None:
    seller, buyer = trader("alice"), trader("bob")
    lamp = offer(seller)
    assert lamp.pk in buyable_for(buyer.pk, [lamp.pk])
    suspend(mo, seller)
    assert buyable_for(buyer.pk, [lamp.pk]) == {}
    assert client_of(buyer).get(f"/market/i/{lamp.item_id}", follow=True).status_code == 404
    later(4 * DAY)
    assert lamp.pk in buyable_for(buyer.pk, [lamp.pk])


def test_a_warning_shuts_nothing_and_is_told(mo: User, alice: User) -> None:
    services.sanction(
        actor_id=mo.pk, member_id=alice.pk, kind=Kind.WARNING, reason=Reason.OTHER, words="Mind your tone."
    )
    events.drain()
    assert Notification.objects.get(member=alice).kind == "decision"
    (sent,) = mail.outbox
    assert "Mind your tone." in sent.body
    assert client_of(alice).get("/home").status_code == 200
    page = client_of(alice).get("/decisions").content.decode()
    assert "A warning" in page
    assert "Mind your tone." in page


def test_for_ever_takes_two(mo: User, alice: User) -> None:
    browser, vi = client_of(alice), staff(Level.MODERATOR, handle="vi")
    row = suspend(mo, alice, days=None)
    assert row.state == State.PROPOSED
    assert browser.get("/home").status_code == 200
    assert "Suspended" not in browser.get("/decisions").content.decode()
    with pytest.raises(SecondOpinionNeeded):
        services.second(actor_id=mo.pk, sanction_id=row.pk, agrees=True)
    with pytest.raises(AlreadySuspended):
        suspend(mo, alice)
    services.second(actor_id=vi.pk, sanction_id=row.pk, agrees=True)
    later(5000 * DAY)
    assert client_of(alice).get("/home")["Location"] == "/decisions"
    with pytest.raises(DecisionMoved):
        services.second(actor_id=vi.pk, sanction_id=row.pk, agrees=False)


def test_what_the_second_refuses_never_counts(mo: User, alice: User) -> None:
    row = suspend(mo, alice, days=None)
    services.second(actor_id=staff(Level.MODERATOR, handle="vi").pk, sanction_id=row.pk, agrees=False)
    assert client_of(alice).get("/home").status_code == 200
    assert queries.strikes_of(alice.pk) == 0
    assert queries.decisions_about(alice.pk) == []
    suspend(mo, alice)


def test_nobody_decides_about_themselves_friends_equals_or_upwards(mo: User, alice: User) -> None:
    bob = members.bob()
    first, second = sorted((mo, bob), key=lambda member: member.pk)
    Friendship.objects.create(first=first, second=second)
    for person in (mo, bob, staff(Level.VERIFIER, handle="vi"), staff(handle="olga")):
        with pytest.raises(NotFound):
            suspend(mo, person)
    for other in (alice, staff(Level.AUDITOR, handle="au")):
        with pytest.raises(NotFound):
            suspend(other, members.member(f"x_{other.handle}"))
    assert not Sanction.objects.exists()
    # An owner decides about staff below.
    suspend(User.objects.get(handle="olga"), mo)
    assert client_of(mo).get(HOME + "/members").status_code in (302, 404)


@pytest.mark.parametrize(
    "said",
    [{"words": ""}, {"words": "   "}, {"words": "x" * 1001}, {"days": 0}, {"days": 2}, {"days": 10**6},
     {"kind": Kind.WARNING, "days": 3}],
)  # fmt: skip
def test_what_cannot_be_decided_changes_nothing(mo: User, alice: User, said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        suspend(mo, alice, **said)
    assert not Sanction.objects.exists()
    assert not AuditRecord.objects.filter(act__startswith="member.").exists()


def test_lifted_it_is_as_if_it_had_never_been(mo: User, alice: User) -> None:
    browser = client_of(alice)
    row = suspend(mo, alice)
    services.lift(actor_id=mo.pk, sanction_id=row.pk, why="It was her brother.")
    assert browser.get("/home").status_code == 200
    assert queries.strikes_of(alice.pk) == 0
    with pytest.raises(DecisionMoved):
        services.lift(actor_id=mo.pk, sanction_id=row.pk, why="It was her brother.")
    acts = AuditRecord.objects.filter(subject_id=alice.pk).order_by("id").values_list("act", flat=True)
    assert list(acts) == ["member.suspension_given", "member.sanction_lifted"]


def test_lifting_an_old_one_does_not_end_a_new_one(mo: User, alice: User) -> None:
    old = suspend(mo, alice, days=1)
    later(2 * DAY)
    suspend(mo, alice, days=30)
    services.lift(actor_id=mo.pk, sanction_id=old.pk, why="It was a mistake.")
    assert client_of(alice).get("/home").status_code == 302


# Objections


def test_somebody_else_answers_an_objection(mo: User, alice: User) -> None:
    browser, vi = client_of(alice), staff(Level.MODERATOR, handle="vi")
    row = suspend(mo, alice)
    empty = browser.post(f"/decisions/{row.pk}/appeal", {"words": " "})
    assert empty.status_code == 422
    page = browser.post(f"/decisions/{row.pk}/appeal", {"words": "<b>It was not me.</b>"}, follow=True)
    assert "&lt;b&gt;It was not me.&lt;/b&gt;" in page.content.decode()
    again = browser.post(f"/decisions/{row.pk}/appeal", {"words": "And another thing."})
    assert again.status_code == 422
    with pytest.raises(AlreadyAppealed):
        services.appeal(member_id=alice.pk, sanction_id=row.pk, words="Once more.")
    with pytest.raises(SecondOpinionNeeded):
        services.decide_appeal(actor_id=mo.pk, sanction_id=row.pk, is_granted=False, answer="No.")
    assert [case.can_decide for case in queries.waiting_for(mo.pk)] == [False]
    services.decide_appeal(
        actor_id=vi.pk, sanction_id=row.pk, is_granted=True, answer="You are right. Sorry."
    )
    assert browser.get("/home").status_code == 200
    assert "You are right. Sorry." in browser.get("/decisions").content.decode()
    with pytest.raises(DecisionMoved):
        services.decide_appeal(actor_id=vi.pk, sanction_id=row.pk, is_granted=False, answer="Hm.")


def test_upheld_it_stays_and_is_told(mo: User, alice: User) -> None:
    row = suspend(mo, alice)
    services.appeal(member_id=alice.pk, sanction_id=row.pk, words="It was not me.")
    events.drain()
    mail.outbox.clear()
    services.decide_appeal(
        actor_id=staff(Level.MODERATOR, handle="vi").pk,
        sanction_id=row.pk,
        is_granted=False,
        answer="It was.",
    )
    events.drain()
    assert "was answered" in mail.outbox[-1].subject
    assert client_of(alice).get("/home").status_code == 302


def test_nobody_objects_for_somebody_else_or_to_what_never_counted(mo: User, alice: User) -> None:
    row, proposed = suspend(mo, alice), suspend(mo, members.bob(), days=None)
    stranger = client_of(members.charlie())
    assert stranger.post(f"/decisions/{row.pk}/appeal", {"words": "Free her!"}).status_code == 404
    with pytest.raises(NotFound):
        services.appeal(member_id=proposed.member_id, sanction_id=proposed.pk, words="What is this?")
    assert Client().get("/decisions")["Location"].startswith("/sign-in")


def test_words_cannot_be_read_in_the_database_nor_moved(mo: User, alice: User) -> None:
    row = suspend(mo, alice, words="A very private matter.")
    services.appeal(member_id=alice.pk, sanction_id=row.pk, words="My very private answer.")
    row.refresh_from_db()
    assert b"private" not in bytes(row.words) + bytes(row.appeal.words)
    other = suspend(mo, members.bob())
    Sanction.objects.filter(pk=other.pk).update(words=row.words)
    with pytest.raises(Undecryptable):
        queries.decisions_about(other.member_id)


# The staff's pages


def test_the_form_shows_what_the_member_reads_and_keeps_what_was_typed(mo: User, alice: User) -> None:
    client = client_of(mo)
    said = {"what": "7", "reason": "scam", "words": "You sold one lamp twice.\n<script>alert(1)</script>"}
    page = client.post(f"{HOME}/members/{alice.pk}/sanction", said | {"do": "preview"}).content.decode()
    assert "The member reads:" in page
    assert "Suspend for 7 days · Cheating in trades" in page
    assert "<script>alert(1)" not in page
    assert not Sanction.objects.exists()
    for wrong in (
        {"what": "8"},
        {"what": "-1"},
        {"reason": "fun"},
        {"words": ""},
        {"words": "a\0b"},
        {"what": "9" * 400},
    ):
        answer = client.post(f"{HOME}/members/{alice.pk}/sanction", said | wrong | {"do": "decide"})
        assert answer.status_code == 422, wrong
    client.post(f"{HOME}/members/{alice.pk}/sanction", said | {"do": "decide"})
    assert Sanction.objects.get().days == 7
    # A second click, or a stale tab, changes nothing and says why.
    again = client.post(f"{HOME}/members/{alice.pk}/sanction", said | {"do": "decide"})
    assert (again.status_code, "There is a suspension already" in again.content.decode()) == (422, True)
    assert "2 strikes of the last half year. Usual now: a suspension of 14 days." in again.content.decode()


def test_the_queue_is_worked_off(mo: User, alice: User) -> None:
    vi, bob = staff(Level.MODERATOR, handle="vi"), members.bob()
    proposed, row = suspend(mo, alice, days=None), suspend(mo, bob)
    services.appeal(member_id=bob.pk, sanction_id=row.pk, words="I only sent one.")
    page = client_of(mo).get(f"{HOME}/decisions").content.decode()
    assert "You proposed it" in page
    assert "You decided it" in page
    client = client_of(vi)
    start = client.get(f"{HOME}/").content.decode()
    assert "<b>2</b>" in start
    assert client.post(f"{HOME}/decisions/{proposed.pk}/second", {"agrees": "maybe"}).status_code == 422
    client.post(f"{HOME}/decisions/{proposed.pk}/second", {"agrees": "yes"})
    kept = client.post(f"{HOME}/decisions/{row.pk}/answer", {"granted": "no", "answer": " "})
    assert kept.status_code == 422
    client.post(f"{HOME}/decisions/{row.pk}/answer", {"granted": "no", "answer": "You sent forty."})
    assert "Nothing waits" in client.get(f"{HOME}/decisions").content.decode()
    assert client.post(f"{HOME}/decisions/{row.pk}/lift", {"why": ""}).status_code == 422
    client.post(f"{HOME}/decisions/{row.pk}/lift", {"why": "Time served."})
    assert client_of(bob).get("/home").status_code == 200


def test_pages_cost_the_same_for_two_and_for_twenty(mo: User) -> None:
    client = client_of(staff(Level.MODERATOR, handle="vi"))

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"{HOME}/{path}").status_code == 200
        return len(caught)

    def proposals(count: int, prefix: str) -> list[User]:
        people = members.members(count, prefix=prefix)
        for person in people:
            suspend(mo, person, days=None)
        return people

    (alice, _) = proposals(2, "few")
    paths = ("decisions", f"members/{alice.pk}")
    for path in paths:
        cost(path)
    few = [cost(path) for path in paths]
    proposals(18, "many")
    for _ in range(10):
        services.sanction(
            actor_id=mo.pk, member_id=alice.pk, kind=Kind.WARNING, reason=Reason.SPAM, words="Stop it."
        )
    assert [cost(path) for path in paths] == few


def test_strikes_decay() -> None:
    now = clock.now()
    past = [
        Past(Kind.WARNING, None, now - timedelta(days=1)),
        Past(Kind.SUSPENSION, 3, now - timedelta(days=100)),
        Past(Kind.SUSPENSION, 30, now - rules.COUNTS_FOR),
    ]
    assert rules.strikes(past, now) == 3
    assert rules.strikes([Past(Kind.LIMIT, 7, now)], now) == 1
    assert rules.usual(0) == "a warning"
    assert "90 days" in rules.usual(4)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins() -> None:
    mo, vi, alice = staff(Level.MODERATOR, handle="mo"), staff(Level.MODERATOR, handle="vi"), members.alice()
    lost: list[Exception] = []

    def decide(actor: User) -> None:
        try:
            suspend(actor, alice)
        except AlreadySuspended as error:
            lost.append(error)

    at_once([lambda: decide(mo), lambda: decide(vi)])
    assert (Sanction.objects.count(), len(lost)) == (1, 1)
    row = Sanction.objects.get()
    services.appeal(member_id=alice.pk, sanction_id=row.pk, words="It was not me.")
    owners = [staff(handle="olga"), staff(handle="otto")]
    answers: list[Exception] = []

    def answer(actor: User, is_granted: bool) -> None:  # noqa: FBT001  (a pair of calls)
        try:
            services.decide_appeal(
                actor_id=actor.pk, sanction_id=row.pk, is_granted=is_granted, answer="That is so."
            )
        except DecisionMoved as error:
            answers.append(error)

    at_once([lambda: answer(owners[0], True), lambda: answer(owners[1], False)])
    assert len(answers) == 1
    alice.refresh_from_db()
    row.refresh_from_db()
    assert alice.is_suspended == (row.state == State.ACTIVE)
