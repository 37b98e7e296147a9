"""The head of the audit in the ledger: who writes the chain anew is found by what was sealed before."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from beyou.audit import queries as audit
from beyou.audit.models import AuditRecord
from beyou.audit.services import record
from beyou.core import schedule
from beyou.ledger import anchors, export, queries
from beyou.ledger.decisions import document_id
from beyou.ledger.format import Kind
from beyou.ledger.models import Alert, Document, EntryRow, OutboxRow
from beyou.ledger.verification import Verification
from tests.ledger.log import Log
from tests.verifier.standalone import installed

pytestmark = pytest.mark.django_db


def act(count: int = 3) -> None:
    for number in range(count):
        record(act="member.looked_at", actor_id=None, object_id=number)


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_head_is_anchored_once_and_again_after_the_next_act(log: Log) -> None:
    assert anchors.anchor_audit().entries == 0
    act()
    assert anchors.anchor_audit().entries == 1
    assert anchors.anchor_audit().entries == 0
    act(1)
    assert anchors.anchor_audit().entries == 1
    said = [json.loads(bytes(row.document)) for row in Document.objects.filter(kind=Kind.ANCHOR)]
    assert sorted(each["number"] for each in said) == [3, 4]
    assert {each["digest"] for each in said} == {row.digest for row in audit.records()[:2]}
    assert audit.standing().anchored_number == 4


def test_an_anchor_is_sealed_proven_and_accepted_by_the_offline_checker(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    act()
    anchors.anchor_audit()
    log.say(3)
    log.seal()
    document = bytes(Document.objects.get(kind=Kind.ANCHOR).document)
    (proof,) = queries.proofs_for([document_id(document)]).items
    assert proof.kind == Kind.ANCHOR
    assert EntryRow.objects.get(seq=proof.index).kind == Kind.ANCHOR
    assert list(Verification(log.signer.verifier, log.high_water, log.messages).run()) == []
    folder = log.folder / "export"
    export.write(folder)
    lines = (folder / "documents.jsonl").read_text()
    key = str(log.signer.verifier)
    with installed(monkeypatch):
        from beyou_ledger.cli import main

        assert main(["verify", str(folder), "--vkey", key]) == 0
        (folder / "documents.jsonl").write_text(lines.replace(document.hex(), b"{}".hex()))
        assert main(["verify", str(folder), "--vkey", key]) == 1


def test_rows_that_were_cut_off_together_with_the_head_are_missed(log: Log) -> None:
    act(5)
    anchors.anchor_audit()
    assert anchors.check_audit() == 0
    assert audit.standing().checked_rows == 5
    last = AuditRecord.objects.get(number=3).digest
    sql("DELETE FROM audit_auditrecord WHERE number > 3")
    sql(f"UPDATE audit_head SET number = 3, digest = '{last}'")
    assert anchors.check_audit() == 1
    assert audit.standing().problem.startswith("row 5 is missing")
    assert "row 5" in Alert.objects.get(kind="audit").detail
    # Who finds the same again does not alarm again.
    anchors.check_audit()
    assert Alert.objects.filter(kind="audit").count() == 1


def test_what_is_no_anchor_does_not_stop_the_check(log: Log) -> None:
    act()
    for junk in (
        b"",
        b"[]",
        b"\xff",
        b'{"format":"beyou/audit-anchor/1"}',
        b'{"format":"x","number":1}',
        b"null",
    ):
        Document.objects.create(
            digest_hex=junk.hex()[:64] or "0", kind=Kind.ANCHOR, document=junk, created_ms=1
        )
    assert anchors.check_audit() == 0


def test_the_command_names_the_first_bad_row_and_repairs_nothing(log: Log) -> None:
    act(4)
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue() == "All 4 rows of the audit are as they were recorded.\n"
    sql("UPDATE audit_auditrecord SET act = 'x.y' WHERE number = 2")
    for command in ("verify_audit", "verify"):
        out = StringIO()
        with pytest.raises(SystemExit) as stopped:
            call_command(command, stdout=out)
        assert stopped.value.code == 1
        assert "row 2 was altered" in out.getvalue().splitlines()[0]
    assert AuditRecord.objects.get(number=2).act == "x.y"


def test_both_return_by_themselves(log: Log) -> None:
    act()
    schedule.run_due()
    assert OutboxRow.objects.filter(kind=Kind.ANCHOR).count() == 1
    assert audit.standing().checked_at
