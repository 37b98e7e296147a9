"""The queues of the staff by keyboard alone: deciding, undoing, several at once."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.test_dispute import checked
from tests.browser.test_verification import staff_home

#: Alice reports three strangers, who want to be verified as well.
_WAITING = """
from beyou.moderation.rules import Reason
from beyou.reports.rules import Target
from beyou.reports.services import report
from beyou.users.models import User
from tests.factories import members
from tests.factories.documents import request_of
alice = User.objects.get(handle="alice")
for person in members.members(3, prefix="few"):
    said = {"reason": Reason.SPAM, "words": "Adverts."}
    report(reporter_id=alice.pk, target=Target.MEMBER, key=person.handle, **said)
    request_of(person)
"""


def press(page: Page, *keys: str) -> None:
    """The last of the keys leads to another page."""
    for key in keys[:-1]:
        page.keyboard.press(key)
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press(keys[-1])


def test_the_queues_by_keyboard_alone(own_live: Server, open_person: Opened) -> None:
    befriend(own_live, "alice", "mo")
    own_live.run(_WAITING)
    context = open_person(own_live, "mo")
    home, page = staff_home(own_live, context, "mo", "moderator"), context.pages[0]
    assert own_live.command("staff", "grant", "mo", "verifier").returncode == 0
    main, toast = page.locator("main"), page.locator(".toast")
    undo = page.get_by_role("button", name="Undo", exact=True)

    page.goto(f"{home}/reports")
    press(page, "j")
    press(page, "c", "Enter")
    press(page, "d", "Tab", "Enter")
    expect(main).to_contain_text("Dismissed: @few_0")
    checked(page)
    page.keyboard.press("z")
    expect(undo).to_be_focused()
    press(page, "Enter")
    expect(toast).to_contain_text("Undone. It is open again, and yours.")
    expect(page.get_by_role("button", name="Release")).to_be_visible()

    page.goto(f"{home}/reports/several")
    press(page, "j", "x", "j", "x", "p", "Enter")
    expect(page.get_by_role("heading", name="2 cases")).to_be_visible()
    press(page, "d", "Enter")
    expect(toast).to_contain_text("2 dismissed.")
    press(page, "z", "Enter")
    expect(page.locator("a[data-line] .badge", has_text="yours")).to_have_count(2)

    page.goto(f"{home}/queue/several")
    checked(page)
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    expect(page.locator("input[data-pick]:checked")).to_have_count(3)
    press(page, "p", "Enter")
    expect(page.get_by_role("heading", name="3 requests, claimed for you")).to_be_visible()
    checked(page)
    press(page, "a", "Enter")
    expect(toast).to_contain_text("3 approved.")
    page.keyboard.press("z")
    expect(undo).to_be_focused()
    press(page, "Enter")
    expect(toast).to_contain_text("3 taken back")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Go to undo what you decided")
