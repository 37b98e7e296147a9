"""A session that ends: the page says so in time, offers to stay, and loses nothing that was typed."""

import json

from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.browser.server import Server
from tests.factories.members import PASSWORD

IDLE = 336 * 3600


def age(live: Server, handle: str, **seconds: int) -> None:
    """The newest session of the member was seen or began so many seconds ago."""
    live.run(f"""
import datetime as dt
from beyou.core import clock
from beyou.users.models import MemberSession
row = MemberSession.objects.filter(member__handle="{handle}", ended_at=None).order_by("-created_at")[0]
ago = {json.dumps(seconds)}
fields = {{name: clock.now() - dt.timedelta(seconds=value) for name, value in ago.items()}}
MemberSession.objects.filter(id=row.id).update(**fields)
""")


def test_staying_signed_in_with_one_click(live: Server, person: Person) -> None:
    context = person("stays")
    age(live, "stays", seen_at=IDLE - 60)
    page = context.pages[0]
    page.goto(f"{live.origin}/settings/look")
    box = page.locator("#session-end")
    expect(box).to_contain_text("You will be signed out in 1 minute", timeout=10_000)
    box.get_by_role("button", name="Stay signed in").click()
    expect(box).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text("You stay signed in")
    page.reload()
    expect(page.locator("h1")).to_contain_text("Colours")
    expect(box).to_be_hidden()


def test_what_was_typed_survives_the_end(live: Server, person: Person) -> None:
    context = person("typist")
    page = context.pages[0]
    page.goto(f"{live.origin}/settings/tokens")
    page.get_by_role("textbox", name="Name").fill("My script")
    page.locator("input[name=scopes]").first.check()
    live.run("""
from beyou.users.models import User
from beyou.users.services import end_sessions
end_sessions(member_id=User.objects.get(handle="typist").pk)
""")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('by:session-ended'))")
    box = page.locator("#session-end")
    expect(box).to_contain_text("You are signed out")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("My script")
    with context.expect_page() as new_tab:
        box.get_by_role("link", name="Sign in in another tab").click()
    tab = new_tab.value
    tab.locator("input[name=login]").fill("typist@example.org")
    tab.locator("input[name=password]").fill(PASSWORD)
    tab.locator("main form button:not([type=button])").first.click()
    tab.wait_for_url(f"{live.origin}/home")
    tab.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#toasts")).to_contain_text("You are signed in again")
    expect(box).to_be_hidden()
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("main")).to_contain_text("beyou_")
