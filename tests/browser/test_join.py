"""From the front door to home, as a newcomer goes."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import TIMEOUT_MS, Watch
from tests.browser.server import Server
from tests.factories.members import PASSWORD


def test_a_newcomer_joins_with_the_mailed_code(browser: Browser, live: Server) -> None:
    watch = Watch()
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_MS)
    context.on("page", watch.page)
    page = context.new_page()
    page.goto(f"{live.origin}/join")
    expect(page.locator("pow-solver")).to_contain_text("You are not a robot")
    page.get_by_label("Handle").fill("dana_joins")
    page.get_by_label("Name").fill("Dana Dogwood")
    page.get_by_label("E-mail address").fill("dana_joins@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/join/code")
    mail = context.new_page()
    mail.goto(f"{live.origin}/dev/mail")
    found = re.search(r"^\s+(\d{6})$", mail.locator("pre").first.inner_text(), re.MULTILINE)
    assert found
    mail.close()
    page.locator("input[name=code]").fill(found[1])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{live.origin}/home")
    expect(page.locator("h1").first).to_be_visible()
    context.close()
    assert watch.faults == []


def test_a_form_sent_before_the_check_has_ended_waits_for_it(browser: Browser, live: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{live.origin}/join", wait_until="commit")
    page.get_by_label("Handle").fill("Not a handle")
    page.get_by_label("E-mail address").fill("dana_waits@example.org")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert")).to_contain_text("Use only letters from a to z")
    expect(page.get_by_label("Handle")).to_have_value("Not a handle")
    expect(page.get_by_label("E-mail address")).to_have_value("dana_waits@example.org")
    context.close()


def test_without_javascript_the_page_says_what_it_needs(browser: Browser, live: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live.origin}/join")
    expect(page.locator("pow-solver")).to_contain_text("needs JavaScript")
    context.close()
