"""Pages and API of ratings, as people and their scripts use them."""

import json

import pytest
from django.test import Client

from beyou.blocks.services import block
from beyou.notifications.models import Notification
from beyou.orders.models import SubOrder
from beyou.reviews import services
from beyou.reviews.models import Rating, Unreminded
from beyou.users.models import User
from tests.factories import market, members
from tests.factories.members import client_of
from tests.orders.world import bare_order
from tests.reviews.world import both_rate, delivered, pass_days, rate

pytestmark = pytest.mark.django_db


def put(client: Client, path: str, body: object) -> tuple[int, dict[str, object]]:
    answer = client.put(f"/api/v1{path}", json.dumps(body), content_type="application/json")
    return answer.status_code, (answer.json() if answer.content else {})


def test_the_order_asks_its_buyer_and_its_seller_to_rate() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    services.open_exchange(part_id=part.pk)
    bought = client_of(bob).get(f"/orders/{part.order.number}").content.decode()
    sold = client_of(alice).get(f"/selling/orders/{part.number}").content.decode()
    for page in (bought, sold):
        assert "Say how it went until" in page
        assert f'href="/ratings/{part.number}"' in page
    rate(bob, part, 4)
    assert "You gave 4 stars. Nobody else sees it yet." in (
        client_of(bob).get(f"/orders/{part.order.number}").content.decode()
    )
    assert "Say how it went until" in client_of(alice).get(f"/selling/orders/{part.number}").content.decode()
    pass_days(15)
    assert "You did not rate this." in client_of(alice).get(f"/selling/orders/{part.number}").content.decode()


def test_an_order_on_its_way_asks_for_nothing() -> None:
    alice, bob = members.alice(), members.bob()
    part = bare_order(bob, alice)
    assert "/ratings/" not in client_of(bob).get(f"/orders/{part.order.number}").content.decode()
    assert client_of(bob).get(f"/ratings/{part.number}").status_code == 404


def test_rating_and_replying_by_plain_forms() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    part = delivered(bob, alice)
    page = f"/ratings/{part.number}"
    buyer, seller = client_of(bob), client_of(alice)
    bad = buyer.post(page, {"text": "<b>Kept</b> as typed"})
    assert bad.status_code == 422
    assert "Choose one to five stars." in bad.content.decode()
    assert "&lt;b&gt;Kept&lt;/b&gt; as typed" in bad.content.decode()
    assert buyer.post(page, {"stars": "4", "text": "Good lamp."}).status_code == 302
    assert "Good lamp." not in seller.get(page).content.decode()
    assert seller.post(page, {"stars": "5", "text": ""}).status_code == 302
    assert "Good lamp." in seller.get(page).content.decode()
    (rating,) = Rating.objects.filter(author=bob)
    empty = seller.post(f"/ratings/{rating.pk}/reply", {"text": ""})
    assert (empty.status_code, "Write what you want to reply." in empty.content.decode()) == (422, True)
    assert seller.post(f"/ratings/{rating.pk}/reply", {"text": "Thank you!"}).status_code == 302
    again = seller.post(f"/ratings/{rating.pk}/reply", {"text": "Something else."})
    assert (again.status_code, "yours is there already" in again.content.decode()) == (422, True)
    public = client_of(charlie).get("/market/sellers/alice").content.decode()
    assert "Good lamp." in public
    assert "Thank you!" in public
    assert '4 of 5 stars"' in public


@pytest.mark.parametrize(
    "body", [{"stars": "9"}, {"stars": "x"}, {"stars": "5", "text": "x" * 9000}, {}, {"stars": "NaN"}]
)
def test_hostile_forms_are_refused_with_a_page(body: dict[str, str]) -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    assert client_of(bob).post(f"/ratings/{part.number}", body).status_code == 422
    assert not Rating.objects.exists()


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=99999999999999999999", "rated_by=me"])
def test_no_place_in_the_list_is_said_to_be_none(query: str) -> None:
    members.alice()
    assert client_of(members.bob()).get(f"/market/sellers/alice?{query}").status_code == 422


def test_others_find_nothing_where_the_two_sides_rate() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    part = delivered(bob, alice)
    one, _ = both_rate(part)
    stranger = client_of(charlie)
    assert stranger.get(f"/ratings/{part.number}").status_code == 404
    assert stranger.post(f"/ratings/{part.number}", {"stars": "1"}).status_code == 404
    assert stranger.post(f"/ratings/{one.pk}/reply", {"text": "Ha!"}).status_code == 404
    assert put(stranger, f"/orders/parts/{part.number}/ratings", {"stars": 1})[0] == 404


def test_the_api_rates_reads_and_replies() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    path = f"/orders/parts/{part.number}/ratings"
    status, body = put(client_of(bob), path, {"stars": 2, "text": "Meh."})
    assert (status, body["i_am"], body["theirs"], body["is_shown"]) == (200, "buyer", None, False)
    status, body = put(client_of(alice), path, {"stars": 5})
    theirs = body["theirs"]
    assert isinstance(theirs, dict)
    assert (theirs["stars"], theirs["text"], theirs["number"]) == (2, "Meh.", 1)
    answer = client_of(alice).post(
        f"/api/v1/ratings/{theirs['id']}/reply", {"text": "Sorry."}, content_type="application/json"
    )
    assert answer.status_code == 204
    listed = client_of(bob).get("/api/v1/market/sellers/alice/ratings").json()
    assert [(each["stars"], each["reply"], each["is_own"]) for each in listed["items"]] == [
        (2, "Sorry.", True)
    ]
    assert client_of(bob).get("/api/v1/market/sellers/alice").json()["as_seller"] == {
        "count": 1, "stars": 2, "by_stars": [0, 1, 0, 0, 0],
    }  # fmt: skip
    for bad in ({"stars": 6}, {"stars": "5"}, {"stars": True}, {"stars": 5, "more": 1}, {"text": "x"}, []):
        assert put(client_of(bob), path, bad)[0] == 422
    assert put(client_of(bob), "/ratings/reminders", {"wanted": False})[0] == 204
    assert Unreminded.objects.get().member == bob


def test_pages_of_the_market_say_how_the_seller_stands(django_assert_num_queries: object) -> None:
    alice, bob = members.alice(), members.bob()
    lamp = market.item(alice)
    both_rate(delivered(bob, alice), of_seller=4)
    both_rate(delivered(bob, alice), of_seller=5)
    for path in ("/market", f"/market/i/{lamp.pk}-brass-desk-lamp", "/market/sellers/alice"):
        assert "4.5" in client_of(bob).get(path).content.decode(), path
    card = client_of(bob).get("/api/v1/market/items").json()["items"][0]
    assert card["seller"]["rating"] == {"average": "4.5", "count": 2}
    whole = client_of(bob).get(f"/api/v1/market/items/{lamp.pk}").json()
    assert whole["seller"]["rating"] == {"average": "4.5", "count": 2}


def statements(member: User, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_of(member)
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(path).status_code == 200
    return len(found)


def test_lists_take_as_many_statements_for_one_as_for_twenty() -> None:
    alice, bob = members.alice(), members.bob()
    others = [members.member(f"buyer_{number}") for number in range(19)]
    paths = ("/market/sellers/alice", "/market", "/api/v1/market/sellers/alice/ratings")

    def add(buyer: User) -> None:
        market.item(alice)
        market.item(buyer)
        part = delivered(buyer, alice)
        both_rate(part)

    add(bob)
    before = [statements(bob, path) for path in paths]
    for other in others:
        add(other)
    assert [statements(bob, path) for path in paths] == before


def test_an_order_of_many_parts_asks_about_all_of_them_at_once() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    part = delivered(bob, alice)
    services.open_exchange(part_id=part.pk)
    one = statements(bob, f"/orders/{part.order.number}")
    second = delivered(bob, charlie)
    SubOrder.objects.filter(pk=second.pk).update(order=part.order)
    services.open_exchange(part_id=second.pk)
    assert statements(bob, f"/orders/{part.order.number}") == one
    assert client_of(bob).get(f"/orders/{part.order.number}").content.decode().count("Say how it went") == 2


def test_the_list_goes_on_below_the_last_number() -> None:
    alice, bob = members.alice(), members.bob()
    for _ in range(25):
        both_rate(delivered(bob, alice))
    page = client_of(bob).get("/market/sellers/alice").content.decode()
    assert "rated_by=buyer&amp;before=6" in page
    rest = client_of(bob).get("/market/sellers/alice?rated_by=buyer&before=6", headers={"HX-Request": "true"})
    assert rest.content.decode().count('class="review"') == 5
    api = client_of(bob).get("/api/v1/market/sellers/alice/ratings?limit=10").json()
    assert (len(api["items"]), api["next"]) == (10, "16")
    api = client_of(bob).get("/api/v1/market/sellers/alice/ratings?limit=10&cursor=16").json()
    assert [each["number"] for each in api["items"]] == list(range(15, 5, -1))


def test_who_is_blocked_finds_no_seller() -> None:
    alice, bob = members.alice(), members.bob()
    block(member_id=alice.pk, other_id=bob.pk)
    for path in (
        "/market/sellers/alice",
        "/api/v1/market/sellers/alice",
        "/api/v1/market/sellers/alice/ratings",
    ):
        assert client_of(bob).get(path).status_code == 404
        assert client_of(bob).get(path.replace("alice", "nobody")).status_code == 404


def test_reminders_are_switched_by_a_form_and_notices_lead_to_the_page() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    services.open_exchange(part_id=part.pk)
    assert client_of(bob).post("/ratings/reminders", {"wanted": "no"}).status_code == 302
    pass_days(11)
    services.remind_due()
    (notice,) = Notification.objects.all()
    assert notice.member == alice
    opened = client_of(alice).post(f"/activity/{notice.pk}")
    assert opened["Location"] == f"/ratings/{part.number}"
    assert client_of(alice).get(opened["Location"]).status_code == 200
