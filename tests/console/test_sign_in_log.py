"""The sign-in log of the staff: what it counts, what narrows it, what it writes down, and what it costs."""

import csv
import io
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock
from beyou.core.errors import InvalidInput
from beyou.users.models import LoginActivity, LoginOutcome, SignInMethod, User
from beyou.users.rules import Level
from beyou.users.sign_in_log import place_of
from tests.factories import members
from tests.factories.members import client_of, staff

pytestmark = pytest.mark.django_db

PAGE = f"/{settings.STAFF_PREFIX}/sign-ins"


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


@pytest.fixture
def browser(mo: User) -> Client:
    client = client_of(mo)
    LoginActivity.objects.all().delete()
    return client


def attempt(member: User | None = None, outcome: LoginOutcome = LoginOutcome.SUCCESS, **said: Any) -> UUID:
    row = {
        "path": "/sign-in",
        "address": "203.0.113.7",
        "device": "Firefox on Linux",
        "user_agent": "Mozilla/5.0",
    }
    made = LoginActivity.objects.create(member=member, outcome=outcome, **(row | said))
    return made.pk


def body(client: Client, query: str = "") -> str:
    answer = client.get(PAGE + query)
    assert answer.status_code == 200, query
    return answer.content.decode()


def test_ratios_count_what_ended_and_nothing_else(browser: Client) -> None:
    alice, bob = members.alice(), members.bob()
    for _ in range(3):
        attempt(alice, method=SignInMethod.PASSWORD)
    attempt(bob, LoginOutcome.BAD_CREDENTIALS, address="198.51.100.9")
    attempt(None, LoginOutcome.UNKNOWN, address="198.51.100.9")
    attempt(bob, LoginOutcome.AWAITING_FACTOR)
    attempt(None, LoginOutcome.DECOY, address="2001:db8::1", path="/admin/login")
    context = browser.get(PAGE).context
    totals = context["totals"]
    assert (totals.attempts, totals.successes, totals.failures, totals.percent) == (7, 3, 2, 60)
    assert (totals.members, totals.addresses, totals.decoys) == (2, 3, 1)
    assert [(each.member, each.times) for each in totals.failed_members] == [(bob, 1)]
    assert [(each.address, each.times) for each in totals.failed_addresses] == [("198.51.100.9", 2)]
    assert browser.get(PAGE + "?outcome=decoy").context["totals"].percent is None


@pytest.mark.parametrize(
    ("query", "shown"),
    [("?handle=alice", {"a", "c"}), ("?handle=@Alice", {"a", "c"}), ("?handle=nobody_here", set()),
     ("?place=203.0.113.7", {"a"}), ("?place=203.0.113.0/24", {"a", "b"}),
     ("?place=203.0.0.0/16", {"a", "b"}),
     ("?place=203.0.11.0/24", set()), ("?place=2001:db8::/32", {"c"}), ("?place=2001:DB8::1", {"c"}),
     ("?outcome=success", {"a", "c"}), ("?method=passkey", {"c"}), ("?path=/api", {"b"}),
     ("?days=1", {"a", "b", "c"}),
     ("?handle=alice&method=passkey&days=30", {"c"})],
)  # fmt: skip
def test_filters_narrow_the_log(browser: Client, query: str, shown: set[str]) -> None:
    alice = members.alice()
    rows = {
        "a": attempt(alice, method=SignInMethod.PASSWORD),
        "b": attempt(None, LoginOutcome.UNKNOWN, address="203.0.113.77", path="/api/v1/auth/login"),
        "c": attempt(alice, method=SignInMethod.PASSKEY, address="2001:db8::1"),
    }
    found = {line.row.pk for line in browser.get(PAGE + query).context["page"].lines}
    assert found == {rows[name] for name in shown}


def test_what_is_older_than_asked_for_is_not_counted(browser: Client) -> None:
    attempt(members.alice())
    clock.shift(2 * 86_400_000)
    later = client_of(staff(Level.MODERATOR, handle="vi"))
    assert "@alice" in body(later, "?days=7")
    assert "@alice" not in body(later, "?days=1")


@pytest.mark.parametrize(
    "text",
    ["x", "203.0.113", "203.0.113.0/25", "203.0.113.0/99", "0.0.0.0/0", "::/0", "2001:db8::/33",
     "203.0.113.7'--",
     "9" * 60, "2001:db8:0::/48", "127.0.0.1/-1"],
)  # fmt: skip
def test_what_is_no_place_is_said_and_not_guessed(browser: Client, text: str) -> None:
    with pytest.raises(InvalidInput):
        place_of(text)
    answer = browser.get(PAGE, {"place": text})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "query", ["?outcome=luck", "?method=luck", "?days=0", "?days=9999", "?before=x", "?path=" + "x" * 101]
)
def test_bad_filters_are_named(browser: Client, query: str) -> None:
    assert browser.get(PAGE + query).status_code == 422
    assert browser.get(f"{PAGE}.csv{query}").status_code == 422


def test_each_look_and_each_file_is_written_down_but_not_the_live_tail(browser: Client, mo: User) -> None:
    attempt(members.alice())
    body(browser, "?handle=alice&live=yes")
    browser.get(PAGE + "?handle=alice", headers={"HX-Request": "true"})
    list(browser.get(PAGE + ".csv?handle=alice").streaming_content)  # type: ignore[attr-defined]
    acts = AuditRecord.objects.filter(actor_id=mo.pk).order_by("id")
    assert [(each.act, each.detail["handle"]) for each in acts] == [
        ("sign_ins.viewed", "alice"),
        ("sign_ins.exported", "alice"),
    ]


def test_the_file_holds_everything_and_no_formula(browser: Client) -> None:
    alice = members.alice()
    for number in range(120):
        attempt(alice, user_agent='=HYPERLINK("http://evil.example")' if number == 3 else "Mozilla")
    attempt(None, LoginOutcome.UNKNOWN, user_agent="\t=1+1", path="@SUM(A1)")
    answer = browser.get(PAGE + ".csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert len(rows) == 122
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "+", "-", "\t"))]


def test_hostile_agents_and_paths_are_text(browser: Client) -> None:
    attempt(None, LoginOutcome.UNKNOWN, device="<script>alert(1)</script>", path="/<img src=x>")
    page = body(browser)
    assert "<script>alert(1)" not in page
    assert "/<img" not in page


def test_the_list_goes_on_behind_its_last_line_and_costs_the_same(browser: Client) -> None:
    people = members.members(20, prefix="many")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            body(browser)
        return len(caught)

    for person in people[:2]:
        attempt(person)
        attempt(person, LoginOutcome.BAD_CODE)
    body(browser)
    few = cost()
    for person in people[2:]:
        attempt(person)
        attempt(person, LoginOutcome.BAD_CODE, address=f"198.51.100.{people.index(person)}")
    assert cost() == few
    for _ in range(60):
        attempt(people[0])
    first = browser.get(PAGE).context["page"]
    rest = browser.get(f"{PAGE}?before={first.next}", headers={"HX-Request": "true"}).context["page"]
    assert (len(first.lines), len(rest.lines), rest.next) == (50, 50, None)
    assert not {line.row.pk for line in first.lines} & {line.row.pk for line in rest.lines}


@pytest.mark.parametrize("level", [Level.VERIFIER, Level.FINANCE, Level.AUDITOR])
def test_other_levels_find_nothing(level: Level) -> None:
    assert client_of(staff(level, handle="other")).get(PAGE).status_code == 404
    assert client_of(members.alice()).get(PAGE + ".csv").status_code == 404
