"""Announcements: who writes them, where they stand, and putting them away without scripts."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.instance import announcements, queries
from beyou.instance.models import Announcement
from beyou.users.rules import Level
from tests.disputes.test_races import race
from tests.factories import members
from tests.factories.members import client_of, staff, visitor

pytestmark = pytest.mark.django_db

PAGE = f"/{settings.STAFF_PREFIX}/announcements"
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _as_a_new_process(_fresh_world: None) -> Iterator[None]:
    yield
    queries.forget()


def announced(title: str = "Maintenance", **changed: Any) -> Any:
    now = clock.now()
    words = {"text": "Tonight.", "is_for_members": False, "starts_at": now, "ends_at": now + HOUR} | changed
    made = announcements.announce(actor_id=uuid7(), title=title, **words)
    queries.forget()
    return made


def test_it_stands_for_whom_it_is_meant_while_it_lasts() -> None:
    now = clock.now()
    announced("For all")
    announced("For members", is_for_members=True)
    announced("Later", starts_at=now + HOUR, ends_at=now + 3 * HOUR)
    member = client_of(members.alice())
    page, own = visitor().get("/").content.decode(), member.get("/settings").content.decode()
    assert "For all" in page
    assert "For members" not in page
    assert "For members" not in visitor().get("/announcements").content.decode()
    assert "For all" in own
    assert "For members" in own
    assert "Later" not in own
    clock.shift(2 * 3600 * 1000)
    page = visitor().get("/about/security").content.decode()
    assert "Later" in page
    assert "For all" not in page
    assert "For all" in visitor().get("/announcements").content.decode()


def test_putting_away_is_a_post_and_leads_nowhere_else() -> None:
    made = announced()
    client = visitor()
    assert client.get(f"/announcements/{made}/dismiss").status_code == 405
    for wanted, place in (
        ("/sign-in", "/sign-in"),
        ("https://x.example", "/"),
        ("//x.example", "/"),
        ("", "/"),
    ):
        assert client.post(f"/announcements/{made}/dismiss", {"next": wanted})["Location"] == place
    assert "Maintenance" not in client.get("/").content.decode()
    assert "Maintenance" in visitor().get("/").content.decode()
    client.cookies["put-away"] = "\x7f" * 3000
    assert "Maintenance" in client.get("/").content.decode()


def test_a_page_asks_nothing_more_with_an_announcement() -> None:
    announced()
    client = visitor()
    client.get("/about/security")
    with CaptureQueriesContext(connection) as asked:
        assert "Maintenance" in client.get("/about/security").content.decode()
    assert [each for each in asked.captured_queries if "instance_" in each["sql"]] == []


def test_moderators_preview_write_and_end_and_others_do_not() -> None:
    client = client_of(staff(Level.MODERATOR, handle="mo"))
    ends = (clock.now() + HOUR).strftime("%Y-%m-%dT%H:%M")
    sent = {"title": "<script>alert(1)</script>", "text": "<img src=x>", "ends_at": ends}
    assert "How it will look" in client.post(PAGE, sent | {"do": "preview"}).content.decode()
    assert not Announcement.objects.exists()
    for other in (client_of(staff(Level.AUDITOR, handle="au")), client_of(members.alice())):
        assert other.post(PAGE, sent).status_code == 404
    assert client.post(PAGE, sent).status_code == 302
    queries.forget()
    page = visitor().get("/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert" in page
    row = Announcement.objects.get()
    for _ in range(2):
        assert client.post(f"{PAGE}/{row.pk}/end").status_code == 302
    queries.forget()
    assert "alert(1)" not in visitor().get("/").content.decode()
    acts = (
        AuditRecord.objects.filter(act__startswith="instance.").order_by("id").values_list("act", flat=True)
    )
    assert list(acts) == ["instance.announced", "instance.announcement_ended"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"title": "x" * 101},
        {"text": "x" * 2001},
        {"ends_at": "2020-01-01T00:00"},
        {"ends_at": "9999-01-01T00:00"},
        {"ends_at": "x"},
        {"title": "a\u202eb"},
    ],
    ids=lambda sent: str(sent)[:30],
)
def test_bad_announcements_are_refused(sent: dict[str, str]) -> None:
    ends = (clock.now() + HOUR).strftime("%Y-%m-%dT%H:%M")
    answer = client_of(staff()).post(PAGE, {"title": "T", "ends_at": ends} | sent if sent else {})
    assert answer.status_code == 422
    assert not Announcement.objects.exists()


# Changing one


def _typed(row: Announcement, **changed: Any) -> dict[str, Any]:
    said = {
        "version": row.version,
        "title": row.title,
        "text": row.text,
        "starts_at": row.starts_at.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (clock.now() + 5 * HOUR).strftime("%Y-%m-%dT%H:%M"),
        "do": "save",
    }
    return said | changed


def test_it_is_changed_where_it_stands_and_the_audit_has_both() -> None:
    row = Announcement.objects.get(pk=announced("Maintenance"))
    client = client_of(staff(Level.MODERATOR, handle="mo"))
    address = f"{PAGE}/{row.pk}"
    page = client.get(address).content.decode()
    assert 'value="Maintenance"' in page
    assert address in client.get(PAGE).content.decode()
    preview = client.post(address, _typed(row, title="Later", do="preview")).content.decode()
    assert "How it will look" in preview
    assert Announcement.objects.get().title == "Maintenance"
    assert client.post(address, _typed(row, title="Tomorrow")).status_code == 302
    queries.forget()
    assert "Tomorrow" in visitor().get("/").content.decode()
    written = AuditRecord.objects.get(act="instance.announcement_changed")
    assert (written.detail["before"]["title"], written.detail["after"]["title"]) == (
        "Maintenance",
        "Tomorrow",
    )
    for wrong in ({"title": ""}, {"ends_at": "2020-01-01T00:00"}, {"version": ""}, {"text": "x" * 2001}):
        row.refresh_from_db()
        assert client.post(address, _typed(row) | wrong).status_code == 422, wrong
    assert Announcement.objects.get().title == "Tomorrow"


def test_whoever_saw_an_older_one_is_told_and_loses_nothing() -> None:
    row = Announcement.objects.get(pk=announced("Maintenance"))
    mo, vi = (client_of(staff(Level.MODERATOR, handle=handle)) for handle in ("mo", "vi"))
    address = f"{PAGE}/{row.pk}"
    assert mo.post(address, _typed(row, title="Tomorrow")).status_code == 302
    refused = vi.post(address, _typed(row, title="Next week"))
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "Tomorrow" in page
    assert 'value="Next week"' in page
    assert 'name="version" value="2"' in page
    assert Announcement.objects.get().title == "Tomorrow"
    assert vi.post(address, _typed(row, title="Next week", version=2)).status_code == 302
    assert Announcement.objects.get().title == "Next week"


def test_what_was_ended_meanwhile_does_not_stand_again() -> None:
    row = Announcement.objects.get(pk=announced("Maintenance"))
    mo = staff(Level.MODERATOR, handle="mo")
    announcements.end(actor_id=mo.pk, announcement_id=row.pk)
    client, address = client_of(mo), f"{PAGE}/{row.pk}"
    for version in (1, 2):
        assert client.post(address, _typed(row, version=version)).status_code == 409
    assert "It is over" in client.get(address).content.decode()
    assert Announcement.objects.get().ends_at <= clock.now()
    assert client.get(f"{PAGE}/{uuid7()}").status_code == 404
    for who in (members.alice(), staff(Level.FINANCE, handle="fay")):
        assert client_of(who).post(address, _typed(row)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_it_at_once_one_wins() -> None:
    row = Announcement.objects.get(pk=announced("Maintenance"))
    wanted = {name: getattr(row, name) for name in announcements.FIELDS}
    done = race(
        *(
            partial(
                announcements.change,
                actor_id=uuid7(),
                announcement_id=row.pk,
                seen_version=1,
                **(wanted | {"title": f"Number {number}"}),
            )
            for number in range(4)
        )
    )
    assert done == [True]
    assert (Announcement.objects.get().version, AuditRecord.objects.count()) == (2, 2)
