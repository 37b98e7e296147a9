"""Personal access tokens: made once, used within their scopes, dead at once when they end."""

import contextlib
import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.config.api import ROUTERS, operation_name
from beyou.config.scopes import PUBLIC, SCOPE_OF, SESSION_ONLY
from beyou.core import clock, limits
from beyou.core.events import drain
from beyou.core.ids import uuid7
from beyou.core.ports import realtime
from beyou.users import access_tokens, deletion, queries, services
from beyou.users.errors import AccountClosed
from beyou.users.models import AccessToken
from beyou.users.scopes import MEANING, Scope, token_text
from tests.factories import members
from tests.factories.members import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

_DAY = 24 * 3600 * 1000
_NOTHING = "01a213ed-8f70-7e84-b4bb-ad4b448f15b3"


def _fields(**changes: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "name": "Backup", "scopes": ["read:messages"], "days": "30"} | changes


def _text(page: Any) -> str:
    found = re.search(r"beyou_[0-9a-z]{8}_[0-9A-Za-z]{36}", page.content.decode())
    assert found
    return found[0]


def _me(text: str, client: Client | None = None, **headers: Any) -> Any:
    return (client or Client()).get("/api/v1/me", **(bearer(text) | headers))


# The page


def test_from_the_page_to_the_api_and_back() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    page = client.post("/settings/tokens", _fields(scopes=["read:profile"]))
    text = _text(page)
    assert page["Cache-Control"] == "no-store"
    assert _me(text).json()["handle"] == "alice"
    shown = client.get("/settings/tokens").content.decode()
    assert "Backup" in shown
    assert "used just now" in re.sub(r"<[^>]+>", "", shown)
    assert MEANING[Scope.READ_PROFILE] in shown
    assert text not in shown
    token = AccessToken.objects.get()
    assert text.split("_")[1] == token.prefix
    assert text not in str(AccessToken.objects.values().get())
    client.post(f"/settings/tokens/{token.pk}/revoke")
    assert _me(text).status_code == 401
    assert token.prefix not in client.get("/settings/tokens").content.decode()


def test_a_form_that_is_sent_twice_makes_one_token() -> None:
    client, fields = members.client_of(members.alice()), _fields()
    assert client.post("/settings/tokens", fields).status_code == 200
    again = client.post("/settings/tokens", fields)
    assert (again.status_code, again["Location"]) == (302, "/settings/tokens")
    assert AccessToken.objects.count() == 1


def test_the_id_of_anothers_token_changes_nothing_of_it() -> None:
    token, text = members.token(members.bob(), Scope.READ_PROFILE)
    before = AccessToken.objects.values().get()
    client = members.client_of(members.alice())
    assert client.post("/settings/tokens", _fields(id=str(token.pk))).status_code == 302
    assert client.post(f"/settings/tokens/{token.pk}/revoke").status_code == 404
    assert client.delete(f"/api/v1/tokens/{token.pk}").status_code == 404
    assert AccessToken.objects.values().get() == before
    assert _me(text).status_code == 200


def test_the_owner_gets_a_mail_without_the_token() -> None:
    client = members.client_of(members.alice())
    text = _text(client.post("/settings/tokens", _fields()))
    drain()
    sent = mail.outbox[-1]
    assert sent.to == ["alice@example.org"]
    assert "Backup" in sent.body
    assert MEANING[Scope.READ_MESSAGES] in sent.body
    assert text not in sent.body


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"name": "a\x00b"},
        {"name": "a\u202eb"},
        {"scopes": []},
        {"scopes": ["admin"]},
        {"scopes": ["read:messages", "*"]},
        {"days": "0"},
        {"days": "366"},
        {"days": "-1"},
        {"days": ""},
        {"days": "NaN"},
        {"id": ""},
        {"id": "1"},
        {"id": "5f1c1a52-0000-4000-8000-000000000000"},
    ],
)
def test_bad_input_makes_no_token_and_says_why(changes: dict[str, Any]) -> None:
    page = members.client_of(members.alice()).post("/settings/tokens", _fields(**changes))
    assert page.status_code == 422
    assert "There is a problem" in page.content.decode()
    assert not AccessToken.objects.exists()


def test_what_was_typed_stays_after_a_mistake() -> None:
    page = members.client_of(members.alice()).post("/settings/tokens", _fields(days="", name="My script"))
    shown = page.content.decode()
    assert 'value="My script"' in shown
    assert re.search(r'value="read:messages"[^>]*checked', shown)


def test_a_member_has_at_most_fifty(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = members.alice()
    monkeypatch.setattr(access_tokens, "MAX_TOKENS", 2)
    first = members.token(alice)[0]
    members.token(alice)
    client = members.client_of(alice)
    page = client.post("/settings/tokens", _fields())
    assert page.status_code == 403
    assert "Revoke one" in page.content.decode()
    client.post(f"/settings/tokens/{first.pk}/revoke")
    assert client.post("/settings/tokens", _fields()).status_code == 200


def test_the_list_asks_the_same_for_two_and_for_twenty() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    counts = []
    for more in (2, 18):
        for _ in range(more):
            members.token(alice)
        for address in ("/settings/tokens", "/api/v1/tokens"):
            client.get(address)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200
            counts.append(len(asked))
    assert counts[:2] == counts[2:]


# Who gets in


def test_the_api_lists_and_revokes_with_a_session_only() -> None:
    alice = members.alice()
    token, text = members.token(alice)
    client = members.client_of(alice)
    (item,) = client.get("/api/v1/tokens").json()["items"]
    assert (item["id"], item["prefix"], item["last_used_ms"]) == (str(token.pk), token.prefix, None)
    assert "digest" not in item
    assert client.delete(f"/api/v1/tokens/{token.pk}").status_code == 204
    assert _me(text).status_code == 401


def _forged() -> list[str]:
    _, real = members.token(members.alice())
    swapped = "".join(chr(ord(letter) ^ 32) if letter.isalpha() else letter for letter in real)
    prefix, secret = real.split("_")[1:]
    return [
        "", " ", "x", "null", "undefined", "Bearer", real[:-1], real + "a", real.upper(), swapped,
        token_text(prefix, secret[:29] + ("a" if secret[29] != "a" else "b")),
        token_text(prefix, "0" * 30), token_text("0" * 8, secret[:30]),
        f"{real} {real}", f"{real},{real}", f'"{real}"', real.replace("_", "-"), real[6:], secret,
        AccessToken.objects.get().digest, str(AccessToken.objects.get().pk), prefix,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.", "' OR 1=1 --", "\x00", "é" * 47, "a" * 8000,
    ]  # fmt: skip


def test_no_forged_token_opens_anything() -> None:
    for text in _forged():
        limits.reset()
        answer = _me(text)
        assert answer.status_code == 401, text[:60]
        assert answer.json()["code"] == "invalid_token"
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert answer["Content-Type"] == "application/problem+json"


def test_a_text_that_cannot_be_a_token_costs_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert _me("beyou_aaaaaaaa_" + "a" * 36).status_code == 401


def test_a_token_costs_two_statements_and_its_use_one_a_minute(django_assert_num_queries: Any) -> None:
    # One for the token and one for blocked ranges of addresses.
    _, text = members.token(members.alice())
    with django_assert_num_queries(3):
        assert _me(text).status_code == 200
    with django_assert_num_queries(2):
        assert _me(text).status_code == 200
    clock.shift(61_000)
    with django_assert_num_queries(3):
        assert _me(text).status_code == 200


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_is_case_insensitive(scheme: str) -> None:
    _, text = members.token(members.alice())
    assert Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"{scheme} {text}").status_code == 200


@pytest.mark.parametrize("header", ["Basic YTpi", "Token {}", "{}", "Digest {}", "Bearer\t{}"])
def test_another_scheme_is_no_token(header: str) -> None:
    _, text = members.token(members.alice())
    answer = Client().get("/api/v1/me", HTTP_AUTHORIZATION=header.format(text))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("place", ["query", "body", "cookie", "header"])
def test_a_token_elsewhere_is_none(place: str) -> None:
    _, text = members.token(members.alice())
    client = Client()
    if place == "query":
        answer = client.get("/api/v1/me", {"access_token": text, "token": text, "key": text})
    elif place == "body":
        answer = client.generic("GET", "/api/v1/me", f"access_token={text}".encode())
    elif place == "cookie":
        client.cookies["beyou-session"] = client.cookies["Authorization"] = text
        answer = client.get("/api/v1/me")
    else:
        answer = client.get("/api/v1/me", HTTP_X_API_KEY=text, HTTP_X_SESSION_TOKEN=text)
    assert answer.status_code == 401


def test_a_token_beside_a_session_decides_alone() -> None:
    alice, bob = members.alice(), members.bob()
    client = members.client_of(alice)
    _, text = members.token(bob, Scope.READ_PROFILE)
    assert _me(text, client).json()["handle"] == "bob"
    assert _me("wrong", client).status_code == 401
    assert client.get("/api/v1/friends", **bearer(text)).json()["code"] == "insufficient_scope"
    assert client.get("/api/v1/tokens", **bearer(text)).json()["code"] == "session_needed"
    # The session is as it was.
    assert client.get("/api/v1/me").json()["handle"] == "alice"


def test_no_page_opens_by_a_token_and_none_by_the_session_beside_it() -> None:
    alice = members.alice()
    _, text = members.token(alice)
    for client in (Client(), members.client_of(alice)):
        for page in ("/home", "/settings", "/settings/tokens", "/chats"):
            answer = client.get(page, **bearer(text))
            assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={page}")


def test_a_token_needs_no_csrf_and_saves_no_session_from_it() -> None:
    alice, bob = members.alice(), members.bob()
    _, text = members.token(alice, Scope.WRITE_PEOPLE)
    address, body = f"/api/v1/members/{bob.handle}/friendship", json.dumps({"step": "request"})
    browser = members.client_of(alice, enforce_csrf_checks=True)
    foreign = {"HTTP_ORIGIN": "https://evil.example"}
    for headers in (foreign, foreign | bearer("wrong")):
        answer = browser.post(address, body, content_type="application/json", **headers)
        assert answer.status_code in (401, 403)
    outside = Client(enforce_csrf_checks=True)
    answer = outside.post(address, body, content_type="application/json", **(foreign | bearer(text)))
    assert answer.json()["relation"] == "asked"
    assert not answer.cookies


# Scopes


def _every_operation() -> Iterator[tuple[str, str, str]]:
    for router in ROUTERS:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                address = re.sub(r"\{uuid(str)?:\w+\}", _NOTHING, path)
                address = re.sub(r"\{slug:\w+\}", "somebody", address)
                address = re.sub(r"\{int:\w+\}", "1", address)
                address = re.sub(r"\{path:\w+\}", "000", address)
                for method in operation.methods:
                    yield operation_name(operation), method, "/api/v1" + address


@pytest.mark.same_everywhere
@pytest.mark.parametrize(("name", "method", "address"), list(_every_operation()))
def test_each_scope_opens_its_own_operations_and_no_other(name: str, method: str, address: str) -> None:
    if name in PUBLIC:
        return
    alice, wanted = members.alice(), SCOPE_OF.get(name)
    everything_else = [scope for scope in Scope if scope is not wanted]
    _, others = members.token(alice, *everything_else)
    refused = Client().generic(method, address, b"{}", content_type="application/json", **bearer(others))
    assert refused.status_code == 403
    if wanted is None:
        assert name in SESSION_ONLY
        assert refused.json()["code"] == "session_needed"
        return
    assert (refused.json()["code"], refused.json()["scope"]) == ("insufficient_scope", wanted)
    assert refused["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{wanted}"'
    _, right = members.token(alice, wanted)
    passed = Client().generic(method, address, b"{}", content_type="application/json", **bearer(right))
    # What else it may lack, such as being verified, is said by another code.
    code = passed.json().get("code") if passed.status_code in (401, 403) else ""
    assert code not in ("invalid_token", "insufficient_scope", "session_needed", "not_signed_in")


def test_staff_get_nothing_more_by_a_token() -> None:
    _, text = members.token(members.staff())
    for address in ("/api/v1/tokens", "/api/v1/keys/mine"):
        assert Client().get(address, **bearer(text)).json()["code"] == "session_needed"


# Ends


def test_a_token_ends_at_its_time() -> None:
    _, text = members.token(members.alice(), days=7)
    clock.shift(7 * _DAY - 5000)
    assert _me(text).status_code == 200
    clock.shift(7 * _DAY + 1000)
    assert _me(text).status_code == 401


@pytest.mark.parametrize("days", [0, -1, 366, 10_000])
def test_no_token_lasts_more_than_a_year(days: int) -> None:
    with pytest.raises(ValueError, match="within a year"):
        members.token(members.alice(), days=days)


def test_all_tokens_of_one_member_end_together() -> None:
    alice, bob = members.alice(), members.bob()
    texts = [members.token(alice)[1] for _ in range(3)]
    _, other = members.token(bob)
    assert access_tokens.revoke_all_tokens(member_id=alice.pk) == 3
    assert [_me(text).status_code for text in texts] == [401] * 3
    assert _me(other).status_code == 200
    assert access_tokens.revoke_all_tokens(member_id=alice.pk) == 0


def test_revoking_twice_changes_nothing() -> None:
    alice = members.alice()
    token, _ = members.token(alice)
    access_tokens.revoke_token(member_id=alice.pk, token_id=token.pk)
    first = AccessToken.objects.get().revoked_at
    clock.shift(5000)
    access_tokens.revoke_token(member_id=alice.pk, token_id=token.pk)
    assert AccessToken.objects.get().revoked_at == first


def test_a_revoked_token_cannot_be_made_usable_by_its_form(django_capture_on_commit_callbacks: Any) -> None:
    client, fields = members.client_of(members.alice()), _fields(scopes=["read:profile"])
    text = _text(client.post("/settings/tokens", fields))
    client.post(f"/settings/tokens/{fields['id']}/revoke")
    client.post("/settings/tokens", fields)
    assert _me(text).status_code == 401
    assert queries.access_token(text) is None


class _Rooms(realtime.NoSockets):
    def __init__(self) -> None:
        self.closed: list[tuple[str, int]] = []

    def close(self, rooms: Any, code: int) -> None:
        self.closed += [(room, code) for room in rooms]


@pytest.fixture
def rooms() -> Iterator[_Rooms]:
    seen = _Rooms()
    before = realtime.use(seen)
    with contextlib.ExitStack() as stack:
        stack.callback(realtime.use, before)
        yield seen


def test_a_closed_account_ends_its_tokens_for_good(
    rooms: _Rooms, django_capture_on_commit_callbacks: Any
) -> None:
    alice = members.alice()
    token, text = members.token(alice)
    with django_capture_on_commit_callbacks(execute=True):
        services.close_account_access(member_id=alice.pk)
    assert (f"token:{token.pk}", 4409) in rooms.closed
    assert _me(text).status_code == 401
    services.open_account_access(member_id=alice.pk)
    assert _me(text).status_code == 401
    assert (
        "Access tokens were revoked for good: 1"
        in members.client_of(alice).get("/settings/log").content.decode()
    )


@pytest.mark.parametrize("how", ["closed", "leaving"])
def test_a_request_that_is_under_way_makes_no_token_that_would_wake_up_later(how: str) -> None:
    alice = members.alice()
    if how == "closed":
        services.close_account_access(member_id=alice.pk)
    else:
        deletion.request_deletion(member_id=alice.pk)
    with pytest.raises(AccountClosed):
        members.token(alice)
    assert not AccessToken.objects.exists()


def test_revoking_closes_the_sockets_of_the_token(
    rooms: _Rooms, django_capture_on_commit_callbacks: Any
) -> None:
    alice = members.alice()
    token, _ = members.token(alice)
    members.token(alice)
    with django_capture_on_commit_callbacks(execute=True):
        access_tokens.revoke_token(member_id=alice.pk, token_id=token.pk)
    assert rooms.closed == [(f"token:{token.pk}", 4409)]


# Limits


def test_a_token_that_asks_too_much_waits_and_no_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.POLICIES, "token.requests", limits.lenient("3/minute"))
    alice = members.alice()
    _, busy = members.token(alice)
    _, calm = members.token(alice)
    assert [_me(busy).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert _me(busy)["Retry-After"]
    assert _me(calm).status_code == 200


def test_guessing_is_limited_by_address_and_good_tokens_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.POLICIES, "token.address", limits.lenient("3/minute"))
    _, text = members.token(members.alice())
    assert [_me("wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert _me(text).status_code == 200
    assert _me("wrong", REMOTE_ADDR="203.0.113.9").status_code == 401


def test_making_tokens_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.POLICIES, "tokens.member", limits.lenient("2/hour"))
    client = members.client_of(members.alice())
    codes = [client.post("/settings/tokens", _fields()).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_the_use_is_kept_to_the_minute() -> None:
    token, text = members.token(members.alice())
    _me(text)
    first = AccessToken.objects.get().last_used_at
    assert first is not None
    clock.shift(30_000)
    _me(text)
    assert AccessToken.objects.get().last_used_at == first
    clock.shift(90_000)
    _me(text)
    second = AccessToken.objects.get().last_used_at
    assert second is not None
    assert second - first >= dt.timedelta(minutes=1)
    assert token.last_used_at is None
