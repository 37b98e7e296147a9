"""The pages of the instance, and what browsers ask every site for."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.core.templatetags.beyou import built, built_file
from beyou.friends import services as friends
from beyou.friends.rules import Step
from tests.factories import members

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

PUBLIC = ["/", "/offline", "/about/security"]


def _text(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize("address", PUBLIC)
def test_everybody_may_read_public_pages(address: str) -> None:
    response = members.visitor().get(address)
    assert response.status_code == 200
    assert _text(response).count("<h1") == 1


@pytest.mark.parametrize("address", ["/offline", "/about/security"])
def test_members_may_read_them_too(address: str) -> None:
    assert members.client_of(members.alice()).get(address).status_code == 200


def test_members_are_already_inside() -> None:
    response = members.client_of(members.alice()).get("/")
    assert response.status_code == 302
    assert response["Location"] == "/home"


@pytest.mark.parametrize("address", ["/home", "/settings", "/settings/look"])
def test_visitors_are_sent_to_sign_in_and_back(address: str) -> None:
    response = members.visitor().get(address)
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in?next={address}"


@pytest.mark.parametrize("address", [*PUBLIC, "/home", "/settings", "/settings/look"])
def test_no_page_holds_a_script_or_style_of_its_own(address: str) -> None:
    page = _text(members.client_of(members.alice()).get(address, follow=True))
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize("address", [*PUBLIC, "/home", "/settings"])
def test_every_file_that_a_page_names_exists(address: str) -> None:
    page = _text(members.client_of(members.alice()).get(address, follow=True))
    files = set(re.findall(r'(?:href|src)="/static/([^"#]+)', page))
    assert any(name.endswith(".css") for name in files)
    assert any(name.endswith(".js") for name in files)
    assert [name for name in sorted(files) if not finders.find(name)] == []


def test_every_icon_that_a_page_draws_is_in_the_sprite() -> None:
    sprite = built_file("icons.svg").read_text()
    client = members.client_of(members.alice())
    drawn = set()
    for address in [*PUBLIC, "/home", "/settings", "/settings/look", "/nothing"]:
        drawn |= set(re.findall(r"icons-[^\"#]*\.svg#([a-z0-9-]+)", _text(client.get(address, follow=True))))
    assert len(drawn) > 10
    assert {name for name in drawn if f'id="{name}"' not in sprite} == set()


def test_home_names_the_next_steps_until_they_are_done() -> None:
    page = _text(members.client_of(members.alice()).get("/home"))
    assert "Make your keys" in page
    assert 'href="/settings/keys"' in page


def test_home_asks_the_same_statements_for_two_and_for_twenty() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    client.get("/home")
    counts = []
    for start, count in [(0, 2), (2, 18)]:
        for other in members.members(count, prefix=f"asker{start}"):
            friends.take(member_id=other.id, other_id=alice.id, step=Step.REQUEST)
        with CaptureQueriesContext(connection) as captured:
            page = _text(client.get("/home"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert page.count('value="accept"') == 3


def test_a_friend_is_a_step_that_gets_ticked() -> None:
    alice, bob = members.alice(), members.bob()
    client = members.client_of(alice)
    assert 'href="/friends/search">Find one' in _text(client.get("/home"))
    friends.take(member_id=bob.id, other_id=alice.id, step=Step.REQUEST)
    friends.take(member_id=alice.id, other_id=bob.id, step=Step.ACCEPT)
    assert 'href="/friends/search">Find one' not in _text(client.get("/home"))


def test_pages_of_members_are_never_stored() -> None:
    assert members.client_of(members.alice()).get("/home")["Cache-Control"] == "no-store"


def test_the_manifest_lets_phones_install_the_site() -> None:
    response = members.visitor().get("/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    manifest = json.loads(response.content)
    assert manifest["display"] == "standalone"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert "maskable" in {icon["purpose"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/")), icon


def test_the_service_worker_keeps_only_public_files() -> None:
    response = members.visitor().get("/sw.js")
    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cache-Control"] == "no-cache"
    code = _text(response)
    assert "__PRECACHE__" not in code
    assert "__VERSION__" not in code
    kept = set(re.findall(r"/static/[^\s\"'`]+\.(?:js|css|svg|woff2)", code))
    assert f"/static/{built('frontend/styles/app.css')['file']}" in kept
    assert f"/static/{built('frontend/entry/app.ts')['file']}" in kept
    assert all(finders.find(name.removeprefix("/static/")) for name in kept)
    # The offline page is the only page it knows.
    assert set(re.findall(r"[\"'`](/[a-z/-]*)[\"'`]", code)) <= {"/offline", "/static/assets/"}


def test_the_favicon_is_found_without_reading_a_page() -> None:
    response = members.visitor().get("/favicon.ico")
    assert response.status_code == 301
    assert finders.find(urlsplit(response["Location"]).path.removeprefix("/static/"))


@pytest.mark.parametrize("address", [*PUBLIC, "/sw.js", "/manifest.webmanifest", "/healthz/live"])
def test_reading_is_all_that_public_pages_allow(address: str) -> None:
    assert members.visitor().head(address).status_code == 200
    assert members.visitor().post(address).status_code == 405
