"""What an attacker does: edits rows, reads what is not hers, writes markup, listens to everything."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from playwright.sync_api import BrowserContext, Page, Request, Route, WebSocket, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.talk import (
    bubble,
    expect_state,
    make_keys,
    open_chat,
    page_of,
    save_recovery,
    say,
    spellings,
    start_talking,
    texts,
)

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "https://example.org/\"onmouseover='alert(1)'",
    "{{7*7}} {% debug %} ${alert(1)}",
    "\u202egpj.exe \u2066right\u2069 to left",
]


def open_database(server: Server) -> sqlite3.Connection:
    """The attacker has the file; what guards it inside the database goes first."""
    database = sqlite3.connect(server.database, timeout=10)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    database.commit()
    return database


def message_id(page: Page, text: str) -> str:
    found = bubble(page, text).get_attribute("data-message")
    assert found is not None
    return str(UUID(found))


def talk_of_five(server: Server, alice: BrowserContext, bob: BrowserContext) -> tuple[Page, Page]:
    at_alice, at_bob = start_talking(alice, bob, server, "alice", "bob")
    for number in range(5):
        say(at_alice, f"Line {number}")
    for page in (at_alice, at_bob):
        for number in range(5):
            expect_state(page, f"Line {number}", "sealed")
    return at_alice, at_bob


def test_an_edited_row_is_an_alarm_on_exactly_that_message_for_both_and_for_the_verifier(
    own_live: Server, open_person: Opened
) -> None:
    befriend(own_live, "alice", "bob")
    at_alice, at_bob = talk_of_five(own_live, open_person(own_live, "alice"), open_person(own_live, "bob"))
    victim = message_id(at_alice, "Line 2")
    clean = own_live.command("verify")
    assert clean.returncode == 0, clean.stdout + clean.stderr

    with open_database(own_live) as database:
        (body,) = database.execute(
            "SELECT body FROM messaging_message WHERE id = ?", [UUID(victim).hex]
        ).fetchone()
        edited = bytearray(body)
        edited[len(edited) // 2] ^= 1
        changed = database.execute(
            "UPDATE messaging_message SET body = ? WHERE id = ?", [bytes(edited), UUID(victim).hex]
        )
        assert changed.rowcount == 1

    for page in (at_alice, at_bob):
        page.reload()
        altered = page.locator(f'li.bubble[data-message="{victim}"]')
        expect(altered).to_have_attribute("data-state", "altered", timeout=20_000)
        expect(altered).to_contain_text("This message was altered")
        # This browser had read it: it still knows what was written.
        expect(altered).to_contain_text("Line 2")
        expect(page.locator('li.bubble[data-state="sealed"]')).to_have_count(4, timeout=20_000)
        altered.get_by_role("button", name="What is wrong?").click()
        sheet = page.get_by_role("dialog")
        expect(sheet).to_contain_text("Something is wrong")
        expect(sheet.locator('[data-step][data-state="failed"]').first).to_be_visible()
        page.keyboard.press("Escape")

    found = own_live.command("verify")
    assert found.returncode != 0
    assert victim in found.stdout + found.stderr


def test_a_deleted_row_is_named_by_its_number(own_live: Server, open_person: Opened) -> None:
    befriend(own_live, "alice", "bob")
    at_alice, at_bob = talk_of_five(own_live, open_person(own_live, "alice"), open_person(own_live, "bob"))
    victim = message_id(at_alice, "Line 3")
    with open_database(own_live) as database:
        database.execute("DELETE FROM messaging_messagewrap WHERE message_id = ?", [UUID(victim).hex])
        deleted = database.execute("DELETE FROM messaging_message WHERE id = ?", [UUID(victim).hex])
        assert deleted.rowcount == 1
    for page in (at_alice, at_bob):
        page.reload()
        expect(page.locator("[data-missing]")).to_have_count(1)
        expect(page.locator("[data-missing]")).to_contain_text("Message 4 is missing")
        assert texts(page) == ["Line 0", "Line 1", "Line 2", "Line 4"]
        # The one after it says that something is missing before it; that is told once, at the gap.
        expect(page.locator('li.bubble[data-state="sealed"]')).to_have_count(4, timeout=20_000)
    found = own_live.command("verify")
    assert found.returncode != 0
    assert victim in found.stdout + found.stderr


def test_a_readable_message_cannot_be_slipped_into_an_encrypted_conversation(
    own_live: Server, open_person: Opened
) -> None:
    befriend(own_live, "alice", "bob")
    at_alice, at_bob = talk_of_five(own_live, open_person(own_live, "alice"), open_person(own_live, "bob"))
    conversation = at_alice.url.rsplit("/", 1)[-1]
    answer = at_alice.evaluate(
        """async ([conversation]) => {
          const token = document.querySelector('meta[name="csrf-token"]').content;
          const response = await fetch(`/api/v1/conversations/${conversation}/messages`, {
            method: "POST", headers: {"Content-Type": "application/json", "X-CSRFToken": token},
            body: JSON.stringify({id: "0190a000-0000-7000-8000-000000000001", text: "no lock"})});
          return [response.status, (await response.json()).code];
        }""",
        [conversation],
    )
    assert answer == [422, "wrong_mode"]

    # The operator can write rows: a sealed message declared readable is an alarm, not a message.
    with open_database(own_live) as database:
        database.execute(
            "UPDATE messaging_message SET mode = CASE WHEN mode = 1 THEN 2 ELSE 1 END WHERE id = ?",
            [UUID(message_id(at_alice, "Line 4")).hex],
        )
    at_bob.reload()
    expect(at_bob.locator("li.bubble").last).to_have_attribute("data-state", "altered", timeout=20_000)


def test_a_message_cut_off_from_the_ledger_is_an_alarm_and_does_not_stay_pending(
    own_live: Server, open_person: Opened
) -> None:
    befriend(own_live, "alice", "bob")
    at_alice, at_bob = talk_of_five(own_live, open_person(own_live, "alice"), open_person(own_live, "bob"))
    victim = message_id(at_alice, "Line 1")
    with open_database(own_live) as database:
        changed = database.execute(
            "UPDATE ledger_entry SET message_id = NULL WHERE message_id = ?", [UUID(victim).hex]
        )
        assert changed.rowcount == 1
    for page in (at_alice, at_bob):
        page.reload()
        altered = page.locator(f'li.bubble[data-message="{victim}"]')
        expect(altered).to_have_attribute("data-state", "altered", timeout=20_000)
        expect(page.locator('li.bubble[data-state="sealed"]')).to_have_count(4, timeout=20_000)


def test_a_server_that_says_soon_for_ever_is_seen(own_live: Server, open_person: Opened) -> None:
    befriend(own_live, "alice", "bob")
    at_alice, _ = talk_of_five(own_live, open_person(own_live, "alice"), open_person(own_live, "bob"))
    at_alice.clock.install()
    at_alice.route(
        "**/proofs?*", lambda route: route.fulfill(status=503, json={"code": "busy", "detail": "Soon."})
    )
    at_alice.reload()
    expect(at_alice.locator("li.bubble")).to_have_count(5)
    at_alice.clock.fast_forward(120_000)
    late = at_alice.get_by_text("Not sealed in time")
    expect(late).to_have_count(5, timeout=20_000)


def test_a_server_that_lies_about_the_mode_gets_no_readable_text(
    own_live: Server, open_person: Opened
) -> None:
    befriend(own_live, "alice", "bob")
    at_alice, _ = talk_of_five(own_live, open_person(own_live, "alice"), open_person(own_live, "bob"))
    posted: list[str] = []

    def lie(route: Route) -> None:
        """The answer of the server with the word "end_to_end" taken out."""
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("end_to_end", "standard"))

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: posted.append(str(frame)))

    at_alice.on("request", lambda request: posted.append(request.post_data or ""))
    at_alice.on("websocket", listen)
    at_alice.route(f"**/api/v1/conversations/{at_alice.url.rsplit('/', 1)[-1]}", lie)
    # The page comes through the service worker, where no route reaches it: it lies as soon as it is parsed.
    at_alice.add_init_script(
        """new MutationObserver(() => {
          const thread = document.querySelector("chat-thread[data-mode]");
          if (thread) thread.dataset.mode = "standard";
        }).observe(document, {childList: true, subtree: true});"""
    )
    at_alice.reload()
    expect_state(at_alice, "Line 4", "sealed")
    expect(at_alice.locator("chat-thread")).to_have_attribute("data-mode", "standard")
    expect(at_alice.locator("chat-mode")).to_contain_text("End-to-end encrypted")
    say(at_alice, "whispered")
    expect_state(at_alice, "whispered", "sealed")
    assert any('"wraps"' in text for text in posted)
    assert not any("whispered" in text for text in posted)


def test_foreign_and_unknown_conversations_look_the_same(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_own", "bob_own")
    befriend(live, "mallory_own")
    at_alice = open_chat(open_person(live, "alice_own"), live, "bob_own")
    stranger = page_of(open_person(live, "mallory_own"))
    bodies = []
    for address in (at_alice.url, f"{live.origin}/chats/0190a000-0000-7000-8000-00000000dead"):
        response = stranger.goto(address)
        assert response is not None
        assert response.status == 404
        bodies.append(stranger.locator("main").inner_text())
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("mode", ["standard", "end_to_end"])
def test_markup_in_names_and_messages_stays_text(live: Server, open_person: Opened, mode: str) -> None:
    one, other = f"alice_xss_{mode}", f"bob_xss_{mode}"
    befriend(live, one, other)
    live.run(
        "from beyou.users.models import User\n"
        f"User.objects.filter(handle={one!r}).update(name={PAYLOADS[0]!r})"
    )
    alice, bob = open_person(live, one), open_person(live, other)
    dialogs: list[str] = []
    for context in (alice, bob):
        page_of(context).on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    if mode == "end_to_end":
        start_talking(alice, bob, live, one, other)
    at_alice = open_chat(alice, live, other)
    for payload in PAYLOADS:
        say(at_alice, payload)
    expect(at_alice.locator('li.bubble[data-state="sealed"]')).to_have_count(len(PAYLOADS), timeout=20_000)
    # Only now does the other browser make keys, when it has none: what stands there stays readable.
    at_bob = open_chat(bob, live, one)
    at_bob.reload()
    expect(at_bob.locator("li.bubble[data-message]")).to_have_count(len(PAYLOADS))
    assert texts(at_bob) == PAYLOADS
    for page in (at_alice, at_bob):
        assert page.locator("li.bubble :is(img, script, svg[onload], iframe)").count() == 0
        for link in page.locator("li.bubble a").all():
            assert (link.get_attribute("href") or "").startswith(("http://", "https://"))
            assert link.get_attribute("onmouseover") is None
    at_bob.goto(f"{live.origin}/friends")
    expect(at_bob.get_by_text(PAYLOADS[0]).first).to_be_visible()
    assert dialogs == []


def private_numbers(key: RSAPrivateKey) -> list[bytes]:
    numbers = key.private_numbers()
    return [
        number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.d, numbers.p, numbers.q)
    ]


class Capture:
    """Everything that a browser sends: addresses, headers, bodies and frames."""

    def __init__(self, context: BrowserContext) -> None:
        self.sent: list[bytes] = []
        context.on("request", self._request)
        for page in context.pages:
            page.on("websocket", self._socket)

    def _request(self, request: Request) -> None:
        self.sent.append(request.url.encode())
        self.sent.append(repr(request.headers).encode())
        if request.post_data_buffer:
            self.sent.append(request.post_data_buffer)

    def _socket(self, socket: WebSocket) -> None:
        def frame(payload: str | bytes) -> None:
            self.sent.append(payload.encode() if isinstance(payload, str) else payload)

        socket.on("framesent", frame)


def test_no_private_key_and_no_text_leaves_the_browser_or_reaches_the_disk(
    own_live: Server, open_person: Opened, tmp_path: Path
) -> None:
    befriend(own_live, "alice", "bob")
    alice, bob = open_person(own_live, "alice"), open_person(own_live, "bob")
    captures = [Capture(alice), Capture(bob)]
    secrets = ["Meet me where the kingfisher nests", "I shall bring the almond cake"]
    at_alice, at_bob = start_talking(alice, bob, own_live, "alice", "bob")
    make_keys(alice, own_live)
    file, groups = save_recovery(page_of(alice), tmp_path)
    at_alice = open_chat(alice, own_live, "bob")
    at_alice.get_by_placeholder("Message").press_sequentially(secrets[0])
    at_alice.get_by_placeholder("Message").press("Enter")
    say(at_bob, secrets[1])
    for page in (at_alice, at_bob):
        for secret in secrets:
            expect_state(page, secret, "sealed")

    pem = file.read_bytes()
    keys = [
        load_pem_private_key(block + b"-----END ENCRYPTED PRIVATE KEY-----\n", "-".join(groups).encode())
        for block in pem.split(b"-----END ENCRYPTED PRIVATE KEY-----")[:-1]
    ]
    assert len(keys) == 2
    forbidden = [
        *(text.encode() for text in secrets),
        pem,
        "-".join(groups).encode(),
        "".join(groups).encode(),
    ]
    for key in keys:
        assert isinstance(key, RSAPrivateKey)
        forbidden += private_numbers(key)

    sent = b"\n".join(part for capture in captures for part in capture.sent)
    assert b"/api/v1/keys/challenge" in sent
    assert b'"type":"send"' in sent or b"/messages" in sent
    stored = b"\n".join(
        path.read_bytes() for path in own_live.data_dir.rglob("*") if path.is_file() and path != file
    )
    assert b"messaging_message" in stored
    for secret in forbidden:
        for spelling in spellings(secret):
            assert spelling not in sent
            assert spelling not in stored


def test_what_a_browser_keeps_holds_no_readable_text_or_key(
    own_live: Server, browser: object, tmp_path: Path
) -> None:
    """The profile on disk: keys are not extractable, cache, drafts and outbox are encrypted."""
    from tests.browser.conftest import CHROMIUM, sign_in

    befriend(own_live, "alice", "bob")
    secret, draft = "The owl sleeps in the old mill", "A half-written thought about herons"
    profile = tmp_path / "profile"
    context = browser.browser_type.launch_persistent_context(  # type: ignore[attr-defined]
        profile, executable_path=CHROMIUM, args=["--no-sandbox"], viewport={"width": 1280, "height": 860}
    )
    try:
        page = context.new_page()
        sign_in(page, own_live, "alice")
        page.goto(f"{own_live.origin}/chats")
        expect(page.locator("key-setup")).to_contain_text("Your keys are ready", timeout=30_000)
        page.goto(f"{own_live.origin}/u/bob")
        page.locator('form[action="/chats/with/bob"] button').first.click()
        page.wait_for_url("**/chats/*-*")
        say(page, secret)
        expect_state(page, secret, "sealed")
        page.get_by_placeholder("Message").press_sequentially(draft)
        page.wait_for_timeout(800)
    finally:
        context.close()
    indexed = [path for path in profile.rglob("*") if path.is_file() and "IndexedDB" in str(path)]
    assert indexed
    stored = b"\n".join(path.read_bytes() for path in indexed)
    for text in (secret, draft):
        for spelling in (*spellings(text.encode()), text.encode("utf-16-le")):
            assert spelling not in stored
