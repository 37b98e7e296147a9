"""An instance that is not well says so by itself: on the page, and to the webhook, with nobody's help."""

import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.test_look import SIZES, THEMES, findings
from tests.browser.test_verification import staff_home
from tests.health.test_alerts import SECRET, listening

_PARK = """
from beyou.core import clock
from beyou.core.models import OutboxEvent
moment = clock.now_ms()
OutboxEvent.objects.create(handler="x", event="X", payload={}, created_ms=moment, due_ms=moment, parked=True)
"""

_LOOK = """
from beyou.core.models import ScheduledJob
ScheduledJob.objects.filter(name__startswith="beyou.health").update(due_ms=0)
"""


def test_an_instance_tells_of_what_is_wrong_and_of_its_end(tmp_path: Path, open_person: Opened) -> None:
    server = Server(tmp_path)
    with listening() as hook:
        server.environment["BEYOU_ALERT_WEBHOOK_URL"] = f"http://127.0.0.1:{hook.port}/"
        server.environment["BEYOU_ALERT_WEBHOOK_SECRET"] = SECRET
        server.migrate()
        server.run(_PARK)
        try:
            server.start()
            befriend(server, "olga")
            context = open_person(server, "olga")
            page, home = context.pages[0], staff_home(server, context, "olga", "owner")
            _wait_for(hook.got, "health.alert", "outbox")
            page.goto(f"{home}/health")
            line = page.locator("li", has_text="Event outbox")
            expect(line).to_contain_text("1 were given up")
            expect(line).to_contain_text("Alert since")
            line.get_by_role("link").click()
            expect(page.locator("main")).to_contain_text("read the log for")
            assert server.command("backup", str(tmp_path)).returncode == 0
            # Nobody waits for the minute to end.
            server.run(_LOOK)
            _wait_for(hook.got, "health.resolved", "backups")
        finally:
            server.stop()


def _wait_for(got: list[tuple[dict[str, str], bytes]], kind: str, check: str) -> None:
    deadline = time.monotonic() + 110
    while time.monotonic() < deadline:
        bodies = [json.loads(body) for _, body in list(got)]
        if any(body["type"] == kind and body["check"] == check for body in bodies):
            return
        time.sleep(0.5)
    raise AssertionError(f"no {kind} of {check} in {got}")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_well_made(live: Server, open_person: Opened, theme: str, size: str) -> None:
    width, height = SIZES[size]
    befriend(live, "olga")
    viewport = {"width": width, "height": height}
    context = open_person(live, "olga", viewport=viewport, color_scheme=theme)
    home, page = staff_home(live, context, "olga", "owner"), context.pages[0]
    for address in ("health", "health/runbook/ledger"):
        page.goto(f"{home}/{address}")
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
