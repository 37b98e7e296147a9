"""The pages of the health: who reads them, what they show, what they refuse."""

from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.health import services
from beyou.health.models import Silence
from beyou.health.rules import TITLES, Check, State
from beyou.users.rules import Level
from tests.factories import members
from tests.factories.members import client_of, staff

pytestmark = pytest.mark.django_db

HEALTH = f"/{settings.STAFF_PREFIX}/health"


def test_owners_and_auditors_read_every_check_and_owners_alone_silence() -> None:
    owner, auditor = client_of(staff()), client_of(staff(Level.AUDITOR, handle="auditor"))
    for client in (owner, auditor):
        page = client.get(HEALTH).content.decode()
        assert all(f"<b>{title}</b>" in page for title in TITLES.values())
    assert "Silence a check" in owner.get(HEALTH).content.decode()
    assert "Silence a check" not in auditor.get(HEALTH).content.decode()
    assert auditor.post(f"{HEALTH}/silence", {"check": "disk", "hours": "1"}).status_code == 404
    assert not Silence.objects.exists()
    for level in (Level.MODERATOR, Level.VERIFIER, Level.FINANCE):
        assert client_of(staff(level, handle=level.value)).get(HEALTH).status_code == 404
    assert client_of(members.alice()).get(HEALTH).status_code == 404


def test_an_owner_silences_and_hears_again() -> None:
    owner = staff()
    client = client_of(owner)
    assert client.post(f"{HEALTH}/silence", {"check": "disk", "hours": "4"}).status_code == 302
    assert "Silent until" in client.get(HEALTH).content.decode()
    assert client.post(f"{HEALTH}/silence", {"check": "disk", "hours": "0"}).status_code == 302
    assert "Silent until" not in client.get(HEALTH).content.decode()
    acts = AuditRecord.objects.filter(actor_id=owner.pk, act__startswith="health.").order_by("id")
    assert [act.act for act in acts] == ["health.silenced", "health.silence_ended"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"check": "disk"},
        {"check": "weather", "hours": "1"},
        {"check": "disk", "hours": "1000000"},
        {"check": "disk", "hours": "-1"},
        {"check": "disk\x00", "hours": "1"},
        {"check": ["x", ""], "hours": ["", "x"]},
        {"check": "d" * 10_000, "hours": "1" * 10_000},
    ],
)
def test_anything_else_silences_nothing(sent: dict[str, Any]) -> None:
    assert client_of(staff()).post(f"{HEALTH}/silence", sent).status_code == 422
    assert not Silence.objects.exists()


def test_each_check_leads_to_its_runbook_and_no_other_file_is_read() -> None:
    client = client_of(staff(Level.AUDITOR))
    for name, title in TITLES.items():
        page = client.get(f"{HEALTH}/runbook/{name}")
        assert page.status_code == 200
        assert f"<h1>{title}: what to do</h1>" in page.content.decode()
        assert "The documents are not installed" not in page.content.decode()
    for name in ("weather", "health", "..", "%2e%2e%2fback-up"):
        assert client.get(f"{HEALTH}/runbook/{name}").status_code == 404


def test_what_a_server_said_is_text() -> None:
    services.note(check=Check("disk", State.CRITICAL, "<script>alert(1)</script>"))
    services.note(check=Check("disk", State.OK, ""))
    page = client_of(staff()).get(HEALTH).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_the_page_costs_the_same_after_two_and_twenty_alerts() -> None:
    client, costs = client_of(staff()), []
    for count in (2, 20):
        for _ in range(count):
            services.note(check=Check("disk", State.CRITICAL, "Full."))
            services.note(check=Check("disk", State.OK, ""))
        client.get(HEALTH)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(HEALTH).status_code == 200
        costs.append(len(caught))
    assert costs[0] == costs[1]
