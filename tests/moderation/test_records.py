"""The record of a decision: what the member takes home, and that nobody can alter it unseen."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.core import events
from beyou.ledger import export
from beyou.ledger import queries as ledger
from beyou.ledger.format import Kind as EntryKind
from beyou.ledger.models import Document, OutboxRow
from beyou.ledger.note import Signer
from beyou.moderation import queries, services
from beyou.moderation.models import DecisionRecord, Sanction
from beyou.moderation.rules import Kind, Reason
from beyou.users.models import User
from beyou.users.rules import Level
from tests.factories import members
from tests.factories.members import client_of, staff
from tests.ledger.log import Log, source_of
from tests.moderation.test_sanctions import suspend
from tests.verifier.standalone import installed

pytestmark = pytest.mark.django_db

SECRET = "You sent 40 adverts."


@pytest.fixture
def log(db: None, tmp_path: Path, settings: Any) -> Iterator[Log]:
    log = Log(tmp_path / "data", signer=Signer(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED))
    with source_of(log.messages):
        yield log


@pytest.fixture
def mo(db: None) -> User:
    return staff(Level.MODERATOR, handle="mo")


@pytest.fixture
def alice(db: None) -> User:
    return members.alice()


@pytest.fixture
def check(
    log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str]]]:
    """The exit status of the offline checker and what it said about a receipt."""
    with installed(monkeypatch):
        from beyou_ledger.cli import main

        def run(receipt: object, key: str = "") -> tuple[int, str]:
            file = tmp_path / "receipt.json"
            file.write_bytes(receipt if isinstance(receipt, bytes) else json.dumps(receipt).encode())
            capsys.readouterr()
            status = main(["receipt", str(file), "--vkey", key or str(log.signer.verifier)])
            said = capsys.readouterr()
            return status, said.out + said.err

        yield run


Check = Callable[..., tuple[int, str]]


def appealed(mo: User, alice: User, *, is_granted: bool) -> Sanction:
    row = suspend(mo, alice)
    services.appeal(member_id=alice.pk, sanction_id=row.pk, words="It was not me.")
    other = staff(Level.MODERATOR, handle="other_mo")
    services.decide_appeal(
        actor_id=other.pk, sanction_id=row.pk, is_granted=is_granted, answer="We looked again."
    )
    return row


def test_a_suspended_member_takes_the_record_home_and_the_checker_accepts_it(
    mo: User, alice: User, log: Log, check: Check
) -> None:
    browser = client_of(alice)
    row = suspend(mo, alice)
    address = f"/decisions/{row.pk}/record.json"
    assert f'href="{address}"' in browser.get("/decisions").content.decode()
    before = browser.get(address)
    status, said = check(before.content)
    assert (status, "record 1 was not sealed yet" in said) == (2, True)
    log.say(3)
    log.seal()
    answer = browser.get(address)
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == f'attachment; filename="decision-{row.pk}.json"'
    status, said = check(answer.content)
    assert status == 0, said
    assert "GOOD: record 1 is entry" in said
    assert f'words: "{SECRET}"' in said
    assert said.endswith("All 1 records of the decision are as they were sealed.\n")
    record = json.loads(answer.json()["records"][0]["record"])
    assert record["member"] == {"id": str(alice.pk), "handle": "alice"}
    assert (record["what"], record["kind"], record["reason"]) == ("decided", "suspension", "Spam")
    # Who of the staff decided is nobody's business outside.
    assert str(mo.pk) not in answer.content.decode()


@pytest.mark.parametrize("what", ["appeal granted", "appeal upheld"])
def test_what_became_of_it_is_a_second_record(
    mo: User, alice: User, log: Log, check: Check, what: str
) -> None:
    row = appealed(mo, alice, is_granted=what == "appeal granted")
    log.seal()
    receipt = queries.receipt_for(alice.pk, row.pk)
    said = [json.loads(each["record"]) for each in receipt["records"]]
    assert [each["what"] for each in said] == ["decided", what]
    assert (said[1]["appeal"], said[1]["answer"]) == ("It was not me.", "We looked again.")
    assert check(receipt)[0] == 0


def test_what_was_taken_back_without_an_appeal_is_written_down_too(mo: User, alice: User, log: Log) -> None:
    row = suspend(mo, alice)
    services.lift(actor_id=mo.pk, sanction_id=row.pk, why="A mistake")
    records = queries.receipt_for(alice.pk, row.pk)["records"]
    assert [json.loads(each["record"])["what"] for each in records] == ["decided", "taken back"]
    # Why it was is for the staff.
    assert "A mistake" not in json.dumps(records)


def test_what_is_only_proposed_has_no_record_until_a_second_agrees(mo: User, alice: User) -> None:
    row = suspend(mo, alice, days=None)
    assert not DecisionRecord.objects.exists()
    assert client_of(alice).get(f"/decisions/{row.pk}/record.json").status_code == 404
    services.second(actor_id=staff(Level.MODERATOR, handle="two").pk, sanction_id=row.pk, agrees=True)
    (record,) = queries.receipt_for(alice.pk, row.pk)["records"]
    assert json.loads(record["record"])["is_for_ever"] is True
    assert "until" not in json.loads(record["record"])


def _in_record(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    def alter(receipt: dict[str, Any]) -> None:
        said = json.loads(receipt["records"][0]["record"]) | {name: value}
        receipt["records"][0]["record"] = json.dumps(said, indent=2)

    return alter


def _item(at: int, name: str, value: object) -> Callable[[dict[str, Any]], None]:
    def alter(receipt: dict[str, Any]) -> None:
        receipt["records"][at][name] = value

    return alter


def _whole(alter: Callable[[list[Any]], object]) -> Callable[[dict[str, Any]], None]:
    return lambda receipt: (alter(receipt["records"]), None)[1]


ALTERED: list[Callable[[dict[str, Any]], None]] = [
    *(
        _in_record(name, "x")
        for name in ("words", "kind", "reason", "until", "since", "member", "at", "what")
    ),
    *(_in_record(name, "x") for name in ("decision", "number", "format", "more")),
    _in_record("number", True),
    _in_record("decision", 7),
    *(_item(0, "record", value) for value in ("", "{}", "[]", "null", 7, None, "\ud800")),
    *(_item(0, "salt", value) for value in ("", "00" * 32, "00" * 31, "zz", 7)),
    *(_item(0, "entry", value) for value in ("", "00" * 40, "zz")),
    *(_item(0, "index", value) for value in (-1, 0, 1, 10**9, True, "1", None)),
    *(_item(0, "path", value) for value in ([], ["00" * 32], "x", None)),
    *(_item(0, "state", value) for value in ("erased", "", None)),
    _item(1, "index", 0),
    _whole(lambda records: records.reverse()),
    _whole(lambda records: records.pop(0)),
    _whole(lambda records: records.insert(1, deepcopy(records[0]))),
    _whole(lambda records: records.append(7)),
    _whole(lambda records: records.clear()),
    lambda receipt: receipt.update(vkey="testserver/ledger+00000000+AQ=="),
    lambda receipt: receipt.update(checkpoint=receipt["checkpoint"].replace("\n", "\n\n", 1)),
    lambda receipt: receipt.update(checkpoint=None),
    lambda receipt: receipt.update(records={}),
]


@pytest.mark.parametrize("alter", ALTERED, ids=range(len(ALTERED)))
def test_a_record_that_was_altered_is_refused(
    mo: User, alice: User, log: Log, check: Check, alter: Callable[[dict[str, Any]], None]
) -> None:
    row = appealed(mo, alice, is_granted=False)
    log.say(5)
    log.seal()
    receipt = queries.receipt_for(alice.pk, row.pk)
    assert check(receipt)[0] == 0
    alter(receipt)
    status, said = check(receipt)
    assert status == 1, said
    assert "Traceback" not in said


def test_the_records_of_two_decisions_do_not_make_one(mo: User, alice: User, log: Log, check: Check) -> None:
    first, second = appealed(mo, alice, is_granted=True), suspend(mo, alice)
    services.lift(actor_id=mo.pk, sanction_id=second.pk, why="x")
    log.seal()
    mixed = queries.receipt_for(alice.pk, first.pk)
    mixed["records"][1] = queries.receipt_for(alice.pk, second.pk)["records"][1]
    status, said = check(mixed)
    assert (status, "of another decision" in said) == (1, True)


def test_another_key_is_refused(mo: User, alice: User, log: Log, check: Check) -> None:
    row = suspend(mo, alice)
    log.seal()
    other = str(Signer("testserver/ledger", bytes(32)).verifier)
    assert check(queries.receipt_for(alice.pk, row.pk), other)[0] == 1


def test_only_the_member_has_it(mo: User, alice: User, log: Log) -> None:
    row = suspend(mo, alice)
    address = f"/decisions/{row.pk}/record.json"
    for person in (members.bob(), mo, staff(handle="an_owner")):
        assert client_of(person).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert client_of(alice).post(address).status_code == 405
    assert client_of(alice).get("/decisions/x/record.json").status_code == 404


def test_the_ledger_tells_nothing_and_an_erasure_leaves_nothing_behind(
    mo: User, alice: User, log: Log, tmp_path: Path
) -> None:
    suspend(mo, alice)
    log.seal()
    (document,) = Document.objects.filter(kind=EntryKind.ANCHOR).values_list("document", flat=True)
    assert set(json.loads(bytes(document))) == {"format", "commitment"}
    export.write(tmp_path / "export")
    told = b"".join(each.read_bytes() for each in (tmp_path / "export").rglob("*") if each.is_file())
    assert SECRET.encode() not in told
    assert SECRET.encode().hex().encode() not in told
    services.erase_member(member_id=alice.pk)
    assert not DecisionRecord.objects.exists()


def test_a_decision_that_fails_leaves_no_entry(mo: User, alice: User) -> None:
    suspend(mo, alice)
    waiting = OutboxRow.objects.count()
    with pytest.raises(services.AlreadySuspended):
        suspend(mo, alice)
    assert OutboxRow.objects.count() == waiting
    assert DecisionRecord.objects.count() == 1


def test_a_decision_of_an_older_version_has_no_record_and_its_page_says_nothing_of_one(
    mo: User, alice: User
) -> None:
    row = suspend(mo, alice)
    DecisionRecord.objects.all().delete()
    browser = client_of(alice)
    assert "Download the record" not in browser.get("/decisions").content.decode()
    assert browser.get(f"/decisions/{row.pk}/record.json").status_code == 404


def test_the_page_and_the_record_cost_the_same_however_many_there_are(
    mo: User, alice: User, log: Log
) -> None:
    browser, costs = client_of(alice), []
    for count in (2, 18):
        for _ in range(count):
            row = services.sanction(
                actor_id=mo.pk, member_id=alice.pk, kind=Kind.WARNING, reason=Reason.SPAM, words=SECRET
            )
        events.drain()
        log.seal()
        for address in ("/decisions", f"/decisions/{row.pk}/record.json"):
            browser.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert browser.get(address).status_code == 200
            costs.append(len(caught))
    assert costs[:2] == costs[2:]
    assert ledger.health().waiting == 0
