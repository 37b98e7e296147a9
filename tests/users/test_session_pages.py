"""The pages and the API of sessions and of the security log, and what "That wasn't me" does."""

import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.services import record
from beyou.core import clock, events
from beyou.notifications.models import Notification
from beyou.users import codes, presence, services
from beyou.users.factors import MfaAdapter
from beyou.users.models import KnownDevice, LoginActivity, MemberSession, SecurityEvent, User
from beyou.users.rules import SecurityKind
from beyou.users.services import SignInAttempt
from tests.factories import members
from tests.factories.members import PASSWORD, bearer

pytestmark = pytest.mark.django_db

DAY = 24 * 3600 * 1000
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
NEW = "nine otters under a bridge"
HERE = SignInAttempt("/x", "192.0.2.7", FIREFOX, "")


def signed_in(person: User, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    assert client.post("/sign-in", {"login": person.email, "password": PASSWORD}).status_code == 302
    return client


def text(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def session_of(client: Client) -> MemberSession:
    from beyou.core.ports.realtime import session_digest

    return MemberSession.objects.get(key_digest=session_digest(str(client.session.session_key)))


def test_the_page_shows_devices_and_ends_one() -> None:
    alice = members.alice()
    here, there = signed_in(alice), signed_in(alice, "curl/8.0", "198.51.100.9")
    page = text(here.get("/settings/sessions"))
    assert "Firefox on Windows this one used just now · 192.0.2.7" in page
    assert "curl used just now · 198.51.100.9" in page
    answer = here.post(f"/settings/sessions/{session_of(there).id}/end")
    assert answer["Location"] == "/settings/sessions"
    assert there.get("/home").status_code == 302
    assert here.get("/home").status_code == 200
    assert "curl used" not in text(here.get("/settings/sessions"))
    assert SecurityEvent.objects.get(kind="session_ended").subject == "curl"


def test_all_others_end_and_this_one_stays() -> None:
    alice = members.alice()
    here, *others = (signed_in(alice) for _ in range(3))
    here.post("/settings/sessions/others/end")
    assert [one.get("/home").status_code for one in (here, *others)] == [200, 302, 302]
    here.post("/settings/sessions/others/end")
    assert SecurityEvent.objects.filter(kind="sessions_ended").count() == 1


def test_nobody_ends_the_session_of_another() -> None:
    alice, bob = members.alice(), members.bob()
    mine, his = signed_in(alice), signed_in(bob)
    target = session_of(mine).id
    assert his.post(f"/settings/sessions/{target}/end").status_code == 404
    assert his.delete(f"/api/v1/sessions/{target}").status_code == 404
    assert mine.get("/home").status_code == 200


def test_the_api_lists_and_ends_sessions() -> None:
    alice = members.alice()
    here, there = signed_in(alice), signed_in(alice, "curl/8.0")
    items = here.get("/api/v1/sessions").json()["items"]
    assert [item["is_this_one"] for item in items] == [False, True]
    assert items[1]["device"] == "Firefox on Windows"
    assert "key" not in json.dumps(items)
    assert here.delete(f"/api/v1/sessions/{items[0]['id']}").status_code == 204
    assert here.delete(f"/api/v1/sessions/{items[0]['id']}").status_code == 404
    assert there.get("/api/v1/me").status_code == 401
    signed_in(alice)
    assert here.delete("/api/v1/sessions").json() == {"ended": 1}
    _, token = members.token(alice)
    for path in ("/api/v1/sessions", "/api/v1/security-log", "/api/v1/session"):
        assert Client().get(path, **bearer(token)).status_code == 403
        assert Client().get(path).status_code == 401


def test_use_is_written_at_most_once_a_minute_and_never_by_the_page() -> None:
    client = signed_in(members.alice())
    before = session_of(client).seen_at
    presence.flush()
    clock.shift(30_000)
    client.get("/home")
    assert presence.flush() == 0
    clock.shift(90_000)
    with CaptureQueriesContext(connection) as queries:
        client.get("/settings/sessions", headers={"user-agent": "curl/8.0"})
    assert not [query for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]
    client.get("/home")
    assert presence.flush() == 1
    row = session_of(client)
    assert (row.seen_at - before).seconds >= 89
    assert row.device == "Firefox on Windows"


def test_asking_when_it_ends_does_not_keep_it_alive_but_staying_does() -> None:
    client = signed_in(members.alice())
    presence.flush()
    clock.shift(10 * DAY)
    left = client.get("/api/v1/session").json()
    assert left["ends_ms"] - left["now_ms"] == pytest.approx(4 * DAY, abs=60_000)
    assert presence.flush() == 0
    longer = client.post("/api/v1/session").json()
    assert longer["ends_ms"] - longer["now_ms"] == pytest.approx(14 * DAY, abs=60_000)
    clock.shift(23 * DAY)
    client.post("/api/v1/session")
    clock.shift(28 * DAY)
    left = client.post("/api/v1/session").json()
    assert left["ends_ms"] - left["now_ms"] == pytest.approx(2 * DAY, abs=60_000)
    clock.shift(31 * DAY)
    assert client.post("/api/v1/session").status_code == 401


def test_the_log_tells_in_sentences_what_happened() -> None:
    alice = members.alice()
    Client().post("/sign-in", {"login": alice.email, "password": "wrong password"})
    client = signed_in(alice)
    services.note_security(
        member_id=alice.pk, kind=SecurityKind.FACTOR_ADDED, attempt=HERE, subject="<b>Blue key</b>"
    )
    page = client.get("/settings/log")
    said = text(page)
    assert "Somebody tried a wrong password." in said
    assert re.search("Signed in( with the password)?, on a new device[.]", said)
    assert "Firefox on Windows, 192.0.2.7" in said
    assert "A second step was added: &lt;b&gt;Blue key&lt;/b&gt;" in said
    kinds = [item["kind"] for item in client.get("/api/v1/security-log").json()["items"]]
    assert kinds == ["factor_added", "sign_in.success", "sign_in.bad_credentials"]


def test_every_kind_has_a_sentence() -> None:
    alice = members.alice()
    for kind in SecurityKind:
        services.note_security(member_id=alice.pk, kind=kind)
    client = members.client_of(alice)
    assert len(client.get("/api/v1/security-log?limit=100").json()["items"]) == len(SecurityKind)
    assert client.get("/settings/log").status_code == 200


def test_a_look_of_the_staff_is_told_after_thirty_days() -> None:
    alice, staff = members.alice(), members.staff()
    record(act="verification.document_viewed", actor_id=staff.pk, subject_id=alice.pk)
    record(act="staff.level_granted", actor_id=staff.pk, subject_id=alice.pk)
    assert members.client_of(alice).get("/api/v1/security-log").json()["items"] == []
    clock.shift(31 * DAY)
    items = members.client_of(alice).get("/api/v1/security-log").json()["items"]
    assert [item["text"] for item in items] == [
        "One of the staff looked at private data of yours (verification document)."
    ]


def test_the_log_pages_without_losing_or_repeating_a_line() -> None:
    alice, bob = members.alice(), members.bob()
    for number in range(75):
        if number % 2:
            services.note_security(member_id=alice.pk, kind=SecurityKind.TOKEN_MADE, subject=str(number))
        else:
            services.record_sign_in(attempt=HERE, outcome="bad_credentials", member_id=alice.pk)
        services.note_security(member_id=bob.pk, kind=SecurityKind.TOKEN_MADE)
    client, seen, cursor = members.client_of(alice), [], ""
    while True:
        page = client.get(f"/api/v1/security-log?limit=10{cursor}").json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 75
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("path", ["/settings/log", "/settings/sessions", "/api/v1/security-log"])
def test_lists_take_the_same_number_of_queries_for_2_and_20_rows(path: str) -> None:
    counts = []
    for handle, rows in (("alice", 2), ("bob", 20)):
        person = members.member(handle)
        client = members.client_of(person)
        for _ in range(rows):
            services.note_security(member_id=person.pk, kind=SecurityKind.TOKEN_MADE, attempt=HERE)
            services.record_sign_in(attempt=HERE, outcome="bad_credentials", member_id=person.pk)
            members.client_of(person)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


# That wasn't me


def denied(client: Client, person: User) -> Any:
    entry = LoginActivity.objects.filter(member=person).order_by("-id")[0]
    assert client.get(f"/settings/log/{entry.id}/not-me").status_code == 200
    return client.post(f"/settings/log/{entry.id}/not-me")


def test_it_closes_the_account_to_everybody_else() -> None:
    alice = members.alice()
    thief, owner = signed_in(alice, "curl/8.0"), signed_in(alice)
    _, token = members.token(alice)
    assert denied(owner, alice)["Location"] == "/settings/new-password"
    assert thief.get("/home").status_code == 302
    assert Client().get("/api/v1/me", **bearer(token)).status_code == 401
    assert not KnownDevice.objects.exists()
    for path in ("/home", "/settings/keys", "/chats", "/settings/tokens", "/settings/password"):
        assert owner.get(path)["Location"] == "/settings/new-password"
    answer = owner.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "new_password_needed")
    assert owner.get("/settings/new-password").status_code == 200
    assert SecurityEvent.objects.filter(kind="not_me").count() == 1


def test_the_old_password_opens_nothing_but_the_page_of_the_new_one() -> None:
    alice = members.alice()
    denied(signed_in(alice), alice)
    thief = signed_in(alice, "curl/8.0")
    assert thief.get("/home")["Location"] == "/settings/new-password"
    assert thief.post("/settings/new-password", {"password": NEW}).status_code == 200
    assert thief.post("/settings/password", {"current": PASSWORD, "password": NEW}).status_code == 302
    assert User.objects.get().needs_new_password
    assert User.objects.get().check_password(PASSWORD)
    assert thief.get("/api/v1/conversations").status_code == 403


def test_a_mailed_link_opens_the_account_again() -> None:
    alice = members.alice()
    owner = signed_in(alice)
    denied(owner, alice)
    assert owner.post("/settings/new-password", {"by": "mail"})["Location"] == "/recover/sent"
    while events.drain():
        pass
    bodies = " ".join(str(message.body) for message in mail.outbox)
    found = re.search(r"https?://[^/]+(/recover/link/\S+)", bodies)
    assert found
    assert "Your account was closed to everybody else" in [message.subject for message in mail.outbox]
    reader = Client()
    reader.get(found[1])
    assert reader.post("/recover/password", {"password": NEW}).status_code == 302
    assert not User.objects.get().needs_new_password
    assert owner.get("/home").status_code == 302
    again = Client()
    again.post("/sign-in", {"login": alice.email, "password": NEW})
    assert again.get("/home").status_code == 200
    assert again.get("/settings/log/check").status_code == 200
    targets = Notification.objects.filter(member=alice).values_list("target", flat=True)
    assert "/settings/log/check" in targets


def test_a_second_step_opens_the_account_again_and_a_wrong_one_does_not() -> None:
    alice = members.alice()
    owner = signed_in(alice)
    secret = codes.new_secret()
    Authenticator.objects.create(
        user=alice, type="totp", data={"secret": MfaAdapter().encrypt(secret)}, created_at=clock.now()
    )
    denied(owner, alice)
    wrong = owner.post("/settings/new-password", {"password": NEW, "code": "000000"})
    assert wrong.status_code == 200
    assert User.objects.get().needs_new_password
    code = codes.totp(secret, codes.time_step(clock.now_ms()))
    answer = owner.post("/settings/new-password", {"password": NEW, "code": code})
    assert answer["Location"] == "/settings/log/check"
    assert User.objects.get().check_password(NEW)
    assert owner.get("/settings/log/check").status_code == 200
    assert owner.get("/home").status_code == 200


def test_nobody_denies_for_another_and_not_every_line_can_be_denied() -> None:
    alice, bob = members.alice(), members.bob()
    mine, his = signed_in(alice), signed_in(bob)
    services.note_security(member_id=alice.pk, kind=SecurityKind.NOT_ME)
    entry = LoginActivity.objects.get(member=alice)
    said = SecurityEvent.objects.get()
    for client, target in ((his, entry), (mine, said)):
        for method in ("get", "post"):
            assert getattr(client, method)(f"/settings/log/{target.id}/not-me").status_code == 404
    assert not User.objects.filter(needs_new_password=True).exists()
    assert mine.get("/settings/new-password")["Location"] == "/settings/password"


def test_tokens_of_the_account_are_in_the_log_once() -> None:
    alice = members.alice()
    token, _ = members.token(alice)
    client = members.client_of(alice)
    client.delete(f"/api/v1/tokens/{token.pk}")
    while events.drain():
        pass
    texts = [item["text"] for item in client.get("/api/v1/security-log").json()["items"]]
    assert sorted(texts) == ["An access token was made: Script", "An access token was revoked: Script"]
