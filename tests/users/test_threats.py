"""What is worth an alert, whom it reaches, and that it reaches them once."""

import datetime as dt
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.core import clock, events
from beyou.notifications.models import Notification
from beyou.users import retention, services, threats
from beyou.users.models import LoginActivity, LoginOutcome, MemberSession, SecurityEvent, ThreatAlert
from beyou.users.rules import Level, SecurityKind, ThreatRule
from beyou.users.services import SignInAttempt
from beyou.users.threat_rules import Attempt, Past, findings, window_start
from beyou.users.whereabouts import clean_agent, country_of, described
from tests.factories import members
from tests.factories.members import PASSWORD
from tests.factories.places import places

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
ME = uuid4()
NOBODY = Past((), has_signed_in=False, countries=frozenset())
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
DAY = 24 * 3600 * 1000


def attempt(outcome: str, minute: int = 0, **fields: Any) -> Attempt:
    return Attempt(NOON + dt.timedelta(minutes=minute), outcome, **({"member_id": ME} | fields))


def past(*attempts: Attempt, countries: str = "") -> Past:
    return Past(attempts, has_signed_in=True, countries=frozenset(countries.split()))


def sign_in(email: str, password: str = PASSWORD, client: Client | None = None, **extra: Any) -> Any:
    return (client or Client()).post("/sign-in", {"login": email, "password": password}, **extra)


def drain() -> None:
    while events.drain():
        pass


# The rules alone


def test_the_first_sign_in_of_all_is_nothing_new() -> None:
    assert findings(attempt("success", country="DE"), NOBODY, []) == []


def test_a_device_that_the_account_does_not_know() -> None:
    assert findings(attempt("success"), past(), []) == [ThreatRule.NEW_DEVICE]
    assert findings(attempt("success", is_known_device=True), past(), []) == []


@pytest.mark.parametrize(
    ("country", "before", "found"),
    [
        ("FR", "DE AT", [ThreatRule.NEW_COUNTRY]),
        ("DE", "DE AT", []),
        ("", "DE", []),
        ("FR", "", []),
    ],
)
def test_a_country_for_the_first_time(country: str, before: str, found: list[ThreatRule]) -> None:
    success = attempt("success", country=country, is_known_device=True)
    assert findings(success, past(countries=before), []) == found


@pytest.mark.parametrize(("minutes", "is_found"), [(1, True), (59, True), (61, False)])
def test_two_countries_within_an_hour(minutes: int, *, is_found: bool) -> None:
    before = attempt("success", -minutes, country="DE")
    now = attempt("success", country="FR", is_known_device=True)
    assert (ThreatRule.IMPOSSIBLE_TRAVEL in findings(now, past(before, countries="DE FR"), [])) is is_found


def test_six_failures_in_a_quarter_of_an_hour_but_not_over_a_day() -> None:
    near = [attempt("bad_credentials", -minute) for minute in range(1, 6)]
    far = [attempt("bad_credentials", -20 * minute) for minute in range(1, 6)]
    assert findings(attempt("limited"), past(*near), []) == [ThreatRule.MANY_FAILURES]
    assert findings(attempt("limited"), past(*near[:4]), []) == []
    assert findings(attempt("limited"), past(*far), []) == []


def test_three_wrong_second_steps_mean_that_somebody_knows_the_password() -> None:
    before = [attempt("bad_code", -1), attempt("bad_code", -2)]
    assert findings(attempt("bad_code"), past(*before), []) == [ThreatRule.NO_FACTOR]
    assert findings(attempt("bad_code"), past(*before[:1]), []) == []


def test_one_address_at_ten_accounts() -> None:
    known = [attempt("bad_credentials", -1, member_id=uuid4()) for _ in range(5)]
    unknown = [attempt("unknown", -1, member_id=None) for _ in range(4)]
    latest = attempt("unknown", member_id=None)
    assert findings(latest, NOBODY, [latest, *known, *unknown]) == [ThreatRule.MANY_ACCOUNTS]
    assert findings(latest, NOBODY, [latest, *known, *unknown[1:]]) == []
    assert findings(latest, NOBODY, [latest, *known * 4]) == []


def test_a_window_is_the_same_for_all_its_minutes() -> None:
    rule = ThreatRule.MANY_FAILURES
    assert window_start(rule, NOON) == window_start(rule, NOON + dt.timedelta(minutes=59))
    assert window_start(rule, NOON) != window_start(rule, NOON + dt.timedelta(minutes=60))
    assert window_start(ThreatRule.NEW_DEVICE, NOON) == NOON


# What comes of them


def test_an_attack_on_one_account_tells_its_member_and_the_staff_once() -> None:
    alice, mod = members.alice(), members.staff(Level.MODERATOR)
    verifier = members.staff(Level.VERIFIER, handle="verifier")
    for _ in range(12):
        sign_in(alice.email, "wrong password", REMOTE_ADDR="192.0.2.66", headers={"User-Agent": FIREFOX})
        drain()
    alert = ThreatAlert.objects.get()
    assert (alert.rule, alert.member_id, alert.address) == ("many_failures", alice.pk, "192.0.2.66")
    assert sorted(message.to[0] for message in mail.outbox) == sorted([alice.email, mod.email])
    to_alice = next(message for message in mail.outbox if message.to == [alice.email])
    assert "192.0.2.66" in to_alice.body
    assert "Firefox on Windows" in to_alice.body
    assert f"/settings/log/{alert.activity_id}/not-me" in to_alice.body
    notices = Notification.objects.values_list("member__handle", "kind")
    assert sorted(notices) == [("alice", "security"), ("staff", "staff_alert")]
    assert not Notification.objects.filter(member=verifier).exists()
    assert SecurityEvent.objects.get(kind="alert").member_id == alice.pk
    client = members.client_of(alice)
    assert client.get(f"/settings/log/{alert.activity_id}/not-me").status_code == 200


def test_a_handler_that_runs_twice_tells_once() -> None:
    alice = members.alice()
    for _ in range(7):
        sign_in(alice.email, "wrong password")
    row = LoginActivity.objects.order_by("-id")[0]
    assert threats.look_at(row.id) == [ThreatRule.MANY_FAILURES]
    assert threats.look_at(row.id) == []
    assert threats.look_at(uuid4()) == []


def test_a_new_device_tells_its_member_alone_and_a_known_one_nobody() -> None:
    alice = members.alice()
    members.staff()
    first = Client()
    sign_in(alice.email, client=first)
    drain()
    assert mail.outbox == []
    first.post("/sign-out")
    sign_in(alice.email, client=first)
    drain()
    assert mail.outbox == []
    sign_in(alice.email, client=Client())
    sign_in(alice.email, client=Client())
    drain()
    assert [message.to for message in mail.outbox] == [[alice.email]] * 2
    assert "device that it did not know" in mail.outbox[0].subject


def test_a_right_password_without_a_second_step_is_told_after_three_minutes() -> None:
    alice = members.alice()
    where = SignInAttempt("/sign-in", "192.0.2.7", FIREFOX, "")
    services.record_sign_in(attempt=where, outcome=LoginOutcome.DECOY, member_id=alice.pk)
    LoginActivity.objects.update(outcome="awaiting_factor")
    assert threats.look_for_abandoned() == 0
    clock.shift(4 * 60_000)
    assert threats.look_for_abandoned() == 1
    assert threats.look_for_abandoned() == 0
    drain()
    assert "knows the password" in mail.outbox[0].subject


def test_staff_are_not_flooded_when_all_accounts_are_attacked() -> None:
    mod = members.staff(Level.MODERATOR)
    where = SignInAttempt("/sign-in", "192.0.2.7", FIREFOX, "")
    for person in members.members(25):
        services.record_sign_in(attempt=where, outcome=LoginOutcome.BAD_CREDENTIALS, member_id=person.pk)
        threats.raise_alert(ThreatRule.MANY_FAILURES, LoginActivity.objects.get(member=person))
    drain()
    assert sum(message.to == [mod.email] for message in mail.outbox) == 20
    assert len({message.to[0] for message in mail.outbox}) == 26


def test_looking_costs_the_same_for_many_rows() -> None:
    counts = []
    for handle, rows in (("alice", 2), ("bob", 40)):
        person = members.member(handle)
        where = SignInAttempt("/sign-in", f"192.0.2.{rows}", FIREFOX, "")
        for _ in range(rows):
            services.record_sign_in(attempt=where, outcome=LoginOutcome.INACTIVE, member_id=person.pk)
        row = LoginActivity.objects.filter(member=person).order_by("-id")[0]
        with CaptureQueriesContext(connection) as queries:
            threats.look_at(row.id)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_the_staff_read_alerts_and_members_find_no_such_page(settings: Any) -> None:
    alice, mod = members.alice(), members.staff(Level.MODERATOR)
    where = SignInAttempt("/sign-in", "192.0.2.7", FIREFOX, "")
    services.record_sign_in(attempt=where, outcome=LoginOutcome.BAD_CREDENTIALS, member_id=alice.pk)
    threats.raise_alert(ThreatRule.MANY_FAILURES, LoginActivity.objects.get())
    path = f"/{settings.STAFF_PREFIX}/alerts"
    page = members.client_of(mod).get(path).content.decode()
    assert "keeps trying to sign in" in page
    assert "@alice" in page
    assert members.client_of(alice).get(path).status_code == 404
    assert members.client_of(mod).get(f"{path}?before=x").status_code == 422


# The decoy


def test_whoever_looks_for_the_admin_is_noticed() -> None:
    members.staff()
    client = Client(headers={"user-agent": "sqlmap/1.7"}, REMOTE_ADDR="192.0.2.66")
    answers = [
        client.get("/admin/"),
        client.get("/admin/login/"),
        client.post("/admin/login/", {"username": "admin", "password": "admin"}),
        client.delete("/admin/x/../y"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert "Your visit was recorded" in answers[0].content.decode()
    rows = LoginActivity.objects.filter(outcome="decoy").order_by("id")
    assert [row.path for row in rows][:3] == ["/admin/", "/admin/login/", "/admin/login/"]
    assert {(row.address, row.user_agent) for row in rows} == {("192.0.2.66", "sqlmap/1.7")}
    drain()
    assert len(mail.outbox) == 1
    assert ThreatAlert.objects.get().rule == "decoy"
    # Three visits use up what the address may try.
    alice = members.alice()
    page = sign_in(alice.email, REMOTE_ADDR="192.0.2.66")
    assert "Too many attempts" in page.content.decode()
    assert sign_in(alice.email, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_nobody_fills_the_log_by_the_decoy() -> None:
    for _ in range(30):
        assert Client(REMOTE_ADDR="192.0.2.66").get("/admin/").status_code == 403
    assert LoginActivity.objects.count() <= 10


# What is known of a place and a device


def test_countries_come_from_a_file_on_this_machine(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "places.mmdb"
    path.write_bytes(places({"192.0.2.0/24": "DE", "198.51.100.0/25": "fr"}))
    settings.GEO_DATABASE = str(path)
    cases = {"192.0.2.7": "DE", "198.51.100.9": "FR", "198.51.100.200": "", "10.0.0.1": "", "2001:db8::1": ""}
    assert {address: country_of(address) for address in cases} == cases
    alice = members.alice()
    for address in ("192.0.2.7", "198.51.100.9"):
        sign_in(alice.email, REMOTE_ADDR=address)
    drain()
    assert set(ThreatAlert.objects.values_list("rule", flat=True)) == {
        "new_device",
        "new_country",
        "impossible_travel",
    }
    assert MemberSession.objects.filter(country="FR").count() == 1


@pytest.mark.parametrize("content", [b"", b"nonsense", places({"192.0.2.0/24": "DE"})[:40]])
def test_a_damaged_database_of_places_keeps_nobody_out(settings: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "places.mmdb"
    path.write_bytes(content)
    settings.GEO_DATABASE = str(path)
    assert country_of("192.0.2.7") == ""
    assert sign_in(members.alice().email).status_code == 302


@pytest.mark.parametrize(
    ("agent", "device", "kind"),
    [
        (FIREFOX, "Firefox on Windows", "computer"),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
                " (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iOS",
            "phone",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/116.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome on Android",
            "phone",
        ),
        (
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
                " Version/17.1 Safari/605.1.15"
            ),
            "Safari on macOS",
            "computer",
        ),
        ("curl/8.0", "curl", "app"),
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", "Googlebot (a robot)", "robot"),
        ("", "Unknown device", ""),
        ("Test/1", "An app or a program", "app"),
        ("x" * 300, "An app or a program", "app"),
    ],
)
def test_devices_in_words(agent: str, device: str, kind: str) -> None:
    assert described(agent) == (device, kind)


def test_an_agent_cannot_break_a_line_or_a_terminal() -> None:
    assert clean_agent("a\r\nSet-Cookie: x\x1b[31m\u202eb\x00") == "a Set-Cookie: x [31m b"
    assert len(clean_agent("é" * 5000)) == 300
    members.alice()
    sign_in("alice@example.org", headers={"User-Agent": "evil\x1b[2J\x7f" + "x" * 900})
    assert LoginActivity.objects.get().user_agent.startswith("evil [2J x")


# How long it is kept


def test_old_records_go_by_age_and_a_dry_run_only_counts() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    sign_in(alice.email, "wrong password")
    services.note_security(member_id=alice.pk, kind=SecurityKind.TOKEN_MADE)
    clock.shift(179 * DAY)
    assert "sign-ins: 0 would be deleted" in _forget("--dry-run")
    clock.shift(181 * DAY)
    sign_in(alice.email, "wrong password")
    assert "sign-ins: 1 would be deleted" in _forget("--dry-run")
    assert LoginActivity.objects.count() == 2
    assert "sign-ins: 1 deleted" in _forget()
    assert LoginActivity.objects.count() == 1
    assert SecurityEvent.objects.count() == 0
    row = MemberSession.objects.get(member=alice)
    assert row.ended_at is not None
    assert row.data == ""
    assert client.get("/home").status_code == 302
    clock.shift(212 * DAY)
    retention.forget_old()
    assert not MemberSession.objects.filter(member=alice).exists()


def test_a_live_session_is_not_forgotten() -> None:
    client = members.client_of(members.alice())
    clock.shift(DAY + 60_000)
    retention.forget_old()
    assert client.get("/home").status_code == 200


def _forget(*options: str) -> str:
    out = StringIO()
    call_command("forgetlogins", *options, stdout=out)
    return out.getvalue()
