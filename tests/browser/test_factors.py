"""Second steps as a person meets them: Chromium's virtual authenticator, the app's codes, recovery codes."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from beyou.users import codes
from tests.browser.conftest import TIMEOUT_MS, Watch, befriend
from tests.browser.server import Server
from tests.factories.members import PASSWORD

_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    watch = Watch()
    made = browser.new_context(viewport={"width": 390, "height": 844})
    made.set_default_timeout(TIMEOUT_MS)
    made.on("page", watch.page)
    yield made
    made.close()
    assert watch.faults == []


def _origin(server: Server) -> str:
    """Passkeys need a name, which 127.0.0.1 is not."""
    return server.origin.replace("127.0.0.1", "localhost")


def _device(page: Page, **changes: Any) -> Any:
    """The page's own authenticator; the answer names it for later commands."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    found = session.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE | changes})
    return session, found["authenticatorId"]


def _password(page: Page, origin: str, handle: str) -> None:
    page.goto(f"{origin}/sign-in")
    page.locator("input[name=login]").fill(f"{handle}@example.org")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def _sign_out(page: Page, origin: str) -> None:
    page.context.clear_cookies()


def test_a_passkey_from_making_to_removing(context: BrowserContext, live: Server) -> None:
    befriend(live, "passkey_alice")
    origin, page = _origin(live), context.new_page()
    _password(page, origin, "passkey_alice")
    page.wait_for_url("**/home")
    _device(page)
    page.goto(f"{origin}/settings/second-step")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Save your recovery codes")).to_be_visible()
    expect(page.locator(".recovery-codes li")).to_have_count(10)

    _sign_out(page, origin)
    # Offered in the field of the address: the virtual device accepts at once what a person would pick.
    page.goto(f"{origin}/sign-in?next=/activity")
    page.wait_for_url(f"{origin}/activity")

    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    _sign_out(page, origin)
    page.goto(f"{origin}/sign-in?next=/settings/look")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{origin}/settings/look")

    _sign_out(page, origin)
    _password(page, origin, "passkey_alice")
    page.wait_for_url("**/sign-in/second-step")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/home")

    page.goto(f"{origin}/settings/second-step")
    expect(page.get_by_text("used just now")).to_be_visible()
    page.get_by_role("link", name="Change My phone").click()
    page.get_by_role("button", name="Remove this passkey").click()
    expect(page.get_by_text("The passkey is removed")).to_be_visible()
    _sign_out(page, origin)
    page.goto(f"{origin}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("This passkey does not work here")


def _add_passkey(page: Page, origin: str) -> None:
    page.goto(f"{origin}/settings/second-step/passkeys/new")
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Save your recovery codes")).to_be_visible()


def _reset_link(live: Server, origin: str, handle: str) -> str:
    """What the mail would say."""
    token = live.run(f"""
from beyou.users import resets
from beyou.users.models import User
print(resets.new_link(User.objects.get(handle="{handle}")))
""")
    return f"{origin}/recover/link/{token.strip()}"


def test_another_password_by_mail_and_passkey(context: BrowserContext, live: Server) -> None:
    befriend(live, "passkey_dora")
    origin, page = _origin(live), context.new_page()
    _password(page, origin, "passkey_dora")
    page.wait_for_url("**/home")
    _device(page)
    _add_passkey(page, origin)
    _sign_out(page, origin)
    # Else the virtual device signs in at once on the page that follows.
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    page.goto(_reset_link(live, origin, "passkey_dora"))
    page.wait_for_url("**/recover/password")
    page.get_by_label("New password").fill("nine otters under a bridge")
    # Cancelled, nothing that was typed is lost, and another try is one click away.
    page.evaluate("""() => {
        window.asked = navigator.credentials.get.bind(navigator.credentials);
        navigator.credentials.get = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    }""")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("passkey-button .status")).to_contain_text("cancelled or took too long")
    expect(page.get_by_label("New password")).to_have_value("nine otters under a bridge")
    page.evaluate("() => { navigator.credentials.get = window.asked; }")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/sign-in")
    expect(page.get_by_text("Your password is changed")).to_be_visible()


def test_without_scripts_a_code_stands_in_for_the_passkey(
    browser: Browser, context: BrowserContext, live: Server
) -> None:
    befriend(live, "passkey_emma")
    origin, page = _origin(live), context.new_page()
    _password(page, origin, "passkey_emma")
    page.wait_for_url("**/home")
    _device(page)
    _add_passkey(page, origin)
    code = page.locator(".recovery-codes li").first.inner_text()
    plain = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    try:
        bare = plain.new_page()
        bare.goto(_reset_link(live, origin, "passkey_emma"))
        expect(bare.get_by_text("A passkey needs JavaScript")).to_be_visible()
        expect(bare.get_by_role("button", name="Use a passkey")).to_have_count(0)
        bare.get_by_label("New password").fill("nine otters under a bridge")
        bare.get_by_label("Code of your app, or a recovery code").fill(code)
        bare.get_by_role("button", name="Change the password").click()
        bare.wait_for_url("**/sign-in")
        expect(bare.get_by_text("A passkey needs JavaScript")).to_be_visible()
    finally:
        plain.close()


def test_a_cancelled_passkey_is_said_and_other_ways_stay(context: BrowserContext, live: Server) -> None:
    befriend(live, "passkey_bob")
    origin, page = _origin(live), context.new_page()
    _password(page, origin, "passkey_bob")
    page.wait_for_url("**/home")
    _device(page, isUserVerified=False)
    page.goto(f"{origin}/settings/second-step/passkeys/new")
    page.get_by_label("Name").fill("Refused")
    page.evaluate("""() => {
        navigator.credentials.create = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    }""")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.locator("passkey-button .status")).to_contain_text("cancelled or took too long")
    expect(page.get_by_label("Name")).to_have_value("Refused")


def test_at_an_address_without_a_name_passkeys_say_why_not(context: BrowserContext, live: Server) -> None:
    befriend(live, "passkey_bob")
    page = context.new_page()
    _password(page, live.origin, "passkey_bob")
    page.wait_for_url("**/home")
    page.goto(f"{live.origin}/settings/second-step/passkeys/new")
    expect(page.locator("passkey-button .status")).to_contain_text("Passkeys need an address with a name")
    expect(page.get_by_role("button", name="Make a passkey")).to_be_disabled()


def _code(secret: str, step: int = 0) -> str:
    return codes.totp(secret, codes.time_step(time.time_ns() // 1_000_000) + step)


@pytest.mark.parametrize("scripts", ["with", "without"])
def test_the_app_from_its_picture_to_a_recovery_code(browser: Browser, live: Server, scripts: str) -> None:
    handle = f"app_{scripts}"
    befriend(live, handle)
    context = browser.new_context(java_script_enabled=scripts == "with")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    _password(page, live.origin, handle)
    page.wait_for_url("**/home")
    page.goto(f"{live.origin}/settings/second-step")
    page.get_by_role("link", name="Set it up").click()
    expect(page.locator(".qr svg")).to_be_visible()
    page.get_by_text("You cannot scan it?").click()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    field = page.get_by_label("Code of the app")
    field.fill("000 000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("alert")).to_contain_text("not the code of the app")
    assert (page.locator("#secret").text_content() or "").replace(" ", "") == secret
    field.fill(_code(secret, -1))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    recovery = page.locator(".recovery-codes li").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a file").click()
    saved = download.value.path().read_text()
    assert all(code in saved for code in recovery)

    _sign_out(page, live.origin)
    _password(page, live.origin, handle)
    page.wait_for_url("**/sign-in/second-step")
    field = page.locator("input[name=code]")
    assert field.get_attribute("autocomplete") == "one-time-code"
    assert field.get_attribute("inputmode") == "numeric"
    field.fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is not right")
    used = _code(secret, 1)
    field.fill(f"{used[:3]} {used[3:]}")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/home")

    _sign_out(page, live.origin)
    _password(page, live.origin, handle)
    page.locator("input[name=code]").fill(used)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("used before")
    page.get_by_role("link", name="Use another way").click()
    page.locator("input[name=code]").fill(recovery[0].upper())
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/home")
    context.close()


def test_keys_on_the_screen_add_to_typing(context: BrowserContext, live: Server) -> None:
    befriend(live, "keys_dana")
    page = context.new_page()
    _password(page, live.origin, "keys_dana")
    page.wait_for_url("**/home")
    page.goto(f"{live.origin}/settings/second-step/app")
    field, keys = page.get_by_label("Code of the app"), page.get_by_role("group", name="Keys on the screen")
    expect(keys).to_be_hidden()
    toggle = page.get_by_role("button", name="Show keys on the screen")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Hide the keys")).to_have_attribute("aria-expanded", "true")
    field.fill("12")
    keys.get_by_role("button", name="3", exact=True).click()
    keys.get_by_role("button", name="4", exact=True).click()
    expect(field).to_have_value("1234")
    assert field.is_editable()
    field.press("End")
    field.type("5")
    keys.get_by_role("button", name="Delete").click()
    expect(field).to_have_value("1234")
    expect(keys.get_by_role("button")).to_have_count(11)


def test_an_old_proof_is_asked_for_again_with_a_code(context: BrowserContext, live: Server) -> None:
    befriend(live, "old_dana")
    page = context.new_page()
    _password(page, live.origin, "old_dana")
    page.wait_for_url("**/home")
    live.run("""
from importlib import import_module
from django.conf import settings
from beyou.users.models import MemberSession
store = import_module(settings.SESSION_ENGINE).SessionStore()
for row in MemberSession.objects.filter(member__handle="old_dana", ended_at=None):
    data = store.decode(row.data)
    for record in data["account_authentication_methods"]:
        record["at"] -= 3600
    MemberSession.objects.filter(pk=row.pk).update(data=store.encode(data))
""")
    page.goto(f"{live.origin}/settings/second-step")
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This password is not right")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.wait_for_url(re.compile(r"/settings/second-step/app$"))
