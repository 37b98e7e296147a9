"""Filters that the staff keep: their own alone, told apart by their names, and never a page that breaks."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.console import filters, own_data
from beyou.console.models import SavedFilter
from beyou.core import events
from beyou.reports import services
from beyou.reports.models import Case
from beyou.users.events import UserErased
from beyou.users.models import User
from beyou.users.rules import Level
from beyou.users.services import withdraw_level
from tests.disputes.test_races import race
from tests.factories import members
from tests.factories.members import client_of, staff
from tests.reports.test_reports import of_member

pytestmark = pytest.mark.django_db

HOME = f"/{settings.STAFF_PREFIX}"
ITEMS = {"list": "reports", "target": "item", "hold": "free"}
LEVELS = frozenset({Level.MODERATOR.value})


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


def keep(who: User, name: str, **chosen: str) -> SavedFilter:
    made = filters.save_filter(
        owner_id=who.pk,
        levels=LEVELS,
        name=name,
        list_name="reports",
        data=chosen or {"target": "item"},
    )
    return SavedFilter.objects.get(id=made.id)


def test_a_filter_is_kept_opened_renamed_and_deleted(mo: User) -> None:
    client = client_of(mo)
    page = client.get(f"{HOME}/reports?target=item&hold=free").content.decode()
    assert "Save this filter" in page
    assert "Save this filter" not in client.get(f"{HOME}/reports").content.decode()
    done = client.post(f"{HOME}/filters", ITEMS | {"name": "  Free   <b>items</b> "})
    assert done["Location"] == f"{HOME}/reports?target=item&hold=free"
    row = SavedFilter.objects.get()
    assert (row.name, row.wanted) == ("Free <b>items</b>", {"target": "item", "hold": "free"})
    page = client.get(done["Location"]).content.decode()
    assert "Free &lt;b&gt;items" in page
    assert 'aria-current="true"' in page
    assert "Save this filter" not in page, "it is kept already"
    assert client.get(f"{HOME}/filters/open?filter={row.pk}")["Location"] == done["Location"]
    client.post(f"{HOME}/filters/rename", {"filter": row.pk, "name": "Items"})
    assert "Items" in client.get(f"{HOME}/filters").content.decode()
    client.post(f"{HOME}/filters/delete", {"filter": row.pk})
    assert not SavedFilter.objects.exists()
    assert client.post(f"{HOME}/filters/delete", {"filter": row.pk}).status_code == 404, "clicked twice"


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b", "a\u202eb", "FREE items"])
def test_a_name_that_does_not_serve_is_refused_and_nothing_is_lost(mo: User, name: str) -> None:
    client, kept = client_of(mo), keep(mo, "Free Items")
    answer = client.post(f"{HOME}/filters", ITEMS | {"name": name})
    page = answer.content.decode()
    assert (answer.status_code, SavedFilter.objects.count()) == (422, 1)
    assert "There is a problem" in page
    assert '<input type="hidden" name="hold" value="free">' in page
    assert name.replace("\0", "") in page or "\0" in name
    other = keep(mo, "Another")
    answer = client.post(f"{HOME}/filters/rename", {"filter": other.pk, "name": name})
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    assert set(SavedFilter.objects.values_list("name", flat=True)) == {"Free Items", "Another"}
    # One's own name again, in other letters.
    assert client.post(f"{HOME}/filters/rename", {"filter": kept.pk, "name": "free items"}).status_code == 302


def test_nobody_reaches_the_filters_of_others_or_of_lists_that_are_closed(mo: User) -> None:
    kept, vi = keep(mo, "Mine"), client_of(staff(Level.MODERATOR, handle="vi"))
    for key in (kept.pk, uuid4()):
        assert vi.get(f"{HOME}/filters/open?filter={key}").status_code == 404
        for act in ("rename", "delete"):
            assert vi.post(f"{HOME}/filters/{act}", {"filter": key, "name": "Yours"}).status_code == 404
    assert "Mine" not in vi.get(f"{HOME}/filters").content.decode()
    assert "Mine" not in vi.get(f"{HOME}/reports").content.decode()
    assert SavedFilter.objects.get().name == "Mine"
    auditor = client_of(staff(Level.AUDITOR, handle="au"))
    assert auditor.post(f"{HOME}/filters", ITEMS | {"name": "Mine"}).status_code == 404
    for wrong in ({}, {"filter": "x"}, {"list": "planets"}):
        assert vi.get(f"{HOME}/filters/open", wrong).status_code == 422
        assert vi.post(f"{HOME}/filters", wrong | {"name": "x"}).status_code == 422
    assert client_of(members.alice()).get(f"{HOME}/filters").status_code == 404
    client = client_of(mo)
    withdraw_level(member_id=mo.pk, level=Level.MODERATOR, withdrawn_by_id=None)
    assert client.get(f"{HOME}/filters/open?filter={kept.pk}").status_code == 404


def test_there_is_a_most_and_everything_is_no_filter(mo: User) -> None:
    client = client_of(mo)
    for empty in (
        {"list": "reports"},
        {"list": "reports", "target": "planet"},
        {"list": "members", "q": "a@b.c"},
    ):
        answer = client.post(f"{HOME}/filters", empty | {"name": "All"})
        assert (answer.status_code, "Choose something" in answer.content.decode()) == (422, True), empty
    for number in range(filters.MOST):
        keep(mo, f"Filter {number}")
    answer = client.post(f"{HOME}/filters", ITEMS | {"name": "One more"})
    assert (answer.status_code, "which is the most" in answer.content.decode()) == (422, True)
    # Of another list there is room.
    said = {"list": "members", "standing": "limited", "q": "alice@example.org", "name": "Limited"}
    assert client.post(f"{HOME}/filters", said)["Location"] == f"{HOME}/members?standing=limited"
    assert "example.org" not in str(list(SavedFilter.objects.values()))
    assert "Limited" in client.get(f"{HOME}/members?standing=limited").content.decode()


def test_a_filter_of_an_older_version_opens_and_says_what_is_gone(mo: User) -> None:
    client, kept = client_of(mo), keep(mo, "Old")
    SavedFilter.objects.filter(pk=kept.pk).update(
        wanted={"target": "planet", "hold": "free", "colour": "red"}
    )
    page = client.get(f"{HOME}/filters/open?filter={kept.pk}", follow=True)
    assert page.request["QUERY_STRING"] == "hold=free"
    assert "“planet”, which is no longer there" in page.content.decode()
    SavedFilter.objects.filter(pk=kept.pk).update(wanted={"target": "planet"})
    page = client.get(f"{HOME}/filters/open?filter={kept.pk}", follow=True)
    assert (page.status_code, page.request["QUERY_STRING"]) == (200, "")
    assert "no longer there: planet" in client.get(f"{HOME}/filters").content.decode()


def test_each_filter_counts_what_it_would_show_at_a_fixed_price(mo: User) -> None:
    alice = members.alice()
    people = members.members(3, prefix="few")
    cases = [of_member(alice, person) for person in people]
    of_member(mo, members.bob())
    Case.objects.filter(pk=cases[0].pk).update(is_found=True)
    services.hold(actor_id=mo.pk, case_id=cases[1].pk)
    client = client_of(mo)

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"{HOME}/reports").status_code == 200
        return len(caught)

    keep(mo, "A", target="member")
    client.get(f"{HOME}/reports")
    few = cost()
    keep(mo, "B", hold="free"), keep(mo, "C", hold="mine"), keep(mo, "D", origin="found")
    keep(mo, "E", target="item"), keep(mo, "F", origin="members", hold="free", target="member")
    assert cost() == few
    shelf = client.get(f"{HOME}/reports").context["shelf"]
    assert {each.name: each.count for each in shelf.saved} == {"A": 3, "B": 2, "C": 1, "D": 1, "E": 0, "F": 1}
    for each in shelf.saved:
        queue = client.get(f"{HOME}/filters/open?filter={each.id}", follow=True).context["queue"]
        assert len(queue.lines) == each.count, each.name


def test_filters_go_with_their_owner_and_stand_in_the_copy(mo: User) -> None:
    keep(mo, "Mine")
    (file,) = own_data.saved_filters(mo.pk)
    assert json.loads(b"".join(file.chunks))[0]["name"] == "Mine"
    assert list(own_data.saved_filters(members.alice().pk)) == []
    events.publish(UserErased(mo.pk))
    events.drain()
    assert not SavedFilter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_keeps_the_filter() -> None:
    mo = staff(Level.MODERATOR, handle="mo")
    said: dict[str, Any] = {"owner_id": mo.pk, "levels": LEVELS, "name": "Mine", "list_name": "reports"}
    outcomes = race(*[lambda: filters.save_filter(**said, data={"target": "item"}).id for _ in range(4)])
    assert len(outcomes) == 1
    assert isinstance(SavedFilter.objects.get().pk, UUID)
