"""Every page, as a person meets it: both themes, phone and desktop, keyboard, paper, and without scripts."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import brotli
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

from tests.browser.conftest import TIMEOUT_MS, befriend, sign_in
from tests.browser.server import ROOT, Server

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text()
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ACCENTS = ["iris", "jade", "ocean", "plum", "ember", "slate"]
THEMES = ["light", "dark"]
#: Each size and each theme once: colours depend on the theme, never on the size. EVERY_SHAPE=1 crosses them.
SHAPES = [
    (size, theme)
    for size, usual in (("phone", "dark"), ("desktop", "light"))
    for theme in THEMES
    if theme == usual or "EVERY_SHAPE" in os.environ
]
SIZES = {"phone": (390, 844), "desktop": (1280, 860)}

PUBLIC = ["/", "/join", "/sign-in", "/recover", "/offline", "/about/security", "/nothing-here"]
MEMBERS = [
    "/home",
    "/chats",
    "CHAT",
    "/friends",
    "/friends/search?q=charlie",
    "/friends/search?q=nobody-has-this-name",
    "/friends/blocked",
    "/u/bob",
    "/u/alice",
    "/activity",
    "/settings",
    "/settings/profile",
    "/settings/contact",
    "/settings/privacy",
    "/settings/look",
    "/settings/second-step",
    "/settings/second-step/app",
    "/settings/second-step/codes",
    "/settings/second-step/passkeys/new",
    "/confirm",
    "/settings/keys",
    "/verify",
    "/verified",
    "/nothing-here",
]
PAGES = [("visitor", address) for address in PUBLIC] + [("alice", address) for address in MEMBERS]

MEANT_TO_BE_MISSING = ("/nothing-here", "/api/v1/keys/mine")

# Compressed bytes that one page may load (research/ux.md §6), as Lighthouse counts: 1 kB is 1024 bytes.
# Chats have 28 kB instead of the 25 there: the browser also checks by itself that an erased message was
# erased by its author and not by a tamperer, knows when its session ends, and can open one of its messages
# to whoever settles a claim.
KILO = 1024
SCRIPTS, MORE_IN_CHATS, STYLES, DOCUMENT, FONT = 20 * KILO, 28 * KILO, 12 * KILO, 20 * KILO, 21 * KILO

SEED = """
from beyou.core.ids import uuid7
from beyou.friends import services as friends
from beyou.friends.rules import Step
from beyou.messaging import rules, services
from beyou.users.models import User
from tests.factories.members import member
alice, bob = (User.objects.get(handle=handle) for handle in ("alice", "bob"))
for handle in ("charlie", "dana"):
    other = User.objects.filter(handle=handle).first() or member(handle)
    friends.take(member_id=other.id, other_id=alice.id, step=Step.REQUEST)
chat = services.start_conversation(starter_id=alice.id, other_id=bob.id).conversation
for number, sender in enumerate([bob, alice, alice, bob, bob]):
    text = "Shall we walk the coast path? " * (number + 1)
    draft = rules.Draft(conversation=chat.id, sender=sender.id, message=uuid7(), content=text)
    services.accept_messages([draft])
print(chat.id)
"""


class Site:
    """The instance with people, requests and messages in it, and who is signed in where."""

    def __init__(self, server: Server, browser: Browser) -> None:
        befriend(server, "alice", "bob")
        self.server, self.browser = server, browser
        self.chat = server.run(SEED).strip().splitlines()[-1]
        context = browser.new_context(service_workers="block")
        sign_in(context.new_page(), server, "alice")
        self.signed_in: Any = context.storage_state()
        context.close()

    def url(self, address: str) -> str:
        return self.server.origin + (f"/chats/{self.chat}" if address == "CHAT" else address)

    @contextmanager
    def visit(
        self, who: str, *, size: tuple[int, int] = SIZES["desktop"], theme: str = "light", **options: Any
    ) -> Iterator[BrowserContext]:
        state = self.signed_in if who == "alice" else None
        settings = {"service_workers": "block", "reduced_motion": "reduce", "storage_state": state} | options
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, **settings
        )
        context.set_default_timeout(TIMEOUT_MS)
        yield context
        context.close()


@pytest.fixture(scope="module")
def site(live: Server, browser: Browser) -> Site:
    return Site(live, browser)


def settled(page: Page, url: str) -> Response:
    """Loads the page until scripts and fonts are there."""
    response = page.goto(url, wait_until="load")
    assert response is not None
    page.evaluate("document.fonts.ready.then(() => null)")
    return response


def findings(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe finds, one line for each element."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": AXE_TAGS}
    page.evaluate(AXE)
    found = page.evaluate("only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@cache
def _compressed(body: bytes) -> int:
    return len(brotli.compress(body, quality=11))


def overhear(page: Page, shape: str, faults: list[str]) -> None:
    """Notes whatever the page throws or complains of; breaches of the security policy are among it."""

    def said(message: ConsoleMessage) -> None:
        # Chromium reports every 404 as an error, also of a page meant to be missing or of keys not made.
        missing = "status of 404" in message.text and message.location["url"].endswith(MEANT_TO_BE_MISSING)
        is_meant = missing or "blocked by Playwright" in message.text
        if message.type in ("error", "warning") and not is_meant:
            faults.append(f"{shape}: {message.text}")

    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"{shape}: {error}"))


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_nothing_is_wrong_on_the_page(site: Site, who: str, address: str) -> None:
    """Axe, the console, the content security policy and the width, in the shapes of every page."""
    faults: list[str] = []
    for name, theme in SHAPES:
        size, shape = SIZES[name], f"{address} {name} {theme}"
        with site.visit(who, size=size, theme=theme) as context:
            page = context.new_page()
            overhear(page, shape, faults)
            response = settled(page, site.url(address))
            assert response.status == (404 if "nothing-here" in address else 200), shape
            faults += [f"{shape}: {found}" for found in findings(page)]
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > size[0]:
                faults.append(f"{shape}: {wide} pixels wide")
            if name == "phone":
                page.set_viewport_size({"width": 320, "height": 640})
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > 320:
                    faults.append(f"{shape}: {wide} pixels wide on a small phone")
    assert faults == []


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_pages_stay_within_their_budget(site: Site, who: str, address: str) -> None:
    loaded: dict[str, dict[str, int]] = {}

    def weigh(response: Response) -> None:
        if response.ok and response.request.resource_type in ("script", "stylesheet", "document", "font"):
            kind = loaded.setdefault(response.request.resource_type, {})
            # Fonts are compressed already; the rest as WhiteNoise and Nginx serve it.
            is_font = response.request.resource_type == "font"
            kind[response.url] = len(response.body()) if is_font else _compressed(response.body())

    with site.visit(who) as context:
        context.on("response", weigh)
        page = context.new_page()
        settled(page, site.url(address))
        page.wait_for_load_state("networkidle")
    # Making keys happens once in a member's life, after the page is in use: its code is not part of the page.
    loaded["script"] = {url: size for url, size in loaded["script"].items() if "/ceremony-" not in url}
    weights = {kind: sum(files.values()) for kind, files in loaded.items()}
    scripts = SCRIPTS + (MORE_IN_CHATS if address in ("CHAT", "/chats", "/settings/keys") else 0)
    assert 0 < weights["script"] <= scripts, loaded["script"]
    assert 0 < weights["stylesheet"] <= STYLES, loaded["stylesheet"]
    assert weights.get("document", 0) <= DOCUMENT
    assert weights.get("font", 0) <= FONT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("address", ["/home", "/friends", "/settings/look", "CHAT"])
def test_text_is_readable_in_every_accent(site: Site, address: str, theme: str) -> None:
    with site.visit("alice", theme=theme) as context:
        page = context.new_page()
        settled(page, site.url(address))
        for accent in ACCENTS:
            page.evaluate("accent => { document.documentElement.dataset.accent = accent }", accent)
            assert findings(page, ["color-contrast", "link-in-text-block"]) == [], accent


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_pages_work_without_scripts(site: Site, who: str, address: str) -> None:
    with site.visit(who, java_script_enabled=False) as context:
        page = context.new_page()
        response = page.goto(site.url(address))
        assert response is not None
        assert response.status == (404 if "nothing-here" in address else 200)
        expect(page.locator("main h1")).to_have_count(1)
        expect(page.locator("main")).to_be_visible()


def test_the_look_is_saved_without_scripts(site: Site) -> None:
    with site.visit("alice", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.url("/settings/look"))
        page.get_by_role("radio", name="Jade").check(force=True)
        page.get_by_role("button", name="Save").click()
        expect(page.locator("html")).to_have_attribute("data-accent", "jade")
        expect(page.get_by_role("status")).to_contain_text("Saved")
        page.get_by_role("radio", name="Iris").check(force=True)
        page.get_by_role("button", name="Save").click()
        expect(page.locator("html")).to_have_attribute("data-accent", "iris")


def test_the_look_is_tried_on_before_it_is_saved(site: Site) -> None:
    with site.visit("alice") as context:
        page = context.new_page()
        settled(page, site.url("/settings/look"))
        page.get_by_role("radio", name="Plum").check(force=True)
        expect(page.locator("html")).to_have_attribute("data-accent", "plum")
        page.get_by_role("radio", name="Dark").check(force=True)
        assert _lightness(page) < 60
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-accent", "iris")


def _lightness(page: Page) -> float:
    """0 for a black page, 255 for a white one."""
    canvas = """() => {
      const context = document.createElement("canvas").getContext("2d");
      context.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
      return (red + green + blue) / 3;
    }"""
    return float(page.evaluate(canvas))


@pytest.mark.parametrize(("theme", "low", "high"), [("light", 230, 255), ("dark", 0, 50)])
def test_the_page_follows_the_system(site: Site, theme: str, low: int, high: int) -> None:
    with site.visit("visitor", theme=theme) as context:
        page = context.new_page()
        settled(page, site.url("/"))
        assert low <= _lightness(page) <= high


def test_a_colour_is_tried_on_the_landing_page_without_scripts(site: Site) -> None:
    with site.visit("visitor", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.url("/"))
        button = page.get_by_role("link", name="Create an account")
        before = button.evaluate("element => getComputedStyle(element).backgroundColor")
        page.get_by_role("radio", name="Jade").check(force=True)
        assert button.evaluate("element => getComputedStyle(element).backgroundColor") != before


@pytest.mark.parametrize(("who", "address"), [("visitor", "/"), ("visitor", "/sign-in"), ("alice", "/home")])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(site: Site, who: str, address: str) -> None:
    with site.visit(who) as context:
        page = context.new_page()
        settled(page, site.url(address))
        if page.evaluate("document.activeElement !== document.body"):
            page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        reached = set()
        for _ in range(60):
            seen = page.evaluate("""() => {
              const element = document.activeElement;
              const marked = [element, element.nextElementSibling].some((shown) => {
                const style = shown && getComputedStyle(shown);
                return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
              });
              return { tag: element.tagName, text: element.outerHTML.slice(0, 120), marked };
            }""")
            if seen["tag"] == "BODY":
                break
            assert seen["marked"], seen["text"]
            reached.add(seen["text"])
            page.keyboard.press("Tab")
        assert len(reached) >= 4


def test_the_skip_link_leads_past_the_navigation(site: Site) -> None:
    with site.visit("alice") as context:
        page = context.new_page()
        settled(page, site.url("/home"))
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()


def test_keys_navigate_but_never_while_typing(site: Site) -> None:
    with site.visit("alice") as context:
        page = context.new_page()
        settled(page, site.url("/home"))
        shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
        search = page.get_by_role("searchbox").first
        page.keyboard.press("/")
        expect(search).to_be_focused()
        page.keyboard.type("?gc/")
        expect(search).to_have_value("?gc/")
        expect(shortcuts).to_be_hidden()
        assert page.url == site.url("/home")
        search.blur()
        page.keyboard.press("?")
        expect(shortcuts).to_be_visible()
        assert findings(page) == []
        page.keyboard.press("Escape")
        expect(shortcuts).to_be_hidden()
        page.keyboard.press("g")
        page.keyboard.press("c")
        page.wait_for_url(site.url("/chats"))


def test_a_dialog_opens_from_the_menu_and_returns_the_focus(site: Site) -> None:
    with site.visit("alice") as context:
        page = context.new_page()
        settled(page, site.url("/home"))
        page.locator("details.account > summary").click()
        opener = page.get_by_role("button", name="Keyboard shortcuts")
        opener.click()
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(opener).to_be_focused()


def test_a_toast_is_announced_and_can_be_closed(site: Site) -> None:
    with site.visit("alice") as context:
        page = context.new_page()
        settled(page, site.url("/settings/look"))
        page.get_by_role("button", name="Save").click()
        toast = page.locator("#toasts by-toast")
        expect(toast).to_have_count(1)
        expect(page.get_by_role("status")).to_contain_text("Saved")
        assert findings(page) == []
        toast.get_by_role("button", name="Close").click()
        expect(toast).to_have_count(0)


@pytest.mark.parametrize(("who", "address"), [("visitor", "/"), ("alice", "/home"), ("alice", "CHAT")])
def test_nothing_moves_for_who_asked_for_calm(site: Site, who: str, address: str) -> None:
    with site.visit(who) as context:
        page = context.new_page()
        settled(page, site.url(address))
        page.mouse.move(600, 400)
        durations = page.evaluate(
            "document.getAnimations().map(({ effect }) => effect.getComputedTiming().duration)"
        )
        assert [duration for duration in durations if duration > 1] == []


def test_paper_shows_the_content_alone(site: Site) -> None:
    with site.visit("alice") as context:
        page = context.new_page()
        settled(page, site.url("/settings/look"))
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
        expect(page.locator("main h1")).to_be_visible()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_the_navigation_marks_the_page_and_can_be_hit(site: Site, size: tuple[int, int]) -> None:
    with site.visit("alice", size=size, has_touch=True) as context:
        page = context.new_page()
        settled(page, site.url("/friends"))
        bar = page.get_by_role("navigation", name="Main")
        expect(bar.locator("[aria-current=page]")).to_have_text(re.compile("Friends"))
        for link in bar.get_by_role("link").all():
            box = link.bounding_box()
            if box:
                assert min(box["width"], box["height"]) >= 40, link.inner_text()


def test_offline_one_page_stays_and_no_page_of_a_member_is_kept(site: Site) -> None:
    with site.visit("alice", service_workers="allow") as context:
        page = context.new_page()
        settled(page, site.url("/home"))
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        settled(page, site.url("/friends"))
        kept = page.evaluate("""async () => {
          const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
          const requests = await Promise.all(stores.map((store) => store.keys()));
          return requests.flat().map(({ url }) => new URL(url).pathname);
        }""")
        assert "/offline" in kept
        assert [path for path in kept if path != "/offline" and not path.startswith("/static/assets/")] == []
        context.set_offline(True)
        page.goto(site.url("/friends"))
        expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
        assert "alice" not in page.content().lower()
        context.set_offline(False)
        page.get_by_role("link", name="Try again").click()
        expect(page.get_by_role("heading", name="Friends", exact=True)).to_be_visible()


def test_the_icons_of_the_site_are_drawn(site: Site) -> None:
    """An icon that is missing in the sprite leaves an empty box that no other test sees."""
    with site.visit("alice") as context:
        page = context.new_page()
        for address in MEMBERS:
            settled(page, site.url(address))
            sprite = page.evaluate("document.documentElement.dataset.icons")
            names = page.evaluate(
                "[...document.querySelectorAll('use')].map((use) => use.getAttribute('href').split('#')[1])"
            )
            text = (ROOT / "frontend/dist" / Path(sprite).relative_to("/static")).read_text()
            assert [name for name in names if f'id="{name}"' not in text] == [], address
