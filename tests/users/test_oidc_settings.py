"""BEYOU_OIDC_PROVIDERS: typed, checked at the start, and no secret is ever repeated."""

import json
from typing import Any

import pytest

from beyou.users.oidc_settings import OidcProvider, is_safe_address, parse_providers

_GOOD = {
    "id": "example",
    "name": "Example",
    "issuer": "https://id.example.org/realm",
    "client_id": "beyou",
    "client_secret": "very secret",
}


def test_a_list_of_providers_is_read() -> None:
    assert parse_providers("", production=True) == ()
    assert parse_providers("[]", production=True) == ()
    assert parse_providers(json.dumps([_GOOD]), production=True) == (OidcProvider(**_GOOD),)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Example"},
        {"id": "a/b"},
        {"id": ""},
        {"id": "x" * 31},
        {"name": ""},
        {"name": "x" * 41},
        {"name": "a\u202eb"},
        {"issuer": "http://id.example.org"},
        {"issuer": "http://127.0.0.1:8000"},
        {"issuer": "https://id.example.org?a=b"},
        {"issuer": "https://user:word@id.example.org"},
        {"issuer": "id.example.org"},
        {"issuer": "https://"},
        {"issuer": "https://id.example.org:99999"},
        {"client_id": ""},
        {"client_id": 5},
        {"colour": "red"},
    ],
)
def test_a_wrong_entry_stops_the_start_and_no_secret_is_told(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(has|lacks|holds)") as raised:
        parse_providers(json.dumps([_GOOD | changes]), production=True)
    assert "very secret" not in str(raised.value)


@pytest.mark.parametrize("text", ["{", "{}", "5", "null", '["a"]', "[" * 100_000, '[{"id":"a"}]'])
def test_what_is_no_list_of_providers_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|lacks|holds)"):
        parse_providers(text, production=True)


@pytest.mark.parametrize("same", ["id", "issuer"])
def test_nothing_is_named_twice(same: str) -> None:
    second = {"id": "second", "name": "Second", "issuer": "https://two.example", "client_id": "beyou"}
    with pytest.raises(ValueError, match="twice"):
        parse_providers(json.dumps([_GOOD, second | {same: _GOOD[same]}]), production=True)


def test_http_is_for_this_machine_and_never_for_production() -> None:
    assert is_safe_address("http://127.0.0.1:8000/x", production=False)
    assert not is_safe_address("http://127.0.0.1:8000/x", production=True)
    assert not is_safe_address("http://example.org/x", production=False)
    assert is_safe_address("https://example.org/x", production=True)
