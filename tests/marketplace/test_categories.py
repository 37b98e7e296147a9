"""Staff change the tree of categories: what hangs on it moves along, and nothing is lost in a race."""

import threading
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.marketplace import services
from beyou.marketplace.errors import InvalidItem
from beyou.marketplace.models import Category, Item
from beyou.marketplace.queries import browse
from beyou.marketplace.rules import Details, State
from beyou.search.queries import matching
from beyou.users.models import User
from beyou.users.rules import Level
from tests.factories import market
from tests.factories.members import client_of, staff
from tests.orders.world import begin, offer, pay, trader, use_card

pytestmark = pytest.mark.django_db

PAGE = f"/{settings.STAFF_PREFIX}/categories"


@pytest.fixture
def sam() -> User:
    return staff(Level.MODERATOR)


def found(words: str) -> list[object]:
    """The items that these words find."""
    return [row["ref"] for row in matching("item", words) or []]


def names(parent: Category | None = None) -> list[str]:
    branches = browse.tree()
    found = branches if parent is None else browse.branch_of(branches, parent.slug).branches  # type: ignore[union-attr]
    return [branch.name for branch in found]


def test_a_category_is_added_at_the_end_with_an_address_of_its_own(sam: User) -> None:
    client, lamps = client_of(sam), market.category()
    assert client.post(PAGE, {"name": "  Sea   boats ", "parent": ""})["Location"] == PAGE
    assert names()[-1] == "Sea boats"
    made = Category.objects.get(name="Sea boats")
    assert made.slug == "sea-boats"
    assert client.post(PAGE, {"name": "Lamps", "parent": str(made.pk)}).status_code == 302
    assert Category.objects.get(parent=made).slug == f"{lamps.slug}-2"
    assert client.post(PAGE, {"name": "Лодки", "parent": str(made.pk)}).status_code == 302
    assert Category.objects.get(name="Лодки").slug == "category"
    assert AuditRecord.objects.filter(act="category.added", actor_id=sam.pk).count() == 3
    assert f"/market/c/{made.slug}" in client_of(trader("bob")).get("/market").content.decode()


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\0b", "a\u202eb", "HOME AND GARDEN", "\ud800"])
def test_a_strange_name_is_refused_and_kept(sam: User, name: str) -> None:
    Category.objects.get_or_create(slug="home", defaults={"name": "Home and garden"})
    before = Category.objects.count()
    if name != "\ud800":
        page = client_of(sam).post(PAGE, {"name": name, "parent": ""})
        assert page.status_code == 422
    with pytest.raises(InvalidInput):
        services.add_category(actor_id=sam.pk, name=name)
    assert Category.objects.count() == before


@pytest.mark.parametrize("parent", ["x", "-1", "999999999999999999999", "1e3", "\0"])
def test_a_strange_parent_is_refused(sam: User, parent: str) -> None:
    assert client_of(sam).post(PAGE, {"name": "Boats", "parent": parent}).status_code == 422


def test_the_tree_has_two_levels(sam: User) -> None:
    lamps = market.category()
    home = lamps.parent
    assert home is not None
    with pytest.raises(InvalidInput):
        services.add_category(actor_id=sam.pk, name="Oil lamps", parent_id=lamps.pk)
    boats = services.add_category(actor_id=sam.pk, name="Boats")
    for parent in (boats, lamps):
        with pytest.raises(InvalidInput):
            services.place_category(actor_id=sam.pk, category_id=home.pk, parent_id=parent.pk)
    with pytest.raises(InvalidInput):
        services.place_category(actor_id=sam.pk, category_id=boats.pk, parent_id=boats.pk)


@pytest.mark.django_db(transaction=True)
def test_renamed_it_keeps_its_address_and_is_found_by_its_new_name(sam: User) -> None:
    lamps, alice = market.category(), trader("alice")
    lamp = market.item(alice)
    list(services.rebuild())
    assert client_of(sam).post(f"{PAGE}/{lamps.pk}", {"name": "Luminaires"}).status_code == 302
    lamps.refresh_from_db()
    assert (lamps.name, lamps.slug) == ("Luminaires", "lamps")
    assert found("luminaires") == [lamp.pk]
    (act,) = AuditRecord.objects.filter(act="category.renamed")
    assert act.detail == {"name": "Luminaires", "before": "Lamps"}


def test_categories_change_places_and_parents(sam: User) -> None:
    home = market.category().parent
    assert home is not None
    first, second, third = (
        services.add_category(actor_id=sam.pk, name=name, parent_id=home.pk) for name in ("A", "B", "C")
    )
    client = client_of(sam)
    sent = {"parent": str(home.pk), "position": "1"}
    assert client.post(f"{PAGE}/{third.pk}/place", sent).status_code == 302
    shown = names(home)
    assert shown.index("C") == 0
    assert shown.index("A") < shown.index("B")
    assert client.post(f"{PAGE}/{first.pk}/place", {"parent": "", "position": "999"}).status_code == 302
    assert names()[-1] == "A"
    assert "A" not in names(home)
    for position in ("0", "-1", "abc", "", "1" * 30):
        assert (
            client.post(f"{PAGE}/{second.pk}/place", {"parent": "", "position": position}).status_code == 422
        )


@pytest.mark.django_db(transaction=True)
def test_retired_its_items_move_with_their_holds_and_words(sam: User) -> None:
    lamps, other, alice, bob = market.category(), market.category("boats"), trader("alice"), trader("bob")
    lamp = offer(alice)
    market.item(alice, "A draft", state=State.DRAFT)
    order = begin(bob, lamp)
    version = lamp.item.version
    list(services.rebuild())
    assert client_of(sam).post(f"{PAGE}/{lamps.pk}/retire", {"into": str(other.pk)}).status_code == 302
    assert not Category.objects.filter(pk=lamps.pk).exists()
    assert set(Item.objects.values_list("category__slug", flat=True)) == {"boats"}
    assert Item.objects.get(pk=lamp.item_id).version == version
    assert found("boats") == [lamp.item_id]
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert order.state == "paid"
    (act,) = AuditRecord.objects.filter(act="category.retired")
    assert act.detail == {"name": "Lamps", "into": other.pk, "moved": 2}
    assert client_of(bob).get("/market/c/lamps").status_code == 404


def test_what_has_branches_or_would_stay_cannot_be_retired(sam: User) -> None:
    lamps = market.category()
    client = client_of(sam)
    for key, into in ((lamps.parent_id, lamps.pk), (lamps.pk, lamps.pk), (lamps.pk, 10**9), (lamps.pk, "")):
        assert client.post(f"{PAGE}/{key}/retire", {"into": str(into)}).status_code == 422
    assert Category.objects.filter(pk=lamps.pk).exists()
    with pytest.raises(NotFound):
        services.retire_category(actor_id=sam.pk, category_id=lamps.pk, into_id=10**9)
    for act in ("", "/place", "/retire"):
        sent = {"name": "x", "parent": "", "position": "1", "into": str(lamps.pk)}
        assert client.post(f"{PAGE}/{10**9}{act}", sent).status_code == 404


def test_a_seller_whose_category_is_gone_is_asked_for_another_one(sam: User) -> None:
    lamps, other, alice = market.category(), market.category("boats"), trader("alice")
    services.retire_category(actor_id=sam.pk, category_id=lamps.pk, into_id=other.pk)
    with pytest.raises(InvalidItem, match="Choose one of the categories"):
        services.save_item(seller_id=alice.pk, item_id=uuid7(), details=Details(category="lamps"))


@pytest.mark.django_db(transaction=True)
def test_drafts_that_are_saved_while_their_category_is_retired_end_up_somewhere() -> None:
    sam, lamps, other = staff(Level.MODERATOR), market.category(), market.category("boats")
    sellers = [trader(f"seller_{number}") for number in range(3)]
    start, surprises = threading.Barrier(4), list[BaseException]()

    def run(act: Any) -> None:
        start.wait()
        try:
            act()
        except InvalidItem:
            pass
        except BaseException as error:
            surprises.append(error)
        finally:
            connection.close()

    def save(seller: User) -> None:
        for _ in range(5):
            services.save_item(seller_id=seller.pk, item_id=uuid7(), details=Details(category="lamps"))

    acts: list[Any] = [lambda seller=seller: save(seller) for seller in sellers]
    acts.append(lambda: services.retire_category(actor_id=sam.pk, category_id=lamps.pk, into_id=other.pk))
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert surprises == []
    assert not Category.objects.filter(pk=lamps.pk).exists()
    assert not Item.objects.exclude(category=other).exists()


def test_the_api_does_what_the_pages_do(sam: User) -> None:
    lamps, client = market.category(), client_of(sam)
    sent = {"content_type": "application/json"}
    tree = client.post("/api/v1/staff/categories", {"name": "Boats"}, **sent).json()["items"]
    boats = tree[-1]
    assert (boats["name"], boats["slug"], boats["items"], boats["categories"]) == ("Boats", "boats", 0, [])
    address = f"/api/v1/staff/categories/{boats['id']}"
    assert client.patch(address, {"name": "Ships"}, **sent).json()["items"][-1]["name"] == "Ships"
    placed = client.post(f"{address}/place", {"position": 0}, **sent).json()["items"]
    assert placed[0]["name"] == "Ships"
    retired = client.post(f"/api/v1/staff/categories/{lamps.pk}/retire", {"into": boats["id"]}, **sent)
    assert retired.status_code == 200
    assert client.patch(address, {"name": "Ships", "slug": "x"}, **sent).status_code == 422
    assert client.patch("/api/v1/staff/categories/99999999", {"name": "x"}, **sent).status_code == 404


def test_both_pages_cost_the_same_for_few_and_many(sam: User) -> None:
    client, costs = client_of(sam), []
    client.get(PAGE)
    for more in (2, 20):
        root = services.add_category(actor_id=sam.pk, name=f"Root {more}")
        for number in range(more):
            services.add_category(actor_id=sam.pk, name=f"Branch {number}", parent_id=root.pk)
        for address in (PAGE, f"{PAGE}/{root.pk}"):
            with CaptureQueriesContext(connection) as caught:
                assert client.get(address).status_code == 200
            costs.append(len(caught))
    assert costs[:2] == costs[2:]
