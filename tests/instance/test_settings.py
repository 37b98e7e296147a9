"""What owners set: who may, what is refused, what pages show, and two who save at once."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core import mail as outbox
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import mail
from beyou.core.ids import uuid7
from beyou.instance import queries, rules, services
from beyou.instance.errors import SettingsChanged
from beyou.instance.models import InstanceSettings
from beyou.users.models import Accent
from beyou.users.rules import Level
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.factories.members import client_of, staff, visitor

PAGE = f"/{settings.STAFF_PREFIX}/settings"
HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)> {{ 7|add:"7" }} javascript:alert(1)'


@pytest.fixture(autouse=True)
def _as_a_new_process(_fresh_world: None) -> Iterator[None]:
    """These tests read what is set, as a process does that has just begun."""
    queries.forget()
    yield
    queries.forget()


@pytest.fixture
def owner(db: None) -> Client:
    return client_of(staff())


def wanted(**changed: Any) -> dict[str, Any]:
    return {"version": 0, "name": "", "rules": "", "accent": "", "registration": "", "do": "save"} | changed


def saved(client: Client, **changed: Any) -> None:
    assert client.post(PAGE, wanted(**changed)).status_code == 302
    queries.forget()


@pytest.mark.django_db
def test_only_owners_open_and_change_it() -> None:
    others = [client_of(staff(level, handle=level.value)) for level in Level if level is not Level.OWNER]
    for client in [*others, client_of(members.alice())]:
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, wanted(name="Mine")).status_code == 404
    assert visitor().post(PAGE, wanted(name="Mine")).status_code in (302, 404)
    assert not InstanceSettings.objects.exists()
    assert not AuditRecord.objects.filter(act__startswith="instance.").exists()


def test_without_a_save_the_environment_says_the_name(db: None) -> None:
    page = visitor().get("/about/security").content.decode()
    assert f"{settings.INSTANCE_NAME} runs on BeYou" in page
    assert 'href="/rules"' not in page
    assert "no rules yet" in visitor().get("/rules").content.decode()


def test_a_save_shows_on_pages_mails_manifest_and_in_the_audit(owner: Client) -> None:
    saved(
        owner,
        name="  Heron   Bay ",
        rules="Be kind.\r\n\r\nSee https://example.org/a?b=1&c=2.",
        accent="jade",
    )
    for address in ("/", "/join", "/sign-in"):
        page = visitor().get(address).content.decode()
        assert "Heron Bay" in page
        assert 'data-accent="jade"' in page
    assert 'href="/rules"' in visitor().get("/join").content.decode()
    shown = visitor().get("/rules").content.decode()
    assert shown.count('<p class="wrap">') == 2
    assert 'href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener noreferrer"' in shown
    assert visitor().get("/manifest.webmanifest").json()["name"] == "Heron Bay"
    mail.send("users/mail/code.txt", "alice@example.org", {"code": "123456"})
    assert "Heron Bay" in outbox.outbox[-1].subject
    assert members.alice().accent == "jade"
    record = AuditRecord.objects.get(act="instance.settings_changed")
    assert record.detail["before"] == {"name": "", "rules": "", "accent": ""}
    assert record.detail["after"]["name"] == "Heron Bay"
    # Back to what the environment says; only what was different is recorded.
    saved(owner, version=1, rules="Be kind.", accent="jade")
    assert f"{settings.INSTANCE_NAME} runs on" in visitor().get("/").content.decode()
    last = AuditRecord.objects.filter(act="instance.settings_changed").latest("id")
    assert set(last.detail["after"]) == {"name", "rules"}


def test_a_preview_and_a_save_of_the_same_change_nothing(owner: Client) -> None:
    page = owner.post(PAGE, wanted(name="Heron Bay", rules="Be kind.", accent="plum", do="preview"))
    shown = page.content.decode()
    assert "How it will look" in shown
    assert 'data-accent="plum"' in shown
    assert "Rules of Heron Bay" in shown
    assert owner.post(PAGE, wanted()).status_code == 302
    assert not InstanceSettings.objects.exists()
    assert not AuditRecord.objects.filter(act__startswith="instance.").exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "x" * 61},
        {"rules": "x" * 20_001},
        {"name": "Heron\u202eyaB"},
        {"rules": "Be\u200b kind"},
        {"name": "a\x00b"},
        {"rules": "a\x00b"},
        {"accent": "pink"},
        {"accent": "jade\n"},
        {"version": ""},
        {"version": "-1"},
        {"version": "x" * 10_000},
        {"version": "9" * 30},
    ],
    ids=str,
)
def test_bad_input_is_refused_and_stays_in_the_fields(owner: Client, sent: dict[str, str]) -> None:
    answer = owner.post(PAGE, wanted(**({"name": "Heron Bay"} | sent)))
    assert answer.status_code == 422
    if "name" not in sent:
        assert "Heron Bay" in answer.content.decode()
    assert not InstanceSettings.objects.exists()


def test_hostile_text_is_text_everywhere(owner: Client) -> None:
    saved(
        owner,
        name=HOSTILE[:40],
        rules=f'{HOSTILE}\n\nhttps://x.example/"onmouseover=alert(1) javascript:alert(2)',
    )
    for client, address in ((visitor(), "/"), (visitor(), "/rules"), (visitor(), "/join"), (owner, PAGE)):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert '"onmouseover' not in page
        assert "{{" in page or address == "/join" or address == "/"


def test_a_stale_save_is_refused_with_both_values_and_can_be_repeated(owner: Client) -> None:
    other = client_of(staff(handle="second"))
    saved(other, name="Theirs", rules="Their rules.")
    answer = owner.post(PAGE, wanted(name="Mine", rules="My rules.", accent="ember"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert all(text in page for text in ("Theirs", "Mine", "Their rules.", "My rules."))
    assert InstanceSettings.objects.get().name == "Theirs"
    assert 'name="version" value="1"' in page
    saved(owner, version=1, name="Mine", rules="My rules.", accent="ember")
    assert InstanceSettings.objects.get().name == "Mine"
    assert AuditRecord.objects.latest("id").detail["before"]["name"] == "Theirs"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seen", [0, 1])
def test_of_eight_owners_at_once_one_saves(seen: int) -> None:
    if seen:
        services.save_settings(
            actor_id=uuid7(), seen_version=0, name="Before", rules="", accent="", registration=""
        )
    won: list[int] = []

    def save(number: int) -> None:
        try:
            services.save_settings(
                actor_id=uuid7(), seen_version=seen, name=f"N{number}", rules="", accent="", registration=""
            )
            won.append(number)
        except SettingsChanged:
            pass

    at_once([partial(save, number) for number in range(8)])
    row = InstanceSettings.objects.get()
    assert [row.name] == [f"N{number}" for number in won]
    assert row.version == seen + 1
    assert AuditRecord.objects.filter(act="instance.settings_changed").count() == seen + 1


@pytest.mark.django_db
def test_a_page_reads_the_settings_once_in_seconds_and_another_process_sees_a_change() -> None:
    visitor().get("/about/security")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        visitor().get("/about/security")
    assert [each for each in asked.captured_queries if "instance_" in each["sql"]] == []
    # As another process would: the row is written, and nothing here is told.
    InstanceSettings.objects.create(name="From elsewhere")
    queries.hold(queries.current(), seconds=0.0)
    with CaptureQueriesContext(connection) as asked:
        page = visitor().get("/about/security").content.decode()
    assert "From elsewhere" in page
    assert len([each for each in asked.captured_queries if "instance_" in each["sql"]]) == 2


def test_the_accents_are_those_that_members_can_choose() -> None:
    assert list(rules.ACCENTS) == list(Accent.values)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("See https://example.org.", ["https://example.org"]),
        ("(https://example.org/a)", ["https://example.org/a"]),
        ("HTTPS://EXAMPLE.ORG javascript:x data:text/html,x //example.org", []),
        ("https://a.example https://b.example", ["https://a.example", "https://b.example"]),
        ("https://" + "a" * 19_000, ["https://" + "a" * 19_000]),
        ("https://" * 2_500, ["https://" * 2_500]),
        ("https://.....", []),
    ],
    ids=lambda value: str(value)[:30],
)
def test_only_addresses_of_the_web_become_links(text: str, links: list[str]) -> None:
    pieces = [piece for paragraph in rules.paragraphs(text) for line in paragraph for piece in line]
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.href for piece in pieces if piece.href] == links
