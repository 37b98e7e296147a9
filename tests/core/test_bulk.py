"""Statements that are written once give what the ORM gives."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from beyou.core import clock, statements
from beyou.core.bulk import Lookup, Query, gathered, insert, rows_of, update
from beyou.core.ids import uuid7
from beyou.ledger.models import BlockRow, Document, OutboxRow, SaltRow
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


def test_the_time_of_day_is_a_value_like_others() -> None:
    alice, moment = members.alice(), clock.now()
    until = Query(
        lambda at, key: (
            User.objects.filter(limited_until__gt=at, id=key, date_joined__lt=moment + dt.timedelta(days=1))
            .order_by()
            .values_list("handle")
        ),
        *(dt.datetime, UUID),
    )
    User.objects.filter(id=alice.pk).update(limited_until=moment)
    assert until(moment - dt.timedelta(milliseconds=1), alice.pk) == [("alice",)]
    assert until(moment, alice.pk) == []
    assert until(moment - dt.timedelta(days=400), alice.pk) == [("alice",)]


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
    return [uuid7().hex for _ in range(count)]


COLUMNS = ("message_id", "salt")


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, 257])
def test_each_row_gets_its_own_values_and_no_other_row_changes(count: int) -> None:
    ids = _ids(count + 1)
    insert(SaltRow, COLUMNS, [(each, b"before") for each in ids])
    changed = ids[:-1]
    update(
        SaltRow,
        ("salt",),
        where=("message_id",),
        rows=[(bytes([at % 256]) * 32, each) for at, each in enumerate(changed)],
    )
    stored = {row.message_id.hex: bytes(row.salt) for row in SaltRow.objects.all()}
    assert stored == {each: bytes([at % 256]) * 32 for at, each in enumerate(changed)} | {ids[-1]: b"before"}


def test_an_update_needs_all_of_its_keys_to_fit() -> None:
    first, second = _ids(2)
    columns = ("kind", "message_id", "conversation_id", "entry", "created_ms")
    insert(
        OutboxRow,
        columns,
        [(1, first, second, b"a", 1), (1, second, first, b"b", 2), (1, first, None, b"c", 3)],
    )
    update(
        OutboxRow,
        ("kind", "created_ms"),
        where=("message_id", "conversation_id"),
        rows=[(2, 20, first, second), (3, 30, first, first), (5, 50, second, second)],
    )
    assert list(OutboxRow.objects.order_by("id").values_list("kind", "created_ms")) == [
        (2, 20),
        (1, 2),
        (1, 3),
    ]


TEXTS = [
    "it's",
    "back\\slash\\",
    "'); DROP TABLE ledger_document; --",
    "\\'; DELETE FROM ledger_document; --",
    '"quoted" `ticked` $$dollars$$ %s %(name)s {braces}',
    "new\nline\r\ttab \x1a \x08",
    "\U0001f600 ä \u2028 \u0130",
    "",
    "1-2-3",
    "0x41",
    "NULL",
]
BLOBS = [b"", b"\0", bytes(range(256)), b"'; DROP TABLE ledger_document; --", b"\\x41", b"%s"]


@pytest.mark.parametrize("how", ["at once", "one by one"])
def test_values_come_back_as_they_were_given_whatever_they_look_like(how: str) -> None:
    """The note is text, the document bytes; both stand in the text of a statement on some engines."""
    columns = ("block_no", "header", "hash_hex", "first_seq", "leaf_count", "tree_size", "sealed_ms")
    columns += ("attempts", "mine_us", "seal_us", "proposer", "proof")
    rows = [
        (at, blob, f"{at}", -(2**63), 2**31 - 1, at, 2**63 - 1, 0, 0, 0, text, None if at % 2 else blob)
        for at, (text, blob) in enumerate((text, blob) for text in TEXTS for blob in BLOBS)
    ]
    for part in [rows] if how == "at once" else [[row] for row in rows]:
        insert(BlockRow, columns, part)
    stored = BlockRow.objects.order_by("block_no").values_list(*columns)
    as_given = [
        tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in stored
    ]
    assert as_given == rows
    assert Document.objects.count() == 0


def test_a_text_that_is_too_long_is_refused_and_never_cut_off() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no lengths")
    columns = ("digest_hex", "kind", "document", "created_ms")
    insert(Document, columns, [("a" * 64, 6, b"", 1)])
    for write in (
        lambda: insert(Document, columns, [("b" * 65, 6, b"", 1)]),
        lambda: update(Document, ("digest_hex",), where=("created_ms",), rows=[("b" * 65, 1)]),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()
    assert Document.objects.get().digest_hex == "a" * 64


def test_a_value_of_another_kind_is_refused() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("there values are parameters")
    with pytest.raises(TypeError, match="float"):
        insert(SaltRow, COLUMNS, [(1.5, b"")])


def test_what_is_gathered_arrives_together_at_the_end_and_in_order() -> None:
    first, second = _ids(2)
    with gathered():
        insert(SaltRow, COLUMNS, [(first, b"one"), (second, b"two")])
        with gathered():
            update(SaltRow, ("salt",), where=("message_id",), rows=[(b"three", second)])
        assert SaltRow.objects.count() == 0
    stored = {row.message_id.hex: bytes(row.salt) for row in SaltRow.objects.all()}
    assert stored == {first: b"one", second: b"three"}


def test_nothing_gathered_arrives_after_an_error() -> None:
    def fail() -> None:
        with gathered():
            insert(SaltRow, COLUMNS, [(_ids(1)[0], b"one")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert SaltRow.objects.count() == 0
    insert(SaltRow, COLUMNS, [(_ids(1)[0], b"at once")])
    assert SaltRow.objects.count() == 1


def test_a_statement_that_fails_takes_those_before_it_along() -> None:
    first, second = _ids(2)

    def write() -> None:
        with transaction.atomic(), gathered():
            insert(SaltRow, COLUMNS, [(first, b"one")])
            insert(SaltRow, COLUMNS, [(first, b"again")])
            insert(SaltRow, COLUMNS, [(second, b"never")])

    with pytest.raises(IntegrityError):
        write()
    assert SaltRow.objects.count() == 0


def test_more_than_one_trip_takes_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "TRIP", 5_000)
    monkeypatch.setattr("beyou.core.bulk._TEXT_AT_ONCE", 1_000)
    ids = _ids(300)
    with gathered():
        for at in range(0, 300, 100):
            insert(SaltRow, COLUMNS, [(each, each.encode() * 2) for each in ids[at : at + 100]])
        update(SaltRow, ("salt",), where=("message_id",), rows=[(b"x" * 2_000, each) for each in ids[::100]])
    stored = {row.message_id.hex: bytes(row.salt) for row in SaltRow.objects.all()}
    expected = {each: each.encode() * 2 for each in ids} | dict.fromkeys(ids[::100], b"x" * 2_000)
    assert stored == expected


def test_questions_asked_together_are_answered_each_by_its_own_rows(django_assert_num_queries: Any) -> None:
    people = sorted(members.members(3), key=lambda member: member.pk)
    ids = [each.pk for each in people]
    handles = Lookup(lambda ids: User.objects.filter(id__in=ids).order_by("id").values_list("handle"))
    active = Lookup(lambda ids: User.objects.filter(id__in=ids).order_by("id").values_list("id", "is_active"))
    with django_assert_num_queries(3 if connection.vendor == "sqlite" else 1):
        answers = rows_of(
            handles.asks(ids[:2]), active.asks([]), active.asks(ids[1:]), handles.asks([uuid7()])
        )
    assert answers == [[(each.handle,) for each in people[:2]], [], [(key, True) for key in ids[1:]], []]
    assert rows_of() == []
    assert rows_of(handles.asks([])) == [[]]
