"""What each choice means for oneself, friends, their friends, strangers, who is blocked, and visitors."""

from typing import Any

import pytest
from django.test import Client

from beyou.blocks.services import block
from beyou.friends import queries, services
from beyou.friends.errors import TakesNoRequests
from beyou.friends.models import FriendRequest, Friendship
from beyou.friends.rules import Relation, Step
from beyou.users import services as users
from beyou.users.models import User
from beyou.users.rules import Audience, Readers
from tests.factories import members, pictures

pytestmark = pytest.mark.django_db

ADDRESS, NUMBER = "alice@example.org", "+4930901820"
OTHERS = ("friend", "second", "stranger", "blocked", "blocker")


class Circle:
    """Alice, and everybody who can stand to her in some way."""

    def __init__(self) -> None:
        self.alice = members.alice()
        self.people = {name: members.member(name) for name in OTHERS} | {"self": self.alice}
        for one, other in (("self", "friend"), ("friend", "second")):
            first, second = queries.pair(self.people[one].pk, self.people[other].pk)
            Friendship.objects.create(first_id=first, second_id=second)
        block(member_id=self.alice.pk, other_id=self.people["blocked"].pk)
        block(member_id=self.people["blocker"].pk, other_id=self.alice.pk)

    def client(self, name: str) -> Client:
        return members.client_of(self.people[name]) if name in self.people else members.visitor()


@pytest.fixture
def circle() -> Circle:
    return Circle()


AUDIENCES = {
    Audience.EVERYBODY: {"friend", "second", "stranger"},
    Audience.FRIENDS_OF_FRIENDS: {"friend", "second"},
    Audience.NOBODY: {"friend"},
}


@pytest.mark.parametrize("audience", list(Audience))
def test_only_the_audience_finds_a_member_on_page_and_api(circle: Circle, audience: Audience) -> None:
    users.change_privacy(member_id=circle.alice.pk, found_by=audience)
    for name in OTHERS:
        client, expected = circle.client(name), name in AUDIENCES[audience]
        for text in ("alice", "Ash", "@ALICE"):
            page = client.get("/friends/search", {"q": text}).content.decode()
            assert ('href="/u/alice"' in page) is expected, (name, text)
        found = client.get("/api/v1/members", {"q": "alice"}).json()["items"]
        assert bool(found) is expected, name
    assert circle.client("self").get("/api/v1/members", {"q": "alice"}).json()["items"] == []
    assert circle.client("visitor").get("/api/v1/members", {"q": "alice"}).status_code == 401


@pytest.mark.parametrize("audience", list(Audience))
def test_only_the_audience_may_ask(circle: Circle, audience: Audience) -> None:
    users.change_privacy(member_id=circle.alice.pk, asked_by=audience)
    for name in ("second", "stranger"):
        client, expected = circle.client(name), name in AUDIENCES[audience]
        assert ("Add friend" in client.get("/u/alice").content.decode()) is expected
        assert client.get("/api/v1/members/alice").json()["may_ask"] is expected
        for path, body, kind in (
            ("/u/alice/friendship", {"step": "request"}, None),
            ("/api/v1/members/alice/friendship", {"step": "request"}, "application/json"),
        ):
            answer = client.post(path, body, **({"content_type": kind} if kind else {}))  # type: ignore[arg-type]
            assert answer.status_code == ((302 if kind is None else 200) if expected else 403), name
        asked = FriendRequest.objects.filter(sender=circle.people[name], receiver=circle.alice)
        assert asked.exists() is expected
    for name in ("blocked", "blocker"):
        assert circle.client(name).post("/u/alice/friendship", {"step": "request"}).status_code == 404


def test_who_was_asked_by_the_member_may_answer_whatever_was_chosen(circle: Circle) -> None:
    users.change_privacy(member_id=circle.alice.pk, asked_by=Audience.NOBODY)
    stranger = circle.people["stranger"]
    with pytest.raises(TakesNoRequests):
        services.take(member_id=stranger.pk, other_id=circle.alice.pk, step=Step.REQUEST)
    services.take(member_id=circle.alice.pk, other_id=stranger.pk, step=Step.REQUEST)
    relation = services.take(member_id=stranger.pk, other_id=circle.alice.pk, step=Step.REQUEST)
    assert relation is Relation.FRIEND


def test_a_request_that_was_sent_before_may_still_be_taken_back(circle: Circle) -> None:
    stranger = circle.people["stranger"]
    services.take(member_id=stranger.pk, other_id=circle.alice.pk, step=Step.REQUEST)
    users.change_privacy(member_id=circle.alice.pk, asked_by=Audience.NOBODY)
    again = services.take(member_id=stranger.pk, other_id=circle.alice.pk, step=Step.REQUEST)
    assert again is Relation.ASKED
    assert services.take(member_id=stranger.pk, other_id=circle.alice.pk, step=Step.CANCEL) is Relation.NONE
    with pytest.raises(TakesNoRequests):
        services.take(member_id=stranger.pk, other_id=circle.alice.pk, step=Step.REQUEST)


def _everything_about_alice(client: Client) -> str:
    """Whatever page or answer of the API could tell something about her."""
    paths = (
        "/u/alice", "/friends", "/friends/search?q=alice", "/home", "/chats", "/activity", "/friends/blocked",
        "/api/v1/members/alice", "/api/v1/members?q=alice", "/api/v1/friends", "/api/v1/friends/requests",
        "/api/v1/conversations", "/api/v1/notifications",
    )  # fmt: skip
    return "\n".join(client.get(path).content.decode() for path in paths)


@pytest.mark.parametrize("readers", list(Readers))
@pytest.mark.parametrize("field", ["email_for", "phone_for"])
def test_contact_data_shows_to_whom_it_was_opened(circle: Circle, field: str, readers: Readers) -> None:
    users.set_phone(member_id=circle.alice.pk, phone=NUMBER)
    users.change_privacy(member_id=circle.alice.pk, **{field: readers})  # type: ignore[arg-type]
    for name in (*OTHERS, "visitor"):
        text = _everything_about_alice(circle.client(name))
        is_open = name == "friend" and readers is Readers.FRIENDS
        assert (ADDRESS in text) is (is_open and field == "email_for"), name
        assert (NUMBER in text) is (is_open and field == "phone_for"), name
    own = circle.client("self").get("/u/alice").content.decode()
    assert ADDRESS in own
    assert NUMBER in own


def test_a_friendship_that_ended_closes_contact_data(circle: Circle) -> None:
    users.change_privacy(member_id=circle.alice.pk, email_for=Readers.FRIENDS)
    friend = circle.people["friend"]
    services.take(member_id=friend.pk, other_id=circle.alice.pk, step=Step.UNFRIEND)
    assert ADDRESS not in _everything_about_alice(circle.client("friend"))
    services.take(member_id=friend.pk, other_id=circle.alice.pk, step=Step.REQUEST)
    assert ADDRESS not in _everything_about_alice(circle.client("friend"))


def test_a_picture_is_served_to_those_who_may_see_its_member(circle: Circle) -> None:
    media_id = users.set_picture(member_id=circle.alice.pk, data=pictures.picture()).picture_id
    path = f"/pictures/{media_id}"
    for name in ("self", "friend", "second", "stranger"):
        answer = circle.client(name).get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    for name in ("blocked", "blocker"):
        assert circle.client(name).get(path).status_code == 404
    assert circle.client("visitor").get(path).status_code == 302
    User.objects.filter(pk=circle.alice.pk).update(is_active=False)
    assert circle.client("friend").get(path).status_code == 404


def test_no_file_of_another_purpose_is_served_as_a_picture(circle: Circle) -> None:
    from beyou.media.services import Purpose, store_image

    data = pictures.picture("JPEG", (900, 700))
    secret = store_image(
        data=data, owner_id=circle.alice.pk, purpose=Purpose.IDENTITY, longest_side=800, encrypted=True
    )
    for name in ("self", "friend", "stranger"):
        assert circle.client(name).get(f"/pictures/{secret.id}").status_code == 404


def test_faces_are_on_every_list(circle: Circle) -> None:
    media_id = users.set_picture(member_id=circle.alice.pk, data=pictures.picture()).picture_id
    client = circle.client("friend")
    source = f'<img src="/pictures/{media_id}"'
    for path in ("/friends", "/friends/search?q=alice", "/u/alice"):
        assert source in client.get(path).content.decode(), path
    for path in ("/api/v1/friends", "/api/v1/members?q=alice"):
        assert client.get(path).json()["items"][0]["picture"] == f"/pictures/{media_id}"


def test_search_and_profile_cost_the_same_for_any_choice_and_number(
    circle: Circle, django_assert_num_queries: Any
) -> None:
    members.member("anna")
    for audience in Audience:
        users.change_privacy(member_id=circle.alice.pk, found_by=audience, asked_by=audience)
        with django_assert_num_queries(3):
            queries.find_members(circle.people["stranger"].pk, "a")
        with django_assert_num_queries(3):
            queries.profile_for(circle.people["stranger"].pk, "alice")
    many = members.members(20, "alice")
    for number, person in enumerate(many):
        users.change_privacy(member_id=person.pk, found_by=list(Audience)[number % 3])
    with django_assert_num_queries(3):
        found = queries.find_members(circle.people["stranger"].pk, "alice")
    assert len(found) == 7
