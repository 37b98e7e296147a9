"""The page of the audit: what is found, in which words, what its file holds, and who may see either."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.audit.services import record
from beyou.console import audit_queries, audit_words
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.core.tables import safe_cell
from beyou.ledger import anchors
from beyou.users.models import User
from beyou.users.rules import Level
from tests.factories import members
from tests.factories.members import client_of, staff
from tests.ledger.log import Log, source_of

pytestmark = pytest.mark.django_db

AUDIT = f"/{settings.STAFF_PREFIX}/audit"
FILE = f"{AUDIT}/file"

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7|add:7 }}{% now 'Y' %}",
    "'; DROP TABLE audit_auditrecord; --",
    "\u202egpj.exe",
    '=HYPERLINK("http://evil.example")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r\n=1",
    "\uff1d1",
    'a,b;c"d\ne',
]


@pytest.fixture
def log(db: None, tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path)
    with source_of(log.messages):
        yield log


@pytest.fixture
def auditor(db: None) -> User:
    return staff(Level.AUDITOR, handle="audrey")


@pytest.fixture
def client(auditor: User) -> Client:
    return client_of(auditor)


def page(client: Client, **asked: Any) -> str:
    answer = client.get(AUDIT, asked)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def file_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_acts_are_sentences_and_their_details_are_at_hand(client: Client, auditor: User) -> None:
    alice = members.alice()
    record(
        act="member.contact_viewed", actor_id=auditor.pk, subject_id=alice.pk, address="10.1.2.3", why="Ill"
    )
    record(act="account.deletion_requested", actor_id=alice.pk, subject_id=alice.pk)
    record(act="recovery.used", actor_id=None, subject_id=uuid7())
    record(act="tea.made", actor_id=uuid7(), items=["milk"], keys=1)
    told = page(client)
    assert "<b>@audrey</b> looked at how to reach <b>@alice</b>. <q" in told
    assert "<b>@alice</b> asked for the deletion of the account of <b>themselves</b>." in told
    assert "<b>The command line or a job</b> let <b>a former member</b> back into the account." in told
    assert "<b>A former member</b> did “tea: made” about <b>nobody</b>." in told
    assert "<dt>items</dt><dd>[&#x27;milk&#x27;]</dd><dt>keys</dt><dd>1</dd>" in told
    assert '<dd class="mono">10.1.2.3</dd>' in told
    assert AuditRecord.objects.get(act="tea.made").digest in told


def test_every_search_narrows_and_they_add_up(client: Client, auditor: User) -> None:
    alice, bob = members.alice(), members.bob()
    days = [dt.timedelta(days=each) for each in range(3)]
    for number, day in enumerate(days):
        clock.shift(int(day.total_seconds() * 1000))
        for actor, subject in ((auditor, alice), (alice, bob)):
            record(
                act="member.warning_given",
                actor_id=actor.pk,
                subject_id=subject.pk,
                why=f"{actor.handle}{number}",
            )
        record(act="staff.level_granted", actor_id=None, subject_id=alice.pk, why=f"job{number}")
    today = clock.now().date()
    clock.shift(0)

    def found(**asked: str) -> set[str]:
        told = page(client, **asked)
        return {each for who in ("audrey", "alice", "job") for n in range(3) if (each := f"{who}{n}") in told}

    everything = {f"{who}{n}" for who in ("audrey", "alice", "job") for n in range(3)}
    assert found() == everything
    assert found(by="@Alice") == {"alice0", "alice1", "alice2"}
    assert found(about="alice") == everything - {"alice0", "alice1", "alice2"}
    assert found(by="audrey", about="bob") == set()
    assert found(act="staff.") == {"job0", "job1", "job2"}
    assert found(act="member.warning_given", about="bob") == {"alice0", "alice1", "alice2"}
    first = str(AuditRecord.objects.order_by("number")[0].created_at.date())
    assert "audrey2" not in found(until=first)
    assert "audrey0" in found(since=first, until=first)
    assert found(since=str(today + dt.timedelta(days=9))) == set()
    for nobody in ({"by": "nobody_here"}, {"about": "nobody_here"}, {"act": "tea"}):
        assert "No such acts" in page(client, **nobody)


def test_pages_follow_each_other_without_a_hole_or_a_repeat(client: Client, auditor: User) -> None:
    for number in range(123):
        record(act="member.warning_given", actor_id=auditor.pk, why=f"look{number:03};")
    address, seen = f"{AUDIT}?act=member.&by=audrey", []
    while address:
        told = client.get(address, HTTP_HX_REQUEST="true").content.decode()
        assert "<html" not in told
        seen += [number for number in reversed(range(123)) if f'<q class="muted">look{number:03};' in told]
        rest = told.partition('href="?')[2].partition('"')[0].replace("&amp;", "&")
        assert not rest or ("act=member." in rest and "by=audrey" in rest)
        address = f"{AUDIT}?{rest}" if rest else ""
    assert seen == list(reversed(range(123)))


@pytest.mark.parametrize(
    "bad",
    [
        {"before": "x"},
        {"before": "0"},
        {"before": "-1"},
        {"before": "9" * 40},
        {"act": "a" * 61},
        {"act": "\x00"},
        {"by": "\x00"},
        {"about": "a" * 32},
        {"since": "yesterday"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"since": "2026-02-30"},
        {"since": "2026-02-02", "until": "2026-02-01"},
    ],
)
def test_what_makes_no_sense_is_said_and_finds_nothing(client: Client, bad: dict[str, str]) -> None:
    record(act="member.warning_given", actor_id=None, why="secret")
    for head in ({}, {"HX-Request": "true"}):
        answer = client.get(AUDIT, bad, headers=head)
        assert answer.status_code == 422
        assert "secret" not in answer.content.decode()
    assert client.post(FILE, bad).status_code == 422
    assert not AuditRecord.objects.filter(act="audit.exported").exists()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(client: Client, text: str) -> None:
    record(act=f"x.{text}"[:60], actor_id=None, object_id=text, why=text, **{text: [text]})
    told = page(client, act="x.")
    assert "<script>alert" not in told
    assert "<img src=x" not in told
    assert "14" not in told.partition("{{ 7|add:7 }}")[2][:20]
    page(client, act=text[:60].replace("\r", ""))


def test_the_file_holds_what_is_shown_and_no_formula(client: Client, auditor: User) -> None:
    alice = members.alice()
    for text in HOSTILE:
        record(act=text[:60], actor_id=auditor.pk, subject_id=alice.pk, object_id=text, why=text)
    record(act="member.warned", actor_id=None)
    answer = client.post(FILE, {"about": "alice"})
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"] == 'attachment; filename="beyou-audit.csv"'
    rows = file_of(answer)
    assert list(rows[0]) == list(audit_queries.FILE_HEAD)
    assert [row["object"] for row in rows] == [str(safe_cell(text)) for text in reversed(HOSTILE)]
    for row in rows:
        assert row["who"] == "audrey"
        assert row["about"] == "alice"
        for cell in row.values():
            assert not cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    kept = {str(row.number): row.digest for row in AuditRecord.objects.filter(subject_id=alice.pk)}
    assert {row["number"]: row["digest"] for row in rows} == kept


def test_taking_the_file_is_an_act_and_is_not_in_it(client: Client, auditor: User) -> None:
    for number in range(audit_queries._FILE_AT_ONCE + 3):
        record(act="member.warning_given", actor_id=None, object_id=number)
    rows = file_of(client.post(FILE, {"act": "", "by": ""}))
    assert [int(row["number"]) for row in rows] == list(range(audit_queries._FILE_AT_ONCE + 4, 0, -1))
    act = AuditRecord.objects.get(act="audit.exported")
    assert (act.actor_id, act.detail) == (auditor.pk, {"filters": {}})
    assert file_of(client.post(FILE, {"by": "nobody_here"})) == []
    filters = {"act": "audit.", "by": "audrey", "since": "2026-01-01"}
    assert len(file_of(client.post(FILE, filters))) == 2
    last = AuditRecord.objects.order_by("-number")[0]
    assert last.detail == {"filters": filters}
    assert "<b>@audrey</b> downloaded a part of the audit." in page(client, act="audit.")


@pytest.mark.parametrize("level", [*Level, None])
def test_only_auditors_and_owners_read_and_take_it(level: Level | None) -> None:
    record(act="member.warning_given", actor_id=None)
    person = client_of(staff(level, handle="some_staff") if level else members.alice())
    may = level in (Level.AUDITOR, Level.OWNER)
    assert person.get(AUDIT).status_code == (200 if may else 404)
    assert person.post(FILE).status_code == (200 if may else 404)
    assert AuditRecord.objects.filter(act="audit.exported").count() == (1 if may else 0)


def test_visitors_are_sent_to_sign_in_and_a_link_takes_nothing(client: Client) -> None:
    assert Client().get(AUDIT).status_code == 302
    assert Client().post(FILE).status_code in (302, 401, 403)
    assert client.get(FILE).status_code == 405
    assert not AuditRecord.objects.filter(act="audit.exported").exists()


def test_the_page_and_the_file_cost_the_same_for_two_and_twenty_rows(client: Client, auditor: User) -> None:
    costs = []
    for count in (2, 18):
        for person in members.members(count, f"many{count}"):
            record(act="member.warning_given", actor_id=auditor.pk, subject_id=person.pk)
        for asked in ({}, {"by": "audrey", "act": "member.", "since": "2020-01-01"}):
            client.get(AUDIT, asked)
            with CaptureQueriesContext(connection) as caught:
                page(client, **asked)
            costs.append(len(caught))
            with CaptureQueriesContext(connection) as caught:
                assert file_of(client.post(FILE, asked))
            costs.append(len(caught))
    assert costs[:4] == costs[4:]


def test_the_page_says_whether_the_audit_is_whole(client: Client, log: Log) -> None:
    assert "1 row. They were not checked yet" in page(client)
    record(act="member.warning_given", actor_id=None)
    anchors.anchor_audit()
    anchors.check_audit()
    told = page(client)
    assert "2 rows. All were as they were recorded when they were checked" in told
    assert "The ledger vouches for rows up to 2, once it is sealed." in told
    log.seal()
    assert "The ledger vouches for rows up to 2 by its entry 2." in page(client)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditrecord SET act = 'member.greeted' WHERE number = 1")
    anchors.check_audit()
    told = page(client)
    assert "The audit was tampered with:</b> row 1 was altered" in told
    assert "as they were recorded" not in told


def test_the_words_of_every_act_are_whole() -> None:
    for act, words in audit_words.WORDS.items():
        assert act.partition(".")[0] in audit_words._KINDS, act
        assert words.count("{") == words.count("}") == words.count("{}") <= 1, act
        assert len(act) <= 60
