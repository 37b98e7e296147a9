"""The messaging API, as a client sees it."""

from typing import Any

import pytest
from django.test import Client

from beyou.core.ids import uuid7
from tests.factories import members
from tests.messaging.world import chat

pytestmark = pytest.mark.django_db


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json")


def get(client: Client, path: str) -> Any:
    return client.get(f"/api/v1{path}")


def test_a_text_goes_out_and_comes_back() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    message = str(uuid7())
    path = f"/conversations/{conversation.id}/messages"
    sent = post(members.client_of(alice), path, {"id": message, "text": "Hello <b>Bob</b>\n"})
    assert sent.status_code == 201
    assert sent.json()["seq"] == 1
    again = post(members.client_of(alice), path, {"id": message, "text": "Hello <b>Bob</b>\n"})
    assert again.status_code == 200
    assert again.json() == sent.json()
    (item,) = get(members.client_of(bob), path).json()["items"]
    assert (item["id"], item["text"], item["mode"], item["sender"]) == (
        message,
        "Hello <b>Bob</b>\n",
        "standard",
        str(alice.pk),
    )
