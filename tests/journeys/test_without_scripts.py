"""Whole stories over HTTP alone: everything but end-to-end messages works in a browser without scripts."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from beyou.config.management.commands import demo
from beyou.messaging.models import Message
from beyou.users import proof_of_work
from beyou.users.models import User
from tests.factories.members import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


def join(handle: str) -> Client:
    """A newcomer fills in the form, types the mailed code and stands on the home page."""
    client = Client()
    page = client.get("/join").content.decode()
    challenge = json.loads(html.unescape(re.findall(r'data-challenge="([^"]*)"', page)[0]))
    form = {
        "handle": handle,
        "name": handle.capitalize(),
        "email": f"{handle}@example.org",
        "password1": PASSWORD,
        "proof": proof_of_work.solve(challenge),
    }
    assert client.post("/join", form)["Location"] == "/join/code"
    (code,) = re.findall(r"^ +(\d{6})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert client.post("/join/code", {"action": "verify", "code": code})["Location"] == "/home"
    return client


def fields(page: Any, action: str) -> dict[str, str]:
    """What the form with this address would send, hidden fields included."""
    (form,) = re.findall(
        rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.content.decode(), re.DOTALL
    )
    return {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def visible(page: Any) -> str:
    """The page without the token that is drawn anew each time."""
    return re.sub(r'<meta name="csrf-token"[^>]*>', "", page.content.decode())


def test_two_newcomers_become_friends_and_write_without_scripts() -> None:
    alice, bob, charlie = join("alice"), join("bob"), join("charlie")
    assert alice.post("/chats/with/bob").status_code == 403
    assert alice.post("/u/bob/friendship", {"step": "request"}).status_code == 302
    assert "They want to be your friends" in bob.get("/friends").content.decode()
    assert bob.post("/u/alice/friendship", {"step": "accept"}).status_code == 302

    address = alice.post("/chats/with/bob")["Location"]
    page = alice.get(address)
    form = fields(page, f"{address}/send")
    text = "Hello <b>Bob</b> & مرحبا\nsecond line"
    assert alice.post(f"{address}/send", form | {"text": text}).status_code == 302
    # A reload sends the form again; its id makes it one message.
    alice.post(f"{address}/send", form | {"text": text})
    assert Message.objects.count() == 1

    shown = bob.get(address).content.decode()
    assert html.escape("Hello <b>Bob</b> & مرحبا\nsecond line") in shown
    assert "<b>Bob</b>" not in shown
    answer = fields(bob.get(address), f"{address}/send")
    bob.post(f"{address}/send", answer | {"text": "Hello Alice"})
    assert "Hello Alice" in alice.get(address).content.decode()
    assert (
        charlie.get(address).status_code
        == charlie.post(f"{address}/send", answer | {"text": "x"}).status_code
        == 404
    )
    unknown = "/chats/01900000-0000-7000-8000-00000000dead"
    assert visible(charlie.get(address)) == visible(charlie.get(unknown))


def test_the_demo_is_made_once_and_can_be_used() -> None:
    call_command("demo")
    people = User.objects.filter(is_demo=True)
    assert sorted(people.values_list("handle", flat=True)) == [
        *("alice", "bob", "charlie", "dana", "erin", "finn", "sam")
    ]
    call_command("demo")
    assert User.objects.count() == 7
    assert Message.objects.count() == len(demo.TALK) + len(demo.SEALED_TALK)
    client = Client()
    client.post("/sign-in", {"login": "alice@example.org", "password": demo.PASSWORD})
    page = client.get("/chats").content.decode()
    (address,) = re.findall(r'href="(/chats/[0-9a-f-]{36})"', page)
    thread = client.get(address).content.decode()
    assert all(html.escape(text) in thread for _, text in demo.TALK)
    assert "Charlie Cedar" in client.get("/friends").content.decode()


def test_the_demo_keeps_away_from_members_and_from_production(settings: Any) -> None:
    join("dana")
    call_command("demo")
    assert list(User.objects.values_list("handle", flat=True)) == ["dana"]
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("demo")
