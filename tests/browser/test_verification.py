"""Journey 3: a member is verified. Applicant and reviewer each in a browser of their own, both live."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Person
from tests.browser.server import Server
from tests.browser.test_look import SHAPES, SIZES, findings
from tests.factories.documents import picture

_PROVE = """
import time
from importlib import import_module
from django.conf import settings
store = import_module(settings.SESSION_ENGINE).SessionStore({key!r})
store["account_authentication_methods"] = [{{"method": "mfa", "at": time.time(), "type": "totp"}}]
store.save()
print(settings.STAFF_PREFIX)
"""


def staff_home(server: Server, context: BrowserContext, handle: str, level: str) -> str:
    """Where the staff pages are, for somebody who has the level and has proved a second factor."""
    assert server.command("staff", "grant", handle, level).returncode == 0
    (key,) = [each["value"] for each in context.cookies() if each["name"] == "beyou-session"]
    prefix = server.run(_PROVE.format(key=key)).strip().splitlines()[-1]
    return f"{server.origin}/{prefix}"


#: A request that was handed on, a rename and a recovery, for pages that show them.
_MORE = """
from beyou.users import account_recovery, resets
from beyou.users.models import PendingRename
from beyou.users.rules import Level
from beyou.verification import services
from tests.factories import members
from tests.factories.documents import request_of
person, vera = members.member("greta_waits"), members.staff(Level.VERIFIER, handle="vera_hands_on")
request = request_of(person)
services.claim(request_id=request.pk, reviewer_id=vera.pk)
services.escalate(request_id=request.pk, reviewer_id=vera.pk, to=Level.OWNER, note="Is this a passport? " * 9)
rename = PendingRename.objects.create(
    member=person, open_of=person, old_handle=person.handle, old_name=person.name, handle="harbour", name="H"
)
reset = resets.reset_of_token(resets.new_link(person))
recovery = account_recovery.ask_recovery(reset=reset, reason="My phone is in the lake. " * 9)
print(f"queue/{request.pk} queue/renames/{rename.pk} recoveries/{recovery} members members/{person.pk}")
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "id.jpg"
    path.write_bytes(picture(1200, 800))
    return path


def _send(page: Page, document: Path, *, reason: str = "") -> None:
    if reason:
        page.get_by_label("Why do you want to be verified?").fill(reason)
    page.get_by_label("Picture of your document").set_input_files(document)
    expect(page.locator(".redact-stage")).to_be_visible()
    page.get_by_role("button", name="Send", exact=True).click()


def test_a_member_is_verified(live: Server, person: Person, document: Path) -> None:
    applicant, reviewer, other = person("anna_applies"), person("vera_reviews"), person("boris_looks")
    staff = staff_home(live, reviewer, "vera_reviews", "verifier")
    page, review = applicant.pages[0], reviewer.pages[0]
    review.goto(f"{staff}/queue")
    expect(review.locator("html")).to_have_attribute("data-live", "on")

    gate = page.goto(f"{live.origin}/verified/members")
    assert gate is not None
    assert gate.status == 403
    page.get_by_role("link", name="Get verified").click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a picture of your document")

    page.get_by_label("Picture of your document").set_input_files(document)
    expect(page.locator(".redact-advice")).to_contain_text(re.compile("picture looks good|send it anyway"))
    page.get_by_role("button", name="Cover a part").click()
    part = page.get_by_role("button", name=re.compile("^Covered part"))
    expect(part).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(part).to_have_attribute(
        "aria-label", re.compile("32 % from the left, 40 % from the top, 40 % wide, 22 %")
    )
    page.get_by_label("Why do you want to be verified?").fill("I sell lamps.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#status")).to_contain_text("Your request waits")

    # The queue of the reviewer shows it by itself.
    review.locator("a[data-line]", has_text="anna_applies").click()
    review.get_by_role("button", name="Claim").click()
    image = review.locator("[data-view-image]")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1200
    review.get_by_role("button", name="Turn").click()
    address = f"{live.origin}{image.get_attribute('src')}"
    expect(page.locator("#status")).to_contain_text("Somebody is looking at it")

    review.locator("summary", has_text="Reject").click()
    review.get_by_label("Reason", exact=True).select_option("unreadable")
    review.get_by_label("Note").fill("Use daylight.")
    review.get_by_role("button", name="Reject", exact=True).click()
    expect(review.locator(".toast")).to_contain_text("Undo")

    expect(page.locator("#status")).to_contain_text("Use daylight.")
    page.get_by_role("link", name="Answer").click()
    expect(page.get_by_label("Why do you want to be verified?")).to_have_count(0)
    _send(page, document)
    expect(page.locator("#status")).to_contain_text("Your request waits")

    # By the keyboard alone: j opens the line, c and a only move the focus, Enter decides.
    review.goto(f"{staff}/queue")
    heading = review.get_by_role("heading", level=1)
    for _ in range(10):
        with review.expect_navigation(wait_until="load"):
            review.keyboard.press("j")
        if "Anna_applies" in heading.inner_text():
            break
    review.keyboard.press("c")
    expect(review.get_by_role("button", name="Claim")).to_be_focused()
    review.keyboard.press("Enter")
    expect(review.locator("[data-view-image]")).to_be_visible()
    review.keyboard.press("a")
    expect(review.get_by_role("button", name="Approve")).to_be_focused()
    expect(page.locator(".account [data-own-badge]")).to_be_hidden()
    review.keyboard.press("Enter")
    expect(review.locator(".toast")).to_contain_text("Approved")

    expect(page.locator("#status")).to_contain_text("You are verified")
    expect(page.locator(".account [data-own-badge]")).to_be_visible()
    opened = page.goto(f"{live.origin}/verified/members")
    assert opened is not None
    assert opened.status == 200

    assert other.request.get(address).status == 404
    assert applicant.request.get(address).status == 404
    assert reviewer.request.get(address).status == 409
    looks = live.run(
        "from beyou.audit.models import AuditRecord\n"
        "print(AuditRecord.objects.filter(act='verification.document_viewed').count())"
    )
    assert int(looks) >= 2


def test_a_reviewer_sees_what_a_colleague_has_claimed(live: Server, person: Person, document: Path) -> None:
    applicant, one, two = person("carla_applies"), person("vera_one"), person("victor_two")
    page = applicant.pages[0]
    page.goto(f"{live.origin}/verify")
    _send(page, document, reason="I sell lamps.")
    expect(page.locator("#status")).to_contain_text("Your request waits")
    first = staff_home(live, one, "vera_one", "verifier")
    staff_home(live, two, "victor_two", "verifier")
    watching = two.pages[0]
    watching.goto(f"{first}/queue")
    expect(watching.locator("html")).to_have_attribute("data-live", "on")
    claiming = one.pages[0]
    claiming.goto(f"{first}/queue")
    claiming.locator("a[data-line]", has_text="carla_applies").click()
    claiming.get_by_role("button", name="Claim").click()
    expect(watching.locator("a[data-line]", has_text="carla_applies")).to_contain_text("@vera_one")
    page.get_by_role("button", name="Take the request back").click()
    expect(watching.locator("a[data-line]", has_text="carla_applies")).to_have_count(0)


_OLD = """
from importlib import import_module
from django.conf import settings
from beyou.users.models import MemberSession, User
from tests.factories import passkeys
vera = User.objects.get(handle="vera_rests")
secret = passkeys.app(vera)
store = import_module(settings.SESSION_ENGINE).SessionStore({key!r})
for record in store["account_authentication_methods"]:
    record["at"] -= 25 * 3600
store.modified = True
store.save()
print(secret)
"""


def test_an_old_proof_costs_a_reviewer_nothing_that_was_typed(
    live: Server, person: Person, document: Path
) -> None:
    applicant, reviewer = person("fiona_applies"), person("vera_rests")
    applicant.pages[0].goto(f"{live.origin}/verify")
    _send(applicant.pages[0], document, reason="I sell lamps.")
    expect(applicant.pages[0].locator("#status")).to_contain_text("Your request waits")
    staff = staff_home(live, reviewer, "vera_rests", "verifier")
    page = reviewer.pages[0]
    page.goto(f"{staff}/queue")
    page.locator("a[data-line]", has_text="fiona_applies").click()
    page.get_by_role("button", name="Claim").click()
    page.locator("summary", has_text="Ask again").click()
    page.get_by_label("The picture", exact=True).check()
    page.get_by_label("What is missing").fill("The lower edge, please.")
    (key,) = [each["value"] for each in reviewer.cookies() if each["name"] == "beyou-session"]
    secret = live.run(_OLD.format(key=key)).strip().splitlines()[-1]
    # A live frame lets the page ask for its list: that is refused, and nothing else happens to the page.
    page.evaluate("document.body.dispatchEvent(new CustomEvent('by:queue'))")
    toast = page.locator("by-toast", has_text="need your second step again")
    expect(page.get_by_label("What is missing")).to_have_value("The lower edge, please.")
    with reviewer.expect_page() as opened:
        toast.get_by_role("link", name="Confirm in a new tab").click()
    tab = opened.value
    code = f"from tests.factories import passkeys; print(passkeys.code({secret!r}))"
    tab.get_by_label("Code").fill(live.run(code).strip().splitlines()[-1])
    tab.get_by_role("button", name="Confirm with the code").click()
    expect(tab.locator("h1")).to_contain_text("fiona", ignore_case=True)
    page.get_by_role("button", name="Send back").click()
    expect(page.locator("#toasts")).to_contain_text("Sent back with your question")
    expect(applicant.pages[0].locator("#status")).to_contain_text("The lower edge, please.")


def test_without_scripts_a_document_is_sent_as_it_is(live: Server, person: Person, document: Path) -> None:
    page = person("dora_applies", java_script_enabled=False).pages[0]
    page.goto(f"{live.origin}/verify")
    page.get_by_label("Why do you want to be verified?").fill("I sell lamps.")
    page.get_by_label("Picture of your document").set_input_files(document)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#status")).to_contain_text("Your request waits")


def test_nothing_is_wrong_on_the_pages(live: Server, person: Person, document: Path) -> None:
    """Axe and the width, in both themes, on a phone and a desktop."""
    applicant, owner = (person(handle, reduced_motion="reduce") for handle in ("erika_applies", "olga_owns"))
    page, review = applicant.pages[0], owner.pages[0]
    page.goto(f"{live.origin}/verify")
    page.get_by_label("Picture of your document").set_input_files(document)
    page.get_by_role("button", name="Blur a part").click()
    faults: list[str] = []

    def look(shown: Page, what: str) -> None:
        for name, theme in SHAPES:
            width, height = SIZES[name]
            shown.set_viewport_size({"width": width, "height": height})
            shown.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # light or dark
            faults.extend(f"{what} {name} {theme}: {found}" for found in findings(shown))
            wide = shown.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                faults.append(f"{what} {name}: {wide} pixels wide")

    look(page, "/verify with a picture")
    for address in ("/verify", "/verified", "/verified/members"):
        page.goto(f"{live.origin}{address}")
        look(page, address)
    page.goto(f"{live.origin}/verify")
    _send(page, document, reason="I sell lamps.")
    expect(page.locator("#status")).to_contain_text("Your request waits")
    look(page, "/verify waiting")
    staff = staff_home(live, owner, "olga_owns", "owner")
    more = live.run(_MORE).strip().splitlines()[-1].split()
    for address in (
        "",
        "queue",
        "queue/decided",
        "staff",
        "audit",
        "alerts",
        "recoveries",
        "figures",
        "figures/members",
        *more,
    ):
        review.goto(f"{staff}/{address}")
        look(review, address or "start")
    review.goto(f"{staff}/queue")
    review.locator("a[data-line]", has_text="erika_applies").click()
    look(review, "unclaimed")
    review.get_by_role("button", name="Claim").click()
    expect(review.locator("[data-view-image]")).to_be_visible()
    for summary in review.locator(".review summary").all():
        summary.click()
    look(review, "claimed")
    assert faults == []
