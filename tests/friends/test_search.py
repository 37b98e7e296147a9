"""Search finds the same on every engine, whatever is typed."""

import pytest
from django.db import IntegrityError, transaction

from beyou.blocks.models import UserBlock
from beyou.friends import queries
from beyou.friends.models import FriendRequest, Friendship
from tests.factories import members
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Änne Öztürk", "änne"),
        ("Änne Öztürk", "ÖZT"),
        ("ДАНА Иванова", "дана ив"),
        ("McDana O'Neil (Jr.)", "mcd"),
        ("McDana O'Neil (Jr.)", "o'n"),
        ("McDana O'Neil (Jr.)", "(jr.)"),
        ("Dana 🪿 Goose", "🪿"),
        (r"Dana \d+ [a-z]* #1 & co", r"\d+ [A-Z]* #1 & CO"),
        ("田中 花子", "花"),
    ],
)
def test_names_are_found_by_the_beginning_of_a_word_in_any_case(name: str, text: str) -> None:
    members.member("found", name=name)
    members.member("other", name="Bystander")
    seeker = members.alice()
    assert [each.member.handle for each in queries.find_members(seeker.pk, text)] == ["found"]


@pytest.mark.parametrize(
    "text", ["ürk", "D.na", ".*", "(", "[", "\\", "^", "$", "|", "?", "*", "+", "(?i)", "'"]
)
def test_patterns_and_middles_of_words_find_nobody(text: str) -> None:
    members.member("found", name="Dana Öztürk")
    assert queries.find_members(members.alice().pk, text) == []
    assert client_of(members.bob()).get("/friends/search", {"q": text}).status_code == 200


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "x" * 61, "x" * 50_000])
def test_impossible_searches_are_refused(text: str) -> None:
    client = client_of(members.alice())
    assert client.get("/friends/search", {"q": text}).status_code == 422
    assert client.get("/api/v1/members", {"q": text}).status_code == 422


@pytest.mark.parametrize(
    ("path", "status"),
    [("/u/%00", 422), ("/api/v1/members/a%00b", 422), ("/u/%F0%9F%AA%BF", 404), ("/api/v1/members/%2E", 404)],
)
def test_impossible_handles_are_nobody(path: str, status: int) -> None:
    assert client_of(members.alice()).get(path).status_code == status


@pytest.mark.parametrize("cursor", ["\x00", "A", "x" * 31, "a b"])
def test_impossible_places_in_the_list_are_refused(cursor: str) -> None:
    assert client_of(members.alice()).get("/api/v1/friends", {"cursor": cursor}).status_code == 422


@pytest.mark.parametrize("path", ["/friends/search", "/api/v1/members"])
def test_searches_are_limited(path: str) -> None:
    client = client_of(members.alice())
    assert [client.get(path, {"q": "b"}).status_code for _ in range(61)] == [200] * 60 + [429]


def test_the_database_itself_refuses_impossible_pairs() -> None:
    small, large = sorted([members.alice(), members.bob()], key=lambda each: each.pk)
    impossible = [
        Friendship(first=large, second=small),
        Friendship(first=small, second=small),
        FriendRequest(sender=small, receiver=small),
        UserBlock(blocker=small, blocked=small),
    ]
    for row in impossible:
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()
    Friendship.objects.create(first=small, second=large)
    with pytest.raises(IntegrityError), transaction.atomic():
        Friendship.objects.create(first=small, second=large)
