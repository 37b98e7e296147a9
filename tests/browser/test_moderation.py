"""Journey 10: an encrypted message is reported, its author suspended by keyboard, told why, and back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, befriend, sign_in
from tests.browser.server import Server
from tests.browser.talk import bubble, say, start_talking
from tests.browser.test_dispute import SEEN, STATUS_MS, checked
from tests.browser.test_verification import staff_home

STAFF = """
from tests.factories import members
for handle in ("mo", "vi"):
    members.member(handle)
"""
#: The day is over: only the time is moved, no job has run.
A_DAY_LATER = """
import datetime as dt
from beyou.core.clock import now
from beyou.moderation.models import Sanction
from beyou.users.models import User
past = now() - dt.timedelta(seconds=1)
Sanction.objects.update(until=past)
User.objects.filter(handle="alice").update(suspended_until=past)
"""
#: The words of another message under the commitment of the first one, as a forger would send them.
FORGE = """
async ([member, key]) => {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const body = {target: "messages", key: member, reason: "harassment",
    messages: [{id: key, payload: btoa("x".repeat(256)), frank_key: btoa("k".repeat(32))}]};
  const answer = await fetch("/api/v1/reports", {method: "POST", body: JSON.stringify(body),
    headers: {"Content-Type": "application/json", "X-CSRFToken": token}});
  return [answer.status, (await answer.json()).code];
}
"""


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


@pytest.mark.parametrize("kind", SEEN)
def test_an_encrypted_message_is_reported_and_its_author_suspended(
    kind: str, own_live: Server, open_person: Opened
) -> None:
    server, look = own_live, SEEN[kind]
    server.run(STAFF)
    befriend(server, "alice", "bob")
    alice, bob = open_person(server, "alice", **look), open_person(server, "bob", **look)
    hers, his = start_talking(alice, bob, server, "alice", "bob")
    say(hers, "Give me your bike or else.")
    expect(bubble(his, "Give me your bike or else.")).to_be_visible()
    say(his, "My door code is 4711.")
    expect(bubble(hers, "My door code is 4711.")).to_be_visible()
    chat = hers.url

    report(server, his, look)
    home = suspend(server, open_person, look)

    # Whoever is suspended is cut off at once, reads why, and objects.
    expect(hers.get_by_role("heading", name="You are suspended")).to_be_visible(timeout=STATUS_MS)
    checked(hers)
    hers.get_by_role("link", name="Read why").click()
    hers.wait_for_url("**/decisions")
    hers.goto(chat)
    hers.wait_for_url("**/decisions")
    expect(hers.get_by_text("You threatened somebody.")).to_be_visible()
    checked(hers)
    hers.get_by_text("I think that this is wrong").click()
    hers.get_by_label("Why it is wrong").fill("It was a joke between us.")
    hers.get_by_role("button", name="Send").click()
    expect(hers.get_by_text("Somebody else of the staff will answer.")).to_be_visible()

    # Another moderator answers; the one who decided cannot.
    first = next(iter(home)).pages[0]
    first.goto(f"{home[first.context]}/decisions")
    expect(first.get_by_text("You decided it: somebody else of the staff has to answer.")).to_be_visible()
    other = open_person(server, "vi", **look)
    page = other.pages[0]
    page.goto(f"{staff_home(server, other, 'vi', 'moderator')}/decisions")
    page.get_by_label("Your answer").fill("It did not read like one.")
    page.get_by_role("button", name="It stays").click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()

    # The reporter reads that something was done, and not what.
    his.goto(f"{server.origin}/reports")
    expect(his.get_by_text("did something about it")).to_be_visible()
    expect(his.locator("main")).not_to_contain_text("uspend")
    checked(his)

    # The clock alone lifts it.
    server.run(A_DAY_LATER)
    hers.goto(f"{server.origin}/home")
    if "/sign-in" in hers.url:
        sign_in(hers, server, "alice")
    expect(hers.get_by_role("heading", level=1)).to_be_visible()
    assert "/decisions" not in hers.url
    hers.goto(f"{server.origin}/decisions")
    expect(hers.get_by_text("It did not read like one.")).to_be_visible()


def report(server: Server, his: Page, look: dict[str, Any]) -> None:
    """From the sheet of the message; of the conversation nothing else leaves the browser."""
    key = bubble(his, "Give me your bike or else.").get_attribute("data-message")
    assert his.evaluate(FORGE, ["alice", key]) == [422, "bad_opening"]
    sent: list[str] = []
    his.on("request", lambda request: sent.append(request.post_data or ""))
    bubble(his, "Give me your bike or else.").get_by_role("button").click()
    his.get_by_role("dialog").get_by_role("link", name="Report").click()
    box = his.get_by_label("Give me your bike or else.")
    expect(box).to_be_checked(timeout=STATUS_MS)
    checked(his)
    his.get_by_label("Anything to add?").fill("I am afraid.")
    his.get_by_role("button", name="Report", exact=True).click()
    expect(his.locator(".summary")).to_contain_text("Choose what is wrong")
    expect(his.get_by_label("Anything to add?")).to_have_value("I am afraid.")
    expect(box).to_be_checked(timeout=STATUS_MS)
    his.get_by_label("Harassment").check()
    his.get_by_role("button", name="Report", exact=True).click()
    expect(his.get_by_text("Our staff have it.")).to_be_visible()
    checked(his)
    assert not any("4711" in body for body in sent)


def suspend(server: Server, open_person: Opened, look: dict[str, Any]) -> dict[Any, str]:
    """By keyboard alone: open the case, take it, choose a day, look at the preview, decide."""
    context = open_person(server, "mo", **look)
    home, page = staff_home(server, context, "mo", "moderator"), context.pages[0]
    page.goto(f"{home}/reports")
    checked(page)
    keys(page, "j")
    expect(page.get_by_text("Give me your bike or else.")).to_be_visible()
    expect(page.get_by_text("Verified", exact=True).first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("4711")
    checked(page)
    keys(page, "c")
    expect(page.get_by_role("button", name="Take it")).to_be_focused()
    keys(page, "Enter")
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    keys(page, "w")
    expect(page.get_by_label("What", exact=True)).to_be_focused()
    page.keyboard.type("Suspend for 1 d")
    keys(page, "Tab")
    page.keyboard.type("Har")
    keys(page, "Tab")
    page.keyboard.type("You threatened somebody.")
    keys(page, "Tab", "Tab")
    expect(page.get_by_role("button", name="What the member reads")).to_be_focused()
    keys(page, "Enter")
    expect(page.get_by_text("Suspend for 1 day · Harassment")).to_be_visible()
    checked(page)
    page.get_by_role("button", name="Decide", exact=True).focus()
    keys(page, "Enter")
    expect(page.get_by_text("Decided. The member is told.")).to_be_visible()
    # What was decided last can be undone by the same hand, and is not.
    keys(page, "z")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_focused()
    return {context: home}
