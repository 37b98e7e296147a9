"""A member's colour and theme."""

from typing import Any

import pytest
from django.contrib.messages import get_messages

from beyou.users.models import Accent, Theme, User
from tests.factories import members

pytestmark = pytest.mark.django_db

ADDRESS = "/settings/look"


def test_a_choice_is_kept_and_worn_by_the_next_page() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    response = client.post(ADDRESS, {"accent": "ember", "theme": "dark"})
    assert response.status_code == 302
    assert [str(note) for note in get_messages(response.wsgi_request)] == ["Saved. That is you."]
    alice.refresh_from_db()
    assert (alice.accent, alice.theme) == (Accent.EMBER, Theme.DARK)
    page = client.get(ADDRESS).content.decode()
    assert 'data-theme="dark" data-accent="ember"' in page
    assert 'value="ember" checked' in page
    assert 'value="dark" checked' in page


@pytest.mark.parametrize("accent", [*Accent.values])
def test_every_accent_can_be_worn(accent: str) -> None:
    alice = members.alice()
    members.client_of(alice).post(ADDRESS, {"accent": accent, "theme": "system"})
    assert User.objects.get(pk=alice.pk).accent == accent


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"accent": "ember"},
        {"theme": "dark"},
        {"accent": "Ember", "theme": "dark"},
        {"accent": "ember", "theme": "night"},
        {"accent": "", "theme": ""},
        {"accent": '"><script>', "theme": "dark"},
        {"accent": "ember\x00", "theme": "dark"},
        {"accent": "e" * 10_000, "theme": "dark"},
    ],
)
def test_anything_else_changes_nothing_and_says_so(sent: dict[str, Any]) -> None:
    alice = members.alice()
    response = members.client_of(alice).post(ADDRESS, sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "There is a problem" in page
    assert "<title>Error: " in page
    assert "<script>" not in page
    alice.refresh_from_db()
    assert (alice.accent, alice.theme) == (Accent.IRIS, Theme.SYSTEM)


def test_one_member_never_changes_another() -> None:
    alice, bob = members.alice(), members.bob()
    members.client_of(bob).post(ADDRESS, {"accent": "plum", "theme": "dark", "member": str(alice.id)})
    alice.refresh_from_db()
    assert alice.accent == Accent.IRIS


def test_visitors_change_nothing() -> None:
    response = members.visitor().post(ADDRESS, {"accent": "plum", "theme": "dark"})
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in")
