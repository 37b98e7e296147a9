"""The main job, as two people do it: talk end to end, live, and see that it is sealed."""

from __future__ import annotations

import sqlite3

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Opened, Person, befriend
from tests.browser.server import Server
from tests.browser.talk import (
    bubble,
    expect_state,
    make_keys,
    open_chat,
    page_of,
    say,
    start_talking,
    texts,
)


def befriend_by_hand(alice: BrowserContext, bob: BrowserContext, server: Server, handle: str) -> None:
    """Alice finds Bob by his handle and asks; Bob accepts."""
    asking = page_of(alice)
    asking.goto(f"{server.origin}/u/{handle}")
    asking.get_by_role("button", name="Add").first.click()
    expect(asking.get_by_text("Asked", exact=True)).to_be_visible()
    answering = page_of(bob)
    answering.goto(f"{server.origin}/friends")
    answering.get_by_role("button", name="Accept").first.click()
    expect(answering.get_by_role("button", name="Accept")).to_have_count(0)


def test_strangers_become_friends_and_talk_end_to_end_live_and_sealed(live: Server, person: Person) -> None:
    alice, bob = person("alice_main"), person("bob_main")
    befriend_by_hand(alice, bob, live, "bob_main")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_main", "bob_main")

    say(at_alice, "The heron is back at the pond")
    expect(bubble(at_bob, "The heron is back at the pond")).to_be_visible()
    say(at_bob, "I saw it, too 🪿 مرحبا")
    expect(bubble(at_alice, "I saw it, too 🪿 مرحبا")).to_be_visible()

    for page in (at_alice, at_bob):
        expect_state(page, "The heron is back at the pond", "sealed")
        expect_state(page, "I saw it, too 🪿 مرحبا", "sealed")
    expect(bubble(at_alice, "The heron is back at the pond")).to_have_attribute("data-delivery", "read")

    indented = "    if heron:\n\tprint(heron)  "
    at_bob.get_by_placeholder("Message").fill(indented)
    at_bob.get_by_placeholder("Message").press("Enter")
    expect(at_alice.locator("li.bubble > p").last).to_contain_text("print(heron)")
    assert at_alice.locator("li.bubble > p").last.text_content() == indented

    with sqlite3.connect(live.database) as database:
        modes = database.execute(
            "SELECT DISTINCT mode FROM messaging_message m JOIN users_user u ON u.id = m.sender_id "
            "WHERE u.handle IN ('alice_main', 'bob_main')"
        ).fetchall()
    assert len(modes) == 1

    for page in (at_alice, at_bob):
        page.reload()
        expect(page.locator("li.bubble[data-message]")).to_have_count(3)
        assert texts(page)[:2] == ["The heron is back at the pond", "I saw it, too 🪿 مرحبا"]


def test_the_proof_sheet_checks_every_step_and_hands_out_the_receipt(
    live: Server, open_person: Opened
) -> None:
    befriend(live, "alice_proof", "bob_proof")
    at_alice, _ = start_talking(
        open_person(live, "alice_proof"), open_person(live, "bob_proof"), live, "alice_proof", "bob_proof"
    )
    say(at_alice, "Prove it")
    expect_state(at_alice, "Prove it", "sealed")

    bubble(at_alice, "Prove it").get_by_role("button").click()
    sheet = at_alice.get_by_role("dialog")
    expect(sheet).to_contain_text("Unchanged since it was sealed")
    states = {
        step.get_attribute("data-step"): step.get_attribute("data-state")
        for step in sheet.locator("[data-step]").all()
    }
    assert {"text", "commitment", "inclusion", "block"} <= states.keys()
    assert set(states.values()) == {"ok"}
    sheet.get_by_text("Numbers").click()
    expect(sheet.locator("dl")).to_contain_text("Entry in the ledger")
    with at_alice.expect_download() as download:
        sheet.get_by_role("link", name="Download the receipt").click()
    receipt = download.value.path().read_text()
    assert receipt.startswith("c2sp.org/tlog-proof@v1\n")
    at_alice.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def test_a_conversation_begun_without_keys_turns_end_to_end_when_both_have_them(
    live: Server, open_person: Opened
) -> None:
    befriend(live, "alice_later", "bob_later")
    alice, bob = open_person(live, "alice_later"), open_person(live, "bob_later")
    make_keys(alice, live)
    at_alice = open_chat(alice, live, "bob_later")
    expect(at_alice.locator("chat-mode")).to_contain_text("Readable by this server")
    say(at_alice, "Hello, readable by the server")
    expect_state(at_alice, "Hello, readable by the server", "sealed")

    make_keys(bob, live)
    at_bob = open_chat(bob, live, "alice_later")
    expect(at_bob.locator("chat-mode")).to_contain_text("End-to-end encrypted")
    say(at_bob, "And this one is not")
    expect_state(at_alice, "And this one is not", "sealed")
    expect(at_alice.locator("chat-mode")).to_contain_text("End-to-end encrypted")
    expect(at_alice.get_by_text("From here on only you two can read")).to_have_count(1)
    # The first one stands above the lock; it is no alarm.
    expect_state(at_bob, "Hello, readable by the server", "sealed")


def test_typing_unread_line_and_the_way_back_to_the_end(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_read", "bob_read")
    alice, bob = open_person(live, "alice_read"), open_person(live, "bob_read")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_read", "bob_read")
    at_alice.get_by_placeholder("Message").press_sequentially("abc")
    expect(at_bob.get_by_text("is writing")).to_be_visible()
    at_alice.get_by_placeholder("Message").fill("")

    at_bob.goto(f"{live.origin}/chats")
    for number in range(40):
        say(at_alice, f"Line {number}")
    expect_state(at_alice, "Line 39", "sealed")
    expect(at_bob.locator(".conversations .count")).to_contain_text("40")
    at_bob.goto(f"{live.origin}/home")
    expect(at_bob.locator("nav.rail by-badge").first).to_contain_text("1")

    open_chat(bob, live, "alice_read")
    expect(at_bob.locator("#unread")).to_be_in_viewport()
    expect(bubble(at_bob, "Line 0")).to_be_in_viewport()
    expect(bubble(at_bob, "Line 39")).not_to_be_in_viewport()
    assert texts(at_bob) == [f"Line {number}" for number in range(40)]

    before = top_of(at_bob, "Line 2")
    say(at_alice, "One more")
    pill = at_bob.get_by_role("button", name="1 new message")
    expect(pill).to_be_visible()
    assert abs(top_of(at_bob, "Line 2") - before) < 2
    pill.click()
    expect(bubble(at_bob, "One more")).to_be_in_viewport()
    expect(pill).to_have_count(0)
    expect(bubble(at_alice, "One more")).to_have_attribute("data-delivery", "read")


def test_another_chat_rises_in_the_list_while_one_is_open(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_list", "bob_list")
    befriend(live, "alice_list", "charlie_list")
    alice, charlie = open_person(live, "alice_list"), open_person(live, "charlie_list")
    at_alice, at_charlie = start_talking(alice, charlie, live, "alice_list", "charlie_list")
    say(at_charlie, "Hello from Charlie")
    expect_state(at_alice, "Hello from Charlie", "sealed")
    open_chat(alice, live, "bob_list")
    rows = at_alice.locator(".conversations a")
    expect(rows).to_have_count(2)
    say(at_charlie, "Still there?")
    say(at_charlie, "Well, tomorrow then")
    expect(rows.first).to_contain_text("Charlie_list")
    expect(rows.first.locator(".count")).to_contain_text("2")
    expect(rows.last).to_have_attribute("aria-current", "page")


def top_of(page: Page, text: str) -> float:
    box = bubble(page, text).bounding_box()
    assert box is not None
    return box["y"]
