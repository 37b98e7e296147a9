"""Journey 9: sent, claimed with an end-to-end excerpt, decided, rated and proved; the money balances."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.talk import bubble, say, start_talking
from tests.browser.test_look import findings
from tests.browser.test_verification import staff_home
from tests.verifier.standalone import VERIFIER

SEED = """
from beyou.users.models import User
from tests.factories import members
from tests.orders.world import buy, offer, trader
alice, bob = trader("alice", "Alice Ash"), trader("bob", "Bob Birch")
trader("charlie", "Charlie Cedar")
members.member("fay")
order = buy(bob, offer(alice, "Brass lamp", price=2400))
print(order.number, order.parts.get().number)
"""
#: The webhook of the charge comes once more, well signed; and the refund is on its way.
REPLAY = """
from beyou.payments import services
from beyou.sandbox import signing
from beyou.sandbox.models import BankNotice
from beyou.sandbox.services import notices
for each in BankNotice.objects.select_related("charge"):
    body = notices.body_of(each)
    for _ in range(2):
        services.receive_webhook(gateway="sandbox", body=body, headers={signing.HEADER: signing.sign(body)})
from tests.orders.world import settle_down
settle_down()
"""
BOOKS = """
from beyou.payments.models import Account, Refund
from beyou.payments.queries import money_health
print(int(money_health().is_sound), sum(Account.objects.values_list("balance_minor", flat=True)))
print(sum(Refund.objects.filter(state="done").values_list("amount_minor", flat=True)), Refund.objects.count())
"""
STATUS_MS = 20_000
SEEN: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 900}},
}


def no_overflow(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def checked(page: Page) -> None:
    no_overflow(page)
    assert findings(page) == []


@pytest.mark.parametrize("kind", SEEN)
def test_sent_claimed_with_an_encrypted_excerpt_and_decided(
    kind: str, own_live: Server, open_person: Opened, tmp_path: Path
) -> None:
    server, look = own_live, SEEN[kind]
    order, part = server.run(SEED).split()
    befriend(server, "alice", "bob")
    alice, bob = open_person(server, "alice", **look), open_person(server, "bob", **look)
    hers, his = start_talking(alice, bob, server, "alice", "bob")
    say(hers, "It is pure brass, I promise.")
    expect(bubble(his, "It is pure brass, I promise.")).to_be_visible()
    say(his, "Then I take it. My PIN is 4711.")
    expect(bubble(hers, "Then I take it. My PIN is 4711.")).to_be_visible()

    # The seller ships with tracking; the buyer sees how to follow it.
    hers.goto(f"{server.origin}/selling/orders/{part}")
    hers.get_by_label("Tracking number").fill("3SABC123")
    hers.get_by_label("Who brings it").fill("Post")
    hers.get_by_role("button", name="It is on its way").click()
    his.goto(f"{server.origin}/orders/{order}")
    expect(his.get_by_text("3SABC123").first).to_be_visible()

    # The buyer reports it; without a reason nothing happens and nothing typed is lost.
    his.get_by_role("link", name="Something is wrong").click()
    his.get_by_label("What happened?").fill("A magnet sticks to it: it is tin.")
    his.get_by_role("button", name="Report it").click()
    expect(his.locator(".summary")).to_contain_text("Choose what is wrong")
    expect(his.get_by_label("What happened?")).to_have_value("A magnet sticks to it: it is tin.")
    checked(his)
    his.get_by_label("It is not as described").check()
    his.get_by_role("button", name="Report it").click()
    expect(his.get_by_text("is frozen until the claim is settled")).to_be_visible()
    claim = his.url
    checked(his)

    # One of two encrypted messages is opened here and shown; the other never leaves the browser.
    sent: list[str] = []
    his.on("request", lambda request: sent.append(request.post_data or ""))
    his.get_by_role("link", name="Choose messages").click()
    expect(his.get_by_text("It is pure brass, I promise.")).to_be_visible(timeout=STATUS_MS)
    checked(his)
    his.get_by_label("It is pure brass, I promise.").check()
    his.get_by_role("button", name="Show the ticked ones").click()
    expect(his.locator("blockquote")).to_have_text("It is pure brass, I promise.")
    expect(his.get_by_text("checked against what was sealed")).to_be_visible()
    assert not any("4711" in body for body in sent)

    # The seller learns of it and disagrees; without words that does not go.
    hers.goto(f"{server.origin}/activity")
    hers.locator(".activity li", has_text="reports a problem").get_by_role("button").click()
    hers.wait_for_url(claim)
    expect(hers.locator("blockquote")).to_have_text("It is pure brass, I promise.")
    hers.get_by_text("Disagree", exact=True).click()
    hers.get_by_role("button", name="Let the staff decide").click()
    expect(hers.locator(".summary")).to_contain_text("Say why you disagree")
    hers.get_by_label("Why do you disagree?").fill("It was brass when it left.")
    hers.get_by_role("button", name="Let the staff decide").click()
    expect(hers.get_by_role("heading", name="Our staff decide")).to_be_visible()
    checked(hers)
    # The buyer's page says so without being loaded again.
    expect(his.get_by_text("Something changed.")).to_be_visible(timeout=STATUS_MS)

    # A stranger finds nothing of it.
    other = open_person(server, "charlie", **look).pages[0]
    for address in (claim, f"{server.origin}/orders/{order}", f"{claim}/messages"):
        answer = other.goto(address)
        assert answer is not None
        assert answer.status == 404

    staff_decide(server, open_person, look)

    # Both read why, and the money is where it was said, however often the bank repeats itself.
    his.goto(claim)
    expect(his.get_by_text("The magnet settles it.")).to_be_visible()
    expect(his.get_by_text("gets €10.00 back")).to_be_visible()
    checked(his)
    server.run(REPLAY)
    sound, total, back, refunds = map(int, server.run(BOOKS).split())
    assert (sound, total, back, refunds) == (1, 0, 1000, 1)
    his.goto(f"{server.origin}/orders/{order}")
    expect(his.get_by_text("The claim is settled")).to_be_visible()
    expect(his.get_by_role("link", name="Something is wrong")).to_be_visible()
    his.get_by_role("link", name="Something is wrong").click()
    his.wait_for_url(claim)
    hers.goto(claim)
    expect(hers.get_by_text("The magnet settles it.")).to_be_visible()
    rate_each_other(server, his, hers, part)
    prove(server, his, order, tmp_path)


def rate_each_other(server: Server, his: Page, hers: Page, part: str) -> None:
    """Once each; neither sees the other's stars before both have given some."""
    for page, stars, words in ((his, 2, "It was tin."), (hers, 5, "He paid at once.")):
        page.goto(f"{server.origin}/ratings/{part}")
        page.get_by_role("button", name="Give this rating").click()
        expect(page.locator(".summary")).to_be_visible()
        page.locator(f".star-choice input[value='{stars}']").check()
        page.locator("textarea[name=text]").fill(words)
        page.get_by_role("button", name="Give this rating").click()
        expect(page.get_by_text(words)).to_be_visible()
        if page is his:
            hers.goto(f"{server.origin}/ratings/{part}")
            expect(hers.locator("main")).not_to_contain_text("It was tin.")
    expect(hers.get_by_text("It was tin.")).to_be_visible()
    checked(hers)
    his.goto(f"{server.origin}/ratings/{part}")
    expect(his.get_by_text("He paid at once.")).to_be_visible()
    expect(his.get_by_role("button", name="Give this rating")).to_have_count(0)


def prove(server: Server, his: Page, order: str, folder: Path) -> None:
    """The stand-alone checker, which knows neither this server nor its database, accepts the proof that the
    buyer fetched, and refuses it with one amount changed.
    """
    his.goto(f"{server.origin}/orders/{order}")
    expect(his.locator("#order-proof").get_by_text("Sealed", exact=True)).to_be_visible(timeout=STATUS_MS)
    with his.expect_download() as fetched:
        his.get_by_role("link", name="Download the proof").click()
    file = folder / "proof.json"
    fetched.value.save_as(file)
    vkey = his.request.get(f"{server.origin}/api/v1/ledger/vkey").text().strip()
    assert _verifies(file, vkey)
    text = file.read_text()
    assert "2850" in text
    file.write_text(text.replace("2850", "1850", 1))
    assert not _verifies(file, vkey)


def _verifies(file: Path, vkey: str) -> bool:
    command = [sys.executable, "-m", "beyou_ledger", "receipt", str(file), "--vkey", vkey]
    return subprocess.run(command, cwd=VERIFIER, capture_output=True, check=False).returncode == 0


def staff_decide(server: Server, open_person: Opened, look: dict[str, Any]) -> None:
    """One of the finance staff takes the case and gives ten euros back."""
    context = open_person(server, "fay", **look)
    home, page = staff_home(server, context, "fay", "finance"), context.pages[0]
    page.goto(f"{home}/claims")
    page.get_by_text("@bob and @alice").click()
    expect(page.locator("blockquote")).to_have_text("It is pure brass, I promise.")
    checked(page)
    page.get_by_role("button", name="Hold it").click()
    page.get_by_label("Back to the buyer").fill("99")
    page.get_by_label("Reason").fill("The magnet settles it.")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".summary")).to_contain_text("between nothing and everything")
    expect(page.get_by_label("Reason")).to_have_value("The magnet settles it.")
    page.get_by_label("Back to the buyer").fill("10")
    checked(page)
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("No claim waits")).to_be_visible()
