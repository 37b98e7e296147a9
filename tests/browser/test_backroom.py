"""The back room in Chromium: Django's own pages under a policy that they were not written for."""

import pytest

from tests.browser.conftest import Person
from tests.browser.server import Server
from tests.browser.test_look import SHAPES, SIZES, findings, overhear, settled
from tests.browser.test_verification import staff_home


@pytest.mark.parametrize(("size", "theme"), SHAPES)
def test_owners_look_around(live: Server, person: Person, size: str, theme: str) -> None:
    """The console, the content security policy, axe and the width on every kind of page."""
    width, height = SIZES[size]
    context = person("orla", viewport={"width": width, "height": height}, color_scheme=theme)
    staff_home(live, context, "orla", "owner")
    path = live.run("from django.conf import settings\nprint(settings.ADMIN_PATH)").strip().splitlines()[-1]
    page, faults = context.pages[0], []
    overhear(page, f"{size} {theme}", faults)
    for step in ("", "users/", "users/user/"):
        response = settled(page, f"{live.origin}/{path}/{step}")
        assert response.status == 200
        faults += [f"{step}: {found}" for found in findings(page)]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#result_list tbody th a").first.click()
    page.locator(".readonly", has_text="orla").wait_for()
    # No axe here: it would write a style sheet that another one imports into the page, against the policy.
    assert page.locator("script, form").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(18, 18, 18)" if theme == "dark" else "rgb(255, 255, 255)"
    )
    page.get_by_role("link", name="Leave").click()
    page.wait_for_url(f"{live.origin}/*/")
    assert faults == []
