"""A socket that a token opens: only with the scope, never by the address, closed when the token ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from beyou.core.ids import uuid7
from beyou.core.realtime import endpoint
from beyou.users import access_tokens
from beyou.users.scopes import Scope
from tests.factories import members
from tests.messaging.live import Live, SocketClient, serving
from tests.messaging.world import chat
from tests.users.app import App

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.same_everywhere(commits=True)]


@pytest.fixture
def live(settings: Any, tmp_path: Path) -> Iterator[Live]:
    settings.LEDGER_HIGH_WATER = tmp_path / "highwater"
    with serving() as server:
        yield server


@contextmanager
def socket(live: Live, *, path: str = "/ws/", **options: Any) -> Iterator[SocketClient]:
    with connect(f"ws://127.0.0.1:{live.port}{path}", compression=None, close_timeout=1, **options) as made:
        yield SocketClient(made)


def _header(text: str) -> dict[str, Any]:
    return {"additional_headers": {"Authorization": f"Bearer {text}"}}


def _offer(text: str) -> dict[str, Any]:
    return {"subprotocols": ["beyou", f"beyou.token.{text}"]}


@pytest.mark.parametrize("way", [_header, _offer])
def test_a_program_chats_with_a_token_until_it_is_revoked(live: Live, way: Any) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    token, text = members.token(alice, Scope.CHAT)
    with socket(live, **way(text)) as program, live.socket(bob) as friend:
        assert program.receive("hello")["member"] == str(alice.pk)
        assert program.raw.subprotocol in (None, "beyou")
        friend.receive("hello")
        draft = {"id": str(uuid7()), "text": "Beep"}
        program.send(type="send", ref=1, conversation=str(conversation.id), draft=draft)
        assert friend.receive("message.new")["message"]["text"] == "Beep"
        start = time.monotonic()
        access_tokens.revoke_token(member_id=alice.pk, token_id=token.pk)
        assert program.close_code(timeout=1) == 4409
        assert time.monotonic() - start < 1
    with socket(live, **way(text)) as again:
        assert again.close_code() == 4401


def test_a_token_without_the_scope_or_in_the_address_opens_no_socket(live: Live) -> None:
    alice = members.alice()
    _, text = members.token(alice, *(scope for scope in Scope if scope is not Scope.CHAT))
    with socket(live, **_header(text)) as program:
        assert program.close_code() == 4406
    _, good = members.token(alice, Scope.CHAT)
    with socket(live, path=f"/ws/?token={good}&access_token={good}") as program:
        assert program.close_code() == 4403
    for wrong in ("", "x", good[:-1]):
        with socket(live, **_header(wrong)) as program:
            assert program.close_code() == 4401


def test_a_wrong_token_is_not_helped_by_a_cookie(live: Live) -> None:
    alice = members.alice()
    key = members.client_of(alice).session.session_key
    headers = {"Cookie": f"beyou-session={key}", "Authorization": "Bearer wrong"}
    with socket(live, additional_headers=headers, origin=live.origin) as program:
        assert program.close_code() == 4401


def test_a_token_that_ends_by_its_age_or_with_its_member_loses_its_socket(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "RECHECK_SECONDS", 0.0)
    alice = members.alice()
    _, text = members.token(alice, Scope.CHAT)
    with socket(live, **_header(text)) as program:
        program.receive("hello")
        program.send(type="ping")
        program.receive("pong")
        alice.is_active = False
        alice.save()
        program.send(type="ping")
        assert program.close_code() == 4409


@pytest.mark.parametrize("way", ["header", "offer"])
def test_the_session_of_an_app_opens_a_socket_and_takes_it_along_when_it_ends(live: Live, way: str) -> None:
    alice = members.alice()
    app = App()
    app.sign_in()
    if way == "header":
        options: dict[str, Any] = {"additional_headers": {"X-Session-Token": app.token}}
    else:
        options = {"subprotocols": ["beyou", f"beyou.session.{app.token}"]}
    with socket(live, **options) as open_socket:
        assert open_socket.receive("hello")["member"] == str(alice.pk)
        app.ask("DELETE", "/auth/session")
        assert open_socket.close_code(timeout=1) == 4409
    with socket(live, **options) as again:
        assert again.close_code() == 4401


def test_the_session_of_a_browser_opens_no_socket_by_a_header_nor_an_apps_by_a_cookie(live: Live) -> None:
    alice = members.alice()
    key = str(members.client_of(alice).session.session_key)
    with socket(live, additional_headers={"X-Session-Token": key}, origin=live.origin) as program:
        assert program.close_code() == 4401
    app = App()
    app.sign_in()
    cookie = {"Cookie": f"beyou-session={app.token}"}
    with socket(live, additional_headers=cookie, origin=live.origin) as program:
        assert program.close_code() == 4401
