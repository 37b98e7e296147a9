"""The staff's log of sign-ins: exact numbers, filters, the file, and ranges that are blocked from it."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock, events
from beyou.notifications.models import Notification
from beyou.users import security_log, services, sign_in_log
from beyou.users.models import AddressBlock, LoginActivity, LoginOutcome, MemberSession, User
from beyou.users.rules import Level
from beyou.users.services import SignInAttempt
from beyou.users.sign_in_log import Wanted
from tests.factories import members
from tests.factories.members import client_of, staff

pytestmark = pytest.mark.django_db

LOG = f"/{settings.STAFF_PREFIX}/sign-ins"
FILE, BLOCKS = f"{LOG}.csv", f"{LOG}/blocks"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HOSTILE = (
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "@SUM(1)",
    "+1",
    "-1",
    "' OR 1=1 --",
    "{{ 7*7 }}",
    "x" * 300,
)


@pytest.fixture
def moderator() -> Client:
    return client_of(staff(Level.MODERATOR, handle="mo"))


def attempt(
    outcome: str,
    who: User | None = None,
    address: str = "192.0.2.7",
    path: str = "/sign-in",
    agent: str = FIREFOX,
) -> None:
    where = SignInAttempt(path=path, address=address, user_agent=agent, session_digest="")
    services.record_sign_in(
        attempt=where,
        outcome=LoginOutcome(outcome),
        member_id=who.pk if who else None,
        method="" if outcome == "decoy" else "password",
    )


@pytest.fixture
def alice() -> User:
    """Eight attempts: two succeed and four fail, one waits for a second step, one is at the decoy."""
    alice, bob = members.alice(), members.bob()
    attempt("success", alice)
    attempt("success", bob, "2001:db8::7")
    attempt("bad_credentials", alice)
    attempt("bad_credentials", alice, "192.0.2.8")
    attempt("bad_code", bob, "198.51.100.1", "/sign-in/second-step")
    attempt("unknown", None, "198.51.100.1")
    attempt("awaiting_factor", bob, "198.51.100.1")
    attempt("decoy", None, "203.0.113.9", "/admin/", "sqlmap/1.7")
    return alice


def shown(client: Client, url: str = LOG, **asked: Any) -> str:
    response = client.get(url, asked)
    assert response.status_code == 200
    return response.content.decode()


def lines(client: Client, **asked: Any) -> list[list[str]]:
    response = client.get(FILE, asked)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
    return list(csv.reader(io.StringIO(text)))[1:]


def test_the_totals_are_exact(alice: User) -> None:
    found = sign_in_log.totals(Wanted())
    assert found == sign_in_log.Totals(attempts=8, successes=2, failures=4, decoys=1, members=2, addresses=5)
    assert found.share == "33.3 %"
    assert sign_in_log.totals(Wanted(outcome="decoy")).share == "–"
    tops = sign_in_log.tops(Wanted())
    assert [(row["member__handle"], row["number"]) for row in tops.members] == [("alice", 2), ("bob", 1)]
    assert [(row["address"], row["number"]) for row in tops.addresses] == [
        ("198.51.100.1", 2),
        ("192.0.2.7", 1),
        ("192.0.2.8", 1),
    ]
    assert (tops.devices[0]["device"], tops.devices[0]["number"]) == ("Firefox on Linux", 7)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({}, 8),
        ({"handle": "@Alice"}, 3),
        ({"addresses": "192.0.2.7"}, 2),
        ({"addresses": "192.0.2.0/28"}, 3),
        ({"addresses": "2001:db8::/32"}, 1),
        ({"addresses": "0.0.0.0/0"}, 7),
        ({"outcome": "decoy"}, 1),
        ({"path": "/sign-in/"}, 1),
        ({"path": "%"}, 0),
        ({"method": "password"}, 7),
        ({"since": "2000-01-01T00:00"}, 8),
        ({"until": "2000-01-01T00:00"}, 0),
        ({"handle": "alice", "outcome": "success"}, 1),
    ],
)
def test_the_log_is_narrowed(alice: User, moderator: Client, asked: dict[str, str], number: int) -> None:
    assert f"<span>Attempts</span><b>{number}</b>" in shown(moderator, **asked)
    assert len(lines(moderator, **asked)) == number


@pytest.mark.parametrize(
    "asked",
    [
        {"handle": "nobody_here"},
        {"handle": "x" * 400},
        {"addresses": "192.0.2.0/33"},
        {"addresses": "<script>"},
        {"addresses": "1" * 10_000},
        {"addresses": "a\0b"},
        {"outcome": "loud"},
        {"method": "magic"},
        {"path": "x" * 101},
        {"path": "a\0b"},
        {"since": "yesterday"},
        {"before": "x"},
    ],
)
def test_what_is_no_part_of_the_log_is_refused(moderator: Client, asked: dict[str, str]) -> None:
    page = moderator.get(LOG, asked)
    assert page.status_code == 422
    assert "<script>" not in page.content.decode().partition("<main")[2]
    assert moderator.get(FILE, asked).status_code == 422
    assert not AuditRecord.objects.filter(act="sign_in_log.viewed").exists()


def test_the_week_before_is_not_shown_unless_asked_for(alice: User, moderator: Client) -> None:
    since = (clock.now()).strftime("%Y-%m-%dT00:00")
    clock.shift(8 * 86_400_000)
    mo = client_of(User.objects.get(handle="mo"))
    assert "<span>Attempts</span><b>0</b>" in shown(mo)
    assert "<span>Attempts</span><b>8</b>" in shown(mo, since=since)


def test_hostile_agents_are_text_on_the_page_and_in_the_file(moderator: Client) -> None:
    for agent in HOSTILE:
        attempt("unknown", agent=agent, path="/=1+1")
    page = shown(moderator)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page
    agents = [line[8] for line in lines(moderator)]
    assert not any(agent.startswith(("=", "@", "+", "-")) for agent in agents)
    assert "'=HYPERLINK(1)" in agents


def test_pages_cost_the_same_and_lead_on_without_gaps(moderator: Client) -> None:
    def cost(**asked: Any) -> int:
        with CaptureQueriesContext(connection) as caught:
            shown(moderator, **asked)
        return len(caught)

    people = members.members(60)
    for person in people[:2]:
        attempt("bad_credentials", person)
    cost()
    few = cost()
    for person in people:
        attempt("bad_credentials", person)
    assert cost() == few
    first = sign_in_log.log_page(Wanted())
    second = sign_in_log.log_page(Wanted(), before=first.next)
    seen = [row.pk for row in first.items + second.items]
    assert seen == list(LoginActivity.objects.order_by("-id").values_list("pk", flat=True))
    assert second.next is None
    part = moderator.get(LOG, {"before": str(first.next)}, headers={"HX-Request": "true"}).content.decode()
    assert part.count("<li>") == 12
    assert "<html" not in part


def test_looks_stand_in_the_audit_and_the_member_learns_of_them(alice: User, moderator: Client) -> None:
    shown(moderator)
    shown(moderator, handle="alice")
    lines(moderator, handle="alice")
    # What an open page asks for by itself is no other look.
    moderator.get(LOG, {"handle": "alice", "live": "on"}, headers={"HX-Request": "true"})
    looks = AuditRecord.objects.filter(act__endswith="viewed").order_by("id")
    records = looks.values_list("act", "subject_id", "detail__file")
    assert list(records) == [
        ("sign_in_log.viewed", None, False),
        ("member.sign_ins_viewed", alice.pk, False),
        ("member.sign_ins_viewed", alice.pk, True),
    ]
    clock.shift(31 * 86_400_000)
    told = [each.text for each in security_log.log_page(alice.pk).items if each.kind == "staff_look"]
    assert len(told) == 2


def test_the_log_can_be_followed_and_paused(alice: User, moderator: Client) -> None:
    assert "hx-trigger" not in shown(moderator, handle="alice").partition('id="log"')[2].partition(">")[0]
    live = shown(moderator, handle="alice", live="on")
    assert 'hx-trigger="load delay:5s"' in live
    assert '<a class="btn quiet small" href="?handle=alice">Pause</a>' in live
    attempt("limited", alice)
    assert "Too many attempts</b>" in shown(moderator, handle="alice", live="on")


def test_sessions_end_from_a_row(alice: User, moderator: Client) -> None:
    open_one = client_of(alice)
    address = f"/{settings.STAFF_PREFIX}/members/{alice.pk}/end-sessions"
    assert f'action="{address}"' in shown(moderator)
    assert moderator.post(address, {"why": "Somebody guesses."}).status_code == 302
    assert open_one.get("/home").status_code == 302
    assert not MemberSession.objects.filter(member=alice, ended_at=None).exists()


def test_countries_are_honestly_left_out(alice: User, moderator: Client) -> None:
    assert "no database of places" in shown(moderator)


def test_a_range_is_previewed_then_blocked_then_lifted(alice: User, moderator: Client) -> None:
    sent = {"network": "192.0.2.0/24", "days": "2", "reason": "They guess passwords."}
    page = moderator.post(BLOCKS, sent).content.decode()
    assert "0 members signed in there now, 1 sign-in and 3 attempts in all" in page
    assert not AddressBlock.objects.exists()
    assert moderator.post(BLOCKS, sent | {"do": "block"}).status_code == 302
    again = moderator.post(BLOCKS, sent | {"do": "block"})
    assert (again.status_code, "blocked already" in again.content.decode()) == (422, True)
    made = AddressBlock.objects.get()
    assert "They guess passwords." in shown(moderator, BLOCKS)
    for why in ("", "no", "x" * 201):
        assert moderator.post(f"{BLOCKS}/{made.pk}/lift", {"why": why}).status_code == 422
    assert moderator.post(f"{BLOCKS}/{made.pk}/lift", {"why": "It was a school."}).status_code == 302
    assert moderator.post(f"{BLOCKS}/{made.pk}/lift", {"why": "It was a school."}).status_code == 409
    assert "Lifted" in shown(moderator, BLOCKS)


@pytest.mark.parametrize(
    "changed",
    [
        {"network": ""},
        {"network": "192.0.2.0/40"},
        {"network": "0.0.0.0/0"},
        {"network": "127.0.0.1"},
        {"network": "127.0.0.0/8"},
        {"network": "1" * 10_000},
        {"days": "0"},
        {"days": "91"},
        {"days": "many"},
        {"days": "9" * 500},
        {"reason": "no"},
        {"reason": "x" * 201},
    ],
)
def test_blocks_that_cannot_be_are_refused_and_keep_what_was_typed(
    moderator: Client, changed: dict[str, str]
) -> None:
    sent = {"network": "192.0.2.0/24", "days": "2", "reason": "<b>Guessing</b>", "do": "block"} | changed
    answer = moderator.post(BLOCKS, sent)
    assert answer.status_code == 422
    assert "<b>Guessing</b>" not in answer.content.decode()
    assert not AddressBlock.objects.exists()


def test_the_list_of_blocks_costs_the_same(moderator: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            shown(moderator, BLOCKS)
        return len(caught)

    def block(number: int) -> None:
        sent = {"network": f"10.{number}.0.0/16", "days": "2", "reason": "Guessing.", "do": "block"}
        assert moderator.post(BLOCKS, sent).status_code == 302

    for number in range(2):
        block(number)
    cost()
    few = cost()
    for number in range(2, 20):
        block(number)
    # Toasts wait in a cookie for the page that shows them.
    cost()
    assert cost() == few


@pytest.mark.parametrize("level", [Level.VERIFIER, Level.FINANCE, Level.AUDITOR])
def test_other_levels_find_no_such_pages(level: Level) -> None:
    client = client_of(staff(level))
    for url in (LOG, FILE, BLOCKS):
        assert client.get(url).status_code == 404
    sent = {"network": "192.0.2.0/24", "days": "2", "reason": "Guessing.", "do": "block"}
    assert client.post(BLOCKS, sent).status_code == 404
    assert client_of(members.dana()).get(LOG).status_code == 404
    assert not AddressBlock.objects.exists()


def test_a_visit_at_the_decoy_is_told_within_a_minute_and_stands_in_the_log() -> None:
    mo = staff(Level.MODERATOR, handle="mo")
    began = clock.now()
    for number in range(15):
        answer = Client(headers={"user-agent": f"sqlmap/{number}"}, REMOTE_ADDR="192.0.2.66").get("/admin/x")
        assert (answer.status_code, "Your visit was recorded" in answer.content.decode()) == (403, True)
    while events.drain():
        pass
    (notice,) = Notification.objects.filter(member=mo)
    assert notice.kind == "staff_alert"
    assert notice.created_at - began < dt.timedelta(seconds=60)
    rows = lines(client_of(mo), outcome="decoy")
    # Whoever goes on is refused without another row.
    assert len(rows) == 10
    assert [(row[4], row[9]) for row in rows] == [("192.0.2.66", "/admin/x")] * 10
    assert rows[-1][8] == "sqlmap/0"
