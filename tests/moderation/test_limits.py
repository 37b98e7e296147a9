"""A limit of reach: what is out of reach, for how long, who can take it back, and what stays as it was."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import events
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.friends import services as friends
from beyou.friends.models import Friendship
from beyou.friends.queries import find_members, verified_page
from beyou.friends.rules import Relation, Step
from beyou.marketplace.models import NewlyListed
from beyou.marketplace.queries.browse import card_page, similar_to, tree
from beyou.marketplace.rules import State as ItemState
from beyou.marketplace.rules import Step as ItemStep
from beyou.marketplace.services import match_new, save_search, take_step
from beyou.marketplace.services.index import index_item
from beyou.marketplace.wanted import Wanted
from beyou.messaging.services import start_conversation
from beyou.moderation import queries, services
from beyou.moderation.errors import AlreadyLimited, AlreadySuspended, DecisionMoved
from beyou.moderation.models import Sanction
from beyou.moderation.rules import Kind, Reason, State
from beyou.notifications.models import Notification
from beyou.users.errors import Limited
from beyou.users.models import User
from beyou.users.rules import Level
from tests.disputes.test_races import race
from tests.factories import market, members
from tests.factories.members import client_of, staff
from tests.messaging.world import befriend, say
from tests.moderation.test_sanctions import DAY, HOME, later, suspend
from tests.orders.world import begin, buy, offer, trader

pytestmark = pytest.mark.django_db


@pytest.fixture
def mo(db: None) -> User:
    return staff(Level.MODERATOR, handle="mo")


@pytest.fixture
def alice(db: None) -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob(alice: User) -> User:
    """Alice's friend."""
    made = trader("bob", "Bob Birch")
    befriend(alice, made)
    return made


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger."""
    return trader("charlie", "Charlie Cedar")


def limit(mo: User, member: User, days: int | None = 7, **said: Any) -> Sanction:
    chosen = {"kind": Kind.LIMIT, "reason": Reason.SPAM, "words": "You asked 90 strangers.", "days": days}
    return services.sanction(actor_id=mo.pk, member_id=member.pk, **(chosen | said))


def finds(who: User, text: str) -> list[str]:
    return [each.member.handle for each in find_members(who.pk, text)]


def goods(who: User, **wanted: Any) -> list[str]:
    return [card.item.title for card in card_page(who.pk, Wanted(**wanted), tree()).items]


# What is out of reach


# Committed, because MariaDB finds words by its index only then.
@pytest.mark.django_db(transaction=True)
def test_strangers_find_neither_the_member_nor_what_they_sell_and_friends_do(
    mo: User, alice: User, bob: User, charlie: User
) -> None:
    lamp = market.item(alice, "Brass lamp")
    index_item(lamp)
    other = market.item(trader("eve"), "Brass bell")
    for who in (bob, charlie):
        assert "alice" in finds(who, "alice")
        assert "Brass lamp" in goods(who)
    limit(mo, alice)
    assert finds(charlie, "alice") == finds(charlie, "ash") == []
    assert [each.member.handle for each in verified_page(charlie.pk).items] == ["bob", "eve"]
    assert finds(bob, "alice") == ["alice"]
    assert "alice" in [each.member.handle for each in verified_page(bob.pk).items]
    for wanted in ({}, {"text": "lamp"}, {"text": "brass", "friends_first": True}, {"region": "Utr"}):
        assert "Brass lamp" not in goods(charlie, **wanted), wanted
    assert "Brass lamp" in goods(bob)
    assert "Brass lamp" in goods(bob, text="lamp", friends_first=True)
    assert "Brass lamp" in goods(alice)
    assert lamp.pk not in [card.item.id for card in similar_to(charlie.pk, other)]
    # The API looks through the same eyes, and the doors of whoever knows the address stay open.
    api = client_of(charlie).get("/api/v1/market/items").json()
    assert "Brass lamp" not in [each["title"] for each in api["items"]]
    assert client_of(charlie).get(f"/market/i/{lamp.pk}", follow=True).status_code == 200
    assert client_of(charlie).get("/u/alice").status_code == 200


def test_the_time_alone_ends_it_also_on_the_statements_that_are_written_once(
    mo: User, alice: User, bob: User, charlie: User
) -> None:
    market.item(alice, "Brass lamp")
    limit(mo, alice, days=1)
    assert goods(charlie) == []
    later(DAY - timedelta(seconds=2))
    assert (goods(charlie), finds(charlie, "alice")) == ([], [])
    later(DAY + timedelta(seconds=2))
    assert goods(charlie) == ["Brass lamp"]
    assert finds(charlie, "alice") == ["alice"]
    assert friends.take(member_id=alice.pk, other_id=charlie.pk, step=Step.REQUEST) is Relation.ASKED
    page = client_of(alice).get("/home").content.decode()
    assert "limited your reach" not in page
    # Nor does what is over stand in the way of another, and the job only writes it down.
    limit(mo, alice, days=3)
    assert goods(charlie) == []
    later(9 * DAY)
    assert services.end_due() == 1
    assert set(Sanction.objects.values_list("state", flat=True)) == {"served"}


def test_the_goods_of_whoever_was_suspended_are_back_by_the_time_alone(
    mo: User, alice: User, charlie: User
) -> None:
    market.item(alice, "Brass lamp")
    assert goods(charlie) == ["Brass lamp"]
    suspend(mo, alice, days=1)
    assert goods(charlie) == []
    later(DAY + timedelta(seconds=2))
    assert goods(charlie) == ["Brass lamp"]


def test_what_is_refused_says_why_until_when_and_where_to_object(
    mo: User, alice: User, bob: User, charlie: User
) -> None:
    draft = market.item(alice, "Brass lamp", state=ItemState.DRAFT)
    paused = market.item(alice, "Brass bell", state=ItemState.INACTIVE_SELLER)
    row = limit(mo, alice)
    assert row.until is not None
    browser = client_of(alice)
    refused = {
        "ask": lambda: friends.take(member_id=alice.pk, other_id=charlie.pk, step=Step.REQUEST),
        "write": lambda: start_conversation(starter_id=alice.pk, other_id=charlie.pk),
        "publish": lambda: take_step(seller_id=alice.pk, item_id=draft.pk, step=ItemStep.PUBLISH),
        "resume": lambda: take_step(seller_id=alice.pk, item_id=paused.pk, step=ItemStep.RESUME),
    }
    for name, act in refused.items():
        with pytest.raises(Limited) as caught:
            act()
        said = caught.value.problem()
        assert (said["code"], said["status"], said["at"]) == ("limited", 403, "/decisions"), name
        assert (said["until"], said["why"]) == (row.until.isoformat(), "Spam")
        assert f"{row.until:%B %Y, %H:%M} UTC" in said["detail"]
    answer = browser.post(
        "/api/v1/members/charlie/friendship", {"step": "request"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "limited")
    assert not Notification.objects.filter(member=charlie).exists()
    assert Friendship.objects.count() == 1


def test_with_friends_and_in_running_orders_nothing_changes(
    mo: User, alice: User, bob: User, charlie: User
) -> None:
    bag = offer(charlie, "Bag", price=900)
    begin(alice, bag)
    friends.take(member_id=charlie.pk, other_id=alice.pk, step=Step.REQUEST)
    talk = start_conversation(starter_id=alice.pk, other_id=bob.pk).conversation
    limit(mo, alice)
    assert say(talk, alice, "Still here")
    assert start_conversation(starter_id=alice.pk, other_id=bob.pk)
    # Whoever asks the member is no stranger whom the member goes after.
    assert friends.take(member_id=alice.pk, other_id=charlie.pk, step=Step.REQUEST) is Relation.FRIEND
    assert buy(alice, bag)
    told = client_of(alice).get("/api/v1/me").json()["limited"]
    assert (told["why"], told["at"]) == ("Spam", "/decisions")
    shown = client_of(alice).get("/home").content.decode()
    assert "Our staff limited your reach until" in shown
    assert "(spam)" in shown


# Committed, because MariaDB finds words by its index only then.
@pytest.mark.django_db(transaction=True)
def test_who_waits_for_new_things_is_not_led_to_what_is_out_of_reach(
    mo: User, alice: User, charlie: User
) -> None:
    save_search(member_id=charlie.pk, name="Lamps", wanted=Wanted(text="lamp"), alerts=True)
    lamp = market.item(alice, "Brass lamp")
    index_item(lamp)
    NewlyListed.objects.create(item_id=lamp.pk)
    row = limit(mo, alice)
    assert match_new() == 0
    services.lift(actor_id=mo.pk, sanction_id=row.pk, why="It was wrong.")
    NewlyListed.objects.create(item_id=lamp.pk)
    assert match_new() == 1


# The decision


def test_the_member_reads_it_has_notice_and_mail_and_can_object(mo: User, alice: User) -> None:
    row = limit(mo, alice)
    events.drain()
    assert Notification.objects.get(member=alice).kind == "decision"
    (sent,) = mail.outbox
    assert "Your reach at" in sent.subject
    assert "You asked 90 strangers." in sent.body
    assert "do not find you" in sent.body
    assert "ends by itself" in sent.body
    browser = client_of(alice)
    page = browser.get("/decisions").content.decode()
    for words in ("Limited for 7 days", "You asked 90 strangers.", "Spam", "UTC", "do not find you"):
        assert words in page, words
    browser.post(f"/decisions/{row.pk}/appeal", {"words": "They know me."})
    vi = staff(Level.MODERATOR, handle="vi")
    services.decide_appeal(actor_id=vi.pk, sanction_id=row.pk, is_granted=True, answer="So it is.")
    alice.refresh_from_db()
    assert not alice.is_limited
    assert "limited your reach" not in browser.get("/home").content.decode()
    assert queries.strikes_of(alice.pk) == 0
    kinds = [each["record"] for each in queries.receipt_for(alice.pk, row.pk)["records"]]
    assert len(kinds) == 2
    assert '"kind": "limit"' in str(kinds[0])


def test_it_counts_one_and_stands_in_the_audit(mo: User, alice: User) -> None:
    limit(mo, alice)
    assert queries.strikes_of(alice.pk) == 1
    written = AuditRecord.objects.get(act="member.limit_given")
    assert (written.actor_id, written.subject_id) == (mo.pk, alice.pk)
    page = client_of(staff(handle="olga")).get(f"{HOME}/audit").content.decode()
    assert "limited the reach of" in page


def test_the_console_limits_after_a_preview(mo: User, alice: User) -> None:
    client = client_of(mo)
    said = {"what": "limit_3", "reason": "spam", "words": "You asked 90 strangers."}
    preview = client.post(f"{HOME}/members/{alice.pk}/sanction", said | {"do": "preview"}).content.decode()
    assert "Limit the reach for 3 days" in preview
    assert "do not find you" in preview
    assert not Sanction.objects.exists()
    client.post(f"{HOME}/members/{alice.pk}/sanction", said | {"do": "decide"})
    assert Sanction.objects.get().days == 3
    page = client.get(f"{HOME}/members/{alice.pk}").content.decode()
    assert "Limit of 3 days" in page
    assert "Limited</span>" in page
    listed = client.get(f"{HOME}/members?standing=limited").content.decode()
    assert "@alice" in listed
    again = client.post(f"{HOME}/members/{alice.pk}/sanction", said | {"do": "decide"})
    assert again.status_code == 422
    assert "There is a limit already" in again.content.decode()


@pytest.mark.parametrize("days", [None, 0, -1, 2, 4000])
def test_it_has_a_time_from_the_list(mo: User, alice: User, days: int | None) -> None:
    with pytest.raises(InvalidInput):
        limit(mo, alice, days=days)
    assert not Sanction.objects.exists()


def test_who_may_not_decide_about_the_member_does_not(mo: User, alice: User, charlie: User) -> None:
    befriend(mo, charlie)
    denied = [
        (mo, mo),
        (mo, charlie),
        (mo, staff(Level.MODERATOR, handle="vi")),
        (mo, staff(handle="olga")),
        (alice, charlie),
        (staff(Level.FINANCE, handle="fay"), alice),
    ]
    for actor, about in denied:
        with pytest.raises(NotFound):
            limit(actor, about)
    assert not Sanction.objects.exists()
    assert not User.objects.filter(limited_until__isnull=False).exists()
    for level in (Level.VERIFIER, Level.FINANCE, Level.AUDITOR):
        client = client_of(staff(level, handle=f"one_{level}"))
        assert client.post(f"{HOME}/members/{alice.pk}/sanction", {"what": "limit_3"}).status_code == 404


def test_a_limited_member_can_be_suspended_and_each_is_taken_back_for_itself(mo: User, alice: User) -> None:
    first, second = limit(mo, alice), suspend(mo, alice)
    with pytest.raises(AlreadyLimited):
        limit(mo, alice)
    with pytest.raises(AlreadySuspended):
        suspend(mo, alice)
    services.lift(actor_id=mo.pk, sanction_id=second.pk, why="That was too much.")
    alice.refresh_from_db()
    assert (alice.is_suspended, alice.is_limited) == (False, True)
    services.lift(actor_id=mo.pk, sanction_id=first.pk, why="That as well.")
    alice.refresh_from_db()
    assert (alice.is_limited, alice.limited_for) == (False, "")
    with pytest.raises(DecisionMoved):
        services.lift(actor_id=mo.pk, sanction_id=first.pk, why="Once more.")


def test_taking_back_what_is_over_does_not_end_what_stands(mo: User, alice: User) -> None:
    old = limit(mo, alice, days=1)
    later(2 * DAY)
    limit(mo, alice, days=7)
    services.lift(actor_id=mo.pk, sanction_id=old.pk, why="It was wrong.")
    alice.refresh_from_db()
    assert alice.is_limited


# What it costs


def test_lists_cost_the_same_with_it(mo: User, alice: User, bob: User, charlie: User) -> None:
    market.item(alice, "Brass lamp")
    market.item(bob, "Brass bell")

    def cost() -> tuple[int, int]:
        counts = []
        for act in (lambda: goods(charlie), lambda: finds(charlie, "b")):
            act()
            with CaptureQueriesContext(connection) as caught:
                act()
            counts.append(len(caught))
        return counts[0], counts[1]

    before = cost()
    limit(mo, alice)
    assert cost() == before


# Races


@pytest.mark.django_db(transaction=True)
def test_of_two_limits_at_once_one_counts() -> None:
    mo, vi, alice = staff(Level.MODERATOR, handle="mo"), staff(Level.MODERATOR, handle="vi"), members.alice()
    assert len(race(lambda: limit(mo, alice), lambda: limit(vi, alice))) == 1
    assert Sanction.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_taking_back_and_limiting_anew_at_once_leave_what_the_rows_say() -> None:
    mo, vi, alice = staff(Level.MODERATOR, handle="mo"), staff(Level.MODERATOR, handle="vi"), members.alice()
    for _ in range(4):
        row = limit(mo, alice)
        race(
            lambda row=row: services.lift(actor_id=mo.pk, sanction_id=row.pk, why="It was wrong."),
            lambda: limit(vi, alice),
        )
        alice.refresh_from_db()
        standing = Sanction.objects.filter(member=alice, state=State.ACTIVE)
        assert alice.is_limited == standing.exists()
        for each in standing:
            services.lift(actor_id=mo.pk, sanction_id=each.pk, why="For the next round.")


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_the_limit_comes_either_asked_before_or_not_at_all() -> None:
    mo, alice = staff(Level.MODERATOR, handle="mo"), members.alice()
    strangers = members.members(4, prefix="far")
    race(
        lambda: limit(mo, alice),
        *[
            lambda each=each: friends.take(member_id=alice.pk, other_id=each.pk, step=Step.REQUEST)
            for each in strangers
        ],
    )
    for each in members.members(1, prefix="late"):
        with pytest.raises(ApplicationError):
            friends.take(member_id=alice.pk, other_id=each.pk, step=Step.REQUEST)
