"""Choosing the square of a picture by pointer, touch, wheel and keyboard; the same form without scripts."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import TIMEOUT_MS, Person, sign_in
from tests.browser.server import Server
from tests.browser.test_look import findings
from tests.factories import pictures


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A wide photo with a place in it: red on the left, green in the middle, blue on the right."""
    drawn = Image.new("RGB", (900, 300))
    for number, colour in enumerate(["red", "lime", "blue"]):
        drawn.paste(colour, (300 * number, 0, 300 * (number + 1), 300))
    exif = Image.Exif()
    exif[0x010F] = pictures.CANARY
    path = tmp_path / "photo.jpg"
    drawn.save(path, "JPEG", quality=95, exif=exif)
    return path


def chosen(page: Page, live: Server, photo: Path) -> None:
    """The page of the profile with the photo chosen and shown."""
    page.goto(f"{live.origin}/settings/profile")
    page.locator("input[type=file]").set_input_files(photo)
    expect(page.locator("by-crop canvas")).to_be_visible()


def colour_of(page: Page) -> str:
    """What the middle of the canvas shows."""
    red, green, blue = page.evaluate(
        "() => { const c = document.querySelector('by-crop canvas');"
        " return [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data].slice(0, 3) }"
    )
    return {0: "red", 1: "lime", 2: "blue"}[[red, green, blue].index(max(red, green, blue))]


def saved(context: BrowserContext, page: Page, live: Server) -> Image.Image:
    """Saves, and returns the picture as the site serves it."""
    page.get_by_role("button", name="Save picture").click()
    face = page.locator(".picture-edit .avatar img")
    expect(face).to_be_visible()
    expect(page.locator(".toast")).to_contain_text("Saved. That is you.")
    source = face.get_attribute("src")
    assert source is not None
    body = context.request.get(live.origin + source).body()
    assert pictures.CANARY.encode() not in body
    assert b"EXIF" not in body
    return Image.open(io.BytesIO(body)).convert("RGB")


def strongest(image: Image.Image) -> str:
    pixel: Any = image.getpixel((image.width // 2, image.height // 2))
    return {0: "red", 1: "lime", 2: "blue"}[list(pixel).index(max(pixel))]


def test_the_middle_is_kept_unless_somebody_chooses(person: Person, live: Server, photo: Path) -> None:
    context = person("crop_middle")
    page = context.pages[0]
    chosen(page, live, photo)
    assert colour_of(page) == "lime"
    picture = saved(context, page, live)
    assert picture.size == (320, 320)
    assert strongest(picture) == "lime"


def test_the_keyboard_moves_and_enlarges(person: Person, live: Server, photo: Path) -> None:
    context = person("crop_keys")
    page = context.pages[0]
    chosen(page, live, photo)
    page.get_by_label("Left or right").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert colour_of(page) == "blue"
    page.get_by_label("Size").focus()
    page.keyboard.press("ArrowUp")
    assert float(page.get_by_label("Size").input_value()) > 1
    assert strongest(saved(context, page, live)) == "blue"


def test_the_pointer_drags_and_the_wheel_enlarges(person: Person, live: Server, photo: Path) -> None:
    context = person("crop_mouse")
    page = context.pages[0]
    chosen(page, live, photo)
    canvas = page.locator("by-crop canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 150, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    assert colour_of(page) == "red"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -400)
    page.wait_for_function("() => Number(document.querySelector('by-crop input[type=range]').value) > 1")
    assert strongest(saved(context, page, live)) == "red"


def test_two_fingers_enlarge(person: Person, live: Server, photo: Path) -> None:
    context = person("crop_touch", has_touch=True, viewport={"width": 390, "height": 844})
    page = context.pages[0]
    chosen(page, live, photo)
    page.locator("by-crop canvas").evaluate(
        """canvas => {
          canvas.setPointerCapture = () => {};
          const finger = (type, id, x) => canvas.dispatchEvent(new PointerEvent(
            type, { pointerId: id, clientX: x, clientY: 100, pointerType: "touch", bubbles: true }));
          finger("pointerdown", 1, 100); finger("pointerdown", 2, 150);
          finger("pointermove", 2, 250);
          finger("pointerup", 1, 100); finger("pointerup", 2, 250);
        }"""
    )
    assert float(page.get_by_label("Size").input_value()) == pytest.approx(3, abs=0.01)
    assert strongest(saved(context, page, live)) == "lime"


def test_a_file_that_the_browser_cannot_show_is_explained_by_the_server(
    person: Person, live: Server, tmp_path: Path
) -> None:
    page = person("crop_wrong").pages[0]
    wrong = tmp_path / "wrong.jpg"
    wrong.write_bytes(b"<svg onload=alert(1)>")
    page.goto(f"{live.origin}/settings/profile")
    page.locator("input[type=file]").set_input_files(wrong)
    expect(page.locator("by-crop")).to_contain_text("This browser cannot show the file.")
    page.get_by_role("button", name="Save picture").click()
    expect(page.get_by_role("alert")).to_contain_text("not a picture that can be used here")


def test_without_scripts_the_server_keeps_the_middle(browser: Browser, live: Server, photo: Path) -> None:
    live.run("from tests.factories.members import member; member('crop_plain')")
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    sign_in(page, live, "crop_plain")
    page.goto(f"{live.origin}/settings/profile")
    page.locator("input[type=file]").set_input_files(photo)
    assert strongest(saved(context, page, live)) == "lime"
    page.get_by_role("button", name="Remove picture").click()
    expect(page.locator(".picture-edit .avatar img")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_choosing_has_no_fault_that_axe_finds(
    person: Person, live: Server, photo: Path, width: int, theme: str
) -> None:
    context = person("crop_axe", viewport={"width": width, "height": 860}, color_scheme=theme)
    page = context.pages[0]
    chosen(page, live, photo)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
