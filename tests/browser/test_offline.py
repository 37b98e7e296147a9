"""Nothing that was written is lost or doubled, whatever breaks between the two."""

from __future__ import annotations

import sqlite3

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.talk import bubble, expect_state, open_chat, page_of, say, start_talking, texts


def message_count(server: Server, page: Page) -> int:
    conversation = page.url.rsplit("/", 1)[-1].replace("-", "")
    with sqlite3.connect(server.database) as database:
        (count,) = database.execute(
            "SELECT count(*) FROM messaging_message WHERE conversation_id = ?", [conversation]
        ).fetchone()
    return int(count)


def test_written_offline_it_waits_survives_a_reload_and_leaves_by_itself(
    live: Server, open_person: Opened
) -> None:
    befriend(live, "alice_off", "bob_off")
    alice, bob = open_person(live, "alice_off"), open_person(live, "bob_off")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_off", "bob_off")
    say(at_alice, "Before the tunnel")
    expect_state(at_alice, "Before the tunnel", "sealed")

    alice.set_offline(True)
    say(at_alice, "In the tunnel")
    say(at_alice, "Still in it")
    for text in ("In the tunnel", "Still in it"):
        expect(bubble(at_alice, text)).to_have_attribute("data-state", "queued")
    expect(at_alice.locator("chat-composer")).to_contain_text("2 messages wait")
    expect(bubble(at_bob, "In the tunnel")).to_have_count(0)

    # A second tab after the connection is back finds them in the outbox, as a reload does.
    at_alice.close(run_before_unload=False)
    alice.set_offline(False)
    again = alice.new_page()
    again.goto(at_bob.url)
    for page in (again, at_bob):
        for text in ("Before the tunnel", "In the tunnel", "Still in it"):
            expect_state(page, text, "sealed")
        assert texts(page) == ["Before the tunnel", "In the tunnel", "Still in it"]
    assert message_count(live, at_bob) == 3


def test_a_killed_server_loses_and_doubles_nothing(own_live: Server, open_person: Opened) -> None:
    befriend(own_live, "alice", "bob")
    alice, bob = open_person(own_live, "alice"), open_person(own_live, "bob")
    at_alice, at_bob = start_talking(alice, bob, own_live, "alice", "bob")
    wanted = [f"Number {number}" for number in range(12)]
    for text in wanted[:6]:
        say(at_alice, text)
    # No waiting: some of them are on the wire, some not even sealed.
    own_live.kill()
    for text in wanted[6:]:
        say(at_alice, text)
    expect(bubble(at_alice, wanted[-1])).to_have_attribute("data-state", "queued")
    own_live.start()
    for page in (at_alice, at_bob):
        for text in wanted:
            expect(bubble(page, text)).to_have_attribute("data-state", "sealed", timeout=60_000)
        assert texts(page) == wanted
    assert message_count(own_live, at_alice) == len(wanted)
    verified = own_live.command("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_double_click_sends_once_and_the_draft_survives_the_page(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_draft", "bob_draft")
    alice, bob = open_person(live, "alice_draft"), open_person(live, "bob_draft")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_draft", "bob_draft")
    field = at_alice.get_by_placeholder("Message")
    field.fill("Only once")
    at_alice.get_by_role("button", name="Send").dblclick()
    expect_state(at_bob, "Only once", "sealed")
    assert message_count(live, at_alice) == 1

    field.press_sequentially("Half a thought")
    field.press("Escape")
    field.press("Shift+Enter")
    field.press_sequentially("and another line")
    at_alice.wait_for_timeout(600)
    at_alice.reload()
    expect(field).to_have_value("Half a thought\nand another line")
    field.press("Enter")
    expect_state(at_bob, "Half a thought\nand another line", "sealed")
    expect(field).to_have_value("")
    at_alice.reload()
    expect(at_alice.locator("li.bubble[data-message]")).to_have_count(2)
    expect(field).to_have_value("")


def test_two_tabs_of_one_member_share_the_outbox_and_the_counter(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_tabs", "bob_tabs")
    alice, bob = open_person(live, "alice_tabs"), open_person(live, "bob_tabs")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_tabs", "bob_tabs")
    second = alice.new_page()
    second.goto(at_alice.url)
    expect(second.locator("chat-thread .bubbles")).to_be_visible()
    for number in range(5):
        say(at_alice, f"First tab {number}")
        say(second, f"Second tab {number}")
    wanted = {f"{tab} tab {number}" for tab in ("First", "Second") for number in range(5)}
    for page in (at_alice, second, at_bob):
        expect(page.locator('li.bubble[data-state="sealed"]')).to_have_count(10, timeout=30_000)
        assert set(texts(page)) == wanted
    assert message_count(live, at_alice) == 10


def test_a_gap_in_live_delivery_is_repaired_from_the_server(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_gap", "bob_gap")
    alice, bob = open_person(live, "alice_gap"), open_person(live, "bob_gap")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_gap", "bob_gap")
    lost = 0

    def drop(ws: object) -> None:
        server = ws.connect_to_server()  # type: ignore[attr-defined]

        def pass_on(frame: str | bytes) -> None:
            nonlocal lost
            if '"message.new"' in str(frame) and lost < 2:
                lost += 1
                return
            ws.send(frame)  # type: ignore[attr-defined]

        server.on_message(pass_on)

    page_of(bob).route_web_socket("**/ws/", drop)
    at_bob.reload()
    expect(at_bob.locator("html[data-live=on]")).to_have_count(1)
    for number in range(3):
        say(at_alice, f"Hop {number}")
    for number in range(3):
        expect_state(at_bob, f"Hop {number}", "sealed")
    assert lost == 2
    assert texts(at_bob) == ["Hop 0", "Hop 1", "Hop 2"]


def test_a_page_that_could_not_ask_for_everything_says_so_and_recovers(
    live: Server, open_person: Opened
) -> None:
    befriend(live, "alice_part", "bob_part")
    alice, bob = open_person(live, "alice_part"), open_person(live, "bob_part")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_part", "bob_part")
    say(at_alice, "Still here")
    expect_state(at_bob, "Still here", "sealed")
    at_bob.route("**/roster?*", lambda route: route.abort())
    at_bob.reload()
    expect(at_bob.get_by_role("alert")).to_contain_text("may be incomplete")
    at_bob.unroute("**/roster?*")
    expect_state(at_bob, "Still here", "sealed")
    expect(at_bob.get_by_text("may be incomplete")).to_have_count(0)


def test_far_back_history_loads_while_scrolling_and_keeps_the_place(
    live: Server, open_person: Opened
) -> None:
    befriend(live, "alice_long", "bob_long")
    alice = open_person(live, "alice_long")
    at_alice = open_chat(alice, live, "bob_long")
    live.run(
        """
from beyou.core.ids import uuid7
from beyou.messaging.models import Conversation
from beyou.messaging.rules import Draft
from beyou.messaging.services import accept_messages
from beyou.users.models import User
alice, bob = (User.objects.get(handle=handle).id for handle in ("alice_long", "bob_long"))
conversation = Conversation.objects.get(members__member=alice).id
for start in range(0, 300, 50):
    accept_messages([
        Draft(conversation=conversation, sender=(alice, bob)[row % 2], message=uuid7(), content=f"Row {row}")
        for row in range(start, start + 50)
    ])
"""
    )
    at_alice.reload()
    thread = at_alice.locator("chat-thread")
    expect(bubble(at_alice, "Row 299").or_(at_alice.locator("#unread")).first).to_be_visible()
    for _ in range(40):
        if bubble(at_alice, "Row 0").count():
            break
        thread.evaluate("element => { element.scrollTop = 0 }")
        at_alice.wait_for_timeout(150)
    expect(bubble(at_alice, "Row 0")).to_have_count(1)
    assert at_alice.locator("li.bubble").count() <= 200
    at_alice.get_by_role("button", name="Newest messages").click()
    expect(bubble(at_alice, "Row 299")).to_be_in_viewport()
