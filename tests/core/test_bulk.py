"""Statements that are written once give what the ORM gives."""

from typing import Any
from uuid import UUID

import pytest

from beyou.core.bulk import Lookup, Query, insert, uuid_value
from beyou.core.ids import uuid7
from beyou.ledger.models import OutboxRow
from beyou.messaging.models import Message
from beyou.users.models import User
from tests.factories import members
from tests.messaging import world

pytestmark = pytest.mark.django_db


def test_a_query_gives_the_rows_of_the_orm_for_each_set_of_values() -> None:
    people = members.members(5)
    among = Query(
        lambda first, stop: (
            User.objects.filter(id__gte=first)
            .exclude(id=stop)
            .order_by("id")
            .values_list("id", "handle", "is_active", "date_joined")
        ),
        *(UUID, UUID),
    )
    for first in people:
        for stop in people:
            expected = (
                User.objects.filter(id__gte=first.pk)
                .exclude(id=stop.pk)
                .order_by("id")
                .values_list("id", "handle", "is_active", "date_joined")
            )
            assert among(first.pk, stop.pk) == list(expected)


def test_numbers_and_constants_of_a_query_keep_their_places() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = world.chat(alice, bob)
    said = [world.say(conversation, alice, f"Line {number}") for number in range(5)]
    behind = Query(
        lambda seq, key: (
            Message.objects.filter(mode=1, seq__gt=seq, conversation_id=key, seq__lt=5)
            .order_by("seq")
            .values_list("id", "seq")
        ),
        *(int, UUID),
    )
    assert behind(1, conversation.id) == [(each.message, each.seq) for each in said[1:4]]
    assert behind(4, conversation.id) == []
    assert behind(0, alice.pk) == []


def test_a_lookup_of_any_size_gives_each_row_once() -> None:
    people = sorted(members.members(5), key=lambda member: member.pk)
    handles = Lookup(lambda ids: User.objects.filter(id__in=ids).order_by("id").values_list("id", "handle"))
    for count in range(6):
        wanted = people[:count]
        ids = [each.pk for each in wanted]
        assert handles(ids + ids) == [(each.pk, each.handle) for each in wanted]


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, 255, 256, 257, 600])
def test_rows_of_any_number_are_inserted_whole_and_in_order(count: int) -> None:
    rows = [
        (1, as_raw, None, bytes([number % 256]) * 40, number) for number, as_raw in enumerate(_ids(count))
    ]
    columns = ("kind", "message_id", "conversation_id", "entry", "created_ms")
    insert(OutboxRow, columns, rows)
    stored = OutboxRow.objects.order_by("id").values_list("kind", "conversation_id", "entry", "created_ms")
    expected = [(1, None, bytes([number % 256]) * 40, number) for number in range(count)]
    assert [(kind, other, bytes(entry), ms) for kind, other, entry, ms in stored] == expected


def test_nothing_is_inserted_without_rows(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        insert(OutboxRow, ("kind",), [])


def _ids(count: int) -> list[Any]:
    as_uuid = uuid_value()
    return [as_uuid(uuid7()) for _ in range(count)]
