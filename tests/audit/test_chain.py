"""The chain of the audit: any row that is altered, removed, slipped in or moved is found and named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from beyou.audit import queries
from beyou.audit.append_only import AppendOnly
from beyou.audit.models import AuditRecord, Head
from beyou.audit.rules import NOTHING_BEFORE, Act, canonical, digest_of
from beyou.audit.services import record
from beyou.core.ids import uuid7
from tests.blocks.test_races import at_once

pytestmark = pytest.mark.django_db

#: Texts that engines, JSON or people might write in another way than they were given.
HOSTILE = [
    "",
    "é",
    "e\u0301",
    "\u202eabc",
    "\ufeff",
    "'; DROP TABLE x;--",
    '"\\"',
    "<b>",
    "\U0001f600",
    "\t \n",
]


def fill(count: int = 6) -> list[UUID]:
    for number in range(count):
        record(
            act="member.looked_at", actor_id=uuid7(), subject_id=uuid7(), object_id=number, why=f"{number}"
        )
    return list(AuditRecord.objects.order_by("number").values_list("id", flat=True))


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def problems(anchors: dict[int, set[str]] | None = None) -> list[str]:
    return [str(each) for each in queries.Check(anchors or {}).problems()]


def numbers(anchors: dict[int, set[str]] | None = None) -> list[int]:
    return [each.number for each in queries.Check(anchors or {}).problems()]


def test_rows_are_numbered_and_each_follows_the_one_before() -> None:
    assert problems() == []
    fill()
    rows = list(AuditRecord.objects.order_by("number"))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.previous for row in rows] == [NOTHING_BEFORE, *(row.digest for row in rows[:-1])]
    assert queries.head() == (6, rows[-1].digest)
    assert problems() == []


@pytest.mark.same_everywhere
def test_the_digest_is_that_of_the_bytes_that_the_reference_names() -> None:
    act = Act(
        *(7, "ab" * 32, UUID(int=1), UUID(int=2), "member.looked_at", None, "x"),
        detail={"b": 1, "a": "é"},
        address="::1",
        created_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )
    assert canonical(act) == (
        b'{"act":"member.looked_at","actor":"00000000000000000000000000000002","address":"' + b"0" * 31 + b"1"
        b'","at":1767323045678901,"detail":{"a":"\\u00e9","b":1},"id":"00000000000000000000000000000001",'
        b'"number":7,"object":"x","previous":"' + b"ab" * 32 + b'","subject":null}'
    )
    assert len(digest_of(act)) == 64


@pytest.mark.parametrize("address", [None, "10.1.2.3", "::1", "2001:DB8::0:1", "::ffff:10.1.2.3"])
def test_what_an_engine_writes_in_its_own_way_has_the_same_digest(address: str | None) -> None:
    nested = {"z": [1, None, True, {"é": 2**60}], "a": {}, "": "x"}
    record(act="member.looked_at", actor_id=None, address=address, texts=HOSTILE, nested=nested)
    for text in HOSTILE:
        record(act="member.looked_at", actor_id=None, object_id=text, why=text)
    assert problems() == []


@pytest.mark.parametrize("fraction", [0.5, 1e300, float("nan"), float("inf")])
def test_a_fraction_which_engines_write_in_different_ways_is_refused(fraction: float) -> None:
    with pytest.raises(TypeError, match="fraction"), transaction.atomic():
        record(act="member.looked_at", actor_id=None, share=[fraction])
    assert queries.head()[0] == 0


def test_the_orm_neither_changes_nor_removes() -> None:
    fill(2)
    row = AuditRecord.objects.get(number=1)
    row.act = "nothing.happened"
    tries: list[Callable[[], object]] = [
        row.save,
        row.delete,
        AuditRecord.objects.all().delete,
        AuditRecord.objects.filter(number=1).delete,
        partial(AuditRecord.objects.update, act="x"),
        partial(AuditRecord.objects.bulk_update, [row], ["act"]),
        partial(AuditRecord.objects.update_or_create, number=1, defaults={"act": "x"}),
    ]
    for each in tries:
        with pytest.raises(AppendOnly), transaction.atomic():
            each()
    assert AuditRecord.objects.get(number=1).act == "member.looked_at"
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditRecord.objects.create(number=1, act="x", previous="", digest="")
    assert problems() == []


_COLUMNS: list[tuple[str, Any]] = [
    ("act", "member.greeted"),
    ("actor_id", UUID(int=9).hex),
    ("actor_id", None),
    ("subject_id", UUID(int=9).hex),
    ("object_id", "another"),
    ("detail", json.dumps({"why": "another"})),
    ("address", "10.9.9.9"),
    ("created_at", "2020-01-01 00:00:00"),
    ("previous", "f" * 64),
    ("digest", "f" * 64),
    ("id", UUID(int=9).hex),
]


@pytest.mark.parametrize(("column", "value"), _COLUMNS)
def test_a_row_that_was_altered_is_named(column: str, value: Any) -> None:
    fill()
    sql(f"UPDATE audit_auditrecord SET {column} = %s WHERE number = 3", value)
    found = numbers()
    # Whose word on the row before was altered is altered, too.
    assert found[0] in ((2, 3) if column == "previous" else (3,))
    assert 3 in found
    assert max(found) == 3


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other engines refuse such columns")
@pytest.mark.parametrize("column", ["id", "actor_id", "created_at", "address", "act"])
@pytest.mark.parametrize("junk", ["zz", "{", "9999-99-99", b"\xff\xfe", -1])
def test_a_row_that_cannot_be_read_any_more_is_named_and_does_not_stop_the_check(
    column: str, junk: object
) -> None:
    fill()
    sql(f"UPDATE audit_auditrecord SET {column} = %s WHERE number = 4", junk)
    assert numbers() == [4]


@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_row_that_was_removed_is_named(number: int) -> None:
    fill()
    sql("DELETE FROM audit_auditrecord WHERE number = %s", number)
    assert problems()[0].startswith(f"row {number} is missing")
    assert len(problems()) == 1


def test_several_rows_that_were_removed_are_one_hole() -> None:
    fill()
    sql("DELETE FROM audit_auditrecord WHERE number IN (2, 3, 4)")
    assert problems() == ["row 2 is missing, and all behind it up to 4"]


def test_rows_that_were_cut_off_with_the_head_are_known_to_the_ledger() -> None:
    fill()
    anchors = {5: {AuditRecord.objects.get(number=5).digest}}
    assert problems(anchors) == []
    sql("DELETE FROM audit_auditrecord WHERE number > 3")
    assert numbers() == [4]
    sql("UPDATE audit_head SET number = 3, digest = %s", AuditRecord.objects.get(number=3).digest)
    assert problems() == []
    assert problems(anchors) == ["row 5 is missing, though the ledger knows it: rows were cut off"]


def forged(number: int, previous: str, **said: Any) -> str:
    """A row with a digest that fits it, as somebody who can write to the database makes it."""
    chosen = {"act": "member.looked_at", "why": "forged"} | said
    act = Act(
        *(number, previous, uuid7(), None, chosen["act"], None, "", {"why": chosen["why"]}, None),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    sql(
        "INSERT INTO audit_auditrecord"
        " (id, number, previous, digest, act, object_id, detail, created_at)"
        " VALUES (%s, %s, %s, %s, %s, '', %s, '2026-01-01 00:00:00')",
        *(act.id.hex, number, previous, digest_of(act), act.act, json.dumps(act.detail)),
    )
    return digest_of(act)


@pytest.mark.parametrize("number", [0, -5])
def test_a_row_that_was_slipped_in_before_the_first_is_named(number: int) -> None:
    fill()
    forged(number, NOTHING_BEFORE)
    assert problems() == [f"row {number} was slipped in: its number has no place in the chain"]


def test_a_row_that_was_slipped_in_behind_the_last_is_named() -> None:
    fill()
    forged(7, queries.head()[1])
    assert problems() == ["row 7 was slipped in behind the newest row"]
    forged(900, "0" * 64)
    assert numbers()[0] in (7, 8)


def test_a_row_that_was_replaced_by_one_that_fits_itself_is_named() -> None:
    fill()
    before = AuditRecord.objects.get(number=4)
    sql("DELETE FROM audit_auditrecord WHERE number = 4")
    forged(4, before.previous)
    assert problems() == ["row 4 is not the one that row 5 follows: it was replaced"]
    last = AuditRecord.objects.get(number=6)
    sql("DELETE FROM audit_auditrecord WHERE number = 6")
    forged(6, last.previous)
    assert numbers() == [4, 6]


def test_two_rows_that_changed_places_are_named() -> None:
    fill()
    for here, there in ((2, 99), (5, 2), (99, 5)):
        sql("UPDATE audit_auditrecord SET number = %s WHERE number = %s", there, here)
    found = numbers()
    assert found[0] in (1, 2)
    assert {2, 5} <= set(found)


def test_a_chain_that_was_written_anew_contradicts_what_the_ledger_knows() -> None:
    fill()
    anchors = {5: {AuditRecord.objects.get(number=5).digest}}
    previous = AuditRecord.objects.get(number=2).digest
    sql("DELETE FROM audit_auditrecord WHERE number > 2")
    for number in range(3, 8):
        previous = forged(number, previous)
    sql("UPDATE audit_head SET number = 7, digest = %s", previous)
    assert problems() == []
    assert problems(anchors) == ["row 5 is not the one that the ledger knows: the chain was written anew"]


def test_a_head_that_is_gone_is_said_and_the_chain_goes_on_behind_its_last_row() -> None:
    fill()
    sql("DELETE FROM audit_head")
    assert numbers() == [6]
    fill(2)
    assert queries.head()[0] == 8
    assert problems() == []


def test_a_walk_over_many_rows_takes_them_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_AT_ONCE", 4)
    fill(11)
    assert problems() == []
    sql("UPDATE audit_auditrecord SET act = 'x.y' WHERE number IN (4, 8, 11)")
    assert numbers() == [4, 8, 11]


@pytest.mark.django_db(transaction=True)
def test_those_who_add_at_once_make_one_chain() -> None:
    def add(actor: int) -> None:
        for number in range(5):
            record(act="member.looked_at", actor_id=UUID(int=actor), object_id=number)

    Head.objects.get_or_create(id=1, defaults={"number": 0, "digest": NOTHING_BEFORE})
    at_once([partial(add, actor) for actor in range(1, 9)])
    assert AuditRecord.objects.count() == queries.head()[0] == 40
    assert problems() == []


@pytest.mark.django_db(transaction=True)
def test_an_act_that_is_taken_back_while_others_wait_leaves_no_hole() -> None:
    def add(*, fails: bool) -> None:
        for _ in range(4):
            try:
                with transaction.atomic():
                    record(act="member.looked_at", actor_id=None)
                    if fails:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    Head.objects.get_or_create(id=1, defaults={"number": 0, "digest": NOTHING_BEFORE})
    at_once([partial(add, fails=bool(each % 2)) for each in range(6)])
    assert queries.head()[0] == 12
    assert problems() == []
