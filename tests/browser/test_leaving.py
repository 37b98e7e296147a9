"""Journey 10, the end: a member takes a copy and leaves; what the friend sees then is proven and no alarm."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.talk import SEALED_MS, bubble, expect_state, page_of, say, start_talking

_END_THE_FORTNIGHT = """
import datetime as dt
from beyou.core import clock
from beyou.privacy import services
from beyou.users.models import User
late = clock.now() - dt.timedelta(minutes=1)
User.objects.filter(handle="alice").update(deletion_due_at=late)
print(services.erase_due())
"""


def _leave(page: Page, server: Server) -> None:
    page.goto(f"{server.origin}/settings/data")
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_label("Your handle").fill("@alice")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("heading", name="Goodbye for now")).to_be_visible()


def _take_copy(page: Page, server: Server, folder: Path) -> zipfile.ZipFile:
    page.goto(f"{server.origin}/settings/data")
    page.get_by_role("button", name="Make a copy of my data").click()
    # Without a reload: the page asks by itself how far it is.
    link = page.get_by_role("link", name="Download my data")
    expect(link).to_be_visible(timeout=30_000)
    with page.expect_download() as download:
        link.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return zipfile.ZipFile(path)


def _erased(page: Page) -> int:
    return page.locator('li.bubble[data-state="erased"]').count()


def test_a_member_leaves_and_the_friend_sees_erased_and_no_alarm(
    own_live: Server, open_person: Opened, tmp_path: Path
) -> None:
    befriend(own_live, "alice", "bob")
    alice, bob = open_person(own_live, "alice"), open_person(own_live, "bob")
    at_alice, at_bob = start_talking(alice, bob, own_live, "alice", "bob")
    say(at_alice, "Only for your eyes")
    expect(bubble(at_bob, "Only for your eyes")).to_be_visible()
    say(at_bob, "And these are mine")
    expect(bubble(at_alice, "And these are mine")).to_be_visible()
    for page, text in ((at_bob, "Only for your eyes"), (at_bob, "And these are mine")):
        expect_state(page, text, "sealed")

    archive = _take_copy(at_alice, own_live, tmp_path)
    assert archive.testzip() is None
    assert json.loads(archive.read("account/account.json"))["handle"] == "alice"
    assert "conversations/0001-bob/receipts-0001.json" in archive.namelist()

    # Leaves, comes back, and everything is as it was.
    _leave(at_alice, own_live)
    assert at_bob.request.get(f"{own_live.origin}/u/alice").status == 404
    sign_in_again = page_of(alice)
    sign_in_again.goto(f"{own_live.origin}/sign-in")
    sign_in_again.locator("input[name=login]").fill("alice@example.org")
    sign_in_again.locator("input[name=password]").fill("seven herons over the dyke")
    sign_in_again.locator("main form button:not([type=button])").first.click()
    sign_in_again.get_by_role("button", name="Keep my account").click()
    sign_in_again.wait_for_url(f"{own_live.origin}/home")
    assert at_bob.request.get(f"{own_live.origin}/u/alice").status == 200

    # Leaves for good. Bob's page is open all the time.
    _leave(page_of(alice), own_live)
    assert own_live.run(_END_THE_FORTNIGHT).strip() == "1"
    expect(at_bob.locator('li.bubble[data-state="erased"]')).to_have_count(1, timeout=SEALED_MS)
    expect_state(at_bob, "And these are mine", "sealed")
    for _ in range(2):
        assert at_bob.locator('[data-state="altered"], .bubble-error, .missing').count() == 0
        assert at_bob.get_by_text("Only for your eyes").count() == 0
        at_bob.reload()
        expect(at_bob.locator('li.bubble[data-state="erased"]')).to_have_count(1, timeout=SEALED_MS)
        expect_state(at_bob, "And these are mine", "sealed")
    expect(at_bob.get_by_role("heading", name="Deleted member")).to_be_visible()
    at_bob.locator('li.bubble[data-state="erased"] button.meta').click()
    expect(at_bob.get_by_role("dialog")).to_contain_text("Erased on purpose")
    assert at_bob.request.get(f"{own_live.origin}/u/alice").status == 404
    # Nobody can sign in any more.
    at_alice.goto(f"{own_live.origin}/sign-in")
    at_alice.locator("input[name=login]").fill("alice@example.org")
    at_alice.locator("input[name=password]").fill("seven herons over the dyke")
    at_alice.locator("main form button:not([type=button])").first.click()
    expect(at_alice.get_by_role("alert").first).to_be_visible()
    verified = own_live.command("verify")
    assert verified.returncode == 0, verified.stdout


def test_what_was_cut_out_as_if_it_were_erased_is_an_alarm(own_live: Server, open_person: Opened) -> None:
    befriend(own_live, "alice", "bob")
    alice, bob = open_person(own_live, "alice"), open_person(own_live, "bob")
    at_alice, at_bob = start_talking(alice, bob, own_live, "alice", "bob")
    say(at_alice, "You owe me ten")
    expect_state(at_bob, "You owe me ten", "sealed")
    # An editor of the database writes what an erasure would leave; the signature is what is missing.
    own_live.run("""
from beyou.ledger.models import ErasureRow, EntryRow, SaltRow
from beyou.messaging.models import Message, MessageWrap
from beyou.users.models import User
from beyou.core import clock
row = Message.objects.get()
Message.objects.update(header=b"", body=b"", signature=b"", stamp=b"")
MessageWrap.objects.all().delete()
SaltRow.objects.all().delete()
entry = EntryRow.objects.get(message_id=row.id)
ErasureRow.objects.create(seq=entry.seq, message_id=row.id, day=20000, reason=1, signature=b"s" * 64)
User.objects.filter(handle="alice").update(erased_at=clock.now(), name="Deleted member", is_active=False)
""")
    at_bob.reload()
    altered = at_bob.locator('li.bubble[data-state="altered"]')
    expect(altered).to_have_count(1, timeout=SEALED_MS)
    # What bob's browser had read is shown, not thrown away.
    expect(altered).to_contain_text("You owe me ten")
    assert _erased(at_bob) == 0
    assert own_live.command("verify").returncode == 1


def test_a_copy_is_taken_without_scripts(own_live: Server, open_person: Opened) -> None:
    befriend(own_live, "alice", "bob")
    context = open_person(own_live, "alice", java_script_enabled=False)
    page = page_of(context)
    page.goto(f"{own_live.origin}/settings/data")
    page.get_by_role("button", name="Make a copy of my data").click()
    for _ in range(30):
        if page.get_by_role("link", name="Download my data").count():
            break
        page.wait_for_timeout(300)
        page.reload()
    expect(page.get_by_role("link", name="Download my data")).to_be_visible()
