"""Keys: made once, proven, restored, replaced, and never silently someone else's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.talk import (
    bubble,
    expect_state,
    make_keys,
    open_chat,
    page_of,
    restore,
    save_recovery,
    say,
    start_talking,
    texts,
)


def test_a_new_browser_restores_the_keys_and_reads_the_old_messages(
    live: Server, open_person: Opened, tmp_path: Path
) -> None:
    befriend(live, "alice_new", "bob_new")
    alice, bob = open_person(live, "alice_new"), open_person(live, "bob_new")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_new", "bob_new")
    say(at_alice, "From the old browser")
    say(at_bob, "An answer to it")
    for text in ("From the old browser", "An answer to it"):
        expect_state(at_alice, text, "sealed")
    file, groups = save_recovery(at_alice, tmp_path)

    third = open_person(live, "alice_new")
    page = open_chat(third, live, "bob_new")
    expect(page.locator("key-setup")).to_contain_text("Your keys are not in this browser")
    expect(page.locator("li.bubble .closed")).to_have_count(2)
    restore(page, file, groups)
    for text in ("From the old browser", "An answer to it"):
        expect_state(page, text, "sealed")
    say(page, "From the new browser")
    for other in (at_alice, at_bob):
        expect_state(other, "From the new browser", "sealed")
    page.goto(f"{live.origin}/settings/keys")
    expect(page.locator("[data-device]")).to_have_count(2)
    expect(page.locator("keys-page")).to_contain_text("Recovery file proven")


def test_a_wrong_passphrase_or_file_says_what_is_wrong_and_changes_nothing(
    live: Server, open_person: Opened, tmp_path: Path
) -> None:
    befriend(live, "alice_wrong")
    befriend(live, "bob_wrong")
    alice, bob = open_person(live, "alice_wrong"), open_person(live, "bob_wrong")
    make_keys(alice, live)
    make_keys(bob, live)
    file, groups = save_recovery(page_of(alice), tmp_path)

    third = page_of(open_person(live, "alice_wrong"))
    third.goto(f"{live.origin}/settings/keys")
    third.get_by_role("button", name="Restore from file").click()
    sheet = third.get_by_role("dialog")
    damaged, other = tmp_path / "damaged.pem", tmp_path / "other.txt"
    damaged.write_text(file.read_text().replace("A", "B", 40))
    other.write_text("not a key file")
    for path, passphrase, words in (
        (file, "-".join(groups[::-1]), "does not open the file"),
        (other, "-".join(groups), "not a recovery file"),
        (damaged, "-".join(groups), "."),
    ):
        sheet.get_by_label("Recovery file").set_input_files(path)
        sheet.get_by_label("Passphrase").fill(passphrase)
        sheet.get_by_role("button", name="Restore", exact=True).click()
        expect(sheet.get_by_role("alert")).to_contain_text(words, timeout=30_000)
    third.keyboard.press("Escape")
    expect(third.locator("keys-page")).to_contain_text("Your keys are not in this browser")

    stranger = page_of(open_person(live, "bob_wrong"))
    stranger.goto(f"{live.origin}/settings/keys")
    stranger.get_by_role("button", name="Restore from file").click()
    sheet = stranger.get_by_role("dialog")
    sheet.get_by_label("Recovery file").set_input_files(file)
    sheet.get_by_label("Passphrase").fill("-".join(groups))
    sheet.get_by_role("button", name="Restore", exact=True).click()
    expect(sheet.get_by_role("alert")).to_be_visible(timeout=30_000)


def test_the_recovery_file_opens_with_openssl(live: Server, open_person: Opened, tmp_path: Path) -> None:
    befriend(live, "alice_ssl")
    alice = open_person(live, "alice_ssl")
    make_keys(alice, live)
    file, groups = save_recovery(page_of(alice), tmp_path)
    shown = subprocess.run(
        ["openssl", "pkey", "-in", file, "-passin", "stdin", "-noout", "-text"],
        input="-".join(groups), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "3072 bit" in shown.stdout


def test_many_tabs_at_once_make_one_set_of_keys(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_many")
    alice = open_person(live, "alice_many")
    tabs = [page_of(alice), *(alice.new_page() for _ in range(3))]
    for tab in tabs:
        tab.goto(f"{live.origin}/chats", wait_until="commit")
    for tab in tabs:
        expect(tab.locator("key-setup")).to_contain_text("Your keys are ready", timeout=40_000)
    sets = live.run(
        "from beyou.keys.models import Device, UserKeySet; "
        "print(UserKeySet.objects.filter(member__handle='alice_many').count(), "
        "Device.objects.filter(member__handle='alice_many').count())"
    )
    assert sets.split() == ["1", "1"]


def test_postponed_recovery_stays_quiet_and_remains_possible(
    live: Server, open_person: Opened, tmp_path: Path
) -> None:
    befriend(live, "alice_wait")
    alice = open_person(live, "alice_wait")
    make_keys(alice, live)
    page = page_of(alice)
    page.get_by_role("button", name="In a week").click()
    expect(page.locator("key-setup .notice")).to_have_count(0)
    page.reload()
    expect(page.locator("h1").first).to_be_visible()
    page.wait_for_timeout(1500)
    expect(page.locator("key-setup .notice")).to_have_count(0)
    page.goto(f"{live.origin}/settings/keys")
    file, _ = save_recovery(page, tmp_path)
    assert file.read_text().count("BEGIN ENCRYPTED PRIVATE KEY") == 2
    expect(page.locator("keys-page")).to_contain_text("Recovery file proven")
    page.reload()
    expect(page.locator("keys-page")).to_contain_text("Recovery file proven")
    expect(page.get_by_role("button", name="Save recovery file")).to_have_count(0)


def test_replaced_keys_are_told_and_nothing_is_sealed_to_them_unasked(
    live: Server, open_person: Opened
) -> None:
    befriend(live, "alice_swap", "bob_swap")
    alice, bob = open_person(live, "alice_swap"), open_person(live, "bob_swap")
    at_alice, at_bob = start_talking(alice, bob, live, "alice_swap", "bob_swap")
    say(at_alice, "Before")
    for page in (at_alice, at_bob):
        expect_state(page, "Before", "sealed")
    before = safety_number(at_alice)
    assert safety_number(at_bob) == before

    at_bob.goto(f"{live.origin}/settings/keys")
    at_bob.get_by_role("button", name="Replace my keys").click()
    at_bob.get_by_role("button", name="Make new keys").click()
    expect(at_bob.locator(".key-history li")).to_have_count(2, timeout=30_000)

    say(at_alice, "After")
    expect(at_alice.locator("chat-composer")).to_contain_text("has new keys")
    expect(bubble(at_alice, "After")).to_have_attribute("data-state", "queued")
    at_bob = open_chat(bob, live, "alice_swap")
    expect(at_bob.locator("li.bubble[data-message]")).to_have_count(1)
    assert texts(at_bob) == ["Before"]
    at_alice.get_by_role("button", name="Go on with the new keys").click()
    for page in (at_alice, at_bob):
        expect_state(page, "After", "sealed")
    after = safety_number(at_alice)
    assert after != before
    assert safety_number(at_bob) == after


def safety_number(page: object) -> list[str]:
    page.locator("chat-mode button").click()  # type: ignore[attr-defined]
    numbers = page.locator(".safety li")  # type: ignore[attr-defined]
    expect(numbers).to_have_count(12)
    found: list[str] = numbers.all_inner_texts()
    page.keyboard.press("Escape")  # type: ignore[attr-defined]
    return found


def test_a_removed_browser_can_no_longer_send(live: Server, open_person: Opened, tmp_path: Path) -> None:
    befriend(live, "alice_gone", "bob_gone")
    alice, bob = open_person(live, "alice_gone"), open_person(live, "bob_gone")
    at_alice, _ = start_talking(alice, bob, live, "alice_gone", "bob_gone")
    settings = alice.new_page()
    settings.goto(f"{live.origin}/settings/keys")
    settings.locator("[data-device]").get_by_role("button", name="Remove").click()
    expect(settings.locator("[data-device]")).to_have_count(0)
    say(at_alice, "From a removed browser")
    expect(bubble(at_alice, "From a removed browser")).not_to_have_attribute("data-state", "sealed")
    at_alice.wait_for_timeout(2000)
    assert bubble(at_alice, "From a removed browser").get_attribute("data-state") in {"failed", "queued"}


def test_a_demo_member_restores_the_demo_keys_and_reads_the_sealed_talk(
    own_live: Server, browser: Browser
) -> None:
    assert own_live.command("demo").returncode == 0
    context = browser.new_context()
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{own_live.origin}/sign-in")
    page.get_by_label("E-mail address").fill("dana@example.org")
    page.get_by_label("Password").fill("look around and see")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home")
    page.goto(f"{own_live.origin}/dev/keys")
    passphrase = page.locator("main .mono").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Keys of @dana").click()
    file = own_live.data_dir / "downloaded.pem"
    download.value.save_as(file)
    page.goto(f"{own_live.origin}/chats")
    restore(page, file, passphrase.split("-"))
    page = open_chat(context, own_live, "charlie")
    expect(bubble(page, "Did you see the price of the lamp?")).to_be_visible()
    expect_state(page, "Did you see the price of the lamp?", "sealed")
    say(page, "The keys work")
    expect_state(page, "The keys work", "sealed")
    context.close()
