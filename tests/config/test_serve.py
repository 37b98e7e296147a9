"""What `serve` tells the rest before it begins."""

from typing import Any

import pytest
from django.core.management import call_command

from beyou.config import server
from beyou.core import mail


@pytest.mark.django_db
def test_links_in_mails_lead_to_the_port_that_is_served(
    settings: Any, monkeypatch: pytest.MonkeyPatch, mailoutbox: list
) -> None:
    settings.MODE, settings.ORIGIN, settings.LINK_ORIGIN = ("development", *["http://127.0.0.1:8000"] * 2)
    served: list[int] = []

    def run(port: int) -> None:
        served.append(port)
        mail.send("users/mail/reset.txt", "alice@example.org", {"token": "t"})

    monkeypatch.setattr(server, "run", run)
    call_command("serve", port=8822)
    assert served == [8822]
    assert "http://127.0.0.1:8822/recover/link/t" in mailoutbox[0].body
    # What envelopes sign stays.
    assert settings.ORIGIN == "http://127.0.0.1:8000"


@pytest.mark.django_db
def test_an_origin_of_ones_own_stays_in_links(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MODE, settings.ORIGIN, settings.LINK_ORIGIN = ("production", *["https://example.org"] * 2)
    monkeypatch.setattr(server, "run", lambda port: None)
    call_command("serve", port=8822)
    assert settings.LINK_ORIGIN == "https://example.org"
