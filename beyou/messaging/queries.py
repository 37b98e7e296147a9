"""Reading conversations. The number of statements never depends on the number of rows."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import BooleanField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Lower, StrIndex
from django.db.models.lookups import GreaterThan

from beyou.blocks.queries import blocked_with, visible_to
from beyou.core import clock
from beyou.core.bulk import Lookup, Query, Row
from beyou.core.errors import InvalidInput, NotFound
from beyou.friends.queries import friends_with
from beyou.keys.queries import (
    ActiveKeySet,
    active_key_sets,
    active_set_of,
    device_of,
    retired_key_sets,
)
from beyou.messaging import rules
from beyou.messaging.envelope import RosterEntry
from beyou.messaging.models import (
    Conversation,
    ConversationMember,
    DeviceChain,
    Message,
    MessageWrap,
    Mode,
    Withheld,
)
from beyou.users.queries import listed_members, present

if TYPE_CHECKING:
    from beyou.users.models import User

PAGE_SIZE = 50
M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Access:
    """A conversation as one of its members sees it. Only friends with open accounts write to each other.

    How far the other has read shows only when both show it (`shows_read`); `peer_read` is 0 otherwise.
    """

    conversation: Conversation
    mine: ConversationMember
    peer: "User"
    peer_delivered: int
    peer_read: int
    shows_read: bool
    is_blocked: bool
    are_friends: bool

    @property
    def is_open(self) -> bool:
        """Whether anything can be sent."""
        return self.peer.is_reachable and self.are_friends and not self.is_blocked

    @property
    def member_ids(self) -> list[UUID]:
        return [self.mine.member_id, self.peer.pk]

    @property
    def last_at(self) -> dt.datetime:
        return clock.from_ms(self.conversation.last_ms)

    @property
    def unread(self) -> int:
        return rules.unread(last_seq=self.conversation.last_seq, read_seq=self.mine.read_seq)


class MessageRow(NamedTuple):
    """A stored message as a thread shows it. The columns are those of the model, as they are stored."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    mode: int
    header: bytes
    body: bytes
    signature: bytes
    received_ms: int
    #: What stands in its place when the staff removed it, and since when; the body is then empty.
    removed_why: str | None
    removed_ms: int | None


_ROW_COLUMNS = (*MessageRow._fields[:-2], "withheld__why", "withheld__at_ms")


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in ascending order, and whether there are others on either side."""

    messages: list[MessageRow]
    has_earlier: bool
    has_later: bool

    @property
    def last_seq(self) -> int:
        return self.messages[-1].seq if self.messages else 0


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Conversations, and the cursor of those that follow."""

    items: list[Access]
    next: str | None


@dataclass(frozen=True, slots=True)
class RosterView:
    """The roster with what a client needs to use it: keys to seal to, older keys to verify with, and the
    last message of the asking browser (`device`, `chain`)."""

    roster: rules.Roster
    key_sets: list[ActiveKeySet]
    retired: list[ActiveKeySet]
    device: UUID | None
    chain: rules.Chain


def conversation_for(member_id: UUID, conversation_id: UUID) -> Access:
    """The only door to a conversation: membership, blocks, friendship and bans in one statement.

    Raises `NotFound` alike for a conversation that does not exist, for one of others, and behind a block.
    """
    for access in map(_access, _DOOR([conversation_id])):
        if access.mine.member_id == member_id and not access.is_blocked:
            return access
    raise NotFound


def _columns(model: type[models.Model], path: str = "") -> list[str]:
    return [path + field.attname for field in model._meta.concrete_fields]


def _accesses() -> QuerySet[Any, Any]:
    """Rows for `_access`: a member's place, the conversation, the other member, and what is between them."""
    theirs = ConversationMember.objects.filter(
        conversation_id=OuterRef("conversation_id"), member_id=OuterRef("peer_id")
    )
    marked: QuerySet[Any] = _places().annotate(
        are_friends=friends_with("member_id", "peer_id"),
        peer_delivered=Subquery(theirs.values("delivered_seq")),
        peer_read=Subquery(theirs.values("read_seq")),
    )
    return marked.values_list(
        *_columns(ConversationMember),
        *_columns(Conversation, "conversation__"),
        *_columns(get_user_model(), "peer__"),
        "is_blocked",
        "are_friends",
        "peer_delivered",
        "peer_read",
        "member__read_receipts",
    )


def _access(row: Row) -> Access:
    values = iter(row)

    def instance(model: type[M]) -> M:
        names = _columns(model)
        return model.from_db(DEFAULT_DB_ALIAS, names, list(islice(values, len(names))))

    place, conversation, peer = (
        instance(ConversationMember),
        instance(Conversation),
        instance(get_user_model()),
    )
    is_blocked, are_friends, peer_delivered, peer_read, i_show_read = values
    shows_read = bool(i_show_read) and peer.read_receipts
    return Access(
        conversation=conversation,
        mine=place,
        peer=peer,
        peer_delivered=peer_delivered,
        peer_read=peer_read if shows_read else 0,
        shows_read=shows_read,
        is_blocked=is_blocked,
        are_friends=are_friends,
    )


_DOOR = Lookup(lambda ids: _accesses().filter(conversation_id__in=ids))
_NEWEST = Lookup(lambda ids: _newest(_accesses().filter(member_id__in=ids))[: PAGE_SIZE + 1])
_UNREAD = Lookup(
    lambda ids: (
        _places()
        .filter(member_id__in=ids, is_blocked=False, read_seq__lt=F("conversation__last_seq"))
        .values_list("id")
    )
)


def _newest(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows.filter(is_blocked=False).order_by("-conversation__last_ms", "-conversation_id")


@dataclass(frozen=True, slots=True)
class Place:
    """One member of a conversation as the writer sees her. `key_set` is None without keys."""

    conversation_id: UUID
    member_id: UUID
    is_present: bool
    is_blocked: bool
    are_friends: bool
    key_set: UUID | None
    suspended_until: dt.datetime | None

    @property
    def is_reachable(self) -> bool:
        return self.is_present and (self.suspended_until is None or self.suspended_until <= clock.now())


PLACES = Lookup(
    lambda ids: (
        ConversationMember.objects.filter(conversation_id__in=ids)
        .annotate(
            is_blocked=blocked_with("member_id", "peer_id"),
            are_friends=friends_with("member_id", "peer_id"),
            key_set=active_set_of("member_id"),
        )
        .annotate(is_present=ExpressionWrapper(present("member"), BooleanField()))
        .values_list(
            *("conversation_id", "member_id", "is_present", "is_blocked", "are_friends", "key_set"),
            # Compared when it is read: the statement is written once, and the time goes on.
            "member__suspended_until",
        )
    )
)


def places_of(conversation_ids: Iterable[UUID]) -> dict[UUID, list[Place]]:
    """Who is where, for many conversations at once. One statement."""
    return places_in(PLACES(conversation_ids))


def places_in(rows: Iterable[Row]) -> dict[UUID, list[Place]]:
    """What the rows of `PLACES` say, by conversation."""
    found: dict[UUID, list[Place]] = {}
    for row in rows:
        place = Place(*row)
        found.setdefault(place.conversation_id, []).append(place)
    return found


#: Key sets never change, so what was read once holds: which one is in use is read each time.
_signers: dict[UUID, rules.Signer] = {}
_SIGNERS_KEPT = 20_000


def signers_of(places: Iterable[Place]) -> dict[UUID, rules.Signer]:
    """The signer of each member with keys. At most one statement, none for key sets that are known."""
    with_keys = [place for place in places if place.key_set is not None]
    unknown = {place.member_id for place in with_keys if place.key_set not in _signers}
    if unknown:
        if len(_signers) > _SIGNERS_KEPT:
            _signers.clear()
        for keys in active_key_sets(unknown).values():
            _signers[keys.key_set] = signer_of(keys)
    return {place.member_id: _signers[place.key_set] for place in with_keys if place.key_set in _signers}


#: Which of these messages exist.
STORED = Lookup(lambda ids: Message.objects.filter(id__in=ids).values_list("id"))


def _places() -> QuerySet[Any]:
    """Places that know `is_blocked`: whether the two members of a direct conversation are."""
    return ConversationMember.objects.annotate(is_blocked=blocked_with("member_id", "peer_id"))


def conversation_page(
    member_id: UUID, *, search: str = "", cursor: str = "", limit: int = PAGE_SIZE
) -> ConversationPage:
    """The member's conversations, the most recent first, without blocked people. One statement.

    Raises `InvalidInput` for a cursor that no page gave.
    """
    if not search and not cursor:
        rows = _NEWEST([member_id])
    else:
        found = _accesses().filter(member_id=member_id)
        if search:
            found = found.filter(_called(search))
        if cursor:
            moment, last_id = _position(cursor)
            found = found.filter(
                Q(conversation__last_ms__lt=moment)
                | Q(conversation__last_ms=moment, conversation_id__lt=last_id)
            )
        rows = list(_newest(found)[: limit + 1])
    items = [_access(row) for row in rows[:limit]]
    last = items[-1].conversation if len(rows) > limit else None
    return ConversationPage(items, f"{last.last_ms}.{last.id}" if last else None)


def all_conversations(member_id: UUID) -> list[Access]:
    """Every conversation of the member, blocked people's too, in the order they began. One statement."""
    return [_access(row) for row in _accesses().filter(member_id=member_id).order_by("conversation_id")]


def _called(search: str) -> Q:
    """Members whose name or handle contains the text in any case.

    MariaDB compares with a binary collation, SQLite folds only ASCII: so the name is also folded there.
    """
    folded = search.lower()
    return (
        Q(peer__name__icontains=search)
        | Q(GreaterThan(StrIndex(Lower("peer__name"), Value(folded)), 0))
        | Q(peer__handle__contains=folded)
    )


def _position(cursor: str) -> tuple[int, UUID]:
    moment, _, key = cursor.partition(".")
    try:
        if not moment.isdecimal() or len(moment) > 15:
            raise ValueError
        return int(moment), UUID(key)
    except ValueError as error:
        raise InvalidInput("This is not a cursor of this list.") from error


def next_mode(access: Access) -> Mode:
    """How the next message of the conversation must travel. At most one statement."""
    return next_modes([access])[access.conversation.id]


def next_modes(accesses: Sequence[Access]) -> dict[UUID, Mode]:
    """The same for many conversations, also in at most one statement."""
    undecided = [each for each in accesses if each.conversation.mode == Mode.STANDARD]
    lacking_keys = {
        key
        for key, places in places_of(each.conversation.id for each in undecided).items()
        if any(place.key_set is None for place in places)
    }
    return {
        each.conversation.id: Mode.STANDARD if each.conversation.id in lacking_keys else Mode.END_TO_END
        for each in accesses
    }


def member_by_id(asker_id: UUID, member_id: UUID) -> "User | None":
    """The other member; None alike for nobody, a closed account and somebody behind a block."""
    return visible_to(asker_id, listed_members()).filter(pk=member_id).first()


def member_by_handle(asker_id: UUID, handle: str) -> "User | None":
    """As `member_by_id`."""
    return visible_to(asker_id, listed_members()).filter(handle=handle).first()


def direct_conversation(member_id: UUID, peer_id: UUID) -> Conversation | None:
    """The conversation of two members, if one of them ever started it."""
    place = (
        ConversationMember.objects.filter(member_id=member_id, peer_id=peer_id)
        .select_related("conversation")
        .first()
    )
    return place.conversation if place else None


def unread_chats(member_id: UUID) -> int:
    """In how many conversations something waits to be read. One statement."""
    return len(_UNREAD([member_id]))


@lru_cache(maxsize=256)
def _after(count: int) -> Query:
    """Pages have at most a hundred messages, so there are few of these."""
    return Query(
        lambda conversation, seq: (
            Message.objects.filter(conversation_id=conversation, seq__gt=seq)
            .order_by("seq")
            .values_list(*_ROW_COLUMNS)[:count]
        ),
        *(UUID, int),
    )


@lru_cache(maxsize=256)
def _before(count: int) -> Query:
    return Query(
        lambda conversation, seq: (
            Message.objects.filter(conversation_id=conversation, seq__lt=seq)
            .order_by("-seq")
            .values_list(*_ROW_COLUMNS)[:count]
        ),
        *(UUID, int),
    )


def messages_after(conversation_id: UUID, seq: int, *, limit: int = PAGE_SIZE) -> Page:
    """The first messages behind the number. One statement."""
    rows = [MessageRow(*row) for row in _after(limit + 1)(conversation_id, seq)]
    return Page(rows[:limit], has_earlier=bool(rows) and rows[0].seq > 1, has_later=len(rows) > limit)


def messages_before(conversation_id: UUID, seq: int, *, limit: int = PAGE_SIZE) -> Page:
    """The last messages before the number, ascending. One statement."""
    rows = [MessageRow(*row) for row in _before(limit + 1)(conversation_id, seq)]
    return Page(rows[:limit][::-1], has_earlier=len(rows) > limit, has_later=True)


def thread_page(access: Access, *, after: int | None = None, before: int | None = None) -> Page:
    """The part of a thread to show; without a place, from the first unread message on. One statement."""
    key = access.conversation.id
    if before is not None:
        return messages_before(key, before)
    if after is None:
        after = rules.first_page_start(
            last_seq=access.conversation.last_seq, read_seq=access.mine.read_seq, size=PAGE_SIZE
        )
    return messages_after(key, after)


def wraps_for(member_id: UUID, messages: Sequence[MessageRow]) -> dict[UUID, list[MessageWrap]]:
    """The member's own wraps of these messages; no statement when none is end-to-end."""
    sealed = [message.id for message in messages if message.mode == Mode.END_TO_END]
    found: dict[UUID, list[MessageWrap]] = {}
    if sealed:
        for wrap in MessageWrap.objects.filter(message_id__in=sealed, member_id=member_id).order_by("id"):
            found.setdefault(wrap.message_id, []).append(wrap)
    return found


def removed_among(message_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Those of the messages that the staff removed, and why. At most one statement."""
    wanted = list(message_ids)
    rows = Withheld.objects.filter(message_id__in=wanted)
    return dict(rows.values_list("message_id", "why")) if wanted else {}


def removed_words(why: str) -> str:
    """What members read in the place of a message that the staff removed."""
    return f"Removed by the staff: {why}"


def message_for(member_id: UUID, message_id: UUID) -> Message:
    """One message of a conversation of the member's. Raises `NotFound` as `conversation_for` does."""
    message = Message.objects.filter(id=message_id).select_related("conversation", "withheld").first()
    if message is None:
        raise NotFound
    conversation_for(member_id, message.conversation_id)
    return message


def signer_of(keys: ActiveKeySet) -> rules.Signer:
    return rules.Signer(
        entry=RosterEntry(keys.member_id, keys.key_set, keys.encrypt_key_id),
        generation=keys.generation,
        sign_key_id=keys.sign_key_id,
        sign_spki=keys.sign_spki,
    )


def roster_for(access: Access, device: UUID | None) -> RosterView:
    """Whom a message must be sealed to. At most four statements.

    A browser that is not one of the member's own gets no chain.
    """
    key_sets = list(active_key_sets(access.member_ids).values())
    own = device_of(access.mine.member_id, device) if device is not None else None
    chain = rules.Chain()
    if own is not None:
        chain = chain_of(access.conversation.id, own.id)
    return RosterView(
        roster=rules.Roster.of(map(signer_of, key_sets)),
        key_sets=key_sets,
        retired=retired_key_sets(access.member_ids),
        device=own.id if own is not None else None,
        chain=chain,
    )


CHAINS = Lookup(
    lambda ids: DeviceChain.objects.filter(conversation_id__in=ids).values_list(
        "conversation_id", "device", "counter", "digest"
    )
)


def chains_in(rows: Iterable[Row]) -> dict[tuple[UUID, UUID], rules.Chain]:
    """What the rows of `CHAINS` say, by conversation and device."""
    return {
        (conversation, device): rules.Chain(counter, bytes(digest))
        for conversation, device, counter, digest in rows
    }


def chain_of(conversation_id: UUID, device: UUID) -> rules.Chain:
    row = DeviceChain.objects.filter(conversation_id=conversation_id, device=device).first()
    return rules.Chain(row.counter, bytes(row.digest)) if row else rules.Chain()
