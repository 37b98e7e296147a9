"""Requests, friendships, search and profiles, over HTTP and the API."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.blocks import services as blocks
from beyou.core import events
from beyou.core.errors import NotFound
from beyou.core.models import OutboxEvent
from beyou.friends import queries, services
from beyou.friends.models import FriendRequest, Friendship
from beyou.friends.rules import Relation, Step
from beyou.notifications.models import Notification
from beyou.users.models import User
from tests.factories import members
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db


def _take(one: User, other: User, step: Step) -> Relation:
    return services.take(member_id=one.pk, other_id=other.pk, step=step)


def _befriend(one: User, other: User) -> None:
    _take(one, other, Step.REQUEST)
    _take(other, one, Step.ACCEPT)


def _post(client: Client, handle: str, step: str, **extra: Any) -> Any:
    return client.post(f"/u/{handle}/friendship", {"step": step}, **extra)


def test_asking_and_accepting() -> None:
    alice, bob = members.alice(), members.bob()
    assert _post(client_of(alice), "bob", "request").status_code == 302
    assert "Alice Ash" in client_of(bob).get("/friends").content.decode()
    assert not queries.are_friends(alice.pk, bob.pk)
    _post(client_of(bob), "alice", "accept")
    assert queries.are_friends(alice.pk, bob.pk)
    assert queries.are_friends(bob.pk, alice.pk)
    assert not FriendRequest.objects.exists()
    assert [row.handle for row in queries.friends_of(alice.pk)] == ["bob"]
    told = Notification.objects.order_by("id").values_list("member__handle", "kind")
    assert list(told) == [("alice", "friend_accepted")]


def test_crossed_requests_make_friends() -> None:
    alice, bob = members.alice(), members.bob()
    assert _take(alice, bob, Step.REQUEST) is Relation.ASKED
    assert _take(bob, alice, Step.REQUEST) is Relation.FRIEND
    assert Friendship.objects.count() == 1
    assert not FriendRequest.objects.exists()


def test_what_is_repeated_changes_nothing_more() -> None:
    alice, bob = members.alice(), members.bob()
    for _ in range(3):
        assert _take(alice, bob, Step.REQUEST) is Relation.ASKED
    assert (FriendRequest.objects.count(), Notification.objects.count()) == (1, 1)
    for _ in range(3):
        assert _take(bob, alice, Step.ACCEPT) is Relation.FRIEND
    assert (Friendship.objects.count(), Notification.objects.count()) == (1, 1)
    for _ in range(3):
        assert _take(alice, bob, Step.UNFRIEND) is Relation.NONE
    assert not Friendship.objects.exists()


def test_a_declined_or_withdrawn_request_leaves_nothing_and_tells_nobody() -> None:
    alice, bob = members.alice(), members.bob()
    for one, other, step in ((bob, alice, Step.DECLINE), (alice, bob, Step.CANCEL)):
        _take(alice, bob, Step.REQUEST)
        assert _take(one, other, step) is Relation.NONE
        assert not FriendRequest.objects.exists()
        assert not Notification.objects.exists()


@pytest.mark.parametrize("step", ["accept", "decline", "cancel", "unfriend", "request"])
def test_stale_pages_get_a_clear_answer(step: str) -> None:
    alice = members.alice()
    members.bob()
    response = _post(client_of(alice), "bob", step)
    assert response.status_code == (409 if step == "accept" else 302)
    assert not Friendship.objects.exists()


def test_nobody_accepts_for_another() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    _take(alice, bob, Step.REQUEST)
    assert _post(client_of(charlie), "alice", "accept").status_code == 409
    assert _post(client_of(alice), "bob", "accept").status_code == 409
    assert not Friendship.objects.exists()


@pytest.mark.parametrize("step", ["", "marry", "x" * 10_000])
def test_unknown_steps(step: str) -> None:
    members.bob()
    assert _post(client_of(members.alice()), "bob", step).status_code == 422


def test_oneself_is_no_friend() -> None:
    alice = members.alice()
    assert _post(client_of(alice), "alice", "request").status_code == 422
    assert "Change your profile" in client_of(alice).get("/u/alice").content.decode()


def test_htmx_gets_the_new_buttons_and_a_toast() -> None:
    members.bob()
    response = _post(client_of(members.alice()), "bob", "request", headers={"HX-Request": "true"})
    assert 'data-relation="asked"' in response.content.decode()
    assert "Asked" in response["HX-Trigger"]


def test_requests_are_limited() -> None:
    alice, bob = members.alice(), members.bob()
    statuses = [_post(client_of(alice), "bob", "request").status_code for _ in range(61)]
    assert statuses == [302] * 60 + [429]
    assert not queries.are_friends(alice.pk, bob.pk)


def test_a_block_ends_everything_and_looks_like_nobody() -> None:
    alice, mallory = members.alice(), members.mallory()
    _befriend(alice, mallory)
    client = client_of(mallory)
    missing = client.get("/u/nobody_here")
    assert client_of(alice).post("/u/mallory/block").status_code == 302
    for path in ("/u/alice", "/u/ALICE"):
        blocked = client.get(path)
        assert (blocked.status_code, len(blocked.content)) == (404, len(missing.content))
    assert _post(client, "alice", "request").status_code == 404
    assert client.post("/u/alice/block").status_code == 404
    assert client.get("/api/v1/members/alice").status_code == 404
    assert "Alice" not in client.get("/friends/search?q=alice").content.decode()
    assert "Alice" not in client.get("/friends").content.decode()
    assert "Alice" not in client.get("/activity").content.decode()
    while OutboxEvent.objects.exists():
        assert events.drain()
    assert not Friendship.objects.exists()
    client_of(alice).post("/u/mallory/unblock")
    assert not queries.are_friends(alice.pk, mallory.pk)
    assert client.get("/u/alice").status_code == 200


def test_a_block_hides_before_its_event_is_drained() -> None:
    alice, mallory = members.alice(), members.mallory()
    _befriend(alice, mallory)
    blocks.block(member_id=alice.pk, other_id=mallory.pk)
    assert not queries.friends_of(mallory.pk).exists()
    with pytest.raises(NotFound):
        services.take(member_id=mallory.pk, other_id=alice.pk, step=Step.UNFRIEND)


@pytest.mark.parametrize(("is_active", "is_confirmed"), [(False, True), (True, False)])
def test_closed_and_unconfirmed_members_look_like_nobody(*, is_active: bool, is_confirmed: bool) -> None:
    members.member("dana", is_active=is_active, is_confirmed=is_confirmed)
    client = client_of(members.alice())
    assert client.get("/u/dana").status_code == 404
    assert "@dana" not in client.get("/friends/search?q=dana").content.decode()
    assert _post(client, "dana", "request").status_code == 404


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ali", ["alice"]),
        ("@ALI", ["alice"]),
        ("  ash  ", ["alice"]),
        ("ice", []),
        ("alice ash", ["alice"]),
        ("alice@example.org", []),
        ("example", []),
        ("", []),
        ("%", []),
        ("_", []),
        ("\u00e9", []),
    ],
)
def test_search(text: str, found: list[str]) -> None:
    members.alice()
    bob = members.bob()
    assert [each.member.handle for each in queries.find_members(bob.pk, text)] == found


def test_search_says_how_we_stand() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    _befriend(alice, bob)
    _take(charlie, alice, Step.REQUEST)
    found = client_of(alice).get("/api/v1/members?q=b").json()["items"]
    assert [(each["handle"], each["relation"]) for each in found] == [("bob", "friend")]
    found = client_of(alice).get("/api/v1/members?q=charlie").json()["items"]
    assert [each["relation"] for each in found] == ["asks"]


def test_too_long_a_search_is_told() -> None:
    client = client_of(members.alice())
    assert client.get("/friends/search", {"q": "x" * 61}).status_code == 422
    assert client.get("/api/v1/members", {"q": "x" * 61}).status_code == 422
    assert client.get("/friends/search", {"q": "a\x00b"}).status_code == 422


def test_names_are_text_not_markup() -> None:
    members.member("mallory", name="<img src=x onerror=alert(1)>")
    client = client_of(members.alice())
    for path in ("/u/mallory", "/friends/search?q=mallory"):
        assert "<img src=x" not in client.get(path).content.decode()


def test_lists_take_as_many_statements_for_two_as_for_twenty() -> None:
    alice = members.alice()
    client = client_of(alice)

    def statements(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    paths = ["/friends", "/friends/search?q=member", "/activity", "/friends/blocked", "/api/v1/friends",
             "/api/v1/friends/requests", "/api/v1/members?q=member", "/api/v1/notifications"]  # fmt: skip
    counts: list[list[int]] = []
    people = members.members(60)
    for first, last in ((0, 2), (2, 20)):
        for person in people[first:last]:
            _befriend(person, alice)
            _take(people[people.index(person) + 20], alice, Step.REQUEST)
            blocks.block(member_id=alice.pk, other_id=people[people.index(person) + 40].pk)
        counts.append([statements(path) for path in paths])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 8


def test_friends_are_paged() -> None:
    alice = members.alice()
    for person in members.members(35):
        _befriend(person, alice)
    client = client_of(alice)
    first = client.get("/api/v1/friends?limit=20").json()
    rest = client.get(f"/api/v1/friends?limit=20&cursor={first['next']}").json()
    handles = [each["handle"] for each in first["items"] + rest["items"]]
    assert handles == sorted(handles)
    assert (len(set(handles)), rest["next"]) == (35, None)
    assert "Show more" in client.get("/friends").content.decode()


@pytest.mark.django_db(transaction=True)
def test_sixteen_who_answer_at_once_make_one_friendship() -> None:
    alice, bob = members.alice(), members.bob()
    _take(alice, bob, Step.REQUEST)
    barrier = threading.Barrier(16)
    failures: list[Exception] = []

    def answer(number: int) -> None:
        one, other = (bob, alice) if number % 2 else (alice, bob)
        step = Step.ACCEPT if number % 2 else Step.REQUEST
        barrier.wait()
        try:
            _take(one, other, step)
        # Whatever goes wrong in a thread must fail the test.
        except Exception as error:
            failures.append(error)
        connection.close()

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (Friendship.objects.count(), FriendRequest.objects.count()) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_requests_that_cross_at_the_same_moment() -> None:
    for number in range(5):
        one, other = members.member(f"one{number}"), members.member(f"other{number}")
        barrier = threading.Barrier(2)
        failures: list[Exception] = []

        def ask(me: User, them: User, barrier: threading.Barrier, failures: list[Exception]) -> None:
            barrier.wait()
            try:
                _take(me, them, Step.REQUEST)
            # Whatever goes wrong in a thread must fail the test.
            except Exception as error:
                failures.append(error)
            connection.close()

        threads = [
            threading.Thread(target=ask, args=(me, them, barrier, failures))
            for me, them in ((one, other), (other, one))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert queries.are_friends(one.pk, other.pk)
    assert not FriendRequest.objects.exists()
