"""The staff remove a message while both have the chat open: it goes at once, the ledger says who did it, and
it comes back. End to end in two browsers, and readable by the server in one without JavaScript.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.talk import (
    SEALED_MS,
    bubble,
    expect_state,
    make_keys,
    open_chat,
    page_of,
    say,
    start_talking,
)
from tests.browser.test_moderation import STAFF
from tests.browser.test_verification import staff_home

UGLY = "Give me your bike or else."
TOLD = "Removed by the staff: Harassment"

_REPORT = """
from beyou.messaging.models import Message
from beyou.moderation.rules import Reason
from beyou.reports import services
from beyou.reports.rules import Target
from beyou.users.models import User
bob = User.objects.get(handle="bob")
keys = [row.pk for row in Message.objects.filter(sender__handle="alice")]
services.report(reporter_id=bob.pk, target=Target.MESSAGES, key="alice", reason=Reason.HARASSMENT,
message_ids=keys)
"""
_TAKE_BACK = """
from beyou.moderation import services
from beyou.moderation.models import Sanction
row = Sanction.objects.get()
services.lift(actor_id=row.decided_by_id, sanction_id=row.pk, why="It was a quotation.")
"""


def remove(server: Server, open_person: Opened) -> None:
    """A moderator takes the case, reads what both will read, and removes the message."""
    context = open_person(server, "mo")
    page = page_of(context)
    page.goto(f"{staff_home(server, context, 'mo', 'moderator')}/reports")
    page.locator("a", has_text="Alice").first.click()
    page.get_by_role("button", name="Take it").click()
    page.get_by_text("Remove a message, with the right to object").click()
    form = page.locator("form[action$='/remove-messages']")
    form.get_by_label(UGLY).check()
    form.get_by_label("What the author reads").fill("That is a threat.")
    form.get_by_role("button", name="What both read").click()
    expect(form.get_by_text(TOLD)).to_be_visible()
    expect(form.get_by_label(UGLY)).to_be_checked()
    form.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("It is removed. Its author is told.")).to_be_visible()


def expect_removed(page: Page) -> None:
    gone = page.locator('li.bubble[data-state="removed"]')
    expect(gone).to_have_count(1, timeout=SEALED_MS)
    expect(gone).to_contain_text(TOLD)
    assert page.get_by_text(UGLY).count() == 0
    assert page.locator('[data-state="altered"], .bubble-error, .missing').count() == 0


def test_an_encrypted_message_goes_at_once_is_proven_removed_and_comes_back(
    own_live: Server, open_person: Opened
) -> None:
    own_live.run(STAFF)
    befriend(own_live, "alice", "bob")
    alice, bob = open_person(own_live, "alice"), open_person(own_live, "bob")
    hers, his = start_talking(alice, bob, own_live, "alice", "bob")
    chat = his.url
    say(hers, UGLY)
    expect_state(his, UGLY, "sealed")
    say(hers, "And quickly!")
    expect_state(his, "And quickly!", "sealed")
    bubble(his, UGLY).get_by_role("button").click()
    his.get_by_role("dialog").get_by_role("link", name="Report").click()
    expect(his.get_by_label(UGLY)).to_be_checked(timeout=SEALED_MS)
    his.get_by_label("Harassment").check()
    his.get_by_role("button", name="Report", exact=True).click()
    expect(his.get_by_text("Our staff have it.")).to_be_visible()
    his.goto(chat)
    expect_state(his, UGLY, "sealed")

    remove(own_live, open_person)
    for page in (hers, his):
        expect_removed(page)
        page.locator('li.bubble[data-state="removed"] button.meta').click()
        sheet = page.get_by_role("dialog")
        expect(sheet).to_contain_text("Removed by the staff")
        expect(sheet).to_contain_text("not its author. The reason: Harassment.")
        expect(sheet.locator('[data-step="removal"]')).to_have_attribute("data-state", "ok")
        expect(sheet.locator('[data-step="commitment"]')).to_have_attribute("data-state", "ok")
        sheet.get_by_role("button", name="Close").click()
    # A browser that begins anew finds no fault in what came after it either.
    his.reload()
    expect_removed(his)
    expect_state(his, "And quickly!", "sealed")

    own_live.run(_TAKE_BACK)
    for page in (hers, his):
        expect_state(page, UGLY, "sealed")
        assert page.locator('[data-state="altered"], .bubble-error, .missing').count() == 0
    bubble(his, UGLY).get_by_role("button").click()
    expect(his.get_by_role("dialog")).to_contain_text("and put it back on")
    assert own_live.command("verify").returncode == 0


def test_a_readable_message_goes_with_and_without_scripts(own_live: Server, open_person: Opened) -> None:
    own_live.run(STAFF)
    befriend(own_live, "alice", "bob")
    alice = open_person(own_live, "alice")
    bob = open_person(own_live, "bob", java_script_enabled=False)
    make_keys(alice, own_live)
    hers = open_chat(alice, own_live, "bob")
    say(hers, UGLY)
    expect_state(hers, UGLY, "sealed")
    own_live.run(_REPORT)
    remove(own_live, open_person)
    expect_removed(hers)
    his = page_of(bob)
    his.goto(hers.url)
    expect(his.get_by_text(TOLD)).to_be_visible()
    assert his.get_by_text(UGLY).count() == 0
    own_live.run(_TAKE_BACK)
    expect_state(hers, UGLY, "sealed")
    his.reload()
    expect(his.get_by_text(UGLY)).to_be_visible()
