"""Staff take items off the market and give them back: who may, who reads why, what a hold is worth."""

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core.errors import InvalidInput, NotFound
from beyou.marketplace import services
from beyou.marketplace.errors import StepImpossible
from beyou.marketplace.models import Item
from beyou.marketplace.queries import buyable_for, item_for
from beyou.marketplace.rules import State, Step
from beyou.notifications.models import Notification
from beyou.orders import services as orders
from beyou.search.queries import matching
from beyou.users.models import User
from beyou.users.rules import Level
from tests.factories import market, members
from tests.factories.members import client_of, staff
from tests.orders.world import begin, offer, pay, trader, use_card

pytestmark = pytest.mark.django_db

HOME = f"/{settings.STAFF_PREFIX}/items"
REASON = "Copies of this lamp are not allowed here."


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def sam() -> User:
    return staff(Level.MODERATOR)


def suspend(sam: User, item: Item, reason: str = REASON) -> None:
    page = client_of(sam).post(f"{HOME}/{item.pk}/suspend", {"reason": reason})
    assert page.status_code == 302, page.content.decode()


def restore(sam: User, item: Item) -> None:
    assert client_of(sam).post(f"{HOME}/{item.pk}/restore").status_code == 302


def state_of(item: Item) -> str:
    item.refresh_from_db()
    return item.state


@pytest.mark.django_db(transaction=True)
def test_nobody_finds_or_buys_it_and_the_seller_reads_why(alice: User, sam: User) -> None:
    lamp, bob = offer(alice).item, trader("bob")
    list(services.rebuild())
    assert [row["ref"] for row in matching("item", "Brass") or []] == [lamp.pk]
    suspend(sam, lamp)
    assert state_of(lamp) == "inactive_staff"
    assert buyable_for(bob.pk, [market.variant(lamp).pk]) == {}
    assert client_of(bob).get(f"/market/i/{lamp.pk}").status_code == 404
    assert list(matching("item", "Brass") or []) == []
    page = client_of(alice).get(f"/market/i/{lamp.pk}", follow=True).content.decode()
    assert REASON in page
    assert "Staff page" not in page
    notice = Notification.objects.get(member=alice)
    assert (notice.kind, notice.target) == ("item_suspended", f"/market/i/{lamp.pk}")
    assert notice.actor_id is None
    (act,) = AuditRecord.objects.filter(act="item.suspended")
    assert (act.actor_id, act.subject_id, act.detail) == (sam.pk, alice.pk, {"reason": REASON})


def test_given_back_it_is_paused_and_its_seller_offers_it_again(alice: User, sam: User) -> None:
    lamp = offer(alice).item
    suspend(sam, lamp)
    restore(sam, lamp)
    assert state_of(lamp) == "inactive_seller"
    assert lamp.staff_reason == ""
    assert set(Notification.objects.values_list("kind", flat=True)) == {"item_suspended", "item_restored"}
    services.take_step(seller_id=alice.pk, item_id=lamp.pk, step=Step.RESUME)
    assert state_of(lamp) == "available"
    assert AuditRecord.objects.filter(act="item.restored", subject_id=alice.pk).count() == 1


def test_a_second_click_changes_nothing(alice: User, sam: User) -> None:
    lamp = offer(alice).item
    suspend(sam, lamp)
    suspend(sam, lamp, "Another reason.")
    assert Item.objects.get().staff_reason == REASON
    assert AuditRecord.objects.filter(act="item.suspended").count() == 1


@pytest.mark.parametrize("step", [Step.PUBLISH, Step.RESUME, Step.PAUSE, Step.END, Step.RELIST])
def test_the_seller_cannot_take_it_back(alice: User, sam: User, step: Step) -> None:
    lamp = offer(alice).item
    suspend(sam, lamp)
    with pytest.raises(StepImpossible):
        services.take_step(seller_id=alice.pk, item_id=lamp.pk, step=step)
    assert state_of(lamp) == "inactive_staff"


def test_whoever_holds_it_may_still_pay(alice: User, sam: User) -> None:
    lamp, bob = offer(alice), trader("bob", "Bob Birch")
    order = begin(bob, lamp)
    suspend(sam, lamp.item)
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert order.state == "paid"
    assert state_of(lamp.item) == "sold"


def test_sold_and_called_off_it_stays_off_the_market(alice: User, sam: User) -> None:
    lamp, bob = offer(alice), trader("bob", "Bob Birch")
    order = begin(bob, lamp)
    suspend(sam, lamp.item)
    pay(order)
    use_card(order)
    with pytest.raises(StepImpossible):
        services.take_step(seller_id=alice.pk, item_id=lamp.item.pk, step=Step.RELIST)
    part = order.parts.get()
    orders.call_off(member_id=alice.pk, number=part.number, reason="Sorry.")
    assert state_of(lamp.item) == "inactive_staff"
    restore(sam, lamp.item)
    assert state_of(lamp.item) == "inactive_seller"


def test_what_was_sold_is_freed_of_the_mark_and_stays_sold(alice: User, sam: User) -> None:
    lamp, bob = offer(alice), trader("bob", "Bob Birch")
    order = begin(bob, lamp)
    suspend(sam, lamp.item)
    pay(order)
    use_card(order)
    restore(sam, lamp.item)
    assert state_of(lamp.item) == "sold"
    services.take_step(seller_id=alice.pk, item_id=lamp.item.pk, step=Step.RELIST)
    assert state_of(lamp.item) == "draft"


@pytest.mark.parametrize("state", [State.DRAFT, State.SOLD])
def test_neither_drafts_nor_what_is_sold_can_be_taken_off(alice: User, sam: User, state: State) -> None:
    lamp = market.item(alice, state=state)
    page = client_of(sam).post(f"{HOME}/{lamp.pk}/suspend", {"reason": REASON})
    assert page.status_code == (404 if state is State.DRAFT else 422)
    assert state_of(lamp) == state
    with pytest.raises(StepImpossible):
        services.suspend(actor_id=sam.pk, item_id=lamp.pk, reason=REASON)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "\n"])
def test_without_a_reason_nothing_happens_and_what_was_typed_stays(
    alice: User, sam: User, reason: str
) -> None:
    lamp = offer(alice).item
    page = client_of(sam).post(f"{HOME}/{lamp.pk}/suspend", {"reason": reason})
    assert page.status_code == 422
    assert reason.strip() in page.content.decode()
    with pytest.raises(InvalidInput):
        services.suspend(actor_id=sam.pk, item_id=lamp.pk, reason=reason)
    assert state_of(lamp) == "available"


def test_a_null_or_markup_in_the_reason_breaks_nothing(alice: User, sam: User) -> None:
    lamp = offer(alice).item
    assert client_of(sam).post(f"{HOME}/{lamp.pk}/suspend", {"reason": "a\0b"}).status_code == 422
    suspend(sam, lamp, "<script>alert(1)</script>")
    assert b"<script>alert" not in client_of(alice).get(f"/market/i/{lamp.pk}", follow=True).content


def test_staff_act_neither_on_their_own_items_nor_on_those_of_equals(sam: User) -> None:
    peer = staff(Level.MODERATOR, handle="peer")
    mine, theirs = market.item(market.seller(sam)), market.item(market.seller(peer))
    for lamp in (mine, theirs):
        answer = client_of(sam).post(f"{HOME}/{lamp.pk}/suspend", {"reason": REASON})
        assert answer.status_code == 404
        assert state_of(lamp) == "available"
        assert "Nobody acts" in client_of(sam).get(f"{HOME}/{lamp.pk}").content.decode()
    suspend(staff(handle="owner_of_it"), theirs)
    assert state_of(theirs) == "inactive_staff"


def test_staff_do_not_see_drafts(alice: User, sam: User) -> None:
    draft = market.item(alice, "A secret draft", state=State.DRAFT)
    assert client_of(sam).get(f"{HOME}/{draft.pk}").status_code == 404
    for query in ("", "?q=secret", f"?q={draft.pk}", "?handle=alice"):
        assert "A secret draft" not in client_of(sam).get(HOME + query).content.decode()


def test_the_list_filters_and_costs_the_same_for_many(alice: User, sam: User) -> None:
    lamp = offer(alice, "Zebra lamp").item
    client = client_of(sam)
    for query in ("?q=zebra", f"?q={lamp.pk}", "?handle=@alice", "?state=available", ""):
        assert "Zebra lamp" in client.get(HOME + query).content.decode(), query
    for query in ("?q=horse", "?handle=nobody", "?state=sold"):
        assert "Zebra lamp" not in client.get(HOME + query).content.decode(), query
    assert client.get(HOME + "?state=draft").status_code == 422
    costs = []
    for more in (1, 60):
        for number in range(more):
            market.item(alice, f"Lamp {number}")
        with CaptureQueriesContext(connection) as caught:
            page = client.get(HOME)
        costs.append(len(caught))
    assert costs[0] == costs[1]
    assert "Show more" in page.content.decode()


def test_the_seller_gets_the_reason_in_the_api_and_nobody_else(alice: User, sam: User) -> None:
    lamp = offer(alice).item
    suspend(sam, lamp)
    own = client_of(alice).get(f"/api/v1/market/items/{lamp.pk}").json()
    assert (own["state"], own["staff_reason"]) == ("inactive_staff", REASON)
    with pytest.raises(NotFound):
        item_for(sam.pk, lamp.pk)
    shown = client_of(sam).get(f"/api/v1/staff/items/{lamp.pk}").json()
    assert (shown["state"], shown["staff_reason"]) == ("inactive_staff", REASON)


def test_the_api_does_what_the_pages_do(alice: User, sam: User) -> None:
    lamp, client = offer(alice).item, client_of(sam)
    address = f"/api/v1/staff/items/{lamp.pk}"
    sent = {"content_type": "application/json"}
    assert client.post(f"{address}/suspend", {"reason": " "}, **sent).status_code == 422
    assert client.post(f"{address}/suspend", {"reason": REASON}, **sent).json()["state"] == "inactive_staff"
    listed = client.get("/api/v1/staff/items?state=inactive_staff&handle=alice").json()["items"]
    assert [row["id"] for row in listed] == [str(lamp.pk)]
    assert client.post(f"{address}/restore", **sent).json()["state"] == "inactive_seller"
    assert client.post(f"{address}/restore", **sent).status_code == 409


def test_the_staff_api_asks_for_a_second_step(alice: User, sam: User) -> None:
    lamp, client = offer(alice).item, client_of(sam, is_fresh=False)
    answer = client.post(
        f"/api/v1/staff/items/{lamp.pk}/suspend", {"reason": REASON}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert state_of(lamp) == "available"
    assert members.client_of(alice).get("/api/v1/staff/items").status_code == 404


def test_an_order_on_a_suspended_thing_can_still_be_bought_only_by_the_holder(alice: User, sam: User) -> None:
    lamp, bob = offer(alice, stock=2), trader("bob", "Bob Birch")
    order = begin(bob, lamp)
    suspend(sam, lamp.item)
    with pytest.raises(Exception, match="sold or taken down"):
        orders.put(member_id=trader("carol").pk, variant_id=lamp.pk, quantity=1)
    pay(order)
    use_card(order)
    assert state_of(lamp.item) == "inactive_staff"
    lamp.refresh_from_db()
    assert lamp.stock == 1
