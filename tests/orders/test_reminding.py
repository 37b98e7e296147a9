"""Who wants it is reminded of a cart that was left, once; nobody else ever."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.core import clock
from beyou.notifications.models import Notification
from beyou.orders import rules, services
from beyou.orders.models import CartReminder
from beyou.users.models import User
from tests.blocks.test_races import at_once
from tests.factories.members import client_of
from tests.orders.world import begin, offer, trader

DAY = dt.timedelta(days=1)


def later(span: dt.timedelta) -> None:
    clock.shift(int(span.total_seconds() * 1000))


def told() -> int:
    return Notification.objects.filter(kind="cart_reminder").count()


@pytest.fixture
def bob(db: None) -> User:
    bob = trader("bob")
    services.put(member_id=bob.pk, variant_id=offer(trader("alice")).pk, quantity=1)
    return bob


def test_nobody_is_reminded_who_did_not_ask_for_it(bob: User) -> None:
    later(rules.CART_LEFT)
    assert services.remind_due() == 0
    services.set_reminder(member_id=bob.pk, wanted=True)
    services.set_reminder(member_id=bob.pk, wanted=False)
    assert (services.remind_due(), told()) == (0, 0)


def test_a_day_after_the_last_thing_and_once(bob: User) -> None:
    services.set_reminder(member_id=bob.pk, wanted=True)
    services.set_reminder(member_id=bob.pk, wanted=True)
    later(rules.CART_LEFT - dt.timedelta(minutes=1))
    assert services.remind_due() == 0
    later(rules.CART_LEFT)
    assert services.remind_due() == 1
    later(2 * rules.CART_LEFT)
    assert (services.remind_due(), told()) == (0, 1)
    # Another thing begins it anew.
    services.put(member_id=bob.pk, variant_id=offer(trader("carol")).pk, quantity=1)
    assert services.remind_due() == 0
    later(3 * rules.CART_LEFT)
    assert (services.remind_due(), services.remind_due()) == (1, 0)


def test_neither_of_an_empty_cart_nor_of_a_checkout_nor_of_long_ago(bob: User) -> None:
    services.set_reminder(member_id=bob.pk, wanted=True)
    later(rules.CART_FORGOTTEN)
    assert services.remind_due() == 0
    later(rules.CART_LEFT)
    order = begin(bob)
    assert services.remind_due() == 0
    services.cancel(member_id=bob.pk, number=order.number)
    assert services.remind_due() == 1
    eve = trader("eve")
    services.set_reminder(member_id=eve.pk, wanted=True)
    assert services.remind_due() == 0


def test_those_who_were_told_stand_in_nobodys_way(bob: User) -> None:
    services.set_reminder(member_id=bob.pk, wanted=True)
    carol = trader("carol")
    services.put(member_id=carol.pk, variant_id=offer(trader("dan")).pk, quantity=1)
    services.set_reminder(member_id=carol.pk, wanted=True)
    later(rules.CART_LEFT + dt.timedelta(minutes=1))
    assert [services.remind_due(limit=1) for _ in range(3)] == [1, 1, 0]


def test_the_page_asks_and_stops(bob: User) -> None:
    client = client_of(bob)
    assert "Remind me if I leave it" in client.get("/cart").content.decode()
    page = client.post("/cart/reminder", {"wanted": "yes"}, follow=True).content.decode()
    assert "Stop reminding me" in page
    assert CartReminder.objects.filter(member=bob).exists()
    client.post("/cart/reminder", {"wanted": "\0"})
    assert not CartReminder.objects.exists()
    assert (
        client.put("/api/v1/cart/reminder", {"wanted": 1}, content_type="application/json").status_code == 422
    )
    with CaptureQueriesContext(connection) as caught:
        assert (
            client.put("/api/v1/cart/reminder", {"wanted": True}, content_type="application/json").status_code
            == 204
        )
    assert len(caught) < 15


@pytest.mark.django_db(transaction=True)
def test_of_eight_processes_one_tells() -> None:
    bob = trader("bob")
    services.put(member_id=bob.pk, variant_id=offer(trader("alice")).pk, quantity=1)
    services.set_reminder(member_id=bob.pk, wanted=True)
    later(rules.CART_LEFT)
    at_once([services.remind_due] * 8)
    assert told() == 1
