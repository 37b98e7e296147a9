"""Reading friends, requests and profiles."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from beyou.blocks.queries import visible_to
from beyou.core.errors import NotFound
from beyou.friends.models import FriendRequest, Friendship
from beyou.friends.rules import Relation
from beyou.users.queries import Contact, contact_of, limited, listed_members
from beyou.users.rules import Audience, may_reach

if TYPE_CHECKING:
    from beyou.users.models import User

PAGE = 30
FOUND = 20


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Another member and how they stand to me. `may_ask` says whether I may ask for friendship."""

    member: "User"
    relation: Relation
    may_ask: bool = False


@dataclass(frozen=True, slots=True)
class FriendPage:
    """Friends by handle; `next` is the handle to continue behind."""

    items: list[Acquaintance]
    next: str


def pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The two ids in the order in which a friendship stores them."""
    return (one, other) if one < other else (other, one)


def are_friends(one: UUID, other: UUID) -> bool:
    first, second = pair(one, other)
    return Friendship.objects.filter(first_id=first, second_id=second).exists()


def friend_ids(member_id: UUID) -> list[UUID]:
    """Everybody with whom the member is friends, seen or not. One statement."""
    rows = Friendship.objects.filter(Q(first_id=member_id) | Q(second_id=member_id))
    return [
        second if first == member_id else first for first, second in rows.values_list("first_id", "second_id")
    ]


def friends_with(one: str, other: str) -> Exists:
    """An expression for querysets: whether the members that these two fields name are friends."""
    return Exists(
        Friendship.objects.filter(
            Q(first_id=OuterRef(one), second_id=OuterRef(other))
            | Q(first_id=OuterRef(other), second_id=OuterRef(one))
        )
    )


def friends_of(member_id: UUID) -> "QuerySet[User]":
    """The member's friends who may be seen."""
    return visible_to(member_id, listed_members()).filter(_friend(member_id, "id"))


def listed_to(member_id: UUID, *, moment: dt.datetime | None = None) -> "QuerySet[User]":
    """Members whom lists and searches show to this one: those who may be seen and, unless they are friends,
    whose reach is not limited now, or at the moment.
    """
    seen = visible_to(member_id, listed_members(moment=moment))
    return seen.filter(~limited(moment=moment) | _friend(member_id, "id"))


def _friend(member_id: UUID, column: str) -> Q:
    """Rows whose column names a friend of the member."""
    firsts = Friendship.objects.filter(second_id=member_id).values("first_id")
    seconds = Friendship.objects.filter(first_id=member_id).values("second_id")
    return Q(**{f"{column}__in": firsts}) | Q(**{f"{column}__in": seconds})


def _shares_friend(member_id: UUID) -> Exists:
    """An expression for querysets of members: whether one has a friend who is the member's friend, too."""
    return Exists(
        Friendship.objects.filter(
            Q(_friend(member_id, "second_id"), first_id=OuterRef("pk"))
            | Q(_friend(member_id, "first_id"), second_id=OuterRef("pk"))
        )
    )


def may_ask(member_id: UUID, other_id: UUID) -> bool:
    """Whether the other takes requests for friendship from the member. Two statements at most."""
    others = listed_members().filter(id=other_id)
    asked_by = others.values_list("asked_by", flat=True).first()
    if asked_by == Audience.FRIENDS_OF_FRIENDS:
        return others.filter(_shares_friend(member_id)).exists()
    return asked_by == Audience.EVERYBODY


def friend_page(member_id: UUID, *, after: str = "", limit: int = PAGE) -> FriendPage:
    """One statement, whatever the number of friends."""
    rows = list(friends_of(member_id).filter(handle__gt=after).order_by("handle")[: limit + 1])
    items = [Acquaintance(row, Relation.FRIEND) for row in rows[:limit]]
    return FriendPage(items, rows[limit - 1].handle if len(rows) > limit else "")


def requests_to(member_id: UUID) -> list[Acquaintance]:
    """Who waits for the member's answer, the longest waiting first; at most 200. One statement."""
    senders = FriendRequest.objects.filter(receiver_id=member_id).order_by("id").values("sender_id")
    members = visible_to(member_id, listed_members()).filter(id__in=senders).order_by("handle")
    return [Acquaintance(member, Relation.ASKS) for member in members[:200]]


def requests_by(member_id: UUID) -> list[Acquaintance]:
    """Whom the member asked and who did not answer yet; at most 200. One statement."""
    receivers = FriendRequest.objects.filter(sender_id=member_id).values("receiver_id")
    members = visible_to(member_id, listed_members()).filter(id__in=receivers).order_by("handle")
    return [Acquaintance(member, Relation.ASKED) for member in members[:200]]


def find_members(member_id: UUID, text: str) -> list[Acquaintance]:
    """At most twenty others whose handle begins so, or a word of whose name does. Three statements.

    E-mail addresses are never searched. Nothing is found for nothing. Who wants to be found by others only
    is not found.
    """
    wanted = " ".join(text.split()).removeprefix("@")
    if not wanted:
        return []
    # A pattern that ignores case by itself: SQLite's LOWER knows ASCII only, and MariaDB's collation
    # may tell capitals apart.
    begins_word = rf"(?i)(^| ){re.escape(wanted)}"
    found = (
        listed_to(member_id)
        .exclude(id=member_id)
        .annotate(shares_friend=_shares_friend(member_id))
        .filter(
            Q(found_by=Audience.EVERYBODY)
            | Q(found_by=Audience.FRIENDS_OF_FRIENDS, shares_friend=True)
            | _friend(member_id, "id")
        )
        .filter(Q(handle__startswith=wanted.lower()) | Q(name__iregex=begins_word))
        .order_by("handle")[:FOUND]
    )
    return acquaintances(member_id, list(found))


def verified_page(member_id: UUID, *, after: str = "", limit: int = PAGE) -> FriendPage:
    """Verified members whom everybody may find, by handle; `next` as in `friend_page`. Three statements."""
    found = listed_to(member_id).filter(verified_at__isnull=False, found_by=Audience.EVERYBODY)
    rows = list(found.exclude(id=member_id).filter(handle__gt=after).order_by("handle")[: limit + 1])
    return FriendPage(
        acquaintances(member_id, rows[:limit]), rows[limit - 1].handle if len(rows) > limit else ""
    )


def profile_for(member_id: UUID, handle: str) -> Acquaintance:
    """Raises `NotFound` in the same way for who is missing, closed, unconfirmed or blocked."""
    seen = visible_to(member_id, listed_members()).annotate(shares_friend=_shares_friend(member_id))
    member = seen.filter(handle=handle.lower()).first()
    if member is None:
        raise NotFound
    return acquaintances(member_id, [member])[0]


def contact_for(person: Acquaintance) -> Contact:
    """How the member who looks at the profile may reach the person. At most one statement."""
    is_self, is_friend = (person.relation is each for each in (Relation.SELF, Relation.FRIEND))
    return contact_of(person.member, is_self=is_self, is_friend=is_friend)


def check_picture(member_id: UUID, media_id: UUID) -> None:
    """Raises `NotFound` unless it is the present picture of somebody whom the member may see."""
    if not visible_to(member_id, listed_members()).filter(picture_id=media_id).exists():
        raise NotFound


def acquaintances(member_id: UUID, members: "Iterable[User]") -> list[Acquaintance]:
    """How each of the members stands to this one. Two statements for any number.

    Members without `shares_friend` count as strangers.
    """
    people = list(members)
    relations = relations_to(member_id, [person.pk for person in people])
    return [_acquaintance(person, relations[person.pk]) for person in people]


def _acquaintance(person: "User", relation: Relation) -> Acquaintance:
    shares_friend = getattr(person, "shares_friend", False)
    asks = may_reach(person.asked_by, is_friend=False, shares_friend=shares_friend)
    return Acquaintance(person, relation, may_ask=asks and relation is Relation.NONE)


def relations_to(member_id: UUID, other_ids: Iterable[UUID]) -> dict[UUID, Relation]:
    """How each of the others stands to the member. Two statements."""
    others = list(other_ids)
    relations = dict.fromkeys(others, Relation.NONE)
    asked = FriendRequest.objects.filter(
        Q(sender_id=member_id, receiver_id__in=others) | Q(receiver_id=member_id, sender_id__in=others)
    )
    for sender, receiver in asked.values_list("sender_id", "receiver_id"):
        if sender == member_id:
            relations[receiver] = Relation.ASKED
        else:
            relations[sender] = Relation.ASKS
    friends = Friendship.objects.filter(
        Q(first_id=member_id, second_id__in=others) | Q(second_id=member_id, first_id__in=others)
    )
    for first, second in friends.values_list("first_id", "second_id"):
        relations[second if first == member_id else first] = Relation.FRIEND
    if member_id in relations:
        relations[member_id] = Relation.SELF
    return relations
