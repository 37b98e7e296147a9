"""How a person talks in a browser: the steps that several tests share."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.server import Server

SEALED_MS = 20_000


def page_of(context: BrowserContext) -> Page:
    return context.pages[0]


def make_keys(context: BrowserContext, server: Server) -> None:
    """Afterwards this browser holds published keys; it made them because it had none."""
    page = page_of(context)
    page.goto(f"{server.origin}/chats")
    expect(page.locator("key-setup")).to_contain_text("Your keys are ready", timeout=30_000)


def open_chat(context: BrowserContext, server: Server, handle: str) -> Page:
    """The conversation with a friend, through the button on the friend's profile."""
    page = page_of(context)
    page.goto(f"{server.origin}/u/{handle}")
    page.locator(f'form[action="/chats/with/{handle}"] button').first.click()
    page.wait_for_url("**/chats/*-*")
    expect(page.locator("chat-thread .bubbles")).to_be_visible()
    return page


def start_talking(
    alice: BrowserContext, bob: BrowserContext, server: Server, *handles: str
) -> tuple[Page, Page]:
    """Both with keys, in the same end-to-end conversation."""
    for context in (alice, bob):
        make_keys(context, server)
    one, other = handles
    pages = open_chat(alice, server, other), open_chat(bob, server, one)
    for page in pages:
        expect(page.locator("chat-mode")).to_contain_text("End-to-end encrypted")
    return pages


def say(page: Page, text: str) -> None:
    expect(page.locator("chat-composer .composer-notices")).to_be_attached()
    page.get_by_placeholder("Message").fill(text)
    page.get_by_placeholder("Message").press("Enter")


def bubble(page: Page, text: str) -> Locator:
    return page.locator("li.bubble[data-message]", has=page.get_by_text(text, exact=True))


def expect_state(page: Page, text: str, state: str) -> None:
    expect(bubble(page, text)).to_have_attribute("data-state", state, timeout=SEALED_MS)


def texts(page: Page) -> list[str]:
    """What the bubbles say, from top to bottom."""
    expect(page.locator("li.bubble[data-message] > p").first).to_be_visible()
    return page.locator("li.bubble[data-message] > p").all_inner_texts()


def save_recovery(page: Page, folder: Path) -> tuple[Path, list[str]]:
    """Goes through the whole step: saves the file, then proves two groups. The file and its passphrase."""
    page.get_by_role("button", name="Save it now").or_(
        page.get_by_role("button", name="Save recovery file")
    ).click()
    sheet = page.get_by_role("dialog")
    expect(sheet.locator(".passphrase li")).to_have_count(8)
    groups = sheet.locator(".passphrase li").all_inner_texts()
    with page.expect_download() as download:
        sheet.get_by_role("button", name="Save the file").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    sheet.get_by_role("button", name="I have both").click()
    for field in sheet.locator("input").all():
        number = int((field.get_attribute("name") or "").removeprefix("group-"))
        field.fill(groups[number].lower())
    sheet.get_by_role("button", name="Prove it").click()
    expect(sheet).to_have_count(0)
    return path, groups


def restore(page: Page, file: Path, groups: list[str]) -> None:
    page.get_by_role("button", name="Restore from file").click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Recovery file").set_input_files(file)
    sheet.get_by_label("Passphrase").fill(" ".join(groups))
    sheet.get_by_role("button", name="Restore", exact=True).click()
    expect(sheet).to_have_count(0, timeout=30_000)


def spellings(secret: bytes) -> list[bytes]:
    """The secret as it could hide in other data: raw, hexadecimal, and in base64 at all three offsets."""
    found = [secret, secret.hex().encode()]
    for offset in range(3):
        encoded = b64encode(b"\0" * offset + secret)
        # The first and last characters mix in neighbouring bytes; what stands between is certain.
        found.append(encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4])
    return [*found, *(each.replace(b"+", b"-").replace(b"/", b"_") for each in found[2:])]
