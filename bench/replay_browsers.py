"""Replays real chat lines between two browsers, end to end (`python -m bench.replay_browsers --lines 500`).

The lines are typed and sent by whoever wrote them first or second; afterwards both threads must show every
text byte for byte, in order, each sealed and checked by the browser itself.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import django
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beyou.config.settings")
django.setup()

# These import models, which Django must know before: hence below its set-up.
from bench.replay import CORPUS, read_lines  # noqa: E402  (needs Django)
from tests.browser.conftest import CHROMIUM, befriend, sign_in  # noqa: E402  (needs Django)
from tests.browser.server import Server, running  # noqa: E402  (needs Django)
from tests.browser.talk import start_talking  # noqa: E402  (needs Django)

CHECKED_EVERY = 100
SHOWN = """() => [...document.querySelectorAll("li.bubble[data-message]")].map((bubble) => {
    const paragraph = bubble.querySelector(":scope > p").cloneNode(true);
    paragraph.querySelectorAll(".sr").forEach((hidden) => hidden.remove());
    return [paragraph.textContent, bubble.dataset.state];
})"""


def person(browser: Browser, server: Server, handle: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(30_000)
    sign_in(context.new_page(), server, handle)
    return context


def send(page: Page, text: str) -> float:
    """Milliseconds from Enter until the server has accepted the text as the newest of the thread."""
    box = page.get_by_placeholder("Message")
    box.fill(text)
    before = time.perf_counter()
    box.press("Enter")
    page.wait_for_function(
        f"(text) => {{ const [shown, state] = ({SHOWN})().at(-1) ?? []; "
        'return shown === text && ["sent", "sealed"].includes(state); }',
        arg=text,
    )
    return (time.perf_counter() - before) * 1000


def differences(page: Page, who: str, lines: list[tuple[str, str]]) -> list[str]:
    """What the page shows otherwise than it was written. It draws the newest part of a long thread."""
    expect(page.locator('li.bubble:not([data-state="sealed"])')).to_have_count(0, timeout=60_000)
    shown = [text for text, _ in page.evaluate(SHOWN)]
    wanted = [text for _, text in lines][-len(shown) :]
    if len(shown) < min(len(lines), CHECKED_EVERY):
        return [f"{who}: only {len(shown)} of {len(lines)} lines are shown"]
    return [f"{who}: {got!r} is not {was!r}" for got, was in zip(shown, wanted, strict=True) if got != was]


def replay(server: Server, browser: Browser, lines: list[tuple[str, str]]) -> list[str]:
    """What differs. Both pages are compared every hundred lines and at the end."""
    befriend(server, "alice", "bob")
    pages = start_talking(
        person(browser, server, "alice"), person(browser, server, "bob"), server, "alice", "bob"
    )
    taken, problems = [], []
    for number, (speaker, text) in enumerate(lines, start=1):
        taken.append(send(pages[0 if speaker == lines[0][0] else 1], text))
        if number % CHECKED_EVERY == 0 or number == len(lines):
            for page, who in zip(pages, ("alice", "bob"), strict=True):
                problems += differences(page, who, lines[:number])
    taken.sort()
    print(
        f"{len(lines)} lines end to end between two browsers, all sealed and checked by both: "
        f"Enter → accepted p50 {statistics.median(taken):.0f} ms, "
        f"p95 {taken[int(len(taken) * 0.95)]:.0f} ms; {len(problems)} differ"
    )
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    options = parser.parse_args()
    if not options.corpus.exists():
        sys.exit(f"The corpus is not at {options.corpus}; nothing was replayed.")
    lines = list(read_lines(options.corpus, options.lines))
    with (
        tempfile.TemporaryDirectory(prefix="beyou-replay-") as folder,
        running(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        problems = replay(server, chromium, lines)
        chromium.close()
    for problem in problems[:20]:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
