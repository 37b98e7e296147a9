"""The market through the API, by a session and by tokens."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from beyou.core.ids import uuid7
from beyou.marketplace.models import Item
from beyou.marketplace.services.index import index_item
from beyou.users.scopes import Scope
from tests.factories import market, members, pictures
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db
LAMP = {
    "title": "Brass desk lamp",
    "description": "Works.",
    "condition": "good",
    "category": "lamps",
    "price_minor": 4_500,
    "currency": "EUR",
    "region": "Utrecht",
    "deliveries": [{"kind": "parcel", "price_minor": 499, "days": 3}],
}


@pytest.fixture
def alice() -> Client:
    market.category()
    return client_of(market.seller(members.alice()))


def _put(client: Client, item_id: object, **changes: Any) -> Any:
    return client.put(f"/api/v1/market/own-items/{item_id}", LAMP | changes, content_type="application/json")


def _step(client: Client, item_id: object, step: str) -> Any:
    path = f"/api/v1/market/own-items/{item_id}/step"
    return client.post(path, {"step": step}, content_type="application/json")


def test_an_item_is_sold_through_the_api(alice: Client) -> None:
    item_id = uuid7()
    assert _put(alice, item_id).json()["state"] == "draft"
    unready = _step(alice, item_id, "publish")
    assert (unready.status_code, unready.json()["missing"]) == (422, ["a photo"])
    photo = SimpleUploadedFile("lamp.jpg", pictures.picture(), "image/jpeg")
    added = alice.post(f"/api/v1/market/own-items/{item_id}/pictures", {"picture": photo})
    assert len(added.json()["pictures"]) == 1
    assert _step(alice, item_id, "publish").json()["state"] == "available"
    bob = client_of(members.bob())
    (card,) = bob.get("/api/v1/market/items?category=home&low=4500&high=4500").json()["items"]
    assert (card["id"], card["price_minor"], card["currency"]) == (str(item_id), 4_500, "EUR")
    assert bob.get(card["picture"]).status_code == 200
    whole = bob.get(f"/api/v1/market/items/{item_id}").json()
    assert whole["choices"][0]["available"] == 1
    assert whole["deliveries"] == LAMP["deliveries"]
    heart = f"/api/v1/market/items/{item_id}/favourite"
    assert bob.put(heart, {"favourite": True}, content_type="application/json").status_code == 204
    assert bob.get("/api/v1/market/favourites").json()["items"][0]["is_favourite"]
    stale = _put(alice, item_id, title="Old", version=1)
    assert (stale.status_code, stale.json()["code"]) == (409, "item_changed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_minor": 0},
        {"price_minor": -5},
        {"price_minor": 10**12},
        {"price_minor": 12.5},
        {"price_minor": "12"},
        {"price_minor": True},
        {"currency": "USD"},
        {"category": "weapons"},
        {"condition": "mint"},
        {"choices": []},
        {"choices": [{"stock": 10**9}]},
        {"choices": [{"stock": -1}]},
        {"deliveries": [{"kind": "drone"}]},
        {"deliveries": [{"kind": "parcel", "price_minor": -1}]},
        {"title": "x" * 81},
        {"seller": "me"},
    ],
    ids=str,
)
def test_wrong_items_are_refused_with_words(alice: Client, wrong: dict[str, Any]) -> None:
    answer = _put(alice, uuid7(), **wrong)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert not Item.objects.exists()


def test_lists_are_paged_behind_a_key(alice: Client) -> None:
    owner = members.member("owner")
    for number in range(5):
        market.item(owner, f"Lamp {number}", price=100)
    seen, cursor = [], ""
    while cursor is not None:
        page = alice.get(f"/api/v1/market/items?sort=cheapest&limit=2&cursor={cursor}").json()
        seen += [each["title"] for each in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == [f"Lamp {number}" for number in range(5)]
    assert alice.get("/api/v1/market/items?cursor=nowhere").status_code == 422
    assert len(alice.get("/api/v1/market/items?condition=new,good").json()["items"]) == 5
    assert alice.get("/api/v1/market/items?condition=new,stolen").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_words_find_items(alice: Client) -> None:
    index_item(market.item(members.member("owner"), "Road bicycle"))
    found = alice.get("/api/v1/market/items?q=bycicle").json()["items"]
    assert [each["title"] for each in found] == ["Road bicycle"]


def test_tokens_do_what_their_scope_says() -> None:
    market.category()
    seller = market.seller(members.alice())
    item = market.item(seller)

    def client(*scopes: Scope) -> Client:
        return Client(headers={"authorization": f"Bearer {members.token(seller, *scopes)[1]}"})

    reads, writes = client(Scope.READ_MARKET), client(Scope.WRITE_MARKET)
    assert reads.get(f"/api/v1/market/items/{item.pk}").status_code == 200
    assert _step(reads, item.pk, "pause").status_code == 403
    assert _step(writes, item.pk, "pause").json()["state"] == "inactive_seller"
    assert client(Scope.READ_PROFILE).get("/api/v1/market/items").status_code == 403


def test_what_is_not_mine_is_not_there(alice: Client) -> None:
    bob = client_of(market.seller(members.bob()))
    item_id = uuid7()
    _put(alice, item_id)
    for answer in (
        bob.get(f"/api/v1/market/items/{item_id}"),
        _put(bob, item_id),
        _step(bob, item_id, "publish"),
        bob.delete(f"/api/v1/market/own-items/{item_id}"),
        bob.get(f"/api/v1/market/items/{uuid4()}"),
    ):
        assert answer.status_code == 404
    assert client_of(members.dana()).delete(f"/api/v1/market/own-items/{item_id}").status_code == 403
    assert alice.delete(f"/api/v1/market/own-items/{item_id}").status_code == 204
